/* Folded forms of text.
 *
 * Normalisation is exact and fast: text is cut before every character that can neither combine with nor be reordered against what stands before it. A segment of one
 * character with one result is a look in a table (filled a page of 256 at a time, as pages are first met); any other segment goes through utf8proc. */
#include "core/textkey.h"

#include "core/kana.h"

#include <pthread.h>
#include <stdatomic.h>
#include <utf8proc.h>

#define NFKC_CASEFOLD (UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE)
#define SEGMENT_MAX 64              /* characters; longer heaps of marks are cut, as in Unicode's stream-safe text */
#define RESULT_MAX (SEGMENT_MAX * 32) /* no character has more than 18 */

enum { SLOW = 0, JOINS = 1 }; /* instead of a result: ask utf8proc; belongs to the character before it */

const char *muni__unicode_version(void) {
    return utf8proc_unicode_version();
}

/* ---- the table */

static uint16_t table[0x10000];
static atomic_uchar ready[256];
static pthread_mutex_t making = PTHREAD_MUTEX_INITIALIZER;

static const struct {
    uint32_t variant, usual;
} itaiji[] = {
#define ITAIJI(variant, usual) { variant, usual },
#include "core/itaiji.def"
#undef ITAIJI
};

/* Of a normalised character: what a search does not tell apart. */
static uint32_t fold_but_kanji(uint32_t c) {
    switch (c) {
    case 0x301c: return '~';
    case 0x2010: /* ‐ – — ― − */
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212: return '-';
    case 0x2225: return 0x2016;
    case 0x2028:
    case 0x2029: return ' ';
    default: return c < 0x20 || (c >= 0x7f && c < 0xa0) ? ' ' : muni__kana_katakana(c);
    }
}

static uint32_t fold(uint32_t c) {
    if (c >= 0x3400 && (c <= 0x9fff || (c >= 0xf900 && c <= 0xfaff) || c >= 0x20000)) {
        for (size_t i = 0; i < MUNI_COUNT(itaiji); i++)
            if (itaiji[i].variant == c)
                return itaiji[i].usual;
        return c;
    }
    return fold_but_kanji(c);
}

/* Can this normalised character change or be reordered with what stands before it? */
static bool joins(utf8proc_int32_t c) {
    utf8proc_category_t k = utf8proc_category(c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ME || (c >= 0x1160 && c <= 0x11ff);
}

static uint16_t entry_of(uint32_t cp) {
    utf8proc_int32_t out[64];
    int boundary = 0;
    if (cp == 0x309b || cp == 0x309c) /* ゛゜ typed behind a kana */
        return JOINS;
    if ((cp >= 0xd800 && cp <= 0xdfff))
        return SLOW;
    if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
        return ' ';
    utf8proc_ssize_t n = utf8proc_decompose_char((utf8proc_int32_t)cp, out, 64, NFKC_CASEFOLD, &boundary);
    if (n <= 0 || joins(out[0]))
        return JOINS;
    if (n > 64)
        return SLOW;
    n = utf8proc_normalize_utf32(out, n, NFKC_CASEFOLD);
    uint32_t c = n == 1 ? fold((uint32_t)out[0]) : 0;
    return c > JOINS && c < 0x10000 ? (uint16_t)c : SLOW;
}

static void make_page(uint32_t page) {
    pthread_mutex_lock(&making);
    if (!atomic_load_explicit(&ready[page], memory_order_relaxed)) {
        bool kanji = (page >= 0x34 && page < 0x4d) || (page >= 0x4e && page <= 0x9f);
        for (uint32_t cp = page << 8; cp < (page + 1) << 8; cp++)
            table[cp] = kanji ? (uint16_t)cp : entry_of(cp);
        if (kanji) /* unified ideographs are their own normal form */
            for (size_t i = 0; i < MUNI_COUNT(itaiji); i++)
                if (itaiji[i].variant >> 8 == page)
                    table[itaiji[i].variant] = (uint16_t)itaiji[i].usual;
        atomic_store_explicit(&ready[page], 1, memory_order_release);
    }
    pthread_mutex_unlock(&making);
}

static inline uint32_t look(uint32_t cp) {
    if (cp < 0x10000) {
        if (!atomic_load_explicit(&ready[cp >> 8], memory_order_acquire))
            make_page(cp >> 8);
        return table[cp];
    }
    if (cp >= 0x20000 && cp < 0x2f800) /* ideographs */
        return fold(cp);
    return cp >= 0x2f800 && cp <= 0x3ffff ? SLOW : JOINS; /* compatibility ideographs; anything else is left to utf8proc, with its neighbour */
}

/* ---- reading UTF-8 that may be broken: the length, 0 where it is */

static inline size_t next(const unsigned char *s, size_t n, uint32_t *cp) {
    uint32_t c = s[0];
    if (c < 0x80) {
        *cp = c;
        return 1;
    }
    if (c >= 0xe0 && c <= 0xef) {
        if (n < 3 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80)
            return 0;
        *cp = (c & 15) << 12 | (uint32_t)(s[1] & 63) << 6 | (s[2] & 63);
        return *cp < 0x800 || (*cp >= 0xd800 && *cp <= 0xdfff) ? 0 : 3;
    }
    if (c >= 0xc2 && c <= 0xdf) {
        if (n < 2 || (s[1] & 0xc0) != 0x80)
            return 0;
        *cp = (c & 31) << 6 | (s[1] & 63);
        return 2;
    }
    if (c < 0xf0 || c > 0xf4 || n < 4 || (s[1] & 0xc0) != 0x80 || (s[2] & 0xc0) != 0x80 || (s[3] & 0xc0) != 0x80)
        return 0;
    *cp = (c & 7) << 18 | (uint32_t)(s[1] & 63) << 12 | (uint32_t)(s[2] & 63) << 6 | (s[3] & 63);
    return *cp < 0x10000 || *cp > 0x10ffff ? 0 : 4;
}

static muni_status not_utf8(size_t at) {
    return muni__fail(MUNI_EUTF8, NULL, "byte %zu of the text is not valid UTF-8; give the text as UTF-8",
                      "テキストの%zuバイト目がUTF-8として正しくありません。UTF-8で渡してください", at + 1);
}

/* ---- writing the key */

typedef struct sink {
    muni__buf *b;
    size_t start;
    bool id;       /* the key of an identifier */
    bool dash;     /* one that waits for what follows */
    size_t spaces; /* that wait for what follows */
    uint32_t prev; /* last character written; 0 at the beginning */
} sink;

static bool room(sink *k) {
    muni__buf *b = k->b;
    if (b->cap - b->n >= 12)
        return true;
    if (b->st >= 0)
        b->st = muni__grow(&b->p, &b->cap, b->n + 12, 1);
    return b->st >= 0;
}

static inline void write_char(sink *k, uint32_t c) {
    muni__buf *b = k->b;
    if (b->cap - b->n < 12 && !room(k))
        return;
    char *o = b->p + b->n;
    if (c < 0x80) {
        *o = (char)c;
        b->n++;
    } else if (c >= 0x800 && c < 0x10000) {
        o[0] = (char)(0xe0 | c >> 12);
        o[1] = (char)(0x80 | (c >> 6 & 0x3f));
        o[2] = (char)(0x80 | (c & 0x3f));
        b->n += 3;
    } else {
        b->n += muni__utf8_put(c, o);
    }
    k->prev = c;
}

static inline bool is_ascii_word(uint32_t c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* A folded character on its way into a search key. */
static void emit(sink *k, uint32_t c) {
    if (c == ' ') {
        if (k->dash) {
            k->dash = false;
            write_char(k, '-');
        }
        k->spaces = k->prev ? 1 : 0;
        return;
    }
    if (k->dash) { /* ﾕ-ｺ is old data's ﾕｰｺ */
        k->dash = false;
        write_char(k, muni__kana_is(c) ? 0x30fc : '-');
    }
    if (k->spaces) {
        k->spaces = 0;
        write_char(k, ' ');
    }
    if (c == '-') {
        if (muni__kana_is(k->prev)) {
            k->dash = true;
            return;
        }
    } else if (c == 0x30fc) { /* 03ー1234 is a slip of the keyboard */
        if (is_ascii_word(k->prev))
            c = '-';
    } else if (c == 0x30fd || c == 0x30fe) { /* すゝき, いすゞ */
        int mark;
        uint32_t base = muni__kana_is(k->prev) && k->prev != 0x30fc ? muni__kana_unvoice(k->prev, &mark) : 0;
        if (base) {
            uint32_t voiced = c == 0x30fe ? muni__kana_voice(base, 0x3099) : 0;
            c = voiced ? voiced : base;
        }
    } else if (c == 0x3099 || c == 0x309a) {
        uint32_t joined = muni__kana_is(k->prev) ? muni__kana_voice(k->prev, c) : 0;
        if (joined && k->b->n >= k->start + 3) {
            k->b->n -= 3; /* every kana has three bytes */
            c = joined;
        }
    }
    write_char(k, c);
}

/* A normalised character on its way into the key of an identifier: blanks only between others. */
static void emit_id(sink *k, uint32_t c) {
    if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
        c = ' ';
    if (c == ' ') {
        if (k->prev)
            k->spaces++;
        return;
    }
    for (; k->spaces; k->spaces--)
        write_char(k, ' ');
    write_char(k, c);
}

static uint32_t mark_of(uint32_t cp) {
    return cp == 0x3099 || cp == 0x309b || cp == 0xff9e ? 0x3099 : cp == 0x309a || cp == 0x309c || cp == 0xff9f ? 0x309a : 0;
}

static muni_status slow(sink *k, const uint32_t *cps, size_t count) {
    utf8proc_uint8_t text[SEGMENT_MAX * 4];
    utf8proc_int32_t out[RESULT_MAX];
    utf8proc_ssize_t n = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t cp = cps[i];
        if (!k->id && (cp == 0x309b || cp == 0x309c))
            cp -= 2;
        if (!k->id)
            cp = muni__kana_katakana(cp); /* before marks are joined: ヷ has no hiragana */
        n += utf8proc_encode_char((utf8proc_int32_t)cp, text + n);
    }
    n = utf8proc_decompose(text, n, out, RESULT_MAX, NFKC_CASEFOLD);
    if (n >= 0 && n <= RESULT_MAX)
        n = utf8proc_normalize_utf32(out, n, NFKC_CASEFOLD);
    if (n < 0 || n > RESULT_MAX)
        return muni__fail(MUNI_EINTERNAL, NULL, "the text could not be normalised", "テキストを正規化できませんでした");
    for (utf8proc_ssize_t i = 0; i < n; i++) {
        if (k->id)
            emit_id(k, (uint32_t)out[i]);
        else
            emit(k, fold((uint32_t)out[i]));
    }
    return MUNI_OK;
}

static muni_status make_key(muni__buf *b, const char *p, size_t n, bool id) {
    const unsigned char *s = (const unsigned char *)p;
    uint32_t cps[SEGMENT_MAX];
    muni_status st = MUNI_OK;
    if (b->st < 0)
        return b->st;
    sink k = { .b = b, .start = b->n, .id = id };
    if (n > SIZE_MAX / 2 - 64 - b->n)
        return muni__nomem();
    st = muni__grow(&b->p, &b->cap, b->n + n + n / 8 + 24, 1);
    if (st < 0)
        return b->st = st;
    size_t i = 0, len = 0;
    uint32_t cp = 0, v = 0;
    bool known = false; /* cp, len and v are of the character at i */
    while (i < n) {
        if (s[i] < 0x80 && (i + 1 == n || s[i + 1] < 0x80)) {
            uint32_t c = s[i++];
            known = false;
            c = c >= 'A' && c <= 'Z' ? c + 32 : c < 0x20 || c == 0x7f ? ' ' : c;
            if (id)
                emit_id(&k, c);
            else if (is_ascii_word(c) && !k.dash && !k.spaces)
                write_char(&k, c);
            else
                emit(&k, c);
            continue;
        }
        if (!known) {
            len = next(s + i, n - i, &cp);
            if (!len) {
                st = not_utf8(i);
                break;
            }
            v = look(cp);
        }
        known = false;
        uint32_t first = v;
        size_t count = 1;
        cps[0] = cp;
        for (i += len; i < n && s[i] >= 0x80; i += len) {
            len = next(s + i, n - i, &cp);
            if (!len) {
                st = not_utf8(i);
                break;
            }
            v = look(cp);
            if (v != JOINS || count == SEGMENT_MAX) {
                known = true;
                break;
            }
            cps[count++] = cp;
        }
        if (st < 0)
            break;
        if (!id && first > JOINS && count == 1) {
            if (first >= 0x3400 && !k.dash && !k.spaces)
                write_char(&k, first); /* emit has nothing to say about kanji */
            else
                emit(&k, first);
        } else if (!id && first > JOINS && count == 2 && mark_of(cps[1]) && muni__kana_voice(first, mark_of(cps[1]))) {
            emit(&k, muni__kana_voice(first, mark_of(cps[1])));
        } else {
            st = slow(&k, cps, count);
            if (st < 0)
                break;
        }
    }
    if (st >= 0 && k.dash)
        write_char(&k, '-');
    if (st >= 0)
        st = b->st;
    if (st >= 0 && b->max && b->n > b->max)
        st = b->st = muni__fail(MUNI_ELIMIT, NULL, "the text is longer than %zu bytes; make it shorter",
                                "テキストが%zuバイトを超えます。短くしてください", b->max);
    if (st < 0)
        b->n = k.start;
    b->p[b->n] = '\0';
    return st;
}

static muni_status key_of(const char *p, size_t n, bool id, char **out, size_t *len) {
    muni__buf b = MUNI_BUF_INIT(0);
    *out = NULL;
    if (len)
        *len = 0;
    muni_status st = make_key(&b, p, n, id);
    if (st < 0) {
        muni__buf_free(&b);
        return st;
    }
    return muni__buf_take(&b, out, len);
}

muni_status muni__textkey(const char *p, size_t n, char **out, size_t *len) {
    return key_of(p, n, false, out, len);
}

muni_status muni__textkey_put(muni__buf *out, const char *p, size_t n) {
    return make_key(out, p, n, false);
}

muni_status muni__idkey(const char *p, size_t n, char **out, size_t *len) {
    return key_of(p, n, true, out, len);
}

bool muni__is_identifier_char(uint32_t cp) {
    if (cp > 0x10ffff)
        return false;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP: return false;
    default: return utf8proc_get_property((utf8proc_int32_t)cp)->ignorable == 0;
    }
}

muni__char_class muni__char_class_of(uint32_t cp) {
    if (cp < 0x80)
        return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') ? MUNI__CHAR_WORD : MUNI__CHAR_OTHER;
    if ((cp >= 0x4e00 && cp <= 0x9fff) || (cp >= 0x30a1 && cp <= 0x30fa) || (cp >= 0x30fc && cp <= 0x30ff) || (cp >= 0x3041 && cp <= 0x309f) ||
        (cp >= 0x3005 && cp <= 0x3007) || (cp >= 0x3021 && cp <= 0x3029) || (cp >= 0x3031 && cp <= 0x3035) || cp == 0x303b ||
        (cp >= 0x31f0 && cp <= 0x31ff) || (cp >= 0x3400 && cp <= 0x4dbf) || (cp >= 0xe000 && cp <= 0xfaff) ||
        (cp >= 0x1b000 && cp <= 0x1b16f) || (cp >= 0x20000 && cp <= 0x3fffd))
        return MUNI__CHAR_CJK;
    if (cp > 0x10ffff)
        return MUNI__CHAR_OTHER;
    switch (utf8proc_category((utf8proc_int32_t)cp)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return MUNI__CHAR_WORD;
    default: return MUNI__CHAR_OTHER;
    }
}

/* ---- sorting by reading */

static void trim(muni__buf *b, char c) {
    while (b->n && b->p[b->n - 1] == c)
        b->p[--b->n] = '\0';
}

muni_status muni__kanakey(const char *p, size_t n, char **out, size_t *len) {
    muni__buf b = MUNI_BUF_INIT(0), marks = MUNI_BUF_INIT(0), sizes = MUNI_BUF_INIT(0), forms = MUNI_BUF_INIT(0);
    char *key = NULL, one[4];
    size_t key_len;
    muni_status st;
    *out = NULL;
    if (len)
        *len = 0;
    MUNI_TRY(muni__textkey(p, n, &key, &key_len));
    uint32_t vowel = 0, cp;
    for (size_t i = 0; i < key_len;) {
        char mark = '0', size = '2';
        i += muni__utf8_next(key + i, key_len - i, &cp);
        if (cp == 0x30fc) {
            if (vowel)
                cp = vowel;
            size = '0';
        } else if (muni__kana_is(cp)) {
            int m;
            uint32_t base = muni__kana_unvoice(cp, &m), large = muni__kana_large(base);
            mark = (char)('0' + m);
            if (large != base)
                size = '1';
            if (large >= 0x30f0 && large <= 0x30f2) { /* ヰヱヲ beside イエオ */
                large = large == 0x30f0 ? 0x30a4 : large == 0x30f1 ? 0x30a8 : 0x30aa;
                mark = '3';
            }
            cp = large;
            vowel = muni__kana_vowel(cp);
        } else {
            vowel = 0;
        }
        muni__buf_put(&b, one, muni__utf8_put(cp, one));
        muni__buf_putc(&marks, mark);
        muni__buf_putc(&sizes, size);
    }
    for (size_t i = 0; i < n;) { /* the forms, as they were typed */
        i += muni__utf8_next(p + i, n - i, &cp);
        bool half = cp >= 0xff66 && cp <= 0xff9d, hiragana = cp >= 0x3041 && cp <= 0x3096;
        if (half || hiragana || muni__kana_is(cp))
            muni__buf_putc(&forms, half ? '2' : hiragana ? '1' : '0');
    }
    if (!b.n) /* no reading: behind all others */
        muni__buf_put(&b, "\xf4\x8f\xbf\xbd", 4);
    /* The commonest value at the end says nothing. It is the lowest where '0' is trimmed; sizes need a sign that is higher than any. */
    trim(&marks, '0');
    trim(&sizes, '2');
    trim(&forms, '0');
    muni__buf_putc(&b, '\t');
    muni__buf_put(&b, marks.p ? marks.p : "", marks.n);
    muni__buf_putc(&b, '\t');
    muni__buf_put(&b, sizes.p ? sizes.p : "", sizes.n);
    muni__buf_putc(&b, '9');
    muni__buf_putc(&b, '\t');
    muni__buf_put(&b, forms.p ? forms.p : "", forms.n);
    MUNI_TRY(marks.st);
    MUNI_TRY(sizes.st);
    MUNI_TRY(forms.st);
    st = muni__buf_take(&b, out, len);
out:
    muni__free(key);
    muni__buf_free(&b);
    muni__buf_free(&marks);
    muni__buf_free(&sizes);
    muni__buf_free(&forms);
    return st;
}
