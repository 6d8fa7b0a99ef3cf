/* Processes that die in the middle of their work, and what the store is then.
 *
 *   kill [full] [SORT…]     SORT: apply import groups create upgrade reindex
 *
 * Each sort of work is done once through a file system of our own (killvfs.h), which tells how many calls it makes and how many
 * transactions; and once up to each of its commits, which tells what the store holds after each. Then it is done again and again, and
 * killed each time at another call, spread over all of them: before it, or when half of a write has arrived. After each the store is
 * opened afresh and must be exactly what it was after the commits that the log had seen end; the history is verified, SQLite checks the
 * file; the work is done again, and the store must hold what it holds where nobody died. Some die at any moment instead, by the
 * parent's hand, some while another process has the store open, and some a second time while they repeat the work. One line is printed
 * for each. The exit is 1 if anything was not as it should be. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "killvfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <municipal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define START INT64_C(1806451200) /* 2027-03-31T09:00:00+09:00, where every clock stands */
#define STATES 160
#define GROUPS 8
#define GROUP 40

static char dir[512], base[600], path[600], csv[600], people[600], units[600];
static bool full;
static int rows; /* in the file that is imported */
static int64_t plan;
static kv_log *shared;

static int failures;

static void say(const char *what, const char *why) {
    (void)printf("    FAILED: %s%s%s\n", what, *why ? ": " : "", why);
    failures++;
}

static void die(const char *what) {
    (void)fprintf(stderr, "kill: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void must_(muni_status st, const char *call, int line) {
    if (st < 0) {
        (void)fprintf(stderr, "kill.c:%d: %s: %s: %s [%s]\n", line, call, muni_error_name(st), muni_error_text("en"),
                      muni_error_field());
        (void)fflush(stdout);
        _exit(1);
    }
}
#define must(call) must_((call), #call, __LINE__)

static uint64_t seed = UINT64_C(20270401);
static uint64_t chance(uint64_t below) {
    seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

/* ---- records */

static int64_t number(const muni_rec *rec, const char *name) {
    return muni_rec_int(rec, muni_rec_find(rec, name));
}

static muni_rec *values(const char *json) {
    muni_rec *rec;
    must(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec));
    return rec;
}

static int64_t make(muni_session *s, const char *kind, const char *json) {
    muni_rec *rec = values(json), *out;
    must(muni_session_create(s, kind, rec, &out));
    int64_t id = number(out, "id");
    muni_rec_free(out);
    muni_rec_free(rec);
    return id;
}

static muni_db *opened(const char *name) {
    muni_db *db;
    must(muni_open(name, NULL, &db));
    must(muni_db_set_now(db, START));
    return db;
}

static muni_session *session(muni_db *db, const char *login) {
    muni_session *s;
    must(muni_db_session(db, login, "kill", NULL, &s));
    return s;
}

static int64_t counted(muni_session *s, const char *query) {
    muni_query *q;
    int64_t n;
    must(muni_query_parse(query, MUNI_ZERO_TERMINATED, &q));
    must(muni_session_count(s, q, -1, &n));
    muni_query_free(q);
    return n;
}

static void run_due(muni_session *s) {
    muni_rec *rec;
    must(muni_session_run_due(s, &rec));
    muni_rec_free(rec);
}

static void closed(muni_db *db, muni_session *s) {
    muni_session_unref(s);
    muni_db_close(db);
    muni_db_unref(db);
}

/* ---- files */

static void empty(const char *where) {
    char name[1200];
    DIR *d = opendir(where);
    for (struct dirent *e; d && (e = readdir(d));) {
        (void)snprintf(name, sizeof name, "%s/%s", where, e->d_name);
        if (e->d_name[0] != '.')
            (void)unlink(name);
    }
    if (d)
        (void)closedir(d);
}

static void copy(const char *from, const char *to) {
    static char buf[1 << 16];
    FILE *a = fopen(from, "rb"), *b = fopen(to, "wb");
    size_t n;
    if (!a || !b)
        die(from);
    while ((n = fread(buf, 1, sizeof buf, a)) > 0)
        if (fwrite(buf, 1, n, b) != n)
            die(to);
    (void)fclose(a);
    if (fclose(b))
        die(to);
}

static bool there(const char *name) {
    struct stat sb;
    return !stat(name, &sb);
}

/* The header and the first n lines. */
static void cut(const char *from, const char *to, int n) {
    FILE *a = fopen(from, "rb"), *b = fopen(to, "wb");
    if (!a || !b)
        die(from);
    for (int c; n >= 0 && (c = getc(a)) != EOF; n -= c == '\n')
        (void)putc(c, b);
    (void)fclose(a);
    if (fclose(b))
        die(to);
}

/* ---- what a store holds */

static void hash(uint64_t *h, const void *p, size_t n) {
    for (const unsigned char *b = p; n--; b++)
        *h = (*h ^ *b) * UINT64_C(0x100000001b3);
}

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK) {
        (void)fprintf(stderr, "kill: %s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    return s;
}

/* All rows of all tables, but for what chance decides (salts, and the hashes over them); what is not `whole` leaves out besides what may be done
 * sooner or later, or twice: blocks, the queue of the index, the journal of upkeep. */
static uint64_t digest(const char *name, bool whole) {
    static const char *const tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name GLOB 'k_*' OR name GLOB 'l_*' "
                                      "OR (name GLOB 'm_*' AND name NOT GLOB "
                                      "'m_doc_index*')) ORDER BY name";
    static const char *const columns = "SELECT group_concat('\"' || name || '\"') FROM pragma_table_info(?1) WHERE NOT (?1 IN "
                                       "('m_history', 'm_block') AND name IN "
                                       "('prev', 'hash', 'root', 'ord_digest', 'ord_salt', 'per_digest', 'per_salt')) AND NOT (?1 "
                                       "= 'm_journal' AND name IN ('begun_at', 'done_at'))";
    sqlite3 *db;
    uint64_t sum = 0;
    if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        die(name);
    sqlite3_stmt *t = prepared(db, "SELECT name, sql FROM sqlite_schema"), *c = prepared(db, columns);
    while (sqlite3_step(t) == SQLITE_ROW) {
        uint64_t h = UINT64_C(0xcbf29ce484222325);
        for (int i = 0; i < 2; i++)
            hash(&h, sqlite3_column_blob(t, i), (size_t)sqlite3_column_bytes(t, i));
        sum += h;
    }
    (void)sqlite3_finalize(t);
    t = prepared(db, tables);
    while (sqlite3_step(t) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(t, 0), *where = "";
        if (!whole && (!strcmp(table, "m_block") || !strcmp(table, "m_doc_queue") || !strcmp(table, "m_journal")))
            continue;
        if (!strcmp(table, "m_meta"))
            where = " WHERE key <> 'id'"; /* the clock of an upgrade is the system's */
        else if (!whole && !strcmp(table, "m_seq"))
            where = " WHERE name NOT IN ('sealed', 'block')";
        (void)sqlite3_bind_text(c, 1, table, -1, SQLITE_STATIC);
        if (sqlite3_step(c) != SQLITE_ROW)
            die(table);
        char *sql = sqlite3_mprintf("SELECT %s FROM \"%w\"%s", sqlite3_column_text(c, 0), table, where);
        (void)sqlite3_reset(c);
        sqlite3_stmt *s = prepared(db, sql);
        int rc;
        while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
            uint64_t h = UINT64_C(0xcbf29ce484222325);
            hash(&h, table, strlen(table));
            for (int i = 0; i < sqlite3_column_count(s); i++) {
                int type = sqlite3_column_type(s, i), n = 0;
                const void *p = type == SQLITE_NULL ? "" : sqlite3_column_blob(s, i);
                if (type != SQLITE_NULL)
                    n = sqlite3_column_bytes(s, i);
                hash(&h, &type, sizeof type);
                hash(&h, &n, sizeof n);
                if (n)
                    hash(&h, p, (size_t)n);
            }
            sum += h; /* in any order */
        }
        if (rc != SQLITE_DONE)
            say("a table cannot be read", sqlite3_errmsg(db));
        (void)sqlite3_finalize(s);
        sqlite3_free(sql);
    }
    (void)sqlite3_finalize(t);
    (void)sqlite3_finalize(c);
    (void)sqlite3_close(db);
    return sum;
}

/* The file is sound, no number is there twice, and every row has one document. */
static void sound(const char *name) {
    static const struct {
        const char *sql, *want;
    } asks[] = {
        { "PRAGMA integrity_check", "ok" },
        { "SELECT count(*) - count(DISTINCT number) FROM k_ticket", "0" },
        { "SELECT count(*) FROM k_ticket t WHERE NOT EXISTS (SELECT 1 FROM m_doc d WHERE d.doc = t.id)", "0" },
        { "SELECT count(*) FROM k_ticket t WHERE t.rev <> (SELECT count(*) FROM m_history h WHERE h.rec = t.id AND h.kind = 41)",
          "0" },
    };
    sqlite3 *db;
    if (sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        die(name);
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        sqlite3_stmt *s = prepared(db, asks[i].sql);
        if (sqlite3_step(s) != SQLITE_ROW)
            say(asks[i].sql, sqlite3_errmsg(db));
        else if (strcmp((const char *)sqlite3_column_text(s, 0), asks[i].want))
            say(asks[i].sql, (const char *)sqlite3_column_text(s, 0));
        (void)sqlite3_finalize(s);
    }
    (void)sqlite3_close(db);
}

/* Open as anybody would, verify the history and check the rest. `settled`: nothing is left to index or to seal. */
static void verified(const char *name, bool settled) {
    muni_db *db = NULL;
    muni_session *s = NULL;
    muni_rec *rec = NULL, *whole = NULL, *info = NULL;
    if (muni_open(name, NULL, &db) < 0 || muni_db_session(db, "admin", "kill", NULL, &s) < 0 ||
        muni_audit_verify(s, NULL, NULL, &rec) < 0 || muni_store_check(s, 0, NULL, NULL, &whole) < 0 || muni_db_info(db, &info) < 0)
        say("the store cannot be opened and verified", muni_error_text("en"));
    else if (!number(rec, "verified"))
        say("the history is not verified", muni_rec_text(rec, muni_rec_find(rec, "findings"), NULL));
    else if (!number(whole, "whole"))
        say("the store is not whole", muni_rec_text(whole, muni_rec_find(whole, "findings"), NULL));
    else if (settled && number(info, "history_rows") != number(info, "history_sealed"))
        say("rows of the history are not sealed", "");
    muni_rec_free(rec);
    muni_rec_free(whole);
    muni_rec_free(info);
    muni_session_unref(s);
    if (db)
        muni_db_close(db);
    muni_db_unref(db);
}

/* ---- the sorts of work. Each is done on `path`, and may find there what an earlier run has done. */

static muni_session *member(muni_db *db, muni_session *admin, const char *login) {
    char json[300];
    muni_rec *group;
    (void)snprintf(json, sizeof json, "{\"login\":\"%s\",\"name\":\"%s\"}", login, login);
    int64_t id = make(admin, MUNI_KIND_PRINCIPAL, json);
    must(muni_session_find(admin, MUNI_KIND_GROUP, login, NULL, &group));
    (void)snprintf(json, sizeof json, "{\"principal\":%" PRId64 ",\"group\":%" PRId64 "}", id, number(group, "id"));
    muni_rec_free(group);
    (void)make(admin, MUNI_KIND_MEMBER, json);
    return session(db, login);
}

static void settle(void) {
    muni_db *db = opened(path);
    muni_session *s = session(db, "admin");
    run_due(s);
    closed(db, s);
}

static muni_db *born(const char *name) {
    muni_create_options how = MUNI_CREATE_OPTIONS_INIT;
    muni_db *db;
    how.test = 1;
    how.now = START;
    must(muni_create(name, &how, &db));
    return db;
}

/* The transfers of 1 April, on the city as it was before them. */
static int64_t planned(muni_session *operator, muni_session * approver, const char *on, const char *unit_file,
                       const char *people_file) {
    muni_staff_plan_options load = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_rec *rec;
    load.on = on;
    load.units = unit_file;
    load.people = people_file;
    must(muni_staff_plan(operator, & load, NULL, NULL, &rec));
    int64_t id = number(rec, "id");
    muni_rec_free(rec);
    must(muni_plan_approve(approver, id, NULL, NULL));
    return id;
}

static const char *data(const char *name) {
    static char out[4][600];
    static int turn;
    const char *src = getenv("srcdir");
    turn = (turn + 1) % 4;
    (void)snprintf(out[turn], sizeof out[turn], "%s/tests/data/staff/%s", src ? src : ".", name);
    return out[turn];
}

static void apply_prepare(void) {
    muni_db *db = born(base);
    muni_session *admin = session(db, "admin"), *operator= member(db, admin, "operator"), *approver = member(db, admin, "approver");
    if (full) {
        int64_t first = planned(operator, approver, "2027-03-31", data("org_before.csv"), data("staff_clean_before.csv"));
        must(muni_plan_apply(operator, first, NULL, NULL, NULL));
        plan = planned(operator, approver, "2027-03-31", data("org_after.csv"), data("staff_clean_after.csv"));
    } else {
        cut(data("staff_clean_before.csv"), people, 200);
        cut(data("org_before.csv"), units, 1000);
        plan = planned(operator, approver, "2027-03-31", units, people);
    }
    muni_session_unref(operator);
    muni_session_unref(approver);
    closed(db, admin);
}

static void apply_work(void) {
    muni_db *db = opened(path);
    muni_session *s = session(db, "operator");
    muni_status st = muni_plan_apply(s, plan, NULL, NULL, NULL);
    if (st != MUNI_ESTATE) /* it was applied already */
        must(st);
    closed(db, s);
}

/* The sample city has units without which its people mean nothing; an import needs none. */
static void import_prepare(void) {
    static const char *const things[] = { "複合機の印刷", "業務端末の起動", "ﾊﾟｽﾜｰﾄﾞの再設定", "共有フォルダーの権限",
                                          "住民記録システムの画面" };
    muni_db *db = born(base);
    FILE *f = fopen(csv, "wb");
    if (!f)
        die(csv);
    (void)fputs("元番号,種別,分類,件名,内容,受付日時\r\n", f);
    for (int i = 1; i <= rows; i++)
        (void)fprintf(f,
                      "K-%05d,%s,other,%sについて（%d件目）,\"窓口%dからの申告、\n昨日から続いている\",2026-%02d-%02d %02d:30\r\n",
                      i, i % 3 ? "incident" : "inquiry", things[i % 5], i, i % 17, 1 + i % 12, 1 + i % 28, 8 + i % 10);
    if (fclose(f))
        die(csv);
    closed(db, session(db, "admin"));
}

static void import_work(void) {
    muni_db *db = opened(path);
    muni_session *s = session(db, "admin");
    muni_rec *rec;
    must(muni_session_import(s, MUNI_KIND_TICKET, csv, NULL, NULL, NULL, &rec));
    if (number(rec, "errors"))
        must(MUNI_EFORMAT);
    muni_rec_free(rec);
    if (counted(s, "{\"kind\":\"ticket\"}") != rows || counted(s, "{\"kind\":\"ticket\",\"words\":\"印刷\"}") != rows / 5) {
        (void)fputs("kill: rows of the file are missing, or there twice\n", stderr);
        _exit(1);
    }
    closed(db, s);
}

static void groups_prepare(void) {
    muni_db *db = born(base);
    closed(db, session(db, "admin"));
}

static void groups_work(void) {
    muni_db *db = opened(path);
    muni_session *s = session(db, "admin");
    char json[400];
    int64_t n = counted(s, "{\"kind\":\"ticket\"}");
    if (n % GROUP) {
        (void)fputs("kill: part of a group is there\n", stderr);
        _exit(1);
    }
    for (int g = (int)n / GROUP; g < GROUPS; g++) {
        must(muni_session_begin(s));
        for (int i = 0; i < GROUP; i++) {
            (void)snprintf(
                json, sizeof json,
                "{\"type\":\"incident\",\"category\":\"other\",\"subject\":\"%d組の%d件目 印刷\",\"body\":\"一度に書かれるもの\"}",
                g, i);
            int64_t id = make(s, MUNI_KIND_TICKET, json);
            muni_rec *rec = values("{\"impact\":\"high\",\"urgency\":\"low\"}");
            if (i % 4 == 0)
                must(muni_session_update(s, MUNI_KIND_TICKET, id, 1, rec, NULL));
            if (i % 5 == 0)
                must(muni_session_comment(s, MUNI_KIND_TICKET, id, "折返し連絡済み", NULL));
            muni_rec_free(rec);
        }
        must(muni_session_commit(s));
        if (g == 3)
            run_due(s);
    }
    if (counted(s, "{\"kind\":\"ticket\",\"words\":\"印刷\"}") != GROUP * GROUPS) {
        (void)fputs("kill: a search does not find what is there\n", stderr);
        _exit(1);
    }
    closed(db, s);
}

static void create_work(void) {
    muni_db *db;
    if (there(path)) { /* then it is whole */
        db = opened(path);
    } else {
        db = born(path);
    }
    muni_session *s = session(db, "admin");
    if (!counted(s, "{\"kind\":\"definition\"}") || counted(s, "{\"kind\":\"group\"}") != 4 ||
        counted(s, "{\"kind\":\"principal\"}") != 1) {
        (void)fputs("kill: the store is half made\n", stderr);
        _exit(1);
    }
    closed(db, s);
}

/* A store of the first tables, whose identifiers were folded otherwise besides. */
static void upgrade_prepare(void) {
    sqlite3 *db;
    const char *src = getenv("srcdir");
    char name[600];
    (void)snprintf(name, sizeof name, "%s/tests/data/stores/v1.db", src ? src : ".");
    copy(name, base);
    if (sqlite3_open_v2(base, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_exec(db,
                     "UPDATE k_person SET staff_no_key = 'x' || staff_no_key; UPDATE k_unit SET code_key = 'x' || code_key; "
                     "UPDATE m_meta SET value = '0' WHERE key = 'textkey'",
                     NULL, NULL, NULL) != SQLITE_OK)
        die(base);
    (void)sqlite3_close(db);
}

static void upgrade_work(void) {
    muni_open_options how = MUNI_OPEN_OPTIONS_INIT;
    muni_db *db;
    how.upgrade = 1;
    must(muni_open(path, &how, &db));
    closed(db, session(db, "admin"));
}

static void reindex_prepare(void) {
    import_prepare();
    (void)snprintf(path, sizeof path, "%s", base);
    import_work();
    (void)snprintf(path, sizeof path, "%s/run/city.db", dir);
}

static void reindex_work(void) {
    muni_db *db = opened(path);
    muni_session *s = session(db, "admin");
    muni_rec *rec;
    must(muni_store_reindex(s, NULL, NULL, &rec));
    muni_rec_free(rec);
    if (counted(s, "{\"kind\":\"ticket\",\"words\":\"印刷\"}") != rows / 5) {
        (void)fputs("kill: the new index does not find what is there\n", stderr);
        _exit(1);
    }
    closed(db, s);
}

typedef struct sort {
    const char *name;
    int few, many;         /* kills in a bounded run and in the full one */
    void (*prepare)(void); /* makes the store that the work begins with; NULL: there is none */
    void (*work)(void);
    bool upgrades; /* until it is done the store opens no other way */
    /* found out by doing it */
    int64_t calls, commits, microseconds;
    uint64_t states[STATES], end; /* after so many commits; and what it holds when all is done */
    /* and by killing */
    int kills, inside, ending, halves, external, twice, watched, before, after, failed;
} sort;

static sort sorts[] = {
    { .name = "apply", .few = 8, .many = 70, .prepare = apply_prepare, .work = apply_work },
    { .name = "import", .few = 8, .many = 90, .prepare = import_prepare, .work = import_work },
    { .name = "groups", .few = 8, .many = 60, .prepare = groups_prepare, .work = groups_work },
    { .name = "create", .few = 6, .many = 40, .work = create_work },
    { .name = "upgrade", .few = 8, .many = 50, .prepare = upgrade_prepare, .work = upgrade_work, .upgrades = true },
    { .name = "reindex", .few = 2, .many = 20, .prepare = reindex_prepare, .work = reindex_work },
};
#define SORTS (sizeof sorts / sizeof *sorts)

/* ---- doing it, and dying */

static int64_t microseconds(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fresh(const sort *w) {
    char where[620];
    (void)snprintf(where, sizeof where, "%s/run", dir);
    empty(where);
    if (w->prepare)
        copy(base, path);
}

/* A process does the work, through the file system that writes its calls down; ends where the log says, or after so many microseconds by our hand. */
static int child(const sort *w, int64_t target, bool half, int64_t at_commit, int64_t after) {
    memset(shared, 0, sizeof *shared);
    shared->target = target;
    shared->half = half;
    shared->at_commit = at_commit;
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (!pid) {
        kv_install(shared);
        w->work();
        _exit(0);
    }
    if (after >= 0) {
        struct timespec t = { (time_t)(after / 1000000), (long)(after % 1000000) * 1000 };
        (void)nanosleep(&t, NULL);
        (void)kill(pid, SIGKILL);
    }
    int status;
    if (waitpid(pid, &status, 0) != pid)
        die("waitpid");
    return status;
}

/* Somebody else who has the store open meanwhile: reads, waits until told, reads and writes. */
typedef struct watcher {
    pid_t pid;
    int ready, go;
} watcher;

static watcher watch(void) {
    int a[2], b[2];
    char c;
    if (pipe(a) || pipe(b))
        die("pipe");
    (void)fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (!pid) {
        (void)close(a[0]);
        (void)close(b[1]);
        muni_db *db = opened(path);
        muni_session *s = session(db, "admin");
        (void)counted(s, "{\"kind\":\"ticket\"}");
        if (write(a[1], "r", 1) != 1 || read(b[0], &c, 1) != 1)
            _exit(1);
        int64_t n = counted(s, "{\"kind\":\"ticket\"}");
        must(muni_session_begin(s));
        (void)make(s, MUNI_KIND_TICKET, "{\"type\":\"incident\",\"category\":\"other\",\"subject\":\"他の処理\"}");
        must(muni_session_rollback(s));
        if (counted(s, "{\"kind\":\"ticket\"}") != n)
            _exit(1);
        _exit(0); /* without closing, which would index and seal */
    }
    (void)close(a[1]);
    (void)close(b[0]);
    if (read(a[0], &c, 1) != 1)
        die("the other process");
    return (watcher){ pid, a[0], b[1] };
}

static void watched(watcher w) {
    int status;
    if (write(w.go, "g", 1) != 1)
        die("the other process");
    (void)close(w.go);
    (void)close(w.ready);
    if (waitpid(w.pid, &status, 0) != w.pid || status)
        say("another process could not go on", "");
}

static void show_calls(void) {
    int64_t n = shared->count < 12 ? shared->count : 12;
    for (int64_t i = shared->count - n; i < shared->count; i++) {
        const kv_call *c = &shared->calls[i % KV_KEPT];
        (void)printf("        %7" PRId64 "  %-11s %-7s n %d at %" PRId64 "%s\n", i + 1, kv_ops[c->op], kv_files[c->file], (int)c->n,
                     c->at, c->exclusive ? " exclusive" : "");
    }
}

/* Do the work again, to its end, and see that it is complete. */
static void again(const sort *w, const char *what) {
    if (child(w, 0, false, 0, -1)) {
        say(what, "it failed");
        return;
    }
    settle();
    verified(path, true);
    sound(path);
    if (digest(path, false) != w->end)
        say(what, "the store does not hold what it should");
}

static bool learn(sort *w) {
    int before = failures;
    empty(dir); /* the store to begin with */
    if (w->prepare)
        w->prepare();
    fresh(w);
    w->states[0] = w->prepare ? digest(path, true) : 0;
    int64_t t = microseconds();
    if (child(w, 0, false, 0, -1)) {
        say(w->name, "the work fails though nobody kills it");
        return false;
    }
    w->microseconds = microseconds() - t;
    w->calls = shared->count;
    w->commits = w->prepare ? shared->commits : 0; /* the first steps of making a store have no log */
    if (w->commits >= STATES) {
        say(w->name, "too many transactions");
        return false;
    }
    for (int64_t i = 1; i <= w->commits; i++) {
        fresh(w);
        int status = child(w, 0, false, i, -1);
        if (!WIFSIGNALED(status) || shared->commits != i)
            say(w->name, "it did not reach a commit");
        w->states[i] = digest(path, true);
    }
    fresh(w);
    (void)child(w, 0, false, 0, -1);
    settle();
    w->end = digest(path, false);
    for (int64_t i = 1; i <= w->commits; i++)
        if (w->states[i] == w->states[i - 1] && w->work != reindex_work) /* what that writes is not looked at */
            say(w->name, "a commit changed nothing");
    again(w, "a second run");
    (void)printf("%s: %" PRId64 " calls of SQLite's, %" PRId64 " transactions, %" PRId64 " ms\n", w->name, w->calls, w->commits,
                 w->microseconds / 1000);
    return failures == before;
}

/* It is sound, as far as it may be looked at: a store that is not upgraded to the end does not open, and says why. */
static void looked_at(const sort *w, bool done) {
    muni_db *db = NULL;
    sound(path);
    if (!w->upgrades || done)
        verified(path, false);
    else if (muni_open(path, NULL, &db) != MUNI_EUPGRADE)
        say("a store that is half upgraded opens", "");
    muni_db_unref(db);
}

/* Which state is it in? The log says how many commits ended; while one was ending, it may count or not. */
static void judge(sort *w, char *out, size_t size) {
    if (!w->prepare) { /* there is no store, or it is whole */
        struct stat sb;
        bool made = !stat(path, &sb);
        (void)snprintf(out, size, made ? "whole" : "nothing");
        *(made ? &w->after : &w->before) += 1;
        if (made) {
            verified(path, false);
            sound(path);
            if (digest(path, false) != w->end)
                say("the store is half made", "");
            if (sb.st_nlink != 1)
                say("the store has two names", "");
        }
        return;
    }
    uint64_t d = digest(path, true);
    int64_t k = shared->commits, found = -1;
    for (int64_t i = 0; i <= w->commits && found < k; i++)
        if (w->states[i] == d)
            found = i;
    if (shared->committing && found == k && k < w->commits && w->states[k + 1] == d)
        found++;
    looked_at(w, found == w->commits);
    (void)snprintf(out, size, "after %" PRId64 " of %" PRId64, found, w->commits);
    *(found > 0 ? &w->after : &w->before) += 1;
    if (found < 0)
        say("the store is between two states", "");
    else if (found != k && !(shared->committing && found == k + 1))
        say("what was committed is not there, or what was not is", out);
}

static void kill_one(sort *w, int i, int of) {
    int before = failures;
    bool external = i % 5 == 4 /* by the parent */, half = i % 2 == 0;
    int64_t slice = w->calls / of > 0 ? w->calls / of : 1,
            target = 1 + (int64_t)i * w->calls / of + (int64_t)chance((uint64_t)slice);
    bool other = w->prepare && !w->upgrades && i % 6 == 1 && i * 3 < of * 2 /* there closing begins */,
         twice = !other && i % 4 == 3;
    watcher o = { 0, 0, 0 };
    char state[60], line[300], where[120] = "";
    if (target > w->calls)
        target = w->calls;
    fresh(w);
    if (other)
        o = watch();
    int status = external ? child(w, 0, false, 0, (int64_t)chance((uint64_t)w->microseconds)) : child(w, target, half, 0, -1);
    if (other)
        watched(o);
    if (!WIFSIGNALED(status)) { /* at its end sooner than it could be killed: while another has it open, closing has less to do */
        if (status)
            say("the work failed", "");
        (void)printf("  %-7s %3d  ended before it was killed\n", w->name, i + 1);
        again(w, "the work after its end");
        w->failed += failures > before;
        return;
    }
    const kv_call *c = &shared->calls[(shared->count + KV_KEPT - 1) % KV_KEPT];
    bool inside = shared->locked && !shared->committing, ending = shared->locked && shared->committing;
    if (external)
        (void)snprintf(where, sizeof where, "after call %" PRId64, shared->count);
    else
        (void)snprintf(where, sizeof where, "%s call %" PRId64 ", %s of %s", shared->halved ? "half of" : "before", shared->count,
                       kv_ops[c->op], kv_files[c->file]);
    kv_log log = *shared;
    judge(w, state, sizeof state);
    (void)snprintf(line, sizeof line, "  %-7s %3d  %-45s %-22s %s%s", w->name, i + 1, where,
                   inside   ? "between BEGIN, COMMIT"
                   : ending ? "in COMMIT"
                            : "outside",
                   state, other ? ", another process goes on" : "");
    w->kills++;
    w->inside += inside;
    w->ending += ending;
    w->halves += log.halved;
    w->external += external;
    w->watched += other;
    if (twice) { /* and again where it is repeated */
        status = child(w, 1 + (int64_t)chance((uint64_t)w->calls), !half, 0, -1);
        if (WIFSIGNALED(status)) {
            w->twice++;
            if (there(path))
                looked_at(w, digest(path, false) == w->end);
        } else if (status) {
            say("the work could not be repeated", "");
        }
    }
    again(w, "the work repeated");
    (void)printf("%s%s%s\n", line, twice ? ", killed again" : "", failures > before ? "" : ", completed");
    if (failures > before) {
        w->failed++;
        *shared = log;
        show_calls();
    }
    (void)fflush(stdout);
}

static bool wanted(const sort *w, char **names) {
    bool any = false;
    for (; *names; names++) {
        if (!strcmp(*names, w->name))
            return true;
        any = true;
    }
    return !any;
}

int main(int argc, char **argv) {
    const char *tmp = getenv("TMPDIR");
    char run[620];
    int i = 1, kills = 0, inside = 0, failed = 0;
    for (; i < argc; i++) {
        if (strcmp(argv[i], "full"))
            break;
        full = true;
    }
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    rows = full ? 3500 : 2300;
    (void)snprintf(dir, sizeof dir, "%s/muni-kill-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        die(dir);
    (void)snprintf(run, sizeof run, "%s/run", dir);
    (void)snprintf(base, sizeof base, "%s/base.db", dir);
    (void)snprintf(path, sizeof path, "%s/run/city.db", dir);
    (void)snprintf(csv, sizeof csv, "%s/tickets.csv", dir);
    (void)snprintf(people, sizeof people, "%s/people.csv", dir);
    (void)snprintf(units, sizeof units, "%s/units.csv", dir);
    if (mkdir(run, 0700))
        die(run);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        die("mmap");
    for (sort *w = sorts; w < sorts + SORTS; w++) {
        if (!wanted(w, argv + i))
            continue;
        int n = full ? w->many : w->few;
        if (!learn(w)) {
            w->failed++;
            continue;
        }
        for (int k = 0; k < n; k++)
            kill_one(w, k, n);
    }
    (void)printf("\n%-8s %6s %22s %10s %10s %10s %8s %8s %10s %8s %8s\n", "work", "kills", "between BEGIN, COMMIT", "in COMMIT",
                 "half write", "any moment", "watched", "twice", "as before", "later", "failed");
    for (const sort *w = sorts; w < sorts + SORTS; w++) {
        if (!w->kills && !w->failed)
            continue;
        (void)printf("%-8s %6d %22d %10d %10d %10d %8d %8d %10d %8d %8d\n", w->name, w->kills, w->inside, w->ending, w->halves,
                     w->external, w->watched, w->twice, w->before, w->after, w->failed);
        kills += w->kills + w->twice;
        inside += w->inside;
        failed += w->failed;
    }
    (void)printf("%d kills (the second ones included), %d between BEGIN and COMMIT\n", kills, inside);
    (void)printf("%d passed, %d failed\n", kills > failed ? kills - failed : 0, failed);
    empty(run);
    (void)rmdir(run);
    empty(dir);
    (void)rmdir(dir);
    return failed != 0;
}
