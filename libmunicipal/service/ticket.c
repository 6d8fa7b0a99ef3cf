/* Tickets: what follows from what is given. */
#include "service/service.h"

#include "core/date.h"
#include "core/textkey.h"

static muni__val *value(muni__row *row, const char *field) {
    return &row->v[muni__row_field(row->kind, field)];
}

static bool same(const muni__row *old, const muni__row *row, const char *field) {
    int32_t i = muni__row_field(row->kind, field);
    return old && muni__val_equal(&old->v[i], &row->v[i]);
}

#define PRIORITIES "ticket-priority" /* the matrix */

static const json_t *cell_of(const json_t *body, const char *impact, const char *urgency) {
    size_t i;
    json_t *cell;
    json_array_foreach (json_object_get(body, "cells"), i, cell)
        if (!strcmp(json_string_value(json_array_get(cell, 0)), impact) && !strcmp(json_string_value(json_array_get(cell, 1)), urgency))
            return cell;
    return NULL;
}

/* The value at `*at` of a list "a|b|c", cut into `out`; moves on. False at its end. */
static bool next_value(const char **at, char *out, size_t size) {
    size_t n = strcspn(*at, "|");
    if (!n || n >= size)
        return false;
    memcpy(out, *at, n);
    out[n] = 0;
    *at += n + ((*at)[n] == '|');
    return true;
}

muni_status muni__ticket_matrix_check(const char *name, const json_t *body) {
    const muni__kind *kind = muni__kind_find(MUNI_KIND_TICKET);
    const char *rows = kind->fields[muni__row_field(kind, MUNI_TICKET_IMPACT)].target;
    const char *columns = kind->fields[muni__row_field(kind, MUNI_TICKET_URGENCY)].target;
    char *key = NULL, impact[32], urgency[32];
    size_t i;
    json_t *cell;
    muni_status st = muni__idkey(name, strlen(name), &key, &i); /* definitions are found by the folded form of their names */
    if (st < 0)
        return st;
    bool ours = !strcmp(key, PRIORITIES);
    muni__free(key);
    if (!ours)
        return MUNI_OK;
    while (next_value(&rows, impact, sizeof impact))
        for (const char *c = columns; next_value(&c, urgency, sizeof urgency);)
            if (!cell_of(body, impact, urgency))
                return muni__fail(MUNI_EDEFINITION, "cells", "the matrix " PRIORITIES " has no cell for %s × %s", "マトリクス" PRIORITIES "に%s×%sのマスがありません", impact, urgency);
    json_array_foreach (json_object_get(body, "cells"), i, cell) {
        json_int_t priority = json_integer_value(json_array_get(cell, 2));
        if (priority < 1 || priority > 5)
            return muni__fail(MUNI_EDEFINITION, "cells", "cell %zu: a priority is a number from 1 (first) to 5", "%zu番目のマス: 優先度は1（最優先）から5の整数です", i + 1);
    }
    return MUNI_OK;
}

/* Impact × urgency → priority by the matrix definition; absent while either is. */
static muni_status prioritise(muni__tx *tx, muni__row *row) {
    const muni__val *impact = value(row, MUNI_TICKET_IMPACT), *urgency = value(row, MUNI_TICKET_URGENCY);
    const muni__definition *d = NULL;
    muni__val *priority = value(row, MUNI_TICKET_PRIORITY);
    *priority = MUNI_NULL_VAL;
    if (impact->t == MUNI_TYPE_NULL || urgency->t == MUNI_TYPE_NULL)
        return MUNI_OK;
    muni_status st = muni__definition_active(tx, "matrix", PRIORITIES, &d);
    if (st < 0)
        return st;
    const json_t *cell = cell_of(d->body, impact->p, urgency->p);
    if (!cell) /* of a version that was activated before it was checked */
        return muni__fail(MUNI_EDEFINITION, MUNI_TICKET_PRIORITY, "the matrix " PRIORITIES " has no cell for %s × %s", "マトリクス" PRIORITIES "に%s×%sのマスがありません", impact->p, urgency->p);
    *priority = muni__val_int(json_integer_value(json_array_get(cell, 2)));
    return MUNI_OK;
}

typedef struct posting {
    const char *day;
    int64_t unit;
    bool main;
} posting;

static muni_status held(void *user, const muni__row *post) {
    posting *p = user;
    const muni__kind *kind = post->kind;
    const muni__val *from = &post->v[muni__row_field(kind, MUNI_POST_FROM_ON)], *to = &post->v[muni__row_field(kind, MUNI_POST_TO_ON)];
    const muni__val *concurrent = &post->v[muni__row_field(kind, MUNI_POST_CONCURRENT)];
    bool main_post = concurrent->t != MUNI_TYPE_TEXT || strcmp(concurrent->p, "concurrent") != 0;
    if (strcmp(from->p, p->day) > 0 || (to->t != MUNI_TYPE_NULL && strcmp(to->p, p->day) < 0) || (p->main && !main_post))
        return MUNI_OK;
    if (!p->unit || main_post) {
        p->unit = post->v[muni__row_field(kind, MUNI_POST_UNIT)].i;
        p->main = main_post;
    }
    return MUNI_OK;
}

/* The unit that the reporter belonged to on the day, by their main post; none is no fault. */
static muni_status locate(muni__tx *tx, muni__row *row, const char *day) {
    const muni__kind *post = muni__kind_find(MUNI_KIND_POST);
    posting p = { day, 0, false };
    muni_status st = muni__each_of(tx, post, MUNI_POST_PERSON, value(row, MUNI_TICKET_REPORTER)->i, held, &p);
    if (st >= 0 && p.unit)
        *value(row, MUNI_TICKET_UNIT) = muni__val_int(p.unit);
    return st;
}

static muni_status derive(muni__tx *tx, const muni__row *old, muni__row *row) {
    int32_t day = 0, year = 0, month = 0;
    char iso[MUNI__DATE_SIZE];
    muni_status st;
    if (value(row, MUNI_TICKET_REPORTED_AT)->t == MUNI_TYPE_NULL)
        *value(row, MUNI_TICKET_REPORTED_AT) = muni__val_time(tx->now);
    if (!same(old, row, MUNI_TICKET_REPORTED_AT)) {
        MUNI_TRY(muni__day_of_time(value(row, MUNI_TICKET_REPORTED_AT)->i, tx->utc_offset, &day, NULL));
        muni__day_to_civil(day, &year, &month, NULL);
        *value(row, MUNI_TICKET_FISCAL_YEAR) = muni__val_int(muni__fiscal_year(day));
        *value(row, MUNI_TICKET_MONTH) = muni__val_int((int64_t)year * 100 + month);
        if (!old && value(row, MUNI_TICKET_REPORTER)->t == MUNI_TYPE_INT && value(row, MUNI_TICKET_UNIT)->t == MUNI_TYPE_NULL) {
            muni__date_format_iso(day, iso);
            MUNI_TRY(locate(tx, row, iso));
        }
    }
    if (!same(old, row, MUNI_TICKET_IMPACT) || !same(old, row, MUNI_TICKET_URGENCY))
        MUNI_TRY(prioritise(tx, row));
    st = MUNI_OK;
out:
    return st;
}

const muni__hooks muni__ticket_hooks = { derive, NULL, NULL };
