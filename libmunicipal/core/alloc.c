/* Memory: every size is checked for overflow, every failure leaves an error record. */
#include "core/base.h"

#include <stdlib.h>

/* count × size, where that is a size that an object can have. */
static bool product(size_t count, size_t size, size_t *out) {
    if (size && count > (size_t)PTRDIFF_MAX / size)
        return false;
    *out = count * size;
    return true;
}

void *muni__alloc(size_t size) {
    return muni__alloc_n(1, size);
}

void *muni__alloc_n(size_t count, size_t size) {
    size_t total;
    void *p = product(count, size, &total) ? calloc(1, total ? total : 1) : NULL;
    if (!p)
        muni__nomem();
    return p;
}

void *muni__realloc_n(void *p, size_t count, size_t size) {
    size_t total;
    void *q = product(count, size, &total) ? realloc(p, total ? total : 1) : NULL;
    if (!q)
        muni__nomem();
    return q;
}

char *muni__strdup(const char *s) {
    return muni__strndup(s, strlen(s));
}

char *muni__strndup(const char *s, size_t n) {
    char *p = n < (size_t)PTRDIFF_MAX ? malloc(n + 1) : NULL;
    if (!p) {
        muni__nomem();
        return NULL;
    }
    if (n)
        memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

void muni__free(void *p) {
    free(p);
}

void muni_free(void *memory) {
    free(memory);
}

muni_status muni__grow(void *p, size_t *cap, size_t need, size_t size) {
    if (need <= *cap)
        return MUNI_OK;
    size_t want = *cap < 8 ? 8 : *cap + *cap / 2; /* cannot wrap: no object has more than half of the address space */
    if (want < need)
        want = need;
    void *old, *grown;
    memcpy(&old, p, sizeof old); /* p is the address of a pointer of some other type */
    grown = muni__realloc_n(old, want, size);
    if (!grown)
        return MUNI_ENOMEM;
    memcpy(p, &grown, sizeof grown);
    *cap = want;
    return MUNI_OK;
}

uint64_t muni__text_hash(const char *p, size_t n) {
    uint64_t h = 0x9e3779b97f4a7c15u ^ n, w;
    for (; n >= 8; p += 8, n -= 8) {
        memcpy(&w, p, 8);
        h = (h ^ w) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    w = 0;
    if (n)
        memcpy(&w, p, n);
    h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 29;
}
