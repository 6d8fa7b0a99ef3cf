/* Runs a target on files: those that are named, those of a directory, or those of the target's own corpus. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "fuzz.h"

#include <dirent.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

static char now[4096]; /* the file that is being run */
static int passed;

static void died(void) {
    char text[4200];
    int n = snprintf(text, sizeof text, "died on %s\n%d passed, 1 failed\n", now, passed);
    ssize_t w = write(STDOUT_FILENO, text, (size_t)n);
    (void)w;
}

static void aborted(int sig) {
    died();
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

/* Of the sanitizers, where the program is built with them. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void run_file(const char *path) {
    FILE *f = fopen(path, "rb");
    uint8_t *p = NULL;
    size_t n = 0, cap = 0;
    (void)snprintf(now, sizeof now, "%s", path);
    if (!f) {
        perror(path);
        exit(2);
    }
    for (;;) {
        if (n == cap) {
            cap = cap ? 2 * cap : 4096;
            p = realloc(p, cap);
            if (!p)
                exit(2);
        }
        size_t got = fread(p + n, 1, cap - n, f);
        if (!got)
            break;
        n += got;
    }
    fclose(f);
    uint8_t *exact = malloc(n ? n : 1); /* so that a read behind the end is seen */
    if (!exact)
        exit(2);
    if (n)
        memcpy(exact, p, n);
    free(p);
    (void)LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    passed++;
}

static int visible(const struct dirent *e) {
    return e->d_name[0] != '.';
}

static void run_path(const char *path) {
    struct dirent **list = NULL;
    int n = scandir(path, &list, visible, alphasort);
    if (n < 0) {
        run_file(path);
        return;
    }
    for (int i = 0; i < n; i++) {
        char file[4096];
        (void)snprintf(file, sizeof file, "%s/%s", path, list[i]->d_name);
        free(list[i]);
        run_path(file);
    }
    free(list);
}

int main(int argc, char **argv) {
    static const int signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
    if (__sanitizer_set_death_callback)
        __sanitizer_set_death_callback(died);
    else
        for (size_t i = 0; i < MUNI_COUNT(signals); i++)
            (void)signal(signals[i], aborted);
    if (argc > 1) {
        for (int i = 1; i < argc; i++)
            run_path(argv[i]);
    } else {
        const char *dir = getenv("srcdir"), *name = strrchr(argv[0], '/');
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/tests/fuzz/corpus/%s", dir ? dir : ".", name ? name + 1 : argv[0]);
        run_path(path);
    }
    printf("%d passed, 0 failed\n", passed);
    return passed ? 0 : 1;
}
