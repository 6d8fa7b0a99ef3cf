/* Patterns of PCRE2, the only place that includes its header. A pattern is found anywhere in a text; letters of either case are alike unless it says (?-i).
 * Whoever writes one may write a bad one: compiling and matching stop at limits. */
#ifndef MUNI_CORE_REGEX_H
#define MUNI_CORE_REGEX_H

#include "core/base.h"

#define MUNI__REGEX_MAX 1000 /* bytes of a pattern */

/* Patterns that were compiled, for use again: thread-safe, at most some thousands. */
typedef struct muni__regexes muni__regexes;
muni_status muni__regexes_new(muni__regexes **out);
void muni__regexes_free(muni__regexes *r, bool forked);

/* Is it a pattern? MUNI_EFORMAT (`*at` is the character, from 1, at which it goes wrong, `why` what PCRE2 says) or MUNI_ELIMIT; the error is the caller's to say. */
muni_status muni__regex_check(const char *pattern, size_t n, size_t *at, char why[120]);
/* Is it found in the text? `r` may be NULL. MUNI_ELIMIT where finding out took more than is allowed, MUNI_EFORMAT for what is no pattern: the caller's to say, too. */
muni_status muni__regexes_match(muni__regexes *r, const char *pattern, size_t n, const char *text, size_t length, bool *out);

#endif
