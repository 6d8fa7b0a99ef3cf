/* The write path: the only way in (decisions 11). Every change goes through here in this order: revision → old → rights → merge → derive →
 * field checks → lifecycle → the kind's rules; then, nothing having been written before: number → row → what follows → history → document. */
#include "model/internal.h"

#include "core/date.h"
#include "core/json.h"
#include "core/textkey.h"
#include "model/cond.h"
#include "store/search.h"

#define DEPTH_MAX 8
#define GROUP_MAX 1000
#define TAKEN_MAX 100000

typedef struct change {
    muni__tx *tx;
    const muni__kind *kind;
    muni__action action;
    const muni__row *old; /* NULL when creating */
    muni__row *row;       /* what it is to be */
    const muni__row *patch;
    const json_t *transition;
    int64_t at; /* time of the change: not before the record's last */
    bool late;
    bool dry;          /* only the checks */
    bool touched[MUNI__FIELDS_MAX]; /* by field: differs from old */
} change;

const char *muni__action_name(int32_t action) {
    static const char *const names[] = { "", "create", "update", "transition", "trash", "restore", "comment" };
    return action > 0 && (size_t)action < MUNI_COUNT(names) ? names[action] : "";
}

/* ---- checks */

static muni_status denied(const change *c, const char *verb, const char *verb_ja) {
    muni_status st = muni__fail(MUNI_EDENIED, NULL, "the session may not %1$s this %2$s%3$.0s%4$.0s", "%1$.0s%2$.0sこの%4$sを%3$sする権限がありません", verb, c->kind->name, verb_ja, c->kind->ja);
    muni__fail_place(NULL, 0, c->old ? muni__row_id(c->old) : 0);
    return st;
}

static muni__verb verb_of(muni__action action) {
    switch (action) {
    case MUNI__A_CREATE: return MUNI__V_CREATE;
    case MUNI__A_TRANSITION: return MUNI__V_TRANSITION;
    case MUNI__A_TRASH:
    case MUNI__A_RESTORE: return MUNI__V_TRASH;
    default: return MUNI__V_UPDATE;
    }
}

/* Rights over the record as it was, and as it will be: nobody moves a record to where they have no right. */
static muni_status authorise(change *c, const muni__row *row) {
    static const char *const ja[MUNI__V_COUNT] = { [MUNI__V_CREATE] = "登録", [MUNI__V_UPDATE] = "変更", [MUNI__V_TRANSITION] = "状態変更", [MUNI__V_TRASH] = "削除" };
    static const char *const en[MUNI__V_COUNT] = { [MUNI__V_CREATE] = "create", [MUNI__V_UPDATE] = "change", [MUNI__V_TRANSITION] = "move", [MUNI__V_TRASH] = "trash" };
    muni__verb verb = verb_of(c->action);
    if (c->tx->system || c->tx->depth > 0) /* hooks act for the change that called them */
        return MUNI_OK;
    if (muni__may(c->tx, row, verb))
        return MUNI_OK;
    return denied(c, en[verb], ja[verb]);
}

/* Personal values are written only by who may see them: a value that is not seen must not be replaced unseen. */
static muni_status authorise_personal(const change *c) {
    if (c->tx->system || c->tx->depth > 0 || !c->patch)
        return MUNI_OK;
    for (int32_t i = 0; i < c->kind->nfields; i++)
        if ((c->kind->fields[i].flags & MUNI__F_PERSONAL) && c->patch->set[i] && !muni__may(c->tx, c->row, MUNI__V_PERSONAL))
            return muni__fail(MUNI_EDENIED, c->kind->fields[i].name, "the session may not write %s: it is personal and the verb personal is not granted",
                              "%sは個人情報のため、この権限では書き込めません", c->kind->fields[i].name);
    return MUNI_OK;
}

static muni_status check_required(const change *c) {
    for (int32_t i = 0; i < c->kind->nfields; i++) {
        const muni__field *f = &c->kind->fields[i];
        if ((f->flags & MUNI__F_REQUIRED) && c->row->v[i].t == MUNI_TYPE_NULL)
            return muni__fail(MUNI_EREQUIRED, f->name, "%s (%s) must be filled", "%2$s（%1$s）は必須です", f->name, f->ja);
    }
    if (*c->kind->types && c->row->v[MUNI__C_TYPE].t == MUNI_TYPE_NULL)
        return muni__fail(MUNI_EREQUIRED, "type", "type must be one of %s", "種別は%sのどれかを指定してください", c->kind->types);
    return MUNI_OK;
}

static muni_status check_create_only(const change *c) {
    if (c->old && c->touched[MUNI__C_TYPE]) /* lifecycle, number and state are those of the type */
        return muni__fail(MUNI_ESTATE, "type", "the type is given when the record is created and stays", "種別は登録のときに決まり、後から変えられません");
    for (int32_t i = 0; c->old && i < c->kind->nfields; i++)
        if (c->touched[i] && (c->kind->fields[i].flags & MUNI__F_CREATE_ONLY))
            return muni__fail(MUNI_ESTATE, c->kind->fields[i].name, "%s can only be given when the record is created", "%sは登録のときにだけ指定できます", c->kind->fields[i].name);
    return MUNI_OK;
}

static muni_status no_ref(const muni__field *f, const muni__kind *target, int64_t id) {
    return muni__fail(MUNI_EREF, f->name, "%s leads to no %s: there is none with id %lld", "%sの参照先の%sがありません（ID %lld）", f->name, target->name, (long long)id);
}

static muni_status check_seen(muni__tx *tx, const muni__field *f, const muni__kind *target, int64_t id) {
    muni__row *row = NULL;
    muni_status st = muni__row_seen(tx, target, id, &row);
    if (st == MUNI_ENOTFOUND || (st >= 0 && row->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL))
        return no_ref(f, target, id);
    return st;
}

#define REFS_AT_ONCE 8
typedef struct ref {
    const muni__field *f;
    const muni__kind *target;
    int64_t id;
    muni__stmt *s; /* is it there? NULL: by what the session sees */
} ref;

/* Begin to ask whether it is there. */
static muni_status ref_ask(muni__tx *tx, const muni__field *f, const muni__val *v, ref *out) {
    const char *sql = NULL;
    muni_status st;
    *out = (ref){ f, f->type == MUNI__ANY ? muni__kind_numbered((int32_t)v->n) : muni__kind_find(f->target), v->i, NULL };
    if (!out->target)
        return muni__fail(MUNI_EINTERNAL, f->name, "the field leads to an unknown kind", "項目の参照先の種類が不明です");
    if (!tx->system && !tx->depth && !(muni__scopes(tx, out->target, NULL, MUNI__V_READ) & MUNI__S_ALL))
        return MUNI_OK;
    MUNI_TRY(muni__kind_sql(tx->db, out->target, MUNI__SQL_EXISTS, &sql));
    MUNI_TRY(muni__sql(tx->conn, sql, &out->s));
    muni__bind_int(out->s, 1, out->id);
    muni__send(out->s);
out:
    return st;
}

static muni_status ref_check(muni__tx *tx, const ref *r) {
    if (!r->s)
        return check_seen(tx, r->f, r->target, r->id);
    muni_status st = muni__step(r->s);
    if (st < 0)
        return st;
    if (st != MUNI_ROW)
        return no_ref(r->f, r->target, r->id);
    bool confidential = muni__col_int(r->s, 0) != 0;
    return confidential && !tx->system && !tx->depth ? check_seen(tx, r->f, r->target, r->id) : MUNI_OK;
}

/* Of several fields together, the first of which is `*i`. */
static muni_status check_some(const change *c, int32_t *i) {
    ref refs[REFS_AT_ONCE];
    size_t n = 0;
    muni_status st = MUNI_OK;
    for (; *i < c->kind->nfields && n < MUNI_COUNT(refs) && st >= 0; (*i)++) {
        const muni__field *f = &c->kind->fields[*i];
        if ((f->type == MUNI__REF || f->type == MUNI__ANY) && c->touched[*i] && c->row->v[*i].t != MUNI_TYPE_NULL)
            st = ref_ask(c->tx, f, &c->row->v[*i], &refs[n++]);
    }
    for (size_t k = 0; k < n && st >= 0; k++)
        st = ref_check(c->tx, &refs[k]);
    for (size_t k = 0; k < n; k++)
        muni__done(refs[k].s);
    return st;
}

static muni_status check_refs(const change *c) {
    muni_status st = MUNI_OK;
    for (int32_t i = MUNI__C_COUNT; i < c->kind->nfields && st >= 0;)
        st = check_some(c, &i);
    return st;
}

/* ---- merging */

static void compare(change *c) {
    for (int32_t i = 0; i < c->kind->nfields; i++)
        c->touched[i] = c->old ? !muni__val_equal(&c->old->v[i], &c->row->v[i]) : c->row->v[i].t != MUNI_TYPE_NULL;
}

static bool anything(const change *c) {
    for (int32_t i = 0; i < c->kind->nfields; i++)
        if (c->touched[i] && !(c->kind->fields[i].flags & MUNI__F_BOOKKEEPING))
            return true;
    return false;
}

static muni_status merge(change *c) {
    muni_status st = muni__row_new(&c->tx->mem, c->kind, &c->row);
    if (st < 0)
        return st;
    for (int32_t i = 0; i < c->kind->nfields; i++) {
        if (c->old)
            c->row->v[i] = c->old->v[i];
        if (c->patch && c->patch->set[i]) {
            c->row->v[i] = c->patch->v[i];
            c->row->set[i] = 1;
        }
    }
    return MUNI_OK;
}

/* ---- lifecycle */

static muni_status first_state(change *c) {
    char buffer[96];
    const muni__val *type = &c->row->v[MUNI__C_TYPE];
    const char *name = muni__lifecycle_name(c->kind, type->t == MUNI_TYPE_TEXT ? type->p : "", buffer);
    const muni__definition *d = NULL;
    if (!*name)
        return MUNI_OK;
    if (c->row->v[MUNI__C_STATE].t != MUNI_TYPE_NULL && c->tx->system && c->row->v[MUNI__C_LIFECYCLE].t != MUNI_TYPE_NULL)
        return MUNI_OK; /* given by the library: shipped definitions are born active */
    muni_status st = muni__definition_active(c->tx, "lifecycle", name, &d);
    if (st < 0)
        return st;
    const char *initial = muni__lifecycle_initial(d->body);
    c->row->v[MUNI__C_STATE] = muni__val_text(initial, strlen(initial));
    c->row->v[MUNI__C_LIFECYCLE] = muni__val_int(d->id);
    return MUNI_OK;
}

/* Fields that a transition sets: {"resolved_at":{"now":true},"assignee":{"me":"principal"},"x":null} */
static muni_status transition_sets(change *c) {
    const char *name;
    json_t *value;
    json_t *sets = json_object_get(c->transition, "sets");
    json_object_foreach (sets, name, value) {
        int32_t i = muni__row_field(c->kind, name);
        if (i < 0)
            return muni__fail(MUNI_EDEFINITION, name, "the lifecycle sets %1$s, which %2$s does not have%3$.0s", "%2$.0sライフサイクルが設定する項目%1$sは%3$sにありません", name, c->kind->name, c->kind->ja);
        if (json_is_null(value))
            c->row->v[i] = MUNI_NULL_VAL;
        else if (json_object_get(value, "now"))
            c->row->v[i] = muni__val_time(c->at);
        else if (json_object_get(value, "me") && c->row->v[i].t == MUNI_TYPE_NULL && c->tx->session)
            c->row->v[i] = muni__val_int(c->tx->session->principal);
    }
    return MUNI_OK;
}

/* The values that a transition needs come with it; what else is given is a change like any other. */
static muni_status transition_values(const change *c) {
    const json_t *needs = json_object_get(c->transition, "needs");
    if (c->tx->system || c->tx->depth > 0 || (muni__may(c->tx, c->old, MUNI__V_UPDATE) && muni__may(c->tx, c->row, MUNI__V_UPDATE)))
        return MUNI_OK;
    for (int32_t i = 0; i < c->kind->nfields; i++) {
        bool needed = false;
        if (!c->patch->set[i] || muni__val_equal(&c->old->v[i], &c->row->v[i]))
            continue;
        for (size_t k = 0; k < json_array_size(needs); k++)
            needed = needed || !strcmp(json_string_value(json_array_get(needs, k)), c->kind->fields[i].name);
        if (!needed)
            return muni__fail(MUNI_EDENIED, c->kind->fields[i].name, "the session may not change %s on the way: the transition does not need it and the verb update is not granted",
                              "%sはこの遷移に必要な項目ではなく、変更する権限がありません", c->kind->fields[i].name);
    }
    return MUNI_OK;
}

static muni_status transition_guard(change *c) {
    size_t i;
    json_t *need;
    const char *to = json_string_value(json_object_get(c->transition, "to"));
    json_array_foreach (json_object_get(c->transition, "needs"), i, need) {
        int32_t field = muni__row_field(c->kind, json_string_value(need));
        if (field < 0 || c->row->v[field].t == MUNI_TYPE_NULL)
            return muni__fail(MUNI_EGUARD, json_string_value(need), "%s must be filled before %s", "「%2$s」の前に%1$sを入力してください",
                              field < 0 ? json_string_value(need) : c->kind->fields[field].ja, json_string_value(json_object_get(c->transition, "ja")));
    }
    json_t *guard = json_object_get(c->transition, "guard");
    if (guard) {
        muni__cond *cond = NULL;
        bool holds = false;
        muni_status st = muni__cond_parse(&c->tx->mem, c->kind, guard, "guard", &cond);
        if (st >= 0)
            st = muni__cond_eval(c->tx, cond, c->row, c->old, &holds);
        if (st < 0)
            return st;
        if (!holds)
            return muni__fail(MUNI_EGUARD, "state", "the condition of the transition to %s is not met", "状態を%sに変える条件を満たしていません", to);
    }
    return MUNI_OK;
}

/* ---- storing */

static void column(muni__buf *b, const char *name, const char *suffix) {
    muni__buf_putc(b, '"');
    muni__buf_puts(b, name);
    muni__buf_puts(b, suffix);
    muni__buf_putc(b, '"');
}

static bool shadow_key(const muni__field *f) {
    return f->type == MUNI__KEY;
}

/* Bind a field's columns from parameter *at on; the folded key lives in the transaction's memory. */
static muni_status bind(muni__tx *tx, muni__stmt *s, int *at, const muni__field *f, const muni__val *v) {
    switch (v->t) {
    case MUNI_TYPE_NULL: muni__bind_null(s, (*at)++); break;
    case MUNI_TYPE_TEXT:
    case MUNI_TYPE_DATE:
    case MUNI_TYPE_JSON: muni__bind_text(s, (*at)++, v->p, v->n); break;
    default: muni__bind_int(s, (*at)++, v->i); break;
    }
    if (f->type == MUNI__ANY) {
        if (v->t == MUNI_TYPE_NULL)
            muni__bind_null(s, (*at)++);
        else
            muni__bind_int(s, (*at)++, (int64_t)v->n);
    }
    if (shadow_key(f)) {
        if (v->t == MUNI_TYPE_NULL) {
            muni__bind_null(s, (*at)++);
        } else {
            char *key = NULL;
            size_t n = 0;
            muni_status st = muni__idkey(v->p, v->n, &key, &n);
            if (st < 0)
                return st;
            char *copy = muni__arena_strndup(&tx->mem, key, n);
            muni__free(key);
            if (!copy)
                return MUNI_ENOMEM;
            muni__bind_text(s, (*at)++, copy, n);
        }
    }
    return MUNI_OK;
}

/* MUNI_EUNIQUE from the store, told of the field that collides. */
static muni_status collision(const change *c, const char *index) {
    muni__quoted q;
    for (int32_t i = 0; i < c->kind->nfields; i++) {
        const muni__field *f = &c->kind->fields[i];
        muni__buf name = MUNI_BUF_INIT(256);
        muni__buf_printf(&name, "u_%s_%s", c->kind->name, f->name);
        bool hit = name.st >= 0 && index && !strcmp(index, name.p);
        muni__buf_free(&name);
        if (!hit)
            continue;
        if ((f->flags & MUNI__F_PERSONAL) || c->row->v[i].t != MUNI_TYPE_TEXT)
            return muni__fail(MUNI_EUNIQUE, f->name, "another %1$s has this %3$s%2$.0s%4$.0s", "%1$.0s%3$.0s同じ%4$sの%2$sがすでにあります", c->kind->name, c->kind->ja, f->name, f->ja);
        return muni__fail(MUNI_EUNIQUE, f->name, "another %1$s has the %3$s \"%5$s\"%2$.0s%4$.0s", "%1$.0s%3$.0s%4$s「%5$s」の%2$sがすでにあります", c->kind->name, c->kind->ja,
                          f->name, f->ja, muni__quote(&q, c->row->v[i].p, c->row->v[i].n));
    }
    for (int32_t i = 0; i < c->kind->nindexes; i++)
        if (c->kind->indexes[i].unique && index && strstr(index, c->kind->indexes[i].name))
            return muni__fail(MUNI_EUNIQUE, c->kind->indexes[i].columns, "another %1$s has the same values of %3$s%2$.0s", "%1$.0s%3$sの組み合わせが同じ%2$sがすでにあります", c->kind->name,
                              c->kind->ja, c->kind->indexes[i].columns);
    return muni__fail(MUNI_EUNIQUE, NULL, "another %1$s has the same identifier%2$.0s", "%1$.0s同じ識別子の%2$sがすでにあります", c->kind->name, c->kind->ja);
}

/* `*taken`: the record's number is another's, and nothing was inserted. (As an error it would end the transaction on some databases.) */
static muni_status try_insert(change *c, bool *taken) {
    const char *sql = NULL;
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(muni__kind_sql(c->tx->db, c->kind, MUNI__SQL_INSERT, &sql));
    MUNI_TRY(muni__sql(c->tx->conn, sql, &s));
    int at = 1;
    for (int32_t i = 0; i < c->kind->nfields; i++)
        MUNI_TRY(bind(c->tx, s, &at, &c->kind->fields[i], &c->row->v[i]));
    c->tx->wrote = true;
    st = muni__step(s);
    *taken = st >= 0 && !muni__conn_changes(c->tx->conn);
    if (st == MUNI_EUNIQUE)
        st = collision(c, muni__conn_conflict(c->tx->conn));
out:
    muni__done(s);
    return st;
}

static muni_status number_taken(const change *c) {
    muni__buf name = MUNI_BUF_INIT(256);
    muni__buf_printf(&name, "u_%s_number", c->kind->name);
    muni_status st = name.st < 0 ? name.st : collision(c, name.p);
    muni__buf_free(&name);
    return st;
}

static muni_status insert(change *c) {
    bool taken = false;
    muni_status st = try_insert(c, &taken);
    return st >= 0 && taken ? number_taken(c) : st;
}

/* Insert under the next number. A rule that was changed, or shares its pattern with another type's, may come upon numbers that are taken: those are
 * passed over, for the next call would come upon the same ones. */
static muni_status insert_numbered(change *c) {
    const char *number = "";
    bool taken = true;
    muni_status st = MUNI_OK;
    for (int32_t tries = 0; taken && tries <= TAKEN_MAX; tries++) {
        MUNI_TRY(muni__number_next(c->tx, c->row, &number));
        c->row->v[MUNI__C_NUMBER] = muni__val_text(number, strlen(number));
        compare(c);
        MUNI_TRY(try_insert(c, &taken));
    }
    if (taken)
        st = number_taken(c);
out:
    return st;
}

/* Can the values that are written be another's already? */
static bool can_collide(const change *c) {
    bool can = c->touched[MUNI__C_TRASHED_AT]; /* what comes back meets those that came meanwhile */
    for (int32_t i = 0; i < c->kind->nfields; i++)
        can = can || (c->touched[i] && (c->kind->fields[i].flags & MUNI__F_UNIQUE));
    for (int32_t i = 0; i < c->kind->nindexes; i++)
        can = can || c->kind->indexes[i].unique;
    return can;
}

static muni_status update(change *c) {
    muni__buf sql = MUNI_BUF_INIT((size_t)1 << 16);
    muni__stmt *s = NULL;
    muni_status st;
    int params = 0;
    muni__buf_puts(&sql, "UPDATE ");
    muni__schema_table(&sql, c->kind);
    muni__buf_puts(&sql, " SET ");
    for (int32_t i = 0; i < c->kind->nfields; i++) {
        const muni__field *f = &c->kind->fields[i];
        if (!c->touched[i])
            continue;
        if (params)
            muni__buf_putc(&sql, ',');
        column(&sql, f->name, "");
        muni__buf_printf(&sql, "=?%d", ++params);
        if (f->type == MUNI__ANY || shadow_key(f)) {
            muni__buf_putc(&sql, ',');
            column(&sql, f->name, f->type == MUNI__ANY ? "_kind" : "_key");
            muni__buf_printf(&sql, "=?%d", ++params);
        }
    }
    muni__buf_printf(&sql, " WHERE id=?%d", params + 1);
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(c->tx->conn, sql.p, &s));
    int at = 1;
    for (int32_t i = 0; i < c->kind->nfields; i++)
        if (c->touched[i])
            MUNI_TRY(bind(c->tx, s, &at, &c->kind->fields[i], &c->row->v[i]));
    muni__bind_int(s, at, muni__row_id(c->row));
    c->tx->wrote = true;
    st = can_collide(c) ? muni__step(s) : muni__step_later(s);
    if (st == MUNI_EUNIQUE)
        st = collision(c, muni__conn_conflict(c->tx->conn));
out:
    muni__done(s);
    muni__buf_free(&sql);
    return st;
}

/* ---- the document by which the record is found */

bool muni__row_document(const muni__row *row, muni__buf *keys, muni__document *out) {
    const muni__kind *kind = row->kind;
    bool any = false;
    for (int32_t i = 0; i < kind->nfields; i++) {
        if (!(kind->fields[i].flags & MUNI__F_SEARCHED))
            continue;
        if (any)
            muni__buf_putc(keys, MUNI__KEY_SEP);
        any = true;
        if (row->v[i].t == MUNI_TYPE_TEXT)
            (void)muni__textkey_put(keys, row->v[i].p, row->v[i].n); /* a failure sticks in `keys` */
    }
    int32_t about = muni__kind_about(kind);
    *out = (muni__document){ 0, kind->number, muni__row_id(row) };
    if (about >= 0) /* said about another record: that one answers */
        *out = (muni__document){ kind->number, (int32_t)row->v[about].n, row->v[about].i };
    return any;
}

static muni_status document(change *c) {
    const muni__kind *kind = c->kind;
    bool changed = !c->old;
    muni__buf keys = MUNI_BUF_INIT((size_t)4 << 20);
    muni__document d;
    muni_status st;
    for (int32_t i = 0; i < kind->nfields && !changed; i++)
        changed = (kind->fields[i].flags & MUNI__F_SEARCHED) && c->touched[i];
    if (!changed || !muni__row_document(c->row, &keys, &d))
        return MUNI_OK;
    MUNI_TRY(keys.st);
    st = muni__doc_put(c->tx->conn, muni__row_id(c->row), d.part, d.kind, d.rec, keys.p ? keys.p : "", keys.n);
out:
    muni__buf_free(&keys);
    return st;
}

/* ---- one change from its merged row to the end */

/* Kinds on which rights, behaviour and scopes rest. */
static bool configures(const muni__kind *kind) {
    static const char *const kinds[] = { MUNI_KIND_PRINCIPAL, MUNI_KIND_GROUP, MUNI_KIND_MEMBER, MUNI_KIND_GRANT, MUNI_KIND_DEFINITION, MUNI_KIND_UNIT, MUNI_KIND_POST };
    for (size_t i = 0; i < MUNI_COUNT(kinds); i++)
        if (!strcmp(kind->name, kinds[i]))
            return true;
    return false;
}

static muni_status settle_time(change *c) {
    c->at = c->tx->now;
    if (c->old && c->old->v[MUNI__C_UPDATED_AT].i > c->at) {
        c->at = c->old->v[MUNI__C_UPDATED_AT].i;
        c->late = true;
    }
    return MUNI_OK;
}

static muni_status carry_out(change *c, muni__row **stored) {
    muni__tx *tx = c->tx;
    const muni__hooks *hooks = muni__hooks_of(c->kind);
    muni_status st = MUNI_OK;
    if (hooks && hooks->derive)
        MUNI_TRY(hooks->derive(tx, c->old, c->row));
    compare(c);
    if (c->old && !anything(c)) { /* a change of nothing writes nothing */
        if (stored)
            *stored = c->row;
        return MUNI_OK;
    }
    MUNI_TRY(check_create_only(c));
    MUNI_TRY(check_required(c));
    MUNI_TRY(check_refs(c));
    if (!c->old) {
        MUNI_TRY(first_state(c));
    } else if (c->transition) {
        MUNI_TRY(transition_guard(c));
    }
    MUNI_TRY(authorise(c, c->row));
    MUNI_TRY(authorise_personal(c));
    if (hooks && hooks->validate)
        MUNI_TRY(hooks->validate(tx, c->old, c->row));
    if (c->dry) {
        *stored = c->row;
        return MUNI_OK;
    }
    if (tx->group && !tx->following && ++tx->changes > GROUP_MAX)
        MUNI_TRY(muni__fail(MUNI_ELIMIT, NULL, "a group holds at most %d changes; commit and begin another", "ひとまとまりの変更は%d件までです。確定して次を始めてください", GROUP_MAX));
    /* ---- no write before here */
    int64_t actor = tx->session ? tx->session->principal : 0;
    if (c->old) {
        c->row->v[MUNI__C_REV] = muni__val_int(c->old->v[MUNI__C_REV].i + 1);
    } else {
        int64_t id = 0;
        int32_t about = muni__kind_about(c->kind); /* nothing is older than what it is about */
        MUNI_TRY(muni__conn_take_above(tx->conn, "id", about >= 0 && c->row->v[about].t != MUNI_TYPE_NULL ? c->row->v[about].i : 0, &id));
        c->row->v[MUNI__C_ID] = muni__val_int(id);
        c->row->v[MUNI__C_REV] = muni__val_int(1);
        c->row->v[MUNI__C_CREATED_AT] = muni__val_time(c->at);
        if (actor)
            c->row->v[MUNI__C_CREATED_BY] = muni__val_int(actor);
    }
    c->row->v[MUNI__C_UPDATED_AT] = muni__val_time(c->at);
    c->row->v[MUNI__C_UPDATED_BY] = actor ? muni__val_int(actor) : MUNI_NULL_VAL;
    compare(c);
    MUNI_TRY(c->old ? update(c) : (c->kind->flags & MUNI__K_NUMBERED) ? insert_numbered(c) : insert(c));
    if (configures(c->kind)) {
        tx->configured = true;
        MUNI_TRY(muni__conn_config_bump(tx->conn));
    }
    tx->db->wrote = true;
    if (hooks && hooks->after) {
        if (tx->depth >= DEPTH_MAX)
            MUNI_TRY(muni__fail(MUNI_ELIMIT, NULL, "rules call each other more than %d deep", "規則の呼び出しが%d段を超えました", DEPTH_MAX));
        tx->depth++;
        tx->following++;
        st = hooks->after(tx, c->old, c->row);
        tx->following--;
        tx->depth--;
        MUNI_TRY(st);
    }
    MUNI_TRY(muni__history_write(tx, c->action, c->old, c->row, c->late ? c->at : 0));
    MUNI_TRY(document(c));
    if (stored)
        *stored = c->row;
out:
    return st;
}

static muni_status writable(muni__tx *tx) {
    if (!tx->write)
        return muni__fail(MUNI_EINTERNAL, NULL, "a change in a transaction that only reads", "読み取り専用のまとまりの中での変更です");
    return MUNI_OK;
}

/* Rights, behaviour and scopes are changed by one at a time: their rules look at more than one record. */
static muni_status alone(const change *c) {
    if (!configures(c->kind) || c->dry)
        return MUNI_OK;
    muni_status st = muni__conn_rule(c->tx->conn, "config");
    if (st >= 0 && c->tx->session && muni__conn_beside(c->tx->conn)) /* they may have been changed while it waited */
        st = muni__rights_refresh(c->tx);
    return st;
}

/* Load what is to be changed: seen by the session, of the revision it knows, changeable. */
static muni_status load(change *c, int64_t id, int64_t rev) {
    muni__row *old = NULL;
    muni_status st = writable(c->tx);
    if (st < 0)
        return st;
    if (id <= 0)
        return muni__fail(MUNI_ENOTFOUND, "id", "there is no %1$s %3$lld%2$.0s", "%1$.0s%2$s %3$lldはありません", c->kind->name, c->kind->ja, (long long)id);
    st = alone(c);
    if (st < 0)
        return st;
    int64_t outer = c->tx->changing;
    c->tx->changing = id;
    st = c->tx->system || c->tx->depth ? muni__row_load(c->tx, c->kind, id, &old) : muni__row_seen(c->tx, c->kind, id, &old);
    c->tx->changing = outer;
    if (st < 0)
        return st;
    c->old = old;
    if (rev && rev != old->v[MUNI__C_REV].i) {
        st = muni__fail(MUNI_ESTALE, "rev", "revision %lld was seen, it is %lld now: read the record again", "改訂%lldを元にした変更ですが、今は改訂%lldです。読み直してください",
                        (long long)rev, (long long)old->v[MUNI__C_REV].i);
        muni__fail_place(c->kind->name, 0, id);
        return st;
    }
    (void)settle_time(c);
    return authorise(c, old);
}

static muni_status not_in_trash(const change *c) {
    if (c->old->v[MUNI__C_TRASHED_AT].t == MUNI_TYPE_NULL)
        return MUNI_OK;
    return muni__fail(MUNI_ESTATE, NULL, "the %1$s is in the trash; restore it first%2$.0s", "%1$.0s%2$sはごみ箱にあります。先に元に戻してください", c->kind->name, c->kind->ja);
}

static muni_status placed(const change *c, muni_status st) {
    if (st < 0)
        muni__fail_place(c->kind->name, 0, c->old ? muni__row_id(c->old) : 0);
    return st;
}

static muni_status create(change *c, muni__row **stored) {
    muni__tx *tx = c->tx;
    muni_status st;
    (void)settle_time(c);
    if (!tx->system && !tx->depth && !muni__scopes_any(tx, c->kind, MUNI__V_CREATE))
        MUNI_TRY(denied(c, "create", "登録"));
    MUNI_TRY(merge(c));
    /* who creates it owns it: so scopes over created_by hold for the new record */
    if (tx->session)
        c->row->v[MUNI__C_CREATED_BY] = muni__val_int(tx->session->principal);
    MUNI_TRY(carry_out(c, stored));
out:
    return placed(c, st);
}

muni_status muni__create(muni__tx *tx, const muni__kind *kind, const muni__row *patch, muni__row **stored) {
    change c = { .tx = tx, .kind = kind, .action = MUNI__A_CREATE, .patch = patch };
    muni_status st = writable(tx);
    if (st >= 0)
        st = alone(&c);
    return st < 0 ? placed(&c, st) : create(&c, stored);
}

muni_status muni__create_check(muni__tx *tx, const muni__kind *kind, const muni__row *patch, muni__row **out) {
    change c = { .tx = tx, .kind = kind, .action = MUNI__A_CREATE, .patch = patch, .dry = true };
    *out = NULL;
    return create(&c, out);
}

muni_status muni__update(muni__tx *tx, const muni__kind *kind, int64_t id, int64_t rev, const muni__row *patch, muni__row **stored) {
    change c = { .tx = tx, .kind = kind, .action = MUNI__A_UPDATE, .patch = patch };
    muni_status st;
    MUNI_TRY(load(&c, id, rev));
    MUNI_TRY(not_in_trash(&c));
    if (kind->flags & MUNI__K_APPEND)
        MUNI_TRY(muni__fail(MUNI_ESTATE, NULL, "a %1$s is never changed once it is written%2$.0s", "%1$.0s%2$sは書き込んだ後に変更できません", kind->name, kind->ja));
    MUNI_TRY(merge(&c));
    MUNI_TRY(carry_out(&c, stored));
out:
    return placed(&c, st);
}

static muni_status no_transition(const change *c, const json_t *body, const char *name) {
    muni__buf can = MUNI_BUF_INIT(400);
    muni__quoted q;
    size_t i;
    json_t *t;
    const char *state = c->old->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT ? c->old->v[MUNI__C_STATE].p : "";
    json_array_foreach (json_object_get(body, "transitions"), i, t) {
        if (!muni__lifecycle_from(t, state))
            continue;
        muni__buf_puts(&can, can.n ? ", " : "");
        muni__buf_puts(&can, json_string_value(json_object_get(t, "name")));
    }
    muni_status st = muni__fail(MUNI_ESTATE, "state", "%s is not possible in the state %s; possible are: %s", "「%s」は状態%sではできません。できるのは: %s",
                                muni__quote(&q, name, strlen(name)), state, can.n ? can.p : "-");
    muni__buf_free(&can);
    return st;
}

muni_status muni__transition(muni__tx *tx, const muni__kind *kind, int64_t id, int64_t rev, const char *transition, const muni__row *patch, muni__row **stored) {
    change c = { .tx = tx, .kind = kind, .action = MUNI__A_TRANSITION, .patch = patch };
    const muni__definition *d = NULL;
    size_t bad = 0;
    muni_status st;
    if (!muni__utf8_valid(transition, strlen(transition), &bad))
        MUNI_TRY(muni__fail(MUNI_EUTF8, "transition", "the name of the transition is not valid UTF-8 (byte %zu)", "遷移の名前がUTF-8ではありません（%zuバイト目）", bad));
    if (!*kind->lifecycle)
        MUNI_TRY(muni__fail(MUNI_EINVAL, "kind", "records of %1$s have no lifecycle%2$.0s", "%1$.0s%2$sにはライフサイクルがありません", kind->name, kind->ja));
    MUNI_TRY(load(&c, id, rev));
    MUNI_TRY(not_in_trash(&c));
    MUNI_TRY(muni__definition_by_id(tx, c.old->v[MUNI__C_LIFECYCLE].i, &d));
    c.transition = muni__lifecycle_transition(d->body, transition);
    if (!c.transition || !muni__lifecycle_from(c.transition, c.old->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT ? c.old->v[MUNI__C_STATE].p : ""))
        MUNI_TRY(no_transition(&c, d->body, transition));
    MUNI_TRY(merge(&c));
    MUNI_TRY(transition_values(&c));
    const char *to = json_string_value(json_object_get(c.transition, "to"));
    if (strcmp(to, "*") != 0) /* to itself: a step that changes fields only */
        c.row->v[MUNI__C_STATE] = muni__val_text(to, strlen(to));
    MUNI_TRY(transition_sets(&c));
    MUNI_TRY(carry_out(&c, stored));
out:
    return placed(&c, st);
}

muni_status muni__trash(muni__tx *tx, const muni__kind *kind, int64_t id, int64_t rev, bool restore, muni__row **stored) {
    change c = { .tx = tx, .kind = kind, .action = restore ? MUNI__A_RESTORE : MUNI__A_TRASH };
    muni_status st;
    MUNI_TRY(load(&c, id, rev));
    bool in = c.old->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL;
    if (!restore)
        MUNI_TRY(not_in_trash(&c));
    else if (!in)
        MUNI_TRY(muni__fail(MUNI_ESTATE, NULL, "the %1$s is not in the trash%2$.0s", "%1$.0s%2$sはごみ箱にありません", kind->name, kind->ja));
    if (!strcmp(kind->name, MUNI_KIND_DEFINITION) || !strcmp(kind->name, MUNI_KIND_PLAN) || (kind->flags & MUNI__K_APPEND))
        MUNI_TRY(muni__fail(MUNI_ESTATE, NULL, "a %1$s is never trashed; retire it instead%2$.0s", "%1$.0s%2$sはごみ箱に移動できません。廃止してください", kind->name, kind->ja));
    MUNI_TRY(merge(&c));
    c.row->v[MUNI__C_TRASHED_AT] = restore ? MUNI_NULL_VAL : muni__val_time(c.at);
    MUNI_TRY(carry_out(&c, stored));
out:
    return placed(&c, st);
}

muni_status muni__tx_before_commit(muni__tx *tx) {
    int64_t sealed = 0;
    return tx->block_full || !muni__conn_beside(tx->conn) ? muni__history_seal(tx, false, &sealed) : MUNI_OK;
}

/* ---- what could be done now */

static muni_status transitions(muni__tx *tx, const muni__kind *kind, int64_t id, char **out) {
    muni__row *row = NULL;
    const muni__definition *d = NULL;
    muni__buf b = MUNI_BUF_INIT((size_t)1 << 20);
    muni_status st;
    size_t i;
    json_t *t;
    bool first = true;
    if (!*kind->lifecycle)
        return muni__fail(MUNI_EINVAL, "kind", "records of %1$s have no lifecycle%2$.0s", "%1$.0s%2$sにはライフサイクルがありません", kind->name, kind->ja);
    MUNI_TRY(muni__row_seen(tx, kind, id, &row));
    MUNI_TRY(muni__definition_by_id(tx, row->v[MUNI__C_LIFECYCLE].i, &d));
    bool may = muni__may(tx, row, MUNI__V_TRANSITION) && row->v[MUNI__C_TRASHED_AT].t == MUNI_TYPE_NULL;
    muni__buf_putc(&b, '[');
    json_array_foreach (json_object_get(d->body, "transitions"), i, t) {
        if (!may || row->v[MUNI__C_STATE].t != MUNI_TYPE_TEXT || !muni__lifecycle_from(t, row->v[MUNI__C_STATE].p))
            continue;
        static const char *const keys[] = { "name", "ja", "en", "to", "needs" };
        muni__buf_puts(&b, first ? "{" : ",{");
        first = false;
        for (size_t k = 0; k < MUNI_COUNT(keys); k++) {
            const json_t *v = json_object_get(t, keys[k]);
            muni__buf_printf(&b, "%s\"%s\":", k ? "," : "", keys[k]);
            if (v)
                muni__json_write(&b, v);
            else
                muni__buf_puts(&b, k == 4 ? "[]" : "null");
        }
        muni__buf_putc(&b, '}');
    }
    muni__buf_putc(&b, ']');
    st = muni__buf_take(&b, out, NULL);
out:
    return st;
}

muni_status muni_session_transitions(muni_session *session, const char *kind, int64_t id, char **out) {
    MUNI_ENTER();
    const muni__kind *k = NULL;
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__kind_get(kind, &k);
    if (st >= 0)
        st = muni__tx_enter(session, false, true, &tx);
    if (st >= 0) {
        st = muni__tx_leave(tx, transitions(tx, k, id, out));
        if (st < 0) {
            muni__free(*out);
            *out = NULL;
        }
    }
    return MUNI_LEAVE(st);
}
