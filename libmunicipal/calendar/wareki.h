/* Japanese eras: writing dates as municipal documents do, and reading them as they arrive. */
#ifndef MUNI_CALENDAR_WAREKI_H
#define MUNI_CALENDAR_WAREKI_H

#include "core/date.h"

#define MUNI__WAREKI_FIRST (-35428) /* 1873-01-01: the solar calendar begins */
#define MUNI__WAREKI_SIZE 64        /* the longest written form and its NUL */

enum {
    MUNI__ERA_NONE,
#define MUNI_ERA(ename, ecode, eletter, ekanji, eshort, esquare, ey, em, ed) MUNI__ERA_##ename = (ecode),
#include "eras.def"
#undef MUNI_ERA
};

/* How a date was written. The names are what people see in the report of an import (with DATE_ before them). */
#define MUNI__DATE_STYLES(X)                                                                                                     \
    X(NONE, "読めない日付")                                                                                                      \
    X(ISO, "2027-03-31")                                                                                                         \
    X(SLASH, "2027/03/31")                                                                                                       \
    X(DOT, "2027.03.31")                                                                                                         \
    X(UNPADDED, "2027/3/31")                                                                                                     \
    X(COMPACT, "20270331")                                                                                                       \
    X(KANJI, "2027年3月31日")                                                                                                    \
    X(FULLWIDTH, "２０２７／３／３１")                                                                                           \
    X(NUMERALS, "二〇二七年三月三十一日")                                                                                        \
    X(WAREKI_SHORT, "R9.3.31")                                                                                                   \
    X(WAREKI_COMPACT, "R090331")                                                                                                 \
    X(WAREKI_TABLE, "令9.3.31")                                                                                                  \
    X(WAREKI_KANJI, "令和9年3月31日")                                                                                            \
    X(WAREKI_FULLWIDTH, "令和９年３月３１日")                                                                                    \
    X(WAREKI_NUMERALS, "令和九年三月三十一日")                                                                                   \
    X(WAREKI_NO_ERA, "9.3.31")                                                                                                   \
    X(CODE7, "5090331")                                                                                                          \
    X(EXCEL_SERIAL, "46477")
enum {
#define X(sname, sexample) MUNI__STYLE_##sname,
    MUNI__DATE_STYLES(X)
#undef X
    MUNI__STYLE_COUNT
};
const char *muni__date_style_name(int32_t style); /* "WAREKI_SHORT"; "NONE" for a number that is no style */

/* What was noticed. Those in MUNI__DATE_WARNINGS are told to people. */
enum {
    MUNI__DATE_AFTER_ERA_END = 1 << 0, /* 平成31年5月1日: reckoned on */
    MUNI__DATE_SERIAL = 1 << 1,        /* a number of days from a spreadsheet */
    MUNI__DATE_ERA_ASSUMED = 1 << 2,   /* 9.3.31 in a column whose era is declared */
    MUNI__DATE_FIRST_YEAR_1 = 1 << 3,  /* 令和1年 for 令和元年 */
    MUNI__DATE_SPACES = 1 << 4,        /* blanks inside */
    MUNI__DATE_WIDE = 1 << 5           /* full-width characters or look-alikes */
};
#define MUNI__DATE_WARNINGS (MUNI__DATE_AFTER_ERA_END | MUNI__DATE_SERIAL | MUNI__DATE_ERA_ASSUMED)
/* Code and texts of one flag. */
void muni__date_flag_text(uint32_t flag, const char **code, const char **en, const char **ja);

typedef struct muni__date_options {
    bool column;         /* the text is a cell of a column of dates: serial numbers are allowed */
    int32_t default_era; /* MUNI__ERA_… for 9.3.31 and 9年3月31日, or MUNI__ERA_NONE */
} muni__date_options;

typedef struct muni__date_result {
    int32_t day, style;
    uint32_t flags;
} muni__date_result;

/* Read a date in any of the forms above. `options` may be NULL. Values are never quoted: the date may be a birth.
 * MUNI_EINVAL no date, MUNI_EUTF8. */
muni_status muni__date_parse(const char *text, size_t n, const char *field, const muni__date_options *options,
                             muni__date_result *out);

enum { MUNI__WAREKI_LONG, MUNI__WAREKI_SHORT, MUNI__WAREKI_TABLE, MUNI__WAREKI_ERA_YEAR };
/* Era (its number) and year in it; MUNI_EINVAL before 1873. */
muni_status muni__wareki_of(int32_t day, int32_t *era, int32_t *year);
/* 令和7年4月1日, R7.4.1, 令7.4.1 (令元.5.1), 令和7年 (令和元年) */
muni_status muni__wareki_format(int32_t day, int32_t style, char out[MUNI__WAREKI_SIZE]);
/* The names of a fiscal year: by its first day (平成31年度), and by an era that began within its first nine months (令和元年度; else the
 * same). Both are in use for 1912, 1926 and 2019. MUNI_EINVAL before 1873. */
muni_status muni__fiscal_name(int32_t year, char name[MUNI__WAREKI_SIZE], char name_new[MUNI__WAREKI_SIZE]);

#endif
