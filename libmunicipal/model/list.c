/* Lists: pages of a query, planned by what the session sees (decisions 16, 19 and 20).
 *
 * A session that sees every row reads the wanted order. Any other reads the first 2,000 entries of it, keeping what it sees; where that does not
 * fill the page, the rest comes through the indexes of the scope columns, one ordered branch each, merged; the newest come that way from the
 * beginning. With words, the candidates come from the index, newest first; where many of them lead to nothing and the session sees few records, those are looked through instead.
 *
 * Absent values stand last in either direction. */
#include "model/list.h"

#include "core/textkey.h"
#include "model/internal.h"
#include "store/search.h"

#include <stdlib.h>

#define UNITS_EACH 32      /* so many units are branches of their own: each is in order */
#define PROBE 256          /* candidates of a word looked at to find the rarest of several */
#define FEW 1000           /* visible records that are looked through instead of the index */
#define FEW_AFTER 200      /* after so many candidates */
#define BATCH 64           /* candidates read at once */
#define COUNTED 50000      /* places held at once while counting one by one */
#define SCRATCH_ROWS 64

/* "SELECT columns FROM table t" */
static void select_sql(const muni__tx *tx, const muni__kind *kind, muni__buf *out) {
    const char *columns = NULL;
    muni_status st = muni__kind_sql(tx->db, kind, MUNI__SQL_COLUMNS, &columns);
    if (st < 0) {
        if (out->st >= 0)
            out->st = st;
        return;
    }
    muni__buf_puts(out, "SELECT ");
    muni__buf_puts(out, columns);
    muni__buf_puts(out, " FROM ");
    muni__schema_table(out, kind);
    muni__buf_puts(out, " t");
}

/* ---- one row */

muni_status muni__row_by(muni__tx *tx, const muni__kind *kind, const char *field, const char *value, size_t n, muni__row **out) {
    muni__buf sql = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    char *key = NULL;
    size_t key_n = 0;
    int32_t at;
    muni_status st;
    *out = NULL;
    MUNI_TRY(muni__field_get(kind, field, &at));
    const muni__field *f = &kind->fields[at];
    bool number = f->type == MUNI__INT || f->type == MUNI__REF;
    int64_t v = 0;
    if (f->type == MUNI__KEY) {
        MUNI_TRY(muni__idkey(value, n, &key, &key_n));
        if (!key_n)
            goto out;
    } else if (number) {
        size_t i = 0;
        for (; i < n && value[i] >= '0' && value[i] <= '9' && v < (int64_t)1 << 53; i++)
            v = v * 10 + (value[i] - '0');
        if (!n || i < n)
            goto out; /* no number: there is none */
    }
    select_sql(tx, kind, &sql);
    muni__buf_printf(&sql, " WHERE t.\"%s%s\" = ?1 AND t.\"trashed_at\" IS NULL ORDER BY t.\"id\" LIMIT ?2", f->name, f->type == MUNI__KEY ? "_key" : "");
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(tx->conn, sql.p, &s));
    if (number)
        muni__bind_int(s, 1, v);
    else
        muni__bind_text(s, 1, key ? key : value, key ? key_n : n);
    muni__bind_int(s, 2, 1);
    st = muni__step(s);
    if (st == MUNI_ROW)
        st = muni__row_read(&tx->mem, kind, s, 0, out);
out:
    muni__done(s);
    muni__free(key);
    muni__buf_free(&sql);
    return st < 0 ? st : MUNI_OK;
}

/* ---- rows without rights */

/* Those of which `where` holds (NULL: any) and whose reference `field` (-1: none) is `id`. */
static muni_status each_row(muni__tx *tx, const muni__kind *kind, const muni__cond *where, int32_t field, int64_t id, muni_status (*each)(void *user, const muni__row *row),
                            void *user) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__row *rows[MUNI__PAGE];
    int64_t after = INT64_MIN;
    bool more = true;
    muni_status st = MUNI_OK;
    /* a page at a time: nothing is open while the caller writes */
    while (more && st >= 0) {
        muni__sqlout o;
        muni__stmt *s = NULL;
        size_t n = 0;
        bool exact = true;
        muni__sqlout_init(&o, &mem);
        select_sql(tx, kind, &o.b);
        muni__sqlout_put(&o, " WHERE t.\"trashed_at\" IS NULL AND t.\"id\" > ");
        muni__sqlout_int(&o, after);
        if (field >= 0) {
            muni__sqlout_put(&o, " AND ");
            muni__sqlout_name(&o, "t", kind->fields[field].name, "");
            muni__sqlout_put(&o, " = ");
            muni__sqlout_int(&o, id);
        }
        if (where) {
            bool system = tx->system;
            muni__sqlout_put(&o, " AND ");
            tx->system = true; /* references, too, are followed without rights */
            st = muni__cond_sql(tx, where, "t", &o, &exact);
            tx->system = system;
        }
        muni__sqlout_put(&o, " ORDER BY t.\"id\" LIMIT ");
        muni__sqlout_int(&o, MUNI__PAGE);
        if (st >= 0)
            st = muni__sqlout_open(&o, tx->conn, &s);
        while (st >= 0 && n < MUNI__PAGE && (st = muni__step(s)) == MUNI_ROW) {
            st = muni__row_read(&mem, kind, s, 0, &rows[n]);
            n++;
        }
        muni__done(s);
        muni__sqlout_free(&o);
        more = n == MUNI__PAGE;
        for (size_t i = 0; i < n && st >= 0; i++) {
            bool holds = true;
            after = muni__row_id(rows[i]);
            if (!exact) {
                bool system = tx->system;
                tx->system = true;
                st = muni__cond_eval(tx, where, rows[i], NULL, &holds);
                tx->system = system;
            }
            if (st >= 0 && holds)
                st = each(user, rows[i]);
        }
        muni__arena_free(&mem);
    }
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__each(muni__tx *tx, const muni__kind *kind, const muni__cond *where, muni_status (*each)(void *user, const muni__row *row), void *user) {
    return each_row(tx, kind, where, -1, 0, each, user);
}

muni_status muni__each_of(muni__tx *tx, const muni__kind *kind, const char *field, int64_t id, muni_status (*each)(void *user, const muni__row *row), void *user) {
    int32_t at;
    muni_status st = muni__field_get(kind, field, &at);
    return st < 0 ? st : each_row(tx, kind, NULL, at, id, each, user);
}

/* ---- a page */

typedef struct pager {
    muni__tx *tx;
    muni__arena *mem;
    const muni_query *q;
    const muni__kind *kind;
    muni__vis vis;
    int32_t *light; /* fields that tell whether a row is seen */
    size_t nlight;
    muni__row *seen; /* with those fields only */
    muni__hit *hits;
    size_t n, need;
    muni__arena scratch;
    size_t scratch_rows;
    muni__buf *explain; /* not NULL: write the plans down instead */
    bool places;        /* only where they stand: no rows are read */
    /* words */
    bool parts_known;
    int32_t part;
    muni__vis part_vis;
} pager;

static bool never_null(const muni__kind *kind, int32_t field) {
    return field == MUNI__C_ID || field == MUNI__C_REV || field == MUNI__C_CREATED_AT || field == MUNI__C_UPDATED_AT ||
           (kind->fields[field].flags & MUNI__F_REQUIRED);
}

static void order_column(const pager *p, size_t i, muni__sqlout *o) {
    const muni__field *f = &p->kind->fields[p->q->order[i].field];
    muni__sqlout_name(o, "t", f->name, f->type == MUNI__KEY ? "_key" : "");
}

static void order_arg(const muni__val *v, muni__sqlout *o) {
    if (v->t == MUNI_TYPE_TEXT)
        muni__sqlout_text(o, v->p, v->n);
    else
        muni__sqlout_int(o, v->i);
}

/* What stands behind a place: one term per order, each with equality in those before it. */
static void keyset_sql(const pager *p, const muni__val *after, muni__sqlout *o) {
    const muni_query *q = p->q;
    bool first = true;
    if (after[0].t != MUNI_TYPE_NULL && q->norder > 1 && never_null(p->kind, q->order[0].field)) { /* for the index */
        muni__sqlout_put(o, " AND ");
        order_column(p, 0, o);
        muni__sqlout_put(o, q->order[0].desc ? " <= " : " >= ");
        order_arg(&after[0], o);
    }
    muni__sqlout_put(o, " AND (");
    for (size_t i = 0; i < q->norder; i++) {
        if (after[i].t == MUNI_TYPE_NULL)
            continue; /* nothing stands behind what is absent */
        if (!first)
            muni__sqlout_put(o, " OR ");
        first = false;
        if (q->norder > 1)
            muni__sqlout_put(o, "(");
        for (size_t k = 0; k < i; k++) {
            order_column(p, k, o);
            if (after[k].t == MUNI_TYPE_NULL) {
                muni__sqlout_put(o, " IS NULL");
            } else {
                muni__sqlout_put(o, " = ");
                order_arg(&after[k], o);
            }
            muni__sqlout_put(o, " AND ");
        }
        bool null = !never_null(p->kind, q->order[i].field);
        if (null)
            muni__sqlout_put(o, "(");
        order_column(p, i, o);
        muni__sqlout_put(o, q->order[i].desc ? " < " : " > ");
        order_arg(&after[i], o);
        if (null) {
            muni__sqlout_put(o, " OR ");
            order_column(p, i, o);
            muni__sqlout_put(o, " IS NULL)");
        }
        if (q->norder > 1)
            muni__sqlout_put(o, ")");
    }
    muni__sqlout_put(o, ")");
}

/* The index of a unique field holds what has a value: said in so many words, it gives the order. */
static void present_sql(const pager *p, muni__sqlout *o) {
    int32_t f = p->q->order[0].field;
    if (!(p->kind->fields[f].flags & MUNI__F_UNIQUE) || !never_null(p->kind, f))
        return;
    muni__sqlout_put(o, " AND ");
    order_column(p, 0, o);
    muni__sqlout_put(o, " IS NOT NULL");
}

static void trash_sql(const muni_query *q, muni__sqlout *o) {
    if (q->trash == MUNI__TRASH_WITHOUT)
        muni__sqlout_put(o, " AND t.\"trashed_at\" IS NULL");
    else if (q->trash == MUNI__TRASH_ONLY)
        muni__sqlout_put(o, " AND t.\"trashed_at\" IS NOT NULL");
}

static int compare_vals(const muni__val *a, const muni__val *b) {
    if (a->t != MUNI_TYPE_TEXT)
        return (a->i > b->i) - (a->i < b->i);
    size_t n = a->n < b->n ? a->n : b->n;
    int c = n ? memcmp(a->p, b->p, n) : 0;
    return c ? c : (a->n > b->n) - (a->n < b->n);
}

static int compare_keys(const muni_query *q, const muni__val *a, const muni__val *b) {
    for (size_t i = 0; i < q->norder; i++) {
        bool an = a[i].t == MUNI_TYPE_NULL, bn = b[i].t == MUNI_TYPE_NULL;
        if (an || bn) {
            if (an != bn)
                return an ? 1 : -1;
            continue;
        }
        int c = compare_vals(&a[i], &b[i]);
        if (c)
            return q->order[i].desc ? -c : c;
    }
    return 0;
}

static bool is_number(const muni__field *f) {
    return f->type != MUNI__TEXT && f->type != MUNI__KEY && f->type != MUNI__CODE && f->type != MUNI__DATE && f->type != MUNI__NOTE && f->type != MUNI__JSON;
}

/* A column as a number or a text; the text is the statement's. */
static void read_light(const muni__field *f, muni__stmt *s, int at, muni__val *out) {
    int64_t i;
    size_t n;
    const char *text;
    if (!is_number(f)) {
        text = muni__col_text(s, at, &n);
        *out = text ? muni__val_text(text, n) : MUNI_NULL_VAL;
    } else {
        *out = muni__col_number(s, at, &i) ? muni__val_int(i) : MUNI_NULL_VAL;
    }
}

/* The place of the row that a statement stands on; texts are the statement's. */
static void read_keys(const pager *p, muni__stmt *s, muni__val *keys) {
    for (size_t i = 0; i < p->q->norder; i++) {
        int at = (int)(p->nlight + i);
        read_light(&p->kind->fields[p->q->order[i].field], s, at, &keys[i]);
    }
}

static muni_status copy_keys(const pager *p, const muni__val *from, muni__val **out) {
    muni__val *keys = muni__arena_alloc(p->mem, p->q->norder * sizeof *keys);
    *out = NULL;
    if (!keys)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < p->q->norder; i++) {
        keys[i] = from[i];
        if (from[i].t == MUNI_TYPE_TEXT && !(keys[i].p = muni__arena_strndup(p->mem, from[i].p, from[i].n)))
            return MUNI_ENOMEM;
    }
    *out = keys;
    return MUNI_OK;
}

static bool row_seen(pager *p, muni__stmt *s) {
    for (size_t i = 0; i < p->nlight; i++) {
        int32_t f = p->light[i];
        read_light(&p->kind->fields[f], s, (int)i, &p->seen->v[f]);
    }
    return muni__vis_sees(&p->vis, p->seen);
}

/* One way through the kind's rows, in the wanted order. Where many entries may not be kept, only what decides is read, and those that are kept are
 * loaded afterwards. */
typedef struct way {
    const muni__branch *branch; /* NULL: all rows */
    const int64_t *ids;         /* these only, `nids` of them */
    size_t nids;
    bool filter;                /* the predicate of what is seen, in SQL */
    bool look;                  /* the same, in C */
    bool cond_flag;             /* the condition as a column, looked at here: the database reads no further for its sake */
    size_t window;              /* entries at most; 0: no end */
    const muni__val *after;
    /* out */
    size_t read;
    muni__val *last; /* the place of the last entry read, where the window was used up */
} way;

/* The newest, by a scope index: every entry read is one of the page, or nearly. Where rows are sorted first, they are sorted without what they hold. */
static bool newest_branch(const pager *p, const muni__branch *b) {
    return p->q->norder == 1 && !b->ids && b->field >= 0;
}

static bool thin(const pager *p, const way *w) {
    return p->places || (w->branch && !newest_branch(p, w->branch)) || (w->look && w->cond_flag);
}

static muni_status way_sql(pager *p, const way *w, muni__sqlout *o, bool *exact) {
    const muni_query *q = p->q;
    const char *columns = "";
    muni_status st = MUNI_OK;
    if (!thin(p, w) && (st = muni__kind_sql(p->tx->db, p->kind, MUNI__SQL_COLUMNS, &columns)) < 0)
        return st;
    muni__sqlout_put(o, "SELECT ");
    for (size_t i = 0; i < p->nlight; i++) {
        muni__sqlout_name(o, "t", p->kind->fields[p->light[i]].name, "");
        muni__sqlout_put(o, ", ");
    }
    for (size_t i = 0; i < q->norder; i++) {
        order_column(p, i, o);
        muni__sqlout_put(o, ", ");
    }
    if (q->where && w->cond_flag)
        st = muni__cond_sql(p->tx, q->where, "t", o, exact);
    else
        muni__sqlout_put(o, "TRUE");
    muni__sqlout_put(o, *columns ? ", " : "");
    muni__sqlout_put(o, columns);
    muni__sqlout_put(o, " FROM ");
    muni__schema_table(&o->b, p->kind);
    muni__sqlout_put(o, " t WHERE ");
    if (w->ids) {
        muni__sqlout_name(o, "t", "id", "");
        muni__sqlout_set(o, w->ids, w->nids);
    } else if (w->branch) {
        muni__branch_sql(&p->vis, w->branch, "t", o);
    } else if (w->filter && !p->vis.all) {
        muni__vis_sql(&p->vis, "t", o);
    } else {
        muni__sqlout_put(o, "TRUE");
    }
    trash_sql(q, o);
    present_sql(p, o);
    if (st >= 0 && q->where && !w->cond_flag) {
        muni__sqlout_put(o, " AND ");
        st = muni__cond_sql(p->tx, q->where, "t", o, exact);
    }
    if (w->after)
        keyset_sql(p, w->after, o);
    muni__sqlout_put(o, " ORDER BY ");
    for (size_t i = 0; i < q->norder; i++) {
        if (i)
            muni__sqlout_put(o, ", ");
        order_column(p, i, o);
        muni__sqlout_put(o, q->order[i].desc ? " DESC" : " ASC");
        if (!never_null(p->kind, q->order[i].field))
            muni__sqlout_put(o, " NULLS LAST");
    }
    muni__sqlout_put(o, " LIMIT ");
    muni__sqlout_int(o, w->window ? (int64_t)w->window : *exact && !w->look ? (int64_t)p->need : INT64_MAX);
    return st < 0 ? st : o->b.st;
}

/* Does the row satisfy what SQL could not decide? */
static muni_status recheck(pager *p, const way *w, muni__stmt *s, int64_t id, bool *holds) {
    muni__row *row;
    if (++p->scratch_rows > SCRATCH_ROWS) {
        muni__arena_free(&p->scratch);
        p->scratch_rows = 0;
    }
    muni_status st = thin(p, w) ? muni__row_find(p->tx, &p->scratch, p->kind, id, &row)
                                : muni__row_read(&p->scratch, p->kind, s, (int)(p->nlight + p->q->norder + 1), &row);
    *holds = false;
    return st < 0 || !row ? st : muni__cond_eval(p->tx, p->q->where, row, NULL, holds);
}

/* Put an entry into the page, where it belongs and is not there already through another branch; its row may come later. */
static muni_status put_hit(pager *p, const muni__val *keys, muni__row *row, muni__hit **out) {
    size_t at = p->n;
    muni__val *copy;
    *out = NULL;
    for (int c = 1; at; at--) {
        c = compare_keys(p->q, keys, p->hits[at - 1].keys);
        if (c == 0)
            return MUNI_OK;
        if (c > 0)
            break;
    }
    muni_status st = copy_keys(p, keys, &copy);
    if (st < 0)
        return st;
    if (p->n == p->need)
        p->n--;
    memmove(p->hits + at + 1, p->hits + at, (p->n - at) * sizeof *p->hits);
    p->hits[at] = (muni__hit){ row, copy };
    p->n++;
    *out = &p->hits[at];
    return MUNI_OK;
}

static muni_status way_open(pager *p, const way *w, bool *exact, muni__stmt **out) {
    muni__sqlout o;
    muni_status st;
    *out = NULL;
    *exact = true;
    muni__sqlout_init(&o, p->mem);
    if (p->explain)
        muni__sqlout_put(&o, "EXPLAIN QUERY PLAN ");
    st = way_sql(p, w, &o, exact);
    if (st >= 0)
        st = muni__sqlout_open(&o, p->tx->conn, out);
    if (st >= 0 && (w->window ? w->window > MUNI__WINDOW : w->look || !*exact))
        muni__many(*out);
    muni__sqlout_free(&o);
    return st;
}

/* The entry that a statement stands on, into the page, unless it is there already. */
static muni_status take_entry(pager *p, const way *w, muni__stmt *s, const muni__val *keys) {
    muni__hit *hit;
    muni_status st = put_hit(p, keys, NULL, &hit);
    if (st >= 0 && hit && !thin(p, w))
        st = muni__row_read(p->mem, p->kind, s, (int)(p->nlight + p->q->norder + 1), &hit->row);
    return st;
}

/* Walk, and keep what belongs to the page. */
static muni_status walk(pager *p, way *w) {
    muni__val keys[MUNI__QUERY_ORDERS + 1];
    const muni_query *q = p->q;
    muni__stmt *s = NULL;
    bool exact;
    muni_status st;
    w->read = 0;
    w->last = NULL;
    MUNI_TRY(way_open(p, w, &exact, &s));
    while (p->explain && (st = muni__step(s)) == MUNI_ROW) {
        const char *step = muni__col_text(s, 3, NULL);
        muni__buf_puts(p->explain, step ? step : "");
        muni__buf_putc(p->explain, '\n');
    }
    if (p->explain)
        goto out;
    while ((st = muni__step(s)) == MUNI_ROW) {
        bool keep = true;
        w->read++;
        read_keys(p, s, keys);
        if (p->n == p->need && compare_keys(q, keys, p->hits[p->n - 1].keys) >= 0)
            break; /* whatever comes stands behind the page */
        if (w->look)
            keep = row_seen(p, s);
        if (keep && w->cond_flag && q->where)
            keep = muni__col_int(s, (int)(p->nlight + q->norder)) != 0; /* null is no */
        if (keep && !exact)
            MUNI_TRY(recheck(p, w, s, keys[q->norder - 1].i, &keep));
        if (keep)
            MUNI_TRY(take_entry(p, w, s, keys));
        if (w->window && w->read == w->window)
            MUNI_TRY(copy_keys(p, keys, &w->last));
    }
out:
    muni__done(s);
    muni__arena_free(&p->scratch);
    p->scratch_rows = 0;
    return st < 0 ? st : MUNI_OK;
}

/* A branch being read, and the entry that it stands on. */
typedef struct stream {
    way w;
    muni__stmt *s;
    bool exact, ended;
    muni__val keys[MUNI__QUERY_ORDERS + 1];
} stream;

static muni_status stream_next(pager *p, stream *b) {
    muni_status st = muni__step(b->s);
    b->ended = st != MUNI_ROW;
    if (!b->ended)
        read_keys(p, b->s, b->keys);
    return st < 0 ? st : MUNI_OK;
}

/* All branches at once, always going on with the one whose entry comes first: no more of them is read than the page takes. */
static muni_status merge(pager *p, const muni__branch *branches, size_t count, const muni__val *after) {
    stream *b = muni__arena_alloc(p->mem, count * sizeof *b);
    muni_status st = b ? MUNI_OK : MUNI_ENOMEM;
    for (size_t i = 0; i < count && st >= 0; i++) {
        b[i].w = (way){ .branch = &branches[i], .after = after };
        if ((st = way_open(p, &b[i].w, &b[i].exact, &b[i].s)) >= 0)
            st = stream_next(p, &b[i]);
    }
    while (st >= 0 && p->n < p->need) {
        stream *first = NULL;
        bool keep = true;
        for (size_t i = 0; i < count; i++)
            if (!b[i].ended && (!first || compare_keys(p->q, b[i].keys, first->keys) < 0))
                first = &b[i];
        if (!first)
            break;
        if (!first->exact)
            st = recheck(p, &first->w, first->s, first->keys[p->q->norder - 1].i, &keep);
        if (st >= 0 && keep)
            st = take_entry(p, &first->w, first->s, first->keys);
        if (st >= 0)
            st = stream_next(p, first);
    }
    for (size_t i = 0; b && i < count; i++)
        muni__done(b[i].s);
    muni__arena_free(&p->scratch);
    p->scratch_rows = 0;
    return st;
}

/* A page without words. */
static muni_status plain(pager *p, const muni__val *after, muni__plan_way how) {
    muni_status st;
    if (p->vis.none)
        return MUNI_OK;
    if (p->vis.all || (p->vis.ordered && how == MUNI__PLAN_BEST)) {
        way w = { .filter = true, .after = after };
        return walk(p, &w);
    }
    /* a window of an order without an index would be a sort of everything; and the newest come from every scope index in their order */
    bool newest = how == MUNI__PLAN_BEST && !p->q->where && p->q->norder == 1 && p->q->trash == MUNI__TRASH_WITHOUT &&
                  p->vis.scope->nunits + p->vis.scope->nbelow <= UNITS_EACH;
    bool window = how == MUNI__PLAN_WINDOW || (how == MUNI__PLAN_BEST && !newest && (muni__leads_index(p->kind, p->q->order[0].field) ||
                                                                                   (p->q->where && muni__cond_anchored(p->q->where))));
    if (window) {
        way w = { .look = true, .after = after, .window = how == MUNI__PLAN_WINDOW ? SIZE_MAX / 4 : MUNI__WINDOW,
                  .cond_flag = !(p->q->where && muni__cond_anchored(p->q->where)) };
        st = walk(p, &w);
        if (st < 0 || p->n == p->need || w.read < w.window)
            return st;
        after = w.last; /* the rest stands behind the window */
    }
    muni__branch *branches;
    size_t count;
    st = muni__vis_branches(&p->vis, p->mem, UNITS_EACH, &branches, &count);
    if (st >= 0 && !p->explain)
        return merge(p, branches, count, after);
    for (size_t i = 0; st >= 0 && i < count; i++) {
        way w = { .branch = &branches[i], .after = after };
        st = walk(p, &w);
    }
    return st;
}

/* ---- words */

/* The documents of one record, gathered until every word has been found. */
typedef struct gather {
    pager *p;
    uint32_t found, all;
    muni_status st;
} gather;

/* May this session see what was said there? */
static muni_status part_seen(pager *p, const muni__doc *doc, bool *out) {
    const muni__kind *kind = muni__kind_numbered(doc->part);
    muni__row *row = NULL;
    muni_status st = MUNI_OK;
    *out = false;
    if (!kind)
        return MUNI_OK;
    if (!p->parts_known || p->part != doc->part) {
        st = muni__vis_make(p->tx, p->mem, kind, MUNI__V_READ, &p->part_vis);
        if (st < 0)
            return st;
        p->parts_known = true;
        p->part = doc->part;
    }
    if (p->part_vis.all || p->part_vis.none) {
        *out = p->part_vis.all;
        return MUNI_OK;
    }
    st = muni__row_find(p->tx, &p->scratch, kind, doc->doc, &row);
    if (++p->scratch_rows > SCRATCH_ROWS) {
        p->scratch_rows = 0;
        *out = row && muni__vis_sees(&p->part_vis, row);
        muni__arena_free(&p->scratch);
        return st;
    }
    *out = row && muni__vis_sees(&p->part_vis, row);
    return st;
}

/* Words found in a document, in the fields that the session may see. */
static void look_through(gather *g, const muni__doc *doc) {
    pager *p = g->p;
    const muni__kind *kind = doc->part ? muni__kind_numbered(doc->part) : p->kind;
    const char *at = doc->keys, *end = doc->keys + doc->n;
    uint32_t found = 0;
    for (int32_t f = 0; kind && f < kind->nfields && at; f++) {
        if (!(kind->fields[f].flags & MUNI__F_SEARCHED))
            continue;
        const char *sep = at < end ? memchr(at, MUNI__KEY_SEP, (size_t)(end - at)) : NULL;
        size_t n = (size_t)((sep ? sep : end) - at);
        if (n && muni__field_askable(p->tx, kind, f))
            for (size_t i = 0; i < p->q->terms.count; i++)
                if (!((g->found | found) >> i & 1) && muni__key_contains(at, n, p->q->terms.items[i].key, p->q->terms.items[i].key_len))
                    found |= 1u << i;
        at = sep ? sep + 1 : NULL;
    }
    bool may = found != 0;
    if (may && doc->part)
        g->st = part_seen(p, doc, &may);
    if (may)
        g->found |= found;
}

static bool gather_doc(void *user, const muni__doc *doc) {
    gather *g = user;
    look_through(g, doc);
    return g->st >= 0 && g->found != g->all;
}

static gather gather_begin(pager *p) {
    size_t n = p->q->terms.count;
    return (gather){ p, 0, n >= 32 ? UINT32_MAX : (1u << n) - 1, MUNI_OK };
}

/* Does the record hold every word? `first` is a document of it that is at hand. */
static muni_status words_hold(pager *p, int64_t rec, const muni__doc *first, bool *out) {
    gather g = gather_begin(p);
    if (first)
        look_through(&g, first);
    if (g.st >= 0 && g.found != g.all) {
        muni_status st = muni__docs_of(p->tx->conn, p->kind->number, rec, gather_doc, &g);
        if (g.st >= 0 && st < 0)
            g.st = st;
    }
    *out = g.st >= 0 && g.found == g.all;
    return g.st;
}

/* The word to walk by: the first of which there are few, else the longest. */
static muni_status rarest(pager *p, size_t *out) {
    const muni__terms *t = &p->q->terms;
    size_t least = PROBE;
    *out = 0;
    for (size_t i = 1; i < t->count; i++)
        if (t->items[i].key_len > t->items[*out].key_len)
            *out = i;
    for (size_t i = 0; t->count > 1 && i < t->count && i < 8; i++) {
        muni__docs *docs = NULL;
        muni__doc doc;
        size_t n = 0;
        muni_status st = muni__docs_open(p->tx->conn, &t->items[i], &docs);
        while (st >= 0 && n < least && (st = muni__docs_next(docs, &doc)) == MUNI_ROW)
            n++;
        muni__docs_close(docs);
        if (st < 0)
            return st;
        if (n < least) {
            least = n;
            *out = i;
        }
    }
    return MUNI_OK;
}

/* Look through every visible record. */
static muni_status words_by_rows(pager *p, const muni__val *after) {
    size_t need = p->need, kept = 0;
    muni__hit *found = muni__arena_alloc(p->mem, need * sizeof *found);
    muni__hit *page = muni__arena_alloc(p->mem, (MUNI__PAGE + 1) * sizeof *page), *hits = p->hits;
    muni_status st = found && page ? MUNI_OK : MUNI_ENOMEM;
    p->hits = page;
    p->need = MUNI__PAGE;
    for (bool more = true; st >= 0 && more && kept < need;) {
        p->n = 0;
        st = plain(p, after, MUNI__PLAN_BEST);
        more = p->n == MUNI__PAGE;
        for (size_t i = 0; st >= 0 && i < p->n && kept < need; i++) {
            bool holds;
            st = words_hold(p, page[i].keys[p->q->norder - 1].i, NULL, &holds);
            if (holds)
                found[kept++] = page[i];
        }
        if (p->n)
            after = page[p->n - 1].keys;
    }
    p->hits = hits;
    p->need = need;
    p->n = kept;
    if (st >= 0 && kept)
        memcpy(p->hits, found, kept * sizeof *found);
    return st;
}

static muni_status count_rows(pager *p, int64_t most, int64_t *out, bool *exact);

/* Are the records that the session sees at most FEW? By the entries of the scope indexes, which is quick and at most too many; where a condition
 * makes them few, by counting them. */
static muni_status few_seen(pager *p, bool *few) {
    muni__branch *branches = NULL;
    size_t count = 0;
    int64_t n = 0;
    bool exact = true;
    *few = false;
    if (p->q->where && muni__cond_anchored(p->q->where)) {
        muni_status st = count_rows(p, FEW + 1, &n, &exact);
        *few = n <= FEW;
        return st;
    }
    muni_status st = muni__vis_branches(&p->vis, p->mem, 0, &branches, &count);
    for (size_t i = 0; i < count && st >= 0 && n <= FEW; i++) {
        const muni__branch *b = &branches[i];
        muni__sqlout o;
        muni__stmt *s = NULL;
        if (b->field < 0)
            return MUNI_OK; /* all of a type */
        muni__sqlout_init(&o, p->mem);
        muni__sqlout_put(&o, "SELECT count(*) FROM (SELECT 1 AS one FROM ");
        muni__schema_table(&o.b, p->kind);
        muni__sqlout_put(&o, " t WHERE ");
        muni__sqlout_name(&o, "t", p->kind->fields[b->field].name, "");
        if (b->ids) {
            muni__sqlout_set(&o, b->ids, b->nids);
        } else {
            muni__sqlout_put(&o, " = ");
            muni__sqlout_int(&o, b->id);
        }
        muni__sqlout_put(&o, " LIMIT ");
        muni__sqlout_int(&o, FEW + 1);
        muni__sqlout_put(&o, ") AS c");
        st = muni__sqlout_open(&o, p->tx->conn, &s);
        if (st >= 0 && (st = muni__step(s)) == MUNI_ROW)
            n += muni__col_int(s, 0);
        muni__done(s);
        muni__sqlout_free(&o);
    }
    *few = st >= 0 && n <= FEW;
    return st < 0 ? st : MUNI_OK;
}

/* May the session see this record? Reads no more of it than that takes. */
static muni_status id_seen(pager *p, int64_t id, bool *seen) {
    muni__buf sql = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    muni_status st;
    *seen = false;
    for (size_t i = 0; i < p->nlight; i++) {
        muni__buf_puts(&sql, i ? ", \"" : "SELECT \"");
        muni__buf_puts(&sql, p->kind->fields[p->light[i]].name);
        muni__buf_putc(&sql, '"');
    }
    muni__buf_puts(&sql, " FROM ");
    muni__schema_table(&sql, p->kind);
    muni__buf_puts(&sql, " WHERE \"id\" = ?1");
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(p->tx->conn, sql.p, &s));
    muni__bind_int(s, 1, id);
    MUNI_TRY(muni__step(s));
    *seen = st == MUNI_ROW && row_seen(p, s);
out:
    muni__done(s);
    muni__buf_free(&sql);
    return st < 0 ? st : MUNI_OK;
}

/* One record into a page of the newest, unless it is not asked for, not seen or no longer there. */
static muni_status take_record(pager *p, int64_t id) {
    const muni__val key = muni__val_int(id);
    muni__row *row;
    muni__hit *hit;
    bool seen = p->vis.all;
    muni_status st = MUNI_OK;
    if (p->n == p->need && compare_keys(p->q, &key, p->hits[p->n - 1].keys) >= 0)
        return MUNI_OK;
    if (!seen && ((st = id_seen(p, id, &seen)) < 0 || !seen))
        return st;
    st = muni__row_find(p->tx, p->mem, p->kind, id, &row);
    if (st < 0 || !row || (p->q->trash != MUNI__TRASH_WITH && (p->q->trash == MUNI__TRASH_ONLY) == (row->v[MUNI__C_TRASHED_AT].t == MUNI_TYPE_NULL)))
        return st;
    return put_hit(p, &key, row, &hit);
}

static muni_status with_words(pager *p, const muni__val *after) {
    const muni_query *q = p->q;
    bool newest = q->norder == 1 && q->order[0].desc; /* the id alone */
    bool few_possible = !p->vis.ordered || (q->where && muni__cond_anchored(q->where));
    bool direct = newest && !q->where && !muni__conn_beside(p->tx->conn); /* whatever holds the words and is seen belongs to the page; on a server many are asked for at once */
    muni__docs *docs = NULL;
    muni__doc doc;
    int64_t ids[BATCH], last = 0;
    size_t word, seen = 0, nids = 0, batch = p->need < 8 ? 8 : p->need < BATCH ? p->need : BATCH;
    muni_status st;
    if (p->vis.none)
        return MUNI_OK;
    MUNI_TRY(rarest(p, &word));
    MUNI_TRY(muni__docs_open(p->tx->conn, &q->terms.items[word], &docs));
    while ((st = muni__docs_next(docs, &doc)) == MUNI_ROW) {
        /* a document is never older than its record, so no record to come is newer than this document */
        if (newest && p->n == p->need && doc.doc < p->hits[p->n - 1].keys[0].i)
            break;
        if (++seen == FEW_AFTER && few_possible) {
            bool few = false;
            MUNI_TRY(few_seen(p, &few));
            if (few) {
                muni__docs_close(docs);
                docs = NULL;
                p->n = 0;
                return words_by_rows(p, after);
            }
        }
        if (doc.kind != p->kind->number || doc.rec == last)
            continue;
        if (newest && after && doc.rec >= after[0].i)
            continue;
        bool holds;
        MUNI_TRY(words_hold(p, doc.rec, &doc, &holds));
        if (!holds)
            continue;
        last = doc.rec;
        if (direct) {
            MUNI_TRY(take_record(p, last));
            continue;
        }
        ids[nids++] = last;
        if (nids == batch) {
            way w = { .ids = ids, .nids = nids, .look = true, .after = after };
            nids = 0;
            MUNI_TRY(walk(p, &w));
        }
    }
    if (st >= 0 && nids) {
        way w = { .ids = ids, .nids = nids, .look = true, .after = after };
        st = walk(p, &w);
    }
out:
    muni__docs_close(docs);
    return st < 0 ? st : MUNI_OK;
}

/* ---- the whole */

static muni_status pager_begin(pager *p, muni__tx *tx, muni__arena *mem, const muni_query *q, size_t need) {
    *p = (pager){ .tx = tx, .mem = mem, .q = q, .kind = q->kind, .need = need };
    muni_status st = muni__vis_make(tx, mem, q->kind, MUNI__V_READ, &p->vis);
    if (st < 0)
        return st;
    p->hits = muni__arena_alloc(mem, (need + 1) * sizeof *p->hits);
    p->light = muni__arena_alloc(mem, (size_t)q->kind->nfields * sizeof *p->light);
    if (!p->hits || !p->light)
        return MUNI_ENOMEM;
    for (int32_t f = 0; f < q->kind->nfields && !p->vis.all; f++)
        if (f == MUNI__C_TYPE || f == MUNI__C_CONFIDENTIAL || (q->kind->fields[f].flags & (MUNI__F_OWN | MUNI__F_UNIT)))
            p->light[p->nlight++] = f;
    return muni__row_new(mem, q->kind, &p->seen);
}

/* The record that a condition names by `about eq …`, alone or within `all`; NULL where it names none. */
static const muni__cval *named(const muni__cond *c, int32_t about) {
    const muni__cval *found = NULL;
    if (!c)
        return NULL;
    if (c->node == MUNI__N_LEAF)
        return c->op == MUNI__OP_EQ && !c->negate && !c->path.hops && c->path.field[0] == about && c->count == 1 && c->values[0].from == MUNI__FROM_HERE ? &c->values[0] : NULL;
    for (size_t i = 0; c->node == MUNI__N_ALL && i < c->count && !found; i++)
        found = named(c->kids[i], about);
    return found;
}

/* What is said about records is read record by record: only of one that the session may see. */
static muni_status about_allowed(const muni__tx *tx, const muni_query *q) {
    int32_t about = muni__kind_about(q->kind);
    muni__row *row = NULL;
    if (about < 0 || tx->system || (muni__scopes(tx, q->kind, NULL, MUNI__V_MANAGE) & MUNI__S_ALL))
        return MUNI_OK;
    const muni__cval *v = named(q->where, about);
    const muni__kind *kind = v ? muni__kind_numbered((int32_t)v->n) : NULL;
    if (!kind)
        return muni__fail(MUNI_EDENIED, MUNI_COMMENT_ABOUT, "comments are read by the record they are about: add a condition such as {\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:12\"}",
                          "コメントは対象のレコードごとに読みます。{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:12\"}のような条件を加えてください");
    return muni__row_seen((muni__tx *)(uintptr_t)tx, kind, v->i, &row);
}

muni_status muni__query_allowed(const muni__tx *tx, const muni_query *q, bool with_fields) {
    muni_status st;
    if (!tx->system && ((q->kind->flags & MUNI__K_INTERNAL) || !muni__scopes_any(tx, q->kind, MUNI__V_READ))) {
        (void)muni__fail(MUNI_EDENIED, "kind", "the session has no right to read %1$s%2$.0s", "%1$.0s%2$sを読む権限がありません", q->kind->name, q->kind->ja);
        muni__fail_place(q->kind->name, 0, 0);
        return MUNI_EDENIED;
    }
    if (q->where && (st = muni__cond_allowed(tx, q->where)) < 0)
        return st;
    if ((st = about_allowed(tx, q)) < 0)
        return st;
    for (size_t i = 0; with_fields && i < q->norder; i++) {
        muni__path path = { .hops = 0, .field = { q->order[i].field }, .kind = { q->kind } };
        if ((st = muni__path_allowed(tx, &path)) < 0)
            return st;
    }
    return with_fields ? muni__fields_allowed(tx, q->fields) : MUNI_OK;
}

static muni_status page_of(muni__tx *tx, muni__arena *mem, const muni_query *q, const muni__val *after, size_t need, muni__plan_way how, bool places,
                           muni__hit **out, size_t *count) {
    pager p;
    *out = NULL;
    *count = 0;
    if (!need)
        return MUNI_OK;
    muni_status st = pager_begin(&p, tx, mem, q, need);
    p.places = places;
    if (st >= 0)
        st = q->words ? with_words(&p, after) : plain(&p, after, how);
    for (size_t i = 0; i < p.n && st >= 0 && !places; i++)
        if (!p.hits[i].row) {
            const int64_t id = p.hits[i].keys[q->norder - 1].i;
            st = muni__row_find(tx, mem, p.kind, id, &p.hits[i].row);
            if (st >= 0 && !p.hits[i].row)
                st = muni__fail(MUNI_ECORRUPT, NULL, "an index leads to %1$s %3$lld, which is not there; run municipal check%2$.0s", "%1$.0s索引が指す%2$s %3$lldがありません。municipal checkを実行してください",
                                p.kind->name, p.kind->ja, (long long)id);
        }
    muni__arena_free(&p.scratch);
    if (st < 0)
        return st;
    *out = p.hits;
    *count = p.n;
    return MUNI_OK;
}

muni_status muni__page(muni__tx *tx, muni__arena *mem, const muni_query *q, const muni__val *after, size_t need, muni__plan_way how, muni__hit **out,
                       size_t *count) {
    return page_of(tx, mem, q, after, need, how, false, out, count);
}

muni_status muni__page_explain(muni__tx *tx, const muni_query *q, const muni__val *after, muni__plan_way how, muni__buf *out) {
    muni__arena mem = MUNI_ARENA_INIT;
    pager p;
    muni_status st = pager_begin(&p, tx, &mem, q, MUNI__PAGE);
    p.explain = out;
    if (st >= 0)
        st = plain(&p, after, how);
    muni__arena_free(&mem);
    return st < 0 ? st : out->st;
}

/* Count without words; `*exact` is cleared, and nothing counted, where SQL alone cannot. */
static muni_status count_rows(pager *p, int64_t most, int64_t *out, bool *exact) {
    const muni_query *q = p->q;
    muni__branch *branches = NULL;
    size_t count = 1;
    muni__sqlout o;
    muni__stmt *s = NULL;
    muni_status st = MUNI_OK;
    bool merged = !p->vis.all && !p->vis.ordered;
    *out = 0;
    *exact = true;
    if (p->vis.none)
        return MUNI_OK;
    muni__sqlout_init(&o, p->mem);
    if (merged)
        MUNI_TRY(muni__vis_branches(&p->vis, p->mem, 0, &branches, &count));
    muni__sqlout_put(&o, "SELECT count(*) FROM (");
    for (size_t i = 0; i < count; i++) {
        muni__sqlout_put(&o, i ? " UNION SELECT id FROM (SELECT t.\"id\" AS id FROM " : merged ? "SELECT id FROM (SELECT t.\"id\" AS id FROM " : "SELECT 1 AS one FROM ");
        muni__schema_table(&o.b, p->kind);
        muni__sqlout_put(&o, " t WHERE ");
        if (merged)
            muni__branch_sql(&p->vis, &branches[i], "t", &o);
        else if (!p->vis.all)
            muni__vis_sql(&p->vis, "t", &o);
        else
            muni__sqlout_put(&o, "TRUE");
        trash_sql(q, &o);
        if (q->where) {
            muni__sqlout_put(&o, " AND ");
            MUNI_TRY(muni__cond_sql(p->tx, q->where, "t", &o, exact));
        }
        muni__sqlout_put(&o, " LIMIT ");
        muni__sqlout_int(&o, most < 0 ? INT64_MAX : most);
        if (merged)
            muni__sqlout_put(&o, ") AS b");
    }
    muni__sqlout_put(&o, ") AS c");
    if (!*exact)
        goto out;
    MUNI_TRY(muni__sqlout_open(&o, p->tx->conn, &s));
    MUNI_TRY(muni__step(s));
    *out = muni__col_int(s, 0);
    if (most >= 0 && *out > most)
        *out = most;
out:
    muni__done(s);
    muni__sqlout_free(&o);
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__count(muni__tx *tx, const muni_query *q, int64_t most, int64_t *out) {
    muni__arena mem = MUNI_ARENA_INIT, before = MUNI_ARENA_INIT;
    pager p;
    bool exact = false;
    *out = 0;
    muni_status st = pager_begin(&p, tx, &mem, q, 1);
    if (st >= 0 && !q->words)
        st = count_rows(&p, most, out, &exact);
    if (st >= 0 && !exact) { /* page by page */
        const muni__val *after = NULL;
        *out = 0;
        for (bool more = true; st >= 0 && more && (most < 0 || *out < most);) {
            muni__arena page = MUNI_ARENA_INIT;
            muni__hit *hits;
            size_t n, need = most >= 0 && most - *out < COUNTED ? (size_t)(most - *out) : COUNTED;
            st = page_of(tx, &page, q, after, need, MUNI__PLAN_BEST, true, &hits, &n);
            *out += (int64_t)n;
            more = st >= 0 && n == need;
            if (n)
                after = hits[n - 1].keys;
            muni__arena_free(&before); /* `after` lives in the page before */
            before = page;
        }
    }
    muni__arena_free(&before);
    muni__arena_free(&mem);
    if (st < 0)
        *out = 0;
    return st;
}

/* ---- records from rows */

/* Records that references lead to, for a page: those of one kind that the session may see, by id. */
typedef struct looked {
    muni__row **rows;
    size_t n;
} looked;

static int by_id(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static muni_status look_up(muni__tx *tx, muni__arena *mem, const muni__kind *kind, int64_t *ids, size_t n, looked *out) {
    muni__sqlout o;
    muni__stmt *s = NULL;
    muni__vis vis;
    muni_status st;
    size_t kept = 0;
    *out = (looked){ NULL, 0 };
    qsort(ids, n, sizeof *ids, by_id);
    for (size_t i = 0; i < n; i++)
        if (!i || ids[i] != ids[i - 1])
            ids[kept++] = ids[i];
    if (!kept)
        return MUNI_OK;
    muni__sqlout_init(&o, mem);
    MUNI_TRY(muni__vis_make(tx, mem, kind, MUNI__V_READ, &vis));
    out->rows = muni__arena_alloc(mem, kept * sizeof *out->rows);
    if (!out->rows) {
        st = MUNI_ENOMEM;
        goto out;
    }
    select_sql(tx, kind, &o.b);
    muni__sqlout_put(&o, " WHERE t.\"id\"");
    muni__sqlout_set(&o, ids, kept);
    muni__sqlout_put(&o, " ORDER BY t.\"id\"");
    MUNI_TRY(muni__sqlout_open(&o, tx->conn, &s));
    while ((st = muni__step(s)) == MUNI_ROW && out->n < kept) {
        muni__row *row;
        MUNI_TRY(muni__row_read(mem, kind, s, 0, &row));
        if (muni__vis_sees(&vis, row))
            out->rows[out->n++] = row;
    }
out:
    muni__done(s);
    muni__sqlout_free(&o);
    return st < 0 ? st : MUNI_OK;
}

static muni__row *looked_find(const looked *l, int64_t id) {
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (muni__row_id(l->rows[mid]) < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < l->n && muni__row_id(l->rows[lo]) == id ? l->rows[lo] : NULL;
}

/* Where a path leads for each row, after `hops` references: NULL where nothing may be seen. One query for each step that no item before has made. */
static muni_status follow(muni__tx *tx, muni__arena *mem, const muni__fields *f, size_t item, muni__row ***reached, muni__row *const *rows, size_t count) {
    const muni__path *path = &f->items[item].path;
    muni__row *const *from = rows;
    for (int32_t h = 0; h < path->hops; h++) {
        size_t same = item;
        for (size_t k = 0; k < item && same == item; k++) {
            const muni__path *other = &f->items[k].path;
            bool equal = other->hops > h;
            for (int32_t i = 0; equal && i <= h; i++)
                equal = other->field[i] == path->field[i];
            if (equal)
                same = k;
        }
        if (same < item) {
            reached[item * MUNI__PATH_HOPS + (size_t)h] = reached[same * MUNI__PATH_HOPS + (size_t)h];
        } else {
            int64_t *ids = muni__arena_alloc(mem, count * sizeof *ids);
            muni__row **to = muni__arena_alloc(mem, count * sizeof *to);
            size_t n = 0;
            looked l;
            if (!ids || !to)
                return MUNI_ENOMEM;
            for (size_t i = 0; i < count; i++)
                if (from[i] && from[i]->v[path->field[h]].t != MUNI_TYPE_NULL)
                    ids[n++] = from[i]->v[path->field[h]].i;
            muni_status st = look_up(tx, mem, path->kind[h + 1], ids, n, &l);
            if (st < 0)
                return st;
            for (size_t i = 0; i < count; i++)
                if (from[i] && from[i]->v[path->field[h]].t != MUNI_TYPE_NULL)
                    to[i] = looked_find(&l, from[i]->v[path->field[h]].i);
            reached[item * MUNI__PATH_HOPS + (size_t)h] = to;
        }
        from = reached[item * MUNI__PATH_HOPS + (size_t)h];
    }
    return MUNI_OK;
}

/* Add one value; what may not be seen is not added. */
static muni_status add_item(const muni__tx *tx, muni_rec *rec, const muni__fielditem *item, muni__row *const *way_there, const muni__row *row) {
    const muni__path *path = &item->path;
    for (int32_t h = 0; h <= path->hops; h++) {
        const muni__field *f = &path->kind[h]->fields[path->field[h]];
        if ((f->flags & (MUNI__F_SECRET | MUNI__F_FOLDED)) || ((f->flags & MUNI__F_PERSONAL) && !muni__may(tx, row, MUNI__V_PERSONAL)))
            return MUNI_OK;
        const muni__val *v = &row->v[path->field[h]];
        if (h == path->hops || v->t == MUNI_TYPE_NULL)
            return muni__rec_lend(rec, path->hops ? item->name : f->name, !path->hops, h == path->hops ? v : &MUNI_NULL_VAL);
        if (!way_there[h])
            return MUNI_OK;
        row = way_there[h];
    }
    return MUNI_OK;
}

/* The record of row `i`. Without references to follow (`reached` is NULL then) and personal fields no transaction is needed. */
static muni_status rec_of(const muni__tx *tx, muni__leaf *leaf, int32_t utc_offset, const muni__fields *fields, muni__row ***reached, const muni__row *row, size_t i,
                          muni_rec **out) {
    muni_status st = muni__rec_open(leaf, row->kind, utc_offset, fields->count, out);
    for (size_t k = 0; k < fields->count && st >= 0; k++) {
        muni__row *there[MUNI__PATH_HOPS] = { NULL };
        for (int32_t h = 0; h < fields->items[k].path.hops; h++)
            there[h] = reached[k * MUNI__PATH_HOPS + (size_t)h][i];
        st = add_item(tx, *out, &fields->items[k], there, row);
    }
    if (st >= 0)
        st = muni__rec_seal(*out);
    if (st < 0) {
        muni_rec_free(*out);
        *out = NULL;
    }
    return st;
}

muni_status muni__rows_to_recs(muni__tx *tx, muni__leaf *leaf, const muni__kind *kind, muni__row *const *rows, size_t count, const muni__fields *fields, muni_rec **out) {
    muni__arena own = MUNI_ARENA_INIT, *mem = leaf ? &leaf->mem : &own;
    muni__fields *all = NULL;
    muni__row ***reached = NULL;
    bool follows = false;
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < count; i++)
        out[i] = NULL;
    if (!fields) {
        MUNI_TRY(muni__fields_parse(mem, kind, NULL, 0, &all));
        fields = all;
    }
    MUNI_TRY(muni__fields_allowed(tx, fields));
    for (size_t k = 0; k < fields->count; k++)
        follows |= fields->items[k].path.hops > 0;
    if (follows && count) {
        reached = muni__arena_alloc(mem, fields->count * MUNI__PATH_HOPS * sizeof *reached);
        if (!reached) {
            st = MUNI_ENOMEM;
            goto out;
        }
        for (size_t k = 0; k < fields->count; k++)
            MUNI_TRY(follow(tx, mem, fields, k, reached, rows, count));
    }
    for (size_t i = 0; i < count; i++)
        MUNI_TRY(rec_of(tx, leaf, tx->utc_offset, fields, reached, rows[i], i, &out[i]));
out:
    if (st < 0)
        for (size_t i = 0; i < count; i++) {
            muni_rec_free(out[i]);
            out[i] = NULL;
        }
    muni__arena_free(&own);
    return st;
}

muni_status muni__row_to_rec(muni__tx *tx, const muni__row *row, const muni__fields *fields, muni_rec **out) {
    muni__row *one = (muni__row *)(uintptr_t)row;
    return muni__rows_to_recs(tx, NULL, row->kind, &one, 1, fields, out);
}

/* ---- the cursor of a list */

typedef struct listing {
    muni_session *session; /* the cursor holds it */
    muni_query *q;
    int64_t left;      /* records still wanted; -1: no limit */
    muni__leaf *page;  /* and its records, as long as somebody has one */
    bool plain;        /* nothing is to be asked for a record but its row: it is made when it is given */
    int32_t utc_offset;
    muni_rec *recs[MUNI__PAGE]; /* made already, where they are not plain */
    muni__hit *hits;
    size_t n, at;
    bool ended, given;     /* no more pages; a record was given */
    const muni__val *last; /* where to go on: behind the record given last */
    muni__leaf *last_page;
} listing;

/* A page in the memory that the last one gave back, if that was some. */
static muni__leaf *page_new(muni_session *s) {
    muni__arena mem = { __atomic_exchange_n(&s->spare.head, NULL, __ATOMIC_ACQ_REL) };
    muni__leaf *page = muni__leaf_new(&mem);
    if (!page)
        muni__arena_free(&mem);
    return page;
}

static void page_done(muni_session *s, muni__leaf *page) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__leaf_drop(page, &mem);
    if (!mem.head)
        return;
    muni__arena_reset(&mem);
    muni__arena before = { __atomic_exchange_n(&s->spare.head, mem.head, __ATOMIC_ACQ_REL) };
    muni__arena_free(&before);
}

static void listing_free(void *state) {
    listing *l = state;
    if (!l)
        return;
    for (size_t i = l->at; i < l->n && !l->plain; i++)
        muni_rec_free(l->recs[i]);
    muni__query_unref(l->q);
    page_done(l->session, l->page);
    page_done(l->session, l->last_page);
    muni__free(l);
}

/* Read the next page; the one before is given away. On failure nothing has changed. */
static muni_status fill(muni__tx *tx, listing *l) {
    muni__leaf *page = NULL;
    muni__row *rows[MUNI__PAGE];
    muni__hit *hits;
    size_t n, need = l->left >= 0 && l->left < MUNI__PAGE ? (size_t)l->left : MUNI__PAGE;
    muni_status st;
    MUNI_TRY(muni__query_allowed(tx, l->q, true));
    page = page_new(l->session);
    MUNI_TRY(page ? MUNI_OK : MUNI_ENOMEM);
    MUNI_TRY(muni__page(tx, &page->mem, l->q, l->last, need, MUNI__PLAN_BEST, &hits, &n));
    if (!l->plain) {
        for (size_t i = 0; i < n; i++)
            rows[i] = hits[i].row;
        MUNI_TRY(muni__rows_to_recs(tx, page, l->q->kind, rows, n, l->q->fields, l->recs));
    }
    page_done(l->session, l->last_page);
    l->last_page = l->page; /* `last` stands in it */
    l->page = page;
    l->hits = hits;
    l->n = n;
    l->at = 0;
    if (l->left >= 0)
        l->left -= (int64_t)n;
    l->ended = n < need || l->left == 0;
    l->utc_offset = tx->utc_offset;
    return MUNI_OK;
out:
    page_done(l->session, page);
    return st;
}

static bool listing_ready(void *state) {
    listing *l = state;
    return l->at < l->n || l->ended;
}

static muni_status listing_next(muni__tx *tx, void *state, muni_rec **out) {
    listing *l = state;
    if (l->at == l->n && !l->ended) {
        muni_status st = fill(tx, l);
        if (st < 0)
            return st;
    }
    if (l->at == l->n)
        return MUNI_OK;
    if (l->plain) {
        muni_status st = rec_of(NULL, l->page, l->utc_offset, l->q->fields, NULL, l->hits[l->at].row, 0, out);
        if (st < 0)
            return st;
    } else {
        *out = l->recs[l->at];
    }
    l->last = l->hits[l->at++].keys;
    l->given = true;
    return MUNI_ROW;
}

static muni_status listing_token(void *state, char **out) {
    listing *l = state;
    return muni__query_token(l->q, l->given ? l->last : NULL, out);
}

static const muni__cursor_ops listing_ops = { listing_next, listing_token, listing_free };

muni_status muni_session_list(muni_session *session, const muni_query *query, muni_cursor **out) {
    MUNI_ENTER();
    muni__tx *tx;
    if (out)
        *out = NULL;
    if (!query || !out)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, query ? "out" : "query", "a pointer is NULL", "ポインタがNULLです"));
    listing *l = muni__alloc(sizeof *l);
    if (!l)
        return MUNI_LEAVE(MUNI_ENOMEM);
    l->session = session;
    l->q = muni__query_ref(query);
    l->plain = !query->fields->personal;
    for (size_t i = 0; i < query->fields->count; i++)
        l->plain = l->plain && !query->fields->items[i].path.hops;
    l->left = query->limit;
    l->last = query->after;
    muni_status st = muni__tx_enter(session, false, true, &tx);
    if (st >= 0)
        st = muni__tx_leave(tx, fill(tx, l));
    if (st < 0) {
        muni__error why;
        muni__error_save(&why);
        listing_free(l);
        muni__error_restore(&why);
        return MUNI_LEAVE(st);
    }
    return MUNI_LEAVE(muni__cursor_new_ready(session, &listing_ops, listing_ready, l, out));
}

muni_status muni_session_count(muni_session *session, const muni_query *query, int64_t most, int64_t *out) {
    MUNI_ENTER();
    muni__tx *tx;
    if (out)
        *out = 0;
    if (!query || !out)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, query ? "out" : "query", "a pointer is NULL", "ポインタがNULLです"));
    if (most < -1)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "most", "how many to count at most: a number, 0 for 1,000, or −1 for all", "数える上限は件数か、0（1,000件）か、−1（すべて）です"));
    muni_status st = muni__tx_enter(session, false, true, &tx);
    if (st < 0)
        return MUNI_LEAVE(st);
    st = muni__query_allowed(tx, query, false);
    if (st >= 0)
        st = muni__count(tx, query, most == 0 ? 1000 : most, out);
    return MUNI_LEAVE(muni__tx_leave(tx, st));
}
