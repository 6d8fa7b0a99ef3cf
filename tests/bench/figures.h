/* How measurements end and are told: the median of rounds beside their floor, what was aimed at, and whether that was met. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <municipal.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_MAX 16384

static inline void die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)fputs("bench: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static inline void ok(muni_status st) {
    if (st < 0)
        die("%s: %s [%s]", muni_error_name(st), muni_error_text("en"), muni_error_field());
}

static inline double now(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline void *need(void *p) {
    if (!p)
        die("out of memory");
    return p;
}

/* ---- figures */

typedef struct rounds {
    double lib[ROUNDS_MAX], raw[ROUNDS_MAX]; /* seconds for one */
    size_t n;
} rounds;

static inline int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static inline double percentile(const double *v, size_t n, double part) {
    static double copy[ROUNDS_MAX];
    memcpy(copy, v, n * sizeof *v);
    qsort(copy, n, sizeof *copy, by_size);
    return copy[(size_t)(part * (double)(n - 1))];
}

static inline double median(const double *v, size_t n) {
    return percentile(v, n, 0.5);
}

static inline void add(rounds *r, double lib, double raw) {
    if (r->n < ROUNDS_MAX) {
        r->lib[r->n] = lib;
        r->raw[r->n++] = raw;
    }
}

/* At most `ratio` times the floor, or times what the library needs for something else; at most so many microseconds. 0: no such aim. */
typedef struct aim {
    double ratio, us;
    const char *than; /* NULL: the floor */
    double than_us;
} aim;

static inline void verdict(const aim *a, double lib_us, double raw_us) {
    double ratio = lib_us / (a->than ? a->than_us : raw_us);
    bool slow = a->ratio > 0 && ratio > a->ratio, late = a->us > 0 && lib_us > a->us;
    (void)printf("   aim");
    if (a->ratio > 0)
        (void)printf(" <= %.2fx%s%s", a->ratio, a->than ? " of " : "", a->than ? a->than : "");
    if (a->than)
        (void)printf(" (%.2fx)", ratio);
    if (a->us > 0)
        (void)printf("%s <= %.0f us", a->ratio > 0 ? "," : "", a->us);
    if (a->ratio <= 0 && a->us <= 0)
        (void)printf(" none");
    else if (!slow && !late)
        (void)printf(": met");
    if (slow)
        (void)printf(": missed by %.2fx", ratio - a->ratio);
    if (late)
        (void)printf(": missed by %.0f us", lib_us - a->us);
    (void)printf("\n");
    (void)fflush(stdout);
}

/* Answers the library's microseconds. */
static inline double line(const char *name, const char *what, rounds *r, aim a) {
    double lib = median(r->lib, r->n) * 1e6, raw = median(r->raw, r->n) * 1e6;
    (void)printf("%-14s %-46s library %8.0f/s (%9.1f us)   floor %8.0f/s (%9.1f us)   ratio %5.2f", name, what, 1e6 / lib, lib, 1e6 / raw, raw, lib / raw);
    verdict(&a, lib, raw);
    r->n = 0;
    return lib;
}

#endif
