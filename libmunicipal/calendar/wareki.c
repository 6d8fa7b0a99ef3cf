#include "wareki.h"

#include <municipal/calendar.h>

#include <stdio.h>

typedef struct era {
    int32_t code;
    char letter;
    const char *kanji, *brief;
    uint32_t square;
    int32_t year, month, day; /* the first day */
} era;

static const era eras[] = {
#define MUNI_ERA(ename, ecode, eletter, ekanji, eshort, esquare, ey, em, ed) { ecode, eletter, ekanji, eshort, esquare, ey, em, ed },
#include "eras.def"
#undef MUNI_ERA
};

static int32_t era_first(const era *e) {
    return muni__day_from_civil(e->year, e->month, e->day);
}

/* The last day of an era, or the last day of all. */
static int32_t era_last(const era *e) {
    return e + 1 < eras + MUNI_COUNT(eras) ? era_first(e + 1) - 1 : MUNI__DAY_MAX;
}

static const era *era_by_code(int32_t code) {
    for (size_t i = 0; i < MUNI_COUNT(eras); i++)
        if (eras[i].code == code)
            return &eras[i];
    return NULL;
}

/* ---- names */

const char *muni__date_style_name(int32_t style) {
    static const char *const names[] = {
#define X(sname, sexample) #sname,
        MUNI__DATE_STYLES(X)
#undef X
    };
    return style >= 0 && style < MUNI__STYLE_COUNT ? names[style] : names[0];
}

void muni__date_flag_text(uint32_t flag, const char **code, const char **en, const char **ja) {
    static const struct {
        uint32_t flag;
        const char *code, *en, *ja;
    } texts[] = {
        { MUNI__DATE_AFTER_ERA_END, "AFTER_ERA_END", "the date is after the end of its era; it was reckoned on",
          "改元後の日付が旧元号で書かれています。そのまま換算しました" },
        { MUNI__DATE_SERIAL, "EXCEL_SERIAL", "a number was read as the serial number of a day in a spreadsheet",
          "数値を表計算ソフトの日付のシリアル値として読みました" },
        { MUNI__DATE_ERA_ASSUMED, "ERA_ASSUMED", "the era is not written; the declared one was taken",
          "元号が書かれていないため、指定された元号を補いました" },
        { MUNI__DATE_FIRST_YEAR_1, "FIRST_YEAR_1", "the first year of the era is written 1", "元年が1年と書かれています" },
        { MUNI__DATE_SPACES, "SPACES", "there are blanks inside the date", "日付の中に空白があります" },
        { MUNI__DATE_WIDE, "WIDE", "the date has full-width or look-alike characters",
          "日付に全角文字または似た文字が使われています" },
    };
    for (size_t i = 0; i < MUNI_COUNT(texts); i++)
        if (texts[i].flag == flag) {
            *code = texts[i].code;
            *en = texts[i].en;
            *ja = texts[i].ja;
            return;
        }
    *code = *en = *ja = "";
}

/* ---- writing */

static muni_status fail_lunar(const char *field) {
    return muni__fail(MUNI_EINVAL, field,
                      "era dates before 1873-01-01 (Meiji 6) follow the lunisolar calendar and are not converted; write the Gregorian date",
                      "明治6年1月1日より前の和暦は太陰太陽暦のため換算できません。西暦で指定してください");
}

muni_status muni__wareki_of(int32_t day, int32_t *out_era, int32_t *out_year) {
    const era *e = &eras[MUNI_COUNT(eras) - 1];
    int32_t year;
    if (!muni__day_valid(day) || day < MUNI__WAREKI_FIRST)
        return fail_lunar("date");
    while (era_first(e) > day)
        e--;
    muni__day_to_civil(day, &year, NULL, NULL);
    *out_era = e->code;
    *out_year = year - e->year + 1;
    return MUNI_OK;
}

muni_status muni__wareki_format(int32_t day, int32_t style, char out[MUNI__WAREKI_SIZE]) {
    int32_t code, year, m, d;
    const era *e;
    char y[12];
    muni_status st = muni__wareki_of(day, &code, &year);
    if (st < 0)
        return st;
    e = era_by_code(code);
    muni__day_to_civil(day, NULL, &m, &d);
    if (year == 1 && style != MUNI__WAREKI_SHORT)
        snprintf(y, sizeof y, "元");
    else
        snprintf(y, sizeof y, "%d", (int)year);
    if (style == MUNI__WAREKI_SHORT)
        snprintf(out, MUNI__WAREKI_SIZE, "%c%s.%d.%d", e->letter, y, (int)m, (int)d);
    else if (style == MUNI__WAREKI_TABLE)
        snprintf(out, MUNI__WAREKI_SIZE, "%s%s.%d.%d", e->brief, y, (int)m, (int)d);
    else if (style == MUNI__WAREKI_ERA_YEAR)
        snprintf(out, MUNI__WAREKI_SIZE, "%s%s年", e->kanji, y);
    else
        snprintf(out, MUNI__WAREKI_SIZE, "%s%s年%d月%d日", e->kanji, y, (int)m, (int)d);
    return MUNI_OK;
}

muni_status muni__fiscal_name(int32_t year, char name[MUNI__WAREKI_SIZE], char name_new[MUNI__WAREKI_SIZE]) {
    int32_t first = muni__fiscal_first(year);
    muni_status st;
    if (!muni__day_valid(first))
        return muni__fail(MUNI_EINVAL, "date", "the fiscal year is not wholly within the years 0001 to 9999",
                          "年度の全体が西暦1年から9999年までの範囲にありません");
    st = muni__wareki_format(first, MUNI__WAREKI_ERA_YEAR, name);
    if (st < 0)
        return st;
    memcpy(name + strlen(name), "度", sizeof "度");
    memcpy(name_new, name, strlen(name) + 1);
    for (size_t i = 0; i < MUNI_COUNT(eras); i++)
        if (eras[i].year == year && era_first(&eras[i]) > first)
            snprintf(name_new, MUNI__WAREKI_SIZE, "%s元年度", eras[i].kanji);
    return MUNI_OK;
}

/* ---- reading: fold to plain characters, cut into era, numbers and separators, then judge */

#define CELLS_MAX 40 /* the longest form, in kanji numerals, has 16 */

typedef struct cells {
    uint32_t c[CELLS_MAX];
    size_t n;
    uint32_t flags;
    bool wide_digit;
} cells;

static muni_status fail_form(const char *field) {
    return muni__fail(MUNI_EINVAL, field, "not a date; write 2027-03-31, 2027/3/31, R9.3.31 or 令和9年3月31日",
                      "日付として読めません。2027-03-31、2027/3/31、R9.3.31、令和9年3月31日 のように書いてください");
}

static muni_status fail_day(const char *field) {
    return muni__fail(MUNI_EINVAL, field, "the date does not exist; check month and day", "存在しない日付です。月と日を確かめてください");
}

static bool is_digit(uint32_t c) {
    return c >= '0' && c <= '9';
}

/* One character to the plain one it stands for. */
static uint32_t fold(uint32_t c) {
    if (c >= 0xFF01 && c <= 0xFF5E)
        c -= 0xFEE0;
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 'A';
    switch (c) {
    case 0x2010: case 0x2011: case 0x2012: case 0x2013: case 0x2014: case 0x2015: case 0x2212:
        return '-';
    case 0x2F47: return 0x65E5; /* 日 and its kin as radicals: so they come out of some PDF files */
    case 0x2F49: return 0x6708;
    case 0x2F24: return 0x5927;
    case 0x2F00: return 0x4E00;
    case 0x2F06: return 0x4E8C;
    case 0x2F0B: return 0x516B;
    case 0x2F17: return 0x5341;
    case 0xF9A8: return 0x4EE4; /* 令 as a compatibility character */
    default: return c;
    }
}

static bool is_space(uint32_t c) {
    return c == ' ' || c == 0x3000 || c == 0xA0;
}

/* Kanji numerals: 0..9, 10, 100, or -1. */
static int32_t numeral(uint32_t c) {
    switch (c) {
    case 0x3007: case 0x96F6: return 0;
    case 0x4E00: case 0x58F1: return 1;
    case 0x4E8C: case 0x5F10: return 2;
    case 0x4E09: case 0x53C2: return 3;
    case 0x56DB: return 4;
    case 0x4E94: return 5;
    case 0x516D: return 6;
    case 0x4E03: return 7;
    case 0x516B: return 8;
    case 0x4E5D: return 9;
    case 0x5341: case 0x62FE: return 10;
    case 0x767E: return 100;
    default: return -1;
    }
}

static muni_status fold_text(const char *text, size_t n, const char *field, cells *out) {
    bool gap = false;
    out->n = 0;
    out->flags = 0;
    out->wide_digit = false;
    for (size_t i = 0; i < n;) {
        uint32_t c, plain;
        i += muni__utf8_next(text + i, n - i, &c);
        if (is_space(c)) {
            gap = true;
            continue;
        }
        plain = fold(c);
        if (gap && out->n > 0) {
            uint32_t before = out->c[out->n - 1];
            /* A blank may pad a number but never joins two. */
            if ((is_digit(before) && is_digit(plain)) || (numeral(before) >= 0 && numeral(plain) >= 0))
                return fail_form(field);
            out->flags |= MUNI__DATE_SPACES;
        }
        gap = false;
        if (plain != c && !(c >= 'a' && c <= 'z')) {
            out->flags |= MUNI__DATE_WIDE;
            out->wide_digit = out->wide_digit || is_digit(plain);
        }
        if (out->n == CELLS_MAX)
            return fail_form(field);
        out->c[out->n++] = plain;
    }
    return MUNI_OK;
}

/* Does the text at `at` begin with `s`? Answers its length in characters, or 0. */
static size_t begins(const cells *t, size_t at, const char *s) {
    size_t length = strlen(s), i = 0, k = at;
    while (i < length) {
        uint32_t c;
        i += muni__utf8_next(s + i, length - i, &c);
        if (k == t->n || t->c[k] != c)
            return 0;
        k++;
    }
    return k - at;
}

static const era *read_era(const cells *t, size_t *at, bool *letter) {
    for (size_t i = 0; i < MUNI_COUNT(eras); i++) {
        size_t length = begins(t, *at, eras[i].kanji);
        if (!length)
            length = begins(t, *at, eras[i].brief);
        *letter = false;
        if (!length && *at < t->n && t->c[*at] == eras[i].square)
            length = 1;
        if (!length && *at < t->n && t->c[*at] == (uint32_t)eras[i].letter) {
            length = 1;
            *letter = true;
        }
        if (length) {
            *at += length;
            return &eras[i];
        }
    }
    return NULL;
}

typedef struct number {
    int32_t value;
    size_t digits;            /* ASCII digits, or 0 */
    bool kanji, first;        /* kanji numerals; 元 */
} number;

/* 二十一, 百一, 二〇二五. At most four characters one after another as places, or hundreds and tens. */
static bool read_numerals(const cells *t, size_t *at, number *out) {
    int32_t total = 0, digit = -1, unit = 1000, v;
    size_t k = *at, places = 0;
    while (k < t->n && (v = numeral(t->c[k])) >= 0) {
        if (v >= 10) {
            if (v >= unit || places > 1 || digit == 0)
                return false;
            total += (digit < 0 ? 1 : digit) * v;
            unit = v;
            digit = -1;
            places = 0;
        } else {
            if (places == 4 || (places > 0 && unit != 1000) || (v == 0 && unit != 1000))
                return false;
            digit = digit < 0 ? v : digit * 10 + v;
            places++;
        }
        k++;
    }
    if (k == *at)
        return false;
    out->value = total + (digit < 0 ? 0 : digit);
    out->kanji = true;
    *at = k;
    return true;
}

static bool read_number(const cells *t, size_t *at, bool year, number *out) {
    *out = (number){ 0 };
    if (*at < t->n && year && t->c[*at] == 0x5143) { /* 元 */
        out->value = 1;
        out->first = true;
        ++*at;
        return true;
    }
    if (*at < t->n && is_digit(t->c[*at])) {
        while (*at < t->n && is_digit(t->c[*at])) {
            if (out->digits == 8)
                return false;
            out->value = out->value * 10 + (int32_t)(t->c[*at] - '0');
            out->digits++;
            ++*at;
        }
        return true;
    }
    return read_numerals(t, at, out);
}

/* An era date to a day. */
static muni_status era_day(const char *field, const era *e, int32_t year, int32_t month, int32_t day, muni__date_result *out) {
    int32_t found;
    if (year < 1 || year > 150)
        return muni__fail(MUNI_EINVAL, field, "the year of an era is 元 or 1 to 150", "元号の年は元年または1年から150年までで書いてください");
    if (!muni__date_valid(e->year + year - 1, month, day))
        return fail_day(field);
    found = muni__day_from_civil(e->year + year - 1, month, day);
    if (found < era_first(e))
        return muni__fail(MUNI_EINVAL, field, "the date is before the first day of its era; use the era before it",
                          "元号が始まる前の日付です。その日の元号で書いてください");
    if (found < MUNI__WAREKI_FIRST)
        return fail_lunar(field);
    if (found > era_last(e))
        out->flags |= MUNI__DATE_AFTER_ERA_END;
    out->day = found;
    return MUNI_OK;
}

static muni_status western_day(const char *field, int32_t year, int32_t month, int32_t day, muni__date_result *out) {
    if (!muni__date_valid(year, month, day))
        return fail_day(field);
    out->day = muni__day_from_civil(year, month, day);
    return MUNI_OK;
}

static muni_status fail_short_year(const char *field) {
    return muni__fail(MUNI_EINVAL, field, "a short year without an era is ambiguous; write four digits or the era (R9.3.31)",
                      "元号のない短い年は西暦か和暦か分かりません。西暦4桁か元号（R9.3.31）を付けて書いてください");
}

/* A single number: compact, a seven-digit code or a serial number. */
static muni_status read_bare(const char *field, const number *v, bool wide, const muni__date_options *options,
                             muni__date_result *out) {
    int32_t m = v->value / 100 % 100, d = v->value % 100;
    const era *e;
    if (v->digits == 8) {
        out->style = wide ? MUNI__STYLE_FULLWIDTH : MUNI__STYLE_COMPACT;
        return western_day(field, v->value / 10000, m, d, out);
    }
    if (v->digits == 7) {
        e = era_by_code(v->value / 1000000);
        if (!e)
            return muni__fail(MUNI_EINVAL, field, "a code of seven digits begins with the number of its era, 1 to 5 (5090331)",
                              "7桁の和暦コードは元号の番号1から5で始めてください（例 5090331）");
        out->style = MUNI__STYLE_CODE7;
        return era_day(field, e, v->value / 10000 % 100, m, d, out);
    }
    if (v->digits == 6)
        return fail_short_year(field);
    if (!options->column)
        return muni__fail(MUNI_EINVAL, field,
                          "a number alone is no date; if it is a serial number of a spreadsheet, declare the column as dates",
                          "数値だけでは日付と判断できません。表計算ソフトのシリアル値なら、列を日付と指定してください");
    if (v->value < 1 || v->value > 60000 || v->value == 60)
        return muni__fail(MUNI_EINVAL, field,
                          "the number is no serial number of a day; they are 1 to 60000 without 60 (1900-02-29 does not exist)",
                          "日付のシリアル値ではありません。1から60000まで（存在しない1900年2月29日の60を除く）の数値です");
    /* Day 1 is 1900-01-01; from 61 on one more was counted for a leap day that never was. */
    out->style = MUNI__STYLE_EXCEL_SERIAL;
    out->flags |= MUNI__DATE_SERIAL;
    out->day = muni__day_from_civil(1899, 12, 31) + v->value - (v->value > 60 ? 1 : 0);
    return MUNI_OK;
}

/* Which style a written-out date has. */
static int32_t style_of(const cells *t, bool wareki, bool era_written, bool letter, uint32_t sep, const number *month,
                        const number *day, bool numerals) {
    bool kanji_form = sep == 0x5E74;
    if (wareki && !era_written)
        return MUNI__STYLE_WAREKI_NO_ERA;
    if (wareki)
        return t->wide_digit  ? MUNI__STYLE_WAREKI_FULLWIDTH
               : numerals     ? MUNI__STYLE_WAREKI_NUMERALS
               : kanji_form   ? MUNI__STYLE_WAREKI_KANJI
               : letter       ? MUNI__STYLE_WAREKI_SHORT
                              : MUNI__STYLE_WAREKI_TABLE;
    if (t->flags & MUNI__DATE_WIDE)
        return MUNI__STYLE_FULLWIDTH;
    if (numerals)
        return MUNI__STYLE_NUMERALS;
    if (kanji_form)
        return MUNI__STYLE_KANJI;
    if (month->digits != 2 || day->digits != 2)
        return MUNI__STYLE_UNPADDED;
    return sep == '-' ? MUNI__STYLE_ISO : sep == '/' ? MUNI__STYLE_SLASH : MUNI__STYLE_DOT;
}

static muni_status read_cells(const cells *t, const char *field, const muni__date_options *options, muni__date_result *out) {
    number y, m, d;
    size_t at = 0;
    uint32_t sep;
    bool letter = false, numerals, western;
    const era *e = read_era(t, &at, &letter), *used;
    if (!read_number(t, &at, e != NULL || options->default_era, &y))
        return fail_form(field);
    if (at == t->n) {
        if (!e && y.digits)
            return read_bare(field, &y, t->wide_digit, options, out);
        if (e && letter && y.digits == 6) {
            out->style = t->wide_digit ? MUNI__STYLE_WAREKI_FULLWIDTH : MUNI__STYLE_WAREKI_COMPACT;
            return era_day(field, e, y.value / 10000, y.value / 100 % 100, y.value % 100, out);
        }
        return fail_form(field);
    }
    sep = t->c[at++];
    if (sep != '-' && sep != '/' && sep != '.' && sep != 0x5E74)
        return fail_form(field);
    if (!read_number(t, &at, false, &m) || at == t->n || t->c[at] != (sep == 0x5E74 ? 0x6708 : sep))
        return fail_form(field);
    at++;
    if (!read_number(t, &at, false, &d))
        return fail_form(field);
    if (sep == 0x5E74 && (at == t->n || t->c[at++] != 0x65E5))
        return fail_form(field);
    if (at != t->n || m.digits > 2 || d.digits > 2)
        return fail_form(field);
    western = !e && (y.digits == 4 || (y.kanji && y.value >= 1000));
    used = e;
    if (!western && !e) {
        used = era_by_code(options->default_era);
        if (!used || sep == '/')
            return fail_short_year(field);
        out->flags |= MUNI__DATE_ERA_ASSUMED;
    }
    if (!western && y.digits > 3)
        return fail_form(field);
    if (used && sep == 0x5E74 && y.value == 1 && !y.first)
        out->flags |= MUNI__DATE_FIRST_YEAR_1;
    numerals = y.kanji || m.kanji || d.kanji;
    out->style = style_of(t, !western, e != NULL, letter, sep, &m, &d, numerals);
    return western ? western_day(field, y.value, m.value, d.value, out) : era_day(field, used, y.value, m.value, d.value, out);
}

muni_status muni__date_parse(const char *text, size_t n, const char *field, const muni__date_options *options,
                             muni__date_result *out) {
    static const muni__date_options plain = { false, MUNI__ERA_NONE };
    cells t;
    muni_status st;
    if (!options)
        options = &plain;
    if (text && n == MUNI_ZERO_TERMINATED)
        n = strlen(text);
    if (!text || n == 0)
        return muni__fail(MUNI_EINVAL, field, "the date is empty", "日付が空です");
    if (n > 256)
        return fail_form(field);
    if (!muni__utf8_valid(text, n, NULL))
        return muni__fail(MUNI_EUTF8, field, "the date is not valid UTF-8", "日付の文字がUTF-8として正しくありません");
    st = fold_text(text, n, field, &t);
    if (st < 0)
        return st;
    if (t.n == 0)
        return muni__fail(MUNI_EINVAL, field, "the date is empty", "日付が空です");
    *out = (muni__date_result){ 0, MUNI__STYLE_NONE, t.flags };
    return read_cells(&t, field, options, out);
}

/* ---- exported */

static muni_status fail_out(void) {
    return muni__fail(MUNI_EINVAL, "out", "the place for the answer is NULL", "結果を受け取る場所がNULLです");
}

muni_status muni_wareki_format(const char *date, const char *style, char **out) {
    static const char *const names[] = { "long", "short", "table", "era_year" }; /* as MUNI__WAREKI_… */
    char text[MUNI__WAREKI_SIZE];
    int32_t day, k = 0;
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = NULL;
    MUNI_TRY(muni__date_parse_iso(date, MUNI_ZERO_TERMINATED, "date", &day));
    while (style && k < (int32_t)MUNI_COUNT(names) && strcmp(names[k], style) != 0)
        k++;
    if (!style || k == (int32_t)MUNI_COUNT(names))
        MUNI_TRY(muni__fail(MUNI_EINVAL, "style", "there is no such style; they are long, short, table, era_year",
                            "そのような書式はありません。long, short, table, era_year のどれかを指定してください"));
    MUNI_TRY(muni__wareki_format(day, k, text));
    *out = muni__strdup(text);
    st = *out ? MUNI_OK : MUNI_ENOMEM;
out:
    return MUNI_LEAVE(st);
}

static void put_text(muni__buf *b, const char *s) {
    muni__buf_json(b, s, strlen(s));
}

static void put_date(muni__buf *b, int32_t day) {
    char text[MUNI__DATE_SIZE];
    muni__date_format_iso(day, text);
    put_text(b, text);
}

muni_status muni_date_parse(const char *text, size_t length, int32_t flags, char **out) {
    muni__date_options options = { (flags & MUNI_DATE_COLUMN) != 0, (flags >> 4) & 0x0F };
    muni__date_result r;
    muni__buf b = MUNI_BUF_INIT(4096);
    bool some = false;
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = NULL;
    if (flags < 0 || (flags & ~(MUNI_DATE_COLUMN | 0xF0)) || (options.default_era && !era_by_code(options.default_era)))
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "flags", "a flag is unknown; give MUNI_DATE_COLUMN and at most one MUNI_DATE_ERA_",
                                     "未知のフラグです。MUNI_DATE_COLUMN と、MUNI_DATE_ERA_ のうち一つまでを指定してください"));
    MUNI_TRY(muni__date_parse(text, length, "text", &options, &r));
    muni__buf_puts(&b, "{\"date\":");
    put_date(&b, r.day);
    muni__buf_puts(&b, ",\"style\":");
    put_text(&b, muni__date_style_name(r.style));
    muni__buf_puts(&b, ",\"warnings\":[");
    for (uint32_t flag = 1; flag <= MUNI__DATE_WARNINGS; flag <<= 1) {
        const char *code, *en, *ja;
        if (!(r.flags & flag & MUNI__DATE_WARNINGS))
            continue;
        muni__date_flag_text(flag, &code, &en, &ja);
        muni__buf_puts(&b, some ? ",{\"code\":" : "{\"code\":");
        some = true;
        put_text(&b, code);
        muni__buf_puts(&b, ",\"en\":");
        put_text(&b, en);
        muni__buf_puts(&b, ",\"ja\":");
        put_text(&b, ja);
        muni__buf_putc(&b, '}');
    }
    muni__buf_puts(&b, "]}");
    return MUNI_LEAVE(muni__buf_take(&b, out, NULL));
out:
    return MUNI_LEAVE(st);
}

muni_status muni_fiscal_year(const char *date, char **out) {
    char name[MUNI__WAREKI_SIZE], name_new[MUNI__WAREKI_SIZE];
    muni__buf b = MUNI_BUF_INIT(4096);
    int32_t day, year;
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = NULL;
    MUNI_TRY(muni__date_parse_iso(date, MUNI_ZERO_TERMINATED, "date", &day));
    year = muni__fiscal_year(day);
    MUNI_TRY(muni__fiscal_name(year, name, name_new));
    muni__buf_puts(&b, "{\"first\":");
    put_date(&b, muni__fiscal_first(year));
    muni__buf_puts(&b, ",\"half\":");
    muni__buf_int(&b, muni__fiscal_half(day));
    muni__buf_puts(&b, ",\"last\":");
    put_date(&b, muni__fiscal_last(year));
    muni__buf_puts(&b, ",\"name\":");
    put_text(&b, name);
    muni__buf_puts(&b, ",\"name_new\":");
    put_text(&b, name_new);
    muni__buf_puts(&b, ",\"quarter\":");
    muni__buf_int(&b, muni__fiscal_quarter(day));
    muni__buf_puts(&b, ",\"year\":");
    muni__buf_int(&b, year);
    muni__buf_putc(&b, '}');
    return MUNI_LEAVE(muni__buf_take(&b, out, NULL));
out:
    return MUNI_LEAVE(st);
}
