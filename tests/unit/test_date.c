/* core/date.h: days, moments, periods, fiscal years. */
#include "core/date.h"

#include <check.h>

static int32_t day_of(const char *iso) {
    int32_t day = 0;
    ck_assert_msg(muni__date_read(iso, MUNI_ZERO_TERMINATED, &day), "not a date: %s", iso);
    return day;
}

static const char *iso_of(int32_t day, char out[MUNI__DATE_SIZE]) {
    muni__date_format_iso(day, out);
    return out;
}

START_TEST(date__every_day_there_and_back_1_to_9999) {
    int32_t y = 1, m = 1, d = 1, weekday = MUNI__MONDAY; /* 0001-01-01 was a Monday */
    for (int32_t day = MUNI__DAY_MIN; day <= MUNI__DAY_MAX; day++) {
        int32_t yy, mm, dd;
        muni__day_to_civil(day, &yy, &mm, &dd);
        if (yy != y || mm != m || dd != d || muni__day_from_civil(y, m, d) != day || muni__day_weekday(day) != weekday)
            ck_abort_msg("day %d: %d-%d-%d, counted %d-%d-%d", day, yy, mm, dd, y, m, d);
        weekday = (weekday + 1) % 7;
        if (++d > muni__date_month_days(y, m)) {
            d = 1;
            if (++m > 12) {
                m = 1;
                y++;
            }
        }
    }
    ck_assert_int_eq(y, 10000);
    ck_assert_int_eq(muni__day_from_civil(1970, 1, 1), 0);
    ck_assert_int_eq(muni__day_weekday(0), MUNI__THURSDAY);
}
END_TEST

START_TEST(date__leap_years_and_month_lengths) {
    ck_assert(muni__date_leap(2000) && muni__date_leap(2024) && !muni__date_leap(1900) && !muni__date_leap(2027));
    ck_assert_int_eq(muni__date_month_days(2028, 2), 29);
    ck_assert_int_eq(muni__date_month_days(2027, 2), 28);
    ck_assert_int_eq(muni__date_month_days(2027, 0), 0);
    ck_assert_int_eq(muni__date_month_days(2027, 13), 0);
    ck_assert_int_eq(muni__day_from_civil(2027, 2, 29), MUNI__DAY_MIN - 1);
    ck_assert_int_eq(muni__day_from_civil(0, 1, 1), MUNI__DAY_MIN - 1);
    ck_assert_int_eq(muni__day_from_civil(10000, 1, 1), MUNI__DAY_MIN - 1);
    ck_assert(!muni__day_valid(MUNI__DAY_MIN - 1) && !muni__day_valid(MUNI__DAY_MAX + 1));
}
END_TEST

START_TEST(date__nth_weekday_of_a_month) {
    char text[MUNI__DATE_SIZE];
    ck_assert_str_eq(iso_of(muni__day_nth_weekday(2027, 1, MUNI__MONDAY, 2), text), "2027-01-11");
    ck_assert_str_eq(iso_of(muni__day_nth_weekday(2026, 6, MUNI__MONDAY, 1), text), "2026-06-01");
    ck_assert_str_eq(iso_of(muni__day_nth_weekday(2026, 6, MUNI__SUNDAY, 1), text), "2026-06-07");
}
END_TEST

START_TEST(date__iso_is_strict) {
    static const char *const wrong[] = { "", "2027", "2027-4-1", "2027-04-1", "2027/04/01", "20270401", "2027-04-01 ", " 2027-04-01", "2027-04-01T00:00:00Z",
                                         "2027-13-01", "2027-00-01", "2027-02-29", "2027-04-31", "2027-04-00", "0000-01-01", "-001-01-01", "+027-01-01",
                                         "２０２７-04-01", "2027-0a-01", "2027-04-0\x80", "99999-01-01" };
    int32_t day = 77;
    for (size_t i = 0; i < MUNI_COUNT(wrong); i++) {
        ck_assert_msg(!muni__date_read(wrong[i], MUNI_ZERO_TERMINATED, &day), "%s", wrong[i]);
        ck_assert_int_eq(muni__date_parse_iso(wrong[i], MUNI_ZERO_TERMINATED, "due_on", &day), MUNI_EINVAL);
        ck_assert_str_eq(muni_error_field(), "due_on");
        ck_assert(*muni_error_text("ja") && *muni_error_text("en"));
    }
    ck_assert_int_eq(muni__date_parse_iso("1965-02-30", 10, "born_on", &day), MUNI_EINVAL);
    ck_assert(!strstr(muni_error_text("en"), "1965") && !strstr(muni_error_text("ja"), "1965"));
    ck_assert(!muni__date_read(NULL, 0, &day));
    ck_assert_int_eq(muni__date_parse_iso(NULL, 10, NULL, &day), MUNI_EINVAL);
    ck_assert_int_eq(day, 77);
    ck_assert(muni__date_read("2027-04-01x", 10, &day) && day == 20909);
    ck_assert(muni__date_read("0001-01-01", 10, &day) && day == MUNI__DAY_MIN);
    ck_assert(muni__date_read("9999-12-31", 10, &day) && day == MUNI__DAY_MAX);
    ck_assert(!muni__date_read("2027-04-01\0", 11, &day));
}
END_TEST

START_TEST(date__time_written_and_read) {
    char text[MUNI__TIME_SIZE];
    int64_t at = 0;
    ck_assert_int_eq(muni__time_parse("2027-04-01T00:00:00+09:00", MUNI_ZERO_TERMINATED, "at", &at), MUNI_OK);
    ck_assert_int_eq(at, 1806505200);
    ck_assert_int_eq(muni__time_format(at, MUNI__ZONE_JST, text), MUNI_OK);
    ck_assert_str_eq(text, "2027-04-01T00:00:00+09:00");
    ck_assert_int_eq(muni__time_format(at, 0, text), MUNI_OK);
    ck_assert_str_eq(text, "2027-03-31T15:00:00+00:00");
    ck_assert_int_eq(muni__time_format(at, -34200, text), MUNI_OK);
    ck_assert_str_eq(text, "2027-03-31T05:30:00-09:30");
    ck_assert_int_eq(muni__time_parse("1969-12-31T23:59:59Z", 20, "at", &at), MUNI_OK);
    ck_assert_int_eq(at, -1);
    ck_assert_int_eq(muni__time_format(-1, MUNI__ZONE_JST, text), MUNI_OK);
    ck_assert_str_eq(text, "1970-01-01T08:59:59+09:00");
}
END_TEST

START_TEST(date__time_refuses_what_has_no_offset_or_no_form) {
    static const char *const wrong[] = { "", "2027-04-01", "2027-04-01T00:00:00", "2027-04-01 00:00:00+09:00", "2027-04-01T00:00+09:00", "2027-04-01T24:00:00Z",
                                         "2027-04-01T23:60:00Z", "2027-04-01T23:59:60Z", "2027-02-29T00:00:00Z", "2027-04-01T00:00:00z", "2027-04-01T00:00:00+0900",
                                         "2027-04-01T00:00:00+19:00", "2027-04-01T00:00:00+09:60", "2027-04-01T00:00:00.5Z", "2027-04-01T00:00:00Zx",
                                         "2027-04-01T00:00:00+09:00 and more of it", "garbage" };
    int64_t at = 77;
    for (size_t i = 0; i < MUNI_COUNT(wrong); i++) {
        ck_assert_msg(muni__time_parse(wrong[i], MUNI_ZERO_TERMINATED, "at", &at) == MUNI_EINVAL, "%s", wrong[i]);
        ck_assert(*muni_error_text("ja") && *muni_error_text("en"));
    }
    ck_assert_int_eq(muni__time_parse(NULL, 3, "at", &at), MUNI_EINVAL);
    muni__time_parse("2027-04-01", 10, "at", &at);
    ck_assert_ptr_nonnull(strstr(muni_error_text("en"), "offset"));
    ck_assert_int_eq(at, 77);
}
END_TEST

START_TEST(date__moments_outside_the_years_are_refused) {
    static const int64_t far[] = { INT64_MIN, INT64_MAX, INT64_MIN + 1, -62135596801, 253402300800, 253402300799 + 86400 * 3 };
    char text[MUNI__TIME_SIZE];
    muni__civil c;
    int32_t day;
    int64_t at;
    for (size_t i = 0; i < MUNI_COUNT(far); i++) {
        ck_assert_int_eq(muni__time_format(far[i], 0, text), MUNI_EINVAL);
        ck_assert_int_eq(muni__civil_from_time(far[i], 0, &c), MUNI_EINVAL);
        ck_assert_int_eq(muni__day_of_time(far[i], 0, &day, NULL), MUNI_EINVAL);
    }
    ck_assert_int_eq(muni__time_format(253402300799, 0, text), MUNI_OK);
    ck_assert_str_eq(text, "9999-12-31T23:59:59+00:00");
    ck_assert_int_eq(muni__time_format(253402300799, 60, text), MUNI_EINVAL);
    ck_assert_int_eq(muni__time_format(-62135596800, 0, text), MUNI_OK);
    ck_assert_str_eq(text, "0001-01-01T00:00:00+00:00");
    ck_assert_int_eq(muni__time_format(-62135596800, -60, text), MUNI_EINVAL);
    ck_assert_int_eq(muni__time_format(0, 30, text), MUNI_EINVAL);
    ck_assert_int_eq(muni__time_format(0, 64860, text), MUNI_EINVAL);
    c = (muni__civil){ 2027, 2, 29, 0, 0, 0 };
    ck_assert_int_eq(muni__civil_to_time(&c, 0, &at), MUNI_EINVAL);
    c = (muni__civil){ 2027, 4, 1, 9, 0, -1 };
    ck_assert_int_eq(muni__civil_to_time(&c, 0, &at), MUNI_EINVAL);
    c = (muni__civil){ 2027, 4, 1, 9, 0, 1 };
    ck_assert_int_eq(muni__civil_to_time(&c, MUNI__ZONE_JST, &at), MUNI_OK);
    ck_assert_int_eq(at, 1806505200 + 9 * 3600 + 1);
}
END_TEST

START_TEST(date__months_are_clamped_to_their_last_day) {
    static const struct {
        const char *from;
        int32_t months;
        const char *to;
    } rows[] = { { "2027-01-31", 1, "2027-02-28" },  { "2028-01-31", 1, "2028-02-29" },   { "2027-01-30", 1, "2027-02-28" }, { "2027-03-31", -1, "2027-02-28" },
                 { "2027-12-15", 1, "2028-01-15" },  { "2028-02-29", 12, "2029-02-28" },  { "2028-02-29", 48, "2032-02-29" }, { "2027-01-15", -13, "2025-12-15" },
                 { "2027-04-01", 0, "2027-04-01" } };
    char text[MUNI__DATE_SIZE];
    int32_t out = 0;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        ck_assert_int_eq(muni__date_add_months(day_of(rows[i].from), rows[i].months, &out), MUNI_OK);
        ck_assert_str_eq(iso_of(out, text), rows[i].to);
    }
    ck_assert_int_eq(muni__date_add_years(day_of("2028-02-29"), 1, &out), MUNI_OK);
    ck_assert_str_eq(iso_of(out, text), "2029-02-28");
    ck_assert_int_eq(muni__date_add_months(day_of("9999-12-31"), 1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_add_months(day_of("0001-01-01"), -1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_add_months(0, INT32_MAX, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_add_months(0, INT32_MIN, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_add_months(INT32_MAX, 1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_add_years(0, INT32_MAX, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_add_years(0, INT32_MIN, &out), MUNI_EINVAL);
}
END_TEST

START_TEST(date__period_ends_as_the_civil_code_says) {
    static const struct {
        const char *first;
        int32_t months;
        const char *last;
    } rows[] = { { "2027-04-01", 12, "2028-03-31" }, { "2027-03-01", 1, "2027-03-31" }, { "2027-02-01", 1, "2027-02-28" }, { "2027-04-15", 1, "2027-05-14" },
                 { "2027-01-31", 1, "2027-02-28" },  { "2027-01-30", 1, "2027-02-28" }, { "2028-01-30", 1, "2028-02-29" }, { "2028-01-29", 1, "2028-02-28" },
                 { "2027-12-31", 2, "2028-02-29" },  { "2027-05-31", 1, "2027-06-30" }, { "2028-02-29", 12, "2029-02-28" } };
    char text[MUNI__DATE_SIZE];
    int32_t out = 0;
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        ck_assert_int_eq(muni__date_period_end(day_of(rows[i].first), rows[i].months, &out), MUNI_OK);
        ck_assert_str_eq(iso_of(out, text), rows[i].last);
    }
    ck_assert_int_eq(muni__date_period_end(day_of("9999-12-01"), 1, &out), MUNI_OK); /* to the very last day */
    ck_assert_int_eq(out, MUNI__DAY_MAX);
    ck_assert_int_eq(muni__date_period_end(day_of("9999-12-02"), 1, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_period_end(0, 0, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_period_end(0, -3, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_period_end(0, INT32_MAX, &out), MUNI_EINVAL);
    ck_assert_int_eq(muni__date_period_end(MUNI__DAY_MAX + 1, 1, &out), MUNI_EINVAL);
}
END_TEST

START_TEST(date__fiscal_year_half_and_quarter) {
    static const int32_t quarter[] = { 4, 4, 4, 1, 1, 1, 2, 2, 2, 3, 3, 3 };
    for (int32_t m = 1; m <= 12; m++) {
        int32_t day = muni__day_from_civil(2027, m, muni__date_month_days(2027, m));
        ck_assert_int_eq(muni__fiscal_quarter(day), quarter[m - 1]);
        ck_assert_int_eq(muni__fiscal_half(day), m >= 4 && m <= 9 ? 1 : 2);
        ck_assert_int_eq(muni__fiscal_year(day), m >= 4 ? 2027 : 2026);
    }
    ck_assert_int_eq(muni__fiscal_first(2027), day_of("2027-04-01"));
    ck_assert_int_eq(muni__fiscal_last(2027), day_of("2028-03-31"));
    ck_assert(!muni__day_valid(muni__fiscal_first(9999)) && !muni__day_valid(muni__fiscal_last(0)));
}
END_TEST

Suite *suite_date(void);
Suite *suite_date(void) {
    Suite *s = suite_create("date");
    TCase *t = tcase_create("date");
    suite_add_tcase(s, t);
    tcase_add_test(t, date__every_day_there_and_back_1_to_9999);
    tcase_add_test(t, date__leap_years_and_month_lengths);
    tcase_add_test(t, date__nth_weekday_of_a_month);
    tcase_add_test(t, date__iso_is_strict);
    tcase_add_test(t, date__time_written_and_read);
    tcase_add_test(t, date__time_refuses_what_has_no_offset_or_no_form);
    tcase_add_test(t, date__moments_outside_the_years_are_refused);
    tcase_add_test(t, date__months_are_clamped_to_their_last_day);
    tcase_add_test(t, date__period_ends_as_the_civil_code_says);
    tcase_add_test(t, date__fiscal_year_half_and_quarter);
    return s;
}
