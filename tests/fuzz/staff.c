/* The personnel export: what is read does not depend on how the bytes arrive, every row is accounted for, and every value is what its field may hold. */
#include "fuzz.h"

#include "core/csv.h"
#include "model/model.h"
#include "staff/staff.h"

static muni__arena profile_mem;
static muni__profile *the_profile;
static json_t *profile_json;

static void forget(void) {
    muni__arena_free(&profile_mem);
    json_decref(profile_json);
}

static void open_profile(void) {
    if (the_profile)
        return;
    for (const char *const *s = muni__shipped_definitions; *s; s++) {
        json_t *j = json_loads(*s, 0, NULL);
        HOLDS(j, "what is shipped is JSON");
        if (!strcmp(json_string_value(json_object_get(j, "name")), "hr-export")) {
            profile_json = j;
            OK(muni__profile_parse(&profile_mem, json_object_get(j, "body"), &the_profile));
        } else {
            json_decref(j);
        }
    }
    HOLDS(the_profile, "a profile is shipped");
    (void)atexit(forget);
}

typedef struct pieces {
    const uint8_t *p;
    size_t n, at, most;
} pieces;
static muni_status read_piece(void *user, char *p, size_t cap, size_t *got) {
    pieces *s = user;
    size_t n = s->n - s->at;
    n = n < cap ? n : cap;
    n = s->most && n > s->most ? s->most : n;
    if (n)
        memcpy(p, s->p + s->at, n);
    s->at += n;
    *got = n;
    return MUNI_OK;
}
static muni_status rewind_pieces(void *user) {
    ((pieces *)user)->at = 0;
    return MUNI_OK;
}

static muni_status read_file(muni__reading *r, int which, fuzz_in in, size_t most) {
    pieces s = { in.p, in.n, 0, most };
    muni__source source = { read_piece, rewind_pieces, NULL, &s };
    return TRY(muni__reading_file(r, which, which ? "people.csv" : "units.csv", MUNI__CHARSET_UNKNOWN, &source));
}

static void values(const muni__reading *r, int which) {
    const muni__sheet *sheet = &r->profile->sheets[which];
    for (size_t i = 0; i < r->nrows[which]; i++) {
        const muni__srow *row = r->rows[which][i];
        for (int32_t f = 0; f < sheet->nfields; f++) {
            const char *v = row->v[f];
            if (!v)
                continue;
            HOLDS(muni__utf8_valid(v, strlen(v), NULL), "row %zu, %s is UTF-8", i, sheet->fields[f].name);
            int32_t day;
            if (sheet->fields[f].form == MUNI__AS_DATE && !row->rejected)
                HOLDS(muni__date_read(v, MUNI_ZERO_TERMINATED, &day) && day == row->day[f], "row %zu, %s is a day: %s", i, sheet->fields[f].name, v);
        }
        HOLDS(row->record >= 1 && row->line >= 1, "row %zu has its place", i);
    }
}

static void see(const muni__reading *r, muni__buf *out) {
    for (int which = 0; which < 2; which++) {
        muni__buf_printf(out, "%lld %zu\n", (long long)r->records[which], r->nrows[which]);
        for (size_t i = 0; i < r->nrows[which]; i++) {
            const muni__srow *row = r->rows[which][i];
            muni__buf_printf(out, "%lld %lld %d%d%d%d%d %s", (long long)row->record, (long long)row->line, row->rejected, row->held, row->skipped, row->misshapen, row->concurrent,
                             row->key ? row->key : "-");
            for (int32_t f = 0; f < r->profile->sheets[which].nfields; f++)
                muni__buf_printf(out, "|%s", row->v[f] ? row->v[f] : "-");
            muni__buf_putc(out, '\n');
        }
    }
    for (size_t i = 0; i < r->findings.n; i++) {
        const muni__finding *f = &r->findings.list[i];
        HOLDS(f->code >= 0 && f->code < MUNI__FINDING_COUNT && f->en && f->ja, "a finding says what it found");
        muni__buf_printf(out, "%d %lld %lld %d %d %s\n", f->file, (long long)f->record, (long long)f->line, f->column, f->code, f->en);
    }
    HOLDS(out->st >= 0, "memory");
}

static void read_both(fuzz_in units, fuzz_in people, size_t most, muni__buf *out) {
    muni__reading r;
    muni__unit_view *views = NULL;
    size_t n = 0;
    muni__reading_init(&r, the_profile, NULL, NULL);
    muni_status a = read_file(&r, MUNI__UNITS, units, most), b = MUNI_OK;
    muni__buf_printf(out, "%d %s\n", a, a < 0 ? muni_error_text("en") : "");
    if (a >= 0)
        OK(muni__reading_judge_units(&r));
    b = read_file(&r, MUNI__PEOPLE, people, most);
    muni__buf_printf(out, "%d %s\n", b, b < 0 ? muni_error_text("en") : "");
    if (b >= 0) {
        views = calloc(r.nrows[MUNI__UNITS] + 1, sizeof *views);
        if (!views)
            abort();
        for (size_t i = 0; a >= 0 && i < r.nrows[MUNI__UNITS]; i++) {
            const muni__srow *row = r.rows[MUNI__UNITS][i];
            if (!row->rejected && !row->held && !row->skipped)
                views[n++] = (muni__unit_view){ row->key, row->v[MUNI__SU_NAME], row->v[MUNI__SU_FULL_NAME], row->day[MUNI__SU_FROM_ON], MUNI__DAY_MAX, (int64_t)i + 1 };
        }
        OK(muni__reading_judge(&r, views, n, 19676));
        for (size_t g = 0; g < r.ngroups; g++) {
            const muni__staff_group *s = &r.groups[g];
            HOLDS(s->key && *s->key, "a group has its number");
            HOLDS(!g || strcmp(r.groups[g - 1].key, s->key) < 0, "groups ascend");
            HOLDS(!s->main || (!s->main->rejected && !s->main->held && !s->main->skipped && !s->main->concurrent), "a main row is believed");
            for (size_t c = 0; c < s->nconcurrents; c++)
                HOLDS(!s->concurrents[c]->rejected && !s->concurrents[c]->held && s->concurrents[c]->concurrent, "a concurrent row is believed");
        }
    }
    for (int which = 0; which < 2; which++) {
        HOLDS((int64_t)r.nrows[which] <= r.records[which], "rows are records");
        values(&r, which);
    }
    muni__findings_sort(&r.findings);
    see(&r, out);
    free(views);
    muni__reading_free(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char units_header[] = "所属コード,所属名,所属正式名,上位所属コード,階層,階層名,施設区分,設置日,廃止日,並び順\r\n";
    static const char people_header[] = "職員番号,氏名,氏名カナ,生年月日,職員区分コード,職員区分,採用年月日,退職年月日,所属コード,所属名,職名コード,職名,本務兼務区分,兼務形態,発令年月日,異動区分コード,異動区分,任期満了日,"
                                        "休職等区分,内線番号,メールアドレス,備考\r\n";
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in);
    const uint8_t *cut = in.n ? memchr(in.p, 1, in.n) : NULL; /* units, 0x01, people */
    fuzz_in units = { in.p, cut ? (size_t)(cut - in.p) : 0 }, people = cut ? (fuzz_in){ cut + 1, in.n - units.n - 1 } : in;
    muni__buf u = MUNI_BUF_INIT(0), p = MUNI_BUF_INIT(0), whole = MUNI_BUF_INIT(0), parts = MUNI_BUF_INIT(0);
    open_profile();
    muni__buf_puts(&u, how & 1 ? "" : units_header);
    muni__buf_put(&u, (const char *)units.p, units.n);
    muni__buf_puts(&p, how & 1 ? "" : people_header);
    muni__buf_put(&p, (const char *)people.p, people.n);
    units = (fuzz_in){ (const uint8_t *)u.p, u.n };
    people = (fuzz_in){ (const uint8_t *)p.p, p.n };
    read_both(units, people, 0, &whole);
    read_both(units, people, 1 + how / 2, &parts);
    HOLDS(fuzz_same(whole.p, whole.n, parts.p, parts.n), "in pieces:\n%s\n----\n%s", whole.p, parts.p);
    muni__buf_free(&u);
    muni__buf_free(&p);
    muni__buf_free(&whole);
    muni__buf_free(&parts);
    return 0;
}
