/* Cursors: rows being read. Each holds its session; between calls nothing is open in the store.
 *
 * Two locks, always in this order: the session's, which a transaction takes, then the cursor's own, which guards its state; closing takes only
 * the second, and so waits for a call that is running. */
#include "model/internal.h"
#include "model/list.h"

struct muni_cursor {
    int32_t refs; /* atomic */
    pthread_mutex_t mutex;
    bool closed;
    muni_session *session;
    const muni__cursor_ops *ops;
    bool (*ready)(void *state);
    void *state;
};

muni_status muni__cursor_new_ready(muni_session *session, const muni__cursor_ops *ops, bool (*ready)(void *state), void *state, muni_cursor **out) {
    muni_cursor *c = muni__alloc(sizeof *c);
    *out = NULL;
    if (!c || pthread_mutex_init(&c->mutex, NULL)) {
        muni__free(c);
        ops->free(state);
        return muni__nomem();
    }
    c->refs = 1;
    c->session = muni_session_ref(session);
    c->ops = ops;
    c->ready = ready;
    c->state = state;
    *out = c;
    return MUNI_OK;
}

muni_status muni__cursor_new(muni_session *session, const muni__cursor_ops *ops, void *state, muni_cursor **out) {
    return muni__cursor_new_ready(session, ops, NULL, state, out);
}

/* ---- records that are all there */

typedef struct given {
    muni_rec **recs;
    size_t count, at;
} given;

static muni_status given_next(muni__tx *tx, void *state, muni_rec **out) {
    given *g = state;
    (void)tx;
    if (g->at == g->count)
        return MUNI_OK;
    *out = g->recs[g->at++];
    return MUNI_ROW;
}

static void given_free(void *state) {
    given *g = state;
    for (size_t i = g->at; i < g->count; i++)
        muni_rec_free(g->recs[i]);
    muni__free(g->recs);
    muni__free(g);
}

static bool given_ready(void *state) {
    (void)state;
    return true;
}

static const muni__cursor_ops given_ops = { given_next, NULL, given_free };

muni_status muni__cursor_of(muni_session *session, muni_rec **recs, size_t count, muni_cursor **out) {
    given *g = muni__alloc(sizeof *g);
    *out = NULL;
    if (!g) {
        for (size_t i = 0; i < count; i++)
            muni_rec_free(recs[i]);
        muni__free(recs);
        return MUNI_ENOMEM;
    }
    *g = (given){ recs, count, 0 };
    return muni__cursor_new_ready(session, &given_ops, given_ready, g, out);
}

/* ---- reading */

static muni_status closed(void) {
    return muni__fail(MUNI_ECLOSED, "cursor", "the cursor is closed", "カーソルはすでに閉じられています");
}

/* Give what is at hand; `*handled` says whether it was. The session and the store must be usable nevertheless. */
static muni_status next_at_hand(muni_cursor *c, muni_rec **out, bool *handled) {
    muni_session *s = c->session;
    muni_status st = muni__db_usable(s->db);
    *handled = true;
    if (st < 0)
        return st;
    st = muni__lock_take(&s->lock);
    if (st < 0)
        return st;
    if (s->closed) {
        st = muni__fail(MUNI_ECLOSED, "session", "the session is closed", "セッションはすでに閉じられています");
    } else if ((st = muni__db_enter(s->db)) >= 0) {
        (void)pthread_mutex_lock(&c->mutex);
        if (c->closed)
            st = closed();
        else if (c->ready && c->ready(c->state))
            st = c->ops->next(NULL, c->state, out);
        else
            *handled = false;
        (void)pthread_mutex_unlock(&c->mutex);
        muni__db_leave(s->db);
    }
    muni__lock_drop(&s->lock);
    return st;
}

static muni_status next(muni_cursor *c, muni_rec **out) {
    muni__tx *tx = NULL;
    bool handled;
    if (!c)
        return muni__fail(MUNI_ECLOSED, "cursor", "there is no cursor: the handle is NULL", "カーソルのハンドルがNULLです");
    muni_status st = next_at_hand(c, out, &handled);
    if (handled)
        return st;
    st = muni__tx_enter(c->session, false, true, &tx);
    if (st < 0)
        return st;
    (void)pthread_mutex_lock(&c->mutex);
    if (c->closed)
        st = closed();
    else
        st = c->ops->next(tx, c->state, out);
    (void)pthread_mutex_unlock(&c->mutex);
    muni_status end = muni__tx_leave(tx, st);
    if (end < 0 && st >= 0) { /* the record goes with the transaction that failed to end */
        muni_rec_free(*out);
        *out = NULL;
    }
    return end;
}

muni_status muni_cursor_next(muni_cursor *cursor, muni_rec **out) {
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = next(cursor, out);
    return MUNI_LEAVE(st);
}

muni_status muni_cursor_token(muni_cursor *cursor, char **out) {
    MUNI_ENTER();
    muni_status st;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    if (!cursor)
        return MUNI_LEAVE(muni__fail(MUNI_ECLOSED, "cursor", "there is no cursor: the handle is NULL", "カーソルのハンドルがNULLです"));
    (void)pthread_mutex_lock(&cursor->mutex);
    if (cursor->closed)
        st = closed();
    else if (!cursor->ops->token)
        st = muni__fail(MUNI_ENOTSUP, "cursor", "these rows are not those of a query: there is no token to go on from", "問い合わせの結果ではないため、続きを示すトークンはありません");
    else
        st = cursor->ops->token(cursor->state, out);
    (void)pthread_mutex_unlock(&cursor->mutex);
    return MUNI_LEAVE(st);
}

/* ---- life */

void muni_cursor_close(muni_cursor *cursor) {
    muni__error why;
    if (!cursor)
        return;
    muni__error_save(&why);
    bool ours = cursor->session->db->process == muni__process(); /* in a forked child there is nobody who would give the lock back */
    if (ours)
        (void)pthread_mutex_lock(&cursor->mutex);
    if (!cursor->closed) {
        cursor->closed = true;
        cursor->ops->free(cursor->state);
        cursor->state = NULL;
    }
    if (ours)
        (void)pthread_mutex_unlock(&cursor->mutex);
    muni__error_restore(&why);
}

muni_cursor *muni_cursor_ref(muni_cursor *cursor) {
    if (cursor)
        (void)__atomic_add_fetch(&cursor->refs, 1, __ATOMIC_RELAXED);
    return cursor;
}

void muni_cursor_unref(muni_cursor *cursor) {
    if (!cursor || __atomic_sub_fetch(&cursor->refs, 1, __ATOMIC_ACQ_REL))
        return;
    muni_cursor_close(cursor);
    muni__error why;
    muni__error_save(&why);
    muni_session_unref(cursor->session);
    muni__error_restore(&why);
    (void)pthread_mutex_destroy(&cursor->mutex);
    muni__free(cursor);
}
