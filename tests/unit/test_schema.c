/* store/schema.c: tables of the kinds, their indexes, older and newer stores. */
#include "storetest.h"

#include "fault.h"

#include <sqlite3.h>

static const muni__field toy_fields[] = {
#define COMMON(C, cname, ctype, cflags, ctarget, cmax, cja, cen, cdoc) { #cname, cja, cen, cdoc, MUNI__##ctype, 0, ctarget, cmax },
#include "core/common.def"
    MUNI_COMMON_FIELDS(COMMON)
    { "code", "", "", "", MUNI__KEY, MUNI__F_UNIQUE, "", 0 },
    { "about", "", "", "", MUNI__ANY, MUNI__F_UNIQUE | MUNI__F_INDEXED, "", 0 },
    { "order", "", "", "", MUNI__NOTE, 0, "", 0 },
    { "who", "", "", "", MUNI__REF, MUNI__F_OWN, "person", 0 },
    { "tags", "", "", "", MUNI__TEXT, MUNI__F_LIST, "", 0 },
    { "names", "", "", "", MUNI__KEY, MUNI__F_LIST, "", 0 },
};
static const muni__index toy_indexes[] = {
    { "day", "order,who,id", false },
    { "both", "order,who", true },
};
static const muni__kind toy = { .name = "group", .number = 999, .fields = toy_fields, .nfields = (int32_t)MUNI_COUNT(toy_fields),
                                .indexes = toy_indexes, .nindexes = (int32_t)MUNI_COUNT(toy_indexes) };

static const char *sql_of(const muni__ddl *d, const char *name) {
    for (; d; d = d->next)
        if (!strcmp(d->name, name))
            return d->sql;
    return "";
}

START_TEST(ddl__of_a_kind) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__ddl *d;
    OK(muni__schema_ddl(&mem, &toy, 1, &d));
    ck_assert_str_eq(sql_of(d, "k_group"),
                     "CREATE TABLE \"k_group\"(\"id\" INTEGER PRIMARY KEY, \"rev\" INTEGER, \"type\" TEXT, \"state\" TEXT, \"lifecycle\" INTEGER, \"number\" TEXT, "
                     "\"number_key\" TEXT, \"created_at\" INTEGER, \"created_by\" INTEGER, \"updated_at\" INTEGER, \"updated_by\" INTEGER, \"trashed_at\" INTEGER, "
                     "\"confidential\" INTEGER, \"custom\" TEXT, \"retention\" TEXT, \"code\" TEXT, \"code_key\" TEXT, \"about\" INTEGER, \"about_kind\" INTEGER, "
                     "\"order\" TEXT, \"who\" INTEGER) STRICT");
    ck_assert_str_eq(sql_of(d, "u_group_code"),
                     "CREATE UNIQUE INDEX \"u_group_code\" ON \"k_group\"(\"code_key\") WHERE \"trashed_at\" IS NULL AND \"code_key\" IS NOT NULL");
    ck_assert_str_eq(sql_of(d, "u_group_about"), "CREATE UNIQUE INDEX \"u_group_about\" ON \"k_group\"(\"about\", \"about_kind\") WHERE \"trashed_at\" IS NULL "
                                                 "AND \"about\" IS NOT NULL");
    ck_assert_str_eq(sql_of(d, "i_group_about"), "CREATE INDEX \"i_group_about\" ON \"k_group\"(\"about\")");
    ck_assert_str_eq(sql_of(d, "i_group_who"), "CREATE INDEX \"i_group_who\" ON \"k_group\"(\"who\")");
    ck_assert_str_eq(sql_of(d, "i_group_day"), "CREATE INDEX \"i_group_day\" ON \"k_group\"(\"order\", \"who\")"); /* the id is there anyway */
    ck_assert_str_eq(sql_of(d, "u_group_both"), "CREATE UNIQUE INDEX \"u_group_both\" ON \"k_group\"(\"order\", \"who\") WHERE \"trashed_at\" IS NULL");
    ck_assert_str_eq(sql_of(d, "l_group_tags"),
                     "CREATE TABLE \"l_group_tags\"(\"id\" INTEGER, \"pos\" INTEGER, \"value\" TEXT, PRIMARY KEY(\"id\", \"pos\")) STRICT, WITHOUT ROWID");
    ck_assert_str_eq(sql_of(d, "i_l_group_tags"), "CREATE INDEX \"i_l_group_tags\" ON \"l_group_tags\"(\"value\", \"id\")");
    ck_assert_str_eq(sql_of(d, "l_group_names"), "CREATE TABLE \"l_group_names\"(\"id\" INTEGER, \"pos\" INTEGER, \"value\" TEXT, \"value_key\" TEXT, "
                                                 "PRIMARY KEY(\"id\", \"pos\")) STRICT, WITHOUT ROWID");
    ck_assert_str_eq(sql_of(d, "i_l_group_names"), "CREATE INDEX \"i_l_group_names\" ON \"l_group_names\"(\"value_key\", \"id\")");
    ck_assert_str_eq(sql_of(d, "u_group_number"), ""); /* not a numbered kind */
    muni__arena_free(&mem);
}
END_TEST

START_TEST(ddl__columns_of_a_record_leave_out_keys_and_lists) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni__schema_table(&b, &toy);
    ck_assert_str_eq(b.p, "\"k_group\"");
    muni__buf_clear(&b);
    muni__schema_columns(&b, &toy, "t.");
    ck_assert_str_eq(b.p, "t.\"id\", t.\"rev\", t.\"type\", t.\"state\", t.\"lifecycle\", t.\"number\", t.\"created_at\", t.\"created_by\", t.\"updated_at\", "
                          "t.\"updated_by\", t.\"trashed_at\", t.\"confidential\", t.\"custom\", t.\"retention\", t.\"code\", t.\"about\", t.\"about_kind\", t.\"order\", "
                          "t.\"who\"");
    muni__buf_free(&b);
}
END_TEST

START_TEST(ddl__names_are_unique) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__ddl *d;
    OK(muni__schema_ddl(&mem, muni__kinds, muni__nkinds, &d));
    int n = 0;
    for (const muni__ddl *a = d; a; a = a->next, n++)
        for (const muni__ddl *b = a->next; b; b = b->next)
            ck_assert_str_ne(a->name, b->name);
    ck_assert_int_gt(n, 40);
    muni__arena_free(&mem);
}
END_TEST

START_TEST(ddl__every_allocation_may_fail) {
    muni_status st;
    muni__ddl *d = NULL;
    muni__arena mem = MUNI_ARENA_INIT;
    FAULT_LOOP(st, muni__schema_ddl(&mem, &toy, 1, &d), {
        ck_assert_ptr_null(d);
        muni__arena_free(&mem);
    });
    muni__arena_free(&mem);
}
END_TEST

START_TEST(ddl__every_kind_can_be_read_by_its_columns) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    for (int32_t i = 0; i < muni__nkinds; i++) {
        muni__buf b = MUNI_BUF_INIT(0);
        muni__stmt *q;
        muni__buf_puts(&b, "SELECT ");
        muni__schema_columns(&b, &muni__kinds[i], "t.");
        muni__buf_puts(&b, " FROM ");
        muni__schema_table(&b, &muni__kinds[i]);
        muni__buf_puts(&b, " t");
        OK(muni__sql(c, b.p, &q));
        ck_assert_int_eq(muni__step(q), MUNI_OK);
        muni__done(q);
        muni__buf_free(&b);
    }
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* What the rooms above rely on: each of these is answered by an index, in its order. */
START_TEST(plan__scopes_and_orders_use_an_index) {
    static const struct {
        const char *sql, *index;
    } cases[] = {
        { "SELECT \"id\" FROM \"k_ticket\" WHERE \"reporter\" = 1 ORDER BY \"id\" DESC LIMIT 50", "i_ticket_reporter" },
        { "SELECT \"id\" FROM \"k_ticket\" WHERE \"created_by\" = 1 ORDER BY \"id\" DESC LIMIT 50", "i_ticket_created_by" },
        { "SELECT \"id\" FROM \"k_ticket\" WHERE \"unit\" = 1 ORDER BY \"id\" DESC LIMIT 50", "i_ticket_unit" },
        { "SELECT \"id\" FROM \"k_ticket\" WHERE \"assignee\" = 1 ORDER BY \"id\" DESC LIMIT 50", "i_ticket_assignee" },
        { "SELECT * FROM \"k_ticket\" WHERE \"number_key\" = 'r-1'", "u_ticket_number" }, /* trashed or not */
        { "SELECT \"id\" FROM \"k_ticket\" ORDER BY \"reported_at\" DESC, \"id\" DESC LIMIT 50", "i_ticket_reported" },
        { "SELECT \"id\" FROM \"k_ticket\" WHERE \"assignee\" = 1 AND \"state\" = 'open' ORDER BY \"reported_at\", \"id\" LIMIT 50", "i_ticket_assignee_open" },
        { "SELECT * FROM \"k_ticket\" WHERE \"trashed_at\" IS NULL ORDER BY \"id\" DESC LIMIT 50", "SCAN k_ticket" }, /* by the rowid, backwards */
        { "SELECT \"month\", \"category\", count(*) FROM \"k_ticket\" WHERE \"trashed_at\" IS NULL GROUP BY \"month\", \"category\"", "i_ticket_tally" },
        { "SELECT * FROM \"k_principal\" WHERE \"login_key\" = 'a' AND \"trashed_at\" IS NULL", "u_principal_login" },
        { "SELECT * FROM \"m_history\" WHERE \"rec\" = 1 ORDER BY \"id\"", "m_history_rec" },
        { "SELECT * FROM \"m_doc\" WHERE \"rec\" = 1 AND \"kind\" = 2 AND \"part\" <> 0 ORDER BY \"doc\"", "m_doc_rec" },
    };
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    for (size_t i = 0; i < MUNI_COUNT(cases); i++) {
        char sql[512];
        bool used = false, sorted = true;
        muni__stmt *q;
        (void)snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", cases[i].sql);
        OK(muni__sql(c, sql, &q));
        while (muni__step(q) == MUNI_ROW) {
            const char *line = muni__col_text(q, 3, NULL);
            used |= strstr(line, cases[i].index) != NULL;
            sorted &= strstr(line, "TEMP B-TREE") == NULL;
        }
        muni__done(q);
        ck_assert_msg(used, "%s does not use %s", cases[i].sql, cases[i].index);
        ck_assert_msg(sorted, "%s sorts", cases[i].sql);
    }
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* ---- older and newer stores */

static void change(const char *sql) {
    muni__store *s;
    OK(muni__store_open(file, NULL, &s));
    muni__conn *c = conn_of(s);
    OK(muni__conn_begin(c, true));
    OK(c->drv->run(c, sql));
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
}

static const char older[] = "INSERT INTO k_ticket(id, subject) VALUES(7, 'x');"
                            "ALTER TABLE k_ticket DROP COLUMN closed_at;"
                            "ALTER TABLE k_ticket DROP COLUMN source_no;"
                            "DROP INDEX u_ticket_source_no; ALTER TABLE k_ticket DROP COLUMN source_no_key;"
                            "DROP INDEX i_ticket_desk;"
                            "DROP INDEX i_ticket_unit; CREATE INDEX i_ticket_unit ON k_ticket(unit, state);"
                            "DROP TABLE k_account;"
                            "UPDATE m_meta SET value = printf('%064d', 0) WHERE key = 'schema';";

START_TEST(upgrade__adds_what_is_missing) {
    muni__store_options up = { .upgrade = true };
    muni__store *s = made(file);
    char digest[65];
    memcpy(digest, muni__store_info_of(s)->schema, sizeof digest);
    muni__store_close(s);
    change(older);
    FAILS(muni__store_open(file, NULL, &s), MUNI_EUPGRADE);
    ck_assert_ptr_null(s);
    FAILS(muni__store_open(file, NULL, &s), MUNI_EUPGRADE); /* the first did nothing */
    OK(muni__store_open(file, &up, &s));
    ck_assert_str_eq(muni__store_info_of(s)->schema, digest);
    muni__conn *c = conn_of(s);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_ticket\" WHERE \"id\" = 7 AND \"subject\" = 'x' AND \"closed_at\" IS NULL AND \"source_no_key\" IS NULL"), 1);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"k_account\""), 0);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"sqlite_master\" WHERE \"name\" IN ('i_ticket_desk', 'u_ticket_source_no', 'u_account_system_name')"), 3);
    ck_assert_str_eq(text_of(c, "SELECT \"sql\" FROM \"sqlite_master\" WHERE \"name\" = 'i_ticket_unit'"), "CREATE INDEX \"i_ticket_unit\" ON \"k_ticket\"(\"unit\")");
    muni__store_return(s, c);
    muni__store_close(s);
    OK(muni__store_open(file, NULL, &s));
    muni__store_close(s);
}
END_TEST

START_TEST(upgrade__every_allocation_may_fail) {
    muni__store_options up = { .upgrade = true };
    muni__store *s = NULL;
    muni_status st;
    muni__store_close(made(file));
    change(older);
    /* whatever fails, the store is as it was or upgraded: never between */
    FAULT_LOOP(st, muni__store_open(file, &up, &s), {
        muni__store *again;
        ck_assert_ptr_null(s);
        muni_status plain = muni__store_open(file, NULL, &again);
        ck_assert(plain == MUNI_EUPGRADE || plain == MUNI_OK);
        if (plain == MUNI_OK) {
            muni__store_close(again);
            change(older + strlen("INSERT INTO k_ticket(id, subject) VALUES(7, 'x');"));
        }
    });
    muni__store_close(s);
    OK(muni__store_open(file, NULL, &s));
    muni__store_close(s);
}
END_TEST

START_TEST(upgrade__what_fails_leaves_the_store_as_it_was) {
    muni__store_options up = { .upgrade = true };
    muni__store *s;
    muni__store_close(made(file));
    change(older);
    muni__store_options first = { .upgrade = false };
    FAILS(muni__store_open(file, &first, &s), MUNI_EUPGRADE);
    /* two rows that the unique index, which is to come, cannot bear */
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "DROP INDEX u_principal_login; INSERT INTO k_principal(id, login_key) VALUES(8, 'a'), (9, 'a')", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    FAILS(muni__store_open(file, &up, &s), MUNI_EUNIQUE);
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_int_ne(sqlite3_exec(db, "SELECT closed_at FROM k_ticket", NULL, NULL, NULL), SQLITE_OK); /* nothing was added */
    ck_assert_int_eq(sqlite3_exec(db, "DELETE FROM k_principal", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    OK(muni__store_open(file, &up, &s));
    muni__store_close(s);
}
END_TEST

START_TEST(version__newer_store_that_has_all_we_need_works) {
    muni__store_options up = { .upgrade = true };
    muni__store *s;
    char digest[65];
    muni__store_close(made(file));
    change("ALTER TABLE k_ticket ADD COLUMN colour TEXT; CREATE TABLE k_vehicle(id INTEGER PRIMARY KEY);"
           "UPDATE m_meta SET value = printf('%064d', 1) WHERE key = 'schema';");
    OK(muni__store_open(file, NULL, &s));
    memset(digest, '0', 63);
    strcpy(digest + 63, "1");
    ck_assert_str_eq(muni__store_info_of(s)->schema, digest);
    muni__store_close(s);
    OK(muni__store_open(file, &up, &s)); /* nothing to do: it stays the newer one's */
    ck_assert_str_eq(muni__store_info_of(s)->schema, digest);
    muni__store_close(s);
}
END_TEST

START_TEST(version__newer_store_that_could_be_harmed_is_refused) {
    muni__store_options up = { .upgrade = true };
    muni__store *s;
    muni__store_close(made(file));
    change("UPDATE m_meta SET value = '2' WHERE key = 'compat'");
    FAILS(muni__store_open(file, NULL, &s), MUNI_EVERSION);
    FAILS(muni__store_open(file, &up, &s), MUNI_EVERSION);
}
END_TEST

Suite *suite_schema(void) {
    Suite *s = suite_create("schema");
    TCase *c = tcase_create("tables");
    tcase_add_test(c, ddl__of_a_kind);
    tcase_add_test(c, ddl__columns_of_a_record_leave_out_keys_and_lists);
    tcase_add_test(c, ddl__names_are_unique);
    tcase_add_test(c, ddl__every_allocation_may_fail);
    tcase_add_test(c, ddl__every_kind_can_be_read_by_its_columns);
    tcase_add_test(c, plan__scopes_and_orders_use_an_index);
    suite_add_tcase(s, c);
    c = tcase_create("upgrade");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_set_timeout(c, 120);
    tcase_add_test(c, upgrade__adds_what_is_missing);
    tcase_add_test(c, upgrade__every_allocation_may_fail);
    tcase_add_test(c, upgrade__what_fails_leaves_the_store_as_it_was);
    tcase_add_test(c, version__newer_store_that_has_all_we_need_works);
    tcase_add_test(c, version__newer_store_that_could_be_harmed_is_refused);
    suite_add_tcase(s, c);
    return s;
}
