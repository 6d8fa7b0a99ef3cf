/* CSV as RFC 4180 has it and as Excel reads and writes it, from and to any of the character sets. A reader holds one record in memory;
 * a writer a few kilobytes. Text cells that a spreadsheet would take for a formula are made harmless on the way out, and that is undone,
 * exactly, on the way in when asked. */
#ifndef MUNI_CORE_CSV_H
#define MUNI_CORE_CSV_H

#include "core/charset.h"

/* Limits. More is MUNI_ELIMIT naming the line and the limit; memory stays within twice the record limit. */
#define MUNI__CSV_FIELD_MAX ((size_t)4 << 20)   /* bytes of one field as UTF-8 */
#define MUNI__CSV_RECORD_MAX ((size_t)16 << 20) /* bytes of one record as UTF-8 */
#define MUNI__CSV_COLUMNS_MAX ((size_t)4096)
#define MUNI__CSV_RECORDS_MAX INT64_C(10000000) /* records besides the header */

/* ---- reading */
typedef struct muni__csv_options {
    muni__charset charset;  /* MUNI__CHARSET_UNKNOWN: propose one (the source must rewind) */
    char delimiter;         /* 0: a comma, in UTF-16 a TAB */
    bool strip_apostrophe;  /* undo muni__csv_guard_text on cells that it would have written */
    size_t field_max, record_max, columns_max; /* 0: the limits above; larger ones are cut to them */
    int64_t records_max;
} muni__csv_options;

typedef struct muni__csv_field {
    const char *p; /* UTF-8 with a NUL behind it; valid until the next call */
    size_t n;
    bool quoted;
} muni__csv_field;

typedef struct muni__csv_record {
    int64_t number; /* of the record: the header is 1, blank ones count, so it is the row that Excel shows */
    int64_t line;   /* physical line on which it begins, from 1 */
    size_t count;   /* of the fields, at least 1 */
    const muni__csv_field *fields;
    bool blank; /* nothing in it but delimiters */
} muni__csv_record;

typedef struct muni__csv muni__csv;
/* The source is copied and stays the caller's to close, after the reader. `options` may be NULL. Sniffing reads the source once and rewinds it. */
muni_status muni__csv_open(const muni__source *source, const muni__csv_options *options, muni__csv **out);
/* MUNI_ROW with a record; MUNI_OK at the end; else an error with its line in the error record, and again from then on. No cell is
 * quoted in an error: a file of staff is personal data. */
muni_status muni__csv_next(muni__csv *csv, muni__csv_record *out);
muni__charset muni__csv_charset(const muni__csv *csv); /* the one in use */
void muni__csv_close(muni__csv *csv);

/* ---- the header */
typedef struct muni__csv_column {
    const char *name;  /* field name, or the name in the file; first, so that an array of these serves muni__nearest */
    const char *title; /* another name that is accepted, such as the Japanese title; may be NULL */
    bool required;
} muni__csv_column;
#define MUNI__CSV_UNKNOWN_OK 1 /* columns that nobody knows are allowed: -1 in the map */
/* Match a header, comparing folded names (NFKC, case, outer blanks). `map` gets an array of record->count: the index of the expected column, or -1;
 * free it with muni__free. MUNI_EFORMAT: not a header at all, an empty or a doubled name; MUNI_EFIELD: an unknown column, naming the
 * nearest; MUNI_EREQUIRED: the required columns that are missing, all of them. */
muni_status muni__csv_match(const muni__csv_record *record, const muni__csv_column *columns, size_t count, unsigned flags, int32_t **map);

/* ---- writing */
typedef muni_status (*muni__write_fn)(void *user, const char *p, size_t n);
typedef enum muni__csv_kind {
    MUNI__CSV_TEXT,   /* formula guard; losses by policy */
    MUNI__CSV_NUMBER, /* written as it is: -5 stays -5 */
    MUNI__CSV_ID      /* formula guard; a character that CP932 lacks fails whatever the policy */
} muni__csv_kind;
typedef struct muni__csv_writer_options {
    muni__charset charset; /* MUNI__CHARSET_UNKNOWN: UTF-8 with BOM. UTF-16LE is not written (MUNI_ENOTSUP). */
    char delimiter;        /* 0: comma */
    bool formulas;         /* leave formulas alone: for machines only */
    muni__loss_policy policy;
    bool shrink;
    muni_status (*loss)(void *user, const muni__loss *loss); /* row and column counted here, from 1 */
    void *loss_user;
} muni__csv_writer_options;
typedef struct muni__csv_writer muni__csv_writer;
muni_status muni__csv_writer_open(muni__write_fn write, void *user, const muni__csv_writer_options *options, muni__csv_writer **out);
/* `p` is UTF-8 without NUL (MUNI_EUTF8, MUNI_EINVAL). After a failure every call answers it again. */
muni_status muni__csv_put(muni__csv_writer *w, const char *p, size_t n, muni__csv_kind kind);
muni_status muni__csv_end_row(muni__csv_writer *w); /* CRLF */
/* Write what is left. Characters lost so far in *losses (may be NULL). */
muni_status muni__csv_finish(muni__csv_writer *w, uint64_t *losses);
void muni__csv_writer_free(muni__csv_writer *w); /* writes nothing */

/* Would a spreadsheet compute this text? Its first character after blanks is one of = + - @ TAB CR or full-width ＝＋－＠; the same behind apostrophes,
 * so that adding one apostrophe and taking one away are exact inverses. */
bool muni__csv_is_formula(const char *p, size_t n);
/* The text without the apostrophe that a writer put before it: moves *p and *n. */
void muni__csv_unguard(const char **p, size_t *n);

#endif
