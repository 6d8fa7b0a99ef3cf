/* See fault.h. Counts are atomic: tests have threads. */
#include "fault.h"

#include <jansson.h>
#include <stdatomic.h>
#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);

static atomic_long count, target;

void fault_set(long n) {
    atomic_store(&target, 0);
    atomic_store(&count, 0);
    atomic_store(&target, n);
}

long fault_count(void) {
    return atomic_load(&count);
}

/* Is this the one? */
static int hit(void) {
    return atomic_fetch_add(&count, 1) + 1 == atomic_load(&target);
}

void *__wrap_malloc(size_t size) {
    return hit() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
    return hit() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size) {
    return hit() ? NULL : __real_realloc(p, size);
}

void fault_install(void) {
    json_set_alloc_funcs(__wrap_malloc, free);
}

void fault_spare_jansson(void) {
    json_set_alloc_funcs(__real_malloc, free);
}
