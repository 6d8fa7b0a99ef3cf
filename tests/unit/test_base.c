/* core/base.h: errors, memory, buffers, UTF-8. */
#include "core/arena.h"
#include "core/base.h"

#include "fault.h"

#include <check.h>
#include <municipal/error.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- errors */

START_TEST(error__fail_sets_record_in_both_languages) {
    muni_status st = muni__fail(MUNI_EFIELD, "subjct", "no field \"%s\" in %s", "%2$sに項目「%1$s」はありません", "subjct", "ticket");
    ck_assert_int_eq(st, MUNI_EFIELD);
    ck_assert_int_eq(muni_error_code(), MUNI_EFIELD);
    ck_assert_str_eq(muni_error_text("en"), "no field \"subjct\" in ticket");
    ck_assert_str_eq(muni_error_text(NULL), "no field \"subjct\" in ticket");
    ck_assert_str_eq(muni_error_text("ja"), "ticketに項目「subjct」はありません");
    ck_assert_str_eq(muni_error_field(), "subjct");
    ck_assert_str_eq(muni_error_kind(), "");
    ck_assert_int_eq(muni_error_line(), 0);
    ck_assert_int_eq(muni_error_record(), 0);
}
END_TEST

START_TEST(error__fail_last_producer_wins) {
    muni__fail(MUNI_EFIELD, "a", "first", "一");
    muni__fail_place("ticket", 3, 4);
    muni__fail(MUNI_ETYPE, NULL, "second", "二");
    ck_assert_int_eq(muni_error_code(), MUNI_ETYPE);
    ck_assert_str_eq(muni_error_text("ja"), "二");
    ck_assert_str_eq(muni_error_field(), "");
    ck_assert_str_eq(muni_error_kind(), "");
    ck_assert_int_eq(muni_error_line(), 0);
}
END_TEST

START_TEST(error__fail_may_quote_the_record_it_replaces) {
    muni__fail(MUNI_EIO, "f", "inner", "内側");
    muni__fail(MUNI_ENOTSTORE, muni_error_field(), "outer: %s", "外側: %s", muni_error_text("ja"));
    ck_assert_str_eq(muni_error_text("en"), "outer: 内側");
    ck_assert_str_eq(muni_error_text("ja"), "外側: 内側");
    ck_assert_str_eq(muni_error_field(), "f");
}
END_TEST

START_TEST(error__fail_number_that_is_no_code_is_internal) {
    ck_assert_int_eq(muni__fail(-9999, NULL, "x", "x"), MUNI_EINTERNAL);
    ck_assert_int_eq(muni_error_code(), MUNI_EINTERNAL);
    ck_assert_str_eq(muni_error_text("en"), "internal error");
    ck_assert_int_eq(muni__fail(MUNI_OK, NULL, "x", "x"), MUNI_EINTERNAL);
}
END_TEST

START_TEST(error__fail_cuts_between_characters) {
    char text[4096];
    size_t n = 0;
    while (n + 3 < sizeof text)
        n += muni__utf8_put(0x6f22, text + n);
    text[n] = '\0';
    for (int shift = 0; shift < 3; shift++) { /* each way that a cut can fall */
        muni__fail(MUNI_EINVAL, text, "%s%s", "%s%s", &"aa"[2 - shift], text);
        const char *got[] = { muni_error_text("en"), muni_error_text("ja"), muni_error_field() };
        for (size_t i = 0; i < MUNI_COUNT(got); i++) {
            ck_assert(muni__utf8_valid(got[i], strlen(got[i]), NULL));
            ck_assert_uint_ge(strlen(got[i]), (i == 0 ? 512 : i == 1 ? 768 : 128) - 3);
        }
    }
}
END_TEST

START_TEST(error__fail_text_is_one_line_of_utf8) {
    muni__fail(MUNI_EINVAL, "a\nb", "x%sy", "あ%sい", "\n\xff\xe3\x81\x1b\x80");
    ck_assert_str_eq(muni_error_text("en"), "x ??? ?y");
    ck_assert_str_eq(muni_error_text("ja"), "あ ??? ?い");
    ck_assert_str_eq(muni_error_field(), "a b");
    char text[4096];
    memset(text, 0x80, sizeof text - 1);
    text[sizeof text - 1] = '\0';
    muni__fail(MUNI_EINVAL, NULL, "%s", "%s", text);
    ck_assert_uint_eq(strlen(muni_error_text("en")), 511);
    ck_assert_uint_eq(strspn(muni_error_text("ja"), "?"), 767);
}
END_TEST

START_TEST(error__place_is_added_to_a_record_and_to_none) {
    muni__error_clear();
    muni__fail_place("ticket", 7, 8);
    ck_assert_str_eq(muni_error_kind(), "");
    ck_assert_int_eq(muni_error_line(), 0);
    muni__fail(MUNI_EFORMAT, "due_on", "bad date", "日付が正しくありません");
    muni__fail_place("ticket", 7, 0);
    muni__fail_place(NULL, 0, 9);
    ck_assert_str_eq(muni_error_kind(), "ticket");
    ck_assert_int_eq(muni_error_line(), 7);
    ck_assert_int_eq(muni_error_record(), 9);
    ck_assert_str_eq(muni_error_field(), "due_on");
}
END_TEST

START_TEST(error__leave_success_clears) {
    muni__fail(MUNI_EIO, "f", "x", "x");
    muni__fail_place("k", 1, 2);
    ck_assert_int_eq(muni__leave(MUNI_ROW), MUNI_ROW);
    ck_assert_int_eq(muni_error_code(), 0);
    ck_assert_str_eq(muni_error_text("en"), "");
    ck_assert_str_eq(muni_error_text("ja"), "");
    ck_assert_str_eq(muni_error_field(), "");
    ck_assert_str_eq(muni_error_kind(), "");
    ck_assert_int_eq(muni_error_line(), 0);
    ck_assert_int_eq(muni_error_record(), 0);
}
END_TEST

START_TEST(error__leave_failure_keeps_its_record) {
    muni__fail(MUNI_EIO, "f", "why", "なぜ");
    ck_assert_int_eq(muni__leave(MUNI_EIO), MUNI_EIO);
    ck_assert_str_eq(muni_error_text("en"), "why");
}
END_TEST

START_TEST(error__leave_failure_without_record_gets_the_standard_text) {
    muni__error_clear();
    ck_assert_int_eq(muni__leave(MUNI_ESTALE), MUNI_ESTALE);
    ck_assert_int_eq(muni_error_code(), MUNI_ESTALE);
    ck_assert_str_eq(muni_error_text("en"), "somebody else changed the record first");
    ck_assert_str_eq(muni_error_text("ja"), "他の人が先に変更しています");
    muni__fail(MUNI_EIO, "f", "of another failure", "別");
    ck_assert_int_eq(muni__leave(MUNI_EBUSY), MUNI_EBUSY);
    ck_assert_str_eq(muni_error_text("en"), "busy");
    ck_assert_str_eq(muni_error_field(), "");
    muni__error_clear();
    ck_assert_int_eq(muni__leave(-12345), MUNI_EINTERNAL);
    ck_assert_int_eq(muni_error_code(), MUNI_EINTERNAL);
}
END_TEST

START_TEST(error__save_and_restore) {
    muni__error saved;
    muni__fail(MUNI_EIO, "f", "why", "なぜ");
    muni__fail_place("k", 1, 2);
    muni__error_save(&saved);
    muni__fail(MUNI_EBUSY, NULL, "cleaning up", "片付け");
    muni__error_restore(&saved);
    ck_assert_int_eq(muni_error_code(), MUNI_EIO);
    ck_assert_str_eq(muni_error_text("ja"), "なぜ");
    ck_assert_str_eq(muni_error_kind(), "k");
    ck_assert_int_eq(muni_error_record(), 2);
}
END_TEST

START_TEST(error__names_of_codes) {
    ck_assert_str_eq(muni_error_name(MUNI_OK), "OK");
    ck_assert_str_eq(muni_error_name(MUNI_ROW), "ROW");
    ck_assert_str_eq(muni_error_name(MUNI_EINVAL), "EINVAL");
    ck_assert_str_eq(muni_error_name(MUNI_EINTERNAL), "EINTERNAL");
    ck_assert_str_eq(muni_error_name(2), "UNKNOWN");
    ck_assert_str_eq(muni_error_name(INT32_MIN), "UNKNOWN");
}
END_TEST

START_TEST(error__table_numbers_are_unique_and_unbroken) {
    static const int32_t codes[] = {
#define MUNI_ERROR(ename, enumber, eparent, eja, een) MUNI_##ename,
#include "core/errors.def"
#undef MUNI_ERROR
    };
    for (size_t i = 0; i < MUNI_COUNT(codes); i++)
        ck_assert_int_eq(codes[i], -(int32_t)i - 1);
}
END_TEST

static void *other_thread(void *arg) {
    int *wrong = arg;
    *wrong = muni_error_code() != 0;
    muni__fail(MUNI_EBUSY, NULL, "of the other thread", "別スレッド");
    *wrong |= muni_error_code() != MUNI_EBUSY;
    return NULL;
}

START_TEST(error__each_thread_has_its_own) {
    pthread_t thread;
    int wrong = 1;
    muni__fail(MUNI_EIO, NULL, "of this thread", "このスレッド");
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, &wrong), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(wrong, 0);
    ck_assert_int_eq(muni_error_code(), MUNI_EIO);
    ck_assert_str_eq(muni_error_text("en"), "of this thread");
}
END_TEST

START_TEST(version__text_and_number_agree) {
    int major, minor, patch;
    ck_assert_int_eq(sscanf(muni_version(), "%d.%d.%d", &major, &minor, &patch), 3);
    ck_assert_int_eq(muni_version_number(), major * 1000000 + minor * 1000 + patch);
}
END_TEST

/* ---- memory */

START_TEST(alloc__zeroed_and_never_null_for_zero) {
    char *p = muni__alloc(64);
    for (int i = 0; i < 64; i++)
        ck_assert_int_eq(p[i], 0);
    muni__free(p);
    p = muni__alloc(0);
    ck_assert_ptr_nonnull(p);
    muni__free(p);
    p = muni__realloc_n(NULL, 0, 8);
    ck_assert_ptr_nonnull(p);
    muni_free(p);
    muni_free(NULL);
    muni__free(NULL);
}
END_TEST

START_TEST(alloc__sizes_that_overflow_are_no_memory) {
    char small = 'x', *p = &small;
    size_t cap = 1;
    muni__error_clear();
    ck_assert_ptr_null(muni__alloc_n(SIZE_MAX / 2, 3));
    ck_assert_int_eq(muni_error_code(), MUNI_ENOMEM);
    ck_assert_ptr_null(muni__alloc(SIZE_MAX));
    ck_assert_ptr_null(muni__realloc_n(NULL, SIZE_MAX / 8 + 2, 8));
    ck_assert_ptr_null(muni__strndup("", SIZE_MAX));
    ck_assert_int_eq(muni__grow(&p, &cap, SIZE_MAX, 8), MUNI_ENOMEM);
    ck_assert_ptr_eq(p, &small);
    ck_assert_uint_eq(cap, 1);
    ck_assert_str_eq(muni_error_text("ja"), "メモリが足りません");
}
END_TEST

START_TEST(alloc__copies_of_text) {
    char *p = muni__strdup("市役所");
    ck_assert_str_eq(p, "市役所");
    muni__free(p);
    p = muni__strndup("abc", 2);
    ck_assert_str_eq(p, "ab");
    muni__free(p);
    p = muni__strndup(NULL, 0);
    ck_assert_str_eq(p, "");
    muni__free(p);
}
END_TEST

START_TEST(alloc__grow_keeps_what_is_there) {
    int64_t *p = NULL;
    size_t cap = 0;
    for (size_t i = 0; i < 1000; i++) {
        ck_assert_int_eq(muni__grow(&p, &cap, i + 1, sizeof *p), MUNI_OK);
        ck_assert_uint_gt(cap, i);
        p[i] = (int64_t)i;
    }
    for (size_t i = 0; i < 1000; i++)
        ck_assert_int_eq(p[i], (int64_t)i);
    muni__free(p);
}
END_TEST

START_TEST(alloc__failure_sets_the_record) {
    muni__error_clear();
    fault_set(2);
    void *p = muni__alloc(8), *q = muni__alloc(8), *r = muni__alloc(8);
    ck_assert_int_eq(fault_count(), 3);
    fault_set(0);
    ck_assert_ptr_nonnull(p);
    ck_assert_ptr_null(q);
    ck_assert_ptr_nonnull(r);
    ck_assert_int_eq(muni_error_code(), MUNI_ENOMEM);
    muni__free(p);
    muni__free(r);
}
END_TEST

/* ---- buffer */

START_TEST(buf__collects_and_gives_away) {
    muni__buf b = MUNI_BUF_INIT(100);
    char *out;
    size_t n;
    muni__buf_puts(&b, "a");
    muni__buf_putc(&b, 'b');
    muni__buf_put(&b, "c\0d", 3);
    muni__buf_printf(&b, "%d-%s", 42, "市");
    ck_assert_int_eq(b.st, MUNI_OK);
    ck_assert_uint_eq(b.n, strlen(b.p) + 2 + strlen("42-市"));
    ck_assert_int_eq(muni__buf_take(&b, &out, &n), MUNI_OK);
    ck_assert_uint_eq(n, 5 + strlen("42-市"));
    ck_assert_mem_eq(out, "abc\0d42-市", n + 1);
    muni_free(out);
    ck_assert_ptr_null(b.p);
    ck_assert_int_eq(muni__buf_take(&b, &out, NULL), MUNI_OK); /* and an empty one is "" */
    ck_assert_str_eq(out, "");
    muni_free(out);
    muni__buf_free(&b);
    muni__buf_free(&b);
}
END_TEST

START_TEST(buf__limit_sticks) {
    muni__buf b = MUNI_BUF_INIT(4);
    char *out = (char *)"x";
    muni__buf_puts(&b, "abcd");
    ck_assert_int_eq(b.st, MUNI_OK);
    muni__buf_putc(&b, 'e');
    ck_assert_int_eq(b.st, MUNI_ELIMIT);
    ck_assert_int_eq(muni_error_code(), MUNI_ELIMIT);
    ck_assert_str_eq(b.p, "abcd");
    muni__buf_clear(&b);
    ck_assert_str_eq(b.p, "");
    muni__buf_printf(&b, "%s", "abcde");
    muni__buf_putc(&b, 'a'); /* would fit, comes too late */
    ck_assert_uint_eq(b.n, 0);
    ck_assert_int_eq(muni__buf_take(&b, &out, NULL), MUNI_ELIMIT);
    ck_assert_ptr_null(out);
    ck_assert_ptr_null(b.p);
}
END_TEST

START_TEST(buf__limit_zero_is_none) {
    muni__buf b = MUNI_BUF_INIT(0);
    for (int i = 0; i < 100000; i++)
        muni__buf_putc(&b, 'x');
    ck_assert_int_eq(b.st, MUNI_OK);
    ck_assert_uint_eq(b.n, 100000);
    muni__buf_free(&b);
}
END_TEST

START_TEST(buf__int_writes_the_ends_of_the_range) {
    muni__buf b = MUNI_BUF_INIT(0);
    static const int64_t values[] = { 0, 1, -1, 10, INT64_MAX, INT64_MIN };
    for (size_t i = 0; i < MUNI_COUNT(values); i++) {
        muni__buf_int(&b, values[i]);
        muni__buf_putc(&b, ' ');
    }
    ck_assert_str_eq(b.p, "0 1 -1 10 9223372036854775807 -9223372036854775808 ");
    muni__buf_free(&b);
}
END_TEST

START_TEST(buf__json_escapes) {
    muni__buf b = MUNI_BUF_INIT(0);
    static const char text[] = "a\"\\/\b\f\n\r\t\x01\x1f\x7f\0市";
    muni__buf_json(&b, text, sizeof text - 1);
    ck_assert_str_eq(b.p, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\x7f\\u0000市\"");
    muni__buf_clear(&b);
    muni__buf_json(&b, "", 0);
    ck_assert_str_eq(b.p, "\"\"");
    muni__buf_clear(&b);
    muni__buf_json(&b, "ab\xed\xa0\x80", 5);
    ck_assert_int_eq(b.st, MUNI_EUTF8);
    ck_assert_str_eq(muni_error_text("en"), "byte 3 of the text is not valid UTF-8; give the text as UTF-8");
    ck_assert_str_eq(b.p, "");
    muni__buf_free(&b);
}
END_TEST

static muni_status build(char **out) {
    muni__buf b = MUNI_BUF_INIT(0);
    for (int i = 0; i < 50; i++) {
        muni__buf_json(&b, "市\n", 4);
        muni__buf_printf(&b, "%05d", i);
        muni__buf_int(&b, i);
    }
    return muni__buf_take(&b, out, NULL);
}

START_TEST(buf__every_allocation_may_fail) {
    char *out;
    muni_status st;
    FAULT_LOOP(st, build(&out), ck_assert_ptr_null(out));
    ck_assert_int_eq(st, MUNI_OK);
    ck_assert_str_eq(out + strlen(out) - 7, "0004949");
    muni_free(out);
}
END_TEST

/* ---- UTF-8 */

static const struct {
    const char *text;
    size_t bad; /* SIZE_MAX: valid */
} utf8_cases[] = {
    { "", SIZE_MAX },
    { "a", SIZE_MAX },
    { "é市𠮷", SIZE_MAX },
    { "\xc2\x80\xdf\xbf", SIZE_MAX },
    { "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", SIZE_MAX },
    { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", SIZE_MAX },
    { "a\x80", 1 },
    { "\xc0\x80", 0 },         /* overlong NUL */
    { "\xc1\xbf", 0 },         /* overlong */
    { "\xe0\x9f\xbf", 0 },     /* overlong */
    { "\xf0\x8f\xbf\xbf", 0 }, /* overlong */
    { "ab\xed\xa0\x80", 2 },   /* surrogate */
    { "\xed\xbf\xbf", 0 },     /* surrogate */
    { "\xf4\x90\x80\x80", 0 }, /* above U+10FFFF */
    { "\xf5\x80\x80\x80", 0 },
    { "\xff", 0 },
    { "市\xe5", 3 }, /* cut short */
    { "市\xe5\xb8", 3 },
    { "\xf0\xa0\xae", 0 },
    { "\xe5\xb8" "a", 0 },
    { "\xf0\xa0" "a\x80", 0 },
    { "\xf0\xa0\xae" "a", 0 },
    { "\xc3(", 0 },
};

START_TEST(utf8__valid) {
    size_t bad = SIZE_MAX, n = strlen(utf8_cases[_i].text);
    /* in a block of its own size, so that reading too far shows */
    char *text = muni__alloc(n);
    memcpy(text, utf8_cases[_i].text, n);
    ck_assert_int_eq(muni__utf8_valid(text, n, &bad), utf8_cases[_i].bad == SIZE_MAX);
    ck_assert_uint_eq(bad, utf8_cases[_i].bad);
    muni__free(text);
}
END_TEST

START_TEST(utf8__every_character_there_and_back) {
    for (uint32_t c = 0; c <= 0x10ffff; c++) {
        char text[4];
        uint32_t back;
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        size_t n = muni__utf8_put(c, text);
        if (!muni__utf8_valid(text, n, NULL) || muni__utf8_next(text, n, &back) != n || back != c || muni__utf8_length(text, n) != 1)
            ck_abort_msg("U+%04X", (unsigned)c);
    }
}
END_TEST

START_TEST(utf8__next_always_moves_on) {
    uint32_t c;
    ck_assert_uint_eq(muni__utf8_next("\xe5\xb8", 2, &c), 1);
    ck_assert_uint_eq(c, 0xe5);
    ck_assert_uint_eq(muni__utf8_next("\x80", 1, &c), 1);
    ck_assert_uint_eq(muni__utf8_next("", 0, &c), 1);
    ck_assert_uint_eq(c, 0);
}
END_TEST

START_TEST(utf8__length_and_cut) {
    const char *text = "a市𠮷b"; /* 1 + 3 + 4 + 1 bytes */
    static const size_t cuts[] = { 0, 1, 1, 1, 4, 4, 4, 4, 8, 9, 9 };
    ck_assert_uint_eq(muni__utf8_length(text, strlen(text)), 4);
    for (size_t max = 0; max < MUNI_COUNT(cuts); max++)
        ck_assert_uint_eq(muni__utf8_cut(text, strlen(text), max), cuts[max]);
}
END_TEST

/* What is kept by a reset is given out again, zeroed, also where other memory was asked for meanwhile. */
START_TEST(arena__reset_keeps_a_chunk_and_no_values) {
    muni__arena a = MUNI_ARENA_INIT;
    muni__arena_reset(&a);
    ck_assert_ptr_null(a.head);
    for (int round = 0; round < 5; round++) {
        for (size_t i = 1; i < 200000; i = i * 3 + 1) {
            unsigned char *p = muni__arena_alloc(&a, i);
            ck_assert_ptr_nonnull(p);
            size_t other = 0;
            for (size_t k = 0; k < i; k++)
                other += p[k] != 0;
            ck_assert_uint_eq(other, 0);
            memset(p, 0xaa, i);
        }
        muni__arena_reset(&a);
        ck_assert_ptr_nonnull(a.head);
    }
    muni__arena_free(&a);
    ck_assert_ptr_null(a.head);
}
END_TEST

START_TEST(process__is_another_in_every_child) {
    int64_t ours = muni__process();
    int status = -1;
    ck_assert_int_eq(muni__process(), ours);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        int64_t theirs = muni__process();
        bool right = theirs != ours && theirs == muni__process();
        child = fork();
        if (!child)
            _exit(muni__process() != ours && muni__process() != theirs ? 0 : 2);
        _exit(right && child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && !WEXITSTATUS(status));
    ck_assert_int_eq(muni__process(), ours);
}
END_TEST

START_TEST(quote__caps_and_cleans) {
    muni__quoted q;
    char text[4 * 60];
    ck_assert_str_eq(muni__quote(&q, "市役所", 9), "市役所");
    ck_assert_str_eq(muni__quote(&q, "", 0), "");
    ck_assert_str_eq(muni__quote(&q, "a\nb\0c\x7f\xc2\x85\xe2\x80\xae" "d", 12), "a·b·c···d");
    ck_assert_str_eq(muni__quote(&q, "a\xff\xe5\xb8", 4), "a···");
    size_t n = 0;
    for (int i = 0; i < 60; i++)
        n += muni__utf8_put(0x20bb7, text + n);
    muni__quote(&q, text, 4 * 40);
    ck_assert_uint_eq(strlen(q.s), 4 * 40);
    muni__quote(&q, text, n); /* the longest: forty characters of four bytes, and the mark */
    ck_assert_uint_eq(strlen(q.s), 4 * 40 + 3);
    ck_assert_mem_eq(q.s, text, 4 * 40);
    ck_assert_str_eq(q.s + 4 * 40, "…");
}
END_TEST

START_TEST(nearest__finds_what_was_meant) {
    static const struct {
        const char *name;
        int other;
    } names[] = { { "subject", 1 }, { "state", 2 }, { "assignee", 3 }, { "id", 4 } };
    static const char *const cases[][2] = {
        { "subjct", "subject" },  { "Subject", "subject" }, { "SUBJECT", "subject" }, { "asignee", "assignee" }, { "satte", "state" },
        { "assignees", "assignee" }, { "ix", "id" },        { "colour", NULL },       { "", NULL },              { "xy", NULL },
    };
    for (size_t i = 0; i < MUNI_COUNT(cases); i++) {
        const char *got = muni__nearest(cases[i][0], names, MUNI_COUNT(names), sizeof names[0]);
        if (cases[i][1])
            ck_assert_str_eq(got, cases[i][1]);
        else
            ck_assert_ptr_null(got);
    }
    char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_ptr_null(muni__nearest(longest, names, MUNI_COUNT(names), sizeof names[0]));
    const char *one[] = { longest };
    ck_assert_ptr_null(muni__nearest("aaa", one, 1, sizeof one[0]));
}
END_TEST

START_TEST(utf8__plain_run_stops_at_the_first_special_byte) {
    char text[40];
    for (int c = 0; c < 256; c++) /* each byte at each place of texts of each length, among plain ones with and without the high bit */
        for (size_t n = 1; n <= sizeof text; n++)
            for (size_t at = 0; at < n; at++) {
                bool plain = c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
                memset(text, at % 2 ? 0x21 : 0xe3, n);
                text[at] = (char)c;
                if (muni__plain_run(text, n) != (plain ? n : at))
                    ck_abort_msg("byte %02x at %zu of %zu: %zu", (unsigned)c, at, n, muni__plain_run(text, n));
            }
    ck_assert_uint_eq(muni__plain_run(text, 0), 0);
}
END_TEST

START_TEST(arena__zeroed_aligned_and_apart) {
    muni__arena a = MUNI_ARENA_INIT;
    static const size_t sizes[] = { 1, 3000, 16, 70000, 8, 1999, 0, 40000, 5 };
    char *texts[200];
    for (size_t i = 0; i < MUNI_COUNT(texts); i++) {
        size_t n = sizes[i % MUNI_COUNT(sizes)];
        unsigned char *p = muni__arena_alloc(&a, n);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        size_t zeros = 0;
        while (zeros < n && !p[zeros])
            zeros++;
        ck_assert_uint_eq(zeros, n);
        memset(p, 0xff, n);
        texts[i] = muni__arena_strndup(&a, "職員番号", i % 13);
        ck_assert_ptr_nonnull(texts[i]);
    }
    for (size_t i = 0; i < MUNI_COUNT(texts); i++) {
        ck_assert_uint_eq(strlen(texts[i]), i % 13 < 12 ? i % 13 : 12);
        ck_assert_mem_eq(texts[i], "職員番号", strlen(texts[i]));
    }
    ck_assert_ptr_null(muni__arena_alloc(&a, SIZE_MAX / 2));
    ck_assert_ptr_null(muni__arena_strndup(&a, "", SIZE_MAX));
    muni__arena_free(&a);
    ck_assert_ptr_nonnull(muni__arena_strndup(&a, "再び", 6));
    muni__arena_free(&a);
}
END_TEST

Suite *suite_base(void) {
    Suite *s = suite_create("base");
    TCase *c = tcase_create("error");
    tcase_add_test(c, error__fail_sets_record_in_both_languages);
    tcase_add_test(c, error__fail_last_producer_wins);
    tcase_add_test(c, error__fail_may_quote_the_record_it_replaces);
    tcase_add_test(c, error__fail_number_that_is_no_code_is_internal);
    tcase_add_test(c, error__fail_cuts_between_characters);
    tcase_add_test(c, error__fail_text_is_one_line_of_utf8);
    tcase_add_test(c, error__place_is_added_to_a_record_and_to_none);
    tcase_add_test(c, error__leave_success_clears);
    tcase_add_test(c, error__leave_failure_keeps_its_record);
    tcase_add_test(c, error__leave_failure_without_record_gets_the_standard_text);
    tcase_add_test(c, error__save_and_restore);
    tcase_add_test(c, error__names_of_codes);
    tcase_add_test(c, error__table_numbers_are_unique_and_unbroken);
    tcase_add_test(c, error__each_thread_has_its_own);
    tcase_add_test(c, version__text_and_number_agree);
    suite_add_tcase(s, c);
    c = tcase_create("memory");
    tcase_add_test(c, alloc__zeroed_and_never_null_for_zero);
    tcase_add_test(c, alloc__sizes_that_overflow_are_no_memory);
    tcase_add_test(c, alloc__copies_of_text);
    tcase_add_test(c, alloc__grow_keeps_what_is_there);
    tcase_add_test(c, alloc__failure_sets_the_record);
    tcase_add_test(c, buf__collects_and_gives_away);
    tcase_add_test(c, buf__limit_sticks);
    tcase_add_test(c, buf__limit_zero_is_none);
    tcase_add_test(c, buf__int_writes_the_ends_of_the_range);
    tcase_add_test(c, buf__json_escapes);
    tcase_add_test(c, buf__every_allocation_may_fail);
    suite_add_tcase(s, c);
    c = tcase_create("text");
    tcase_add_loop_test(c, utf8__valid, 0, (int)MUNI_COUNT(utf8_cases));
    tcase_add_test(c, utf8__every_character_there_and_back);
    tcase_add_test(c, utf8__next_always_moves_on);
    tcase_add_test(c, utf8__length_and_cut);
    tcase_add_test(c, utf8__plain_run_stops_at_the_first_special_byte);
    tcase_add_test(c, arena__zeroed_aligned_and_apart);
    tcase_add_test(c, arena__reset_keeps_a_chunk_and_no_values);
    tcase_add_test(c, process__is_another_in_every_child);
    tcase_add_test(c, quote__caps_and_cleans);
    tcase_add_test(c, nearest__finds_what_was_meant);
    suite_add_tcase(s, c);
    return s;
}
