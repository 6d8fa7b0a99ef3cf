#include "core/regex.h"

#include <pthread.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* What a search may take: steps, frames on the heap, kilobytes. A text of 64 kB is gone through by a reasonable pattern in far fewer. */
#define STEPS_MAX 200000
#define DEPTH_MAX 10000
#define HEAP_MAX 16384
#define KEPT_MAX 4096 /* patterns kept */
#define BUCKETS 512

typedef struct entry {
    struct entry *chain;
    uint64_t used; /* when it was asked for last */
    int32_t users;
    bool kept;
    pcre2_code *code;
    pcre2_match_context *limits; /* of a search; never changed */
    size_t n;
    char pattern[];
} entry;

struct muni__regexes {
    pthread_mutex_t mutex;
    entry *buckets[BUCKETS];
    size_t count;
    uint64_t clock;
};

/* ---- memory is the library's */

static void *take(PCRE2_SIZE n, void *user) {
    (void)user;
    return muni__alloc(n);
}

static void give(void *p, void *user) {
    (void)user;
    muni__free(p);
}

static pcre2_general_context *ours(void) {
    return pcre2_general_context_create(take, give, NULL);
}

/* ---- compiling */

static muni_status compile(const char *pattern, size_t n, pcre2_code **out, size_t *at, char why[120]) {
    const uint32_t how = PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C;
    int error = 0;
    PCRE2_SIZE offset = 0;
    *out = NULL;
    if (at)
        *at = 0;
    if (n > MUNI__REGEX_MAX)
        return MUNI_ELIMIT;
    pcre2_general_context *memory = ours();
    pcre2_compile_context *c = memory ? pcre2_compile_context_create(memory) : NULL;
    if (c)
        *out = pcre2_compile((PCRE2_SPTR)pattern, n, how, &error, &offset, c);
    pcre2_compile_context_free(c);
    pcre2_general_context_free(memory);
    if (*out)
        return MUNI_OK;
    if (!c || error == PCRE2_ERROR_HEAP_FAILED)
        return muni__nomem();
    if (at) {
        *at = 1;
        for (size_t i = 0; i < offset && i < n; i++)
            *at += ((unsigned char)pattern[i] & 0xc0) != 0x80;
        (void)pcre2_get_error_message(error, (PCRE2_UCHAR *)why, 120); /* cut off where it is longer */
    }
    return MUNI_EFORMAT;
}

muni_status muni__regex_check(const char *pattern, size_t n, size_t *at, char why[120]) {
    pcre2_code *code;
    muni_status st = compile(pattern, n, &code, at, why);
    pcre2_code_free(code);
    return st;
}

/* ---- those that are kept */

muni_status muni__regexes_new(muni__regexes **out) {
    *out = muni__alloc(sizeof **out);
    if (!*out)
        return MUNI_ENOMEM;
    if (pthread_mutex_init(&(*out)->mutex, NULL)) {
        muni__free(*out);
        *out = NULL;
        return muni__nomem();
    }
    return MUNI_OK;
}

static void drop(entry *e) {
    pcre2_match_context_free(e->limits);
    pcre2_code_free(e->code);
    muni__free(e);
}

void muni__regexes_free(muni__regexes *r, bool forked) {
    if (!r)
        return;
    for (size_t i = 0; i < BUCKETS; i++)
        for (entry *e = r->buckets[i], *next; e; e = next) {
            next = e->chain;
            drop(e);
        }
    if (!forked)
        (void)pthread_mutex_destroy(&r->mutex);
    muni__free(r);
}

static entry **place(muni__regexes *r, const char *pattern, size_t n) {
    return &r->buckets[muni__text_hash(pattern, n) % BUCKETS];
}

/* The one that nobody has asked for the longest goes; none where all are in use. */
static void make_room(muni__regexes *r) {
    entry **oldest = NULL;
    for (size_t i = 0; i < BUCKETS; i++)
        for (entry **e = &r->buckets[i]; *e; e = &(*e)->chain)
            if (!(*e)->users && (!oldest || (*e)->used < (*oldest)->used))
                oldest = e;
    if (oldest) {
        entry *e = *oldest;
        *oldest = e->chain;
        r->count--;
        drop(e);
    }
}

static entry *find(muni__regexes *r, const char *pattern, size_t n) {
    for (entry *e = *place(r, pattern, n); e; e = e->chain)
        if (e->n == n && !memcmp(e->pattern, pattern, n)) {
            e->users++;
            e->used = ++r->clock;
            return e;
        }
    return NULL;
}

static pcre2_match_context *limits_new(void) {
    pcre2_general_context *memory = ours();
    pcre2_match_context *limits = memory ? pcre2_match_context_create(memory) : NULL;
    pcre2_general_context_free(memory);
    if (limits) {
        (void)pcre2_set_match_limit(limits, STEPS_MAX);
        (void)pcre2_set_depth_limit(limits, DEPTH_MAX);
        (void)pcre2_set_heap_limit(limits, HEAP_MAX);
    }
    return limits;
}

static muni_status borrow(muni__regexes *r, const char *pattern, size_t n, entry **out) {
    *out = NULL;
    if (r) {
        (void)pthread_mutex_lock(&r->mutex);
        *out = find(r, pattern, n);
        (void)pthread_mutex_unlock(&r->mutex);
        if (*out)
            return MUNI_OK;
    }
    entry *e = muni__alloc(sizeof *e + n + 1);
    if (!e)
        return MUNI_ENOMEM;
    memcpy(e->pattern, pattern, n);
    e->n = n;
    e->users = 1;
    muni_status st = compile(pattern, n, &e->code, NULL, NULL);
    if (st >= 0 && !(e->limits = limits_new()))
        st = muni__nomem();
    if (st < 0) {
        drop(e);
        return st;
    }
    (void)pcre2_jit_compile(e->code, PCRE2_JIT_COMPLETE); /* where the machine has none, or forbids it, it is interpreted */
    *out = e;
    if (!r)
        return MUNI_OK;
    (void)pthread_mutex_lock(&r->mutex);
    entry *other = find(r, pattern, n); /* another thread may have been as quick */
    if (other) {
        *out = other;
    } else {
        if (r->count >= KEPT_MAX)
            make_room(r);
        entry **at = place(r, pattern, n);
        e->used = ++r->clock;
        e->kept = true;
        e->chain = *at;
        *at = e;
        r->count++;
    }
    (void)pthread_mutex_unlock(&r->mutex);
    if (other)
        drop(e);
    return MUNI_OK;
}

static void give_back(muni__regexes *r, entry *e) {
    if (!e->kept) {
        drop(e);
        return;
    }
    (void)pthread_mutex_lock(&r->mutex);
    e->users--;
    (void)pthread_mutex_unlock(&r->mutex);
}

/* ---- matching */

static muni_status answer(int found, bool *out) {
    *out = found >= 0;
    switch (found) {
    case PCRE2_ERROR_NOMATCH: return MUNI_OK;
    case PCRE2_ERROR_MATCHLIMIT:
    case PCRE2_ERROR_DEPTHLIMIT:
    case PCRE2_ERROR_HEAPLIMIT: return MUNI_ELIMIT;
    case PCRE2_ERROR_NOMEMORY: return muni__nomem();
    default: return found >= 0 ? MUNI_OK : muni__fail(MUNI_EINTERNAL, NULL, "a pattern could not be matched (PCRE2 %d)", "パターンを照合できませんでした（PCRE2 %d）", found);
    }
}

muni_status muni__regexes_match(muni__regexes *r, const char *pattern, size_t n, const char *text, size_t length, bool *out) {
    entry *e = NULL;
    *out = false;
    muni_status st = borrow(r, pattern, n, &e);
    if (st < 0)
        return st;
    pcre2_match_data *data = pcre2_match_data_create_from_pattern(e->code, NULL); /* from the memory of the code */
    if (data) {
        int found = pcre2_match(e->code, (PCRE2_SPTR)text, length, 0, 0, data, e->limits);
        if (found == PCRE2_ERROR_JIT_STACKLIMIT) /* compiled code has a small stack */
            found = pcre2_match(e->code, (PCRE2_SPTR)text, length, 0, PCRE2_NO_JIT, data, e->limits);
        st = answer(found, out);
    } else {
        st = muni__nomem();
    }
    pcre2_match_data_free(data);
    give_back(r, e);
    return st;
}
