/* core/pii.h: check digits, what is masked, what is only warned of, what is left alone. */
#include "core/pii.h"

#include "fault.h"
#include "textdata.h"

typedef struct seen {
    size_t count, masked;
    muni__pii_finding first;
    muni_status answer;
} seen;

static muni_status see(void *user, const muni__pii_finding *f) {
    seen *s = user;
    if (!s->count++)
        s->first = *f;
    s->masked += f->kind == MUNI__PII_MYNUMBER_MASK;
    return s->answer < 0 ? muni__fail(s->answer, NULL, "enough", "十分") : MUNI_OK;
}

static seen scan(const char *text) {
    seen s = { 0 };
    ck_assert_int_eq(muni__pii_scan(text, strlen(text), see, &s), MUNI_OK);
    return s;
}

static void assert_masks(const char *text, const char *expect, size_t masked, size_t warned) {
    char *out;
    size_t len, m, w;
    ck_assert_int_eq(muni__pii_mask(text, strlen(text), &out, &len, &m, &w), MUNI_OK);
    ck_assert_msg(m == masked && w == warned, "%s: %zu masked, %zu warned of", text, m, w);
    if (!masked) {
        ck_assert_ptr_null(out);
        return;
    }
    ck_assert_str_eq(out, expect);
    ck_assert_uint_eq(strlen(out), len);
    muni__free(out);
}

START_TEST(pii__number_vectors) {
    textdata t;
    size_t rows = 0;
    for (textdata_open(&t, "number_vectors.csv"); textdata_next(&t); rows++) {
        const char *kind = t.r.fields[0].p, *text = t.r.fields[1].p, *expect = t.r.fields[2].p;
        bool valid = strstr(expect, "valid") && strcmp(expect, "invalid") != 0 && strcmp(expect, "valid-but-reject") != 0;
        if (!strcmp(kind, "my"))
            ck_assert_msg((scan(text).count == 1) == valid, "%s: %s", text, expect);
        else
            ck_assert_msg((strlen(text) == 13 && muni__corporate_number_valid(text)) == valid, "%s: %s", text, expect);
    }
    ck_assert_uint_eq(rows, 19);
}
END_TEST

START_TEST(pii__text_vectors) {
    textdata t;
    size_t rows = 0;
    for (textdata_open(&t, "pii_text_vectors.csv"); textdata_next(&t);) {
        bool mynumber = !strcmp(t.r.fields[2].p, "mynumber");
        if (mynumber || strstr(t.r.fields[2].p, "warn only") || strstr(t.r.fields[2].p, "corporate")) {
            assert_masks(t.r.fields[0].p, t.r.fields[1].p, mynumber, strstr(t.r.fields[2].p, "warn only") != NULL);
            rows++;
        }
    }
    ck_assert_uint_eq(rows, 4);
}
END_TEST

START_TEST(pii__check_digit_passes_one_in_ten) {
    size_t valid = 0;
    char digits[13];
    for (int i = 0; i < 100000; i++) {
        snprintf(digits, sizeof digits, "%012d", 100000 + i * 7919);
        valid += muni__mynumber_valid(digits);
    }
    ck_assert_uint_gt(valid, 9000);
    ck_assert_uint_lt(valid, 11000);
    for (char base = '0'; base <= '9'; base++) { /* exactly one check digit for each eleven */
        valid = 0;
        for (char c = '0'; c <= '9'; c++) {
            memcpy(digits, "12345678901", 11);
            digits[3] = base;
            digits[11] = c;
            valid += muni__mynumber_valid(digits);
        }
        ck_assert_uint_eq(valid, 1);
    }
    ck_assert(!muni__mynumber_valid("1234567890１"));
    ck_assert(!muni__mynumber_valid("000000000000"));
}
END_TEST

START_TEST(pii__groups_neighbours_and_context) {
    assert_masks("個人番号 1234 5678 9018 と 123456789018", "個人番号 ************ と ************", 2, 0);
    assert_masks("個人番号:１２３４‐５６７８－９０１８。", "個人番号:************。", 1, 0);
    assert_masks("ﾏｲﾅﾝﾊﾞｰ 123456789018", "ﾏｲﾅﾝﾊﾞｰ ************", 1, 0);
    assert_masks("MyNumber=123456789018", "MyNumber=************", 1, 0);
    assert_masks("My Number: 123456789018", "My Number: ************", 1, 0);
    assert_masks("123456789018 (マイナンバー)", "************ (マイナンバー)", 1, 0);
    assert_masks("受付2025 1234-5678-9018 個人番号", "受付2025 ************ 個人番号", 1, 0);
    assert_masks("個人番号 41234567890180", NULL, 0, 0);  /* no part of a longer one */
    assert_masks("個人番号 1234-5678-90181", NULL, 0, 0);
    assert_masks("個人番号 1234/5678/9018", NULL, 0, 0);
    assert_masks("個人番号 123456789010", NULL, 0, 0);
    assert_masks("個人番号 111111111111", NULL, 0, 0);
    assert_masks("法人番号 7000012050002", NULL, 0, 0);
    assert_masks("123456789018", NULL, 0, 1);
    assert_masks("202504011234 に障害", NULL, 0, 1);
    /* exactly twenty characters between, and one more */
    assert_masks("個人番号あいうえおかきくけこさしすせそたちつてと123456789018", "個人番号あいうえおかきくけこさしすせそたちつてと************", 1, 0);
    assert_masks("個人番号あいうえおかきくけこさしすせそたちつてとな123456789018", NULL, 0, 1);
    assert_masks("123456789018あいうえおかきくけこさしすせそたちつてと番号通知", "************あいうえおかきくけこさしすせそたちつてと番号通知", 1, 0);
    assert_masks("123456789018あいうえおかきくけこさしすせそたちつてとな番号通知", NULL, 0, 1);
    seen s = scan("あ 1234-5678-9018 い");
    ck_assert(s.first.offset == 4 && s.first.length == 14 && s.first.kind == MUNI__PII_MYNUMBER_WARN);
}
END_TEST

START_TEST(pii__broken_and_giant_text) {
    assert_masks("個人番号\xff\xe3 123456789018\x80", "個人番号\xff\xe3 ************\x80", 1, 0);
    assert_masks("\x80\x80\x80 123456789018 \xe3\x81", NULL, 0, 1);
    size_t n = 1 << 20, m, w;
    char *text = malloc(n), *out;
    for (size_t i = 0; i < n; i++) /* a number may begin at every digit */
        text[i] = i % 2 ? ' ' : (char)('0' + i / 2 % 10);
    ck_assert_int_eq(muni__pii_mask(text, n, &out, NULL, &m, &w), MUNI_OK);
    ck_assert_uint_eq(m, 0);
    ck_assert_ptr_null(out);
    memset(text, '1', n);
    ck_assert_int_eq(muni__pii_mask(text, n, &out, NULL, &m, &w), MUNI_OK);
    ck_assert_uint_eq(w, 0);
    free(text);
    seen s = { .answer = MUNI_ECANCELLED };
    ck_assert_int_eq(muni__pii_scan("123456789018,123456789018", 25, see, &s), MUNI_ECANCELLED);
    ck_assert_uint_eq(s.count, 1);
}
END_TEST

START_TEST(pii__random_text_keeps_all_but_the_numbers) {
    textrng rng = { 31 };
    static const char *const parts[] = { "123456789018", "1234-5678-9018", "１２３４５６７８９０１８", "個人番号", "マイナンバー", " ", "、", "あ", "9", "-", "\xff", "　", "x" };
    for (int round = 0; round < 20000; round++) {
        char text[400] = "", *out;
        for (uint32_t i = textrng_below(&rng, 12); i; i--)
            strcat(text, parts[textrng_below(&rng, MUNI_COUNT(parts))]);
        size_t len, m, w, stars = 0;
        ck_assert_int_eq(muni__pii_mask(text, strlen(text), &out, &len, &m, &w), MUNI_OK);
        seen s = scan(text);
        ck_assert(s.count == m + w && s.masked == m);
        for (size_t i = 0; out && i < len; i++)
            stars += out[i] == '*';
        ck_assert_uint_eq(stars, out ? m * 12 : 0);
        if (out) { /* what is left holds nothing but what was warned of (a shorter text may bring a word nearer) */
            size_t again;
            char *twice;
            ck_assert_int_eq(muni__pii_mask(out, len, &twice, NULL, &again, NULL), MUNI_OK);
            ck_assert_uint_le(again, w);
                muni__free(twice);
        }
        muni__free(out);
    }
}
END_TEST

START_TEST(pii__out_of_memory) {
    static const char text[] = "個人番号 123456789018";
    muni_status st;
    char *out;
    FAULT_LOOP(st, muni__pii_mask(text, strlen(text), &out, NULL, NULL, NULL), ck_assert_ptr_null(out));
    ck_assert_str_eq(out, "個人番号 ************");
    muni__free(out);
}
END_TEST

Suite *suite_pii(void);
Suite *suite_pii(void) {
    Suite *s = suite_create("pii");
    TCase *t = tcase_create("pii");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, pii__number_vectors);
    tcase_add_test(t, pii__text_vectors);
    tcase_add_test(t, pii__check_digit_passes_one_in_ten);
    tcase_add_test(t, pii__groups_neighbours_and_context);
    tcase_add_test(t, pii__broken_and_giant_text);
    tcase_add_test(t, pii__random_text_keeps_all_but_the_numbers);
    tcase_add_test(t, pii__out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
