/* Files in and out: what import.c and export.c share. */
#ifndef MUNI_MODEL_TRANSFER_H
#define MUNI_MODEL_TRANSFER_H

#include "core/csv.h"
#include "core/json.h"
#include "model/internal.h"

#define MUNI__FINDINGS_MAX 1000 /* findings and losses that are listed; all are counted */

/* ---- a map from texts to numbers. Keys are digests, so nobody can choose them to fall together, and no text is kept. */
typedef struct muni__mapslot muni__mapslot;
typedef struct muni__map {
    muni__mapslot *slots;
    size_t cap, n;
} muni__map;
/* The number under (space, text); NULL with nothing set where there is none. Good until the next put. */
const int64_t *muni__map_get(const muni__map *m, int32_t space, const char *p, size_t n);
muni_status muni__map_put(muni__map *m, int32_t space, const char *p, size_t n, int64_t value);
void muni__map_free(muni__map *m);

/* ---- references: a record is named by the identifier of its kind, else by `#` and its id; `#` and an id is always understood */
/* The field that names records of a kind in files, or -1. */
int32_t muni__transfer_identifier(const muni__kind *kind);

/* ---- options */
/* A JSON object, or NULL for an empty one. MUNI_EFORMAT. */
muni_status muni__transfer_options(const char *text, json_t **out);
/* A member that must be a text: `*out` NULL where it is absent. MUNI_EFORMAT. */
muni_status muni__transfer_text(const json_t *options, const char *name, const char **out);
muni_status muni__transfer_refuse(const char *field, const char *en, const char *ja); /* MUNI_EFORMAT */

/* ---- progress, called inside a transaction: the session is in use then */
typedef struct muni__pace {
    muni_progress_fn fn;
    void *user;
    const char *stage;
} muni__pace;
muni_status muni__pace_tell(const muni__pace *p, int64_t done, int64_t total); /* MUNI_ECANCELLED */

#endif
