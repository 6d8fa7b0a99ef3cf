/* One GROUP BY under the predicate of lists. A session that sees every row, or every row but confidential ones, is answered by the index of the
 * grouped fields; any other through the indexes of its scope columns, as its counts are. */
#include "model/group.h"

#include "model/internal.h"
#include "model/list.h"

#include <stdio.h>

bool muni__group_field(const muni__field *f) {
    return !(f->flags & (MUNI__F_LIST | MUNI__F_SECRET | MUNI__F_FOLDED)) && (f->type == MUNI__CODE || f->type == MUNI__INT || f->type == MUNI__BOOL);
}

muni_status muni__group_exact(muni__tx *tx, const muni__cond *where, bool *exact) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__sqlout o;
    *exact = true;
    muni__sqlout_init(&o, &mem);
    muni_status st = muni__cond_sql(tx, where, "t", &o, exact);
    muni__sqlout_free(&o);
    muni__arena_free(&mem);
    return st;
}

typedef struct group {
    muni__tx *tx;
    const muni_query *q;
    const muni__groupby *by;
    size_t n;
    muni__measure measure;
    muni__vis vis;
    muni__sqlout *o;
    bool exact;
} group;

/* What is read of each record: the keys as k0, k1, the measured field as v. */
static void columns(group *g) {
    for (size_t i = 0; i < g->n; i++) {
        const muni__groupby *by = &g->by[i];
        const char *name = g->q->kind->fields[by->field].name;
        if (i)
            muni__sqlout_put(g->o, ", ");
        if (by->nbounds) {
            muni__sqlout_put(g->o, "CASE WHEN ");
            muni__sqlout_name(g->o, "t", name, "");
            muni__sqlout_put(g->o, " IS NULL THEN NULL");
            for (size_t k = 0; k < by->nbounds; k++) {
                muni__sqlout_put(g->o, " WHEN ");
                muni__sqlout_name(g->o, "t", name, "");
                muni__sqlout_put(g->o, " < ");
                muni__sqlout_int(g->o, by->bounds[k]);
                muni__buf_printf(&g->o->b, " THEN %zu", k);
            }
            muni__buf_printf(&g->o->b, " ELSE %zu END", by->nbounds);
        } else {
            muni__sqlout_name(g->o, "t", name, "");
        }
        muni__buf_printf(&g->o->b, " AS k%zu", i);
    }
    if (g->measure.op != MUNI__M_COUNT) {
        muni__sqlout_put(g->o, g->n ? ", " : "");
        muni__sqlout_name(g->o, "t", g->q->kind->fields[g->measure.field].name, "");
        muni__sqlout_put(g->o, " AS v");
    } else if (!g->n) {
        muni__sqlout_put(g->o, "1 AS v");
    }
}

static muni_status filter(group *g) {
    static const char *const trash[] = { " AND t.\"trashed_at\" IS NULL", " AND t.\"trashed_at\" IS NOT NULL", "" };
    muni__sqlout_put(g->o, trash[g->q->trash]);
    if (!g->q->where)
        return MUNI_OK;
    muni__sqlout_put(g->o, " AND ");
    return muni__cond_sql(g->tx, g->q->where, "t", g->o, &g->exact);
}

static muni_status statement(group *g) {
    muni__branch *branches = NULL;
    size_t count = 0;
    bool merged = !g->vis.all && !g->vis.ordered;
    muni_status st;
    /* a sum in two halves: neither overflows for any number of rows there can be */
    static const char *const figures[] = { "count(*)", "count(DISTINCT v)", "coalesce(sum(v >> 32), 0), coalesce(sum(v & 4294967295), 0)" };
    muni__sqlout_put(g->o, "SELECT ");
    for (size_t i = 0; i < g->n; i++)
        muni__buf_printf(&g->o->b, "k%zu, ", i);
    muni__sqlout_put(g->o, figures[g->measure.op]);
    muni__sqlout_put(g->o, " FROM (SELECT ");
    if (!merged) {
        columns(g);
        muni__sqlout_put(g->o, " FROM ");
        muni__schema_table(&g->o->b, g->q->kind);
        muni__sqlout_put(g->o, " t WHERE ");
        muni__vis_sql(&g->vis, "t", g->o);
        MUNI_TRY(filter(g));
    } else {
        /* each record once, whatever scopes it is seen by: the id stands among the columns of the union */
        MUNI_TRY(muni__vis_branches(&g->vis, g->o->mem, 0, &branches, &count));
        for (size_t i = 0; i < count; i++) {
            muni__sqlout_put(g->o, i ? " UNION SELECT t.\"id\", " : "t.\"id\", ");
            columns(g);
            muni__sqlout_put(g->o, " FROM ");
            muni__schema_table(&g->o->b, g->q->kind);
            muni__sqlout_put(g->o, " t WHERE ");
            muni__branch_sql(&g->vis, &branches[i], "t", g->o);
            MUNI_TRY(filter(g));
        }
    }
    muni__sqlout_put(g->o, ") AS g");
    for (size_t i = 0; i < g->n; i++)
        muni__buf_printf(&g->o->b, "%sk%zu", i ? ", " : " GROUP BY ", i);
    st = g->o->b.st;
out:
    return st;
}

static muni_status figure_of(const group *g, muni__stmt *s, int at, int64_t *out) {
    *out = muni__col_int(s, at);
    if (g->measure.op != MUNI__M_SUM)
        return MUNI_OK;
    int64_t low = muni__col_int(s, at + 1), high;
    if (__builtin_add_overflow(*out, low >> 32, &high) || high < INT32_MIN || high > INT32_MAX)
        return muni__fail(MUNI_ELIMIT, g->q->kind->fields[g->measure.field].name, "a sum does not fit 64 bits", "合計が64ビットに収まりません");
    *out = high * ((int64_t)1 << 32) + (low & 0xffffffff);
    return MUNI_OK;
}

static muni_status rows(const group *g, muni_status (*each)(void *, const muni__val *, int64_t), void *user) {
    muni__stmt *s = NULL;
    muni__val keys[MUNI__GROUPS];
    int64_t figure;
    muni_status st;
    MUNI_TRY(muni__sqlout_open(g->o, g->tx->conn, &s));
    for (;;) {
        MUNI_TRY(muni__step(s));
        if (st != MUNI_ROW)
            break;
        for (size_t i = 0; i < g->n; i++) {
            size_t n = 0;
            if (muni__col_null(s, (int)i)) {
                keys[i] = MUNI_NULL_VAL;
            } else if (g->q->kind->fields[g->by[i].field].type == MUNI__CODE) {
                const char *p = muni__col_text(s, (int)i, &n);
                keys[i] = muni__val_text(p, n);
            } else {
                keys[i] = muni__val_int(muni__col_int(s, (int)i));
            }
        }
        MUNI_TRY(figure_of(g, s, (int)g->n, &figure));
        MUNI_TRY(each(user, keys, figure));
    }
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__group_sql(muni__tx *tx, const muni_query *q, const muni__groupby *by, size_t n, muni__measure measure, muni__sqlout *o, bool *none) {
    group g = { .tx = tx, .q = q, .by = by, .n = n, .measure = measure, .o = o, .exact = true };
    muni_status st;
    *none = false;
    MUNI_TRY(muni__query_allowed(tx, q, false));
    for (size_t i = 0; i < n; i++) {
        muni__path path = { .hops = 0, .field = { by[i].field }, .kind = { q->kind } };
        MUNI_TRY(muni__path_allowed(tx, &path));
    }
    if (measure.op != MUNI__M_COUNT) {
        muni__path path = { .hops = 0, .field = { measure.field }, .kind = { q->kind } };
        MUNI_TRY(muni__path_allowed(tx, &path));
    }
    MUNI_TRY(muni__vis_make(tx, o->mem, q->kind, MUNI__V_READ, &g.vis));
    *none = g.vis.none;
    if (g.vis.none)
        return MUNI_OK;
    MUNI_TRY(statement(&g));
    if (q->words || !g.exact)
        st = muni__fail(MUNI_EDEFINITION, "where", "records cannot be counted by groups under words or parts of a text", "言葉や文字列の一部による条件では集計できません");
out:
    return st;
}

muni_status muni__group(muni__tx *tx, const muni_query *q, const muni__groupby *by, size_t n, muni__measure measure,
                        muni_status (*each)(void *user, const muni__val *keys, int64_t figure), void *user) {
    muni__arena mem = MUNI_ARENA_INIT;
    group g = { .tx = tx, .q = q, .by = by, .n = n, .measure = measure };
    muni__sqlout o;
    bool none;
    muni__sqlout_init(&o, &mem);
    g.o = &o;
    muni_status st = muni__group_sql(tx, q, by, n, measure, &o, &none);
    if (st >= 0 && none)
        st = n ? MUNI_OK : each(user, NULL, 0);
    else if (st >= 0)
        st = rows(&g, each, user);
    muni__sqlout_free(&o);
    muni__arena_free(&mem);
    return st;
}

/* ---- states */

static bool seen(const json_t *const *bodies, size_t n, const char *state) {
    for (size_t i = 0; i < n; i++)
        if (muni__lifecycle_state(bodies[i], state))
            return true;
    return false;
}

static const char *text(const json_t *j, const char *name, const char *otherwise) {
    const char *s = json_string_value(json_object_get(j, name));
    return s ? s : otherwise;
}

muni_status muni__states_each(muni__tx *tx, const muni__kind *kind, muni_status (*each)(void *user, const char *state, const char *ja, const char *en),
                              void *user) {
    const json_t *bodies[16];
    size_t n = 0;
    muni_status st = MUNI_OK;
    for (const char *p = kind->types; st >= 0 && n < MUNI_COUNT(bodies); p++) {
        char type[65], buffer[96];
        size_t len = strcspn(p, "|");
        const muni__definition *d = NULL;
        json_t *state;
        size_t i;
        (void)snprintf(type, sizeof type, "%.*s", (int)len, p);
        p += len;
        const char *name = muni__lifecycle_name(kind, type, buffer);
        if (*name && (st = muni__definition_active(tx, "lifecycle", name, &d)) >= 0) {
            json_array_foreach (json_object_get(d->body, "states"), i, state) {
                const char *s = text(state, "name", "");
                if (st >= 0 && !seen(bodies, n, s))
                    st = each(user, s, text(state, "ja", s), text(state, "en", s));
            }
            bodies[n++] = d->body;
        }
        if (!*p)
            break;
    }
    return st;
}
