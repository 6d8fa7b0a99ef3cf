/* The driver for PostgreSQL.
 *
 * A store is a schema of a database: municipal, or the one that the address names with schema=…. Who makes a store needs the right to CREATE in the
 * database. It is made under another name first, which it loses when it is whole.
 *
 * The house writes the SQL that SQLite understands; what is said otherwise here is changed when a statement is prepared (see translate), and the
 * types of columns when a table is made. Numbers are bigint, texts sort by bytes (COLLATE "C"). Each table and index keeps the words it was made
 * with as its comment, which is what an upgrade compares.
 *
 * Writers work beside each other: ids come from sequences, numbers from transactions of their own, a record that is changed is locked, and so is a rule over
 * several records, by its name. All of them hold the writers' lock together; who gets it alone knows that there are no others. */
#include "store/postgresql.h"

#include "core/hash.h"
#include "store/libpq.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define SERVER_LEAST 130000
#define SCHEMA "municipal"
#define CONFIG "coalesce((SELECT \"value\" FROM \"m_seq\" WHERE \"name\" = 'config'), 0)"
#define NEVER_CAME "22023"   /* what the server says of a transaction of the future */
#define BOOLEAN 16           /* the number of that type */
#define FETCH 200            /* rows of a piece */
#define LOAD_BYTES 65536     /* of rows sent at once */
#define REFUSAL_MS 2000      /* to be told why a server refused us */
#define AGAIN_NS 100000000   /* between two tries to reach it again */
#define AHEAD 64             /* statements whose answers are not waited for */

typedef struct impl {
    char *address;   /* what was given, without what is ours */
    char schema[64]; /* of the store */
    char making[80]; /* while it is being made: its schema until then */
    int64_t key;     /* of the writers' lock */
    /* numbers are taken in transactions of their own, on a connection of their own */
    pthread_mutex_t mutex;
    PGconn *side;
} impl;

#define BLOCK 64             /* values of a sequence taken at once, at most … */
#define SINGLY 16            /* … when so many were taken one by one: what a transaction does not use is lost */
#define NUMBERS 8            /* numbering rules of which a transaction keeps some */

/* Values of the sequences of ids and of history that the transaction has and has not used. */
typedef struct taken {
    int64_t list[BLOCK];
    int at, n, times; /* that it has taken some */
} taken;
typedef struct numbers {
    char name[160];
    int64_t at, end;
    int times;
} numbers;

typedef struct link {
    PGconn *pg;
    muni__buf waste; /* SQL that lets go of what is not needed any more: said at the next beginning */
    int32_t wait_ms; /* what the server knows of it */
    int64_t names;   /* given to statements so far */
    int64_t changes;
    char xid[24];    /* of the transaction that writes */
    bool ready;      /* it has the statements with which transactions begin */
    muni__buf load;  /* rows of a COPY that were not sent yet */
    int ahead;       /* statements that were sent, and whose answers are to come … */
    struct statement *asked[AHEAD]; /* … for these; NULL: for nobody */
    bool parted[AHEAD]; /* the server was told that it need not expect more at once behind this one */
    PGresult *owed;  /* the first of them that failed, and nobody knows it yet */
    bool broken;     /* it was lost in the middle of them */
    taken taken[2];
    numbers numbers[NUMBERS];
    size_t nnumbers;
} link_;

typedef struct param {
    const char *p;
    size_t n;
    bool binary;
    char number[24];
} param;

typedef struct statement {
    link_ *l;
    int64_t name;
    bool many;          /* its rows come by a cursor */
    char *sql;          /* as the server wants it */
    int count;          /* of parameters */
    param *params;
    const char **values;
    int *lengths, *formats;
    PGresult *res;
    int at, have;
    bool ran, open;     /* the cursor is */
    bool sent;          /* its answer is not looked at yet */
    uint64_t decoded;   /* columns of the row, each a bit */
} statement;

static link_ *link_of(const muni__conn *c) {
    return c->link;
}

/* ---- errors */

static muni_status no_link(const char *said) {
    size_t n = said ? strcspn(said, "\n") : 0;
    muni__buf b = MUNI_BUF_INIT(400);
    if (n)
        muni__buf_put(&b, said, n);
    muni_status st = muni__fail(MUNI_EIO, NULL, "the server of the store could not be reached, or the connection was lost (%s); check that it runs, and try again",
                                "保存先のサーバーに接続できないか、接続が切れました（%s）。サーバーを確認して、やり直してください", b.p ? b.p : "");
    muni__buf_free(&b);
    return st;
}

/* What the server means by a code. `c` may be NULL; `said` is its sentence, `name` what refused. */
static muni_status fail_state(muni__conn *c, const char *state, const char *said, const char *name) {
    char field[64] = "";
    static const struct {
        const char *state; /* its beginning */
        muni_status code;
        const char *en, *ja;
    } known[] = {
        { "28", MUNI_EAUTH, "the server refused the account or its password; check the address, PGPASSFILE and pg_hba.conf",
          "サーバーがアカウントまたはパスワードを拒否しました。接続先、PGPASSFILE、pg_hba.confを確認してください" },
        { "3D000", MUNI_ENOTFOUND, "the server has no such database; make it with CREATE DATABASE … ENCODING 'UTF8'",
          "そのデータベースはありません。CREATE DATABASE … ENCODING 'UTF8'で作ってください" },
        { "42501", MUNI_EREADONLY, "the account lacks a right on the store's schema; to make a store it needs GRANT CREATE ON DATABASE, to use one those of its owner",
          "保存先のスキーマに対する権限がありません。作成にはGRANT CREATE ON DATABASE、利用には所有者の権限が必要です" },
        { "25006", MUNI_EREADONLY, "the server only reads (a standby?); give the address of the primary, or target_session_attrs=read-write",
          "サーバーは読み取り専用です（スタンバイ？）。プライマリの接続先か、target_session_attrs=read-writeを指定してください" },
        { "53100", MUNI_EFULL, "no room is left on the server's disk; make room and try again", "サーバーのディスクに空きがありません。空きを作ってからやり直してください" },
        { "53300", MUNI_EBUSY, "the server has no connection left; try again, or raise max_connections", "サーバーの接続数が上限です。やり直すか、max_connectionsを増やしてください" },
        { "53200", MUNI_ENOMEM, "the server has no memory left", "サーバーのメモリが足りません" },
        { "55P03", MUNI_EBUSY, "others kept the store locked; try again, or wait longer", "保存先が他の書込みで使用中でした。やり直すか、待ち時間を延ばしてください" },
        { "25P02", MUNI_EDOOMED, "the database has rolled the transaction back; roll it back here as well",
          "データベースがトランザクションを取り消しました。こちらでも取り消してください" },
        { "40", MUNI_EBUSY, "others changed the same at the same time; try again", "同じ対象が同時に変更されました。やり直してください" },
        { "57014", MUNI_EBUSY, "the server ended a statement that took longer than its statement_timeout; raise it, or ask for less",
          "statement_timeoutを超えたため、サーバーが処理を打ち切りました。上限を上げるか、対象を減らしてください" },
        { "54", MUNI_ELIMIT, "a value is too long for the store", "値が長すぎて保存できません" },
    };
    static const struct {
        const char *state;
        muni_status code;
    } spoken[] = { { "57P", MUNI_EIO }, { "08", MUNI_EIO }, { "58", MUNI_EIO }, { "XX001", MUNI_ECORRUPT }, { "XX002", MUNI_ECORRUPT } };
    if (c && !strncmp(state, "40", 2))
        c->clashed = true;
    if (c && !strcmp(state, "23505")) {
        muni__schema_conflict_index(name ? name : "", field, sizeof field);
        (void)snprintf(c->conflict, sizeof c->conflict, "%s", name ? name : "");
        return muni__fail(MUNI_EUNIQUE, field, "the value exists already (%s); use another", "同じ値がすでにあります（%s）。別の値にしてください", c->conflict);
    }
    for (size_t i = 0; i < MUNI_COUNT(known); i++)
        if (!strncmp(state, known[i].state, strlen(known[i].state)))
            return muni__fail(known[i].code, NULL, "%1$s%2$.0s", "%1$.0s%2$s", known[i].en, known[i].ja);
    for (size_t i = 0; i < MUNI_COUNT(spoken); i++)
        if (!strncmp(state, spoken[i].state, strlen(spoken[i].state)))
            return muni__fail(spoken[i].code, NULL, "the server said: %s (%s); look into its log", "サーバーの応答: %s（%s）。サーバーのログを確認してください", said, state);
    return muni__fail(MUNI_EINTERNAL, NULL, "the database said: %s (code %s)", "データベースの応答: %s（コード%s）", said, state);
}

static muni_status fail(muni__conn *c, PGconn *pg, const PGresult *r) {
    const char *state = r ? muni__pq->resultErrorField(r, PG_DIAG_SQLSTATE) : NULL, *said = r ? muni__pq->resultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!state || (muni__pq->status(pg) == CONNECTION_BAD && strncmp(state, "57P", 3) != 0))
        return no_link(muni__pq->errorMessage(pg));
    return fail_state(c, state, said ? said : "", muni__pq->resultErrorField(r, PG_DIAG_CONSTRAINT_NAME));
}

/* ---- statements ahead: sent behind each other, their answers taken in with that of the next one that is waited for */

/* The last answer to one statement. */
static PGresult *answer(PGconn *pg) {
    PGresult *r = NULL;
    for (PGresult *next; (next = muni__pq->getResult(pg)); r = next)
        muni__pq->clear(r);
    return r;
}

/* Take in what is to come: the answers of those ahead, and that of one more behind them, which is returned. */
static PGresult *collect(link_ *l, bool own) {
    PGresult *r = NULL;
    bool part = own || !l->parted[l->ahead - 1], sent = !part || muni__pq->pipelineSync(l->pg) == 1;
    for (int i = 0; i < l->ahead; i++) {
        PGresult *got = sent ? answer(l->pg) : NULL;
        ExecStatusType is = muni__pq->resultStatus(got); /* of NULL: an error */
        if (l->asked[i] && is == PGRES_TUPLES_OK)
            l->asked[i]->res = got;
        else if (!l->owed && got && is != PGRES_COMMAND_OK && is != PGRES_TUPLES_OK && (int)is != MUNI__LIBPQ_ABORTED)
            l->owed = got;
        else
            muni__pq->clear(got);
        if (sent && l->parted[i])
            muni__pq->clear(muni__pq->getResult(l->pg)); /* that it is in step */
    }
    l->ahead = 0;
    if (sent && own)
        r = answer(l->pg);
    if (sent && part)
        muni__pq->clear(muni__pq->getResult(l->pg));
    l->broken |= muni__pq->exitPipelineMode(l->pg) != 1;
    return r;
}

/* The same where nothing is behind them, or nothing is there. What they met is told by what comes next. */
static void drain(link_ *l) {
    if (l->ahead)
        muni__pq->clear(collect(l, false));
}

static bool gone(const link_ *l) {
    return l->broken || muni__pq->status(l->pg) != CONNECTION_OK;
}

/* What one of those ahead met. */
static muni_status owed(muni__conn *c) {
    link_ *l = link_of(c);
    if (!l->owed)
        return MUNI_OK;
    const char *table = muni__pq->resultErrorField(l->owed, PG_DIAG_TABLE_NAME);
    muni_status st = fail(c, l->pg, l->owed);
    if (st == MUNI_EUNIQUE && (!table || strncmp(table, "k_", 2) != 0)) /* nobody chose those keys */
        st = muni__fail(MUNI_ECORRUPT, NULL, "the store has a row already that is only now to be written (%s); run municipal check", "これから書く行がすでに存在します（%s）。municipal checkを実行してください",
                        c->conflict);
    muni__pq->clear(l->owed);
    l->owed = NULL;
    return st;
}

/* Nothing is ahead any more. */
static muni_status settle(muni__conn *c) {
    link_ *l = link_of(c);
    drain(l);
    if (l->broken && !l->owed)
        return no_link(muni__pq->errorMessage(l->pg));
    return owed(c);
}

/* Who is not asked anything for a while shall know it: a session that only waits can be seen, and ended. Nothing is waited for here. */
static muni_status pg_pause(muni__conn *c) {
    link_ *l = link_of(c);
    if (!l->ahead || l->parted[l->ahead - 1])
        return MUNI_OK;
    if (muni__pq->pipelineSync(l->pg) != 1)
        return no_link(muni__pq->errorMessage(l->pg));
    l->parted[l->ahead - 1] = true;
    return MUNI_OK;
}

/* One or several statements without parameters; `*out` (may be NULL) gets the last answer. */
static muni_status say(muni__conn *c, PGconn *pg, const char *sql, PGresult **out) {
    muni_status st = c ? settle(c) : MUNI_OK;
    if (st < 0)
        return st;
    PGresult *r = muni__pq->exec(pg, sql);
    ExecStatusType is = muni__pq->resultStatus(r);
    st = is == PGRES_COMMAND_OK || is == PGRES_TUPLES_OK ? MUNI_OK : fail(c, pg, r);
    if (out && st >= 0)
        *out = r;
    else
        muni__pq->clear(r);
    return st;
}

/* ---- the address */

static muni_status take_schema(impl *m, const char *p, size_t n) {
    bool good = n > 0 && n < sizeof m->schema && (n < 3 || memcmp(p, "pg_", 3) != 0) && !(*p >= '0' && *p <= '9');
    for (size_t i = 0; i < n; i++)
        good = good && ((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9') || p[i] == '_');
    if (!good)
        return muni__fail(MUNI_EINVAL, "url", "schema= names a schema: small letters, digits and _, at most 63, not beginning with a digit or pg_",
                          "schema=のスキーマ名は英小文字・数字・_の63文字以内で、数字やpg_で始まらないものです");
    memcpy(m->schema, p, n);
    m->schema[n] = '\0';
    return MUNI_OK;
}

/* The number of a named lock of the store. */
static int64_t key_of(const impl *m, const char *name) {
    muni__sha h;
    unsigned char digest[MUNI__HASH];
    uint64_t key = 0;
    muni__sha_init(&h);
    muni__sha_add(&h, "municipal ", 10);
    muni__sha_add(&h, m->schema, strlen(m->schema) + 1);
    muni__sha_add(&h, name, strlen(name));
    muni__sha_end(&h, digest);
    for (int i = 0; i < 8; i++)
        key = key << 8 | digest[i];
    return (int64_t)key;
}

static muni_status impl_new(muni__store *s) {
    static const char ours[] = "schema=";
    muni__buf b = MUNI_BUF_INIT(8192);
    muni_status st = MUNI_OK;
    impl *m = s->impl;
    if (m)
        return MUNI_OK;
    if ((st = muni__libpq_load()) < 0)
        return st;
    if (!(m = muni__alloc(sizeof *m)))
        return MUNI_ENOMEM;
    if (pthread_mutex_init(&m->mutex, NULL)) {
        muni__free(m);
        return muni__nomem();
    }
    s->impl = m;
    memcpy(m->schema, SCHEMA, sizeof SCHEMA);
    size_t n = strcspn(s->path, "?");
    muni__buf_put(&b, s->path, n);
    char before = '?';
    for (const char *p = s->path + n; *p; p += n) {
        p++;
        n = strcspn(p, "&");
        if (!strncmp(p, ours, sizeof ours - 1)) {
            MUNI_TRY(take_schema(m, p + sizeof ours - 1, n - (sizeof ours - 1)));
            continue;
        }
        muni__buf_putc(&b, before);
        muni__buf_put(&b, p, n);
        before = '&';
    }
    MUNI_TRY(muni__buf_take(&b, &m->address, NULL));
    m->key = key_of(m, "writers");
out:
    muni__buf_free(&b);
    return st;
}

/* ---- connections */

static void quiet(void *user, const char *message) {
    (void)user, (void)message;
}

/* Why were we refused? libpq's own way of connecting keeps the code to itself: ask once more, in the way that tells. */
static muni_status refused(const char *const *keys, const char *const *values, const char *said) {
    int64_t deadline = muni__deadline(REFUSAL_MS);
    PGconn *pg = muni__pq->connectStartParams(keys, values, 1);
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    char state[6] = "";
    if (pg) {
        (void)muni__pq->setErrorVerbosity(pg, PQERRORS_VERBOSE);
        while (muni__pq->status(pg) != CONNECTION_BAD && next != PGRES_POLLING_FAILED && next != PGRES_POLLING_OK && muni__monotonic() < deadline) {
            struct pollfd f = { .fd = muni__pq->socket(pg), .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT };
            (void)poll(&f, 1, 100);
            if (f.revents)
                next = muni__pq->connectPoll(pg);
        }
        for (const char *p = muni__pq->errorMessage(pg); (p = strchr(p, ':')); p++) /* "FATAL:  28P01: …", whatever the first word is in the server's language */
            if (strspn(p + 1, " ") == 2 && strspn(p + 3, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 5 && p[8] == ':') {
                memcpy(state, p + 3, 5);
                break;
            }
        muni__pq->finish(pg);
    }
    return *state ? fail_state(NULL, state, said, NULL) : no_link(said);
}

static muni_status check_server(PGconn *pg) {
    const char *encoding = muni__pq->parameterStatus(pg, "server_encoding");
    int version = muni__pq->serverVersion(pg);
    if (version < SERVER_LEAST)
        return muni__fail(MUNI_ENOTSUP, "url", "the server is PostgreSQL %d; 13 or newer is needed", "サーバーはPostgreSQL %dです。13以降が必要です", version / 10000);
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return muni__fail(MUNI_ENOTSUP, "url", "the database is encoded in %s; make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
                          "データベースの文字コードが%sです。CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0で作ってください", encoding ? encoding : "?");
    return MUNI_OK;
}

static muni_status dial(const muni__store *s, PGconn **out) {
    const impl *m = s->impl;
    const char *const keys[] = { "connect_timeout", "fallback_application_name", "dbname", "client_encoding", NULL };
    const char *const values[] = { "10", "libmunicipal", m->address, "UTF8", NULL };
    muni__buf sql = MUNI_BUF_INIT(1000);
    muni_status st;
    *out = NULL;
    PGconn *pg = muni__pq->connectdbParams(keys, values, 1);
    if (!pg)
        return muni__nomem();
    if (muni__pq->status(pg) != CONNECTION_OK) {
        st = refused(keys, values, muni__pq->errorMessage(pg));
        goto out;
    }
    (void)muni__pq->setNoticeProcessor(pg, quiet, NULL);
    MUNI_TRY(check_server(pg));
    muni__buf_printf(&sql, "SET search_path TO \"%s\", pg_temp; SET jit TO off; SET bytea_output TO hex; SET standard_conforming_strings TO on", *m->making ? m->making : m->schema);
    if (s->o.synchronous == 1)
        muni__buf_puts(&sql, "; SET synchronous_commit TO off");
    MUNI_TRY(sql.st);
    MUNI_TRY(say(NULL, pg, sql.p, NULL));
    *out = pg;
    pg = NULL;
out:
    muni__buf_free(&sql);
    muni__pq->finish(pg);
    return st;
}

/* Is there a store in the schema? */
static muni_status find_store(const muni__store *s, PGconn *pg, bool *out) {
    const impl *m = s->impl;
    PGresult *r = NULL;
    char sql[200];
    (void)snprintf(sql, sizeof sql, "SELECT to_regclass('\"%s\".m_meta') IS NOT NULL", m->schema);
    muni_status st = say(NULL, pg, sql, &r);
    *out = st >= 0 && muni__pq->ntuples(r) == 1 && *muni__pq->getvalue(r, 0, 0) == 't';
    muni__pq->clear(r);
    return st;
}

static muni_status pg_connect(muni__store *s, muni__conn *c) {
    impl *m = s->impl;
    muni_status st;
    link_ *l = muni__alloc(sizeof *l);
    if (!l)
        return MUNI_ENOMEM;
    l->waste = (muni__buf)MUNI_BUF_INIT(0);
    l->load = (muni__buf)MUNI_BUF_INIT(0);
    bool there = true;
    st = dial(s, &l->pg);
    if (st >= 0 && !*m->making)
        st = find_store(s, l->pg, &there);
    if (st >= 0 && !there)
        st = muni__fail(MUNI_ENOTFOUND, "url", "the database has no store in the schema \"%s\"; make one, or name its schema with schema=…",
                        "データベースのスキーマ「%s」に保存先がありません。作成するか、schema=…で指定してください", m->schema);
    if (st < 0) {
        muni__pq->finish(l->pg);
        muni__free(l);
        return st;
    }
    c->link = l;
    return MUNI_OK;
}

static void pg_disconnect(muni__conn *c, bool forked) {
    link_ *l = link_of(c);
    if (!l)
        return;
    if (!forked)
        muni__pq->finish(l->pg); /* in a child it would end the parent's connection */
    muni__buf_free(&l->waste);
    muni__buf_free(&l->load);
    muni__pq->clear(l->owed);
    muni__free(l);
    c->link = NULL;
}

/* A new connection in place of one that is gone; its statements are forgotten. */
static muni_status redial(muni__conn *c) {
    link_ *l = link_of(c);
    PGconn *pg;
    muni__conn_forget(c);
    muni_status st = dial(c->store, &pg);
    if (st < 0)
        return st;
    (void)__atomic_add_fetch(&c->store->epoch, 1, __ATOMIC_RELAXED);
    muni__pq->finish(l->pg);
    l->pg = pg;
    l->wait_ms = 0;
    l->ready = false;
    l->ahead = 0;
    l->broken = false;
    muni__pq->clear(l->owed);
    l->owed = NULL;
    muni__buf_clear(&l->waste);
    return MUNI_OK;
}

/* ---- making and opening */

static muni_status exists(const impl *m) {
    return muni__fail(MUNI_EUNIQUE, "url", "the database has a schema \"%s\" already; name another with schema=…", "スキーマ「%s」はすでにあります。schema=…で別の名前にしてください",
                      m->schema);
}

static muni_status pg_create(muni__store *s, const muni__store_birth *b) {
    unsigned char bytes[8];
    char text[17], sql[200];
    muni__conn *c = NULL;
    PGconn *pg = NULL;
    PGresult *r = NULL;
    muni_status st = impl_new(s);
    if (st < 0)
        return st;
    impl *m = s->impl;
    MUNI_TRY(muni__random(bytes, sizeof bytes));
    muni__hex(bytes, sizeof bytes, text);
    MUNI_TRY(dial(s, &pg));
    (void)snprintf(sql, sizeof sql, "SELECT to_regnamespace('\"%s\"') IS NULL", m->schema);
    MUNI_TRY(say(NULL, pg, sql, &r));
    if (muni__pq->ntuples(r) != 1 || *muni__pq->getvalue(r, 0, 0) != 't')
        MUNI_TRY(exists(m));
    (void)snprintf(m->making, sizeof m->making, "m_new_%s", text);
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA \"%s\"", m->making);
    MUNI_TRY(say(NULL, pg, sql, NULL));
    MUNI_TRY(muni__conn_new(s, &c));
    MUNI_TRY(muni__conn_begin(c, true));
    MUNI_TRY(muni__schema_make(c, b));
    MUNI_TRY(muni__conn_commit(c));
    s->idle = c;
    c = NULL;
out:
    muni__conn_free(c);
    muni__pq->clear(r);
    muni__pq->finish(pg);
    return st;
}

static muni_status pg_publish(muni__store *s) {
    impl *m = s->impl;
    PGconn *pg = NULL;
    char sql[300];
    muni_status st = dial(s, &pg);
    if (st < 0)
        return st;
    (void)snprintf(sql, sizeof sql, "ALTER SCHEMA \"%s\" RENAME TO \"%s\"", m->making, m->schema);
    PGresult *r = muni__pq->exec(pg, sql);
    const char *state = muni__pq->resultErrorField(r, PG_DIAG_SQLSTATE);
    if (muni__pq->resultStatus(r) == PGRES_COMMAND_OK)
        *m->making = '\0';
    else
        st = state && !strcmp(state, "42P06") ? exists(m) : fail(NULL, pg, r);
    muni__pq->clear(r);
    muni__pq->finish(pg);
    return st;
}

static muni_status pg_open(muni__store *s) {
    return impl_new(s);
}

static void pg_close(muni__store *s, bool forked) {
    impl *m = s->impl;
    char sql[200];
    PGconn *pg = NULL;
    if (!m)
        return;
    if (!forked && (*m->making || s->unmake)) { /* it was not to be */
        muni__error why;
        muni__error_save(&why);
        if (dial(s, &pg) >= 0) {
            (void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS \"%s\" CASCADE", *m->making ? m->making : m->schema);
            (void)say(NULL, pg, sql, NULL);
            muni__pq->finish(pg);
        }
        muni__error_restore(&why);
    }
    if (!forked) {
        muni__pq->finish(m->side);
        (void)pthread_mutex_destroy(&m->mutex);
    }
    muni__free(m->address);
    muni__free(m);
    s->impl = NULL;
}

/* ---- transactions */

static const char *const sequences[] = { "id", "history" };

static int sequence_of(const char *name) {
    for (int i = 0; i < (int)MUNI_COUNT(sequences); i++)
        if (!strcmp(name, sequences[i]))
            return i;
    return -1;
}

static muni_status begin_once(muni__conn *c, bool write) {
    link_ *l = link_of(c);
    const muni__store *s = c->store;
    PGresult *r = NULL;
    int32_t wait = s->o.wait_ms > 0 ? s->o.wait_ms : 1; /* 0 would mean for ever */
    const impl *m = s->impl;
    char sql[160];
    muni_status st = MUNI_OK;
    bool made = !*m->making;
    if (l->wait_ms != wait)
        muni__buf_printf(&l->waste, "SET lock_timeout TO %d; ", (int)wait);
    if (made && !l->ready)
        muni__buf_puts(&l->waste, "PREPARE m_reads AS SELECT " CONFIG "; PREPARE m_writes AS SELECT " CONFIG ", pg_current_xact_id(), nextval('s_history')");
    if (l->waste.n || l->waste.st < 0) { /* before, or a rollback would undo it */
        st = l->waste.st < 0 ? l->waste.st : say(c, l->pg, l->waste.p, NULL);
        muni__buf_clear(&l->waste);
    }
    if (st < 0)
        return st;
    l->wait_ms = wait;
    l->ready |= made;
    if (write)
        (void)snprintf(sql, sizeof sql, "BEGIN; SELECT pg_advisory_xact_lock_shared(%lld); %s", (long long)m->key, made ? "EXECUTE m_writes" : "SELECT 0, pg_current_xact_id()");
    else
        (void)snprintf(sql, sizeof sql, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY%s", made ? "; EXECUTE m_reads" : "");
    st = say(c, l->pg, sql, &r);
    *l->xid = '\0';
    memset(l->taken, 0, sizeof l->taken);
    l->nnumbers = 0;
    if (st < 0) {
        if (muni__pq->transactionStatus(l->pg) != PQTRANS_IDLE)
            muni__pq->clear(muni__pq->exec(l->pg, "ROLLBACK"));
        return st;
    }
    if (write)
        (void)snprintf(l->xid, sizeof l->xid, "%s", muni__pq->getvalue(r, 0, 1));
    if (made) {
        c->config = (int64_t)strtoll(muni__pq->getvalue(r, 0, 0), NULL, 10);
        c->config_known = true;
        c->config_at = muni__monotonic();
    }
    if (made && write) { /* whoever writes writes history */
        taken *t = &l->taken[sequence_of("history")];
        t->list[t->n++] = (int64_t)strtoll(muni__pq->getvalue(r, 0, 2), NULL, 10);
    }
    muni__pq->clear(r);
    return MUNI_OK;
}

static muni_status pg_begin(muni__conn *c, bool write) {
    link_ *l = link_of(c);
    muni_status st = MUNI_OK;
    for (int tries = 0; tries < 2; tries++) { /* a connection that stood idle may have been lost: nothing was begun on it */
        if (gone(l) && (st = redial(c)) < 0)
            return st;
        st = begin_once(c, write);
        if (st >= 0 || !gone(l))
            break;
    }
    return st;
}

/* A statement that answers one value, on a connection of no store's pool; false where it answers none. */
static bool value_of(PGconn *pg, const char *sql, char *out, size_t size) {
    PGresult *r = muni__pq->exec(pg, sql);
    bool there = muni__pq->resultStatus(r) == PGRES_TUPLES_OK && muni__pq->ntuples(r) == 1 && !muni__pq->getisnull(r, 0, 0);
    (void)snprintf(out, size, "%s", there ? muni__pq->getvalue(r, 0, 0) : "");
    muni__pq->clear(r);
    return there;
}

/* The row of history that it wrote says it for certain, whichever server answers: on a standby that was promoted its own number may be another's by now. That
 * number tells whether it is still going on, and is all there is where it wrote no history. A server that is still catching up knows nothing yet. */
static bool pg_ask(const muni__store *s, const muni__doubt *d, bool *written) {
    char sql[200], hex[2 * MUNI__HASH + 1], how[20] = "", value[8];
    PGconn *pg = NULL;
    bool known = false;
    *written = false;
    if (dial(s, &pg) < 0)
        return false;
    if (value_of(pg, "SELECT pg_is_in_recovery()", value, sizeof value) && *value == 'f') {
        (void)snprintf(sql, sizeof sql, "SELECT pg_xact_status('%s'::xid8)", d->transaction);
        PGresult *r = muni__pq->exec(pg, sql);
        const char *state = muni__pq->resultErrorField(r, PG_DIAG_SQLSTATE);
        if (muni__pq->resultStatus(r) == PGRES_TUPLES_OK && muni__pq->ntuples(r) == 1 && !muni__pq->getisnull(r, 0, 0))
            (void)snprintf(how, sizeof how, "%s", muni__pq->getvalue(r, 0, 0));
        known = state ? !strcmp(state, NEVER_CAME) : strcmp(how, "in progress") != 0 && (*how || d->history); /* nothing: too long ago, so it is over */
        muni__pq->clear(r);
        *written = !strcmp(how, "committed");
        if (known && d->history) {
            muni__hex(d->hash, sizeof d->hash, hex);
            (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM m_history WHERE id = %lld AND hash = '\\x%s'", (long long)d->history, hex);
            known = value_of(pg, sql, value, sizeof value);
            *written = *value == '1';
        }
    }
    muni__pq->finish(pg);
    return known;
}

/* The connection was lost while a transaction was being committed: the server knows how it ended. */
static muni_status ask(muni__conn *c) {
    int64_t deadline = muni__deadline(c->store->o.wait_ms);
    bool written;
    (void)snprintf(c->doubt.transaction, sizeof c->doubt.transaction, "%s", link_of(c)->xid);
    while (!pg_ask(c->store, &c->doubt, &written)) {
        if (muni__monotonic() >= deadline)
            return muni__fail(MUNI_EINDOUBT, NULL,
                              "the connection was lost while writing, and the server does not answer: ask muni_session_doubt() whether it was written (transaction %s) before doing it again",
                              "書込み中に接続が切れ、サーバーが応答しません。やり直す前に、書き込まれたか（トランザクション%s）をmuni_session_doubt()で確認してください",
                              c->doubt.transaction);
        muni__nap(AGAIN_NS);
    }
    return written ? MUNI_OK
                   : muni__fail(MUNI_EIO, NULL, "the connection was lost, and nothing was written; do it again", "接続が切れ、書込みは行われませんでした。もう一度行ってください");
}

static muni_status pg_commit(muni__conn *c) {
    link_ *l = link_of(c);
    PGresult *r;
    muni_status st = MUNI_OK;
    if (!l->ahead)
        r = muni__pq->exec(l->pg, "COMMIT");
    else
        r = collect(l, muni__pq->sendQueryParams(l->pg, "COMMIT", 0, NULL, NULL, NULL, NULL, 0) == 1);
    if (l->owed && !gone(l))
        st = owed(c); /* then it did not come to the COMMIT */
    else if (muni__pq->resultStatus(r) == PGRES_COMMAND_OK)
        st = strcmp(muni__pq->cmdStatus(r), "COMMIT") ? muni__fail(MUNI_EDOOMED, NULL, "the database had rolled the transaction back", "データベースがトランザクションを取り消していました")
                                              : MUNI_OK;
    else if (gone(l) && c->write)
        st = ask(c);
    else
        st = fail(c, l->pg, r);
    muni__pq->clear(r);
    return st;
}

/* After reading nobody waits for the answer: whatever is said next takes it in first. */
static void pg_rollback(muni__conn *c) {
    link_ *l = link_of(c);
    PGconn *pg = l->pg;
    drain(l);
    muni__pq->clear(l->owed);
    l->owed = NULL;
    if (l->broken) { /* the server ends what was open on it */
        muni__pq->finish(pg);
        l->pg = NULL;
    }
    if (gone(l) || muni__pq->transactionStatus(pg) == PQTRANS_IDLE)
        return;
    if (c->write || muni__pq->sendQuery(pg, "ROLLBACK") != 1)
        muni__pq->clear(muni__pq->exec(pg, "ROLLBACK"));
}

static bool pg_alive(muni__conn *c) {
    link_ *l = link_of(c);
    drain(l);
    return !l->owed && muni__pq->transactionStatus(l->pg) == PQTRANS_INTRANS;
}

/* ---- sequences, and writers beside each other */

/* The number that a statement answers. */
static muni_status say_int(muni__conn *c, PGconn *pg, const char *sql, int64_t *out) {
    PGresult *r = NULL;
    muni_status st = say(c, pg, sql, &r);
    *out = st >= 0 && muni__pq->ntuples(r) && !muni__pq->getisnull(r, 0, 0) ? (int64_t)strtoll(muni__pq->getvalue(r, 0, 0), NULL, 10) : 0;
    muni__pq->clear(r);
    return st;
}

/* How many the next time. */
static int many_more(int *times) {
    int past = ++*times - SINGLY;
    return past <= 0 ? 1 : past < 6 ? 1 << past : BLOCK;
}

static muni_status take_more(muni__conn *c, int which) {
    taken *t = &link_of(c)->taken[which];
    PGresult *r = NULL;
    char sql[100];
    (void)snprintf(sql, sizeof sql, "SELECT nextval('s_%s') FROM generate_series(1, %d)", sequences[which], many_more(&t->times));
    muni_status st = say(c, link_of(c)->pg, sql, &r);
    t->at = t->n = 0;
    for (int i = 0; st >= 0 && i < muni__pq->ntuples(r); i++)
        t->list[t->n++] = (int64_t)strtoll(muni__pq->getvalue(r, i, 0), NULL, 10);
    muni__pq->clear(r);
    return st;
}

/* The number that a statement answers in a transaction of its own, on the side connection, where nothing waits longer than a writer would. */
static muni_status side_int(muni__conn *c, const char *sql, int n, const char *const *values, int64_t *out) {
    impl *m = c->store->impl;
    char own[100];
    muni_status st = MUNI_OK;
    *out = 0;
    (void)snprintf(own, sizeof own, "SET synchronous_commit TO off; SET lock_timeout TO %d", (int)(c->store->o.wait_ms > 0 ? c->store->o.wait_ms : 1));
    (void)pthread_mutex_lock(&m->mutex);
    for (int tries = 0; tries < 2; tries++) {
        if (m->side && muni__pq->status(m->side) != CONNECTION_OK) {
            muni__pq->finish(m->side);
            m->side = NULL;
        }
        if (!m->side && ((st = dial(c->store, &m->side)) < 0 || (st = say(NULL, m->side, own, NULL)) < 0))
            break;
        PGresult *r = muni__pq->execParams(m->side, sql, n, NULL, values, NULL, NULL, 0);
        st = muni__pq->resultStatus(r) == PGRES_TUPLES_OK ? MUNI_OK : fail(c, m->side, r);
        if (st >= 0)
            *out = (int64_t)strtoll(muni__pq->getvalue(r, 0, 0), NULL, 10);
        muni__pq->clear(r);
        if (st >= 0 || muni__pq->status(m->side) == CONNECTION_OK)
            break; /* else it had been lost: once more, on another */
    }
    (void)pthread_mutex_unlock(&m->mutex);
    return st;
}

/* Numbers of a rule: what is taken is taken, however the transaction ends. The server need not have it on its disk at once: whoever uses the number commits
 * behind it in the log. */
static muni_status number_more(muni__conn *c, const char *name, int64_t count, int64_t *last) {
    const char *const values[] = { name };
    char sql[240];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO \"m_seq\" AS s (\"name\", \"value\") VALUES($1, %lld) ON CONFLICT(\"name\") DO UPDATE SET \"value\" = s.\"value\" + %lld RETURNING \"value\"",
                   (long long)count, (long long)count);
    return side_int(c, sql, 1, values, last);
}

static muni_status number_take(muni__conn *c, const char *name, int64_t count, int64_t *first) {
    link_ *l = link_of(c);
    numbers *n = NULL;
    int64_t last = 0;
    for (size_t i = 0; i < l->nnumbers && !n; i++)
        if (!strcmp(l->numbers[i].name, name))
            n = &l->numbers[i];
    if (n && count == 1 && n->at <= n->end) {
        *first = n->at++;
        return MUNI_OK;
    }
    if (!n && l->nnumbers < NUMBERS && strlen(name) < sizeof l->numbers[0].name) {
        n = &l->numbers[l->nnumbers++];
        *n = (numbers){ .end = -1 };
        (void)snprintf(n->name, sizeof n->name, "%s", name);
    }
    int64_t want = count > 1 || !n ? count : many_more(&n->times);
    muni_status st = number_more(c, name, want, &last);
    if (st < 0)
        return st;
    *first = last - want + 1;
    if (n && count == 1) {
        n->at = *first + 1;
        n->end = last;
    }
    return MUNI_OK;
}

static muni_status pg_take(muni__conn *c, const char *sequence, int64_t count, int64_t above, int64_t *first, bool *mine) {
    link_ *l = link_of(c);
    int which = sequence_of(sequence);
    muni_status st = MUNI_OK;
    *mine = which >= 0 || !strncmp(sequence, "number/", 7);
    if (!*mine)
        return MUNI_OK;
    if (which < 0)
        return number_take(c, sequence, count, first);
    if (count != 1)
        return muni__fail(MUNI_EINTERNAL, NULL, "ids are taken one by one", "IDは1つずつ取ります");
    taken *t = &l->taken[which];
    do {
        if (t->at == t->n && (st = take_more(c, which)) < 0)
            return st;
        *first = t->list[t->at++];
    } while (*first <= above);
    return MUNI_OK;
}

static muni_status pg_last(muni__conn *c, const char *sequence, int64_t *out, bool *mine) {
    char sql[120];
    *mine = sequence_of(sequence) >= 0;
    if (!*mine)
        return MUNI_OK;
    (void)snprintf(sql, sizeof sql, "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM s_%s", sequence);
    return say_int(c, link_of(c)->pg, sql, out);
}

static muni_status pg_reach(muni__conn *c, const char *sequence, int64_t to, bool *mine) {
    char sql[200];
    int64_t ignored;
    *mine = sequence_of(sequence) >= 0;
    if (!*mine || to < 1)
        return MUNI_OK;
    (void)snprintf(sql, sizeof sql, "SELECT setval('s_%s', greatest((SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM s_%s), %lld))", sequence, sequence, (long long)to);
    return say_int(c, link_of(c)->pg, sql, &ignored);
}

static muni_status pg_rule(muni__conn *c, const char *name) {
    char sql[80];
    (void)snprintf(sql, sizeof sql, "SELECT pg_advisory_xact_lock(%lld)", (long long)key_of(c->store->impl, name));
    return say(c, link_of(c)->pg, sql, NULL);
}

static muni_status try_lock(muni__conn *c, int64_t key, bool *got) {
    char sql[80];
    int64_t v = 0;
    (void)snprintf(sql, sizeof sql, "SELECT CAST(pg_try_advisory_xact_lock(%lld) AS int)", (long long)key);
    muni_status st = say_int(c, link_of(c)->pg, sql, &v);
    *got = v != 0;
    return st;
}

/* A lock that the one has, and the other cannot get: then both are in one database. */
static muni_status pg_same(muni__conn *a, muni__conn *b, bool *out) {
    const impl *x = a->store->impl, *y = b->store->impl;
    int64_t key = 0;
    char sql[80];
    bool got = true;
    muni_status st = strcmp(x->schema, y->schema) ? MUNI_OK : muni__random(&key, sizeof key);
    if (st >= 0 && key) {
        (void)snprintf(sql, sizeof sql, "SELECT pg_advisory_xact_lock(%lld)", (long long)key);
        st = say(a, link_of(a)->pg, sql, NULL);
        if (st >= 0)
            st = try_lock(b, key, &got);
    }
    *out = !got;
    return st;
}

/* What may still come are the rows of transactions that are not over. Where there are no others, all is settled. Else a mark is left: the last id, and
 * a transaction that began afterwards; when all before that one are over, what was up to the mark is settled. (A transaction has its own number before it
 * takes ids. What a snapshot says of the next number is no such mark: some with higher ones may be going on.) */
static muni_status pg_settled(muni__conn *c, int64_t *upto) {
    impl *m = c->store->impl;
    PGconn *pg = link_of(c)->pg;
    char *mark = NULL, text[64];
    long long last = 0, before = 0;
    int64_t oldest = 0, id = 0, next = 0;
    bool got = false, mine;
    muni_status st;
    *upto = 0;
    MUNI_TRY(try_lock(c, key_of(m, "seal"), &got));
    if (!got)
        goto out;
    MUNI_TRY(try_lock(c, m->key, &got));
    if (got) {
        st = pg_last(c, "history", upto, &mine);
        goto out;
    }
    MUNI_TRY(muni__conn_meta_get(c, "settled", &mark));
    bool marked = mark && sscanf(mark, "%lld %lld", &last, &before) == 2;
    MUNI_TRY(say_int(c, pg, "SELECT pg_snapshot_xmin(pg_current_snapshot())", &oldest));
    if (marked && oldest < before)
        goto out; /* not yet */
    if (marked)
        *upto = last;
    MUNI_TRY(pg_last(c, "history", &id, &mine));
    MUNI_TRY(side_int(c, "SELECT pg_current_xact_id()", 0, NULL, &next));
    (void)snprintf(text, sizeof text, "%lld %lld", (long long)id, (long long)next);
    MUNI_TRY(muni__conn_meta_set(c, "settled", text));
out:
    muni__free(mark);
    return st;
}

/* ---- statements */

/* The SQL of the house in the words of the server: parameters, sets, one function. Texts and names stay as they are. */
static muni_status translate(const char *sql, muni__buf *out, int *count) {
    static const char set[] = "IN (SELECT \"value\" FROM json_each(?", find[] = "instr(";
    *count = 0;
    for (const char *p = sql; *p;) {
        if (*p == '\'' || *p == '"') {
            size_t n = 1 + strcspn(p + 1, *p == '"' ? "\"" : "'");
            n += p[n] != '\0';
            muni__buf_put(out, p, n);
            p += n;
        } else if (*p == '?' || !strncmp(p, set, sizeof set - 1)) {
            bool is_set = *p != '?';
            char *end;
            long i = strtol(p + (is_set ? sizeof set - 1 : 1), &end, 10);
            muni__buf_printf(out, is_set ? "= ANY($%ld::bigint[])" : "$%ld", i);
            *count = i > *count ? (int)i : *count;
            p = end + (is_set ? 2 : 0);
        } else if (!strncmp(p, find, sizeof find - 1)) {
            muni__buf_puts(out, "strpos(");
            p += sizeof find - 1;
        } else {
            muni__buf_putc(out, *p++);
        }
    }
    return out->st;
}

static void statement_free(statement *q) {
    muni__pq->clear(q->res);
    muni__free(q->sql);
    muni__free(q->params);
    muni__free(q->values);
    muni__free(q->lengths);
    muni__free(q->formats);
    muni__free(q);
}

static muni_status pg_prepare(muni__conn *c, const char *sql, size_t n, void **native, bool *writes) {
    static const char *const reads[] = { "SELECT", "WITH", "VALUES", "SHOW" };
    link_ *l = link_of(c);
    muni__buf b = MUNI_BUF_INIT(0);
    char name[32];
    muni_status st;
    (void)n;
    *native = NULL;
    statement *q = muni__alloc(sizeof *q);
    if (!q)
        return MUNI_ENOMEM;
    q->l = l;
    MUNI_TRY(translate(sql, &b, &q->count));
    MUNI_TRY(muni__buf_take(&b, &q->sql, NULL));
    *writes = true;
    for (size_t i = 0; i < MUNI_COUNT(reads); i++)
        if (!strncmp(q->sql, reads[i], strlen(reads[i])))
            *writes = false;
    size_t count = (size_t)q->count;
    if (count) {
        q->params = muni__alloc_n(count, sizeof *q->params);
        q->values = muni__alloc_n(count, sizeof *q->values);
        q->lengths = muni__alloc_n(count, sizeof *q->lengths);
        q->formats = muni__alloc_n(count, sizeof *q->formats);
        if (!q->params || !q->values || !q->lengths || !q->formats) {
            st = MUNI_ENOMEM;
            goto out;
        }
    }
    q->name = ++l->names;
    (void)snprintf(name, sizeof name, "m%lld", (long long)q->name);
    MUNI_TRY(settle(c));
    PGresult *r = muni__pq->prepare(l->pg, name, q->sql, 0, NULL);
    st = muni__pq->resultStatus(r) == PGRES_COMMAND_OK ? MUNI_OK : fail(c, l->pg, r);
    muni__pq->clear(r);
out:
    muni__buf_free(&b);
    if (st < 0)
        statement_free(q);
    else
        *native = q;
    return st;
}

static void pg_finalize(void *native, bool forked) {
    statement *q = native;
    if (!forked && !gone(q->l))
        muni__buf_printf(&q->l->waste, "DEALLOCATE m%lld; ", (long long)q->name);
    statement_free(q);
}

static muni_status pg_bind(muni__stmt *s, int i, int type, int64_t v, const void *p, size_t n) {
    statement *q = s->native;
    if (i < 1 || i > q->count)
        return muni__fail(MUNI_EINTERNAL, NULL, "a statement has no parameter %d", "SQL文にパラメーター%dがありません", i);
    param *a = &q->params[i - 1];
    *a = (param){ .p = NULL };
    switch (type) {
    case MUNI__BIND_INT:
        (void)snprintf(a->number, sizeof a->number, "%lld", (long long)v);
        a->p = a->number;
        break;
    case MUNI__BIND_TEXT:
    case MUNI__BIND_BLOB:
        a->p = n ? p : "";
        a->n = n;
        a->binary = true;
        break;
    case MUNI__BIND_LITERAL: a->p = p; break;
    default: break;
    }
    return MUNI_OK;
}

static void pg_many(muni__stmt *s) {
    ((statement *)s->native)->many = true;
}

static muni_status fetch(muni__stmt *s) {
    statement *q = s->native;
    char sql[60];
    muni__pq->clear(q->res);
    q->res = NULL;
    q->at = q->have = 0;
    (void)snprintf(sql, sizeof sql, "FETCH %d FROM c%lld", FETCH, (long long)q->name);
    muni_status st = say(s->c, q->l->pg, sql, &q->res);
    q->have = st < 0 ? 0 : muni__pq->ntuples(q->res);
    return st;
}

/* Its name, and its values as libpq takes them. */
static muni_status ready(statement *q, char name[32]) {
    for (int i = 0; i < q->count; i++) {
        q->values[i] = q->params[i].p;
        q->lengths[i] = (int)q->params[i].n;
        q->formats[i] = q->params[i].binary;
        if (q->params[i].n > INT32_MAX / 2)
            return muni__fail(MUNI_ELIMIT, NULL, "a value is too long for the store", "値が長すぎて保存できません");
    }
    (void)snprintf(name, 32, "m%lld", (long long)q->name);
    q->ran = true;
    q->at = q->have = 0;
    return MUNI_OK;
}

/* Its answer, which is the statement's now. */
static muni_status take_in(muni__stmt *s, PGresult *r) {
    statement *q = s->native;
    muni_status st = owed(s->c);
    ExecStatusType is = muni__pq->resultStatus(r);
    if (st < 0 || (is != PGRES_TUPLES_OK && is != PGRES_COMMAND_OK)) {
        st = st < 0 ? st : fail(s->c, q->l->pg, r);
        muni__pq->clear(r);
        return st;
    }
    q->res = r;
    q->have = is == PGRES_TUPLES_OK ? muni__pq->ntuples(r) : 0;
    if (s->writes)
        q->l->changes = (int64_t)strtoll(muni__pq->cmdTuples(r), NULL, 10);
    return MUNI_OK;
}

static muni_status run_it(muni__stmt *s) {
    statement *q = s->native;
    link_ *l = q->l;
    char name[32];
    PGresult *r;
    muni_status st = ready(q, name);
    if (st >= 0 && q->many)
        st = settle(s->c);
    if (st < 0)
        return st;
    if (q->many) {
        muni__buf b = MUNI_BUF_INIT(0);
        muni__buf_printf(&b, "DECLARE c%lld NO SCROLL CURSOR FOR %s", (long long)q->name, q->sql);
        if (b.st < 0)
            return b.st;
        r = muni__pq->execParams(l->pg, b.p, q->count, NULL, q->values, q->lengths, q->formats, 0);
        muni__buf_free(&b);
        st = muni__pq->resultStatus(r) == PGRES_COMMAND_OK ? MUNI_OK : fail(s->c, l->pg, r);
        muni__pq->clear(r);
        q->open = st >= 0;
        return st < 0 ? st : fetch(s);
    }
    if (!l->ahead)
        r = muni__pq->execPrepared(l->pg, name, q->count, q->values, q->lengths, q->formats, 0);
    else
        r = collect(l, muni__pq->sendQueryPrepared(l->pg, name, q->count, q->values, q->lengths, q->formats, 0) == 1);
    return take_in(s, r);
}

static muni_status pg_step(muni__stmt *s) {
    statement *q = s->native;
    muni_status st = MUNI_OK;
    q->decoded = 0;
    if (!q->ran) {
        st = run_it(s);
    } else if (q->sent) {
        drain(q->l);
        PGresult *r = q->res;
        q->res = NULL;
        q->sent = false;
        st = take_in(s, r);
    } else if (++q->at == FETCH && q->open) {
        st = fetch(s);
    }
    return st < 0 ? st : q->at < q->have ? MUNI_ROW : MUNI_OK;
}

static muni_status pg_send(muni__stmt *s, bool answer) {
    statement *q = s->native;
    link_ *l = q->l;
    char name[32];
    if (!muni__pq->enterPipelineMode || !muni__pq->exitPipelineMode || !muni__pq->pipelineSync)
        return answer ? MUNI_OK : pg_step(s);
    muni_status st = l->ahead >= AHEAD ? settle(s->c) : MUNI_OK;
    if (st >= 0)
        st = ready(q, name);
    if (st < 0)
        return st;
    if (gone(l) || (!l->ahead && muni__pq->enterPipelineMode(l->pg) != 1))
        return no_link(muni__pq->errorMessage(l->pg));
    if (muni__pq->sendQueryPrepared(l->pg, name, q->count, q->values, q->lengths, q->formats, 0) == 1) {
        l->asked[l->ahead] = answer ? q : NULL;
        l->parted[l->ahead++] = false;
        q->sent = answer;
        return MUNI_OK;
    }
    st = no_link(muni__pq->errorMessage(l->pg));
    if (l->ahead)
        muni__pq->clear(collect(l, false)); /* those before it, and the pipeline ends */
    else
        l->broken |= muni__pq->exitPipelineMode(l->pg) != 1;
    return st;
}

static void pg_reset(void *native) {
    statement *q = native;
    if (q->open || q->sent)
        drain(q->l);
    muni__pq->clear(q->res);
    q->res = NULL;
    if (q->open && muni__pq->transactionStatus(q->l->pg) == PQTRANS_INTRANS) {
        char sql[40];
        (void)snprintf(sql, sizeof sql, "CLOSE c%lld", (long long)q->name);
        muni__pq->clear(muni__pq->exec(q->l->pg, sql));
    }
    q->ran = q->open = q->many = q->sent = false;
    q->at = q->have = 0;
    for (int i = 0; i < q->count; i++)
        q->params[i] = (param){ .p = NULL }; /* they point into memory that is not ours */
    q->decoded = 0;
}

static bool pg_col_null(void *native, int i) {
    statement *q = native;
    return !q->res || muni__pq->getisnull(q->res, q->at, i);
}

static bool pg_col_int(void *native, int i, int64_t *v) {
    statement *q = native;
    *v = 0;
    if (pg_col_null(native, i))
        return false;
    const char *p = muni__pq->getvalue(q->res, q->at, i);
    *v = muni__pq->ftype(q->res, i) == BOOLEAN ? *p == 't' : (int64_t)strtoll(p, NULL, 10);
    return true;
}

static const char *pg_col_text(void *native, int i, size_t *n) {
    statement *q = native;
    *n = 0;
    if (pg_col_null(native, i))
        return NULL;
    *n = (size_t)muni__pq->getlength(q->res, q->at, i);
    return muni__pq->getvalue(q->res, q->at, i);
}

static unsigned digit(char c) {
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* \x0123…, read where it stands: half of its room is enough. */
static const void *pg_col_blob(void *native, int i, size_t *n) {
    statement *q = native;
    const uint64_t bit = (uint64_t)1 << (i & 63);
    char *p = (char *)(uintptr_t)pg_col_text(native, i, n);
    if (!p)
        return NULL;
    *n = *n > 2 ? (*n - 2) / 2 : 0;
    for (size_t k = 0; k < *n && !(q->decoded & bit); k++)
        p[k] = (char)(digit(p[2 + 2 * k]) << 4 | digit(p[3 + 2 * k]));
    q->decoded |= bit;
    return p;
}

static int64_t pg_changes(muni__conn *c) {
    return link_of(c)->changes;
}

/* ---- tables */

/* CREATE and ALTER in the words of the server. */
static muni_status translate_table(const char *sql, muni__buf *out) {
    static const struct {
        const char *word, *is;
    } words[] = { { "INTEGER", "bigint" }, { "TEXT", "text COLLATE \"C\"" }, { "BLOB", "bytea" } };
    for (const char *p = sql; *p;) {
        if (*p == '"') {
            size_t n = 1 + strcspn(p + 1, "\"");
            n += p[n] != '\0';
            muni__buf_put(out, p, n);
            p += n;
            continue;
        }
        if (!strncmp(p, " STRICT", 7))
            break;
        size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        const char *is = NULL;
        for (size_t i = 0; n && i < MUNI_COUNT(words) && !is; i++)
            if (n == strlen(words[i].word) && !memcmp(p, words[i].word, n))
                is = words[i].is;
        if (is)
            muni__buf_puts(out, is);
        else
            muni__buf_put(out, p, n ? n : 1);
        p += n ? n : 1;
    }
    return out->st;
}

static muni_status pg_run(muni__conn *c, const char *sql) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni_status st = translate_table(sql, &b);
    if (st >= 0)
        st = say(c, link_of(c)->pg, b.p ? b.p : "", NULL);
    muni__buf_free(&b);
    return st;
}

/* What it was made with becomes its comment. */
static muni_status pg_make(muni__conn *c, const muni__ddl *d) {
    PGconn *pg = link_of(c)->pg;
    muni__buf b = MUNI_BUF_INIT(0);
    char *text = NULL;
    muni_status st;
    if (d->type == 'v')
        MUNI_TRY(pg_run(c, "CREATE INDEX \"m_doc_index\" ON \"m_doc\" USING gin(\"tok\")"));
    else
        MUNI_TRY(pg_run(c, d->sql));
    if (!strcmp(d->name, "m_doc")) /* what the search index is over */
        MUNI_TRY(pg_run(c, "ALTER TABLE \"m_doc\" ADD COLUMN \"tok\" tsvector"));
    if (!strcmp(d->name, "m_seq"))
        MUNI_TRY(pg_run(c, "CREATE SEQUENCE s_id MAXVALUE 9007199254740991; CREATE SEQUENCE s_history MAXVALUE 9007199254740991"));
    text = muni__pq->escapeLiteral(pg, d->sql, strlen(d->sql));
    if (!text) {
        st = muni__nomem();
        goto out;
    }
    muni__buf_printf(&b, "COMMENT ON %s \"%s\" IS ", d->type == 't' ? "TABLE" : "INDEX", d->name);
    muni__buf_puts(&b, text);
    MUNI_TRY(b.st);
    st = say(c, pg, b.p, NULL);
out:
    muni__pq->freemem(text);
    muni__buf_free(&b);
    return st;
}

/* ---- many rows: COPY … FROM STDIN, in its text format */

static muni_status load_send(muni__conn *c) {
    link_ *l = link_of(c);
    muni_status st = l->load.st;
    if (st >= 0 && l->load.n && muni__pq->putCopyData(l->pg, l->load.p, (int)l->load.n) != 1)
        st = no_link(muni__pq->errorMessage(l->pg));
    muni__buf_clear(&l->load);
    return st;
}

static muni_status pg_load_open(muni__conn *c, const char *into) {
    link_ *l = link_of(c);
    muni__buf b = MUNI_BUF_INIT(0);
    muni_status st;
    muni__buf_printf(&b, "COPY %s FROM STDIN", into);
    MUNI_TRY(b.st);
    MUNI_TRY(settle(c));
    PGresult *r = muni__pq->exec(l->pg, b.p);
    st = muni__pq->resultStatus(r) == PGRES_COPY_IN ? MUNI_OK : fail(c, l->pg, r);
    muni__pq->clear(r);
out:
    muni__buf_free(&b);
    return st;
}

static void load_text(muni__buf *b, const char *p, size_t n) {
    static const char from[] = "\\\n\r\t", to[] = "\\nrt";
    while (n) {
        size_t plain = 0;
        while (plain < n && p[plain] != '\\' && p[plain] != '\n' && p[plain] != '\r' && p[plain] != '\t')
            plain++;
        muni__buf_put(b, p, plain);
        p += plain;
        n -= plain;
        if (!n)
            break;
        muni__buf_putc(b, '\\');
        muni__buf_putc(b, to[strchr(from, *p) - from]);
        p++;
        n--;
    }
}

static void load_bytes(muni__buf *b, const unsigned char *p, size_t n) {
    char hex[129];
    muni__buf_puts(b, "\\\\x");
    for (size_t some; n; p += some, n -= some) {
        some = n < 64 ? n : 64;
        muni__hex(p, some, hex);
        muni__buf_put(b, hex, 2 * some);
    }
}

static muni_status pg_load_row(muni__conn *c, const muni__cell *cells, size_t n) {
    muni__buf *b = &link_of(c)->load;
    for (size_t i = 0; i < n; i++) {
        const muni__cell *v = &cells[i];
        if (i)
            muni__buf_putc(b, '\t');
        switch (v->type) {
        case 'i': muni__buf_int(b, v->i); break;
        case 't': load_text(b, v->p, v->n); break;
        case 'b': load_bytes(b, v->p, v->n); break;
        default: muni__buf_puts(b, "\\N"); break;
        }
    }
    muni__buf_putc(b, '\n');
    return b->n < LOAD_BYTES ? b->st : load_send(c);
}

static muni_status pg_load_close(muni__conn *c, bool good) {
    link_ *l = link_of(c);
    muni_status st = good ? load_send(c) : MUNI_OK;
    muni__buf_clear(&l->load);
    if (muni__pq->putCopyEnd(l->pg, good && st >= 0 ? NULL : "given up") != 1 && st >= 0)
        st = no_link(muni__pq->errorMessage(l->pg));
    for (PGresult *r; (r = muni__pq->getResult(l->pg));) {
        ExecStatusType is = muni__pq->resultStatus(r);
        if (is != PGRES_COMMAND_OK && good && st >= 0)
            st = fail(c, l->pg, r);
        muni__pq->clear(r);
        if (is == PGRES_COPY_IN) /* its end could not be said */
            break;
    }
    return st;
}

/* ---- the whole */

/* The server keeps checksums and looks after its pages; there is nothing that we could ask it in a moment. */
static muni_status pg_inspect(muni__conn *c, muni_status (*each)(void *user, const char *index, const char *said), void *user) {
    (void)c, (void)each, (void)user;
    return MUNI_OK;
}

static muni_status pg_rebuild(muni__conn *c, const char *index) {
    PGconn *pg = link_of(c)->pg;
    char *name = muni__pq->escapeIdentifier(pg, index, strlen(index));
    muni__buf b = MUNI_BUF_INIT(0);
    muni_status st = name ? MUNI_OK : muni__nomem();
    if (name) {
        muni__buf_printf(&b, "REINDEX INDEX %s", name);
        st = b.st < 0 ? b.st : say(c, pg, b.p, NULL);
    }
    muni__pq->freemem(name);
    muni__buf_free(&b);
    return st;
}

static muni_status pg_size(muni__conn *c, int64_t *bytes, int64_t *free_bytes) {
    PGresult *r = NULL;
    muni_status st = say(c, link_of(c)->pg,
                         "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace", &r);
    *bytes = st < 0 ? 0 : (int64_t)strtoll(muni__pq->getvalue(r, 0, 0), NULL, 10);
    *free_bytes = 0; /* what the server would know of it is a guess */
    muni__pq->clear(r);
    return st;
}

static muni_status pg_usage(muni__conn *c, muni_status (*each)(void *user, const char *name, const char *table, int64_t bytes), void *user) {
    PGresult *r = NULL;
    muni_status st = say(c, link_of(c)->pg,
                         "SELECT r.relname, coalesce(t.relname, r.relname), pg_relation_size(r.oid) + CASE WHEN r.relkind = 'r' AND r.reltoastrelid <> 0 THEN "
                         "pg_total_relation_size(r.reltoastrelid) ELSE 0 END FROM pg_class r LEFT JOIN pg_index i ON i.indexrelid = r.oid LEFT JOIN pg_class t ON t.oid = i.indrelid "
                         "WHERE r.relkind IN ('r', 'i') AND r.relnamespace = current_schema()::regnamespace ORDER BY r.relname COLLATE \"C\"",
                         &r);
    for (int i = 0; st >= 0 && i < muni__pq->ntuples(r); i++)
        st = each(user, muni__pq->getvalue(r, i, 0), muni__pq->getvalue(r, i, 1), (int64_t)strtoll(muni__pq->getvalue(r, i, 2), NULL, 10));
    muni__pq->clear(r);
    return st;
}

static muni_status pg_vacuum(muni__conn *c) {
    PGconn *pg = link_of(c)->pg;
    PGresult *r = NULL;
    muni__buf b = MUNI_BUF_INIT(0);
    muni_status st = say(c, pg, "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname", &r);
    for (int i = 0; st >= 0 && i < muni__pq->ntuples(r); i++) {
        muni__buf_clear(&b);
        muni__buf_printf(&b, "VACUUM (ANALYZE) %s", muni__pq->getvalue(r, i, 0));
        st = b.st < 0 ? b.st : say(c, pg, b.p, NULL);
    }
    muni__pq->clear(r);
    muni__buf_free(&b);
    return st;
}

const muni__driver muni__postgresql = {
    .name = "postgresql",
    .search = &muni__postgresql_search,
    .set = "{}",
    .create = pg_create,
    .publish = pg_publish,
    .open = pg_open,
    .close = pg_close,
    .connect = pg_connect,
    .disconnect = pg_disconnect,
    .begin = pg_begin,
    .commit = pg_commit,
    .rollback = pg_rollback,
    .alive = pg_alive,
    .prepare = pg_prepare,
    .finalize = pg_finalize,
    .bind = pg_bind,
    .many = pg_many,
    .step = pg_step,
    .send = pg_send,
    .pause = pg_pause,
    .reset = pg_reset,
    .col_int = pg_col_int,
    .col_text = pg_col_text,
    .col_blob = pg_col_blob,
    .col_null = pg_col_null,
    .changes = pg_changes,
    .lock = " FOR UPDATE",
    .take = pg_take,
    .last = pg_last,
    .reach = pg_reach,
    .rule = pg_rule,
    .settled = pg_settled,
    .ask = pg_ask,
    .same = pg_same,
    .load_open = pg_load_open,
    .load_row = pg_load_row,
    .load_close = pg_load_close,
    .load_done = pg_vacuum,
    .run = pg_run,
    .make = pg_make,
    .made_with = "SELECT coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class WHERE relname = CAST(?1 AS text) AND relnamespace = current_schema()::regnamespace",
    .has_column = "SELECT 1 FROM pg_attribute a JOIN pg_class r ON r.oid = a.attrelid WHERE r.relname = CAST(?1 AS text) AND r.relnamespace = current_schema()::regnamespace "
                  "AND a.attname = CAST(?2 AS text) AND a.attnum > 0 AND NOT a.attisdropped",
    .inspect = pg_inspect,
    .rebuild = pg_rebuild,
    .size = pg_size,
    .usage = pg_usage,
    .vacuum = pg_vacuum,
};
