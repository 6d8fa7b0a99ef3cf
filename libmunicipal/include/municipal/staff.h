/** @file
 * Staff and organisation: loading the personnel system's exports through a plan. */
#ifndef MUNICIPAL_STAFF_H
#define MUNICIPAL_STAFF_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/** What to load. Begin with MUNI_STAFF_PLAN_OPTIONS_INIT. */
typedef struct muni_staff_plan_options {
    size_t struct_size;   /**< size of this structure */
    const char *profile;  /**< [borrowed during the call] name of a profile definition; NULL: `hr-export` */
    const char *on;       /**< [borrowed during the call] `YYYY-MM-DD`, the day as of which the files speak; required */
    const char *units;    /**< [borrowed during the call] file of the organisation's units, or NULL */
    const char *people;   /**< [borrowed during the call] file of the staff, or NULL */
    const char *charset;  /**< [borrowed during the call] `utf-8`, `cp932`, `utf-16le`; NULL: by the bytes */
} muni_staff_plan_options;
/** Every option at its default.
 * @hideinitializer */
#define MUNI_STAFF_PLAN_OPTIONS_INIT { sizeof(muni_staff_plan_options), NULL, NULL, NULL, NULL, NULL }

/**
 * Plan the load of staff and organisation: read the files, mend what is certain, report what is not, compare with the store, check
 * the limits on the whole plan. Writes the plan and nothing else.
 *
 * Its `counts`: `read`, records after the header, whatever became of them; `create`, `change`, `unchanged`, `leave`, `return`: people of the
 * file that are not held, each in one of them; `propose`, links proposed between a new number and somebody known under another;
 * `mended`, `warned`, `rejected`: findings. Where only units are loaded, all of them speak of units, and `leave` of those that end.
 *
 * @param session  the session
 * @param options  [borrowed during the call] what to load
 * @param progress called now and then, or NULL
 * @param user     given to `progress`
 * @param out      [owned] the plan: a record of the kind plan
 * @retval MUNI_OK planned; see its `counts`, `limits` and muni_plan_findings()
 * @retval MUNI_EINVAL a pointer is NULL, or no file is named
 * @retval MUNI_ENOTFOUND there is no such profile or file
 * @retval MUNI_EDENIED the session may not plan
 * @retval MUNI_EDEFINITION the profile is not valid
 * @retval MUNI_ESTATE a group is open
 * @retval MUNI_EFORMAT a file is no CSV, or its header is missing, wrong or repeated, or `on` is no date
 * @retval MUNI_EENCODING the bytes are not in the charset
 * @retval MUNI_ELIMIT a file is too large
 * @retval MUNI_ECANCELLED `progress` cancelled it; there is no plan
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_staff_plan(muni_session *session, const muni_staff_plan_options *options, muni_progress_fn progress, void *user, muni_rec **out);

/**
 * What was found while planning, in the order of the files: rows of `file`, `record`, `line`, `column`, `code`, `severity`
 * (`mended`, `rejected`, `warned`), `message`, `message_ja`.
 *
 * @param session the session, of which the cursor holds a reference
 * @param plan    id of the plan
 * @param out     [owned] the rows; drop it with muni_cursor_unref()
 * @retval MUNI_OK the rows can be read
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_ENOTFOUND there is no such plan that the session may see
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_plan_findings(muni_session *session, int64_t plan, muni_cursor **out);

/**
 * What a plan would do, in the order it would: rows of `action` (`create`, `change`, `leave`, `return`, `propose`), `kind`, `key`,
 * `record` (id, 0 for a new one), `changes` (JSON array of `{"field","before","after"}`, without personal values).
 *
 * @param session the session, of which the cursor holds a reference
 * @param plan    id of the plan
 * @param out     [owned] the rows; drop it with muni_cursor_unref()
 * @retval MUNI_OK the rows can be read
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_ENOTFOUND there is no such plan that the session may see
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_plan_rows(muni_session *session, int64_t plan, muni_cursor **out);

/**
 * Approve a plan that somebody else made.
 *
 * @param session the session
 * @param plan    id of the plan
 * @param note    [borrowed during the call] why, kept in its history, or NULL
 * @param out     [owned] the plan, or NULL if it is not wanted
 * @retval MUNI_OK approved
 * @retval MUNI_ENOTFOUND there is no such plan that the session may see
 * @retval MUNI_EDENIED the session may not approve
 * @retval MUNI_EAPPROVAL it would be their own plan
 * @retval MUNI_EGUARD a limit stops the plan
 * @retval MUNI_ESTATE it is not waiting for approval
 * @retval MUNI_EUTF8 the note is not valid UTF-8
 * @retval MUNI_ELIMIT the note is too long
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_plan_approve(muni_session *session, int64_t plan, const char *note, muni_rec **out);

/**
 * Apply an approved plan, in one transaction.
 *
 * @param session  the session
 * @param plan     id of the plan
 * @param progress called now and then, or NULL
 * @param user     given to `progress`
 * @param out      [owned] the plan, or NULL if it is not wanted
 * @retval MUNI_OK applied
 * @retval MUNI_ENOTFOUND there is no such plan that the session may see
 * @retval MUNI_EDENIED the session may not apply
 * @retval MUNI_EAPPROVAL it is not approved
 * @retval MUNI_ESTATE it was applied already, or a group is open
 * @retval MUNI_EMOVED what it would change has changed since: plan again
 * @retval MUNI_EGUARD a rule refuses a record; the error names it
 * @retval MUNI_ECANCELLED `progress` cancelled it; nothing was applied
 * @inputerrors
 * @storeerrors
 * @thread any; calls on one session wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_plan_apply(muni_session *session, int64_t plan, muni_progress_fn progress, void *user, muni_rec **out);

MUNI_END_DECLS

#endif
