/* A store in memory, a transaction that is nobody's, and rows put straight into the tables: for tests of conditions, of what is seen and of lists. */
#ifndef QUERYTEST_H
#define QUERYTEST_H

#include "model/list.h"
#include "core/textkey.h"
#include "store/driver.h"
#include "store/search.h"

#include "fault.h"
#include "place.h"

#include <check.h>
#include <municipal/error.h>
#include <stdio.h>
#include <stdlib.h>

#define OK(call)                                                                                                                 \
    do {                                                                                                                         \
        muni_status ok_ = (call);                                                                                                \
        ck_assert_msg(ok_ >= 0, "%s: %s: %s", #call, muni_error_name(ok_), muni_error_text("en"));                               \
    } while (0)
#define FAILS(call, code)                                                                                                        \
    do {                                                                                                                         \
        muni_status fails_ = (call);                                                                                             \
        ck_assert_msg(fails_ == (code), "%s: %s instead of %s (%s)", #call, muni_error_name(fails_), muni_error_name(code), muni_error_text("en")); \
        ck_assert_int_eq(muni_error_code(), (code));                                                                             \
        ck_assert_str_ne(muni_error_text("en"), "");                                                                             \
        ck_assert_str_ne(muni_error_text("ja"), "");                                                                             \
    } while (0)

static char store_at[PLACE_SIZE];
static muni__store *store;
static muni__conn *conn;
static muni_db qdb;
static muni__tx qtx;
static muni__rights qrights;
static int64_t next_id;

/* Numbers that are the same in every run. */
static uint64_t seed_state;
static MUNI_UNUSED void seed(uint64_t s) { seed_state = s * 2654435761u + 88172645463325252u; }
static MUNI_UNUSED uint32_t pick(uint32_t below) {
    seed_state ^= seed_state << 13;
    seed_state ^= seed_state >> 7;
    seed_state ^= seed_state << 17;
    return (uint32_t)((seed_state >> 11) % below);
}

static MUNI_UNUSED void open_store(void) {
    static const muni__store_birth birth = { .test = true, .utc_offset = 32400, .created_at = 1800000000 };
    place_new(store_at, ":memory:");
    OK(muni__store_create(store_at, NULL, &birth, &store));
    OK(muni__store_borrow(store, &conn));
    OK(muni__conn_begin(conn, true));
    memset(&qdb, 0, sizeof qdb);
    memset(&qtx, 0, sizeof qtx);
    memset(&qrights, 0, sizeof qrights);
    qdb.store = store;
    qtx = (muni__tx){ .db = &qdb, .conn = conn, .now = 1800000000, .utc_offset = 32400, .write = true, .rights = &qrights };
    next_id = 1;
    seed(1);
}

static MUNI_UNUSED void close_store(void) {
    muni__arena_free(&qtx.mem);
    muni__arena_free(&qrights.mem);
    muni__conn_rollback(conn);
    muni__store_return(store, conn);
    muni__store_close(store);
    place_drop(store_at);
    store = NULL;
}

/* Put a row into its table as it is. */
static MUNI_UNUSED void insert(const muni__row *row) {
    const muni__kind *k = row->kind;
    muni__arena mem = MUNI_ARENA_INIT;
    muni__sqlout o;
    muni__stmt *s;
    muni__sqlout_init(&o, &mem);
    muni__sqlout_put(&o, "INSERT INTO ");
    muni__schema_table(&o.b, k);
    muni__sqlout_put(&o, "(");
    for (int32_t f = 0, first = 1; f < k->nfields; f++) {
        if (k->fields[f].flags & MUNI__F_LIST)
            continue;
        muni__buf_printf(&o.b, "%s\"%s\"", first ? "" : ", ", k->fields[f].name);
        first = 0;
        if (k->fields[f].type == MUNI__KEY || k->fields[f].type == MUNI__ANY)
            muni__buf_printf(&o.b, ", \"%s_%s\"", k->fields[f].name, k->fields[f].type == MUNI__KEY ? "key" : "kind");
    }
    muni__sqlout_put(&o, ") VALUES(");
    for (int32_t f = 0, first = 1; f < k->nfields; f++) {
        const muni__val *v = &row->v[f];
        if (k->fields[f].flags & MUNI__F_LIST)
            continue;
        for (int part = 0; part < (k->fields[f].type == MUNI__KEY || k->fields[f].type == MUNI__ANY ? 2 : 1); part++) {
            if (!first)
                muni__sqlout_put(&o, ", ");
            first = 0;
            if (v->t == MUNI_TYPE_NULL) {
                muni__sqlout_null(&o);
            } else if (v->t == MUNI_TYPE_TEXT || v->t == MUNI_TYPE_DATE || v->t == MUNI_TYPE_JSON) {
                char *key = NULL;
                size_t n = v->n;
                if (part)
                    OK(muni__idkey(v->p, v->n, &key, &n));
                const char *kept = muni__arena_strndup(&mem, part ? key : v->p, n);
                muni__free(key);
                muni__sqlout_text(&o, kept, n);
            } else {
                muni__sqlout_int(&o, part ? (int64_t)v->n : v->i);
            }
        }
    }
    muni__sqlout_put(&o, ")");
    OK(muni__sqlout_open(&o, conn, &s));
    OK(muni__step(s));
    muni__done(s);
    muni__sqlout_free(&o);
    muni__arena_free(&mem);
}

/* A row of a kind with the next id. */
static MUNI_UNUSED muni__row *fresh(muni__arena *mem, const char *kind) {
    muni__row *row;
    OK(muni__row_new(mem, muni__kind_find(kind), &row));
    row->v[MUNI__C_ID] = muni__val_int(next_id++);
    row->v[MUNI__C_REV] = muni__val_int(1);
    row->v[MUNI__C_CREATED_AT] = muni__val_time(1700000000);
    return row;
}
static MUNI_UNUSED muni__val *at(muni__row *row, const char *field) {
    int32_t f = muni__field_find(row->kind, field);
    ck_assert_msg(f >= 0, "no field %s", field);
    return &row->v[f];
}
static MUNI_UNUSED muni__val text(const char *s) { return muni__val_text(s, strlen(s)); }

/* Rights: a list of them, and who it is. */
static MUNI_UNUSED void grant(const char *kind, const char *type, uint32_t verbs, uint32_t scopes) {
    muni__right *list = muni__arena_alloc(&qrights.mem, (qrights.count + 1) * sizeof *list);
    if (qrights.count)
        memcpy(list, qrights.list, qrights.count * sizeof *list);
    list[qrights.count++] = (muni__right){ kind ? muni__kind_find(kind)->number : 0, type, verbs, scopes };
    qrights.list = list;
}
#define V(verb) (1u << MUNI__V_##verb)
static MUNI_UNUSED void no_rights(void) {
    muni__arena_free(&qrights.mem);
    memset(&qrights, 0, sizeof qrights);
}

static MUNI_UNUSED muni_query *query(const char *json) {
    muni_query *q = NULL;
    muni_status st = muni_query_parse(json, MUNI_ZERO_TERMINATED, &q);
    ck_assert_msg(st == MUNI_OK, "%s: %s: %s", json, muni_error_name(st), muni_error_text("en"));
    return q;
}

#endif
