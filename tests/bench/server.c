/* What the library costs above libpq, with its store on a server: MUNI_TEST_SERVER (tests/postgresql.sh tests/bench/server …). As bench does for SQLite: one line
 * per operation, the floor being a program of prepared statements that writes or reads the same rows of the same tables and nothing else, on a connection of
 * its own, in turns with the library.
 *
 *   server [TICKETS]     20,000 tickets; two schemas of the server, and a file in TMPDIR for the copies, all taken away at the end
 *
 * What the library works out (checks, rights, numbers, keys, tokens, SHA-256) the floor is given beforehand, untimed: it reads what the library wrote. */
#include "library.h"

#include <libpq-fe.h>
#include <unistd.h>

#define SINGLE 501
#define READS 301
#define COLUMNS_MAX 128

static char urls[2][600], schemas[2][64];
static PGconn *pg; /* the floor's */
static uint64_t made;

/* ---- libpq */

static PGresult *answered(PGresult *r, const char *what) {
    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
        die("%s: %s", what, PQerrorMessage(pg));
    return r;
}

static PGresult *asked(const char *format, ...) {
    char sql[8192];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sql, sizeof sql, format, args);
    va_end(args);
    return answered(PQexec(pg, sql), sql);
}

static void said(const char *sql) {
    PQclear(answered(PQexec(pg, sql), sql));
}

static int64_t number(const char *sql) {
    PGresult *r = asked("%s", sql);
    int64_t v = PQntuples(r) ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : 0;
    PQclear(r);
    return v;
}

static void prepared(const char *name, const char *sql) {
    PQclear(answered(PQprepare(pg, name, sql, 0, NULL), sql));
}

/* INSERT of whole rows of a table, under the table's name. */
static void prepared_insert(const char *table) {
    char sql[1024];
    PGresult *r = asked("SELECT * FROM \"%s\".%s LIMIT 0", schemas[1], table);
    int n = snprintf(sql, sizeof sql, "INSERT INTO \"%s\".%s VALUES(", schemas[1], table);
    for (int i = 0; i < PQnfields(r); i++)
        n += snprintf(sql + n, sizeof sql - (size_t)n, i ? ",$%d" : "$%d", i + 1);
    (void)snprintf(sql + n, sizeof sql - (size_t)n, ")");
    PQclear(r);
    prepared(table, sql);
}

static void insert(const char *table, const PGresult *rows, int row) {
    const char *values[COLUMNS_MAX];
    int n = PQnfields(rows);
    for (int i = 0; i < n; i++)
        values[i] = PQgetisnull(rows, row, i) ? NULL : PQgetvalue(rows, row, i);
    PQclear(answered(PQexecPrepared(pg, table, n, values, NULL, NULL, 0), table));
}

/* ---- writing */

/* What the library wrote since the last time. */
typedef struct written {
    PGresult *tickets, *history, *docs;
} written;
static int64_t seen_ticket, seen_history;

static written take_written(void) {
    written w = { asked("SELECT * FROM \"%s\".k_ticket WHERE id > %lld ORDER BY id", schemas[0], (long long)seen_ticket),
                  asked("SELECT * FROM \"%s\".m_history WHERE id > %lld ORDER BY id", schemas[0], (long long)seen_history),
                  asked("SELECT * FROM \"%s\".m_doc WHERE doc > %lld ORDER BY doc", schemas[0], (long long)seen_ticket) };
    if (PQntuples(w.tickets))
        seen_ticket = strtoll(PQgetvalue(w.tickets, PQntuples(w.tickets) - 1, 0), NULL, 10);
    if (PQntuples(w.history))
        seen_history = strtoll(PQgetvalue(w.history, PQntuples(w.history) - 1, 0), NULL, 10);
    return w;
}

static void drop_written(written *w) {
    PQclear(w->tickets);
    PQclear(w->history);
    PQclear(w->docs);
}

static double floor_create(const written *w) {
    double t = now();
    said("BEGIN");
    for (int i = 0; i < PQntuples(w->tickets); i++) {
        insert("k_ticket", w->tickets, i);
        insert("m_history", w->history, i);
        insert("m_doc", w->docs, i);
    }
    said("COMMIT");
    return now() - t;
}

static void bench_create(const lib *l, int64_t n) {
    static rounds batch, single;
    for (int64_t i = 0; i < n; i += BATCH) {
        ticket *t = tickets_make(made, BATCH);
        made += BATCH;
        double a = now();
        ok(muni_session_begin(l->admin));
        for (int k = 0; k < BATCH; k++)
            lib_create(l, &t[k]);
        ok(muni_session_commit(l->admin));
        a = now() - a;
        free(t);
        written w = take_written();
        if (PQntuples(w.tickets) != BATCH || PQntuples(w.history) != BATCH || PQntuples(w.docs) != BATCH)
            die("the library wrote %d tickets, %d rows of history and %d documents", PQntuples(w.tickets), PQntuples(w.history), PQntuples(w.docs));
        add(&batch, a / BATCH, floor_create(&w) / BATCH);
        drop_written(&w);
    }
    (void)line("create", "1,000 per transaction", &batch, (aim){ .ratio = 1.5 });
    for (int i = 0; i < SINGLE; i++) {
        ticket *t = tickets_make(made++, 1);
        double a = now();
        lib_create(l, t);
        a = now() - a;
        free(t);
        written w = take_written();
        add(&single, a, floor_create(&w));
        drop_written(&w);
    }
    (void)line("create", "one per transaction", &single, (aim){ .ratio = 0 });
}

static void bench_transition(const lib *l) {
    static rounds r;
    char json[64];
    PGresult *ids = asked("SELECT id FROM \"%s\".k_ticket WHERE state = 'new' ORDER BY id DESC LIMIT %d", schemas[0], SINGLE);
    for (int i = 0; i < PQntuples(ids); i++) {
        int64_t id = strtoll(PQgetvalue(ids, i, 0), NULL, 10);
        muni_rec *rec = NULL;
        (void)snprintf(json, sizeof json, "{\"assignee\":%lld}", (long long)l->staff[i % STAFF]);
        ok(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec));
        double a = now();
        ok(muni_session_transition(l->admin, "ticket", id, 0, "assign", rec, NULL));
        a = now() - a;
        muni_rec_free(rec);
        PGresult *now_is = asked("SELECT id, rev, state, updated_at, assignee FROM \"%s\".k_ticket WHERE id = %lld", schemas[0], (long long)id);
        written w = take_written();
        const char *values[5];
        for (int k = 0; k < 5; k++)
            values[k] = PQgetvalue(now_is, 0, k);
        double b = now();
        said("BEGIN");
        PQclear(answered(PQexecPrepared(pg, "update", 5, values, NULL, NULL, 0), "update"));
        insert("m_history", w.history, 0);
        said("COMMIT");
        add(&r, a, now() - b);
        PQclear(now_is);
        drop_written(&w);
    }
    PQclear(ids);
    (void)line("transition", "one per transaction", &r, (aim){ .ratio = 1.5 });
}

/* ---- reading */

static size_t lib_read(muni_session *s, const char *json) {
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    muni_rec *rec = NULL;
    size_t n = 0;
    muni_status st;
    ok(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    ok(muni_session_list(s, q, &c));
    while ((st = muni_cursor_next(c, &rec)) == MUNI_ROW) {
        n++;
        muni_rec_free(rec);
    }
    ok(st);
    muni_cursor_unref(c);
    muni_query_free(q);
    return n;
}

/* Every value of every row is looked at. */
static size_t floor_read(const char *name, size_t *bytes) {
    PGresult *r = answered(PQexecPrepared(pg, name, 0, NULL, NULL, NULL, 0), name);
    size_t n = (size_t)PQntuples(r);
    for (int i = 0; i < (int)n; i++)
        for (int k = 0; k < PQnfields(r); k++)
            *bytes += (size_t)PQgetlength(r, i, k);
    PQclear(r);
    return n;
}

static void bench_read(const char *what, muni_session *s, const char *json, const char *sql) {
    static rounds r;
    size_t bytes = 0;
    prepared("read", sql);
    for (int i = 0; i < READS; i++) {
        double a = now();
        size_t n = lib_read(s, json);
        a = now() - a;
        double b = now();
        size_t m = floor_read("read", &bytes);
        b = now() - b;
        if (n != m)
            die("%s: the library lists %zu, the floor %zu", what, n, m);
        add(&r, a, b);
    }
    said("DEALLOCATE read");
    (void)line("list", what, &r, (aim){ .ratio = 1.5 });
}

static void bench_words(const lib *l) {
    static const struct {
        const char *word, *what;
    } words[] = { { "印刷", "2 characters, in a seventh" }, { "贈呈", "2 characters, in a thousandth" }, { "火星", "2 characters, in none" },
                  { "下水道台帳", "5 characters, in a fiftieth" }, { "印", "1 character, frequent" },     { "鮭", "1 character, in none" } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        double times[READS];
        char json[200];
        (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"words\":\"%s\",\"limit\":20}", words[i].word);
        for (int k = 0; k < READS; k++) {
            double a = now();
            (void)lib_read(l->admin, json);
            times[k] = now() - a;
        }
        double us = median(times, READS) * 1e6;
        (void)printf("%-14s newest 20, %-35s library %8.0f/s (%9.1f us)", "search", words[i].what, 1e6 / us, us);
        const aim a = { .us = 10000 };
        verdict(&a, us, 0);
    }
}

static void bench_report(const lib *l) {
    static rounds r;
    char sql[300];
    (void)snprintf(sql, sizeof sql,
                   "SELECT category, month, count(*) FROM \"%s\".k_ticket WHERE trashed_at IS NULL AND type = 'incident' AND month BETWEEN 202304 AND 202403 GROUP BY category, month",
                   schemas[0]);
    prepared("report", sql);
    for (int round = 0; round < 11; round++) {
        muni_report *report = NULL;
        int64_t total = 0, sum = 0;
        double a = now();
        ok(muni_session_report(l->admin, "helpdesk-monthly", "{\"fiscal_year\":2023}", &report));
        a = now() - a;
        ok(muni_report_value(report, muni_report_rows(report) - 1, muni_report_columns(report) - 1, &total));
        muni_report_unref(report);
        double b = now();
        PGresult *q = answered(PQexecPrepared(pg, "report", 0, NULL, NULL, NULL, 0), "report");
        for (int i = 0; i < PQntuples(q); i++)
            sum += strtoll(PQgetvalue(q, i, 2), NULL, 10);
        b = now() - b;
        PQclear(q);
        if (sum != total)
            die("report: %lld tickets, and the floor counts %lld", (long long)total, (long long)sum);
        add(&r, a, b);
    }
    (void)line("report", "category by month of a fiscal year", &r, (aim){ .ratio = 1.5 });
}

/* ---- copying */

static void copy_line(const char *what, muni_session *s, const char *to) {
    muni_rec *out = NULL;
    double t = now();
    ok(muni_store_copy(s, to, NULL, NULL, &out));
    t = now() - t;
    double records = (double)muni_rec_int(out, muni_rec_find(out, "records")), rows = (double)muni_rec_int(out, muni_rec_find(out, "rows"));
    muni_rec_free(out);
    (void)printf("%-14s %-46s library %8.0f records/s, %8.0f rows/s, indexes and comparison included   aim >= 20000 records/s: %s\n", "copy", what, records / t, rows / t,
                 records / t >= 20000 ? "met" : "missed");
}

static void remove_file(const char *path) {
    static const char *const ends[] = { "", "-wal", "-shm", "-queue" };
    char name[700];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

static void bench_copy(const lib *l) {
    const char *tmp = getenv("TMPDIR");
    char file[600], sql[128];
    lib from = { .db = NULL };
    (void)snprintf(file, sizeof file, "%s/muni-bench-%ld.db", tmp ? tmp : "/tmp", (long)getpid());
    copy_line("from the server to a file", l->admin, file);
    (void)snprintf(sql, sizeof sql, "DROP SCHEMA \"%s\" CASCADE", schemas[1]);
    said(sql);
    lib_open(&from, file, 0);
    copy_line("from a file to the server", from.admin, urls[1]);
    lib_close(&from);
    remove_file(file);
}

int main(int argc, char **argv) {
    const char *server = getenv("MUNI_TEST_SERVER");
    int64_t n = argc > 1 ? strtoll(argv[1], NULL, 10) : 20000;
    char sql[400], json[300];
    lib l = { .db = NULL }, other = { .db = NULL };
    if (!server || !*server || n < BATCH) {
        (void)fputs("usage: MUNI_TEST_SERVER=postgresql://… server [TICKETS, at least 1000]\n", stderr);
        return 2;
    }
    pg = PQconnectdb(server);
    if (PQstatus(pg) != CONNECTION_OK)
        die("%s", PQerrorMessage(pg));
    said("SET client_min_messages TO error");
    for (int i = 0; i < 2; i++) {
        (void)snprintf(schemas[i], sizeof schemas[i], "bench_%ld_%d", (long)getpid(), i);
        (void)snprintf(urls[i], sizeof urls[i], "%s%cschema=%s", server, strchr(server, '?') ? '&' : '?', schemas[i]);
        lib_make(i ? &other : &l, urls[i]);
    }
    PGresult *v = asked("SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')");
    (void)printf("server         PostgreSQL %s, fsync %s, synchronous_commit %s; %lld tickets; %s\n", PQgetvalue(v, 0, 0), PQgetvalue(v, 0, 1), PQgetvalue(v, 0, 2), (long long)n, muni_version());
    PQclear(v);
    lib_open(&l, urls[0], 0);
    (void)snprintf(sql, sizeof sql, "SELECT max(id) FROM \"%s\".m_history", schemas[0]);
    seen_history = number(sql);
    (void)snprintf(sql, sizeof sql, "SELECT last_value FROM \"%s\".s_id", schemas[0]);
    seen_ticket = number(sql);
    prepared_insert("k_ticket");
    prepared_insert("m_history");
    prepared_insert("m_doc");
    (void)snprintf(sql, sizeof sql, "UPDATE \"%s\".k_ticket SET rev = $2, state = $3, updated_at = $4, assignee = $5 WHERE id = $1", schemas[1]);
    prepared("update", sql);
    bench_create(&l, n);
    muni_rec *out = NULL;
    ok(muni_store_vacuum(l.admin, &out)); /* the planner looks at what is there */
    muni_rec_free(out);
    (void)snprintf(sql, sizeof sql, "VACUUM (ANALYZE) \"%s\".k_ticket", schemas[1]);
    said(sql);
    bench_transition(&l);
    (void)snprintf(sql, sizeof sql, "SELECT * FROM \"%s\".k_ticket WHERE trashed_at IS NULL ORDER BY id DESC LIMIT 50", schemas[0]);
    bench_read("50 newest, sees all", l.admin, "{\"kind\":\"ticket\",\"limit\":50}", sql);
    (void)snprintf(json, sizeof json,
                   "{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"assignee\",\"op\":\"eq\",\"value\":%lld},{\"field\":\"state\",\"op\":\"eq\",\"value\":\"new\"}]},\"order\":[\"reported_at\"],\"limit\":50}",
                   (long long)l.staff[7]);
    (void)snprintf(sql, sizeof sql, "SELECT * FROM \"%s\".k_ticket WHERE assignee = %lld AND state = 'new' AND trashed_at IS NULL ORDER BY reported_at, id LIMIT 50", schemas[0], (long long)l.staff[7]);
    bench_read("50 new of an assignee by date, sees all", l.admin, json, sql);
    bench_words(&l);
    bench_report(&l);
    bench_copy(&l);
    lib_close(&l);
    for (int i = 0; i < 2; i++) {
        (void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS \"%s\" CASCADE", schemas[i]);
        said(sql);
    }
    PQfinish(pg);
    return 0;
}
