#include "core/date.h"

/* ---- the calendar */

bool muni__date_leap(int32_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int32_t muni__date_month_days(int32_t year, int32_t month) {
    static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (month < 1 || month > 12)
        return 0;
    return days[month - 1] + (month == 2 && muni__date_leap(year) ? 1 : 0);
}

bool muni__date_valid(int32_t year, int32_t month, int32_t day) {
    return year >= 1 && year <= 9999 && day >= 1 && day <= muni__date_month_days(year, month);
}

int32_t muni__day_from_civil(int32_t year, int32_t month, int32_t day) {
    int32_t y, m, doy;
    if (!muni__date_valid(year, month, day))
        return MUNI__DAY_MIN - 1;
    /* Years that begin in March, so that the leap day is the last one; year 1 still gives y >= 0. */
    y = month > 2 ? year : year - 1;
    m = month > 2 ? month - 3 : month + 9;
    doy = (153 * m + 2) / 5 + day - 1;
    return y * 365 + y / 4 - y / 100 + y / 400 + doy - 719468;
}

void muni__day_to_civil(int32_t day, int32_t *year, int32_t *month, int32_t *mday) {
    int32_t z = day + 719468; /* days since 0000-03-01 */
    int32_t era = z / 146097, doe = z % 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int32_t mp = (5 * doy + 2) / 153;
    int32_t m = mp < 10 ? mp + 3 : mp - 9;
    if (year)
        *year = era * 400 + yoe + (m <= 2 ? 1 : 0);
    if (month)
        *month = m;
    if (mday)
        *mday = doy - (153 * mp + 2) / 5 + 1;
}

int32_t muni__day_weekday(int32_t day) {
    int32_t w = (day % 7 + 4) % 7; /* 1970-01-01 was a Thursday */
    return w < 0 ? w + 7 : w;
}

int32_t muni__day_nth_weekday(int32_t year, int32_t month, int32_t weekday, int32_t nth) {
    int32_t first = muni__day_from_civil(year, month, 1);
    return first + (weekday - muni__day_weekday(first) + 7) % 7 + (nth - 1) * 7;
}

/* ---- texts */

/* `count` ASCII digits, or -1. */
static int32_t digits(const char *p, size_t count) {
    int32_t v = 0;
    for (size_t i = 0; i < count; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

/* Longer texts are never right here, so nothing beyond one byte more than the longest form is looked at. */
static size_t bounded(const char *text, size_t n) {
    if (n == MUNI_ZERO_TERMINATED)
        for (n = 0; n < MUNI__TIME_SIZE && text[n]; n++)
            ;
    return n;
}

/* The ten bytes of a date: 0 right, 1 not in the form, 2 no such day. */
static int read_date(const char *p, int32_t *day) {
    int32_t y = digits(p, 4), m = digits(p + 5, 2), d = digits(p + 8, 2);
    if (y < 0 || m < 0 || d < 0 || p[4] != '-' || p[7] != '-')
        return 1;
    if (!muni__date_valid(y, m, d))
        return 2;
    *day = muni__day_from_civil(y, m, d);
    return 0;
}

bool muni__date_read(const char *text, size_t n, int32_t *day) {
    return text && bounded(text, n) == 10 && read_date(text, day) == 0;
}

muni_status muni__date_parse_iso(const char *text, size_t n, const char *field, int32_t *day) {
    int wrong;
    if (!text)
        return muni__fail(MUNI_EINVAL, field, "a date is missing; give YYYY-MM-DD, such as 2027-04-01",
                          "日付がありません。2027-04-01 のように YYYY-MM-DD で指定してください");
    wrong = bounded(text, n) == 10 ? read_date(text, day) : 1;
    if (wrong == 2)
        return muni__fail(MUNI_EINVAL, field, "the date does not exist; give a day of the calendar from 0001-01-01 to 9999-12-31",
                          "存在しない日付です。0001-01-01 から 9999-12-31 までの実在する日を指定してください");
    if (wrong)
        return muni__fail(MUNI_EINVAL, field, "the date is not written as YYYY-MM-DD, such as 2027-04-01",
                          "日付の書き方が違います。2027-04-01 のように YYYY-MM-DD で指定してください");
    return MUNI_OK;
}

static void put_digits(char *p, int32_t v, size_t count) {
    while (count-- > 0) {
        p[count] = (char)('0' + v % 10);
        v /= 10;
    }
}

void muni__date_format_iso(int32_t day, char out[MUNI__DATE_SIZE]) {
    int32_t y, m, d;
    muni__day_to_civil(day, &y, &m, &d);
    put_digits(out, y, 4);
    out[4] = '-';
    put_digits(out + 5, m, 2);
    out[7] = '-';
    put_digits(out + 8, d, 2);
    out[10] = '\0';
}

/* ---- moments */

bool muni__zone_valid(int32_t zone) {
    return zone >= -MUNI__ZONE_LIMIT && zone <= MUNI__ZONE_LIMIT && zone % 60 == 0;
}

static muni_status fail_zone(void) {
    return muni__fail(MUNI_EINVAL, "zone", "the zone offset must be whole minutes, at most 18 hours either way",
                      "時差は18時間以内の分単位で指定してください");
}

static muni_status fail_moment(void) {
    return muni__fail(MUNI_EINVAL, "at", "the time is outside the years 0001 to 9999",
                      "時刻が西暦1年から9999年までの範囲にありません");
}

muni_status muni__day_of_time(int64_t at, int32_t zone, int32_t *day, int32_t *second) {
    int64_t local, d, s;
    if (!muni__zone_valid(zone))
        return fail_zone();
    /* Bounds with a day to spare keep the addition from overflowing. */
    if (at < ((int64_t)MUNI__DAY_MIN - 1) * 86400 || at > ((int64_t)MUNI__DAY_MAX + 2) * 86400)
        return fail_moment();
    local = at + zone;
    d = local / 86400;
    s = local % 86400;
    if (s < 0) {
        s += 86400;
        d--;
    }
    if (d < MUNI__DAY_MIN || d > MUNI__DAY_MAX)
        return fail_moment();
    *day = (int32_t)d;
    if (second)
        *second = (int32_t)s;
    return MUNI_OK;
}

int64_t muni__time_of_day(int32_t day, int32_t zone) {
    return (int64_t)day * 86400 - zone;
}

muni_status muni__civil_from_time(int64_t at, int32_t zone, muni__civil *out) {
    int32_t day, second;
    muni_status st = muni__day_of_time(at, zone, &day, &second);
    if (st < 0)
        return st;
    muni__day_to_civil(day, &out->year, &out->month, &out->day);
    out->hour = second / 3600;
    out->min = second / 60 % 60;
    out->sec = second % 60;
    return MUNI_OK;
}

muni_status muni__civil_to_time(const muni__civil *civil, int32_t zone, int64_t *at) {
    if (!muni__zone_valid(zone))
        return fail_zone();
    if (!muni__date_valid(civil->year, civil->month, civil->day) || civil->hour < 0 || civil->hour > 23 || civil->min < 0 ||
        civil->min > 59 || civil->sec < 0 || civil->sec > 59)
        return muni__fail(MUNI_EINVAL, "at", "there is no such day or time of day", "存在しない日または時刻です");
    *at = muni__time_of_day(muni__day_from_civil(civil->year, civil->month, civil->day), zone) + civil->hour * 3600 +
          civil->min * 60 + civil->sec;
    return MUNI_OK;
}

muni_status muni__time_format(int64_t at, int32_t zone, char out[MUNI__TIME_SIZE]) {
    muni__civil c;
    int32_t away = zone < 0 ? -zone : zone;
    muni_status st = muni__civil_from_time(at, zone, &c);
    if (st < 0)
        return st;
    put_digits(out, c.year, 4);
    put_digits(out + 5, c.month, 2);
    put_digits(out + 8, c.day, 2);
    put_digits(out + 11, c.hour, 2);
    put_digits(out + 14, c.min, 2);
    put_digits(out + 17, c.sec, 2);
    put_digits(out + 20, away / 3600, 2);
    put_digits(out + 23, away / 60 % 60, 2);
    out[4] = out[7] = '-';
    out[10] = 'T';
    out[13] = out[16] = out[22] = ':';
    out[19] = zone < 0 ? '-' : '+';
    out[25] = '\0';
    return MUNI_OK;
}

/* 0 right, 1 not in the form, 2 no such moment, 3 the offset is missing. */
static int read_time(const char *p, size_t n, int64_t *at) {
    int32_t day, h, min, s, zone = 0;
    int wrong;
    if (n < 10)
        return 1;
    wrong = read_date(p, &day);
    if (wrong)
        return wrong;
    if (n == 10)
        return 3;
    if (n < 19 || p[10] != 'T' || p[13] != ':' || p[16] != ':')
        return 1;
    h = digits(p + 11, 2);
    min = digits(p + 14, 2);
    s = digits(p + 17, 2);
    if (h < 0 || min < 0 || s < 0)
        return 1;
    if (h > 23 || min > 59 || s > 59)
        return 2;
    if (n == 19)
        return 3;
    if (n == 25 && (p[19] == '+' || p[19] == '-') && p[22] == ':') {
        int32_t zh = digits(p + 20, 2), zm = digits(p + 23, 2);
        if (zh < 0 || zm < 0)
            return 1;
        zone = zh * 3600 + zm * 60;
        if (zm > 59 || zone > MUNI__ZONE_LIMIT)
            return 2;
        if (p[19] == '-')
            zone = -zone;
    } else if (n != 20 || p[19] != 'Z') {
        return 1;
    }
    *at = muni__time_of_day(day, zone) + h * 3600 + min * 60 + s;
    return 0;
}

muni_status muni__time_parse(const char *text, size_t n, const char *field, int64_t *at) {
    int wrong = text ? read_time(text, bounded(text, n), at) : 1;
    if (wrong == 3)
        return muni__fail(MUNI_EINVAL, field, "the time has no offset from UTC; write 2027-04-01T00:00:00+09:00",
                          "時刻に時差がありません。2027-04-01T00:00:00+09:00 のように書いてください");
    if (wrong == 2)
        return muni__fail(MUNI_EINVAL, field, "there is no such day, time of day or offset",
                          "存在しない日付、時刻または時差です");
    if (wrong)
        return muni__fail(MUNI_EINVAL, field, "the time is not written as 2027-04-01T00:00:00+09:00",
                          "時刻の書き方が違います。2027-04-01T00:00:00+09:00 のように書いてください");
    return MUNI_OK;
}

/* ---- periods */

static muni_status fail_period(void) {
    return muni__fail(MUNI_EINVAL, "months", "the period leads outside the years 0001 to 9999",
                      "期間の先が西暦1年から9999年までの範囲を超えます");
}

/* The month `months` after the one of `day`, as its year and month. */
static bool move_month(int32_t day, int32_t months, int32_t *year, int32_t *month, int32_t *mday) {
    int64_t count;
    muni__day_to_civil(day, year, month, mday);
    count = (int64_t)*year * 12 + *month - 1 + months;
    if (count < 12 || count >= 10000 * 12)
        return false;
    *year = (int32_t)(count / 12);
    *month = (int32_t)(count % 12) + 1;
    return true;
}

muni_status muni__date_add_months(int32_t day, int32_t months, int32_t *out) {
    int32_t y, m, d, last;
    if (!muni__day_valid(day) || !move_month(day, months, &y, &m, &d))
        return fail_period();
    last = muni__date_month_days(y, m);
    *out = muni__day_from_civil(y, m, d < last ? d : last);
    return MUNI_OK;
}

muni_status muni__date_add_years(int32_t day, int32_t years, int32_t *out) {
    if (years < -9999 || years > 9999)
        return fail_period();
    return muni__date_add_months(day, years * 12, out);
}

muni_status muni__date_period_end(int32_t first, int32_t months, int32_t *out) {
    int32_t y, m, d;
    if (months < 1)
        return muni__fail(MUNI_EINVAL, "months", "a period has at least one month", "期間は1か月以上で指定してください");
    if (!muni__day_valid(first))
        return fail_period();
    muni__day_to_civil(first, &y, &m, &d);
    if (d == 1) {
        if (!move_month(first, months - 1, &y, &m, &d))
            return fail_period();
        *out = muni__day_from_civil(y, m, muni__date_month_days(y, m));
        return MUNI_OK;
    }
    if (!move_month(first, months, &y, &m, &d))
        return fail_period();
    *out = d <= muni__date_month_days(y, m) ? muni__day_from_civil(y, m, d) - 1
                                            : muni__day_from_civil(y, m, muni__date_month_days(y, m));
    return MUNI_OK;
}

/* ---- the fiscal year */

int32_t muni__fiscal_year(int32_t day) {
    int32_t y, m;
    muni__day_to_civil(day, &y, &m, NULL);
    return m >= 4 ? y : y - 1;
}

int32_t muni__fiscal_half(int32_t day) {
    return muni__fiscal_quarter(day) <= 2 ? 1 : 2;
}

int32_t muni__fiscal_quarter(int32_t day) {
    int32_t m;
    muni__day_to_civil(day, NULL, &m, NULL);
    return m >= 4 ? (m - 1) / 3 : 4;
}

int32_t muni__fiscal_first(int32_t year) {
    return year >= 1 && year <= 9998 ? muni__day_from_civil(year, 4, 1) : MUNI__DAY_MIN - 1;
}

int32_t muni__fiscal_last(int32_t year) {
    return year >= 1 && year <= 9998 ? muni__day_from_civil(year + 1, 3, 31) : MUNI__DAY_MIN - 1;
}
