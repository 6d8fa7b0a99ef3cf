/* Memory that is freed all at once. */
#ifndef MUNI_CORE_ARENA_H
#define MUNI_CORE_ARENA_H

#include "core/base.h"

typedef struct muni__arena {
    struct muni__chunk *head;
} muni__arena;
#define MUNI_ARENA_INIT { NULL }

/* Zeroed memory, aligned for anything; NULL with MUNI_ENOMEM set. */
void *muni__arena_alloc(muni__arena *a, size_t size);
char *muni__arena_strndup(muni__arena *a, const char *p, size_t n);
void muni__arena_free(muni__arena *a); /* everything; the arena can be used again */
/* As muni__arena_free, but a chunk is kept for what comes: memory that goes back to the system at every call must be taken from it at every call. */
void muni__arena_reset(muni__arena *a);

#endif
