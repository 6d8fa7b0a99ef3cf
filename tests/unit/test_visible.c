/* What a session sees: the C evaluator, the SQL predicate and the branches are one meaning; what that meaning is. */
#include "querytest.h"

#define ROWS 400
static muni__arena mem;
static muni__row *rows[ROWS];

static void set_up(void) {
    open_store();
    memset(&mem, 0, sizeof mem);
}
static void tear_down(void) {
    muni__arena_free(&mem);
    close_store();
}

static void make_tickets(void) {
    static const char *const types[] = { "inquiry", "incident", "else" };
    for (size_t i = 0; i < ROWS; i++) {
        muni__row *r = rows[i] = fresh(&mem, "ticket");
        if (pick(6))
            r->v[MUNI__C_TYPE] = text(types[pick(3)]);
        if (pick(2))
            r->v[MUNI__C_CONFIDENTIAL] = muni__val_bool(pick(3) == 0);
        if (pick(8))
            *at(r, "created_by") = muni__val_int(1 + pick(6));
        if (pick(3))
            *at(r, "assignee") = muni__val_int(1 + pick(6));
        if (pick(3))
            *at(r, "reporter") = muni__val_int(1 + pick(6));
        if (pick(4))
            *at(r, "unit") = muni__val_int(1 + pick(9));
        insert(r);
    }
}

static void random_rights(void) {
    static const int64_t ids[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    static const char *const kinds[] = { NULL, "ticket", "ticket", "ticket", "desk" };
    static const char *const types[] = { NULL, "inquiry", "incident", NULL, "else" };
    no_rights();
    for (uint32_t n = pick(5); n; n--) {
        const char *kind = kinds[pick(5)];
        grant(kind, kind ? types[pick(5)] : NULL, (pick(4) ? V(READ) : 0) | (pick(4) ? 0 : V(MANAGE)) | (pick(3) ? 0 : V(UPDATE)), 1 + pick(15));
    }
    size_t from = pick(9), units = pick(3), below = units + pick(3);
    qrights.scope = (muni__scope){ .principal = pick(7), .person = pick(7), .units = ids + from, .below = ids + from };
    qrights.scope.nunits = from + units > 9 ? 9 - from : units;
    qrights.scope.nbelow = from + below > 9 ? 9 - from : below;
}

/* Mark the rows that a predicate finds. */
static void mark(const muni__vis *v, const muni__branch *b, bool *found) {
    muni__sqlout o;
    muni__stmt *s;
    muni_status st;
    muni__sqlout_init(&o, &mem);
    muni__sqlout_put(&o, "SELECT t.id FROM k_ticket t WHERE ");
    if (b)
        muni__branch_sql(v, b, "t", &o);
    else
        muni__vis_sql(v, "t", &o);
    OK(muni__sqlout_open(&o, conn, &s));
    while ((st = muni__step(s)) == MUNI_ROW)
        found[muni__col_int(s, 0) - 1] = true;
    OK(st);
    muni__done(s);
    muni__sqlout_free(&o);
}

START_TEST(visible__sql_branches_and_c_agree) {
    size_t seen = 0, unseen = 0, all = 0, none = 0, ordered = 0;
    make_tickets();
    for (int round = 0; round < 1500; round++) {
        static const muni__verb verbs[] = { MUNI__V_READ, MUNI__V_READ, MUNI__V_UPDATE };
        muni__verb verb = verbs[pick(3)];
        bool sql[ROWS] = { false }, each[ROWS] = { false }, sets[ROWS] = { false };
        muni__vis v;
        muni__branch *b;
        size_t n;
        random_rights();
        OK(muni__vis_make(&qtx, &mem, muni__kind_find("ticket"), verb, &v));
        mark(&v, NULL, sql);
        OK(muni__vis_branches(&v, &mem, 100, &b, &n));
        for (size_t i = 0; i < n; i++)
            mark(&v, &b[i], each);
        OK(muni__vis_branches(&v, &mem, 0, &b, &n));
        for (size_t i = 0; i < n; i++)
            mark(&v, &b[i], sets);
        for (size_t i = 0; i < ROWS; i++) {
            bool may = muni__may(&qtx, rows[i], verb);
            ck_assert_msg(may == sql[i], "round %d, row %zu: C %d, SQL %d", round, i, may, sql[i]);
            ck_assert_msg(may == each[i] && may == sets[i], "round %d, row %zu: C %d, branches %d, with sets %d", round, i, may, each[i], sets[i]);
            ck_assert_msg(may == muni__vis_sees(&v, rows[i]), "round %d, row %zu", round, i);
            ck_assert(!v.all || may);
            ck_assert(!v.none || !may);
            seen += may;
            unseen += !may;
        }
        all += v.all;
        none += v.none;
        ordered += v.ordered && !v.all && !v.none;
    }
    ck_assert_uint_gt(seen, 1500 * ROWS / 20);
    ck_assert_uint_gt(unseen, 1500 * ROWS / 20);
    ck_assert_uint_gt(all, 0);
    ck_assert_uint_gt(none, 0);
    ck_assert_uint_gt(ordered, 0);
}
END_TEST

START_TEST(visible__scopes_mean_what_they_say) {
    static const int64_t units[] = { 20 }, below[] = { 20, 21, 22 };
    muni__row *r = fresh(&mem, "ticket");
    qrights.scope = (muni__scope){ .principal = 7, .person = 8, .units = units, .nunits = 1, .below = below, .nbelow = 3 };
    grant("ticket", NULL, V(READ), MUNI__S_OWN);
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ));
    *at(r, "assignee") = muni__val_int(8); /* a principal with the number of the person */
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ));
    *at(r, "assignee") = muni__val_int(7);
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
    ck_assert(!muni__may(&qtx, r, MUNI__V_UPDATE));
    *at(r, "assignee") = MUNI_NULL_VAL;
    *at(r, "reporter") = muni__val_int(8);
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
    r->v[MUNI__C_CONFIDENTIAL] = muni__val_bool(true); /* it is their own */
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
    *at(r, "reporter") = MUNI_NULL_VAL;
    no_rights();
    qrights.scope = (muni__scope){ .principal = 7, .person = 8, .units = units, .nunits = 1, .below = below, .nbelow = 3 };
    r->v[MUNI__C_CONFIDENTIAL] = MUNI_NULL_VAL;
    *at(r, "unit") = muni__val_int(21);
    grant("ticket", "incident", V(READ), MUNI__S_UNIT);
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ));
    r->v[MUNI__C_TYPE] = text("incident");
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ)); /* a unit below theirs */
    *at(r, "unit") = muni__val_int(20);
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
    grant("ticket", "incident", V(READ), MUNI__S_BELOW);
    *at(r, "unit") = muni__val_int(22);
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
    *at(r, "unit") = muni__val_int(23);
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ));
    grant(NULL, NULL, V(READ), MUNI__S_ALL);
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
    r->v[MUNI__C_CONFIDENTIAL] = muni__val_bool(true);
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ));
    grant("ticket", "inquiry", V(MANAGE), MUNI__S_ALL);
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ)); /* of another type */
    grant("ticket", NULL, V(MANAGE), MUNI__S_UNIT);
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ)); /* not over all */
    grant("ticket", NULL, V(MANAGE), MUNI__S_ALL);
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
    no_rights();
    ck_assert(!muni__may(&qtx, r, MUNI__V_READ));
    qtx.system = true;
    ck_assert(muni__may(&qtx, r, MUNI__V_READ));
}
END_TEST

START_TEST(visible__personal_fields_need_the_verb) {
    const muni__kind *person = muni__kind_find("person");
    int32_t born, name;
    OK(muni__field_get(person, "born_on", &born));
    OK(muni__field_get(person, "name", &name));
    grant("person", NULL, V(READ), MUNI__S_ALL);
    ck_assert(muni__field_visible(&qtx, person, name));
    ck_assert(!muni__field_visible(&qtx, person, born));
    ck_assert(!muni__field_askable(&qtx, person, born));
    grant("person", NULL, V(PERSONAL), MUNI__S_UNIT);
    ck_assert(muni__field_visible(&qtx, person, born));
    ck_assert(!muni__field_askable(&qtx, person, born)); /* the answer would tell of persons elsewhere */
    grant("person", NULL, V(PERSONAL), MUNI__S_ALL);
    ck_assert(muni__field_askable(&qtx, person, born));
    muni_query *q = query("{\"kind\":\"ticket\",\"where\":{\"field\":\"reporter.born_on\",\"op\":\"absent\"}}");
    grant("ticket", NULL, V(READ), MUNI__S_ALL);
    OK(muni__query_allowed(&qtx, q, true));
    no_rights();
    grant("ticket", NULL, V(READ), MUNI__S_ALL);
    grant("person", NULL, V(READ), MUNI__S_ALL);
    FAILS(muni__query_allowed(&qtx, q, true), MUNI_EFIELD);
    ck_assert_str_eq(muni_error_field(), "born_on");
    muni_query_free(q);
    q = query("{\"kind\":\"person\",\"order\":[\"born_on\"]}");
    FAILS(muni__query_allowed(&qtx, q, true), MUNI_EFIELD);
    muni_query_free(q);
    q = query("{\"kind\":\"person\",\"fields\":[\"born_on\"]}");
    FAILS(muni__query_allowed(&qtx, q, true), MUNI_EDENIED);
    muni_query_free(q);
    q = query("{\"kind\":\"desk\"}");
    FAILS(muni__query_allowed(&qtx, q, true), MUNI_EDENIED);
    ck_assert_str_eq(muni_error_kind(), "desk");
    muni_query_free(q);
}
END_TEST

Suite *suite_visible(void);
Suite *suite_visible(void) {
    Suite *s = suite_create("visible");
    TCase *t = tcase_create("visible");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, visible__sql_branches_and_c_agree);
    tcase_add_test(t, visible__scopes_mean_what_they_say);
    tcase_add_test(t, visible__personal_fields_need_the_verb);
    suite_add_tcase(s, t);
    return s;
}
