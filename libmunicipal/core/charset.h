/* Character sets of the files that officials exchange: UTF-8, CP932 exactly as Windows (and glibc's CP932) has it, UTF-16LE as
 * Excel writes "Unicode text". Everything inside the library is UTF-8; here is where it comes in and goes out. */
#ifndef MUNI_CORE_CHARSET_H
#define MUNI_CORE_CHARSET_H

#include "core/base.h"

typedef enum muni__charset {
    MUNI__CHARSET_UNKNOWN, /* not declared: propose one by muni__charset_sniff */
    MUNI__CHARSET_UTF8,
    MUNI__CHARSET_UTF8_BOM,
    MUNI__CHARSET_CP932,
    MUNI__CHARSET_UTF16LE
} muni__charset;

/* "UTF-8", "UTF-8-BOM", "CP932", "UTF-16LE"; an empty text for MUNI__CHARSET_UNKNOWN. */
const char *muni__charset_name(muni__charset charset);
/* The other way, with the aliases that mean the same (CP932 = MS932 = WINDOWS-31J = SJIS-WIN). Letters in any case. "SHIFT_JIS" is
 * not among them: it is another table (MUNI_EINVAL says so). */
muni_status muni__charset_parse(const char *name, muni__charset *out);

/* ---- where bytes come from. `read` puts at most `cap` bytes at `p`; *got = 0 is the end. Both answer a status with its record. */
typedef muni_status (*muni__read_fn)(void *user, char *p, size_t cap, size_t *got);
typedef struct muni__source {
    muni__read_fn read;
    muni_status (*rewind)(void *user); /* to the first byte; NULL where it cannot */
    void (*close)(void *user);         /* NULL where there is nothing to do */
    void *user;
} muni__source;
/* `p` must outlive the source. Close it with muni__source_close. */
muni_status muni__source_memory(muni__source *out, const void *p, size_t n);
muni_status muni__source_file(muni__source *out, const char *path);
void muni__source_close(muni__source *source); /* also of an all-zero one; leaves it all zero */

/* ---- to UTF-8, in pieces. Bytes that are not in the set are MUNI_EENCODING, naming byte offset (from 0) and line. */
typedef struct muni__decoder {
    muni__charset charset;
    uint64_t offset; /* bytes taken so far; at an error: of the byte where the bad character begins */
    uint64_t line;   /* physical line, from 1: CRLF, LF and CR alone end one */
    uint8_t held[4]; /* a character that is cut by the end of a piece */
    uint8_t held_n;
    bool started; /* past the place of a BOM */
    bool cr;      /* the last byte was a CR */
    muni_status st;
} muni__decoder;
void muni__decoder_init(muni__decoder *d, muni__charset charset);
/* What came before an error is in `out`; after one every call answers it again. A BOM at the beginning is dropped. */
muni_status muni__decoder_feed(muni__decoder *d, const char *p, size_t n, muni__buf *out);
/* The end of the input: a character that is cut short is an error. */
muni_status muni__decoder_finish(muni__decoder *d);
/* The whole of a text. */
muni_status muni__decode(muni__charset charset, const char *p, size_t n, char **out, size_t *len);

/* ---- which is it? BOM: UTF-8 or UTF-16LE; else valid UTF-8 with any multi-byte character: UTF-8; else CP932; only ASCII: UTF-8.
 * Reads the source once to its end (inputs change character set late: a name on line 9,000) and leaves it there; rewind it. */
typedef struct muni__sniffed {
    muni__charset charset; /* MUNI__CHARSET_UNKNOWN when neither fits */
    bool ascii;            /* nothing but ASCII: every set but UTF-16 would do */
    bool ambiguous;        /* valid both as UTF-8 and as CP932; UTF-8 was proposed */
    uint64_t bytes;        /* how many there are */
    /* when neither fits: where each stops fitting */
    uint64_t utf8_offset, utf8_line, cp932_offset, cp932_line;
} muni__sniffed;
/* MUNI_EENCODING where neither fits (also UTF-16BE, which it names); the error of the source. */
muni_status muni__charset_sniff(muni__read_fn read, void *user, muni__sniffed *out);

/* ---- to CP932 */
typedef enum muni__loss_policy {
    MUNI__LOSS_REPLACE,  /* what CP932 lacks is replaced (fallback table, else 〓) and reported; the default */
    MUNI__LOSS_DROP_IVS, /* variation selectors are dropped and reported; anything else fails */
    MUNI__LOSS_FAIL      /* any loss is MUNI_EENCODING: identifiers, mail addresses, file names */
} muni__loss_policy;

/* One character that was not written as it stands. */
typedef struct muni__loss {
    int64_t row, column; /* as the caller set them in the encoder */
    int64_t index;       /* the character in its text, from 1 */
    uint32_t cp;         /* its code point */
    char from[5];        /* it, as UTF-8 */
    char to[16];         /* what was written in its place, as UTF-8; empty where it was dropped */
} muni__loss;

typedef struct muni__encoder {
    muni__loss_policy policy;
    bool shrink; /* 縮退: variant characters may become the usual ones (𠮷→吉, 鷗→鴎); else they become 〓 */
    /* told of every loss; what it answers ends the call when it is negative. May be NULL. */
    muni_status (*loss)(void *user, const muni__loss *loss);
    void *user;
    int64_t row, column; /* copied into the reports */
    uint64_t losses;     /* how many there were */
} muni__encoder;
/* Appends to `out`. `p` must be valid UTF-8 (MUNI_EUTF8). On failure `out` is as it was. Kana with a separate voiced mark are joined first. */
muni_status muni__encode_cp932(muni__encoder *e, const char *p, size_t n, muni__buf *out);
/* Can this character be written? *code gets the one or two bytes. */
bool muni__cp932_encode_char(uint32_t cp, uint16_t *code);
/* The character of a one-byte (< 0x100) or two-byte code; 0 with false where there is none. */
bool muni__cp932_decode_char(uint32_t code, uint32_t *cp);

#endif
