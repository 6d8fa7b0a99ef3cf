/* store/store.h: life of a store, transactions, statements, counters, waiting. */
#define _GNU_SOURCE /* F_OFD_SETLK */
#include "storetest.h"

#include "fault.h"
#include "faultvfs.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/wait.h>

/* ---- life */

START_TEST(store__create_then_open_says_the_same) {
    muni__store *s = NULL;
    muni__store_birth b = { .test = true, .utc_offset = -3600, .created_at = 1234567890 };
    muni__store_info first;
    OK(muni__store_create(file, NULL, &b, &s));
    first = *muni__store_info_of(s);
    ck_assert(first.test);
    ck_assert_int_eq(first.utc_offset, -3600);
    ck_assert_int_eq(first.created_at, 1234567890);
    ck_assert_int_eq(first.compat, MUNI__COMPAT);
    ck_assert_uint_eq(strlen(first.schema), 64);
    ck_assert_str_eq(first.driver, "sqlite");
    muni__store_close(s);
    char url[160];
    (void)snprintf(url, sizeof url, "sqlite:%s", file);
    OK(muni__store_open(url, NULL, &s));
    const muni__store_info *again = muni__store_info_of(s);
    ck_assert_mem_eq(again->id, first.id, sizeof first.id);
    ck_assert_str_eq(again->schema, first.schema);
    ck_assert(again->test);
    ck_assert_int_eq(again->utc_offset, -3600);
    muni__store_close(s);
    ck_assert_int_eq(files_there(), 1); /* log, queue and temporary names are gone, or never were */
}
END_TEST

START_TEST(store__each_has_an_id_of_its_own) {
    muni__store *a = made(":memory:"), *b = made(":memory:");
    ck_assert(memcmp(muni__store_info_of(a)->id, muni__store_info_of(b)->id, 16) != 0);
    muni__store_close(a);
    muni__store_close(b);
}
END_TEST

START_TEST(store__file_is_not_for_the_rest_of_the_world) {
    struct stat sb;
    muni__store_close(made(file));
    ck_assert_int_eq(stat(file, &sb), 0);
    ck_assert_int_eq(sb.st_mode & 07, 0);
}
END_TEST

START_TEST(store__create_refuses_what_exists) {
    muni__store *s = (muni__store *)1;
    muni__store_close(made(file));
    FAILS(muni__store_create(file, NULL, &birth, &s), MUNI_EUNIQUE);
    ck_assert_ptr_null(s);
    OK(muni__store_open(file, NULL, &s)); /* unharmed */
    muni__store_close(s);
    ck_assert_int_eq(files_there(), 1);
}
END_TEST

START_TEST(store__create_refuses_the_log_of_another) {
    char name[160];
    muni__store *s;
    (void)snprintf(name, sizeof name, "%s-wal", file);
    FILE *f = fopen(name, "w");
    fputs("left over", f);
    fclose(f);
    FAILS(muni__store_create(file, NULL, &birth, &s), MUNI_EUNIQUE);
    ck_assert_int_eq(files_there(), 1);
}
END_TEST

START_TEST(store__names_that_lead_nowhere) {
    muni__store *s;
    char name[160];
    FAILS(muni__store_create("", NULL, &birth, &s), MUNI_EINVAL);
    FAILS(muni__store_create("sqlite:", NULL, &birth, &s), MUNI_EINVAL);
#ifdef MUNI_POSTGRESQL
    FAILS(muni__store_create("postgresql:///db?host=/nowhere", NULL, &birth, &s), MUNI_EIO);
    FAILS(muni__store_create("postgresql:db", NULL, &birth, &s), MUNI_EINVAL);
    FAILS(muni__store_open("postgres:db", NULL, &s), MUNI_EINVAL);
    FAILS(muni__store_open("postgresql:///db?host=/nowhere", NULL, &s), MUNI_EIO);
    FAILS(muni__store_open("postgresql:///db?host=/nowhere&schema=Big", NULL, &s), MUNI_EINVAL);
    FAILS(muni__store_open("postgresql:///db?schema=pg_temp&host=/nowhere", NULL, &s), MUNI_EINVAL);
    FAILS(muni__store_open("postgresql:///db?nonsense=1", NULL, &s), MUNI_EIO);
#else
    FAILS(muni__store_create("postgresql://host/db", NULL, &birth, &s), MUNI_ENOTSUP);
#endif
    FAILS(muni__store_create("mysql://host/db", NULL, &birth, &s), MUNI_ENOTSUP);
    FAILS(muni__store_open(":memory:", NULL, &s), MUNI_ENOTFOUND);
    FAILS(muni__store_open(file, NULL, &s), MUNI_ENOTFOUND);
    (void)snprintf(name, sizeof name, "%s/none/city.store", dir);
    FAILS(muni__store_create(name, NULL, &birth, &s), MUNI_ENOTFOUND);
    FAILS(muni__store_open(name, NULL, &s), MUNI_ENOTFOUND);
    (void)snprintf(name, sizeof name, "%s/", dir);
    FAILS(muni__store_create(name, NULL, &birth, &s), MUNI_EINVAL);
    FAILS(muni__store_open(dir, NULL, &s), MUNI_ENOTSTORE);
    ck_assert_int_eq(files_there(), 0);
}
END_TEST

START_TEST(store__name_holds_when_the_process_moves) {
    char here[512];
    muni__store *s;
    muni__conn *c[2];
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    ck_assert_int_eq(chdir(dir), 0);
    OK(muni__store_create("city.store", NULL, &birth, &s));
    ck_assert_int_eq(chdir(here), 0);
    c[0] = conn_of(s);
    c[1] = conn_of(s); /* opened now */
    ck_assert_int_eq(number_of(c[1], "SELECT count(*) FROM \"k_ticket\""), 0);
    muni__store_return(s, c[0]);
    muni__store_return(s, c[1]);
    muni__store_close(s);
    OK(muni__store_open(file, NULL, &s));
    muni__store_close(s);
    ck_assert_int_eq(chdir(dir), 0);
    OK(muni__store_open("./city.store", NULL, &s));
    muni__store_close(s);
    ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(store__network_file_systems) {
    ck_assert(muni__network_file_system(0x6969));
    ck_assert(muni__network_file_system(0xff534d42));
    ck_assert(muni__network_file_system(0xfe534d42));
    ck_assert(muni__network_file_system(0x65735546));
    ck_assert(!muni__network_file_system(0xef53));     /* ext4 */
    ck_assert(!muni__network_file_system(0x58465342)); /* XFS */
    ck_assert(!muni__network_file_system(0x9123683e)); /* btrfs */
    ck_assert(!muni__network_file_system(0x01021994)); /* tmpfs */
    ck_assert(!muni__network_file_system(0x794c7630)); /* overlayfs */
}
END_TEST

/* ---- transactions and statements */

START_TEST(conn__commit_keeps_and_rollback_forgets) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    ck_assert(!muni__conn_in_tx(c));
    OK(muni__conn_begin(c, true));
    ck_assert(muni__conn_in_tx(c));
    OK(muni__run(c, "INSERT INTO \"m_meta\" VALUES('a', '1')"));
    OK(muni__conn_commit(c));
    ck_assert(!muni__conn_in_tx(c));
    OK(muni__conn_begin(c, true));
    OK(muni__run(c, "INSERT INTO \"m_meta\" VALUES('b', '1')"));
    muni__conn_rollback(c);
    muni__conn_rollback(c);
    OK(muni__conn_begin(c, true));
    OK(muni__run(c, "INSERT INTO \"m_meta\" VALUES('c', '1')"));
    muni__store_return(s, c); /* rolls back */
    c = conn_of(s);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_meta\" WHERE \"key\" IN ('a', 'b', 'c')"), 1);
    FAILS(muni__conn_commit(c), MUNI_EINTERNAL);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(conn__writing_needs_a_write_transaction) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    int64_t v;
    FAILS(muni__run(c, "INSERT INTO \"m_meta\" VALUES('a', '1')"), MUNI_EINTERNAL);
    FAILS(muni__conn_take(c, "id", 1, &v), MUNI_EINTERNAL);
    OK(muni__conn_begin(c, false));
    FAILS(muni__conn_begin(c, false), MUNI_EINTERNAL);
    FAILS(muni__run(c, "INSERT INTO \"m_meta\" VALUES('a', '1')"), MUNI_EINTERNAL);
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(conn__reader_sees_one_snapshot) {
    muni__store *s = made(file);
    muni__conn *r = conn_of(s), *w = conn_of(s);
    static const char count[] = "SELECT count(*) FROM \"m_meta\" WHERE \"key\" = 'a'";
    OK(muni__conn_begin(r, false));
    ck_assert_int_eq(number_of(r, count), 0);
    OK(muni__conn_begin(w, true));
    OK(muni__run(w, "INSERT INTO \"m_meta\" VALUES('a', '1')"));
    ck_assert_int_eq(number_of(r, count), 0);
    OK(muni__conn_commit(w));
    ck_assert_int_eq(number_of(r, count), 0);
    OK(muni__conn_commit(r));
    ck_assert_int_eq(number_of(r, count), 1);
    muni__store_return(s, r);
    muni__store_return(s, w);
    muni__store_close(s);
}
END_TEST

START_TEST(stmt__values_there_and_back) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    muni__stmt *q;
    size_t n;
    OK(muni__sql(c, "SELECT ?1, ?2, ?3, ?4, ?5, ?6", &q));
    muni__bind_int(q, 1, INT64_MIN);
    muni__bind_text(q, 2, "市\0役", 7);
    muni__bind_text(q, 3, NULL, 0);
    muni__bind_blob(q, 4, "\0\xff", 2);
    muni__bind_text(q, 5, "", 0);
    muni__bind_blob(q, 6, "", 0);
    ck_assert_int_eq(muni__step(q), MUNI_ROW);
    ck_assert_int_eq(muni__col_int(q, 0), INT64_MIN);
    const char *p = muni__col_text(q, 1, &n);
    ck_assert_uint_eq(n, 7);
    ck_assert_mem_eq(p, "市\0役", 7);
    ck_assert(muni__col_null(q, 2));
    ck_assert_ptr_null(muni__col_text(q, 2, &n));
    ck_assert_ptr_null(muni__col_blob(q, 2, &n));
    ck_assert_mem_eq(muni__col_blob(q, 3, &n), "\0\xff", 2);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(muni__col_text(q, 4, &n), "");
    ck_assert_ptr_nonnull(muni__col_blob(q, 5, &n));
    ck_assert_uint_eq(n, 0);
    ck_assert_int_eq(muni__step(q), MUNI_OK);
    ck_assert_int_eq(muni__step(q), MUNI_OK); /* the end is the end */
    muni__done(q);
    muni__done(NULL);
    OK(muni__sql(c, "SELECT ?1, ?2, ?3, ?4, ?5, ?6", &q)); /* from the cache: no value of before is left */
    ck_assert_int_eq(muni__step(q), MUNI_ROW);
    for (int i = 0; i < 6; i++)
        ck_assert(muni__col_null(q, i));
    muni__done(q);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(stmt__the_same_text_twice_at_once) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    muni__stmt *a, *b, *again;
    static const char sql[] = "SELECT \"key\" FROM \"m_meta\" ORDER BY 1";
    char copy[sizeof sql];
    memcpy(copy, sql, sizeof sql);
    OK(muni__sql(c, sql, &a));
    OK(muni__sql(c, copy, &b));
    ck_assert_ptr_ne(a, b);
    ck_assert_int_eq(muni__step(a), MUNI_ROW);
    ck_assert_int_eq(muni__step(a), MUNI_ROW);
    ck_assert_int_eq(muni__step(b), MUNI_ROW);
    ck_assert_str_eq(muni__col_text(b, 0, NULL), "compat");
    ck_assert_str_eq(muni__col_text(a, 0, NULL), "created_at");
    muni__done(a);
    OK(muni__sql(c, copy, &again));
    ck_assert_ptr_eq(again, a);
    muni__done(again);
    muni__done(b);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(stmt__more_texts_than_the_cache_holds) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    for (int round = 0; round < 3; round++)
        for (int i = 0; i < 3 * MUNI__STMT_IDLE; i++) {
            char sql[64];
            (void)snprintf(sql, sizeof sql, "SELECT %d + 0", i * (round + 1));
            ck_assert_int_eq(number_of(c, sql), i * (round + 1));
            ck_assert_int_le(c->idle_count, MUNI__STMT_IDLE);
        }
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(stmt__set_of_ids_is_one_parameter) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    muni__buf sql = MUNI_BUF_INIT(0);
    muni__stmt *q;
    static const int64_t ids[] = { 3, INT64_MAX, -7, 3 };
    muni__buf_puts(&sql, "SELECT count(*) FROM (SELECT 3 AS x UNION SELECT -7 UNION SELECT 9007199254740993 UNION SELECT 9223372036854775807) WHERE x ");
    muni__sql_set(&sql, 1);
    OK(muni__sql(c, sql.p, &q));
    muni__bind_set(q, 1, ids, 4);
    ck_assert_int_eq(muni__step(q), MUNI_ROW);
    ck_assert_int_eq(muni__col_int(q, 0), 3);
    muni__done(q);
    OK(muni__sql(c, sql.p, &q));
    muni__bind_set(q, 1, NULL, 0);
    ck_assert_int_eq(muni__step(q), MUNI_ROW);
    ck_assert_int_eq(muni__col_int(q, 0), 0);
    muni__done(q);
    muni__buf_free(&sql);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(stmt__mistakes_are_internal_errors) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    muni__stmt *q;
    FAILS(muni__sql(c, "SELEC 1", &q), MUNI_EINTERNAL);
    ck_assert_ptr_null(q);
    FAILS(muni__sql(c, "", &q), MUNI_EINTERNAL);
    FAILS(muni__sql(c, "SELECT 1; SELECT 2", &q), MUNI_EINTERNAL);
    FAILS(muni__sql(c, "SELECT \"no_such_column\" FROM \"k_ticket\"", &q), MUNI_EINTERNAL); /* and not that text */
    OK(muni__sql(c, "SELECT 1;", &q));
    muni__bind_int(q, 2, 1); /* there is no second */
    FAILS(muni__step(q), MUNI_EINTERNAL);
    FAILS(muni__step(q), MUNI_EINTERNAL);
    muni__done(q);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(stmt__left_out_at_the_end_of_a_transaction_is_at_its_end) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    muni__stmt *q;
    OK(muni__conn_begin(c, true));
    OK(muni__sql(c, "SELECT \"key\" FROM \"m_meta\"", &q));
    ck_assert_int_eq(muni__step(q), MUNI_ROW);
    OK(muni__run(c, "INSERT INTO \"m_meta\" VALUES('zz', '1')"));
    OK(muni__conn_commit(c));
    ck_assert_int_eq(muni__step(q), MUNI_OK);
    muni__done(q);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* ---- what is unique */

static muni_status put_ticket(muni__conn *c, int64_t id, const char *number, const char *source, bool trashed) {
    muni__stmt *q;
    muni_status st = muni__sql(c, "INSERT INTO \"k_ticket\"(\"id\", \"number_key\", \"source_no_key\", \"trashed_at\") VALUES(?1, ?2, ?3, ?4)", &q);
    if (st < 0)
        return st;
    muni__bind_int(q, 1, id);
    muni__bind_text(q, 2, number, number ? strlen(number) : 0);
    muni__bind_text(q, 3, source, source ? strlen(source) : 0);
    if (trashed)
        muni__bind_int(q, 4, 1);
    st = muni__step(q);
    muni__done(q);
    return st;
}

START_TEST(conn__conflict_names_the_index) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    OK(muni__conn_begin(c, true));
    OK(put_ticket(c, 1, "r-1", "a", false));
    FAILS(put_ticket(c, 2, "r-1", "b", false), MUNI_EUNIQUE);
    ck_assert_str_eq(muni__conn_conflict(c), "u_ticket_number");
    ck_assert_str_eq(muni_error_field(), "number");
    FAILS(put_ticket(c, 2, "r-2", "a", false), MUNI_EUNIQUE);
    ck_assert_str_eq(muni__conn_conflict(c), "u_ticket_source_no");
    ck_assert_str_eq(muni_error_field(), "source_no");
    FAILS(put_ticket(c, 1, "r-2", "b", false), MUNI_EUNIQUE);
    ck_assert_str_eq(muni__conn_conflict(c), "k_ticket.id");
    OK(put_ticket(c, 2, "r-2", NULL, false)); /* absent never collides */
    OK(put_ticket(c, 3, NULL, NULL, false));
    OK(put_ticket(c, 4, NULL, "a", true)); /* nor what is trashed */
    OK(put_ticket(c, 5, NULL, "a", true));
    FAILS(put_ticket(c, 6, "r-2", NULL, true), MUNI_EUNIQUE); /* but a number is never used again */
    OK(muni__run(c, "INSERT INTO \"k_unit\"(\"id\", \"code_key\", \"from_on\") VALUES(10, 'a', '2027-04-01')"));
    FAILS(muni__run(c, "INSERT INTO \"k_unit\"(\"id\", \"code_key\", \"from_on\") VALUES(11, 'a', '2027-04-01')"), MUNI_EUNIQUE);
    ck_assert_str_eq(muni__conn_conflict(c), "u_unit_code_from");
    OK(muni__conn_commit(c)); /* a refused row does not end the transaction */
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), 5);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* ---- counters */

START_TEST(counter__taken_kept_and_rolled_back) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    int64_t v;
    OK(muni__conn_last(c, "id", &v));
    ck_assert_int_eq(v, 0);
    OK(muni__conn_begin(c, true));
    OK(muni__conn_take(c, "id", 1, &v));
    ck_assert_int_eq(v, 1);
    OK(muni__conn_take(c, "id", 10, &v));
    ck_assert_int_eq(v, 2);
    OK(muni__conn_take(c, "number/ticket/2027", 1, &v));
    ck_assert_int_eq(v, 1);
    OK(muni__conn_last(c, "id", &v));
    ck_assert_int_eq(v, 11);
    OK(muni__conn_commit(c));
    OK(muni__conn_begin(c, true));
    OK(muni__conn_take(c, "id", 100, &v));
    ck_assert_int_eq(v, 12);
    OK(muni__conn_take(c, "other", 5, &v));
    muni__conn_rollback(c);
    OK(muni__conn_begin(c, true));
    OK(muni__conn_last(c, "other", &v));
    ck_assert_int_eq(v, 0);
    OK(muni__conn_take(c, "id", 1, &v));
    ck_assert_int_eq(v, 12);
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
    OK(muni__store_open(file, NULL, &s));
    c = conn_of(s);
    OK(muni__conn_last(c, "id", &v));
    ck_assert_int_eq(v, 12);
    OK(muni__conn_last(c, "number/ticket/2027", &v));
    ck_assert_int_eq(v, 1);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(counter__what_another_connection_took_is_seen) {
    muni__store *s = made(file);
    muni__conn *a = conn_of(s), *b = conn_of(s);
    int64_t v;
    for (int i = 0; i < 10; i++) {
        muni__conn *c = i % 2 ? a : b;
        OK(muni__conn_begin(c, true));
        OK(muni__conn_take(c, "id", 1, &v));
        ck_assert_int_eq(v, i + 1);
        OK(muni__conn_commit(c));
        OK(muni__conn_last(i % 2 ? b : a, "id", &v));
        ck_assert_int_eq(v, i + 1);
    }
    muni__store_return(s, a);
    muni__store_return(s, b);
    muni__store_close(s);
}
END_TEST

START_TEST(counter__many_names_and_the_end_of_the_numbers) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    char name[32];
    int64_t v;
    for (int round = 1; round <= 3; round++) {
        OK(muni__conn_begin(c, true));
        for (int i = 0; i < 200; i++) {
            (void)snprintf(name, sizeof name, "number/%d/%d", i, round % 2);
            OK(muni__conn_take(c, name, 1, &v));
            ck_assert_int_eq(v, round == 3 ? 2 : 1);
        }
        OK(muni__conn_commit(c));
    }
    OK(muni__conn_begin(c, true));
    FAILS(muni__conn_take(c, "id", INT64_MAX, &v), MUNI_ELIMIT);
    FAILS(muni__conn_take(c, "id", 0, &v), MUNI_EINTERNAL);
    OK(muni__conn_take(c, "id", ((int64_t)1 << 53) - 1, &v));
    FAILS(muni__conn_take(c, "id", 1, &v), MUNI_ELIMIT);
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(conn__config_and_meta) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    int64_t a, b;
    char *text;
    OK(muni__conn_config(c, &a));
    OK(muni__conn_begin(c, true));
    OK(muni__conn_config_bump(c));
    OK(muni__conn_config(c, &b));
    ck_assert_int_ne(a, b);
    OK(muni__conn_meta_set(c, "motto", "市"));
    OK(muni__conn_meta_set(c, "motto", "市民"));
    OK(muni__conn_commit(c));
    OK(muni__conn_config(c, &a));
    ck_assert_int_eq(a, b);
    OK(muni__conn_meta_get(c, "motto", &text));
    ck_assert_str_eq(text, "市民");
    muni__free(text);
    OK(muni__conn_begin(c, true));
    OK(muni__conn_meta_set(c, "motto", NULL));
    OK(muni__conn_commit(c));
    OK(muni__conn_meta_get(c, "motto", &text));
    ck_assert_ptr_null(text);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* ---- hostile files */

static void write_file(const char *name, const void *p, size_t n) {
    FILE *f = fopen(name, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
}

static char *read_file(const char *name, size_t *n) {
    FILE *f = fopen(name, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(fseek(f, 0, SEEK_END), 0);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(*n + 1);
    ck_assert_uint_eq(fread(p, 1, *n, f), *n);
    fclose(f);
    return p;
}

START_TEST(open__what_is_no_store_stays_as_it_is) {
    static const char text[] = "これは住民の一覧です。";
    static char page[8192];
    size_t n;
    muni__store *s;
    for (int i = 0; i < 4; i++) {
        memset(page, i == 2 ? 'x' : 0, sizeof page);
        write_file(file, i == 0 ? "" : i == 1 ? text : page, i == 0 ? 0 : i == 1 ? sizeof text - 1 : sizeof page);
        char *before = read_file(file, &n);
        size_t m;
        FAILS(muni__store_open(file, NULL, &s), MUNI_ENOTSTORE);
        ck_assert_ptr_null(s);
        char *after = read_file(file, &m);
        ck_assert_uint_eq(n, m);
        ck_assert_mem_eq(before, after, n);
        ck_assert_int_eq(files_there(), 1);
        free(before);
        free(after);
    }
}
END_TEST

START_TEST(open__database_of_others_stays_as_it_is) {
    sqlite3 *db;
    size_t n, m;
    muni__store *s;
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, _i ? "PRAGMA journal_mode=WAL; CREATE TABLE m_meta(key, value); INSERT INTO m_meta VALUES('compat', 1)"
                                         : "CREATE TABLE m_meta(key, value)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    char *before = read_file(file, &n);
    FAILS(muni__store_open(file, NULL, &s), MUNI_ENOTSTORE);
    char *after = read_file(file, &m);
    ck_assert_uint_eq(n, m);
    ck_assert_mem_eq(before, after, n);
    free(before);
    free(after);
}
END_TEST

START_TEST(open__things_that_are_no_files) {
    muni__store *s;
    ck_assert_int_eq(mkfifo(file, 0600), 0);
    FAILS(muni__store_open(file, NULL, &s), MUNI_ENOTSTORE); /* and does not wait for a writer */
    FAILS(muni__store_create(file, NULL, &birth, &s), MUNI_EUNIQUE);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(symlink("nowhere", file), 0);
    FAILS(muni__store_open(file, NULL, &s), MUNI_ENOTFOUND);
    FAILS(muni__store_create(file, NULL, &birth, &s), MUNI_EUNIQUE);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(symlink(file, file), 0);
    FAILS(muni__store_open(file, NULL, &s), MUNI_EIO);
}
END_TEST

START_TEST(open__meta_that_makes_no_sense) {
    static const char *const sql[] = {
        "DELETE FROM \"m_meta\" WHERE \"key\" = 'compat'",
        "UPDATE \"m_meta\" SET \"value\" = 'x' WHERE \"key\" = 'compat'",
        "UPDATE \"m_meta\" SET \"value\" = '-1' WHERE \"key\" = 'compat'",
        "UPDATE \"m_meta\" SET \"value\" = '99999999999999999999' WHERE \"key\" = 'compat'",
        "UPDATE \"m_meta\" SET \"value\" = NULL WHERE \"key\" = 'schema'",
        "UPDATE \"m_meta\" SET \"value\" = 'abc' WHERE \"key\" = 'schema'",
        "UPDATE \"m_meta\" SET \"value\" = 'g' || substr(\"value\", 2) WHERE \"key\" = 'id'",
        "DELETE FROM \"m_meta\" WHERE \"key\" = 'id'",
        "UPDATE \"m_meta\" SET \"value\" = '2' WHERE \"key\" = 'test'",
        "UPDATE \"m_meta\" SET \"value\" = '999999' WHERE \"key\" = 'utc_offset'",
        "UPDATE \"m_meta\" SET \"value\" = '' WHERE \"key\" = 'created_at'",
        "DROP TABLE \"m_meta\"",
    };
    ck_assert_int_eq(MUNI_COUNT(sql), 12);
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    OK(muni__conn_begin(c, true));
    OK(muni__run(c, sql[_i]));
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
    FAILS(muni__store_open(file, NULL, &s), MUNI_ECORRUPT);
    ck_assert_ptr_null(s);
}
END_TEST

/* Bytes changed and ends cut off at random: whatever comes of it is an answer, not a crash. */
START_TEST(open__damaged_files_answer) {
    size_t n;
    uint64_t seed = 12345;
    int opened = 0, refused = 0;
    muni__store_close(made(file));
    char *good = read_file(file, &n), *bad = malloc(n);
    for (int i = 0; i < 150; i++) {
        size_t size = n;
        memcpy(bad, good, n);
        for (int k = 0; k < 1 + i % 40; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            size_t at = (size_t)(seed >> 33) % (i % 3 ? n : 8192);
            bad[at] = (char)(seed >> 20);
        }
        if (i % 5 == 0)
            size = (size_t)(seed >> 30) % n;
        out_of_directory();
        ck_assert_int_eq(mkdir(dir, 0700), 0);
        write_file(file, bad, size);
        muni__store *s;
        muni_status st = muni__store_open(file, NULL, &s);
        if (st < 0) {
            ck_assert_ptr_null(s);
            ck_assert_int_eq(muni_error_code(), st);
            refused++;
            continue;
        }
        opened++;
        muni__conn *c = conn_of(s);
        muni__stmt *q;
        if (muni__sql(c, "SELECT count(*) FROM \"k_ticket\", \"m_history\", \"m_doc_index\"", &q) >= 0)
            (void)muni__step(q);
        muni__done(q);
        if (muni__conn_begin(c, true) >= 0) {
            (void)put_ticket(c, 1, "a", "b", false);
            (void)muni__doc_put(c, 1, 0, 41, 1, "漏水", 6);
            (void)muni__doc_flush(c, true, NULL);
            (void)muni__conn_commit(c);
        }
        muni__store_return(s, c);
        muni__store_close(s);
    }
    ck_assert_int_gt(refused, 20);
    ck_assert_int_gt(opened, 5);
    free(good);
    free(bad);
}
END_TEST

/* ---- what the database refuses */

START_TEST(conn__full_disk_dooms_until_rollback) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    muni__stmt *q;
    char sql[64];
    (void)snprintf(sql, sizeof sql, "PRAGMA max_page_count=%d", (int)number_of(c, "PRAGMA page_count") + 2);
    number_of(c, sql);
    OK(muni__conn_begin(c, true));
    OK(put_ticket(c, 1, "a", NULL, false));
    FAILS(muni__run(c, "INSERT INTO \"m_meta\" VALUES('big', printf('%.*c', 200000, 'x'))"), MUNI_EFULL);
    if (c->lost) {
        FAILS(muni__sql(c, "SELECT 1", &q), MUNI_EDOOMED);
        FAILS(muni__conn_commit(c), MUNI_EDOOMED);
    } else {
        muni__conn_rollback(c);
    }
    ck_assert(!muni__conn_in_tx(c));
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), 0);
    number_of(c, "PRAGMA max_page_count=1000000");
    OK(muni__conn_begin(c, true));
    OK(put_ticket(c, 1, "a", NULL, false));
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(conn__transaction_that_the_database_ended_is_lost) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    OK(muni__conn_begin(c, true));
    OK(put_ticket(c, 1, "a", NULL, false));
    FAILS(muni__run(c, "INSERT OR ROLLBACK INTO \"k_ticket\"(\"id\") VALUES(1)"), MUNI_EUNIQUE);
    FAILS(put_ticket(c, 2, "b", NULL, false), MUNI_EDOOMED); /* not on its own */
    FAILS(muni__conn_commit(c), MUNI_EDOOMED);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), 0);
    OK(muni__conn_begin(c, true)); /* and the queue is free */
    OK(put_ticket(c, 2, "b", NULL, false));
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(conn__read_only) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    OK(muni__run(c, "PRAGMA query_only=1"));
    FAILS(muni__conn_begin(c, true), MUNI_EREADONLY);
    OK(muni__run(c, "PRAGMA query_only=0"));
    OK(muni__conn_begin(c, true));
    OK(muni__run(c, "PRAGMA query_only=1"));
    FAILS(put_ticket(c, 1, "a", NULL, false), MUNI_EREADONLY);
    muni__conn_rollback(c);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* ---- waiting */

START_TEST(borrow__no_more_than_allowed) {
    muni__store_options o = { .connections = 2, .wait_ms = 20 };
    muni__store *s;
    muni__conn *a, *b, *c;
    muni__store_close(made(file));
    OK(muni__store_open(file, &o, &s));
    a = conn_of(s);
    b = conn_of(s);
    FAILS(muni__store_borrow(s, &c), MUNI_EBUSY);
    ck_assert_ptr_null(c);
    muni__store_return(s, a);
    a = conn_of(s);
    muni__store_return(s, a);
    muni__store_return(s, b);
    muni__store_close(s);
}
END_TEST

START_TEST(begin__locked_by_others_is_busy) {
    muni__store_options o = { .wait_ms = 30 };
    muni__store *s[2];
    muni__conn *a, *b, *c;
    muni__store_close(made(file));
    OK(muni__store_open(file, &o, &s[0]));
    OK(muni__store_open(file, &o, &s[1]));
    a = conn_of(s[0]);
    b = conn_of(s[0]);
    c = conn_of(s[1]);
    OK(muni__conn_begin(a, true));
    FAILS(muni__conn_begin(b, true), MUNI_EBUSY); /* of the same store */
    FAILS(muni__conn_begin(c, true), MUNI_EBUSY); /* as from another process */
    ck_assert(!muni__conn_in_tx(c));
    OK(muni__conn_begin(c, false)); /* readers do not care */
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), 0);
    OK(muni__conn_commit(c));
    OK(put_ticket(a, 1, NULL, NULL, false));
    OK(muni__conn_commit(a));
    OK(muni__conn_begin(c, true));
    FAILS(muni__conn_begin(b, true), MUNI_EBUSY);
    muni__conn_rollback(c);
    OK(muni__conn_begin(b, true));
    OK(muni__conn_commit(b));
    muni__store_return(s[0], a);
    muni__store_return(s[0], b);
    muni__store_return(s[1], c);
    muni__store_close(s[0]);
    muni__store_close(s[1]);
}
END_TEST

/* Somebody who knows no queue: a shell, a backup program. */
START_TEST(begin__locked_by_a_stranger_is_busy_then_free) {
    muni__store_options o = { .wait_ms = 30 };
    sqlite3 *db;
    muni__store *s;
    muni__store_close(made(file));
    OK(muni__store_open(file, &o, &s));
    muni__conn *c = conn_of(s);
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    FAILS(muni__conn_begin(c, true), MUNI_EBUSY);
    ck_assert_int_eq(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    OK(muni__conn_begin(c, true));
    OK(muni__conn_commit(c));
    sqlite3_close(db);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* The side file is deleted, replaced, unusable, full of nonsense: writers go on. */
START_TEST(queue__nothing_breaks_without_the_side_file) {
    static const char nonsense[] = "\xff\xff\xff\xff\xff\xff\xff\x7fnonsense";
    char side[160];
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    (void)snprintf(side, sizeof side, "%s-queue", file);
    for (int i = 0; i < 6; i++) {
        OK(muni__conn_begin(c, true));
        OK(put_ticket(c, i + 1, NULL, NULL, false));
        if (i == 0) {
            ck_assert_int_eq(unlink(side), 0); /* while it is locked */
        } else if (i == 1) {
            write_file(side, nonsense, sizeof nonsense);
        } else if (i == 2) {
            ck_assert_int_eq(truncate(side, 3), 0);
        } else if (i == 3) {
            ck_assert_int_eq(unlink(side), 0);
            ck_assert_int_eq(mkdir(side, 0700), 0);
        } else if (i == 4) {
            ck_assert_int_eq(rmdir(side), 0);
            ck_assert_int_eq(symlink("/etc/passwd", side), 0);
        }
        OK(muni__conn_commit(c));
    }
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), 6);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

#ifdef F_OFD_SETLK
typedef struct comer {
    pthread_t thread;
    muni__queue *q;
    int *order, *inside, *count;
    pthread_mutex_t *mutex;
    int no;
} comer;

static int try_in(void *user) {
    comer *w = user;
    pthread_mutex_lock(w->mutex);
    int rc = *w->inside ? 1 : MUNI_OK;
    if (rc == MUNI_OK) {
        *w->inside = 1;
        w->order[(*w->count)++] = w->no;
    }
    pthread_mutex_unlock(w->mutex);
    return rc;
}

static void go_out(comer *w) {
    pthread_mutex_lock(w->mutex);
    *w->inside = 0;
    pthread_mutex_unlock(w->mutex);
    muni__queue_leave(w->q);
}

static void *come(void *user) {
    comer *w = user;
    bool in;
    if (muni__queue_enter(w->q, muni__deadline(60000), try_in, w, &in) == MUNI_OK && in)
        go_out(w);
    return NULL;
}

static int64_t tickets(const char *side) {
    int64_t v = 0;
    FILE *f = fopen(side, "r");
    if (f) {
        if (fread(&v, sizeof v, 1, f) != 1)
            v = -1;
        fclose(f);
    }
    return v;
}

START_TEST(queue__processes_go_in_the_order_in_which_they_came) {
    enum { N = 6 };
    comer w[N];
    int order[N], inside = 0, count = 0;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    char side[160];
    bool in;
    (void)snprintf(side, sizeof side, "%s-queue", file);
    for (int i = 0; i < N; i++) {
        w[i] = (comer){ .order = order, .inside = &inside, .count = &count, .mutex = &mutex, .no = i };
        OK(muni__queue_new(side, 0600, INT64_MAX / 2, &w[i].q)); /* never out of turn */
    }
    OK(muni__queue_enter(w[0].q, muni__deadline(60000), try_in, &w[0], &in));
    ck_assert(in);
    for (int i = 1; i < N; i++) {
        ck_assert_int_eq(pthread_create(&w[i].thread, NULL, come, &w[i]), 0);
        while (tickets(side) < i + 1)
            muni__nap(100000);
    }
    go_out(&w[0]);
    for (int i = 1; i < N; i++)
        ck_assert_int_eq(pthread_join(w[i].thread, NULL), 0);
    ck_assert_int_eq(count, N);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(order[i], i);
    for (int i = 0; i < N; i++)
        muni__queue_free(w[i].q, false);
}
END_TEST

START_TEST(queue__ticket_of_the_dead_is_passed_by) {
    comer w = { .no = 7 };
    int order[1], inside = 0, count = 0, fd;
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    char side[160];
    bool in;
    (void)snprintf(side, sizeof side, "%s-queue", file);
    w.order = order, w.inside = &inside, w.count = &count, w.mutex = &mutex;
    write_file(side, "\x09\0\0\0\0\0\0\0", 8);
    ck_assert_int_ge(fd = open(side, O_RDWR), 0);
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 16 + 9, .l_len = 1 };
    ck_assert_int_eq(fcntl(fd, F_OFD_SETLK, &l), 0);
    OK(muni__queue_new(side, 0600, 1000000, &w.q));
    OK(muni__queue_enter(w.q, muni__deadline(60000), try_in, &w, &in));
    ck_assert(in);
    go_out(&w);
    muni__queue_free(w.q, false);
    OK(muni__queue_new(side, 0600, INT64_MAX / 2, &w.q)); /* and without passing by, it is not our turn */
    OK(muni__queue_enter(w.q, muni__deadline(30), try_in, &w, &in));
    ck_assert(!in);
    muni__queue_free(w.q, false);
    close(fd);
}
END_TEST
#endif

typedef struct stander {
    pthread_t thread;
    muni__line *line;
    int *order, *count, no;
} stander;

static void *stand(void *user) {
    stander *w = user;
    if (muni__line_enter(w->line, muni__deadline(60000))) {
        w->order[(*w->count)++] = w->no; /* room for one: nobody else is here */
        muni__line_leave(w->line);
    }
    return NULL;
}

START_TEST(line__threads_go_in_the_order_in_which_they_came) {
    enum { N = 8 };
    stander w[N];
    muni__line line;
    muni__waiter *last = NULL;
    int order[N], count = 0;
    OK(muni__line_init(&line, 1));
    ck_assert(muni__line_enter(&line, 0));
    ck_assert(!muni__line_enter(&line, muni__deadline(1)));
    for (int i = 0; i < N; i++) {
        w[i] = (stander){ .line = &line, .order = order, .count = &count, .no = i };
        ck_assert_int_eq(pthread_create(&w[i].thread, NULL, stand, &w[i]), 0);
        for (bool there = false; !there; muni__nap(100000)) {
            pthread_mutex_lock(&line.mutex);
            there = line.last != last;
            last = line.last;
            pthread_mutex_unlock(&line.mutex);
        }
    }
    muni__line_leave(&line);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(pthread_join(w[i].thread, NULL), 0);
    ck_assert_int_eq(count, N);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(order[i], i);
    ck_assert(muni__line_enter(&line, 0));
    muni__line_end(&line);
}
END_TEST

/* ---- many at once */

static muni_status one_write(muni__store *s) {
    muni__conn *c;
    int64_t id = 0;
    char number[24];
    muni_status st = muni__store_borrow(s, &c);
    if (st < 0)
        return st;
    MUNI_TRY(muni__conn_begin(c, true));
    MUNI_TRY(muni__conn_take(c, "id", 1, &id));
    (void)snprintf(number, sizeof number, "n-%lld", (long long)id);
    MUNI_TRY(put_ticket(c, id, number, NULL, false));
    MUNI_TRY(muni__doc_put(c, id, 0, 41, id, number, strlen(number)));
    if (id % 7 == 0)
        muni__conn_rollback(c); /* and the same id comes again: never a gap, never twice */
    else
        MUNI_TRY(muni__conn_commit(c));
out:
    muni__store_return(s, c);
    return st < 0 ? st : id % 7 == 0 ? 1 : MUNI_OK;
}

static atomic_int turns;

static void *write_many(void *user) {
    for (int i = 0; i < 60; i++) {
        muni__store *s = user;
        muni__conn *c;
        muni_status st = muni__store_borrow(s, &c);
        int64_t v, n;
        if (st < 0)
            return "borrow";
        if (muni__conn_begin(c, true) < 0 || muni__conn_take(c, "id", 1, &v) < 0)
            return "begin";
        bool keep = atomic_fetch_add(&turns, 1) % 7 != 0;
        if (put_ticket(c, v, NULL, NULL, false) < 0)
            return "put";
        if (keep && muni__conn_commit(c) < 0)
            return "commit";
        muni__conn_rollback(c);
        if (muni__conn_begin(c, false) < 0)
            return "begin to read";
        n = number_of(c, "SELECT count(*) - max(\"id\") FROM \"k_ticket\"");
        if (n)
            return "a gap";
        muni__store_return(s, c);
    }
    return NULL;
}

START_TEST(threads__write_and_read_at_once) {
    enum { N = 8 };
    pthread_t t[N];
    muni__store *s = made(_i ? ":memory:" : file);
    atomic_store(&turns, 0);
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(pthread_create(&t[i], NULL, write_many, s), 0);
    for (int i = 0; i < N; i++) {
        void *failed;
        ck_assert_int_eq(pthread_join(t[i], &failed), 0);
        ck_assert_msg(!failed, "%s", failed ? (char *)failed : "");
    }
    muni__conn *c = conn_of(s);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), N * 60 - (N * 60 + 6) / 7);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

static int child_writes(int n) {
    muni__store *s;
    if (muni__store_open(file, NULL, &s) < 0)
        return 2;
    for (int i = 0; i < n; i++) {
        muni_status st = one_write(s);
        if (st < 0)
            return 3;
        if (st == 1) { /* step over the number that was given back */
            muni__conn *c;
            int64_t v;
            if (muni__store_borrow(s, &c) < 0 || muni__conn_begin(c, true) < 0 || muni__conn_last(c, "id", &v) < 0 ||
                (v % 7 == 6 && muni__conn_take(c, "id", 1, &v) < 0) || muni__conn_commit(c) < 0)
                return 4;
            muni__store_return(s, c);
            i--;
        }
    }
    muni__store_close(s);
    return 0;
}

START_TEST(processes__write_at_once) {
    enum { N = 4, EACH = 100 };
    pid_t pid[N];
    muni__store *s;
    int status;
    muni__store_close(made(file));
    for (int i = 0; i < N; i++) {
        pid[i] = fork();
        ck_assert_int_ge(pid[i], 0);
        if (!pid[i])
            _exit(child_writes(EACH));
    }
    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
        ck_assert(WIFEXITED(status));
        ck_assert_int_eq(WEXITSTATUS(status), 0);
    }
    OK(muni__store_open(file, NULL, &s));
    muni__conn *c = conn_of(s);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), N * EACH);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc\""), N * EACH);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\" WHERE \"id\" % 7 = 0"), 0);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(process__killed_in_a_transaction_leaves_nothing_and_no_lock) {
    int ready[2], status;
    char byte;
    muni__store *s;
    muni__store_close(made(file));
    ck_assert_int_eq(pipe(ready), 0);
    pid_t pid = fork();
    if (!pid) {
        muni__conn *c;
        if (muni__store_open(file, NULL, &s) < 0 || muni__store_borrow(s, &c) < 0 || muni__conn_begin(c, true) < 0 ||
            put_ticket(c, 1, "a", NULL, false) < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    OK(muni__store_open(file, NULL, &s));
    muni__conn *c = conn_of(s);
    ck_assert_int_eq(kill(pid, SIGKILL), 0);
    OK(muni__conn_begin(c, true)); /* waits until it is dead */
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), 0);
    OK(put_ticket(c, 1, "a", NULL, false));
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
    close(ready[0]);
    close(ready[1]);
}
END_TEST

START_TEST(fork__child_is_refused_and_the_parent_goes_on) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s), *other = conn_of(s);
    muni__stmt *q, *r;
    int64_t v;
    int status;
    OK(muni__conn_begin(c, true));
    OK(muni__conn_take(c, "id", 1, &v));
    OK(put_ticket(c, v, "a", NULL, false));
    OK(muni__sql(other, "SELECT \"key\" FROM \"m_meta\" ORDER BY 1", &q));
    ck_assert_int_eq(muni__step(q), MUNI_ROW);
    pid_t pid = fork();
    if (!pid) {
        muni__conn *third;
        muni__store *mine;
        int bad = 0;
        bad |= muni__store_borrow(s, &third) != MUNI_EFORK;
        bad |= muni__sql(c, "SELECT 1", &r) != MUNI_EFORK;
        bad |= muni__conn_begin(other, false) != MUNI_EFORK;
        bad |= muni__conn_commit(c) != MUNI_EFORK;
        muni__conn_rollback(c);
        muni__done(q);
        muni__store_return(s, c);
        muni__store_return(s, other);
        muni__store_close(s);
        bad |= muni__store_open(file, NULL, &mine) != MUNI_OK; /* a store of its own */
        if (!bad)
            muni__store_close(mine);
        CHILD_ENDS(!bad);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_str_eq(muni__col_text(q, 0, NULL), "compat");
    ck_assert_int_eq(muni__step(q), MUNI_ROW);
    ck_assert_str_eq(muni__col_text(q, 0, NULL), "created_at");
    muni__done(q);
    OK(muni__conn_commit(c));
    ck_assert_int_eq(number_of(other, "SELECT count(*) FROM \"k_ticket\""), 1);
    muni__store_return(s, c);
    muni__store_return(s, other);
    muni__store_close(s);
}
END_TEST

/* ---- faults */

START_TEST(fault__create_and_open) {
    muni__store *s = NULL;
    muni_status st;
    FAULT_LOOP(st, muni__store_create(file, NULL, &birth, &s), {
        ck_assert_ptr_null(s);
        ck_assert_int_eq(files_there(), 0);
    });
    muni__store_close(s);
    FAULT_LOOP(st, muni__store_open(file, NULL, &s), ck_assert_ptr_null(s));
    muni__store_close(s);
    FAULT_LOOP(st, muni__store_create(":memory:", NULL, &birth, &s), ck_assert_ptr_null(s));
    muni__store_close(s);
}
END_TEST

/* A whole call as the model makes it. */
static muni_status whole_call(muni__store *s, int64_t *id) {
    static const int64_t ids[] = { 1, 2, 3 };
    muni__buf sql = MUNI_BUF_INIT(0);
    muni__conn *c = NULL;
    muni__stmt *q = NULL;
    char *text = NULL;
    muni_status st;
    MUNI_TRY(muni__store_borrow(s, &c));
    MUNI_TRY(muni__conn_begin(c, true));
    MUNI_TRY(muni__conn_take(c, "id", 1, id));
    MUNI_TRY(muni__conn_take(c, "history", 1, &(int64_t){ 0 }));
    MUNI_TRY(put_ticket(c, *id, "a", "b", false));
    MUNI_TRY(muni__doc_put(c, *id, 0, 41, *id, "印刷できない", 18));
    MUNI_TRY(muni__doc_flush(c, true, NULL));
    MUNI_TRY(muni__conn_meta_get(c, "id", &text));
    muni__buf_puts(&sql, "SELECT count(*) FROM \"k_ticket\" WHERE \"id\" ");
    muni__sql_set(&sql, 1);
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(c, sql.p, &q));
    muni__bind_set(q, 1, ids, 3);
    MUNI_TRY(muni__step(q));
    muni__done(q);
    q = NULL;
    muni__docs *d = NULL;
    muni__doc doc;
    MUNI_TRY(muni__docs_open(c, &(muni__term){ .match = "\"印刷\"", .tokens = &(muni__token){ "印刷", 6, false }, .token_count = 1 }, &d));
    st = muni__docs_next(d, &doc);
    muni__docs_close(d);
    MUNI_TRY(st);
    MUNI_TRY(muni__conn_commit(c));
out:
    muni__done(q);
    muni__buf_free(&sql);
    muni__free(text);
    if (c)
        muni__store_return(s, c);
    return st;
}

START_TEST(fault__a_whole_call) {
    muni__store *s = NULL;
    muni_status st;
    int64_t id;
    muni__store_close(made(file));
    OK(muni__store_open(file, NULL, &s));
    FAULT_LOOP(st, whole_call(s, &id), {
        muni__conn *c = conn_of(s);
        ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\""), 0);
        ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc\""), 0);
        muni__store_return(s, c);
        if (fault_n_ % 2) { /* once with warm caches, once with none */
            muni__store_close(s);
            OK(muni__store_open(file, NULL, &s));
        }
    });
    ck_assert_int_eq(id, 1);
    muni__store_close(s);
}
END_TEST

static int failures;

static bool storage_code(muni_status st) {
    return st == MUNI_EIO || st == MUNI_EFULL || st == MUNI_ECORRUPT || st == MUNI_EBUSY || st == MUNI_EREADONLY || st == MUNI_ENOTSTORE;
}

START_TEST(io__making_and_opening) {
    muni__store *s = NULL;
    muni_status st = MUNI_EIO;
    io_install();
    io_code = _i ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    for (long n = 1; n < 100000; n++) {
        io_fail(n);
        st = muni__store_create(file, NULL, &birth, &s);
        bool reached = io_count >= n;
        io_fail(0);
        if (st < 0) {
            ck_assert_msg(storage_code(st), "input %ld: %s: %s", n, muni_error_name(st), muni_error_text("en"));
            ck_assert_int_eq(muni_error_code(), st);
            ck_assert_int_eq(files_there(), 0);
            failures++;
            continue;
        }
        muni__store_close(s);
        OK(muni__store_open(file, NULL, &s)); /* where it says made, it is whole, though something failed on the way */
        muni__store_close(s);
        if (!reached)
            break;
        ck_assert_int_eq(unlink(file), 0);
    }
    ck_assert_int_ge(st, 0);
    ck_assert_int_gt(failures, 50);
    failures = 0;
    for (long n = 1; n < 100000; n++) {
        io_fail(n);
        st = muni__store_open(file, NULL, &s);
        bool reached = io_count >= n;
        io_fail(0);
        if (st >= 0) {
            muni__store_close(s);
            if (!reached)
                break;
            continue;
        }
        ck_assert_msg(storage_code(st), "input %ld: %s: %s", n, muni_error_name(st), muni_error_text("en"));
        failures++;
        OK(muni__store_open(file, NULL, &s)); /* unharmed */
        muni__store_close(s);
    }
    ck_assert_int_gt(failures, 3);
    io_remove();
}
END_TEST

/* Before or after, never between; and a call that answered MUNI_OK is there. */
START_TEST(io__a_whole_call) {
    muni__store *s = NULL;
    muni_status st = MUNI_EIO;
    int64_t id, done = 0;
    muni__store_close(made(file));
    io_install();
    io_code = _i ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    failures = 0;
    for (long n = 1; n < 100000; n++) {
        OK(muni__store_open(file, NULL, &s));
        io_fail(n);
        st = whole_call(s, &id);
        bool reached = io_count >= n;
        io_fail(0);
        if (st < 0) {
            ck_assert_msg(storage_code(st) || st == MUNI_EDOOMED, "input %ld: %s: %s", n, muni_error_name(st), muni_error_text("en"));
            failures++;
        }
        if (n % 2) { /* on the same connection, or after opening it anew */
            muni__store_close(s);
            OK(muni__store_open(file, NULL, &s));
        }
        muni__conn *c = conn_of(s);
        int64_t tickets_there = number_of(c, "SELECT count(*) FROM \"k_ticket\""), v;
        ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc\""), tickets_there);
        ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '印刷'"), tickets_there);
        OK(muni__conn_last(c, "id", &v));
        ck_assert_int_eq(v, done + tickets_there);
        if (st >= 0)
            ck_assert_int_eq(tickets_there, 1);
        if (tickets_there) { /* make room for the next */
            done = v;
            OK(muni__conn_begin(c, true));
            OK(muni__run(c, "DELETE FROM \"k_ticket\""));
            OK(muni__doc_remove(c, v));
            OK(muni__doc_flush(c, true, NULL));
            OK(muni__conn_commit(c));
        }
        muni__store_return(s, c);
        muni__store_close(s);
        if (!reached)
            break;
    }
    ck_assert_int_ge(st, 0);
    ck_assert_int_gt(failures, 10);
    io_remove();
}
END_TEST

Suite *suite_store(void) {
    Suite *s = suite_create("store");
    TCase *c = tcase_create("life");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_add_test(c, store__create_then_open_says_the_same);
    tcase_add_test(c, store__each_has_an_id_of_its_own);
    tcase_add_test(c, store__file_is_not_for_the_rest_of_the_world);
    tcase_add_test(c, store__create_refuses_what_exists);
    tcase_add_test(c, store__create_refuses_the_log_of_another);
    tcase_add_test(c, store__names_that_lead_nowhere);
    tcase_add_test(c, store__name_holds_when_the_process_moves);
    tcase_add_test(c, store__network_file_systems);
    suite_add_tcase(s, c);
    c = tcase_create("transactions");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_add_test(c, conn__commit_keeps_and_rollback_forgets);
    tcase_add_test(c, conn__writing_needs_a_write_transaction);
    tcase_add_test(c, conn__reader_sees_one_snapshot);
    tcase_add_test(c, stmt__values_there_and_back);
    tcase_add_test(c, stmt__the_same_text_twice_at_once);
    tcase_add_test(c, stmt__more_texts_than_the_cache_holds);
    tcase_add_test(c, stmt__set_of_ids_is_one_parameter);
    tcase_add_test(c, stmt__mistakes_are_internal_errors);
    tcase_add_test(c, stmt__left_out_at_the_end_of_a_transaction_is_at_its_end);
    tcase_add_test(c, conn__conflict_names_the_index);
    tcase_add_test(c, counter__taken_kept_and_rolled_back);
    tcase_add_test(c, counter__what_another_connection_took_is_seen);
    tcase_add_test(c, counter__many_names_and_the_end_of_the_numbers);
    tcase_add_test(c, conn__config_and_meta);
    tcase_add_test(c, conn__full_disk_dooms_until_rollback);
    tcase_add_test(c, conn__transaction_that_the_database_ended_is_lost);
    tcase_add_test(c, conn__read_only);
    suite_add_tcase(s, c);
    c = tcase_create("hostile");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_set_timeout(c, 60);
    tcase_add_test(c, open__what_is_no_store_stays_as_it_is);
    tcase_add_loop_test(c, open__database_of_others_stays_as_it_is, 0, 2);
    tcase_add_test(c, open__things_that_are_no_files);
    tcase_add_loop_test(c, open__meta_that_makes_no_sense, 0, 12);
    tcase_add_test(c, open__damaged_files_answer);
    suite_add_tcase(s, c);
    c = tcase_create("waiting");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, borrow__no_more_than_allowed);
    tcase_add_test(c, begin__locked_by_others_is_busy);
    tcase_add_test(c, begin__locked_by_a_stranger_is_busy_then_free);
    tcase_add_test(c, queue__nothing_breaks_without_the_side_file);
#ifdef F_OFD_SETLK
    tcase_add_test(c, queue__processes_go_in_the_order_in_which_they_came);
    tcase_add_test(c, queue__ticket_of_the_dead_is_passed_by);
#endif
    tcase_add_test(c, line__threads_go_in_the_order_in_which_they_came);
    tcase_add_loop_test(c, threads__write_and_read_at_once, 0, 2);
    tcase_add_test(c, processes__write_at_once);
    tcase_add_test(c, process__killed_in_a_transaction_leaves_nothing_and_no_lock);
    tcase_add_test(c, fork__child_is_refused_and_the_parent_goes_on);
    suite_add_tcase(s, c);
    c = tcase_create("faults");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, fault__create_and_open);
    tcase_add_test(c, fault__a_whole_call);
    tcase_add_loop_test(c, io__making_and_opening, 0, 2);
    tcase_add_loop_test(c, io__a_whole_call, 0, 2);
    suite_add_tcase(s, c);
    return s;
}
