/* Verification: is the history whole, and is every record what its history says? */
#include "model/internal.h"

#include "core/hash.h"
#include "core/json.h"
#include "core/textkey.h"
#include "model/problems.h"

#include <stdio.h>
#include <stdlib.h>

/* A row of m_history as it is read. */
typedef struct entry {
    muni__history_row h;
    unsigned char prev[32], ord_digest[32], per_digest[32], hash[32];
    char *ord, *per; /* owned by the arena; NULL: none */
    size_t ord_n, per_n;
    unsigned char ord_salt[16], per_salt[16];
    bool has_prev, has_ord, has_per, ord_salted, per_salted, hash_ok;
} entry;

/* The records of a kind, in order of their ids, beside the history, which comes in the same order. */
typedef struct walk {
    muni__stmt *s; /* NULL: not begun */
    int64_t id;    /* of the record it has come to */
    bool there;    /* false: behind the last one */
    int keys;      /* the column at which the folded keys begin */
} walk;

typedef struct audit {
    muni__tx *tx;
    bool derived; /* look at what could be derived anew as well: muni_store_check does that itself */
    muni_progress_fn progress;
    void *user;
    muni__problems *findings;
    int64_t rows, records, blocks, sealed_rows, destroyed, total;
    muni__arena mem; /* of the record being looked at */
    entry *list;
    size_t n, cap;
    walk *walks; /* of each kind */
    char head[65];
} audit;

static muni_status found(audit *a, muni__problem code, int64_t history, int32_t kind, int64_t rec, int64_t rev, const char *field) {
    return muni__problem_add(a->findings, code, &(muni__problem_at){ .history = history, .kind = kind, .record = rec, .rev = rev, .field = field });
}

static muni_status at_row(audit *a, muni__problem code, const entry *e, const char *field) {
    return found(a, code, e->h.id, e->h.kind, e->h.rec, e->h.rev, field);
}

static bool blob(muni__stmt *s, int i, unsigned char *out, size_t size, bool *wrong) {
    size_t n = 0;
    const void *p = muni__col_blob(s, i, &n);
    if (muni__col_null(s, i))
        return false;
    if (n != size) {
        *wrong = true;
        return false;
    }
    memcpy(out, p, size);
    return true;
}

static muni_status text(muni__arena *mem, muni__stmt *s, int i, char **out, size_t *n) {
    const char *p = muni__col_text(s, i, n);
    *out = NULL;
    if (muni__col_null(s, i))
        return MUNI_OK;
    *out = muni__arena_strndup(mem, p ? p : "", p ? *n : 0);
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

#define ENTRY_COLUMNS "id,kind,rec,rev,action,actor,app,reason,at,flags,prev,ord_digest,per_digest,hash,ord,ord_salt,per,per_salt"

/* Read a row and check its own hash and values. */
static muni_status read_entry(audit *a, muni__stmt *s, entry *e) {
    const unsigned char *store = muni__store_info_of(a->tx->db->store)->id;
    unsigned char hash[32];
    char *app = NULL, *reason = NULL;
    size_t n = 0;
    bool wrong = false;
    muni_status st;
    memset(e, 0, sizeof *e);
    MUNI_TRY(text(&a->mem, s, 6, &app, &n));
    wrong = wrong || (app && strlen(app) != n);
    MUNI_TRY(text(&a->mem, s, 7, &reason, &n));
    wrong = wrong || (reason && strlen(reason) != n);
    e->h = (muni__history_row){ .id = muni__col_int(s, 0), .rec = muni__col_int(s, 2), .rev = muni__col_int(s, 3), .actor = muni__col_int(s, 5),
                                .at = muni__col_int(s, 8), .kind = (int32_t)muni__col_int(s, 1), .action = (int32_t)muni__col_int(s, 4),
                                .flags = (int32_t)muni__col_int(s, 9), .app = app, .reason = reason };
    e->has_prev = blob(s, 10, e->prev, 32, &wrong);
    e->has_ord = blob(s, 11, e->ord_digest, 32, &wrong);
    e->has_per = blob(s, 12, e->per_digest, 32, &wrong);
    wrong = !blob(s, 13, e->hash, 32, &wrong) || wrong;
    MUNI_TRY(text(&a->mem, s, 14, &e->ord, &e->ord_n));
    e->ord_salted = blob(s, 15, e->ord_salt, 16, &wrong);
    MUNI_TRY(text(&a->mem, s, 16, &e->per, &e->per_n));
    e->per_salted = blob(s, 17, e->per_salt, 16, &wrong);
    e->h.prev = e->has_prev ? e->prev : NULL;
    e->h.ord_digest = e->has_ord ? e->ord_digest : NULL;
    e->h.per_digest = e->has_per ? e->per_digest : NULL;
    muni__history_hash(store, &e->h, hash);
    e->hash_ok = !wrong && !memcmp(hash, e->hash, 32);
    if (!e->hash_ok)
        MUNI_TRY(at_row(a, MUNI__PROBLEM_ROW_ALTERED, e, NULL));
    /* values that were destroyed on purpose are absent with their salt; values without their digest or with another are altered */
    bool bad = (e->ord && (!e->ord_salted || !e->has_ord)) || (e->per && (!e->per_salted || !e->has_per));
    if (!bad && e->ord) {
        muni__history_digest(e->ord_salt, e->ord, e->ord_n, hash);
        bad = memcmp(hash, e->ord_digest, 32) != 0;
    }
    if (!bad && e->per) {
        muni__history_digest(e->per_salt, e->per, e->per_n, hash);
        bad = memcmp(hash, e->per_digest, 32) != 0;
    }
    bool kept = e->h.action != MUNI__A_CREATE; /* a creation keeps its salts, and no values */
    a->destroyed += (e->has_ord && (kept ? !e->ord : !e->ord_salted)) + (e->has_per && (kept ? !e->per : !e->per_salted));
    if (bad) {
        MUNI_TRY(at_row(a, MUNI__PROBLEM_VALUES_ALTERED, e, NULL));
        e->ord = e->per = NULL;
        e->hash_ok = false; /* nothing can be told from it any more */
    }
out:
    return st < 0 ? st : MUNI_OK;
}

/* ---- one record */

/* Take a change back from the record's values; false where the record is not what the change made of it. */
static muni_status undo(audit *a, muni__row *row, const char *doc, size_t n, const entry *e) {
    json_t *j = NULL, *pair;
    const char *name;
    muni_status st = muni__json_load_own(doc, n, (size_t)64 << 20, "history", &j);
    if (st == MUNI_ENOMEM)
        return st;
    if (st < 0)
        return at_row(a, MUNI__PROBLEM_VALUES_ALTERED, e, NULL);
    json_object_foreach (j, name, pair) {
        int32_t i = muni__row_field(row->kind, name);
        if (i < 0)
            continue; /* a field of another version */
        muni__buf now = MUNI_BUF_INIT((size_t)64 << 20), then = MUNI_BUF_INIT((size_t)64 << 20);
        muni__val_json(&now, &row->v[i], a->tx->utc_offset);
        muni__json_write(&then, json_array_get(pair, 1) ? json_array_get(pair, 1) : json_null());
        st = now.st < 0 ? now.st : then.st;
        bool same = st >= 0 && now.n == then.n && !memcmp(now.p, then.p, now.n);
        if (st >= 0 && !same)
            st = at_row(a, MUNI__PROBLEM_RECORD_ALTERED, e, name);
        if (st >= 0) { /* the value before, as canonical text: kept as JSON, which writes itself unchanged */
            muni__buf_clear(&then);
            muni__json_write(&then, json_array_get(pair, 0) ? json_array_get(pair, 0) : json_null());
            st = then.st;
            char *copy = st >= 0 ? muni__arena_strndup(&a->mem, then.p, then.n) : NULL;
            if (st >= 0 && !copy)
                st = MUNI_ENOMEM;
            if (st >= 0)
                row->v[i] = json_is_null(json_array_get(pair, 0)) ? MUNI_NULL_VAL : (muni__val){ MUNI_TYPE_JSON, 0, copy, then.n };
        }
        muni__buf_free(&now);
        muni__buf_free(&then);
        if (st < 0)
            break;
    }
    json_decref(j);
    return st;
}

static muni_status check_created(audit *a, muni__row *row, const entry *e, bool personal) {
    muni__buf doc = MUNI_BUF_INIT((size_t)64 << 20);
    unsigned char digest[32];
    bool has = personal ? e->has_per : e->has_ord, salted = personal ? e->per_salted : e->ord_salted;
    muni_status st = muni__history_values(row, a->tx->utc_offset, personal, &doc);
    if (st >= 0 && has && salted) {
        muni__history_digest(personal ? e->per_salt : e->ord_salt, doc.p ? doc.p : "", doc.n, digest);
        if (memcmp(digest, personal ? e->per_digest : e->ord_digest, 32) != 0)
            st = at_row(a, MUNI__PROBLEM_RECORD_ALTERED, e, NULL);
    } else if (st >= 0 && !has && doc.n) {
        st = at_row(a, MUNI__PROBLEM_RECORD_ALTERED, e, NULL);
    }
    muni__buf_free(&doc);
    return st;
}

static muni_status walk_on(walk *w) {
    muni_status st = muni__step(w->s);
    w->there = st == MUNI_ROW;
    if (w->there)
        w->id = muni__col_int(w->s, 0);
    return st < 0 ? st : MUNI_OK;
}

static muni_status walk_begin(audit *a, const muni__kind *kind, walk *w) {
    muni__buf sql = MUNI_BUF_INIT((size_t)1 << 16);
    muni_status st;
    w->keys = muni__row_select(&sql, kind);
    muni__buf_puts(&sql, " ORDER BY id");
    MUNI_TRY(sql.st);
    MUNI_TRY(muni__sql(a->tx->conn, sql.p, &w->s));
    muni__many(w->s);
    st = walk_on(w);
out:
    muni__buf_free(&sql);
    return st;
}

/* NULL where there is none. `w` stands at it until the next is asked for; ids only rise. */
static muni_status walk_to(audit *a, const muni__kind *kind, int64_t id, walk *w, muni__row **out) {
    muni_status st = w->s ? MUNI_OK : walk_begin(a, kind, w);
    *out = NULL;
    while (st >= 0 && w->there && w->id < id)
        st = walk_on(w);
    if (st >= 0 && w->there && w->id == id)
        st = muni__row_read(&a->mem, kind, w->s, 0, out);
    return st;
}

/* The folded forms beside a record's identifiers: they stand in no history, for they follow from what does. */
static muni_status check_keys(audit *a, const muni__row *row, const walk *w, const entry *last) {
    const muni__kind *kind = row->kind;
    char *key = NULL;
    size_t n = 0;
    int at = w->keys;
    muni_status st = MUNI_OK;
    for (int32_t i = 0; i < kind->nfields; i++) {
        const muni__val *v = &row->v[i];
        if (kind->fields[i].type != MUNI__KEY || (kind->fields[i].flags & MUNI__F_LIST))
            continue;
        size_t stored_n = 0, want = 0;
        bool null = muni__col_null(w->s, at);
        const char *stored = muni__col_text(w->s, at++, &stored_n);
        if (v->t != MUNI_TYPE_NULL) {
            muni_status folded = muni__idkey(v->p, v->n, &key, &n);
            if (folded == MUNI_ENOMEM) {
                st = folded;
                goto out;
            }
            want = folded < 0 ? 0 : n;
        }
        bool same = null ? v->t == MUNI_TYPE_NULL : key && stored_n == want && (!want || !memcmp(stored, key, want));
        muni__free(key);
        key = NULL;
        if (!same)
            MUNI_TRY(at_row(a, MUNI__PROBLEM_KEY_ALTERED, last, kind->fields[i].name));
    }
out:
    muni__free(key);
    return st;
}

/* The rows of one record, in order: their chain, and the record against them. */
static muni_status check_record(audit *a) {
    muni__row *row = NULL;
    muni_status st = MUNI_OK;
    bool whole = true;
    entry *last = &a->list[a->n - 1];
    const muni__kind *kind = muni__kind_numbered(last->h.kind);
    a->records++;
    for (size_t i = 0; i < a->n; i++) {
        entry *e = &a->list[i], *before = i ? e - 1 : NULL;
        int64_t want = before ? before->h.rev + 1 : 1;
        if (!e->hash_ok)
            whole = false;
        if (e->h.rev < want) {
            MUNI_TRY(at_row(a, MUNI__PROBLEM_ROW_INSERTED, e, NULL));
            whole = false;
        } else if (e->h.rev > want) {
            MUNI_TRY(at_row(a, MUNI__PROBLEM_ROW_MISSING, e, NULL));
            whole = false;
        } else if (before ? (!e->has_prev || memcmp(e->prev, before->hash, 32) != 0) : e->has_prev) {
            MUNI_TRY(at_row(a, MUNI__PROBLEM_CHAIN_BROKEN, e, NULL));
            whole = false;
        }
    }
    if (!kind) /* a kind of a newer version: its chain is checked, its records cannot be */
        goto out;
    walk *w = &a->walks[kind - muni__kinds];
    MUNI_TRY(walk_to(a, kind, last->h.rec, w, &row));
    if (!row) {
        MUNI_TRY(at_row(a, MUNI__PROBLEM_RECORD_MISSING, last, NULL));
        goto out;
    }
    if (a->derived)
        MUNI_TRY(check_keys(a, row, w, last));
    int64_t rev = row->v[MUNI__C_REV].i;
    if (rev > last->h.rev) {
        MUNI_TRY(found(a, MUNI__PROBLEM_ROW_MISSING, 0, last->h.kind, last->h.rec, last->h.rev + 1, NULL));
        goto out;
    }
    if (rev < last->h.rev)
        MUNI_TRY(at_row(a, MUNI__PROBLEM_RECORD_ALTERED, last, "rev"));
    if (!whole)
        goto out; /* what is broken is named; what follows from it would only repeat it */
    if (row->v[MUNI__C_UPDATED_AT].i != last->h.at)
        MUNI_TRY(at_row(a, MUNI__PROBLEM_RECORD_ALTERED, last, "updated_at"));
    if (row->v[MUNI__C_UPDATED_BY].i != last->h.actor)
        MUNI_TRY(at_row(a, MUNI__PROBLEM_RECORD_ALTERED, last, "updated_by"));
    bool ord = true, per = true; /* are the values back to here known? */
    for (size_t i = a->n; i-- > 1;) {
        entry *e = &a->list[i];
        ord = ord && (e->ord || !e->has_ord);
        per = per && (e->per || !e->has_per);
        if (ord && e->ord)
            MUNI_TRY(undo(a, row, e->ord, e->ord_n, e));
        if (per && e->per)
            MUNI_TRY(undo(a, row, e->per, e->per_n, e));
    }
    if (ord)
        MUNI_TRY(check_created(a, row, &a->list[0], false));
    if (per)
        MUNI_TRY(check_created(a, row, &a->list[0], true));
out:
    a->n = 0;
    muni__arena_free(&a->mem);
    return st < 0 ? st : MUNI_OK;
}

static muni_status tell(audit *a, int64_t done, const char *stage) {
    if (a->progress && done % 1000 == 0 && a->progress(done, a->total, stage, a->user))
        return muni__fail(MUNI_ECANCELLED, NULL, "the verification was cancelled", "検証が取り消されました");
    return MUNI_OK;
}

static muni_status check_records(audit *a) {
    muni__stmt *s = NULL;
    int64_t rec = 0, done = 0;
    muni_status st;
    a->walks = muni__alloc_n((size_t)muni__nkinds, sizeof *a->walks);
    if (!a->walks)
        return MUNI_ENOMEM;
    MUNI_TRY(muni__sql(a->tx->conn, "SELECT " ENTRY_COLUMNS " FROM m_history ORDER BY rec,id", &s));
    muni__many(s);
    for (;;) {
        MUNI_TRY(muni__step(s));
        bool more = st == MUNI_ROW;
        if (a->n && (!more || muni__col_int(s, 2) != rec))
            MUNI_TRY(check_record(a));
        if (!more)
            break;
        rec = muni__col_int(s, 2);
        MUNI_TRY(muni__grow(&a->list, &a->cap, a->n + 1, sizeof *a->list));
        MUNI_TRY(read_entry(a, s, &a->list[a->n]));
        a->n++;
        MUNI_TRY(tell(a, ++done, "records"));
    }
    a->rows = done;
out:
    muni__done(s);
    for (int32_t i = 0; i < muni__nkinds; i++)
        muni__done(a->walks[i].s);
    muni__free(a->walks);
    a->walks = NULL;
    return st < 0 ? st : MUNI_OK;
}

/* Records that have no history at all: ids are those of one record of one kind. */
static muni_status check_strays(audit *a) {
    muni_status st = MUNI_OK;
    for (int32_t i = 0; st >= 0 && i < muni__nkinds; i++) {
        const muni__kind *kind = &muni__kinds[i];
        muni__buf sql = MUNI_BUF_INIT(400);
        muni__stmt *s = NULL;
        muni__buf_puts(&sql, "SELECT k.id,k.rev FROM ");
        muni__schema_table(&sql, kind);
        muni__buf_puts(&sql, " k WHERE NOT EXISTS (SELECT 1 FROM m_history h WHERE h.rec=k.id AND h.kind=?1) ORDER BY k.id");
        st = sql.st;
        if (st >= 0)
            st = muni__sql(a->tx->conn, sql.p, &s);
        if (st >= 0)
            muni__bind_int(s, 1, kind->number);
        while (st >= 0 && (st = muni__step(s)) == MUNI_ROW)
            st = found(a, MUNI__PROBLEM_RECORD_STRAY, 0, kind->number, muni__col_int(s, 0), muni__col_int(s, 1), NULL);
        muni__done(s);
        muni__buf_free(&sql);
    }
    return st < 0 ? st : MUNI_OK;
}

/* ---- order and blocks */

typedef struct block {
    int64_t no, first, last, count, sealed_at;
    unsigned char root[32], prev[32], hash[32];
    bool there, wrong;
} block;

static muni_status next_block(muni__stmt *s, block *b) {
    muni_status st = muni__step(s);
    memset(b, 0, sizeof *b);
    if (st != MUNI_ROW)
        return st;
    b->there = true;
    b->no = muni__col_int(s, 0);
    b->first = muni__col_int(s, 1);
    b->last = muni__col_int(s, 2);
    b->count = muni__col_int(s, 3);
    b->wrong = !blob(s, 4, b->root, 32, &b->wrong) || b->wrong;
    b->wrong = !blob(s, 5, b->prev, 32, &b->wrong) || b->wrong;
    b->wrong = !blob(s, 6, b->hash, 32, &b->wrong) || b->wrong;
    b->sealed_at = muni__col_int(s, 7);
    return MUNI_OK;
}

static muni_status check_block(audit *a, const block *b, const unsigned char prev[32], unsigned char (*leaves)[32], int64_t n) {
    unsigned char hash[32];
    muni_status st = MUNI_OK;
    muni__block_hash(muni__store_info_of(a->tx->db->store)->id, b->no, b->first, b->last, b->count, b->sealed_at, b->root, b->prev, hash);
    if (b->wrong || memcmp(hash, b->hash, 32) != 0 || memcmp(prev, b->prev, 32) != 0)
        st = found(a, MUNI__PROBLEM_BLOCK_ALTERED, b->first, 0, 0, b->no, NULL);
    if (st < 0)
        return st;
    if (n > 0)
        muni__merkle(leaves, (size_t)n, hash);
    if (n != b->count || memcmp(hash, b->root, 32) != 0)
        st = found(a, MUNI__PROBLEM_BLOCK_BROKEN, b->first, 0, 0, b->no, NULL);
    return st;
}

static muni_status check_order(audit *a) {
    muni__stmt *s = NULL, *t = NULL;
    unsigned char(*leaves)[32] = NULL, prev[32] = { 0 };
    size_t cap = 0;
    int64_t id = 0, n = 0, done = 0, counter = 0, sealed = 0, blocks = 0, no = 0, edge = 0;
    int64_t gaps; /* up to there each record's own chain says what is missing, and each block how many rows it has */
    block b;
    muni_status st;
    MUNI_TRY(muni__conn_gaps(a->tx->conn, &gaps));
    MUNI_TRY(muni__conn_last(a->tx->conn, "history", &counter));
    MUNI_TRY(muni__conn_last(a->tx->conn, "sealed", &sealed));
    MUNI_TRY(muni__conn_last(a->tx->conn, "block", &blocks));
    MUNI_TRY(muni__sql(a->tx->conn, "SELECT id,hash,kind,rec,rev FROM m_history ORDER BY id", &s));
    muni__many(s);
    MUNI_TRY(muni__sql(a->tx->conn, "SELECT no,first,last,count,root,prev,hash,sealed_at FROM m_block ORDER BY no", &t));
    muni__many(t);
    MUNI_TRY(next_block(t, &b));
    for (;;) {
        MUNI_TRY(muni__step(s));
        bool more = st == MUNI_ROW;
        int64_t now = more ? muni__col_int(s, 0) : INT64_MAX;
        while (b.there && now > b.last) { /* the block is over */
            if (b.no != no + 1 || b.first != edge + 1)
                MUNI_TRY(found(a, MUNI__PROBLEM_BLOCK_MISSING, b.first, 0, 0, no + 1, NULL));
            no = b.no;
            edge = b.last;
            MUNI_TRY(check_block(a, &b, prev, leaves, n));
            memcpy(prev, b.hash, 32);
            a->blocks++;
            a->sealed_rows += b.count;
            n = 0;
            MUNI_TRY(next_block(t, &b));
        }
        if (!more)
            break;
        if (now > id + 1 && now - 1 > gaps)
            MUNI_TRY(found(a, MUNI__PROBLEM_ROW_MISSING, id + 1, (int32_t)muni__col_int(s, 2), 0, 0, NULL));
        id = now;
        if (b.there && now >= b.first) {
            size_t len = 0;
            const void *p = muni__col_blob(s, 1, &len);
            MUNI_TRY(muni__grow(&leaves, &cap, (size_t)n + 1, sizeof *leaves));
            memset(leaves[n], 0, 32);
            if (len == 32)
                memcpy(leaves[n], p, 32);
            n++;
        }
        MUNI_TRY(tell(a, ++done, "blocks"));
    }
    if (id < counter && counter > gaps)
        MUNI_TRY(found(a, MUNI__PROBLEM_TAIL_MISSING, id + 1, 0, 0, 0, NULL));
    if (id > counter && a->derived)
        MUNI_TRY(found(a, MUNI__PROBLEM_COUNTER_ALTERED, counter + 1, 0, 0, 0, NULL));
    if (no < blocks || edge < sealed)
        MUNI_TRY(found(a, MUNI__PROBLEM_BLOCK_MISSING, edge + 1, 0, 0, no + 1, NULL));
    if ((no > blocks || edge > sealed) && a->derived) /* the next block would begin inside this one */
        MUNI_TRY(found(a, MUNI__PROBLEM_COUNTER_ALTERED, edge, 0, 0, no, NULL));
    if (a->blocks)
        muni__hex(prev, 32, a->head);
out:
    muni__done(s);
    muni__done(t);
    muni__free(leaves);
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__may_audit(const muni__tx *tx) {
    if (muni__scopes_any(tx, muni__kind_find(MUNI_KIND_PRINCIPAL), MUNI__V_AUDIT) & MUNI__S_ALL)
        return MUNI_OK;
    return muni__fail(MUNI_EDENIED, NULL, "the session may not audit; it needs the verb audit on everything", "検証する権限がありません（操作audit・範囲allが必要です）");
}

muni_status muni__audit(muni__tx *tx, bool derived, muni_progress_fn progress, void *user, muni__problems *findings, muni__audited *out) {
    audit a = { .tx = tx, .derived = derived, .progress = progress, .user = user, .findings = findings };
    muni_status st;
    MUNI_TRY(muni__may_audit(tx));
    MUNI_TRY(muni__conn_last(tx->conn, "history", &a.total));
    MUNI_TRY(check_records(&a));
    MUNI_TRY(check_strays(&a));
    MUNI_TRY(check_order(&a));
    *out = (muni__audited){ .rows = a.rows, .records = a.records, .blocks = a.blocks, .sealed_rows = a.sealed_rows, .destroyed = a.destroyed };
    memcpy(out->head, a.head, sizeof a.head);
out:
    muni__arena_free(&a.mem);
    muni__free(a.list);
    return st;
}

static muni_status answer(const muni__tx *tx, const muni__audited *a, muni__problems *findings, muni_rec **out) {
    muni_rec *rec = NULL;
    muni__val v = muni__val_bool(findings->count == 0);
    const char *json;
    size_t n;
    muni_status st;
    MUNI_TRY(muni__problems_end(findings, &json, &n));
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 9, &rec));
    MUNI_TRY(muni__rec_add(rec, "verified", &v));
    MUNI_TRY(muni__rec_add_int(rec, "rows", a->rows));
    MUNI_TRY(muni__rec_add_int(rec, "records", a->records));
    MUNI_TRY(muni__rec_add_int(rec, "blocks", a->blocks));
    MUNI_TRY(muni__rec_add_int(rec, "sealed_rows", a->sealed_rows));
    MUNI_TRY(muni__rec_add_int(rec, "destroyed", a->destroyed));
    MUNI_TRY(muni__rec_add_text(rec, "head", a->head));
    MUNI_TRY(muni__rec_add_int(rec, "problems", findings->count));
    v = (muni__val){ MUNI_TYPE_JSON, 0, json, n };
    MUNI_TRY(muni__rec_add(rec, "findings", &v));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

static muni_status verify(muni__tx *tx, muni_progress_fn progress, void *user, muni_rec **out) {
    muni__problems findings = MUNI__PROBLEMS_INIT;
    muni__audited a;
    muni_status st = muni__audit(tx, true, progress, user, &findings, &a);
    if (st >= 0)
        st = answer(tx, &a, &findings, out);
    muni__problems_free(&findings);
    return st;
}

muni_status muni_audit_verify(muni_session *session, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__tx_enter(session, false, false, &tx);
    if (st >= 0) {
        st = muni__tx_leave(tx, verify(tx, progress, user, out));
        if (st < 0) {
            muni_rec_free(*out);
            *out = NULL;
        }
    }
    return MUNI_LEAVE(st);
}
