/* core/charset.h: CP932 code by code, pieces of any size, what is lost and what is said about it. */
#include "core/charset.h"

#include "fault.h"
#include "textdata.h"

/* ---- the table */

START_TEST(charset__cp932_every_sequence_as_the_map) {
    static uint32_t map[0x10000];
    static uint16_t back[0x10000];
    textdata t;
    size_t rows = 0;
    memset(map, 0xff, sizeof map);
    for (textdata_open(&t, "cp932_glibc236_map.csv"); textdata_next(&t); rows++) {
        uint32_t code = (uint32_t)strtoul(t.r.fields[0].p, NULL, 16);
        map[code] = (uint32_t)strtoul(t.r.fields[1].p + 2, NULL, 16);
        back[code] = (uint16_t)strtoul(t.r.fields[2].p, NULL, 16);
    }
    ck_assert_uint_eq(rows, 9795);
    for (uint32_t code = 0; code < 0x10000; code++) {
        bool two = code > 0xff;
        char bytes[2] = { (char)(two ? code >> 8 : code), (char)(code & 0xff) }, expect[4], *out;
        size_t len, n;
        if (two && map[code >> 8] != UINT32_MAX) /* two characters, not one */
            continue;
        muni_status st = muni__decode(MUNI__CHARSET_CP932, bytes, two ? 2 : 1, &out, &len);
        uint32_t cp;
        uint16_t encoded;
        ck_assert_msg(muni__cp932_decode_char(code, &cp) == (map[code] != UINT32_MAX), "%04X", code);
        if (map[code] == UINT32_MAX) {
            ck_assert_msg(st == MUNI_EENCODING && !out, "%04X is none, and was decoded", code);
            continue;
        }
        n = muni__utf8_put(map[code], expect);
        ck_assert_msg(st == MUNI_OK && len == n && !memcmp(out, expect, n), "%04X should be U+%04X", code, map[code]);
        muni__free(out);
        ck_assert_uint_eq(cp, map[code]);
        ck_assert_msg(muni__cp932_encode_char(cp, &encoded) && encoded == back[code], "U+%04X should be written %04X, not %04X", cp,
                      back[code], encoded);
    }
}
END_TEST

START_TEST(charset__cp932_writes_nothing_outside_the_map) {
    size_t count = 0;
    for (uint32_t cp = 0; cp < 0x10000; cp++) {
        uint16_t code;
        uint32_t back;
        if (!muni__cp932_encode_char(cp, &code))
            continue;
        ck_assert(muni__cp932_decode_char(code, &back));
        count += back == cp;
        if (back != cp) /* the seven that other systems write for the same */
            ck_assert_msg(cp == 0x301c || cp == 0x2016 || cp == 0x2212 || cp == 0xa2 || cp == 0xa3 || cp == 0xac || cp == 0x2014, "U+%04X", cp);
    }
    ck_assert_uint_eq(count, 9795 - 398);
    uint16_t code;
    ck_assert(!muni__cp932_encode_char(0x20bb7, &code));
    ck_assert(!muni__cp932_encode_char(0xa5, &code)); /* ¥ is not a backslash */
}
END_TEST

/* ---- decoding in pieces */

static muni_status decode_in_pieces(muni__charset charset, const char *p, size_t n, size_t piece, muni__buf *out, muni__decoder *d) {
    muni__decoder_init(d, charset);
    for (size_t i = 0; i < n; i += piece) {
        muni_status st = muni__decoder_feed(d, p + i, n - i < piece ? n - i : piece, out);
        if (st < 0)
            return st;
    }
    return muni__decoder_finish(d);
}

START_TEST(charset__pieces_of_any_size_give_the_same) {
    static const struct {
        muni__charset charset;
        const char *bytes;
        size_t n;
        const char *text;
    } rows[] = {
#define ROW(charset, bytes, text) { MUNI__CHARSET_##charset, bytes, sizeof(bytes) - 1, text }
        ROW(UTF8, "\xef\xbb\xbf髙﨑①\r\n𠮷野家,abcdefghijklmnop\n", "髙﨑①\r\n𠮷野家,abcdefghijklmnop\n"),
        ROW(UTF8_BOM, "a髙", "a髙"),
        ROW(UTF8, "\xef\xbb\xbf\xef\xbb\xbf" "a", "\xef\xbb\xbf" "a"),
        ROW(CP932, "\xfb\xfc\xfa\xb1\x87\x40\r\n\xca\xdf\xb0\x5c,abcdefghijklmnop\x81\x60\xf0\x40", "髙﨑①\r\nﾊﾟｰ\\,abcdefghijklmnop～\xee\x80\x80"),
        ROW(UTF16LE, "\xff\xfe\xd9\x9a\x42\xd8\xb7\xdf\r\0\n\0a\0", "髙𠮷\r\na"),
        ROW(UTF16LE, "a\0", "a"),
        ROW(CP932, "", ""),
        ROW(UTF8, "\xef\xbb\xbf", ""),
    };
    for (size_t r = 0; r < MUNI_COUNT(rows); r++)
        for (size_t piece = 1; piece <= 9; piece++) {
            muni__buf out = MUNI_BUF_INIT(0);
            muni__decoder d;
            muni_status st = decode_in_pieces(rows[r].charset, rows[r].bytes, rows[r].n, piece, &out, &d);
            ck_assert_msg(st == MUNI_OK, "row %zu, piece %zu: %s", r, piece, muni_error_text("en"));
            ck_assert_msg(!strcmp(out.p ? out.p : "", rows[r].text), "row %zu, piece %zu: %s", r, piece, out.p);
            ck_assert_uint_eq(d.offset, rows[r].n);
            muni__buf_free(&out);
        }
}
END_TEST

START_TEST(charset__errors_name_offset_and_line_in_any_piece) {
    static const struct {
        muni__charset charset;
        const char *bytes;
        size_t n;
        uint64_t offset, line;
        const char *before;
    } rows[] = {
#define BAD(charset, bytes, offset, line, before) { MUNI__CHARSET_##charset, bytes, sizeof(bytes) - 1, offset, line, before }
        BAD(CP932, "a\r\nb\rc\nd\x80" "e", 8, 4, "a\r\nb\rc\nd"),
        BAD(CP932, "a\n\x82\xff", 2, 2, "a\n"),
        BAD(CP932, "a\r\x82", 2, 2, "a\r"), /* cut short */
        BAD(CP932, "\x85\x40", 0, 1, ""),
        BAD(UTF8, "あ\n\xc0\x80", 4, 2, "あ\n"),
        BAD(UTF8, "\xed\xa0\x80", 0, 1, ""),
        BAD(UTF8, "\xf4\x90\x80\x80", 0, 1, ""),
        BAD(UTF8, "\xe3\x81x", 0, 1, ""),
        BAD(UTF8, "a\xf0\x9f\x98", 1, 1, "a"),
        BAD(UTF8, "\xe0\x9f\xbf", 0, 1, ""),
        BAD(UTF16LE, "a\0\n\0\x00\xdc", 4, 2, "a\n"),
        BAD(UTF16LE, "a\0\x00\xd8" "b\0", 2, 1, "a"),
        BAD(UTF16LE, "a\0b", 2, 1, "a"),
    };
    for (size_t r = 0; r < MUNI_COUNT(rows); r++)
        for (size_t piece = 1; piece <= 12; piece++) {
            muni__buf out = MUNI_BUF_INIT(0);
            muni__decoder d;
            muni_status st = decode_in_pieces(rows[r].charset, rows[r].bytes, rows[r].n, piece, &out, &d);
            ck_assert_msg(st == MUNI_EENCODING, "row %zu, piece %zu: %d", r, piece, st);
            ck_assert_msg(d.offset == rows[r].offset && d.line == rows[r].line, "row %zu, piece %zu: %llu %llu", r, piece,
                          (unsigned long long)d.offset, (unsigned long long)d.line);
            ck_assert_int_eq(muni_error_line(), (int64_t)rows[r].line);
            ck_assert_str_eq(out.p ? out.p : "", rows[r].before);
            ck_assert_int_eq(muni__decoder_feed(&d, "x", 1, &out), MUNI_EENCODING); /* and again */
            ck_assert_uint_eq(d.line, rows[r].line);
            ck_assert_str_eq(out.p ? out.p : "", rows[r].before);
            muni__buf_free(&out);
        }
}
END_TEST

START_TEST(charset__random_bytes_decode_as_utf8_valid_says) {
    textrng rng = { 7 };
    static const unsigned char likely[] = { 0x00, 0x0a, 'a', 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe3, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
                                            0x9f, 0xa0, 0x90, 0x8f, 0x81, 0x82, 0xbb };
    for (int round = 0; round < 200000; round++) {
        char bytes[8];
        size_t n = textrng_below(&rng, 9), bad = 0;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)likely[textrng_below(&rng, sizeof likely)];
        if (n >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
            continue;
        muni__buf out = MUNI_BUF_INIT(0);
        muni__decoder d;
        bool valid = muni__utf8_valid(bytes, n, &bad);
        muni_status st = decode_in_pieces(MUNI__CHARSET_UTF8, bytes, n, 1 + textrng_below(&rng, 8), &out, &d);
        ck_assert_int_eq(st, valid ? MUNI_OK : MUNI_EENCODING);
        ck_assert_uint_eq(d.offset, valid ? n : bad);
        ck_assert(out.n == d.offset && (!out.n || !memcmp(out.p, bytes, out.n)));
        muni__buf_free(&out);
    }
}
END_TEST

START_TEST(charset__decode_keeps_the_limit_of_the_buffer) {
    muni__buf out = MUNI_BUF_INIT(5);
    muni__decoder d;
    muni__decoder_init(&d, MUNI__CHARSET_CP932);
    ck_assert_int_eq(muni__decoder_feed(&d, "\x82\xa0", 2, &out), MUNI_OK);
    ck_assert_int_eq(muni__decoder_feed(&d, "\x82\xa0", 2, &out), MUNI_ELIMIT);
    ck_assert_str_eq(out.p, "あ");
    ck_assert_int_eq(muni__decoder_feed(&d, "x", 1, &out), MUNI_ELIMIT);
    muni__buf_free(&out);
}
END_TEST

/* ---- encoding */

typedef struct report {
    size_t count;
    muni__loss last[8];
    muni_status answer;
} report;

static muni_status note_loss(void *user, const muni__loss *loss) {
    report *r = user;
    if (r->count < MUNI_COUNT(r->last))
        r->last[r->count] = *loss;
    r->count++;
    return r->answer < 0 ? muni__fail(r->answer, NULL, "enough", "十分") : MUNI_OK;
}

static void assert_encodes(muni__encoder *e, const char *text, const char *expect, size_t n) {
    muni__buf out = MUNI_BUF_INIT(0);
    ck_assert_msg(muni__encode_cp932(e, text, strlen(text), &out) == MUNI_OK, "%s", muni_error_text("en"));
    ck_assert_msg(out.n == n && !memcmp(out.p, expect, n), "%s", text);
    muni__buf_free(&out);
}

START_TEST(charset__encode_replaces_and_reports) {
    report r = { 0 };
    muni__encoder e = { .loss = note_loss, .user = &r, .row = 12, .column = 3 };
    assert_encodes(&e, "髙﨑①〜a", "\xfb\xfc\xfa\xb1\x87\x40\x81\x60" "a", 9);
    ck_assert_uint_eq(r.count, 0);
    assert_encodes(&e, "葛󠄀城¥é𠮷㋿😀", "\x8a\x8b\x8f\xe9\x81\x8f" "e\x81\xac\x97\xdf\x98\x61\x81\xac", 15);
    ck_assert_uint_eq(r.count, 6);
    ck_assert_uint_eq(e.losses, 6);
    static const struct {
        int64_t index;
        uint32_t cp;
        const char *from, *to;
    } expect[] = { { 2, 0xe0100, "\xf3\xa0\x84\x80", "" }, { 4, 0xa5, "¥", "￥" }, { 5, 0xe9, "é", "e" },
                   { 6, 0x20bb7, "𠮷", "〓" },            { 7, 0x32ff, "㋿", "令和" }, { 8, 0x1f600, "😀", "〓" } };
    for (size_t i = 0; i < 6; i++) {
        ck_assert_int_eq(r.last[i].row, 12);
        ck_assert_int_eq(r.last[i].column, 3);
        ck_assert_int_eq(r.last[i].index, expect[i].index);
        ck_assert_uint_eq(r.last[i].cp, expect[i].cp);
        ck_assert_str_eq(r.last[i].from, expect[i].from);
        ck_assert_str_eq(r.last[i].to, expect[i].to);
    }
    e.shrink = true;
    assert_encodes(&e, "𠮷", "\x8b\x67", 2);
}
END_TEST

START_TEST(charset__encode_joins_kana_that_mac_takes_apart) {
    report r = { 0 };
    muni__encoder e = { .loss = note_loss, .user = &r, .policy = MUNI__LOSS_FAIL };
    assert_encodes(&e, "か\xe3\x82\x99ハ\xe3\x82\x9aウ\xe3\x82\x99" "は\xe3\x82\x9a", "\x82\xaa\x83\x70\x83\x94\x82\xcf", 8);
    ck_assert_uint_eq(r.count, 0);
}
END_TEST

START_TEST(charset__encode_policies_fail_and_leave_the_buffer) {
    static const char ivs[] = "葛󠄀城", other[] = "ab𠮷";
    muni__encoder e = { .policy = MUNI__LOSS_FAIL };
    muni__buf out = MUNI_BUF_INIT(0);
    muni__buf_puts(&out, "kept");
    ck_assert_int_eq(muni__encode_cp932(&e, ivs, strlen(ivs), &out), MUNI_EENCODING);
    ck_assert_str_eq(out.p, "kept");
    ck_assert_int_eq(muni__encode_cp932(&e, other, strlen(other), &out), MUNI_EENCODING);
    ck_assert(strstr(muni_error_text("en"), "character 3") && strstr(muni_error_text("en"), "U+20BB7"));
    ck_assert_str_eq(out.p, "kept");
    e.policy = MUNI__LOSS_DROP_IVS;
    ck_assert_int_eq(muni__encode_cp932(&e, ivs, strlen(ivs), &out), MUNI_OK);
    ck_assert_uint_eq(out.n, 8);
    ck_assert_uint_eq(e.losses, 1);
    ck_assert_int_eq(muni__encode_cp932(&e, other, strlen(other), &out), MUNI_EENCODING);
    ck_assert_uint_eq(out.n, 8);
    ck_assert_int_eq(muni__encode_cp932(&e, "a\xff", 2, &out), MUNI_EUTF8);
    report r = { .answer = MUNI_ECANCELLED };
    e = (muni__encoder){ .loss = note_loss, .user = &r };
    ck_assert_int_eq(muni__encode_cp932(&e, other, strlen(other), &out), MUNI_ECANCELLED);
    ck_assert_uint_eq(out.n, 8);
    muni__buf_free(&out);
}
END_TEST

START_TEST(charset__fallbacks_are_in_order_and_writable) {
    static const struct {
        uint32_t cp;
        const char *text;
    } rows[] = {
#define FALLBACK(cp, text) { cp, text },
#define SHRINK(cp, text) { cp, text },
#include "core/fallback.def"
#undef FALLBACK
#undef SHRINK
    };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        uint16_t code;
        ck_assert_msg(!i || rows[i - 1].cp < rows[i].cp, "U+%04X", rows[i].cp);
        ck_assert_msg(!muni__cp932_encode_char(rows[i].cp, &code), "U+%04X needs none", rows[i].cp);
        ck_assert_uint_le(strlen(rows[i].text), 15);
        ck_assert_msg(!muni__csv_is_formula(rows[i].text, strlen(rows[i].text)), "U+%04X", rows[i].cp);
        for (const char *p = rows[i].text; *p;) {
            uint32_t cp;
            p += muni__utf8_next(p, strlen(p), &cp);
            ck_assert_msg(muni__cp932_encode_char(cp, &code), "U+%04X becomes U+%04X, which CP932 lacks", rows[i].cp, cp);
        }
    }
}
END_TEST

START_TEST(charset__what_is_written_comes_back) {
    textrng rng = { 11 };
    muni__encoder e = { .policy = MUNI__LOSS_REPLACE };
    for (int round = 0; round < 20000; round++) {
        char text[64], *again;
        size_t n = 0;
        for (uint32_t i = textrng_below(&rng, 12); i; i--) {
            uint32_t cp, code = textrng_below(&rng, 0x10000);
            if (!muni__cp932_decode_char(code, &cp) || (cp >= 0x3099 && cp <= 0x309c))
                cp = 'a';
            n += muni__utf8_put(cp, text + n);
        }
        muni__buf out = MUNI_BUF_INIT(0);
        size_t len;
        ck_assert_int_eq(muni__encode_cp932(&e, text, n, &out), MUNI_OK);
        ck_assert_int_eq(muni__decode(MUNI__CHARSET_CP932, out.p ? out.p : "", out.n, &again, &len), MUNI_OK);
        ck_assert(len == n && !memcmp(again, text, n));
        muni__free(again);
        muni__buf_free(&out);
    }
    ck_assert_uint_eq(e.losses, 0);
}
END_TEST

/* ---- sniffing */

typedef struct slow_source { /* gives few bytes at a time */
    const char *p;
    size_t n, at, step;
    muni_status fail;
} slow_source;

static muni_status slow_read(void *user, char *p, size_t cap, size_t *got) {
    slow_source *s = user;
    size_t n = s->n - s->at < s->step ? s->n - s->at : s->step;
    if (n > cap)
        n = cap;
    if (!n && s->fail)
        return muni__fail(s->fail, NULL, "the disk is gone", "ディスクがありません");
    memcpy(p, s->p + s->at, n);
    s->at += n;
    *got = n;
    return MUNI_OK;
}

static muni_status sniff(const char *p, size_t n, size_t step, muni__sniffed *out) {
    slow_source s = { p, n, 0, step, MUNI_OK };
    return muni__charset_sniff(slow_read, &s, out);
}

START_TEST(charset__sniff_proposes) {
    static const struct {
        const char *bytes;
        size_t n;
        muni__charset charset;
    } rows[] = {
        { "", 0, MUNI__CHARSET_UTF8 },
        { "a,b\r\n", 5, MUNI__CHARSET_UTF8 },
        { "\xef\xbb\xbf" "a", 4, MUNI__CHARSET_UTF8_BOM },
        { "\xef\xbb\xbf\x82\xa0", 5, MUNI__CHARSET_UTF8_BOM }, /* the decoder will say where */
        { "あ", 3, MUNI__CHARSET_UTF8 },
        { "\x82\xa0", 2, MUNI__CHARSET_CP932 },
        { "\xca\xdf\xbd", 3, MUNI__CHARSET_CP932 },
        { "\xff\xfe" "a\0", 4, MUNI__CHARSET_UTF16LE },
    };
    muni__sniffed s;
    for (size_t r = 0; r < MUNI_COUNT(rows); r++)
        for (size_t step = 1; step < 6; step++) {
            ck_assert_int_eq(sniff(rows[r].bytes, rows[r].n, step, &s), MUNI_OK);
            ck_assert_msg(s.charset == rows[r].charset, "row %zu: %s", r, muni__charset_name(s.charset));
            ck_assert_uint_eq(s.bytes, rows[r].n);
            ck_assert_int_eq(s.ascii, r < 2);
        }
    ck_assert_int_eq(sniff("\xc2\xa4", 2, 1, &s), MUNI_OK); /* ¤ or ﾂ､ */
    ck_assert(s.charset == MUNI__CHARSET_UTF8 && s.ambiguous);
    ck_assert_int_eq(sniff("あ", 3, 1, &s), MUNI_OK);
    ck_assert(!s.ambiguous);
}
END_TEST

START_TEST(charset__sniff_sees_what_comes_late) {
    size_t n = 300000;
    char *p = malloc(n + 8);
    muni__sniffed s;
    memset(p, 'a', n);
    for (size_t i = 99; i < n; i += 100)
        p[i] = '\n';
    memcpy(p + n, "\xfb\xfc", 2); /* 髙 */
    ck_assert_int_eq(sniff(p, n + 2, 65521, &s), MUNI_OK);
    ck_assert(s.charset == MUNI__CHARSET_CP932 && !s.ascii && s.utf8_offset == n && s.utf8_line == 3001);
    memcpy(p + n, "髙", 3);
    ck_assert_int_eq(sniff(p, n + 3, 65521, &s), MUNI_OK);
    ck_assert(s.charset == MUNI__CHARSET_UTF8);
    free(p);
}
END_TEST

START_TEST(charset__sniff_refuses_what_is_neither) {
    muni__sniffed s;
    for (size_t step = 1; step < 8; step++) {
        ck_assert_int_eq(sniff("a\r\n\x82\xa0\rあ\x80\n", 11, step, &s), MUNI_EENCODING);
        ck_assert(s.charset == MUNI__CHARSET_UNKNOWN && s.utf8_offset == 3 && s.utf8_line == 2);
        ck_assert_msg(s.cp932_line == 3, "%llu", (unsigned long long)s.cp932_line);
        ck_assert_int_eq(muni_error_line(), 3);
    }
    ck_assert_int_eq(sniff("\xfe\xff\0a", 4, 4, &s), MUNI_EENCODING);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "UTF-16"));
    slow_source broken = { "abc", 3, 0, 1, MUNI_EIO };
    ck_assert_int_eq(muni__charset_sniff(slow_read, &broken, &s), MUNI_EIO);
}
END_TEST

/* ---- names, sources, memory */

START_TEST(charset__names) {
    muni__charset c;
    ck_assert_int_eq(muni__charset_parse("utf-8", &c), MUNI_OK);
    ck_assert_int_eq(c, MUNI__CHARSET_UTF8);
    ck_assert_int_eq(muni__charset_parse("Windows-31J", &c), MUNI_OK);
    ck_assert_int_eq(c, MUNI__CHARSET_CP932);
    for (c = MUNI__CHARSET_UTF8; c <= MUNI__CHARSET_UTF16LE; c++) {
        muni__charset again;
        ck_assert_int_eq(muni__charset_parse(muni__charset_name(c), &again), MUNI_OK);
        ck_assert_int_eq(again, c);
    }
    ck_assert_int_eq(muni__charset_parse("Shift_JIS", &c), MUNI_EINVAL);
    ck_assert_ptr_nonnull(strstr(muni_error_text("ja"), "CP932"));
    ck_assert_int_eq(muni__charset_parse("EUC-JP", &c), MUNI_EINVAL);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "EUC-JP"));
    ck_assert_str_eq(muni__charset_name(MUNI__CHARSET_UNKNOWN), "");
}
END_TEST

START_TEST(charset__file_source_reads_twice_and_tells_what_is_missing) {
    muni__source s;
    char a[16], b[16];
    size_t n, m;
    ck_assert_int_eq(muni__source_file(&s, textdata_path("search_vectors.csv")), MUNI_OK);
    ck_assert_int_eq(s.read(s.user, a, sizeof a, &n), MUNI_OK);
    ck_assert_int_eq(s.rewind(s.user), MUNI_OK);
    ck_assert_int_eq(s.read(s.user, b, sizeof b, &m), MUNI_OK);
    ck_assert(n == 16 && m == 16 && !memcmp(a, b, 16));
    muni__source_close(&s);
    muni__source_close(&s);
    ck_assert_int_eq(muni__source_file(&s, textdata_path("no such file")), MUNI_ENOTFOUND);
    ck_assert_int_eq(muni__source_file(&s, textdata_path("")), MUNI_OK); /* a directory opens, and does not read */
    ck_assert_int_eq(s.read(s.user, a, sizeof a, &n), MUNI_EIO);
    muni__source_close(&s);
}
END_TEST

START_TEST(charset__out_of_memory) {
    muni_status st;
    char *out = NULL;
    size_t len;
    FAULT_LOOP(st, muni__decode(MUNI__CHARSET_CP932, "\x82\xa0", 2, &out, &len), ck_assert_ptr_null(out));
    ck_assert_str_eq(out, "あ");
    muni__free(out);
    muni__encoder e = { .row = 1 };
    muni__buf b = MUNI_BUF_INIT(0);
    FAULT_LOOP(st, muni__encode_cp932(&e, "あ𠮷", 7, &b), muni__buf_free(&b));
    ck_assert_uint_eq(b.n, 4);
    muni__buf_free(&b);
    muni__sniffed s;
    FAULT_LOOP(st, sniff("あ", 3, 1, &s), (void)0);
    muni__source source;
    FAULT_LOOP(st, muni__source_memory(&source, "a", 1), ck_assert_ptr_null(source.read));
    muni__source_close(&source);
}
END_TEST

Suite *suite_charset(void);
Suite *suite_charset(void) {
    Suite *s = suite_create("charset");
    TCase *t = tcase_create("charset");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, charset__cp932_every_sequence_as_the_map);
    tcase_add_test(t, charset__cp932_writes_nothing_outside_the_map);
    tcase_add_test(t, charset__pieces_of_any_size_give_the_same);
    tcase_add_test(t, charset__errors_name_offset_and_line_in_any_piece);
    tcase_add_test(t, charset__random_bytes_decode_as_utf8_valid_says);
    tcase_add_test(t, charset__decode_keeps_the_limit_of_the_buffer);
    tcase_add_test(t, charset__encode_replaces_and_reports);
    tcase_add_test(t, charset__encode_joins_kana_that_mac_takes_apart);
    tcase_add_test(t, charset__encode_policies_fail_and_leave_the_buffer);
    tcase_add_test(t, charset__fallbacks_are_in_order_and_writable);
    tcase_add_test(t, charset__what_is_written_comes_back);
    tcase_add_test(t, charset__sniff_proposes);
    tcase_add_test(t, charset__sniff_sees_what_comes_late);
    tcase_add_test(t, charset__sniff_refuses_what_is_neither);
    tcase_add_test(t, charset__names);
    tcase_add_test(t, charset__file_source_reads_twice_and_tells_what_is_missing);
    tcase_add_test(t, charset__out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
