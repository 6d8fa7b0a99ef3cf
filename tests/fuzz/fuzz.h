/* What every fuzz target begins with. A target is one file with LLVMFuzzerTestOneInput; it is linked with libFuzzer (fuzz.sh) or with replay.c,
 * which runs the files of a corpus. It asserts properties: a crash is only the crudest of them. */
#ifndef FUZZ_H
#define FUZZ_H

#include "core/base.h"

#include <municipal/error.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Something that must hold does not: say what, and die. */
#define HOLDS(condition, ...)                                                                                                    \
    do {                                                                                                                         \
        if (!(condition)) {                                                                                                      \
            fprintf(stderr, "%s:%d: %s does not hold: ", __FILE__, __LINE__, #condition);                                        \
            fprintf(stderr, __VA_ARGS__);                                                                                        \
            fprintf(stderr, " [%s: %s]\n", muni_error_name(muni_error_code()), muni_error_text("en"));                           \
            abort();                                                                                                             \
        }                                                                                                                        \
    } while (0)
/* A call that must succeed, whatever the input is. */
#define OK(call)                                                                                                                 \
    do {                                                                                                                         \
        muni_status ok_ = (call);                                                                                                \
        HOLDS(ok_ >= 0, "%s", muni_error_name(ok_));                                                                             \
    } while (0)
/* A call that may fail: then with a reason in both languages, and never by a fault of the library's own. */
static MUNI_UNUSED muni_status fuzz_status(muni_status st, const char *call) {
    if (st >= 0)
        return st;
    HOLDS(muni_error_code() == st, "%s answered %s", call, muni_error_name(st));
    HOLDS(*muni_error_text("en") && *muni_error_text("ja"), "%s answered %s without a reason", call, muni_error_name(st));
    HOLDS(st != MUNI_EINTERNAL && st != MUNI_ECORRUPT && st != MUNI_ENOMEM && st != MUNI_EIO, "%s", call);
    return st;
}
#define TRY(call) fuzz_status((call), #call)

/* The input, eaten from its front. The bytes that choose how to run a target stand there; beyond the end they are 0. */
typedef struct fuzz_in {
    const uint8_t *p;
    size_t n;
} fuzz_in;
static MUNI_UNUSED uint8_t fuzz_byte(fuzz_in *in) {
    if (!in->n)
        return 0;
    in->n--;
    return *in->p++;
}
/* A line of it, without its end; the rest when there is no other. */
static MUNI_UNUSED fuzz_in fuzz_line(fuzz_in *in) {
    const uint8_t *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
    fuzz_in line = { in->p, end ? (size_t)(end - in->p) : in->n };
    size_t eaten = end ? line.n + 1 : line.n;
    if (eaten)
        in->p += eaten;
    in->n -= eaten;
    return line;
}
/* A copy of exactly its size, so that a read behind its end is seen. Free it. */
static MUNI_UNUSED char *fuzz_copy(fuzz_in in) {
    char *p = malloc(in.n ? in.n : 1);
    if (!p)
        abort();
    if (in.n)
        memcpy(p, in.p, in.n);
    return p;
}
static MUNI_UNUSED bool fuzz_same(const char *a, size_t n, const char *b, size_t m) {
    return n == m && (!n || !memcmp(a, b, n));
}

#endif
