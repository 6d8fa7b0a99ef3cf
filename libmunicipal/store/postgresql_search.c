/* The search index of PostgreSQL: the tokens of a document stand beside its text as a tsvector, under GIN. They are indexed with the transaction that
 * writes them, so nothing is queued. A tsvector, and not an array of texts, because GIN finds a lexeme by its beginning, which words of letters and
 * digits and single characters need.
 *
 * A search looks through the newest documents first, and asks the index for the others only when it comes to them: what is frequent is found among
 * the newest, and what is rare the index finds at once. */
#include "store/postgresql.h"

#include <stdio.h>
#include <stdlib.h>

#define WINDOW 500    /* documents looked through before the index is asked … */
#define FREQUENT 128  /* … and four times as many more, as long as one of so many has the word */
#define PIECE 2000  /* documents of a piece of reindexing */

/* ---- writing */

static muni_status put_token(void *user, const char *p, size_t n) {
    muni__buf *b = user; /* letters, digits, kana and kanji: nothing to escape */
    muni__buf_puts(b, b->n > 1 ? ",\"" : "\"");
    muni__buf_put(b, p, n);
    muni__buf_putc(b, '"');
    return b->st;
}

/* {"東京","京都",…} */
static muni_status tokens_of(muni__buf *b, const char *keys, size_t n) {
    muni__buf_clear(b);
    muni__buf_putc(b, '{');
    muni_status st = muni__tokens_each(keys, n, put_token, b);
    if (st < 0)
        return st;
    muni__buf_putc(b, '}');
    return b->st;
}

/* 'vpn' '東京' …: the same as a text of the type itself. */
static muni_status put_lexeme(void *user, const char *p, size_t n) {
    muni__buf *b = user;
    muni__buf_puts(b, b->n ? " '" : "'");
    muni__buf_put(b, p, n);
    muni__buf_putc(b, '\'');
    return b->st;
}

static muni_status load_value(muni__buf *out, const char *keys, size_t n) {
    muni__buf_clear(out);
    muni__buf_puts(out, ""); /* of a document without a token */
    muni_status st = muni__tokens_each(keys, n, put_lexeme, out);
    return st < 0 ? st : out->st;
}

static muni_status put(muni__conn *c, int64_t doc, int32_t part, int32_t kind, int64_t rec, const char *keys, size_t n) {
    muni__buf tokens = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(tokens_of(&tokens, keys, n));
    MUNI_TRY(muni__sql(c,
                       "INSERT INTO \"m_doc\" AS d (\"doc\", \"part\", \"kind\", \"rec\", \"keys\", \"tok\") VALUES(?1, ?2, ?3, ?4, ?5, array_to_tsvector(?6::text[])) "
                       "ON CONFLICT(\"doc\") DO UPDATE SET \"part\" = excluded.\"part\", \"kind\" = excluded.\"kind\", \"rec\" = excluded.\"rec\", \"keys\" = excluded.\"keys\", "
                       "\"tok\" = excluded.\"tok\" WHERE (d.\"part\", d.\"kind\", d.\"rec\", d.\"keys\") IS DISTINCT FROM (excluded.\"part\", excluded.\"kind\", excluded.\"rec\", excluded.\"keys\")",
                       &s));
    muni__bind_int(s, 1, doc);
    muni__bind_int(s, 2, part);
    muni__bind_int(s, 3, kind);
    muni__bind_int(s, 4, rec);
    muni__bind_text(s, 5, keys, n);
    muni__bind_literal(s, 6, tokens.p);
    st = muni__step_later(s);
out:
    muni__done(s);
    muni__buf_free(&tokens);
    return st;
}

static muni_status remove_doc(muni__conn *c, int64_t doc) {
    muni__stmt *s;
    muni_status st = muni__sql(c, "DELETE FROM \"m_doc\" WHERE \"doc\" = ?1", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, doc);
    st = muni__step(s);
    muni__done(s);
    return st;
}

static muni_status flush(muni__conn *c, bool force, int64_t *indexed) {
    (void)c, (void)force;
    *indexed = 0;
    return MUNI_OK;
}

static muni_status queued(muni__conn *c, int64_t *out) {
    (void)c;
    *out = 0;
    return MUNI_OK;
}

/* ---- making it anew, and is it what the documents say? */

/* One document's tokens as they should be; changed only where they are not. */
static muni_status retoken(muni__conn *c, int64_t doc, const char *keys, size_t n, muni__buf *tokens) {
    muni__stmt *s;
    muni_status st = tokens_of(tokens, keys, n);
    if (st < 0)
        return st;
    st = muni__sql(c, "UPDATE \"m_doc\" SET \"tok\" = array_to_tsvector(?2::text[]) WHERE \"doc\" = ?1 AND \"keys\" = ?3 AND \"tok\" IS DISTINCT FROM array_to_tsvector(?2::text[])", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, doc);
    muni__bind_literal(s, 2, tokens->p);
    muni__bind_text(s, 3, keys, n); /* whoever changes it meanwhile brings its own */
    st = muni__step(s);
    muni__done(s);
    return st;
}

/* The tokens piece by piece, then the index over them. */
static muni_status reindex(muni__conn *c, muni__work *w, bool *again) {
    muni__buf tokens = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    int64_t n = 0;
    muni_status st;
    MUNI_TRY(muni__sql(c, "SELECT \"doc\", \"keys\" FROM \"m_doc\" WHERE \"doc\" > ?1 ORDER BY \"doc\" LIMIT ?2", &s));
    muni__bind_int(s, 1, w->at);
    muni__bind_int(s, 2, PIECE);
    while ((st = muni__step(s)) == MUNI_ROW) {
        size_t len;
        const char *keys = muni__col_text(s, 1, &len);
        w->at = muni__col_int(s, 0);
        n++;
        if (keys)
            MUNI_TRY(retoken(c, w->at, keys, len, &tokens));
    }
    if (st < 0)
        goto out;
    *again = n == PIECE;
    w->changed += n;
    if (!*again)
        st = c->drv->rebuild(c, "m_doc_index");
out:
    muni__done(s);
    muni__buf_free(&tokens);
    return st < 0 ? st : MUNI_OK;
}

typedef struct piece {
    const char *p;
    size_t n;
} piece;

typedef struct pieces {
    piece *list;
    size_t n, cap;
} pieces;

static muni_status keep(void *user, const char *p, size_t n) {
    pieces *l = user;
    muni_status st = muni__grow(&l->list, &l->cap, l->n + 1, sizeof *l->list);
    if (st >= 0)
        l->list[l->n++] = (piece){ p, n };
    return st;
}

static int by_bytes(const void *a, const void *b) {
    const piece *x = a, *y = b;
    int c = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return c ? c : (x->n > y->n) - (x->n < y->n);
}

/* Are these the lexemes, as one text? */
static muni_status same_tokens(pieces *l, const char *keys, size_t n, const char *said, size_t said_n, bool *same) {
    size_t at = 0;
    l->n = 0;
    muni_status st = muni__tokens_each(keys, n, keep, l);
    if (st < 0)
        return st;
    if (l->n)
        qsort(l->list, l->n, sizeof *l->list, by_bytes);
    *same = true;
    for (size_t i = 0; i < l->n && *same; i++) {
        if (i && !by_bytes(&l->list[i - 1], &l->list[i]))
            continue;
        if (at)
            *same = at < said_n && said[at++] == ' ';
        *same = *same && said_n - at >= l->list[i].n && !memcmp(said + at, l->list[i].p, l->list[i].n);
        at += l->list[i].n;
    }
    *same = *same && at == said_n;
    return MUNI_OK;
}

static muni_status check(muni__conn *c, muni_status (*wrong)(void *user, int64_t doc), void *user) {
    pieces l = { NULL, 0, 0 };
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(muni__sql(c, "SELECT \"doc\", \"keys\", array_to_string(tsvector_to_array(\"tok\"), ' ') FROM \"m_doc\"", &s));
    muni__many(s);
    while ((st = muni__step(s)) == MUNI_ROW) {
        size_t n, said_n;
        bool same = false;
        const char *keys = muni__col_text(s, 1, &n), *said = muni__col_text(s, 2, &said_n);
        if (keys && said)
            MUNI_TRY(same_tokens(&l, keys, n, said, said_n, &same));
        if (!same)
            MUNI_TRY(wrong(user, muni__col_int(s, 0)));
    }
out:
    muni__done(s);
    muni__free(l.list);
    return st < 0 ? st : MUNI_OK;
}

/* ---- reading */

typedef struct docs {
    muni__docs of;
    muni__conn *c;
    muni__stmt *s;   /* of the newest, then of the others */
    char *query;     /* NULL: all documents */
    int64_t size;    /* of the window: so many of the newest are looked through now; 0: the index was asked */
    int64_t below;   /* they are older than this one … */
    int64_t low;     /* … and not older than that */
    int64_t found, looked;
} docs;

static void close_docs(muni__docs *of) {
    docs *d = (docs *)(void *)of;
    muni__done(d->s);
    muni__free(d->query);
    muni__free(d);
}

/* '東京' & 'vpn':* */
static muni_status query_of(const muni__term *term, char **out) {
    muni__buf b = MUNI_BUF_INIT(0);
    for (size_t i = 0; i < term->token_count; i++) {
        const muni__token *t = &term->tokens[i];
        muni__buf_puts(&b, i ? " & '" : "'");
        for (size_t k = 0; k < t->n; k++) {
            if (t->p[k] == '\'' || t->p[k] == '\\')
                muni__buf_putc(&b, t->p[k]);
            muni__buf_putc(&b, t->p[k]);
        }
        muni__buf_puts(&b, t->prefix ? "':*" : "'");
    }
    return muni__buf_take(&b, out, NULL);
}

/* The oldest of the `size` newest documents below `below`; that itself where there are none. */
static muni_status window_end(docs *d) {
    muni__stmt *s;
    muni_status st = muni__sql(d->c, "SELECT min(\"doc\") FROM (SELECT \"doc\" FROM \"m_doc\" WHERE \"doc\" < ?1 ORDER BY \"doc\" DESC LIMIT ?2) w", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, d->below);
    muni__bind_int(s, 2, d->size);
    st = muni__step(s);
    d->low = st == MUNI_ROW && !muni__col_null(s, 0) ? muni__col_int(s, 0) : d->below;
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

/* Those of the window that have the word. Its bounds are ids, so that what others write meanwhile moves nothing from one window into the next. The OFFSET
 * keeps the server from asking the index here. */
static muni_status open_window(docs *d) {
    muni_status st;
    MUNI_TRY(window_end(d));
    MUNI_TRY(muni__sql(d->c,
                       "SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\" FROM (SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\", \"tok\" FROM \"m_doc\" "
                       "WHERE \"doc\" >= ?2 AND \"doc\" < ?3 OFFSET 0) w WHERE \"tok\" @@ ?1::tsquery ORDER BY \"doc\" DESC",
                       &d->s));
    muni__bind_literal(d->s, 1, d->query);
    muni__bind_int(d->s, 2, d->low);
    muni__bind_int(d->s, 3, d->below);
    if (d->size > WINDOW) /* the first of them are few */
        muni__many(d->s);
out:
    return st;
}

static muni_status open_docs(muni__conn *c, const muni__term *term, muni__docs **out) {
    muni_status st;
    *out = NULL;
    docs *d = muni__alloc(sizeof *d);
    if (!d)
        return MUNI_ENOMEM;
    d->c = c;
    if (term) {
        MUNI_TRY(query_of(term, &d->query));
        d->size = WINDOW;
        d->below = INT64_MAX;
        MUNI_TRY(open_window(d));
    } else {
        MUNI_TRY(muni__sql(c, "SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\" FROM \"m_doc\" ORDER BY \"doc\" DESC", &d->s));
        muni__many(d->s);
    }
    *out = &d->of;
    return MUNI_OK;
out:
    close_docs(&d->of);
    return st;
}

/* Behind them: the sum in the order keeps the server from walking the primary key, document by document. */
static muni_status open_rest(docs *d) {
    muni_status st;
    MUNI_TRY(muni__sql(d->c,
                       "SELECT \"doc\", \"part\", \"kind\", \"rec\", \"keys\" FROM \"m_doc\" WHERE \"tok\" @@ ?1::tsquery AND \"doc\" + 0 < ?2::bigint "
                       "ORDER BY \"doc\" + 0 DESC",
                       &d->s));
    muni__bind_literal(d->s, 1, d->query);
    muni__bind_int(d->s, 2, d->low);
    muni__many(d->s);
    d->size = 0;
out:
    return st;
}

static muni_status open_more(docs *d) {
    muni__done(d->s);
    d->s = NULL;
    d->looked += d->size;
    if (d->low == d->below || d->found * FREQUENT < d->looked)
        return open_rest(d);
    d->below = d->low;
    d->size *= 4;
    return open_window(d);
}

static muni_status next(muni__docs *of, muni__doc *out) {
    docs *d = (docs *)(void *)of;
    muni_status st = muni__step(d->s);
    while (st == MUNI_OK && d->size) {
        MUNI_TRY(open_more(d));
        st = muni__step(d->s);
    }
    if (st == MUNI_ROW) {
        d->found++;
        muni__doc_fill(d->s, out);
    }
out:
    return st;
}

const muni__fulltext muni__postgresql_search = {
    .put = put,
    .remove = remove_doc,
    .flush = flush,
    .queued = queued,
    .reindex = reindex,
    .check = check,
    .open = open_docs,
    .next = next,
    .close = close_docs,
    .load_column = "tok",
    .load_value = load_value,
};
