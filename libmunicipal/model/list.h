/* Pages of a query: what list.c offers to the rest of the library. */
#ifndef MUNI_MODEL_LIST_H
#define MUNI_MODEL_LIST_H

#include "model/query.h"

#define MUNI__PAGE 200    /* records of a page */
#define MUNI__WINDOW 2000 /* entries of the wanted order looked at before scope indexes are */

/* How a page is found; tests compare the two. */
typedef enum muni__plan_way { MUNI__PLAN_BEST, MUNI__PLAN_WINDOW, MUNI__PLAN_BRANCHES } muni__plan_way;

typedef struct muni__hit {
    muni__row *row;
    muni__val *keys; /* its place: one value per order of the query */
} muni__hit;

/* May the session ask this at all? MUNI_EDENIED, MUNI_EFIELD. */
muni_status muni__query_allowed(const muni__tx *tx, const muni_query *q, bool with_fields);
/* At most `need` (1 … MUNI__PAGE) records behind `after` (NULL: from the beginning), in order; fewer only where there are no more. */
muni_status muni__page(muni__tx *tx, muni__arena *mem, const muni_query *q, const muni__val *after, size_t need, muni__plan_way way, muni__hit **out,
                       size_t *count);
/* How the store would go about the first page by that way: its query plans, one step a line. */
muni_status muni__page_explain(muni__tx *tx, const muni_query *q, const muni__val *after, muni__plan_way way, muni__buf *out);
/* Count, at most `most`; −1: all. */
muni_status muni__count(muni__tx *tx, const muni_query *q, int64_t most, int64_t *out);

/* ---- cursor.c */
/* As muni__cursor_new; `ready` says that the next record needs no transaction, and `next` is then called with a NULL one. */
muni_status muni__cursor_new_ready(muni_session *session, const muni__cursor_ops *ops, bool (*ready)(void *state), void *state, muni_cursor **out);

#endif
