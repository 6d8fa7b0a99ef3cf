/* Which process this is: asked at every call and every statement, where getpid() would be a third of what a statement costs us. */
#define _GNU_SOURCE /* MADV_WIPEONFORK */
#include "core/base.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#ifdef MADV_WIPEONFORK
/* A page that the system empties in a forked child. It holds the name of the process and stays as long as that. */
static int64_t *page(void) {
    static int64_t *kept, none;
    int64_t *p = __atomic_load_n(&kept, __ATOMIC_ACQUIRE), *before = NULL;
    if (p)
        return p == &none ? NULL : p;
    size_t size = (size_t)sysconf(_SC_PAGESIZE);
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        p = &none;
    } else if (madvise(p, size, MADV_WIPEONFORK)) {
        (void)munmap(p, size);
        p = &none;
    }
    if (!__atomic_compare_exchange_n(&kept, &before, p, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        if (p != &none)
            (void)munmap(p, size);
        p = before;
    }
    return p == &none ? NULL : p;
}

int64_t muni__process(void) {
    int64_t *p = page();
    int64_t name = p ? __atomic_load_n(p, __ATOMIC_RELAXED) : (int64_t)getpid();
    if (!name) { /* the number alone may have been that of a process which has ended */
        struct timespec ts = { 0, 0 };
        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        int64_t fresh = ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000) << 22 | ((int64_t)getpid() & 0x3fffff);
        if (__atomic_compare_exchange_n(p, &name, fresh, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
            name = fresh;
    }
    return name;
}
#else
int64_t muni__process(void) {
    return (int64_t)getpid();
}
#endif
