/* A personnel export through a plan: what can be approved can be applied, what was applied is what was planned, and planned again it is nothing new. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create */
#endif
#include "fuzzstore.h"

#include "model/model.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

static muni_session *maker, *approver;

static void file_of(int which, fuzz_in in, const char *header, char path[64]) {
    static int fds[2] = { -1, -1 };
    if (fds[which] < 0)
        fds[which] = memfd_create("fuzz", 0);
    HOLDS(fds[which] >= 0, "a file in memory");
    (void)snprintf(path, 64, "/proc/self/fd/%d", fds[which]);
    size_t n = strlen(header);
    HOLDS(!ftruncate(fds[which], 0) && pwrite(fds[which], header, n, 0) == (ssize_t)n &&
              pwrite(fds[which], in.p ? (const void *)in.p : "", in.n, (off_t)n) == (ssize_t)in.n,
          "write");
}

static int64_t count_of(const muni_rec *plan, const char *name) {
    json_t *j = json_loads(fs_text(plan, "counts"), 0, NULL);
    HOLDS(j, "%s", fs_text(plan, "counts"));
    int64_t n = json_integer_value(json_object_get(j, name));
    json_decref(j);
    return n;
}

static void read_all(muni_cursor *cursor) {
    muni_rec *rec = NULL;
    muni_status st;
    while ((st = muni_cursor_next(cursor, &rec)) == MUNI_ROW) {
        char *json = NULL;
        OK(muni_rec_json(rec, &json));
        muni_free(json);
        muni_rec_free(rec);
    }
    OK(st);
    muni_cursor_unref(cursor);
}

/* Plan; NULL where the files are refused. The accounting holds in any case. */
static muni_rec *plan(const char *units, const char *people) {
    muni_staff_plan_options o = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_rec *out = NULL;
    muni_cursor *cursor = NULL;
    o.on = "2023-11-15";
    o.units = units;
    o.people = people;
    if (TRY(muni_staff_plan(maker, &o, NULL, NULL, &out)) < 0)
        return NULL;
    static const char *const names[] = { "read", "create", "change", "unchanged", "leave", "return", "propose", "mended", "warned", "rejected" };
    for (size_t i = 0; i < MUNI_COUNT(names); i++)
        HOLDS(count_of(out, names[i]) >= 0, "%s", fs_text(out, "counts"));
    HOLDS(!strcmp(fs_text(out, "state"), "planned") || !strcmp(fs_text(out, "state"), "stopped"), "state %s", fs_text(out, "state"));
    OK(muni_plan_findings(maker, fs_int(out, "id"), &cursor));
    read_all(cursor);
    OK(muni_plan_rows(maker, fs_int(out, "id"), &cursor));
    read_all(cursor);
    return out;
}

static void sound(void) {
    muni_rec *out = NULL;
    OK(muni_audit_verify(fs_admin, NULL, NULL, &out));
    HOLDS(fs_int(out, "verified") && !fs_int(out, "problems"), "%s", fs_text(out, "findings"));
    muni_rec_free(out);
}

/* Approve and apply; false where a limit stops it. */
static bool apply(const muni_rec *p) {
    int64_t id = fs_int(p, "id");
    muni_status st = TRY(muni_plan_approve(approver, id, "確認", NULL));
    bool stopped = !strcmp(fs_text(p, "state"), "stopped");
    HOLDS(stopped ? st == MUNI_EGUARD : st >= 0, "a plan that is %s", fs_text(p, "state"));
    if (stopped)
        return false;
    st = TRY(muni_plan_apply(maker, id, NULL, NULL, NULL));
    HOLDS(st >= 0, "what was approved is applied");
    return true;
}

/* The shipped profile, with limits that stop nothing. */
static void loosen(void) {
    static const char *const percents[] = { "leave_percent", "missing_percent", "shrink_percent", "rejected_percent", "unit_end_percent" };
    for (const char *const *s = muni__shipped_definitions; *s; s++) {
        json_t *j = json_loads(*s, 0, NULL);
        if (j && !strcmp(json_string_value(json_object_get(j, "name")), "hr-export")) {
            json_t *limits = json_object_get(json_object_get(j, "body"), "limits");
            for (size_t i = 0; i < MUNI_COUNT(percents); i++)
                (void)json_object_set_new(limits, percents[i], json_integer(100));
            char *text = json_dumps(j, JSON_COMPACT);
            HOLDS(text, "memory");
            OK(muni_session_transition(fs_admin, "definition", fs_create(fs_admin, "definition", text), 0, "activate", NULL, NULL));
            free(text);
        }
        json_decref(j);
    }
}

static void leave(void) {
    muni_session_unref(maker);
    muni_session_unref(approver);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char units_header[] = "所属コード,所属名,所属正式名,上位所属コード,階層,階層名,施設区分,設置日,廃止日,並び順\r\n";
    static const char people_header[] = "職員番号,氏名,氏名カナ,生年月日,職員区分コード,職員区分,採用年月日,退職年月日,所属コード,所属名,職名コード,職名,本務兼務区分,兼務形態,発令年月日,異動区分コード,異動区分,任期満了日,"
                                        "休職等区分,内線番号,メールアドレス,備考\r\n";
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in);
    const uint8_t *cut = in.n ? memchr(in.p, 1, in.n) : NULL; /* units, 0x01, people; a second 0x01 begins the people of another day */
    fuzz_in units = { in.p, cut ? (size_t)(cut - in.p) : 0 }, people = cut ? (fuzz_in){ cut + 1, in.n - units.n - 1 } : in, later = { NULL, 0 };
    cut = people.n ? memchr(people.p, 1, people.n) : NULL;
    if (cut) {
        later = (fuzz_in){ cut + 1, people.n - (size_t)(cut - people.p) - 1 };
        people.n = (size_t)(cut - people.p);
    }
    char u[64], p[64];
    static bool once;
    if (!once)
        (void)atexit(leave);
    once = true;
    muni_session_unref(maker);
    muni_session_unref(approver);
    maker = approver = NULL;
    fs_close(); /* what is planned and applied is committed: a new store each time */
    (void)fs_open();
    maker = fs_person("maker", "operator", 0);
    approver = fs_person("approver", "approver", 0);
    if (!(how & 32))
        loosen();
    file_of(0, units, how & 1 ? "" : units_header, u);
    file_of(1, people, how & 1 ? "" : people_header, p);
    muni_rec *first = plan(how & 4 ? NULL : u, how & 8 ? NULL : p);
    if (!first)
        return 0;
    if (apply(first)) {
        muni_rec *again = plan(how & 4 ? NULL : u, how & 8 ? NULL : p);
        HOLDS(again, "the same files again");
        HOLDS(count_of(again, "create") == 0 && count_of(again, "change") == 0 && count_of(again, "leave") == 0 && count_of(again, "return") == 0, "again: %s, first: %s",
              fs_text(again, "counts"), fs_text(first, "counts"));
        muni_rec_free(again);
        sound();
        if (later.n) {
            file_of(1, later, how & 1 ? "" : people_header, p);
            muni_rec *next = plan(NULL, p);
            if (next && apply(next))
                sound();
            muni_rec_free(next);
        }
    }
    muni_rec_free(first);
    return 0;
}
