/* The verbs that serve every kind of record. */
#include "municipal.h"

#include <stdlib.h>
#include <string.h>

/* ---- values from the command line */

static int set_reference(const cli *c, muni_rec *rec, const char *name, const char *target, const char *value) {
    int64_t id;
    int code = record_id(c, target, value, &id);
    if (code != DONE)
        return code;
    return muni_rec_set_int(rec, name, id) < 0 ? fail(c) : DONE;
}

/* field=text as the field's type wants it; field= clears; field:=JSON for anything. */
static int set_value(const cli *c, const json_t *kind, muni_rec *rec, const char *text) {
    const char *equals = strchr(text, '=');
    char name[65];
    int64_t n;
    if (!equals || equals == text)
        return usage(c, "a value is written field=value", "値は 項目=値 の形で書いてください");
    bool json = equals > text + 1 && equals[-1] == ':';
    size_t length = (size_t)(equals - text) - json;
    if (length >= sizeof name)
        return usage(c, "the name of a field has at most %d bytes", "項目名は%dバイトまでです", (int)sizeof name - 1);
    memcpy(name, text, length);
    name[length] = '\0';
    const char *value = equals + 1;
    const json_t *field = field_of(kind, name);
    const char *type = json_string_value(json_object_get(field, "type"));
    const char *target = json_string_value(json_object_get(field, "target"));
    muni_status st;
    if (json)
        st = muni_rec_set_json(rec, name, value, MUNI_ZERO_TERMINATED);
    else if (!*value)
        st = muni_rec_set_null(rec, name);
    else if (type && strcmp(type, "JSON") == 0)
        st = muni_rec_set_json(rec, name, value, MUNI_ZERO_TERMINATED);
    else if (type && strcmp(type, "REF") == 0 && target)
        return set_reference(c, rec, name, target, value);
    else if (type && strcmp(type, "BOOL") == 0 &&
             (strcmp(value, "true") == 0 || strcmp(value, "yes") == 0 || strcmp(value, "はい") == 0))
        st = muni_rec_set_bool(rec, name, 1);
    else if (type && strcmp(type, "BOOL") == 0 &&
             (strcmp(value, "false") == 0 || strcmp(value, "no") == 0 || strcmp(value, "いいえ") == 0))
        st = muni_rec_set_bool(rec, name, 0);
    else if (type &&
             (strcmp(type, "INT") == 0 || strcmp(type, "YEN") == 0 || strcmp(type, "SECS") == 0 || strcmp(type, "BYTES") == 0) &&
             number_read(value, &n))
        st = muni_rec_set_int(rec, name, n);
    else
        st = muni_rec_set_text(rec, name, value, MUNI_ZERO_TERMINATED);
    return st < 0 ? fail(c) : DONE;
}

/* An input record from `--json`, or from the arguments from `first` on. */
static int read_values(const cli *c, const char *kind, int first, muni_rec **out) {
    int code = DONE;
    *out = NULL;
    if (c->option[O_JSON]) {
        char *text = NULL;
        size_t length = strlen(c->option[O_JSON]);
        if (c->args > first)
            return usage(c, "values stand in --json or as field=value, not both",
                         "値は--jsonか 項目=値 のどちらか一方で指定してください");
        bool from_stdin = strcmp(c->option[O_JSON], "-") == 0;
        if (from_stdin && (code = read_text(c, "-", &text, &length)) != DONE)
            return code;
        if (muni_rec_parse(from_stdin ? text : c->option[O_JSON], length, out) < 0)
            code = fail(c);
        free(text);
        return code;
    }
    json_t *described = describe(c, kind, &code);
    if (!described)
        return code;
    if (muni_rec_new(out) < 0)
        code = fail(c);
    for (int i = first; i < c->args && code == DONE; i++)
        code = set_value(c, described, *out, c->arg[i]);
    json_decref(described);
    if (code != DONE) {
        muni_rec_free(*out);
        *out = NULL;
    }
    return code;
}

static int revision(const cli *c, int64_t *out) {
    *out = 0;
    if (c->option[O_REV] && (!number_read(c->option[O_REV], out) || *out < 1))
        return usage(c, "--rev is a number from 1", "--revは1以上の整数です");
    return DONE;
}

/* Open the session, and find the record that the first two arguments name. */
static int find_record(cli *c, int64_t *id, int64_t *rev) {
    int code = revision(c, rev);
    if (code == DONE)
        code = connect_session(c);
    if (code == DONE)
        code = record_id(c, c->arg[0], c->arg[1], id);
    return code;
}

static int finish(const cli *c, muni_status st, muni_rec *rec) {
    int code = st < 0 ? fail(c) : rec ? print_record(c, rec) : DONE;
    muni_rec_free(rec);
    return code;
}

/* ---- one record */

int do_show(cli *c) {
    muni_rec *rec = NULL;
    int64_t id, rev;
    int code = find_record(c, &id, &rev);
    if (code != DONE)
        return code;
    muni_status st = muni_session_get(c->session, c->arg[0], id, c->option[O_FIELDS], &rec);
    return finish(c, st, rec);
}

int do_create(cli *c) {
    muni_rec *values = NULL, *rec = NULL;
    int code = connect_session(c);
    if (code == DONE)
        code = read_values(c, c->arg[0], 1, &values);
    if (code == DONE) {
        muni_status st = muni_session_create(c->session, c->arg[0], values, &rec);
        code = finish(c, st, rec);
    }
    muni_rec_free(values);
    return code;
}

int do_update(cli *c) {
    muni_rec *values = NULL, *rec = NULL;
    int64_t id, rev;
    if (c->args < 3 && !c->option[O_JSON])
        return usage(c, "what is to change? field=value, or --json", "変更する内容を 項目=値 か --json で指定してください");
    int code = find_record(c, &id, &rev);
    if (code == DONE)
        code = read_values(c, c->arg[0], 2, &values);
    if (code == DONE) {
        muni_status st = muni_session_update(c->session, c->arg[0], id, rev, values, &rec);
        code = finish(c, st, rec);
    }
    muni_rec_free(values);
    return code;
}

int do_do(cli *c) {
    muni_rec *values = NULL, *rec = NULL;
    int64_t id, rev;
    int code = find_record(c, &id, &rev);
    if (code == DONE)
        code = read_values(c, c->arg[0], 3, &values);
    if (code == DONE) {
        muni_status st = muni_session_transition(c->session, c->arg[0], id, rev, c->arg[2], values, &rec);
        code = finish(c, st, rec);
    }
    muni_rec_free(values);
    return code;
}

int do_trash(cli *c) {
    muni_rec *rec = NULL;
    int64_t id, rev;
    int code = find_record(c, &id, &rev);
    if (code != DONE)
        return code;
    muni_status st = muni_session_trash(c->session, c->arg[0], id, rev, &rec);
    return finish(c, st, rec);
}

int do_restore(cli *c) {
    muni_rec *rec = NULL;
    int64_t id, rev;
    int code = find_record(c, &id, &rev);
    if (code != DONE)
        return code;
    muni_status st = muni_session_restore(c->session, c->arg[0], id, rev, &rec);
    return finish(c, st, rec);
}

int do_comment(cli *c) {
    muni_rec *rec = NULL;
    char *body = NULL;
    size_t length;
    int64_t id, rev;
    int code = find_record(c, &id, &rev);
    bool from_stdin = strcmp(c->arg[2], "-") == 0;
    if (code == DONE && from_stdin)
        code = read_text(c, "-", &body, &length);
    if (code == DONE) {
        muni_status st = muni_session_comment(c->session, c->arg[0], id, from_stdin ? body : c->arg[2], &rec);
        code = finish(c, st, rec);
    }
    free(body);
    return code;
}

int do_transitions(cli *c) {
    const column columns[] = { { "name", in(c, (words){ "transition", "操作" }), false },
                               { c->ja ? "ja" : "en", in(c, (words){ "title", "名称" }), false },
                               { "to", in(c, (words){ "to", "移る状態" }), false },
                               { "needs", in(c, (words){ "needs", "必要な項目" }), false } };
    int64_t id, rev;
    char *text = NULL;
    int code = find_record(c, &id, &rev);
    if (code != DONE)
        return code;
    if (muni_session_transitions(c->session, c->arg[0], id, &text) < 0)
        return fail(c);
    json_t *all = json_loads(text, 0, NULL), *row;
    printer *p = all ? print_begin(c, columns, COUNT(columns)) : NULL;
    size_t i;
    code = p ? DONE : fail_memory(c);
    json_array_foreach(all, i, row) {
        if (code == DONE)
            code = print_row(p, row);
    }
    if (code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    json_decref(all);
    muni_free(text);
    return code;
}

/* A member, or in Japanese its title where it has one. */
static const json_t *shown_value(const cli *c, const json_t *change, const char *name, const char *title) {
    const json_t *titled = c->ja ? json_object_get(change, title) : NULL;
    return titled ? titled : json_object_get(change, name);
}

/* What changed, for people: field: before → after, … */
static json_t *change_words(const cli *c, const json_t *changes) {
    size_t room = 1, i;
    const json_t *change;
    json_t *out = NULL;
    char *text = calloc(1, 1);
    json_array_foreach(changes, i, change) {
        const json_t *before = shown_value(c, change, "before", "before_title"),
                     *after = shown_value(c, change, "after", "after_title");
        char *b = before && !json_is_null(before) ? json_dumps(before, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("-");
        char *a = after && !json_is_null(after) ? json_dumps(after, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("-");
        const char *name = json_string_value(shown_value(c, change, "field", "title"));
        size_t more = a && b && name ? strlen(name) + strlen(a) + strlen(b) + 16 : 0;
        char *grown = text && more ? realloc(text, room + more) : NULL;
        if (grown) {
            int n = snprintf(grown + room - 1, more, "%s%s: %s → %s", room > 1 ? "; " : "", name, b, a);
            room += (size_t)n;
            text = grown;
        }
        free(a);
        free(b);
        if (!grown) {
            free(text);
            return NULL;
        }
    }
    if (text)
        out = json_string(text);
    free(text);
    return out;
}

int do_history(cli *c) {
    const column columns[] = { { "rev", in(c, (words){ "rev", "改訂" }), true },
                               { "at", in(c, (words){ "at", "日時" }), false },
                               { "action", in(c, (words){ "action", "操作" }), false },
                               { "actor_name", in(c, (words){ "actor", "操作者" }), false },
                               { "application", in(c, (words){ "application", "経路" }), false },
                               { "reason", in(c, (words){ "reason", "理由" }), false },
                               { "changes", in(c, (words){ "changes", "変更" }), false } };
    muni_cursor *cursor = NULL;
    muni_rec *rec = NULL;
    muni_status st = MUNI_OK;
    int64_t id, rev;
    int code = find_record(c, &id, &rev);
    if (code == DONE && muni_session_history(c->session, c->arg[0], id, &cursor) < 0)
        code = fail(c);
    printer *p = code == DONE ? print_begin(c, columns, COUNT(columns)) : NULL;
    if (code == DONE && !p)
        code = fail_memory(c);
    while (code == DONE && (st = muni_cursor_next(cursor, &rec)) == MUNI_ROW) {
        json_t *row = record_json(rec);
        muni_rec_free(rec);
        if (row && c->format == FORMAT_TABLE)
            (void)json_object_set_new(row, "changes", change_words(c, json_object_get(row, "changes")));
        code = row ? print_row(p, row) : fail_memory(c);
        json_decref(row);
    }
    if (code == DONE && st < 0)
        code = fail(c);
    if (code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    muni_cursor_unref(cursor);
    return code;
}

/* ---- many records */

/* a,b,c as a JSON array. */
static json_t *split(const char *names) {
    json_t *list = json_array();
    for (const char *p = names; list && *p;) {
        size_t n = strcspn(p, ",");
        if (n && json_array_append_new(list, json_stringn(p, n)) != 0) {
            json_decref(list);
            return NULL;
        }
        p += n + (p[n] == ',');
    }
    return list;
}

/* A member of the query; what cannot be kept must not be lost, or more would be listed than was asked for. */
static int put(const cli *c, json_t *query, const char *name, json_t *value) {
    return value && json_object_set_new(query, name, value) == 0 ? DONE : fail_memory(c);
}

int query_build(const cli *c, const char *kind, const char *text, json_t **out) {
    json_error_t error;
    json_t *query = json_pack("{s:s}", "kind", kind);
    int code = query ? DONE : fail_memory(c);
    int64_t limit = 0;
    if (code == DONE && c->option[O_WHERE]) {
        json_t *where = json_loads(c->option[O_WHERE], JSON_REJECT_DUPLICATES, &error);
        if (where)
            code = put(c, query, "where", where);
        else
            code = usage(c, "--where is not JSON (at character %d)", "--whereがJSONではありません（%d文字目）", error.column);
    }
    if (text && code == DONE)
        code = put(c, query, "words", json_string(text));
    if (c->option[O_ORDER] && code == DONE)
        code = put(c, query, "order", split(c->option[O_ORDER]));
    if (c->option[O_FIELDS] && code == DONE)
        code = put(c, query, "fields", split(c->option[O_FIELDS]));
    if (c->option[O_AFTER] && code == DONE)
        code = put(c, query, "after", json_string(c->option[O_AFTER]));
    if (c->option[O_TRASH] && code == DONE)
        code = put(c, query, "trash", json_string(c->option[O_TRASH]));
    if (c->option[O_LIMIT] && code == DONE) {
        if (c->option[O_ALL])
            code = usage(c, "--all and --limit exclude each other", "--allと--limitは一緒に使えません");
        else if (!number_read(c->option[O_LIMIT], &limit) || limit < 1)
            code = usage(c, "--limit is a number from 1", "--limitは1以上の整数です");
        else
            code = put(c, query, "limit", json_integer(limit));
    }
    if (code != DONE) {
        json_decref(query);
        query = NULL;
    }
    *out = query;
    return code;
}

static int print_count(const cli *c, const json_t *query) {
    char *text = json_dumps(query, JSON_COMPACT);
    muni_query *parsed = NULL;
    int64_t n = 0;
    int code = text ? DONE : fail_memory(c);
    if (code == DONE && muni_query_parse(text, MUNI_ZERO_TERMINATED, &parsed) < 0)
        code = fail(c);
    if (code == DONE && muni_session_count(c->session, parsed, -1, &n) < 0)
        code = fail(c);
    if (code == DONE)
        (void)printf(c->format == FORMAT_JSON  ? "{\"count\":%lld}\n"
                     : c->format == FORMAT_CSV ? "count\r\n%lld\r\n"
                                               : "%lld\n",
                     (long long)n);
    muni_query_free(parsed);
    free(text);
    return code;
}

static int list_words(cli *c, const char *text) {
    json_t *query = NULL;
    int code = query_build(c, c->arg[0], text, &query);
    if (code == DONE)
        code = connect_session(c);
    if (code == DONE)
        code = c->option[O_COUNT] ? print_count(c, query) : list_query(c, query, !c->option[O_ALL] && !c->option[O_LIMIT]);
    json_decref(query);
    return code;
}

int do_list(cli *c) {
    return list_words(c, c->option[O_WORDS]);
}

int do_search(cli *c) {
    size_t room = 1;
    for (int i = 1; i < c->args; i++)
        room += strlen(c->arg[i]) + 1;
    if (room == 1 + (size_t)(c->args - 1))
        return usage(c, "which words?", "検索する語を指定してください");
    char *text = calloc(room, 1);
    if (!text)
        return fail_memory(c);
    for (int i = 1, n = 0; i < c->args; i++)
        n += snprintf(text + n, room - (size_t)n, "%s%s", i > 1 ? " " : "", c->arg[i]);
    int code = list_words(c, text);
    free(text);
    return code;
}

/* ---- behaviour as data */

int do_define(cli *c) {
    muni_rec *values = NULL, *rec = NULL;
    char *body = NULL;
    size_t length = 0;
    int code = connect_session(c);
    if (code == DONE)
        code = read_text(c, c->arg[2], &body, &length);
    if (code == DONE && (muni_rec_new(&values) < 0 || muni_rec_set_text(values, "family", c->arg[0], MUNI_ZERO_TERMINATED) < 0 ||
                         muni_rec_set_text(values, "name", c->arg[1], MUNI_ZERO_TERMINATED) < 0 ||
                         muni_rec_set_json(values, "body", body, length) < 0 ||
                         (c->option[O_TITLE] && muni_rec_set_text(values, "title", c->option[O_TITLE], MUNI_ZERO_TERMINATED) < 0)))
        code = fail(c);
    if (code == DONE && c->option[O_ACTIVATE] && muni_session_begin(c->session) < 0)
        code = fail(c);
    if (code == DONE && muni_session_create(c->session, "definition", values, &rec) < 0)
        code = fail(c);
    if (code == DONE && c->option[O_ACTIVATE]) {
        muni_rec *draft = rec;
        rec = NULL;
        if (muni_session_transition(c->session, "definition", muni_rec_int(draft, muni_rec_find(draft, "id")), 0, "activate", NULL,
                                    &rec) < 0 ||
            muni_session_commit(c->session) < 0)
            code = fail(c);
        muni_rec_free(draft);
    }
    if (code == DONE)
        code = print_record(c, rec);
    muni_rec_free(rec);
    muni_rec_free(values);
    free(body);
    return code;
}
