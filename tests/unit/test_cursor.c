/* Cursors and lists through a session: pages, tokens, closing in any order, threads, rights that end. */
#include "fault.h"
#include "modeltest.h"

#include "model/list.h"

#include <pthread.h>
#include <sys/wait.h>

static mt m;

static void set_up(void) {
    mt_start(&m);
}
static void tear_down(void) {
    mt_stop(&m);
}

static int64_t create(muni_session *s, const char *kind, const char *json) {
    muni_rec *in, *out;
    OK(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &in));
    OK(muni_session_create(s, kind, in, &out));
    int64_t id = muni_rec_int(out, muni_rec_find(out, "id"));
    muni_rec_free(in);
    muni_rec_free(out);
    return id;
}

static void desks(int n) {
    char json[128];
    OK(muni_session_begin(m.admin));
    for (int i = 0; i < n; i++) {
        (void)snprintf(json, sizeof json, "{\"code\":\"d%04d\",\"name\":\"窓口 %d\"}", i, i);
        (void)create(m.admin, "desk", json);
    }
    OK(muni_session_commit(m.admin));
}

static muni_query *query(const char *json) {
    muni_query *q;
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    return q;
}

static muni_cursor *list(muni_session *s, const char *json) {
    muni_query *q = query(json);
    muni_cursor *c;
    OK(muni_session_list(s, q, &c));
    muni_query_free(q); /* the cursor keeps what it needs */
    return c;
}

static int number(muni_rec *rec) { /* d0007 → 7 */
    const char *code = muni_rec_text(rec, muni_rec_find(rec, "code"), NULL);
    ck_assert_ptr_nonnull(code);
    return atoi(code + 1);
}

START_TEST(cursor__gives_all_in_order_and_says_so_for_ever) {
    desks(450);
    muni_cursor *c = list(m.admin, "{\"kind\":\"desk\",\"order\":[\"-code\"]}");
    muni_rec *rec;
    for (int i = 449; i >= 0; i--) {
        ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
        ck_assert_str_eq(muni_rec_kind(rec), "desk");
        ck_assert_int_eq(number(rec), i);
        muni_rec_free(rec);
    }
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_OK);
        ck_assert_ptr_null(rec);
    }
    muni_cursor_unref(c);
    c = list(m.admin, "{\"kind\":\"desk\",\"limit\":201,\"fields\":[\"code\"]}");
    int n = 0;
    for (; muni_cursor_next(c, &rec) == MUNI_ROW; n++) {
        ck_assert_int_eq(muni_rec_count(rec), 1);
        ck_assert_int_eq(number(rec), 449 - n);
        muni_rec_free(rec);
    }
    ck_assert_int_eq(n, 201);
    muni_cursor_unref(c);
    c = list(m.admin, "{\"kind\":\"desk\",\"limit\":0}");
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_OK);
    muni_cursor_unref(c);
    int64_t count;
    muni_query *q = query("{\"kind\":\"desk\",\"limit\":3}");
    OK(muni_session_count(m.admin, q, 0, &count));
    ck_assert_int_eq(count, 450);
    OK(muni_session_count(m.admin, q, 7, &count));
    ck_assert_int_eq(count, 7);
    FAILS(muni_session_count(m.admin, q, -2, &count), MUNI_EINVAL);
    FAILS(muni_session_count(m.admin, NULL, 0, &count), MUNI_EINVAL);
    FAILS(muni_session_count(NULL, q, 0, &count), MUNI_ECLOSED);
    FAILS(muni_session_list(m.admin, q, NULL), MUNI_EINVAL);
    FAILS(muni_session_list(NULL, q, &c), MUNI_ECLOSED);
    ck_assert_ptr_null(c);
    muni_query_free(q);
}
END_TEST

START_TEST(cursor__token_goes_on_where_it_stood) {
    desks(450);
    static const int stops[] = { 1, 199, 200, 201, 400, 449, 450 };
    for (size_t k = 0; k < sizeof stops / sizeof *stops; k++) {
        muni_cursor *c = list(m.admin, "{\"kind\":\"desk\",\"order\":[\"name\",\"-code\"]}");
        muni_rec *rec;
        char *token, json[1024];
        OK(muni_cursor_token(c, &token));
        ck_assert_str_eq(token, "");
        muni_free(token);
        for (int i = 0; i < stops[k]; i++) {
            ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
            muni_rec_free(rec);
        }
        if (stops[k] == 450)
            ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_OK);
        OK(muni_cursor_token(c, &token));
        (void)snprintf(json, sizeof json, "{\"kind\":\"desk\",\"order\":[\"name\",\"-code\"],\"after\":\"%s\"}", token);
        muni_free(token);
        muni_cursor *d = list(m.admin, json);
        int n = stops[k];
        for (; muni_cursor_next(d, &rec) == MUNI_ROW; n++) { /* both go on alike */
            muni_rec *same;
            ck_assert_int_eq(muni_cursor_next(c, &same), MUNI_ROW);
            ck_assert_int_eq(number(rec), number(same));
            muni_rec_free(rec);
            muni_rec_free(same);
        }
        ck_assert_int_eq(n, 450);
        muni_cursor_unref(c);
        muni_cursor_unref(d);
    }
}
END_TEST

START_TEST(cursor__lives_and_dies_in_any_order) {
    muni_rec *rec;
    char *token;
    desks(250);
    muni_cursor *c = list(m.admin, "{\"kind\":\"desk\"}");
    ck_assert_ptr_eq(muni_cursor_ref(c), c);
    muni_cursor_unref(c);
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
    muni_cursor_close(c);
    muni_cursor_close(c);
    ck_assert_int_gt(muni_rec_count(rec), 0); /* a record is nobody's but the caller's */
    muni_rec_free(rec);
    FAILS(muni_cursor_next(c, &rec), MUNI_ECLOSED);
    ck_assert_ptr_null(rec);
    FAILS(muni_cursor_token(c, &token), MUNI_ECLOSED);
    FAILS(muni_cursor_next(c, NULL), MUNI_EINVAL);
    FAILS(muni_cursor_token(c, NULL), MUNI_EINVAL);
    muni_cursor_unref(c);
    FAILS(muni_cursor_next(NULL, &rec), MUNI_ECLOSED);
    FAILS(muni_cursor_token(NULL, &token), MUNI_ECLOSED);
    muni_cursor_close(NULL);
    muni_cursor_unref(NULL);
    ck_assert_ptr_null(muni_cursor_ref(NULL));
    /* the session goes first: the cursor holds it */
    muni_session *s;
    OK(muni_db_session(m.db, "admin", "test", NULL, &s));
    c = list(s, "{\"kind\":\"desk\"}");
    muni_session_unref(s);
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
    muni_rec_free(rec);
    muni_cursor_unref(c);
    /* the session is closed, with records at hand and without */
    OK(muni_db_session(m.db, "admin", "test", NULL, &s));
    c = list(s, "{\"kind\":\"desk\"}");
    muni_session_close(s);
    FAILS(muni_cursor_next(c, &rec), MUNI_ECLOSED);
    ck_assert_ptr_null(rec);
    muni_session_unref(s);
    muni_cursor_unref(c);
    /* so is the store */
    c = list(m.admin, "{\"kind\":\"desk\"}");
    muni_db_close(m.db);
    FAILS(muni_cursor_next(c, &rec), MUNI_ECLOSED);
    muni_cursor_unref(c);
    mt_reopen(&m);
}
END_TEST

static void *free_rec(void *rec) {
    muni_rec_free(rec);
    return NULL;
}

/* The records of a page share its memory: whichever goes last, also after everything else. */
START_TEST(cursor__records_outlive_it) {
    muni_rec *rec[450], *in;
    static const char *const lists[] = { "{\"kind\":\"desk\",\"order\":[\"code\"]}", "{\"kind\":\"desk\",\"order\":[\"code\"],\"fields\":[\"code\",\"unit.name\",\"created_by\"]}" };
    pthread_t thread;
    desks(450);
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        muni_cursor *c = list(m.admin, lists[k]);
        for (int i = 0; i < 450; i++)
            ck_assert_int_eq(muni_cursor_next(c, &rec[i]), MUNI_ROW);
        for (int i = 0; i < 450; i += 2)
            muni_rec_free(rec[i]);
        muni_cursor_unref(c);
        c = list(m.admin, lists[k]); /* what memory came back is used again */
        ck_assert_int_eq(muni_cursor_next(c, &rec[0]), MUNI_ROW);
        muni_cursor_unref(c);
        for (int i = 1; i < 450; i += 2)
            ck_assert_int_eq(number(rec[i]), i);
        FAILS(muni_rec_set_int(rec[1], "code", 1), MUNI_EINVAL);
        in = rec[3];
        muni_db_close(m.db);
        for (int i = 5; i < 450; i += 2) {
            ck_assert_int_eq(number(rec[i]), i);
            ck_assert_int_eq(pthread_create(&thread, NULL, free_rec, rec[i]), 0);
            ck_assert_int_eq(pthread_join(thread, NULL), 0);
        }
        muni_rec_free(rec[1]);
        ck_assert_int_eq(number(in), 3);
        muni_rec_free(in);
        ck_assert_int_eq(number(rec[0]), 0);
        muni_rec_free(rec[0]);
        mt_reopen(&m);
    }
}
END_TEST

START_TEST(cursor__reads_inside_the_open_group) {
    desks(3);
    muni_query *q = query("{\"kind\":\"desk\"}");
    muni_rec *rec;
    int64_t count;
    OK(muni_session_begin(m.admin));
    (void)create(m.admin, "desk", "{\"code\":\"d0099\",\"name\":\"新\"}");
    muni_cursor *c;
    OK(muni_session_list(m.admin, q, &c));
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
    ck_assert_int_eq(number(rec), 99);
    muni_rec_free(rec);
    OK(muni_session_rollback(m.admin));
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW); /* the page was read: it is what it was */
    muni_rec_free(rec);
    muni_cursor_unref(c);
    OK(muni_session_count(m.admin, q, 0, &count));
    ck_assert_int_eq(count, 3);
    muni_query_free(q);
}
END_TEST

/* Each page is its own look at the store, and at the rights. */
START_TEST(cursor__rights_that_end_end_the_list) {
    char json[256];
    desks(450);
    int64_t who = create(m.admin, "principal", "{\"login\":\"reader1\",\"name\":\"読者\"}");
    int64_t group = create(m.admin, "group", "{\"code\":\"lookers\",\"name\":\"閲覧\"}");
    (void)snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"desk\",\"verb\":\"read\",\"scope\":\"all\"}", (long long)group);
    int64_t grant = create(m.admin, "grant", json);
    (void)snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)group, (long long)who);
    (void)create(m.admin, "member", json);
    muni_session *s;
    muni_rec *rec;
    OK(muni_db_session(m.db, "reader1", "test", NULL, &s));
    muni_cursor *c = list(s, "{\"kind\":\"desk\"}");
    OK(muni_session_trash(m.admin, "grant", grant, 0, NULL));
    for (int i = 0; i < 200; i++) {
        ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
        muni_rec_free(rec);
    }
    FAILS(muni_cursor_next(c, &rec), MUNI_EDENIED);
    ck_assert_ptr_null(rec);
    OK(muni_session_restore(m.admin, "grant", grant, 0, NULL));
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW); /* nothing was lost by the refusal */
    ck_assert_int_eq(number(rec), 249);
    muni_rec_free(rec);
    muni_cursor_unref(c);
    muni_query *q = query("{\"kind\":\"ticket\"}");
    FAILS(muni_session_list(s, q, &c), MUNI_EDENIED);
    ck_assert_str_eq(muni_error_kind(), "ticket");
    muni_query_free(q);
    muni_session_unref(s);
}
END_TEST

typedef struct reader {
    muni_cursor *c;
    int seen[1000], count;
} reader;

static void *read_some(void *user) {
    reader *r = user;
    muni_rec *rec;
    while (muni_cursor_next(r->c, &rec) == MUNI_ROW) {
        r->seen[number(rec)]++;
        r->count++;
        muni_rec_free(rec);
    }
    return NULL;
}

START_TEST(cursor__threads_share_it) {
    desks(900);
    muni_cursor *c = list(m.admin, "{\"kind\":\"desk\"}");
    static reader r[4];
    pthread_t t[4];
    int total = 0;
    memset(r, 0, sizeof r);
    for (int i = 0; i < 4; i++) {
        r[i].c = c;
        ck_assert_int_eq(pthread_create(&t[i], NULL, read_some, &r[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        total += r[i].count;
    }
    ck_assert_int_eq(total, 900);
    for (int k = 0; k < 900; k++)
        ck_assert_int_eq(r[0].seen[k] + r[1].seen[k] + r[2].seen[k] + r[3].seen[k], 1);
    muni_cursor_unref(c);
}
END_TEST

START_TEST(cursor__of_a_fork_only_frees) {
    desks(3);
    muni_cursor *c = list(m.admin, "{\"kind\":\"desk\"}");
    muni_rec *rec;
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) {
        int good = muni_cursor_next(c, &rec) == MUNI_EFORK && !rec;
        muni_cursor_unref(c);
        CHILD_ENDS(good);
    }
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
    muni_rec_free(rec);
    muni_cursor_unref(c);
}
END_TEST

static muni_status whole(const muni_query *q) {
    muni_cursor *c = NULL;
    muni_rec *rec = NULL;
    char *token = NULL;
    muni_status st = muni_session_list(m.admin, q, &c);
    if (st >= 0)
        st = muni_cursor_next(c, &rec);
    if (st >= 0)
        st = muni_cursor_token(c, &token);
    muni_free(token);
    muni_rec_free(rec);
    muni_cursor_unref(c);
    return st;
}

START_TEST(cursor__survives_without_memory) {
    muni_status st;
    desks(5);
    muni_query *q = query("{\"kind\":\"desk\",\"fields\":[\"id\",\"unit.name\",\"created_by.name\"],\"order\":[\"name\"]}");
    FAULT_LOOP(st, whole(q), (void)0);
    ck_assert_int_eq(st, MUNI_OK);
    muni_query_free(q);
}
END_TEST

/* Rows that are no query's have no token; they are given and freed alike. */
START_TEST(cursor__of_records_at_hand) {
    muni_rec **recs = calloc(3, sizeof *recs), *rec;
    char *token;
    muni_cursor *c;
    for (int i = 0; i < 3; i++) {
        OK(muni_rec_new(&recs[i]));
        OK(muni_rec_set_int(recs[i], "i", i));
    }
    OK(muni__cursor_of(m.admin, recs, 3, &c));
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
    ck_assert_int_eq(muni_rec_int(rec, 0), 0);
    muni_rec_free(rec);
    FAILS(muni_cursor_token(c, &token), MUNI_ENOTSUP);
    muni_cursor_unref(c);
}
END_TEST

Suite *suite_cursor(void);
Suite *suite_cursor(void) {
    Suite *s = suite_create("cursor");
    TCase *t = tcase_create("cursor");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, cursor__gives_all_in_order_and_says_so_for_ever);
    tcase_add_test(t, cursor__token_goes_on_where_it_stood);
    tcase_add_test(t, cursor__lives_and_dies_in_any_order);
    tcase_add_test(t, cursor__records_outlive_it);
    tcase_add_test(t, cursor__reads_inside_the_open_group);
    tcase_add_test(t, cursor__rights_that_end_end_the_list);
    tcase_add_test(t, cursor__threads_share_it);
    tcase_add_test(t, cursor__of_a_fork_only_frees);
    tcase_add_test(t, cursor__survives_without_memory);
    tcase_add_test(t, cursor__of_records_at_hand);
    suite_add_tcase(s, t);
    return s;
}
