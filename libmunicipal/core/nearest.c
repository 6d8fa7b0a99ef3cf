/* Which name was meant: the nearest by edit distance. */
#include "core/base.h"

#define LONGEST ((size_t)64) /* of a name worth comparing */

/* Letters to insert, drop, change or swap with the next to make `a` of `b`; capitals count as small letters. */
static size_t distance(const char *a, size_t an, const char *b, size_t bn) {
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= bn; j++)
        last[j] = j;
    for (size_t i = 1; i <= an; i++) {
        now[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            char x = a[i - 1], y = b[j - 1];
            x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
            y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
            size_t best = last[j - 1] + (x != y);
            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            now[j] = best;
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[bn];
}

const char *muni__nearest(const char *word, const void *names, size_t count, size_t stride) {
    size_t n = strlen(word);
    if (!n || n > LONGEST)
        return NULL;
    size_t least = n < 3 ? 2 : n / 3 + 2; /* one letter in three may be wrong, and one more; of two letters, one */
    const char *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        memcpy(&name, (const char *)names + i * stride, sizeof name);
        size_t m = name ? strlen(name) : 0;
        if (!m || m > LONGEST)
            continue;
        size_t d = distance(word, n, name, m);
        if (d < least) {
            least = d;
            best = name;
        }
    }
    return best;
}
