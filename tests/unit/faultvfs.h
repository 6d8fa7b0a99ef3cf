/* A file system for SQLite whose nth write, sync, read, truncation or opening fails. */
#ifndef FAULTVFS_H
#define FAULTVFS_H

#include <sqlite3.h>
#include <string.h>

static long io_count, io_target;
static int io_code;

static int io_hit(void) {
    return ++io_count == io_target;
}

typedef struct io_file {
    sqlite3_file base;
    sqlite3_file *real;
} io_file;

#define IO_REAL(f) (((io_file *)(f))->real)

static int io_close(sqlite3_file *f) {
    int rc = IO_REAL(f)->pMethods ? IO_REAL(f)->pMethods->xClose(IO_REAL(f)) : SQLITE_OK;
    f->pMethods = NULL;
    return rc;
}
static int io_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    return io_hit() ? SQLITE_IOERR_READ : IO_REAL(f)->pMethods->xRead(IO_REAL(f), p, n, at);
}
static int io_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    if (!io_hit())
        return IO_REAL(f)->pMethods->xWrite(IO_REAL(f), p, n, at);
    if (n > 1) /* half of it arrives */
        (void)IO_REAL(f)->pMethods->xWrite(IO_REAL(f), p, n / 2, at);
    return io_code;
}
static int io_truncate(sqlite3_file *f, sqlite3_int64 n) {
    return io_hit() ? SQLITE_IOERR_TRUNCATE : IO_REAL(f)->pMethods->xTruncate(IO_REAL(f), n);
}
static int io_sync(sqlite3_file *f, int flags) {
    return io_hit() ? SQLITE_IOERR_FSYNC : IO_REAL(f)->pMethods->xSync(IO_REAL(f), flags);
}
static int io_size(sqlite3_file *f, sqlite3_int64 *n) {
    return IO_REAL(f)->pMethods->xFileSize(IO_REAL(f), n);
}
static int io_lock(sqlite3_file *f, int l) {
    return IO_REAL(f)->pMethods->xLock(IO_REAL(f), l);
}
static int io_unlock(sqlite3_file *f, int l) {
    return IO_REAL(f)->pMethods->xUnlock(IO_REAL(f), l);
}
static int io_reserved(sqlite3_file *f, int *out) {
    return IO_REAL(f)->pMethods->xCheckReservedLock(IO_REAL(f), out);
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
    return io_hit() ? SQLITE_IOERR_SHMMAP : IO_REAL(f)->pMethods->xShmMap(IO_REAL(f), page, size, extend, out);
}
static int io_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
    return IO_REAL(f)->pMethods->xShmLock(IO_REAL(f), offset, n, flags);
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
    if (io_hit())
        return SQLITE_CANTOPEN;
    file_->real = (sqlite3_file *)(void *)(file_ + 1);
    int rc = io_real->xOpen(io_real, name, file_->real, flags, out);
    if (rc == SQLITE_OK)
        f->pMethods = &io_methods;
    return rc;
}

static void io_install(void) {
    io_real = sqlite3_vfs_find(NULL);
    io_vfs = *io_real;
    io_vfs.zName = "fault";
    io_vfs.szOsFile = (int)sizeof(io_file) + io_real->szOsFile;
    io_vfs.xOpen = io_open;
    io_vfs.pNext = NULL;
    io_target = 0;
    (void)sqlite3_vfs_register(&io_vfs, 1);
}

static void io_remove(void) {
    io_target = 0;
    (void)sqlite3_vfs_unregister(&io_vfs);
    (void)sqlite3_vfs_register(io_real, 1);
}

/* The nth input or output from now fails, once; 0: none. */
static void io_fail(long n) {
    io_count = 0;
    io_target = n;
}

#endif
