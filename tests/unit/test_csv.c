/* core/csv.h: what RFC 4180 and Excel allow, what they do not, limits, headers, and the way back. */
#include "core/csv.h"

#include "fault.h"
#include "textdata.h"

/* ---- reading */

/* A record as text: cells joined by '|', quoted ones in <>, "line:" before it, '-' behind a blank one. */
static char *show(const muni__csv_record *r) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni__buf_printf(&b, "%lld:", (long long)r->line);
    for (size_t i = 0; i < r->count; i++) {
        ck_assert_uint_eq(strlen(r->fields[i].p), r->fields[i].n); /* a NUL behind it */
        muni__buf_printf(&b, r->fields[i].quoted ? "%s<%s>" : "%s%s", i ? "|" : "", r->fields[i].p);
    }
    muni__buf_puts(&b, r->blank ? "-" : "");
    char *out;
    ck_assert_int_eq(muni__buf_take(&b, &out, NULL), MUNI_OK);
    return out;
}

/* Gives `step` bytes at a time. */
typedef struct slow_source {
    const char *p;
    size_t n, at, step;
} slow_source;

static muni_status slow_read(void *user, char *p, size_t cap, size_t *got) {
    slow_source *s = user;
    size_t n = s->n - s->at < s->step ? s->n - s->at : s->step;
    n = n < cap ? n : cap;
    memcpy(p, s->p + s->at, n);
    s->at += n;
    *got = n;
    return MUNI_OK;
}

static muni_status slow_rewind(void *user) {
    ((slow_source *)user)->at = 0;
    return MUNI_OK;
}

/* All records, each on a line; what ended it in *st. */
static char *read_all(const char *p, size_t n, size_t step, const muni__csv_options *o, muni_status *st) {
    slow_source s = { p, n, 0, step };
    muni__source source = { slow_read, slow_rewind, NULL, &s };
    muni__csv *csv;
    muni__csv_record r;
    muni__buf b = MUNI_BUF_INIT(0);
    char *out;
    int64_t number = 1;
    *st = muni__csv_open(&source, o, &csv);
    if (*st >= 0) {
        while ((*st = muni__csv_next(csv, &r)) == MUNI_ROW) {
            char *line = show(&r);
            ck_assert_int_eq(r.number, number++);
            muni__buf_puts(&b, line);
            muni__buf_puts(&b, "\n");
            muni__free(line);
        }
        if (*st < 0) { /* and again */
            muni__error first, again;
            muni__error_save(&first);
            muni__error_clear();
            ck_assert_int_eq(muni__csv_next(csv, &r), *st);
            muni__error_save(&again);
            ck_assert(first.code == again.code && first.line == again.line && !strcmp(first.en, again.en));
            ck_assert_ptr_null(r.fields);
        }
        muni__csv_close(csv);
    }
    ck_assert_int_eq(muni__buf_take(&b, &out, NULL), MUNI_OK);
    return out;
}

static const struct {
    const char *bytes;
    size_t n;
    muni__charset charset;
    muni_status st;
    int64_t line; /* of the error */
    const char *expect;
} cases[] = {
#define CSV(charset, bytes, expect) { bytes, sizeof(bytes) - 1, MUNI__CHARSET_##charset, MUNI_OK, 0, expect }
#define BAD(charset, bytes, st, line, expect) { bytes, sizeof(bytes) - 1, MUNI__CHARSET_##charset, st, line, expect }
    CSV(UTF8, "", ""),
    CSV(UTF8, "a", "1:a\n"),
    CSV(UTF8, "a,b\r\nc,d\r\n", "1:a|b\n2:c|d\n"),
    CSV(UTF8, "a,b\nc,d", "1:a|b\n2:c|d\n"),
    CSV(UTF8, "a,b\rc,d\r", "1:a|b\n2:c|d\n"),
    CSV(UTF8, "a,\r\n,b\r\n", "1:a|\n2:|b\n"),
    CSV(UTF8, "\r\n\na,,\r\n,,\r\n\r\n", "1:-\n2:-\n3:a||\n4:||-\n5:-\n"),
    CSV(UTF8, "\"a\",\"\"\r\n\"\"\r\n", "1:<a>|<>\n2:<>\n"),
    CSV(UTF8, "\"a\"\"b\"\"\",\"\"\"\",x\n", "1:<a\"b\">|<\">|x\n"),
    CSV(UTF8, "\"a\nb\",\"c\r\nd\"\ne\n", "1:<a\nb>|<c\r\nd>\n4:e\n"),
    CSV(UTF8, "\"a\rb\"\re\r", "1:<a\rb>\n3:e\n"),
    CSV(UTF8, "a\"b,c\"\nd \"e\"\n", "1:a\"b|c\"\n2:d \"e\"\n"), /* a quote within an open field is one */
    CSV(UTF8, "\xef\xbb\xbf" "a,b\n", "1:a|b\n"),
    CSV(UTF8, "\xef\xbb\xbf\"a\",b\n", "1:<a>|b\n"),
    CSV(UTF8, "a,b\n\x1a", "1:a|b\n"),
    CSV(UTF8, "a,\"b\"\x1a\x1a", "1:a|<b>\n"),
    CSV(UTF8, "a\x1a" "b\n\x1a" "c\n\x1a", "1:a\x1a" "b\n2:\x1a" "c\n"),
    CSV(UTF8, "\x1a", ""),
    CSV(CP932, "\xfb\xfc\xfa\xb1,\x87\x40\r\n\x83\x5c\x81\x7c\r\n\x1a", "1:髙﨑|①\n2:ソ－\n"),
    CSV(UTF16LE, "\xff\xfe" "a\0\t\0\"\0b\0\"\0\r\0\n\0", "1:a|<b>\n"),
    BAD(UTF8, "a\n\"b\nc\nd", MUNI_EFORMAT, 2, "1:a\n"),
    BAD(UTF8, "a\nb,\"c\n\"\nx,\"", MUNI_EFORMAT, 4, "1:a\n2:b|<c\n>\n"),
    BAD(UTF8, "a\n\"b\"c\n", MUNI_EFORMAT, 2, "1:a\n"),
    BAD(UTF8, "\"a\n\nb\"c\n", MUNI_EFORMAT, 3, ""),
    BAD(UTF8, "a\nb,c\0d\n", MUNI_EFORMAT, 2, "1:a\n"),
    BAD(UTF8, "\"a\n\0\"", MUNI_EFORMAT, 2, ""),
    BAD(UTF8, "\0", MUNI_EFORMAT, 1, ""),
    BAD(UTF8, "a\nb\x80\n", MUNI_EENCODING, 2, "1:a\n"),
    BAD(UTF8, "a\r\x80\n", MUNI_EENCODING, 2, "1:a\n"),
    BAD(CP932, "a\r\n\x82", MUNI_EENCODING, 2, "1:a\n"),
    BAD(CP932, "a,\x82\xa0\n\xfd\n", MUNI_EENCODING, 2, "1:a|あ\n"),
};

START_TEST(csv__reads_in_steps_of_any_size) {
    for (size_t c = 0; c < MUNI_COUNT(cases); c++)
        for (size_t step = 1; step < 16; step++) {
            muni__csv_options o = { .charset = cases[c].charset };
            muni_status st;
            char *all = read_all(cases[c].bytes, cases[c].n, step, &o, &st);
            ck_assert_msg(st == cases[c].st, "case %zu, step %zu: %s", c, step, muni_error_text("en"));
            ck_assert_msg(!strcmp(all, cases[c].expect), "case %zu, step %zu:\n%s", c, step, all);
            if (st < 0)
                ck_assert_msg(muni_error_line() == cases[c].line, "case %zu, step %zu: line %lld", c, step, (long long)muni_error_line());
            muni__free(all);
        }
}
END_TEST

START_TEST(csv__proposes_a_charset) {
    muni_status st;
    char *all = read_all("a,b\r\n\xfb\xfc,c\r\n", 11, 3, NULL, &st);
    ck_assert_int_eq(st, MUNI_OK);
    ck_assert_str_eq(all, "1:a|b\n2:髙|c\n");
    muni__free(all);
    all = read_all("\xff\xfe" "a\0\t\0b\0", 8, 3, NULL, &st);
    ck_assert_str_eq(all, "1:a|b\n");
    muni__free(all);
    all = read_all("a,\x80\r\n", 5, 3, NULL, &st);
    ck_assert_int_eq(st, MUNI_EENCODING);
    muni__free(all);
    slow_source s = { "a", 1, 0, 1 };
    muni__source once = { slow_read, NULL, NULL, &s };
    muni__csv *csv;
    ck_assert_int_eq(muni__csv_open(&once, NULL, &csv), MUNI_EINVAL);
    ck_assert_ptr_null(csv);
    ck_assert_str_eq(muni_error_field(), "charset");
    muni__csv_options o = { .charset = MUNI__CHARSET_UTF8, .delimiter = '"' };
    ck_assert_int_eq(muni__csv_open(&once, &o, &csv), MUNI_EINVAL);
    ck_assert_str_eq(muni_error_field(), "delimiter");
}
END_TEST

START_TEST(csv__declared_charset_that_does_not_fit_is_said) {
    muni__csv_options o = { .charset = MUNI__CHARSET_CP932 };
    muni_status st;
    char *all = read_all("名前\n高橋\n", 14, 99, &o, &st);
    ck_assert_int_eq(st, MUNI_EENCODING);
    ck_assert_ptr_nonnull(strstr(muni_error_text("ja"), "CP932"));
    muni__free(all);
}
END_TEST

/* `n` times the same bytes, after a head. */
typedef struct endless {
    const char *head;
    char fill;
    uint64_t left, served;
} endless;

static muni_status endless_read(void *user, char *p, size_t cap, size_t *got) {
    endless *e = user;
    size_t n = strlen(e->head);
    if (n) {
        memcpy(p, e->head, n);
        e->head = "";
    } else {
        n = e->left < cap ? (size_t)e->left : cap;
        memset(p, e->fill, n);
        e->left -= n;
    }
    e->served += n;
    *got = n;
    return MUNI_OK;
}

START_TEST(csv__giant_lines_fail_early) {
    static const struct {
        const char *head;
        char fill;
        const char *word;
    } rows[] = { { "a\n", 'x', "4194304" }, { "a\n\"", 'x', "4194304" }, { "a\n\"", '\n', "4194304" }, { "a\n", ',', "4096" } };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        endless e = { rows[i].head, rows[i].fill, 200000000, 0 };
        muni__source source = { endless_read, NULL, NULL, &e };
        muni__csv_options o = { .charset = MUNI__CHARSET_UTF8 };
        muni__csv *csv;
        muni__csv_record r;
        ck_assert_int_eq(muni__csv_open(&source, &o, &csv), MUNI_OK);
        ck_assert_int_eq(muni__csv_next(csv, &r), MUNI_ROW);
        ck_assert_int_eq(muni__csv_next(csv, &r), MUNI_ELIMIT);
        ck_assert_int_eq(muni_error_line(), 2);
        ck_assert_msg(strstr(muni_error_text("en"), rows[i].word) != NULL, "%s", muni_error_text("en"));
        ck_assert_uint_lt(e.served, MUNI__CSV_FIELD_MAX + 200000); /* and so no more was ever in memory */
        muni__csv_close(csv);
    }
}
END_TEST

START_TEST(csv__limits_are_exact) {
    muni__csv_options o = { .charset = MUNI__CHARSET_UTF8, .field_max = 4, .columns_max = 3, .record_max = 9, .records_max = 2 };
    muni_status st;
    static const struct {
        const char *text;
        muni_status st;
        int64_t line;
    } rows[] = { { "abcd\n", MUNI_OK, 0 },      { "abcde\n", MUNI_ELIMIT, 1 },  { "a\n\"ab\"\"d\"\n", MUNI_OK, 0 },
                 { "a,b,c\n", MUNI_OK, 0 },     { "a,b,c,d\n", MUNI_ELIMIT, 1 }, { "abcd,efg\n", MUNI_OK, 0 },
                 { "abcd,efgh\n", MUNI_ELIMIT, 1 }, { "h\n1\n2\n", MUNI_OK, 0 },  { "h\n1\n2\n3\n", MUNI_ELIMIT, 4 } };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++)
        for (size_t step = 1; step < 12; step++) {
            char *all = read_all(rows[i].text, strlen(rows[i].text), step, &o, &st);
            ck_assert_msg(st == rows[i].st, "row %zu step %zu: %d", i, step, st);
            if (st < 0)
                ck_assert_int_eq(muni_error_line(), rows[i].line);
            muni__free(all);
        }
}
END_TEST

START_TEST(csv__errors_never_quote_a_cell) {
    muni__csv_options o = { .charset = MUNI__CHARSET_UTF8 };
    static const char *const texts[] = { "a\n\"himitsu\"x\n", "a\nhimitsu,\"himitsu\n", "a\nhimitsu\x80\n" };
    for (size_t i = 0; i < MUNI_COUNT(texts); i++) {
        muni_status st;
        char *all = read_all(texts[i], strlen(texts[i]), 99, &o, &st);
        ck_assert_int_lt(st, 0);
        ck_assert_ptr_null(strstr(muni_error_text("en"), "himitsu"));
        ck_assert_ptr_null(strstr(muni_error_text("ja"), "himitsu"));
        ck_assert(muni_error_text("ja")[0] != '\0');
        muni__free(all);
    }
}
END_TEST

START_TEST(csv__random_bytes_read_the_same_in_any_steps) {
    textrng rng = { 3 };
    static const char likely[] = "a\",\r\n\x1a'=";
    for (int round = 0; round < 20000; round++) {
        char bytes[24];
        size_t n = textrng_below(&rng, sizeof bytes + 1);
        for (size_t i = 0; i < n; i++)
            bytes[i] = likely[textrng_below(&rng, sizeof likely)]; /* also the NUL */
        muni__csv_options o = { .charset = round & 1 ? MUNI__CHARSET_CP932 : MUNI__CHARSET_UTF8, .strip_apostrophe = (round & 2) != 0 };
        muni_status whole_st, st;
        char *whole = read_all(bytes, n, 99, &o, &whole_st);
        int64_t line = muni_error_line();
        char *pieces = read_all(bytes, n, 1 + textrng_below(&rng, 5), &o, &st);
        ck_assert_int_eq(st, whole_st);
        ck_assert_str_eq(pieces, whole);
        if (st < 0)
            ck_assert_int_eq(muni_error_line(), line);
        muni__free(whole);
        muni__free(pieces);
    }
}
END_TEST

/* ---- headers */

static const muni__csv_column columns[] = { { "number", "職員番号", true }, { "name", "氏名", true }, { "kana", "フリガナ", false } };

static muni_status match(const char *header, unsigned flags, int32_t **map) {
    muni__source source;
    muni__csv *csv;
    muni__csv_record r;
    muni__csv_options o = { .charset = MUNI__CHARSET_UTF8 };
    ck_assert_int_eq(muni__source_memory(&source, header, strlen(header)), MUNI_OK);
    ck_assert_int_eq(muni__csv_open(&source, &o, &csv), MUNI_OK);
    ck_assert_int_eq(muni__csv_next(csv, &r), MUNI_ROW);
    muni_status st = muni__csv_match(&r, columns, MUNI_COUNT(columns), flags, map);
    muni__csv_close(csv);
    muni__source_close(&source);
    return st;
}

START_TEST(csv__header_matches_folded_names) {
    int32_t *map;
    ck_assert_int_eq(match("　職員番号 ,ＮＡＭＥ,ﾌﾘｶﾞﾅ\n", 0, &map), MUNI_OK);
    ck_assert(map[0] == 0 && map[1] == 1 && map[2] == 2);
    muni__free(map);
    ck_assert_int_eq(match("memo,氏名,Number\n", MUNI__CSV_UNKNOWN_OK, &map), MUNI_OK);
    ck_assert(map[0] == -1 && map[1] == 1 && map[2] == 0);
    muni__free(map);
}
END_TEST

START_TEST(csv__header_says_what_is_wrong) {
    static const struct {
        const char *header;
        muni_status st;
        const char *en;
    } rows[] = {
        { "職員番号,氏名,フリカナ\n", MUNI_EFIELD, "is it \"フリガナ\"" },
        { "number,nmae\n", MUNI_EFIELD, "is it \"name\"" },
        { "number,name,メールアドレス\n", MUNI_EFIELD, "column 3" },
        { "number,name,氏名\n", MUNI_EFORMAT, "stands twice" },
        { "number,name,\n", MUNI_EFORMAT, "column 3 has no name" },
        { "フリガナ\n", MUNI_EREQUIRED, "職員番号, 氏名" },
        { "0001234,山田太郎\n", MUNI_EFORMAT, "is no header" },
    };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        int32_t *map = NULL;
        muni_status st = match(rows[i].header, 0, &map);
        ck_assert_msg(st == rows[i].st && strstr(muni_error_text("en"), rows[i].en), "%zu: %s", i, muni_error_text("en"));
        ck_assert_ptr_null(map);
        ck_assert_int_eq(muni_error_line(), 1);
        ck_assert_ptr_null(strstr(muni_error_text("ja"), "山田"));
    }
}
END_TEST

/* ---- writing */

static muni_status collect(void *user, const char *p, size_t n) {
    muni__buf_put(user, p, n);
    return ((muni__buf *)user)->st;
}

static muni_status write_cell(const char *text, size_t n, muni__csv_kind kind, const muni__csv_writer_options *o, muni__buf *out) {
    muni__csv_writer *w;
    muni_status st = muni__csv_writer_open(collect, out, o, &w);
    if (st < 0)
        return st;
    st = muni__csv_put(w, text, n, kind);
    if (st >= 0)
        st = muni__csv_end_row(w);
    if (st >= 0)
        st = muni__csv_finish(w, NULL);
    muni__csv_writer_free(w);
    return st;
}

static void assert_writes(const char *text, muni__csv_kind kind, muni__charset charset, const char *expect) {
    muni__buf out = MUNI_BUF_INIT(0);
    muni__csv_writer_options o = { .charset = charset };
    ck_assert_int_eq(write_cell(text, strlen(text), kind, &o, &out), MUNI_OK);
    ck_assert_msg(out.n >= 2 && !strcmp(out.p + out.n - 2, "\r\n"), "%s", out.p);
    out.p[out.n - 2] = '\0';
    ck_assert_str_eq(out.p, expect);
    muni__buf_free(&out);
}

START_TEST(csv__writes_quotes_where_needed) {
    assert_writes("a", MUNI__CSV_TEXT, MUNI__CHARSET_UNKNOWN, "\xef\xbb\xbf" "a");
    assert_writes("a", MUNI__CSV_TEXT, MUNI__CHARSET_UTF8, "a");
    assert_writes("a,b", MUNI__CSV_TEXT, MUNI__CHARSET_UTF8, "\"a,b\"");
    assert_writes("a\"b\"", MUNI__CSV_TEXT, MUNI__CHARSET_UTF8, "\"a\"\"b\"\"\"");
    assert_writes("a\nb", MUNI__CSV_TEXT, MUNI__CHARSET_UTF8, "\"a\nb\"");
    assert_writes(" a", MUNI__CSV_TEXT, MUNI__CHARSET_UTF8, "\" a\"");
    assert_writes("", MUNI__CSV_TEXT, MUNI__CHARSET_UTF8, "\"\"");
    assert_writes("髙", MUNI__CSV_TEXT, MUNI__CHARSET_CP932, "\xfb\xfc");
    assert_writes("ソ,", MUNI__CSV_TEXT, MUNI__CHARSET_CP932, "\"\x83\x5c,\"");
}
END_TEST

START_TEST(csv__formula_vectors) {
    size_t n, rows = 0;
    char *all = textdata_slurp("csv_formula_vectors.csv", &n), *line = strchr(all, '\n') + 1;
    for (char *end; (end = strchr(line, '\n')); line = end + 1, rows++) {
        *end = '\0';
        char *written = strrchr(line, ',');
        *written++ = '\0';
        char *text_column = strrchr(line, ',');
        *text_column++ = '\0';
        muni__csv_kind kind = *text_column == '1' ? MUNI__CSV_TEXT : MUNI__CSV_NUMBER;
        for (int cp932 = 0; cp932 < 2; cp932++) {
            muni__buf out = MUNI_BUF_INIT(0);
            muni__csv_writer_options o = { .charset = cp932 ? MUNI__CHARSET_CP932 : MUNI__CHARSET_UTF8 };
            ck_assert_int_eq(write_cell(line, strlen(line), kind, &o, &out), MUNI_OK);
            muni__source source;
            muni__csv *csv;
            muni__csv_record r;
            muni__csv_options in = { .charset = o.charset };
            for (int strip = 0; strip < 2; strip++) {
                in.strip_apostrophe = strip;
                ck_assert_int_eq(muni__source_memory(&source, out.p, out.n), MUNI_OK);
                ck_assert_int_eq(muni__csv_open(&source, &in, &csv), MUNI_OK);
                ck_assert_int_eq(muni__csv_next(csv, &r), MUNI_ROW);
                ck_assert_str_eq(r.fields[0].p, strip ? line : written);
                muni__csv_close(csv);
                muni__source_close(&source);
            }
            muni__buf_free(&out);
        }
    }
    ck_assert_uint_eq(rows, 13);
    free(all);
}
END_TEST

START_TEST(csv__formulas_uncovered_by_a_loss_are_guarded) {
    assert_writes("\xef\xb8\x8f=1", MUNI__CSV_TEXT, MUNI__CHARSET_CP932, "'=1"); /* a dropped variation selector */
    assert_writes("−5", MUNI__CSV_TEXT, MUNI__CHARSET_CP932, "'\x81\x7c" "5");
    assert_writes("\xcc\x81+1", MUNI__CSV_TEXT, MUNI__CHARSET_CP932, "'+1");
    assert_writes("　＝1", MUNI__CSV_TEXT, MUNI__CHARSET_CP932, "'\x81\x40\x81\x81" "1");
    assert_writes("⑴=1", MUNI__CSV_TEXT, MUNI__CHARSET_CP932, "\x81\xac=1");
    assert_writes("－1", MUNI__CSV_NUMBER, MUNI__CHARSET_CP932, "\x81\x7c" "1");
}
END_TEST

/* What is written, read again, is what was written: any text, any set it fits. */
START_TEST(csv__round_trip) {
    textrng rng = { 5 };
    static const char *const pieces[] = { "a", "\"", ",", "\r", "\n", "\r\n", "'", "''", "=", "＝", "－", "+", "@", "\t", " ", "　", "0", "髙", "①", "ソ", "ｱ", "\x1a", "-", "" };
    for (int round = 0; round < 30000; round++) {
        char cells[4][64];
        size_t count = 1 + textrng_below(&rng, 4);
        muni__csv_writer_options o = { .charset = (muni__charset)(1 + textrng_below(&rng, 3)), .delimiter = textrng_below(&rng, 4) ? ',' : '\t',
                                       .policy = MUNI__LOSS_FAIL };
        muni__buf out = MUNI_BUF_INIT(0);
        muni__csv_writer *w;
        uint64_t losses;
        ck_assert_int_eq(muni__csv_writer_open(collect, &out, &o, &w), MUNI_OK);
        for (size_t i = 0; i < count; i++) {
            cells[i][0] = '\0';
            for (uint32_t k = textrng_below(&rng, 7); k; k--)
                strcat(cells[i], pieces[textrng_below(&rng, MUNI_COUNT(pieces))]);
            ck_assert_int_eq(muni__csv_put(w, cells[i], strlen(cells[i]), textrng_below(&rng, 2) ? MUNI__CSV_TEXT : MUNI__CSV_ID), MUNI_OK);
        }
        ck_assert_int_eq(muni__csv_end_row(w), MUNI_OK);
        ck_assert_int_eq(muni__csv_finish(w, &losses), MUNI_OK);
        ck_assert_uint_eq(losses, 0);
        muni__csv_writer_free(w);
        slow_source s = { out.p, out.n, 0, 1 + textrng_below(&rng, 9) };
        muni__source source = { slow_read, slow_rewind, NULL, &s };
        muni__csv_options in = { .charset = o.charset, .delimiter = o.delimiter, .strip_apostrophe = true };
        muni__csv *csv;
        muni__csv_record r;
        ck_assert_int_eq(muni__csv_open(&source, &in, &csv), MUNI_OK);
        ck_assert_int_eq(muni__csv_next(csv, &r), MUNI_ROW);
        ck_assert_uint_eq(r.count, count);
        for (size_t i = 0; i < count; i++)
            ck_assert_str_eq(r.fields[i].p, cells[i]);
        ck_assert_int_eq(muni__csv_next(csv, &r), MUNI_OK);
        muni__csv_close(csv);
        muni__buf_free(&out);
    }
}
END_TEST

static muni_status note_loss(void *user, const muni__loss *loss) {
    muni__loss *last = user;
    *last = *loss;
    return MUNI_OK;
}

START_TEST(csv__losses_name_row_and_column_and_spare_identifiers) {
    muni__loss last = { 0 };
    muni__csv_writer_options o = { .charset = MUNI__CHARSET_CP932, .loss = note_loss, .loss_user = &last };
    muni__buf out = MUNI_BUF_INIT(0);
    muni__csv_writer *w;
    uint64_t losses;
    ck_assert_int_eq(muni__csv_writer_open(collect, &out, &o, &w), MUNI_OK);
    ck_assert_int_eq(muni__csv_put(w, "a", 1, MUNI__CSV_TEXT), MUNI_OK);
    ck_assert_int_eq(muni__csv_end_row(w), MUNI_OK);
    ck_assert_int_eq(muni__csv_put(w, "b", 1, MUNI__CSV_TEXT), MUNI_OK);
    ck_assert_int_eq(muni__csv_put(w, "山𠮷", 7, MUNI__CSV_TEXT), MUNI_OK);
    ck_assert(last.row == 2 && last.column == 2 && last.index == 2 && last.cp == 0x20bb7);
    ck_assert_str_eq(last.to, "〓");
    ck_assert_int_eq(muni__csv_put(w, "𠮷@example.jp", 15, MUNI__CSV_ID), MUNI_EENCODING);
    muni__error_clear();
    ck_assert_int_eq(muni__csv_end_row(w), MUNI_EENCODING); /* from then on */
    ck_assert_int_eq(muni_error_code(), MUNI_EENCODING);
    ck_assert_int_eq(muni__csv_finish(w, &losses), MUNI_EENCODING);
    ck_assert_uint_eq(losses, 1);
    muni__csv_writer_free(w);
    ck_assert_uint_eq(out.n, 0);
    muni__buf_free(&out);
}
END_TEST

static muni_status full_disk(void *user, const char *p, size_t n) {
    (void)user, (void)p, (void)n;
    return muni__fail(MUNI_EFULL, NULL, "full", "満杯");
}

START_TEST(csv__writer_refuses) {
    muni__csv_writer *w;
    muni__buf out = MUNI_BUF_INIT(0);
    muni__csv_writer_options o = { .charset = MUNI__CHARSET_UTF16LE };
    ck_assert_int_eq(muni__csv_writer_open(collect, &out, &o, &w), MUNI_ENOTSUP);
    ck_assert_ptr_null(w);
    o = (muni__csv_writer_options){ .delimiter = '"' };
    ck_assert_int_eq(muni__csv_writer_open(collect, &out, &o, &w), MUNI_EINVAL);
    ck_assert_int_eq(write_cell("a\0b", 3, MUNI__CSV_TEXT, NULL, &out), MUNI_EINVAL);
    ck_assert_int_eq(write_cell("a\x80", 2, MUNI__CSV_TEXT, NULL, &out), MUNI_EUTF8);
    ck_assert_int_eq(muni__csv_writer_open(full_disk, NULL, NULL, &w), MUNI_OK);
    ck_assert_int_eq(muni__csv_put(w, "a", 1, MUNI__CSV_TEXT), MUNI_OK);
    ck_assert_int_eq(muni__csv_finish(w, NULL), MUNI_EFULL);
    ck_assert_int_eq(muni__csv_put(w, "a", 1, MUNI__CSV_TEXT), MUNI_EFULL);
    muni__csv_writer_free(w);
    muni__csv_writer_free(NULL);
    muni__csv_close(NULL);
    muni__buf_free(&out);
}
END_TEST

/* ---- memory */

static muni_status read_and_match(void) {
    static const char text[] = "number,name\r\n1,\"a\"\"b\"\r\n\xfb\xfc,2\r\n";
    slow_source s = { text, sizeof text - 1, 0, 7 };
    muni__source source = { slow_read, slow_rewind, NULL, &s };
    muni__csv *csv;
    muni__csv_record r;
    int32_t *map = NULL;
    muni_status st = muni__csv_open(&source, NULL, &csv);
    if (st < 0) {
        ck_assert_ptr_null(csv);
        return st;
    }
    st = muni__csv_next(csv, &r);
    if (st == MUNI_ROW)
        st = muni__csv_match(&r, columns, MUNI_COUNT(columns), 0, &map);
    while (st >= 0 && (st = muni__csv_next(csv, &r)) == MUNI_ROW)
        ;
    muni__free(map);
    muni__csv_close(csv);
    return st;
}

static muni_status write_some(void) {
    muni__csv_writer_options o = { .charset = MUNI__CHARSET_CP932 };
    muni__buf out = MUNI_BUF_INIT(0);
    muni_status st = write_cell("=髙𠮷", 8, MUNI__CSV_TEXT, &o, &out);
    muni__buf_free(&out);
    return st;
}

START_TEST(csv__out_of_memory) {
    muni_status st;
    FAULT_LOOP(st, read_and_match(), (void)0);
    FAULT_LOOP(st, write_some(), (void)0);
}
END_TEST

Suite *suite_csv(void);
Suite *suite_csv(void) {
    Suite *s = suite_create("csv");
    TCase *t = tcase_create("csv");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, csv__reads_in_steps_of_any_size);
    tcase_add_test(t, csv__proposes_a_charset);
    tcase_add_test(t, csv__declared_charset_that_does_not_fit_is_said);
    tcase_add_test(t, csv__giant_lines_fail_early);
    tcase_add_test(t, csv__limits_are_exact);
    tcase_add_test(t, csv__errors_never_quote_a_cell);
    tcase_add_test(t, csv__random_bytes_read_the_same_in_any_steps);
    tcase_add_test(t, csv__header_matches_folded_names);
    tcase_add_test(t, csv__header_says_what_is_wrong);
    tcase_add_test(t, csv__writes_quotes_where_needed);
    tcase_add_test(t, csv__formula_vectors);
    tcase_add_test(t, csv__formulas_uncovered_by_a_loss_are_guarded);
    tcase_add_test(t, csv__round_trip);
    tcase_add_test(t, csv__losses_name_row_and_column_and_spare_identifiers);
    tcase_add_test(t, csv__writer_refuses);
    tcase_add_test(t, csv__out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
