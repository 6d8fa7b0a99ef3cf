/* Query plans: every statement that the library makes is written down while all it can do is done, and then planned by SQLite over a store of real size,
 * without statistics and with them. A scan, a temporary sort or an index made for one statement needs a rule of plans.def with its reason; a rule that
 * allows nothing, an index that no plan uses and a statement of the source that was never made are failures, too. `make plans` prints the whole. */
#include "modeltest.h"

#include "core/kind.h"
#include "model/model.h"
#include "stafftest.h"

#include <dirent.h>
#include <regex.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>

#define GEN_INCIDENTS_INSIDE
#include "../tools/gen_incidents.c"

/* ---- writing statements down: the test program wraps the three ways into SQLite that the library has */

static bool recording;
static struct said {
    char **list;
    size_t n, cap, *hash, buckets;
} said;

static uint64_t hash_of(const char *p, size_t n) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    while (n--)
        h = (h ^ (unsigned char)*p++) * UINT64_C(0x100000001b3);
    return h;
}

static void say(const char *sql, size_t n) {
    static const char *const verbs[] = { "SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE" };
    bool planned = false;
    while (n && strchr(" \n\t", *sql))
        sql++, n--;
    for (size_t i = 0; i < MUNI_COUNT(verbs); i++)
        planned |= n > strlen(verbs[i]) && !sqlite3_strnicmp(sql, verbs[i], (int)strlen(verbs[i]));
    if (!planned)
        return; /* tables, settings, the ends of transactions: no plan */
    if (said.n * 2 >= said.buckets) {
        free(said.hash);
        said.buckets = said.buckets ? said.buckets * 4 : 4096;
        said.hash = calloc(said.buckets, sizeof *said.hash);
        ck_assert_ptr_nonnull(said.hash);
        for (size_t k = 0; k < said.n; k++) {
            size_t at = hash_of(said.list[k], strlen(said.list[k])) % said.buckets;
            while (said.hash[at])
                at = (at + 1) % said.buckets;
            said.hash[at] = k + 1;
        }
    }
    size_t at = hash_of(sql, n) % said.buckets;
    for (; said.hash[at]; at = (at + 1) % said.buckets) {
        const char *old = said.list[said.hash[at] - 1];
        if (!strncmp(old, sql, n) && !old[n])
            return;
    }
    if (said.n == said.cap) {
        said.cap = said.cap ? said.cap * 2 : 1024;
        said.list = realloc(said.list, said.cap * sizeof *said.list);
        ck_assert_ptr_nonnull(said.list);
    }
    char *copy = strndup(sql, n);
    ck_assert_ptr_nonnull(copy);
    said.list[said.n++] = copy;
    said.hash[at] = said.n;
}

/* One or several statements. */
static void say_all(const char *sql) {
    while (*sql) {
        size_t n = 0;
        char quote = 0;
        for (; sql[n] && (quote || sql[n] != ';'); n++)
            if (quote ? sql[n] == quote : sql[n] == '\'' || sql[n] == '"')
                quote = quote ? 0 : sql[n];
        say(sql, n);
        sql += n + (sql[n] == ';');
    }
}

int __real_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n, sqlite3_stmt **out, const char **tail);
int __real_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **out, const char **tail);
int __real_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *user, char **why);
int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n, sqlite3_stmt **out, const char **tail);
int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **out, const char **tail);
int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *user, char **why);

int __wrap_sqlite3_prepare_v2(sqlite3 *db, const char *sql, int n, sqlite3_stmt **out, const char **tail) {
    if (recording)
        say_all(sql);
    return __real_sqlite3_prepare_v2(db, sql, n, out, tail);
}

int __wrap_sqlite3_prepare_v3(sqlite3 *db, const char *sql, int n, unsigned flags, sqlite3_stmt **out, const char **tail) {
    if (recording)
        say_all(sql);
    return __real_sqlite3_prepare_v3(db, sql, n, flags, out, tail);
}

int __wrap_sqlite3_exec(sqlite3 *db, const char *sql, int (*each)(void *, int, char **, char **), void *user, char **why) {
    if (recording)
        say_all(sql);
    return __real_sqlite3_exec(db, sql, each, user, why);
}

/* ---- doing everything: the two stores */

static mt m;            /* the store that a part works on */

static const char *data(const char *file) {
    static char path[4][512];
    static size_t at;
    const char *dir = getenv("srcdir");
    at = (at + 1) % 4;
    (void)snprintf(path[at], sizeof path[at], "%s/tests/data/%s", dir ? dir : ".", file);
    return path[at];
}

__attribute__((format(printf, 1, 2))) static const char *text(const char *format, ...) {
    static char room[64][4096];
    static size_t at;
    va_list list;
    at = (at + 1) % 64;
    va_start(list, format);
    int n = vsnprintf(room[at], sizeof room[at], format, list);
    va_end(list);
    ck_assert(n >= 0 && (size_t)n < sizeof room[at]);
    return room[at];
}

/* May this be the answer to a question that a session or a field does not allow? */
static bool refused(muni_status st, const char *what) {
    bool expected = st == MUNI_EDENIED || st == MUNI_EFIELD || st == MUNI_ETYPE || st == MUNI_EFORMAT || st == MUNI_ENOTFOUND || st == MUNI_EINVAL;
    ck_assert_msg(st >= 0 || expected, "%s: %s: %s", what, muni_error_name(st), muni_error_text("en"));
    return st < 0;
}

/* List `members` of a query (all but the closing brace), and again after the first record; count it. */
static void ask(muni_session *s, const char *members) {
    const char *json = text("%s}", members);
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    muni_rec *r = NULL;
    char *token = NULL;
    int64_t n;
    if (refused(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q), json))
        return;
    if (!refused(muni_session_list(s, q, &c), json)) {
        muni_status st = muni_cursor_next(c, &r);
        ck_assert_msg(st >= 0, "%s: %s", json, muni_error_text("en"));
        muni_rec_free(r);
        if (st == MUNI_ROW) {
            OK(muni_cursor_token(c, &token));
            muni_query_free(q);
            json = text("%s,\"after\":\"%s\"}", members, token);
            OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
            muni_cursor_unref(c);
            OK(muni_session_list(s, q, &c));
        }
        muni_free(token);
    }
    muni_cursor_unref(c);
    (void)refused(muni_session_count(s, q, -1, &n), json);
    muni_query_free(q);
}

static void read_through(muni_cursor *c) {
    muni_rec *r = NULL;
    muni_status st;
    while ((st = muni_cursor_next(c, &r)) == MUNI_ROW)
        muni_rec_free(r);
    OK(st);
    muni_cursor_unref(c);
}

/* ---- who asks: a principal with rights, and somebody of the staff behind them */

static void give(int64_t group, const char *on, const char *verb, const char *scope) {
    (void)mt_create(m.admin, "grant", text("{\"group\":%lld,\"on\":\"%s\",\"verb\":\"%s\",\"scope\":\"%s\"}", (long long)group, on, verb, scope));
}

/* `rights`: "on verb scope; …". */
static muni_session *actor(const char *login, const char *may, int64_t staff) {
    muni_session *s = NULL;
    char on[64], verb[64], scope[64];
    int64_t group = mt_create(m.admin, "group", text("{\"code\":\"%s\",\"name\":\"%s\"}", login, login));
    for (const char *p = may; p && sscanf(p, " %63[^ ] %63[^ ] %63[^ ;]", on, verb, scope) == 3; p = strchr(p, ';') ? strchr(p, ';') + 1 : NULL)
        give(group, on, verb, scope);
    int64_t who = staff ? mt_create(m.admin, "principal", text("{\"login\":\"%s\",\"name\":\"%s\",\"person\":%lld}", login, login, (long long)staff))
                         : mt_create(m.admin, "principal", text("{\"login\":\"%s\",\"name\":\"%s\"}", login, login));
    (void)mt_create(m.admin, "member", text("{\"group\":%lld,\"principal\":%lld}", (long long)group, (long long)who));
    OK(muni_db_session(m.db, login, "plans", NULL, &s));
    return s;
}

static const char *const rights[][2] = {
    { "s-all", "* read all; * report all; * export all; person personal all" },
    { "s-own", "* read own; * report own; * export own; * update own; * history own; * transition own" },
    { "s-unit", "* read unit; * report unit; * export unit; * personal unit" },
    { "s-below", "* read below; * report below; ticket update below" },
    { "s-every", "* read own; * read unit; * read below; * report below; * export own" },
    { "s-typed", "ticket/inquiry read all; ticket/incident read own; ticket report all; person read all; unit read all" },
    { "s-managed", "* read all; ticket/incident manage all; * report all" },
    { "s-none", "" },
};
#define ACTORS MUNI_COUNT(rights)

/* ---- a small store, where every form of a question is asked */

static const char *value_for(const muni__field *f) {
    switch (f->type) {
    case MUNI__INT:
    case MUNI__SECS:
    case MUNI__YEN:
    case MUNI__BYTES:
    case MUNI__REF: return "1";
    case MUNI__BOOL: return "true";
    case MUNI__DATE: return "\"2023-04-01\"";
    case MUNI__TIME: return "\"2023-04-01T00:00:00+09:00\"";
    case MUNI__ANY: return "\"ticket:1\"";
    case MUNI__CODE:
        if (f->target[0] == '@')
            return "\"support\"";
        return f->target[0] ? text("\"%.*s\"", (int)strcspn(f->target, "|"), f->target) : "\"new\"";
    default: return "\"印刷\"";
    }
}

static const char *const ops[] = { "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "begins", "contains", "absent", "below", "words", "matches" };

static const char *leaf(const char *path, const muni__field *f, const char *op) {
    const char *v = value_for(f);
    if (!strcmp(op, "absent"))
        v = "true";
    else if (!strcmp(op, "in"))
        v = text("[%s,%s]", v, v);
    return text("{\"field\":\"%s\",\"op\":\"%s\",\"value\":%s}", path, op, v);
}

/* Is it the first field of its type, and of its being indexed or not? */
static bool first_of(const muni__kind *k, int32_t f) {
    const uint32_t same = MUNI__F_INDEXED | MUNI__F_UNIQUE | MUNI__F_REQUIRED;
    for (int32_t i = 0; i < f; i++)
        if (k->fields[i].type == k->fields[f].type && (k->fields[i].flags & same) == (k->fields[f].flags & same))
            return false;
    return true;
}

/* Every field in both directions; what stands in the trash, too. */
static void orders(muni_session *s, const muni__kind *k, bool all) {
    static const char *const trash[] = { "", ",\"trash\":\"only\"", ",\"trash\":\"with\"" };
    const char *about = strcmp(k->name, "comment") ? "" : ",\"where\":{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:1\"}";
    for (size_t t = 0; t < 3; t++)
        ask(s, text("{\"kind\":\"%s\"%s%s", k->name, about, trash[t]));
    for (int32_t f = 0; f < k->nfields; f++)
        for (int desc = 0; desc < 2 && (all || first_of(k, f)); desc++) {
            ask(s, text("{\"kind\":\"%s\"%s,\"order\":[\"%s%s\"]", k->name, about, desc ? "-" : "", k->fields[f].name));
            if (f == MUNI__C_STATE || f == MUNI__C_CREATED_AT)
                ask(s, text("{\"kind\":\"%s\"%s,\"order\":[\"%s%s\",\"%supdated_at\"],\"trash\":\"with\"", k->name, about, desc ? "-" : "", k->fields[f].name, desc ? "" : "-"));
        }
}

/* Every operator on every field, by itself and within others. */
static void conditions(muni_session *s, const muni__kind *k, bool forms) {
    const char *about = strcmp(k->name, "comment") ? "" : ",{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:1\"}";
    for (int32_t f = 0; f < k->nfields; f++)
        for (size_t o = 0; o < MUNI_COUNT(ops); o++) {
            if (o > 0 && !first_of(k, f))
                break;
            const char *one = leaf(k->fields[f].name, &k->fields[f], ops[o]);
            ask(s, text("{\"kind\":\"%s\",\"where\":{\"all\":[%s%s]}", k->name, one, about));
            if (!forms)
                continue;
            ask(s, text("{\"kind\":\"%s\",\"where\":{\"all\":[{\"any\":[%s,{\"field\":\"rev\",\"op\":\"gt\",\"value\":7}]}%s]}", k->name, one, about));
            ask(s, text("{\"kind\":\"%s\",\"where\":{\"all\":[{\"not\":%s}%s]}", k->name, one, about));
            if (!strcmp(ops[o], "eq"))
                ask(s, text("{\"kind\":\"%s\",\"where\":{\"all\":[%s%s]},\"order\":[\"-created_at\"],\"trash\":\"with\"", k->name, one, about));
        }
}

/* Through references. */
static void paths(muni_session *s, const muni__kind *k, size_t many) {
    static const char *const some[] = { "eq", "absent", "ne", "gt", "in", "contains", "below" };
    for (int32_t f = 0; f < k->nfields; f++) {
        const muni__kind *to = k->fields[f].type == MUNI__REF ? muni__kind_find(k->fields[f].target) : NULL;
        for (int32_t g = 0; to && g < to->nfields; g++)
            for (size_t o = first_of(to, g) ? 0 : many; o < many && o < MUNI_COUNT(some); o++)
                ask(s, text("{\"kind\":\"%s\",\"where\":%s", k->name, leaf(text("%s.%s", k->fields[f].name, to->fields[g].name), &to->fields[g], some[o])));
        if (to)
            ask(s, text("{\"kind\":\"%s\",\"fields\":[\"id\",\"%s.%s\",\"%s.created_by.name\"]", k->name, k->fields[f].name, to->title, k->fields[f].name));
    }
}

/* Kinds in the order in which they can be made, with the values that they need: $u is a unit, $p a person, $w a principal, $g a group. */
static const char *const made[][2] = {
    { "desk", "{\"code\":\"d1\",\"name\":\"窓口\",\"unit\":$u}" },
    { "requirement", "{\"source\":\"kat\",\"item\":1,\"text\":\"印刷\"}" },
    { "account", "{\"person\":$p,\"system\":\"directory\",\"name\":\"a1\",\"from_on\":\"2023-04-01\"}" },
    { "ticket", "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"印刷できない\",\"body\":\"複合機\",\"reporter\":$p,\"assignee\":$w,\"source_no\":\"A-1\"}" },
    { "ticket", "{\"type\":\"inquiry\",\"category\":\"support\",\"subject\":\"印刷の質問\",\"confidential\":true}" },
    { "principal", "{\"login\":\"p1\",\"name\":\"p1\"}" },
    { "group", "{\"code\":\"g1\",\"name\":\"g1\"}" },
    { "member", "{\"group\":$g,\"principal\":$w}" },
    { "grant", "{\"group\":$g,\"on\":\"ticket\",\"verb\":\"read\",\"scope\":\"own\"}" },
    { "definition", "{\"family\":\"codes\",\"name\":\"colour\",\"title\":\"色\",\"body\":{\"values\":[{\"code\":\"red\",\"ja\":\"赤\",\"en\":\"Red\"}]}}" },
    { "post", "{\"person\":$p,\"unit\":$u,\"from_on\":\"2023-05-01\",\"concurrent\":\"concurrent\"}" },
};

/* A text with ids for $u $p $w $g. */
static const char *filled(const char *format, const int64_t ids[4]) {
    static char out[1024];
    size_t n = 0;
    for (; *format && n < sizeof out - 24; format++) {
        static const char letters[] = "upwg";
        const char *which = *format == '$' && format[1] ? strchr(letters, format[1]) : NULL;
        if (which)
            n += (size_t)snprintf(out + n, sizeof out - n, "%lld", (long long)ids[which - letters]);
        else
            out[n++] = *format;
        format += which != NULL;
    }
    out[n] = '\0';
    return out;
}

#define NEW_INQUIRY                                                                                                              \
    "{\"family\":\"lifecycle\",\"name\":\"ticket-inquiry\",\"body\":{\"initial\":\"open\",\"states\":[{\"name\":\"open\",\"ja\":\"受付\",\"en\":\"Open\"},"          \
    "{\"name\":\"done\",\"ja\":\"済\",\"en\":\"Done\",\"final\":true}],\"transitions\":[{\"name\":\"finish\",\"ja\":\"終了\",\"en\":\"Finish\",\"from\":[\"open\"],\"to\":\"done\"}]}}"

static void every_verb(const char *kind, int64_t id) {
    muni_cursor *c = NULL;
    muni_rec *r = NULL;
    char *json = NULL;
    const muni__kind *k = muni__kind_find(kind);
    (void)refused(muni_session_get(m.admin, kind, id, NULL, &r), kind);
    muni_rec_free(r);
    (void)refused(muni_session_transitions(m.admin, kind, id, &json), kind);
    muni_free(json);
    OK(muni_session_history(m.admin, kind, id, &c));
    read_through(c);
    if (muni_session_comment(m.admin, kind, id, "印刷について", NULL) >= 0)
        ask(m.admin, text("{\"kind\":\"comment\",\"where\":{\"field\":\"about\",\"op\":\"eq\",\"value\":\"%s:%lld\"}", kind, (long long)id));
    /* each field by itself: the statement of a change names what it touches */
    for (int32_t f = MUNI__C_COUNT; f < k->nfields; f++)
        if (!(k->fields[f].flags & (MUNI__F_SYSTEM | MUNI__F_CREATE_ONLY)))
            (void)mt_update(m.admin, kind, id, 0, text("{\"%s\":%s}", k->fields[f].name, k->fields[f].type == MUNI__REF ? text("%lld", (long long)id) : value_for(&k->fields[f])));
    if (muni_session_trash(m.admin, kind, id, 0, NULL) >= 0)
        OK(muni_session_restore(m.admin, kind, id, 0, NULL));
}

static void small_store(void) {
    muni_session *who[ACTORS], *many;
    mt_start(&m);
    int64_t top = mt_create(m.admin, "unit", "{\"code\":\"01\",\"name\":\"総務部\",\"from_on\":\"2020-04-01\",\"level\":1}"), unit = top;
    for (int i = 2; i < 5; i++)
        unit = mt_create(m.admin, "unit", text("{\"code\":\"0%d\",\"name\":\"課\",\"from_on\":\"2020-04-01\",\"parent\":%lld}", i, (long long)top));
    int64_t people[ACTORS + 1];
    for (size_t i = 0; i <= ACTORS; i++) {
        people[i] = mt_create(m.admin, "person", text("{\"staff_no\":\"%07zu\",\"name\":\"山田　%zu\",\"kana\":\"ﾔﾏﾀﾞ\",\"mail\":\"a%zu@example.jp\",\"born_on\":\"1985-01-01\"}", i + 1, i, i));
        (void)mt_create(m.admin, "post", text("{\"person\":%lld,\"unit\":%lld,\"from_on\":\"2020-04-01\",\"concurrent\":\"main\"}", (long long)people[i], (long long)top));
    }
    for (size_t i = 0; i < ACTORS; i++)
        who[i] = actor(rights[i][0], rights[i][1], people[i]);
    for (int i = 0; i < 40; i++) { /* more units than are branches of their own */
        int64_t u = mt_create(m.admin, "unit", text("{\"code\":\"1%02d\",\"name\":\"係\",\"from_on\":\"2020-04-01\",\"parent\":%lld}", i, (long long)unit));
        (void)mt_create(m.admin, "post", text("{\"person\":%lld,\"unit\":%lld,\"from_on\":\"2020-04-01\",\"concurrent\":\"concurrent\"}", (long long)people[ACTORS], (long long)u));
    }
    many = actor("s-many", "* read unit; * read below; * report unit", people[ACTORS]);
    muni_rec *self = NULL, *found = NULL;
    int64_t inquiry = 0;
    OK(muni_session_whoami(who[1], &self));
    OK(muni_session_find(m.admin, "group", "s-own", NULL, &found));
    for (size_t i = 0; i < MUNI_COUNT(made); i++) {
        char json[1024];
        (void)snprintf(json, sizeof json, "%s", filled(made[i][1], (int64_t[4]){ unit, people[0], mt_int(self, "principal"), mt_int(found, "id") }));
        int64_t id = mt_create(m.admin, made[i][0], json);
        every_verb(made[i][0], id);
        if (!strcmp(made[i][0], "ticket"))
            inquiry = id;
        if (!strcmp(made[i][0], "definition")) {
            OK(muni_session_transition(m.admin, "definition", id, 0, "activate", NULL, NULL));
            (void)mt_create(m.admin, "definition", json); /* the next version */
        }
    }
    /* a ticket lives on by the version that it began with */
    char *json = NULL;
    OK(muni_session_transition(m.admin, "definition", mt_create(m.admin, "definition", NEW_INQUIRY), 0, "activate", NULL, NULL));
    muni_db *again = NULL; /* which has read no definition yet */
    muni_session *reader = NULL;
    OK(muni_open(m.path, NULL, &again));
    OK(muni_db_session(again, "admin", "plans", NULL, &reader));
    OK(muni_session_transitions(reader, "ticket", inquiry, &json));
    muni_free(json);
    muni_session_unref(reader);
    muni_db_unref(again);
    every_verb("unit", unit);
    every_verb("person", people[0]);
    muni_rec_free(self);
    muni_rec_free(found);
    for (int32_t k = 0; k < muni__nkinds; k++) {
        const muni__kind *kind = &muni__kinds[k];
        muni_rec *r = NULL;
        (void)refused(muni_session_find(m.admin, kind->name, "0000001", NULL, &r), kind->name);
        muni_rec_free(r);
        orders(m.admin, kind, true);
        conditions(m.admin, kind, true);
        paths(m.admin, kind, 7);
        for (size_t i = 0; i < ACTORS; i++) {
            orders(who[i], kind, false);
            if (i == 4)
                conditions(who[i], kind, false);
        }
        orders(many, kind, false);
        paths(who[1], kind, 1);
    }
    muni_session_unref(many);
    for (size_t i = 0; i < ACTORS; i++)
        muni_session_unref(who[i]);
    mt_stop(&m);
}

/* ---- the city: its staff, a year of its helpdesk, and what becomes due */

static void load_staff(muni_session *op, muni_session *ap, const char *on, const char *units, const char *people) {
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_rec *p = NULL;
    muni_cursor *c = NULL;
    o.on = on;
    o.units = units;
    o.people = people;
    OK(muni_staff_plan(op, &o, NULL, NULL, &p));
    int64_t id = mt_int(p, "id");
    muni_rec_free(p);
    OK(muni_plan_findings(op, id, &c));
    read_through(c);
    OK(muni_plan_rows(op, id, &c));
    read_through(c);
    OK(muni_plan_approve(ap, id, NULL, NULL));
    OK(muni_plan_apply(op, id, NULL, NULL, NULL));
}

#define TITLE "\"title\":{\"ja\":\"表\",\"en\":\"Table\"},\"kind\":\"ticket\","
#define YEAR "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"ja\":\"年度\",\"en\":\"Year\",\"required\":true}],"
#define TOTALS ",\"totals\":{\"rows\":true,\"columns\":true}"
static const char *const reports[][2] = {
    { "r-cross", "{" TITLE YEAR "\"where\":{\"field\":\"fiscal_year\",\"op\":\"eq\",\"value\":{\"param\":\"year\"}},\"rows\":{\"field\":\"category\"},\"columns\":{\"field\":\"month\",\"over\":\"year\"}" TOTALS "}" },
    { "r-states", "{" TITLE YEAR "\"rows\":{\"field\":\"state\"},\"columns\":{\"field\":\"month\",\"over\":\"year\",\"by\":\"quarter\"}" TOTALS "}" },
    { "r-people", "{" TITLE "\"rows\":{\"field\":\"category\"},\"columns\":{\"field\":\"priority\"},\"measure\":{\"distinct\":\"reporter\"}" TOTALS "}" },
    { "r-sum", "{" TITLE "\"rows\":{\"field\":\"type\"},\"columns\":{\"field\":\"category\"},\"measure\":{\"sum\":\"priority\"}" TOTALS "}" },
    { "r-late", "{" TITLE "\"where\":{\"field\":\"reported_at\",\"op\":\"gt\",\"value\":\"2023-10-01T00:00:00+09:00\"},\"rows\":{\"field\":\"priority\"},\"columns\":{\"field\":\"confidential\"}" TOTALS "}" },
    { "r-who", "{" TITLE "\"where\":{\"field\":\"assignee\",\"op\":\"eq\",\"value\":{\"me\":\"principal\"}},\"rows\":{\"field\":\"urgency\"}}" },
    { "r-units", "{" TITLE "\"where\":{\"field\":\"unit\",\"op\":\"below\",\"value\":{\"me\":\"unit\"}},\"rows\":{\"field\":\"impact\"}}" },
    { "helpdesk-monthly", NULL },
    { "incident-states", NULL },
    { "incident-priorities", NULL },
};

static void run_reports(muni_session *s) {
    for (size_t i = 0; i < MUNI_COUNT(reports); i++) {
        muni_report *r = NULL;
        const char *params = !reports[i][1] ? "{\"fiscal_year\":2023}" : strstr(reports[i][1], "\"params\"") ? "{\"year\":2023}" : NULL;
        if (!refused(muni_session_report(s, reports[i][0], params, &r), reports[i][0]))
            muni_report_unref(r);
    }
}

/* What people look at, where there is much of it. */
static void look(muni_session *s, int64_t staff, int64_t unit) {
    static const char *const orders_[] = { "-id", "-reported_at", "reported_at", "state", "-month", "reporter", "number", "id", "-created_at", "assignee", "-unit", "subject" };
    static const char *const words[] = { "印刷", "印刷 異動", "ﾊﾟｽﾜｰﾄﾞ リセット 画面", "VPN-01", "pc", "印" };
    for (size_t o = 0; o < MUNI_COUNT(orders_) && (s == m.admin || o < 7); o++) {
        ask(s, text("{\"kind\":\"ticket\",\"order\":[\"%s\"]", orders_[o]));
        ask(s, text("{\"kind\":\"ticket\",\"order\":[\"%s\"],\"where\":{\"field\":\"state\",\"op\":\"eq\",\"value\":\"assigned\"}", orders_[o]));
        ask(s, text("{\"kind\":\"ticket\",\"order\":[\"%s\"],\"where\":{\"field\":\"reporter\",\"op\":\"eq\",\"value\":%lld}", orders_[o], (long long)staff));
        ask(s, text("{\"kind\":\"ticket\",\"order\":[\"%s\"],\"where\":{\"field\":\"unit\",\"op\":\"below\",\"value\":%lld}", orders_[o], (long long)unit));
        ask(s, text("{\"kind\":\"ticket\",\"order\":[\"%s\"],\"where\":{\"all\":[{\"field\":\"assignee\",\"op\":\"eq\",\"value\":{\"me\":\"principal\"}},{\"field\":\"state\",\"op\":\"in\",\"value\":[\"new\",\"assigned\"]}]}", orders_[o]));
        for (size_t w = 0; w < MUNI_COUNT(words) && (o < 3 || w == 0); w++)
            ask(s, text("{\"kind\":\"ticket\",\"order\":[\"%s\"],\"words\":\"%s\"", orders_[o], words[w]));
    }
    ask(s, "{\"kind\":\"ticket\",\"words\":\"印刷\",\"where\":{\"field\":\"category\",\"op\":\"eq\",\"value\":\"support\"}");
    ask(s, "{\"kind\":\"ticket\",\"where\":{\"field\":\"subject\",\"op\":\"contains\",\"value\":\"印刷\"}");
    ask(s, text("{\"kind\":\"ticket\",\"words\":\"印刷\",\"where\":{\"field\":\"reporter\",\"op\":\"eq\",\"value\":%lld}", (long long)staff));
    for (int32_t k = 0; k < muni__nkinds; k++)
        ask(s, text("{\"kind\":\"%s\"", muni__kinds[k].name));
    ask(s, "{\"kind\":\"person\",\"order\":[\"kana_sort\"]");
    ask(s, "{\"kind\":\"person\",\"words\":\"ﾔﾏﾀﾞ\"");
    ask(s, "{\"kind\":\"unit\",\"order\":[\"sort\"]");
}

static void write_out(muni_session *s, const char *kind) {
    char path[128];
    muni_query *q = NULL;
    muni_rec *r = NULL;
    (void)snprintf(path, sizeof path, "%s/out", m.dir);
    OK(muni_query_parse(text("{\"kind\":\"%s\"}", kind), MUNI_ZERO_TERMINATED, &q));
    if (!refused(muni_session_export(s, q, path, NULL, NULL, NULL, &r), kind))
        muni_rec_free(r);
    if (!refused(muni_session_export(s, q, path, "{\"format\":\"json\"}", NULL, NULL, &r), kind))
        muni_rec_free(r);
    muni_query_free(q);
    (void)unlink(path);
}

/* A table as it was written for another kind of file: what is imported must be refused row by row, too. */
static void read_in(const char *kind, const char *csv) {
    char path[128];
    muni_rec *r = NULL;
    (void)snprintf(path, sizeof path, "%s/in.csv", m.dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(csv, f);
    fclose(f);
    OK(muni_session_import(m.admin, kind, path, "{\"on_error\":\"skip\"}", NULL, NULL, &r));
    ck_assert_msg(mt_int(r, "created") > 0, "%s: %s", kind, mt_text(r, "findings"));
    muni_rec_free(r);
    (void)unlink(path);
}

/* Of what the sample has little: as much as a city has. */
static void crowd(void) {
    int64_t group = 0;
    for (int i = 0; i < 600; i++) {
        if (i % 100 == 0)
            OK(muni_session_begin(m.admin));
        int64_t who = mt_create(m.admin, "principal", text("{\"login\":\"e%d\",\"name\":\"職員%d\"}", i, i));
        if (i % 12 == 0) {
            (void)mt_create(m.admin, "desk", text("{\"code\":\"d%d\",\"name\":\"窓口%d\"}", i, i));
            group = mt_create(m.admin, "group", text("{\"code\":\"g%d\",\"name\":\"組%d\"}", i, i));
            give(group, "ticket", "read", "unit");
            give(group, "person", "read", "all");
        }
        (void)mt_create(m.admin, "member", text("{\"group\":%lld,\"principal\":%lld}", (long long)group, (long long)who));
        (void)mt_create(m.admin, "requirement", text("{\"source\":\"s%d\",\"item\":%d,\"text\":\"検索できること\"}", i / 100, i));
        if (i % 6 == 0)
            (void)mt_create(m.admin, "definition", text("{\"family\":\"codes\",\"name\":\"c%d\",\"body\":{\"values\":[{\"code\":\"red\",\"ja\":\"赤\",\"en\":\"Red\"}]}}", i));
        if (i % 100 == 99)
            OK(muni_session_commit(m.admin));
    }
}

static int32_t stop_it(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total, (void)stage, (void)user;
    return 1;
}

static int32_t go_on(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total, (void)stage, (void)user;
    return 0;
}

static int64_t first_person(void) {
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    muni_rec *r = NULL;
    OK(muni_query_parse("{\"kind\":\"person\",\"order\":[\"id\"],\"limit\":1}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(m.admin, q, &c));
    ck_assert_int_eq(muni_cursor_next(c, &r), MUNI_ROW);
    int64_t id = mt_int(r, "id");
    muni_rec_free(r);
    muni_cursor_unref(c);
    muni_query_free(q);
    return id;
}

/* The store looked after: something of each sort is wrong, and repaired. */
static void upkeep(void) {
    muni__tx *tx;
    muni_rec *r = NULL;
    recording = false;
    OK(muni__tx_system(m.db, true, &tx));
    OK(muni__run(tx->conn, "INSERT INTO m_doc SELECT 9000000,part,kind,9000000,keys FROM m_doc WHERE doc=(SELECT max(id) FROM k_ticket)"));
    OK(muni__run(tx->conn, "UPDATE m_doc SET rec=rec+1 WHERE doc=(SELECT max(id) FROM k_ticket)"));
    OK(muni__run(tx->conn, "UPDATE k_desk SET code_key='zz' WHERE id=(SELECT max(id) FROM k_desk)"));
    OK(muni__tx_leave(tx, MUNI_OK));
    recording = true;
    for (int repair = 0; repair < 2; repair++) {
        OK(muni_store_check(m.admin, repair, NULL, NULL, &r));
        ck_assert_int_eq(mt_int(r, "repaired") > 0, repair);
        muni_rec_free(r);
    }
    /* stopped after a piece, and something changed that is in both indexes */
    FAILS(muni_store_reindex(m.admin, stop_it, NULL, &r), MUNI_ECANCELLED);
    OK(mt_update(m.admin, "person", first_person(), 0, "{\"name\":\"改名　太郎\"}"));
    OK(muni_session_run_due(m.admin, &r));
    muni_rec_free(r);
    OK(muni_store_reindex(m.admin, NULL, NULL, &r));
    muni_rec_free(r);
    OK(muni_store_statistics(m.admin, &r));
    muni_rec_free(r);
    OK(muni_store_vacuum(m.admin, &r));
    muni_rec_free(r);
    /* a copy, stopped once, and its digest */
    char copy[160];
    snprintf(copy, sizeof copy, "%s/copy.db", m.dir);
    FAILS(muni_store_copy(m.admin, copy, stop_it, NULL, &r), MUNI_ECANCELLED);
    OK(muni_store_copy(m.admin, copy, go_on, NULL, &r));
    muni_rec_free(r);
    OK(muni_store_digest(m.admin, go_on, NULL, &r));
    muni_rec_free(r);
    static const char *const ends[] = { "", "-wal", "-shm", "-queue" };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        snprintf(copy, sizeof copy, "%s/copy.db%s", m.dir, ends[i]);
        (void)unlink(copy);
    }
}

static void city_store(void) {
    char path[128];
    muni_rec *r = NULL;
    muni_session *who[ACTORS], *op, *ap;
    mt_start(&m);
    OK(muni_db_set_now(m.db, INT64_C(1806548400))); /* 2027-04-01T12:00:00+09:00 */
    op = mt_person(&m, "op", "operator");
    ap = mt_person(&m, "ap", "approver");
    load_staff(op, ap, "2027-03-31", data("staff/org_before_cp932.csv"), data("staff/staff_before_cp932.csv"));
    (void)snprintf(path, sizeof path, "%s/year.csv", m.dir);
    ck_assert_int_eq(gen_incidents(data("figures/kat_helpdesk_incidents_r5.csv"), data("staff/staff_before_cp932.csv"), path, 1), 0);
    OK(muni_session_import(m.admin, "ticket", path, NULL, NULL, NULL, &r));
    ck_assert_int_eq(mt_int(r, "created"), 10460);
    muni_rec_free(r);
    (void)unlink(path);
    load_staff(op, ap, "2027-04-01", data("staff/org_after_cp932.csv"), data("staff/staff_after_cp932.csv"));
    read_in("desk", "code,name\nservice,サービス窓口\nservice,二つ目\n");
    read_in("requirement", "source,item,text\nkat,1,印刷できること\nkat,2,検索できること\n");
    crowd();
    read_in("ticket", "type,category,subject,reporter,source_no\nincident,support,手で加えた件,0000000,S-1\nincident,support,手で加えた件,,S-1\nincident,support,もう一件,,S-2\n");

    /* somebody of a department, with a main post and those below it */
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    OK(muni_query_parse("{\"kind\":\"post\",\"where\":{\"all\":[{\"field\":\"unit.level\",\"op\":\"le\",\"value\":2},{\"field\":\"to_on\",\"op\":\"absent\",\"value\":true}]}}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(m.admin, q, &c));
    int64_t staff = 0, unit = 0;
    for (size_t i = 0; i < ACTORS; i++) {
        ck_assert_int_eq(muni_cursor_next(c, &r), MUNI_ROW);
        staff = mt_int(r, "person");
        unit = mt_int(r, "unit");
        muni_rec_free(r);
        who[i] = actor(rights[i][0], rights[i][1], staff);
    }
    muni_cursor_unref(c);
    muni_query_free(q);

    read_in("account", text("person,system,name,from_on\n#%lld,directory,x,2027-04-01\n", (long long)staff));

    /* work on tickets: a tenth in other states, some said something about, some thrown away */
    OK(muni_query_parse("{\"kind\":\"ticket\",\"fields\":[\"id\"],\"limit\":3000}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(m.admin, q, &c));
    OK(muni_session_whoami(who[1], &r));
    long long me = (long long)mt_int(r, "principal");
    muni_rec_free(r);
    OK(muni_session_begin(m.admin));
    for (int i = 0; muni_cursor_next(c, &r) == MUNI_ROW; i++) {
        int64_t id = mt_int(r, "id");
        muni_rec_free(r);
        if (i % 6 == 0)
            OK(mt_do(m.admin, id, "assign", text("{\"assignee\":%lld}", me)));
        if (i % 60 == 1)
            OK(muni_session_comment(m.admin, "ticket", id, "印刷の件、確認しました", NULL));
        if (i % 100 == 2)
            OK(muni_session_trash(m.admin, "ticket", id, 0, NULL));
        if (i % 100 == 3)
            OK(mt_update(m.admin, "ticket", id, 0, "{\"subject\":\"別の件名\",\"confidential\":true}"));
    }
    OK(muni_session_commit(m.admin));
    muni_cursor_unref(c);
    muni_query_free(q);
    OK(muni_session_run_due(m.admin, &r));
    muni_rec_free(r);
    for (size_t i = 0; i < MUNI_COUNT(reports); i++)
        if (reports[i][1])
            OK(muni_session_transition(m.admin, "definition", mt_create(m.admin, "definition", text("{\"family\":\"report\",\"name\":\"%s\",\"body\":%s}", reports[i][0], reports[i][1])),
                                       0, "activate", NULL, NULL));
    OK(muni_audit_verify(m.admin, NULL, NULL, &r));
    ck_assert_msg(mt_int(r, "verified") == 1, "%s", mt_text(r, "findings"));
    muni_rec_free(r);
    /* the year is older than the posts of the sample: where it would have been reported from, and who would have worked on it */
    muni__tx *tx;
    recording = false;
    OK(muni__tx_system(m.db, true, &tx));
    OK(muni__run(tx->conn, "UPDATE k_ticket SET unit=(SELECT unit FROM k_person p WHERE p.id=reporter) WHERE unit IS NULL"));
    OK(muni__run(tx->conn, "UPDATE k_ticket SET desk=(SELECT d.id FROM k_desk d WHERE d.code_key='d'||(k_ticket.id%50*12)), created_by=(SELECT p.id FROM k_principal p WHERE p.login_key='e'||(k_ticket.id%60))"));
    OK(muni__run(tx->conn, "UPDATE k_ticket SET assignee=(SELECT p.id FROM k_principal p WHERE p.login_key='e'||(k_ticket.id%37)), state=CASE WHEN id%20 THEN 'closed' ELSE 'assigned' END WHERE assignee IS NULL"));
    OK(muni__tx_leave(tx, MUNI_OK));
    recording = true;
    look(m.admin, staff, unit);
    run_reports(m.admin);
    for (size_t i = 1; i < ACTORS - 1; i++) { /* who sees all asks as the administrator does, who sees nothing is told so */
        look(who[i], staff, unit);
        run_reports(who[i]);
    }
    for (int32_t k = 0; k < muni__nkinds; k++)
        write_out(m.admin, muni__kinds[k].name);
    write_out(who[1], "ticket");
    OK(muni_db_info(m.db, &r));
    muni_rec_free(r);
    upkeep();
    for (size_t i = 0; i < ACTORS; i++)
        muni_session_unref(who[i]);
    muni_session_unref(op);
    muni_session_unref(ap);
}

/* A store of before: an index and a column are missing, and come back. */
static void upgrade(void) {
    muni_open_options o = MUNI_OPEN_OPTIONS_INIT;
    muni_db *db = NULL;
    sqlite3 *raw = NULL;
    muni_session_unref(m.admin);
    muni_db_unref(m.db);
    m.admin = NULL;
    m.db = NULL;
    ck_assert_int_eq(sqlite3_open(m.path, &raw), SQLITE_OK);
    ck_assert_int_eq(__real_sqlite3_exec(raw, "DROP INDEX i_ticket_reported; UPDATE m_meta SET value='0000000000000000000000000000000000000000000000000000000000000000' WHERE key='schema'", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_close(raw), SQLITE_OK);
    FAILS(muni_open(m.path, NULL, &db), MUNI_EUPGRADE);
    o.upgrade = 1;
    OK(muni_open(m.path, &o, &db));
    muni_db_unref(db);
}

/* ---- planning */

typedef struct rule {
    const char *name, *statement, *unless, *step, *reason;
    regex_t re_statement, re_unless, re_step;
    int used;
} rule;
static rule rules[] = {
#define PLAN_STEP(n, of, but, what, why) { .name = #n, .statement = of, .unless = but, .step = what, .reason = why },
#include "plans.def"
#undef PLAN_STEP
    { .name = NULL },
};
static struct {
    const char *name, *reason;
    int there;
} spared[] = {
#define PLAN_INDEX(n, why) { #n, why, 0 },
#include "plans.def"
#undef PLAN_INDEX
    { NULL, NULL, 0 },
};

static struct {
    const char *file, *literal, *statement;
    int there;
} built[] = {
#define PLAN_BUILT(of, what, how) { of, what, how, 0 },
#include "plans.def"
#undef PLAN_BUILT
    { NULL, NULL, NULL, 0 },
};
static struct {
    const char *file, *literal, *reason;
    int there;
} unseen[] = {
#define PLAN_UNSEEN(of, what, why) { of, what, why, 0 },
#include "plans.def"
#undef PLAN_UNSEEN
    { NULL, NULL, NULL, 0 },
};

static void rules_begin(void) {
    for (rule *r = rules; r->name; r++) {
        ck_assert_msg(!regcomp(&r->re_statement, r->statement, REG_EXTENDED), "plans.def: %s: bad pattern", r->name);
        ck_assert_msg(!regcomp(&r->re_step, r->step, REG_EXTENDED), "plans.def: %s: bad pattern", r->name);
        ck_assert_msg(!r->unless[0] || !regcomp(&r->re_unless, r->unless, REG_EXTENDED), "plans.def: %s: bad pattern", r->name);
        ck_assert_msg(strlen(r->reason) > 20, "plans.def: %s: a rule needs its reason", r->name);
    }
}

/* What the list shows of a statement: parameters without their numbers, long lists of columns as one sign. */
static char *shown(const char *sql) {
    size_t n = strlen(sql), at = 0;
    char *out = malloc(n + 1);
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < n;) {
        size_t end = i, columns = 0;
        for (;;) { /* t."a", t."b", … or "a","b", … or ?1,?2, … */
            size_t k = end;
            if (!strncmp(sql + k, "t.", 2))
                k += 2;
            if (sql[k] == '"' && strchr(sql + k + 1, '"')) /* one without its end is a character of a text */
                k = (size_t)(strchr(sql + k + 1, '"') - sql) + 1;
            else if (sql[k] == '?' && strspn(sql + k + 1, "0123456789"))
                k += 1 + strspn(sql + k + 1, "0123456789");
            else
                break;
            columns++;
            end = k;
            if (sql[k] != ',')
                break;
            k += sql[k + 1] == ' ' ? 2 : 1;
            if (sql[k] != '"' && sql[k] != '?' && strncmp(sql + k, "t.\"", 3) != 0)
                break;
            end = k;
        }
        if (columns > 3) {
            memcpy(out + at, "*", 1);
            at++;
            i = end;
        } else if (sql[i] == '?') {
            out[at++] = '?';
            i += 1 + strspn(sql + i + 1, "0123456789");
        } else {
            out[at++] = sql[i++];
        }
    }
    out[at] = '\0';
    return out;
}

/* A statement as the list shows it, and its plan beneath: "statement\n    step\n    step\n". */
static char **listed;
static size_t nlisted, listed_cap;

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Plan every statement over a store. */
static void plan_all(const char *path, bool statistics) {
    sqlite3 *db = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    if (statistics)
        ck_assert_int_eq(__real_sqlite3_exec(db, "ANALYZE", NULL, NULL, NULL), SQLITE_OK);
    /* what is there only while it is being worked on */
    ck_assert_int_eq(__real_sqlite3_exec(db, "CREATE VIRTUAL TABLE temp.m_vocabulary USING fts5vocab('main','m_doc_index','instance');"
                                             "CREATE VIRTUAL TABLE temp.m_doc_index_new USING fts5(keys,content='',columnsize=0)", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < said.n; i++) {
        muni__buf sql = MUNI_BUF_INIT(0), entry = MUNI_BUF_INIT(0);
        sqlite3_stmt *s = NULL;
        muni__buf_printf(&sql, "EXPLAIN QUERY PLAN %s", said.list[i]);
        OK(sql.st);
        int rc = __real_sqlite3_prepare_v2(db, sql.p, -1, &s, NULL);
        ck_assert_msg(rc == SQLITE_OK, "%s: %s", said.list[i], sqlite3_errmsg(db));
        char *form = shown(said.list[i]), *kept = NULL;
        muni__buf_printf(&entry, "%s\n", form);
        free(form);
        while ((rc = sqlite3_step(s)) == SQLITE_ROW)
            muni__buf_printf(&entry, "    %s\n", (const char *)sqlite3_column_text(s, 3));
        ck_assert_int_eq(rc, SQLITE_DONE);
        OK(muni__buf_take(&entry, &kept, NULL));
        if (nlisted == listed_cap) {
            listed_cap = listed_cap ? listed_cap * 2 : 4096;
            listed = realloc(listed, listed_cap * sizeof *listed);
            ck_assert_ptr_nonnull(listed);
        }
        listed[nlisted++] = kept;
        muni__buf_free(&sql);
        sqlite3_finalize(s);
    }
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

/* Each once, in order. */
static void settle(void) {
    size_t kept = 0;
    qsort(listed, nlisted, sizeof *listed, by_text);
    for (size_t i = 0; i < nlisted; i++)
        if (kept && !strcmp(listed[i], listed[kept - 1]))
            muni_free(listed[i]);
        else
            listed[kept++] = listed[i];
    nlisted = kept;
}

/* Is this step one that needs a reason? */
static bool dear(const char *step) {
    return (!strncmp(step, "SCAN ", 5) && strcmp(step, "SCAN CONSTANT ROW") != 0) || strstr(step, "TEMP B-TREE") || strstr(step, "AUTOMATIC");
}

static rule *reason_for(const char *sql, const char *step) {
    for (rule *r = rules; r->name; r++)
        if (!regexec(&r->re_step, step, 0, NULL, 0) && !regexec(&r->re_statement, sql, 0, NULL, 0) && (!r->unless[0] || regexec(&r->re_unless, sql, 0, NULL, 0)))
            return r;
    return NULL;
}

static muni__buf used_indexes = MUNI_BUF_INIT(0); /* " name name … " */

static bool index_used(const char *name, size_t n) {
    const char *word = text(" %.*s ", (int)n, name);
    return used_indexes.p && strstr(used_indexes.p, word);
}

static void use_index(const char *step) {
    const char *p = strstr(step, "INDEX ");
    if (!p || strstr(step, "AUTOMATIC") || strstr(step, "VIRTUAL TABLE"))
        return;
    size_t n = strcspn(p + 6, " ");
    if (!index_used(p + 6, n))
        muni__buf_printf(&used_indexes, " %.*s ", (int)n, p + 6);
}

/* Look at every step of every plan; writes the list where one is wanted. Answers how many steps have no reason. */
static int judge(FILE *list) {
    int wrong = 0;
    for (size_t i = 0; i < nlisted; i++) {
        char *sql = listed[i], *at = strchr(sql, '\n');
        *at++ = '\0';
        if (list)
            fprintf(list, "%s\n", sql);
        while (*at) {
            char *step = at + 4, *end = strchr(at, '\n');
            *end = '\0';
            at = end + 1;
            use_index(step);
            rule *r = dear(step) ? reason_for(sql, step) : NULL;
            if (r)
                r->used++;
            if (list)
                fprintf(list, "    %s%s%s\n", step, r ? "  -- " : dear(step) ? "  -- NO REASON" : "", r ? r->name : "");
            if (dear(step) && !r && wrong++ < 50)
                printf("plans: no rule of plans.def allows \"%s\" in %s\n", step, sql);
        }
    }
    OK(used_indexes.st);
    for (rule *r = rules; r->name; r++) {
        if (list)
            fprintf(list, "-- %s (%d): %s\n", r->name, r->used, r->reason);
        if (!r->used) {
            printf("plans: the rule %s of plans.def allows nothing: take it away\n", r->name);
            wrong++;
        }
    }
    return wrong;
}

/* Every index is in some plan, or keeps something unique that nobody looks for. */
static int judge_indexes(const char *path, FILE *list) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    int wrong = 0, count = 0;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_int_eq(__real_sqlite3_prepare_v2(db, "SELECT name FROM sqlite_master WHERE type='index' AND sql IS NOT NULL ORDER BY name", -1, &s, NULL), SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s, 0), *why = NULL;
        bool used = index_used(name, strlen(name));
        count++;
        for (size_t i = 0; spared[i].name; i++)
            if (!strcmp(spared[i].name, name)) {
                why = spared[i].reason;
                spared[i].there++;
                if (used) {
                    printf("plans: the index %s is used: take it out of plans.def\n", name);
                    wrong++;
                }
            }
        if (list)
            fprintf(list, "-- index %s: %s\n", name, used ? "used" : why ? why : "NOT USED");
        if (!used && !why) {
            printf("plans: no statement uses the index %s: it only costs\n", name);
            wrong++;
        }
    }
    for (size_t i = 0; spared[i].name; i++)
        if (!spared[i].there) {
            printf("plans: there is no index %s, which plans.def names\n", spared[i].name);
            wrong++;
        }
    sqlite3_finalize(s);
    ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
    printf("plans: %zu statements, %zu with their plans, %d indexes\n", said.n, nlisted, count);
    return wrong;
}

/* ---- the literals of the source: is each in some statement that was made? */

static int literals, literals_wrong;

/* A literal as it stands between the quotes, and those behind it; where a name stands between them, or a conversion within, anything may be: \1. */
static void judge_literal(const char *file, const char *p) {
    static const char *const verbs[] = { "SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM " };
    bool some = false, seen = false, bare = false;
    for (size_t i = 0; i < MUNI_COUNT(verbs); i++) {
        some |= strstr(p, verbs[i]) != NULL;
        bare |= !strcmp(p, verbs[i]);
    }
    if (!some || !strncmp(p, "CREATE ", 7))
        return;
    literals++;
    if (bare) {
        for (size_t i = 0; built[i].file; i++)
            if (!strcmp(built[i].file, file) && !strcmp(built[i].literal, p) && !built[i].there) {
                built[i].there = 1;
                return;
            }
        printf("plans: %s: \"%s\" begins a statement that plans.def does not know (PLAN_BUILT)\n", file, p);
        literals_wrong++;
        return;
    }
    for (size_t k = 0; k < said.n && !seen; k++) {
        const char *at = said.list[k], *piece = p;
        while (at && *piece) {
            size_t n = strcspn(piece, "\1");
            const char *word = text("%.*s", (int)n, piece);
            at = n ? strstr(at, word) : at;
            piece += n + (piece[n] == '\1' ? 1 : 0);
        }
        seen = at != NULL;
    }
    for (size_t i = 0; unseen[i].file; i++)
        if (!strcmp(unseen[i].file, file) && !strcmp(unseen[i].literal, p)) {
            unseen[i].there = 1;
            if (!seen)
                return;
            printf("plans: %s: \"%s\" is in a statement: take it out of plans.def\n", file, p);
            literals_wrong++;
        }
    if (!seen) {
        printf("plans: %s: no statement was made with \"%s\"\n", file, p);
        literals_wrong++;
    }
}

static const char *skip_blank(const char *p) {
    for (;;) {
        p += strspn(p, " \t\n\\");
        if (!strncmp(p, "//", 2))
            p += strcspn(p, "\n");
        else if (!strncmp(p, "/*", 2) && strstr(p + 2, "*/"))
            p = strstr(p + 2, "*/") + 2;
        else
            return p;
    }
}

#define NAME "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* The text of a file of C. */
static void read_source(const char *file, const char *p) {
    muni__buf b = MUNI_BUF_INIT(0);
    while (*(p = skip_blank(p))) {
        if (*p == '\'') {
            for (p++; *p && *p != '\''; p++)
                p += *p == '\\';
            p++;
            continue;
        }
        if (*p != '"') {
            size_t n = strspn(p, NAME);
            p += n ? n : 1;
            continue;
        }
        muni__buf_clear(&b);
        while (*p == '"') {
            for (p++; *p && *p != '"'; p++) {
                if (*p == '\\') {
                    p++;
                    muni__buf_putc(&b, *p == 'n' ? '\n' : *p);
                } else if (*p == '%' && p[1] != '%') {
                    p += 1 + strspn(p + 1, "0123456789.*-zl");
                    muni__buf_putc(&b, '\1');
                } else {
                    muni__buf_putc(&b, *p);
                }
            }
            p = skip_blank(p + 1);
            const char *behind = skip_blank(p + strspn(p, NAME));
            if (*p != '"' && behind != p && *behind == '"') {
                muni__buf_putc(&b, '\1');
                p = behind;
            }
        }
        OK(b.st);
        judge_literal(file, b.p ? b.p : "");
    }
    muni__buf_free(&b);
}

static void read_sources(const char *dir, const char *inner) {
    DIR *d = opendir(text("%s/%s", dir, inner));
    ck_assert_msg(d != NULL, "cannot read %s/%s", dir, inner);
    for (struct dirent *e; (e = readdir(d));) {
        char name[512];
        size_t n = strlen(e->d_name);
        if (e->d_name[0] == '.' || !strncmp(e->d_name, "postgresql", 10)) /* the server plans those */
            continue;
        (void)snprintf(name, sizeof name, "%s%s%s", inner, *inner ? "/" : "", e->d_name);
        if (n > 2 && (!strcmp(e->d_name + n - 2, ".c") || !strcmp(e->d_name + n - 2, ".h"))) {
            FILE *f = fopen(text("%s/%s", dir, name), "rb");
            char *whole = calloc(1, (size_t)4 << 20);
            ck_assert(f && whole);
            size_t got = fread(whole, 1, ((size_t)4 << 20) - 1, f);
            ck_assert_uint_lt(got, ((size_t)4 << 20) - 1);
            fclose(f);
            if (strcmp(name, "core/tablegen.c") != 0) /* a program of the build: makes no statements */
                read_source(name, whole);
            free(whole);
        } else if (!strchr(e->d_name, '.') && strcmp(e->d_name, "include") != 0) {
            read_sources(dir, name);
        }
    }
    closedir(d);
}

static int judge_source(void) {
    const char *top = getenv("srcdir");
    char dir[400];
    (void)snprintf(dir, sizeof dir, "%s/libmunicipal", top ? top : ".");
    literals = literals_wrong = 0;
    read_sources(dir, "");
    for (size_t i = 0; built[i].file; i++) {
        regex_t re;
        bool fits = false;
        ck_assert_msg(!regcomp(&re, built[i].statement, REG_EXTENDED), "plans.def: %s: bad pattern", built[i].statement);
        for (size_t k = 0; k < nlisted && !fits; k++)
            fits = !regexec(&re, listed[k], 0, NULL, 0);
        regfree(&re);
        if (!built[i].there)
            printf("plans: \"%s\" stands less often in %s than in plans.def\n", built[i].literal, built[i].file);
        if (!fits)
            printf("plans: no statement was made that fits %s\n", built[i].statement);
        literals_wrong += !built[i].there + !fits;
    }
    for (size_t i = 0; unseen[i].file; i++)
        if (!unseen[i].there) {
            printf("plans: %s does not hold \"%s\", which plans.def names\n", unseen[i].file, unseen[i].literal);
            literals_wrong++;
        }
    ck_assert_int_gt(literals, 60);
    printf("plans: %d literals of the source\n", literals);
    return literals_wrong;
}

START_TEST(plans__every_statement_has_its_index_or_its_reason) {
    rules_begin();
    recording = true;
    small_store();
    city_store();
    upgrade();
    recording = false;
    plan_all(m.path, false);
    plan_all(m.path, true);
    settle();
    const char *path = getenv("MUNI_PLANS"); /* where the list shall go */
    FILE *list = path ? fopen(path, "w") : NULL;
    ck_assert(!path || list);
    int wrong = judge(list) + judge_indexes(m.path, list) + judge_source();
    if (list)
        fclose(list);
    mt_stop(&m);
    fflush(stdout);
    ck_assert_int_eq(wrong, 0);
}
END_TEST

/* What would be slow in a big store is allowed by no rule. */
START_TEST(plans__rules_allow_no_more_than_they_say) {
    static const char *const bad[][2] = {
        { "SELECT *, TRUE, * FROM \"k_ticket\" t WHERE TRUE AND t.\"trashed_at\" IS NULL AND t.\"reporter\" = ? ORDER BY t.\"id\" DESC LIMIT ?", "SCAN t" },
        { "SELECT *, TRUE, * FROM \"k_ticket\" t WHERE t.\"assignee\" = ? AND TRUE AND t.\"trashed_at\" IS NULL ORDER BY t.\"id\" DESC LIMIT ?", "SCAN t" },
        { "SELECT *, TRUE, * FROM \"k_ticket\" t WHERE TRUE AND t.\"trashed_at\" IS NULL ORDER BY t.\"reported_at\" DESC, t.\"id\" DESC LIMIT ?", "USE TEMP B-TREE FOR ORDER BY" },
        { "SELECT *, TRUE, * FROM \"k_ticket\" t WHERE TRUE AND t.\"trashed_at\" IS NULL ORDER BY t.\"reported_at\" DESC, t.\"id\" DESC LIMIT ?", "SCAN t" },
        { "SELECT *, TRUE, * FROM \"k_ticket\" t WHERE TRUE AND t.\"trashed_at\" IS NULL ORDER BY t.\"number_key\" ASC NULLS LAST, t.\"id\" ASC LIMIT ?", "USE TEMP B-TREE FOR ORDER BY" },
        { "SELECT *, TRUE, * FROM \"k_comment\" t WHERE TRUE AND t.\"trashed_at\" IS NULL AND (FALSE OR (t.\"about_kind\" = ? AND t.\"about\" = ?)) ORDER BY t.\"id\" DESC LIMIT ?",
          "SCAN t" },
        { "SELECT *, TRUE, * FROM \"k_person\" t WHERE TRUE AND t.\"trashed_at\" IS NULL AND t.\"mail\" = ? ORDER BY t.\"id\" DESC LIMIT ?", "SCAN t" },
        { "SELECT count(*) FROM (SELECT 1 AS one FROM \"k_ticket\" t WHERE TRUE AND t.\"trashed_at\" IS NULL AND t.\"unit\" = ? LIMIT ?) AS c", "SCAN t" },
        { "SELECT id,version,name,title,body FROM k_definition WHERE family=? AND name_key=? AND state='active' ORDER BY version DESC LIMIT 1", "SCAN k_definition" },
        { "SELECT hash FROM m_history WHERE rec=? ORDER BY id DESC LIMIT 1", "SCAN m_history" },
        { "SELECT hash FROM m_history WHERE rec=? ORDER BY id DESC LIMIT 1", "USE TEMP B-TREE FOR ORDER BY" },
        { "SELECT * FROM \"k_ticket\" t WHERE t.\"id\" IN (SELECT \"value\" FROM json_each(?)) ORDER BY t.\"id\"", "SCAN t" },
        { "UPDATE \"k_ticket\" SET \"rev\"=? WHERE id=?", "SCAN k_ticket" },
        { "SELECT 1 FROM \"k_person\" WHERE \"trashed_at\" IS NULL AND \"staff_no_key\" = ?", "SCAN k_person" },
        { "SELECT a.id FROM k_definition a, k_definition b WHERE b.id=?", "SEARCH a USING AUTOMATIC COVERING INDEX (family=?)" },
    };
    rules_begin();
    for (size_t i = 0; i < MUNI_COUNT(bad); i++) {
        ck_assert(dear(bad[i][1]));
        const rule *r = reason_for(bad[i][0], bad[i][1]);
        ck_assert_msg(!r, "the rule %s allows \"%s\" in %s", r->name, bad[i][1], bad[i][0]);
    }
    ck_assert(!dear("SEARCH t USING INDEX i_ticket_reporter (reporter=?)"));
    ck_assert(!dear("SCAN CONSTANT ROW"));
}
END_TEST

Suite *suite_plans(void);
Suite *suite_plans(void) {
    Suite *s = suite_create("plans");
    TCase *t = tcase_create("plans");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, plans__rules_allow_no_more_than_they_say);
    tcase_add_test(t, plans__every_statement_has_its_index_or_its_reason);
    suite_add_tcase(s, t);
    return s;
}
