/* A calendar: which days are open, and from when to when. Made once from a definition, never changed, so any number of threads may
 * ask it. Days are counted on a bit map of 1948 to 2050 with sums, so no question walks through the days in between. */
#ifndef MUNI_CALENDAR_CALENDAR_H
#define MUNI_CALENDAR_CALENDAR_H

#include "core/date.h"

struct json_t;

/* From the JSON text of `n` bytes (or MUNI_ZERO_TERMINATED), from a parsed object, or (text or object NULL) the national default.
 * MUNI_EDEFINITION with the path in the field, MUNI_EUTF8, MUNI_ELIMIT, MUNI_ENOMEM. */
muni_status muni__calendar_new(const char *text, size_t n, muni_calendar **out);
muni_status muni__calendar_from_json(struct json_t *definition, muni_calendar **out);
muni_calendar *muni__calendar_ref(muni_calendar *c);
void muni__calendar_unref(muni_calendar *c);

int32_t muni__calendar_zone(const muni_calendar *c);

/* All answer MUNI_EINVAL where a day is, or the answer would be, outside 1948 to 2050; `field` of the record is "date" or "at". */
muni_status muni__calendar_is_open_day(const muni_calendar *c, int32_t day, bool *out);
muni_status muni__calendar_is_open_at(const muni_calendar *c, int64_t at, bool *out);
/* The day `n` open days away, the first not counted; 0 is the day itself, which must be open. */
muni_status muni__calendar_add_open_days(const muni_calendar *c, int32_t day, int32_t n, int32_t *out);
/* Both ends included. */
muni_status muni__calendar_count_open_days(const muni_calendar *c, int32_t from, int32_t to, int32_t *out);
/* The day itself if it is open, else the next open day, or the one before. */
muni_status muni__calendar_roll_next(const muni_calendar *c, int32_t day, int32_t *out);
muni_status muni__calendar_roll_previous(const muni_calendar *c, int32_t day, int32_t *out);

/* Open seconds from one moment to a later one. */
muni_status muni__calendar_open_secs(const muni_calendar *c, int64_t from, int64_t to, int64_t *out);
/* The first moment, not before `at`, at which `secs` (at least 0) open seconds have passed: a deadline that is used up at closing time
 * is that closing time, not the next opening. */
muni_status muni__calendar_add_open_secs(const muni_calendar *c, int64_t at, int64_t secs, int64_t *out);

/* JSON of muni_calendar_explain and muni_calendar_holidays, into `out`. */
muni_status muni__calendar_explain(const muni_calendar *c, int32_t day, muni__buf *out);
muni_status muni__calendar_holidays(const muni_calendar *c, int32_t from, int32_t to, muni__buf *out);

#endif
