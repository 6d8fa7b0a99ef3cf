/* JSON: canonical form, and documents from callers parsed under limits. */
#include "core/json.h"

#include <stdlib.h>

/* Depth by a scan of the text: the parser itself recurses, so this comes first. */
static bool too_deep(const char *p, size_t n, int limit) {
    int depth = 0;
    bool text = false;
    for (size_t i = 0; i < n; i++) {
        if (text) {
            if (p[i] == '\\')
                i++;
            else if (p[i] == '"')
                text = false;
        } else if (p[i] == '"') {
            text = true;
        } else if (p[i] == '[' || p[i] == '{') {
            if (++depth > limit)
                return true;
        } else if (p[i] == ']' || p[i] == '}') {
            depth--;
        }
    }
    return false;
}

static muni_status load(const char *json, size_t n, size_t max, int depth, const char *field, json_t **out) {
    *out = NULL;
    if (!json)
        return muni__fail(MUNI_EINVAL, field, "the JSON text is missing", "JSONがありません");
    if (n == MUNI_ZERO_TERMINATED)
        n = strlen(json);
    size_t bad = 0;
    if (n > max)
        return muni__fail(MUNI_ELIMIT, field, "the JSON text has %zu bytes; at most %zu are allowed", "JSONが%zuバイトあります。上限は%zuバイトです", n, max);
    if (!muni__utf8_valid(json, n, &bad))
        return muni__fail(MUNI_EUTF8, field, "the JSON text is not valid UTF-8 (byte %zu)", "JSONがUTF-8ではありません（%zuバイト目）", bad);
    if (too_deep(json, n, depth))
        return muni__fail(MUNI_ELIMIT, field, "the JSON text is nested deeper than %d levels", "JSONの入れ子が%d段を超えています", depth);
    /* When memory runs out inside a token, jansson 2.14 may lose a character or call the token wrong: what is right is right twice and alike,
     * what is wrong is wrong twice. */
    const size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL;
    json_error_t e, again;
    json_t *first = json_loadb(json, n, flags, &e), *second = json_loadb(json, n, flags, &again);
    bool same = first && second ? json_equal(first, second) != 0 : !first && !second && e.text[0] && !strcmp(e.text, again.text);
    json_decref(second);
    if (first && same) {
        *out = first;
        return MUNI_OK;
    }
    json_decref(first);
    if (!same || json_error_code(&e) == json_error_out_of_memory)
        return muni__nomem();
    if (json_error_code(&e) == json_error_numeric_overflow)
        return muni__fail(MUNI_ETYPE, field, "line %d of the JSON text has a number that does not fit 64 bits",
                          "JSONの%d行目に64ビットに収まらない数があります", e.line);
    return muni__fail(MUNI_EFORMAT, field, "line %d, column %d of the JSON text: %s", "JSONの%d行%d文字目が正しくありません（%s）", e.line, e.column, e.text);
}

muni_status muni__json_load(const char *json, size_t n, size_t max, const char *field, json_t **out) {
    return load(json, n, max, MUNI__JSON_DEPTH, field, out);
}

muni_status muni__json_load_own(const char *json, size_t n, size_t max, const char *field, json_t **out) {
    return load(json, n, max, MUNI__JSON_OWN_DEPTH, field, out);
}

typedef struct pair {
    const char *key;
    size_t n;
    const json_t *value;
} pair;

static int by_key(const void *a, const void *b) {
    const pair *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int c = n ? memcmp(x->key, y->key, n) : 0;
    return c ? c : (x->n > y->n) - (x->n < y->n);
}

void muni__json_write(muni__buf *b, const json_t *j) {
    switch (json_typeof(j)) {
    case JSON_NULL: muni__buf_puts(b, "null"); return;
    case JSON_TRUE: muni__buf_puts(b, "true"); return;
    case JSON_FALSE: muni__buf_puts(b, "false"); return;
    case JSON_INTEGER: muni__buf_int(b, json_integer_value(j)); return;
    case JSON_REAL: { /* only inside documents of the caller's own; shortest form that reads back the same */
        char *s = json_dumps(j, JSON_ENCODE_ANY);
        if (s)
            muni__buf_puts(b, s);
        else if (b->st >= 0)
            b->st = muni__nomem();
        free(s);
        return;
    }
    case JSON_STRING: muni__buf_json(b, json_string_value(j), json_string_length(j)); return;
    case JSON_ARRAY: {
        muni__buf_putc(b, '[');
        for (size_t i = 0; i < json_array_size(j); i++) {
            if (i)
                muni__buf_putc(b, ',');
            muni__json_write(b, json_array_get(j, i));
        }
        muni__buf_putc(b, ']');
        return;
    }
    case JSON_OBJECT: break;
    }
    size_t n = json_object_size(j), i = 0;
    pair few[16], *list = n > MUNI_COUNT(few) ? muni__alloc_n(n, sizeof *list) : few;
    if (!list) {
        if (b->st >= 0)
            b->st = MUNI_ENOMEM;
        return;
    }
    for (void *it = json_object_iter((json_t *)(uintptr_t)j); it && i < n; it = json_object_iter_next((json_t *)(uintptr_t)j, it), i++)
        list[i] = (pair){ json_object_iter_key(it), json_object_iter_key_len(it), json_object_iter_value(it) };
    qsort(list, i, sizeof *list, by_key);
    muni__buf_putc(b, '{');
    for (size_t k = 0; k < i; k++) {
        if (k)
            muni__buf_putc(b, ',');
        muni__buf_json(b, list[k].key, list[k].n);
        muni__buf_putc(b, ':');
        muni__json_write(b, list[k].value);
    }
    muni__buf_putc(b, '}');
    if (list != few)
        muni__free(list);
}

muni_status muni__json_canonical(const char *json, size_t n, size_t max, char **out, size_t *out_len) {
    json_t *j = NULL;
    *out = NULL;
    muni_status st = muni__json_load(json, n, max, NULL, &j);
    if (st < 0)
        return st;
    muni__buf b = MUNI_BUF_INIT(max * 6 + 64);
    muni__json_write(&b, j);
    json_decref(j);
    return muni__buf_take(&b, out, out_len);
}
