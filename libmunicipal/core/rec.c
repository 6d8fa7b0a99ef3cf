/* Records. */
#include "core/value.h"

#include "core/date.h"
#include "core/json.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUES_MAX ((size_t)1000)
#define NAME_MAX_BYTES ((size_t)64)
#define TEXT_MAX ((size_t)16 << 20)

typedef struct item {
    const char *name;
    muni__val v;
    bool lasts; /* the name is not copied */
} item;

struct muni_rec {
    const muni__kind *kind;
    int32_t utc_offset;
    bool sealed;
    muni_status st;   /* what a setter met first */
    muni__error *why; /* and its error record; NULL where that could not be kept */
    item *items;
    size_t n, cap;
    muni__leaf *leaf; /* where it stands, and its texts; NULL: it stands alone */
    muni__arena mem;  /* names and texts while it is open and stands alone */
    char *block;      /* the same once it is sealed */
};

muni__leaf *muni__leaf_new(muni__arena *mem) {
    muni__leaf *leaf = muni__alloc(sizeof *leaf);
    if (leaf)
        *leaf = (muni__leaf){ 1, *mem };
    return leaf;
}

void muni__leaf_drop(muni__leaf *leaf, muni__arena *mem) {
    if (!leaf || __atomic_sub_fetch(&leaf->refs, 1, __ATOMIC_ACQ_REL))
        return;
    if (mem)
        *mem = leaf->mem;
    else
        muni__arena_free(&leaf->mem);
    muni__free(leaf);
}

bool muni__val_equal(const muni__val *a, const muni__val *b) {
    if (a->t != b->t)
        return false;
    switch (a->t) {
    case MUNI_TYPE_NULL: return true;
    case MUNI_TYPE_TEXT:
    case MUNI_TYPE_DATE:
    case MUNI_TYPE_JSON: return a->n == b->n && (!a->n || !memcmp(a->p, b->p, a->n));
    case MUNI__TYPE_ANY: return a->i == b->i && a->n == b->n;
    default: return a->i == b->i;
    }
}

/* ---- building */

muni_status muni__rec_open(muni__leaf *leaf, const muni__kind *kind, int32_t utc_offset, size_t expected, muni_rec **out) {
    *out = NULL;
    muni_rec *rec = leaf ? muni__arena_alloc(&leaf->mem, sizeof *rec + expected * sizeof *rec->items) : muni__alloc(sizeof *rec);
    if (!rec)
        return MUNI_ENOMEM;
    rec->kind = kind;
    rec->utc_offset = utc_offset;
    if (leaf) {
        rec->items = (item *)(rec + 1);
        rec->cap = expected;
        rec->leaf = leaf;
        (void)__atomic_add_fetch(&leaf->refs, 1, __ATOMIC_RELAXED);
    }
    muni_status st = expected && !leaf ? muni__grow(&rec->items, &rec->cap, expected, sizeof *rec->items) : MUNI_OK;
    if (st < 0) {
        muni_rec_free(rec);
        return st;
    }
    *out = rec;
    return MUNI_OK;
}

static int32_t find(const muni_rec *rec, const char *name) {
    for (size_t i = 0; i < rec->n; i++)
        if (rec->items[i].name == name || !strcmp(rec->items[i].name, name))
            return (int32_t)i;
    return -1;
}

static bool has_text(int32_t t) {
    return t == MUNI_TYPE_TEXT || t == MUNI_TYPE_DATE || t == MUNI_TYPE_JSON;
}

static muni_status append(muni_rec *rec, const char *name, bool lasts, const muni__val *v) {
    if (rec->n == rec->cap) {
        if (rec->leaf)
            return muni__fail(MUNI_EINTERNAL, "rec", "a record has more values than were expected", "レコードの値が予定より多くなりました");
        muni_status st = muni__grow(&rec->items, &rec->cap, rec->n + 1, sizeof *rec->items);
        if (st < 0)
            return st;
    }
    rec->items[rec->n++] = (item){ name, *v, lasts };
    return MUNI_OK;
}

/* Put a copy of a value under a name; `again` looks whether the name is there already. */
static muni_status put(muni_rec *rec, const char *name, const muni__val *v, bool again) {
    muni__arena *mem = rec->leaf ? &rec->leaf->mem : &rec->mem;
    muni__val kept = *v;
    if (has_text(v->t)) {
        kept.p = muni__arena_strndup(mem, v->p ? v->p : "", v->n);
        if (!kept.p)
            return MUNI_ENOMEM;
    }
    int32_t at = again ? find(rec, name) : -1;
    if (at >= 0) {
        rec->items[at].v = kept;
        return MUNI_OK;
    }
    char *copy = muni__arena_strndup(mem, name, strlen(name));
    return copy ? append(rec, copy, false, &kept) : MUNI_ENOMEM;
}

muni_status muni__rec_add(muni_rec *rec, const char *name, const muni__val *v) {
    if (v->t == MUNI__TYPE_ANY) { /* outside the library a reference to any kind is the text kind:id */
        const muni__kind *kind = muni__kind_numbered((int32_t)v->n);
        char text[96];
        int n = snprintf(text, sizeof text, "%s:%lld", kind ? kind->name : "?", (long long)v->i);
        muni__val shown = muni__val_text(text, (size_t)n);
        return put(rec, name, &shown, false);
    }
    return put(rec, name, v, false);
}

muni_status muni__rec_lend(muni_rec *rec, const char *name, bool lasts, const muni__val *v) {
    if (v->t == MUNI__TYPE_ANY) /* given out as a text of its own */
        return muni__rec_add(rec, name, v);
    return append(rec, name, lasts, v);
}

muni_status muni__rec_add_text(muni_rec *rec, const char *name, const char *text) {
    muni__val v = text ? muni__val_text(text, strlen(text)) : MUNI_NULL_VAL;
    return put(rec, name, &v, false);
}

muni_status muni__rec_add_int(muni_rec *rec, const char *name, int64_t number) {
    muni__val v = muni__val_int(number);
    return put(rec, name, &v, false);
}

muni_status muni__rec_seal(muni_rec *rec) {
    size_t total = rec->n * sizeof(item);
    if (rec->leaf) {
        rec->sealed = true;
        return MUNI_OK;
    }
    for (size_t i = 0; i < rec->n; i++)
        total += (rec->items[i].lasts ? 0 : strlen(rec->items[i].name) + 1) + (has_text(rec->items[i].v.t) ? rec->items[i].v.n + 1 : 0);
    char *block = muni__realloc_n(NULL, 1, total);
    if (!block)
        return MUNI_ENOMEM;
    item *items = (item *)(void *)block;
    char *at = block + rec->n * sizeof(item);
    for (size_t i = 0; i < rec->n; i++) {
        items[i] = rec->items[i];
        if (!items[i].lasts) {
            size_t n = strlen(items[i].name) + 1;
            items[i].name = memcpy(at, items[i].name, n);
            at += n;
        }
        if (has_text(items[i].v.t)) {
            size_t n = items[i].v.n;
            if (n)
                memcpy(at, items[i].v.p, n);
            at[n] = '\0';
            items[i].v.p = at;
            at += n + 1;
        }
    }
    muni__free(rec->items);
    muni__arena_free(&rec->mem);
    rec->items = items;
    rec->block = block;
    rec->sealed = true;
    return MUNI_OK;
}

int32_t muni__rec_count(const muni_rec *rec) {
    return rec ? (int32_t)rec->n : 0;
}

const char *muni__rec_at(const muni_rec *rec, int32_t index, muni__val *out) {
    *out = rec->items[index].v;
    return rec->items[index].name;
}

muni_status muni__rec_check(const muni_rec *rec) {
    if (rec->st >= 0)
        return MUNI_OK;
    if (rec->why)
        muni__error_restore(rec->why);
    return rec->st;
}

/* ---- input */

static muni_status remember(muni_rec *rec, muni_status st) {
    if (st >= 0 || !rec || rec->sealed || rec->st < 0)
        return st;
    rec->st = st;
    muni__error now;
    muni__error_save(&now);
    rec->why = muni__alloc(sizeof *rec->why);
    if (rec->why)
        *rec->why = now;
    muni__error_restore(&now);
    return st;
}

static muni_status set(muni_rec *rec, const char *name, const muni__val *v) {
    if (!rec)
        return muni__fail(MUNI_EINVAL, "rec", "the record is NULL", "レコードがNULLです");
    if (rec->sealed)
        return muni__fail(MUNI_EINVAL, "rec", "a record that the library gave out cannot be changed; make one with muni_rec_new()",
                          "ライブラリが返したレコードは変更できません。muni_rec_new()で作ってください");
    if (!name || !*name)
        return remember(rec, muni__fail(MUNI_EINVAL, "name", "the name of the field is missing", "項目名がありません"));
    size_t n = strlen(name), bad = 0;
    muni__quoted q;
    if (!muni__utf8_valid(name, n, &bad))
        return remember(rec, muni__fail(MUNI_EUTF8, "name", "the name of the field is not valid UTF-8 (byte %zu)",
                                        "項目名がUTF-8ではありません（%zuバイト目）", bad));
    if (n > NAME_MAX_BYTES)
        return remember(rec, muni__fail(MUNI_ELIMIT, "name", "the name of the field has %zu bytes; at most %zu are allowed",
                                        "項目名が%zuバイトあります。上限は%zuバイトです", n, NAME_MAX_BYTES));
    if (rec->n >= VALUES_MAX && find(rec, name) < 0)
        return remember(rec, muni__fail(MUNI_ELIMIT, muni__quote(&q, name, n), "a record holds at most %zu values", "レコードの値は%zu個までです", VALUES_MAX));
    return remember(rec, put(rec, name, v, true));
}

static muni_status set_text(muni_rec *rec, const char *name, const char *p, size_t n, int32_t type) {
    const char *field = name ? name : "text";
    if (!p)
        return remember(rec, muni__fail(MUNI_EINVAL, field, "the text is NULL; clear a field with muni_rec_set_null()",
                                        "テキストがNULLです。項目を空にするにはmuni_rec_set_null()を使ってください"));
    if (n == MUNI_ZERO_TERMINATED)
        n = strlen(p);
    size_t bad = 0;
    if (n > TEXT_MAX)
        return remember(rec, muni__fail(MUNI_ELIMIT, field, "the text has %zu bytes; at most %zu are allowed", "テキストが%zuバイトあります。上限は%zuバイトです", n, TEXT_MAX));
    if (!muni__utf8_valid(p, n, &bad))
        return remember(rec, muni__fail(MUNI_EUTF8, field, "the text is not valid UTF-8 (byte %zu)", "テキストがUTF-8ではありません（%zuバイト目）", bad));
    muni__val v = { type, 0, p, n };
    return set(rec, name, &v);
}

muni_status muni_rec_new(muni_rec **out) {
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    return MUNI_LEAVE(muni__rec_open(NULL, NULL, MUNI__ZONE_JST, 0, out));
}

void muni_rec_free(muni_rec *rec) {
    if (!rec)
        return;
    if (rec->leaf) {
        muni__leaf_drop(rec->leaf, NULL);
        return;
    }
    if (!rec->sealed)
        muni__free(rec->items);
    muni__arena_free(&rec->mem);
    muni__free(rec->block);
    muni__free(rec->why);
    muni__free(rec);
}

/* The name of a member, which must be a text without a NUL to be a field's name. */
static muni_status member(muni_rec *rec, const char *key, size_t n, const json_t *j) {
    muni__quoted q;
    if (memchr(key, 0, n))
        return muni__fail(MUNI_EFORMAT, "json", "a key contains a NUL", "キーにNULが含まれています");
    switch (json_typeof(j)) {
    case JSON_NULL: return set(rec, key, &MUNI_NULL_VAL);
    case JSON_TRUE:
    case JSON_FALSE: return set(rec, key, &(muni__val){ MUNI_TYPE_BOOL, json_is_true(j), NULL, 0 });
    case JSON_INTEGER: return set(rec, key, &(muni__val){ MUNI_TYPE_INT, json_integer_value(j), NULL, 0 });
    case JSON_STRING: return set_text(rec, key, json_string_value(j), json_string_length(j), MUNI_TYPE_TEXT);
    case JSON_REAL:
        return muni__fail(MUNI_ETYPE, muni__quote(&q, key, n), "the number is not an integer; give whole numbers, or the value as text",
                          "整数ではない数値です。整数か文字列で渡してください");
    default: break;
    }
    muni__buf b = MUNI_BUF_INIT(TEXT_MAX);
    char *text = NULL;
    size_t length = 0;
    muni__json_write(&b, j);
    muni_status st = muni__buf_take(&b, &text, &length);
    if (st >= 0)
        st = set_text(rec, key, text, length, MUNI_TYPE_JSON);
    muni__free(text);
    return st;
}

muni_status muni__rec_parse(const char *json, size_t length, muni_rec **out) {
    json_t *j = NULL;
    muni_rec *rec = NULL;
    *out = NULL;
    muni_status st = muni__json_load(json, length, MUNI__JSON_MAX, "json", &j);
    if (st < 0)
        return st;
    if (!json_is_object(j) && !(json_is_array(j) && !json_array_size(j))) {
        st = muni__fail(MUNI_EFORMAT, "json", "a record is a JSON object", "レコードはJSONのオブジェクトで渡してください");
        goto out;
    }
    MUNI_TRY(muni__rec_open(NULL, NULL, MUNI__ZONE_JST, json_object_size(j), &rec));
    for (void *it = json_object_iter(j); it; it = json_object_iter_next(j, it))
        MUNI_TRY(member(rec, json_object_iter_key(it), json_object_iter_key_len(it), json_object_iter_value(it)));
    *out = rec;
    rec = NULL;
out:
    muni_rec_free(rec);
    json_decref(j);
    return st;
}

muni_status muni_rec_parse(const char *json, size_t length, muni_rec **out) {
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    return MUNI_LEAVE(muni__rec_parse(json, length, out));
}

muni_status muni_rec_set_null(muni_rec *rec, const char *name) {
    MUNI_ENTER();
    return MUNI_LEAVE(set(rec, name, &MUNI_NULL_VAL));
}

muni_status muni_rec_set_text(muni_rec *rec, const char *name, const char *text, size_t length) {
    MUNI_ENTER();
    return MUNI_LEAVE(set_text(rec, name, text, length, MUNI_TYPE_TEXT));
}

muni_status muni_rec_set_int(muni_rec *rec, const char *name, int64_t value) {
    MUNI_ENTER();
    muni__val v = muni__val_int(value);
    return MUNI_LEAVE(set(rec, name, &v));
}

muni_status muni_rec_set_bool(muni_rec *rec, const char *name, int32_t value) {
    MUNI_ENTER();
    muni__val v = muni__val_bool(value != 0);
    return MUNI_LEAVE(set(rec, name, &v));
}

muni_status muni_rec_set_date(muni_rec *rec, const char *name, const char *date) {
    MUNI_ENTER();
    int32_t day;
    if (date && !muni__date_read(date, MUNI_ZERO_TERMINATED, &day))
        return MUNI_LEAVE(remember(rec, muni__fail(MUNI_EFORMAT, name, "this is no date; write YYYY-MM-DD, such as 2027-04-01",
                                                   "日付ではありません。2027-04-01のように書いてください")));
    return MUNI_LEAVE(set_text(rec, name, date, MUNI_ZERO_TERMINATED, MUNI_TYPE_DATE));
}

muni_status muni_rec_set_time(muni_rec *rec, const char *name, int64_t at) {
    MUNI_ENTER();
    muni__civil c;
    muni__val v = muni__val_time(at);
    if (muni__civil_from_time(at, MUNI__ZONE_JST, &c) < 0)
        return MUNI_LEAVE(remember(rec, muni__fail(MUNI_ELIMIT, name, "the moment is outside the years 1 to 9999", "日時が西暦1年から9999年の範囲にありません")));
    return MUNI_LEAVE(set(rec, name, &v));
}

muni_status muni_rec_set_json(muni_rec *rec, const char *name, const char *json, size_t length) {
    MUNI_ENTER();
    char *text = NULL;
    size_t n = 0;
    if (!json)
        return MUNI_LEAVE(remember(rec, muni__fail(MUNI_EINVAL, name, "the JSON text is NULL", "JSONがNULLです")));
    muni_status st = remember(rec, muni__json_canonical(json, length, MUNI__JSON_MAX, &text, &n));
    if (st >= 0)
        st = set_text(rec, name, text, n, MUNI_TYPE_JSON);
    muni__free(text);
    return MUNI_LEAVE(st);
}

/* ---- reading */

const char *muni_rec_kind(const muni_rec *rec) {
    return rec && rec->kind ? rec->kind->name : "";
}

int32_t muni_rec_count(const muni_rec *rec) {
    return muni__rec_count(rec);
}

int32_t muni_rec_find(const muni_rec *rec, const char *name) {
    return rec && name ? find(rec, name) : -1;
}

static const item *at(const muni_rec *rec, int32_t index) {
    return rec && index >= 0 && (size_t)index < rec->n ? &rec->items[index] : NULL;
}

const char *muni_rec_name(const muni_rec *rec, int32_t index) {
    const item *it = at(rec, index);
    return it ? it->name : NULL;
}

int32_t muni_rec_type(const muni_rec *rec, int32_t index) {
    const item *it = at(rec, index);
    return it ? it->v.t : MUNI_TYPE_NULL;
}

int64_t muni_rec_int(const muni_rec *rec, int32_t index) {
    const item *it = at(rec, index);
    return it && !has_text(it->v.t) ? it->v.i : 0;
}

const char *muni_rec_text(const muni_rec *rec, int32_t index, size_t *out_length) {
    const item *it = at(rec, index);
    bool text = it && has_text(it->v.t);
    if (out_length)
        *out_length = text ? it->v.n : 0;
    return text ? it->v.p : NULL;
}

void muni__val_json(muni__buf *b, const muni__val *v, int32_t utc_offset) {
    char time[MUNI__TIME_SIZE];
    const muni__kind *kind;
    switch (v->t) {
    case MUNI_TYPE_INT: muni__buf_int(b, v->i); break;
    case MUNI_TYPE_BOOL:
        if (v->i == 0 || v->i == 1)
            muni__buf_puts(b, v->i ? "true" : "false");
        else
            muni__buf_int(b, v->i); /* put there past the library: shown as it is, so that a verification sees it */
        break;
    case MUNI_TYPE_TEXT:
    case MUNI_TYPE_DATE: muni__buf_json(b, v->p, v->n); break;
    case MUNI_TYPE_JSON: muni__buf_put(b, v->p, v->n); break;
    case MUNI_TYPE_TIME:
        if (muni__time_format(v->i, utc_offset, time) < 0) { /* times are checked when they come in: put there past the library */
            muni__buf_int(b, v->i);
            break;
        }
        muni__buf_json(b, time, strlen(time));
        break;
    case MUNI__TYPE_ANY:
        kind = muni__kind_numbered((int32_t)v->n);
        muni__buf_printf(b, "\"%s:%lld\"", kind ? kind->name : "?", (long long)v->i);
        break;
    default: muni__buf_puts(b, "null"); break;
    }
}

static int by_name(const void *a, const void *b) {
    return strcmp((*(const item *const *)a)->name, (*(const item *const *)b)->name);
}

muni_status muni__rec_json(const muni_rec *rec, char **out) {
    muni__buf b = MUNI_BUF_INIT((size_t)64 << 20);
    const item **list = muni__alloc_n(rec->n + 1, sizeof *list);
    *out = NULL;
    if (!list)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < rec->n; i++)
        list[i] = &rec->items[i];
    qsort(list, rec->n, sizeof *list, by_name);
    muni__buf_putc(&b, '{');
    for (size_t i = 0; i < rec->n; i++) {
        if (i)
            muni__buf_putc(&b, ',');
        muni__buf_json(&b, list[i]->name, strlen(list[i]->name));
        muni__buf_putc(&b, ':');
        muni__val_json(&b, &list[i]->v, rec->utc_offset);
    }
    muni__buf_putc(&b, '}');
    muni__free(list);
    return muni__buf_take(&b, out, NULL);
}

muni_status muni_rec_json(const muni_rec *rec, char **out) {
    MUNI_ENTER();
    if (out)
        *out = NULL;
    if (!rec || !out)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, rec ? "out" : "rec", "a pointer is NULL", "ポインタがNULLです"));
    return MUNI_LEAVE(muni__rec_json(rec, out));
}
