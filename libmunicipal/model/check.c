/* Is the store whole, and what of it that can be derived anew is not as it should be? Checking reads one snapshot; repairing goes in pieces, each a write
 * transaction of its own, and writes nothing but what follows from records: folded keys, documents, the search index, counters, the file's own
 * indexes. What it repaired stands in m_journal. The same pieces make all keys anew for an upgrade. */
#include "model/internal.h"

#include "core/json.h"
#include "core/textkey.h"
#include "store/search.h"

#include <municipal/store.h>

#include <stdio.h>
#include <stdlib.h>

#define PIECE 500    /* records */
#define HELD ((size_t)4 << 20) /* bytes of them, about, that are held at once */
#define COUNTERS 512 /* of numbering rules, by period */

typedef struct counter {
    char name[160];
    int64_t most;
} counter;

typedef struct check {
    muni_session *session; /* NULL: an upgrade */
    muni__tx *tx; /* of the piece */
    bool repair;
    muni_progress_fn progress;
    void *user;
    muni__problems problems;
    muni__work work;
    int64_t records, documents, total, done;
    counter *counters;
    size_t ncounters, counters_cap;
    char damaged[16][128]; /* indexes of the file */
    size_t ndamaged;
    bool index_altered, broken;
} check;

static muni_status found(check *c, muni__problem code, int32_t kind, int64_t record, const char *field, bool repaired) {
    c->work.changed += repaired;
    return muni__problem_add(&c->problems, code, &(muni__problem_at){ .kind = kind, .record = record, .field = field, .repaired = repaired });
}

static muni_status tell(check *c, const char *stage) {
    if (c->progress && c->progress(c->done, c->total, stage, c->user))
        return muni__fail(MUNI_ECANCELLED, NULL, "cancelled; what was repaired stays repaired", "取り消されました。修復済みのものはそのままです");
    return MUNI_OK;
}

/* ---- references */

/* Is there such a record, in the trash or not? All of a piece are asked for together. */
typedef struct target {
    const muni__kind *kind;
    int64_t id;
    bool there;
} target;

typedef struct targets {
    target *list; /* owned */
    size_t n, cap;
} targets;

static muni_status targets_add(targets *t, const muni__kind *kind, int64_t id) {
    muni_status st = muni__grow(&t->list, &t->cap, t->n + 1, sizeof *t->list);
    if (st >= 0)
        t->list[t->n++] = (target){ kind, id, false };
    return st;
}

static int by_target(const void *a, const void *b) {
    const target *x = a, *y = b;
    int c = (x->kind > y->kind) - (x->kind < y->kind);
    return c ? c : (x->id > y->id) - (x->id < y->id);
}

/* Those of one kind, from `*at` on. */
static muni_status targets_send(check *c, const targets *t, size_t *at, int64_t *ids, muni__stmt **out) {
    muni__buf sql = MUNI_BUF_INIT(300);
    const muni__kind *kind = t->list[*at].kind;
    size_t n = 0;
    muni_status st;
    muni__buf_puts(&sql, "SELECT id FROM ");
    muni__schema_table(&sql, kind);
    muni__buf_puts(&sql, " WHERE id ");
    muni__sql_set(&sql, 1);
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(c->tx->conn, sql.p, out));
    for (; *at < t->n && t->list[*at].kind == kind; ++*at)
        ids[n++] = t->list[*at].id;
    muni__bind_set(*out, 1, ids, n);
    muni__send(*out);
out:
    muni__buf_free(&sql);
    return st;
}

/* Which of them are there? Afterwards each stands in `t` once. */
static muni_status targets_ask(check *c, targets *t) {
    struct {
        muni__stmt *s;
        const muni__kind *kind;
    } *asked = NULL;
    int64_t *ids = NULL;
    size_t n = 0, kept = 0;
    muni_status st = MUNI_OK;
    if (!t->n)
        return MUNI_OK;
    qsort(t->list, t->n, sizeof *t->list, by_target);
    for (size_t i = 0; i < t->n; i++)
        if (!i || by_target(&t->list[i], &t->list[kept - 1]))
            t->list[kept++] = t->list[i];
    t->n = kept;
    asked = muni__alloc_n((size_t)muni__nkinds, sizeof *asked);
    ids = muni__alloc_n(t->n, sizeof *ids);
    if (!asked || !ids) {
        st = MUNI_ENOMEM;
        goto out;
    }
    for (size_t at = 0; at < t->n; n++) {
        asked[n].kind = t->list[at].kind;
        MUNI_TRY(targets_send(c, t, &at, ids, &asked[n].s));
    }
    for (size_t i = 0; i < n; i++) {
        while ((st = muni__step(asked[i].s)) == MUNI_ROW) {
            target *is = bsearch(&(target){ asked[i].kind, muni__col_int(asked[i].s, 0), false }, t->list, t->n, sizeof *t->list, by_target);
            if (is)
                is->there = true;
        }
        if (st < 0)
            goto out;
    }
out:
    for (int32_t i = 0; asked && i < muni__nkinds; i++)
        muni__done(asked[i].s);
    muni__free(asked);
    muni__free(ids);
    return st;
}

static bool there(const targets *t, const muni__kind *kind, int64_t id) {
    const target *is = t->n ? bsearch(&(target){ kind, id, false }, t->list, t->n, sizeof *t->list, by_target) : NULL;
    return is && is->there;
}

/* Where the field leads; NULL: nowhere. */
static const muni__kind *leads_to(const muni__row *row, int32_t field) {
    const muni__field *f = &row->kind->fields[field];
    const muni__val *v = &row->v[field];
    if (v->t == MUNI_TYPE_NULL)
        return NULL;
    if (f->type == MUNI__REF)
        return muni__kind_find(f->target);
    if (f->type == MUNI__ANY) /* NULL, too, of a kind of a newer version, or of another's */
        return muni__kind_numbered((int32_t)v->n);
    return field == MUNI__C_LIFECYCLE && v->i ? muni__kind_find(MUNI_KIND_DEFINITION) : NULL;
}

static muni_status note_references(const muni__row *row, targets *t) {
    muni_status st = MUNI_OK;
    for (int32_t i = 0; i < row->kind->nfields && st >= 0; i++) {
        const muni__kind *to = leads_to(row, i);
        if (to)
            st = targets_add(t, to, row->v[i].i);
    }
    return st;
}

static muni_status check_references(check *c, const muni__row *row, const targets *t) {
    const muni__kind *kind = row->kind;
    muni_status st = MUNI_OK;
    for (int32_t i = 0; i < kind->nfields && st >= 0; i++) {
        const muni__kind *to = leads_to(row, i);
        if (to && !there(t, to, row->v[i].i))
            st = found(c, MUNI__PROBLEM_REFERENCE_ORPHAN, kind->number, muni__row_id(row), kind->fields[i].name, false);
    }
    return st;
}

/* ---- records of a piece, as they were read */

typedef struct folded {
    const char *p; /* NULL: none */
    size_t n;
} folded;

typedef struct held {
    muni__row *row;
    folded *keys;          /* as they are stored, of its identifiers in turn */
    bool document, wanted; /* is there one, should there be one? */
    bool altered;          /* it is another */
} held;

typedef struct piece {
    muni__arena mem;
    held list[PIECE];
    size_t n;
    targets targets; /* of the references */
} piece;

/* ---- folded keys */

static muni_status read_keys(muni__arena *mem, const muni__kind *kind, muni__stmt *s, int at, folded **out) {
    folded *keys = muni__arena_alloc(mem, (size_t)kind->nfields * sizeof *keys);
    size_t n = 0, k = 0;
    *out = keys;
    if (!keys)
        return MUNI_ENOMEM;
    for (int32_t i = 0; i < kind->nfields; i++) {
        if (kind->fields[i].type != MUNI__KEY || (kind->fields[i].flags & MUNI__F_LIST))
            continue;
        if (!muni__col_null(s, at)) {
            const char *p = muni__col_text(s, at, &n);
            keys[k] = (folded){ muni__arena_strndup(mem, p ? p : "", p ? n : 0), p ? n : 0 };
            if (!keys[k].p)
                return MUNI_ENOMEM;
        }
        at++;
        k++;
    }
    return MUNI_OK;
}

static muni_status write_key(check *c, const muni__row *row, const muni__field *f, const char *key, size_t n) {
    muni__buf sql = MUNI_BUF_INIT(300);
    muni__stmt *s = NULL;
    muni_status st;
    muni__buf_puts(&sql, "UPDATE ");
    muni__schema_table(&sql, row->kind);
    muni__buf_printf(&sql, " SET \"%s_key\"=?1 WHERE id=?2", f->name);
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(c->tx->conn, sql.p, &s));
    muni__bind_text(s, 1, key, n);
    muni__bind_int(s, 2, muni__row_id(row));
    st = muni__step(s);
    if (st == MUNI_EUNIQUE) {
        st = muni__fail(MUNI_EUNIQUE, f->name, "two records of %s have the same %s when it is folded; give one of them another with the version before", "%sの%sが正規化すると重複します。前の版で一方を変更してください",
                        row->kind->name, f->name);
        muni__fail_place(row->kind->name, 0, muni__row_id(row));
    }
out:
    muni__done(s);
    muni__buf_free(&sql);
    return st;
}

static muni_status check_key(check *c, const muni__row *row, const muni__field *f, const muni__val *v, const char *stored, size_t n) {
    char *key = NULL;
    size_t want = 0;
    muni_status st = MUNI_OK;
    if (v->t != MUNI_TYPE_NULL)
        st = muni__idkey(v->p, v->n, &key, &want);
    if (st >= 0 && (key ? !stored || n != want || memcmp(stored, key, n) != 0 : stored != NULL)) {
        if (c->repair)
            st = write_key(c, row, f, key, want);
        if (st == MUNI_EUNIQUE && c->session) /* said, and left as it is */
            st = found(c, MUNI__PROBLEM_KEY_ALTERED, row->kind->number, muni__row_id(row), f->name, false);
        else if (st >= 0)
            st = found(c, MUNI__PROBLEM_KEY_ALTERED, row->kind->number, muni__row_id(row), f->name, c->repair);
    }
    muni__free(key);
    return st;
}

static muni_status check_keys(check *c, const held *h) {
    const muni__row *row = h->row;
    const folded *key = h->keys;
    muni_status st = MUNI_OK;
    for (int32_t i = 0; i < row->kind->nfields && st >= 0; i++) {
        const muni__field *f = &row->kind->fields[i];
        if (f->type != MUNI__KEY || (f->flags & MUNI__F_LIST))
            continue;
        st = check_key(c, row, f, &row->v[i], key->p, key->n);
        key++;
    }
    return st;
}

/* ---- documents */

/* Compare the record's document with that at which `s` stands; NULL: there is none. */
static muni_status compare_document(held *h, muni__stmt *s) {
    muni__buf keys = MUNI_BUF_INIT((size_t)4 << 20);
    muni__document d;
    size_t n = 0;
    (void)muni__row_document(h->row, &keys, &d);
    muni_status st = keys.st;
    h->wanted = st >= 0 && !muni__doc_blank(keys.p, keys.n);
    h->document = s != NULL;
    if (s && st >= 0) {
        const char *p = muni__col_text(s, 3, &n);
        h->altered = muni__col_int(s, 0) != d.part || muni__col_int(s, 1) != d.kind || muni__col_int(s, 2) != d.rec || !p || n != keys.n || memcmp(p, keys.p, n) != 0;
    }
    muni__buf_free(&keys);
    return st;
}

static bool searched(const muni__kind *kind) {
    for (int32_t i = 0; i < kind->nfields; i++)
        if (kind->fields[i].flags & MUNI__F_SEARCHED)
            return true;
    return false;
}

/* Begin to ask for those of a piece; `*out` is NULL where its kind has none. */
static muni_status documents_send(check *c, const piece *p, muni__stmt **out) {
    muni__buf sql = MUNI_BUF_INIT(300);
    int64_t ids[PIECE];
    muni_status st = MUNI_OK;
    if (!p->n || !searched(p->list[0].row->kind))
        return MUNI_OK;
    for (size_t i = 0; i < p->n; i++)
        ids[i] = muni__row_id(p->list[i].row);
    muni__buf_puts(&sql, "SELECT part,kind,rec,keys,doc FROM m_doc WHERE doc ");
    muni__sql_set(&sql, 1);
    muni__buf_puts(&sql, " ORDER BY doc");
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(c->tx->conn, sql.p, out));
    muni__bind_set(*out, 1, ids, p->n);
    muni__send(*out);
out:
    muni__buf_free(&sql);
    return st;
}

/* Both in order of their ids. */
static muni_status documents_read(piece *p, muni__stmt *s) {
    muni_status st;
    MUNI_TRY(muni__step(s));
    bool more = st == MUNI_ROW;
    for (size_t i = 0; i < p->n; i++) {
        bool is = more && muni__col_int(s, 4) == muni__row_id(p->list[i].row);
        MUNI_TRY(compare_document(&p->list[i], is ? s : NULL));
        if (is) {
            MUNI_TRY(muni__step(s));
            more = st == MUNI_ROW;
        }
    }
out:
    return st < 0 ? st : MUNI_OK;
}

static muni_status put_document(check *c, const muni__row *row) {
    muni__buf keys = MUNI_BUF_INIT((size_t)4 << 20);
    muni__document d;
    muni_status st;
    (void)muni__row_document(row, &keys, &d);
    MUNI_TRY(keys.st);
    st = muni__doc_put(c->tx->conn, muni__row_id(row), d.part, d.kind, d.rec, keys.p ? keys.p : "", keys.n);
out:
    muni__buf_free(&keys);
    return st;
}

static muni_status check_document(check *c, const held *h) {
    muni_status st = MUNI_OK;
    c->documents += h->document;
    if (h->document == h->wanted && !h->altered)
        return MUNI_OK;
    if (c->repair)
        st = put_document(c, h->row);
    return st < 0 ? st
                  : found(c, !h->document ? MUNI__PROBLEM_DOCUMENT_MISSING : MUNI__PROBLEM_DOCUMENT_ALTERED, h->row->kind->number, muni__row_id(h->row), NULL, c->repair);
}

/* Documents without their record. `at` goes along m_doc. */
static muni_status stray_documents(check *c, bool *again) {
    target docs[PIECE]; /* the records that carry them */
    targets t = { NULL, 0, 0 };
    muni__stmt *s = NULL;
    size_t n = 0, ndocs = 0;
    muni_status st;
    MUNI_TRY(muni__sql(c->tx->conn, "SELECT doc,part,kind FROM m_doc WHERE doc>?1 ORDER BY doc LIMIT ?2", &s));
    muni__bind_int(s, 1, c->work.at);
    muni__bind_int(s, 2, PIECE);
    while ((st = muni__step(s)) == MUNI_ROW) {
        int32_t part = (int32_t)muni__col_int(s, 1), kind = (int32_t)muni__col_int(s, 2);
        const muni__kind *carrier = muni__kind_numbered(part ? part : kind);
        n++;
        c->work.at = muni__col_int(s, 0);
        if (!carrier) /* of a newer version, or of another's kinds */
            continue;
        docs[ndocs++] = (target){ carrier, c->work.at, false };
        MUNI_TRY(targets_add(&t, carrier, c->work.at));
    }
    if (st < 0)
        goto out;
    muni__done(s);
    s = NULL;
    MUNI_TRY(targets_ask(c, &t));
    for (size_t i = 0; i < ndocs; i++) {
        if (there(&t, docs[i].kind, docs[i].id))
            continue;
        if (c->repair)
            MUNI_TRY(muni__doc_remove(c->tx->conn, docs[i].id));
        MUNI_TRY(found(c, MUNI__PROBLEM_DOCUMENT_STRAY, docs[i].kind->number, docs[i].id, NULL, c->repair));
    }
    *again = n == PIECE;
out:
    muni__done(s);
    muni__free(t.list);
    return st < 0 ? st : MUNI_OK;
}

/* ---- counters */

static muni_status note_counter(check *c, const char *name, int64_t value) {
    size_t i = c->ncounters;
    if (!*name)
        return MUNI_OK;
    while (i > 0 && strcmp(c->counters[i - 1].name, name) != 0) /* the latest first: neighbours are of the same period */
        i--;
    if (i > 0) {
        if (value > c->counters[i - 1].most)
            c->counters[i - 1].most = value;
        return MUNI_OK;
    }
    if (c->ncounters == COUNTERS)
        return MUNI_OK;
    muni_status st = muni__grow(&c->counters, &c->counters_cap, c->ncounters + 1, sizeof *c->counters);
    if (st < 0)
        return st;
    counter *k = &c->counters[c->ncounters++];
    (void)snprintf(k->name, sizeof k->name, "%s", name);
    k->most = value;
    return MUNI_OK;
}

static muni_status check_counter(check *c, muni__problem code, const char *name, int64_t most) {
    int64_t last = 0;
    muni_status st = muni__conn_last(c->tx->conn, name, &last);
    if (st < 0 || last >= most)
        return st;
    if (c->repair)
        st = last < 0 ? muni__fail(MUNI_ECORRUPT, NULL, "the sequence \"%s\" is negative; restore a backup", "連番「%s」が負の値です。バックアップから復元してください", name)
                      : muni__conn_reach(c->tx->conn, name, most);
    return st < 0 ? st : found(c, code, 0, 0, name, c->repair);
}

static muni_status most_of(check *c, const char *sql, int64_t *most) {
    muni__stmt *s = NULL;
    muni_status st = muni__sql(c->tx->conn, sql, &s);
    if (st < 0)
        return st;
    st = muni__step(s);
    if (st == MUNI_ROW && muni__col_int(s, 0) > *most)
        *most = muni__col_int(s, 0);
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status check_counters(check *c, bool *again) {
    muni__buf sql = MUNI_BUF_INIT(200);
    int64_t id = 0, history = 0, sealed = 0, block = 0;
    muni_status st;
    for (int32_t i = 0; i < muni__nkinds; i++) {
        muni__buf_clear(&sql);
        muni__buf_puts(&sql, "SELECT max(id) FROM ");
        muni__schema_table(&sql, &muni__kinds[i]);
        MUNI_TRY(sql.st);
        MUNI_TRY(most_of(c, sql.p, &id));
    }
    MUNI_TRY(check_counter(c, MUNI__PROBLEM_NUMBER_BEHIND, "id", id));
    for (size_t i = 0; i < c->ncounters; i++)
        MUNI_TRY(check_counter(c, MUNI__PROBLEM_NUMBER_BEHIND, c->counters[i].name, c->counters[i].most));
    MUNI_TRY(most_of(c, "SELECT max(id) FROM m_history", &history));
    MUNI_TRY(most_of(c, "SELECT max(no) FROM m_block", &block));
    MUNI_TRY(most_of(c, "SELECT last FROM m_block ORDER BY no DESC LIMIT 1", &sealed));
    MUNI_TRY(check_counter(c, MUNI__PROBLEM_COUNTER_ALTERED, "history", history));
    MUNI_TRY(check_counter(c, MUNI__PROBLEM_COUNTER_ALTERED, "sealed", sealed));
    MUNI_TRY(check_counter(c, MUNI__PROBLEM_COUNTER_ALTERED, "block", block));
    *again = false;
out:
    muni__buf_free(&sql);
    return st;
}

/* ---- records, kind by kind */

static muni_status check_row(check *c, const held *h, const targets *t) {
    char name[160];
    int64_t value;
    muni_status st = check_keys(c, h);
    if (st >= 0)
        st = check_document(c, h);
    if (st < 0 || !c->session)
        return st;
    st = check_references(c, h->row, t);
    if (st >= 0 && (h->row->kind->flags & MUNI__K_NUMBERED)) {
        st = muni__number_read(c->tx, h->row, name, &value);
        if (st >= 0)
            st = note_counter(c, name, value);
    }
    return st;
}

/* Read the next records of `s`, as many as are held at once; `*more`: there may be others. */
static muni_status read_piece(check *c, const muni__kind *kind, muni__stmt *s, int keys, piece *p, bool *more) {
    size_t bytes = 0;
    muni_status st = MUNI_OK;
    for (*more = true; p->n < PIECE && bytes < HELD;) {
        held *h = &p->list[p->n];
        MUNI_TRY(muni__step(s));
        *more = st == MUNI_ROW;
        if (!*more)
            break;
        *h = (held){ NULL, NULL, false, false, false };
        MUNI_TRY(muni__row_read(&p->mem, kind, s, 0, &h->row));
        MUNI_TRY(read_keys(&p->mem, kind, s, keys, &h->keys));
        if (c->session)
            MUNI_TRY(note_references(h->row, &p->targets));
        for (int32_t i = 0; i < kind->nfields; i++)
            bytes += h->row->v[i].p ? h->row->v[i].n : 0;
        p->n++;
    }
out:
    return st;
}

static muni_status check_piece(check *c, piece *p) {
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(documents_send(c, p, &s));
    MUNI_TRY(targets_ask(c, &p->targets));
    if (s)
        MUNI_TRY(documents_read(p, s));
    muni__done(s);
    s = NULL;
    for (size_t i = 0; i < p->n; i++) {
        MUNI_TRY(check_row(c, &p->list[i], &p->targets));
        c->work.at = muni__row_id(p->list[i].row);
    }
out:
    muni__done(s);
    return st;
}

/* The records behind work.at of the kind work.part, then of the next kind. */
static muni_status check_records(check *c, bool *again) {
    muni__buf sql = MUNI_BUF_INIT((size_t)1 << 16);
    muni__stmt *s = NULL;
    const muni__kind *kind = *c->work.part ? muni__kind_find(c->work.part) : muni__kinds;
    piece p = { .n = 0 };
    int64_t n = 0;
    bool more = true;
    muni_status st;
    *again = false;
    if (!kind) {
        st = muni__fail(MUNI_ECORRUPT, NULL, "the journal names a kind that is not there: begin anew with --repair", "作業記録にない種別が書かれています。--repairでやり直してください");
        goto out;
    }
    int keys = muni__row_select(&sql, kind);
    muni__buf_puts(&sql, " WHERE id>?1 ORDER BY id LIMIT ?2");
    if (c->repair) /* nobody changes them until they are compared with what follows from them */
        muni__buf_puts(&sql, muni__store_lock(c->tx->db->store));
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(c->tx->conn, sql.p, &s));
    muni__bind_int(s, 1, c->work.at);
    muni__bind_int(s, 2, PIECE);
    while (more) {
        MUNI_TRY(read_piece(c, kind, s, keys, &p, &more));
        MUNI_TRY(check_piece(c, &p));
        n += (int64_t)p.n;
        p.n = p.targets.n = 0;
        muni__arena_reset(&p.mem);
    }
    c->records += n;
    c->done += n;
    *again = n == PIECE;
    if (!*again) {
        *again = kind + 1 < muni__kinds + muni__nkinds;
        c->work.at = 0;
        (void)snprintf(c->work.part, sizeof c->work.part, "%s", *again ? kind[1].name : "");
    }
out:
    muni__done(s);
    muni__arena_free(&p.mem);
    muni__free(p.targets.list);
    muni__buf_free(&sql);
    return st < 0 ? st : MUNI_OK;
}

/* ---- the file and the search index */

static muni_status file_finding(void *user, const char *index, const char *said) {
    check *c = user;
    if (!index)
        return found(c, MUNI__PROBLEM_FILE_DAMAGED, 0, 0, said, false);
    for (size_t i = 0; i < c->ndamaged; i++)
        if (!strcmp(c->damaged[i], index))
            return MUNI_OK;
    if (c->ndamaged < MUNI_COUNT(c->damaged))
        (void)snprintf(c->damaged[c->ndamaged++], sizeof c->damaged[0], "%s", index);
    return MUNI_OK;
}

static muni_status check_file(check *c, bool *again) {
    c->ndamaged = 0;
    muni_status st = muni__store_inspect(c->tx->conn, file_finding, c);
    for (size_t i = 0; i < c->ndamaged && st >= 0; i++) {
        if (c->repair)
            st = muni__store_rebuild(c->tx->conn, c->damaged[i]);
        if (st >= 0)
            st = found(c, MUNI__PROBLEM_FILE_INDEX_DAMAGED, 0, 0, c->damaged[i], c->repair);
    }
    *again = false;
    return st;
}

static muni_status index_finding(void *user, int64_t doc) {
    check *c = user;
    c->index_altered = true;
    return found(c, MUNI__PROBLEM_INDEX_ALTERED, 0, doc, NULL, c->repair);
}

static muni_status check_index(check *c, bool *again) {
    *again = false;
    return muni__index_check(c->tx->conn, index_finding, c);
}

/* ---- the whole */

typedef muni_status (*pass)(check *c, bool *again);

/* One piece after the other: of the snapshot that is open, or each in a transaction of its own. */
static muni_status run_pass(check *c, pass fn, const char *stage) {
    bool again = true;
    muni_status st = MUNI_OK;
    c->work.at = 0;
    c->work.part[0] = '\0';
    while (again && st >= 0) {
        if (c->repair)
            st = muni__tx_enter(c->session, true, false, &c->tx);
        if (st >= 0) {
            st = fn(c, &again);
            if (c->repair) {
                if (st >= 0)
                    st = muni__work_save(c->tx->conn, &c->work, 0);
                st = muni__tx_leave(c->tx, st);
            }
        }
        if (st >= 0)
            st = tell(c, stage);
    }
    return st;
}

static const struct {
    pass fn;
    const char *stage;
} passes[] = {
    { check_records, "records" }, { stray_documents, "documents" }, { check_counters, "counters" }, { check_index, "index" },
};

static muni_status answer(check *c, int32_t utc_offset, const muni__audited *a, muni_rec **out) {
    muni_rec *rec = NULL;
    muni__val v = muni__val_bool(c->problems.count == c->problems.repaired);
    const char *json;
    size_t n;
    muni_status st;
    MUNI_TRY(muni__problems_end(&c->problems, &json, &n));
    MUNI_TRY(muni__rec_open(NULL, NULL, utc_offset, 8, &rec));
    MUNI_TRY(muni__rec_add(rec, "whole", &v));
    MUNI_TRY(muni__rec_add_int(rec, "problems", c->problems.count));
    MUNI_TRY(muni__rec_add_int(rec, "repaired", c->problems.repaired));
    MUNI_TRY(muni__rec_add_int(rec, "records", c->records));
    MUNI_TRY(muni__rec_add_int(rec, "documents", c->documents));
    MUNI_TRY(muni__rec_add_int(rec, "history_rows", a->rows));
    MUNI_TRY(muni__rec_add_text(rec, "head", a->head));
    v = (muni__val){ MUNI_TYPE_JSON, 0, json, n };
    MUNI_TRY(muni__rec_add(rec, "findings", &v));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

static muni_status begin_repair(check *c) {
    muni_status st = muni__tx_enter(c->session, true, false, &c->tx);
    if (st < 0)
        return st;
    st = muni__work_begin(c->tx->conn, "repair", c->tx->now, 0, &c->work);
    return muni__tx_leave(c->tx, st);
}

static muni_status end_repair(check *c) {
    muni_status st = muni__tx_enter(c->session, true, false, &c->tx);
    if (st < 0)
        return st;
    c->work.at = c->records;
    c->work.part[0] = '\0';
    st = muni__work_save(c->tx->conn, &c->work, c->tx->now);
    return muni__tx_leave(c->tx, st);
}

/* A file so damaged that it cannot be looked through is a problem to be told, not a failure to tell. */
static muni_status told(check *c, muni_status st) {
    if (st != MUNI_ECORRUPT)
        return st;
    char said[512];
    (void)snprintf(said, sizeof said, "%s", muni_error_text("en"));
    muni__error_clear();
    c->broken = true;
    return found(c, MUNI__PROBLEM_FILE_DAMAGED, 0, 0, said, false);
}

static muni_status check_history(check *c, muni__audited *a) {
    muni_status st = MUNI_OK;
    if (c->repair)
        st = muni__tx_enter(c->session, false, false, &c->tx);
    if (st < 0)
        return st;
    st = muni__audit(c->tx, false, c->progress, c->user, &c->problems, a);
    return c->repair ? muni__tx_leave(c->tx, st) : st;
}

/* The file first: what is read of a damaged one tells little. */
static muni_status run_all(check *c, muni__audited *a) {
    muni_status st = told(c, run_pass(c, check_file, "file"));
    if (st >= 0 && !c->broken)
        st = told(c, check_history(c, a));
    for (size_t i = 0; i < MUNI_COUNT(passes) && st >= 0 && !c->broken; i++)
        st = told(c, run_pass(c, passes[i].fn, passes[i].stage));
    return st;
}

static muni_status check_store(check *c, muni__audited *a) {
    muni_status st = muni__tx_enter(c->session, false, false, &c->tx);
    if (st < 0)
        return st;
    st = muni__may_audit(c->tx);
    if (st >= 0)
        st = muni__may_keep(c->tx);
    if (st >= 0)
        st = told(c, muni__conn_last(c->tx->conn, "id", &c->total));
    if (st >= 0 && !c->repair)
        st = run_all(c, a);
    st = muni__tx_leave(c->tx, st);
    if (st < 0 || !c->repair)
        return st;
    st = told(c, begin_repair(c));
    if (st >= 0 && !c->broken)
        st = run_all(c, a);
    if (st >= 0 && c->index_altered && !c->broken)
        st = muni__reindex(c->session, c->progress, c->user, NULL);
    return st < 0 || c->broken ? st : end_repair(c);
}

static muni_status store_check(muni_session *session, int32_t repair, muni_progress_fn progress, void *user, muni_rec **out) {
    check *c = muni__alloc(sizeof *c);
    muni__audited a = { .head = "" };
    muni_status st = c ? MUNI_OK : MUNI_ENOMEM;
    if (st < 0)
        return st;
    *c = (check){ .session = session, .repair = repair != 0, .progress = progress, .user = user, .problems = MUNI__PROBLEMS_INIT, .work = { .name = "repair" } };
    st = check_store(c, &a);
    if (st >= 0)
        st = answer(c, session->db->utc_offset, &a, out);
    muni__problems_free(&c->problems);
    muni__free(c->counters);
    muni__free(c);
    return st;
}

muni_status muni_store_check(muni_session *session, int32_t repair, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    return MUNI_LEAVE(store_check(session, repair, progress, user, out));
}

/* ---- an upgrade's keys */

static muni_status renew_piece(check *c, bool *again) {
    muni__work w;
    muni_status st = muni__work_begin(c->tx->conn, "keys", c->tx->now, 0, &w);
    if (st < 0)
        return st;
    c->work = w;
    st = check_records(c, again);
    if (st >= 0 && !*again)
        st = muni__meta_keys_set(c->tx->conn);
    return st < 0 ? st : muni__work_save(c->tx->conn, &c->work, *again ? 0 : c->tx->now);
}

muni_status muni__keys_renew(muni_db *db, muni_progress_fn progress, void *user) {
    check c = { .repair = true, .progress = progress, .user = user, .problems = MUNI__PROBLEMS_INIT, .work = { .name = "keys" } };
    bool again = true;
    muni_status st = MUNI_OK;
    while (again && st >= 0) {
        st = muni__tx_system(db, true, &c.tx);
        if (st >= 0)
            st = muni__tx_leave(c.tx, renew_piece(&c, &again));
        if (st >= 0)
            st = tell(&c, "keys");
    }
    muni__problems_free(&c.problems);
    return st;
}
