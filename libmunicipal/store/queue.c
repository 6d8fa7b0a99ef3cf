/* The writers' queue. Between processes: a side file whose first eight bytes count tickets. Whoever comes takes the next ticket under a
 * lock on byte 0, locks the byte that belongs to it, and may go when no smaller ticket is locked. A process that dies loses its
 * locks, and so its place. Locks are those of an open file description (Linux): they also exclude other stores of the same process. */
#define _GNU_SOURCE /* F_OFD_SETLK */
#include "store/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICKETS ((int64_t)16)              /* where the bytes of the tickets begin */
#define NAP_NEXT ((int64_t)30000)           /* nanoseconds that the next in line sleeps between two looks */
#define NAP_MOST ((int64_t)5000000)         /* and at most, at one who takes long */
#define NAP_FAR ((int64_t)20000000)         /* at most, of those behind */
#define TURN ((int64_t)200000)              /* how long a turn may take, until we have seen some */
#define TICKET_MAX (((int64_t)1 << 48) - 1) /* then from the beginning: for a moment the order is not kept, that is all */

struct muni__queue {
    muni__line line;
    char *path;
    unsigned mode;
    int64_t bypass;
    int64_t turn;   /* nanoseconds that a turn took lately, as far as seen from here */
    int fd;         /* -1: none now */
    bool entered;   /* a ticket is held */
};

muni_status muni__queue_new(const char *path, unsigned mode, int64_t bypass, muni__queue **out) {
    *out = NULL;
    muni__queue *q = muni__alloc(sizeof *q);
    if (!q)
        return MUNI_ENOMEM;
    q->fd = -1;
    q->turn = TURN;
    q->mode = mode;
    q->bypass = bypass;
    if (path && !(q->path = muni__strdup(path))) {
        muni__free(q);
        return MUNI_ENOMEM;
    }
    muni_status st = muni__line_init(&q->line, 1);
    if (st < 0) {
        muni__free(q->path);
        muni__free(q);
        return st;
    }
    *out = q;
    return MUNI_OK;
}

void muni__queue_free(muni__queue *q, bool forked) {
    if (!q)
        return;
    if (q->fd >= 0)
        (void)close(q->fd); /* in a child too: the parent's locks stay with the parent */
    if (!forked)
        muni__line_end(&q->line);
    muni__free(q->path);
    muni__free(q);
}

#ifdef F_OFD_SETLK
static int lock(int fd, int command, short type, int64_t start, int64_t length, int64_t *where) {
    struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)start, .l_len = (off_t)length };
    int rc;
    do
        rc = fcntl(fd, command, &l);
    while (rc < 0 && errno == EINTR);
    if (rc < 0)
        return -1;
    if (command == F_OFD_GETLK) {
        if (where)
            *where = (int64_t)l.l_start;
        return l.l_type != F_UNLCK;
    }
    return 0;
}

/* The side file, opened or made; -1 where that cannot be. */
static int side_file(muni__queue *q) {
    struct stat sb;
    if (q->fd >= 0 && !fstat(q->fd, &sb) && sb.st_nlink > 0)
        return q->fd;
    if (q->fd >= 0)
        (void)close(q->fd); /* deleted under us: go where the others go */
    q->fd = open(q->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (q->fd < 0 && errno == ENOENT) {
        q->fd = open(q->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, (mode_t)q->mode);
        if (q->fd >= 0)
            (void)fchmod(q->fd, (mode_t)q->mode); /* whoever may write the store may queue for it */
        else if (errno == EEXIST)
            q->fd = open(q->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    }
    if (q->fd >= 0 && (fstat(q->fd, &sb) || !S_ISREG(sb.st_mode))) {
        (void)close(q->fd);
        q->fd = -1;
    }
    return q->fd;
}

/* Our ticket, or 0 where there is no queue to stand in. */
static int64_t take_ticket(muni__queue *q) {
    if (!q->path || side_file(q) < 0)
        return 0;
    int tries = 0;
    while (lock(q->fd, F_OFD_SETLK, F_WRLCK, 0, 1, NULL) < 0) {
        if ((errno != EAGAIN && errno != EACCES) || ++tries > 200) /* somebody was stopped right here */
            return 0;
        muni__nap(20000);
    }
    int64_t ticket = 0;
    if (pread(q->fd, &ticket, sizeof ticket, 0) != (ssize_t)sizeof ticket || ticket < 0 || ticket >= TICKET_MAX)
        ticket = 0;
    ticket++;
    if (pwrite(q->fd, &ticket, sizeof ticket, 0) != (ssize_t)sizeof ticket || lock(q->fd, F_OFD_SETLK, F_WRLCK, TICKETS + ticket, 1, NULL) < 0)
        ticket = 0;
    (void)lock(q->fd, F_OFD_SETLK, F_UNLCK, 0, 1, NULL);
    return ticket;
}

/* How many are before us, more or less; 0: it is our turn. */
static int64_t before_us(muni__queue *q, int64_t ticket) {
    int64_t where = 0;
    if (!ticket || ticket == 1 || lock(q->fd, F_OFD_GETLK, F_RDLCK, TICKETS, ticket, &where) <= 0)
        return 0;
    int64_t n = TICKETS + ticket - where;
    return n > 0 ? n : 1;
}

static void drop_ticket(muni__queue *q) {
    (void)lock(q->fd, F_OFD_SETLK, F_UNLCK, 0, 0, NULL);
}
#else
static int64_t take_ticket(muni__queue *q) {
    (void)q;
    return 0;
}
static int64_t before_us(muni__queue *q, int64_t ticket) {
    (void)q, (void)ticket;
    return 0;
}
static void drop_ticket(muni__queue *q) {
    (void)q;
}
#endif

muni_status muni__queue_enter(muni__queue *q, int64_t deadline, int (*attempt)(void *user), void *user, bool *in) {
    *in = false;
    if (!muni__line_enter(&q->line, deadline))
        return MUNI_OK;
    int64_t ticket = take_ticket(q), nap = 0, last = -1, now = muni__monotonic(), bypass = now + q->bypass, seen_at = now;
    q->entered = ticket != 0;
    for (;;) {
        int64_t before = before_us(q, ticket);
        if (!before || now >= bypass) {
            bypass = now + q->bypass;
            int rc = attempt(user);
            if (rc <= 0) {
                if (rc == MUNI_OK) {
                    *in = true;
                    return MUNI_OK;
                }
                muni__queue_leave(q);
                return (muni_status)rc;
            }
        }
        now = muni__monotonic();
        if (now >= deadline)
            break;
        /* The next in line looks often; those behind it sleep half of what the others before them may take, so that many who wait do not
         * take the processor from the one who works. Nobody looks often at one who takes long. */
        if (last > before && last > 1) {
            int64_t turn = (now - seen_at) / (last - before);
            q->turn += ((turn < NAP_FAR ? turn : NAP_FAR) - q->turn) / 4;
        }
        if (before > 1) {
            nap = (before - 1) * q->turn / 2;
            nap = nap < NAP_NEXT ? NAP_NEXT : nap > NAP_FAR ? NAP_FAR : nap;
        } else {
            nap = before == last ? nap + nap / 4 : NAP_NEXT;
            nap = nap > NAP_MOST ? NAP_MOST : nap;
        }
        if (before != last)
            seen_at = now;
        last = before;
        muni__nap(nap < deadline - now ? nap : deadline - now);
    }
    muni__queue_leave(q);
    return MUNI_OK;
}

void muni__queue_leave(muni__queue *q) {
    if (q->entered)
        drop_ticket(q);
    q->entered = false;
    muni__line_leave(&q->line);
}
