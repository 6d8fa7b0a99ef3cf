/* Dates and moments as people write them: what is read is a day that exists, and what is written is read back. */
#include "fuzz.h"

#include "calendar/wareki.h"

#include <jansson.h>
#include <municipal/calendar.h>

static void written(int32_t day) {
    static const int32_t styles[] = { MUNI__STYLE_WAREKI_KANJI, MUNI__STYLE_WAREKI_SHORT, MUNI__STYLE_WAREKI_TABLE };
    char iso[MUNI__DATE_SIZE], text[MUNI__WAREKI_SIZE], name[MUNI__WAREKI_SIZE], name_new[MUNI__WAREKI_SIZE];
    muni__date_result r;
    int32_t again, y, m, d;
    muni__date_format_iso(day, iso);
    HOLDS(muni__date_read(iso, MUNI_ZERO_TERMINATED, &again) && again == day, "%s", iso);
    OK(muni__date_parse(iso, strlen(iso), NULL, NULL, &r));
    HOLDS(r.day == day && r.style == MUNI__STYLE_ISO && !r.flags, "%s", iso);
    muni__day_to_civil(day, &y, &m, &d);
    HOLDS(muni__day_from_civil(y, m, d) == day, "%s", iso);
    for (int32_t s = MUNI__WAREKI_LONG; s <= MUNI__WAREKI_ERA_YEAR; s++) {
        muni_status st = TRY(muni__wareki_format(day, s, text));
        HOLDS((st >= 0) == (day >= MUNI__WAREKI_FIRST), "%s", iso);
        if (st < 0 || s == MUNI__WAREKI_ERA_YEAR || y > 2168) /* 令和150年 is the last that is read */
            continue;
        OK(muni__date_parse(text, strlen(text), NULL, NULL, &r));
        HOLDS(r.day == day && r.style == styles[s], "%s: %s is day %d in style %s", iso, text, r.day, muni__date_style_name(r.style));
        HOLDS(!(r.flags & MUNI__DATE_WARNINGS), "%s: %s, flags %x", iso, text, r.flags);
    }
    int32_t year = muni__fiscal_year(day);
    if (year >= 1 && year <= 9998)
        HOLDS(muni__fiscal_first(year) <= day && day <= muni__fiscal_last(year), "%s: fiscal year %d", iso, year);
    (void)TRY(muni__fiscal_name(year, name, name_new));
}

static void periods(int32_t day, int32_t months) {
    int32_t to, end;
    if (TRY(muni__date_add_months(day, months, &to)) >= 0) {
        HOLDS(muni__day_valid(to), "%d months", months);
        HOLDS(months > 0 ? to > day : months < 0 ? to < day : to == day, "%d months", months);
    }
    if (months >= 1 && TRY(muni__date_period_end(day, months, &end)) >= 0)
        HOLDS(muni__day_valid(end) && end >= day, "a period of %d months", months);
    (void)TRY(muni__date_add_years(day, months, &to));
}

static void moment(const char *p, size_t n, int32_t zone) {
    char text[MUNI__TIME_SIZE];
    int64_t at, again;
    muni__civil c;
    if (TRY(muni__time_parse(p, n, NULL, &at)) < 0)
        return;
    if (TRY(muni__time_format(at, zone, text)) >= 0) {
        OK(muni__time_parse(text, strlen(text), NULL, &again));
        HOLDS(again == at, "%s", text);
    }
    if (TRY(muni__civil_from_time(at, zone, &c)) >= 0) {
        OK(muni__civil_to_time(&c, zone, &again));
        HOLDS(again == at, "%lld", (long long)at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int32_t eras[] = { 0, 0, MUNI_DATE_ERA_MEIJI, MUNI_DATE_ERA_TAISHO, MUNI_DATE_ERA_SHOWA, MUNI_DATE_ERA_HEISEI, MUNI_DATE_ERA_REIWA, 0x60 };
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in), number = fuzz_byte(&in);
    char *p = fuzz_copy(in), *json = NULL;
    size_t n = in.n;
    muni__date_result r;
    int32_t flags = (how & 1 ? MUNI_DATE_COLUMN : 0) | eras[(how >> 1) & 7], day;
    muni__date_options o = { .column = how & 1, .default_era = ((how >> 1) & 7) < 7 ? flags >> 4 : 0 };
    muni_status st = TRY(muni__date_parse(p, n, "f", &o, &r));
    if (st >= 0) {
        HOLDS(muni__day_valid(r.day), "day %d", r.day);
        HOLDS(r.style > MUNI__STYLE_NONE && r.style < MUNI__STYLE_COUNT, "style %d", r.style);
        HOLDS(o.column || r.style != MUNI__STYLE_EXCEL_SERIAL, "serial numbers are for columns");
        HOLDS(o.default_era || !(r.flags & MUNI__DATE_ERA_ASSUMED), "no era to assume");
        written(r.day);
        periods(r.day, (int32_t)(int8_t)number * (how & 0x10 ? 37 : 1));
        /* a column takes whatever a text takes, as the same day */
        muni__date_options column = { .column = true, .default_era = o.default_era };
        muni__date_result in_column;
        if (r.style != MUNI__STYLE_COMPACT && r.style != MUNI__STYLE_CODE7) {
            OK(muni__date_parse(p, n, "f", &column, &in_column));
            HOLDS(in_column.day == r.day, "day %d, in a column %d", r.day, in_column.day);
        }
    }
    muni_status public = TRY(muni_date_parse(p, n, flags, &json));
    if (flags >> 4 <= 5)
        HOLDS(public == st, "%d, %d", st, public);
    if (public >= 0) {
        json_t *j = json_loads(json, 0, NULL);
        HOLDS(j && muni__date_read(json_string_value(json_object_get(j, "date")), MUNI_ZERO_TERMINATED, &day) && (flags >> 4 > 5 || day == r.day), "%s", json);
        json_decref(j);
    }
    muni_free(json);
    if (muni__date_read(p, n, &day)) {
        HOLDS(st >= 0 && r.day == day, "ISO is a date");
        int32_t other;
        OK(muni__date_parse_iso(p, n, NULL, &other));
    }
    moment(p, n, (int32_t)(int8_t)number * 900);
    moment(p, n, MUNI__ZONE_JST);
    free(p);
    return 0;
}
