/* Documents, their queue and the index. FTS5 is written in batches just before COMMIT: written in the middle of a transaction, every statement
 * that can be undone on its own makes it write a segment. It keeps no text (contentless), so whatever is taken out of it has to be told what
 * was put in: the queue keeps the keys under which a document was indexed until the index has forgotten them. */
#include "store/search.h"

#include "store/driver.h"

#include "core/token.h"

/* ---- writing */

static muni_status check_write(muni__conn *c) {
    return c->write ? MUNI_OK : muni__fail(MUNI_EINTERNAL, NULL, "a document is written outside a write transaction", "書込みトランザクションの外で文書を書き込もうとしました");
}

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

muni_status muni__doc_put(muni__conn *c, int64_t doc, int32_t part, int32_t kind, int64_t rec, const char *keys, size_t n) {
    muni__stmt *s = NULL;
    muni_status st;
    size_t blank = 0;
    while (blank < n && (keys[blank] == MUNI__KEY_SEP || keys[blank] == ' '))
        blank++;
    if (blank == n) /* nothing that a search could find */
        return muni__doc_remove(c, doc);
    MUNI_TRY(check_write(c));
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

muni_status muni__doc_remove(muni__conn *c, int64_t doc) {
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(check_write(c));
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

/* One entry of the index: taken out (with exactly the keys it was put in with) or put in. */
static muni_status index_one(muni__conn *c, bool take_out, int64_t doc, const char *keys, size_t n, muni__buf *tokens) {
    muni__stmt *s;
    muni__buf_clear(tokens);
    muni_status st = muni__tokens_put(tokens, keys, n);
    if (st < 0)
        return st;
    st = muni__sql(c, take_out ? "INSERT INTO \"m_doc_index\"(\"m_doc_index\", \"rowid\", \"keys\") VALUES('delete', ?1, ?2)"
                               : "INSERT INTO \"m_doc_index\"(\"rowid\", \"keys\") VALUES(?1, ?2)", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, doc);
    muni__bind_text(s, 2, tokens->p ? tokens->p : "", tokens->n);
    st = muni__step(s);
    muni__done(s);
    return st;
}

muni_status muni__doc_queued(muni__conn *c, int64_t *out) {
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

muni_status muni__doc_flush(muni__conn *c, bool force, int64_t *indexed) {
    muni__buf tokens = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    int64_t count;
    muni_status st;
    if (indexed)
        *indexed = 0;
    MUNI_TRY(check_write(c));
    MUNI_TRY(muni__doc_queued(c, &count));
    if (!count || (!force && count < MUNI__DOC_BATCH))
        goto out;
    /* ascending: FTS5 gathers what comes in the order of its ids */
    MUNI_TRY(muni__sql(c, "SELECT q.\"doc\", q.\"old\", d.\"keys\" FROM \"m_doc_queue\" q LEFT JOIN \"m_doc\" d ON d.\"doc\" = q.\"doc\" ORDER BY q.\"doc\"", &s));
    while ((st = muni__step(s)) == MUNI_ROW) {
        size_t old_n, n;
        int64_t doc = muni__col_int(s, 0);
        const char *old = muni__col_text(s, 1, &old_n), *keys = muni__col_text(s, 2, &n);
        if (old && keys && old_n == n && !memcmp(old, keys, n)) /* changed, and changed back */
            continue;
        if (old)
            MUNI_TRY(index_one(c, true, doc, old, old_n, &tokens));
        if (keys)
            MUNI_TRY(index_one(c, false, doc, keys, n, &tokens));
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

muni_status muni__doc_flush_due(muni__conn *c) {
    return muni__doc_flush(c, false, NULL);
}

/* ---- reading */

struct muni__docs {
    muni__stmt *s[2]; /* of the index, of the queue; both newest first */
    bool row[2];
    int last;         /* the one that gave the last document, -1: none */
};

static void fill(muni__stmt *s, muni__doc *out) {
    out->doc = muni__col_int(s, 0);
    out->part = (int32_t)muni__col_int(s, 1);
    out->kind = (int32_t)muni__col_int(s, 2);
    out->rec = muni__col_int(s, 3);
    out->keys = muni__col_text(s, 4, &out->n);
    if (!out->keys)
        out->keys = "";
}

static muni_status advance(muni__docs *d, int i) {
    if (!d->s[i])
        return MUNI_OK;
    muni_status st = muni__step(d->s[i]);
    d->row[i] = st == MUNI_ROW;
    return st;
}

muni_status muni__docs_open(muni__conn *c, const char *match, muni__docs **out) {
    muni_status st;
    *out = NULL;
    muni__docs *d = muni__alloc(sizeof *d);
    if (!d)
        return MUNI_ENOMEM;
    d->last = -1;
    if (match) {
        MUNI_TRY(muni__sql(c, "SELECT f.\"rowid\", d.\"part\", d.\"kind\", d.\"rec\", d.\"keys\" FROM \"m_doc_index\" f CROSS JOIN \"m_doc\" d ON d.\"doc\" = f.\"rowid\" "
                              "WHERE f.\"m_doc_index\" MATCH ?1 ORDER BY f.\"rowid\" DESC", &d->s[0]));
        muni__bind_text(d->s[0], 1, match, strlen(match));
        MUNI_TRY(muni__sql(c, "SELECT q.\"doc\", d.\"part\", d.\"kind\", d.\"rec\", d.\"keys\" FROM \"m_doc_queue\" q CROSS JOIN \"m_doc\" d ON d.\"doc\" = q.\"doc\" "
                              "ORDER BY q.\"doc\" DESC", &d->s[1]));
    } else {
        MUNI_TRY(muni__sql(c, "SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\" FROM \"m_doc\" ORDER BY \"doc\" DESC", &d->s[0]));
    }
    MUNI_TRY(advance(d, 0));
    MUNI_TRY(advance(d, 1));
    *out = d;
    return MUNI_OK;
out:
    muni__docs_close(d);
    return st;
}

muni_status muni__docs_next(muni__docs *d, muni__doc *out) {
    muni_status st;
    memset(out, 0, sizeof *out);
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
    fill(d->s[d->last], out);
    return MUNI_ROW;
}

void muni__docs_close(muni__docs *d) {
    if (!d)
        return;
    muni__done(d->s[0]);
    muni__done(d->s[1]);
    muni__free(d);
}

muni_status muni__docs_of(muni__conn *c, int32_t kind, int64_t rec, bool (*each)(void *user, const muni__doc *doc), void *user) {
    static const char *const sql[] = {
        "SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\" FROM \"m_doc\" WHERE \"doc\" = ?1 AND \"rec\" = ?1 AND \"kind\" = ?2 AND \"part\" = 0",
        "SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\" FROM \"m_doc\" WHERE \"rec\" = ?1 AND \"kind\" = ?2 AND \"part\" <> 0 ORDER BY \"doc\"",
    };
    muni_status st = MUNI_OK;
    bool more = true;
    for (size_t i = 0; i < MUNI_COUNT(sql) && more && st >= 0; i++) {
        muni__stmt *s;
        st = muni__sql(c, sql[i], &s);
        if (st < 0)
            return st;
        muni__bind_int(s, 1, rec);
        muni__bind_int(s, 2, kind);
        while (more && (st = muni__step(s)) == MUNI_ROW) {
            muni__doc d;
            fill(s, &d);
            more = each(user, &d);
        }
        muni__done(s);
    }
    return st < 0 ? st : MUNI_OK;
}
