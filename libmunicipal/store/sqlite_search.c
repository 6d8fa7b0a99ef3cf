/* The search index of SQLite: documents, their queue and FTS5. That is written in batches just before COMMIT: written in the middle of a transaction, every statement
 * that can be undone on its own makes it write a segment. It keeps no text (contentless), so whatever is taken out of it has to be told what
 * was put in: the queue keeps the keys under which a document was indexed until the index has forgotten them. */
#include "store/driver.h"
#include "store/search.h"

#include "core/token.h"

#include <stdlib.h>

/* ---- writing */

/* Queue a document; `old` are the keys under which it is indexed, NULL for none. If it is queued already, the first ones stay. */
static muni_status enqueue(muni__conn *c, int64_t doc, const char *old, size_t n) {
    muni__stmt *s;
    muni_status st = muni__sql(c, "INSERT INTO \"m_doc_queue\"(\"doc\", \"old\") VALUES(?1, ?2) ON CONFLICT(\"doc\") DO NOTHING", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, doc);
    muni__bind_text(s, 2, old, n);
    st = muni__step(s);
    muni__done(s);
    if (st >= 0)
        c->queued = true;
    return st;
}

static muni_status fts_put(muni__conn *c, int64_t doc, int32_t part, int32_t kind, int64_t rec, const char *keys, size_t n) {
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(muni__sql(c, "INSERT INTO \"m_doc\"(\"doc\", \"part\", \"kind\", \"rec\", \"keys\") VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(\"doc\") DO NOTHING", &s));
    muni__bind_int(s, 1, doc);
    muni__bind_int(s, 2, part);
    muni__bind_int(s, 3, kind);
    muni__bind_int(s, 4, rec);
    muni__bind_text(s, 5, keys, n);
    MUNI_TRY(muni__step(s));
    bool fresh = muni__conn_changes(c) > 0;
    muni__done(s);
    s = NULL;
    if (fresh)
        return enqueue(c, doc, NULL, 0);

    MUNI_TRY(muni__sql(c, "SELECT \"keys\" FROM \"m_doc\" WHERE \"doc\" = ?1", &s));
    muni__bind_int(s, 1, doc);
    MUNI_TRY(muni__step(s));
    size_t old_n;
    const char *old = muni__col_text(s, 0, &old_n);
    bool same = old && old_n == n && !memcmp(old, keys, n);
    if (!same)
        MUNI_TRY(enqueue(c, doc, old, old_n));
    muni__done(s);
    s = NULL;
    MUNI_TRY(muni__sql(c, same ? "UPDATE \"m_doc\" SET \"part\" = ?2, \"kind\" = ?3, \"rec\" = ?4 WHERE \"doc\" = ?1 AND (\"part\", \"kind\", \"rec\") <> (?2, ?3, ?4)"
                               : "UPDATE \"m_doc\" SET \"part\" = ?2, \"kind\" = ?3, \"rec\" = ?4, \"keys\" = ?5 WHERE \"doc\" = ?1", &s));
    muni__bind_int(s, 1, doc);
    muni__bind_int(s, 2, part);
    muni__bind_int(s, 3, kind);
    muni__bind_int(s, 4, rec);
    if (!same)
        muni__bind_text(s, 5, keys, n);
    MUNI_TRY(muni__step(s));
out:
    muni__done(s);
    return st;
}

static muni_status fts_remove(muni__conn *c, int64_t doc) {
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(muni__sql(c, "SELECT \"keys\" FROM \"m_doc\" WHERE \"doc\" = ?1", &s));
    muni__bind_int(s, 1, doc);
    MUNI_TRY(muni__step(s));
    if (st != MUNI_ROW)
        goto out;
    size_t n;
    const char *old = muni__col_text(s, 0, &n);
    MUNI_TRY(enqueue(c, doc, old, n));
    muni__done(s);
    s = NULL;
    MUNI_TRY(muni__sql(c, "DELETE FROM \"m_doc\" WHERE \"doc\" = ?1", &s));
    muni__bind_int(s, 1, doc);
    MUNI_TRY(muni__step(s));
    muni__done(s);
    s = NULL;
    /* never indexed, and gone: nothing is left to do */
    MUNI_TRY(muni__sql(c, "DELETE FROM \"m_doc_queue\" WHERE \"doc\" = ?1 AND \"old\" IS NULL", &s));
    muni__bind_int(s, 1, doc);
    MUNI_TRY(muni__step(s));
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

/* One entry of an index: taken out (with exactly the keys it was put in with) or put in. */
static muni_status index_one(muni__conn *c, bool anew, bool take_out, int64_t doc, const char *keys, size_t n, muni__buf *tokens) {
    static const char *const sql[2][2] = {
        { "INSERT INTO \"m_doc_index\"(\"rowid\", \"keys\") VALUES(?1, ?2)", "INSERT INTO \"m_doc_index\"(\"m_doc_index\", \"rowid\", \"keys\") VALUES('delete', ?1, ?2)" },
        { "INSERT INTO \"m_doc_index_new\"(\"rowid\", \"keys\") VALUES(?1, ?2)",
          "INSERT INTO \"m_doc_index_new\"(\"m_doc_index_new\", \"rowid\", \"keys\") VALUES('delete', ?1, ?2)" },
    };
    muni__stmt *s;
    muni__buf_clear(tokens);
    muni_status st = muni__tokens_put(tokens, keys, n);
    if (st < 0)
        return st;
    st = muni__sql(c, sql[anew][take_out], &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, doc);
    muni__bind_text(s, 2, tokens->p ? tokens->p : "", tokens->n);
    st = muni__step(s);
    muni__done(s);
    return st;
}

/* While the index is being made anew: the last document that the new one holds; -1: it is not. */
static muni_status remade(muni__conn *c, int64_t *upto) {
    char *text;
    muni_status st = muni__conn_meta_get(c, "reindex", &text);
    *upto = text ? (int64_t)strtoll(text, NULL, 10) : -1;
    muni__free(text);
    return st;
}

static muni_status fts_queued(muni__conn *c, int64_t *out) {
    muni__stmt *s;
    *out = 0;
    muni_status st = muni__sql(c, "SELECT count(*) FROM \"m_doc_queue\"", &s);
    if (st < 0)
        return st;
    st = muni__step(s);
    if (st == MUNI_ROW)
        *out = muni__col_int(s, 0);
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status fts_flush(muni__conn *c, bool force, int64_t *indexed) {
    muni__buf tokens = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    int64_t count, upto;
    muni_status st;
    if (indexed)
        *indexed = 0;
    MUNI_TRY(fts_queued(c, &count));
    if (!count || (!force && count < MUNI__DOC_BATCH))
        goto out;
    MUNI_TRY(remade(c, &upto));
    /* ascending: FTS5 gathers what comes in the order of its ids */
    MUNI_TRY(muni__sql(c, "SELECT q.\"doc\", q.\"old\", d.\"keys\" FROM \"m_doc_queue\" q LEFT JOIN \"m_doc\" d ON d.\"doc\" = q.\"doc\" ORDER BY q.\"doc\"", &s));
    while ((st = muni__step(s)) == MUNI_ROW) {
        size_t old_n, n;
        int64_t doc = muni__col_int(s, 0);
        const char *old = muni__col_text(s, 1, &old_n), *keys = muni__col_text(s, 2, &n);
        if (old && keys && old_n == n && !memcmp(old, keys, n)) /* changed, and changed back */
            continue;
        for (int anew = 0; anew <= (doc <= upto); anew++) { /* what the new index holds already has to follow */
            if (old)
                MUNI_TRY(index_one(c, anew, true, doc, old, old_n, &tokens));
            if (keys)
                MUNI_TRY(index_one(c, anew, false, doc, keys, n, &tokens));
        }
    }
    if (st < 0)
        goto out;
    muni__done(s);
    s = NULL;
    MUNI_TRY(muni__run(c, "DELETE FROM \"m_doc_queue\""));
    if (indexed)
        *indexed = count;
out:
    muni__done(s);
    muni__buf_free(&tokens);
    return st < 0 ? st : MUNI_OK;
}

/* ---- making the index anew */

#define PIECE 2000 /* documents */

/* Between two pieces both indexes hold the same of every document up to the last one copied: the queue is emptied before documents are read. */
static muni_status fts_reindex(muni__conn *c, muni__work *w, bool *again) {
    muni__buf tokens = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    int64_t upto, n = 0;
    muni_status st;
    MUNI_TRY(fts_flush(c, true, NULL));
    MUNI_TRY(remade(c, &upto));
    if (upto < 0) {
        MUNI_TRY(muni__run(c, "DROP TABLE IF EXISTS \"m_doc_index_new\""));
        MUNI_TRY(muni__schema_index_new(c));
        upto = 0;
    }
    MUNI_TRY(muni__sql(c, "SELECT \"doc\", \"keys\" FROM \"m_doc\" WHERE \"doc\" > ?1 ORDER BY \"doc\" LIMIT ?2", &s));
    muni__bind_int(s, 1, upto);
    muni__bind_int(s, 2, PIECE);
    while ((st = muni__step(s)) == MUNI_ROW) {
        size_t len;
        const char *keys = muni__col_text(s, 1, &len);
        upto = muni__col_int(s, 0);
        n++;
        if (keys)
            MUNI_TRY(index_one(c, true, false, upto, keys, len, &tokens));
    }
    if (st < 0)
        goto out;
    muni__done(s);
    s = NULL;
    *again = n == PIECE;
    w->at = upto;
    w->changed += n;
    if (*again) {
        MUNI_TRY(muni__meta_int_set(c, "reindex", upto));
    } else {
        MUNI_TRY(muni__run(c, "DROP TABLE \"m_doc_index\""));
        MUNI_TRY(muni__run(c, "ALTER TABLE \"m_doc_index_new\" RENAME TO \"m_doc_index\""));
        MUNI_TRY(muni__conn_meta_set(c, "reindex", NULL));
    }
out:
    muni__done(s);
    muni__buf_free(&tokens);
    return st < 0 ? st : MUNI_OK;
}

/* ---- is the index what the documents say?
 *
 * Every token of a document at its place is hashed with the document's id; what should be there is added to a sum and what is there taken from it,
 * by groups of documents first: where all sums are nothing, so is the difference. Only of the other groups are the documents looked at one by one. */

#define GROUPS 65536
#define SUSPECTS_MAX 65536

typedef struct suspect {
    int64_t doc; /* 0: free */
    uint64_t sum;
} suspect;

typedef struct compare {
    uint64_t *groups;
    suspect *suspects; /* by hash; NULL in the first pass */
    size_t count;
    int64_t doc;       /* of the tokens */
    uint64_t place;
} compare;

static uint64_t mixed(uint64_t h) {
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

static void token_at(compare *m, int64_t doc, uint64_t place, const char *p, size_t n, bool is) {
    size_t group = (size_t)mixed((uint64_t)doc) % GROUPS;
    uint64_t h = mixed((uint64_t)doc) ^ place * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (unsigned char)p[i]) * 0x100000001b3u;
    h = mixed(h);
    if (is)
        h = 0 - h;
    if (!m->suspects) {
        m->groups[group] += h;
        return;
    }
    if (!m->groups[group])
        return;
    size_t at = (size_t)mixed((uint64_t)doc + 1) % (SUSPECTS_MAX * 2);
    while (m->suspects[at].doc && m->suspects[at].doc != doc)
        at = (at + 1) % (SUSPECTS_MAX * 2);
    if (!m->suspects[at].doc && m->count == SUSPECTS_MAX)
        return;
    m->count += !m->suspects[at].doc;
    m->suspects[at].doc = doc;
    m->suspects[at].sum += h;
}

static muni_status token_wanted(void *user, const char *p, size_t n) {
    compare *m = user;
    token_at(m, m->doc, m->place++, p, n, false);
    return MUNI_OK;
}

static muni_status compare_pass(muni__conn *c, compare *m) {
    /* what is queued stands in the index as it was before */
    static const char *const wanted[] = {
        "SELECT d.\"doc\", d.\"keys\" FROM \"m_doc\" d LEFT JOIN \"m_doc_queue\" q ON q.\"doc\" = d.\"doc\" WHERE q.\"doc\" IS NULL",
        "SELECT \"doc\", \"old\" FROM \"m_doc_queue\" WHERE \"old\" IS NOT NULL",
    };
    muni__stmt *s = NULL;
    size_t n;
    muni_status st;
    for (size_t i = 0; i < MUNI_COUNT(wanted); i++) {
        MUNI_TRY(muni__sql(c, wanted[i], &s));
        while ((st = muni__step(s)) == MUNI_ROW) {
            const char *keys = muni__col_text(s, 1, &n);
            m->doc = muni__col_int(s, 0);
            m->place = 0;
            if (keys)
                MUNI_TRY(muni__tokens_each(keys, n, token_wanted, m));
        }
        if (st < 0)
            goto out;
        muni__done(s);
        s = NULL;
    }
    MUNI_TRY(muni__sql(c, "SELECT \"term\", \"doc\", \"offset\" FROM temp.\"m_vocabulary\"", &s));
    while ((st = muni__step(s)) == MUNI_ROW) {
        const char *term = muni__col_text(s, 0, &n);
        token_at(m, muni__col_int(s, 1), (uint64_t)muni__col_int(s, 2), term ? term : "", n, true);
    }
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status fts_check(muni__conn *c, muni_status (*wrong)(void *user, int64_t doc), void *user) {
    compare m = { .groups = muni__alloc_n(GROUPS, sizeof(uint64_t)) };
    bool same = true;
    muni_status st = m.groups ? MUNI_OK : MUNI_ENOMEM;
    if (st < 0)
        return st;
    MUNI_TRY(c->drv->run(c, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.\"m_vocabulary\" USING fts5vocab('main', 'm_doc_index', 'instance')"));
    MUNI_TRY(compare_pass(c, &m));
    for (size_t i = 0; i < GROUPS && same; i++)
        same = !m.groups[i];
    if (same)
        goto out;
    m.suspects = muni__alloc_n(SUSPECTS_MAX * 2, sizeof *m.suspects);
    if (!m.suspects) {
        st = MUNI_ENOMEM;
        goto out;
    }
    MUNI_TRY(compare_pass(c, &m));
    for (size_t i = 0; i < SUSPECTS_MAX * 2; i++)
        if (m.suspects[i].doc && m.suspects[i].sum)
            MUNI_TRY(wrong(user, m.suspects[i].doc));
out:
    if (m.groups) {
        muni__error why;
        muni__error_save(&why);
        muni_status dropped = c->drv->run(c, "DROP TABLE IF EXISTS temp.\"m_vocabulary\""); /* its failure may end the transaction */
        if (st < 0)
            muni__error_restore(&why);
        else
            st = dropped;
    }
    muni__free(m.suspects);
    muni__free(m.groups);
    return st;
}

/* ---- reading */

typedef struct docs {
    muni__docs of;
    muni__stmt *s[2]; /* of the index, of the queue; both newest first */
    bool row[2];
    int last;         /* the one that gave the last document, -1: none */
} docs;

static muni_status advance(docs *d, int i) {
    if (!d->s[i])
        return MUNI_OK;
    muni_status st = muni__step(d->s[i]);
    d->row[i] = st == MUNI_ROW;
    return st;
}

static void fts_close(muni__docs *of) {
    docs *d = (docs *)(void *)of;
    muni__done(d->s[0]);
    muni__done(d->s[1]);
    muni__free(d);
}

static muni_status fts_open(muni__conn *c, const muni__term *term, muni__docs **out) {
    muni_status st;
    *out = NULL;
    docs *d = muni__alloc(sizeof *d);
    if (!d)
        return MUNI_ENOMEM;
    d->last = -1;
    if (term) {
        MUNI_TRY(muni__sql(c, "SELECT f.\"rowid\", d.\"part\", d.\"kind\", d.\"rec\", d.\"keys\" FROM \"m_doc_index\" f CROSS JOIN \"m_doc\" d ON d.\"doc\" = f.\"rowid\" "
                              "WHERE f.\"m_doc_index\" MATCH ?1 ORDER BY f.\"rowid\" DESC", &d->s[0]));
        muni__bind_text(d->s[0], 1, term->match, strlen(term->match));
        MUNI_TRY(muni__sql(c, "SELECT q.\"doc\", d.\"part\", d.\"kind\", d.\"rec\", d.\"keys\" FROM \"m_doc_queue\" q CROSS JOIN \"m_doc\" d ON d.\"doc\" = q.\"doc\" "
                              "ORDER BY q.\"doc\" DESC", &d->s[1]));
    } else {
        MUNI_TRY(muni__sql(c, "SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\" FROM \"m_doc\" ORDER BY \"doc\" DESC", &d->s[0]));
    }
    MUNI_TRY(advance(d, 0));
    MUNI_TRY(advance(d, 1));
    *out = &d->of;
    return MUNI_OK;
out:
    fts_close(&d->of);
    return st;
}

static muni_status fts_next(muni__docs *of, muni__doc *out) {
    docs *d = (docs *)(void *)of;
    muni_status st;
    if (d->last >= 0) {
        st = advance(d, d->last);
        if (st < 0)
            return st;
    }
    if (d->row[0] && d->row[1] && muni__col_int(d->s[0], 0) == muni__col_int(d->s[1], 0)) { /* in both: once */
        st = advance(d, 0);
        if (st < 0)
            return st;
    }
    if (!d->row[0] && !d->row[1]) {
        d->last = -1;
        return MUNI_OK;
    }
    d->last = d->row[0] && (!d->row[1] || muni__col_int(d->s[0], 0) > muni__col_int(d->s[1], 0)) ? 0 : 1;
    muni__doc_fill(d->s[d->last], out);
    return MUNI_ROW;
}

const muni__fulltext muni__sqlite_search = {
    .put = fts_put,
    .remove = fts_remove,
    .flush = fts_flush,
    .queued = fts_queued,
    .reindex = fts_reindex,
    .check = fts_check,
    .open = fts_open,
    .next = fts_next,
    .close = fts_close,
};
