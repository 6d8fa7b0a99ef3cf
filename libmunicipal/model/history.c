/* History: rows chained per record, sealed in blocks (decisions 22).
 *
 * A row's hash covers its header and two digests, of the ordinary and of the personal values; the values and the salts of the digests stand
 * beside, so that they can be destroyed without breaking the chain. A create row has digests of all values and copies none of them: they follow
 * from the record as it is and the changes since. */
#include "model/internal.h"

#include "core/hash.h"
#include "core/json.h"

static const unsigned char zeros[MUNI__HASH];

static void add_u64(muni__sha *h, uint64_t v) {
    unsigned char b[8];
    for (int i = 0; i < 8; i++)
        b[i] = (unsigned char)(v >> (56 - 8 * i));
    muni__sha_add(h, b, sizeof b);
}

static void add_text(muni__sha *h, const char *s) {
    size_t n = s ? strlen(s) : 0;
    add_u64(h, n);
    muni__sha_add(h, s ? s : "", n);
}

void muni__history_hash(const unsigned char store[16], const muni__history_row *r, unsigned char out[32]) {
    static const char domain[] = "municipal history 1";
    muni__sha h;
    muni__sha_init(&h);
    muni__sha_add(&h, domain, sizeof domain);
    muni__sha_add(&h, store, 16);
    add_u64(&h, (uint64_t)r->id);
    add_u64(&h, (uint64_t)r->kind);
    add_u64(&h, (uint64_t)r->rec);
    add_u64(&h, (uint64_t)r->rev);
    add_u64(&h, (uint64_t)r->action);
    add_u64(&h, (uint64_t)r->actor);
    add_text(&h, r->app);
    add_text(&h, r->reason);
    add_u64(&h, (uint64_t)r->at);
    add_u64(&h, (uint64_t)r->flags);
    muni__sha_add(&h, r->prev ? r->prev : zeros, MUNI__HASH);
    muni__sha_add(&h, r->ord_digest ? r->ord_digest : zeros, MUNI__HASH);
    muni__sha_add(&h, r->per_digest ? r->per_digest : zeros, MUNI__HASH);
    muni__sha_end(&h, out);
}

void muni__history_digest(const unsigned char salt[16], const char *p, size_t n, unsigned char out[32]) {
    static const char domain[] = "municipal values 1";
    muni__sha h;
    muni__sha_init(&h);
    muni__sha_add(&h, domain, sizeof domain);
    muni__sha_add(&h, salt, 16);
    add_u64(&h, n);
    muni__sha_add(&h, p, n);
    muni__sha_end(&h, out);
}

void muni__merkle(unsigned char (*hashes)[32], size_t n, unsigned char out[32]) {
    static const unsigned char leaf = 0, node = 1;
    muni__sha h;
    for (size_t i = 0; i < n; i++) {
        muni__sha_init(&h);
        muni__sha_add(&h, &leaf, 1);
        muni__sha_add(&h, hashes[i], 32);
        muni__sha_end(&h, hashes[i]);
    }
    for (; n > 1; n = (n + 1) / 2)
        for (size_t i = 0; i < n; i += 2) {
            if (i + 1 < n) {
                muni__sha_init(&h);
                muni__sha_add(&h, &node, 1);
                muni__sha_add(&h, hashes[i], 32);
                muni__sha_add(&h, hashes[i + 1], 32);
                muni__sha_end(&h, hashes[i / 2]);
            } else {
                memmove(hashes[i / 2], hashes[i], 32);
            }
        }
    memcpy(out, hashes[0], 32);
}

void muni__block_hash(const unsigned char store[16], int64_t no, int64_t first, int64_t last, int64_t count, int64_t sealed_at, const unsigned char root[32],
                      const unsigned char prev[32], unsigned char out[32]) {
    static const char domain[] = "municipal block 1";
    muni__sha h;
    muni__sha_init(&h);
    muni__sha_add(&h, domain, sizeof domain);
    muni__sha_add(&h, store, 16);
    add_u64(&h, (uint64_t)no);
    add_u64(&h, (uint64_t)first);
    add_u64(&h, (uint64_t)last);
    add_u64(&h, (uint64_t)count);
    add_u64(&h, (uint64_t)sealed_at);
    muni__sha_add(&h, root, 32);
    muni__sha_add(&h, prev, 32);
    muni__sha_end(&h, out);
}

/* ---- the canonical documents. Fields in the order of their names by bytes. */

static bool evident(const muni__field *f, bool personal) {
    return !(f->flags & MUNI__F_BOOKKEEPING) && personal == ((f->flags & MUNI__F_PERSONAL) != 0);
}

muni_status muni__history_values(const muni__row *row, int32_t utc_offset, bool personal, muni__buf *out) {
    bool any = false;
    const uint8_t *order = muni__fields_by_name(row->kind);
    for (int32_t k = 0; k < row->kind->nfields; k++) {
        int32_t i = order[k];
        const muni__field *f = &row->kind->fields[i];
        if (!evident(f, personal) || row->v[i].t == MUNI_TYPE_NULL)
            continue;
        muni__buf_putc(out, any ? ',' : '{');
        any = true;
        muni__buf_json(out, f->name, strlen(f->name));
        muni__buf_putc(out, ':');
        muni__val_json(out, &row->v[i], utc_offset);
    }
    if (any)
        muni__buf_putc(out, '}');
    return out->st;
}

static muni_status changes(const muni__row *old, const muni__row *row, int32_t utc_offset, bool personal, muni__buf *out) {
    bool any = false;
    const uint8_t *order = muni__fields_by_name(row->kind);
    for (int32_t k = 0; k < row->kind->nfields; k++) {
        int32_t i = order[k];
        const muni__field *f = &row->kind->fields[i];
        if (!evident(f, personal) || muni__val_equal(&old->v[i], &row->v[i]))
            continue;
        muni__buf_putc(out, any ? ',' : '{');
        any = true;
        muni__buf_json(out, f->name, strlen(f->name));
        muni__buf_puts(out, ":[");
        muni__val_json(out, &old->v[i], utc_offset);
        muni__buf_putc(out, ',');
        muni__val_json(out, &row->v[i], utc_offset);
        muni__buf_putc(out, ']');
    }
    if (any)
        muni__buf_putc(out, '}');
    return out->st;
}

/* ---- writing */

static muni_status last_row(muni__tx *tx, int64_t rec, int64_t *id, unsigned char out[32]) {
    muni__stmt *s = NULL;
    muni_status st = muni__sql(tx->conn, "SELECT hash,id FROM m_history WHERE rec=?1 ORDER BY id DESC LIMIT 1", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, rec);
    st = muni__step(s);
    if (st == MUNI_ROW) {
        size_t n = 0;
        const void *p = muni__col_blob(s, 0, &n);
        *id = muni__col_int(s, 1);
        if (n == MUNI__HASH)
            memcpy(out, p, MUNI__HASH);
        st = n == MUNI__HASH ? MUNI_OK : muni__fail(MUNI_ECORRUPT, "history", "a history row has no hash; run municipal audit verify", "履歴の行にハッシュがありません。municipal audit verifyを実行してください");
    } else if (st == MUNI_OK) {
        st = muni__fail(MUNI_ECORRUPT, "history", "record %lld has no history; run municipal audit verify", "レコード%lldに履歴がありません。municipal audit verifyを実行してください", (long long)rec);
    }
    muni__done(s);
    return st;
}

/* Two salts. Asking the system for so few bytes costs more than hashing with them, so a transaction asks for several changes at once. */
static muni_status salts_take(muni__tx *tx, unsigned char out[32]) {
    if (tx->unused < 32) {
        muni_status st = muni__random(tx->random, sizeof tx->random);
        if (st < 0)
            return st;
        tx->unused = sizeof tx->random;
    }
    tx->unused -= 32;
    memcpy(out, tx->random + tx->unused, 32);
    return MUNI_OK;
}

muni_status muni__history_write(muni__tx *tx, muni__action action, const muni__row *old, const muni__row *row, int64_t late_at) {
    unsigned char salts[32], digests[2][MUNI__HASH], prev[MUNI__HASH] = { 0 }, hash[MUNI__HASH];
    muni__buf docs[2] = { MUNI_BUF_INIT((size_t)64 << 20), MUNI_BUF_INIT((size_t)64 << 20) };
    muni__stmt *s = NULL;
    int64_t id = 0, before = 0;
    muni_status st;
    for (int i = 0; i < 2; i++)
        MUNI_TRY(old ? changes(old, row, tx->utc_offset, i == 1, &docs[i]) : muni__history_values(row, tx->utc_offset, i == 1, &docs[i]));
    MUNI_TRY(salts_take(tx, salts));
    for (int i = 0; i < 2; i++)
        if (docs[i].n)
            muni__history_digest(salts + 16 * i, docs[i].p, docs[i].n, digests[i]);
    if (old)
        MUNI_TRY(last_row(tx, muni__row_id(row), &before, prev));
    MUNI_TRY(muni__conn_take_above(tx->conn, "history", before, &id));
    muni__history_row h = {
        .id = id,
        .rec = muni__row_id(row),
        .rev = row->v[MUNI__C_REV].i,
        .actor = tx->session ? tx->session->principal : 0,
        .at = late_at ? late_at : tx->now,
        .kind = row->kind->number,
        .action = (int32_t)action,
        .flags = late_at ? MUNI__H_LATE : 0,
        .app = tx->session ? tx->session->application : "municipal",
        .reason = tx->session ? tx->session->reason : "",
        .prev = old ? prev : NULL,
        .ord_digest = docs[0].n ? digests[0] : NULL,
        .per_digest = docs[1].n ? digests[1] : NULL,
    };
    muni__history_hash(muni__store_info_of(tx->db->store)->id, &h, hash);
    MUNI_TRY(muni__sql(tx->conn,
                       "INSERT INTO m_history(id,kind,rec,rev,action,actor,app,reason,at,flags,prev,ord_digest,per_digest,hash,ord,ord_salt,per,per_salt) "
                       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)",
                       &s));
    muni__bind_int(s, 1, h.id);
    muni__bind_int(s, 2, h.kind);
    muni__bind_int(s, 3, h.rec);
    muni__bind_int(s, 4, h.rev);
    muni__bind_int(s, 5, h.action);
    muni__bind_int(s, 6, h.actor);
    muni__bind_text(s, 7, h.app, strlen(h.app));
    muni__bind_text(s, 8, h.reason, strlen(h.reason));
    muni__bind_int(s, 9, h.at);
    muni__bind_int(s, 10, h.flags);
    muni__bind_blob(s, 11, h.prev, MUNI__HASH);
    muni__bind_blob(s, 12, h.ord_digest, MUNI__HASH);
    muni__bind_blob(s, 13, h.per_digest, MUNI__HASH);
    muni__bind_blob(s, 14, hash, MUNI__HASH);
    for (int i = 0; i < 2; i++) {
        muni__bind_text(s, 15 + 2 * i, old && docs[i].n ? docs[i].p : NULL, docs[i].n);
        muni__bind_blob(s, 16 + 2 * i, docs[i].n ? salts + 16 * i : NULL, 16);
    }
    tx->wrote = true;
    muni__conn_proof(tx->conn, id, hash);
    MUNI_TRY(muni__step_later(s));
    tx->block_full |= id % MUNI__BLOCK == 0;
    if (id % MUNI__BLOCK == 0 && !muni__conn_beside(tx->conn)) { /* seal as blocks fill, so that a long transaction does not seal all of it at its end */
        int64_t sealed;
        muni__done(s);
        s = NULL;
        MUNI_TRY(muni__history_seal(tx, false, &sealed));
    }
out:
    muni__done(s);
    muni__buf_free(&docs[0]);
    muni__buf_free(&docs[1]);
    return st < 0 ? st : MUNI_OK;
}

/* ---- sealing */

static muni_status last_block(muni__tx *tx, int64_t *no, unsigned char hash[32]) {
    muni__stmt *s = NULL;
    *no = 0;
    memset(hash, 0, MUNI__HASH);
    muni_status st = muni__sql(tx->conn, "SELECT no,hash FROM m_block ORDER BY no DESC LIMIT 1", &s);
    if (st < 0)
        return st;
    st = muni__step(s);
    if (st == MUNI_ROW) {
        size_t n = 0;
        *no = muni__col_int(s, 0);
        const void *p = muni__col_blob(s, 1, &n);
        if (n == MUNI__HASH)
            memcpy(hash, p, n);
    }
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status seal_one(muni__tx *tx, int64_t first, int64_t count) {
    unsigned char(*hashes)[32] = muni__alloc_n((size_t)count, sizeof *hashes);
    unsigned char root[32], prev[32], hash[32];
    muni__stmt *s = NULL;
    int64_t no = 0, n = 0, unused = 0;
    muni_status st;
    if (!hashes)
        return MUNI_ENOMEM;
    MUNI_TRY(muni__sql(tx->conn, "SELECT hash FROM m_history WHERE id>=?1 AND id<=?2 ORDER BY id", &s));
    muni__bind_int(s, 1, first);
    muni__bind_int(s, 2, first + count - 1);
    for (;;) {
        MUNI_TRY(muni__step(s));
        if (st != MUNI_ROW)
            break;
        size_t len = 0;
        const void *p = muni__col_blob(s, 0, &len);
        if (n < count && len == MUNI__HASH)
            memcpy(hashes[n++], p, MUNI__HASH);
    }
    muni__done(s);
    s = NULL;
    if (n != count) { /* rows went missing before they were sealed: the block says how many it found, the verification names them */
        if (!n) {
            st = muni__conn_take(tx->conn, "sealed", count, &unused);
            goto out;
        }
    }
    muni__merkle(hashes, (size_t)n, root);
    MUNI_TRY(last_block(tx, &no, prev));
    muni__block_hash(muni__store_info_of(tx->db->store)->id, no + 1, first, first + count - 1, n, tx->now, root, prev, hash);
    MUNI_TRY(muni__sql(tx->conn, "INSERT INTO m_block(no,first,last,count,root,prev,hash,sealed_at) VALUES(?1,?2,?3,?4,?5,?6,?7,?8)", &s));
    muni__bind_int(s, 1, no + 1);
    muni__bind_int(s, 2, first);
    muni__bind_int(s, 3, first + count - 1);
    muni__bind_int(s, 4, n);
    muni__bind_blob(s, 5, root, 32);
    muni__bind_blob(s, 6, prev, 32);
    muni__bind_blob(s, 7, hash, 32);
    muni__bind_int(s, 8, tx->now);
    MUNI_TRY(muni__step(s));
    MUNI_TRY(muni__conn_take(tx->conn, "sealed", count, &unused));
    MUNI_TRY(muni__conn_take(tx->conn, "block", 1, &unused));
out:
    muni__done(s);
    muni__free(hashes);
    return st < 0 ? st : MUNI_OK;
}

/* The first row behind `after`, up to `upto`; 0: there is none. */
static muni_status next_row(muni__tx *tx, int64_t after, int64_t upto, int64_t *out) {
    muni__stmt *s;
    *out = 0;
    muni_status st = muni__sql(tx->conn, "SELECT min(id) FROM m_history WHERE id>?1 AND id<=?2", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, after);
    muni__bind_int(s, 2, upto);
    if ((st = muni__step(s)) == MUNI_ROW)
        *out = muni__col_int(s, 0);
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__history_seal(muni__tx *tx, bool all, int64_t *sealed) {
    int64_t last = 0, done = 0, gaps = 0, next = 0;
    *sealed = 0;
    muni_status st = muni__conn_settled(tx->conn, &last);
    if (st >= 0)
        st = muni__conn_last(tx->conn, "sealed", &done);
    if (st >= 0 && last - done < (all ? 1 : MUNI__BLOCK)) /* most often: this is asked at every commit */
        return st;
    if (st >= 0)
        st = muni__conn_gaps(tx->conn, &gaps);
    while (st >= 0 && last - done >= (all ? 1 : MUNI__BLOCK)) {
        int64_t count = last - done < MUNI__BLOCK ? last - done : MUNI__BLOCK;
        if (gaps > done) { /* a block has a row at least: one may begin with a long gap, and a gap alone is none */
            st = next_row(tx, done, last, &next);
            if (st < 0 || !next)
                break;
            count = next - done > count ? next - done : count;
        }
        st = seal_one(tx, done + 1, count);
        done += count;
        *sealed += count;
    }
    return st;
}

/* ---- reading */

typedef struct reading {
    const muni__kind *kind;
    int64_t rec, last;
} reading;

/* {"field":[before,after],…} → [{"field","title","before","after", titles of codes}], without what the session may not see */
static muni_status shown(muni__tx *tx, const muni__row *row, const char *doc, size_t n, bool *first, muni__buf *out) {
    json_t *j = NULL, *pair;
    const char *name;
    muni_status st = muni__json_load_own(doc, n, (size_t)64 << 20, "history", &j);
    if (st < 0)
        return st;
    json_object_foreach (j, name, pair) {
        int32_t i = muni__row_field(row->kind, name);
        if (i < 0 || !muni__field_visible(tx, row->kind, i))
            continue;
        const muni__field *f = &row->kind->fields[i];
        muni__buf_puts(out, *first ? "{\"field\":" : ",{\"field\":");
        *first = false;
        muni__buf_json(out, name, strlen(name));
        muni__buf_puts(out, ",\"title\":");
        muni__buf_json(out, f->ja, strlen(f->ja));
        for (int k = 0; k < 2; k++) {
            const json_t *v = json_array_get(pair, (size_t)k);
            muni__buf_puts(out, k ? ",\"after\":" : ",\"before\":");
            muni__json_write(out, v ? v : json_null());
            const char *title = NULL;
            if (json_is_string(v) && i == MUNI__C_STATE) {
                const muni__definition *d = NULL;
                if (row->v[MUNI__C_LIFECYCLE].t == MUNI_TYPE_INT && muni__definition_by_id(tx, row->v[MUNI__C_LIFECYCLE].i, &d) >= 0)
                    title = json_string_value(json_object_get(muni__lifecycle_state(d->body, json_string_value(v)), "ja"));
            } else if (json_is_string(v) && f->type == MUNI__CODE && *f->target == '@') {
                const muni__definition *d = NULL;
                if (muni__definition_active(tx, "codes", f->target + 1, &d) >= 0)
                    title = muni__codes_title(d, json_string_value(v), "ja");
            }
            if (title) {
                muni__buf_puts(out, k ? ",\"after_title\":" : ",\"before_title\":");
                muni__buf_json(out, title, strlen(title));
            }
        }
        muni__buf_putc(out, '}');
    }
    json_decref(j);
    muni__error_clear(); /* a title that is missing is no failure */
    return out->st;
}

static muni_status history_next(muni__tx *tx, void *state, muni_rec **out) {
    reading *r = state;
    muni__row *row = NULL;
    muni__stmt *s = NULL;
    muni_rec *rec = NULL;
    muni__buf list = MUNI_BUF_INIT((size_t)64 << 20);
    muni_status st;
    MUNI_TRY(muni__row_seen(tx, r->kind, r->rec, &row)); /* rights are asked afresh */
    if (!muni__may(tx, row, MUNI__V_HISTORY)) {
        st = muni__fail(MUNI_EDENIED, NULL, "the session may not see the history of this %1$s%2$.0s", "%1$.0sこの%2$sの履歴を見る権限がありません", r->kind->name, r->kind->ja);
        goto out;
    }
    bool personal = muni__may(tx, row, MUNI__V_PERSONAL);
    MUNI_TRY(muni__sql(tx->conn,
                       "SELECT h.id,h.rev,h.action,h.actor,h.app,h.reason,h.at,h.flags,h.ord,h.per,p.name FROM m_history h "
                       "LEFT JOIN k_principal p ON p.id=h.actor WHERE h.rec=?1 AND h.id>?2 ORDER BY h.id LIMIT 1",
                       &s));
    muni__bind_int(s, 1, r->rec);
    muni__bind_int(s, 2, r->last);
    MUNI_TRY(muni__step(s));
    if (st != MUNI_ROW)
        goto out;
    bool first = true;
    muni__buf_putc(&list, '[');
    for (int i = 8; i <= (personal ? 9 : 8); i++) {
        size_t n = 0;
        const char *doc = muni__col_text(s, i, &n);
        if (doc)
            MUNI_TRY(shown(tx, row, doc, n, &first, &list));
    }
    muni__buf_putc(&list, ']');
    MUNI_TRY(list.st);
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 9, &rec));
    muni__val v = muni__val_time(muni__col_int(s, 6));
    MUNI_TRY(muni__rec_add(rec, "at", &v));
    MUNI_TRY(muni__rec_add_text(rec, "action", muni__action_name((int32_t)muni__col_int(s, 2))));
    MUNI_TRY(muni__rec_add_int(rec, "rev", muni__col_int(s, 1)));
    v = muni__col_int(s, 3) ? muni__val_int(muni__col_int(s, 3)) : MUNI_NULL_VAL;
    MUNI_TRY(muni__rec_add(rec, "actor", &v));
    MUNI_TRY(muni__rec_add_text(rec, "actor_name", muni__col_null(s, 10) ? NULL : muni__col_text(s, 10, NULL)));
    MUNI_TRY(muni__rec_add_text(rec, "application", muni__col_text(s, 4, NULL)));
    MUNI_TRY(muni__rec_add_text(rec, "reason", muni__col_text(s, 5, NULL)));
    v = (muni__val){ MUNI_TYPE_JSON, 0, list.p, list.n };
    MUNI_TRY(muni__rec_add(rec, "changes", &v));
    MUNI_TRY(muni__rec_seal(rec));
    r->last = muni__col_int(s, 0);
    *out = rec;
    rec = NULL;
    st = MUNI_ROW;
out:
    muni__done(s);
    muni__buf_free(&list);
    muni_rec_free(rec);
    return st;
}

static const muni__cursor_ops history_ops = { history_next, NULL, muni__free };

muni_status muni_session_history(muni_session *session, const char *kind, int64_t id, muni_cursor **out) {
    MUNI_ENTER();
    const muni__kind *k = NULL;
    muni__tx *tx = NULL;
    muni__row *row = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__kind_get(kind, &k);
    if (st >= 0)
        st = muni__tx_enter(session, false, true, &tx);
    if (st < 0)
        return MUNI_LEAVE(st);
    st = muni__row_seen(tx, k, id, &row);
    if (st >= 0 && !muni__may(tx, row, MUNI__V_HISTORY))
        st = muni__fail(MUNI_EDENIED, NULL, "the session may not see the history of this %s", "この%sの履歴を見る権限がありません", k->name);
    st = muni__tx_leave(tx, st);
    if (st < 0)
        return MUNI_LEAVE(st);
    reading *r = muni__alloc(sizeof *r);
    if (!r)
        return MUNI_LEAVE(MUNI_ENOMEM);
    r->kind = k;
    r->rec = id;
    return MUNI_LEAVE(muni__cursor_new(session, &history_ops, r, out));
}
