/* National holidays of Japan, computed from the Act, 1948 to 2050. */
#ifndef MUNI_CALENDAR_HOLIDAY_H
#define MUNI_CALENDAR_HOLIDAY_H

#include "core/date.h"

/* The Act has no earlier days; the equinox formula was checked up to the last year. */
#define MUNI__HOLIDAY_FIRST_YEAR 1948
#define MUNI__HOLIDAY_LAST_YEAR 2050
/* The last year whose equinox days stood in the official gazette when this version was made. */
#define MUNI__HOLIDAY_PUBLISHED_THROUGH 2027
#define MUNI__HOLIDAY_MAX 32 /* in a year */

enum {
    MUNI__HOLIDAY_NAMED,      /* 国民の祝日, and days that a special Act treats as such */
    MUNI__HOLIDAY_SUBSTITUTE, /* 振替休日, art. 3(2) */
    MUNI__HOLIDAY_BETWEEN     /* 国民の休日, art. 3(3) */
};

typedef struct muni__holiday {
    int32_t day;
    int32_t kind;
    bool provisional; /* rests on an equinox day that is not published yet */
    const char *ja, *en;
} muni__holiday;

typedef struct muni__holiday_year {
    size_t count;
    muni__holiday rows[MUNI__HOLIDAY_MAX]; /* by day */
} muni__holiday_year;

/* All holidays of a year; none outside the years above. Fills the caller's table; nothing is kept. */
void muni__holiday_year_of(int32_t year, int32_t published_through, muni__holiday_year *out);
/* The holiday on a day of that table, or NULL. */
const muni__holiday *muni__holiday_find(const muni__holiday_year *table, int32_t day);
/* Day of the month of the equinox in March (3) or September (9). */
int32_t muni__holiday_equinox(int32_t year, int32_t month);

#endif
