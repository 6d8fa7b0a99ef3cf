/* Waiting in line, and the clock for it. */
#include "store/driver.h"

#include <errno.h>
#include <time.h>

struct muni__waiter {
    pthread_cond_t cond;
    bool called;
    muni__waiter *prev, *next;
};

int64_t muni__monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t muni__deadline(int32_t wait_ms) {
    return muni__monotonic() + (int64_t)wait_ms * 1000000;
}

void muni__nap(int64_t nanoseconds) {
    struct timespec t = { (time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000) };
    (void)nanosleep(&t, NULL); /* waking early is no harm */
}

muni_status muni__line_init(muni__line *line, int32_t room) {
    memset(line, 0, sizeof *line);
    line->room = room;
    return pthread_mutex_init(&line->mutex, NULL) ? muni__nomem() : MUNI_OK;
}

void muni__line_end(muni__line *line) {
    (void)pthread_mutex_destroy(&line->mutex);
}

static void take_out(muni__line *line, muni__waiter *w) {
    *(w->prev ? &w->prev->next : &line->first) = w->next;
    *(w->next ? &w->next->prev : &line->last) = w->prev;
}

bool muni__line_enter(muni__line *line, int64_t deadline) {
    pthread_mutex_lock(&line->mutex);
    if (line->room > 0 && !line->first) {
        line->room--;
        pthread_mutex_unlock(&line->mutex);
        return true;
    }
    muni__waiter w = { .called = false, .prev = line->last, .next = NULL };
    pthread_condattr_t attr;
    bool cond = false;
    if (!pthread_condattr_init(&attr)) {
        cond = !pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) && !pthread_cond_init(&w.cond, &attr);
        (void)pthread_condattr_destroy(&attr);
    }
    if (!cond) { /* the system has none left: as if the time were over */
        pthread_mutex_unlock(&line->mutex);
        return false;
    }
    *(line->last ? &line->last->next : &line->first) = &w;
    line->last = &w;
    struct timespec until = { (time_t)(deadline / 1000000000), (long)(deadline % 1000000000) };
    while (!w.called && pthread_cond_timedwait(&w.cond, &line->mutex, &until) != ETIMEDOUT) {
    }
    bool in = w.called; /* whoever calls takes us out and gives us their room */
    if (!in)
        take_out(line, &w);
    pthread_mutex_unlock(&line->mutex);
    (void)pthread_cond_destroy(&w.cond);
    return in;
}

void muni__line_leave(muni__line *line) {
    pthread_mutex_lock(&line->mutex);
    muni__waiter *w = line->first;
    if (w) {
        take_out(line, w);
        w->called = true;
        (void)pthread_cond_signal(&w->cond);
    } else {
        line->room++;
    }
    pthread_mutex_unlock(&line->mutex);
}
