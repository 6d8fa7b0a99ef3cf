/* JSON: canonical form, and documents from callers parsed under limits. */
#ifndef MUNI_CORE_JSON_H
#define MUNI_CORE_JSON_H

#include "core/base.h"

#include <jansson.h>

#define MUNI__JSON_DEPTH 64
#define MUNI__JSON_MAX ((size_t)4 << 20)

/* Parse any JSON value of at most `max` bytes. `field` names the argument in errors. MUNI_EINVAL, MUNI_ELIMIT, MUNI_EUTF8, MUNI_EFORMAT, MUNI_ETYPE,
 * MUNI_ENOMEM. */
muni_status muni__json_load(const char *json, size_t n, size_t max, const char *field, json_t **out);
/* The same for a document of the library's own, into which those of callers were put: nested deeper than theirs may be. */
#define MUNI__JSON_OWN_DEPTH (MUNI__JSON_DEPTH + 8)
muni_status muni__json_load_own(const char *json, size_t n, size_t max, const char *field, json_t **out);
/* Canonical: keys sorted by bytes, no spaces. */
void muni__json_write(muni__buf *b, const json_t *j);

#endif
