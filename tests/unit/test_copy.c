/* Digests of stores, and stores copied to other places: to a file, and where MUNI_TEST_SERVER names a server, between it and files. */
#include "modeltest.h"

#include <signal.h>
#include <sys/wait.h>

static mt m;
static char target[PLACE_SIZE];
static int64_t ticket;

static void set_up(void) {
    char file[120];
    mt_start(&m);
    snprintf(file, sizeof file, "%s/copy.db", m.dir);
    place_new(target, file);
    for (int i = 0; i < 300; i++) /* more than a block of history, and than a batch of the search index */
        ticket = i % 7 ? mt_create(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"印刷できない\",\"body\":\"\\t\\\\N \\\\. \\\"'\\n二行目\\\\\"}")
                       : mt_ticket(m.admin, "パスワードを忘れた");
    OK(muni_session_comment(m.admin, "ticket", ticket, "トナーを交換した", NULL));
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"body\":\"直した\"}"));
    OK(muni_session_trash(m.admin, "ticket", ticket - 1, 0, NULL));
}

/* A store of the test, wherever it is, and what stands beside it. */
static void take_away(const char *address) {
    static const char *const ends[] = { "", "-wal", "-shm", "-queue", "-journal" };
    char file[PLACE_SIZE + 16];
    place_drop(address);
    for (size_t i = 0; i < sizeof ends / sizeof *ends && !strstr(address, "://"); i++) {
        snprintf(file, sizeof file, "%s%s", address, ends[i]);
        (void)unlink(file);
    }
}

static void tear_down(void) {
    take_away(target);
    mt_stop(&m);
}

/* The digest of the store at `address`; the caller frees. */
static muni_rec *digest_of(const char *address) {
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_rec *out = NULL;
    OK(muni_open(address, NULL, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    OK(muni_store_digest(s, NULL, NULL, &out));
    muni_session_unref(s);
    muni_db_unref(db);
    return out;
}

static void same_as(const char *address, const char *digest) {
    muni_rec *r = digest_of(address);
    ck_assert_str_eq(mt_text(r, "digest"), digest);
    muni_rec_free(r);
}

/* It is whole, and verified. */
static void sound(const char *address) {
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_rec *out = NULL;
    OK(muni_open(address, NULL, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    OK(muni_store_check(s, 0, NULL, NULL, &out));
    ck_assert_msg(mt_int(out, "whole") == 1, "%.800s", mt_text(out, "findings"));
    muni_rec_free(out);
    OK(muni_audit_verify(s, NULL, NULL, &out));
    ck_assert_msg(mt_int(out, "verified") == 1, "%.800s", mt_text(out, "findings"));
    muni_rec_free(out);
    muni_session_unref(s);
    muni_db_unref(db);
}

static char *copied(muni_session *s, const char *to) {
    muni_rec *out = NULL;
    OK(muni_store_copy(s, to, NULL, NULL, &out));
    char *digest = strdup(mt_text(out, "digest"));
    muni_rec_free(out);
    return digest;
}

START_TEST(copy__digest_changes_with_every_byte) {
    static const char *const changes[] = {
        "UPDATE k_ticket SET subject = 'x' WHERE id = (SELECT max(id) FROM k_ticket)",
        "UPDATE k_ticket SET subject = NULL WHERE id = (SELECT max(id) FROM k_ticket)",
        "UPDATE k_ticket SET subject = '' WHERE id = (SELECT max(id) FROM k_ticket)",
        "UPDATE k_ticket SET desk = 0 WHERE id = (SELECT max(id) FROM k_ticket)",
        "DELETE FROM k_ticket WHERE id = (SELECT max(id) FROM k_ticket)",
        "UPDATE m_history SET ord = ord || ' ' WHERE id = (SELECT min(id) FROM m_history WHERE ord IS NOT NULL)",
        "UPDATE k_comment SET body = 'x'",
        "DELETE FROM m_block WHERE no = (SELECT max(no) FROM m_block)",
        "DELETE FROM k_definition WHERE id = (SELECT max(id) FROM k_definition)",
    };
    char known[16][65];
    size_t n = 0;
    mt_reopen(&m); /* sealed */
    muni_rec *r = digest_of(m.path), *again = digest_of(m.path);
    ck_assert_str_eq(mt_text(r, "digest"), mt_text(again, "digest"));
    muni_rec_free(again);
    for (;;) {
        for (size_t i = 0; i < n; i++)
            ck_assert_str_ne(mt_text(r, "digest"), known[i]);
        snprintf(known[n], sizeof known[n], "%s", mt_text(r, "digest"));
        muni_rec_free(r);
        if (n == sizeof changes / sizeof *changes)
            break;
        ck_assert_int_gt(place_sql(m.path, changes[n++]), 0);
        r = digest_of(m.path);
    }
}
END_TEST

START_TEST(copy__is_the_same) {
    muni_rec *out = NULL, *digest = NULL;
    OK(muni_store_copy(m.admin, target, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "resumed"), 0);
    OK(muni_store_digest(m.admin, NULL, NULL, &digest));
    static const char *const alike[] = { "store", "digest", "head" };
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        ck_assert_str_eq(mt_text(out, alike[i]), mt_text(digest, alike[i]));
    ck_assert_int_eq(mt_int(out, "records"), mt_int(digest, "records"));
    ck_assert_int_gt(mt_int(out, "records"), 300);
    ck_assert_int_eq(mt_int(out, "rows"), mt_int(digest, "rows"));
    ck_assert_int_gt(mt_int(out, "history_rows"), 300);
    same_as(target, mt_text(digest, "digest"));
    muni_rec_free(out);
    muni_rec_free(digest);
    sound(target);
    /* and lives on: ids, numbers and history go on behind those that were there */
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_rec *was = NULL, *is = NULL;
    OK(muni_session_get(m.admin, "ticket", ticket, NULL, &was));
    OK(muni_open(target, NULL, &db));
    OK(muni_db_set_now(db, NOON));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    ck_assert_int_eq(mt_count(s, "{\"kind\":\"ticket\",\"words\":\"ﾊﾟｽﾜｰﾄﾞ\"}"), 43);
    ck_assert_int_eq(mt_count(s, "{\"kind\":\"ticket\",\"words\":\"トナー\"}"), 1);
    OK(muni_session_get(s, "ticket", ticket, NULL, &is));
    char *a = NULL, *b = NULL;
    OK(muni_rec_json(was, &a));
    OK(muni_rec_json(is, &b));
    ck_assert_str_eq(a, b);
    muni_free(a);
    muni_free(b);
    muni_rec_free(is);
    int64_t next = mt_ticket(s, "新しい");
    ck_assert_int_gt(next, ticket);
    is = mt_get(s, "ticket", next, "number");
    ck_assert_str_gt(mt_text(is, "number"), mt_text(was, "number"));
    muni_rec_free(is);
    muni_rec_free(was);
    muni_session_unref(s);
    muni_db_unref(db);
    sound(target);
}
END_TEST

/* Kill the process at the nth call of the progress function. */
static int32_t die_at(int64_t done, int64_t total, const char *stage, void *user) {
    int *left = user;
    (void)done, (void)total, (void)stage;
    if (--*left == 0)
        (void)kill(getpid(), SIGKILL);
    return 0;
}

static int32_t count_calls(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total, (void)stage;
    ++*(int *)user;
    return 0;
}

/* Copy in a process of its own, which is killed at that call; answers whether it was. */
static bool killed_copy(int at) {
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        muni_db *db = NULL;
        muni_session *s = NULL;
        muni_rec *out = NULL;
        int left = at;
        muni_status st = muni_open(m.path, NULL, &db);
        if (st >= 0)
            st = muni_db_session(db, "admin", "test", NULL, &s);
        if (st >= 0)
            st = muni_store_copy(s, target, die_at, &left, &out);
        _exit(st < 0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) || !WEXITSTATUS(status));
    return WIFSIGNALED(status);
}

START_TEST(copy__that_was_killed_goes_on) {
    muni_db *db = NULL;
    muni_rec *out = NULL;
    char own[PLACE_SIZE], file[120];
    int calls = 0;
    mt_reopen(&m);
    snprintf(file, sizeof file, "%s/counted.db", m.dir);
    place_new(own, file);
    OK(muni_store_copy(m.admin, own, count_calls, &calls, &out));
    char *digest = strdup(mt_text(out, "digest"));
    muni_rec_free(out);
    take_away(own);
    ck_assert_int_gt(calls, 40);
    /* at calls from the first to the last, and twice more while it goes on */
    for (int at = 1; at < calls; at += calls / 12) {
        ck_assert(killed_copy(at));
        FAILS(muni_open(target, NULL, &db), MUNI_ESTATE); /* what is half is nobody's */
        ck_assert(killed_copy(at / 2 + 1));
        ck_assert(killed_copy(at / 3 + 5));
        OK(muni_store_copy(m.admin, target, NULL, NULL, &out));
        ck_assert_str_eq(mt_text(out, "digest"), digest);
        ck_assert_int_eq(mt_int(out, "resumed"), 1);
        muni_rec_free(out);
        same_as(target, digest);
        sound(target);
        take_away(target);
    }
    free(digest);
}
END_TEST

static int32_t stop(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total, (void)stage;
    return --*(int *)user <= 0;
}

START_TEST(copy__of_what_changed_meanwhile_begins_anew) {
    muni_rec *out = NULL;
    int left = 30;
    FAILS(muni_store_copy(m.admin, target, stop, &left, &out), MUNI_ECANCELLED);
    ck_assert_ptr_null(out);
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"印刷ができない\"}"));
    OK(muni_store_copy(m.admin, target, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "resumed"), 0);
    muni_rec_free(out);
    sound(target);
    /* once whole, it is no longer touched */
    OK(muni_store_copy(m.admin, target, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "resumed"), 1);
    muni_rec_free(out);
    OK(mt_update(m.admin, "ticket", ticket, 0, "{\"subject\":\"また印刷できない\"}"));
    FAILS(muni_store_copy(m.admin, target, NULL, NULL, &out), MUNI_EUNIQUE);
    sound(target);
}
END_TEST

START_TEST(copy__leaves_alone_what_is_there) {
    muni_rec *out = NULL;
    char file[120];
    mt other;
    int left = 30;
    FAILS(muni_store_copy(m.admin, m.path, NULL, NULL, &out), MUNI_EINVAL);
    FAILS(muni_store_copy(m.admin, ":memory:", NULL, NULL, &out), MUNI_EINVAL);
    FAILS(muni_store_copy(m.admin, "", NULL, NULL, &out), MUNI_EINVAL);
    FAILS(muni_store_copy(m.admin, NULL, NULL, NULL, &out), MUNI_EINVAL);
    FAILS(muni_store_copy(m.admin, target, NULL, NULL, NULL), MUNI_EINVAL);
    FAILS(muni_store_copy(m.admin, "/nowhere/at/all.db", NULL, NULL, &out), MUNI_ENOTFOUND);
    snprintf(file, sizeof file, "%s/notes.txt", m.dir);
    FILE *f = fopen(file, "w");
    ck_assert_ptr_nonnull(f);
    fputs("not a store", f);
    fclose(f);
    FAILS(muni_store_copy(m.admin, file, NULL, NULL, &out), MUNI_EUNIQUE);
    ck_assert_int_eq(access(file, F_OK), 0);
    unlink(file);
    mt_start(&other);
    FAILS(muni_store_copy(m.admin, other.path, NULL, NULL, &out), MUNI_EUNIQUE);
    ck_assert_int_eq(mt_count(other.admin, "{\"kind\":\"ticket\"}"), 0);
    /* nor what another copy left */
    FAILS(muni_store_copy(m.admin, target, stop, &left, &out), MUNI_ECANCELLED);
    FAILS(muni_store_copy(other.admin, target, NULL, NULL, &out), MUNI_EUNIQUE);
    ck_assert_ptr_null(out);
    mt_stop(&other);
    free(copied(m.admin, target));
    sound(target);
}
END_TEST

/* Another copies to the same place, and is quicker. */
static int32_t other_copies(int64_t done, int64_t total, const char *stage, void *user) {
    bool *did = user;
    (void)done, (void)total, (void)stage;
    if (!*did && !strcmp(stage, "copy"))
        ck_assert(!killed_copy(0));
    *did = true;
    return 0;
}

START_TEST(copy__by_two_is_made_by_one) {
    muni_rec *out = NULL;
    bool did = false;
    FAILS(muni_store_copy(m.admin, target, other_copies, &did, &out), MUNI_EBUSY);
    ck_assert(did);
    muni_rec *r = digest_of(m.path);
    same_as(target, mt_text(r, "digest"));
    muni_rec_free(r);
    sound(target);
}
END_TEST

/* Something else writes into the copy while it is made: it is found, and nobody can open it. */
static int32_t spoil(int64_t done, int64_t total, const char *stage, void *user) {
    bool *did = user;
    (void)done, (void)total;
    if (!*did && !strcmp(stage, "indexes")) {
        ck_assert_int_eq(place_sql(target, "UPDATE k_comment SET body = 'x'"), 1);
        *did = true;
    }
    return 0;
}

START_TEST(copy__that_differs_is_no_copy) {
    muni_rec *out = NULL;
    muni_db *db = NULL;
    bool did = false;
    FAILS(muni_store_copy(m.admin, target, spoil, &did, &out), MUNI_EIO);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "k_comment"));
    FAILS(muni_open(target, NULL, &db), MUNI_ESTATE);
    free(copied(m.admin, target)); /* anew */
    sound(target);
}
END_TEST

/* From a file to a server, back, and around: what a group took back is a gap on a server, which a file must not take for a loss. */
START_TEST(copy__goes_between_files_and_servers) {
    char files[2][120];
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_rec *out = NULL;
    for (int i = 0; i < 2; i++)
        snprintf(files[i], sizeof files[i], "%s/f%d.db", m.dir, i);
    OK(muni_session_begin(m.admin)); /* m is on the server */
    (void)mt_ticket(m.admin, "取り消される");
    OK(muni_session_rollback(m.admin));
    (void)mt_ticket(m.admin, "その後");
    mt_reopen(&m);
    char *first = copied(m.admin, files[0]);
    same_as(files[0], first);
    sound(files[0]);
    OK(muni_open(files[0], NULL, &db));
    OK(muni_db_set_now(db, NOON));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    char *second = copied(s, target);
    ck_assert_str_eq(first, second);
    same_as(target, first);
    sound(target);
    free(second);
    /* the file goes on: a row that is taken from its end is missed */
    int64_t id = mt_ticket(s, "ファイルで");
    OK(mt_update(s, "ticket", id, 0, "{\"subject\":\"ファイルで二度\"}"));
    muni_session_unref(s);
    muni_db_unref(db);
    s = NULL;
    db = NULL;
    sound(files[0]);
    ck_assert_int_eq(place_sql(files[0], "DELETE FROM m_history WHERE id = (SELECT max(id) FROM m_history)"), 1);
    OK(muni_open(files[0], NULL, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    OK(muni_audit_verify(s, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "verified"), 0);
    muni_rec_free(out);
    muni_session_unref(s);
    muni_db_unref(db);
    s = NULL;
    db = NULL;
    /* and from the server's copy to another file, where a row of before is missed */
    OK(muni_open(target, NULL, &db));
    OK(muni_db_set_now(db, NOON));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    second = copied(s, files[1]);
    ck_assert_str_eq(first, second);
    free(second);
    muni_session_unref(s);
    muni_db_unref(db);
    sound(files[1]);
    ck_assert_int_eq(place_sql(files[1], "DELETE FROM m_history WHERE id = (SELECT min(id) FROM m_history)"), 1);
    OK(muni_open(files[1], NULL, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    OK(muni_audit_verify(s, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "verified"), 0);
    muni_rec_free(out);
    muni_session_unref(s);
    muni_db_unref(db);
    for (int i = 0; i < 2; i++)
        take_away(files[i]);
    free(first);
}
END_TEST

Suite *suite_copy(void);
Suite *suite_copy(void) {
    Suite *s = suite_create("copy");
    TCase *t = tcase_create("copy");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, copy__digest_changes_with_every_byte);
    tcase_add_test(t, copy__is_the_same);
    tcase_add_test(t, copy__that_was_killed_goes_on);
    tcase_add_test(t, copy__of_what_changed_meanwhile_begins_anew);
    tcase_add_test(t, copy__leaves_alone_what_is_there);
    tcase_add_test(t, copy__by_two_is_made_by_one);
    tcase_add_test(t, copy__that_differs_is_no_copy);
    if (place_server())
        tcase_add_test(t, copy__goes_between_files_and_servers);
    suite_add_tcase(s, t);
    return s;
}
