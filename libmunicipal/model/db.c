/* Stores: making, opening, closing. */
#include "model/internal.h"

#include "core/date.h"
#include "core/hash.h"
#include "core/regex.h"
#include "store/search.h"

static muni_status handle_new(muni_db **out) {
    muni_db *db = muni__alloc(sizeof *db);
    if (!db)
        return MUNI_ENOMEM;
    if (pthread_mutex_init(&db->mutex, NULL)) {
        muni__free(db);
        return muni__nomem();
    }
    if (pthread_cond_init(&db->idle, NULL)) {
        (void)pthread_mutex_destroy(&db->mutex);
        muni__free(db);
        return muni__nomem();
    }
    muni_status st = muni__regexes_new(&db->regexes);
    if (st < 0) {
        (void)pthread_cond_destroy(&db->idle);
        (void)pthread_mutex_destroy(&db->mutex);
        muni__free(db);
        return st;
    }
    db->refs = 1;
    db->process = muni__process();
    *out = db;
    return MUNI_OK;
}

static void handle_free(muni_db *db) {
    muni__definitions_free(db->definitions);
    muni__kind_sql_free(db);
    muni__regexes_free(db->regexes, db->process != muni__process());
    if (db->process == muni__process()) { /* in a fork others may seem to wait for them for ever */
        (void)pthread_cond_destroy(&db->idle);
        (void)pthread_mutex_destroy(&db->mutex);
    }
    muni__free(db);
}

/* In a forked child another thread of the parent may have held the mutex for ever; there is only one thread there, so none is needed. */
static bool guard(muni_db *db) {
    bool ours = db->process == muni__process();
    if (ours)
        (void)pthread_mutex_lock(&db->mutex);
    return ours;
}

static void unguard(muni_db *db, bool ours) {
    if (ours)
        (void)pthread_mutex_unlock(&db->mutex);
}

/* Index and seal what this process wrote. Failing to is no loss: the queue is searched as it is, and the next one seals. So it is not done where others
 * are writing: those who open the store for each request would stand in line twice. */
static void settle(muni_db *db) {
    muni__tx *tx = muni__alloc(sizeof *tx);
    if (!tx)
        return;
    tx->db = db;
    tx->utc_offset = db->utc_offset;
    tx->now = muni__db_clock(db);
    tx->write = tx->system = true;
    muni__store_hurry(db->store);
    if (muni__store_borrow(db->store, &tx->conn) >= 0) {
        if (muni__conn_begin(tx->conn, true) >= 0) {
            int64_t n = 0;
            if (muni__doc_flush(tx->conn, true, &n) >= 0 && muni__history_seal(tx, true, &n) >= 0)
                (void)muni__conn_commit(tx->conn);
            else
                muni__conn_rollback(tx->conn);
        }
        muni__store_return(db->store, tx->conn);
    }
    muni__arena_free(&tx->mem);
    muni__free(tx);
}

void muni__db_shut(muni_db *db) {
    muni__error why;
    muni__error_save(&why);
    bool ours = guard(db);
    muni__store *store = (db->calls == 0 || !ours) && db->closed ? db->store : NULL;
    if (store) {
        db->calls = 1; /* keeps others out while the lock is open */
        db->shutting = ours;
    }
    unguard(db, ours);
    if (store) {
        for (muni_session *s = db->sessions; s; s = s->after)
            if (ours)
                muni__group_abandon(s);
        if (ours && db->wrote)
            settle(db);
        muni__store_close(store);
    }
    (void)guard(db);
    if (store) {
        db->store = NULL;
        db->calls = 0;
        db->shutting = false;
    }
    if (ours)
        (void)pthread_cond_broadcast(&db->idle);
    unguard(db, ours);
    muni__error_restore(&why);
}

void muni__db_track(muni_session *session, bool add) {
    muni_db *db = session->db;
    bool ours = guard(db);
    while (ours && db->shutting) /* it walks along the list */
        (void)pthread_cond_wait(&db->idle, &db->mutex);
    if (add) {
        session->after = db->sessions;
        session->before = NULL;
        if (db->sessions)
            db->sessions->before = session;
        db->sessions = session;
    } else {
        if (session->before)
            session->before->after = session->after;
        else if (db->sessions == session)
            db->sessions = session->after;
        if (session->after)
            session->after->before = session->before;
        session->before = session->after = NULL;
    }
    unguard(db, ours);
}

static void adopt(muni_db *db, muni__store *store) {
    const muni__store_info *info = muni__store_info_of(store);
    db->store = store;
    db->test = info->test;
    db->utc_offset = info->utc_offset;
}

static muni_status text_ok(const char *p, const char *field, size_t max) {
    size_t at = 0, n = strlen(p);
    if (!muni__utf8_valid(p, n, &at))
        return muni__fail(MUNI_EUTF8, field, "%s is not valid UTF-8 (byte %zu)", "%sがUTF-8ではありません（%zuバイト目）", field, at);
    if (n > max)
        return muni__fail(MUNI_ELIMIT, field, "%s has %zu bytes; at most %zu are allowed", "%sが%zuバイトあります。上限は%zuバイトです", field, n, max);
    return MUNI_OK;
}

/* The same for what stands in a line: something, and nothing that cannot be seen. */
static muni_status line_ok(const char *p, const char *field, size_t max) {
    muni_status st = text_ok(p, field, max);
    if (st >= 0 && !*p)
        st = muni__fail(MUNI_EINVAL, field, "%s is empty", "%sが空です", field);
    for (const char *c = p; *c && st >= 0; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            st = muni__fail(MUNI_EFORMAT, field, "%s contains a control character (byte %zu)", "%sに制御文字が含まれています（%zuバイト目）", field, (size_t)(c - p) + 1);
    return st;
}

/* What a store begins with. */
typedef struct filling {
    muni_db *db;
    const muni_create_options *o;
} filling;

static muni_status fill(void *user, muni__store *store) {
    filling *f = user;
    muni__tx *tx = NULL;
    adopt(f->db, store);
    muni_status st = muni__tx_system(f->db, true, &tx);
    if (st < 0)
        return st;
    st = muni__definitions_ship(tx);
    if (st >= 0)
        st = muni__rooms_table.birth(tx, f->o);
    return muni__tx_leave(tx, st);
}

static muni_status create(const char *url, const muni_create_options *options, muni_db **out) {
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    muni_db *db = NULL;
    muni__store *store = NULL;
    muni__civil c;
    muni_status st;
    if (!out)
        return muni__no_output();
    *out = NULL;
    if (!url || !*url)
        return muni__fail(MUNI_EINVAL, "url", "the name of the store is missing", "保存先の名前がありません");
    st = muni__options_read(&o, sizeof o, options, "MUNI_CREATE_OPTIONS_INIT");
    if (st < 0)
        return st;
    if (!o.admin)
        o.admin = "admin";
    if (!o.admin_name)
        o.admin_name = "管理者";
    if (o.utc_offset == -1)
        o.utc_offset = MUNI__ZONE_JST;
    st = line_ok(o.admin, "admin", 256);
    if (st >= 0)
        st = line_ok(o.admin_name, "admin_name", 600);
    if (st < 0)
        return st;
    if (o.utc_offset < -50400 || o.utc_offset > 50400 || o.utc_offset % 60)
        return muni__fail(MUNI_EINVAL, "utc_offset", "the zone must be whole minutes within 14 hours of UTC", "時差は14時間以内の分単位で指定してください");
    if (o.now && !o.test)
        return muni__fail(MUNI_EINVAL, "now", "only a test store has a fixed clock", "時計を固定できるのは試験用の保存先だけです");
    if (o.now && (o.now < 0 || muni__civil_from_time(o.now, o.utc_offset, &c) < 0))
        return muni__fail(MUNI_EINVAL, "now", "the moment is outside the years 1970 to 9999", "日時が西暦1970年から9999年の範囲にありません");
    MUNI_TRY(handle_new(&db));
    db->fixed_now = o.now;
    muni__store_birth birth = { .test = o.test != 0, .utc_offset = o.utc_offset, .created_at = muni__db_clock(db) };
    muni__store_options so = { .wait_ms = 30000, .now = birth.created_at };
    filling f = { db, &o };
    MUNI_TRY(muni__store_create_filled(url, &so, &birth, fill, &f, &store));
    *out = db;
    return MUNI_OK;
out:
    if (db)
        handle_free(db);
    return st;
}

muni_status muni_create(const char *url, const muni_create_options *options, muni_db **out) {
    MUNI_ENTER();
    return MUNI_LEAVE(create(url, options, out));
}

static muni_status open_store(const char *url, const muni_open_options *options, muni_db **out) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    muni_db *db = NULL;
    muni__store *store = NULL;
    muni_status st;
    if (!out)
        return muni__no_output();
    *out = NULL;
    if (!url || !*url)
        return muni__fail(MUNI_EINVAL, "url", "the name of the store is missing", "保存先の名前がありません");
    st = muni__options_read(&o, sizeof o, options, "MUNI_OPEN_OPTIONS_INIT");
    if (st < 0)
        return st;
    if (o.connections < 0 || o.connections > 64)
        return muni__fail(MUNI_EINVAL, "connections", "a store has 1 to 64 connections", "接続数は1から64までです");
    if (o.wait_secs < 0 || o.wait_secs > 3600)
        return muni__fail(MUNI_EINVAL, "wait_secs", "a writer waits for 1 to 3,600 seconds", "待ち時間は1秒から3600秒までです");
    if (o.synchronous < 0 || o.synchronous > 1)
        return muni__fail(MUNI_EINVAL, "synchronous", "synchronous is 0 (FULL) or 1 (NORMAL)", "synchronousは0（FULL）か1（NORMAL）です");
    MUNI_TRY(handle_new(&db));
    muni__store_options so = { .connections = o.connections, .synchronous = o.synchronous, .wait_ms = o.wait_secs ? o.wait_secs * 1000 : 30000, .network = o.network != 0,
                               .upgrade = o.upgrade != 0, .now = muni__db_clock(db), .progress = o.progress, .user = o.user };
    MUNI_TRY(muni__store_open(url, &so, &store));
    adopt(db, store);
    if (o.upgrade && muni__store_info_of(store)->keys_old)
        MUNI_TRY(muni__keys_renew(db, o.progress, o.user));
    *out = db;
    return MUNI_OK;
out:
    if (store)
        muni_db_unref(db); /* closes it, too */
    else if (db)
        handle_free(db);
    return st;
}

muni_status muni_open(const char *url, const muni_open_options *options, muni_db **out) {
    MUNI_ENTER();
    return MUNI_LEAVE(open_store(url, options, out));
}

void muni_db_close(muni_db *db) {
    if (!db)
        return;
    bool ours = guard(db);
    db->closed = true;
    bool now = (db->calls == 0 || !ours) && db->store;
    unguard(db, ours);
    if (now)
        muni__db_shut(db);
    if (!ours || muni__db_inside())
        return;
    (void)pthread_mutex_lock(&db->mutex);
    while (db->store)
        (void)pthread_cond_wait(&db->idle, &db->mutex);
    (void)pthread_mutex_unlock(&db->mutex);
}

muni_db *muni_db_ref(muni_db *db) {
    if (db)
        (void)__atomic_add_fetch(&db->refs, 1, __ATOMIC_RELAXED);
    return db;
}

void muni_db_unref(muni_db *db) {
    if (!db || __atomic_sub_fetch(&db->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    muni_db_close(db);
    handle_free(db);
}

muni_status muni_db_now(muni_db *db, int64_t *out) {
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = 0;
    muni_status st = muni__db_enter(db);
    if (st >= 0) {
        *out = muni__db_clock(db);
        muni__db_leave(db);
    }
    return MUNI_LEAVE(st);
}

muni_status muni_db_set_now(muni_db *db, int64_t now) {
    MUNI_ENTER();
    muni__civil c;
    muni_status st = muni__db_enter(db);
    if (st < 0)
        return MUNI_LEAVE(st);
    if (!db->test)
        st = muni__fail(MUNI_ESTATE, "now", "only the clock of a test store can be set", "時計を設定できるのは試験用の保存先だけです");
    else if (now < 0 || muni__civil_from_time(now, db->utc_offset, &c) < 0)
        st = muni__fail(MUNI_EINVAL, "now", "the moment is outside the years 1970 to 9999", "日時が西暦1970年から9999年の範囲にありません");
    if (st >= 0) {
        (void)pthread_mutex_lock(&db->mutex);
        db->fixed_now = now;
        (void)pthread_mutex_unlock(&db->mutex);
    }
    muni__db_leave(db);
    return MUNI_LEAVE(st);
}

#define JOURNAL_TOLD 20

/* Counted where there are gaps; elsewhere the last one says it. */
static muni_status history_rows(muni__tx *tx, int64_t *out) {
    muni__stmt *s;
    int64_t gaps;
    *out = 0;
    muni_status st = muni__conn_gaps(tx->conn, &gaps);
    if (st >= 0 && !gaps)
        return muni__conn_last(tx->conn, "history", out);
    if (st >= 0)
        st = muni__sql(tx->conn, "SELECT count(*) FROM m_history", &s);
    if (st < 0)
        return st;
    if ((st = muni__step(s)) == MUNI_ROW)
        *out = muni__col_int(s, 0);
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status journal(muni__tx *tx, muni__buf *b) {
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(muni__sql(tx->conn, "SELECT work,begun_at,done_at,changed,version FROM m_journal ORDER BY no DESC LIMIT ?1", &s));
    muni__bind_int(s, 1, JOURNAL_TOLD);
    muni__buf_putc(b, '[');
    while ((st = muni__step(s)) == MUNI_ROW) {
        size_t n = 0, m = 0;
        const char *work = muni__col_text(s, 0, &n), *version = muni__col_text(s, 4, &m);
        const muni__val begun = muni__val_time(muni__col_int(s, 1)), done = muni__col_null(s, 2) ? MUNI_NULL_VAL : muni__val_time(muni__col_int(s, 2));
        muni__buf_puts(b, b->n > 1 ? ",{\"work\":" : "{\"work\":");
        muni__buf_json(b, work ? work : "", n);
        muni__buf_puts(b, ",\"begun_at\":");
        muni__val_json(b, &begun, tx->utc_offset);
        muni__buf_puts(b, ",\"done_at\":");
        muni__val_json(b, &done, tx->utc_offset);
        muni__buf_printf(b, ",\"changed\":%lld,\"version\":", (long long)muni__col_int(s, 3));
        muni__buf_json(b, version ? version : "", m);
        muni__buf_putc(b, '}');
    }
    muni__buf_putc(b, ']');
    if (st >= 0)
        st = b->st;
out:
    muni__done(s);
    return st;
}

static muni_status info(muni__tx *tx, muni_rec **out) {
    muni__buf work = MUNI_BUF_INIT((size_t)1 << 16);
    const muni__store_info *si = muni__store_info_of(tx->db->store);
    char id[33];
    int64_t rows = 0, sealed = 0;
    muni_rec *rec = NULL;
    muni_status st;
    MUNI_TRY(journal(tx, &work));
    muni__hex(si->id, 16, id);
    MUNI_TRY(history_rows(tx, &rows));
    MUNI_TRY(muni__conn_last(tx->conn, "sealed", &sealed));
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 11, &rec));
    MUNI_TRY(muni__rec_add_text(rec, "store", id));
    muni__val v = muni__val_time(si->created_at);
    MUNI_TRY(muni__rec_add(rec, "created_at", &v));
    v = muni__val_bool(si->test);
    MUNI_TRY(muni__rec_add(rec, "test", &v));
    MUNI_TRY(muni__rec_add_text(rec, "schema", si->schema));
    MUNI_TRY(muni__rec_add_int(rec, "compat", si->compat));
    MUNI_TRY(muni__rec_add_int(rec, "tables", si->tables));
    MUNI_TRY(muni__rec_add_int(rec, "utc_offset", si->utc_offset));
    MUNI_TRY(muni__rec_add_text(rec, "driver", si->driver));
    MUNI_TRY(muni__rec_add_int(rec, "history_rows", rows));
    MUNI_TRY(muni__rec_add_int(rec, "history_sealed", sealed));
    v = (muni__val){ MUNI_TYPE_JSON, 0, work.p, work.n };
    MUNI_TRY(muni__rec_add(rec, "journal", &v));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    rec = NULL;
out:
    muni_rec_free(rec);
    muni__buf_free(&work);
    return st;
}

muni_status muni_db_info(muni_db *db, muni_rec **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__tx_system(db, false, &tx);
    if (st >= 0)
        st = muni__tx_leave(tx, info(tx, out));
    return MUNI_LEAVE(st);
}
