/* Allocations that fail when a test wants it: the test program wraps malloc, calloc, realloc and free of the library's own code, and gives
 * jansson the same functions. */
#ifndef FAULT_H
#define FAULT_H

#include <check.h>
#include <municipal/error.h>
#include <unistd.h>

/* Route jansson's allocations through here; once, before anything else. */
void fault_install(void);
/* Leave jansson's allocations alone from now on. For calls that parse long JSON texts: jansson 2.14 reads past its buffer when memory runs out
 * while a string of more than 16 bytes grows (lex_scan_string), and crashes. */
void fault_spare_jansson(void);
/* The nth allocation from now (1 is the next) fails, once; 0: none fails. Starts the counting anew. */
void fault_set(long n);
/* Allocations since fault_set. */
long fault_count(void);
/* One more allocation, by whatever other way: is it the one that fails? */
int fault_hit(void);
/* An allocation that neither counts nor fails. */
void *fault_spared(size_t size);
/* Blocks that were allocated and not freed. */
long fault_live(void);

/* Run `call`, which answers a muni_status, again and again, each time failing one allocation further on, until it goes through
 * untouched. Each failure must answer MUNI_ENOMEM and leave an error record that says so; `after_failure` is a statement run
 * after each (`ck_assert_ptr_null(out)`, or putting things back; `(void)0` for nothing). At the end the call has succeeded
 * once, and its status is in `st`. */
#define FAULT_LOOP(st, call, after_failure)                                                                                      \
    do {                                                                                                                         \
        for (long fault_n_ = 1;; fault_n_++) {                                                                                   \
            ck_assert_msg(fault_n_ < 1000000, "the call never comes through");                                                   \
            fault_set(fault_n_);                                                                                                 \
            (st) = (call);                                                                                                       \
            long fault_reached_ = fault_count();                                                                                 \
            fault_set(0);                                                                                                        \
            if (fault_reached_ < fault_n_)                                                                                       \
                break;                                                                                                           \
            ck_assert_msg((st) == MUNI_ENOMEM, "allocation %ld failed, and the call answered %s", fault_n_,                      \
                          muni_error_name(st));                                                                                  \
            ck_assert_int_eq(muni_error_code(), MUNI_ENOMEM);                                                                    \
            after_failure;                                                                                                       \
        }                                                                                                                        \
        ck_assert_int_ge((st), 0);                                                                                               \
    } while (0)

/* The end of a forked child that let go of what its parent opened. SQLite's own memory is left behind there on purpose, which a leak checker would
 * call an error: a child that did well becomes another program, which nothing checks. */
#define CHILD_ENDS(well)                                                                                                         \
    do {                                                                                                                         \
        if (well)                                                                                                                \
            (void)execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);                                                          \
        _exit(1);                                                                                                                \
    } while (0)

#endif
