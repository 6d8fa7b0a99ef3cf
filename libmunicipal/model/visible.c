/* What a session may see and do (decisions 16 and 17): one meaning, as an SQL predicate, as ordered branches over scope columns, and in C.
 *
 * A row is covered by a right where the right's scope is all, or own and a column marked OWN names the session's person or principal, or
 * unit (below) and a column marked UNIT names a unit of theirs (or one below it). A confidential row must, besides, be the session's
 * own, or the session must have the verb manage over all rows of that type. */
#include "model/cond.h"

#include <stdlib.h>

static bool right_on(const muni__right *r, const muni__kind *kind, muni__verb verb) {
    return (r->kind == 0 || r->kind == kind->number) && (r->verbs >> verb & 1);
}

#define EVERY_SCOPE ((uint32_t)(MUNI__S_OWN | MUNI__S_UNIT | MUNI__S_BELOW | MUNI__S_ALL))

uint32_t muni__scopes(const muni__tx *tx, const muni__kind *kind, const char *type, muni__verb verb) {
    uint32_t out = 0;
    if (tx->system)
        return EVERY_SCOPE;
    for (size_t i = 0; tx->rights && i < tx->rights->count; i++) {
        const muni__right *r = &tx->rights->list[i];
        if (right_on(r, kind, verb) && (!r->type || (type && !strcmp(r->type, type))))
            out |= r->scopes;
    }
    return out;
}

uint32_t muni__scopes_any(const muni__tx *tx, const muni__kind *kind, muni__verb verb) {
    uint32_t out = 0;
    if (tx->system)
        return EVERY_SCOPE;
    for (size_t i = 0; tx->rights && i < tx->rights->count; i++)
        if (right_on(&tx->rights->list[i], kind, verb))
            out |= tx->rights->list[i].scopes;
    return out;
}

/* ---- scope columns */

/* What a column marked OWN holds for the session; 0: nothing. */
static int64_t own_id(const muni__field *f, const muni__scope *me) {
    if (!(f->flags & MUNI__F_OWN) || f->type != MUNI__REF)
        return 0;
    return !strcmp(f->target, "person") ? me->person : !strcmp(f->target, "principal") ? me->principal : 0;
}

static bool unit_column(const muni__field *f) {
    return (f->flags & MUNI__F_UNIT) && f->type == MUNI__REF;
}

static bool among(const int64_t *ids, size_t n, int64_t id) {
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (ids[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < n && ids[lo] == id;
}

static bool is_own(const muni__kind *kind, const muni__scope *me, const muni__row *row) {
    for (int32_t f = 0; f < kind->nfields; f++) {
        int64_t id = own_id(&kind->fields[f], me);
        if (id && row->v[f].t != MUNI_TYPE_NULL && row->v[f].i == id)
            return true;
    }
    return false;
}

static bool in_units(const muni__kind *kind, const muni__row *row, const int64_t *ids, size_t n) {
    for (int32_t f = 0; n && f < kind->nfields; f++)
        if (unit_column(&kind->fields[f]) && row->v[f].t != MUNI_TYPE_NULL && among(ids, n, row->v[f].i))
            return true;
    return false;
}

/* ---- in C */

static bool sees(const muni__kind *kind, const muni__scope *me, uint32_t scopes, bool manage, const muni__row *row) {
    if (!scopes)
        return false;
    bool confidential = row->v[MUNI__C_CONFIDENTIAL].t != MUNI_TYPE_NULL && row->v[MUNI__C_CONFIDENTIAL].i;
    bool own = ((scopes & MUNI__S_OWN) || (confidential && !manage)) && is_own(kind, me, row);
    bool covered = (scopes & MUNI__S_ALL) || ((scopes & MUNI__S_OWN) && own) || ((scopes & MUNI__S_UNIT) && in_units(kind, row, me->units, me->nunits)) ||
                   ((scopes & MUNI__S_BELOW) && in_units(kind, row, me->below, me->nbelow));
    return covered && (!confidential || manage || own);
}

bool muni__may(const muni__tx *tx, const muni__row *row, muni__verb verb) {
    if (tx->system)
        return true;
    if (!tx->rights)
        return false;
    const muni__val *t = &row->v[MUNI__C_TYPE];
    const char *type = t->t == MUNI_TYPE_NULL ? NULL : t->p;
    bool manage = (muni__scopes(tx, row->kind, type, MUNI__V_MANAGE) & MUNI__S_ALL) != 0;
    return sees(row->kind, &tx->rights->scope, muni__scopes(tx, row->kind, type, verb), manage, row);
}

bool muni__field_visible(const muni__tx *tx, const muni__kind *kind, int32_t field) {
    uint32_t flags = kind->fields[field].flags;
    if (flags & (MUNI__F_SECRET | MUNI__F_FOLDED))
        return false;
    return !(flags & MUNI__F_PERSONAL) || muni__scopes_any(tx, kind, MUNI__V_PERSONAL) != 0;
}

/* ---- what a verb covers, by type */

/* Scopes that can match nothing fall away, and so do those that a wider one holds. */
static uint32_t useful(const muni__kind *kind, const muni__scope *me, uint32_t scopes) {
    bool own = false, unit = false;
    if (scopes & MUNI__S_ALL)
        return MUNI__S_ALL;
    for (int32_t f = 0; f < kind->nfields; f++) {
        own |= own_id(&kind->fields[f], me) != 0;
        unit |= unit_column(&kind->fields[f]);
    }
    if (!own)
        scopes &= ~(uint32_t)MUNI__S_OWN;
    if (!unit || !me->nunits)
        scopes &= ~(uint32_t)MUNI__S_UNIT;
    if (!unit || !me->nbelow)
        scopes &= ~(uint32_t)MUNI__S_BELOW;
    return scopes;
}

muni_status muni__vis_make(const muni__tx *tx, muni__arena *mem, const muni__kind *kind, muni__verb verb, muni__vis *out) {
    static const muni__scope nobody = { 0 };
    *out = (muni__vis){ .kind = kind, .scope = tx->rights ? &tx->rights->scope : &nobody, .ordered = true };
    if (tx->system) {
        out->all = true;
        return MUNI_OK;
    }
    size_t room = tx->rights ? tx->rights->count : 0;
    muni__visgroup *g = muni__arena_alloc(mem, (room + 1) * sizeof *g);
    if (!g)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < room; i++) { /* each type that a right names */
        const muni__right *r = &tx->rights->list[i];
        if (!r->type || !(right_on(r, kind, verb) || right_on(r, kind, MUNI__V_MANAGE)))
            continue;
        size_t k = 0;
        while (k < out->count && strcmp(g[k].type, r->type))
            k++;
        if (k == out->count)
            g[out->count++].type = r->type;
    }
    out->count++; /* and the rest */
    out->all = out->none = true;
    for (size_t k = 0; k < out->count; k++) {
        g[k].scopes = useful(kind, out->scope, muni__scopes(tx, kind, g[k].type, verb));
        g[k].manage = (muni__scopes(tx, kind, g[k].type, MUNI__V_MANAGE) & MUNI__S_ALL) != 0;
        out->all &= g[k].scopes == MUNI__S_ALL && g[k].manage;
        out->none &= !g[k].scopes;
        out->ordered &= !(g[k].scopes & ~(uint32_t)MUNI__S_ALL);
    }
    out->groups = g;
    return MUNI_OK;
}

bool muni__vis_sees(const muni__vis *v, const muni__row *row) {
    if (v->all)
        return true;
    const muni__val *t = &row->v[MUNI__C_TYPE];
    size_t k = 0;
    while (k + 1 < v->count && (t->t == MUNI_TYPE_NULL || strcmp(v->groups[k].type, t->p)))
        k++;
    return sees(v->kind, v->scope, v->groups[k].scopes, v->groups[k].manage, row);
}

/* ---- as SQL. Columns in filters bear a plus, so that no planner takes an index for them. */

/* The rows of a group by type; false: that is all rows. */
static bool type_sql(const muni__vis *v, size_t group, const char *alias, muni__sqlout *o) {
    const char *column = v->kind->fields[MUNI__C_TYPE].name;
    if (v->groups[group].type) {
        muni__sqlout_name(o, alias, column, "");
        muni__sqlout_put(o, " = ");
        muni__sqlout_text(o, v->groups[group].type, strlen(v->groups[group].type));
        return true;
    }
    if (v->count == 1)
        return false;
    muni__sqlout_put(o, "(");
    muni__sqlout_name(o, alias, column, "");
    muni__sqlout_put(o, " IS NULL OR ");
    muni__sqlout_name(o, alias, column, "");
    muni__sqlout_put(o, " NOT IN (");
    for (size_t k = 0; k + 1 < v->count; k++) {
        if (k)
            muni__sqlout_put(o, ", ");
        muni__sqlout_text(o, v->groups[k].type, strlen(v->groups[k].type));
    }
    muni__sqlout_put(o, "))");
    return true;
}

static void own_sql(const muni__vis *v, const char *alias, const char *before, muni__sqlout *o) {
    for (int32_t f = 0; f < v->kind->nfields; f++) {
        int64_t id = own_id(&v->kind->fields[f], v->scope);
        if (!id)
            continue;
        muni__sqlout_put(o, before);
        muni__sqlout_put(o, "+");
        muni__sqlout_name(o, alias, v->kind->fields[f].name, "");
        muni__sqlout_put(o, " = ");
        muni__sqlout_int(o, id);
        before = " OR ";
    }
}

static void units_sql(const muni__vis *v, const char *alias, bool below, const char **before, muni__sqlout *o) {
    for (int32_t f = 0; f < v->kind->nfields; f++) {
        if (!unit_column(&v->kind->fields[f]))
            continue;
        muni__sqlout_put(o, *before);
        muni__sqlout_put(o, "+");
        muni__sqlout_name(o, alias, v->kind->fields[f].name, "");
        muni__sqlout_set(o, below ? v->scope->below : v->scope->units, below ? v->scope->nbelow : v->scope->nunits);
        *before = " OR ";
    }
}

/* What keeps confidential rows away from a branch that is not of own ones. */
static void confidential_sql(const muni__vis *v, size_t group, const char *alias, muni__sqlout *o) {
    if (v->groups[group].manage)
        return;
    muni__sqlout_put(o, " AND (coalesce(");
    muni__sqlout_name(o, alias, v->kind->fields[MUNI__C_CONFIDENTIAL].name, "");
    muni__sqlout_put(o, ", 0) = 0");
    own_sql(v, alias, " OR ", o);
    muni__sqlout_put(o, ")");
}

void muni__vis_sql(const muni__vis *v, const char *alias, muni__sqlout *o) {
    bool first = true;
    if (v->all || v->none) {
        muni__sqlout_put(o, v->all ? "TRUE" : "FALSE");
        return;
    }
    muni__sqlout_put(o, "(");
    for (size_t k = 0; k < v->count; k++) {
        uint32_t scopes = v->groups[k].scopes;
        const char *before = "";
        if (!scopes)
            continue;
        muni__sqlout_put(o, first ? "(" : " OR (");
        first = false;
        if (type_sql(v, k, alias, o))
            muni__sqlout_put(o, " AND ");
        if (scopes == MUNI__S_ALL) {
            muni__sqlout_put(o, "TRUE");
        } else {
            muni__sqlout_put(o, "(");
            if (scopes & MUNI__S_OWN) {
                own_sql(v, alias, before, o);
                before = " OR ";
            }
            if (scopes & MUNI__S_UNIT)
                units_sql(v, alias, false, &before, o);
            if (scopes & MUNI__S_BELOW)
                units_sql(v, alias, true, &before, o);
            muni__sqlout_put(o, ")");
        }
        confidential_sql(v, k, alias, o);
        muni__sqlout_put(o, ")");
    }
    muni__sqlout_put(o, ")");
}

/* ---- ordered branches */

static int by_value(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

muni_status muni__vis_branches(const muni__vis *v, muni__arena *mem, size_t each, muni__branch **out, size_t *count) {
    size_t room = 0, n = 0, units = v->scope->nunits + v->scope->nbelow;
    for (size_t k = 0; k < v->count; k++)
        room += (size_t)v->kind->nfields * ((units <= each ? units : 1) + 1) + 1;
    muni__branch *b = muni__arena_alloc(mem, (room + 1) * sizeof *b);
    int64_t *all = muni__arena_alloc(mem, (units + 1) * sizeof *all);
    if (!b || !all)
        return MUNI_ENOMEM;
    for (size_t k = 0; k < v->count; k++) {
        uint32_t scopes = v->groups[k].scopes;
        if (scopes == MUNI__S_ALL)
            b[n++] = (muni__branch){ k, -1, 0, NULL, 0 };
        for (int32_t f = 0; f < v->kind->nfields && (scopes & MUNI__S_OWN); f++) {
            int64_t id = own_id(&v->kind->fields[f], v->scope);
            if (id)
                b[n++] = (muni__branch){ k, f, id, NULL, 0 };
        }
        size_t m = 0, kept = 0;
        if (scopes & MUNI__S_UNIT)
            for (size_t i = 0; i < v->scope->nunits; i++)
                all[m++] = v->scope->units[i];
        if (scopes & MUNI__S_BELOW)
            for (size_t i = 0; i < v->scope->nbelow; i++)
                all[m++] = v->scope->below[i];
        if (!m)
            continue;
        qsort(all, m, sizeof *all, by_value);
        for (size_t i = 0; i < m; i++)
            if (!i || all[i] != all[i - 1])
                all[kept++] = all[i];
        int64_t *ids = muni__arena_alloc(mem, kept * sizeof *ids);
        if (!ids)
            return MUNI_ENOMEM;
        memcpy(ids, all, kept * sizeof *ids);
        for (int32_t f = 0; f < v->kind->nfields; f++) {
            if (!unit_column(&v->kind->fields[f]))
                continue;
            if (kept > each) {
                b[n++] = (muni__branch){ k, f, 0, ids, kept };
                continue;
            }
            for (size_t i = 0; i < kept; i++)
                b[n++] = (muni__branch){ k, f, ids[i], NULL, 0 };
        }
    }
    *out = b;
    *count = n;
    return MUNI_OK;
}

void muni__branch_sql(const muni__vis *v, const muni__branch *b, const char *alias, muni__sqlout *o) {
    if (b->field >= 0) {
        muni__sqlout_name(o, alias, v->kind->fields[b->field].name, "");
        if (b->ids) {
            muni__sqlout_set(o, b->ids, b->nids);
        } else {
            muni__sqlout_put(o, " = ");
            muni__sqlout_int(o, b->id);
        }
    } else {
        muni__sqlout_put(o, "TRUE");
    }
    muni__sqlout_put(o, " AND ");
    if (!type_sql(v, b->group, alias, o))
        muni__sqlout_put(o, "TRUE");
    if (b->field < 0 || !(v->kind->fields[b->field].flags & MUNI__F_OWN) || b->ids || !own_id(&v->kind->fields[b->field], v->scope) ||
        own_id(&v->kind->fields[b->field], v->scope) != b->id)
        confidential_sql(v, b->group, alias, o);
}

/* ---- asking about fields */

bool muni__field_askable(const muni__tx *tx, const muni__kind *kind, int32_t field) {
    uint32_t flags = kind->fields[field].flags;
    if (flags & (MUNI__F_SECRET | MUNI__F_FOLDED))
        return false;
    if (!(flags & MUNI__F_PERSONAL) || tx->system)
        return true;
    /* for every row that may be read, or an answer would tell of a value that may not be */
    uint32_t read = muni__scopes(tx, kind, NULL, MUNI__V_READ), personal = muni__scopes(tx, kind, NULL, MUNI__V_PERSONAL);
    bool some = personal != 0;
    if (read & ~personal && !(personal & MUNI__S_ALL))
        return false;
    for (size_t i = 0; tx->rights && i < tx->rights->count; i++) {
        const char *type = tx->rights->list[i].type;
        if (!type || !(tx->rights->list[i].kind == 0 || tx->rights->list[i].kind == kind->number))
            continue;
        read = muni__scopes(tx, kind, type, MUNI__V_READ);
        personal = muni__scopes(tx, kind, type, MUNI__V_PERSONAL);
        some |= personal != 0;
        if (read & ~personal && !(personal & MUNI__S_ALL))
            return false;
    }
    return some;
}

muni_status muni__path_allowed(const muni__tx *tx, const muni__path *p) {
    for (int32_t h = 0; h <= p->hops; h++)
        if (!muni__field_askable(tx, p->kind[h], p->field[h])) {
            const char *name = p->kind[h]->fields[p->field[h]].name;
            (void)muni__fail(MUNI_EFIELD, name, "the session may not ask about the field \"%s\" of %s: it is personal", "%2$sの項目「%1$s」は個人情報のため、条件や並び順に使えません",
                             name, p->kind[h]->name);
            muni__fail_place(p->kind[h]->name, 0, 0);
            return MUNI_EFIELD;
        }
    return MUNI_OK;
}
