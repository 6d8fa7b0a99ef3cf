/* Profiles: how the export of one personnel system is read, as data.
 *
 * {"units": {"columns": {"所属コード": "code", …}, "widths": {"code": 6}, "dates": {"from_on": ["ISO"]}, "footers": ["合計"], "full": true},
 *  "people": {"columns": {"職員番号": "staff_no", "職員区分コード": null, …}, "widths": {"staff_no": 7}, "dates": {"born_on": ["WAREKI_SHORT"]},
 *             "eras": {"born_on": "S"}, "footers": ["合計"], "concurrent": {"main": ["本務"], "concurrent": ["兼務"]}},
 *  "account": {"system": "directory", "name": ["mail", "e{staff_no}"]},
 *  "limits": {"min_rows": 1, "leave_percent": 10, …}} */
#include "staff/staff.h"

#include "calendar/wareki.h"
#include "core/textkey.h"

#include <stdio.h>

#define LIST_MAX 50

const muni__sheet_field muni__unit_fields[MUNI__SU_COUNT] = {
    [MUNI__SU_CODE] = { "code", MUNI_KIND_UNIT, MUNI__AS_NUMBER, false, true },
    [MUNI__SU_NAME] = { "name", MUNI_KIND_UNIT, MUNI__AS_TEXT, false, true },
    [MUNI__SU_FULL_NAME] = { "full_name", MUNI_KIND_UNIT, MUNI__AS_TEXT, false, false },
    [MUNI__SU_PARENT] = { "parent", NULL, MUNI__AS_NUMBER, false, false },
    [MUNI__SU_LEVEL] = { "level", MUNI_KIND_UNIT, MUNI__AS_INT, false, false },
    [MUNI__SU_LEVEL_NAME] = { "level_name", MUNI_KIND_UNIT, MUNI__AS_TEXT, false, false },
    [MUNI__SU_FACILITY] = { "facility", MUNI_KIND_UNIT, MUNI__AS_TEXT, false, false },
    [MUNI__SU_FROM_ON] = { "from_on", MUNI_KIND_UNIT, MUNI__AS_DATE, false, true },
    [MUNI__SU_TO_ON] = { "to_on", MUNI_KIND_UNIT, MUNI__AS_DATE, false, false },
    [MUNI__SU_SORT] = { "sort", MUNI_KIND_UNIT, MUNI__AS_INT, false, false },
};

const muni__sheet_field muni__people_fields[MUNI__SP_COUNT] = {
    [MUNI__SP_STAFF_NO] = { "staff_no", MUNI_KIND_PERSON, MUNI__AS_NUMBER, false, true },
    [MUNI__SP_NAME] = { "name", MUNI_KIND_PERSON, MUNI__AS_NAME, true, true },
    [MUNI__SP_KANA] = { "kana", MUNI_KIND_PERSON, MUNI__AS_KANA, true, false },
    [MUNI__SP_BORN_ON] = { "born_on", MUNI_KIND_PERSON, MUNI__AS_DATE, true, false },
    [MUNI__SP_CATEGORY] = { "category", MUNI_KIND_PERSON, MUNI__AS_TEXT, false, false },
    [MUNI__SP_HIRED_ON] = { "hired_on", MUNI_KIND_PERSON, MUNI__AS_DATE, false, false },
    [MUNI__SP_RETIRED_ON] = { "retired_on", MUNI_KIND_PERSON, MUNI__AS_DATE, false, false },
    [MUNI__SP_UNIT] = { "unit", NULL, MUNI__AS_NUMBER, false, true },
    [MUNI__SP_UNIT_NAME] = { "unit_name", NULL, MUNI__AS_TEXT, false, false },
    [MUNI__SP_TITLE_CODE] = { "title_code", MUNI_KIND_POST, MUNI__AS_NUMBER, false, false },
    [MUNI__SP_TITLE] = { "title", MUNI_KIND_POST, MUNI__AS_TEXT, false, false },
    [MUNI__SP_CONCURRENT] = { "concurrent", NULL, MUNI__AS_MEANING, false, false },
    [MUNI__SP_FORM] = { "form", MUNI_KIND_POST, MUNI__AS_TEXT, false, false },
    [MUNI__SP_FROM_ON] = { "from_on", MUNI_KIND_POST, MUNI__AS_DATE, false, true },
    [MUNI__SP_ORDER_CODE] = { "order_code", MUNI_KIND_POST, MUNI__AS_NUMBER, false, false },
    [MUNI__SP_ORDER] = { "order", MUNI_KIND_POST, MUNI__AS_TEXT, false, false },
    [MUNI__SP_TERM_ON] = { "term_on", MUNI_KIND_PERSON, MUNI__AS_DATE, false, false },
    [MUNI__SP_LEAVE] = { "leave", MUNI_KIND_PERSON, MUNI__AS_TEXT, true, false },
    [MUNI__SP_PHONE] = { "phone", MUNI_KIND_PERSON, MUNI__AS_TEXT, true, false },
    [MUNI__SP_MAIL] = { "mail", MUNI_KIND_PERSON, MUNI__AS_MAIL, true, false },
    [MUNI__SP_REMARK] = { "remark", MUNI_KIND_PERSON, MUNI__AS_NOTE, true, false },
};

/* ---- messages */

static muni_status wrong(const char *path, const char *en, const char *ja) {
    return muni__fail(MUNI_EDEFINITION, path, "profile: %s%.0s (%s)", "取込み定義: %.0s%s（%s）", en, ja, path);
}

static muni_status members(const json_t *j, const char *path, const char *const *known, size_t count) {
    const char *key;
    json_t *value;
    if (!json_is_object(j))
        return wrong(path, "this must be an object", "オブジェクトでなければなりません");
    json_object_foreach ((json_t *)(uintptr_t)j, key, value) {
        bool ok = false;
        for (size_t i = 0; i < count; i++)
            ok = ok || !strcmp(key, known[i]);
        muni__quoted q;
        if (!ok)
            return muni__fail(MUNI_EDEFINITION, path, "profile, %1$s: there is no member \"%2$s\"", "取込み定義の%1$s: 「%2$s」という項目はありません", path, muni__quote(&q, key, strlen(key)));
    }
    return MUNI_OK;
}

static const char *text_of(const json_t *j) {
    const char *s = json_string_value(j);
    return s && *s && strlen(s) <= 200 ? s : NULL;
}

static const char *folded(muni__arena *mem, const char *s) {
    char *key = NULL;
    size_t n = 0;
    if (muni__idkey(s, strlen(s), &key, &n) < 0)
        return NULL;
    const char *copy = muni__arena_strndup(mem, key, n);
    muni__free(key);
    return copy;
}

/* An array of texts, folded; NULL at the end. */
static muni_status texts(muni__arena *mem, const json_t *j, const char *path, const char *const **out, size_t *count) {
    size_t n = json_array_size(j);
    if (j && (!json_is_array(j) || n > LIST_MAX))
        return wrong(path, "this must be an array of at most 50 texts", "50個以内の文字列の配列でなければなりません");
    const char **list = muni__arena_alloc(mem, (n + 1) * sizeof *list);
    if (!list)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *s = text_of(json_array_get(j, i));
        if (!s)
            return wrong(path, "this must be an array of texts that are not empty", "空でない文字列の配列でなければなりません");
        if (!(list[i] = folded(mem, s)))
            return MUNI_ENOMEM;
    }
    *out = list;
    if (count)
        *count = n;
    return MUNI_OK;
}

static int32_t field_named(const muni__sheet *s, const char *name) {
    for (int32_t i = 0; name && i < s->nfields; i++)
        if (!strcmp(s->fields[i].name, name))
            return i;
    return -1;
}

static muni_status unknown_field(const char *path, const char *name) {
    muni__quoted q;
    return muni__fail(MUNI_EDEFINITION, path, "profile, %1$s: there is no field \"%2$s\" to fill", "取込み定義の%1$s: 「%2$s」という項目はありません", path, muni__quote(&q, name ? name : "", name ? strlen(name) : 0));
}

static muni_status columns(muni__arena *mem, const json_t *j, const char *path, muni__sheet *s) {
    const char *key;
    json_t *value;
    if (!json_is_object(j) || !json_object_size(j) || json_object_size(j) > MUNI__SHEET_COLUMNS)
        return wrong(path, "columns is an object of 1 to 200 headers and the fields they fill", "columnsは見出しと項目の組（1から200個）のオブジェクトです");
    json_object_foreach ((json_t *)(uintptr_t)j, key, value) {
        int32_t field = json_is_null(value) ? -1 : field_named(s, json_string_value(value));
        if (field < 0 && !json_is_null(value))
            return unknown_field(path, json_string_value(value));
        if (!*key || strlen(key) > 200)
            return wrong(path, "a header has 1 to 200 bytes", "見出しは1から200バイトです");
        if (field >= 0 && s->has[field])
            return wrong(path, "two columns fill the same field", "同じ項目に2つの列が割り当てられています");
        if (field >= 0)
            s->has[field] = true;
        s->columns[s->ncolumns].field = field;
        if (!(s->columns[s->ncolumns].header = muni__arena_strndup(mem, key, strlen(key))))
            return MUNI_ENOMEM;
        s->ncolumns++;
    }
    for (int32_t i = 0; i < s->nfields; i++)
        if (s->fields[i].required && !s->has[i])
            return muni__fail(MUNI_EDEFINITION, path, "profile, %1$s: no column fills %2$s, which is required", "取込み定義の%1$s: 必須の項目%2$sに割り当てた列がありません", path, s->fields[i].name);
    return MUNI_OK;
}

static int32_t style_named(const char *name) {
    for (int32_t i = 1; name && i < MUNI__STYLE_COUNT; i++)
        if (!strcmp(muni__date_style_name(i), name))
            return i;
    return -1;
}

static muni_status dates(const json_t *j, const char *path, muni__sheet *s) {
    const char *key;
    json_t *value;
    for (int32_t i = 0; i < s->nfields; i++)
        s->styles[i] = 1u << MUNI__STYLE_SLASH | 1u << MUNI__STYLE_ISO;
    json_object_foreach ((json_t *)(uintptr_t)j, key, value) {
        int32_t field = field_named(s, key);
        if (field < 0 || s->fields[field].form != MUNI__AS_DATE)
            return unknown_field(path, key);
        if (!json_is_array(value) || !json_array_size(value))
            return wrong(path, "the styles of a date are an array of names such as SLASH", "日付の書き方はSLASHなどの名前の配列です");
        s->styles[field] = 0;
        for (size_t i = 0; i < json_array_size(value); i++) {
            int32_t style = style_named(json_string_value(json_array_get(value, i)));
            if (style < 0)
                return wrong(path, "there is no such style of dates", "その日付の書き方はありません");
            s->styles[field] |= 1u << style;
        }
    }
    return MUNI_OK;
}

static muni_status eras(const json_t *j, const char *path, muni__sheet *s) {
    static const struct {
        const char *letter;
        int32_t era;
    } known[] = { { "M", MUNI__ERA_MEIJI }, { "T", MUNI__ERA_TAISHO }, { "S", MUNI__ERA_SHOWA }, { "H", MUNI__ERA_HEISEI }, { "R", MUNI__ERA_REIWA } };
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)j, key, value) {
        int32_t field = field_named(s, key);
        if (field < 0 || s->fields[field].form != MUNI__AS_DATE)
            return unknown_field(path, key);
        for (size_t i = 0; i < MUNI_COUNT(known); i++)
            if (json_is_string(value) && !strcmp(known[i].letter, json_string_value(value)))
                s->era[field] = known[i].era;
        if (!s->era[field])
            return wrong(path, "an era is one of M T S H R", "元号はM、T、S、H、Rのどれかです");
    }
    return MUNI_OK;
}

static muni_status widths(const json_t *j, const char *path, muni__sheet *s) {
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)j, key, value) {
        int32_t field = field_named(s, key);
        if (field < 0 || s->fields[field].form != MUNI__AS_NUMBER)
            return unknown_field(path, key);
        if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > 16)
            return wrong(path, "a width is a number from 1 to 16", "桁数は1から16です");
        s->width[field] = (int32_t)json_integer_value(value);
    }
    return MUNI_OK;
}

static muni_status sheet(muni__arena *mem, const json_t *j, const char *path, const muni__sheet_field *fields, int32_t nfields, muni__sheet *s) {
    static const char *const known[] = { "columns", "widths", "dates", "eras", "footers", "concurrent", "full" };
    static const char *const objects[] = { "widths", "dates", "eras" };
    char at[64];
    muni_status st;
    s->fields = fields;
    s->nfields = nfields;
    MUNI_TRY(members(j, path, known, MUNI_COUNT(known)));
    for (size_t i = 0; i < MUNI_COUNT(objects); i++) {
        (void)snprintf(at, sizeof at, "%s.%s", path, objects[i]);
        if (json_object_get(j, objects[i]) && !json_is_object(json_object_get(j, objects[i])))
            return wrong(at, "this must be an object", "オブジェクトでなければなりません");
    }
    (void)snprintf(at, sizeof at, "%s.columns", path);
    MUNI_TRY(columns(mem, json_object_get(j, "columns"), at, s));
    (void)snprintf(at, sizeof at, "%s.widths", path);
    MUNI_TRY(widths(json_object_get(j, "widths"), at, s));
    (void)snprintf(at, sizeof at, "%s.dates", path);
    MUNI_TRY(dates(json_object_get(j, "dates"), at, s));
    (void)snprintf(at, sizeof at, "%s.eras", path);
    MUNI_TRY(eras(json_object_get(j, "eras"), at, s));
    (void)snprintf(at, sizeof at, "%s.footers", path);
    MUNI_TRY(texts(mem, json_object_get(j, "footers"), at, &s->footers, &s->nfooters));
out:
    return st;
}

static muni_status account(muni__arena *mem, const json_t *j, muni__profile *p) {
    static const char *const known[] = { "system", "name" };
    static const char placeholder[] = "{staff_no}";
    muni_status st = members(j, "account", known, MUNI_COUNT(known));
    const json_t *names = json_object_get(j, "name");
    const char *system = text_of(json_object_get(j, "system"));
    if (st < 0)
        return st;
    if (!system || strlen(system) > 64)
        return wrong("account.system", "the name of a system has 1 to 64 bytes", "システム名は1から64バイトです");
    size_t n = json_array_size(names);
    if (!n || n > 2)
        return wrong("account.name", "this must be an array: \"mail\", and a text with {staff_no} in it", "「mail」と{staff_no}を含む文字列の配列でなければなりません");
    p->account_mail = n == 2;
    if (n == 2 && (!json_is_string(json_array_get(names, 0)) || strcmp(json_string_value(json_array_get(names, 0)), "mail") != 0))
        return wrong("account.name", "this must be an array: \"mail\", and a text with {staff_no} in it", "「mail」と{staff_no}を含む文字列の配列でなければなりません");
    const char *pattern = text_of(json_array_get(names, n - 1));
    const char *hole = pattern ? strstr(pattern, placeholder) : NULL;
    if (!hole || strlen(pattern) > 60)
        return wrong("account.name", "the last one is a text with {staff_no} in it", "最後は{staff_no}を含む文字列です");
    p->account_system = muni__arena_strndup(mem, system, strlen(system));
    p->account_before = muni__arena_strndup(mem, pattern, (size_t)(hole - pattern));
    p->account_after = muni__arena_strndup(mem, hole + sizeof placeholder - 1, strlen(hole + sizeof placeholder - 1));
    return p->account_system && p->account_before && p->account_after ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status limits(const json_t *j, muni__profile *p) {
    const struct {
        const char *name;
        int64_t *value, most;
    } known[] = { { "min_rows", &p->min_rows, 10000000 },      { "leave_percent", &p->leave_percent, 100 },       { "missing_percent", &p->missing_percent, 100 },
                  { "shrink_percent", &p->shrink_percent, 100 }, { "rejected_percent", &p->rejected_percent, 100 }, { "unit_end_percent", &p->unit_end_percent, 100 } };
    const char *names[MUNI_COUNT(known)];
    for (size_t i = 0; i < MUNI_COUNT(known); i++)
        names[i] = known[i].name;
    p->min_rows = 1;
    p->leave_percent = p->missing_percent = p->rejected_percent = 10;
    p->shrink_percent = 20;
    p->unit_end_percent = 30;
    if (!j)
        return MUNI_OK;
    muni_status st = members(j, "limits", names, MUNI_COUNT(names));
    for (size_t i = 0; st >= 0 && i < MUNI_COUNT(known); i++) {
        const json_t *v = json_object_get(j, known[i].name);
        if (!v)
            continue;
        if (!json_is_integer(v) || json_integer_value(v) < 0 || json_integer_value(v) > known[i].most)
            return wrong("limits", "a limit is a whole number that is not negative; percentages end at 100", "制限は0以上の整数で、割合は100までです");
        *known[i].value = json_integer_value(v);
    }
    return st;
}

muni_status muni__profile_parse(muni__arena *mem, const json_t *body, muni__profile **out) {
    static const char *const known[] = { "units", "people", "account", "limits" };
    static const char *const meanings[] = { "main", "concurrent" };
    muni__profile *p = muni__arena_alloc(mem, sizeof *p);
    const json_t *people = json_object_get(body, "people"), *units = json_object_get(body, "units"), *full = json_object_get(units, "full");
    const json_t *meaning = json_object_get(people, "concurrent");
    muni_status st;
    *out = NULL;
    if (!p)
        return MUNI_ENOMEM;
    MUNI_TRY(members(body, "body", known, MUNI_COUNT(known)));
    MUNI_TRY(sheet(mem, units, "units", muni__unit_fields, MUNI__SU_COUNT, &p->sheets[MUNI__UNITS]));
    MUNI_TRY(sheet(mem, people, "people", muni__people_fields, MUNI__SP_COUNT, &p->sheets[MUNI__PEOPLE]));
    if (full && !json_is_boolean(full))
        MUNI_TRY(wrong("units.full", "this is true or false", "真偽値です"));
    p->units_full = json_is_true(full);
    if (meaning)
        MUNI_TRY(members(meaning, "people.concurrent", meanings, MUNI_COUNT(meanings)));
    MUNI_TRY(texts(mem, json_object_get(meaning, "main"), "people.concurrent.main", &p->mains, NULL));
    MUNI_TRY(texts(mem, json_object_get(meaning, "concurrent"), "people.concurrent.concurrent", &p->concurrents, NULL));
    if (p->sheets[MUNI__PEOPLE].has[MUNI__SP_CONCURRENT] && (!p->mains[0] || !p->concurrents[0]))
        MUNI_TRY(wrong("people.concurrent", "say which texts mean main and which concurrent", "mainとconcurrentにあたる文字列を書いてください"));
    if (json_object_get(body, "account"))
        MUNI_TRY(account(mem, json_object_get(body, "account"), p));
    MUNI_TRY(limits(json_object_get(body, "limits"), p));
    *out = p;
out:
    return st;
}

muni_status muni__profile_check(const json_t *body) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__profile *p = NULL;
    muni_status st = muni__profile_parse(&mem, body, &p);
    muni__arena_free(&mem);
    return st;
}
