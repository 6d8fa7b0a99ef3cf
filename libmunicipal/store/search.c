/* Documents and their index: what both drivers have in common. How the index is kept is the driver's. */
#include "store/search.h"

#include "store/driver.h"

#include "core/token.h"

static muni_status check_write(muni__conn *c) {
    return c->write ? MUNI_OK : muni__fail(MUNI_EINTERNAL, NULL, "a document is written outside a write transaction", "書込みトランザクションの外で文書を書き込もうとしました");
}

bool muni__doc_blank(const char *keys, size_t n) {
    while (n && (*keys == MUNI__KEY_SEP || *keys == ' '))
        keys++, n--;
    return !n;
}

muni_status muni__doc_put(muni__conn *c, int64_t doc, int32_t part, int32_t kind, int64_t rec, const char *keys, size_t n) {
    muni_status st = check_write(c);
    if (st < 0)
        return st;
    return muni__doc_blank(keys, n) ? c->drv->search->remove(c, doc) : c->drv->search->put(c, doc, part, kind, rec, keys, n);
}

muni_status muni__doc_remove(muni__conn *c, int64_t doc) {
    muni_status st = check_write(c);
    return st < 0 ? st : c->drv->search->remove(c, doc);
}

muni_status muni__doc_queued(muni__conn *c, int64_t *out) {
    return c->drv->search->queued(c, out);
}

muni_status muni__doc_flush(muni__conn *c, bool force, int64_t *indexed) {
    muni_status st = check_write(c);
    int64_t n = 0;
    if (st >= 0)
        st = c->drv->search->flush(c, force, &n);
    if (indexed)
        *indexed = n;
    return st;
}

muni_status muni__doc_flush_due(muni__conn *c) {
    return muni__doc_flush(c, false, NULL);
}

muni_status muni__reindex_piece(muni__conn *c, muni__work *w, bool *again) {
    return c->drv->search->reindex(c, w, again);
}

muni_status muni__index_check(muni__conn *c, muni_status (*wrong)(void *user, int64_t doc), void *user) {
    return c->drv->search->check(c, wrong, user);
}

/* ---- reading */

void muni__doc_fill(muni__stmt *s, muni__doc *out) {
    out->doc = muni__col_int(s, 0);
    out->part = (int32_t)muni__col_int(s, 1);
    out->kind = (int32_t)muni__col_int(s, 2);
    out->rec = muni__col_int(s, 3);
    out->keys = muni__col_text(s, 4, &out->n);
    if (!out->keys)
        out->keys = "";
}

muni_status muni__docs_open(muni__conn *c, const muni__term *term, muni__docs **out) {
    muni_status st = c->drv->search->open(c, term, out);
    if (st >= 0)
        (*out)->of = c->drv->search;
    return st;
}

muni_status muni__docs_next(muni__docs *d, muni__doc *out) {
    memset(out, 0, sizeof *out);
    return d->of->next(d, out);
}

void muni__docs_close(muni__docs *d) {
    if (d)
        d->of->close(d);
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
            muni__doc_fill(s, &d);
            more = each(user, &d);
        }
        muni__done(s);
    }
    return st < 0 ? st : MUNI_OK;
}
