/* Reading personnel files: bytes → rows → fields mended where there is one thing they can mean, and a finding for everything else. Pure: no store. */
#include "staff/staff.h"

#include "calendar/wareki.h"
#include "core/csv.h"
#include "core/kana.h"
#include "core/pii.h"
#include "core/textkey.h"

#include <stdlib.h>

#define ROWS_MAX 300000 /* in memory at once: ten times the largest city's staff */
#define TELL_EVERY 256

const muni__finding_def muni__finding_defs[] = {
#define MUNI_FINDING(fcode, fseverity, fja, fen) { #fcode, MUNI__##fseverity, fja, fen },
#include "staff/findings.def"
#undef MUNI_FINDING
};

const char *muni__severity_name(int32_t severity) {
    static const char *const names[] = { "", "mended", "rejected", "warned" };
    return severity > 0 && (size_t)severity < MUNI_COUNT(names) ? names[severity] : "";
}

/* ---- a map of texts */

static struct muni__textmap_slot *slot_of(const muni__textmap *m, const char *key) {
    size_t i = (size_t)muni__text_hash(key, strlen(key)) & (m->cap - 1);
    while (m->slots[i].key && strcmp(m->slots[i].key, key) != 0)
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

muni_status muni__textmap_put(muni__textmap *m, const char *key, int64_t value) {
    if (2 * m->n >= m->cap) {
        muni__textmap bigger = { m->mem, NULL, m->n, m->cap ? 2 * m->cap : 64 };
        bigger.slots = muni__arena_alloc(m->mem, bigger.cap * sizeof *bigger.slots);
        if (!bigger.slots)
            return MUNI_ENOMEM;
        for (size_t i = 0; i < m->cap; i++)
            if (m->slots[i].key)
                *slot_of(&bigger, m->slots[i].key) = m->slots[i];
        *m = bigger;
    }
    struct muni__textmap_slot *s = slot_of(m, key);
    if (!s->key)
        m->n++;
    s->key = key;
    s->value = value;
    return MUNI_OK;
}

const int64_t *muni__textmap_get(const muni__textmap *m, const char *key) {
    struct muni__textmap_slot *s = m->cap ? slot_of(m, key) : NULL;
    return s && s->key ? &s->value : NULL;
}

/* ---- findings */

void muni__findings_free(muni__findings *f) {
    muni__free(f->list);
    *f = (muni__findings){ .mem = f->mem };
}

static int by_place(const void *a, const void *b) {
    const muni__finding *x = a, *y = b;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    if (x->record != y->record)
        return x->record < y->record ? -1 : 1;
    if (x->column != y->column)
        return x->column < y->column ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

void muni__findings_sort(muni__findings *f) {
    if (f->n)
        qsort(f->list, f->n, sizeof *f->list, by_place);
    memset(f->counts, 0, sizeof f->counts);
    for (size_t i = 0; i < f->n; i++)
        f->counts[muni__finding_defs[f->list[i].code].severity]++;
}

static muni_status stop_scan(void *user, const muni__pii_finding *f) {
    (void)f;
    *(bool *)user = true;
    return MUNI_OK;
}

/* May the value be shown? Not where the field is personal, nor anything that may be an individual number in the wrong column. */
static muni_status showable(const char *p, bool *yes) {
    bool found = false;
    muni_status st = muni__pii_scan(p, strlen(p), stop_scan, &found);
    *yes = !found;
    return st;
}

typedef struct note {
    int32_t code, column;
    const char *before, *after; /* may be NULL */
    int64_t earlier;            /* line of another row; 0: none */
} note;

static muni_status tell(muni__reading *r, int which, const muni__srow *row, const note *n) {
    const muni__finding_def *def = &muni__finding_defs[n->code];
    const char *before = n->before, *after = n->after;
    muni__quoted q1, q2;
    bool ok = true;
    muni__buf en = MUNI_BUF_INIT(4000), ja = MUNI_BUF_INIT(4000);
    muni_status st;
    if (before) {
        MUNI_TRY(showable(before, &ok));
        if (!ok)
            before = NULL;
    }
    muni__buf_puts(&en, def->en);
    muni__buf_puts(&ja, def->ja);
    if (before && after) {
        muni__buf_printf(&en, " (\"%s\" → \"%s\")", muni__quote(&q1, before, strlen(before)), muni__quote(&q2, after, strlen(after)));
        muni__buf_printf(&ja, "（「%s」→「%s」）", q1.s, q2.s);
    } else if (before) {
        muni__buf_printf(&en, " (\"%s\")", muni__quote(&q1, before, strlen(before)));
        muni__buf_printf(&ja, "（「%s」）", q1.s);
    }
    if (n->earlier) {
        muni__buf_printf(&en, " (line %lld)", (long long)n->earlier);
        muni__buf_printf(&ja, "（%lld行目）", (long long)n->earlier);
    }
    MUNI_TRY(en.st);
    MUNI_TRY(ja.st);
    MUNI_TRY(muni__grow(&r->findings.list, &r->findings.cap, r->findings.n + 1, sizeof *r->findings.list));
    muni__finding f = { .code = n->code, .file = which, .record = row->record, .line = row->line, .column = n->column, .seq = r->findings.n };
    f.header = n->column >= 0 && (size_t)n->column < r->nheaders[which] ? r->headers[which][n->column] : NULL;
    f.en = muni__arena_strndup(&r->mem, en.p, en.n);
    f.ja = muni__arena_strndup(&r->mem, ja.p, ja.n);
    if (!f.en || !f.ja) {
        st = MUNI_ENOMEM;
        goto out;
    }
    r->findings.list[r->findings.n++] = f;
    st = MUNI_OK;
out:
    muni__buf_free(&en);
    muni__buf_free(&ja);
    return st;
}

/* ---- one cell */

typedef struct cell {
    muni__reading *r;
    int which;
    muni__srow *row;
    const muni__sheet *sheet;
    int32_t field, column;
    const char *p; /* the value as it is now, NUL-terminated */
    size_t n;
} cell;

static muni_status found(const cell *c, int32_t code, const char *before, const char *after) {
    bool personal = c->sheet->fields[c->field].personal;
    note n = { code, c->column, personal ? NULL : before, personal ? NULL : after, 0 };
    if (muni__finding_defs[code].severity == MUNI__REJECTED)
        c->row->rejected = true;
    return tell(c->r, c->which, c->row, &n);
}

static bool blank_char(uint32_t cp) {
    return cp == ' ' || cp == 0x3000 || cp == 0xa0 || cp == '\t' || cp == '\n' || cp == '\r';
}

static bool all_blank(const char *p, size_t n) {
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += muni__utf8_next(p + i, n - i, &cp);
        if (!blank_char(cp))
            return false;
    }
    return true;
}

/* Without the blanks at both ends. */
static void trim(const char **p, size_t *n) {
    size_t last = 0;
    bool first = true;
    const char *from = *p;
    for (size_t i = 0; i < *n;) {
        uint32_t cp;
        size_t len = muni__utf8_next(*p + i, *n - i, &cp);
        if (!blank_char(cp)) {
            if (first)
                from = *p + i;
            first = false;
            last = i + len;
        }
        i += len;
    }
    *n = first ? 0 : (size_t)(*p + last - from);
    *p = from;
}

static muni_status settle(cell *c, muni__buf *b) {
    if (b->st < 0)
        return b->st;
    char *copy = muni__arena_strndup(&c->r->mem, b->p ? b->p : "", b->n);
    if (!copy)
        return MUNI_ENOMEM;
    c->p = copy;
    c->n = b->n;
    return MUNI_OK;
}

/* ①, Ⅳ, ㈱, №, ℡, ㍻ …: what CP932 has in NEC's row 13 and JIS X 0208 has not. */
static bool beyond_jis(uint32_t cp) {
    return (cp >= 0x2460 && cp <= 0x2473) || (cp >= 0x2160 && cp <= 0x2179) || cp == 0x2116 || cp == 0x2121 || cp == 0x3231 || cp == 0x3232 || cp == 0x3239 ||
           (cp >= 0x32a4 && cp <= 0x32a8) || cp == 0x32ff || (cp >= 0x3300 && cp <= 0x33ff);
}

static bool user_defined(uint32_t cp) {
    return (cp >= 0xe000 && cp <= 0xf8ff) || cp >= 0xf0000;
}

static bool control_char(uint32_t cp) {
    return (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || cp == 0x7f;
}

/* What every text may hold, wherever it stands. */
static muni_status look_through(cell *c) {
    muni__form form = c->sheet->fields[c->field].form;
    bool geta = false, user = false, lost = false, replaced = false, circled = false, wave = false, tilde = false, line = false, tab = false, control = false, quote = false;
    bool formula = (form == MUNI__AS_TEXT || form == MUNI__AS_NOTE || form == MUNI__AS_NAME) && muni__csv_is_formula(c->p, c->n);
    muni__buf b = MUNI_BUF_INIT((size_t)8 << 20);
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < c->n;) {
        uint32_t cp;
        size_t len = muni__utf8_next(c->p + i, c->n - i, &cp);
        geta |= cp == 0x3013;
        user |= user_defined(cp);
        lost |= cp == '?' || cp == 0xff1f;
        replaced |= cp == 0xfffd;
        circled |= beyond_jis(cp);
        wave |= cp == 0x301c;
        tilde |= cp == 0xff5e;
        line |= cp == '\n' || cp == '\r';
        tab |= cp == '\t';
        quote |= cp == '"';
        control |= control_char(cp);
        i += len;
    }
    const struct {
        bool is;
        int32_t code;
    } codes[] = {
        { geta && form == MUNI__AS_NAME, MUNI__FINDING_NAME_GETA },
        { geta && form != MUNI__AS_NAME, MUNI__FINDING_GETA_CHARACTER },
        { user, MUNI__FINDING_USER_CHARACTER },
        { (lost || replaced) && form == MUNI__AS_NAME, MUNI__FINDING_NAME_LOST_CHAR },
        { replaced && form != MUNI__AS_NAME, MUNI__FINDING_REPLACEMENT_CHARACTER },
        { circled, MUNI__FINDING_CIRCLED_DIGIT },
        { wave, MUNI__FINDING_WAVE_DASH_301C },
        { tilde, MUNI__FINDING_WAVE_DASH_FF5E },
        { line, MUNI__FINDING_NEWLINE_IN_FIELD },
        { tab, MUNI__FINDING_TAB_IN_FIELD },
        { control, MUNI__FINDING_CONTROL_IN_FIELD },
        { formula, MUNI__FINDING_FORMULA_INJECTION },
        { quote && !formula, MUNI__FINDING_QUOTE_IN_FIELD }, /* of a formula it is a part */
    };
    for (size_t i = 0; i < MUNI_COUNT(codes); i++)
        if (codes[i].is)
            MUNI_TRY(found(c, codes[i].code, NULL, NULL));
    if (control || line || tab) {
        for (size_t i = 0; i < c->n;) {
            uint32_t cp;
            size_t len = muni__utf8_next(c->p + i, c->n - i, &cp);
            if ((cp == '\n' || cp == '\r' || cp == '\t') && form != MUNI__AS_NOTE)
                muni__buf_putc(&b, ' '); /* a field of one line */
            else if (!control_char(cp))
                muni__buf_put(&b, c->p + i, len);
            i += len;
        }
        MUNI_TRY(settle(c, &b));
    }
out:
    muni__buf_free(&b);
    return st;
}

static muni_status mask_numbers(cell *c) {
    char *masked = NULL;
    size_t n = 0, count = 0, doubtful = 0;
    muni_status st = muni__pii_mask(c->p, c->n, &masked, &n, &count, &doubtful);
    if (st >= 0 && masked) {
        c->p = muni__arena_strndup(&c->r->mem, masked, n);
        c->n = n;
        st = c->p ? found(c, MUNI__FINDING_MYNUMBER_IN_NOTE, NULL, NULL) : MUNI_ENOMEM;
    }
    if (st >= 0 && doubtful)
        st = found(c, MUNI__FINDING_MYNUMBER_SUSPECTED, NULL, NULL);
    muni__free(masked);
    return st;
}

/* Digits: stripped, half-width, of the declared width. */
static muni_status take_number(cell *c) {
    bool wide = false, digits = true;
    const char *raw = c->p, *p = c->p;
    size_t n = c->n, width = (size_t)c->sheet->width[c->field];
    muni__buf b = MUNI_BUF_INIT((size_t)8 << 20);
    muni_status st;
    trim(&p, &n);
    bool spaces = n != c->n;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t len = muni__utf8_next(p + i, n - i, &cp);
        if (cp >= 0xff10 && cp <= 0xff19) {
            wide = true;
            muni__buf_putc(&b, (char)('0' + (cp - 0xff10)));
        } else {
            digits = digits && cp >= '0' && cp <= '9';
            if (cp >= 0x20 && cp != 0x7f)
                muni__buf_put(&b, p + i, len);
        }
        i += len;
    }
    bool staff = c->which == MUNI__PEOPLE && c->field == MUNI__SP_STAFF_NO;
    bool unit = c->which == MUNI__UNITS || c->field == MUNI__SP_UNIT;
    size_t have = b.n;
    MUNI_TRY(b.st);
    if (width && digits && have < width) { /* in front of what is there */
        char zeros[16] = { 0 };
        memset(zeros, '0', width - have);
        muni__buf whole = MUNI_BUF_INIT(64);
        muni__buf_put(&whole, zeros, width - have);
        muni__buf_put(&whole, b.p ? b.p : "", have);
        st = settle(c, &whole);
        muni__buf_free(&whole);
        MUNI_TRY(st);
    } else {
        MUNI_TRY(settle(c, &b));
    }
    if (spaces)
        MUNI_TRY(found(c, MUNI__FINDING_NUMBER_SPACES, raw, c->p));
    if (wide)
        MUNI_TRY(found(c, MUNI__FINDING_NUMBER_FULLWIDTH, raw, c->p));
    if (width && digits && have < width)
        MUNI_TRY(found(c, unit ? MUNI__FINDING_UNIT_ZERO_DROPPED : MUNI__FINDING_ZERO_DROPPED, raw, c->p));
    if ((width && (!digits || have > width) && (staff || c->which == MUNI__UNITS)) || muni__utf8_length(c->p, c->n) > 16)
        MUNI_TRY(found(c, MUNI__FINDING_NUMBER_INVALID, NULL, NULL));
out:
    muni__buf_free(&b);
    return st;
}

/* Family and given name, one full-width blank between them. */
static muni_status take_name(cell *c) {
    const char *p = c->p;
    size_t n = c->n;
    bool gap = false, half = false, parted = false;
    muni__buf b = MUNI_BUF_INIT((size_t)8 << 20);
    muni_status st;
    trim(&p, &n);
    bool trimmed = n != c->n;
    uint32_t before = 0;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t len = muni__utf8_next(p + i, n - i, &cp);
        if (blank_char(cp)) {
            half |= cp != 0x3000 || blank_char(before);
            if (!gap)
                muni__buf_puts(&b, "\xe3\x80\x80");
            gap = parted = true;
        } else {
            gap = false;
            muni__buf_put(&b, p + i, len);
        }
        before = cp;
        i += len;
    }
    MUNI_TRY(settle(c, &b));
    if (trimmed)
        MUNI_TRY(found(c, MUNI__FINDING_NAME_TRAILING_SPACE, NULL, NULL));
    if (half)
        MUNI_TRY(found(c, MUNI__FINDING_NAME_HALF_SPACE, NULL, NULL));
    if (!parted)
        MUNI_TRY(found(c, MUNI__FINDING_NAME_NO_SPACE, NULL, NULL));
out:
    muni__buf_free(&b);
    return st;
}

/* A full-width katakana as half-width, marks behind it: at most two characters. 0 where there is none. */
static size_t narrow(uint32_t cp, uint32_t half[2]) {
    int mark = 0;
    uint32_t base = muni__kana_unvoice(muni__kana_katakana(cp), &mark);
    for (int twice = 0; twice < 2; twice++) {
        for (uint32_t h = 0xff61; h <= 0xff9d; h++)
            if (muni__kana_wide(h) == base) {
                half[0] = h;
                half[1] = mark == 2 ? 0xff9f : 0xff9e;
                return mark ? 2 : 1;
            }
        base = muni__kana_large(base); /* ヵ ヶ ヮ have no small half-width form */
    }
    return 0;
}

static bool half_kana(uint32_t cp) {
    return cp >= 0xff66 && cp <= 0xff9f;
}

static bool hyphen(uint32_t cp) {
    return cp == '-' || (cp >= 0x2010 && cp <= 0x2015) || cp == 0x2212 || cp == 0xff0d;
}

/* ｷﾖｳ, ｼﾕﾝ, ﾊﾂﾄﾘ: small kana written large, as old systems do. Only what hardly ever is meant: ﾏﾂﾀﾞ and ﾕｷ stay unsuspected. */
static bool large_for_small(const char *p, size_t n) {
    static const char *const words[] = { "ﾊﾂﾄﾘ", "ﾎﾂﾀ", "ﾆﾂﾀ", "ﾊﾂﾀ" };
    uint32_t w[4] = { 0, 0, 0, 0 }; /* the last four, marks left out of the first three */
    for (size_t i = 0; i < MUNI_COUNT(words); i++) {
        size_t len = strlen(words[i]);
        if (n >= len && !memcmp(p, words[i], len) && (n == len || p[len] == ' ' || i == 0))
            return true;
    }
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += muni__utf8_next(p + i, n - i, &cp);
        if (cp == 0xff9f && w[2] == 0xff82) /* ﾂ before ﾊﾟ ﾋﾟ ﾌﾟ ﾍﾟ ﾎﾟ */
            return true;
        if (cp == 0xff9e || cp == 0xff9f)
            continue;
        w[0] = w[1];
        w[1] = w[2];
        w[2] = w[3];
        w[3] = cp;
        bool i_row = w[1] == 0xff77 || w[1] == 0xff7c || w[1] == 0xff81 || w[1] == 0xff86 || w[1] == 0xff8b || w[1] == 0xff98; /* ｷｼﾁﾆﾋﾘ */
        bool ya_row = w[2] >= 0xff94 && w[2] <= 0xff96;                                                                        /* ﾔﾕﾖ */
        if (i_row && ya_row && (cp == 0xff73 || cp == 0xff9d || cp == 0xff70)) /* ｳ ﾝ ｰ */
            return true;
    }
    return false;
}

static void put_char(muni__buf *b, uint32_t cp) {
    char u[4];
    muni__buf_put(b, u, muni__utf8_put(cp, u));
}

static muni_status take_kana(cell *c) {
    const char *p = c->p;
    size_t n = c->n;
    bool wide = false, dash = false;
    uint32_t before = 0;
    muni__buf b = MUNI_BUF_INIT((size_t)16 << 20);
    muni_status st;
    trim(&p, &n);
    for (size_t i = 0; i < n;) {
        uint32_t cp, half[2];
        size_t count;
        i += muni__utf8_next(p + i, n - i, &cp);
        if (blank_char(cp)) {
            wide |= cp != ' ';
            if (before != ' ')
                muni__buf_putc(&b, ' ');
            before = ' ';
        } else if (hyphen(cp) && half_kana(before)) {
            dash = true;
            put_char(&b, before = 0xff70);
        } else if (!half_kana(cp) && muni__kana_is(muni__kana_katakana(cp)) && (count = narrow(cp, half)) > 0) {
            wide = true;
            for (size_t k = 0; k < count; k++)
                put_char(&b, half[k]);
            before = half[count - 1];
        } else {
            put_char(&b, before = cp);
        }
    }
    MUNI_TRY(settle(c, &b));
    if (wide)
        MUNI_TRY(found(c, MUNI__FINDING_KANA_FULLWIDTH, NULL, NULL));
    if (dash)
        MUNI_TRY(found(c, MUNI__FINDING_KANA_HYPHEN, NULL, NULL));
    if (large_for_small(c->p, c->n))
        MUNI_TRY(found(c, MUNI__FINDING_KANA_BIG_FOR_SMALL, NULL, NULL));
out:
    muni__buf_free(&b);
    return st;
}

static muni_status take_mail(cell *c) {
    const char *p = c->p;
    size_t n = c->n, at = 0, ats = 0;
    bool wide = false, good = true;
    muni__buf b = MUNI_BUF_INIT((size_t)8 << 20);
    muni_status st;
    trim(&p, &n);
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += muni__utf8_next(p + i, n - i, &cp);
        if (cp >= 0xff01 && cp <= 0xff5e) {
            wide = true;
            cp -= 0xfee0;
        }
        if (cp == '@') {
            ats++;
            at = b.n;
        }
        good = good && cp > 0x20 && cp < 0x7f && !strchr("()<>[]:;,\\\"", (int)cp);
        put_char(&b, cp);
    }
    MUNI_TRY(settle(c, &b));
    if (wide)
        MUNI_TRY(found(c, MUNI__FINDING_MAIL_BAD, NULL, NULL));
    if (!good || ats != 1 || at == 0 || at + 1 == c->n || c->p[at + 1] == '.' || c->p[c->n - 1] == '.')
        MUNI_TRY(found(c, MUNI__FINDING_MAIL_INVALID, NULL, NULL));
out:
    muni__buf_free(&b);
    return st;
}

static int32_t style_code(int32_t style) {
    switch (style) {
    case MUNI__STYLE_UNPADDED: return MUNI__FINDING_DATE_UNPADDED;
    case MUNI__STYLE_COMPACT: return MUNI__FINDING_DATE_COMPACT;
    case MUNI__STYLE_KANJI: return MUNI__FINDING_DATE_KANJI;
    case MUNI__STYLE_FULLWIDTH: return MUNI__FINDING_DATE_FULLWIDTH;
    case MUNI__STYLE_NUMERALS: return MUNI__FINDING_DATE_NUMERALS;
    case MUNI__STYLE_WAREKI_SHORT: return MUNI__FINDING_DATE_WAREKI_SHORT;
    case MUNI__STYLE_WAREKI_COMPACT: return MUNI__FINDING_DATE_WAREKI_COMPACT;
    case MUNI__STYLE_WAREKI_TABLE: return MUNI__FINDING_DATE_WAREKI_TABLE;
    case MUNI__STYLE_WAREKI_KANJI: return MUNI__FINDING_DATE_WAREKI_KANJI;
    case MUNI__STYLE_WAREKI_FULLWIDTH: return MUNI__FINDING_DATE_WAREKI_FULLWIDTH;
    case MUNI__STYLE_WAREKI_NUMERALS: return MUNI__FINDING_DATE_WAREKI_NUMERALS;
    case MUNI__STYLE_WAREKI_NO_ERA: return MUNI__FINDING_DATE_WAREKI_NO_ERA;
    case MUNI__STYLE_CODE7: return MUNI__FINDING_DATE_WAREKI_CODE7;
    case MUNI__STYLE_EXCEL_SERIAL: return MUNI__FINDING_DATE_EXCEL_SERIAL;
    default: return MUNI__FINDING_DATE_STYLE;
    }
}

static muni_status take_date(cell *c) {
    muni__date_options o = { true, c->sheet->era[c->field] };
    muni__date_result d = { 0, 0, 0 };
    const char *raw = c->p;
    char iso[MUNI__DATE_SIZE];
    muni_status st = muni__date_parse(c->p, c->n, NULL, &o, &d);
    if (st == MUNI_ENOMEM)
        return st;
    if (st < 0) {
        muni__error_clear();
        c->n = 0;
        return found(c, MUNI__FINDING_DATE_INVALID, raw, NULL);
    }
    muni__date_format_iso(d.day, iso);
    c->row->day[c->field] = d.day;
    if (!(c->p = muni__arena_strndup(&c->r->mem, iso, 10)))
        return MUNI_ENOMEM;
    c->n = 10;
    if (!(c->sheet->styles[c->field] & 1u << d.style))
        MUNI_TRY(found(c, style_code(d.style), raw, c->p));
    if (d.flags & MUNI__DATE_AFTER_ERA_END)
        MUNI_TRY(found(c, MUNI__FINDING_DATE_AFTER_ERA_END, NULL, NULL));
    st = MUNI_OK;
out:
    return st;
}

static bool listed(const char *const *list, const char *key) {
    for (; list && *list; list++)
        if (!strcmp(*list, key))
            return true;
    return false;
}

static muni_status take_meaning(cell *c) {
    char *key = NULL;
    size_t n = 0;
    muni_status st = muni__idkey(c->p, c->n, &key, &n);
    if (st < 0)
        return st;
    if (listed(c->r->profile->concurrents, key))
        c->row->concurrent = true;
    else if (!listed(c->r->profile->mains, key))
        st = found(c, MUNI__FINDING_VALUE_UNKNOWN, c->p, NULL);
    muni__free(key);
    return st;
}

static muni_status take_int(cell *c) {
    muni__buf b = MUNI_BUF_INIT(64);
    const char *p = c->p;
    size_t n = c->n;
    bool good = true;
    muni_status st;
    trim(&p, &n);
    for (size_t i = 0; i < n && good;) {
        uint32_t cp;
        i += muni__utf8_next(p + i, n - i, &cp);
        if (cp >= 0xff10 && cp <= 0xff19)
            cp -= 0xff10 - '0';
        good = cp >= '0' && cp <= '9' && b.n < 15;
        if (good)
            muni__buf_putc(&b, (char)cp);
    }
    if (good) {
        st = settle(c, &b);
    } else {
        c->n = 0;
        st = found(c, MUNI__FINDING_NUMBER_INVALID, NULL, NULL);
    }
    muni__buf_free(&b);
    return st;
}

static size_t longest(const muni__sheet_field *f) {
    const muni__kind *kind = f->kind ? muni__kind_find(f->kind) : NULL;
    int32_t at = kind ? muni__field_find(kind, f->name) : -1;
    return at >= 0 && kind->fields[at].max ? (size_t)kind->fields[at].max : 1000;
}

static muni_status take_cell(cell *c) {
    const muni__sheet_field *f = &c->sheet->fields[c->field];
    muni_status st;
    c->row->column[c->field] = c->column;
    if (!c->n || all_blank(c->p, c->n))
        return MUNI_OK;
    bool free_text = f->form == MUNI__AS_TEXT || f->form == MUNI__AS_NOTE || f->form == MUNI__AS_NAME || f->form == MUNI__AS_KANA || f->form == MUNI__AS_MAIL;
    if (!(c->p = muni__arena_strndup(&c->r->mem, c->p, c->n)))
        return MUNI_ENOMEM;
    if (free_text) { /* before anything else sees it */
        MUNI_TRY(mask_numbers(c));
        MUNI_TRY(look_through(c));
        if (!c->n || all_blank(c->p, c->n))
            return MUNI_OK;
    }
    switch (f->form) {
    case MUNI__AS_NUMBER: st = take_number(c); break;
    case MUNI__AS_NAME: st = take_name(c); break;
    case MUNI__AS_KANA: st = take_kana(c); break;
    case MUNI__AS_DATE: st = take_date(c); break;
    case MUNI__AS_MAIL: st = take_mail(c); break;
    case MUNI__AS_MEANING: st = take_meaning(c); break;
    case MUNI__AS_INT: st = take_int(c); break;
    case MUNI__AS_TEXT:
    case MUNI__AS_NOTE: st = MUNI_OK; break;
    }
    MUNI_TRY(st);
    if (!c->n)
        return MUNI_OK;
    if (free_text && muni__utf8_length(c->p, c->n) > longest(f))
        MUNI_TRY(found(c, MUNI__FINDING_VALUE_TOO_LONG, NULL, NULL));
    c->row->v[c->field] = c->p;
    st = MUNI_OK;
out:
    return st;
}

/* ---- one row */

static muni_status about_row(muni__reading *r, int which, const muni__srow *row, int32_t code) {
    note n = { code, -1, NULL, NULL, 0 };
    return tell(r, which, row, &n);
}

static muni_status about_field(muni__reading *r, int which, muni__srow *row, int32_t code, int32_t field, int64_t earlier, const char *before) {
    note n = { code, row->column[field], before, NULL, earlier };
    if (muni__finding_defs[code].severity == MUNI__REJECTED)
        row->rejected = true;
    return tell(r, which, row, &n);
}

static muni_status keep(muni__reading *r, int which, muni__srow *row) {
    if (r->nrows[which] >= ROWS_MAX)
        return muni__fail(MUNI_ELIMIT, NULL, "the file has more than %d rows", "行数が%dを超えています", ROWS_MAX);
    muni_status st = muni__grow(&r->rows[which], &r->cap[which], r->nrows[which] + 1, sizeof *r->rows[which]);
    if (st >= 0)
        r->rows[which][r->nrows[which]++] = row;
    return st;
}

static muni_status make_key(muni__reading *r, muni__srow *row, int32_t field) {
    char *key = NULL;
    size_t n = 0;
    if (!row->v[field])
        return MUNI_OK;
    muni_status st = muni__idkey(row->v[field], strlen(row->v[field]), &key, &n);
    if (st >= 0 && n && !(row->key = muni__arena_strndup(&r->mem, key, n)))
        st = MUNI_ENOMEM;
    muni__free(key);
    return st;
}

static muni_status check_unit_row(muni__reading *r, muni__srow *row) {
    muni_status st = MUNI_OK;
    if (row->v[MUNI__SU_FROM_ON] && row->v[MUNI__SU_TO_ON] && row->day[MUNI__SU_TO_ON] < row->day[MUNI__SU_FROM_ON])
        st = about_field(r, MUNI__UNITS, row, MUNI__FINDING_PERIOD_REVERSED, MUNI__SU_TO_ON, 0, NULL);
    return st;
}

static muni_status check_person_row(muni__reading *r, muni__srow *row) {
    if (row->v[MUNI__SP_RETIRED_ON] && row->v[MUNI__SP_HIRED_ON] && row->day[MUNI__SP_RETIRED_ON] < row->day[MUNI__SP_HIRED_ON])
        return about_field(r, MUNI__PEOPLE, row, MUNI__FINDING_RETIRE_BEFORE_HIRE, MUNI__SP_RETIRED_ON, 0, NULL);
    return MUNI_OK;
}

static muni_status take_row(muni__reading *r, int which, const muni__csv_record *rec, const int32_t *map) {
    const muni__sheet *sheet = &r->profile->sheets[which];
    size_t columns = r->nheaders[which];
    muni__srow *row = muni__arena_alloc(&r->mem, sizeof *row);
    bool known_invalid[MUNI__SHEET_FIELDS] = { false };
    muni_status st;
    if (!row)
        return MUNI_ENOMEM;
    row->record = rec->number;
    row->line = rec->line;
    for (int32_t i = 0; i < MUNI__SHEET_FIELDS; i++)
        row->column[i] = -1;
    bool misshapen = rec->count != columns;
    for (size_t i = 0; i < columns; i++) {
        int32_t field = map[i] < 0 ? -1 : sheet->columns[map[i]].field;
        bool number = field == (which == MUNI__PEOPLE ? (int32_t)MUNI__SP_STAFF_NO : (int32_t)MUNI__SU_CODE);
        if (field < 0 || i >= rec->count || (misshapen && !number))
            continue;
        cell c = { r, which, row, sheet, field, (int32_t)i, rec->fields[i].p, rec->fields[i].n };
        bool before = row->rejected;
        row->rejected = false;
        MUNI_TRY(take_cell(&c));
        known_invalid[field] = row->rejected;
        row->rejected = row->rejected || before;
    }
    MUNI_TRY(make_key(r, row, which == MUNI__PEOPLE ? (int32_t)MUNI__SP_STAFF_NO : (int32_t)MUNI__SU_CODE));
    if (misshapen) {
        row->misshapen = row->rejected = true;
        MUNI_TRY(about_row(r, which, row, rec->count < columns ? MUNI__FINDING_TOO_FEW_COLUMNS : MUNI__FINDING_TOO_MANY_COLUMNS));
        return keep(r, which, row);
    }
    for (int32_t i = 0; i < sheet->nfields; i++)
        if (sheet->fields[i].required && !row->v[i] && !known_invalid[i]) {
            bool number = which == MUNI__PEOPLE && i == MUNI__SP_STAFF_NO;
            MUNI_TRY(about_field(r, which, row, number ? MUNI__FINDING_NUMBER_BLANK : MUNI__FINDING_VALUE_MISSING, i, 0, NULL));
        }
    MUNI_TRY(which == MUNI__PEOPLE ? check_person_row(r, row) : check_unit_row(r, row));
    return keep(r, which, row);
out:
    return st;
}

/* Rows that hold nobody: blank, the header again, totals. */
static muni_status sort_out(muni__reading *r, int which, const muni__csv_record *rec, bool *taken) {
    const muni__sheet *sheet = &r->profile->sheets[which];
    muni__srow at = { .record = rec->number, .line = rec->line };
    char *key = NULL;
    size_t n = 0;
    bool blank = rec->blank, header = rec->count == r->nheaders[which];
    *taken = true;
    if (!blank) {
        blank = true;
        for (size_t i = 0; i < rec->count && blank; i++)
            blank = all_blank(rec->fields[i].p, rec->fields[i].n);
    }
    if (blank)
        return about_row(r, which, &at, MUNI__FINDING_BLANK_ROW);
    for (size_t i = 0; i < rec->count && header; i++)
        header = !strcmp(rec->fields[i].p, r->headers[which][i]);
    if (header)
        return about_row(r, which, &at, MUNI__FINDING_HEADER_REPEATED);
    muni_status st = muni__idkey(rec->fields[0].p, rec->fields[0].n, &key, &n);
    if (st < 0)
        return st;
    bool footer = listed(sheet->footers, key);
    muni__free(key);
    if (footer)
        return about_row(r, which, &at, MUNI__FINDING_FOOTER_ROW);
    *taken = false;
    return MUNI_OK;
}

/* ---- one file */

void muni__reading_init(muni__reading *r, const muni__profile *profile, muni_progress_fn progress, void *user) {
    *r = (muni__reading){ .profile = profile, .progress = progress, .user = user };
    r->findings.mem = &r->mem;
}

void muni__reading_free(muni__reading *r) {
    muni__findings_free(&r->findings);
    muni__free(r->rows[0]);
    muni__free(r->rows[1]);
    muni__arena_free(&r->mem);
    *r = (muni__reading){ .profile = NULL };
}

static muni_status read_header(muni__reading *r, int which, muni__csv *csv, int32_t **map) {
    const muni__sheet *sheet = &r->profile->sheets[which];
    muni__csv_column columns[MUNI__SHEET_COLUMNS];
    muni__csv_record rec;
    muni_status st = muni__csv_next(csv, &rec);
    if (st < 0)
        return st;
    if (st == MUNI_OK)
        return muni__fail(MUNI_EFORMAT, NULL, "the file is empty; its first row must be the header", "ファイルが空です。1行目に見出しが必要です");
    for (size_t i = 0; i < sheet->ncolumns; i++)
        columns[i] = (muni__csv_column){ sheet->columns[i].header, NULL, sheet->columns[i].field >= 0 };
    st = muni__csv_match(&rec, columns, sheet->ncolumns, 0, map);
    for (size_t i = 0; st >= 0 && i < rec.count; i++)
        if (!(r->headers[which][i] = muni__arena_strndup(&r->mem, rec.fields[i].p, rec.fields[i].n)))
            st = MUNI_ENOMEM;
    if (st >= 0)
        r->nheaders[which] = rec.count;
    return st;
}

static muni_status read_records(muni__reading *r, int which, muni__csv *csv, const int32_t *map) {
    muni__csv_record rec;
    muni_status st;
    while ((st = muni__csv_next(csv, &rec)) == MUNI_ROW) {
        bool taken = false;
        r->records[which]++;
        if (r->progress && r->records[which] % TELL_EVERY == 1 && r->progress(r->records[which], 0, "read", r->user))
            return muni__fail(MUNI_ECANCELLED, NULL, "cancelled while reading", "読込み中に取り消されました");
        st = sort_out(r, which, &rec, &taken);
        if (st >= 0 && !taken)
            st = take_row(r, which, &rec, map);
        if (st < 0)
            return st;
    }
    return st;
}

/* Say which file, and call what is wrong with its header a matter of format. */
static muni_status of_file(muni_status st, const char *name) {
    muni__error why;
    if (st >= 0 || st == MUNI_ENOMEM || st == MUNI_ECANCELLED)
        return st;
    muni__error_save(&why);
    if (st == MUNI_EFIELD || st == MUNI_EREQUIRED)
        st = MUNI_EFORMAT;
    muni__quoted q;
    muni__fail(st, *why.field ? why.field : NULL, "%s%.0s (%s)", "%.0s%s（%s）", why.en, why.ja, muni__quote(&q, name, strlen(name)));
    muni__fail_place(NULL, why.line, 0);
    return st;
}

muni_status muni__reading_file(muni__reading *r, int which, const char *path, muni__charset charset, const muni__source *source) {
    muni__csv_options o = { .charset = charset };
    muni__csv *csv = NULL;
    int32_t *map = NULL;
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t bad = 0;
    muni_status st;
    if (!muni__utf8_valid(name, strlen(name), &bad)) /* file names are bytes */
        name = which == MUNI__PEOPLE ? "people" : "units";
    if (!(r->names[which] = muni__arena_strndup(&r->mem, name, strlen(name))))
        return MUNI_ENOMEM;
    MUNI_TRY(muni__csv_open(source, &o, &csv));
    r->charset[which] = muni__csv_charset(csv);
    MUNI_TRY(read_header(r, which, csv, &map));
    MUNI_TRY(read_records(r, which, csv, map));
out:
    muni__csv_close(csv);
    muni__free(map);
    return of_file(st, name);
}

/* ---- what is seen only when everything is read */

static bool same_row(const muni__srow *a, const muni__srow *b) {
    if (a->concurrent != b->concurrent || a->misshapen != b->misshapen)
        return false;
    for (int i = 0; i < MUNI__SHEET_FIELDS; i++)
        if (!a->v[i] != !b->v[i] || (a->v[i] && strcmp(a->v[i], b->v[i]) != 0))
            return false;
    return true;
}

static int by_key(const void *a, const void *b) {
    const muni__srow *x = *(muni__srow *const *)a, *y = *(muni__srow *const *)b;
    int d = strcmp(x->key ? x->key : "", y->key ? y->key : "");
    return d ? d : x->record < y->record ? -1 : x->record > y->record;
}

/* A copy of the rows of a file that have a key, in the order of the keys. */
static muni_status keyed(muni__reading *r, int which, muni__srow ***out, size_t *count) {
    size_t n = 0;
    muni__srow **list = muni__arena_alloc(&r->mem, (r->nrows[which] + 1) * sizeof *list);
    if (!list)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < r->nrows[which]; i++)
        if (r->rows[which][i]->key)
            list[n++] = r->rows[which][i];
    if (n)
        qsort(list, n, sizeof *list, by_key);
    *out = list;
    *count = n;
    return MUNI_OK;
}

/* Would both bear the code on some day? Rows without readable days are told apart by nothing. */
static bool at_once(const muni__srow *a, const muni__srow *b) {
    int32_t a_from = a->day[MUNI__SU_FROM_ON], b_from = b->day[MUNI__SU_FROM_ON];
    if (a_from == b_from || a->rejected || b->rejected)
        return a_from == b_from;
    int32_t a_to = a->v[MUNI__SU_TO_ON] ? a->day[MUNI__SU_TO_ON] : MUNI__DAY_MAX, b_to = b->v[MUNI__SU_TO_ON] ? b->day[MUNI__SU_TO_ON] : MUNI__DAY_MAX;
    return a_from <= b_to && b_from <= a_to;
}

muni_status muni__reading_judge_units(muni__reading *r) {
    muni__srow **list = NULL;
    size_t n = 0;
    muni_status st = keyed(r, MUNI__UNITS, &list, &n);
    for (size_t i = 0; st >= 0 && i < n; i++)
        for (size_t k = i; st >= 0 && k-- > 0 && !strcmp(list[k]->key, list[i]->key);) {
            muni__srow *a = list[k], *b = list[i];
            if (a->skipped || a->misshapen || b->misshapen || !at_once(a, b))
                continue;
            if (same_row(a, b)) {
                b->skipped = true;
                st = about_field(r, MUNI__UNITS, b, MUNI__FINDING_DUPLICATE_EXACT, MUNI__SU_CODE, a->line, NULL);
                break;
            }
            a->held = true;
            st = about_field(r, MUNI__UNITS, b, MUNI__FINDING_DUPLICATE_CONFLICT, MUNI__SU_CODE, a->line, NULL);
        }
    return st;
}

static int by_code(const void *a, const void *b) {
    const muni__unit_view *x = a, *y = b;
    int d = strcmp(x->code, y->code);
    return d ? d : x->from < y->from ? -1 : x->from > y->from;
}

/* The unit of a code on a day; else, whether there ever was one by then. */
static const muni__unit_view *unit_on(const muni__unit_view *units, size_t n, const char *code, int32_t day, bool *past) {
    size_t lo = 0, hi = n;
    *past = false;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (strcmp(units[mid].code, code) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < n && !strcmp(units[lo].code, code); lo++) {
        if (units[lo].from <= day && day <= units[lo].to)
            return &units[lo];
        *past = *past || units[lo].to < day;
    }
    return NULL;
}

static muni_status same_text(const char *a, const char *b, bool *same) {
    char *x = NULL, *y = NULL;
    size_t xn = 0, yn = 0;
    muni_status st = muni__textkey(a, strlen(a), &x, &xn);
    if (st >= 0)
        st = muni__textkey(b, strlen(b), &y, &yn);
    *same = st >= 0 && xn == yn && !memcmp(x, y, xn);
    muni__free(x);
    muni__free(y);
    return st;
}

static muni_status fold_code(muni__reading *r, const char *p, const char **out) {
    char *key = NULL;
    size_t n = 0;
    muni_status st = muni__idkey(p, strlen(p), &key, &n);
    if (st >= 0 && !(*out = muni__arena_strndup(&r->mem, key, n)))
        st = MUNI_ENOMEM;
    muni__free(key);
    return st;
}

/* The unit is that of the code on the day of which the file speaks; of who has left before, on the last day; of an order to come, on its day. */
static muni_status find_unit(muni__reading *r, muni__srow *row, const muni__unit_view *units, size_t n, int32_t on) {
    const char *code = NULL;
    bool past, same = false;
    int32_t day = on;
    muni_status st;
    if (row->rejected)
        day = on; /* its dates may be what is wrong */
    else if (row->v[MUNI__SP_RETIRED_ON] && row->day[MUNI__SP_RETIRED_ON] < on)
        day = row->day[MUNI__SP_RETIRED_ON];
    else if (row->v[MUNI__SP_FROM_ON] && row->day[MUNI__SP_FROM_ON] > on)
        day = row->day[MUNI__SP_FROM_ON];
    if (!row->v[MUNI__SP_UNIT])
        return MUNI_OK;
    MUNI_TRY(fold_code(r, row->v[MUNI__SP_UNIT], &code));
    const muni__unit_view *u = unit_on(units, n, code, day, &past);
    if (!u)
        return about_field(r, MUNI__PEOPLE, row, past ? MUNI__FINDING_UNIT_ABOLISHED : MUNI__FINDING_UNIT_UNKNOWN, MUNI__SP_UNIT, 0, row->v[MUNI__SP_UNIT]);
    row->unit = u->ref;
    row->unit_from = u->from;
    const char *name = row->v[MUNI__SP_UNIT_NAME];
    if (!name)
        return MUNI_OK;
    if (u->full_name)
        MUNI_TRY(same_text(name, u->full_name, &same));
    if (!same && u->name)
        MUNI_TRY(same_text(name, u->name, &same));
    if (!same)
        MUNI_TRY(about_field(r, MUNI__PEOPLE, row, MUNI__FINDING_UNIT_NAME_MISMATCH, MUNI__SP_UNIT_NAME, 0, name));
    st = MUNI_OK;
out:
    return st;
}

/* Dates after the day of which the file speaks: not of retirement or the end of a term, which lie ahead by nature. */
static muni_status look_ahead(muni__reading *r, muni__srow *row, int32_t on) {
    static const int32_t fields[] = { MUNI__SP_BORN_ON, MUNI__SP_HIRED_ON, MUNI__SP_FROM_ON };
    muni_status st = MUNI_OK;
    for (size_t i = 0; st >= 0 && i < MUNI_COUNT(fields); i++)
        if (row->v[fields[i]] && row->day[fields[i]] > on)
            st = about_field(r, MUNI__PEOPLE, row, MUNI__FINDING_DATE_FUTURE, fields[i], 0, fields[i] == MUNI__SP_BORN_ON ? NULL : row->v[fields[i]]);
    return st;
}

/* Two rows of one number about the same thing? Two main rows are; two concurrent ones of the same unit and title. */
static bool about_same(const muni__srow *a, const muni__srow *b) {
    if (a->concurrent != b->concurrent)
        return false;
    if (!a->concurrent)
        return true;
    const int32_t fields[] = { MUNI__SP_UNIT, MUNI__SP_TITLE };
    for (size_t i = 0; i < MUNI_COUNT(fields); i++)
        if (!a->v[fields[i]] != !b->v[fields[i]] || (a->v[fields[i]] && strcmp(a->v[fields[i]], b->v[fields[i]]) != 0))
            return false;
    return true;
}

static muni_status doubles(muni__reading *r, muni__srow **list, size_t n) {
    muni_status st = MUNI_OK;
    for (size_t i = 1; st >= 0 && i < n; i++)
        for (size_t k = 0; st >= 0 && k < i; k++) {
            muni__srow *a = list[k], *b = list[i];
            if (a->skipped)
                continue;
            if (same_row(a, b)) {
                b->skipped = true;
                b->rejected = false;
                st = about_field(r, MUNI__PEOPLE, b, MUNI__FINDING_DUPLICATE_EXACT, MUNI__SP_STAFF_NO, a->line, NULL);
                break;
            }
            if (a->misshapen || b->misshapen || !about_same(a, b))
                continue;
            a->held = true;
            st = about_field(r, MUNI__PEOPLE, b, MUNI__FINDING_DUPLICATE_CONFLICT, MUNI__SP_STAFF_NO, a->line, a->v[MUNI__SP_STAFF_NO]);
            break;
        }
    return st;
}

static muni_status group_rows(muni__reading *r, muni__srow **list, size_t n, muni__staff_group *g) {
    muni__srow *mains = NULL, *bad = NULL;
    muni_status st = MUNI_OK;
    g->key = list[0]->key;
    g->concurrents = muni__arena_alloc(&r->mem, n * sizeof *g->concurrents);
    if (!g->concurrents)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        muni__srow *row = list[i];
        if (row->skipped)
            continue;
        if (row->rejected || row->held) {
            g->partial = true;
            if (!row->concurrent && (!bad || bad->misshapen))
                bad = row;
        } else if (!row->concurrent) {
            mains = row;
        }
    }
    g->main = mains;
    g->held = !mains;
    for (size_t i = 0; st >= 0 && i < n; i++) {
        muni__srow *row = list[i];
        if (!row->concurrent || row->skipped || row->rejected || row->held)
            continue;
        if (!mains)
            st = about_field(r, MUNI__PEOPLE, row, bad ? MUNI__FINDING_MAIN_ROW_REJECTED : MUNI__FINDING_MAIN_ROW_MISSING, MUNI__SP_CONCURRENT, bad ? bad->line : 0, NULL);
        else
            g->concurrents[g->nconcurrents++] = row;
    }
    return st;
}

/* Readings of the same kanji elsewhere in the file: the one with small kana tells of the ones without. */
typedef struct reading_of {
    const char *kanji, *large, *kana;
    muni__srow *row;
    size_t small;
} reading_of;

static int by_reading(const void *a, const void *b) {
    const reading_of *x = a, *y = b;
    int d = strcmp(x->kanji, y->kanji);
    if (!d)
        d = strcmp(x->large, y->large);
    if (!d)
        d = x->small > y->small ? -1 : x->small < y->small;
    return d ? d : x->row->record < y->row->record ? -1 : x->row->record > y->row->record;
}

static uint32_t large_half(uint32_t cp) {
    return cp >= 0xff67 && cp <= 0xff6b ? cp + 10 : cp >= 0xff6c && cp <= 0xff6e ? cp + 40 : cp == 0xff6f ? 0xff82 : cp;
}

static muni_status add_reading(muni__reading *r, reading_of *out, muni__srow *row, const char *kanji, size_t kn, const char *kana, size_t n) {
    muni__buf b = MUNI_BUF_INIT(8192);
    muni_status st;
    *out = (reading_of){ .row = row };
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        i += muni__utf8_next(kana + i, n - i, &cp);
        out->small += large_half(cp) != cp;
        put_char(&b, large_half(cp));
    }
    MUNI_TRY(b.st);
    out->kanji = muni__arena_strndup(&r->mem, kanji, kn);
    out->kana = muni__arena_strndup(&r->mem, kana, n);
    out->large = muni__arena_strndup(&r->mem, b.p ? b.p : "", b.n);
    st = out->kanji && out->kana && out->large ? MUNI_OK : MUNI_ENOMEM;
out:
    muni__buf_free(&b);
    return st;
}

static bool suspected(const muni__reading *r, const muni__srow *row) {
    for (size_t i = 0; i < r->findings.n; i++)
        if (r->findings.list[i].file == MUNI__PEOPLE && r->findings.list[i].record == row->record && r->findings.list[i].code == MUNI__FINDING_KANA_BIG_FOR_SMALL)
            return true;
    return false;
}

static muni_status compare_readings(muni__reading *r) {
    static const char gap[] = "\xe3\x80\x80";
    size_t n = 0;
    muni_status st = MUNI_OK;
    reading_of *list = muni__alloc_n(2 * r->nrows[MUNI__PEOPLE] + 1, sizeof *list);
    if (!list)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < r->nrows[MUNI__PEOPLE]; i++) {
        muni__srow *row = r->rows[MUNI__PEOPLE][i];
        const char *name = row->v[MUNI__SP_NAME], *kana = row->v[MUNI__SP_KANA];
        const char *cut = name ? strstr(name, gap) : NULL, *cut_kana = kana ? strchr(kana, ' ') : NULL;
        if (!cut || !cut_kana || strstr(cut + 3, gap) || strchr(cut_kana + 1, ' '))
            continue;
        MUNI_TRY(add_reading(r, &list[n++], row, name, (size_t)(cut - name), kana, (size_t)(cut_kana - kana)));
        MUNI_TRY(add_reading(r, &list[n++], row, cut + 3, strlen(cut + 3), cut_kana + 1, strlen(cut_kana + 1)));
    }
    if (n)
        qsort(list, n, sizeof *list, by_reading);
    for (size_t i = 1, first = 0; i < n; i++) { /* the one with the most small kana stands first */
        if (strcmp(list[first].kanji, list[i].kanji) != 0 || strcmp(list[first].large, list[i].large) != 0) {
            first = i;
        } else if (list[i].small < list[first].small && !suspected(r, list[i].row)) {
            MUNI_TRY(about_field(r, MUNI__PEOPLE, list[i].row, MUNI__FINDING_KANA_BIG_FOR_SMALL, MUNI__SP_KANA, 0, NULL));
        }
    }
out:
    muni__free(list);
    return st;
}

static muni_status shared_mails(muni__reading *r) {
    muni__textmap seen = { .mem = &r->mem };
    muni_status st = MUNI_OK;
    for (size_t i = 0; st >= 0 && i < r->nrows[MUNI__PEOPLE]; i++) {
        muni__srow *row = r->rows[MUNI__PEOPLE][i];
        const char *key = NULL;
        if (!row->v[MUNI__SP_MAIL] || !row->key)
            continue;
        MUNI_TRY(fold_code(r, row->v[MUNI__SP_MAIL], &key));
        const int64_t *other = muni__textmap_get(&seen, key);
        if (!other)
            st = muni__textmap_put(&seen, key, (int64_t)i);
        else if (strcmp(r->rows[MUNI__PEOPLE][*other]->key, row->key) != 0)
            st = about_field(r, MUNI__PEOPLE, row, MUNI__FINDING_MAIL_SHARED, MUNI__SP_MAIL, r->rows[MUNI__PEOPLE][*other]->line, NULL);
    }
out:
    return st;
}

/* Parents: the unit of that code on the day the unit begins, or on the day the file speaks of. A chain that comes back is cut. */
static muni_status find_parents(muni__reading *r, const muni__unit_view *units, size_t nunits, int32_t on) {
    muni__textmap rows = { .mem = &r->mem };
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < r->nrows[MUNI__UNITS]; i++) {
        muni__srow *row = r->rows[MUNI__UNITS][i];
        if (row->key && !row->rejected && !row->held && !row->skipped && (!row->v[MUNI__SU_TO_ON] || row->day[MUNI__SU_TO_ON] >= on))
            MUNI_TRY(muni__textmap_put(&rows, row->key, (int64_t)i));
    }
    for (size_t i = 0; i < r->nrows[MUNI__UNITS]; i++) {
        muni__srow *row = r->rows[MUNI__UNITS][i];
        const char *code = NULL;
        bool past;
        if (!row->v[MUNI__SU_PARENT] || row->rejected || row->held || row->skipped)
            continue;
        MUNI_TRY(fold_code(r, row->v[MUNI__SU_PARENT], &code));
        int32_t day = row->day[MUNI__SU_FROM_ON] > on ? row->day[MUNI__SU_FROM_ON] : on;
        if (row->v[MUNI__SU_TO_ON] && row->day[MUNI__SU_TO_ON] < day)
            day = row->day[MUNI__SU_TO_ON];
        const muni__unit_view *u = unit_on(units, nunits, code, day, &past);
        row->unit = u ? u->ref : 0;
        if (!u) {
            MUNI_TRY(about_field(r, MUNI__UNITS, row, MUNI__FINDING_UNIT_PARENT_UNKNOWN, MUNI__SU_PARENT, 0, row->v[MUNI__SU_PARENT]));
            continue;
        }
        const int64_t *at = muni__textmap_get(&rows, code);
        for (size_t steps = 0; at && steps < r->nrows[MUNI__UNITS]; steps++) {
            const muni__srow *above = r->rows[MUNI__UNITS][*at];
            if (above == row) {
                row->unit = 0;
                MUNI_TRY(about_field(r, MUNI__UNITS, row, MUNI__FINDING_UNIT_PARENT_CYCLE, MUNI__SU_PARENT, 0, row->v[MUNI__SU_PARENT]));
                break;
            }
            if (!above->v[MUNI__SU_PARENT] || (above->record < row->record && !above->unit)) /* cut already */
                break;
            MUNI_TRY(fold_code(r, above->v[MUNI__SU_PARENT], &code));
            at = muni__textmap_get(&rows, code);
        }
    }
out:
    return st;
}

muni_status muni__reading_judge(muni__reading *r, muni__unit_view *units, size_t nunits, int32_t on) {
    muni__srow **list = NULL;
    size_t n = 0;
    muni_status st;
    if (nunits)
        qsort(units, nunits, sizeof *units, by_code);
    MUNI_TRY(find_parents(r, units, nunits, on));
    for (size_t i = 0; i < r->nrows[MUNI__PEOPLE]; i++) {
        muni__srow *row = r->rows[MUNI__PEOPLE][i];
        if (row->misshapen)
            continue;
        MUNI_TRY(find_unit(r, row, units, nunits, on));
        MUNI_TRY(look_ahead(r, row, on));
    }
    MUNI_TRY(compare_readings(r));
    MUNI_TRY(shared_mails(r));
    MUNI_TRY(keyed(r, MUNI__PEOPLE, &list, &n));
    r->groups = muni__arena_alloc(&r->mem, (n + 1) * sizeof *r->groups);
    if (!r->groups) {
        st = MUNI_ENOMEM;
        goto out;
    }
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !strcmp(list[end]->key, list[i]->key); end++)
            ;
        MUNI_TRY(doubles(r, list + i, end - i));
        MUNI_TRY(group_rows(r, list + i, end - i, &r->groups[r->ngroups++]));
    }
    muni__findings_sort(&r->findings);
    st = MUNI_OK;
out:
    return st;
}
