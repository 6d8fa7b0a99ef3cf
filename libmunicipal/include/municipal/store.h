/** @file
 * Upkeep of a store: is it whole, its search index, its room on the disk. For whoever manages it. */
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
 * Tell how large the store and its parts are, and let the database look at its tables, so that it plans by what is in them.
 *
 * @param session the session
 * @param out     [owned] a record: `bytes`, `free_bytes` (of the file, unused), `queued` (documents that the index does not hold yet), `rows` (JSON
 *                object: kind → count, the trash included), `objects` (JSON array of `{"name","table","bytes"}`, tables and indexes;
 *                `bytes` is absent where the database cannot tell)
 * @retval MUNI_OK told
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not manage the store
 * @retval MUNI_ESTATE a group is open
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

MUNI_END_DECLS

#endif
