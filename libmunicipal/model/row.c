/* Rows: values given by callers checked field by field, and records read from the store. */
#include "model/internal.h"

#include "core/date.h"
#include "core/json.h"
#include "core/textkey.h"

#include <stdio.h>
#include <stdlib.h>

muni_status muni__row_new(muni__arena *mem, const muni__kind *kind, muni__row **out) {
    size_t n = (size_t)kind->nfields;
    *out = NULL;
    muni__row *row = muni__arena_alloc(mem, sizeof *row);
    muni__val *v = muni__arena_alloc(mem, n * sizeof *v);
    uint8_t *set = muni__arena_alloc(mem, n);
    if (!row || !v || !set)
        return MUNI_ENOMEM;
    row->kind = kind;
    row->v = v; /* zeroed: all null */
    row->set = set;
    *out = row;
    return MUNI_OK;
}

void muni__row_put(muni__row *row, int32_t field, muni__val v) {
    row->v[field] = v;
    row->set[field] = 1;
}

muni_status muni__row_put_text(muni__arena *mem, muni__row *row, int32_t field, const char *p, size_t n) {
    char *copy = muni__arena_strndup(mem, p, n);
    if (!copy)
        return MUNI_ENOMEM;
    muni__row_put(row, field, (muni__val){ row->kind->fields[field].type == MUNI__DATE ? MUNI_TYPE_DATE : MUNI_TYPE_TEXT, 0, copy, n });
    return MUNI_OK;
}

int32_t muni__row_field(const muni__kind *kind, const char *name) {
    return muni__field_find(kind, name);
}

/* ---- values from callers */

static int32_t text_limit(const muni__field *f) {
    if (f->max)
        return f->max;
    switch (f->type) {
    case MUNI__NOTE: return 20000;
    case MUNI__KEY: return 128;
    case MUNI__CODE: return 64;
    default: return 1000;
    }
}

static muni_status wrong_type(const muni__field *f, const char *en, const char *ja) {
    return muni__fail(MUNI_ETYPE, f->name, "%1$s (%2$s) must be %3$s%4$.0s", "%2$s（%1$s）は%3$.0s%4$sで指定してください", f->name, f->ja, en, ja);
}

/* Is `p` one of "a|b|c"? */
bool muni__list_has(const char *list, const char *p, size_t n) {
    while (*list) {
        const char *e = strchr(list, '|');
        size_t len = e ? (size_t)(e - list) : strlen(list);
        if (len == n && !memcmp(list, p, n))
            return true;
        if (!e)
            break;
        list = e + 1;
    }
    return false;
}

static muni_status take_code(muni__tx *tx, const muni__kind *kind, const muni__field *f, muni__val *v) {
    const char *list = f == &kind->fields[MUNI__C_TYPE] ? kind->types : f->target;
    muni__quoted q;
    if (*list == '@') {
        const muni__definition *d = NULL;
        muni_status st = muni__definition_active(tx, "codes", list + 1, &d);
        if (st < 0)
            return st;
        const char *code = NULL;
        st = muni__codes_find(d, v->p, v->n, &code);
        if (st < 0)
            return st;
        if (code) {
            v->p = code;
            v->n = strlen(code);
            return MUNI_OK;
        }
        return muni__fail(MUNI_ETYPE, f->name, "\"%s\" is no value of %s; the codes definition %s lists them", "「%s」は%sの値にありません。コード定義%sを見てください",
                          muni__quote(&q, v->p, v->n), f->name, list + 1);
    }
    if (*list && muni__list_has(list, v->p, v->n))
        return MUNI_OK;
    if (!*list)
        return muni__fail(MUNI_ETYPE, f->name, "%1$s takes no value for records of %2$s%3$.0s", "%2$.0s%1$sは%3$sでは使いません", f->name, kind->name, kind->ja);
    return muni__fail(MUNI_ETYPE, f->name, "\"%s\" is no value of %s; it is one of %s", "「%s」は%sの値にありません。%sのどれかです",
                      muni__quote(&q, v->p, v->n), f->name, list);
}

/* An identifier is found by its folded form: something must be left of it. */
static muni_status take_key(const muni__field *f, const muni__val *v) {
    char *key = NULL;
    size_t n = 0;
    if ((unsigned char)*v->p > ' ' && (unsigned char)*v->p < 0x7f)
        return MUNI_OK;
    muni_status st = muni__idkey(v->p, v->n, &key, &n);
    muni__free(key);
    if (st >= 0 && !n)
        return muni__fail(MUNI_EFORMAT, f->name, "%s has no character that can be seen", "%sに目に見える文字がありません", f->name);
    return st;
}

static muni_status take_text(muni__tx *tx, const muni__kind *kind, const muni__field *f, muni__val *v) {
    if (v->t != MUNI_TYPE_TEXT && v->t != MUNI_TYPE_DATE)
        return wrong_type(f, "text", "文字列");
    v->t = MUNI_TYPE_TEXT;
    if (!v->n) { /* "" is stored as absent */
        *v = MUNI_NULL_VAL;
        return MUNI_OK;
    }
    size_t length = muni__utf8_length(v->p, v->n);
    if (length > (size_t)text_limit(f))
        return muni__fail(MUNI_ELIMIT, f->name, "%s has %zu characters; at most %d are allowed", "%sが%zu文字あります。上限は%d文字です", f->name, length, (int)text_limit(f));
    for (size_t i = muni__plain_run(v->p, v->n); i < v->n; i += 1 + muni__plain_run(v->p + i + 1, v->n - i - 1)) {
        unsigned char c = (unsigned char)v->p[i];
        bool line = c == '\n' || c == '\r';
        if (c == 0 || (c == 0x7f) || (c < 0x20 && c != '\t' && !line))
            return muni__fail(MUNI_EFORMAT, f->name, "%s contains a control character (byte %zu)", "%sに制御文字が含まれています（%zuバイト目）", f->name, i + 1);
        if (line && f->type != MUNI__NOTE)
            return muni__fail(MUNI_EFORMAT, f->name, "%s is a single line; take the line break out (byte %zu)", "%sは1行の項目です。改行を取り除いてください（%zuバイト目）", f->name, i + 1);
    }
    if (f->type == MUNI__KEY)
        return take_key(f, v);
    return f->type == MUNI__CODE ? take_code(tx, kind, f, v) : MUNI_OK;
}

static muni_status take_any(const muni__field *f, muni__val *v) {
    if (v->t == MUNI__TYPE_ANY)
        return MUNI_OK;
    const char *colon = v->t == MUNI_TYPE_TEXT ? memchr(v->p, ':', v->n) : NULL;
    char name[64];
    size_t n = colon ? (size_t)(colon - v->p) : 0;
    if (!colon || n >= sizeof name)
        return wrong_type(f, "text such as ticket:12", "ticket:12のような文字列");
    memcpy(name, v->p, n);
    name[n] = 0;
    const muni__kind *target = muni__kind_find(name);
    int64_t id = 0;
    const char *p = colon + 1, *e = v->p + v->n;
    for (; p < e && *p >= '0' && *p <= '9' && id < ((int64_t)1 << 53); p++)
        id = id * 10 + (*p - '0');
    if (!target || p != e || !id)
        return wrong_type(f, "text such as ticket:12", "ticket:12のような文字列");
    *v = (muni__val){ MUNI__TYPE_ANY, id, NULL, (size_t)target->number };
    return MUNI_OK;
}

/* Bring a caller's value into the form of its field. */
muni_status muni__value_take(muni__tx *tx, const muni__kind *kind, int32_t index, muni__val *v) {
    const muni__field *f = &kind->fields[index];
    int32_t day;
    muni__civil civil;
    if (v->t == MUNI_TYPE_NULL)
        return MUNI_OK;
    switch (f->type) {
    case MUNI__TEXT:
    case MUNI__NOTE:
    case MUNI__KEY:
    case MUNI__CODE: return take_text(tx, kind, f, v);
    case MUNI__INT:
    case MUNI__SECS:
    case MUNI__YEN:
    case MUNI__BYTES:
        if (v->t != MUNI_TYPE_INT)
            return wrong_type(f, "an integer", "整数");
        if ((f->type == MUNI__SECS || f->type == MUNI__BYTES) && v->i < 0)
            return muni__fail(MUNI_ELIMIT, f->name, "%s is not negative", "%sは0以上です", f->name);
        return MUNI_OK;
    case MUNI__BOOL:
        if (v->t == MUNI_TYPE_INT && (v->i == 0 || v->i == 1))
            v->t = MUNI_TYPE_BOOL;
        return v->t == MUNI_TYPE_BOOL ? MUNI_OK : wrong_type(f, "true or false", "真偽値");
    case MUNI__DATE:
        if ((v->t == MUNI_TYPE_TEXT || v->t == MUNI_TYPE_DATE) && muni__date_read(v->p, v->n, &day)) {
            v->t = MUNI_TYPE_DATE;
            return MUNI_OK;
        }
        if (v->t == MUNI_TYPE_TEXT && !v->n) {
            *v = MUNI_NULL_VAL;
            return MUNI_OK;
        }
        return muni__fail(MUNI_ETYPE, f->name, "%s is a date: write a day that exists as YYYY-MM-DD", "%sは日付です。実在する日をYYYY-MM-DDで指定してください", f->name);
    case MUNI__TIME:
        if (v->t == MUNI_TYPE_TEXT && !v->n) {
            *v = MUNI_NULL_VAL;
            return MUNI_OK;
        }
        if (v->t == MUNI_TYPE_TEXT) {
            int64_t at = 0;
            if (muni__time_parse(v->p, v->n, f->name, &at) < 0)
                return muni__fail(MUNI_ETYPE, f->name, "%s is a moment: write it as 2027-04-01T08:30:00+09:00", "%sは日時です。2027-04-01T08:30:00+09:00のように指定してください", f->name);
            *v = muni__val_time(at);
        }
        if (v->t == MUNI_TYPE_INT)
            v->t = MUNI_TYPE_TIME;
        if (v->t != MUNI_TYPE_TIME)
            return wrong_type(f, "a moment such as 2027-04-01T08:30:00+09:00", "2027-04-01T08:30:00+09:00のような日時");
        if (muni__civil_from_time(v->i, tx->utc_offset, &civil) < 0)
            return muni__fail(MUNI_ELIMIT, f->name, "%s is outside the years 1 to 9999", "%sが西暦1年から9999年の範囲にありません", f->name);
        return MUNI_OK;
    case MUNI__REF:
        if (v->t != MUNI_TYPE_INT)
            return wrong_type(f, "the id of a record (an integer)", "レコードのID（整数）");
        return v->i > 0 ? MUNI_OK : muni__fail(MUNI_EREF, f->name, "%s leads to no record: an id is a positive number", "%sの参照先がありません。IDは正の数です", f->name);
    case MUNI__ANY: return take_any(f, v);
    case MUNI__JSON: {
        char *text = NULL;
        size_t n = 0;
        if (v->t == MUNI_TYPE_INT || v->t == MUNI_TYPE_BOOL || v->t == MUNI_TYPE_TIME)
            return wrong_type(f, "a JSON object or array", "JSONのオブジェクトか配列");
        /* text is taken as JSON text: a C caller may have set it as such */
        muni_status st = muni__json_canonical(v->p, v->n, MUNI__JSON_MAX, &text, &n);
        if (st < 0)
            return st == MUNI_ENOMEM ? st : muni__fail(st, f->name, "%s is no JSON document", "%sがJSONではありません", f->name);
        char *copy = muni__arena_strndup(&tx->mem, text, n);
        muni__free(text);
        if (!copy)
            return MUNI_ENOMEM;
        *v = (muni__val){ MUNI_TYPE_JSON, 0, copy, n };
        if (index == MUNI__C_CUSTOM && *copy != '{') {
            if (strcmp(copy, "[]") != 0)
                return wrong_type(f, "a JSON object", "JSONのオブジェクト");
            *v = (muni__val){ MUNI_TYPE_JSON, 0, "{}", 2 };
        }
        return MUNI_OK;
    }
    }
    return muni__fail(MUNI_EINTERNAL, f->name, "the field has an unknown type", "項目の型が不明です");
}

muni_status muni__row_from_rec(muni__tx *tx, const muni__kind *kind, const muni_rec *rec, muni__row **out) {
    muni__row *row = NULL;
    *out = NULL;
    muni_status st = muni__rec_check(rec);
    if (st < 0)
        return st;
    st = muni__row_new(&tx->mem, kind, &row);
    for (int32_t i = 0; st >= 0 && i < muni__rec_count(rec); i++) {
        muni__val v;
        int32_t field = -1;
        const char *name = muni__rec_at(rec, i, &v);
        st = muni__field_get(kind, name, &field);
        if (st >= 0 && (kind->fields[field].flags & MUNI__F_SYSTEM) && !tx->system)
            st = muni__fail(MUNI_EFIELD, name, "%s is set by the library and cannot be given", "%sはライブラリが設定する項目です。指定できません", name);
        /* texts are borrowed from the record, which lives as long as the call */
        if (st >= 0)
            st = muni__value_take(tx, kind, field, &v);
        if (st >= 0)
            muni__row_put(row, field, v);
    }
    if (st < 0) {
        muni__fail_place(kind->name, 0, 0);
        return st;
    }
    *out = row;
    return MUNI_OK;
}

/* ---- from the store */

muni_status muni__row_read(muni__arena *mem, const muni__kind *kind, muni__stmt *s, int first, muni__row **out) {
    muni__row *row = NULL;
    muni_status st = muni__row_new(mem, kind, &row);
    if (st < 0)
        return st;
    int at = first;
    for (int32_t i = 0; i < kind->nfields; i++) {
        const muni__field *f = &kind->fields[i];
        muni__val *v = &row->v[i];
        size_t n = 0;
        if (f->flags & MUNI__F_LIST)
            continue;
        switch (f->type) {
        case MUNI__TEXT:
        case MUNI__NOTE:
        case MUNI__KEY:
        case MUNI__CODE:
        case MUNI__DATE:
        case MUNI__JSON: {
            const char *p = muni__col_text(s, at, &n);
            if (p) {
                v->p = muni__arena_strndup(mem, p, n);
                if (!v->p)
                    return MUNI_ENOMEM;
                v->n = n;
                v->t = f->type == MUNI__DATE ? MUNI_TYPE_DATE : f->type == MUNI__JSON ? MUNI_TYPE_JSON : MUNI_TYPE_TEXT;
            }
            break;
        }
        case MUNI__ANY:
            if (muni__col_number(s, at, &v->i)) {
                v->n = (size_t)muni__col_int(s, at + 1);
                v->t = MUNI__TYPE_ANY;
            }
            at++;
            break;
        default:
            if (muni__col_number(s, at, &v->i))
                v->t = f->type == MUNI__BOOL ? MUNI_TYPE_BOOL : f->type == MUNI__TIME ? MUNI_TYPE_TIME : MUNI_TYPE_INT;
            break;
        }
        at++;
    }
    *out = row;
    return MUNI_OK;
}

static void column(muni__buf *b, int *count, const char *name, const char *suffix) {
    muni__buf_puts(b, (*count)++ ? ",\"" : "\"");
    muni__buf_puts(b, name);
    muni__buf_puts(b, suffix);
    muni__buf_putc(b, '"');
}

static void sql_of(const muni_db *db, muni__buf *b, const muni__kind *kind, muni__sql_sort sort) {
    int n = 0;
    switch (sort) {
    case MUNI__SQL_LOAD:
    case MUNI__SQL_LOCK:
        muni__buf_puts(b, "SELECT ");
        muni__schema_columns(b, kind, "");
        muni__buf_puts(b, " FROM ");
        muni__schema_table(b, kind);
        muni__buf_puts(b, " WHERE id=?1");
        if (sort == MUNI__SQL_LOCK)
            muni__buf_puts(b, muni__store_lock(db->store));
        return;
    case MUNI__SQL_EXISTS:
        muni__buf_puts(b, "SELECT coalesce(\"confidential\",0) FROM ");
        muni__schema_table(b, kind);
        muni__buf_puts(b, " WHERE id=?1 AND trashed_at IS NULL");
        return;
    case MUNI__SQL_COLUMNS: muni__schema_columns(b, kind, "t."); return;
    default: break;
    }
    muni__buf_puts(b, "INSERT INTO ");
    muni__schema_table(b, kind);
    muni__buf_putc(b, '(');
    for (int32_t i = 0; i < kind->nfields; i++) {
        const muni__field *f = &kind->fields[i];
        column(b, &n, f->name, "");
        if (f->type == MUNI__ANY || f->type == MUNI__KEY)
            column(b, &n, f->name, f->type == MUNI__ANY ? "_kind" : "_key");
    }
    muni__buf_puts(b, ") VALUES(");
    for (int i = 1; i <= n; i++)
        muni__buf_printf(b, i > 1 ? ",?%d" : "?%d", i);
    muni__buf_putc(b, ')');
    if (kind->flags & MUNI__K_NUMBERED)
        muni__buf_puts(b, " ON CONFLICT(\"number_key\") DO NOTHING");
}

muni_status muni__kind_sql(muni_db *db, const muni__kind *kind, muni__sql_sort sort, const char **out) {
    size_t at = (size_t)(kind - muni__kinds) * MUNI__SQL_SORTS + (size_t)sort;
    muni_status st = MUNI_OK;
    *out = NULL;
    (void)pthread_mutex_lock(&db->mutex);
    if (!db->sql && !(db->sql = muni__alloc_n((size_t)muni__nkinds * MUNI__SQL_SORTS, sizeof *db->sql)))
        st = MUNI_ENOMEM;
    if (st >= 0 && !db->sql[at]) {
        muni__buf b = MUNI_BUF_INIT((size_t)1 << 16);
        sql_of(db, &b, kind, sort);
        st = muni__buf_take(&b, &db->sql[at], NULL);
    }
    if (st >= 0)
        *out = db->sql[at];
    (void)pthread_mutex_unlock(&db->mutex);
    return st;
}

void muni__kind_sql_free(muni_db *db) {
    for (int32_t i = 0; db->sql && i < muni__nkinds * MUNI__SQL_SORTS; i++)
        muni__free(db->sql[i]);
    muni__free(db->sql);
    db->sql = NULL;
}

int muni__row_select(muni__buf *sql, const muni__kind *kind) {
    int n = 0;
    muni__buf_puts(sql, "SELECT ");
    muni__schema_columns(sql, kind, "");
    for (int32_t i = 0; i < kind->nfields; i++)
        if (!(kind->fields[i].flags & MUNI__F_LIST))
            n += kind->fields[i].type == MUNI__ANY ? 2 : 1;
    for (int32_t i = 0; i < kind->nfields; i++)
        if (kind->fields[i].type == MUNI__KEY && !(kind->fields[i].flags & MUNI__F_LIST))
            muni__buf_printf(sql, ",\"%s_key\"", kind->fields[i].name);
    muni__buf_puts(sql, " FROM ");
    muni__schema_table(sql, kind);
    return n;
}

muni_status muni__row_find(const muni__tx *tx, muni__arena *mem, const muni__kind *kind, int64_t id, muni__row **out) {
    const char *sql = NULL;
    muni__stmt *s = NULL;
    muni_status st;
    *out = NULL;
    MUNI_TRY(muni__kind_sql(tx->db, kind, tx->changing == id && tx->write ? MUNI__SQL_LOCK : MUNI__SQL_LOAD, &sql));
    MUNI_TRY(muni__sql(tx->conn, sql, &s));
    muni__bind_int(s, 1, id);
    MUNI_TRY(muni__step(s));
    if (st == MUNI_ROW)
        st = muni__row_read(mem, kind, s, 0, out);
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__row_load(muni__tx *tx, const muni__kind *kind, int64_t id, muni__row **out) {
    muni_status st = muni__row_find(tx, &tx->mem, kind, id, out);
    if (st >= 0 && !*out) {
        st = muni__fail(MUNI_ENOTFOUND, "id", "there is no %1$s %3$lld%2$.0s", "%1$.0s%2$s %3$lldはありません", kind->name, kind->ja, (long long)id);
        muni__fail_place(kind->name, 0, id);
    }
    return st;
}
