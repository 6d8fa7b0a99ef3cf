/* A buffer that grows up to a limit. The first failure sticks: a caller may put a whole text and look once. A limit of 0 is none. */
#include "core/base.h"

#include <stdio.h>

/* Room for `n` more bytes and the NUL. */
static bool more_room(muni__buf *b, size_t n) {
    if (b->st < 0)
        return false;
    size_t max = b->max && b->max < (size_t)PTRDIFF_MAX ? b->max : (size_t)PTRDIFF_MAX - 1;
    if (b->n > max || n > max - b->n) {
        b->st = muni__fail(MUNI_ELIMIT, NULL, "the text is longer than %zu bytes; make it shorter",
                           "テキストが%zuバイトを超えます。短くしてください", max);
        return false;
    }
    b->st = muni__grow(&b->p, &b->cap, b->n + n + 1, 1);
    return b->st >= 0;
}

static inline bool room(muni__buf *b, size_t n) {
    return (b->st >= 0 && b->cap > b->n && n < b->cap - b->n && (!b->max || n <= b->max - b->n)) || more_room(b, n);
}

void muni__buf_put(muni__buf *b, const char *p, size_t n) {
    if (!room(b, n))
        return;
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void muni__buf_puts(muni__buf *b, const char *s) {
    muni__buf_put(b, s, strlen(s));
}

void muni__buf_putc(muni__buf *b, char c) {
    if (!room(b, 1))
        return;
    b->p[b->n++] = c;
    b->p[b->n] = '\0';
}

void muni__buf_printf(muni__buf *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0) {
        if (b->st >= 0)
            b->st = muni__fail(MUNI_EINTERNAL, NULL, "a number could not be written as text", "数値を文字にできませんでした");
        return;
    }
    if (!room(b, (size_t)n))
        return;
    va_start(args, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, args);
    va_end(args);
    b->n += (size_t)n;
}

void muni__buf_int(muni__buf *b, int64_t v) {
    char text[20]; /* as long as the longest: -9223372036854775808 */
    char *end = text + sizeof text, *s = end;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        *--s = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0)
        *--s = '-';
    muni__buf_put(b, s, (size_t)(end - s));
}

void muni__buf_json(muni__buf *b, const char *p, size_t n) {
    size_t bad, start = 0;
    if (b->st < 0)
        return;
    if (!muni__utf8_valid(p, n, &bad)) {
        b->st = muni__fail(MUNI_EUTF8, NULL, "byte %zu of the text is not valid UTF-8; give the text as UTF-8",
                           "テキストの%zuバイト目がUTF-8として正しくありません。UTF-8で渡してください", bad + 1);
        return;
    }
    muni__buf_putc(b, '"');
    for (size_t i = 0; i < n; i++) {
        i += muni__plain_run(p + i, n - i);
        if (i == n)
            break;
        unsigned char c = (unsigned char)p[i];
        if (c == 0x7f)
            continue;
        muni__buf_put(b, p + start, i - start);
        start = i + 1;
        switch (c) {
        case '"': muni__buf_put(b, "\\\"", 2); break;
        case '\\': muni__buf_put(b, "\\\\", 2); break;
        case '\b': muni__buf_put(b, "\\b", 2); break;
        case '\f': muni__buf_put(b, "\\f", 2); break;
        case '\n': muni__buf_put(b, "\\n", 2); break;
        case '\r': muni__buf_put(b, "\\r", 2); break;
        case '\t': muni__buf_put(b, "\\t", 2); break;
        default: {
            static const char hex[] = "0123456789ABCDEF"; /* capitals, as jansson writes them */
            char escaped[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
            muni__buf_put(b, escaped, sizeof escaped);
        }
        }
    }
    if (n > start)
        muni__buf_put(b, p + start, n - start);
    muni__buf_putc(b, '"');
}

void muni__buf_clear(muni__buf *b) {
    b->n = 0;
    b->st = MUNI_OK;
    if (b->p)
        b->p[0] = '\0';
}

void muni__buf_free(muni__buf *b) {
    muni__free(b->p);
    b->p = NULL;
    b->n = b->cap = 0;
    b->st = MUNI_OK;
}

muni_status muni__buf_take(muni__buf *b, char **out, size_t *len) {
    *out = NULL;
    if (len)
        *len = 0;
    if (b->st >= 0 && !b->p)
        muni__buf_put(b, "", 0); /* an empty text is a text */
    muni_status st = b->st;
    if (st >= 0) {
        *out = b->p;
        if (len)
            *len = b->n;
        b->p = NULL;
        st = MUNI_OK;
    }
    muni__buf_free(b);
    return st;
}
