/* Queries: the JSON document, the fields it names, and the tokens with which a page goes on. */
#include "model/query.h"

#include "core/json.h"

#include <stdio.h>

/* ---- fields */

muni_status muni__fields_parse(muni__arena *mem, const muni__kind *kind, const char *const *names, size_t count, muni__fields **out) {
    muni__fields *f = muni__arena_alloc(mem, sizeof *f);
    muni_status st;
    *out = NULL;
    if (!f)
        return MUNI_ENOMEM;
    f->kind = kind;
    f->named = names != NULL;
    if (names && count > MUNI__QUERY_FIELDS)
        return muni__fail(MUNI_ELIMIT, "fields", "%zu fields are named; at most %d are allowed", "項目が%zu個指定されています。上限は%d個です", count, MUNI__QUERY_FIELDS);
    f->items = muni__arena_alloc(mem, (names ? count : (size_t)kind->nfields) * sizeof *f->items);
    if (!f->items)
        return MUNI_ENOMEM;
    if (!names) {
        for (int32_t i = 0; i < kind->nfields; i++)
            if (!(kind->fields[i].flags & (MUNI__F_PERSONAL | MUNI__F_SECRET | MUNI__F_FOLDED))) {
                muni__fielditem *item = &f->items[f->count++];
                item->name = kind->fields[i].name;
                item->path.kind[0] = kind;
                item->path.field[0] = i;
            }
        *out = f;
        return MUNI_OK;
    }
    for (size_t i = 0; i < count; i++) {
        muni__fielditem *item = &f->items[f->count];
        size_t n = names[i] ? strlen(names[i]) : 0, bad, k = 0;
        if (!muni__utf8_valid(names[i] ? names[i] : "", n, &bad))
            return muni__fail(MUNI_EUTF8, "fields", "the name of a field is not valid UTF-8", "項目名がUTF-8ではありません");
        st = muni__path_parse(kind, names[i] ? names[i] : "", n, NULL, &item->path);
        if (st < 0)
            return st;
        while (k < f->count && strcmp(f->items[k].name, names[i]))
            k++;
        if (k < f->count)
            continue; /* named twice counts once */
        item->name = item->path.hops ? muni__arena_strndup(mem, names[i], n) : kind->fields[item->path.field[0]].name;
        if (!item->name)
            return MUNI_ENOMEM;
        for (int32_t h = 0; h <= item->path.hops; h++)
            f->personal |= (item->path.kind[h]->fields[item->path.field[h]].flags & MUNI__F_PERSONAL) != 0;
        f->count++;
    }
    *out = f;
    return MUNI_OK;
}

bool muni__fields_personal(const muni__fields *f) {
    return f && f->personal;
}

muni_status muni__fields_allowed(const muni__tx *tx, const muni__fields *f) {
    for (size_t i = 0; f->personal && i < f->count; i++)
        for (int32_t h = 0; h <= f->items[i].path.hops; h++)
            if (!muni__field_visible(tx, f->items[i].path.kind[h], f->items[i].path.field[h])) {
                (void)muni__fail(MUNI_EDENIED, f->items[i].name, "the field \"%s\" is personal, and the session has no right to personal fields of %s",
                                 "項目「%s」は個人情報です。%sの個人情報を見る権限がありません", f->items[i].name, f->items[i].path.kind[h]->name);
                muni__fail_place(f->kind->name, 0, 0);
                return MUNI_EDENIED;
            }
    return MUNI_OK;
}

/* ---- tokens: base64url of [kind, order, values …] */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put64(muni__buf *out, const char *p, size_t n) {
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)(unsigned char)p[i] << 16;
        if (i + 1 < n)
            v |= (uint32_t)(unsigned char)p[i + 1] << 8;
        if (i + 2 < n)
            v |= (uint32_t)(unsigned char)p[i + 2];
        muni__buf_putc(out, digits[v >> 18]);
        muni__buf_putc(out, digits[v >> 12 & 63]);
        if (i + 1 < n)
            muni__buf_putc(out, digits[v >> 6 & 63]);
        if (i + 2 < n)
            muni__buf_putc(out, digits[v & 63]);
    }
}

static bool get64(muni__buf *out, const char *p, size_t n) {
    uint32_t v = 0, bits = 0;
    if (n % 4 == 1)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char *d = p[i] ? strchr(digits, p[i]) : NULL;
        if (!d)
            return false;
        v = (v << 6 | (uint32_t)(d - digits)) & 0xffffff;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            muni__buf_putc(out, (char)(unsigned char)(v >> bits & 0xff));
        }
    }
    return !(v & ((1u << bits) - 1)); /* one way of writing it only */
}

static bool is_text(const muni__field *f) {
    return f->type == MUNI__TEXT || f->type == MUNI__KEY || f->type == MUNI__CODE || f->type == MUNI__DATE;
}

muni_status muni__query_token(const muni_query *q, const muni__val *keys, char **out) {
    muni__buf json = MUNI_BUF_INIT(MUNI__QUERY_JSON_MAX), token = MUNI_BUF_INIT(MUNI__QUERY_JSON_MAX * 2);
    *out = NULL;
    muni__buf_puts(&token, "");
    if (keys) {
        muni__buf_putc(&json, '[');
        muni__buf_json(&json, q->kind->name, strlen(q->kind->name));
        muni__buf_putc(&json, ',');
        muni__buf_json(&json, q->order_text, strlen(q->order_text));
        for (size_t i = 0; i < q->norder; i++) {
            muni__buf_putc(&json, ',');
            if (keys[i].t == MUNI_TYPE_NULL)
                muni__buf_puts(&json, "null");
            else if (keys[i].t == MUNI_TYPE_TEXT)
                muni__buf_json(&json, keys[i].p, keys[i].n);
            else
                muni__buf_int(&json, keys[i].i);
        }
        muni__buf_putc(&json, ']');
        if (json.st >= 0)
            put64(&token, json.p, json.n);
        else
            token.st = json.st;
    }
    muni__buf_free(&json);
    return muni__buf_take(&token, out, NULL);
}

static muni_status bad_token(void) {
    return muni__fail(MUNI_EFORMAT, "after", "this is no token of a query of this kind in this order; take it from muni_cursor_token() and leave it as it is",
                      "この種類・並び順の問い合わせの続きを示すトークンではありません。muni_cursor_token()の値をそのまま渡してください");
}

static muni_status read_token(muni_query *q, const char *p, size_t n) {
    muni__buf b = MUNI_BUF_INIT(MUNI__QUERY_JSON_MAX);
    json_t *j = NULL;
    muni_status st = MUNI_OK;
    muni__buf_puts(&b, "");
    bool good = get64(&b, p, n);
    if (b.st < 0) {
        st = b.st;
        goto out;
    }
    if (!good || (st = muni__json_load(b.p, b.n, MUNI__QUERY_JSON_MAX, "after", &j)) < 0) {
        st = st == MUNI_ENOMEM ? st : bad_token();
        goto out;
    }
    const char *kind = json_string_value(json_array_get(j, 0)), *order = json_string_value(json_array_get(j, 1));
    if (json_array_size(j) != q->norder + 2 || !kind || strcmp(kind, q->kind->name) || !order || strcmp(order, q->order_text)) {
        st = bad_token();
        goto out;
    }
    q->after = muni__arena_alloc(&q->mem, q->norder * sizeof *q->after);
    if (!q->after) {
        st = MUNI_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < q->norder && st >= 0; i++) {
        const json_t *v = json_array_get(j, i + 2);
        int32_t field = q->order[i].field;
        if (json_is_null(v) && field != MUNI__C_ID) {
            q->after[i] = MUNI_NULL_VAL;
        } else if (is_text(&q->kind->fields[field]) && json_is_string(v) && json_string_length(v)) {
            size_t m = json_string_length(v);
            const char *text = muni__arena_strndup(&q->mem, json_string_value(v), m);
            q->after[i] = muni__val_text(text, m);
            if (!text)
                st = MUNI_ENOMEM;
        } else if (!is_text(&q->kind->fields[field]) && json_is_integer(v)) {
            q->after[i] = muni__val_int(json_integer_value(v));
        } else {
            st = bad_token();
        }
    }
out:
    json_decref(j);
    muni__buf_free(&b);
    return st;
}

/* ---- parsing */

static muni_status not_a(const char *member, const char *en, const char *ja) {
    return muni__fail(MUNI_EFORMAT, member, "\"%1$s\" is %2$s%3$.0s", "「%1$s」には%2$.0s%3$sを指定してください", member, en, ja);
}

static muni_status parse_order(muni_query *q, const json_t *j) {
    muni_status st;
    muni__at_text t;
    muni__at at = { NULL, "order", 0 };
    if (!json_is_array(j))
        return not_a("order", "a list of field names, \"-\" before one for descending", "項目名の並び（降順は先頭に「-」）");
    if (json_array_size(j) > MUNI__QUERY_ORDERS)
        return muni__fail(MUNI_ELIMIT, "order", "at most %d fields to order by", "並び順に指定できる項目は%d個までです", MUNI__QUERY_ORDERS);
    for (size_t i = 0; i < json_array_size(j); i++) {
        muni__at here = { &at, NULL, i };
        const json_t *e = json_array_get(j, i);
        const char *s = json_string_value(e);
        size_t n = json_string_length(e);
        muni__path p;
        if (!s)
            return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &here), "an order is the name of a field", "並び順は項目名で指定してください");
        bool desc = n && s[0] == '-';
        st = muni__path_parse(q->kind, s + desc, n - desc, &here, &p);
        if (st < 0)
            return st;
        const muni__field *f = muni__path_field(&p);
        if (p.hops)
            return muni__fail(MUNI_EFIELD, muni__at_write(&t, &here), "records are ordered by fields of their own, not through references",
                              "並び順には参照先ではなく、その種類自身の項目を指定してください");
        if ((f->flags & MUNI__F_LIST) || f->type == MUNI__NOTE || f->type == MUNI__JSON || f->type == MUNI__ANY)
            return muni__fail(MUNI_ETYPE, muni__at_write(&t, &here), "nothing can be ordered by the field \"%s\" (%s)", "項目「%s」（%s）では並べ替えられません", f->name,
                              muni__type_name(f->type));
        for (size_t k = 0; k < q->norder; k++)
            if (q->order[k].field == p.field[0])
                return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &here), "the field \"%s\" stands twice", "項目「%s」が重複しています", f->name);
        q->order[q->norder++] = (muni__order){ p.field[0], desc };
    }
    return MUNI_OK;
}

/* The id decides between equals, in the direction of what stands before it; what stands behind it decides nothing. */
static void settle_order(muni_query *q) {
    size_t at = 0, n = 0;
    while (at < q->norder && q->order[at].field != MUNI__C_ID)
        at++;
    if (at == q->norder)
        q->order[q->norder] = (muni__order){ MUNI__C_ID, q->norder ? q->order[q->norder - 1].desc : true };
    q->norder = at + 1;
    for (size_t i = 0; i < q->norder; i++)
        n += (size_t)snprintf(q->order_text + n, sizeof q->order_text - n, "%s%s%s", i ? "," : "", q->order[i].desc ? "-" : "",
                              q->kind->fields[q->order[i].field].name);
}

static muni_status parse_fields(muni_query *q, const json_t *j) {
    muni__at_text t;
    muni__at at = { NULL, "fields", 0 };
    size_t n = json_array_size(j);
    if (j && !json_is_array(j))
        return not_a("fields", "a list of field names", "項目名の並び");
    if (!n)
        return muni__fields_parse(&q->mem, q->kind, NULL, 0, &q->fields);
    if (n > MUNI__QUERY_FIELDS)
        return muni__fail(MUNI_ELIMIT, "fields", "%zu fields are named; at most %d are allowed", "項目が%zu個指定されています。上限は%d個です", n, MUNI__QUERY_FIELDS);
    const char **names = muni__arena_alloc(&q->mem, n * sizeof *names);
    if (!names)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        muni__at here = { &at, NULL, i };
        const json_t *e = json_array_get(j, i);
        names[i] = json_string_value(e);
        if (!names[i])
            return muni__fail(MUNI_EFORMAT, muni__at_write(&t, &here), "a field is named by a text", "項目名は文字列で指定してください");
        muni__path p;
        muni_status st = muni__path_parse(q->kind, names[i], json_string_length(e), &here, &p);
        if (st < 0)
            return st;
    }
    return muni__fields_parse(&q->mem, q->kind, names, n, &q->fields);
}

static muni_status parse_words(muni_query *q, const json_t *j) {
    if (!json_is_string(j))
        return not_a("words", "a text to search for", "検索する文字列");
    q->words = true;
    muni_status st = muni__query_compile(json_string_value(j), json_string_length(j), &q->terms);
    if (st == MUNI_EINVAL)
        return muni__fail(MUNI_EFORMAT, "words", "the words hold nothing that can be searched for; give at least one letter, digit or character",
                          "検索できる言葉がありません。文字か数字を含めてください");
    return st;
}

static const char *const members[] = { "kind", "where", "words", "order", "fields", "limit", "after", "trash" };
enum { M_KIND, M_WHERE, M_WORDS, M_ORDER, M_FIELDS, M_LIMIT, M_AFTER, M_TRASH, M_COUNT };

static muni_status parse_members(muni_query *q, json_t *j) {
    static const char *const modes[] = { "without", "only", "with" };
    json_t *m[M_COUNT] = { 0 };
    muni__quoted quoted;
    muni_status st;
    for (void *it = json_object_iter(j); it; it = json_object_iter_next(j, it)) {
        const char *key = json_object_iter_key(it);
        size_t n = json_object_iter_key_len(it), k = 0;
        while (k < M_COUNT && (strlen(members[k]) != n || memcmp(members[k], key, n)))
            k++;
        if (k == M_COUNT) {
            const char *near = muni__nearest(key, members, M_COUNT, sizeof *members);
            const char *shown = muni__quote(&quoted, key, n);
            if (near)
                return muni__fail(MUNI_EFORMAT, shown, "a query has no member \"%s\"; did you mean \"%s\"?", "問い合わせに「%s」はありません。「%s」ではありませんか", shown, near);
            return muni__fail(MUNI_EFORMAT, shown, "a query has no member \"%s\"; it has kind, where, words, order, fields, limit, after, trash",
                              "問い合わせに「%s」はありません。使えるもの：kind, where, words, order, fields, limit, after, trash", shown);
        }
        if (!json_is_null(json_object_iter_value(it)))
            m[k] = json_object_iter_value(it);
    }
    if (!json_is_string(m[M_KIND]))
        return not_a("kind", "the name of a kind, such as \"ticket\"", "「ticket」などの種類名");
    if (strlen(json_string_value(m[M_KIND])) != json_string_length(m[M_KIND]))
        return not_a("kind", "the name of a kind, without a NUL", "NULを含まない種類名");
    st = muni__kind_get(json_string_value(m[M_KIND]), &q->kind);
    if (st < 0)
        return st;
    json_t *where = m[M_WHERE];
    if (where && !((json_is_array(where) && !json_array_size(where)) || (json_is_object(where) && !json_object_size(where)))) {
        muni__cond *c = NULL;
        st = muni__cond_parse(&q->mem, q->kind, where, "where", &c);
        if (st < 0)
            return st;
        if (muni__cond_uses_old(c))
            return muni__fail(MUNI_EFORMAT, "where", "{\"old\":…} is for rules of change; a query has no old record", "{\"old\":…}は変更時の条件だけに使えます。問い合わせでは使えません");
        q->where = c;
    }
    if (m[M_WORDS] && !(json_is_string(m[M_WORDS]) && !json_string_length(m[M_WORDS])) && (st = parse_words(q, m[M_WORDS])) < 0)
        return st;
    if (m[M_ORDER] && (st = parse_order(q, m[M_ORDER])) < 0)
        return st;
    settle_order(q);
    if ((st = parse_fields(q, m[M_FIELDS])) < 0)
        return st;
    q->limit = -1;
    if (m[M_LIMIT]) {
        if (!json_is_integer(m[M_LIMIT]) || json_integer_value(m[M_LIMIT]) < 0)
            return not_a("limit", "a number of records, 0 or more", "0以上の件数");
        q->limit = json_integer_value(m[M_LIMIT]);
    }
    if (m[M_TRASH]) {
        size_t k = 0;
        const char *s = json_string_value(m[M_TRASH]);
        while (k < MUNI_COUNT(modes) && (!s || strcmp(s, modes[k])))
            k++;
        if (k == MUNI_COUNT(modes))
            return not_a("trash", "\"without\", \"only\" or \"with\"", "「without」「only」「with」のいずれか");
        q->trash = (muni__trash_mode)k;
    }
    if (m[M_AFTER]) {
        if (!json_is_string(m[M_AFTER]))
            return bad_token();
        if (json_string_length(m[M_AFTER]) && (st = read_token(q, json_string_value(m[M_AFTER]), json_string_length(m[M_AFTER]))) < 0)
            return st;
    }
    /* what says nothing is not part of the canonical form */
    for (size_t k = 0; k < M_COUNT; k++) {
        bool empty = !m[k] || ((k == M_WHERE) && !q->where) || ((k == M_WORDS || k == M_AFTER) && json_is_string(m[k]) && !json_string_length(m[k])) ||
                     ((k == M_ORDER || k == M_FIELDS) && !json_array_size(m[k]));
        if (empty)
            (void)json_object_del(j, members[k]);
    }
    muni__buf b = MUNI_BUF_INIT(MUNI__QUERY_JSON_MAX * 6 + 64);
    muni__json_write(&b, j);
    return muni__buf_take(&b, &q->json, NULL);
}

muni_status muni__query_parse(const char *json, size_t length, muni_query **out) {
    json_t *j = NULL;
    muni_query *q = NULL;
    *out = NULL;
    muni_status st = muni__json_load(json, length, MUNI__QUERY_JSON_MAX, "query", &j);
    if (st < 0)
        return st;
    if (!json_is_object(j)) {
        st = muni__fail(MUNI_EFORMAT, "query", "a query is a JSON object with at least the member \"kind\"", "問い合わせは「kind」を含むJSONのオブジェクトです");
        goto out;
    }
    q = muni__alloc(sizeof *q);
    if (!q) {
        st = MUNI_ENOMEM;
        goto out;
    }
    q->refs = 1;
    MUNI_TRY(parse_members(q, j));
    *out = q;
    q = NULL;
out:
    muni__query_unref(q);
    json_decref(j);
    return st;
}

muni_query *muni__query_ref(const muni_query *q) {
    muni_query *own = (muni_query *)(uintptr_t)q;
    (void)__atomic_add_fetch(&own->refs, 1, __ATOMIC_RELAXED);
    return own;
}

void muni__query_unref(muni_query *q) {
    if (!q || __atomic_sub_fetch(&q->refs, 1, __ATOMIC_ACQ_REL))
        return;
    muni__terms_free(&q->terms);
    muni__arena_free(&q->mem);
    muni__free(q->json);
    muni__free(q);
}

/* ---- exported */

muni_status muni_query_parse(const char *json, size_t length, muni_query **out) {
    MUNI_ENTER();
    if (out)
        *out = NULL;
    if (!json || !out)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, json ? "out" : "json", "a pointer is NULL", "ポインタがNULLです"));
    return MUNI_LEAVE(muni__query_parse(json, length, out));
}

void muni_query_free(muni_query *query) {
    muni__query_unref(query);
}

muni_status muni_query_json(const muni_query *query, char **out) {
    MUNI_ENTER();
    if (out)
        *out = NULL;
    if (!query || !out)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, query ? "out" : "query", "a pointer is NULL", "ポインタがNULLです"));
    *out = muni__strdup(query->json);
    return MUNI_LEAVE(*out ? MUNI_OK : MUNI_ENOMEM);
}
