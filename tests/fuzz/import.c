/* A CSV file through the import: all of it or what has no errors, once; and what the export writes of it is imported as nothing new. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include "fuzzstore.h"

#include <sys/mman.h>
#include <unistd.h>

static char path[64];
static int fd = -1;

static void file_of(fuzz_in in) {
    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
        HOLDS(fd >= 0, "a file in memory");
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    HOLDS(!ftruncate(fd, 0) && pwrite(fd, in.p ? (const void *)in.p : "", in.n, 0) == (ssize_t)in.n, "write");
}

static int64_t count(const char *kind) {
    muni_query *q = NULL;
    int64_t n = -1;
    char json[100];
    (void)snprintf(json, sizeof json, "{\"kind\":\"%s\",\"trash\":\"with\"}", kind);
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    OK(muni_session_count(fs_admin, q, -1, &n));
    muni_query_free(q);
    return n;
}

/* To where nothing is kept. */
static void export(const char *kind, const char *options) {
    muni_query *q = NULL;
    muni_rec *out = NULL;
    char json[100];
    (void)snprintf(json, sizeof json, "{\"kind\":\"%s\",\"limit\":20}", kind);
    OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &q));
    int64_t n = -1;
    if (TRY(muni_session_export(fs_admin, q, "/dev/null", options, NULL, NULL, &out)) >= 0) {
        OK(muni_session_count(fs_admin, q, 20, &n));
        HOLDS(fs_int(out, "records") == n, "%lld of %lld records", (long long)fs_int(out, "records"), (long long)n);
        HOLDS(fs_int(out, "bytes") >= 0 && fs_int(out, "lost") >= 0, "what was written");
    }
    muni_rec_free(out);
    muni_query_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const kinds[] = { "ticket", "unit", "person", "requirement", "desk", "principal", "post", "account" };
    static const char *const charsets[] = { NULL, "utf-8", "cp932", "utf-16le" };
    static int runs;
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in);
    const char *kind = kinds[how & 7], *charset = charsets[(how >> 3) & 3];
    bool skip = how & 32;
    char own[100], given[1000], *options = own;
    muni_rec *out = NULL;
    if (++runs % 500 == 0) /* what was imported is committed: now and then a new store */
        fs_close();
    if (fs_open()) {
        OK(muni_session_begin(fs_admin));
        (void)fs_create(fs_admin, "unit", "{\"code\":\"010203\",\"name\":\"情報政策課\",\"from_on\":\"2000-04-01\"}");
        (void)fs_create(fs_admin, "person", "{\"staff_no\":\"0001234\",\"name\":\"高橋　一\"}");
        (void)fs_create(fs_admin, "desk", "{\"code\":\"d1\",\"name\":\"窓口\"}");
        OK(muni_session_commit(fs_admin));
    }
    (void)snprintf(own, sizeof own, "{\"on_error\":\"%s\"%s%s%s}", skip ? "skip" : "stop", charset ? ",\"charset\":\"" : "", charset ? charset : "", charset ? "\"" : "");
    if (how & 0xc0) { /* options of its own: for the import, or for an export */
        fuzz_in line = fuzz_line(&in);
        size_t n = line.n < sizeof given - 1 ? line.n : sizeof given - 1;
        if (n)
            memcpy(given, line.p, n);
        given[n] = 0;
        if (how & 0x40)
            options = given;
        if (how & 0x80)
            export(kind, given);
    }
    file_of(in);
    int64_t before = count(kind);
    if (TRY(muni_session_import(fs_admin, kind, path, options, NULL, NULL, &out)) < 0) {
        HOLDS(count(kind) == before, "a refusal leaves nothing");
        return 0;
    }
    skip = skip || options == given;
    int64_t read = fs_int(out, "read"), created = fs_int(out, "created"), skipped = fs_int(out, "skipped"), done = fs_int(out, "done_before"), errors = fs_int(out, "errors");
    HOLDS(count(kind) == before + created, "%lld more, %lld created", (long long)(count(kind) - before), (long long)created);
    HOLDS(errors == 0 || skip || created == 0, "%lld errors, %lld created", (long long)errors, (long long)created);
    HOLDS(errors > 0 || done > 0 || created + skipped == read, "read %lld: created %lld, skipped %lld", (long long)read, (long long)created, (long long)skipped);
    HOLDS(created + skipped <= read, "read %lld: created %lld, skipped %lld", (long long)read, (long long)created, (long long)skipped);
    muni_rec_free(out);
    out = NULL;
    if (created || (skip && read)) {
        OK(muni_session_import(fs_admin, kind, path, options, NULL, NULL, &out));
        HOLDS(fs_int(out, "created") == 0, "the second time creates nothing");
        muni_rec_free(out);
    }
    return 0;
}
