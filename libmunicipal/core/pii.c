/* 個人番号 in free text. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem, which POSIX has since 2024 */
#endif
#include "core/pii.h"

#include "core/textkey.h"

#define DIGITS 12
#define NEAR 20 /* characters between a number and the word that says what it is */

static bool digits_only(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9')
            return false;
    return true;
}

bool muni__mynumber_valid(const char digits[12]) {
    if (!digits_only(digits, DIGITS))
        return false;
    int sum = 0;
    bool same = true;
    for (int n = 1; n <= 11; n++) /* P1 is the lowest of the eleven */
        sum += (digits[11 - n] - '0') * (n <= 6 ? n + 1 : n - 5);
    for (int i = 1; i < DIGITS; i++)
        same &= digits[i] == digits[0];
    int r = sum % 11;
    return !same && digits[11] - '0' == (r <= 1 ? 0 : 11 - r);
}

bool muni__corporate_number_valid(const char digits[13]) {
    if (!digits_only(digits, 13))
        return false;
    int sum = 0;
    for (int n = 1; n <= 12; n++)
        sum += (digits[13 - n] - '0') * (n % 2 ? 1 : 2);
    return digits[0] - '0' == 9 - sum % 9;
}

/* One character of text that may be broken: a bad byte is a character that means nothing. */
static size_t read_char(const char *p, size_t n, uint32_t *cp) {
    size_t bad = 0, window = n < 4 ? n : 4;
    if ((unsigned char)*p < 0x80) {
        *cp = (unsigned char)*p;
        return 1;
    }
    if (muni__utf8_valid(p, window, &bad) || bad > 0)
        return muni__utf8_next(p, window, cp);
    *cp = 0xfffd;
    return 1;
}

static int digit_of(uint32_t cp) {
    return cp >= '0' && cp <= '9' ? (int)(cp - '0') : cp >= 0xff10 && cp <= 0xff19 ? (int)(cp - 0xff10) : -1;
}

static bool separates(uint32_t cp) {
    switch (cp) {
    case ' ':
    case 0x00a0:
    case 0x3000:
    case '-':
    case 0x2010:
    case 0x2011:
    case 0x2012:
    case 0x2013:
    case 0x2014:
    case 0x2015:
    case 0x2212:
    case 0x30fc:
    case 0xff0d:
    case 0xff70: return true;
    default: return false;
    }
}

/* Does the key (blanks taken out) hold a word that says so, at most NEAR characters from the side of the number? */
static bool says_so(char *key, size_t n, bool before) {
    static const char *const words[] = { "個人番号", "マイナンバ", "mynumber", "番号通知" };
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (key[i] != ' ')
            key[m++] = key[i];
    for (size_t w = 0; w < MUNI_COUNT(words); w++) {
        size_t len = strlen(words[w]);
        for (const char *p = key, *end = key + m; (size_t)(end - p) >= len && (p = memmem(p, (size_t)(end - p), words[w], len)); p++) {
            const char *from = before ? p + len : key, *to = before ? end : p;
            if (muni__utf8_length(from, (size_t)(to - from)) <= NEAR)
                return true;
        }
    }
    return false;
}

/* A word stands wholly within NEAR characters and its own length: 8, and as many marks (ﾊﾞ) and blanks again. */
#define WINDOW (NEAR + 16)

static muni_status side_says_so(const char *p, size_t n, bool before, bool *yes) {
    muni__buf clean = MUNI_BUF_INIT(0), key = MUNI_BUF_INIT(0);
    muni_status st;
    for (size_t i = 0; i < n;) { /* broken bytes as blanks, so that the key can be made */
        uint32_t cp;
        size_t len = read_char(p + i, n - i, &cp);
        if (len == 1 && cp == 0xfffd)
            muni__buf_putc(&clean, ' ');
        else
            muni__buf_put(&clean, p + i, len);
        i += len;
    }
    MUNI_TRY(clean.st);
    if (clean.n)
        MUNI_TRY(muni__textkey_put(&key, clean.p, clean.n));
    st = MUNI_OK;
    *yes = key.n && says_so(key.p, key.n, before);
out:
    muni__buf_free(&clean);
    muni__buf_free(&key);
    return st;
}

static muni_status in_context(const char *p, size_t n, size_t from, size_t to, bool *yes) {
    size_t i = from, chars = 0;
    *yes = false;
    while (i && chars < WINDOW) {
        i--;
        chars += ((unsigned char)p[i] & 0xc0) != 0x80;
    }
    muni_status st = side_says_so(p + i, from - i, true, yes);
    if (st < 0 || *yes)
        return st;
    for (i = to, chars = 0; i < n && chars < WINDOW; chars++) {
        uint32_t cp;
        i += read_char(p + i, n - i, &cp);
    }
    return side_says_so(p + to, i - to, false, yes);
}

/* A group of digits without separators inside. Of a longer one than a number only the length matters. */
typedef struct group {
    size_t from, to, count;
    char digits[DIGITS];
} group;

typedef struct scan {
    const char *p;
    size_t n;
    group groups[DIGITS]; /* of one row of groups, the last at most 12, oldest first */
    size_t count;
    muni__pii_fn fn;
    void *user;
} scan;

/* Is the beginning of the row a number? Then it is told and taken off; else the first group is. */
static muni_status first_of_row(scan *s) {
    char digits[DIGITS];
    size_t have = 0, used = 0;
    while (used < s->count && have + s->groups[used].count <= DIGITS) {
        memcpy(digits + have, s->groups[used].digits, s->groups[used].count);
        have += s->groups[used++].count;
    }
    size_t gone = 1;
    muni_status st = MUNI_OK;
    if (have == DIGITS && muni__mynumber_valid(digits)) {
        muni__pii_finding f = { MUNI__PII_MYNUMBER_WARN, s->groups[0].from, s->groups[used - 1].to - s->groups[0].from };
        bool yes;
        st = in_context(s->p, s->n, f.offset, f.offset + f.length, &yes);
        if (st >= 0) {
            f.kind = yes ? MUNI__PII_MYNUMBER_MASK : MUNI__PII_MYNUMBER_WARN;
            st = s->fn(s->user, &f);
        }
        gone = used;
    }
    memset(digits, 0, sizeof digits);
    s->count -= gone;
    memmove(s->groups, s->groups + gone, s->count * sizeof *s->groups);
    return st;
}

static muni_status end_of_row(scan *s) {
    muni_status st = MUNI_OK;
    while (s->count && st >= 0)
        st = first_of_row(s);
    return st;
}

muni_status muni__pii_scan(const char *p, size_t n, muni__pii_fn fn, void *user) {
    scan s = { .p = p, .n = n, .fn = fn, .user = user };
    muni_status st = MUNI_OK;
    size_t separators = 0;
    for (size_t i = 0; i < n && st >= 0;) {
        uint32_t cp;
        size_t len = read_char(p + i, n - i, &cp);
        if (digit_of(cp) < 0) {
            if (s.count && (!separates(cp) || ++separators > 3))
                st = end_of_row(&s);
            i += len;
            continue;
        }
        group g = { .from = i };
        for (int d; i < n; i += len) {
            len = read_char(p + i, n - i, &cp);
            d = digit_of(cp);
            if (d < 0)
                break;
            if (g.count < DIGITS)
                g.digits[g.count] = (char)('0' + d);
            g.count++;
        }
        g.to = i;
        separators = 0;
        if (g.count > DIGITS) { /* no number is cut out of a longer one */
            st = end_of_row(&s);
            continue;
        }
        if (s.count == DIGITS)
            st = first_of_row(&s);
        s.groups[s.count++] = g;
    }
    if (st >= 0)
        st = end_of_row(&s);
    memset(s.groups, 0, sizeof s.groups);
    return st;
}

typedef struct masking {
    const char *p;
    size_t done; /* copied up to here */
    muni__buf out;
    size_t masked, warned;
} masking;

static muni_status mask_one(void *user, const muni__pii_finding *f) {
    masking *m = user;
    if (f->kind != MUNI__PII_MYNUMBER_MASK) {
        m->warned++;
        return MUNI_OK;
    }
    m->masked++;
    muni__buf_put(&m->out, m->p + m->done, f->offset - m->done);
    muni__buf_puts(&m->out, "************");
    m->done = f->offset + f->length;
    return m->out.st;
}

muni_status muni__pii_mask(const char *p, size_t n, char **out, size_t *len, size_t *masked, size_t *warned) {
    masking m = { .p = p, .out = MUNI_BUF_INIT(0) };
    *out = NULL;
    if (len)
        *len = 0;
    muni_status st = muni__pii_scan(p, n, mask_one, &m);
    if (st >= 0 && m.masked) {
        muni__buf_put(&m.out, p + m.done, n - m.done);
        st = muni__buf_take(&m.out, out, len);
    }
    muni__buf_free(&m.out);
    if (masked)
        *masked = st < 0 ? 0 : m.masked;
    if (warned)
        *warned = st < 0 ? 0 : m.warned;
    return st;
}
