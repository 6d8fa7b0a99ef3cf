/* Individual numbers in free text: findings stand in order within the text and are numbers, and what was masked needs no masking again. */
#include "fuzz.h"

#include "core/pii.h"

typedef struct seen {
    const char *p;
    size_t n, end, masks, warnings;
} seen;

/* A digit, also a full-width one: its value, its length in *len; -1 for anything else. */
static int digit_at(const char *p, size_t n, size_t *len) {
    uint32_t cp;
    *len = 1;
    if (*p >= '0' && *p <= '9')
        return *p - '0';
    if (n >= 3 && (unsigned char)p[0] == 0xef && muni__utf8_valid(p, 3, NULL)) {
        *len = muni__utf8_next(p, 3, &cp);
        if (cp >= 0xff10 && cp <= 0xff19)
            return (int)(cp - 0xff10);
        *len = 1;
    }
    return -1;
}

static muni_status each(void *user, const muni__pii_finding *f) {
    seen *s = user;
    char digits[13];
    size_t count = 0, len;
    HOLDS(f->kind == MUNI__PII_MYNUMBER_MASK || f->kind == MUNI__PII_MYNUMBER_WARN, "kind %d", f->kind);
    HOLDS(f->offset >= s->end && f->length >= 12 && f->offset + f->length <= s->n, "at %zu, %zu bytes", f->offset, f->length);
    for (size_t i = f->offset; i < f->offset + f->length; i += len) {
        int d = digit_at(s->p + i, f->offset + f->length - i, &len);
        if (d < 0)
            continue;
        HOLDS(count < 12, "at %zu, more than 12 digits", f->offset);
        digits[count++] = (char)('0' + d);
    }
    HOLDS(count == 12 && muni__mynumber_valid(digits), "at %zu, %zu digits", f->offset, count);
    s->end = f->offset + f->length;
    if (f->kind == MUNI__PII_MYNUMBER_MASK)
        s->masks++;
    else
        s->warnings++;
    return MUNI_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_in in = { data, size };
    char *p = fuzz_copy(in), *masked = NULL, *again = NULL;
    size_t len = 0, m = 0, w = 0, again_m = 0;
    seen s = { p, in.n, 0, 0, 0 };
    OK(muni__pii_scan(p, in.n, each, &s));
    OK(muni__pii_mask(p, in.n, &masked, &len, &m, &w));
    HOLDS(m == s.masks && w == s.warnings, "masked %zu of %zu, warned of %zu of %zu", m, s.masks, w, s.warnings);
    HOLDS((masked != NULL) == (m > 0), "masked %zu", m);
    if (masked) {
        HOLDS(strlen(masked) == len || memchr(masked, 0, len), "a text of %zu bytes", len);
        HOLDS(muni__utf8_valid(p, in.n, NULL) == muni__utf8_valid(masked, len, NULL), "masking spoils no character");
        OK(muni__pii_mask(masked, len, &again, NULL, &again_m, NULL));
        HOLDS(again_m <= w, "masked again: %zu", again_m); /* asterisks are shorter than groups: a word further on may have come near */
    }
    muni__free(masked);
    muni__free(again);
    free(p);
    return 0;
}
