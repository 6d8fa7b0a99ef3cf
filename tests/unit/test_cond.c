/* Conditions: what is accepted, what is refused and where, and that SQL and C mean the same. */
#include "querytest.h"

/* ---- a kind with a field of every type */
#define COMMON_FIELD(C, cname, ctype, cflags, ctarget, cmax, cja, cen, cdoc) { #cname, cja, cen, cdoc, MUNI__##ctype, (cflags), ctarget, cmax },
#include "core/common.def"
#include "core/flags.h"
static const muni__field probe_fields[] = {
    MUNI_COMMON_FIELDS(COMMON_FIELD)
    { "text", "", "", "", MUNI__TEXT, 0, "", 0 },
    { "note", "", "", "", MUNI__NOTE, 0, "", 0 },
    { "key", "", "", "", MUNI__KEY, MUNI__F_INDEXED, "", 0 },
    { "code", "", "", "", MUNI__CODE, 0, "a|b|c", 0 },
    { "count", "", "", "", MUNI__INT, 0, "", 0 },
    { "flag", "", "", "", MUNI__BOOL, 0, "", 0 },
    { "day", "", "", "", MUNI__DATE, 0, "", 0 },
    { "time", "", "", "", MUNI__TIME, 0, "", 0 },
    { "unit", "", "", "", MUNI__REF, 0, "unit", 0 },
    { "owner", "", "", "", MUNI__REF, 0, "principal", 0 },
    { "person", "", "", "", MUNI__REF, 0, "person", 0 },
    { "about", "", "", "", MUNI__ANY, 0, "", 0 },
    { "body", "", "", "", MUNI__JSON, 0, "", 0 },
    { "tags", "", "", "", MUNI__TEXT, MUNI__F_LIST, "", 0 },
    { "marks", "", "", "", MUNI__INT, MUNI__F_LIST, "", 0 },
    { "pin", "", "", "", MUNI__TEXT, MUNI__F_SECRET, "", 0 },
};
static const muni__kind probe = { "probe", "", "", "", 900, 0, probe_fields, (int32_t)MUNI_COUNT(probe_fields), NULL, 0, "x|y", "", "text" };

static muni__arena mem;

static muni_status parse(const char *json, muni__cond **out) {
    json_error_t e;
    json_t *j = json_loads(json, JSON_DECODE_ANY, &e);
    ck_assert_msg(j != NULL, "%s: %s", json, e.text);
    muni_status st = muni__cond_parse(&mem, &probe, j, "where", out);
    json_decref(j);
    return st;
}

static void set_up(void) {
    open_store();
    memset(&mem, 0, sizeof mem);
}
static void tear_down(void) {
    muni__arena_free(&mem);
    close_store();
}

#define REFUSED(json, code, place, says)                                                                                         \
    do {                                                                                                                         \
        muni__cond *c_;                                                                                                          \
        FAILS(parse(json, &c_), code);                                                                                           \
        ck_assert_str_eq(muni_error_field(), place);                                                                             \
        ck_assert_msg(strstr(muni_error_text("en"), says) != NULL, "%s", muni_error_text("en"));                                 \
    } while (0)

START_TEST(cond__parse_names_place_and_remedy) {
    REFUSED("{\"field\":\"txet\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_EFIELD, "where.field", "did you mean \"text\"");
    REFUSED("{\"all\":[{\"field\":\"text\",\"op\":\"eq\",\"value\":\"x\"},{\"any\":[{\"field\":\"count\",\"op\":\"eqq\",\"value\":1}]}]}", MUNI_EFORMAT,
            "where.all[1].any[0].op", "did you mean \"eq\"");
    REFUSED("{\"all\":[{},{},{\"field\":\"count\",\"op\":\"eq\",\"value\":\"1\"}]}", MUNI_ETYPE, "where.all[2].value", "whole number");
    REFUSED("{\"not\":{\"field\":\"count\",\"op\":\"in\",\"value\":[1,2,null]}}", MUNI_ETYPE, "where.not.value[2]", "absent");
    REFUSED("{\"field\":\"text\",\"op\":\"eq\"}", MUNI_ETYPE, "where.value", "absent");
    REFUSED("{\"field\":\"text\",\"op\":\"eq\",\"value\":\"\"}", MUNI_ETYPE, "where.value", "absent");
    REFUSED("{\"field\":\"text\",\"op\":\"has\",\"value\":\"x\"}", MUNI_ETYPE, "where.op", "contains");
    REFUSED("{\"field\":\"tags\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_ETYPE, "where.op", "has");
    REFUSED("{\"field\":\"flag\",\"op\":\"lt\",\"value\":true}", MUNI_ETYPE, "where.op", "eq ne");
    REFUSED("{\"field\":\"owner\",\"op\":\"below\",\"value\":1}", MUNI_ETYPE, "where.op", "eq");
    REFUSED("{\"field\":\"body\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_ETYPE, "where.op", "absent");
    REFUSED("{\"field\":\"code\",\"op\":\"eq\",\"value\":\"d\"}", MUNI_ETYPE, "where.value", "a|b|c");
    REFUSED("{\"field\":\"type\",\"op\":\"eq\",\"value\":\"z\"}", MUNI_ETYPE, "where.value", "x|y");
    REFUSED("{\"field\":\"day\",\"op\":\"eq\",\"value\":\"2027-02-29\"}", MUNI_ETYPE, "where.value", "2027-04-01");
    REFUSED("{\"field\":\"time\",\"op\":\"eq\",\"value\":\"2027-02-28\"}", MUNI_ETYPE, "where.value", "seconds");
    REFUSED("{\"field\":\"time\",\"op\":\"eq\",\"value\":{\"now\":\"-3w\"}}", MUNI_EFORMAT, "where.value.now", "s m h d");
    REFUSED("{\"field\":\"time\",\"op\":\"eq\",\"value\":{\"now\":\"99999999999999d\"}}", MUNI_EFORMAT, "where.value.now", "unit");
    REFUSED("{\"field\":\"time\",\"op\":\"eq\",\"value\":{\"now\":\"99999999999d\"}}", MUNI_ELIMIT, "where.value.now", "years");
    REFUSED("{\"field\":\"text\",\"op\":\"eq\",\"value\":{\"now\":\"-3d\"}}", MUNI_ETYPE, "where.value", "dates");
    REFUSED("{\"field\":\"owner\",\"op\":\"eq\",\"value\":{\"me\":\"person\"}}", MUNI_ETYPE, "where.value", "refer");
    REFUSED("{\"field\":\"owner\",\"op\":\"eq\",\"value\":{\"me\":\"boss\"}}", MUNI_EFORMAT, "where.value.me", "principal");
    REFUSED("{\"field\":\"owner\",\"op\":\"eq\",\"value\":{\"me\":\"principal\",\"now\":\"0d\"}}", MUNI_EFORMAT, "where.value", "one of");
    REFUSED("{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket\"}", MUNI_ETYPE, "where.value", "ticket:12");
    REFUSED("{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:99999999999999999999\"}", MUNI_ETYPE, "where.value", "ticket:12");
    REFUSED("{\"field\":\"count\",\"op\":\"eq\",\"value\":1.5}", MUNI_ETYPE, "where.value", "whole number");
    REFUSED("{\"field\":\"text\",\"op\":\"eq\",\"value\":{\"old\":\"count\"}}", MUNI_ETYPE, "where.value", "type");
    REFUSED("{\"field\":\"text\",\"op\":\"eq\",\"value\":{\"old\":\"texx\"}}", MUNI_EFIELD, "where.value.old", "text");
    REFUSED("{\"field\":\"text\",\"op\":\"words\",\"value\":\" ・ \"}", MUNI_ETYPE, "where.value", "searched");
    REFUSED("{\"field\":\"text\",\"op\":\"contains\",\"value\":\" \"}", MUNI_ETYPE, "where.value", "compared");
    REFUSED("{\"field\":\"text\",\"op\":\"matches\",\"value\":\"総務(課\"}", MUNI_EFORMAT, "where.value", "at its character 5");
    REFUSED("{\"field\":\"text\",\"op\":\"matches\",\"value\":3}", MUNI_ETYPE, "where.value", "pattern");
    REFUSED("{\"field\":\"text\",\"op\":\"matches\",\"value\":[\"a\"]}", MUNI_ETYPE, "where.value", "list");
    REFUSED("{\"field\":\"text\",\"op\":\"matches\",\"value\":{\"old\":\"text\"}}", MUNI_ETYPE, "where.value", "old");
    REFUSED("{\"field\":\"count\",\"op\":\"matches\",\"value\":\"1\"}", MUNI_ETYPE, "where.op", "eq");
    REFUSED("{\"field\":\"tags\",\"op\":\"matches\",\"value\":\"a\"}", MUNI_ETYPE, "where.op", "has");
    REFUSED("{\"field\":\"text\",\"op\":\"absent\",\"value\":1}", MUNI_ETYPE, "where.value", "true");
    REFUSED("{\"field\":\"pin\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_EFIELD, "where.field", "no field");
    REFUSED("{\"field\":\"text.name\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_EFIELD, "where.field", "no reference");
    REFUSED("{\"field\":\"unit.parent.parent.parent.name\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_EFIELD, "where.field", "3 references");
    REFUSED("{\"field\":\"unit.nmae\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_EFIELD, "where.field", "unit has no field");
    REFUSED("{\"all\":{},\"any\":[]}", MUNI_EFORMAT, "where", "alone");
    REFUSED("{\"all\":{}}", MUNI_EFORMAT, "where.all", "list");
    REFUSED("{\"filed\":\"text\",\"op\":\"eq\",\"value\":\"x\"}", MUNI_EFORMAT, "where", "did you mean \"field\"");
    REFUSED("[1]", MUNI_EFORMAT, "where", "object");
    REFUSED("3", MUNI_EFORMAT, "where", "object");
}
END_TEST

START_TEST(cond__parse_keeps_to_its_limits) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni__cond *c;
    for (int i = 0; i < 32; i++)
        muni__buf_puts(&b, "{\"not\":");
    muni__buf_puts(&b, "{}");
    for (int i = 0; i < 32; i++)
        muni__buf_puts(&b, "}");
    FAILS(parse(b.p, &c), MUNI_ELIMIT);
    muni__buf_clear(&b);
    muni__buf_puts(&b, "{\"any\":[{}");
    for (int i = 0; i < 998; i++)
        muni__buf_puts(&b, ",{}");
    muni__buf_puts(&b, "]}");
    OK(parse(b.p, &c));
    b.n -= 2;
    muni__buf_puts(&b, ",{}]}");
    FAILS(parse(b.p, &c), MUNI_ELIMIT);
    muni__buf_clear(&b);
    muni__buf_puts(&b, "{\"field\":\"count\",\"op\":\"in\",\"value\":[0");
    for (int i = 0; i < 10000; i++)
        muni__buf_puts(&b, ",1");
    muni__buf_puts(&b, "]}");
    FAILS(parse(b.p, &c), MUNI_ELIMIT);
    muni__buf_free(&b);
}
END_TEST

/* ---- the table of the kind with every type, and random rows in it */

#define ROWS 160
static muni__row *rows[ROWS];
static const char *const texts[] = { "印刷", "印刷できない", "プリンタ", "ﾌﾟﾘﾝﾀ 印刷", "Printer", "ＰＲＩＮＴＥＲ", "a", "ab", "abc", "b", "%", "_", "a%b", ("退職\xee\x80\x80" "後"), "高橋", "髙橋",
                                     "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbfz", "\xed\x9f\xbf", "x'y\"z", "①", "1", "10", "9" };
static const int64_t ints[] = { 0, 1, -1, 2, 10, INT64_MAX, INT64_MIN, 1800000000, 1799740800 };
static const char *const days[] = { "0001-01-01", "2027-01-15", "2027-01-14", "2027-01-12", "2027-02-28", "9999-12-31" };

static const char *any_text(void) { return texts[pick(MUNI_COUNT(texts))]; }

static void make_rows(void) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni__row *r;
    /* units 1 … 8, a tree with a circle at its end; principals 9 … 12, of whom one is confidential; persons 13, 14 */
    static const int64_t parents[] = { 0, 1, 1, 2, 4, 0, 8, 7 };
    for (size_t i = 0; i < MUNI_COUNT(parents); i++) {
        r = fresh(&mem, "unit");
        *at(r, "name") = text(any_text());
        *at(r, "code") = text(i % 2 ? "A１" : "b2");
        if (parents[i])
            *at(r, "parent") = muni__val_int(parents[i]);
        insert(r);
    }
    for (int i = 0; i < 4; i++) {
        char login[16];
        (void)snprintf(login, sizeof login, "User%d", i);
        r = fresh(&mem, "principal");
        *at(r, "login") = muni__val_text(muni__arena_strndup(&mem, login, strlen(login)), strlen(login));
        if (i != 2)
            *at(r, "name") = text(any_text());
        if (i < 2)
            *at(r, "person") = muni__val_int(13 + i);
        r->v[MUNI__C_CONFIDENTIAL] = muni__val_bool(i == 3);
        insert(r);
    }
    for (int i = 0; i < 2; i++) {
        r = fresh(&mem, "person");
        *at(r, "staff_no") = text(i ? "002" : "001");
        *at(r, "name") = text(any_text());
        *at(r, "unit") = muni__val_int(4 + i);
        insert(r);
    }
    muni__buf_puts(&b, "CREATE TABLE \"k_probe\"(");
    for (size_t f = 0; f < MUNI_COUNT(probe_fields); f++) {
        muni__type t = probe_fields[f].type;
        bool is_text = t == MUNI__TEXT || t == MUNI__NOTE || t == MUNI__KEY || t == MUNI__CODE || t == MUNI__DATE || t == MUNI__JSON;
        if (probe_fields[f].flags & MUNI__F_LIST)
            continue;
        muni__buf_printf(&b, "%s\"%s\" %s", f ? ", " : "", probe_fields[f].name, !f ? "INTEGER PRIMARY KEY" : is_text ? "TEXT" : "INTEGER");
        if (t == MUNI__KEY || t == MUNI__ANY)
            muni__buf_printf(&b, ", \"%s_%s\" %s", probe_fields[f].name, t == MUNI__KEY ? "key" : "kind", t == MUNI__KEY ? "TEXT" : "INTEGER");
    }
    muni__buf_puts(&b, ") STRICT");
    OK(conn->drv->run(conn, b.p));
    OK(conn->drv->run(conn, "CREATE TABLE \"l_probe_tags\"(id INTEGER, pos INTEGER, value TEXT) STRICT"));
    OK(conn->drv->run(conn, "CREATE TABLE \"l_probe_marks\"(id INTEGER, pos INTEGER, value INTEGER) STRICT"));
    for (size_t i = 0; i < ROWS; i++) {
        OK(muni__row_new(&mem, &probe, &r));
        rows[i] = r;
        r->v[MUNI__C_ID] = muni__val_int(1000 + (int64_t)i);
        for (int32_t f = MUNI__C_COUNT; f < probe.nfields; f++) {
            muni__val *v = &r->v[f];
            if (pick(4) == 0)
                continue;
            switch (probe_fields[f].type) {
            case MUNI__TEXT:
            case MUNI__NOTE:
            case MUNI__KEY:
                if (probe_fields[f].flags & MUNI__F_LIST) {
                    const char *tag = any_text();
                    muni__buf_clear(&b);
                    muni__buf_putc(&b, '[');
                    muni__buf_json(&b, tag, strlen(tag));
                    muni__buf_putc(&b, ']');
                    *v = (muni__val){ MUNI_TYPE_JSON, 0, muni__arena_strndup(&mem, b.p, b.n), b.n };
                    muni__stmt *s;
                    OK(muni__sql(conn, "INSERT INTO \"l_probe_tags\" VALUES(?1, 0, ?2)", &s));
                    muni__bind_int(s, 1, muni__row_id(r));
                    muni__bind_text(s, 2, tag, strlen(tag));
                    OK(muni__step(s));
                    muni__done(s);
                } else {
                    *v = text(any_text());
                }
                break;
            case MUNI__CODE: *v = text(pick(2) ? "a" : "b"); break;
            case MUNI__DATE: *v = (muni__val){ MUNI_TYPE_DATE, 0, days[pick(MUNI_COUNT(days))], 10 }; break;
            case MUNI__BOOL: *v = muni__val_bool(pick(2)); break;
            case MUNI__TIME: *v = muni__val_time(ints[pick(MUNI_COUNT(ints))]); break;
            case MUNI__REF: *v = muni__val_int(1 + pick(15)); break;
            case MUNI__ANY: *v = (muni__val){ MUNI__TYPE_ANY, 1 + pick(3), NULL, pick(2) ? 41 : 21 }; break;
            case MUNI__JSON: *v = (muni__val){ MUNI_TYPE_JSON, 0, "{}", 2 }; break;
            default:
                if (probe_fields[f].flags & MUNI__F_LIST) {
                    muni__stmt *s;
                    *v = (muni__val){ MUNI_TYPE_JSON, 0, "[1,10]", 6 };
                    for (int k = 0; k < 2; k++) {
                        OK(muni__sql(conn, "INSERT INTO \"l_probe_marks\" VALUES(?1, ?2, ?3)", &s));
                        muni__bind_int(s, 1, muni__row_id(r));
                        muni__bind_int(s, 2, k);
                        muni__bind_int(s, 3, k ? 10 : 1);
                        OK(muni__step(s));
                        muni__done(s);
                    }
                } else {
                    *v = muni__val_int(ints[pick(MUNI_COUNT(ints))]);
                }
                break;
            }
        }
        if (pick(2))
            r->v[MUNI__C_TYPE] = text(pick(2) ? "x" : "y");
        insert(r);
    }
    muni__buf_free(&b);
}

/* ---- random conditions */

static json_t *random_value(const char *field, const char *op) {
    if (!strcmp(op, "matches")) {
        static const char *const patterns[] = { "印刷", "^プ", "(?-i)A", "a|b", "^.{1,3}$", "\\d", "[ぁ-ん]+$", "\\p{Han}", "r.nt", "^$" };
        return json_string(patterns[pick(MUNI_COUNT(patterns))]);
    }
    if (!strcmp(op, "words") || !strcmp(op, "contains")) {
        static const char *const words[] = { "印刷", "printer", "ﾌﾟﾘﾝﾀ", "a", "プリンタ 印刷", "b", "できない", "髙橋", "1", "rinter", "z" };
        return json_string(words[pick(MUNI_COUNT(words))]);
    }
    if (!strcmp(field, "day"))
        return pick(3) ? json_string(days[pick(MUNI_COUNT(days))]) : json_pack("{s:s}", "now", pick(2) ? "-3d" : "0d");
    if (!strcmp(field, "time"))
        return pick(3) ? json_integer(ints[pick(MUNI_COUNT(ints))]) : pick(2) ? json_pack("{s:s}", "now", "-3d") : json_string("2027-01-15T17:00:00+09:00");
    if (!strcmp(field, "flag"))
        return json_boolean(pick(2));
    if (!strcmp(field, "code"))
        return json_string(pick(2) ? "a" : "b");
    if (!strcmp(field, "type"))
        return json_string(pick(2) ? "x" : "y");
    if (!strcmp(field, "about"))
        return pick(4) ? json_string(pick(2) ? "ticket:1" : "person:2") : json_pack("{s:s}", "me", pick(2) ? "person" : "principal");
    if (strstr(field, "unit") && !strchr(field, '.'))
        return pick(3) ? json_integer(1 + pick(9)) : json_pack("{s:s}", "me", "unit");
    if (!strcmp(field, "owner") || !strcmp(field, "person"))
        return pick(3) ? json_integer(9 + pick(6)) : json_pack("{s:s}", "me", !strcmp(field, "owner") ? "principal" : "person");
    if (!strcmp(field, "count") || !strcmp(field, "marks"))
        return json_integer(ints[pick(MUNI_COUNT(ints))]);
    if (!strcmp(field, "owner.person.unit") || !strcmp(field, "unit.parent"))
        return json_integer(1 + pick(9));
    return json_string(any_text());
}

static json_t *random_cond(int depth) {
    static const struct { const char *field, *ops; } fields[] = {
        { "text", "eq ne lt le gt ge in begins contains words matches absent" }, { "note", "eq ne lt gt begins contains words matches absent in" },
        { "key", "eq ne lt le gt ge in begins contains words matches absent" },  { "code", "eq ne lt ge in begins matches absent" },
        { "type", "eq ne in absent" },                                  { "count", "eq ne lt le gt ge in absent" },
        { "flag", "eq ne absent" },                                     { "day", "eq ne lt le gt ge in absent" },
        { "time", "eq ne lt le gt ge in absent" },                      { "unit", "eq ne in absent below" },
        { "owner", "eq ne in absent" },                                 { "person", "eq ne in absent" },
        { "about", "eq ne in absent" },                                 { "body", "absent" },
        { "tags", "has absent" },                                       { "marks", "has absent" },
        { "owner.name", "eq ne lt in begins contains words absent" },   { "owner.login", "eq ne begins contains absent" },
        { "unit.parent", "eq ne in absent below" },                     { "unit.code", "eq ne lt begins absent" },
        { "owner.person.unit", "eq ne below absent" },                  { "owner.person.unit.name", "eq ne contains matches absent" },
        { "unit.parent.parent.name", "eq ne absent" },
    };
    uint32_t sort = depth > 0 ? pick(6) : 5;
    if (sort < 2) {
        json_t *list = json_array();
        for (uint32_t n = pick(4); n; n--)
            json_array_append_new(list, random_cond(depth - 1));
        return json_pack("{s:o}", sort ? "all" : "any", list);
    }
    if (sort < 4)
        return json_pack("{s:o}", "not", random_cond(depth - 1));
    size_t f = pick(MUNI_COUNT(fields));
    char ops[128], *op = ops;
    int n = 1;
    strcpy(ops, fields[f].ops);
    for (char *p = ops; *p; p++)
        n += *p == ' ';
    for (int skip = (int)pick((uint32_t)n); skip; skip--)
        op = strchr(op, ' ') + 1;
    if (strchr(op, ' '))
        *strchr(op, ' ') = '\0';
    if (!strcmp(op, "absent"))
        return pick(2) ? json_pack("{s:s,s:s}", "field", fields[f].field, "op", op)
                       : json_pack("{s:s,s:s,s:b}", "field", fields[f].field, "op", op, "value", (int)pick(2));
    json_t *value;
    if (!strcmp(op, "in")) {
        value = json_array();
        for (uint32_t k = pick(4); k; k--)
            json_array_append_new(value, random_value(fields[f].field, op));
    } else {
        value = random_value(fields[f].field, op);
    }
    return json_pack("{s:s,s:s,s:o}", "field", fields[f].field, "op", op, "value", value);
}

static void who(int i) {
    static const int64_t units[] = { 2, 3 };
    no_rights();
    qtx.system = i == 0;
    if (i >= 1) {
        qrights.scope = (muni__scope){ .principal = 10, .person = 14, .units = units, .nunits = 2 };
        grant(NULL, NULL, V(READ), i == 1 ? MUNI__S_ALL : MUNI__S_OWN);
    }
    if (i == 3) /* nobody: no person, no units */
        qrights.scope = (muni__scope){ 0 };
}

START_TEST(cond__sql_and_c_agree) {
    make_rows();
    size_t conditions = 0, inexact = 0, hits = 0, misses = 0;
    for (int round = 0; round < 6000; round++) {
        json_t *j = random_cond((int)pick(5));
        char *shown = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
        muni__arena own = MUNI_ARENA_INIT;
        muni__cond *c;
        muni__sqlout o;
        muni__stmt *s;
        bool exact = true, found[ROWS] = { false };
        who(round % 4);
        muni_status st = muni__cond_parse(&own, &probe, j, "where", &c);
        ck_assert_msg(st == MUNI_OK, "%s: %s at %s", shown, muni_error_text("en"), muni_error_field());
        muni__sqlout_init(&o, &own);
        muni__sqlout_put(&o, "SELECT t.id FROM k_probe t WHERE ");
        st = muni__cond_sql(&qtx, c, "t", &o, &exact);
        ck_assert_msg(st == MUNI_OK, "%s: %s", shown, muni_error_text("en"));
        st = muni__sqlout_open(&o, conn, &s);
        ck_assert_msg(st == MUNI_OK, "%s: %s: %s", shown, o.b.p, muni_error_text("en"));
        while ((st = muni__step(s)) == MUNI_ROW)
            found[muni__col_int(s, 0) - 1000] = true;
        ck_assert_msg(st == MUNI_OK, "%s: %s: %s", shown, o.b.p, muni_error_text("en"));
        muni__done(s);
        for (size_t i = 0; i < ROWS; i++) {
            bool holds;
            OK(muni__cond_eval(&qtx, c, rows[i], NULL, &holds));
            ck_assert_msg(exact ? holds == found[i] : found[i] || !holds, "row %zu: SQL %d, C %d (%s)\n%s\n%s", i, found[i], holds,
                          exact ? "exact" : "superset", shown, o.b.p);
            hits += holds;
            misses += !holds;
        }
        conditions++;
        inexact += !exact;
        muni__sqlout_free(&o);
        muni__arena_free(&own);
        free(shown);
        json_decref(j);
    }
    /* the test tests something */
    ck_assert_uint_gt(hits, conditions * ROWS / 10);
    ck_assert_uint_gt(misses, conditions * ROWS / 10);
    ck_assert_uint_gt(inexact, conditions / 20);
    ck_assert_uint_lt(inexact, conditions / 2);
}
END_TEST

static bool holds(const char *json, const muni__row *row, const muni__row *old) {
    muni__cond *c;
    muni_status st = parse(json, &c);
    ck_assert_msg(st == MUNI_OK, "%s: %s", json, muni_error_text("en"));
    return muni__cond_holds(&qtx, c, row, old);
}

START_TEST(cond__holds_says_what_it_means) {
    muni__row *r, *old;
    OK(muni__row_new(&mem, &probe, &r));
    OK(muni__row_new(&mem, &probe, &old));
    *at(r, "text") = text("プリンターが印刷できない PC-001");
    *at(r, "key") = text("ＡＢｃ-1");
    *at(r, "day") = (muni__val){ MUNI_TYPE_DATE, 0, "2027-01-12", 10 };
    *at(r, "time") = muni__val_time(1800000000 - 3 * 86400);
    *at(old, "text") = text("before");
    *at(old, "key") = text("abc-1");
    struct { const char *json; bool want; } cases[] = {
        { "{\"field\":\"text\",\"op\":\"contains\",\"value\":\"ﾌﾟﾘﾝﾀｰ\"}", true },
        { "{\"field\":\"text\",\"op\":\"contains\",\"value\":\"c-001\"}", true },
        { "{\"field\":\"text\",\"op\":\"words\",\"value\":\"印刷 pc-001\"}", true },
        { "{\"field\":\"text\",\"op\":\"words\",\"value\":\"c-001\"}", false }, /* not at the beginning of its run */
        { "{\"field\":\"text\",\"op\":\"begins\",\"value\":\"プリ\"}", true },
        { "{\"field\":\"text\",\"op\":\"begins\",\"value\":\"ﾌﾟﾘ\"}", false }, /* text as it is stored */
        { "{\"field\":\"key\",\"op\":\"eq\",\"value\":\"abc-1\"}", true },
        { "{\"field\":\"key\",\"op\":\"begins\",\"value\":\"ＡＢ\"}", true },
        { "{\"field\":\"note\",\"op\":\"eq\",\"value\":\"x\"}", false },
        { "{\"field\":\"note\",\"op\":\"ne\",\"value\":\"x\"}", true },
        { "{\"field\":\"note\",\"op\":\"absent\"}", true },
        { "{\"field\":\"text\",\"op\":\"absent\",\"value\":false}", true },
        { "{\"field\":\"day\",\"op\":\"eq\",\"value\":{\"now\":\"-3d\"}}", true },
        { "{\"field\":\"time\",\"op\":\"ge\",\"value\":{\"now\":\"-3d\"}}", true },
        { "{\"field\":\"time\",\"op\":\"gt\",\"value\":{\"now\":\"-3d\"}}", false },
        { "{\"field\":\"text\",\"op\":\"ne\",\"value\":{\"old\":\"text\"}}", true },
        { "{\"field\":\"key\",\"op\":\"eq\",\"value\":{\"old\":\"key\"}}", true },
        { "{\"field\":\"note\",\"op\":\"eq\",\"value\":{\"old\":\"note\"}}", false }, /* absent equals nothing */
        { "{\"all\":[]}", true },
        { "{\"any\":[]}", false },
        { "[]", true },
    };
    for (size_t i = 0; i < MUNI_COUNT(cases); i++)
        ck_assert_msg(holds(cases[i].json, r, old) == cases[i].want, "%s", cases[i].json);
}
END_TEST

/* The deepest and widest conditions that parse are still SQL that the store takes. */
START_TEST(cond__sql_of_the_biggest_is_accepted) {
    make_rows();
    for (int shape = 0; shape < 5; shape++) {
        muni__buf b = MUNI_BUF_INIT(0);
        const char *leaf = shape % 2 ? "{\"field\":\"owner.person.unit.name\",\"op\":\"ne\",\"value\":\"x\"}" : "{\"field\":\"count\",\"op\":\"ne\",\"value\":7}";
        int levels = shape < 2 ? 15 : shape < 4 ? 29 : 1, wide = shape < 2 ? 60 : shape < 4 ? 16 : 480;
        for (int i = 0; i < levels; i++) {
            if (shape == 2 || shape == 3)
                muni__buf_puts(&b, "{\"not\":");
            muni__buf_puts(&b, i % 2 ? "{\"all\":[" : "{\"any\":[");
            for (int k = 0; k < wide / 2 && shape < 2; k++)
                muni__buf_printf(&b, "%s,", leaf);
            if (shape == 4)
                for (int k = 0; k < wide; k++)
                    muni__buf_printf(&b, "%s,", leaf);
            if (shape >= 2 && shape < 4) { /* half of the levels only: `not` counts as one, too */
                if (i >= 15) {
                    b.n -= strlen("{\"not\":") + strlen("{\"all\":[");
                    levels = i;
                    break;
                }
                for (int k = 0; k < wide; k++)
                    muni__buf_printf(&b, "%s,", leaf);
            }
        }
        muni__buf_puts(&b, leaf);
        for (int i = 0; i < levels; i++)
            muni__buf_puts(&b, shape == 2 || shape == 3 ? "]}}" : "]}");
        muni__cond *c;
        muni__sqlout o;
        muni__stmt *s;
        bool exact = true;
        who(1);
        muni_status st = parse(b.p, &c);
        ck_assert_msg(st == MUNI_OK, "shape %d: %s", shape, muni_error_text("en"));
        muni__sqlout_init(&o, &mem);
        muni__sqlout_put(&o, "SELECT count(*) FROM k_probe t WHERE ");
        OK(muni__cond_sql(&qtx, c, "t", &o, &exact));
        st = muni__sqlout_open(&o, conn, &s);
        ck_assert_msg(st == MUNI_OK, "shape %d, %zu bytes of SQL: %s", shape, o.b.n, muni_error_text("en"));
        int64_t n = 0, m = 0;
        OK(muni__step(s));
        n = muni__col_int(s, 0);
        muni__done(s);
        for (size_t i = 0; i < ROWS; i++) {
            bool h;
            OK(muni__cond_eval(&qtx, c, rows[i], NULL, &h));
            m += h;
        }
        ck_assert_int_eq(n, m);
        muni__sqlout_free(&o);
        muni__buf_free(&b);
    }
}
END_TEST

static muni_status whole(const json_t *j, const muni__row *row) {
    muni__arena own = MUNI_ARENA_INIT;
    muni__cond *c;
    muni__sqlout o;
    bool exact = true, h;
    muni_status st = muni__cond_parse(&own, &probe, j, "where", &c);
    muni__sqlout_init(&o, &own);
    if (st >= 0)
        st = muni__cond_sql(&qtx, c, "t", &o, &exact);
    if (st >= 0)
        st = muni__cond_eval(&qtx, c, row, NULL, &h);
    muni__sqlout_free(&o);
    muni__arena_free(&own);
    return st;
}

START_TEST(cond__survives_without_memory) {
    json_t *j = json_loads("{\"all\":[{\"field\":\"text\",\"op\":\"words\",\"value\":\"印刷 不可\"},{\"not\":{\"field\":\"key\",\"op\":\"in\",\"value\":[\"Ａ\",\"b\"]}},"
                           "{\"field\":\"note\",\"op\":\"contains\",\"value\":\"ﾌﾟﾘ\"},{\"field\":\"key\",\"op\":\"begins\",\"value\":\"ａ\"},"
                           "{\"any\":[{\"field\":\"unit\",\"op\":\"in\",\"value\":[1,2]},{\"field\":\"about\",\"op\":\"eq\",\"value\":\"ticket:1\"}]},"
                           "{\"field\":\"tags\",\"op\":\"has\",\"value\":\"x\"}]}",
                           0, NULL);
    muni__row *r;
    muni_status st;
    ck_assert_ptr_nonnull(j);
    OK(muni__row_new(&mem, &probe, &r));
    *at(r, "text") = text("印刷 不可");
    *at(r, "key") = text("ａｂ");
    *at(r, "note") = text("プリンタ");
    *at(r, "unit") = muni__val_int(1);
    *at(r, "tags") = (muni__val){ MUNI_TYPE_JSON, 0, "[\"x\"]", 5 };
    who(1);
    FAULT_LOOP(st, whole(j, r), (void)0);
    ck_assert_int_eq(st, MUNI_OK);
    json_decref(j);
}
END_TEST

Suite *suite_cond(void);
Suite *suite_cond(void) {
    Suite *s = suite_create("cond");
    TCase *t = tcase_create("cond");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_set_timeout(t, 120);
    tcase_add_test(t, cond__parse_names_place_and_remedy);
    tcase_add_test(t, cond__parse_keeps_to_its_limits);
    tcase_add_test(t, cond__sql_and_c_agree);
    tcase_add_test(t, cond__holds_says_what_it_means);
    tcase_add_test(t, cond__sql_of_the_biggest_is_accepted);
    tcase_add_test(t, cond__survives_without_memory);
    suite_add_tcase(s, t);
    return s;
}
