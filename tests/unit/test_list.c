/* Lists: pages, orders, words, counts, plans, records; against a truth worked out row by row in C. */
#include "querytest.h"

static muni__arena mem;
static muni__row **rows;
static size_t nrows;
static const char *const subjects[] = { "印刷できない 受付", "プリンタの用紙切れ 受付", "ﾌﾟﾘﾝﾀ 故障 受付", "PC-001 起動しない 受付",
                                        "pc-001 遅い 受付", "メールが届かない 受付", "パスワード再発行 受付", "abc xabc 受付" };
static const char *const said[] = { "用紙を補充した", "PC-001は交換", "印刷を確認", "その後、連絡なし" };
typedef struct comment { int64_t about; const char *body; muni__row *row; } comment;
static comment *comments;
static size_t ncomments;

static void set_up(void) {
    open_store();
    memset(&mem, 0, sizeof mem);
    rows = NULL;
    nrows = ncomments = 0;
}
static void tear_down(void) {
    free(rows);
    free(comments);
    rows = NULL;
    comments = NULL;
    muni__arena_free(&mem);
    close_store();
}

static void document(int64_t doc, int32_t part, int64_t rec, const char *const *parts, size_t n) {
    muni__buf b = MUNI_BUF_INIT(0);
    for (size_t i = 0; i < n; i++) {
        if (i)
            muni__buf_putc(&b, MUNI__KEY_SEP);
        if (parts[i])
            OK(muni__textkey_put(&b, parts[i], strlen(parts[i])));
    }
    OK(muni__doc_put(conn, doc, part, muni__kind_find("ticket")->number, rec, b.p, b.n));
    muni__buf_free(&b);
}

/* Tickets with comments among them; ids ascend over both. The session's rows are few: `share` in a thousand are in its units. */
static void make(size_t count, uint32_t share) {
    static const char *const types[] = { "inquiry", "incident" };
    static const char *const states[] = { "new", "open", "closed" };
    rows = calloc(count, sizeof *rows);
    comments = calloc(count, sizeof *comments);
    for (size_t i = 0; i < count; i++) {
        muni__row *r = rows[nrows++] = fresh(&mem, "ticket");
        r->v[MUNI__C_TYPE] = text(types[pick(2)]);
        r->v[MUNI__C_STATE] = text(states[pick(3)]);
        *at(r, "subject") = text(subjects[pick(MUNI_COUNT(subjects))]);
        if (pick(3) == 0)
            *at(r, "resolution") = text(said[pick(MUNI_COUNT(said))]);
        *at(r, "category") = text("hardware");
        *at(r, "reported_at") = muni__val_time(1700000000 + (int64_t)pick(50) * 3600);
        if (pick(3))
            *at(r, "priority") = muni__val_int(1 + pick(5));
        if (pick(4))
            *at(r, "resolved_at") = muni__val_time(1700000000 + (int64_t)pick(20) * 3600);
        if (pick(3))
            *at(r, "source_no") = MUNI_NULL_VAL;
        *at(r, "created_by") = muni__val_int(1000000 + pick(1000) / share);
        if (pick(2))
            *at(r, "assignee") = muni__val_int(1000000 + pick(1000) / share);
        if (pick(4))
            *at(r, "unit") = muni__val_int(2000000 + pick(1000) / share);
        if (pick(20) == 0)
            r->v[MUNI__C_CONFIDENTIAL] = muni__val_bool(true);
        if (pick(15) == 0)
            r->v[MUNI__C_TRASHED_AT] = muni__val_time(1750000000);
        insert(r);
        const char *parts[] = { at(r, "subject")->p, NULL, at(r, "resolution")->p };
        document(muni__row_id(r), 0, muni__row_id(r), parts, 3);
        if (i == count / 2)
            OK(muni__doc_flush(conn, true, &(int64_t){ 0 })); /* half in the index, half queued */
        if (pick(5) == 0) {
            comment *c = &comments[ncomments++];
            muni__row *about = rows[pick((uint32_t)nrows)];
            c->row = fresh(&mem, "comment");
            c->about = muni__row_id(about);
            c->body = said[pick(MUNI_COUNT(said))];
            *at(c->row, "about") = (muni__val){ MUNI__TYPE_ANY, c->about, NULL, (size_t)about->kind->number };
            *at(c->row, "body") = text(c->body);
            *at(c->row, "created_by") = muni__val_int(1000000 + pick(3));
            insert(c->row);
            const char *body[] = { c->body };
            document(muni__row_id(c->row), c->row->kind->number, c->about, body, 1);
        }
    }
}

static void session(int sort) {
    static const int64_t units[] = { 2000000, 2000003 };
    static int64_t many[60];
    for (size_t i = 0; i < MUNI_COUNT(many); i++)
        many[i] = 2000000 + (int64_t)i;
    no_rights();
    qtx.system = sort == 0;
    qrights.scope = (muni__scope){ .principal = 1000000, .person = 5, .units = units, .nunits = 2, .below = units, .nbelow = 2 };
    switch (sort) {
    case 0: break;
    case 1: grant(NULL, NULL, V(READ) | V(MANAGE), MUNI__S_ALL); break;
    case 2: grant(NULL, NULL, V(READ), MUNI__S_ALL); break;
    case 3: grant(NULL, NULL, V(READ), MUNI__S_OWN); break;
    case 4: grant(NULL, NULL, V(READ), MUNI__S_OWN | MUNI__S_UNIT); break;
    case 5:
        grant("ticket", "inquiry", V(READ), MUNI__S_ALL);
        grant("ticket", NULL, V(READ), MUNI__S_OWN);
        break;
    case 6: /* as many units as are no longer branches of their own */
        qrights.scope.below = many;
        qrights.scope.nbelow = MUNI_COUNT(many);
        grant("ticket", NULL, V(READ), MUNI__S_BELOW);
        grant("comment", NULL, V(READ), MUNI__S_OWN);
        break;
    case 7: /* a right, and nothing that it leads to */
        qrights.scope = (muni__scope){ .principal = 3, .person = 4 };
        grant("ticket", NULL, V(READ), MUNI__S_OWN);
        break;
    default: break;
    }
}
enum { SESSIONS = 8 };

/* ---- the truth */

static const muni_query *sort_query;

static void key_of(const muni_query *q, const muni__row *row, muni__val *keys) {
    for (size_t i = 0; i < q->norder; i++)
        keys[i] = row->v[q->order[i].field];
}

static int in_order(const void *a, const void *b) {
    muni__val x[MUNI__QUERY_ORDERS + 1], y[MUNI__QUERY_ORDERS + 1];
    key_of(sort_query, *(muni__row *const *)a, x);
    key_of(sort_query, *(muni__row *const *)b, y);
    for (size_t i = 0; i < sort_query->norder; i++) {
        bool an = x[i].t == MUNI_TYPE_NULL, bn = y[i].t == MUNI_TYPE_NULL;
        int c = 0;
        if (an || bn) {
            if (an != bn)
                return an ? 1 : -1;
            continue;
        }
        if (x[i].t == MUNI_TYPE_TEXT)
            c = strcmp(x[i].p, y[i].p);
        else
            c = (x[i].i > y[i].i) - (x[i].i < y[i].i);
        if (c)
            return sort_query->order[i].desc ? -c : c;
    }
    return 0;
}

static bool word_in(const char *s, const muni__term *t) {
    char *key;
    size_t n;
    if (!s)
        return false;
    OK(muni__textkey(s, strlen(s), &key, &n));
    bool in = muni__key_contains(key, n, t->key, t->key_len);
    muni__free(key);
    return in;
}

static bool wanted(const muni_query *q, muni__row *r) {
    bool trashed = r->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL, h = true;
    if (!muni__may(&qtx, r, MUNI__V_READ) || (q->trash == MUNI__TRASH_WITHOUT && trashed) || (q->trash == MUNI__TRASH_ONLY && !trashed))
        return false;
    if (q->where)
        OK(muni__cond_eval(&qtx, q->where, r, NULL, &h));
    for (size_t w = 0; h && q->words && w < q->terms.count; w++) {
        const muni__term *t = &q->terms.items[w];
        bool found = word_in(at(r, "subject")->p, t) || word_in(at(r, "resolution")->p, t);
        for (size_t i = 0; !found && i < ncomments; i++)
            found = comments[i].about == muni__row_id(r) && word_in(comments[i].body, t) && muni__may(&qtx, comments[i].row, MUNI__V_READ);
        h = found;
    }
    return h;
}

static size_t truth(const muni_query *q, muni__row **out) {
    size_t n = 0;
    for (size_t i = 0; i < nrows; i++)
        if (wanted(q, rows[i]))
            out[n++] = rows[i];
    sort_query = q;
    qsort(out, n, sizeof *out, in_order);
    return n;
}

/* Walk the whole list in pages and compare; the place is carried over as a token. */
static void check_query(const char *members, size_t need, muni__plan_way way, size_t pages) {
    char json[1024];
    muni__row **want = calloc(nrows + 1, sizeof *want);
    (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\"%s}", members);
    muni_query *first = query(json), *q = first;
    size_t n = truth(first, want), at_row = 0;
    for (size_t page = 0; page < pages; page++) {
        muni__arena own = MUNI_ARENA_INIT;
        muni__hit *hits;
        size_t got;
        char *token;
        muni_status st = muni__page(&qtx, &own, q, q->after, need, way, &hits, &got);
        ck_assert_msg(st == MUNI_OK, "%s: %s", json, muni_error_text("en"));
        ck_assert_msg(got == (n - at_row < need ? n - at_row : need), "%s, page %zu by %d: %zu records, %zu of %zu left", members, page, way, got, n - at_row, n);
        for (size_t i = 0; i < got; i++)
            ck_assert_msg(muni__row_id(hits[i].row) == muni__row_id(want[at_row + i]), "%s, page %zu by %d, row %zu: %lld instead of %lld", members, page, way, i,
                          (long long)muni__row_id(hits[i].row), (long long)muni__row_id(want[at_row + i]));
        at_row += got;
        if (got < need) {
            muni__arena_free(&own);
            break;
        }
        OK(muni__query_token(q, hits[got - 1].keys, &token));
        (void)snprintf(json, sizeof json, "{\"kind\":\"ticket\"%s,\"after\":\"%s\"}", members, token);
        muni_free(token);
        if (q != first)
            muni_query_free(q);
        q = query(json);
        muni__arena_free(&own);
    }
    if (q != first)
        muni_query_free(q);
    int64_t counted = -1;
    OK(muni__count(&qtx, first, -1, &counted));
    ck_assert_msg(counted == (int64_t)n, "%s: %lld counted, %zu there", members, (long long)counted, n);
    if (n > 3) {
        OK(muni__count(&qtx, first, 3, &counted));
        ck_assert_int_eq(counted, 3);
    }
    muni_query_free(first);
    free(want);
}

static const char *const orders[] = { "", ",\"order\":[\"id\"]", ",\"order\":[\"priority\"]", ",\"order\":[\"-priority\"]", ",\"order\":[\"-resolved_at\",\"priority\"]",
                                      ",\"order\":[\"reported_at\",\"-state\"]", ",\"order\":[\"-reported_at\"]", ",\"order\":[\"subject\",\"-resolved_at\",\"-id\"]",
                                      ",\"order\":[\"type\",\"priority\",\"-reported_at\",\"id\"]" };
static const char *const wheres[] = { "", ",\"where\":{\"field\":\"state\",\"op\":\"ne\",\"value\":\"closed\"}",
                                      ",\"where\":{\"field\":\"assignee\",\"op\":\"eq\",\"value\":{\"me\":\"principal\"}}",
                                      ",\"where\":{\"field\":\"subject\",\"op\":\"contains\",\"value\":\"プリンタ\"}",
                                      ",\"where\":{\"any\":[{\"field\":\"priority\",\"op\":\"le\",\"value\":2},{\"field\":\"resolved_at\",\"op\":\"absent\"}]}" };
static const char *const trashes[] = { "", "", ",\"trash\":\"with\"", ",\"trash\":\"only\"" };

START_TEST(list__pages_are_the_truth_by_every_plan) {
    make(500, 100);
    for (int s = 0; s < SESSIONS; s++)
        for (size_t o = 0; o < MUNI_COUNT(orders); o++)
            for (size_t w = 0; w < MUNI_COUNT(wheres); w++) {
                char members[512];
                session(s);
                (void)snprintf(members, sizeof members, "%s%s%s", orders[o], wheres[w], trashes[pick(4)]);
                for (int way = MUNI__PLAN_BEST; way <= MUNI__PLAN_BRANCHES; way++)
                    check_query(members, 1 + pick(60), (muni__plan_way)way, 400);
            }
}
END_TEST

/* More rows than the window holds, of which the session sees few: the page begins in the window and goes on through the branches. */
START_TEST(list__window_hands_over_to_branches) {
    make(5000, 2);
    for (int s = 3; s < SESSIONS; s++)
        for (size_t o = 0; o < MUNI_COUNT(orders); o++) {
            char members[512];
            session(s);
            (void)snprintf(members, sizeof members, "%s%s", orders[o], wheres[pick(MUNI_COUNT(wheres))]);
            check_query(members, 200, MUNI__PLAN_BEST, 3);
            check_query(members, 3, MUNI__PLAN_BEST, 6);
        }
}
END_TEST

static const char *const words[] = { "印刷", "ﾌﾟﾘﾝﾀ", "pc-001", "紙", "abc", "xabc", "bc", "ＰＣ 交換", "印刷 補充", "用紙 確認 補充", "存在しない", "の", "連絡 PC" };

START_TEST(list__words_are_found_all_of_them) {
    make(600, 100);
    for (int s = 0; s < SESSIONS; s++)
        for (size_t w = 0; w < MUNI_COUNT(words); w++) {
            char members[512];
            session(s);
            (void)snprintf(members, sizeof members, ",\"words\":\"%s\"%s%s", words[w], orders[pick(4) ? 0 : pick(MUNI_COUNT(orders))],
                           wheres[pick(3) ? 0 : pick(MUNI_COUNT(wheres))]);
            check_query(members, 1 + pick(40), MUNI__PLAN_BEST, 100);
        }
}
END_TEST

/* More candidates than the window, few visible records: they are looked through instead. */
START_TEST(list__words_of_the_many_for_who_sees_few) {
    static const char *const common[] = { "受付", "受付 印刷", "交換 受付", "受付 存在しない", "印刷" };
    make(4000, 2);
    for (int s = 2; s < SESSIONS; s++)
        for (size_t w = 0; w < MUNI_COUNT(common); w++) {
            char members[512];
            session(s);
            (void)snprintf(members, sizeof members, ",\"words\":\"%s\"%s", common[w], orders[pick(2) ? 0 : pick(MUNI_COUNT(orders))]);
            check_query(members, 100, MUNI__PLAN_BEST, 5);
            check_query(members, 2, MUNI__PLAN_BEST, 5);
        }
    session(1);
    check_query(",\"words\":\"受付\",\"where\":{\"field\":\"assignee\",\"op\":\"eq\",\"value\":1000000}", 50, MUNI__PLAN_BEST, 3);
    check_query(",\"words\":\"印刷\",\"where\":{\"field\":\"assignee\",\"op\":\"eq\",\"value\":1000000}", 50, MUNI__PLAN_BEST, 3);
}
END_TEST

/* ---- plans */

static void plan_has(const char *json, muni__plan_way way, const char *const *must, const char *const *must_not) {
    muni_query *q = query(json);
    muni__buf b = MUNI_BUF_INIT(0);
    OK(muni__page_explain(&qtx, q, q->after, way, &b));
    ck_assert_ptr_nonnull(b.p);
    for (; *must; must++)
        ck_assert_msg(strstr(b.p, *must) != NULL, "%s\n%s\nlacks %s", json, b.p, *must);
    for (; *must_not; must_not++)
        ck_assert_msg(strstr(b.p, *must_not) == NULL, "%s\n%s\nhas %s", json, b.p, *must_not);
    muni__buf_free(&b);
    muni_query_free(q);
}
#define HAS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define HAS_NOT HAS

START_TEST(list__plans_use_the_indexes) {
    make(300, 100);
    OK(muni__run(conn, "ANALYZE"));
    session(1);
    /* the newest: along the table, backwards, nothing sorted */
    plan_has("{\"kind\":\"ticket\"}", MUNI__PLAN_BEST, HAS("SCAN t"), HAS_NOT("TEMP B-TREE", "SUBQUERY"));
    plan_has("{\"kind\":\"ticket\",\"after\":\"WyJ0aWNrZXQiLCItaWQiLDVd\"}", MUNI__PLAN_BEST, HAS("SEARCH t USING INTEGER PRIMARY KEY (rowid<?)"), HAS_NOT("TEMP B-TREE"));
    /* an order with an index, from the beginning and from a place */
    plan_has("{\"kind\":\"ticket\",\"order\":[\"-reported_at\"]}", MUNI__PLAN_BEST, HAS("USING INDEX i_ticket_reported"), HAS_NOT("TEMP B-TREE"));
    plan_has("{\"kind\":\"ticket\",\"order\":[\"-reported_at\"],\"after\":\"WyJ0aWNrZXQiLCItcmVwb3J0ZWRfYXQsLWlkIiw5OSw1XQ\"}", MUNI__PLAN_BEST,
             HAS("SEARCH t USING INDEX i_ticket_reported (reported_at<?)"), HAS_NOT("TEMP B-TREE"));
    /* 50 open ones of an assignee by date */
    const char *mine = "{\"kind\":\"ticket\",\"where\":{\"all\":[{\"field\":\"assignee\",\"op\":\"eq\",\"value\":{\"me\":\"principal\"}},"
                       "{\"field\":\"state\",\"op\":\"eq\",\"value\":\"open\"}]},\"order\":[\"reported_at\"],\"limit\":50}";
    plan_has(mine, MUNI__PLAN_BEST, HAS("SEARCH t USING INDEX i_ticket_assignee_open (assignee=? AND state=?"), HAS_NOT("TEMP B-TREE"));
    session(4);
    plan_has(mine, MUNI__PLAN_WINDOW, HAS("SEARCH t USING INDEX i_ticket_assignee_open (assignee=? AND state=?"), HAS_NOT("TEMP B-TREE"));
    /* who sees little: the window along the table, then one search for each scope column, in order */
    plan_has("{\"kind\":\"ticket\",\"where\":{\"field\":\"state\",\"op\":\"ne\",\"value\":\"closed\"}}", MUNI__PLAN_WINDOW, HAS("SCAN t"), HAS_NOT("TEMP B-TREE"));
    plan_has("{\"kind\":\"ticket\"}", MUNI__PLAN_BRANCHES, HAS("(unit=?)", "(created_by=?)", "(reporter=?)", "(assignee=?)"), HAS_NOT("SCAN t", "TEMP B-TREE"));
}
END_TEST

/* ---- records */

START_TEST(list__records_hold_what_may_be_seen) {
    muni__row *unit = fresh(&mem, "unit"), *p1 = fresh(&mem, "person"), *p2 = fresh(&mem, "person"), *t1 = fresh(&mem, "ticket"), *t2 = fresh(&mem, "ticket");
    int64_t my_units[1];
    *at(unit, "name") = text("税務課");
    *at(p1, "name") = text("甲");
    *at(p1, "staff_no") = text("1");
    *at(p1, "unit") = muni__val_int(muni__row_id(unit));
    *at(p1, "born_on") = (muni__val){ MUNI_TYPE_DATE, 0, "1990-01-02", 10 };
    *at(p2, "name") = text("乙");
    *at(p2, "staff_no") = text("2");
    *at(p2, "born_on") = (muni__val){ MUNI_TYPE_DATE, 0, "1980-01-02", 10 };
    *at(t1, "subject") = text("一");
    *at(t1, "reporter") = muni__val_int(muni__row_id(p1));
    *at(t2, "subject") = text("二");
    *at(t2, "reporter") = muni__val_int(muni__row_id(p2));
    muni__row *all[] = { unit, p1, p2, t1, t2 };
    for (size_t i = 0; i < MUNI_COUNT(all); i++)
        insert(all[i]);
    my_units[0] = muni__row_id(unit);
    qrights.scope = (muni__scope){ .principal = 9, .person = 9, .units = my_units, .nunits = 1 };
    grant("ticket", NULL, V(READ), MUNI__S_ALL);
    grant("unit", NULL, V(READ), MUNI__S_ALL);
    grant("person", NULL, V(READ) | V(PERSONAL), MUNI__S_UNIT); /* of theirs only: p1 */
    const char *names[] = { "id", "subject", "reporter", "reporter.name", "reporter.unit.name", "reporter.born_on", "assignee.name" };
    muni__fields *f;
    muni_rec *recs[2];
    muni__row *page[] = { t1, t2 };
    char *json;
    OK(muni__fields_parse(&mem, t1->kind, names, MUNI_COUNT(names), &f));
    OK(muni__rows_to_recs(&qtx, NULL, t1->kind, page, 2, f, recs));
    OK(muni_rec_json(recs[0], &json));
    ck_assert_str_eq(json, "{\"assignee.name\":null,\"id\":4,\"reporter\":2,\"reporter.born_on\":\"1990-01-02\",\"reporter.name\":\"甲\",\"reporter.unit.name\":\"税務課\","
                           "\"subject\":\"一\"}");
    muni_free(json);
    OK(muni_rec_json(recs[1], &json));
    ck_assert_str_eq(json, "{\"assignee.name\":null,\"id\":5,\"reporter\":3,\"subject\":\"二\"}");
    muni_free(json);
    muni_rec_free(recs[0]);
    muni_rec_free(recs[1]);
    /* a condition does not tell what a record would not */
    muni_query *q = query("{\"kind\":\"ticket\",\"where\":{\"field\":\"reporter.name\",\"op\":\"eq\",\"value\":\"乙\"}}");
    int64_t n;
    OK(muni__count(&qtx, q, -1, &n));
    ck_assert_int_eq(n, 0);
    qtx.system = true;
    OK(muni__count(&qtx, q, -1, &n));
    ck_assert_int_eq(n, 1);
    qtx.system = false;
    muni_query_free(q);
    /* every field but the personal ones by default; those by name, where there is a right */
    OK(muni__row_to_rec(&qtx, p1, NULL, recs));
    ck_assert_int_eq(muni_rec_find(recs[0], "born_on"), -1);
    ck_assert_int_ge(muni_rec_find(recs[0], "retired_on"), 0);
    muni_rec_free(recs[0]);
    const char *born[] = { "born_on" };
    OK(muni__fields_parse(&mem, p1->kind, born, 1, &f));
    OK(muni__row_to_rec(&qtx, p2, f, recs));
    ck_assert_int_eq(muni_rec_count(recs[0]), 0); /* the right does not cover this one */
    muni_rec_free(recs[0]);
    no_rights();
    grant(NULL, NULL, V(READ), MUNI__S_ALL);
    FAILS(muni__row_to_rec(&qtx, p1, f, recs), MUNI_EDENIED);
    ck_assert_ptr_null(recs[0]);
}
END_TEST

static muni_status keep_ids(void *user, const muni__row *row) {
    int64_t *last = user;
    ck_assert_int_gt(muni__row_id(row), last[0]);
    last[0] = muni__row_id(row);
    last[1]++;
    return last[1] == last[2] ? MUNI_ECANCELLED : MUNI_OK;
}

START_TEST(list__each_goes_through_all_in_ascending_order) {
    make(650, 100);
    json_t *j = json_loads("{\"field\":\"subject\",\"op\":\"contains\",\"value\":\"プリンタ\"}", 0, NULL);
    muni__cond *c;
    size_t want = 0, live = 0;
    bool h;
    OK(muni__cond_parse(&mem, rows[0]->kind, j, "where", &c));
    json_decref(j);
    qtx.system = true;
    for (size_t i = 0; i < nrows; i++) {
        OK(muni__cond_eval(&qtx, c, rows[i], NULL, &h));
        bool in = rows[i]->v[MUNI__C_TRASHED_AT].t == MUNI_TYPE_NULL;
        live += in;
        want += in && h;
    }
    qtx.system = false;
    int64_t state[3] = { 0, 0, -1 };
    OK(muni__each(&qtx, rows[0]->kind, NULL, keep_ids, state));
    ck_assert_int_eq(state[1], (int64_t)live);
    state[0] = state[1] = 0;
    OK(muni__each(&qtx, rows[0]->kind, c, keep_ids, state));
    ck_assert_int_eq(state[1], (int64_t)want);
    ck_assert(!qtx.system);
    state[0] = state[1] = 0;
    state[2] = 3;
    ck_assert_int_eq(muni__each(&qtx, rows[0]->kind, NULL, keep_ids, state), MUNI_ECANCELLED);
    ck_assert_int_eq(state[1], 3);
}
END_TEST

START_TEST(list__row_by_finds_by_folded_key) {
    muni__row *d = fresh(&mem, "desk"), *out;
    *at(d, "code") = text("Ｈelp-1");
    *at(d, "name") = text("窓口");
    *at(d, "unit") = muni__val_int(77);
    insert(d);
    OK(muni__row_by(&qtx, d->kind, "code", " HELP-1", 7, &out));
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(muni__row_id(out), muni__row_id(d));
    OK(muni__row_by(&qtx, d->kind, "unit", "77", 2, &out));
    ck_assert_ptr_nonnull(out);
    static const char *const none[] = { "help", "", " " };
    for (size_t i = 0; i < MUNI_COUNT(none); i++) {
        OK(muni__row_by(&qtx, d->kind, "code", none[i], strlen(none[i]), &out));
        ck_assert_ptr_null(out);
    }
    OK(muni__row_by(&qtx, d->kind, "unit", "77x", 3, &out));
    ck_assert_ptr_null(out);
    FAILS(muni__row_by(&qtx, d->kind, "cod", "x", 1, &out), MUNI_EFIELD);
}
END_TEST

/* ---- without memory */

static muni_status whole(const char *json) {
    muni__arena own = MUNI_ARENA_INIT;
    muni_query *q = NULL;
    muni__hit *hits;
    muni__row *page[20];
    muni_rec *recs[20];
    size_t n = 0;
    int64_t counted;
    muni_status st = muni__query_parse(json, MUNI_ZERO_TERMINATED, &q);
    if (st >= 0)
        st = muni__page(&qtx, &own, q, NULL, 20, MUNI__PLAN_BEST, &hits, &n);
    for (size_t i = 0; i < n; i++)
        page[i] = hits[i].row;
    if (st >= 0 && (st = muni__rows_to_recs(&qtx, NULL, q->kind, page, n, q->fields, recs)) >= 0)
        for (size_t i = 0; i < n; i++)
            muni_rec_free(recs[i]);
    if (st >= 0)
        st = muni__count(&qtx, q, -1, &counted);
    muni__query_unref(q);
    muni__arena_free(&own);
    return st;
}

START_TEST(list__survives_without_memory) {
    muni_status st;
    make(30, 100);
    session(4);
    FAULT_LOOP(st, whole("{\"kind\":\"ticket\",\"where\":{\"field\":\"subject\",\"op\":\"contains\",\"value\":\"プリンタ\"},\"fields\":[\"id\",\"unit.name\"],\"order\":[\"-priority\"]}"), (void)0);
    ck_assert_int_eq(st, MUNI_OK);
    FAULT_LOOP(st, whole("{\"kind\":\"ticket\",\"words\":\"印刷 確認\"}"), (void)0);
    ck_assert_int_eq(st, MUNI_OK);
}
END_TEST

Suite *suite_list(void);
Suite *suite_list(void) {
    Suite *s = suite_create("list");
    TCase *t = tcase_create("list");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, list__pages_are_the_truth_by_every_plan);
    tcase_add_test(t, list__window_hands_over_to_branches);
    tcase_add_test(t, list__words_are_found_all_of_them);
    tcase_add_test(t, list__words_of_the_many_for_who_sees_few);
    if (!place_server()) /* SQLite's plans */
        tcase_add_test(t, list__plans_use_the_indexes);
    tcase_add_test(t, list__records_hold_what_may_be_seen);
    tcase_add_test(t, list__each_goes_through_all_in_ascending_order);
    tcase_add_test(t, list__row_by_finds_by_folded_key);
    tcase_add_test(t, list__survives_without_memory);
    suite_add_tcase(s, t);
    return s;
}
