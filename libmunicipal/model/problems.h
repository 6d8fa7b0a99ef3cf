/* Problems of a store, gathered as JSON: what muni_audit_verify and muni_store_check answer. */
#ifndef MUNI_MODEL_PROBLEMS_H
#define MUNI_MODEL_PROBLEMS_H

#include "core/base.h"

#define MUNI__PROBLEMS_MAX 1000 /* more are counted, and not told one by one */

typedef enum muni__problem {
#define MUNI_PROBLEM(code, derived, en, ja) MUNI__PROBLEM_##code,
#include "model/problems.def"
#undef MUNI_PROBLEM
} muni__problem;

/* Where it is; what is 0 or NULL does not matter. */
typedef struct muni__problem_at {
    int64_t history, record, rev;
    int32_t kind;
    const char *field;
    bool repaired;
} muni__problem_at;

typedef struct muni__problems {
    muni__buf json; /* an array without its end */
    int64_t count, repaired;
} muni__problems;
#define MUNI__PROBLEMS_INIT { MUNI_BUF_INIT((size_t)16 << 20), 0, 0 }
muni_status muni__problem_add(muni__problems *f, muni__problem code, const muni__problem_at *at);
/* The whole array; lives as long as `f`. */
muni_status muni__problems_end(muni__problems *f, const char **json, size_t *n);
void muni__problems_free(muni__problems *f);

#endif
