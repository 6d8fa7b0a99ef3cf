/* Conditions: parsed once, then compiled to SQL and evaluated in C with the same meaning (decisions 18). */
#include "model/cond.h"

#include "core/date.h"
#include "core/regex.h"
#include "core/textkey.h"
#include "core/token.h"
#include "model/internal.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- places */

static size_t at_put(char *s, size_t size, const muni__at *at) {
    char part[80];
    size_t n = at->up ? at_put(s, size, at->up) : 0;
    if (at->name)
        (void)snprintf(part, sizeof part, "%s%.60s", n ? "." : "", at->name);
    else
        (void)snprintf(part, sizeof part, "[%zu]", at->index);
    for (const char *p = part; *p && n + 1 < size; p++)
        s[n++] = *p;
    return n;
}

const char *muni__at_write(muni__at_text *out, const muni__at *at) {
    size_t n = at_put(out->s, sizeof out->s, at);
    out->s[n] = '\0';
    return out->s;
}

/* ---- paths */

static bool hidden(const muni__field *f) {
    return (f->flags & (MUNI__F_SECRET | MUNI__F_FOLDED)) != 0;
}

muni_status muni__path_parse(const muni__kind *kind, const char *name, size_t n, const muni__at *at, muni__path *out) {
    char part[65];
    muni__quoted q;
    muni__at_text where;
    const char *place = at ? muni__at_write(&where, at) : muni__quote(&q, name, n);
    *out = (muni__path){ 0 };
    for (size_t from = 0;;) {
        const char *dot = memchr(name + from, '.', n - from);
        size_t len = (dot ? (size_t)(dot - name) : n) - from;
        int32_t f = -1;
        if (len < sizeof part && !memchr(name + from, 0, len)) {
            memcpy(part, name + from, len);
            part[len] = '\0';
            f = muni__field_find(kind, part);
        } else {
            part[0] = '\0';
        }
        if (f < 0 || hidden(&kind->fields[f])) {
            muni__quoted shown;
            const char *near = f < 0 ? muni__nearest(part, kind->fields, (size_t)kind->nfields, sizeof *kind->fields) : NULL;
            if (near && !hidden(&kind->fields[muni__field_find(kind, near)]))
                (void)muni__fail(MUNI_EFIELD, place, "%1$s has no field \"%3$s\"; did you mean \"%4$s\"?%2$.0s",
                                 "%1$.0s%2$sに項目「%3$s」はありません。「%4$s」ではありませんか", kind->name, kind->ja,
                                 muni__quote(&shown, name + from, len), near);
            else
                (void)muni__fail(MUNI_EFIELD, place, "%1$s has no field \"%3$s\"%2$.0s", "%1$.0s%2$sに項目「%3$s」はありません", kind->name, kind->ja,
                                 muni__quote(&shown, name + from, len));
            muni__fail_place(kind->name, 0, 0);
            return MUNI_EFIELD;
        }
        out->kind[out->hops] = kind;
        out->field[out->hops] = f;
        if (!dot)
            return MUNI_OK;
        const muni__field *field = &kind->fields[f];
        const muni__kind *next = field->type == MUNI__REF && !(field->flags & MUNI__F_LIST) ? muni__kind_find(field->target) : NULL;
        if (!next) {
            (void)muni__fail(MUNI_EFIELD, place, "%s.%s is no reference; nothing can follow it with a dot", "%s.%sは参照ではないため、その先の項目は指定できません",
                             kind->name, field->name);
            muni__fail_place(kind->name, 0, 0);
            return MUNI_EFIELD;
        }
        if (out->hops == MUNI__PATH_HOPS) {
            (void)muni__fail(MUNI_EFIELD, place, "the field leads through more than %d references", "参照をたどれるのは%d段までです", MUNI__PATH_HOPS);
            muni__fail_place(kind->name, 0, 0);
            return MUNI_EFIELD;
        }
        out->hops++;
        kind = next;
        from += len + 1;
    }
}

/* ---- SQL with arguments */

void muni__sqlout_init(muni__sqlout *o, muni__arena *mem) {
    *o = (muni__sqlout){ MUNI_BUF_INIT((size_t)16 << 20), mem, NULL, 0, 0 };
}

void muni__sqlout_free(muni__sqlout *o) {
    muni__buf_free(&o->b);
    muni__free(o->args);
    o->args = NULL;
    o->n = o->cap = 0;
}

void muni__sqlout_name(muni__sqlout *o, const char *alias, const char *column, const char *suffix) {
    muni__buf_puts(&o->b, alias);
    muni__buf_puts(&o->b, ".\"");
    muni__buf_puts(&o->b, column);
    muni__buf_puts(&o->b, suffix);
    muni__buf_putc(&o->b, '"');
}

/* Keep an argument; its number. */
static int keep(muni__sqlout *o, muni__sqlarg arg) {
    if (o->b.st < 0)
        return 0;
    muni_status st = muni__grow(&o->args, &o->cap, o->n + 1, sizeof *o->args);
    if (st < 0) {
        o->b.st = st;
        return 0;
    }
    o->args[o->n++] = arg;
    return (int)o->n;
}

static void put(muni__sqlout *o, muni__sqlarg arg) {
    int i = keep(o, arg);
    muni__buf_putc(&o->b, '?');
    muni__buf_int(&o->b, i);
}

void muni__sqlout_int(muni__sqlout *o, int64_t v) {
    put(o, (muni__sqlarg){ MUNI__ARG_INT, v, NULL, 0, NULL });
}

void muni__sqlout_text(muni__sqlout *o, const char *p, size_t n) {
    put(o, (muni__sqlarg){ MUNI__ARG_TEXT, 0, p, n, NULL });
}

void muni__sqlout_null(muni__sqlout *o) {
    put(o, (muni__sqlarg){ MUNI__ARG_NULL, 0, NULL, 0, NULL });
}

void muni__sqlout_set(muni__sqlout *o, const int64_t *ids, size_t n) {
    int i = keep(o, (muni__sqlarg){ MUNI__ARG_SET, 0, NULL, n, ids });
    muni__buf_putc(&o->b, ' ');
    if (o->b.st >= 0)
        muni__sql_set(&o->b, i);
}

muni_status muni__sqlout_open(muni__sqlout *o, muni__conn *conn, muni__stmt **out) {
    *out = NULL;
    if (o->b.st < 0)
        return o->b.st;
    muni_status st = muni__sql(conn, o->b.p, out);
    if (st < 0)
        return st;
    for (size_t i = 0; i < o->n; i++) {
        const muni__sqlarg *a = &o->args[i];
        int k = (int)i + 1;
        switch (a->is) {
        case MUNI__ARG_INT: muni__bind_int(*out, k, a->i); break;
        case MUNI__ARG_TEXT: muni__bind_text(*out, k, a->p, a->n); break;
        case MUNI__ARG_SET: muni__bind_set(*out, k, a->ids, a->n); break;
        default: muni__bind_null(*out, k); break;
        }
    }
    return MUNI_OK;
}

/* ---- parsing */

static const char *const op_names[MUNI__OP_COUNT] = { "eq", "ne", "lt",     "le",       "gt",     "ge",    "in",
                                                      "has", "begins", "contains", "absent", "below", "words", "matches" };

/* How a field's values are compared. */
typedef enum family { F_NUMBER, F_TEXT, F_KEY, F_ANY, F_NONE } family;

static family family_of(const muni__field *f) {
    switch (f->type) {
    case MUNI__TEXT:
    case MUNI__NOTE:
    case MUNI__CODE:
    case MUNI__DATE: return F_TEXT;
    case MUNI__KEY: return f->flags & MUNI__F_LIST ? F_TEXT : F_KEY;
    case MUNI__ANY: return F_ANY;
    case MUNI__JSON: return F_NONE;
    default: return F_NUMBER;
    }
}

/* Operators that a field takes. */
static uint32_t ops_of(const muni__field *f) {
#define OP(o) (1u << MUNI__OP_##o)
    const uint32_t same = OP(EQ) | OP(NE) | OP(IN) | OP(ABSENT), order = OP(LT) | OP(LE) | OP(GT) | OP(GE);
    if (f->flags & MUNI__F_LIST)
        return f->type == MUNI__JSON || f->type == MUNI__ANY ? OP(ABSENT) : OP(HAS) | OP(ABSENT);
    switch (f->type) {
    case MUNI__TEXT:
    case MUNI__NOTE:
    case MUNI__KEY: return same | order | OP(BEGINS) | OP(CONTAINS) | OP(WORDS) | OP(MATCHES);
    case MUNI__CODE: return same | order | OP(BEGINS) | OP(MATCHES);
    case MUNI__BOOL: return OP(EQ) | OP(NE) | OP(ABSENT);
    case MUNI__REF: {
        const muni__kind *k = muni__kind_find(f->target);
        int32_t up = k ? muni__field_find(k, "parent") : -1;
        bool tree = up >= 0 && k->fields[up].type == MUNI__REF && !strcmp(k->fields[up].target, k->name);
        return same | (tree ? OP(BELOW) : 0);
    }
    case MUNI__ANY: return same;
    case MUNI__JSON: return OP(ABSENT);
    default: return same | order;
    }
}

typedef struct parse {
    muni__arena *mem;
    const muni__kind *kind;
    size_t nodes, values;
} parse;


static muni_status fail_value(const muni__at *at, const muni__field *f, const char *en, const char *ja) {
    muni__at_text t;
    return muni__fail(MUNI_ETYPE, muni__at_write(&t, at), "the value does not fit the field \"%1$s\" (%2$s): %3$s%4$.0s",
                      "値が項目「%1$s」（%2$s）に合いません。%3$.0s%4$s", f->name, muni__type_name(f->type), en, ja);
}

/* Is `word` one of "a|b|c"? */
static bool listed(const char *list, const char *word, size_t n) {
    for (const char *p = list;;) {
        const char *bar = strchr(p, '|');
        size_t len = bar ? (size_t)(bar - p) : strlen(p);
        if (len == n && !memcmp(p, word, n))
            return true;
        if (!bar)
            return false;
        p = bar + 1;
    }
}

static muni_status parse_now(const char *s, size_t n, const muni__at *at, int64_t *out) {
    muni__at_text t;
    bool minus = n && s[0] == '-', sign = n && (s[0] == '-' || s[0] == '+');
    size_t i = sign ? 1 : 0;
    int64_t v = 0, unit = 0;
    bool digits = false;
    for (; i < n && s[i] >= '0' && s[i] <= '9' && v < 1000000000000; i++) {
        v = v * 10 + (s[i] - '0');
        digits = true;
    }
    if (!n || (n == 1 && s[0] == '0')) { /* now itself */
        *out = 0;
        return MUNI_OK;
    }
    if (digits && i + 1 == n)
        unit = s[i] == 's' ? 1 : s[i] == 'm' ? 60 : s[i] == 'h' ? 3600 : s[i] == 'd' ? 86400 : 0;
    if (!unit)
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, at), "write a number and a unit (s m h d), such as \"-3d\", or \"0d\" for now",
                          "「-3d」のように数と単位（s m h d）で書いてください。今は「0d」です");
    if (v > (int64_t)400000000000 / unit)
        return muni__fail(MUNI_ELIMIT, muni__at_write(&t, at), "the time is more than ten thousand years away", "一万年を超える時間は指定できません");
    *out = (minus ? -v : v) * unit;
    return MUNI_OK;
}

static int32_t kind_number(const char *name) {
    const muni__kind *k = muni__kind_find(name);
    return k ? k->number : 0;
}

static muni_status parse_dynamic(parse *c, const muni__field *f, muni__op op, const json_t *j, const muni__at *at, muni__cval *out) {
    static const char *const sorts[] = { "now", "me", "old" };
    muni__at_text t;
    muni__quoted q;
    void *it = json_object_iter((json_t *)(uintptr_t)j);
    const char *key = it ? json_object_iter_key(it) : "";
    size_t key_n = it ? json_object_iter_key_len(it) : 0;
    const json_t *arg = it ? json_object_iter_value(it) : NULL;
    muni__at here = { at, key, 0 };
    size_t sort = 0;
    while (sort < MUNI_COUNT(sorts) && (strlen(sorts[sort]) != key_n || memcmp(sorts[sort], key, key_n)))
        sort++;
    if (json_object_size(j) != 1 || sort == MUNI_COUNT(sorts))
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, at), "a value is a text, a number, a truth value or one of {\"now\":…}, {\"me\":…}, {\"old\":…}",
                          "値は文字列、数、真偽値か、{\"now\":…}、{\"me\":…}、{\"old\":…}のいずれかです");
    if (!json_is_string(arg))
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &here), "\"%s\" takes a text", "「%s」には文字列を指定してください", sorts[sort]);
    const char *s = json_string_value(arg);
    size_t n = json_string_length(arg);
    if (sort == 0) {
        if (f->type != MUNI__TIME && f->type != MUNI__DATE)
            return fail_value(at, f, "\"now\" is for dates and moments", "「now」は日付と日時だけに使えます");
        out->from = MUNI__FROM_NOW;
        return parse_now(s, n, &here, &out->i);
    }
    if (sort == 1) {
        static const struct { const char *name; muni__from from; } mes[] = {
            { "person", MUNI__FROM_PERSON }, { "principal", MUNI__FROM_PRINCIPAL }, { "unit", MUNI__FROM_UNIT } };
        for (size_t i = 0; i < MUNI_COUNT(mes); i++)
            if (strlen(mes[i].name) == n && !memcmp(mes[i].name, s, n)) {
                bool fits = f->type == MUNI__ANY || (f->type == MUNI__REF && !strcmp(f->target, mes[i].name));
                if (!fits)
                    return fail_value(at, f, "it does not refer to what \"me\" names", "「me」の対象を参照する項目ではありません");
                if (mes[i].from == MUNI__FROM_UNIT && f->type == MUNI__ANY)
                    return fail_value(at, f, "{\"me\":\"unit\"} may be several units; it is for references to units", "{\"me\":\"unit\"}は所属への参照だけに使えます");
                out->from = mes[i].from;
                out->n = f->type == MUNI__ANY ? (size_t)kind_number(mes[i].name) : 0;
                return MUNI_OK;
            }
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &here), "\"me\" is \"person\", \"principal\" or \"unit\", not \"%s\"",
                          "「me」は「person」「principal」「unit」のいずれかです。「%s」ではありません", muni__quote(&q, s, n));
    }
    muni__path p;
    muni_status st = muni__path_parse(c->kind, s, n, &here, &p);
    if (st < 0)
        return st;
    const muni__field *of = muni__path_field(&p);
    if (p.hops || (of->flags & MUNI__F_LIST))
        return muni__fail(MUNI_EFIELD, muni__at_write(&t, &here), "\"old\" names a field of the record itself", "「old」にはレコード自身の項目を指定してください");
    bool same = family_of(of) == family_of(f) && (of->type == MUNI__DATE) == (f->type == MUNI__DATE) && (of->type == MUNI__REF) == (f->type == MUNI__REF) &&
                (of->type == MUNI__TIME) == (f->type == MUNI__TIME) && (f->type != MUNI__REF || !strcmp(of->target, f->target));
    if (!same || family_of(f) == F_NONE || op == MUNI__OP_WORDS || op == MUNI__OP_CONTAINS || op == MUNI__OP_BEGINS || op == MUNI__OP_BELOW || op == MUNI__OP_MATCHES)
        return fail_value(at, f, "the old field is of another type, or the operator takes no old value", "以前の値の型が違うか、この演算子では使えません");
    out->from = MUNI__FROM_OLD;
    out->old = p.field[0];
    return MUNI_OK;
}

/* A text given by the caller: kept in the arena. */
static muni_status keep_text(parse *c, const muni__field *f, const json_t *j, const muni__at *at, muni__cval *out) {
    const char *s = json_string_value(j);
    size_t n = json_string_length(j);
    if (!n)
        return fail_value(at, f, "an empty text is never stored; ask with the operator \"absent\"", "空の文字列は保存されません。「absent」を使ってください");
    if (memchr(s, 0, n))
        return fail_value(at, f, "a text cannot hold a NUL", "NULは使えません");
    out->p = muni__arena_strndup(c->mem, s, n);
    out->n = n;
    return out->p ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status keep_folded(parse *c, const muni__field *f, const json_t *j, const muni__at *at, bool search, muni__cval *out) {
    char *key = NULL;
    size_t n = 0;
    muni_status st = keep_text(c, f, j, at, out);
    if (st < 0)
        return st;
    st = search ? muni__textkey(out->p, out->n, &key, &n) : muni__idkey(out->p, out->n, &key, &n);
    if (st < 0)
        return st;
    if (!n)
        st = fail_value(at, f, "nothing of the text can be compared", "比べられる文字がありません");
    else if (!(out->p = muni__arena_strndup(c->mem, key, n)))
        st = MUNI_ENOMEM;
    out->n = n;
    muni__free(key);
    return st;
}

/* A pattern: tried here, so that a definition with a bad one is not kept. */
static muni_status keep_pattern(parse *c, const muni__field *f, const json_t *j, const muni__at *at, muni__cval *out) {
    muni__at_text t;
    char why[120] = "";
    size_t bad = 0;
    muni_status st = keep_text(c, f, j, at, out);
    if (st < 0)
        return st;
    st = muni__regex_check(out->p, out->n, &bad, why);
    if (st == MUNI_ELIMIT)
        return muni__fail(MUNI_ELIMIT, muni__at_write(&t, at), "a pattern has at most %d bytes", "パターンは%dバイトまでです", MUNI__REGEX_MAX);
    if (st == MUNI_EFORMAT)
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, at), "the pattern goes wrong at its character %zu: %s", "パターンの%zu文字目が正しくありません（%s）", bad, why);
    return st;
}

static muni_status parse_any(parse *c, const muni__field *f, const json_t *j, const muni__at *at, muni__cval *out) {
    const char *s = json_string_value(j), *colon = s ? strchr(s, ':') : NULL;
    size_t n = json_string_length(j);
    char name[33];
    (void)c;
    if (colon && (size_t)(colon - s) < sizeof name && strlen(s) == n) {
        memcpy(name, s, (size_t)(colon - s));
        name[colon - s] = '\0';
        const muni__kind *k = muni__kind_find(name);
        int64_t id = 0;
        const char *p = colon + 1;
        while (*p >= '0' && *p <= '9' && id < (int64_t)1 << 53)
            id = id * 10 + (*p++ - '0');
        if (k && p > colon + 1 && !*p && id > 0 && id < (int64_t)1 << 53) {
            out->i = id;
            out->n = (size_t)k->number;
            return MUNI_OK;
        }
    }
    return fail_value(at, f, "write a kind and an id, such as \"ticket:12\"", "「ticket:12」のように種類とIDで書いてください");
}

static muni_status parse_value(parse *c, const muni__field *f, muni__op op, const json_t *j, const muni__at *at, muni__cval *out) {
    muni__at_text t;
    *out = (muni__cval){ 0 };
    if (++c->values > MUNI__COND_VALUES)
        return muni__fail(MUNI_ELIMIT, muni__at_write(&t, at), "more than %d values in one condition", "条件の値は%d個までです", MUNI__COND_VALUES);
    if (!j || json_is_null(j))
        return fail_value(at, f, "there is none; ask for empty fields with the operator \"absent\"", "値がありません。空の項目は「absent」で調べてください");
    if (json_is_object(j))
        return parse_dynamic(c, f, op, j, at, out);
    if (json_is_array(j))
        return fail_value(at, f, "a list of values is for the operator \"in\"", "値の並びは「in」だけに使えます");
    bool text = json_is_string(j);
    int32_t day;
    if (op == MUNI__OP_MATCHES)
        return text ? keep_pattern(c, f, j, at, out) : fail_value(at, f, "give a pattern as a text", "パターンを文字列で指定してください");
    switch (f->type) {
    case MUNI__TEXT:
    case MUNI__NOTE:
        if (!text)
            return fail_value(at, f, "give a text", "文字列を指定してください");
        return op == MUNI__OP_CONTAINS ? keep_folded(c, f, j, at, true, out) : keep_text(c, f, j, at, out);
    case MUNI__KEY:
        if (!text)
            return fail_value(at, f, "give a text", "文字列を指定してください");
        return op == MUNI__OP_WORDS || (f->flags & MUNI__F_LIST) ? keep_text(c, f, j, at, out) : keep_folded(c, f, j, at, false, out);
    case MUNI__CODE: {
        if (!text)
            return fail_value(at, f, "give a text", "文字列を指定してください");
        const char *list = f == &c->kind->fields[MUNI__C_TYPE] ? c->kind->types : f->target;
        muni_status st = keep_text(c, f, j, at, out);
        muni__quoted q;
        if (st >= 0 && op != MUNI__OP_BEGINS && list[0] && list[0] != '@' && !listed(list, out->p, out->n))
            return muni__fail(MUNI_ETYPE, muni__at_write(&t, at), "\"%s\" is no value of the field \"%s\"; there are: %s", "「%s」は項目「%s」の値ではありません。使えるもの：%s",
                              f->flags & MUNI__F_PERSONAL ? "…" : muni__quote(&q, out->p, out->n), f->name, list);
        return st;
    }
    case MUNI__DATE:
        if (!text || !muni__date_read(json_string_value(j), json_string_length(j), &day))
            return fail_value(at, f, "write a date as 2027-04-01", "日付は2027-04-01のように書いてください");
        return keep_text(c, f, j, at, out);
    case MUNI__TIME:
        if (json_is_integer(j)) {
            out->i = json_integer_value(j);
            return MUNI_OK;
        }
        if (!text || muni__time_parse(json_string_value(j), json_string_length(j), NULL, &out->i) < 0)
            return fail_value(at, f, "write a moment as 2027-04-01T09:00:00+09:00, or in seconds", "日時は2027-04-01T09:00:00+09:00のように書くか、秒で指定してください");
        return MUNI_OK;
    case MUNI__BOOL:
        if (!json_is_boolean(j))
            return fail_value(at, f, "give true or false", "trueかfalseを指定してください");
        out->i = json_is_true(j);
        return MUNI_OK;
    case MUNI__ANY: return parse_any(c, f, j, at, out);
    default:
        if (!json_is_integer(j))
            return fail_value(at, f, "give a whole number", "整数を指定してください");
        out->i = json_integer_value(j);
        return MUNI_OK;
    }
}

/* The words to look for, as search keys. */
static muni_status parse_words(parse *c, const muni__field *f, const json_t *j, const muni__at *at, muni__cond *out) {
    muni__at_text t;
    muni__terms terms = { 0 };
    if (!json_is_string(j))
        return fail_value(at, f, "give the words as one text", "言葉を一つの文字列で指定してください");
    muni_status st = muni__query_compile(json_string_value(j), json_string_length(j), &terms);
    if (st == MUNI_EINVAL)
        return fail_value(at, f, "nothing in it can be searched for; give at least one letter, digit or character", "検索できる言葉がありません。文字か数字を含めてください");
    if (st == MUNI_ELIMIT)
        return muni__fail(MUNI_ELIMIT, muni__at_write(&t, at), "at most %d words and %d bytes", "言葉は%d個、%dバイトまでです", MUNI__QUERY_TERMS_MAX, MUNI__QUERY_MAX);
    if (st < 0)
        return st;
    out->terms = muni__arena_alloc(c->mem, terms.count * sizeof *out->terms);
    out->term_sizes = muni__arena_alloc(c->mem, terms.count * sizeof *out->term_sizes);
    st = out->terms && out->term_sizes ? MUNI_OK : MUNI_ENOMEM;
    for (size_t i = 0; st >= 0 && i < terms.count; i++) {
        out->terms[i] = muni__arena_strndup(c->mem, terms.items[i].key, terms.items[i].key_len);
        out->term_sizes[i] = terms.items[i].key_len;
        st = out->terms[i] ? MUNI_OK : MUNI_ENOMEM;
    }
    out->nterms = terms.count;
    muni__terms_free(&terms);
    return st;
}

static muni_status parse_node(parse *c, const json_t *j, const muni__at *at, int depth, muni__cond **out);

static muni__cond *node_new(parse *c, muni__node node) {
    muni__cond *n = muni__arena_alloc(c->mem, sizeof *n);
    if (n)
        n->node = node;
    return n;
}

static muni_status parse_leaf(parse *c, const json_t *j, const muni__at *at, muni__cond **out) {
    static const char *const members[] = { "field", "op", "value" };
    muni__at_text t;
    muni__quoted q;
    const json_t *field = NULL, *op = NULL, *value = NULL;
    for (void *it = json_object_iter((json_t *)(uintptr_t)j); it; it = json_object_iter_next((json_t *)(uintptr_t)j, it)) {
        const char *key = json_object_iter_key(it);
        size_t n = json_object_iter_key_len(it);
        const json_t *v = json_object_iter_value(it);
        if (n == 5 && !memcmp(key, "field", n))
            field = v;
        else if (n == 2 && !memcmp(key, "op", n))
            op = v;
        else if (n == 5 && !memcmp(key, "value", n))
            value = v;
        else {
            const char *near = muni__nearest(key, members, MUNI_COUNT(members), sizeof *members);
            return muni__fail(MUNI_EFORMAT, muni__at_write(&t, at), "a condition has no member \"%s\"%s%s%s; it is {\"all\":[…]}, {\"any\":[…]}, {\"not\":…} or {\"field\":…,\"op\":…,\"value\":…}",
                              "条件に「%1$s」はありません。{\"all\":[…]}、{\"any\":[…]}、{\"not\":…}、{\"field\":…,\"op\":…,\"value\":…}のいずれかです（近いもの：%3$s%2$.0s%4$.0s）",
                              muni__quote(&q, key, n), near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
        }
    }
    muni__at at_field = { at, "field", 0 }, at_op = { at, "op", 0 }, at_value = { at, "value", 0 };
    if (!json_is_string(field))
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &at_field), "a condition needs the name of its field, as a text", "条件には項目名（field）を文字列で指定してください");
    if (!json_is_string(op))
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &at_op), "a condition needs its operator, such as \"eq\"", "条件には「eq」などの演算子（op）を指定してください");
    muni__cond *leaf = node_new(c, MUNI__N_LEAF);
    if (!leaf)
        return MUNI_ENOMEM;
    muni_status st = muni__path_parse(c->kind, json_string_value(field), json_string_length(field), &at_field, &leaf->path);
    if (st < 0)
        return st;
    const muni__field *f = muni__path_field(&leaf->path);
    uint32_t ops = ops_of(f);
    int o = 0;
    while (o < MUNI__OP_COUNT && (strlen(op_names[o]) != json_string_length(op) || memcmp(op_names[o], json_string_value(op), strlen(op_names[o]))))
        o++;
    if (o == MUNI__OP_COUNT || !(ops >> o & 1)) {
        char list[128] = "";
        for (int k = 0; k < MUNI__OP_COUNT; k++)
            if (ops >> k & 1) {
                if (list[0])
                    strcat(list, " ");
                strcat(list, op_names[k]);
            }
        const char *s = json_string_value(op), *near = muni__nearest(s, op_names, MUNI__OP_COUNT, sizeof *op_names);
        if (o == MUNI__OP_COUNT)
            return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &at_op), "there is no operator \"%s\"; did you mean \"%s\"? This field takes: %s",
                              "演算子「%s」はありません。「%s」ではありませんか。この項目で使えるもの：%s", muni__quote(&q, s, json_string_length(op)), near ? near : "eq", list);
        return muni__fail(MUNI_ETYPE, muni__at_write(&t, &at_op), "the field \"%s\" (%s) does not take the operator \"%s\"; it takes: %s",
                          "項目「%s」（%s）では演算子「%s」を使えません。使えるもの：%s", f->name, muni__type_name(f->type), op_names[o], list);
    }
    leaf->op = (muni__op)o;
    *out = leaf;
    if (leaf->op == MUNI__OP_ABSENT) {
        if (value && !json_is_boolean(value))
            return muni__fail(MUNI_ETYPE, muni__at_write(&t, &at_value), "\"absent\" takes true, false or no value", "「absent」の値はtrueかfalseです（省略できます）");
        leaf->negate = value && json_is_false(value);
        return MUNI_OK;
    }
    if (leaf->op == MUNI__OP_WORDS)
        return parse_words(c, f, value, &at_value, leaf);
    if (leaf->op == MUNI__OP_IN) {
        if (!json_is_array(value))
            return muni__fail(MUNI_ETYPE, muni__at_write(&t, &at_value), "\"in\" takes a list of values", "「in」には値の並び（配列）を指定してください");
        size_t n = json_array_size(value);
        if (n > MUNI__COND_VALUES)
            return muni__fail(MUNI_ELIMIT, muni__at_write(&t, &at_value), "more than %d values in one condition", "条件の値は%d個までです", MUNI__COND_VALUES);
        leaf->values = muni__arena_alloc(c->mem, n * sizeof *leaf->values);
        if (!leaf->values)
            return MUNI_ENOMEM;
        for (; leaf->count < n; leaf->count++) {
            muni__at here = { &at_value, NULL, leaf->count };
            st = parse_value(c, f, leaf->op, json_array_get(value, leaf->count), &here, &leaf->values[leaf->count]);
            if (st < 0)
                return st;
        }
        return MUNI_OK;
    }
    leaf->values = muni__arena_alloc(c->mem, sizeof *leaf->values);
    if (!leaf->values)
        return MUNI_ENOMEM;
    leaf->count = 1;
    st = parse_value(c, f, leaf->op, value, &at_value, leaf->values);
    if (st < 0 || leaf->op != MUNI__OP_NE)
        return st;
    leaf->op = MUNI__OP_EQ; /* ne is the contrary of eq: it matches what is absent */
    muni__cond *no = node_new(c, MUNI__N_NOT);
    if (!no || !(no->kids = muni__arena_alloc(c->mem, sizeof *no->kids)))
        return MUNI_ENOMEM;
    no->kids[0] = leaf;
    no->count = 1;
    *out = no;
    return MUNI_OK;
}

static muni_status parse_node(parse *c, const json_t *j, const muni__at *at, int depth, muni__cond **out) {
    muni__at_text t;
    muni_status st;
    if (depth > MUNI__COND_DEPTH)
        return muni__fail(MUNI_ELIMIT, muni__at_write(&t, at), "conditions are nested deeper than %d", "条件の入れ子は%d段までです", MUNI__COND_DEPTH);
    if (++c->nodes > MUNI__COND_NODES)
        return muni__fail(MUNI_ELIMIT, muni__at_write(&t, at), "more than %d conditions", "条件は%d個までです", MUNI__COND_NODES);
    if (json_is_array(j) && !json_array_size(j)) /* an empty object, as PHP writes it */
        return (*out = node_new(c, MUNI__N_ALL)) ? MUNI_OK : MUNI_ENOMEM;
    if (!json_is_object(j))
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, at), "a condition is a JSON object", "条件はJSONのオブジェクトです");
    if (!json_object_size(j))
        return (*out = node_new(c, MUNI__N_ALL)) ? MUNI_OK : MUNI_ENOMEM;
    const json_t *list = json_object_get(j, "all");
    const char *name = "all";
    if (!list && (list = json_object_get(j, "any")))
        name = "any";
    if (!list && (list = json_object_get(j, "not")))
        name = "not";
    if (!list)
        return parse_leaf(c, j, at, out);
    muni__at here = { at, name, 0 };
    if (json_object_size(j) != 1)
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, at), "\"%s\" stands alone in its object", "「%s」は一つのオブジェクトに単独で書いてください", name);
    bool no = name[0] == 'n';
    muni__cond *group = node_new(c, no ? MUNI__N_NOT : name[1] == 'l' ? MUNI__N_ALL : MUNI__N_ANY);
    if (!group)
        return MUNI_ENOMEM;
    if (!no && !json_is_array(list))
        return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &here), "\"%s\" takes a list of conditions", "「%s」には条件の並び（配列）を指定してください", name);
    size_t n = no ? 1 : json_array_size(list);
    if (n > MUNI__COND_NODES)
        return muni__fail(MUNI_ELIMIT, muni__at_write(&t, &here), "more than %d conditions", "条件は%d個までです", MUNI__COND_NODES);
    group->kids = muni__arena_alloc(c->mem, n * sizeof *group->kids);
    if (!group->kids)
        return MUNI_ENOMEM;
    for (; group->count < n; group->count++) {
        muni__at element = { &here, NULL, group->count };
        muni__cond *kid = NULL;
        st = parse_node(c, no ? list : json_array_get(list, group->count), no ? &here : &element, depth + 1, &kid);
        if (st < 0)
            return st;
        group->kids[group->count] = kid;
    }
    *out = group;
    return MUNI_OK;
}

/* How much of the SQL parser's stack a condition takes: the deepest stands first in its group, where it takes least. */
static int32_t settle(muni__cond *c) {
    if (c->node == MUNI__N_LEAF)
        return c->need = 2 + 8 * c->path.hops;
    int32_t most = 1;
    for (size_t i = 0; i < c->count; i++) {
        int32_t need = settle((muni__cond *)(uintptr_t)c->kids[i]);
        if (need > most) {
            const muni__cond *k = c->kids[i];
            memmove(c->kids + 1, c->kids, i * sizeof *c->kids);
            c->kids[0] = k;
            most = need;
        }
    }
    return c->need = most + 1;
}

muni_status muni__cond_parse(muni__arena *mem, const muni__kind *kind, const json_t *json, const char *path, muni__cond **out) {
    parse c = { mem, kind, 0, 0 };
    muni__at at = { NULL, path ? path : "where", 0 };
    muni__cond *cond = NULL;
    *out = NULL;
    muni_status st = parse_node(&c, json, &at, 1, &cond);
    if (st < 0)
        return st;
    (void)settle(cond);
    *out = cond;
    return MUNI_OK;
}

/* ---- looking through a condition */

bool muni__cond_uses_old(const muni__cond *c) {
    if (c->node == MUNI__N_LEAF) {
        for (size_t i = 0; i < c->count; i++)
            if (c->values[i].from == MUNI__FROM_OLD)
                return true;
        return false;
    }
    for (size_t i = 0; i < c->count; i++)
        if (muni__cond_uses_old(c->kids[i]))
            return true;
    return false;
}

muni_status muni__cond_allowed(const muni__tx *tx, const muni__cond *c) {
    if (c->node == MUNI__N_LEAF)
        return muni__path_allowed(tx, &c->path);
    for (size_t i = 0; i < c->count; i++) {
        muni_status st = muni__cond_allowed(tx, c->kids[i]);
        if (st < 0)
            return st;
    }
    return MUNI_OK;
}

bool muni__leads_index(const muni__kind *kind, int32_t field) {
    const muni__field *f = &kind->fields[field];
    size_t n = strlen(f->name);
    if (field == MUNI__C_ID || (f->flags & (MUNI__F_INDEXED | MUNI__F_UNIQUE)))
        return true;
    for (int32_t i = 0; i < kind->nindexes; i++)
        if (!strncmp(kind->indexes[i].columns, f->name, n) && (kind->indexes[i].columns[n] == ',' || !strcmp(kind->indexes[i].columns + n, "_key") ||
                                                              !strncmp(kind->indexes[i].columns + n, "_key,", 5) || !kind->indexes[i].columns[n]))
            return true;
    return false;
}

bool muni__cond_anchored(const muni__cond *c) {
    if (c->node == MUNI__N_LEAF)
        return (c->op == MUNI__OP_EQ || c->op == MUNI__OP_IN || c->op == MUNI__OP_BELOW) && !c->path.hops && muni__leads_index(c->path.kind[0], c->path.field[0]);
    for (size_t i = 0; c->node == MUNI__N_ALL && i < c->count; i++)
        if (muni__cond_anchored(c->kids[i]))
            return true;
    return false;
}

/* ---- values as they are now */

typedef struct now {
    bool absent;
    int64_t i;
    const char *p;
    size_t n;
    char date[MUNI__DATE_SIZE];
} now;

/* A value but for sets ({"me":"unit"}). `old` may be NULL. Old texts are as stored. */
static void value_now(const muni__tx *tx, const muni__field *f, const muni__cval *v, const muni__row *old, now *out) {
    const muni__scope *me = tx && tx->rights ? &tx->rights->scope : NULL;
    *out = (now){ .absent = false, .i = v->i, .p = v->p, .n = v->n };
    switch (v->from) {
    case MUNI__FROM_HERE: return;
    case MUNI__FROM_NOW: {
        int64_t at = (tx ? tx->now : 0) + v->i;
        int32_t day;
        out->i = at;
        if (f->type != MUNI__DATE)
            return;
        if (muni__day_of_time(at, tx ? tx->utc_offset : 0, &day, NULL) < 0) {
            day = v->i < 0 ? MUNI__DAY_MIN : MUNI__DAY_MAX;
            muni__error_clear();
        }
        muni__date_format_iso(day, out->date);
        out->p = out->date;
        out->n = strlen(out->date);
        return;
    }
    case MUNI__FROM_PERSON:
        out->i = me ? me->person : 0;
        out->absent = !out->i;
        return;
    case MUNI__FROM_PRINCIPAL:
        out->i = me ? me->principal : 0;
        out->absent = !out->i;
        return;
    case MUNI__FROM_UNIT: out->absent = true; return;
    case MUNI__FROM_OLD: {
        const muni__val *o = old ? &old->v[v->old] : NULL;
        out->absent = !o || o->t == MUNI_TYPE_NULL || ((o->t == MUNI_TYPE_TEXT || o->t == MUNI_TYPE_DATE) && !o->n);
        if (!out->absent)
            *out = (now){ .absent = false, .i = o->i, .p = o->p, .n = o->n };
        return;
    }
    }
}

/* The numbers of an EQ, IN or BELOW over numbers, as a set. */
static muni_status ids_now(const muni__tx *tx, muni__arena *mem, const muni__cond *c, const muni__row *old, const int64_t **out, size_t *count) {
    const muni__scope *me = tx && tx->rights ? &tx->rights->scope : NULL;
    const muni__field *f = muni__path_field(&c->path);
    size_t units = me ? me->nunits : 0, n = 0, room = c->count;
    now v;
    for (size_t i = 0; i < c->count; i++)
        if (c->values[i].from == MUNI__FROM_UNIT)
            room += units;
    int64_t *ids = muni__arena_alloc(mem, (room + 1) * sizeof *ids);
    if (!ids)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < c->count; i++) {
        if (c->values[i].from == MUNI__FROM_UNIT) {
            for (size_t k = 0; k < units; k++)
                ids[n++] = me->units[k];
            continue;
        }
        value_now(tx, f, &c->values[i], old, &v);
        if (!v.absent)
            ids[n++] = v.i;
    }
    *out = ids;
    *count = n;
    return MUNI_OK;
}

/* ---- SQL */

typedef struct sql {
    const muni__tx *tx;
    muni__sqlout *o;
    bool *exact;
} sql;

/* The smallest text that is greater than every text beginning with `p`: its length, or 0 where there is none. In UTF-8 the order of bytes is that of
 * characters. */
static size_t after_prefix(char *p, size_t n) {
    while (n) {
        size_t at = n - 1;
        while (at && ((unsigned char)p[at] & 0xc0) == 0x80)
            at--;
        uint32_t cp;
        (void)muni__utf8_next(p + at, n - at, &cp);
        if (cp < 0x10ffff)
            return at + muni__utf8_put(cp == 0xd7ff ? 0xe000 : cp + 1, p + at); /* may be a byte longer: the caller has room */
        n = at;
    }
    return 0;
}

static const char *const comparisons[] = { " = ", "", " < ", " <= ", " > ", " >= " };

static void arg_now(sql *s, const muni__field *f, const muni__cval *v) {
    now n;
    value_now(s->tx, f, v, NULL, &n);
    if (n.absent)
        muni__sqlout_null(s->o);
    else if (family_of(f) == F_NUMBER || family_of(f) == F_ANY)
        muni__sqlout_int(s->o, n.i);
    else if (n.p == n.date) {
        char *copy = muni__arena_strndup(s->o->mem, n.p, n.n);
        if (!copy && s->o->b.st >= 0)
            s->o->b.st = MUNI_ENOMEM;
        muni__sqlout_text(s->o, copy, n.n);
    } else
        muni__sqlout_text(s->o, n.p, n.n);
}

/* A leaf over its own column: true or not (null where the field is absent). */
static void sql_column(sql *s, const muni__cond *c, const char *alias, bool under) {
    muni__sqlout *o = s->o;
    const muni__field *f = muni__path_field(&c->path);
    const muni__kind *kind = c->path.kind[c->path.hops];
    family fam = family_of(f);
    const char *suffix = fam == F_KEY && c->op != MUNI__OP_ABSENT ? "_key" : "";
    const int64_t *ids;
    size_t n;
    if (f->flags & MUNI__F_LIST) {
        muni__sqlout_put(o, c->op == MUNI__OP_ABSENT && !c->negate ? "NOT EXISTS(SELECT 1 FROM \"l_" : "EXISTS(SELECT 1 FROM \"l_");
        muni__sqlout_put(o, kind->name);
        muni__sqlout_put(o, "_");
        muni__sqlout_put(o, f->name);
        muni__sqlout_put(o, "\" x WHERE x.id = ");
        muni__sqlout_name(o, alias, "id", "");
        if (c->op == MUNI__OP_HAS) {
            muni__sqlout_put(o, " AND x.value = ");
            arg_now(s, f, c->values);
        }
        muni__sqlout_put(o, ")");
        return;
    }
    switch (c->op) {
    case MUNI__OP_ABSENT:
        muni__sqlout_name(o, alias, f->name, suffix);
        muni__sqlout_put(o, c->negate ? " IS NOT NULL" : " IS NULL");
        return;
    case MUNI__OP_EQ:
    case MUNI__OP_IN:
    case MUNI__OP_BELOW:
        if (fam == F_ANY) {
            bool some = false; /* one term for each kind that stands in the list, and nothing else: or no index would do */
            for (int32_t k = 0; k < muni__nkinds; k++) {
                int64_t *of = muni__arena_alloc(o->mem, (c->count + 1) * sizeof *of);
                size_t m = 0;
                if (!of) {
                    o->b.st = o->b.st < 0 ? o->b.st : MUNI_ENOMEM;
                    return;
                }
                for (size_t i = 0; i < c->count; i++) {
                    now v;
                    value_now(s->tx, f, &c->values[i], NULL, &v);
                    if (!v.absent && (int32_t)v.n == muni__kinds[k].number)
                        of[m++] = v.i;
                }
                if (!m)
                    continue;
                muni__sqlout_put(o, some ? " OR (" : "((");
                some = true;
                muni__sqlout_name(o, alias, f->name, "_kind");
                muni__sqlout_put(o, " = ");
                muni__sqlout_int(o, muni__kinds[k].number);
                muni__sqlout_put(o, " AND ");
                muni__sqlout_name(o, alias, f->name, "");
                if (m == 1) {
                    muni__sqlout_put(o, " = ");
                    muni__sqlout_int(o, of[0]);
                } else {
                    muni__sqlout_set(o, of, m);
                }
                muni__sqlout_put(o, ")");
            }
            muni__sqlout_put(o, some ? ")" : "FALSE");
            return;
        }
        if (c->op == MUNI__OP_EQ && c->values[0].from != MUNI__FROM_UNIT) {
            muni__sqlout_name(o, alias, f->name, suffix);
            muni__sqlout_put(o, " = ");
            arg_now(s, f, c->values);
            return;
        }
        if (fam == F_NUMBER) {
            muni_status st = ids_now(s->tx, o->mem, c, NULL, &ids, &n);
            if (st < 0) {
                o->b.st = o->b.st < 0 ? o->b.st : st;
                return;
            }
            muni__sqlout_name(o, alias, f->name, "");
            if (c->op != MUNI__OP_BELOW) {
                muni__sqlout_set(o, ids, n);
                return;
            }
            muni__sqlout_put(o, " IN (WITH RECURSIVE below(id) AS (SELECT id FROM \"k_");
            muni__sqlout_put(o, f->target);
            muni__sqlout_put(o, "\" WHERE id");
            muni__sqlout_set(o, ids, n);
            muni__sqlout_put(o, " UNION SELECT kid.id FROM \"k_");
            muni__sqlout_put(o, f->target);
            muni__sqlout_put(o, "\" kid JOIN below ON kid.\"parent\" = below.id) SELECT id FROM below)");
            return;
        }
        if (!c->count) {
            muni__sqlout_put(o, "FALSE");
            return;
        }
        muni__sqlout_name(o, alias, f->name, suffix);
        muni__sqlout_put(o, " IN (");
        for (size_t i = 0; i < c->count; i++) {
            if (i)
                muni__sqlout_put(o, ", ");
            arg_now(s, f, &c->values[i]);
        }
        muni__sqlout_put(o, ")");
        return;
    case MUNI__OP_LT:
    case MUNI__OP_LE:
    case MUNI__OP_GT:
    case MUNI__OP_GE:
        muni__sqlout_name(o, alias, f->name, suffix);
        muni__sqlout_put(o, comparisons[c->op]);
        arg_now(s, f, c->values);
        return;
    case MUNI__OP_BEGINS: {
        char *end = muni__arena_alloc(o->mem, c->values[0].n + 4); /* the last character may grow by a byte */
        if (!end) {
            o->b.st = o->b.st < 0 ? o->b.st : MUNI_ENOMEM;
            return;
        }
        memcpy(end, c->values[0].p, c->values[0].n);
        n = after_prefix(end, c->values[0].n);
        muni__sqlout_put(o, "(");
        muni__sqlout_name(o, alias, f->name, suffix);
        muni__sqlout_put(o, " >= ");
        muni__sqlout_text(o, c->values[0].p, c->values[0].n);
        if (n) {
            muni__sqlout_put(o, " AND ");
            muni__sqlout_name(o, alias, f->name, suffix);
            muni__sqlout_put(o, " < ");
            muni__sqlout_text(o, end, n);
        }
        muni__sqlout_put(o, ")");
        return;
    }
    case MUNI__OP_CONTAINS:
        if (fam == F_KEY) {
            muni__sqlout_put(o, "instr(");
            muni__sqlout_name(o, alias, f->name, suffix);
            muni__sqlout_put(o, ", ");
            muni__sqlout_text(o, c->values[0].p, c->values[0].n);
            muni__sqlout_put(o, ") > 0");
            return;
        }
        break;
    default: break;
    }
    /* what only C can tell: everything that has a text, or nothing */
    *s->exact = false;
    if (under) {
        muni__sqlout_put(o, "FALSE");
    } else {
        muni__sqlout_name(o, alias, f->name, "");
        muni__sqlout_put(o, " IS NOT NULL");
    }
}

/* A leaf behind references: the record that each leads to must be there for the reader. */
static void sql_path(sql *s, const muni__cond *c, const char *alias, int32_t hop, bool under) {
    static const char *const aliases[] = { "r1", "r2", "r3" };
    muni__sqlout *o = s->o;
    if (hop == c->path.hops) {
        sql_column(s, c, alias, under);
        return;
    }
    const muni__kind *next = c->path.kind[hop + 1];
    const char *inner = aliases[hop];
    muni__vis vis;
    muni__sqlout_put(o, "EXISTS(SELECT 1 FROM \"k_");
    muni__sqlout_put(o, next->name);
    muni__sqlout_put(o, "\" ");
    muni__sqlout_put(o, inner);
    muni__sqlout_put(o, " WHERE ");
    muni__sqlout_name(o, inner, "id", "");
    muni__sqlout_put(o, " = ");
    muni__sqlout_name(o, alias, c->path.kind[hop]->fields[c->path.field[hop]].name, "");
    muni_status st = muni__vis_make(s->tx, o->mem, next, MUNI__V_READ, &vis);
    if (st < 0) {
        o->b.st = o->b.st < 0 ? o->b.st : st;
        return;
    }
    if (!vis.all) {
        muni__sqlout_put(o, " AND ");
        muni__vis_sql(&vis, inner, o);
    }
    muni__sqlout_put(o, " AND ");
    sql_path(s, c, inner, hop + 1, under);
    muni__sqlout_put(o, ")");
}

static void sql_node(sql *s, const muni__cond *c, const char *alias, bool under);

/* Kids joined, a few at a time, so that no expression gets too deep. */
static void sql_join(sql *s, const muni__cond *c, const char *alias, bool under, size_t from, size_t to) {
    const size_t few = 16;
    size_t n = to - from, step = 1;
    while (n > step * few)
        step *= few;
    muni__sqlout_put(s->o, "(");
    for (size_t i = from; i < to; i += step) {
        if (i > from)
            muni__sqlout_put(s->o, c->node == MUNI__N_ALL ? " AND " : " OR ");
        if (step == 1)
            sql_node(s, c->kids[i], alias, under);
        else
            sql_join(s, c, alias, under, i, i + step < to ? i + step : to);
    }
    muni__sqlout_put(s->o, ")");
}

static void sql_node(sql *s, const muni__cond *c, const char *alias, bool under) {
    switch (c->node) {
    case MUNI__N_ALL:
    case MUNI__N_ANY:
        if (!c->count)
            muni__sqlout_put(s->o, c->node == MUNI__N_ALL ? "TRUE" : "FALSE");
        else if (c->count == 1)
            sql_node(s, c->kids[0], alias, under);
        else
            sql_join(s, c, alias, under, 0, c->count);
        return;
    case MUNI__N_NOT: /* null counts as not true */
        muni__sqlout_put(s->o, "(");
        sql_node(s, c->kids[0], alias, !under);
        muni__sqlout_put(s->o, ") IS NOT TRUE");
        return;
    default: break;
    }
    if (c->path.hops && c->op == MUNI__OP_ABSENT && !c->negate) { /* absent also where a reference on the way is */
        muni__cond there = *c;
        there.negate = true;
        muni__sqlout_put(s->o, "NOT ");
        sql_path(s, &there, alias, 0, !under);
    } else {
        sql_path(s, c, alias, 0, under);
    }
}

muni_status muni__cond_sql(const muni__tx *tx, const muni__cond *c, const char *alias, muni__sqlout *o, bool *exact) {
    sql s = { tx, o, exact };
    sql_node(&s, c, alias, false);
    return o->b.st;
}

/* ---- evaluation */

typedef struct eval {
    const muni__tx *tx;
    const muni__row *old;
    muni__arena mem;
} eval;

static int compare_bytes(const char *a, size_t an, const char *b, size_t bn) {
    size_t n = an < bn ? an : bn;
    int c = n ? memcmp(a, b, n) : 0;
    return c ? c : (an > bn) - (an < bn);
}

static bool in_bytes(const char *p, size_t n, const char *what, size_t m) {
    for (size_t i = 0; m && i + m <= n; i++)
        if (!memcmp(p + i, what, m))
            return true;
    return false;
}

static bool ordered(muni__op op, int c) {
    return op == MUNI__OP_EQ ? c == 0 : op == MUNI__OP_LT ? c < 0 : op == MUNI__OP_LE ? c <= 0 : op == MUNI__OP_GT ? c > 0 : c >= 0;
}

static muni_status eval_below(eval *e, const muni__cond *c, int64_t id, bool *out) {
    const muni__kind *kind = muni__kind_find(muni__path_field(&c->path)->target);
    int32_t up = muni__field_find(kind, "parent");
    const int64_t *ids;
    size_t n;
    muni_status st = ids_now(e->tx, &e->mem, c, e->old, &ids, &n);
    *out = false;
    for (int64_t first = id, steps = 0; st >= 0 && id > 0; steps++) {
        muni__row *row = NULL;
        st = muni__row_find(e->tx, &e->mem, kind, id, &row);
        if (st < 0 || !row)
            break;
        for (size_t i = 0; i < n; i++)
            if (ids[i] == id) {
                *out = true;
                return MUNI_OK;
            }
        id = row->v[up].t == MUNI_TYPE_NULL ? 0 : row->v[up].i;
        if (id == first || steps > 1000) /* a circle */
            break;
    }
    return st;
}

static muni_status eval_key(eval *e, const muni__cond *c, const muni__field *f, const muni__val *v, bool *out) {
    char *key = NULL, *other = NULL;
    size_t n = 0, m = 0;
    now w;
    muni_status st = muni__idkey(v->p, v->n, &key, &n);
    for (size_t i = 0; st >= 0 && i < c->count && !*out; i++) {
        value_now(e->tx, f, &c->values[i], e->old, &w);
        if (w.absent)
            continue;
        const char *p = w.p;
        size_t pn = w.n;
        if (c->values[i].from == MUNI__FROM_OLD) {
            st = muni__idkey(w.p, w.n, &other, &m);
            if (st < 0)
                break;
            p = other;
            pn = m;
        }
        if (c->op == MUNI__OP_CONTAINS)
            *out = in_bytes(key, n, p, pn);
        else if (c->op == MUNI__OP_BEGINS)
            *out = n >= pn && !memcmp(key, p, pn);
        else
            *out = ordered(c->op == MUNI__OP_IN ? MUNI__OP_EQ : c->op, compare_bytes(key, n, p, pn));
        muni__free(other);
        other = NULL;
    }
    muni__free(key);
    return st;
}

static muni_status eval_search(const muni__cond *c, const muni__val *v, bool *out) {
    char *key = NULL;
    size_t n = 0;
    muni_status st = muni__textkey(v->p, v->n, &key, &n);
    if (st < 0)
        return st;
    if (c->op == MUNI__OP_CONTAINS) {
        *out = in_bytes(key, n, c->values[0].p, c->values[0].n);
    } else {
        *out = true;
        for (size_t i = 0; i < c->nterms && *out; i++)
            *out = muni__key_contains(key, n, c->terms[i], c->term_sizes[i]);
    }
    muni__free(key);
    return MUNI_OK;
}

/* Of the text as it is stored. */
static muni_status eval_pattern(const eval *e, const muni__cond *c, const muni__field *f, const muni__val *v, bool *out) {
    const muni__cval *pattern = &c->values[0];
    muni__quoted q;
    muni_status st = muni__regexes_match(e->tx && e->tx->db ? e->tx->db->regexes : NULL, pattern->p, pattern->n, v->p, v->n, out);
    if (st == MUNI_ELIMIT)
        return muni__fail(MUNI_ELIMIT, f->name, "the pattern \"%1$s\" takes too long on a text of %2$s%3$.0s; write it without repetitions inside repetitions",
                          "パターン「%1$s」は%3$sの文字列の照合に時間がかかりすぎます%2$.0s。繰返しの中に繰返しを書かないでください", muni__quote(&q, pattern->p, pattern->n), f->name, f->ja);
    return st;
}

static muni_status eval_has(eval *e, const muni__cond *c, const muni__field *f, const muni__val *v, bool *out) {
    now w;
    json_t *list = v->n ? json_loadb(v->p, v->n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    if (!list)
        return v->n ? muni__nomem() : MUNI_OK; /* lists come from the store: they are JSON */
    value_now(e->tx, f, c->values, e->old, &w);
    for (size_t i = 0; !w.absent && i < json_array_size(list) && !*out; i++) {
        const json_t *j = json_array_get(list, i);
        if (family_of(f) == F_NUMBER)
            *out = json_is_boolean(j) ? json_is_true(j) == (w.i != 0) : json_is_integer(j) && json_integer_value(j) == w.i;
        else
            *out = json_is_string(j) && !compare_bytes(json_string_value(j), json_string_length(j), w.p, w.n);
    }
    json_decref(list);
    return MUNI_OK;
}

static muni_status eval_leaf(eval *e, const muni__cond *c, const muni__row *row, bool *out) {
    const muni__field *f = muni__path_field(&c->path);
    bool want_absent = c->op == MUNI__OP_ABSENT && !c->negate;
    const int64_t *ids;
    size_t n;
    muni_status st;
    now w;
    *out = want_absent;
    for (int32_t hop = 0; hop < c->path.hops; hop++) {
        const muni__val *ref = &row->v[c->path.field[hop]];
        muni__row *next = NULL;
        if (ref->t == MUNI_TYPE_NULL)
            return MUNI_OK;
        st = muni__row_find(e->tx, &e->mem, c->path.kind[hop + 1], ref->i, &next);
        if (st < 0)
            return st;
        if (!next || !muni__may(e->tx, next, MUNI__V_READ))
            return MUNI_OK;
        row = next;
    }
    const muni__val *v = &row->v[c->path.field[c->path.hops]];
    bool absent = v->t == MUNI_TYPE_NULL || ((v->t == MUNI_TYPE_TEXT || v->t == MUNI_TYPE_DATE) && !v->n);
    if ((f->flags & MUNI__F_LIST) && v->t == MUNI_TYPE_JSON && v->n <= 2)
        absent = true;
    if (c->op == MUNI__OP_ABSENT) {
        *out = absent != c->negate;
        return MUNI_OK;
    }
    if (absent)
        return MUNI_OK;
    if (c->op == MUNI__OP_HAS)
        return eval_has(e, c, f, v, out);
    if (c->op == MUNI__OP_WORDS || (c->op == MUNI__OP_CONTAINS && family_of(f) != F_KEY))
        return eval_search(c, v, out);
    if (c->op == MUNI__OP_BELOW)
        return eval_below(e, c, v->i, out);
    if (c->op == MUNI__OP_MATCHES)
        return eval_pattern(e, c, f, v, out);
    switch (family_of(f)) {
    case F_KEY: return eval_key(e, c, f, v, out);
    case F_NUMBER:
        if (c->op == MUNI__OP_EQ || c->op == MUNI__OP_IN) {
            st = ids_now(e->tx, &e->mem, c, e->old, &ids, &n);
            for (size_t i = 0; st >= 0 && i < n && !*out; i++)
                *out = ids[i] == v->i;
            return st;
        }
        value_now(e->tx, f, c->values, e->old, &w);
        *out = !w.absent && ordered(c->op, (v->i > w.i) - (v->i < w.i));
        return MUNI_OK;
    default: break;
    }
    for (size_t i = 0; i < c->count && !*out; i++) {
        value_now(e->tx, f, &c->values[i], e->old, &w);
        if (w.absent)
            continue;
        if (v->t == MUNI__TYPE_ANY)
            *out = v->i == w.i && v->n == w.n;
        else if (c->op == MUNI__OP_BEGINS)
            *out = v->n >= w.n && !memcmp(v->p, w.p, w.n);
        else
            *out = ordered(c->op == MUNI__OP_IN ? MUNI__OP_EQ : c->op, compare_bytes(v->p, v->n, w.p, w.n));
    }
    return MUNI_OK;
}

static muni_status eval_node(eval *e, const muni__cond *c, const muni__row *row, bool *out) {
    muni_status st = MUNI_OK;
    switch (c->node) {
    case MUNI__N_ALL:
    case MUNI__N_ANY: {
        bool all = c->node == MUNI__N_ALL;
        *out = all;
        for (size_t i = 0; i < c->count && st >= 0 && *out == all; i++)
            st = eval_node(e, c->kids[i], row, out);
        return st;
    }
    case MUNI__N_NOT:
        st = eval_node(e, c->kids[0], row, out);
        *out = !*out;
        return st;
    default: return eval_leaf(e, c, row, out);
    }
}

muni_status muni__cond_eval(const muni__tx *tx, const muni__cond *c, const muni__row *row, const muni__row *old, bool *out) {
    eval e = { tx, old, MUNI_ARENA_INIT };
    muni_status st = eval_node(&e, c, row, out);
    muni__arena_free(&e.mem);
    if (st < 0)
        *out = false;
    return st;
}

bool muni__cond_holds(const muni__tx *tx, const muni__cond *c, const muni__row *row, const muni__row *old) {
    bool out = false;
    return muni__cond_eval(tx, c, row, old, &out) >= 0 && out;
}
