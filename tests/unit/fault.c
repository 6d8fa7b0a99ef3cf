/* See fault.h. Counts are atomic: tests have threads. */
#include "fault.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static atomic_long count, target, live;

void fault_set(long n) {
    atomic_store(&target, 0);
    atomic_store(&count, 0);
    atomic_store(&target, n);
}

long fault_count(void) {
    return atomic_load(&count);
}

long fault_live(void) {
    return atomic_load(&live);
}

int fault_hit(void) {
    return atomic_fetch_add(&count, 1) + 1 == atomic_load(&target);
}

static void *born(void *p) {
    if (p)
        atomic_fetch_add(&live, 1);
    return p;
}

void *fault_spared(size_t size) {
    return born(__real_malloc(size));
}

void *__wrap_malloc(size_t size) {
    return fault_hit() ? NULL : born(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size) {
    return fault_hit() ? NULL : born(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t size) {
    if (fault_hit())
        return NULL;
    return p ? __real_realloc(p, size) : born(__real_malloc(size));
}

void __wrap_free(void *p) {
    if (p)
        atomic_fetch_sub(&live, 1);
    __real_free(p);
}

void fault_install(void) {
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);
}

void fault_spare_jansson(void) {
    json_set_alloc_funcs(fault_spared, __wrap_free);
}
