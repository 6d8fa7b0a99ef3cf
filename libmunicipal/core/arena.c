#include "core/arena.h"

/* Chunks grow with what is asked for, so that a short life needs one and a page of a list a few. */
#define CHUNK_FIRST ((size_t)4000)
#define CHUNK_MOST ((size_t)64000)

struct muni__chunk {
    struct muni__chunk *next;
    size_t used, size;
    _Alignas(max_align_t) char data[];
};

/* Memory as it comes; `align` is a power of two. */
static void *take(muni__arena *a, size_t size, size_t align) {
    if (size > SIZE_MAX / 4) {
        (void)muni__nomem();
        return NULL;
    }
    struct muni__chunk *c = a->head;
    size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;
    if (!c || at > c->size || c->size - at < size) {
        /* a big piece gets a chunk of its own behind the one in use, so that the rest of that one is not lost */
        size_t room = !c ? CHUNK_FIRST : c->size < CHUNK_MOST / 2 ? 2 * c->size : CHUNK_MOST;
        bool own = size > room / 2;
        struct muni__chunk *fresh = muni__realloc_n(NULL, 1, sizeof *fresh + (own ? size : room));
        if (!fresh)
            return NULL;
        fresh->used = 0;
        fresh->size = own ? size : room;
        if (c && own) {
            fresh->next = c->next;
            c->next = fresh;
        } else {
            fresh->next = c;
            a->head = fresh;
        }
        c = fresh;
        at = 0;
    }
    c->used = at + size;
    return c->data + at;
}

void *muni__arena_alloc(muni__arena *a, size_t size) {
    void *p = take(a, size ? size : 1, _Alignof(max_align_t));
    if (p && size)
        memset(p, 0, size);
    return p;
}

char *muni__arena_strndup(muni__arena *a, const char *p, size_t n) {
    if (n == SIZE_MAX) {
        (void)muni__nomem();
        return NULL;
    }
    char *s = take(a, n + 1, 1);
    if (!s)
        return NULL;
    if (n)
        memcpy(s, p, n);
    s[n] = '\0';
    return s;
}

void muni__arena_reset(muni__arena *a) {
    struct muni__chunk *keep = NULL;
    while (a->head) {
        struct muni__chunk *c = a->head;
        a->head = c->next;
        if (c->size > CHUNK_MOST || (keep && c->size <= keep->size)) {
            muni__free(c);
            continue;
        }
        muni__free(keep);
        keep = c;
    }
    if (keep) {
        keep->next = NULL;
        keep->used = 0;
    }
    a->head = keep;
}

void muni__arena_free(muni__arena *a) {
    while (a->head) {
        struct muni__chunk *next = a->head->next;
        muni__free(a->head);
        a->head = next;
    }
}
