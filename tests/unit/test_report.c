/* Reports: definitions, figures and the conditions behind them, renderers. */
#include "report/report.h"

#include "core/date.h"
#include "core/csv.h"
#include "modeltest.h"
#include "rows.h"

#include "fault.h"
#include "textdata.h"

#include <pthread.h>

static mt m;
static textrng rng;
static int64_t next_id;

static void start(void) {
    mt_start(&m);
    rng.s = 20230401;
    next_id = 1000000; /* above what the store has given out */
}

static void stop(void) {
    mt_stop(&m);
}

/* ---- tickets put straight into their table: reports only read */

typedef struct ticket {
    const char *type, *state, *category, *impact, *urgency;
    int64_t month, priority, reporter, created_by, assignee;
    bool trashed, confidential, dated;
} ticket;

static void bind_text(muni__stmt *s, int i, const char *p) {
    if (p)
        muni__bind_text(s, i, p, strlen(p));
    else
        muni__bind_null(s, i);
}

static void bind_id(muni__stmt *s, int i, int64_t id) {
    if (id)
        muni__bind_int(s, i, id);
    else
        muni__bind_null(s, i);
}

static void put_tickets(const ticket *t, size_t n) {
    muni__tx *tx;
    OK(muni__tx_system(m.db, true, &tx));
    for (size_t i = 0; i < n; i++, t++) {
        muni__stmt *s;
        OK(muni__sql(tx->conn,
                     "INSERT INTO k_ticket(id,rev,type,state,category,impact,urgency,priority,reporter,created_by,assignee,month,fiscal_year,trashed_at,confidential,subject) "
                     "VALUES(?1,1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,'x')",
                     &s));
        muni__bind_int(s, 1, next_id++);
        bind_text(s, 2, t->type);
        bind_text(s, 3, t->state);
        bind_text(s, 4, t->category);
        bind_text(s, 5, t->impact);
        bind_text(s, 6, t->urgency);
        bind_id(s, 7, t->priority);
        bind_id(s, 8, t->reporter);
        bind_id(s, 9, t->created_by);
        bind_id(s, 10, t->assignee);
        bind_id(s, 11, t->month);
        bind_id(s, 12, t->month ? t->month / 100 - (t->month % 100 < 4) : 0);
        bind_id(s, 13, t->trashed ? NOON : 0);
        bind_id(s, 14, t->confidential);
        OK(muni__step(s));
        muni__done(s);
    }
    OK(muni__tx_leave(tx, MUNI_OK));
}

static const char *one_of(const char *const *list, size_t n) {
    return list[textrng_below(&rng, (uint32_t)n)];
}

#define ONE_OF(list) one_of(list, sizeof(list) / sizeof *(list))

/* Anything at all, also what no definition knows. */
static ticket any_ticket(const int64_t *principals, size_t n) {
    static const char *const types[] = { "incident", "incident", "incident", "inquiry" }, *const states[] = { "new", "assigned", "in_progress", "resolved", "closed", "melted", NULL },
                      *const categories[] = { "support", "work", "network", "hardware", "other", "fax", "telex", NULL }, *const levels[] = { "high", "middle", "low", NULL };
    static const int64_t months[] = { 202303, 202304, 202305, 202306, 202307, 202312, 202401, 202403, 202404, 202313, 0 };
    ticket t = { .type = ONE_OF(types), .state = ONE_OF(states), .category = ONE_OF(categories), .impact = ONE_OF(levels), .urgency = ONE_OF(levels) };
    t.month = months[textrng_below(&rng, sizeof months / sizeof *months)];
    t.priority = textrng_below(&rng, 8);
    t.reporter = textrng_below(&rng, 5);
    t.created_by = textrng_below(&rng, 3) ? 0 : principals[textrng_below(&rng, (uint32_t)n)];
    t.assignee = textrng_below(&rng, 3) ? 0 : principals[textrng_below(&rng, (uint32_t)n)];
    t.trashed = !textrng_below(&rng, 10);
    t.confidential = !textrng_below(&rng, 6);
    return t;
}

/* ---- definitions */

static muni_status define_as(const char *family, const char *name, const char *body) {
    char *json = malloc(strlen(body) + 256);
    muni_rec *out = NULL;
    sprintf(json, "{\"family\":\"%s\",\"name\":\"%s\",\"title\":\"試験\",\"body\":%s}", family, name, body);
    muni_status st = mt_try(m.admin, "definition", json, &out);
    if (st >= 0) {
        int64_t id = mt_int(out, "id");
        muni_rec_free(out);
        st = muni_session_transition(m.admin, "definition", id, 0, "activate", NULL, NULL);
    }
    free(json);
    return st;
}

static void define(const char *name, const char *body) {
    OK(define_as("report", name, body));
}

#define TITLE "\"title\":{\"ja\":\"表\",\"en\":\"Table\"},\"kind\":\"ticket\","
#define YEAR "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"ja\":\"年度\",\"en\":\"Year\",\"required\":true}],"
#define TOTALS ",\"totals\":{\"rows\":true,\"columns\":true}"

static muni_report *run(muni_session *s, const char *name, const char *params) {
    muni_report *r = NULL;
    OK(muni_session_report(s, name, params, &r));
    return r;
}

static int64_t cell(const muni_report *r, int32_t row, int32_t column) {
    int64_t v = -1;
    OK(muni_report_value(r, row, column, &v));
    return v;
}

static char *render(const muni_report *r, const char *format, const char *lang) {
    char *out = NULL;
    OK(muni_report_render(r, format, lang, &out));
    return out;
}

/* Every cell is what its query counts; answers how many cells that were. */
static int cells_are_counted(muni_session *s, const muni_report *r) {
    int n = 0;
    for (int32_t i = 0; i < muni_report_rows(r); i++)
        for (int32_t j = 0; j < muni_report_columns(r); j++, n++) {
            char *json = NULL;
            OK(muni_report_query(r, i, j, &json));
            int64_t counted = mt_count(s, json);
            ck_assert_msg(counted == cell(r, i, j), "cell %d, %d is %lld, and its query counts %lld: %s", (int)i, (int)j, (long long)cell(r, i, j), (long long)counted, json);
            /* it is canonical as it stands */
            muni_query *q = NULL;
            char *again = NULL;
            OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
            OK(muni_query_json(q, &again));
            ck_assert_str_eq(json, again);
            muni_free(again);
            muni_query_free(q);
            muni_free(json);
        }
    return n;
}

/* The member of an array of objects whose "key" is this text. */
static json_t *keyed(const json_t *list, const char *key) {
    size_t i;
    json_t *e;
    json_array_foreach (list, i, e)
        if (json_is_string(json_object_get(e, "key")) && !strcmp(json_string_value(json_object_get(e, "key")), key))
            return e;
    return NULL;
}

static json_t *as_json(const muni_report *r) {
    char *text = render(r, "json", NULL);
    json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    ck_assert_ptr_nonnull(j);
    muni_free(text);
    return j;
}

/* ---- the print. KAT-016: 84 cells, row and column totals, 10,460 */

START_TEST(report__fiscal_2023_equals_the_print_cell_by_cell) {
    static const char *const codes[] = { "support", "work", "network", "hardware", "print_room", "supplies", "other" };
    char path[512];
    const char *dir = getenv("srcdir");
    long print[8][13];
    snprintf(path, sizeof path, "%s/tests/data/figures/kat_helpdesk_incidents_r5.csv", dir ? dir : ".");
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    char line[512];
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    for (int i = 0; i < 8; i++) {
        ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
        char *p = strchr(line, ',');
        for (int j = 0; j < 13; j++, p = strchr(p, ','))
            print[i][j] = strtol(++p, NULL, 10);
    }
    fclose(f);
    ck_assert_int_eq(print[7][12], 10460);
    ticket *t = calloc((size_t)print[7][12], sizeof *t), *end = t;
    for (int i = 0; i < 7; i++)
        for (int j = 0; j < 12; j++)
            for (long k = 0; k < print[i][j]; k++)
                *end++ = (ticket){ .type = "incident", .state = "new", .category = codes[i], .month = j < 9 ? 202304 + j : 202401 + j - 9 };
    put_tickets(t, (size_t)(end - t));
    free(t);
    /* what does not count: another type, another year, the trash */
    put_tickets((ticket[]){ { .type = "inquiry", .category = "support", .month = 202304 }, { .type = "incident", .category = "support", .month = 202303 },
                            { .type = "incident", .category = "support", .month = 202404 }, { .type = "incident", .category = "support", .month = 202304, .trashed = true } },
                4);
    muni_report *r = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    ck_assert_int_eq(muni_report_rows(r), 8);
    ck_assert_int_eq(muni_report_columns(r), 13);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 13; j++)
            ck_assert_int_eq(cell(r, i, j), print[i][j]);
    /* the CSV is the print without its last columns */
    char *csv = render(r, "csv", "ja"), *p = csv;
    ck_assert_int_eq(strncmp(p, "\xef\xbb\xbf分類,4月,5月,6月,7月,8月,9月,10月,11月,12月,1月,2月,3月,合計\r\nサポート,", strlen("\xef\xbb\xbf分類,4月,5月,6月,7月,8月,9月,10月,11月,12月,1月,2月,3月,合計\r\nサポート,")), 0);
    for (int i = 0; i < 8; i++) {
        p = strstr(p, "\r\n") + 2;
        char *q = strchr(p, ',');
        for (int j = 0; j < 13; j++, q = strpbrk(q, ",\r"))
            ck_assert_int_eq(strtol(++q, NULL, 10), print[i][j]);
    }
    ck_assert_str_eq(strstr(p, "\r\n"), "\r\n");
    muni_free(csv);
    ck_assert_int_eq(cells_are_counted(m.admin, r), 104);
    muni_report_unref(r);
}
END_TEST

/* ---- from the write path: exactly the cells that a change touches change */

static int64_t incident(const char *category, const char *at) {
    char json[256];
    snprintf(json, sizeof json, "{\"type\":\"incident\",\"category\":\"%s\",\"subject\":\"x\",\"reported_at\":\"%s\"}", category, at);
    return mt_create(m.admin, "ticket", json);
}

START_TEST(report__changes_move_exactly_their_cells) {
    int64_t moved = incident("network", "2023-04-01T00:00:00+09:00"), trashed = incident("network", "2023-04-30T23:59:59+09:00"), dated = incident("other", "2023-05-01T00:30:00+09:00");
    (void)incident("support", "2024-03-31T23:59:59+09:00");
    (void)incident("support", "2024-04-01T00:00:00+09:00"); /* next year */
    (void)incident("support", "2023-03-31T23:59:59+09:00"); /* the year before */
    muni_report *a = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    ck_assert_int_eq(cell(a, 2, 0), 2);
    ck_assert_int_eq(cell(a, 6, 1), 1);
    ck_assert_int_eq(cell(a, 0, 11), 1);
    ck_assert_int_eq(cell(a, 7, 12), 4);
    OK(mt_update(m.admin, "ticket", moved, 0, "{\"category\":\"hardware\"}"));
    OK(muni_session_trash(m.admin, "ticket", trashed, 0, NULL));
    OK(mt_update(m.admin, "ticket", dated, 0, "{\"reported_at\":\"2023-04-30T23:30:00+09:00\"}"));
    muni_report *b = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    for (int32_t i = 0; i < 8; i++)
        for (int32_t j = 0; j < 13; j++) {
            int64_t want = cell(a, i, j);
            if (j == 0 || j == 12)
                want += i == 2 ? -2 : i == 3 ? 1 : 0;
            if ((i == 6 || i == 7) && j == 1)
                want -= 1;
            if (i == 6 && j == 0)
                want += 1;
            if (i == 7 && j == 12)
                want -= 1; /* April: one moved within, one trashed, one came */
            ck_assert_int_eq(cell(b, i, j), want);
        }
    ck_assert_int_eq(cells_are_counted(m.admin, b), 104);
    muni_report_unref(a);
    muni_report_unref(b);
}
END_TEST

/* ---- any data, any session, any report: a cell is what its query counts */

static const char *const property_reports[][2] = {
    { "p-type", "{" TITLE "\"rows\":{\"field\":\"type\"},\"columns\":{\"field\":\"category\"}" TOTALS "}" },
    { "p-state", "{" TITLE "\"rows\":{\"field\":\"state\"},\"columns\":{\"field\":\"impact\",\"values\":[\"low\",\"high\"]}" TOTALS "}" },
    { "p-half", "{" TITLE YEAR "\"rows\":{\"field\":\"month\",\"over\":\"year\",\"by\":\"half\"},\"columns\":{\"field\":\"priority\"}" TOTALS "}" },
    { "p-months", "{" TITLE YEAR "\"where\":{\"any\":[{\"field\":\"category\",\"op\":\"ne\",\"value\":\"work\"},{\"not\":{\"field\":\"priority\",\"op\":\"gt\",\"value\":2}}]},"
                  "\"rows\":{\"field\":\"month\",\"over\":\"year\"},\"columns\":{\"field\":\"confidential\"}" TOTALS "}" },
    { "p-one", "{" TITLE "\"rows\":{\"field\":\"category\"},\"totals\":{\"columns\":true}}" },
    { "p-plain", "{" TITLE YEAR "\"where\":{\"all\":[{\"field\":\"fiscal_year\",\"op\":\"in\",\"value\":[{\"param\":\"year\"},2021]},{\"field\":\"assignee\",\"op\":\"ne\",\"value\":{\"me\":\"principal\"}}]},"
                 "\"rows\":{\"field\":\"urgency\"},\"columns\":{\"field\":\"confidential\"}}" },
    { "helpdesk-monthly", NULL },
    { "incident-states", NULL },
    { "incident-priorities", NULL },
};

START_TEST(report__cell_is_what_its_query_counts) {
    static const char *const grants[] = { "{\"group\":%lld,\"on\":\"ticket\",\"verb\":\"read\",\"scope\":\"own\"}", "{\"group\":%lld,\"on\":\"ticket\",\"verb\":\"report\",\"scope\":\"own\"}" };
    char json[256];
    int64_t group = mt_create(m.admin, "group", "{\"code\":\"scoped\",\"name\":\"scoped\"}");
    for (size_t i = 0; i < 2; i++) {
        snprintf(json, sizeof json, grants[i], (long long)group);
        (void)mt_create(m.admin, "grant", json);
    }
    int64_t typed = mt_create(m.admin, "group", "{\"code\":\"typed\",\"name\":\"typed\"}");
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"ticket/inquiry\",\"verb\":\"read\",\"scope\":\"all\"}", (long long)typed);
    (void)mt_create(m.admin, "grant", json);
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"ticket/incident\",\"verb\":\"read\",\"scope\":\"own\"}", (long long)typed);
    (void)mt_create(m.admin, "grant", json);
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"ticket\",\"verb\":\"report\",\"scope\":\"all\"}", (long long)typed);
    (void)mt_create(m.admin, "grant", json);
    muni_session *sessions[] = { m.admin, mt_person(&m, "operator", "operator"), mt_person(&m, "reader", "reader"), mt_person(&m, "scoped", "scoped"), mt_person(&m, "typed", "typed") };
    int64_t principals[5];
    for (int i = 0; i < 5; i++) {
        muni_rec *who = NULL;
        OK(muni_session_whoami(sessions[i], &who));
        principals[i] = mt_int(who, "principal");
        muni_rec_free(who);
    }
    ticket *t = calloc(1500, sizeof *t);
    for (int i = 0; i < 1500; i++)
        t[i] = any_ticket(principals, 5);
    put_tickets(t, 1500);
    free(t);
    int cells = 0;
    int64_t seen[5] = { 0 };
    for (size_t k = 0; k < sizeof property_reports / sizeof *property_reports; k++) {
        if (property_reports[k][1])
            define(property_reports[k][0], property_reports[k][1]);
        const char *params = !property_reports[k][1] ? "{\"fiscal_year\":2023}" : strstr(property_reports[k][1], "\"params\"") ? "{\"year\":2023}" : NULL;
        for (int i = 0; i < 5; i++) {
            muni_report *r = run(sessions[i], property_reports[k][0], params);
            cells += cells_are_counted(sessions[i], r);
            if (k == 0)
                seen[i] = cell(r, muni_report_rows(r) - 1, muni_report_columns(r) - 1);
            muni_report_unref(r);
        }
    }
    ck_assert_int_gt(cells, 2000);
    /* the sessions really differ: all, all but what is confidential, own ones, a mixture */
    ck_assert_int_gt(seen[0], seen[2]);
    ck_assert_int_gt(seen[2], seen[4]);
    ck_assert_int_gt(seen[4], seen[3]);
    ck_assert_int_gt(seen[3], 0);
    for (int i = 1; i < 5; i++)
        muni_session_unref(sessions[i]);
}
END_TEST

/* ---- what is shown */

START_TEST(report__codes_stand_in_their_order_then_what_nobody_knows_then_nothing) {
    static const char *const want[] = { "support", "work", "network", "hardware", "print_room", "supplies", "other", "fax", "telex" };
    put_tickets((ticket[]){ { .type = "incident", .category = "telex", .month = 202305 }, { .type = "incident", .category = "fax", .month = 202304 },
                            { .type = "incident", .category = NULL, .month = 202304 }, { .type = "incident", .category = "fax", .month = 202306 } },
                4);
    muni_report *r = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    json_t *j = as_json(r), *rows = json_object_get(j, "rows");
    ck_assert_uint_eq(json_array_size(rows), 10);
    for (size_t i = 0; i < 9; i++)
        ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, i), "key")), want[i]);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 7), "title")), "fax"); /* no title is known for it */
    ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(rows, 7), "total")), 2);
    ck_assert(json_is_null(json_object_get(json_array_get(rows, 9), "key")));
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 9), "title")), "（なし）");
    json_decref(j);
    ck_assert_int_eq(cells_are_counted(m.admin, r), 11 * 13);
    muni_report_unref(r);
}
END_TEST

START_TEST(report__retired_code_keeps_its_row_while_records_hold_it) {
    (void)incident("supplies", "2023-06-01T09:00:00+09:00");
    OK(define_as("codes", "ticket-category", "{\"values\":[{\"code\":\"other\",\"ja\":\"その他\",\"en\":\"Other\"},{\"code\":\"support\",\"ja\":\"支援\",\"en\":\"Support\"}]}"));
    muni_report *r = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    char *csv = render(r, "csv", NULL);
    ck_assert_ptr_nonnull(strstr(csv, "\r\nその他,0,0,0,0,0,0,0,0,0,0,0,0,0\r\n支援,0,0,0,0,0,0,0,0,0,0,0,0,0\r\nsupplies,0,0,1,0,0,0,0,0,0,0,0,0,1\r\n合計,"));
    muni_free(csv);
    muni_report_unref(r);
}
END_TEST

START_TEST(report__quarters_and_priorities_have_their_titles) {
    put_tickets((ticket[]){ { .type = "incident", .priority = 1, .month = 202304 }, { .type = "incident", .priority = 1, .month = 202306 }, { .type = "incident", .priority = 5, .month = 202307 },
                            { .type = "incident", .priority = 2, .month = 202312 }, { .type = "incident", .priority = 2, .month = 202401 }, { .type = "incident", .month = 202403 },
                            { .type = "incident", .priority = 9, .month = 202403 } },
                7);
    muni_report *r = run(m.admin, "incident-priorities", "{\"fiscal_year\":2023}");
    char *csv = render(r, "csv", "ja");
    ck_assert_str_eq(csv, "\xef\xbb\xbf優先度,第1四半期,第2四半期,第3四半期,第4四半期,合計\r\n優先度1（最優先）,2,0,0,0,2\r\n優先度2,0,0,1,1,2\r\n優先度3,0,0,0,0,0\r\n優先度4,0,0,0,0,0\r\n"
                          "優先度5（最後）,0,1,0,0,1\r\n9,0,0,0,1,1\r\n（なし）,0,0,0,1,1\r\n合計,2,1,1,3,7\r\n");
    muni_free(csv);
    csv = render(r, "csv", "en");
    ck_assert_ptr_nonnull(strstr(csv, "Priority,Quarter 1,Quarter 2,Quarter 3,Quarter 4,Total\r\nPriority 1 (first),2,"));
    muni_free(csv);
    ck_assert_int_eq(cells_are_counted(m.admin, r), 40);
    muni_report_unref(r);
}
END_TEST

START_TEST(report__states_have_the_titles_of_their_lifecycle) {
    put_tickets((ticket[]){ { .type = "incident", .state = "closed", .month = 202304 } }, 1);
    muni_report *r = run(m.admin, "incident-states", "{\"fiscal_year\":2023}");
    json_t *j = as_json(r);
    ck_assert_uint_eq(json_array_size(json_object_get(j, "rows")), 6);
    ck_assert_str_eq(json_string_value(json_object_get(keyed(json_object_get(j, "rows"), "pending"), "title")), "保留");
    ck_assert_int_eq(json_integer_value(json_object_get(keyed(json_object_get(j, "rows"), "closed"), "total")), 1);
    json_decref(j);
    muni_report_unref(r);
    define("all-states", "{" TITLE "\"rows\":{\"field\":\"state\"}}");
    r = run(m.admin, "all-states", "{}");
    j = as_json(r); /* of both lifecycles, what they share once */
    ck_assert_uint_eq(json_array_size(json_object_get(j, "rows")), 3 + 5);
    ck_assert_str_eq(json_string_value(json_object_get(keyed(json_object_get(j, "rows"), "waiting"), "title")), "回答待ち");
    json_decref(j);
    muni_report_unref(r);
}
END_TEST

/* ---- measures */

START_TEST(report__measures_equal_those_of_a_plain_loop) {
    int64_t one[] = { 1 };
    ticket *t = calloc(800, sizeof *t);
    for (int i = 0; i < 800; i++) {
        t[i] = any_ticket(one, 1);
        t[i].type = "incident";
        t[i].month = t[i].month == 202313 || !t[i].month ? 202404 : t[i].month;
    }
    put_tickets(t, 800);
    define("sum", "{" TITLE YEAR "\"rows\":{\"field\":\"impact\"},\"columns\":{\"field\":\"month\",\"over\":\"year\",\"by\":\"half\"},\"measure\":{\"sum\":\"priority\"}" TOTALS "}");
    define("people", "{" TITLE YEAR "\"rows\":{\"field\":\"impact\"},\"columns\":{\"field\":\"month\",\"over\":\"year\",\"by\":\"half\"},\"measure\":{\"distinct\":\"reporter\"}" TOTALS "}");
    define("people-alone", "{" TITLE "\"rows\":{\"field\":\"impact\"},\"measure\":{\"distinct\":\"reporter\"},\"totals\":{\"columns\":true}}");
    muni_report *sum = run(m.admin, "sum", "{\"year\":2023}"), *people = run(m.admin, "people", "{\"year\":2023}"), *alone = run(m.admin, "people-alone", NULL);
    static const char *const impacts[] = { "high", "middle", "low", NULL };
    ck_assert_int_eq(muni_report_rows(sum), 5);
    ck_assert_int_eq(muni_report_columns(sum), 3);
    ck_assert_int_eq(muni_report_columns(alone), 1);
    for (int row = 0; row < 5; row++)
        for (int column = 0; column < 3; column++) {
            int64_t total = 0, all = 0;
            unsigned seen = 0, seen_ever = 0;
            for (int i = 0; i < 800; i++) {
                bool in_row = row == 4 || (t[i].impact ? impacts[row] && !strcmp(t[i].impact, impacts[row]) : !impacts[row]);
                int half = t[i].month < 202304 || t[i].month > 202403 ? -1 : t[i].month >= 202310;
                if (t[i].trashed || !in_row)
                    continue;
                seen_ever |= 1u << t[i].reporter;
                if (half < 0 || (column < 2 && half != column))
                    continue;
                total += t[i].priority;
                seen |= 1u << t[i].reporter;
            }
            for (int b = 1; b < 32; b++)
                all += seen >> b & 1;
            ck_assert_int_eq(cell(sum, row, column), total);
            ck_assert_int_eq(cell(people, row, column), all);
            if (!column) {
                all = 0;
                for (int b = 1; b < 32; b++)
                    all += seen_ever >> b & 1;
                ck_assert_int_eq(cell(alone, row, 0), all);
            }
        }
    muni_report_unref(sum);
    muni_report_unref(people);
    muni_report_unref(alone);
    free(t);
}
END_TEST

START_TEST(report__sum_that_fits_is_exact_and_one_that_does_not_is_refused) {
    define("sum", "{" TITLE "\"rows\":{\"field\":\"type\"},\"columns\":{\"field\":\"category\"},\"measure\":{\"sum\":\"priority\"}" TOTALS "}");
    put_tickets((ticket[]){ { .type = "incident", .category = "work", .priority = INT64_MAX }, { .type = "incident", .category = "work", .priority = INT64_MIN }, { .type = "incident", .category = "work", .priority = INT64_MAX } }, 3);
    muni_report *r = run(m.admin, "sum", NULL);
    ck_assert_int_eq(cell(r, 1, 1), INT64_MAX - 1);
    muni_report_unref(r);
    put_tickets((ticket[]){ { .type = "inquiry", .category = "work", .priority = 2 } }, 1); /* each cell fits, their total does not */
    FAILS(muni_session_report(m.admin, "sum", NULL, &r), MUNI_ELIMIT);
    ck_assert_ptr_null(r);
    put_tickets((ticket[]){ { .type = "incident", .category = "work", .priority = 2 } }, 1);
    FAILS(muni_session_report(m.admin, "sum", NULL, &r), MUNI_ELIMIT);
}
END_TEST

/* ---- the index */

typedef struct planned {
    const char *name;
    bool group_sorted; /* the order of the index serves */
} planned;

START_TEST(report__shipped_reports_are_answered_by_a_covering_index) {
    static const planned cases[] = { { "category", true }, { "state", false }, { "priority", false } };
    muni_session *reader = mt_person(&m, "reader", "reader");
    muni_session *sessions[] = { m.admin, reader };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int who = 0; who < 2; who++) {
            static const int64_t bounds[] = { 202307, 202310, 202401 };
            const muni__kind *kind = muni__kind_find("ticket");
            muni__groupby by[] = { { muni__row_field(kind, cases[i].name), NULL, 0 }, { muni__row_field(kind, "month"), i == 2 ? bounds : NULL, i == 2 ? 3 : 0 } };
            const char *json = "{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"type\",\"op\":\"eq\",\"value\":\"incident\"},{\"field\":\"month\",\"op\":\"ge\",\"value\":202304},{\"field\":\"month\",\"op\":\"le\",\"value\":202403}]}}";
            muni__arena mem = MUNI_ARENA_INIT;
            muni__sqlout o;
            muni_query *q = NULL;
            muni__tx *tx;
            muni__stmt *s;
            bool none, searched = false;
            OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
            OK(muni__tx_enter(sessions[who], false, true, &tx));
            muni__sqlout_init(&o, &mem);
            OK(muni__group_sql(tx, q, by, 2, (muni__measure){ MUNI__M_COUNT, -1 }, &o, &none));
            ck_assert(!none);
            char *sql = malloc(o.b.n + 64);
            sprintf(sql, "EXPLAIN QUERY PLAN %s", o.b.p);
            OK(muni__sql(tx->conn, sql, &s));
            muni_status st;
            while ((st = muni__step(s)) == MUNI_ROW) {
                const char *detail = muni__col_text(s, 3, NULL);
                ck_assert_msg(!strstr(detail, "SCAN"), "%s: %s", sql, detail);
                if (strstr(detail, "SEARCH")) {
                    searched = true;
                    /* who does not manage looks into the record where it is confidential, and only there */
                    const char *want = who == 0 ? "USING COVERING INDEX i_ticket_tally (month>? AND month<?)" : "USING INDEX i_ticket_tally (month>? AND month<?)";
                    ck_assert_msg(strstr(detail, want) != NULL, "%s: %s", sql, detail);
                }
                ck_assert_msg(!cases[i].group_sorted || !strstr(detail, "TEMP B-TREE"), "%s: %s", sql, detail);
            }
            ck_assert_int_eq(st, MUNI_OK);
            ck_assert_msg(searched, "%s", sql);
            muni__done(s);
            free(sql);
            muni__sqlout_free(&o);
            muni__arena_free(&mem);
            muni_query_free(q);
            OK(muni__tx_leave(tx, MUNI_OK));
        }
    muni_session_unref(reader);
}
END_TEST

/* ---- renderers */

static const char hostile_codes[] = "{\"values\":[{\"code\":\"support\",\"ja\":\"<script>alert(1)</script>\",\"en\":\"\\\"R&D\\\" 'x'\"},{\"code\":\"work\",\"ja\":\"=1+1\",\"en\":\"@SUM(A1)\"},"
                                    "{\"code\":\"network\",\"ja\":\"a,b\\n\\\"c\\\"\\u0001\",\"en\":\"-2\"}]}";

START_TEST(report__hostile_titles_stay_text) {
    OK(define_as("codes", "ticket-category", hostile_codes));
    (void)incident("work", "2023-04-01T00:00:00+09:00");
    muni_report *r = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    char *out = render(r, "html", "ja");
    ck_assert_ptr_null(strstr(out, "<script"));
    ck_assert_ptr_nonnull(strstr(out, "<th scope=\"row\">&lt;script&gt;alert(1)&lt;/script&gt;</th>"));
    ck_assert_ptr_nonnull(strstr(out, "\xef\xbf\xbd</th>")); /* U+0001 has no place in a page */
    muni_free(out);
    out = render(r, "html", "en");
    ck_assert_ptr_nonnull(strstr(out, "<th scope=\"row\">&quot;R&amp;D&quot; &#39;x&#39;</th>"));
    muni_free(out);
    out = render(r, "csv", "ja");
    ck_assert_ptr_nonnull(strstr(out, "\r\n'=1+1,1,0,"));
    ck_assert_ptr_nonnull(strstr(out, "\r\n\"a,b\n\"\"c\"\"\x01\",0,"));
    muni_free(out);
    out = render(r, "csv", "en");
    ck_assert_ptr_nonnull(strstr(out, "\r\n'@SUM(A1),1,0,"));
    ck_assert_ptr_nonnull(strstr(out, "\r\n'-2,0,0,"));
    muni_free(out);
    json_t *j = as_json(r);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(json_object_get(j, "rows"), 0), "title")), "<script>alert(1)</script>");
    json_decref(j);
    muni_report_unref(r);
}
END_TEST

/* A report of 30 rows is 31 lines, after a byte order mark. */
ROWS("KAT-KB-34")
START_TEST(report__csv_of_30_rows_has_31_lines) {
    char body[4096] = "{" TITLE "\"rows\":{\"field\":\"priority\",\"values\":[1";
    for (int i = 2; i <= 30; i++)
        sprintf(body + strlen(body), ",%d", i);
    strcat(body, "]}}");
    define("thirty", body);
    muni_report *r = run(m.admin, "thirty", NULL);
    char *csv = render(r, "csv", NULL);
    int lines = 0;
    for (const char *p = csv; (p = strstr(p, "\r\n")); p += 2)
        lines++;
    ck_assert_int_eq(lines, 31);
    ck_assert_int_eq(strncmp(csv, "\xef\xbb\xbf優先度,件数\r\n1,0\r\n", strlen("\xef\xbb\xbf優先度,件数\r\n1,0\r\n")), 0);
    muni_free(csv);
    muni_report_unref(r);
}
END_TEST

START_TEST(report__json_is_canonical_and_says_when) {
    define("small", "{" TITLE "\"params\":[{\"name\":\"z\",\"type\":\"text\",\"ja\":\"ゼ\",\"en\":\"Z\",\"default\":\"x\"},{\"name\":\"day\",\"type\":\"date\",\"ja\":\"日\",\"en\":\"Day\",\"required\":true}],"
                    "\"where\":{\"any\":[{\"field\":\"subject\",\"op\":\"eq\",\"value\":{\"param\":\"z\"}},{\"field\":\"reporter.hired_on\",\"op\":\"lt\",\"value\":{\"param\":\"day\"}}]},"
                    "\"rows\":{\"field\":\"impact\",\"titles\":{\"high\":{\"ja\":\"大\",\"en\":\"High\"}}},\"columns\":{\"field\":\"confidential\"},\"totals\":{\"columns\":true}}");
    muni_report *r = run(m.admin, "small", "{\"day\":\"2000-02-29\"}");
    char *out = render(r, "json", "ja");
    ck_assert_str_eq(out, "{\"columns\":[{\"key\":true,\"title\":\"はい\"},{\"key\":false,\"title\":\"いいえ\"}],\"kind\":\"ticket\",\"measure\":{\"key\":\"count\",\"title\":\"件数\"},\"name\":\"small\","
                          "\"params\":{\"day\":\"2000-02-29\",\"z\":\"x\"},\"rows\":[{\"key\":\"high\",\"title\":\"大\",\"values\":[0,0]},{\"key\":\"middle\",\"title\":\"middle\",\"values\":[0,0]},"
                          "{\"key\":\"low\",\"title\":\"low\",\"values\":[0,0]}],\"run_at\":\"2023-11-15T07:13:20+09:00\",\"test\":true,\"title\":\"表\",\"totals\":{\"title\":\"合計\",\"values\":[0,0]}}");
    char *again = NULL;
    OK(muni__json_canonical(out, strlen(out), 1 << 20, &again, NULL));
    ck_assert_str_eq(out, again);
    muni_free(again);
    muni_free(out);
    muni_report_unref(r);
}
END_TEST

/* A page as XML: every element closed in order, attributes quoted, references known. Answers how many elements. */
static int well_formed(const char *p) {
    char stack[32][16];
    int depth = 0, n = 0;
    ck_assert_int_eq(strncmp(p, "<!DOCTYPE html>\n", 16), 0);
    for (p += 16; *p; p++) {
        if (*p == '&') {
            static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
            bool ok = false;
            for (int i = 0; i < 5; i++)
                ok |= !strncmp(p, known[i], strlen(known[i]));
            ck_assert_msg(ok, "a bare ampersand: %.20s", p);
        }
        ck_assert_msg((unsigned char)*p >= 0x20 || *p == '\n' || *p == '\t', "a control character");
        ck_assert_msg(*p != '>', "a bare >: %.20s", p);
        if (*p != '<')
            continue;
        bool end = p[1] == '/';
        const char *name = p + 1 + end;
        size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
        ck_assert_msg(len > 0 && len < 16, "no element: %.20s", p);
        const char *q = name + len;
        while (*q == ' ') {
            q += 1 + strspn(q + 1, "abcdefghijklmnopqrstuvwxyz-");
            ck_assert_msg(q[0] == '=' && q[1] == '"', "an attribute without a value in quotes: %.20s", q);
            q = strchr(q + 2, '"');
            ck_assert_ptr_nonnull(q);
            q++;
        }
        bool empty = *q == '/';
        q += empty;
        ck_assert_msg(*q == '>', "not the end of a tag: %.20s", p);
        if (end) {
            ck_assert_int_gt(depth, 0);
            ck_assert_msg(strlen(stack[--depth]) == len && !strncmp(stack[depth], name, len), "</%.*s> closes <%s>", (int)len, name, stack[depth]);
        } else {
            n++;
            if (!empty) {
                ck_assert_int_lt(depth, 32);
                snprintf(stack[depth++], sizeof stack[0], "%.*s", (int)len, name);
            }
        }
        p = q;
    }
    ck_assert_int_eq(depth, 0);
    return n;
}

static int count_of(const char *text, const char *what) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

START_TEST(report__page_is_well_formed_and_accessible) {
    OK(define_as("codes", "ticket-category", hostile_codes));
    (void)incident("work", "2023-04-01T00:00:00+09:00");
    muni_report *r = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    for (int en = 0; en < 2; en++) {
        char *page = render(r, "html", en ? "en" : "ja");
        ck_assert_int_gt(well_formed(page), 80);
        ck_assert_ptr_nonnull(strstr(page, en ? "<html lang=\"en\">" : "<html lang=\"ja\">"));
        ck_assert_ptr_nonnull(strstr(page, en ? "<title>Help desk by month (Fiscal year: 2023), 15 November 2023, 7:13:20 [TEST]</title>" : "<title>ヘルプデスク月別件数（年度：2023） 2023年11月15日7時13分20秒作成【試験用】</title>"));
        ck_assert_int_eq(count_of(page, "<h1>"), 1);
        ck_assert_int_eq(count_of(page, "<main id=\"main\""), 1);
        ck_assert_int_eq(count_of(page, "href=\"#main\""), 1);
        ck_assert_int_eq(count_of(page, "<caption id=\"caption\">"), 1);
        ck_assert_int_eq(count_of(page, "scope=\"col\""), 14);
        ck_assert_int_eq(count_of(page, "scope=\"row\""), 4);
        ck_assert_int_eq(count_of(page, "<th>"), 0);
        ck_assert_int_eq(count_of(page, "<td"), 4 * 13);
        ck_assert_int_eq(count_of(page, "<time datetime=\"2023-11-15T07:13:20+09:00\">"), 1);
        ck_assert_int_eq(count_of(page, "<time datetime=\"2024-03\">"), 1);
        ck_assert_int_eq(count_of(page, en ? "<dt>Fiscal year</dt><dd>2023</dd>" : "<dt>年度</dt><dd>2023</dd>"), 1);
        ck_assert_int_eq(count_of(page, en ? "[TEST] This report" : "【試験用】この帳票"), 1);
        ck_assert_int_eq(count_of(page, "http"), 0); /* nothing from outside */
        ck_assert_int_eq(count_of(page, "url("), 0);
        ck_assert_int_eq(count_of(page, "<script"), 0);
        ck_assert_ptr_nonnull(strstr(page, "td{text-align:right"));
        muni_free(page);
    }
    muni_report_unref(r);
}
END_TEST

START_TEST(report__page_of_a_real_store_bears_no_test_mark) {
    char path[128];
    muni_create_options o = MUNI_CREATE_OPTIONS_INIT;
    muni_db *db = NULL;
    muni_session *s = NULL;
    snprintf(path, sizeof path, "%s/real.db", m.dir);
    OK(muni_create(path, &o, &db));
    OK(muni_db_session(db, "admin", "test", NULL, &s));
    muni_report *r = run(s, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    char *page = render(r, "html", "ja"), *json = render(r, "json", "ja");
    ck_assert_ptr_null(strstr(page, "試験用"));
    ck_assert_ptr_nonnull(strstr(json, "\"test\":false"));
    muni_free(page);
    muni_free(json);
    muni_report_unref(r);
    muni_session_unref(s);
    muni_db_unref(db);
    static const char *const ends[] = { "", "-wal", "-shm", "-queue", "-journal" };
    for (size_t i = 0; i < 5; i++) {
        char file[160];
        snprintf(file, sizeof file, "%s%s", path, ends[i]);
        (void)unlink(file);
    }
}
END_TEST

/* ---- the handle */

static void *read_it(void *report) {
    for (int i = 0; i < 50; i++) {
        muni_report *r = muni_report_ref(report);
        char *a = NULL, *q = NULL;
        int64_t v = -1;
        bool ok = muni_report_render(r, i % 2 ? "html" : "json", "en", &a) >= 0 && muni_report_query(r, 7, 12, &q) >= 0 && muni_report_value(r, 7, 12, &v) >= 0 && v == 1;
        muni_free(a);
        muni_free(q);
        muni_report_unref(r);
        if (!ok)
            return "failed";
    }
    return NULL;
}

START_TEST(report__outlives_its_session_and_store_and_is_read_by_many) {
    (void)incident("work", "2023-04-01T00:00:00+09:00");
    muni_report *r = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    muni_session_unref(m.admin);
    muni_db_close(m.db);
    muni_db_unref(m.db);
    m.admin = NULL;
    m.db = NULL;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, read_it, r), 0);
    for (int i = 0; i < 4; i++) {
        void *failed = NULL;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    muni_report_unref(r);
}
END_TEST

START_TEST(report__no_such_cell_format_or_handle) {
    muni_report *r = run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}");
    static const int32_t bad[][2] = { { -1, 0 }, { 0, -1 }, { 8, 0 }, { 0, 13 }, { INT32_MAX, INT32_MIN } };
    int64_t v = 7;
    char *out = NULL;
    for (size_t i = 0; i < 5; i++) {
        FAILS(muni_report_value(r, bad[i][0], bad[i][1], &v), MUNI_EINVAL);
        FAILS(muni_report_query(r, bad[i][0], bad[i][1], &out), MUNI_EINVAL);
        ck_assert_ptr_null(out);
    }
    FAILS(muni_report_value(r, 0, 0, NULL), MUNI_EINVAL);
    FAILS(muni_report_query(r, 0, 0, NULL), MUNI_EINVAL);
    FAILS(muni_report_render(r, "pdf", "ja", &out), MUNI_EINVAL);
    FAILS(muni_report_render(r, "html", "fr", &out), MUNI_EINVAL);
    FAILS(muni_report_render(r, NULL, "ja", &out), MUNI_EINVAL);
    FAILS(muni_report_render(r, "csv", "ja", NULL), MUNI_EINVAL);
    FAILS(muni_report_value(NULL, 0, 0, &v), MUNI_ECLOSED);
    FAILS(muni_report_query(NULL, 0, 0, &out), MUNI_ECLOSED);
    FAILS(muni_report_render(NULL, "csv", "ja", &out), MUNI_ECLOSED);
    ck_assert_int_eq(muni_report_rows(NULL), 0);
    ck_assert_int_eq(muni_report_columns(NULL), 0);
    ck_assert_ptr_null(muni_report_ref(NULL));
    muni_report_unref(NULL);
    muni_report_unref(r);
}
END_TEST

/* ---- asking for what is not there */

START_TEST(report__parameters_are_checked_and_named) {
    static const struct {
        const char *name, *params;
        muni_status want;
        const char *field, *says;
    } cases[] = {
        { "helpdesk-monthy", "{\"fiscal_year\":2023}", MUNI_ENOTFOUND, "name", "helpdesk-monthly" },
        { "zzzzzzzzzzzzzzzz", NULL, MUNI_ENOTFOUND, "name", "zzzz" },
        { "", NULL, MUNI_ENOTFOUND, "name", "" },
        { "ticket-category", NULL, MUNI_ENOTFOUND, "name", "" }, /* a definition, but no report */
        { "helpdesk-monthly", NULL, MUNI_EREQUIRED, "fiscal_year", "fiscal_year" },
        { "helpdesk-monthly", "{}", MUNI_EREQUIRED, "fiscal_year", "Fiscal year" },
        { "helpdesk-monthly", "{\"fiscal_year\":null}", MUNI_EREQUIRED, "fiscal_year", "" },
        { "helpdesk-monthly", "{\"fiscal_yaer\":2023}", MUNI_EFIELD, "fiscal_yaer", "did you mean \"fiscal_year\"" },
        { "helpdesk-monthly", "{\"fiscal_year\":2023,\"x\":1}", MUNI_EFIELD, "x", "" },
        { "helpdesk-monthly", "{\"fiscal_year\":\"2023\"}", MUNI_ETYPE, "fiscal_year", "whole number" },
        { "helpdesk-monthly", "{\"fiscal_year\":2023.0}", MUNI_ETYPE, "fiscal_year", "" },
        { "helpdesk-monthly", "{\"fiscal_year\":true}", MUNI_ETYPE, "fiscal_year", "" },
        { "helpdesk-monthly", "{\"fiscal_year\":0}", MUNI_ETYPE, "fiscal_year", "1 to 9998" },
        { "helpdesk-monthly", "{\"fiscal_year\":9999}", MUNI_ETYPE, "fiscal_year", "1 to 9998" },
        { "helpdesk-monthly", "{\"fiscal_year\":-9223372036854775808}", MUNI_ETYPE, "fiscal_year", "" },
        { "helpdesk-monthly", "{\"fiscal_year\":9223372036854775808}", MUNI_ETYPE, "params", "" },
        { "helpdesk-monthly", "[2023]", MUNI_EFORMAT, "params", "JSON object" },
        { "helpdesk-monthly", "2023", MUNI_EFORMAT, "params", "" },
        { "helpdesk-monthly", "", MUNI_EFORMAT, "params", "" },
        { "helpdesk-monthly", "{\"fiscal_year\":2023", MUNI_EFORMAT, "params", "" },
        { "helpdesk-monthly", "{\"fiscal_year\":2023,\"fiscal_year\":2024}", MUNI_EFORMAT, "params", "" },
        { "helpdesk-monthly", "{\"fiscal_year\":\"\xff\"}", MUNI_EUTF8, "params", "" },
        { "\xff", NULL, MUNI_EUTF8, "name", "" },
        { NULL, NULL, MUNI_EINVAL, "name", "" },
        { "words", "{}", MUNI_OK, "", "" },
        { "words", "{\"level\":\"higher\"}", MUNI_ETYPE, "level", "high|middle|low" },
        { "words", "{\"level\":\"\"}", MUNI_ETYPE, "level", "1 to 1,000" },
        { "words", "{\"level\":\"a\\u0000b\"}", MUNI_ETYPE, "level", "" },
        { "words", "{\"level\":7}", MUNI_ETYPE, "level", "" },
        { "words", "{\"day\":\"2023-02-30\"}", MUNI_ETYPE, "day", "2023-04-01" },
        { "words", "{\"day\":\"today\"}", MUNI_ETYPE, "day", "" },
    };
    define("words", "{" TITLE "\"params\":[{\"name\":\"level\",\"type\":\"text\",\"ja\":\"影響度\",\"en\":\"Level\",\"default\":\"low\"},{\"name\":\"day\",\"type\":\"date\",\"ja\":\"日\",\"en\":\"Day\",\"default\":\"2000-01-01\"}],"
                    "\"where\":{\"all\":[{\"field\":\"impact\",\"op\":\"eq\",\"value\":{\"param\":\"level\"}},{\"field\":\"reporter.hired_on\",\"op\":\"ge\",\"value\":{\"param\":\"day\"}}]},\"rows\":{\"field\":\"category\"}}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        muni_report *r = (muni_report *)&m;
        muni_status st = muni_session_report(m.admin, cases[i].name, cases[i].params, &r);
        ck_assert_msg(st == cases[i].want, "%s %s: %s: %s", cases[i].name, cases[i].params, muni_error_name(st), muni_error_text("en"));
        if (st < 0) {
            ck_assert_ptr_null(r);
            ck_assert_str_eq(muni_error_field(), cases[i].field);
            ck_assert_msg(strstr(muni_error_text("en"), cases[i].says) != NULL, "%s", muni_error_text("en"));
            ck_assert_str_ne(muni_error_text("ja"), "");
        }
        if (st >= 0)
            muni_report_unref(r);
    }
    muni_report *r;
    FAILS(muni_session_report(NULL, "helpdesk-monthly", "{\"fiscal_year\":2023}", &r), MUNI_ECLOSED);
    FAILS(muni_session_report(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}", NULL), MUNI_EINVAL);
    char *long_one = malloc(70000);
    memset(long_one, ' ', 69999);
    long_one[69999] = '\0';
    FAILS(muni_session_report(m.admin, "helpdesk-monthly", long_one, &r), MUNI_ELIMIT);
    free(long_one);
}
END_TEST

START_TEST(report__session_without_the_right_is_denied) {
    char json[256];
    int64_t group = mt_create(m.admin, "group", "{\"code\":\"lookers\",\"name\":\"lookers\"}");
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"ticket\",\"verb\":\"read\",\"scope\":\"all\"}", (long long)group);
    (void)mt_create(m.admin, "grant", json);
    int64_t blind = mt_create(m.admin, "group", "{\"code\":\"blind\",\"name\":\"blind\"}");
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"ticket\",\"verb\":\"report\",\"scope\":\"all\"}", (long long)blind);
    (void)mt_create(m.admin, "grant", json);
    muni_session *looker = mt_person(&m, "looker", "lookers"), *blinded = mt_person(&m, "blind", "blind"), *nobody = mt_person(&m, "nobody", NULL);
    muni_session *sessions[] = { looker, blinded, nobody };
    for (int i = 0; i < 3; i++) {
        muni_report *r = (muni_report *)&m;
        FAILS(muni_session_report(sessions[i], "helpdesk-monthly", "{\"fiscal_year\":2023}", &r), MUNI_EDENIED);
        ck_assert_ptr_null(r);
        muni_session_unref(sessions[i]);
    }
}
END_TEST

START_TEST(report__too_many_cells_are_refused) {
    ticket *t = calloc(9000, sizeof *t);
    for (int i = 0; i < 9000; i++)
        t[i] = (ticket){ .type = "incident", .category = "work", .priority = i + 1, .month = 202304 };
    put_tickets(t, 9000);
    free(t);
    define("wide", "{" TITLE YEAR "\"rows\":{\"field\":\"priority\"},\"columns\":{\"field\":\"month\",\"over\":\"year\"}" TOTALS "}");
    define("narrow", "{" TITLE YEAR "\"rows\":{\"field\":\"priority\"},\"columns\":{\"field\":\"month\",\"over\":\"year\",\"by\":\"half\"}" TOTALS "}");
    muni_report *r = NULL;
    FAILS(muni_session_report(m.admin, "wide", "{\"year\":2023}", &r), MUNI_ELIMIT);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "100000"));
    r = run(m.admin, "narrow", "{\"year\":2023}");
    ck_assert_int_eq(muni_report_rows(r), 9001);
    ck_assert_int_eq(cell(r, 8999, 0), 1); /* in the order of numbers, not of their texts */
    json_t *j = as_json(r);
    for (size_t i = 0; i < 9000; i++)
        ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(json_object_get(j, "rows"), i), "key")), (json_int_t)i + 1);
    json_decref(j);
    muni_report_unref(r);
}
END_TEST

/* ---- definitions that are refused, each at its place */

START_TEST(report__definition_errors_name_their_place) {
#define AXES "\"rows\":{\"field\":\"category\"},\"columns\":{\"field\":\"month\",\"over\":\"year\"}"
    static const struct {
        const char *body, *field;
    } cases[] = {
        { "[]", "body" },
        { "{}", "title" },
        { "{\"title\":{\"ja\":\"表\"},\"kind\":\"ticket\",\"rows\":{\"field\":\"category\"}}", "title" },
        { "{\"title\":{\"ja\":\"表\",\"en\":\"a\\nb\"},\"kind\":\"ticket\",\"rows\":{\"field\":\"category\"}}", "title" },
        { "{\"title\":{\"ja\":\"表\",\"en\":\"T\",\"fr\":\"T\"},\"kind\":\"ticket\",\"rows\":{\"field\":\"category\"}}", "title.fr" },
        { "{\"title\":{\"ja\":\"表\",\"en\":\"T\"},\"rows\":{\"field\":\"category\"}}", "kind" },
        { "{\"title\":{\"ja\":\"表\",\"en\":\"T\"},\"kind\":\"tikcet\",\"rows\":{\"field\":\"category\"}}", "kind" },
        { "{" TITLE "\"row\":{\"field\":\"category\"}}", "row" },
        { "{" TITLE "\"measure\":{\"count\":true}}", "rows" },
        { "{" TITLE "\"rows\":{\"field\":\"categroy\"}}", "rows.field" },
        { "{" TITLE "\"rows\":{\"field\":7}}", "rows.field" },
        { "{" TITLE "\"rows\":{\"field\":\"subject\"}}", "rows.field" },
        { "{" TITLE "\"rows\":{\"field\":\"reporter\"}}", "rows.field" },
        { "{" TITLE "\"rows\":{\"field\":\"reporter.number\"}}", "rows.field" },
        { "{" TITLE "\"rows\":{\"field\":\"category\",\"over\":\"year\"}}", "rows.over" },
        { "{" TITLE YEAR "\"rows\":{\"field\":\"category\",\"over\":\"year\"}}", "rows.over" },
        { "{" TITLE YEAR "\"rows\":{\"field\":\"month\",\"over\":\"yaer\"}}", "rows.over" },
        { "{" TITLE YEAR "\"rows\":{\"field\":\"month\",\"over\":3}}", "rows.over" },
        { "{" TITLE YEAR "\"rows\":{\"field\":\"month\",\"over\":\"year\",\"by\":\"week\"}}", "rows.by" },
        { "{" TITLE "\"rows\":{\"field\":\"month\",\"by\":\"month\"}}", "rows.by" },
        { "{" TITLE YEAR "\"rows\":{\"field\":\"month\",\"over\":\"year\",\"values\":[1]}}", "rows.values" },
        { "{" TITLE "\"rows\":{\"field\":\"impact\",\"values\":[\"hihg\"]}}", "rows.values[0]" },
        { "{" TITLE "\"rows\":{\"field\":\"category\",\"values\":[]}}", "rows.values" },
        { "{" TITLE "\"rows\":{\"field\":\"category\",\"values\":[\"a\",\"b\",\"a\"]}}", "rows.values[2]" },
        { "{" TITLE "\"rows\":{\"field\":\"priority\",\"values\":[1,\"2\"]}}", "rows.values[1]" },
        { "{" TITLE "\"rows\":{\"field\":\"confidential\",\"values\":[1]}}", "rows.values[0]" },
        { "{" TITLE "\"rows\":{\"field\":\"impact\",\"titles\":{\"high\":\"大\"}}}", "rows.titles.high" },
        { "{" TITLE "\"rows\":{\"field\":\"impact\",\"titles\":[]}}", "rows.titles" },
        { "{" TITLE "\"rows\":{\"field\":\"category\",\"sort\":1}}", "rows.sort" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"columns\":{\"field\":\"category\"}}", "columns" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"columns\":7}", "columns" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"measure\":{\"count\":false}}", "measure.count" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"measure\":{\"mean\":\"priority\"}}", "measure.mean" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"measure\":{}}", "measure" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"measure\":{\"count\":true,\"sum\":\"priority\"}}", "measure" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"measure\":{\"sum\":\"subject\"}}", "measure.sum" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"measure\":{\"sum\":\"prority\"}}", "measure.sum" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"measure\":{\"distinct\":\"priority\"}}", "measure.distinct" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"totals\":true}", "totals" },
        { "{" TITLE "\"rows\":{\"field\":\"category\"},\"totals\":{\"rows\":1}}", "totals.rows" },
        { "{" TITLE "\"params\":{},\"rows\":{\"field\":\"category\"}}", "params" },
        { "{" TITLE "\"params\":[{}],\"rows\":{\"field\":\"category\"}}", "params[0].name" },
        { "{" TITLE "\"params\":[{\"name\":\"Year\",\"type\":\"int\",\"ja\":\"年\",\"en\":\"Y\",\"required\":true}]," AXES "}", "params[0].name" },
        { "{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"float\",\"ja\":\"年\",\"en\":\"Y\",\"required\":true}]," AXES "}", "params[0].type" },
        { "{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"en\":\"Y\",\"required\":true}]," AXES "}", "params[0]" },
        { "{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"ja\":\"年\",\"en\":\"Y\"}]," AXES "}", "params[0].required" },
        { "{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"ja\":\"年\",\"en\":\"Y\",\"required\":true,\"default\":1}]," AXES "}", "params[0].default" },
        { "{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"ja\":\"年\",\"en\":\"Y\",\"default\":\"x\"}]," AXES "}", "params[0].default" },
        { "{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"ja\":\"年\",\"en\":\"Y\",\"default\":0}]," AXES "}", "params[0]" },
        { "{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"text\",\"ja\":\"年\",\"en\":\"Y\",\"required\":true}]," AXES "}", "columns.over" },
        { "{" TITLE YEAR "\"rows\":{\"field\":\"category\"}}", "params[0]" }, /* nothing uses it */
        { "{" TITLE YEAR "\"where\":{\"field\":\"type\",\"op\":\"eq\",\"value\":\"incidnet\"}," AXES "}", "where.value" },
        { "{" TITLE YEAR "\"where\":{\"all\":[{\"field\":\"tpye\",\"op\":\"eq\",\"value\":\"incident\"}]}," AXES "}", "where.all[0].field" },
        { "{" TITLE YEAR "\"where\":{\"all\":[{\"not\":{\"field\":\"category\",\"op\":\"eq\",\"value\":{\"param\":\"year\"}}}]}," AXES "}", "where.all[0].not.value" },
        { "{" TITLE YEAR "\"where\":{\"field\":\"fiscal_year\",\"op\":\"in\",\"value\":[1,{\"param\":\"yaer\"}]}," AXES "}", "where.value[1].param" },
        { "{" TITLE YEAR "\"where\":{\"field\":\"fiscal_year\",\"op\":\"eq\",\"value\":{\"param\":7}}," AXES "}", "where.value.param" },
        { "{" TITLE YEAR "\"where\":{\"field\":\"confidential\",\"op\":\"eq\",\"value\":{\"param\":\"year\"}}," AXES "}", "where.value" },
        { "{" TITLE YEAR "\"where\":{\"field\":\"created_at\",\"op\":\"gt\",\"value\":{\"now\":\"-3d\"}}," AXES "}", "where.value" },
        { "{" TITLE YEAR "\"where\":{\"field\":\"category\",\"op\":\"eq\",\"value\":{\"old\":\"category\"}}," AXES "}", "where.value" },
        { "{" TITLE YEAR "\"where\":{\"field\":\"subject\",\"op\":\"words\",\"value\":\"印刷\"}," AXES "}", "where" },
        { "{" TITLE YEAR "\"where\":{\"field\":\"subject\",\"op\":\"contains\",\"value\":\"印刷\"}," AXES "}", "where" },
        { "{" TITLE YEAR "\"where\":7," AXES "}", "where" },
        { "{" TITLE YEAR "\"where\":{\"all\":{}}," AXES "}", "where.all" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        muni_status st = define_as("report", "bad", cases[i].body);
        ck_assert_msg(st == MUNI_EDEFINITION, "%s: %s: %s", cases[i].body, muni_error_name(st), muni_error_text("en"));
        ck_assert_msg(!strcmp(muni_error_field(), cases[i].field), "%s: at %s, not %s: %s", cases[i].body, muni_error_field(), cases[i].field, muni_error_text("en"));
        ck_assert_str_ne(muni_error_text("ja"), "");
    }
    muni_report *r;
    FAILS(muni_session_report(m.admin, "bad", NULL, &r), MUNI_ENOTFOUND); /* nothing was kept */
}
END_TEST

/* ---- memory */

START_TEST(report__every_allocation_may_fail) {
    (void)incident("work", "2023-04-01T00:00:00+09:00");
    put_tickets((ticket[]){ { .type = "incident", .category = "fax", .month = 202305, .reporter = 3 }, { .type = "incident", .category = NULL, .month = 202305, .reporter = 3 } }, 2);
    define("people", "{" TITLE YEAR "\"where\":{\"field\":\"type\",\"op\":\"in\",\"value\":[\"incident\"]},\"rows\":{\"field\":\"category\"},\"columns\":{\"field\":\"month\",\"over\":\"year\",\"by\":\"quarter\"},\"measure\":{\"distinct\":\"reporter\"}" TOTALS "}");
    muni_session *scoped = mt_person(&m, "reader", "reader");
    muni_status st;
    muni_report *r = NULL;
    char *out = NULL;
    /* once, so that the definitions are kept: for want of memory they would be read again, and the call succeed */
    muni_report_unref(run(scoped, "people", "{\"year\":2023}"));
    muni_report_unref(run(m.admin, "incident-states", "{\"fiscal_year\":2023}"));
    muni_report_unref(run(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}"));
    FAULT_LOOP(st, muni_session_report(scoped, "people", "{\"year\":2023}", &r), ck_assert_ptr_null(r));
    muni_report_unref(r);
    FAULT_LOOP(st, muni_session_report(m.admin, "incident-states", "{\"fiscal_year\":2023}", &r), ck_assert_ptr_null(r));
    muni_report_unref(r);
    FAULT_LOOP(st, muni_session_report(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}", &r), ck_assert_ptr_null(r));
    ck_assert_int_eq(cell(r, muni_report_rows(r) - 1, 12), 3);
    static const char *const formats[] = { "csv", "json", "html" };
    for (int i = 0; i < 3; i++) {
        FAULT_LOOP(st, muni_report_render(r, formats[i], "ja", &out), ck_assert_ptr_null(out));
        muni_free(out);
    }
    FAULT_LOOP(st, muni_report_query(r, 1, 1, &out), ck_assert_ptr_null(out));
    muni_free(out);
    muni_report_unref(r);
    muni_session_unref(scoped);
}
END_TEST

START_TEST(report__checking_a_definition_may_run_out_of_memory) {
    muni_status st;
    muni__tx *tx;
    json_t *body = json_loads("{" TITLE "\"params\":[{\"name\":\"year\",\"type\":\"int\",\"ja\":\"年度\",\"en\":\"Year\",\"required\":true},{\"name\":\"level\",\"type\":\"text\",\"ja\":\"度\",\"en\":\"L\",\"default\":\"low\"}],"
                              "\"where\":{\"all\":[{\"not\":{\"field\":\"impact\",\"op\":\"in\",\"value\":[{\"param\":\"level\"},\"high\"]}},{\"any\":[{\"field\":\"fiscal_year\",\"op\":\"eq\",\"value\":{\"param\":\"year\"}}]}]},"
                              "\"rows\":{\"field\":\"category\"},\"columns\":{\"field\":\"month\",\"over\":\"year\"}}",
                              0, NULL);
    ck_assert_ptr_nonnull(body);
    OK(muni__tx_system(m.db, false, &tx));
    FAULT_LOOP(st, muni__report_check(tx, body), (void)0);
    OK(muni__tx_leave(tx, MUNI_OK));
    json_decref(body);
}
END_TEST

Suite *suite_report(void);
Suite *suite_report(void) {
    Suite *s = suite_create("report");
    TCase *t = tcase_create("report");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, report__fiscal_2023_equals_the_print_cell_by_cell);
    tcase_add_test(t, report__changes_move_exactly_their_cells);
    tcase_add_test(t, report__cell_is_what_its_query_counts);
    tcase_add_test(t, report__codes_stand_in_their_order_then_what_nobody_knows_then_nothing);
    tcase_add_test(t, report__retired_code_keeps_its_row_while_records_hold_it);
    tcase_add_test(t, report__quarters_and_priorities_have_their_titles);
    tcase_add_test(t, report__states_have_the_titles_of_their_lifecycle);
    tcase_add_test(t, report__measures_equal_those_of_a_plain_loop);
    tcase_add_test(t, report__sum_that_fits_is_exact_and_one_that_does_not_is_refused);
    if (!place_server()) /* SQLite's plans */
        tcase_add_test(t, report__shipped_reports_are_answered_by_a_covering_index);
    tcase_add_test(t, report__hostile_titles_stay_text);
    tcase_add_test(t, report__csv_of_30_rows_has_31_lines);
    tcase_add_test(t, report__json_is_canonical_and_says_when);
    tcase_add_test(t, report__page_is_well_formed_and_accessible);
    tcase_add_test(t, report__page_of_a_real_store_bears_no_test_mark);
    tcase_add_test(t, report__outlives_its_session_and_store_and_is_read_by_many);
    tcase_add_test(t, report__no_such_cell_format_or_handle);
    tcase_add_test(t, report__parameters_are_checked_and_named);
    tcase_add_test(t, report__session_without_the_right_is_denied);
    tcase_add_test(t, report__too_many_cells_are_refused);
    tcase_add_test(t, report__definition_errors_name_their_place);
    tcase_add_test(t, report__every_allocation_may_fail);
    tcase_add_test(t, report__checking_a_definition_may_run_out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
