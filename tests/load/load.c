/* Many at once on one store: does it stay right, and how long does everybody wait?
 *
 *   load                             a little of everything, for make check
 *   load full                        what is accepted, for make check-load
 *   load MODE [NAME=NUMBER…]         one run; the modes:
 *       processes    each opens the store and works without a pause, four fifths reading
 *       threads      the same on one handle; every fifth shares a session with its neighbour
 *       fpm          processes that for each request open the store, make three calls, and close it
 *       failover     processes that only write, each call again until it succeeds; once 1,000 writes were acknowledged, the shell command in LOAD_COMMAND is run,
 *                    which takes their server away and brings another (tests/failover.sh), and they go on for 1,000 more
 *     n (how many), secs, normal (1: synchronous NORMAL instead of FULL), tickets (in the store before), pace (mean pause in milliseconds; 0: none),
 *     rate (fpm: requests a second)
 *
 * Every writer writes down what was acknowledged. At the end each of these records is there once, with its number and the revision that it
 * was given, nothing else is there, all numbers are distinct, no call has failed, and the history is verified. Times are printed and never
 * decide. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <errno.h>
#include <inttypes.h>
#include <municipal.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 64
#define KEPT 65536 /* latencies kept of one worker, of each sort */
#define MADE 65536

typedef struct made {
    int64_t id, rev;
    char number[24];
} made;

typedef struct times {
    int64_t n, longest;
    uint32_t us[KEPT];
} times;

/* What a worker writes down: in memory that all processes share. */
typedef struct worker {
    int64_t failed, acknowledged;
    int64_t slow; /* writes that took more than a second */
    char why[400];
    times reads, writes, requests;
    int64_t nmade;
    made made[MADE];
} worker;

typedef struct run {
    const char *mode;
    int n, secs, normal, tickets, pace, rate;
} run;

static char dir[512], path[600];
static const char *server; /* MUNI_TEST_SERVER: the stores are schemas of it (tests/postgresql.sh tests/load/load …) */
static worker *workers;
static int64_t *over; /* shared: the writers stop */
static run now_running;
static int64_t begin_at, end_at; /* microseconds */
static int passed, failed;

static int64_t now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void sleep_until(int64_t at) {
    struct timespec t = { (time_t)(at / 1000000), (long)(at % 1000000) * 1000 };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) {
    }
}

static void die(const char *what) {
    (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void must_(muni_status st, const char *call, int line) {
    if (st < 0) {
        (void)fprintf(stderr, "load.c:%d: %s: %s: %s [%s]\n", line, call, muni_error_name(st), muni_error_text("en"),
                      muni_error_field());
        exit(1);
    }
}
#define must(call) must_((call), #call, __LINE__)

static void check(bool right, const char *what, const char *format, int64_t a, int64_t b) {
    if (right) {
        passed++;
    } else {
        (void)printf("    FAILED: %s: ", what);
        (void)printf(format, a, b);
        (void)printf("\n");
        failed++;
    }
}

static uint64_t chance(uint64_t *seed, uint64_t below) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % below;
}

static int64_t number(const muni_rec *rec, const char *name) {
    return muni_rec_int(rec, muni_rec_find(rec, name));
}

/* ---- the store before */

static int64_t *before; /* the ids of its tickets */

static const char *const things[] = { "複合機の印刷",           "業務端末の起動", "パスワードの再設定",  "共有フォルダーの権限",
                                      "住民記録システムの画面", "内線電話",       "無線アクセスポイント" };
static const char *const categories[] = { "support", "work", "network", "hardware", "print_room", "supplies", "other" };

static muni_status create(muni_session *s, uint64_t *seed, const char *words, muni_rec **out) {
    char json[700];
    (void)snprintf(json, sizeof json,
                   "{\"type\":\"%s\",\"category\":\"%s\",\"subject\":\"%sについて\",\"body\":\"%s。窓口%"
                   "dから、昨日の夕方から続いている。再起動しても変わらない\",\"impact\":\"middle\","
                   "\"urgency\":\"low\"}",
                   chance(seed, 2) ? "incident" : "inquiry", categories[chance(seed, 7)], things[chance(seed, 7)], words,
                   (int)chance(seed, 40));
    muni_rec *rec;
    muni_status st = muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec);
    if (st < 0)
        return st;
    st = muni_session_create(s, MUNI_KIND_TICKET, rec, out);
    muni_rec_free(rec);
    return st;
}

static int64_t make(muni_session *s, const char *kind, const char *json) {
    muni_rec *rec, *out;
    must(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec));
    must(muni_session_create(s, kind, rec, &out));
    int64_t id = number(out, "id");
    muni_rec_free(out);
    muni_rec_free(rec);
    return id;
}

static void prepare(const run *r) {
    char json[200];
    uint64_t seed = 1;
    muni_db *db;
    muni_session *s;
    muni_rec *rec;
    must(muni_create(path, NULL, &db));
    must(muni_db_session(db, "admin", "load", NULL, &s));
    must(muni_session_find(s, MUNI_KIND_GROUP, "operator", NULL, &rec));
    int64_t group = number(rec, "id");
    muni_rec_free(rec);
    for (int i = 0; i < r->n; i++) {
        (void)snprintf(json, sizeof json, "{\"login\":\"clerk%02d\",\"name\":\"担当 %d\"}", i, i);
        int64_t id = make(s, MUNI_KIND_PRINCIPAL, json);
        (void)snprintf(json, sizeof json, "{\"principal\":%" PRId64 ",\"group\":%" PRId64 "}", id, group);
        (void)make(s, MUNI_KIND_MEMBER, json);
    }
    free(before);
    before = malloc((size_t)r->tickets * sizeof *before);
    if (!before)
        die("memory");
    for (int i = 0; i < r->tickets; i++) {
        if (i % 1000 == 0)
            must(muni_session_begin(s));
        must(create(s, &seed, "前からある", &rec));
        before[i] = number(rec, "id");
        muni_rec_free(rec);
        if (i % 1000 == 999 || i == r->tickets - 1)
            must(muni_session_commit(s));
    }
    muni_session_unref(s);
    muni_db_close(db);
    muni_db_unref(db);
}

static muni_status open_it(muni_db **db) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    o.synchronous = now_running.normal;
    return muni_open(path, &o, db);
}

/* ---- one worker */

static void took(times *t, int64_t since) {
    int64_t us = now() - since;
    if (t->n < KEPT)
        t->us[t->n] = us > (int64_t)UINT32_MAX ? UINT32_MAX : (uint32_t)us;
    t->n++;
    if (us > t->longest)
        t->longest = us;
}

static void oops(worker *w, muni_status st, const char *what) {
    if (!w->failed++)
        (void)snprintf(w->why, sizeof w->why, "%s: %s: %s [%s]", what, muni_error_name(st), muni_error_text("en"),
                       muni_error_field());
}

static muni_status list(muni_session *s, const char *json) {
    muni_query *q;
    muni_cursor *c;
    muni_rec *rec;
    muni_status st = muni_query_parse(json, MUNI_ZERO_TERMINATED, &q);
    if (st < 0)
        return st;
    st = muni_session_list(s, q, &c);
    if (st >= 0) {
        while ((st = muni_cursor_next(c, &rec)) == MUNI_ROW)
            muni_rec_free(rec);
        muni_cursor_unref(c);
    }
    muni_query_free(q);
    return st;
}

static void do_get(worker *w, muni_session *s, uint64_t *seed) {
    muni_rec *rec;
    int64_t t = now();
    muni_status st =
        muni_session_get(s, MUNI_KIND_TICKET, before[chance(seed, (uint64_t)now_running.tickets)], NULL, &rec);
    took(&w->reads, t);
    if (st < 0)
        oops(w, st, "get");
    else
        muni_rec_free(rec);
}

static void do_list(worker *w, muni_session *s, uint64_t *seed) {
    static const char *const words[] = { "印刷", "端末", "住民記録", "無線", "起動" };
    char json[300];
    if (chance(seed, 3))
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"ticket\",\"where\":{\"field\":\"category\",\"op\":\"eq\",\"value\":\"%s\"},\"limit\":20}",
                       categories[chance(seed, 7)]);
    else
        (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"words\":\"%s\",\"limit\":20}", words[chance(seed, 5)]);
    int64_t t = now();
    muni_status st = list(s, json);
    took(&w->reads, t);
    if (st < 0)
        oops(w, st, "list");
}

/* Two of three make a ticket, the third changes one that this worker made. */
static void do_write(worker *w, muni_session *s, uint64_t *seed) {
    muni_rec *rec, *in;
    bool change = w->nmade > 0 && chance(seed, 3) == 0;
    if (!change && w->nmade == MADE)
        return;
    made *m = &w->made[change ? (int64_t)chance(seed, (uint64_t)w->nmade) : w->nmade];
    muni_status st;
    int64_t t;
    if (change) {
        char json[100];
        (void)snprintf(json, sizeof json, "{\"resolution\":\"%" PRId64 "回目の連絡\"}", m->rev);
        must(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &in));
        t = now();
        st = muni_session_update(s, MUNI_KIND_TICKET, m->id, m->rev, in, &rec);
        muni_rec_free(in);
    } else {
        t = now();
        st = create(s, seed, "新しい", &rec);
    }
    took(&w->writes, t);
    w->slow += now() - t > 1000000;
    if (st < 0) {
        oops(w, st, change ? "update" : "create");
        return;
    }
    w->acknowledged++;
    m->rev = number(rec, "rev");
    if (!change) {
        m->id = number(rec, "id");
        (void)snprintf(m->number, sizeof m->number, "%s", muni_rec_text(rec, muni_rec_find(rec, "number"), NULL));
        w->nmade++;
    }
    muni_rec_free(rec);
}

static const char *clerk(int i) {
    static _Thread_local char login[16];
    (void)snprintf(login, sizeof login, "clerk%02d", i);
    return login;
}

/* A call that a lost connection, or a server that comes up, may make fail: may it be done again? What was in doubt is asked about until that is known. */
static bool again(muni_session *s, muni_status st, int64_t deadline, bool *written) {
    int32_t yes = 0;
    *written = false;
    if (now() > deadline || (st != MUNI_EIO && st != MUNI_EBUSY && st != MUNI_EREADONLY && st != MUNI_EINDOUBT))
        return false;
    while (st == MUNI_EINDOUBT && now() < deadline && (st = muni_session_doubt(s, &yes)) != MUNI_OK)
        sleep_until(now() + 50000);
    *written = st == MUNI_OK && yes;
    sleep_until(now() + 50000);
    return true;
}

/* The ticket with that number of another system, as the server has it. */
static muni_status find_source(muni_session *s, const char *source, muni_rec **out) {
    char json[200];
    muni_query *q;
    muni_cursor *c;
    *out = NULL;
    (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\",\"where\":{\"field\":\"source_no\",\"op\":\"eq\",\"value\":\"%s\"}}", source);
    must(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    muni_status st = muni_session_list(s, q, &c);
    if (st >= 0) {
        st = muni_cursor_next(c, out);
        muni_cursor_unref(c);
    }
    muni_query_free(q);
    return st;
}

/* A ticket with a number of its own, which the store takes once; now and then a change to one that this worker made. */
static void write_through(worker *w, muni_session *s, int i, int64_t nth, uint64_t *seed) {
    char json[300], source[40];
    int64_t deadline = now() + 120000000, t = now();
    bool change = w->nmade > 0 && chance(seed, 3) == 0, written;
    if (!change && w->nmade == MADE)
        return;
    made *m = &w->made[change ? (int64_t)chance(seed, (uint64_t)w->nmade) : w->nmade];
    muni_rec *in, *rec = NULL;
    muni_status st;
    (void)snprintf(source, sizeof source, "W%d-%" PRId64, i, nth);
    if (change)
        (void)snprintf(json, sizeof json, "{\"resolution\":\"%" PRId64 "回目の連絡\"}", m->rev);
    else
        (void)snprintf(json, sizeof json, "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"切替の間\",\"source_no\":\"%s\"}", source);
    must(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &in));
    do {
        st = change ? muni_session_update(s, MUNI_KIND_TICKET, m->id, m->rev, in, &rec) : muni_session_create(s, MUNI_KIND_TICKET, in, &rec);
        if (st >= 0)
            break;
        if (!again(s, st, deadline, &written)) {
            oops(w, st, change ? "update" : "create");
            break;
        }
        while (written && !rec && now() < deadline)
            st = change ? muni_session_get(s, MUNI_KIND_TICKET, m->id, NULL, &rec) : find_source(s, source, &rec);
    } while (!rec);
    muni_rec_free(in);
    took(&w->writes, t);
    if (!rec)
        return;
    w->acknowledged++;
    m->rev = number(rec, "rev");
    if (!change) {
        m->id = number(rec, "id");
        (void)snprintf(m->number, sizeof m->number, "%s", muni_rec_text(rec, muni_rec_find(rec, "number"), NULL));
        w->nmade++;
    }
    muni_rec_free(rec);
}

static void in_failover(int i) {
    worker *w = &workers[i];
    muni_db *db = NULL;
    muni_session *s = NULL;
    uint64_t seed = (uint64_t)i * 7919 + 1;
    muni_status st = open_it(&db);
    if (st >= 0)
        st = muni_db_session(db, clerk(i), "load", NULL, &s);
    if (st < 0)
        oops(w, st, "open");
    for (int64_t k = 0; s && !__atomic_load_n(over, __ATOMIC_RELAXED); k++)
        write_through(w, s, i, k, &seed);
    muni_session_unref(s);
    if (db)
        muni_db_close(db);
    muni_db_unref(db);
}

static int64_t all_acknowledged(const run *r) {
    int64_t n = 0;
    for (int i = 0; i < r->n; i++)
        n += __atomic_load_n(&workers[i].acknowledged, __ATOMIC_RELAXED);
    return n;
}

static void wait_for(const run *r, int64_t writes, int64_t deadline) {
    while (all_acknowledged(r) < writes && now() < deadline)
        sleep_until(now() + 10000);
}

/* While they write: the server goes, and another takes its place. */
static void fail_over(const run *r) {
    const char *command = getenv("LOAD_COMMAND");
    wait_for(r, 1000, now() + 120000000);
    int64_t then = all_acknowledged(r);
    check(command && !system(command), "the server is changed", "%" PRId64 " %" PRId64, 0, 0);
    int64_t at = all_acknowledged(r);
    wait_for(r, at + 1000, now() + 120000000);
    __atomic_store_n(over, 1, __ATOMIC_RELAXED);
    (void)printf("  acknowledged: %" PRId64 " before the server went, %" PRId64 " when the other had come, %" PRId64 " at the end\n", then, at, all_acknowledged(r));
    check(then >= 1000 && all_acknowledged(r) >= at + 1000, "at least 1,000 writes before and after", "%" PRId64 ", then %" PRId64, then, all_acknowledged(r) - at);
}

static void loop(worker *w, muni_session *s, uint64_t seed) {
    while (now() < end_at) {
        uint64_t what = chance(&seed, 10);
        if (what < 4)
            do_get(w, s, &seed);
        else if (what < 8)
            do_list(w, s, &seed);
        else
            do_write(w, s, &seed);
        if (now_running.pace)
            sleep_until(now() + (int64_t)chance(&seed, 2000 * (uint64_t)now_running.pace));
    }
}

static void in_process(int i) {
    worker *w = &workers[i];
    muni_db *db = NULL;
    muni_session *s = NULL;
    sleep_until(begin_at);
    muni_status st = open_it(&db);
    if (st >= 0)
        st = muni_db_session(db, clerk(i), "load", NULL, &s);
    if (st < 0) {
        oops(w, st, "open");
        return;
    }
    loop(w, s, (uint64_t)i * 7919 + 1);
    muni_session_unref(s);
    muni_db_close(db);
    muni_db_unref(db);
}

/* Requests come at fixed moments, whether the ones before are done or not. */
static void in_fpm(int i) {
    worker *w = &workers[i];
    uint64_t seed = (uint64_t)i * 104729 + 1;
    for (int64_t k = i;; k += now_running.n) {
        int64_t at = begin_at + k * 1000000 / now_running.rate;
        if (at >= end_at)
            return;
        sleep_until(at);
        muni_db *db = NULL;
        muni_session *s = NULL;
        muni_status st = open_it(&db);
        if (st >= 0)
            st = muni_db_session(db, clerk(i), "load", NULL, &s);
        if (st >= 0) {
            do_get(w, s, &seed);
            do_list(w, s, &seed);
            if (chance(&seed, 5) < 3)
                do_write(w, s, &seed);
            else
                do_get(w, s, &seed);
        } else {
            oops(w, st, "open");
        }
        muni_session_unref(s);
        if (db)
            muni_db_close(db);
        muni_db_unref(db);
        took(&w->requests, at);
    }
}

static void processes(const run *r, void (*work)(int), void (*meanwhile)(const run *r)) {
    pid_t pids[WORKERS];
    (void)fflush(NULL);
    for (int i = 0; i < r->n; i++) {
        if ((pids[i] = fork()) < 0)
            die("fork");
        if (!pids[i]) {
            work(i);
            _exit(0);
        }
    }
    if (meanwhile)
        meanwhile(r);
    for (int i = 0; i < r->n; i++) {
        int status;
        if (waitpid(pids[i], &status, 0) != pids[i] || status)
            workers[i].failed++;
    }
}

typedef struct seat {
    int i;
    muni_session *s;
    pthread_t thread;
} seat;

static void *in_thread(void *user) {
    seat *t = user;
    sleep_until(begin_at);
    loop(&workers[t->i], t->s, (uint64_t)t->i * 7919 + 1);
    return NULL;
}

static void threads(const run *r) {
    static seat seats[WORKERS];
    muni_db *db;
    must(open_it(&db));
    for (int i = 0; i < r->n; i++) {
        seats[i].i = i;
        if (i % 5 == 4)
            seats[i].s = muni_session_ref(seats[i - 1].s);
        else
            must(muni_db_session(db, clerk(i), "load", NULL, &seats[i].s));
    }
    for (int i = 0; i < r->n; i++)
        if (pthread_create(&seats[i].thread, NULL, in_thread, &seats[i]))
            die("pthread_create");
    for (int i = 0; i < r->n; i++) {
        (void)pthread_join(seats[i].thread, NULL);
        muni_session_unref(seats[i].s);
    }
    muni_db_close(db);
    muni_db_unref(db);
}

/* ---- afterwards */

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static int by_number(const void *a, const void *b) {
    return strcmp(((const made *)a)->number, ((const made *)b)->number);
}

static void latencies(const run *r, const char *name, size_t offset, int64_t us) {
    int64_t n = 0, all = 0, longest = 0;
    for (int i = 0; i < r->n; i++) {
        const times *t = (const times *)(const void *)((const char *)&workers[i] + offset);
        n += t->n < KEPT ? t->n : KEPT;
        all += t->n;
        longest = t->longest > longest ? t->longest : longest;
    }
    if (!all)
        return;
    uint32_t *v = malloc((size_t)n * sizeof *v);
    if (!v)
        die("memory");
    int64_t k = 0;
    for (int i = 0; i < r->n; i++) {
        const times *t = (const times *)(const void *)((const char *)&workers[i] + offset);
        int64_t m = t->n < KEPT ? t->n : KEPT;
        memcpy(v + k, t->us, (size_t)m * sizeof *v);
        k += m;
    }
    qsort(v, (size_t)n, sizeof *v, by_size);
    (void)printf("  %-9s %8" PRId64 "  %8.1f/s   p50 %8.2f ms   p99 %8.2f ms   longest %8.2f ms\n", name, all,
                 (double)all * 1e6 / (double)us, v[n / 2] / 1e3, v[n * 99 / 100] / 1e3, (double)longest / 1e3);
    free(v);
}

static int64_t ask(sqlite3 *db, const char *sql) {
    sqlite3_stmt *s;
    int64_t v = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        v = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return v;
}

/* Past the library, where the store is a file. */
static void verify_file(int64_t tickets) {
    sqlite3 *raw;
    if (sqlite3_open_v2(path, &raw, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        die(path);
    int64_t numbers = ask(raw, "SELECT count(DISTINCT number) FROM k_ticket");
    check(ask(raw, "SELECT count(*) FROM k_ticket") == tickets, "and the file says so", "%" PRId64 " %" PRId64, tickets, tickets);
    check(numbers == tickets, "all numbers are distinct", "%" PRId64 " numbers of %" PRId64 " tickets", numbers, tickets);
    check(ask(raw, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0, "the file is sound",
          "%" PRId64 " %" PRId64, 0, 0);
    (void)sqlite3_close(raw);
}

static void verify(const run *r) {
    int64_t errors = 0, all = 0, acknowledged = 0, missing = 0, twice = 0;
    muni_db *db;
    muni_session *s;
    muni_rec *rec;
    muni_query *q;
    int64_t tickets = 0;
    must(muni_open(path, NULL, &db));
    must(muni_db_session(db, "admin", "load", NULL, &s));
    for (int i = 0; i < r->n; i++) {
        worker *w = &workers[i];
        if (w->failed)
            (void)printf("    worker %d: %s\n", i, *w->why ? w->why : "it ended badly");
        errors += w->failed;
        all += w->nmade;
        acknowledged += w->acknowledged;
        for (int64_t k = 0; k < w->nmade; k++) {
            muni_status st = muni_session_get(s, MUNI_KIND_TICKET, w->made[k].id, NULL, &rec);
            if (st < 0 || strcmp(w->made[k].number, muni_rec_text(rec, muni_rec_find(rec, "number"), NULL)) != 0 ||
                number(rec, "rev") != w->made[k].rev)
                missing++;
            if (st >= 0)
                muni_rec_free(rec);
        }
    }
    made *list_ = malloc((size_t)(all + 1) * sizeof *list_);
    if (!list_)
        die("memory");
    int64_t n = 0;
    for (int i = 0; i < r->n; i++) {
        memcpy(list_ + n, workers[i].made, (size_t)workers[i].nmade * sizeof *list_);
        n += workers[i].nmade;
    }
    qsort(list_, (size_t)n, sizeof *list_, by_number);
    for (int64_t k = 1; k < n; k++)
        twice += !strcmp(list_[k].number, list_[k - 1].number);
    free(list_);
    check(errors == 0, "no call fails", "%" PRId64 " of %" PRId64 " did", errors, acknowledged + errors);
    check(missing == 0, "what was acknowledged is there", "%" PRId64 " of %" PRId64 " are not, or otherwise", missing, all);
    check(twice == 0, "acknowledged numbers are distinct", "%" PRId64 " of %" PRId64 " were given before", twice, all);
    must(muni_audit_verify(s, NULL, NULL, &rec));
    check(number(rec, "verified") != 0, "the history is verified", "%" PRId64 " problems in %" PRId64 " rows",
          number(rec, "problems"), number(rec, "rows"));
    muni_rec_free(rec);
    must(muni_query_parse("{\"kind\":\"ticket\",\"trash\":\"with\"}", MUNI_ZERO_TERMINATED, &q));
    must(muni_session_count(s, q, -1, &tickets));
    muni_query_free(q);
    check(tickets == r->tickets + all, "nothing else is there", "%" PRId64 " tickets, %" PRId64 " made", tickets, r->tickets + all);
    muni_session_unref(s);
    muni_db_close(db);
    muni_db_unref(db);
    if (!server)
        verify_file(tickets);
}

static void clean(void) {
    static const char *const ends[] = { "", "-wal", "-shm", "-queue" };
    char name[700];
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
        (void)unlink(name);
    }
}

static void go(run r, bool thousand) {
    static int runs;
    int64_t slow = 0, writes = 0;
    now_running = r;
    if (server)
        (void)snprintf(path, sizeof path, "%s%cschema=load_%ld_%d", server, strchr(server, '?') ? '&' : '?', (long)getpid(), ++runs);
    else
        (void)snprintf(path, sizeof path, "%s/city.db", dir);
    for (int i = 0; i < r.n; i++) { /* the latencies stay where they are: only what is counted is read */
        worker *w = &workers[i];
        w->failed = w->acknowledged = w->slow = w->nmade = 0;
        w->why[0] = '\0';
        w->reads.n = w->reads.longest = w->writes.n = w->writes.longest = w->requests.n = w->requests.longest = 0;
    }
    prepare(&r);
    (void)printf("%s: %d for %d s, %s, %d tickets before", r.mode, r.n, r.secs, r.normal ? "NORMAL" : "FULL", r.tickets);
    *over = 0;
    if (r.pace)
        (void)printf(", a call every %d ms each", r.pace);
    if (!strcmp(r.mode, "fpm"))
        (void)printf(", %d requests a second", r.rate);
    (void)printf("\n");
    begin_at = now() + 100000;
    end_at = begin_at + (int64_t)r.secs * 1000000;
    if (!strcmp(r.mode, "processes"))
        processes(&r, in_process, NULL);
    else if (!strcmp(r.mode, "failover"))
        processes(&r, in_failover, fail_over);
    else if (!strcmp(r.mode, "fpm"))
        processes(&r, in_fpm, NULL);
    else
        threads(&r);
    int64_t us = now() - begin_at;
    latencies(&r, "reads", offsetof(worker, reads), us);
    latencies(&r, "writes", offsetof(worker, writes), us);
    latencies(&r, "requests", offsetof(worker, requests), us);
    for (int i = 0; i < r.n; i++) {
        slow += workers[i].slow;
        writes += workers[i].acknowledged;
    }
    (void)printf("  writes over 1 s: %" PRId64 "\n", slow);
    verify(&r);
    if (thousand)
        check(writes >= 1000, "at least 1,000 writes", "%" PRId64 " of %" PRId64, writes, 1000);
    clean();
}

int main(int argc, char **argv) {
    static const char *const modes[] = { "processes", "threads", "fpm", "failover" };
    const char *tmp = getenv("TMPDIR"), *how = argc > 1 ? argv[1] : "";
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    (void)snprintf(dir, sizeof dir, "%s/muni-load-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        die(dir);
    server = getenv("MUNI_TEST_SERVER");
    if (server && !*server)
        server = NULL;
    workers = mmap(NULL, WORKERS * sizeof *workers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    over = mmap(NULL, sizeof *over, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (workers == MAP_FAILED || over == MAP_FAILED)
        die("mmap");
    if (!*how) {
        go((run){ .mode = "processes", .n = 8, .secs = 2, .tickets = 2000 }, false);
        go((run){ .mode = "threads", .n = 8, .secs = 2, .tickets = 2000 }, false);
        go((run){ .mode = "fpm", .n = 8, .secs = 2, .tickets = 2000, .rate = 50 }, false);
    } else if (!strcmp(how, "full")) {
        go((run){ .mode = "processes", .n = 50, .secs = 20, .tickets = 100000 }, true);
        go((run){ .mode = "processes", .n = 50, .secs = 20, .tickets = 100000, .normal = 1 }, true);
        go((run){ .mode = "threads", .n = 50, .secs = 20, .tickets = 100000 }, true);
        go((run){ .mode = "fpm", .n = 32, .secs = 20, .tickets = 100000, .rate = 200 }, true);
    } else {
        run r = { .n = 8, .secs = 2, .tickets = 2000, .rate = 100 };
        const struct {
            const char *name;
            int *value;
        } names[] = { { "n", &r.n },       { "secs", &r.secs }, { "normal", &r.normal }, { "tickets", &r.tickets },
                      { "pace", &r.pace }, { "rate", &r.rate } };
        for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
            if (!strcmp(how, modes[i]))
                r.mode = modes[i];
        bool usage = !r.mode;
        for (int i = 2; i < argc; i++) {
            const char *is = strchr(argv[i], '=');
            size_t k = 0;
            while (is && k < sizeof names / sizeof *names &&
                   (strlen(names[k].name) != (size_t)(is - argv[i]) || strncmp(argv[i], names[k].name, strlen(names[k].name))))
                k++;
            if (is && k < sizeof names / sizeof *names)
                *names[k].value = atoi(is + 1);
            else
                usage = true;
        }
        if (usage || r.n < 1 || r.n > WORKERS || r.secs < 1 || r.tickets < 1 || r.rate < 1 || r.pace < 0) {
            (void)fputs("usage: load [full | processes|threads|fpm|failover [n= secs= normal= tickets= pace= rate=]]\n", stderr);
            (void)rmdir(dir);
            return 2;
        }
        go(r, false);
    }
    (void)rmdir(dir);
    (void)printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
