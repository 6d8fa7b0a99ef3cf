/* Stores of every version so far, opened, refused and brought up to date; stopped anywhere and gone on with; newer ones left unharmed. */
#include "storetest.h"

#include "core/textkey.h"
#include "model/model.h"

#include <municipal.h>
#include <municipal/store.h>
#include <sqlite3.h>
#include <string.h>

/* The digest of the tables by their number. Have they changed? Then raise MUNI__TABLES, add a line, and keep a store of the number before in
 * tests/data/stores (tests/tools/make_store.py, run with the library of before). */
static const char *const digests[] = {
    "",
    "8ddf359a6e557b17bc3bc40531d7563f7fb04c57a27e115985a34a7ebf3bab3f",
    "5b76a6c159da756dd80b260869e5c4ee31b1d6e1735a429bd7349183c6a276d2",
};

/* Somebody's own kinds (kinds.def) make other tables, under the number of ours. */
static bool own_kinds(void) {
    for (int32_t i = 0; i < muni__nkinds; i++)
        if (muni__kinds[i].number >= 1000)
            return true;
    return false;
}

static void copy_store(int version) {
    const char *src = getenv("srcdir");
    char from[512], buffer[1 << 16];
    size_t n;
    snprintf(from, sizeof from, "%s/tests/data/stores/v%d.db", src ? src : ".", version);
    FILE *in = fopen(from, "rb"), *out = fopen(file, "wb");
    ck_assert_msg(in && out, "%s", from);
    while ((n = fread(buffer, 1, sizeof buffer, in)) > 0)
        ck_assert_uint_eq(fwrite(buffer, 1, n, out), n);
    ck_assert_int_eq(fclose(out), 0);
    (void)fclose(in);
}

/* A sum over the bytes of the store's file, or over what SQLite says is in it (NULL: the bytes). */
static uint64_t bytes_of_file(void) {
    uint64_t h = 1469598103934665603u;
    FILE *f = fopen(file, "rb");
    int c;
    ck_assert_ptr_nonnull(f);
    while ((c = fgetc(f)) != EOF)
        h = (h ^ (uint64_t)c) * 1099511628211u;
    (void)fclose(f);
    return h;
}

static void shell(const char *sql) {
    sqlite3 *db = NULL;
    char *why = NULL;
    ck_assert_int_eq(sqlite3_open(file, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
    sqlite3_close(db);
}

static muni_status upgraded(muni_db **db, muni_progress_fn progress, void *user) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    o.upgrade = 1;
    o.progress = progress;
    o.user = user;
    muni_status st = muni_open(file, &o, db);
    if (st >= 0)
        OK(muni_db_set_now(*db, INT64_C(1800000000)));
    return st;
}

static int64_t value_of(const muni_rec *r, const char *name) {
    int32_t i = muni_rec_find(r, name);
    ck_assert_int_ge(i, 0);
    return muni_rec_int(r, i);
}

static const char *words_of(const muni_rec *r, const char *name) {
    int32_t i = muni_rec_find(r, name);
    ck_assert_int_ge(i, 0);
    const char *p = muni_rec_text(r, i, NULL);
    return p ? p : "";
}

static int64_t count(muni_session *s, const char *query) {
    muni_query *q = NULL;
    int64_t n = -1;
    OK(muni_query_parse(query, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_count(s, q, -1, &n));
    muni_query_free(q);
    return n;
}

/* Everything the fixture was made with is there, found, and as its history says; and the store goes on. */
static void whole(muni_db *db) {
    muni_session *s = NULL;
    muni_rec *r = NULL;
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    OK(muni_store_check(s, 0, NULL, NULL, &r));
    ck_assert_msg(value_of(r, "whole") == 1 && value_of(r, "problems") == 0, "%.800s", words_of(r, "findings"));
    muni_rec_free(r);
    ck_assert_int_eq(count(s, "{\"kind\":\"person\"}"), 18);
    ck_assert_int_eq(count(s, "{\"kind\":\"unit\"}"), 4);
    ck_assert_int_eq(count(s, "{\"kind\":\"account\"}"), 18);
    ck_assert_int_eq(count(s, "{\"kind\":\"ticket\",\"trash\":\"only\"}"), 4);
    ck_assert_int_eq(count(s, "{\"kind\":\"ticket\",\"words\":\"複合機\"}"), 28);
    ck_assert_int_eq(count(s, "{\"kind\":\"ticket\",\"words\":\"ﾄﾅｰ\"}"), 9);
    ck_assert_int_eq(count(s, "{\"kind\":\"ticket\",\"words\":\"封印\"}"), 1);
    OK(muni_session_find(s, "person", "０９７０００３", "name", &r));
    ck_assert_str_eq(words_of(r, "name"), "試　三郎");
    muni_rec_free(r);
    muni_session_unref(s);
}

static void goes_on(muni_db *db) {
    muni_session *s = NULL;
    muni_rec *r = NULL, *rec = NULL;
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    OK(muni_rec_parse("{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"更新の後\",\"reported_at\":\"2026-12-01T09:00:00+09:00\"}", MUNI_ZERO_TERMINATED, &rec));
    OK(muni_session_create(s, "ticket", rec, &r));
    ck_assert_str_eq(words_of(r, "number"), "INC-2026-00029"); /* the fixture gave 28 */
    muni_rec_free(r);
    muni_rec_free(rec);
    muni_session_unref(s);
    whole(db);
}

START_TEST(upgrade__of_every_version_so_far) {
    int version = _i;
    muni_db *db = NULL;
    muni_rec *r = NULL;
    copy_store(version);
    uint64_t before = bytes_of_file();
    FAILS(muni_open(file, NULL, &db), MUNI_EUPGRADE);
    ck_assert_ptr_null(db);
    FAILS(muni_open(file, NULL, &db), MUNI_EUPGRADE);
    ck_assert(bytes_of_file() == before); /* refusing wrote nothing */
    OK(upgraded(&db, NULL, NULL));
    whole(db);
    OK(muni_db_info(db, &r));
    ck_assert_int_eq(value_of(r, "tables"), MUNI__TABLES);
    if (!own_kinds())
        ck_assert_str_eq(words_of(r, "schema"), digests[MUNI__TABLES]);
    const char *journal = words_of(r, "journal");
    ck_assert_msg(strstr(journal, "\"work\":\"upgrade\"") && !strstr(journal, "\"done_at\":null"), "%s", journal);
    muni_rec_free(r);
    goes_on(db);
    muni_db_unref(db);
    OK(muni_open(file, NULL, &db));
    whole(db);
    muni_db_unref(db);
}
END_TEST

START_TEST(upgrade__tables_have_a_number) {
    char ours[65];
    OK(muni__schema_ours(ours));
    ck_assert_uint_eq(MUNI_COUNT(digests), MUNI__TABLES + 1);
    ck_assert_msg(own_kinds() || !strcmp(ours, digests[MUNI__TABLES]), "the tables changed, their digest is %s: see above", ours);
    for (int v = 1; v < MUNI__TABLES; v++) {
        muni__store *s = NULL;
        copy_store(v);
        sqlite3 *db = NULL;
        sqlite3_stmt *q = NULL;
        ck_assert_int_eq(sqlite3_open_v2(file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
        ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT value FROM m_meta WHERE key='schema'", -1, &q, NULL), SQLITE_OK);
        ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
        ck_assert_str_eq((const char *)sqlite3_column_text(q, 0), digests[v]);
        sqlite3_finalize(q);
        sqlite3_close(db);
        FAILS(muni__store_open(file, NULL, &s), MUNI_EUPGRADE);
    }
}
END_TEST

static int32_t cancels(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total, (void)stage;
    int *left = user;
    return (*left)-- <= 0;
}

START_TEST(upgrade__stopped_after_each_piece_goes_on) {
    int pieces = 0;
    for (bool whole_way = false; !whole_way; pieces++) {
        muni_db *db = NULL;
        int left = pieces;
        copy_store(1);
        shell("DROP INDEX i_ticket_desk;DROP INDEX i_ticket_unit;DROP INDEX u_ticket_source_no;ALTER TABLE k_ticket DROP COLUMN source_no_key;ALTER TABLE k_ticket DROP COLUMN closed_at");
        muni_status st = upgraded(&db, cancels, &left);
        whole_way = st == MUNI_OK;
        if (!whole_way) {
            ck_assert_int_eq(st, MUNI_ECANCELLED);
            st = muni_open(file, NULL, &db);
            ck_assert_msg(st == MUNI_EUPGRADE || st == MUNI_OK, "%s", muni_error_text("en")); /* OK: the last piece was done */
            if (st == MUNI_OK)
                muni_db_unref(db);
            OK(upgraded(&db, NULL, NULL));
        }
        goes_on(db);
        muni_db_unref(db);
        out_of_directory();
        in_directory();
    }
    ck_assert_int_gt(pieces, 5);
}
END_TEST

START_TEST(upgrade__a_newer_store_is_left_as_it_is) {
    static const struct {
        const char *sql;
        muni_status st;
    } newer[] = {
        { "UPDATE m_meta SET value='99' WHERE key='compat'", MUNI_EVERSION },
        { "UPDATE m_meta SET value='99' WHERE key='textkey'", MUNI_EVERSION },
        { "INSERT INTO m_meta VALUES('tables','99') ON CONFLICT(key) DO UPDATE SET value=excluded.value;UPDATE m_meta SET value=printf('%064d',1) WHERE key='schema';"
          "ALTER TABLE k_ticket ADD COLUMN colour TEXT;CREATE TABLE k_vehicle(id INTEGER PRIMARY KEY)", MUNI_OK },
    };
    muni_db *db = NULL;
    copy_store(1);
    OK(upgraded(&db, NULL, NULL));
    muni_db_unref(db);
    shell(newer[_i].sql);
    shell("PRAGMA wal_checkpoint(TRUNCATE)");
    uint64_t before = bytes_of_file();
    for (int i = 0; i < 2; i++) {
        muni_status st = i ? upgraded(&db, NULL, NULL) : muni_open(file, NULL, &db);
        ck_assert_msg(st == newer[_i].st, "%s", muni_error_text("en"));
        if (st == MUNI_OK) {
            whole(db);
            muni_db_unref(db);
        } else {
            ck_assert_ptr_null(db);
        }
        ck_assert(bytes_of_file() == before);
    }
}
END_TEST

/* ---- steps that adding cannot express */

static int fail_at = -1;

/* Doubles every ticket's month, ten at a time: done twice it would show. */
static muni_status double_months(muni__conn *c, muni__work *w, bool *again) {
    muni__stmt *s = NULL;
    int64_t n = 0, ids[10];
    muni_status st;
    MUNI_TRY(muni__sql(c, "SELECT id FROM k_ticket WHERE id>?1 ORDER BY id LIMIT 10", &s));
    muni__bind_int(s, 1, w->at);
    while ((st = muni__step(s)) == MUNI_ROW)
        ids[n++] = muni__col_int(s, 0);
    muni__done(s);
    s = NULL;
    for (int64_t i = 0; i < n; i++) {
        if (fail_at >= 0 && fail_at-- == 0)
            MUNI_TRY(muni__fail(MUNI_EIO, NULL, "the test wants it", "試験です"));
        MUNI_TRY(muni__sql(c, "UPDATE k_ticket SET month=month*2 WHERE id=?1", &s));
        muni__bind_int(s, 1, ids[i]);
        MUNI_TRY(muni__step(s));
        muni__done(s);
        s = NULL;
        w->at = ids[i];
        w->changed++;
    }
    *again = n == 10;
    st = MUNI_OK;
out:
    muni__done(s);
    return st;
}

static muni_status mark(muni__conn *c, muni__work *w, bool *again) {
    (void)w;
    *again = false;
    return muni__conn_meta_set(c, "marked", "yes");
}

START_TEST(steps__in_pieces_each_done_once) {
    static const muni__upgrade_step steps[] = { { 2, "never", mark }, { 3, "months", double_months }, { 4, "mark", mark }, { 0, NULL, NULL } };
    muni__arena mem = MUNI_ARENA_INIT;
    muni__store_options up = { .upgrade = true, .now = 7 };
    muni__upgrade u = { .digest = "1111111111111111111111111111111111111111111111111111111111111111", .tables = 4, .steps = steps };
    muni__ddl *ddl;
    muni__store *s = NULL;
    copy_store(1);
    OK(muni__store_open(file, &up, &s));
    muni__conn *c = conn_of(s);
    int64_t before = number_of(c, "SELECT sum(month) FROM k_ticket"), rows = number_of(c, "SELECT count(*) FROM k_ticket");
    OK(muni__schema_ddl(&mem, muni__kinds, muni__nkinds, &ddl));
    u.ddl = ddl;
    /* it fails at each row once, and each time a new run goes on from the piece that failed */
    for (int i = 0; i < rows; i += 7) {
        fail_at = i % 10;
        muni_status st = muni__upgrade_run(c, &u);
        if (st == MUNI_OK)
            break;
        ck_assert_int_eq(st, MUNI_EIO);
        ck_assert_str_eq(muni_error_text("ja"), "試験です");
        ck_assert_int_lt(number_of(c, "SELECT value FROM m_meta WHERE key='tables'"), 4);
        muni__store_return(s, c);
        muni__store_close(s);
        OK(muni__store_open(file, &up, &s)); /* of our own tables it still is */
        c = conn_of(s);
    }
    fail_at = -1;
    OK(muni__upgrade_run(c, &u));
    OK(muni__upgrade_run(c, &u)); /* nothing is left to do */
    ck_assert_int_eq(number_of(c, "SELECT sum(month) FROM k_ticket"), 2 * before);
    ck_assert_str_eq(text_of(c, "SELECT value FROM m_meta WHERE key='tables'"), "4");
    ck_assert_str_eq(text_of(c, "SELECT value FROM m_meta WHERE key='schema'"), u.digest);
    ck_assert_str_eq(text_of(c, "SELECT value FROM m_meta WHERE key='marked'"), "yes");
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM m_journal WHERE work='upgrade' AND done_at IS NULL"), 0);
    ck_assert_int_eq(number_of(c, "SELECT changed FROM m_journal WHERE work='upgrade' ORDER BY no DESC LIMIT 1"), rows);
    muni__store_return(s, c);
    muni__store_close(s);
    muni__arena_free(&mem);
}
END_TEST

/* ---- keys of another folding */

/* As a library would have left them whose folding put an x behind everything, in the index as well. */
static void fold_otherwise(void) {
    muni__store_options o = { .upgrade = true };
    muni__store *s = NULL;
    muni__stmt *q = NULL;
    struct {
        int64_t doc, rec;
        int32_t part, kind;
        char keys[512];
    } all[200];
    size_t n = 0;
    OK(muni__store_open(file, &o, &s));
    muni__conn *c = conn_of(s);
    OK(muni__conn_begin(c, true));
    OK(muni__sql(c, "SELECT doc,part,kind,rec,keys FROM m_doc", &q));
    while (muni__step(q) == MUNI_ROW) {
        ck_assert_uint_lt(n, 200);
        all[n].doc = muni__col_int(q, 0);
        all[n].part = (int32_t)muni__col_int(q, 1);
        all[n].kind = (int32_t)muni__col_int(q, 2);
        all[n].rec = muni__col_int(q, 3);
        snprintf(all[n++].keys, sizeof all[0].keys, "x%.400s", muni__col_text(q, 4, NULL));
    }
    muni__done(q);
    for (size_t i = 0; i < n; i++)
        OK(muni__doc_put(c, all[i].doc, all[i].part, all[i].kind, all[i].rec, all[i].keys, strlen(all[i].keys)));
    OK(muni__doc_flush(c, true, NULL));
    OK(c->drv->run(c, "UPDATE k_person SET staff_no_key=staff_no_key||'x';UPDATE k_unit SET code_key='x'||code_key;UPDATE m_meta SET value='0' WHERE key='textkey'"));
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    muni__store_close(s);
}

START_TEST(keys__of_an_older_folding_are_made_anew) {
    muni_db *db = NULL;
    copy_store(1);
    fold_otherwise();
    FAILS(muni_open(file, NULL, &db), MUNI_EUPGRADE);
    for (int left = 1; left < 5; left += 3) { /* stopped here and there */
        int n = left;
        ck_assert_int_eq(upgraded(&db, cancels, &n), MUNI_ECANCELLED);
        FAILS(muni_open(file, NULL, &db), MUNI_EUPGRADE);
    }
    OK(upgraded(&db, NULL, NULL));
    goes_on(db);
    muni_db_unref(db);
    OK(muni_open(file, NULL, &db));
    whole(db);
    muni_db_unref(db);
}
END_TEST

START_TEST(keys__of_an_older_unicode_serve_until_the_next_upgrade) {
    muni_db *db = NULL;
    muni_rec *r = NULL;
    copy_store(1);
    OK(upgraded(&db, NULL, NULL));
    muni_db_unref(db);
    shell("UPDATE m_meta SET value='6.0.0' WHERE key='unicode'");
    OK(muni_open(file, NULL, &db));
    whole(db);
    muni_db_unref(db);
    OK(upgraded(&db, NULL, NULL));
    OK(muni_db_info(db, &r));
    ck_assert_ptr_nonnull(strstr(words_of(r, "journal"), "\"work\":\"keys\""));
    muni_rec_free(r);
    whole(db);
    muni_db_unref(db);
    sqlite3 *raw = NULL;
    sqlite3_stmt *q = NULL;
    ck_assert_int_eq(sqlite3_open(file, &raw), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(raw, "SELECT value FROM m_meta WHERE key='unicode'", -1, &q, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(q), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(q, 0), muni__unicode_version());
    sqlite3_finalize(q);
    sqlite3_close(raw);
}
END_TEST

/* Two identifiers that the newer folding makes one: nothing is decided for them. */
START_TEST(keys__that_would_meet_are_refused_and_nothing_is_lost) {
    muni_db *db = NULL;
    copy_store(1);
    OK(upgraded(&db, NULL, NULL));
    muni_db_unref(db);
    shell("INSERT INTO k_desk(id,rev,code,code_key,name,created_at,updated_at) VALUES(5001,1,'Ａ１','older','x',1,1),(5002,1,'a1','a1','y',1,1);"
          "UPDATE m_meta SET value='0' WHERE key='textkey'");
    FAILS(upgraded(&db, NULL, NULL), MUNI_EUNIQUE);
    ck_assert_str_eq(muni_error_kind(), "desk");
    ck_assert_str_eq(muni_error_field(), "code");
    ck_assert_int_eq(muni_error_record(), 5001);
    FAILS(muni_open(file, NULL, &db), MUNI_EUPGRADE);
    shell("DELETE FROM k_desk WHERE id>=5001");
    OK(upgraded(&db, NULL, NULL));
    whole(db);
    muni_db_unref(db);
}
END_TEST

Suite *suite_upgrade(void);
Suite *suite_upgrade(void) {
    Suite *s = suite_create("upgrade");
    TCase *c = tcase_create("upgrade");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_set_timeout(c, 300);
    tcase_add_loop_test(c, upgrade__of_every_version_so_far, 1, MUNI__TABLES);
    tcase_add_test(c, upgrade__tables_have_a_number);
    tcase_add_test(c, upgrade__stopped_after_each_piece_goes_on);
    tcase_add_loop_test(c, upgrade__a_newer_store_is_left_as_it_is, 0, 3);
    tcase_add_test(c, steps__in_pieces_each_done_once);
    tcase_add_test(c, keys__of_an_older_folding_are_made_anew);
    tcase_add_test(c, keys__of_an_older_unicode_serve_until_the_next_upgrade);
    tcase_add_test(c, keys__that_would_meet_are_refused_and_nothing_is_lost);
    suite_add_tcase(s, c);
    return s;
}
