/* What the library costs above SQLite. One line per operation: what the library does, what a program of prepared statements does that writes
 * or reads the same rows and nothing else (the floor), and the ratio of their times; in turns, in one run, the median of the rounds.
 *
 *   bench [TICKETS [DIRECTORY]]      100,000 tickets, in a directory of its own under DIRECTORY, which is taken away at the end
 *
 * Both stores are made by the library; the floor then copies into the second what the library wrote into the first: tickets with all
 * columns and indexes, history rows with their hashes, documents, their queue, the bigrams of the index, blocks and sequences. What
 * the library works out (checks, rights, numbers, keys, bigrams, SHA-256) the floor is given beforehand, untimed. At the end the two
 * stores are compared, table by table. */
#include <municipal.h>

#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "texts.h"

#define BATCH 1000
#define FLUSH 256 /* so many queued documents are written to the index */
#define PEOPLE 2000
#define STAFF 50
#define ROUNDS_MAX 2048
#define BEGIN INT64_C(1680274800) /* 2023-04-01T00:00:00+09:00 */
#define YEAR (366 * 86400)

/* muni_session_import is measured where the library has it. */
extern __typeof__(muni_session_import) muni_session_import __attribute__((weak));

static char dir[512], lib_path[600], raw_path[600];

static void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)fputs("bench: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void ok(muni_status st) {
    if (st < 0)
        die("%s: %s [%s]", muni_error_name(st), muni_error_text("en"), muni_error_field());
}

static double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void *need(void *p) {
    if (!p)
        die("out of memory");
    return p;
}

/* ---- figures */

typedef struct rounds {
    double lib[ROUNDS_MAX], raw[ROUNDS_MAX]; /* seconds for one */
    size_t n;
} rounds;

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(const double *v, size_t n) {
    double copy[ROUNDS_MAX];
    memcpy(copy, v, n * sizeof *v);
    qsort(copy, n, sizeof *copy, by_size);
    return n % 2 ? copy[n / 2] : (copy[n / 2 - 1] + copy[n / 2]) / 2;
}

static void add(rounds *r, double lib, double raw) {
    if (r->n < ROUNDS_MAX) {
        r->lib[r->n] = lib;
        r->raw[r->n++] = raw;
    }
}

static void line(const char *name, const char *what, rounds *r, const char *unit) {
    double lib = median(r->lib, r->n), raw = median(r->raw, r->n);
    (void)printf("%-10s  %-50s library %9.0f %s/s (%8.1f us)   floor %9.0f %s/s (%8.1f us)   ratio %5.2f   (%zu rounds)\n", name, what, 1 / lib, unit, lib * 1e6, 1 / raw, unit,
                 raw * 1e6, lib / raw, r->n);
    (void)fflush(stdout);
    r->n = 0;
}

/* ---- SQLite */

static sqlite3 *db_open(const char *path, bool read_only) {
    sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, (read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX, NULL))
        die("%s: %s", path, sqlite3_errmsg(db));
    return db;
}

static void run(sqlite3 *db, const char *sql) {
    if (sqlite3_exec(db, sql, NULL, NULL, NULL))
        die("%s: %s", sql, sqlite3_errmsg(db));
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL))
        die("%s: %s", sql, sqlite3_errmsg(db));
    return s;
}

static void step(sqlite3_stmt *s) {
    if (sqlite3_step(s) != SQLITE_DONE)
        die("%s: %s", sqlite3_sql(s), sqlite3_errmsg(sqlite3_db_handle(s)));
    (void)sqlite3_reset(s);
}

static int64_t number(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s = prepare(db, sql);
    int64_t v = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
    (void)sqlite3_finalize(s);
    return v;
}

/* Rows held in memory, to be written again. */
typedef struct cell {
    int type, n;
    int64_t i; /* or where it begins */
} cell;
typedef struct rows {
    cell *cells;
    char *bytes;
    size_t ncells, cells_cap, nbytes, bytes_cap;
    int columns;
    size_t count;
} rows;

static void rows_load(rows *r, sqlite3 *db, const char *sql, int64_t from) {
    sqlite3_stmt *s = prepare(db, sql);
    (void)sqlite3_bind_int64(s, 1, from);
    r->ncells = r->nbytes = r->count = 0;
    r->columns = sqlite3_column_count(s);
    while (sqlite3_step(s) == SQLITE_ROW) {
        r->count++;
        for (int i = 0; i < r->columns; i++) {
            if (r->ncells == r->cells_cap)
                r->cells = need(realloc(r->cells, (r->cells_cap = r->cells_cap * 2 + 64) * sizeof *r->cells));
            cell *c = &r->cells[r->ncells++];
            *c = (cell){ sqlite3_column_type(s, i), 0, 0 };
            if (c->type == SQLITE_INTEGER) {
                c->i = sqlite3_column_int64(s, i);
            } else if (c->type != SQLITE_NULL) {
                const void *p = sqlite3_column_blob(s, i);
                c->n = sqlite3_column_bytes(s, i);
                c->i = (int64_t)r->nbytes;
                if (r->nbytes + (size_t)c->n > r->bytes_cap)
                    r->bytes = need(realloc(r->bytes, r->bytes_cap = (r->nbytes + (size_t)c->n) * 2));
                if (c->n)
                    memcpy(r->bytes + r->nbytes, p, (size_t)c->n);
                r->nbytes += (size_t)c->n;
            }
        }
    }
    (void)sqlite3_finalize(s);
}

static const cell *row_of(const rows *r, size_t row) {
    return r->cells + row * (size_t)r->columns;
}

static void row_bind(sqlite3_stmt *s, const rows *r, size_t row) {
    const cell *c = row_of(r, row);
    for (int i = 0; i < r->columns; i++, c++) {
        if (c->type == SQLITE_INTEGER)
            (void)sqlite3_bind_int64(s, i + 1, c->i);
        else if (c->type == SQLITE_TEXT)
            (void)sqlite3_bind_text(s, i + 1, r->bytes + c->i, c->n, SQLITE_STATIC);
        else if (c->type == SQLITE_BLOB)
            (void)sqlite3_bind_blob(s, i + 1, r->bytes + c->i, c->n, SQLITE_STATIC);
        else
            (void)sqlite3_bind_null(s, i + 1);
    }
}

static void row_write(sqlite3_stmt *s, const rows *r, size_t row) {
    row_bind(s, r, row);
    step(s);
}

/* INSERT with as many parameters as the table has columns. */
static sqlite3_stmt *inserter(sqlite3 *db, const char *table) {
    char sql[1024];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM pragma_table_info('%s')", table);
    int n = (int)number(db, sql);
    (void)snprintf(sql, sizeof sql, "INSERT INTO %s VALUES(", table);
    for (int i = 0; i < n; i++)
        (void)strcat(sql, i ? ",?" : "?");
    return prepare(db, strcat(sql, ")"));
}

/* ---- the floor */

typedef struct seqs { /* name, value before, value now */
    char name[64][96];
    int64_t before[64], value[64];
    size_t n;
} seqs;

static struct floor {
    sqlite3 *from; /* the library's store, read only */
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *ticket, *history, *doc, *queue, *index, *empty, *block, *seq, *new_seq;
    sqlite3_stmt *update[2]; /* with the assignee, without */
    int64_t last_ticket, last_history, last_block; /* that were copied */
    int queued;
    rows tickets, rows_history, docs, blocks, changed;
    char *tokens; /* of docs */
    size_t *token_at;
    seqs seq_values;
} f;

static void floor_open(void) {
    f.from = db_open(lib_path, true);
    f.db = db_open(raw_path, false);
    run(f.from, "PRAGMA cache_size=-2048");
    run(f.db, "PRAGMA journal_mode=WAL; PRAGMA cache_size=-32768; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=2000; PRAGMA journal_size_limit=67108864; PRAGMA synchronous=FULL");
    f.begin = prepare(f.db, "BEGIN IMMEDIATE");
    f.commit = prepare(f.db, "COMMIT");
    f.ticket = inserter(f.db, "k_ticket");
    f.history = inserter(f.db, "m_history");
    f.doc = inserter(f.db, "m_doc");
    f.block = inserter(f.db, "m_block");
    f.queue = prepare(f.db, "INSERT INTO m_doc_queue(doc,old) VALUES(?1,NULL)");
    f.index = prepare(f.db, "INSERT INTO m_doc_index(rowid,keys) VALUES(?1,?2)");
    f.empty = prepare(f.db, "DELETE FROM m_doc_queue");
    f.seq = prepare(f.db, "UPDATE m_seq SET value=?2 WHERE name=?1");
    f.new_seq = prepare(f.db, "INSERT INTO m_seq(name,value) VALUES(?1,?2)");
    f.update[0] = prepare(f.db, "UPDATE k_ticket SET rev=?2,state=?3,updated_at=?4,assignee=?5 WHERE id=?1");
    f.update[1] = prepare(f.db, "UPDATE k_ticket SET rev=?2,state=?3,updated_at=?4 WHERE id=?1");
}

static void floor_close(void) {
    sqlite3_stmt *const all[] = { f.begin, f.commit, f.ticket, f.history, f.doc, f.queue, f.index, f.empty, f.block, f.seq, f.new_seq, f.update[0], f.update[1] };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        (void)sqlite3_finalize(all[i]);
    (void)sqlite3_close(f.from);
    (void)sqlite3_close(f.db);
}

/* What both stores hold before the measurements begin. */
static void floor_sync(void) {
    f.last_ticket = number(f.from, "SELECT max(value,0) FROM m_seq WHERE name='id'");
    f.last_history = number(f.from, "SELECT max(id) FROM m_history");
    f.last_block = number(f.from, "SELECT coalesce(max(no),0) FROM m_block");
    if (f.last_ticket != number(f.db, "SELECT value FROM m_seq WHERE name='id'") || f.last_history != number(f.db, "SELECT max(id) FROM m_history"))
        die("the two stores do not begin alike");
    run(f.db, "DELETE FROM m_doc_queue");
}

static void load_seqs(void) {
    seqs *q = &f.seq_values;
    sqlite3_stmt *s = prepare(f.from, "SELECT name,value FROM m_seq");
    while (sqlite3_step(s) == SQLITE_ROW) {
        size_t i = 0;
        const char *name = (const char *)sqlite3_column_text(s, 0);
        while (i < q->n && strcmp(q->name[i], name) != 0)
            i++;
        if (i == sizeof q->value / sizeof *q->value)
            die("too many sequences");
        q->before[i] = i < q->n ? q->value[i] : 0;
        q->value[i] = sqlite3_column_int64(s, 1);
        if (i == q->n) {
            (void)snprintf(q->name[i], sizeof q->name[i], "%s", name);
            q->n++;
        }
    }
    (void)sqlite3_finalize(s);
}

/* Sequences after change `i` of `n`. */
static void write_seqs(size_t i, size_t n) {
    seqs *q = &f.seq_values;
    for (size_t k = 0; k < q->n; k++) {
        int64_t more = q->value[k] - q->before[k], v = q->before[k] + more * (int64_t)(i + 1) / (int64_t)n;
        if (!more || (i && v == q->before[k] + more * (int64_t)i / (int64_t)n))
            continue;
        sqlite3_stmt *s = i || q->before[k] ? f.seq : f.new_seq;
        for (;;) {
            (void)sqlite3_bind_text(s, 1, q->name[k], -1, SQLITE_STATIC);
            (void)sqlite3_bind_int64(s, 2, v);
            step(s);
            if (s == f.new_seq || sqlite3_changes(f.db))
                break;
            s = f.new_seq;
        }
    }
}

/* Take from the library's store what it wrote since. */
static size_t floor_load(void) {
    rows_load(&f.tickets, f.from, "SELECT * FROM k_ticket WHERE id>?1 ORDER BY id", f.last_ticket);
    rows_load(&f.rows_history, f.from, "SELECT * FROM m_history WHERE id>?1 ORDER BY id", f.last_history);
    rows_load(&f.docs, f.from, "SELECT * FROM m_doc WHERE doc>?1 ORDER BY doc", f.last_ticket);
    rows_load(&f.blocks, f.from, "SELECT * FROM m_block WHERE no>?1 ORDER BY no", f.last_block);
    load_seqs();
    if (f.tickets.count && (f.tickets.count != f.docs.count || f.tickets.count != f.rows_history.count))
        die("%zu tickets, %zu documents, %zu history rows", f.tickets.count, f.docs.count, f.rows_history.count);
    f.tokens = need(realloc(f.tokens, f.docs.nbytes * 3 + 1));
    f.token_at = need(realloc(f.token_at, (f.docs.count + 1) * sizeof *f.token_at));
    f.token_at[0] = 0;
    for (size_t i = 0; i < f.docs.count; i++) {
        const cell *keys = row_of(&f.docs, i) + f.docs.columns - 1;
        f.token_at[i + 1] = f.token_at[i] + tokens_make(f.docs.bytes + keys->i, (size_t)keys->n, f.tokens + f.token_at[i]);
    }
    if (f.tickets.count)
        f.last_ticket = row_of(&f.tickets, f.tickets.count - 1)->i;
    if (f.rows_history.count)
        f.last_history = row_of(&f.rows_history, f.rows_history.count - 1)->i;
    f.last_block += (int64_t)f.blocks.count;
    return f.tickets.count;
}

static void floor_flush(size_t from, size_t to) {
    for (size_t i = from; i < to; i++) {
        (void)sqlite3_bind_int64(f.index, 1, row_of(&f.docs, i)->i);
        (void)sqlite3_bind_text(f.index, 2, f.tokens + f.token_at[i], (int)(f.token_at[i + 1] - f.token_at[i]), SQLITE_STATIC);
        step(f.index);
    }
    step(f.empty);
}

static void floor_create(size_t i) {
    row_write(f.ticket, &f.tickets, i);
    row_write(f.history, &f.rows_history, i);
    row_write(f.doc, &f.docs, i);
    (void)sqlite3_bind_int64(f.queue, 1, row_of(&f.docs, i)->i);
    step(f.queue);
}

static void floor_create_batch(size_t n) {
    step(f.begin);
    for (size_t i = 0; i < n; i++)
        floor_create(i);
    for (size_t i = 0; i < f.blocks.count; i++)
        row_write(f.block, &f.blocks, i);
    write_seqs(0, 1);
    if (n >= FLUSH)
        floor_flush(0, n);
    step(f.commit);
}

/* One by one; what came before `first` in the index is there already. */
static void floor_create_single(size_t n) {
    size_t block = 0, flushed = 0;
    for (size_t i = 0; i < n; i++) {
        step(f.begin);
        floor_create(i);
        if (block < f.blocks.count && row_of(&f.blocks, block)[2].i <= row_of(&f.rows_history, i)->i)
            row_write(f.block, &f.blocks, block++);
        write_seqs(i, n);
        if (i + 1 - flushed >= FLUSH) {
            floor_flush(flushed, i + 1);
            flushed = i + 1;
        }
        step(f.commit);
    }
}

static void floor_transition(sqlite3_stmt *update) {
    size_t block = 0;
    for (size_t i = 0; i < f.changed.count; i++) {
        step(f.begin);
        row_write(update, &f.changed, i);
        row_write(f.history, &f.rows_history, i);
        if (block < f.blocks.count && row_of(&f.blocks, block)[2].i <= row_of(&f.rows_history, i)->i)
            row_write(f.block, &f.blocks, block++);
        write_seqs(i, f.changed.count);
        step(f.commit);
    }
}

/* ---- the library */

typedef struct lib {
    muni_db *db;
    muni_session *admin;
    int64_t people[PEOPLE], staff[STAFF], first_ticket;
    char login[STAFF][16];
} lib;

static muni_rec *rec_of(const char *format, ...) {
    char json[1024];
    muni_rec *rec = NULL;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(json, sizeof json, format, args);
    va_end(args);
    ok(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec));
    return rec;
}

static int64_t create(muni_session *s, const char *kind, muni_rec *rec) {
    muni_rec *out = NULL;
    ok(muni_session_create(s, kind, rec, &out));
    int64_t id = muni_rec_int(out, muni_rec_find(out, "id"));
    muni_rec_free(out);
    muni_rec_free(rec);
    return id;
}

static void lib_open(lib *l, const char *path, int32_t synchronous) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    o.synchronous = synchronous;
    ok(muni_open(path, &o, &l->db));
    ok(muni_db_session(l->db, "admin", "bench", NULL, &l->admin));
}

static void lib_close(lib *l) {
    muni_session_unref(l->admin);
    muni_db_unref(l->db);
    l->admin = NULL;
    l->db = NULL;
}

/* A store with its people and rights, closed again. */
static void lib_make(lib *l, const char *path) {
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    muni_rec *out = NULL;
    o.test = 1;
    o.now = BEGIN;
    ok(muni_create(path, &o, &l->db));
    ok(muni_db_session(l->db, "admin", "bench", NULL, &l->admin));
    for (int i = 0; i < PEOPLE; i++) {
        if (i % BATCH == 0)
            ok(muni_session_begin(l->admin));
        l->people[i] = create(l->admin, "person", rec_of("{\"staff_no\":\"S%05d\",\"name\":\"職員%d\"}", i, i));
        if (i % BATCH == BATCH - 1 || i == PEOPLE - 1)
            ok(muni_session_commit(l->admin));
    }
    int64_t group = create(l->admin, "group", rec_of("{\"code\":\"own\",\"name\":\"自分のもの\"}"));
    (void)create(l->admin, "grant", rec_of("{\"group\":%lld,\"on\":\"ticket\",\"verb\":\"read\",\"scope\":\"own\"}", (long long)group));
    for (int i = 0; i < STAFF; i++) {
        (void)snprintf(l->login[i], sizeof l->login[i], "desk%02d", i);
        l->staff[i] = create(l->admin, "principal", rec_of("{\"login\":\"%s\",\"name\":\"担当%d\",\"person\":%lld}", l->login[i], i, (long long)l->people[i]));
        (void)create(l->admin, "member", rec_of("{\"group\":%lld,\"principal\":%lld}", (long long)group, (long long)l->staff[i]));
    }
    ok(muni_session_run_due(l->admin, &out));
    muni_rec_free(out);
    lib_close(l);
}

static void lib_create(const lib *l, const ticket *t) {
    muni_rec *rec = NULL;
    ok(muni_rec_new(&rec));
    (void)muni_rec_set_text(rec, "type", "incident", MUNI_ZERO_TERMINATED);
    (void)muni_rec_set_text(rec, "subject", t->subject, MUNI_ZERO_TERMINATED);
    (void)muni_rec_set_text(rec, "body", t->body, MUNI_ZERO_TERMINATED);
    (void)muni_rec_set_text(rec, "category", t->category, MUNI_ZERO_TERMINATED);
    (void)muni_rec_set_text(rec, "impact", t->impact, MUNI_ZERO_TERMINATED);
    (void)muni_rec_set_text(rec, "urgency", t->urgency, MUNI_ZERO_TERMINATED);
    (void)muni_rec_set_int(rec, "reporter", l->people[t->reporter]);
    if (t->assignee >= 0)
        (void)muni_rec_set_int(rec, "assignee", l->staff[t->assignee]);
    (void)muni_rec_set_time(rec, "reported_at", t->reported_at);
    ok(muni_session_create(l->admin, "ticket", rec, NULL));
    muni_rec_free(rec);
}

static ticket *tickets_make(uint64_t first, size_t n) {
    ticket *t = need(malloc(n * sizeof *t));
    for (size_t i = 0; i < n; i++)
        ticket_make(&t[i], first + i, PEOPLE, STAFF, BEGIN, YEAR);
    return t;
}

/* ---- create, transition */

static uint64_t made; /* tickets so far */

static void bench_create_batch(lib *l, int64_t n) {
    static rounds r;
    double lib_all = 0, raw_all = 0;
    for (int64_t i = 0; i < n; i += BATCH) {
        size_t count = n - i < BATCH ? (size_t)(n - i) : BATCH;
        ticket *t = tickets_make(made, count);
        made += count;
        double a = now();
        ok(muni_session_begin(l->admin));
        for (size_t k = 0; k < count; k++)
            lib_create(l, &t[k]);
        ok(muni_session_commit(l->admin));
        a = now() - a;
        free(t);
        if (floor_load() != count)
            die("the library wrote another number of tickets");
        double b = now();
        floor_create_batch(count);
        b = now() - b;
        add(&r, a / (double)count, b / (double)count);
        lib_all += a;
        raw_all += b;
    }
    line("create", "1,000 per transaction, FULL", &r, "");
    (void)printf("%-10s  %-50s library %9.0f /s                  floor %9.0f /s                  ratio %5.2f\n", "create", "  all of them, pauses of the disk included", (double)n / lib_all,
                 (double)n / raw_all, lib_all / raw_all);
}

static void bench_create_single(lib *l, const char *mode, int count) {
    static rounds r;
    char what[64];
    for (int round = 0; round < count; round++) {
        const size_t n = 2 * FLUSH; /* each round writes the index twice, on both sides */
        ticket *t = tickets_make(made, n);
        made += n;
        double a = now();
        for (size_t i = 0; i < n; i++)
            lib_create(l, &t[i]);
        a = now() - a;
        free(t);
        if (floor_load() != n)
            die("the library wrote another number of tickets");
        double b = now();
        floor_create_single(n);
        b = now() - b;
        add(&r, a / (double)n, b / (double)n);
    }
    (void)snprintf(what, sizeof what, "one per transaction, %s", mode);
    line("create", what, &r, "");
}

static int64_t clock_at = BEGIN + YEAR;

static void bench_transition(lib *l, const char *mode, int count, int64_t *next) {
    static rounds r;
    char what[64];
    const int n = 200;
    for (int round = 0; round < count; round++)
        for (int kind = 0; kind < 2; kind++) { /* assign with an assignee, then start */
            int64_t first = *next;
            double a = 0;
            clock_at += 60;
            ok(muni_db_set_now(l->db, clock_at));
            for (int i = 0; i < n; i++) {
                muni_rec *rec = NULL;
                double begin = now();
                if (kind == 0) {
                    ok(muni_rec_new(&rec));
                    (void)muni_rec_set_int(rec, "assignee", l->staff[(first + i) % STAFF]);
                }
                ok(muni_session_transition(l->admin, "ticket", first + i, 0, kind ? "start" : "assign", rec, NULL));
                muni_rec_free(rec);
                a += now() - begin;
            }
            (void)floor_load();
            rows_load(&f.changed, f.from, kind ? "SELECT id,rev,state,updated_at FROM k_ticket WHERE id>=?1 ORDER BY id LIMIT 200" : "SELECT id,rev,state,updated_at,assignee FROM k_ticket WHERE id>=?1 ORDER BY id LIMIT 200",
                      first);
            if (f.changed.count != (size_t)n || f.rows_history.count != (size_t)n)
                die("%zu tickets and %zu history rows for %d transitions", f.changed.count, f.rows_history.count, n);
            double b = now();
            floor_transition(f.update[kind]);
            b = now() - b;
            add(&r, a / n, b / n);
            if (kind)
                *next += n;
        }
    (void)snprintf(what, sizeof what, "one per transaction, %s", mode);
    line("transition", what, &r, "");
}

/* ---- list, search */

#define SINK(x) (sink += (uint64_t)(x))
static volatile uint64_t sink;

static size_t lib_read(muni_session *s, const muni_query *q, int64_t *ids) {
    muni_cursor *c = NULL;
    muni_rec *rec = NULL;
    muni_status st;
    size_t n = 0;
    ok(muni_session_list(s, q, &c));
    while ((st = muni_cursor_next(c, &rec)) == MUNI_ROW) {
        for (int32_t i = 0, m = muni_rec_count(rec); i < m; i++) {
            size_t len = 0;
            if (muni_rec_text(rec, i, &len))
                SINK(len);
            else
                SINK(muni_rec_int(rec, i));
        }
        if (ids)
            ids[n] = muni_rec_int(rec, 0);
        n++;
        muni_rec_free(rec);
    }
    ok(st);
    muni_cursor_unref(c);
    return n;
}

static size_t raw_read(sqlite3_stmt *s, int64_t *ids) {
    size_t n = 0;
    while (sqlite3_step(s) == SQLITE_ROW) {
        for (int i = 0, m = sqlite3_column_count(s); i < m; i++)
            if (sqlite3_column_type(s, i) == SQLITE_TEXT) {
                SINK(sqlite3_column_text(s, i)[0]);
                SINK(sqlite3_column_bytes(s, i));
            } else {
                SINK(sqlite3_column_int64(s, i));
            }
        if (ids)
            ids[n] = sqlite3_column_int64(s, 0);
        n++;
    }
    (void)sqlite3_reset(s);
    return n;
}

/* The columns of a ticket that a query gives where it names none. */
static void columns_of(char *out, size_t size) {
    sqlite3_stmt *s = prepare(f.db, "SELECT name FROM pragma_table_info('k_ticket') WHERE name NOT LIKE '%\\_key' ESCAPE '\\'");
    out[0] = '\0';
    while (sqlite3_step(s) == SQLITE_ROW)
        (void)snprintf(out + strlen(out), size - strlen(out), "%st.\"%s\"", *out ? "," : "", (const char *)sqlite3_column_text(s, 0));
    (void)sqlite3_finalize(s);
}

/* The same question `times` over in each of `count` rounds; both must give the same records in the same order. */
static void bench_read(const char *name, const char *what, muni_session *s, const char *json, sqlite3_stmt *raw, int times, int count) {
    static rounds r;
    int64_t got[200], want[200];
    muni_query *q = NULL;
    ok(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    size_t n = lib_read(s, q, got);
    if (n != raw_read(raw, want) || memcmp(got, want, n * sizeof *got) != 0)
        die("%s %s: the library gives %zu records, and not those of the floor", name, what, n);
    for (int round = 0; round < count; round++) {
        double a = now();
        for (int i = 0; i < times; i++)
            SINK(lib_read(s, q, NULL));
        a = now() - a;
        double b = now();
        for (int i = 0; i < times; i++)
            SINK(raw_read(raw, NULL));
        b = now() - b;
        add(&r, a / times, b / times);
    }
    line(name, what, &r, "");
    muni_query_free(q);
    (void)sqlite3_finalize(raw);
}

static sqlite3_stmt *select_of(const char *format, ...) {
    char columns[2048], where[1024], sql[4096];
    va_list args;
    columns_of(columns, sizeof columns);
    va_start(args, format);
    (void)vsnprintf(where, sizeof where, format, args);
    va_end(args);
    (void)snprintf(sql, sizeof sql, "SELECT %s %s", columns, where);
    return prepare(f.db, sql);
}

static void bench_list(lib *l) {
    char json[512];
    muni_session *own = NULL;
    const int who = 7;
    long long staff = (long long)l->staff[who], person = (long long)l->people[who];
    ok(muni_db_session(l->db, l->login[who], "bench", NULL, &own));
    (void)snprintf(json, sizeof json,
                   "{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"assignee\",\"op\":\"eq\",\"value\":%lld},{\"field\":\"state\",\"op\":\"eq\",\"value\":\"new\"}]},\"order\":[\"reported_at\"],\"limit\":50}",
                   staff);
    const char *by_date = "FROM k_ticket t WHERE t.assignee=%lld AND t.state='new' AND t.trashed_at IS NULL ORDER BY t.reported_at,t.id LIMIT 50";
    bench_read("list", "50 new of an assignee by date, sees all", l->admin, json, select_of(by_date, staff), 20, 15);
    bench_read("list", "50 new of an assignee by date, sees own", own, json, select_of(by_date, staff), 20, 15);
    bench_read("list", "50 newest, sees all", l->admin, "{\"kind\":\"ticket\",\"limit\":50}", select_of("FROM k_ticket t WHERE t.trashed_at IS NULL ORDER BY t.id DESC LIMIT 50"), 20, 15);
    bench_read("list", "50 newest, sees own (2 %)", own, "{\"kind\":\"ticket\",\"limit\":50}",
               select_of("FROM k_ticket t NOT INDEXED WHERE t.trashed_at IS NULL AND (t.assignee=%lld OR t.created_by=%lld OR t.reporter=%lld) ORDER BY t.id DESC LIMIT 50", staff, staff, person), 5, 15);
    muni_session_unref(own);
}

static void bench_search(lib *l) {
    static const struct {
        const char *word, *match, *what;
        int times;
    } words[] = {
        { "印刷", "\"印刷\"", "2 characters, in a seventh", 20 },
        { "贈呈", "\"贈呈\"", "2 characters, in a thousandth", 20 },
        { "火星", "\"火星\"", "2 characters, in none", 20 },
        { "業務端末", "\"業務 務端 端末\"", "4 characters, frequent", 20 },
        { "下水道台帳", "\"下水 水道 道台 台帳\"", "5 characters, in a fiftieth", 20 },
        { "印", "\"印\"*", "1 character, frequent", 5 },
        { "鮭", "\"鮭\"*", "1 character, in none", 5 },
    };
    char json[256], what[128];
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"words\":\"%s\",\"limit\":20}", words[i].word);
        (void)snprintf(what, sizeof what, "newest 20, %s", words[i].what);
        sqlite3_stmt *raw = select_of("FROM m_doc_index i CROSS JOIN k_ticket t ON t.id=i.rowid WHERE i.m_doc_index MATCH ?1 AND t.trashed_at IS NULL ORDER BY i.rowid DESC LIMIT 20");
        (void)sqlite3_bind_text(raw, 1, words[i].match, -1, SQLITE_STATIC);
        bench_read("search", what, l->admin, json, raw, words[i].times, 11);
    }
}

/* ---- report */

static void bench_report(lib *l) {
    static rounds r;
    sqlite3_stmt *raw = prepare(f.db, "SELECT category,month,count(*) FROM k_ticket WHERE trashed_at IS NULL AND type='incident' AND month BETWEEN 202304 AND 202403 GROUP BY category,month");
    for (int round = 0; round < 11; round++) {
        muni_report *report = NULL;
        int64_t total = 0, sum = 0;
        double a = now();
        ok(muni_session_report(l->admin, "helpdesk-monthly", "{\"fiscal_year\":2023}", &report));
        a = now() - a;
        ok(muni_report_value(report, muni_report_rows(report) - 1, muni_report_columns(report) - 1, &total));
        muni_report_unref(report);
        double b = now();
        while (sqlite3_step(raw) == SQLITE_ROW)
            sum += sqlite3_column_int64(raw, 2);
        (void)sqlite3_reset(raw);
        b = now() - b;
        if (sum != total)
            die("report: %lld tickets, and the floor counts %lld", (long long)total, (long long)sum);
        add(&r, a, b);
    }
    (void)sqlite3_finalize(raw);
    line("report", "category by month of a fiscal year", &r, "");
}

/* ---- import */

static void csv_write(const char *path, const ticket *t, size_t n) {
    FILE *file = fopen(path, "w");
    if (!file)
        die("%s cannot be written", path);
    (void)fputs("type,source_no,subject,body,category,impact,urgency,reporter,reported_at\r\n", file);
    for (size_t i = 0; i < n; i++) {
        time_t at = (time_t)(t[i].reported_at + 9 * 3600);
        struct tm tm;
        (void)gmtime_r(&at, &tm);
        (void)fprintf(file, "incident,OLD-%llu,\"%s\",\"%s\",%s,%s,%s,S%05d,%04d-%02d-%02dT%02d:%02d:%02d+09:00\r\n", (unsigned long long)(made + i), t[i].subject, t[i].body, t[i].category,
                      t[i].impact, t[i].urgency, (int)t[i].reporter, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    }
    if (fclose(file))
        die("%s cannot be written", path);
}

static void bench_import(lib *l) {
    static rounds r;
    char path[600];
    const size_t n = 2 * BATCH;
    (void)snprintf(path, sizeof path, "%s/tickets.csv", dir);
    for (int round = 0; round < 5; round++) { /* 10,000 rows in five files */
        muni_rec *out = NULL;
        ticket *t = tickets_make(made, n);
        csv_write(path, t, n);
        free(t);
        made += n;
        double a = now();
        ok(muni_session_import(l->admin, "ticket", path, NULL, NULL, NULL, &out));
        a = now() - a;
        int64_t created = muni_rec_int(out, muni_rec_find(out, "created"));
        muni_rec_free(out);
        if (created != (int64_t)n || floor_load() != n)
            die("import: %lld of %zu rows were created", (long long)created, n);
        double b = now();
        floor_create_batch(n);
        b = now() - b;
        add(&r, a / (double)n, b / (double)n);
    }
    (void)unlink(path);
    line("import", "tickets from CSV, 1,000 per transaction, FULL", &r, "");
}

/* ---- were they the same rows? */

static void compare(int64_t from) {
    static const char *const tables[] = {
        "SELECT * FROM k_ticket WHERE id>?1 ORDER BY id",  "SELECT * FROM m_history WHERE rec>?1 ORDER BY id", "SELECT * FROM m_doc WHERE doc>?1 ORDER BY doc",
        "SELECT * FROM m_doc_queue WHERE doc>?1",          "SELECT * FROM temp.terms WHERE ?1",                "SELECT name,value FROM m_seq WHERE ?1 AND name NOT LIKE 'config%' ORDER BY name",
    };
    sqlite3 *const both[] = { f.from, f.db };
    for (int i = 0; i < 2; i++)
        run(both[i], "CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, m_doc_index, row)");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        sqlite3_stmt *s[2];
        size_t n = 0;
        for (int k = 0; k < 2; k++) {
            s[k] = prepare(both[k], tables[i]);
            (void)sqlite3_bind_int64(s[k], 1, from);
        }
        for (;; n++) {
            int a = sqlite3_step(s[0]), b = sqlite3_step(s[1]);
            if (a != b)
                die("%s: row %zu is missing on one side", tables[i], n);
            if (a != SQLITE_ROW)
                break;
            for (int k = 0; k < sqlite3_column_count(s[0]); k++) {
                int len = sqlite3_column_bytes(s[0], k);
                if (len != sqlite3_column_bytes(s[1], k) || (len && memcmp(sqlite3_column_blob(s[0], k), sqlite3_column_blob(s[1], k), (size_t)len) != 0))
                    die("%s: row %zu differs in %s", tables[i], n, sqlite3_column_name(s[0], k));
            }
        }
        (void)sqlite3_finalize(s[0]);
        (void)sqlite3_finalize(s[1]);
    }
}

/* ---- */

static void machine(int64_t n) {
    char cpu[128] = "unknown processor", text[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(text, sizeof text, file)) {
        char *colon = strchr(text, ':');
        if (!strncmp(text, "model name", 10) && colon) {
            (void)snprintf(cpu, sizeof cpu, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
            break;
        }
    }
    if (file)
        (void)fclose(file);
    (void)printf("machine     %s, %ld processors; SQLite %s; synchronous FULL, and NORMAL where it says so; %lld tickets; %s\n", cpu, sysconf(_SC_NPROCESSORS_ONLN), sqlite3_libversion(), (long long)n,
                 muni_version());
    (void)fflush(stdout);
}

static void clean(void) {
    static const char *const ends[] = { "", "-wal", "-shm", "-queue" };
    char name[700];
    for (size_t i = 0; i < 2 * sizeof ends / sizeof *ends; i++) {
        (void)snprintf(name, sizeof name, "%s%s", i % 2 ? raw_path : lib_path, ends[i / 2]);
        (void)unlink(name);
    }
    (void)rmdir(dir);
}

int main(int argc, char **argv) {
    static lib l;
    char *end = NULL;
    int64_t n = argc > 1 ? strtoll(argv[1], &end, 10) : 100000;
    if ((argc > 1 && (*end || end == argv[1])) || n < BATCH || n > 10000000 || argc > 3)
        die("bench [TICKETS [DIRECTORY]]: from %d to 10,000,000 tickets", BATCH);
    (void)snprintf(dir, sizeof dir, "%s/muni-bench-XXXXXX", argc > 2 ? argv[2] : "/tmp");
    if (!mkdtemp(dir))
        die("%s cannot be made", dir);
    (void)snprintf(lib_path, sizeof lib_path, "%s/library.db", dir);
    (void)snprintf(raw_path, sizeof raw_path, "%s/floor.db", dir);
    (void)atexit(clean);
    machine(n);
    lib_make(&l, raw_path);
    lib_make(&l, lib_path);
    floor_open();
    floor_sync();
    load_seqs();
    int64_t before = f.last_ticket;
    l.first_ticket = before + 1;
    lib_open(&l, lib_path, 0);
    bench_create_batch(&l, n);
    bench_create_single(&l, "FULL", 9);
    int64_t next = l.first_ticket;
    bench_transition(&l, "FULL", n >= 10000 ? 8 : 2, &next);
    bench_list(&l);
    bench_search(&l);
    bench_report(&l);
    if (muni_session_import)
        bench_import(&l);
    lib_close(&l);
    lib_open(&l, lib_path, 1);
    run(f.db, "PRAGMA synchronous=NORMAL");
    bench_create_single(&l, "NORMAL", 9);
    bench_transition(&l, "NORMAL", n >= 10000 ? 8 : 2, &next);
    compare(before);
    lib_close(&l);
    floor_close();
    return 0;
}
