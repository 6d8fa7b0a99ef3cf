/* report: which there are, running one, what stands behind a cell. */
#include "municipal.h"

#include <stdlib.h>
#include <string.h>

int do_report_list(cli *c) {
    json_t *query = json_pack("{s:s, s:{s:[{s:s,s:s,s:s},{s:s,s:s,s:s}]}, s:[s], s:[s,s,s]}", "kind", "definition", "where", "all", "field", "family", "op",
                              "eq", "value", "report", "field", "state", "op", "eq", "value", "active", "order", "name", "fields", "name", "title", "version");
    int code = query ? connect_session(c) : fail_memory(c);
    if (code == DONE)
        code = list_query(c, query, false);
    json_decref(query);
    return code;
}

/* parameter=value as JSON where it is JSON (a number), else as text. */
static int read_parameters(const cli *c, char **out) {
    json_t *all = json_object();
    int code = all ? DONE : fail_memory(c);
    for (int i = 1; i < c->args && code == DONE; i++) {
        const char *equals = strchr(c->arg[i], '=');
        if (!equals || equals == c->arg[i]) {
            code = usage(c, "a parameter is written name=value", "条件は 名前=値 の形で書いてください");
            break;
        }
        json_t *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
        if (json_object_setn_new(all, c->arg[i], (size_t)(equals - c->arg[i]), value ? value : json_string(equals + 1)) != 0)
            code = fail_memory(c);
    }
    *out = code == DONE ? json_dumps(all, JSON_COMPACT) : NULL;
    if (code == DONE && !*out)
        code = fail_memory(c);
    json_decref(all);
    return code;
}

static int render(const cli *c, const muni_report *report) {
    static const char *const names[] = { [FORMAT_CSV] = "csv", [FORMAT_JSON] = "json", [FORMAT_HTML] = "html" };
    char *text = NULL;
    if (muni_report_render(report, names[c->format], c->ja ? "ja" : "en", &text) < 0)
        return fail(c);
    const char *path = c->option[O_OUTPUT];
    FILE *to = path ? fopen(path, "wb") : stdout;
    int code = DONE;
    bool written = to && fputs(text, to) >= 0;
    if (to && path)
        written = fclose(to) == 0 && written;
    else if (to && c->format == FORMAT_JSON)
        (void)putchar('\n');
    if (!written)
        code = fail_file(c, path ? path : "-");
    muni_free(text);
    return code;
}

/* For people: the table of the JSON rendering, with the figures flush right. */
static int print_table(const cli *c, const muni_report *report) {
    char *text = NULL;
    if (muni_report_render(report, "json", c->ja ? "ja" : "en", &text) < 0)
        return fail(c);
    json_t *all = json_loads(text, 0, NULL), *heads = json_object_get(all, "columns"), *rows = json_object_get(all, "rows"), *one, *figure;
    muni_free(text);
    size_t count = json_array_size(heads), i, k;
    const json_t *totals = json_object_get(all, "totals");
    column *columns = calloc(count + 2, sizeof *columns);
    char(*names)[24] = calloc(count + 2, sizeof *names);
    printer *p = NULL;
    int code = all && columns && names ? DONE : fail_memory(c);
    const char *sum = in(c, (words){ "Total", "合計" });
    bool with_total = json_object_get(json_array_get(rows, 0), "total") != NULL;
    if (code == DONE) {
        columns[0].name = "title";
        columns[0].title = "";
        for (i = 0; i < count; i++) {
            (void)snprintf(names[i], sizeof names[i], "%zu", i);
            columns[i + 1].name = names[i];
            columns[i + 1].title = json_string_value(json_object_get(json_array_get(heads, i), "title"));
            columns[i + 1].right = true;
        }
        columns[count + 1].name = "total";
        columns[count + 1].title = sum;
        columns[count + 1].right = true;
        p = print_begin(c, columns, count + 1 + with_total);
        code = p ? DONE : fail_memory(c);
    }
    if (code == DONE && totals) {
        json_t *last = json_deep_copy(totals);
        (void)json_object_set_new(last, "title", json_string(sum));
        (void)json_array_append_new(rows, last);
    }
    if (code == DONE)
        json_array_foreach(rows, i, one) {
            json_array_foreach(json_object_get(one, "values"), k, figure) {
                if (k < count)
                    (void)json_object_set(one, names[k], figure);
            }
            if (code == DONE)
                code = print_row(p, one);
        }
    if (code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    free(columns);
    free(names);
    json_decref(all);
    return code;
}

/* List what stands behind a cell. */
static int print_cell(const cli *c, const muni_report *report) {
    int64_t row, col;
    char *text = NULL;
    if (!c->option[O_ROW] || !c->option[O_COLUMN] || !number_read(c->option[O_ROW], &row) || !number_read(c->option[O_COLUMN], &col) || row < 1 ||
        col < 1 || row > muni_report_rows(report) || col > muni_report_columns(report))
        return usage(c, "a cell is --row 1 to %d with --column 1 to %d", "セルは --row 1〜%d と --column 1〜%d で指定してください", (int)muni_report_rows(report),
                     (int)muni_report_columns(report));
    if (muni_report_query(report, (int32_t)row - 1, (int32_t)col - 1, &text) < 0)
        return fail(c);
    json_t *query = json_loads(text, 0, NULL);
    muni_free(text);
    int code = query ? list_query(c, query, false) : fail_memory(c);
    json_decref(query);
    return code;
}

int do_report_run(cli *c) {
    muni_report *report = NULL;
    char *params = NULL;
    int code = read_parameters(c, &params);
    if (code == DONE && c->option[O_OUTPUT] && c->format == FORMAT_TABLE)
        code = usage(c, "--output needs --format csv, json or html", "--outputには --format csv、json、html のどれかが必要です");
    if (code == DONE)
        code = connect_session(c);
    if (code == DONE && muni_session_report(c->session, c->arg[0], params, &report) < 0)
        code = fail(c);
    if (code == DONE && (c->option[O_ROW] || c->option[O_COLUMN]))
        code = print_cell(c, report);
    else if (code == DONE)
        code = c->format == FORMAT_TABLE ? print_table(c, report) : render(c, report);
    muni_report_unref(report);
    free(params);
    return code;
}
