/* Running a report: its parameters, its rows and columns, one GROUP BY, and the sealed table that comes out. */
#include "report/report.h"

#include "core/date.h"
#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>

#define PARAMS_MAX ((size_t)64 << 10)

const muni__title muni__report_total = { "合計", "Total" };

typedef struct run {
    muni__tx *tx;
    const muni__definition *definition;
    muni__report_def def;
    json_t *values[MUNI__REPORT_PARAMS]; /* owned */
    muni_report *r;
    struct axis {
        const muni__axis_def *def;
        muni__axis *out;
        size_t cap, known;
        int32_t *slots; /* open addressing: item + 1 */
        size_t nslots;
        int64_t *bounds; /* of buckets: what begins all but the first */
        size_t nbounds;
    } rows, columns;
    struct cell {
        uint32_t row, column;
        int64_t figure;
    } *cells;
    size_t ncells, cap;
    enum { CELLS, ROW_TOTALS, COLUMN_TOTALS, TOTAL } what; /* being read */
    struct cell *of_rows, *of_columns; /* figures that are not sums of parts */
    size_t nof_rows, nof_columns, of_rows_cap, of_columns_cap;
    int64_t total;
} run;

/* ---- parameters */

static muni_status no_param(const run *c, const char *key, size_t n) {
    muni__quoted q;
    const muni__report_def *d = &c->def;
    const char *shown = muni__quote(&q, key, n), *near = muni__nearest(key, d->params, d->nparams, sizeof *d->params);
    if (near)
        return muni__fail(MUNI_EFIELD, shown, "the report %1$s has no parameter \"%2$s\"; did you mean \"%3$s\"?", "帳票%1$sにパラメーター「%2$s」はありません。「%3$s」ではありませんか",
                          c->definition->name, shown, near);
    return muni__fail(MUNI_EFIELD, shown, "the report %s has no parameter \"%s\"", "帳票%sにパラメーター「%s」はありません", c->definition->name, shown);
}

static muni_status read_params(run *c, const char *params) {
    muni__report_def *d = &c->def;
    json_t *j = NULL;
    muni_status st = MUNI_OK;
    if (params)
        MUNI_TRY(muni__json_load(params, MUNI_ZERO_TERMINATED, PARAMS_MAX, "params", &j));
    if (j && !json_is_object(j)) {
        st = muni__fail(MUNI_EFORMAT, "params", "the parameters are a JSON object, such as {\"fiscal_year\":2023}", "パラメーターは{\"fiscal_year\":2023}のようなJSONのオブジェクトで指定してください");
        goto out;
    }
    for (void *it = json_object_iter(j); it; it = json_object_iter_next(j, it)) {
        const char *key = json_object_iter_key(it);
        size_t n = json_object_iter_key_len(it), i = 0;
        while (i < d->nparams && (strlen(d->params[i].name) != n || memcmp(d->params[i].name, key, n)))
            i++;
        if (i == d->nparams) {
            st = no_param(c, key, n);
            goto out;
        }
        if (json_is_null(json_object_iter_value(it)))
            continue;
        MUNI_TRY(muni__param_check(&d->params[i], json_object_iter_value(it)));
        c->values[i] = json_incref(json_object_iter_value(it));
    }
    for (size_t i = 0; i < d->nparams; i++) {
        const muni__report_param *p = &d->params[i];
        if (!c->values[i] && !p->fallback) {
            st = muni__fail(MUNI_EREQUIRED, p->name, "the report %1$s needs the parameter \"%2$s\" (%4$s)%3$.0s", "帳票%1$sにはパラメーター「%2$s」（%3$s）が必要です%4$.0s", c->definition->name,
                            p->name, p->title.ja, p->title.en);
            goto out;
        }
        if (!c->values[i] && !(c->values[i] = json_deep_copy(p->fallback))) {
            st = muni__nomem();
            goto out;
        }
    }
out:
    json_decref(j);
    return st;
}

/* The fiscal year that an axis is over. */
static muni_status year_of(const run *c, int32_t param, int32_t *out) {
    json_int_t y = json_integer_value(c->values[param]);
    if (y < 1 || y > 9998)
        return muni__fail(MUNI_ETYPE, c->def.params[param].name, "the parameter \"%s\" is a fiscal year from 1 to 9998", "パラメーター「%s」には1から9998までの年度を指定してください",
                          c->def.params[param].name);
    *out = (int32_t)y;
    return MUNI_OK;
}

static const char *keep(run *c, const char *s) {
    return muni__arena_strndup(&c->r->mem, s, strlen(s));
}

static muni_status keep_title(run *c, const muni__title *t, muni__title *out) {
    out->ja = keep(c, t->ja);
    out->en = keep(c, t->en);
    return out->ja && out->en ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status keep_params(run *c) {
    muni_report *r = c->r;
    muni_status st = MUNI_OK;
    r->params = muni__arena_alloc(&r->mem, (c->def.nparams + 1) * sizeof *r->params);
    if (!r->params)
        return MUNI_ENOMEM;
    for (size_t i = 0; st >= 0 && i < c->def.nparams; i++) {
        muni__report_value *v = &r->params[r->nparams++];
        v->name = keep(c, c->def.params[i].name);
        st = v->name ? keep_title(c, &c->def.params[i].title, &v->title) : MUNI_ENOMEM;
        if (json_is_integer(c->values[i])) {
            v->value = muni__val_int(json_integer_value(c->values[i]));
        } else {
            const char *s = keep(c, json_string_value(c->values[i]));
            if (!s)
                return MUNI_ENOMEM;
            v->value = muni__val_text(s, strlen(s));
        }
    }
    return st;
}

/* ---- items of an axis, found by their key */

static uint64_t hash_of(const muni__val *v) {
    if (v->t == MUNI_TYPE_TEXT)
        return muni__text_hash(v->p, v->n);
    uint64_t h = ((uint64_t)v->i ^ (uint64_t)v->t << 56) * 11400714819323198485u;
    return h ^ h >> 29;
}

static bool same_key(const muni__val *a, const muni__val *b) {
    if (a->t != b->t)
        return false;
    return a->t == MUNI_TYPE_TEXT ? a->n == b->n && !memcmp(a->p, b->p, a->n) : a->t == MUNI_TYPE_NULL || a->i == b->i;
}

static int32_t *slot_of(struct axis *a, const muni__val *key) {
    size_t mask = a->nslots - 1, i = (size_t)hash_of(key) & mask;
    while (a->slots[i] && !same_key(&a->out->items[a->slots[i] - 1].key, key))
        i = (i + 1) & mask;
    return &a->slots[i];
}

static muni_status rehash(struct axis *a, size_t nslots) {
    int32_t *slots = muni__alloc_n(nslots, sizeof *slots);
    if (!slots)
        return MUNI_ENOMEM;
    muni__free(a->slots);
    a->slots = slots;
    a->nslots = nslots;
    for (size_t i = 0; i < a->out->count; i++)
        *slot_of(a, &a->out->items[i].key) = (int32_t)i + 1;
    return MUNI_OK;
}

/* One more row or column, unless the table gets too large. Its texts are kept; `*out` may be NULL. */
static muni_status add(run *c, struct axis *a, muni__val key, const muni__title *title, const char *cond, const char *month, size_t *out) {
    const muni__axis *other = a == &c->rows ? c->columns.out : c->rows.out;
    size_t beside = muni__axis_size(other);
    if ((muni__axis_size(a->out) + 1) * (beside ? beside : 1) > MUNI__REPORT_CELLS)
        return muni__fail(MUNI_ELIMIT, NULL, "the report would have more than %d cells; narrow it down by a condition or a parameter", "帳票のマスが%d個を超えます。条件かパラメーターで絞ってください",
                          MUNI__REPORT_CELLS);
    muni_status st = muni__grow(&a->out->items, &a->cap, a->out->count + 1, sizeof *a->out->items);
    if (st >= 0 && (a->out->count + 1) * 2 > a->nslots)
        st = rehash(a, a->nslots ? a->nslots * 2 : 64);
    if (st < 0)
        return st;
    muni__item item = { .key = key };
    if (key.t == MUNI_TYPE_TEXT && !(item.key.p = muni__arena_strndup(&c->r->mem, key.p, key.n)))
        return MUNI_ENOMEM;
    st = keep_title(c, title, &item.title);
    item.cond = keep(c, cond);
    item.month = month ? keep(c, month) : NULL;
    if (st < 0 || !item.cond || (month && !item.month))
        return MUNI_ENOMEM;
    *slot_of(a, &key) = (int32_t)a->out->count + 1;
    if (out)
        *out = a->out->count;
    a->out->items[a->out->count++] = item;
    return MUNI_OK;
}

/* {"field":…,"op":…,"value":…}, canonical; `value` is JSON, NULL for none. */
static void put_cond(muni__buf *b, const muni__field *f, const char *op, const char *value) {
    if (b->n)
        muni__buf_putc(b, ',');
    muni__buf_puts(b, "{\"field\":");
    muni__buf_json(b, f->name, strlen(f->name));
    muni__buf_printf(b, ",\"op\":\"%s\"", op);
    if (value) {
        muni__buf_puts(b, ",\"value\":");
        muni__buf_puts(b, value);
    }
    muni__buf_putc(b, '}');
}

static void put_int_cond(muni__buf *b, const muni__field *f, const char *op, int64_t v) {
    char value[24];
    (void)snprintf(value, sizeof value, "%lld", (long long)v);
    put_cond(b, f, op, value);
}

static const char *taken(muni__buf *b) {
    return b->p ? b->p : "";
}

/* A value as a row or a column. */
static muni_status add_value(run *c, struct axis *a, const muni__val *key, const muni__title *title, size_t *out) {
    static const muni__title none = { "（なし）", "(none)" }, truth[] = { { "いいえ", "No" }, { "はい", "Yes" } };
    muni__buf cond = MUNI_BUF_INIT(1 << 20), value = MUNI_BUF_INIT(1 << 20);
    const json_t *given = NULL;
    muni__title own = { NULL, NULL };
    if (key->t == MUNI_TYPE_NULL) {
        put_cond(&cond, a->out->field, "absent", NULL);
        own = none;
    } else {
        muni__val_json(&value, key, 0);
        put_cond(&cond, a->out->field, "eq", taken(&value));
        if (key->t == MUNI_TYPE_BOOL) {
            own = truth[key->i != 0];
        } else if (key->t == MUNI_TYPE_INT) {
            own = (muni__title){ taken(&value), taken(&value) };
        } else {
            own = (muni__title){ key->p, key->p };
        }
        given = json_object_get(a->def->titles, key->t == MUNI_TYPE_TEXT ? key->p : taken(&value));
    }
    if (given)
        own = (muni__title){ json_string_value(json_object_get(given, "ja")), json_string_value(json_object_get(given, "en")) };
    else if (title)
        own = *title;
    muni_status st = value.st < 0 ? value.st : cond.st;
    if (st >= 0)
        st = add(c, a, *key, &own, taken(&cond), NULL, out);
    muni__buf_free(&cond);
    muni__buf_free(&value);
    return st;
}

/* ---- what an axis shows by itself */

static muni__val key_of(const json_t *j) {
    if (json_is_boolean(j))
        return muni__val_bool(json_is_true(j));
    if (json_is_integer(j))
        return muni__val_int(json_integer_value(j));
    return muni__val_text(json_string_value(j), json_string_length(j));
}

typedef struct states {
    run *c;
    struct axis *a;
    muni__title *titles;     /* of those values that the definition lists */
    size_t count;
} states;

static muni_status add_state(void *user, const char *state, const char *ja, const char *en) {
    states *s = user;
    muni__title title = { ja, en };
    muni__val key = muni__val_text(state, strlen(state));
    if (!s->a->def->values)
        return add_value(s->c, s->a, &key, &title, NULL);
    for (size_t i = 0; i < s->count; i++)
        if (!strcmp(json_string_value(json_array_get(s->a->def->values, i)), state))
            s->titles[i] = title;
    return MUNI_OK;
}

static muni_status show_states(run *c, struct axis *a) {
    states s = { c, a, NULL, json_array_size(a->def->values) };
    muni_status st;
    s.titles = muni__alloc_n(s.count + 1, sizeof *s.titles);
    if (!s.titles)
        return MUNI_ENOMEM;
    st = muni__states_each(c->tx, c->def.kind, add_state, &s);
    for (size_t i = 0; st >= 0 && i < s.count; i++) {
        muni__val key = key_of(json_array_get(a->def->values, i));
        st = add_value(c, a, &key, s.titles[i].ja ? &s.titles[i] : NULL, NULL);
    }
    muni__free(s.titles);
    return st;
}

static muni_status show_code(run *c, struct axis *a, const muni__definition *codes, const char *p, size_t n) {
    char word[65] = ""; /* no code is longer; in a list none ends with a NUL */
    n = n < sizeof word ? n : sizeof word - 1;
    memcpy(word, p, n);
    muni__val key = muni__val_text(word, n);
    if (!codes)
        return add_value(c, a, &key, NULL, NULL);
    muni__title title = { muni__codes_title(codes, word, "ja"), muni__codes_title(codes, word, "en") };
    return add_value(c, a, &key, &title, NULL);
}

static muni_status show_values(run *c, struct axis *a) {
    const muni__field *f = a->out->field;
    const char *list = f == &c->def.kind->fields[MUNI__C_TYPE] ? c->def.kind->types : f->target;
    const muni__definition *codes = NULL;
    const json_t *values = a->def->values;
    bool code = f->type == MUNI__CODE;
    muni_status st = MUNI_OK;
    if (f == &c->def.kind->fields[MUNI__C_STATE])
        return show_states(c, a);
    if (code && list[0] == '@')
        MUNI_TRY(muni__definition_active(c->tx, "codes", list + 1, &codes));
    if (values) {
        for (size_t i = 0; i < json_array_size(values); i++) {
            muni__val key = key_of(json_array_get(values, i));
            MUNI_TRY(code ? show_code(c, a, codes, key.p, key.n) : add_value(c, a, &key, NULL, NULL));
        }
    } else if (codes) {
        const json_t *all = json_object_get(codes->body, "values");
        for (size_t i = 0; i < json_array_size(all); i++) {
            const char *s = json_string_value(json_object_get(json_array_get(all, i), "code"));
            MUNI_TRY(show_code(c, a, codes, s, strlen(s)));
        }
    } else if (code && list[0]) {
        for (const char *p = list;;) {
            size_t n = strcspn(p, "|");
            MUNI_TRY(show_code(c, a, NULL, p, n));
            if (!p[n])
                break;
            p += n + 1;
        }
    } else if (f->type == MUNI__BOOL) {
        for (int i = 1; i >= 0; i--) {
            muni__val key = muni__val_bool(i);
            MUNI_TRY(add_value(c, a, &key, NULL, NULL));
        }
    }
out:
    return st;
}

/* Months, quarters or halves of a fiscal year. */
static muni_status show_year(run *c, struct axis *a) {
    static const char *const english[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" };
    static const int32_t sizes[] = { 1, 3, 6 };
    const muni__field *f = a->out->field;
    int32_t year = 0, size = sizes[a->def->by], count = 12 / size;
    muni__buf cond = MUNI_BUF_INIT(4096);
    muni_status st = year_of(c, a->def->over, &year);
    if (st < 0)
        return st;
    int64_t last = ((int64_t)year + 1) * 100 + 3;
    put_int_cond(&cond, f, "ge", (int64_t)year * 100 + 4);
    put_int_cond(&cond, f, "le", last);
    MUNI_TRY(cond.st);
    a->out->whole = keep(c, taken(&cond));
    a->bounds = muni__alloc_n((size_t)count, sizeof *a->bounds);
    if (!a->out->whole || !a->bounds) {
        st = MUNI_ENOMEM;
        goto out;
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t first = 3 + i * size, next = first + size; /* months from January of `year`, from 0 */
        int64_t from = (int64_t)(year + first / 12) * 100 + first % 12 + 1, to = (int64_t)(year + next / 12) * 100 + next % 12 + 1;
        char ja[32], en[32], month[16], key[16];
        muni__title title = { ja, en };
        muni__buf_clear(&cond);
        (void)snprintf(month, sizeof month, "%04d-%02d", (int)(year + first / 12), (int)(first % 12 + 1));
        if (a->def->by == MUNI__BY_MONTH) {
            put_int_cond(&cond, f, "eq", from);
            (void)snprintf(ja, sizeof ja, "%d月", (int)(first % 12 + 1));
            (void)snprintf(en, sizeof en, "%s", english[first % 12]);
            MUNI_TRY(cond.st);
            MUNI_TRY(add(c, a, muni__val_int(from), &title, taken(&cond), month, NULL));
            continue;
        }
        put_int_cond(&cond, f, "ge", from);
        if (i + 1 < count) {
            put_int_cond(&cond, f, "lt", to);
            a->bounds[a->nbounds++] = to;
        } else {
            put_int_cond(&cond, f, "le", last);
        }
        if (a->def->by == MUNI__BY_QUARTER) {
            (void)snprintf(ja, sizeof ja, "第%d四半期", (int)i + 1);
            (void)snprintf(en, sizeof en, "Quarter %d", (int)i + 1);
        } else {
            (void)snprintf(ja, sizeof ja, "%s半期", i ? "下" : "上");
            (void)snprintf(en, sizeof en, "%s half", i ? "Second" : "First");
        }
        (void)snprintf(key, sizeof key, "%s%d", a->def->by == MUNI__BY_QUARTER ? "Q" : "H", (int)i + 1);
        MUNI_TRY(cond.st);
        MUNI_TRY(add(c, a, muni__val_text(key, strlen(key)), &title, taken(&cond), NULL, NULL));
    }
out:
    muni__buf_free(&cond);
    return st;
}

static muni_status begin_axis(run *c, struct axis *a, const muni__axis_def *def, muni__axis *out, bool total) {
    a->def = def;
    a->out = out;
    out->total = total;
    out->whole = "";
    if (def->field < 0)
        return keep_title(c, &c->def.measured, &out->title);
    out->field = &c->def.kind->fields[def->field];
    return keep_title(c, &def->title, &out->title);
}

static muni_status show(run *c, struct axis *a) {
    muni_status st;
    if (a->def->field < 0)
        st = add(c, a, MUNI_NULL_VAL, &c->r->measured, "", NULL, NULL);
    else
        st = a->def->over >= 0 ? show_year(c, a) : show_values(c, a);
    a->known = a->out->count;
    return st;
}

/* ---- reading */

/* The item of a key that came from the store: its index, made where it is new. */
static muni_status place(run *c, struct axis *a, const muni__val *key, uint32_t *out) {
    muni__val k = *key;
    size_t i = 0;
    if (a->nbounds && k.t == MUNI_TYPE_INT) { /* a bucket */
        *out = (uint32_t)(k.i < 0 || (size_t)k.i >= a->known ? a->known - 1 : (size_t)k.i);
        return MUNI_OK;
    }
    if (k.t == MUNI_TYPE_INT && a->out->field->type == MUNI__BOOL)
        k = muni__val_bool(k.i != 0);
    int32_t slot = a->nslots ? *slot_of(a, &k) : 0;
    if (slot) {
        *out = (uint32_t)slot - 1;
        return MUNI_OK;
    }
    muni_status st = add_value(c, a, &k, NULL, &i);
    *out = (uint32_t)i;
    return st;
}

static muni_status push(struct cell **list, size_t *n, size_t *cap, struct cell cell) {
    muni_status st = muni__grow(list, cap, *n + 1, sizeof **list);
    if (st >= 0)
        (*list)[(*n)++] = cell;
    return st;
}

static muni_status got(void *user, const muni__val *keys, int64_t figure) {
    run *c = user;
    struct cell cell = { 0, 0, figure };
    muni_status st;
    size_t at = 0;
    if (c->what == TOTAL) {
        c->total = figure;
        return MUNI_OK;
    }
    if (c->what != COLUMN_TOTALS && (st = place(c, &c->rows, &keys[at++], &cell.row)) < 0)
        return st;
    if (c->what != ROW_TOTALS && c->columns.out->field && (st = place(c, &c->columns, &keys[at], &cell.column)) < 0)
        return st;
    if (c->what == ROW_TOTALS)
        return push(&c->of_rows, &c->nof_rows, &c->of_rows_cap, cell);
    if (c->what == COLUMN_TOTALS)
        return push(&c->of_columns, &c->nof_columns, &c->of_columns_cap, cell);
    return push(&c->cells, &c->ncells, &c->cap, cell);
}

static muni_status read_cells(run *c) {
    muni__buf json = MUNI_BUF_INIT(MUNI__QUERY_JSON_MAX);
    muni_query *q = NULL;
    const muni__groupby rows = { c->rows.def->field, c->rows.bounds, c->rows.nbounds }, columns = { c->columns.def->field, c->columns.bounds, c->columns.nbounds };
    muni__groupby by[MUNI__GROUPS] = { rows, columns };
    bool adds = muni__measure_adds(c->def.measure.op), table = c->columns.out->field != NULL;
    muni_status st;
    muni__report_query(c->r, SIZE_MAX, SIZE_MAX, &json);
    MUNI_TRY(json.st);
    MUNI_TRY(muni__query_parse(json.p, json.n, &q));
    c->what = CELLS;
    MUNI_TRY(muni__group(c->tx, q, by, table ? 2 : 1, c->def.measure, got, c));
    if (!adds && c->rows.out->total && table) {
        c->what = COLUMN_TOTALS;
        MUNI_TRY(muni__group(c->tx, q, &columns, 1, c->def.measure, got, c));
    }
    if (!adds && c->columns.out->total) {
        c->what = ROW_TOTALS;
        MUNI_TRY(muni__group(c->tx, q, &rows, 1, c->def.measure, got, c));
    }
    if (!adds && c->rows.out->total && (c->columns.out->total || !table)) {
        c->what = TOTAL;
        MUNI_TRY(muni__group(c->tx, q, NULL, 0, c->def.measure, got, c));
    }
out:
    muni__query_unref(q);
    muni__buf_free(&json);
    return st;
}

/* ---- the table */

static int by_key(const void *x, const void *y) {
    const muni__val *a = &((const muni__item *)x)->key, *b = &((const muni__item *)y)->key;
    if ((a->t == MUNI_TYPE_NULL) != (b->t == MUNI_TYPE_NULL))
        return a->t == MUNI_TYPE_NULL ? 1 : -1;
    if (a->t != MUNI_TYPE_TEXT || b->t != MUNI_TYPE_TEXT)
        return (a->i > b->i) - (a->i < b->i);
    size_t n = a->n < b->n ? a->n : b->n;
    int k = n ? memcmp(a->p, b->p, n) : 0;
    return k ? k : (a->n > b->n) - (a->n < b->n);
}

/* What nobody listed stands behind, by its value, what is absent last. `*to` gets the new place of each. */
static muni_status settle(struct axis *a, uint32_t **to) {
    size_t n = a->out->count;
    *to = muni__alloc_n(n + 1, sizeof **to);
    muni__item *old = muni__alloc_n(n + 1, sizeof *old);
    if (!*to || !old) {
        muni__free(old);
        return MUNI_ENOMEM;
    }
    if (n)
        memcpy(old, a->out->items, n * sizeof *old);
    if (n > a->known)
        qsort(a->out->items + a->known, n - a->known, sizeof *a->out->items, by_key);
    muni_status st = rehash(a, a->nslots ? a->nslots : 64);
    for (size_t i = 0; st >= 0 && i < n; i++)
        (*to)[i] = (uint32_t)*slot_of(a, &old[i].key) - 1;
    muni__free(old);
    return st;
}

static muni_status plus(int64_t *to, int64_t v) {
    if (__builtin_add_overflow(*to, v, to))
        return muni__fail(MUNI_ELIMIT, NULL, "a total does not fit 64 bits", "合計が64ビットに収まりません");
    return MUNI_OK;
}

static muni_status fill(run *c) {
    uint32_t *rows = NULL, *columns = NULL;
    muni_report *r = c->r;
    size_t height = muni__axis_size(&r->rows), width = muni__axis_size(&r->columns);
    bool adds = muni__measure_adds(c->def.measure.op);
    muni_status st;
    MUNI_TRY(settle(&c->rows, &rows));
    MUNI_TRY(settle(&c->columns, &columns));
    r->cells = muni__alloc_n(height * width + 1, sizeof *r->cells);
    if (!r->cells) {
        st = MUNI_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < c->ncells; i++) {
        size_t row = rows[c->cells[i].row], column = columns[c->cells[i].column];
        int64_t v = c->cells[i].figure;
        r->cells[row * width + column] = v;
        if (!adds)
            continue;
        if (r->columns.total)
            MUNI_TRY(plus(&r->cells[row * width + r->columns.count], v));
        if (r->rows.total)
            MUNI_TRY(plus(&r->cells[r->rows.count * width + column], v));
        if (r->rows.total && r->columns.total)
            MUNI_TRY(plus(&r->cells[r->rows.count * width + r->columns.count], v));
    }
    for (size_t i = 0; i < c->nof_rows; i++)
        r->cells[rows[c->of_rows[i].row] * width + r->columns.count] = c->of_rows[i].figure;
    for (size_t i = 0; i < c->nof_columns; i++)
        r->cells[r->rows.count * width + columns[c->of_columns[i].column]] = c->of_columns[i].figure;
    if (!adds && r->rows.total && (r->columns.total || !r->columns.field))
        r->cells[height * width - 1] = c->total;
    st = MUNI_OK;
out:
    muni__free(rows);
    muni__free(columns);
    return st;
}

/* ---- all of it */

typedef struct names {
    muni__arena mem;
    const char **list;
    size_t n, cap;
} names;

static muni_status take_name(void *user, const muni__row *row) {
    names *l = user;
    const muni__val *name = &row->v[muni__row_field(row->kind, MUNI_DEFINITION_NAME)];
    muni_status st = muni__grow(&l->list, &l->cap, l->n + 1, sizeof *l->list);
    if (st < 0)
        return st;
    l->list[l->n] = muni__arena_strndup(&l->mem, name->p, name->n);
    return l->list[l->n++] ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status no_report(muni__tx *tx, const char *name) {
    names l = { MUNI_ARENA_INIT, NULL, 0, 0 };
    const muni__kind *kind = muni__kind_find(MUNI_KIND_DEFINITION);
    muni__cond *where = NULL;
    muni__quoted q;
    json_t *j = json_pack("{s:[{s:s,s:s,s:s},{s:s,s:s,s:s}]}", "all", "field", MUNI_DEFINITION_FAMILY, "op", "eq", "value", "report", "field", "state", "op", "eq", "value", "active");
    muni_status st = j ? muni__cond_parse(&l.mem, kind, j, "where", &where) : muni__nomem();
    if (st >= 0)
        st = muni__each(tx, kind, where, take_name, &l);
    if (st >= 0) {
        const char *near = muni__nearest(name, l.list, l.n, sizeof *l.list), *shown = muni__quote(&q, name, strlen(name));
        if (near)
            st = muni__fail(MUNI_ENOTFOUND, "name", "there is no active report \"%s\"; did you mean \"%s\"?", "有効な帳票「%s」はありません。「%s」ではありませんか", shown, near);
        else
            st = muni__fail(MUNI_ENOTFOUND, "name", "there is no active report \"%s\"", "有効な帳票「%s」はありません", shown);
    }
    json_decref(j);
    muni__free(l.list);
    muni__arena_free(&l.mem);
    return st;
}

/* Conditions of every cell: those of the definition, taken out of their "all". */
static muni_status keep_base(run *c) {
    muni__buf b = MUNI_BUF_INIT(MUNI__QUERY_JSON_MAX);
    json_t *where = NULL;
    muni_status st;
    MUNI_TRY(muni__report_where(&c->r->mem, &c->def, c->values, &where));
    const json_t *all = json_object_get(where, "all");
    if (json_is_array(all)) {
        for (size_t i = 0; i < json_array_size(all); i++) {
            if (i)
                muni__buf_putc(&b, ',');
            muni__json_write(&b, json_array_get(all, i));
        }
    } else if (where) {
        muni__json_write(&b, where);
    }
    MUNI_TRY(b.st);
    c->r->base = keep(c, taken(&b));
    st = c->r->base ? MUNI_OK : MUNI_ENOMEM;
out:
    json_decref(where);
    muni__buf_free(&b);
    return st;
}

static muni_status run_all(run *c, const char *name, const char *params) {
    muni__tx *tx = c->tx;
    muni_report *r = c->r;
    muni_status st = muni__definition_active(tx, "report", name, &c->definition);
    if (st == MUNI_EDEFINITION)
        return no_report(tx, name);
    if (st < 0)
        return st;
    MUNI_TRY(muni__report_def_read(c->definition->body, &c->def));
    if (!muni__scopes_any(tx, c->def.kind, MUNI__V_REPORT)) {
        (void)muni__fail(MUNI_EDENIED, "name", "the session has no right to run reports on %1$s%2$.0s", "%2$sの帳票を実行する権限がありません%1$.0s", c->def.kind->name, c->def.kind->ja);
        muni__fail_place(c->def.kind->name, 0, 0);
        return MUNI_EDENIED;
    }
    MUNI_TRY(read_params(c, params));
    r->kind = c->def.kind;
    r->measure = c->def.measure;
    r->run_at = tx->now;
    r->utc_offset = tx->utc_offset;
    r->test = tx->db->test;
    r->name = keep(c, c->definition->name);
    if (!r->name) {
        st = MUNI_ENOMEM;
        goto out;
    }
    MUNI_TRY(keep_title(c, &c->def.title, &r->title));
    MUNI_TRY(keep_title(c, &c->def.measured, &r->measured));
    MUNI_TRY(keep_params(c));
    MUNI_TRY(keep_base(c));
    MUNI_TRY(begin_axis(c, &c->rows, &c->def.rows, &r->rows, c->def.column_totals));
    MUNI_TRY(begin_axis(c, &c->columns, &c->def.columns, &r->columns, c->def.row_totals));
    MUNI_TRY(show(c, &c->columns));
    MUNI_TRY(show(c, &c->rows));
    MUNI_TRY(read_cells(c));
    st = fill(c);
out:
    return st;
}

muni_status muni__report_run(muni__tx *tx, const char *name, const char *params, muni_report **out) {
    run c = { .tx = tx };
    *out = NULL;
    c.r = muni__alloc(sizeof *c.r);
    if (!c.r)
        return MUNI_ENOMEM;
    c.r->refs = 1;
    muni_status st = run_all(&c, name, params);
    for (size_t i = 0; i < c.def.nparams; i++)
        json_decref(c.values[i]);
    muni__free(c.rows.slots);
    muni__free(c.rows.bounds);
    muni__free(c.columns.slots);
    muni__free(c.columns.bounds);
    muni__free(c.cells);
    muni__free(c.of_rows);
    muni__free(c.of_columns);
    if (st < 0) {
        muni_report_unref(c.r);
        return st;
    }
    *out = c.r;
    return MUNI_OK;
}
