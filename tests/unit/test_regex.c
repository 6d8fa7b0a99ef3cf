/* Patterns: found, refused, and stopped. */
#include "core/regex.h"
#include "fault.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static muni__regexes *kept;

static void set_up(void) {
    ck_assert_int_eq(muni__regexes_new(&kept), MUNI_OK);
}

static void tear_down(void) {
    muni__regexes_free(kept, false);
}

static int found(const char *pattern, const char *text) {
    bool with = false, without = false;
    muni_status st = muni__regexes_match(kept, pattern, strlen(pattern), text, strlen(text), &with);
    ck_assert_msg(st == MUNI_OK, "%s: %s", pattern, muni_error_name(st));
    ck_assert_int_eq(muni__regexes_match(NULL, pattern, strlen(pattern), text, strlen(text), &without), MUNI_OK); /* compiled for once */
    ck_assert_int_eq(with, without);
    return with;
}

START_TEST(regex__is_found_anywhere_in_either_case) {
    ck_assert(found("vpn-\\d+", "本庁のVPN-01がつながらない"));
    ck_assert(!found("(?-i)vpn-\\d+", "本庁のVPN-01がつながらない"));
    ck_assert(found("^\\[監視\\]", "[監視] srv-01 が応答しない"));
    ck_assert(!found("^\\[監視\\]", "Re: [監視] srv-01 が応答しない"));
    ck_assert(found("^.{3}$", "東京都")); /* characters, not bytes */
    ck_assert(found("\\p{Han}{2}課", "総務課"));
    ck_assert(!found("\\p{Han}{2}課", "ＩＴ課"));
    ck_assert(found("ｖｐｎ", "ＶＰＮ"));   /* wide letters have two cases, too … */
    ck_assert(!found("vpn", "ＶＰＮ"));    /* … and are others than narrow ones */
    ck_assert(found("\\d", "１"));        /* a digit is one in any script */
    ck_assert(found("x*", ""));
    ck_assert(!found("x", ""));
    ck_assert(found("^(\\w+)@\\1\\.jp$", "city@city.jp"));
}
END_TEST

static void refused(const char *pattern, size_t at, const char *says) {
    size_t where = 99;
    char why[120] = "";
    bool out = true;
    ck_assert_msg(muni__regex_check(pattern, strlen(pattern), &where, why) == MUNI_EFORMAT, "%s", pattern);
    ck_assert_msg(where == at, "%s: at %zu (%s)", pattern, where, why);
    ck_assert_msg(strstr(why, says) != NULL, "%s: %s", pattern, why);
    ck_assert_int_eq(muni__regexes_match(kept, pattern, strlen(pattern), "a", 1, &out), MUNI_EFORMAT);
    ck_assert(!out);
}

START_TEST(regex__refuses_what_is_no_pattern) {
    size_t where;
    char why[120], longest[MUNI__REGEX_MAX + 2];
    refused("総務(課", 5, "parenthes");
    refused("[あ-", 4, "]");
    refused("あ\\C", 4, "\\C");
    refused("a\xff", 2, "UTF-8");
    refused("(?<n>a)(?<n>b)", 13, "same name");
    memset(longest, 'a', sizeof longest);
    ck_assert_int_eq(muni__regex_check(longest, MUNI__REGEX_MAX, &where, why), MUNI_OK);
    ck_assert_int_eq(muni__regex_check(longest, MUNI__REGEX_MAX + 1, &where, why), MUNI_ELIMIT);
    memset(longest, '(', MUNI__REGEX_MAX);
    ck_assert_int_eq(muni__regex_check(longest, MUNI__REGEX_MAX, &where, why), MUNI_EFORMAT);
    ck_assert_int_eq(muni__regex_check("((((a{999}){999}){999}){999})", 29, &where, why), MUNI_EFORMAT); /* would not fit into memory */
}
END_TEST

/* What would take for ever ends, and says so. */
START_TEST(regex__that_explodes_is_stopped) {
    static const char *const patterns[] = { "(a+)+$", "(a|aa)+$", "(a|a?)+$", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:a?){40}a{40}$", "((a*)*)*b", "(?R)?a+b", "^(?:(a)|b|(?1))*\\d$" };
    char text[4097];
    size_t stopped = 0;
    memset(text, 'a', sizeof text);
    text[4095] = '!';
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        bool out = true;
        muni_status st = muni__regexes_match(kept, patterns[i], strlen(patterns[i]), text, 4096, &out);
        ck_assert_msg(st == MUNI_OK || st == MUNI_ELIMIT, "%s: %s", patterns[i], muni_error_name(st));
        ck_assert_msg(!out, "%s", patterns[i]);
        stopped += st == MUNI_ELIMIT;
    }
    ck_assert_uint_ge(stopped, 4);
    bool out = false; /* and a reasonable one is not */
    char *longer = malloc(1 << 20);
    ck_assert_ptr_nonnull(longer);
    memset(longer, 'a', 1 << 20);
    memcpy(longer + (1 << 20) - 8, "srv-0123", 8);
    ck_assert_int_eq(muni__regexes_match(kept, "srv-\\d{4}$", 10, longer, 1 << 20, &out), MUNI_OK);
    ck_assert(out);
    free(longer);
}
END_TEST

START_TEST(regex__text_that_is_no_utf8_is_an_error) {
    bool out = true;
    ck_assert_int_eq(muni__regexes_match(kept, "a", 1, "a\xff", 2, &out), MUNI_EINTERNAL);
    ck_assert(!out);
}
END_TEST

/* More patterns than are kept, from several threads. */
static void *many(void *user) {
    unsigned seed = (unsigned)(size_t)user;
    for (int i = 0; i < 3000; i++) {
        char pattern[40], text[40];
        bool out;
        seed = seed * 1103515245u + 12345u;
        unsigned n = seed >> 8 & 0x1fff;
        (void)snprintf(pattern, sizeof pattern, "^%u\\D", n);
        (void)snprintf(text, sizeof text, "%u番", n);
        if (muni__regexes_match(kept, pattern, strlen(pattern), text, strlen(text), &out) != MUNI_OK || !out)
            return user;
        (void)snprintf(text, sizeof text, "%u番", n + 1);
        if (muni__regexes_match(kept, pattern, strlen(pattern), text, strlen(text), &out) != MUNI_OK || out)
            return user;
    }
    return NULL;
}

START_TEST(regex__is_kept_for_all_threads) {
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, many, (void *)(i + 1)), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
}
END_TEST

START_TEST(regex__out_of_memory) {
    muni_status st;
    bool out;
    long failed = 0, n = 0;
    muni__regexes *r = NULL;
    for (long count = 1; count >= n;) { /* what is only for speed is gone without */
        fault_set(++n);
        st = muni__regexes_match(r, "(a|b)+\\d", 8, "abab1", 5, &out);
        count = fault_count();
        fault_set(0);
        ck_assert_msg(st == MUNI_OK || st == MUNI_ENOMEM, "%s", muni_error_name(st));
        ck_assert(out == (st == MUNI_OK));
        failed += st == MUNI_ENOMEM;
    }
    ck_assert_int_ge(failed, 5);
    ck_assert_int_eq(muni__regexes_match(kept, "(a|b)+\\d", 8, "abab1", 5, &out), MUNI_OK);
    FAULT_LOOP(st, muni__regexes_match(kept, "(a|b)+\\d", 8, "abab1", 5, &out), ck_assert(!out)); /* as it is kept */
    ck_assert(out);
    FAULT_LOOP(st, muni__regexes_new(&r), ck_assert_ptr_null(r));
    muni__regexes_free(r, false);
}
END_TEST

Suite *suite_regex(void);
Suite *suite_regex(void) {
    Suite *s = suite_create("regex");
    TCase *t = tcase_create("regex");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, regex__is_found_anywhere_in_either_case);
    tcase_add_test(t, regex__refuses_what_is_no_pattern);
    tcase_add_test(t, regex__that_explodes_is_stopped);
    tcase_add_test(t, regex__text_that_is_no_utf8_is_an_error);
    tcase_add_test(t, regex__is_kept_for_all_threads);
    tcase_add_test(t, regex__out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
