/* A file system for SQLite whose nth call of some sorts fails, or whose disk is full from the nth write on. It becomes the default one; the system's
 * own is there under its name, so that what really lies on the disk can be looked at beside it. For programs of one thread. */
#ifndef FAULTVFS_H
#define FAULTVFS_H

#include <sqlite3.h>
#include <string.h>

/* Sorts of calls, as bits. */
enum {
    IO_READ = 1,
    IO_WRITE = 2, /* half of it arrives */
    IO_SYNC = 4,
    IO_TRUNCATE = 8,
    IO_OPEN = 16,
    IO_SHM_MAP = 32,
    IO_SIZE = 64,
    IO_LOCK = 128,
    IO_SHM_LOCK = 256,
    IO_UNLOCK = 512,      /* of a file or of its shared memory: done, and an error said */
    IO_DELETE = 1024,
    IO_ACCESS = 2048,
    IO_RESERVED = 4096,
    IO_CLOSE = 8192,      /* done, and an error said */
    IO_PATH = 16384,
    IO_SORTS = 15,
    IO_DATA = IO_READ | IO_WRITE | IO_SYNC | IO_TRUNCATE | IO_OPEN | IO_SHM_MAP,
    IO_ALL = (1 << IO_SORTS) - 1
};

static long io_count, io_target; /* calls of the sorts since io_fail_sorts; the one that fails, 0: none */
static long io_calls[IO_SORTS];  /* of each sort, failing or not, until somebody clears them */
static int io_sorts = IO_DATA;
static int io_code;              /* what a failing write answers */
static int io_busy;              /* a failing lock is somebody else's rather than broken */
static long io_full_count, io_full_at; /* writes since io_fill; from which on there is no room, 0: never */
static int io_full_met;          /* a write found no room */
/* Told of every call before it happens: its sort, the file, where and how much. */
static void (*io_log)(int sort, const char *name, sqlite3_int64 at, int n);

typedef struct io_file {
    sqlite3_file base;
    sqlite3_file *real;
    const char *name;
} io_file;

#define IO_REAL(f) (((io_file *)(f))->real)

/* Is this the one? */
static int io_hit(int sort, const char *name, sqlite3_int64 at, int n) {
    if (io_log)
        io_log(sort, name ? name : "", at, n);
    for (int i = 0; i < IO_SORTS; i++)
        io_calls[i] += sort == 1 << i;
    return (io_sorts & sort) && ++io_count == io_target;
}

#define IO_HIT(f, sort, at, n) io_hit(sort, ((io_file *)(f))->name, at, n)

static int io_full(void) {
    if (!io_full_at || ++io_full_count < io_full_at)
        return 0;
    io_full_met = 1;
    return 1;
}

static int io_close(sqlite3_file *f) {
    int hit = IO_HIT(f, IO_CLOSE, 0, 0);
    int rc = IO_REAL(f)->pMethods ? IO_REAL(f)->pMethods->xClose(IO_REAL(f)) : SQLITE_OK;
    f->pMethods = NULL;
    return hit ? SQLITE_IOERR_CLOSE : rc;
}
static int io_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    return IO_HIT(f, IO_READ, at, n) ? SQLITE_IOERR_READ : IO_REAL(f)->pMethods->xRead(IO_REAL(f), p, n, at);
}
static int io_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    int hit = IO_HIT(f, IO_WRITE, at, n), full = io_full();
    if (!hit && !full)
        return IO_REAL(f)->pMethods->xWrite(IO_REAL(f), p, n, at);
    if (n > 1)
        (void)IO_REAL(f)->pMethods->xWrite(IO_REAL(f), p, n / 2, at);
    return full ? SQLITE_FULL : io_code;
}
static int io_truncate(sqlite3_file *f, sqlite3_int64 n) {
    return IO_HIT(f, IO_TRUNCATE, n, 0) ? SQLITE_IOERR_TRUNCATE : IO_REAL(f)->pMethods->xTruncate(IO_REAL(f), n);
}
/* Nothing here dies with the machine: a sync that is to succeed need not wait for the disk. */
static int io_sync(sqlite3_file *f, int flags) {
    return IO_HIT(f, IO_SYNC, 0, flags) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}
static int io_size(sqlite3_file *f, sqlite3_int64 *n) {
    return IO_HIT(f, IO_SIZE, 0, 0) ? SQLITE_IOERR_FSTAT : IO_REAL(f)->pMethods->xFileSize(IO_REAL(f), n);
}
static int io_lock(sqlite3_file *f, int l) {
    return IO_HIT(f, IO_LOCK, l, 0) ? io_busy ? SQLITE_BUSY : SQLITE_IOERR_LOCK : IO_REAL(f)->pMethods->xLock(IO_REAL(f), l);
}
static int io_unlock(sqlite3_file *f, int l) {
    int hit = IO_HIT(f, IO_UNLOCK, l, 0), rc = IO_REAL(f)->pMethods->xUnlock(IO_REAL(f), l);
    return hit ? SQLITE_IOERR_UNLOCK : rc;
}
static int io_reserved(sqlite3_file *f, int *out) {
    return IO_HIT(f, IO_RESERVED, 0, 0) ? SQLITE_IOERR_CHECKRESERVEDLOCK : IO_REAL(f)->pMethods->xCheckReservedLock(IO_REAL(f), out);
}
static int io_control(sqlite3_file *f, int op, void *arg) {
    return IO_REAL(f)->pMethods->xFileControl(IO_REAL(f), op, arg);
}
static int io_sector(sqlite3_file *f) {
    return IO_REAL(f)->pMethods->xSectorSize(IO_REAL(f));
}
static int io_device(sqlite3_file *f) {
    return IO_REAL(f)->pMethods->xDeviceCharacteristics(IO_REAL(f));
}
static int io_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out) {
    if (IO_HIT(f, IO_SHM_MAP, (sqlite3_int64)page * size, size))
        return SQLITE_IOERR_SHMMAP;
    if (extend && io_full())
        return SQLITE_IOERR_SHMSIZE;
    return IO_REAL(f)->pMethods->xShmMap(IO_REAL(f), page, size, extend, out);
}
static int io_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    if (flags & SQLITE_SHM_UNLOCK) {
        int hit = IO_HIT(f, IO_UNLOCK, offset, n), rc = IO_REAL(f)->pMethods->xShmLock(IO_REAL(f), offset, n, flags);
        return hit ? SQLITE_IOERR_SHMLOCK : rc;
    }
    return IO_HIT(f, IO_SHM_LOCK, offset, n) ? io_busy ? SQLITE_BUSY : SQLITE_IOERR_SHMLOCK : IO_REAL(f)->pMethods->xShmLock(IO_REAL(f), offset, n, flags);
}
static void io_shm_barrier(sqlite3_file *f) {
    IO_REAL(f)->pMethods->xShmBarrier(IO_REAL(f));
}
static int io_shm_unmap(sqlite3_file *f, int flag) {
    return IO_REAL(f)->pMethods->xShmUnmap(IO_REAL(f), flag);
}

static const sqlite3_io_methods io_methods = {
    2,          io_close,    io_read,   io_write,   io_truncate, io_sync,     io_size,        io_lock,     io_unlock,
    io_reserved, io_control, io_sector, io_device,  io_shm_map,  io_shm_lock, io_shm_barrier, io_shm_unmap, NULL, NULL,
};

static sqlite3_vfs io_vfs, *io_real;

static int io_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *f, int flags, int *out) {
    (void)v;
    io_file *file_ = (io_file *)f;
    f->pMethods = NULL;
    if (io_hit(IO_OPEN, name, 0, flags))
        return SQLITE_CANTOPEN;
    file_->real = (sqlite3_file *)(void *)(file_ + 1);
    file_->name = name;
    int rc = io_real->xOpen(io_real, name, file_->real, flags, out);
    if (rc == SQLITE_OK)
        f->pMethods = &io_methods;
    return rc;
}
static int io_delete(sqlite3_vfs *v, const char *name, int sync) {
    (void)v;
    return io_hit(IO_DELETE, name, 0, sync) ? SQLITE_IOERR_DELETE : io_real->xDelete(io_real, name, 0);
}
static int io_access(sqlite3_vfs *v, const char *name, int flags, int *out) {
    (void)v;
    return io_hit(IO_ACCESS, name, 0, flags) ? SQLITE_IOERR_ACCESS : io_real->xAccess(io_real, name, flags, out);
}
static int io_path(sqlite3_vfs *v, const char *name, int size, char *out) {
    (void)v;
    return io_hit(IO_PATH, name, 0, 0) ? SQLITE_CANTOPEN_FULLPATH : io_real->xFullPathname(io_real, name, size, out);
}

static void io_install(void) {
    io_real = sqlite3_vfs_find(NULL);
    io_vfs = *io_real;
    io_vfs.zName = "fault";
    io_vfs.szOsFile = (int)sizeof(io_file) + io_real->szOsFile;
    io_vfs.xOpen = io_open;
    io_vfs.xDelete = io_delete;
    io_vfs.xAccess = io_access;
    io_vfs.xFullPathname = io_path;
    io_vfs.pNext = NULL;
    io_target = 0;
    (void)sqlite3_vfs_register(&io_vfs, 1);
}

static inline void io_remove(void) {
    io_target = 0;
    (void)sqlite3_vfs_unregister(&io_vfs);
    (void)sqlite3_vfs_register(io_real, 1);
}

/* The nth call of these sorts from now fails, once; 0: none. A write answers io_code. */
static inline void io_fail_sorts(int sorts, long n) {
    io_sorts = sorts;
    io_count = 0;
    io_target = n;
}

/* The nth input or output from now. */
static inline void io_fail(long n) {
    io_fail_sorts(IO_DATA, n);
}

/* The disk is full from the nth write on, until this is called again; 0: there is room. */
static inline void io_fill(long n) {
    io_full_count = 0;
    io_full_met = 0;
    io_full_at = n;
}

#endif
