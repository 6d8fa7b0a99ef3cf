/* See faults.h. One row is one public function in one situation. */
#include "faults.h"

#include <unistd.h>

/* ---- what comes out */

static char poison;
muni_rec *rec;
char *text;
muni_cursor *cursor;
muni_query *query;
muni_report *report;
muni_calendar *calendar;
muni_session *session;
muni_db *other;
int64_t number;

static unsigned asked; /* which of them the call gives */
enum { REC = 1, TEXT = 2, CURSOR = 4, QUERY = 8, REPORT = 16, CALENDAR = 32, SESSION = 64, OTHER = 128 };

#define OUT(bit, variable) (asked |= (bit), (variable) = (void *)&poison, &(variable))
#define STALE(bit, variable)                                                                                                     \
    if (asked & (bit) && (variable))                                                                                             \
        return #variable

const char *outputs_stale(void) {
    STALE(REC, rec);
    STALE(TEXT, text);
    STALE(CURSOR, cursor);
    STALE(QUERY, query);
    STALE(REPORT, report);
    STALE(CALENDAR, calendar);
    STALE(SESSION, session);
    STALE(OTHER, other);
    asked = 0;
    return NULL;
}

void outputs_drop(void) {
    muni_rec_free(rec);
    muni_free(text);
    muni_cursor_unref(cursor);
    muni_query_free(query);
    muni_report_unref(report);
    muni_calendar_unref(calendar);
    muni_session_unref(session);
    muni_db_unref(other);
    rec = NULL;
    text = NULL;
    cursor = NULL;
    query = NULL;
    report = NULL;
    calendar = NULL;
    session = NULL;
    other = NULL;
    number = 0;
    asked = 0;
}

static void put(char **all, char *more) {
    size_t n = *all ? strlen(*all) : 0, m = strlen(more);
    char *p = realloc(*all, n + m + 2);
    if (!p)
        give_up("no memory for the answer");
    memcpy(p + n, more, m);
    memcpy(p + n + m, "\n", 2);
    *all = p;
    muni_free(more);
}

static void put_rec(char **all, const muni_rec *r) {
    char *json = NULL;
    MUST(muni_rec_json(r, &json));
    put(all, json);
}

char *outputs_text(void) {
    char *all = NULL, *more = NULL, digits[32];
    muni_rec *row = NULL;
    muni_status st;
    (void)snprintf(digits, sizeof digits, "%lld", (long long)number);
    put(&all, strcpy(malloc(32), digits));
    if (rec)
        put_rec(&all, rec);
    if (text)
        put(&all, strcpy(malloc(strlen(text) + 1), text));
    while (cursor && (st = muni_cursor_next(cursor, &row)) != MUNI_OK) {
        MUST(st);
        put_rec(&all, row);
        muni_rec_free(row);
    }
    if (query) {
        MUST(muni_query_json(query, &more));
        put(&all, more);
    }
    if (report) {
        MUST(muni_report_render(report, "json", NULL, &more));
        put(&all, more);
    }
    if (calendar) {
        MUST(muni_calendar_explain(calendar, "2027-08-13", &more));
        put(&all, more);
    }
    if (session) {
        MUST(muni_session_whoami(session, &row));
        put_rec(&all, row);
        muni_rec_free(row);
    }
    if (other) {
        MUST(muni_db_info(other, &row));
        (void)snprintf(digits, sizeof digits, "history: %lld", (long long)muni_rec_int(row, muni_rec_find(row, "history_rows")));
        put(&all, strcpy(malloc(32), digits));
        muni_rec_free(row);
    }
    return all;
}

/* ---- what goes in */

static muni_rec *in_rec;
static muni_query *in_query;
static muni_cursor *in_cursor;
static muni_report *in_report;
static muni_calendar *in_calendar;
static muni_session *in_session;

void inputs_drop(void) {
    muni_rec_free(in_rec);
    muni_query_free(in_query);
    muni_cursor_unref(in_cursor);
    muni_report_unref(in_report);
    muni_calendar_unref(in_calendar);
    muni_session_unref(in_session);
    in_rec = NULL;
    in_query = NULL;
    in_cursor = NULL;
    in_report = NULL;
    in_calendar = NULL;
    in_session = NULL;
}

static void take_rec(const char *json) {
    muni_rec_free(in_rec);
    in_rec = NULL;
    MUST(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &in_rec));
}

static void take_query(const char *json) {
    muni_query_free(in_query);
    in_query = NULL;
    MUST(muni_query_parse(json, MUNI_ZERO_TERMINATED, &in_query));
}

static void file_put(const char *name, const char *content) {
    char file[160];
    in_dir(file, name);
    FILE *f = fopen(file, "wb");
    if (!f || fwrite(content, 1, strlen(content), f) != strlen(content) || fclose(f))
        give_up("%s cannot be written", file);
}

static const char *file_name(const char *name) {
    static char file[4][160];
    static int turn;
    turn = (turn + 1) % 4;
    in_dir(file[turn], name);
    return file[turn];
}

static const char *data(const char *name) {
    static char file[4][600];
    static int turn;
    const char *src = getenv("srcdir");
    turn = (turn + 1) % 4;
    (void)snprintf(file[turn], sizeof file[turn], "%.500s/tests/conformance/data/%.60s", src ? src : ".", name);
    return file[turn];
}

/* ---- the store that every try begins with */

static int64_t made(const char *kind, const char *json) {
    muni_rec *out = NULL;
    take_rec(json);
    MUST(muni_session_create(admin, kind, in_rec, &out));
    int64_t id = muni_rec_int(out, muni_rec_find(out, "id"));
    muni_rec_free(out);
    return id;
}

static void person(const char *login, const char *group) {
    char json[160];
    muni_rec *g = NULL;
    (void)snprintf(json, sizeof json, "{\"login\":\"%s\",\"name\":\"%s\"}", login, login);
    int64_t id = made("principal", json);
    MUST(muni_session_find(admin, "group", group, "id", &g));
    (void)snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)muni_rec_int(g, muni_rec_find(g, "id")), (long long)id);
    muni_rec_free(g);
    (void)made("member", json);
}

static muni_status plan(const char *on, const char *units, const char *people, muni_rec **out) {
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    o.on = on;
    o.units = units;
    o.people = people;
    return muni_staff_plan(op, &o, NULL, NULL, out);
}

static int64_t planned(const char *on, const char *people) {
    muni_rec *out = NULL;
    MUST(plan(on, data("units.csv"), data(people), &out));
    int64_t id = muni_rec_int(out, muni_rec_find(out, "id"));
    muni_rec_free(out);
    return id;
}

void template_make(const char *file) {
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    char json[300];
    muni_rec *me = NULL;
    o.test = 1;
    o.now = NOW;
    MUST(muni_create(file, &o, &db));
    MUST(muni_db_session(db, "admin", "faults", "用意", &admin));
    MUST(muni_session_whoami(admin, &me));
    ids->admin = muni_rec_int(me, muni_rec_find(me, "principal"));
    muni_rec_free(me);
    person("op", "operator");
    person("ap", "approver");
    MUST(muni_session_begin(admin));
    for (int i = 0; i < 205; i++) { /* more than a page */
        (void)snprintf(json, sizeof json, "{\"code\":\"w%03d\",\"name\":\"窓口%d\"}", i, i);
        (void)made("desk", json);
    }
    MUST(muni_session_commit(admin));
    for (int i = 0; i < 8; i++) {
        (void)snprintf(json, sizeof json,
                       "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"印刷できない %d\",\"body\":\"至急お願いします\",\"reported_at\":\"2027-04-01T0%d:00:00+09:00\"}", i, i);
        ids->tickets[i] = made("ticket", json);
    }
    for (int i = 0; i < 2; i++) { /* sparing the first: its words are looked for */
        take_rec("{\"body\":\"直してください\",\"urgency\":\"high\",\"impact\":\"low\"}");
        MUST(muni_session_update(admin, "ticket", ids->tickets[i], 0, in_rec, NULL));
    }
    MUST(muni_session_comment(admin, "ticket", ids->tickets[0], "トナーを交換した", NULL));
    for (int i = 4; i < 6; i++)
        MUST(muni_session_trash(admin, "ticket", ids->tickets[i], 0, NULL));
    MUST(muni_db_session(db, "op", "faults", NULL, &op));
    MUST(muni_db_session(db, "ap", "faults", NULL, &ap));
    ids->plans[0] = planned("2026-11-21", "people.csv");
    MUST(muni_plan_approve(ap, ids->plans[0], "確認した", NULL));
    MUST(muni_plan_apply(op, ids->plans[0], NULL, NULL, NULL));
    for (int i = 1; i < 4; i++)
        ids->plans[i] = planned("2027-04-01", "people_after.csv");
    MUST(muni_plan_approve(ap, ids->plans[3], "確認した", NULL));
    inputs_drop();
    muni_session_unref(ap);
    muni_session_unref(op);
    muni_session_unref(admin);
    muni_db_unref(db);
    ap = op = admin = NULL;
    db = NULL;
}

/* ---- rows: whatever needs no store */

#define CALL(name, expr)                                                                                                         \
    static muni_status name(int i) {                                                                                             \
        (void)i;                                                                                                                 \
        return expr;                                                                                                             \
    }
#define PREPARE(name, statement)                                                                                                 \
    static void name(int i) {                                                                                                    \
        (void)i;                                                                                                                 \
        statement;                                                                                                               \
    }

static const char wide_calendar[] =
    "{\"weekend\":[\"sat\"],\"closed\":[{\"on\":\"2027-08-13\",\"note\":\"停電\"}],\"open\":[\"2027-08-14\"],"
    "\"hours\":[{\"from\":\"08:30\",\"to\":\"12:00\"},{\"from\":\"13:00\",\"to\":\"17:15\"}],\"hours_by_weekday\":{\"thu\":[{\"from\":\"08:30\",\"to\":\"19:00\"}]}}";
#define QUERY_WIDE                                                                                                               \
    "{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"category\",\"op\":\"in\",\"value\":[\"support\",\"other\"]},"             \
    "{\"field\":\"created_by\",\"op\":\"eq\",\"value\":{\"me\":\"principal\"}},{\"not\":{\"field\":\"subject\",\"op\":\"contains\",\"value\":\"故障\"}}]}," \
    "\"order\":[\"-reported_at\"],\"fields\":[\"subject\",\"created_by.name\",\"state\"],\"limit\":6}"
#define REC_WIDE                                                                                                                 \
    "{\"type\":\"incident\",\"category\":\"ハード対応\",\"subject\":\"複合機が故障\",\"impact\":\"high\",\"urgency\":\"low\",\"custom\":{\"棟\":\"本庁\",\"階\":3}}"

CALL(describe_all, muni_describe(NULL, OUT(TEXT, text)))
CALL(describe_one, muni_describe("ticket", OUT(TEXT, text)))
PREPARE(a_calendar, if (!in_calendar) MUST(muni_calendar_new(wide_calendar, &in_calendar)))
CALL(calendar_default, muni_calendar_new(NULL, OUT(CALENDAR, calendar)))
CALL(calendar_own, muni_calendar_new(wide_calendar, OUT(CALENDAR, calendar)))
CALL(calendar_add, muni_calendar_add_open_days(in_calendar, "2027-04-30", 10, OUT(TEXT, text)))
CALL(calendar_why, muni_calendar_explain(in_calendar, "2027-08-13", OUT(TEXT, text)))
CALL(calendar_list, muni_calendar_holidays(in_calendar, "2027-04-01", "2028-03-31", OUT(TEXT, text)))
CALL(date_read, muni_date_parse("令和9年3月31日", MUNI_ZERO_TERMINATED, 0, OUT(TEXT, text)))
CALL(date_guess, muni_date_parse("9.3.31", MUNI_ZERO_TERMINATED, MUNI_DATE_ERA_REIWA, OUT(TEXT, text)))
CALL(fiscal, muni_fiscal_year("2019-05-01", OUT(TEXT, text)))
CALL(wareki, muni_wareki_format("2027-04-01", "long", OUT(TEXT, text)))
CALL(query_read, muni_query_parse(QUERY_WIDE, MUNI_ZERO_TERMINATED, OUT(QUERY, query)))
CALL(query_words, muni_query_parse("{\"kind\":\"ticket\",\"words\":\"印刷 至急\"}", MUNI_ZERO_TERMINATED, OUT(QUERY, query)))
PREPARE(a_query, take_query(QUERY_WIDE))
CALL(query_write, muni_query_json(in_query, OUT(TEXT, text)))
CALL(rec_make, muni_rec_new(OUT(REC, rec)))
CALL(rec_read, muni_rec_parse(REC_WIDE, MUNI_ZERO_TERMINATED, OUT(REC, rec)))
PREPARE(a_rec, take_rec(REC_WIDE))
CALL(rec_write, muni_rec_json(in_rec, OUT(TEXT, text)))
/* A setter's record remembers a failure, so it is another each time; room for the first eight values is there or not. */
PREPARE(an_empty_rec, take_rec("{}"))
PREPARE(a_full_rec, take_rec("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8}"))
CALL(set_bool, muni_rec_set_bool(in_rec, "confidential", 1))
CALL(set_date, muni_rec_set_date(in_rec, "born_on", "1980-01-02"))
CALL(set_int, muni_rec_set_int(in_rec, "desk", 5))
CALL(set_json, muni_rec_set_json(in_rec, "custom", "{\"棟\":\"本庁\",\"階\":[1,2,3]}", MUNI_ZERO_TERMINATED))
CALL(set_null, muni_rec_set_null(in_rec, "body"))
CALL(set_text, muni_rec_set_text(in_rec, "subject", "印刷できない", MUNI_ZERO_TERMINATED))
CALL(set_time, muni_rec_set_time(in_rec, "reported_at", NOW))
/* What a setter set is in the record. */
static muni_status show_rec(void) {
    return muni_rec_json(in_rec, &text);
}

/* ---- rows: making, opening, closing */

static muni_status make(int i) {
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    (void)i;
    o.test = 1;
    o.now = NOW;
    o.admin = "kanri";
    return muni_create(file_name("n.db"), &o, OUT(OTHER, other));
}
CALL(open_it, muni_open(path, NULL, OUT(OTHER, other)))
CALL(a_session, muni_db_session(db, "op", "faults", "理由", OUT(SESSION, session)))
CALL(store_info, muni_db_info(db, OUT(REC, rec)))

static const char small[] = "{\"type\":\"incident\",\"category\":\"other\",\"subject\":\"用紙が詰まった\",\"body\":\"二階の複合機\"}";
/* Written, and neither indexed nor sealed. */
PREPARE(something_to_do, (void)made("ticket", small))
static muni_status close_store(int i) {
    (void)i;
    muni_db_close(db);
    return MUNI_OK;
}
static muni_status unref_store(int i) {
    (void)i;
    muni_session_unref(admin);
    muni_session_unref(op);
    muni_session_unref(ap);
    admin = op = ap = NULL;
    muni_db_unref(db);
    db = NULL;
    return MUNI_OK;
}
static void a_group_of_another(int i) {
    (void)i;
    take_rec(small);
    muni_session_unref(in_session);
    in_session = NULL;
    MUST(muni_db_session(db, "admin", "faults", NULL, &in_session));
    MUST(muni_session_begin(in_session));
    MUST(muni_session_create(in_session, "ticket", in_rec, NULL));
}
static muni_status close_session(int i) {
    (void)i;
    muni_session_close(in_session);
    return MUNI_OK;
}
static muni_status unref_session(int i) {
    (void)i;
    muni_session_unref(in_session);
    in_session = NULL;
    return MUNI_OK;
}

/* ---- rows: reading */

CALL(who, muni_session_whoami(admin, OUT(REC, rec)))
CALL(get, muni_session_get(admin, "ticket", ids->tickets[i], "subject,created_by.name,desk,state", OUT(REC, rec)))
CALL(get_all, muni_session_get(op, "ticket", ids->tickets[i], NULL, OUT(REC, rec)))
CALL(find, muni_session_find(admin, "desk", "Ｗ００３", NULL, OUT(REC, rec)))
CALL(find_personal, muni_session_find(admin, "person", "0970003", "staff_no,name,born_on,unit.name", OUT(REC, rec)))
CALL(what_next, muni_session_transitions(admin, "ticket", ids->tickets[i], OUT(TEXT, text)))
CALL(list, muni_session_list(admin, in_query, OUT(CURSOR, cursor)))
CALL(list_scoped, muni_session_list(op, in_query, OUT(CURSOR, cursor)))
PREPARE(a_pattern, take_query("{\"kind\":\"ticket\",\"where\":{\"field\":\"subject\",\"op\":\"matches\",\"value\":\"[印刷]{2}|^v\"},\"fields\":[\"subject\"]}"))
PREPARE(words, take_query("{\"kind\":\"ticket\",\"words\":\"印刷 至急\",\"fields\":[\"subject\"]}"))
CALL(count, muni_session_count(admin, in_query, 0, &number))
PREPARE(all_desks, take_query("{\"kind\":\"desk\",\"order\":[\"code\"],\"fields\":[\"code\"]}"))
static void at_the_end_of_a_page(int i) {
    muni_rec *row = NULL;
    all_desks(i);
    muni_cursor_unref(in_cursor);
    in_cursor = NULL;
    MUST(muni_session_list(admin, in_query, &in_cursor));
    for (int n = 0; n < 200; n++) {
        MUST(muni_cursor_next(in_cursor, &row));
        muni_rec_free(row);
    }
}
static void in_a_history(int i) {
    muni_cursor_unref(in_cursor);
    in_cursor = NULL;
    MUST(muni_session_history(admin, "ticket", ids->tickets[i], &in_cursor));
}
static void in_a_plan(int i) {
    (void)i;
    muni_cursor_unref(in_cursor);
    in_cursor = NULL;
    MUST(muni_plan_rows(op, ids->plans[1], &in_cursor));
}
static void in_findings(int i) {
    (void)i;
    muni_cursor_unref(in_cursor);
    in_cursor = NULL;
    MUST(muni_plan_findings(op, ids->plans[1], &in_cursor));
}
CALL(next, muni_cursor_next(in_cursor, OUT(REC, rec)))
CALL(token, muni_cursor_token(in_cursor, OUT(TEXT, text)))
CALL(history, muni_session_history(admin, "ticket", ids->tickets[i], OUT(CURSOR, cursor)))
CALL(plan_rows, muni_plan_rows(op, ids->plans[1], OUT(CURSOR, cursor)))
CALL(plan_findings, muni_plan_findings(op, ids->plans[1], OUT(CURSOR, cursor)))
CALL(verify, muni_audit_verify(admin, NULL, NULL, OUT(REC, rec)))
CALL(report_months, muni_session_report(admin, "helpdesk-monthly", "{\"fiscal_year\":2027}", OUT(REPORT, report)))
CALL(report_states, muni_session_report(op, "incident-states", "{\"fiscal_year\":2027}", OUT(REPORT, report)))
CALL(report_priorities, muni_session_report(admin, "incident-priorities", "{\"fiscal_year\":2027}", OUT(REPORT, report)))
PREPARE(a_report, if (!in_report) MUST(muni_session_report(admin, "helpdesk-monthly", "{\"fiscal_year\":2027}", &in_report)))
CALL(report_behind, muni_report_query(in_report, 0, 0, OUT(TEXT, text)))
CALL(render_csv, muni_report_render(in_report, "csv", "ja", OUT(TEXT, text)))
CALL(render_json, muni_report_render(in_report, "json", "en", OUT(TEXT, text)))
CALL(render_html, muni_report_render(in_report, "html", "ja", OUT(TEXT, text)))
static void people_out(int i) {
    (void)i;
    file_put("out.csv", "was here before\n");
    take_query("{\"kind\":\"person\",\"fields\":[\"staff_no\",\"name\",\"born_on\",\"unit\"],\"order\":[\"staff_no\"]}");
}
CALL(export_cp932, muni_session_export(admin, in_query, file_name("out.csv"), "{\"charset\":\"cp932\"}", NULL, NULL, OUT(REC, rec)))
PREPARE(tickets_out, take_query("{\"kind\":\"ticket\",\"order\":[\"id\"]}"))
CALL(export_json, muni_session_export(admin, in_query, file_name("out.json"), "{\"format\":\"json\"}", NULL, NULL, OUT(REC, rec)))

/* ---- rows: writing */

static void a_long_log(int i) {
    take_rec(REC_WIDE);
    if (i)
        log_grow();
}
CALL(create, muni_session_create(admin, "ticket", in_rec, OUT(REC, rec)))
static void a_definition(int i) {
    char json[300];
    (void)snprintf(json, sizeof json,
                   "{\"family\":\"codes\",\"name\":\"place-%d\",\"title\":\"場所\",\"body\":{\"values\":[{\"code\":\"east\",\"ja\":\"東庁舎\",\"en\":\"East\"}]}}", i);
    take_rec(json);
}
CALL(create_definition, muni_session_create(admin, "definition", in_rec, OUT(REC, rec)))
PREPARE(a_change, take_rec("{\"subject\":\"別の件名\",\"body\":null,\"urgency\":\"high\",\"impact\":\"low\",\"custom\":{\"棟\":\"東庁舎\"}}"))
CALL(update, muni_session_update(admin, "ticket", ids->tickets[2 + i], 0, in_rec, OUT(REC, rec)))
static void an_assignee(int i) {
    char json[64];
    (void)i;
    (void)snprintf(json, sizeof json, "{\"assignee\":%lld}", (long long)ids->admin);
    take_rec(json);
}
CALL(transition, muni_session_transition(admin, "ticket", ids->tickets[2 + i], 0, "assign", in_rec, OUT(REC, rec)))
CALL(trash, muni_session_trash(admin, "ticket", ids->tickets[2 + i], 0, OUT(REC, rec)))
CALL(restore, muni_session_restore(admin, "ticket", ids->tickets[4 + i], 0, OUT(REC, rec)))
CALL(comment, muni_session_comment(admin, "ticket", ids->tickets[2 + i], "用紙を入れ直した", OUT(REC, rec)))
/* Only a server can leave one in doubt. */
static muni_status no_doubt(int i) {
    int32_t written;
    (void)i;
    muni_status st = muni_session_doubt(admin, &written);
    return st == MUNI_ENOTFOUND ? MUNI_OK : st;
}
CALL(run_due, muni_session_run_due(admin, OUT(REC, rec)))

static muni_status roll_back(void) {
    return muni_session_rollback(admin);
}
static muni_status commit_it(void) {
    return muni_session_commit(admin);
}
CALL(begin, muni_session_begin(admin))
static void a_group(int i) {
    (void)i;
    (void)muni_session_rollback(admin);
    take_rec(small);
    MUST(muni_session_begin(admin));
}
static void a_group_with_two(int i) {
    a_group(i);
    MUST(muni_session_create(admin, "ticket", in_rec, NULL));
    MUST(muni_session_create(admin, "ticket", in_rec, NULL));
}
CALL(commit, muni_session_commit(admin))
CALL(rollback, muni_session_rollback(admin))

static void a_file(int i) {
    char name[16], content[600];
    (void)snprintf(name, sizeof name, "in%d.csv", i);
    (void)snprintf(content, sizeof content,
                   "\xef\xbb\xbf元番号,種別,分類,件名,内容,受付日時\r\nA-%d1,incident,サポート,一つ目,\"二行の\n内容\",2026-10-01 08:30\r\n"
                   "Ａ-%d2,inquiry,other,二つ目,,2026-10-02T00:00:00Z\r\nA-%d3,incident,なんでも,三つ目,,\r\nA-%d4,incident,その他,四つ目,,\r\n",
                   i, i, i, i);
    file_put(name, content);
}
CALL(import, muni_session_import(admin, "ticket", file_name(i ? "in1.csv" : "in0.csv"), "{\"on_error\":\"skip\"}", NULL, NULL, OUT(REC, rec)))
CALL(store_check, muni_store_check(admin, 0, NULL, NULL, OUT(REC, rec)))
CALL(store_repair, muni_store_check(admin, 1, NULL, NULL, OUT(REC, rec)))
/* But for what the calls before it had copied, it says the same. */
static muni_status store_copy(int i) {
    muni_rec *copied = NULL;
    (void)i;
    muni_status st = muni_store_copy(admin, file_name("k.db"), NULL, NULL, &copied);
    if (st >= 0) {
        const char *digest = muni_rec_text(copied, muni_rec_find(copied, "digest"), NULL);
        st = muni_rec_new(OUT(REC, rec));
        if (st >= 0 && (st = muni_rec_set_text(rec, "digest", digest, MUNI_ZERO_TERMINATED)) < 0) {
            muni_rec_free(rec);
            rec = NULL;
        }
    }
    muni_rec_free(copied);
    return st;
}
CALL(store_digest, muni_store_digest(admin, NULL, NULL, OUT(REC, rec)))
CALL(store_reindex, muni_store_reindex(admin, NULL, NULL, OUT(REC, rec)))
CALL(store_statistics, muni_store_statistics(admin, OUT(REC, rec)))
CALL(store_vacuum, muni_store_vacuum(admin, OUT(REC, rec)))
CALL(staff_plan, plan("2027-04-01", data("units_cp932.csv"), data("people_after.csv"), OUT(REC, rec)))
CALL(approve, muni_plan_approve(ap, ids->plans[1 + i], "確認した", OUT(REC, rec)))
CALL(apply, muni_plan_apply(op, ids->plans[3], NULL, NULL, OUT(REC, rec)))

#define ROW(function, what, flags, prepare, call, finish) { #function, what, flags, prepare, call, finish }
const fault_row fault_rows[] = {
    ROW(muni_describe, "every kind", NO_STORE, NULL, describe_all, NULL),
    ROW(muni_describe, "one kind", NO_STORE, NULL, describe_one, NULL),
    ROW(muni_calendar_new, "the national default", NO_STORE, NULL, calendar_default, NULL),
    ROW(muni_calendar_new, "a definition", NO_STORE, NULL, calendar_own, NULL),
    ROW(muni_calendar_add_open_days, "", NO_STORE, a_calendar, calendar_add, NULL),
    ROW(muni_calendar_explain, "", NO_STORE, a_calendar, calendar_why, NULL),
    ROW(muni_calendar_holidays, "", NO_STORE, a_calendar, calendar_list, NULL),
    ROW(muni_date_parse, "", NO_STORE, NULL, date_read, NULL),
    ROW(muni_date_parse, "with a warning", NO_STORE, NULL, date_guess, NULL),
    ROW(muni_fiscal_year, "", NO_STORE, NULL, fiscal, NULL),
    ROW(muni_wareki_format, "", NO_STORE, NULL, wareki, NULL),
    ROW(muni_query_parse, "conditions", NO_STORE, NULL, query_read, NULL),
    ROW(muni_query_parse, "words", NO_STORE, NULL, query_words, NULL),
    ROW(muni_query_json, "", NO_STORE, a_query, query_write, NULL),
    ROW(muni_rec_new, "", NO_STORE, NULL, rec_make, NULL),
    ROW(muni_rec_parse, "", NO_STORE, NULL, rec_read, NULL),
    ROW(muni_rec_json, "", NO_STORE, a_rec, rec_write, NULL),
    ROW(muni_rec_set_bool, "", NO_STORE | AGAIN, an_empty_rec, set_bool, show_rec),
    ROW(muni_rec_set_date, "", NO_STORE | AGAIN, an_empty_rec, set_date, show_rec),
    ROW(muni_rec_set_int, "", NO_STORE | AGAIN, an_empty_rec, set_int, show_rec),
    ROW(muni_rec_set_int, "one more than there is room for", NO_STORE | AGAIN, a_full_rec, set_int, show_rec),
    ROW(muni_rec_set_json, "", NO_STORE | AGAIN, an_empty_rec, set_json, show_rec),
    ROW(muni_rec_set_null, "", NO_STORE | AGAIN, an_empty_rec, set_null, show_rec),
    ROW(muni_rec_set_text, "", NO_STORE | AGAIN, an_empty_rec, set_text, show_rec),
    ROW(muni_rec_set_time, "", NO_STORE | AGAIN, an_empty_rec, set_time, show_rec),
    ROW(muni_create, "", UNOPENED | NEW_FILE | ONCE, NULL, make, NULL),
    ROW(muni_open, "", UNOPENED | ONCE, NULL, open_it, NULL),
    ROW(muni_db_close, "with something to do", ONCE | CLOSES, something_to_do, close_store, NULL),
    ROW(muni_db_close, "with a group open", ONCE | CLOSES, a_group_of_another, close_store, NULL),
    ROW(muni_db_unref, "with something to do", ONCE | CLOSES, something_to_do, unref_store, NULL),
    ROW(muni_db_session, "", 0, NULL, a_session, NULL),
    ROW(muni_db_info, "", 0, NULL, store_info, NULL),
    ROW(muni_session_close, "with a group open", 0, a_group_of_another, close_session, NULL),
    ROW(muni_session_unref, "with a group open", 0, a_group_of_another, unref_session, NULL),
    ROW(muni_session_whoami, "", 0, NULL, who, NULL),
    ROW(muni_session_get, "with references", 0, NULL, get, NULL),
    ROW(muni_session_get, "every field, within a scope", OTHERS, NULL, get_all, NULL),
    ROW(muni_session_find, "", 0, NULL, find, NULL),
    ROW(muni_session_find, "with a personal field", 0, NULL, find_personal, NULL),
    ROW(muni_session_transitions, "", 0, NULL, what_next, NULL),
    ROW(muni_session_list, "conditions", 0, a_query, list, NULL),
    ROW(muni_session_list, "conditions, within a scope", OTHERS, a_query, list_scoped, NULL),
    ROW(muni_session_list, "words", 0, words, list, NULL),
    ROW(muni_session_list, "a pattern", 0, a_pattern, list, NULL),
    ROW(muni_session_count, "conditions", 0, a_query, count, NULL),
    ROW(muni_session_count, "words", 0, words, count, NULL),
    ROW(muni_cursor_next, "on to the second page", 0, at_the_end_of_a_page, next, NULL),
    ROW(muni_cursor_next, "of a history", 0, in_a_history, next, NULL),
    ROW(muni_cursor_next, "of a plan", OTHERS, in_a_plan, next, NULL),
    ROW(muni_cursor_next, "of findings", OTHERS, in_findings, next, NULL),
    ROW(muni_cursor_token, "", 0, at_the_end_of_a_page, token, NULL),
    ROW(muni_session_history, "", 0, NULL, history, NULL),
    ROW(muni_plan_rows, "", OTHERS, NULL, plan_rows, NULL),
    ROW(muni_plan_findings, "", OTHERS, NULL, plan_findings, NULL),
    ROW(muni_audit_verify, "", 0, NULL, verify, NULL),
    ROW(muni_session_report, "by month", 0, NULL, report_months, NULL),
    ROW(muni_session_report, "by state, within a scope", OTHERS, NULL, report_states, NULL),
    ROW(muni_session_report, "by priority", 0, NULL, report_priorities, NULL),
    ROW(muni_report_query, "", 0, a_report, report_behind, NULL),
    ROW(muni_report_render, "csv", 0, a_report, render_csv, NULL),
    ROW(muni_report_render, "json", 0, a_report, render_json, NULL),
    ROW(muni_report_render, "html", 0, a_report, render_html, NULL),
    ROW(muni_session_export, "csv over a file", 0, people_out, export_cp932, NULL),
    ROW(muni_session_export, "json", 0, tickets_out, export_json, NULL),
    ROW(muni_session_create, "a ticket", 0, a_rec, create, NULL),
    ROW(muni_session_create, "and the log is brought home", LONG_LOG, a_long_log, create, NULL),
    ROW(muni_session_create, "a definition", 0, a_definition, create_definition, NULL),
    ROW(muni_session_create, "in a group", AGAIN, a_group, create, commit_it),
    ROW(muni_session_update, "", 0, a_change, update, NULL),
    ROW(muni_session_transition, "", 0, an_assignee, transition, NULL),
    ROW(muni_session_trash, "", 0, NULL, trash, NULL),
    ROW(muni_session_restore, "", 0, NULL, restore, NULL),
    ROW(muni_session_comment, "", 0, NULL, comment, NULL),
    ROW(muni_session_begin, "", 0, NULL, begin, roll_back),
    ROW(muni_session_commit, "", AGAIN, a_group_with_two, commit, NULL),
    ROW(muni_session_rollback, "", 0, a_group_with_two, rollback, NULL),
    ROW(muni_session_doubt, "", 0, NULL, no_doubt, NULL),
    ROW(muni_session_run_due, "", 0, something_to_do, run_due, NULL),
    ROW(muni_session_import, "with a wrong row", STEPS, a_file, import, NULL),
    ROW(muni_store_check, "", 0, NULL, store_check, NULL),
    ROW(muni_store_check, "with repair", UPKEEP, NULL, store_repair, NULL),
    ROW(muni_store_copy, "", ONCE | ALIKE, NULL, store_copy, NULL),
    ROW(muni_store_digest, "", 0, NULL, store_digest, NULL),
    ROW(muni_store_reindex, "", UPKEEP, something_to_do, store_reindex, NULL),
    ROW(muni_store_statistics, "", 0, NULL, store_statistics, NULL),
    ROW(muni_store_vacuum, "", 0, NULL, store_vacuum, NULL),
    ROW(muni_staff_plan, "", OTHERS, NULL, staff_plan, NULL),
    ROW(muni_plan_approve, "", OTHERS, NULL, approve, NULL),
    ROW(muni_plan_apply, "", ONCE | OTHERS, NULL, apply, NULL),
};
const int fault_nrows = (int)(sizeof fault_rows / sizeof *fault_rows);

/* ---- functions that allocate and read nothing */

#define NOTHING(name, statement)                                                                                                 \
    static void nothing_##name(void) {                                                                                           \
        statement;                                                                                                               \
    }
static int64_t whole;
static int32_t half;
static const char *said;

NOTHING(muni_calendar_count_open_days, MUST(muni_calendar_count_open_days(in_calendar, "2027-04-01", "2027-04-30", &half)))
NOTHING(muni_calendar_is_open_at, MUST(muni_calendar_is_open_at(in_calendar, NOW, &half)))
NOTHING(muni_calendar_is_open_day, MUST(muni_calendar_is_open_day(in_calendar, "2027-04-01", &half)))
NOTHING(muni_calendar_ref, muni_calendar_unref(muni_calendar_ref(in_calendar)))
NOTHING(muni_calendar_unref, muni_calendar_unref(in_calendar); in_calendar = NULL)
NOTHING(muni_cursor_close, muni_cursor_close(in_cursor))
NOTHING(muni_cursor_ref, muni_cursor_unref(muni_cursor_ref(in_cursor)))
NOTHING(muni_cursor_unref, muni_cursor_unref(in_cursor); in_cursor = NULL)
NOTHING(muni_db_now, MUST(muni_db_now(db, &whole)))
NOTHING(muni_db_ref, muni_db_unref(muni_db_ref(db)))
NOTHING(muni_db_set_now, MUST(muni_db_set_now(db, NOW)))
NOTHING(muni_error_code, half = muni_error_code())
NOTHING(muni_error_field, said = muni_error_field())
NOTHING(muni_error_kind, said = muni_error_kind())
NOTHING(muni_error_line, whole = muni_error_line())
NOTHING(muni_error_name, said = muni_error_name(MUNI_ENOMEM))
NOTHING(muni_error_record, whole = muni_error_record())
NOTHING(muni_error_text, said = muni_error_text("ja"))
NOTHING(muni_free, muni_free(text); text = NULL)
NOTHING(muni_query_free, muni_query_free(in_query); in_query = NULL)
NOTHING(muni_rec_count, half = muni_rec_count(in_rec))
NOTHING(muni_rec_find, half = muni_rec_find(in_rec, "subject"))
NOTHING(muni_rec_free, muni_rec_free(in_rec); in_rec = NULL)
NOTHING(muni_rec_int, whole = muni_rec_int(in_rec, 0))
NOTHING(muni_rec_kind, said = muni_rec_kind(in_rec))
NOTHING(muni_rec_name, said = muni_rec_name(in_rec, 0))
NOTHING(muni_rec_text, said = muni_rec_text(in_rec, 0, NULL))
NOTHING(muni_rec_type, half = muni_rec_type(in_rec, 0))
NOTHING(muni_report_columns, half = muni_report_columns(in_report))
NOTHING(muni_report_ref, muni_report_unref(muni_report_ref(in_report)))
NOTHING(muni_report_rows, half = muni_report_rows(in_report))
NOTHING(muni_report_unref, muni_report_unref(in_report); in_report = NULL)
NOTHING(muni_report_value, MUST(muni_report_value(in_report, 0, 0, &whole)))
NOTHING(muni_session_ref, muni_session_unref(muni_session_ref(admin)))
NOTHING(muni_version, said = muni_version())
NOTHING(muni_version_number, half = muni_version_number())

const fault_nothing fault_nothings[] = {
#define N(name) { #name, nothing_##name }
    N(muni_calendar_count_open_days), N(muni_calendar_is_open_at), N(muni_calendar_is_open_day), N(muni_calendar_ref), N(muni_calendar_unref),
    N(muni_cursor_close), N(muni_cursor_ref), N(muni_cursor_unref), N(muni_db_now), N(muni_db_ref), N(muni_db_set_now), N(muni_error_code),
    N(muni_error_field), N(muni_error_kind), N(muni_error_line), N(muni_error_name), N(muni_error_record), N(muni_error_text), N(muni_free),
    N(muni_query_free), N(muni_rec_count), N(muni_rec_find), N(muni_rec_free), N(muni_rec_int), N(muni_rec_kind), N(muni_rec_name), N(muni_rec_text),
    N(muni_rec_type), N(muni_report_columns), N(muni_report_ref), N(muni_report_rows), N(muni_report_unref), N(muni_report_value), N(muni_session_ref),
    N(muni_version), N(muni_version_number),
#undef N
};
const int fault_nnothings = (int)(sizeof fault_nothings / sizeof *fault_nothings);

/* Something of everything that the functions above look at. */
void nothing_prepare(void) {
    a_calendar(1);
    at_the_end_of_a_page(1);
    a_rec(1);
    a_report(1);
    MUST(muni_describe("desk", &text));
}
