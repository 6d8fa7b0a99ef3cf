/* Kinds: what a record of each noun has, as tables. The list is kinds.def; a kind's rows stand in its room's .def. */
#ifndef MUNI_CORE_KIND_H
#define MUNI_CORE_KIND_H

#include "core/base.h"

/* Field types (decisions 5). A record carries a DATE as text, a TIME as seconds. */
typedef enum muni__type {
    MUNI__TEXT = 1, /* one line */
    MUNI__NOTE,     /* many lines */
    MUNI__KEY,      /* identifier: kept as given, compared and unique by its folded form (column <name>_key) */
    MUNI__CODE,     /* value of a closed list: a `codes` definition named by the target, or "a|b|c" written in the target */
    MUNI__INT,
    MUNI__BOOL,
    MUNI__DATE, /* YYYY-MM-DD */
    MUNI__TIME, /* seconds UTC */
    MUNI__SECS,
    MUNI__YEN,
    MUNI__BYTES,
    MUNI__REF,  /* id of a record of the kind in the target */
    MUNI__ANY,  /* two columns: <name> holds the id, <name>_kind the kind's number; written "kind:id" */
    MUNI__JSON  /* any JSON document */
} muni__type;

/* Field flags. */
enum {
    MUNI__F_NONE = 0,
    MUNI__F_REQUIRED = 1 << 0,
    MUNI__F_UNIQUE = 1 << 1,      /* among what is not trashed; absent never collides */
    MUNI__F_INDEXED = 1 << 2,
    MUNI__F_SEARCHED = 1 << 3,    /* part of the record's document */
    MUNI__F_PERSONAL = 1 << 4,    /* absent unless asked for by name, digested apart, never quoted */
    MUNI__F_CREATE_ONLY = 1 << 5, /* settable when the record is created, not after */
    MUNI__F_SYSTEM = 1 << 6,      /* set by the library only */
    MUNI__F_OWN = 1 << 7,         /* scope column: own where it names the session's person (REF person) or principal */
    MUNI__F_UNIT = 1 << 8,        /* scope column: the unit the record belongs to */
    MUNI__F_LIST = 1 << 9,        /* a list of scalars in a child table */
    MUNI__F_BOOKKEEPING = 1 << 10,/* outside the digests and the history: rev, updated_at, updated_by … */
    MUNI__F_FOLDED = 1 << 11,     /* hidden column derived by the store from another */
    MUNI__F_SECRET = 1 << 12      /* never leaves the library */
};

typedef struct muni__field {
    const char *name, *ja, *en, *doc;
    muni__type type;
    uint32_t flags;
    const char *target; /* REF: kind; CODE: list or definition; else "" */
    int32_t max;        /* longest text in characters; 0 = the type's default */
} muni__field;

/* Unique keys and indexes over several columns: SQL column list, such as "desk,state,reported_at". */
typedef struct muni__index {
    const char *name, *columns;
    bool unique;
} muni__index;

typedef struct muni__tx muni__tx;   /* a running transaction: model/ */
typedef struct muni__row muni__row; /* a record being worked on: model/ */

/* Rules of a kind. They write only through the write path and do no I/O. */
typedef struct muni__hooks {
    /* fill what follows from the rest; `old` is NULL when the record is being created */
    muni_status (*derive)(muni__tx *tx, const muni__row *old, muni__row *row);
    /* refuse what may not be */
    muni_status (*validate)(muni__tx *tx, const muni__row *old, const muni__row *row);
    /* what follows in other records */
    muni_status (*after)(muni__tx *tx, const muni__row *old, const muni__row *row);
} muni__hooks;

typedef struct muni__kind {
    const char *name, *ja, *en, *doc;
    int32_t number;    /* permanent: history, links and documents store it */
    uint32_t flags;
    const muni__field *fields;
    int32_t nfields;
    const muni__index *indexes;
    int32_t nindexes;
    const char *types;     /* "inquiry|incident" or "" */
    const char *lifecycle; /* name of the default lifecycle definition or "" */
    const char *title;     /* field that stands for the record in lists and messages */
} muni__kind;

enum {
    MUNI__K_NONE = 0,
    MUNI__K_NUMBERED = 1 << 0,  /* has a numbering rule per type: the definition numbering/<kind>[-<type>] */
    MUNI__K_INTERNAL = 1 << 1,  /* not created, changed or listed by sessions directly */
    MUNI__K_APPEND = 1 << 2     /* created, never changed */
};

/* Every kind begins with these fields, in this order (common.def); the index of each is its constant. */
enum {
    MUNI__C_ID,
    MUNI__C_REV,
    MUNI__C_TYPE,
    MUNI__C_STATE,
    MUNI__C_LIFECYCLE,
    MUNI__C_NUMBER,
    MUNI__C_CREATED_AT,
    MUNI__C_CREATED_BY,
    MUNI__C_UPDATED_AT,
    MUNI__C_UPDATED_BY,
    MUNI__C_TRASHED_AT,
    MUNI__C_CONFIDENTIAL,
    MUNI__C_CUSTOM,
    MUNI__C_RETENTION,
    MUNI__C_COUNT
};

#define MUNI__FIELDS_MAX 128 /* of a kind, the common ones too */
/* All kinds, in the order of kinds.def. */
extern const muni__kind muni__kinds[];
extern const int32_t muni__nkinds;

const muni__kind *muni__kind_find(const char *name);              /* NULL if there is none; sets nothing */
const muni__kind *muni__kind_numbered(int32_t number);
muni_status muni__kind_get(const char *name, const muni__kind **out); /* MUNI_EINVAL, MUNI_ENOTFOUND naming the nearest */
/* Indexes of all fields in the order of their names by bytes; of a kind of muni__kinds. */
const uint8_t *muni__fields_by_name(const muni__kind *kind);
/* Index of a field or -1. */
int32_t muni__field_find(const muni__kind *kind, const char *name);
muni_status muni__field_get(const muni__kind *kind, const char *name, int32_t *out); /* MUNI_EFIELD naming the nearest */
const char *muni__type_name(muni__type type); /* "TEXT" … */

#endif
