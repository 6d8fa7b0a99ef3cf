/* Staff and organisation: what the files of this room share, and what the composition root registers. */
#ifndef MUNI_STAFF_STAFF_H
#define MUNI_STAFF_STAFF_H

#include "core/arena.h"
#include "core/charset.h"
#include "core/kind.h"

#include <jansson.h>

#include "core/date.h"

/* ---- findings */
enum { MUNI__MENDED = 1, MUNI__REJECTED, MUNI__WARNED };
enum {
#define MUNI_FINDING(fcode, fseverity, fja, fen) MUNI__FINDING_##fcode,
#include "staff/findings.def"
#undef MUNI_FINDING
    MUNI__FINDING_COUNT
};
typedef struct muni__finding_def {
    const char *code;
    int32_t severity;
    const char *ja, *en;
} muni__finding_def;
extern const muni__finding_def muni__finding_defs[];
const char *muni__severity_name(int32_t severity); /* "mended" … */

typedef struct muni__finding {
    int32_t code;       /* MUNI__FINDING_… */
    int32_t file;       /* 0 units, 1 people */
    int64_t record, line;
    int32_t column;     /* place in the file, from 0; -1: the whole row */
    const char *header; /* of the column; NULL for the whole row */
    const char *en, *ja;
    size_t seq;
} muni__finding;
typedef struct muni__findings {
    muni__arena *mem;
    muni__finding *list;
    size_t n, cap;
    int64_t counts[4]; /* by severity; after muni__findings_sort */
} muni__findings;
void muni__findings_sort(muni__findings *f); /* by file, record, column */
void muni__findings_free(muni__findings *f);

/* ---- the profile: how an export is read (a definition of the family profile) */
enum { MUNI__UNITS, MUNI__PEOPLE };
enum {
    MUNI__SU_CODE,
    MUNI__SU_NAME,
    MUNI__SU_FULL_NAME,
    MUNI__SU_PARENT,
    MUNI__SU_LEVEL,
    MUNI__SU_LEVEL_NAME,
    MUNI__SU_FACILITY,
    MUNI__SU_FROM_ON,
    MUNI__SU_TO_ON,
    MUNI__SU_SORT,
    MUNI__SU_COUNT
};
enum {
    MUNI__SP_STAFF_NO,
    MUNI__SP_NAME,
    MUNI__SP_KANA,
    MUNI__SP_BORN_ON,
    MUNI__SP_CATEGORY,
    MUNI__SP_HIRED_ON,
    MUNI__SP_RETIRED_ON,
    MUNI__SP_UNIT,
    MUNI__SP_UNIT_NAME,
    MUNI__SP_TITLE_CODE,
    MUNI__SP_TITLE,
    MUNI__SP_CONCURRENT,
    MUNI__SP_FORM,
    MUNI__SP_FROM_ON,
    MUNI__SP_ORDER_CODE,
    MUNI__SP_ORDER,
    MUNI__SP_TERM_ON,
    MUNI__SP_LEAVE,
    MUNI__SP_PHONE,
    MUNI__SP_MAIL,
    MUNI__SP_REMARK,
    MUNI__SP_COUNT
};
#define MUNI__SHEET_FIELDS 21 /* the larger of the two */
typedef enum muni__form { MUNI__AS_NUMBER, MUNI__AS_NAME, MUNI__AS_KANA, MUNI__AS_DATE, MUNI__AS_TEXT, MUNI__AS_NOTE, MUNI__AS_MAIL, MUNI__AS_MEANING, MUNI__AS_INT } muni__form;
typedef struct muni__sheet_field {
    const char *name, *kind; /* the kind whose field of that name it fills; NULL: it only checks */
    muni__form form;
    bool personal, required;
} muni__sheet_field;
extern const muni__sheet_field muni__unit_fields[MUNI__SU_COUNT], muni__people_fields[MUNI__SP_COUNT];

#define MUNI__SHEET_COLUMNS 200
typedef struct muni__sheet {
    const muni__sheet_field *fields;
    int32_t nfields;
    size_t ncolumns;
    struct {
        const char *header;
        int32_t field; /* -1: known, not used */
    } columns[MUNI__SHEET_COLUMNS];
    bool has[MUNI__SHEET_FIELDS];        /* fields that the files have a column for */
    int32_t width[MUNI__SHEET_FIELDS];   /* of numbers; 0: not restored */
    uint32_t styles[MUNI__SHEET_FIELDS]; /* of dates: bits 1 << MUNI__STYLE_… that need no finding */
    int32_t era[MUNI__SHEET_FIELDS];     /* of dates without one */
    const char *const *footers;          /* texts of the first cell of a row of totals; folded */
    size_t nfooters;
} muni__sheet;
typedef struct muni__profile {
    muni__sheet sheets[2];
    const char *const *mains, *const *concurrents; /* folded texts; NULL at the end */
    bool units_full;              /* a unit that is not in the file has ended */
    const char *account_system;   /* NULL: no accounts */
    bool account_mail;            /* the name is what stands before the @ */
    const char *account_before, *account_after; /* around the staff number, else */
    int64_t min_rows, leave_percent, missing_percent, shrink_percent, rejected_percent, unit_end_percent;
} muni__profile;
/* MUNI_EDEFINITION with the path in the field. Texts are copied into `mem`. */
muni_status muni__profile_parse(muni__arena *mem, const json_t *body, muni__profile **out);
muni_status muni__profile_check(const json_t *body);

/* ---- reading: one row of a file, mended */
typedef struct muni__srow {
    int64_t record, line;
    bool rejected;  /* it has a finding that holds it */
    bool held;      /* held with another that contradicts it; it has no finding of its own */
    bool skipped;   /* an exact duplicate */
    bool misshapen; /* too few or too many columns: nothing but the number is believed */
    bool concurrent;
    const char *key;                   /* folded number or code; NULL: blank */
    const char *v[MUNI__SHEET_FIELDS]; /* NULL: absent; dates as YYYY-MM-DD */
    int32_t day[MUNI__SHEET_FIELDS];   /* of dates that are there */
    int32_t column[MUNI__SHEET_FIELDS];/* where the field stands, -1: nowhere */
    int64_t unit;                      /* what the unit code means: muni__unit_view.ref; 0: nothing */
    int32_t unit_from;                 /* its first day */
} muni__srow;
typedef struct muni__staff_group { /* all rows of one staff number */
    const char *key;
    muni__srow *main;          /* NULL: none that is believed */
    muni__srow **concurrents;  /* believed ones */
    size_t nconcurrents;
    bool held;                 /* its main row is held: the person stays as stored */
    bool partial;              /* some row of it is held: what is missing has not ended */
} muni__staff_group;
typedef struct muni__reading {
    muni__arena mem;
    const muni__profile *profile;
    const char *names[2];     /* of the files, without their directories */
    const char *headers[2][MUNI__SHEET_COLUMNS];
    size_t nheaders[2];
    muni__srow **rows[2];     /* those that hold somebody, in file order */
    size_t nrows[2], cap[2];
    int64_t records[2];       /* after the header, whatever became of them */
    muni__charset charset[2];
    muni__findings findings;
    muni__staff_group *groups;      /* by key, after muni__reading_judge */
    size_t ngroups;
    muni_progress_fn progress;
    void *user;
} muni__reading;
void muni__reading_init(muni__reading *r, const muni__profile *profile, muni_progress_fn progress, void *user);
void muni__reading_free(muni__reading *r);
/* Read one of the two files to its end. `path` is only for its name. MUNI_EFORMAT, MUNI_EENCODING, MUNI_ELIMIT with the line; MUNI_ECANCELLED. */
muni_status muni__reading_file(muni__reading *r, int which, const char *path, muni__charset charset, const muni__source *source);

/* A unit for a period of days; many may bear one code, one after another. */
typedef struct muni__unit_view {
    const char *code; /* folded */
    const char *name, *full_name;
    int32_t from, to; /* MUNI__DAY_MAX: open */
    int64_t ref;      /* id of a record, or minus the plan row that creates it */
} muni__unit_view;
/* What is seen only when everything is read: duplicates, main and concurrent rows, units, readings. Sorts `units`; then the findings. */
muni_status muni__reading_judge(muni__reading *r, muni__unit_view *units, size_t nunits, int32_t on);
/* The findings of the units' file that need all of it: doubled codes, parents. Call before the units are planned. */
muni_status muni__reading_judge_units(muni__reading *r);

/* Texts → numbers, in an arena. */
typedef struct muni__textmap {
    muni__arena *mem;
    struct muni__textmap_slot {
        const char *key;
        int64_t value;
    } *slots;
    size_t n, cap;
} muni__textmap;
muni_status muni__textmap_put(muni__textmap *m, const char *key, int64_t value); /* replaces; borrows the key */
const int64_t *muni__textmap_get(const muni__textmap *m, const char *key);

/* ---- rules of the kinds, and what the composition root registers */
extern const muni__hooks muni__unit_hooks, muni__person_hooks, muni__post_hooks, muni__account_hooks;
struct muni__scope;
/* The units of a person today, those below them, and how long that holds. */
muni_status muni__staff_scope(muni__tx *tx, muni__arena *mem, int64_t person, struct muni__scope *out);

#endif
