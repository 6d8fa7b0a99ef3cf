/* The store as a whole: making it, looking at it, verifying its history. */
#include "municipal.h"

#include <stdlib.h>
#include <string.h>

int do_init(cli *c) {
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    const char *path = c->args ? c->arg[0] : c->option[O_DB];
    char *own = NULL;
    int code = DONE;
    if (!path)
        return usage(c, "which file? municipal init FILE", "ファイル名を指定してください: municipal init ファイル");
    if (c->args && c->option[O_DB] && strcmp(c->arg[0], c->option[O_DB]) != 0)
        return usage(c, "init makes one store, and --db names another one", "initの引数と--dbが別のファイルを指しています");
    if (c->option[O_NOW] && !moment_read(c->option[O_NOW], &o.now))
        return usage(c, "--now is a moment such as 2027-04-01T09:00:00+09:00",
                     "--nowは2027-04-01T09:00:00+09:00のように指定してください");
    if (!c->option[O_ADMIN] && !(own = os_user()))
        return usage(c, "the operating system does not know this user; name the administrator: --admin LOGIN",
                     "OSの利用者名が分かりません。--admin で管理者のログイン名を指定してください");
    o.test = c->option[O_TEST] != NULL;
    o.admin = own ? own : c->option[O_ADMIN];
    o.admin_name = c->option[O_ADMIN_NAME];
    if (muni_create(path, &o, &c->db) < 0) {
        bool exists = muni_error_code() == MUNI_EUNIQUE;
        code = fail(c);
        if (exists)
            (void)fprintf(stderr, c->ja ? "  対処: %s\n" : "  remedy: %s\n",
                          c->ja ? "別のファイル名にしてください" : "choose another name; a store is never overwritten");
    } else if (c->format == FORMAT_TABLE) {
        char *name = text_safe(path), *admin = text_safe(o.admin);
        (void)printf(c->ja ? "保存先 %s を作成しました（管理者 %s%s）\n" : "made %s (administrator %s%s)\n", name ? name : "",
                     admin ? admin : "", !o.test ? "" : in(c, (words){ ", a test store", "、試験用" }));
        free(name);
        free(admin);
    } else
        code = do_info(c);
    free(own);
    return code;
}

int do_whoami(cli *c) {
    muni_rec *rec = NULL;
    int code = connect_session(c);
    if (code == DONE && muni_session_whoami(c->session, &rec) < 0)
        code = fail(c);
    if (code == DONE)
        code = print_record(c, rec);
    muni_rec_free(rec);
    return code;
}

int do_describe(cli *c) {
    const column kinds[] = { { "name", in(c, (words){ "kind", "種別" }), false },
                             { c->ja ? "ja" : "en", in(c, (words){ "title", "名称" }), false },
                             { "doc", in(c, (words){ "meaning (English)", "説明（英文）" }), false } };
    const column fields[] = { { "name", in(c, (words){ "field", "項目" }), false },
                              { c->ja ? "ja" : "en", in(c, (words){ "title", "名称" }), false },
                              { "type", in(c, (words){ "type", "型" }), false },
                              { "flags", in(c, (words){ "marks", "性質" }), false },
                              { "doc", in(c, (words){ "meaning (English)", "説明（英文）" }), false } };
    int code = DONE;
    json_t *all = describe(c, c->args ? c->arg[0] : NULL, &code), *row;
    if (!all)
        return code;
    if (c->format == FORMAT_JSON)
        code = print_json(all);
    else {
        const json_t *rows = c->args ? json_object_get(all, "fields") : all;
        printer *p = c->args ? print_begin(c, fields, COUNT(fields)) : print_begin(c, kinds, COUNT(kinds));
        size_t i;
        code = p ? DONE : fail_memory(c);
        json_array_foreach(rows, i, row) {
            if (code == DONE)
                code = print_row(p, row);
        }
        if (code == DONE)
            code = print_end(p);
        else
            print_drop(p);
    }
    json_decref(all);
    return code;
}

/* ---- evidence */

static int verify(const cli *c, json_t **out) {
    muni_rec *rec = NULL;
    progress_begin();
    muni_status st = muni_audit_verify(c->session, progress, NULL, &rec);
    progress_end();
    if (st < 0)
        return fail(c);
    *out = record_json(rec);
    muni_rec_free(rec);
    return *out ? DONE : fail_memory(c);
}

static long long number_in(const json_t *object, const char *name) {
    return (long long)json_integer_value(json_object_get(object, name));
}

/* Rows of an array that stands in an answer. Nothing is printed in a table where there are none. */
static int print_rows(const cli *c, const json_t *rows, const column *columns, size_t count) {
    json_t *row;
    size_t i;
    if (c->format == FORMAT_TABLE && json_array_size(rows) == 0)
        return DONE;
    printer *p = print_begin(c, columns, count);
    int code = p ? DONE : fail_memory(c);
    json_array_foreach(rows, i, row) {
        if (code == DONE)
            code = print_row(p, row);
    }
    if (code == DONE)
        return print_end(p);
    print_drop(p);
    return code;
}

/* The findings with their message in one language. */
static int print_findings(const cli *c, const json_t *report) {
    const column columns[] = { { "code", in(c, (words){ "code", "コード" }), false },
                               { "kind", in(c, (words){ "kind", "種別" }), false },
                               { "record", in(c, (words){ "record", "レコード" }), true },
                               { "rev", in(c, (words){ "revision", "改訂" }), true },
                               { "history", in(c, (words){ "history row", "履歴行" }), true },
                               { "field", in(c, (words){ "field", "項目" }), false },
                               { "repair", in(c, (words){ "repair", "修復" }), false },
                               { c->ja ? "message_ja" : "message", in(c, (words){ "what is wrong", "内容" }), false } };
    return print_rows(c, json_object_get(report, "findings"), columns, COUNT(columns));
}

int do_audit_verify(cli *c) {
    json_t *report = NULL;
    int code = connect_session(c);
    if (code == DONE)
        code = verify(c, &report);
    if (code != DONE)
        return code;
    bool verified = json_is_true(json_object_get(report, "verified"));
    if (c->format == FORMAT_JSON)
        code = print_json(report);
    else {
        if (c->format == FORMAT_TABLE)
            (void)printf(
                c->ja ? "%s（履歴%lld行、レコード%lld件、封印済み%lld行、問題%lld件）\n末尾のハッシュ %s\n"
                      : "%s (%lld rows of history, %lld records, %lld rows sealed, %lld problems)\nhead %s\n",
                verified ? in(c, (words){ "verified", "検証しました" }) : in(c, (words){ "NOT verified", "検証できません" }),
                number_in(report, "rows"), number_in(report, "records"), number_in(report, "sealed_rows"),
                number_in(report, "problems"),
                json_string_value(json_object_get(report, "head")) ? json_string_value(json_object_get(report, "head")) : "");
        code = print_findings(c, report);
    }
    json_decref(report);
    return code != DONE ? code : verified ? DONE : REFUSED;
}

/* ---- check */

static int check_row(printer *p, const char *what, json_t *value) {
    json_t *row = json_pack("{s:s, s:o}", "what", what, "value", value);
    if (!row)
        return REFUSED;
    int code = print_row(p, row);
    json_decref(row);
    return code;
}

/* Count the records of every kind that this session may read. */
static int check_counts(const cli *c, printer *p) {
    int code = DONE;
    json_t *kinds = describe(c, NULL, &code), *kind;
    size_t i;
    json_array_foreach(kinds, i, kind) {
        const char *name = json_string_value(json_object_get(kind, "name"));
        muni_query *query = NULL;
        char text[128];
        int64_t n = 0;
        (void)snprintf(text, sizeof text, "{\"kind\":\"%s\",\"trash\":\"with\"}", name);
        muni_status st = muni_query_parse(text, MUNI_ZERO_TERMINATED, &query);
        if (st >= 0)
            st = muni_session_count(c->session, query, -1, &n);
        muni_query_free(query);
        if (st == MUNI_EDENIED)
            continue;
        code = st < 0 ? fail(c) : check_row(p, c->ja && c->format == FORMAT_TABLE ? title_of(c, kind) : name, json_integer(n));
        if (code != DONE)
            break;
    }
    json_decref(kinds);
    return code;
}

/* The store's own account, and what was found wrong. */
static int print_check(const cli *c, const json_t *report, bool whole) {
    const column columns[] = { { "what", in(c, (words){ "what", "確認した事項" }), false },
                               { "value", in(c, (words){ "value", "結果" }), false } };
    static const char *const facts[] = { "store", "schema", "test" }, *const counts[] = { "records", "documents", "history_rows", "problems", "repaired" };
    muni_rec *rec = NULL;
    json_t *info = NULL;
    int code = muni_db_info(c->db, &rec) < 0 ? fail(c) : DONE;
    if (code == DONE && !(info = record_json(rec)))
        code = fail_memory(c);
    printer *p = code == DONE ? print_begin(c, columns, COUNT(columns)) : NULL;
    if (code == DONE && !p)
        code = fail_memory(c);
    for (size_t i = 0; i < COUNT(facts) && code == DONE; i++)
        code = check_row(p, facts[i], json_incref(json_object_get(info, facts[i])));
    if (code == DONE)
        code = check_counts(c, p);
    for (size_t i = 0; i < COUNT(counts) && code == DONE; i++)
        code = check_row(p, counts[i], json_incref(json_object_get(report, counts[i])));
    if (code == DONE)
        code = check_row(p, "whole", json_boolean(whole));
    if (code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    if (code == DONE)
        code = print_findings(c, report);
    json_decref(info);
    muni_rec_free(rec);
    return code;
}

int do_check(cli *c) {
    muni_rec *rec = NULL;
    json_t *report = NULL;
    bool repair = c->option[O_REPAIR] != NULL;
    int code = connect_session(c);
    if (code != DONE)
        return code;
    progress_begin();
    muni_status st = muni_store_check(c->session, repair, progress, NULL, &rec);
    progress_end();
    if (st < 0)
        return fail(c);
    if (!(report = record_json(rec)))
        code = fail_memory(c);
    bool whole = json_is_true(json_object_get(report, "whole"));
    if (code == DONE)
        code = c->format == FORMAT_JSON ? print_record(c, rec) : c->format == FORMAT_CSV ? print_findings(c, report) : print_check(c, report, whole);
    if (code == DONE && !whole)
        note(c, repair ? "the store is not whole: what is left follows from nothing; restore what is missing from a backup"
                       : "the store is not whole; municipal check --repair derives anew what can be",
             repair ? "保存先に問題が残っています。レコードから作り直せないものはバックアップから戻してください"
                    : "保存先に問題があります。作り直せるものは municipal check --repair で修復できます");
    json_decref(report);
    muni_rec_free(rec);
    return code != DONE ? code : whole ? DONE : REFUSED;
}

/* ---- upkeep */

/* What was done to the store as a whole, newest first. */
static int print_journal(const cli *c, const json_t *info) {
    const column columns[] = { { "work", in(c, (words){ "work", "作業" }), false },
                               { "begun_at", in(c, (words){ "begun", "開始" }), false },
                               { "done_at", in(c, (words){ "done", "完了" }), false },
                               { "changed", in(c, (words){ "changed", "件数" }), true },
                               { "version", in(c, (words){ "version", "版" }), false } };
    return print_rows(c, json_object_get(info, "journal"), columns, COUNT(columns));
}

/* The record without its journal, and that as rows of its own. */
static int print_info(const cli *c, const muni_rec *rec) {
    const column columns[] = { { "what", in(c, (words){ "field", "項目" }), false }, { "value", in(c, (words){ "value", "値" }), false } };
    json_t *info = record_json(rec);
    printer *p = info ? print_begin(c, columns, COUNT(columns)) : NULL;
    int code = p ? DONE : fail_memory(c);
    for (int32_t i = 0; i < muni_rec_count(rec) && code == DONE; i++) {
        const char *name = muni_rec_name(rec, i);
        if (strcmp(name, "journal") != 0)
            code = check_row(p, name, json_incref(json_object_get(info, name)));
    }
    if (code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    if (code == DONE)
        code = print_journal(c, info);
    json_decref(info);
    return code;
}

int do_info(cli *c) {
    muni_rec *rec = NULL;
    int code = c->db ? DONE : connect_db(c);
    if (code == DONE && muni_db_info(c->db, &rec) < 0)
        code = fail(c);
    if (code == DONE)
        code = c->format == FORMAT_TABLE ? print_info(c, rec) : print_record(c, rec);
    muni_rec_free(rec);
    return code;
}

int do_db_upgrade(cli *c) {
    c->option[O_UPGRADE] = "";
    return do_info(c);
}

/* One of the verbs that answer a record. */
static int upkeep(cli *c, muni_status (*call)(muni_session *session, muni_progress_fn progress, void *user, muni_rec **out), void *user) {
    muni_rec *rec = NULL;
    int code = connect_session(c);
    if (code != DONE)
        return code;
    progress_begin();
    muni_status st = call(c->session, progress, user, &rec);
    progress_end();
    code = st < 0 ? fail(c) : print_record(c, rec);
    muni_rec_free(rec);
    return code;
}

static muni_status copy(muni_session *session, muni_progress_fn tell, void *target, muni_rec **out) {
    return muni_store_copy(session, target, tell, NULL, out);
}

int do_db_copy(cli *c) {
    if (c->option[O_DB] && strcmp(c->arg[0], c->option[O_DB]) != 0)
        return usage(c, "db copy names its source, and --db another store", "db copyのコピー元と--dbが別の保存先を指しています");
    c->option[O_DB] = c->arg[0];
    return upkeep(c, copy, (void *)(uintptr_t)c->arg[1]);
}

int do_db_digest(cli *c) {
    return upkeep(c, muni_store_digest, NULL);
}

int do_db_reindex(cli *c) {
    return upkeep(c, muni_store_reindex, NULL);
}

static muni_status vacuum(muni_session *session, muni_progress_fn unused, void *user, muni_rec **out) {
    (void)unused, (void)user;
    return muni_store_vacuum(session, out);
}

int do_db_vacuum(cli *c) {
    return upkeep(c, vacuum, NULL);
}

/* How many records of each kind there are, and how large the tables and indexes. */
int do_db_statistics(cli *c) {
    const column columns[] = { { "name", in(c, (words){ "table or index", "表・索引" }), false },
                               { "table", in(c, (words){ "of table", "対象の表" }), false },
                               { "bytes", in(c, (words){ "bytes", "バイト" }), true } };
    const column rows[] = { { "what", in(c, (words){ "what", "事項" }), false }, { "value", in(c, (words){ "value", "値" }), true } };
    static const char *const told[] = { "bytes", "free_bytes", "queued" };
    muni_rec *rec = NULL;
    json_t *answer = NULL, *count;
    const char *kind;
    int code = connect_session(c);
    if (code == DONE && muni_store_statistics(c->session, &rec) < 0)
        code = fail(c);
    if (code == DONE && c->format == FORMAT_JSON)
        code = print_record(c, rec);
    else if (code == DONE && !(answer = record_json(rec)))
        code = fail_memory(c);
    if (answer && c->format == FORMAT_TABLE) {
        printer *p = print_begin(c, rows, COUNT(rows));
        code = p ? DONE : fail_memory(c);
        for (size_t i = 0; i < COUNT(told) && code == DONE; i++)
            code = check_row(p, told[i], json_incref(json_object_get(answer, told[i])));
        json_object_foreach(json_object_get(answer, "rows"), kind, count) {
            if (code == DONE)
                code = check_row(p, kind, json_incref(count));
        }
        if (code == DONE)
            code = print_end(p);
        else
            print_drop(p);
    }
    if (answer && code == DONE)
        code = print_rows(c, json_object_get(answer, "objects"), columns, COUNT(columns));
    json_decref(answer);
    muni_rec_free(rec);
    return code;
}
