/* Upkeep: making the search index anew, giving room back, telling sizes, digests and copies of the whole. There is no ANALYZE: lists choose their index themselves, and where most tickets
 * have no assignee SQLite's own statistics turned "my open tickets" into a walk over all of them. */
#include "model/internal.h"

#include "core/json.h"
#include "store/copy.h"
#include "store/search.h"

#include <municipal/store.h>

muni_status muni__may_keep(const muni__tx *tx) {
    if (tx->system || (muni__scopes_any(tx, muni__kind_find(MUNI_KIND_DEFINITION), MUNI__V_MANAGE) & MUNI__S_ALL))
        return MUNI_OK;
    return muni__fail(MUNI_EDENIED, NULL, "the session may not manage the store; it needs the verb manage on everything",
                      "保存先を管理する権限がありません（操作manage・範囲allが必要です）");
}

/* ---- reindex */

static muni_status reindex_piece(muni__tx *tx, muni__work *w, bool *again) {
    int64_t last = 0;
    muni_status st;
    MUNI_TRY(muni__may_keep(tx));
    MUNI_TRY(muni__conn_last(tx->conn, "id", &last));
    MUNI_TRY(muni__work_begin(tx->conn, "reindex", tx->now, last, w));
    MUNI_TRY(muni__reindex_piece(tx->conn, w, again));
    MUNI_TRY(muni__work_save(tx->conn, w, *again ? 0 : tx->now));
out:
    return st;
}

muni_status muni__reindex(muni_session *session, muni_progress_fn progress, void *user, int64_t *out) {
    muni__work w = { .name = "reindex" };
    bool again = true;
    muni_status st = MUNI_OK;
    while (again && st >= 0) {
        muni__tx *tx = NULL;
        st = muni__tx_enter(session, true, false, &tx);
        if (st >= 0)
            st = muni__tx_leave(tx, reindex_piece(tx, &w, &again));
        if (st >= 0)
            st = muni__work_tell(progress, user, &w, w.at);
    }
    if (out)
        *out = w.changed;
    return st;
}

static muni_status count_answer(int32_t utc_offset, const char *a, int64_t x, const char *b, int64_t y, muni_rec **out) {
    muni_rec *rec = NULL;
    muni_status st;
    MUNI_TRY(muni__rec_open(NULL, NULL, utc_offset, b ? 2 : 1, &rec));
    MUNI_TRY(muni__rec_add_int(rec, a, x));
    if (b)
        MUNI_TRY(muni__rec_add_int(rec, b, y));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

muni_status muni_store_reindex(muni_session *session, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    int64_t n = 0;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__reindex(session, progress, user, &n);
    if (st >= 0)
        st = count_answer(session->db->utc_offset, "documents", n, NULL, 0, out);
    return MUNI_LEAVE(st);
}

/* ---- vacuum */

/* A connection is borrowed as for a transaction, which VACUUM is by itself. */
static muni_status vacuum(muni__tx *tx, muni_rec **out) {
    int64_t before = 0, after = 0, ignored = 0;
    muni_status st;
    MUNI_TRY(muni__may_keep(tx));
    MUNI_TRY(muni__store_size(tx->conn, &before, &ignored));
    muni__conn_rollback(tx->conn); /* it only read */
    MUNI_TRY(muni__store_vacuum(tx->conn));
    MUNI_TRY(muni__store_size(tx->conn, &after, &ignored));
    st = count_answer(tx->utc_offset, "bytes_before", before, "bytes", after, out);
out:
    return st;
}

muni_status muni_store_vacuum(muni_session *session, muni_rec **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__tx_enter(session, false, false, &tx);
    if (st >= 0)
        st = muni__tx_leave(tx, vacuum(tx, out));
    return MUNI_LEAVE(st);
}

/* ---- statistics */

static muni_status each_object(void *user, const char *name, const char *table, int64_t bytes) {
    muni__buf *b = user;
    muni__buf_puts(b, b->n > 1 ? ",{\"name\":" : "{\"name\":");
    muni__buf_json(b, name, strlen(name));
    muni__buf_puts(b, ",\"table\":");
    muni__buf_json(b, table, strlen(table));
    if (bytes >= 0)
        muni__buf_printf(b, ",\"bytes\":%lld", (long long)bytes);
    muni__buf_putc(b, '}');
    return b->st;
}

static muni_status rows_of(muni__tx *tx, muni__buf *json) {
    muni_status st = MUNI_OK;
    muni__buf_putc(json, '{');
    for (int32_t i = 0; i < muni__nkinds && st >= 0; i++) {
        muni__buf sql = MUNI_BUF_INIT(200);
        muni__stmt *s = NULL;
        muni__buf_puts(&sql, "SELECT count(*) FROM ");
        muni__schema_table(&sql, &muni__kinds[i]);
        st = sql.st;
        if (st >= 0)
            st = muni__sql(tx->conn, sql.p, &s);
        if (st >= 0)
            st = muni__step(s);
        if (st == MUNI_ROW)
            muni__buf_printf(json, "%s\"%s\":%lld", i ? "," : "", muni__kinds[i].name, (long long)muni__col_int(s, 0));
        muni__done(s);
        muni__buf_free(&sql);
    }
    muni__buf_putc(json, '}');
    return st < 0 ? st : json->st;
}

static muni_status add_json(muni_rec *rec, const char *name, const muni__buf *b) {
    const muni__val v = { MUNI_TYPE_JSON, 0, b->p, b->n };
    return muni__rec_add(rec, name, &v);
}

static muni_status statistics(muni__tx *tx, muni_rec **out) {
    muni__buf objects = MUNI_BUF_INIT((size_t)4 << 20), rows = MUNI_BUF_INIT((size_t)1 << 20);
    int64_t bytes = 0, unused = 0, queued = 0;
    muni_rec *rec = NULL;
    muni_status st;
    MUNI_TRY(muni__may_keep(tx));
    MUNI_TRY(muni__store_size(tx->conn, &bytes, &unused));
    MUNI_TRY(muni__doc_queued(tx->conn, &queued));
    MUNI_TRY(rows_of(tx, &rows));
    muni__buf_putc(&objects, '[');
    MUNI_TRY(muni__store_usage(tx->conn, each_object, &objects));
    muni__buf_putc(&objects, ']');
    MUNI_TRY(objects.st);
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 5, &rec));
    MUNI_TRY(muni__rec_add_int(rec, "bytes", bytes));
    MUNI_TRY(muni__rec_add_int(rec, "free_bytes", unused));
    MUNI_TRY(muni__rec_add_int(rec, "queued", queued));
    MUNI_TRY(add_json(rec, "rows", &rows));
    MUNI_TRY(add_json(rec, "objects", &objects));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    rec = NULL;
out:
    muni_rec_free(rec);
    muni__buf_free(&rows);
    muni__buf_free(&objects);
    return st;
}

muni_status muni_store_statistics(muni_session *session, muni_rec **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__tx_enter(session, false, true, &tx);
    if (st >= 0) {
        st = muni__tx_leave(tx, statistics(tx, out));
        if (st < 0) {
            muni_rec_free(*out);
            *out = NULL;
        }
    }
    return MUNI_LEAVE(st);
}

/* ---- the whole store: its digest, and a copy */

static muni_status add_hash(muni_rec *rec, const char *name, const unsigned char hash[MUNI__HASH]) {
    static const unsigned char none[MUNI__HASH];
    char text[2 * MUNI__HASH + 1];
    muni__hex(hash, MUNI__HASH, text);
    return muni__rec_add_text(rec, name, memcmp(hash, none, MUNI__HASH) ? text : "");
}

/* What digest and copy answer alike, in a record with `more` fields to come. */
static muni_status sum_answer(const muni__tx *tx, const muni__store_sum *sum, size_t more, muni_rec **out) {
    char id[33];
    muni_status st;
    muni__hex(muni__store_info_of(tx->db->store)->id, 16, id);
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 6 + more, out));
    MUNI_TRY(muni__rec_add_text(*out, "store", id));
    MUNI_TRY(add_hash(*out, "digest", sum->hash));
    MUNI_TRY(muni__rec_add_int(*out, "records", sum->records));
    MUNI_TRY(muni__rec_add_int(*out, "rows", sum->rows));
    MUNI_TRY(muni__rec_add_int(*out, "history_rows", sum->history_rows));
    MUNI_TRY(add_hash(*out, "head", sum->head));
out:
    return st;
}

static muni_status tables_answer(const muni__store_sum *sum, muni_rec *rec) {
    muni__buf b = MUNI_BUF_INIT((size_t)1 << 20);
    char text[2 * MUNI__HASH + 1];
    muni__buf_putc(&b, '[');
    for (size_t i = 0; i < sum->ntables; i++) {
        const muni__table_digest *t = &sum->tables[i];
        muni__hex(t->hash, MUNI__HASH, text);
        muni__buf_printf(&b, "%s{\"name\":\"%s\",\"rows\":%lld,\"digest\":\"%s\"}", i ? "," : "", t->name, (long long)t->rows, text);
    }
    muni__buf_putc(&b, ']');
    muni_status st = b.st < 0 ? b.st : add_json(rec, "tables", &b);
    muni__buf_free(&b);
    return st;
}

static muni_status digest(muni__tx *tx, muni_progress_fn progress, void *user, muni_rec **out) {
    muni__store_sum sum = { .tables = NULL };
    muni_rec *rec = NULL;
    muni_status st;
    MUNI_TRY(muni__may_keep(tx));
    MUNI_TRY(muni__store_sum_of(tx->conn, progress, user, &sum));
    MUNI_TRY(sum_answer(tx, &sum, 1, &rec));
    MUNI_TRY(tables_answer(&sum, rec));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    rec = NULL;
out:
    muni__store_sum_free(&sum);
    muni_rec_free(rec);
    return st;
}

muni_status muni_store_digest(muni_session *session, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__tx_enter(session, false, false, &tx);
    if (st >= 0)
        st = muni__tx_leave(tx, digest(tx, progress, user, out));
    return MUNI_LEAVE(st);
}

static muni_status copy(muni__tx *tx, const char *url, muni_progress_fn progress, void *user, muni_rec **out) {
    const muni__store_options o = { .wait_ms = 30000, .now = tx->now, .progress = progress, .user = user };
    muni__store_sum sum = { .tables = NULL };
    muni_rec *rec = NULL;
    bool resumed;
    muni_status st;
    MUNI_TRY(muni__may_keep(tx));
    MUNI_TRY(muni__store_copy(tx->conn, url, &o, &sum, &resumed));
    MUNI_TRY(sum_answer(tx, &sum, 1, &rec));
    const muni__val v = { MUNI_TYPE_BOOL, resumed, NULL, 0 };
    MUNI_TRY(muni__rec_add(rec, "resumed", &v));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    rec = NULL;
out:
    muni__store_sum_free(&sum);
    muni_rec_free(rec);
    return st;
}

muni_status muni_store_copy(muni_session *session, const char *url, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    if (!url || !*url || !strcmp(url, ":memory:") || !strcmp(url, "sqlite::memory:"))
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "url", "a copy needs a place that stays: a file name, or the address of a server", "複製先には、ファイル名かサーバーの接続先を指定してください"));
    muni_status st = muni__tx_enter(session, false, false, &tx);
    if (st >= 0)
        st = muni__tx_leave(tx, copy(tx, url, progress, user, out));
    return MUNI_LEAVE(st);
}
