/* core/token.h: what FTS5 finds and the recheck keeps is what the match rule says, over random documents and queries. */
#include "core/token.h"

#include "core/textkey.h"
#include "fault.h"
#include "textdata.h"

#include <sqlite3.h>

static char *key_of(const char *text, size_t n) {
    char *out;
    if (muni__textkey(text, n, &out, NULL) != MUNI_OK)
        ck_abort_msg("%s", muni_error_text("en"));
    return out;
}

/* ---- the match rule */

static bool contains(const char *key, const char *term) {
    return muni__key_contains(key, strlen(key), term, strlen(term));
}

START_TEST(token__match_rule) {
    static const struct {
        const char *key, *term;
        bool expect;
    } rows[] = {
        { "東京都庁", "京都", true },   { "東京都庁", "東都", false },    { "vpn-01 接続", "vpn", true },    { "vpn-01 接続", "vp", true },
        { "vpn-01 接続", "pn", false }, { "vpn-01 接続", "01", true },    { "vpn-01 接続", "1", false },     { "vpn-01 接続", "vpn-01", true },
        { "vpn-01 接続", "n-01", false }, { "vpn-01 接続", "-01", true }, { "x1 1", "1", true },              { "接続vpn", "vpn", true },
        { "接続vpn", "続vpn", true },   { "接続vpn", "pn", false },       { "aab ab", "ab", true },           { "aab", "ab", false },
        { "éa", "a", false },           { "", "a", false },               { "a", "", false },                 { "ab", "abc", false },
        { "都", "都", true },           { "。a", "a", true },             { "ー", "ー", true },
    };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++)
        ck_assert_msg(contains(rows[i].key, rows[i].term) == rows[i].expect, "%s in %s", rows[i].term, rows[i].key);
}
END_TEST

START_TEST(token__documents_are_cut) {
    static const struct {
        const char *key, *tokens;
    } rows[] = {
        { "", "" },
        { "、。-", "" },
        { "都", "都" },
        { "東京都", "東京 京都 都" },
        { "東京、都庁", "東京 京 都庁 庁" },
        { "vpn-01接続", "vpn 01 接続 続" },
        { "佐々木サーバー", "佐々 々木 木サ サー ーバ バー ー" },
        { "cafe\xcc\x81 ünï", "cafe\xcc\x81 ünï" },
        { "\xee\x80\x80田", "\xee\x80\x80田 田" }, /* 外字 */
        { "0123456789012345678901234567890123456789012345678901234567890123456789", "0123456789012345678901234567890123456789012345678901234567890123" },
    };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        muni__buf b = MUNI_BUF_INIT(0);
        ck_assert_int_eq(muni__tokens_put(&b, rows[i].key, strlen(rows[i].key)), MUNI_OK);
        ck_assert_str_eq(b.p, rows[i].tokens);
        muni__buf_free(&b);
    }
    muni__buf b = MUNI_BUF_INIT(0);
    ck_assert_int_eq(muni__tokens_put(&b, "東京", 6), MUNI_OK);
    ck_assert_int_eq(muni__tokens_put(&b, "都", 3), MUNI_OK);
    ck_assert_str_eq(b.p, "東京 京 都");
    muni__buf_free(&b);
}
END_TEST

/* ---- queries */

START_TEST(token__queries_compile) {
    static const struct {
        const char *words, *match;
        size_t count, ignored;
    } rows[] = {
        { "京都", "\"京都\"", 1, 0 },
        { "都", "\"都\"*", 1, 0 },
        { "東京都庁", "\"東京 京都 都庁\"", 1, 0 },
        { "VPN-01", "\"vpn\"* AND \"01\"*", 1, 0 },
        { "ＶＰＮ接続", "\"vpn\"* AND \"接続\"", 1, 0 },
        { "接続　VPN 接続 *", "\"接続\" AND \"vpn\"*", 2, 1 },
        { "\"; drop\"", "\"drop\"*", 1, 1 },
        { "a AND b NEAR(c", "\"a\"* AND \"and\"* AND \"b\"* AND \"near\"* AND \"c\"*", 4, 0 },
        { "col:x^2", "\"col\"* AND \"x\"* AND \"2\"*", 1, 0 },
    };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        muni__terms t;
        ck_assert_msg(muni__query_compile(rows[i].words, strlen(rows[i].words), &t) == MUNI_OK, "%s", rows[i].words);
        ck_assert_str_eq(t.match, rows[i].match);
        ck_assert_uint_eq(t.count, rows[i].count);
        ck_assert_uint_eq(t.ignored, rows[i].ignored);
        muni__terms_free(&t);
        muni__terms_free(&t);
    }
    muni__terms t;
    ck_assert_int_eq(muni__query_compile("東京都x", strlen("東京都x"), &t), MUNI_OK);
    ck_assert_str_eq(t.items[0].key, "東京都x");
    ck_assert_uint_eq(t.items[0].token_count, 3);
    ck_assert_str_eq(t.items[0].tokens[1].p, "京都");
    ck_assert(!t.items[0].tokens[1].prefix && t.items[0].tokens[2].prefix && t.items[0].tokens[2].n == 1);
    muni__terms_free(&t);
}
END_TEST

START_TEST(token__queries_without_a_word_say_so) {
    static const char *const rows[] = { "", " ", "　", "*", "\"", "\"\"", "-", "。、", "( ) ^ :", "😀", "\xe2\x80\x8b" };
    for (size_t i = 0; i < MUNI_COUNT(rows); i++) {
        muni__terms t;
        ck_assert_int_eq(muni__query_compile(rows[i], strlen(rows[i]), &t), MUNI_EINVAL);
        ck_assert_str_eq(muni_error_field(), "words");
        ck_assert(!t.memory && !t.count && !t.ignored);
    }
    muni__terms t;
    ck_assert_int_eq(muni__query_compile("a\xff", 2, &t), MUNI_EUTF8);
}
END_TEST

START_TEST(token__giant_queries_are_safe) {
    sqlite3 *db;
    sqlite3_stmt *s;
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, "CREATE VIRTUAL TABLE d USING fts5(x, content='', tokenize='ascii')", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT rowid FROM d WHERE d MATCH ?", -1, &s, NULL), SQLITE_OK);
    static const char *const units[] = { "a", "都", "a都", "\"", "a\"*", "a ", "都 ", "ab-", "aあ ", "\xf0\xa0\xae\xb7" };
    for (size_t i = 0; i < MUNI_COUNT(units); i++)
        for (size_t n = 10000; n <= 20000; n += 10000) {
            char *text = malloc(n + 8);
            size_t len = 0;
            while (len + strlen(units[i]) <= n) {
                memcpy(text + len, units[i], strlen(units[i]));
                len += strlen(units[i]);
            }
            muni__terms t;
            muni_status st = muni__query_compile(text, len, &t);
            if (n > MUNI__QUERY_MAX)
                ck_assert_int_eq(st, MUNI_ELIMIT);
            else if (!strcmp(units[i], "\""))
                ck_assert_int_eq(st, MUNI_EINVAL);
            else
                ck_assert_int_eq(st, MUNI_OK);
            if (st >= 0) {
                ck_assert_int_eq(sqlite3_bind_text(s, 1, t.match, -1, SQLITE_STATIC), SQLITE_OK);
                ck_assert_msg(sqlite3_step(s) == SQLITE_DONE, "%s: %s", units[i], sqlite3_errmsg(db));
                sqlite3_reset(s);
                ck_assert_uint_lt(strlen(t.match), 4096);
                muni__terms_free(&t);
            }
            free(text);
        }
    muni__buf many = MUNI_BUF_INIT(0); /* different words */
    for (int i = 0; i < 1000; i++)
        muni__buf_printf(&many, "w%d ", i);
    muni__terms t;
    ck_assert_int_eq(muni__query_compile(many.p, many.n, &t), MUNI_ELIMIT);
    muni__buf_free(&many);
    sqlite3_finalize(s);
    sqlite3_close(db);
}
END_TEST

/* ---- an index of documents */

typedef struct index {
    sqlite3 *db;
    sqlite3_stmt *put, *find;
} index_;

static void index_open(index_ *x) {
    ck_assert_int_eq(sqlite3_open(":memory:", &x->db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(x->db, "CREATE VIRTUAL TABLE d USING fts5(x, content='', tokenize='ascii'); BEGIN", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(x->db, "INSERT INTO d(rowid, x) VALUES(?, ?)", -1, &x->put, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_prepare_v2(x->db, "SELECT rowid FROM d WHERE d MATCH ? ORDER BY rowid", -1, &x->find, NULL), SQLITE_OK);
}

static void index_put(index_ *x, int64_t id, const char *key) {
    muni__buf b = MUNI_BUF_INIT(0);
    ck_assert_int_eq(muni__tokens_put(&b, key, strlen(key)), MUNI_OK);
    sqlite3_bind_int64(x->put, 1, id);
    sqlite3_bind_text(x->put, 2, b.p, (int)b.n, SQLITE_STATIC);
    ck_assert_int_eq(sqlite3_step(x->put), SQLITE_DONE);
    sqlite3_reset(x->put);
    muni__buf_free(&b);
}

static void index_close(index_ *x) {
    sqlite3_finalize(x->put);
    sqlite3_finalize(x->find);
    sqlite3_close(x->db);
}

START_TEST(token__search_vectors) {
    char *keys[64] = { 0 };
    index_ x;
    textdata t;
    size_t rows = 0;
    index_open(&x);
    for (textdata_open(&t, "search_vectors.csv"); textdata_next(&t);) {
        long id = strtol(t.r.fields[0].p, NULL, 10);
        ck_assert(id > 0 && id < 64);
        keys[id] = key_of(t.r.fields[1].p, t.r.fields[1].n);
        index_put(&x, id, keys[id]);
    }
    for (textdata_open(&t, "search_expect.csv"); textdata_next(&t); rows++) {
        const char *query = t.r.fields[0].p;
        bool found[64] = { 0 };
        muni__terms terms;
        ck_assert_msg(muni__query_compile(query, t.r.fields[0].n, &terms) == MUNI_OK, "%s", query);
        sqlite3_bind_text(x.find, 1, terms.match, -1, SQLITE_STATIC);
        while (sqlite3_step(x.find) == SQLITE_ROW) {
            int64_t id = sqlite3_column_int64(x.find, 0);
            found[id] = muni__terms_match(&terms, keys[id], strlen(keys[id]));
        }
        sqlite3_reset(x.find);
        for (long id = 1; id < 64; id++)
            if (keys[id])
                ck_assert_msg(found[id] == muni__terms_match(&terms, keys[id], strlen(keys[id])), "%s: %ld", query, id);
        for (int f = 1; f <= 2; f++) {
            char *end;
            for (const char *p = t.r.fields[f].p; *p; p = end) {
                long id = strtol(p, &end, 10);
                ck_assert_msg(found[id] == (f == 1), "%s: %ld", query, id);
            }
        }
        muni__terms_free(&terms);
    }
    ck_assert_uint_eq(rows, 17);
    for (size_t i = 0; i < 64; i++)
        muni__free(keys[i]);
    index_close(&x);
}
END_TEST

/* Fragments out of which documents are made: what help-desk texts are like, and what is hard. */
static const char *const fragments[] = {
    "市民課の業務端末で、本日の朝から住民記録システムに接続できない。", "機器番号はPC-01234、内線は5678です。", "東京都庁", "京都", "東京、都庁", "都", "税", "VPN", "vpn-01",
    "ＶＰＮ－０１", "接続VPN", "パスワード", "ﾊﾟｽﾜｰﾄﾞ", "サーバー", "サーバ", "佐々木", "髙橋", "高橋", "葛󠄀城", "①", "1.", "12", "123", "㈱ひばり電設", "〇〇", "〜", "ー", "・", "。", " ", "　", "\n",
    "(", ")", "\"", "*", "-", "_", "'", "𠮷野家", "caf\xc3\xa9", "a", "ab", "abc", "Ａ", "é", "ñandú", "Привет", "한국어", "😀", "\xee\x80\x80", "ヴァイオレット", "ゔ", "ゞ", "いすゞ", "PC/AT", "CSV,",
    "192.168.0.1", "taro@example.jp", "東京東京東京", "ああああ", "aaaa", "a1b2", "第1回", "Wi-Fi", "C++", "の", "を", "複合機の用紙が詰まる", "年度切替の後から"
};

static size_t make_document(textrng *rng, char *out, size_t cap) {
    size_t n = 0;
    for (uint32_t i = 1 + textrng_below(rng, 8); i; i--) {
        const char *f = fragments[textrng_below(rng, MUNI_COUNT(fragments))];
        size_t len = strlen(f);
        if (n + len < cap) {
            memcpy(out + n, f, len);
            n += len;
        }
    }
    out[n] = '\0';
    return n;
}

#define DOCUMENTS 3000
#define QUERIES 2000

START_TEST(token__index_and_recheck_are_the_match_rule) {
    static char *keys[DOCUMENTS];
    static char text[1024];
    textrng rng = { 19 };
    index_ x;
    size_t hits = 0, candidates = 0, searched = 0;
    index_open(&x);
    for (int64_t d = 0; d < DOCUMENTS; d++) {
        size_t n = make_document(&rng, text, sizeof text);
        keys[d] = key_of(text, n);
        index_put(&x, d, keys[d]);
    }
    for (int q = 0; q < QUERIES; q++) {
        /* a substring of 1 to 8 characters of a document, mostly; sometimes of a text that is none */
        char *from = keys[textrng_below(&rng, DOCUMENTS)], *own = NULL;
        if (q % 5 == 4)
            from = own = key_of(text, make_document(&rng, text, sizeof text));
        size_t n = strlen(from), at = n ? textrng_below(&rng, (uint32_t)n) : 0, len = 0;
        while (at && ((unsigned char)from[at] & 0xc0) == 0x80)
            at--;
        for (uint32_t c = 1 + textrng_below(&rng, 8); c && at + len < n; c--) {
            uint32_t cp;
            len += muni__utf8_next(from + at + len, n - at - len, &cp);
        }
        muni__terms t;
        muni_status st = muni__query_compile(from + at, len, &t);
        if (st < 0) {
            ck_assert_int_eq(st, MUNI_EINVAL);
            for (size_t i = at; i < at + len;) { /* truly nothing to search */
                uint32_t cp;
                i += muni__utf8_next(from + i, n - i, &cp);
                ck_assert_int_eq(muni__char_class_of(cp), MUNI__CHAR_OTHER);
            }
            muni__free(own);
            continue;
        }
        searched++;
        static bool found[DOCUMENTS];
        memset(found, 0, sizeof found);
        sqlite3_bind_text(x.find, 1, t.match, -1, SQLITE_STATIC);
        int rc;
        while ((rc = sqlite3_step(x.find)) == SQLITE_ROW) {
            int64_t id = sqlite3_column_int64(x.find, 0);
            candidates++;
            found[id] = muni__terms_match(&t, keys[id], strlen(keys[id]));
            hits += found[id];
        }
        ck_assert_msg(rc == SQLITE_DONE, "%s: %s", t.match, sqlite3_errmsg(x.db));
        sqlite3_reset(x.find);
        for (size_t d = 0; d < DOCUMENTS; d++)
            for (size_t i = 0, all = 1; i < t.count && all; i++) {
                all = muni__key_contains(keys[d], strlen(keys[d]), t.items[i].key, t.items[i].key_len);
                if (!all ? found[d] : i + 1 == t.count && !found[d])
                    ck_abort_msg("%.*s (%s) in %s: the index says %d", (int)len, from + at, t.match, keys[d], found[d]);
            }
        muni__terms_free(&t);
        muni__free(own);
    }
    ck_assert_uint_gt(searched, QUERIES * 3 / 4);
    ck_assert_uint_gt(hits, QUERIES * 3); /* it was a real question */
    ck_assert_uint_ge(candidates, hits);
    for (size_t d = 0; d < DOCUMENTS; d++)
        muni__free(keys[d]);
    index_close(&x);
}
END_TEST

/* What PostgreSQL is given: a document that matches has every token that must be exactly there, and one beginning with each prefix. */
typedef struct wanted {
    const muni__token *token;
    bool found;
} wanted;

static muni_status see_token(void *user, const char *p, size_t n) {
    wanted *w = user;
    w->found |= w->token->prefix ? n >= w->token->n && !memcmp(p, w->token->p, w->token->n) : n == w->token->n && !memcmp(p, w->token->p, n);
    return MUNI_OK;
}

static muni_status join_token(void *user, const char *p, size_t n) {
    muni__buf *b = user;
    if (b->n)
        muni__buf_putc(b, ' ');
    muni__buf_put(b, p, n);
    return b->st;
}

START_TEST(token__both_ways_of_cutting_are_one) {
    textrng rng = { 29 };
    char text[1024];
    for (int round = 0; round < 5000; round++) {
        size_t n = make_document(&rng, text, sizeof text);
        char *key = key_of(text, n);
        muni__buf a = MUNI_BUF_INIT(0), b = MUNI_BUF_INIT(0);
        muni_status st = muni__tokens_put(&a, key, strlen(key));
        if (st == MUNI_OK)
            st = muni__tokens_each(key, strlen(key), join_token, &b);
        if (st != MUNI_OK || a.n != b.n || (a.n && memcmp(a.p, b.p, a.n)))
            ck_abort_msg("%s: %s, %s", key, a.p, b.p);
        muni__buf_free(&a);
        muni__buf_free(&b);
        muni__free(key);
    }
    muni__buf small = MUNI_BUF_INIT(5);
    ck_assert_int_eq(muni__tokens_put(&small, "ab", 2), MUNI_OK);
    ck_assert_int_eq(muni__tokens_put(&small, "abc", 3), MUNI_ELIMIT);
    ck_assert_str_eq(small.p, "ab");
    muni__buf_free(&small);
}
END_TEST

START_TEST(token__token_lists_find_at_least_what_matches) {
    textrng rng = { 23 };
    char text[1024];
    size_t matched = 0;
    for (int round = 0; round < 3000; round++) {
        size_t n = make_document(&rng, text, sizeof text);
        char *key = key_of(text, n);
        size_t len = strlen(key), at = len ? textrng_below(&rng, (uint32_t)len) : 0;
        while (at && ((unsigned char)key[at] & 0xc0) == 0x80)
            at--;
        muni__terms t;
        if (muni__query_compile(key + at, muni__utf8_cut(key + at, len - at, 24), &t) == MUNI_OK) {
            if (muni__terms_match(&t, key, len)) {
                matched++;
                for (size_t i = 0; i < t.count; i++)
                    for (size_t k = 0; k < t.items[i].token_count; k++) {
                        wanted w = { &t.items[i].tokens[k], false };
                        ck_assert_int_eq(muni__tokens_each(key, len, see_token, &w), MUNI_OK);
                        if (!w.found)
                            ck_abort_msg("%s is not among the tokens of %s", t.items[i].tokens[k].p, key);
                    }
            }
            muni__terms_free(&t);
        }
        muni__free(key);
    }
    ck_assert_uint_gt(matched, 1000);
}
END_TEST

static muni_status compile(const char *words, muni__terms *t) {
    return muni__query_compile(words, strlen(words), t);
}

START_TEST(token__out_of_memory) {
    muni_status st;
    muni__terms t;
    muni__buf b = MUNI_BUF_INIT(0);
    FAULT_LOOP(st, compile("東京都庁 VPN-01接続 あ い う え お", &t), ck_assert_ptr_null(t.memory));
    ck_assert_uint_eq(t.count, 7);
    muni__terms_free(&t);
    FAULT_LOOP(st, muni__tokens_put(&b, "a b c d e f g h", 15), { ck_assert_uint_eq(b.n, 0); muni__buf_free(&b); });
    ck_assert_str_eq(b.p, "a b c d e f g h");
    muni__buf_free(&b);
}
END_TEST

Suite *suite_token(void);
Suite *suite_token(void) {
    Suite *s = suite_create("token");
    TCase *t = tcase_create("token");
    tcase_set_timeout(t, 300);
    tcase_add_test(t, token__match_rule);
    tcase_add_test(t, token__documents_are_cut);
    tcase_add_test(t, token__queries_compile);
    tcase_add_test(t, token__queries_without_a_word_say_so);
    tcase_add_test(t, token__giant_queries_are_safe);
    tcase_add_test(t, token__search_vectors);
    tcase_add_test(t, token__index_and_recheck_are_the_match_rule);
    tcase_add_test(t, token__both_ways_of_cutting_are_one);
    tcase_add_test(t, token__token_lists_find_at_least_what_matches);
    tcase_add_test(t, token__out_of_memory);
    suite_add_tcase(s, t);
    return s;
}
