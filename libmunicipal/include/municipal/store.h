/** @file
 * Upkeep of a store: is it whole, its search index, its room on the disk, its digest, a copy of it. For whoever manages it. */
#ifndef MUNICIPAL_STORE_H
#define MUNICIPAL_STORE_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/**
 * Check the store: its file, the history as muni_audit_verify() does, every reference, counter, folded identifier and document, and the
 * search index against them. With `repair`, what follows from the records is derived anew, each in a small transaction; what cannot be
 * derived (a damaged file, a broken history, a reference that leads nowhere) is told and left as it is.
 *
 * @param session  the session
 * @param repair   not 0: repair what can be derived anew
 * @param progress called now and then, or NULL
 * @param user     given to `progress`
 * @param out      [owned] a record: `whole` (truth value: nothing is wrong, or all of it was repaired), `problems` and `repaired` (counts), `records`,
 *                 `documents`, `history_rows`, `head` (hash of the last block) and `findings` (JSON array of
 *                 `{"code","history","kind","record","rev","field","repair","message","message_ja"}`, `repair` being `none`, `possible` or
 *                 `done`; at most 1,000)
 * @retval MUNI_OK the check ran; see `whole`
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not audit and manage the store
 * @retval MUNI_ESTATE a group is open
 * @retval MUNI_ECANCELLED `progress` cancelled it; what was repaired stays repaired
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_store_check(muni_session *session, int32_t repair, muni_progress_fn progress, void *user, muni_rec **out);

/**
 * Make the search index anew from the documents. The old one serves until the new one is whole; others read and write meanwhile. What is
 * stopped goes on when it is called again.
 *
 * @param session  the session
 * @param progress called now and then, or NULL
 * @param user     given to `progress`
 * @param out      [owned] a record: `documents`, how many it holds
 * @retval MUNI_OK done
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not manage the store
 * @retval MUNI_ESTATE a group is open
 * @retval MUNI_ECANCELLED `progress` cancelled it; the old index serves on
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_store_reindex(muni_session *session, muni_progress_fn progress, void *user, muni_rec **out);

/**
 * Tell how large the store and its parts are.
 *
 * @param session the session
 * @param out     [owned] a record: `bytes`, `free_bytes` (of the file, unused), `queued` (documents that the index does not hold yet), `rows` (JSON
 *                object: kind → count, the trash included), `objects` (JSON array of `{"name","table","bytes"}`, tables and indexes;
 *                `bytes` is absent where the database cannot tell)
 * @retval MUNI_OK told
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not manage the store
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_store_statistics(muni_session *session, muni_rec **out);

/**
 * Give room that is no longer used back to the disk. Needs as much free room as the store is large; nobody writes meanwhile.
 *
 * @param session the session
 * @param out     [owned] a record: `bytes_before`, `bytes`
 * @retval MUNI_OK done
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not manage the store
 * @retval MUNI_ESTATE a group is open
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_store_vacuum(muni_session *session, muni_rec **out);

/**
 * The digest of all that the store holds: of every record, history row, block and plan, in the order of their ids, whatever database keeps them. Two
 * stores have the same digest where they hold the same; one changed byte makes another. It reads everything, from one moment.
 *
 * For each table SHA-256 is taken of its columns' names, each with a NUL, and of its rows in the order of their keys: for each value a type (`i`, `t`,
 * `b`, or NUL for none), then eight bytes, the highest first, of the number or of how many bytes follow, then these. `digest` is SHA-256 of
 * `municipal store 1`, the store's id with a NUL, and for each table that is covered its name with a NUL, the number of its rows in eight bytes, and
 * its digest. Not covered are counters, the journal, the progress of imports and what is derived from records (the search index).
 *
 * @param session  the session
 * @param progress called now and then with rows, or NULL
 * @param user     given to `progress`
 * @param out      [owned] a record: `store` (its id), `digest`, `records` (the trash included), `rows` (of all tables that are covered), `history_rows`,
 *                 `head` (hash of the last block, empty: none) and `tables` (JSON array of `{"name","rows","digest"}`, some of them not covered)
 * @retval MUNI_OK told
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not manage the store
 * @retval MUNI_ESTATE a group is open
 * @retval MUNI_ENOTSUP another version of the library added tables to the store: only that one knows them all
 * @retval MUNI_ECANCELLED `progress` cancelled it
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_store_digest(muni_session *session, muni_progress_fn progress, void *user, muni_rec **out);

/**
 * Copy the whole store as it is at this moment, from a file to a server, or the other way, or to its like: ids, numbers, history and hashes unchanged.
 * Others read and write meanwhile; what they write is not in the copy, so that whoever moves lets nobody write any more.
 *
 * There must be nothing at `url`. Until the copy is whole nobody can open it (MUNI_ESTATE). Stopped in any way, calling again goes on where it was, or
 * begins anew where the source has changed since; where it is whole already, both are compared. At the end both are read, and compared row by row, before it says that it is done;
 * where they are not the same the answer is MUNI_EIO, nobody can open the copy, and calling again begins anew. MUNI_EBUSY also says that another process
 * copies to the same place, and MUNI_EFULL that no room is left there. `copy` is in the
 * journal of the copy (muni_db_info()); the source is only read.
 *
 * @param session  the session, of the source
 * @param url      [borrowed during the call] the copy: what muni_create() takes, but not a store in memory
 * @param progress called now and then with rows, or NULL; the stages are `copy`, `indexes`, `search` and `verify`
 * @param user     given to `progress`
 * @param out      [owned] a record: `store` (its id, the same as the source's), `digest`, `records`, `rows`, `history_rows`, `head` as muni_store_digest() says
 *                 of both, and `resumed` (truth value: an earlier call had copied some of it, or all)
 * @retval MUNI_OK the copy is there, and the same
 * @retval MUNI_EINVAL `out` is NULL, or `url` names no place that stays, or the store itself
 * @retval MUNI_EDENIED the session may not manage the store
 * @retval MUNI_ESTATE a group is open
 * @retval MUNI_EUNIQUE there is something else at `url`: a store, another file, or the unfinished copy of another store; it is left alone
 * @retval MUNI_ENOTSUP another version of the library added tables to the store; or muni_create() says that
 * @retval MUNI_ECANCELLED `progress` cancelled it; calling again goes on
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_store_copy(muni_session *session, const char *url, muni_progress_fn progress, void *user, muni_rec **out);

MUNI_END_DECLS

#endif
