/* Long work: a bar on stderr where it is a terminal. Ctrl-C asks the library to stop; it rolls back. */
#include "municipal.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static bool on_terminal, drawn;
static struct timespec last;
static struct sigaction before;

static void interrupted(int number) {
    (void)number;
    stop = 1;
}

void progress_begin(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = interrupted;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    stop = 0;
    drawn = false;
    on_terminal = isatty(STDERR_FILENO) == 1;
    memset(&last, 0, sizeof last);
    (void)sigaction(SIGINT, &action, &before);
}

int32_t progress(int64_t done, int64_t total, const char *stage, void *user) {
    struct timespec now;
    (void)user;
    if (stop)
        return 1;
    if (!on_terminal || clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0;
    int64_t since = (int64_t)(now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000;
    if (drawn && since < 100) /* ten times a second */
        return 0;
    last = now;
    drawn = true;
    if (total > 0) {
        enum { WIDTH = 40 };
        char bar[WIDTH + 1];
        int64_t part = done < 0 ? 0 : done > total ? total : done;
        int full = (int)(part / (total / 100 ? total / 100 : 1) * WIDTH / (total / 100 ? 100 : total));
        full = full > WIDTH ? WIDTH : full;
        memset(bar, '.', WIDTH);
        memset(bar, '#', (size_t)full);
        bar[WIDTH] = '\0';
        (void)fprintf(stderr, "\r\033[K[%s] %lld / %lld  %s", bar, (long long)done, (long long)total, stage);
    } else
        (void)fprintf(stderr, "\r\033[K%lld  %s", (long long)done, stage);
    (void)fflush(stderr);
    return 0;
}

void progress_end(void) {
    if (drawn)
        (void)fputs("\r\033[K", stderr);
    drawn = false;
    (void)sigaction(SIGINT, &before, NULL);
}
