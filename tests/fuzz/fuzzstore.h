/* One test store in memory for all runs of a target: what a run writes stands in a group that is rolled back. */
#ifndef FUZZSTORE_H
#define FUZZSTORE_H

#include "fuzz.h"

#include <municipal.h>

/* 2023-11-15T07:13:20+09:00, a Wednesday */
#define FS_NOW INT64_C(1700000000)

static muni_db *fs_db;
static muni_session *fs_admin;

static MUNI_UNUSED void fs_close(void) {
    muni_session_unref(fs_admin);
    muni_db_unref(fs_db);
    fs_admin = NULL;
    fs_db = NULL;
}

/* Answers whether the store is a new one. */
static MUNI_UNUSED bool fs_open(void) {
    static bool once;
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    if (fs_db)
        return false;
    if (!once)
        (void)atexit(fs_close);
    once = true;
    o.test = 1;
    o.now = FS_NOW;
    OK(muni_create(":memory:", &o, &fs_db));
    OK(muni_db_session(fs_db, "admin", "fuzz", NULL, &fs_admin));
    return true;
}

static MUNI_UNUSED void fs_begin(void) {
    (void)fs_open();
    OK(muni_session_begin(fs_admin));
}
static MUNI_UNUSED void fs_rollback(void) {
    OK(muni_session_rollback(fs_admin));
}

static MUNI_UNUSED int64_t fs_int(const muni_rec *rec, const char *name) {
    int32_t i = muni_rec_find(rec, name);
    HOLDS(i >= 0, "the record has no %s", name);
    return muni_rec_int(rec, i);
}
static MUNI_UNUSED const char *fs_text(const muni_rec *rec, const char *name) {
    int32_t i = muni_rec_find(rec, name);
    const char *p = i >= 0 ? muni_rec_text(rec, i, NULL) : NULL;
    return p ? p : "";
}

/* Create what must be created; answers its id. */
static MUNI_UNUSED int64_t fs_create(muni_session *session, const char *kind, const char *json) {
    muni_rec *rec = NULL, *out = NULL;
    OK(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec));
    OK(muni_session_create(session, kind, rec, &out));
    int64_t id = fs_int(out, "id");
    muni_rec_free(rec);
    muni_rec_free(out);
    return id;
}

/* A principal in a group (NULL: in none), and their session. */
static MUNI_UNUSED muni_session *fs_person(const char *login, const char *group, int64_t person) {
    char json[300];
    muni_session *s = NULL;
    if (person)
        (void)snprintf(json, sizeof json, "{\"login\":\"%s\",\"name\":\"%s\",\"person\":%lld}", login, login, (long long)person);
    else
        (void)snprintf(json, sizeof json, "{\"login\":\"%s\",\"name\":\"%s\"}", login, login);
    int64_t id = fs_create(fs_admin, "principal", json);
    if (group) {
        muni_rec *g = NULL;
        OK(muni_session_find(fs_admin, "group", group, NULL, &g));
        (void)snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)fs_int(g, "id"), (long long)id);
        muni_rec_free(g);
        (void)fs_create(fs_admin, "member", json);
    }
    OK(muni_db_session(fs_db, login, "fuzz", NULL, &s));
    return s;
}

#endif
