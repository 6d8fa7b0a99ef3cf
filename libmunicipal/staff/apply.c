/* Rules of units, people, posts and accounts: what may be, and what follows from a change, whoever makes it. */
#include "staff/staff.h"

#include "core/textkey.h"
#include "model/model.h"

#define DEPTH_MAX 100 /* of the organisation */

static muni__val *value(const muni__row *row, const char *field) {
    return &row->v[muni__row_field(row->kind, field)];
}

static bool is_null(const muni__val *v) {
    return v->t == MUNI_TYPE_NULL;
}

/* Both ends belong to a period; dates compare as texts. */
static muni_status check_period(const muni__row *row, const char *from_field, const char *to_field) {
    const muni__val *from = value(row, from_field), *to = value(row, to_field);
    if (is_null(from) || is_null(to) || strcmp(from->p, to->p) <= 0)
        return MUNI_OK;
    return muni__fail(MUNI_EGUARD, to_field, "%1$s (%3$s) is before %2$s (%4$s); a period ends on its first day or later", "%1$s（%3$s）が%2$s（%4$s）より前です。終わりの日は始まりの日以後にしてください",
                      to_field, from_field, to->p, from->p);
}

static bool meet(const muni__row *a, const muni__row *b, const char *from_field, const char *to_field) {
    const muni__val *af = value(a, from_field), *at = value(a, to_field), *bf = value(b, from_field), *bt = value(b, to_field);
    return (is_null(at) || strcmp(bf->p, at->p) <= 0) && (is_null(bt) || strcmp(af->p, bt->p) <= 0);
}

static bool in_trash(const muni__row *row) {
    return !is_null(&row->v[MUNI__C_TRASHED_AT]);
}

static muni_status each_with(muni__tx *tx, const muni__kind *kind, const char *field, json_t *v, muni_status (*each)(void *, const muni__row *), void *user) {
    muni__cond *cond = NULL;
    json_t *j = v ? json_pack("{s:s,s:s,s:o}", "field", field, "op", "eq", "value", v) : NULL;
    if (!j)
        return muni__nomem();
    muni_status st = muni__cond_parse(&tx->mem, kind, j, "where", &cond);
    json_decref(j);
    return st < 0 ? st : muni__each(tx, kind, cond, each, user);
}

/* ---- units */

typedef struct other {
    const muni__row *row;
    const char *from, *to;
    bool found;
    int64_t id;
} other;

static muni_status same_time(void *user, const muni__row *row) {
    other *o = user;
    if (muni__row_id(row) != muni__row_id(o->row) && meet(row, o->row, o->from, o->to)) {
        o->found = true;
        o->id = muni__row_id(row);
    }
    return MUNI_OK;
}

static muni_status unit_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    const muni__kind *kind = row->kind;
    const muni__val *code = value(row, MUNI_UNIT_CODE), *parent = value(row, MUNI_UNIT_PARENT);
    other o = { row, MUNI_UNIT_FROM_ON, MUNI_UNIT_TO_ON, false, 0 };
    muni_status st;
    MUNI_TRY(check_period(row, MUNI_UNIT_FROM_ON, MUNI_UNIT_TO_ON));
    if (in_trash(row))
        return MUNI_OK;
    if (!old || in_trash(old) || !muni__val_equal(code, value(old, MUNI_UNIT_CODE)) || !muni__val_equal(value(row, o.from), value(old, o.from)) ||
        !muni__val_equal(value(row, o.to), value(old, o.to))) {
        MUNI_TRY(each_with(tx, kind, MUNI_UNIT_CODE, json_stringn(code->p, code->n), same_time, &o));
        if (o.found)
            return muni__fail(MUNI_EGUARD, MUNI_UNIT_CODE, "another unit has the code %s at the same time; end it first", "同じ期間に所属コード%sの所属があります。先にそちらを終わらせてください", code->p);
    }
    if (old && !is_null(parent) && !muni__val_equal(parent, value(old, MUNI_UNIT_PARENT))) {
        int64_t above = parent->i;
        for (int depth = 0; above; depth++) {
            muni__row *r = NULL;
            if (above == muni__row_id(row) || depth == DEPTH_MAX)
                return muni__fail(MUNI_EGUARD, MUNI_UNIT_PARENT, "the units above would lead back to this one", "上位の所属をたどると自分に戻ってしまいます");
            MUNI_TRY(muni__row_load(tx, kind, above, &r));
            above = is_null(value(r, MUNI_UNIT_PARENT)) ? 0 : value(r, MUNI_UNIT_PARENT)->i;
        }
    }
    st = MUNI_OK;
out:
    return st;
}

const muni__hooks muni__unit_hooks = { NULL, unit_validate, NULL };

/* ---- people */

static muni_status person_derive(muni__tx *tx, const muni__row *old, muni__row *row) {
    const muni__val *kana = value(row, MUNI_PERSON_KANA);
    char *key = NULL;
    size_t n = 0;
    if (old && muni__val_equal(kana, value(old, MUNI_PERSON_KANA)))
        return MUNI_OK;
    if (is_null(kana)) {
        *value(row, MUNI_PERSON_KANA_SORT) = MUNI_NULL_VAL;
        return MUNI_OK;
    }
    muni_status st = muni__kanakey(kana->p, kana->n, &key, &n);
    if (st >= 0) {
        char *copy = muni__arena_strndup(&tx->mem, key, n);
        if (copy)
            *value(row, MUNI_PERSON_KANA_SORT) = muni__val_text(copy, n);
        else
            st = MUNI_ENOMEM;
    }
    muni__free(key);
    return st;
}

static muni_status person_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    (void)tx;
    (void)old;
    return check_period(row, MUNI_PERSON_HIRED_ON, MUNI_PERSON_RETIRED_ON);
}

const muni__hooks muni__person_hooks = { person_derive, person_validate, NULL };

/* ---- posts */

static bool is_main(const muni__row *post) {
    const muni__val *v = value(post, MUNI_POST_CONCURRENT);
    return is_null(v) || strcmp(v->p, "concurrent") != 0;
}

static muni_status another_main(void *user, const muni__row *row) {
    return is_main(row) ? same_time(user, row) : MUNI_OK;
}

static muni_status post_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    other o = { row, MUNI_POST_FROM_ON, MUNI_POST_TO_ON, false, 0 };
    muni_status st;
    MUNI_TRY(check_period(row, MUNI_POST_FROM_ON, MUNI_POST_TO_ON));
    if (in_trash(row) || !is_main(row))
        return MUNI_OK;
    if (old && !in_trash(old) && is_main(old) && muni__val_equal(value(row, o.from), value(old, o.from)) && muni__val_equal(value(row, o.to), value(old, o.to)))
        return MUNI_OK;
    MUNI_TRY(each_with(tx, row->kind, MUNI_POST_PERSON, json_integer(value(row, MUNI_POST_PERSON)->i), another_main, &o));
    if (o.found)
        return muni__fail(MUNI_EGUARD, MUNI_POST_FROM_ON, "the person holds another main post at that time (post %lld); end it first, or make one concurrent",
                          "その期間には別の本務があります（職 %lld）。先にそちらを終わらせるか、兼務にしてください", (long long)o.id);
out:
    return st;
}

typedef struct today {
    const char *day;
    const muni__row *main;
    int64_t unit;
} today;

static muni_status held_today(void *user, const muni__row *row) {
    today *t = user;
    const muni__val *to = value(row, MUNI_POST_TO_ON);
    if (is_main(row) && strcmp(value(row, MUNI_POST_FROM_ON)->p, t->day) <= 0 && (is_null(to) || strcmp(to->p, t->day) >= 0))
        t->unit = value(row, MUNI_POST_UNIT)->i;
    return MUNI_OK;
}

/* The person's unit is that of the main post held today. */
static muni_status post_after(muni__tx *tx, const muni__row *old, const muni__row *row) {
    const muni__kind *people = muni__kind_find(MUNI_KIND_PERSON);
    int64_t id = value(row, MUNI_POST_PERSON)->i;
    int32_t at = muni__row_field(people, MUNI_PERSON_UNIT);
    char day[MUNI__DATE_SIZE];
    muni__row *person = NULL, *patch = NULL;
    today t = { day, NULL, 0 };
    muni_status st;
    (void)old;
    if (!is_main(row) && (!old || !is_main(old)))
        return MUNI_OK;
    muni__date_format_iso(muni__tx_today(tx), day);
    MUNI_TRY(each_with(tx, row->kind, MUNI_POST_PERSON, json_integer(id), held_today, &t));
    MUNI_TRY(muni__row_load(tx, people, id, &person));
    muni__val unit = t.unit ? muni__val_int(t.unit) : MUNI_NULL_VAL;
    if (in_trash(person) || muni__val_equal(&person->v[at], &unit))
        return MUNI_OK;
    MUNI_TRY(muni__row_new(&tx->mem, people, &patch));
    muni__row_put(patch, at, unit);
    MUNI_TRY(muni__update(tx, people, id, 0, patch, NULL));
out:
    return st;
}

const muni__hooks muni__post_hooks = { NULL, post_validate, post_after };

/* ---- accounts */

/* Accounts of the same system and name, through their index. */
static muni_status each_namesake(muni__tx *tx, const muni__row *row, other *o) {
    const muni__val *name = value(row, MUNI_ACCOUNT_NAME), *system = value(row, MUNI_ACCOUNT_SYSTEM);
    muni__cond *cond = NULL;
    json_t *j = json_pack("{s:[{s:s,s:s,s:s%},{s:s,s:s,s:s%}]}", "all", "field", MUNI_ACCOUNT_SYSTEM, "op", "eq", "value", system->p, system->n, "field", MUNI_ACCOUNT_NAME, "op",
                          "eq", "value", name->p, name->n);
    if (!j)
        return muni__nomem();
    muni_status st = muni__cond_parse(&tx->mem, row->kind, j, "where", &cond);
    json_decref(j);
    return st < 0 ? st : muni__each(tx, row->kind, cond, same_time, o);
}

static muni_status account_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    other o = { row, MUNI_ACCOUNT_FROM_ON, MUNI_ACCOUNT_TO_ON, false, 0 };
    const muni__val *name = value(row, MUNI_ACCOUNT_NAME);
    muni__quoted q;
    muni_status st;
    MUNI_TRY(check_period(row, o.from, o.to));
    if (in_trash(row))
        return MUNI_OK;
    if (old && !in_trash(old) && muni__val_equal(value(row, o.from), value(old, o.from)) && muni__val_equal(value(row, o.to), value(old, o.to)))
        return MUNI_OK;
    MUNI_TRY(muni__conn_rule(tx->conn, "account"));
    MUNI_TRY(each_namesake(tx, row, &o));
    if (o.found)
        return muni__fail(MUNI_EUNIQUE, MUNI_ACCOUNT_NAME, "there is an account \"%s\" in that system at that time", "その期間、そのシステムにはアカウント「%s」がすでにあります",
                          muni__quote(&q, name->p, name->n));
out:
    return st;
}

const muni__hooks muni__account_hooks = { NULL, account_validate, NULL };
