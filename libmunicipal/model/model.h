/* The model: handles, transactions, rows, the write path, what a session may see. Knows no particular kind. */
#ifndef MUNI_MODEL_MODEL_H
#define MUNI_MODEL_MODEL_H

#include <municipal/audit.h>
#include <municipal/db.h>
#include <municipal/query.h>
#include <municipal/rec.h>
#include <municipal/session.h>

#include "core/arena.h"
#include "core/base.h"
#include "core/kind.h"
#include "core/value.h"
#include "store/store.h"

#include <jansson.h>
#include <pthread.h>

/* ---- verbs and scopes of a grant */
typedef enum muni__verb {
    MUNI__V_READ,
    MUNI__V_CREATE,
    MUNI__V_UPDATE,
    MUNI__V_TRANSITION,
    MUNI__V_COMMENT,
    MUNI__V_HISTORY,
    MUNI__V_TRASH,
    MUNI__V_IMPORT,
    MUNI__V_EXPORT,
    MUNI__V_PERSONAL,
    MUNI__V_PLAN,
    MUNI__V_APPROVE,
    MUNI__V_APPLY,
    MUNI__V_REPORT,
    MUNI__V_AUDIT,
    MUNI__V_MANAGE,
    MUNI__V_COUNT
} muni__verb;
enum { MUNI__S_OWN = 1, MUNI__S_UNIT = 2, MUNI__S_BELOW = 4, MUNI__S_ALL = 8 };

/* What a session may do, compiled from its grants. */
typedef struct muni__right {
    int32_t kind;      /* number of a kind; 0: every kind */
    const char *type;  /* a type of it; NULL: every type */
    uint32_t verbs;    /* bits 1 << muni__verb */
    uint32_t scopes;   /* MUNI__S_… */
} muni__right;

/* Who the session is, for scopes: decided by the scope provider (staff) and good until `until`. */
typedef struct muni__scope {
    int64_t principal, person;     /* 0: none */
    const int64_t *units;          /* units in which the person holds a post, ascending */
    size_t nunits;
    const int64_t *below;          /* those and all below them, ascending */
    size_t nbelow;
    int64_t until;                 /* the next moment at which this may change; INT64_MAX: none known */
} muni__scope;

typedef struct muni__rights {
    muni__arena mem;
    muni__right *list;
    size_t count;
    muni__scope scope;
    const char **groups;           /* codes */
    size_t ngroups;
    int64_t config;                /* configuration revision it was compiled under */
    int64_t since;                 /* the midnight before it was compiled: a clock that goes back behind it asks anew */
    int64_t until;                 /* the next moment at which a membership, post or principal begins or ends */
} muni__rights;

/* ---- handles */
typedef struct muni__lock { /* one owner at a time; the owner again is MUNI_EBUSY, others wait */
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    pthread_t owner;
    bool held;
} muni__lock;

struct muni_db {
    int32_t refs; /* atomic */
    pthread_mutex_t mutex;
    muni__store *store; /* NULL once closed */
    bool closed;
    int32_t calls;      /* running in it; closing waits */
    pthread_cond_t idle;
    int64_t fixed_now;  /* 0: the system's clock */
    bool test;
    int32_t utc_offset;
    int64_t process; /* that opened it */
    struct muni__definitions *definitions; /* parsed ones, by id; under mutex */
    struct muni__regexes *regexes; /* compiled patterns of conditions */
    bool shutting;          /* one thread is ending it: sessions stay where they are meanwhile */
    muni_session *sessions; /* open ones, under mutex: closing ends their groups */
    char **sql;  /* texts of statements by kind (muni__kind_sql), under mutex */
    bool wrote;  /* this process wrote something: closing indexes and seals it */
};

struct muni_session {
    int32_t refs; /* atomic */
    muni_db *db;
    muni__lock lock;
    bool closed;
    int64_t principal;
    char *login, *application, *reason;
    muni__rights *rights;
    struct muni__tx *group; /* the open group, or NULL */
    muni__doubt doubt;      /* of its last transaction that was in doubt */
    muni__arena spare;      /* a chunk that the last list gave back; taken and given atomically */
    muni_session *before, *after; /* in the store's list */
};

/* ---- transactions */
struct muni__tx {
    muni_session *session;
    muni_db *db;
    muni__conn *conn;
    int64_t now;
    int32_t utc_offset;
    bool write;   /* a write transaction */
    bool group;   /* opened by muni_session_begin */
    bool wrote;   /* something was written */
    bool doomed;
    bool system;  /* the library itself acts: no rights are asked */
    bool configured; /* something on which rights or behaviour rest was written: nothing read from now on is known to others */
    struct muni__definitions *definitions; /* those read since then */
    int64_t changing; /* the record that is to be changed: it is locked when it is read */
    bool block_full; /* a block of history was filled: it is sealed at the end */
    int32_t depth;   /* nesting of the write path by hooks, and by verbs that have asked for their own right */
    int32_t following; /* nesting by hooks alone: what they write was asked for by nobody */
    int32_t changes; /* in the group */
    const muni__rights *rights;
    unsigned char random[256]; /* for salts, the first `unused` bytes */
    size_t unused;
    muni__arena mem; /* lives as long as the transaction; in a group, as the call */
};

/* Begin a call: lock the session, check that it is usable, join the open group or borrow a connection and begin; rights are brought up to
 * date. Every path out goes through muni__tx_leave with the call's status, which commits (write, status ≥ 0), rolls back or dooms, and
 * answers the status to return. `group_ok` false: MUNI_ESTATE while a group is open. */
muni_status muni__tx_enter(muni_session *session, bool write, bool group_ok, muni__tx **out);
muni_status muni__tx_leave(muni__tx *tx, muni_status st);
/* Take hold of a session for a call without a transaction: on success its lock is held and the call is counted. And let go of it; the reason of a failure
 * stays. */
muni_status muni__session_take(muni_session *session);
void muni__session_let_go(muni_session *session);
/* Shall a call of its own, which ended with `st`, be done once more? The database ended it because two waited for each other. `*tries` begins at 0. */
bool muni__tx_again(muni_status st, int *tries);
/* A call whose transaction is `body` and writes, once more where muni__tx_again says so. `*out` (`out` may be NULL) is what the body hands out; it is freed
 * and NULL where the call fails. */
muni_status muni__tx_write(muni_session *session, bool group_ok, muni_status (*body)(muni__tx *tx, void *user, muni_rec **out), void *user, muni_rec **out);
/* Without a session, with every right: for making a store, opening sessions, closing. Ends with muni__tx_leave too. */
muni_status muni__tx_system(muni_db *db, bool write, muni__tx **out);
int64_t muni__db_clock(muni_db *db);
/* Today in the store's zone: a day number of core/date.h. */
int32_t muni__tx_today(const muni__tx *tx);

/* ---- rows: a record being worked on. `v` has one value per field of the kind; `set` says which were given (in a patch). */
struct muni__row {
    const muni__kind *kind;
    muni__val *v;
    uint8_t *set;
};
muni_status muni__row_new(muni__arena *mem, const muni__kind *kind, muni__row **out);
static inline int64_t muni__row_id(const muni__row *row) { return row->v[MUNI__C_ID].i; }
void muni__row_put(muni__row *row, int32_t field, muni__val v);            /* borrows the text */
muni_status muni__row_put_text(muni__arena *mem, muni__row *row, int32_t field, const char *p, size_t n); /* copies */
/* Field by its name; the caller knows that it exists (a table's constant). */
int32_t muni__row_field(const muni__kind *kind, const char *name);
/* Values given by a caller: names, types, lengths, closed lists; SYSTEM fields are refused. Field checks only: MUNI_EFIELD, MUNI_ETYPE, MUNI_ELIMIT,
 * MUNI_EFORMAT. References are still to be checked. */
muni_status muni__row_from_rec(muni__tx *tx, const muni__kind *kind, const muni_rec *rec, muni__row **out);
/* Read columns of muni__schema_columns, from column `first` on. Copies into `mem`. */
muni_status muni__row_read(muni__arena *mem, const muni__kind *kind, muni__stmt *s, int first, muni__row **out);
/* Load by id, trashed or not: MUNI_ENOTFOUND. Asks no rights. */
muni_status muni__row_load(muni__tx *tx, const muni__kind *kind, int64_t id, muni__row **out);
/* Is `p` one of the values of "a|b|c"? */
bool muni__list_has(const char *list, const char *p, size_t n);
/* Load what the session may see: else MUNI_ENOTFOUND. */
muni_status muni__row_seen(muni__tx *tx, const muni__kind *kind, int64_t id, muni__row **out);
/* The field that says what record this one is about (comments); -1 where the kind has none. */
int32_t muni__kind_about(const muni__kind *kind);
extern const muni__hooks muni__comment_hooks;
/* The field a record of the kind is found by: its own unique identifier, else its number; NULL where it has none. */
const char *muni__kind_identifier(const muni__kind *kind);
/* The record a session gets: `fields` NULL → all it may see but PERSONAL; else the listed fields (index; from muni__fields_parse). */
typedef struct muni__fields muni__fields; /* a parsed list of field names, with paths through references */
/* `names`: an array of names, NULL for the default. MUNI_EFIELD. Depth ≤ 3. In query.c. */
muni_status muni__fields_parse(muni__arena *mem, const muni__kind *kind, const char *const *names, size_t count, muni__fields **out);
bool muni__fields_personal(const muni__fields *f); /* does it name a PERSONAL field? */
/* Records for a page of rows (references are followed with one query per page, under the reader's rights). With a leaf, in whose memory the rows are, the
 * records stand there beside them; without (NULL), each is a copy. In list.c. */
muni_status muni__rows_to_recs(muni__tx *tx, muni__leaf *leaf, const muni__kind *kind, muni__row *const *rows, size_t count, const muni__fields *fields, muni_rec **out);
muni_status muni__row_to_rec(muni__tx *tx, const muni__row *row, const muni__fields *fields, muni_rec **out);

/* ---- the write path (write.c). Inside a write transaction. */
typedef enum muni__action { MUNI__A_CREATE = 1, MUNI__A_UPDATE, MUNI__A_TRANSITION, MUNI__A_TRASH, MUNI__A_RESTORE, MUNI__A_COMMENT } muni__action;
/* `patch` holds the values given. `*stored` (may be NULL) is the row as stored, in tx->mem. */
muni_status muni__create(muni__tx *tx, const muni__kind *kind, const muni__row *patch, muni__row **stored);
/* Everything that muni__create checks before its first write, but not what must be unique; the transaction may be one that only reads. `*out` is the row as
 * it would be, without what is given on writing (id, number). */
muni_status muni__create_check(muni__tx *tx, const muni__kind *kind, const muni__row *patch, muni__row **out);
muni_status muni__update(muni__tx *tx, const muni__kind *kind, int64_t id, int64_t rev, const muni__row *patch, muni__row **stored);
muni_status muni__transition(muni__tx *tx, const muni__kind *kind, int64_t id, int64_t rev, const char *transition, const muni__row *patch, muni__row **stored);
muni_status muni__trash(muni__tx *tx, const muni__kind *kind, int64_t id, int64_t rev, bool restore, muni__row **stored);
const char *muni__action_name(int32_t action); /* "create" … */

/* ---- rights (visible.c) */
/* Scopes that the session has for a verb on a kind and type (NULL: what it has for every type). */
uint32_t muni__scopes(const muni__tx *tx, const muni__kind *kind, const char *type, muni__verb verb);
/* Scopes for any type of the kind at all. */
uint32_t muni__scopes_any(const muni__tx *tx, const muni__kind *kind, muni__verb verb);
/* May the session do this to this row? The C evaluator of the visibility predicate. */
bool muni__may(const muni__tx *tx, const muni__row *row, muni__verb verb);
bool muni__field_visible(const muni__tx *tx, const muni__kind *kind, int32_t field);

/* ---- conditions (cond.c): one language, compiled to SQL and evaluated in C (decisions 18) */
typedef struct muni__cond muni__cond;
muni_status muni__cond_parse(muni__arena *mem, const muni__kind *kind, const json_t *json, const char *path, muni__cond **out);
/* `old` for {"old":field}; may be NULL. A condition that reaches through references (assignee.name) is only for SQL. */
bool muni__cond_holds(const muni__tx *tx, const muni__cond *c, const muni__row *row, const muni__row *old);

/* ---- lists inside the library: rows of a kind that satisfy a condition, without rights. Calls back in ascending id; the row lives during the
 * call. A negative status from `each` ends it. `where` NULL: all; trashed ones are left out. In list.c. */
muni_status muni__each(muni__tx *tx, const muni__kind *kind, const muni__cond *where, muni_status (*each)(void *user, const muni__row *row), void *user);
/* The same for the rows whose reference `field` leads to the record `id`. */
muni_status muni__each_of(muni__tx *tx, const muni__kind *kind, const char *field, int64_t id, muni_status (*each)(void *user, const muni__row *row), void *user);
/* One row by a KEY or INT field's value (folded): NULL where there is none. */
muni_status muni__row_by(muni__tx *tx, const muni__kind *kind, const char *field, const char *value, size_t n, muni__row **out);

/* ---- cursors (cursor.c) */
typedef struct muni__cursor_ops {
    muni_status (*next)(muni__tx *tx, void *state, muni_rec **out); /* MUNI_ROW, MUNI_OK */
    muni_status (*token)(void *state, char **out);                  /* NULL: MUNI_ENOTSUP */
    void (*free)(void *state);
} muni__cursor_ops;
/* Takes the state, also on failure. */
muni_status muni__cursor_new(muni_session *session, const muni__cursor_ops *ops, void *state, muni_cursor **out);
/* A cursor over records that are all there; takes the array and the records, also on failure. */
muni_status muni__cursor_of(muni_session *session, muni_rec **recs, size_t count, muni_cursor **out);

/* ---- definitions (definition.c) */
/* The active definition of a family and name, parsed, kept by the store; borrowed for the transaction. MUNI_EDEFINITION where there is none. */
typedef struct muni__definition {
    int64_t id;
    int32_t version;
    char *name, *title;
    json_t *body;
    void *parsed; /* by family */
} muni__definition;
muni_status muni__definition_active(muni__tx *tx, const char *family, const char *name, const muni__definition **out);
muni_status muni__definition_by_id(muni__tx *tx, int64_t id, const muni__definition **out);
/* A value of a codes definition by code or by title (Japanese or English), NFKC-folded: its code, or NULL where there is none. */
muni_status muni__codes_find(const muni__definition *d, const char *p, size_t n, const char **out);
/* The title of a code: lang "ja" or "en"; the code itself where it has none. */
const char *muni__codes_title(const muni__definition *d, const char *code, const char *lang);

extern const muni__hooks muni__definition_hooks;

/* ---- history (history.c) */
muni_status muni__history_write(muni__tx *tx, muni__action action, const muni__row *old, const muni__row *row, int64_t late_at);

/* ---- what the rooms register (rooms.c, the composition root) */
typedef struct muni__rooms {
    /* rights of a principal now (access) */
    muni_status (*rights)(muni__tx *tx, int64_t principal, muni__rights *out);
    /* units of a person (staff): fills units, below, until of `out`; memory from `mem` */
    muni_status (*scope)(muni__tx *tx, muni__arena *mem, int64_t person, muni__scope *out);
    /* check the body of a definition of a family that a room owns (report, profile), or whose use is a room's (matrix) */
    muni_status (*check)(muni__tx *tx, const char *family, const char *name, const json_t *body);
    /* the first records of a new store: groups, grants, the administrator (access), after the shipped definitions */
    muni_status (*birth)(muni__tx *tx, const muni_create_options *options);
} muni__rooms;
extern const muni__rooms muni__rooms_table;
/* Hooks of a kind; NULL where it has none. */
const muni__hooks *muni__hooks_of(const muni__kind *kind);
/* Definitions shipped with the library, from defaults/: JSON texts {"family","name","title","body"}, NULL at the end. The first is the
 * lifecycle of definitions. */
extern const char *const muni__shipped_definitions[];

#endif
