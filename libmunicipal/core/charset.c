/* Character sets in and out. */
#include "core/charset.h"

#include "core/cp932.h"
#include "core/kana.h"

#include <errno.h>
#include <stdio.h>

#define PIECE 65536

/* ---- names */

static const struct {
    const char *name;
    muni__charset charset;
} names[] = { /* the first of each is the one that is written */
    { "UTF-8", MUNI__CHARSET_UTF8 },       { "UTF-8-BOM", MUNI__CHARSET_UTF8_BOM }, { "CP932", MUNI__CHARSET_CP932 },
    { "UTF-16LE", MUNI__CHARSET_UTF16LE }, { "UTF8", MUNI__CHARSET_UTF8 },          { "UTF-8-SIG", MUNI__CHARSET_UTF8_BOM },
    { "MS932", MUNI__CHARSET_CP932 },      { "WINDOWS-31J", MUNI__CHARSET_CP932 },  { "SJIS-WIN", MUNI__CHARSET_CP932 },
    { "SJIS-OPEN", MUNI__CHARSET_CP932 }
};

const char *muni__charset_name(muni__charset charset) {
    for (size_t i = 0; i < MUNI_COUNT(names); i++)
        if (names[i].charset == charset)
            return names[i].name;
    return "";
}

static bool same_word(const char *a, const char *b) {
    for (;; a++, b++) {
        char c = *a >= 'a' && *a <= 'z' ? (char)(*a - 32) : *a;
        if (c != *b)
            return false;
        if (!c)
            return true;
    }
}

muni_status muni__charset_parse(const char *name, muni__charset *out) {
    *out = MUNI__CHARSET_UNKNOWN;
    for (size_t i = 0; i < MUNI_COUNT(names); i++)
        if (same_word(name, names[i].name)) {
            *out = names[i].charset;
            return MUNI_OK;
        }
    if (same_word(name, "SHIFT_JIS") || same_word(name, "SHIFT-JIS") || same_word(name, "SJIS") || same_word(name, "MS_KANJI"))
        return muni__fail(MUNI_EINVAL, "charset", "Shift_JIS has no ①, ㈱, 髙; files of Windows and Excel are CP932: say CP932",
                          "Shift_JISには①・㈱・髙がありません。WindowsやExcelのファイルはCP932です。CP932と指定してください");
    muni__quoted q;
    return muni__fail(MUNI_EINVAL, "charset", "no character set \"%s\"; use UTF-8, UTF-8-BOM, CP932 or UTF-16LE",
                      "文字コード「%s」は使えません。UTF-8、UTF-8-BOM、CP932、UTF-16LEのどれかを指定してください",
                      muni__quote(&q, name, strlen(name)));
}

/* ---- sources */

typedef struct memory_source {
    const char *p;
    size_t n, at;
} memory_source;

static muni_status memory_read(void *user, char *p, size_t cap, size_t *got) {
    memory_source *m = user;
    size_t n = m->n - m->at < cap ? m->n - m->at : cap;
    if (n)
        memcpy(p, m->p + m->at, n);
    m->at += n;
    *got = n;
    return MUNI_OK;
}

static muni_status memory_rewind(void *user) {
    ((memory_source *)user)->at = 0;
    return MUNI_OK;
}

muni_status muni__source_memory(muni__source *out, const void *p, size_t n) {
    memset(out, 0, sizeof *out);
    memory_source *m = muni__alloc(sizeof *m);
    if (!m)
        return MUNI_ENOMEM;
    m->p = p;
    m->n = n;
    *out = (muni__source){ memory_read, memory_rewind, muni__free, m };
    return MUNI_OK;
}

static muni_status file_failed(int number) {
    return muni__fail(number == ENOENT ? MUNI_ENOTFOUND : number == EACCES ? MUNI_EDENIED : MUNI_EIO, "path",
                      "the file cannot be read (system error %d); check its name and permissions",
                      "ファイルを読めません（システムのエラー%d）。名前と権限を確かめてください", number);
}

static muni_status file_read(void *user, char *p, size_t cap, size_t *got) {
    FILE *f = user;
    errno = 0;
    *got = fread(p, 1, cap, f);
    if (*got < cap && ferror(f))
        return file_failed(errno ? errno : EIO);
    return MUNI_OK;
}

static muni_status file_rewind(void *user) {
    errno = 0;
    if (fseek(user, 0, SEEK_SET))
        return file_failed(errno ? errno : EIO);
    return MUNI_OK;
}

static void file_close(void *user) {
    fclose(user);
}

muni_status muni__source_file(muni__source *out, const char *path) {
    memset(out, 0, sizeof *out);
    errno = 0;
    FILE *f = fopen(path, "rbe");
    if (!f)
        return errno == ENOMEM ? muni__nomem() : file_failed(errno ? errno : EIO);
    setvbuf(f, NULL, _IONBF, 0); /* readers ask for large pieces */
    *out = (muni__source){ file_read, file_rewind, file_close, f };
    return MUNI_OK;
}

void muni__source_close(muni__source *source) {
    if (source->close)
        source->close(source->user);
    memset(source, 0, sizeof *source);
}

/* ---- decoding. Each reads whole characters from `s`, puts them at `o` (which has room for 3 bytes a byte), and answers how many bytes it took:
 * all, or up to a character that is cut by the end (`*bad` false), or up to one that is none (`*bad` true). */

static size_t utf8_check(const unsigned char *s, size_t n, bool *bad) {
    size_t i = 0;
    *bad = false;
    while (i < n) {
        unsigned c = s[i];
        if (c < 0x80) {
            uint64_t w;
            while (n - i >= 8 && (memcpy(&w, s + i, 8), !(w & UINT64_C(0x8080808080808080))))
                i += 8;
            while (i < n && s[i] < 0x80)
                i++;
            continue;
        }
        if (c >= 0xe1 && c <= 0xec) { /* most of Japanese */
            size_t from = i;
            while (n - i >= 3 && (unsigned)(s[i] - 0xe1) <= 0xec - 0xe1 && ((s[i + 1] ^ 0x80) | (s[i + 2] ^ 0x80)) < 0x40)
                i += 3;
            if (i > from)
                continue;
        }
        size_t len = c >= 0xc2 && c <= 0xdf ? 2 : c >= 0xe0 && c <= 0xef ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
        unsigned low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80, high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        size_t k = 1;
        while (k < len && i + k < n && s[i + k] >= low && s[i + k] <= high) {
            low = 0x80;
            high = 0xbf;
            k++;
        }
        if (!len || (k < len && i + k < n)) {
            *bad = true;
            return i;
        }
        if (k < len)
            return i;
        i += len;
    }
    return i;
}

static size_t from_utf8(const unsigned char *s, size_t n, char **o, bool *bad) {
    size_t used = utf8_check(s, n, bad);
    memcpy(*o, s, used);
    *o += used;
    return used;
}

/* Only the walk, for sniffing. */
static size_t cp932_check(const unsigned char *s, size_t n, bool *bad) {
    const muni__cp932_table *t = muni__cp932();
    size_t i = 0;
    *bad = false;
    while (i < n) {
        unsigned c = s[i];
        if (c < 0x80 || (c >= 0xa1 && c <= 0xdf)) {
            i++;
            continue;
        }
        int lead = muni__cp932_lead((unsigned char)c);
        if (lead >= 0 && n - i < 2)
            return i;
        int trail = lead < 0 ? -1 : muni__cp932_trail(s[i + 1]);
        if (trail < 0 || !t->decode[lead][trail]) {
            *bad = true;
            return i;
        }
        i += 2;
    }
    return i;
}

static inline char *put3(char *o, uint32_t c) {
    o[0] = (char)(0xe0 | c >> 12);
    o[1] = (char)(0x80 | (c >> 6 & 0x3f));
    o[2] = (char)(0x80 | (c & 0x3f));
    return o + 3;
}

static size_t from_cp932(const unsigned char *s, size_t n, char **out, bool *bad) {
    const muni__cp932_table *t = muni__cp932();
    size_t i = 0;
    char *o = *out;
    *bad = false;
    while (i < n) {
        unsigned c = s[i];
        if (c < 0x80) {
            uint64_t w;
            while (n - i >= 8 && (memcpy(&w, s + i, 8), !(w & UINT64_C(0x8080808080808080)))) {
                memcpy(o, &w, 8);
                o += 8;
                i += 8;
            }
            while (i < n && s[i] < 0x80)
                *o++ = (char)s[i++];
            continue;
        }
        if (c >= 0xa1 && c <= 0xdf) {
            o = put3(o, 0xff61 + c - 0xa1);
            i++;
            continue;
        }
        int lead = muni__cp932_lead((unsigned char)c);
        if (lead >= 0 && n - i < 2)
            break;
        int trail = lead < 0 ? -1 : muni__cp932_trail(s[i + 1]);
        uint32_t cp = trail < 0 ? 0 : t->decode[lead][trail];
        if (!cp) {
            *bad = true;
            break;
        }
        if (cp >= 0x800)
            o = put3(o, cp);
        else
            o += muni__utf8_put(cp, o);
        i += 2;
    }
    *out = o;
    return i;
}

static size_t from_utf16(const unsigned char *s, size_t n, char **out, bool *bad) {
    size_t i = 0;
    char *o = *out;
    *bad = false;
    while (n - i >= 2) {
        uint32_t c = s[i] | (uint32_t)s[i + 1] << 8;
        size_t len = 2;
        if (c >= 0xd800 && c <= 0xdfff) {
            if (c < 0xdc00 && n - i < 4)
                break;
            uint32_t low = n - i < 4 ? 0 : s[i + 2] | (uint32_t)s[i + 3] << 8;
            if (c >= 0xdc00 || low < 0xdc00 || low > 0xdfff) {
                *bad = true;
                break;
            }
            c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
            len = 4;
        }
        o += muni__utf8_put(c, o);
        i += len;
    }
    *out = o;
    return i;
}

/* Line ends: CRLF, LF and CR alone. */
static void count_lines(const char *p, size_t n, uint64_t *line, bool *cr) {
    const char *end = p + n;
    if (n && *cr && *p != '\n')
        ++*line;
    for (const char *q = p; q < end && (q = memchr(q, '\n', (size_t)(end - q))); q++)
        ++*line;
    for (const char *q = p; q < end && (q = memchr(q, '\r', (size_t)(end - q))); q++)
        *line += q + 1 < end && q[1] != '\n';
    if (n)
        *cr = end[-1] == '\r'; /* it ends a line when we see that no LF follows */
}

void muni__decoder_init(muni__decoder *d, muni__charset charset) {
    *d = (muni__decoder){ .charset = charset, .line = 1 };
}

static muni_status not_in_set(muni__decoder *d, bool cut) {
    const char *name = d->charset == MUNI__CHARSET_UTF8_BOM ? "UTF-8" : muni__charset_name(d->charset);
    if (d->cr) { /* the bad character follows a CR alone */
        d->line++;
        d->cr = false;
    }
    d->st = MUNI_EENCODING;
    if (cut)
        muni__fail(MUNI_EENCODING, NULL, "line %llu: the text ends in the middle of a %s character (byte %llu, counted from 0); the file is cut short",
                   "%llu行目: テキストが%sの文字の途中で終わっています（%lluバイト目、0から数えて）。ファイルが途中で切れています",
                   (unsigned long long)d->line, name, (unsigned long long)d->offset);
    else
        muni__fail(MUNI_EENCODING, NULL, "line %llu: byte %llu (counted from 0) begins no %s character; save the file as %s or declare its character set",
                   "%1$llu行目: %2$lluバイト目（0から数えて）は%3$sの文字ではありません。%4$sで保存し直すか、ファイルの文字コードを指定してください",
                   (unsigned long long)d->line, (unsigned long long)d->offset, name, name);
    muni__fail_place(NULL, (int64_t)d->line, 0);
    return d->st;
}

/* Decode what is whole of `n` bytes, append it, answer how much that was. */
static muni_status decode_whole(muni__decoder *d, const unsigned char *s, size_t n, muni__buf *out, size_t *used) {
    bool bad;
    *used = 0;
    if (out->st < 0)
        return d->st = out->st;
    if (n > (SIZE_MAX - out->n - 1) / 3)
        return d->st = muni__nomem();
    muni_status st = muni__grow(&out->p, &out->cap, out->n + 3 * n + 1, 1);
    if (st < 0)
        return d->st = out->st = st;
    char *from = out->p + out->n, *o = from;
    switch (d->charset) {
    case MUNI__CHARSET_CP932: *used = from_cp932(s, n, &o, &bad); break;
    case MUNI__CHARSET_UTF16LE: *used = from_utf16(s, n, &o, &bad); break;
    default: *used = from_utf8(s, n, &o, &bad); break;
    }
    if (!d->started && *used) {
        d->started = true;
        if (d->charset != MUNI__CHARSET_CP932 && o - from >= 3 && !memcmp(from, "\xef\xbb\xbf", 3)) {
            memmove(from, from + 3, (size_t)(o - from) - 3);
            o -= 3;
        }
    }
    size_t added = (size_t)(o - from);
    if (out->max && out->max - out->n < added) {
        out->p[out->n] = '\0';
        return d->st = out->st = muni__fail(MUNI_ELIMIT, NULL, "the text is longer than %zu bytes; make it shorter",
                                            "テキストが%zuバイトを超えます。短くしてください", out->max);
    }
    out->n += added;
    out->p[out->n] = '\0';
    count_lines(from, added, &d->line, &d->cr);
    d->offset += *used;
    if (!bad)
        return MUNI_OK;
    d->held_n = 0; /* the text is not cut short: later calls give this reason again */
    return not_in_set(d, false);
}

muni_status muni__decoder_feed(muni__decoder *d, const char *p, size_t n, muni__buf *out) {
    const unsigned char *s = (const unsigned char *)p;
    size_t used;
    if (d->st == MUNI_EENCODING)
        return not_in_set(d, d->held_n > 0);
    if (d->st == MUNI_ENOMEM)
        return muni__nomem();
    if (d->st < 0)
        return muni__fail(d->st, NULL, "reading stopped at an earlier error", "先のエラーで読み込みを止めました");
    while (d->held_n && n) { /* finish the character that was cut */
        unsigned char whole[4];
        memcpy(whole, d->held, d->held_n);
        whole[d->held_n] = *s;
        muni_status st = decode_whole(d, whole, d->held_n + 1u, out, &used);
        if (st < 0)
            return st;
        if (used && used <= d->held_n)
            return d->st = muni__fail(MUNI_EINTERNAL, NULL, "a cut character was decoded twice", "分割された文字を二重に変換しました");
        if (!used)
            d->held[d->held_n] = *s;
        d->held_n = used ? 0 : (uint8_t)(d->held_n + 1);
        s++;
        n--;
    }
    if (!n)
        return MUNI_OK;
    muni_status st = decode_whole(d, s, n, out, &used);
    if (st < 0)
        return st;
    d->held_n = (uint8_t)(n - used);
    memcpy(d->held, s + used, d->held_n);
    return MUNI_OK;
}

muni_status muni__decoder_finish(muni__decoder *d) {
    if (d->st >= 0 && d->held_n)
        return not_in_set(d, true);
    return d->st == MUNI_EENCODING ? not_in_set(d, d->held_n > 0) : d->st;
}

muni_status muni__decode(muni__charset charset, const char *p, size_t n, char **out, size_t *len) {
    muni__decoder d;
    muni__buf b = MUNI_BUF_INIT(0);
    *out = NULL;
    muni__decoder_init(&d, charset);
    muni_status st = muni__decoder_feed(&d, p, n, &b);
    if (st >= 0)
        st = muni__decoder_finish(&d);
    if (st < 0) {
        muni__buf_free(&b);
        return st;
    }
    return muni__buf_take(&b, out, len);
}

/* ---- sniffing */

typedef struct walk {
    size_t (*check)(const unsigned char *s, size_t n, bool *bad);
    uint64_t offset, line;
    bool cr, failed;
    uint8_t held[4], held_n;
} walk;

static void walk_on(walk *w, const unsigned char *s, size_t n) {
    bool bad = false;
    size_t used;
    while (w->held_n && n && !w->failed) {
        w->held[w->held_n] = *s;
        used = w->check(w->held, w->held_n + 1u, &bad);
        if (bad) {
            w->failed = true;
            return;
        }
        w->offset += used;
        w->held_n = used ? 0 : (uint8_t)(w->held_n + 1);
        if (used)
            count_lines("x", 1, &w->line, &w->cr); /* no character of several bytes ends a line; a CR before it does */
        s++;
        n--;
    }
    if (w->failed || !n)
        return;
    used = w->check(s, n, &bad);
    count_lines((const char *)s, used, &w->line, &w->cr); /* no trail byte is a line end in either set */
    w->offset += used;
    if (bad) {
        w->failed = true;
        return;
    }
    w->held_n = (uint8_t)(n - used);
    memcpy(w->held, s + used, w->held_n);
}

static uint64_t walk_line(const walk *w) {
    return w->line + (w->cr ? 1 : 0);
}

muni_status muni__charset_sniff(muni__read_fn read, void *user, muni__sniffed *out) {
    walk utf8 = { .check = utf8_check, .line = 1 }, cp932 = { .check = cp932_check, .line = 1 };
    unsigned char head[3] = { 0 };
    bool ascii = true, bom8 = false, bom16 = false;
    muni_status st = MUNI_OK;
    memset(out, 0, sizeof *out);
    unsigned char *piece = muni__alloc(PIECE);
    if (!piece)
        return MUNI_ENOMEM;
    for (size_t got;;) {
        got = 0;
        st = read(user, (char *)piece, PIECE, &got);
        if (st < 0 || !got)
            break;
        for (size_t i = 0; i < got && out->bytes + i < 3; i++)
            head[out->bytes + i] = piece[i];
        out->bytes += got;
        for (size_t i = 0; ascii && i < got; i++)
            ascii = piece[i] < 0x80;
        if (!utf8.failed)
            walk_on(&utf8, piece, got);
        if (!cp932.failed)
            walk_on(&cp932, piece, got);
    }
    muni__free(piece);
    if (st < 0)
        return st;
    bom8 = out->bytes >= 3 && !memcmp(head, "\xef\xbb\xbf", 3);
    bom16 = out->bytes >= 2 && head[0] == 0xff && head[1] == 0xfe;
    bool is_utf8 = !utf8.failed && !utf8.held_n, is_cp932 = !cp932.failed && !cp932.held_n;
    out->ascii = ascii;
    out->utf8_offset = utf8.offset;
    out->utf8_line = walk_line(&utf8);
    out->cp932_offset = cp932.offset;
    out->cp932_line = walk_line(&cp932);
    if (bom16) {
        out->charset = MUNI__CHARSET_UTF16LE;
        return MUNI_OK;
    }
    if (out->bytes >= 2 && head[0] == 0xfe && head[1] == 0xff)
        return muni__fail(MUNI_EENCODING, NULL, "the file is UTF-16 big endian; save it as UTF-8, CP932 or UTF-16LE",
                          "ファイルはUTF-16（ビッグエンディアン）です。UTF-8、CP932、UTF-16LEのどれかで保存し直してください");
    if (bom8 || is_utf8) { /* a BOM declares: what follows and is not UTF-8 is told by the decoder, with its line */
        out->charset = bom8 ? MUNI__CHARSET_UTF8_BOM : MUNI__CHARSET_UTF8;
        out->ambiguous = !bom8 && !ascii && is_cp932;
        return MUNI_OK;
    }
    if (is_cp932) {
        out->charset = MUNI__CHARSET_CP932;
        return MUNI_OK;
    }
    bool later = cp932.offset >= utf8.offset; /* it is most likely the one that held longer */
    muni__fail(MUNI_EENCODING, NULL,
               "the file is neither UTF-8 (up to byte %llu, line %llu) nor CP932 (up to byte %llu, line %llu); save it again as one of them",
               "ファイルはUTF-8（%lluバイト目、%llu行目まで）でもCP932（%lluバイト目、%llu行目まで）でもありません。どちらかで保存し直してください",
               (unsigned long long)out->utf8_offset, (unsigned long long)out->utf8_line, (unsigned long long)out->cp932_offset,
               (unsigned long long)out->cp932_line);
    muni__fail_place(NULL, (int64_t)(later ? out->cp932_line : out->utf8_line), 0);
    return MUNI_EENCODING;
}

/* ---- encoding to CP932 */

static const struct fallback {
    uint32_t cp;
    bool shrink;
    const char *text;
} fallbacks[] = { /* in the order of their code points */
#define FALLBACK(cp, text) { cp, false, text },
#define SHRINK(cp, text) { cp, true, text },
#include "core/fallback.def"
#undef FALLBACK
#undef SHRINK
};

static const char *fallback_of(uint32_t cp, bool shrink) {
    size_t low = 0, high = MUNI_COUNT(fallbacks);
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (fallbacks[mid].cp < cp)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < MUNI_COUNT(fallbacks) && fallbacks[low].cp == cp && (shrink || !fallbacks[low].shrink))
        return fallbacks[low].text;
    return cp >= 0x300 && cp <= 0x36f ? "" : "〓"; /* an accent of its own is dropped, its letter stays */
}

static bool is_selector(uint32_t cp) {
    return (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xe0100 && cp <= 0xe01ef) || (cp >= 0x180b && cp <= 0x180d);
}

static void put_code(muni__buf *out, uint16_t code) {
    char two[2] = { (char)(code >> 8), (char)(code & 0xff) };
    if (code > 0xff)
        muni__buf_put(out, two, 2);
    else
        muni__buf_put(out, two + 1, 1);
}

static muni_status lose(muni__encoder *e, int64_t index, uint32_t cp, muni__buf *out) {
    bool selector = is_selector(cp);
    muni__loss loss = { .row = e->row, .column = e->column, .index = index, .cp = cp };
    if (e->policy == MUNI__LOSS_FAIL || (e->policy == MUNI__LOSS_DROP_IVS && !selector))
        return muni__fail(MUNI_EENCODING, NULL, "character %lld of the text (U+%04X) is not in CP932; write UTF-8 or allow a replacement",
                          "%lld文字目（U+%04X）はCP932にありません。UTF-8で書き出すか、置き換えを許してください", (long long)index, (unsigned)cp);
    const char *to = selector ? "" : fallback_of(cp, e->shrink);
    muni__utf8_put(cp, loss.from);
    memcpy(loss.to, to, strlen(to)); /* the longest is 6 bytes */
    for (size_t i = 0, n = strlen(to), len; i < n; i += len) {
        uint32_t c;
        uint16_t code;
        len = muni__utf8_next(to + i, n - i, &c);
        if (muni__cp932_encode_char(c, &code)) /* all of them are in it: a test looks */
            put_code(out, code);
    }
    e->losses++;
    return e->loss ? e->loss(e->user, &loss) : MUNI_OK;
}

muni_status muni__encode_cp932(muni__encoder *e, const char *p, size_t n, muni__buf *out) {
    const muni__cp932_table *t = muni__cp932();
    size_t start = out->n, bad;
    int64_t index = 0;
    muni_status st = MUNI_OK;
    if (out->st < 0)
        return out->st;
    if (!muni__utf8_valid(p, n, &bad))
        return muni__fail(MUNI_EUTF8, NULL, "byte %zu of the text is not valid UTF-8; give the text as UTF-8",
                          "テキストの%zuバイト目がUTF-8として正しくありません。UTF-8で渡してください", bad + 1);
    for (size_t i = 0; i < n && st >= 0;) {
        size_t run = i;
        while (run < n && (unsigned char)p[run] < 0x80)
            run++;
        if (run > i) {
            muni__buf_put(out, p + i, run - i);
            index += (int64_t)(run - i);
            i = run;
            continue;
        }
        uint32_t cp, mark, joined;
        i += muni__utf8_next(p + i, n - i, &cp);
        index++;
        if (n - i >= 3 && p[i] == '\xe3' && p[i + 1] == '\x82' && (p[i + 2] == '\x99' || p[i + 2] == '\x9a')) {
            mark = p[i + 2] == '\x99' ? 0x3099 : 0x309a;
            joined = muni__kana_voice(cp, mark);
            if (joined && joined < 0x10000 && t->encode[joined]) {
                cp = joined;
                i += 3;
                index++;
            }
        }
        uint16_t code = cp < 0x10000 ? t->encode[cp] : 0;
        if (code)
            put_code(out, code);
        else
            st = lose(e, index, cp, out);
    }
    if (st >= 0)
        st = out->st;
    if (st < 0 && out->p) {
        out->n = start;
        out->p[start] = '\0';
    }
    return st;
}
