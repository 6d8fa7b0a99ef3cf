#define _DEFAULT_SOURCE /* getentropy */
#include "core/hash.h"

#include <nettle/sha2.h>

#include <errno.h>
#include <unistd.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(muni__sha), "muni__sha is too small for this nettle");
_Static_assert(_Alignof(struct sha256_ctx) <= _Alignof(muni__sha), "muni__sha is not aligned for this nettle");
_Static_assert(SHA256_DIGEST_SIZE == MUNI__HASH, "SHA-256 has 32 bytes");

static struct sha256_ctx *context(muni__sha *h) {
    return (struct sha256_ctx *)(void *)h->opaque;
}

void muni__sha_init(muni__sha *h) {
    sha256_init(context(h));
}

void muni__sha_add(muni__sha *h, const void *p, size_t n) {
    if (n)
        sha256_update(context(h), n, p);
}

/* Begins anew. */
void muni__sha_end(muni__sha *h, unsigned char out[MUNI__HASH]) {
    sha256_digest(context(h), MUNI__HASH, out);
}

void muni__sha_of(const void *p, size_t n, unsigned char out[MUNI__HASH]) {
    struct sha256_ctx ctx;
    sha256_init(&ctx);
    if (n)
        sha256_update(&ctx, n, p);
    sha256_digest(&ctx, MUNI__HASH, out);
}

void muni__hex(const unsigned char *p, size_t n, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    out[2 * n] = '\0';
}

muni_status muni__random(void *p, size_t n) {
    unsigned char *to = p;
    while (n) {
        size_t some = n < 256 ? n : 256; /* what the system gives at once */
        if (getentropy(to, some) < 0) {
            if (errno == EINTR)
                continue;
            return muni__fail(MUNI_EIO, NULL, "the system gave no random bytes (error %d)", "システムから乱数を得られませんでした（エラー%d）", errno);
        }
        to += some;
        n -= some;
    }
    return MUNI_OK;
}
