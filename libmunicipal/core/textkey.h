/* Folded forms of text. Text is stored as it was received; beside it stand keys made here: for search, for comparing identifiers, for sorting
 * names by their reading. The only place that includes utf8proc. */
#ifndef MUNI_CORE_TEXTKEY_H
#define MUNI_CORE_TEXTKEY_H

#include "core/base.h"

/* Raise it when any key of any text changes; stores keep it beside their keys and rebuild when it differs. */
#define MUNI__TEXTKEY_VERSION 1
/* The version of Unicode beneath, such as "15.0.0": the keys of characters added later depend on it. */
const char *muni__unicode_version(void);

/* The search key: NFKC, case folded, default-ignorables (also variation selectors) removed; {〜～~} {－−－-‐–—―} {∥‖} each one character; hiragana as
 * katakana; ー kept, but a dash between kana becomes ー and ー behind a letter or digit becomes a dash; ゝゞ written out; variant kanji as the
 * usual ones (itaiji.def); blanks, controls and line ends as one space, none at either end. Never contains a control character.
 * MUNI_EUTF8, MUNI_ENOMEM. */
muni_status muni__textkey(const char *p, size_t n, char **out, size_t *len);
/* The same, appended to a buffer. On failure the buffer is as it was (but for its status). */
muni_status muni__textkey_put(muni__buf *out, const char *p, size_t n);

/* The key of an identifier: NFKC, case folded, default-ignorables removed, blanks at both ends removed. No kana, dash or kanji folding: 高橋 and 髙橋 may be
 * two accounts. MUNI_EUTF8, MUNI_ENOMEM. */
muni_status muni__idkey(const char *p, size_t n, char **out, size_t *len);
/* May this stand in an identifier? No blanks, controls, marks that are not seen, unassigned or private characters. */
bool muni__is_identifier_char(uint32_t cp);

/* What a character is to the cutting of words. Of a search key. */
typedef enum muni__char_class {
    MUNI__CHAR_OTHER, /* separates */
    MUNI__CHAR_WORD,  /* letter or digit of an alphanumeric run */
    MUNI__CHAR_CJK    /* kanji, kana, ー, 々〆〇, 外字 */
} muni__char_class;
muni__char_class muni__char_class_of(uint32_t cp);

/* The key by which readings (フリガナ) sort for people, as bytes: the order of ICU's `ja`. Levels, a TAB between: base kana (ー as the vowel
 * before it); 清 < 濁 < 半濁; ー < small < normal; カタ < ひら < 半角. A text without any character sorts last. Valid UTF-8, no NUL.
 * MUNI_EUTF8, MUNI_ENOMEM. */
muni_status muni__kanakey(const char *p, size_t n, char **out, size_t *len);

#endif
