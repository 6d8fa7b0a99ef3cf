/* A whole page that stands by itself: no script, nothing from outside, well-formed as XML too. WCAG 2.2 AA (design/domain.md §9): language, a title
 * of its own, one heading, the landmark main with a link that skips to it, a table with caption and scopes inside a region that
 * scrolls where it is wider than the window and takes the focus so that the keyboard can scroll it; nothing is said by colour alone. */
#include "report/report.h"

#include "core/date.h"

static const char style[] = "body{margin:1rem;color:#000;background:#fff;font-family:sans-serif;line-height:1.5}"
                            ".skip{position:absolute;left:-999rem}.skip:focus{position:static;display:inline-block;padding:.25rem .5rem}"
                            ":focus{outline:3px solid #005aff;outline-offset:2px}h1{font-size:1.5rem;overflow-wrap:anywhere}"
                            ".test{border:3px double #000;padding:.5rem;font-weight:bold}"
                            "dl{display:grid;grid-template-columns:minmax(4rem,max-content) 1fr;gap:.25rem 1rem;margin:1rem 0}"
                            "dt{font-weight:bold}dd{margin:0;overflow-wrap:anywhere}"
                            ".table{overflow-x:auto}table{border-collapse:collapse}caption{text-align:left;font-weight:bold;padding:.25rem 0}"
                            "th,td{border:1px solid #595959;padding:.25rem .5rem}th{text-align:left;background:#f2f2f2}thead th{vertical-align:bottom}"
                            "td{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
                            ".total{font-weight:bold;border-left:3px double #000}tfoot th,tfoot td{font-weight:bold;border-top:3px double #000}"
                            "@media print{.skip{display:none}.table{overflow-x:visible}thead{display:table-header-group}}";

/* Text and attribute values alike. What XML has no way to write becomes U+FFFD. */
static void escape(muni__buf *b, const char *s) {
    for (const char *end = s + strlen(s); s < end;) {
        uint32_t c;
        size_t n = muni__utf8_next(s, (size_t)(end - s), &c);
        switch (c) {
        case '&': muni__buf_puts(b, "&amp;"); break;
        case '<': muni__buf_puts(b, "&lt;"); break;
        case '>': muni__buf_puts(b, "&gt;"); break;
        case '"': muni__buf_puts(b, "&quot;"); break;
        case '\'': muni__buf_puts(b, "&#39;"); break;
        case '\t':
        case '\n': muni__buf_putc(b, (char)c); break;
        default:
            if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xfffe || c == 0xffff)
                muni__buf_puts(b, "\xef\xbf\xbd");
            else
                muni__buf_put(b, s, n);
        }
        s += n;
    }
}

static void value(muni__buf *b, const muni__val *v) {
    if (v->t == MUNI_TYPE_TEXT)
        escape(b, v->p);
    else
        muni__buf_int(b, v->i);
}

static muni_status when(muni__buf *b, const muni_report *r, bool ja, bool element) {
    static const char *const english[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December" };
    char at[MUNI__TIME_SIZE];
    muni__civil c;
    muni_status st = muni__time_format(r->run_at, r->utc_offset, at);
    if (st >= 0)
        st = muni__civil_from_time(r->run_at, r->utc_offset, &c);
    if (st < 0)
        return st;
    if (element)
        muni__buf_printf(b, "<time datetime=\"%s\">", at);
    if (ja)
        muni__buf_printf(b, "%d年%d月%d日%d時%02d分%02d秒", (int)c.year, (int)c.month, (int)c.day, (int)c.hour, (int)c.min, (int)c.sec);
    else
        muni__buf_printf(b, "%d %s %d, %d:%02d:%02d", (int)c.day, english[c.month - 1], (int)c.year, (int)c.hour, (int)c.min, (int)c.sec);
    if (element)
        muni__buf_puts(b, "</time>");
    return b->st;
}

/* "（年度：2023）" */
static void given(muni__buf *b, const muni_report *r, bool ja) {
    for (size_t i = 0; i < r->nparams; i++) {
        muni__buf_puts(b, i ? ja ? "、" : ", " : ja ? "（" : " (");
        escape(b, muni__title_in(&r->params[i].title, ja));
        muni__buf_puts(b, ja ? "：" : ": ");
        value(b, &r->params[i].value);
    }
    if (r->nparams)
        muni__buf_puts(b, ja ? "）" : ")");
}

static void term(muni__buf *b, const char *name) {
    muni__buf_puts(b, "<dt>");
    escape(b, name);
    muni__buf_puts(b, "</dt><dd>");
}

static void head(muni__buf *b, const char *class, const char *scope, const char *title, const char *month) {
    muni__buf_puts(b, "<th");
    if (class)
        muni__buf_printf(b, " class=\"%s\"", class);
    muni__buf_printf(b, " scope=\"%s\">", scope);
    if (month)
        muni__buf_printf(b, "<time datetime=\"%s\">", month);
    escape(b, title);
    muni__buf_puts(b, month ? "</time></th>" : "</th>");
}

static void row(muni__buf *b, const muni_report *r, size_t at, const char *title) {
    size_t width = muni__axis_size(&r->columns);
    muni__buf_puts(b, "<tr>");
    head(b, NULL, "row", title, at < r->rows.count ? r->rows.items[at].month : NULL);
    for (size_t i = 0; i < width; i++) {
        muni__buf_puts(b, i == r->columns.count ? "<td class=\"total\">" : "<td>");
        muni__buf_int(b, muni__report_cell(r, at, i));
        muni__buf_puts(b, "</td>");
    }
    muni__buf_puts(b, "</tr>\n");
}

static void table(muni__buf *b, const muni_report *r, bool ja) {
    muni__buf_puts(b, "<div class=\"table\" role=\"region\" aria-labelledby=\"caption\" tabindex=\"0\">\n<table>\n<caption id=\"caption\">");
    escape(b, muni__title_in(&r->rows.title, ja));
    if (r->columns.field) {
        muni__buf_puts(b, ja ? "×" : " by ");
        escape(b, muni__title_in(&r->columns.title, ja));
    }
    muni__buf_puts(b, ja ? "の" : ": ");
    escape(b, muni__title_in(&r->measured, ja));
    given(b, r, ja);
    muni__buf_puts(b, "</caption>\n<thead>\n<tr>");
    head(b, NULL, "col", muni__title_in(&r->rows.title, ja), NULL);
    for (size_t i = 0; i < r->columns.count; i++)
        head(b, NULL, "col", muni__title_in(&r->columns.items[i].title, ja), r->columns.items[i].month);
    if (r->columns.total)
        head(b, "total", "col", muni__title_in(&muni__report_total, ja), NULL);
    muni__buf_puts(b, "</tr>\n</thead>\n<tbody>\n");
    for (size_t i = 0; i < r->rows.count; i++)
        row(b, r, i, muni__title_in(&r->rows.items[i].title, ja));
    muni__buf_puts(b, "</tbody>\n");
    if (r->rows.total) {
        muni__buf_puts(b, "<tfoot>\n");
        row(b, r, r->rows.count, muni__title_in(&muni__report_total, ja));
        muni__buf_puts(b, "</tfoot>\n");
    }
    muni__buf_puts(b, "</table>\n</div>\n");
}

muni_status muni__render_html(const muni_report *r, bool ja, muni__buf *out) {
    muni_status st;
    muni__buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head>\n<meta charset=\"utf-8\"/>\n", ja ? "ja" : "en");
    muni__buf_puts(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>");
    escape(out, muni__title_in(&r->title, ja));
    given(out, r, ja);
    muni__buf_puts(out, ja ? " " : ", ");
    MUNI_TRY(when(out, r, ja, false));
    muni__buf_puts(out, ja ? "作成" : "");
    muni__buf_puts(out, r->test ? ja ? "【試験用】" : " [TEST]" : "");
    muni__buf_puts(out, "</title>\n<style>");
    muni__buf_puts(out, style);
    muni__buf_puts(out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">");
    muni__buf_puts(out, ja ? "本文へ移動" : "Skip to the content");
    muni__buf_puts(out, "</a>\n<main id=\"main\" tabindex=\"-1\">\n<h1>");
    escape(out, muni__title_in(&r->title, ja));
    muni__buf_puts(out, "</h1>\n");
    if (r->test)
        muni__buf_puts(out, ja ? "<p class=\"test\">【試験用】この帳票は、試験用に作られた保存先のデータによるものです。実際の件数ではありません。</p>\n"
                               : "<p class=\"test\">[TEST] This report was made from a store for tests. Its figures are not real ones.</p>\n");
    muni__buf_puts(out, "<dl>\n");
    for (size_t i = 0; i < r->nparams; i++) {
        term(out, muni__title_in(&r->params[i].title, ja));
        value(out, &r->params[i].value);
        muni__buf_puts(out, "</dd>\n");
    }
    term(out, ja ? "対象" : "Records");
    escape(out, ja ? r->kind->ja : r->kind->en);
    muni__buf_puts(out, "</dd>\n");
    term(out, ja ? "集計" : "Measure");
    escape(out, muni__title_in(&r->measured, ja));
    muni__buf_puts(out, "</dd>\n");
    term(out, ja ? "作成日時" : "Made at");
    MUNI_TRY(when(out, r, ja, true));
    muni__buf_puts(out, "</dd>\n</dl>\n");
    table(out, r, ja);
    muni__buf_puts(out, "</main>\n</body>\n</html>\n");
    st = out->st;
out:
    return st;
}
