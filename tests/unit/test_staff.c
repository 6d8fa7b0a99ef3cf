/* Reading personnel files: every planted defect at its line with its code and no other; every mended value; hostile files. Pure: no store. */
#include "stafftest.h"

#include "core/textkey.h"
#include "fault.h"
#include "textdata.h"

#define READ_ON "2027-03-31"

static muni__arena mem;
static muni__profile *profile;
static muni__reading r;
static json_t *body;

static int32_t day_of(const char *iso) {
    int32_t day = 0;
    ck_assert(muni__date_read(iso, 10, &day));
    return day;
}

static void start(void) {
    body = st_profile_body();
    ST_OK(muni__profile_parse(&mem, body, &profile));
    muni__reading_init(&r, profile, NULL, NULL);
}

static void stop(void) {
    muni__reading_free(&r);
    muni__arena_free(&mem);
    json_decref(body);
}

static void judge(muni__unit_view *views, size_t n, const char *on) {
    ST_OK(muni__reading_judge_units(&r));
    ST_OK(muni__reading_judge(&r, views, n, day_of(on)));
}

static void found(st_list *out) {
    for (size_t i = 0; i < r.findings.n; i++) {
        const muni__finding *f = &r.findings.list[i];
        const muni__finding_def *d = &muni__finding_defs[f->code];
        st_add(out, (long long)f->record, (long long)f->line, d->code);
        ck_assert_str_ne(f->en, "");
        ck_assert_str_ne(f->ja, "");
        ck_assert_msg(!strstr(f->en, "123456789018") && !strstr(f->ja, "9018"), "an individual number is quoted");
    }
}

/* What is planted, and what stands in the names of the clean file already: user-defined characters, and characters that CP932 lacks. */
static void planted(st_list *out, const char *which, bool cp932) {
    json_t *j = st_expected(), *d;
    size_t i;
    char name[64];
    json_array_foreach (json_object_get(json_object_get(j, which), "defects"), i, d) {
        const char *code = json_string_value(json_object_get(d, "code"));
        if (cp932 && !strcmp(code, "WAVE_DASH_301C"))
            code = "WAVE_DASH_FF5E"; /* CP932 has only the one */
        st_add(out, json_integer_value(json_object_get(d, "record")), json_integer_value(json_object_get(d, "line")), code);
    }
    json_decref(j);
    snprintf(name, sizeof name, "%s.csv", which);
    muni__source s;
    muni__csv *csv = NULL;
    muni__csv_record rec;
    ST_OK(muni__source_file(&s, st_path(name)));
    ST_OK(muni__csv_open(&s, NULL, &csv));
    while (muni__csv_next(csv, &rec) == MUNI_ROW) {
        const char *p = rec.count > 1 ? rec.fields[1].p : "";
        if (strstr(p, "\xee\x80\x80"))
            st_add(out, (long long)rec.number, (long long)rec.line, "USER_CHARACTER");
        if (cp932 && strstr(p, "𠮷"))
            st_add(out, (long long)rec.number, (long long)rec.line, "NAME_GETA");
    }
    muni__csv_close(csv);
    muni__source_close(&s);
}

static size_t believed(void) {
    size_t n = 0;
    for (size_t i = 0; i < r.ngroups; i++)
        n += !r.groups[i].held;
    return n;
}

static const char *const forms[] = { "", "_cp932", "_utf8bom" };

START_TEST(staff__finds_what_is_planted_before) {
    static muni__unit_view views[1000];
    char units[64], people[64];
    st_list want = { NULL, 0, 0 }, got = { NULL, 0, 0 };
    snprintf(units, sizeof units, "org_before%s.csv", forms[_i]);
    snprintf(people, sizeof people, "staff_before%s.csv", forms[_i]);
    st_read(&r, MUNI__UNITS, units);
    st_read(&r, MUNI__PEOPLE, people);
    judge(views, st_views(&r, views), READ_ON);
    planted(&want, "staff_before", _i == 1);
    found(&got);
    st_same(&want, &got, people);
    ck_assert_uint_eq(believed(), 1988);
    ck_assert_int_eq(r.records[MUNI__PEOPLE], 2041);
    ck_assert_int_eq(r.findings.counts[MUNI__REJECTED], 12);
    ck_assert_int_eq(r.findings.counts[MUNI__MENDED], 56);
}
END_TEST

static bool listed_again(const char *code, int32_t from) {
    for (size_t i = 0; i < r.nrows[MUNI__UNITS]; i++)
        if (!strcmp(r.rows[MUNI__UNITS][i]->key, code) && r.rows[MUNI__UNITS][i]->day[MUNI__SU_FROM_ON] == from)
            return true;
    return false;
}

START_TEST(staff__finds_what_is_planted_after) {
    static muni__unit_view views[1000], old[1000];
    st_list want = { NULL, 0, 0 }, got = { NULL, 0, 0 };
    muni__reading before;
    muni__reading_init(&before, profile, NULL, NULL);
    st_read(&before, MUNI__UNITS, "org_before.csv");
    st_read(&r, MUNI__UNITS, _i ? "org_after_cp932.csv" : "org_after.csv");
    st_read(&r, MUNI__PEOPLE, _i ? "staff_after_cp932.csv" : "staff_after.csv");
    size_t n = st_views(&r, views), was = st_views(&before, old);
    for (size_t i = 0; i < was; i++)
        if (!listed_again(old[i].code, old[i].from)) {
            views[n] = old[i];
            views[n++].to = day_of("2027-03-31");
        }
    judge(views, n, "2027-04-01");
    planted(&want, "staff_after", _i == 1);
    found(&got);
    st_same(&want, &got, "staff_after");
    muni__reading_free(&before);
}
END_TEST

START_TEST(staff__finds_nothing_in_clean_files_but_user_characters) {
    static muni__unit_view views[1000];
    st_read(&r, MUNI__UNITS, "org_before.csv");
    st_read(&r, MUNI__PEOPLE, "staff_clean_before.csv");
    judge(views, st_views(&r, views), READ_ON);
    ck_assert_uint_eq(believed(), 2000);
    for (size_t i = 0; i < r.findings.n; i++)
        ck_assert_str_eq(muni__finding_defs[r.findings.list[i].code].code, "USER_CHARACTER");
    ck_assert_uint_eq(r.findings.n, 6);
}
END_TEST

/* ---- mended values, against the clean file */

static const muni__srow *clean_row(const muni__reading *c, const muni__srow *row) {
    for (size_t i = 0; i < c->nrows[MUNI__PEOPLE]; i++) {
        const muni__srow *x = c->rows[MUNI__PEOPLE][i];
        if (!strcmp(x->key, row->key) && x->concurrent == row->concurrent && (!x->concurrent || !strcmp(x->v[MUNI__SP_UNIT], row->v[MUNI__SP_UNIT])))
            return x;
    }
    return NULL;
}

/* Which field the planted defect of a record touched: its code, or NULL. The note begins with the header. */
static const char *touched(json_t *defects, int64_t record, int32_t *field) {
    json_t *d;
    size_t i;
    json_array_foreach (defects, i, d) {
        const char *note = json_string_value(json_object_get(d, "note"));
        const char *colon = strstr(note, ": '");
        if (json_integer_value(json_object_get(d, "record")) != record || !colon)
            continue;
        const muni__sheet *s = &profile->sheets[MUNI__PEOPLE];
        for (size_t k = 0; k < s->ncolumns; k++)
            if (strlen(s->columns[k].header) == (size_t)(colon - note) && !strncmp(s->columns[k].header, note, (size_t)(colon - note)))
                *field = s->columns[k].field;
        return json_string_value(json_object_get(d, "code"));
    }
    return NULL;
}

START_TEST(staff__mends_to_what_is_meant) {
    static muni__unit_view views[1000];
    json_t *expected = st_expected(), *defects = json_object_get(json_object_get(expected, "staff_before"), "defects");
    muni__reading clean;
    int mended = 0, dates = 0, hyphens = 0, same = 0;
    muni__reading_init(&clean, profile, NULL, NULL);
    st_read(&clean, MUNI__PEOPLE, "staff_clean_before.csv");
    st_read(&r, MUNI__UNITS, "org_before.csv");
    st_read(&r, MUNI__PEOPLE, "staff_before.csv");
    judge(views, st_views(&r, views), READ_ON);
    for (size_t i = 0; i < r.nrows[MUNI__PEOPLE]; i++) {
        const muni__srow *row = r.rows[MUNI__PEOPLE][i];
        int32_t field = -1;
        if (row->rejected || row->held || row->skipped)
            continue;
        const char *code = touched(defects, row->record, &field);
        const muni__srow *want = clean_row(&clean, row);
        ck_assert_msg(want != NULL, "record %lld is nobody", (long long)row->record);
        for (int32_t k = 0; k < MUNI__SP_COUNT; k++) {
            const char *a = row->v[k] ? row->v[k] : "", *b = want->v[k] ? want->v[k] : "";
            if (!code || k != field || !strncmp(code, "NUMBER", 6) || !strncmp(code, "ZERO", 4) || !strncmp(code, "UNIT_ZERO", 9) || !strcmp(code, "NAME_HALF_SPACE") ||
                !strcmp(code, "NAME_TRAILING_SPACE") || !strcmp(code, "KANA_FULLWIDTH") || !strcmp(code, "MAIL_BAD")) {
                ck_assert_msg(!strcmp(a, b), "record %lld, field %d (%s): \"%s\", not \"%s\"", (long long)row->record, (int)k, code ? code : "untouched", a, b);
                mended += code && k == field;
                same++;
            } else if (!strcmp(code, "DATE_FUTURE")) {
                ck_assert_str_eq(a, "2028-04-01");
            } else if (!strncmp(code, "DATE_", 5)) { /* all were planted as this one day */
                ck_assert_str_eq(a, "2027-03-31");
                dates++;
            } else if (!strcmp(code, "KANA_HYPHEN")) { /* a hyphen means ｰ; where one stood, the clean file has a vowel */
                ck_assert_ptr_nonnull(strstr(a, "ｰ"));
                ck_assert_ptr_null(strchr(a, '-'));
                ck_assert_uint_eq(strlen(a), strlen(b));
                hyphens++;
            } else if (!strcmp(code, "MYNUMBER_IN_NOTE")) {
                ck_assert_str_eq(a, "個人番号 ************ 確認済");
            }
        }
    }
    ck_assert_int_eq(dates, 16);
    ck_assert_int_eq(hyphens, 3);
    ck_assert_int_eq(mended, 3 + 2 + 6 + 4 + 8 + 4 + 6 + 3);
    ck_assert_int_gt(same, 2000 * 20);
    muni__reading_free(&clean);
    json_decref(expected);
}
END_TEST

/* ---- the same defects elsewhere, by a seed */

#define COLUMNS 22
#define ROWS 2033
typedef struct text_row {
    const char *f[COLUMNS + 1];
    size_t n;
    bool touched, concurrent, has_concurrent;
    const char *code; /* planted in it */
    size_t main;      /* of a concurrent one */
} text_row;
static text_row table[2200];
static size_t ntable;
static muni__arena texts;
static const char *header[COLUMNS];

static const char *keep(const char *p) {
    return muni__arena_strndup(&texts, p, strlen(p));
}

static void load_table(void) {
    muni__source s;
    muni__csv *csv = NULL;
    muni__csv_record rec;
    ntable = 0;
    ST_OK(muni__source_file(&s, st_path("staff_clean_before.csv")));
    ST_OK(muni__csv_open(&s, NULL, &csv));
    while (muni__csv_next(csv, &rec) == MUNI_ROW) {
        ck_assert_uint_eq(rec.count, COLUMNS);
        if (rec.number > 1)
            table[ntable] = (text_row){ .n = COLUMNS };
        for (size_t i = 0; i < COLUMNS; i++)
            *(rec.number == 1 ? &header[i] : &table[ntable].f[i]) = keep(rec.fields[i].p);
        ntable += rec.number > 1;
    }
    muni__csv_close(csv);
    muni__source_close(&s);
    ck_assert_uint_eq(ntable, ROWS);
}

static void relate(void) {
    for (size_t i = 0; i < ntable; i++)
        table[i].concurrent = !strcmp(table[i].f[12], "兼務");
    for (size_t i = 0; i < ntable; i++)
        for (size_t k = 0; k < ntable && table[i].concurrent; k++)
            if (!table[k].concurrent && !strcmp(table[k].f[0], table[i].f[0])) {
                table[k].has_concurrent = true;
                table[i].main = k;
            }
}

static const char *swap(const char *p, const char *from, const char *to) {
    char out[400];
    const char *at = strstr(p, from);
    ck_assert_ptr_nonnull(at);
    snprintf(out, sizeof out, "%.*s%s%s", (int)(at - p), p, to, at + strlen(from));
    return keep(out);
}

static const char *widen(const char *digits) {
    char out[64] = "";
    for (; *digits; digits++) {
        size_t n = strlen(out);
        snprintf(out + n, sizeof out - n, "\xef\xbc%c", 0x90 + (*digits - '0'));
    }
    return keep(out);
}

static const char *wide_kana(const char *kana) {
    char *key = NULL;
    size_t n = 0;
    ST_OK(muni__textkey(kana, strlen(kana), &key, &n));
    const char *out = swap(key, " ", "\xe3\x80\x80");
    muni__free(key);
    return out;
}

static size_t char_length(const char *p) {
    uint32_t cp;
    return muni__utf8_next(p, strlen(p), &cp);
}

/* Can this defect be planted in the row? If so, it is. */
static bool plant(text_row *t, const char *code, int turn) {
    static const char *const smalls[][2] = { { "ｬ", "ﾔ" }, { "ｭ", "ﾕ" }, { "ｮ", "ﾖ" }, { "ｯ", "ﾂ" } };
    static const char *const formulas[] = { "-2+3", "+81-3-0000-0000", "=HYPERLINK(\"https://attacker.example/\",\"確認\")", "@SUM(1+1)" };
    static const struct {
        const char *code, *text;
    } dates[] = { { "DATE_UNPADDED", "2027/3/31" }, { "DATE_COMPACT", "20270331" },          { "DATE_EXCEL_SERIAL", "46477" }, { "DATE_WAREKI_FULLWIDTH", "令和９年３月３１日" },
                  { "DATE_WAREKI_KANJI", "令和9年3月31日" }, { "DATE_WAREKI_SHORT", "R9.3.31" }, { "DATE_INVALID", "2027/02/30" },   { "DATE_FUTURE", "2028/04/01" } },
      remarks[] = { { "NEWLINE_IN_FIELD", "在宅勤務\n週2日" }, { "WAVE_DASH_301C", "部分休業 4/1〜9/30" },   { "WAVE_DASH_FF5E", "部分休業 4/1～9/30" },
                    { "TAB_IN_FIELD", "要確認\t（職員課）" },   { "QUOTE_IN_FIELD", "通称 \"たかさん\"" },      { "CIRCLED_DIGIT", "①窓口 ②電話 ㈱ひばり № ℡" },
                    { "MYNUMBER_IN_NOTE", "個人番号 1234-5678-9018 確認済" } };
    if (t->touched || t->concurrent || t->has_concurrent || strstr(t->f[1], "\xee\x80\x80"))
        return false;
    for (size_t i = 0; i < MUNI_COUNT(dates); i++)
        if (!strcmp(code, dates[i].code)) {
            t->f[14] = dates[i].text;
            return true;
        }
    bool remark = !strcmp(code, "FORMULA_INJECTION");
    for (size_t i = 0; i < MUNI_COUNT(remarks); i++)
        remark = remark || !strcmp(code, remarks[i].code);
    if (remark && *t->f[21])
        return false;
    for (size_t i = 0; i < MUNI_COUNT(remarks); i++)
        if (!strcmp(code, remarks[i].code)) {
            t->f[21] = remarks[i].text;
            return true;
        }
    if (remark) {
        t->f[21] = formulas[turn % 4];
    } else if (!strcmp(code, "NAME_LOST_CHAR") || !strcmp(code, "NAME_GETA")) {
        char out[200];
        snprintf(out, sizeof out, "%s%s", *(code + 5) == 'G' ? "〓" : "?", t->f[1] + char_length(t->f[1]));
        t->f[1] = keep(out);
    } else if (!strcmp(code, "NAME_HALF_SPACE")) {
        t->f[1] = swap(t->f[1], "\xe3\x80\x80", " ");
    } else if (!strcmp(code, "NAME_NO_SPACE")) {
        t->f[1] = swap(t->f[1], "\xe3\x80\x80", "");
    } else if (!strcmp(code, "NAME_TRAILING_SPACE")) {
        char out[200];
        snprintf(out, sizeof out, "%s\xe3\x80\x80", t->f[1]);
        t->f[1] = keep(out);
    } else if (!strcmp(code, "KANA_FULLWIDTH")) {
        t->f[2] = wide_kana(t->f[2]);
    } else if (!strcmp(code, "KANA_HYPHEN")) {
        const char *u = strstr(t->f[2], "ｳ");
        if (!u || u == t->f[2] || u[-1] == ' ')
            return false;
        t->f[2] = swap(t->f[2], "ｳ", "-");
    } else if (!strcmp(code, "KANA_BIG_FOR_SMALL")) {
        bool any = false;
        for (size_t i = 0; i < MUNI_COUNT(smalls); i++)
            if (strstr(t->f[2], smalls[i][0])) {
                t->f[2] = swap(t->f[2], smalls[i][0], smalls[i][1]);
                any = true;
                break;
            }
        return any;
    } else if (!strcmp(code, "NUMBER_BLANK")) {
        t->f[0] = "";
    } else if (!strcmp(code, "NUMBER_FULLWIDTH")) {
        t->f[0] = widen(t->f[0]);
    } else if (!strcmp(code, "NUMBER_SPACES")) {
        char out[64];
        snprintf(out, sizeof out, " %s ", t->f[0]);
        t->f[0] = keep(out);
    } else if (!strcmp(code, "ZERO_DROPPED") || !strcmp(code, "UNIT_ZERO_DROPPED")) {
        int c = *code == 'Z' ? 0 : 8;
        if (t->f[c][0] != '0')
            return false;
        while (t->f[c][0] == '0')
            t->f[c]++;
    } else if (!strcmp(code, "UNIT_UNKNOWN")) {
        t->f[8] = "999900";
    } else if (!strcmp(code, "UNIT_NAME_MISMATCH")) {
        if (!strcmp(t->f[8], "010100"))
            return false;
        t->f[9] = "総務部\xe3\x80\x80総務課";
    } else if (!strcmp(code, "MAIL_BAD")) {
        if (!*t->f[20])
            return false;
        t->f[20] = swap(t->f[20], "@", "＠");
    } else if (!strcmp(code, "RETIRE_BEFORE_HIRE")) {
        t->f[7] = "1980/03/31";
    } else if (!strcmp(code, "TOO_FEW_COLUMNS")) {
        t->n = 14;
    } else if (!strcmp(code, "TOO_MANY_COLUMNS")) {
        t->f[21] = "内線変更予定";
        t->f[22] = "要確認";
        t->n = 23;
    } else {
        ck_abort_msg("the test cannot plant %s", code);
    }
    return true;
}

static void insert_row(size_t at, const text_row *t) {
    memmove(&table[at + 1], &table[at], (ntable - at) * sizeof *table);
    table[at] = *t;
    ntable++;
}

static void put_field(muni__buf *b, const char *p) {
    if (!strpbrk(p, ",\"\n")) {
        muni__buf_puts(b, p);
        return;
    }
    muni__buf_putc(b, '"');
    for (; *p; p++) {
        if (*p == '"')
            muni__buf_putc(b, '"');
        muni__buf_putc(b, *p);
    }
    muni__buf_putc(b, '"');
}

START_TEST(staff__finds_the_same_defects_elsewhere) {
    static muni__unit_view views[1000];
    json_t *expected = st_expected();
    const char *code;
    json_t *count;
    textrng rng = { (uint64_t)_i * 7919 + 20270401 };
    st_list want = { NULL, 0, 0 }, got = { NULL, 0, 0 };
    muni__buf b = MUNI_BUF_INIT((size_t)8 << 20);
    load_table();
    for (size_t i = ntable; i > 1; i--) { /* shuffle */
        size_t k = textrng_below(&rng, (uint32_t)i);
        text_row t = table[i - 1];
        table[i - 1] = table[k];
        table[k] = t;
    }
    relate();
    for (size_t i = 0; i < ntable; i++) /* one whose concurrent posts hang on it */
        if (table[i].has_concurrent) {
            table[i].f[14] = "2027/02/30";
            table[i].code = "DATE_INVALID";
            table[i].touched = true;
            for (size_t k = 0; k < ntable; k++)
                if (table[k].concurrent && table[k].main == i)
                    table[k].code = "MAIN_ROW_REJECTED";
            break;
        }
    json_object_foreach (json_object_get(json_object_get(expected, "staff_before"), "defect_counts"), code, count)
        for (int n = 0; n < json_integer_value(count); n++) {
            if (strstr("BLANK_ROW FOOTER_ROW HEADER_REPEATED DUPLICATE_EXACT DUPLICATE_CONFLICT", code))
                continue;
            size_t at;
            int tries = 0;
            do {
                at = textrng_below(&rng, (uint32_t)ntable);
                ck_assert_int_lt(++tries, 100000);
            } while (!plant(&table[at], code, n));
            table[at].code = code;
            table[at].touched = true;
        }
    for (int n = 0; n < 5; n++) { /* three exact, two conflicting: somewhere behind the first */
        size_t at;
        do
            at = textrng_below(&rng, (uint32_t)ntable);
        while (table[at].touched || table[at].concurrent || table[at].has_concurrent || strstr(table[at].f[1], "\xee\x80\x80"));
        table[at].touched = true;
        text_row t = table[at];
        t.code = n < 3 ? "DUPLICATE_EXACT" : "DUPLICATE_CONFLICT";
        if (n >= 3)
            t.f[19] = "0000";
        insert_row(at + 1 + textrng_below(&rng, (uint32_t)(ntable - at)), &t);
    }
    text_row blank = { .n = COLUMNS, .code = "BLANK_ROW", .touched = true }, again = { .n = COLUMNS, .code = "HEADER_REPEATED", .touched = true };
    for (size_t i = 0; i < COLUMNS; i++) {
        blank.f[i] = "";
        again.f[i] = header[i];
    }
    insert_row(textrng_below(&rng, (uint32_t)ntable), &blank);
    insert_row(textrng_below(&rng, (uint32_t)ntable), &again);
    blank.f[0] = "合計";
    blank.f[1] = "2000名";
    blank.code = "FOOTER_ROW";
    insert_row(ntable, &blank);
    long long line = 2;
    for (size_t i = 0; i < COLUMNS; i++)
        muni__buf_printf(&b, "%s%s", i ? "," : "", header[i]);
    muni__buf_putc(&b, '\n');
    for (size_t i = 0; i < ntable; i++) {
        const text_row *t = &table[i];
        if (t->code)
            st_add(&want, (long long)i + 2, line, t->code);
        if (t->n >= 2 && strstr(t->f[1], "\xee\x80\x80"))
            st_add(&want, (long long)i + 2, line, "USER_CHARACTER");
        line++;
        for (size_t k = 0; k < t->n; k++) {
            if (k)
                muni__buf_putc(&b, ',');
            put_field(&b, t->f[k]);
            line += strchr(t->f[k], '\n') != NULL;
        }
        muni__buf_putc(&b, '\n');
    }
    ST_OK(b.st);
    st_read(&r, MUNI__UNITS, "org_before.csv");
    ST_OK(st_read_text(&r, MUNI__PEOPLE, b.p, b.n));
    judge(views, st_views(&r, views), READ_ON);
    found(&got);
    st_same(&want, &got, "shuffled");
    ck_assert_uint_eq(believed(), 1987); /* 1,988, and the one with concurrent posts */
    muni__buf_free(&b);
    muni__arena_free(&texts);
    json_decref(expected);
}
END_TEST

/* ---- hostile files */

#define HEAD                                                                                                                     \
    "職員番号,氏名,氏名カナ,生年月日,職員区分コード,職員区分,採用年月日,退職年月日,所属コード,所属名,職名コード,職名,本務兼務区分,"                                 \
    "兼務形態,発令年月日,異動区分コード,異動区分,任期満了日,休職等区分,内線番号,メールアドレス,備考\n"

static void refused(const char *p, size_t n, muni_status want, int64_t line) {
    muni__reading_free(&r);
    muni__reading_init(&r, profile, NULL, NULL);
    muni_status st = st_read_text(&r, MUNI__PEOPLE, p, n);
    ck_assert_msg(st == want, "%s, not %s: %s", muni_error_name(st), muni_error_name(want), muni_error_text("en"));
    ck_assert_str_ne(muni_error_text("ja"), "");
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "people.csv"));
    if (line)
        ck_assert_int_eq(muni_error_line(), line);
}

START_TEST(staff__refuses_headers_that_are_none) {
    refused("", 0, MUNI_EFORMAT, 0);
    refused("0001234,山田　太郎\n", strlen("0001234,山田　太郎\n"), MUNI_EFORMAT, 1);
    refused("職員番号,氏名\n", strlen("職員番号,氏名\n"), MUNI_EFORMAT, 1);
    char twice[] = HEAD;
    memcpy(strstr(twice, "備考"), "氏名", strlen("氏名"));
    refused(twice, strlen(twice), MUNI_EFORMAT, 1);
    char unknown[] = HEAD;
    memcpy(strstr(unknown, "備考"), "住所", strlen("住所"));
    refused(unknown, strlen(unknown), MUNI_EFORMAT, 1);
}
END_TEST

static muni_status endless(void *user, char *p, size_t cap, size_t *got) {
    size_t *left = user;
    *got = *left < cap ? *left : cap;
    memset(p, 'x', *got);
    *left -= *got;
    return MUNI_OK;
}

static muni_status endless_again(void *user) {
    *(size_t *)user = (size_t)200 << 20;
    return MUNI_OK;
}

START_TEST(staff__refuses_bytes_that_are_no_table) {
    char text[4096];
    size_t n = (size_t)snprintf(text, sizeof text, "%s0001234,\"a", HEAD);
    refused(text, n, MUNI_EFORMAT, 2);
    n = (size_t)snprintf(text, sizeof text, "%s0001234,a", HEAD);
    text[n] = 0;
    text[n + 1] = 'b';
    refused(text, n + 2, MUNI_EFORMAT, 2);
    muni__buf b = MUNI_BUF_INIT((size_t)1 << 20);
    muni__buf_puts(&b, HEAD);
    for (int i = 0; i < 10000; i++)
        muni__buf_putc(&b, ',');
    refused(b.p, b.n, MUNI_ELIMIT, 2);
    muni__buf_free(&b);
    size_t left = (size_t)200 << 20; /* a line of 200 MB, which is never in memory */
    muni__source s = { endless, endless_again, NULL, &left };
    muni__reading_free(&r);
    muni__reading_init(&r, profile, NULL, NULL);
    ck_assert_int_eq(muni__reading_file(&r, MUNI__PEOPLE, "long.csv", MUNI__CHARSET_UTF8, &s), MUNI_ELIMIT);
    /* declared CP932, and not; cut in the middle of a character */
    ST_OK(muni__source_memory(&s, HEAD, strlen(HEAD)));
    muni__reading_free(&r);
    muni__reading_init(&r, profile, NULL, NULL);
    muni_status st = muni__reading_file(&r, MUNI__PEOPLE, "people.csv", MUNI__CHARSET_CP932, &s);
    ck_assert_msg(st == MUNI_EENCODING || st == MUNI_EFORMAT, "%s", muni_error_name(st));
    muni__source_close(&s);
    char *sjis = NULL;
    muni__encoder e = { .policy = MUNI__LOSS_FAIL };
    muni__buf enc = MUNI_BUF_INIT((size_t)1 << 20);
    ST_OK(muni__encode_cp932(&e, HEAD "0001234,山", strlen(HEAD "0001234,山"), &enc));
    ST_OK(muni__source_memory(&s, enc.p, enc.n - 1));
    muni__reading_free(&r);
    muni__reading_init(&r, profile, NULL, NULL);
    ck_assert_int_eq(muni__reading_file(&r, MUNI__PEOPLE, "people.csv", MUNI__CHARSET_CP932, &s), MUNI_EENCODING);
    ck_assert_int_eq(muni_error_line(), 2);
    muni__source_close(&s);
    muni__buf_free(&enc);
    muni__free(sjis);
}
END_TEST

static int32_t cancel(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total, (void)user;
    ck_assert_str_eq(stage, "read");
    return 1;
}

START_TEST(staff__reading_can_be_cancelled) {
    muni__reading_init(&r, profile, cancel, NULL);
    muni__source s;
    ST_OK(muni__source_file(&s, st_path("staff_before.csv")));
    ck_assert_int_eq(muni__reading_file(&r, MUNI__PEOPLE, "x.csv", MUNI__CHARSET_UNKNOWN, &s), MUNI_ECANCELLED);
    muni__source_close(&s);
}
END_TEST

/* ---- profiles */

static void bad_profile(const char *path, const char *json) {
    json_t *copy = json_deep_copy(body), *at = copy;
    char names[100], *name;
    snprintf(names, sizeof names, "%s", path);
    for (name = strtok(names, "."); name; name = strtok(NULL, ".")) {
        char *next = strchr(path, '.');
        path = next ? next + 1 : "";
        if (next)
            at = json_object_get(at, name);
        else if (json)
            json_object_set_new(at, name, json_loads(json, JSON_DECODE_ANY, NULL));
        else
            json_object_del(at, name);
    }
    muni_status st = muni__profile_check(copy);
    ck_assert_msg(st == MUNI_EDEFINITION, "%s: %s", json ? json : "deleted", muni_error_name(st));
    ck_assert_str_ne(muni_error_text("ja"), "");
    ck_assert_str_ne(muni_error_field(), "");
    json_decref(copy);
}

START_TEST(staff__profiles_are_checked) {
    ST_OK(muni__profile_check(body));
    bad_profile("units", NULL);
    bad_profile("people", "[]");
    bad_profile("people.columns", "{}");
    bad_profile("people.columns", "{\"職員番号\":\"staff_no\"}");
    bad_profile("people.columns.x", "\"staff_no\"");
    bad_profile("people.columns.x", "\"salary\"");
    bad_profile("people.widths.staff_no", "0");
    bad_profile("people.widths.name", "3");
    bad_profile("people.dates.born_on", "[\"GUESS\"]");
    bad_profile("people.dates.born_on", "[]");
    bad_profile("people.dates.name", "[\"ISO\"]");
    bad_profile("people.eras", "{\"born_on\":\"X\"}");
    bad_profile("people.concurrent", NULL);
    bad_profile("people.concurrent.main", "[1]");
    bad_profile("people.footers", "\"合計\"");
    bad_profile("people.more", "1");
    bad_profile("units.full", "1");
    bad_profile("account.system", "\"\"");
    bad_profile("account.name", "[]");
    bad_profile("account.name", "[\"mail\",\"x\"]");
    bad_profile("account.name", "[\"telephone\",\"{staff_no}\"]");
    bad_profile("limits.leave_percent", "101");
    bad_profile("limits.leave_percent", "-1");
    bad_profile("limits.most", "1");
    bad_profile("surprise", "1");
}
END_TEST

/* ---- what the files of the sample do not have */

static void people(const char *rows, const char *const *want, size_t count) {
    char text[8192];
    muni__unit_view units[] = { { "010100", "総務課", "総務部\xe3\x80\x80総務課", day_of("2019-04-01"), MUNI__DAY_MAX, 1 },
                                { "020100", "企画課", NULL, day_of("2019-04-01"), day_of("2025-03-31"), 2 } };
    size_t n = (size_t)snprintf(text, sizeof text, "%s%s", HEAD, rows);
    muni__reading_free(&r);
    muni__reading_init(&r, profile, NULL, NULL);
    ST_OK(st_read_text(&r, MUNI__PEOPLE, text, n));
    judge(units, 2, READ_ON);
    st_list a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
    for (size_t i = 0; i < count; i++) {
        long long record = atoll(want[i]);
        st_add(&a, record, record, strchr(want[i], ' ') + 1);
    }
    found(&b);
    st_same(&a, &b, rows);
}
#define PEOPLE(rows, ...) people(rows, (const char *const[]){ "", __VA_ARGS__ } + 1, sizeof((const char *const[]){ "", __VA_ARGS__ }) / sizeof(char *) - 1)
#define TAIL ",,2026/04/01,00,異動なし,,,1234,,\n"

START_TEST(staff__other_findings) {
    PEOPLE("0000001,山田　太郎,ﾔﾏﾀﾞ ﾀﾛｳ,S42.05.26,1,正規職員,2000/04/01,,010100,総務課,080,主事,兼務,兼務,2026/04/01,00,異動なし,,,1,,\n", "2 MAIN_ROW_MISSING");
    PEOPLE("12345678,山田　太郎,,S42.05.26,1,正規職員,2000/04/01,,010100,,080,主事,本務" TAIL, "2 NUMBER_INVALID");
    PEOPLE("123456789018,山田　太郎,,S42.05.26,1,正規職員,2000/04/01,,123456789018,,080,主事,本務" TAIL, "2 NUMBER_INVALID", "2 UNIT_UNKNOWN"); /* neither is quoted */
    PEOPLE("0000001,,,S42.05.26,1,正規職員,2000/04/01,,020100,,080,主事,本務" TAIL, "2 VALUE_MISSING", "2 UNIT_ABOLISHED");
    PEOPLE("0000001,山田　太郎,ﾖﾁﾔﾝ ﾍﾂﾌﾟ,S42.05.26,1,正規職員,2000/04/01,,010100,,080,主事,専務" TAIL, "2 VALUE_UNKNOWN", "2 KANA_BIG_FOR_SMALL");
    PEOPLE("0000001,山田　太郎,やまだ　たろー,1967-05-26,1,正規職員,2000.04.01,,010100,総務課,080,主事,本務" TAIL, "2 KANA_FULLWIDTH", "2 DATE_STYLE", "2 DATE_STYLE");
    ck_assert_str_eq(r.rows[MUNI__PEOPLE][0]->v[MUNI__SP_KANA], "ﾔﾏﾀﾞ ﾀﾛｰ");
    PEOPLE("0000001,山田\x01　太郎,,S64.02.01,1,正規職員,2000/04/01,,010100,,080,主事,本務" TAIL, "2 CONTROL_IN_FIELD", "2 DATE_AFTER_ERA_END");
    ck_assert_str_eq(r.rows[MUNI__PEOPLE][0]->v[MUNI__SP_NAME], "山田　太郎");
    ck_assert_str_eq(r.rows[MUNI__PEOPLE][0]->v[MUNI__SP_BORN_ON], "1989-02-01");
    PEOPLE("0000001,山田　太郎,,,1,正規職員,,,010100,,080,主事,本務,,2026/04/01,00,,,,1,a b@c,\n0000002,田中　一,,,1,正規職員,,,010100,,080,主事,本務,,2026/04/01,00,,,,1,x@y.jp,\n"
           "0000003,田中　二,,,1,正規職員,,,010100,,080,主事,本務,,2026/04/01,00,,,,1,X@y.jp,123456789018\n",
           "2 MAIL_INVALID", "4 MAIL_SHARED", "4 MYNUMBER_SUSPECTED");
    PEOPLE("0000001,山田　太郎,ﾀﾂﾀ ﾊﾙ,,1,,,,010100,,080,主事,本務" TAIL "0000002,山田　次郎,ﾀｯﾀ ﾊﾙ,,1,,,,010100,,080,主事,本務" TAIL, "2 KANA_BIG_FOR_SMALL"); /* the same kanji, read otherwise below */
    PEOPLE(",山田　太郎,,S42.05.26,1,正規職員,2030/04/01,,010100,〓課,080,主事,本務" TAIL, "2 NUMBER_BLANK", "2 DATE_FUTURE", "2 GETA_CHARACTER", "2 UNIT_NAME_MISMATCH");
}
END_TEST

START_TEST(staff__units_are_judged) {
    static const char file[] = "所属コード,所属名,所属正式名,上位所属コード,階層,階層名,施設区分,設置日,廃止日,並び順\n"
                               "10000,総務部,総務部,,1,部,本庁,2019-04-01,,10\n"
                               "010100,総務課,,010000,２,課,本庁,2019/4/1,,20\n"
                               "010100,総務課,,010000,2,課,本庁,2019-04-01,,20\n"
                               "010200,甲,,010300,2,課,本庁,2019-04-01,,30\n"
                               "010300,乙,,010200,2,課,本庁,2019-04-01,,40\n"
                               "010400,丙,,999999,2,課,本庁,2019-04-01,2018-03-31,50\n"
                               "010500,丁,,999999,2,課,本庁,2019-04-01,,x\n"
                               "010600,戊,,999999,2,課,本庁,2019-04-01,,60\n"
                               "020000,企画部,,,1,部,本庁,2019-04-01,,70\n"
                               "020000,企画局,,,1,部,本庁,2019-04-01,,70\n"
                               ",,,,,,,,,\n";
    muni__unit_view views[20];
    st_list want = { NULL, 0, 0 }, got = { NULL, 0, 0 };
    ST_OK(st_read_text(&r, MUNI__UNITS, file, sizeof file - 1));
    ST_OK(muni__reading_judge_units(&r));
    size_t n = st_views(&r, views);
    ck_assert_uint_eq(n, 5); /* 総務部 総務課 甲 乙 戊 */
    ST_OK(muni__reading_judge(&r, views, n, day_of(READ_ON)));
    static const struct {
        int record;
        const char *code;
    } codes[] = { { 2, "UNIT_ZERO_DROPPED" }, { 3, "DATE_UNPADDED" },    { 4, "DUPLICATE_EXACT" },     { 5, "UNIT_PARENT_CYCLE" },  { 7, "PERIOD_REVERSED" },
                  { 8, "NUMBER_INVALID" },    { 9, "UNIT_PARENT_UNKNOWN" }, { 11, "DUPLICATE_CONFLICT" }, { 12, "BLANK_ROW" } };
    for (size_t i = 0; i < MUNI_COUNT(codes); i++)
        st_add(&want, codes[i].record, codes[i].record, codes[i].code);
    found(&got);
    st_same(&want, &got, "units");
}
END_TEST

/* ---- memory */

static const char small[] = HEAD "1,山田　太郎,ﾔﾏﾀﾞ ﾀﾛｳ,S42.05.26,1,正規職員,2000/04/01,,10100,総務課,080,主事,本務,,46477,00,異動なし,,,1234,a＠b.jp,個人番号 1234-5678-9018\n"
                                 "0000001,山田　太郎,ﾔﾏﾀﾞ ﾀﾛｳ,S42.05.26,1,正規職員,2000/04/01,,010100,総務課,,主事,兼務,兼務,2026/04/01,00,異動なし,,,1234,a@b.jp,\n";

static muni_status all_of_it(void) {
    muni__arena m = MUNI_ARENA_INIT;
    muni__profile *p = NULL;
    muni__reading x;
    muni__unit_view units[] = { { "010100", "総務課", NULL, 0, MUNI__DAY_MAX, 1 } };
    muni_status st = muni__profile_parse(&m, body, &p);
    muni__reading_init(&x, p, NULL, NULL);
    muni__source s = { NULL, NULL, NULL, NULL };
    if (st >= 0)
        st = muni__source_memory(&s, small, sizeof small - 1);
    if (st >= 0)
        st = muni__reading_file(&x, MUNI__PEOPLE, "p.csv", MUNI__CHARSET_UNKNOWN, &s);
    muni__source_close(&s);
    if (st >= 0)
        st = muni__reading_judge_units(&x);
    if (st >= 0)
        st = muni__reading_judge(&x, units, 1, 20000);
    muni__reading_free(&x);
    muni__arena_free(&m);
    return st;
}

START_TEST(staff__survives_each_failed_allocation) {
    muni_status st;
    FAULT_LOOP(st, all_of_it(), (void)0);
}
END_TEST

Suite *suite_staff(void);
Suite *suite_staff(void) {
    Suite *s = suite_create("staff");
    TCase *t = tcase_create("reading");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, staff__finds_what_is_planted_before, 0, 3);
    tcase_add_loop_test(t, staff__finds_what_is_planted_after, 0, 2);
    tcase_add_test(t, staff__finds_nothing_in_clean_files_but_user_characters);
    tcase_add_test(t, staff__mends_to_what_is_meant);
    tcase_add_loop_test(t, staff__finds_the_same_defects_elsewhere, 0, 12);
    tcase_add_test(t, staff__refuses_headers_that_are_none);
    tcase_add_test(t, staff__refuses_bytes_that_are_no_table);
    tcase_add_test(t, staff__reading_can_be_cancelled);
    tcase_add_test(t, staff__profiles_are_checked);
    tcase_add_test(t, staff__other_findings);
    tcase_add_test(t, staff__units_are_judged);
    tcase_add_test(t, staff__survives_each_failed_allocation);
    suite_add_tcase(s, t);
    return s;
}
