/* The ground every file stands on: errors, memory, small helpers. No SQL, no municipality. */
#ifndef MUNI_CORE_BASE_H
#define MUNI_CORE_BASE_H

#include <municipal/base.h>
#include <municipal/error.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUNI_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MUNI_PRINTF(a, b) __attribute__((format(printf, a, b)))
#define MUNI_UNUSED __attribute__((unused))

/* ---- errors */

/* Set this thread's error record and answer `code`. Two literal formats over the same arguments (the Japanese may use
 * %2$s). `field` (may be NULL) names the field, column or argument. Never overwrites nothing: the last producer wins, so
 * pass an error on, do not wrap it. */
muni_status muni__fail(muni_status code, const char *field, const char *en, const char *ja, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));
/* Shorthand: MUNI_ENOMEM with its standard text; allocates nothing. */
muni_status muni__nomem(void);
/* MUNI_EINVAL: where a result is to go is NULL. */
muni_status muni__no_output(void);
/* A caller's options (a struct that begins with its size; NULL: none) over `own`, which has the defaults and is of `size` bytes: an older caller's struct is
 * shorter, a newer one's longer. `init` is the name of its initialiser. MUNI_EINVAL where the size is not set. */
muni_status muni__options_read(void *own, size_t size, const void *given, const char *init);
/* Add the place to the record that was just set (0 or NULL leaves what is there). */
void muni__fail_place(const char *kind, int64_t line, int64_t record);
/* Clear, save and put back the record: for clean-up that must not lose the reason. */
void muni__error_clear(void);
typedef struct muni__error {
    int32_t code;
    int64_t line, record;
    char kind[32], field[128];
    char en[512], ja[768];
} muni__error;
void muni__error_save(muni__error *out);
void muni__error_restore(const muni__error *saved);
/* Make sure that a failing status has a record, and that success has none. */
muni_status muni__leave(muni_status status);

/* Every public function that can fail opens with MUNI_ENTER() and ends with `return MUNI_LEAVE(status)`. */
#define MUNI_ENTER() muni__error_clear()
#define MUNI_LEAVE(status) muni__leave(status)

/* Evaluate; on failure jump to `out` with the status in `st`. */
#define MUNI_TRY(expr)                                                                                                           \
    do {                                                                                                                         \
        st = (expr);                                                                                                             \
        if (st < 0)                                                                                                              \
            goto out;                                                                                                            \
    } while (0)

/* ---- memory: NULL on failure, with the error record set. Sizes are checked for overflow. */
void *muni__alloc(size_t size);                         /* zeroed */
void *muni__alloc_n(size_t count, size_t size);         /* zeroed */
void *muni__realloc_n(void *p, size_t count, size_t size);
char *muni__strdup(const char *s);
char *muni__strndup(const char *s, size_t n);           /* adds the NUL */
void muni__free(void *p);

/* Grow `*p` (elements of `size` bytes, `*cap` of them) so that `need` fit. */
muni_status muni__grow(void *p, size_t *cap, size_t need, size_t size);

/* For finding a text in a table, not for telling texts apart. */
uint64_t muni__text_hash(const char *p, size_t n);

/* ---- processes: a number of this one, another in each forked child */
int64_t muni__process(void);

/* ---- bounded buffer; the first failure sticks in `st`, later calls do nothing */
typedef struct muni__buf {
    char *p;      /* always NUL-terminated once anything was put */
    size_t n, cap, max;
    muni_status st;
} muni__buf;
#define MUNI_BUF_INIT(limit) { NULL, 0, 0, (limit), MUNI_OK }
void muni__buf_put(muni__buf *b, const char *p, size_t n);
void muni__buf_puts(muni__buf *b, const char *s);
void muni__buf_putc(muni__buf *b, char c);
void muni__buf_printf(muni__buf *b, const char *fmt, ...) MUNI_PRINTF(2, 3);
void muni__buf_int(muni__buf *b, int64_t v);
void muni__buf_json(muni__buf *b, const char *p, size_t n); /* as a JSON string with its quotes */
void muni__buf_clear(muni__buf *b);                          /* keeps the memory */
void muni__buf_free(muni__buf *b);
/* Give the text away (never NULL on success); `*len` may be NULL. On failure frees and answers the sticky status. */
muni_status muni__buf_take(muni__buf *b, char **out, size_t *len);

/* ---- UTF-8 */
/* Is it valid UTF-8 (no surrogates, nothing overlong, at most U+10FFFF)? `*bad` (may be NULL) gets the offset of the first bad byte. */
bool muni__utf8_valid(const char *p, size_t n, size_t *bad);
/* How many bytes at the beginning are neither a control character nor " nor \. */
size_t muni__plain_run(const char *p, size_t n);
/* Decode one character of valid text at `p` with `n` bytes left; answers its length, at least 1. */
size_t muni__utf8_next(const char *p, size_t n, uint32_t *cp);
/* Encode; answers the length, 1 to 4. */
size_t muni__utf8_put(uint32_t cp, char out[4]);
size_t muni__utf8_length(const char *p, size_t n);           /* in characters */
/* The longest prefix of at most `max` bytes that does not cut a character. */
size_t muni__utf8_cut(const char *p, size_t n, size_t max);

/* Quote user text for a message: at most 40 characters, control characters shown as '·'. The result lives in `out`. */
typedef struct muni__quoted { char s[176]; } muni__quoted;
const char *muni__quote(muni__quoted *out, const char *p, size_t n);

/* Nearest of `count` names to `word` by edit distance (stride bytes apart, each element beginning with a const char *); NULL if none is near. */
const char *muni__nearest(const char *word, const void *names, size_t count, size_t stride);

#endif
