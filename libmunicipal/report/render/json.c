/* Canonical JSON: keys sorted by bytes, no spaces. Figures stand in `values`, one per column; `total` beside them where there are totals. */
#include "report/report.h"

#include "core/date.h"

static void member(muni__buf *b, const char *name, bool first) {
    if (!first)
        muni__buf_putc(b, ',');
    muni__buf_json(b, name, strlen(name));
    muni__buf_putc(b, ':');
}

static void text(muni__buf *b, const char *s) {
    muni__buf_json(b, s, strlen(s));
}

static void item(muni__buf *b, const muni__item *i, bool ja) {
    member(b, "key", true);
    muni__val_json(b, &i->key, 0);
    member(b, "title", false);
    text(b, muni__title_in(&i->title, ja));
}

/* "total" and "values" of a row. */
static void figures(muni__buf *b, const muni_report *r, size_t row) {
    if (r->columns.total) {
        member(b, "total", false);
        muni__buf_int(b, muni__report_cell(r, row, r->columns.count));
    }
    member(b, "values", false);
    muni__buf_putc(b, '[');
    for (size_t i = 0; i < r->columns.count; i++) {
        if (i)
            muni__buf_putc(b, ',');
        muni__buf_int(b, muni__report_cell(r, row, i));
    }
    muni__buf_putc(b, ']');
}

/* Parameters by name; the definition may have them in any order. */
static void params(muni__buf *b, const muni_report *r) {
    const char *last = "";
    muni__buf_putc(b, '{');
    for (size_t n = 0; n < r->nparams; n++) {
        const muni__report_value *next = NULL;
        for (size_t i = 0; i < r->nparams; i++)
            if (strcmp(r->params[i].name, last) > 0 && (!next || strcmp(r->params[i].name, next->name) < 0))
                next = &r->params[i];
        if (!next)
            break;
        member(b, next->name, !n);
        muni__val_json(b, &next->value, 0);
        last = next->name;
    }
    muni__buf_putc(b, '}');
}

muni_status muni__render_json(const muni_report *r, bool ja, muni__buf *out) {
    char at[MUNI__TIME_SIZE];
    muni_status st = muni__time_format(r->run_at, r->utc_offset, at);
    if (st < 0)
        return st;
    muni__buf_putc(out, '{');
    member(out, "columns", true);
    muni__buf_putc(out, '[');
    for (size_t i = 0; i < r->columns.count; i++) {
        muni__buf_puts(out, i ? ",{" : "{");
        item(out, &r->columns.items[i], ja);
        muni__buf_putc(out, '}');
    }
    muni__buf_putc(out, ']');
    member(out, "kind", false);
    text(out, r->kind->name);
    member(out, "measure", false);
    muni__buf_putc(out, '{');
    member(out, "key", true);
    text(out, muni__measure_name(r->measure.op));
    member(out, "title", false);
    text(out, muni__title_in(&r->measured, ja));
    muni__buf_putc(out, '}');
    member(out, "name", false);
    text(out, r->name);
    member(out, "params", false);
    params(out, r);
    member(out, "rows", false);
    muni__buf_putc(out, '[');
    for (size_t i = 0; i < r->rows.count; i++) {
        muni__buf_puts(out, i ? ",{" : "{");
        item(out, &r->rows.items[i], ja);
        figures(out, r, i);
        muni__buf_putc(out, '}');
    }
    muni__buf_putc(out, ']');
    member(out, "run_at", false);
    text(out, at);
    member(out, "test", false);
    muni__buf_puts(out, r->test ? "true" : "false");
    member(out, "title", false);
    text(out, muni__title_in(&r->title, ja));
    if (r->rows.total) {
        member(out, "totals", false);
        muni__buf_putc(out, '{');
        member(out, "title", true);
        text(out, muni__title_in(&muni__report_total, ja));
        figures(out, r, r->rows.count);
        muni__buf_putc(out, '}');
    }
    muni__buf_putc(out, '}');
    return out->st;
}
