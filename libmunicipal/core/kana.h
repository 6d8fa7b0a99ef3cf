/* Kana as arithmetic: no tables of text, no allocation. */
#ifndef MUNI_CORE_KANA_H
#define MUNI_CORE_KANA_H

#include "core/base.h"

/* Hiragana as katakana; anything else unchanged. */
static inline uint32_t muni__kana_katakana(uint32_t cp) {
    return (cp >= 0x3041 && cp <= 0x3096) || cp == 0x309d || cp == 0x309e ? cp + 0x60 : cp;
}
/* Full-width katakana letter or ー (not ・, not the iteration marks). */
static inline bool muni__kana_is(uint32_t cp) {
    return (cp >= 0x30a1 && cp <= 0x30fa) || cp == 0x30fc || (cp >= 0x31f0 && cp <= 0x31ff);
}
/* Half-width katakana, ｰ, and the marks ﾞﾟ (as U+3099, U+309A) as full-width; anything else unchanged. */
uint32_t muni__kana_wide(uint32_t cp);
/* The kana (hiragana or katakana) with the mark U+3099 or U+309A; 0 where there is none. */
uint32_t muni__kana_voice(uint32_t cp, uint32_t mark);
/* The katakana without its mark: ガ→カ (*mark 1), パ→ハ (*mark 2); *mark 0 where there is none. */
uint32_t muni__kana_unvoice(uint32_t cp, int *mark);
/* A small katakana as the normal one: ッ→ツ; anything else unchanged. */
uint32_t muni__kana_large(uint32_t cp);
/* The vowel of a katakana (without marks, normal size): カ→ア; 0 where it has none. */
uint32_t muni__kana_vowel(uint32_t cp);

#endif
