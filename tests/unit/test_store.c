/* store/store.h: life of a store, transactions, statements, counters, waiting. */
#include "storetest.h"

#include "fault.h"
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- life */

START_TEST(store__create_then_open_says_the_same) {
    muni__store *s = NULL;
    muni__store_birth b = { true, -3600, 1234567890 };
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
    FAILS(muni__store_create("postgresql://host/db", NULL, &birth, &s), MUNI_ENOTSUP);
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
    suite_add_tcase(s, c);
    return s;
}
