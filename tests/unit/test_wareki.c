/* calendar/wareki.h and the calls on dates of municipal/calendar.h. */
#include "calendar/wareki.h"

#include "fault.h"

#include <check.h>
#include <jansson.h>
#include <municipal/calendar.h>
#include <stdio.h>
#include <stdlib.h>

static FILE *data(const char *name) {
    const char *dir = getenv("srcdir");
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/data/calendar/%s", dir ? dir : ".", name);
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    return f;
}

/* Parse through the exported call; answers the status, and on success the parts. */
static muni_status parse(const char *text, int32_t flags, char date[16], char style[32], size_t *warnings, char warning[32]) {
    char *out = (char *)1;
    muni_status st = muni_date_parse(text, MUNI_ZERO_TERMINATED, flags, &out);
    if (st < 0) {
        ck_assert_ptr_null(out);
        ck_assert_int_eq(muni_error_code(), st);
        ck_assert(*muni_error_text("en") && *muni_error_text("ja"));
        return st;
    }
    json_t *j = json_loads(out, 0, NULL), *w;
    ck_assert_ptr_nonnull(j);
    snprintf(date, 16, "%s", json_string_value(json_object_get(j, "date")));
    snprintf(style, 32, "%s", json_string_value(json_object_get(j, "style")));
    w = json_object_get(j, "warnings");
    ck_assert(json_is_array(w));
    *warnings = json_array_size(w);
    warning[0] = '\0';
    if (*warnings) {
        json_t *first = json_array_get(w, 0);
        snprintf(warning, 32, "%s", json_string_value(json_object_get(first, "code")));
        ck_assert(*json_string_value(json_object_get(first, "en")) && *json_string_value(json_object_get(first, "ja")));
    }
    json_decref(j);
    muni_free(out);
    return st;
}

START_TEST(wareki__every_vector_reads_as_written) {
    char line[512], date[16], style[32], warning[32];
    size_t rows = 0, warnings;
    FILE *f = data("wareki_vectors.csv");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f)) {
        char *expect = strchr(line, ','), *end;
        bool warn;
        muni_status st;
        ck_assert_ptr_nonnull(expect);
        *expect++ = '\0';
        end = strchr(expect, ',');
        ck_assert_ptr_nonnull(end);
        *end = '\0';
        rows++;
        st = parse(line, MUNI_DATE_COLUMN, date, style, &warnings, warning);
        if (!strcmp(expect, "ERROR")) {
            ck_assert_msg(st == MUNI_EINVAL, "\"%s\" should be refused", line);
            continue;
        }
        warn = strstr(expect, "?WARN") != NULL;
        if (warn)
            expect[10] = '\0';
        ck_assert_msg(st == MUNI_OK, "\"%s\" was refused: %s", line, muni_error_text("en"));
        ck_assert_msg(!strcmp(date, expect), "\"%s\" gave %s", line, date);
        ck_assert_msg((warnings > 0) == warn, "\"%s\" gave %zu warnings", line, warnings);
    }
    fclose(f);
    ck_assert_uint_eq(rows, 69);
}
END_TEST

START_TEST(wareki__each_form_names_its_style) {
    static const struct {
        const char *text, *date, *style;
        int32_t flags;
    } rows[] = {
        { "2027-03-31", "2027-03-31", "ISO", 0 },
        { "2027/03/31", "2027-03-31", "SLASH", 0 },
        { "2027.03.31", "2027-03-31", "DOT", 0 },
        { "2027/3/31", "2027-03-31", "UNPADDED", 0 },
        { "2027-4-1", "2027-04-01", "UNPADDED", 0 },
        { "2025.4.1", "2025-04-01", "UNPADDED", 0 },
        { "20270331", "2027-03-31", "COMPACT", 0 },
        { "2027年3月31日", "2027-03-31", "KANJI", 0 },
        { "２０２７／３／３１", "2027-03-31", "FULLWIDTH", 0 },
        { "２０２７年３月３１日", "2027-03-31", "FULLWIDTH", 0 },
        { "２０２７０３３１", "2027-03-31", "FULLWIDTH", 0 },
        { "2027−03−31", "2027-03-31", "FULLWIDTH", 0 },
        { "二〇二七年三月三十一日", "2027-03-31", "NUMERALS", 0 },
        { "R9.3.31", "2027-03-31", "WAREKI_SHORT", 0 },
        { "r09/03/31", "2027-03-31", "WAREKI_SHORT", 0 },
        { "Ｒ9.3.31", "2027-03-31", "WAREKI_SHORT", 0 },
        { "R090331", "2027-03-31", "WAREKI_COMPACT", 0 },
        { "令9.3.31", "2027-03-31", "WAREKI_TABLE", 0 },
        { "令和9.3.31", "2027-03-31", "WAREKI_TABLE", 0 },
        { "令元.5.1", "2019-05-01", "WAREKI_TABLE", 0 },
        { "令和9年3月31日", "2027-03-31", "WAREKI_KANJI", 0 },
        { "R9年3月31日", "2027-03-31", "WAREKI_KANJI", 0 },
        { "㋿9年3月31日", "2027-03-31", "WAREKI_KANJI", 0 },
        { "令和　9年　3月31日", "2027-03-31", "WAREKI_KANJI", 0 },
        { " R9.3.31\xe3\x80\x80", "2027-03-31", "WAREKI_SHORT", 0 },
        { "令和９年３月３１日", "2027-03-31", "WAREKI_FULLWIDTH", 0 },
        { "Ｒ９．３．３１", "2027-03-31", "WAREKI_FULLWIDTH", 0 },
        { "令和九年三月三十一日", "2027-03-31", "WAREKI_NUMERALS", 0 },
        { "昭和六十四年一月七日", "1989-01-07", "WAREKI_NUMERALS", 0 },
        { "昭和六四年一月七日", "1989-01-07", "WAREKI_NUMERALS", 0 },
        { "昭和百年一月一日", "2025-01-01", "WAREKI_NUMERALS", 0 },
        { "9.3.31", "2027-03-31", "WAREKI_NO_ERA", MUNI_DATE_ERA_REIWA },
        { "9年3月31日", "2027-03-31", "WAREKI_NO_ERA", MUNI_DATE_ERA_REIWA },
        { "元年5月1日", "2019-05-01", "WAREKI_NO_ERA", MUNI_DATE_ERA_REIWA },
        { "40.3.31", "1965-03-31", "WAREKI_NO_ERA", MUNI_DATE_ERA_SHOWA | MUNI_DATE_COLUMN },
        { "5090331", "2027-03-31", "CODE7", 0 },
        { "3400331", "1965-03-31", "CODE7", 0 },
        { "46477", "2027-03-31", "EXCEL_SERIAL", MUNI_DATE_COLUMN },
        { "４６４７７", "2027-03-31", "EXCEL_SERIAL", MUNI_DATE_COLUMN },
        { "1", "1900-01-01", "EXCEL_SERIAL", MUNI_DATE_COLUMN },
        { "59", "1900-02-28", "EXCEL_SERIAL", MUNI_DATE_COLUMN },
        { "61", "1900-03-01", "EXCEL_SERIAL", MUNI_DATE_COLUMN },
        { "60000", "2064-04-08", "EXCEL_SERIAL", MUNI_DATE_COLUMN },
        { "0001-01-01", "0001-01-01", "ISO", 0 },
        { "9999-12-31", "9999-12-31", "ISO", 0 },
        { "明治6年1月1日", "1873-01-01", "WAREKI_KANJI", 0 },
    };
    char date[16], style[32], warning[32];
    size_t warnings;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        muni_status st = parse(rows[i].text, rows[i].flags, date, style, &warnings, warning);
        ck_assert_msg(st == MUNI_OK, "\"%s\": %s", rows[i].text, muni_error_text("en"));
        ck_assert_msg(!strcmp(date, rows[i].date) && !strcmp(style, rows[i].style), "\"%s\": %s %s", rows[i].text, date, style);
        if (!strcmp(style, "EXCEL_SERIAL"))
            ck_assert_str_eq(warning, "EXCEL_SERIAL");
        if (!strcmp(style, "WAREKI_NO_ERA"))
            ck_assert_str_eq(warning, "ERA_ASSUMED");
    }
    ck_assert_int_eq(parse("平成31年5月1日", 0, date, style, &warnings, warning), MUNI_OK);
    ck_assert_str_eq(warning, "AFTER_ERA_END");
}
END_TEST

START_TEST(wareki__what_is_no_date_is_refused) {
    static const struct {
        const char *text;
        int32_t flags;
    } rows[] = {
        { "", 0 }, { " ", 0 }, { "\xe3\x80\x80", 0 }, { "45748", 0 }, { "60", MUNI_DATE_COLUMN }, { "0", MUNI_DATE_COLUMN }, { "60001", MUNI_DATE_COLUMN },
        { "99999", MUNI_DATE_COLUMN }, { "-5", MUNI_DATE_COLUMN }, { "070401", MUNI_DATE_COLUMN }, { "25/4/1", 0 }, { "25/4/1", MUNI_DATE_ERA_REIWA }, { "7.4.1", 0 },
        { "7年4月1日", 0 }, { "6070401", 0 }, { "0070401", 0 }, { "123456789", MUNI_DATE_COLUMN }, { "令和7年4月", 0 }, { "令和7年4月1", 0 },
        { "令和7年度", 0 }, { "令和7", 0 }, { "令和", 0 }, { "令", 0 }, { "R", 0 }, { "R7.4", 0 }, { "R7.4.", 0 }, { "R7.4.1.", 0 }, { "R7.4/1", 0 },
        { "R7..1", 0 }, { "R7.4.1x", 0 }, { "令和7年4.1日", 0 }, { "R7.4.1 5", 0 }, { "2025 04 01", 0 }, { "20 250401", 0 }, { "令和七年四月三 十日", 0 },
        { "R0.4.1", 0 }, { "R151.1.1", 0 }, { "R1000.1.1", 0 }, { "R99999999999.1.1", 0 }, { "R7.13.1", 0 }, { "R7.0.1", 0 }, { "R7.4.31", 0 },
        { "R7.004.1", 0 }, { "令和元元年5月1日", 0 }, { "令和7年元月1日", 0 }, { "令和十十年1月1日", 0 }, { "令和十〇年1月1日", 0 }, { "令和〇年5月1日", 0 },
        { "令和二十百年1月1日", 0 }, { "2025/2/29", 0 }, { "2025-02-30", 0 }, { "20250229", 0 }, { "0000-01-01", 0 }, { "0000/1/1", 0 }, { "12025/1/1", 0 },
        { "明治5年12月2日", 0 }, { "M1.1.1", 0 }, { "明治元年1月1日", 0 }, { "平成元年1月7日", 0 }, { "昭和元年12月24日", 0 }, { "X7.4.1", 0 },
        { "2025/4/1 0:00", 0 }, { "2025-04-01T00:00:00+09:00", 0 }, { "R7.4.1\n", 0 }, { "R7\t.4.1", 0 }, { "=DATE(2025,4,1)", 0 }, { "未定", 0 },
        { "令和7年4月1日令和7年4月1日令和7年4月1日令和7年4月1日令和7年4月1日", 0 },
    };
    char date[16], style[32], warning[32];
    size_t warnings;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        ck_assert_msg(parse(rows[i].text, rows[i].flags, date, style, &warnings, warning) == MUNI_EINVAL, "\"%s\" gave %s %s", rows[i].text, date, style);
        ck_assert_str_eq(muni_error_field(), "text");
    }
}
END_TEST

START_TEST(wareki__error_texts_never_quote_the_value) {
    char *out;
    ck_assert_int_eq(muni_date_parse("S40.13.77", MUNI_ZERO_TERMINATED, 0, &out), MUNI_EINVAL);
    ck_assert_ptr_null(strstr(muni_error_text("en"), "40"));
    ck_assert_ptr_null(strstr(muni_error_text("ja"), "77"));
}
END_TEST

START_TEST(wareki__parse_with_hostile_arguments) {
    static const int32_t flags[] = { -1, INT32_MIN, INT32_MAX, 2, 4, 8, 0x60, 0x70, 0xF0, 0x100, 0x61 };
    char *out = (char *)1, big[5000];
    ck_assert_int_eq(muni_date_parse("2027-04-01", 10, 0, NULL), MUNI_EINVAL);
    ck_assert_int_eq(muni_date_parse(NULL, 0, 0, &out), MUNI_EINVAL);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(muni_date_parse(NULL, MUNI_ZERO_TERMINATED, 0, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_date_parse(NULL, 99, 0, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_date_parse("2027-04-01", 0, 0, &out), MUNI_EINVAL);
    for (size_t i = 0; i < MUNI_COUNT(flags); i++) {
        ck_assert_int_eq(muni_date_parse("2027-04-01", 10, flags[i], &out), MUNI_EINVAL);
        ck_assert_str_eq(muni_error_field(), "flags");
    }
    ck_assert_int_eq(muni_date_parse("\xff\xfe", 2, 0, &out), MUNI_EUTF8);
    ck_assert_int_eq(muni_date_parse("\xe4\xbb", 2, 0, &out), MUNI_EUTF8);
    ck_assert_int_eq(muni_date_parse("2027\0-04-01", 11, 0, &out), MUNI_EINVAL);
    memset(big, '1', sizeof big);
    ck_assert_int_eq(muni_date_parse(big, sizeof big, MUNI_DATE_COLUMN, &out), MUNI_EINVAL);
    memset(big, ' ', sizeof big);
    ck_assert_int_eq(muni_date_parse(big, sizeof big, 0, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_date_parse("2027-04-01 and more", 10, 0, &out), MUNI_OK);
    ck_assert_str_eq(out, "{\"date\":\"2027-04-01\",\"style\":\"ISO\",\"warnings\":[]}");
    muni_free(out);
}
END_TEST

/* A fixed sequence, the same on every machine. */
static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

START_TEST(wareki__random_texts_give_a_day_or_a_reason) {
    static const char *const pieces[] = { "0", "1", "2", "3", "4", "9", "12", "31", "2027", "R", "s", "H", "令和", "平", "㋿", "㍻", "元", "年", "月", "日",
                                          ".", "/", "-", " ", "\xe3\x80\x80", "７", "．", "一", "十", "百", "〇", "二", "x", "\n", "\xff", "\xe4", "𠮷" };
    uint32_t seed = 20270401;
    size_t read = 0;
    for (int n = 0; n < 200000; n++) {
        char text[128] = "", iso[MUNI__DATE_SIZE];
        muni__date_options options = { next_random(&seed) % 2 != 0, (int32_t)(next_random(&seed) % 7) };
        muni__date_result r, again;
        muni_status st;
        size_t count = next_random(&seed) % 9;
        for (size_t i = 0; i < count; i++)
            strcat(text, pieces[next_random(&seed) % MUNI_COUNT(pieces)]);
        st = muni__date_parse(text, strlen(text), "text", &options, &r);
        ck_assert_msg(st == MUNI_OK || st == MUNI_EINVAL || st == MUNI_EUTF8, "\"%s\": %d", text, st);
        if (st < 0)
            continue;
        read++;
        ck_assert(muni__day_valid(r.day) && r.style > MUNI__STYLE_NONE && r.style < MUNI__STYLE_COUNT);
        muni__date_format_iso(r.day, iso);
        ck_assert_int_eq(muni__date_parse(iso, 10, "text", NULL, &again), MUNI_OK);
        ck_assert(again.day == r.day && again.style == MUNI__STYLE_ISO);
    }
    ck_assert_uint_gt(read, 1000);
}
END_TEST

START_TEST(wareki__every_day_written_reads_back_without_warning) {
    static const int32_t expected[] = { MUNI__STYLE_WAREKI_KANJI, MUNI__STYLE_WAREKI_SHORT, MUNI__STYLE_WAREKI_TABLE };
    for (int32_t day = MUNI__WAREKI_FIRST; day <= 40000; day++)
        for (int32_t style = MUNI__WAREKI_LONG; style <= MUNI__WAREKI_TABLE; style++) {
            char text[MUNI__WAREKI_SIZE];
            muni__date_result r;
            if (muni__wareki_format(day, style, text) < 0 || muni__date_parse(text, MUNI_ZERO_TERMINATED, NULL, NULL, &r) < 0)
                ck_abort_msg("day %d", day);
            if (r.day != day || r.style != expected[style] || r.flags)
                ck_abort_msg("%s", text);
        }
}
END_TEST

START_TEST(wareki__formats_at_the_boundaries) {
    static const struct {
        const char *date, *l, *s, *t, *y;
    } rows[] = { { "1873-01-01", "明治6年1月1日", "M6.1.1", "明6.1.1", "明治6年" },
                 { "1912-07-29", "明治45年7月29日", "M45.7.29", "明45.7.29", "明治45年" },
                 { "1912-07-30", "大正元年7月30日", "T1.7.30", "大元.7.30", "大正元年" },
                 { "1926-12-24", "大正15年12月24日", "T15.12.24", "大15.12.24", "大正15年" },
                 { "1926-12-25", "昭和元年12月25日", "S1.12.25", "昭元.12.25", "昭和元年" },
                 { "1989-01-07", "昭和64年1月7日", "S64.1.7", "昭64.1.7", "昭和64年" },
                 { "1989-01-08", "平成元年1月8日", "H1.1.8", "平元.1.8", "平成元年" },
                 { "2019-04-30", "平成31年4月30日", "H31.4.30", "平31.4.30", "平成31年" },
                 { "2019-05-01", "令和元年5月1日", "R1.5.1", "令元.5.1", "令和元年" },
                 { "2025-04-01", "令和7年4月1日", "R7.4.1", "令7.4.1", "令和7年" } };
    static const char *const wrong[][2] = { { "1872-12-31", "long" }, { "2027-02-29", "long" }, { "", "long" }, { "garbage", "long" }, { NULL, "long" }, { "2027-04-01", "" },
                                            { "2027-04-01", "LONG" }, { "2027-04-01", NULL }, { "2027-04-01", "\xff" } };
    char *out;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        const char *styles[] = { "long", "short", "table", "era_year" }, *expect[] = { rows[i].l, rows[i].s, rows[i].t, rows[i].y };
        for (size_t k = 0; k < 4; k++) {
            ck_assert_int_eq(muni_wareki_format(rows[i].date, styles[k], &out), MUNI_OK);
            ck_assert_str_eq(out, expect[k]);
            muni_free(out);
        }
    }
    for (size_t i = 0; i < MUNI_COUNT(wrong); i++) {
        out = (char *)1;
        ck_assert_int_eq(muni_wareki_format(wrong[i][0], wrong[i][1], &out), MUNI_EINVAL);
        ck_assert_ptr_null(out);
    }
    ck_assert_int_eq(muni_wareki_format("2027-04-01", "long", NULL), MUNI_EINVAL);
}
END_TEST

START_TEST(fiscal__every_vector_holds) {
    char line[512];
    size_t rows = 0;
    FILE *f = data("fiscal_vectors.csv");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
    while (fgets(line, sizeof line, f)) {
        char *cell[7], *p = line, *out, names[256];
        const char *name, *name_new, *half;
        json_t *j;
        line[strcspn(line, "\r\n")] = '\0';
        for (size_t i = 0; i < 7; i++) {
            cell[i] = p;
            p = strchr(p, ',');
            if (p)
                *p++ = '\0';
            ck_assert(p || i == 6);
        }
        rows++;
        ck_assert_int_eq(muni_fiscal_year(cell[0], &out), MUNI_OK);
        j = json_loads(out, 0, NULL);
        ck_assert_ptr_nonnull(j);
        ck_assert_int_eq(json_integer_value(json_object_get(j, "year")), atoi(cell[1]));
        name = json_string_value(json_object_get(j, "name"));
        name_new = json_string_value(json_object_get(j, "name_new"));
        snprintf(names, sizeof names, strcmp(name, name_new) ? "%s/%s" : "%s", name, name_new);
        ck_assert_str_eq(names, cell[2]);
        half = json_integer_value(json_object_get(j, "half")) == 1 ? "上半期" : "下半期";
        ck_assert_str_eq(half, cell[3]);
        ck_assert_int_eq(json_integer_value(json_object_get(j, "quarter")), atoi(cell[4]));
        ck_assert_str_eq(json_string_value(json_object_get(j, "first")), cell[5]);
        ck_assert_str_eq(json_string_value(json_object_get(j, "last")), cell[6]);
        json_decref(j);
        muni_free(out);
    }
    fclose(f);
    ck_assert_uint_eq(rows, 15);
}
END_TEST

START_TEST(fiscal__names_of_years_in_which_an_era_began) {
    static const struct {
        int32_t year;
        const char *name, *name_new;
    } rows[] = { { 1912, "明治45年度", "大正元年度" }, { 1926, "大正15年度", "昭和元年度" }, { 1988, "昭和63年度", "昭和63年度" }, { 1989, "平成元年度", "平成元年度" },
                 { 2018, "平成30年度", "平成30年度" }, { 2019, "平成31年度", "令和元年度" }, { 2020, "令和2年度", "令和2年度" } };
    static const char *const wrong[] = { "1873-03-31", "9999-04-01", "9999-12-31", "0001-01-01", "2027-02-30", "", "x", NULL };
    char name[MUNI__WAREKI_SIZE], name_new[MUNI__WAREKI_SIZE], *out;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        ck_assert_int_eq(muni__fiscal_name(rows[i].year, name, name_new), MUNI_OK);
        ck_assert_str_eq(name, rows[i].name);
        ck_assert_str_eq(name_new, rows[i].name_new);
    }
    for (size_t i = 0; i < MUNI_COUNT(wrong); i++) {
        out = (char *)1;
        ck_assert_int_eq(muni_fiscal_year(wrong[i], &out), MUNI_EINVAL);
        ck_assert_ptr_null(out);
        ck_assert(*muni_error_text("ja"));
    }
    ck_assert_int_eq(muni_fiscal_year("2027-04-01", NULL), MUNI_EINVAL);
    ck_assert_int_eq(muni_fiscal_year("9999-03-31", &out), MUNI_OK);
    muni_free(out);
}
END_TEST

START_TEST(wareki__memory_failing_anywhere_is_told) {
    char *out = NULL;
    muni_status st;
    FAULT_LOOP(st, muni_wareki_format("2027-04-01", "long", &out), ck_assert_ptr_null(out));
    muni_free(out);
    FAULT_LOOP(st, muni_date_parse("平成31年5月1日", MUNI_ZERO_TERMINATED, 0, &out), ck_assert_ptr_null(out));
    muni_free(out);
    FAULT_LOOP(st, muni_fiscal_year("2019-04-01", &out), ck_assert_ptr_null(out));
    muni_free(out);
}
END_TEST

START_TEST(wareki__names_of_styles_and_flags) {
    const char *code, *en, *ja;
    ck_assert_str_eq(muni__date_style_name(MUNI__STYLE_WAREKI_FULLWIDTH), "WAREKI_FULLWIDTH");
    ck_assert_str_eq(muni__date_style_name(-1), "NONE");
    ck_assert_str_eq(muni__date_style_name(MUNI__STYLE_COUNT), "NONE");
    for (uint32_t flag = 1; flag <= MUNI__DATE_WIDE; flag <<= 1) {
        muni__date_flag_text(flag, &code, &en, &ja);
        ck_assert(*code && *en && *ja);
    }
    muni__date_flag_text(1u << 20, &code, &en, &ja);
    ck_assert_str_eq(code, "");
    muni__date_result r;
    ck_assert_int_eq(muni__date_parse("令和1年 5月 1日", MUNI_ZERO_TERMINATED, NULL, NULL, &r), MUNI_OK);
    ck_assert_uint_eq(r.flags, MUNI__DATE_FIRST_YEAR_1 | MUNI__DATE_SPACES);
}
END_TEST

Suite *suite_wareki(void);
Suite *suite_wareki(void) {
    Suite *s = suite_create("wareki");
    TCase *t = tcase_create("wareki");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, wareki__every_vector_reads_as_written);
    tcase_add_test(t, wareki__each_form_names_its_style);
    tcase_add_test(t, wareki__what_is_no_date_is_refused);
    tcase_add_test(t, wareki__error_texts_never_quote_the_value);
    tcase_add_test(t, wareki__parse_with_hostile_arguments);
    tcase_add_test(t, wareki__random_texts_give_a_day_or_a_reason);
    tcase_add_test(t, wareki__every_day_written_reads_back_without_warning);
    tcase_add_test(t, wareki__formats_at_the_boundaries);
    tcase_add_test(t, fiscal__every_vector_holds);
    tcase_add_test(t, fiscal__names_of_years_in_which_an_era_began);
    tcase_add_test(t, wareki__memory_failing_anywhere_is_told);
    tcase_add_test(t, wareki__names_of_styles_and_flags);
    return s;
}
