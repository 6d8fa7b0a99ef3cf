#include "holiday.h"

enum { DAY, MONDAY, EQUINOX };

typedef struct rule {
    int16_t first, last;
    int8_t how, month, day;
    const char *ja, *en;
} rule;

static const rule rules[] = {
#define MUNI_HOLIDAY(rfirst, rlast, rhow, rmonth, rday, rja, ren) { rfirst, rlast, rhow, rmonth, rday, rja, ren },
#include "holidays.def"
#undef MUNI_HOLIDAY
};

static int32_t floor_div(int32_t a, int32_t b) {
    return a / b - (a % b != 0 && a < 0 ? 1 : 0);
}

/* Mean motion fitted to the almanac: right for every official day 1948 to 2027. The Act leaves the day to the almanac, which is
 * published each February for the next year, so a later year is a projection. */
int32_t muni__holiday_equinox(int32_t year, int32_t month) {
    int32_t away = year - 1980, base = month == 3 ? 20843100 : 23248800;
    return floor_div(base + 242194 * away, 1000000) - floor_div(away, 4);
}

static void insert(muni__holiday_year *t, int32_t day, int32_t kind, bool provisional, const char *ja, const char *en) {
    size_t i;
    if (t->count == MUNI__HOLIDAY_MAX)
        return;
    for (i = t->count; i > 0 && t->rows[i - 1].day > day; i--)
        t->rows[i] = t->rows[i - 1];
    t->rows[i] = (muni__holiday){ day, kind, provisional, ja, en };
    t->count++;
}

const muni__holiday *muni__holiday_find(const muni__holiday_year *table, int32_t day) {
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (table->rows[mid].day < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low < table->count && table->rows[low].day == day ? &table->rows[low] : NULL;
}

/* Art. 3(2). Until 2006: a holiday on a Sunday gives its next day. From 2007: the nearest later day that is no holiday. */
static void add_substitutes(const muni__holiday_year *named, int32_t year, muni__holiday_year *out) {
    int32_t in_force = muni__day_from_civil(1973, 4, 12);
    for (size_t i = 0; i < named->count; i++) {
        const muni__holiday *h = &named->rows[i], *next;
        bool provisional = h->provisional;
        int32_t day = h->day + 1;
        if (h->day < in_force || muni__day_weekday(h->day) != MUNI__SUNDAY)
            continue;
        while ((next = muni__holiday_find(named, day)) != NULL && year >= 2007) {
            provisional = provisional || next->provisional;
            day++;
        }
        if (!next)
            insert(out, day, MUNI__HOLIDAY_SUBSTITUTE, provisional, "振替休日", "substitute holiday");
    }
}

/* Art. 3(3). A day whose day before and day after are holidays; until 2006 not a Sunday and not a substitute day. */
static void add_between(const muni__holiday_year *named, int32_t year, muni__holiday_year *out) {
    int32_t in_force = muni__day_from_civil(1985, 12, 27);
    for (size_t i = 0; i + 1 < named->count; i++) {
        const muni__holiday *a = &named->rows[i], *b = &named->rows[i + 1];
        int32_t day = a->day + 1;
        if (b->day != day + 1 || day < in_force || muni__holiday_find(out, day))
            continue;
        if (year < 2007 && muni__day_weekday(day) == MUNI__SUNDAY)
            continue;
        insert(out, day, MUNI__HOLIDAY_BETWEEN, a->provisional || b->provisional, "国民の休日", "national holiday between two holidays");
    }
}

void muni__holiday_year_of(int32_t year, int32_t published_through, muni__holiday_year *out) {
    muni__holiday_year named;
    named.count = 0;
    out->count = 0;
    if (year < MUNI__HOLIDAY_FIRST_YEAR || year > MUNI__HOLIDAY_LAST_YEAR)
        return;
    for (size_t i = 0; i < MUNI_COUNT(rules); i++) {
        const rule *r = &rules[i];
        int32_t day;
        if (year < r->first || year > r->last)
            continue;
        if (r->how == MONDAY)
            day = muni__day_nth_weekday(year, r->month, MUNI__MONDAY, r->day);
        else
            day = muni__day_from_civil(year, r->month, r->how == EQUINOX ? muni__holiday_equinox(year, r->month) : r->day);
        insert(&named, day, MUNI__HOLIDAY_NAMED, r->how == EQUINOX && year > published_through, r->ja, r->en);
    }
    *out = named;
    add_substitutes(&named, year, out);
    add_between(&named, year, out);
}
