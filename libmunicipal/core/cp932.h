/* The table of CP932, for charset.c only. */
#ifndef MUNI_CORE_CP932_H
#define MUNI_CORE_CP932_H

#include "core/base.h"

typedef struct muni__cp932_table {
    uint16_t decode[60][188];     /* [lead: 81..9F, E0..FC][trail: 40..7E, 80..FC]; 0: none */
    uint16_t encode[0x10000];     /* of a character of the first plane; 0: none (but for U+0000) */
} muni__cp932_table;
/* Made at the first call; cannot fail. */
const muni__cp932_table *muni__cp932(void);

/* Index of a lead or trail byte in the table; -1 where it is none. */
static inline int muni__cp932_lead(unsigned char c) {
    return c >= 0x81 && c <= 0x9f ? c - 0x81 : c >= 0xe0 && c <= 0xfc ? c - 0xe0 + 31 : -1;
}
static inline int muni__cp932_trail(unsigned char c) {
    return c >= 0x40 && c <= 0x7e ? c - 0x40 : c >= 0x80 && c <= 0xfc ? c - 0x41 : -1;
}

#endif
