/* The sample city: its files read as the profile says, and what is planted in them. For tests of reading and of planning. */
#ifndef STAFFTEST_H
#define STAFFTEST_H

#include "core/csv.h"
#include "core/json.h"
#include "staff/staff.h"

#include "model/model.h"

#include <check.h>
#include <municipal/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline const char *st_path(const char *name) {
    static char path[4][512];
    static int turn;
    const char *dir = getenv("srcdir");
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/tests/data/staff/%s", dir ? dir : ".", name);
    return path[turn];
}

static inline json_t *st_expected(void) {
    json_t *j = json_load_file(st_path("staff_expected.json"), 0, NULL);
    ck_assert_ptr_nonnull(j);
    return j;
}

/* The body of the shipped profile. */
static inline json_t *st_profile_body(void) {
    for (const char *const *s = muni__shipped_definitions; *s; s++) {
        json_t *j = json_loads(*s, 0, NULL);
        ck_assert_ptr_nonnull(j);
        if (!strcmp(json_string_value(json_object_get(j, "name")), "hr-export")) {
            json_t *body = json_deep_copy(json_object_get(j, "body"));
            json_decref(j);
            return body;
        }
        json_decref(j);
    }
    ck_abort_msg("the profile is not shipped");
}

#define ST_OK(call)                                                                                                              \
    do {                                                                                                                         \
        muni_status st_ok_ = (call);                                                                                             \
        ck_assert_msg(st_ok_ >= 0, "%s: %s: %s", #call, muni_error_name(st_ok_), muni_error_text("en"));                         \
    } while (0)

/* A file in memory as one of the two. */
static inline muni_status st_read_text(muni__reading *r, int which, const char *p, size_t n) {
    muni__source s;
    ST_OK(muni__source_memory(&s, p, n));
    muni_status st = muni__reading_file(r, which, which ? "people.csv" : "units.csv", MUNI__CHARSET_UNKNOWN, &s);
    muni__source_close(&s);
    return st;
}

static inline void st_read(muni__reading *r, int which, const char *name) {
    muni__source s;
    ST_OK(muni__source_file(&s, st_path(name)));
    ST_OK(muni__reading_file(r, which, st_path(name), MUNI__CHARSET_UNKNOWN, &s));
    muni__source_close(&s);
}

/* The units of a reading as they will be, from 1 on. */
static inline size_t st_views(const muni__reading *r, muni__unit_view *out) {
    size_t n = 0;
    for (size_t i = 0; i < r->nrows[MUNI__UNITS]; i++) {
        const muni__srow *row = r->rows[MUNI__UNITS][i];
        if (!row->rejected && !row->held && !row->skipped) {
            out[n] = (muni__unit_view){ row->key, row->v[MUNI__SU_NAME], row->v[MUNI__SU_FULL_NAME], row->day[MUNI__SU_FROM_ON], MUNI__DAY_MAX, (int64_t)i + 1 };
            n++;
        }
    }
    return n;
}

/* Findings as texts "record line CODE", sorted, so that lists can be compared. */
typedef struct st_list {
    char (*p)[96];
    size_t n, cap;
} st_list;

static inline void st_add(st_list *l, long long record, long long line, const char *code) {
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 256;
        l->p = realloc(l->p, l->cap * sizeof *l->p);
        ck_assert_ptr_nonnull(l->p);
    }
    snprintf(l->p[l->n++], sizeof *l->p, "%lld %lld %s", record, line, code);
}

static inline int st_order(const void *a, const void *b) {
    return strcmp(a, b);
}

static inline void st_same(st_list *want, st_list *got, const char *what) {
    qsort(want->p, want->n, sizeof *want->p, st_order);
    qsort(got->p, got->n, sizeof *got->p, st_order);
    size_t i = 0, k = 0;
    char text[4000] = "";
    while (i < want->n || k < got->n) {
        int d = i == want->n ? 1 : k == got->n ? -1 : strcmp(want->p[i], got->p[k]);
        size_t used = strlen(text);
        if (d < 0)
            snprintf(text + used, sizeof text - used, " [missing %s]", want->p[i++]);
        else if (d > 0)
            snprintf(text + used, sizeof text - used, " [not planted %s]", got->p[k++]);
        else
            i++, k++;
    }
    ck_assert_msg(!*text, "%s:%s", what, text);
    free(want->p);
    free(got->p);
    *want = *got = (st_list){ NULL, 0, 0 };
}

#endif
