/* muni_store_check and its repair: everything that can be wrong is planted through SQLite, as a bad disk or somebody with a shell would, named,
 * repaired where it follows from records, and left as it is where it does not. The index made anew while others write. */
#include "modeltest.h"

#include "core/base.h"
#include "fault.h"

#include <sqlite3.h>

static mt m;
static int64_t ticket, desk;

static void start(void) {
    mt_start(&m);
    desk = mt_create(m.admin, "desk", "{\"code\":\"D1\",\"name\":\"窓口\"}");
    for (int i = 0; i < 12; i++)
        ticket = mt_ticket(m.admin, "印刷できない");
    char json[160];
    snprintf(json, sizeof json, "{\"desk\":%lld,\"body\":\"トナー\"}", (long long)desk);
    OK(mt_update(m.admin, "ticket", ticket, 0, json));
    OK(muni_session_comment(m.admin, "ticket", ticket, "複合機を再起動した", NULL));
    (void)mt_create(m.admin, "person", "{\"staff_no\":\"0000001\",\"name\":\"防災　太郎\"}");
}

static void stop(void) {
    mt_stop(&m);
}

static void close_store(void) {
    muni_session_unref(m.admin);
    muni_db_unref(m.db);
    m.admin = NULL;
    m.db = NULL;
}

static void open_store(void) {
    OK(muni_open(m.path, NULL, &m.db));
    OK(muni_db_set_now(m.db, NOON));
    OK(muni_db_session(m.db, "admin", "test", NULL, &m.admin));
}

static void shell(const char *sql) {
    close_store();
    ck_assert_int_gt(place_sql(m.path, sql), 0);
    open_store();
}

/* What the check finds; the caller frees. */
static muni_rec *checked(int repair) {
    muni_rec *out = NULL;
    OK(muni_store_check(m.admin, repair, NULL, NULL, &out));
    return out;
}

static void whole(void) {
    muni_rec *out = checked(0);
    ck_assert_msg(mt_int(out, "whole") == 1 && mt_int(out, "problems") == 0, "%.800s", mt_text(out, "findings"));
    muni_rec_free(out);
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_msg(mt_int(out, "verified") == 1, "%.800s", mt_text(out, "findings"));
    muni_rec_free(out);
}

static void finds(int repair, const char *code, const char *how) {
    muni_rec *out = checked(repair);
    char name[80], repaired[40];
    snprintf(name, sizeof name, "\"code\":\"%s\"", code);
    snprintf(repaired, sizeof repaired, "\"repair\":\"%s\"", how);
    const char *findings = mt_text(out, "findings"), *p = strstr(findings, name);
    ck_assert_msg(p != NULL, "%s is not in %.800s", code, findings);
    const char *end = strchr(p, '}');
    ck_assert_msg(end && strstr(p, repaired) && strstr(p, repaired) < end, "%s is not %s in %.800s", code, how, findings);
    ck_assert_int_eq(mt_int(out, "whole"), !strcmp(how, "done"));
    ck_assert_int_eq(mt_int(out, "repaired"), !strcmp(how, "done") ? mt_int(out, "problems") : mt_int(out, "repaired"));
    muni_rec_free(out);
}

static const struct {
    const char *code, *sql, *server; /* on the server: NULL: the same, "": there is no such thing */
} derived[] = {
    { "NUMBER_BEHIND", "UPDATE m_seq SET value=3 WHERE name='id'", "SELECT setval('s_id', 3)" },
    { "NUMBER_BEHIND", "UPDATE m_seq SET value=1 WHERE name='number/ticket-incident/FY2023'", NULL },
    { "NUMBER_BEHIND", "DELETE FROM m_seq WHERE name='number/ticket-incident/FY2023'", NULL },
    { "COUNTER_ALTERED", "UPDATE m_seq SET value=4 WHERE name='history'", "SELECT setval('s_history', 4)" },
    { "COUNTER_ALTERED", "UPDATE m_seq SET value=0 WHERE name='sealed'", NULL },
    { "COUNTER_ALTERED", "DELETE FROM m_seq WHERE name='block'", NULL },
    { "KEY_ALTERED", "UPDATE k_desk SET code_key='zz'", NULL },
    { "KEY_ALTERED", "UPDATE k_person SET staff_no_key=NULL", NULL },
    { "KEY_ALTERED", "UPDATE k_ticket SET number_key='x'||number_key WHERE id=(SELECT max(id) FROM k_ticket)", NULL },
    { "DOCUMENT_MISSING", "DELETE FROM m_doc WHERE doc=(SELECT max(id) FROM k_ticket)", NULL },
    { "DOCUMENT_MISSING", "DELETE FROM m_doc WHERE part<>0", NULL },
    { "DOCUMENT_ALTERED", "UPDATE m_doc SET keys=keys||'x' WHERE doc=(SELECT max(id) FROM k_ticket)", NULL },
    { "DOCUMENT_ALTERED", "UPDATE m_doc SET rec=rec-1 WHERE part<>0", NULL },
    { "DOCUMENT_STRAY", "INSERT INTO m_doc SELECT 88888,part,kind,88888,keys FROM m_doc WHERE doc=(SELECT max(id) FROM k_ticket)", NULL },
    { "INDEX_ALTERED", "INSERT INTO m_doc_index(m_doc_index) VALUES('delete-all');UPDATE m_seq SET value=value", "UPDATE m_doc SET tok=''" },
    { "INDEX_ALTERED", "INSERT INTO m_doc_index(rowid,keys) VALUES((SELECT max(id) FROM k_ticket),'ab cd')",
      "UPDATE m_doc SET tok=tok||'ab'::tsvector WHERE doc=(SELECT max(id) FROM k_ticket)" },
    { "INDEX_ALTERED", "INSERT INTO m_doc_index(rowid,keys) VALUES(99999,'ab cd')", "UPDATE m_doc SET tok=NULL WHERE part<>0" },
    /* the tree of an index exchanged for that of an empty one */
    { "FILE_INDEX_DAMAGED", "CREATE INDEX x_none ON k_ticket(desk) WHERE id<0;PRAGMA writable_schema=ON;"
                            "CREATE TEMP TABLE r AS SELECT name,rootpage FROM sqlite_master WHERE name IN ('x_none','i_ticket_desk');"
                            "UPDATE sqlite_master SET rootpage=(SELECT rootpage FROM r WHERE r.name<>sqlite_master.name) WHERE name IN ('x_none','i_ticket_desk');", "" },
};

START_TEST(check__repairs_what_follows_from_records) {
    const char *sql = place_server() && derived[_i].server ? derived[_i].server : derived[_i].sql;
    if (!*sql)
        return;
    whole();
    shell(sql);
    finds(0, derived[_i].code, "possible");
    finds(0, derived[_i].code, "possible"); /* looking changes nothing */
    finds(1, derived[_i].code, "done");
    whole();
    mt_reopen(&m);
    whole();
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"印刷\"}"), 12);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"再起動\"}"), 1);
    /* and what comes next has an id and a number that nobody had */
    int64_t next = mt_ticket(m.admin, "次");
    ck_assert_int_gt(next, ticket);
    muni_rec *r = mt_get(m.admin, "ticket", next, "number");
    ck_assert_str_eq(mt_text(r, "number"), "INC-2023-00013");
    muni_rec_free(r);
    whole();
}
END_TEST

static const struct {
    const char *code, *sql;
} lasting[] = {
    { "REFERENCE_ORPHAN", "UPDATE k_ticket SET desk=77777 WHERE desk IS NOT NULL" },
    { "REFERENCE_ORPHAN", "UPDATE k_comment SET about=77777" },
    { "REFERENCE_ORPHAN", "UPDATE k_ticket SET lifecycle=77777" },
    { "RECORD_ALTERED", "UPDATE k_ticket SET subject='書き換えた' WHERE id=(SELECT max(id) FROM k_ticket)" },
    { "RECORD_MISSING", "DELETE FROM k_desk" },
    { "RECORD_STRAY", "INSERT INTO k_desk(id,rev,code,code_key,name,created_at,updated_at) VALUES(1,1,'x','x','x',1,1)" },
    { "ROW_MISSING|RECORD_STRAY", "DELETE FROM m_history WHERE id=30" }, /* in a file, on a server */
    { "TAIL_MISSING|RECORD_STRAY", "DELETE FROM m_history WHERE id=(SELECT max(id) FROM m_history)" },
    { "BLOCK_MISSING", "DELETE FROM m_block" },
    { "VALUES_ALTERED", "UPDATE m_history SET ord=replace(ord,'トナー','ドラム') WHERE ord LIKE '%トナー%'" },
};

START_TEST(check__tells_and_leaves_what_does_not) {
    char code[40];
    const char *bar = strchr(lasting[_i].code, '|');
    snprintf(code, sizeof code, "%s", bar && place_server() ? bar + 1 : lasting[_i].code);
    code[strcspn(code, "|")] = '\0';
    shell(lasting[_i].sql);
    finds(0, code, "none");
    finds(1, code, "none");
    finds(0, code, "none"); /* repairing has not hidden it */
}
END_TEST

/* A page full of nothing, where a table begins. */
static void damage(const char *table) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    char page[4096];
    close_store();
    ck_assert_int_eq(sqlite3_open(m.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT rootpage FROM sqlite_master WHERE name=?1", -1, &s, NULL), SQLITE_OK);
    sqlite3_bind_text(s, 1, table, -1, SQLITE_STATIC);
    ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
    long root = (long)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    FILE *f = fopen(m.path, "r+b");
    ck_assert_ptr_nonnull(f);
    memset(page, 0xff, sizeof page);
    ck_assert_int_eq(fseek(f, (root - 1) * 4096, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(page, sizeof page, 1, f), 1);
    ck_assert_int_eq(fclose(f), 0);
    open_store();
}

START_TEST(check__tells_of_a_damaged_file) {
    static const char *const tables[] = { "k_requirement", "k_comment", "m_plan_row", "m_history_rec", "m_block" };
    damage(tables[_i]);
    finds(0, "FILE_DAMAGED", "none");
    finds(1, "FILE_DAMAGED", "none");
    muni_rec_free(mt_get(m.admin, "ticket", ticket, NULL)); /* what is not damaged is there */
}
END_TEST

START_TEST(check__needs_rights_and_no_group) {
    muni_rec *out = NULL;
    muni_session *clerk = mt_person(&m, "clerk", "operator");
    FAILS(muni_store_check(clerk, 0, NULL, NULL, &out), MUNI_EDENIED);
    FAILS(muni_store_check(clerk, 1, NULL, NULL, &out), MUNI_EDENIED);
    FAILS(muni_store_reindex(clerk, NULL, NULL, &out), MUNI_EDENIED);
    FAILS(muni_store_statistics(clerk, &out), MUNI_EDENIED);
    FAILS(muni_store_vacuum(clerk, &out), MUNI_EDENIED);
    ck_assert_ptr_null(out);
    muni_session_unref(clerk);
    OK(muni_session_begin(m.admin));
    FAILS(muni_store_check(m.admin, 1, NULL, NULL, &out), MUNI_ESTATE);
    FAILS(muni_store_reindex(m.admin, NULL, NULL, &out), MUNI_ESTATE);
    FAILS(muni_store_vacuum(m.admin, &out), MUNI_ESTATE);
    OK(muni_session_rollback(m.admin));
    FAILS(muni_store_check(m.admin, 0, NULL, NULL, NULL), MUNI_EINVAL);
    FAILS(muni_store_check(NULL, 0, NULL, NULL, &out), MUNI_ECLOSED);
    whole();
}
END_TEST

static int32_t cancels(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total, (void)stage;
    int *left = user;
    return (*left)-- <= 0;
}

START_TEST(check__cancelled_anywhere_can_be_done_again) {
    shell("DELETE FROM m_doc WHERE doc=(SELECT max(id) FROM k_ticket);UPDATE m_seq SET value=1 WHERE name='id';UPDATE k_desk SET code_key='zz'");
    shell(place_server() ? "UPDATE m_doc SET tok=''" : "INSERT INTO m_doc_index(m_doc_index) VALUES('delete-all');UPDATE m_seq SET value=value");
    muni_status st;
    int calls = 0;
    do {
        muni_rec *out = NULL;
        int left = calls++;
        st = muni_store_check(m.admin, 1, cancels, &left, &out);
        ck_assert(st == MUNI_OK || (st == MUNI_ECANCELLED && !out));
        muni_rec_free(out);
    } while (st != MUNI_OK);
    ck_assert_int_gt(calls, 5);
    whole();
}
END_TEST

START_TEST(check__every_allocation_may_fail) {
    muni_rec *out = NULL;
    muni_status st;
    FAULT_LOOP(st, muni_store_check(m.admin, 0, NULL, NULL, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    out = NULL;
    shell("DELETE FROM m_doc WHERE doc=(SELECT max(id) FROM k_ticket);UPDATE m_seq SET value=1 WHERE name='id';UPDATE k_desk SET code_key='zz'");
    FAULT_LOOP(st, muni_store_check(m.admin, 1, NULL, NULL, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    out = NULL;
    whole();
    FAULT_LOOP(st, muni_store_reindex(m.admin, NULL, NULL, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    out = NULL;
    FAULT_LOOP(st, muni_store_statistics(m.admin, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    out = NULL;
    FAULT_LOOP(st, muni_store_vacuum(m.admin, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    whole();
}
END_TEST

/* ---- the index made anew */

static int64_t found(const char *words) {
    char json[160];
    snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"words\":\"%s\"}", words);
    return mt_count(m.admin, json);
}

static void many(int n) {
    muni_rec *rec = mt_rec("{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"回線が遅い\"}");
    for (int i = 0; i < n; i++) {
        if (i % 1000 == 0)
            OK(muni_session_begin(m.admin));
        OK(muni_session_create(m.admin, "ticket", rec, NULL));
        if (i % 1000 == 999 || i == n - 1)
            OK(muni_session_commit(m.admin));
    }
    muni_rec_free(rec);
}

START_TEST(reindex__the_old_one_serves_while_others_write) {
    muni_rec *out = NULL;
    many(4300);
    int64_t first = ticket;
    for (int stopped = 0; stopped < 2; stopped++) {
        int left = 0; /* stop after one piece */
        FAILS(muni_store_reindex(m.admin, cancels, &left, &out), MUNI_ECANCELLED);
        ck_assert_ptr_null(out);
        ck_assert_int_eq(found("回線"), 4300 + stopped);
        /* on both sides of where it is, and indexed at once */
        OK(mt_update(m.admin, "ticket", first, 0, stopped ? "{\"subject\":\"停電\"}" : "{\"subject\":\"断水\"}"));
        OK(mt_update(m.admin, "ticket", mt_ticket(m.admin, "回線の増設"), 0, "{\"body\":\"来年度\"}"));
        muni_rec *due = NULL;
        OK(muni_session_run_due(m.admin, &due));
        muni_rec_free(due);
        ck_assert_int_eq(found("回線"), 4301 + stopped);
        ck_assert_int_eq(found("断水"), !stopped);
        ck_assert_int_eq(found("停電"), stopped);
        whole(); /* the one that serves is right */
    }
    OK(muni_store_reindex(m.admin, NULL, NULL, &out));
    ck_assert_int_gt(mt_int(out, "documents"), 4300); /* of all its pieces, those of before too */
    muni_rec_free(out);
    ck_assert_int_eq(found("回線"), 4302);
    ck_assert_int_eq(found("断水"), 0);
    ck_assert_int_eq(found("停電"), 1);
    ck_assert_int_eq(found("再起動"), 1);
    whole();
    mt_reopen(&m);
    whole();
    /* again, from the beginning */
    OK(muni_store_reindex(m.admin, NULL, NULL, &out));
    muni_rec_free(out);
    whole();
}
END_TEST

/* Each stands behind the one before it: "CODE record". */
static void in_order(const muni_rec *out, const char *const *words, size_t n) {
    const char *findings = mt_text(out, "findings"), *p = findings;
    for (size_t i = 0; i < n; i++) {
        char code[80], wanted[120];
        long long record = 0;
        ck_assert_int_eq(sscanf(words[i], "%79s %lld", code, &record), 2);
        snprintf(wanted, sizeof wanted, "\"record\":%lld,", record);
        for (char *end; (p = strstr(p, code)) && !((end = strstr(p, wanted)) && end < strchr(p, '}'));)
            p++;
        ck_assert_msg(p != NULL, "%s is not in its place in %.2000s", words[i], findings);
    }
}

/* Records are asked for by pieces: what is wrong stands at their ends, and where the pieces become short because records are long. */
START_TEST(check__pieces_tell_the_same_in_the_same_order) {
    static char body[60000], json[61000], sql[4000], words[16][80];
    const char *expected[MUNI_COUNT(words)];
    muni_rec *out = NULL;
    size_t n = 0;
    int at = 0;
    for (size_t i = 0; i + 3 < sizeof body; i += 3)
        memcpy(body + i, "印", 3);
    many(1100);
    OK(muni_session_find(m.admin, "ticket", "INC-2023-00013", NULL, &out));
    int64_t first = mt_int(out, "id"), last = first + 1099;
    muni_rec_free(out);
    snprintf(json, sizeof json, "{\"body\":\"%s\"}", body);
    OK(muni_session_begin(m.admin));
    for (int64_t id = first + 600; id < first + 800; id++)
        OK(mt_update(m.admin, "ticket", id, 0, json));
    OK(muni_session_commit(m.admin));
    whole();
    const int64_t places[] = { first, first + 487, first + 488, first + 669, first + 670, last };
    for (size_t i = 0; i < MUNI_COUNT(places); i++) {
        long long id = (long long)places[i];
        at += snprintf(sql + at, sizeof sql - (size_t)at, "UPDATE k_ticket SET number_key='x%lld',desk=%lld WHERE id=%lld;", id, i % 2 ? 77777 + id : (long long)desk, id);
        at += snprintf(sql + at, sizeof sql - (size_t)at, i % 3 ? "UPDATE m_doc SET keys=keys||'x' WHERE doc=%lld;" : "DELETE FROM m_doc WHERE doc=%lld;", id);
        snprintf(words[n++], sizeof words[0], "KEY_ALTERED %lld", id);
        snprintf(words[n++], sizeof words[0], "DOCUMENT_%s %lld", i % 3 ? "ALTERED" : "MISSING", id);
        if (i % 2)
            snprintf(words[n++], sizeof words[0], "REFERENCE_ORPHAN %lld", id);
    }
    at += snprintf(sql + at, sizeof sql - (size_t)at, "INSERT INTO m_doc SELECT %lld,part,kind,%lld,keys FROM m_doc WHERE doc=%lld", (long long)last + 900, (long long)last + 900,
                   (long long)first + 1);
    snprintf(words[n++], sizeof words[0], "DOCUMENT_STRAY %lld", (long long)last + 900);
    for (size_t i = 0; i < n; i++)
        expected[i] = words[i];
    shell(sql);
    for (int repair = 0; repair < 2; repair++) {
        out = checked(repair);
        in_order(out, expected, n);
        ck_assert_int_ge(mt_int(out, "repaired"), repair ? 13 : 0); /* and the index of those documents */
        muni_rec_free(out);
    }
    out = checked(0);
    ck_assert_ptr_null(strstr(mt_text(out, "findings"), "DOCUMENT"));
    ck_assert_ptr_null(strstr(mt_text(out, "findings"), "KEY"));
    muni_rec_free(out);
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    for (size_t i = 0; i < MUNI_COUNT(places); i++) {
        snprintf(words[i], sizeof words[0], "RECORD_ALTERED %lld", (long long)places[i]);
        expected[i] = words[i];
    }
    in_order(out, expected, MUNI_COUNT(places));
    ck_assert_int_eq(mt_int(out, "problems"), MUNI_COUNT(places));
    muni_rec_free(out);
}
END_TEST

START_TEST(vacuum__gives_room_back_and_changes_nothing) {
    muni_rec *out = NULL;
    many(1500);
    OK(muni_store_reindex(m.admin, NULL, NULL, &out)); /* leaves the old one's room behind */
    muni_rec_free(out);
    OK(muni_store_statistics(m.admin, &out));
    ck_assert(mt_int(out, "free_bytes") > 0 || place_server()); /* which does not tell */
    muni_rec_free(out);
    OK(muni_store_vacuum(m.admin, &out));
    ck_assert(mt_int(out, "bytes") < mt_int(out, "bytes_before") || place_server()); /* which keeps what is free for what comes */
    muni_rec_free(out);
    OK(muni_store_statistics(m.admin, &out));
    ck_assert_int_eq(mt_int(out, "free_bytes"), 0);
    muni_rec_free(out);
    whole();
    ck_assert_int_eq(found("回線"), 1500);
}
END_TEST

Suite *suite_check(void);
Suite *suite_check(void) {
    Suite *s = suite_create("check");
    TCase *t = tcase_create("check");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, check__repairs_what_follows_from_records, 0, (int)MUNI_COUNT(derived));
    tcase_add_loop_test(t, check__tells_and_leaves_what_does_not, 0, (int)MUNI_COUNT(lasting));
    if (!place_server())
        tcase_add_loop_test(t, check__tells_of_a_damaged_file, 0, 5);
    tcase_add_test(t, check__needs_rights_and_no_group);
    tcase_add_test(t, check__cancelled_anywhere_can_be_done_again);
    tcase_add_test(t, check__every_allocation_may_fail);
    tcase_add_test(t, check__pieces_tell_the_same_in_the_same_order);
    tcase_add_test(t, reindex__the_old_one_serves_while_others_write);
    tcase_add_test(t, vacuum__gives_room_back_and_changes_nothing);
    suite_add_tcase(s, t);
    return s;
}
