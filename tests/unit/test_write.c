/* The write path: model/write.c, row.c, session.c, tx.c, number.c through the public verbs. */
#include "fault.h"
#include "modeltest.h"
#include "rows.h"

#include <pthread.h>
#include <sys/wait.h>
#include <time.h>

static mt m;

static void start(void) {
    mt_start(&m);
}

static void stop(void) {
    mt_stop(&m);
}

/* ---- creating */

START_TEST(create__gives_id_number_state_and_derived_fields) {
    muni_rec *out = NULL;
    OK(mt_try(m.admin, "ticket",
              "{\"type\":\"incident\",\"subject\":\"印刷できない\",\"category\":\"NW関連\",\"impact\":\"high\",\"urgency\":\"middle\","
              "\"reported_at\":\"2024-04-01T00:30:00+09:00\"}",
              &out));
    ck_assert_str_eq(mt_text(out, "number"), "INC-2024-00001");
    ck_assert_str_eq(mt_text(out, "state"), "new");
    ck_assert_str_eq(mt_text(out, "category"), "network"); /* by its Japanese title */
    ck_assert_int_eq(mt_int(out, "priority"), 2);
    ck_assert_int_eq(mt_int(out, "fiscal_year"), 2024);
    ck_assert_int_eq(mt_int(out, "month"), 202404);
    ck_assert_int_eq(mt_int(out, "rev"), 1);
    ck_assert_int_eq(mt_int(out, "created_at"), NOON);
    muni_rec_free(out);
}
END_TEST

/* The first of FY2025 INQ-2025-00001; on 2026-04-01 INQ-2026-00001 */
ROWS("KAT-KB-09")
START_TEST(create__numbers_begin_anew_each_fiscal_year) {
    muni_rec *out = NULL;
    static const struct {
        const char *at, *number;
    } rows[] = { { "2026-03-31T23:59:59+09:00", "INQ-2025-00001" },
                 { "2026-04-01T00:00:00+09:00", "INQ-2026-00001" },
                 { "2025-04-01T00:00:00+09:00", "INQ-2025-00002" },
                 { "2025-03-31T23:59:59+09:00", "INQ-2024-00001" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char json[256];
        snprintf(json, sizeof json, "{\"type\":\"inquiry\",\"subject\":\"質問\",\"category\":\"other\",\"reported_at\":\"%s\"}", rows[i].at);
        OK(mt_try(m.admin, "ticket", json, &out));
        ck_assert_str_eq(mt_text(out, "number"), rows[i].number);
        muni_rec_free(out);
    }
}
END_TEST

/* A rule that begins anew among numbers that are taken goes on behind them. */
START_TEST(create__number_that_is_taken_is_passed_over) {
    muni_rec *out = NULL;
    static const char rule[] = "{\"family\":\"numbering\",\"name\":\"ticket-incident\",\"body\":{\"pattern\":\"INC-{FY}-{SEQ:5}\",\"reset\":\"never\"}}";
    for (int i = 0; i < 20; i++)
        (void)mt_ticket(m.admin, "a");
    OK(muni_session_transition(m.admin, "definition", mt_create(m.admin, "definition", rule), 0, "activate", NULL, NULL));
    OK(mt_try(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"b\"}", &out));
    ck_assert_str_eq(mt_text(out, "number"), "INC-2023-00021");
    muni_rec_free(out);
    OK(muni_session_begin(m.admin));
    OK(mt_try(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"b\"}", &out));
    if (place_server()) /* what was passed over may have been taken with others */
        ck_assert_str_gt(mt_text(out, "number"), "INC-2023-00021");
    else
        ck_assert_str_eq(mt_text(out, "number"), "INC-2023-00022");
    muni_rec_free(out);
    OK(muni_session_commit(m.admin));
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "verified"), 1);
    muni_rec_free(out);
}
END_TEST

START_TEST(create__names_what_is_wrong) {
    static const struct {
        const char *json;
        muni_status code;
        const char *field;
    } rows[] = {
        { "{\"type\":\"incident\",\"category\":\"support\"}", MUNI_EREQUIRED, "subject" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"\"}", MUNI_EREQUIRED, "subject" },
        { "{\"category\":\"support\",\"subject\":\"x\"}", MUNI_EREQUIRED, "type" },
        { "{\"type\":\"problem\",\"category\":\"support\",\"subject\":\"x\"}", MUNI_ETYPE, "type" },
        { "{\"type\":\"incident\",\"category\":\"nothing\",\"subject\":\"x\"}", MUNI_ETYPE, "category" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":5}", MUNI_ETYPE, "subject" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"a\\nb\"}", MUNI_EFORMAT, "subject" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"a\\u0000b\"}", MUNI_EFORMAT, "subject" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"reporter\":99999}", MUNI_EREF, "reporter" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"reporter\":\"me\"}", MUNI_ETYPE, "reporter" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"subjct\":\"y\"}", MUNI_EFIELD, "subjct" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"state\":\"closed\"}", MUNI_EFIELD, "state" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"number\":\"1\"}", MUNI_EFIELD, "number" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"reported_at\":\"2024-02-30T00:00:00+09:00\"}", MUNI_ETYPE, "reported_at" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"reported_at\":\"2024-02-01\"}", MUNI_ETYPE, "reported_at" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"confidential\":\"yes\"}", MUNI_ETYPE, "confidential" },
        { "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"custom\":[1]}", MUNI_ETYPE, "custom" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        muni_rec *out = (muni_rec *)&m;
        FAILS(mt_try(m.admin, "ticket", rows[i].json, &out), rows[i].code);
        ck_assert_ptr_null(out);
        ck_assert_str_eq(muni_error_field(), rows[i].field);
        ck_assert_str_eq(muni_error_kind(), "ticket");
    }
    FAILS(mt_try(m.admin, "tickt", "{}", NULL), MUNI_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "ticket"));
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 0);
}
END_TEST

START_TEST(create__too_long_a_text_is_a_limit) {
    char *subject = malloc(1000);
    muni_rec *rec = NULL;
    memset(subject, 'a', 201);
    OK(muni_rec_new(&rec));
    OK(muni_rec_set_text(rec, "subject", subject, 201));
    OK(muni_rec_set_text(rec, "type", "incident", 8));
    OK(muni_rec_set_text(rec, "category", "support", 7));
    FAILS(muni_session_create(m.admin, "ticket", rec, NULL), MUNI_ELIMIT);
    OK(muni_rec_set_text(rec, "subject", subject, 200));
    OK(muni_session_create(m.admin, "ticket", rec, NULL));
    muni_rec_free(rec);
    free(subject);
}
END_TEST

START_TEST(create__unique_identifiers_fold_width_and_case) {
    (void)mt_create(m.admin, "desk", "{\"code\":\"Desk-1\",\"name\":\"窓口\"}");
    FAILS(mt_try(m.admin, "desk", "{\"code\":\"ｄｅｓｋ－1\",\"name\":\"窓口\"}", NULL), MUNI_EUNIQUE);
    ck_assert_str_eq(muni_error_field(), "code");
    muni_rec *out = NULL;
    OK(muni_session_find(m.admin, "desk", "DESK-1", NULL, &out));
    ck_assert_str_eq(mt_text(out, "code"), "Desk-1"); /* kept as given */
    muni_rec_free(out);
}
END_TEST

/* ---- changing */

START_TEST(update__absent_leaves_and_null_clears) {
    int64_t id = mt_create(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"件名\",\"body\":\"本文\"}");
    OK(mt_update(m.admin, "ticket", id, 1, "{\"subject\":\"新件名\"}"));
    muni_rec *r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_str_eq(mt_text(r, "body"), "本文");
    ck_assert_int_eq(mt_int(r, "rev"), 2);
    muni_rec_free(r);
    OK(mt_update(m.admin, "ticket", id, 2, "{\"body\":null}"));
    r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_int_eq(muni_rec_type(r, muni_rec_find(r, "body")), MUNI_TYPE_NULL);
    muni_rec_free(r);
    FAILS(mt_update(m.admin, "ticket", id, 3, "{\"subject\":null}"), MUNI_EREQUIRED);
}
END_TEST

START_TEST(update__stale_revision_is_refused) {
    int64_t id = mt_ticket(m.admin, "a");
    OK(mt_update(m.admin, "ticket", id, 1, "{\"subject\":\"b\"}"));
    FAILS(mt_update(m.admin, "ticket", id, 1, "{\"subject\":\"c\"}"), MUNI_ESTALE);
    ck_assert_int_eq(muni_error_record(), id);
    OK(mt_update(m.admin, "ticket", id, 0, "{\"subject\":\"c\"}"));
}
END_TEST

START_TEST(update__change_of_nothing_writes_nothing) {
    int64_t id = mt_ticket(m.admin, "a");
    OK(mt_update(m.admin, "ticket", id, 1, "{\"subject\":\"a\"}"));
    muni_rec *r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_int_eq(mt_int(r, "rev"), 1);
    muni_rec_free(r);
}
END_TEST

START_TEST(update__create_only_fields_stay) {
    int64_t id = mt_create(m.admin, "principal", "{\"login\":\"a\",\"name\":\"a\"}");
    muni_rec *g = NULL;
    OK(muni_session_find(m.admin, "group", "reader", NULL, &g));
    char json[128];
    snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)mt_int(g, "id"), (long long)id);
    int64_t member = mt_create(m.admin, "member", json);
    muni_rec_free(g);
    FAILS(mt_update(m.admin, "member", member, 0, "{\"principal\":1}"), MUNI_ESTATE);
    ck_assert_str_eq(muni_error_field(), "principal");
}
END_TEST

START_TEST(update__of_another_month_follows_reported_at) {
    int64_t id = mt_create(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"a\",\"reported_at\":\"2023-05-01T00:30:00+09:00\"}");
    OK(mt_update(m.admin, "ticket", id, 0, "{\"reported_at\":\"2023-04-30T23:30:00+09:00\"}"));
    muni_rec *r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_int_eq(mt_int(r, "month"), 202304);
    muni_rec_free(r);
}
END_TEST

/* ---- transitions */

START_TEST(transition__goes_the_way_of_the_lifecycle) {
    int64_t id = mt_ticket(m.admin, "a");
    FAILS(mt_do(m.admin, id, "resolve", NULL), MUNI_ESTATE);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "assign"));
    FAILS(mt_do(m.admin, id, "assign", NULL), MUNI_EGUARD);
    ck_assert_str_eq(muni_error_field(), "assignee");
    muni_rec *me = NULL;
    char json[64];
    OK(muni_session_whoami(m.admin, &me));
    snprintf(json, sizeof json, "{\"assignee\":%lld}", (long long)mt_int(me, "principal"));
    muni_rec_free(me);
    OK(mt_do(m.admin, id, "assign", json));
    OK(mt_do(m.admin, id, "start", NULL));
    FAILS(mt_do(m.admin, id, "resolve", NULL), MUNI_EGUARD);
    OK(muni_db_set_now(m.db, NOON + 60));
    OK(mt_do(m.admin, id, "resolve", "{\"resolution\":\"再起動した\"}"));
    OK(mt_do(m.admin, id, "close", NULL));
    muni_rec *r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_str_eq(mt_text(r, "state"), "closed");
    ck_assert_int_eq(mt_int(r, "resolved_at"), NOON + 60);
    ck_assert_int_eq(mt_int(r, "closed_at"), NOON + 60);
    muni_rec_free(r);
    OK(mt_do(m.admin, id, "reopen", NULL));
    r = mt_get(m.admin, "ticket", id, NULL);
    ck_assert_int_eq(muni_rec_type(r, muni_rec_find(r, "closed_at")), MUNI_TYPE_NULL);
    muni_rec_free(r);
    FAILS(mt_do(m.admin, id, "fly", NULL), MUNI_ESTATE);
    FAILS(muni_session_transition(m.admin, "desk", id, 0, "x", NULL, NULL), MUNI_EINVAL);
    FAILS(muni_session_transition(m.admin, "ticket", id, 1, "wait", NULL, NULL), MUNI_ESTALE);
}
END_TEST

START_TEST(transitions__tell_what_is_possible) {
    int64_t id = mt_ticket(m.admin, "a");
    char *json = NULL;
    OK(muni_session_transitions(m.admin, "ticket", id, &json));
    ck_assert_str_eq(json, "[{\"name\":\"assign\",\"ja\":\"割当\",\"en\":\"Assign\",\"to\":\"assigned\",\"needs\":[\"assignee\"]}]");
    muni_free(json);
    muni_session *reader = mt_person(&m, "reader", "reader");
    OK(muni_session_transitions(reader, "ticket", id, &json));
    ck_assert_str_eq(json, "[]");
    muni_free(json);
    muni_session_unref(reader);
}
END_TEST

/* ---- trash */

START_TEST(trash__hides_and_restores) {
    int64_t id = mt_ticket(m.admin, "消す");
    OK(muni_session_trash(m.admin, "ticket", id, 1, NULL));
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 0);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"消す\"}"), 0);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"trash\":\"only\"}"), 1);
    FAILS(mt_update(m.admin, "ticket", id, 0, "{\"subject\":\"b\"}"), MUNI_ESTATE);
    FAILS(muni_session_trash(m.admin, "ticket", id, 0, NULL), MUNI_ESTATE);
    FAILS(muni_session_comment(m.admin, "ticket", id, "x", NULL), MUNI_ESTATE);
    OK(muni_session_restore(m.admin, "ticket", id, 2, NULL));
    FAILS(muni_session_restore(m.admin, "ticket", id, 0, NULL), MUNI_ESTATE);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"消す\"}"), 1);
}
END_TEST

START_TEST(trash__frees_the_identifier_and_restore_collides) {
    int64_t id = mt_create(m.admin, "desk", "{\"code\":\"A\",\"name\":\"一\"}");
    OK(muni_session_trash(m.admin, "desk", id, 0, NULL));
    (void)mt_create(m.admin, "desk", "{\"code\":\"a\",\"name\":\"二\"}");
    FAILS(muni_session_restore(m.admin, "desk", id, 0, NULL), MUNI_EUNIQUE);
}
END_TEST

/* ---- rights */

START_TEST(rights__unseen_is_not_found_and_seen_is_denied) {
    int64_t id = mt_ticket(m.admin, "秘密");
    muni_session *nobody = mt_person(&m, "nobody", NULL), *reader = mt_person(&m, "reader", "reader");
    muni_rec *out = NULL;
    FAILS(muni_session_get(nobody, "ticket", id, NULL, &out), MUNI_ENOTFOUND);
    FAILS(mt_update(nobody, "ticket", id, 0, "{\"subject\":\"x\"}"), MUNI_ENOTFOUND);
    FAILS(mt_try(nobody, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\"}", &out), MUNI_EDENIED);
    FAILS(mt_update(reader, "ticket", id, 0, "{\"subject\":\"x\"}"), MUNI_EDENIED);
    FAILS(mt_do(reader, id, "assign", NULL), MUNI_EDENIED);
    FAILS(muni_session_trash(reader, "ticket", id, 0, NULL), MUNI_EDENIED);
    FAILS(muni_session_comment(reader, "ticket", id, "x", NULL), MUNI_EDENIED);
    muni_cursor *c = NULL;
    FAILS(muni_session_history(reader, "ticket", id, &c), MUNI_EDENIED); /* KAT-KB-40 */
    FAILS(muni_session_history(nobody, "ticket", id, &c), MUNI_ENOTFOUND);
    FAILS(muni_audit_verify(reader, NULL, NULL, &out), MUNI_EDENIED);
    FAILS(muni_session_run_due(reader, &out), MUNI_EDENIED);
    muni_session_unref(nobody);
    muni_session_unref(reader);
}
END_TEST

START_TEST(rights__personal_values_are_seen_and_written_only_with_their_verb) {
    int64_t id = mt_create(m.admin, "person", "{\"staff_no\":\"0000001\",\"name\":\"防災　太郎\",\"born_on\":\"1990-01-01\"}");
    muni_session *op = mt_person(&m, "op", "operator"), *clerk = mt_person(&m, "clerk", "reader");
    muni_rec *g = NULL, *out = NULL;
    char json[160];
    OK(muni_session_find(m.admin, "group", "reader", NULL, &g));
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"person\",\"verb\":\"update\",\"scope\":\"all\"}", (long long)mt_int(g, "id"));
    (void)mt_create(m.admin, "grant", json);
    muni_rec_free(g);
    OK(mt_update(clerk, "person", id, 0, "{\"phone\":\"1234\"}"));
    FAILS(mt_update(clerk, "person", id, 0, "{\"born_on\":\"1991-01-01\"}"), MUNI_EDENIED);
    ck_assert_str_eq(muni_error_field(), "born_on");
    FAILS(muni_session_get(clerk, "person", id, "name,born_on", &out), MUNI_EDENIED);
    OK(muni_session_get(op, "person", id, NULL, &out));
    ck_assert_int_eq(muni_rec_find(out, "born_on"), -1); /* absent unless it is named */
    muni_rec_free(out);
    OK(muni_session_get(op, "person", id, "name,born_on", &out));
    ck_assert_str_eq(mt_text(out, "born_on"), "1990-01-01");
    muni_rec_free(out);
    muni_session_unref(op);
    muni_session_unref(clerk);
}
END_TEST

START_TEST(rights__membership_counts_from_its_first_to_its_last_day) {
    muni_rec *g = NULL, *out = NULL;
    char json[256];
    muni_session *s = mt_person(&m, "temp", NULL);
    muni_rec *me = NULL;
    int64_t ticket = mt_ticket(m.admin, "a");
    OK(muni_session_find(m.admin, "group", "reader", NULL, &g));
    OK(muni_session_whoami(s, &me));
    snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld,\"from_on\":\"2023-11-16\",\"to_on\":\"2023-11-17\"}", (long long)mt_int(g, "id"),
             (long long)mt_int(me, "principal"));
    (void)mt_create(m.admin, "member", json);
    muni_rec_free(g);
    muni_rec_free(me);
    FAILS(muni_session_get(s, "ticket", ticket, NULL, &out), MUNI_ENOTFOUND);
    OK(muni_db_set_now(m.db, INT64_C(1700060400))); /* 2023-11-16T00:00:00+09:00 */
    OK(muni_session_get(s, "ticket", ticket, NULL, &out));
    muni_rec_free(out);
    OK(muni_db_set_now(m.db, INT64_C(1700060400) + 2 * 86400 - 1));
    OK(muni_session_get(s, "ticket", ticket, NULL, &out));
    muni_rec_free(out);
    OK(muni_db_set_now(m.db, INT64_C(1700060400) + 2 * 86400));
    FAILS(muni_session_get(s, "ticket", ticket, NULL, &out), MUNI_ENOTFOUND);
    muni_session_unref(s);
}
END_TEST

/* Rights of a day hold on that day: a clock that went back finds those of the day before. */
START_TEST(rights__follow_a_clock_that_goes_back) {
    muni_rec *g = NULL, *me = NULL, *out = NULL;
    char json[256];
    muni_session *s = mt_person(&m, "early", NULL);
    int64_t ticket = mt_ticket(m.admin, "a");
    OK(muni_session_find(m.admin, "group", "reader", NULL, &g));
    OK(muni_session_whoami(s, &me));
    snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld,\"from_on\":\"2023-11-16\"}", (long long)mt_int(g, "id"), (long long)mt_int(me, "principal"));
    (void)mt_create(m.admin, "member", json);
    muni_rec_free(g);
    muni_rec_free(me);
    OK(muni_db_set_now(m.db, NOON + 86400));
    OK(muni_session_get(s, "ticket", ticket, NULL, &out));
    muni_rec_free(out);
    OK(muni_db_set_now(m.db, NOON));
    FAILS(muni_session_get(s, "ticket", ticket, NULL, &out), MUNI_ENOTFOUND);
    muni_session_unref(s);
}
END_TEST

START_TEST(rights__principal_whose_time_is_over_acts_no_more) {
    muni_session *s = mt_person(&m, "temp", "reader");
    muni_rec *me = NULL, *out = NULL;
    OK(muni_session_whoami(s, &me));
    OK(mt_update(m.admin, "principal", mt_int(me, "principal"), 0, "{\"to_on\":\"2023-11-15\"}"));
    muni_rec_free(me);
    OK(muni_session_whoami(s, &out));
    muni_rec_free(out);
    OK(muni_db_set_now(m.db, NOON + 86400));
    FAILS(muni_session_whoami(s, &out), MUNI_EEXPIRED);
    muni_session_unref(s);
    FAILS(muni_db_session(m.db, "temp", NULL, NULL, &s), MUNI_EEXPIRED);
    FAILS(muni_db_session(m.db, "nobody", NULL, NULL, &s), MUNI_EAUTH);
    ck_assert_ptr_null(s);
}
END_TEST

static void grant(const char *group, const char *on, const char *verb, const char *scope) {
    muni_rec *g = NULL;
    char json[200];
    OK(muni_session_find(m.admin, "group", group, NULL, &g));
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"%s\",\"verb\":\"%s\",\"scope\":\"%s\"}", (long long)mt_int(g, "id"), on, verb, scope);
    muni_rec_free(g);
    (void)mt_create(m.admin, "grant", json);
}

/* Whoever may create and change everything does not thereby decide who may what. */
START_TEST(rights__are_given_only_by_who_manages) {
    muni_session *op = mt_person(&m, "op", "operator");
    muni_rec *g = NULL, *me = NULL, *boss = NULL;
    char json[200];
    static const char *const verbs[] = { "create", "update", "trash" };
    for (int i = 0; i < 3; i++)
        grant("operator", "*", verbs[i], "all");
    OK(muni_session_find(op, "group", "administrator", NULL, &g));
    OK(muni_session_find(op, "principal", "admin", NULL, &boss));
    OK(muni_session_whoami(op, &me));
    snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)mt_int(g, "id"), (long long)mt_int(me, "principal"));
    FAILS(mt_try(op, "member", json, NULL), MUNI_EDENIED);
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"*\",\"verb\":\"*\",\"scope\":\"all\"}", (long long)mt_int(g, "id"));
    FAILS(mt_try(op, "grant", json, NULL), MUNI_EDENIED);
    FAILS(mt_update(op, "group", mt_int(g, "id"), 0, "{\"name\":\"x\"}"), MUNI_EDENIED);
    FAILS(muni_session_trash(op, "group", mt_int(g, "id"), 0, NULL), MUNI_EDENIED);
    FAILS(mt_update(op, "principal", mt_int(boss, "id"), 0, "{\"login\":\"x\"}"), MUNI_EDENIED); /* nor who is who */
    FAILS(mt_try(op, "principal", "{\"login\":\"y\",\"name\":\"y\"}", NULL), MUNI_EDENIED);
    muni_rec_free(g);
    muni_rec_free(me);
    muni_rec_free(boss);
    muni_session_unref(op);
}
END_TEST

/* A transition takes the values it needs; others are changes like any other. */
START_TEST(rights__to_move_are_no_rights_to_rewrite) {
    muni_session *s = mt_person(&m, "mover", "reader");
    muni_rec *me = NULL;
    char json[200];
    int64_t id = mt_ticket(m.admin, "件名");
    grant("reader", "ticket", "transition", "all");
    OK(muni_session_whoami(s, &me));
    snprintf(json, sizeof json, "{\"assignee\":%lld,\"subject\":\"別件\"}", (long long)mt_int(me, "principal"));
    FAILS(mt_do(s, id, "assign", json), MUNI_EDENIED);
    ck_assert_str_eq(muni_error_field(), "subject");
    snprintf(json, sizeof json, "{\"assignee\":%lld,\"subject\":\"件名\"}", (long long)mt_int(me, "principal")); /* no change */
    OK(mt_do(s, id, "assign", json));
    grant("reader", "ticket", "update", "all");
    OK(mt_do(s, id, "start", "{\"subject\":\"別件\"}"));
    muni_rec_free(me);
    muni_session_unref(s);
}
END_TEST

START_TEST(rights__references_to_what_is_confidential_lead_nowhere) {
    muni_session *s = mt_person(&m, "linker", "operator");
    int64_t id = mt_create(m.admin, "desk", "{\"code\":\"S\",\"name\":\"秘\",\"confidential\":true}");
    char json[200];
    muni_rec *out = NULL;
    FAILS(muni_session_get(s, "desk", id, NULL, &out), MUNI_ENOTFOUND);
    snprintf(json, sizeof json, "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"desk\":%lld}", (long long)id);
    FAILS(mt_try(s, "ticket", json, NULL), MUNI_EREF);
    OK(mt_try(m.admin, "ticket", json, NULL));
    muni_session_unref(s);
}
END_TEST

/* What is not seen is not found: in the same words as what is not there. */
START_TEST(rights__find_tells_nothing_of_what_is_not_seen) {
    muni_session *s = mt_person(&m, "finder", "reader");
    muni_rec *out = NULL;
    char there[200];
    (void)mt_create(m.admin, "desk", "{\"code\":\"A\",\"name\":\"秘\",\"confidential\":true}");
    FAILS(muni_session_find(s, "desk", "A", NULL, &out), MUNI_ENOTFOUND);
    snprintf(there, sizeof there, "%s", muni_error_text("en"));
    FAILS(muni_session_find(s, "desk", "B", NULL, &out), MUNI_ENOTFOUND);
    *strrchr(there, 'A') = 'B';
    ck_assert_str_eq(muni_error_text("en"), there);
    FAILS(muni_session_find(s, "desk", "A", "nothing", &out), MUNI_EFIELD);
    FAILS(muni_session_find(s, "desk", "B", "nothing", &out), MUNI_EFIELD);
    muni_session_unref(s);
}
END_TEST

START_TEST(update__type_is_given_once) {
    int64_t id = mt_ticket(m.admin, "a");
    FAILS(mt_update(m.admin, "ticket", id, 0, "{\"type\":\"inquiry\"}"), MUNI_ESTATE); /* its state is one of incidents */
    ck_assert_str_eq(muni_error_field(), "type");
    FAILS(mt_update(m.admin, "ticket", id, 0, "{\"type\":null}"), MUNI_ESTATE);
    OK(mt_update(m.admin, "ticket", id, 0, "{\"type\":\"incident\",\"subject\":\"b\"}"));
}
END_TEST

START_TEST(create__identifier_of_which_nothing_is_left_is_refused) {
    FAILS(mt_try(m.admin, "desk", "{\"code\":\"　\",\"name\":\"x\"}", NULL), MUNI_EFORMAT);
    ck_assert_str_eq(muni_error_field(), "code");
    FAILS(mt_try(m.admin, "principal", "{\"login\":\"\u200b\",\"name\":\"x\"}", NULL), MUNI_EFORMAT);
    OK(mt_try(m.admin, "desk", "{\"code\":\"窓\",\"name\":\"x\"}", NULL));
}
END_TEST

/* Rights compiled inside a group that was taken back are not those of the revision that comes next. */
START_TEST(rights__of_a_group_taken_back_are_forgotten) {
    muni_session *boss = mt_person(&m, "boss", "administrator");
    muni_rec *who = NULL, *g = NULL;
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    char json[200];
    OK(muni_session_whoami(boss, &who));
    OK(muni_session_find(m.admin, "group", "administrator", NULL, &g));
    snprintf(json, sizeof json, "{\"kind\":\"member\",\"where\":{\"field\":\"principal\",\"op\":\"eq\",\"value\":%lld}}", (long long)mt_int(who, "principal"));
    muni_rec_free(who);
    muni_rec_free(g);
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(boss, q, &c));
    ck_assert_int_eq(muni_cursor_next(c, &g), MUNI_ROW);
    OK(muni_session_begin(boss));
    OK(muni_session_trash(boss, "member", mt_int(g, "id"), 0, NULL));
    OK(muni_session_whoami(boss, &who));
    ck_assert_str_eq(mt_text(who, "groups"), "[]");
    muni_rec_free(who);
    OK(muni_session_rollback(boss));
    (void)mt_create(m.admin, "group", "{\"code\":\"x\",\"name\":\"x\"}"); /* takes the revision that the group had */
    OK(muni_session_whoami(boss, &who));
    ck_assert_str_eq(mt_text(who, "groups"), "[\"administrator\"]");
    muni_rec_free(who);
    muni_rec_free(g);
    muni_query_free(q);
    muni_cursor_unref(c);
    muni_session_unref(boss);
}
END_TEST

/* ---- groups of calls */

START_TEST(group__commits_and_rolls_back_as_one) {
    OK(muni_session_begin(m.admin));
    int64_t id = mt_ticket(m.admin, "in");
    muni_rec *r = mt_get(m.admin, "ticket", id, NULL);
    muni_rec_free(r);
    OK(muni_session_rollback(m.admin));
    FAILS(muni_session_get(m.admin, "ticket", id, NULL, &r), MUNI_ENOTFOUND);
    OK(muni_session_begin(m.admin));
    FAILS(muni_session_begin(m.admin), MUNI_ESTATE);
    id = mt_ticket(m.admin, "in");
    /* a call that fails before its first write leaves the group usable */
    FAILS(mt_try(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\"}", NULL), MUNI_EREQUIRED);
    (void)mt_ticket(m.admin, "too");
    OK(muni_session_commit(m.admin));
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 2);
    FAILS(muni_session_commit(m.admin), MUNI_ESTATE);
    FAILS(muni_session_rollback(m.admin), MUNI_ESTATE);
}
END_TEST

START_TEST(group__failure_after_a_write_dooms_it) {
    (void)mt_create(m.admin, "desk", "{\"code\":\"A\",\"name\":\"一\"}");
    OK(muni_session_begin(m.admin));
    FAILS(mt_try(m.admin, "desk", "{\"code\":\"A\",\"name\":\"二\"}", NULL), MUNI_EUNIQUE);
    FAILS(mt_try(m.admin, "desk", "{\"code\":\"B\",\"name\":\"三\"}", NULL), MUNI_EDOOMED);
    FAILS(muni_session_commit(m.admin), MUNI_EDOOMED);
    OK(muni_session_rollback(m.admin));
    (void)mt_create(m.admin, "desk", "{\"code\":\"B\",\"name\":\"三\"}");
}
END_TEST

START_TEST(group__holds_a_thousand_changes) {
    OK(muni_session_begin(m.admin));
    for (int i = 0; i < 1000; i++)
        (void)mt_ticket(m.admin, "n");
    FAILS(mt_try(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\"}", NULL), MUNI_ELIMIT);
    OK(muni_session_commit(m.admin));
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 1000);
}
END_TEST

/* What follows from a change is no change of the caller's: it neither counts nor dooms the group at its limit. */
START_TEST(group__what_follows_does_not_count) {
    int64_t unit = mt_create(m.admin, "unit", "{\"code\":\"01\",\"name\":\"総務課\",\"from_on\":\"2020-04-01\"}");
    int64_t *people = calloc(600, sizeof *people);
    char json[200];
    OK(muni_session_begin(m.admin));
    for (int i = 0; i < 600; i++) {
        snprintf(json, sizeof json, "{\"staff_no\":\"%07d\",\"name\":\"職員\"}", i + 1);
        people[i] = mt_create(m.admin, "person", json);
    }
    OK(muni_session_commit(m.admin));
    OK(muni_session_begin(m.admin));
    for (int i = 0; i < 600; i++) { /* each changes its person's unit, too */
        snprintf(json, sizeof json, "{\"person\":%lld,\"unit\":%lld,\"from_on\":\"2020-04-01\"}", (long long)people[i], (long long)unit);
        (void)mt_create(m.admin, "post", json);
    }
    OK(muni_session_commit(m.admin));
    OK(muni_session_begin(m.admin));
    int64_t ticket = mt_ticket(m.admin, "a");
    for (int i = 0; i < 999; i++)
        OK(muni_session_comment(m.admin, "ticket", ticket, "x", NULL));
    FAILS(muni_session_comment(m.admin, "ticket", ticket, "x", NULL), MUNI_ELIMIT); /* said by the caller: it counts */
    OK(muni_session_commit(m.admin));
    free(people);
}
END_TEST

START_TEST(group__is_rolled_back_when_session_or_store_closes) {
    muni_session *s = NULL;
    OK(muni_db_session(m.db, "admin", NULL, NULL, &s));
    OK(muni_session_begin(s));
    (void)mt_ticket(s, "lost");
    muni_session_close(s);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 0);
    FAILS(mt_try(s, "ticket", "{}", NULL), MUNI_ECLOSED);
    muni_session_unref(s);
    OK(muni_session_begin(m.admin));
    (void)mt_ticket(m.admin, "lost");
    muni_db_close(m.db);
    FAILS(muni_session_commit(m.admin), MUNI_ECLOSED);
    mt_reopen(&m);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 0);
}
END_TEST

/* ---- handles */

START_TEST(handles__null_and_closed_answer_closed) {
    muni_rec *out = NULL;
    char *text = NULL;
    muni_session *s = NULL;
    FAILS(muni_session_whoami(NULL, &out), MUNI_ECLOSED);
    FAILS(muni_db_info(NULL, &out), MUNI_ECLOSED);
    FAILS(muni_db_session(NULL, "admin", NULL, NULL, &s), MUNI_ECLOSED);
    FAILS(muni_session_begin(NULL), MUNI_ECLOSED);
    FAILS(muni_session_transitions(NULL, "ticket", 1, &text), MUNI_ECLOSED);
    muni_db_close(NULL);
    muni_db_unref(NULL);
    muni_session_close(NULL);
    muni_session_unref(NULL);
    muni_db_close(m.db);
    muni_db_close(m.db);
    FAILS(muni_session_whoami(m.admin, &out), MUNI_ECLOSED);
    FAILS(muni_db_info(m.db, &out), MUNI_ECLOSED);
    FAILS(muni_db_session(m.db, "admin", NULL, NULL, &s), MUNI_ECLOSED);
    mt_reopen(&m);
}
END_TEST

START_TEST(handles__any_order_of_destruction) {
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_cursor *c = NULL;
    muni_query *q = NULL;
    muni_rec *r = NULL;
    (void)mt_ticket(m.admin, "a");
    OK(muni_open(m.path, NULL, &db));
    OK(muni_db_session(db, "admin", NULL, NULL, &s));
    OK(muni_query_parse("{\"kind\":\"ticket\"}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(s, q, &c));
    muni_query_free(q);
    muni_db_unref(db); /* the session keeps it open */
    muni_session_unref(s);
    ck_assert_int_eq(muni_cursor_next(c, &r), MUNI_ROW);
    muni_rec_free(r);
    muni_cursor_unref(c);
}
END_TEST

START_TEST(handles__in_a_forked_child_answer_fork) {
    OK(muni_session_begin(m.admin));
    pid_t pid = fork();
    if (pid == 0) {
        muni_rec *out = NULL;
        int ok = muni_session_whoami(m.admin, &out) == MUNI_EFORK && muni_db_info(m.db, &out) == MUNI_EFORK && muni_session_begin(m.admin) == MUNI_EFORK;
        muni_session_unref(m.admin);
        muni_db_unref(m.db);
        CHILD_ENDS(ok);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    (void)mt_ticket(m.admin, "after"); /* the parent goes on, its group too */
    OK(muni_session_commit(m.admin));
}
END_TEST

static int held[2]; /* a pipe: the callback says that it is there, and waits */
static int32_t hold(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done;
    (void)total;
    (void)stage;
    if (!*(int *)user) {
        *(int *)user = 1;
        ck_assert_int_eq(write(held[1], "x", 1), 1);
        (void)nanosleep(&(struct timespec){ 1, 500000000 }, NULL);
    }
    return 0;
}

static void *holder(void *arg) {
    int once = 0;
    muni_rec *out = NULL;
    muni_status st = muni_audit_verify(arg, hold, &once, &out);
    muni_rec_free(out);
    return (void *)(intptr_t)(st < 0);
}

static void *waiter(void *arg) {
    muni_rec *out = NULL;
    muni_status st = muni_session_whoami(arg, &out);
    muni_rec_free(out);
    return (void *)(intptr_t)(st < 0);
}

/* Threads of the parent that were waiting when it forked never come: the child's destructors wait for nobody. */
START_TEST(handles__forked_while_others_wait_are_freed_at_once) {
    pthread_t a, b;
    void *bad = NULL;
    char c;
    int status = 0;
    OK(muni_session_begin(m.admin));
    for (int i = 0; i < 999; i++)
        (void)mt_ticket(m.admin, "x");
    OK(muni_session_commit(m.admin));
    ck_assert_int_eq(pipe(held), 0);
    ck_assert_int_eq(pthread_create(&a, NULL, holder, m.admin), 0);
    ck_assert_int_eq(read(held[0], &c, 1), 1);
    ck_assert_int_eq(pthread_create(&b, NULL, waiter, m.admin), 0);
    (void)nanosleep(&(struct timespec){ 0, 200000000 }, NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(5);
        muni_session_unref(m.admin);
        muni_db_unref(m.db);
        CHILD_ENDS(1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    pthread_join(a, &bad);
    ck_assert_ptr_null(bad);
    pthread_join(b, &bad);
    ck_assert_ptr_null(bad);
    close(held[0]);
    close(held[1]);
}
END_TEST

static void *writer(void *arg) {
    muni_session *s = arg;
    for (int i = 0; i < 50; i++) {
        muni_rec *rec = NULL;
        if (muni_rec_parse("{\"type\":\"inquiry\",\"category\":\"support\",\"subject\":\"同時\"}", MUNI_ZERO_TERMINATED, &rec) < 0)
            return (void *)"parse";
        muni_status st = muni_session_create(s, "ticket", rec, NULL);
        muni_rec_free(rec);
        if (st < 0)
            return (void *)muni_error_name(st);
    }
    return NULL;
}

/* Numbers are distinct however many post at once. */
START_TEST(threads__on_one_session_and_on_several_give_distinct_numbers) {
    pthread_t t[8];
    muni_session *s[8];
    for (int i = 0; i < 8; i++) {
        if (i < 4)
            s[i] = muni_session_ref(m.admin);
        else
            OK(muni_db_session(m.db, "admin", NULL, NULL, &s[i]));
        ck_assert_int_eq(pthread_create(&t[i], NULL, writer, s[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        void *why = NULL;
        pthread_join(t[i], &why);
        ck_assert_msg(!why, "a writer failed: %s", (const char *)why);
        muni_session_unref(s[i]);
    }
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 400);
    muni_rec *out = NULL;
    OK(muni_session_find(m.admin, "ticket", "inq-2023-00400", NULL, &out)); /* 400 numbers without a gap: all distinct */
    muni_rec_free(out);
}
END_TEST

static int32_t from_inside(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done;
    (void)total;
    (void)stage;
    muni_rec *out = NULL;
    *(muni_status *)user = muni_session_whoami(m.admin, &out);
    return 1;
}

START_TEST(callback__may_not_use_the_session_and_cancels) {
    muni_rec *out = NULL;
    muni_status inside = 0;
    for (int i = 0; i < 1000; i++)
        if (i % 1000 == 0)
            OK(muni_session_begin(m.admin));
        else
            (void)mt_ticket(m.admin, "x");
    OK(muni_session_commit(m.admin));
    FAILS(muni_audit_verify(m.admin, from_inside, &inside, &out), MUNI_ECANCELLED);
    ck_assert_int_eq(inside, MUNI_EBUSY);
    ck_assert_ptr_null(out);
}
END_TEST

ROWS("KAT-125")
START_TEST(stores__two_in_one_process_do_not_mix) {
    mt other;
    muni_rec *out = NULL;
    mt_start(&other);
    int64_t id = mt_ticket(m.admin, "甲");
    FAILS(muni_session_get(other.admin, "ticket", id, NULL, &out), MUNI_ENOTFOUND);
    ck_assert_int_eq(mt_count(other.admin, "{\"kind\":\"ticket\",\"words\":\"甲\"}"), 0);
    ck_assert_int_eq(mt_ticket(other.admin, "乙"), id); /* both stores count for themselves: one id and one number, two tickets */
    for (int i = 0; i < 2; i++) {
        muni_session *s = i ? other.admin : m.admin;
        const char *own = i ? "乙" : "甲";
        OK(muni_session_get(s, "ticket", id, NULL, &out));
        ck_assert_str_eq(mt_text(out, "subject"), own);
        muni_rec_free(out);
        OK(muni_session_find(s, "ticket", "INC-2023-00001", NULL, &out));
        ck_assert_str_eq(mt_text(out, "subject"), own);
        muni_rec_free(out);
        ck_assert_int_eq(mt_count(s, "{\"kind\":\"ticket\"}"), 1);
        ck_assert_int_eq(mt_count(s, i ? "{\"kind\":\"ticket\",\"words\":\"甲\"}" : "{\"kind\":\"ticket\",\"words\":\"乙\"}"), 0);
    }
    mt_stop(&other);
}
END_TEST

START_TEST(comment__is_found_with_its_record) {
    int64_t id = mt_ticket(m.admin, "件名");
    muni_rec *c = NULL;
    OK(muni_session_comment(m.admin, "ticket", id, "現地でトナーを交換した", &c));
    char about[64];
    snprintf(about, sizeof about, "ticket:%lld", (long long)id);
    char *json = NULL;
    OK(muni_rec_json(c, &json));
    ck_assert_ptr_nonnull(strstr(json, about));
    muni_free(json);
    ck_assert_str_eq(mt_text(c, "about"), about);
    int64_t cid = mt_int(c, "id");
    muni_rec_free(c);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"トナー\"}"), 1);
    FAILS(mt_update(m.admin, "comment", cid, 0, "{\"body\":\"x\"}"), MUNI_ESTATE);
    FAILS(muni_session_comment(m.admin, "ticket", id, "", NULL), MUNI_EREQUIRED);
    FAILS(muni_session_comment(m.admin, "ticket", 9999, "x", NULL), MUNI_ENOTFOUND);
    FAILS(muni_session_comment(m.admin, "ticket", id, "\xff", NULL), MUNI_EUTF8);
}
END_TEST

START_TEST(comment__is_hidden_with_its_record) {
    int64_t id = mt_create(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"秘密\",\"confidential\":true}"), open = mt_ticket(m.admin, "公開");
    muni_session *reader = mt_person(&m, "reader", "reader");
    muni_rec *c = NULL, *out = NULL, *g = NULL;
    muni_query *q = NULL;
    muni_cursor *cursor = NULL;
    int64_t n = 0;
    char json[256];
    OK(muni_session_comment(m.admin, "ticket", id, "内密の話", &c));
    OK(muni_session_comment(m.admin, "ticket", open, "普通の話", NULL));
    FAILS(muni_session_get(reader, "comment", mt_int(c, "id"), NULL, &out), MUNI_ENOTFOUND);
    FAILS(muni_session_history(reader, "comment", mt_int(c, "id"), &cursor), MUNI_ENOTFOUND);
    OK(muni_query_parse("{\"kind\":\"comment\"}", MUNI_ZERO_TERMINATED, &q));
    FAILS(muni_session_list(reader, q, &cursor), MUNI_EDENIED);
    FAILS(muni_session_count(reader, q, 0, &n), MUNI_EDENIED);
    OK(muni_session_count(m.admin, q, 0, &n));
    ck_assert_int_eq(n, 2);
    muni_query_free(q);
    snprintf(json, sizeof json, "{\"kind\":\"comment\",\"where\":{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:%lld\"}}", (long long)id);
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    FAILS(muni_session_count(reader, q, 0, &n), MUNI_ENOTFOUND);
    muni_query_free(q);
    snprintf(json, sizeof json, "{\"kind\":\"comment\",\"where\":{\"all\":[{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:%lld\"}]}}", (long long)open);
    ck_assert_int_eq(mt_count(reader, json), 1);
    /* the right to create comments is no right to comment on everything */
    OK(muni_session_find(m.admin, "group", "reader", NULL, &g));
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"comment\",\"verb\":\"create\",\"scope\":\"all\"}", (long long)mt_int(g, "id"));
    (void)mt_create(m.admin, "grant", json);
    snprintf(json, sizeof json, "{\"about\":\"ticket:%lld\",\"body\":\"x\"}", (long long)open);
    FAILS(mt_try(reader, "comment", json, NULL), MUNI_EDENIED);
    snprintf(json, sizeof json, "{\"about\":\"ticket:%lld\",\"body\":\"x\"}", (long long)id);
    FAILS(mt_try(reader, "comment", json, NULL), MUNI_EREF);
    muni_rec_free(g);
    muni_rec_free(c);
    muni_session_unref(reader);
}
END_TEST

START_TEST(clock__of_a_store_that_is_no_test_store_cannot_be_set) {
    char path[128];
    muni_db *db = NULL;
    int64_t now = 0;
    snprintf(path, sizeof path, "%s/real.db", m.dir);
    OK(muni_create(path, NULL, &db));
    FAILS(muni_db_set_now(db, NOON), MUNI_ESTATE);
    OK(muni_db_now(db, &now));
    ck_assert_int_gt(now, NOON);
    muni_db_unref(db);
    unlink(path);
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    o.now = NOON;
    FAILS(muni_create(path, &o, &db), MUNI_EINVAL);
    ck_assert_ptr_null(db);
    o = (muni_create_options)MUNI_CREATE_OPTIONS_INIT;
    o.admin = "adm\x01in";
    FAILS(muni_create(path, &o, &db), MUNI_EFORMAT);
    ck_assert_str_eq(muni_error_field(), "admin");
    o.admin = "";
    FAILS(muni_create(path, &o, &db), MUNI_EINVAL);
    o.admin = NULL;
    o.admin_name = "\n";
    FAILS(muni_create(path, &o, &db), MUNI_EFORMAT);
    ck_assert_ptr_null(db);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

Suite *suite_write(void);
Suite *suite_write(void) {
    Suite *s = suite_create("write");
    TCase *t = tcase_create("write");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, create__gives_id_number_state_and_derived_fields);
    tcase_add_test(t, create__numbers_begin_anew_each_fiscal_year);
    tcase_add_test(t, create__number_that_is_taken_is_passed_over);
    tcase_add_test(t, create__names_what_is_wrong);
    tcase_add_test(t, create__too_long_a_text_is_a_limit);
    tcase_add_test(t, create__unique_identifiers_fold_width_and_case);
    tcase_add_test(t, update__absent_leaves_and_null_clears);
    tcase_add_test(t, update__stale_revision_is_refused);
    tcase_add_test(t, update__change_of_nothing_writes_nothing);
    tcase_add_test(t, update__create_only_fields_stay);
    tcase_add_test(t, update__of_another_month_follows_reported_at);
    tcase_add_test(t, transition__goes_the_way_of_the_lifecycle);
    tcase_add_test(t, transitions__tell_what_is_possible);
    tcase_add_test(t, trash__hides_and_restores);
    tcase_add_test(t, trash__frees_the_identifier_and_restore_collides);
    tcase_add_test(t, rights__unseen_is_not_found_and_seen_is_denied);
    tcase_add_test(t, rights__personal_values_are_seen_and_written_only_with_their_verb);
    tcase_add_test(t, rights__membership_counts_from_its_first_to_its_last_day);
    tcase_add_test(t, rights__follow_a_clock_that_goes_back);
    tcase_add_test(t, rights__principal_whose_time_is_over_acts_no_more);
    tcase_add_test(t, rights__of_a_group_taken_back_are_forgotten);
    tcase_add_test(t, rights__are_given_only_by_who_manages);
    tcase_add_test(t, rights__to_move_are_no_rights_to_rewrite);
    tcase_add_test(t, rights__references_to_what_is_confidential_lead_nowhere);
    tcase_add_test(t, rights__find_tells_nothing_of_what_is_not_seen);
    tcase_add_test(t, update__type_is_given_once);
    tcase_add_test(t, create__identifier_of_which_nothing_is_left_is_refused);
    tcase_add_test(t, group__what_follows_does_not_count);
    tcase_add_test(t, group__commits_and_rolls_back_as_one);
    tcase_add_test(t, group__failure_after_a_write_dooms_it);
    tcase_add_test(t, group__holds_a_thousand_changes);
    tcase_add_test(t, group__is_rolled_back_when_session_or_store_closes);
    tcase_add_test(t, handles__null_and_closed_answer_closed);
    tcase_add_test(t, handles__any_order_of_destruction);
    tcase_add_test(t, handles__in_a_forked_child_answer_fork);
    tcase_add_test(t, handles__forked_while_others_wait_are_freed_at_once);
    tcase_add_test(t, threads__on_one_session_and_on_several_give_distinct_numbers);
    tcase_add_test(t, callback__may_not_use_the_session_and_cancels);
    tcase_add_test(t, stores__two_in_one_process_do_not_mix);
    tcase_add_test(t, comment__is_found_with_its_record);
    tcase_add_test(t, comment__is_hidden_with_its_record);
    tcase_add_test(t, clock__of_a_store_that_is_no_test_store_cannot_be_set);
    suite_add_tcase(s, t);
    return s;
}
