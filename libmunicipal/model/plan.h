/* Plans: everything that a big change would do, as rows, before it does it. What is planned is the room's business; keeping, showing,
 * approving and applying are the same for all. */
#ifndef MUNI_MODEL_PLAN_H
#define MUNI_MODEL_PLAN_H

#include "model/model.h"

/* Rows of action keep, trash and note stand in the table, too: keep says that a record was looked at and shall be as it was, trash puts one into
 * the trash (told as a change), propose is for people and does nothing. */
#define MUNI__PLAN_CREATE "create"
#define MUNI__PLAN_CHANGE "change"
#define MUNI__PLAN_LEAVE "leave"
#define MUNI__PLAN_RETURN "return"
#define MUNI__PLAN_PROPOSE "propose"
#define MUNI__PLAN_KEEP "keep"
#define MUNI__PLAN_TRASH "trash"

typedef struct muni__plan_ref {
    const char *field;
    int64_t to; /* id of a record; or minus the position of the row that creates it; 0: none */
} muni__plan_ref;

typedef struct muni__plan_making {
    muni__tx *tx;
    int64_t id;
    int64_t pos;      /* of the last row */
    int64_t findings; /* written so far */
    unsigned char digest[32];
} muni__plan_making;

/* Begin a plan: the record (sort, title, on as YYYY-MM-DD, params as JSON). The session needs the verb plan. Nothing is seen of it until the transaction
 * commits. */
muni_status muni__plan_begin(muni__tx *tx, const char *sort, const char *title, const char *on, const json_t *params, muni__plan_making *out);
/* One row. `old` (NULL for a creation) is the record as stored; `patch` has the values to be given (`set`; references stand in `refs`), NULL where
 * there are none. `*pos` (may be NULL) gets its position. */
muni_status muni__plan_row(muni__plan_making *m, const char *action, const muni__kind *kind, const char *key, const muni__row *old, const muni__row *patch,
                           const muni__plan_ref *refs, size_t nrefs, int64_t *pos);
/* A row of the action propose: something like `field` of the record `old` becoming `after`. */
muni_status muni__plan_propose(muni__plan_making *m, const muni__row *old, const char *key, const char *field, const char *after);
muni_status muni__plan_finding(muni__plan_making *m, const char *file, int64_t record, int64_t line, const char *column, const char *code, const char *severity,
                               const char *message, const char *message_ja);
/* All rows are there: counts, limits (JSON), digest; the state is planned, or stopped. `*stored` is the plan. */
muni_status muni__plan_end(muni__plan_making *m, const json_t *counts, const json_t *limits, bool stopped, muni__row **stored);

extern const muni__hooks muni__plan_hooks;

#endif
