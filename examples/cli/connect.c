/* What several verbs need: the store and who acts on it, descriptions, ids, lists. */
#include "municipal.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *os_user(void) {
    struct passwd *user = getpwuid(getuid());
    return user && user->pw_name && *user->pw_name ? strdup(user->pw_name) : NULL;
}

int connect_db(cli *c) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    int64_t now = 0;
    if (!c->option[O_DB])
        return usage(c, "which store? --db FILE", "保存先を --db ファイル で指定してください");
    if (c->option[O_NOW] && !moment_read(c->option[O_NOW], &now))
        return usage(c, "--now is a moment such as 2027-04-01T09:00:00+09:00",
                     "--nowは2027-04-01T09:00:00+09:00のように指定してください");
    o.upgrade = c->option[O_UPGRADE] != NULL;
    o.progress = progress;
    if (o.upgrade)
        progress_begin();
    muni_status st = muni_open(c->option[O_DB], &o, &c->db);
    if (o.upgrade)
        progress_end();
    if (st < 0)
        return fail_open(c);
    if (c->option[O_NOW] && muni_db_set_now(c->db, now) < 0)
        return fail(c);
    return DONE;
}

int connect_session(cli *c) {
    char *own = NULL;
    int code = connect_db(c);
    if (code != DONE)
        return code;
    if (!c->option[O_AS] && !(own = os_user())) {
        note(c, "the operating system does not know this user; name a login: --as LOGIN",
             "OSの利用者名が分かりません。--as でログイン名を指定してください");
        return REFUSED;
    }
    if (muni_db_session(c->db, own ? own : c->option[O_AS], "municipal", c->option[O_REASON], &c->session) < 0)
        code = fail(c);
    free(own);
    return code;
}

json_t *describe(const cli *c, const char *kind, int *code) {
    char *text = NULL;
    *code = DONE;
    if (muni_describe(kind, &text) < 0) {
        *code = fail(c);
        return NULL;
    }
    json_t *value = json_loads(text, 0, NULL);
    muni_free(text);
    if (!value)
        *code = fail_memory(c);
    return value;
}

const char *title_of(const cli *c, const json_t *described) {
    const char *title = json_string_value(json_object_get(described, c->ja ? "ja" : "en"));
    return title ? title : "";
}

json_t *field_of(const json_t *kind, const char *name) {
    size_t i;
    json_t *field;
    json_array_foreach(json_object_get(kind, "fields"), i, field) {
        if (strcmp(json_string_value(json_object_get(field, "name")), name) == 0)
            return field;
    }
    return NULL;
}

int record_id(const cli *c, const char *kind, const char *text, int64_t *out) {
    muni_rec *rec = NULL;
    if (text[0] >= '1' && text[0] <= '9' && number_read(text, out))
        return DONE;
    if (muni_session_find(c->session, kind, text + (text[0] == '@'), "id", &rec) < 0)
        return fail(c);
    *out = muni_rec_int(rec, muni_rec_find(rec, "id"));
    muni_rec_free(rec);
    return DONE;
}

int read_text(const cli *c, const char *path, char **out, size_t *length) {
    enum { MOST = 16 << 20 };
    FILE *from = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    size_t room = 65536, n = 0;
    char *text = malloc(room);
    int code = DONE;
    if (!from)
        code = fail_file(c, path);
    else if (!text)
        code = fail_memory(c);
    while (code == DONE) {
        n += fread(text + n, 1, room - 1 - n, from);
        if (n < room - 1) {
            if (ferror(from))
                code = fail_file(c, path);
            break;
        }
        if (room >= MOST) {
            note(c, "the text is longer than 16 MiB", "入力が16MiBを超えています");
            code = REFUSED;
            break;
        }
        char *more = realloc(text, room * 2);
        if (!more) {
            code = fail_memory(c);
            break;
        }
        text = more;
        room *= 2;
    }
    if (from && from != stdin)
        (void)fclose(from);
    if (code != DONE) {
        free(text);
        return code;
    }
    text[n] = '\0';
    *out = text;
    *length = n;
    return DONE;
}

/* ---- lists */

static bool has_flag(const json_t *field, const char *flag) {
    size_t i;
    const json_t *one;
    json_array_foreach(json_object_get(field, "flags"), i, one) {
        if (strcmp(json_string_value(one), flag) == 0)
            return true;
    }
    return false;
}

/* What a table shows where nothing is asked for: enough to know the record by. */
static json_t *usual_fields(const json_t *kind) {
    static const char *const first[] = { "id", "number", "type", "state" };
    json_t *names = json_array();
    const char *title = json_string_value(json_object_get(kind, "title"));
    size_t i;
    const json_t *field;
    for (i = 0; i < COUNT(first); i++)
        if ((strcmp(first[i], "id") == 0 || field_of(kind, first[i])) &&
            (strcmp(first[i], "type") != 0 || json_array_size(json_object_get(kind, "types")) > 0))
            (void)json_array_append_new(names, json_string(first[i]));
    json_array_foreach(json_object_get(kind, "fields"), i, field) {
        const char *name = json_string_value(json_object_get(field, "name"));
        bool known = strcmp(name, "source_no") == 0;
        for (size_t k = 0; k < COUNT(first); k++)
            known = known || strcmp(first[k], name) == 0;
        if (!known && (has_flag(field, "unique") || strcmp(name, title) == 0 || strcmp(name, "code") == 0))
            (void)json_array_append_new(names, json_string(name));
    }
    (void)json_array_append_new(names, json_string("updated_at"));
    return names;
}

/* Every field that is not personal, as the library gives them where nothing is asked for. */
static json_t *all_fields(const json_t *kind) {
    json_t *names = json_array();
    size_t i;
    const json_t *field;
    json_array_foreach(json_object_get(kind, "fields"), i, field) {
        if (!has_flag(field, "personal"))
            (void)json_array_append_new(names, json_incref(json_object_get(field, "name")));
    }
    return names;
}

/* Titles of the columns; a field through a reference is called by its path. */
static column *columns_for(const cli *c, const json_t *kind, const json_t *names) {
    column *columns = calloc(json_array_size(names) + 1, sizeof *columns);
    size_t i;
    const json_t *name;
    if (!columns)
        return NULL;
    json_array_foreach(names, i, name) {
        const json_t *field = field_of(kind, json_string_value(name));
        const char *type = json_string_value(json_object_get(field, "type"));
        columns[i].name = json_string_value(name);
        columns[i].title = field && *title_of(c, field) ? title_of(c, field) : json_string_value(name);
        columns[i].right = type && (strcmp(type, "INT") == 0 || strcmp(type, "REF") == 0 || strcmp(type, "YEN") == 0 ||
                                    strcmp(type, "BYTES") == 0);
    }
    return columns;
}

static int list_rows(const cli *c, const char *text, const column *columns, size_t count, int64_t most, bool *more, char **token) {
    muni_query *query = NULL;
    muni_cursor *cursor = NULL;
    muni_rec *rec = NULL;
    int code = DONE;
    if (muni_query_parse(text, MUNI_ZERO_TERMINATED, &query) < 0)
        return fail(c);
    if (muni_session_list(c->session, query, &cursor) < 0)
        code = fail(c);
    printer *p = code == DONE ? print_begin(c, columns, count) : NULL;
    muni_status st = MUNI_OK;
    if (code == DONE && !p)
        code = fail_memory(c);
    for (int64_t n = 0; code == DONE && (st = muni_cursor_next(cursor, &rec)) == MUNI_ROW; n++) {
        if (most >= 0 && n == most) {
            *more = true;
            muni_rec_free(rec);
            break;
        }
        json_t *row = record_json(rec);
        code = row ? print_row(p, row) : muni_error_code() ? fail(c) : fail_memory(c);
        json_decref(row);
        muni_rec_free(rec);
        if (code == DONE && most >= 0 && n + 1 == most && muni_cursor_token(cursor, token) < 0)
            code = fail(c);
    }
    if (code == DONE && st < 0)
        code = fail(c);
    if (code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    muni_cursor_unref(cursor);
    muni_query_free(query);
    return code;
}

int list_query(const cli *c, json_t *query, bool page) {
    int code = DONE;
    json_t *kind = describe(c, json_string_value(json_object_get(query, "kind")), &code);
    if (!kind)
        return code;
    json_t *names = json_incref(json_object_get(query, "fields"));
    if (!names) {
        names = c->format == FORMAT_TABLE ? usual_fields(kind) : all_fields(kind);
        if (c->format == FORMAT_TABLE)
            (void)json_object_set(query, "fields", names);
    }
    column *columns = names ? columns_for(c, kind, names) : NULL;
    char *text = json_dumps(query, JSON_COMPACT), *token = NULL;
    bool more = false;
    if (!columns || !text)
        code = fail_memory(c);
    else
        code = list_rows(c, text, columns, json_array_size(names), page ? 100 : -1, &more, &token);
    if (code == DONE && more)
        note(c, "there are more: --all shows them all, --limit N so many, --after %s the next",
             "続きがあります。--all ですべて、--limit N で件数を指定、--after %s で次を表示します", token);
    muni_free(token);
    free(text);
    free(columns);
    json_decref(names);
    json_decref(kind);
    return code;
}
