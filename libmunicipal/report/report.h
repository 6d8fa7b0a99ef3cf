/* Reports: definitions of cross-tabulations, the engine that runs them, what comes out, and how it is rendered.
 *
 * A definition (family report) is
 *   {"title":{"ja":…,"en":…},"kind":"ticket","where":condition,
 *    "params":[{"name":"fiscal_year","type":"int|text|date","ja":…,"en":…,"required":true | "default":value}],
 *    "rows":axis,"columns":axis,"measure":measure,"totals":{"rows":true,"columns":true}}
 * with where, params, columns, measure and totals optional. A value in `where` may be {"param":name}. An axis is
 *   {"field":name,"title":{"ja":…,"en":…},"over":param,"by":"month|quarter|half","values":[…],"titles":{value:{"ja":…,"en":…}}}
 * `over` names a parameter of type int, a fiscal year: the field holds months as YYYYMM, and the axis is that year's. Otherwise it shows `values`, or
 * where they are not given every code and state there is, and after them whatever else the records hold. A measure is {"count":true},
 * {"distinct":reference} or {"sum":number}. totals.rows gives each row its total (a last column), totals.columns each column (a last row). */
#ifndef MUNI_REPORT_REPORT_H
#define MUNI_REPORT_REPORT_H

#include <municipal/report.h>
#include <municipal/session.h>

#include "model/group.h"

#define MUNI__REPORT_CELLS 100000
#define MUNI__REPORT_PARAMS 20
#define MUNI__REPORT_VALUES 1000
#define MUNI__REPORT_TEXT ((size_t)64 << 20)

typedef enum muni__param_type { MUNI__P_INT, MUNI__P_TEXT, MUNI__P_DATE, MUNI__P_COUNT } muni__param_type;
typedef enum muni__by { MUNI__BY_MONTH, MUNI__BY_QUARTER, MUNI__BY_HALF, MUNI__BY_COUNT } muni__by;
typedef struct muni__title { const char *ja, *en; } muni__title;

/* ---- a definition; its texts are those of the body that it was read from */
typedef struct muni__report_param {
    const char *name; /* first: an array of these serves muni__nearest */
    muni__param_type type;
    muni__title title;
    const json_t *fallback; /* NULL: required */
} muni__report_param;
typedef struct muni__axis_def {
    int32_t field; /* -1: no axis, one column */
    muni__title title;
    int32_t over;  /* index of a parameter; -1: none */
    muni__by by;
    const json_t *values, *titles; /* NULL: none given */
} muni__axis_def;
typedef struct muni__report_def {
    const muni__kind *kind;
    muni__title title;
    const json_t *where; /* NULL: every record */
    muni__report_param params[MUNI__REPORT_PARAMS];
    size_t nparams;
    muni__axis_def rows, columns;
    muni__measure measure;
    muni__title measured;
    bool row_totals, column_totals;
} muni__report_def;

/* Read a body: MUNI_EDEFINITION with the place in it as the field. */
muni_status muni__report_def_read(const json_t *body, muni__report_def *out);
/* Read it and try its condition with a value for each parameter: for the `check` of the rooms. */
muni_status muni__report_check(muni__tx *tx, const json_t *body);
/* A value of a parameter as given; `text` and `n` where it is none. MUNI_ETYPE naming the parameter. */
muni_status muni__param_check(const muni__report_param *p, const json_t *value);
/* The condition with `values` (one per parameter) in the places of its parameters; `*out` is owned, NULL where there is none. MUNI_ETYPE
 * naming the parameter whose value its field cannot have. */
muni_status muni__report_where(muni__arena *mem, const muni__report_def *def, json_t *const *values, json_t **out);

/* ---- measures (measure.c) */
/* Read `body`'s measure; absent: count. */
muni_status muni__measure_read(const muni__kind *kind, const json_t *j, muni__measure *out, muni__title *title);
const char *muni__measure_name(muni__measure_op op); /* "count" … */
/* Are figures of parts added up to that of the whole? */
static inline bool muni__measure_adds(muni__measure_op op) { return op != MUNI__M_DISTINCT; }

/* ---- helpers of definition.c: errors with the place in the body */
muni_status muni__report_bad(const muni__at *at, const char *en, const char *ja);
/* An object that has no other members than these. */
muni_status muni__report_members(const json_t *j, const muni__at *at, const char *const *names, size_t count);

/* ---- a report that has been run: sealed, and holding nothing of the store */
typedef struct muni__item {
    muni__val key; /* null, integer, truth value or text */
    muni__title title;
    const char *cond;  /* conditions with commas between; "" for none */
    const char *month; /* "2023-04" for an element time; NULL: none */
} muni__item;
typedef struct muni__axis {
    const muni__field *field; /* NULL: no axis */
    muni__title title;
    muni__item *items; /* the total is none of them */
    size_t count;
    bool total;
    const char *whole; /* the conditions of the total */
} muni__axis;
typedef struct muni__report_value {
    const char *name;
    muni__title title;
    muni__val value;
} muni__report_value;
struct muni_report {
    int32_t refs; /* atomic */
    muni__arena mem;
    const muni__kind *kind;
    const char *name;
    muni__title title, measured;
    muni__measure measure;
    muni__report_value *params;
    size_t nparams;
    const char *base; /* conditions of every cell */
    muni__axis rows, columns;
    int64_t *cells; /* totals included, row by row */
    int64_t run_at;
    int32_t utc_offset;
    bool test; /* of a test store */
};
static inline size_t muni__axis_size(const muni__axis *a) { return a->count + (a->total ? 1 : 0); }
static inline int64_t muni__report_cell(const muni_report *r, size_t row, size_t column) { return r->cells[row * muni__axis_size(&r->columns) + column]; }
static inline const char *muni__title_in(const muni__title *t, bool ja) { return ja ? t->ja : t->en; }
extern const muni__title muni__report_total; /* 合計 */

/* Run the active definition of that name under the session of a transaction. */
muni_status muni__report_run(muni__tx *tx, const char *name, const char *params, muni_report **out);
/* The query behind a cell, canonical. */
void muni__report_query(const muni_report *r, size_t row, size_t column, muni__buf *out);

/* ---- renderers */
muni_status muni__render_csv(const muni_report *r, bool ja, muni__buf *out);
muni_status muni__render_json(const muni_report *r, bool ja, muni__buf *out);
muni_status muni__render_html(const muni_report *r, bool ja, muni__buf *out);

#endif
