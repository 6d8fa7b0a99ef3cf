/* Handles' locks and transactions: how every call begins and ends. */
#include "model/model.h"

#include "core/date.h"
#include "core/hash.h"
#include "model/internal.h"

#include <time.h>

#define AGAIN 8 /* times that a call is done which others end */

/* ---- the session's lock: one call at a time; a call from inside a callback of the same thread is MUNI_EBUSY */

muni_status muni__lock_init(muni__lock *lock) {
    if (pthread_mutex_init(&lock->mutex, NULL))
        return muni__nomem();
    if (pthread_cond_init(&lock->cond, NULL)) {
        (void)pthread_mutex_destroy(&lock->mutex);
        return muni__nomem();
    }
    return MUNI_OK;
}

void muni__lock_free(muni__lock *lock) {
    (void)pthread_cond_destroy(&lock->cond);
    (void)pthread_mutex_destroy(&lock->mutex);
}

muni_status muni__lock_take(muni__lock *lock) {
    muni_status st = MUNI_OK;
    (void)pthread_mutex_lock(&lock->mutex);
    if (lock->held && pthread_equal(lock->owner, pthread_self())) {
        st = muni__fail(MUNI_EBUSY, NULL, "the session is in use by this very thread; do not call it from a callback",
                        "このスレッドがセッションを使用中です。コールバックの中から呼ばないでください");
    } else {
        while (lock->held)
            (void)pthread_cond_wait(&lock->cond, &lock->mutex);
        lock->held = true;
        lock->owner = pthread_self();
    }
    (void)pthread_mutex_unlock(&lock->mutex);
    return st;
}

void muni__lock_drop(muni__lock *lock) {
    (void)pthread_mutex_lock(&lock->mutex);
    lock->held = false;
    (void)pthread_cond_signal(&lock->cond);
    (void)pthread_mutex_unlock(&lock->mutex);
}

/* ---- calls on a store: counted, so that closing can wait for them */

/* How many calls this thread is inside of: a close from a callback must not wait for itself. */
static _Thread_local int inside;

bool muni__db_inside(void) {
    return inside > 0;
}

muni_status muni__db_usable(const muni_db *db) {
    if (!db)
        return muni__fail(MUNI_ECLOSED, "db", "there is no store: the handle is NULL", "保存先のハンドルがNULLです");
    if (db->process != muni__process())
        return muni__fail(MUNI_EFORK, "db", "the store was opened before a fork; open it again in the child",
                          "フォークする前に開いた保存先です。子プロセスで開き直してください");
    return MUNI_OK;
}

muni_status muni__db_enter(muni_db *db) {
    muni_status st = muni__db_usable(db);
    if (st < 0)
        return st;
    (void)pthread_mutex_lock(&db->mutex);
    if (db->closed)
        st = muni__fail(MUNI_ECLOSED, "db", "the store is closed", "保存先はすでに閉じられています");
    else
        db->calls++;
    (void)pthread_mutex_unlock(&db->mutex);
    if (st >= 0)
        inside++;
    return st;
}

bool muni__db_hold(muni_db *db) {
    if (db->process != muni__process())
        return false;
    (void)pthread_mutex_lock(&db->mutex);
    while (db->shutting)
        (void)pthread_cond_wait(&db->idle, &db->mutex);
    bool there = db->store != NULL;
    if (there)
        db->calls++;
    (void)pthread_mutex_unlock(&db->mutex);
    inside += there;
    return there;
}

void muni__db_leave(muni_db *db) {
    inside--;
    (void)pthread_mutex_lock(&db->mutex);
    bool last = --db->calls == 0 && db->closed;
    (void)pthread_mutex_unlock(&db->mutex);
    if (last)
        muni__db_shut(db);
}

int64_t muni__db_clock(muni_db *db) {
    struct timespec ts = { 0, 0 };
    (void)pthread_mutex_lock(&db->mutex);
    int64_t now = db->fixed_now;
    (void)pthread_mutex_unlock(&db->mutex);
    if (!now) {
        (void)clock_gettime(CLOCK_REALTIME, &ts);
        now = (int64_t)ts.tv_sec;
    }
    return now;
}

int32_t muni__tx_today(const muni__tx *tx) {
    int32_t day = 0;
    (void)muni__day_of_time(tx->now, tx->utc_offset, &day, NULL); /* a clock is always within the years 1 to 9999 */
    return day;
}

/* ---- transactions */

static void discard(muni__tx *tx) {
    muni__definitions_free(tx->definitions);
    muni__arena_free(&tx->mem);
    muni__free(tx);
}

/* Did the last transaction of this thread end because of another's? */
static _Thread_local bool clashed;

static muni_status start(muni_db *db, muni_session *session, bool write, muni__tx **out) {
    muni__tx *tx = muni__alloc(sizeof *tx);
    if (!tx)
        return MUNI_ENOMEM;
    clashed = false;
    tx->session = session;
    tx->db = db;
    tx->now = muni__db_clock(db);
    tx->utc_offset = db->utc_offset;
    tx->write = write;
    muni_status st = muni__store_borrow(db->store, &tx->conn);
    if (st >= 0) {
        st = muni__conn_begin(tx->conn, write);
        if (st >= 0) {
            *out = tx;
            return MUNI_OK;
        }
        muni__store_return(db->store, tx->conn);
    }
    discard(tx);
    return st;
}

/* End the transaction of a call of its own (or of a group); answers the status to return. */
static muni_status finish(muni__tx *tx, muni_status st) {
    muni__error why;
    bool configured = tx->configured;
    if (tx->write && st >= 0) {
        muni_status end = muni__tx_before_commit(tx);
        if (end >= 0)
            end = muni__conn_commit(tx->conn);
        if (end < 0)
            st = end;
    } else {
        muni__error_save(&why);
        muni__conn_rollback(tx->conn);
        muni__error_restore(&why);
    }
    /* the revision of the configuration goes back with everything else, and the next one who takes it means something else by it */
    if (configured && st < 0 && tx->session && tx->session->rights)
        tx->session->rights->config = -1;
    clashed = st == MUNI_EBUSY && muni__conn_clashed(tx->conn);
    if (st == MUNI_EINDOUBT && tx->session)
        tx->session->doubt = muni__conn_doubt(tx->conn);
    muni__error_save(&why);
    muni__store_return(tx->db->store, tx->conn);
    muni__error_restore(&why);
    discard(tx);
    return st;
}

muni_status muni__tx_system(muni_db *db, bool write, muni__tx **out) {
    *out = NULL;
    muni_status st = muni__db_enter(db);
    if (st < 0)
        return st;
    st = start(db, NULL, write, out);
    if (st < 0)
        muni__db_leave(db);
    else
        (*out)->system = true;
    return st;
}

muni_status muni__session_take(muni_session *session) {
    if (!session)
        return muni__fail(MUNI_ECLOSED, "session", "there is no session: the handle is NULL", "セッションのハンドルがNULLです");
    muni_status st = muni__db_usable(session->db);
    if (st < 0)
        return st;
    st = muni__lock_take(&session->lock);
    if (st < 0)
        return st;
    st = session->closed ? muni__fail(MUNI_ECLOSED, "session", "the session is closed", "セッションはすでに閉じられています") : muni__db_enter(session->db);
    if (st < 0)
        muni__lock_drop(&session->lock);
    return st;
}

void muni__session_let_go(muni_session *session) {
    muni__error why;
    muni__error_save(&why);
    muni__db_leave(session->db);
    muni__lock_drop(&session->lock);
    muni__error_restore(&why);
}

muni_status muni__tx_enter(muni_session *session, bool write, bool group_ok, muni__tx **out) {
    *out = NULL;
    muni_status st = muni__session_take(session);
    if (st < 0)
        return st;
    muni__tx *tx = session->group;
    if (tx && !group_ok) {
        st = muni__fail(MUNI_ESTATE, NULL, "a group is open; commit or roll it back before this call, which is a transaction of its own",
                        "まとまりの途中です。この呼び出しは単独で行うので、先に確定するか取り消してください");
    } else if (tx && tx->doomed) {
        st = muni__fail(MUNI_EDOOMED, NULL, "a call of this group failed after it had written; roll the group back",
                        "まとまりの中の呼び出しが書き込み後に失敗しています。取り消してください");
    } else if (tx) {
        clashed = false;
        tx->wrote = false;
        tx->now = muni__db_clock(session->db);
        muni__conn_config_age(tx->conn);
    } else {
        st = start(session->db, session, write, &tx);
    }
    if (st >= 0) {
        st = muni__rights_refresh(tx);
        if (st < 0 && tx != session->group)
            st = finish(tx, st);
    }
    if (st < 0)
        muni__session_let_go(session);
    else
        *out = tx;
    return st;
}

muni_status muni__tx_leave(muni__tx *tx, muni_status st) {
    muni_session *session = tx->session;
    muni_db *db = tx->db;
    if (session && tx == session->group) {
        if (st >= 0 && tx->wrote)
            st = muni__conn_pause(tx->conn);
        if (st < 0 && tx->wrote)
            tx->doomed = true;
        muni__arena_reset(&tx->mem);
    } else {
        st = finish(tx, st);
    }
    muni__error why;
    muni__error_save(&why);
    muni__db_leave(db);
    if (session)
        muni__lock_drop(&session->lock);
    muni__error_restore(&why);
    return st;
}

bool muni__tx_again(muni_status st, int *tries) {
    unsigned char some = 0;
    if (st != MUNI_EBUSY || !clashed || ++*tries >= AGAIN)
        return false;
    (void)muni__random(&some, 1);
    const struct timespec pause = { 0, (long)(*tries * (1 + some)) * 200000 }; /* they must not meet again */
    (void)nanosleep(&pause, NULL);
    muni__error_clear();
    return true;
}

muni_status muni__tx_write(muni_session *session, bool group_ok, muni_status (*body)(muni__tx *tx, void *user, muni_rec **out), void *user, muni_rec **out) {
    muni_status st;
    int tries = 0;
    if (out)
        *out = NULL;
    do {
        muni__tx *tx = NULL;
        st = muni__tx_enter(session, true, group_ok, &tx);
        if (st < 0)
            return st;
        st = muni__tx_leave(tx, body(tx, user, out));
        if (st < 0 && out) {
            muni__error why;
            muni__error_save(&why);
            muni_rec_free(*out);
            *out = NULL;
            muni__error_restore(&why);
        }
    } while (muni__tx_again(st, &tries));
    return st;
}

/* ---- groups */

muni_status muni_session_begin(muni_session *session) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    muni_status st = muni__tx_enter(session, true, false, &tx);
    if (st < 0)
        return MUNI_LEAVE(st);
    tx->group = true;
    session->group = tx; /* from now on muni__tx_leave leaves it open */
    muni__session_let_go(session);
    return MUNI_LEAVE(MUNI_OK);
}

void muni__group_abandon(muni_session *session) {
    muni__tx *tx = session->group;
    if (!tx)
        return;
    session->group = NULL;
    if (session->db->process == muni__process())
        (void)finish(tx, MUNI_ECANCELLED);
    else
        discard(tx); /* in a forked child only memory is freed */
}

static muni_status end_group(muni_session *session, bool commit) {
    muni_status st = muni__session_take(session);
    if (st < 0)
        return st;
    muni__tx *tx = session->group;
    if (!tx) {
        st = muni__fail(MUNI_ESTATE, NULL, "no group is open; begin one with muni_session_begin()", "まとまりが始まっていません。muni_session_begin()で始めてください");
    } else if (commit && tx->doomed) {
        st = muni__fail(MUNI_EDOOMED, NULL, "a call of this group failed after it had written; roll the group back",
                        "まとまりの中の呼び出しが書き込み後に失敗しています。取り消してください");
    } else {
        session->group = NULL;
        if (commit)
            st = finish(tx, MUNI_OK);
        else
            (void)finish(tx, MUNI_ECANCELLED);
    }
    muni__session_let_go(session);
    return st;
}

muni_status muni_session_commit(muni_session *session) {
    MUNI_ENTER();
    return MUNI_LEAVE(end_group(session, true));
}

muni_status muni_session_rollback(muni_session *session) {
    MUNI_ENTER();
    return MUNI_LEAVE(end_group(session, false));
}
