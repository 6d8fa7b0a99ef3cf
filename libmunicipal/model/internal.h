/* What the files of the model share among themselves and nobody else needs. */
#ifndef MUNI_MODEL_INTERNAL_H
#define MUNI_MODEL_INTERNAL_H

#include "model/problems.h"
#include "model/model.h"

/* ---- tx.c */
muni_status muni__lock_init(muni__lock *lock);
void muni__lock_free(muni__lock *lock);
muni_status muni__lock_take(muni__lock *lock);
void muni__lock_drop(muni__lock *lock);
muni_status muni__db_usable(const muni_db *db); /* MUNI_ECLOSED, MUNI_EFORK */
muni_status muni__db_enter(muni_db *db);        /* one more call is running */
void muni__db_leave(muni_db *db);
bool muni__db_hold(muni_db *db);                /* as entering, though it is being closed; false: it is over, or this is a fork */
bool muni__db_inside(void);                     /* is this thread inside of a call? */
void muni__group_abandon(muni_session *session); /* roll back what is open; the caller keeps others away */

/* ---- db.c */
void muni__db_shut(muni_db *db); /* the last call after closing is over: close for good */
void muni__db_track(muni_session *session, bool add); /* the store knows its sessions, to end their groups */

/* ---- row.c: the texts of statements that every record of a kind needs, built once per store; they live as long as it. */
typedef enum muni__sql_sort { MUNI__SQL_LOAD, MUNI__SQL_LOCK, MUNI__SQL_INSERT, MUNI__SQL_EXISTS, MUNI__SQL_COLUMNS, MUNI__SQL_SORTS } muni__sql_sort;
muni_status muni__kind_sql(muni_db *db, const muni__kind *kind, muni__sql_sort sort, const char **out);
void muni__kind_sql_free(muni_db *db);
/* SELECT … FROM: the columns of a record, and its folded keys behind them; answers where these begin. */
int muni__row_select(muni__buf *sql, const muni__kind *kind);
/* Load by id, trashed or not, into `mem`; NULL where there is none. Asks no rights. */
muni_status muni__row_find(const muni__tx *tx, muni__arena *mem, const muni__kind *kind, int64_t id, muni__row **out);

/* ---- session.c: rights are compiled again when the configuration changed or a dated thing began or ended */
muni_status muni__rights_refresh(muni__tx *tx);

/* ---- row.c */
/* Bring a caller's value into the form of its field; what is left to check is whether references lead anywhere. */
muni_status muni__value_take(muni__tx *tx, const muni__kind *kind, int32_t index, muni__val *v);

/* ---- write.c */
/* The keys of the document by which the record is found, put into `keys`, and for which record it answers. False: the kind is not searched. */
typedef struct muni__document {
    int32_t part, kind;
    int64_t rec;
} muni__document;
bool muni__row_document(const muni__row *row, muni__buf *keys, muni__document *out);
/* Last things inside a transaction that wrote: seal what fills a block. */
muni_status muni__tx_before_commit(muni__tx *tx);

/* ---- history.c */
/* Seal what is not sealed yet: whole blocks only, or all of it. */
muni_status muni__history_seal(muni__tx *tx, bool all, int64_t *sealed);
/* The canonical documents of a row's values, ordinary and personal. */
muni_status muni__history_values(const muni__row *row, int32_t utc_offset, bool personal, muni__buf *out);
#define MUNI__BLOCK 1000
typedef struct muni__history_row {
    int64_t id, rec, rev, actor, at;
    int32_t kind, action, flags;
    const char *app, *reason; /* NUL-terminated */
    const unsigned char *prev, *ord_digest, *per_digest; /* MUNI__HASH bytes; NULL: zeros */
} muni__history_row;
void muni__history_hash(const unsigned char store[16], const muni__history_row *h, unsigned char out[32]);
void muni__history_digest(const unsigned char salt[16], const char *p, size_t n, unsigned char out[32]);
/* The Merkle root of `n` (at least 1) hashes; `hashes` is used up. */
void muni__merkle(unsigned char (*hashes)[32], size_t n, unsigned char out[32]);
void muni__block_hash(const unsigned char store[16], int64_t no, int64_t first, int64_t last, int64_t count, int64_t sealed_at, const unsigned char root[32],
                      const unsigned char prev[32], unsigned char out[32]);
enum { MUNI__H_LATE = 1 }; /* the clock stood behind the record's last row */

/* ---- definition.c */
void muni__definitions_free(struct muni__definitions *d);
muni_status muni__definitions_ship(muni__tx *tx); /* store the shipped ones */
/* Check a definition's body by its family. MUNI_EDEFINITION with the path in the field. */
muni_status muni__definition_check(muni__tx *tx, const char *family, const char *name, const json_t *body);

/* ---- lifecycle.c */
typedef struct muni__transition_def {
    const char *name, *ja, *en, *to;
    const json_t *json; /* the whole transition */
} muni__transition_def;
/* `name`: of the definition; where a kind lives by it, fields are checked, too. MUNI_EDEFINITION. */
muni_status muni__lifecycle_check(const char *name, const json_t *body);
/* The lifecycle definition's name for a kind and type, "" for none. */
const char *muni__lifecycle_name(const muni__kind *kind, const char *type, char buffer[96]);
const char *muni__lifecycle_initial(const json_t *body);
const json_t *muni__lifecycle_state(const json_t *body, const char *state);
const json_t *muni__lifecycle_transition(const json_t *body, const char *name);
bool muni__lifecycle_from(const json_t *transition, const char *state);

/* ---- audit.c */
muni_status muni__may_audit(const muni__tx *tx); /* MUNI_EDENIED */
/* Is the history whole, and is every record what it says? `derived`: also what could be derived anew. Adds to the problems. */
typedef struct muni__audited {
    int64_t rows, records, blocks, sealed_rows, destroyed;
    char head[65];
} muni__audited;
muni_status muni__audit(muni__tx *tx, bool derived, muni_progress_fn progress, void *user, muni__problems *findings, muni__audited *out);

/* ---- check.c */
/* Make all folded keys anew, in pieces, by a journal: what was stopped goes on. */
muni_status muni__keys_renew(muni_db *db, muni_progress_fn progress, void *user);

/* ---- upkeep.c */
muni_status muni__may_keep(const muni__tx *tx); /* may the session manage the store? MUNI_EDENIED */
/* Make the search index anew. `*out` (may be NULL) is how many documents it holds. */
muni_status muni__reindex(muni_session *session, muni_progress_fn progress, void *user, int64_t *out);

/* ---- number.c */
muni_status muni__numbering_check(const json_t *body);
/* The next number by the rule for the row; "" where the kind has none. Memory of the transaction. */
muni_status muni__number_next(muni__tx *tx, const muni__row *row, const char **out);
/* The counter that a record's number was taken from, and its value; "" where the rule in force would not give such a number. */
muni_status muni__number_read(muni__tx *tx, const muni__row *row, char counter[160], int64_t *value);

#endif
