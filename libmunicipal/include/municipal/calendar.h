/** @file
 * Open days and business hours, national holidays, Japanese eras, fiscal years.
 *
 * Nothing here needs a store or asks for the time of day: the same question has the same answer on every machine. Dates are
 * `YYYY-MM-DD`; calendars know the years 1948 to 2050. */
#ifndef MUNICIPAL_CALENDAR_H
#define MUNICIPAL_CALENDAR_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/** For muni_date_parse(): the text is a cell of a column of dates, so that a number may be a spreadsheet's serial number of a day. */
#define MUNI_DATE_COLUMN 0x01
/** For muni_date_parse(): where no era is written (9.3.31), it is Meiji. At most one of the five. */
#define MUNI_DATE_ERA_MEIJI 0x10
/** For muni_date_parse(): where no era is written, it is Taisho. */
#define MUNI_DATE_ERA_TAISHO 0x20
/** For muni_date_parse(): where no era is written, it is Showa. */
#define MUNI_DATE_ERA_SHOWA 0x30
/** For muni_date_parse(): where no era is written, it is Heisei. */
#define MUNI_DATE_ERA_HEISEI 0x40
/** For muni_date_parse(): where no era is written, it is Reiwa. */
#define MUNI_DATE_ERA_REIWA 0x50

/**
 * Make a calendar from its definition.
 *
 * A definition is a JSON object; what it leaves out is as in the national default, which NULL gives:
 *
 *     {"weekend":["sat","sun"], "holidays":"jp", "year_end":["12-29","01-03"], "closed":[], "open":[],
 *      "hours":[{"from":"08:30","to":"17:15"}], "hours_by_weekday":{}, "end_inclusive":true,
 *      "published_through":2027, "utc_offset":"+09:00"}
 *
 * `weekend` may be empty; `holidays` is `jp` or `none`; `year_end` may be null; `closed` and `open` hold days, each
 * `"2027-08-13"` or `{"on":"2027-08-13","note":"…"}`, and overrule everything else; `hours` holds 1 to 8 spans, until `24:00`;
 * `hours_by_weekday` replaces them for some weekdays (`{"thu":[{"from":"08:30","to":"19:00"}]}`); with `end_inclusive` the closing
 * second itself, 17:15:00, counts as open; holidays after `published_through` that rest on an equinox are called provisional.
 * A calendar does not change once it is made.
 *
 * Closing days of a municipality: Local Autonomy Act art. 4-2; holidays: Act on National Holidays (1948 Act No. 178).
 *
 * @param definition [borrowed during the call] the JSON text, or NULL for the national default
 * @param out        [owned] the calendar; drop it with muni_calendar_unref()
 * @retval MUNI_OK there it is
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDEFINITION the definition is not valid; muni_error_field() says where, as in `closed[3].on`
 * @retval MUNI_EUTF8 the definition is not valid UTF-8
 * @retval MUNI_ELIMIT the definition is longer than 1 MiB
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_calendar_new(const char *definition, muni_calendar **out);

/**
 * Hold a calendar once more.
 *
 * @param calendar the calendar, or NULL
 * @return the same calendar; drop it with muni_calendar_unref()
 * @thread any
 * @since 0.1
 */
MUNI_API muni_calendar *muni_calendar_ref(muni_calendar *calendar);

/**
 * Let go of a calendar; the last one to do so frees it.
 *
 * @param calendar [owned] the calendar, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_calendar_unref(muni_calendar *calendar);

/**
 * Is a day an open day (開庁日)?
 *
 * @param calendar the calendar
 * @param date     [borrowed during the call] `YYYY-MM-DD`, 1948 to 2050
 * @param out      1 or 0
 * @retval MUNI_OK `out` has the answer
 * @retval MUNI_EINVAL `date` is no date or not within 1948 to 2050, or a pointer is NULL
 * @retval MUNI_ECLOSED `calendar` is NULL
 * @thread any; calendars do not change, so calls need not wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_calendar_is_open_day(muni_calendar *calendar, const char *date, int32_t *out);

/**
 * Is a moment within the open hours of an open day?
 *
 * @param calendar the calendar, whose `utc_offset` says which day and hour it is
 * @param at       seconds since 1970-01-01T00:00:00Z
 * @param out      1 or 0
 * @retval MUNI_OK `out` has the answer
 * @retval MUNI_EINVAL the moment is not within 1948 to 2050, or `out` is NULL
 * @retval MUNI_ECLOSED `calendar` is NULL
 * @thread any; calendars do not change, so calls need not wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_calendar_is_open_at(muni_calendar *calendar, int64_t at, int32_t *out);

/**
 * The day that lies a number of open days away. The first day does not count (Civil Code art. 140): one open day from a Friday is
 * the Monday after it. Negative numbers count back. With 0 the answer is the day itself, which must be open.
 *
 * @param calendar the calendar
 * @param date     [borrowed during the call] the day to start from, open or not, 1948 to 2050
 * @param days     how many open days
 * @param out      [owned] the day as `YYYY-MM-DD`; free it with muni_free()
 * @retval MUNI_OK there it is
 * @retval MUNI_EINVAL `date` is no date; the count leads outside 1948 to 2050; `days` is 0 and the day is closed; or a pointer is NULL
 * @retval MUNI_ECLOSED `calendar` is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any; calendars do not change, so calls need not wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_calendar_add_open_days(muni_calendar *calendar, const char *date, int32_t days, char **out);

/**
 * How many open days a period has. Both ends belong to the period: from a Monday to the Friday of that week are five.
 *
 * @param calendar the calendar
 * @param from     [borrowed during the call] the first day, 1948 to 2050
 * @param to       [borrowed during the call] the last day, not before `from`
 * @param out      the number
 * @retval MUNI_OK `out` has the answer
 * @retval MUNI_EINVAL a day is no date or not within 1948 to 2050, `to` is before `from`, or a pointer is NULL
 * @retval MUNI_ECLOSED `calendar` is NULL
 * @thread any; calendars do not change, so calls need not wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_calendar_count_open_days(muni_calendar *calendar, const char *from, const char *to, int32_t *out);

/**
 * Why a day is open or closed.
 *
 * Gives `{"date":"2027-03-22","open":false,"provisional":false,"reasons":[{"en":"substitute holiday","ja":"振替休日",
 * "rule":"holiday"}]}`. Rules are `open` and `closed` (days of the definition, which overrule the others and stand first), `weekend`,
 * `holiday`, `year_end`; an ordinary open day has no reasons. `provisional`: a reason rests on an equinox day that is not
 * published yet.
 *
 * @param calendar the calendar
 * @param date     [borrowed during the call] `YYYY-MM-DD`, 1948 to 2050
 * @param out      [owned] JSON text; free it with muni_free()
 * @retval MUNI_OK there it is
 * @retval MUNI_EINVAL `date` is no date or not within 1948 to 2050, or a pointer is NULL
 * @retval MUNI_ECLOSED `calendar` is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any; calendars do not change, so calls need not wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_calendar_explain(muni_calendar *calendar, const char *date, char **out);

/**
 * The national holidays of a period, with substitute days (振替休日) and days between holidays (国民の休日). A calendar with
 * `"holidays":"none"` has none.
 *
 * Gives `[{"date":"2027-01-01","name":"元日","provisional":false},…]` by date. Names are those in force on the day.
 *
 * @param calendar the calendar
 * @param from     [borrowed during the call] the first day, 1948 to 2050
 * @param to       [borrowed during the call] the last day, not before `from`
 * @param out      [owned] JSON text; free it with muni_free()
 * @retval MUNI_OK there it is
 * @retval MUNI_EINVAL a day is no date or not within 1948 to 2050, `to` is before `from`, or a pointer is NULL
 * @retval MUNI_ECLOSED `calendar` is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any; calendars do not change, so calls need not wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_calendar_holidays(muni_calendar *calendar, const char *from, const char *to, char **out);

/**
 * Write a date in the Japanese era: `long` 令和7年4月1日 (令和元年5月1日), `short` R7.4.1 (R1.5.1), `table` 令7.4.1 (令元.5.1),
 * `era_year` 令和7年.
 *
 * @param date  [borrowed during the call] `YYYY-MM-DD`, from 1873-01-01 (明治6年, when the solar calendar began)
 * @param style [borrowed during the call] the name of a style
 * @param out   [owned] the text; free it with muni_free()
 * @retval MUNI_OK there it is
 * @retval MUNI_EINVAL `date` is no date or before 1873, there is no such style, or a pointer is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_wareki_format(const char *date, const char *style, char **out);

/**
 * Read a date as people and other systems write it, Western or Japanese.
 *
 * Gives `{"date":"2027-03-31","style":"WAREKI_SHORT","warnings":[]}`. Styles: `ISO` 2027-03-31, `SLASH` 2027/03/31, `DOT` 2027.03.31,
 * `UNPADDED` 2027/3/31, `COMPACT` 20270331, `KANJI` 2027年3月31日, `FULLWIDTH` (Western with full-width characters), `NUMERALS`
 * 二〇二七年三月三十一日, `WAREKI_SHORT` R9.3.31, `WAREKI_COMPACT` R090331, `WAREKI_TABLE` 令9.3.31, `WAREKI_KANJI` 令和9年3月31日,
 * `WAREKI_FULLWIDTH` (full-width digits), `WAREKI_NUMERALS` 令和九年三月三十一日, `WAREKI_NO_ERA` 9.3.31, `CODE7` 5090331 (1 明治 to
 * 5 令和), `EXCEL_SERIAL` 46477. Warnings have `code`, `en`, `ja`; codes: `AFTER_ERA_END` (平成31年5月1日, reckoned on),
 * `EXCEL_SERIAL`, `ERA_ASSUMED`. The text is never quoted in an error: it may be a birth.
 *
 * @param text   [borrowed during the call] the text, UTF-8
 * @param length its length in bytes, or @ref MUNI_ZERO_TERMINATED
 * @param flags  0, or @ref MUNI_DATE_COLUMN and one of @ref MUNI_DATE_ERA_REIWA and its kin, added
 * @param out    [owned] JSON text; free it with muni_free()
 * @retval MUNI_OK there it is
 * @retval MUNI_EINVAL the text is no date, or an ambiguous one; a flag is unknown; or a pointer is NULL
 * @retval MUNI_EUTF8 the text is not valid UTF-8
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_date_parse(const char *text, size_t length, int32_t flags, char **out);

/**
 * The fiscal year (会計年度, 1 April to 31 March) of a date.
 *
 * Gives `{"first":"2019-04-01","half":1,"last":"2020-03-31","name":"平成31年度","name_new":"令和元年度","quarter":1,"year":2019}`.
 * `name` is by the first day, `name_new` by an era that began within the year's first nine months; else both are the same. `half` 1 is
 * April to September (上半期), `quarter` 1 April to June. Local Autonomy Act art. 208.
 *
 * @param date [borrowed during the call] `YYYY-MM-DD`, 1873-04-01 to 9999-03-31
 * @param out  [owned] JSON text; free it with muni_free()
 * @retval MUNI_OK there it is
 * @retval MUNI_EINVAL `date` is no date or outside that range, or a pointer is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_fiscal_year(const char *date, char **out);

MUNI_END_DECLS

#endif
