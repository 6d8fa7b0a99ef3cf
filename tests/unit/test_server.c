/* What only a server can do: refuse, go away, come back. Runs with MUNI_TEST_SERVER (tests/postgresql.sh). */
#include "fault.h"
#include "modeltest.h"

#ifdef MUNI_POSTGRESQL
#include "store/libpq.h"
#endif

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

static mt m;

static void set_up(void) {
    mt_start(&m);
}

static void tear_down(void) {
    mt_stop(&m);
}

static void nap(void) {
    const struct timespec t = { 0, 10000000 };
    (void)nanosleep(&t, NULL);
}

/* The server's address with another parameter; a later one counts. */
static const char *with(const char *more) {
    static char url[PLACE_SIZE * 2];
    (void)snprintf(url, sizeof url, "%s&%s", getenv("MUNI_TEST_SERVER"), more);
    return url;
}

/* The connections of the library are ended by the server. */
static void end_connections(void) {
    (void)place_ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'libmunicipal' AND pid <> pg_backend_pid()");
    for (int i = 0; i < 500 && strcmp(place_ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'libmunicipal'"), "0") != 0; i++)
        nap();
}

START_TEST(server__refuses_and_says_what_to_do) {
    muni_db *db = NULL;
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    FAILS(muni_create(m.path, &o, &db), MUNI_EUNIQUE); /* there is one */
    FAILS(muni_open(with("schema=none_at_all"), NULL, &db), MUNI_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "none_at_all"));
    FAILS(muni_open(with("dbname=no_such_database"), NULL, &db), MUNI_ENOTFOUND);
    FAILS(muni_open(with("user=nobody_at_all"), NULL, &db), MUNI_EAUTH);
    FAILS(muni_open(with("host=/nowhere"), NULL, &db), MUNI_EIO);
    FAILS(muni_open(with("port=1"), NULL, &db), MUNI_EIO);
    FAILS(muni_open(with("nonsense=1"), NULL, &db), MUNI_EIO);
    FAILS(muni_open(with("schema="), NULL, &db), MUNI_EINVAL);
    FAILS(muni_open(with("schema=A"), NULL, &db), MUNI_EINVAL);
    FAILS(muni_open(with("schema=a%22b"), NULL, &db), MUNI_EINVAL);
    FAILS(muni_open(with("schema=pg_toast"), NULL, &db), MUNI_EINVAL);
    FAILS(muni_open(with("user=nobody_at_all&password=abrakadabra"), NULL, &db), MUNI_EAUTH);
    ck_assert_ptr_null(strstr(muni_error_text("en"), "abrakadabra"));
    FAILS(muni_open(with("host=/nowhere&password=abrakadabra"), NULL, &db), MUNI_EIO);
    ck_assert_ptr_null(strstr(muni_error_text("en"), "abrakadabra"));
    ck_assert_ptr_null(db);
}
END_TEST

START_TEST(server__of_another_encoding_is_refused) {
    muni_db *db = NULL;
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    (void)place_ask("DROP DATABASE IF EXISTS test_euc");
    (void)place_ask("CREATE DATABASE test_euc ENCODING 'EUC_JP' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    FAILS(muni_create(with("dbname=test_euc"), &o, &db), MUNI_ENOTSUP);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "EUC_JP"));
    (void)place_ask("DROP DATABASE test_euc");
}
END_TEST

/* Somebody who may not make a schema, and then one who may not touch the store's. */
START_TEST(server__rights_are_named) {
    muni_db *db = NULL;
    char url[PLACE_SIZE + 80];
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    (void)place_ask("DROP ROLE IF EXISTS test_guest");
    (void)place_ask("CREATE ROLE test_guest LOGIN");
    FAILS(muni_create(with("user=test_guest&schema=of_a_guest"), &o, &db), MUNI_EREADONLY);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "GRANT CREATE ON DATABASE"));
    (void)snprintf(url, sizeof url, "%s&user=test_guest", m.path);
    FAILS(muni_open(url, NULL, &db), MUNI_EREADONLY);
    (void)place_ask("ALTER ROLE test_guest CONNECTION LIMIT 0");
    FAILS(muni_open(url, NULL, &db), MUNI_EBUSY);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "max_connections"));
    (void)place_ask("DROP ROLE test_guest");
    /* and a server that only reads */
    (void)snprintf(url, sizeof url, "%s&options=-cdefault_transaction_read_only%%3Don", m.path);
    muni_session *s = NULL;
    OK(muni_open(url, NULL, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    muni_rec *rec = mt_rec("{\"code\":\"a\",\"name\":\"窓口\"}");
    FAILS(muni_session_create(s, "desk", rec, NULL), MUNI_EREADONLY);
    muni_rec_free(rec);
    muni_session_unref(s);
    muni_db_unref(db);
}
END_TEST

START_TEST(server__nothing_is_left_of_a_store_that_was_not_made) {
    muni_db *db = NULL;
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    ck_assert_str_eq(place_ask("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'm\\_new\\_%'"), "0");
    (void)place_ask("DROP SCHEMA IF EXISTS test_never CASCADE"); /* of a run that was stopped */
    for (long n = 20; n < 20000; n *= 3) { /* memory runs out while it is being filled */
        fault_set(n);
        muni_status st = muni_create(with("schema=test_never"), &o, &db);
        bool failed = fault_count() >= n;
        fault_set(0);
        ck_assert_int_eq(st, failed ? MUNI_ENOMEM : MUNI_OK);
        if (!failed)
            break;
        ck_assert_str_eq(place_ask("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'm\\_new\\_%' OR nspname = 'test_never'"), "0");
    }
    muni_db_unref(db);
    (void)place_ask("DROP SCHEMA test_never CASCADE");
}
END_TEST

/* An idle connection is replaced without a word; one in a group is not. */
START_TEST(server__that_went_away_is_found_again) {
    muni_rec *rec = mt_rec("{\"code\":\"b\",\"name\":\"窓口\"}");
    int64_t ticket = mt_ticket(m.admin, "前");
    end_connections();
    (void)mt_ticket(m.admin, "後");
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 2);
    end_connections();
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 2);
    OK(muni_session_begin(m.admin));
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"途中\"}"));
    end_connections();
    FAILS(muni_session_create(m.admin, "desk", rec, NULL), MUNI_EIO);
    ck_assert_int_lt(muni_session_commit(m.admin), 0);
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"もう一度\"}")); /* and goes on */
    muni_rec *out = mt_get(m.admin, "ticket", ticket, NULL);
    ck_assert_str_eq(mt_text(out, "subject"), "もう一度");
    ck_assert_int_eq(mt_int(out, "rev"), 2);
    muni_rec_free(out);
    muni_rec_free(rec);
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "verified"), 1);
    muni_rec_free(out);
}
END_TEST

static muni_status answer;

static void *writes(void *ticket) {
    answer = mt_update(m.admin, "ticket", *(int64_t *)ticket, 0, "{\"subject\":\"書いた\"}");
    return NULL;
}

/* The connection is lost while the server commits: it is asked how that ended. The commit waits for what the test lets it wait for. */
static muni_status lost_in_commit(int64_t ticket, const char *waiting) {
    pthread_t thread;
    char sql[200];
    ck_assert_int_eq(pthread_create(&thread, NULL, writes, &ticket), 0);
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'libmunicipal' AND query = 'COMMIT' AND wait_event = '%s'", waiting);
    int i = 0;
    for (; i < 1000 && strcmp(place_ask(sql), "1") != 0; i++)
        nap();
    ck_assert_msg(i < 1000, "the commit does not wait for %s", waiting);
    (void)place_ask("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'libmunicipal' AND query = 'COMMIT'");
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return answer;
}

START_TEST(server__is_asked_how_a_commit_ended) {
    int64_t ticket = mt_ticket(m.admin, "前");
    muni_rec *out = NULL;
    /* it was written: it waits for a standby that is not there */
    (void)place_ask("ALTER SYSTEM SET synchronous_commit TO on");
    (void)place_ask("ALTER SYSTEM SET synchronous_standby_names TO 'nobody'");
    (void)place_ask("SELECT pg_reload_conf()");
    end_connections();
    muni_status st = lost_in_commit(ticket, "SyncRep");
    (void)place_ask("ALTER SYSTEM RESET synchronous_standby_names");
    (void)place_ask("ALTER SYSTEM RESET synchronous_commit");
    (void)place_ask("SELECT pg_reload_conf()");
    ck_assert_int_eq(st, MUNI_OK);
    out = mt_get(m.admin, "ticket", ticket, NULL);
    ck_assert_str_eq(mt_text(out, "subject"), "書いた");
    muni_rec_free(out);
    /* it was not: something of the committing transaction takes its time, and is ended */
    ck_assert_int_eq(place_sql(m.path, "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(60); RETURN NULL; END';"
                                       "CREATE CONSTRAINT TRIGGER slow AFTER UPDATE ON k_ticket DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow()"), 0);
    ticket = mt_ticket(m.admin, "前");
    ck_assert_int_eq(lost_in_commit(ticket, "PgSleep"), MUNI_EIO);
    ck_assert_int_eq(place_sql(m.path, "DROP TRIGGER slow ON k_ticket"), 0);
    out = mt_get(m.admin, "ticket", ticket, NULL);
    ck_assert_str_eq(mt_text(out, "subject"), "前");
    ck_assert_int_eq(mt_int(out, "rev"), 1);
    muni_rec_free(out);
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "verified"), 1);
    muni_rec_free(out);
}
END_TEST

/* The client's end of its connections to the server goes, and the server does not know. */
static void cut(void) {
    struct sockaddr_un at;
    for (int fd = 3; fd < 256; fd++) {
        socklen_t n = sizeof at;
        memset(&at, 0, sizeof at);
        if (!getpeername(fd, (struct sockaddr *)&at, &n) && at.sun_family == AF_UNIX && strstr(at.sun_path, ".s.PGSQL."))
            (void)shutdown(fd, SHUT_RDWR);
    }
}

static muni_session *writer;

static void *writes_impatiently(void *ticket) {
    answer = mt_update(writer, "ticket", *(int64_t *)ticket, 0, "{\"subject\":\"書いた\"}");
    return NULL;
}

static muni_db *impatient(muni_session **s);

/* The commit goes on, without the one who asked for it: in doubt, until it is over. */
START_TEST(server__tells_later_what_was_in_doubt) {
    int64_t ticket = mt_ticket(m.admin, "前");
    muni_rec *out = NULL;
    pthread_t thread;
    int32_t written = -1;
    muni_db *db = impatient(&writer);
    FAILS(muni_session_doubt(writer, &written), MUNI_ENOTFOUND);
    FAILS(muni_session_doubt(writer, NULL), MUNI_EINVAL);
    (void)place_ask("ALTER SYSTEM SET synchronous_commit TO on");
    (void)place_ask("ALTER SYSTEM SET synchronous_standby_names TO 'nobody'");
    (void)place_ask("SELECT pg_reload_conf()");
    end_connections();
    ck_assert_int_eq(pthread_create(&thread, NULL, writes_impatiently, &ticket), 0);
    int i = 0;
    for (; i < 1000 && strcmp(place_ask("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'libmunicipal' AND query = 'COMMIT' AND wait_event = 'SyncRep'"), "1") != 0; i++)
        nap();
    cut();
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    muni_status early = muni_session_doubt(writer, &written);
    (void)place_ask("ALTER SYSTEM RESET synchronous_standby_names");
    (void)place_ask("ALTER SYSTEM RESET synchronous_commit");
    (void)place_ask("SELECT pg_reload_conf()");
    ck_assert_int_lt(i, 1000);
    ck_assert_int_eq(answer, MUNI_EINDOUBT);
    ck_assert_int_eq(early, MUNI_EINDOUBT);
    muni_status st = early;
    for (i = 0; i < 500 && st == MUNI_EINDOUBT; i++, nap())
        st = muni_session_doubt(writer, &written);
    OK(st);
    ck_assert_int_eq(written, 1);
    FAILS(muni_session_doubt(writer, &written), MUNI_ENOTFOUND); /* it was answered */
    out = mt_get(writer, "ticket", ticket, NULL);
    ck_assert_str_eq(mt_text(out, "subject"), "書いた");
    muni_rec_free(out);
    muni_session_unref(writer);
    muni_db_unref(db);
}
END_TEST

/* ---- beside each other */

/* A store of the same address whose writers wait for a second only. */
static muni_db *impatient(muni_session **s) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    muni_db *db = NULL;
    o.wait_secs = 1;
    OK(muni_open(m.path, &o, &db));
    OK(muni_db_set_now(db, NOON));
    OK(muni_db_session(db, "admin", "test", NULL, s));
    return db;
}

static void verified(void) {
    muni_rec *out = NULL;
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_msg(mt_int(out, "verified") == 1, "%s", mt_text(out, "findings"));
    muni_rec_free(out);
}

START_TEST(server__writers_wait_only_for_the_same_record) {
    muni_session *other;
    muni_rec *rec = NULL;
    int64_t one = mt_ticket(m.admin, "一"), two = mt_ticket(m.admin, "二");
    muni_db *db = impatient(&other);
    OK(muni_session_begin(m.admin));
    OK(mt_update(m.admin, "ticket", one, 0, "{\"subject\":\"途中\"}"));
    int64_t mine = mt_ticket(m.admin, "途中の新規");
    (void)mt_create(m.admin, "person", "{\"staff_no\":\"0000001\",\"name\":\"途中\"}");
    /* creations do not wait, whatever else is being done, and neither do other records */
    int64_t theirs = mt_ticket(other, "別の新規");
    OK(mt_update(other, "ticket", two, 0, "{\"subject\":\"別の変更\"}"));
    ck_assert_int_ne(mine, theirs);
    ck_assert_int_eq(mt_count(other, "{\"kind\":\"ticket\"}"), 3); /* what is not committed is not seen */
    ck_assert_int_eq(mt_count(other, "{\"kind\":\"ticket\",\"words\":\"途中\"}"), 0);
    /* the same record waits, and a unique identifier that is being given */
    FAILS(mt_update(other, "ticket", one, 0, "{\"subject\":\"同じ\"}"), MUNI_EBUSY);
    FAILS(mt_try(other, "person", "{\"staff_no\":\"0000001\",\"name\":\"同じ\"}", NULL), MUNI_EBUSY);
    OK(muni_session_commit(m.admin));
    FAILS(mt_update(other, "ticket", one, 1, "{\"subject\":\"古い\"}"), MUNI_ESTALE);
    FAILS(mt_try(other, "person", "{\"staff_no\":\"0000001\",\"name\":\"同じ\"}", NULL), MUNI_EUNIQUE);
    OK(mt_update(other, "ticket", one, 2, "{\"subject\":\"新しい\"}"));
    rec = mt_get(m.admin, "ticket", one, NULL);
    ck_assert_int_eq(mt_int(rec, "rev"), 3);
    muni_rec_free(rec);
    muni_session_unref(other);
    muni_db_unref(db);
    verified();
}
END_TEST

/* What rights and scopes rest on is changed by one at a time, and the rule sees what the other did. */
START_TEST(server__rules_over_several_records_hold) {
    muni_session *other;
    muni_db *db = impatient(&other);
    char json[96];
    int64_t a = mt_create(m.admin, "unit", "{\"code\":\"A\",\"name\":\"甲\",\"from_on\":\"2020-04-01\"}"),
            b = mt_create(m.admin, "unit", "{\"code\":\"B\",\"name\":\"乙\",\"from_on\":\"2020-04-01\"}");
    OK(muni_session_begin(m.admin));
    (void)snprintf(json, sizeof json, "{\"parent\":%lld}", (long long)b);
    OK(mt_update(m.admin, "unit", a, 0, json));
    (void)snprintf(json, sizeof json, "{\"parent\":%lld}", (long long)a);
    FAILS(mt_update(other, "unit", b, 0, json), MUNI_EBUSY); /* it would be a circle */
    OK(muni_session_commit(m.admin));
    ck_assert_int_lt(mt_update(other, "unit", b, 0, json), 0);
    ck_assert_int_ne(muni_error_code(), MUNI_EBUSY);
    muni_session_unref(other);
    muni_db_unref(db);
    verified();
}
END_TEST

/* One who has the record, and waits for the rule, while the library has the rule and waits for the record: the server ends the library's, which is done again.
 * `by`: how it gets the record, and what it does to it at the end. */
typedef struct clash {
    const char *first, *last;
    char before[40];
    pthread_t thread;
} clash;

static void *clashes(void *user) {
    const clash *by = user;
    char sql[1200];
    (void)snprintf(sql, sizeof sql,
                   "SET deadlock_timeout TO '60s'; DO $$ DECLARE k bigint; BEGIN %s; FOR i IN 1..2000 LOOP "
                   "PERFORM pg_stat_clear_snapshot(); SELECT (l.classid::bigint << 32) | l.objid::bigint INTO k FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
                   "WHERE l.locktype = 'advisory' AND l.mode = 'ExclusiveLock' AND l.granted AND a.application_name = 'libmunicipal' AND a.wait_event_type = 'Lock'; "
                   "EXIT WHEN k IS NOT NULL; PERFORM pg_sleep(0.01); END LOOP; IF k IS NULL THEN RAISE 'nobody waits'; END IF; PERFORM pg_advisory_xact_lock(k); %s; END $$",
                   by->first, by->last);
    (void)place_sql(m.path, sql);
    return NULL;
}

static void clash_begin(clash *by) {
    (void)snprintf(by->before, sizeof by->before, "%s", place_ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"));
    ck_assert_int_eq(pthread_create(&by->thread, NULL, clashes, by), 0);
    for (int i = 0; i < 1000 && strcmp(place_ask("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%; FOR i%' AND wait_event = 'PgSleep'"), "1") != 0; i++)
        nap();
}

/* There was one. */
static void clash_end(const clash *by) {
    ck_assert_int_eq(pthread_join(by->thread, NULL), 0);
    int i = 0;
    for (; i < 1000 && !strcmp(by->before, place_ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")); i++)
        nap();
    ck_assert_int_lt(i, 1000);
}

START_TEST(server__ends_one_of_two_which_is_done_again) {
    clash by = { "PERFORM 1 FROM k_unit WHERE code = 'A' FOR UPDATE", "NULL", "", 0 };
    int64_t a = mt_create(m.admin, "unit", "{\"code\":\"A\",\"name\":\"甲\",\"from_on\":\"2020-04-01\"}");
    clash_begin(&by);
    OK(mt_update(m.admin, "unit", a, 0, "{\"name\":\"甲改\"}"));
    clash_end(&by);
    muni_rec *out = mt_get(m.admin, "unit", a, NULL);
    ck_assert_int_eq(mt_int(out, "rev"), 2);
    muni_rec_free(out);
    verified();
}
END_TEST

static void file_make(char path[160], const char *name, const char *text) {
    (void)snprintf(path, 160, "%s/%s", m.dir, name);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void)fputs(text, f);
    (void)fclose(f);
}

/* A whole plan, and a batch of a file. */
START_TEST(server__ends_a_plan_and_an_import_which_are_done_again) {
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    clash by = { "PERFORM 1 FROM k_unit WHERE code = '010000' FOR UPDATE", "NULL", "", 0 };
    clash with_key = { "INSERT INTO k_desk(id, rev, code, code_key, name) VALUES(9000001, 1, 'a', 'a', 'x')", "DELETE FROM k_desk WHERE id = 9000001", "", 0 };
    muni_session *op = mt_person(&m, "op", "operator"), *ap = mt_person(&m, "ap", "approver");
    muni_rec *p = NULL;
    char path[160];
    int64_t a = mt_create(m.admin, "unit", "{\"code\":\"010000\",\"name\":\"甲\",\"from_on\":\"2020-04-01\"}");
    file_make(path, "units.csv", "所属コード,所属名,所属正式名,上位所属コード,階層,階層名,施設区分,設置日,廃止日,並び順\n010000,甲改,甲改,,1,部,本庁,2020-04-01,,10\n010100,乙,乙,010000,2,課,本庁,2023-11-15,,20\n");
    o.on = "2023-11-15";
    o.units = path;
    OK(muni_staff_plan(op, &o, NULL, NULL, &p));
    int64_t id = mt_int(p, "id");
    ck_assert_msg(!strcmp(mt_text(p, "state"), "planned"), "%s: %s", mt_text(p, "state"), mt_text(p, "counts"));
    muni_rec_free(p);
    OK(muni_plan_approve(ap, id, "確認", NULL));
    clash_begin(&by);
    OK(muni_plan_apply(op, id, NULL, NULL, &p));
    clash_end(&by);
    ck_assert_str_eq(mt_text(p, "state"), "applied");
    muni_rec_free(p);
    p = mt_get(m.admin, "unit", a, NULL);
    ck_assert_str_eq(mt_text(p, "name"), "甲改");
    ck_assert_int_eq(mt_int(p, "rev"), 2);
    muni_rec_free(p);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"unit\"}"), 2);
    (void)unlink(path);
    file_make(path, "desks.csv", "code,name\nb,乙窓口\na,甲窓口\n");
    clash_begin(&with_key);
    OK(muni_session_import(m.admin, "desk", path, NULL, NULL, NULL, &p));
    clash_end(&with_key);
    ck_assert_int_eq(mt_int(p, "created"), 2);
    ck_assert_int_eq(mt_int(p, "errors"), 0);
    muni_rec_free(p);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"desk\"}"), 2);
    (void)unlink(path);
    muni_session_unref(op);
    muni_session_unref(ap);
    verified();
}
END_TEST

/* A row that may still come is in no block. */
START_TEST(server__blocks_hold_what_is_settled) {
    muni_session *other;
    muni_rec *out = NULL;
    muni_db *db = impatient(&other);
    OK(muni_session_run_due(m.admin, &out));
    muni_rec_free(out);
    OK(muni_session_begin(m.admin));
    (void)mt_ticket(m.admin, "途中"); /* its history row has a number */
    for (int i = 0; i < 5; i++)
        (void)mt_ticket(other, "後");
    OK(muni_session_run_due(other, &out)); /* leaves the mark */
    ck_assert_int_eq(mt_int(out, "sealed"), 0);
    muni_rec_free(out);
    OK(muni_session_run_due(other, &out));
    ck_assert_int_eq(mt_int(out, "sealed"), 0);
    muni_rec_free(out);
    OK(muni_session_commit(m.admin));
    OK(muni_session_run_due(other, &out)); /* nobody else is writing */
    ck_assert_int_ge(mt_int(out, "sealed"), 6);
    muni_rec_free(out);
    /* with somebody who never ends, what was before the mark is settled all the same */
    (void)mt_ticket(other, "前");
    OK(muni_session_begin(m.admin));
    (void)mt_ticket(m.admin, "長い");
    OK(muni_session_run_due(other, &out));
    muni_rec_free(out);
    OK(muni_session_rollback(m.admin));
    OK(muni_session_begin(m.admin));
    (void)mt_ticket(m.admin, "また長い");
    int64_t sealed = 0;
    for (int i = 0; i < 500 && !sealed; i++) { /* the server itself may have something under way */
        OK(muni_session_run_due(other, &out));
        sealed = mt_int(out, "sealed");
        muni_rec_free(out);
        nap();
    }
    ck_assert_int_ge(sealed, 1);
    OK(muni_session_commit(m.admin));
    muni_session_unref(other);
    muni_db_unref(db);
    verified();
}
END_TEST

/* ---- statements whose answers nobody waits for at once */

/* Asked of the store's own schema, whose name stands for each %s. */
static const char *in_store(const char *format) {
    const char *schema = strstr(m.path, "schema=") + strlen("schema=");
    char sql[600];
    (void)snprintf(sql, sizeof sql, format, schema, schema, schema);
    return place_ask(sql);
}

static void subject_is(int64_t ticket, const char *subject, int64_t rev) {
    muni_rec *out = mt_get(m.admin, "ticket", ticket, NULL);
    ck_assert_str_eq(mt_text(out, "subject"), subject);
    ck_assert_int_eq(mt_int(out, "rev"), rev);
    muni_rec_free(out);
}

/* What was refused succeeds now: the ticket has another subject, and there is a desk. */
static void goes_on(int64_t ticket, muni_rec *desk) {
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"後\"}"));
    subject_is(ticket, "後", 2);
    OK(muni_session_create(m.admin, "desk", desk, NULL));
    muni_rec_free(desk);
    verified();
}

/* The row of history is refused, which nobody waits for: the call says so all the same, and nothing of it stays. */
START_TEST(server__tells_of_what_it_refused_later) {
    int64_t ticket = mt_ticket(m.admin, "前");
    muni_rec *rec = mt_rec("{\"code\":\"a\",\"name\":\"窓口\"}"), *out = NULL;
    (void)in_store("ALTER TABLE %s.m_history ADD CONSTRAINT test_refused CHECK (action <> 2) NOT VALID");
    FAILS(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"後\"}"), MUNI_EINTERNAL);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "test_refused"));
    subject_is(ticket, "前", 1);
    /* in a group: what is asked next says it … */
    OK(muni_session_begin(m.admin));
    int64_t other = mt_ticket(m.admin, "同じ組");
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"後\"}"));
    FAILS(muni_session_create(m.admin, "desk", rec, NULL), MUNI_EINTERNAL);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "test_refused"));
    FAILS(muni_session_create(m.admin, "desk", rec, NULL), MUNI_EDOOMED);
    OK(muni_session_rollback(m.admin));
    FAILS(muni_session_get(m.admin, "ticket", other, NULL, &out), MUNI_ENOTFOUND);
    /* … or the commit */
    OK(muni_session_begin(m.admin));
    other = mt_ticket(m.admin, "同じ組");
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"後\"}"));
    FAILS(muni_session_commit(m.admin), MUNI_EINTERNAL);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "test_refused"));
    FAILS(muni_session_get(m.admin, "ticket", other, NULL, &out), MUNI_ENOTFOUND);
    subject_is(ticket, "前", 1);
    (void)in_store("ALTER TABLE %s.m_history DROP CONSTRAINT test_refused");
    goes_on(ticket, rec);
}
END_TEST

/* Somebody's own index: what it refuses is said as for one of ours. */
START_TEST(server__an_index_of_others_refuses_in_our_words) {
    int64_t ticket = mt_ticket(m.admin, "前");
    (void)mt_ticket(m.admin, "後");
    (void)in_store("CREATE UNIQUE INDEX of_others ON %s.k_ticket(subject)");
    FAILS(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"後\"}"), MUNI_EUNIQUE);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "of_others"));
    subject_is(ticket, "前", 1);
}
END_TEST

/* A group that is left open is idle to the server as well, which may end it. */
START_TEST(server__sees_a_group_that_only_waits) {
    char sql[200];
    int64_t ticket = mt_ticket(m.admin, "前");
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'libmunicipal' AND state = 'idle in transaction' AND pid <> pg_backend_pid()");
    OK(muni_session_begin(m.admin));
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"途中\"}"));
    int i = 0;
    for (; i < 500 && strcmp(place_ask(sql), "1") != 0; i++)
        nap();
    ck_assert_int_lt(i, 500);
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"まだ途中\"}"));
    OK(muni_session_commit(m.admin));
    subject_is(ticket, "まだ途中", 3);
    verified();
}
END_TEST

/* Whoever restored the tables and not the sequences. */
START_TEST(server__numbers_of_history_that_are_taken_are_damage) {
    int64_t ticket = mt_ticket(m.admin, "前");
    muni_rec *rec = mt_rec("{\"code\":\"a\",\"name\":\"窓口\"}");
    (void)in_store("SELECT setval('%s.s_history', 1)");
    FAILS(muni_session_create(m.admin, "desk", rec, NULL), MUNI_ECORRUPT);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"desk\"}"), 0);
    (void)in_store("SELECT setval('%s.s_history', (SELECT max(id) FROM %s.m_history))");
    goes_on(ticket, rec);
}
END_TEST

/* More of them than are sent at once, and values of all lengths. */
START_TEST(server__takes_many_of_them) {
    int64_t ids[200];
    char json[40000];
    OK(muni_session_begin(m.admin));
    for (size_t i = 0; i < MUNI_COUNT(ids); i++)
        ids[i] = mt_ticket(m.admin, "一括");
    for (size_t i = 0; i < MUNI_COUNT(ids); i++) { /* trigger nothing but their own rows */
        int n = snprintf(json, sizeof json, "{\"body\":\"");
        for (size_t k = 0; k < i * 40; k++)
            n += snprintf(json + n, sizeof json - (size_t)n, "%s", k % 7 ? "山" : "字");
        (void)snprintf(json + n, sizeof json - (size_t)n, "\"}");
        OK(mt_update(m.admin, "ticket", ids[i], 0, json));
    }
    OK(muni_session_commit(m.admin));
    for (size_t i = 0; i < MUNI_COUNT(ids); i += 33)
        subject_is(ids[i], "一括", i ? 2 : 1); /* the first got no body */
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"where\":{\"not\":{\"field\":\"body\",\"op\":\"absent\"}}}"), (int)MUNI_COUNT(ids) - 1);
    verified();
}
END_TEST

/* ---- hosts */

/* The clock of one host is an hour behind: time does not go back within a record, and what happened first stands first. */
START_TEST(server__clocks_of_hosts_may_differ) {
    muni_session *behind;
    muni_db *db = impatient(&behind);
    muni_rec *out = NULL;
    OK(muni_db_set_now(db, NOON - 3600));
    int64_t ticket = mt_ticket(m.admin, "進んだ時計");
    OK(mt_update(behind, "ticket", ticket, 0, "{\"subject\":\"遅れた時計\"}"));
    out = mt_get(behind, "ticket", ticket, NULL);
    ck_assert_int_eq(mt_int(out, "updated_at"), NOON);
    muni_rec_free(out);
    int64_t second = mt_ticket(behind, "遅れた時計で登録");
    OK(mt_update(m.admin, "ticket", second, 0, "{\"subject\":\"進んだ時計で変更\"}"));
    out = mt_get(m.admin, "ticket", second, NULL);
    ck_assert_int_eq(mt_int(out, "created_at"), NOON - 3600);
    ck_assert_int_eq(mt_int(out, "updated_at"), NOON);
    muni_rec_free(out);
    OK(muni_session_run_due(behind, &out));
    muni_rec_free(out);
    OK(muni_session_run_due(m.admin, &out));
    muni_rec_free(out);
    muni_session_unref(behind);
    muni_db_unref(db);
    verified();
}
END_TEST

/* The block of SQL in docs/guide/operating.md by which a history that has grown large is kept in parts. */
static char *guide_block(void) {
    char path[400], *text = malloc(200000);
    const char *top = getenv("srcdir");
    (void)snprintf(path, sizeof path, "%s/docs/guide/operating.md", top ? top : ".");
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "%s", path);
    ck_assert_ptr_nonnull(text);
    text[fread(text, 1, 199999, f)] = '\0';
    (void)fclose(f);
    char *from = strstr(text, "```sql\nBEGIN;");
    ck_assert_ptr_nonnull(from);
    char *to = strstr(from + 7, "```");
    ck_assert_ptr_nonnull(to);
    *to = '\0';
    memmove(text, from + 7, strlen(from + 7) + 1);
    return text;
}

START_TEST(server__history_may_be_divided_by_years) {
    muni_rec *out = NULL;
    int64_t ticket = mt_ticket(m.admin, "前の年度");
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"前の年度のまま\"}"));
    OK(muni_session_run_due(m.admin, &out));
    muni_rec_free(out);
    muni_session_unref(m.admin);
    muni_db_unref(m.db);
    char *sql = guide_block();
    (void)place_sql(m.path, sql);
    free(sql);
    OK(muni_open(m.path, NULL, &m.db));
    OK(muni_db_set_now(m.db, NOON));
    OK(muni_db_session(m.db, "admin", "test", NULL, &m.admin));
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"次の年度\"}"));
    (void)mt_ticket(m.admin, "次の年度");
    subject_is(ticket, "次の年度", 3);
    ck_assert_str_ne(in_store("SELECT count(*) FROM %s.m_history_until_2026"), "0");
    ck_assert_str_eq(in_store("SELECT count(*) FROM %s.m_history_from_2027"), "2");
    OK(muni_session_run_due(m.admin, &out));
    muni_rec_free(out);
    verified();
    OK(muni_store_check(m.admin, 0, NULL, NULL, &out));
    ck_assert_msg(mt_int(out, "whole") == 1, "%s", mt_text(out, "findings"));
    muni_rec_free(out);
}
END_TEST

/* ---- the same on both */

#define TEXTS 600

static uint64_t dice = 20240401;

static uint32_t roll(uint32_t below) {
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(dice >> 33) % below;
}

/* Words as tickets have them, one after another; and characters by themselves. */
static void any_text(char *out, size_t size, int words) {
    static const char *const list[] = { "印刷", "できない", "プリンタ", "ﾌﾟﾘﾝﾀ", "VPN-01", "vpn", "接続", "東京都庁", "京都", "異動", "ﾊﾟｽﾜｰﾄﾞ", "パスワード", "を", "の", "が",
                                        "pc12", "ＰＣ", "端末", "髙橋", "斎藤", "データ", "Excel2019", "0120", "障害", "再起動", "、", "。", " ", "〜", "📠", "é", "ー" };
    size_t n = 0;
    for (int i = 0; i < words && n + 24 < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s", list[roll((uint32_t)(sizeof list / sizeof *list))]);
}

/* A piece of 1 to 8 characters of such a text, now and then two with a blank between. */
static void any_words(char *out, size_t size) {
    char text[256];
    size_t n = 0;
    for (int pieces = roll(5) ? 1 : 2; pieces; pieces--) {
        any_text(text, sizeof text, 6);
        size_t all = strlen(text), at = roll((uint32_t)all), length = 1 + roll(8);
        while (at && (text[at] & 0xc0) == 0x80)
            at--;
        for (; length && text[at] && n + 6 < size; length--)
            do
                out[n++] = text[at++];
            while ((text[at] & 0xc0) == 0x80);
        if (pieces > 1)
            out[n++] = ' ';
    }
    out[n] = '\0';
}

/* The records that a search answers, by when they were made, in its order; −1 where it cannot be searched for. */
static int answers(muni_session *s, const char *json, const int64_t made[TEXTS], int found[TEXTS]) {
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    muni_rec *rec = NULL;
    muni_status st;
    int n = 0;
    if (muni_query_parse(json, MUNI_ZERO_TERMINATED, &q) < 0)
        return -1;
    OK(muni_session_list(s, q, &c));
    for (; (st = muni_cursor_next(c, &rec)) == MUNI_ROW; muni_rec_free(rec)) {
        int64_t id = mt_int(rec, "id");
        for (found[n] = 0; found[n] < TEXTS && made[found[n]] != id;)
            found[n]++;
        n++;
    }
    OK(st);
    muni_cursor_unref(c);
    muni_query_free(q);
    return n;
}

static muni_status upgraded[2];

static void *upgrades(void *user) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    muni_db *db = NULL;
    o.upgrade = 1;
    upgraded[*(int *)user] = muni_open(m.path, &o, &db);
    muni_db_unref(db);
    return NULL;
}

/* Two bring the same store up to date: one after the other, piece by piece. */
START_TEST(server__is_upgraded_by_two_at_once) {
    pthread_t threads[2];
    int no[2] = { 0, 1 };
    muni_db *db = NULL;
    for (int i = 0; i < 30; i++)
        (void)mt_ticket(m.admin, "前からある");
    (void)place_sql(m.path, "DROP INDEX i_ticket_reporter; DROP INDEX i_ticket_unit; DROP INDEX i_ticket_tally; ALTER TABLE k_ticket DROP COLUMN source_no; "
                            "UPDATE m_meta SET value = repeat('0', 64) WHERE key = 'schema'");
    FAILS(muni_open(m.path, NULL, &db), MUNI_EUPGRADE);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, upgrades, &no[i]), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_msg(upgraded[0] >= 0 && upgraded[1] >= 0, "%s, %s", muni_error_name(upgraded[0]), muni_error_name(upgraded[1]));
    mt_reopen(&m);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), 30);
    ck_assert_str_eq(place_ask("SELECT 1"), "1");
    (void)mt_ticket(m.admin, "新しい");
    verified();
}
END_TEST

/* The same of who takes no number, which is what makes the server's own numbers go on. */
START_TEST(server__blocks_wait_for_who_takes_no_number) {
    muni_session *other;
    muni_rec *out = NULL;
    muni_db *db = impatient(&other);
    OK(muni_session_run_due(m.admin, &out));
    muni_rec_free(out);
    OK(muni_session_begin(m.admin));
    (void)mt_create(m.admin, "person", "{\"staff_no\":\"0000001\",\"name\":\"途中\"}");
    for (int i = 0; i < 3; i++) {
        OK(muni_session_run_due(other, &out));
        muni_rec_free(out);
    }
    (void)mt_create(m.admin, "person", "{\"staff_no\":\"0000002\",\"name\":\"まだ途中\"}");
    OK(muni_session_run_due(other, &out));
    muni_rec_free(out);
    OK(muni_session_commit(m.admin));
    verified();
    OK(muni_session_run_due(other, &out));
    muni_rec_free(out);
    verified();
    muni_session_unref(other);
    muni_db_unref(db);
}
END_TEST

/* A right that is taken away is gone for a group that is going on, too. */
START_TEST(server__rights_end_within_a_group) {
    muni_session *clerk = mt_person(&m, "clerk", "operator");
    const struct timespec second = { 1, 100000000 };
    OK(muni_session_begin(clerk));
    int64_t ticket = mt_ticket(clerk, "まだある");
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    muni_rec *rec = NULL;
    int64_t members[8];
    int n = 0;
    OK(muni_query_parse("{\"kind\":\"member\"}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(m.admin, q, &c));
    for (muni_status st; (st = muni_cursor_next(c, &rec)) == MUNI_ROW && n < 8;) {
        members[n++] = mt_int(rec, "id");
        muni_rec_free(rec);
    }
    muni_cursor_unref(c);
    muni_query_free(q);
    OK(muni_session_trash(m.admin, "member", members[0] > members[n - 1] ? members[0] : members[n - 1], 0, NULL)); /* the latest is the clerk's */
    (void)nanosleep(&second, NULL);
    muni_status st = mt_update(clerk, "ticket", ticket, 0, "{\"subject\":\"もうない\"}");
    ck_assert_msg(st == MUNI_EDENIED || st == MUNI_ENOTFOUND, "%s", muni_error_name(st));
    OK(muni_session_rollback(clerk));
    muni_session_unref(clerk);
    verified();
}
END_TEST

START_TEST(server__finds_what_a_file_finds) {
    static int64_t made[2][TEXTS];
    static int here[TEXTS], there[TEXTS];
    const char *all = getenv("MUNI_QUERIES"); /* how many, where 1,000 are too few */
    int many = all ? atoi(all) : 1000, searched = 0, found = 0;
    char file[PLACE_SIZE], text[1024], words[128], json[4096];
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    muni_db *db = NULL;
    muni_session *s[2] = { m.admin, NULL };
    o.test = 1;
    o.now = NOON;
    (void)snprintf(file, sizeof file, "%s/same.db", m.dir);
    OK(muni_create(file, &o, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s[1]));
    for (int i = 0; i < 2; i++)
        OK(muni_session_begin(s[i]));
    for (int i = 0; i < TEXTS; i++) {
        muni_rec *rec = NULL;
        any_text(text, 200, 1 + (int)roll(5));
        OK(muni_rec_new(&rec));
        OK(muni_rec_set_text(rec, "type", "incident", MUNI_ZERO_TERMINATED));
        OK(muni_rec_set_text(rec, "category", "support", MUNI_ZERO_TERMINATED));
        (void)snprintf(json, sizeof json, "件%s", text);
        OK(muni_rec_set_text(rec, "subject", json, MUNI_ZERO_TERMINATED));
        any_text(text, sizeof text, (int)roll(40));
        OK(muni_rec_set_text(rec, "body", text, MUNI_ZERO_TERMINATED));
        for (int k = 0; k < 2; k++) {
            muni_rec *out = NULL;
            OK(muni_session_create(s[k], "ticket", rec, &out));
            made[k][i] = mt_int(out, "id");
            muni_rec_free(out);
        }
        muni_rec_free(rec);
        if (i % 200 == 199) /* of some of them the file's index has heard, of some not */
            for (int k = 0; k < 2; k++) {
                OK(muni_session_commit(s[k]));
                OK(muni_session_begin(s[k]));
            }
    }
    for (int i = 0; i < 2; i++)
        OK(muni_session_commit(s[i]));
    for (int i = 0; i < many; i++) {
        any_words(words, sizeof words);
        if (strpbrk(words, "\"\\"))
            continue;
        (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"words\":\"%s\"%s}", words, roll(4) ? "" : ",\"order\":[\"number\"]");
        int n = answers(s[0], json, made[0], here), k = answers(s[1], json, made[1], there);
        ck_assert_msg(n == k, "%s: %d on the server, %d in the file", json, n, k);
        ck_assert_msg(n <= 0 || !memcmp(here, there, (size_t)n * sizeof *here), "%s: not the same, or in another order", json);
        searched += n >= 0;
        found += n > 0;
    }
    ck_assert_int_gt(searched, many * 8 / 10);
    ck_assert_int_gt(found, many / 3);
    printf("server: %d searches answered as a file answers them, %d of them with something\n", searched, found);
    fflush(stdout);
    muni_session_unref(s[1]);
    muni_db_unref(db);
    (void)unlink(file);
    (void)snprintf(text, sizeof text, "%s-queue", file);
    (void)unlink(text);
}
END_TEST

#ifdef MUNI_POSTGRESQL
START_TEST(server__client_library_is_named_where_it_is_missing) {
    muni__libpq t;
    FAILS(muni__libpq_read("libpq.so.none", &t), MUNI_ENOTSUP);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "libpq5"));
    ck_assert_str_eq(muni_error_field(), "url");
    FAILS(muni__libpq_read("libc.so.6", &t), MUNI_ENOTSUP); /* a library, and not that one */
    OK(muni__libpq_load());
    ck_assert_int_ge(muni__pq->libVersion(), 130000);
}
END_TEST
#endif

Suite *suite_server(void);
Suite *suite_server(void) {
    Suite *s = suite_create("server");
    TCase *t = tcase_create("server");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    if (place_server()) {
        tcase_add_test(t, server__refuses_and_says_what_to_do);
        tcase_add_test(t, server__of_another_encoding_is_refused);
        tcase_add_test(t, server__rights_are_named);
        tcase_add_test(t, server__nothing_is_left_of_a_store_that_was_not_made);
        tcase_add_test(t, server__that_went_away_is_found_again);
        tcase_add_test(t, server__is_asked_how_a_commit_ended);
        tcase_add_test(t, server__tells_later_what_was_in_doubt);
        tcase_add_test(t, server__ends_one_of_two_which_is_done_again);
        tcase_add_test(t, server__ends_a_plan_and_an_import_which_are_done_again);
        tcase_add_test(t, server__writers_wait_only_for_the_same_record);
        tcase_add_test(t, server__rules_over_several_records_hold);
        tcase_add_test(t, server__blocks_hold_what_is_settled);
        tcase_add_test(t, server__is_upgraded_by_two_at_once);
        tcase_add_test(t, server__blocks_wait_for_who_takes_no_number);
        tcase_add_test(t, server__rights_end_within_a_group);
        tcase_add_test(t, server__tells_of_what_it_refused_later);
        tcase_add_test(t, server__numbers_of_history_that_are_taken_are_damage);
        tcase_add_test(t, server__an_index_of_others_refuses_in_our_words);
        tcase_add_test(t, server__sees_a_group_that_only_waits);
        tcase_add_test(t, server__takes_many_of_them);
        tcase_add_test(t, server__clocks_of_hosts_may_differ);
        tcase_add_test(t, server__history_may_be_divided_by_years);
        tcase_add_test(t, server__finds_what_a_file_finds);
    }
    suite_add_tcase(s, t);
#ifdef MUNI_POSTGRESQL
    TCase *alone = tcase_create("client library");
    tcase_add_test(alone, server__client_library_is_named_where_it_is_missing);
    suite_add_tcase(s, alone);
#endif
    return s;
}
