/* Words and texts: keys that are keys of themselves, tokens that are the same either way, and a search that finds what the match rule says and nothing else. */
#include "fuzz.h"

#include "core/textkey.h"
#include "core/token.h"
#include "store/search.h"

static muni__store *store;
static muni__conn *conn;

static void shut(void) {
    muni__store_return(store, conn);
    muni__store_close(store);
}

static void open_store(void) {
    static const muni__store_birth birth = { .test = true, .utc_offset = 32400, .created_at = 1700000000 };
    if (store)
        return;
    OK(muni__store_create(":memory:", NULL, &birth, &store));
    OK(muni__store_borrow(store, &conn));
    (void)atexit(shut);
}

static muni_status put_token(void *user, const char *p, size_t n) {
    muni__buf *b = user;
    if (b->n)
        muni__buf_putc(b, ' ');
    muni__buf_put(b, p, n);
    return b->st;
}

/* The match rule, said slowly: somewhere in the text, and where a word begins, if the term begins one. */
static bool occurs(const char *key, size_t n, const char *term, size_t m) {
    uint32_t first, cp;
    if (!m)
        return false;
    (void)muni__utf8_next(term, m, &first);
    muni__char_class before = MUNI__CHAR_OTHER;
    for (size_t i = 0; i < n;) {
        if (n - i >= m && !memcmp(key + i, term, m) && (muni__char_class_of(first) != MUNI__CHAR_WORD || before != MUNI__CHAR_WORD))
            return true;
        i += muni__utf8_next(key + i, n - i, &cp);
        before = muni__char_class_of(cp);
    }
    return false;
}

/* Longer heaps of marks are cut where they stand, and cut elsewhere the second time. */
static bool heaped(const char *p, size_t n) {
    uint32_t cp;
    for (size_t i = 0, run = 0; i < n;) {
        i += muni__utf8_next(p + i, n - i, &cp);
        bool mark = cp >= 0x80 && (muni__char_class_of(cp) == MUNI__CHAR_WORD || !muni__is_identifier_char(cp) || cp == 0xff9e || cp == 0xff9f || (cp >= 0x3099 && cp <= 0x309c));
        run = mark ? run + 1 : 0;
        if (run > 30)
            return true;
    }
    return false;
}

static void keys(const char *p, size_t n) {
    static muni_status (*const make[])(const char *, size_t, char **, size_t *) = { muni__textkey, muni__idkey };
    char *a = NULL, *b = NULL;
    size_t an, bn;
    for (size_t i = 0; i < MUNI_COUNT(make); i++) {
        muni_status st = TRY(make[i](p, n, &a, &an));
        HOLDS((st >= 0) == muni__utf8_valid(p, n, NULL), "what is UTF-8 has a key");
        if (st < 0)
            return;
        HOLDS(muni__utf8_valid(a, an, NULL), "a key is UTF-8");
        OK(make[i](a, an, &b, &bn));
        HOLDS(heaped(p, n) || fuzz_same(a, an, b, bn), "key %zu: \"%s\" has the key \"%s\"", i, a, b);
        muni__free(a);
        muni__free(b);
        a = b = NULL;
    }
    OK(muni__kanakey(p, n, &a, &an));
    HOLDS(muni__utf8_valid(a, an, NULL) && !memchr(a, 0, an), "a key for sorting is text");
    muni__free(a);
}

/* Documents in a store, half of them in the index; what a search offers holds all that matches, newest first, once. */
static void find(const muni__terms *terms, char *const *docs, const size_t *sizes, size_t count) {
    muni__docs *d = NULL;
    muni__doc doc;
    muni_status st;
    open_store();
    OK(muni__conn_begin(conn, true));
    for (size_t i = 0; i < count; i++) {
        OK(muni__doc_put(conn, (int64_t)i + 1, 0, 41, (int64_t)i + 1, docs[i], sizes[i]));
        if (i == count / 2)
            OK(muni__doc_flush(conn, true, &(int64_t){ 0 }));
    }
    for (size_t t = 0; t <= terms->count; t++) {
        muni__term term = t < terms->count ? terms->items[t] : (muni__term){ .match = terms->match };
        const char *match = term.match;
        int64_t before = INT64_MAX, next = (int64_t)count;
        OK(muni__docs_open(conn, &term, &d));
        for (;;) {
            st = muni__docs_next(d, &doc);
            OK(st);
            int64_t here = st == MUNI_ROW ? doc.doc : 0;
            HOLDS(here < before && here >= 0 && here <= (int64_t)count, "document %lld", (long long)here);
            before = here;
            for (; next > here; next--) { /* passed over */
                bool holds = t < terms->count ? occurs(docs[next - 1], sizes[next - 1], terms->items[t].key, terms->items[t].key_len)
                                              : muni__terms_match(terms, docs[next - 1], sizes[next - 1]);
                HOLDS(!holds, "%s misses \"%s\"", match, docs[next - 1]);
            }
            if (st != MUNI_ROW)
                break;
            HOLDS(fuzz_same(doc.keys, doc.n, docs[here - 1], sizes[here - 1]), "the document's keys");
            next = here - 1;
        }
        muni__docs_close(d);
    }
    muni__conn_rollback(conn);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_in in = { data, size };
    fuzz_in words = fuzz_line(&in);
    char *query = fuzz_copy(words), *docs[8] = { NULL };
    size_t sizes[8] = { 0 }, count = 0;
    muni__terms terms;
    keys(query, words.n);
    while (in.n && count < MUNI_COUNT(docs)) {
        fuzz_in line = fuzz_line(&in);
        char *p = fuzz_copy(line);
        keys(p, line.n);
        if (muni__utf8_valid(p, line.n, NULL)) {
            muni__buf one = MUNI_BUF_INIT(0), other = MUNI_BUF_INIT(0);
            OK(muni__textkey(p, line.n, &docs[count], &sizes[count]));
            OK(muni__tokens_each(docs[count], sizes[count], put_token, &one));
            OK(muni__tokens_put(&other, docs[count], sizes[count]));
            HOLDS(fuzz_same(one.p, one.n, other.p, other.n), "\"%s\", \"%s\"", one.p, other.p);
            muni__buf_free(&one);
            muni__buf_free(&other);
            count++;
        }
        free(p);
    }
    if (TRY(muni__query_compile(query, words.n, &terms)) >= 0) {
        HOLDS(terms.count >= 1 && terms.count <= MUNI__QUERY_TERMS_MAX, "%zu terms", terms.count);
        for (size_t t = 0; t < terms.count; t++) {
            const muni__term *term = &terms.items[t];
            keys(term->key, term->key_len);
            HOLDS(occurs(term->key, term->key_len, term->key, term->key_len), "\"%s\" occurs in itself", term->key);
            for (size_t i = 0; i < count; i++) {
                bool a = occurs(docs[i], sizes[i], term->key, term->key_len), b = muni__key_contains(docs[i], sizes[i], term->key, term->key_len);
                HOLDS(a == b, "\"%s\" in \"%s\": %d, %d", term->key, docs[i], a, b);
            }
        }
        /* the words themselves are a text in which they are found, unless they stand beside each other */
        if (count)
            find(&terms, docs, sizes, count);
        muni__terms_free(&terms);
    }
    for (size_t i = 0; i < count; i++)
        muni__free(docs[i]);
    free(query);
    return 0;
}
