/* staff: plans of the load of staff and organisation. */
#include "municipal.h"

#include <stdlib.h>

static const char *const counted[] = { "read", "create", "change", "unchanged", "leave", "return", "propose", "mended", "warned", "rejected" };
static const words counted_words[] = { { "rows read", "読取り" },   { "create", "新規" },   { "change", "変更" },  { "unchanged", "変更なし" }, { "leave", "退職" },
                                       { "return", "復帰" },        { "propose", "提案" },  { "mended", "補正" },  { "warned", "警告" },        { "rejected", "拒否" } };

/* One finding as the command prints it: its message in one language. */
static json_t *finding(const cli *c, const muni_rec *rec) {
    static const char *const names[] = { "file", "record", "line", "column", "code", "severity" };
    json_t *row = record_json(rec), *out = json_object();
    for (size_t i = 0; row && out && i < COUNT(names); i++)
        (void)json_object_set(out, names[i], json_object_get(row, names[i]));
    const char *text = json_string_value(json_object_get(row, c->ja ? "message_ja" : "message"));
    if (out)
        (void)json_object_set_new(out, "message", json_string(text ? text : ""));
    json_decref(row);
    return out;
}

static int read_rows(const cli *c, muni_cursor *cursor, bool findings, json_t *into) {
    muni_rec *rec = NULL;
    muni_status st;
    while ((st = muni_cursor_next(cursor, &rec)) == MUNI_ROW) {
        json_t *row = findings ? finding(c, rec) : record_json(rec);
        muni_rec_free(rec);
        if (json_array_append_new(into, row) != 0)
            return fail_memory(c);
    }
    return st < 0 ? fail(c) : DONE;
}

static int print_rows(const cli *c, const json_t *rows, const column *columns, size_t count) {
    printer *p = print_begin(c, columns, count);
    int code = p ? DONE : fail_memory(c);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        if (code == DONE)
            code = print_row(p, row);
    }
    if (code == DONE)
        return print_end(p);
    print_drop(p);
    return code;
}

static int print_people(const cli *c, const json_t *plan, const json_t *findings, const json_t *rows) {
    const column counts[] = { { "what", in(c, (words){ "count", "区分" }), false }, { "n", in(c, (words){ "number", "件数" }), true } };
    const column found[] = { { "file", in(c, (words){ "file", "ファイル" }), false },     { "line", in(c, (words){ "line", "行" }), true },
                             { "column", in(c, (words){ "column", "列" }), false },       { "code", in(c, (words){ "code", "コード" }), false },
                             { "severity", in(c, (words){ "severity", "区分" }), false }, { "message", in(c, (words){ "what was found", "内容" }), false } };
    const column limited[] = { { "name", in(c, (words){ "limit", "制限" }), false },
                               { "value", in(c, (words){ "value", "件数" }), true },
                               { "of", in(c, (words){ "of", "母数" }), true },
                               { "limit", in(c, (words){ "at most", "上限" }), true },
                               { "stops", in(c, (words){ "stops it", "停止" }), false } };
    const column would[] = { { "action", in(c, (words){ "action", "操作" }), false }, { "kind", in(c, (words){ "kind", "種別" }), false },
                             { "key", in(c, (words){ "key", "識別子" }), false },     { "record", in(c, (words){ "record", "レコード" }), true },
                             { "changes", in(c, (words){ "changes", "変更" }), false } };
    if (c->format == FORMAT_CSV && rows)
        return print_rows(c, rows, would, COUNT(would));
    if (c->format == FORMAT_CSV) {
        const column all[] = { { "file", "", false }, { "record", "", false },   { "line", "", false },   { "column", "", false },
                               { "code", "", false }, { "severity", "", false }, { "message", "", false } };
        return print_rows(c, findings, all, COUNT(all));
    }
    (void)printf(c->ja ? "計画 %lld（状態 %s）\n\n" : "plan %lld (state %s)\n\n", (long long)json_integer_value(json_object_get(plan, "id")),
                 json_string_value(json_object_get(plan, "state")));
    json_t *lines = json_array();
    for (size_t i = 0; i < COUNT(counted); i++) {
        json_t *n = json_object_get(json_object_get(plan, "counts"), counted[i]);
        (void)json_array_append_new(lines, json_pack("{s:s, s:O?}", "what", in(c, counted_words[i]), "n", n));
    }
    int code = print_rows(c, lines, counts, COUNT(counts));
    json_decref(lines);
    const json_t *limits = json_object_get(plan, "limits");
    if (code == DONE && json_array_size(limits)) {
        (void)putchar('\n');
        code = print_rows(c, limits, limited, COUNT(limited));
    }
    if (code == DONE && json_array_size(findings)) {
        (void)putchar('\n');
        code = print_rows(c, findings, found, COUNT(found));
    }
    if (code == DONE && rows) {
        (void)putchar('\n');
        code = print_rows(c, rows, would, COUNT(would));
    }
    return code;
}

/* A plan, its findings, and with --rows what it would do. */
static int print_plan(const cli *c, const muni_rec *rec) {
    muni_cursor *cursor = NULL;
    json_t *plan = record_json(rec), *findings = json_array(), *rows = c->option[O_ROWS] ? json_array() : NULL;
    int code = plan && findings ? DONE : fail_memory(c);
    int64_t id = muni_rec_int(rec, muni_rec_find(rec, "id"));
    if (code == DONE && muni_plan_findings(c->session, id, &cursor) < 0)
        code = fail(c);
    if (code == DONE)
        code = read_rows(c, cursor, true, findings);
    muni_cursor_unref(cursor);
    cursor = NULL;
    if (code == DONE && rows) {
        code = muni_plan_rows(c->session, id, &cursor) < 0 ? fail(c) : read_rows(c, cursor, false, rows);
        muni_cursor_unref(cursor);
    }
    if (code == DONE && c->format == FORMAT_JSON) {
        json_t *out = json_pack("{s:I, s:O?, s:O?, s:O?, s:O}", "plan", (json_int_t)id, "state", json_object_get(plan, "state"), "counts",
                                json_object_get(plan, "counts"), "limits", json_object_get(plan, "limits"), "findings", findings);
        if (out && rows)
            (void)json_object_set(out, "rows", rows);
        code = out ? print_json(out) : fail_memory(c);
        json_decref(out);
    } else if (code == DONE)
        code = print_people(c, plan, findings, rows);
    json_decref(rows);
    json_decref(findings);
    json_decref(plan);
    return code;
}

int do_staff_plan(cli *c) {
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_rec *rec = NULL;
    o.profile = c->option[O_PROFILE];
    o.on = c->option[O_ON];
    o.units = c->option[O_UNITS];
    o.people = c->option[O_PEOPLE];
    o.charset = c->option[O_CHARSET];
    if (!o.on)
        return usage(c, "as of which day do the files speak? --on 2027-04-01", "ファイルの基準日を --on 2027-04-01 のように指定してください");
    if (!o.units && !o.people)
        return usage(c, "which files? --units FILE, --people FILE", "ファイルを --units か --people で指定してください");
    int code = connect_session(c);
    if (code != DONE)
        return code;
    progress_begin();
    muni_status st = muni_staff_plan(c->session, &o, progress, NULL, &rec);
    progress_end();
    code = st < 0 ? fail(c) : print_plan(c, rec);
    muni_rec_free(rec);
    return code;
}

static int plan_id(cli *c, int64_t *id) {
    if (!number_read(c->arg[0], id) || *id < 1)
        return usage(c, "PLAN is the number that staff plan printed", "計画は staff plan が表示した番号で指定してください");
    return connect_session(c);
}

int do_staff_show(cli *c) {
    muni_rec *rec = NULL;
    int64_t id;
    int code = plan_id(c, &id);
    if (code == DONE)
        code = muni_session_get(c->session, "plan", id, NULL, &rec) < 0 ? fail(c) : print_plan(c, rec);
    muni_rec_free(rec);
    return code;
}

int do_staff_approve(cli *c) {
    muni_rec *rec = NULL;
    int64_t id;
    int code = plan_id(c, &id);
    if (code == DONE)
        code = muni_plan_approve(c->session, id, c->option[O_NOTE], &rec) < 0 ? fail(c) : print_record(c, rec);
    muni_rec_free(rec);
    return code;
}

int do_staff_apply(cli *c) {
    muni_rec *rec = NULL;
    int64_t id;
    int code = plan_id(c, &id);
    if (code != DONE)
        return code;
    progress_begin();
    muni_status st = muni_plan_apply(c->session, id, progress, NULL, &rec);
    progress_end();
    code = st < 0 ? fail(c) : print_record(c, rec);
    muni_rec_free(rec);
    return code;
}
