#include "store/libpq.h"

#include <dlfcn.h>
#include <pthread.h>

#define FILE_NAME "libpq.so.5"

static muni__libpq table;
const muni__libpq *const muni__pq = &table;

static muni_status missing(void) {
    const char *why = dlerror();
    return muni__fail(MUNI_ENOTSUP, "url", "PostgreSQL's client library cannot be loaded (%s); install " FILE_NAME " (Debian: libpq5)",
                      "PostgreSQLのクライアントライブラリを読み込めません（%s）。" FILE_NAME "をインストールしてください（Debian: libpq5）", why ? why : "");
}

static bool find(void *library, const char *name, void *into) {
    void *f = dlsym(library, name);
    memcpy(into, &f, sizeof f); /* a pointer to an object is not one to a function: ISO C has no cast between them */
    return f != NULL;
}

muni_status muni__libpq_read(const char *file, muni__libpq *out) {
    void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return missing();
#define FIND(name)                                                                                                                                                                 \
    if (!find(library, "PQ" #name, &out->name)) {                                                                                                                                  \
        muni_status st = missing();                                                                                                                                                \
        (void)dlclose(library);                                                                                                                                                    \
        return st;                                                                                                                                                                 \
    }
    MUNI__LIBPQ_FUNCTIONS(FIND)
#undef FIND
#define FIND(name) (void)find(library, "PQ" #name, &out->name);
    MUNI__LIBPQ_PIPELINE(FIND)
#undef FIND
    return MUNI_OK; /* it stays to the end of the process: connections and TLS live in it */
}

muni_status muni__libpq_load(void) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static bool loaded;
    muni__libpq t;
    muni_status st = MUNI_OK;
    (void)pthread_mutex_lock(&mutex);
    if (!loaded && (st = muni__libpq_read(FILE_NAME, &t)) >= 0) {
        table = t;
        loaded = true;
    }
    (void)pthread_mutex_unlock(&mutex);
    return st;
}
