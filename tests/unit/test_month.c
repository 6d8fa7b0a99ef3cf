/* A year of real size: search against brute force. */
#include "modeltest.h"

#include "core/textkey.h"
#include "core/token.h"
#include "model/list.h"
#include "store/search.h"

#define GEN_INCIDENTS_INSIDE
#include "../tools/gen_incidents.c"

static mt m;

typedef struct doc {
    char *text; /* subject and body as they are */
    size_t n;
    char *key; /* their keys, as the index keeps them */
    size_t key_n;
} doc;
static doc *docs;
static size_t ndocs;

static const char *data(const char *file) {
    static char path[2][512];
    static size_t at;
    const char *dir = getenv("srcdir");
    at = (at + 1) % 2;
    (void)snprintf(path[at], sizeof path[at], "%s/tests/data/%s", dir ? dir : ".", file);
    return path[at];
}

static void start(void) {
    char path[128];
    muni_rec *out = NULL, *row = NULL;
    muni_query *q = NULL;
    muni_cursor *c = NULL;
    mt_start(&m);
    (void)snprintf(path, sizeof path, "%s/year.csv", m.dir);
    ck_assert_int_eq(gen_incidents(data("figures/kat_helpdesk_incidents_r5.csv"), data("staff/staff_before_cp932.csv"), path, 1), 0);
    OK(muni_session_import(m.admin, "ticket", path, "{\"columns\":{\"申告者\":null}}", NULL, NULL, &out));
    ck_assert_int_eq(mt_int(out, "created"), 10460);
    muni_rec_free(out);
    (void)unlink(path);
    docs = calloc(10460, sizeof *docs);
    ck_assert_ptr_nonnull(docs);
    OK(muni_query_parse("{\"kind\":\"ticket\",\"fields\":[\"subject\",\"body\"]}", MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_list(m.admin, q, &c));
    while (muni_cursor_next(c, &row) == MUNI_ROW) {
        muni__buf text = MUNI_BUF_INIT(0), key = MUNI_BUF_INIT(0);
        muni__buf_printf(&text, "%s\n%s", mt_text(row, "subject"), mt_text(row, "body"));
        OK(muni__textkey_put(&key, mt_text(row, "subject"), strlen(mt_text(row, "subject"))));
        muni__buf_putc(&key, MUNI__KEY_SEP);
        OK(muni__textkey_put(&key, mt_text(row, "body"), strlen(mt_text(row, "body"))));
        ck_assert_uint_lt(ndocs, 10460);
        docs[ndocs++] = (doc){ text.p, text.n, key.p, key.n };
        muni_rec_free(row);
    }
    muni_cursor_unref(c);
    muni_query_free(q);
    ck_assert_uint_eq(ndocs, 10460);
}

static void stop(void) {
    for (size_t i = 0; i < ndocs; i++) {
        muni__free(docs[i].text);
        muni__free(docs[i].key);
    }
    free(docs);
    docs = NULL;
    ndocs = 0;
    mt_stop(&m);
}

/* By the index, and by looking at every ticket; −1 where the words hold nothing to search for. */
static int64_t both_ways(const char *words, size_t n) {
    muni_rec *rec = NULL;
    muni_query *q = NULL;
    muni__terms terms = { 0 };
    int64_t brute = 0, found = -1;
    char *json = NULL;
    muni_status st = muni__query_compile(words, n, &terms);
    OK(muni_rec_new(&rec));
    OK(muni_rec_set_text(rec, "kind", "ticket", MUNI_ZERO_TERMINATED));
    OK(muni_rec_set_text(rec, "words", words, n));
    OK(muni_rec_json(rec, &json));
    muni_rec_free(rec);
    if (st < 0) {
        FAILS(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q), MUNI_EFORMAT);
        muni_free(json);
        return -1;
    }
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    muni_free(json);
    for (size_t i = 0; i < ndocs; i++)
        brute += muni__terms_match(&terms, docs[i].key, docs[i].key_n);
    muni__terms_free(&terms);
    OK(muni_session_count(m.admin, q, -1, &found));
    ck_assert_msg(found == brute, "\"%.*s\": %lld found, %lld there", (int)n, words, (long long)found, (long long)brute);
    muni_query_free(q);
    return found;
}

START_TEST(search__of_the_year_equals_brute_force) {
    static const char *const words[] = { "印刷", "ﾊﾟｽﾜｰﾄﾞ", "異動", "VPN-01", "印", "ー", "pc", "0", "ないことば" };
    uint64_t seed = 20230401;
    int searched = 0;
    const char *full = getenv("MUNI_SUBSTRINGS"); /* how many, where 1,000 take too long */
    int many = full ? atoi(full) : 1000;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        (void)both_ways(words[i], strlen(words[i]));
    ck_assert_int_gt(both_ways("印刷", strlen("印刷")), 100);
    ck_assert_int_gt(both_ways("ﾊﾟｽﾜｰﾄﾞ", strlen("ﾊﾟｽﾜｰﾄﾞ")), 100);
    ck_assert_int_gt(both_ways("異動", strlen("異動")), 10);
    ck_assert_int_eq(both_ways("ﾊﾟｽﾜｰﾄﾞ", strlen("ﾊﾟｽﾜｰﾄﾞ")), both_ways("パスワード", strlen("パスワード")));
    ck_assert_int_eq(both_ways("\"", 1), -1);
    ck_assert_int_eq(both_ways("*", 1), -1);
    for (int i = 0; i < many; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const doc *d = &docs[(seed >> 33) % ndocs];
        size_t at = (size_t)((seed >> 20) % d->n), length = 1 + (size_t)((seed >> 45) % 8), end;
        while (at > 0 && (d->text[at] & 0xc0) == 0x80) /* back to the beginning of a character */
            at--;
        for (end = at; length > 0 && end < d->n; length--) {
            uint32_t cp;
            end += muni__utf8_next(d->text + end, d->n - end, &cp);
        }
        searched += both_ways(d->text + at, end - at) >= 0;
    }
    ck_assert_int_gt(searched, many * 9 / 10);
    printf("search: %d random substrings of 10,460 tickets found as often as brute force finds them\n", searched);
    fflush(stdout);
}
END_TEST

Suite *suite_month(void);
Suite *suite_month(void) {
    Suite *s = suite_create("month");
    TCase *t = tcase_create("month");
    tcase_add_checked_fixture(t, start, stop);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, search__of_the_year_equals_brute_force);
    suite_add_tcase(s, t);
    return s;
}
