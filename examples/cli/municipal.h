/* The operator's command: everything here talks to libmunicipal through its public headers alone. */
#ifndef MUNICIPAL_CLI_H
#define MUNICIPAL_CLI_H

#include <jansson.h>
#include <municipal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* How the command ends. */
enum {
    DONE = 0,    /* done, also with findings */
    REFUSED = 1, /* refused or failed */
    USAGE = 2,   /* the command line is not understood */
    GUARDED = 3, /* nothing was done: a guard stops it, or an approval is missing */
    STORE = 4    /* trouble with the store */
};

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON, FORMAT_HTML };

/* Every option; their names, values and meanings stand in args.c. */
enum option {
    O_DB, O_AS, O_LANG, O_FORMAT, O_NOW, O_REASON, O_UPGRADE, O_HELP, O_VERSION, O_TEST, O_ADMIN, O_ADMIN_NAME, O_JSON, O_REV, O_WHERE,
    O_WORDS, O_ORDER, O_FIELDS, O_LIMIT, O_ALL, O_AFTER, O_TRASH, O_COUNT, O_CHARSET, O_COLUMNS, O_ON_ERROR, O_HEADER, O_FORMULAS, O_PROFILE,
    O_ON, O_UNITS, O_PEOPLE, O_NOTE, O_OUTPUT, O_ROWS, O_ROW, O_COLUMN, O_TITLE, O_ACTIVATE, O_REPAIR, OPTIONS
};
#define BIT(o) ((uint64_t)1 << (o))

/* Words of both languages. */
typedef struct words {
    const char *en, *ja;
} words;

typedef struct verb verb;

/* One run of the command. */
typedef struct cli {
    const verb *verb;
    const char *option[OPTIONS]; /* its value, "" for a switch, NULL where it was not given */
    const char *arg[256];        /* what stands beside verb and options */
    int args;
    bool ja; /* speaks Japanese */
    enum format format;
    muni_db *db;
    muni_session *session;
} cli;

/* Something that the command can do. */
struct verb {
    const char *name, *sub; /* `staff plan` has both */
    const char *usage;      /* what stands behind them */
    int least, most;        /* how many arguments */
    int path;               /* which of them is a file name, from 1; 0: none. Others must be UTF-8 */
    uint64_t options;       /* besides those that every verb knows */
    words does, more;
    int (*run)(cli *c);
};

/* ---- args.c */
/* Read the command line. Answers DONE, or what to exit with, having said why. */
int args_read(cli *c, int argc, char **argv, const verb *verbs, size_t count);
void args_help(const cli *c, FILE *to, uint64_t options);
/* Whole numbers of 64 bits, all of the text. */
bool number_read(const char *s, int64_t *out);
/* 2027-04-01T09:00:00+09:00; without a zone, Japan's. */
bool moment_read(const char *s, int64_t *out);

/* ---- message.c */
bool text_is_utf8(const char *s);
const char *in(const cli *c, words w);
/* Complain on stderr about the command line; answers USAGE. Two formats over the same arguments. */
int usage(const cli *c, const char *en, const char *ja, ...) __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* Say something on stderr. */
void note(const cli *c, const char *en, const char *ja, ...) __attribute__((format(printf, 2, 4), format(printf, 3, 4)));
/* Say what the library refused, where and what would help; answers what to exit with. */
int fail(const cli *c);
/* The same for a failure to open the store. */
int fail_open(const cli *c);
/* Out of memory in the command itself. */
int fail_memory(const cli *c);
/* A file that the command itself reads or writes. */
int fail_file(const cli *c, const char *path);

/* ---- print.c */
/* A column: the name of a value, its title for people, whether it is set flush right. */
typedef struct column {
    const char *name;
    const char *title;
    bool right;
} column;
/* Rows on stdout, in the format asked for. The columns must outlive it. */
typedef struct printer printer;
printer *print_begin(const cli *c, const column *columns, size_t count);
int print_row(printer *p, const json_t *row); /* borrows; DONE or REFUSED */
int print_end(printer *p);                    /* frees */
void print_drop(printer *p);                  /* frees, prints nothing more */
/* One record: a table of its values, a CSV of one row, or its canonical JSON. */
int print_record(const cli *c, const muni_rec *rec);
/* One JSON document on a line. */
int print_json(const json_t *value);
/* A record's value as JSON. NULL: out of memory, or too large; muni_error_code() tells. */
json_t *record_json(const muni_rec *rec);
/* Columns a text takes on a screen: full-width characters take two. */
size_t text_width(const char *s);
/* The text without what would move a terminal's cursor; free() it. */
char *text_safe(const char *s);

/* ---- progress.c */
/* For the library's long calls: a bar on stderr where it is a terminal; Ctrl-C cancels. */
void progress_begin(void);
int32_t progress(int64_t done, int64_t total, const char *stage, void *user);
void progress_end(void);

/* ---- connect.c */
/* The user that the operating system knows; free() it. */
char *os_user(void);
/* Open the store, set its clock where asked, and act as somebody. */
int connect_db(cli *c);
int connect_session(cli *c);
/* The description of a kind (muni_describe), or NULL with `*code` set and the failure said. */
json_t *describe(const cli *c, const char *kind, int *code);
const char *title_of(const cli *c, const json_t *described); /* its `ja` or `en` */
json_t *field_of(const json_t *kind, const char *name);      /* borrowed */
/* An id, or the number or identifier of a record that the session finds. */
int record_id(const cli *c, const char *kind, const char *text, int64_t *out);
/* The file, or standard input where it is `-`, as text; free() it. */
int read_text(const cli *c, const char *path, char **out, size_t *length);
/* A query from the options --where, --order … and words; json_decref() it. */
int query_build(const cli *c, const char *kind, const char *text, json_t **out);
/* List what a query finds, in the format asked for. `query` is as muni_query_parse() takes it. */
int list_query(const cli *c, json_t *query, bool page);

/* ---- what the verbs do */
int do_init(cli *c);
int do_check(cli *c);
int do_info(cli *c);
int do_whoami(cli *c);
int do_describe(cli *c);
int do_audit_verify(cli *c);
int do_db_upgrade(cli *c);
int do_db_copy(cli *c);
int do_db_digest(cli *c);
int do_db_reindex(cli *c);
int do_db_statistics(cli *c);
int do_db_vacuum(cli *c);
int do_list(cli *c);
int do_search(cli *c);
int do_show(cli *c);
int do_create(cli *c);
int do_update(cli *c);
int do_do(cli *c);
int do_transitions(cli *c);
int do_history(cli *c);
int do_comment(cli *c);
int do_trash(cli *c);
int do_restore(cli *c);
int do_define(cli *c);
int do_import(cli *c);
int do_export(cli *c);
int do_staff_plan(cli *c);
int do_staff_show(cli *c);
int do_staff_approve(cli *c);
int do_staff_apply(cli *c);
int do_report_list(cli *c);
int do_report_run(cli *c);
int do_calendar_holidays(cli *c);
int do_calendar_add_open_days(cli *c);
int do_calendar_wareki(cli *c);
int do_calendar_parse(cli *c);

#endif
