/* History and its verification, attacked through SQLite as somebody with a shell would. */
#include "modeltest.h"
#include "rows.h"


static mt m;
static int64_t tickets[40];

static void start(void) {
    mt_start(&m);
    for (int i = 0; i < 40; i++) {
        tickets[i] = mt_ticket(m.admin, "番号");
        OK(mt_update(m.admin, "ticket", tickets[i], 0, "{\"subject\":\"変えた\",\"body\":\"本文\"}"));
        OK(mt_update(m.admin, "ticket", tickets[i], 0, "{\"subject\":\"また変えた\"}"));
    }
    (void)mt_create(m.admin, "person", "{\"staff_no\":\"0000001\",\"name\":\"防災　太郎\",\"born_on\":\"1990-01-01\"}");
}

static void stop(void) {
    mt_stop(&m);
}

static void shell(const char *sql) {
    muni_session_unref(m.admin);
    muni_db_unref(m.db);
    ck_assert_int_gt(place_sql(m.path, sql), 0);
    OK(muni_open(m.path, NULL, &m.db));
    OK(muni_db_session(m.db, "admin", "test", NULL, &m.admin));
}

/* Verify; every word must stand in the findings. NULL words: nothing may be found. */
static void expect(const char *const *words) {
    muni_rec *out = NULL;
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    const char *findings = mt_text(out, "findings");
    if (!words)
        ck_assert_msg(mt_int(out, "verified") == 1, "%s", findings);
    else
        ck_assert_int_eq(mt_int(out, "verified"), 0);
    for (; words && *words; words++)
        ck_assert_msg(strstr(findings, *words), "%s is not in %s", *words, findings);
    muni_rec_free(out);
}
#define NAMES(...) expect((const char *const[]){ __VA_ARGS__, NULL })

START_TEST(audit__whole_history_verifies_before_and_after_sealing) {
    muni_rec *out = NULL;
    expect(NULL);
    OK(muni_session_run_due(m.admin, &out));
    ck_assert_int_gt(mt_int(out, "sealed"), 100);
    muni_rec_free(out);
    expect(NULL);
    mt_reopen(&m);
    expect(NULL);
    OK(mt_update(m.admin, "ticket", tickets[0], 0, "{\"subject\":\"封印の後\"}"));
    expect(NULL);
}
END_TEST

START_TEST(audit__names_an_edited_value) {
    shell("UPDATE m_history SET ord=replace(ord,'また','まだ') WHERE id=(SELECT max(id) FROM m_history WHERE ord LIKE '%また%')");
    NAMES("VALUES_ALTERED");
}
END_TEST

ROWS("KAT-139")
START_TEST(audit__names_an_edited_actor) {
    shell("UPDATE m_history SET actor=actor+1 WHERE id=60");
    NAMES("ROW_ALTERED", "\"history\":60,");
}
END_TEST

ROWS("KAT-139")
START_TEST(audit__names_an_edited_time) {
    shell("UPDATE m_history SET at=at-86400 WHERE id=61");
    NAMES("ROW_ALTERED", "\"history\":61,");
}
END_TEST

START_TEST(audit__names_a_deleted_middle_row) {
    shell("DELETE FROM m_history WHERE id=70");
    NAMES("ROW_MISSING", place_server() ? "\"record\":" : "\"history\":70,", "BLOCK_BROKEN"); /* by its record's chain, or by its number */
}
END_TEST

START_TEST(audit__names_the_deleted_last_row) {
    shell("DELETE FROM m_history WHERE id=(SELECT max(id) FROM m_history)");
    NAMES(place_server() ? "RECORD_STRAY" : "TAIL_MISSING", "BLOCK_BROKEN"); /* where there are gaps, the record says it */
}
END_TEST

START_TEST(audit__names_the_deleted_last_ten) {
    shell("DELETE FROM m_history WHERE id>(SELECT max(id)-10 FROM m_history)");
    NAMES(place_server() ? "RECORD_STRAY" : "TAIL_MISSING", "RECORD_STRAY", "BLOCK_BROKEN");
}
END_TEST

START_TEST(audit__names_swapped_rows) {
    shell("UPDATE m_history SET id=-1 WHERE id=80;UPDATE m_history SET id=80 WHERE id=81;UPDATE m_history SET id=81 WHERE id=-1");
    NAMES("ROW_ALTERED", "\"history\":80,", "\"history\":81,");
}
END_TEST

START_TEST(audit__names_an_inserted_row) {
    shell("INSERT INTO m_history SELECT (SELECT max(id)+100 FROM m_history),kind,rec,rev,action,actor,app,reason,at,flags,prev,ord_digest,per_digest,hash,ord,ord_salt,per,per_salt "
          "FROM m_history WHERE id=90");
    NAMES("ROW_INSERTED", "COUNTER_ALTERED");
}
END_TEST

START_TEST(audit__names_a_record_changed_without_history) {
    char sql[200], id[64];
    snprintf(sql, sizeof sql, "UPDATE k_ticket SET subject='書き換えた' WHERE id=%lld", (long long)tickets[5]);
    snprintf(id, sizeof id, "\"record\":%lld,", (long long)tickets[5]);
    shell(sql);
    NAMES("RECORD_ALTERED", id, "\"field\":\"subject\"");
}
END_TEST

START_TEST(audit__names_a_value_that_no_row_changed) {
    shell("UPDATE k_ticket SET month=202001 WHERE id=(SELECT max(id) FROM k_ticket)");
    NAMES("RECORD_ALTERED");
    shell("UPDATE k_person SET born_on='1991-01-01'");
    NAMES("RECORD_ALTERED", "\"kind\":\"person\"");
}
END_TEST

START_TEST(audit__names_a_deleted_and_a_stray_record) {
    char id[64];
    snprintf(id, sizeof id, "\"record\":%lld,", (long long)tickets[7]);
    char sql[200];
    snprintf(sql, sizeof sql, "DELETE FROM k_ticket WHERE id=%lld", (long long)tickets[7]);
    shell(sql);
    NAMES("RECORD_MISSING", id);
    shell("INSERT INTO k_desk(id,rev,code,code_key,name,created_at,updated_at) VALUES(99999,1,'x','x','x',1,1)");
    NAMES("RECORD_STRAY", "\"record\":99999,");
}
END_TEST

/* The folded form decides who is found: to change it is to change who somebody is. */
START_TEST(audit__names_an_edited_key) {
    (void)mt_create(m.admin, "principal", "{\"login\":\"clerk\",\"name\":\"係\"}");
    shell("UPDATE k_principal SET login_key='somebody' WHERE login='clerk'"); /* an application that vouches for somebody lets in the clerk */
    NAMES("KEY_ALTERED", "\"kind\":\"principal\"", "\"field\":\"login\"");
    shell("UPDATE k_principal SET login_key='clerk' WHERE login='clerk';UPDATE k_person SET staff_no_key=NULL");
    NAMES("KEY_ALTERED", "\"kind\":\"person\"", "\"field\":\"staff_no\"");
}
END_TEST

START_TEST(audit__names_a_stray_record_with_the_id_of_another) {
    char sql[200], id[64];
    snprintf(sql, sizeof sql, "INSERT INTO k_desk(id,rev,code,code_key,name,created_at,updated_at) VALUES(%lld,1,'x','x','x',1,1)", (long long)tickets[3]);
    snprintf(id, sizeof id, "\"kind\":\"desk\",\"record\":%lld,", (long long)tickets[3]);
    shell(sql);
    NAMES("RECORD_STRAY", id);
}
END_TEST

START_TEST(audit__names_values_that_no_field_can_have) {
    shell("UPDATE k_ticket SET reported_at=9000000000000000000 WHERE id=(SELECT min(id) FROM k_ticket)");
    NAMES("RECORD_ALTERED");
    shell("UPDATE k_ticket SET reported_at=1700000000;UPDATE k_ticket SET closed_at=-9000000000000000000 WHERE id=(SELECT min(id) FROM k_ticket)");
    NAMES("RECORD_ALTERED");
    shell("UPDATE k_ticket SET closed_at=NULL");
    expect(NULL);
    OK(mt_update(m.admin, "ticket", tickets[9], 0, "{\"confidential\":true}"));
    shell("UPDATE k_ticket SET confidential=2 WHERE confidential=1");
    NAMES("RECORD_ALTERED", "\"field\":\"confidential\"");
}
END_TEST

START_TEST(audit__names_the_counters_of_sealing) {
    shell("UPDATE m_seq SET value=value-1 WHERE name='sealed'");
    NAMES("COUNTER_ALTERED");
    shell("UPDATE m_seq SET value=value+1 WHERE name='sealed';UPDATE m_seq SET value=value-1 WHERE name='block'");
    NAMES("COUNTER_ALTERED");
}
END_TEST

/* A document as deep as it may be stands one deeper in its record and two in the history. */
START_TEST(audit__reads_what_may_be_written) {
    char deep[200] = "{\"a\":";
    muni_rec *rec = NULL, *r = NULL;
    muni_cursor *c = NULL;
    size_t n = strlen(deep);
    memset(deep + n, '[', 63);
    memset(deep + n + 63, ']', 63);
    strcpy(deep + n + 126, "}");
    OK(muni_rec_new(&rec));
    OK(muni_rec_set_json(rec, "custom", deep, MUNI_ZERO_TERMINATED));
    OK(muni_session_update(m.admin, "ticket", tickets[0], 0, rec, NULL));
    muni_rec_free(rec);
    expect(NULL);
    OK(muni_session_history(m.admin, "ticket", tickets[0], &c));
    muni_status st;
    while ((st = muni_cursor_next(c, &r)) == MUNI_ROW)
        muni_rec_free(r);
    OK(st);
    muni_cursor_unref(c);
}
END_TEST

START_TEST(audit__names_an_altered_and_a_missing_block) {
    shell("UPDATE m_block SET root=prev WHERE no=1");
    NAMES("BLOCK_ALTERED", "BLOCK_BROKEN");
    shell("DELETE FROM m_block");
    NAMES("BLOCK_MISSING");
}
END_TEST

START_TEST(audit__values_destroyed_on_purpose_leave_the_chain_whole) {
    muni_rec *out = NULL;
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "destroyed"), 0);
    muni_rec_free(out);
    shell("UPDATE m_history SET ord=NULL,ord_salt=NULL WHERE rec IN (SELECT id FROM k_ticket)");
    expect(NULL);
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "destroyed"), 3 * 40); /* each ticket was created and changed twice */
    muni_rec_free(out);
}
END_TEST

START_TEST(history__tells_who_when_and_what_with_titles) {
    muni_cursor *c = NULL;
    muni_rec *r = NULL;
    OK(muni_session_history(m.admin, "ticket", tickets[0], &c));
    ck_assert_int_eq(muni_cursor_next(c, &r), MUNI_ROW);
    ck_assert_str_eq(mt_text(r, "action"), "create");
    ck_assert_str_eq(mt_text(r, "changes"), "[]");
    muni_rec_free(r);
    ck_assert_int_eq(muni_cursor_next(c, &r), MUNI_ROW);
    ck_assert_str_eq(mt_text(r, "action"), "update");
    ck_assert_str_eq(mt_text(r, "actor_name"), "管理者");
    ck_assert_int_eq(mt_int(r, "at"), NOON);
    ck_assert_str_eq(mt_text(r, "changes"), "[{\"field\":\"body\",\"title\":\"内容\",\"before\":null,\"after\":\"本文\"},"
                                            "{\"field\":\"subject\",\"title\":\"件名\",\"before\":\"番号\",\"after\":\"変えた\"}]");
    muni_rec_free(r);
    ck_assert_int_eq(muni_cursor_next(c, &r), MUNI_ROW);
    muni_rec_free(r);
    ck_assert_int_eq(muni_cursor_next(c, &r), MUNI_OK);
    ck_assert_ptr_null(r);
    muni_cursor_unref(c);
}
END_TEST

START_TEST(history__clock_that_went_back_is_flagged_and_never_runs_backwards) {
    muni_cursor *c = NULL;
    muni_rec *r = NULL;
    int64_t last = 0;
    OK(muni_db_set_now(m.db, NOON - 3600));
    OK(mt_update(m.admin, "ticket", tickets[0], 0, "{\"subject\":\"戻った時計\"}"));
    OK(muni_session_history(m.admin, "ticket", tickets[0], &c));
    while (muni_cursor_next(c, &r) == MUNI_ROW) {
        ck_assert_int_ge(mt_int(r, "at"), last);
        last = mt_int(r, "at");
        muni_rec_free(r);
    }
    muni_cursor_unref(c);
    expect(NULL);
}
END_TEST

Suite *suite_audit(void);
Suite *suite_audit(void) {
    Suite *s = suite_create("audit");
    TCase *t = tcase_create("audit");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, audit__whole_history_verifies_before_and_after_sealing);
    tcase_add_test(t, audit__names_an_edited_value);
    tcase_add_test(t, audit__names_an_edited_actor);
    tcase_add_test(t, audit__names_an_edited_time);
    tcase_add_test(t, audit__names_a_deleted_middle_row);
    tcase_add_test(t, audit__names_the_deleted_last_row);
    tcase_add_test(t, audit__names_the_deleted_last_ten);
    tcase_add_test(t, audit__names_swapped_rows);
    tcase_add_test(t, audit__names_an_inserted_row);
    tcase_add_test(t, audit__names_a_record_changed_without_history);
    tcase_add_test(t, audit__names_a_value_that_no_row_changed);
    tcase_add_test(t, audit__names_a_deleted_and_a_stray_record);
    tcase_add_test(t, audit__names_an_edited_key);
    tcase_add_test(t, audit__names_a_stray_record_with_the_id_of_another);
    tcase_add_test(t, audit__names_values_that_no_field_can_have);
    tcase_add_test(t, audit__names_the_counters_of_sealing);
    tcase_add_test(t, audit__reads_what_may_be_written);
    tcase_add_test(t, audit__names_an_altered_and_a_missing_block);
    tcase_add_test(t, audit__values_destroyed_on_purpose_leave_the_chain_whole);
    tcase_add_test(t, history__tells_who_when_and_what_with_titles);
    tcase_add_test(t, history__clock_that_went_back_is_flagged_and_never_runs_backwards);
    suite_add_tcase(s, t);
    return s;
}
