/* Everything that can fail fails once: each allocation of a call that succeeds, each call of the file system; and disks fill. After each the store
 * is as before or, where a commit may or may not have arrived, as after; the code is the right one, said in both languages; outputs are NULL;
 * the same call then succeeds and answers what it would have; nothing leaks; and what lies on the disk verifies.
 *
 *     faults [-a | -n number] [-j processes] [-v] [function…]
 *
 * Tries a few of each, spread evenly over all there are; with -a every one, with -n that one of each sort only. Each row of the table runs in processes of its own. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "fault.h"
#include "faultvfs.h"
#include "faults.h"
#include "wrap.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void nothing_prepare(void);

char dir[96], path[128];
muni_db *db;
muni_session *admin, *op, *ap;
template_ids *ids;

static char base[64], template[96];
static int all, verbose;
static long only;

/* What the processes count together. */
static struct totals {
    template_ids ids;
    atomic_long allocations, inputs, disks, survived, functions, nothings;
} *totals;

/* ---- failing */

static char doing[400];

void give_up(const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("FAIL %s: ", doing);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
    _exit(1);
}

/* ---- the directory */

void in_dir(char out[160], const char *name) {
    (void)snprintf(out, 160, "%s/%.60s", dir, name);
}

static int begins(const char *s, const char *with) {
    return !strncmp(s, with, strlen(with));
}

/* Calls `each` for every file there; answers how many. */
static int files(void (*each)(const char *name, void *user), void *user) {
    int n = 0;
    DIR *d = opendir(dir);
    if (!d)
        give_up("%s cannot be read", dir);
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) {
            n++;
            each(e->d_name, user);
        }
    (void)closedir(d);
    return n;
}

static void file_remove(const char *name, void *user) {
    char file[160];
    (void)user;
    in_dir(file, name);
    (void)unlink(file);
}

static void copy(const char *from, const char *to) {
    static char piece[1 << 16];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t n;
    if (!in || !out)
        give_up("%s cannot be copied", from);
    while ((n = fread(piece, 1, sizeof piece, in)))
        if (fwrite(piece, 1, n, out) != n)
            give_up("%s cannot be written", to);
    if (fclose(in) | fclose(out))
        give_up("%s cannot be written", to);
}

/* ---- the state of a store: of all its rows, but for what is drawn at random */

typedef struct state {
    uint64_t full;    /* everything */
    uint64_t essence; /* without what closing does: indexing, sealing */
} state;

static void mix(uint64_t *h, const void *p, size_t n) {
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        *h = (*h ^ b[i]) * UINT64_C(0x100000001b3);
    *h = (*h ^ n) * UINT64_C(0x100000001b3);
}

static sqlite3 *look(const char *file) {
    sqlite3 *raw = NULL;
    if (sqlite3_open_v2(file, &raw, SQLITE_OPEN_READWRITE, io_real->zName) != SQLITE_OK)
        give_up("%s: %s", file, sqlite3_errmsg(raw));
    return raw;
}

static sqlite3_stmt *ask(sqlite3 *raw, const char *sql) {
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(raw, sql, -1, &s, NULL) != SQLITE_OK)
        give_up("%s: %s", sql, sqlite3_errmsg(raw));
    return s;
}

/* How long the log of the open store is: where it has not grown, nobody has committed anything. Unless it is long, it is never begun anew while a row
 * runs. */
static long long log_bytes(void) {
    struct stat sb;
    char file[160];
    in_dir(file, "s.db-wal");
    return stat(file, &sb) ? -1 : (long long)sb.st_size;
}

void log_grow(void) {
    static const char sql[] = "PRAGMA wal_autocheckpoint=0;"
                              "CREATE TEMP TABLE kept AS SELECT doc,keys FROM m_doc ORDER BY doc LIMIT 1;"
                              "UPDATE m_doc SET keys=hex(zeroblob(4200000)) WHERE doc=(SELECT doc FROM kept);"
                              "UPDATE m_doc SET keys=(SELECT keys FROM kept) WHERE doc=(SELECT doc FROM kept);";
    sqlite3 *raw = look(path);
    if (sqlite3_exec(raw, sql, NULL, NULL, NULL) != SQLITE_OK)
        give_up("the log does not grow: %s", sqlite3_errmsg(raw));
    (void)sqlite3_close(raw);
    if (log_bytes() < 8 << 20)
        give_up("the log is too short");
}

static void rows_state(sqlite3 *raw, const char *table, state *out) {
    static const char *const parts[] = { "m_doc_queue", "m_block", "m_doc_index" };
    char sql[400];
    int later = 0, rc;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        later |= !strcmp(table, parts[i]);
    if (begins(table, "m_doc_index") || begins(table, "sqlite_"))
        return; /* how the index is cut into segments may differ; that it is whole and complete is looked at elsewhere */
    const char *columns = !strcmp(table, "m_history") ? "id,kind,rec,rev,action,actor,app,reason,at,flags,ord,per" : !strcmp(table, "m_block") ? "no,first,last,count" : "*";
    const char *which = !strcmp(table, "m_seq") ? " WHERE name NOT IN('sealed','block')" : !strcmp(table, "m_meta") ? " WHERE key<>'id'" : "";
    (void)snprintf(sql, sizeof sql, "SELECT %s FROM \"%s\"%s ORDER BY 1,2", columns, table, which);
    sqlite3_stmt *s = ask(raw, sql);
    if (!later)
        mix(&out->essence, table, strlen(table));
    mix(&out->full, table, strlen(table));
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        for (int i = 0; i < sqlite3_column_count(s); i++) {
            uint64_t h = (uint64_t)sqlite3_column_type(s, i);
            const void *p = sqlite3_column_blob(s, i);
            mix(&h, p ? p : "", (size_t)sqlite3_column_bytes(s, i));
            mix(&out->full, &h, sizeof h);
            if (!later)
                mix(&out->essence, &h, sizeof h);
        }
    if (rc != SQLITE_DONE)
        give_up("%s: %s", sql, sqlite3_errmsg(raw));
    sqlite3_finalize(s);
}

static void file_state(const char *name, void *user) {
    state *out = user;
    char file[160], piece[4096];
    size_t n;
    uint64_t h = 0;
    if (begins(name, "s.db")) /* the store itself, and what stands beside it while it is open */
        return;
    if (begins(name, "k.db")) /* a copy: what is left of one is gone on with, and looked at by the library itself */
        return;
    mix(&h, name, strlen(name));
    in_dir(file, name);
    if (begins(name, "n.db")) {
        char made[160];
        in_dir(made, "n.db");
        if (!access(made, F_OK) && !begins(name, "n.db."))
            return; /* the same of one that was made; where it was not, nothing may be left */
    } else {
        FILE *f = fopen(file, "rb");
        while (f && (n = fread(piece, 1, sizeof piece, f)))
            mix(&h, piece, n);
        if (f)
            (void)fclose(f);
    }
    out->full += h; /* in whatever order they come */
    out->essence += h;
}

static void store_state(const char *file, int upkeep, state *out) {
    sqlite3 *raw = look(file);
    sqlite3_stmt *s = ask(raw, upkeep ? "SELECT name FROM sqlite_master WHERE type='table' AND name NOT IN ('m_journal','m_meta','m_doc_queue') AND name NOT LIKE 'm_doc_index%' ORDER BY name"
                                      : "SELECT name FROM sqlite_master WHERE type='table' ORDER BY name");
    while (sqlite3_step(s) == SQLITE_ROW)
        rows_state(raw, (const char *)sqlite3_column_text(s, 0), out);
    sqlite3_finalize(s);
    (void)sqlite3_close(raw);
}

static state state_rows;    /* of the rows, as they were prepared … */
static long long state_log; /* … and how long the log was then; −1: not known */

static state state_now(const fault_row *row) {
    state out = { 1, 1 };
    char made[160];
    in_dir(made, "n.db");
    if (row->flags & NO_STORE)
        return out;
    if (db && state_log >= 0 && state_log == log_bytes() && !(row->flags & LONG_LOG)) {
        out = state_rows;
    } else {
        store_state(path, row->flags & UPKEEP, &out);
        state_log = -1;
        state_rows = out;
    }
    if (row->flags & NEW_FILE && !access(made, F_OK))
        store_state(made, 0, &out);
    files(file_state, &out);
    return out;
}

/* What lies on the disk is whole: for SQLite, for the index, and for the history. */
static void verify(const char *file) {
    muni_db *there = NULL;
    muni_session *s = NULL;
    muni_rec *out = NULL;
    muni_query *q = NULL;
    int64_t found = 0, want;
    char *said = NULL, *wrong = NULL;
    sqlite3 *raw = look(file);
    sqlite3_stmt *check = ask(raw, "PRAGMA integrity_check");
    if (sqlite3_step(check) != SQLITE_ROW || strcmp((const char *)sqlite3_column_text(check, 0), "ok"))
        give_up("integrity: %s", (const char *)sqlite3_column_text(check, 0));
    sqlite3_finalize(check);
    check = ask(raw, "SELECT count(DISTINCT d.rec) FROM m_doc d JOIN k_ticket t ON t.id=d.rec WHERE d.keys LIKE '%印刷%' AND t.trashed_at IS NULL");
    (void)sqlite3_step(check);
    want = sqlite3_column_int64(check, 0);
    sqlite3_finalize(check);
    if (sqlite3_exec(raw, "INSERT INTO m_doc_index(m_doc_index) VALUES('integrity-check')", NULL, NULL, &wrong) != SQLITE_OK)
        give_up("index: %s", wrong);
    (void)sqlite3_close(raw);
    MUST(muni_open(file, NULL, &there));
    MUST(muni_db_set_now(there, NOW));
    if (muni_db_session(there, "admin", "verify", NULL, &s) < 0)
        MUST(muni_db_session(there, "kanri", "verify", NULL, &s));
    MUST(muni_audit_verify(s, NULL, NULL, &out));
    if (!muni_rec_int(out, muni_rec_find(out, "verified"))) {
        MUST(muni_rec_json(out, &said));
        give_up("history: %s", said);
    }
    MUST(muni_query_parse("{\"kind\":\"ticket\",\"words\":\"印刷\"}", MUNI_ZERO_TERMINATED, &q));
    MUST(muni_session_count(s, q, 0, &found));
    if (found != want)
        give_up("a search finds %lld of %lld", (long long)found, (long long)want);
    muni_query_free(q);
    muni_rec_free(out);
    muni_session_unref(s);
    muni_db_unref(there);
}

/* ---- one try */

typedef struct fault {
    enum { NONE, ALLOCATION, INPUT, BUSY, FILE_CALL, DISK, DISK_FOR_EVER } kind;
    int sorts, code; /* of an input */
    long n;
} fault;

typedef struct reference {
    char *answer;
    state before, before_rows, after;
    long allocations, inputs[IO_SORTS], locks, file_calls, writes; /* of the call */
} reference;

static const char *const kinds[] = { "nothing", "allocation", "input or output", "busy lock", "call on a file", "full disk", "disk full for ever" };

static const char *const sorts[] = { "read", "write", "sync", "truncation", "opening", "shared memory", "size", "lock", "lock of shared memory", "unlock", "deletion", "existence",
                                     "reserved lock", "closing", "full path" };

static void arm(const fault *f) {
    io_busy = f->kind == BUSY;
    io_code = f->code;
    switch (f->kind) {
    case NONE:
        io_fail_sorts(IO_LOCK | IO_SHM_LOCK, 0);
        memset(io_calls, 0, sizeof io_calls);
        io_fill(LONG_MAX); /* so it counts */
        wrap_writes = 0;
        wrap_fail(0, 0, 0);
        fault_set(0);
        break;
    case ALLOCATION: fault_set(f->n); break;
    case INPUT:
    case BUSY: io_fail_sorts(f->sorts, f->n); break;
    case FILE_CALL:
        wrap_writes = 0;
        wrap_fail(f->n, EIO, 0);
        break;
    case DISK:
    case DISK_FOR_EVER:
        io_fill(f->n);
        wrap_writes = 1;
        wrap_fail(f->n, ENOSPC, 1);
        break;
    }
}

static void count(reference *ref) {
    ref->allocations = fault_count();
    memcpy(ref->inputs, io_calls, sizeof io_calls);
    ref->locks = io_count;
    ref->file_calls = wrap_count(0);
    ref->writes = io_full_count > wrap_count(1) ? io_full_count : wrap_count(1);
}

/* Make everything work again; answers whether something had failed. */
static int disarm(const fault *f) {
    int met = f->kind == ALLOCATION ? fault_count() >= f->n
              : f->kind == INPUT || f->kind == BUSY ? io_count >= f->n
              : f->kind == FILE_CALL ? wrap_count(0) >= f->n
              : f->kind == NONE      ? 0
                                     : io_full_met || wrap_count(1) >= f->n;
    fault_set(0);
    io_fail_sorts(0, 0);
    io_busy = 0;
    if (f->kind != DISK_FOR_EVER) {
        io_fill(0);
        wrap_fail(0, 0, 0);
    }
    return met;
}

static int right_code(const fault *f, muni_status st) {
    switch (f->kind) {
    case ALLOCATION: return st == MUNI_ENOMEM;
    case INPUT: return st == (f->code == SQLITE_FULL ? MUNI_EFULL : MUNI_EIO);
    case BUSY: return st == MUNI_EBUSY;
    case FILE_CALL: return st == MUNI_EIO;
    case DISK:
    case DISK_FOR_EVER: return st == MUNI_EFULL;
    default: return 0;
    }
}

static void env_open(const fault_row *row) {
    if (row->flags & NO_STORE)
        return;
    files(file_remove, NULL);
    copy(template, path);
    state_log = -1;
    if (row->flags & UNOPENED)
        return;
    MUST(muni_open(path, NULL, &db));
    MUST(muni_db_set_now(db, NOW));
    MUST(muni_db_session(db, "admin", "faults", "試験", &admin));
    if (row->flags & OTHERS) {
        MUST(muni_db_session(db, "op", "faults", NULL, &op));
        MUST(muni_db_session(db, "ap", "faults", NULL, &ap));
    }
}

static void env_close(void) {
    outputs_drop();
    inputs_drop();
    muni_session_unref(ap);
    muni_session_unref(op);
    muni_session_unref(admin);
    muni_db_unref(db);
    ap = op = admin = NULL;
    db = NULL;
}

static void prepare(const fault_row *row, int i) {
    if (row->prepare)
        row->prepare(i);
    outputs_drop();
}

static void finish(const fault_row *row) {
    if (row->finish)
        MUST(row->finish());
}

static int same(const state *a, const state *b) {
    return a->full == b->full && a->essence == b->essence;
}

/* It succeeded: it says what it says without faults, and did what it does. */
static void look_at_success(const fault_row *row, const reference *ref, const char *when) {
    finish(row);
    char *answer = outputs_text();
    if (strcmp(answer, ref->answer))
        give_up("%s it answers\n%s\ninstead of\n%s", when, answer, ref->answer);
    free(answer);
    state now = state_now(row);
    if (row->flags & CLOSES ? now.essence != ref->after.essence : !same(&now, &ref->after))
        give_up("%s the store is not as after", when);
}

/* One fault; answers whether it was met. With `ref` empty: none, and what there is is written there. */
static int one(const fault_row *row, int warm, const fault *f, reference *ref, int thorough) {
    long live = fault_live();
    sqlite3_int64 used = sqlite3_memory_used();
    const char *stale;
    char made[160];
    int after = 0;
    fault nothing = { .kind = NONE };
    const char *what = kinds[f->kind];
    if (f->kind == INPUT)
        for (int i = 0; i < IO_SORTS; i++)
            if (f->sorts == 1 << i)
                what = f->code == SQLITE_FULL ? "write without room" : sorts[i];
    (void)snprintf(doing, sizeof doing, "%s%s%s%s%s, %s %ld", row->function, *row->what ? " (" : "", row->what, *row->what ? ")" : "", warm ? " warm" : "", what, f->n);
    env_open(row);
    if (warm) {
        prepare(row, 0);
        MUST(row->call(0));
        finish(row);
        outputs_drop();
    }
    prepare(row, 1);
    if (f->kind == NONE) {
        ref->before = state_now(row);
        ref->before_rows = state_rows;
    } else if (db) { /* the same preparation, the same rows */
        state_rows = ref->before_rows;
        state_log = log_bytes();
    }
    arm(f);
    muni_status st = row->call(1);
    if (f->kind == NONE)
        count(ref);
    int met = disarm(f);
    if (f->kind == NONE) {
        MUST(st);
        finish(row);
        ref->answer = outputs_text();
        ref->after = state_now(row);
        after = 1;
    } else if (st >= 0) {
        look_at_success(row, ref, "though something failed on the way,");
        after = 1;
        if (met)
            atomic_fetch_add(&totals->survived, 1);
    } else {
        if (!met)
            give_up("nothing failed, and yet: %s: %s", muni_error_name(st), muni_error_text("en"));
        if (!right_code(f, st))
            give_up("it answers %s: %s", muni_error_name(st), muni_error_text("en"));
        if (muni_error_code() != st || !*muni_error_text("en") || !*muni_error_text("ja") || !strcmp(muni_error_text("en"), muni_error_text("ja")))
            give_up("the record says %s: %s / %s", muni_error_name(muni_error_code()), muni_error_text("en"), muni_error_text("ja"));
        if ((stale = outputs_stale()))
            give_up("the output %s is not NULL", stale);
        state now = state_now(row);
        after = (f->kind != ALLOCATION || row->flags & STEPS) && !same(&ref->before, &ref->after) && same(&now, &ref->after);
        if (!after && !same(&now, &ref->before))
            give_up("the store is neither as before nor as after");
        if (f->kind == DISK_FOR_EVER) {
            if (admin && !(row->flags & CLOSES)) { /* reading needs no room */
                muni_rec *me = NULL;
                st = muni_session_whoami(admin, &me);
                if (st < 0 && st != MUNI_EFULL && st != MUNI_EDOOMED)
                    give_up("afterwards reading answers %s: %s", muni_error_name(st), muni_error_text("en"));
                muni_rec_free(me);
            }
        } else if (after) { /* doing it again would do it twice */
            muni_rec *me = NULL;
            if (row->flags & STEPS)
                MUST(row->call(1));
            if (admin)
                MUST(muni_session_whoami(admin, &me));
            muni_rec_free(me);
        } else if (!(row->flags & UNOPENED) || thorough) { /* there is no handle that has to stay usable where there was none: now and then will do */
            if (row->flags & AGAIN)
                prepare(row, 1);
            st = row->call(1);
            if (st < 0)
                give_up("done again it answers %s: %s", muni_error_name(st), muni_error_text("en"));
            look_at_success(row, ref, "done again");
            after = 1;
        }
    }
    env_close();
    io_fill(0);
    wrap_fail(0, 0, 0);
    arm(&nothing);
    if (!(row->flags & NO_STORE) && (thorough || f->kind != ALLOCATION)) {
        state closed = state_now(row);
        if (closed.essence != (after ? ref->after.essence : ref->before.essence))
            give_up("once closed, the store on the disk is not as %s", after ? "after" : "before");
        if (thorough) {
            verify(path);
            in_dir(made, "n.db");
            if (row->flags & NEW_FILE && !access(made, F_OK))
                verify(made);
        }
    }
    live += f->kind == NONE; /* the answer */
    if (fault_live() != live)
        give_up("%ld blocks leak", fault_live() - live);
    if (sqlite3_memory_used() != used)
        give_up("%lld bytes of SQLite leak", (long long)(sqlite3_memory_used() - used));
    return met;
}

/* ---- one row in one way */

enum { COLD, WARM, INPUTS, DISKS, WAYS };
static const char *const ways[] = { "allocations, cold", "allocations, warm", "inputs and outputs", "full disks" };

/* The ith of `some` numbers from 1 to n; all of them if there are no more. */
static long spread(long i, long n, long some) {
    if (n <= some)
        return i + 1 <= n ? i + 1 : 0;
    return i < some ? 1 + i * (n - 1) / (some - 1) : 0;
}

static void measure(const fault_row *row, int warm, reference *ref) {
    fault none = { .kind = NONE };
    (void)one(row, warm, &none, ref, 0); /* what the library keeps for ever, it has now */
    free(ref->answer);
    reference first = *ref;
    /* once more, counting; and the same must come of it */
    (void)one(row, warm, &none, ref, 1);
    if (!same(&first.before, &ref->before) || !same(&first.after, &ref->after))
        give_up("it is not the same each time");
}

static void each(const fault_row *row, int warm, fault f, long n, reference *ref, long some, int thorough, atomic_long *total) {
    long tried = 0;
    if (all) /* the thousands of pages of a long log are all alike */
        some = row->flags & LONG_LOG ? 100 : row->flags & ALIKE ? 2000 : n;
    if (only)
        some = n;
    for (long i = 0; (f.n = spread(i, n, some)); i++) {
        if (only && f.n != only)
            continue;
        int met = one(row, warm, &f, ref, thorough || f.n == n || i % 64 == 0);
        if (!met)
            give_up("it is not met; there were %ld", n);
        tried++;
    }
    if (verbose && n)
        printf("%s: %ld of %ld\n", doing, tried, n);
    atomic_fetch_add(total, tried);
}

/* How many allocations of a call fail where not all do: a sanitizer makes each try several times as long. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SOME 3
#else
#define SOME 12
#endif

static void run_row(const fault_row *row, int way) {
    reference ref;
    memset(&ref, 0, sizeof ref);
    (void)snprintf(doing, sizeof doing, "%s (%s), %s", row->function, row->what, ways[way]);
    measure(row, way == WARM, &ref);
    switch (way) {
    case COLD:
    case WARM: each(row, way == WARM, (fault){ .kind = ALLOCATION }, ref.allocations, &ref, SOME, 0, &totals->allocations); break;
    case INPUTS:
        for (int i = 0; i < IO_SORTS; i++)
            each(row, 0, (fault){ .kind = INPUT, .sorts = 1 << i, .code = SQLITE_IOERR_WRITE }, ref.inputs[i], &ref, 3, 1, &totals->inputs);
        each(row, 0, (fault){ .kind = INPUT, .sorts = IO_WRITE, .code = SQLITE_FULL }, ref.inputs[1], &ref, 2, 1, &totals->inputs);
        each(row, 0, (fault){ .kind = BUSY, .sorts = IO_LOCK | IO_SHM_LOCK }, ref.locks, &ref, 4, 1, &totals->inputs);
        each(row, 0, (fault){ .kind = FILE_CALL }, ref.file_calls, &ref, 6, 1, &totals->inputs);
        break;
    default:
        each(row, 0, (fault){ .kind = DISK }, ref.writes, &ref, 3, 1, &totals->disks);
        each(row, 0, (fault){ .kind = DISK_FOR_EVER }, ref.writes, &ref, 3, 1, &totals->disks);
        break;
    }
    free(ref.answer);
}

static int wanted(const fault_row *row, int way) {
    if (row->flags & NO_STORE)
        return way == COLD;
    return way != WARM || !(row->flags & ONCE);
}

/* ---- functions of which nothing can fail */

static void run_nothing(const fault_nothing *f) {
    static const fault_row plain = { "", "", 0, NULL, NULL, NULL };
    (void)snprintf(doing, sizeof doing, "%s", f->function);
    env_open(&plain);
    nothing_prepare();
    fault_set(0);
    io_fail_sorts(IO_ALL, 0);
    wrap_fail(0, 0, 0);
    f->run();
    if (fault_count() || io_count || wrap_count(0))
        give_up("it allocates %ld times, and reads or writes %ld times", fault_count(), io_count + wrap_count(0));
    env_close();
    atomic_fetch_add(&totals->nothings, 1);
}

/* ---- every exported function is there */

static int listed(const char *function) {
    for (int i = 0; i < fault_nrows; i++)
        if (!strcmp(fault_rows[i].function, function))
            return 1;
    for (int i = 0; i < fault_nnothings; i++)
        if (!strcmp(fault_nothings[i].function, function))
            return 1;
    return 0;
}

static void run_map(void) {
    char line[256], name[128];
    const char *src = getenv("srcdir");
    int n = 0, missing = 0;
    (void)snprintf(line, sizeof line, "%.200s/libmunicipal/libmunicipal.map", src ? src : ".");
    (void)snprintf(doing, sizeof doing, "the table of faults");
    FILE *f = fopen(line, "r");
    if (!f)
        give_up("%s cannot be read", line);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, " %127[a-z_0-9];", name) != 1 || !begins(name, "muni_"))
            continue;
        n++;
        if (!listed(name)) {
            printf("FAIL %s: %s is exported, and has no row in tests/faults/rows.c\n", doing, name);
            missing++;
        }
    }
    (void)fclose(f);
    if (missing || n < 80)
        give_up("%d of %d exported functions have no row", missing, n);
    atomic_store(&totals->functions, n);
}

/* ---- processes */

typedef struct job {
    const fault_row *row;
    const fault_nothing *nothing;
    int way;
} job;

static void work(const job *j, int at) {
    (void)snprintf(dir, sizeof dir, "%s/%d", base, at);
    (void)snprintf(path, sizeof path, "%s/s.db", dir);
    if (mkdir(dir, 0700))
        give_up("%s cannot be made", dir);
    if (!all)
        (void)alarm(3600); /* where it waits for ever */
    if (j->row)
        run_row(j->row, j->way);
    else if (j->nothing)
        run_nothing(j->nothing);
    else
        run_map();
    files(file_remove, NULL);
    (void)rmdir(dir);
    fflush(stdout);
    exit(0); /* not _exit: a leak checker looks now */
}

static int in_child(void (*what)(const job *, int), const job *j, int at) {
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) {
        perror("fork");
        exit(1);
    }
    if (!pid)
        what(j, at);
    return pid;
}

static void make_template(const job *j, int at) {
    (void)j, (void)at;
    (void)snprintf(doing, sizeof doing, "the store to begin with");
    template_make(template);
    exit(0);
}

static int died(int status) {
    if (WIFSIGNALED(status))
        printf("FAIL died of signal %d\n", WTERMSIG(status));
    return status != 0;
}

int main(int argc, char **argv) {
    int processes = 1, passed = 0, failed = 0, running = 0, status, n = 0, c;
    while ((c = getopt(argc, argv, "aj:n:v")) != -1)
        switch (c) {
        case 'a': all = 1; break;
        case 'n': only = atol(optarg); break;
        case 'v': verbose = 1; break;
        case 'j': processes = atoi(optarg); break;
        default: fprintf(stderr, "usage: faults [-a | -n number] [-j processes] [-v] [function…]\n"); return 2;
        }
    totals = mmap(NULL, sizeof *totals, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    job *jobs = calloc((size_t)(1 + fault_nnothings + WAYS * fault_nrows), sizeof *jobs);
    if (totals == MAP_FAILED || !jobs)
        return 1;
    ids = &totals->ids;
    for (int i = 0; i < (optind < argc ? 0 : 1 + fault_nnothings); i++)
        jobs[n++] = (job){ NULL, i ? &fault_nothings[i - 1] : NULL, 0 };
    for (int i = 0; i < fault_nrows; i++)
        for (int way = 0; way < WAYS; way++) {
            int asked = optind == argc;
            for (int a = optind; a < argc; a++)
                asked |= strstr(fault_rows[i].function, argv[a]) != NULL;
            if (asked && wanted(&fault_rows[i], way))
                jobs[n++] = (job){ &fault_rows[i], NULL, way };
        }
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(base, sizeof base, "%.40s/muni-faults-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(base)) {
        perror(base);
        return 1;
    }
    (void)snprintf(template, sizeof template, "%s/template.db", base);
    wrap_install();
    io_install();
    (void)in_child(make_template, NULL, 0);
    if (wait(&status) < 0 || died(status))
        return 1;
    for (int i = 0; i < n || running;) {
        if (i < n && running < (processes > 0 ? processes : 1)) {
            (void)in_child(work, &jobs[i], i);
            i++;
            running++;
            continue;
        }
        if (wait(&status) < 0)
            break;
        running--;
        *(died(status) ? &failed : &passed) += 1;
    }
    if (!failed) {
        char queue[128];
        (void)unlink(template);
        (void)snprintf(queue, sizeof queue, "%s-queue", template);
        (void)unlink(queue);
        (void)rmdir(base);
    }
    printf("faults: %ld functions (%ld of them allocate, read and write nothing), %ld allocations, %ld I/O calls failed once, %ld full disks, %s\n",
           atomic_load(&totals->functions), atomic_load(&totals->nothings), atomic_load(&totals->allocations), atomic_load(&totals->inputs), atomic_load(&totals->disks),
           failed ? "not all clean" : "all clean");
    printf("%ld of these faults the call got over by itself, and its answer was right\n", atomic_load(&totals->survived));
    printf("%d passed, %d failed\n", passed, failed);
    free(jobs);
    return failed || !passed ? 1 : 0;
}
