/* The library's side of the measurements: a store with its people and rights, and the tickets that are written into it. */
#ifndef BENCH_LIBRARY_H
#define BENCH_LIBRARY_H

#include "figures.h"
#include "texts.h"

#define BATCH 1000
#define PEOPLE 2000
#define STAFF 50
#define BEGIN INT64_C(1680274800) /* 2023-04-01T00:00:00+09:00 */
#define YEAR (366 * 86400)

typedef struct lib {
    muni_db *db;
    muni_session *admin;
    int64_t people[PEOPLE], staff[STAFF], stranger, first_ticket;
    char login[STAFF][16];
} lib;

static inline muni_rec *rec_of(const char *format, ...) {
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

static inline void lib_open(lib *l, const char *path, int32_t synchronous) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    o.synchronous = synchronous;
    ok(muni_open(path, &o, &l->db));
    ok(muni_db_session(l->db, "admin", "bench", NULL, &l->admin));
}

static inline void lib_close(lib *l) {
    muni_session_unref(l->admin);
    muni_db_unref(l->db);
    l->admin = NULL;
    l->db = NULL;
}

/* A store with its people and rights, closed again. */
static inline void lib_make(lib *l, const char *path) {
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
    l->stranger = create(l->admin, "principal", rec_of("{\"login\":\"stranger\",\"name\":\"新任\"}"));
    (void)create(l->admin, "member", rec_of("{\"group\":%lld,\"principal\":%lld}", (long long)group, (long long)l->stranger));
    ok(muni_session_run_due(l->admin, &out));
    muni_rec_free(out);
    lib_close(l);
}

static inline void lib_create(const lib *l, const ticket *t) {
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

static inline ticket *tickets_make(uint64_t first, size_t n) {
    ticket *t = need(malloc(n * sizeof *t));
    for (size_t i = 0; i < n; i++)
        ticket_make(&t[i], first + i, PEOPLE, STAFF, BEGIN, YEAR);
    return t;
}

#endif
