/* Files in and out: import, export, and the program that makes a year of incidents. */
#include "fault.h"
#include "modeltest.h"
#include "rows.h"

#include "core/csv.h"

#include <fcntl.h>
#include <jansson.h>
#include <municipal/db.h>
#include <sys/stat.h>

#define GEN_INCIDENTS_INSIDE
#include "../tools/gen_incidents.c"

static mt m;
static char extra[8][128]; /* files to remove */
static size_t nextra;

static void begin(void) {
    mt_start(&m);
    nextra = 0;
}

static void end(void) {
    while (nextra)
        (void)unlink(extra[--nextra]);
    mt_stop(&m);
}

/* A name in the test's folder; the file is removed at the end. */
static const char *name(const char *base) {
    char path[128];
    (void)snprintf(path, sizeof path, "%.60s/%.60s", m.dir, base);
    for (size_t i = 0; i < nextra; i++)
        if (!strcmp(extra[i], path))
            return extra[i];
    ck_assert_uint_lt(nextra, sizeof extra / sizeof *extra);
    strcpy(extra[nextra], path);
    return extra[nextra++];
}

static const char *put_bytes(const char *base, const char *p, size_t n) {
    const char *path = name(base);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(p, 1, n, f), n);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

static const char *put(const char *base, const char *text) {
    return put_bytes(base, text, strlen(text));
}

static char *get(const char *path) {
    size_t n;
    char *p = slurp(path, &n);
    ck_assert_msg(p != NULL, "cannot read %s", path);
    return p;
}

static const char *data(const char *file) {
    static char path[4][512];
    static size_t at;
    const char *dir = getenv("srcdir");
    at = (at + 1) % 4;
    (void)snprintf(path[at], sizeof path[at], "%s/tests/data/%s", dir ? dir : ".", file);
    return path[at];
}

static json_t *imported(const char *kind, const char *path, const char *options) {
    muni_rec *out = NULL;
    char *text = NULL;
    OK(muni_session_import(m.admin, kind, path, options, NULL, NULL, &out));
    OK(muni_rec_json(out, &text));
    json_t *j = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(j);
    muni_free(text);
    muni_rec_free(out);
    return j;
}

static int64_t num(const json_t *j, const char *key) {
    const json_t *v = json_object_get(j, key);
    ck_assert_msg(json_is_integer(v), "no number %s", key);
    return json_integer_value(v);
}

static void counts(const json_t *j, int64_t read, int64_t created, int64_t errors) {
    char *text = json_dumps(j, JSON_COMPACT);
    ck_assert_msg(num(j, "read") == read && num(j, "created") == created && num(j, "errors") == errors && num(j, "skipped") == read - created, "%s", text);
    free(text);
}

static void is_finding(const json_t *j, size_t i, int64_t row, int64_t record, const char *column, const char *code, const char *said) {
    const json_t *f = json_array_get(json_object_get(j, "findings"), i);
    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(num(f, "line"), row);
    ck_assert_int_eq(num(f, "record"), record);
    ck_assert_str_eq(json_string_value(json_object_get(f, "column")), column);
    ck_assert_str_eq(json_string_value(json_object_get(f, "code")), code);
    ck_assert_msg(strstr(json_string_value(json_object_get(f, "message_ja")), said) != NULL, "%s", json_string_value(json_object_get(f, "message_ja")));
    ck_assert_str_ne(json_string_value(json_object_get(f, "message")), "");
}

static int64_t how_many(const char *json) {
    muni_query *q = NULL;
    int64_t n = -1;
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_count(m.admin, q, -1, &n));
    muni_query_free(q);
    return n;
}

static int64_t tickets(void) {
    return how_many("{\"kind\":\"ticket\"}");
}

static muni_rec *first_of(const char *json) {
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    muni_rec *rec = NULL;
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(m.admin, q, &c));
    ck_assert_int_eq(muni_cursor_next(c, &rec), MUNI_ROW);
    muni_cursor_unref(c);
    muni_query_free(q);
    return rec;
}

#define BOM "\xEF\xBB\xBF"
#define HEAD "元番号,種別,分類,件名\r\n"

/* ---- the generator */

/* The figures of the table, cell by cell. */
START_TEST(transfer__incidents_follow_the_table) {
    table figures, made;
    const char *one = name("one.csv"), *two = name("two.csv");
    ck_assert_int_eq(gen_incidents(data("figures/kat_helpdesk_incidents_r5.csv"), data("staff/staff_before_cp932.csv"), one, 1), 0);
    ck_assert_int_eq(gen_incidents(data("figures/kat_helpdesk_incidents_r5.csv"), data("staff/staff_before_cp932.csv"), two, 1), 0);
    char *a = get(one), *b = get(two);
    ck_assert_str_eq(a, b);
    free(a);
    free(b);
    ck_assert_int_eq(gen_incidents(data("figures/kat_helpdesk_incidents_r5.csv"), data("staff/staff_before_cp932.csv"), two, 2), 0);
    a = get(one);
    b = get(two);
    ck_assert_str_ne(a, b);
    free(a);
    free(b);
    ck_assert(table_read(data("figures/kat_helpdesk_incidents_r5.csv"), &figures));
    ck_assert(table_read(one, &made));
    ck_assert_uint_eq(made.count, 10461);
    for (size_t r = 1; strcmp(figures.lines[r].cells[0].p, "合計"); r++)
        for (int month = 0; month < 12; month++) {
            char ym[16];
            int there = 0;
            (void)snprintf(ym, sizeof ym, "%04d-%02d", 2023 + (month > 8), (month + 3) % 12 + 1);
            for (size_t i = 1; i < made.count; i++)
                there += !strcmp(made.lines[i].cells[2].p, figures.lines[r].cells[0].p) && !strncmp(made.lines[i].cells[8].p, ym, 7);
            ck_assert_int_eq(there, atoi(figures.lines[r].cells[month + 1].p));
        }
    bool first[12] = { false }, last[12] = { false };
    for (size_t i = 1; i < made.count; i++) {
        const char *at = made.lines[i].cells[8].p;
        int y = atoi(at), mon = atoi(at + 5), day = atoi(at + 8), hour = atoi(at + 11);
        ck_assert_uint_eq(made.lines[i].count, 9);
        ck_assert_str_eq(at + 19, "+09:00");
        ck_assert(i == 1 || strcmp(made.lines[i - 1].cells[8].p, at) <= 0);
        first[(mon + 8) % 12] |= day == 1 && hour == 0;
        last[(mon + 8) % 12] |= day == month_days(y, mon) && hour == 23;
    }
    for (int i = 0; i < 12; i++)
        ck_assert_msg(first[i] && last[i], "month %d", i);
    static const char *const words[] = { "印刷", "パスワード", "ﾊﾟｽﾜｰﾄﾞ", "異動", "VPN-01" };
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        int there = 0;
        for (size_t i = 1; i < made.count; i++)
            there += strstr(made.lines[i].cells[3].p, words[w]) || strstr(made.lines[i].cells[4].p, words[w]);
        ck_assert_msg(there > 100, "%s stands in %d tickets", words[w], there);
    }
    table_free(&figures);
    table_free(&made);
}
END_TEST

/* Nobody reports whose row a reading of the export refuses, or who is not employed on the day. */
START_TEST(transfer__incidents_have_reporters_that_can_be_loaded) {
    static const char *const refused[] = { "NUMBER_BLANK", "DATE_INVALID", "RETIRE_BEFORE_HIRE", "UNIT_UNKNOWN", "UNIT_ABOLISHED", "TOO_FEW_COLUMNS", "TOO_MANY_COLUMNS", "DUPLICATE_CONFLICT" };
    table staff, made;
    const char *one = name("one.csv");
    char *text = get(data("staff/staff_expected.json"));
    json_t *expected = json_loads(text, 0, NULL), *defect;
    size_t i, bad = 0;
    free(text);
    ck_assert_int_eq(gen_incidents(data("figures/kat_helpdesk_incidents_r5.csv"), data("staff/staff_before_cp932.csv"), one, 1), 0);
    ck_assert(table_read(data("staff/staff_before_cp932.csv"), &staff));
    ck_assert(table_read(one, &made));
    json_array_foreach (json_object_get(json_object_get(expected, "staff_before"), "defects"), i, defect) {
        for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
            if (strcmp(json_string_value(json_object_get(defect, "code")), refused[k]) != 0)
                continue;
            const line *l = &staff.lines[json_integer_value(json_object_get(defect, "record")) - 1];
            bad++;
            for (size_t t = 1; t < made.count; t++)
                ck_assert_str_ne(made.lines[t].cells[7].p, l->cells[0].p);
        }
    }
    ck_assert_uint_eq(bad, 12);
    for (size_t t = 1; t < made.count; t++) {
        const line *found = NULL;
        char day[11], hired[11];
        for (size_t s = 1; s < staff.count; s++)
            if (!strcmp(staff.lines[s].cells[0].p, made.lines[t].cells[7].p)) {
                ck_assert_ptr_null(found);
                found = &staff.lines[s];
            }
        ck_assert_ptr_nonnull(found);
        (void)snprintf(day, sizeof day, "%.10s", made.lines[t].cells[8].p);
        (void)snprintf(hired, sizeof hired, "%.4s-%.2s-%.2s", found->cells[6].p, found->cells[6].p + 5, found->cells[6].p + 8);
        ck_assert_msg(strcmp(hired, day) <= 0, "hired %s, reported %s", hired, day);
        ck_assert_uint_eq(found->cells[7].n, 0);
    }
    json_decref(expected);
    table_free(&staff);
    table_free(&made);
}
END_TEST

START_TEST(transfer__incidents_refuse_a_table_that_is_none) {
    const char *out = name("out.csv");
    ck_assert_int_eq(gen_incidents(put("t.csv", "分類,4月\nサポート,1\n"), data("staff/staff_before_cp932.csv"), out, 1), 1);
    ck_assert_int_eq(gen_incidents(put("t.csv", "分類\nサポート,1,1,1,1,1,1,1,1,1,1,1,x\n"), data("staff/staff_before_cp932.csv"), out, 1), 1);
    ck_assert_int_eq(gen_incidents(put("t.csv", "分類\nサポート,1,1,1,1,1,1,1,1,1,1,1,1\n"), put("s.csv", "職員番号\n\"x"), out, 1), 1);
    ck_assert_int_eq(gen_incidents(name("none.csv"), data("staff/staff_before_cp932.csv"), out, 1), 1);
    ck_assert_int_ne(access(out, F_OK), 0);
}
END_TEST

/* ---- import */

/* The reporters of a file of tickets, imported as people. */
static void import_people(const char *tickets_path) {
    table made;
    FILE *f = fopen(name("people.csv"), "wb");
    ck_assert(table_read(tickets_path, &made));
    (void)fputs(BOM "職員番号,氏名\r\n", f);
    for (size_t i = 1; i < made.count; i++) {
        size_t k = 1;
        while (k < i && strcmp(made.lines[k].cells[7].p, made.lines[i].cells[7].p))
            k++;
        if (k == i)
            (void)fprintf(f, "%s,職員　%zu\r\n", made.lines[i].cells[7].p, i);
    }
    ck_assert_int_eq(fclose(f), 0);
    table_free(&made);
    json_t *j = imported("person", name("people.csv"), NULL);
    ck_assert_int_gt(num(j, "created"), 500);
    ck_assert_int_eq(num(j, "errors"), 0);
    json_decref(j);
}

/* The year's figures arrive, each in its month and category, and the report equals the print; the same file again does nothing. */
ROWS("KAT-016")
START_TEST(transfer__import_brings_the_year) {
    static const char *const codes[] = { "support", "work", "network", "hardware", "print_room", "supplies", "other" };
    table figures;
    const char *path = name("year.csv");
    ck_assert_int_eq(gen_incidents(data("figures/kat_helpdesk_incidents_r5.csv"), data("staff/staff_before_cp932.csv"), path, 1), 0);
    import_people(path);
    json_t *j = imported("ticket", path, NULL);
    counts(j, 10460, 10460, 0);
    json_decref(j);
    ck_assert(table_read(data("figures/kat_helpdesk_incidents_r5.csv"), &figures));
    for (size_t r = 0; r < 7; r++)
        for (int month = 0; month < 12; month++) {
            char q[256];
            (void)snprintf(q, sizeof q, "{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"month\",\"op\":\"eq\",\"value\":%d},{\"field\":\"category\",\"op\":\"eq\",\"value\":\"%s\"}]}}",
                           (2023 + (month > 8)) * 100 + (month + 3) % 12 + 1, codes[r]);
            ck_assert_int_eq(how_many(q), atoi(figures.lines[r + 1].cells[month + 1].p));
        }
    muni_report *report = NULL;
    OK(muni_session_report(m.admin, "helpdesk-monthly", "{\"fiscal_year\":2023}", &report));
    ck_assert_int_eq(muni_report_rows(report), 8);
    ck_assert_int_eq(muni_report_columns(report), 13);
    for (int32_t r = 0; r < 8; r++)
        for (int32_t c = 0; c < 13; c++) { /* the totals of rows and columns are printed, too */
            int64_t value = -1;
            OK(muni_report_value(report, r, c, &value));
            ck_assert_int_eq(value, atoi(figures.lines[r + 1].cells[c + 1].p));
            if (r == 7 && c == 12)
                ck_assert_int_eq(value, 10460);
        }
    muni_report_unref(report);
    table_free(&figures);
    ck_assert_int_eq(how_many("{\"kind\":\"ticket\",\"where\":{\"field\":\"reporter\",\"op\":\"absent\",\"value\":true}}"), 0);
    ck_assert_int_eq(how_many("{\"kind\":\"ticket\",\"where\":{\"field\":\"priority\",\"op\":\"absent\",\"value\":true}}"), 0);
    j = imported("ticket", path, NULL);
    counts(j, 0, 0, 0);
    ck_assert(json_is_true(json_object_get(j, "done_before")));
    json_decref(j);
    ck_assert_int_eq(tickets(), 10460);
}
END_TEST

/* A bad value on line 3 is an entry with row 3, the column and what is wrong in Japanese; other rows have entries of their own. */
START_TEST(transfer__import_names_each_bad_row) {
    const char *path = put("t.csv", BOM "元番号,種別,分類,件名,影響度,受付日時\r\n"
                                    "A-1,incident,サポート,一つ目,high,2023-04-01 08:30\r\n"
                                    "A-2,incident,なんでも,二つ目,最高,2023-04-31 08:30\r\n"
                                    "A-3,incident,その他,\"三\n行目\",low,2023-04-01T00:00:00+09:00\r\n"
                                    "\r\n"
                                    "A-4,incident,other,,low,\r\n"
                                    "A-5,incident,other,五つ目,low\r\n"
                                    "A-1,incident,other,六つ目,low,\r\n"
                                    "a-6,ticket,other,七つ目,low,\r\n");
    json_t *j = imported("ticket", path, NULL);
    counts(j, 7, 0, 8);
    is_finding(j, 0, 3, 3, "分類", "ETYPE", "「なんでも」は分類の値にありません");
    is_finding(j, 0, 3, 3, "分類", "ETYPE", "サポート、作業依頼");
    is_finding(j, 1, 3, 3, "影響度", "ETYPE", "high、middle、low");
    is_finding(j, 2, 3, 3, "受付日時", "ETYPE", "2027-04-01 08:30");
    is_finding(j, 3, 4, 4, "件名", "EFORMAT", "改行");
    is_finding(j, 4, 7, 6, "件名", "EREQUIRED", "必須");
    is_finding(j, 5, 8, 7, "", "EFORMAT", "この行の列数は5");
    is_finding(j, 6, 9, 8, "元番号", "EUNIQUE", "2行目にもあります");
    is_finding(j, 7, 10, 9, "種別", "ETYPE", "種別");
    json_decref(j);
    ck_assert_int_eq(tickets(), 0);
    j = imported("ticket", path, "{\"on_error\":\"skip\"}");
    counts(j, 7, 1, 8);
    json_decref(j);
    ck_assert_int_eq(tickets(), 1);
    j = imported("ticket", path, NULL); /* done, with whatever was left out */
    ck_assert(json_is_true(json_object_get(j, "done_before")));
    json_decref(j);
}
END_TEST

START_TEST(transfer__import_lists_at_most_a_thousand_findings) {
    size_t n = 0, cap = 1 << 20;
    char *text = malloc(cap);
    n += (size_t)snprintf(text + n, cap - n, HEAD);
    for (int i = 0; i < 2500; i++)
        n += (size_t)snprintf(text + n, cap - n, "B-%d,incident,%s,件名\r\n", i, i % 5 ? "ない" : "other");
    json_t *j = imported("ticket", put("t.csv", text), "{\"on_error\":\"skip\"}");
    counts(j, 2500, 500, 2000);
    ck_assert_uint_eq(json_array_size(json_object_get(j, "findings")), 1000);
    json_decref(j);
    ck_assert_int_eq(tickets(), 500);
    free(text);
}
END_TEST

START_TEST(transfer__import_reads_every_form) {
    json_t *j = imported("person", put("p.csv", BOM "職員番号,氏名,氏名カナ,生年月日,採用年月日,退職年月日,任期満了日,内線番号,備考\r\n"
                                                     "0000001,甲　一郎,ｺｳ ｲﾁﾛｳ,S50.4.1,2001/4/1,,令和9年3月31日,\"'=1+1\",'-はそのまま\r\n"
                                                     "0000002,乙　二郎,,19800229,37000,,,'0123,\r\n"),
                         NULL);
    counts(j, 2, 2, 0);
    json_decref(j);
    muni_rec *r = first_of("{\"kind\":\"person\",\"where\":{\"field\":\"staff_no\",\"op\":\"eq\",\"value\":\"0000001\"},\"fields\":[\"id\",\"born_on\",\"hired_on\",\"retired_on\",\"term_on\",\"phone\",\"remark\"]}");
    ck_assert_str_eq(mt_text(r, "born_on"), "1975-04-01");
    ck_assert_str_eq(mt_text(r, "hired_on"), "2001-04-01");
    ck_assert_int_eq(muni_rec_type(r, muni_rec_find(r, "retired_on")), MUNI_TYPE_NULL);
    ck_assert_str_eq(mt_text(r, "term_on"), "2027-03-31");
    ck_assert_str_eq(mt_text(r, "phone"), "=1+1"); /* the apostrophe of the formula rule is undone */
    ck_assert_str_eq(mt_text(r, "remark"), "-はそのまま");
    int64_t who = mt_int(r, "id");
    muni_rec_free(r);
    r = first_of("{\"kind\":\"person\",\"where\":{\"field\":\"staff_no\",\"op\":\"eq\",\"value\":\"0000002\"},\"fields\":[\"born_on\",\"hired_on\",\"phone\"]}");
    ck_assert_str_eq(mt_text(r, "born_on"), "1980-02-29");
    ck_assert_str_eq(mt_text(r, "hired_on"), "2001-04-19");
    ck_assert_str_eq(mt_text(r, "phone"), "'0123"); /* no formula: no apostrophe was added */
    muni_rec_free(r);
    char text[1024];
    muni_rec *me = NULL;
    OK(muni_session_whoami(m.admin, &me));
    (void)snprintf(text, sizeof text, "元番号,種別,分類,件名,申告者,担当者,受付日時,取扱注意,任意項目,影響度\n"
                                      "C-1,incident,ｻﾎﾟｰﾄ,一,0000001,ADMIN,2023/4/1 8:05,はい,\"{\"\"b\"\":1,\"\"a\"\":[2]}\",ＨＩＧＨ\n"
                                      "C-2,incident,Hardware,二,#%lld,#%lld,2023-04-01T00:00:00Z,0,,\n"
                                      "C-3,incident,work,三,９９,誰か,2023-04-01 24:00,たぶん,{,\n",
                   (long long)who, (long long)mt_int(me, "principal"));
    muni_rec_free(me);
    j = imported("ticket", put("t.csv", text), "{\"on_error\":\"skip\"}");
    counts(j, 3, 2, 5);
    is_finding(j, 0, 4, 4, "申告者", "EREF", "「９９」の職員がありません");
    is_finding(j, 1, 4, 4, "担当者", "EREF", "ログイン名");
    is_finding(j, 2, 4, 4, "受付日時", "ETYPE", "日時を");
    is_finding(j, 3, 4, 4, "取扱注意", "ETYPE", "はい・いいえ");
    is_finding(j, 4, 4, 4, "任意項目", "EFORMAT", "JSON");
    json_decref(j);
    r = first_of("{\"kind\":\"ticket\",\"where\":{\"field\":\"source_no\",\"op\":\"eq\",\"value\":\"c-1\"}}");
    ck_assert_str_eq(mt_text(r, "category"), "support");
    ck_assert_str_eq(mt_text(r, "impact"), "high");
    ck_assert_int_eq(mt_int(r, "reporter"), who);
    ck_assert_int_eq(mt_int(r, "reported_at"), 1680303900); /* 2023-04-01T08:05+09:00 */
    ck_assert_int_eq(mt_int(r, "confidential"), 1);
    ck_assert_str_eq(mt_text(r, "custom"), "{\"a\":[2],\"b\":1}");
    muni_rec_free(r);
    r = first_of("{\"kind\":\"ticket\",\"where\":{\"field\":\"source_no\",\"op\":\"eq\",\"value\":\"C-2\"}}");
    ck_assert_int_eq(mt_int(r, "reporter"), who);
    ck_assert_int_eq(mt_int(r, "reported_at"), 1680307200);
    muni_rec_free(r);
}
END_TEST

/* A personal value is never quoted. */
START_TEST(transfer__import_keeps_quiet_about_personal_values) {
    json_t *j = imported("person", put("p.csv", "職員番号,氏名,生年月日\n1,甲,昭和99年13月40日\n"), NULL);
    counts(j, 1, 0, 1);
    is_finding(j, 0, 2, 2, "生年月日", "ETYPE", "生年月日");
    char *text = json_dumps(j, 0);
    ck_assert_ptr_null(strstr(text, "99"));
    free(text);
    json_decref(j);
}
END_TEST

START_TEST(transfer__import_maps_columns) {
    const char *path = put("t.csv", "No,区分,何の件,メモ,捨てる\nD-1,incident,あれ,これ,x\n");
    json_t *j = imported("ticket", path, "{\"columns\":{\"Ｎｏ\":\"source_no\",\"区分\":\"type\",\"何の件\":\"subject\",\"メモ\":\"body\",\"捨てる\":null}}");
    counts(j, 1, 0, 1); /* 分類 is missing */
    is_finding(j, 0, 2, 2, "分類", "EREQUIRED", "必須");
    json_decref(j);
    path = put("t.csv", "No,区分,何の件,category,捨てる\nD-1,incident,あれ,その他,x\n");
    j = imported("ticket", path, "{\"columns\":{\"No\":\"source_no\",\"区分\":\"type\",\"何の件\":\"subject\",\"捨てる\":null}}");
    counts(j, 1, 1, 0);
    json_decref(j);
    /* the same bytes, read in another way, are another import */
    j = imported("ticket", path, "{\"columns\":{\"No\":\"source_no\",\"区分\":\"type\",\"何の件\":\"subject\",\"捨てる\":\"body\"}}");
    counts(j, 1, 0, 1);
    is_finding(j, 0, 2, 2, "No", "EUNIQUE", "すでにあります");
    json_decref(j);
}
END_TEST

static void refused(const char *path, const char *options, muni_status code, int64_t row, const char *said) {
    muni_rec *out = (muni_rec *)&m;
    muni_status st = muni_session_import(m.admin, "ticket", path, options, NULL, NULL, &out);
    ck_assert_msg(st == code, "%s (%s), not %s", muni_error_name(st), muni_error_text("en"), muni_error_name(code));
    ck_assert_ptr_null(out);
    ck_assert_int_eq(muni_error_code(), code);
    if (row)
        ck_assert_int_eq(muni_error_line(), row);
    ck_assert_msg(strstr(muni_error_text("ja"), said) != NULL, "%s", muni_error_text("ja"));
    ck_assert_str_ne(muni_error_text("en"), "");
    ck_assert_int_eq(tickets(), 0);
}

START_TEST(transfer__import_refuses_bad_options) {
    const char *path = put("t.csv", HEAD "1,incident,other,x\r\n");
    static const char *const bad[] = { "", "[]", "{", "{\"charset\":1}", "{\"charset\":\"latin1\"}", "{\"charset\":\"shift_jis\"}", "{\"on_error\":\"go\"}", "{\"on_error\":true}",
                                       "{\"columns\":[]}", "{\"columns\":{\"件名\":1}}", "{\"nothing\":1}", "\xff" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(path, bad[i], MUNI_EFORMAT, 0, "オプション");
    refused(path, "{\"columns\":{\"件名\":\"subjekt\"}}", MUNI_EFIELD, 0, "subject");
    refused(path, "{\"columns\":{\"ない列\":\"subject\"}}", MUNI_EFIELD, 0, "ない列");
    refused(path, "{\"columns\":{\"元番号\":\"subject\"}}", MUNI_EFORMAT, 1, "同じ項目");
    refused(name("none.csv"), NULL, MUNI_ENOTFOUND, 0, "ファイル");
    refused(m.dir, NULL, MUNI_EIO, 0, "ファイル");
    muni_rec *out;
    FAILS(muni_session_import(m.admin, "tickets", path, NULL, NULL, NULL, &out), MUNI_ENOTFOUND);
    FAILS(muni_session_import(m.admin, NULL, path, NULL, NULL, NULL, &out), MUNI_EINVAL);
    FAILS(muni_session_import(m.admin, "ticket", NULL, NULL, NULL, NULL, &out), MUNI_EINVAL);
    FAILS(muni_session_import(m.admin, "ticket", path, NULL, NULL, NULL, NULL), MUNI_EINVAL);
    FAILS(muni_session_import(NULL, "ticket", path, NULL, NULL, NULL, &out), MUNI_ECLOSED);
}
END_TEST

/* The hostile files of the issue. Nothing of any of them is written. */
START_TEST(transfer__import_refuses_broken_files) {
    static const char utf8[] = HEAD "1,incident,other,日本語\r\n";
    refused(put("t.csv", utf8), "{\"charset\":\"cp932\"}", MUNI_EENCODING, 0, "CP932");
    refused(put("t.csv", "source_no,type,category,subject\r\n1,incident,other,\x82\xa0\r\n2,incident,other,\x82"), "{\"charset\":\"cp932\"}", MUNI_EENCODING, 3, "3行目");
    refused(put("t.csv", "source_no,type,category,subject\r\n1,incident,other,\x82\xa0\r\n2,incident,other,\x82"), NULL, MUNI_EENCODING, 0, "行目");
    refused(put("t.csv", "source_no,type,category,subject\r\n1,incident,other,\xe3\x81"), "{\"charset\":\"utf-8\"}", MUNI_EENCODING, 2, "2行目");
    refused(put_bytes("t.csv", "source_no,type\r\n1,inci\0dent\r\n", 30), NULL, MUNI_EFORMAT, 2, "NUL");
    refused(put("t.csv", ""), NULL, MUNI_EFORMAT, 0, "ファイルが空");
    refused(put("t.csv", BOM "\r\n\r\n"), NULL, MUNI_EFORMAT, 0, "ファイルが空");
    refused(put("t.csv", "1,incident,other,x\r\n2,incident,other,y\r\n"), NULL, MUNI_EFORMAT, 1, "見出しではありません");
    refused(put("t.csv", "元番号,種別,分類,けんめい\r\n"), NULL, MUNI_EFIELD, 1, "けんめい");
    refused(put("t.csv", "元番号,種別,分類,件名,subject\r\n"), NULL, MUNI_EFORMAT, 1, "重複");
    refused(put("t.csv", "元番号,種別,分類,件名,元番号\r\n"), NULL, MUNI_EFORMAT, 1, "重複");
    refused(put("t.csv", "元番号,,分類,件名\r\n"), NULL, MUNI_EFORMAT, 1, "名前がありません");
    refused(put("t.csv", "番号,種別,分類,件名\r\n1,incident,other,x\r\n"), NULL, MUNI_EFIELD, 1, "ライブラリが設定");
    refused(put("t.csv", HEAD "1,incident,other,x\r\n" HEAD "2,incident,other,y\r\n"), NULL, MUNI_EFORMAT, 3, "繰り返されています");
    refused(put("t.csv", HEAD "1,incident,other,\"x\r\n2,incident,other,y\r\n"), NULL, MUNI_EFORMAT, 2, "引用符");
    char *wide = malloc(60000);
    memcpy(wide, "件名", 6);
    for (size_t i = 0; i < 9999; i++)
        memcpy(wide + 6 + 3 * i, ",x\n", i == 9998 ? 3 : 2), wide[6 + 3 * i + 2] = 'y';
    refused(put_bytes("t.csv", wide, 6 + 3 * 9999), NULL, MUNI_ELIMIT, 1, "列数");
    free(wide);
}
END_TEST

START_TEST(transfer__import_refuses_a_line_of_200_megabytes) {
    const char *path = put("t.csv", HEAD "1,incident,other,");
    FILE *f = fopen(path, "ab");
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 200; i++)
        ck_assert_uint_eq(fwrite(block, 1, sizeof block, f), sizeof block);
    ck_assert_int_eq(fclose(f), 0);
    refused(path, NULL, MUNI_ELIMIT, 2, "上限");
    ck_assert_int_eq(truncate(path, 0), 0); /* and one of zeros */
    ck_assert_int_eq(truncate(path, 200 << 20), 0);
    refused(path, NULL, MUNI_EFORMAT, 1, "NUL");
}
END_TEST

/* ---- stopping, going on */

typedef struct stopper {
    int64_t at;
    const char *stage;
    muni_session *inside;
    muni_status met;
    int calls;
    const char *create; /* a record that somebody else makes meanwhile */
    muni_session *other;
} stopper;

static int32_t stop_at(int64_t done, int64_t total, const char *stage, void *user) {
    stopper *s = user;
    muni_rec *out = NULL;
    (void)total;
    s->calls++;
    if (s->inside)
        s->met = muni_session_whoami(s->inside, &out);
    muni_rec_free(out);
    if (s->create && s->calls == 1)
        ck_assert_int_gt(mt_create(s->other, "ticket", s->create), 0);
    return s->stage && !strcmp(stage, s->stage) && done >= s->at;
}

static char *many(int n) {
    size_t cap = (size_t)n * 64 + 256, at = 0;
    char *text = malloc(cap);
    at += (size_t)snprintf(text, cap, HEAD);
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, cap - at, "E-%d,incident,other,件名%d\r\n", i, i);
    return text;
}

START_TEST(transfer__import_goes_on_where_it_was_stopped) {
    char *text = many(2500);
    const char *path = put("t.csv", text);
    muni_rec *out = NULL;
    stopper s = { .at = 500, .stage = "check", .inside = m.admin };
    free(text);
    FAILS(muni_session_import(m.admin, "ticket", path, NULL, stop_at, &s, &out), MUNI_ECANCELLED);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(s.met, MUNI_EBUSY);
    ck_assert_int_eq(tickets(), 0);
    s = (stopper){ .at = 1500, .stage = "write", .inside = m.admin };
    FAILS(muni_session_import(m.admin, "ticket", path, NULL, stop_at, &s, &out), MUNI_ECANCELLED);
    ck_assert_int_eq(s.met, MUNI_EBUSY);
    ck_assert_int_eq(tickets(), 1000);
    mt_reopen(&m);
    json_t *j = imported("ticket", path, NULL);
    counts(j, 2500, 1500, 0);
    ck_assert(json_is_false(json_object_get(j, "done_before")));
    json_decref(j);
    ck_assert_int_eq(tickets(), 2500);
    j = imported("ticket", path, NULL);
    ck_assert(json_is_true(json_object_get(j, "done_before")));
    json_decref(j);
    ck_assert_int_eq(tickets(), 2500);
}
END_TEST

/* Somebody takes a number between the check and the writing. */
START_TEST(transfer__import_meets_a_change_between_check_and_writing) {
    for (int skip = 0; skip < 2; skip++) {
        char *text = many(300);
        const char *path = put("t.csv", text);
        muni_rec *out = NULL;
        stopper s = { .create = "{\"type\":\"incident\",\"category\":\"other\",\"subject\":\"先\",\"source_no\":\"e-10\"}" };
        free(text);
        OK(muni_db_session(m.db, "admin", "other", NULL, &s.other));
        OK(muni_session_import(m.admin, "ticket", path, skip ? "{\"on_error\":\"skip\"}" : NULL, stop_at, &s, &out));
        muni_session_unref(s.other);
        ck_assert_int_eq(mt_int(out, "errors"), 1);
        ck_assert_int_eq(mt_int(out, "created"), skip ? 299 : 0);
        ck_assert_ptr_nonnull(strstr(mt_text(out, "findings"), "EUNIQUE"));
        ck_assert_ptr_nonnull(strstr(mt_text(out, "findings"), "\"line\":12"));
        muni_rec_free(out);
        ck_assert_int_eq(tickets(), skip ? 300 : 1);
        if (!skip) {
            muni_rec *first = first_of("{\"kind\":\"ticket\"}");
            OK(muni_session_trash(m.admin, "ticket", mt_int(first, "id"), 0, NULL));
            muni_rec_free(first);
        }
    }
}
END_TEST

START_TEST(transfer__import_needs_its_rights) {
    muni_session *s = NULL;
    muni_rec *out = NULL, *group = NULL;
    char json[160];
    const char *path = put("t.csv", HEAD "1,incident,other,x\r\n");
    int64_t who = mt_create(m.admin, "principal", "{\"login\":\"reader\",\"name\":\"読む人\"}");
    OK(muni_session_find(m.admin, "group", "reader", NULL, &group));
    (void)snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)mt_int(group, "id"), (long long)who);
    muni_rec_free(group);
    (void)mt_create(m.admin, "member", json);
    OK(muni_db_session(m.db, "reader", "test", NULL, &s));
    FAILS(muni_session_import(s, "ticket", path, NULL, NULL, NULL, &out), MUNI_EDENIED);
    muni_session_unref(s);
    OK(muni_session_begin(m.admin));
    FAILS(muni_session_import(m.admin, "ticket", path, NULL, NULL, NULL, &out), MUNI_ESTATE);
    OK(muni_session_rollback(m.admin));
    ck_assert_int_eq(tickets(), 0);
}
END_TEST

/* ---- export */

static json_t *exported(const char *query, const char *path, const char *options) {
    muni_query *q = NULL;
    muni_rec *out = NULL;
    char *text = NULL;
    OK(muni_query_parse(query, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_export(m.admin, q, path, options, NULL, NULL, &out));
    muni_query_free(q);
    OK(muni_rec_json(out, &text));
    json_t *j = json_loads(text, 0, NULL);
    muni_free(text);
    muni_rec_free(out);
    return j;
}

static muni_status try_export(const char *query, const char *path, const char *options, stopper *s) {
    muni_query *q = NULL;
    muni_rec *out = NULL;
    OK(muni_query_parse(query, MUNI_ZERO_TERMINATED, &q));
    muni_status st = muni_session_export(m.admin, q, path, options, s ? stop_at : NULL, s, &out);
    ck_assert(st >= 0 || !out);
    muni_query_free(q);
    muni_rec_free(out);
    return st;
}

#define ROUND "{\"kind\":\"ticket\",\"order\":[\"source_no\"],\"fields\":[\"source_no\",\"type\",\"category\",\"subject\",\"body\",\"impact\",\"urgency\",\"reporter\",\"assignee\",\"reported_at\",\"confidential\",\"custom\"]}"
#define PEOPLE "{\"kind\":\"person\",\"order\":[\"staff_no\"],\"fields\":[\"staff_no\",\"name\",\"kana\",\"born_on\",\"hired_on\",\"phone\",\"remark\"]}"

static const char vectors[] = BOM "元番号,種別,分類,件名,内容,影響度,緊急度,申告者,担当者,受付日時,取扱注意,任意項目\r\n"
                                  "F-1,incident,support,\"=cmd|' /C calc'!A0\",\"1行目\n2行目 \"\"引用\"\", コンマ\",high,low,0000001,admin,2023-04-01 00:00,false,\r\n"
                                  "F-2,inquiry,other,-5,＠全角,,,,,2024-02-29 23:59:59,true,\"{\"\"k\"\":\"\"=1\"\"}\"\r\n"
                                  "F-3,incident,work,\"'=x\",\"''+y\",low,,0000002,,2024-03-31 23:59:59,,\r\n"
                                  "F-4,incident,work,\" 前後の空白 \",\"\t@z\",low,,#99999999,,2024-03-31 23:59:59,,\r\n";

/* Out of one store, into another, and out again: the same bytes. */
START_TEST(transfer__export_comes_back_the_same) {
    json_t *j = imported("person", put("p.csv", "職員番号,氏名,生年月日,内線番号,備考\n0000001,甲　一郎,S50.4.1,\"-1\",\"=a\nb\"\n0000002,髙橋　𠮷,,,\n"), NULL);
    counts(j, 2, 2, 0);
    json_decref(j);
    j = imported("ticket", put("t.csv", vectors), "{\"on_error\":\"skip\"}");
    counts(j, 4, 3, 1); /* the last one's reporter is nobody */
    json_decref(j);
    char *text = many(450);
    j = imported("ticket", put("n.csv", text), NULL); /* more than a page */
    json_decref(j);
    free(text);
    const char *people = name("people-out.csv"), *one = name("one.csv"), *two = name("two.csv");
    j = exported(PEOPLE, people, NULL);
    ck_assert_int_eq(num(j, "records"), 2);
    json_decref(j);
    j = exported(ROUND, one, NULL);
    ck_assert_int_eq(num(j, "records"), 453);
    struct stat size;
    ck_assert_int_eq(stat(one, &size), 0);
    ck_assert_int_eq(num(j, "bytes"), size.st_size);
    ck_assert_int_eq(num(j, "lost"), 0);
    json_decref(j);
    char *was = get(one), *who = get(people);
    ck_assert_ptr_nonnull(strstr(was, "'=cmd|"));
    ck_assert_ptr_nonnull(strstr(was, "0000001"));
    /* the other store */
    mt first = m;
    mt_start(&m);
    j = imported("person", people, NULL);
    counts(j, 2, 2, 0);
    json_decref(j);
    j = imported("ticket", one, NULL);
    counts(j, 453, 453, 0);
    json_decref(j);
    json_decref(exported(ROUND, two, NULL));
    char *is = get(two);
    ck_assert_str_eq(was, is);
    free(is);
    json_decref(exported(PEOPLE, two, NULL));
    is = get(two);
    ck_assert_str_eq(who, is);
    free(is);
    free(was);
    free(who);
    mt_stop(&m);
    m = first;
}
END_TEST

START_TEST(transfer__export_writes_what_is_asked) {
    json_decref(imported("person", put("p.csv", "職員番号,氏名,生年月日\n0000001,甲　一郎,S50.4.1\n"), NULL));
    json_decref(imported("ticket", put("t.csv", HEAD "G-1,incident,other,=1+1\r\nG-2,incident,work,ふつう\r\n"), NULL));
    const char *out = name("out.csv");
    json_decref(exported("{\"kind\":\"ticket\",\"fields\":[\"source_no\",\"category\",\"subject\"],\"order\":[\"source_no\"]}", out, "{\"charset\":\"utf-8\",\"header\":\"name\",\"formulas\":\"keep\"}"));
    char *text = get(out);
    ck_assert_str_eq(text, "source_no,category,subject\r\nG-1,other,=1+1\r\nG-2,work,ふつう\r\n");
    free(text);
    json_decref(exported("{\"kind\":\"ticket\",\"fields\":[\"source_no\",\"created_by.name\"],\"order\":[\"-source_no\"],\"limit\":1}", out, NULL));
    text = get(out);
    ck_assert_str_eq(text, BOM "元番号,登録者・氏名\r\nG-2,管理者\r\n");
    free(text);
    json_decref(exported("{\"kind\":\"person\"}", out, NULL)); /* personal fields only by name */
    text = get(out);
    ck_assert_ptr_null(strstr(text, "生年月日"));
    ck_assert_ptr_null(strstr(text, "1975"));
    free(text);
    json_decref(exported("{\"kind\":\"person\",\"fields\":[\"staff_no\",\"born_on\"]}", out, "{\"charset\":\"utf-8\"}"));
    text = get(out);
    ck_assert_str_eq(text, "職員番号,生年月日\r\n0000001,1975-04-01\r\n");
    free(text);
    json_decref(exported("{\"kind\":\"ticket\",\"fields\":[\"source_no\",\"reported_at\",\"subject\"],\"order\":[\"source_no\"]}", out, "{\"format\":\"json\"}"));
    text = get(out);
    ck_assert_str_eq(text, "{\"reported_at\":\"2023-11-15T07:13:20+09:00\",\"source_no\":\"G-1\",\"subject\":\"=1+1\"}\n"
                           "{\"reported_at\":\"2023-11-15T07:13:20+09:00\",\"source_no\":\"G-2\",\"subject\":\"ふつう\"}\n");
    free(text);
    json_decref(exported("{\"kind\":\"desk\",\"fields\":[\"code\"]}", out, NULL)); /* nothing but a header */
    text = get(out);
    ck_assert_str_eq(text, BOM "コード\r\n");
    free(text);
}
END_TEST

START_TEST(transfer__export_tells_what_a_charset_lacks) {
    json_decref(imported("ticket", put("t.csv", HEAD "H-1,incident,other,𠮷野と🍣\r\nH-2,incident,work,髙橋①\r\n"), NULL));
    const char *out = name("out.csv");
    json_t *j = exported("{\"kind\":\"ticket\",\"fields\":[\"source_no\",\"subject\"],\"order\":[\"source_no\"]}", out, "{\"charset\":\"cp932\"}");
    ck_assert_int_eq(num(j, "lost"), 2);
    const json_t *loss = json_array_get(json_object_get(j, "losses"), 0);
    ck_assert_int_eq(num(loss, "record"), 2);
    ck_assert_str_eq(json_string_value(json_object_get(loss, "column")), "件名");
    ck_assert_str_eq(json_string_value(json_object_get(loss, "character")), "𠮷");
    ck_assert_str_ne(json_string_value(json_object_get(loss, "written")), "");
    json_decref(j);
    char *text = get(out);
    static const char head[] = "\x8c\xb3\x94\xd4\x8d\x86,\x8c\x8f\x96\xbc\r\n"; /* 元番号,件名 */
    ck_assert_int_eq(strncmp(text, head, sizeof head - 1), 0);
    free(text);
    j = imported("ticket", out, "{\"columns\":{\"元番号\":null}}"); /* the bytes are proposed as CP932 */
    counts(j, 2, 0, 2);
    is_finding(j, 0, 2, 2, "分類", "EREQUIRED", "必須");
    json_decref(j);
}
END_TEST

/* Whole or not at all. */
START_TEST(transfer__export_leaves_the_old_file_when_it_fails) {
    const char *out = put("out.csv", "old"), *link = name("link.csv");
    (void)mt_ticket(m.admin, "x");
    stopper s = { .at = 1, .stage = "export", .inside = m.admin };
    FAILS(try_export("{\"kind\":\"ticket\"}", out, NULL, &s), MUNI_ECANCELLED);
    ck_assert_int_eq(s.met, MUNI_EBUSY);
    char *text = get(out);
    ck_assert_str_eq(text, "old");
    free(text);
    char cmd[200];
    (void)snprintf(cmd, sizeof cmd, "%s/nowhere/out.csv", m.dir);
    FAILS(try_export("{\"kind\":\"ticket\"}", cmd, NULL, NULL), MUNI_EIO);
    FAILS(try_export("{\"kind\":\"ticket\"}", m.dir, NULL, NULL), MUNI_EIO);
    ck_assert_int_eq(access("/dev/full", W_OK), 0);
    FAILS(try_export("{\"kind\":\"ticket\"}", "/dev/full", NULL, NULL), MUNI_EFULL);
    OK(try_export("{\"kind\":\"ticket\"}", "/dev/null", NULL, NULL));
    /* what a link leads to is replaced, and keeps its permissions */
    ck_assert_int_eq(chmod(out, 0640), 0);
    ck_assert_int_eq(symlink("out.csv", link), 0);
    OK(try_export("{\"kind\":\"ticket\",\"fields\":[\"subject\"]}", link, "{\"charset\":\"utf-8\"}", NULL));
    struct stat at;
    ck_assert_int_eq(lstat(link, &at), 0);
    ck_assert(S_ISLNK(at.st_mode));
    ck_assert_int_eq(stat(out, &at), 0);
    ck_assert_int_eq(at.st_mode & 0777, 0640);
    text = get(out);
    ck_assert_str_eq(text, "件名\r\nx\r\n");
    free(text);
    /* no temporary file is left: the folder can be removed at the end, which this checks */
    (void)snprintf(cmd, sizeof cmd, "ls %s | grep -c tmp > /dev/null", m.dir);
    ck_assert_int_ne(system(cmd), 0);
}
END_TEST

START_TEST(transfer__export_refuses_bad_options_and_rights) {
    static const char *const bad[] = { "[]", "{\"format\":\"xlsx\"}", "{\"charset\":\"utf-16le\"}", "{\"charset\":\"\"}", "{\"header\":\"id\"}", "{\"formulas\":1}", "{\"format\":\"json\",\"charset\":\"cp932\"}",
                                       "{\"x\":1}" };
    const char *out = name("out.csv");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        FAILS(try_export("{\"kind\":\"ticket\"}", out, bad[i], NULL), MUNI_EFORMAT);
    muni_rec *rec;
    muni_query *q = NULL;
    OK(muni_query_parse("{\"kind\":\"ticket\"}", MUNI_ZERO_TERMINATED, &q));
    FAILS(muni_session_export(m.admin, NULL, out, NULL, NULL, NULL, &rec), MUNI_EINVAL);
    FAILS(muni_session_export(m.admin, q, NULL, NULL, NULL, NULL, &rec), MUNI_EINVAL);
    FAILS(muni_session_export(m.admin, q, out, NULL, NULL, NULL, NULL), MUNI_EINVAL);
    FAILS(muni_session_export(NULL, q, out, NULL, NULL, NULL, &rec), MUNI_ECLOSED);
    /* somebody without any group */
    muni_session *s = NULL;
    (void)mt_create(m.admin, "principal", "{\"login\":\"nobody\",\"name\":\"権限なし\"}");
    OK(muni_db_session(m.db, "nobody", "test", NULL, &s));
    FAILS(muni_session_export(s, q, out, NULL, NULL, NULL, &rec), MUNI_EDENIED);
    muni_session_unref(s);
    muni_query_free(q);
    ck_assert_int_ne(access(out, F_OK), 0);
}
END_TEST

/* ---- memory */

START_TEST(transfer__import_survives_every_failed_allocation) {
    muni_status st;
    muni_rec *out = NULL;
    (void)mt_create(m.admin, "ticket", "{\"type\":\"incident\",\"category\":\"other\",\"subject\":\"definitions are read\",\"impact\":\"low\",\"urgency\":\"low\"}");
    const char *path = put("t.csv", BOM "元番号,種別,分類,件名,担当者,受付日時,取扱注意,影響度,メモ\r\n"
                                        "I-1,incident,サポート,一,admin,2023-04-01 08:30,はい,high,x\r\n"
                                        "I-2,incident,ない,二,誰か,いつか,たぶん,最高,x\r\n");
    FAULT_LOOP(st, muni_session_import(m.admin, "ticket", path, "{\"on_error\":\"skip\",\"columns\":{\"メモ\":null}}", NULL, NULL, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    ck_assert_int_eq(tickets(), 2);
}
END_TEST

START_TEST(transfer__export_survives_every_failed_allocation) {
    muni_status st;
    muni_rec *out = NULL;
    muni_query *q = NULL;
    const char *path = name("out.csv");
    json_decref(imported("ticket", put("t.csv", HEAD "H-1,incident,other,𠮷野\r\nH-2,incident,work,髙橋①\r\n"), NULL));
    OK(muni_query_parse("{\"kind\":\"ticket\",\"fields\":[\"source_no\",\"subject\",\"created_by\",\"created_by.name\",\"reported_at\"]}", MUNI_ZERO_TERMINATED, &q));
    FAULT_LOOP(st, muni_session_export(m.admin, q, path, "{\"charset\":\"cp932\"}", NULL, NULL, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    FAULT_LOOP(st, muni_session_export(m.admin, q, path, "{\"format\":\"json\"}", NULL, NULL, &out), ck_assert_ptr_null(out));
    muni_rec_free(out);
    muni_query_free(q);
}
END_TEST

Suite *suite_transfer(void);
Suite *suite_transfer(void) {
    Suite *s = suite_create("transfer");
    TCase *t = tcase_create("files");
    tcase_add_checked_fixture(t, begin, end);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, transfer__incidents_follow_the_table);
    tcase_add_test(t, transfer__incidents_have_reporters_that_can_be_loaded);
    tcase_add_test(t, transfer__incidents_refuse_a_table_that_is_none);
    tcase_add_test(t, transfer__import_brings_the_year);
    tcase_add_test(t, transfer__import_names_each_bad_row);
    tcase_add_test(t, transfer__import_lists_at_most_a_thousand_findings);
    tcase_add_test(t, transfer__import_reads_every_form);
    tcase_add_test(t, transfer__import_keeps_quiet_about_personal_values);
    tcase_add_test(t, transfer__import_maps_columns);
    tcase_add_test(t, transfer__import_refuses_bad_options);
    tcase_add_test(t, transfer__import_refuses_broken_files);
    tcase_add_test(t, transfer__import_refuses_a_line_of_200_megabytes);
    tcase_add_test(t, transfer__import_goes_on_where_it_was_stopped);
    tcase_add_test(t, transfer__import_meets_a_change_between_check_and_writing);
    tcase_add_test(t, transfer__import_needs_its_rights);
    tcase_add_test(t, transfer__export_comes_back_the_same);
    tcase_add_test(t, transfer__export_writes_what_is_asked);
    tcase_add_test(t, transfer__export_tells_what_a_charset_lacks);
    tcase_add_test(t, transfer__export_leaves_the_old_file_when_it_fails);
    tcase_add_test(t, transfer__export_refuses_bad_options_and_rights);
    tcase_add_test(t, transfer__import_survives_every_failed_allocation);
    tcase_add_test(t, transfer__export_survives_every_failed_allocation);
    suite_add_tcase(s, t);
    return s;
}
