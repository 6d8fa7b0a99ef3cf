/* Runs every suite of suites.def, or those named as arguments. Prints at the end "<n> passed, <n> failed". */
#include "fault.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUITE(noun) Suite *suite_##noun(void);
#include "suites.def"
#undef SUITE

static const struct {
    const char *name;
    Suite *(*make)(void);
} suites[] = {
#define SUITE(noun) { #noun, suite_##noun },
#include "suites.def"
#undef SUITE
};
#define SUITE_COUNT (sizeof suites / sizeof suites[0])

int main(int argc, char **argv) {
    SRunner *runner = NULL;
    /* the time-outs are there for what hangs, not for a machine that is slow, or a sanitizer */
    (void)setenv("CK_DEFAULT_TIMEOUT", "60", 0);
    (void)setenv("CK_TIMEOUT_MULTIPLIER", "3", 0);
    fault_install();
    for (int a = 1; a < argc; a++) {
        size_t i = 0;
        while (i < SUITE_COUNT && strcmp(argv[a], suites[i].name) != 0)
            i++;
        if (i == SUITE_COUNT) {
            fprintf(stderr, "run: no suite \"%s\"; there are:", argv[a]);
            for (i = 0; i < SUITE_COUNT; i++)
                fprintf(stderr, " %s", suites[i].name);
            fputc('\n', stderr);
            return 2;
        }
    }
    for (size_t i = 0; i < SUITE_COUNT; i++) {
        int wanted = argc < 2;
        for (int a = 1; a < argc; a++)
            wanted |= !strcmp(argv[a], suites[i].name);
        if (!wanted)
            continue;
        if (!runner)
            runner = srunner_create(suites[i].make());
        else
            srunner_add_suite(runner, suites[i].make());
    }
    srunner_run_all(runner, CK_ENV);
    int run = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("%d passed, %d failed\n", run - failed, failed);
    return failed || !run ? 1 : 0;
}
