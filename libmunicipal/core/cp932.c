/* The table of CP932, unfolded once from cp932.def. */
#include "core/cp932.h"

#include "core/charset.h"

#include <pthread.h>

static muni__cp932_table table;
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static const struct run {
    uint16_t code;
    const char *text;
} runs[] = {
#define CP932(code, text) { code, text },
#include "core/cp932.def"
#undef CP932
};

/* The lead bytes whose codes are written, in the order of preference: the copies in ED and EE come last. */
static int rank(uint16_t code) {
    int lead = code >> 8;
    return lead == 0xed || lead == 0xee ? 1 : 0;
}

static void unfold(int wanted) {
    for (size_t r = 0; r < MUNI_COUNT(runs); r++) {
        if (rank(runs[r].code) != wanted)
            continue;
        int lead = muni__cp932_lead((unsigned char)(runs[r].code >> 8)), trail = muni__cp932_trail((unsigned char)(runs[r].code & 0xff));
        const char *p = runs[r].text;
        for (size_t left = strlen(p), len; left; p += len, left -= len, trail++) {
            uint32_t cp;
            len = muni__utf8_next(p, left, &cp);
            table.decode[lead][trail] = (uint16_t)cp;
            if (!table.encode[cp])
                table.encode[cp] = (uint16_t)((runs[r].code & 0xff00) | (trail + (trail < 63 ? 0x40 : 0x41)));
        }
    }
}

static void make(void) {
    for (uint32_t c = 1; c < 0x80; c++)
        table.encode[c] = (uint16_t)c;
    for (uint32_t c = 0xa1; c <= 0xdf; c++)
        table.encode[0xff61 + c - 0xa1] = (uint16_t)c;
    unfold(0);
    unfold(1);
    for (uint32_t i = 0; i < 1880; i++) { /* user-defined: F040 to F9FC */
        uint32_t trail = i % 188;
        table.decode[muni__cp932_lead((unsigned char)(0xf0 + i / 188))][trail] = (uint16_t)(0xe000 + i);
        table.encode[0xe000 + i] = (uint16_t)((0xf0 + i / 188) << 8 | (trail + (trail < 63 ? 0x40 : 0x41)));
    }
    /* What other systems write for the same characters; the first of each pair is what CP932 decodes to. */
    static const uint16_t same[][2] = { { 0xff5e, 0x301c }, { 0x2225, 0x2016 }, { 0xff0d, 0x2212 }, { 0xffe0, 0x00a2 },
                                        { 0xffe1, 0x00a3 }, { 0xffe2, 0x00ac }, { 0x2015, 0x2014 } };
    for (size_t i = 0; i < MUNI_COUNT(same); i++)
        table.encode[same[i][1]] = table.encode[same[i][0]];
}

const muni__cp932_table *muni__cp932(void) {
    pthread_once(&table_once, make);
    return &table;
}

bool muni__cp932_decode_char(uint32_t code, uint32_t *cp) {
    *cp = 0;
    if (code < 0x100) {
        if (code >= 0x80 && (code < 0xa1 || code > 0xdf))
            return false;
        *cp = code < 0x80 ? code : 0xff61 + code - 0xa1;
        return true;
    }
    if (code > 0xffff)
        return false;
    int lead = muni__cp932_lead((unsigned char)(code >> 8)), trail = muni__cp932_trail((unsigned char)(code & 0xff));
    if (lead < 0 || trail < 0)
        return false;
    *cp = muni__cp932()->decode[lead][trail];
    return *cp != 0;
}

bool muni__cp932_encode_char(uint32_t cp, uint16_t *code) {
    *code = cp < 0x10000 ? muni__cp932()->encode[cp] : 0;
    return *code || !cp;
}
