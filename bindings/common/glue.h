/* What the bindings share below SWIG: growing text, JSON text, civil time, and the few calls whose C form (options in a structure, a query
 * as JSON) is not the form that a script wants. Knows no language. */
#ifndef MUNI_BINDINGS_GLUE_H
#define MUNI_BINDINGS_GLUE_H

#include <municipal.h>
#include <stdbool.h>

#define MUNI_BIND_DEPTH 64        /* nesting accepted in an argument */
#define MUNI_BIND_VALUES 1000000  /* values in one argument: stops [x, x] towers that double at each level */
#define MUNI_BIND_BYTES (4u << 20) /* text of one nested value, which the library refuses anyway: stops a large text repeated */
#define MUNI_BIND_ZONE 32400      /* moments are shown in Japan's time */

/* Text being written. `failed` stays set once memory has run out, or `limit` has been passed. */
typedef struct muni_bind_text {
    char *p;
    size_t n, room;
    bool failed, full;
} muni_bind_text;
void muni_bind_add(muni_bind_text *t, const char *p, size_t n);
void muni_bind_puts(muni_bind_text *t, const char *s);
void muni_bind_int(muni_bind_text *t, long long v);
/* A JSON string; the bytes are UTF-8. */
void muni_bind_string(muni_bind_text *t, const char *p, size_t n);
/* Give the text away (free() it); NULL, and nothing to free, where it failed. */
char *muni_bind_take(muni_bind_text *t);
void muni_bind_drop(muni_bind_text *t);

/* Is this UTF-8 (shortest forms, no surrogates, up to U+10FFFF)? */
bool muni_bind_utf8(const char *p, size_t n);

typedef struct muni_bind_civil {
    int year, month, day, hour, minute, second;
} muni_bind_civil;
int64_t muni_bind_days(int year, int month, int day);       /* since 1970-01-01 */
void muni_bind_split(int64_t at, int32_t zone, muni_bind_civil *out);
#define MUNI_BIND_MOMENT 32
void muni_bind_moment(int64_t at, char out[MUNI_BIND_MOMENT]); /* 2027-04-01T00:00:00+09:00 */
/* Three numbers from YYYY-MM-DD; false where it is not of this form (the day may still not exist). */
bool muni_bind_ymd(const char *text, int *year, int *month, int *day);

/* Is this field of this kind a date? False where nothing is known. */
bool muni_bind_is_date(const char *kind, const char *field, size_t n);

/* A JSON object of the members whose value is not NULL; values are JSON text. NULL: no memory. */
typedef struct muni_bind_member {
    const char *name, *json;
} muni_bind_member;
char *muni_bind_object(const muni_bind_member *members, size_t count);

/* muni_date_parse() with names for its flags; `era` is meiji, taisho, showa, heisei, reiwa or NULL. */
muni_status muni_bind_parse_date(const char *text, int32_t column, const char *era, char **out);

/* Parts are JSON text or NULL. `kind` may be a whole query; then nothing else may be given (MUNI_EINVAL by the library's own parser). */
typedef struct muni_bind_query {
    const char *kind, *where, *words, *order, *fields, *limit, *after, *trash;
} muni_bind_query;
muni_status muni_bind_list(muni_session *session, const muni_bind_query *query, muni_cursor **out);
muni_status muni_bind_count(muni_session *session, const muni_bind_query *query, int64_t most, int64_t *out);
muni_status muni_bind_export(muni_session *session, const muni_bind_query *query, const char *path, const char *options, muni_progress_fn progress,
                             void *user, muni_rec **out);

#endif
