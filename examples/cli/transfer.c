/* import, export. */
#include "municipal.h"

#include <stdlib.h>
#include <string.h>

/* Options of the library as JSON text; NULL: out of memory, or usage (then `*code` is not DONE). free() it. */
static char *options_text(const cli *c, json_t *options, int *code) {
    char *text = options ? json_dumps(options, JSON_COMPACT) : NULL;
    json_decref(options);
    if (*code == DONE && !text)
        *code = fail_memory(c);
    return text;
}

/* An option, where it is given; one that cannot be kept takes all of them with it. */
static void put(json_t **options, const char *name, const char *value) {
    if (*options && value && json_object_set_new(*options, name, json_string(value)) != 0) {
        json_decref(*options);
        *options = NULL;
    }
}

int do_import(cli *c) {
    const column columns[] = { { "line", in(c, (words){ "line", "行" }), true },
                               { "column", in(c, (words){ "column", "列" }), false },
                               { "code", in(c, (words){ "code", "コード" }), false },
                               { c->ja ? "message_ja" : "message", in(c, (words){ "what is wrong", "内容" }), false } };
    int code = DONE;
    json_t *options = json_object(), *answer = NULL, *row;
    put(&options, "charset", c->option[O_CHARSET]);
    put(&options, "on_error", c->option[O_ON_ERROR]);
    if (c->option[O_COLUMNS]) {
        json_error_t error;
        json_t *map = json_loads(c->option[O_COLUMNS], JSON_REJECT_DUPLICATES, &error);
        if (!map)
            code = usage(c, "--columns is not JSON (at character %d)", "--columnsがJSONではありません（%d文字目）", error.column);
        else if (!options || json_object_set_new(options, "columns", map) != 0)
            code = fail_memory(c);
    }
    char *text = options_text(c, options, &code);
    if (code == DONE)
        code = connect_session(c);
    if (code == DONE) {
        muni_rec *rec = NULL;
        progress_begin();
        muni_status st = muni_session_import(c->session, c->arg[0], c->arg[1], text, progress, NULL, &rec);
        progress_end();
        code = st < 0 ? fail(c) : (answer = record_json(rec)) ? DONE : fail_memory(c);
        muni_rec_free(rec);
    }
    free(text);
    long long errors = (long long)json_integer_value(json_object_get(answer, "errors"));
    long long created = (long long)json_integer_value(json_object_get(answer, "created"));
    if (code == DONE && c->format == FORMAT_JSON)
        code = print_json(answer);
    else if (code == DONE) {
        const json_t *findings = json_object_get(answer, "findings");
        size_t i;
        if (c->format == FORMAT_TABLE)
            (void)printf(c->ja ? "読取り%lld行、登録%lld件、対象外%lld行、誤り%lld件\n" : "%lld rows read, %lld created, %lld skipped, %lld errors\n",
                         (long long)json_integer_value(json_object_get(answer, "read")), created,
                         (long long)json_integer_value(json_object_get(answer, "skipped")), errors);
        printer *p = c->format == FORMAT_CSV || json_array_size(findings) ? print_begin(c, columns, COUNT(columns)) : NULL;
        json_array_foreach(findings, i, row) {
            if (code == DONE)
                code = p ? print_row(p, row) : fail_memory(c);
        }
        if (p && code == DONE)
            code = print_end(p);
        else
            print_drop(p);
    }
    if (code == DONE && json_is_true(json_object_get(answer, "done_before")))
        note(c, "this file was imported before; nothing was done", "このファイルは取込み済みです。何もしませんでした");
    if (code == DONE && errors && !created) {
        note(c, "nothing was written; --on-error skip writes the rows without errors", "何も書いていません。--on-error skip で誤りのない行だけを書きます");
        code = REFUSED;
    }
    json_decref(answer);
    return code;
}

int do_export(cli *c) {
    int code = DONE;
    json_t *options = json_object(), *query = NULL;
    put(&options, "format", c->format == FORMAT_JSON ? "json" : "csv");
    put(&options, "charset", c->option[O_CHARSET]);
    put(&options, "header", c->option[O_HEADER]);
    put(&options, "formulas", c->option[O_FORMULAS]);
    char *text = options_text(c, options, &code), *asked = NULL;
    if (code == DONE)
        code = query_build(c, c->arg[0], c->option[O_WORDS], &query);
    if (code == DONE && !(asked = json_dumps(query, JSON_COMPACT)))
        code = fail_memory(c);
    json_decref(query);
    if (code == DONE)
        code = connect_session(c);
    muni_query *parsed = NULL;
    muni_rec *rec = NULL;
    if (code == DONE && muni_query_parse(asked, MUNI_ZERO_TERMINATED, &parsed) < 0)
        code = fail(c);
    if (code == DONE) {
        progress_begin();
        muni_status st = muni_session_export(c->session, parsed, c->arg[1], text, progress, NULL, &rec);
        progress_end();
        code = st < 0 ? fail(c) : print_record(c, rec);
    }
    muni_rec_free(rec);
    muni_query_free(parsed);
    free(asked);
    free(text);
    return code;
}
