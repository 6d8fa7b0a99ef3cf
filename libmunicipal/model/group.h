/* Counting by groups: a query's records under up to two fields, in one statement, seen as lists see them. */
#ifndef MUNI_MODEL_GROUP_H
#define MUNI_MODEL_GROUP_H

#include "model/query.h"

#define MUNI__GROUPS 2 /* fields to group by at most */

/* A field to group by. With bounds (ascending) the key is the number of those that the value reaches: 0 … nbounds. */
typedef struct muni__groupby {
    int32_t field;
    const int64_t *bounds;
    size_t nbounds;
} muni__groupby;

typedef enum muni__measure_op { MUNI__M_COUNT, MUNI__M_DISTINCT, MUNI__M_SUM } muni__measure_op;
typedef struct muni__measure {
    muni__measure_op op;
    int32_t field; /* of DISTINCT and SUM */
} muni__measure;

/* The fields that can be grouped by: CODE, INT, BOOL. */
bool muni__group_field(const muni__field *f);
/* `each` gets one key per field (null, integer or text; the text lives during the call) and the figure, in no promised order; with no field it
 * is called once, also for nothing. MUNI_EDENIED and MUNI_EFIELD as for lists; MUNI_EDEFINITION where the query has words or conditions that only C
 * can tell; MUNI_ELIMIT where a sum does not fit 64 bits. */
muni_status muni__group(muni__tx *tx, const muni_query *q, const muni__groupby *by, size_t n, muni__measure measure,
                        muni_status (*each)(void *user, const muni__val *keys, int64_t figure), void *user);
/* The statement that does it; `*none` where the session sees nothing and there is none. */
muni_status muni__group_sql(muni__tx *tx, const muni_query *q, const muni__groupby *by, size_t n, muni__measure measure, muni__sqlout *o, bool *none);
/* Can SQL alone tell a condition? A failure is one of memory. */
muni_status muni__group_exact(muni__tx *tx, const muni__cond *where, bool *exact);

/* The states that records of a kind can be in, by the active lifecycles of its types, each once. */
muni_status muni__states_each(muni__tx *tx, const muni__kind *kind, muni_status (*each)(void *user, const char *state, const char *ja, const char *en),
                              void *user);

#endif
