/* Definitions: lifecycles, numbering rules, codes, matrices; versions that replace each other. */
#include "modeltest.h"
#include "rows.h"


static mt m;

static void start(void) {
    mt_start(&m);
}

static void stop(void) {
    mt_stop(&m);
}

static muni_status define(const char *family, const char *name, const char *body, int64_t *id) {
    char *json = malloc(strlen(body) + 256);
    muni_rec *out = NULL;
    sprintf(json, "{\"family\":\"%s\",\"name\":\"%s\",\"title\":\"試験\",\"body\":%s}", family, name, body);
    muni_status st = mt_try(m.admin, "definition", json, &out);
    if (st >= 0 && id)
        *id = mt_int(out, "id");
    if (st >= 0)
        ck_assert_str_eq(mt_text(out, "state"), "draft");
    muni_rec_free(out);
    free(json);
    return st;
}

START_TEST(definition__shipped_ones_are_there_and_active) {
    ck_assert_int_ge(mt_count(m.admin, "{\"kind\":\"definition\",\"where\":{\"field\":\"origin\",\"op\":\"eq\",\"value\":\"shipped\"}}"), 9);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"definition\",\"where\":{\"field\":\"state\",\"op\":\"ne\",\"value\":\"active\"}}"), 0);
}
END_TEST

START_TEST(definition__new_version_replaces_the_active_one_and_old_records_keep_theirs) {
    int64_t before = mt_ticket(m.admin, "前"), id = 0;
    OK(define("lifecycle", "ticket-incident",
              "{\"initial\":\"open\",\"states\":[{\"name\":\"open\",\"ja\":\"受付\",\"en\":\"Open\"},{\"name\":\"done\",\"ja\":\"済\",\"en\":\"Done\",\"final\":true}],"
              "\"transitions\":[{\"name\":\"finish\",\"ja\":\"終了\",\"en\":\"Finish\",\"from\":[\"open\"],\"to\":\"done\"}]}",
              &id));
    int64_t still = mt_ticket(m.admin, "草案の間"); /* a draft changes nothing */
    OK(muni_session_transition(m.admin, "definition", id, 0, "activate", NULL, NULL));
    int64_t after = mt_ticket(m.admin, "後");
    muni_rec *r = mt_get(m.admin, "ticket", after, NULL);
    ck_assert_str_eq(mt_text(r, "state"), "open");
    ck_assert_int_eq(mt_int(r, "lifecycle"), id);
    muni_rec_free(r);
    r = mt_get(m.admin, "ticket", still, NULL);
    ck_assert_str_eq(mt_text(r, "state"), "new");
    muni_rec_free(r);
    OK(mt_do(m.admin, after, "finish", NULL));
    FAILS(mt_do(m.admin, before, "finish", NULL), MUNI_ESTATE);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"definition\",\"where\":{\"all\":[{\"field\":\"name\",\"op\":\"eq\",\"value\":\"ticket-incident\"},"
                                       "{\"field\":\"family\",\"op\":\"eq\",\"value\":\"lifecycle\"},{\"field\":\"state\",\"op\":\"eq\",\"value\":\"retired\"}]}}"),
                     1);
    FAILS(mt_update(m.admin, "definition", id, 0, "{\"body\":{}}"), MUNI_ESTATE); /* a used version is never edited */
    FAILS(muni_session_trash(m.admin, "definition", id, 0, NULL), MUNI_ESTATE);
}
END_TEST

START_TEST(definition__only_who_manages_may_change_them) {
    muni_session *op = mt_person(&m, "op", "operator");
    FAILS(mt_try(op, "definition", "{\"family\":\"codes\",\"name\":\"x\",\"body\":{\"values\":[{\"code\":\"a\",\"ja\":\"あ\",\"en\":\"A\"}]}}", NULL), MUNI_EDENIED);
    muni_session_unref(op);
}
END_TEST

#define S1 "\"states\":[{\"name\":\"a\",\"ja\":\"あ\",\"en\":\"A\"},{\"name\":\"b\",\"ja\":\"い\",\"en\":\"B\",\"final\":true}]"
#define T1 "\"transitions\":[{\"name\":\"go\",\"ja\":\"行\",\"en\":\"Go\",\"from\":[\"a\"],\"to\":\"b\"}]"

START_TEST(definition__what_is_wrong_is_refused_with_its_path) {
    static const struct {
        const char *family, *body, *field;
    } rows[] = {
        { "lifecycle", "[]", "body" },
        { "lifecycle", "{}", "states" },
        { "lifecycle", "{\"initial\":\"x\"," S1 "," T1 "}", "initial" },
        { "lifecycle", "{\"initial\":\"a\"," S1 ",\"transitions\":[]}", "states" },
        { "lifecycle", "{\"initial\":\"b\"," S1 "," T1 "}", "states" }, /* a cannot be reached */
        { "lifecycle", "{\"initial\":\"a\"," S1 "," T1 ",\"more\":1}", "" },
        { "lifecycle", "{\"initial\":\"a\"," S1 ",\"transitions\":[{\"name\":\"go\",\"ja\":\"行\",\"en\":\"Go\",\"from\":[\"a\"],\"to\":\"c\"}]}", "transitions[0]" },
        { "lifecycle", "{\"initial\":\"a\"," S1 ",\"transitions\":[{\"name\":\"go\",\"ja\":\"行\",\"en\":\"Go\",\"from\":[\"c\"],\"to\":\"b\"}]}", "transitions[0]" },
        { "lifecycle", "{\"initial\":\"a\"," S1 ",\"transitions\":[{\"name\":\"Go!\",\"ja\":\"行\",\"en\":\"Go\",\"from\":[\"a\"],\"to\":\"b\"}]}", "transitions[0]" },
        { "numbering", "{}", "pattern" },
        { "numbering", "{\"pattern\":\"X\"}", "pattern" },
        { "numbering", "{\"pattern\":\"X{SEQ}{SEQ}\"}", "pattern" },
        { "numbering", "{\"pattern\":\"X{SEQ:99}\"}", "pattern" },
        { "numbering", "{\"pattern\":\"X{DD}{SEQ}\"}", "pattern" },
        { "numbering", "{\"pattern\":\"X{SEQ}}\"}", "pattern" },
        { "numbering", "{\"pattern\":\"X{SEQ}\",\"reset\":\"fiscal_year\"}", "reset" },
        { "numbering", "{\"pattern\":\"X{MM}{SEQ}\",\"reset\":\"month\"}", "reset" },
        { "numbering", "{\"pattern\":\"X{SEQ}\",\"reset\":\"daily\"}", "reset" },
        { "codes", "{\"values\":[]}", "values" },
        { "codes", "{\"values\":[{\"code\":\"a\"}]}", "values[0]" },
        { "codes", "{\"values\":[{\"code\":\"a\",\"ja\":\"あ\",\"en\":\"A\"},{\"code\":\"a\",\"ja\":\"い\",\"en\":\"B\"}]}", "values[1]" },
        { "codes", "{\"values\":[{\"code\":\"a\\u0007\",\"ja\":\"あ\",\"en\":\"A\"}]}", "values[0]" },
        { "codes", "{\"values\":[{\"code\":\"a\\u0000b\",\"ja\":\"あ\",\"en\":\"A\"}]}", "body" },
        { "matrix", "{\"cells\":[[1,2,3]]}", "cells[0]" },
        { "matrix", "{\"cells\":[[\"a\",\"b\",1],[\"a\",\"b\",2]]}", "cells[1]" },
        { "calendar", "{\"holidays\":\"jp\\u0000\"}", "body" },
        { "calendar", "{\"weekend\":[\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\",\"sun\"]}", NULL },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        muni_status st = define(rows[i].family, "x", rows[i].body, NULL);
        ck_assert_msg(st == MUNI_EDEFINITION, "%s %s → %s", rows[i].family, rows[i].body, muni_error_name(st));
        if (rows[i].field)
            ck_assert_msg(!strcmp(muni_error_field(), rows[i].field), "%s → field %s", rows[i].body, muni_error_field());
        ck_assert_str_ne(muni_error_text("ja"), "");
    }
}
END_TEST

/* The matrix that gives tickets their priority has a cell for whatever they may hold, under whatever form of its name. */
START_TEST(matrix__of_priorities_is_whole) {
    char body[1000] = "{\"cells\":[";
    static const char *const levels[] = { "high", "middle", "low" };
    for (int i = 0; i < 8; i++) {
        size_t n = strlen(body);
        snprintf(body + n, sizeof body - n, "%s[\"%s\",\"%s\",%d]", i ? "," : "", levels[i / 3], levels[i % 3], 1 + i % 5);
    }
    strcat(body, "]}");
    FAILS(define("matrix", "ticket-priority", body, NULL), MUNI_EDEFINITION);
    ck_assert_str_eq(muni_error_field(), "cells");
    FAILS(define("matrix", "Ｔicket-Priority", body, NULL), MUNI_EDEFINITION);
    OK(define("matrix", "another", body, NULL));
    strcpy(body + strlen(body) - 2, ",[\"low\",\"low\",6]]}");
    FAILS(define("matrix", "ticket-priority", body, NULL), MUNI_EDEFINITION);
    strcpy(body + strlen(body) - 4, "5]]}");
    OK(define("matrix", "ticket-priority", body, NULL));
}
END_TEST

START_TEST(lifecycle__guard_is_a_condition_over_the_new_record) {
    int64_t id = 0;
    OK(define("lifecycle", "ticket-incident",
              "{\"initial\":\"open\",\"states\":[{\"name\":\"open\",\"ja\":\"受付\",\"en\":\"Open\"},{\"name\":\"done\",\"ja\":\"済\",\"en\":\"Done\",\"final\":true}],"
              "\"transitions\":[{\"name\":\"finish\",\"ja\":\"終了\",\"en\":\"Finish\",\"from\":[\"open\"],\"to\":\"done\","
              "\"guard\":{\"field\":\"impact\",\"op\":\"eq\",\"value\":\"low\"}}]}",
              &id));
    OK(muni_session_transition(m.admin, "definition", id, 0, "activate", NULL, NULL));
    int64_t ticket = mt_ticket(m.admin, "a");
    FAILS(mt_do(m.admin, ticket, "finish", "{\"impact\":\"high\"}"), MUNI_EGUARD);
    OK(mt_do(m.admin, ticket, "finish", "{\"impact\":\"low\"}"));
}
END_TEST

/* A lifecycle is checked against the kind that will live by it when it is saved, not when a record stumbles over it. */
START_TEST(lifecycle__fields_are_those_of_its_kind) {
    static const struct {
        const char *rest;
        muni_status code;
    } rows[] = {
        { "\"needs\":[\"assignee\"]", MUNI_OK },
        { "\"needs\":[\"asignee\"]", MUNI_EDEFINITION },
        { "\"sets\":{\"closed_at\":{\"now\":true},\"assignee\":{\"me\":\"principal\"},\"resolved_at\":null}", MUNI_OK },
        { "\"sets\":{\"closd_at\":{\"now\":true}}", MUNI_EDEFINITION },
        { "\"sets\":{\"subject\":{\"now\":true}}", MUNI_EDEFINITION },  /* no moment */
        { "\"sets\":{\"closed_at\":{\"now\":false}}", MUNI_EDEFINITION },
        { "\"sets\":{\"closed_at\":{\"now\":true,\"me\":\"principal\"}}", MUNI_EDEFINITION },
        { "\"sets\":{\"reporter\":{\"me\":\"principal\"}}", MUNI_EDEFINITION }, /* a person */
        { "\"sets\":{\"assignee\":{\"me\":\"person\"}}", MUNI_EDEFINITION },
        { "\"sets\":{\"subject\":null}", MUNI_EDEFINITION },     /* required */
        { "\"sets\":{\"created_by\":{\"me\":\"principal\"}}", MUNI_EDEFINITION }, /* nobody makes records their own so */
        { "\"sets\":{\"trashed_at\":{\"now\":true}}", MUNI_EDEFINITION },
        { "\"sets\":{\"lifecycle\":null}", MUNI_EDEFINITION },
        { "\"guard\":{\"field\":\"impact\",\"op\":\"eq\",\"value\":\"low\"}", MUNI_OK },
        { "\"guard\":{\"field\":\"impct\",\"op\":\"eq\",\"value\":\"low\"}", MUNI_EDEFINITION },
        { "\"guard\":{\"field\":\"assignee.name\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_OK },
        { "\"guard\":{\"field\":\"state\",\"op\":\"eq\",\"value\":{\"old\":\"state\"}}", MUNI_OK },
        { "\"guard\":5", MUNI_EDEFINITION },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char body[600];
        snprintf(body, sizeof body, "{\"initial\":\"a\"," S1 ",\"transitions\":[{\"name\":\"go\",\"ja\":\"行\",\"en\":\"Go\",\"from\":[\"a\"],\"to\":\"b\",%s}]}",
                 rows[i].rest);
        muni_status st = define("lifecycle", i % 2 ? "ticket-incident" : "Ticket-Incident", body, NULL);
        ck_assert_msg(st == rows[i].code, "%s → %s %s", rows[i].rest, muni_error_name(st), muni_error_text("en"));
        if (st < 0) {
            ck_assert_str_eq(muni_error_field(), "transitions[0]");
            ck_assert_str_ne(muni_error_text("ja"), "");
        }
    }
}
END_TEST

/* What an earlier version of the library let in can still be replaced. */
START_TEST(definition__that_would_not_be_taken_any_more_can_be_replaced) {
    int64_t id = 0;
    ck_assert_int_eq(place_sql(m.path, "UPDATE k_definition SET body=replace(body,'closed_at','shut_at') WHERE family='lifecycle' AND name='ticket-incident'"), 1);
    OK(define("lifecycle", "ticket-incident", "{\"initial\":\"a\"," S1 "," T1 "}", &id));
    OK(muni_session_transition(m.admin, "definition", id, 0, "activate", NULL, NULL));
}
END_TEST

#define OPEN_DONE(first)                                                                                                         \
    "{\"initial\":\"" first "\",\"states\":[{\"name\":\"" first "\",\"ja\":\"受付\",\"en\":\"Open\"},{\"name\":\"done\",\"ja\":\"済\",\"en\":\"Done\","     \
    "\"final\":true}],\"transitions\":[{\"name\":\"finish\",\"ja\":\"終了\",\"en\":\"Finish\",\"from\":[\"" first "\"],\"to\":\"done\"}]}"

/* What a group defined and took back was never there: neither under the revision of the configuration that comes next, nor under its id. */
START_TEST(definition__taken_back_with_its_group_is_forgotten) {
    int64_t lost = 0, id = 0;
    OK(muni_session_begin(m.admin));
    OK(define("lifecycle", "ticket-incident", OPEN_DONE("open"), &lost));
    OK(muni_session_transition(m.admin, "definition", lost, 0, "activate", NULL, NULL));
    muni_rec *r = mt_get(m.admin, "ticket", mt_ticket(m.admin, "中"), NULL);
    ck_assert_str_eq(mt_text(r, "state"), "open");
    muni_rec_free(r);
    OK(muni_session_rollback(m.admin));
    for (int i = 0; i < 12; i++) { /* one of them has the revision that the group had */
        char json[64];
        r = mt_get(m.admin, "ticket", mt_ticket(m.admin, "後"), NULL);
        ck_assert_str_eq(mt_text(r, "state"), "new");
        muni_rec_free(r);
        snprintf(json, sizeof json, "{\"code\":\"g%d\",\"name\":\"x\"}", i);
        (void)mt_create(m.admin, "group", json);
    }
    mt_reopen(&m);
    OK(muni_session_begin(m.admin));
    OK(define("lifecycle", "ticket-incident", OPEN_DONE("open"), &lost));
    OK(muni_session_transition(m.admin, "definition", lost, 0, "activate", NULL, NULL));
    (void)mt_ticket(m.admin, "中");
    OK(muni_session_rollback(m.admin));
    OK(define("lifecycle", "ticket-incident", OPEN_DONE("begun"), &id));
    ck_assert(place_server() || id == lost); /* the same again, where what is taken back is given again */
    OK(muni_session_transition(m.admin, "definition", id, 0, "activate", NULL, NULL));
    int64_t ticket = mt_ticket(m.admin, "後");
    r = mt_get(m.admin, "ticket", ticket, NULL);
    ck_assert_str_eq(mt_text(r, "state"), "begun");
    muni_rec_free(r);
    OK(mt_do(m.admin, ticket, "finish", NULL));
}
END_TEST

/* Closed only from 回答完了. */
ROWS("KAT-KB-04")
START_TEST(inquiry__is_closed_only_after_its_answer) {
    int64_t id = mt_create(m.admin, "ticket", "{\"type\":\"inquiry\",\"category\":\"support\",\"subject\":\"教えて\"}");
    FAILS(mt_do(m.admin, id, "close", NULL), MUNI_ESTATE);
    muni_rec *r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_str_eq(mt_text(r, "state"), "waiting");
    ck_assert_int_eq(muni_rec_type(r, muni_rec_find(r, "closed_at")), MUNI_TYPE_NULL);
    muni_rec_free(r);
    OK(mt_do(m.admin, id, "answer", "{\"resolution\":\"こうです\"}"));
    r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_str_eq(mt_text(r, "state"), "answered");
    muni_rec_free(r);
    OK(mt_do(m.admin, id, "close", NULL));
    r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_str_eq(mt_text(r, "state"), "closed");
    ck_assert_int_eq(mt_int(r, "closed_at"), NOON);
    muni_rec_free(r);
}
END_TEST

Suite *suite_definition(void);
Suite *suite_definition(void) {
    Suite *s = suite_create("definition");
    TCase *t = tcase_create("definition");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, definition__shipped_ones_are_there_and_active);
    tcase_add_test(t, definition__new_version_replaces_the_active_one_and_old_records_keep_theirs);
    tcase_add_test(t, definition__only_who_manages_may_change_them);
    tcase_add_test(t, definition__what_is_wrong_is_refused_with_its_path);
    tcase_add_test(t, matrix__of_priorities_is_whole);
    tcase_add_test(t, lifecycle__guard_is_a_condition_over_the_new_record);
    tcase_add_test(t, inquiry__is_closed_only_after_its_answer);
    tcase_add_test(t, lifecycle__fields_are_those_of_its_kind);
    tcase_add_test(t, definition__that_would_not_be_taken_any_more_can_be_replaced);
    tcase_add_test(t, definition__taken_back_with_its_group_is_forgotten);
    suite_add_tcase(s, t);
    return s;
}
