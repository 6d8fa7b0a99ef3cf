/* Words of Japanese text for the search index, and the one rule of what matches.
 *
 * Everything here works on search keys (textkey.h). A run of kanji and kana is cut into bigrams and, in documents, its last character alone; a
 * run of letters and digits is one token. The tokens travel to FTS5 as one text separated by spaces, for its built-in `ascii` tokenizer. */
#ifndef MUNI_CORE_TOKEN_H
#define MUNI_CORE_TOKEN_H

#include "core/base.h"

#define MUNI__TOKEN_MAX 64        /* bytes of an alphanumeric token; longer runs are cut */
#define MUNI__QUERY_MAX 16384     /* bytes of a query */
#define MUNI__QUERY_TERMS_MAX 32  /* words of a query */
#define MUNI__QUERY_PIECES_MAX 16 /* pieces of a word that are looked up; the recheck sees all of it */
#define MUNI__QUERY_BIGRAMS_MAX 32 /* bigrams of a piece that are looked up */

/* The match rule: `term` occurs in `key` and, if it begins with a letter or digit of an alphanumeric run, at the beginning of that
 * run. Both are search keys. An empty term occurs nowhere. Recheck, scan and tests use this and nothing else. */
bool muni__key_contains(const char *key, size_t n, const char *term, size_t m);

/* Every token of a document in order. `fn` answers a status; a negative one ends the call. */
typedef muni_status (*muni__token_fn)(void *user, const char *p, size_t n);
muni_status muni__tokens_each(const char *key, size_t n, muni__token_fn fn, void *user);
/* The tokens of a document as FTS5 wants them; appended, a space between them and before the first if `out` is not empty. Phrases never cross from
 * one call's text to the next. */
muni_status muni__tokens_put(muni__buf *out, const char *key, size_t n);

typedef struct muni__token {
    const char *p; /* NUL behind it */
    size_t n;
    bool prefix; /* tokens that begin with it, else exactly it */
} muni__token;

typedef struct muni__term {
    const char *key;   /* what must occur: muni__key_contains(row, …, key, key_len) */
    size_t key_len;
    const char *match; /* FTS5: finds every document in which it occurs, and perhaps more */
    const muni__token *tokens; /* the same as tokens that a document must all have */
    size_t token_count;
} muni__term;

typedef struct muni__terms {
    size_t count;
    const muni__term *items;
    const char *match; /* of all terms, joined with AND */
    size_t ignored;    /* words without any letter or digit, left out */
    void *memory;
} muni__terms;
/* `words` as a person typed them (UTF-8, any blanks between them). Terms are in the order of the words; a word that stands twice counts once.
 * MUNI_EINVAL with field "words" where no word can be searched; MUNI_ELIMIT for too long a query; MUNI_EUTF8; MUNI_ENOMEM. */
muni_status muni__query_compile(const char *words, size_t n, muni__terms *out);
void muni__terms_free(muni__terms *terms); /* also of an all-zero one */

/* Does a key hold every term? */
bool muni__terms_match(const muni__terms *terms, const char *key, size_t n);

#endif
