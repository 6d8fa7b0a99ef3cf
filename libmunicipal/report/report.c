/* The handle: a report that has been run, and the call that runs it. */
#include "report/report.h"

static muni_status gone(void) {
    return muni__fail(MUNI_ECLOSED, "report", "the report is NULL", "帳票がNULLです");
}

static muni_status find_cell(const muni_report *r, int32_t row, int32_t column) {
    size_t height = muni__axis_size(&r->rows), width = muni__axis_size(&r->columns);
    if (row >= 0 && column >= 0 && (size_t)row < height && (size_t)column < width)
        return MUNI_OK;
    return muni__fail(MUNI_EINVAL, row < 0 || (size_t)row >= height ? "row" : "column", "there is no cell %d, %d; the report has %zu rows and %zu columns, counted from 0",
                      "マス（%d, %d）はありません。帳票は%zu行%zu列で、0から数えます", (int)row, (int)column, height, width);
}

static void put_part(muni__buf *b, const char *part, bool *any) {
    if (!*part)
        return;
    if (*any)
        muni__buf_putc(b, ',');
    muni__buf_puts(b, part);
    *any = true;
}

void muni__report_query(const muni_report *r, size_t row, size_t column, muni__buf *out) {
    bool any = false;
    muni__buf_puts(out, "{\"kind\":");
    muni__buf_json(out, r->kind->name, strlen(r->kind->name));
    muni__buf_puts(out, ",\"where\":{\"all\":[");
    put_part(out, r->base, &any);
    put_part(out, row < r->rows.count ? r->rows.items[row].cond : r->rows.whole, &any);
    put_part(out, column < r->columns.count ? r->columns.items[column].cond : r->columns.whole, &any);
    muni__buf_puts(out, "]}}");
}

muni_status muni_session_report(muni_session *session, const char *name, const char *params, muni_report **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    size_t bad;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    if (!name)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "name", "the name of the report is missing", "帳票の名前がありません"));
    if (!muni__utf8_valid(name, strlen(name), &bad))
        return MUNI_LEAVE(muni__fail(MUNI_EUTF8, "name", "the name of the report is not valid UTF-8", "帳票の名前がUTF-8ではありません"));
    muni_status st = muni__tx_enter(session, false, true, &tx);
    if (st < 0)
        return MUNI_LEAVE(st);
    st = muni__tx_leave(tx, muni__report_run(tx, name, params, out));
    if (st < 0) {
        muni_report_unref(*out);
        *out = NULL;
    }
    return MUNI_LEAVE(st);
}

int32_t muni_report_rows(const muni_report *report) {
    return report ? (int32_t)muni__axis_size(&report->rows) : 0;
}

int32_t muni_report_columns(const muni_report *report) {
    return report ? (int32_t)muni__axis_size(&report->columns) : 0;
}

muni_status muni_report_value(const muni_report *report, int32_t row, int32_t column, int64_t *out) {
    MUNI_ENTER();
    if (!report)
        return MUNI_LEAVE(gone());
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = 0;
    muni_status st = find_cell(report, row, column);
    if (st >= 0)
        *out = muni__report_cell(report, (size_t)row, (size_t)column);
    return MUNI_LEAVE(st);
}

muni_status muni_report_query(const muni_report *report, int32_t row, int32_t column, char **out) {
    MUNI_ENTER();
    muni__buf b = MUNI_BUF_INIT(MUNI__QUERY_JSON_MAX);
    if (out)
        *out = NULL;
    if (!report)
        return MUNI_LEAVE(gone());
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    muni_status st = find_cell(report, row, column);
    if (st >= 0) {
        muni__report_query(report, (size_t)row, (size_t)column, &b);
        st = muni__buf_take(&b, out, NULL);
    }
    return MUNI_LEAVE(st);
}

static const struct {
    const char *name; /* first: for muni__nearest */
    muni_status (*render)(const muni_report *r, bool ja, muni__buf *out);
} formats[] = { { "csv", muni__render_csv }, { "json", muni__render_json }, { "html", muni__render_html } };

muni_status muni_report_render(const muni_report *report, const char *format, const char *lang, char **out) {
    MUNI_ENTER();
    muni__buf b = MUNI_BUF_INIT(MUNI__REPORT_TEXT);
    muni__quoted q;
    size_t i = 0;
    if (out)
        *out = NULL;
    if (!report)
        return MUNI_LEAVE(gone());
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    if (!format)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "format", "the format is missing: csv, json or html", "形式（csv、json、html）を指定してください"));
    if (lang && strcmp(lang, "ja") != 0 && strcmp(lang, "en") != 0)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "lang", "the language is ja or en, not \"%s\"", "言語はjaかenです。「%s」は使えません", muni__quote(&q, lang, strlen(lang))));
    while (i < MUNI_COUNT(formats) && strcmp(format, formats[i].name) != 0)
        i++;
    if (i == MUNI_COUNT(formats))
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "format", "there is no format \"%s\"; there are csv, json and html", "形式「%s」はありません。csv、json、htmlのいずれかです",
                                     muni__quote(&q, format, strlen(format))));
    muni_status st = formats[i].render(report, !lang || !strcmp(lang, "ja"), &b);
    if (st < 0) {
        muni__buf_free(&b);
        return MUNI_LEAVE(st);
    }
    return MUNI_LEAVE(muni__buf_take(&b, out, NULL));
}

muni_report *muni_report_ref(muni_report *report) {
    if (report)
        (void)__atomic_add_fetch(&report->refs, 1, __ATOMIC_RELAXED);
    return report;
}

void muni_report_unref(muni_report *report) {
    if (!report || __atomic_sub_fetch(&report->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    muni__free(report->rows.items);
    muni__free(report->columns.items);
    muni__free(report->cells);
    muni__arena_free(&report->mem);
    muni__free(report);
}
