/* See wrap.h. */
#include "wrap.h"

#include "fault.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- SQLite's allocations: the same counting as ours. What SQLite can do without it may do without: then the call goes on. */

static sqlite3_mem_methods plain;

static void *memory_new(int n) {
    return fault_hit() ? NULL : plain.xMalloc(n);
}

static void *memory_more(void *p, int n) {
    return fault_hit() ? NULL : plain.xRealloc(p, n);
}

/* ---- jansson: while it parses, blocks of 32, 64, 128 … bytes are spared. Of such sizes are the buffers in which a token grows, and jansson 2.14
 * reads past them when one does not come (lex_scan_string). */

static int parsing;

json_t *__real_json_loadb(const char *p, size_t n, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *p, size_t n, size_t flags, json_error_t *error);

json_t *__wrap_json_loadb(const char *p, size_t n, size_t flags, json_error_t *error) {
    parsing++;
    json_t *j = __real_json_loadb(p, n, flags, error);
    parsing--;
    return j;
}

static void *json_new(size_t size) {
    if (parsing && size >= 32 && !(size & (size - 1)))
        return fault_spared(size);
    return malloc(size);
}

static void json_end(void *p) {
    free(p);
}

void wrap_install(void) {
    sqlite3_mem_methods ours;
    json_set_alloc_funcs(json_new, json_end);
    (void)sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain);
    ours = plain;
    ours.xMalloc = memory_new;
    ours.xRealloc = memory_more;
    (void)sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
}

/* ---- system calls */

static long calls, written, wanted;
static int answer, forever, broken;
int wrap_writes;

void wrap_fail(long n, int number, int full) {
    calls = written = 0;
    wanted = n;
    answer = number;
    forever = full;
    broken = 0;
}

long wrap_count(int writes) {
    return writes ? written : calls;
}

static int fails(int writes) {
    calls++;
    written += writes;
    if (wrap_writes && !writes)
        return 0;
    long n = wrap_count(wrap_writes);
    if (!wanted || (forever ? n < wanted : n != wanted))
        return 0;
    errno = answer;
    return 1;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
ssize_t __real_write(int fd, const void *p, size_t n);
ssize_t __wrap_write(int fd, const void *p, size_t n);
ssize_t __real_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at);
ssize_t __real_pread(int fd, void *p, size_t n, off_t at);
ssize_t __wrap_pread(int fd, void *p, size_t n, off_t at);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __real_close(int fd);
int __wrap_close(int fd);
int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __real_stat(const char *path, struct stat *out);
int __wrap_stat(const char *path, struct stat *out);
int __real_lstat(const char *path, struct stat *out);
int __wrap_lstat(const char *path, struct stat *out);
int __real_fstat(int fd, struct stat *out);
int __wrap_fstat(int fd, struct stat *out);
int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
size_t __real_fread(void *p, size_t size, size_t n, FILE *f);
size_t __wrap_fread(void *p, size_t size, size_t n, FILE *f);
int __real_ferror(FILE *f);
int __wrap_ferror(FILE *f);
int __real_fseek(FILE *f, long at, int from);
int __wrap_fseek(FILE *f, long at, int from);
char *__real_realpath(const char *path, char *out);
char *__wrap_realpath(const char *path, char *out);

int __wrap_open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return fails((flags & O_CREAT) != 0) ? -1 : __real_open(path, flags, mode);
}

ssize_t __wrap_write(int fd, const void *p, size_t n) {
    if (!fails(1))
        return __real_write(fd, p, n);
    if (n > 1 && __real_write(fd, p, n / 2) < 0)
        return -1;
    errno = answer;
    return -1;
}

ssize_t __wrap_pwrite(int fd, const void *p, size_t n, off_t at) {
    return fails(1) ? -1 : __real_pwrite(fd, p, n, at);
}

ssize_t __wrap_pread(int fd, void *p, size_t n, off_t at) {
    return fails(0) ? -1 : __real_pread(fd, p, n, at);
}

int __wrap_fsync(int fd) {
    (void)fd;
    return fails(1) ? -1 : 0; /* nothing here dies with the machine */
}

int __wrap_rename(const char *from, const char *to) {
    return fails(1) ? -1 : __real_rename(from, to);
}

int __wrap_link(const char *from, const char *to) {
    return fails(1) ? -1 : __real_link(from, to);
}

int __wrap_close(int fd) {
    int failed = fails(0), number = errno, rc = __real_close(fd);
    if (!failed)
        return rc;
    errno = number;
    return -1;
}

/* Only locks are taken, asked for and given back through it. */
int __wrap_fcntl(int fd, int command, ...) {
    va_list more;
    va_start(more, command);
    void *lock = va_arg(more, void *);
    va_end(more);
    return fails(0) ? -1 : __real_fcntl(fd, command, lock);
}

int __wrap_stat(const char *path, struct stat *out) {
    return fails(0) ? -1 : __real_stat(path, out);
}

int __wrap_lstat(const char *path, struct stat *out) {
    return fails(0) ? -1 : __real_lstat(path, out);
}

int __wrap_fstat(int fd, struct stat *out) {
    return fails(0) ? -1 : __real_fstat(fd, out);
}

int __wrap_fchmod(int fd, mode_t mode) {
    return fails(0) ? -1 : __real_fchmod(fd, mode);
}

FILE *__wrap_fopen(const char *path, const char *mode) {
    if (fault_hit()) {
        errno = ENOMEM;
        return NULL;
    }
    return fails(0) ? NULL : __real_fopen(path, mode);
}

size_t __wrap_fread(void *p, size_t size, size_t n, FILE *f) {
    broken = fails(0);
    return broken ? 0 : __real_fread(p, size, n, f);
}

int __wrap_ferror(FILE *f) {
    return broken || __real_ferror(f);
}

int __wrap_fseek(FILE *f, long at, int from) {
    return fails(0) ? -1 : __real_fseek(f, at, from);
}

/* With no place for the name it allocates one, which we free. */
char *__wrap_realpath(const char *path, char *out) {
    if (!out && fault_hit()) {
        errno = ENOMEM;
        return NULL;
    }
    if (fails(0))
        return NULL;
    char full[4096], *copy;
    if (out)
        return __real_realpath(path, out);
    if (!__real_realpath(path, full) || !(copy = fault_spared(sizeof full)))
        return NULL;
    for (size_t i = 0; (copy[i] = full[i]); i++)
        ;
    return copy;
}
