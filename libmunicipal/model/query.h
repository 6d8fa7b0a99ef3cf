/* Queries as they are after parsing: what query.c and list.c share. */
#ifndef MUNI_MODEL_QUERY_H
#define MUNI_MODEL_QUERY_H

#include "core/token.h"
#include "model/cond.h"

#define MUNI__QUERY_JSON_MAX ((size_t)1 << 20)
#define MUNI__QUERY_ORDERS 8
#define MUNI__QUERY_FIELDS 200

typedef struct muni__fielditem {
    const char *name;
    muni__path path;
} muni__fielditem;
struct muni__fields {
    const muni__kind *kind;
    size_t count;
    muni__fielditem *items;
    bool named; /* by the caller */
    bool personal;
};

typedef struct muni__order {
    int32_t field;
    bool desc;
} muni__order;

typedef enum muni__trash_mode { MUNI__TRASH_WITHOUT, MUNI__TRASH_ONLY, MUNI__TRASH_WITH } muni__trash_mode;

struct muni_query {
    int32_t refs; /* atomic: cursors hold one each */
    muni__arena mem;
    const muni__kind *kind;
    const muni__cond *where; /* NULL: none */
    bool words;
    muni__terms terms;
    muni__order order[MUNI__QUERY_ORDERS + 1]; /* the last one is the id, unless the id stands earlier */
    size_t norder;
    char order_text[(MUNI__QUERY_ORDERS + 1) * 68];
    muni__fields *fields;
    int64_t limit; /* -1: none */
    muni__val *after; /* one value per order; NULL: from the beginning */
    muni__trash_mode trash;
    char *json; /* canonical */
};

muni_status muni__query_parse(const char *json, size_t length, muni_query **out);
muni_query *muni__query_ref(const muni_query *q);
void muni__query_unref(muni_query *q);
/* The token of a place in a query's order. */
muni_status muni__query_token(const muni_query *q, const muni__val *keys, char **out);
/* MUNI_EDENIED where a personal field is named and the session has no right to any. */
muni_status muni__fields_allowed(const muni__tx *tx, const muni__fields *f);

#endif
