/* SHA-256 and random bytes; the only place that includes the cryptographic library. */
#ifndef MUNI_CORE_HASH_H
#define MUNI_CORE_HASH_H

#include "core/base.h"

#define MUNI__HASH 32
typedef struct muni__sha { _Alignas(max_align_t) unsigned char opaque[160]; } muni__sha;
void muni__sha_init(muni__sha *h);
void muni__sha_add(muni__sha *h, const void *p, size_t n);
void muni__sha_end(muni__sha *h, unsigned char out[MUNI__HASH]);
void muni__sha_of(const void *p, size_t n, unsigned char out[MUNI__HASH]);
void muni__hex(const unsigned char *p, size_t n, char *out); /* 2n + 1 bytes */
muni_status muni__random(void *p, size_t n);                 /* from the system; MUNI_EIO */

#endif
