/* Import: records made of the rows of a CSV file.
 *
 * The file is read three times, each time as a stream: its bytes (digest and character set), its rows (every check that creating would make), and
 * its rows again, 1,000 at a time, each batch one transaction with the record of how far it came. What may be checked only while
 * writing (somebody else took a number meanwhile) takes the batch back and is a finding, too. */
#include "model/transfer.h"

#include "calendar/wareki.h"
#include "core/date.h"
#include "core/hash.h"
#include "core/textkey.h"

#include <stdio.h>
#include <stdlib.h>

#define BATCH_ROWS 1000
#define BATCH_BYTES ((size_t)8 << 20)
#define PACE_ROWS 250
#define REFS_KEPT 1000000 /* references remembered */

/* ---- maps */

struct muni__mapslot {
    unsigned char key[16];
    int64_t value;
    bool used;
};

static void map_key(int32_t space, const char *p, size_t n, unsigned char out[16]) {
    unsigned char full[MUNI__HASH];
    muni__sha h;
    muni__sha_init(&h);
    muni__sha_add(&h, &space, sizeof space);
    muni__sha_add(&h, p, n);
    muni__sha_end(&h, full);
    memcpy(out, full, 16);
}

static size_t map_find(const muni__mapslot *slots, size_t cap, const unsigned char key[16]) {
    size_t at;
    memcpy(&at, key, sizeof at);
    for (at &= cap - 1; slots[at].used && memcmp(slots[at].key, key, 16); at = (at + 1) & (cap - 1)) {
    }
    return at;
}

const int64_t *muni__map_get(const muni__map *m, int32_t space, const char *p, size_t n) {
    unsigned char key[16];
    if (!m->cap)
        return NULL;
    map_key(space, p, n, key);
    const muni__mapslot *s = &m->slots[map_find(m->slots, m->cap, key)];
    return s->used ? &s->value : NULL;
}

muni_status muni__map_put(muni__map *m, int32_t space, const char *p, size_t n, int64_t value) {
    unsigned char key[16];
    if (m->n + 1 > m->cap / 2) {
        size_t cap = m->cap ? m->cap * 2 : 256;
        muni__mapslot *slots = muni__alloc_n(cap, sizeof *slots);
        if (!slots)
            return MUNI_ENOMEM;
        for (size_t i = 0; i < m->cap; i++)
            if (m->slots[i].used)
                slots[map_find(slots, cap, m->slots[i].key)] = m->slots[i];
        muni__free(m->slots);
        m->slots = slots;
        m->cap = cap;
    }
    map_key(space, p, n, key);
    muni__mapslot *s = &m->slots[map_find(m->slots, m->cap, key)];
    m->n += !s->used;
    memcpy(s->key, key, sizeof key);
    s->used = true;
    s->value = value;
    return MUNI_OK;
}

void muni__map_free(muni__map *m) {
    muni__free(m->slots);
    *m = (muni__map){ NULL, 0, 0 };
}

int32_t muni__transfer_identifier(const muni__kind *kind) {
    const char *name = muni__kind_identifier(kind);
    return name ? muni__field_find(kind, name) : -1;
}

/* ---- options */

muni_status muni__transfer_refuse(const char *field, const char *en, const char *ja) {
    return muni__fail(MUNI_EFORMAT, field, "the options are not understood: %1$s%2$.0s", "オプションが正しくありません: %2$s%1$.0s", en, ja);
}

muni_status muni__transfer_options(const char *text, json_t **out) {
    muni_status st = muni__json_load(text ? text : "{}", MUNI_ZERO_TERMINATED, (size_t)1 << 20, "options", out);
    if (st < 0)
        return st == MUNI_ENOMEM ? st : muni__transfer_refuse("options", "they must be a JSON object", "JSONのオブジェクトで指定してください");
    if (json_is_object(*out))
        return MUNI_OK;
    json_decref(*out);
    *out = NULL;
    return muni__transfer_refuse("options", "they must be a JSON object", "JSONのオブジェクトで指定してください");
}

muni_status muni__transfer_text(const json_t *options, const char *name, const char **out) {
    const json_t *v = json_object_get(options, name);
    *out = NULL;
    if (!v)
        return MUNI_OK;
    *out = json_string_value(v);
    return *out ? MUNI_OK : muni__transfer_refuse(name, "this one must be a text", "この値は文字列で指定してください");
}

muni_status muni__pace_tell(const muni__pace *p, int64_t done, int64_t total) {
    if (!p->fn || !p->fn(done, total, p->stage, p->user))
        return MUNI_OK;
    return muni__fail(MUNI_ECANCELLED, NULL, "the caller cancelled it after %lld records", "%lld件まで進んだところで取り消されました", (long long)done);
}

/* ---- the source: its bytes are digested as they pass */

typedef struct hashed {
    muni__source inner;
    muni__sha sha;
} hashed;

static muni_status hashed_read(void *user, char *p, size_t cap, size_t *got) {
    hashed *h = user;
    muni_status st = h->inner.read(h->inner.user, p, cap, got);
    if (st >= 0)
        muni__sha_add(&h->sha, p, *got);
    return st;
}

static muni_status hashed_rewind(void *user) {
    hashed *h = user;
    muni__sha_init(&h->sha);
    return h->inner.rewind(h->inner.user);
}

/* ---- an import */

typedef struct column {
    int32_t field;      /* -1: left out */
    const char *header; /* its text in the file */
} column;

typedef struct unique { /* fields that together occur once */
    int32_t fields[8];
    int32_t count;
    const char *sql;
} unique;

typedef struct cell {
    const char *p;
    size_t n;
} cell;

typedef struct item { /* a row of the file */
    int64_t number, line;
    size_t count;
    cell *cells;
    bool bad;
} item;

typedef struct import {
    muni_session *session;
    const muni__kind *kind;
    muni__arena mem;
    hashed source;
    muni__source outer;
    muni__csv *csv;
    muni__charset charset;
    bool skip; /* rows in error; else nothing is written */
    unsigned char digest[MUNI__HASH];
    char file[2 * MUNI__HASH + 1], profile[2 * MUNI__HASH + 1];
    column *columns;
    size_t ncolumns;
    unique *uniques;
    size_t nuniques;
    muni__map refs, codes, seen;
    const char **code_texts;
    size_t ncodes, codes_cap;
    muni__buf findings;
    int64_t errors, read, created, done_line;
    bool done_before, stopped;
    int64_t *bad; /* numbers of the rows in error, ascending */
    size_t nbad, bad_cap, bad_at;
    muni__pace pace;
    int64_t total;
} import;

/* ---- findings */

/* Is a failure the fault of a row, and of no other? */
static bool of_row(muni_status st) {
    switch (st) {
    case MUNI_EINVAL:
    case MUNI_EFIELD:
    case MUNI_ETYPE:
    case MUNI_EREQUIRED:
    case MUNI_ELIMIT:
    case MUNI_EUTF8:
    case MUNI_EFORMAT:
    case MUNI_EUNIQUE:
    case MUNI_EREF:
    case MUNI_ENOTFOUND:
    case MUNI_EDENIED:
    case MUNI_ESTATE:
    case MUNI_EGUARD:
    case MUNI_EDEFINITION:
    case MUNI_EPATTERN: return true;
    default: return false;
    }
}

/* The file's name of a field: the header of its column, else its Japanese title. */
static const char *header_of(const import *im, const char *field) {
    int32_t f = *field ? muni__field_find(im->kind, field) : -1;
    if (f < 0)
        return "";
    for (size_t i = 0; i < im->ncolumns; i++)
        if (im->columns[i].field == f)
            return im->columns[i].header;
    return im->kind->fields[f].ja;
}

/* The error record becomes a finding. `header` NULL: by the field of the record. A failure that is not the row's is passed on. */
static muni_status finding(import *im, const item *it, const char *header, muni_status st) {
    muni__error e;
    muni__buf *b = &im->findings;
    if (!of_row(st))
        return st;
    muni__error_save(&e);
    muni__error_clear();
    if (im->errors++ >= MUNI__FINDINGS_MAX)
        return MUNI_OK;
    const char *name = muni_error_name(st);
    if (!header)
        header = header_of(im, e.field);
    muni__buf_puts(b, b->n ? ",{\"code\":" : "[{\"code\":");
    muni__buf_json(b, name, strlen(name));
    muni__buf_puts(b, ",\"column\":");
    muni__buf_json(b, header, strlen(header));
    muni__buf_puts(b, ",\"line\":");
    muni__buf_int(b, it->line);
    muni__buf_puts(b, ",\"message\":");
    muni__buf_json(b, e.en, strlen(e.en));
    muni__buf_puts(b, ",\"message_ja\":");
    muni__buf_json(b, e.ja, strlen(e.ja));
    muni__buf_puts(b, ",\"record\":");
    muni__buf_int(b, it->number);
    muni__buf_putc(b, '}');
    return b->st;
}

/* ---- cells */

/* A folded copy: full-width letters and digits as usual ones, lower case, no blanks around. */
static muni_status folded(muni__tx *tx, const cell *c, cell *out) {
    char *key = NULL;
    size_t n = 0;
    muni_status st = muni__idkey(c->p, c->n, &key, &n);
    if (st < 0)
        return st;
    char *copy = muni__arena_strndup(&tx->mem, key, n);
    muni__free(key);
    if (!copy)
        return MUNI_ENOMEM;
    *out = (cell){ copy, n };
    return MUNI_OK;
}

static bool is(const cell *c, const char *text) {
    return c->n == strlen(text) && !memcmp(c->p, text, c->n);
}

/* For a message: the value in quotes, or nothing where it is personal. */
static const char *shown(muni__quoted *q, const muni__field *f, const cell *c) {
    if (f->flags & MUNI__F_PERSONAL) {
        q->s[0] = 0;
        return q->s;
    }
    return muni__quote(q, c->p, c->n);
}

static muni_status wrong(const muni__field *f, const cell *c, const char *en, const char *ja) {
    muni__quoted q;
    return muni__fail(MUNI_ETYPE, f->name, "\"%1$s\" is no value of %2$s (%5$s): %3$s%4$.0s", "「%1$s」は%5$sの値として読めません。%4$s%2$.0s%3$.0s", shown(&q, f, c), f->name, en, ja, f->ja);
}

static muni_status take_int(muni__tx *tx, const muni__field *f, const cell *c, muni__val *v) {
    cell t;
    muni_status st = folded(tx, c, &t);
    if (st < 0)
        return st;
    size_t i = t.n && (*t.p == '-' || *t.p == '+'), group = 0, digits = 0;
    bool grouped = false, ok = i < t.n;
    int64_t n = 0;
    for (; ok && i < t.n; i++) {
        if (t.p[i] == ',') {
            ok = group && group <= 3 && (!grouped || group == 3);
            grouped = true;
            group = 0;
        } else {
            ok = t.p[i] >= '0' && t.p[i] <= '9' && ++digits <= 18;
            n = n * 10 + (t.p[i] - '0');
            group++;
        }
    }
    if (!ok || (grouped && group != 3))
        return wrong(f, c, "write a whole number of at most 18 digits", "18桁以内の整数で書いてください");
    *v = muni__val_int(*t.p == '-' ? -n : n);
    return MUNI_OK;
}

static muni_status take_bool(muni__tx *tx, const muni__field *f, const cell *c, muni__val *v) {
    cell t;
    muni_status st = folded(tx, c, &t);
    if (st < 0)
        return st;
    bool yes = is(&t, "true") || is(&t, "1") || is(&t, "はい");
    if (!yes && !is(&t, "false") && !is(&t, "0") && !is(&t, "いいえ"))
        return wrong(f, c, "write true or false", "はい・いいえ（true・false、1・0）のどれかで書いてください");
    *v = muni__val_bool(yes);
    return MUNI_OK;
}

static muni_status take_date(muni__tx *tx, const muni__field *f, const cell *c, muni__val *v) {
    static const muni__date_options column_of_dates = { true, MUNI__ERA_NONE };
    muni__date_result r;
    muni_status st = muni__date_parse(c->p, c->n, f->name, &column_of_dates, &r);
    if (st == MUNI_ENOMEM)
        return st;
    if (st < 0)
        return wrong(f, c, "write a day that exists, such as 2027-04-01 or R9.4.1", "実在する日を2027-04-01、2027/4/1、令和9年4月1日のように書いてください");
    char *iso = muni__arena_alloc(&tx->mem, MUNI__DATE_SIZE);
    if (!iso)
        return MUNI_ENOMEM;
    muni__date_format_iso(r.day, iso);
    *v = (muni__val){ MUNI_TYPE_DATE, 0, iso, strlen(iso) };
    return MUNI_OK;
}

/* 2027-04-01 08:30, 2027/4/1 8:30:00: in the store's zone. */
static bool local_time(const cell *c, int32_t zone, int64_t *at) {
    int32_t part[6] = { 0 }, count = 0;
    size_t i = 0;
    for (; count < 6; count++) {
        size_t from = i, most = count ? 2 : 4;
        for (; i < c->n && i - from < most && c->p[i] >= '0' && c->p[i] <= '9'; i++)
            part[count] = part[count] * 10 + (c->p[i] - '0');
        if (i == from || (!count && i - from != 4))
            return false;
        if (i == c->n)
            break;
        char s = c->p[i];
        if (count < 2 ? s != '-' && s != '/' : count == 2 ? s != ' ' && s != 't' : s != ':')
            return false;
        i++;
    }
    muni__civil civil = { part[0], part[1], part[2], part[3], part[4], part[5] };
    return i == c->n && count >= 4 && count <= 5 && muni__civil_to_time(&civil, zone, at) >= 0;
}

static muni_status take_time(muni__tx *tx, const muni__field *f, const cell *c, muni__val *v) {
    int64_t at = 0;
    cell t;
    muni_status st = folded(tx, c, &t);
    if (st < 0)
        return st;
    if (!local_time(&t, tx->utc_offset, &at) && muni__time_parse(c->p, c->n, f->name, &at) < 0)
        return wrong(f, c, "write a moment as 2027-04-01T08:30:00+09:00 or 2027-04-01 08:30", "日時を2027-04-01 08:30か2027-04-01T08:30:00+09:00のように書いてください");
    *v = muni__val_time(at);
    return MUNI_OK;
}

/* All values of a list, for a message. */
static muni_status list_values(muni__tx *tx, const char *list, muni__buf *en, muni__buf *ja) {
    const muni__definition *d = NULL;
    if (*list != '@') {
        for (; *list; list++) {
            muni__buf_put(en, *list == '|' ? ", " : list, *list == '|' ? 2 : 1);
            if (*list == '|')
                muni__buf_puts(ja, "、");
            else
                muni__buf_putc(ja, *list);
        }
        return en->st < 0 ? en->st : ja->st;
    }
    muni_status st = muni__definition_active(tx, "codes", list + 1, &d);
    if (st < 0) /* a transaction that ended with it must not go on */
        return st;
    const json_t *values = json_object_get(d->body, "values");
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *value = json_array_get(values, i);
        if (en->n > 300 || ja->n > 300) {
            muni__buf_puts(en, " …");
            muni__buf_puts(ja, "…");
            break;
        }
        muni__buf_printf(en, "%s%s", i ? ", " : "", json_string_value(json_object_get(value, "code")));
        muni__buf_printf(ja, "%s%s", i ? "、" : "", json_string_value(json_object_get(value, "ja")));
    }
    return en->st < 0 ? en->st : ja->st;
}

static muni_status take_code(import *im, muni__tx *tx, int32_t field, const cell *c, muni__val *v) {
    const muni__field *f = &im->kind->fields[field];
    const char *list = field == MUNI__C_TYPE ? im->kind->types : f->target;
    const int64_t *known = muni__map_get(&im->codes, field, c->p, c->n);
    cell t = { NULL, 0 };
    muni_status st = MUNI_OK;
    if (known) {
        const char *code = im->code_texts[*known];
        *v = muni__val_text(code, strlen(code));
        return MUNI_OK;
    }
    MUNI_TRY(folded(tx, c, &t)); /* 半角・全角 */
    *v = muni__val_text(c->p, c->n);
    st = muni__value_take(tx, im->kind, field, v);
    if (st == MUNI_ETYPE) {
        *v = muni__val_text(t.p, t.n);
        st = muni__value_take(tx, im->kind, field, v);
    }
    if (st == MUNI_ETYPE && *list) {
        muni__buf en = MUNI_BUF_INIT(4096), ja = MUNI_BUF_INIT(4096);
        muni__quoted q;
        st = list_values(tx, list, &en, &ja);
        if (st >= 0)
            st = muni__fail(MUNI_ETYPE, f->name, "\"%1$s\" is no value of %2$s; it is one of %3$s%4$.0s%5$.0s", "「%1$s」は%5$sの値にありません。%4$sのどれかです%2$.0s%3$.0s",
                            shown(&q, f, c), f->name, en.p ? en.p : "", ja.p ? ja.p : "", f->ja);
        muni__buf_free(&en);
        muni__buf_free(&ja);
    }
    MUNI_TRY(st);
    /* the definition may be forgotten between two batches: keep the code itself */
    char *copy = muni__arena_strndup(&im->mem, v->p, v->n);
    if (!copy)
        return MUNI_ENOMEM;
    if (im->ncodes < 10000) {
        MUNI_TRY(muni__grow(&im->code_texts, &im->codes_cap, im->ncodes + 1, sizeof *im->code_texts));
        MUNI_TRY(muni__map_put(&im->codes, field, c->p, c->n, (int64_t)im->ncodes));
        im->code_texts[im->ncodes++] = copy;
    }
    v->p = copy;
out:
    return st < 0 ? st : MUNI_OK;
}

static muni_status no_target(const muni__field *f, const muni__kind *target, const cell *c) {
    muni__quoted q;
    int32_t id = muni__transfer_identifier(target);
    if (id < 0)
        return muni__fail(MUNI_EREF, f->name, "%3$s leads nowhere: there is no %4$s \"%1$s\"; write # and the id of a record, such as #12%2$.0s%5$.0s",
                          "%5$s「%1$s」がありません。#12のように、#とIDで書いてください%2$.0s%3$.0s%4$.0s", shown(&q, f, c), "", f->name, target->name, target->ja);
    return muni__fail(MUNI_EREF, f->name, "%3$s leads nowhere: there is no %4$s whose %2$s is \"%1$s\"%5$.0s%6$.0s", "%6$sが「%1$s」の%5$sがありません%2$.0s%3$.0s%4$.0s", shown(&q, f, c),
                      target->fields[id].name, f->name, target->name, target->ja, target->fields[id].ja);
}

static muni_status take_ref(import *im, muni__tx *tx, const muni__field *f, const cell *c, muni__val *v) {
    const muni__kind *target = muni__kind_find(f->target);
    muni__row *row = NULL;
    muni_status st = MUNI_OK;
    if (!target)
        return muni__fail(MUNI_EINTERNAL, f->name, "the field leads to an unknown kind", "項目の参照先の種類が不明です");
    const int64_t *known = muni__map_get(&im->refs, target->number, c->p, c->n);
    if (known) {
        if (!*known)
            return no_target(f, target, c);
        *v = muni__val_int(*known);
        return MUNI_OK;
    }
    int32_t id = muni__transfer_identifier(target);
    if (c->n > 1 && *c->p == '#')
        st = muni__row_by(tx, target, "id", c->p + 1, c->n - 1, &row);
    else if (id >= 0)
        st = muni__row_by(tx, target, target->fields[id].name, c->p, c->n, &row);
    if (st < 0)
        return st;
    int64_t found = row && muni__may(tx, row, MUNI__V_READ) ? muni__row_id(row) : 0;
    if (im->refs.n < REFS_KEPT)
        st = muni__map_put(&im->refs, target->number, c->p, c->n, found);
    if (st < 0)
        return st;
    *v = muni__val_int(found);
    return found ? MUNI_OK : no_target(f, target, c);
}

static muni_status take_cell(import *im, muni__tx *tx, int32_t field, const cell *c, muni__row *row) {
    const muni__field *f = &im->kind->fields[field];
    muni__val v = muni__val_text(c->p, c->n);
    muni_status st = MUNI_OK;
    switch (f->type) {
    case MUNI__CODE: st = take_code(im, tx, field, c, &v); break;
    case MUNI__INT:
    case MUNI__SECS:
    case MUNI__YEN:
    case MUNI__BYTES: st = take_int(tx, f, c, &v); break;
    case MUNI__BOOL: st = take_bool(tx, f, c, &v); break;
    case MUNI__DATE: st = take_date(tx, f, c, &v); break;
    case MUNI__TIME: st = take_time(tx, f, c, &v); break;
    case MUNI__REF: st = take_ref(im, tx, f, c, &v); break;
    default: break;
    }
    if (st >= 0 && f->type != MUNI__CODE)
        st = muni__value_take(tx, im->kind, field, &v);
    if (st >= 0)
        muni__row_put(row, field, v);
    return st;
}

/* A row of the file as values; findings for all its cells that cannot be. */
static muni_status take_row(import *im, muni__tx *tx, item *it, muni__row **out) {
    muni_status st = muni__row_new(&tx->mem, im->kind, out);
    if (st < 0)
        return st;
    if (it->count != im->ncolumns) {
        it->bad = true;
        st = muni__fail(MUNI_EFORMAT, NULL, "the row has %zu cells, the header %zu; is a comma or a quote missing, or one too many?",
                        "この行の列数は%zuで、見出しの列数は%zuです。コンマや引用符の過不足を確かめてください", it->count, im->ncolumns);
        return finding(im, it, "", st);
    }
    for (size_t i = 0; i < it->count; i++) {
        if (im->columns[i].field < 0 || !it->cells[i].n)
            continue;
        st = take_cell(im, tx, im->columns[i].field, &it->cells[i], *out);
        if (st < 0) {
            it->bad = true;
            st = finding(im, it, im->columns[i].header, st);
            if (st < 0)
                return st;
        }
    }
    return MUNI_OK;
}

/* ---- what must be unique: against the store, and within the file */

static muni_status add_unique(import *im, const int32_t *fields, int32_t count) {
    muni__buf sql = MUNI_BUF_INIT(4096);
    unique *u = &im->uniques[im->nuniques];
    memcpy(u->fields, fields, (size_t)count * sizeof *fields);
    u->count = count;
    muni__buf_puts(&sql, "SELECT 1 FROM ");
    muni__schema_table(&sql, im->kind);
    muni__buf_puts(&sql, " WHERE \"trashed_at\" IS NULL");
    for (int32_t i = 0; i < count; i++) {
        const muni__field *f = &im->kind->fields[fields[i]];
        muni__buf_printf(&sql, " AND \"%s%s\" = ?%d", f->name, f->type == MUNI__KEY ? "_key" : "", i + 1);
    }
    muni_status st = sql.st;
    if (st >= 0 && !(u->sql = muni__arena_strndup(&im->mem, sql.p, sql.n)))
        st = MUNI_ENOMEM;
    muni__buf_free(&sql);
    im->nuniques += st >= 0;
    return st;
}

/* The field of a column of an index: "code_key" is the folded form of the field code. */
static int32_t column_field(const muni__kind *kind, const char *p, size_t n) {
    char name[64];
    if (n >= sizeof name)
        return -1;
    memcpy(name, p, n);
    name[n] = 0;
    int32_t f = muni__field_find(kind, name);
    if (f < 0 && n > 4 && !strcmp(name + n - 4, "_key")) {
        name[n - 4] = 0;
        f = muni__field_find(kind, name);
    }
    return f;
}

static muni_status find_uniques(import *im) {
    const muni__kind *k = im->kind;
    muni_status st = MUNI_OK;
    im->uniques = muni__arena_alloc(&im->mem, (size_t)(k->nfields + k->nindexes) * sizeof *im->uniques);
    if (!im->uniques)
        return MUNI_ENOMEM;
    for (int32_t f = 0; f < k->nfields && st >= 0; f++)
        if (k->fields[f].flags & MUNI__F_UNIQUE)
            st = add_unique(im, &f, 1);
    for (int32_t i = 0; i < k->nindexes && st >= 0; i++) {
        int32_t fields[8], count = 0;
        if (!k->indexes[i].unique)
            continue;
        for (const char *p = k->indexes[i].columns; count >= 0 && *p;) {
            size_t n = strcspn(p, ",");
            int32_t f = count < 8 ? column_field(k, p, n) : -1;
            if (f >= 0)
                fields[count++] = f;
            else
                count = -1; /* left to the database */
            p += n + (p[n] == ',');
        }
        if (count > 0)
            st = add_unique(im, fields, count);
    }
    return st;
}

/* The values of a unique key of a row as one text; false where one is absent, for that never collides. */
static muni_status unique_key(muni__tx *tx, const unique *u, const muni__row *row, muni__val values[8], muni__buf *key, bool *there) {
    *there = false;
    for (int32_t i = 0; i < u->count; i++) {
        const muni__field *f = &row->kind->fields[u->fields[i]];
        muni__val v = row->v[u->fields[i]];
        if (v.t == MUNI_TYPE_NULL)
            return MUNI_OK;
        if (f->type == MUNI__KEY) {
            const cell c = { v.p, v.n };
            cell t;
            muni_status st = folded(tx, &c, &t);
            if (st < 0)
                return st;
            v = muni__val_text(t.p, t.n);
        }
        values[i] = v;
        if (v.t == MUNI_TYPE_TEXT || v.t == MUNI_TYPE_DATE || v.t == MUNI_TYPE_JSON)
            muni__buf_put(key, v.p, v.n);
        else
            muni__buf_int(key, v.i);
        muni__buf_putc(key, 0x1f);
    }
    *there = true;
    return key->st;
}

static muni_status in_store(muni__tx *tx, const unique *u, const muni__val *values, bool *found) {
    muni__stmt *s = NULL;
    muni_status st = muni__sql(tx->conn, u->sql, &s);
    if (st < 0)
        return st;
    for (int32_t i = 0; i < u->count; i++) {
        if (values[i].t == MUNI_TYPE_TEXT || values[i].t == MUNI_TYPE_DATE)
            muni__bind_text(s, i + 1, values[i].p, values[i].n);
        else
            muni__bind_int(s, i + 1, values[i].i);
    }
    st = muni__step(s);
    *found = st == MUNI_ROW;
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status check_unique(import *im, muni__tx *tx, item *it, const muni__row *row) {
    muni__buf key = MUNI_BUF_INIT(BATCH_BYTES);
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < im->nuniques; i++) {
        const unique *u = &im->uniques[i];
        const muni__field *f = &im->kind->fields[u->fields[0]];
        muni__val values[8];
        bool there = false, taken = false;
        muni__quoted q;
        muni__buf_clear(&key);
        MUNI_TRY(unique_key(tx, u, row, values, &key, &there));
        if (!there)
            continue;
        const cell value = { row->v[u->fields[0]].p, row->v[u->fields[0]].n };
        const char *quoted = value.p ? shown(&q, f, &value) : "";
        const int64_t *line = muni__map_get(&im->seen, (int32_t)i, key.p, key.n);
        if (line)
            st = muni__fail(MUNI_EUNIQUE, f->name, "%2$s \"%1$s\" stands on line %4$lld already%3$.0s", "%3$s「%1$s」は%4$lld行目にもあります%2$.0s", quoted, f->name, f->ja, (long long)*line);
        else
            MUNI_TRY(in_store(tx, u, values, &taken));
        if (taken)
            st = muni__fail(MUNI_EUNIQUE, f->name, "there is a record whose %2$s is \"%1$s\" already%3$.0s", "%3$sが「%1$s」のレコードがすでにあります%2$.0s", quoted, f->name, f->ja);
        if (st < 0) {
            it->bad = true;
            MUNI_TRY(finding(im, it, NULL, st));
        } else if (!it->bad) {
            MUNI_TRY(muni__map_put(&im->seen, (int32_t)i, key.p, key.n, it->line));
        }
    }
    st = MUNI_OK;
out:
    muni__buf_free(&key);
    return st;
}

/* ---- rows of the file, a batch at a time */

static bool same_as_header(const import *im, const muni__csv_record *r) {
    if (r->count != im->ncolumns)
        return false;
    for (size_t i = 0; i < r->count; i++)
        if (r->fields[i].n != strlen(im->columns[i].header) || memcmp(r->fields[i].p, im->columns[i].header, r->fields[i].n) != 0)
            return false;
    return true;
}

static muni_status copy_item(muni__arena *mem, const muni__csv_record *r, item *it) {
    *it = (item){ r->number, r->line, r->count, muni__arena_alloc(mem, r->count * sizeof *it->cells), false };
    if (!it->cells)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < r->count; i++) {
        char *p = muni__arena_strndup(mem, r->fields[i].p, r->fields[i].n);
        if (!p)
            return MUNI_ENOMEM;
        it->cells[i] = (cell){ p, r->fields[i].n };
    }
    return MUNI_OK;
}

/* The file is the same as when its digest was taken. */
static muni_status unchanged(import *im) {
    unsigned char now[MUNI__HASH];
    muni__sha_end(&im->source.sha, now);
    if (!memcmp(now, im->digest, sizeof now))
        return MUNI_OK;
    return muni__fail(MUNI_EFORMAT, "path", "the file was changed while it was being read; run the import again", "読み込みの途中でファイルが変わりました。もう一度取り込んでください");
}

/* Rows that are still to be looked at. *end: the file has no more. */
static muni_status read_batch(import *im, muni__arena *mem, item *items, size_t *count, bool *end) {
    size_t bytes = 0;
    *count = 0;
    *end = false;
    while (*count < BATCH_ROWS && bytes < BATCH_BYTES) {
        muni__csv_record r;
        muni_status st = muni__csv_next(im->csv, &r);
        if (st < 0)
            return st;
        if (st == MUNI_OK) {
            *end = true;
            return unchanged(im);
        }
        if (r.blank)
            continue;
        if (same_as_header(im, &r)) {
            muni__fail(MUNI_EFORMAT, NULL, "line %lld repeats the header; is this two files in one? Remove the line", "%lld行目に見出しが繰り返されています。二つのファイルがつながっていませんか。この行を除いてください",
                       (long long)r.line);
            muni__fail_place(NULL, r.line, 0);
            return MUNI_EFORMAT;
        }
        im->read++;
        if (r.line <= im->done_line)
            continue;
        st = copy_item(mem, &r, &items[*count]);
        if (st < 0)
            return st;
        for (size_t i = 0; i < r.count; i++)
            bytes += r.fields[i].n + 64;
        ++*count;
    }
    return MUNI_OK;
}

/* ---- opening: bytes, character set, header */

static muni_status open_source(import *im, const char *path, const char *charset) {
    muni_status st;
    muni__sniffed sniffed = { .charset = MUNI__CHARSET_UNKNOWN };
    if (charset)
        MUNI_TRY(muni__charset_parse(charset, &im->charset));
    MUNI_TRY(muni__source_file(&im->source.inner, path));
    im->outer = (muni__source){ hashed_read, hashed_rewind, NULL, &im->source };
    muni__sha_init(&im->source.sha);
    if (im->charset == MUNI__CHARSET_UNKNOWN) {
        MUNI_TRY(muni__charset_sniff(im->outer.read, im->outer.user, &sniffed));
        im->charset = sniffed.charset;
    } else {
        char *piece = muni__alloc(65536);
        size_t got = 1;
        st = piece ? MUNI_OK : MUNI_ENOMEM;
        while (st >= 0 && got)
            st = im->outer.read(im->outer.user, piece, 65536, &got);
        muni__free(piece);
        MUNI_TRY(st);
    }
    muni__sha_end(&im->source.sha, im->digest);
    muni__hex(im->digest, sizeof im->digest, im->file);
    st = MUNI_OK;
out:
    return st;
}

/* From the first row on. */
static muni_status start_reading(import *im, muni__csv_record *header) {
    const muni__csv_options o = { .charset = im->charset, .strip_apostrophe = true };
    muni__csv_close(im->csv);
    im->csv = NULL;
    muni_status st = hashed_rewind(&im->source);
    if (st >= 0)
        st = muni__csv_open(&im->outer, &o, &im->csv);
    do {
        if (st >= 0)
            st = muni__csv_next(im->csv, header);
    } while (st == MUNI_ROW && header->blank);
    if (st == MUNI_OK)
        st = muni__fail(MUNI_EFORMAT, NULL, "the file is empty; its first row must be a header", "ファイルが空です。1行目に見出しが必要です");
    im->read = 0;
    im->bad_at = 0;
    return st < 0 ? st : MUNI_OK;
}

/* Texts of the header that the caller explains, then the fields by name and title. */
static muni_status match_header(import *im, const muni__csv_record *header, const json_t *columns) {
    const muni__kind *k = im->kind;
    size_t named = json_object_size(columns), n = 0;
    const char *text;
    json_t *field;
    int32_t *map = NULL, *fields = NULL;
    bool *used = NULL;
    muni__quoted q;
    muni_status st = MUNI_ENOMEM;
    muni__csv_column *known = muni__alloc_n(named + (size_t)k->nfields, sizeof *known);
    fields = muni__alloc_n(named + (size_t)k->nfields, sizeof *fields);
    used = muni__alloc_n(named + (size_t)k->nfields, sizeof *used);
    if (!known || !fields || !used)
        goto out;
    json_object_foreach ((json_t *)(uintptr_t)columns, text, field) {
        known[n].name = text;
        fields[n] = -1;
        if (!json_is_null(field) && !json_is_string(field)) {
            st = muni__transfer_refuse("columns", "each column must be given the name of a field, or null", "columnsには、見出しごとに項目名かnullを指定してください");
            goto out;
        }
        if (json_is_string(field))
            MUNI_TRY(muni__field_get(k, json_string_value(field), &fields[n]));
        n++;
    }
    for (int32_t f = 0; f < k->nfields; f++)
        if (!(k->fields[f].flags & (MUNI__F_SECRET | MUNI__F_FOLDED))) {
            known[n] = (muni__csv_column){ k->fields[f].name, k->fields[f].ja, false };
            fields[n++] = f;
        }
    MUNI_TRY(muni__csv_match(header, known, n, 0, &map));
    im->columns = muni__arena_alloc(&im->mem, header->count * sizeof *im->columns);
    if (!im->columns) {
        st = MUNI_ENOMEM;
        goto out;
    }
    im->ncolumns = header->count;
    for (size_t i = 0; i < header->count; i++) {
        const char *copy = muni__arena_strndup(&im->mem, header->fields[i].p, header->fields[i].n);
        if (!copy) {
            st = MUNI_ENOMEM;
            goto out;
        }
        int32_t f = fields[map[i]];
        im->columns[i] = (column){ f, copy };
        used[map[i]] = true;
        (void)muni__quote(&q, copy, header->fields[i].n);
        for (size_t b = 0; f >= 0 && b < i; b++)
            if (im->columns[b].field == f) {
                st = muni__fail(MUNI_EFORMAT, k->fields[f].name, "columns %zu and %zu both lead to the field %s; remove one of them", "%zu列目と%zu列目が同じ項目%sです。どちらかを除いてください", b + 1, i + 1,
                                k->fields[f].name);
                goto out;
            }
        if (f >= 0 && (k->fields[f].flags & (MUNI__F_SYSTEM | MUNI__F_LIST))) {
            st = muni__fail(MUNI_EFIELD, q.s, "column %zu, \"%s\", cannot be imported: the library sets it; remove it, or map it to null", "%zu列目「%s」はライブラリが設定する項目なので取り込めません。列を除くか、columnsでnullにしてください",
                            i + 1, q.s);
            goto out;
        }
    }
    for (size_t i = 0; i < named; i++)
        if (!used[i]) {
            st = muni__fail(MUNI_EFIELD, "columns", "the header has no column \"%s\", which the option columns names", "columnsにある列「%s」が見出しにありません", muni__quote(&q, known[i].name, strlen(known[i].name)));
            goto out;
        }
    st = MUNI_OK;
out:
    if (st < 0)
        muni__fail_place(NULL, header->line, 0);
    muni__free(map);
    muni__free(known);
    muni__free(fields);
    muni__free(used);
    return st;
}

/* What else than the bytes decides what comes of a file. */
static void make_profile(import *im) {
    unsigned char hash[MUNI__HASH];
    muni__sha h;
    muni__charset set = im->charset == MUNI__CHARSET_UTF8_BOM ? MUNI__CHARSET_UTF8 : im->charset;
    const char *name = muni__charset_name(set);
    muni__sha_init(&h);
    muni__sha_add(&h, name, strlen(name) + 1);
    for (size_t i = 0; i < im->ncolumns; i++) {
        const char *field = im->columns[i].field < 0 ? "" : im->kind->fields[im->columns[i].field].name;
        muni__sha_add(&h, field, strlen(field) + 1);
    }
    muni__sha_end(&h, hash);
    muni__hex(hash, sizeof hash, im->profile);
}

/* ---- the record of imports */

static muni_status progress_read(import *im, muni__tx *tx) {
    muni__stmt *s = NULL;
    muni_status st = muni__sql(tx->conn, "SELECT \"last_line\", \"done\" FROM \"m_import\" WHERE \"digest\"=?1 AND \"kind\"=?2 AND \"profile\"=?3", &s);
    if (st < 0)
        return st;
    muni__bind_text(s, 1, im->file, strlen(im->file));
    muni__bind_int(s, 2, im->kind->number);
    muni__bind_text(s, 3, im->profile, strlen(im->profile));
    st = muni__step(s);
    if (st == MUNI_ROW) {
        if (muni__col_int(s, 0) > im->done_line)
            im->done_line = muni__col_int(s, 0);
        im->done_before = muni__col_int(s, 1) != 0;
    }
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status progress_write(import *im, muni__tx *tx, int64_t line, int64_t created, int64_t rejected, bool done) {
    muni__stmt *s = NULL;
    muni_status st = muni__sql(tx->conn,
                               "INSERT INTO \"m_import\"(\"digest\", \"kind\", \"profile\", \"last_line\", \"created\", \"updated\", \"unchanged\", \"rejected\", \"done\", \"begun_at\", \"changed_at\") "
                               "VALUES(?1, ?2, ?3, ?4, ?5, 0, 0, ?6, ?7, ?8, ?8) ON CONFLICT(\"digest\", \"kind\", \"profile\") DO UPDATE SET \"last_line\"=excluded.\"last_line\", "
                               "\"created\"=\"m_import\".\"created\"+excluded.\"created\", \"rejected\"=\"m_import\".\"rejected\"+excluded.\"rejected\", \"done\"=excluded.\"done\", "
                               "\"changed_at\"=excluded.\"changed_at\"",
                               &s);
    if (st < 0)
        return st;
    muni__bind_text(s, 1, im->file, strlen(im->file));
    muni__bind_int(s, 2, im->kind->number);
    muni__bind_text(s, 3, im->profile, strlen(im->profile));
    muni__bind_int(s, 4, line);
    muni__bind_int(s, 5, created);
    muni__bind_int(s, 6, rejected);
    muni__bind_int(s, 7, done);
    muni__bind_int(s, 8, tx->now);
    st = muni__step(s);
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

/* ---- first pass: every row is checked */

static muni_status note_bad(import *im, const item *it) {
    muni_status st = muni__grow(&im->bad, &im->bad_cap, im->nbad + 1, sizeof *im->bad);
    if (st >= 0)
        im->bad[im->nbad++] = it->number;
    return st;
}

static muni_status check_batch(import *im, muni__tx *tx, item *items, size_t count) {
    const muni__arena kept = tx->mem;
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < count && st >= 0; i++) {
        muni__row *row = NULL, *whole = NULL;
        tx->mem = (muni__arena)MUNI_ARENA_INIT; /* of one row only: rows may be large */
        st = take_row(im, tx, &items[i], &row);
        if (st >= 0 && !items[i].bad) {
            st = muni__create_check(tx, im->kind, row, &whole);
            if (st < 0) {
                items[i].bad = true;
                st = finding(im, &items[i], NULL, st);
            } else {
                st = check_unique(im, tx, &items[i], whole);
            }
        }
        if (st >= 0 && items[i].bad)
            st = note_bad(im, &items[i]);
        muni__arena_free(&tx->mem);
        if (st >= 0 && i % PACE_ROWS == PACE_ROWS - 1)
            st = muni__pace_tell(&im->pace, im->read - (int64_t)(count - 1 - i), 0);
    }
    tx->mem = kept;
    return st;
}

static muni_status check_all(import *im, item *items) {
    bool end = false;
    muni_status st = MUNI_OK;
    im->pace.stage = "check";
    while (!end && st >= 0) {
        muni__arena mem = MUNI_ARENA_INIT;
        muni__tx *tx = NULL;
        size_t count = 0;
        st = read_batch(im, &mem, items, &count, &end);
        if (st >= 0 && count) {
            st = muni__tx_enter(im->session, false, false, &tx);
            if (st >= 0)
                st = muni__tx_leave(tx, check_batch(im, tx, items, count));
        }
        muni__arena_free(&mem);
    }
    im->total = im->read;
    return st < 0 ? st : MUNI_OK;
}

/* ---- second pass: a batch is a transaction */

/* Rows that the first pass refused. Both are in the order of the file. */
static void mark_bad(import *im, item *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        while (im->bad_at < im->nbad && im->bad[im->bad_at] < items[i].number)
            im->bad_at++;
        items[i].bad = im->bad_at < im->nbad && im->bad[im->bad_at] == items[i].number;
    }
}

/* *again: a row failed after it had written; it is marked, and the batch must be done anew without it. */
static muni_status write_batch(import *im, muni__tx *tx, item *items, size_t count, bool end, int64_t before, int64_t *made, bool *again) {
    int64_t created = 0, rejected = 0, line = im->done_line;
    muni_status st = MUNI_OK;
    *again = false;
    MUNI_TRY(muni__conn_rule(tx->conn, "import"));
    MUNI_TRY(progress_read(im, tx)); /* another process may be at the same file */
    if (im->done_before)
        return MUNI_OK;
    if (im->done_line > line)
        line = im->done_line;
    for (size_t i = 0; i < count; i++) {
        item *it = &items[i];
        muni__row *row = NULL;
        if (it->line <= im->done_line)
            continue;
        line = it->line;
        if (!it->bad)
            MUNI_TRY(take_row(im, tx, it, &row));
        if (!it->bad) {
            tx->wrote = false;
            st = muni__create(tx, im->kind, row, NULL);
            if (st < 0) {
                it->bad = of_row(st);
                *again = tx->wrote;
                MUNI_TRY(finding(im, it, NULL, st));
            }
        }
        if (it->bad && !im->skip) {
            im->stopped = true;
            return MUNI_OK;
        }
        if (*again)
            return MUNI_OK;
        created += !it->bad;
        rejected += it->bad;
        if (i % PACE_ROWS == PACE_ROWS - 1)
            MUNI_TRY(muni__pace_tell(&im->pace, before + (int64_t)i + 1, im->total));
    }
    if (count || end)
        MUNI_TRY(progress_write(im, tx, line, created, rejected, end));
    *made = created;
    st = MUNI_OK;
out:
    return st;
}

static muni_status write_all(import *im, item *items) {
    bool end = false;
    muni_status st = MUNI_OK;
    im->pace.stage = "write";
    while (!end && !im->stopped && !im->done_before && st >= 0) {
        muni__arena mem = MUNI_ARENA_INIT;
        size_t count = 0;
        bool again;
        int tries = 0;
        st = read_batch(im, &mem, items, &count, &end);
        mark_bad(im, items, count);
        do {
            muni__tx *tx = NULL;
            int64_t made = 0;
            again = false;
            if (st >= 0)
                st = muni__tx_enter(im->session, true, false, &tx);
            if (st >= 0) {
                st = write_batch(im, tx, items, count, end, im->read - (int64_t)count, &made, &again);
                bool back = st >= 0 && (again || im->stopped);
                st = muni__tx_leave(tx, back ? MUNI_ECANCELLED : st); /* taken back, not failed */
                if (back) {
                    muni__error_clear();
                    st = MUNI_OK;
                }
            }
            if (muni__tx_again(st, &tries)) {
                again = true;
                st = MUNI_OK;
            } else if (st >= 0) {
                im->created += made;
            }
        } while (again && !im->stopped && st >= 0);
        muni__arena_free(&mem);
    }
    return st < 0 ? st : MUNI_OK;
}

/* ---- the whole */

static muni_status may_import(const muni__tx *tx, const muni__kind *kind) {
    if (muni__scopes_any(tx, kind, MUNI__V_IMPORT) && muni__scopes_any(tx, kind, MUNI__V_CREATE))
        return MUNI_OK;
    return muni__fail(MUNI_EDENIED, NULL, "the session may not import records of %s%.0s; it needs the verbs import and create", "%2$sを取り込む権限がありません（操作importとcreateが必要です）%1$.0s", kind->name, kind->ja);
}

static muni_status run(import *im, const char *path, const json_t *options) {
    const char *charset = NULL, *on_error = NULL;
    const json_t *columns = json_object_get(options, "columns");
    const char *name;
    json_t *value;
    muni__csv_record header;
    muni__tx *tx = NULL;
    muni_status st;
    item *items = NULL;
    json_object_foreach ((json_t *)(uintptr_t)options, name, value)
        if (strcmp(name, "charset") != 0 && strcmp(name, "columns") != 0 && strcmp(name, "on_error") != 0)
            return muni__transfer_refuse("options", "the members are charset, columns and on_error", "指定できるのはcharset、columns、on_errorです");
    MUNI_TRY(muni__transfer_text(options, "charset", &charset));
    MUNI_TRY(muni__transfer_text(options, "on_error", &on_error));
    im->skip = on_error && !strcmp(on_error, "skip");
    if (on_error && !im->skip && strcmp(on_error, "stop") != 0)
        return muni__transfer_refuse("on_error", "on_error is \"stop\" or \"skip\"", "on_errorは\"stop\"か\"skip\"です");
    if (columns && !json_is_object(columns))
        return muni__transfer_refuse("columns", "columns is an object: header text → field name", "columnsは、見出しから項目名へのオブジェクトです");
    MUNI_TRY(muni__tx_enter(im->session, false, false, &tx));
    MUNI_TRY(muni__tx_leave(tx, may_import(tx, im->kind)));
    st = open_source(im, path, charset);
    if (st == MUNI_EINVAL && charset)
        st = muni__transfer_refuse("charset", "charset is utf-8, cp932 or utf-16le", "charsetはutf-8、cp932、utf-16leのどれかです");
    MUNI_TRY(st);
    MUNI_TRY(start_reading(im, &header));
    MUNI_TRY(match_header(im, &header, columns));
    MUNI_TRY(find_uniques(im));
    make_profile(im);
    MUNI_TRY(muni__tx_enter(im->session, false, false, &tx));
    MUNI_TRY(muni__tx_leave(tx, progress_read(im, tx)));
    if (im->done_before)
        return MUNI_OK;
    items = muni__alloc_n(BATCH_ROWS, sizeof *items);
    if (!items)
        return MUNI_ENOMEM;
    MUNI_TRY(check_all(im, items));
    if (im->total && (im->skip || !im->errors)) {
        MUNI_TRY(start_reading(im, &header));
        MUNI_TRY(write_all(im, items));
    }
out:
    muni__free(items);
    return st < 0 ? st : MUNI_OK;
}

static muni_status report(import *im, muni_rec **out) {
    muni_rec *rec = NULL;
    const muni__val done = muni__val_bool(im->done_before);
    muni_status st;
    muni__buf_puts(&im->findings, im->findings.n ? "]" : "[]");
    MUNI_TRY(im->findings.st);
    MUNI_TRY(muni__rec_open(NULL, NULL, 0, 6, &rec));
    MUNI_TRY(muni__rec_add_int(rec, "read", im->total));
    MUNI_TRY(muni__rec_add_int(rec, "created", im->created));
    MUNI_TRY(muni__rec_add_int(rec, "skipped", im->total - im->created));
    MUNI_TRY(muni__rec_add(rec, "done_before", &done));
    MUNI_TRY(muni__rec_add_int(rec, "errors", im->errors));
    const muni__val findings = { MUNI_TYPE_JSON, 0, im->findings.p, im->findings.n };
    MUNI_TRY(muni__rec_add(rec, "findings", &findings));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

muni_status muni_session_import(muni_session *session, const char *kind, const char *path, const char *options, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    import im = { .session = session, .pace = { progress, user, "check" }, .findings = MUNI_BUF_INIT((size_t)16 << 20) };
    json_t *opts = NULL;
    muni_status st;
    if (out)
        *out = NULL;
    if (!out || !path || !kind)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, !out ? "out" : !path ? "path" : "kind", "a pointer is NULL", "ポインタがNULLです"));
    st = muni__kind_get(kind, &im.kind);
    if (st >= 0 && (im.kind->flags & MUNI__K_INTERNAL))
        st = muni__fail(MUNI_ENOTFOUND, "kind", "there is no such kind for sessions", "その種類は直接扱えません");
    if (st >= 0)
        st = muni__transfer_options(options, &opts);
    if (st >= 0)
        st = run(&im, path, opts);
    if (st >= 0)
        st = report(&im, out);
    if (st < 0 && im.kind)
        muni__fail_place(im.kind->name, 0, 0);
    muni__error why;
    muni__error_save(&why);
    json_decref(opts);
    muni__csv_close(im.csv);
    muni__source_close(&im.source.inner);
    muni__map_free(&im.refs);
    muni__map_free(&im.codes);
    muni__map_free(&im.seen);
    muni__free(im.code_texts);
    muni__free(im.bad);
    muni__buf_free(&im.findings);
    muni__arena_free(&im.mem);
    muni__error_restore(&why);
    return MUNI_LEAVE(st);
}
