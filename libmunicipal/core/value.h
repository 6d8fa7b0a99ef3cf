/* Values and records. */
#ifndef MUNI_CORE_VALUE_H
#define MUNI_CORE_VALUE_H

#include <municipal/rec.h>

#include "core/arena.h"
#include "core/base.h"
#include "core/kind.h"

/* Type of an ANY reference inside the library: `i` is the id, `n` the kind's number. Outside it is the text "ticket:12". */
#define MUNI__TYPE_ANY 7

/* A value; `p` is borrowed from whoever holds it and ends with a NUL. */
typedef struct muni__val {
    int32_t t; /* MUNI_TYPE_… or MUNI__TYPE_ANY */
    int64_t i; /* INT BOOL TIME ANY */
    const char *p; /* TEXT DATE JSON */
    size_t n;
} muni__val;

#define MUNI_NULL_VAL ((muni__val){ MUNI_TYPE_NULL, 0, NULL, 0 })
static inline muni__val muni__val_int(int64_t i) { return (muni__val){ MUNI_TYPE_INT, i, NULL, 0 }; }
static inline muni__val muni__val_bool(bool b) { return (muni__val){ MUNI_TYPE_BOOL, b, NULL, 0 }; }
static inline muni__val muni__val_time(int64_t at) { return (muni__val){ MUNI_TYPE_TIME, at, NULL, 0 }; }
static inline muni__val muni__val_text(const char *p, size_t n) { return (muni__val){ MUNI_TYPE_TEXT, 0, p, n }; }
bool muni__val_equal(const muni__val *a, const muni__val *b);

/* ---- records */
/* Memory in which the records of a page stand beside their values, freed with whoever holds it last. */
typedef struct muni__leaf {
    int32_t refs; /* atomic */
    muni__arena mem;
} muni__leaf;
/* A leaf with one reference, which takes `mem` over; NULL with MUNI_ENOMEM set. */
muni__leaf *muni__leaf_new(muni__arena *mem);
/* Give a reference back. Where it was the last, the leaf is gone, and so is its memory, or it is given to `mem` (may be NULL). */
void muni__leaf_drop(muni__leaf *leaf, muni__arena *mem);

/* A record for output, built and then sealed into one allocation; `kind` may be NULL; `utc_offset` is the store's zone, for JSON. With a leaf (may be NULL) it
 * stands there and holds it. `expected` values at most where there is a leaf. */
muni_status muni__rec_open(muni__leaf *leaf, const muni__kind *kind, int32_t utc_offset, size_t expected, muni_rec **out);
/* Add a copy of a value and of its name. Checks nothing. */
muni_status muni__rec_add(muni_rec *rec, const char *name, const muni__val *v);
/* The same without a copy: the text lives until the record is sealed, or in its leaf; and so does the name, or for ever where it `lasts`. */
muni_status muni__rec_lend(muni_rec *rec, const char *name, bool lasts, const muni__val *v);
muni_status muni__rec_add_text(muni_rec *rec, const char *name, const char *text);
muni_status muni__rec_add_int(muni_rec *rec, const char *name, int64_t v);
muni_status muni__rec_seal(muni_rec *rec);
/* Read any record by index. */
int32_t muni__rec_count(const muni_rec *rec);
const char *muni__rec_at(const muni_rec *rec, int32_t index, muni__val *out);
/* The status that a setter of this input record met first, with its error record restored. */
muni_status muni__rec_check(const muni_rec *rec);
/* The internal twins of muni_rec_parse, muni_rec_json: no MUNI_ENTER. */
muni_status muni__rec_parse(const char *json, size_t length, muni_rec **out);
muni_status muni__rec_json(const muni_rec *rec, char **out);

/* One value as canonical JSON. */
void muni__val_json(muni__buf *b, const muni__val *v, int32_t utc_offset);
/* Canonical form of any JSON text: keys sorted by bytes, no spaces. MUNI_EFORMAT, MUNI_EUTF8, MUNI_ELIMIT. Limits: `max` bytes, 64 levels. */
muni_status muni__json_canonical(const char *json, size_t n, size_t max, char **out, size_t *out_len);

#endif
