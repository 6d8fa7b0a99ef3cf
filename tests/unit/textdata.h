/* Reading the vectors under tests/data/text: for tests only. */
#ifndef TEXTDATA_H
#define TEXTDATA_H

#include "core/csv.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static inline char *textdata_path(const char *name) {
    static char path[512];
    const char *dir = getenv("srcdir");
    snprintf(path, sizeof path, "%s/tests/data/text/%s", dir ? dir : ".", name);
    return path;
}

static inline char *textdata_slurp(const char *name, size_t *n) {
    FILE *f = fopen(textdata_path(name), "rb");
    ck_assert_msg(f != NULL, "cannot open %s", textdata_path(name));
    size_t cap = 1 << 20;
    char *p = malloc(cap);
    *n = fread(p, 1, cap - 1, f);
    ck_assert_uint_lt(*n, cap - 1);
    p[*n] = '\0';
    fclose(f);
    return p;
}

/* Each record of a vector file but the header; the source and the reader are closed at the end. */
typedef struct textdata {
    muni__source source;
    muni__csv *csv;
    muni__csv_record r;
} textdata;

static inline void textdata_open(textdata *t, const char *name) {
    muni__csv_options o = { .charset = MUNI__CHARSET_UTF8 };
    ck_assert_int_eq(muni__source_file(&t->source, textdata_path(name)), MUNI_OK);
    ck_assert_int_eq(muni__csv_open(&t->source, &o, &t->csv), MUNI_OK);
    ck_assert_int_eq(muni__csv_next(t->csv, &t->r), MUNI_ROW);
}

static inline int textdata_next(textdata *t) {
    muni_status st = muni__csv_next(t->csv, &t->r);
    ck_assert_msg(st >= 0, "%s", muni_error_text("en"));
    if (st == MUNI_ROW)
        return 1;
    muni__csv_close(t->csv);
    muni__source_close(&t->source);
    return 0;
}

/* Random numbers that are the same everywhere (splitmix64). */
typedef struct textrng {
    uint64_t s;
} textrng;
static inline uint32_t textrng_below(textrng *r, uint32_t n) {
    uint64_t z = (r->s += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ z >> 31) >> 32) * (uint64_t)n >> 32);
}

#endif
