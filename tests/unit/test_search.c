/* store/search.h: what is put is found from the moment of commit, and nothing else; against a plain scan. */
#include "storetest.h"

#include "core/textkey.h"
#include "core/token.h"
#include "fault.h"

#define DOCS 400
#define KIND 41

/* What should be there. */
typedef struct truth {
    char *keys[DOCS + 1]; /* by id; NULL: no document */
} truth;

static uint64_t seed;

static uint32_t any(uint32_t n) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* Search keys of few characters, so that words collide: kanji, kana, letters, separators. */
static char *random_key(size_t *n) {
    static const char *const pieces[] = { "印", "刷", "監", "査", "異", "動", "ア", "カ", "ー", "a", "b", "1", "pc", " ", "-", "\x1f", "。", "印刷", "漏水", "windows" };
    muni__buf b = MUNI_BUF_INIT(0);
    for (uint32_t i = 0, m = 1 + any(14); i < m; i++)
        muni__buf_puts(&b, pieces[any(MUNI_COUNT(pieces))]);
    if (any(40) == 0) /* a long one */
        for (int i = 0; i < 300; i++)
            muni__buf_puts(&b, pieces[any(MUNI_COUNT(pieces))]);
    char *out;
    OK(muni__buf_take(&b, &out, n));
    return out;
}

static bool blank(const char *key) {
    return strspn(key, " \x1f") == strlen(key);
}

static void forget(truth *t) {
    for (int i = 0; i <= DOCS; i++)
        free(t->keys[i]);
    memset(t, 0, sizeof *t);
}

static void copy(truth *to, const truth *from) {
    forget(to);
    for (int i = 0; i <= DOCS; i++)
        to->keys[i] = from->keys[i] ? strdup(from->keys[i]) : NULL;
}

/* A few changes: what is in `t` is what shall be found afterwards. */
static void change(muni__conn *c, truth *t, int many) {
    for (int i = 0; i < many; i++) {
        int id = 1 + (int)any(DOCS);
        size_t n;
        uint32_t what = any(10);
        if (what < 2) {
            OK(muni__doc_remove(c, id));
            free(t->keys[id]);
            t->keys[id] = NULL;
            continue;
        }
        char *key = what == 2 && t->keys[id] ? strdup(t->keys[id]) : random_key(&n); /* sometimes as it was */
        n = strlen(key);
        /* documents above 300 are said about the record below */
        int32_t part = id > 300 ? 7 : 0;
        OK(muni__doc_put(c, id, part, KIND, part ? 1 + id % 300 : id, key, n));
        free(t->keys[id]);
        t->keys[id] = blank(key) ? NULL : strdup(key);
        free(key);
    }
}

static int found_words, found_docs;

/* Every document that matches, newest first, once. */
static void same_as_scan(muni__conn *c, const truth *t, const char *words) {
    muni__terms terms;
    muni__docs *d;
    muni__doc doc;
    muni_status st;
    if (muni__query_compile(words, strlen(words), &terms) < 0)
        return;
    const muni__term term = term_of(&terms);
    OK(muni__docs_open(c, &term, &d));
    int64_t before = INT64_MAX;
    int next = DOCS;
    while ((st = muni__docs_next(d, &doc)) == MUNI_ROW) {
        ck_assert_int_lt(doc.doc, before);
        before = doc.doc;
        ck_assert_int_ge(doc.doc, 1);
        ck_assert_int_le(doc.doc, DOCS);
        ck_assert_msg(t->keys[doc.doc], "document %d should be gone", (int)doc.doc);
        ck_assert_uint_eq(doc.n, strlen(t->keys[doc.doc]));
        ck_assert_mem_eq(doc.keys, t->keys[doc.doc], doc.n);
        ck_assert_int_eq(doc.kind, KIND);
        ck_assert_int_eq(doc.part, doc.doc > 300 ? 7 : 0);
        ck_assert_int_eq(doc.rec, doc.doc > 300 ? 1 + doc.doc % 300 : doc.doc);
        if (!muni__terms_match(&terms, doc.keys, doc.n))
            continue;
        for (; next > doc.doc; next--)
            ck_assert_msg(!t->keys[next] || !muni__terms_match(&terms, t->keys[next], strlen(t->keys[next])), "\"%s\" misses document %d: %s", words, next,
                          t->keys[next]);
        next--;
        found_docs++;
    }
    ck_assert_int_eq(st, MUNI_OK);
    ck_assert_int_eq(muni__docs_next(d, &doc), MUNI_OK);
    for (; next > 0; next--)
        ck_assert_msg(!t->keys[next] || !muni__terms_match(&terms, t->keys[next], strlen(t->keys[next])), "\"%s\" misses document %d: %s", words, next, t->keys[next]);
    muni__docs_close(d);
    muni__terms_free(&terms);
    found_words++;
}

static void same_as_scans(muni__conn *c, const truth *t) {
    static const char *const words[] = { "印", "印刷", "刷監", "カー", "a", "pc", "windows", "win", "漏水 印刷", "ー", "印刷監査", "b1", "査-a" };
    same_as_scan(c, t, words[any(MUNI_COUNT(words))]);
    size_t n;
    char *key = random_key(&n);
    key[muni__utf8_cut(key, n, 2 + any(18))] = '\0';
    same_as_scan(c, t, key);
    free(key);
}

START_TEST(search__is_what_a_scan_finds) {
    truth t = { { NULL } }, kept = { { NULL } };
    muni__store *s = made(file);
    muni__conn *c = conn_of(s), *r = NULL;
    seed = 1000 + (uint64_t)_i;
    found_words = found_docs = 0;
    for (int round = 0; round < 120; round++) {
        OK(muni__conn_begin(c, true));
        change(c, &t, 1 + (int)any(any(6) ? 20 : 500));
        if (any(5) == 0)
            OK(muni__doc_flush(c, true, NULL));
        if (any(5) == 0)
            change(c, &t, 5); /* and more after a flush */
        same_as_scans(c, &t); /* inside the transaction too */
        if (any(4) == 0) {
            muni__conn_rollback(c);
            copy(&t, &kept);
        } else {
            OK(muni__conn_commit(c));
            copy(&kept, &t);
        }
        for (int i = 0; i < 5; i++)
            same_as_scans(c, &t);
        if (!r)
            r = conn_of(s);
        same_as_scans(r, &t); /* on another connection */
        if (any(25) == 0) {
            muni__store_return(s, c);
            muni__store_return(s, r);
            muni__store_close(s);
            OK(muni__store_open(file, NULL, &s));
            c = conn_of(s);
            r = NULL;
            same_as_scans(c, &t);
        }
    }
    ck_assert_int_gt(found_words, 400);
    ck_assert_int_gt(found_docs, 2000);
    /* the index knows that it is whole: every token was given back as it was put in */
    OK(muni__conn_begin(c, true));
    OK(muni__doc_flush(c, true, NULL));
    OK(muni__run(c, "INSERT INTO \"m_doc_index\"(\"m_doc_index\") VALUES('integrity-check')"));
    for (int i = 1; i <= DOCS; i++)
        OK(muni__doc_remove(c, i));
    OK(muni__doc_flush(c, true, NULL));
    OK(muni__run(c, "INSERT INTO \"m_doc_index\"(\"m_doc_index\") VALUES('optimize')"));
    OK(muni__conn_commit(c));
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '印* OR a* OR 刷* OR 監* OR 査* OR カ* OR ー* OR b* OR 1*'"), 0);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_queue\""), 0);
    /* nothing is left of any word: the emptied index is as small as a new one */
    ck_assert_int_le(number_of(c, "SELECT sum(length(\"block\")) FROM \"m_doc_index_data\""), 64);
    if (r)
        muni__store_return(s, r);
    muni__store_return(s, c);
    muni__store_close(s);
    forget(&t);
    forget(&kept);
}
END_TEST

static void put(muni__conn *c, int64_t doc, const char *keys) {
    OK(muni__doc_put(c, doc, 0, KIND, doc, keys, strlen(keys)));
}

START_TEST(queue__is_written_at_the_commit_that_finds_it_full) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    int64_t n;
    for (int i = 1; i < MUNI__DOC_BATCH; i++) {
        OK(muni__conn_begin(c, true));
        put(c, i, "印刷");
        OK(muni__conn_commit(c));
    }
    OK(muni__doc_queued(c, &n));
    ck_assert_int_eq(n, MUNI__DOC_BATCH - 1);
    OK(muni__conn_begin(c, true));
    OK(muni__doc_flush(c, false, &n));
    ck_assert_int_eq(n, 0);
    OK(muni__run(c, "INSERT INTO \"m_meta\" VALUES('x', 'y')"));
    OK(muni__conn_commit(c));
    OK(muni__doc_queued(c, &n));
    ck_assert_int_eq(n, MUNI__DOC_BATCH - 1); /* a commit without documents leaves it alone */
    OK(muni__conn_begin(c, true));
    put(c, 1000, "印刷");
    OK(muni__conn_commit(c));
    OK(muni__doc_queued(c, &n));
    ck_assert_int_eq(n, 0);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '印刷'"), MUNI__DOC_BATCH);
    OK(muni__conn_begin(c, true));
    put(c, 1, "印刷"); /* the same again */
    OK(muni__doc_queued(c, &n));
    ck_assert_int_eq(n, 0);
    put(c, 2000, "印刷");
    OK(muni__doc_remove(c, 2000)); /* never indexed, and gone */
    OK(muni__doc_queued(c, &n));
    ck_assert_int_eq(n, 0);
    put(c, 2, "監査");
    put(c, 2, "異動"); /* the first old keys are kept */
    ck_assert_str_eq(text_of(c, "SELECT \"old\" FROM \"m_doc_queue\" WHERE \"doc\" = 2"), "印刷");
    OK(muni__doc_flush(c, true, &n));
    ck_assert_int_eq(n, 1);
    OK(muni__conn_commit(c));
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '異動'"), 1);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '監査'"), 0);
    FAILS(muni__doc_put(c, 1, 0, KIND, 1, "x", 1), MUNI_EINTERNAL);
    FAILS(muni__doc_remove(c, 1), MUNI_EINTERNAL);
    FAILS(muni__doc_flush(c, true, NULL), MUNI_EINTERNAL);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

/* FTS5 writes a segment whenever a statement opens a savepoint of its own: a thousand documents in one transaction are one segment. */
START_TEST(index__a_thousand_creates_write_one_segment) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    int64_t id;
    OK(muni__conn_begin(c, true));
    for (int i = 0; i < 1000; i++) {
        char sql[160];
        OK(muni__conn_take(c, "id", 1, &id));
        (void)snprintf(sql, sizeof sql, "INSERT INTO \"k_ticket\"(\"id\", \"number_key\", \"subject\") VALUES(%d, 'n-%d', 'x')", (int)id, (int)id);
        OK(muni__run(c, sql));
        put(c, id, "業務端末で印刷できない");
        OK(muni__conn_take(c, "history", 2, &id));
        OK(muni__run(c, "UPDATE \"k_ticket\" SET \"rev\" = 2 WHERE \"id\" = 1"));
    }
    OK(muni__conn_commit(c));
    ck_assert_int_eq(number_of(c, "SELECT count(DISTINCT \"segid\") FROM \"m_doc_index_idx\""), 1);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '\"業務 務端 端末\"'"), 1000);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

START_TEST(docs__without_a_match_are_all_newest_first) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    muni__docs *d;
    muni__doc doc;
    OK(muni__conn_begin(c, true));
    for (int i = 1; i <= 5; i++)
        put(c, i * 3, "印刷");
    OK(muni__conn_commit(c));
    OK(muni__docs_open(c, NULL, &d));
    for (int i = 5; i >= 1; i--) {
        ck_assert_int_eq(muni__docs_next(d, &doc), MUNI_ROW);
        ck_assert_int_eq(doc.doc, i * 3);
    }
    ck_assert_int_eq(muni__docs_next(d, &doc), MUNI_OK);
    muni__docs_close(d);
    FAILS(muni__docs_open(c, &(muni__term){ .match = "\"open" }, &d), MUNI_EINTERNAL);
    ck_assert_ptr_null(d);
    muni__docs_close(NULL);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

static int64_t seen[8];
static int nseen;

static bool see(void *user, const muni__doc *doc) {
    seen[nseen++] = doc->doc;
    return nseen < *(int *)user;
}

START_TEST(docs__of_a_record_and_what_was_said_about_it) {
    muni__store *s = made(":memory:");
    muni__conn *c = conn_of(s);
    int most = 8;
    OK(muni__conn_begin(c, true));
    put(c, 10, "印刷");
    put(c, 11, "監査");
    for (int i = 20; i < 23; i++)
        OK(muni__doc_put(c, i, 7, KIND, 10, "回答", 6));
    OK(muni__doc_put(c, 30, 7, KIND + 1, 10, "別", 3));
    OK(muni__conn_commit(c));
    nseen = 0;
    OK(muni__docs_of(c, KIND, 10, see, &most));
    ck_assert_int_eq(nseen, 4);
    ck_assert_int_eq(seen[0], 10);
    ck_assert_int_eq(seen[3], 22);
    nseen = 0;
    most = 2;
    OK(muni__docs_of(c, KIND, 10, see, &most));
    ck_assert_int_eq(nseen, 2);
    nseen = 0;
    OK(muni__docs_of(c, KIND, 99, see, &most));
    ck_assert_int_eq(nseen, 0);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

static muni_status round_trip(muni__store *s) {
    muni__conn *c;
    muni__docs *d = NULL;
    muni__doc doc;
    muni_status st = muni__store_borrow(s, &c);
    if (st < 0)
        return st;
    MUNI_TRY(muni__conn_begin(c, true));
    MUNI_TRY(muni__doc_put(c, 1, 0, KIND, 1, "監査", 6));
    MUNI_TRY(muni__doc_put(c, 2, 0, KIND, 2, "異動", 6));
    MUNI_TRY(muni__doc_remove(c, 3));
    MUNI_TRY(muni__doc_flush(c, true, NULL));
    MUNI_TRY(muni__docs_open(c, &(muni__term){ .match = "監査", .tokens = &(muni__token){ "監査", 6, false }, .token_count = 1 }, &d));
    MUNI_TRY(muni__docs_next(d, &doc));
    muni__docs_close(d);
    d = NULL;
    MUNI_TRY(muni__docs_of(c, KIND, 1, see, &(int){ 8 }));
    MUNI_TRY(muni__conn_commit(c));
out:
    muni__docs_close(d);
    muni__store_return(s, c);
    return st;
}

START_TEST(fault__a_failure_leaves_index_and_queue_as_they_were) {
    muni__store *s = made(file);
    muni__conn *c = conn_of(s);
    muni_status st;
    OK(muni__conn_begin(c, true));
    put(c, 1, "印刷");
    put(c, 3, "印刷");
    OK(muni__doc_flush(c, true, NULL));
    put(c, 3, "漏水");
    OK(muni__conn_commit(c));
    muni__store_return(s, c);
    FAULT_LOOP(st, (nseen = 0, round_trip(s)), {
        muni__store_close(s);
        OK(muni__store_open(file, NULL, &s));
        c = conn_of(s);
        ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '印刷'"), 2);
        ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_queue\" WHERE \"doc\" = 3 AND \"old\" = '印刷'"), 1);
        muni__store_return(s, c);
    });
    c = conn_of(s);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '印刷 OR 漏水'"), 0);
    ck_assert_int_eq(number_of(c, "SELECT count(*) FROM \"m_doc_index\" WHERE \"m_doc_index\" MATCH '監査 OR 異動'"), 2);
    muni__store_return(s, c);
    muni__store_close(s);
}
END_TEST

Suite *suite_search(void) {
    Suite *s = suite_create("search");
    TCase *c = tcase_create("index");
    tcase_add_checked_fixture(c, in_directory, out_of_directory);
    tcase_set_timeout(c, 180);
    tcase_add_loop_test(c, search__is_what_a_scan_finds, 0, 4);
    tcase_add_test(c, queue__is_written_at_the_commit_that_finds_it_full);
    tcase_add_test(c, index__a_thousand_creates_write_one_segment);
    tcase_add_test(c, docs__without_a_match_are_all_newest_first);
    tcase_add_test(c, docs__of_a_record_and_what_was_said_about_it);
    tcase_add_test(c, fault__a_failure_leaves_index_and_queue_as_they_were);
    suite_add_tcase(s, c);
    return s;
}
