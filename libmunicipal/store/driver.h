/* What a driver of the store does, and what the parts of the store share. Only files of this room include it. */
#ifndef MUNI_STORE_DRIVER_H
#define MUNI_STORE_DRIVER_H

#include "store/search.h"

#include "core/arena.h"

#include <pthread.h>

/* ---- waiting in line: `room` may be inside at once, the others wait in the order in which they came */
typedef struct muni__waiter muni__waiter;
typedef struct muni__line {
    pthread_mutex_t mutex;
    int32_t room;
    muni__waiter *first, *last;
} muni__line;
muni_status muni__line_init(muni__line *line, int32_t room);
void muni__line_end(muni__line *line);
/* False when it is not our turn by `deadline` (muni__monotonic). */
bool muni__line_enter(muni__line *line, int64_t deadline);
void muni__line_leave(muni__line *line);

int64_t muni__monotonic(void); /* nanoseconds of a clock that only goes forward */
int64_t muni__deadline(int32_t wait_ms);
void muni__nap(int64_t nanoseconds);

/* ---- the writers' queue: threads of this process in line, then processes by tickets in a side file. The queue makes
 * waiting fair and short; what keeps writers apart is the lock of the database. So nothing breaks when the side file is lost,
 * read-only or full of nonsense. */
typedef struct muni__queue muni__queue;
/* `path` of the side file; NULL: threads only. `mode`: permissions of the file if it is made. `bypass`: nanoseconds after which, again and
 * again, the lock is tried out of turn (a forked child may keep the ticket of a dead parent). */
#define MUNI__QUEUE_BYPASS ((int64_t)250000000)
muni_status muni__queue_new(const char *path, unsigned mode, int64_t bypass, muni__queue **out);
void muni__queue_free(muni__queue *q, bool forked);
/* Wait for our turn, then `attempt`: MUNI_OK (we are in), 1 (locked by others: it is tried again) or an error. False in `*in` and
 * MUNI_OK when the time is over. */
muni_status muni__queue_enter(muni__queue *q, int64_t deadline, int (*attempt)(void *user), void *user, bool *in);
void muni__queue_leave(muni__queue *q);

/* ---- drivers */
/* A value of a row, whatever table it stands in: type 'i', 't', 'b', or 0 for null. */
typedef struct muni__cell {
    char type;
    int64_t i;
    const void *p;
    size_t n;
} muni__cell;
typedef struct muni__driver muni__driver;
typedef struct muni__ddl muni__ddl;
typedef struct muni__fulltext muni__fulltext;

struct muni__store {
    const muni__driver *drv;
    muni__store_options o; /* with the defaults filled in */
    muni__store_info info;
    int64_t process;       /* that opened it */
    muni__line line; /* for connections */
    pthread_mutex_t mutex;
    muni__conn *idle; /* under mutex */
    int64_t epoch;    /* atomic: raised when a lost connection is replaced. The server may be another, whose counters are behind */
    char *path;       /* absolute; NULL: in memory */
    bool unmake;      /* the store was just made, and making it failed after all: close takes its files away */
    void *impl;       /* the driver's */
};

typedef struct muni__counter {
    char *name;
    int64_t value;
    bool loaded, dirty;
} muni__counter;

#define MUNI__STMT_BUCKETS 256
#define MUNI__STMT_IDLE 256 /* statements kept ready by a connection */

struct muni__stmt {
    muni__conn *c;
    void *native;
    char *sql;
    size_t n;
    uint64_t hash;
    bool writes;
    bool ended; /* no row is to come */
    bool idle;  /* in the cache, nobody's */
    muni_status st;            /* what a bind met */
    muni__stmt *chain;         /* of its bucket */
    muni__stmt *prev, *next;   /* among the idle (latest first), or among those that are out */
    char **sets;               /* texts of sets, freed when done */
    size_t nsets, sets_cap;
};

struct muni__conn {
    muni__store *store;
    const muni__driver *drv;
    void *link;       /* the driver's */
    muni__conn *next; /* among the idle ones */
    bool tx, write;
    bool lost;        /* the database has ended the transaction by itself */
    muni__stmt *buckets[MUNI__STMT_BUCKETS];
    muni__stmt *idle_first, *idle_last, *out;
    int32_t idle_count;
    muni__counter *counters;
    size_t ncounters, counters_cap;
    bool config_known; /* the driver read it when the transaction began, and nothing has changed it since */
    int64_t config;
    int64_t config_at; /* when it was read, of muni__monotonic */
    bool queued; /* the transaction put documents into the queue */
    muni__doubt doubt; /* by what one could tell how it ended */
    bool clashed; /* the database ended it because of another's */
    char conflict[192];
};

struct muni__driver {
    const char *name;
    const muni__fulltext *search;
    const char *set; /* what a set begins and ends with */
    /* Make the store, with muni__schema_make on a connection, where nobody finds it. Closing it then leaves nothing behind. */
    muni_status (*create)(muni__store *s, const muni__store_birth *b);
    /* It is whole, and has no connections: give it its name. */
    muni_status (*publish)(muni__store *s);
    /* Look at what shall be opened before anything is written: exists, is a store. Fills s->path. */
    muni_status (*open)(muni__store *s);
    void (*close)(muni__store *s, bool forked); /* after its connections */
    muni_status (*connect)(muni__store *s, muni__conn *c);
    void (*disconnect)(muni__conn *c, bool forked); /* its statements are gone, or `forked` */
    muni_status (*begin)(muni__conn *c, bool write);
    muni_status (*commit)(muni__conn *c);
    void (*rollback)(muni__conn *c);
    muni_status (*pause)(muni__conn *c); /* nothing more comes for now. NULL: that makes no difference */
    bool (*alive)(muni__conn *c); /* is the transaction still there? */
    muni_status (*prepare)(muni__conn *c, const char *sql, size_t n, void **native, bool *writes);
    void (*finalize)(void *native, bool forked);
    muni_status (*bind)(muni__stmt *s, int i, int type, int64_t v, const void *p, size_t n);
    void (*many)(muni__stmt *s); /* NULL: rows are never held */
    muni_status (*step)(muni__stmt *s); /* MUNI_ROW, MUNI_OK, error */
    muni_status (*send)(muni__stmt *s, bool answer); /* for muni__send and muni__step_later. NULL: nothing is waited for longer than it takes */
    void (*reset)(void *native);
    bool (*col_int)(void *native, int i, int64_t *v); /* false and 0 for null */
    const char *(*col_text)(void *native, int i, size_t *n);
    const void *(*col_blob)(void *native, int i, size_t *n);
    bool (*col_null)(void *native, int i);
    int64_t (*changes)(muni__conn *c);
    /* Writers beside each other; all NULL where there is one at a time. `take` and `last` answer false in `*mine` for a sequence that goes back with a
     * rollback, which is kept as elsewhere. The others are what the functions of these names in store.h say. */
    const char *lock;
    muni_status (*take)(muni__conn *c, const char *sequence, int64_t count, int64_t above, int64_t *first, bool *mine);
    muni_status (*last)(muni__conn *c, const char *sequence, int64_t *out, bool *mine);
    muni_status (*reach)(muni__conn *c, const char *sequence, int64_t to, bool *mine);
    muni_status (*rule)(muni__conn *c, const char *name);
    muni_status (*settled)(muni__conn *c, int64_t *upto);
    /* Did that transaction end, and how? False: nobody can tell now. NULL: a commit is never in doubt. */
    bool (*ask)(const muni__store *s, const muni__doubt *d, bool *written);
    muni_status (*same)(muni__conn *a, muni__conn *b, bool *out); /* are both of one store? Of connections of this driver, in transactions */
    /* Many rows into a table of a copy: `into` is "table"("column", …). NULL: they are written one by one. */
    muni_status (*load_open)(muni__conn *c, const char *into);
    muni_status (*load_row)(muni__conn *c, const muni__cell *cells, size_t n);
    muni_status (*load_close)(muni__conn *c, bool good);
    muni_status (*load_done)(muni__conn *c); /* all of them are there: what makes it quick from now on; not in a transaction. May be NULL */
    muni_status (*run)(muni__conn *c, const char *sql); /* one or several statements that make or change tables */
    muni_status (*make)(muni__conn *c, const muni__ddl *d); /* such a thing */
    const char *made_with;  /* SQL: the words of the house with which the thing ?1 was made; no row: there is none */
    const char *has_column; /* SQL: a row where the table ?1 has the column ?2 */
    /* of store.h: what the functions of these names say */
    muni_status (*inspect)(muni__conn *c, muni_status (*each)(void *user, const char *index, const char *said), void *user);
    muni_status (*rebuild)(muni__conn *c, const char *index);
    muni_status (*size)(muni__conn *c, int64_t *bytes, int64_t *free_bytes);
    muni_status (*usage)(muni__conn *c, muni_status (*each)(void *user, const char *name, const char *table, int64_t bytes), void *user);
    muni_status (*vacuum)(muni__conn *c);
};
/* How a driver keeps the search index: what the functions of these names in search.h say, where something may be written. */
struct muni__docs {
    const muni__fulltext *of;
};
struct muni__fulltext {
    muni_status (*put)(muni__conn *c, int64_t doc, int32_t part, int32_t kind, int64_t rec, const char *keys, size_t n);
    muni_status (*remove)(muni__conn *c, int64_t doc);
    muni_status (*flush)(muni__conn *c, bool force, int64_t *indexed);
    muni_status (*queued)(muni__conn *c, int64_t *out);
    muni_status (*reindex)(muni__conn *c, muni__work *w, bool *again);
    muni_status (*check)(muni__conn *c, muni_status (*wrong)(void *user, int64_t doc), void *user);
    muni_status (*open)(muni__conn *c, const muni__term *term, muni__docs **out);
    muni_status (*next)(muni__docs *d, muni__doc *out);
    void (*close)(muni__docs *d);
    /* Where the index needs a column of its own in m_doc: its name, and its value for a document, as text. NULL: a copy makes the index anew. */
    const char *load_column;
    muni_status (*load_value)(muni__buf *out, const char *keys, size_t n);
};
extern const muni__fulltext muni__sqlite_search;
/* A literal is a text that the database reads as something else: a set, an array. It ends with a NUL. */
enum { MUNI__BIND_NULL, MUNI__BIND_INT, MUNI__BIND_TEXT, MUNI__BIND_BLOB, MUNI__BIND_LITERAL };
void muni__bind_literal(muni__stmt *s, int i, const char *text); /* borrowed until muni__done */

extern const muni__driver muni__sqlite;

/* A connection of its own, not in the pool. */
muni_status muni__conn_new(muni__store *s, muni__conn **out);
void muni__conn_free(muni__conn *c);
void muni__conn_forget(muni__conn *c); /* all its statements are finalized */
bool muni__store_forked(const muni__store *s);

/* ---- schema.c */
#define MUNI__COMPAT 1 /* raised when a library of before could do harm to a store of now */
#define MUNI__TABLES 2 /* raised when the tables of the library change: tests/unit/test_upgrade.c has their digests, and a store of each number before */
/* All tables, indexes and the meta rows; the transaction is the caller's. */
muni_status muni__schema_make(muni__conn *c, const muni__store_birth *b);
muni_status muni__schema_index_new(muni__conn *c); /* "m_doc_index_new", empty */
/* The digest of this library's tables, worked out once. */
muni_status muni__schema_ours(char out[65]);
/* Name what refused: `columns` as "table.a, table.b" or "index 'x'". Writes the name of the index (or the columns) and the field. */
void muni__schema_conflict(const char *columns, char *name, size_t name_size, char *field, size_t field_size);
/* The same where the name of the index is known. */
void muni__schema_conflict_index(const char *name, char *field, size_t field_size);

typedef struct muni__ddl_column {
    const char *name, *decl;
} muni__ddl_column;
struct muni__ddl {
    char type; /* 't' table, 'v' virtual table with what fills it, 'i' index */
    const char *name, *table, *sql;
    const muni__ddl_column *columns; /* of a table that may get more */
    size_t ncolumns;
    muni__ddl *next;
};
/* What a store of these kinds consists of, in the order of making. */
muni_status muni__schema_ddl(muni__arena *mem, const muni__kind *kinds, int32_t nkinds, muni__ddl **out);
muni_status muni__schema_digest(const muni__ddl *ddl, char out[65]);

/* ---- upgrade.c */
/* Read the meta rows and compare; upgrades if asked. Not in a transaction. */
muni_status muni__schema_check(muni__conn *c, bool upgrade, muni__store_info *info);
/* Add what is missing, at most `most` things (0: nothing, only count), in a write transaction; `*missing` counts what was. */
muni_status muni__schema_add(muni__conn *c, const muni__ddl *ddl, int32_t most, int32_t *missing);
/* A step that adding cannot express. `piece` does some of it in the transaction that is open, beginning at w->at, and says whether it is to be called
 * again; w is written down with it. The store is of the tables `tables` when it is done. Ends with one of the number 0. */
typedef struct muni__upgrade_step {
    int32_t tables;
    const char *name;
    muni_status (*piece)(muni__conn *c, muni__work *w, bool *again);
} muni__upgrade_step;
extern const muni__upgrade_step muni__upgrade_steps[];
typedef struct muni__upgrade {
    const muni__ddl *ddl;
    const char *digest; /* of `ddl` */
    int32_t tables;
    const muni__upgrade_step *steps;
} muni__upgrade;
/* Each piece a transaction of its own. Stopped anywhere, another run goes on. */
muni_status muni__upgrade_run(muni__conn *c, const muni__upgrade *u);
muni_status muni__meta_int_set(muni__conn *c, const char *key, int64_t v);
/* That the store is of these tables. */
muni_status muni__meta_schema_set(muni__conn *c, const char *digest, int32_t tables);

/* ---- search.c */
#define MUNI__DOC_BATCH 256
muni_status muni__doc_flush_due(muni__conn *c); /* just before COMMIT */
/* From the columns doc, part, kind, rec, keys. */
void muni__doc_fill(muni__stmt *s, muni__doc *out);

#endif
