/* The scope provider: the units in which a person holds a post today, those below them, and the next midnight at which that changes. */
#include "staff/staff.h"

#include "model/model.h"

#include <stdlib.h>

typedef struct ids {
    int64_t *p;
    size_t n, cap;
} ids;

static muni_status add(ids *list, int64_t id) {
    muni_status st = muni__grow(&list->p, &list->cap, list->n + 1, sizeof *list->p);
    if (st >= 0)
        list->p[list->n++] = id;
    return st;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort(ids *list) {
    size_t n = 0;
    if (!list->n)
        return;
    qsort(list->p, list->n, sizeof *list->p, ascending);
    for (size_t i = 0; i < list->n; i++)
        if (!n || list->p[n - 1] != list->p[i])
            list->p[n++] = list->p[i];
    list->n = n;
}

static bool has(const ids *list, int64_t id) {
    return list->n && bsearch(&id, list->p, list->n, sizeof *list->p, ascending) != NULL;
}

typedef struct looking {
    muni__tx *tx;
    int32_t today;
    int64_t until;
    ids units;
} looking;

static void bound(looking *l, int32_t day) {
    int64_t at = day > MUNI__DAY_MAX ? INT64_MAX : muni__time_of_day(day, l->tx->utc_offset);
    if (at < l->until)
        l->until = at;
}

static muni_status take_post(void *user, const muni__row *row) {
    looking *l = user;
    const muni__val *from = &row->v[muni__row_field(row->kind, MUNI_POST_FROM_ON)], *to = &row->v[muni__row_field(row->kind, MUNI_POST_TO_ON)];
    int32_t first = 0, last = MUNI__DAY_MAX;
    if (!muni__date_read(from->p, from->n, &first) || (to->t != MUNI_TYPE_NULL && !muni__date_read(to->p, to->n, &last)))
        return MUNI_OK;
    if (first > l->today) {
        bound(l, first);
        return MUNI_OK;
    }
    if (last < l->today)
        return MUNI_OK;
    if (last < MUNI__DAY_MAX)
        bound(l, last + 1);
    return add(&l->units, row->v[muni__row_field(row->kind, MUNI_POST_UNIT)].i);
}

typedef struct edges { /* child, parent, child, parent … */
    ids list;
} edges;

static muni_status take_unit(void *user, const muni__row *row) {
    edges *e = user;
    const muni__val *parent = &row->v[muni__row_field(row->kind, MUNI_UNIT_PARENT)];
    if (parent->t == MUNI_TYPE_NULL)
        return MUNI_OK;
    muni_status st = add(&e->list, muni__row_id(row));
    return st < 0 ? st : add(&e->list, parent->i);
}

static muni_status copy(muni__arena *mem, const ids *from, const int64_t **out, size_t *n) {
    int64_t *p = muni__arena_alloc(mem, (from->n + 1) * sizeof *p);
    if (!p)
        return MUNI_ENOMEM;
    if (from->n)
        memcpy(p, from->p, from->n * sizeof *p);
    *out = p;
    *n = from->n;
    return MUNI_OK;
}

muni_status muni__staff_scope(muni__tx *tx, muni__arena *mem, int64_t person, muni__scope *out) {
    const muni__kind *posts = muni__kind_find(MUNI_KIND_POST);
    looking l = { .tx = tx, .today = muni__tx_today(tx), .until = INT64_MAX };
    edges e = { { NULL, 0, 0 } };
    ids below = { NULL, 0, 0 };
    muni_status st;
    MUNI_TRY(muni__each_of(tx, posts, MUNI_POST_PERSON, person, take_post, &l));
    sort(&l.units);
    if (l.units.n) {
        MUNI_TRY(muni__each(tx, muni__kind_find(MUNI_KIND_UNIT), NULL, take_unit, &e));
        for (size_t i = 0; i < l.units.n; i++)
            MUNI_TRY(add(&below, l.units.p[i]));
        for (bool more = true; more;) { /* a level at a time; whoever is in already is not taken again, so that a cycle ends */
            size_t before = below.n;
            more = false;
            for (size_t i = 0; i + 1 < e.list.n; i += 2) {
                ids known = { below.p, before, 0 };
                if (has(&known, e.list.p[i + 1]) && !has(&known, e.list.p[i])) {
                    MUNI_TRY(add(&below, e.list.p[i]));
                    more = true;
                }
            }
            sort(&below);
        }
    }
    MUNI_TRY(copy(mem, &l.units, &out->units, &out->nunits));
    MUNI_TRY(copy(mem, &below, &out->below, &out->nbelow));
    out->until = l.until;
    st = MUNI_OK;
out:
    muni__free(l.units.p);
    muni__free(e.list.p);
    muni__free(below.p);
    return st;
}
