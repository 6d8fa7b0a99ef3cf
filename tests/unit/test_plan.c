/* Plans of staff and organisation: what is planned, approved, applied, and what may not be. On stores of their own. */
#include "modeltest.h"

#include "stafftest.h"

#include "fault.h"
#include "textdata.h"

/* 2027-04-01T12:00:00+09:00 */
#define APRIL INT64_C(1806548400)

static mt m;
static muni_session *op, *ap;

static void start(void) {
    mt_start(&m);
    OK(muni_db_set_now(m.db, APRIL));
    op = mt_person(&m, "op", "operator");
    ap = mt_person(&m, "ap", "approver");
}

static void stop(void) {
    char name[300];
    static const char *const files[] = { "units.csv", "people.csv" };
    muni_session_unref(op);
    muni_session_unref(ap);
    for (size_t i = 0; i < 2; i++) {
        snprintf(name, sizeof name, "%s/%s", m.dir, files[i]);
        (void)unlink(name);
    }
    mt_stop(&m);
}

static muni_status plan(muni_session *s, const char *on, const char *units, const char *people, muni_rec **out) {
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    o.on = on;
    o.units = units;
    o.people = people;
    return muni_staff_plan(s, &o, NULL, NULL, out);
}

static int64_t count_of(const muni_rec *p, const char *name) {
    json_t *j = json_loads(mt_text(p, "counts"), 0, NULL);
    ck_assert_ptr_nonnull(j);
    ck_assert_uint_eq(json_object_size(j), 10);
    int64_t n = json_integer_value(json_object_get(j, name));
    json_decref(j);
    return n;
}

static void counts(const muni_rec *p, const char *want) {
    char text[200];
    snprintf(text, sizeof text, "create %lld change %lld unchanged %lld leave %lld return %lld propose %lld", (long long)count_of(p, "create"), (long long)count_of(p, "change"),
             (long long)count_of(p, "unchanged"), (long long)count_of(p, "leave"), (long long)count_of(p, "return"), (long long)count_of(p, "propose"));
    ck_assert_str_eq(text, want);
}

/* Plan, approve and apply; answers the id. */
static int64_t run(const char *on, const char *units, const char *people, const char *want) {
    muni_rec *p = NULL;
    OK(plan(op, on, units, people, &p));
    ck_assert_str_eq(mt_text(p, "state"), "planned");
    if (want)
        counts(p, want);
    int64_t id = mt_int(p, "id");
    muni_rec_free(p);
    OK(muni_plan_approve(ap, id, "内容を確認した", NULL));
    OK(muni_plan_apply(op, id, NULL, NULL, &p));
    ck_assert_str_eq(mt_text(p, "state"), "applied");
    muni_rec_free(p);
    return id;
}

static char *listing(int64_t id, bool rows) {
    muni_cursor *c = NULL;
    muni_rec *r = NULL;
    muni__buf b = MUNI_BUF_INIT((size_t)64 << 20);
    OK(rows ? muni_plan_rows(op, id, &c) : muni_plan_findings(op, id, &c));
    muni_status st;
    while ((st = muni_cursor_next(c, &r)) == MUNI_ROW) {
        char *j = NULL;
        OK(muni_rec_json(r, &j));
        muni__buf_puts(&b, j);
        muni__buf_putc(&b, '\n');
        muni_free(j);
        muni_rec_free(r);
    }
    OK(st);
    muni_cursor_unref(c);
    char *out = NULL;
    OK(muni__buf_take(&b, &out, NULL));
    return out;
}

static void verified(void) {
    muni_rec *r = NULL;
    OK(muni_audit_verify(m.admin, NULL, NULL, &r));
    ck_assert_msg(mt_int(r, "verified") == 1, "%s", mt_text(r, "findings"));
    muni_rec_free(r);
}

#define ORG st_path("org_before_cp932.csv")
#define STAFF st_path("staff_before_cp932.csv")

/* ---- the city of the sample */

static void same_field(const muni_rec *rec, const char *name, const char *want, const muni__srow *row) {
    ck_assert_msg(!strcmp(mt_text(rec, name), want ? want : ""), "record %lld: %s is \"%s\", not \"%s\"", (long long)row->record, name, mt_text(rec, name), want ? want : "");
}

START_TEST(plan__loads_the_city) {
    run("2027-03-31", ORG, STAFF, "create 1988 change 0 unchanged 0 leave 0 return 0 propose 0");
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"person\"}"), 1988);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"account\"}"), 1988);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"unit\"}"), 171);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"post\"}"), 1988 + 33);
    /* every person and post is what the mended row says; that the mended rows are right is shown by the suite staff */
    muni__arena mem = MUNI_ARENA_INIT;
    muni__profile *profile = NULL;
    muni__reading r;
    json_t *body = st_profile_body();
    OK(muni__profile_parse(&mem, body, &profile));
    muni__reading_init(&r, profile, NULL, NULL);
    st_read(&r, MUNI__UNITS, "org_before_cp932.csv");
    st_read(&r, MUNI__PEOPLE, "staff_before_cp932.csv");
    static muni__unit_view views[1000];
    int32_t on = 0;
    ck_assert(muni__date_read("2027-03-31", 10, &on));
    OK(muni__reading_judge_units(&r));
    OK(muni__reading_judge(&r, views, st_views(&r, views), on));
    static const char *const fields[] = { "name", "kana", "category", "hired_on", "retired_on", "term_on", "phone", "mail", "born_on", "leave", "remark" };
    static const int32_t places[] = { MUNI__SP_NAME, MUNI__SP_KANA, MUNI__SP_CATEGORY, MUNI__SP_HIRED_ON, MUNI__SP_RETIRED_ON, MUNI__SP_TERM_ON, MUNI__SP_PHONE, MUNI__SP_MAIL, MUNI__SP_BORN_ON, MUNI__SP_LEAVE, MUNI__SP_REMARK };
    static const char *const post_fields[] = { "title_code", "title", "form", "order_code", "order", "from_on" };
    static const int32_t post_places[] = { MUNI__SP_TITLE_CODE, MUNI__SP_TITLE, MUNI__SP_FORM, MUNI__SP_ORDER_CODE, MUNI__SP_ORDER, MUNI__SP_FROM_ON };
    size_t people = 0, posts = 0;
    for (size_t i = 0; i < r.ngroups; i++) {
        const muni__staff_group *g = &r.groups[i];
        muni_rec *rec = NULL;
        if (g->held) {
            ck_assert_int_eq(muni_session_find(m.admin, "person", g->key, NULL, &rec), MUNI_ENOTFOUND);
            continue;
        }
        OK(muni_session_find(m.admin, "person", g->key, "id,name,kana,category,hired_on,retired_on,term_on,phone,mail,born_on,leave,remark,unit.code", &rec));
        for (size_t k = 0; k < MUNI_COUNT(fields); k++)
            same_field(rec, fields[k], g->main->v[places[k]], g->main);
        bool future = !strcmp(g->main->v[MUNI__SP_FROM_ON], "2028-04-01");
        same_field(rec, "unit.code", future ? NULL : g->main->v[MUNI__SP_UNIT], g->main);
        char q[300];
        snprintf(q, sizeof q, "{\"kind\":\"post\",\"where\":{\"field\":\"person\",\"op\":\"eq\",\"value\":%lld},\"fields\":[\"title_code\",\"title\",\"form\",\"order_code\",\"order\",\"from_on\",\"to_on\",\"concurrent\",\"unit.code\"]}",
                 (long long)mt_int(rec, "id"));
        muni_query *query = NULL;
        muni_cursor *c = NULL;
        muni_rec *post = NULL;
        OK(muni_query_parse(q, MUNI_ZERO_TERMINATED, &query));
        OK(muni_session_list(m.admin, query, &c));
        size_t mine = 0;
        while (muni_cursor_next(c, &post) == MUNI_ROW) {
            const muni__srow *row = g->main;
            for (size_t k = 0; !strcmp(mt_text(post, "concurrent"), "concurrent") && k < g->nconcurrents; k++)
                if (!strcmp(g->concurrents[k]->v[MUNI__SP_UNIT], mt_text(post, "unit.code")))
                    row = g->concurrents[k];
            for (size_t k = 0; k < MUNI_COUNT(post_fields); k++)
                same_field(post, post_fields[k], row->v[post_places[k]], row);
            same_field(post, "unit.code", row->v[MUNI__SP_UNIT], row);
            same_field(post, "to_on", NULL, row);
            muni_rec_free(post);
            mine++;
        }
        ck_assert_uint_eq(mine, 1 + g->nconcurrents);
        posts += mine;
        people++;
        muni_cursor_unref(c);
        muni_query_free(query);
        muni_rec_free(rec);
    }
    ck_assert_uint_eq(people, 1988);
    ck_assert_uint_eq(posts, 2021);
    muni__reading_free(&r);
    muni__arena_free(&mem);
    json_decref(body);
    verified();
}
END_TEST

START_TEST(plan__second_run_changes_nothing_and_finds_the_same) {
    muni_rec *p = NULL;
    int64_t first = run("2027-03-31", ORG, STAFF, NULL);
    OK(plan(op, "2027-03-31", ORG, STAFF, &p));
    counts(p, "create 0 change 0 unchanged 1988 leave 0 return 0 propose 0");
    int64_t second = mt_int(p, "id");
    char *a = listing(first, false), *b = listing(second, false), *rows = listing(second, true), *first_rows = listing(first, true);
    ck_assert_str_eq(a, b);
    ck_assert_str_eq(rows, "");
    ck_assert_ptr_nonnull(strstr(a, "\"code\":\"MYNUMBER_IN_NOTE\""));
    ck_assert_ptr_nonnull(strstr(a, "\"file\":\"staff_before_cp932.csv\",\"line\":125,"));
    ck_assert_ptr_null(strstr(a, "1234-5678-9018"));
    ck_assert_ptr_null(strstr(a, "髙橋"));
    ck_assert_ptr_null(strstr(first_rows, "born_on")); /* personal values are not shown */
    ck_assert_ptr_null(strstr(first_rows, "remark"));
    ck_assert_ptr_nonnull(strstr(first_rows, "\"action\":\"create\""));
    int lines = 0;
    for (const char *q = a; *q; q++)
        lines += *q == '\n';
    ck_assert_int_eq(lines, count_of(p, "mended") + count_of(p, "warned") + count_of(p, "rejected"));
    muni__free(a), muni__free(b), muni__free(rows), muni__free(first_rows);
    muni_rec_free(p);
    OK(muni_plan_approve(ap, second, NULL, NULL));
    OK(muni_plan_apply(op, second, NULL, NULL, NULL));
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"post\"}"), 2021);
}
END_TEST

START_TEST(plan__transfers_of_april) {
    muni_rec *p = NULL;
    run("2027-03-31", ORG, STAFF, NULL);
    int64_t id = run("2027-04-01", st_path("org_after_cp932.csv"), st_path("staff_after_cp932.csv"), NULL);
    char *findings = listing(id, false), *rows = listing(id, true);
    int abolished = 0, leaves = 0, proposals = 0;
    for (const char *q = findings; (q = strstr(q, "\"UNIT_ABOLISHED\"")); q++)
        abolished++;
    for (const char *q = rows; (q = strstr(q, "\"action\":\"leave\"")); q++)
        leaves++;
    for (const char *q = rows; (q = strstr(q, "\"action\":\"propose\"")); q++)
        proposals++;
    ck_assert_int_eq(abolished, 5);
    ck_assert_int_eq(leaves, 12);
    ck_assert_int_eq(proposals, 19); /* people under a new number */
    muni__free(findings), muni__free(rows);
    /* who retired: the person, the post and the account end that day */
    OK(muni_session_find(m.admin, "person", "0001385", "id,retired_on,unit", &p));
    ck_assert_str_eq(mt_text(p, "retired_on"), "2027-03-31");
    ck_assert_int_eq(muni_rec_type(p, muni_rec_find(p, "unit")), MUNI_TYPE_NULL);
    char q[200];
    snprintf(q, sizeof q, "{\"kind\":\"post\",\"where\":{\"all\":[{\"field\":\"person\",\"op\":\"eq\",\"value\":%lld},{\"field\":\"to_on\",\"op\":\"absent\"}]}}", (long long)mt_int(p, "id"));
    ck_assert_int_eq(mt_count(m.admin, q), 0);
    muni_rec_free(p);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"account\",\"where\":{\"field\":\"to_on\",\"op\":\"eq\",\"value\":\"2027-03-31\"}}"), 12);
    /* a code that was used again is two units */
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"unit\",\"where\":{\"field\":\"code\",\"op\":\"eq\",\"value\":\"040300\"}}"), 2);
    OK(plan(op, "2027-04-01", st_path("org_after_cp932.csv"), st_path("staff_after_cp932.csv"), &p));
    counts(p, "create 0 change 0 unchanged 2003 leave 0 return 0 propose 0");
    muni_rec_free(p);
    verified();
}
END_TEST

/* ---- small files */

#define UHEAD "所属コード,所属名,所属正式名,上位所属コード,階層,階層名,施設区分,設置日,廃止日,並び順\n"
#define UNITS UHEAD "010000,総務部,総務部,,1,部,本庁,2019-04-01,,10\n010100,総務課,総務部　総務課,010000,2,課,本庁,2019-04-01,,20\n020100,企画課,企画課,,2,課,本庁,2019-04-01,,30\n"
#define PHEAD                                                                                                                    \
    "職員番号,氏名,氏名カナ,生年月日,職員区分コード,職員区分,採用年月日,退職年月日,所属コード,所属名,職名コード,職名,本務兼務区分,"                                 \
    "兼務形態,発令年月日,異動区分コード,異動区分,任期満了日,休職等区分,内線番号,メールアドレス,備考\n"
#define ROW(no, name, kana, born, retired, unit, which, from) no "," name "," kana "," born ",1,正規職員,2020/04/01," retired "," unit ",,080,主事," which ",," from ",00,異動なし,,,1234,e" no "@x.jp,\n"
#define YAMADA ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2026/04/01")
#define TANAKA ROW("0000002", "田中　花子", "ﾀﾅｶ ﾊﾅｺ", "H02.02.02", "", "020100", "本務", "2026/04/01")

static const char *file(const char *name, const char *text) {
    static char path[2][300];
    char *p = path[*name == 'p'];
    snprintf(p, sizeof path[0], "%s/%s", m.dir, name);
    FILE *f = fopen(p, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(text, 1, strlen(text), f), strlen(text));
    ck_assert_int_eq(fclose(f), 0);
    return p;
}

static int64_t load(const char *on, const char *units, const char *people, const char *want) {
    return run(on, units ? file("units.csv", units) : NULL, people ? file("people.csv", people) : NULL, want);
}

static muni_rec *person(const char *no) {
    muni_rec *r = NULL;
    OK(muni_session_find(m.admin, "person", no, "id,rev,name,retired_on,unit,unit.code,kana_sort", &r));
    return r;
}

/* A person's posts as "unit from-to c;…", in the order of their beginning. */
static const char *posts(const char *no) {
    static char text[1000];
    char q[300];
    muni_rec *r = person(no), *post = NULL;
    muni_query *query = NULL;
    muni_cursor *c = NULL;
    snprintf(q, sizeof q, "{\"kind\":\"post\",\"where\":{\"field\":\"person\",\"op\":\"eq\",\"value\":%lld},\"order\":[\"from_on\",\"id\"],\"fields\":[\"unit.code\",\"from_on\",\"to_on\",\"concurrent\"]}", (long long)mt_int(r, "id"));
    muni_rec_free(r);
    OK(muni_query_parse(q, MUNI_ZERO_TERMINATED, &query));
    OK(muni_session_list(m.admin, query, &c));
    *text = 0;
    while (muni_cursor_next(c, &post) == MUNI_ROW) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%s %s..%s%s", n ? "; " : "", mt_text(post, "unit.code"), mt_text(post, "from_on"), mt_text(post, "to_on"), *mt_text(post, "concurrent") == 'c' ? " c" : "");
        muni_rec_free(post);
    }
    muni_cursor_unref(c);
    muni_query_free(query);
    return text;
}

START_TEST(plan__moves_people) {
    load("2027-03-31", UNITS, PHEAD YAMADA TANAKA, "create 2 change 0 unchanged 0 leave 0 return 0 propose 0");
    ck_assert_str_eq(posts("0000001"), "010100 2026-04-01..");
    /* transferred, with a concurrent post; missing from the file is not left */
    load("2027-04-01", NULL, PHEAD ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "020100", "本務", "2027/04/01") ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "兼務", "2027/04/01") TANAKA,
         "create 0 change 1 unchanged 1 leave 0 return 0 propose 0");
    ck_assert_str_eq(posts("0000001"), "010100 2026-04-01..2027-03-31; 020100 2027-04-01..; 010100 2027-04-01.. c");
    muni_rec *p = person("0000001");
    ck_assert_str_eq(mt_text(p, "unit.code"), "020100");
    muni_rec_free(p);
    /* relieved of the concurrent post */
    load("2027-05-01", NULL, PHEAD ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "020100", "本務", "2027/04/01") TANAKA, "create 0 change 1 unchanged 1 leave 0 return 0 propose 0");
    ck_assert_str_eq(posts("0000001"), "010100 2026-04-01..2027-03-31; 020100 2027-04-01..; 010100 2027-04-01..2027-04-30 c");
    /* a correction: the same day, another unit */
    load("2027-05-01", NULL, PHEAD ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010000", "本務", "2027/04/01") TANAKA, "create 0 change 1 unchanged 1 leave 0 return 0 propose 0");
    ck_assert_str_eq(posts("0000001"), "010100 2026-04-01..2027-03-31; 010100 2027-04-01..2027-04-30 c; 010000 2027-04-01..");
    /* an order to come, and then again */
    for (int i = 0; i < 2; i++)
        load("2027-05-01", NULL, PHEAD ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "020100", "本務", "2027/07/01") TANAKA,
             i ? "create 0 change 0 unchanged 2 leave 0 return 0 propose 0" : "create 0 change 1 unchanged 1 leave 0 return 0 propose 0");
    ck_assert_ptr_nonnull(strstr(posts("0000001"), "010000 2027-04-01..2027-06-30; 020100 2027-07-01.."));
    verified();
}
END_TEST

#define LEFT ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "2027/03/31", "010100", "本務", "2027/03/31")
#define BACK ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2027/06/01")
#define AGAIN ROW("0009001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2027/06/01")

static void raise_limits(void) {
    json_t *body = st_profile_body();
    json_object_set_new(json_object_get(body, "limits"), "leave_percent", json_integer(100));
    json_object_set_new(json_object_get(body, "limits"), "missing_percent", json_integer(100));
    json_object_set_new(json_object_get(body, "limits"), "shrink_percent", json_integer(100));
    json_object_set_new(json_object_get(body, "limits"), "rejected_percent", json_integer(100));
    json_object_set_new(json_object_get(body, "limits"), "unit_end_percent", json_integer(100));
    char *text = json_dumps(body, JSON_COMPACT);
    muni_rec *rec = NULL, *out = NULL;
    OK(muni_rec_new(&rec));
    OK(muni_rec_set_text(rec, "family", "profile", MUNI_ZERO_TERMINATED));
    OK(muni_rec_set_text(rec, "name", "hr-export", MUNI_ZERO_TERMINATED));
    OK(muni_rec_set_json(rec, "body", text, MUNI_ZERO_TERMINATED));
    OK(muni_session_create(m.admin, "definition", rec, &out));
    OK(muni_session_transition(m.admin, "definition", mt_int(out, "id"), 0, "activate", NULL, NULL));
    muni_rec_free(rec);
    muni_rec_free(out);
    free(text);
    json_decref(body);
}

START_TEST(plan__people_leave_and_return) {
    raise_limits();
    load("2027-03-31", UNITS, PHEAD YAMADA TANAKA, NULL);
    load("2027-04-01", NULL, PHEAD LEFT TANAKA, "create 0 change 0 unchanged 1 leave 1 return 0 propose 0");
    ck_assert_str_eq(posts("0000001"), "010100 2026-04-01..2027-03-31");
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"account\",\"where\":{\"field\":\"to_on\",\"op\":\"eq\",\"value\":\"2027-03-31\"}}"), 1);
    muni_rec *p = person("0000001");
    ck_assert_str_eq(mt_text(p, "unit.code"), "");
    muni_rec_free(p);
    load("2027-04-01", NULL, PHEAD LEFT TANAKA, "create 0 change 0 unchanged 2 leave 0 return 0 propose 0");
    /* under a new number: proposed, and made nevertheless */
    int64_t id = load("2027-06-01", NULL, PHEAD AGAIN TANAKA, "create 1 change 0 unchanged 1 leave 0 return 0 propose 1");
    char *rows = listing(id, true);
    ck_assert_ptr_nonnull(strstr(rows, "{\"action\":\"propose\",\"changes\":[{\"field\":\"staff_no\",\"before\":\"0000001\",\"after\":\"0009001\"}]"));
    muni__free(rows);
    load("2027-06-01", NULL, PHEAD BACK AGAIN TANAKA, "create 0 change 0 unchanged 2 leave 0 return 1 propose 0");
    ck_assert_str_eq(posts("0000001"), "010100 2026-04-01..2027-03-31; 010100 2027-06-01..");
    load("2027-06-01", NULL, PHEAD BACK AGAIN TANAKA, "create 0 change 0 unchanged 3 leave 0 return 0 propose 0");
    verified();
}
END_TEST

/* Decision 34: a person whose row was rejected is present, never a leaver, and stays as stored. */
START_TEST(plan__who_is_held_stays) {
    load("2027-03-31", UNITS, PHEAD YAMADA ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "020100", "兼務", "2026/04/01") TANAKA, NULL);
    raise_limits();
    int64_t rev;
    muni_rec *p = person("0000001");
    rev = mt_int(p, "rev");
    muni_rec_free(p);
    char before[1000];
    strcpy(before, posts("0000001"));
    OK(plan(op, "2027-04-01", NULL, file("people.csv", PHEAD ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "999999", "本務", "2026/04/01") TANAKA), &p));
    ck_assert_str_eq(mt_text(p, "state"), "planned");
    json_t *limits = json_loads(mt_text(p, "limits"), 0, NULL), *l;
    size_t i;
    json_array_foreach (limits, i, l)
        if (!strcmp(json_string_value(json_object_get(l, "name")), "missing_percent"))
            ck_assert_int_eq(json_integer_value(json_object_get(l, "value")), 0);
    json_decref(limits);
    counts(p, "create 0 change 0 unchanged 1 leave 0 return 0 propose 0");
    OK(muni_plan_approve(ap, mt_int(p, "id"), NULL, NULL));
    OK(muni_plan_apply(op, mt_int(p, "id"), NULL, NULL, NULL));
    muni_rec_free(p);
    p = person("0000001");
    ck_assert_int_eq(mt_int(p, "rev"), rev);
    ck_assert_str_eq(posts("0000001"), before);
    muni_rec_free(p);
    /* a concurrent row that cannot be read does not end the post */
    load("2027-04-01", NULL, PHEAD YAMADA ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "", "020100", "兼務", "2026/02/30") TANAKA, "create 0 change 0 unchanged 2 leave 0 return 0 propose 0");
    ck_assert_str_eq(posts("0000001"), before);
}
END_TEST

START_TEST(plan__homonyms_and_lost_characters) {
    load("2027-03-31", UNITS, PHEAD ROW("0000001", "𠮷田　太郎", "ﾖｼﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2026/04/01") ROW("0000002", "𠮷田　太郎", "ﾖｼﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2026/04/01"),
         "create 2 change 0 unchanged 0 leave 0 return 0 propose 0");
    /* 〓 where the store knows better; a new third of the same name and birth is nobody's new number while both serve */
    load("2027-04-01", NULL, PHEAD ROW("0000001", "〓田　太郎", "ﾖｼﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2026/04/01") ROW("0000002", "吉田　太郎", "ﾖｼﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2026/04/01")
         ROW("0000003", "𠮷田　太郎", "ﾖｼﾀﾞ ﾀﾛｳ", "S60.01.01", "", "010100", "本務", "2027/04/01"),
         "create 1 change 1 unchanged 1 leave 0 return 0 propose 0");
    muni_rec *p = person("0000001");
    ck_assert_str_eq(mt_text(p, "name"), "𠮷田　太郎");
    ck_assert_str_ne(mt_text(p, "kana_sort"), "");
    muni_rec_free(p);
    p = person("0000002");
    ck_assert_str_eq(mt_text(p, "name"), "吉田　太郎");
    muni_rec_free(p);
}
END_TEST

START_TEST(plan__units_end_move_and_are_used_again) {
    raise_limits();
    load("2027-03-31", UNITS, NULL, "create 3 change 0 unchanged 0 leave 0 return 0 propose 0");
    load("2027-03-31", UNITS, NULL, "create 0 change 0 unchanged 3 leave 0 return 0 propose 0");
    load("2027-04-01",
         UHEAD "010000,総務局,総務局,,1,部,本庁,2019-04-01,,10\n020100,デジタル課,デジタル課,030000,2,課,本庁,2027-04-01,,30\n030000,未来部,未来部,,1,部,本庁,2027-04-01,,40\n", NULL,
         "create 2 change 1 unchanged 0 leave 2 return 0 propose 0");
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"unit\",\"where\":{\"field\":\"to_on\",\"op\":\"eq\",\"value\":\"2027-03-31\"}}"), 2);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"unit\",\"where\":{\"all\":[{\"field\":\"code\",\"op\":\"eq\",\"value\":\"020100\"},{\"field\":\"parent.name\",\"op\":\"eq\",\"value\":\"未来部\"}]}}"), 1);
}
END_TEST

/* ---- limits, approval, rights */

START_TEST(plan__a_file_shrunk_to_a_tenth_is_stopped) {
    muni_rec *p = NULL;
    char text[60000] = PHEAD;
    for (int i = 0; i < 100; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%07d,山田　太郎,,,1,正規職員,,,010100,,080,主事,本務,,2026/04/01,00,,,,,,\n", i + 1);
    }
    load("2027-03-31", UNITS, text, "create 100 change 0 unchanged 0 leave 0 return 0 propose 0");
    char *cut = text + strlen(PHEAD);
    for (int i = 0; i < 10; i++)
        cut = strchr(cut, '\n') + 1;
    *cut = 0;
    OK(plan(op, "2027-04-01", NULL, file("people.csv", text), &p));
    ck_assert_str_eq(mt_text(p, "state"), "stopped");
    ck_assert_ptr_nonnull(strstr(mt_text(p, "limits"), "{\"limit\":20,\"name\":\"shrink_percent\",\"of\":100,\"stops\":true,\"value\":90}"));
    int64_t id = mt_int(p, "id");
    muni_rec_free(p);
    FAILS(muni_plan_approve(ap, id, NULL, NULL), MUNI_EGUARD);
    FAILS(muni_plan_apply(op, id, NULL, NULL, NULL), MUNI_EAPPROVAL);
    /* a header and nothing else */
    OK(plan(op, "2027-04-01", NULL, file("people.csv", PHEAD), &p));
    ck_assert_str_eq(mt_text(p, "state"), "stopped");
    muni_rec_free(p);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"person\",\"where\":{\"field\":\"retired_on\",\"op\":\"absent\"}}"), 100);
}
END_TEST

START_TEST(plan__is_approved_by_somebody_else_and_applied_once) {
    muni_rec *p = NULL;
    const char *u = file("units.csv", UNITS), *f = file("people.csv", PHEAD YAMADA TANAKA);
    muni_session *reader = mt_person(&m, "reader", "reader"), *nobody = mt_person(&m, "nobody", NULL);
    FAILS(plan(reader, "2027-04-01", u, f, &p), MUNI_EDENIED);
    FAILS(plan(ap, "2027-04-01", u, f, &p), MUNI_EDENIED);
    FAILS(plan(nobody, "2027-04-01", u, f, &p), MUNI_EDENIED);
    ck_assert_ptr_null(p);
    OK(plan(m.admin, "2027-04-01", u, f, &p));
    int64_t id = mt_int(p, "id");
    muni_rec_free(p);
    muni_cursor *c = NULL;
    FAILS(muni_plan_findings(nobody, id, &c), MUNI_ENOTFOUND); /* absent, not empty */
    FAILS(muni_plan_rows(nobody, id, &c), MUNI_ENOTFOUND);
    FAILS(muni_plan_approve(nobody, id, NULL, NULL), MUNI_ENOTFOUND);
    FAILS(muni_plan_apply(nobody, id, NULL, NULL, NULL), MUNI_ENOTFOUND);
    FAILS(muni_plan_approve(reader, id, NULL, NULL), MUNI_EDENIED);
    FAILS(muni_plan_apply(reader, id, NULL, NULL, NULL), MUNI_EDENIED);
    FAILS(muni_plan_approve(m.admin, id, NULL, NULL), MUNI_EAPPROVAL);
    FAILS(muni_plan_apply(op, id, NULL, NULL, NULL), MUNI_EAPPROVAL);
    FAILS(muni_session_transition(m.admin, "plan", id, 0, "approve", NULL, NULL), MUNI_EDENIED); /* no way around it */
    FAILS(mt_try(m.admin, "plan", "{\"sort\":\"staff\",\"title\":\"x\"}", NULL), MUNI_EDENIED);
    FAILS(muni_plan_approve(ap, id, "\xff", NULL), MUNI_EUTF8);
    OK(muni_plan_approve(ap, id, "よい", NULL));
    OK(muni_session_history(m.admin, "plan", id, &c));
    muni_rec *h = NULL;
    bool said = false;
    while (muni_cursor_next(c, &h) == MUNI_ROW) {
        said = said || !strcmp(mt_text(h, "reason"), "よい");
        muni_rec_free(h);
    }
    ck_assert(said);
    muni_cursor_unref(c);
    FAILS(muni_plan_approve(ap, id, NULL, NULL), MUNI_ESTATE);
    OK(muni_session_begin(op));
    FAILS(muni_plan_apply(op, id, NULL, NULL, NULL), MUNI_ESTATE);
    FAILS(plan(op, "2027-04-01", u, f, &p), MUNI_ESTATE);
    OK(muni_session_rollback(op));
    OK(muni_plan_apply(op, id, NULL, NULL, NULL));
    FAILS(muni_plan_apply(op, id, NULL, NULL, NULL), MUNI_ESTATE);
    FAILS(muni_plan_apply(op, 999999, NULL, NULL, NULL), MUNI_ENOTFOUND);
    /* withdrawn by who made it */
    OK(plan(op, "2027-04-01", u, f, &p));
    OK(muni_session_transition(op, "plan", mt_int(p, "id"), 0, "withdraw", NULL, NULL));
    FAILS(muni_plan_approve(ap, mt_int(p, "id"), NULL, NULL), MUNI_ESTATE);
    FAILS(muni_plan_apply(op, mt_int(p, "id"), NULL, NULL, NULL), MUNI_ESTATE);
    muni_rec_free(p);
    muni_session_unref(reader);
    muni_session_unref(nobody);
}
END_TEST

static int64_t approved(const char *people) {
    muni_rec *p = NULL;
    OK(plan(op, "2027-04-01", NULL, file("people.csv", people), &p));
    int64_t id = mt_int(p, "id");
    muni_rec_free(p);
    OK(muni_plan_approve(ap, id, NULL, NULL));
    return id;
}

#define CHIKA ROW("0000003", "石川　知佳", "ｲｼｶﾜ ﾁｶ", "H03.03.03", "", "020100", "本務", "2027/04/01")

START_TEST(plan__the_store_has_moved) {
    load("2027-03-31", UNITS, PHEAD YAMADA TANAKA, NULL);
    muni_rec *p = person("0000001");
    int64_t yamada = mt_int(p, "id"), id = approved(PHEAD YAMADA TANAKA CHIKA);
    muni_rec_free(p);
    OK(mt_update(m.admin, "person", yamada, 0, "{\"phone\":\"9999\"}")); /* identified, though not to be changed */
    FAILS(muni_plan_apply(op, id, NULL, NULL, NULL), MUNI_EMOVED);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"person\"}"), 2);
    id = approved(PHEAD YAMADA TANAKA CHIKA);
    (void)mt_create(m.admin, "person", "{\"staff_no\":\"0000003\",\"name\":\"石川　知佳\"}"); /* somebody else was faster */
    FAILS(muni_plan_apply(op, id, NULL, NULL, NULL), MUNI_EMOVED);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"post\"}"), 2);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"plan\",\"where\":{\"field\":\"state\",\"op\":\"eq\",\"value\":\"approved\"}}"), 2);
    verified();
}
END_TEST

static int32_t at_stage(int64_t done, int64_t total, const char *stage, void *user) {
    (void)done, (void)total;
    FAILS(muni_session_whoami(op, (muni_rec *[]){ NULL }), MUNI_EBUSY);
    return !strcmp(stage, user);
}

START_TEST(plan__can_be_cancelled) {
    static char *const stages[] = { "read", "plan" };
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_rec *p = NULL;
    o.on = "2027-04-01";
    o.units = file("units.csv", UNITS);
    o.people = file("people.csv", PHEAD YAMADA TANAKA);
    for (size_t i = 0; i < 2; i++) {
        FAILS(muni_staff_plan(op, &o, at_stage, stages[i], &p), MUNI_ECANCELLED);
        ck_assert_ptr_null(p);
        ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"plan\"}"), 0);
    }
    OK(muni_staff_plan(op, &o, at_stage, "never", &p));
    OK(muni_plan_approve(ap, mt_int(p, "id"), NULL, NULL));
    FAILS(muni_plan_apply(op, mt_int(p, "id"), at_stage, "apply", NULL), MUNI_ECANCELLED);
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"unit\"}"), 0);
    OK(muni_plan_apply(op, mt_int(p, "id"), at_stage, "never", NULL));
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"person\"}"), 2);
    muni_rec_free(p);
}
END_TEST

START_TEST(plan__refuses_what_it_cannot_use) {
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_rec *p = NULL;
    FAILS(muni_staff_plan(op, NULL, NULL, NULL, &p), MUNI_EINVAL);
    FAILS(muni_staff_plan(op, &o, NULL, NULL, NULL), MUNI_EINVAL);
    FAILS(muni_staff_plan(op, &o, NULL, NULL, &p), MUNI_EINVAL); /* no file */
    o.people = file("people.csv", PHEAD YAMADA);
    FAILS(muni_staff_plan(op, &o, NULL, NULL, &p), MUNI_EINVAL); /* no day */
    o.on = "2027-02-30";
    FAILS(muni_staff_plan(op, &o, NULL, NULL, &p), MUNI_EFORMAT);
    o.on = "2027-04-01";
    o.profile = "other";
    FAILS(muni_staff_plan(op, &o, NULL, NULL, &p), MUNI_ENOTFOUND);
    o.profile = NULL;
    o.charset = "shift_jis";
    FAILS(muni_staff_plan(op, &o, NULL, NULL, &p), MUNI_EINVAL);
    o.charset = "cp932";
    muni_status st = muni_staff_plan(op, &o, NULL, NULL, &p);
    ck_assert_msg(st == MUNI_EENCODING || st == MUNI_EFORMAT, "%s", muni_error_name(st));
    o.charset = NULL;
    o.people = "/nowhere/people.csv";
    FAILS(muni_staff_plan(op, &o, NULL, NULL, &p), MUNI_ENOTFOUND);
    o.people = file("people.csv", "");
    FAILS(muni_staff_plan(op, &o, NULL, NULL, &p), MUNI_EFORMAT);
    ck_assert_ptr_nonnull(strstr(muni_error_text("ja"), "people.csv"));
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"plan\"}"), 0);
    ck_assert_ptr_null(p);
}
END_TEST

START_TEST(plan__rules_of_units_posts_and_accounts) {
    load("2027-03-31", UNITS, PHEAD YAMADA TANAKA, NULL);
    muni_rec *p = person("0000001"), *u = NULL;
    long long id = (long long)mt_int(p, "id"), unit = (long long)mt_int(p, "unit");
    char json[300];
    snprintf(json, sizeof json, "{\"person\":%lld,\"unit\":%lld,\"from_on\":\"2027-04-01\"}", id, unit);
    FAILS(mt_try(m.admin, "post", json, NULL), MUNI_EGUARD); /* a second main post */
    snprintf(json, sizeof json, "{\"person\":%lld,\"unit\":%lld,\"from_on\":\"2027-04-02\",\"to_on\":\"2027-04-01\",\"concurrent\":\"concurrent\"}", id, unit);
    FAILS(mt_try(m.admin, "post", json, NULL), MUNI_EGUARD);
    snprintf(json, sizeof json, "{\"person\":%lld,\"system\":\"DIRECTORY\",\"name\":\"E0000001\",\"from_on\":\"2027-04-01\"}", id);
    FAILS(mt_try(m.admin, "account", json, NULL), MUNI_EUNIQUE);
    FAILS(mt_try(m.admin, "unit", "{\"code\":\"010100\",\"name\":\"二つ目\",\"from_on\":\"2027-04-01\"}", NULL), MUNI_EGUARD);
    FAILS(mt_try(m.admin, "person", "{\"staff_no\":\"77\",\"name\":\"a\",\"hired_on\":\"2027-04-01\",\"retired_on\":\"2027-03-01\"}", NULL), MUNI_EGUARD);
    muni_rec *list = mt_get(m.admin, "unit", unit, "parent");
    long long above = (long long)mt_int(list, "parent");
    snprintf(json, sizeof json, "{\"parent\":%lld}", unit);
    FAILS(mt_update(m.admin, "unit", above, 0, json), MUNI_EGUARD); /* a cycle */
    FAILS(mt_update(m.admin, "unit", unit, 0, json), MUNI_EGUARD);
    muni_rec_free(list);
    muni_rec_free(u);
    muni_rec_free(p);
}
END_TEST

/* A post gives its holder the units below; it ends at midnight, and so does the right. */
START_TEST(plan__posts_are_scopes) {
    load("2027-03-31", UNITS, PHEAD ROW("0000001", "山田　太郎", "ﾔﾏﾀﾞ ﾀﾛｳ", "S60.01.01", "2027/04/30", "010000", "本務", "2026/04/01") TANAKA, NULL);
    muni_rec *p = person("0000001"), *o = person("0000002"), *g = NULL;
    char json[300];
    (void)mt_create(m.admin, "group", "{\"code\":\"chief\",\"name\":\"所属長\"}");
    OK(muni_session_find(m.admin, "group", "chief", NULL, &g));
    snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"person\",\"verb\":\"read\",\"scope\":\"below\"}", (long long)mt_int(g, "id"));
    (void)mt_create(m.admin, "grant", json);
    snprintf(json, sizeof json, "{\"login\":\"yamada\",\"name\":\"山田\",\"person\":%lld}", (long long)mt_int(p, "id"));
    int64_t who = mt_create(m.admin, "principal", json);
    snprintf(json, sizeof json, "{\"group\":%lld,\"principal\":%lld}", (long long)mt_int(g, "id"), (long long)who);
    (void)mt_create(m.admin, "member", json);
    snprintf(json, sizeof json, "{\"staff_no\":\"0000077\",\"name\":\"部下　一\"}");
    int64_t below = mt_create(m.admin, "person", json);
    muni_rec *u = NULL;
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    OK(muni_query_parse("{\"kind\":\"unit\",\"where\":{\"field\":\"code\",\"op\":\"eq\",\"value\":\"010100\"}}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(m.admin, q, &c));
    OK(muni_cursor_next(c, &u));
    snprintf(json, sizeof json, "{\"person\":%lld,\"unit\":%lld,\"from_on\":\"2027-04-01\"}", (long long)below, (long long)mt_int(u, "id"));
    (void)mt_create(m.admin, "post", json);
    muni_session *s = NULL;
    OK(muni_db_session(m.db, "yamada", "test", NULL, &s));
    muni_rec *r = NULL;
    OK(muni_session_get(s, "person", below, NULL, &r)); /* in the division below the department */
    muni_rec_free(r);
    FAILS(muni_session_get(s, "person", mt_int(o, "id"), NULL, &r), MUNI_ENOTFOUND); /* in another */
    OK(muni_db_set_now(m.db, APRIL + 30 * 86400)); /* the post ended with 30 April */
    FAILS(muni_session_get(s, "person", below, NULL, &r), MUNI_ENOTFOUND);
    muni_session_unref(s);
    muni_cursor_unref(c);
    muni_query_free(q);
    muni_rec_free(u);
    muni_rec_free(g);
    muni_rec_free(o);
    muni_rec_free(p);
}
END_TEST

/* ---- memory */

static muni_rec *made;

static muni_status made_and_gone(const char *u, const char *f) {
    return plan(op, "2027-04-01", u, f, &made);
}

START_TEST(plan__survives_each_failed_allocation) {
    const char *u = file("units.csv", UNITS), *f = file("people.csv", PHEAD YAMADA TANAKA);
    muni_status st;
    FAULT_LOOP(st, made_and_gone(u, f), ck_assert_ptr_null(made));
    int64_t id = mt_int(made, "id");
    muni_rec_free(made);
    made = NULL;
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"plan\"}"), 1); /* what failed left nothing */
    muni_cursor *c = NULL;
    FAULT_LOOP(st, muni_plan_rows(op, id, &c), ck_assert_ptr_null(c));
    muni_cursor_unref(c);
    FAULT_LOOP(st, muni_plan_approve(ap, id, "理由", &made), ck_assert_ptr_null(made));
    muni_rec_free(made);
    made = NULL;
    FAULT_LOOP(st, muni_plan_apply(op, id, NULL, NULL, &made), {
        ck_assert_ptr_null(made);
        ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"person\"}"), 0);
    });
    muni_rec_free(made);
    made = NULL;
    ck_assert_int_eq(mt_count(m.admin, "{\"kind\":\"person\"}"), 2);
    verified();
}
END_TEST

Suite *suite_plan(void);
Suite *suite_plan(void) {
    Suite *s = suite_create("plan");
    TCase *t = tcase_create("staff");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 600);
    tcase_add_test(t, plan__loads_the_city);
    tcase_add_test(t, plan__second_run_changes_nothing_and_finds_the_same);
    tcase_add_test(t, plan__transfers_of_april);
    tcase_add_test(t, plan__moves_people);
    tcase_add_test(t, plan__people_leave_and_return);
    tcase_add_test(t, plan__who_is_held_stays);
    tcase_add_test(t, plan__homonyms_and_lost_characters);
    tcase_add_test(t, plan__units_end_move_and_are_used_again);
    tcase_add_test(t, plan__a_file_shrunk_to_a_tenth_is_stopped);
    tcase_add_test(t, plan__is_approved_by_somebody_else_and_applied_once);
    tcase_add_test(t, plan__the_store_has_moved);
    tcase_add_test(t, plan__can_be_cancelled);
    tcase_add_test(t, plan__refuses_what_it_cannot_use);
    tcase_add_test(t, plan__rules_of_units_posts_and_accounts);
    tcase_add_test(t, plan__posts_are_scopes);
    tcase_add_test(t, plan__survives_each_failed_allocation);
    suite_add_tcase(s, t);
    return s;
}
