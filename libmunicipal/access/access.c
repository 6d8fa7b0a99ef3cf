/* Who may do what: groups, memberships and grants compiled into the rights of a session; the first of each in a new store. */
#include "access/access.h"

#include "core/date.h"

static const char *const verbs[MUNI__V_COUNT] = { "read",   "create", "update",   "transition", "comment", "history", "trash", "import",
                                                  "export", "personal", "plan", "approve",    "apply",   "report",  "audit", "manage" };

static uint32_t verb_bits(const char *verb) {
    if (!strcmp(verb, "*"))
        return (1u << MUNI__V_COUNT) - 1;
    for (int i = 0; i < MUNI__V_COUNT; i++)
        if (!strcmp(verb, verbs[i]))
            return 1u << i;
    return 0;
}

static uint32_t scope_bits(const char *scope) {
    return !strcmp(scope, "own")     ? MUNI__S_OWN
           : !strcmp(scope, "unit")  ? MUNI__S_UNIT | MUNI__S_OWN
           : !strcmp(scope, "below") ? MUNI__S_BELOW | MUNI__S_UNIT | MUNI__S_OWN
           : !strcmp(scope, "all")   ? MUNI__S_ALL | MUNI__S_OWN
                                     : 0;
}

typedef struct compiling {
    muni__tx *tx;
    muni__rights *rights;
    char today[MUNI__DATE_SIZE];
    int64_t *groups; /* ids, in the arena */
    size_t count, cap;
} compiling;

static const muni__val *value(const muni__row *row, const char *field) {
    return &row->v[muni__row_field(row->kind, field)];
}

/* Grow an array in the rights' memory by one. */
static void *grown(muni__arena *mem, void *old, size_t count, size_t size) {
    char *p = muni__arena_alloc(mem, (count + 1) * size);
    if (p && count)
        memcpy(p, old, count * size);
    return p;
}

static muni_status take_member(void *user, const muni__row *row) {
    compiling *c = user;
    const muni__val *from = value(row, MUNI_MEMBER_FROM_ON), *to = value(row, MUNI_MEMBER_TO_ON);
    if ((from->t != MUNI_TYPE_NULL && strcmp(from->p, c->today) > 0) || (to->t != MUNI_TYPE_NULL && strcmp(to->p, c->today) < 0))
        return MUNI_OK;
    int64_t *ids = grown(&c->rights->mem, c->groups, c->count, sizeof *ids);
    if (!ids)
        return MUNI_ENOMEM;
    ids[c->count++] = value(row, MUNI_MEMBER_GROUP)->i;
    c->groups = ids;
    return MUNI_OK;
}

static muni_status take_grant(void *user, const muni__row *row) {
    compiling *c = user;
    muni__rights *r = c->rights;
    const muni__val *on = value(row, MUNI_GRANT_ON);
    const char *slash = strchr(on->p, '/');
    char name[64];
    size_t n = slash ? (size_t)(slash - on->p) : on->n;
    muni__right right = { 0, NULL, verb_bits(value(row, MUNI_GRANT_VERB)->p), scope_bits(value(row, MUNI_GRANT_SCOPE)->p) };
    if (strcmp(on->p, "*") != 0) {
        if (n >= sizeof name)
            return MUNI_OK;
        memcpy(name, on->p, n);
        name[n] = 0;
        const muni__kind *kind = muni__kind_find(name);
        if (!kind)
            return MUNI_OK; /* a kind of a newer version: it grants nothing here */
        right.kind = kind->number;
        if (slash && !(right.type = muni__arena_strndup(&r->mem, slash + 1, strlen(slash + 1))))
            return MUNI_ENOMEM;
    }
    muni__right *list = grown(&r->mem, r->list, r->count, sizeof *list);
    if (!list)
        return MUNI_ENOMEM;
    list[r->count++] = right;
    r->list = list;
    return MUNI_OK;
}

muni_status muni__access_rights(muni__tx *tx, int64_t principal, muni__rights *out) {
    const muni__kind *group = muni__kind_find(MUNI_KIND_GROUP);
    compiling c = { .tx = tx, .rights = out };
    bool system = tx->system;
    muni_status st;
    muni__date_format_iso(muni__tx_today(tx), c.today);
    tx->system = true; /* rights are not asked for while they are being compiled */
    MUNI_TRY(muni__each_of(tx, muni__kind_find(MUNI_KIND_MEMBER), MUNI_MEMBER_PRINCIPAL, principal, take_member, &c));
    out->groups = muni__arena_alloc(&out->mem, (c.count + 1) * sizeof *out->groups);
    if (!out->groups) {
        st = MUNI_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < c.count; i++) {
        muni__row *row = NULL;
        MUNI_TRY(muni__row_load(tx, group, c.groups[i], &row));
        if (row->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL)
            continue;
        const muni__val *code = value(row, MUNI_GROUP_CODE);
        if (!(out->groups[out->ngroups] = muni__arena_strndup(&out->mem, code->p, code->n))) {
            st = MUNI_ENOMEM;
            goto out;
        }
        out->ngroups++;
        MUNI_TRY(muni__each_of(tx, muni__kind_find(MUNI_KIND_GRANT), MUNI_GRANT_GROUP, c.groups[i], take_grant, &c));
    }
out:
    tx->system = system;
    return st;
}

/* Who is who, who is in what and what that grants decide over every other right: to change them takes the verb manage over all of them. */
static muni_status managed(muni__tx *tx, const muni__row *old, const muni__row *row) {
    (void)old;
    if (tx->system || tx->depth > 0 || (muni__scopes(tx, row->kind, NULL, MUNI__V_MANAGE) & MUNI__S_ALL))
        return MUNI_OK;
    return muni__fail(MUNI_EDENIED, NULL, "rights are given only by who manages them: the verb manage on every %1$s is needed%2$.0s", "%1$.0s権限に関わる%2$sを変更できるのは管理者（操作manage・範囲all）だけです", row->kind->name, row->kind->ja);
}

const muni__hooks muni__principal_hooks = { NULL, managed, NULL };
const muni__hooks muni__group_hooks = { NULL, managed, NULL };
const muni__hooks muni__member_hooks = { NULL, managed, NULL };

/* A grant names a kind, and a type of it, that there are. */
static muni_status grant_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    muni_status st = managed(tx, old, row);
    if (st < 0)
        return st;
    const muni__val *on = value(row, MUNI_GRANT_ON);
    const char *slash = memchr(on->p, '/', on->n);
    char name[64];
    const muni__kind *kind = NULL;
    size_t n = slash ? (size_t)(slash - on->p) : on->n;
    muni__quoted q;
    if (!strcmp(on->p, "*"))
        return MUNI_OK;
    if (n < sizeof name) {
        memcpy(name, on->p, n);
        name[n] = 0;
        kind = muni__kind_find(name);
    }
    if (!kind || (slash && !muni__list_has(kind->types, slash + 1, strlen(slash + 1))))
        return muni__fail(MUNI_EINVAL, MUNI_GRANT_ON, "\"%s\" is neither a kind, nor kind/type, nor *", "「%s」は種類、種類/種別、*のどれでもありません", muni__quote(&q, on->p, on->n));
    return MUNI_OK;
}

const muni__hooks muni__grant_hooks = { NULL, grant_validate, NULL };

/* ---- a new store */

typedef struct seed {
    const char *group, *on, *verb, *scope;
} seed;

static const struct {
    const char *code, *name;
} groups[] = { { "administrator", "システム管理者" }, { "operator", "運用担当者" }, { "approver", "承認者" }, { "reader", "閲覧者" } };

/* History, audit and management are the administrator's alone (Katsushika KB 40: seen only by system administrators). */
static const seed seeds[] = {
    { "administrator", "*", "*", "all" },
    { "operator", "*", "read", "all" },
    { "operator", "*", "export", "all" },
    { "operator", "*", "report", "all" },
    { "operator", MUNI_KIND_TICKET, "create", "all" },
    { "operator", MUNI_KIND_TICKET, "update", "all" },
    { "operator", MUNI_KIND_TICKET, "transition", "all" },
    { "operator", MUNI_KIND_TICKET, "comment", "all" },
    { "operator", MUNI_KIND_TICKET, "trash", "all" },
    { "operator", MUNI_KIND_TICKET, "import", "all" },
    { "operator", MUNI_KIND_PERSON, "personal", "all" },
    { "operator", MUNI_KIND_PLAN, "plan", "all" },
    { "operator", MUNI_KIND_PLAN, "apply", "all" },
    { "operator", MUNI_KIND_PLAN, "transition", "own" },
    { "approver", "*", "read", "all" },
    { "approver", "*", "report", "all" },
    { "approver", MUNI_KIND_PLAN, "approve", "all" },
    { "reader", "*", "read", "all" },
    { "reader", "*", "report", "all" },
};

static muni_status put(muni__tx *tx, muni__row *row, const char *field, const char *text) {
    return muni__row_put_text(&tx->mem, row, muni__row_field(row->kind, field), text, strlen(text));
}

static muni_status make(muni__tx *tx, const char *kind, const char *const *texts, const char *ref1, int64_t id1, const char *ref2, int64_t id2, int64_t *id) {
    const muni__kind *k = muni__kind_find(kind);
    muni__row *row = NULL, *stored = NULL;
    muni_status st = muni__row_new(&tx->mem, k, &row);
    for (; st >= 0 && texts && texts[0]; texts += 2)
        st = put(tx, row, texts[0], texts[1]);
    if (st >= 0 && ref1)
        muni__row_put(row, muni__row_field(k, ref1), muni__val_int(id1));
    if (st >= 0 && ref2)
        muni__row_put(row, muni__row_field(k, ref2), muni__val_int(id2));
    if (st >= 0)
        st = muni__create(tx, k, row, &stored);
    if (st >= 0 && id)
        *id = muni__row_id(stored);
    return st;
}

muni_status muni__access_birth(muni__tx *tx, const char *login, const char *name) {
    int64_t ids[MUNI_COUNT(groups)] = { 0 }, admin = 0;
    muni_status st = MUNI_OK;
    for (size_t i = 0; st >= 0 && i < MUNI_COUNT(groups); i++)
        st = make(tx, MUNI_KIND_GROUP, (const char *const[]){ MUNI_GROUP_CODE, groups[i].code, MUNI_GROUP_NAME, groups[i].name, NULL }, NULL, 0, NULL, 0, &ids[i]);
    for (size_t i = 0; st >= 0 && i < MUNI_COUNT(seeds); i++) {
        int64_t group = 0;
        for (size_t k = 0; k < MUNI_COUNT(groups); k++)
            if (!strcmp(groups[k].code, seeds[i].group))
                group = ids[k];
        st = make(tx, MUNI_KIND_GRANT, (const char *const[]){ MUNI_GRANT_ON, seeds[i].on, MUNI_GRANT_VERB, seeds[i].verb, MUNI_GRANT_SCOPE, seeds[i].scope, NULL },
                  MUNI_GRANT_GROUP, group, NULL, 0, NULL);
    }
    if (st >= 0)
        st = make(tx, MUNI_KIND_PRINCIPAL, (const char *const[]){ MUNI_PRINCIPAL_LOGIN, login, MUNI_PRINCIPAL_NAME, name, NULL }, NULL, 0, NULL, 0, &admin);
    if (st >= 0)
        st = make(tx, MUNI_KIND_MEMBER, NULL, MUNI_MEMBER_GROUP, ids[0], MUNI_MEMBER_PRINCIPAL, admin, NULL);
    return st;
}
