/* Report definitions: read, and checked when they are saved. */
#include "report/report.h"

#include "core/date.h"

static const char *const type_names[] = { "int", "text", "date" };
static const char *const by_names[] = { "month", "quarter", "half" };

muni_status muni__report_bad(const muni__at *at, const char *en, const char *ja) {
    muni__at_text t;
    return muni__fail(MUNI_EDEFINITION, muni__at_write(&t, at), "%1$s%2$.0s", "%1$.0s%2$s", en, ja);
}

/* What the condition language says of a definition is a fault of the definition. */
static muni_status as_definition(muni_status st) {
    muni__error e;
    if (st >= 0 || st == MUNI_ENOMEM || st == MUNI_EDEFINITION)
        return st;
    muni__error_save(&e);
    (void)muni__fail(MUNI_EDEFINITION, e.field, "%1$s%2$.0s", "%1$.0s%2$s", e.en, e.ja);
    return MUNI_EDEFINITION;
}

muni_status muni__report_members(const json_t *j, const muni__at *at, const char *const *names, size_t count) {
    if (!json_is_object(j))
        return muni__report_bad(at, "it must be a JSON object", "JSONのオブジェクトにしてください");
    for (void *it = json_object_iter((json_t *)(uintptr_t)j); it; it = json_object_iter_next((json_t *)(uintptr_t)j, it)) {
        const char *key = json_object_iter_key(it);
        size_t n = json_object_iter_key_len(it), k = 0;
        muni__quoted q;
        while (k < count && (strlen(names[k]) != n || memcmp(names[k], key, n)))
            k++;
        if (k < count)
            continue;
        muni__at here = { at, key, 0 };
        muni__at_text t;
        const char *near = muni__nearest(key, names, count, sizeof *names);
        if (near)
            return muni__fail(MUNI_EDEFINITION, muni__at_write(&t, &here), "there is no member \"%s\" here; did you mean \"%s\"?",
                              "ここに「%s」は置けません。「%s」ではありませんか", muni__quote(&q, key, n), near);
        return muni__fail(MUNI_EDEFINITION, muni__at_write(&t, &here), "there is no member \"%s\" here", "ここに「%s」は置けません", muni__quote(&q, key, n));
    }
    return MUNI_OK;
}

/* A text of one line. */
static const char *line_of(const json_t *j) {
    const char *s = json_string_value(j);
    size_t n = json_string_length(j);
    if (!s || !n || n > 800)
        return NULL;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return NULL;
    return s;
}

static muni_status read_title(const json_t *j, const muni__at *at, bool bare, muni__title *out) {
    static const char *const members[] = { "ja", "en" };
    if (!bare) {
        muni_status st = muni__report_members(j, at, members, MUNI_COUNT(members));
        if (st < 0)
            return st;
    }
    out->ja = line_of(json_object_get(j, "ja"));
    out->en = line_of(json_object_get(j, "en"));
    if (!out->ja || !out->en)
        return muni__report_bad(at, "it needs a title in \"ja\" and in \"en\", each one line of at most 800 bytes", "表題をjaとenに、それぞれ800バイト以内の1行で指定してください");
    return MUNI_OK;
}

/* ---- parameters */

/* May a name stand in {"param":…} and in the parameters of a call? */
static bool is_name(const char *s, size_t n) {
    if (!s || !n || n > 64 || s[0] < 'a' || s[0] > 'z')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= '0' && s[i] <= '9') || s[i] == '_'))
            return false;
    return true;
}

muni_status muni__param_check(const muni__report_param *p, const json_t *value) {
    const char *s = json_string_value(value);
    size_t n = json_string_length(value);
    int32_t day;
    switch (p->type) {
    case MUNI__P_INT:
        if (json_is_integer(value))
            return MUNI_OK;
        return muni__fail(MUNI_ETYPE, p->name, "the parameter \"%s\" is a whole number, such as 2023", "パラメーター「%s」には2023のような整数を指定してください", p->name);
    case MUNI__P_TEXT:
        if (s && n && n <= 1000 && !memchr(s, 0, n))
            return MUNI_OK;
        return muni__fail(MUNI_ETYPE, p->name, "the parameter \"%s\" is a text of 1 to 1,000 bytes", "パラメーター「%s」には1から1,000バイトの文字列を指定してください", p->name);
    default:
        if (s && muni__date_read(s, n, &day))
            return MUNI_OK;
        return muni__fail(MUNI_ETYPE, p->name, "the parameter \"%s\" is a date such as 2023-04-01", "パラメーター「%s」には2023-04-01のような日付を指定してください", p->name);
    }
}

static muni_status read_param(const json_t *j, const muni__at *at, muni__report_def *d) {
    static const char *const members[] = { "name", "type", "ja", "en", "required", "default" };
    muni__report_param *p = &d->params[d->nparams];
    muni_status st = muni__report_members(j, at, members, MUNI_COUNT(members));
    if (st < 0)
        return st;
    const json_t *name = json_object_get(j, "name"), *required = json_object_get(j, "required");
    const char *type = json_string_value(json_object_get(j, "type"));
    muni__at at_name = { at, "name", 0 }, at_type = { at, "type", 0 }, at_required = { at, "required", 0 }, at_default = { at, "default", 0 };
    if (!is_name(json_string_value(name), json_string_length(name)))
        return muni__report_bad(&at_name, "a parameter has a name of at most 64 small letters, digits and _, beginning with a letter",
                                "パラメーター名は英小文字で始まる64文字以内の英小文字、数字、_です");
    p->name = json_string_value(name);
    for (size_t i = 0; i < d->nparams; i++)
        if (!strcmp(d->params[i].name, p->name))
            return muni__report_bad(&at_name, "another parameter has this name", "同じ名前のパラメーターがあります");
    size_t t = 0;
    while (t < MUNI__P_COUNT && (!type || strcmp(type, type_names[t])))
        t++;
    if (t == MUNI__P_COUNT)
        return muni__report_bad(&at_type, "the type of a parameter is \"int\", \"text\" or \"date\"", "パラメーターの型は「int」「text」「date」のいずれかです");
    p->type = (muni__param_type)t;
    st = read_title(j, at, true, &p->title);
    if (st < 0)
        return st;
    if (required && !json_is_boolean(required))
        return muni__report_bad(&at_required, "it is true or false", "trueかfalseです");
    p->fallback = json_object_get(j, "default");
    if (json_is_true(required) == (p->fallback != NULL))
        return muni__report_bad(p->fallback ? &at_default : &at_required, "a parameter is either required or has a default", "パラメーターは必須にするか、既定値（default）を指定するかのどちらかです");
    if (p->fallback) {
        st = muni__param_check(p, p->fallback);
        if (st < 0)
            return muni__report_bad(&at_default, "the default is not of the parameter's type", "既定値がパラメーターの型に合いません");
    }
    d->nparams++;
    return MUNI_OK;
}

static int32_t param_find(const muni__report_def *d, const char *name) {
    for (size_t i = 0; name && i < d->nparams; i++)
        if (!strcmp(d->params[i].name, name))
            return (int32_t)i;
    return -1;
}

static muni_status no_param(const muni__report_def *d, const muni__at *at, const json_t *name) {
    muni__at_text t;
    muni__quoted q;
    const char *s = json_string_value(name), *near = s ? muni__nearest(s, d->params, d->nparams, sizeof *d->params) : NULL;
    if (!s)
        return muni__report_bad(at, "a parameter is named by a text", "パラメーター名は文字列で指定してください");
    if (near)
        return muni__fail(MUNI_EDEFINITION, muni__at_write(&t, at), "there is no parameter \"%s\"; did you mean \"%s\"?", "パラメーター「%s」はありません。「%s」ではありませんか",
                          muni__quote(&q, s, strlen(s)), near);
    return muni__fail(MUNI_EDEFINITION, muni__at_write(&t, at), "there is no parameter \"%s\"; declare it in params", "パラメーター「%s」はありません。paramsに書いてください",
                      muni__quote(&q, s, strlen(s)));
}

/* ---- axes */

/* May a field have this value, as a row or a column? */
static bool fits(const muni__kind *kind, const muni__field *f, const json_t *v) {
    const char *s = json_string_value(v), *list = f == &kind->fields[MUNI__C_TYPE] ? kind->types : f->target;
    size_t n = json_string_length(v);
    if (f->type == MUNI__INT)
        return json_is_integer(v);
    if (f->type == MUNI__BOOL)
        return json_is_boolean(v);
    return s && n && n <= 64 && !memchr(s, 0, n) && (!list[0] || list[0] == '@' || muni__list_has(list, s, n));
}

static muni_status read_values(const muni__kind *kind, const muni__field *f, const json_t *j, const muni__at *at) {
    if (!json_is_array(j) || !json_array_size(j) || json_array_size(j) > MUNI__REPORT_VALUES)
        return muni__report_bad(at, "it is a list of 1 to 1,000 values", "1から1,000個の値の並びです");
    for (size_t i = 0; i < json_array_size(j); i++) {
        muni__at here = { at, NULL, i };
        if (!fits(kind, f, json_array_get(j, i)))
            return muni__report_bad(&here, "the field cannot have this value", "項目がとれない値です");
        for (size_t k = 0; k < i; k++)
            if (json_equal(json_array_get(j, i), json_array_get(j, k)))
                return muni__report_bad(&here, "the value stands twice", "同じ値が2回あります");
    }
    return MUNI_OK;
}

static muni_status read_titles(const json_t *j, const muni__at *at) {
    muni__title title;
    muni_status st = MUNI_OK;
    if (!json_is_object(j) || json_object_size(j) > MUNI__REPORT_VALUES)
        return muni__report_bad(at, "it is an object: value → {\"ja\":…,\"en\":…}, at most 1,000", "値→{\"ja\":…,\"en\":…}のオブジェクトで、1,000個までです");
    for (void *it = json_object_iter((json_t *)(uintptr_t)j); it && st >= 0; it = json_object_iter_next((json_t *)(uintptr_t)j, it)) {
        muni__at here = { at, json_object_iter_key(it), 0 };
        st = read_title(json_object_iter_value(it), &here, false, &title);
    }
    return st;
}

static muni_status read_axis(const muni__report_def *d, const json_t *j, const muni__at *at, muni__axis_def *out) {
    static const char *const members[] = { "field", "title", "over", "by", "values", "titles" };
    const json_t *title = json_object_get(j, "title"), *over = json_object_get(j, "over"), *by = json_object_get(j, "by"), *field = json_object_get(j, "field");
    muni__at at_field = { at, "field", 0 }, at_title = { at, "title", 0 }, at_over = { at, "over", 0 }, at_by = { at, "by", 0 }, at_values = { at, "values", 0 },
             at_titles = { at, "titles", 0 };
    muni__path path;
    *out = (muni__axis_def){ .field = -1, .over = -1 };
    muni_status st = muni__report_members(j, at, members, MUNI_COUNT(members));
    if (st < 0)
        return st;
    if (!json_is_string(field))
        return muni__report_bad(&at_field, "it needs the name of a field", "項目名（field）を指定してください");
    st = as_definition(muni__path_parse(d->kind, json_string_value(field), json_string_length(field), &at_field, &path));
    if (st < 0)
        return st;
    const muni__field *f = muni__path_field(&path);
    if (path.hops || !muni__group_field(f))
        return muni__report_bad(&at_field, "rows and columns are made of a field CODE, INT or BOOL of the record itself", "行と列にできるのは、そのレコード自身のCODE、INT、BOOLの項目です");
    out->field = path.field[0];
    out->title = (muni__title){ f->ja, f->en };
    if (title && (st = read_title(title, &at_title, false, &out->title)) < 0)
        return st;
    out->values = json_object_get(j, "values");
    out->titles = json_object_get(j, "titles");
    if (over) {
        out->over = param_find(d, json_string_value(over));
        if (out->over < 0)
            return no_param(d, &at_over, over);
        if (f->type != MUNI__INT || d->params[out->over].type != MUNI__P_INT)
            return muni__report_bad(&at_over, "a fiscal year is a parameter of type int, and the field an INT that holds months as YYYYMM",
                                    "年度はint型のパラメーターで、項目は年月（YYYYMM）を持つINTです");
        if (out->values || out->titles)
            return muni__report_bad(out->values ? &at_values : &at_titles, "the months of a year are given by the year", "年度の月は年度から決まります");
    }
    if (by) {
        size_t k = 0;
        while (k < MUNI__BY_COUNT && (!json_is_string(by) || strcmp(json_string_value(by), by_names[k])))
            k++;
        if (k == MUNI__BY_COUNT || !over)
            return muni__report_bad(&at_by, "it is \"month\", \"quarter\" or \"half\", beside \"over\"", "「over」とともに「month」「quarter」「half」のいずれかを指定してください");
        out->by = (muni__by)k;
    }
    if (out->values && (st = read_values(d->kind, f, out->values, &at_values)) < 0)
        return st;
    return out->titles ? read_titles(out->titles, &at_titles) : MUNI_OK;
}

/* ---- the whole */

muni_status muni__report_def_read(const json_t *body, muni__report_def *out) {
    static const char *const members[] = { "title", "kind", "where", "params", "rows", "columns", "measure", "totals" };
    static const char *const totals_members[] = { "rows", "columns" };
    muni__at at_title = { NULL, "title", 0 }, at_kind = { NULL, "kind", 0 }, at_params = { NULL, "params", 0 }, at_rows = { NULL, "rows", 0 },
             at_columns = { NULL, "columns", 0 }, at_totals = { NULL, "totals", 0 }, at_body = { NULL, "body", 0 };
    muni_status st;
    *out = (muni__report_def){ .columns = { .field = -1, .over = -1 } };
    if (!json_is_object(body))
        return muni__report_bad(&at_body, "the body of a definition is a JSON object", "定義の本体はJSONのオブジェクトです");
    MUNI_TRY(muni__report_members(body, NULL, members, MUNI_COUNT(members)));
    MUNI_TRY(read_title(json_object_get(body, "title"), &at_title, false, &out->title));
    const json_t *kind = json_object_get(body, "kind"), *params = json_object_get(body, "params"), *totals = json_object_get(body, "totals");
    if (!json_is_string(kind))
        return muni__report_bad(&at_kind, "it needs the name of a kind, such as \"ticket\"", "「ticket」などの種類名（kind）を指定してください");
    MUNI_TRY(as_definition(muni__kind_get(json_string_value(kind), &out->kind)));
    if (out->kind->flags & MUNI__K_INTERNAL)
        return muni__report_bad(&at_kind, "records of this kind are the library's own", "ライブラリが内部で使う種類です");
    if (params && (!json_is_array(params) || json_array_size(params) > MUNI__REPORT_PARAMS))
        return muni__report_bad(&at_params, "it is a list of at most 20 parameters", "20個までのパラメーターの並びです");
    for (size_t i = 0; i < json_array_size(params); i++) {
        muni__at here = { &at_params, NULL, i };
        MUNI_TRY(read_param(json_array_get(params, i), &here, out));
    }
    MUNI_TRY(read_axis(out, json_object_get(body, "rows"), &at_rows, &out->rows));
    if (json_object_get(body, "columns")) {
        MUNI_TRY(read_axis(out, json_object_get(body, "columns"), &at_columns, &out->columns));
        if (out->rows.field == out->columns.field)
            return muni__report_bad(&at_columns, "rows and columns are of different fields", "行と列には別の項目を指定してください");
    }
    MUNI_TRY(as_definition(muni__measure_read(out->kind, json_object_get(body, "measure"), &out->measure, &out->measured)));
    if (totals) {
        MUNI_TRY(muni__report_members(totals, &at_totals, totals_members, MUNI_COUNT(totals_members)));
        for (size_t i = 0; i < MUNI_COUNT(totals_members); i++) {
            muni__at here = { &at_totals, totals_members[i], 0 };
            const json_t *v = json_object_get(totals, totals_members[i]);
            if (v && !json_is_boolean(v))
                return muni__report_bad(&here, "it is true or false", "trueかfalseです");
        }
        out->row_totals = json_is_true(json_object_get(totals, "rows")) && out->columns.field >= 0;
        out->column_totals = json_is_true(json_object_get(totals, "columns"));
    }
    out->where = json_object_get(body, "where");
    return MUNI_OK;
out:
    return st;
}

/* ---- the condition with its parameters */

typedef struct fill {
    muni__arena *mem;
    const muni__report_def *d;
    json_t *const *values; /* NULL: samples */
    uint32_t used;         /* bits of parameters */
} fill;

/* A copy that is whole or NULL: what jansson copies may lack members for which there was no memory. */
static json_t *copy(const json_t *j) {
    json_t *out = NULL, *kid;
    bool good = true;
    if (json_is_object(j)) {
        out = json_object();
        for (void *it = json_object_iter((json_t *)(uintptr_t)j); out && good && it; it = json_object_iter_next((json_t *)(uintptr_t)j, it)) {
            kid = copy(json_object_iter_value(it));
            good = kid && json_object_setn_new_nocheck(out, json_object_iter_key(it), json_object_iter_key_len(it), kid) >= 0;
        }
    } else if (json_is_array(j)) {
        out = json_array();
        for (size_t i = 0; out && good && i < json_array_size(j); i++) {
            kid = copy(json_array_get(j, i));
            good = kid && json_array_append_new(out, kid) >= 0;
        }
    } else {
        out = json_deep_copy((json_t *)(uintptr_t)j); /* a single value */
    }
    if (out && !good) {
        json_decref(out);
        out = NULL;
    }
    if (!out)
        (void)muni__nomem();
    return out;
}

/* Could the field be compared with a parameter of this type? A value that it can have, owned; NULL with st. */
static json_t *sample(const muni__kind *kind, const muni__field *f, muni__param_type type, const muni__at *at, muni_status *st) {
    const char *list = f == &kind->fields[MUNI__C_TYPE] ? kind->types : f->target;
    json_t *j = NULL;
    switch (f->type) {
    case MUNI__INT:
    case MUNI__SECS:
    case MUNI__YEN:
    case MUNI__BYTES:
    case MUNI__REF:
        if (type == MUNI__P_INT)
            j = json_integer(1);
        break;
    case MUNI__TEXT:
    case MUNI__NOTE:
    case MUNI__KEY:
        if (type == MUNI__P_TEXT)
            j = json_string("x");
        break;
    case MUNI__CODE:
        if (type == MUNI__P_TEXT)
            j = list[0] && list[0] != '@' ? json_stringn(list, strcspn(list, "|")) : json_string("x");
        break;
    case MUNI__DATE:
        if (type == MUNI__P_DATE)
            j = json_string("2000-04-01");
        break;
    default:
        *st = muni__report_bad(at, "this field takes no parameter", "この項目の条件にパラメーターは使えません");
        return NULL;
    }
    bool match = f->type == MUNI__DATE ? type == MUNI__P_DATE
                 : f->type == MUNI__TEXT || f->type == MUNI__NOTE || f->type == MUNI__KEY || f->type == MUNI__CODE ? type == MUNI__P_TEXT
                                                                                                                 : type == MUNI__P_INT;
    if (!j)
        *st = match ? muni__nomem() : muni__report_bad(at, "the parameter's type is not that of the field", "パラメーターの型が項目の型に合いません");
    return j;
}

/* One value of a leaf, owned; parameters are replaced. `*which` gets the parameter. */
static json_t *fill_value(fill *c, const muni__field *f, const muni__kind *kind, const json_t *j, const muni__at *at, int32_t *which, muni_status *st) {
    const json_t *param = json_object_get(j, "param");
    json_t *out;
    if (json_object_get(j, "now") || json_object_get(j, "old")) {
        *st = muni__report_bad(at, "the figures of a report must be found again behind its cells; give a parameter instead", "帳票の数値は後から同じ条件で確かめられなければなりません。代わりにパラメーターを使ってください");
        return NULL;
    }
    if (!param || json_object_size(j) != 1) {
        out = copy(j);
        *st = out ? MUNI_OK : MUNI_ENOMEM;
        return out;
    }
    muni__at here = { at, "param", 0 };
    int32_t p = param_find(c->d, json_string_value(param));
    if (p < 0) {
        *st = no_param(c->d, &here, param);
        return NULL;
    }
    c->used |= 1u << p;
    *which = p;
    if (!c->values)
        return sample(kind, f, c->d->params[p].type, at, st);
    out = copy(c->values[p]);
    *st = out ? MUNI_OK : MUNI_ENOMEM;
    return out;
}

static muni_status put_new(json_t *object, const char *key, json_t *value) {
    return json_object_set_new(object, key, value) < 0 ? muni__nomem() : MUNI_OK;
}

/* A value that came from a parameter must be one that the field can have: try the leaf alone. */
static muni_status try_leaf(fill *c, const json_t *leaf, const muni__report_param *p) {
    muni__cond *cond;
    muni__error e;
    muni_status st = muni__cond_parse(c->mem, c->d->kind, leaf, "where", &cond);
    if (st >= 0 || st == MUNI_ENOMEM)
        return st;
    muni__error_save(&e);
    return muni__fail(MUNI_ETYPE, p->name, "the parameter \"%1$s\": %2$s%3$.0s", "パラメーター「%1$s」：%2$.0s%3$s", p->name, e.en, e.ja);
}

static muni_status fill_leaf(fill *c, const json_t *j, const muni__at *at, json_t **out) {
    const json_t *field = json_object_get(j, "field"), *value = json_object_get(j, "value");
    muni__at at_field = { at, "field", 0 }, at_value = { at, "value", 0 };
    muni__path path;
    muni_status st = MUNI_OK;
    int32_t which = -1;
    json_t *filled = NULL;
    if (!json_is_string(field) || !value || json_is_string(value) || json_is_integer(value) || json_is_boolean(value))
        return (*out = copy(j)) ? MUNI_OK : MUNI_ENOMEM; /* no parameter in it */
    MUNI_TRY(muni__path_parse(c->d->kind, json_string_value(field), json_string_length(field), &at_field, &path));
    const muni__field *f = muni__path_field(&path);
    const muni__kind *kind = path.kind[path.hops];
    if (json_is_array(value)) {
        filled = json_array();
        if (!filled)
            st = muni__nomem();
        for (size_t i = 0; st >= 0 && i < json_array_size(value); i++) {
            muni__at here = { &at_value, NULL, i };
            json_t *v = fill_value(c, f, kind, json_array_get(value, i), &here, &which, &st);
            if (v && json_array_append_new(filled, v) < 0)
                st = muni__nomem();
        }
    } else {
        filled = fill_value(c, f, kind, value, &at_value, &which, &st);
    }
    if (st < 0)
        goto out;
    *out = copy(j);
    if (!*out) {
        st = MUNI_ENOMEM;
        goto out;
    }
    st = put_new(*out, "value", filled);
    filled = NULL;
    if (st >= 0 && which >= 0 && c->values)
        st = try_leaf(c, *out, &c->d->params[which]);
out:
    json_decref(filled);
    return st;
}

static muni_status fill_node(fill *c, const json_t *j, const muni__at *at, json_t **out) {
    static const char *const lists[] = { "all", "any" };
    muni_status st = MUNI_OK;
    *out = NULL;
    for (size_t k = 0; k < MUNI_COUNT(lists); k++) {
        const json_t *list = json_object_get(j, lists[k]);
        muni__at at_list = { at, lists[k], 0 };
        if (!json_is_array(list) || json_object_size(j) != 1)
            continue;
        json_t *filled = json_array();
        if (!filled)
            return muni__nomem();
        for (size_t i = 0; st >= 0 && i < json_array_size(list); i++) {
            muni__at here = { &at_list, NULL, i };
            json_t *kid = NULL;
            st = fill_node(c, json_array_get(list, i), &here, &kid);
            if (kid && json_array_append_new(filled, kid) < 0)
                st = muni__nomem();
        }
        if (st >= 0 && !(*out = json_object()))
            st = muni__nomem();
        if (st < 0) {
            json_decref(filled);
            return st;
        }
        return put_new(*out, lists[k], filled);
    }
    if (json_object_size(j) == 1 && json_object_get(j, "not")) {
        muni__at here = { at, "not", 0 };
        json_t *kid = NULL;
        st = fill_node(c, json_object_get(j, "not"), &here, &kid);
        if (st >= 0 && !(*out = json_object()))
            st = muni__nomem();
        if (st < 0) {
            json_decref(kid);
            return st;
        }
        return put_new(*out, "not", kid);
    }
    return fill_leaf(c, j, at, out);
}

static muni_status fill_where(fill *c, json_t **out) {
    muni__at at = { NULL, "where", 0 };
    *out = NULL;
    if (!c->d->where || json_is_null(c->d->where))
        return MUNI_OK;
    muni_status st = fill_node(c, c->d->where, &at, out);
    if (st < 0) {
        json_decref(*out);
        *out = NULL;
    }
    return st;
}

muni_status muni__report_where(muni__arena *mem, const muni__report_def *def, json_t *const *values, json_t **out) {
    fill c = { mem, def, values, 0 };
    return fill_where(&c, out);
}

muni_status muni__report_check(muni__tx *tx, const json_t *body) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__report_def d;
    fill c = { &mem, &d, NULL, 0 };
    json_t *where = NULL;
    muni__at at_params = { NULL, "params", 0 }, at_where = { NULL, "where", 0 };
    muni_status st;
    MUNI_TRY(muni__report_def_read(body, &d));
    MUNI_TRY(as_definition(fill_where(&c, &where)));
    if (where) {
        muni__cond *cond = NULL;
        bool exact;
        MUNI_TRY(as_definition(muni__cond_parse(&mem, d.kind, where, "where", &cond)));
        MUNI_TRY(as_definition(muni__group_exact(tx, cond, &exact)));
        if (!exact) {
            st = muni__report_bad(&at_where, "a report cannot count by words or by parts of a text", "言葉や文字列の一部による条件では集計できません");
            goto out;
        }
    }
    if (d.rows.over >= 0)
        c.used |= 1u << d.rows.over;
    if (d.columns.over >= 0)
        c.used |= 1u << d.columns.over;
    for (size_t i = 0; i < d.nparams; i++) {
        muni__at here = { &at_params, NULL, i };
        if (!(c.used >> i & 1)) {
            st = muni__report_bad(&here, "nothing uses this parameter", "このパラメーターはどこにも使われていません");
            goto out;
        }
        /* a default must be a fiscal year where one is asked for */
        if (((int32_t)i == d.rows.over || (int32_t)i == d.columns.over) && d.params[i].fallback &&
            (json_integer_value(d.params[i].fallback) < 1 || json_integer_value(d.params[i].fallback) > 9998)) {
            st = muni__report_bad(&here, "the default is no fiscal year from 1 to 9998", "既定値が1から9998までの年度ではありません");
            goto out;
        }
    }
out:
    json_decref(where);
    muni__arena_free(&mem);
    return st;
}
