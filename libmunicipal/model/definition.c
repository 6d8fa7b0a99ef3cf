/* Definitions: behaviour as data. Records of the kind definition; checked when saved, parsed when first used, kept by the open store. */
#include "model/internal.h"

#include "core/json.h"
#include "core/textkey.h"

#include <stdio.h>

/* What an open store keeps: parsed definitions by id (they never change once active), and which one is active by family and name
 * under a configuration revision. */
typedef struct kept {
    struct kept *next;
    muni__definition d;
} kept;

typedef struct active {
    struct active *next;
    char *family, *name;
    const muni__definition *d;
} active;

struct muni__definitions {
    kept *all;
    active *now;
    int64_t config;
};

static void kept_free(kept *k) {
    if (!k)
        return;
    muni__free(k->d.name);
    muni__free(k->d.title);
    json_decref(k->d.body);
    muni__free(k);
}

static void forget(struct muni__definitions *ds) {
    while (ds->now) {
        active *next = ds->now->next;
        muni__free(ds->now->family);
        muni__free(ds->now->name);
        muni__free(ds->now);
        ds->now = next;
    }
}

void muni__definitions_free(struct muni__definitions *ds) {
    if (!ds)
        return;
    forget(ds);
    while (ds->all) {
        kept *next = ds->all->next;
        kept_free(ds->all);
        ds->all = next;
    }
    muni__free(ds);
}

/* Where a transaction keeps what it reads. Once it has written a definition itself, what it reads may be taken back, and both the id and the revision of the
 * configuration be given to another: then it keeps it to itself. */
static muni_status cache(muni__tx *tx, struct muni__definitions **out) {
    struct muni__definitions **at = tx->configured ? &tx->definitions : &tx->db->definitions;
    if (!*at)
        *at = muni__alloc(sizeof **at);
    *out = *at;
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status missing(const char *family, const char *name) {
    muni__quoted q;
    return muni__fail(MUNI_EDEFINITION, "definition", "there is no active %s definition \"%s\"; create one and activate it", "有効な%s定義「%s」がありません。登録して有効にしてください", family,
                      muni__quote(&q, name, strlen(name)));
}

/* Read one: by id, or the active one of a family and name. */
static muni_status read(muni__tx *tx, int64_t id, const char *family, const char *name, kept **out) {
    muni__stmt *s = NULL;
    kept *k = NULL;
    size_t n = 0;
    muni_status st;
    *out = NULL;
    if (id) {
        MUNI_TRY(muni__sql(tx->conn, "SELECT id,version,name,title,body FROM k_definition WHERE id=?1", &s));
        muni__bind_int(s, 1, id);
    } else {
        MUNI_TRY(muni__sql(tx->conn, "SELECT id,version,name,title,body FROM k_definition WHERE family=?1 AND name_key=?2 AND state='active' AND trashed_at IS NULL ORDER BY version DESC LIMIT 1", &s));
        muni__bind_text(s, 1, family, strlen(family));
        muni__bind_text(s, 2, name, strlen(name));
    }
    MUNI_TRY(muni__step(s));
    if (st != MUNI_ROW)
        goto out;
    k = muni__alloc(sizeof *k);
    if (!k) {
        st = MUNI_ENOMEM;
        goto out;
    }
    k->d.id = muni__col_int(s, 0);
    k->d.version = (int32_t)muni__col_int(s, 1);
    const char *p = muni__col_text(s, 2, &n);
    k->d.name = muni__strndup(p ? p : "", n);
    p = muni__col_text(s, 3, &n);
    k->d.title = muni__strndup(p ? p : "", p ? n : 0);
    if (!k->d.name || !k->d.title) {
        st = MUNI_ENOMEM;
        goto out;
    }
    p = muni__col_text(s, 4, &n);
    MUNI_TRY(muni__json_load(p, n, MUNI__JSON_MAX, "body", &k->d.body));
    *out = k;
    k = NULL;
out:
    muni__done(s);
    kept_free(k);
    return st < 0 ? st : MUNI_OK;
}

static kept *find_kept(const struct muni__definitions *ds, int64_t id) {
    for (kept *k = ds->all; k; k = k->next)
        if (k->d.id == id)
            return k;
    return NULL;
}

/* Keep what was read, or give the one that another thread kept meanwhile. Under the mutex. */
static kept *keep(struct muni__definitions *ds, kept *k) {
    kept *there = find_kept(ds, k->d.id);
    if (there) {
        kept_free(k);
        return there;
    }
    k->next = ds->all;
    ds->all = k;
    return k;
}

muni_status muni__definition_by_id(muni__tx *tx, int64_t id, const muni__definition **out) {
    struct muni__definitions *ds = NULL;
    kept *k = NULL;
    *out = NULL;
    (void)pthread_mutex_lock(&tx->db->mutex);
    muni_status st = cache(tx, &ds);
    if (st >= 0 && ((k = find_kept(ds, id)) || (tx->db->definitions && (k = find_kept(tx->db->definitions, id)))))
        *out = &k->d;
    (void)pthread_mutex_unlock(&tx->db->mutex);
    if (st < 0 || *out)
        return st;
    st = read(tx, id, NULL, NULL, &k);
    if (st >= 0 && !k)
        st = muni__fail(MUNI_EDEFINITION, "definition", "there is no definition %lld", "定義%lldがありません", (long long)id);
    if (st < 0)
        return st;
    (void)pthread_mutex_lock(&tx->db->mutex);
    *out = &keep(ds, k)->d;
    (void)pthread_mutex_unlock(&tx->db->mutex);
    return MUNI_OK;
}

muni_status muni__definition_active(muni__tx *tx, const char *family, const char *name, const muni__definition **out) {
    struct muni__definitions *ds = NULL;
    kept *k = NULL;
    int64_t config = 0;
    *out = NULL;
    muni_status st = muni__conn_config(tx->conn, &config);
    if (st < 0)
        return st;
    (void)pthread_mutex_lock(&tx->db->mutex);
    st = cache(tx, &ds);
    if (st >= 0) {
        if (ds->config != config) {
            forget(ds);
            ds->config = config;
        }
        for (active *a = ds->now; a && !*out; a = a->next)
            if (!strcmp(a->family, family) && !strcmp(a->name, name))
                *out = a->d;
    }
    (void)pthread_mutex_unlock(&tx->db->mutex);
    if (st < 0 || *out)
        return st;
    st = read(tx, 0, family, name, &k);
    if (st >= 0 && !k)
        st = missing(family, name);
    if (st < 0)
        return st;
    active *a = muni__alloc(sizeof *a);
    if (!a || !(a->family = muni__strdup(family)) || !(a->name = muni__strdup(name))) {
        if (a)
            muni__free(a->family);
        muni__free(a);
        kept_free(k);
        return MUNI_ENOMEM;
    }
    (void)pthread_mutex_lock(&tx->db->mutex);
    *out = &keep(ds, k)->d;
    bool current = ds->config == config;
    if (current) {
        a->d = *out;
        a->next = ds->now;
        ds->now = a;
    }
    (void)pthread_mutex_unlock(&tx->db->mutex);
    if (!current) { /* the configuration changed meanwhile: it is read again next time */
        muni__free(a->family);
        muni__free(a->name);
        muni__free(a);
    }
    return MUNI_OK;
}

/* ---- codes: {"values":[{"code":"network","ja":"NW関連","en":"Network"},…]} */

static muni_status folded_equal(const char *key, size_t n, const char *title, bool *same) {
    char *folded = NULL;
    size_t m = 0;
    muni_status st = muni__idkey(title, strlen(title), &folded, &m);
    *same = st >= 0 && m == n && !memcmp(folded, key, n);
    muni__free(folded);
    return st;
}

muni_status muni__codes_find(const muni__definition *d, const char *p, size_t n, const char **out) {
    static const char *const titles[] = { "code", "ja", "en" };
    const json_t *values = json_object_get(d->body, "values");
    char *key = NULL;
    size_t m = 0;
    *out = NULL;
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *code = json_string_value(json_object_get(json_array_get(values, i), "code"));
        if (strlen(code) == n && !memcmp(code, p, n)) {
            *out = code;
            return MUNI_OK;
        }
    }
    muni_status st = muni__idkey(p, n, &key, &m);
    for (size_t i = 0; st >= 0 && !*out && i < json_array_size(values); i++)
        for (size_t k = 0; st >= 0 && !*out && k < MUNI_COUNT(titles); k++) {
            const json_t *v = json_array_get(values, i);
            const char *title = json_string_value(json_object_get(v, titles[k]));
            bool same = false;
            if (title)
                st = folded_equal(key, m, title, &same);
            if (same)
                *out = json_string_value(json_object_get(v, "code"));
        }
    muni__free(key);
    return st;
}

const char *muni__codes_title(const muni__definition *d, const char *code, const char *lang) {
    const json_t *values = json_object_get(d->body, "values");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *v = json_array_get(values, i);
        if (!strcmp(json_string_value(json_object_get(v, "code")), code)) {
            const char *title = json_string_value(json_object_get(v, lang));
            return title ? title : code;
        }
    }
    return code;
}

static muni_status codes_check(const json_t *body) {
    const json_t *values = json_object_get(body, "values");
    char path[48];
    if (json_object_size(body) != 1 || !json_is_array(values) || !json_array_size(values) || json_array_size(values) > 1000)
        return muni__fail(MUNI_EDEFINITION, "values", "a codes definition has the one member values: an array of 1 to 1,000 values",
                          "コード定義の項目はvaluesだけで、1から1000個の値の配列です");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *v = json_array_get(values, i);
        const char *code = json_string_value(json_object_get(v, "code"));
        (void)snprintf(path, sizeof path, "values[%zu]", i);
        if (!code || !*code || strlen(code) > 64 || !json_string_value(json_object_get(v, "ja")) || !json_string_value(json_object_get(v, "en")))
            return muni__fail(MUNI_EDEFINITION, path, "value %zu needs a code of at most 64 bytes and titles ja and en", "%zu番目の値には64バイト以内のcodeと表題jaとenが必要です", i + 1);
        const char *control = code; /* a record could not hold it */
        while ((unsigned char)*control >= 0x20 && *control != 0x7f)
            control++;
        if (*control)
            return muni__fail(MUNI_EDEFINITION, path, "the code of value %zu contains a control character", "%zu番目の値のcodeに制御文字が含まれています", i + 1);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(code, json_string_value(json_object_get(json_array_get(values, k), "code"))))
                return muni__fail(MUNI_EDEFINITION, path, "the code %s stands twice", "コード%sが2回あります", code);
    }
    return MUNI_OK;
}

/* ---- matrix: {"cells":[["high","high",1],…]}: impact × urgency → priority */

static muni_status matrix_check(const json_t *body) {
    const json_t *cells = json_object_get(body, "cells");
    char path[48];
    if (json_object_size(body) != 1 || !json_is_array(cells) || !json_array_size(cells) || json_array_size(cells) > 1000)
        return muni__fail(MUNI_EDEFINITION, "cells", "a matrix has the one member cells: an array of [row, column, value]", "マトリクスの項目はcellsだけで、[行,列,値]の配列です");
    for (size_t i = 0; i < json_array_size(cells); i++) {
        const json_t *c = json_array_get(cells, i);
        (void)snprintf(path, sizeof path, "cells[%zu]", i);
        if (json_array_size(c) != 3 || !json_is_string(json_array_get(c, 0)) || !json_is_string(json_array_get(c, 1)) || !json_is_integer(json_array_get(c, 2)))
            return muni__fail(MUNI_EDEFINITION, path, "cell %zu must be [text, text, integer]", "%zu番目は[文字列,文字列,整数]です", i + 1);
        for (size_t k = 0; k < i; k++)
            if (json_equal(json_array_get(c, 0), json_array_get(json_array_get(cells, k), 0)) && json_equal(json_array_get(c, 1), json_array_get(json_array_get(cells, k), 1)))
                return muni__fail(MUNI_EDEFINITION, path, "cell %zu stands twice", "%zu番目のマスが2回あります", i + 1);
    }
    return MUNI_OK;
}

/* ---- checking, and the kind's rules */

/* Is there a NUL in any text of it? Whoever uses a definition would read no further. */
static bool holds_nul(const json_t *j) {
    for (size_t i = 0; i < json_array_size(j); i++)
        if (holds_nul(json_array_get(j, i)))
            return true;
    for (void *it = json_object_iter((json_t *)(uintptr_t)j); it; it = json_object_iter_next((json_t *)(uintptr_t)j, it))
        if (holds_nul(json_object_iter_value(it))) /* names cannot hold one */
            return true;
    return json_is_string(j) && memchr(json_string_value(j), 0, json_string_length(j));
}

muni_status muni__definition_check(muni__tx *tx, const char *family, const char *name, const json_t *body) {
    if (!json_is_object(body))
        return muni__fail(MUNI_EDEFINITION, "body", "the body of a definition is a JSON object", "定義の本体はJSONのオブジェクトです");
    if (holds_nul(body))
        return muni__fail(MUNI_EDEFINITION, "body", "a text of the definition contains a NUL", "定義の文字列にNULが含まれています");
    if (!strcmp(family, "lifecycle"))
        return muni__lifecycle_check(name, body);
    if (!strcmp(family, "numbering"))
        return muni__numbering_check(body);
    if (!strcmp(family, "codes"))
        return codes_check(body);
    muni_status st = !strcmp(family, "matrix") ? matrix_check(body) : MUNI_OK;
    return st < 0 ? st : muni__rooms_table.check(tx, family, name, body);
}

static muni_status definition_derive(muni__tx *tx, const muni__row *old, muni__row *row) {
    const muni__kind *kind = row->kind;
    int32_t version = muni__row_field(kind, MUNI_DEFINITION_VERSION), origin = muni__row_field(kind, MUNI_DEFINITION_ORIGIN);
    const muni__val *family = &row->v[muni__row_field(kind, MUNI_DEFINITION_FAMILY)], *name = &row->v[muni__row_field(kind, MUNI_DEFINITION_NAME)];
    muni__stmt *s = NULL;
    char *key = NULL;
    size_t n = 0;
    muni_status st = MUNI_OK;
    if (old || family->t != MUNI_TYPE_TEXT || name->t != MUNI_TYPE_TEXT)
        return MUNI_OK;
    if (row->v[origin].t == MUNI_TYPE_NULL)
        row->v[origin] = muni__val_text("own", 3);
    MUNI_TRY(muni__idkey(name->p, name->n, &key, &n));
    MUNI_TRY(muni__sql(tx->conn, "SELECT max(version) FROM k_definition WHERE family=?1 AND name_key=?2 AND trashed_at IS NULL", &s));
    muni__bind_text(s, 1, family->p, family->n);
    muni__bind_text(s, 2, key, n);
    MUNI_TRY(muni__step(s));
    row->v[version] = muni__val_int((st == MUNI_ROW && !muni__col_null(s, 0) ? muni__col_int(s, 0) : 0) + 1);
    st = MUNI_OK;
out:
    muni__done(s);
    muni__free(key);
    return st;
}

static muni_status definition_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    const muni__kind *kind = row->kind;
    const muni__val *body = &row->v[muni__row_field(kind, MUNI_DEFINITION_BODY)];
    const char *family = row->v[muni__row_field(kind, MUNI_DEFINITION_FAMILY)].p;
    json_t *j = NULL;
    int32_t at = muni__row_field(kind, MUNI_DEFINITION_BODY);
    if (!tx->system && !(muni__scopes(tx, kind, NULL, MUNI__V_MANAGE) & MUNI__S_ALL))
        return muni__fail(MUNI_EDENIED, NULL, "only who manages the store may change definitions", "定義を変更できるのは保存先の管理者だけです");
    if (old && old->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT && strcmp(old->v[MUNI__C_STATE].p, "draft") != 0 && !muni__val_equal(&old->v[at], &row->v[at]))
        return muni__fail(MUNI_ESTATE, "body", "a definition that was in use is never edited; create a new version", "使われた定義は編集できません。新しい版を登録してください");
    /* one that stays as it is may be older than a check: it can still be retired */
    if (old && muni__val_equal(&old->v[at], &row->v[at]) && 
        (muni__val_equal(&old->v[MUNI__C_STATE], &row->v[MUNI__C_STATE]) || row->v[MUNI__C_STATE].t != MUNI_TYPE_TEXT || strcmp(row->v[MUNI__C_STATE].p, "active") != 0))
        return MUNI_OK;
    muni_status st = muni__json_load(body->p, body->n, MUNI__JSON_MAX, "body", &j);
    if (st >= 0)
        st = muni__definition_check(tx, family, row->v[muni__row_field(kind, MUNI_DEFINITION_NAME)].p, j);
    json_decref(j);
    return st;
}

/* When a version becomes active, the one before it is retired. */
static muni_status definition_after(muni__tx *tx, const muni__row *old, const muni__row *row) {
    const muni__kind *kind = row->kind;
    muni__stmt *s = NULL;
    int64_t other = 0;
    bool now = row->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT && !strcmp(row->v[MUNI__C_STATE].p, "active");
    bool before = old && old->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT && !strcmp(old->v[MUNI__C_STATE].p, "active");
    muni_status st;
    if (!now || before || !old)
        return MUNI_OK;
    MUNI_TRY(muni__sql(tx->conn, "SELECT a.id FROM k_definition a, k_definition b WHERE b.id=?1 AND a.family=b.family AND a.name_key=b.name_key AND a.state='active' AND a.trashed_at IS NULL AND a.id<>b.id", &s));
    muni__bind_int(s, 1, muni__row_id(row));
    MUNI_TRY(muni__step(s));
    if (st == MUNI_ROW)
        other = muni__col_int(s, 0);
    muni__done(s);
    s = NULL;
    if (other) {
        muni__row *patch = NULL;
        MUNI_TRY(muni__row_new(&tx->mem, kind, &patch));
        MUNI_TRY(muni__transition(tx, kind, other, 0, "retire", patch, NULL));
    }
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

const muni__hooks muni__definition_hooks = { definition_derive, definition_validate, definition_after };

/* ---- the shipped ones, written when a store is made. The lifecycle of definitions comes first: it is its own. */

static muni_status ship(muni__tx *tx, const muni__kind *kind, const json_t *j, int64_t *lifecycle) {
    static const struct {
        const char *member, *field;
    } texts[] = { { "family", MUNI_DEFINITION_FAMILY }, { "name", MUNI_DEFINITION_NAME }, { "title", MUNI_DEFINITION_TITLE } };
    muni__row *patch = NULL, *stored = NULL;
    muni__buf body = MUNI_BUF_INIT(MUNI__JSON_MAX);
    const json_t *b = json_object_get(j, "body");
    muni_status st;
    if (!b)
        return muni__fail(MUNI_EINTERNAL, "body", "a shipped definition has no body", "同梱の定義に本体がありません");
    MUNI_TRY(muni__row_new(&tx->mem, kind, &patch));
    for (size_t i = 0; i < MUNI_COUNT(texts); i++) {
        const char *p = json_string_value(json_object_get(j, texts[i].member));
        MUNI_TRY(muni__row_put_text(&tx->mem, patch, muni__row_field(kind, texts[i].field), p ? p : "", p ? strlen(p) : 0));
    }
    MUNI_TRY(muni__row_put_text(&tx->mem, patch, muni__row_field(kind, MUNI_DEFINITION_ORIGIN), "shipped", 7));
    MUNI_TRY(muni__row_put_text(&tx->mem, patch, MUNI__C_STATE, "active", 6));
    muni__json_write(&body, b);
    MUNI_TRY(body.st);
    int32_t at = muni__row_field(kind, MUNI_DEFINITION_BODY);
    MUNI_TRY(muni__row_put_text(&tx->mem, patch, at, body.p, body.n));
    patch->v[at].t = MUNI_TYPE_JSON;
    muni__row_put(patch, MUNI__C_LIFECYCLE, muni__val_int(*lifecycle ? *lifecycle : 1)); /* ids begin at 1 in a new store */
    MUNI_TRY(muni__create(tx, kind, patch, &stored));
    if (!*lifecycle)
        *lifecycle = muni__row_id(stored);
out:
    muni__buf_free(&body);
    return st;
}

muni_status muni__definitions_ship(muni__tx *tx) {
    const muni__kind *kind = muni__kind_find(MUNI_KIND_DEFINITION);
    int64_t lifecycle = 0;
    muni_status st = MUNI_OK;
    for (const char *const *s = muni__shipped_definitions; st >= 0 && *s; s++) {
        json_t *j = NULL;
        st = muni__json_load(*s, strlen(*s), MUNI__JSON_MAX, "body", &j);
        if (st >= 0)
            st = ship(tx, kind, j, &lifecycle);
        json_decref(j);
    }
    return st;
}
