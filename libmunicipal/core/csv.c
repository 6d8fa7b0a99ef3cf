/* CSV in and out. */
#include "core/csv.h"

#include "core/textkey.h"

#define PIECE 65536

/* ---- formulas */

/* The characters that a formula may begin with, as UTF-8. */
static bool begins_formula(const char *p, size_t n) {
    static const char *const wide[] = { "＝", "＋", "－", "＠" };
    if (!n)
        return false;
    switch (*p) {
    case '=':
    case '+':
    case '-':
    case '@':
    case '\t':
    case '\r': return true;
    default: break;
    }
    for (size_t i = 0; n >= 3 && i < MUNI_COUNT(wide); i++)
        if (!memcmp(p, wide[i], 3))
            return true;
    return false;
}

bool muni__csv_is_formula(const char *p, size_t n) {
    size_t i = 0;
    while (i < n && p[i] == '\'')
        i++;
    while (i < n) {
        if (p[i] == ' ' || p[i] == '\n')
            i++;
        else if (n - i >= 3 && !memcmp(p + i, "　", 3))
            i += 3;
        else if (n - i >= 2 && !memcmp(p + i, "\xc2\xa0", 2)) /* no-break space */
            i += 2;
        else
            break;
    }
    return begins_formula(p + i, n - i);
}

/* The same of text that is CP932 already: what was lost on the way may have uncovered one. */
static bool is_formula_cp932(const unsigned char *s, size_t n) {
    size_t i = 0;
    while (i < n && s[i] == '\'')
        i++;
    for (;;) {
        if (i < n && (s[i] == ' ' || s[i] == '\n'))
            i++;
        else if (n - i >= 2 && s[i] == 0x81 && s[i + 1] == 0x40)
            i += 2;
        else
            break;
    }
    if (n - i >= 2 && s[i] == 0x81)
        return s[i + 1] == 0x81 || s[i + 1] == 0x7b || s[i + 1] == 0x7c || s[i + 1] == 0x97; /* ＝＋－＠ */
    return i < n && s[i] < 0x80 && begins_formula((const char *)s + i, 1);
}

void muni__csv_unguard(const char **p, size_t *n) {
    if (*n && **p == '\'' && muni__csv_is_formula(*p, *n)) {
        ++*p;
        --*n;
    }
}

/* ---- reading */

enum { PLAIN, QUOTE, DELIMITER, CR, LF, NUL }; /* what a byte is to the reader; up to QUOTE, nothing ends a bare field */

typedef struct span { /* of a field, from the beginning of its record */
    size_t at, n;
    bool quoted;
} span;

struct muni__csv {
    muni__source source;
    muni__decoder decoder;
    muni__csv_options o;
    muni__buf text;  /* decoded; the record begins at `from`, all that may be read ends at `end` */
    size_t from, end;
    char *raw;
    span *spans;
    muni__csv_field *fields;
    size_t span_cap, field_cap;
    int64_t number, line; /* of the next record */
    bool ended;           /* the source has */
    muni_status st;       /* the first failure */
    muni__error error;
    uint8_t is[256];
};

static size_t limit(size_t wanted, size_t most) {
    return wanted && wanted < most ? wanted : most;
}

muni_status muni__csv_open(const muni__source *source, const muni__csv_options *options, muni__csv **out) {
    muni_status st = MUNI_OK;
    *out = NULL;
    muni__csv *c = muni__alloc(sizeof *c);
    if (!c)
        return MUNI_ENOMEM;
    c->source = *source;
    if (options)
        c->o = *options;
    c->o.field_max = limit(c->o.field_max, MUNI__CSV_FIELD_MAX);
    c->o.record_max = limit(c->o.record_max, MUNI__CSV_RECORD_MAX);
    c->o.columns_max = limit(c->o.columns_max, MUNI__CSV_COLUMNS_MAX);
    if (c->o.records_max <= 0 || c->o.records_max > MUNI__CSV_RECORDS_MAX)
        c->o.records_max = MUNI__CSV_RECORDS_MAX;
    c->number = c->line = 1;
    c->raw = muni__alloc(PIECE);
    if (!c->raw) {
        st = MUNI_ENOMEM;
        goto out;
    }
    if (c->o.charset == MUNI__CHARSET_UNKNOWN) {
        muni__sniffed sniffed;
        if (!c->source.rewind) {
            st = muni__fail(MUNI_EINVAL, "charset", "the input cannot be read twice, so its character set must be declared",
                            "この入力は二度読めないので、文字コードの指定が必要です");
            goto out;
        }
        MUNI_TRY(muni__charset_sniff(c->source.read, c->source.user, &sniffed));
        MUNI_TRY(c->source.rewind(c->source.user));
        c->o.charset = sniffed.charset;
    }
    if (!c->o.delimiter)
        c->o.delimiter = c->o.charset == MUNI__CHARSET_UTF16LE ? '\t' : ',';
    if (strchr("\"\r\n", c->o.delimiter) || (unsigned char)c->o.delimiter >= 0x80) {
        st = muni__fail(MUNI_EINVAL, "delimiter", "the delimiter must be one ASCII character, and no quote or line end",
                        "区切り文字はASCIIの1文字にしてください（引用符と改行は使えません）");
        goto out;
    }
    muni__decoder_init(&c->decoder, c->o.charset);
    c->is[(unsigned char)c->o.delimiter] = DELIMITER;
    c->is['"'] = QUOTE;
    c->is['\r'] = CR;
    c->is['\n'] = LF;
    c->is[0] = NUL;
    *out = c;
    return MUNI_OK;
out:
    muni__csv_close(c);
    return st;
}

muni__charset muni__csv_charset(const muni__csv *csv) {
    return csv->o.charset;
}

void muni__csv_close(muni__csv *csv) {
    if (!csv)
        return;
    muni__buf_free(&csv->text);
    muni__free(csv->raw);
    muni__free(csv->spans);
    muni__free(csv->fields);
    muni__free(csv);
}

/* More text behind what is there, and the record moved to the beginning. DOS ends a file with 0x1A: the last ones are held back until something follows.
 * *more false: there is no more. A failure to decode counts only when the reader comes to that place. */
static muni_status refill(muni__csv *c, bool *more) {
    muni_status st = MUNI_OK;
    size_t had = c->end - c->from;
    *more = false;
    if (c->from) {
        memmove(c->text.p, c->text.p + c->from, c->text.n - c->from);
        c->text.n -= c->from;
        c->end -= c->from;
        c->from = 0;
    }
    while (!c->ended && c->end == had) {
        size_t got = 0;
        if (c->decoder.st < 0)
            return muni__decoder_feed(&c->decoder, "", 0, &c->text);
        st = c->source.read(c->source.user, c->raw, PIECE, &got);
        if (st < 0)
            return st;
        if (!got) {
            st = muni__decoder_finish(&c->decoder);
            if (st < 0)
                return st;
            c->ended = true;
            break;
        }
        size_t before = c->text.n, end;
        st = muni__decoder_feed(&c->decoder, c->raw, got, &c->text);
        if (st < 0 && st != MUNI_EENCODING)
            return st;
        muni__error_clear();
        end = c->text.n;
        while (end > before && c->text.p[end - 1] == 0x1a)
            end--;
        if (end > before) /* else there are only more of those that are held back */
            c->end = end;
        if (c->text.n - c->end > c->o.record_max)
            return muni__fail(MUNI_ELIMIT, NULL, "the file holds more than %zu bytes 0x1A (end of file) in a row; cut them off",
                              "ファイルに0x1A（ファイルの終わり）が%zuバイトを超えて続いています。取り除いてください", c->o.record_max);
    }
    *more = c->end > had;
    return MUNI_OK;
}

enum { RECORD_BYTES, FIELD_BYTES, COLUMNS };

static muni_status too_many(int what, size_t most, int64_t line) {
    if (what == COLUMNS)
        muni__fail(MUNI_ELIMIT, NULL, "line %lld: the record has more columns than the limit of %zu", "%lld行目: レコードの列数が上限の%zuを超えます",
                   (long long)line, most);
    else if (what == FIELD_BYTES)
        muni__fail(MUNI_ELIMIT, NULL, "line %lld: a field has more bytes than the limit of %zu; is a closing quote or a line end missing?",
                   "%lld行目: 1項目のバイト数が上限の%zuを超えます。閉じる引用符や改行が抜けていませんか", (long long)line, most);
    else
        muni__fail(MUNI_ELIMIT, NULL, "line %lld: the record has more bytes than the limit of %zu; is a closing quote or a line end missing?",
                   "%lld行目: レコードのバイト数が上限の%zuを超えます。閉じる引用符や改行が抜けていませんか", (long long)line, most);
    muni__fail_place(NULL, line, 0);
    return MUNI_ELIMIT;
}

/* One record. The text of a field moves left over the quotes in it, so everything stays within the buffer. */
static muni_status read_record(muni__csv *c, muni__csv_record *out) {
    const int64_t first = c->line;
    int64_t line = first, opened = first;
    size_t r = 0, w = 0, start = 0, count = 0; /* from c->from: read up to, written up to, where the field begins */
    bool quoted = false, blank = true, done = false;
    enum { BEGIN, BARE, INSIDE, BEHIND } state = BEGIN; /* of a field; in a bare field; between quotes; behind the closing one */
    const uint8_t *is = c->is;
    muni_status st;
    bool more;

    while (!done) {
        if (c->from + r == c->end) {
            if (r > c->o.record_max)
                return too_many(RECORD_BYTES, c->o.record_max, first);
            st = refill(c, &more);
            if (st < 0)
                return st;
            if (!more) {
                if (state == INSIDE) {
                    muni__fail(MUNI_EFORMAT, NULL, "line %lld: a quoted field begins here (column %zu) and its closing quote is missing",
                               "%lld行目: ここで始まる引用符付きの項目（%zu列目）に、閉じる引用符がありません", (long long)opened, count + 1);
                    muni__fail_place(NULL, opened, 0);
                    return MUNI_EFORMAT;
                }
                if (!r)
                    return MUNI_OK; /* the end */
                done = true;        /* the last line has no end */
            }
        }
        char *base = c->text.p + c->from;
        const size_t n = c->end - c->from;
        /* run through plain text */
        if (state == BARE && !done) {
            size_t s = r;
            while (r < n && is[(unsigned char)base[r]] <= QUOTE)
                r++;
            if (w != s)
                memmove(base + w, base + s, r - s);
            w += r - s;
        } else if (state == INSIDE) {
            size_t s = r;
            for (; r < n; r++) {
                uint8_t k = is[(unsigned char)base[r]];
                if (k == QUOTE || k == NUL)
                    break;
                if (k == LF)
                    line += !(r && base[r - 1] == '\r'); /* base[r - 1] is as it was read: w never passes it */
                else if (k == CR)
                    line++;
            }
            if (w != s)
                memmove(base + w, base + s, r - s);
            w += r - s;
        }
        if (w - start > c->o.field_max)
            return too_many(FIELD_BYTES, c->o.field_max, first);
        if (r == n && !done)
            continue;
        uint8_t k = done ? LF : is[(unsigned char)base[r]];
        if (k == NUL) {
            muni__fail(MUNI_EFORMAT, NULL, "line %lld: there is a NUL byte in column %zu; the file is not text or is damaged",
                       "%lld行目: %zu列目にNULバイトがあります。テキストでないか、壊れています", (long long)line, count + 1);
            muni__fail_place(NULL, line, 0);
            return MUNI_EFORMAT;
        }
        switch (state) {
        case BEGIN:
            if (k == QUOTE) {
                state = INSIDE;
                quoted = true;
                blank = false;
                opened = line;
                r++;
                continue;
            }
            if (k == PLAIN) {
                state = BARE;
                blank = false;
                continue;
            }
            break;
        case BARE: break;
        case INSIDE:
            state = BEHIND;
            r++;
            continue;
        case BEHIND:
            if (k == QUOTE) { /* doubled */
                base[w++] = '"';
                state = INSIDE;
                r++;
                continue;
            }
            if (k == PLAIN) {
                muni__fail(MUNI_EFORMAT, NULL,
                           "line %lld: there is text behind the closing quote of column %zu; a quote within quotes must be doubled",
                           "%lld行目: %zu列目の閉じる引用符の後ろに文字があります。引用符の中の引用符は二つ重ねてください", (long long)line, count + 1);
                muni__fail_place(NULL, line, 0);
                return MUNI_EFORMAT;
            }
            break;
        }
        /* the field ends here */
        if (k == CR && c->from + r + 1 == c->end && !c->ended) { /* does an LF follow? */
            size_t keep = c->end - c->from;
            st = refill(c, &more);
            if (st < 0 && c->decoder.st != MUNI_EENCODING) /* undecodable text behind this record is the next one's failure */
                return st;
            base = c->text.p + c->from;
            if (c->end - c->from < keep)
                return muni__fail(MUNI_EINTERNAL, NULL, "a record was lost", "レコードが失われました");
        }
        if (count == c->o.columns_max)
            return too_many(COLUMNS, c->o.columns_max, first);
        st = muni__grow(&c->spans, &c->span_cap, count + 1, sizeof *c->spans);
        if (st < 0)
            return st;
        c->spans[count++] = (span){ start, w - start, quoted };
        if (k == DELIMITER) {
            r++;
            start = w = r;
            quoted = false;
            state = BEGIN;
            continue;
        }
        if (!done) {
            bool crlf = k == CR && c->from + r + 1 < c->end && base[r + 1] == '\n';
            r += crlf ? 2 : 1;
            line++;
            done = true;
        }
    }
    if (r > c->o.record_max)
        return too_many(RECORD_BYTES, c->o.record_max, first);
    if (c->number > c->o.records_max + 1) {
        muni__fail(MUNI_ELIMIT, NULL, "line %lld: the file has more than %lld records; split it", "%lld行目: レコードが%lld件を超えます。ファイルを分けてください",
                   (long long)first, (long long)c->o.records_max);
        muni__fail_place(NULL, first, 0);
        return MUNI_ELIMIT;
    }
    st = muni__grow(&c->fields, &c->field_cap, count, sizeof *c->fields);
    if (st < 0)
        return st;
    char *base = c->text.p + c->from;
    for (size_t i = 0; i < count; i++) {
        const span *s = &c->spans[i];
        base[s->at + s->n] = '\0'; /* over the delimiter, the quote, the line end, or the buffer's own NUL */
        c->fields[i] = (muni__csv_field){ base + s->at, s->n, s->quoted };
        if (c->o.strip_apostrophe)
            muni__csv_unguard(&c->fields[i].p, &c->fields[i].n);
    }
    *out = (muni__csv_record){ c->number++, first, count, c->fields, blank };
    c->line = line;
    c->from += r;
    return MUNI_ROW;
}

muni_status muni__csv_next(muni__csv *csv, muni__csv_record *out) {
    memset(out, 0, sizeof *out);
    if (csv->st < 0) {
        muni__error_restore(&csv->error);
        return csv->st;
    }
    muni_status st = read_record(csv, out);
    if (st < 0) {
        csv->st = st;
        muni__error_save(&csv->error);
    }
    return st;
}

/* ---- the header */

typedef struct folded {
    char *p;
    size_t n;
} folded;

static bool same(const folded *a, const folded *b) {
    return a->n == b->n && !memcmp(a->p, b->p, a->n);
}

/* "a, b (+3)": about 200 bytes at most. */
static void join_names(muni__buf *b, const muni__csv_column *columns, size_t count, const bool *seen) {
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        if (!columns[i].required || seen[i])
            continue;
        if (b->n > 200) {
            left++;
            continue;
        }
        if (b->n)
            muni__buf_puts(b, ", ");
        muni__buf_puts(b, columns[i].title ? columns[i].title : columns[i].name);
    }
    if (left)
        muni__buf_printf(b, " (+%zu)", left);
}

muni_status muni__csv_match(const muni__csv_record *record, const muni__csv_column *columns, size_t count, unsigned flags, int32_t **map) {
    muni_status st = MUNI_ENOMEM;
    folded *names = NULL, *found = NULL;
    bool *seen = NULL;
    int32_t *result = NULL;
    size_t known = 0;
    muni__buf list = MUNI_BUF_INIT(0);
    *map = NULL;
    if (count > MUNI__CSV_COLUMNS_MAX || record->count > MUNI__CSV_COLUMNS_MAX)
        return muni__fail(MUNI_ELIMIT, NULL, "there are more than %zu columns", "列数が%zuを超えます", MUNI__CSV_COLUMNS_MAX);
    names = muni__alloc_n(2 * count + 1, sizeof *names);
    found = muni__alloc_n(record->count + 1, sizeof *found);
    seen = muni__alloc_n(count + 1, sizeof *seen);
    result = muni__alloc_n(record->count + 1, sizeof *result);
    if (!names || !found || !seen || !result)
        goto out;
    for (size_t i = 0; i < count; i++) {
        const char *other = columns[i].title ? columns[i].title : columns[i].name;
        MUNI_TRY(muni__idkey(columns[i].name, strlen(columns[i].name), &names[2 * i].p, &names[2 * i].n));
        MUNI_TRY(muni__idkey(other, strlen(other), &names[2 * i + 1].p, &names[2 * i + 1].n));
    }
    for (size_t f = 0; f < record->count; f++) {
        MUNI_TRY(muni__idkey(record->fields[f].p, record->fields[f].n, &found[f].p, &found[f].n));
        result[f] = -1;
        for (size_t i = 0; i < 2 * count && result[f] < 0; i++)
            if (same(&found[f], &names[i]))
                result[f] = (int32_t)(i / 2);
        known += result[f] >= 0;
    }
    if (!known) { /* perhaps the first row is data already: nothing of it is quoted */
        st = muni__fail(MUNI_EFORMAT, NULL, "line %lld is no header: none of the %zu expected columns is there (the first is \"%s\")",
                        "%lld行目は見出しではありません。想定する%zu列（最初は「%s」）のどれもありません", (long long)record->line, count,
                        count ? (columns[0].title ? columns[0].title : columns[0].name) : "");
        goto out;
    }
    for (size_t f = 0; f < record->count; f++) {
        muni__quoted q;
        const char *text = muni__quote(&q, record->fields[f].p, record->fields[f].n);
        if (result[f] >= 0 && seen[result[f]]) {
            st = muni__fail(MUNI_EFORMAT, columns[result[f]].name, "column %zu, \"%s\", stands twice; remove one of them",
                            "%zu列目「%s」が重複しています。どちらかを除いてください", f + 1, text);
            goto out;
        }
        if (result[f] >= 0) {
            seen[result[f]] = true;
            continue;
        }
        if (flags & MUNI__CSV_UNKNOWN_OK)
            continue;
        if (!found[f].n) {
            st = muni__fail(MUNI_EFORMAT, NULL, "column %zu has no name; name it or remove it", "%zu列目に名前がありません。名前を付けるか、列を除いてください", f + 1);
            goto out;
        }
        const char *near = muni__nearest(found[f].p, names, 2 * count, sizeof *names);
        for (size_t i = 0; near && i < 2 * count; i++) /* as it is written, not as it is folded */
            if (near == names[i].p) {
                near = i % 2 && columns[i / 2].title ? columns[i / 2].title : columns[i / 2].name;
                break;
            }
        if (near)
            st = muni__fail(MUNI_EFIELD, text, "column %zu, \"%s\", is not known; is it \"%s\"?", "%zu列目「%s」は知らない列です。「%s」ではありませんか", f + 1,
                            text, near);
        else
            st = muni__fail(MUNI_EFIELD, text, "column %zu, \"%s\", is not known; remove it or correct its name",
                            "%zu列目「%s」は知らない列です。除くか、名前を直してください", f + 1, text);
        goto out;
    }
    join_names(&list, columns, count, seen);
    MUNI_TRY(list.st);
    if (list.n) {
        st = muni__fail(MUNI_EREQUIRED, NULL, "these columns are missing: %s", "次の列がありません: %s", list.p);
        goto out;
    }
    *map = result;
    result = NULL;
    st = MUNI_OK;
out:
    if (st < 0)
        muni__fail_place(NULL, record->line, 0);
    for (size_t i = 0; names && i < 2 * count; i++)
        muni__free(names[i].p);
    for (size_t f = 0; found && f < record->count; f++)
        muni__free(found[f].p);
    muni__free(names);
    muni__free(found);
    muni__free(seen);
    muni__free(result);
    muni__buf_free(&list);
    return st;
}

/* ---- writing */

struct muni__csv_writer {
    muni__write_fn write;
    void *user;
    muni__csv_writer_options o;
    muni__encoder encoder;
    muni__buf out, cell;
    int64_t row, column; /* of the next cell */
    bool alone_empty;    /* the row so far is one empty cell */
    muni_status st;
    muni__error error;
};

static muni_status failed(muni__csv_writer *w, muni_status st) {
    if (st < 0 && w->st >= 0) {
        w->st = st;
        muni__error_save(&w->error);
    }
    return st;
}

static muni_status failed_before(muni__csv_writer *w) {
    muni__error_restore(&w->error);
    return w->st;
}

muni_status muni__csv_writer_open(muni__write_fn write, void *user, const muni__csv_writer_options *options, muni__csv_writer **out) {
    *out = NULL;
    muni__csv_writer *w = muni__alloc(sizeof *w);
    if (!w)
        return MUNI_ENOMEM;
    w->write = write;
    w->user = user;
    if (options)
        w->o = *options;
    if (w->o.charset == MUNI__CHARSET_UNKNOWN)
        w->o.charset = MUNI__CHARSET_UTF8_BOM;
    if (!w->o.delimiter)
        w->o.delimiter = ',';
    muni_status st = MUNI_OK;
    if (w->o.charset == MUNI__CHARSET_UTF16LE)
        st = muni__fail(MUNI_ENOTSUP, "charset", "CSV is not written as UTF-16LE; use UTF-8-BOM, UTF-8 or CP932",
                        "CSVはUTF-16LEでは書き出せません。UTF-8-BOM、UTF-8、CP932のどれかにしてください");
    else if (strchr("\"\r\n'", w->o.delimiter) || w->o.delimiter < 0x09 || w->o.delimiter > 0x3f) /* CP932 has trail bytes above */
        st = muni__fail(MUNI_EINVAL, "delimiter", "the delimiter must be a comma, a TAB, a semicolon or the like",
                        "区切り文字はコンマ、タブ、セミコロンなどにしてください");
    w->encoder = (muni__encoder){ .policy = w->o.policy, .shrink = w->o.shrink, .loss = w->o.loss, .user = w->o.loss_user };
    w->row = w->column = 1;
    if (st >= 0 && w->o.charset == MUNI__CHARSET_UTF8_BOM) {
        muni__buf_puts(&w->out, "\xef\xbb\xbf");
        st = w->out.st;
    }
    if (st < 0) {
        muni__csv_writer_free(w);
        return st;
    }
    *out = w;
    return MUNI_OK;
}

static muni_status flush(muni__csv_writer *w) {
    if (w->out.st < 0)
        return w->out.st;
    if (!w->out.n)
        return MUNI_OK;
    muni_status st = w->write(w->user, w->out.p, w->out.n);
    if (w->out.cap > 4 * PIECE) /* after a giant cell */
        muni__buf_free(&w->out);
    else
        muni__buf_clear(&w->out);
    return st < 0 ? st : MUNI_OK;
}

static muni_status put(muni__csv_writer *w, const char *p, size_t n, muni__csv_kind kind) {
    size_t bad;
    bool cp932 = w->o.charset == MUNI__CHARSET_CP932, guard = false;
    if (n && memchr(p, '\0', n))
        return muni__fail(MUNI_EINVAL, NULL, "the text for row %lld, column %lld has a NUL byte; remove it",
                          "%lld行%lld列に書くテキストにNULバイトがあります。取り除いてください", (long long)w->row, (long long)w->column);
    if (cp932) {
        w->encoder.row = w->row;
        w->encoder.column = w->column;
        w->encoder.policy = kind == MUNI__CSV_ID ? MUNI__LOSS_FAIL : w->o.policy;
        muni__buf_clear(&w->cell);
        muni_status st = muni__encode_cp932(&w->encoder, p, n, &w->cell);
        if (st < 0)
            return st;
        p = w->cell.p ? w->cell.p : "";
        n = w->cell.n;
    } else if (!muni__utf8_valid(p, n, &bad)) {
        return muni__fail(MUNI_EUTF8, NULL, "byte %zu of the text for row %lld, column %lld is not valid UTF-8; give the text as UTF-8",
                          "%2$lld行%3$lld列に書くテキストの%1$zuバイト目がUTF-8として正しくありません。UTF-8で渡してください", bad + 1,
                          (long long)w->row, (long long)w->column);
    }
    if (!w->o.formulas && kind != MUNI__CSV_NUMBER)
        guard = cp932 ? is_formula_cp932((const unsigned char *)p, n) : muni__csv_is_formula(p, n);
    bool quote = n && (p[0] == ' ' || p[0] == '\t' || p[n - 1] == ' ' || p[n - 1] == '\t' || (n >= 3 && !memcmp(p, "\xef\xbb\xbf", 3)));
    for (size_t i = 0; i < n && !quote; i++) /* none of these is a trail byte of CP932 */
        quote = p[i] == '"' || p[i] == '\r' || p[i] == '\n' || p[i] == 0x1a || p[i] == w->o.delimiter;
    w->alone_empty = w->column == 1 && !n;
    if (w->column > 1)
        muni__buf_putc(&w->out, w->o.delimiter);
    if (quote)
        muni__buf_putc(&w->out, '"');
    if (guard)
        muni__buf_putc(&w->out, '\'');
    if (quote) {
        const char *end = p + n, *q;
        for (; (q = memchr(p, '"', (size_t)(end - p))); p = q + 1) {
            muni__buf_put(&w->out, p, (size_t)(q + 1 - p));
            muni__buf_putc(&w->out, '"');
        }
        muni__buf_put(&w->out, p, (size_t)(end - p));
        muni__buf_putc(&w->out, '"');
    } else {
        muni__buf_put(&w->out, p, n);
    }
    w->column++;
    return w->out.n >= PIECE || w->out.st < 0 ? flush(w) : MUNI_OK;
}

muni_status muni__csv_put(muni__csv_writer *w, const char *p, size_t n, muni__csv_kind kind) {
    return w->st < 0 ? failed_before(w) : failed(w, put(w, p, n, kind));
}

muni_status muni__csv_end_row(muni__csv_writer *w) {
    if (w->st < 0)
        return failed_before(w);
    if (w->alone_empty && w->column == 2) /* not to be taken for a blank line */
        muni__buf_puts(&w->out, "\"\"");
    muni__buf_puts(&w->out, "\r\n");
    w->row++;
    w->column = 1;
    w->alone_empty = false;
    return failed(w, w->out.n >= PIECE || w->out.st < 0 ? flush(w) : MUNI_OK);
}

muni_status muni__csv_finish(muni__csv_writer *w, uint64_t *losses) {
    if (losses)
        *losses = w->encoder.losses;
    return w->st < 0 ? failed_before(w) : failed(w, flush(w));
}

void muni__csv_writer_free(muni__csv_writer *w) {
    if (!w)
        return;
    muni__buf_free(&w->out);
    muni__buf_free(&w->cell);
    muni__free(w);
}
