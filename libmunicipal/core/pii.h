/* Numbers that must not stand in free text. 個人番号 (My Number): 12 digits of which the last is a check digit (総務省令第85号 第5条). The check digit
 * alone passes one random number in ten, so a number is masked only where a word such as マイナンバー stands within 20 characters; elsewhere it is a
 * warning. A finding says where, never which: the number is not kept, logged or printed. */
#ifndef MUNI_CORE_PII_H
#define MUNI_CORE_PII_H

#include "core/base.h"

/* Exactly 12 ASCII digits, a right check digit, not all the same. */
bool muni__mynumber_valid(const char digits[12]);
/* 法人番号: exactly 13 ASCII digits with a right first one. It is public. */
bool muni__corporate_number_valid(const char digits[13]);

typedef enum muni__pii_kind {
    MUNI__PII_MYNUMBER_MASK = 1, /* a number and a word that says so */
    MUNI__PII_MYNUMBER_WARN      /* only a number that could be one */
} muni__pii_kind;
typedef struct muni__pii_finding {
    muni__pii_kind kind;
    size_t offset, length; /* bytes in the text, separators included */
} muni__pii_finding;
/* Told of each finding in order; a negative answer ends the scan. */
typedef muni_status (*muni__pii_fn)(void *user, const muni__pii_finding *finding);
/* `p` is UTF-8; broken bytes are passed over. Digits may be full-width and stand in groups with blanks or dashes between. */
muni_status muni__pii_scan(const char *p, size_t n, muni__pii_fn fn, void *user);

/* The text with every number that is to be masked replaced by 12 asterisks. *out is NULL where nothing was masked (the text may stay as it is).
 * The counts may be NULL. */
muni_status muni__pii_mask(const char *p, size_t n, char **out, size_t *len, size_t *masked, size_t *warned);

#endif
