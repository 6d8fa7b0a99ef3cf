/* Days and moments: the Gregorian calendar without gaps (as ISO 8601 has it), years 0001 to 9999, fixed zone offsets.
 *
 * A day is an int32_t: days since 1970-01-01. A moment is an int64_t: seconds since 1970-01-01T00:00:00Z. A zone is an int32_t:
 * seconds east of UTC, whole minutes, at most 18 hours either way. Nothing here allocates, locks or asks the system for the time. */
#ifndef MUNI_CORE_DATE_H
#define MUNI_CORE_DATE_H

#include "core/base.h"

#define MUNI__DAY_MIN (-719162) /* 0001-01-01 */
#define MUNI__DAY_MAX 2932896   /* 9999-12-31, MUNI_OPEN_END */
#define MUNI__ZONE_JST 32400
#define MUNI__ZONE_LIMIT 64800
#define MUNI__DATE_SIZE 11 /* YYYY-MM-DD and its NUL */
#define MUNI__TIME_SIZE 26 /* YYYY-MM-DDThh:mm:ss+hh:mm and its NUL */

enum { MUNI__SUNDAY, MUNI__MONDAY, MUNI__TUESDAY, MUNI__WEDNESDAY, MUNI__THURSDAY, MUNI__FRIDAY, MUNI__SATURDAY };

typedef struct muni__civil {
    int32_t year, month, day; /* 1..9999, 1..12, 1..31 */
    int32_t hour, min, sec;
} muni__civil;

/* ---- the calendar */
bool muni__date_leap(int32_t year);
int32_t muni__date_month_days(int32_t year, int32_t month); /* 0 for a month that is none */
bool muni__date_valid(int32_t year, int32_t month, int32_t day);
static inline bool muni__day_valid(int32_t day) {
    return day >= MUNI__DAY_MIN && day <= MUNI__DAY_MAX;
}
/* Of a valid date; anything else answers MUNI__DAY_MIN - 1, which is no valid day. */
int32_t muni__day_from_civil(int32_t year, int32_t month, int32_t day);
/* Of a valid day; each output may be NULL. */
void muni__day_to_civil(int32_t day, int32_t *year, int32_t *month, int32_t *mday);
int32_t muni__day_weekday(int32_t day); /* MUNI__SUNDAY = 0 … MUNI__SATURDAY = 6 */
/* The nth (from 1) given weekday of a month. */
int32_t muni__day_nth_weekday(int32_t year, int32_t month, int32_t weekday, int32_t nth);

/* ---- texts. `field` names the argument or column in the error record and may be NULL; values are never quoted (they may be births). */
/* Exactly YYYY-MM-DD, a day that exists; no error record. `n` may be MUNI_ZERO_TERMINATED; `text` may be NULL (false). */
bool muni__date_read(const char *text, size_t n, int32_t *day);
/* The same with MUNI_EINVAL and its reason. */
muni_status muni__date_parse_iso(const char *text, size_t n, const char *field, int32_t *day);
void muni__date_format_iso(int32_t day, char out[MUNI__DATE_SIZE]);

/* ---- moments */
bool muni__zone_valid(int32_t zone);
/* MUNI_EINVAL where the moment is outside the years 0001..9999 in that zone, or the zone is none. */
muni_status muni__civil_from_time(int64_t at, int32_t zone, muni__civil *out);
muni_status muni__civil_to_time(const muni__civil *civil, int32_t zone, int64_t *at);
/* The day on which `at` falls in `zone`, and the second of that day (may be NULL). */
muni_status muni__day_of_time(int64_t at, int32_t zone, int32_t *day, int32_t *second);
/* The moment at which a day begins; of a valid day and zone. */
int64_t muni__time_of_day(int32_t day, int32_t zone);
/* "2027-04-01T00:00:00+09:00" */
muni_status muni__time_format(int64_t at, int32_t zone, char out[MUNI__TIME_SIZE]);
/* YYYY-MM-DDThh:mm:ss with Z, +hh:mm or -hh:mm. The offset is required; a date alone is refused. MUNI_EINVAL. */
muni_status muni__time_parse(const char *text, size_t n, const char *field, int64_t *at);

/* ---- periods */
/* The corresponding day `months` later (or, negative, earlier); where the month has none, its last day (31 Jan + 1 = 28 Feb).
 * MUNI_EINVAL outside the years 0001..9999. */
muni_status muni__date_add_months(int32_t day, int32_t months, int32_t *out);
muni_status muni__date_add_years(int32_t day, int32_t years, int32_t *out);
/* Civil Code art. 143: the last day of a period of `months` (at least 1) whose first day is `first`: reckoned by the calendar where it
 * begins with a month, else the day before the corresponding day, else the last day of the month. Where the first day does not
 * count (art. 140), give the day after the event. */
muni_status muni__date_period_end(int32_t first, int32_t months, int32_t *out);

/* ---- the fiscal year: 1 April to 31 March, named by the year in which it begins (Local Autonomy Act art. 208) */
int32_t muni__fiscal_year(int32_t day);
int32_t muni__fiscal_half(int32_t day);    /* 1 上半期 April to September, 2 下半期 */
int32_t muni__fiscal_quarter(int32_t day); /* 1 April to June … 4 January to March */
/* First and last day of a fiscal year 1..9998; anything else answers a day that is not valid. */
int32_t muni__fiscal_first(int32_t year);
int32_t muni__fiscal_last(int32_t year);

#endif
