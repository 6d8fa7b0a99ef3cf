/* Words for the search index, and what matches. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memmem, which POSIX has since 2024 */
#endif
#include "core/token.h"

#include "core/textkey.h"

/* The character at `p` and what it is. Kana and the common kanji need no call. */
static inline size_t classify(const char *p, size_t n, uint32_t *cp, muni__char_class *k) {
    const unsigned char *s = (const unsigned char *)p;
    if (s[0] < 0x80) {
        *cp = s[0];
        *k = (s[0] >= '0' && s[0] <= '9') || ((s[0] | 32) >= 'a' && (s[0] | 32) <= 'z') ? MUNI__CHAR_WORD : MUNI__CHAR_OTHER;
        return 1;
    }
    if (n >= 3 && s[0] >= 0xe4 && s[0] <= 0xe9 && (s[0] > 0xe4 || s[1] >= 0xb8)) { /* U+4E00 to U+9FFF */
        *cp = (s[0] & 15u) << 12 | (s[1] & 63u) << 6 | (s[2] & 63u);
        *k = MUNI__CHAR_CJK;
        return 3;
    }
    size_t len = muni__utf8_next(p, n, cp);
    *k = muni__char_class_of(*cp);
    return len;
}

/* The end of the run that begins at `p` with class `k`. */
static size_t run_end(const char *p, size_t n, muni__char_class k) {
    size_t i = 0;
    while (i < n) {
        uint32_t cp;
        muni__char_class c;
        size_t len = classify(p + i, n - i, &cp, &c);
        if (c != k)
            break;
        i += len;
    }
    return i;
}

/* ---- the match rule */

bool muni__key_contains(const char *key, size_t n, const char *term, size_t m) {
    uint32_t cp;
    muni__char_class k;
    if (!m || m > n)
        return false;
    classify(term, m, &cp, &k);
    for (const char *p = key, *end = key + n; (size_t)(end - p) >= m && (p = memmem(p, (size_t)(end - p), term, m)); p++) {
        if (k != MUNI__CHAR_WORD || p == key)
            return true;
        const char *before = p - 1;
        while (before > key && ((unsigned char)*before & 0xc0) == 0x80)
            before--;
        muni__char_class c;
        classify(before, (size_t)(p - before), &cp, &c);
        if (c != MUNI__CHAR_WORD)
            return true;
    }
    return false;
}

/* ---- documents */

muni_status muni__tokens_each(const char *key, size_t n, muni__token_fn fn, void *user) {
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        muni__char_class k;
        size_t len = classify(key + i, n - i, &cp, &k);
        if (k == MUNI__CHAR_OTHER) {
            i += len;
            continue;
        }
        size_t end = i + run_end(key + i, n - i, k);
        muni_status st = MUNI_OK;
        if (k == MUNI__CHAR_WORD) {
            st = fn(user, key + i, muni__utf8_cut(key + i, end - i, MUNI__TOKEN_MAX));
        } else {
            while (i < end && st >= 0) { /* the last one alone */
                size_t one = muni__utf8_next(key + i, end - i, &cp);
                size_t two = i + one < end ? muni__utf8_next(key + i + one, end - i - one, &cp) : 0;
                st = fn(user, key + i, one + two);
                i += one;
            }
        }
        if (st < 0)
            return st;
        i = end;
    }
    return MUNI_OK;
}

/* muni__tokens_each, written straight into the buffer: every text that is stored passes here. */
muni_status muni__tokens_put(muni__buf *out, const char *key, size_t n) {
    if (out->st < 0)
        return out->st;
    if (n > SIZE_MAX / 4 - out->n - 8)
        return out->st = muni__nomem();
    /* a token of two characters for each, with its blank: at most 9 bytes for 4, 7 for 3, 5 for 2; an alphanumeric one: 2 for 1 */
    size_t need = out->n + 2 * n + n / 2 + 2;
    muni_status st = muni__grow(&out->p, &out->cap, need, 1);
    if (st < 0)
        return out->st = st;
    char *o = out->p + out->n;
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        muni__char_class k;
        size_t len = classify(key + i, n - i, &cp, &k);
        if (k == MUNI__CHAR_OTHER) {
            i += len;
            continue;
        }
        if (k == MUNI__CHAR_WORD) {
            size_t end = i + run_end(key + i, n - i, k), cut = muni__utf8_cut(key + i, end - i, MUNI__TOKEN_MAX);
            if (o > out->p)
                *o++ = ' ';
            memcpy(o, key + i, cut);
            o += cut;
            i = end;
            continue;
        }
        while (len) { /* each with the next one of its run, the last one alone */
            size_t two = i + len < n ? classify(key + i + len, n - i - len, &cp, &k) : 0;
            if (two && k != MUNI__CHAR_CJK)
                two = 0;
            if (o > out->p)
                *o++ = ' ';
            memcpy(o, key + i, len + two);
            o += len + two;
            i += len;
            len = two;
        }
    }
    size_t used = (size_t)(o - out->p), start = out->n;
    if (out->max && used > out->max) {
        out->p[start] = '\0';
        return out->st = muni__fail(MUNI_ELIMIT, NULL, "the text is longer than %zu bytes; make it shorter",
                                    "テキストが%zuバイトを超えます。短くしてください", out->max);
    }
    out->n = used;
    out->p[used] = '\0';
    return MUNI_OK;
}

/* ---- queries. Everything of one lives in one buffer while it is made; offsets become pointers at the end. */

typedef struct draft_term {
    size_t key, key_len, match, first_token, token_count;
} draft_term;

typedef struct draft_token {
    size_t at, n;
    bool prefix;
} draft_token;

typedef struct draft {
    muni__buf text;
    draft_term *terms;
    draft_token *tokens;
    size_t term_count, term_cap, token_count, token_cap;
} draft;

static muni_status add_token(draft *d, const char *p, size_t n, bool prefix) {
    muni_status st = muni__grow(&d->tokens, &d->token_cap, d->token_count + 1, sizeof *d->tokens);
    if (st < 0)
        return st;
    d->tokens[d->token_count++] = (draft_token){ d->text.n, n, prefix };
    muni__buf_put(&d->text, p, n);
    muni__buf_put(&d->text, "", 1);
    return d->text.st;
}

/* One piece: its tokens, and its part of the expression. */
static muni_status add_piece(draft *d, muni__buf *match, const char *p, size_t n, muni__char_class k) {
    muni_status st;
    uint32_t cp;
    muni__buf_puts(match, match->n ? " AND \"" : "\"");
    if (k == MUNI__CHAR_WORD) {
        n = muni__utf8_cut(p, n, MUNI__TOKEN_MAX);
        muni__buf_put(match, p, n);
        muni__buf_puts(match, "\"*");
        st = add_token(d, p, n, true);
        return st < 0 ? st : match->st;
    }
    size_t one = muni__utf8_next(p, n, &cp);
    if (one == n) {
        muni__buf_put(match, p, n);
        muni__buf_puts(match, "\"*");
        st = add_token(d, p, n, true);
        return st < 0 ? st : match->st;
    }
    for (size_t i = 0, count = 0; i + one < n && count < MUNI__QUERY_BIGRAMS_MAX; count++) {
        size_t two = muni__utf8_next(p + i + one, n - i - one, &cp);
        if (count)
            muni__buf_putc(match, ' ');
        muni__buf_put(match, p + i, one + two);
        st = add_token(d, p + i, one + two, false);
        if (st < 0)
            return st;
        i += one;
        one = two;
    }
    muni__buf_putc(match, '"');
    return match->st;
}

static muni_status add_term(draft *d, const char *p, size_t n, bool *searchable) {
    muni__buf match = MUNI_BUF_INIT(0);
    muni_status st = MUNI_OK;
    draft_term t = { .key_len = n, .first_token = d->token_count };
    *searchable = true;
    for (size_t i = 0; i < d->term_count; i++)
        if (d->terms[i].key_len == n && !memcmp(d->text.p + d->terms[i].key, p, n))
            return MUNI_OK;
    size_t pieces = 0;
    for (size_t i = 0; i < n && pieces < MUNI__QUERY_PIECES_MAX;) {
        uint32_t cp;
        muni__char_class k;
        size_t len = classify(p + i, n - i, &cp, &k);
        if (k != MUNI__CHAR_OTHER) {
            len = run_end(p + i, n - i, k);
            MUNI_TRY(add_piece(d, &match, p + i, len, k));
            pieces++;
        }
        i += len;
    }
    *searchable = pieces > 0;
    if (!pieces)
        goto out;
    if (d->term_count == MUNI__QUERY_TERMS_MAX) {
        st = muni__fail(MUNI_ELIMIT, "words", "the search has more than %d words; use fewer", "検索の語が%d個を超えます。減らしてください",
                        MUNI__QUERY_TERMS_MAX);
        goto out;
    }
    MUNI_TRY(muni__grow(&d->terms, &d->term_cap, d->term_count + 1, sizeof *d->terms));
    t.token_count = d->token_count - t.first_token;
    t.key = d->text.n;
    muni__buf_put(&d->text, p, n);
    muni__buf_put(&d->text, "", 1);
    t.match = d->text.n;
    muni__buf_put(&d->text, match.p, match.n + 1);
    MUNI_TRY(d->text.st);
    d->terms[d->term_count++] = t;
out:
    muni__buf_free(&match);
    return st;
}

/* Everything into one block: terms, tokens, text, and the expression of all. */
static muni_status settle(draft *d, muni__terms *out) {
    size_t all = d->text.n, text_n;
    for (size_t i = 0; i < d->term_count; i++) {
        if (i)
            muni__buf_puts(&d->text, " AND ");
        if (d->text.st >= 0) {
            size_t at = d->terms[i].match, n = strlen(d->text.p + at);
            muni_status st = muni__grow(&d->text.p, &d->text.cap, d->text.n + n + 1, 1); /* it is copied from itself */
            if (st < 0)
                return st;
            muni__buf_put(&d->text, d->text.p + at, n);
        }
    }
    muni__buf_put(&d->text, "", 1);
    if (d->text.st < 0)
        return d->text.st;
    text_n = d->text.n; /* all counts are small: the query is at most MUNI__QUERY_MAX */
    size_t terms_n = d->term_count * sizeof(muni__term), tokens_n = d->token_count * sizeof(muni__token);
    char *block = muni__alloc(terms_n + tokens_n + text_n);
    if (!block)
        return MUNI_ENOMEM;
    muni__term *terms = (muni__term *)(void *)block;
    muni__token *tokens = (muni__token *)(void *)(block + terms_n);
    char *text = block + terms_n + tokens_n;
    memcpy(text, d->text.p, text_n);
    for (size_t i = 0; i < d->token_count; i++)
        tokens[i] = (muni__token){ text + d->tokens[i].at, d->tokens[i].n, d->tokens[i].prefix };
    for (size_t i = 0; i < d->term_count; i++) {
        const draft_term *t = &d->terms[i];
        terms[i] = (muni__term){ text + t->key, t->key_len, text + t->match, tokens + t->first_token, t->token_count };
    }
    out->memory = block;
    out->items = terms;
    out->count = d->term_count;
    out->match = text + all;
    return MUNI_OK;
}

muni_status muni__query_compile(const char *words, size_t n, muni__terms *out) {
    draft d = { .text = MUNI_BUF_INIT(0) };
    char *key = NULL;
    size_t key_len;
    muni_status st;
    memset(out, 0, sizeof *out);
    if (n > MUNI__QUERY_MAX)
        return muni__fail(MUNI_ELIMIT, "words", "the search is longer than %d bytes; use fewer words", "検索の語が%dバイトを超えます。短くしてください",
                          MUNI__QUERY_MAX);
    MUNI_TRY(muni__textkey(words, n, &key, &key_len));
    for (size_t i = 0; i < key_len;) {
        const char *blank = memchr(key + i, ' ', key_len - i);
        size_t len = blank ? (size_t)(blank - (key + i)) : key_len - i;
        bool searchable;
        MUNI_TRY(add_term(&d, key + i, len, &searchable));
        out->ignored += !searchable;
        i += len + 1;
    }
    if (!d.term_count)
        st = muni__fail(MUNI_EINVAL, "words", "there is no word to search for; give at least one letter, digit, kana or kanji",
                        "検索できる語がありません。文字か数字を一つ以上入れてください");
    else
        st = settle(&d, out);
out:
    muni__free(key);
    muni__buf_free(&d.text);
    muni__free(d.terms);
    muni__free(d.tokens);
    if (st < 0)
        memset(out, 0, sizeof *out);
    return st;
}

void muni__terms_free(muni__terms *terms) {
    muni__free(terms->memory);
    memset(terms, 0, sizeof *terms);
}

bool muni__terms_match(const muni__terms *terms, const char *key, size_t n) {
    for (size_t i = 0; i < terms->count; i++)
        if (!muni__key_contains(key, n, terms->items[i].key, terms->items[i].key_len))
            return false;
    return true;
}
