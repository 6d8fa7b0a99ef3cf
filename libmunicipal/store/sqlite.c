/* The driver for SQLite: the only file that includes its header. */
#define _GNU_SOURCE /* realpath, renameat2 */
#include "store/driver.h"

#include "core/hash.h"
#include "store/sqlite.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#define APPLICATION_ID 0x4d554e49 /* 'MUNI' in the file's header */
#define CACHE_KIB 32768           /* pages a connection keeps, at most */
#define CHECKPOINT_PAGES 2000     /* the log is brought home when it is so long: 8 MB */
#define LOG_BYTES (64 << 20)      /* and cut to this after a big transaction */
#define READER_WAIT_MS 5000       /* for the moments in which SQLite locks readers out: recovery, the last close */
#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

typedef struct impl {
    muni__queue *queue;
    char *temporary; /* while a store is being made: the name it has until then … */
    char *dir;       /* … and where it will stand */
} impl;

typedef struct link {
    sqlite3 *db;
    bool queued;  /* stands at the head of the writers' queue */
    bool writing; /* taking the write lock: whoever waits for that waits in the queue */
    bool memory;
    sqlite3_stmt *begin, *begin_write, *commit, *rollback;
} link_;

static link_ *link_of(const muni__conn *c) {
    return c->link;
}

/* ---- errors */

static muni_status full(void) {
    return muni__fail(MUNI_EFULL, NULL, "no room is left on the disk of the store; make room and try again",
                      "保存先のディスクに空きがありません。空きを作ってからやり直してください");
}

/* The error record for what SQLite answered; `c` may be NULL. */
static muni_status fail(muni__conn *c, int rc) {
    link_ *l = c ? link_of(c) : NULL;
    const char *said = l && l->db ? sqlite3_errmsg(l->db) : sqlite3_errstr(rc);
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return muni__nomem();
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return muni__fail(MUNI_EBUSY, NULL, "the store stayed locked by others; try again", "保存先が他の処理でロックされたままです。やり直してください");
    case SQLITE_FULL: return full();
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return muni__fail(MUNI_EREADONLY, NULL, "the store may only be read; check the permissions of its file and directory",
                          "保存先は読み取り専用です。ファイルとディレクトリの権限を確認してください");
    case SQLITE_CORRUPT:
        return muni__fail(MUNI_ECORRUPT, NULL, "the store is damaged (%s); restore a backup", "保存先が壊れています（%s）。バックアップから復元してください", said);
    case SQLITE_NOTADB:
        return muni__fail(MUNI_ENOTSTORE, NULL, "the file is not a store of libmunicipal", "libmunicipalの保存先ではありません");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOLFS:
        if (rc == SQLITE_IOERR_NOMEM)
            return muni__nomem();
        if (rc == SQLITE_IOERR_SHMSIZE) /* the memory that connections share could not grow */
            return full();
        return muni__fail(MUNI_EIO, NULL, "the store could not be read or written (%s, code %d)", "保存先を読み書きできませんでした（%s、コード%d）", said, rc);
    case SQLITE_TOOBIG:
        return muni__fail(MUNI_ELIMIT, NULL, "a value is too long for the store", "値が長すぎて保存できません");
    case SQLITE_CONSTRAINT:
        if (c && (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY || rc == SQLITE_CONSTRAINT_ROWID)) {
            static const char prefix[] = "UNIQUE constraint failed: ";
            char field[64];
            const char *columns = strncmp(said, prefix, sizeof prefix - 1) ? said : said + sizeof prefix - 1;
            muni__schema_conflict(columns, c->conflict, sizeof c->conflict, field, sizeof field);
            return muni__fail(MUNI_EUNIQUE, field, "the value exists already (%s); use another", "同じ値がすでにあります（%s）。別の値にしてください", c->conflict);
        }
        return muni__fail(MUNI_EINTERNAL, NULL, "the store refused a row (%s)", "保存先が行を拒否しました（%s）", said);
    case SQLITE_INTERRUPT: return muni__fail(MUNI_ECANCELLED, NULL, "the statement was interrupted", "処理が中断されました");
    default: return muni__fail(MUNI_EINTERNAL, NULL, "the database said: %s (code %d)", "データベースの応答: %s（コード%d）", said, rc);
    }
}

/* What the system answered about the store's file. */
static muni_status fail_file(int e) {
    switch (e) {
    case ENOMEM: return muni__nomem();
    case ENOSPC:
#ifdef EDQUOT
    case EDQUOT:
#endif
        return muni__fail(MUNI_EFULL, "url", "no room is left on the disk of the store; make room and try again",
                          "保存先のディスクに空きがありません。空きを作ってからやり直してください");
    case EROFS:
    case EACCES:
    case EPERM:
        return muni__fail(MUNI_EREADONLY, "url", "the permission for the store's file or directory is missing; check its owner and mode",
                          "保存先のファイルまたはディレクトリの権限がありません。所有者とモードを確認してください");
    case ENOENT:
    case ENOTDIR:
        return muni__fail(MUNI_ENOTFOUND, "url", "there is no such file or directory; check the name", "そのファイルまたはディレクトリはありません。名前を確認してください");
    case ENAMETOOLONG:
        return muni__fail(MUNI_ELIMIT, "url", "the name of the file is too long; use a shorter one", "ファイル名が長すぎます。短くしてください");
    default: return muni__fail(MUNI_EIO, "url", "the store's file could not be reached (error %d)", "保存先のファイルを扱えませんでした（エラー%d）", e);
    }
}

/* ---- files */

bool muni__network_file_system(uint32_t magic) {
    static const uint32_t remote[] = {
        0x6969,     /* NFS */
        0x517b,     /* SMB */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB 2 and 3 */
        0x564c,     /* NCP */
        0x65735546, /* FUSE: sshfs, s3fs, davfs …; what lies beneath is not known */
        0x01021997, /* 9P */
        0x5346414f, /* AFS */
        0x6b414653, /* kAFS */
        0x73757245, /* Coda */
        0x00c36400, /* Ceph */
        0x0bd00bd0, /* Lustre */
        0x47504653, /* GPFS */
        0x19830326, /* BeeGFS */
        0x786f4256, /* VirtualBox shared folder */
        0xbacbacbc, /* VMware shared folder */
        0x7461636f, /* OCFS2 */
        0x01161970, /* GFS2 */
    };
    for (size_t i = 0; i < MUNI_COUNT(remote); i++)
        if (remote[i] == magic)
            return true;
    return false;
}

/* SQLite's locks and its shared memory do not work between machines. */
static muni_status check_network(const muni__store *s, const char *path) {
#ifdef __linux__
    struct statfs fs;
    if (!s->o.network && !statfs(path, &fs) && muni__network_file_system((uint32_t)fs.f_type))
        return muni__fail(MUNI_ENOTSUP, "url",
                          "the file lies on a network or shared file system, where a store is not safe; use a local disk, or allow it by the option network",
                          "ネットワークまたは共有のファイルシステム上にあり、安全に使えません。ローカルディスクに置くか、オプションnetworkで許可してください");
#else
    (void)s, (void)path;
#endif
    return MUNI_OK;
}

static char *join(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b);
    char *p = muni__alloc(n + m + 1);
    if (p) {
        memcpy(p, a, n);
        memcpy(p + n, b, m);
    }
    return p;
}

/* realpath into our own memory. */
static muni_status resolve(const char *path, char **out) {
    char full[PATH_MAX];
    *out = NULL;
    if (!realpath(path, full))
        return fail_file(errno);
    *out = muni__strdup(full);
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

static void set_path(muni__store *s, char *path) {
    muni__free(s->path);
    s->path = path;
}

static muni_status impl_new(muni__store *s) {
    if (!s->impl)
        s->impl = muni__alloc(sizeof(impl));
    return s->impl ? MUNI_OK : MUNI_ENOMEM;
}

/* The queue's side file stands beside the store. */
static muni_status impl_queue(muni__store *s) {
    impl *m = s->impl;
    struct stat sb;
    if (m->queue)
        return MUNI_OK;
    if (!s->path)
        return muni__queue_new(NULL, 0, MUNI__QUEUE_BYPASS, &m->queue);
    char *side = join(s->path, "-queue");
    if (!side)
        return MUNI_ENOMEM;
    muni_status st = muni__queue_new(side, stat(s->path, &sb) ? 0600 : (unsigned)sb.st_mode & 0666, MUNI__QUEUE_BYPASS, &m->queue);
    muni__free(side);
    return st;
}

/* ---- connections */

static int busy(void *user, int count) {
    link_ *l = user;
    if (l->writing || count > READER_WAIT_MS / 2)
        return 0;
    muni__nap(2000000);
    return 1;
}

static muni_status query_int(muni__conn *c, const char *sql, int64_t *out) {
    sqlite3_stmt *s = NULL;
    sqlite3 *db = link_of(c)->db;
    int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    *out = 0;
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW) {
            *out = sqlite3_column_int64(s, 0);
            rc = SQLITE_OK;
        } else if (rc == SQLITE_DONE) {
            rc = SQLITE_OK;
        }
    }
    muni_status st = rc == SQLITE_OK ? MUNI_OK : fail(c, rc);
    sqlite3_finalize(s);
    return st;
}

static muni_status exec(muni__conn *c, const char *sql) {
    int rc = sqlite3_exec(link_of(c)->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? MUNI_OK : fail(c, rc);
}

/* Write-ahead log; a store that was just made is turned to it. */
static muni_status use_log(muni__conn *c) {
    sqlite3_stmt *s = NULL;
    sqlite3 *db = link_of(c)->db;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &s, NULL);
    bool wal = false;
    if (rc == SQLITE_OK && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        wal = !sqlite3_stricmp((const char *)sqlite3_column_text(s, 0), "wal");
        rc = SQLITE_OK;
    }
    muni_status st = rc == SQLITE_OK ? MUNI_OK : fail(c, rc);
    sqlite3_finalize(s);
    if (st >= 0 && !wal)
        st = exec(c, "PRAGMA journal_mode=WAL");
    return st;
}

static muni_status statement(muni__conn *c, const char *sql, sqlite3_stmt **out) {
    int rc = sqlite3_prepare_v3(link_of(c)->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return rc == SQLITE_OK ? MUNI_OK : fail(c, rc);
}

static void link_free(link_ *l) {
    sqlite3_finalize(l->begin);
    sqlite3_finalize(l->begin_write);
    sqlite3_finalize(l->commit);
    sqlite3_finalize(l->rollback);
    (void)sqlite3_close_v2(l->db);
    muni__free(l);
}

static muni_status sqlite_connect(muni__store *s, muni__conn *c) {
    static const struct {
        int op, on;
    } config[] = {
        { SQLITE_DBCONFIG_DEFENSIVE, 1 },
        { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
        { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 }, /* we have none: whatever is there is somebody else's */
        { SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
        { SQLITE_DBCONFIG_DQS_DML, 0 }, /* "x" is a column, never a text */
        { SQLITE_DBCONFIG_DQS_DDL, 0 },
        { SQLITE_DBCONFIG_ENABLE_FKEY, 0 },
        { SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
        { SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 }, /* until we know whose it is */
    };
    impl *m = s->impl;
    link_ *l = muni__alloc(sizeof *l);
    muni_status st = MUNI_OK;
    int64_t id = 0;
    int rc;
    if (!l)
        return MUNI_ENOMEM;
    c->link = l;
    l->memory = !s->path;
    rc = sqlite3_open_v2(m->temporary ? m->temporary : s->path ? s->path : ":memory:", &l->db,
                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (s->path ? 0 : SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY), NULL);
    if (rc != SQLITE_OK) {
        st = fail(c, rc);
        goto out;
    }
    (void)sqlite3_extended_result_codes(l->db, 1);
    (void)sqlite3_busy_handler(l->db, busy, l);
    (void)sqlite3_limit(l->db, SQLITE_LIMIT_ATTACHED, 0);
    for (size_t i = 0; i < MUNI_COUNT(config); i++)
        (void)sqlite3_db_config(l->db, config[i].op, config[i].on, NULL);
    if (s->path && !m->temporary) {
        MUNI_TRY(query_int(c, "PRAGMA application_id", &id));
        if (id != APPLICATION_ID) {
            st = muni__fail(MUNI_ENOTSTORE, "url", "the file is not a store of libmunicipal", "libmunicipalの保存先ではありません");
            goto out;
        }
        MUNI_TRY(use_log(c));
        (void)sqlite3_db_config(l->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    MUNI_TRY(exec(c, "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-" TEXT(CACHE_KIB) ";"));
    if (s->path) {
        (void)sqlite3_wal_autocheckpoint(l->db, CHECKPOINT_PAGES);
        char sql[64];
        (void)snprintf(sql, sizeof sql, "PRAGMA journal_size_limit=%d;", LOG_BYTES);
        MUNI_TRY(exec(c, sql));
        MUNI_TRY(exec(c, s->o.synchronous == 1 ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL"));
    }
    MUNI_TRY(statement(c, "BEGIN", &l->begin));
    MUNI_TRY(statement(c, "BEGIN IMMEDIATE", &l->begin_write));
    MUNI_TRY(statement(c, "COMMIT", &l->commit));
    MUNI_TRY(statement(c, "ROLLBACK", &l->rollback));
out:
    if (st < 0) {
        link_free(l);
        c->link = NULL;
    }
    return st;
}

static void sqlite_disconnect(muni__conn *c, bool forked) {
    if (!c->link)
        return;
    if (forked)
        muni__free(c->link); /* SQLite's own memory stays: its locks and files are the parent's */
    else
        link_free(c->link);
    c->link = NULL;
}

/* ---- making and opening */

static muni_status populate(muni__store *s, const muni__store_birth *b, muni__conn **out) {
    muni__conn *c = NULL;
    muni_status st = muni__conn_new(s, &c);
    *out = NULL;
    if (st < 0)
        return st;
    MUNI_TRY(muni__conn_begin(c, true));
    MUNI_TRY(muni__schema_make(c, b));
    MUNI_TRY(exec(c, "PRAGMA application_id=" TEXT(APPLICATION_ID) "; PRAGMA user_version=" TEXT(MUNI__COMPAT) ";"));
    MUNI_TRY(muni__conn_commit(c));
    *out = c;
    return st;
out:
    muni__conn_free(c);
    return st;
}

/* Take away a file and what SQLite may have left beside it. */
static void remove_files(const char *path) {
    static const char *const beside[] = { "", "-journal", "-wal", "-shm" };
    char name[PATH_MAX + 16];
    for (size_t i = 0; i < MUNI_COUNT(beside); i++)
        if ((size_t)snprintf(name, sizeof name, "%s%s", path, beside[i]) < sizeof name)
            (void)unlink(name);
}

static muni_status exists(void) {
    return muni__fail(MUNI_EUNIQUE, "url", "the file exists already; choose another name", "そのファイルはすでにあります。別の名前にしてください");
}

/* Under a name of its own first, so that there is never a store that is half made, whenever the process dies. */
static muni_status make_file(muni__store *s, const muni__store_birth *b) {
    impl *m = s->impl;
    static const char *const beside[] = { "", "-journal", "-wal" }; /* what is left of another store would be played into this one */
    unsigned char bytes[8];
    char suffix[32] = ".new-", *name;
    struct stat sb;
    for (size_t i = 0; i < MUNI_COUNT(beside); i++) {
        if (!(name = join(s->path, beside[i])))
            return MUNI_ENOMEM;
        bool there = !lstat(name, &sb);
        muni__free(name);
        if (there)
            return exists();
    }
    muni_status st = muni__random(bytes, sizeof bytes);
    if (st < 0)
        return st;
    muni__hex(bytes, sizeof bytes, suffix + strlen(suffix));
    if (!(name = join(s->path, suffix)))
        return MUNI_ENOMEM;
    int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660); /* nothing for the rest of the world */
    if (fd < 0) {
        st = fail_file(errno);
        muni__free(name);
        return st;
    }
    (void)close(fd); /* before SQLite has it: closing would drop its locks */
    m->temporary = name;
    return populate(s, b, &s->idle);
}

/* It has its name no more, or never will. */
static void drop_temporary(impl *m, bool forked) {
    if (m->temporary && !forked)
        remove_files(m->temporary);
    muni__free(m->temporary);
    m->temporary = NULL;
}

/* Give a file a name that nobody has. */
static muni_status name_file(const char *from, const char *to) {
#ifdef RENAME_NOREPLACE
    if (!renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE))
        return MUNI_OK;
    if (errno == EEXIST)
        return exists();
#endif
    if (!link(from, to)) { /* a process that dies here leaves it two names */
        (void)unlink(from);
        return MUNI_OK;
    }
    if (errno == EEXIST)
        return exists();
    int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0660); /* no hard links here: claim the name, then take its place */
    if (fd < 0)
        return errno == EEXIST ? exists() : fail_file(errno);
    (void)close(fd);
    if (!rename(from, to))
        return MUNI_OK;
    muni_status st = fail_file(errno);
    (void)unlink(to);
    return st;
}

static muni_status sqlite_publish(muni__store *s) {
    impl *m = s->impl;
    int fd;
    muni_status st = name_file(m->temporary, s->path);
    if (st >= 0 && (fd = open(m->dir, O_RDONLY | O_CLOEXEC)) >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
    drop_temporary(m, false);
    if (st >= 0) {
        st = impl_queue(s);
        s->unmake = st < 0;
    }
    return st;
}

static muni_status sqlite_create(muni__store *s, const muni__store_birth *b) {
    muni_status st = impl_new(s);
    if (st < 0)
        return st;
    if (!s->path) {
        st = impl_queue(s);
        return st < 0 ? st : populate(s, b, &s->idle);
    }
    impl *m = s->impl;
    /* the directory is resolved now: the process may go elsewhere later */
    char *slash = strrchr(s->path, '/');
    const char *name = slash ? slash + 1 : s->path;
    char *full = NULL, *base = NULL;
    if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
        return muni__fail(MUNI_EINVAL, "url", "the name of a file is missing at the end", "末尾にファイル名がありません");
    if (!(base = join("/", name)))
        return MUNI_ENOMEM;
    if (slash)
        slash[slash == s->path] = '\0';
    MUNI_TRY(resolve(slash ? s->path : ".", &m->dir));
    full = join(strcmp(m->dir, "/") ? m->dir : "", base);
    if (!full) {
        st = MUNI_ENOMEM;
        goto out;
    }
    set_path(s, full);
    MUNI_TRY(check_network(s, m->dir));
    MUNI_TRY(make_file(s, b));
out:
    muni__free(base);
    return st;
}

static muni_status sqlite_open(muni__store *s) {
    struct stat sb;
    muni_status st = impl_new(s);
    if (st < 0)
        return st;
    if (!s->path)
        return muni__fail(MUNI_ENOTFOUND, "url", "a store in memory can only be made, not opened", "メモリ上の保存先は作成だけができ、開くことはできません");
    char *full;
    st = resolve(s->path, &full);
    if (st < 0)
        return st;
    set_path(s, full);
    if (stat(s->path, &sb))
        return fail_file(errno);
    if (!S_ISREG(sb.st_mode) || sb.st_size < 512)
        return muni__fail(MUNI_ENOTSTORE, "url", "the file is not a store of libmunicipal", "libmunicipalの保存先ではありません");
    st = check_network(s, s->path);
    return st < 0 ? st : impl_queue(s);
}

static void sqlite_close(muni__store *s, bool forked) {
    impl *m = s->impl;
    if (!m)
        return;
    muni__queue_free(m->queue, forked);
    drop_temporary(m, forked);
    if (s->unmake && s->path && !forked)
        remove_files(s->path);
    muni__free(m->dir);
    muni__free(m);
    s->impl = NULL;
}

static muni_status sqlite_same(muni__conn *a, muni__conn *b, bool *out) {
    struct stat x, y;
    *out = a->store->path && b->store->path && !stat(a->store->path, &x) && !stat(b->store->path, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
    return MUNI_OK;
}

/* ---- transactions */

static int run_ready(sqlite3_stmt *s) {
    int rc = sqlite3_step(s);
    (void)sqlite3_reset(s);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
}

/* Without memory for it a rollback fails like anything else; a transaction that stays would keep others from writing. */
static void end_open(link_ *l) {
    for (int tries = 0; tries < 3 && !sqlite3_get_autocommit(l->db); tries++)
        (void)run_ready(l->rollback);
}

/* It may have begun, and failed then. */
static muni_status not_begun(muni__conn *c, int rc) {
    muni_status st = fail(c, rc);
    end_open(link_of(c));
    return st;
}

static int attempt(void *user) {
    muni__conn *c = user;
    link_ *l = link_of(c);
    l->writing = true;
    int rc = run_ready(l->begin_write);
    l->writing = false;
    return rc == SQLITE_OK ? MUNI_OK : (rc & 0xff) == SQLITE_BUSY ? 1 : not_begun(c, rc);
}

static muni_status sqlite_begin(muni__conn *c, bool write) {
    link_ *l = link_of(c);
    impl *m = c->store->impl;
    if (!write || l->memory || m->temporary) {
        int rc = run_ready(write ? l->begin_write : l->begin);
        return rc == SQLITE_OK ? MUNI_OK : not_begun(c, rc);
    }
    bool in;
    muni_status st = muni__queue_enter(m->queue, muni__deadline(c->store->o.wait_ms), attempt, c, &in);
    if (st < 0)
        return st;
    if (!in)
        return muni__fail(MUNI_EBUSY, NULL, "others kept the store locked for %d ms; try again, or wait longer",
                          "保存先が%dミリ秒の間、他の書込みで使用中でした。やり直すか、待ち時間を延ばしてください", (int)c->store->o.wait_ms);
    l->queued = true;
    return MUNI_OK;
}

static void leave(muni__conn *c) {
    link_ *l = link_of(c);
    if (l->queued)
        muni__queue_leave(((impl *)c->store->impl)->queue);
    l->queued = false;
}

static muni_status sqlite_commit(muni__conn *c) {
    link_ *l = link_of(c);
    if (sqlite3_get_autocommit(l->db)) {
        leave(c);
        return muni__fail(MUNI_EDOOMED, NULL, "the database had rolled the transaction back", "データベースがトランザクションを取り消していました");
    }
    int rc = run_ready(l->commit);
    if (rc != SQLITE_OK)
        return fail(c, rc); /* the caller rolls back */
    leave(c);
    return MUNI_OK;
}

static void sqlite_rollback(muni__conn *c) {
    end_open(link_of(c));
    leave(c);
}

static bool sqlite_alive(muni__conn *c) {
    return !sqlite3_get_autocommit(link_of(c)->db);
}

/* ---- statements */

static muni_status sqlite_prepare(muni__conn *c, const char *sql, size_t n, void **native, bool *writes) {
    sqlite3_stmt *s = NULL;
    const char *tail = NULL;
    *native = NULL;
    if (n > 1000000)
        return muni__fail(MUNI_EINTERNAL, NULL, "a statement is too long", "SQL文が長すぎます");
    int rc = sqlite3_prepare_v3(link_of(c)->db, sql, (int)n + 1, SQLITE_PREPARE_PERSISTENT, &s, &tail);
    if (rc != SQLITE_OK)
        return fail(c, rc);
    while (tail && (*tail == ' ' || *tail == '\n' || *tail == ';'))
        tail++;
    if (!s || (tail && *tail)) {
        sqlite3_finalize(s);
        return muni__fail(MUNI_EINTERNAL, NULL, "exactly one statement is needed", "SQL文はちょうど1つ必要です");
    }
    *writes = !sqlite3_stmt_readonly(s);
    *native = s;
    return MUNI_OK;
}

static void sqlite_finalize(void *native, bool forked) {
    if (!forked)
        sqlite3_finalize(native);
}

static muni_status sqlite_bind(muni__stmt *s, int i, int type, int64_t v, const void *p, size_t n) {
    sqlite3_stmt *q = s->native;
    int rc;
    switch (type) {
    case MUNI__BIND_INT: rc = sqlite3_bind_int64(q, i, v); break;
    case MUNI__BIND_TEXT:
    case MUNI__BIND_LITERAL: rc = sqlite3_bind_text64(q, i, p, n, SQLITE_STATIC, SQLITE_UTF8); break;
    case MUNI__BIND_BLOB: rc = n ? sqlite3_bind_blob64(q, i, p, n, SQLITE_STATIC) : sqlite3_bind_zeroblob(q, i, 0); break;
    default: rc = sqlite3_bind_null(q, i); break;
    }
    return rc == SQLITE_OK ? MUNI_OK : fail(s->c, rc);
}

static muni_status sqlite_step(muni__stmt *s) {
    int rc = sqlite3_step(s->native);
    if (rc == SQLITE_ROW)
        return MUNI_ROW;
    return rc == SQLITE_DONE ? MUNI_OK : fail(s->c, rc);
}

static void sqlite_reset(void *native) {
    (void)sqlite3_reset(native);
    (void)sqlite3_clear_bindings(native); /* they point into memory that is not ours */
}

static bool sqlite_col_int(void *native, int i, int64_t *v) {
    bool there = sqlite3_column_type(native, i) != SQLITE_NULL;
    *v = there ? sqlite3_column_int64(native, i) : 0;
    return there;
}

static const char *sqlite_col_text(void *native, int i, size_t *n) {
    const char *p = (const char *)sqlite3_column_text(native, i);
    *n = p ? (size_t)sqlite3_column_bytes(native, i) : 0;
    return p;
}

static const void *sqlite_col_blob(void *native, int i, size_t *n) {
    const void *p = sqlite3_column_blob(native, i);
    *n = p ? (size_t)sqlite3_column_bytes(native, i) : 0;
    if (!p && sqlite3_column_type(native, i) != SQLITE_NULL)
        p = ""; /* there, and empty */
    return p;
}

static bool sqlite_col_null(void *native, int i) {
    return sqlite3_column_type(native, i) == SQLITE_NULL;
}

static int64_t sqlite_changes(muni__conn *c) {
    return sqlite3_changes64(link_of(c)->db);
}

/* ---- tables */

static muni_status sqlite_make(muni__conn *c, const muni__ddl *d) {
    return exec(c, d->sql);
}

/* ---- the file */

/* "Page 50: unable to get the page. error code=266": the disk would not read it, which is no damage that is known of yet. */
static int read_failed(const char *said) {
    static const char before[] = "unable to get the page. error code=";
    const char *p = strstr(said, before);
    int code = p ? atoi(p + sizeof before - 1) : 0;
    return (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_NOMEM ? code : 0;
}

/* "row 7 missing from index i_x", "wrong # of entries in index i_x", "non-unique entry in index i_x": the index, if its table can give it back. */
static const char *index_named(const char *said) {
    static const char *const before[] = { " missing from index ", "wrong # of entries in index " };
    for (size_t i = 0; i < MUNI_COUNT(before); i++) {
        const char *p = strstr(said, before[i]);
        if (p)
            return p + strlen(before[i]);
    }
    return NULL;
}

static muni_status sqlite_inspect(muni__conn *c, muni_status (*each)(void *user, const char *index, const char *said), void *user) {
    muni__stmt *s = NULL;
    muni_status st;
    MUNI_TRY(muni__sql(c, "PRAGMA integrity_check(1000)", &s));
    while ((st = muni__step(s)) == MUNI_ROW) {
        const char *said = muni__col_text(s, 0, NULL);
        if (said && read_failed(said))
            MUNI_TRY(fail(c, read_failed(said)));
        if (said && strcmp(said, "ok") != 0)
            MUNI_TRY(each(user, index_named(said), said));
    }
    if (st == MUNI_ECORRUPT) /* so damaged that it cannot even be looked through */
        st = each(user, NULL, sqlite3_errmsg(link_of(c)->db));
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status sqlite_rebuild(muni__conn *c, const char *index) {
    char *sql = sqlite3_mprintf("REINDEX \"%w\"", index);
    muni_status st = sql ? exec(c, sql) : muni__nomem();
    sqlite3_free(sql);
    return st;
}

static muni_status sqlite_size(muni__conn *c, int64_t *bytes, int64_t *free_bytes) {
    int64_t page = 0, pages = 0, unused = 0;
    muni_status st;
    MUNI_TRY(query_int(c, "PRAGMA page_size", &page));
    MUNI_TRY(query_int(c, "PRAGMA page_count", &pages));
    MUNI_TRY(query_int(c, "PRAGMA freelist_count", &unused));
out:
    *bytes = page * pages;
    *free_bytes = page * unused;
    return st;
}

/* dbstat is there in Debian's SQLite and not in every other. */
static muni_status sqlite_usage(muni__conn *c, muni_status (*each)(void *user, const char *name, const char *table, int64_t bytes), void *user) {
    muni__stmt *s = NULL;
    bool sizes = sqlite3_compileoption_used("ENABLE_DBSTAT_VTAB") != 0;
    muni_status st;
    MUNI_TRY(muni__sql(c, sizes ? "SELECT m.\"name\", m.\"tbl_name\", (SELECT coalesce(sum(d.\"pgsize\"), 0) FROM dbstat d WHERE d.\"name\" = m.\"name\" AND d.\"aggregate\" = 1) "
                                  "FROM \"sqlite_master\" m WHERE m.\"type\" IN ('table', 'index') AND m.\"rootpage\" > 0 ORDER BY m.\"name\""
                                : "SELECT \"name\", \"tbl_name\", -1 FROM \"sqlite_master\" WHERE \"type\" IN ('table', 'index') AND \"rootpage\" > 0 ORDER BY \"name\"", &s));
    while ((st = muni__step(s)) == MUNI_ROW)
        MUNI_TRY(each(user, muni__col_text(s, 0, NULL), muni__col_text(s, 1, NULL), muni__col_int(s, 2)));
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

/* Free the write lock of a moment ago, keeping the place in the line: VACUUM takes it by itself. It builds the new file in a temporary one,
 * which should not be in memory. */
static muni_status sqlite_vacuum(muni__conn *c) {
    link_ *l = link_of(c);
    muni_status st = sqlite_begin(c, true);
    if (st < 0)
        return st;
    (void)run_ready(l->rollback);
    l->writing = true;
    (void)sqlite3_limit(l->db, SQLITE_LIMIT_ATTACHED, 1); /* the temporary one */
    MUNI_TRY(exec(c, "PRAGMA temp_store=FILE"));
    int64_t deadline = muni__deadline(c->store->o.wait_ms);
    do
        st = exec(c, "VACUUM");
    while (st == MUNI_EBUSY && muni__monotonic() < deadline && (muni__nap(2000000), true));
    MUNI_TRY(st);
    if (!l->memory)
        st = exec(c, "PRAGMA wal_checkpoint(TRUNCATE)"); /* as far as readers let it */
out:
    l->writing = false;
    (void)sqlite3_limit(l->db, SQLITE_LIMIT_ATTACHED, 0);
    muni__error why;
    muni__error_save(&why);
    (void)exec(c, "PRAGMA temp_store=MEMORY");
    leave(c);
    muni__error_restore(&why);
    return st;
}

const muni__driver muni__sqlite = {
    .name = "sqlite",
    .search = &muni__sqlite_search,
    .set = "[]",
    .create = sqlite_create,
    .publish = sqlite_publish,
    .open = sqlite_open,
    .close = sqlite_close,
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .alive = sqlite_alive,
    .prepare = sqlite_prepare,
    .finalize = sqlite_finalize,
    .bind = sqlite_bind,
    .step = sqlite_step,
    .reset = sqlite_reset,
    .col_int = sqlite_col_int,
    .col_text = sqlite_col_text,
    .col_blob = sqlite_col_blob,
    .col_null = sqlite_col_null,
    .changes = sqlite_changes,
    .same = sqlite_same,
    .run = exec,
    .make = sqlite_make,
    .made_with = "SELECT \"sql\" FROM \"sqlite_master\" WHERE \"name\" = ?1",
    .has_column = "SELECT 1 FROM pragma_table_info(?1) WHERE \"name\" = ?2",
    .inspect = sqlite_inspect,
    .rebuild = sqlite_rebuild,
    .size = sqlite_size,
    .usage = sqlite_usage,
    .vacuum = sqlite_vacuum,
};
