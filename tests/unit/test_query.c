/* Queries: the document, its canonical form, tokens, fields. */
#include "querytest.h"

static void refused(const char *json, muni_status code, const char *place, const char *says) {
    muni_query *q = (muni_query *)&q;
    muni_status st = muni_query_parse(json, MUNI_ZERO_TERMINATED, &q);
    ck_assert_msg(st == code, "%s: %s instead of %s: %s", json, muni_error_name(st), muni_error_name(code), muni_error_text("en"));
    ck_assert_ptr_null(q);
    ck_assert_msg(!strcmp(muni_error_field(), place), "%s: field %s", json, muni_error_field());
    ck_assert_msg(strstr(muni_error_text("en"), says) != NULL, "%s: %s", json, muni_error_text("en"));
    ck_assert_str_ne(muni_error_text("ja"), "");
}

START_TEST(query__parse_names_place_and_remedy) {
    refused("", MUNI_EFORMAT, "query", "line");
    refused("[]", MUNI_EFORMAT, "query", "kind");
    refused("{}", MUNI_EFORMAT, "kind", "name of a kind");
    refused("{\"kind\":\"tiket\"}", MUNI_ENOTFOUND, "kind", "ticket");
    refused("{\"kind\":\"ticket\\u0000x\"}", MUNI_EFORMAT, "kind", "NUL");
    refused("{\"kind\":\"ticket\",\"kind\":\"desk\"}", MUNI_EFORMAT, "query", "duplicate");
    refused("{\"kind\":\"ticket\",\"fileds\":[]}", MUNI_EFORMAT, "fileds", "did you mean \"fields\"");
    refused("{\"kind\":\"ticket\",\"zzzzzzzzzz\":[]}", MUNI_EFORMAT, "zzzzzzzzzz", "it has kind");
    refused("{\"kind\":\"ticket\",\"where\":{\"field\":\"sate\",\"op\":\"eq\",\"value\":\"new\"}}", MUNI_EFIELD, "where.field", "did you mean \"state\"");
    refused("{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"priority\",\"op\":\"lt\",\"value\":{\"old\":\"priority\"}}]}}", MUNI_EFORMAT, "where", "old");
    refused("{\"kind\":\"ticket\",\"words\":\"・・\"}", MUNI_EFORMAT, "words", "searched");
    refused("{\"kind\":\"ticket\",\"words\":3}", MUNI_EFORMAT, "words", "text");
    refused("{\"kind\":\"ticket\",\"order\":\"id\"}", MUNI_EFORMAT, "order", "list");
    refused("{\"kind\":\"ticket\",\"order\":[\"id\",\"-sbject\"]}", MUNI_EFIELD, "order[1]", "did you mean \"subject\"");
    refused("{\"kind\":\"ticket\",\"order\":[\"body\"]}", MUNI_ETYPE, "order[0]", "NOTE");
    refused("{\"kind\":\"ticket\",\"order\":[\"assignee.name\"]}", MUNI_EFIELD, "order[0]", "own");
    refused("{\"kind\":\"ticket\",\"order\":[\"state\",\"-state\"]}", MUNI_EFORMAT, "order[1]", "twice");
    refused("{\"kind\":\"ticket\",\"order\":[1]}", MUNI_EFORMAT, "order[0]", "name of a field");
    refused("{\"kind\":\"ticket\",\"order\":[\"\"]}", MUNI_EFIELD, "order[0]", "no field");
    refused("{\"kind\":\"ticket\",\"fields\":[\"subject\",\"asignee\"]}", MUNI_EFIELD, "fields[1]", "did you mean \"assignee\"");
    refused("{\"kind\":\"ticket\",\"fields\":[\"subject.x\"]}", MUNI_EFIELD, "fields[0]", "no reference");
    refused("{\"kind\":\"ticket\",\"fields\":{\"a\":1}}", MUNI_EFORMAT, "fields", "list");
    refused("{\"kind\":\"ticket\",\"fields\":[3]}", MUNI_EFORMAT, "fields[0]", "text");
    refused("{\"kind\":\"ticket\",\"limit\":-1}", MUNI_EFORMAT, "limit", "number");
    refused("{\"kind\":\"ticket\",\"limit\":\"5\"}", MUNI_EFORMAT, "limit", "number");
    refused("{\"kind\":\"ticket\",\"trash\":\"bin\"}", MUNI_EFORMAT, "trash", "only");
    refused("{\"kind\":\"ticket\",\"after\":3}", MUNI_EFORMAT, "after", "token");
    muni_query *q;
    FAILS(muni_query_parse(NULL, 0, &q), MUNI_EINVAL);
    FAILS(muni_query_parse("{}", 2, NULL), MUNI_EINVAL);
    FAILS(muni_query_parse("{\"kind\":\"\xff\"}", MUNI_ZERO_TERMINATED, &q), MUNI_EUTF8);
    char *big = malloc((1 << 20) + 2);
    memset(big, ' ', (1 << 20) + 1);
    FAILS(muni_query_parse(big, (1 << 20) + 1, &q), MUNI_ELIMIT);
    free(big);
    muni_query_free(NULL);
}
END_TEST

START_TEST(query__json_is_canonical_and_reads_back) {
    static const struct { const char *in, *out; } cases[] = {
        { "{\"kind\":\"ticket\"}", "{\"kind\":\"ticket\"}" },
        { " { \"limit\" : 5 , \"kind\":\"ticket\", \"where\":[], \"order\":[], \"fields\":[], \"words\":\"\", \"after\":\"\", \"trash\":null } ",
          "{\"kind\":\"ticket\",\"limit\":5}" },
        { "{\"where\":{\"value\":\"印刷\",\"op\":\"contains\",\"field\":\"subject\"},\"kind\":\"ticket\",\"words\":\"a b\",\"trash\":\"only\"}",
          "{\"kind\":\"ticket\",\"trash\":\"only\",\"where\":{\"field\":\"subject\",\"op\":\"contains\",\"value\":\"印刷\"},\"words\":\"a b\"}" },
        { "{\"kind\":\"ticket\",\"fields\":[\"assignee.person.name\",\"id\",\"id\"],\"order\":[\"-priority\"]}",
          "{\"fields\":[\"assignee.person.name\",\"id\",\"id\"],\"kind\":\"ticket\",\"order\":[\"-priority\"]}" },
    };
    for (size_t i = 0; i < MUNI_COUNT(cases); i++) {
        muni_query *q = query(cases[i].in), *again;
        char *json = NULL, *json2 = NULL;
        OK(muni_query_json(q, &json));
        ck_assert_str_eq(json, cases[i].out);
        again = query(json);
        OK(muni_query_json(again, &json2));
        ck_assert_str_eq(json, json2);
        muni_free(json);
        muni_free(json2);
        muni_query_free(q);
        muni_query_free(again);
    }
    char *out;
    FAILS(muni_query_json(NULL, &out), MUNI_EINVAL);
}
END_TEST

START_TEST(query__order_ends_with_the_id) {
    static const struct { const char *order, *want; } cases[] = {
        { "", "-id" }, { "\"priority\"", "priority,id" }, { "\"-priority\"", "-priority,-id" }, { "\"id\",\"state\"", "id" }, { "\"state\",\"-id\"", "state,-id" },
    };
    for (size_t i = 0; i < MUNI_COUNT(cases); i++) {
        char json[128];
        (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"order\":[%s]}", cases[i].order);
        muni_query *q = query(json);
        ck_assert_str_eq(q->order_text, cases[i].want);
        muni_query_free(q);
    }
}
END_TEST

static char *with_after(const char *head, const char *token) {
    static char json[8192];
    (void)snprintf(json, sizeof json, "{%s,\"after\":\"%s\"}", head, token);
    return json;
}

START_TEST(query__token_goes_round) {
    const char *head = "\"kind\":\"person\",\"order\":[\"kana_sort\",\"-staff_no\",\"retired_on\"]";
    char json[256], *token = NULL;
    (void)snprintf(json, sizeof json, "{%s}", head);
    muni_query *q = query(json), *r;
    muni__val keys[] = { muni__val_text("ﾊﾅｺ\x01\"\\", 12), MUNI_NULL_VAL, muni__val_text("2027-03-31", 10), muni__val_int(9007199254740991) };
    ck_assert_uint_eq(q->norder, MUNI_COUNT(keys));
    OK(muni__query_token(q, keys, &token));
    for (const char *p = token; *p; p++)
        ck_assert_msg(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", *p) != NULL, "'%c'", *p);
    r = query(with_after(head, token));
    for (size_t i = 0; i < MUNI_COUNT(keys); i++)
        ck_assert(muni__val_equal(&keys[i], &r->after[i]));
    muni_query_free(r);
    refused(with_after("\"kind\":\"person\"", token), MUNI_EFORMAT, "after", "token");
    refused(with_after("\"kind\":\"person\",\"order\":[\"kana_sort\",\"staff_no\",\"retired_on\"]", token), MUNI_EFORMAT, "after", "token");
    refused(with_after("\"kind\":\"unit\",\"order\":[\"code\"]", token), MUNI_EFORMAT, "after", "token");
    muni_query_free(q);
    free(token);
}
END_TEST

/* Whatever is done to a token, the answer is MUNI_EFORMAT, or a token of the right form. */
START_TEST(query__token_of_the_hostile_is_refused) {
    static const char *const bad[] = {
        "x", "!!!!", "AAAA", "W10", "bnVsbA", "WyJ0aWNrZXQiLCItaWQiXQ" /* no id */, "WyJ0aWNrZXQiLCItaWQiLG51bGxd" /* null */,
        "WyJ0aWNrZXQiLCItaWQiLCI1Il0" /* "5" */, "WyJ0aWNrZXQiLCItaWQiLDUuNV0" /* 5.5 */, "WyJ0aWNrZXQiLCItaWQiLDUsNl0" /* two */, "WzEsMiwzXQ",
        "WyJ0aWNrZXQiLCItaWQiLDVd=", "W1tbW1tbW1tbW1tbW1tbW1tb", "_____w", "WyJ0aWNrZXQiLCItaWQiLDk5OTk5OTk5OTk5OTk5OTk5OTk5XQ",
    };
    for (size_t i = 0; i < MUNI_COUNT(bad); i++)
        refused(with_after("\"kind\":\"ticket\"", bad[i]), MUNI_EFORMAT, "after", "token");
    muni_query *q = query(with_after("\"kind\":\"ticket\"", "WyJ0aWNrZXQiLCItaWQiLDVd"));
    ck_assert_int_eq(q->after[0].i, 5);
    muni_query_free(q);
    seed(7);
    for (int i = 0; i < 20000; i++) {
        static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        char token[64] = "WyJ0aWNrZXQiLCItaWQiLDVd";
        size_t n = strlen(token);
        for (uint32_t k = 1 + pick(3); k; k--)
            token[pick((uint32_t)n)] = set[pick(64)];
        if (pick(4) == 0)
            token[pick((uint32_t)n)] = '\0';
        muni_status st = muni_query_parse(with_after("\"kind\":\"ticket\"", token), MUNI_ZERO_TERMINATED, &q);
        ck_assert_msg(st == MUNI_OK || st == MUNI_EFORMAT, "%s: %s", token, muni_error_name(st));
        muni_query_free(q);
    }
}
END_TEST

START_TEST(query__fields_know_what_is_personal) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__fields *f;
    const muni__kind *ticket = muni__kind_find("ticket"), *person = muni__kind_find("person");
    const char *names[] = { "id", "reporter.name", "id" }, *secret[] = { "reporter.born_on" };
    OK(muni__fields_parse(&mem, person, NULL, 0, &f));
    ck_assert(!muni__fields_personal(f));
    for (size_t i = 0; i < f->count; i++)
        ck_assert_str_ne(f->items[i].name, "born_on");
    ck_assert_uint_eq(f->count, (size_t)person->nfields - 3); /* born_on, leave, remark */
    OK(muni__fields_parse(&mem, ticket, names, 3, &f));
    ck_assert_uint_eq(f->count, 2);
    ck_assert(!muni__fields_personal(f));
    OK(muni__fields_parse(&mem, ticket, secret, 1, &f));
    ck_assert(muni__fields_personal(f));
    muni__arena_free(&mem);
}
END_TEST

static muni_status whole(const char *json) {
    muni_query *q = NULL;
    char *out = NULL;
    muni_status st = muni_query_parse(json, MUNI_ZERO_TERMINATED, &q);
    if (st >= 0)
        st = muni_query_json(q, &out);
    muni_free(out);
    muni_query_free(q);
    return st;
}

START_TEST(query__survives_without_memory) {
    muni_status st;
    FAULT_LOOP(st, whole("{\"kind\":\"person\",\"where\":{\"all\":[{\"field\":\"staff_no\",\"op\":\"eq\",\"value\":\"Ａ1\"}]},\"words\":\"印刷 できない\","
                         "\"order\":[\"-staff_no\"],\"fields\":[\"id\",\"unit.name\"],\"limit\":3,\"after\":"
                         "\"WyJwZXJzb24iLCItc3RhZmZfbm8sLWlkIiwieCIsNV0\"}"),
               (void)0);
    ck_assert_int_eq(st, MUNI_OK);
}
END_TEST

Suite *suite_query(void);
Suite *suite_query(void) {
    Suite *s = suite_create("query");
    TCase *t = tcase_create("query");
    tcase_add_test(t, query__parse_names_place_and_remedy);
    tcase_add_test(t, query__json_is_canonical_and_reads_back);
    tcase_add_test(t, query__order_ends_with_the_id);
    tcase_add_test(t, query__token_goes_round);
    tcase_add_test(t, query__token_of_the_hostile_is_refused);
    tcase_add_test(t, query__fields_know_what_is_personal);
    tcase_add_test(t, query__survives_without_memory);
    suite_add_tcase(s, t);
    return s;
}
