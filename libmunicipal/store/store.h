/* The store: connections, transactions, statements, counters. The only room that speaks SQL dialects; what is above writes plain SQL that SQLite
 * understands, with parameters ?1, ?2 …, and PostgreSQL as well, but for what its driver says otherwise: parameters, sets (muni__sql_set), instr. */
#ifndef MUNI_STORE_STORE_H
#define MUNI_STORE_STORE_H

#include "core/base.h"
#include "core/kind.h"
#include "core/value.h"

typedef struct muni__store muni__store; /* an open store: a pool of connections; thread-safe */
typedef struct muni__conn muni__conn;   /* one connection: used by one call or transaction at a time */
typedef struct muni__stmt muni__stmt;   /* a prepared statement of a connection */

typedef struct muni__store_options {
    int32_t connections; /* at most */
    int32_t synchronous; /* 0 FULL, 1 NORMAL */
    int32_t wait_ms;     /* for the write lock */
    bool network;        /* allow network file systems */
    bool upgrade;
    bool copying;              /* what is made or opened is a copy that is not whole yet (copy.c) */
    int64_t now;               /* for the journal */
    muni_progress_fn progress; /* of an upgrade; NULL: none */
    void *user;
} muni__store_options;

/* What is written once when a store is made. */
typedef struct muni__store_birth {
    bool test;
    int32_t utc_offset;
    int64_t created_at;
    const char *copy; /* not NULL: tables only, and this mark, until all the rest was copied from another store */
} muni__store_birth;

/* Read when a store is opened. */
typedef struct muni__store_info {
    unsigned char id[16];   /* of the store */
    bool test;
    int32_t utc_offset;
    int64_t created_at;
    char schema[65];        /* digest of the tables, hexadecimal */
    int32_t compat;
    int32_t tables;         /* number of its tables */
    bool keys_old;          /* folded keys are to be made anew: model/care.c does it when an upgrade is asked for */
    const char *driver;     /* "sqlite", "postgresql" */
} muni__store_info;

/* ---- life. `url`: a file name, "sqlite:FILE", ":memory:" or "postgresql://…". Errors as muni_create and muni_open say. Creating leaves a store with its
 * schema and meta rows, without records; on failure no file stays behind. Writers of several processes queue in a side file
 * "FILE-queue", which may be deleted at any time. */
muni_status muni__store_create(const char *url, const muni__store_options *o, const muni__store_birth *b, muni__store **out);
/* The same with `fill` between: it is called with the store before anybody can find that, and writes what it shall begin with. Whenever the process
 * dies there is the whole store or none. */
muni_status muni__store_create_filled(const char *url, const muni__store_options *o, const muni__store_birth *b, muni_status (*fill)(void *user, muni__store *s), void *user,
                                      muni__store **out);
muni_status muni__store_open(const char *url, const muni__store_options *o, muni__store **out);
void muni__store_close(muni__store *s); /* all connections are back; frees. In a forked child only frees memory. */
const muni__store_info *muni__store_info_of(const muni__store *s);

/* ---- connections */
/* From now on nobody waits: what cannot be had at once is MUNI_EBUSY. For closing. */
void muni__store_hurry(muni__store *s);
/* Borrow one; waits while all are out (MUNI_EBUSY after wait_ms). MUNI_EFORK in a forked child. */
muni_status muni__store_borrow(muni__store *s, muni__conn **out);
void muni__store_return(muni__store *s, muni__conn *c); /* rolls back what is open */

/* ---- transactions */
/* write: own fair queue between threads and processes, then BEGIN IMMEDIATE; MUNI_EBUSY after wait_ms. read: one snapshot. */
muni_status muni__conn_begin(muni__conn *c, bool write);
muni_status muni__conn_commit(muni__conn *c); /* writes counters back, flushes the search queue when it is long (see search.h), commits; on failure rolls back */
void muni__conn_rollback(muni__conn *c);
bool muni__conn_in_tx(const muni__conn *c);
/* The transaction stays open, and nothing more is asked in it until who knows when. */
muni_status muni__conn_pause(muni__conn *c);
/* Did the database end the last transaction because of another's (a deadlock, a serialization failure)? Then all of it can be done again. */
bool muni__conn_clashed(const muni__conn *c);
/* By what one can tell later whether a transaction was committed: a row of history that it wrote (0: none), and the database's own name for it. */
typedef struct muni__doubt {
    int64_t history;
    unsigned char hash[32];
    char transaction[24]; /* empty: the commit was not in doubt */
} muni__doubt;
/* Of the last transaction of a connection, after MUNI_EINDOUBT. */
muni__doubt muni__conn_doubt(const muni__conn *c);
/* False: nobody can tell now. */
bool muni__store_ask(const muni__store *s, const muni__doubt *d, bool *written);
/* The transaction writes this row of history. */
void muni__conn_proof(muni__conn *c, int64_t history, const unsigned char *hash);
/* The store's configuration revision: changes whenever definitions, grants, members or units do. Read inside the transaction; cheap. */
muni_status muni__conn_config(muni__conn *c, int64_t *out);
muni_status muni__conn_config_bump(muni__conn *c);
/* In a long transaction: where others can change it meanwhile, it is read again after a second. */
void muni__conn_config_age(muni__conn *c);

/* ---- statements */
/* Prepared and cached by its text (the pointer need not live on). The statement is the caller's until muni__done. The same text may be
 * out twice at once. MUNI_EINTERNAL for SQL that does not parse, and for one that writes outside a write transaction. MUNI_EDOOMED when the
 * database itself has ended the transaction (a full disk …): roll back. A statement still out at commit or rollback is at its end. */
muni_status muni__sql(muni__conn *c, const char *sql, muni__stmt **out);
void muni__bind_null(muni__stmt *s, int i);
void muni__bind_int(muni__stmt *s, int i, int64_t v);
void muni__bind_text(muni__stmt *s, int i, const char *p, size_t n);  /* borrowed until muni__done; NULL binds null */
void muni__bind_blob(muni__stmt *s, int i, const void *p, size_t n);  /* borrowed until muni__done; NULL binds null */
/* A set of ids as one parameter; the SQL has what muni__sql_set wrote. Copies. */
void muni__bind_set(muni__stmt *s, int i, const int64_t *ids, size_t n);
void muni__sql_set(muni__buf *sql, int param); /* appends "IN (…)" */
/* Its rows may be too many to be held at once: they come piece by piece, in the transaction that is open. Before the first step. */
void muni__many(muni__stmt *s);
muni_status muni__step(muni__stmt *s);          /* MUNI_ROW, MUNI_OK at the end, or an error (also one that a bind met) */
/* It is begun now, and its rows are for muni__step as ever: answers that a server gives to several are waited for together. */
void muni__send(muni__stmt *s);
/* As muni__step for one that writes, answers nothing and can only be refused by what no caller could mend: where a server would have to be waited for, it is not.
 * What it meets is the error of what is asked next, of the commit at the latest. What was bound need not live on; how many rows changed is not told. */
muni_status muni__step_later(muni__stmt *s);
int64_t muni__col_int(muni__stmt *s, int i); /* 0 for null */
bool muni__col_number(muni__stmt *s, int i, int64_t *v); /* false and 0 for null */
const char *muni__col_text(muni__stmt *s, int i, size_t *n); /* NULL for null; until the next step */
const void *muni__col_blob(muni__stmt *s, int i, size_t *n);
bool muni__col_null(muni__stmt *s, int i);
void muni__done(muni__stmt *s);                 /* reset and back into the cache; NULL is fine */
int64_t muni__conn_changes(muni__conn *c);      /* rows changed by the last statement */
/* A statement without parameters and rows, run once. */
muni_status muni__run(muni__conn *c, const char *sql);
/* After MUNI_EUNIQUE: the name of the index or "table.column" that refused, until the next statement. */
const char *muni__conn_conflict(const muni__conn *c);

/* ---- counters: taken inside a write transaction, kept in memory and written once at commit; a rollback forgets them. */
/* Take `count` values of a sequence; `*first` gets the first. Sequences begin at 1. Names: "id" (records), "history", "number/…". Where writers work beside
 * each other (muni__conn_beside), those three do not go back with a rollback, and leave gaps. */
muni_status muni__conn_take(muni__conn *c, const char *sequence, int64_t count, int64_t *first);
/* One value, above `above`: where writers work beside each other, one who began earlier may hold smaller ones. */
muni_status muni__conn_take_above(muni__conn *c, const char *sequence, int64_t above, int64_t *out);
/* From now on values come behind `to`; nothing where they do already. */
muni_status muni__conn_reach(muni__conn *c, const char *sequence, int64_t to);
/* The last value taken, 0 for none. */
muni_status muni__conn_last(muni__conn *c, const char *sequence, int64_t *out);

/* ---- writers beside each other (PostgreSQL). Elsewhere there is one at a time, and these do nothing. */
bool muni__conn_beside(const muni__conn *c);
/* What a SELECT of the record that is to be changed ends with: " FOR UPDATE", or "". */
const char *muni__store_lock(const muni__store *s);
/* A rule over several records: whoever writes under the same name waits until this transaction is over. Before what the rule looks at is read. */
muni_status muni__conn_rule(muni__conn *c, const char *name);
/* History rows up to this one may be missing without one having been taken away: those that writers beside each other wrote, here or where the store was
 * before. */
muni_status muni__conn_gaps(muni__conn *c, int64_t *upto);
/* History rows up to this one are there, or never will be. 0 where nobody can say that now, or another is sealing; else nobody else seals until this
 * transaction is over. */
muni_status muni__conn_settled(muni__conn *c, int64_t *upto);
/* Are both of the same store, by whatever address? In transactions. */
muni_status muni__conn_same(muni__conn *a, muni__conn *b, bool *out);
/* Small texts of the store. `*out` is owned; NULL where there is none. */
muni_status muni__conn_meta_get(muni__conn *c, const char *key, char **out);
muni_status muni__conn_meta_set(muni__conn *c, const char *key, const char *value);

/* That the folded keys are those of this library. */
muni_status muni__meta_keys_set(muni__conn *c);

/* ---- long work on the store itself, in pieces, each a transaction of its own, written down in m_journal (upgrade.c) */
typedef struct muni__work {
    const char *name;
    int64_t no;       /* 0: not begun */
    char part[64];    /* where it is: of what … */
    int64_t at;       /* … and how far */
    int64_t total, changed;
} muni__work;
/* The one of this name that is not done; `no` is 0 where there is none. */
muni_status muni__work_open(muni__conn *c, const char *name, muni__work *out);
/* That one, or a new one. Inside a write transaction, as the next. `name` lives on. */
muni_status muni__work_begin(muni__conn *c, const char *name, int64_t now, int64_t total, muni__work *out);
/* How far it is; `done_at` 0: not done. */
muni_status muni__work_save(muni__conn *c, const muni__work *w, int64_t done_at);
/* Between two pieces: MUNI_ECANCELLED where the callback says so. */
muni_status muni__work_tell(muni_progress_fn progress, void *user, const muni__work *w, int64_t done);

/* ---- the file (or what stands for it) */
/* Is it whole? Calls back with what is wrong: the name of an index that can be made anew from its table, or NULL and what was said. In a transaction. */
muni_status muni__store_inspect(muni__conn *c, muni_status (*each)(void *user, const char *index, const char *said), void *user);
muni_status muni__store_rebuild(muni__conn *c, const char *index); /* in a write transaction */
/* Bytes of the whole, and those that nothing uses. */
muni_status muni__store_size(muni__conn *c, int64_t *bytes, int64_t *free_bytes);
/* Tables and indexes with their bytes (−1: not known), by name. */
muni_status muni__store_usage(muni__conn *c, muni_status (*each)(void *user, const char *name, const char *table, int64_t bytes), void *user);
/* Give unused room back. Not in a transaction; waits for its turn among the writers, and keeps others from writing. */
muni_status muni__store_vacuum(muni__conn *c);

/* ---- tables of the kinds (schema.c) */
/* Names are always written quoted: "k_ticket", "group". A field's columns: its name; KEY also <name>_key (folded by muni__idkey);
 * ANY also <name>_kind; a LIST has none but a table "l_<kind>_<field>"(id, pos, value) indexed (value, id). */
void muni__schema_table(muni__buf *b, const muni__kind *k); /* "k_ticket" with quotes */
/* The columns of SELECT for a whole record, in field order, without the _key ones, `prefix` before each ("t." or ""). */
void muni__schema_columns(muni__buf *b, const muni__kind *k, const char *prefix);

#endif
