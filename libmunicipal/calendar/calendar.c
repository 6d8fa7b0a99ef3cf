#include "calendar.h"

#include "holiday.h"

#include <municipal/calendar.h>

#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_DAY (-8036) /* 1948-01-01 */
#define LAST_DAY 29584    /* 2050-12-31 */
#define WORDS ((LAST_DAY - FIRST_DAY) / 64 + 1)
#define SPANS_MAX 8
#define EXCEPTIONS_MAX 10000
#define NOTE_MAX 200 /* characters */
#define TEXT_MAX ((size_t)1 << 20)

typedef struct spans {
    size_t n;
    struct {
        int32_t from, to; /* seconds of the day */
    } of[SPANS_MAX];      /* in order, apart */
} spans;

typedef struct exception {
    int32_t day;
    bool open;
    size_t place; /* in its list */
    char *note;   /* or NULL */
} exception;

struct muni_calendar {
    atomic_int refs;
    bool weekend[7], holidays, end_inclusive;
    int32_t year_end_from, year_end_to; /* month * 100 + day; 0: none */
    int32_t published_through, zone;
    spans hours[7];
    exception *exceptions; /* by day */
    size_t exception_count;
    int32_t total;
    uint64_t open[WORDS];
    int32_t before[WORDS]; /* open days before each word */
};

/* ---- the definition */

static const char *const weekday_keys[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

static int32_t weekday_of_key(const char *key) {
    for (int32_t i = 0; i < 7; i++)
        if (!strcmp(weekday_keys[i], key))
            return i;
    return -1;
}

static muni_status fail_weekday(const char *path, const char *key) {
    muni__quoted q;
    return muni__fail(MUNI_EDEFINITION, path, "\"%s\" is no weekday; they are sun, mon, tue, wed, thu, fri, sat",
                      "「%s」は曜日ではありません。sun, mon, tue, wed, thu, fri, sat で書いてください", muni__quote(&q, key, strlen(key)));
}

/* An object has only keys of a list. */
static muni_status check_keys(json_t *object, const char *path, const char *const *names, size_t count) {
    const char *key;
    json_t *value;
    json_object_foreach (object, key, value) {
        size_t i = 0;
        const char *near;
        muni__quoted q;
        char at[96];
        while (i < count && strcmp(names[i], key) != 0)
            i++;
        if (i < count)
            continue;
        near = muni__nearest(key, names, count, sizeof *names);
        muni__quote(&q, key, strlen(key));
        snprintf(at, sizeof at, "%s%s%.*s", path, *path ? "." : "", (int)muni__utf8_cut(key, strlen(key), 32), key);
        if (near)
            return muni__fail(MUNI_EDEFINITION, at, "a calendar has no \"%s\" here; did you mean \"%s\"?",
                              "ここに「%s」という項目はありません。「%s」ではありませんか", q.s, near);
        return muni__fail(MUNI_EDEFINITION, at, "a calendar has no \"%s\" here; remove it or correct its name",
                          "ここに「%s」という項目はありません。削除するか名前を直してください", q.s);
    }
    return MUNI_OK;
}

/* `count` digits at p, or -1. */
static int32_t two_digits(const char *p) {
    return p[0] >= '0' && p[0] <= '9' && p[1] >= '0' && p[1] <= '9' ? (p[0] - '0') * 10 + (p[1] - '0') : -1;
}

static muni_status read_weekend(json_t *v, muni_calendar *c) {
    size_t i;
    json_t *item;
    char path[32];
    if (!json_is_array(v))
        return muni__fail(MUNI_EDEFINITION, "weekend", "the weekend is a list of weekdays, such as [\"sat\",\"sun\"]; it may be empty",
                          "週休日は [\"sat\",\"sun\"] のような曜日の配列です（空でも可）");
    memset(c->weekend, 0, sizeof c->weekend);
    json_array_foreach (v, i, item) {
        int32_t day;
        snprintf(path, sizeof path, "weekend[%zu]", i);
        if (!json_is_string(item))
            return muni__fail(MUNI_EDEFINITION, path, "a weekday is a text: sun, mon, tue, wed, thu, fri, sat",
                              "曜日は sun, mon, tue, wed, thu, fri, sat のどれかを文字列で書いてください");
        day = weekday_of_key(json_string_value(item));
        if (day < 0)
            return fail_weekday(path, json_string_value(item));
        if (c->weekend[day])
            return muni__fail(MUNI_EDEFINITION, path, "the weekday stands there twice; name it once",
                              "同じ曜日が二度書かれています。一度にしてください");
        c->weekend[day] = true;
    }
    return MUNI_OK;
}

static muni_status read_month_day(json_t *v, const char *path, int32_t *out) {
    const char *s = json_is_string(v) ? json_string_value(v) : "";
    int32_t m = -1, d = -1;
    if (strlen(s) == 5 && s[2] == '-') {
        m = two_digits(s);
        d = two_digits(s + 3);
    }
    if (!muni__date_valid(2000, m, d)) /* a leap year */
        return muni__fail(MUNI_EDEFINITION, path, "a day of the year is written MM-DD, such as \"12-29\"",
                          "年中の日は \"12-29\" のように MM-DD で書いてください");
    *out = m * 100 + d;
    return MUNI_OK;
}

static muni_status read_year_end(json_t *v, muni_calendar *c) {
    muni_status st;
    c->year_end_from = c->year_end_to = 0;
    if (json_is_null(v))
        return MUNI_OK;
    if (!json_is_array(v) || json_array_size(v) != 2)
        return muni__fail(MUNI_EDEFINITION, "year_end",
                          "the year-end closing is null or a list of its first and last day, such as [\"12-29\",\"01-03\"]",
                          "年末年始は null か、[\"12-29\",\"01-03\"] のように初日と末日の2つを書いてください");
    st = read_month_day(json_array_get(v, 0), "year_end[0]", &c->year_end_from);
    return st < 0 ? st : read_month_day(json_array_get(v, 1), "year_end[1]", &c->year_end_to);
}

static muni_status read_note(json_t *v, const char *path, char **out) {
    const char *s = json_string_value(v);
    size_t n;
    if (!s)
        return muni__fail(MUNI_EDEFINITION, path, "a note is a text", "備考は文字列で書いてください");
    n = strlen(s);
    if (muni__utf8_length(s, n) > NOTE_MAX)
        return muni__fail(MUNI_EDEFINITION, path, "a note has at most %d characters", "備考は%d文字以内で書いてください", NOTE_MAX);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7F)
            return muni__fail(MUNI_EDEFINITION, path, "a note is one line without control characters",
                              "備考は改行や制御文字のない1行で書いてください");
    if (n == 0)
        return MUNI_OK;
    *out = muni__strndup(s, n);
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status read_exception(json_t *item, const char *list, size_t place, muni_calendar *c) {
    static const char *const names[] = { "on", "note" };
    exception *e = &c->exceptions[c->exception_count];
    char path[48];
    json_t *on = item, *note = NULL;
    snprintf(path, sizeof path, "%s[%zu]", list, place);
    if (json_is_object(item)) {
        muni_status st = check_keys(item, path, names, MUNI_COUNT(names));
        if (st < 0)
            return st;
        on = json_object_get(item, "on");
        note = json_object_get(item, "note");
        snprintf(path, sizeof path, "%s[%zu].on", list, place);
    }
    *e = (exception){ 0, list[0] == 'o', place, NULL };
    if (!json_is_string(on) || !muni__date_read(json_string_value(on), MUNI_ZERO_TERMINATED, &e->day))
        return muni__fail(MUNI_EDEFINITION, path, "a day is written YYYY-MM-DD and must exist, as \"2027-08-13\" or {\"on\":\"2027-08-13\",\"note\":\"…\"}",
                          "日は \"2027-08-13\" または {\"on\":\"2027-08-13\",\"note\":\"…\"} のように、実在する日を YYYY-MM-DD で書いてください");
    if (e->day < FIRST_DAY || e->day > LAST_DAY)
        return muni__fail(MUNI_EDEFINITION, path, "the day is not within 1948 to 2050, the years that calendars know",
                          "カレンダーが扱える1948年から2050年までの日ではありません");
    c->exception_count++;
    if (!note)
        return MUNI_OK;
    snprintf(path, sizeof path, "%s[%zu].note", list, place);
    return read_note(note, path, &e->note);
}

static int by_day(const void *a, const void *b) {
    const exception *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    if (x->open != y->open)
        return x->open ? 1 : -1;
    return x->place < y->place ? -1 : 1;
}

static muni_status read_exceptions(json_t *closed, json_t *open, muni_calendar *c) {
    json_t *lists[] = { closed, open };
    const char *names[] = { "closed", "open" };
    size_t count = 0;
    for (size_t k = 0; k < 2; k++) {
        if (!lists[k])
            continue;
        if (!json_is_array(lists[k]))
            return muni__fail(MUNI_EDEFINITION, names[k], "this is a list of days, such as [\"2027-08-13\"]",
                              "[\"2027-08-13\"] のような日の配列で書いてください");
        if (json_array_size(lists[k]) > EXCEPTIONS_MAX)
            return muni__fail(MUNI_EDEFINITION, names[k], "the list has more than %d days", "日の数は%d件までです", EXCEPTIONS_MAX);
        count += json_array_size(lists[k]);
    }
    if (count == 0)
        return MUNI_OK;
    c->exceptions = muni__alloc_n(count, sizeof *c->exceptions);
    if (!c->exceptions)
        return MUNI_ENOMEM;
    for (size_t k = 0; k < 2; k++) {
        size_t i;
        json_t *item;
        json_array_foreach (lists[k], i, item) {
            muni_status st = read_exception(item, names[k], i, c);
            if (st < 0)
                return st;
        }
    }
    qsort(c->exceptions, c->exception_count, sizeof *c->exceptions, by_day);
    for (size_t i = 1; i < c->exception_count; i++) {
        const exception *a = &c->exceptions[i - 1], *b = &c->exceptions[i];
        char path[48], day[MUNI__DATE_SIZE];
        if (a->day != b->day)
            continue;
        snprintf(path, sizeof path, "%s[%zu]", b->open ? "open" : "closed", b->place);
        muni__date_format_iso(b->day, day);
        if (a->open == b->open)
            return muni__fail(MUNI_EDEFINITION, path, "%s stands there twice; name it once", "%s が二度書かれています。一度にしてください", day);
        return muni__fail(MUNI_EDEFINITION, path, "%s is both closed and open; keep one of them",
                          "%s が closed と open の両方にあります。どちらかにしてください", day);
    }
    return MUNI_OK;
}

/* "08:30" to seconds of the day; 24:00 only as an end. -1: neither. */
static int32_t read_clock(json_t *v) {
    const char *s = json_is_string(v) ? json_string_value(v) : "";
    int32_t h, m;
    if (strlen(s) != 5 || s[2] != ':')
        return -1;
    h = two_digits(s);
    m = two_digits(s + 3);
    return h < 0 || m < 0 || m > 59 || h > 24 || (h == 24 && m > 0) ? -1 : h * 3600 + m * 60;
}

static int by_from(const void *a, const void *b) {
    const int32_t *x = a, *y = b; /* `from` comes first */
    return (*x > *y) - (*x < *y);
}

static muni_status read_spans(json_t *v, const char *path, spans *out) {
    static const char *const names[] = { "from", "to" };
    char at[64];
    size_t i;
    json_t *item;
    if (!json_is_array(v) || json_array_size(v) < 1 || json_array_size(v) > SPANS_MAX)
        return muni__fail(MUNI_EDEFINITION, path,
                          "hours are a list of 1 to %d spans, such as [{\"from\":\"08:30\",\"to\":\"17:15\"}]; a closed weekday belongs into "
                          "\"weekend\"",
                          "時間帯は [{\"from\":\"08:30\",\"to\":\"17:15\"}] のように1から%d個までの配列です。閉める曜日は weekend に書いてください",
                          SPANS_MAX);
    out->n = json_array_size(v);
    json_array_foreach (v, i, item) {
        muni_status st;
        int32_t from, to;
        snprintf(at, sizeof at, "%s[%zu]", path, i);
        if (!json_is_object(item))
            return muni__fail(MUNI_EDEFINITION, at, "a span is an object such as {\"from\":\"08:30\",\"to\":\"17:15\"}",
                              "時間帯は {\"from\":\"08:30\",\"to\":\"17:15\"} のように書いてください");
        st = check_keys(item, at, names, MUNI_COUNT(names));
        if (st < 0)
            return st;
        from = read_clock(json_object_get(item, "from"));
        to = read_clock(json_object_get(item, "to"));
        if (from < 0 || from == 86400 || to < 0) {
            snprintf(at, sizeof at, "%s[%zu].%s", path, i, from < 0 || from == 86400 ? "from" : "to");
            return muni__fail(MUNI_EDEFINITION, at, "a time of day is written HH:MM, 00:00 to 23:59 (24:00 as an end)",
                              "時刻は HH:MM の形で 00:00 から 23:59 まで（終わりは 24:00 まで）で書いてください");
        }
        if (from >= to)
            return muni__fail(MUNI_EDEFINITION, at, "the span ends before it begins; one over midnight is two, until 24:00 and from 00:00",
                              "終わりが始まりより後ではありません。夜をまたぐ時間帯は 24:00 までと 00:00 からの二つに分けてください");
        out->of[i].from = from;
        out->of[i].to = to;
    }
    qsort(out->of, out->n, sizeof out->of[0], by_from);
    for (i = 1; i < out->n; i++)
        if (out->of[i].from <= out->of[i - 1].to)
            return muni__fail(MUNI_EDEFINITION, path, "two spans overlap or touch; write them as one",
                              "時間帯が重なっているか接しています。一つにまとめてください");
    return MUNI_OK;
}

static muni_status read_hours(json_t *hours, json_t *by_weekday, muni_calendar *c) {
    spans usual = { 1, { { 8 * 3600 + 30 * 60, 17 * 3600 + 15 * 60 } } };
    const char *key;
    json_t *v;
    muni_status st;
    if (hours) {
        st = read_spans(hours, "hours", &usual);
        if (st < 0)
            return st;
    }
    for (size_t i = 0; i < 7; i++)
        c->hours[i] = usual;
    if (!by_weekday)
        return MUNI_OK;
    if (!json_is_object(by_weekday))
        return muni__fail(MUNI_EDEFINITION, "hours_by_weekday",
                          "hours by weekday are an object such as {\"thu\":[{\"from\":\"08:30\",\"to\":\"19:00\"}]}",
                          "曜日別の時間帯は {\"thu\":[{\"from\":\"08:30\",\"to\":\"19:00\"}]} のように書いてください");
    json_object_foreach (by_weekday, key, v) {
        char path[32];
        int32_t day = weekday_of_key(key);
        if (day < 0)
            return fail_weekday("hours_by_weekday", key);
        snprintf(path, sizeof path, "hours_by_weekday.%s", key);
        st = read_spans(v, path, &c->hours[day]);
        if (st < 0)
            return st;
    }
    return MUNI_OK;
}

static muni_status read_rest(json_t *d, muni_calendar *c) {
    json_t *v = json_object_get(d, "holidays");
    if (v) {
        const char *s = json_is_string(v) ? json_string_value(v) : "";
        c->holidays = !strcmp(s, "jp");
        if (!c->holidays && strcmp(s, "none") != 0)
            return muni__fail(MUNI_EDEFINITION, "holidays", "holidays are \"jp\" or \"none\"", "holidays は \"jp\" か \"none\" です");
    }
    v = json_object_get(d, "end_inclusive");
    if (v) {
        if (!json_is_boolean(v))
            return muni__fail(MUNI_EDEFINITION, "end_inclusive", "this is true or false", "true か false で書いてください");
        c->end_inclusive = json_is_true(v);
    }
    v = json_object_get(d, "published_through");
    if (v) {
        json_int_t year = json_is_integer(v) ? json_integer_value(v) : 0;
        if (year < MUNI__HOLIDAY_FIRST_YEAR || year > MUNI__HOLIDAY_LAST_YEAR)
            return muni__fail(MUNI_EDEFINITION, "published_through",
                              "this is the last year whose equinox days are published, a number from 1948 to 2050",
                              "春分・秋分が官報で公表された最後の年を1948から2050までの数値で書いてください");
        c->published_through = (int32_t)year;
    }
    v = json_object_get(d, "utc_offset");
    if (v) {
        const char *s = json_is_string(v) ? json_string_value(v) : "";
        int32_t h = -1, m = -1;
        if (strlen(s) == 6 && (s[0] == '+' || s[0] == '-') && s[3] == ':') {
            h = two_digits(s + 1);
            m = two_digits(s + 4);
        }
        if (h < 0 || m < 0 || m > 59 || !muni__zone_valid(h * 3600 + m * 60))
            return muni__fail(MUNI_EDEFINITION, "utc_offset", "the offset from UTC is written +09:00, at most 18 hours either way",
                              "UTCとの時差は +09:00 のように18時間以内で書いてください");
        c->zone = (h * 3600 + m * 60) * (s[0] == '-' ? -1 : 1);
    }
    return MUNI_OK;
}

static muni_status read_definition(json_t *d, muni_calendar *c) {
    static const char *const names[] = { "weekend", "holidays", "year_end", "closed", "open", "hours", "hours_by_weekday",
                                         "end_inclusive", "published_through", "utc_offset" };
    muni_status st;
    json_t *v;
    if (d && !json_is_object(d))
        return muni__fail(MUNI_EDEFINITION, "definition", "the definition of a calendar is a JSON object",
                          "カレンダーの定義はJSONのオブジェクトで書いてください");
    if (d)
        MUNI_TRY(check_keys(d, "", names, MUNI_COUNT(names)));
    if ((v = json_object_get(d, "weekend")) != NULL)
        MUNI_TRY(read_weekend(v, c));
    if ((v = json_object_get(d, "year_end")) != NULL)
        MUNI_TRY(read_year_end(v, c));
    MUNI_TRY(read_exceptions(json_object_get(d, "closed"), json_object_get(d, "open"), c));
    MUNI_TRY(read_hours(json_object_get(d, "hours"), json_object_get(d, "hours_by_weekday"), c));
    MUNI_TRY(read_rest(d, c));
out:
    return st;
}

/* ---- the map of open days */

static const exception *find_exception(const muni_calendar *c, int32_t day) {
    size_t low = 0, high = c->exception_count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c->exceptions[mid].day < day)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->exception_count && c->exceptions[low].day == day ? &c->exceptions[low] : NULL;
}

static bool in_year_end(const muni_calendar *c, int32_t month, int32_t mday) {
    int32_t md = month * 100 + mday;
    if (!c->year_end_from)
        return false;
    if (c->year_end_from <= c->year_end_to)
        return md >= c->year_end_from && md <= c->year_end_to;
    return md >= c->year_end_from || md <= c->year_end_to;
}

static bool bit(const muni_calendar *c, int32_t day) {
    size_t i = (size_t)(day - FIRST_DAY);
    return (c->open[i / 64] >> (i % 64)) & 1;
}

static void put_bit(muni_calendar *c, int32_t day, bool open) {
    size_t i = (size_t)(day - FIRST_DAY);
    uint64_t mask = (uint64_t)1 << (i % 64);
    if (open)
        c->open[i / 64] |= mask;
    else
        c->open[i / 64] &= ~mask;
}

static muni_status build(muni_calendar *c) {
    for (int32_t year = MUNI__HOLIDAY_FIRST_YEAR; year <= MUNI__HOLIDAY_LAST_YEAR; year++) {
        muni__holiday_year table;
        int32_t day = muni__day_from_civil(year, 1, 1), weekday = muni__day_weekday(day);
        for (int32_t m = 1; m <= 12; m++)
            for (int32_t d = 1, last = muni__date_month_days(year, m); d <= last; d++, day++, weekday = (weekday + 1) % 7)
                put_bit(c, day, !c->weekend[weekday] && !in_year_end(c, m, d));
        if (!c->holidays)
            continue;
        muni__holiday_year_of(year, c->published_through, &table);
        for (size_t i = 0; i < table.count; i++)
            put_bit(c, table.rows[i].day, false);
    }
    for (size_t i = 0; i < c->exception_count; i++)
        put_bit(c, c->exceptions[i].day, c->exceptions[i].open);
    c->total = 0;
    for (size_t i = 0; i < WORDS; i++) {
        c->before[i] = c->total;
        c->total += __builtin_popcountll(c->open[i]);
    }
    if (c->total == 0)
        return muni__fail(MUNI_EDEFINITION, "weekend",
                          "the calendar never opens; leave a weekday out of \"weekend\", shorten \"year_end\" or name days in \"open\"",
                          "一日も開かないカレンダーです。weekend から曜日を除くか、year_end を短くするか、open に日を書いてください");
    return MUNI_OK;
}

muni_status muni__calendar_from_json(struct json_t *definition, muni_calendar **out) {
    muni_status st;
    muni_calendar *c = muni__alloc(sizeof *c);
    *out = NULL;
    if (!c)
        return MUNI_ENOMEM;
    atomic_init(&c->refs, 1);
    c->weekend[MUNI__SATURDAY] = c->weekend[MUNI__SUNDAY] = true;
    c->holidays = c->end_inclusive = true;
    c->year_end_from = 1229;
    c->year_end_to = 103;
    c->published_through = MUNI__HOLIDAY_PUBLISHED_THROUGH;
    c->zone = MUNI__ZONE_JST;
    MUNI_TRY(read_definition(definition, c));
    MUNI_TRY(build(c));
    *out = c;
    return MUNI_OK;
out:
    muni__calendar_unref(c);
    return st;
}

/* When memory fails in the middle of a token, jansson 2.14 calls the token wrong or goes on without one of its characters. What is
 * right is right twice, and alike; what is wrong is wrong twice. Definitions are read seldom. */
static muni_status load(const char *text, size_t n, json_t **out) {
    json_error_t e[2];
    json_t *j[2];
    bool same;
    for (size_t i = 0; i < 2; i++)
        j[i] = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e[i]);
    same = j[0] && j[1] ? json_equal(j[0], j[1]) != 0 : !j[0] && !j[1] && e[0].text[0] && !strcmp(e[0].text, e[1].text);
    json_decref(j[1]);
    if (same && j[0]) {
        *out = j[0];
        return MUNI_OK;
    }
    json_decref(j[0]);
    if (!same || json_error_code(&e[0]) == json_error_out_of_memory)
        return muni__nomem();
    return muni__fail(MUNI_EDEFINITION, "definition", "the definition is not valid JSON at line %d, column %d: %s",
                      "定義がJSONとして正しくありません（%d行%d桁: %s）", e[0].line, e[0].column, e[0].text);
}

muni_status muni__calendar_new(const char *text, size_t n, muni_calendar **out) {
    json_t *d;
    muni_status st;
    *out = NULL;
    if (!text)
        return muni__calendar_from_json(NULL, out);
    if (n == MUNI_ZERO_TERMINATED)
        n = strlen(text);
    if (n > TEXT_MAX)
        return muni__fail(MUNI_ELIMIT, "definition", "the definition is longer than 1 MiB", "定義が1MiBを超えています");
    if (!muni__utf8_valid(text, n, NULL))
        return muni__fail(MUNI_EUTF8, "definition", "the definition is not valid UTF-8", "定義がUTF-8として正しくありません");
    st = load(text, n, &d);
    if (st < 0)
        return st;
    st = muni__calendar_from_json(d, out);
    json_decref(d);
    return st;
}

muni_calendar *muni__calendar_ref(muni_calendar *c) {
    if (c)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void muni__calendar_unref(muni_calendar *c) {
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < c->exception_count; i++)
        muni__free(c->exceptions[i].note);
    muni__free(c->exceptions);
    muni__free(c);
}

int32_t muni__calendar_zone(const muni_calendar *c) {
    return c->zone;
}

/* ---- days */

static bool known(int32_t day) {
    return day >= FIRST_DAY && day <= LAST_DAY;
}

static muni_status fail_range(const char *field) {
    return muni__fail(MUNI_EINVAL, field, "calendars know the days from 1948-01-01 to 2050-12-31 only; choose a day or a number within",
                      "カレンダーが扱えるのは1948-01-01から2050-12-31までです。この範囲に収まる日や日数を指定してください");
}

/* Open days before `day`, which may be one after the last. */
static int32_t rank(const muni_calendar *c, int32_t day) {
    size_t i = (size_t)(day - FIRST_DAY);
    if (day > LAST_DAY)
        return c->total;
    return c->before[i / 64] + __builtin_popcountll(c->open[i / 64] & (((uint64_t)1 << (i % 64)) - 1));
}

/* The open day that has `k` open days before it; 0 <= k < total. */
static int32_t pick(const muni_calendar *c, int32_t k) {
    size_t low = 0, high = WORDS;
    uint64_t word;
    while (high - low > 1) {
        size_t mid = (low + high) / 2;
        if (c->before[mid] <= k)
            low = mid;
        else
            high = mid;
    }
    word = c->open[low];
    for (k -= c->before[low]; k > 0; k--)
        word &= word - 1;
    return FIRST_DAY + (int32_t)(low * 64) + __builtin_ctzll(word);
}

muni_status muni__calendar_is_open_day(const muni_calendar *c, int32_t day, bool *out) {
    if (!known(day))
        return fail_range("date");
    *out = bit(c, day);
    return MUNI_OK;
}

muni_status muni__calendar_add_open_days(const muni_calendar *c, int32_t day, int32_t n, int32_t *out) {
    int64_t k;
    if (!known(day))
        return fail_range("date");
    if (n == 0) {
        if (!bit(c, day))
            return muni__fail(MUNI_EINVAL, "days",
                              "0 open days from a closed day is no day; give an open day, or 1 for the next and -1 for the one before",
                              "閉庁日から0開庁日目はありません。開庁日を指定するか、次の開庁日は1、前の開庁日は-1としてください");
        *out = day;
        return MUNI_OK;
    }
    k = n > 0 ? (int64_t)rank(c, day + 1) + n - 1 : (int64_t)rank(c, day) + n;
    if (k < 0 || k >= c->total)
        return fail_range("days");
    *out = pick(c, (int32_t)k);
    return MUNI_OK;
}

static muni_status check_period(int32_t from, int32_t to) {
    if (!known(from))
        return fail_range("from");
    if (!known(to))
        return fail_range("to");
    if (to < from)
        return muni__fail(MUNI_EINVAL, "to", "the period ends before it begins; exchange the two days",
                          "期間の終わりが始まりより前です。二つの日を入れ替えてください");
    return MUNI_OK;
}

muni_status muni__calendar_count_open_days(const muni_calendar *c, int32_t from, int32_t to, int32_t *out) {
    muni_status st = check_period(from, to);
    if (st < 0)
        return st;
    *out = rank(c, to + 1) - rank(c, from);
    return MUNI_OK;
}

static muni_status roll(const muni_calendar *c, int32_t day, int32_t step, int32_t *out) {
    if (!known(day))
        return fail_range("date");
    return muni__calendar_add_open_days(c, day, bit(c, day) ? 0 : step, out);
}

muni_status muni__calendar_roll_next(const muni_calendar *c, int32_t day, int32_t *out) {
    return roll(c, day, 1, out);
}

muni_status muni__calendar_roll_previous(const muni_calendar *c, int32_t day, int32_t *out) {
    return roll(c, day, -1, out);
}

/* ---- hours */

static muni_status place(const muni_calendar *c, int64_t at, const char *field, int32_t *day, int32_t *second) {
    if (muni__day_of_time(at, c->zone, day, second) < 0 || !known(*day))
        return fail_range(field);
    return MUNI_OK;
}

muni_status muni__calendar_is_open_at(const muni_calendar *c, int64_t at, bool *out) {
    int32_t day, second;
    const spans *s;
    muni_status st = place(c, at, "at", &day, &second);
    if (st < 0)
        return st;
    *out = false;
    if (!bit(c, day))
        return MUNI_OK;
    s = &c->hours[muni__day_weekday(day)];
    for (size_t i = 0; i < s->n; i++)
        if (second >= s->of[i].from && (second < s->of[i].to || (c->end_inclusive && second == s->of[i].to)))
            *out = true;
    return MUNI_OK;
}

/* Open seconds of an open day within [from, to) seconds of the day. */
static int64_t day_secs(const muni_calendar *c, int32_t day, int32_t from, int32_t to) {
    const spans *s = &c->hours[muni__day_weekday(day)];
    int64_t sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        int32_t a = s->of[i].from > from ? s->of[i].from : from, b = s->of[i].to < to ? s->of[i].to : to;
        if (b > a)
            sum += b - a;
    }
    return sum;
}

muni_status muni__calendar_open_secs(const muni_calendar *c, int64_t from, int64_t to, int64_t *out) {
    int32_t day, last, start, end;
    int64_t sum = 0;
    muni_status st = place(c, from, "from", &day, &start);
    if (st >= 0)
        st = place(c, to, "to", &last, &end);
    if (st < 0)
        return st;
    if (to < from)
        return muni__fail(MUNI_EINVAL, "to", "the period ends before it begins", "期間の終わりが始まりより前です");
    for (int32_t k = rank(c, day); k < c->total; k++) {
        int32_t d = pick(c, k);
        if (d > last)
            break;
        sum += day_secs(c, d, d == day ? start : 0, d == last ? end : 86400);
    }
    *out = sum;
    return MUNI_OK;
}

muni_status muni__calendar_add_open_secs(const muni_calendar *c, int64_t at, int64_t secs, int64_t *out) {
    int32_t day, start;
    muni_status st = place(c, at, "at", &day, &start);
    if (st < 0)
        return st;
    if (secs < 0)
        return muni__fail(MUNI_EINVAL, "secs", "the open time to pass is 0 seconds or more", "経過させる時間は0秒以上で指定してください");
    if (secs == 0) {
        *out = at;
        return MUNI_OK;
    }
    for (int32_t k = rank(c, day); k < c->total; k++) {
        int32_t d = pick(c, k), from = d == day ? start : 0;
        const spans *s = &c->hours[muni__day_weekday(d)];
        for (size_t i = 0; i < s->n; i++) {
            int32_t a = s->of[i].from > from ? s->of[i].from : from;
            if (s->of[i].to <= a)
                continue;
            if (secs <= s->of[i].to - a) {
                *out = muni__time_of_day(d, c->zone) + a + secs;
                return MUNI_OK;
            }
            secs -= s->of[i].to - a;
        }
    }
    return fail_range("secs");
}

/* ---- why */

static void put_text(muni__buf *b, const char *s) {
    muni__buf_json(b, s, strlen(s));
}

static void put_date(muni__buf *b, int32_t day) {
    char text[MUNI__DATE_SIZE];
    muni__date_format_iso(day, text);
    put_text(b, text);
}

static void put_reason(muni__buf *b, bool *some, const char *rule, const char *en, const char *ja) {
    muni__buf_puts(b, *some ? ",{\"en\":" : "{\"en\":");
    *some = true;
    put_text(b, en);
    muni__buf_puts(b, ",\"ja\":");
    put_text(b, ja);
    muni__buf_puts(b, ",\"rule\":");
    put_text(b, rule);
    muni__buf_putc(b, '}');
}

muni_status muni__calendar_explain(const muni_calendar *c, int32_t day, muni__buf *out) {
    static const char *const en[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
    static const char *const ja[] = { "日曜日", "月曜日", "火曜日", "水曜日", "木曜日", "金曜日", "土曜日" };
    muni__holiday_year table;
    const muni__holiday *h = NULL;
    const exception *e;
    int32_t year, month, mday, weekday;
    bool some = false;
    if (!known(day))
        return fail_range("date");
    muni__day_to_civil(day, &year, &month, &mday);
    weekday = muni__day_weekday(day);
    e = find_exception(c, day);
    if (c->holidays) {
        muni__holiday_year_of(year, c->published_through, &table);
        h = muni__holiday_find(&table, day);
    }
    muni__buf_puts(out, "{\"date\":");
    put_date(out, day);
    muni__buf_puts(out, bit(c, day) ? ",\"open\":true" : ",\"open\":false");
    muni__buf_puts(out, h && h->provisional ? ",\"provisional\":true" : ",\"provisional\":false");
    muni__buf_puts(out, ",\"reasons\":[");
    if (e && e->open)
        put_reason(out, &some, "open", e->note ? e->note : "opened by the calendar", e->note ? e->note : "臨時開庁");
    else if (e)
        put_reason(out, &some, "closed", e->note ? e->note : "closed by the calendar", e->note ? e->note : "臨時閉庁");
    if (c->weekend[weekday])
        put_reason(out, &some, "weekend", en[weekday], ja[weekday]);
    if (h)
        put_reason(out, &some, "holiday", h->en, h->ja);
    if (in_year_end(c, month, mday))
        put_reason(out, &some, "year_end", "year end and New Year", "年末年始");
    muni__buf_puts(out, "]}");
    return out->st;
}

muni_status muni__calendar_holidays(const muni_calendar *c, int32_t from, int32_t to, muni__buf *out) {
    int32_t first, last;
    bool some = false;
    muni_status st = check_period(from, to);
    if (st < 0)
        return st;
    muni__day_to_civil(from, &first, NULL, NULL);
    muni__day_to_civil(to, &last, NULL, NULL);
    muni__buf_putc(out, '[');
    for (int32_t year = first; c->holidays && year <= last; year++) {
        muni__holiday_year table;
        muni__holiday_year_of(year, c->published_through, &table);
        for (size_t i = 0; i < table.count; i++) {
            const muni__holiday *h = &table.rows[i];
            if (h->day < from || h->day > to)
                continue;
            muni__buf_puts(out, some ? ",{\"date\":" : "{\"date\":");
            some = true;
            put_date(out, h->day);
            muni__buf_puts(out, ",\"name\":");
            put_text(out, h->ja);
            muni__buf_puts(out, h->provisional ? ",\"provisional\":true}" : ",\"provisional\":false}");
        }
    }
    muni__buf_putc(out, ']');
    return out->st;
}

/* ---- exported */

static muni_status fail_closed(void) {
    return muni__fail(MUNI_ECLOSED, "calendar", "the calendar is NULL; make one with muni_calendar_new",
                      "カレンダーがNULLです。muni_calendar_newで作ってください");
}

static muni_status fail_out(void) {
    return muni__fail(MUNI_EINVAL, "out", "the place for the answer is NULL", "結果を受け取る場所がNULLです");
}

muni_status muni_calendar_new(const char *definition, muni_calendar **out) {
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    return MUNI_LEAVE(muni__calendar_new(definition, MUNI_ZERO_TERMINATED, out));
}

muni_calendar *muni_calendar_ref(muni_calendar *calendar) {
    return muni__calendar_ref(calendar);
}

void muni_calendar_unref(muni_calendar *calendar) {
    muni__calendar_unref(calendar);
}

muni_status muni_calendar_is_open_day(muni_calendar *calendar, const char *date, int32_t *out) {
    int32_t day;
    bool open = false;
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = 0;
    if (!calendar)
        return MUNI_LEAVE(fail_closed());
    MUNI_TRY(muni__date_parse_iso(date, MUNI_ZERO_TERMINATED, "date", &day));
    MUNI_TRY(muni__calendar_is_open_day(calendar, day, &open));
    *out = open;
out:
    return MUNI_LEAVE(st);
}

muni_status muni_calendar_is_open_at(muni_calendar *calendar, int64_t at, int32_t *out) {
    bool open = false;
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = 0;
    if (!calendar)
        return MUNI_LEAVE(fail_closed());
    MUNI_TRY(muni__calendar_is_open_at(calendar, at, &open));
    *out = open;
out:
    return MUNI_LEAVE(st);
}

muni_status muni_calendar_add_open_days(muni_calendar *calendar, const char *date, int32_t days, char **out) {
    int32_t day;
    char text[MUNI__DATE_SIZE];
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = NULL;
    if (!calendar)
        return MUNI_LEAVE(fail_closed());
    MUNI_TRY(muni__date_parse_iso(date, MUNI_ZERO_TERMINATED, "date", &day));
    MUNI_TRY(muni__calendar_add_open_days(calendar, day, days, &day));
    muni__date_format_iso(day, text);
    *out = muni__strdup(text);
    st = *out ? MUNI_OK : MUNI_ENOMEM;
out:
    return MUNI_LEAVE(st);
}

muni_status muni_calendar_count_open_days(muni_calendar *calendar, const char *from, const char *to, int32_t *out) {
    int32_t first, last;
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = 0;
    if (!calendar)
        return MUNI_LEAVE(fail_closed());
    MUNI_TRY(muni__date_parse_iso(from, MUNI_ZERO_TERMINATED, "from", &first));
    MUNI_TRY(muni__date_parse_iso(to, MUNI_ZERO_TERMINATED, "to", &last));
    MUNI_TRY(muni__calendar_count_open_days(calendar, first, last, out));
out:
    return MUNI_LEAVE(st);
}

muni_status muni_calendar_explain(muni_calendar *calendar, const char *date, char **out) {
    int32_t day;
    muni__buf b = MUNI_BUF_INIT(TEXT_MAX);
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = NULL;
    if (!calendar)
        return MUNI_LEAVE(fail_closed());
    MUNI_TRY(muni__date_parse_iso(date, MUNI_ZERO_TERMINATED, "date", &day));
    MUNI_TRY(muni__calendar_explain(calendar, day, &b));
    return MUNI_LEAVE(muni__buf_take(&b, out, NULL));
out:
    muni__buf_free(&b);
    return MUNI_LEAVE(st);
}

muni_status muni_calendar_holidays(muni_calendar *calendar, const char *from, const char *to, char **out) {
    int32_t first, last;
    muni__buf b = MUNI_BUF_INIT(TEXT_MAX);
    muni_status st;
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(fail_out());
    *out = NULL;
    if (!calendar)
        return MUNI_LEAVE(fail_closed());
    MUNI_TRY(muni__date_parse_iso(from, MUNI_ZERO_TERMINATED, "from", &first));
    MUNI_TRY(muni__date_parse_iso(to, MUNI_ZERO_TERMINATED, "to", &last));
    MUNI_TRY(muni__calendar_holidays(calendar, first, last, &b));
    return MUNI_LEAVE(muni__buf_take(&b, out, NULL));
out:
    muni__buf_free(&b);
    return MUNI_LEAVE(st);
}
