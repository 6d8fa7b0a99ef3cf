/* Conditions and the SQL made of them: what cond.c, query.c, visible.c and list.c share. */
#ifndef MUNI_MODEL_COND_H
#define MUNI_MODEL_COND_H

#include "model/model.h"

#define MUNI__COND_DEPTH 32
#define MUNI__COND_NODES 1000
#define MUNI__COND_VALUES 10000 /* of all `in` lists together */
#define MUNI__PATH_HOPS 3       /* references followed by one field path */

/* ---- where something stands in a JSON document, for errors: a chain on the stack, written out only when it is needed */
typedef struct muni__at {
    const struct muni__at *up;
    const char *name; /* a member; NULL: element `index` */
    size_t index;
} muni__at;
typedef struct muni__at_text { char s[120]; } muni__at_text;
const char *muni__at_write(muni__at_text *out, const muni__at *at);

/* ---- a field, also through references: `assignee.person.name` is the fields assignee, person, name of ticket, principal, person */
typedef struct muni__path {
    int32_t hops;                             /* references followed */
    int32_t field[MUNI__PATH_HOPS + 1];       /* field[0..hops-1] are references, field[hops] is what is meant */
    const muni__kind *kind[MUNI__PATH_HOPS + 1];
} muni__path;
static inline const muni__field *muni__path_field(const muni__path *p) { return &p->kind[p->hops]->fields[p->field[p->hops]]; }
/* MUNI_EFIELD naming the nearest, with `at` (may be NULL: the name itself) as the place. Fields that never leave the library are none. */
muni_status muni__path_parse(const muni__kind *kind, const char *name, size_t n, const muni__at *at, muni__path *out);

/* ---- SQL being written, with its parameters. `b` holds the text; arguments are kept in `mem`. A failure sticks in `b.st`. */
typedef struct muni__sqlarg {
    enum { MUNI__ARG_NULL, MUNI__ARG_INT, MUNI__ARG_TEXT, MUNI__ARG_SET } is;
    int64_t i;
    const char *p;
    size_t n;
    const int64_t *ids; /* n of them */
} muni__sqlarg;
typedef struct muni__sqlout {
    muni__buf b;
    muni__arena *mem;
    muni__sqlarg *args;
    size_t n, cap;
} muni__sqlout;
void muni__sqlout_init(muni__sqlout *o, muni__arena *mem);
void muni__sqlout_free(muni__sqlout *o);
static inline void muni__sqlout_put(muni__sqlout *o, const char *sql) { muni__buf_puts(&o->b, sql); }
void muni__sqlout_name(muni__sqlout *o, const char *alias, const char *column, const char *suffix); /* t."unit" */
void muni__sqlout_int(muni__sqlout *o, int64_t v);                      /* ?n */
void muni__sqlout_text(muni__sqlout *o, const char *p, size_t n);       /* ?n; borrows the text */
void muni__sqlout_null(muni__sqlout *o);
void muni__sqlout_set(muni__sqlout *o, const int64_t *ids, size_t n);   /* IN (…); borrows the ids */
/* Prepare and bind. */
muni_status muni__sqlout_open(muni__sqlout *o, muni__conn *conn, muni__stmt **out);

/* ---- conditions */
typedef enum muni__op {
    MUNI__OP_EQ, MUNI__OP_NE, MUNI__OP_LT, MUNI__OP_LE, MUNI__OP_GT, MUNI__OP_GE, MUNI__OP_IN, MUNI__OP_HAS, MUNI__OP_BEGINS, MUNI__OP_CONTAINS,
    MUNI__OP_ABSENT, MUNI__OP_BELOW, MUNI__OP_WORDS, MUNI__OP_MATCHES, MUNI__OP_COUNT
} muni__op;
typedef enum muni__node { MUNI__N_ALL, MUNI__N_ANY, MUNI__N_NOT, MUNI__N_LEAF } muni__node;

typedef enum muni__from { MUNI__FROM_HERE, MUNI__FROM_NOW, MUNI__FROM_PERSON, MUNI__FROM_PRINCIPAL, MUNI__FROM_UNIT, MUNI__FROM_OLD } muni__from;
typedef struct muni__cval {
    muni__from from;
    int64_t i;      /* number; id; seconds from now */
    const char *p;  /* text; folded where the comparison is of keys */
    size_t n;       /* its length; of ANY the kind's number */
    int32_t old;    /* field of the old row */
} muni__cval;

struct muni__cond {
    muni__node node;
    const muni__cond **kids; /* ALL ANY NOT */
    size_t count;            /* kids or values */
    /* a leaf */
    muni__path path;
    muni__op op;             /* never NE: that is NOT over EQ; ABSENT: `negate` says present */
    bool negate;
    int32_t need;            /* of the SQL parser's stack */
    muni__cval *values;
    const char **terms;      /* search keys that must occur: WORDS; of CONTAINS one, bare */
    size_t *term_sizes, nterms;
};

bool muni__cond_uses_old(const muni__cond *c);
/* May this session ask about the fields in it? MUNI_EFIELD. */
muni_status muni__cond_allowed(const muni__tx *tx, const muni__cond *c);
/* An expression over the table `alias`, true for every row that satisfies the condition (`over`) or only for such rows; `*exact` is cleared
 * where it is not both. References are followed under the reader's rights. */
muni_status muni__cond_sql(const muni__tx *tx, const muni__cond *c, const char *alias, muni__sqlout *o, bool *exact);
/* As muni__cond_holds, but failures (memory, reading what is referred to) are not lost. */
muni_status muni__cond_eval(const muni__tx *tx, const muni__cond *c, const muni__row *row, const muni__row *old, bool *out);
/* Is there, at the top or beneath "all" only, an equality with a field that an index begins with? */
bool muni__cond_anchored(const muni__cond *c);
/* Does an index begin with this field? */
bool muni__leads_index(const muni__kind *kind, int32_t field);

/* ---- what a session sees of a kind (visible.c): groups of rows by type, each with its scopes */
typedef struct muni__visgroup {
    const char *type; /* NULL: every type that no group before it names */
    uint32_t scopes;  /* only such as can match anything; ALL stands alone */
    bool manage;      /* sees what is confidential, too */
} muni__visgroup;
typedef struct muni__vis {
    const muni__kind *kind;
    const muni__scope *scope;
    const muni__visgroup *groups;
    size_t count;
    bool all;     /* no predicate at all */
    bool none;    /* sees nothing */
    bool ordered; /* every group that sees anything sees by scope ALL: nothing is gained by going through scope indexes */
} muni__vis;
muni_status muni__vis_make(const muni__tx *tx, muni__arena *mem, const muni__kind *kind, muni__verb verb, muni__vis *out);
/* The predicate as an expression over `alias` that lures no planner to an index. */
void muni__vis_sql(const muni__vis *v, const char *alias, muni__sqlout *o);
/* One ordered branch: the rows of group `g` through one scope column. */
typedef struct muni__branch {
    size_t group;
    int32_t field;      /* -1: scope ALL */
    int64_t id;         /* the value; 0: any of `ids` */
    const int64_t *ids;
    size_t nids;
} muni__branch;
/* All branches; units one by one where they are at most `each`. */
muni_status muni__vis_branches(const muni__vis *v, muni__arena *mem, size_t each, muni__branch **out, size_t *count);
void muni__branch_sql(const muni__vis *v, const muni__branch *b, const char *alias, muni__sqlout *o);
/* Does a row belong to what is seen? `row` needs its type, confidential and scope columns. */
bool muni__vis_sees(const muni__vis *v, const muni__row *row);
/* May the session ask (conditions, orders) about a field: is it neither secret nor personal beyond its rights? */
bool muni__field_askable(const muni__tx *tx, const muni__kind *kind, int32_t field);
/* The same with MUNI_EFIELD, for a whole path. */
muni_status muni__path_allowed(const muni__tx *tx, const muni__path *p);

#endif
