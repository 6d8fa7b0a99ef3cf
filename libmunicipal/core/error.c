/* The error record of each thread, and the table of codes. */
#include "core/base.h"

#include <stdio.h>

static const struct {
    int32_t code;
    const char *name, *ja, *en;
} table[] = {
#define MUNI_ERROR(ename, enumber, eparent, eja, een) { enumber, #ename, eja, een },
#include "core/errors.def"
#undef MUNI_ERROR
};

static _Thread_local muni__error record;

/* The row of a code; that of MUNI_EINTERNAL for what is no code. */
static size_t find(int32_t code) {
    size_t internal = 0;
    for (size_t i = 0; i < MUNI_COUNT(table); i++) {
        if (table[i].code == code)
            return i;
        if (table[i].code == MUNI_EINTERNAL)
            internal = i;
    }
    return internal;
}

/* Copy text that may hold anything into a field of the record: one line of valid UTF-8, cut between two characters.
 * Line breaks and other control characters become spaces, bytes that are no UTF-8 become '?'. */
static void line_put(char *out, size_t size, const char *in) {
    size_t n = strlen(in), used = 0;
    while (n) {
        size_t bad, good = muni__utf8_valid(in, n, &bad) ? n : bad;
        size_t room = size - 1 - used, take = muni__utf8_cut(in, good, room);
        for (size_t i = 0; i < take; i++)
            out[used++] = (unsigned char)in[i] < 0x20 || in[i] == 0x7f ? ' ' : in[i];
        if (take < good || good == n || used == size - 1)
            break;
        out[used++] = '?';
        in += good + 1;
        n -= good + 1;
    }
    out[used] = '\0';
}

/* Format into `out`; where that is not possible, the standard text. */
static void format(char *out, size_t size, const char *standard, const char *fmt, va_list args) MUNI_PRINTF(4, 0);
static void format(char *out, size_t size, const char *standard, const char *fmt, va_list args) {
    char text[2048]; /* not `out`: the arguments may stand in the record that is being replaced */
    int n = vsnprintf(text, sizeof text, fmt, args);
    if (n >= 0 && (size_t)n >= sizeof text) /* cut in the middle of a character, perhaps: that is no fault of the text */
        text[muni__utf8_cut(text, sizeof text - 1, sizeof text - 4)] = '\0';
    line_put(out, size, n < 0 ? standard : text);
}

/* A new record with the standard text of `code`, or of MUNI_EINTERNAL. */
static void standard(muni__error *e, muni_status code) {
    size_t i = find(code);
    e->code = table[i].code;
    e->line = e->record = 0;
    e->kind[0] = e->field[0] = '\0';
    line_put(e->en, sizeof e->en, table[i].en);
    line_put(e->ja, sizeof e->ja, table[i].ja);
}

muni_status muni__fail(muni_status code, const char *field, const char *en, const char *ja, ...) {
    muni__error e;
    va_list args;
    size_t i = find(code);
    standard(&e, code);
    if (field)
        line_put(e.field, sizeof e.field, field);
    if (table[i].code == code) { /* a number that is no code says "internal error" and nothing else */
        va_start(args, ja);
        format(e.en, sizeof e.en, table[i].en, en, args);
        va_end(args);
        va_start(args, ja);
        format(e.ja, sizeof e.ja, table[i].ja, ja, args);
        va_end(args);
    }
    record = e;
    return e.code;
}

muni_status muni__nomem(void) {
    standard(&record, MUNI_ENOMEM);
    return MUNI_ENOMEM;
}

void muni__fail_place(const char *kind, int64_t line, int64_t id) {
    if (!record.code)
        return;
    if (kind)
        line_put(record.kind, sizeof record.kind, kind);
    if (line)
        record.line = line;
    if (id)
        record.record = id;
}

void muni__error_clear(void) {
    record.code = 0;
    record.line = record.record = 0;
    record.kind[0] = record.field[0] = record.en[0] = record.ja[0] = '\0';
}

void muni__error_save(muni__error *out) {
    *out = record;
}

void muni__error_restore(const muni__error *saved) {
    record = *saved;
}

muni_status muni__leave(muni_status status) {
    if (status >= 0)
        muni__error_clear();
    else if (record.code != status)
        standard(&record, status);
    return status >= 0 ? status : record.code;
}

muni_status muni__no_output(void) {
    return muni__fail(MUNI_EINVAL, "out", "the output pointer is NULL", "出力先がNULLです");
}

muni_status muni__options_read(void *own, size_t size, const void *given, const char *init) {
    size_t theirs;
    if (!given)
        return MUNI_OK;
    memcpy(&theirs, given, sizeof theirs);
    if (theirs < sizeof theirs || theirs > 4096)
        return muni__fail(MUNI_EINVAL, "options", "struct_size is not set; begin with %s", "struct_sizeが設定されていません。%sで始めてください", init);
    memcpy(own, given, theirs < size ? theirs : size);
    return MUNI_OK;
}

int32_t muni_error_code(void) {
    return record.code;
}

const char *muni_error_name(int32_t code) {
    if (code == MUNI_OK)
        return "OK";
    if (code == MUNI_ROW)
        return "ROW";
    size_t i = find(code);
    return table[i].code == code ? table[i].name : "UNKNOWN";
}

const char *muni_error_text(const char *lang) {
    return lang && !strcmp(lang, "ja") ? record.ja : record.en;
}

const char *muni_error_kind(void) {
    return record.kind;
}

const char *muni_error_field(void) {
    return record.field;
}

int64_t muni_error_line(void) {
    return record.line;
}

int64_t muni_error_record(void) {
    return record.record;
}
