/* Runs the conformance scenarios through the C interface of the shared library. driver [DIRECTORY | FILE…] */

#include <dirent.h>
#include <jansson.h>
#include <municipal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SESSIONS 16
#define PLACE 2048 /* of a path */

typedef struct world {
    char directory[256];
    char beside[1024]; /* where the scenario lies */
    json_t *saved;
    muni_calendar *calendar;
    char wrong[4096]; /* the driver's or the scenario's own fault */
    muni_db *db;
    struct {
        char *login, *application, *reason;
        muni_session *session;
    } sessions[MAX_SESSIONS];
    muni_report *report;
} world;

/* ---- small things */

static const char *text_of(const json_t *step, const char *name) {
    return json_string_value(json_object_get(step, name)); /* NULL where it is not there */
}

static int64_t int_of(const json_t *step, const char *name) {
    return json_integer_value(json_object_get(step, name));
}

static json_t *parsed(char *json) { /* takes the text over */
    json_t *v = json ? json_loads(json, JSON_DECODE_ANY, NULL) : NULL;
    muni_free(json);
    return v ? v : json_null();
}

/* Seconds of 2027-04-01T09:00:00+09:00. */
static bool moment_of(const char *s, int64_t *out) {
    int y, mo, d, h, mi, se, oh, om;
    char sign;
    if (!s || sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%c%2d:%2d", &y, &mo, &d, &h, &mi, &se, &sign, &oh, &om) != 9)
        return false;
    int64_t yy = mo <= 2 ? y - 1 : y, era = yy / 400, yoe = yy - era * 400;
    int64_t doy = (153 * (mo + (mo > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    *out = days * 86400 + h * 3600 + mi * 60 + se - (sign == '-' ? -1 : 1) * (oh * 3600 + om * 60);
    return true;
}

static void path_of(const world *w, const char *name, char *out, size_t room) {
    if (name && !strcmp(name, ":memory:"))
        snprintf(out, room, "%s", name);
    else if (name && !strncmp(name, "data/", 5))
        snprintf(out, room, "%s/%s", w->beside, name);
    else
        snprintf(out, room, "%s/%s", w->directory, name ? name : "city.db");
}

/* The same for a store: a schema of the server where MUNI_TEST_SERVER names one, unless a step wrote a file of that name. */
static void store_of(const world *w, const char *name, char *out, size_t room) {
    const char *server = getenv("MUNI_TEST_SERVER");
    path_of(w, name, out, room);
    if (!server || !*server || access(out, F_OK) == 0)
        return;
    snprintf(out, room, "%s%cschema=%s_%s", server, strchr(server, '?') ? '&' : '?', strrchr(w->directory, '/') + 1, name ? name : "city.db");
    for (char *p = strstr(out, "schema=") + 7; *p; p++)
        *p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9') ? *p : '_';
}

/* Its text, or its bytes as hexadecimal digits. */
static json_t *read_file(const char *path, bool hex) {
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    char *p = NULL;
    size_t n = 0, got;
    do {
        p = realloc(p, n + 65536);
        if (!p)
            abort();
        got = fread(p + n, 1, 65536, f);
        n += got;
    } while (got);
    fclose(f);
    char *digits = malloc(2 * n + 1);
    if (!digits)
        abort();
    for (size_t i = 0; i < n; i++)
        snprintf(digits + 2 * i, 3, "%02x", (unsigned)(unsigned char)p[i]);
    json_t *s = hex ? json_stringn(digits, 2 * n) : json_stringn(p, n);
    free(digits);
    free(p);
    return s;
}

static size_t base64(const char *in, unsigned char *out) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0;
    unsigned v = 0;
    int bits = 0;
    for (; *in && *in != '='; in++) {
        const char *p = strchr(digits, *in);
        if (!p)
            continue;
        v = v << 6 | (unsigned)(p - digits);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out[n++] = (unsigned char)(v >> bits & 0xff);
        }
    }
    return n;
}

/* ---- what is compared */

static bool fits(const json_t *want, const json_t *got, bool exact) {
    if (json_is_object(want)) {
        const char *key;
        json_t *v;
        if (json_object_size(want) == 1) {
            if (json_object_get(want, "$any"))
                return got && !json_is_null(got);
            if ((v = json_object_get(want, "$length"))) {
                size_t n = json_is_array(got) ? json_array_size(got) : json_object_size(got);
                if (json_is_string(got)) {
                    n = 0;
                    for (const char *p = json_string_value(got); *p; p++)
                        n += ((unsigned char)*p & 0xc0) != 0x80;
                }
                return (json_int_t)n == json_integer_value(v);
            }
            if ((v = json_object_get(want, "$contains"))) {
                size_t i, j;
                json_t *one, *other;
                json_array_foreach(v, i, one) {
                    bool found = false;
                    json_array_foreach((json_t *)got, j, other)
                        found = found || fits(one, other, exact);
                    if (!found)
                        return false;
                }
                return json_is_array(got);
            }
            if ((v = json_object_get(want, "$begins")))
                return json_is_string(got) && !strncmp(json_string_value(got), json_string_value(v), json_string_length(v));
            if ((v = json_object_get(want, "$text")))
                return json_is_string(got) && strstr(json_string_value(got), json_string_value(v));
        }
        if (!json_is_object(got))
            return false;
        json_object_foreach((json_t *)want, key, v) {
            json_t *other = json_object_get(got, key);
            if (json_object_get(v, "$absent") ? other != NULL : !other || !fits(v, other, exact))
                return false;
        }
        if (exact)
            json_object_foreach((json_t *)got, key, v)
                if (!json_object_get(want, key))
                    return false;
        return true;
    }
    if (json_is_array(want)) {
        if (!json_is_array(got) || json_array_size(want) != json_array_size(got))
            return false;
        for (size_t i = 0; i < json_array_size(want); i++)
            if (!fits(json_array_get(want, i), json_array_get(got, i), exact))
                return false;
        return true;
    }
    return json_equal((json_t *)want, (json_t *)got);
}

/* ---- references */

static json_t *value(world *w, const json_t *v) {
    if (json_is_string(v) && json_string_value(v)[0] == '$') {
        char path[256];
        snprintf(path, sizeof path, "%s", json_string_value(v) + 1);
        json_t *at = w->saved;
        for (char *next = NULL, *part = strtok_r(path, ".", &next); part && at; part = strtok_r(NULL, ".", &next))
            at = json_is_array(at) ? json_array_get(at, (size_t)atoi(part)) : json_object_get(at, part);
        if (!at)
            snprintf(w->wrong, sizeof w->wrong, "nothing saved as %.100s", json_string_value(v));
        return at ? json_incref(at) : json_null();
    }
    if (json_is_object(v)) {
        json_t *out = json_object(), *one;
        const char *key;
        json_object_foreach((json_t *)v, key, one)
            json_object_set_new(out, key, value(w, one));
        return out;
    }
    if (json_is_array(v)) {
        json_t *out = json_array();
        for (size_t i = 0; i < json_array_size(v); i++)
            json_array_append_new(out, value(w, json_array_get(v, i)));
        return out;
    }
    return json_incref((json_t *)v);
}

/* {"$date": …} and {"$time": …} as text: what C has for them. */
static json_t *as_text(const json_t *v) {
    json_t *out, *one;
    const char *key;
    if (json_is_object(v) && json_object_size(v) == 1) {
        json_t *date = json_object_get(v, "$date"), *time = json_object_get(v, "$time");
        if (date || time)
            return json_incref(date ? date : time);
    }
    if (json_is_object(v)) {
        out = json_object();
        json_object_foreach((json_t *)v, key, one)
            json_object_set_new(out, key, as_text(one));
        return out;
    }
    if (json_is_array(v)) {
        out = json_array();
        for (size_t i = 0; i < json_array_size(v); i++)
            json_array_append_new(out, as_text(json_array_get(v, i)));
        return out;
    }
    return json_incref((json_t *)v);
}

static void fill(muni_rec *rec, const json_t *values) {
    const char *key;
    json_t *v;
    int64_t at;
    json_object_foreach((json_t *)values, key, v) {
        json_t *date = json_object_get(v, "$date"), *time = json_object_get(v, "$time");
        if (date)
            muni_rec_set_date(rec, key, json_string_value(date));
        else if (time && moment_of(json_string_value(time), &at))
            muni_rec_set_time(rec, key, at);
        else if (json_is_null(v))
            muni_rec_set_null(rec, key);
        else if (json_is_boolean(v))
            muni_rec_set_bool(rec, key, json_is_true(v));
        else if (json_is_integer(v))
            muni_rec_set_int(rec, key, json_integer_value(v));
        else if (json_is_string(v))
            muni_rec_set_text(rec, key, json_string_value(v), json_string_length(v));
        else {
            json_t *t = as_text(v);
            char *s = json_dumps(t, JSON_COMPACT | JSON_ENCODE_ANY);
            muni_rec_set_json(rec, key, s, MUNI_ZERO_TERMINATED);
            free(s);
            json_decref(t);
        }
    }
}

static json_t *from_rec(muni_rec *rec) { /* takes the record over */
    char *s = NULL;
    if (rec && muni_rec_json(rec, &s) != MUNI_OK)
        s = NULL;
    muni_rec_free(rec);
    return parsed(s);
}

static muni_status from_rows(muni_cursor *rows, json_t **out, bool token) { /* takes the cursor over */
    json_t *list = json_array();
    muni_rec *rec;
    muni_status st;
    while ((st = muni_cursor_next(rows, &rec)) == MUNI_ROW)
        json_array_append_new(list, from_rec(rec));
    *out = list;
    if (st == MUNI_OK && token) {
        char *t = NULL;
        st = muni_cursor_token(rows, &t);
        *out = json_pack("{s:o,s:s}", "rows", list, "token", t ? t : "");
        muni_free(t);
    }
    muni_cursor_unref(rows);
    return st;
}

static muni_status session_of(world *w, const json_t *s, muni_session **out) {
    const char *login = text_of(s, "as"), *application = text_of(s, "application"), *reason = text_of(s, "reason");
    login = login ? login : "admin";
    application = application ? application : "conformance";
    reason = reason ? reason : "";
    *out = NULL;
    for (int i = 0; i < MAX_SESSIONS; i++) {
        if (!w->sessions[i].session) {
            muni_status st = muni_db_session(w->db, login, application, reason, &w->sessions[i].session);
            if (st == MUNI_OK) {
                w->sessions[i].login = strdup(login);
                w->sessions[i].application = strdup(application);
                w->sessions[i].reason = strdup(reason);
                *out = w->sessions[i].session;
            }
            return st;
        }
        if (!strcmp(w->sessions[i].login, login) && !strcmp(w->sessions[i].application, application) && !strcmp(w->sessions[i].reason, reason)) {
            *out = w->sessions[i].session;
            return MUNI_OK;
        }
    }
    snprintf(w->wrong, sizeof w->wrong, "more than %d sessions", MAX_SESSIONS);
    return MUNI_EINTERNAL;
}

static void drop_sessions(world *w) {
    for (int i = 0; i < MAX_SESSIONS; i++) {
        muni_session_unref(w->sessions[i].session);
        w->sessions[i].session = NULL;
        free(w->sessions[i].login);
        free(w->sessions[i].application);
        free(w->sessions[i].reason);
        w->sessions[i].login = w->sessions[i].application = w->sessions[i].reason = NULL;
    }
}

static muni_status query_of(const json_t *s, muni_query **out) {
    json_t *plain = as_text(json_object_get(s, "query"));
    char *text = json_dumps(plain, JSON_COMPACT);
    muni_status st = muni_query_parse(text, MUNI_ZERO_TERMINATED, out);
    free(text);
    json_decref(plain);
    return st;
}

static int32_t stop(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done;
    (void)total;
    (void)stage;
    (void)user;
    return 1;
}

/* JSON text of those of the named members that are there; free() it. */
static char *options_of(const json_t *s, const char *const *names) {
    json_t *o = json_object();
    for (; *names; names++)
        if (json_object_get(s, *names))
            json_object_set(o, *names, json_object_get(s, *names));
    char *text = json_dumps(o, JSON_COMPACT);
    json_decref(o);
    return text;
}

/* Every cell of the report: its figure is the count of the query behind it. */
static json_t *drill(const world *w, muni_session *session, muni_status *st) {
    json_int_t cells = 0, wrong = 0;
    for (int32_t i = 0; *st == MUNI_OK && i < muni_report_rows(w->report); i++)
        for (int32_t j = 0; *st == MUNI_OK && j < muni_report_columns(w->report); j++) {
            muni_query *query = NULL;
            char *text = NULL;
            int64_t figure = 0, count = 0;
            if ((*st = muni_report_value(w->report, i, j, &figure)) == MUNI_OK && (*st = muni_report_query(w->report, i, j, &text)) == MUNI_OK &&
                (*st = muni_query_parse(text, MUNI_ZERO_TERMINATED, &query)) == MUNI_OK)
                *st = muni_session_count(session, query, -1, &count);
            cells++;
            wrong += figure != count;
            muni_query_free(query);
            muni_free(text);
        }
    return json_pack("{s:I,s:I}", "cells", cells, "wrong", wrong);
}

/* ---- the verbs */

static bool is(const char *verb, const char *name) {
    return !strcmp(verb, name);
}

static muni_status do_plain(world *w, const char *verb, const json_t *s, json_t **out, bool *known) {
    muni_status st = MUNI_OK;
    char path[PLACE], *text = NULL;
    int32_t number = 0;
    int64_t at = 0;
    const char *date = text_of(s, "date");
    *known = true;
    if (is(verb, "write_file")) {
        path_of(w, text_of(s, "path"), path, sizeof path);
        FILE *f = fopen(path, "wb");
        const char *t = text_of(s, "text"), *b = text_of(s, "base64");
        unsigned char *bytes = malloc(b ? strlen(b) + 4 : 1);
        size_t n = b ? base64(b, bytes) : 0;
        if (!f || (b ? fwrite(bytes, 1, n, f) : fwrite(t, 1, strlen(t), f)) != (b ? n : strlen(t)) || fclose(f))
            snprintf(w->wrong, sizeof w->wrong, "cannot write %s", path);
        free(bytes);
    } else if (is(verb, "read_file")) {
        path_of(w, text_of(s, "path"), path, sizeof path);
        *out = read_file(path, false);
    } else if (is(verb, "file_hex")) {
        path_of(w, text_of(s, "path"), path, sizeof path);
        *out = read_file(path, true);
    } else if (is(verb, "has_file")) {
        path_of(w, text_of(s, "path"), path, sizeof path);
        *out = json_boolean(access(path, F_OK) == 0);
    } else if (is(verb, "version")) {
        *out = json_string(muni_version());
    } else if (is(verb, "version_number")) {
        *out = json_integer(muni_version_number());
    } else if (is(verb, "describe")) {
        if ((st = muni_describe(text_of(s, "kind"), &text)) == MUNI_OK)
            *out = parsed(text);
    } else if (is(verb, "wareki")) {
        if ((st = muni_wareki_format(date, text_of(s, "style") ? text_of(s, "style") : "long", &text)) == MUNI_OK)
            *out = json_string(text);
        if (st == MUNI_OK)
            muni_free(text);
    } else if (is(verb, "parse_date")) {
        static const char *const eras[] = { "meiji", "taisho", "showa", "heisei", "reiwa" };
        int32_t flags = json_is_true(json_object_get(s, "column")) ? MUNI_DATE_COLUMN : 0;
        for (int i = 0; text_of(s, "era") && i < 5; i++)
            if (is(text_of(s, "era"), eras[i]))
                flags |= (i + 1) * MUNI_DATE_ERA_MEIJI;
        if ((st = muni_date_parse(text_of(s, "text"), MUNI_ZERO_TERMINATED, flags, &text)) == MUNI_OK)
            *out = parsed(text);
    } else if (is(verb, "fiscal_year")) {
        if ((st = muni_fiscal_year(date, &text)) == MUNI_OK)
            *out = parsed(text);
    } else if (is(verb, "calendar")) {
        json_t *definition = json_object_get(s, "definition");
        char *t = definition ? json_dumps(definition, JSON_COMPACT) : NULL;
        muni_calendar *made;
        if ((st = muni_calendar_new(t, &made)) == MUNI_OK) {
            muni_calendar_unref(w->calendar);
            w->calendar = made;
        }
        free(t);
    } else if (is(verb, "is_open_day")) {
        if ((st = muni_calendar_is_open_day(w->calendar, date, &number)) == MUNI_OK)
            *out = json_boolean(number);
    } else if (is(verb, "is_open_at")) {
        if (!moment_of(text_of(s, "at"), &at))
            snprintf(w->wrong, sizeof w->wrong, "no moment");
        else if ((st = muni_calendar_is_open_at(w->calendar, at, &number)) == MUNI_OK)
            *out = json_boolean(number);
    } else if (is(verb, "add_open_days")) {
        if ((st = muni_calendar_add_open_days(w->calendar, date, (int32_t)int_of(s, "days"), &text)) == MUNI_OK) {
            *out = json_string(text);
            muni_free(text);
        }
    } else if (is(verb, "count_open_days")) {
        if ((st = muni_calendar_count_open_days(w->calendar, text_of(s, "from"), text_of(s, "to"), &number)) == MUNI_OK)
            *out = json_integer(number);
    } else if (is(verb, "explain")) {
        if ((st = muni_calendar_explain(w->calendar, date, &text)) == MUNI_OK)
            *out = parsed(text);
    } else if (is(verb, "holidays")) {
        if ((st = muni_calendar_holidays(w->calendar, text_of(s, "from"), text_of(s, "to"), &text)) == MUNI_OK)
            *out = parsed(text);
    } else {
        *known = false;
    }
    return st;
}

static muni_status do_store(world *w, const char *verb, const json_t *s, json_t **out, bool *known) {
    muni_status st = MUNI_OK;
    char path[PLACE];
    int64_t at = 0;
    muni_db *db = NULL;
    muni_rec *rec = NULL;
    *known = true;
    store_of(w, text_of(s, "path"), path, sizeof path);
    if (is(verb, "create_store") || is(verb, "open_store")) {
        if (is(verb, "create_store")) {
            muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
            o.admin = text_of(s, "admin");
            o.admin_name = text_of(s, "admin_name");
            o.test = json_is_true(json_object_get(s, "test"));
            if (json_object_get(s, "utc_offset"))
                o.utc_offset = (int32_t)int_of(s, "utc_offset");
            if (text_of(s, "now") && moment_of(text_of(s, "now"), &at))
                o.now = at;
            st = muni_create(path, &o, &db);
        } else {
            muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
            o.upgrade = json_is_true(json_object_get(s, "upgrade"));
            st = muni_open(path, &o, &db);
        }
        if (st == MUNI_OK) {
            drop_sessions(w);
            muni_db_unref(w->db);
            w->db = db;
        }
    } else if (is(verb, "close_store")) {
        muni_db_close(w->db);
    } else if (is(verb, "info")) {
        if ((st = muni_db_info(w->db, &rec)) == MUNI_OK)
            *out = from_rec(rec);
    } else if (is(verb, "now")) {
        if ((st = muni_db_now(w->db, &at)) == MUNI_OK) {
            muni_rec *r = NULL; /* the library writes moments itself */
            if (muni_rec_new(&r) == MUNI_OK && muni_rec_set_time(r, "now", at) == MUNI_OK) {
                json_t *o = from_rec(r);
                *out = json_incref(json_object_get(o, "now"));
                json_decref(o);
            }
        }
    } else if (is(verb, "set_now")) {
        moment_of(text_of(s, "at"), &at);
        st = muni_db_set_now(w->db, at);
    } else {
        *known = false;
    }
    return st;
}

static muni_status do_session(world *w, const char *verb, const json_t *s, json_t **out, bool *known) {
    muni_status st;
    muni_session *session;
    muni_rec *in = NULL, *rec = NULL;
    muni_cursor *rows = NULL;
    char *text = NULL, path[PLACE], names[512] = "";
    int64_t number = 0;
    muni_progress_fn progress = json_is_true(json_object_get(s, "cancel")) ? stop : NULL;
    const char *kind = text_of(s, "kind"), *fields = text_of(s, "fields");
    int64_t id = int_of(s, "id"), rev = int_of(s, "rev");
    json_t *list = json_object_get(s, "fields");
    *known = true;
    (void)progress;
    path_of(w, text_of(s, "path"), path, sizeof path);
    for (size_t i = 0; i < json_array_size(list); i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", i ? "," : "", json_string_value(json_array_get(list, i)));
    if (*names)
        fields = names;
    if ((st = session_of(w, s, &session)) != MUNI_OK)
        return st;
    if (is(verb, "create") || is(verb, "update") || (is(verb, "transition") && json_object_get(s, "rec"))) {
        if ((st = muni_rec_new(&in)) != MUNI_OK)
            return st;
        fill(in, json_object_get(s, "rec"));
    }
    if (is(verb, "session"))
        ;
    else if (is(verb, "close_session"))
        muni_session_close(session);
    else if (is(verb, "whoami"))
        st = muni_session_whoami(session, &rec);
    else if (is(verb, "begin"))
        st = muni_session_begin(session);
    else if (is(verb, "commit"))
        st = muni_session_commit(session);
    else if (is(verb, "rollback"))
        st = muni_session_rollback(session);
    else if (is(verb, "doubt")) {
        int32_t written = 0;
        st = muni_session_doubt(session, &written);
        *out = st < 0 ? NULL : json_boolean(written);
    }
    else if (is(verb, "run_due"))
        st = muni_session_run_due(session, &rec);
    else if (is(verb, "create"))
        st = muni_session_create(session, kind, in, &rec);
    else if (is(verb, "get"))
        st = muni_session_get(session, kind, id, fields, &rec);
    else if (is(verb, "find"))
        st = muni_session_find(session, kind, text_of(s, "key"), fields, &rec);
    else if (is(verb, "update"))
        st = muni_session_update(session, kind, id, rev, in, &rec);
    else if (is(verb, "transition"))
        st = muni_session_transition(session, kind, id, rev, text_of(s, "transition"), in, &rec);
    else if (is(verb, "transitions")) {
        if ((st = muni_session_transitions(session, kind, id, &text)) == MUNI_OK)
            *out = parsed(text);
    } else if (is(verb, "trash"))
        st = muni_session_trash(session, kind, id, rev, &rec);
    else if (is(verb, "restore"))
        st = muni_session_restore(session, kind, id, rev, &rec);
    else if (is(verb, "comment"))
        st = muni_session_comment(session, kind, id, text_of(s, "body"), &rec);
    else if (is(verb, "history")) {
        if ((st = muni_session_history(session, kind, id, &rows)) == MUNI_OK)
            st = from_rows(rows, out, false);
    } else if (is(verb, "list") || is(verb, "page") || is(verb, "count")) {
        muni_query *query = NULL;
        if ((st = query_of(s, &query)) == MUNI_OK) {
            if (is(verb, "count")) {
                if ((st = muni_session_count(session, query, int_of(s, "most"), &number)) == MUNI_OK)
                    *out = json_integer(number);
            } else if ((st = muni_session_list(session, query, &rows)) == MUNI_OK) {
                st = from_rows(rows, out, is(verb, "page"));
            }
        }
        muni_query_free(query);
    } else if (is(verb, "import")) {
        static const char *const members[] = { "charset", "columns", "on_error", NULL };
        char *options = options_of(s, members);
        st = muni_session_import(session, kind, path, options, progress, NULL, &rec);
        free(options);
    } else if (is(verb, "export")) {
        static const char *const members[] = { "format", "charset", "header", "formulas", NULL };
        char *options = options_of(s, members);
        muni_query *query = NULL;
        if ((st = query_of(s, &query)) == MUNI_OK)
            st = muni_session_export(session, query, path, options, progress, NULL, &rec);
        muni_query_free(query);
        free(options);
    } else if (is(verb, "report")) {
        muni_report *report = NULL;
        char *params = json_object_get(s, "params") ? json_dumps(json_object_get(s, "params"), JSON_COMPACT) : NULL;
        if ((st = muni_session_report(session, text_of(s, "name"), params, &report)) == MUNI_OK) {
            muni_report_unref(w->report);
            w->report = report;
            json_t *values = json_array();
            for (int32_t i = 0; i < muni_report_rows(report); i++) {
                json_t *row = json_array();
                for (int32_t j = 0; j < muni_report_columns(report); j++)
                    if (muni_report_value(report, i, j, &number) == MUNI_OK)
                        json_array_append_new(row, json_integer(number));
                json_array_append_new(values, row);
            }
            *out = json_pack("{s:i,s:i,s:o}", "rows", muni_report_rows(report), "columns", muni_report_columns(report), "values", values);
        }
        free(params);
    } else if (is(verb, "drill")) {
        *out = drill(w, session, &st);
    } else if (is(verb, "cell")) {
        if ((st = muni_report_query(w->report, (int32_t)int_of(s, "row"), (int32_t)int_of(s, "column"), &text)) == MUNI_OK)
            *out = parsed(text);
    } else if (is(verb, "render")) {
        if ((st = muni_report_render(w->report, text_of(s, "format"), text_of(s, "lang"), &text)) == MUNI_OK) {
            *out = json_string(text);
            muni_free(text);
        }
    } else if (is(verb, "staff_plan")) {
        char units[PLACE], people[PLACE];
        muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
        path_of(w, text_of(s, "units"), units, sizeof units);
        path_of(w, text_of(s, "people"), people, sizeof people);
        o.profile = text_of(s, "profile");
        o.on = text_of(s, "on");
        o.units = text_of(s, "units") ? units : NULL;
        o.people = text_of(s, "people") ? people : NULL;
        o.charset = text_of(s, "charset");
        st = muni_staff_plan(session, &o, progress, NULL, &rec);
    } else if (is(verb, "plan_findings") || is(verb, "plan_rows")) {
        st = is(verb, "plan_rows") ? muni_plan_rows(session, id, &rows) : muni_plan_findings(session, id, &rows);
        if (st == MUNI_OK)
            st = from_rows(rows, out, false);
    } else if (is(verb, "plan_approve")) {
        st = muni_plan_approve(session, id, text_of(s, "note"), &rec);
    } else if (is(verb, "plan_apply")) {
        st = muni_plan_apply(session, id, progress, NULL, &rec);
    } else if (is(verb, "audit_verify")) {
        st = muni_audit_verify(session, progress, NULL, &rec);
    } else if (is(verb, "store_check")) {
        st = muni_store_check(session, json_is_true(json_object_get(s, "repair")), progress, NULL, &rec);
    } else if (is(verb, "store_copy")) {
        char at[600];
        store_of(w, text_of(s, "path"), at, sizeof at);
        st = muni_store_copy(session, at, progress, NULL, &rec);
    } else if (is(verb, "store_digest")) {
        st = muni_store_digest(session, progress, NULL, &rec);
    } else if (is(verb, "store_reindex")) {
        st = muni_store_reindex(session, progress, NULL, &rec);
    } else if (is(verb, "store_statistics")) {
        st = muni_store_statistics(session, &rec);
    } else if (is(verb, "store_vacuum")) {
        st = muni_store_vacuum(session, &rec);
    } else {
        *known = false;
    }
    if (rec)
        *out = from_rec(rec);
    muni_rec_free(in);
    return st;
}

static muni_status perform(world *w, const json_t *step, json_t **out) {
    const char *verb = text_of(step, "do");
    bool known = false;
    json_t *raw = json_object(), *one;
    const char *key;
    *out = NULL;
    json_object_foreach((json_t *)step, key, one)
        if (strcmp(key, "expect") && strcmp(key, "error"))
            json_object_set_new(raw, key, value(w, one));
    /* what is not a record's value has only text for days and moments */
    json_t *s = json_object();
    json_object_foreach(raw, key, one)
        json_object_set_new(s, key, strcmp(key, "rec") ? as_text(one) : json_incref(one));
    json_decref(raw);
    muni_status st = do_plain(w, verb, s, out, &known);
    int64_t at;
    if (!known && strcmp(verb, "create_store") && moment_of(text_of(s, "now"), &at))
        st = muni_db_set_now(w->db, at);
    if (!known && st == MUNI_OK)
        st = do_store(w, verb, s, out, &known);
    if (!known && st == MUNI_OK)
        st = do_session(w, verb, s, out, &known);
    if (!known && st == MUNI_OK)
        snprintf(w->wrong, sizeof w->wrong, "no such verb: %s", verb);
    json_decref(s);
    if (!*out)
        *out = json_null();
    return st;
}

static void complain(world *w, size_t number, const json_t *step, const char *what, json_t *got, const json_t *want) {
    char *g = json_dumps(got, JSON_ENCODE_ANY | JSON_COMPACT), *e = want ? json_dumps(want, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    char own[1024];
    snprintf(own, sizeof own, "%.1000s", w->wrong);
    snprintf(w->wrong, sizeof w->wrong, "step %zu (%s): %s%s %.1400s, expected %.1400s", number, text_of(step, "do"), own, what, g ? g : "", e ? e : "none");
    free(g);
    free(e);
}

static bool run(world *w, const json_t *scenario) {
    const json_t *steps = json_object_get(scenario, "steps");
    for (size_t i = 0; i < json_array_size(steps); i++) {
        const json_t *step = json_array_get(steps, i), *error = json_object_get(step, "error"), *expect = json_object_get(step, "expect");
        json_t *got;
        muni_status st = perform(w, step, &got);
        if (*w->wrong) {
            complain(w, i + 1, step, "", got, NULL);
        } else if (st != MUNI_OK) {
            json_t *found = json_pack("{s:s,s:s,s:s,s:s,s:s,s:I,s:I}", "en", muni_error_text("en"), "ja", muni_error_text("ja"),
                                      "code", muni_error_name(muni_error_code()), "field", muni_error_field(), "kind", muni_error_kind(),
                                      "line", (json_int_t)muni_error_line(), "record", (json_int_t)muni_error_record());
            json_t *want = error ? value(w, error) : NULL;
            if (muni_error_code() != st)
                complain(w, i + 1, step, "the record is not of the status", found, want);
            else if (!want || !fits(want, found, false))
                complain(w, i + 1, step, muni_error_text("en"), found, want);
            else if (!*muni_error_text("ja"))
                complain(w, i + 1, step, "no Japanese text", found, want);
            json_decref(found);
            json_decref(want);
        } else if (error) {
            complain(w, i + 1, step, "succeeded", got, error);
        } else {
            if (text_of(step, "save"))
                json_object_set(w->saved, text_of(step, "save"), got);
            if (expect) {
                json_t *raw = value(w, expect), *want = as_text(raw);
                if (!fits(want, got, json_is_true(json_object_get(step, "exact"))))
                    complain(w, i + 1, step, "got", got, want);
                json_decref(raw);
                json_decref(want);
            }
        }
        json_decref(got);
        if (*w->wrong)
            return false;
    }
    return true;
}

static bool run_file(const char *name) {
    json_error_t e;
    json_t *scenario = json_load_file(name, 0, &e);
    const char *base = strrchr(name, '/') ? strrchr(name, '/') + 1 : name;
    if (!scenario) {
        printf("FAILED %s: line %d: %s\n", base, e.line, e.text);
        return false;
    }
    world w = { 0 };
    const char *tmp = getenv("TMPDIR");
    snprintf(w.directory, sizeof w.directory, "%s/municipal-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(w.directory) || muni_calendar_new(NULL, &w.calendar) != MUNI_OK)
        abort();
    w.saved = json_object();
    snprintf(w.beside, sizeof w.beside, "%.*s", base == name ? 1 : (int)(base - name - 1), base == name ? "." : name);
    bool ok = run(&w, scenario);
    printf("%s %s: %s\n%s%s%s", ok ? "passed" : "FAILED", base, text_of(scenario, "name"), ok ? "" : "    ", w.wrong, ok ? "" : "\n");
    muni_calendar_unref(w.calendar);
    muni_report_unref(w.report);
    drop_sessions(&w);
    muni_db_close(w.db);
    muni_db_unref(w.db);
    json_decref(w.saved);
    json_decref(scenario);
    DIR *d = opendir(w.directory);
    for (struct dirent *f; d && (f = readdir(d));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", w.directory, f->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    rmdir(w.directory);
    return ok;
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv) {
    char *files[512];
    size_t count = 0, passed = 0;
    for (int i = 1; i < argc; i++) {
        struct stat st;
        if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode)) {
            DIR *d = opendir(argv[i]);
            size_t from = count;
            for (struct dirent *f; d && (f = readdir(d)) && count < 512;) {
                size_t n = strlen(f->d_name);
                if (n < 6 || strcmp(f->d_name + n - 5, ".json"))
                    continue;
                char path[4096];
                snprintf(path, sizeof path, "%s/%s", argv[i], f->d_name);
                files[count++] = strdup(path);
            }
            if (d)
                closedir(d);
            qsort(files + from, count - from, sizeof files[0], by_name);
        } else if (count < 512) {
            files[count++] = strdup(argv[i]);
        }
    }
    for (size_t i = 0; i < count; i++) {
        passed += run_file(files[i]);
        free(files[i]);
    }
    printf("conformance C: %zu passed, %zu failed\n", passed, count - passed);
    return passed && passed == count ? 0 : 1;
}
