/* CSV: what is read does not depend on how the bytes arrive; what is written is read back as it was. */
#include "fuzz.h"

#include "core/csv.h"

/* Bytes in pieces. */
typedef struct pieces {
    const uint8_t *p;
    size_t n, at, most;
} pieces;

static muni_status read_piece(void *user, char *p, size_t cap, size_t *got) {
    pieces *s = user;
    size_t n = s->n - s->at;
    n = n < cap ? n : cap;
    if (s->most && n > s->most)
        n = s->most;
    if (n)
        memcpy(p, s->p + s->at, n);
    s->at += n;
    *got = n;
    return MUNI_OK;
}

static muni_status rewind_pieces(void *user) {
    ((pieces *)user)->at = 0;
    return MUNI_OK;
}

/* All that can be seen of a file, as one text, of which so much is of its records; its cells one after another, if they are wanted. */
typedef struct cells {
    muni__buf text;  /* each cell with its NUL */
    size_t *counts, rows, cap;
} cells;

static muni_status read_all(fuzz_in in, size_t most, const muni__csv_options *options, muni__buf *seen, size_t *records, cells *out) {
    pieces s = { in.p, in.n, 0, most };
    muni__source source = { read_piece, rewind_pieces, NULL, &s };
    muni__csv *csv = NULL;
    muni__csv_record r;
    muni_status st = TRY(muni__csv_open(&source, options, &csv));
    int64_t number = 0, line = 0;
    if (st >= 0) {
        muni__buf_printf(seen, "%s\n", muni__charset_name(muni__csv_charset(csv)));
        while ((st = TRY(muni__csv_next(csv, &r))) == MUNI_ROW) {
            HOLDS(r.number == number + 1 && r.line > line && r.count >= 1, "record %lld", (long long)r.number);
            number = r.number;
            line = r.line;
            muni__buf_printf(seen, "%lld %lld %d\n", (long long)r.number, (long long)r.line, r.blank);
            for (size_t i = 0; i < r.count; i++) {
                const muni__csv_field *f = &r.fields[i];
                HOLDS(strlen(f->p) == f->n, "a cell ends with its only NUL");
                HOLDS(muni__utf8_valid(f->p, f->n, NULL), "a cell is UTF-8");
                HOLDS(!r.blank || (!f->n && !f->quoted), "a blank record has nothing in it");
                muni__buf_printf(seen, "%d %zu ", f->quoted, f->n);
                muni__buf_put(seen, f->p, f->n);
                muni__buf_putc(seen, '\n');
                if (out)
                    muni__buf_put(&out->text, f->p, f->n + 1);
            }
            if (out) {
                OK(muni__grow(&out->counts, &out->cap, out->rows + 1, sizeof *out->counts));
                out->counts[out->rows++] = r.count;
            }
        }
        muni_status again = muni__csv_next(csv, &r);
        HOLDS(again == st, "the end is the end");
    }
    *records = seen->n;
    muni__buf_printf(seen, "%s %lld %s", muni_error_name(st), (long long)(st < 0 ? muni_error_line() : 0), st < 0 ? muni_error_text("en") : "");
    HOLDS(seen->st >= 0, "memory");
    muni__csv_close(csv);
    return st;
}

static muni_status write_buf(void *user, const char *p, size_t n) {
    muni__buf_put(user, p, n);
    return ((muni__buf *)user)->st;
}

static muni_status count_loss(void *user, const muni__loss *loss) {
    HOLDS(loss->row >= 1 && loss->column >= 1 && loss->index >= 1, "a loss has its place");
    ++*(uint64_t *)user;
    return MUNI_OK;
}

/* Characters that CP932 gives back as others, without loss: a voiced mark of its own joins its kana, 〜 is ～. */
static bool looks_alike(const cells *c) {
    for (size_t i = 0; i < c->text.n;) {
        uint32_t cp, again;
        uint16_t code;
        i += muni__utf8_next(c->text.p + i, c->text.n - i, &cp);
        if (cp == 0x3099 || cp == 0x309a || (muni__cp932_encode_char(cp, &code) && muni__cp932_decode_char(code, &again) && again != cp))
            return true;
    }
    return false;
}

/* Write the cells and read them again. */
static void round_trip(const cells *c, muni__charset charset, char delimiter, bool formulas, bool shrink) {
    muni__buf file = MUNI_BUF_INIT(0), ignore = MUNI_BUF_INIT(0);
    uint64_t losses = 0, told = 0;
    muni__csv_writer_options w = { .charset = charset, .delimiter = delimiter, .formulas = formulas, .shrink = shrink, .loss = count_loss, .loss_user = &told };
    muni__csv_writer *writer = NULL;
    cells back = { .text = MUNI_BUF_INIT(0) };
    const char *p = c->text.p;
    if (delimiter && !strchr(",\t;", delimiter) && TRY(muni__csv_writer_open(write_buf, &file, &w, &writer)) < 0)
        return;
    if (!writer)
        OK(muni__csv_writer_open(write_buf, &file, &w, &writer));
    for (size_t i = 0; i < c->rows; i++) {
        for (size_t k = 0; k < c->counts[i]; k++) {
            size_t n = strlen(p);
            OK(muni__csv_put(writer, p, n, MUNI__CSV_TEXT));
            p += n + 1;
        }
        OK(muni__csv_end_row(writer));
    }
    OK(muni__csv_finish(writer, &losses));
    muni__csv_writer_free(writer);
    HOLDS(losses == told, "%llu losses, %llu told", (unsigned long long)losses, (unsigned long long)told);
    muni__csv_options o = { .charset = charset, .delimiter = delimiter, .strip_apostrophe = !formulas };
    OK(read_all((fuzz_in){ (const uint8_t *)file.p, file.n }, 0, &o, &ignore, &(size_t){ 0 }, &back));
    HOLDS(back.rows == c->rows, "%zu rows written, %zu read", c->rows, back.rows);
    for (size_t i = 0; i < c->rows; i++)
        HOLDS(back.counts[i] == c->counts[i], "row %zu: %zu cells written, %zu read", i, c->counts[i], back.counts[i]);
    if (charset != MUNI__CHARSET_CP932 || (!losses && !looks_alike(c)))
        HOLDS(fuzz_same(back.text.p, back.text.n, c->text.p, c->text.n), "the cells are what they were");
    muni__buf_free(&file);
    muni__buf_free(&ignore);
    muni__buf_free(&back.text);
    muni__free(back.counts);
}

static void match(fuzz_in in, const muni__csv_options *options, unsigned flags) {
    static const muni__csv_column columns[] = { { "staff_no", "職員番号", true }, { "name", "氏名", false }, { "a", "b", false }, { "c", NULL, true } };
    pieces s = { in.p, in.n, 0, 0 };
    muni__source source = { read_piece, rewind_pieces, NULL, &s };
    muni__csv *csv = NULL;
    muni__csv_record r;
    int32_t *map = NULL;
    if (TRY(muni__csv_open(&source, options, &csv)) >= 0 && TRY(muni__csv_next(csv, &r)) == MUNI_ROW && TRY(muni__csv_match(&r, columns, MUNI_COUNT(columns), flags, &map)) >= 0) {
        bool seen[MUNI_COUNT(columns)] = { false };
        for (size_t i = 0; i < r.count; i++) {
            HOLDS(map[i] >= ((flags & MUNI__CSV_UNKNOWN_OK) ? -1 : 0) && map[i] < (int32_t)MUNI_COUNT(columns), "column %zu: %d", i, map[i]);
            if (map[i] < 0)
                continue;
            HOLDS(!seen[map[i]], "a column leads to one field");
            seen[map[i]] = true;
        }
        HOLDS(seen[0] && seen[3], "required columns are there");
    }
    muni__free(map);
    muni__csv_close(csv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char delimiters[] = { 0, ',', '\t', ';', '|', ' ', '\'', '=' };
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in), what = fuzz_byte(&in), piece = fuzz_byte(&in);
    muni__csv_options o = { .charset = (muni__charset)(how % 5), .delimiter = delimiters[(how >> 5) & 7], .strip_apostrophe = what & 1 };
    if (what & 2) {
        o.field_max = 40;
        o.record_max = 100;
        o.columns_max = 8;
        o.records_max = 10;
    }
    muni__buf whole = MUNI_BUF_INIT(0), parts = MUNI_BUF_INIT(0);
    cells c = { .text = MUNI_BUF_INIT(0) };
    size_t records, again;
    muni_status st = read_all(in, 0, &o, &whole, &records, &c);
    size_t sizes[] = { 1, 2 + piece % 61 };
    for (size_t i = 0; i < MUNI_COUNT(sizes); i++) {
        muni__buf_clear(&parts);
        bool limit = read_all(in, sizes[i], &o, &parts, &again, NULL) == MUNI_ELIMIT || st == MUNI_ELIMIT;
        size_t both = records < again ? records : again;
        if ((what & 2) && limit) /* what is wrong besides being too large, and how early that is seen, is a matter of pieces */
            HOLDS(fuzz_same(whole.p, both, parts.p, both), "in pieces of %zu:\n%s\n----\n%s", sizes[i], whole.p, parts.p);
        else
            HOLDS(fuzz_same(whole.p, whole.n, parts.p, parts.n), "in pieces of %zu:\n%s\n----\n%s", sizes[i], whole.p, parts.p);
    }
    if (c.rows) {
        round_trip(&c, MUNI__CHARSET_UNKNOWN, delimiters[what >> 5], what & 4, false);
        round_trip(&c, MUNI__CHARSET_UTF8, ',', what & 4, false);
        round_trip(&c, MUNI__CHARSET_CP932, delimiters[what >> 5], what & 4, what & 8);
    }
    match(in, &o, what & 16 ? MUNI__CSV_UNKNOWN_OK : 0);
    muni__buf_free(&whole);
    muni__buf_free(&parts);
    muni__buf_free(&c.text);
    muni__free(c.counts);
    return 0;
}
