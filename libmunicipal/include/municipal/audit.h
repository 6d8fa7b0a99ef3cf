/** @file
 * Evidence: is the history whole, and do the records agree with it? */
#ifndef MUNICIPAL_AUDIT_H
#define MUNICIPAL_AUDIT_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/**
 * Verify the history: every row's hash and values, each record's chain, the sealed blocks, the counters, and that each record is
 * what its history says.
 *
 * @param session  the session
 * @param progress called now and then, or NULL
 * @param user     given to `progress`
 * @param out      [owned] a record: `verified` (truth value), `rows`, `records`, `blocks`, `sealed_rows`, `destroyed` (documents of
 *                 values that the history no longer keeps: their digests are still in the chain, and what rested on them is not compared), `head`
 *                 (hash of the last block, in hexadecimal: keep it elsewhere), `problems` (count) and `findings` (JSON array of
 *                 `{"code","history","kind","record","rev","field","message","message_ja"}`, at most 1,000)
 * @retval MUNI_OK the verification ran; see `verified`
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the session may not audit
 * @retval MUNI_ESTATE a group is open
 * @retval MUNI_ECANCELLED `progress` cancelled it
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_audit_verify(muni_session *session, muni_progress_fn progress, void *user, muni_rec **out);

MUNI_END_DECLS

#endif
