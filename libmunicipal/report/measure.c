/* What is told of the records behind a cell: how many, how many different, or a sum. Whole numbers only. */
#include "report/report.h"

static const char *const names[] = { "count", "distinct", "sum" };

const char *muni__measure_name(muni__measure_op op) {
    return names[op];
}

/* A field of the kind, of a type that the measure takes. */
static muni_status field_of(const muni__kind *kind, const json_t *j, const muni__at *at, muni__measure_op op, int32_t *out) {
    muni__path path;
    const char *name = json_string_value(j);
    if (!name)
        return muni__report_bad(at, "give the name of a field", "項目名を指定してください");
    muni_status st = muni__path_parse(kind, name, json_string_length(j), at, &path);
    if (st < 0)
        return st;
    const muni__field *f = muni__path_field(&path);
    bool number = f->type == MUNI__INT || f->type == MUNI__SECS || f->type == MUNI__YEN;
    if (path.hops || (f->flags & MUNI__F_LIST) || (op == MUNI__M_DISTINCT ? f->type != MUNI__REF : !number))
        return op == MUNI__M_DISTINCT
                   ? muni__report_bad(at, "different values are counted of a reference (REF) of the record itself", "異なり数は、そのレコード自身の参照（REF）の項目で数えます")
                   : muni__report_bad(at, "sums are made of a field INT, SECS or YEN of the record itself", "合計できるのは、そのレコード自身のINT、SECS、YENの項目です");
    *out = path.field[0];
    return MUNI_OK;
}

muni_status muni__measure_read(const muni__kind *kind, const json_t *j, muni__measure *out, muni__title *title) {
    static const muni__title titles[] = { { "件数", "Count" }, { "人・対象数", "Different" }, { "合計値", "Sum" } };
    static const char *const members[] = { "count", "distinct", "sum" };
    muni__at at = { NULL, "measure", 0 };
    size_t op = MUNI__M_COUNT;
    *out = (muni__measure){ MUNI__M_COUNT, -1 };
    *title = titles[MUNI__M_COUNT];
    if (!j)
        return MUNI_OK;
    muni_status st = muni__report_members(j, &at, members, MUNI_COUNT(members));
    if (st < 0)
        return st;
    while (op < MUNI_COUNT(names) && !json_object_get(j, names[op]))
        op++;
    if (json_object_size(j) != 1 || op == MUNI_COUNT(names))
        return muni__report_bad(&at, "a measure is one of {\"count\":true}, {\"distinct\":field}, {\"sum\":field}",
                                "集計は{\"count\":true}、{\"distinct\":項目}、{\"sum\":項目}のいずれか一つです");
    muni__at here = { &at, names[op], 0 };
    out->op = (muni__measure_op)op;
    *title = titles[op];
    if (op == MUNI__M_COUNT)
        return json_is_true(json_object_get(j, "count")) ? MUNI_OK : muni__report_bad(&here, "it is true", "値はtrueです");
    st = field_of(kind, json_object_get(j, names[op]), &here, out->op, &out->field);
    if (st >= 0 && op == MUNI__M_SUM)
        *title = (muni__title){ kind->fields[out->field].ja, kind->fields[out->field].en };
    return st;
}
