#include "core/arena.h"

#define CHUNK ((size_t)4000)

struct muni__chunk {
    struct muni__chunk *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};

void *muni__arena_alloc(muni__arena *a, size_t size) {
    const size_t align = _Alignof(max_align_t);
    if (size > SIZE_MAX / 4) {
        (void)muni__nomem();
        return NULL;
    }
    size = (size + align - 1) & ~(align - 1);
    if (!size)
        size = align;
    struct muni__chunk *c = a->head;
    if (!c || c->size - c->used < size) {
        /* a big piece gets a chunk of its own behind the one in use, so that the rest of that one is not lost */
        size_t room = size > CHUNK / 2 ? size : CHUNK;
        struct muni__chunk *fresh = muni__alloc(sizeof *fresh + room);
        if (!fresh)
            return NULL;
        fresh->size = room;
        if (c && room == size && size > CHUNK / 2) {
            fresh->next = c->next;
            c->next = fresh;
        } else {
            fresh->next = c;
            a->head = fresh;
        }
        c = fresh;
    }
    void *p = c->data + c->used;
    c->used += size;
    return p; /* chunks come zeroed and are never used twice */
}

char *muni__arena_strndup(muni__arena *a, const char *p, size_t n) {
    if (n == SIZE_MAX) {
        (void)muni__nomem();
        return NULL;
    }
    char *s = muni__arena_alloc(a, n + 1);
    if (s && n)
        memcpy(s, p, n);
    return s;
}

void muni__arena_free(muni__arena *a) {
    while (a->head) {
        struct muni__chunk *next = a->head->next;
        muni__free(a->head);
        a->head = next;
    }
}
