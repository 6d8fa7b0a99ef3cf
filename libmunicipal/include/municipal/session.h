/** @file
 * Sessions: the verbs that serve every kind of record. */
#ifndef MUNICIPAL_SESSION_H
#define MUNICIPAL_SESSION_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/* What a session may not see does not exist for it (MUNI_ENOTFOUND); MUNI_EDENIED is only said of what it may see.
 * Fields marked PERSONAL are absent from what comes out unless they are asked for by name. */

/**
 * Close a session; a transaction that it has open is rolled back. Closing twice is harmless.
 *
 * @param session the session, or NULL
 * @thread any; waits for a call that is running
 * @since 0.1
 */
MUNI_API void muni_session_close(muni_session *session);

/**
 * Take one more reference.
 *
 * @param session the session, or NULL
 * @return the session
 * @thread any
 * @since 0.1
 */
MUNI_API muni_session *muni_session_ref(muni_session *session);

/**
 * Drop a reference; the last one closes and frees the session.
 *
 * @param session [owned] the session, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_session_unref(muni_session *session);

/**
 * Who acts: `principal` (id), `login`, `name`, `person` (id), `groups` (JSON), `application`, `reason`.
 *
 * @param session the session
 * @param out     [owned] a record without a kind
 * @retval MUNI_OK read
 * @retval MUNI_EINVAL `out` is NULL
 * @storeerrors
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_session_whoami(muni_session *session, muni_rec **out);

/**
 * Begin a group of calls that happen together or not at all. At most 1,000 changes; what follows from them does not count.
 *
 * A call that fails before its first write leaves the group usable; after it the group is doomed.
 *
 * @param session the session
 * @retval MUNI_OK begun
 * @retval MUNI_ESTATE a group is open already
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_begin(muni_session *session);

/**
 * Make the group's changes lasting.
 *
 * @param session the session
 * @retval MUNI_OK committed
 * @retval MUNI_ESTATE no group is open
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_commit(muni_session *session);

/**
 * Take the group's changes back.
 *
 * @param session the session
 * @retval MUNI_OK rolled back
 * @retval MUNI_ESTATE no group is open
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_rollback(muni_session *session);

/**
 * Create a record. Checks the right to create, the fields, references and uniqueness; gives it an id, a number by its rule and
 * the first state of its lifecycle; writes its history and makes it findable.
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the kind
 * @param rec     [borrowed during the call] its values
 * @param out     [owned] the record as stored, or NULL if it is not wanted
 * @retval MUNI_OK created
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is no such kind
 * @retval MUNI_EDENIED the session may not create this
 * @retval MUNI_EDEFINITION a definition that is needed is missing or, in a record of the kind definition, not valid
 * @retval MUNI_EGUARD a rule of the kind refuses it
 * @inputerrors
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_create(muni_session *session, const char *kind, const muni_rec *rec, muni_rec **out);

/**
 * Read a record.
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the kind
 * @param id      its id
 * @param fields  [borrowed during the call] names with commas between, also through references; NULL: all but the personal ones
 * @param out     [owned] the record
 * @retval MUNI_OK read
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is none that the session may see
 * @retval MUNI_EUTF8 the list of fields is not valid UTF-8
 * @retval MUNI_EFIELD there is no such field
 * @retval MUNI_EDENIED the session may not see a field that it names
 * @retval MUNI_ELIMIT more than 500 fields are named
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_get(muni_session *session, const char *kind, int64_t id, const char *fields, muni_rec **out);

/**
 * Find a record by its number, or by the one unique identifier its kind has (login, code, staff number).
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the kind
 * @param key     [borrowed during the call] the number or identifier, in any width and case
 * @param fields  [borrowed during the call] names with commas between; NULL: all but the personal ones
 * @param out     [owned] the record
 * @retval MUNI_OK read
 * @retval MUNI_EINVAL a pointer is NULL, or the kind has no such identifier
 * @retval MUNI_EUTF8 the key is not valid UTF-8
 * @retval MUNI_ENOTFOUND there is none that the session may see
 * @retval MUNI_EFIELD there is no such field
 * @retval MUNI_EDENIED the session may not see a field that it names
 * @retval MUNI_ELIMIT more than 500 fields are named
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_find(muni_session *session, const char *kind, const char *key, const char *fields, muni_rec **out);

/**
 * Change a record: values given replace, nulls clear, what is absent stays. A change of nothing writes nothing.
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the kind
 * @param id      its id
 * @param rev     the revision that the caller has seen; 0: whatever it is
 * @param rec     [borrowed during the call] the new values
 * @param out     [owned] the record as stored, or NULL if it is not wanted
 * @retval MUNI_OK changed
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is none that the session may see
 * @retval MUNI_EDENIED the session may not change it
 * @retval MUNI_ESTALE somebody changed it since `rev`
 * @retval MUNI_ESTATE it is in the trash, its state or kind allows no change, or a field (its type, too) is given only on creation
 * @retval MUNI_EDEFINITION a definition that is needed is missing or not valid
 * @retval MUNI_EGUARD a rule of the kind refuses it
 * @inputerrors
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_update(muni_session *session, const char *kind, int64_t id, int64_t rev, const muni_rec *rec, muni_rec **out);

/**
 * Move a record to another state by a transition of its lifecycle, changing values on the way: those that the transition needs;
 * others only with the right to change the record.
 *
 * @param session    the session
 * @param kind       [borrowed during the call] name of the kind
 * @param id         its id
 * @param rev        the revision that the caller has seen; 0: whatever it is
 * @param transition [borrowed during the call] name of the transition, such as `resolve`
 * @param rec        [borrowed during the call] new values, or NULL
 * @param out        [owned] the record as stored, or NULL if it is not wanted
 * @retval MUNI_OK moved
 * @retval MUNI_EINVAL a pointer is NULL, or the kind has no lifecycle
 * @retval MUNI_ENOTFOUND there is none that the session may see
 * @retval MUNI_EDENIED the session may not do this
 * @retval MUNI_ESTALE somebody changed it since `rev`
 * @retval MUNI_ESTATE not possible from the state it is in; the text names what is
 * @retval MUNI_EGUARD a condition of the transition is not met, such as a field that must be filled
 * @retval MUNI_EDEFINITION a definition that is needed is missing or not valid
 * @inputerrors
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_transition(muni_session *session, const char *kind, int64_t id, int64_t rev, const char *transition, const muni_rec *rec, muni_rec **out);

/**
 * The transitions that the session could do now: JSON array of `{"name","ja","en","to","needs"}`.
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the kind
 * @param id      its id
 * @param out     [owned] JSON text; free it with muni_free()
 * @retval MUNI_OK read
 * @retval MUNI_EINVAL a pointer is NULL, or the kind has no lifecycle
 * @retval MUNI_ENOTFOUND there is none that the session may see
 * @retval MUNI_EDEFINITION its lifecycle is missing
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_transitions(muni_session *session, const char *kind, int64_t id, char **out);

/**
 * Put a record into the trash: it is no longer listed, found or counted, and can be restored.
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the kind
 * @param id      its id
 * @param rev     the revision that the caller has seen; 0: whatever it is
 * @param out     [owned] the record as stored, or NULL if it is not wanted
 * @retval MUNI_OK trashed
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is none that the session may see
 * @retval MUNI_EDENIED the session may not trash it
 * @retval MUNI_ESTALE somebody changed it since `rev`
 * @retval MUNI_ESTATE it is in the trash already, or its kind is never trashed
 * @retval MUNI_EGUARD a rule of the kind refuses it
 * @retval MUNI_ELIMIT the group holds as many changes as it may
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_trash(muni_session *session, const char *kind, int64_t id, int64_t rev, muni_rec **out);

/**
 * Take a record out of the trash.
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the kind
 * @param id      its id
 * @param rev     the revision that the caller has seen; 0: whatever it is
 * @param out     [owned] the record as stored, or NULL if it is not wanted
 * @retval MUNI_OK restored
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is none that the session may see
 * @retval MUNI_EDENIED the session may not restore it
 * @retval MUNI_ESTALE somebody changed it since `rev`
 * @retval MUNI_ESTATE it is not in the trash
 * @retval MUNI_EUNIQUE another record has taken its number or identifier
 * @retval MUNI_EGUARD a rule of the kind refuses it
 * @retval MUNI_ELIMIT the group holds as many changes as it may
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_restore(muni_session *session, const char *kind, int64_t id, int64_t rev, muni_rec **out);

/**
 * Say something about a record. The comment is found with it.
 *
 * @param session the session
 * @param kind    [borrowed during the call] name of the record's kind
 * @param id      the record's id
 * @param body    [borrowed during the call] UTF-8, at most 20,000 characters
 * @param out     [owned] the comment as stored, or NULL if it is not wanted
 * @retval MUNI_OK said
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is no record that the session may see
 * @retval MUNI_EDENIED the session may not comment on it
 * @retval MUNI_ESTATE it is in the trash
 * @inputerrors
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_comment(muni_session *session, const char *kind, int64_t id, const char *body, muni_rec **out);

/**
 * List or search records.
 *
 * @param session the session, of which the cursor holds a reference
 * @param query   [borrowed during the call] what to list
 * @param out     [owned] the rows; drop it with muni_cursor_unref()
 * @retval MUNI_OK the first page is read
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_EDENIED the session may not read this kind, or personal fields of it
 * @retval MUNI_EFIELD a condition, an order or a field that the session may not see
 * @retval MUNI_EFORMAT the words hold nothing that can be searched for
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_list(muni_session *session, const muni_query *query, muni_cursor **out);

/**
 * Count records.
 *
 * @param session the session
 * @param query   [borrowed during the call] what to count; its order, limit and page do not matter
 * @param most    stop at this many; 0: 1,000; −1: count them all
 * @param out     how many
 * @retval MUNI_OK counted
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_EDENIED the session may not read this kind
 * @retval MUNI_EFIELD a condition that the session may not see
 * @retval MUNI_EFORMAT the words hold nothing that can be searched for
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_count(muni_session *session, const muni_query *query, int64_t most, int64_t *out);

/**
 * What happened to a record, oldest first: rows of `at`, `action`, `rev`, `actor` (id), `actor_name`, `application`, `reason`,
 * `changes` (JSON array of `{"field","before","after"}`).
 *
 * @param session the session, of which the cursor holds a reference
 * @param kind    [borrowed during the call] name of the kind
 * @param id      its id
 * @param out     [owned] the rows; drop it with muni_cursor_unref()
 * @retval MUNI_OK the rows can be read
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is no record that the session may see
 * @retval MUNI_EDENIED the session may not see its history
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_history(muni_session *session, const char *kind, int64_t id, muni_cursor **out);

/**
 * Create records from a CSV file. Every row is checked before the first is written; then rows are written 1,000 at a time. The
 * file's digest and the last line written are kept: running it again goes on, and a file that is done is not done twice.
 *
 * Options, a JSON object, all optional: `charset` (`utf-8`, `cp932`, `utf-16le`; default: by the bytes), `columns` (object: header
 * text → field name; default: fields by their name or Japanese title), `on_error` (`"stop"`, the default: nothing is written;
 * `"skip"`: the rows without errors are). A reference is given by the identifier of what it leads to, or by `#` and an id; a code by
 * itself or its title; a date in any usual form; a moment without an offset is in the store's zone. An empty cell gives no value. A
 * column that `columns` maps to null is left out.
 *
 * @param session  the session
 * @param kind     [borrowed during the call] name of the kind
 * @param path     [borrowed during the call] file name
 * @param options  [borrowed during the call] JSON text, or NULL
 * @param progress called now and then, or NULL
 * @param user     given to `progress`
 * @param out      [owned] a record: `read`, `created`, `skipped`, `done_before`, `errors` (count) and `findings` (JSON array of
 *                 `{"line","record","column","code","message","message_ja"}`, at most 1,000)
 * @retval MUNI_OK done; with errors, see `errors`
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is no such kind or file
 * @retval MUNI_EDENIED the session may not import this kind
 * @retval MUNI_ESTATE a group is open: an import is many transactions
 * @retval MUNI_EFORMAT the file is no CSV, its header is missing, wrong or repeated, or the options are not of the form above
 * @retval MUNI_EENCODING the bytes are not in the charset
 * @retval MUNI_EFIELD a column leads to no field
 * @retval MUNI_ELIMIT a line, a cell or the number of columns is too large
 * @retval MUNI_ECANCELLED `progress` cancelled it; what was committed stays, and running it again goes on
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_import(muni_session *session, const char *kind, const char *path, const char *options, muni_progress_fn progress, void *user, muni_rec **out);

/**
 * Write the records of a query to a file, whole or not at all. Reads one snapshot.
 *
 * Options, a JSON object, all optional: `format` (`csv`, the default, or `json`: one record a line), `charset` (`utf-8-bom`, the
 * default, `utf-8`, `cp932`), `header` (`title`, the default: Japanese titles; `name`: field names), `formulas` (`quote`, the default:
 * a text that a spreadsheet would run gets an apostrophe; `keep`).
 *
 * In CSV a reference is written as the identifier of what it leads to (else `#` and its id), so that the file can be imported again. Records that
 * may be read but not exported are left out. A path that is no file, such as a pipe, is written directly.
 *
 * @param session  the session
 * @param query    [borrowed during the call] what to export
 * @param path     [borrowed during the call] file name; it is replaced when all is written
 * @param options  [borrowed during the call] JSON text, or NULL
 * @param progress called now and then, or NULL
 * @param user     given to `progress`
 * @param out      [owned] a record: `records`, `bytes`, `lost` (characters the charset lacks) and `losses` (JSON array of
 *                 `{"record","column","character","written"}`, at most 1,000)
 * @retval MUNI_OK written
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_EDENIED the session may not export this kind
 * @retval MUNI_EFIELD a field that the session may not see
 * @retval MUNI_EFORMAT the options are not of the form above, or the words hold nothing that can be searched for
 * @retval MUNI_ECANCELLED `progress` cancelled it; there is no file
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_export(muni_session *session, const muni_query *query, const char *path, const char *options, muni_progress_fn progress, void *user, muni_rec **out);

/**
 * Run a report.
 *
 * @param session the session; the report holds nothing of it and outlives it
 * @param name    [borrowed during the call] name of a report definition
 * @param params  [borrowed during the call] JSON object of its parameters, such as `{"fiscal_year":2023}`, or NULL
 * @param out     [owned] the report; drop it with muni_report_unref()
 * @retval MUNI_OK run
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOTFOUND there is no such report
 * @retval MUNI_EDENIED the session may not run it
 * @retval MUNI_EDEFINITION its definition is not valid
 * @retval MUNI_EREQUIRED a parameter is missing
 * @retval MUNI_EFIELD there is no such parameter, or it tells of a field that the session may not see
 * @retval MUNI_ETYPE a parameter has the wrong type, or a value that its field cannot have
 * @retval MUNI_EFORMAT the parameters are not a JSON object
 * @retval MUNI_EUTF8 a text is not valid UTF-8
 * @retval MUNI_ELIMIT it would have more than 100,000 cells, a sum does not fit 64 bits, or the parameters are longer than 64 KiB
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_report(muni_session *session, const char *name, const char *params, muni_report **out);

/**
 * Do whatever has come due: write the queued search index, seal history. Idempotent; safe from several processes.
 *
 * @param session the session
 * @param out     [owned] a record: `indexed`, `sealed`
 * @retval MUNI_OK done
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not manage the store
 * @retval MUNI_ESTATE a group is open
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_run_due(muni_session *session, muni_rec **out);

/**
 * Ask how a transaction of this session ended that was answered with MUNI_EINDOUBT: the connection to the server was lost while it was being committed,
 * and nobody could say any more. Each such answer replaces the one before; once the question is answered, it is forgotten. A store in a file is never
 * in doubt. MUNI_EINDOUBT once more: the server does not answer yet, or is a standby that is still catching up; ask again.
 *
 * @param session the session
 * @param out     1: it was written, as a whole; 0: nothing of it was
 * @retval MUNI_OK answered
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_ENOTFOUND nothing is in doubt
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_session_doubt(muni_session *session, int32_t *out);

MUNI_END_DECLS

#endif
