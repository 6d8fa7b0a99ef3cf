/* UTF-8: what is valid, where characters begin and end, text of users in messages. */
#include "core/base.h"

bool muni__utf8_valid(const char *p, size_t n, size_t *bad) {
    const unsigned char *s = (const unsigned char *)p;
    size_t i = 0;
    while (i < n) {
        unsigned char c = s[i];
        size_t len;
        unsigned char low = 0x80, high = 0xbf; /* what the second byte may be */
        if (c < 0x80) {
            i++;
            continue;
        }
        if (c >= 0xe1 && c <= 0xec && n - i >= 3 && (s[i + 1] & 0xc0) == 0x80 && (s[i + 2] & 0xc0) == 0x80) { /* kana and kanji */
            i += 3;
            continue;
        }
        if (c >= 0xc2 && c <= 0xdf) {
            len = 2;
        } else if (c >= 0xe0 && c <= 0xef) {
            len = 3;
            low = c == 0xe0 ? 0xa0 : 0x80;  /* overlong */
            high = c == 0xed ? 0x9f : 0xbf; /* surrogates */
        } else if (c >= 0xf0 && c <= 0xf4) {
            len = 4;
            low = c == 0xf0 ? 0x90 : 0x80;  /* overlong */
            high = c == 0xf4 ? 0x8f : 0xbf; /* above U+10FFFF */
        } else {
            break;
        }
        if (n - i < len || s[i + 1] < low || s[i + 1] > high)
            break;
        if (len > 2 && (s[i + 2] & 0xc0) != 0x80)
            break;
        if (len > 3 && (s[i + 3] & 0xc0) != 0x80)
            break;
        i += len;
    }
    if (i < n && bad)
        *bad = i;
    return i >= n;
}

/* Eight bytes at a time: only where a byte is below 0x20, or equal to one of the three, does a high bit come to stand. */
size_t muni__plain_run(const char *p, size_t n) {
    const uint64_t each = 0x0101010101010101u, high = 0x8080808080808080u;
    size_t i = 0;
    for (uint64_t w; n - i >= 8; i += 8) {
        memcpy(&w, p + i, 8);
        uint64_t quote = w ^ each * '"', slash = w ^ each * '\\', del = w ^ each * 0x7f;
        if (((w - each * 0x20) & ~w & high) | ((quote - each) & ~quote & high) | ((slash - each) & ~slash & high) | ((del - each) & ~del & high))
            break;
    }
    while (i < n && (unsigned char)p[i] >= 0x20 && p[i] != '"' && p[i] != '\\' && p[i] != 0x7f)
        i++;
    return i;
}

size_t muni__utf8_next(const char *p, size_t n, uint32_t *cp) {
    const unsigned char *s = (const unsigned char *)p;
    uint32_t c = n ? s[0] : 0;
    size_t len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (len == 1 || len > n) { /* a byte that begins no whole character stands for itself, so that a caller always moves on */
        *cp = c;
        return 1;
    }
    c &= 0xffu >> (len + 1);
    for (size_t i = 1; i < len; i++)
        c = c << 6 | (s[i] & 0x3f);
    *cp = c;
    return len;
}

size_t muni__utf8_put(uint32_t cp, char out[4]) {
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

size_t muni__utf8_length(const char *p, size_t n) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += ((unsigned char)p[i] & 0xc0) != 0x80;
    return count;
}

size_t muni__utf8_cut(const char *p, size_t n, size_t max) {
    if (n <= max)
        return n;
    size_t i = max;
    while (i && max - i < 3 && ((unsigned char)p[i] & 0xc0) == 0x80) /* no character has more than three bytes after its first */
        i--;
    return i;
}

/* Characters that would break or disguise a line of text: controls, separators, marks that turn the direction of writing. */
static bool unseen(uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

const char *muni__quote(muni__quoted *out, const char *p, size_t n) {
    size_t used = 0, i = 0;
    int count = 0;
    for (; i < n && count < 40; count++) {
        size_t bad = n - i, len = 1;
        uint32_t c = 0;
        size_t window = n - i < 4 ? n - i : 4;
        if (muni__utf8_valid(p + i, window, &bad) || bad > 0)
            len = muni__utf8_next(p + i, window, &c);
        if (unseen(c)) {
            memcpy(out->s + used, "·", 2);
            used += 2;
        } else {
            memcpy(out->s + used, p + i, len);
            used += len;
        }
        i += len;
    }
    if (i < n) {
        memcpy(out->s + used, "…", 3);
        used += 3;
    }
    out->s[used] = '\0';
    return out->s;
}
