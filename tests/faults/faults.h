/* The calls whose faults are tried, one row for each public function and situation, and what they work on. */
#ifndef FAULTS_H
#define FAULTS_H

#include <municipal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row whose faults are tried. `prepare`, `call` and `finish` get 0 for the record that warms the handle and 1 for the one that counts. */
enum {
    NO_STORE = 1,   /* needs none */
    UNOPENED = 2,   /* the store lies there and nobody has it open */
    NEW_FILE = 4,   /* makes a store of its own */
    AGAIN = 8,      /* after a failure what is prepared is prepared again: a group that ended, a record that remembers its failure */
    ONCE = 16,      /* cannot be done twice: no warm handle */
    CLOSES = 32,    /* answers nothing; the store is closed afterwards */
    OTHERS = 64,    /* needs the sessions of an operator and an approver */
    LONG_LOG = 128, /* has log_grow() called */
    ALIKE = 1024,   /* so many faults, most of them alike, that 2,000 of each sort are tried at most */
    UPKEEP = 512,    /* many transactions that leave every record as it is: how far they are does not matter */
    STEPS = 256      /* many transactions and a report at the end: after a failure some are done, and running it again goes on */
};
typedef struct fault_row {
    const char *function, *what;
    unsigned flags;
    void (*prepare)(int i);
    muni_status (*call)(int i);
    muni_status (*finish)(void); /* after the call succeeded, before the store is looked at */
} fault_row;
extern const fault_row fault_rows[];
extern const int fault_nrows;

/* A function that allocates and reads nothing, which is proven by running it. */
typedef struct fault_nothing {
    const char *function;
    void (*run)(void);
} fault_nothing;
extern const fault_nothing fault_nothings[];
extern const int fault_nnothings;

/* ---- what the rows work on: the directory and the store in it, open */
extern char dir[96], path[128];
void in_dir(char out[160], const char *name);
/* Make the log of the open store so long that the next commit brings it home; the rows stay what they are. */
void log_grow(void);
extern muni_db *db;
extern muni_session *admin, *op, *ap;
/* 2027-04-01T12:00:00+09:00 */
#define NOW INT64_C(1806548400)
/* Make the store that every try begins with. */
void template_make(const char *file);
/* Ids in it; shared with the processes that come after. */
typedef struct template_ids {
    int64_t tickets[8], plans[4], admin;
} template_ids;
extern template_ids *ids;

/* ---- what comes out: every output that a call gives stands here, and at nothing before */
extern muni_rec *rec;
extern char *text;
extern muni_cursor *cursor;
extern muni_query *query;
extern muni_report *report;
extern muni_calendar *calendar;
extern muni_session *session;
extern muni_db *other;
extern int64_t number;
void outputs_poison(void);       /* before a call: a failure must put NULL in the place of this … */
const char *outputs_stale(void); /* … and where it did not, says which */
void outputs_drop(void);
void inputs_drop(void);
/* What came out, as text; faults must be off. Reads cursors to their end. */
char *outputs_text(void);

void give_up(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
#define MUST(expr)                                                                                                               \
    do {                                                                                                                         \
        muni_status must_ = (expr);                                                                                              \
        if (must_ < 0)                                                                                                           \
            give_up("%s:%d: %s: %s: %s [%s]", __FILE__, __LINE__, #expr, muni_error_name(must_), muni_error_text("en"), muni_error_field()); \
    } while (0)

#endif
