/* A month of an information-systems section, in C: municipal_month INPUTS OUTPUTS. INPUTS holds org_before_cp932.csv,
 * staff_before_cp932.csv and incidents.csv; into OUTPUTS go store and reports. In Python and PHP: the same, printing the same. */
#include <inttypes.h>
#include <municipal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define START INT64_C(1806451200) /* 2027-03-31T09:00:00+09:00, where the clock of the test store stands */
#define number(name) muni_rec_int(rec, muni_rec_find(rec, name))
static muni_db *db;
static muni_session *admin, *operator, *approver;
static muni_rec *rec; /* what came last */

/* Stop where something fails, saying what and where. */
static void must(muni_status st) {
    if (st < 0)
        exit((fprintf(stderr, "%s: %s (%s)\n", muni_error_name(st), muni_error_text("ja"), muni_error_field()), 1));
}
static muni_rec **fresh(void) {
    muni_rec_free(rec);
    rec = NULL;
    return &rec;
}
static int next(muni_cursor *cursor) {
    must(muni_cursor_next(cursor, fresh()));
    return rec ? 1 : (muni_cursor_unref(cursor), 0);
}
static const char *text(const char *name) {
    const char *s = muni_rec_text(rec, muni_rec_find(rec, name), NULL);
    return s && *s ? s : "-";
}
static const char *path(const char *directory, const char *name) {
    static char out[4][4096], *at = out[0]; /* the last four stay */
    at = at == out[3] ? out[0] : at + sizeof out[0];
    return snprintf(at, sizeof out[0], "%s/%s", directory, name) < (int)sizeof out[0] ? at : "";
}

/* Somebody who may act, in the group of the same name. */
static muni_session *principal(const char *login, const char *json) {
    muni_session *session;
    muni_rec *values;
    must(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &values));
    must(muni_session_create(admin, MUNI_KIND_PRINCIPAL, values, fresh()));
    muni_rec_free(values);
    must(muni_rec_new(&values)); /* a setter's failure is reported by the verb that takes the record */
    muni_rec_set_int(values, MUNI_MEMBER_PRINCIPAL, number("id"));
    must(muni_session_find(admin, MUNI_KIND_GROUP, login, NULL, fresh()));
    muni_rec_set_int(values, MUNI_MEMBER_GROUP, number("id"));
    must(muni_session_create(admin, MUNI_KIND_MEMBER, values, NULL));
    muni_rec_free(values);
    must(muni_db_session(db, login, "municipal_month", NULL, &session));
    return session;
}

/* Change a ticket, by a transition where one is named. Gives its id. */
static int64_t ticket(const char *no, int minutes, const char *transition, const char *json) {
    muni_rec *values;
    must(muni_session_find(operator, MUNI_KIND_TICKET, no, NULL, fresh()));
    int64_t id = number("id");
    must(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &values));
    must(muni_db_set_now(db, START + minutes * 60));
    muni_status st = transition ? muni_session_transition(operator, MUNI_KIND_TICKET, id, 0, transition, values, fresh())
                                : muni_session_update(operator, MUNI_KIND_TICKET, id, 0, values, fresh());
    printf("   %s %s: %s\n", no, transition ? transition : "update", st < 0 ? muni_error_text("ja") : text(MUNI_TICKET_STATE));
    muni_rec_free(values);
    return id;
}

static muni_report *statistics(const char *heading) {
    static const char *const rows[] = { "サポート", "作業依頼", "NW関連", "ハード対応", "印刷室関連", "消耗品", "その他", "合計" };
    muni_report *report;
    int64_t n;
    must(muni_session_report(operator, "helpdesk-monthly", "{\"fiscal_year\":2023}", &report));
    printf("%s\n%s\n", heading, "   4月   5月   6月   7月   8月   9月  10月  11月  12月   1月   2月   3月    合計  分類");
    for (int32_t r = 0; r < muni_report_rows(report); r++, printf("  %s\n", rows[r - 1]))
        for (int32_t c = 0; c < muni_report_columns(report); c++, printf(c < 13 ? "%5" PRId64 " " : " %6" PRId64, n))
            must(muni_report_value(report, r, c, &n));
    return report;
}

int main(int argc, char **argv) {
    static const char *const words[] = { "印刷", "ﾊﾟｽﾜｰﾄﾞ", "異動" }, *const formats[] = { "html", "csv", "json" };
    muni_create_options how = { .struct_size = sizeof how, .test = 1, .utc_offset = -1, .now = START };
    muni_cursor *cursor;
    muni_query *query;
    char *out, line[200];
    if (argc != 3)
        return fputs("usage: municipal_month INPUTS OUTPUTS\n", stderr), 2;
    must(muni_create(path(argv[2], "municipal.db"), &how, &db));
    must(muni_db_session(db, "admin", "municipal_month", NULL, &admin));
    operator = principal("operator", "{\"login\":\"operator\",\"name\":\"運用　担当\"}");
    approver = principal("approver", "{\"login\":\"approver\",\"name\":\"承認　担当\"}");
    puts("1. 試験用の保存先を作成。担当者operator、承認者approver");
    muni_staff_plan_options load = { .struct_size = sizeof load, .on = "2027-03-31", .units = path(argv[1], "org_before_cp932.csv"),
                                     .people = path(argv[1], "staff_before_cp932.csv") };
    must(muni_staff_plan(operator, &load, NULL, NULL, fresh()));
    int64_t plan = number("id"), n = 0;
    printf("2. 組織・職員の取込計画 %s\n", text("counts"));
    must(muni_plan_findings(operator, plan, &cursor));
    while (next(cursor))
        printf("   %s:%" PRId64 " %s %s %s\n", text("file"), number("line"), text("column"), text("code"), text("message_ja"));
    must(muni_plan_approve(approver, plan, "内容を確認した", NULL));
    must(muni_plan_apply(operator, plan, NULL, NULL, NULL));
    must(muni_session_import(operator, MUNI_KIND_TICKET, path(argv[1], "incidents.csv"), NULL, NULL, NULL, fresh()));
    printf("3. インシデントの取込み %" PRId64 "件、誤り%" PRId64 "件\n4. インシデントの対応\n", number("created"), number("errors"));
    must(muni_session_whoami(operator, fresh()));
    snprintf(line, sizeof line, "{\"assignee\":%" PRId64 "}", number("principal"));
    ticket("INC-2023-01278", 10, "resolve", "{\"resolution\":\"トナーを交換\"}");
    ticket("INC-2023-01278", 20, "assign", line);
    ticket("INC-2023-01278", 30, "start", "{}");
    ticket("INC-2023-01278", 50, "resolve", "{\"resolution\":\"トナーを交換\"}");
    must(muni_session_history(admin, MUNI_KIND_TICKET, ticket("INC-2023-01278", 60, "close", "{}"), &cursor));
    while (next(cursor)) {
        time_t at = (time_t)number("at") + 9 * 3600;
        strftime(line, sizeof line, "%Y-%m-%d %H:%M", gmtime(&at));
        printf("   %s %s %s %s\n", line, text("action"), text("actor_name"), text("changes"));
    }
    for (int i = 0; i < 3; i++, muni_query_free(query)) {
        snprintf(line, sizeof line, "{\"kind\":\"ticket\",\"words\":\"%s\"}", words[i]);
        must(muni_query_parse(line, MUNI_ZERO_TERMINATED, &query));
        must(muni_session_count(operator, query, -1, &n));
        printf("5. 検索 %s: %" PRId64 "件\n", words[i], n);
    }
    muni_report *report = statistics("6. 令和5年度の統計");
    for (int i = 0; i < 3; i++, muni_free(out)) {
        snprintf(line, sizeof line, "helpdesk-monthly.%s", formats[i]);
        must(muni_report_render(report, formats[i], "ja", &out));
        FILE *to = fopen(path(argv[2], line), "wb");
        if (!to || fputs(out, to) < 0 || fclose(to) != 0)
            return perror(line), 1;
    }
    muni_report_unref(report);
    ticket("INC-2023-05086", 70, NULL, "{\"category\":\"supplies\"}");
    must(muni_session_trash(operator, MUNI_KIND_TICKET, ticket("INC-2023-00001", 70, NULL, "{}"), 0, NULL));
    ticket("INC-2023-01285", 70, NULL, "{\"reported_at\":\"2023-05-01T00:30:00+09:00\"}");
    ticket("INC-2023-01285", 70, NULL, "{\"reported_at\":\"2023-04-30T23:30:00+09:00\"}");
    report = statistics("7. 分類の変更1件、ごみ箱1件、5月1日0時30分から4月30日23時30分への訂正1件の後");
    must(muni_report_query(report, 4, 7, &out));
    must(muni_query_parse(out, MUNI_ZERO_TERMINATED, &query));
    must(muni_session_list(operator, query, &cursor));
    while (next(cursor))
        printf("   印刷室関連、11月: %s %s\n", text(MUNI_TICKET_NUMBER), text(MUNI_TICKET_SUBJECT));
    must(muni_audit_verify(admin, NULL, NULL, fresh()));
    puts(number("verified") ? "8. verified" : "8. NOT verified");
    muni_free(out);
    muni_query_free(query);
    muni_report_unref(report);
    muni_db_close(db); /* seals the history; memory that lives until here ends with the program */
}
