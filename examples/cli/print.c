/* Output: tables for people, CSV (RFC 4180, UTF-8) and JSON for programs. */
#include "municipal.h"

#include <stdlib.h>
#include <string.h>

/* ---- width */

/* One character of valid UTF-8. */
static size_t next(const char *s, uint32_t *cp) {
    const unsigned char *p = (const unsigned char *)s;
    if (*p < 0x80)
        return (void)(*cp = *p), (size_t)1;
    if (*p < 0xe0)
        return (void)(*cp = (*p & 0x1fu) << 6 | (p[1] & 0x3fu)), (size_t)2;
    if (*p < 0xf0)
        return (void)(*cp = (*p & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)), (size_t)3;
    return (void)(*cp = (*p & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu)), (size_t)4;
}

typedef struct range {
    uint32_t first, last;
} range;

static bool within(const range *ranges, size_t count, uint32_t cp) {
    for (size_t i = 0; i < count; i++)
        if (cp >= ranges[i].first && cp <= ranges[i].last)
            return true;
    return false;
}

/* East Asian width W or F (UAX #11), in whole blocks where every assigned character has it. */
static const range wide[] = { { 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },   { 0x23e9, 0x23ec },
                              { 0x25fd, 0x25fe },   { 0x2614, 0x2615 },   { 0x2648, 0x2653 },   { 0x26a1, 0x26a1 },
                              { 0x26bd, 0x26be },   { 0x2705, 0x2705 },   { 0x274c, 0x274c },   { 0x2753, 0x2757 },
                              { 0x2795, 0x2797 },   { 0x2b1b, 0x2b1c },   { 0x2b50, 0x2b50 },   { 0x2e80, 0x303e },
                              { 0x3041, 0xa4cf },   { 0xa960, 0xa97c },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
                              { 0xfe10, 0xfe19 },   { 0xfe30, 0xfe6b },   { 0xff01, 0xff60 },   { 0xffe0, 0xffe6 },
                              { 0x16fe0, 0x1b2ff }, { 0x1f200, 0x1f320 }, { 0x1f32d, 0x1f64f }, { 0x1f680, 0x1f6fc },
                              { 0x1f7e0, 0x1f7f0 }, { 0x1f90c, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd } };
/* Takes no column: combining marks, variation selectors. */
static const range narrow[] = { { 0x0300, 0x036f }, { 0x200b, 0x200d }, { 0x20d0, 0x20f0 }, { 0x302a, 0x302d },
                                { 0x3099, 0x309a }, { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xe0100, 0xe01ef } };
/* Would move the cursor or turn the line around. */
static const range moving[] = { { 0x00, 0x1f },     { 0x7f, 0x9f },     { 0x061c, 0x061c }, { 0x200e, 0x200f },
                                { 0x2028, 0x202e }, { 0x2066, 0x206f }, { 0xfeff, 0xfeff }, { 0xe0000, 0xe007f } };

size_t text_width(const char *s) {
    size_t width = 0;
    uint32_t cp;
    while (*s) {
        s += next(s, &cp);
        if (!within(narrow, COUNT(narrow), cp))
            width += within(wide, COUNT(wide), cp) ? 2 : 1;
    }
    return width;
}

char *text_safe(const char *s) {
    char *out = malloc(strlen(s) * 2 + 1), *to = out;
    uint32_t cp;
    if (!out)
        return NULL;
    while (*s) {
        size_t n = next(s, &cp);
        if (cp == '\n' || cp == '\t')
            *to++ = ' ';
        else if (within(moving, COUNT(moving), cp)) { /* U+00B7 */
            *to++ = (char)0xc2;
            *to++ = (char)0xb7;
        } else {
            memcpy(to, s, n);
            to += n;
        }
        s += n;
    }
    *to = '\0';
    return out;
}

/* ---- values */

json_t *record_json(const muni_rec *rec) {
    char *text = NULL;
    json_t *value = NULL;
    if (muni_rec_json(rec, &text) >= 0)
        value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    muni_free(text);
    return value;
}

/* A value as text. `plain`: as programs read it; else as people do. free() it. */
static char *value_text(const cli *c, const json_t *v, bool plain) {
    char number[32];
    if (!v || json_is_null(v))
        return strdup("");
    if (json_is_boolean(v))
        return strdup(plain             ? (json_is_true(v) ? "true" : "false")
                      : json_is_true(v) ? in(c, (words){ "yes", "はい" })
                                        : in(c, (words){ "no", "いいえ" }));
    if (json_is_integer(v)) {
        (void)snprintf(number, sizeof number, "%lld", (long long)json_integer_value(v));
        return strdup(number);
    }
    if (!json_is_string(v)) {
        char *dump = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
        char *safe = dump && !plain ? text_safe(dump) : NULL;
        if (dump && plain)
            return dump;
        free(dump);
        return safe;
    }
    const char *s = json_string_value(v);
    if (plain) { /* a NUL cannot stand in CSV */
        size_t n = json_string_length(v);
        char *out = malloc(n + 1);
        for (size_t i = 0; out && i < n; i++)
            out[i] = s[i] ? s[i] : ' ';
        if (out)
            out[n] = '\0';
        return out;
    }
    size_t n = strlen(s);
    int64_t at;
    if (n == 25 && s[10] == 'T' && (s[19] == '+' || s[19] == '-') && moment_read(s, &at)) { /* a moment, in the store's zone */
        char *out = strdup(s);
        if (out) {
            out[10] = ' ';
            out[19] = '\0';
        }
        return out;
    }
    return text_safe(s);
}

/* ---- rows */

struct printer {
    const cli *c;
    const column *columns;
    size_t count, rows, room;
    char **cells; /* table: count for each row */
};

static void csv_cell(const char *s) {
    if (!s[strcspn(s, ",\"\r\n")]) {
        (void)fputs(s, stdout);
        return;
    }
    (void)putchar('"');
    for (; *s; s++) {
        if (*s == '"')
            (void)putchar('"');
        (void)putchar(*s);
    }
    (void)putchar('"');
}

printer *print_begin(const cli *c, const column *columns, size_t count) {
    printer *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->c = c;
    p->columns = columns;
    p->count = count;
    if (c->format == FORMAT_JSON)
        (void)putchar('[');
    if (c->format == FORMAT_CSV) {
        for (size_t i = 0; i < count; i++) {
            if (i)
                (void)putchar(',');
            csv_cell(columns[i].name);
        }
        (void)fputs("\r\n", stdout);
    }
    return p;
}

static int table_row(printer *p, const json_t *row) {
    if (p->rows == p->room) {
        size_t room = p->room ? p->room * 2 : 64;
        if (room > SIZE_MAX / sizeof *p->cells / (p->count ? p->count : 1))
            return fail_memory(p->c);
        char **more = realloc(p->cells, room * p->count * sizeof *more);
        if (!more)
            return fail_memory(p->c);
        p->cells = more;
        p->room = room;
    }
    for (size_t i = 0; i < p->count; i++) {
        char *text = value_text(p->c, json_object_get(row, p->columns[i].name), false);
        if (!text) {
            while (i > 0)
                free(p->cells[p->rows * p->count + --i]);
            return fail_memory(p->c);
        }
        p->cells[p->rows * p->count + i] = text;
    }
    p->rows++;
    return DONE;
}

int print_row(printer *p, const json_t *row) {
    if (p->c->format == FORMAT_JSON) {
        char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
        if (!text)
            return fail_memory(p->c);
        (void)printf("%s%s", p->rows++ ? ",\n" : "", text);
        free(text);
        return DONE;
    }
    if (p->c->format != FORMAT_CSV)
        return table_row(p, row);
    for (size_t i = 0; i < p->count; i++) {
        char *text = value_text(p->c, json_object_get(row, p->columns[i].name), true);
        if (!text)
            return fail_memory(p->c);
        if (i)
            (void)putchar(',');
        csv_cell(text);
        free(text);
    }
    (void)fputs("\r\n", stdout);
    p->rows++;
    return DONE;
}

#define LINE_MOST 60 /* beneath a last column, whose texts may be long */

static void pad(size_t n) {
    while (n-- > 0)
        (void)putchar(' ');
}

/* One line of a table; `owed` spaces are only printed before something that is seen. */
static void table_line(const printer *p, const size_t *widths, const char *(*cell)(const printer *, size_t row, size_t i),
                       size_t row) {
    size_t owed = 0;
    for (size_t i = 0; i < p->count; i++) {
        const char *text = cell(p, row, i);
        size_t own = text_width(text), space = own < widths[i] ? widths[i] - own : 0;
        if (p->columns[i].right)
            owed += space;
        if (*text) {
            pad(owed);
            owed = 0;
            (void)fputs(text, stdout);
        }
        owed += (p->columns[i].right ? 0 : space) + 2;
    }
    (void)putchar('\n');
}

static const char *title_cell(const printer *p, size_t row, size_t i) {
    (void)row;
    return p->columns[i].title;
}

static const char *value_cell(const printer *p, size_t row, size_t i) {
    return p->cells[row * p->count + i];
}

static int table_end(const printer *p) {
    size_t *widths = calloc(p->count ? p->count : 1, sizeof *widths);
    if (!widths)
        return fail_memory(p->c);
    for (size_t i = 0; i < p->count; i++) {
        widths[i] = text_width(p->columns[i].title);
        for (size_t r = 0; r < p->rows; r++) {
            size_t w = text_width(p->cells[r * p->count + i]);
            if (w > widths[i])
                widths[i] = w;
        }
    }
    table_line(p, widths, title_cell, 0);
    for (size_t i = 0; i < p->count; i++) {
        size_t most = i + 1 == p->count && widths[i] > LINE_MOST ? LINE_MOST : widths[i];
        for (size_t k = 0; k < most; k++)
            (void)putchar('-');
        if (i + 1 < p->count)
            pad(2);
    }
    (void)putchar('\n');
    for (size_t r = 0; r < p->rows; r++)
        table_line(p, widths, value_cell, r);
    free(widths);
    return DONE;
}

void print_drop(printer *p) {
    if (!p)
        return;
    if (p->cells)
        for (size_t i = 0; i < p->rows * p->count; i++)
            free(p->cells[i]);
    free(p->cells);
    free(p);
}

int print_end(printer *p) {
    int code = DONE;
    if (p->c->format == FORMAT_JSON)
        (void)fputs("]\n", stdout);
    else if (p->c->format == FORMAT_TABLE)
        code = table_end(p);
    print_drop(p);
    return code;
}

/* ---- one record */

int print_json(const json_t *value) {
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return REFUSED;
    (void)puts(text);
    free(text);
    return DONE;
}

int print_record(const cli *c, const muni_rec *rec) {
    int code = DONE;
    if (c->format == FORMAT_JSON) {
        char *text = NULL;
        if (muni_rec_json(rec, &text) < 0)
            return fail(c);
        (void)puts(text);
        muni_free(text);
        return DONE;
    }
    json_t *row = record_json(rec), *kind = NULL;
    if (!row)
        return muni_error_code() ? fail(c) : fail_memory(c);
    if (c->format == FORMAT_TABLE && *muni_rec_kind(rec))
        kind = describe(c, muni_rec_kind(rec), &code);
    size_t count = (size_t)muni_rec_count(rec);
    column *columns = calloc(count ? count : 1, sizeof *columns);
    printer *p = NULL;
    if (code == DONE && !columns)
        code = fail_memory(c);
    if (code == DONE && c->format == FORMAT_CSV) {
        for (size_t i = 0; i < count; i++)
            columns[i].name = columns[i].title = muni_rec_name(rec, (int32_t)i);
        p = print_begin(c, columns, count);
        code = p ? print_row(p, row) : fail_memory(c);
    } else if (code == DONE) {
        const column two[] = { { "field", in(c, (words){ "field", "項目" }), false },
                               { "value", in(c, (words){ "value", "値" }), false } };
        p = print_begin(c, two, 2);
        if (!p)
            code = fail_memory(c);
        for (size_t i = 0; i < count && code == DONE; i++) {
            const char *name = muni_rec_name(rec, (int32_t)i);
            const json_t *value = json_object_get(row, name), *field = field_of(kind, name);
            if (!value || json_is_null(value))
                continue;
            json_t *line = json_pack("{s:s, s:O}", "field", field && c->ja ? title_of(c, field) : name, "value", value);
            code = line ? print_row(p, line) : fail_memory(c);
            json_decref(line);
        }
        if (code == DONE)
            code = print_end(p), p = NULL;
    }
    if (p && code == DONE)
        code = print_end(p);
    else
        print_drop(p);
    free(columns);
    json_decref(row);
    json_decref(kind);
    return code;
}
