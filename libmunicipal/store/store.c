/* Stores, connections, transactions, statements, counters: what all drivers have in common. */
#include "store/driver.h"

#ifdef MUNI_POSTGRESQL
#include "store/postgresql.h"
#endif

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WAIT_MS 30000
#define CONNECTIONS 4
#define CONNECTIONS_MAX 1000
#define CONFIG_AGE INT64_C(1000000000) /* nanoseconds */
#define COUNTER_MAX (((int64_t)1 << 53) - 1)

bool muni__store_forked(const muni__store *s) {
    return s->process != muni__process();
}

static muni_status forked(void) {
    return muni__fail(MUNI_EFORK, NULL, "this process was forked from the one that opened the store; open the store again here",
                      "保存先を開いたプロセスからフォークした子プロセスです。ここで開き直してください");
}

static bool begins(const char *s, const char *with, const char **rest) {
    size_t n = strlen(with);
    if (strncmp(s, with, n) != 0)
        return false;
    *rest = s + n;
    return true;
}

/* ---- life */

static void idle_free(muni__store *s) {
    while (s->idle) {
        muni__conn *c = s->idle;
        s->idle = c->next;
        muni__conn_free(c);
    }
}

static void store_free(muni__store *s) {
    if (!s)
        return;
    bool child = muni__store_forked(s);
    idle_free(s);
    s->drv->close(s, child);
    if (!child) {
        muni__line_end(&s->line);
        (void)pthread_mutex_destroy(&s->mutex);
    }
    muni__free(s->path);
    muni__free(s);
}

static muni_status store_new(const char *url, const muni__store_options *o, muni__store **out) {
    const char *rest = url;
    muni_status st;
    *out = NULL;
    if (!url || !*url)
        return muni__fail(MUNI_EINVAL, "url", "the name of the store is missing; give a file name", "保存先の名前がありません。ファイル名を指定してください");
    const muni__driver *drv = &muni__sqlite;
    if (begins(url, "postgres:", &rest) || begins(url, "postgresql:", &rest)) {
        if (strncmp(rest, "//", 2) != 0)
            return muni__fail(MUNI_EINVAL, "url", "an address of PostgreSQL begins with postgresql://", "PostgreSQLの接続先はpostgresql://で始めてください");
#ifdef MUNI_POSTGRESQL
        drv = &muni__postgresql;
        rest = url;
#else
        return muni__fail(MUNI_ENOTSUP, "url", "this build has no driver for PostgreSQL; give a file name",
                          "このビルドにはPostgreSQLのドライバーがありません。ファイル名を指定してください");
#endif
    }
    if (drv == &muni__sqlite && !begins(url, "sqlite:", &rest) && strstr(url, "://"))
        return muni__fail(MUNI_ENOTSUP, "url", "there is no driver for this kind of address; give a file name",
                          "この形式の保存先には対応していません。ファイル名を指定してください");
    if (!*rest)
        return muni__fail(MUNI_EINVAL, "url", "the file name after \"sqlite:\" is missing", "「sqlite:」の後のファイル名がありません");
    muni__store *s = muni__alloc(sizeof *s);
    if (!s)
        return MUNI_ENOMEM;
    s->drv = drv;
    s->process = muni__process();
    if (o)
        s->o = *o;
    bool memory = !strcmp(rest, ":memory:");
    if (memory)
        s->o.connections = 1;
    if (s->o.connections <= 0)
        s->o.connections = CONNECTIONS;
    if (s->o.connections > CONNECTIONS_MAX)
        s->o.connections = CONNECTIONS_MAX;
    if (s->o.wait_ms <= 0)
        s->o.wait_ms = WAIT_MS;
    s->info.driver = s->drv->name;
    st = muni__line_init(&s->line, s->o.connections);
    if (st < 0) {
        muni__free(s);
        return st;
    }
    if (pthread_mutex_init(&s->mutex, NULL)) {
        muni__line_end(&s->line);
        muni__free(s);
        return muni__nomem();
    }
    if (!memory && !(s->path = muni__strdup(rest))) {
        store_free(s);
        return MUNI_ENOMEM;
    }
    *out = s;
    return MUNI_OK;
}

/* What both ways of opening end with: a connection that works, and what the store says of itself. */
static muni_status finish(muni__store *s, bool upgrade) {
    muni__conn *c = s->idle;
    muni_status st = MUNI_OK;
    if (!c) {
        st = muni__conn_new(s, &c);
        if (st < 0)
            return st;
        s->idle = c;
    }
    return muni__schema_check(c, upgrade, &s->info);
}

muni_status muni__store_create_filled(const char *url, const muni__store_options *o, const muni__store_birth *b, muni_status (*fill)(void *user, muni__store *s), void *user,
                                      muni__store **out) {
    muni__store *s = NULL;
    muni_status st = store_new(url, o, &s);
    *out = NULL;
    if (st < 0)
        return st;
    MUNI_TRY(s->drv->create(s, b));
    MUNI_TRY(finish(s, false));
    if (fill)
        MUNI_TRY(fill(user, s));
    if (s->path) { /* the next connection opens it under its name */
        idle_free(s);
        MUNI_TRY(s->drv->publish(s));
        st = finish(s, false);
        s->unmake = st < 0;
    }
out:
    if (st < 0) {
        store_free(s);
        return st;
    }
    *out = s;
    return MUNI_OK;
}

muni_status muni__store_create(const char *url, const muni__store_options *o, const muni__store_birth *b, muni__store **out) {
    return muni__store_create_filled(url, o, b, NULL, NULL, out);
}

muni_status muni__store_open(const char *url, const muni__store_options *o, muni__store **out) {
    muni__store *s = NULL;
    muni_status st = store_new(url, o, &s);
    *out = NULL;
    if (st < 0)
        return st;
    st = s->drv->open(s);
    if (st >= 0)
        st = finish(s, s->o.upgrade);
    if (st < 0) {
        store_free(s);
        return st;
    }
    *out = s;
    return MUNI_OK;
}

void muni__store_close(muni__store *s) {
    store_free(s);
}

const muni__store_info *muni__store_info_of(const muni__store *s) {
    return &s->info;
}

/* ---- connections */

muni_status muni__conn_new(muni__store *s, muni__conn **out) {
    *out = NULL;
    muni__conn *c = muni__alloc(sizeof *c);
    if (!c)
        return MUNI_ENOMEM;
    c->store = s;
    c->drv = s->drv;
    muni_status st = s->drv->connect(s, c);
    if (st < 0) {
        muni__free(c);
        return st;
    }
    *out = c;
    return MUNI_OK;
}

static void stmt_free(muni__stmt *s, bool child) {
    s->c->drv->finalize(s->native, child);
    for (size_t i = 0; i < s->nsets; i++)
        muni__free(s->sets[i]);
    muni__free(s->sets);
    muni__free(s->sql);
    muni__free(s);
}

static void forget(muni__conn *c, bool child) {
    for (size_t i = 0; i < MUNI_COUNT(c->buckets); i++) {
        muni__stmt *s = c->buckets[i];
        while (s) {
            muni__stmt *next = s->chain;
            stmt_free(s, child);
            s = next;
        }
        c->buckets[i] = NULL;
    }
    c->idle_first = c->idle_last = c->out = NULL;
    c->idle_count = 0;
}

void muni__conn_forget(muni__conn *c) {
    forget(c, false);
}

void muni__conn_free(muni__conn *c) {
    if (!c)
        return;
    bool child = muni__store_forked(c->store);
    if (!child)
        muni__conn_rollback(c);
    forget(c, child);
    c->drv->disconnect(c, child);
    for (size_t i = 0; i < c->ncounters; i++)
        muni__free(c->counters[i].name);
    muni__free(c->counters);
    muni__free(c);
}

void muni__store_hurry(muni__store *s) {
    s->o.wait_ms = 0;
}

muni_status muni__store_borrow(muni__store *s, muni__conn **out) {
    *out = NULL;
    if (muni__store_forked(s))
        return forked();
    if (!muni__line_enter(&s->line, muni__deadline(s->o.wait_ms)))
        return muni__fail(MUNI_EBUSY, NULL, "all %d connections were in use for %d ms; try again, or allow more connections",
                          "%d本の接続が%dミリ秒の間すべて使用中でした。やり直すか、接続数を増やしてください", (int)s->o.connections, (int)s->o.wait_ms);
    pthread_mutex_lock(&s->mutex);
    muni__conn *c = s->idle;
    if (c)
        s->idle = c->next;
    pthread_mutex_unlock(&s->mutex);
    muni_status st = MUNI_OK;
    if (!c)
        st = muni__conn_new(s, &c);
    if (st < 0) {
        muni__line_leave(&s->line);
        return st;
    }
    c->next = NULL;
    *out = c;
    return MUNI_OK;
}

void muni__store_return(muni__store *s, muni__conn *c) {
    if (!c)
        return;
    if (muni__store_forked(s)) {
        muni__conn_free(c);
        return;
    }
    muni__conn_rollback(c);
    pthread_mutex_lock(&s->mutex);
    c->next = s->idle;
    s->idle = c;
    pthread_mutex_unlock(&s->mutex);
    muni__line_leave(&s->line);
}

/* ---- transactions */

/* However it ended: what belonged to it is forgotten, and statements still out are at their end. */
static void ended(muni__conn *c) {
    for (muni__stmt *s = c->out; s; s = s->next) {
        c->drv->reset(s->native);
        s->ended = true;
    }
    for (size_t i = 0; i < c->ncounters; i++)
        c->counters[i].loaded = c->counters[i].dirty = false;
    c->tx = c->write = c->lost = c->queued = false;
}

muni_status muni__conn_begin(muni__conn *c, bool write) {
    if (muni__store_forked(c->store))
        return forked();
    if (c->tx)
        return muni__fail(MUNI_EINTERNAL, NULL, "a transaction is open already on this connection", "この接続ではトランザクションがすでに始まっています");
    c->config_known = false;
    muni_status st = c->drv->begin(c, write);
    if (st < 0)
        return st;
    c->tx = true;
    c->write = write;
    c->lost = c->queued = c->clashed = false;
    c->doubt = (muni__doubt){ .history = 0 };
    return MUNI_OK;
}

static muni_status counters_save(muni__conn *c);

static muni_status lost(void) {
    return muni__fail(MUNI_EDOOMED, NULL, "the database has rolled the transaction back; roll it back here as well",
                      "データベースがトランザクションを取り消しました。こちらでも取り消してください");
}

muni_status muni__conn_commit(muni__conn *c) {
    muni_status st = MUNI_OK;
    if (muni__store_forked(c->store))
        return forked();
    if (!c->tx)
        return muni__fail(MUNI_EINTERNAL, NULL, "no transaction is open on this connection", "この接続ではトランザクションが始まっていません");
    if (c->lost)
        st = lost();
    if (st >= 0 && c->write)
        st = counters_save(c);
    if (st >= 0 && c->queued)
        st = muni__doc_flush_due(c);
    if (st >= 0) {
        for (muni__stmt *s = c->out; s; s = s->next)
            c->drv->reset(s->native);
        st = c->drv->commit(c);
    }
    if (st < 0) {
        muni__error e;
        muni__error_save(&e);
        muni__conn_rollback(c);
        muni__error_restore(&e);
        return st;
    }
    ended(c);
    return MUNI_OK;
}

void muni__conn_rollback(muni__conn *c) {
    if (!c->tx || muni__store_forked(c->store))
        return;
    for (muni__stmt *s = c->out; s; s = s->next)
        c->drv->reset(s->native);
    c->drv->rollback(c);
    ended(c);
}

bool muni__conn_clashed(const muni__conn *c) {
    return c->clashed;
}

void muni__conn_proof(muni__conn *c, int64_t history, const unsigned char *hash) {
    c->doubt.history = history;
    memcpy(c->doubt.hash, hash, sizeof c->doubt.hash);
}

muni__doubt muni__conn_doubt(const muni__conn *c) {
    return c->doubt;
}

bool muni__store_ask(const muni__store *s, const muni__doubt *d, bool *written) {
    return s->drv->ask && s->drv->ask(s, d, written);
}

muni_status muni__conn_pause(muni__conn *c) {
    return c->drv->pause ? c->drv->pause(c) : MUNI_OK;
}

bool muni__conn_in_tx(const muni__conn *c) {
    return c->tx;
}

/* ---- statements */

static void idle_remove(muni__conn *c, muni__stmt *s) {
    *(s->prev ? &s->prev->next : &c->idle_first) = s->next;
    *(s->next ? &s->next->prev : &c->idle_last) = s->prev;
    s->prev = s->next = NULL;
    c->idle_count--;
}

muni_status muni__sql(muni__conn *c, const char *sql, muni__stmt **out) {
    *out = NULL;
    if (muni__store_forked(c->store))
        return forked();
    if (c->lost)
        return lost();
    size_t n = strlen(sql);
    uint64_t hash = muni__text_hash(sql, n);
    muni__stmt **bucket = &c->buckets[hash % MUNI__STMT_BUCKETS], *s;
    for (s = *bucket; s; s = s->chain)
        if (s->hash == hash && s->n == n && s->idle && !memcmp(s->sql, sql, n))
            break;
    if (s) {
        idle_remove(c, s);
    } else {
        s = muni__alloc(sizeof *s);
        if (!s)
            return MUNI_ENOMEM;
        s->c = c;
        s->n = n;
        s->hash = hash;
        s->sql = muni__strndup(sql, n);
        muni_status st = s->sql ? c->drv->prepare(c, s->sql, n, &s->native, &s->writes) : MUNI_ENOMEM;
        if (st < 0) {
            muni__free(s->sql);
            muni__free(s);
            return st;
        }
        s->chain = *bucket;
        *bucket = s;
    }
    s->st = MUNI_OK;
    s->ended = s->idle = false;
    s->prev = NULL;
    s->next = c->out;
    if (c->out)
        c->out->prev = s;
    c->out = s;
    *out = s;
    return MUNI_OK;
}

static void bind(muni__stmt *s, int i, int type, int64_t v, const void *p, size_t n) {
    if (s->st >= 0)
        s->st = s->c->drv->bind(s, i, type, v, p, n);
}

void muni__bind_null(muni__stmt *s, int i) {
    bind(s, i, MUNI__BIND_NULL, 0, NULL, 0);
}

void muni__bind_int(muni__stmt *s, int i, int64_t v) {
    bind(s, i, MUNI__BIND_INT, v, NULL, 0);
}

void muni__bind_text(muni__stmt *s, int i, const char *p, size_t n) {
    bind(s, i, p ? MUNI__BIND_TEXT : MUNI__BIND_NULL, 0, p, n);
}

void muni__bind_blob(muni__stmt *s, int i, const void *p, size_t n) {
    bind(s, i, p ? MUNI__BIND_BLOB : MUNI__BIND_NULL, 0, p, n);
}

void muni__bind_set(muni__stmt *s, int i, const int64_t *ids, size_t n) {
    muni__buf b = MUNI_BUF_INIT(0);
    char *text;
    size_t len;
    if (s->st < 0)
        return;
    muni__buf_putc(&b, s->c->drv->set[0]);
    for (size_t k = 0; k < n; k++) {
        if (k)
            muni__buf_putc(&b, ',');
        muni__buf_int(&b, ids[k]);
    }
    muni__buf_putc(&b, s->c->drv->set[1]);
    s->st = muni__buf_take(&b, &text, &len);
    if (s->st < 0)
        return;
    s->st = muni__grow(&s->sets, &s->sets_cap, s->nsets + 1, sizeof *s->sets);
    if (s->st < 0) {
        muni__free(text);
        return;
    }
    s->sets[s->nsets++] = text;
    bind(s, i, MUNI__BIND_LITERAL, 0, text, len);
}

void muni__bind_literal(muni__stmt *s, int i, const char *text) {
    bind(s, i, MUNI__BIND_LITERAL, 0, text, strlen(text));
}

void muni__sql_set(muni__buf *sql, int param) {
    muni__buf_printf(sql, "IN (SELECT \"value\" FROM json_each(?%d))", param);
}

void muni__many(muni__stmt *s) {
    if (s->c->drv->many)
        s->c->drv->many(s);
}

/* Whether it may be run at all. */
static muni_status runs(muni__stmt *s) {
    if (s->c->lost)
        return lost();
    if (s->writes && !s->c->write)
        return muni__fail(MUNI_EINTERNAL, NULL, "a statement writes outside a write transaction", "書込みトランザクションの外で書き込もうとしました");
    return MUNI_OK;
}

/* It is at its end, or ran without its end being waited for. */
static muni_status over(muni__stmt *s, muni_status st) {
    muni__conn *c = s->c;
    s->ended = true;
    if (st < 0) {
        s->st = st;
        c->drv->reset(s->native);
        if (c->tx && !c->drv->alive(c))
            c->lost = true;
    }
    return st;
}

muni_status muni__step(muni__stmt *s) {
    if (s->st < 0) /* the record may be another's by now */
        return muni__leave(s->st);
    if (s->ended)
        return MUNI_OK;
    if ((s->st = runs(s)) < 0)
        return s->st;
    muni_status st = s->c->drv->step(s);
    return st == MUNI_ROW ? st : over(s, st);
}

void muni__send(muni__stmt *s) {
    if (s->st < 0 || !s->c->drv->send || (s->st = runs(s)) < 0)
        return;
    muni_status st = s->c->drv->send(s, true);
    if (st < 0)
        (void)over(s, st);
}

muni_status muni__step_later(muni__stmt *s) {
    if (s->st < 0 || !s->c->drv->send)
        return muni__step(s);
    if ((s->st = runs(s)) < 0)
        return s->st;
    return over(s, s->c->drv->send(s, false));
}

int64_t muni__col_int(muni__stmt *s, int i) {
    int64_t v;
    (void)s->c->drv->col_int(s->native, i, &v);
    return v;
}

bool muni__col_number(muni__stmt *s, int i, int64_t *v) {
    return s->c->drv->col_int(s->native, i, v);
}

const char *muni__col_text(muni__stmt *s, int i, size_t *n) {
    size_t ignored;
    return s->c->drv->col_text(s->native, i, n ? n : &ignored);
}

const void *muni__col_blob(muni__stmt *s, int i, size_t *n) {
    size_t ignored;
    return s->c->drv->col_blob(s->native, i, n ? n : &ignored);
}

bool muni__col_null(muni__stmt *s, int i) {
    return s->c->drv->col_null(s->native, i);
}

void muni__done(muni__stmt *s) {
    if (!s || muni__store_forked(s->c->store))
        return;
    muni__conn *c = s->c;
    c->drv->reset(s->native);
    for (size_t i = 0; i < s->nsets; i++)
        muni__free(s->sets[i]);
    s->nsets = 0;
    *(s->prev ? &s->prev->next : &c->out) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    s->prev = NULL;
    s->next = c->idle_first;
    *(s->next ? &s->next->prev : &c->idle_last) = s;
    c->idle_first = s;
    s->idle = true;
    if (++c->idle_count <= MUNI__STMT_IDLE)
        return;
    muni__stmt *old = c->idle_last, **at = &c->buckets[old->hash % MUNI__STMT_BUCKETS];
    idle_remove(c, old);
    while (*at != old)
        at = &(*at)->chain;
    *at = old->chain;
    stmt_free(old, false);
}

int64_t muni__conn_changes(muni__conn *c) {
    return c->drv->changes(c);
}

muni_status muni__run(muni__conn *c, const char *sql) {
    muni__stmt *s;
    muni_status st = muni__sql(c, sql, &s);
    if (st < 0)
        return st;
    while ((st = muni__step(s)) == MUNI_ROW) {
    }
    muni__done(s);
    return st;
}

const char *muni__conn_conflict(const muni__conn *c) {
    return c->conflict;
}

/* ---- counters and meta */

/* The row of a sequence in memory; `load`ed from the table if it is not there. */
static muni_status counter_get(muni__conn *c, const char *name, muni__counter **out) {
    muni_status st;
    size_t i = 0;
    *out = NULL;
    while (i < c->ncounters && strcmp(c->counters[i].name, name) != 0)
        i++;
    if (i == c->ncounters) {
        /* those of earlier transactions make room, so that the list stays short */
        for (i = 0; i < c->ncounters && (c->ncounters < 64 || c->counters[i].loaded); i++) {
        }
        char *copy = muni__strdup(name);
        if (!copy)
            return MUNI_ENOMEM;
        if (i == c->ncounters) {
            st = muni__grow(&c->counters, &c->counters_cap, i + 1, sizeof *c->counters);
            if (st < 0) {
                muni__free(copy);
                return st;
            }
            c->ncounters++;
        } else {
            muni__free(c->counters[i].name);
        }
        c->counters[i] = (muni__counter){ copy, 0, false, false };
    }
    muni__counter *k = &c->counters[i];
    if (!k->loaded) {
        muni__stmt *s;
        st = muni__sql(c, "SELECT \"value\" FROM \"m_seq\" WHERE \"name\" = ?1", &s);
        if (st < 0)
            return st;
        muni__bind_text(s, 1, name, strlen(name));
        st = muni__step(s);
        k->value = st == MUNI_ROW ? muni__col_int(s, 0) : 0;
        muni__done(s);
        if (st < 0)
            return st;
        k->loaded = c->write;
        k->dirty = false;
    }
    *out = k;
    return MUNI_OK;
}

static muni_status take(muni__conn *c, const char *sequence, int64_t count, int64_t above, int64_t *first) {
    muni__counter *k;
    *first = 0;
    if (!c->write)
        return muni__fail(MUNI_EINTERNAL, NULL, "a number was asked for outside a write transaction", "書込みトランザクションの外で番号を取ろうとしました");
    if (count < 1)
        return muni__fail(MUNI_EINTERNAL, NULL, "a number must be taken at least once", "番号は1つ以上取る必要があります");
    muni_status st = MUNI_OK;
    bool mine = false;
    if (c->drv->take)
        st = c->drv->take(c, sequence, count, above, first, &mine);
    if (st >= 0 && !mine)
        st = counter_get(c, sequence, &k);
    if (st < 0 || mine)
        return st;
    if (k->value < 0)
        return muni__fail(MUNI_ECORRUPT, NULL, "the sequence \"%s\" is negative", "連番「%s」が負の値です", sequence);
    if (count > COUNTER_MAX || k->value > COUNTER_MAX - count)
        return muni__fail(MUNI_ELIMIT, NULL, "the sequence \"%s\" has no numbers left", "連番「%s」に残りの番号がありません", sequence);
    *first = k->value + 1;
    k->value += count;
    k->dirty = true;
    return MUNI_OK;
}

muni_status muni__conn_take(muni__conn *c, const char *sequence, int64_t count, int64_t *first) {
    return take(c, sequence, count, 0, first);
}

muni_status muni__conn_take_above(muni__conn *c, const char *sequence, int64_t above, int64_t *out) {
    return take(c, sequence, 1, above, out);
}

muni_status muni__conn_last(muni__conn *c, const char *sequence, int64_t *out) {
    muni__counter *k;
    muni_status st = MUNI_OK;
    bool mine = false;
    *out = 0;
    if (c->drv->last)
        st = c->drv->last(c, sequence, out, &mine);
    if (st < 0 || mine)
        return st;
    st = counter_get(c, sequence, &k);
    *out = st < 0 ? 0 : k->value;
    return st;
}

muni_status muni__conn_reach(muni__conn *c, const char *sequence, int64_t to) {
    int64_t last;
    bool mine = false;
    muni_status st = c->drv->reach ? c->drv->reach(c, sequence, to, &mine) : MUNI_OK;
    if (st < 0 || mine)
        return st;
    st = muni__conn_last(c, sequence, &last);
    return st < 0 || last >= to ? st : muni__conn_take(c, sequence, to - last, &last);
}

muni_status muni__conn_same(muni__conn *a, muni__conn *b, bool *out) {
    *out = false;
    return a->drv == b->drv ? a->drv->same(a, b, out) : MUNI_OK;
}

bool muni__conn_beside(const muni__conn *c) {
    return c->drv->take != NULL;
}

muni_status muni__conn_gaps(muni__conn *c, int64_t *upto) {
    char *text = NULL;
    muni_status st = MUNI_OK;
    *upto = INT64_MAX;
    if (muni__conn_beside(c))
        return MUNI_OK;
    st = muni__conn_meta_get(c, "gaps", &text);
    *upto = text ? (int64_t)strtoll(text, NULL, 10) : 0;
    muni__free(text);
    return st;
}

const char *muni__store_lock(const muni__store *s) {
    return s->drv->lock ? s->drv->lock : "";
}

/* Others may have gone on counting until the lock was ours. */
static void counters_stale(muni__conn *c) {
    c->config_known = false;
    for (size_t i = 0; i < c->ncounters; i++)
        c->counters[i].loaded &= c->counters[i].dirty;
}

muni_status muni__conn_rule(muni__conn *c, const char *name) {
    if (!c->drv->rule || !c->write)
        return MUNI_OK;
    muni_status st = c->drv->rule(c, name);
    counters_stale(c);
    return st;
}

muni_status muni__conn_settled(muni__conn *c, int64_t *upto) {
    if (!c->drv->settled)
        return muni__conn_last(c, "history", upto);
    muni_status st = c->drv->settled(c, upto);
    counters_stale(c);
    return st;
}

static muni_status counters_save(muni__conn *c) {
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < c->ncounters && st >= 0; i++) {
        muni__counter *k = &c->counters[i];
        for (int pass = 0; k->dirty && pass < 2 && st >= 0; pass++) {
            muni__stmt *s;
            st = muni__sql(c, pass ? "INSERT INTO \"m_seq\"(\"name\", \"value\") VALUES(?1, ?2)"
                                   : "UPDATE \"m_seq\" SET \"value\" = ?2 WHERE \"name\" = ?1", &s);
            if (st < 0)
                break;
            muni__bind_text(s, 1, k->name, strlen(k->name));
            muni__bind_int(s, 2, k->value);
            st = muni__step(s);
            if (st >= 0 && (pass || muni__conn_changes(c)))
                k->dirty = false;
            muni__done(s);
        }
    }
    return st;
}

muni_status muni__conn_config(muni__conn *c, int64_t *out) {
    muni_status st = MUNI_OK;
    if (!c->config_known)
        st = muni__conn_last(c, "config", &c->config);
    if (st >= 0 && !c->config_known) {
        c->config_known = muni__conn_beside(c);
        c->config_at = muni__monotonic();
    }
    *out = c->config + (__atomic_load_n(&c->store->epoch, __ATOMIC_RELAXED) << 40);
    return st;
}

void muni__conn_config_age(muni__conn *c) {
    if (muni__conn_beside(c) && c->config_known && muni__monotonic() - c->config_at > CONFIG_AGE)
        counters_stale(c);
}

muni_status muni__conn_config_bump(muni__conn *c) {
    int64_t ignored;
    c->config_known = false;
    return muni__conn_take(c, "config", 1, &ignored);
}

muni_status muni__conn_meta_get(muni__conn *c, const char *key, char **out) {
    muni__stmt *s;
    *out = NULL;
    muni_status st = muni__sql(c, "SELECT \"value\" FROM \"m_meta\" WHERE \"key\" = ?1", &s);
    if (st < 0)
        return st;
    muni__bind_text(s, 1, key, strlen(key));
    st = muni__step(s);
    if (st == MUNI_ROW) {
        size_t n;
        const char *p = muni__col_text(s, 0, &n);
        st = MUNI_OK;
        if (p && !(*out = muni__strndup(p, n)))
            st = MUNI_ENOMEM;
    }
    muni__done(s);
    return st;
}

muni_status muni__conn_meta_set(muni__conn *c, const char *key, const char *value) {
    muni__stmt *s;
    muni_status st = muni__sql(c, value ? "INSERT INTO \"m_meta\"(\"key\", \"value\") VALUES(?1, ?2) ON CONFLICT(\"key\") DO UPDATE SET \"value\" = excluded.\"value\""
                                        : "DELETE FROM \"m_meta\" WHERE \"key\" = ?1", &s);
    if (st < 0)
        return st;
    muni__bind_text(s, 1, key, strlen(key));
    if (value)
        muni__bind_text(s, 2, value, strlen(value));
    st = muni__step(s);
    muni__done(s);
    return st;
}

/* ---- the file */

muni_status muni__store_inspect(muni__conn *c, muni_status (*each)(void *user, const char *index, const char *said), void *user) {
    return c->drv->inspect(c, each, user);
}

muni_status muni__store_rebuild(muni__conn *c, const char *index) {
    return c->drv->rebuild(c, index);
}

muni_status muni__store_size(muni__conn *c, int64_t *bytes, int64_t *free_bytes) {
    return c->drv->size(c, bytes, free_bytes);
}

muni_status muni__store_usage(muni__conn *c, muni_status (*each)(void *user, const char *name, const char *table, int64_t bytes), void *user) {
    return c->drv->usage(c, each, user);
}

muni_status muni__store_vacuum(muni__conn *c) {
    if (muni__store_forked(c->store))
        return forked();
    if (c->tx)
        return muni__fail(MUNI_EINTERNAL, NULL, "a transaction is open already on this connection", "この接続ではトランザクションがすでに始まっています");
    return c->drv->vacuum(c);
}
