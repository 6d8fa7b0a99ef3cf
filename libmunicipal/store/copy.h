/* A whole store: its digest, and its copy in another place, under the same driver or another. */
#ifndef MUNI_STORE_COPY_H
#define MUNI_STORE_COPY_H

#include "core/hash.h"
#include "store/store.h"

/* What one table holds, whatever database keeps it: its rows in the order of their keys. */
typedef struct muni__table_digest {
    char name[160];
    int64_t rows;
    unsigned char hash[MUNI__HASH];
} muni__table_digest;

typedef struct muni__store_sum {
    unsigned char hash[MUNI__HASH]; /* of the store's id, the records, the history, its blocks and the plans */
    int64_t records;                /* the trash included */
    int64_t rows;                   /* of everything that hash covers */
    int64_t history_rows;
    unsigned char head[MUNI__HASH]; /* of the last block; zeros: there is none */
    muni__table_digest *tables;     /* those that hash covers, and some more; muni__store_sum_free */
    size_t ntables;
} muni__store_sum;
void muni__store_sum_free(muni__store_sum *sum);

/* In the transaction that is open. `progress` counts rows. Errors: MUNI_ECANCELLED, those of the store. */
muni_status muni__store_sum_of(muni__conn *c, muni_progress_fn progress, void *user, muni__store_sum *out);

/* Copy what the transaction of `from` sees to `url`, where there must be nothing, or what an earlier copy of the same store left when it was stopped:
 * that goes on, or begins anew where the source has changed since. Nobody can open the copy before both were read once more and found the same.
 * `*sum` is the copy's; `*resumed`: some of it was there. A copy that is whole already
 * is compared only. MUNI_EUNIQUE: there is something else; MUNI_EBUSY: another process copies to the same
 * place; MUNI_ENOTSUP: the store has tables that this library does not know; MUNI_EIO: both differ (and nobody can open the copy); MUNI_ECANCELLED. */
muni_status muni__store_copy(muni__conn *from, const char *url, const muni__store_options *o, muni__store_sum *sum, bool *resumed);

#endif
