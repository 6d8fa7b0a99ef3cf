/* calendar: needs no store. */
#include "municipal.h"

#include <string.h>

/* The whole text of a year, or a date. */
static const char *first_day(const char *text, char out[16], const char *rest) {
    if (strlen(text) != 4 || strspn(text, "0123456789") != 4)
        return text;
    (void)snprintf(out, 16, "%s-%s", text, rest);
    return out;
}

static int calendar_default(const cli *c, muni_calendar **out) {
    return muni_calendar_new(NULL, out) < 0 ? fail(c) : DONE;
}

/* The rows of a JSON array that the library gave. */
static int print_array(const cli *c, const char *text, const column *columns, size_t count) {
    json_t *rows = json_loads(text, 0, NULL), *row;
    printer *p = rows ? print_begin(c, columns, count) : NULL;
    int code = p ? DONE : fail_memory(c);
    size_t i;
    json_array_foreach(rows, i, row) {
        if (code == DONE)
            code = print_row(p, row);
    }
    if (code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    json_decref(rows);
    return code;
}

/* Where no format is asked for: date,name by line, for people and for cut, sort and join alike. */
static int print_lines(const cli *c, const char *text) {
    json_t *rows = json_loads(text, 0, NULL), *row;
    size_t i;
    if (!rows)
        return fail_memory(c);
    (void)puts("date,name");
    json_array_foreach(rows, i, row) {
        (void)printf("%s,%s\n", json_string_value(json_object_get(row, "date")), json_string_value(json_object_get(row, "name")));
    }
    json_decref(rows);
    return DONE;
}

int do_calendar_holidays(cli *c) {
    const column columns[] = { { "date", in(c, (words){ "date", "日付" }), false },
                               { "name", in(c, (words){ "name", "名称" }), false } };
    char from[16], to[16], *text = NULL;
    muni_calendar *calendar = NULL;
    int code = calendar_default(c, &calendar);
    if (code == DONE &&
        muni_calendar_holidays(calendar, first_day(c->arg[0], from, "01-01"), first_day(c->arg[1], to, "12-31"), &text) < 0)
        code = fail(c);
    if (code == DONE)
        code = c->option[O_FORMAT] ? print_array(c, text, columns, COUNT(columns)) : print_lines(c, text);
    muni_free(text);
    muni_calendar_unref(calendar);
    return code;
}

/* A single value: a bare line, or one member of an object, or a CSV of one cell. */
static int print_value(const cli *c, const char *name, const char *value) {
    if (c->format == FORMAT_TABLE)
        return puts(value) < 0 ? REFUSED : DONE;
    const column columns[] = { { name, name, false } };
    json_t *row = json_pack("{s:s}", name, value);
    if (!row)
        return fail_memory(c);
    int code = DONE;
    if (c->format == FORMAT_JSON)
        code = print_json(row);
    else {
        printer *p = print_begin(c, columns, 1);
        code = !p ? fail_memory(c) : print_row(p, row) == DONE ? print_end(p) : REFUSED;
    }
    json_decref(row);
    return code;
}

int do_calendar_add_open_days(cli *c) {
    int64_t days;
    char *date = NULL;
    muni_calendar *calendar = NULL;
    if (!number_read(c->arg[1], &days) || days < INT32_MIN || days > INT32_MAX)
        return usage(c, "N is a whole number", "日数は整数で指定してください");
    int code = calendar_default(c, &calendar);
    if (code == DONE && muni_calendar_add_open_days(calendar, c->arg[0], (int32_t)days, &date) < 0)
        code = fail(c);
    if (code == DONE)
        code = print_value(c, "date", date);
    muni_free(date);
    muni_calendar_unref(calendar);
    return code;
}

int do_calendar_wareki(cli *c) {
    char *text = NULL;
    int code = muni_wareki_format(c->arg[0], c->args > 1 ? c->arg[1] : "long", &text) < 0 ? fail(c) : DONE;
    if (code == DONE)
        code = print_value(c, "wareki", text);
    muni_free(text);
    return code;
}

int do_calendar_parse(cli *c) {
    char *text = NULL;
    if (muni_date_parse(c->arg[0], MUNI_ZERO_TERMINATED, 0, &text) < 0)
        return fail(c);
    json_t *answer = json_loads(text, 0, NULL), *warning;
    int code = answer ? DONE : fail_memory(c);
    size_t i;
    if (code == DONE && c->format == FORMAT_JSON)
        code = puts(text) < 0 ? REFUSED : DONE;
    else if (code == DONE)
        code = print_value(c, "date", json_string_value(json_object_get(answer, "date")));
    json_array_foreach(json_object_get(answer, "warnings"), i, warning) {
        if (c->format != FORMAT_JSON)
            note(c, "warning: %s", "注意: %s", title_of(c, warning));
    }
    json_decref(answer);
    muni_free(text);
    return code;
}
