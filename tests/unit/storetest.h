/* A directory of its own for each test of the store, and short ways to say things to it. */
#ifndef STORETEST_H
#define STORETEST_H

#include "store/driver.h"
#include "store/search.h"

#include <check.h>
#include <dirent.h>
#include <municipal/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];
static char file[128];

static void in_directory(void) {
    strcpy(dir, "/tmp/muni-store-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(file, sizeof file, "%s/city.store", dir);
}

/* Names in the directory, so that leftovers show. */
static MUNI_UNUSED int files_there(void) {
    DIR *d = opendir(dir);
    int n = 0;
    for (struct dirent *e; d && (e = readdir(d));)
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static void out_of_directory(void) {
    DIR *d = opendir(dir);
    char name[512];
    for (struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) {
            (void)snprintf(name, sizeof name, "%s/%s", dir, e->d_name);
            if (unlink(name))
                (void)rmdir(name);
        }
    if (d)
        closedir(d);
    (void)rmdir(dir);
}

static const muni__store_birth birth = { .test = false, .utc_offset = 32400, .created_at = 1800000000 };

static MUNI_UNUSED muni__store *made(const char *url) {
    muni__store *s = NULL;
    muni_status st = muni__store_create(url, NULL, &birth, &s);
    ck_assert_msg(st == MUNI_OK, "create: %s", muni_error_text("en"));
    ck_assert_ptr_nonnull(s);
    return s;
}

static MUNI_UNUSED muni__conn *conn_of(muni__store *s) {
    muni__conn *c;
    ck_assert_msg(muni__store_borrow(s, &c) == MUNI_OK, "borrow: %s", muni_error_text("en"));
    return c;
}

#define OK(call)                                                                                                                 \
    do {                                                                                                                         \
        muni_status ok_ = (call);                                                                                                \
        ck_assert_msg(ok_ == MUNI_OK, "%s: %s: %s", #call, muni_error_name(ok_), muni_error_text("en"));                         \
    } while (0)
#define FAILS(call, code)                                                                                                        \
    do {                                                                                                                         \
        muni_status fails_ = (call);                                                                                             \
        ck_assert_msg(fails_ == (code), "%s: %s instead of %s (%s)", #call, muni_error_name(fails_), muni_error_name(code), muni_error_text("en")); \
        ck_assert_int_eq(muni_error_code(), (code));                                                                             \
        ck_assert_str_ne(muni_error_text("en"), "");                                                                             \
        ck_assert_str_ne(muni_error_text("ja"), "");                                                                             \
    } while (0)

/* All words of a search as one. */
static MUNI_UNUSED muni__term term_of(const muni__terms *terms) {
    muni__term t = { .match = terms->match, .tokens = terms->items[0].tokens };
    for (size_t i = 0; i < terms->count; i++)
        t.token_count += terms->items[i].token_count; /* they stand one behind the other */
    return t;
}

/* The one number of a query. */
static MUNI_UNUSED int64_t number_of(muni__conn *c, const char *sql) {
    muni__stmt *s;
    OK(muni__sql(c, sql, &s));
    muni_status st = muni__step(s);
    ck_assert_msg(st == MUNI_ROW, "%s: %s", sql, muni_error_text("en"));
    int64_t v = muni__col_int(s, 0);
    muni__done(s);
    return v;
}

/* The one text of a query, in a buffer that the next call uses again. */
static MUNI_UNUSED const char *text_of(muni__conn *c, const char *sql) {
    static char text[4096];
    muni__stmt *s;
    OK(muni__sql(c, sql, &s));
    muni_status st = muni__step(s);
    ck_assert_msg(st == MUNI_ROW, "%s: %s", sql, muni_error_text("en"));
    (void)snprintf(text, sizeof text, "%s", muni__col_null(s, 0) ? "NULL" : muni__col_text(s, 0, NULL));
    muni__done(s);
    return text;
}

#endif
