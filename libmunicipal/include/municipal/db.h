/** @file
 * Stores: making, opening and closing them. */
#ifndef MUNICIPAL_DB_H
#define MUNICIPAL_DB_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/** How to make a store. Begin with MUNI_CREATE_OPTIONS_INIT; zero means the default. */
typedef struct muni_create_options {
    size_t struct_size;    /**< size of this structure */
    const char *admin;     /**< [borrowed during the call] login of the first administrator; NULL: `admin` */
    const char *admin_name; /**< [borrowed during the call] that person's name; NULL: 管理者 */
    int32_t test;          /**< not 0: a test store, whose clock may be fixed and which says so for ever */
    int32_t utc_offset;    /**< the store's zone in seconds east of UTC, −50400 to 50400; −1: 32400 (Japan) */
    int64_t now;           /**< test stores: the clock stands at this moment (seconds UTC); 0: the system's clock */
} muni_create_options;
/** Every option at its default.
 * @hideinitializer */
#define MUNI_CREATE_OPTIONS_INIT { sizeof(muni_create_options), NULL, NULL, 0, -1, 0 }

/** How to open a store. Begin with MUNI_OPEN_OPTIONS_INIT; zero means the default. */
typedef struct muni_open_options {
    size_t struct_size;   /**< size of this structure */
    int32_t upgrade;      /**< not 0: bring an older store up to date */
    int32_t connections;  /**< at most so many connections at once; 0: 4 */
    int32_t synchronous;  /**< 0: every commit is on disk (FULL); 1: NORMAL, the last commits may be lost in a power failure */
    int32_t wait_secs;    /**< how long a writer waits for its turn; 0: 30 seconds */
    int32_t network;      /**< not 0: open it though it lies on a network file system */
    muni_progress_fn progress; /**< called now and then during an upgrade, or NULL; cancelling leaves it to be finished by another upgrade */
    void *user;           /**< given to `progress` */
} muni_open_options;
/** Every option at its default.
 * @hideinitializer */
#define MUNI_OPEN_OPTIONS_INIT { sizeof(muni_open_options), 0, 0, 0, 0, 0, NULL, NULL }

/**
 * Make a new store, with the shipped definitions, the groups administrator, operator, approver and reader, and one administrator. It is made
 * beside, as a file with `.new-` and more behind its name, and gets its name when it is whole: a process that dies leaves the whole store or none.
 *
 * On a server it is a schema of a database that is there (encoded in UTF-8); it is made under another name there as well, and who makes it needs the right
 * to CREATE in the database.
 *
 * @param url     [borrowed during the call] a file name, `:memory:`, or an address of PostgreSQL as libpq takes it, `postgresql://…`, with `schema=NAME`
 *                among its parameters (`municipal` where it has none); the file or schema must not exist
 * @param options [borrowed during the call] how, or NULL
 * @param out     [owned] the open store; close it with muni_db_close() and drop it with muni_db_unref()
 * @retval MUNI_OK made
 * @retval MUNI_EINVAL an argument is NULL, empty or out of range
 * @retval MUNI_EUTF8 a text is not valid UTF-8
 * @retval MUNI_EFORMAT a text has a control character
 * @retval MUNI_ELIMIT a text is too long
 * @retval MUNI_EUNIQUE the file or schema exists
 * @retval MUNI_ENOTFOUND there is no such directory or database
 * @retval MUNI_EAUTH the server refused the account or its password
 * @retval MUNI_ENOTSUP no driver for this URL in this build, or the server is too old or its database not in UTF-8
 * @storeerrors
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_create(const char *url, const muni_create_options *options, muni_db **out);

/**
 * Open a store that exists. An upgrade goes in pieces and is written down: where it was stopped, by a power failure or otherwise, the next one goes on, and until
 * it is finished the store opens with `upgrade` only. Close other programs on the store before.
 *
 * @param url     [borrowed during the call] a file name, or the address of a store on a server (see muni_create())
 * @param options [borrowed during the call] how, or NULL
 * @param out     [owned] the open store; close it with muni_db_close() and drop it with muni_db_unref()
 * @retval MUNI_OK opened
 * @retval MUNI_EINVAL an argument is NULL, empty or out of range
 * @retval MUNI_ENOTFOUND there is no such file or database, or no store in the schema
 * @retval MUNI_EAUTH the server refused the account or its password
 * @retval MUNI_ENOTSTORE it is not a store of this library
 * @retval MUNI_EUPGRADE it is of an older version and `upgrade` was not asked for
 * @retval MUNI_EVERSION it is of a newer version that this library cannot use
 * @retval MUNI_ECANCELLED `progress` cancelled the upgrade
 * @retval MUNI_ENOTSUP no driver for this URL, it lies on a network file system, or the server is too old or its database not in UTF-8
 * @storeerrors
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_open(const char *url, const muni_open_options *options, muni_db **out);

/**
 * Close a store: unless others are writing, what is queued for the index is written and history is sealed; connections are closed. Its
 * sessions and cursors answer @ref MUNI_ECLOSED from now on; memory lives until muni_db_unref(). Closing twice is harmless.
 *
 * @param db the store, or NULL
 * @thread any; waits for calls that are running
 * @since 0.1
 */
MUNI_API void muni_db_close(muni_db *db);

/**
 * Take one more reference.
 *
 * @param db the store, or NULL
 * @return the store
 * @thread any
 * @since 0.1
 */
MUNI_API muni_db *muni_db_ref(muni_db *db);

/**
 * Drop a reference; the last one closes and frees the store. Sessions hold one each.
 *
 * @param db [owned] the store, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_db_unref(muni_db *db);

/**
 * What the store says of itself: `store` (id), `created_at`, `test`, `schema`, `compat`, `tables`, `utc_offset`, `driver`, `history_rows`,
 * `history_sealed`, `journal` (JSON array of the long work on it, the latest 20, newest first:
 * `{"work","begun_at","done_at","changed","version"}`, `work` being `upgrade`, `keys`, `reindex` or `repair`, `done_at` null while it is not finished).
 *
 * @param db  the store
 * @param out [owned] a record without a kind
 * @retval MUNI_OK read
 * @retval MUNI_EINVAL `out` is NULL
 * @storeerrors
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_db_info(muni_db *db, muni_rec **out);

/**
 * The moment it is in this store.
 *
 * @param db  the store
 * @param out seconds UTC
 * @retval MUNI_OK told
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_ECLOSED the store is NULL or closed
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_db_now(muni_db *db, int64_t *out);

/**
 * Set the clock of a test store, for this process.
 *
 * @param db  the store
 * @param now seconds UTC, or 0 for the system's clock
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL outside the years 1 to 9999
 * @retval MUNI_ESTATE it is not a test store
 * @retval MUNI_ECLOSED the store is NULL or closed
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_db_set_now(muni_db *db, int64_t now);

/**
 * Open a session: somebody acting on the store. The library trusts the application that it is them.
 *
 * @param db          the store, of which the session holds a reference
 * @param login       [borrowed during the call] login of a principal
 * @param application [borrowed during the call] what they act through, such as `portal`, at most 64 bytes; NULL: empty
 * @param reason      [borrowed during the call] why, kept with everything done in the session, at most 400 bytes; NULL: empty
 * @param out         [owned] the session; drop it with muni_session_unref()
 * @retval MUNI_OK opened
 * @retval MUNI_EINVAL `login` or `out` is NULL
 * @retval MUNI_EUTF8 a text is not valid UTF-8
 * @retval MUNI_ELIMIT a text is too long
 * @retval MUNI_EAUTH there is no such principal
 * @retval MUNI_EEXPIRED their time has not begun, or is over
 * @storeerrors
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_db_session(muni_db *db, const char *login, const char *application, const char *reason, muni_session **out);

/**
 * The kinds of record and their fields, from the tables that the library was built from.
 *
 * @param kind [borrowed during the call] name of one kind, or NULL for all
 * @param out  [owned] JSON text; free it with muni_free()
 * @retval MUNI_OK written
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_ENOTFOUND there is no such kind
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_describe(const char *kind, char **out);

MUNI_END_DECLS

#endif
