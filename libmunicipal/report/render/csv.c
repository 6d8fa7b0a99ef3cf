/* CSV as spreadsheets read it: UTF-8 with BOM, CRLF; a header, the rows, the totals. */
#include "report/report.h"

#include "core/csv.h"

#include <stdio.h>

static muni_status into(void *user, const char *p, size_t n) {
    muni__buf *b = user;
    muni__buf_put(b, p, n);
    return b->st;
}

static muni_status put_text(muni__csv_writer *w, const char *s) {
    return muni__csv_put(w, s, strlen(s), MUNI__CSV_TEXT);
}

static muni_status put_row(muni__csv_writer *w, const muni_report *r, size_t row, const char *title) {
    size_t width = muni__axis_size(&r->columns);
    char number[24];
    muni_status st = put_text(w, title);
    for (size_t i = 0; st >= 0 && i < width; i++) {
        int n = snprintf(number, sizeof number, "%lld", (long long)muni__report_cell(r, row, i));
        st = muni__csv_put(w, number, (size_t)n, MUNI__CSV_NUMBER);
    }
    return st < 0 ? st : muni__csv_end_row(w);
}

muni_status muni__render_csv(const muni_report *r, bool ja, muni__buf *out) {
    muni__csv_writer *w = NULL;
    muni_status st;
    MUNI_TRY(muni__csv_writer_open(into, out, NULL, &w));
    MUNI_TRY(put_text(w, muni__title_in(&r->rows.title, ja)));
    for (size_t i = 0; i < r->columns.count; i++)
        MUNI_TRY(put_text(w, muni__title_in(&r->columns.items[i].title, ja)));
    if (r->columns.total)
        MUNI_TRY(put_text(w, muni__title_in(&muni__report_total, ja)));
    MUNI_TRY(muni__csv_end_row(w));
    for (size_t i = 0; i < r->rows.count; i++)
        MUNI_TRY(put_row(w, r, i, muni__title_in(&r->rows.items[i].title, ja)));
    if (r->rows.total)
        MUNI_TRY(put_row(w, r, r->rows.count, muni__title_in(&muni__report_total, ja)));
    MUNI_TRY(muni__csv_finish(w, NULL));
out:
    muni__csv_writer_free(w);
    return st;
}
