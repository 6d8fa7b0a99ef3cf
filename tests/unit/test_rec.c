/* Records: core/rec.c, json.c, arena.c through the public readers and setters. */
#include "modeltest.h"

#include "core/json.h"
#include "core/value.h"
#include "fault.h"

START_TEST(rec__keeps_values_of_every_type) {
    muni_rec *r = NULL;
    char *json = NULL;
    size_t n = 0;
    OK(muni_rec_new(&r));
    OK(muni_rec_set_text(r, "text", "a\0b", 3));
    OK(muni_rec_set_int(r, "int", INT64_MIN));
    OK(muni_rec_set_bool(r, "bool", 7));
    OK(muni_rec_set_null(r, "null"));
    OK(muni_rec_set_date(r, "date", "2024-02-29"));
    OK(muni_rec_set_time(r, "time", 0));
    OK(muni_rec_set_json(r, "json", " { \"b\" : [ 1, 2.5 ], \"a\" : null } ", MUNI_ZERO_TERMINATED));
    ck_assert_int_eq(muni_rec_count(r), 7);
    ck_assert_str_eq(muni_rec_kind(r), "");
    ck_assert_int_eq(muni_rec_type(r, muni_rec_find(r, "date")), MUNI_TYPE_DATE);
    const char *p = muni_rec_text(r, muni_rec_find(r, "text"), &n);
    ck_assert_uint_eq(n, 3);
    ck_assert_int_eq(memcmp(p, "a\0b", 4), 0);
    OK(muni_rec_json(r, &json));
    ck_assert_str_eq(json, "{\"bool\":true,\"date\":\"2024-02-29\",\"int\":-9223372036854775808,\"json\":{\"a\":null,\"b\":[1,2.5]},\"null\":null,"
                           "\"text\":\"a\\u0000b\",\"time\":\"1970-01-01T09:00:00+09:00\"}");
    muni_free(json);
    OK(muni_rec_set_int(r, "text", 5)); /* a later value replaces */
    ck_assert_int_eq(muni_rec_int(r, muni_rec_find(r, "text")), 5);
    ck_assert_int_eq(muni_rec_count(r), 7);
    muni_rec_free(r);
}
END_TEST

START_TEST(rec__readers_answer_nothing_for_nothing) {
    muni_rec *r = NULL;
    size_t n = 9;
    OK(muni_rec_new(&r));
    ck_assert_int_eq(muni_rec_count(NULL), 0);
    ck_assert_int_eq(muni_rec_find(r, "x"), -1);
    ck_assert_int_eq(muni_rec_find(r, NULL), -1);
    ck_assert_int_eq(muni_rec_find(NULL, "x"), -1);
    ck_assert_ptr_null(muni_rec_name(r, 0));
    ck_assert_ptr_null(muni_rec_name(r, -1));
    ck_assert_int_eq(muni_rec_type(r, 3), MUNI_TYPE_NULL);
    ck_assert_int_eq(muni_rec_int(r, 3), 0);
    ck_assert_ptr_null(muni_rec_text(r, 3, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_str_eq(muni_rec_kind(NULL), "");
    muni_rec_free(r);
    muni_rec_free(NULL);
}
END_TEST

START_TEST(rec__setter_remembers_its_first_failure) {
    mt m;
    muni_rec *r = NULL;
    mt_start(&m);
    OK(muni_rec_new(&r));
    FAILS(muni_rec_set_text(r, "subject", "\xff", 1), MUNI_EUTF8);
    FAILS(muni_rec_set_date(r, "x", "2024-02-30"), MUNI_EFORMAT);
    OK(muni_rec_set_text(r, "subject", "fine", 4));
    FAILS(muni_session_create(m.admin, "ticket", r, NULL), MUNI_EUTF8); /* the verb that takes it reports it */
    ck_assert_str_eq(muni_error_field(), "subject");
    muni_rec_free(r);
    mt_stop(&m);
}
END_TEST

START_TEST(rec__refuses_hostile_input) {
    muni_rec *r = NULL, *out = (muni_rec *)&r;
    char name[80];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    FAILS(muni_rec_new(NULL), MUNI_EINVAL);
    FAILS(muni_rec_set_int(NULL, "x", 1), MUNI_EINVAL);
    OK(muni_rec_new(&r));
    FAILS(muni_rec_set_int(r, NULL, 1), MUNI_EINVAL);
    FAILS(muni_rec_set_text(r, "x", NULL, 0), MUNI_EINVAL);
    FAILS(muni_rec_set_int(r, name, 1), MUNI_ELIMIT);
    FAILS(muni_rec_set_int(r, "\xc3", 1), MUNI_EUTF8);
    FAILS(muni_rec_set_time(r, "t", INT64_MAX), MUNI_ELIMIT);
    FAILS(muni_rec_set_json(r, "j", "{", 1), MUNI_EFORMAT);
    FAILS(muni_rec_set_json(r, "j", NULL, 0), MUNI_EINVAL);
    muni_rec_free(r);
    OK(muni_rec_new(&r));
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "f%d", i);
        OK(muni_rec_set_int(r, name, i));
    }
    FAILS(muni_rec_set_int(r, "more", 1), MUNI_ELIMIT);
    muni_rec_free(r);
    static const struct {
        const char *json;
        muni_status code;
    } rows[] = { { "", MUNI_EFORMAT },      { "[1]", MUNI_EFORMAT },         { "{\"a\":1,\"a\":2}", MUNI_EFORMAT }, { "{\"a\":1.5}", MUNI_ETYPE },
                 { "{\"a\":99999999999999999999}", MUNI_ETYPE },             { "{\"a\":\"\\ud800\"}", MUNI_EFORMAT }, { "{\"a\":\"\xff\"}", MUNI_EUTF8 },
                 { "{\"a\\u0000b\":1}", MUNI_EFORMAT } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        FAILS(muni_rec_parse(rows[i].json, MUNI_ZERO_TERMINATED, &out), rows[i].code);
        ck_assert_ptr_null(out);
    }
    char *deep = malloc(400);
    memset(deep, '[', 200);
    memset(deep + 200, ']', 200);
    FAILS(muni_rec_parse(deep, 400, &out), MUNI_ELIMIT);
    free(deep);
    char *big = malloc((5u << 20) + 1);
    memset(big, ' ', 5u << 20);
    big[5u << 20] = 0;
    FAILS(muni_rec_parse(big, 5u << 20, &out), MUNI_ELIMIT);
    free(big);
    OK(muni_rec_parse("[]", 2, &out)); /* an empty array is an empty object: PHP has one form for both */
    ck_assert_int_eq(muni_rec_count(out), 0);
    muni_rec_free(out);
}
END_TEST

START_TEST(rec__of_the_library_is_sealed) {
    mt m;
    mt_start(&m);
    muni_rec *r = NULL;
    OK(muni_session_whoami(m.admin, &r));
    FAILS(muni_rec_set_int(r, "login", 1), MUNI_EINVAL);
    ck_assert_str_eq(mt_text(r, "login"), "admin");
    muni_rec_free(r);
    mt_stop(&m);
}
END_TEST

static muni_status build(char **out) {
    muni_rec *r = NULL;
    muni_status st = muni_rec_parse("{\"a\":\"text\",\"b\":[1,2,{\"c\":null}],\"d\":12}", MUNI_ZERO_TERMINATED, &r);
    if (st >= 0)
        st = muni_rec_set_json(r, "e", "[1,{\"z\":1,\"y\":2}]", MUNI_ZERO_TERMINATED);
    if (st >= 0)
        st = muni_rec_json(r, out);
    muni_rec_free(r);
    return st;
}

START_TEST(rec__every_allocation_may_fail) {
    muni_status st;
    char *json = NULL;
    FAULT_LOOP(st, build(&json), ck_assert_ptr_null(json));
    ck_assert_str_eq(json, "{\"a\":\"text\",\"b\":[1,2,{\"c\":null}],\"d\":12,\"e\":[1,{\"y\":2,\"z\":1}]}");
    muni_free(json);
}
END_TEST

START_TEST(json__canonical_sorts_keys_by_bytes) {
    char *out = NULL;
    size_t n = 0;
    OK(muni__json_canonical("{\"あ\":1,\"z\":2,\"a\\u0001\":3,\"a\":4,\"A\":5}", MUNI_ZERO_TERMINATED, 1000, &out, &n));
    ck_assert_str_eq(out, "{\"A\":5,\"a\":4,\"a\\u0001\":3,\"z\":2,\"あ\":1}");
    muni__free(out);
}
END_TEST

START_TEST(arena__gives_zeroed_aligned_memory_of_any_size) {
    muni__arena a = MUNI_ARENA_INIT;
    for (size_t i = 0; i < 3000; i += 7) {
        unsigned char *p = muni__arena_alloc(&a, i);
        ck_assert_ptr_nonnull(p);
        ck_assert_uint_eq((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < i; k++)
            ck_assert_int_eq(p[k], 0);
        memset(p, 0xaa, i);
    }
    ck_assert_ptr_null(muni__arena_alloc(&a, SIZE_MAX));
    muni__arena_free(&a);
}
END_TEST

Suite *suite_rec(void);
Suite *suite_rec(void) {
    Suite *s = suite_create("rec");
    TCase *t = tcase_create("rec");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, rec__keeps_values_of_every_type);
    tcase_add_test(t, rec__readers_answer_nothing_for_nothing);
    tcase_add_test(t, rec__setter_remembers_its_first_failure);
    tcase_add_test(t, rec__refuses_hostile_input);
    tcase_add_test(t, rec__of_the_library_is_sealed);
    tcase_add_test(t, rec__every_allocation_may_fail);
    tcase_add_test(t, json__canonical_sorts_keys_by_bytes);
    tcase_add_test(t, arena__gives_zeroed_aligned_memory_of_any_size);
    suite_add_tcase(s, t);
    return s;
}
