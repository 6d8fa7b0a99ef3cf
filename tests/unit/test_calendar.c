/* calendar/holiday.h, calendar/calendar.h and municipal/calendar.h: holidays, open days, hours. */
#include "calendar/calendar.h"
#include "calendar/holiday.h"

#include "fault.h"
#include "rows.h"

#include <check.h>
#include <jansson.h>
#include <municipal/calendar.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int32_t day_of(const char *iso) {
    int32_t day = 0;
    ck_assert_msg(muni__date_read(iso, MUNI_ZERO_TERMINATED, &day), "not a date: %s", iso);
    return day;
}

static int64_t at_of(const char *text) {
    int64_t at = 0;
    ck_assert_msg(muni__time_parse(text, MUNI_ZERO_TERMINATED, "at", &at) == MUNI_OK, "not a time: %s", text);
    return at;
}

static muni_calendar *make(const char *definition) {
    muni_calendar *c = NULL;
    ck_assert_msg(muni_calendar_new(definition, &c) == MUNI_OK, "%s: %s: %s", definition, muni_error_field(), muni_error_text("en"));
    ck_assert_ptr_nonnull(c);
    return c;
}

static int32_t open_day(muni_calendar *c, const char *date) {
    int32_t out = -1;
    ck_assert_msg(muni_calendar_is_open_day(c, date, &out) == MUNI_OK, "%s: %s", date, muni_error_text("en"));
    return out;
}

static int32_t open_at(muni_calendar *c, const char *time) {
    int32_t out = -1;
    ck_assert_msg(muni_calendar_is_open_at(c, at_of(time), &out) == MUNI_OK, "%s: %s", time, muni_error_text("en"));
    return out;
}

static void check_add(muni_calendar *c, const char *date, int32_t days, const char *expect) {
    char *out = NULL;
    ck_assert_msg(muni_calendar_add_open_days(c, date, days, &out) == MUNI_OK, "%s %+d: %s", date, days, muni_error_text("en"));
    ck_assert_msg(!strcmp(out, expect), "%s %+d gave %s, not %s", date, days, out, expect);
    muni_free(out);
}

static void check_explain(muni_calendar *c, const char *date, const char *expect) {
    char *out = NULL;
    ck_assert_int_eq(muni_calendar_explain(c, date, &out), MUNI_OK);
    ck_assert_str_eq(out, expect);
    muni_free(out);
}

/* ---- holidays */

/* The name of the holiday on a day, or "". */
static const char *holiday_name(const char *date) {
    muni__holiday_year table;
    const muni__holiday *h;
    int32_t year, day = day_of(date);
    muni__day_to_civil(day, &year, NULL, NULL);
    muni__holiday_year_of(year, MUNI__HOLIDAY_PUBLISHED_THROUGH, &table);
    h = muni__holiday_find(&table, day);
    return h ? h->ja : "";
}

START_TEST(holiday__same_days_as_the_cabinet_office_1955_2027) {
    const char *dir = getenv("srcdir");
    char path[1024], line[256];
    muni__holiday_year table = { 0 };
    int32_t year = 1954;
    size_t at = 0, rows = 0;
    snprintf(path, sizeof path, "%s/tests/data/calendar/syukujitsu_cao_1955_2027_cp932.csv", dir ? dir : ".");
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, f)); /* the header */
    while (fgets(line, sizeof line, f)) {
        int y, m, d;
        bool unnamed;
        ck_assert_int_eq(sscanf(line, "%d/%d/%d,", &y, &m, &d), 3);
        rows++;
        if (y != year) {
            ck_assert_msg(at == table.count, "%d has %zu holidays too many", year, table.count - at);
            ck_assert_int_eq(y, year + 1);
            year = y;
            at = 0;
            muni__holiday_year_of(year, MUNI__HOLIDAY_PUBLISHED_THROUGH, &table);
        }
        ck_assert_msg(at < table.count && table.rows[at].day == muni__day_from_civil(y, m, d), "%d/%d/%d is missing or another day is there", y, m, d);
        ck_assert(!table.rows[at].provisional);
        /* 休日 in CP932: the office's word for substitute days and days between */
        unnamed = !strcmp(strchr(line, ',') + 1, "\x8b\x78\x93\xfa\r\n");
        ck_assert_msg(unnamed == (table.rows[at].kind != MUNI__HOLIDAY_NAMED), "%d/%d/%d has another kind", y, m, d);
        at++;
    }
    fclose(f);
    ck_assert_uint_eq(at, table.count);
    ck_assert_int_eq(year, 2027);
    ck_assert_uint_eq(rows, 1067);
}
END_TEST

START_TEST(holiday__known_days_and_names) {
    static const char *const rows[][2] = {
        /* the Act came into force on 1948-07-20 */
        { "1948-01-01", "" }, { "1948-05-03", "" }, { "1948-05-05", "" }, { "1948-09-23", "秋分の日" }, { "1948-11-03", "文化の日" }, { "1948-11-23", "勤労感謝の日" },
        { "1949-01-01", "元日" }, { "1949-01-15", "成人の日" }, { "1949-03-21", "春分の日" }, { "1949-04-29", "天皇誕生日" }, { "1949-09-23", "秋分の日" },
        { "1951-09-24", "秋分の日" }, { "1952-03-21", "春分の日" }, { "1954-05-03", "憲法記念日" }, { "1954-05-04", "" },
        /* 1966 and 1967 */
        { "1965-09-15", "" }, { "1966-09-15", "敬老の日" }, { "1966-10-10", "体育の日" }, { "1966-02-11", "" }, { "1967-02-11", "建国記念の日" },
        /* substitute days, old text */
        { "1973-02-12", "" }, { "1973-04-30", "振替休日" }, { "1987-05-04", "振替休日" }, { "2006-01-02", "振替休日" },
        /* days between, old text: not on Sundays, not on substitute days */
        { "1985-05-04", "" }, { "1986-05-04", "" }, { "1988-05-04", "国民の休日" }, { "2003-05-04", "" }, { "2006-05-04", "国民の休日" },
        /* new text */
        { "2007-04-30", "振替休日" }, { "2008-05-06", "振替休日" }, { "2009-05-06", "振替休日" }, { "2009-09-22", "国民の休日" }, { "2015-05-06", "振替休日" }, { "2015-09-22", "国民の休日" },
        { "2025-05-06", "振替休日" }, { "2026-09-22", "国民の休日" },
        /* names and Mondays */
        { "1988-04-29", "天皇誕生日" }, { "1989-04-29", "みどりの日" }, { "2006-04-29", "みどりの日" }, { "2007-04-29", "昭和の日" }, { "2007-05-04", "みどりの日" },
        { "1988-12-23", "" }, { "1989-12-23", "天皇誕生日" }, { "2018-12-23", "天皇誕生日" }, { "2019-12-23", "" }, { "2019-02-23", "" }, { "2020-02-23", "天皇誕生日" }, { "2020-02-24", "振替休日" },
        { "1999-01-15", "成人の日" }, { "2000-01-10", "成人の日" }, { "1996-07-20", "海の日" }, { "2003-07-21", "海の日" }, { "2003-09-15", "敬老の日" }, { "2016-08-11", "山の日" },
        { "2019-10-14", "体育の日" },
        /* single days */
        { "1959-04-10", "結婚の儀" }, { "1989-02-24", "大喪の礼" }, { "1990-11-12", "即位礼正殿の儀" }, { "1993-06-09", "結婚の儀" },
        { "2019-04-30", "国民の休日" }, { "2019-05-01", "即位の日" }, { "2019-05-02", "国民の休日" }, { "2019-10-22", "即位礼正殿の儀" },
        /* the years of the Olympic Games */
        { "2020-07-20", "" }, { "2020-07-23", "海の日" }, { "2020-07-24", "スポーツの日" }, { "2020-08-10", "山の日" }, { "2020-08-11", "" }, { "2020-10-12", "" },
        { "2021-07-22", "海の日" }, { "2021-07-23", "スポーツの日" }, { "2021-08-08", "山の日" }, { "2021-08-09", "振替休日" }, { "2021-10-11", "" }, { "2022-10-10", "スポーツの日" },
        /* what is coming, and what other calendars miss */
        { "2032-09-20", "敬老の日" }, { "2032-09-21", "国民の休日" }, { "2032-09-22", "秋分の日" }, { "2049-09-20", "敬老の日" }, { "2049-09-21", "国民の休日" }, { "2049-09-22", "秋分の日" },
        { "2045-09-22", "秋分の日" }, { "2041-09-23", "秋分の日" }, { "2050-12-23", "" }, { "2050-01-01", "元日" },
    };
    size_t days = 0, provisional = 0;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++)
        ck_assert_msg(!strcmp(holiday_name(rows[i][0]), rows[i][1]), "%s is \"%s\", not \"%s\"", rows[i][0], holiday_name(rows[i][0]), rows[i][1]);
    for (int32_t year = 1948; year <= 2050; year++) {
        muni__holiday_year table;
        muni__holiday_year_of(year, 2027, &table);
        days += table.count;
        for (size_t i = 0; i < table.count; i++) {
            ck_assert(i == 0 || table.rows[i - 1].day < table.rows[i].day);
            provisional += table.rows[i].provisional;
            ck_assert(!table.rows[i].provisional || year > 2027);
        }
    }
    ck_assert_uint_eq(days, 1533); /* as domain notes: equal to an independent package over 1948 to 2050 */
    ck_assert_uint_gt(provisional, 46);
}
END_TEST

START_TEST(holiday__days_that_rest_on_an_unpublished_equinox_are_provisional) {
    static const struct {
        const char *date;
        bool provisional;
    } rows[] = { { "2028-03-20", true },  { "2028-09-22", true },  { "2029-09-23", true }, { "2029-09-24", true },  { "2032-09-20", false },
                 { "2032-09-21", true }, { "2033-03-21", true }, { "2028-01-01", false }, { "2029-02-12", false }, { "2027-03-21", false } };
    muni__holiday_year table;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        const muni__holiday *h;
        int32_t year, day = day_of(rows[i].date);
        muni__day_to_civil(day, &year, NULL, NULL);
        muni__holiday_year_of(year, 2027, &table);
        h = muni__holiday_find(&table, day);
        ck_assert_msg(h != NULL, "%s is no holiday", rows[i].date);
        ck_assert_msg(h->provisional == rows[i].provisional, "%s", rows[i].date);
    }
    muni__holiday_year_of(2027, 2026, &table);
    ck_assert(muni__holiday_find(&table, day_of("2027-03-22"))->provisional);
    ck_assert(!muni__holiday_find(&table, day_of("2027-04-29"))->provisional);
    muni__holiday_year_of(1947, 2027, &table);
    ck_assert_uint_eq(table.count, 0);
    muni__holiday_year_of(2051, 2027, &table);
    ck_assert_uint_eq(table.count, 0);
}
END_TEST

/* ---- acceptance checks of the specifications */

ROWS("NUM-007")
START_TEST(calendar__num_007_business_hours) {
    muni_calendar *c = make("{\"weekend\":[\"sat\",\"sun\"],\"holidays\":\"jp\",\"year_end\":[\"12-29\",\"01-03\"],"
                            "\"hours\":[{\"from\":\"08:30\",\"to\":\"17:15\"}],\"end_inclusive\":true}");
    muni_calendar *without = make("{\"end_inclusive\":false}");
    ck_assert_int_eq(open_at(c, "2025-05-07T08:29:00+09:00"), 0);
    ck_assert_int_eq(open_at(c, "2025-05-07T08:29:59+09:00"), 0);
    ck_assert_int_eq(open_at(c, "2025-05-07T08:30:00+09:00"), 1);
    ck_assert_int_eq(open_at(c, "2025-05-07T17:15:00+09:00"), 1);
    ck_assert_int_eq(open_at(c, "2025-05-07T17:15:01+09:00"), 0);
    ck_assert_int_eq(open_at(without, "2025-05-07T17:14:59+09:00"), 1);
    ck_assert_int_eq(open_at(without, "2025-05-07T17:15:00+09:00"), 0);
    ck_assert_int_eq(open_day(c, "2025-12-29"), 0);
    ck_assert_int_eq(open_day(c, "2026-01-05"), 1);
    ck_assert_int_eq(open_at(c, "2025-12-29T10:00:00+09:00"), 0);
    ck_assert_int_eq(open_at(c, "2026-01-05T10:00:00+09:00"), 1);
    muni_calendar_unref(c);
    muni_calendar_unref(without);
}
END_TEST

ROWS("SEN-003")
START_TEST(calendar__sen_003_open_days) {
    muni_calendar *c = make(NULL);
    ck_assert_int_eq(open_day(c, "2025-05-06"), 0);
    ck_assert_int_eq(open_day(c, "2026-09-22"), 0);
    ck_assert_int_eq(open_day(c, "2025-12-29"), 0);
    ck_assert_int_eq(open_day(c, "2026-01-05"), 1);
    muni_calendar_unref(c);
}
END_TEST

ROWS("SEN-004")
START_TEST(calendar__sen_004_service_hours) {
    muni_calendar *c = make("{\"hours\":[{\"from\":\"08:30\",\"to\":\"17:00\"}]}");
    ck_assert_int_eq(open_at(c, "2025-05-07T17:01:00+09:00"), 0);
    ck_assert_int_eq(open_at(c, "2025-05-07T08:30:00+09:00"), 1);
    muni_calendar_unref(c);
}
END_TEST

/* ---- open days */

START_TEST(calendar__adding_open_days) {
    muni_calendar *c = make(NULL);
    char *out;
    check_add(c, "2025-05-02", 1, "2025-05-07"); /* over 3, 4, 5, and 6 May */
    check_add(c, "2025-05-03", 1, "2025-05-07");
    check_add(c, "2025-05-07", -1, "2025-05-02");
    check_add(c, "2025-05-06", -1, "2025-05-02");
    check_add(c, "2025-12-26", 1, "2026-01-05");
    check_add(c, "2025-12-31", -1, "2025-12-26");
    check_add(c, "2026-01-05", 0, "2026-01-05");
    check_add(c, "2025-05-07", 3, "2025-05-12");
    check_add(c, "1948-01-04", 1, "1948-01-05");
    check_add(c, "2050-12-31", -1, "2050-12-28");
    out = (char *)1;
    ck_assert_int_eq(muni_calendar_add_open_days(c, "2025-05-06", 0, &out), MUNI_EINVAL);
    ck_assert_ptr_null(out);
    ck_assert_str_eq(muni_error_field(), "days");
    ck_assert_ptr_nonnull(strstr(muni_error_text("ja"), "閉庁日"));
    ck_assert_int_eq(muni_calendar_add_open_days(c, "2050-12-28", 1, &out), MUNI_EINVAL);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "2050-12-31"));
    ck_assert_int_eq(muni_calendar_add_open_days(c, "1948-01-05", -1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_add_open_days(c, "2025-05-07", INT32_MAX, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_add_open_days(c, "2025-05-07", INT32_MIN, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_add_open_days(c, "1947-12-31", 1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_add_open_days(c, "2051-01-01", -1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_add_open_days(c, "9999-12-31", -1, &out), MUNI_EINVAL);
    muni_calendar_unref(c);
}
END_TEST

START_TEST(calendar__counting_open_days_with_both_ends) {
    muni_calendar *c = make(NULL);
    int32_t n = -1;
    ck_assert_int_eq(muni_calendar_count_open_days(c, "2025-05-12", "2025-05-16", &n), MUNI_OK);
    ck_assert_int_eq(n, 5);
    ck_assert_int_eq(muni_calendar_count_open_days(c, "2025-05-03", "2025-05-06", &n), MUNI_OK);
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(muni_calendar_count_open_days(c, "2025-05-07", "2025-05-07", &n), MUNI_OK);
    ck_assert_int_eq(n, 1);
    ck_assert_int_eq(muni_calendar_count_open_days(c, "2025-04-01", "2026-03-31", &n), MUNI_OK);
    ck_assert_int_eq(n, 242);
    ck_assert_int_eq(muni_calendar_count_open_days(c, "2025-05-07", "2025-05-06", &n), MUNI_EINVAL);
    ck_assert_str_eq(muni_error_field(), "to");
    ck_assert_int_eq(muni_calendar_count_open_days(c, "1947-12-31", "2025-05-06", &n), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_count_open_days(c, "2025-05-07", "2051-01-01", &n), MUNI_EINVAL);
    muni_calendar_unref(c);
}
END_TEST

/* A fixed sequence, the same on every machine. */
static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static const char *const several[] = {
    NULL,
    "{\"weekend\":[],\"holidays\":\"none\",\"year_end\":null}",
    "{\"weekend\":[\"mon\"],\"holidays\":\"none\",\"year_end\":[\"12-28\",\"01-04\"]}",
    "{\"weekend\":[\"sun\",\"mon\",\"tue\",\"wed\",\"thu\",\"fri\"],\"closed\":[\"2025-08-16\"],\"open\":[{\"on\":\"2025-08-17\",\"note\":\"選挙\"}]}",
    "{\"weekend\":[\"sun\",\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\"],\"open\":[\"1948-01-01\",\"1999-12-31\",\"2050-12-31\"]}",
    "{\"year_end\":[\"02-01\",\"11-30\"]}",
};

START_TEST(calendar__adding_and_counting_agree_with_walking) {
    int32_t first = day_of("1948-01-01"), last = day_of("2050-12-31");
    for (size_t k = 0; k < MUNI_COUNT(several); k++) {
        muni_calendar *c = make(several[k]);
        uint32_t seed = 7 + (uint32_t)k;
        int32_t before = 0, *sums = calloc((size_t)(last - first + 2), sizeof *sums);
        bool open;
        ck_assert_ptr_nonnull(sums);
        for (int32_t d = first; d <= last; d++) {
            sums[d - first] = before;
            ck_assert_int_eq(muni__calendar_is_open_day(c, d, &open), MUNI_OK);
            before += open;
        }
        sums[last - first + 1] = before;
        for (int n = 0; n < 3000; n++) {
            int32_t a = first + (int32_t)(next_random(&seed) % (uint32_t)(last - first + 1)), b = first + (int32_t)(next_random(&seed) % (uint32_t)(last - first + 1));
            int32_t days = (int32_t)(next_random(&seed) % 400) - 200, got, walked = a, left = days < 0 ? -days : days, back, count;
            muni_status st;
            if (b < a) {
                got = a;
                a = b;
                b = got;
                walked = a;
            }
            ck_assert_int_eq(muni__calendar_count_open_days(c, a, b, &count), MUNI_OK);
            ck_assert_int_eq(count, sums[b - first + 1] - sums[a - first]);
            if (days == 0)
                continue;
            while (left > 0 && walked >= first && walked <= last) {
                walked += days < 0 ? -1 : 1;
                if (walked >= first && walked <= last && sums[walked - first + 1] > sums[walked - first])
                    left--;
            }
            st = muni__calendar_add_open_days(c, a, days, &got);
            if (left > 0) {
                ck_assert_int_eq(st, MUNI_EINVAL);
                continue;
            }
            ck_assert_int_eq(st, MUNI_OK);
            ck_assert_int_eq(got, walked);
            /* and back: the day itself where it is open */
            if (sums[a - first + 1] > sums[a - first]) {
                ck_assert_int_eq(muni__calendar_add_open_days(c, got, -days, &back), MUNI_OK);
                ck_assert_int_eq(back, a);
            }
        }
        free(sums);
        muni_calendar_unref(c);
    }
}
END_TEST

START_TEST(calendar__twenty_thousand_open_days_ahead_and_back) {
    muni_calendar *c = make(NULL);
    int32_t there, count, back;
    ck_assert_int_eq(muni__calendar_add_open_days(c, day_of("1949-01-05"), 20000, &there), MUNI_OK);
    ck_assert_int_eq(muni__calendar_count_open_days(c, day_of("1949-01-05"), there, &count), MUNI_OK);
    ck_assert_int_eq(count, 20001);
    ck_assert_int_eq(muni__calendar_add_open_days(c, there, -20000, &back), MUNI_OK);
    ck_assert_int_eq(back, day_of("1949-01-05"));
    muni_calendar_unref(c);
}
END_TEST

START_TEST(calendar__rolling_to_open_days) {
    muni_calendar *c = make(NULL);
    int32_t out = 0;
    ck_assert_int_eq(muni__calendar_roll_next(c, day_of("2025-05-03"), &out), MUNI_OK);
    ck_assert_int_eq(out, day_of("2025-05-07"));
    ck_assert_int_eq(muni__calendar_roll_next(c, day_of("2025-05-07"), &out), MUNI_OK);
    ck_assert_int_eq(out, day_of("2025-05-07"));
    ck_assert_int_eq(muni__calendar_roll_previous(c, day_of("2026-01-03"), &out), MUNI_OK);
    ck_assert_int_eq(out, day_of("2025-12-26"));
    ck_assert_int_eq(muni__calendar_roll_next(c, day_of("2050-12-31"), &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__calendar_roll_previous(c, day_of("1948-01-01"), &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__calendar_roll_next(c, day_of("2051-01-01"), &out), MUNI_EINVAL);
    muni_calendar_unref(c);
}
END_TEST

START_TEST(calendar__days_closed_and_opened_by_the_definition_overrule) {
    muni_calendar *c = make("{\"closed\":[\"2025-08-14\",{\"on\":\"2025-08-15\",\"note\":\"夏季一斉閉庁日\"}],"
                            "\"open\":[{\"on\":\"2025-03-30\",\"note\":\"日曜開庁\"},\"2026-01-02\"]}");
    ck_assert_int_eq(open_day(c, "2025-08-14"), 0);
    ck_assert_int_eq(open_day(c, "2025-03-30"), 1);
    ck_assert_int_eq(open_day(c, "2026-01-02"), 1);
    ck_assert_int_eq(open_at(c, "2025-03-30T09:00:00+09:00"), 1);
    check_explain(c, "2025-08-15", "{\"date\":\"2025-08-15\",\"open\":false,\"provisional\":false,\"reasons\":[{\"en\":\"夏季一斉閉庁日\",\"ja\":\"夏季一斉閉庁日\",\"rule\":\"closed\"}]}");
    check_explain(c, "2025-08-14", "{\"date\":\"2025-08-14\",\"open\":false,\"provisional\":false,\"reasons\":[{\"en\":\"closed by the calendar\",\"ja\":\"臨時閉庁\",\"rule\":\"closed\"}]}");
    check_explain(c, "2025-03-30", "{\"date\":\"2025-03-30\",\"open\":true,\"provisional\":false,\"reasons\":[{\"en\":\"日曜開庁\",\"ja\":\"日曜開庁\",\"rule\":\"open\"},{\"en\":\"Sunday\",\"ja\":\"日曜日\",\"rule\":\"weekend\"}]}");
    check_explain(c, "2026-01-02", "{\"date\":\"2026-01-02\",\"open\":true,\"provisional\":false,\"reasons\":[{\"en\":\"opened by the calendar\",\"ja\":\"臨時開庁\",\"rule\":\"open\"},{\"en\":\"year end and New Year\",\"ja\":\"年末年始\",\"rule\":\"year_end\"}]}");
    muni_calendar_unref(c);
}
END_TEST

START_TEST(calendar__explaining) {
    muni_calendar *c = make(NULL);
    check_explain(c, "2025-05-07", "{\"date\":\"2025-05-07\",\"open\":true,\"provisional\":false,\"reasons\":[]}");
    check_explain(c, "2025-05-10", "{\"date\":\"2025-05-10\",\"open\":false,\"provisional\":false,\"reasons\":[{\"en\":\"Saturday\",\"ja\":\"土曜日\",\"rule\":\"weekend\"}]}");
    check_explain(c, "2027-03-22", "{\"date\":\"2027-03-22\",\"open\":false,\"provisional\":false,\"reasons\":[{\"en\":\"substitute holiday\",\"ja\":\"振替休日\",\"rule\":\"holiday\"}]}");
    check_explain(c, "2028-03-20", "{\"date\":\"2028-03-20\",\"open\":false,\"provisional\":true,\"reasons\":[{\"en\":\"Vernal Equinox Day\",\"ja\":\"春分の日\",\"rule\":\"holiday\"}]}");
    check_explain(c, "2028-01-01", "{\"date\":\"2028-01-01\",\"open\":false,\"provisional\":false,\"reasons\":[{\"en\":\"Saturday\",\"ja\":\"土曜日\",\"rule\":\"weekend\"},"
                                   "{\"en\":\"New Year's Day\",\"ja\":\"元日\",\"rule\":\"holiday\"},{\"en\":\"year end and New Year\",\"ja\":\"年末年始\",\"rule\":\"year_end\"}]}");
    muni_calendar_unref(c);
}
END_TEST

START_TEST(calendar__a_closed_day_has_a_reason_and_an_open_one_none) {
    muni_calendar *c = make(NULL);
    for (int32_t day = day_of("1948-01-01"); day <= day_of("2050-12-31"); day++) {
        muni__buf b = MUNI_BUF_INIT(4096);
        bool open = false;
        ck_assert_int_eq(muni__calendar_is_open_day(c, day, &open), MUNI_OK);
        ck_assert_int_eq(muni__calendar_explain(c, day, &b), MUNI_OK);
        ck_assert_msg((strstr(b.p, "\"reasons\":[]") != NULL) == open && (strstr(b.p, "\"open\":true") != NULL) == open, "%s", b.p);
        muni__buf_free(&b);
    }
    muni_calendar_unref(c);
}
END_TEST

START_TEST(calendar__listing_holidays) {
    muni_calendar *c = make(NULL), *none = make("{\"holidays\":\"none\"}");
    char *out = NULL;
    json_t *all;
    ck_assert_int_eq(muni_calendar_holidays(c, "2028-03-01", "2028-04-30", &out), MUNI_OK);
    ck_assert_str_eq(out, "[{\"date\":\"2028-03-20\",\"name\":\"春分の日\",\"provisional\":true},{\"date\":\"2028-04-29\",\"name\":\"昭和の日\",\"provisional\":false}]");
    muni_free(out);
    ck_assert_int_eq(muni_calendar_holidays(c, "2025-05-06", "2025-05-06", &out), MUNI_OK);
    ck_assert_str_eq(out, "[{\"date\":\"2025-05-06\",\"name\":\"振替休日\",\"provisional\":false}]");
    muni_free(out);
    ck_assert_int_eq(muni_calendar_holidays(c, "2025-06-01", "2025-06-30", &out), MUNI_OK);
    ck_assert_str_eq(out, "[]");
    muni_free(out);
    ck_assert_int_eq(muni_calendar_holidays(none, "1948-01-01", "2050-12-31", &out), MUNI_OK);
    ck_assert_str_eq(out, "[]");
    muni_free(out);
    ck_assert_int_eq(muni_calendar_holidays(c, "1948-01-01", "2050-12-31", &out), MUNI_OK);
    all = json_loads(out, 0, NULL);
    ck_assert_uint_eq(json_array_size(all), 1533);
    json_decref(all);
    muni_free(out);
    out = (char *)1;
    ck_assert_int_eq(muni_calendar_holidays(c, "2025-06-30", "2025-06-01", &out), MUNI_EINVAL);
    ck_assert_ptr_null(out);
    ck_assert_int_eq(muni_calendar_holidays(c, "2025-06-30", "2051-01-01", &out), MUNI_EINVAL);
    muni_calendar_unref(c);
    muni_calendar_unref(none);
}
END_TEST

/* ---- hours */

START_TEST(calendar__hours_of_weekdays_and_zones) {
    muni_calendar *c = make("{\"hours\":[{\"from\":\"13:00\",\"to\":\"17:00\"},{\"from\":\"09:00\",\"to\":\"12:00\"}],"
                            "\"hours_by_weekday\":{\"thu\":[{\"from\":\"09:00\",\"to\":\"19:30\"}]},\"end_inclusive\":false}");
    muni_calendar *always = make("{\"weekend\":[],\"holidays\":\"none\",\"year_end\":null,\"hours\":[{\"from\":\"00:00\",\"to\":\"24:00\"}]}");
    muni_calendar *utc = make("{\"utc_offset\":\"+00:00\"}"), *west = make("{\"utc_offset\":\"-09:30\"}");
    ck_assert_int_eq(open_at(c, "2025-05-07T12:30:00+09:00"), 0); /* Wednesday noon */
    ck_assert_int_eq(open_at(c, "2025-05-07T11:59:59+09:00"), 1);
    ck_assert_int_eq(open_at(c, "2025-05-07T13:00:00+09:00"), 1);
    ck_assert_int_eq(open_at(c, "2025-05-08T12:30:00+09:00"), 1); /* Thursday */
    ck_assert_int_eq(open_at(c, "2025-05-08T19:29:59+09:00"), 1);
    ck_assert_int_eq(open_at(always, "2025-01-01T00:00:00+09:00"), 1);
    ck_assert_int_eq(open_at(always, "2025-01-01T23:59:59+09:00"), 1);
    ck_assert_int_eq(open_at(utc, "2025-05-07T08:30:00+00:00"), 1);
    ck_assert_int_eq(open_at(utc, "2025-05-07T08:30:00+09:00"), 0);
    ck_assert_int_eq(open_at(west, "2025-05-07T08:30:00-09:30"), 1);
    ck_assert_int_eq(open_at(west, "2025-05-07T08:29:59-09:30"), 0);
    muni_calendar_unref(c);
    muni_calendar_unref(always);
    muni_calendar_unref(utc);
    muni_calendar_unref(west);
}
END_TEST

START_TEST(calendar__open_seconds_between_moments) {
    static const struct {
        const char *from, *to;
        int64_t secs;
    } rows[] = { { "2025-05-07T08:30:00+09:00", "2025-05-07T17:15:00+09:00", 31500 }, { "2025-05-07T00:00:00+09:00", "2025-05-08T00:00:00+09:00", 31500 },
                 { "2025-05-02T17:00:00+09:00", "2025-05-07T08:45:00+09:00", 1800 },  { "2025-05-03T00:00:00+09:00", "2025-05-06T23:59:59+09:00", 0 },
                 { "2025-05-07T10:00:00+09:00", "2025-05-07T10:00:00+09:00", 0 },     { "2025-05-07T10:00:00+09:00", "2025-05-07T10:00:01+09:00", 1 },
                 { "2025-05-12T00:00:00+09:00", "2025-05-19T00:00:00+09:00", 157500 } };
    muni_calendar *c = make(NULL);
    int64_t out = -1;
    uint32_t seed = 99;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        ck_assert_int_eq(muni__calendar_open_secs(c, at_of(rows[i].from), at_of(rows[i].to), &out), MUNI_OK);
        ck_assert_int_eq(out, rows[i].secs);
    }
    ck_assert_int_eq(muni__calendar_add_open_secs(c, at_of("2025-05-02T17:00:00+09:00"), 900, &out), MUNI_OK);
    ck_assert_int_eq(out, at_of("2025-05-02T17:15:00+09:00"));
    ck_assert_int_eq(muni__calendar_add_open_secs(c, at_of("2025-05-02T17:00:00+09:00"), 901, &out), MUNI_OK);
    ck_assert_int_eq(out, at_of("2025-05-07T08:30:01+09:00"));
    ck_assert_int_eq(muni__calendar_add_open_secs(c, at_of("2025-05-03T17:00:00+09:00"), 0, &out), MUNI_OK);
    ck_assert_int_eq(out, at_of("2025-05-03T17:00:00+09:00"));
    for (int n = 0; n < 5000; n++) {
        int64_t from = at_of("2019-01-01T00:00:00+09:00") + (int64_t)next_random(&seed) % 200000000, secs = (int64_t)next_random(&seed) % 3000000 + 1, to, back;
        ck_assert_int_eq(muni__calendar_add_open_secs(c, from, secs, &to), MUNI_OK);
        ck_assert_int_eq(muni__calendar_open_secs(c, from, to, &back), MUNI_OK);
        ck_assert_int_eq(back, secs);
        ck_assert_int_eq(muni__calendar_open_secs(c, from, to - 1, &back), MUNI_OK);
        ck_assert_int_eq(back, secs - 1); /* it is the first such moment */
    }
    ck_assert_int_eq(muni__calendar_open_secs(c, 1, 0, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__calendar_open_secs(c, INT64_MIN, 0, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__calendar_open_secs(c, 0, INT64_MAX, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__calendar_add_open_secs(c, 0, -1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__calendar_add_open_secs(c, 0, INT64_MAX, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__calendar_add_open_secs(c, INT64_MAX, 1, &out), MUNI_EINVAL);
    muni_calendar_unref(c);
}
END_TEST

/* ---- definitions */

START_TEST(calendar__wrong_definitions_say_where) {
    static const struct {
        const char *definition, *field;
    } rows[] = {
        { "", "definition" }, { "x", "definition" }, { "[]", "definition" }, { "null", "definition" }, { "3", "definition" }, { "{", "definition" },
        { "{\"weekend\":[],\"weekend\":[]}", "definition" }, { "{} {}", "definition" },
        { "{\"weekened\":[]}", "weekened" }, { "{\"色\":1}", "色" }, { "{\"\":1}", "" },
        { "{\"weekend\":\"sat\"}", "weekend" }, { "{\"weekend\":[\"Sat\"]}", "weekend[0]" }, { "{\"weekend\":[\"sat\",6]}", "weekend[1]" },
        { "{\"weekend\":[\"sat\",\"sat\"]}", "weekend[1]" }, { "{\"weekend\":null}", "weekend" },
        { "{\"weekend\":[\"sun\",\"mon\",\"tue\",\"wed\",\"thu\",\"fri\",\"sat\"]}", "weekend" },
        { "{\"year_end\":[\"01-01\",\"12-31\"]}", "weekend" },
        { "{\"holidays\":\"us\"}", "holidays" }, { "{\"holidays\":true}", "holidays" },
        { "{\"year_end\":[\"12-29\"]}", "year_end" }, { "{\"year_end\":\"12-29\"}", "year_end" }, { "{\"year_end\":[\"12-29\",\"1-3\"]}", "year_end[1]" },
        { "{\"year_end\":[\"13-29\",\"01-03\"]}", "year_end[0]" }, { "{\"year_end\":[\"02-30\",\"03-03\"]}", "year_end[0]" }, { "{\"year_end\":[1,2]}", "year_end[0]" },
        { "{\"closed\":\"2025-08-14\"}", "closed" }, { "{\"closed\":[\"2025-8-14\"]}", "closed[0]" }, { "{\"closed\":[\"2025-02-29\"]}", "closed[0]" },
        { "{\"closed\":[\"2025-08-14\",{\"on\":\"2025-13-14\"}]}", "closed[1].on" }, { "{\"closed\":[{}]}", "closed[0].on" }, { "{\"closed\":[20250814]}", "closed[0]" },
        { "{\"closed\":[{\"on\":\"2025-08-14\",\"nota\":\"x\"}]}", "closed[0].nota" }, { "{\"closed\":[{\"on\":\"2025-08-14\",\"note\":3}]}", "closed[0].note" },
        { "{\"closed\":[{\"on\":\"2025-08-14\",\"note\":\"a\\nb\"}]}", "closed[0].note" },
        { "{\"closed\":[\"1947-08-14\"]}", "closed[0]" }, { "{\"open\":[\"2051-01-01\"]}", "open[0]" },
        { "{\"closed\":[\"2025-08-14\",\"2025-08-15\",\"2025-08-14\"]}", "closed[2]" }, { "{\"closed\":[\"2025-08-14\"],\"open\":[\"2025-08-13\",\"2025-08-14\"]}", "open[1]" },
        { "{\"hours\":[]}", "hours" }, { "{\"hours\":{}}", "hours" }, { "{\"hours\":[1]}", "hours[0]" }, { "{\"hours\":[{\"from\":\"08:30\"}]}", "hours[0].to" },
        { "{\"hours\":[{\"from\":\"8:30\",\"to\":\"17:15\"}]}", "hours[0].from" }, { "{\"hours\":[{\"from\":\"08:60\",\"to\":\"17:15\"}]}", "hours[0].from" },
        { "{\"hours\":[{\"from\":\"24:00\",\"to\":\"24:00\"}]}", "hours[0].from" }, { "{\"hours\":[{\"from\":\"08:30\",\"to\":\"24:01\"}]}", "hours[0].to" },
        { "{\"hours\":[{\"from\":\"22:00\",\"to\":\"06:00\"}]}", "hours[0]" }, { "{\"hours\":[{\"from\":\"08:30\",\"to\":\"08:30\"}]}", "hours[0]" },
        { "{\"hours\":[{\"from\":\"08:30\",\"to\":\"17:15\",\"till\":\"x\"}]}", "hours[0].till" },
        { "{\"hours\":[{\"from\":\"08:30\",\"to\":\"12:00\"},{\"from\":\"11:00\",\"to\":\"17:15\"}]}", "hours" },
        { "{\"hours\":[{\"from\":\"08:30\",\"to\":\"12:00\"},{\"from\":\"12:00\",\"to\":\"17:15\"}]}", "hours" },
        { "{\"hours_by_weekday\":[]}", "hours_by_weekday" }, { "{\"hours_by_weekday\":{\"Thu\":[]}}", "hours_by_weekday" }, { "{\"hours_by_weekday\":{\"thu\":[]}}", "hours_by_weekday.thu" },
        { "{\"hours_by_weekday\":{\"thu\":[{\"from\":\"x\",\"to\":\"y\"}]}}", "hours_by_weekday.thu[0].from" },
        { "{\"end_inclusive\":1}", "end_inclusive" }, { "{\"published_through\":\"2027\"}", "published_through" }, { "{\"published_through\":2051}", "published_through" },
        { "{\"published_through\":99999999999999}", "published_through" }, { "{\"published_through\":2027.5}", "published_through" },
        { "{\"utc_offset\":\"JST\"}", "utc_offset" }, { "{\"utc_offset\":9}", "utc_offset" }, { "{\"utc_offset\":\"+9:00\"}", "utc_offset" }, { "{\"utc_offset\":\"+18:01\"}", "utc_offset" },
        { "{\"utc_offset\":\"+09:60\"}", "utc_offset" },
    };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        muni_calendar *c = (muni_calendar *)1;
        ck_assert_msg(muni_calendar_new(rows[i].definition, &c) == MUNI_EDEFINITION, "%s: %d", rows[i].definition, muni_error_code());
        ck_assert_ptr_null(c);
        ck_assert_msg(!strcmp(muni_error_field(), rows[i].field), "%s: %s", rows[i].definition, muni_error_field());
        ck_assert(*muni_error_text("en") && *muni_error_text("ja"));
    }
    muni_calendar *c;
    muni_calendar_new("{\"holiday\":\"jp\"}", &c);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "\"holidays\""));
    ck_assert_ptr_nonnull(strstr(muni_error_text("ja"), "holidays"));
}
END_TEST

START_TEST(calendar__definitions_too_big_or_not_utf8) {
    size_t n = ((size_t)1 << 20) + 10;
    char *big = malloc(n);
    muni_calendar *c = (muni_calendar *)1;
    ck_assert_ptr_nonnull(big);
    memset(big, ' ', n - 1);
    big[n - 1] = '\0';
    ck_assert_int_eq(muni_calendar_new(big, &c), MUNI_ELIMIT);
    ck_assert_ptr_null(c);
    memset(big, '[', 500000); /* deep */
    big[500000] = '\0';
    ck_assert_int_eq(muni_calendar_new(big, &c), MUNI_EDEFINITION);
    ck_assert_int_eq(muni_calendar_new("{\"weekend\":[\"\xff\"]}", &c), MUNI_EUTF8);
    ck_assert_ptr_null(c);
    n = (size_t)snprintf(big, 1000, "{\"closed\":[{\"on\":\"2025-08-14\",\"note\":\"");
    for (int i = 0; i < 200; i++, n += 3)
        memcpy(big + n, "閉", 3);
    strcpy(big + n, "\"}]}");
    ck_assert_int_eq(muni_calendar_new(big, &c), MUNI_OK);
    muni_calendar_unref(c);
    strcpy(big + n, "閉\"}]}");
    ck_assert_int_eq(muni_calendar_new(big, &c), MUNI_EDEFINITION);
    n = (size_t)snprintf(big, 1000, "{\"open\":[");
    for (int i = 0; i <= 10000; i++)
        n += (size_t)snprintf(big + n, 100, "%s\"2025-08-14\"", i ? "," : "");
    strcpy(big + n, "]}");
    ck_assert_int_eq(muni_calendar_new(big, &c), MUNI_EDEFINITION);
    ck_assert_str_eq(muni_error_field(), "open");
    free(big);
}
END_TEST

/* ---- hostile calls, memory, threads */

START_TEST(calendar__calls_with_null_and_garbage) {
    static const char *const garbage[] = { NULL, "", "garbage", "2027-02-29", "2027-4-1", "１９９９-01-01", "\xff\xff\xff\xff-01-01", "9999-12-31", "0001-01-01",
                                           "2027-04-01T00:00:00Z", "2027-04-01 %s%n%s%n" };
    muni_calendar *c = make(NULL);
    char *text;
    int32_t n;
    ck_assert_int_eq(muni_calendar_new(NULL, NULL), MUNI_EINVAL);
    ck_assert_ptr_null(muni_calendar_ref(NULL));
    muni_calendar_unref(NULL);
    ck_assert_int_eq(muni_calendar_is_open_day(NULL, "2027-04-01", &n), MUNI_ECLOSED);
    ck_assert_int_eq(muni_calendar_is_open_at(NULL, 0, &n), MUNI_ECLOSED);
    text = (char *)1;
    ck_assert_int_eq(muni_calendar_add_open_days(NULL, "2027-04-01", 1, &text), MUNI_ECLOSED);
    ck_assert_ptr_null(text);
    ck_assert_int_eq(muni_calendar_count_open_days(NULL, "2027-04-01", "2027-04-01", &n), MUNI_ECLOSED);
    text = (char *)1;
    ck_assert_int_eq(muni_calendar_explain(NULL, "2027-04-01", &text), MUNI_ECLOSED);
    ck_assert_ptr_null(text);
    text = (char *)1;
    ck_assert_int_eq(muni_calendar_holidays(NULL, "2027-04-01", "2027-04-01", &text), MUNI_ECLOSED);
    ck_assert_ptr_null(text);
    ck_assert(*muni_error_text("ja"));
    ck_assert_int_eq(muni_calendar_is_open_day(c, "2027-04-01", NULL), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_is_open_at(c, 0, NULL), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_add_open_days(c, "2027-04-01", 1, NULL), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_count_open_days(c, "2027-04-01", "2027-04-01", NULL), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_explain(c, "2027-04-01", NULL), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_holidays(c, "2027-04-01", "2027-04-01", NULL), MUNI_EINVAL);
    for (size_t i = 0; i < MUNI_COUNT(garbage); i++) {
        ck_assert_int_eq(muni_calendar_is_open_day(c, garbage[i], &n), MUNI_EINVAL);
        ck_assert_str_eq(muni_error_field(), "date");
        ck_assert_int_eq(muni_calendar_add_open_days(c, garbage[i], 1, &text), MUNI_EINVAL);
        ck_assert_ptr_null(text);
        ck_assert_int_eq(muni_calendar_count_open_days(c, garbage[i], "2027-04-01", &n), MUNI_EINVAL);
        ck_assert_str_eq(muni_error_field(), "from");
        ck_assert_int_eq(muni_calendar_count_open_days(c, "2027-04-01", garbage[i], &n), MUNI_EINVAL);
        ck_assert_str_eq(muni_error_field(), "to");
        ck_assert_int_eq(muni_calendar_explain(c, garbage[i], &text), MUNI_EINVAL);
        ck_assert_ptr_null(text);
        ck_assert_int_eq(muni_calendar_holidays(c, garbage[i], "2027-04-01", &text), MUNI_EINVAL);
        ck_assert_int_eq(muni_calendar_holidays(c, "2027-04-01", garbage[i], &text), MUNI_EINVAL);
        ck_assert_ptr_null(text);
    }
    ck_assert_int_eq(muni_calendar_is_open_at(c, INT64_MIN, &n), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_is_open_at(c, INT64_MAX, &n), MUNI_EINVAL);
    ck_assert_int_eq(muni_calendar_is_open_at(c, at_of("1947-12-31T23:59:59+09:00"), &n), MUNI_EINVAL);
    ck_assert_str_eq(muni_error_field(), "at");
    ck_assert_int_eq(muni_calendar_is_open_at(c, at_of("1948-01-01T00:00:00+09:00"), &n), MUNI_OK);
    ck_assert_int_eq(muni_error_code(), 0);
    ck_assert_int_eq(muni_calendar_is_open_at(c, at_of("2051-01-01T00:00:00+09:00"), &n), MUNI_EINVAL);
    muni_calendar_unref(c);
}
END_TEST

START_TEST(calendar__memory_failing_anywhere_is_told) {
    static const char definition[] = "{\"weekend\":[\"sat\"],\"closed\":[\"2025-08-14\",{\"on\":\"2025-08-15\",\"note\":\"夏季\"}],\"open\":[{\"on\":\"2025-08-16\",\"note\":\"x\"}],"
                                     "\"hours_by_weekday\":{\"thu\":[{\"from\":\"08:30\",\"to\":\"19:00\"}]},\"year_end\":null,\"utc_offset\":\"+09:00\"}";
    muni_calendar *c = NULL;
    char *out = NULL;
    muni_status st;
    FAULT_LOOP(st, muni_calendar_new(definition, &c), ck_assert_ptr_null(c));
    FAULT_LOOP(st, muni_calendar_add_open_days(c, "2027-04-01", 5, &out), ck_assert_ptr_null(out));
    muni_free(out);
    FAULT_LOOP(st, muni_calendar_explain(c, "2025-08-15", &out), ck_assert_ptr_null(out));
    muni_free(out);
    FAULT_LOOP(st, muni_calendar_holidays(c, "2020-01-01", "2027-12-31", &out), ck_assert_ptr_null(out));
    muni_free(out);
    muni_calendar_unref(c);
    FAULT_LOOP(st, muni_calendar_new(NULL, &c), ck_assert_ptr_null(c));
    muni_calendar_unref(c);
}
END_TEST

static void *ask(void *user) {
    muni_calendar *c = muni_calendar_ref(user);
    intptr_t wrong = 0;
    for (int i = 0; i < 5000; i++) {
        int32_t n = -1;
        muni_calendar *again = muni_calendar_ref(c);
        if (muni_calendar_count_open_days(again, "2025-04-01", "2026-03-31", &n) != MUNI_OK || n != 242)
            wrong++;
        muni_calendar_unref(again);
    }
    muni_calendar_unref(c);
    return (void *)wrong;
}

START_TEST(calendar__several_threads_ask_one_calendar) {
    muni_calendar *c = make(NULL);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, ask, c), 0);
    for (size_t i = 0; i < 4; i++) {
        void *wrong = (void *)1;
        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
    ck_assert_int_eq(open_day(c, "2026-01-05"), 1);
    muni_calendar_unref(c);
}
END_TEST

Suite *suite_calendar(void);
Suite *suite_calendar(void) {
    Suite *s = suite_create("calendar");
    TCase *t = tcase_create("holiday");
    suite_add_tcase(s, t);
    tcase_add_test(t, holiday__same_days_as_the_cabinet_office_1955_2027);
    tcase_add_test(t, holiday__known_days_and_names);
    tcase_add_test(t, holiday__days_that_rest_on_an_unpublished_equinox_are_provisional);
    t = tcase_create("calendar");
    suite_add_tcase(s, t);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, calendar__num_007_business_hours);
    tcase_add_test(t, calendar__sen_003_open_days);
    tcase_add_test(t, calendar__sen_004_service_hours);
    tcase_add_test(t, calendar__adding_open_days);
    tcase_add_test(t, calendar__counting_open_days_with_both_ends);
    tcase_add_test(t, calendar__adding_and_counting_agree_with_walking);
    tcase_add_test(t, calendar__twenty_thousand_open_days_ahead_and_back);
    tcase_add_test(t, calendar__rolling_to_open_days);
    tcase_add_test(t, calendar__days_closed_and_opened_by_the_definition_overrule);
    tcase_add_test(t, calendar__explaining);
    tcase_add_test(t, calendar__a_closed_day_has_a_reason_and_an_open_one_none);
    tcase_add_test(t, calendar__listing_holidays);
    tcase_add_test(t, calendar__hours_of_weekdays_and_zones);
    tcase_add_test(t, calendar__open_seconds_between_moments);
    tcase_add_test(t, calendar__wrong_definitions_say_where);
    tcase_add_test(t, calendar__definitions_too_big_or_not_utf8);
    tcase_add_test(t, calendar__calls_with_null_and_garbage);
    tcase_add_test(t, calendar__memory_failing_anywhere_is_told);
    tcase_add_test(t, calendar__several_threads_ask_one_calendar);
    return s;
}
