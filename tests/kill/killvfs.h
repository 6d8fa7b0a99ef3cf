/* A file system for SQLite that writes down its calls in memory that outlives the process, and at a chosen one kills the process:
 * before the call, or when half of a write has arrived. */
#ifndef KILLVFS_H
#define KILLVFS_H

#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
    KV_OPEN,
    KV_WRITE,
    KV_SYNC,
    KV_TRUNCATE,
    KV_DELETE,
    KV_LOCK,
    KV_UNLOCK,
    KV_SHM_MAP,
    KV_SHM_LOCK,
    KV_SHM_UNLOCK,
    KV_SHM_BARRIER,
    KV_SHM_UNMAP,
    KV_CLOSE
};
enum { KV_STORE, KV_JOURNAL, KV_WAL, KV_OTHER };

typedef struct kv_call {
    uint8_t op, file;
    bool exclusive;
    int32_t n;  /* bytes, level, or how many locks */
    int64_t at; /* offset, or which lock */
} kv_call;

#define KV_KEPT 4096 /* of the calls, so many of the last are kept */

typedef struct kv_log {
    int64_t target;    /* the call at which it ends; 0: none */
    int64_t at_commit; /* or when so many transactions are committed */
    bool half;
    /* what was seen */
    int64_t count;
    int64_t commits;
    bool locked;     /* between BEGIN IMMEDIATE and the release of the write lock */
    bool committing; /* the frame that makes it count (or the end of its journal) has been begun */
    bool halved;
    kv_call calls[KV_KEPT]; /* a ring */
} kv_log;

static kv_log *kv; /* shared with the parent */

static const char *const kv_ops[] = { "open",    "write",    "sync",       "truncate",    "delete",    "lock", "unlock",
                                      "shm map", "shm lock", "shm unlock", "shm barrier", "shm unmap", "close" };
static const char *const kv_files[] = { "store", "journal", "wal", "other" };

static void kv_die(void) {
    (void)kill(getpid(), SIGKILL);
    for (;;)
        (void)pause();
}

/* Write a call down; is it the one? */
static bool kv_note(int op, int file, int32_t n, int64_t at, bool exclusive) {
    kv->calls[kv->count % KV_KEPT] = (kv_call){ (uint8_t)op, (uint8_t)file, exclusive, n, at };
    return ++kv->count == kv->target;
}

static void kv_here(int op, int file, int32_t n, int64_t at, bool exclusive) {
    if (kv_note(op, file, n, at, exclusive))
        kv_die();
}

static void kv_released(void) {
    bool done = kv->locked && kv->committing;
    kv->locked = kv->committing = false;
    if (done && ++kv->commits == kv->at_commit)
        kv_die();
}

typedef struct kv_file {
    sqlite3_file base;
    sqlite3_file *real;
    int kind;
} kv_file;

#define KV(f) ((kv_file *)(f))
#define KV_REAL(f) (KV(f)->real)
#define KV_DO(f, method, ...) KV_REAL(f)->pMethods->method(KV_REAL(f), __VA_ARGS__)

static int kv_close(sqlite3_file *f) {
    kv_here(KV_CLOSE, KV(f)->kind, 0, 0, false);
    int rc = KV_REAL(f)->pMethods ? KV_REAL(f)->pMethods->xClose(KV_REAL(f)) : SQLITE_OK;
    f->pMethods = NULL;
    return rc;
}
static int kv_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    return KV_DO(f, xRead, p, n, at);
}
/* A frame of the log begins with the number of its page and, if it ends a transaction, the size of the store: else 0. */
static bool kv_ends(const kv_file *f, const void *p, int n) {
    const unsigned char *b = p;
    return f->kind == KV_WAL && n == 24 && (b[4] || b[5] || b[6] || b[7]);
}
static int kv_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    if (kv_note(KV_WRITE, KV(f)->kind, n, at, false)) {
        if (kv->half && n > 1 && KV_DO(f, xWrite, p, n / 2, at) == SQLITE_OK)
            kv->halved = true;
        kv_die();
    }
    if (kv->locked && kv_ends(KV(f), p, n))
        kv->committing = true;
    return KV_DO(f, xWrite, p, n, at);
}
static int kv_truncate(sqlite3_file *f, sqlite3_int64 n) {
    kv_here(KV_TRUNCATE, KV(f)->kind, 0, n, false);
    return KV_DO(f, xTruncate, n);
}
static int kv_sync(sqlite3_file *f, int flags) {
    kv_here(KV_SYNC, KV(f)->kind, 0, 0, false);
    return KV_DO(f, xSync, flags);
}
static int kv_size(sqlite3_file *f, sqlite3_int64 *n) {
    return KV_DO(f, xFileSize, n);
}
static int kv_lock(sqlite3_file *f, int level) {
    kv_here(KV_LOCK, KV(f)->kind, level, 0, false);
    int rc = KV_DO(f, xLock, level);
    if (rc == SQLITE_OK && level == SQLITE_LOCK_RESERVED)
        kv->locked = true;
    return rc;
}
static int kv_unlock(sqlite3_file *f, int level) {
    kv_here(KV_UNLOCK, KV(f)->kind, level, 0, false);
    int rc = KV_DO(f, xUnlock, level);
    if (KV(f)->kind == KV_STORE && kv->locked)
        kv_released();
    return rc;
}
static int kv_reserved(sqlite3_file *f, int *out) {
    return KV_DO(f, xCheckReservedLock, out);
}
static int kv_control(sqlite3_file *f, int op, void *arg) {
    return KV_DO(f, xFileControl, op, arg);
}
static int kv_sector(sqlite3_file *f) {
    return KV_REAL(f)->pMethods->xSectorSize(KV_REAL(f));
}
static int kv_device(sqlite3_file *f) {
    return KV_REAL(f)->pMethods->xDeviceCharacteristics(KV_REAL(f));
}
static int kv_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    kv_here(KV_SHM_MAP, KV(f)->kind, size, page, false);
    return KV_DO(f, xShmMap, page, size, extend, out);
}
static int kv_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    bool take = (flags & SQLITE_SHM_LOCK) != 0, exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
    if (take && exclusive && (offset == 1 || offset == 2)) /* no transaction: the log is read again, or brought home */
        kv->locked = false;
    kv_here(take ? KV_SHM_LOCK : KV_SHM_UNLOCK, KV(f)->kind, n, offset, exclusive);
    int rc = KV_DO(f, xShmLock, offset, n, flags);
    if (rc == SQLITE_OK && offset == 0 && exclusive) { /* the first one is the writers' */
        if (take)
            kv->locked = true;
        else
            kv_released();
    }
    return rc;
}
static void kv_shm_barrier(sqlite3_file *f) {
    kv_here(KV_SHM_BARRIER, KV(f)->kind, 0, 0, false); /* between the two copies of the index's header */
    KV_REAL(f)->pMethods->xShmBarrier(KV_REAL(f));
}
static int kv_shm_unmap(sqlite3_file *f, int flag) {
    kv_here(KV_SHM_UNMAP, KV(f)->kind, flag, 0, false);
    return KV_DO(f, xShmUnmap, flag);
}

static const sqlite3_io_methods kv_methods = {
    2,          kv_close,  kv_read,   kv_write,   kv_truncate, kv_sync,        kv_size,      kv_lock, kv_unlock, kv_reserved,
    kv_control, kv_sector, kv_device, kv_shm_map, kv_shm_lock, kv_shm_barrier, kv_shm_unmap, NULL,    NULL,
};

static sqlite3_vfs kv_vfs, *kv_real;

static int kv_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *f, int flags, int *out) {
    (void)v;
    int kind = flags & SQLITE_OPEN_MAIN_DB        ? KV_STORE
               : flags & SQLITE_OPEN_MAIN_JOURNAL ? KV_JOURNAL
               : flags & SQLITE_OPEN_WAL          ? KV_WAL
                                                  : KV_OTHER;
    kv_here(KV_OPEN, kind, 0, 0, false);
    f->pMethods = NULL;
    KV(f)->real = (sqlite3_file *)(void *)(KV(f) + 1);
    KV(f)->kind = kind;
    int rc = kv_real->xOpen(kv_real, name, KV_REAL(f), flags, out);
    if (KV_REAL(f)->pMethods) /* it may have to be closed even where it could not be opened */
        f->pMethods = &kv_methods;
    return rc;
}

static int kv_delete(sqlite3_vfs *v, const char *name, int sync) {
    (void)v;
    size_t n = strlen(name);
    bool journal = n > 8 && !strcmp(name + n - 8, "-journal");
    kv_here(KV_DELETE, journal ? KV_JOURNAL : KV_OTHER, 0, 0, false);
    if (journal && kv->locked)
        kv->committing = true;
    return kv_real->xDelete(kv_real, name, sync);
}

/* From here on every file of SQLite's goes through it. */
static void kv_install(kv_log *log) {
    kv = log;
    kv_real = sqlite3_vfs_find(NULL);
    kv_vfs = *kv_real;
    kv_vfs.zName = "kill";
    kv_vfs.szOsFile = (int)sizeof(kv_file) + kv_real->szOsFile;
    kv_vfs.xOpen = kv_open;
    kv_vfs.xDelete = kv_delete;
    kv_vfs.pNext = NULL;
    (void)sqlite3_vfs_register(&kv_vfs, 1);
}

#endif
