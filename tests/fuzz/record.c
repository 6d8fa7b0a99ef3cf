/* Records: JSON in and out is the same, canonical is canonical, and what is created is what was given. */
#include "fuzzstore.h"

#include "core/json.h"
#include "core/value.h"

#include <jansson.h>

static void canonical(const char *p, size_t n) {
    char *once = NULL, *twice = NULL;
    size_t a = 0, b = 0;
    if (TRY(muni__json_canonical(p, n, 1 << 20, &once, &a)) >= 0) {
        HOLDS(muni__utf8_valid(once, a, NULL), "canonical is UTF-8");
        OK(muni__json_canonical(once, a, MUNI__JSON_MAX, &twice, &b));
        HOLDS(fuzz_same(once, a, twice, b), "%s, %s", once, twice);
        json_t *x = json_loadb(p, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL), *y = json_loadb(once, a, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        HOLDS(x && y && json_equal(x, y), "%s says the same", once);
        json_decref(x);
        json_decref(y);
    }
    muni__free(once);
    muni__free(twice);
}

/* The record that a creation gave, and what follows from it. */
static void create(const char *kind, const muni_rec *rec) {
    muni_rec *made = NULL, *got = NULL;
    char *a = NULL, *b = NULL;
    fs_begin();
    if (TRY(muni_session_create(fs_admin, kind, rec, &made)) >= 0) {
        int64_t id = fs_int(made, "id");
        OK(muni_session_get(fs_admin, kind, id, NULL, &got));
        OK(muni_rec_json(made, &a));
        OK(muni_rec_json(got, &b));
        HOLDS(!strcmp(a, b), "created %s, read %s", a, b);
        HOLDS(fs_int(got, "rev") == 1, "revision");
        muni_rec_free(got);
        muni_free(b);
        got = NULL;
        b = NULL;
        /* the same again changes nothing */
        if (TRY(muni_session_update(fs_admin, kind, id, 1, rec, &got)) >= 0) {
            OK(muni_rec_json(got, &b));
            HOLDS(!strcmp(a, b), "created %s, changed by the same to %s", a, b);
        }
    }
    muni_rec_free(made);
    muni_rec_free(got);
    muni_free(a);
    muni_free(b);
    fs_rollback();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const kinds[] = { NULL, "ticket", "person", "unit", "post", "principal", "group", "grant", "definition", "account", "requirement", "comment", "desk", "member", "plan" };
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in);
    char *p = fuzz_copy(in), *json = NULL, *again = NULL;
    muni_rec *rec = NULL, *back = NULL;
    canonical(p, in.n);
    if (TRY(muni_rec_parse(p, in.n, &rec)) >= 0) {
        OK(muni_rec_json(rec, &json));
        muni_status st = TRY(muni_rec_parse(json, MUNI_ZERO_TERMINATED, &back));
        HOLDS(st >= 0, "%s", json);
        OK(muni_rec_json(back, &again));
        HOLDS(!strcmp(json, again), "%s, %s", json, again);
        HOLDS(muni_rec_count(rec) == muni_rec_count(back), "%s", json);
        for (int32_t i = 0; i < muni_rec_count(rec); i++) {
            size_t n = 0, m = 0;
            const char *name = muni_rec_name(rec, i);
            HOLDS(muni_rec_find(rec, name) == i, "%s stands once", name);
            int32_t k = muni_rec_find(back, name);
            HOLDS(k >= 0 && muni_rec_type(back, k) == muni_rec_type(rec, i) && muni_rec_int(back, k) == muni_rec_int(rec, i), "%s", name);
            const char *x = muni_rec_text(rec, i, &n), *y = muni_rec_text(back, k, &m);
            HOLDS(!x == !y && fuzz_same(x, n, y, m), "%s", name);
        }
        const char *kind = kinds[how % MUNI_COUNT(kinds)];
        if (kind)
            create(kind, rec);
    } else {
        HOLDS(!rec, "a failure gives nothing");
    }
    muni_rec_free(rec);
    muni_rec_free(back);
    muni_free(json);
    muni_free(again);
    free(p);
    return 0;
}
