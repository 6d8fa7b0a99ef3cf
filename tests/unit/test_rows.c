/* Acceptance checks of docs/requirements/ that no other test performs, through the public calls. */
#include "modeltest.h"
#include "rows.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>

static mt m;

static void start(void) {
    mt_start(&m);
}

static void stop(void) {
    mt_stop(&m);
}

/* SQLite must not be open across a fork: what children use, they open themselves. */
static void leave_store(void) {
    muni_session_unref(m.admin);
    muni_db_unref(m.db);
    m.admin = NULL;
    m.db = NULL;
}

static void verify(void) {
    muni_rec *out = NULL;
    OK(muni_audit_verify(m.admin, NULL, NULL, &out));
    ck_assert_msg(mt_int(out, "verified") == 1, "%s", mt_text(out, "findings"));
    muni_rec_free(out);
}

/* The records of a query, at most `most`; answers how many. */
static int list(muni_session *s, const char *query, muni_rec **out, int most) {
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    muni_status st = MUNI_OK;
    int n = 0;
    OK(muni_query_parse(query, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(s, q, &c));
    muni_query_free(q);
    while (n < most && (st = muni_cursor_next(c, &out[n])) == MUNI_ROW)
        n++;
    if (n == most) {
        muni_rec *more = NULL;
        st = muni_cursor_next(c, &more);
        ck_assert_msg(st == MUNI_OK, "there are more than %d", most);
    }
    OK(st);
    muni_cursor_unref(c);
    return n;
}

static void drop(muni_rec **recs, int n) {
    for (int i = 0; i < n; i++)
        muni_rec_free(recs[i]);
}

static int64_t principal_of(muni_session *s) {
    muni_rec *me = NULL;
    OK(muni_session_whoami(s, &me));
    int64_t id = mt_int(me, "principal");
    muni_rec_free(me);
    return id;
}

/* ---- inquiries */

ROWS("KAT-KB-03")
START_TEST(rows__identical_posts_are_two_inquiries_each_in_its_queue) {
    int64_t desks[2] = { mt_create(m.admin, "desk", "{\"code\":\"A\",\"name\":\"情報システム課\"}"), mt_create(m.admin, "desk", "{\"code\":\"B\",\"name\":\"ヘルプデスク\"}") };
    static const int targets[] = { 0, 0, 1, 1 }; /* the same post twice to each */
    muni_rec *posts[4] = { NULL }, *queue[4] = { NULL };
    char json[256];
    for (int i = 0; i < 4; i++) {
        snprintf(json, sizeof json, "{\"type\":\"inquiry\",\"category\":\"support\",\"subject\":\"印刷できない\",\"body\":\"紙が詰まる\",\"desk\":%lld}", (long long)desks[targets[i]]);
        OK(mt_try(m.admin, "ticket", json, &posts[i]));
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(mt_text(posts[i], "number"), mt_text(posts[k], "number"));
    }
    for (int d = 0; d < 2; d++) {
        snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"where\":{\"field\":\"desk\",\"op\":\"eq\",\"value\":%lld},\"order\":[\"id\"]}", (long long)desks[d]);
        ck_assert_int_eq(list(m.admin, json, queue, 4), 2);
        for (int i = 0; i < 2; i++)
            ck_assert_str_eq(mt_text(queue[i], "number"), mt_text(posts[2 * d + i], "number"));
        drop(queue, 2);
    }
    drop(posts, 4);
}
END_TEST

ROWS("KAT-KB-05")
START_TEST(rows__agent_sees_the_three_of_ten_that_are_theirs_with_their_bodies) {
    char json[256], body[64];
    muni_rec *seen[10] = { NULL }, *out = NULL;
    int64_t ids[10], group = mt_create(m.admin, "group", "{\"code\":\"agent\",\"name\":\"担当者\"}");
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"ticket\",\"verb\":\"read\",\"scope\":\"own\"}", (long long)group);
    (void)mt_create(m.admin, "grant", json);
    muni_session *agent = mt_person(&m, "agent1", "agent"), *other = mt_person(&m, "agent2", "agent");
    int64_t me = principal_of(agent), they = principal_of(other);
    for (int i = 0; i < 10; i++) {
        snprintf(json, sizeof json, "{\"type\":\"inquiry\",\"category\":\"support\",\"subject\":\"件名%d\",\"body\":\"内容%d\",\"assignee\":%lld}", i, i, (long long)(i % 4 == 1 ? me : they));
        ids[i] = mt_create(m.admin, "ticket", json);
    }
    ck_assert_int_eq(list(agent, "{\"kind\":\"ticket\",\"order\":[\"id\"]}", seen, 10), 3);
    for (int i = 0; i < 3; i++) {
        snprintf(body, sizeof body, "内容%d", 4 * i + 1);
        ck_assert_int_eq(mt_int(seen[i], "id"), ids[4 * i + 1]);
        ck_assert_str_eq(mt_text(seen[i], "body"), body);
    }
    drop(seen, 3);
    for (int i = 0; i < 10; i++)
        if (i % 4 == 1) {
            OK(muni_session_get(agent, "ticket", ids[i], "body", &out));
            muni_rec_free(out);
        } else {
            FAILS(muni_session_get(agent, "ticket", ids[i], NULL, &out), MUNI_ENOTFOUND);
        }
    ck_assert_int_eq(mt_count(agent, "{\"kind\":\"ticket\"}"), 3);
    ck_assert_int_eq(mt_count(agent, "{\"kind\":\"ticket\",\"words\":\"内容\"}"), 3);
    /* somebody who sees all asks for one's own by the field */
    muni_session *wide = mt_person(&m, "wide", "operator");
    int64_t mine = principal_of(wide);
    for (int i = 0; i < 3; i++) {
        snprintf(json, sizeof json, "{\"assignee\":%lld}", (long long)mine);
        OK(mt_update(m.admin, "ticket", ids[4 * i], 0, json));
    }
    ck_assert_int_eq(mt_count(wide, "{\"kind\":\"ticket\"}"), 10);
    ck_assert_int_eq(list(wide, "{\"kind\":\"ticket\",\"where\":{\"field\":\"assignee\",\"op\":\"eq\",\"value\":{\"me\":\"principal\"}},\"order\":[\"id\"]}", seen, 10), 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(mt_int(seen[i], "id"), ids[4 * i]);
    drop(seen, 3);
    muni_session_unref(agent);
    muni_session_unref(other);
    muni_session_unref(wide);
}
END_TEST

#define WRITERS 50

/* One process: open, wait until all may begin, post; the exit status says how it went. */
static void post_and_exit(int barrier) {
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_rec *rec = NULL;
    char byte;
    int ok = muni_open(m.path, NULL, &db) == MUNI_OK && muni_db_session(db, "admin", "post", NULL, &s) == MUNI_OK &&
             muni_rec_parse("{\"type\":\"inquiry\",\"category\":\"support\",\"subject\":\"同時\"}", MUNI_ZERO_TERMINATED, &rec) == MUNI_OK;
    while (read(barrier, &byte, 1) < 0 && errno == EINTR)
        ;
    if (!ok || muni_session_create(s, "ticket", rec, NULL) < 0) {
        fprintf(stderr, "a writer failed: %s\n", muni_error_text("en"));
        _exit(1);
    }
    muni_rec_free(rec);
    muni_session_unref(s);
    muni_db_unref(db);
    _exit(0);
}

ROWS("KAT-KB-08")
START_TEST(rows__fifty_processes_that_post_at_once_get_fifty_numbers) {
    int barrier[2];
    pid_t pids[WRITERS];
    muni_rec *posts[WRITERS] = { NULL };
    char number[64];
    leave_store();
    ck_assert_int_eq(pipe(barrier), 0);
    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        ck_assert_int_ge(pids[i], 0);
        if (!pids[i]) {
            close(barrier[1]);
            post_and_exit(barrier[0]);
        }
    }
    close(barrier[0]);
    close(barrier[1]); /* now */
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
        ck_assert_int_eq(status, 0);
    }
    OK(muni_open(m.path, NULL, &m.db));
    OK(muni_db_session(m.db, "admin", "test", NULL, &m.admin));
    ck_assert_int_eq(list(m.admin, "{\"kind\":\"ticket\",\"order\":[\"number\"]}", posts, WRITERS), WRITERS);
    for (int i = 1; i < WRITERS; i++)
        ck_assert_str_ne(mt_text(posts[i - 1], "number"), mt_text(posts[i], "number"));
    snprintf(number, sizeof number, "%s", mt_text(posts[0], "number"));
    ck_assert_str_eq(strchr(number, '-') ? strrchr(number, '-') : "", "-00001");
    drop(posts, WRITERS);
    verify();
}
END_TEST

/* ---- history */

ROWS("KAT-KB-40")
START_TEST(rows__change_of_status_is_in_the_history_that_only_the_administrator_sees) {
    muni_session *agent = mt_person(&m, "yamada", "operator"), *reader = mt_person(&m, "reader", "reader"), *approver = mt_person(&m, "approver", "approver");
    muni_session *const others[] = { agent, reader, approver };
    muni_cursor *c = NULL;
    muni_rec *r = NULL;
    int found = 0;
    int64_t id = mt_create(agent, "ticket", "{\"type\":\"inquiry\",\"category\":\"support\",\"subject\":\"教えて\"}");
    OK(muni_db_set_now(m.db, NOON + 600));
    OK(mt_do(agent, id, "answer", "{\"resolution\":\"こうです\"}"));
    OK(muni_session_history(m.admin, "ticket", id, &c));
    while (muni_cursor_next(c, &r) == MUNI_ROW) {
        if (!strcmp(mt_text(r, "action"), "transition")) {
            found++;
            ck_assert_ptr_nonnull(strstr(mt_text(r, "changes"), "{\"field\":\"state\",\"title\":\"状態\",\"before\":\"waiting\",\"before_title\":\"回答待ち\","
                                                                "\"after\":\"answered\",\"after_title\":\"回答完了\"}"));
            ck_assert_str_eq(mt_text(r, "actor_name"), "yamada");
            ck_assert_int_eq(mt_int(r, "at"), NOON + 600);
        }
        muni_rec_free(r);
    }
    muni_cursor_unref(c);
    ck_assert_int_eq(found, 1);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        FAILS(muni_session_history(others[i], "ticket", id, &c), MUNI_EDENIED);
        muni_session_unref(others[i]);
    }
}
END_TEST

/* ---- users */

#define USERS 50

ROWS("KAT-130")
START_TEST(rows__fifty_users_are_at_work_at_once_and_listed) {
    static const char report[] = "{\"family\":\"report\",\"name\":\"users\",\"title\":\"利用者数\",\"body\":{\"title\":{\"ja\":\"利用者数\",\"en\":\"Users\"},\"kind\":\"principal\","
                                 "\"where\":{\"all\":[{\"field\":\"login\",\"op\":\"begins\",\"value\":\"user\"},{\"field\":\"to_on\",\"op\":\"absent\"}]},"
                                 "\"rows\":{\"field\":\"confidential\"},\"totals\":{\"columns\":true}}}";
    muni_session *sessions[USERS] = { NULL }, *gone = NULL;
    muni_rec *users[USERS + 2] = { NULL };
    muni_report *counted = NULL;
    char login[32];
    int64_t value = -1;
    for (int i = 0; i < USERS; i++) {
        snprintf(login, sizeof login, "user%02d", i);
        sessions[i] = mt_person(&m, login, i % 10 ? "operator" : "approver");
    }
    for (int i = 0; i < USERS; i++) {
        muni_rec *me = NULL;
        OK(muni_session_whoami(sessions[i], &me));
        snprintf(login, sizeof login, "user%02d", i);
        ck_assert_str_eq(mt_text(me, "login"), login);
        muni_rec_free(me);
    }
    for (int i = 1; i < USERS; i++)
        if (i % 10)
            (void)mt_ticket(sessions[i], login);
    (void)mt_create(m.admin, "principal", "{\"login\":\"user-gone\",\"name\":\"退職者\",\"to_on\":\"2023-11-14\"}");
    FAILS(muni_db_session(m.db, "user-gone", "test", NULL, &gone), MUNI_EEXPIRED);
    ck_assert_int_eq(list(m.admin, "{\"kind\":\"principal\",\"where\":{\"field\":\"to_on\",\"op\":\"absent\"},\"order\":[\"login\"]}", users, USERS + 2), USERS + 1);
    ck_assert_str_eq(mt_text(users[0], "login"), "admin");
    for (int i = 0; i < USERS; i++) {
        snprintf(login, sizeof login, "user%02d", i);
        ck_assert_str_eq(mt_text(users[i + 1], "login"), login);
    }
    drop(users, USERS + 1);
    value = mt_create(m.admin, "definition", report);
    OK(muni_session_transition(m.admin, "definition", value, 0, "activate", NULL, NULL));
    OK(muni_session_report(m.admin, "users", NULL, &counted));
    OK(muni_report_value(counted, muni_report_rows(counted) - 1, muni_report_columns(counted) - 1, &value));
    ck_assert_int_eq(value, USERS);
    muni_report_unref(counted);
    for (int i = 0; i < USERS; i++)
        muni_session_unref(sessions[i]);
}
END_TEST

/* ---- killed while writing */

#define KILLS 24
#define BIG 200

/* Writes until it is killed: posts one by one, or groups of BIG. Tells after each commit that it happened. */
static void write_until_killed(int round, int tell) {
    muni_db *db = NULL;
    muni_session *s = NULL;
    char json[160];
    if (muni_open(m.path, NULL, &db) < 0 || muni_db_session(db, "admin", "killed", NULL, &s) < 0 || write(tell, "o", 1) != 1)
        _exit(1);
    snprintf(json, sizeof json, "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"%s%02d\",\"body\":\"停電の試験\"}", round % 3 ? "small" : "large", round);
    for (;;) {
        if (round % 3 == 0 && muni_session_begin(s) < 0)
            _exit(2);
        for (int i = 0; i < (round % 3 ? 1 : BIG); i++) {
            muni_rec *rec = NULL;
            if (muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec) < 0 || muni_session_create(s, "ticket", rec, NULL) < 0)
                _exit(3);
            muni_rec_free(rec);
        }
        if ((round % 3 == 0 && muni_session_commit(s) < 0) || write(tell, "c", 1) != 1)
            _exit(4);
    }
}

static void integrity(void) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    if (place_server())
        return;
    ck_assert_int_eq(sqlite3_open(m.path, &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(s), SQLITE_ROW);
    ck_assert_str_eq((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
    sqlite3_close(db);
}

ROWS("KAT-134")
START_TEST(rows__process_killed_while_writing_leaves_whole_records_only) {
    uint32_t seed = 20240101;
    int64_t all = 0;
    for (int round = 0; round < KILLS; round++) {
        int tell[2], status = 0;
        int64_t told = 0;
        char byte = 0, query[256];
        ssize_t n;
        leave_store();
        ck_assert_int_eq(pipe(tell), 0);
        pid_t pid = fork();
        ck_assert_int_ge(pid, 0);
        if (!pid) {
            close(tell[0]);
            write_until_killed(round, tell[1]);
        }
        close(tell[1]);
        ck_assert_int_eq(read(tell[0], &byte, 1), 1); /* it is open and begins to write */
        ck_assert_int_eq(byte, 'o');
        seed = seed * 1664525u + 1013904223u;
        struct timespec pause = { 0, (long)(seed >> 8) % 80000000L };
        (void)nanosleep(&pause, NULL);
        ck_assert_int_eq(kill(pid, SIGKILL), 0);
        ck_assert_int_eq(waitpid(pid, &status, 0), pid);
        ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "the writer ended by itself: %d", status);
        while ((n = read(tell[0], &byte, 1)) == 1)
            told++;
        ck_assert_int_eq(n, 0);
        close(tell[0]);
        OK(muni_open(m.path, NULL, &m.db));
        OK(muni_db_session(m.db, "admin", "test", NULL, &m.admin));
        verify(); /* chain, blocks, counters, and every record against its history */
        snprintf(query, sizeof query, "{\"kind\":\"ticket\",\"where\":{\"field\":\"subject\",\"op\":\"eq\",\"value\":\"%s%02d\"}}", round % 3 ? "small" : "large", round);
        int64_t there = mt_count(m.admin, query), unit = round % 3 ? 1 : BIG;
        ck_assert_int_eq(there % unit, 0);
        /* what was told is there; at most one more was committed and not told */
        ck_assert_msg(there == told * unit || there == (told + 1) * unit, "round %d: %lld told, %lld there", round, (long long)(told * unit), (long long)there);
        all += there;
        ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\"}"), all);
        ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"ticket\",\"words\":\"停電\"}"), all);
    }
    (void)mt_ticket(m.admin, "after"); /* it goes on */
    verify();
    leave_store();
    integrity();
    OK(muni_open(m.path, NULL, &m.db));
    OK(muni_db_session(m.db, "admin", "test", NULL, &m.admin));
}
END_TEST

/* ---- files */

static const char *put_file(const char *name, const char *text) {
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", m.dir, name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), f), strlen(text));
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

ROWS("NER-002")
START_TEST(rows__bad_address_on_line_3_of_an_import_is_named_with_its_line_and_column) {
    char text[1024], longest[400];
    muni_rec *out = NULL;
    memset(longest, 'a', sizeof longest);
    strcpy(longest + sizeof longest - 8, "@b.jp");
    snprintf(text, sizeof text, "職員番号,氏名,メールアドレス,採用年月日\r\n0000001,一,ichi@example.jp,2020-04-01\r\n0000002,二,%s,2020-04-01\r\n"
                                "0000003,三,san@example.jp,2020-02-30\r\n0000004,四,\"yon@example\n.jp\",2020-04-01\r\n0000005,五,go@example.jp,2020-04-01\r\n", longest);
    const char *path = put_file("people.csv", text);
    OK(muni_session_import(m.admin, "person", path, "{\"on_error\":\"skip\"}", NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "read"), 5);
    ck_assert_int_eq(mt_int(out, "created"), 2);
    ck_assert_int_eq(mt_int(out, "errors"), 3);
    json_t *list = json_loads(mt_text(out, "findings"), 0, NULL);
    ck_assert_uint_eq(json_array_size(list), 3);
    static const struct {
        json_int_t line;
        const char *column;
    } want[] = { { 3, "メールアドレス" }, { 4, "採用年月日" }, { 5, "メールアドレス" } };
    for (size_t i = 0; i < 3; i++) {
        const json_t *f = json_array_get(list, i);
        const char *said = json_string_value(json_object_get(f, "message_ja"));
        ck_assert_int_eq(json_integer_value(json_object_get(f, "line")), want[i].line);
        ck_assert_str_eq(json_string_value(json_object_get(f, "column")), want[i].column);
        ck_assert_ptr_nonnull(said);
        ck_assert_msg(strstr(said, "。") || strstr(said, "です") || strstr(said, "ません"), "no sentence in Japanese: %s", said);
    }
    json_decref(list);
    muni_rec_free(out);
    (void)unlink(path);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"person\"}"), 2); /* the other rows */
}
END_TEST

/* The same in a personnel export, whose addresses are looked at for their form. */
ROWS("NER-002")
START_TEST(rows__address_that_is_none_on_line_3_of_a_personnel_file_is_named) {
    static const char head[] = "職員番号,氏名,氏名カナ,生年月日,職員区分コード,職員区分,採用年月日,退職年月日,所属コード,所属名,職名コード,職名,本務兼務区分,兼務形態,発令年月日,異動区分コード,異動区分,任期満了日,"
                               "休職等区分,内線番号,メールアドレス,備考\r\n",
                        units[] = "所属コード,所属名,所属正式名,上位所属コード,階層,階層名,施設区分,設置日,廃止日,並び順\r\n010000,総務部,総務部,,1,部,本庁,2019-04-01,,10\r\n";
    static const struct {
        const char *number, *hired, *mail;
    } people[] = { { "0000001", "2020/04/01", "ichi@example.jp" }, { "0000002", "2020/04/01", "ni.example.jp" }, { "0000003", "2020/02/30", "san@example.jp" },
                   { "0000004", "2020/04/01", "yon@example.jp" } };
    static const struct {
        int64_t line;
        const char *column, *code;
    } want[] = { { 3, "メールアドレス", "MAIL_INVALID" }, { 4, "採用年月日", "DATE_INVALID" } };
    char text[4096], units_path[128];
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_rec *plan = NULL, *f = NULL;
    muni_cursor *c = NULL;
    size_t found = 0;
    strcpy(text, head);
    for (size_t i = 0; i < sizeof people / sizeof *people; i++)
        sprintf(text + strlen(text), "%s,山田　太郎,ﾔﾏﾀﾞ ﾀﾛｳ,S42.05.26,1,正規職員,%s,,010000,総務部,002,主任,本務,,2026/04/01,00,異動なし,,,7561,%s,\r\n", people[i].number, people[i].hired, people[i].mail);
    strcpy(units_path, put_file("units.csv", units));
    o.units = units_path;
    o.people = put_file("staff.csv", text);
    o.on = "2026-04-01";
    o.charset = "utf-8";
    OK(muni_staff_plan(m.admin, &o, NULL, NULL, &plan));
    OK(muni_plan_findings(m.admin, mt_int(plan, "id"), &c));
    while (muni_cursor_next(c, &f) == MUNI_ROW) {
        const char *said = mt_text(f, "message_ja");
        ck_assert_msg(found < 2, "and %s", said);
        ck_assert_int_eq(mt_int(f, "line"), want[found].line);
        ck_assert_str_eq(mt_text(f, "column"), want[found].column);
        ck_assert_str_eq(mt_text(f, "code"), want[found].code);
        ck_assert_msg((unsigned char)*said >= 0xe3, "not in Japanese: %s", said);
        found++;
        muni_rec_free(f);
    }
    muni_cursor_unref(c);
    ck_assert_uint_eq(found, 2);
    muni_rec_free(plan);
    (void)unlink(o.people);
    (void)unlink(units_path);
}
END_TEST

ROWS("KAT-KB-34")
START_TEST(rows__thirty_records_are_a_file_of_31_lines) {
    muni_query *q = NULL;
    muni_rec *out = NULL;
    char path[128], text[8192], want[128];
    for (int i = 0; i < 30; i++)
        (void)mt_ticket(m.admin, i == 7 ? "印刷、\\\"紙\\\"の件" : "印刷できない");
    snprintf(path, sizeof path, "%s/out.csv", m.dir);
    OK(muni_query_parse("{\"kind\":\"ticket\",\"fields\":[\"number\",\"subject\",\"category\"],\"order\":[\"number\"]}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_export(m.admin, q, path, NULL, NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "records"), 30);
    muni_rec_free(out);
    muni_query_free(q);
    FILE *f = fopen(path, "rb");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    (void)unlink(path);
    text[n] = 0;
    snprintf(want, sizeof want, "\xef\xbb\xbf番号,件名,分類\r\nINC-2023-00001,印刷できない,");
    ck_assert_msg(!strncmp(text, want, strlen(want)), "%s", text);
    ck_assert_ptr_nonnull(strstr(text, "INC-2023-00008,\"印刷、\"\"紙\"\"の件\","));
    int lines = 0;
    for (const char *p = text; (p = strstr(p, "\r\n")); p += 2)
        lines++;
    ck_assert_int_eq(lines, 31);
    ck_assert_str_eq(text + n - 2, "\r\n");
}
END_TEST

/* ---- clocks and zones */

static void post_from(const char *zone, const char *path) {
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (!pid) {
        muni_db *db = NULL;
        muni_session *s = NULL;
        muni_rec *rec = NULL;
        setenv("TZ", zone, 1);
        tzset();
        if (muni_open(path, NULL, &db) < 0 || muni_db_session(db, "admin", zone, NULL, &s) < 0 ||
            muni_rec_parse("{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\"}", MUNI_ZERO_TERMINATED, &rec) < 0 || muni_session_create(s, "ticket", rec, NULL) < 0)
            _exit(1);
        muni_rec_free(rec);
        muni_session_unref(s);
        muni_db_unref(db);
        _exit(0);
    }
    int status = -1;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

ROWS("NER-088")
START_TEST(rows__clients_in_two_zones_store_comparable_times_written_in_japanese_time) {
    static const char *const zones[] = { "America/New_York", "Asia/Tokyo", "America/New_York" };
    static const char *const times[] = { "created_at", "updated_at", "reported_at" };
    muni_rec *posts[3] = { NULL }, *h = NULL;
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_cursor *c = NULL;
    char path[128], *json = NULL, want[64];
    snprintf(path, sizeof path, "%s/real.db", m.dir);
    leave_store();
    int64_t before = (int64_t)time(NULL), last = 0; /* a store with the system's clock */
    OK(muni_create(path, NULL, &db));
    muni_db_unref(db);
    for (size_t i = 0; i < 3; i++)
        post_from(zones[i], path);
    OK(muni_open(path, NULL, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    int64_t after = (int64_t)time(NULL);
    ck_assert_int_eq(list(s, "{\"kind\":\"ticket\",\"order\":[\"id\"]}", posts, 3), 3);
    last = before;
    for (int i = 0; i < 3; i++) {
        OK(muni_rec_json(posts[i], &json));
        for (size_t k = 0; k < 3; k++) {
            int64_t at = mt_int(posts[i], times[k]);
            time_t local = (time_t)at + 32400; /* what a clock in Japan shows */
            struct tm tm;
            char text[32];
            ck_assert_msg(at >= last && at <= after, "%s %lld is not between %lld and %lld", times[k], (long long)at, (long long)last, (long long)after);
            ck_assert_ptr_nonnull(gmtime_r(&local, &tm));
            ck_assert_uint_gt(strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm), 0);
            snprintf(want, sizeof want, "\"%s\":\"%s+09:00\"", times[k], text);
            ck_assert_msg(strstr(json, want) != NULL, "no %s in %s", want, json);
        }
        last = mt_int(posts[i], "created_at");
        muni_free(json);
        /* and so is the log */
        OK(muni_session_history(s, "ticket", mt_int(posts[i], "id"), &c));
        ck_assert_int_eq(muni_cursor_next(c, &h), MUNI_ROW);
        ck_assert_int_eq(mt_int(h, "at"), last);
        ck_assert_str_eq(mt_text(h, "application"), zones[i]);
        OK(muni_rec_json(h, &json));
        ck_assert_ptr_nonnull(strstr(json, "+09:00\""));
        muni_free(json);
        muni_rec_free(h);
        muni_cursor_unref(c);
    }
    drop(posts, 3);
    muni_session_unref(s);
    muni_db_unref(db);
    static const char *const ends[] = { "", "-wal", "-shm", "-queue", "-journal" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(path, sizeof path, "%s/real.db%s", m.dir, ends[i]);
        (void)unlink(path);
    }
}
END_TEST

/* ---- requirements of specifications */

#define FUNCTIONS 47

ROWS("KAT-KB-20")
START_TEST(rows__table_of_functions_lists_47_items_and_the_blank_one_says_so) {
    char path[512], line[4096];
    const char *dir = getenv("srcdir");
    muni_rec *listed[FUNCTIONS + 1] = { NULL };
    char *texts[FUNCTIONS + 1] = { NULL };
    int n = 0;
    snprintf(path, sizeof path, "%s/tests/data/figures/kat_kb_functions.csv", dir ? dir : ".");
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f)); /* 項番,機能分類,利用者区分,機能名,機能詳細,note; no cell is quoted */
    while (fgets(line, sizeof line, f)) {
        char *cells[6] = { line };
        muni_rec *rec = NULL;
        line[strcspn(line, "\r\n")] = 0;
        for (int i = 1; i < 6; i++) {
            cells[i] = strchr(cells[i - 1], ',');
            ck_assert_ptr_nonnull(cells[i]);
            *cells[i]++ = 0;
        }
        ck_assert_int_lt(n, FUNCTIONS);
        OK(muni_rec_new(&rec));
        OK(muni_rec_set_text(rec, "source", "葛飾区 別紙1 表1", MUNI_ZERO_TERMINATED));
        OK(muni_rec_set_int(rec, "item", strtol(cells[0], NULL, 10)));
        OK(muni_rec_set_text(rec, "area", cells[1], MUNI_ZERO_TERMINATED));
        OK(muni_rec_set_text(rec, "part", cells[3], MUNI_ZERO_TERMINATED));
        OK(muni_rec_set_text(rec, "text", cells[4], MUNI_ZERO_TERMINATED));
        OK(muni_session_create(m.admin, "requirement", rec, NULL));
        muni_rec_free(rec);
        texts[n++] = strdup(cells[4]);
    }
    fclose(f);
    ck_assert_int_eq(n, FUNCTIONS);
    ck_assert_int_eq(list(m.admin, "{\"kind\":\"requirement\",\"order\":[\"item\"]}", listed, FUNCTIONS + 1), FUNCTIONS);
    for (int i = 0; i < FUNCTIONS; i++) {
        ck_assert_int_eq(mt_int(listed[i], "item"), i + 1);
        ck_assert_int_eq(i + 1 == 20, !*texts[i]);
        ck_assert_str_eq(mt_text(listed[i], "shown"), i + 1 == 20 ? "空欄（原本に記載なし）" : texts[i]);
        free(texts[i]);
    }
    drop(listed, FUNCTIONS);
    /* the number stays taken */
    FAILS(mt_try(m.admin, "requirement", "{\"source\":\"葛飾区 別紙1 表1\",\"item\":20,\"text\":\"x\"}", NULL), MUNI_EUNIQUE);
}
END_TEST

Suite *suite_rows(void);
Suite *suite_rows(void) {
    Suite *s = suite_create("rows");
    TCase *t = tcase_create("rows");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, rows__identical_posts_are_two_inquiries_each_in_its_queue);
    tcase_add_test(t, rows__agent_sees_the_three_of_ten_that_are_theirs_with_their_bodies);
    tcase_add_test(t, rows__fifty_processes_that_post_at_once_get_fifty_numbers);
    tcase_add_test(t, rows__change_of_status_is_in_the_history_that_only_the_administrator_sees);
    tcase_add_test(t, rows__fifty_users_are_at_work_at_once_and_listed);
    tcase_add_test(t, rows__process_killed_while_writing_leaves_whole_records_only);
    tcase_add_test(t, rows__bad_address_on_line_3_of_an_import_is_named_with_its_line_and_column);
    tcase_add_test(t, rows__address_that_is_none_on_line_3_of_a_personnel_file_is_named);
    tcase_add_test(t, rows__thirty_records_are_a_file_of_31_lines);
    tcase_add_test(t, rows__clients_in_two_zones_store_comparable_times_written_in_japanese_time);
    tcase_add_test(t, rows__table_of_functions_lists_47_items_and_the_blank_one_says_so);
    suite_add_tcase(s, t);
    return s;
}
