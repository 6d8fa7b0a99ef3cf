/* Definitions: one that is accepted can be used, in every way there is. */
#include "fuzzstore.h"

#include "core/date.h"
#include "core/json.h"
#include "staff/staff.h"

#include <jansson.h>

/* What the definitions work on: people, a unit, tickets over two years. */
static int64_t person, unit, somebody;
static void make(void) {
    char json[300];
    OK(muni_session_begin(fs_admin));
    unit = fs_create(fs_admin, "unit", "{\"code\":\"010203\",\"name\":\"情報政策課\",\"from_on\":\"2000-04-01\"}");
    person = fs_create(fs_admin, "person", "{\"staff_no\":\"0001234\",\"name\":\"高橋　一\",\"born_on\":\"1970-01-02\"}");
    somebody = fs_create(fs_admin, "principal", "{\"login\":\"somebody\",\"name\":\"担当\"}");
    for (int i = 0; i < 24; i++) {
        static const char *const categories[] = { "support", "work", "network", "other" };
        (void)snprintf(json, sizeof json, "{\"type\":\"%s\",\"category\":\"%s\",\"subject\":\"件名%d\",\"reported_at\":%lld%s}", i % 3 ? "incident" : "inquiry", categories[i % 4], i,
                       (long long)(FS_NOW - (int64_t)i * 2592000), i % 2 ? ",\"impact\":\"high\",\"urgency\":\"low\"" : "");
        (void)fs_create(fs_admin, "ticket", json);
    }
    OK(muni_session_commit(fs_admin));
}

/* Save and activate; 0 where it is refused. */
static int64_t save(const char *family, const char *name, const char *body, size_t n) {
    muni_rec *rec = NULL, *out = NULL;
    int64_t id = 0;
    OK(muni_rec_new(&rec));
    OK(muni_rec_set_text(rec, "family", family, MUNI_ZERO_TERMINATED));
    OK(muni_rec_set_text(rec, "name", name, MUNI_ZERO_TERMINATED));
    if (TRY(muni_rec_set_json(rec, "body", body, n)) >= 0) {
        muni_status st = TRY(muni_session_create(fs_admin, "definition", rec, &out));
        if (st >= 0) {
            id = fs_int(out, "id");
            st = TRY(muni_session_transition(fs_admin, "definition", id, 0, "activate", NULL, NULL));
            HOLDS(st >= 0, "what was saved can be activated");
        } else {
            HOLDS(st == MUNI_EDEFINITION || st == MUNI_EFORMAT || st == MUNI_EUTF8 || st == MUNI_ELIMIT || st == MUNI_ETYPE || st == MUNI_EREQUIRED || st == MUNI_EINVAL,
                  "refused as %s", muni_error_name(st));
        }
    }
    muni_rec_free(rec);
    muni_rec_free(out);
    return id;
}

/* A ticket; 0 where it is refused. What an accepted definition must never do is to be found wrong when it is used. */
static int64_t ticket(const char *json, muni_rec **out) {
    muni_rec *rec = NULL;
    OK(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &rec));
    muni_status st = TRY(muni_session_create(fs_admin, "ticket", rec, out));
    HOLDS(st != MUNI_EDEFINITION, "the definition in use");
    HOLDS(st != MUNI_EDOOMED, "nothing fails half way");
    muni_rec_free(rec);
    return st < 0 ? 0 : fs_int(*out, "id");
}

static void lifecycle(void) {
    muni_rec *out = NULL, *input = NULL;
    char json[300];
    int64_t id = ticket("{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\"}", &out);
    HOLDS(id, "a ticket begins its life");
    HOLDS(*fs_text(out, "state"), "and has a state");
    muni_rec_free(out);
    out = NULL;
    (void)snprintf(json, sizeof json, "{\"assignee\":%lld,\"resolution\":\"済\",\"body\":\"b\",\"impact\":\"low\",\"urgency\":\"low\",\"reporter\":%lld,\"unit\":%lld}", (long long)somebody,
                   (long long)person, (long long)unit);
    OK(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &input));
    for (int step = 0; step < 12; step++) {
        char *text = NULL;
        OK(muni_session_transitions(fs_admin, "ticket", id, &text));
        json_t *list = json_loads(text, 0, NULL);
        HOLDS(json_is_array(list), "%s", text);
        size_t n = json_array_size(list);
        for (size_t i = 0; i < n; i++) { /* a different one first, each time */
            const json_t *t = json_array_get(list, (i + (size_t)step) % n);
            const char *name = json_string_value(json_object_get(t, "name"));
            HOLDS(name, "%s", text);
            muni_status st = TRY(muni_session_transition(fs_admin, "ticket", id, 0, name, step % 3 == 2 ? NULL : input, &out));
            HOLDS(st != MUNI_EDEFINITION && st != MUNI_EDOOMED && st != MUNI_ENOTFOUND && st != MUNI_ESTATE, "%s: %s", name, muni_error_name(st));
            if (st < 0)
                continue;
            const char *to = json_string_value(json_object_get(t, "to"));
            HOLDS(to && (!strcmp(to, "*") || !strcmp(to, fs_text(out, "state"))), "%s led to %s", text, fs_text(out, "state"));
            muni_rec_free(out);
            out = NULL;
            break;
        }
        json_decref(list);
        muni_free(text);
        if (!n)
            break;
    }
    muni_rec_free(input);
}

static void numbering(void) {
    char *seen[4] = { NULL };
    for (int i = 0; i < 4; i++) {
        muni_rec *out = NULL;
        char json[200];
        /* far apart and close by: a number is not given twice */
        (void)snprintf(json, sizeof json, "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"reported_at\":%lld}",
                       (long long)(i == 2 ? -62135596800 + 86400 * 400 : i == 3 ? INT64_C(4102444800) : FS_NOW));
        if (ticket(json, &out)) {
            size_t n = 0;
            const char *number = fs_text(out, "number");
            HOLDS(*number && strlen(number) <= 64, "a number");
            HOLDS(muni__utf8_valid(number, strlen(number), NULL), "%s", number);
            for (; n < 4 && seen[n]; n++)
                HOLDS(strcmp(seen[n], number) != 0, "%s was given twice", number);
            seen[n] = strdup(number);
        }
        muni_rec_free(out);
    }
    HOLDS(seen[0] && seen[1], "numbers were given");
    for (int i = 0; i < 4; i++)
        free(seen[i]);
}

static void codes(const json_t *body) {
    const json_t *values = json_object_get(body, "values");
    for (size_t i = 0; i < json_array_size(values) && i < 20; i++) {
        static const char *const names[] = { "code", "ja", "en" };
        for (size_t k = 0; k < MUNI_COUNT(names); k++) {
            const char *given = json_string_value(json_object_get(json_array_get(values, i), names[k]));
            muni_rec *rec = NULL, *out = NULL;
            if (!given)
                continue;
            OK(muni_rec_new(&rec));
            OK(muni_rec_set_text(rec, "type", "inquiry", MUNI_ZERO_TERMINATED));
            OK(muni_rec_set_text(rec, "subject", "x", MUNI_ZERO_TERMINATED));
            OK(muni_rec_set_text(rec, "category", given, MUNI_ZERO_TERMINATED));
            muni_status st = TRY(muni_session_create(fs_admin, "ticket", rec, &out));
            HOLDS(st != MUNI_EDEFINITION && st != MUNI_EDOOMED, "%s", given);
            if (k == 0) {
                HOLDS(st >= 0, "the code \"%s\" can be given", given);
                HOLDS(!strcmp(fs_text(out, "category"), given), "\"%s\" became \"%s\"", given, fs_text(out, "category"));
            } else if (st >= 0) { /* a title leads to a code that there is */
                bool found = false;
                for (size_t j = 0; j < json_array_size(values); j++)
                    found |= !strcmp(json_string_value(json_object_get(json_array_get(values, j), "code")), fs_text(out, "category"));
                HOLDS(found, "\"%s\" led to \"%s\"", given, fs_text(out, "category"));
            }
            muni_rec_free(rec);
            muni_rec_free(out);
        }
    }
}

static void matrix(void) {
    static const char *const levels[] = { "high", "middle", "low" };
    for (int i = 0; i < 9; i++) {
        muni_rec *out = NULL;
        char json[200];
        (void)snprintf(json, sizeof json, "{\"type\":\"incident\",\"category\":\"support\",\"subject\":\"x\",\"impact\":\"%s\",\"urgency\":\"%s\"}", levels[i / 3], levels[i % 3]);
        if (ticket(json, &out)) {
            int32_t at = muni_rec_find(out, "priority");
            HOLDS(at < 0 || muni_rec_type(out, at) == MUNI_TYPE_NULL || (muni_rec_int(out, at) >= 1 && muni_rec_int(out, at) <= 5), "priority %lld", (long long)muni_rec_int(out, at));
        }
        muni_rec_free(out);
    }
}

static void calendar(const char *body, uint8_t how) {
    muni_calendar *c = NULL;
    OK(muni_calendar_new(body, &c));
    int32_t day = muni__day_from_civil(1950 + how % 100, 1 + how % 12, 1 + how % 28);
    for (int i = 0; i < 6; i++, day += 61) {
        char from[MUNI__DATE_SIZE], *to = NULL, *text = NULL;
        int32_t open = 0, count = 0, days = i * 7 - 14;
        muni__date_format_iso(day, from);
        if (TRY(muni_calendar_is_open_day(c, from, &open)) < 0)
            break;
        OK(muni_calendar_explain(c, from, &text));
        json_t *j = json_loads(text, 0, NULL);
        HOLDS(j && json_is_true(json_object_get(j, "open")) == open, "%s, open %d", text, open);
        json_decref(j);
        muni_free(text);
        muni_status st = TRY(muni_calendar_add_open_days(c, from, days, &to));
        if (st >= 0 && days) {
            int32_t target;
            OK(muni_calendar_is_open_day(c, to, &open));
            HOLDS(open, "%s and %d open days is %s, which is closed", from, days, to);
            HOLDS(muni__date_read(to, MUNI_ZERO_TERMINATED, &target) && (days > 0 ? target > day : target < day), "%s and %d open days is %s", from, days, to);
            OK(days > 0 ? muni_calendar_count_open_days(c, from, to, &count) : muni_calendar_count_open_days(c, to, from, &count));
            OK(muni_calendar_is_open_day(c, from, &open));
            HOLDS(count - open == (days > 0 ? days : -days), "%s to %s: %d open days, not %d", from, to, count, days);
        }
        muni_free(to);
        text = NULL;
        OK(muni_calendar_holidays(c, from, from, &text));
        muni_free(text);
        int64_t at = muni__time_of_day(day, MUNI__ZONE_JST) + (int64_t)how * 337;
        OK(muni_calendar_is_open_at(c, at, &open));
    }
    muni_calendar_unref(c);
}

static void report(const char *name, const char *params) {
    static const char *const formats[] = { "csv", "json", "html" };
    muni_report *r = NULL;
    muni_status st = TRY(muni_session_report(fs_admin, name, *params ? params : NULL, &r));
    HOLDS(st != MUNI_EDEFINITION && st != MUNI_ENOTFOUND, "an accepted report can be run");
    if (st < 0)
        return;
    int64_t cells = 0;
    for (int32_t row = 0; row < muni_report_rows(r); row++)
        for (int32_t column = 0; column < muni_report_columns(r) && cells < 40; column++, cells++) {
            int64_t value, count;
            char *json = NULL;
            muni_query *q = NULL;
            OK(muni_report_value(r, row, column, &value));
            OK(muni_report_query(r, row, column, &json));
            OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
            OK(muni_session_count(fs_admin, q, -1, &count));
            HOLDS(count == value, "%s: the cell says %lld, the list holds %lld", json, (long long)value, (long long)count);
            muni_query_free(q);
            muni_free(json);
        }
    for (size_t i = 0; i < MUNI_COUNT(formats); i++)
        for (int lang = 0; lang < 2; lang++) {
            char *text = NULL;
            OK(muni_report_render(r, formats[i], lang ? "en" : "ja", &text));
            HOLDS(muni__utf8_valid(text, strlen(text), NULL), "%s", formats[i]);
            if (i == 1) {
                json_t *j = json_loads(text, 0, NULL);
                HOLDS(j, "%s", text);
                json_decref(j);
            }
            muni_free(text);
        }
    muni_report_unref(r);
}

static void profile(const json_t *body) {
    static const char people[] = "職員番号,氏名,生年月日,所属コード,本務兼務区分,発令年月日,備考\r\n1234,高橋　一,S45.1.2,010203,本務,2020/4/1,x\r\n0001235,髙橋 二,46477,10203,兼務,R2.4.1,\r\n合計,2,,,,,\r\n";
    static const char units[] = "所属コード,所属名,設置日,上位所属コード\r\n010203,情報政策課,2000-04-01,\r\n10204,総務課,H12.4.1,010203\r\n";
    muni__arena mem = MUNI_ARENA_INIT;
    muni__profile *p = NULL;
    OK(muni__profile_parse(&mem, body, &p));
    muni__reading r;
    muni__source s;
    muni__unit_view views[1] = { { "010203", "情報政策課", NULL, 0, MUNI__DAY_MAX, 1 } };
    muni__reading_init(&r, p, NULL, NULL);
    OK(muni__source_memory(&s, units, sizeof units - 1));
    muni_status st = TRY(muni__reading_file(&r, MUNI__UNITS, "units.csv", MUNI__CHARSET_UNKNOWN, &s));
    muni__source_close(&s);
    if (st >= 0)
        OK(muni__reading_judge_units(&r));
    OK(muni__source_memory(&s, people, sizeof people - 1));
    if (TRY(muni__reading_file(&r, MUNI__PEOPLE, "people.csv", MUNI__CHARSET_UNKNOWN, &s)) >= 0)
        OK(muni__reading_judge(&r, views, 1, 19676));
    muni__source_close(&s);
    muni__reading_free(&r);
    muni__arena_free(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        const char *family, *name;
    } families[] = { { "lifecycle", "ticket-incident" }, { "numbering", "ticket-incident" }, { "codes", "ticket-category" }, { "matrix", "ticket-priority" },
                     { "calendar", "standard" }, { "report", "fuzz" }, { "profile", "hr-export" }, { "lifecycle", "plan" } };
    fuzz_in in = { data, size };
    uint8_t which = fuzz_byte(&in) % MUNI_COUNT(families), how = fuzz_byte(&in);
    fuzz_in line = fuzz_line(&in);
    if (fs_open())
        make();
    char *params = malloc(line.n + 1), *body = malloc(in.n + 1);
    if (!params || !body)
        abort();
    memcpy(params, line.p ? line.p : (const uint8_t *)"", line.n);
    params[line.n] = 0;
    memcpy(body, in.p ? in.p : (const uint8_t *)"", in.n);
    body[in.n] = 0;
    if (strlen(params) != line.n || strlen(body) != in.n) { /* a NUL ends a text */
        free(params);
        free(body);
        return 0;
    }
    fs_begin();
    if (save(families[which].family, families[which].name, body, in.n)) {
        json_t *j = NULL;
        OK(muni__json_load(body, in.n, MUNI__JSON_MAX, NULL, &j));
        switch (which) {
        case 0: lifecycle(); break;
        case 1: numbering(); break;
        case 2: codes(j); break;
        case 3: matrix(); break;
        case 4: calendar(body, how); break;
        case 5: report("fuzz", params); break;
        case 6: profile(j); break;
        default: break;
        }
        json_decref(j);
    }
    fs_rollback();
    free(params);
    free(body);
    return 0;
}
