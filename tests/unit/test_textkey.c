/* core/textkey.h and core/kana.h: keys against the vectors, and against utf8proc over the whole text at once. */
#include "core/textkey.h"

#include "core/kana.h"
#include "fault.h"
#include "textdata.h"

#include <pthread.h>
#include <utf8proc.h>

static char *key_of(const char *text, size_t n) {
    char *out;
    size_t len;
    if (muni__textkey(text, n, &out, &len) != MUNI_OK) /* not an assertion: each that holds costs a write to the runner */
        ck_abort_msg("%s", muni_error_text("en"));
    if (strlen(out) != len)
        ck_abort_msg("a NUL in the key");
    return out;
}

static void assert_key(const char *text, const char *expect) {
    char *key = key_of(text, strlen(text));
    ck_assert_msg(!strcmp(key, expect), "the key of %s is %s, not %s", text, key, expect);
    muni__free(key);
}

/* ---- the reference: slow and plain */

static const struct {
    uint32_t from, to;
} itaiji[] = {
#define ITAIJI(from, to) { from, to },
#include "core/itaiji.def"
#undef ITAIJI
};

static size_t to_utf32(const char *p, size_t n, uint32_t *out) {
    size_t count = 0;
    for (size_t i = 0; i < n;)
        i += muni__utf8_next(p + i, n - i, &out[count++]);
    return count;
}

static void reference(const char *text, size_t n, muni__buf *out) {
    static uint32_t cps[8192], folded[8192];
    size_t count = to_utf32(text, n, cps), kept = 0;
    muni__buf first = MUNI_BUF_INIT(0);
    char one[4];
    for (size_t i = 0; i < count; i++) {
        uint32_t c = muni__kana_katakana(cps[i]);
        c = c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ? ' ' : c == 0x309b || c == 0x309c ? c - 2 : c;
        muni__buf_put(&first, one, muni__utf8_put(c, one));
    }
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t len = utf8proc_map((const utf8proc_uint8_t *)(first.p ? first.p : ""), (utf8proc_ssize_t)first.n, &normal,
                                        UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
    if (len < 0)
        ck_abort_msg("utf8proc: %d", (int)len);
    count = to_utf32((char *)normal, (size_t)len, cps);
    free(normal);
    muni__buf_free(&first);
    for (size_t i = 0; i < count; i++) { /* each alone */
        uint32_t c = muni__kana_katakana(cps[i]);
        if (c == 0x301c)
            c = '~';
        if (c == 0x2010 || c == 0x2013 || c == 0x2014 || c == 0x2015 || c == 0x2212)
            c = '-';
        if (c == 0x2225)
            c = 0x2016;
        for (size_t k = 0; k < MUNI_COUNT(itaiji); k++)
            if (itaiji[k].from == c) {
                c = itaiji[k].to;
                break;
            }
        if (c == ' ' && (!kept || folded[kept - 1] == ' '))
            continue;
        folded[kept++] = c;
    }
    if (kept && folded[kept - 1] == ' ')
        kept--;
    uint32_t prev = 0;
    for (size_t i = 0; i < kept; i++) { /* and what depends on the neighbours */
        uint32_t c = folded[i], joined;
        int mark;
        if (c == '-' && muni__kana_is(prev) && i + 1 < kept && muni__kana_is(folded[i + 1]))
            c = 0x30fc;
        else if (c == 0x30fc && ((prev >= '0' && prev <= '9') || (prev >= 'a' && prev <= 'z')))
            c = '-';
        else if ((c == 0x30fd || c == 0x30fe) && muni__kana_is(prev) && prev != 0x30fc) {
            uint32_t base = muni__kana_unvoice(prev, &mark);
            joined = muni__kana_voice(base, 0x3099);
            c = c == 0x30fe && joined ? joined : base;
        } else if ((c == 0x3099 || c == 0x309a) && muni__kana_is(prev) && (joined = muni__kana_voice(prev, c)) != 0) {
            out->n -= 3;
            c = joined;
        }
        muni__buf_put(out, one, muni__utf8_put(c, one));
        prev = c;
    }
}

static void assert_as_reference(const char *text, size_t n) {
    muni__buf expect = MUNI_BUF_INIT(0);
    reference(text, n, &expect);
    char *key = key_of(text, n);
    if (strcmp(key, expect.p ? expect.p : "") != 0) {
        muni__buf hex = MUNI_BUF_INIT(0);
        for (size_t i = 0; i < n; i++)
            muni__buf_printf(&hex, "%02x", (unsigned char)text[i]);
        ck_abort_msg("the key of %s is %s, not %s", hex.p, key, expect.p);
    }
    muni__free(key);
    muni__buf_free(&expect);
}

START_TEST(textkey__every_character_as_the_reference) {
    char text[16];
    for (uint32_t cp = 0; cp < 0x110000; cp++) {
        if (cp >= 0xd800 && cp <= 0xdfff)
            continue;
        size_t n = 0;
        text[n++] = 'x'; /* and between two others */
        n += muni__utf8_put(cp, text + n);
        text[n++] = 'y';
        assert_as_reference(text, n);
    }
}
END_TEST

static uint32_t random_char(textrng *rng) {
    static const uint32_t hard[] = {
        'a', 'Z', '0', '-', ' ', '\t', '\n', 0, 0x7f, 0x85, 0xa0, 0xad, 0xc5, 0xdf, 0x130, 0x149, 0x17f, 0x300, 0x301, 0x308, 0x323, 0x334, 0x345, 0x34f, 0x3a3,
        0x9be, 0x9c7, 0x1100, 0x1161, 0x11a8, 0x115f, 0x1160, 0x200b, 0x200d, 0x2010, 0x2011, 0x2015, 0x2028, 0x2126, 0x212b, 0x2212, 0x2225, 0x3000, 0x301c,
        0x304b, 0x304c, 0x3046, 0x308f, 0x3063, 0x3099, 0x309a, 0x309b, 0x309c, 0x309d, 0x309e, 0x309f, 0x30ab, 0x30cf, 0x30d1, 0x30fc, 0x30fc, 0x30fd, 0x30fe,
        0x30fb, 0x3231, 0x337b, 0x3300, 0x4e00, 0x845b, 0x9ad9, 0xac00, 0xf929, 0xfa11, 0xfa26, 0xfb01, 0xfdfa, 0xfe0f, 0xfe0f, 0xfeff, 0xff0d, 0xff21, 0xff5e, 0xff70,
        0xff76, 0xff8a, 0xff9e, 0xff9f, 0xffe5, 0xe000, 0x1109a, 0x110ba, 0x1d15e, 0x1f200, 0x1f600, 0x20bb7, 0x2f800, 0xe0100, 0xe01ef, 0x10ffff
    };
    uint32_t cp;
    switch (textrng_below(rng, 4)) {
    case 0: return 0x3040 + textrng_below(rng, 0xc0);
    case 1:
        do
            cp = textrng_below(rng, 0x30000);
        while (cp >= 0xd800 && cp <= 0xdfff);
        return cp;
    default: return hard[textrng_below(rng, MUNI_COUNT(hard))];
    }
}

START_TEST(textkey__random_text_as_the_reference_and_stable) {
    textrng rng = { 1 };
    for (int round = 0; round < 100000; round++) {
        char text[100];
        size_t n = 0;
        for (uint32_t i = textrng_below(&rng, 14); i; i--)
            n += muni__utf8_put(random_char(&rng), text + n);
        assert_as_reference(text, n);
        char *key = key_of(text, n), *again = key_of(key, strlen(key));
        if (strcmp(again, key) != 0)
            ck_abort_msg("the key of %s is %s, not itself", key, again);
        for (const char *p = key; *p; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7f)
                ck_abort_msg("a control character in the key");
        muni__free(key);
        muni__free(again);
    }
}
END_TEST

/* ---- vectors */

START_TEST(textkey__kana_vectors) {
    textdata t;
    size_t rows = 0;
    for (textdata_open(&t, "kana_fold_vectors.csv"); textdata_next(&t); rows++) {
        const char *input = t.r.fields[0].p, *expect = t.r.fields[1].p, *primary = t.r.fields[2].p;
        char *key = key_of(input, strlen(input)), *sort, *at;
        bool found = false;
        for (const char *p = expect; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
            size_t n = strcspn(p, "|");
            found |= n == strlen(key) && !strncmp(p, key, n);
        }
        ck_assert_msg(found, "the key of %s is %s, not %s", input, key, expect);
        ck_assert_int_eq(muni__kanakey(input, strlen(input), &sort, NULL), MUNI_OK);
        ck_assert_ptr_nonnull(at = strchr(sort, '\t'));
        *at = '\0';
        const char *last = strstr(primary, "→") ? strstr(primary, "→") + 3 : primary; /* a → b: b */
        size_t n = strcspn(last, "?");
        ck_assert_msg(strlen(sort) == n && !strncmp(sort, last, n), "%s sorts as %s, not %s", input, sort, last);
        muni__free(key);
        muni__free(sort);
    }
    ck_assert_uint_eq(rows, 10);
}
END_TEST

START_TEST(textkey__hazards_give_one_key) {
    textdata t;
    size_t rows = 0;
    for (textdata_open(&t, "nfkc_hazards_in_cp932.csv"); textdata_next(&t); rows++) {
        /* what NFC or NFKC makes of it has the same key: ㈱ is found by (株) */
        for (int f = 3; f <= 4; f++)
            if (t.r.fields[f].n) {
                char *key = key_of(t.r.fields[0].p, t.r.fields[0].n), *other = key_of(t.r.fields[f].p, t.r.fields[f].n);
                ck_assert_str_eq(key, other);
                muni__free(key);
                muni__free(other);
            }
    }
    ck_assert_uint_eq(rows, 274);
}
END_TEST

START_TEST(textkey__itaiji_table_is_the_list) {
    textdata t;
    size_t rows = 0;
    for (textdata_open(&t, "itaiji_search_fold.csv"); textdata_next(&t); rows++) {
        char *a = key_of(t.r.fields[0].p, t.r.fields[0].n), *b = key_of(t.r.fields[2].p, t.r.fields[2].n);
        ck_assert_msg(!strcmp(a, b), "%s: %s, %s", t.r.fields[0].p, a, b);
        ck_assert_uint_eq(itaiji[rows].from, strtoul(t.r.fields[1].p + 2, NULL, 16));
        ck_assert_uint_eq(itaiji[rows].to, strtoul(t.r.fields[3].p + 2, NULL, 16));
        muni__free(a);
        muni__free(b);
    }
    ck_assert_uint_eq(rows, MUNI_COUNT(itaiji));
    ck_assert_uint_eq(rows, 118);
}
END_TEST

START_TEST(textkey__folds) {
    assert_key("", "");
    assert_key(" \t\r\n　", "");
    assert_key("　ＶＰＮ－０１\r\n の　更改 ", "vpn-01 ノ 更改");
    assert_key("〜～~", "~~~");
    assert_key("1−2－3-4‐5–6—7―8", "1-2-3-4-5-6-7-8");
    assert_key("サーバー サーバ", "サーバー サーバ");
    assert_key("ﾕ-ｺ ユ－コ", "ユーコ ユーコ");
    assert_key("プリンタ-2 プリンタ-", "プリンタ-2 プリンタ-");
    assert_key("03ー1234ー5678", "03-1234-5678");
    assert_key("ー1", "ー1");
    assert_key("すゝき いすゞ づゝ 佐々木 ゝ", "ススキ イスズ ヅツ 佐々木 ヽ");
    assert_key("か゛き゛ﾊﾟは\xe3\x82\x9a", "ガギパパ");
    assert_key("葛󠄀城 﨑𠮷髙", "葛城 崎吉高");
    assert_key("㈱①℡", "(株)1tel");
    assert_key("Straße", "strasse");
    assert_key("PC\xe2\x80\x8b" "01", "pc01");
}
END_TEST

START_TEST(textkey__id_folds_less) {
    static const struct {
        const char *text, *key;
    } rows[] = { { " ＰＣ－０１　", "pc-01" }, { "髙橋", "髙橋" },       { "たかはし", "たかはし" }, { "a b", "a b" }, { "", "" }, { " 　", "" },
                 { "ﾊﾟｿｺﾝ", "パソコン" },        { "ａ　　ｂ", "a  b" }, { "葛󠄀", "葛" },          { "Ⅳ", "iv" } };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        char *out;
        size_t len;
        ck_assert_int_eq(muni__idkey(rows[i].text, strlen(rows[i].text), &out, &len), MUNI_OK);
        ck_assert_str_eq(out, rows[i].key);
        ck_assert_uint_eq(strlen(out), len);
        muni__free(out);
    }
    ck_assert(muni__is_identifier_char('a') && muni__is_identifier_char('-') && muni__is_identifier_char(0x9ad9) && muni__is_identifier_char(0x3005));
    static const uint32_t no[] = { 0, ' ', '\n', 0x7f, 0xa0, 0x3000, 0x200b, 0x202e, 0xe000, 0xfe0f, 0xe0100, 0x378, 0xd800, 0xffff, 0x110000, 0xffffffff };
    for (size_t i = 0; i < MUNI_COUNT(no); i++)
        ck_assert_msg(!muni__is_identifier_char(no[i]), "U+%04X", no[i]);
}
END_TEST

START_TEST(textkey__readings_sort_for_people) {
    static const char *const order[] = { "アーダ", "アアダ", "アベ",   "カー",   "カア",   "キョウコ", "キヨウコ", "サトウ", "ザトウ",
                                         "サトオ", "ッ", "ツ", "ハシモト", "はしもと", "ﾊｼﾓﾄ", "バシモト", "パシモト", "ミツエ", "ミツヱ", "ヤマダ イチロウ", "ヤマダ", "ヤマダイ", "" };
    char *last = NULL;
    for (size_t i = 0; i < MUNI_COUNT(order); i++) {
        char *key;
        size_t len;
        ck_assert_int_eq(muni__kanakey(order[i], strlen(order[i]), &key, &len), MUNI_OK);
        ck_assert(muni__utf8_valid(key, len, NULL) && strlen(key) == len);
        if (i && strcmp(order[i], "ヤマダ") != 0) /* a name before the same with more behind it */
            ck_assert_msg(strcmp(last, key) < 0, "%s is not before %s: %s, %s", order[i - 1], order[i], last, key);
        muni__free(last);
        last = key;
    }
    muni__free(last);
}
END_TEST

START_TEST(textkey__kana_arithmetic) {
    size_t marked = 0;
    for (uint32_t cp = 0x30a1; cp <= 0x30fe; cp++) { /* taking a mark away and putting it back */
        int mark;
        uint32_t base = muni__kana_unvoice(cp, &mark);
        marked += mark != 0;
        if (mark)
            ck_assert_uint_eq(muni__kana_voice(base, mark == 1 ? 0x3099 : 0x309a), cp);
        else
            ck_assert_uint_eq(base, cp);
    }
    ck_assert_uint_eq(marked, 15 + 10 + 1 + 4 + 1); /* ガ to ド, バ to ポ, ヴ, ヷ to ヺ, ヾ */
    size_t joined = 0;
    for (uint32_t cp = 0x3041; cp <= 0x30ff; cp++) /* as Unicode composes them */
        for (uint32_t mark = 0x3099; mark <= 0x309a; mark++) {
            utf8proc_int32_t two[2] = { (utf8proc_int32_t)cp, (utf8proc_int32_t)mark };
            utf8proc_ssize_t n = utf8proc_normalize_utf32(two, 2, UTF8PROC_COMPOSE | UTF8PROC_STABLE);
            ck_assert_msg(muni__kana_voice(cp, mark) == (n == 1 ? (uint32_t)two[0] : 0), "U+%04X U+%04X", cp, mark);
            joined += n == 1;
        }
    ck_assert_uint_eq(joined, 27 * 2 + 4);
    for (uint32_t cp = 0xff61; cp <= 0xff9f; cp++) { /* half-width as Unicode has it */
        utf8proc_int32_t out[4];
        int boundary = 0;
        ck_assert_int_eq(utf8proc_decompose_char((utf8proc_int32_t)cp, out, 4, UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE, &boundary), 1);
        ck_assert_uint_eq(muni__kana_wide(cp), (uint32_t)out[0]);
    }
    static const char *const rows = "アカサタナハマヤラワ|イキシチニヒミリヰ|ウクスツヌフムユル|エケセテネヘメレヱ|オコソトノホモヨロヲ";
    uint32_t vowel = 0, cp;
    for (const char *p = rows; *p;) {
        p += muni__utf8_next(p, strlen(p), &cp);
        if (cp == '|') {
            vowel = 0;
            continue;
        }
        vowel = vowel ? vowel : cp;
        ck_assert_uint_eq(muni__kana_vowel(cp), vowel);
    }
    ck_assert_uint_eq(muni__kana_vowel(0x30f3), 0);
    ck_assert_uint_eq(muni__kana_large(0x30c3), 0x30c4);
    ck_assert_uint_eq(muni__kana_large(0x30f6), 0x30b1);
    ck_assert_uint_eq(muni__kana_large(0x30a2), 0x30a2);
}
END_TEST

/* ---- hostile */

START_TEST(textkey__broken_text_is_refused_wherever_it_breaks) {
    static const char *const bad[] = { "\x80", "\xc0\x80", "\xe3\x81", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xf0\x9f\x98", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf" };
    static const char *const before[] = { "", "a", "あ", "か\xe3\x82\x99", "😀" }, *const after[] = { "", "a", "あ" };
    for (size_t b = 0; b < MUNI_COUNT(bad); b++)
        for (size_t i = 0; i < MUNI_COUNT(before); i++)
            for (size_t k = 0; k < MUNI_COUNT(after); k++) {
                char text[32], *out = text;
                snprintf(text, sizeof text, "%s%s%s", before[i], bad[b], after[k]);
                ck_assert_int_eq(muni__textkey(text, strlen(text), &out, NULL), MUNI_EUTF8);
                ck_assert_ptr_null(out);
                ck_assert_int_eq(muni__idkey(text, strlen(text), &out, NULL), MUNI_EUTF8);
                ck_assert_int_eq(muni__kanakey(text, strlen(text), &out, NULL), MUNI_EUTF8);
                ck_assert_ptr_null(out);
            }
    textrng rng = { 9 };
    for (int round = 0; round < 200000; round++) {
        char text[10], *out;
        size_t n = textrng_below(&rng, 10);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(textrng_below(&rng, 3) ? 0x80 + textrng_below(&rng, 128) : textrng_below(&rng, 128));
        muni_status st = muni__textkey(text, n, &out, NULL);
        ck_assert_int_eq(st, muni__utf8_valid(text, n, NULL) ? MUNI_OK : MUNI_EUTF8);
        muni__free(out);
    }
}
END_TEST

START_TEST(textkey__heaps_of_marks_and_long_text_end) {
    size_t n = 1 << 21;
    char *text = malloc(n), *out;
    for (size_t i = 0; i + 2 <= n; i += 2) /* marks that would have to be sorted past one another */
        memcpy(text + i, i % 4 ? "\xcc\x80" : "\xcc\xa3", 2);
    ck_assert_int_eq(muni__textkey(text, n, &out, NULL), MUNI_OK);
    muni__free(out);
    for (size_t i = 0; i + 3 <= n; i += 3) /* the longest expansion: 18 characters each */
        memcpy(text + i, "\xef\xb7\xba", 3);
    size_t len;
    ck_assert_int_eq(muni__textkey(text, n / 3 * 3, &out, &len), MUNI_OK);
    ck_assert_uint_gt(len, n * 10);
    muni__free(out);
    muni__buf small = MUNI_BUF_INIT(100);
    muni__buf_puts(&small, "kept");
    ck_assert_int_eq(muni__textkey_put(&small, text, n / 3 * 3), MUNI_ELIMIT);
    ck_assert_str_eq(small.p, "kept");
    muni__buf_free(&small);
    free(text);
}
END_TEST

static void *many_keys(void *arg) {
    textrng rng = { 77 };
    size_t *bad = arg;
    for (int round = 0; round < 3000; round++) {
        char text[100], *a, *b;
        size_t n = 0;
        b = NULL;
        for (int i = 0; i < 12; i++)
            n += muni__utf8_put(random_char(&rng), text + n);
        if (muni__textkey(text, n, &a, NULL) < 0 || muni__textkey(a, strlen(a), &b, NULL) < 0 || strcmp(a, b) != 0)
            ++*bad;
        muni__free(a);
        muni__free(b);
    }
    return NULL;
}

START_TEST(textkey__threads_fill_the_table_together) {
    pthread_t threads[4];
    size_t bad[4] = { 0 };
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, many_keys, &bad[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_uint_eq(bad[i], 0);
    }
}
END_TEST

START_TEST(textkey__out_of_memory) {
    static const char text[] = "ﾜﾀﾅﾍﾞ　ﷺﷺﷺﷺﷺﷺ";
    muni_status st;
    char *out = NULL;
    FAULT_LOOP(st, muni__textkey(text, strlen(text), &out, NULL), ck_assert_ptr_null(out));
    muni__free(out);
    FAULT_LOOP(st, muni__idkey(text, strlen(text), &out, NULL), ck_assert_ptr_null(out));
    muni__free(out);
    FAULT_LOOP(st, muni__kanakey(text, strlen(text), &out, NULL), ck_assert_ptr_null(out));
    muni__free(out);
    muni__buf b = MUNI_BUF_INIT(0);
    FAULT_LOOP(st, muni__textkey_put(&b, text, strlen(text)), { ck_assert_uint_eq(b.n, 0); muni__buf_free(&b); });
    muni__buf_free(&b);
}
END_TEST

Suite *suite_textkey(void);
Suite *suite_textkey(void) {
    Suite *s = suite_create("textkey");
    TCase *t = tcase_create("textkey");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, textkey__every_character_as_the_reference);
    tcase_add_test(t, textkey__random_text_as_the_reference_and_stable);
    tcase_add_test(t, textkey__kana_vectors);
    tcase_add_test(t, textkey__hazards_give_one_key);
    tcase_add_test(t, textkey__itaiji_table_is_the_list);
    tcase_add_test(t, textkey__folds);
    tcase_add_test(t, textkey__id_folds_less);
    tcase_add_test(t, textkey__readings_sort_for_people);
    tcase_add_test(t, textkey__kana_arithmetic);
    tcase_add_test(t, textkey__broken_text_is_refused_wherever_it_breaks);
    tcase_add_test(t, textkey__heaps_of_marks_and_long_text_end);
    tcase_add_test(t, textkey__threads_fill_the_table_together);
    tcase_add_test(t, textkey__out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
