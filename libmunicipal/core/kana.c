/* Kana as arithmetic. */
#include "core/kana.h"

uint32_t muni__kana_wide(uint32_t cp) {
    static const uint16_t wide[] = {
        0x3002, 0x300c, 0x300d, 0x3001, 0x30fb, 0x30f2, 0x30a1, 0x30a3, 0x30a5, 0x30a7, 0x30a9, 0x30e3, 0x30e5, 0x30e7, 0x30c3, 0x30fc,
        0x30a2, 0x30a4, 0x30a6, 0x30a8, 0x30aa, 0x30ab, 0x30ad, 0x30af, 0x30b1, 0x30b3, 0x30b5, 0x30b7, 0x30b9, 0x30bb, 0x30bd, 0x30bf,
        0x30c1, 0x30c4, 0x30c6, 0x30c8, 0x30ca, 0x30cb, 0x30cc, 0x30cd, 0x30ce, 0x30cf, 0x30d2, 0x30d5, 0x30d8, 0x30db, 0x30de, 0x30df,
        0x30e0, 0x30e1, 0x30e2, 0x30e4, 0x30e6, 0x30e8, 0x30e9, 0x30ea, 0x30eb, 0x30ec, 0x30ed, 0x30ef, 0x30f3, 0x3099, 0x309a
    }; /* U+FF61 to U+FF9F */
    return cp >= 0xff61 && cp <= 0xff9f ? wide[cp - 0xff61] : cp;
}

/* カ to ト: the letters with marks follow their letters; between チ and ツ stands ッ, so the voiced ones from ツ on are even. */
static bool pairs_k_to_t(uint32_t k) {
    return (k >= 0x30ab && k <= 0x30c2 && (k & 1)) || (k >= 0x30c4 && k <= 0x30c8 && !(k & 1));
}

uint32_t muni__kana_voice(uint32_t cp, uint32_t mark) {
    uint32_t shift = (cp >= 0x3041 && cp <= 0x3096) || cp == 0x309d ? 0x60 : 0, k = cp + shift;
    if (k >= 0x30cf && k <= 0x30db && (k - 0x30cf) % 3 == 0) { /* ハヒフヘホ */
        if (mark == 0x3099)
            return cp + 1;
        return mark == 0x309a ? cp + 2 : 0;
    }
    if (mark != 0x3099)
        return 0;
    if (pairs_k_to_t(k))
        return cp + 1;
    if (k == 0x30a6) /* ウ: ゔ U+3094, ヴ U+30F4 */
        return shift ? 0x3094 : 0x30f4;
    if (k == 0x30fd) /* ゝ ヽ */
        return cp + 1;
    if (!shift && k >= 0x30ef && k <= 0x30f2) /* ワヰヱヲ */
        return cp + 8;
    return 0;
}

uint32_t muni__kana_unvoice(uint32_t cp, int *mark) {
    *mark = 0;
    if (cp >= 0x30cf && cp <= 0x30dd) {
        *mark = (int)((cp - 0x30cf) % 3);
        return cp - (uint32_t)*mark;
    }
    uint32_t base = cp == 0x30f4 ? 0x30a6 : cp >= 0x30f7 && cp <= 0x30fa ? cp - 8 : cp == 0x30fe ? 0x30fd : pairs_k_to_t(cp - 1) ? cp - 1 : 0;
    if (!base)
        return cp;
    *mark = 1;
    return base;
}

uint32_t muni__kana_large(uint32_t cp) {
    static const uint16_t ainu[] = { 0x30af, 0x30b7, 0x30b9, 0x30c8, 0x30cc, 0x30cf, 0x30d2, 0x30d5,
                                     0x30d8, 0x30db, 0x30e0, 0x30e9, 0x30ea, 0x30eb, 0x30ec, 0x30ed }; /* U+31F0 to U+31FF */
    switch (cp) {
    case 0x30a1: /* ァィゥェォ */
    case 0x30a3:
    case 0x30a5:
    case 0x30a7:
    case 0x30a9:
    case 0x30c3: /* ッ */
    case 0x30e3: /* ャュョ */
    case 0x30e5:
    case 0x30e7:
    case 0x30ee: /* ヮ */
        return cp + 1;
    case 0x30f5: return 0x30ab; /* ヵ */
    case 0x30f6: return 0x30b1; /* ヶ */
    default: return cp >= 0x31f0 && cp <= 0x31ff ? ainu[cp - 0x31f0] : cp;
    }
}

uint32_t muni__kana_vowel(uint32_t cp) {
    /* of U+30A2 to U+30F2, as offsets in アイウエオ; '.' where the letter is not a plain one */
    static const char vowel[] = "a.i.u.e.o" "a.i.u.e.o." "a.i.u.e.o." "a.i..u.e.o." "aiueo" "a..i..u..e..o.." "aiueo" ".a.u.o" "aiueo" ".aieo";
    if (cp < 0x30a2 || cp > 0x30f2)
        return 0;
    switch (vowel[cp - 0x30a2]) {
    case 'a': return 0x30a2;
    case 'i': return 0x30a4;
    case 'u': return 0x30a6;
    case 'e': return 0x30a8;
    case 'o': return 0x30aa;
    default: return 0;
    }
}
