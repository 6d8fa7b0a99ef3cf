/* Every allocation of a call that succeeds fails once, for every public function that allocates. A call that fails leaves the store as it
 * was: what it would have written is not there, the history verifies, and the handle goes on working. */
#include "modeltest.h"

#include "core/base.h"

#include "fault.h"

static mt m;
static int64_t ticket, desk;
static long allocations;
static int calls;

static void start(void) {
    mt_start(&m);
    desk = mt_create(m.admin, "desk", "{\"code\":\"d\",\"name\":\"窓口\"}");
    ticket = mt_create(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"印刷できない\",\"body\":\"至急\"}");
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"body\":\"本文\"}"));
}

static void stop(void) {
    printf("faults: %d calls, each of their %ld allocations failed once, all clean\n", calls, allocations);
    fflush(stdout);
    mt_stop(&m);
}

static void whole(void) {
    muni_rec *out = NULL;
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_msg(mt_int(out, "verified") == 1, "%s", mt_text(out, "findings"));
    muni_rec_free(out);
}

/* Count, then fail each. */
#define EACH(call, after)                                                                                                        \
    do {                                                                                                                         \
        muni_status each_;                                                                                                       \
        FAULT_LOOP(each_, call, {                                                                                                \
            allocations++;                                                                                                       \
            after;                                                                                                               \
        });                                                                                                                      \
        calls++;                                                                                                                 \
    } while (0)

/* ---- reading */

static muni_rec *rec;
static char *text;
static muni_cursor *cursor;
static muni_query *query;
static int64_t number;

START_TEST(faults__of_reading_calls) {
    EACH(muni_session_whoami(m.admin, &rec), ck_assert_ptr_null(rec));
    muni_rec_free(rec);
    rec = NULL;
    EACH(muni_db_info(m.db, &rec), ck_assert_ptr_null(rec));
    muni_rec_free(rec);
    rec = NULL;
    EACH(muni_session_get(m.admin, "ticket", ticket, "subject,created_by.name,desk", &rec), ck_assert_ptr_null(rec));
    muni_rec_free(rec);
    rec = NULL;
    EACH(muni_session_find(m.admin, "desk", "D", NULL, &rec), ck_assert_ptr_null(rec));
    muni_rec_free(rec);
    rec = NULL;
    EACH(muni_session_transitions(m.admin, "ticket", ticket, &text), ck_assert_ptr_null(text));
    muni_free(text);
    text = NULL;
    EACH(muni_describe(NULL, &text), ck_assert_ptr_null(text));
    muni_free(text);
    text = NULL;
    EACH(muni_audit_verify(m.admin, NULL, NULL, &rec), ck_assert_ptr_null(rec));
    muni_rec_free(rec);
    rec = NULL;
}
END_TEST

static muni_status list_all(const char *json) {
    muni_rec *row = NULL;
    muni_status st = muni_query_parse(json, MUNI_ZERO_TERMINATED, &query);
    if (st >= 0)
        st = muni_session_list(m.admin, query, &cursor);
    while (st >= 0 && (st = muni_cursor_next(cursor, &row)) == MUNI_ROW)
        muni_rec_free(row);
    if (st >= 0)
        st = muni_session_count(m.admin, query, 0, &number);
    if (st >= 0)
        st = muni_query_json(query, &text);
    muni_free(text);
    text = NULL;
    muni__error why; /* letting go must not disturb the reason */
    muni__error_save(&why);
    muni_cursor_unref(cursor);
    muni_query_free(query);
    cursor = NULL;
    query = NULL;
    muni__error_restore(&why);
    return st;
}

static muni_status history_all(void) {
    muni_rec *row = NULL;
    muni_status st = muni_session_history(m.admin, "ticket", ticket, &cursor);
    while (st >= 0 && (st = muni_cursor_next(cursor, &row)) == MUNI_ROW)
        muni_rec_free(row);
    muni_cursor_unref(cursor);
    cursor = NULL;
    return st;
}

START_TEST(faults__of_lists_searches_and_histories) {
    EACH(list_all("{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"category\",\"op\":\"eq\",\"value\":\"support\"},"
                  "{\"field\":\"created_by\",\"op\":\"eq\",\"value\":{\"me\":\"principal\"}}]},\"order\":[\"-reported_at\"],\"fields\":[\"subject\",\"created_by.name\"]}"),
         (void)0);
    EACH(list_all("{\"kind\":\"ticket\",\"words\":\"印刷 至急\"}"), (void)0);
    EACH(history_all(), (void)0);
    whole();
}
END_TEST

/* ---- writing: after each failure the counts are those of before */

static int64_t tickets(void) {
    return mt_count(m.admin, "{\"kind\":\"ticket\"}");
}

static muni_rec *input;

START_TEST(faults__of_creating) {
    input = mt_rec("{\"type\":\"incident\",\"category\":\"ハード対応\",\"subject\":\"複合機が故障\",\"impact\":\"high\",\"urgency\":\"low\",\"custom\":{\"棟\":\"本庁\"}}");
    EACH(muni_session_create(m.admin, "ticket", input, &rec), {
        ck_assert_ptr_null(rec);
        ck_assert_int_eq(tickets(), 1);
    });
    ck_assert_int_eq(tickets(), 2);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"複合機\"}"), 1);
    muni_rec_free(rec);
    rec = NULL;
    muni_rec_free(input);
    whole();
}
END_TEST

static void unchanged(int64_t id, int64_t rev) {
    muni_rec *r = mt_get(m.admin, "ticket", id, "rev");
    ck_assert_int_eq(mt_int(r, "rev"), rev);
    muni_rec_free(r);
}

START_TEST(faults__of_changing) {
    input = mt_rec("{\"subject\":\"別の件名\",\"body\":null,\"urgency\":\"high\",\"impact\":\"low\"}");
    EACH(muni_session_update(m.admin, "ticket", ticket, 2, input, &rec), unchanged(ticket, 2));
    muni_rec_free(rec);
    muni_rec_free(input);
    input = mt_rec("{\"assignee\":33}");
    muni_rec *me = NULL;
    OK(muni_session_whoami(m.admin, &me));
    OK(muni_rec_set_int(input, "assignee", mt_int(me, "principal")));
    muni_rec_free(me);
    rec = NULL;
    EACH(muni_session_transition(m.admin, "ticket", ticket, 3, "assign", input, &rec), unchanged(ticket, 3));
    muni_rec_free(rec);
    muni_rec_free(input);
    rec = NULL;
    EACH(muni_session_trash(m.admin, "ticket", ticket, 4, &rec), unchanged(ticket, 4));
    muni_rec_free(rec);
    rec = NULL;
    EACH(muni_session_restore(m.admin, "ticket", ticket, 5, &rec), (void)0);
    muni_rec_free(rec);
    rec = NULL;
    EACH(muni_session_comment(m.admin, "ticket", ticket, "トナーを交換した", &rec),
         ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"トナー\"}"), 0));
    muni_rec_free(rec);
    rec = NULL;
    EACH(muni_session_run_due(m.admin, &rec), ck_assert_ptr_null(rec));
    muni_rec_free(rec);
    rec = NULL;
    whole();
}
END_TEST

static muni_status group(void) {
    muni_status st = muni_session_begin(m.admin);
    if (st < 0)
        return st;
    st = muni_session_create(m.admin, "ticket", input, NULL);
    if (st >= 0)
        st = muni_session_create(m.admin, "ticket", input, NULL);
    if (st >= 0)
        st = muni_session_commit(m.admin);
    if (st < 0) {
        muni__error why;
        muni__error_save(&why);
        (void)muni_session_rollback(m.admin); /* a commit that failed has ended the group already */
        muni__error_restore(&why);
    }
    return st;
}

START_TEST(faults__of_groups) {
    input = mt_rec("{\"type\":\"inquiry\",\"category\":\"other\",\"subject\":\"まとめて\"}");
    EACH(group(), ck_assert_int_eq(tickets(), 1));
    ck_assert_int_eq(tickets(), 3);
    muni_rec_free(input);
    whole();
}
END_TEST

/* ---- opening */

static muni_session *session;
static muni_db *db;

static muni_status make(const char *path) {
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    o.test = 1;
    o.now = NOON;
    return muni_create(path, &o, &db);
}

START_TEST(faults__of_making_and_opening) {
    char path[128];
    snprintf(path, sizeof path, "%s/n.db", m.dir);
    EACH(muni_db_session(m.db, "admin", "a", "b", &session), ck_assert_ptr_null(session));
    muni_session_unref(session);
    session = NULL;
    fault_spare_jansson();
    EACH(make(path), {
        ck_assert_ptr_null(db);
        ck_assert_msg(access(path, F_OK) != 0, "a store that failed stays behind");
    });
    muni_db_unref(db);
    db = NULL;
    EACH(muni_open(path, NULL, &db), ck_assert_ptr_null(db));
    muni_db_unref(db);
    char file[160];
    static const char *const ends[] = { "", "-wal", "-shm", "-queue" };
    for (size_t i = 0; i < 4; i++) {
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        (void)unlink(file);
    }
}
END_TEST

Suite *suite_faults(void);
Suite *suite_faults(void) {
    Suite *s = suite_create("faults");
    TCase *t = tcase_create("faults");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, faults__of_reading_calls);
    tcase_add_test(t, faults__of_lists_searches_and_histories);
    tcase_add_test(t, faults__of_creating);
    tcase_add_test(t, faults__of_changing);
    tcase_add_test(t, faults__of_groups);
    tcase_add_test(t, faults__of_making_and_opening);
    suite_add_tcase(s, t);
    return s;
}
