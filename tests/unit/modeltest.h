/* A fresh test store with a fixed clock, and sessions on it: for the tests of what stands above the store. */
#ifndef MODELTEST_H
#define MODELTEST_H

#include "place.h"

#include <check.h>
#include <municipal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 2023-11-15T07:13:20+09:00, a Wednesday */
#define NOON INT64_C(1700000000)

typedef struct mt {
    char dir[64], path[PLACE_SIZE];
    muni_db *db;
    muni_session *admin;
} mt;

#define OK(expr)                                                                                                                 \
    do {                                                                                                                         \
        muni_status ok_ = (expr);                                                                                                \
        ck_assert_msg(ok_ >= 0, "%s → %s: %s [%s]", #expr, muni_error_name(ok_), muni_error_text("en"), muni_error_field());     \
    } while (0)
#define FAILS(expr, want)                                                                                                        \
    do {                                                                                                                         \
        muni_status st_ = (expr);                                                                                                \
        ck_assert_msg(st_ == (want), "%s → %s (%s), not %s", #expr, muni_error_name(st_), muni_error_text("en"),                 \
                      muni_error_name(want));                                                                                    \
        ck_assert_int_eq(muni_error_code(), (want));                                                                             \
        ck_assert_str_ne(muni_error_text("ja"), "");                                                                             \
    } while (0)

static inline void mt_start(mt *m) {
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    memset(m, 0, sizeof *m);
    strcpy(m->dir, "/tmp/muni-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(m->dir));
    char file[80];
    snprintf(file, sizeof file, "%s/s.db", m->dir);
    place_new(m->path, file);
    o.test = 1;
    o.now = NOON;
    OK(muni_create(m->path, &o, &m->db));
    OK(muni_db_session(m->db, "admin", "test", NULL, &m->admin));
}

static inline void mt_reopen(mt *m) {
    muni_session_unref(m->admin);
    muni_db_unref(m->db);
    OK(muni_open(m->path, NULL, &m->db));
    OK(muni_db_set_now(m->db, NOON));
    OK(muni_db_session(m->db, "admin", "test", NULL, &m->admin));
}

static inline void mt_stop(mt *m) {
    static const char *const ends[] = { "", "-wal", "-shm", "-queue", "-journal" };
    muni_session_unref(m->admin);
    muni_db_unref(m->db);
    place_drop(m->path);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char file[PLACE_SIZE + 16];
        snprintf(file, sizeof file, "%s%s", m->path, ends[i]);
        (void)unlink(file);
    }
    (void)rmdir(m->dir);
}

static inline muni_rec *mt_rec(const char *json) {
    muni_rec *rec = NULL;
    OK(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec));
    return rec;
}

static inline int64_t mt_int(const muni_rec *rec, const char *name) {
    int32_t i = muni_rec_find(rec, name);
    ck_assert_msg(i >= 0, "the record has no %s", name);
    return muni_rec_int(rec, i);
}

static inline const char *mt_text(const muni_rec *rec, const char *name) {
    int32_t i = muni_rec_find(rec, name);
    ck_assert_msg(i >= 0, "the record has no %s", name);
    const char *p = muni_rec_text(rec, i, NULL);
    return p ? p : "";
}

static inline muni_status mt_try(muni_session *s, const char *kind, const char *json, muni_rec **out) {
    muni_rec *rec = mt_rec(json);
    muni_status st = muni_session_create(s, kind, rec, out);
    muni_rec_free(rec);
    return st;
}

/* Create; answers the id. */
static inline int64_t mt_create(muni_session *s, const char *kind, const char *json) {
    muni_rec *out = NULL;
    OK(mt_try(s, kind, json, &out));
    int64_t id = mt_int(out, "id");
    muni_rec_free(out);
    return id;
}

static inline int64_t mt_ticket(muni_session *s, const char *subject) {
    char json[512];
    snprintf(json, sizeof json, "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"%s\"}", subject);
    return mt_create(s, "ticket", json);
}

static inline muni_status mt_update(muni_session *s, const char *kind, int64_t id, int64_t rev, const char *json) {
    muni_rec *rec = mt_rec(json);
    muni_status st = muni_session_update(s, kind, id, rev, rec, NULL);
    muni_rec_free(rec);
    return st;
}

static inline muni_status mt_do(muni_session *s, int64_t id, const char *transition, const char *json) {
    muni_rec *rec = json ? mt_rec(json) : NULL;
    muni_status st = muni_session_transition(s, "ticket", id, 0, transition, rec, NULL);
    muni_rec_free(rec);
    return st;
}

static inline muni_rec *mt_get(muni_session *s, const char *kind, int64_t id, const char *fields) {
    muni_rec *out = NULL;
    OK(muni_session_get(s, kind, id, fields, &out));
    return out;
}

static inline int64_t mt_count(muni_session *s, const char *query) {
    muni_query *q = NULL;
    int64_t n = -1;
    OK(muni_query_parse(query, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_count(s, q, -1, &n));
    muni_query_free(q);
    return n;
}

/* Somebody in a group; answers their session. */
static inline muni_session *mt_person(mt *m, const char *login, const char *group) {
    char json[256];
    muni_session *s = NULL;
    muni_rec *g = NULL;
    snprintf(json, sizeof json, "{\"login\":\"%s\",\"name\":\"%s\"}", login, login);
    int64_t id = mt_create(m->admin, "principal", json);
    if (group) {
        OK(muni_session_find(m->admin, "group", group, NULL, &g));
        snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)mt_int(g, "id"), (long long)id);
        muni_rec_free(g);
        (void)mt_create(m->admin, "member", json);
    }
    OK(muni_db_session(m->db, login, "test", NULL, &s));
    return s;
}

#endif
