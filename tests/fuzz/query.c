/* Queries: canonical form; and what a list, a count and a cursor give is what a walk over all rows in C finds, for sessions that see everything and for
 * such as see little. */
#include "fuzzstore.h"

#include "core/textkey.h"
#include "model/internal.h"
#include "model/list.h"
#include "store/search.h"

enum { SESSIONS = 7 };
static muni_session *sessions[SESSIONS];

static void close_sessions(void) {
    for (int i = 1; i < SESSIONS; i++)
        muni_session_unref(sessions[i]);
}

static void grant(const char *group, const char *on, const char *verb, const char *scope) {
    char json[200];
    muni_rec *g = NULL;
    OK(muni_session_find(fs_admin, "group", group, NULL, &g));
    (void)snprintf(json, sizeof json, "{\"group\":%lld,\"on\":\"%s\",\"verb\":\"%s\",\"scope\":\"%s\"}", (long long)fs_int(g, "id"), on, verb, scope);
    muni_rec_free(g);
    (void)fs_create(fs_admin, "grant", json);
}

static uint32_t seed = 1;
static uint32_t pick(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 12) % below;
}

/* A little of everything: units in a tree, people with posts, tickets of both types in several states, comments, trash, confidential ones. */
static void make(void) {
    static const char *const subjects[] = { "印刷できない", "プリンタの用紙切れ", "ﾌﾟﾘﾝﾀ 故障", "PC-001 起動しない", "pc-001 遅い", "メールが届かない", "100%_a", "abc xabc", "髙橋さんの端末", "①番の電話" };
    static const char *const categories[] = { "support", "work", "network", "hardware" };
    static const char *const levels[] = { "high", "middle", "low" };
    int64_t units[6], people[3], principals[3], tickets[70];
    bool trashed[70] = { false };
    char json[700];
    OK(muni_session_begin(fs_admin));
    for (int i = 0; i < 6; i++) {
        (void)snprintf(json, sizeof json, "{\"code\":\"%s%d\",\"name\":\"%s\",\"from_on\":\"%d-04-01\",\"level\":%d%s%lld%s}", i % 2 ? "Ａ" : "b", i, i % 2 ? "情報政策課" : "総務部", 2000 + i,
                       1 + i % 3, i ? ",\"parent\":" : ",\"sort\":", (long long)(i ? units[(i - 1) / 2] : 5), i == 5 ? ",\"to_on\":\"2023-03-31\"" : "");
        units[i] = fs_create(fs_admin, "unit", json);
    }
    for (int i = 0; i < 3; i++) {
        (void)snprintf(json, sizeof json, "{\"staff_no\":\"000%d\",\"name\":\"%s\",\"kana\":\"ﾀｶﾊｼ\",\"born_on\":\"19%d0-02-03\",\"hired_on\":\"2001-04-01\",\"remark\":\"x%d\"}", i,
                       i ? "高橋　一" : "髙橋　二", 6 + i, i);
        people[i] = fs_create(fs_admin, "person", json);
        (void)snprintf(json, sizeof json, "{\"person\":%lld,\"unit\":%lld,\"concurrent\":\"main\",\"from_on\":\"2020-04-01\",\"title\":\"主事\"}", (long long)people[i], (long long)units[1 + i]);
        (void)fs_create(fs_admin, "post", json);
    }
    static const char *const groups[] = { "g-own", "g-unit", "g-below", "g-type", "g-nothing" };
    for (size_t i = 0; i < MUNI_COUNT(groups); i++) {
        (void)snprintf(json, sizeof json, "{\"code\":\"%s\",\"name\":\"%s\"}", groups[i], groups[i]);
        (void)fs_create(fs_admin, "group", json);
    }
    grant("g-own", "*", "read", "own");
    grant("g-unit", "ticket", "read", "unit");
    grant("g-unit", "unit", "read", "all");
    grant("g-unit", "comment", "read", "own");
    grant("g-below", "ticket", "read", "below");
    grant("g-below", "person", "read", "below");
    grant("g-below", "person", "personal", "all");
    grant("g-below", "comment", "read", "all");
    grant("g-type", "ticket/inquiry", "read", "all");
    grant("g-type", "ticket", "read", "own");
    grant("g-type", "ticket", "manage", "own");
    grant("g-type", "principal", "read", "all");
    OK(muni_session_commit(fs_admin));
    sessions[0] = fs_admin;
    sessions[1] = fs_person("reader", "reader", 0);
    sessions[2] = fs_person("own", "g-own", people[0]);
    sessions[3] = fs_person("unit", "g-unit", people[1]);
    sessions[4] = fs_person("below", "g-below", people[2]);
    sessions[5] = fs_person("type", "g-type", 0);
    sessions[6] = fs_person("nothing", "g-nothing", 0);
    (void)atexit(close_sessions);
    for (int i = 0; i < 3; i++) {
        static const char *const logins[] = { "own", "unit", "type" };
        muni_rec *r = NULL;
        OK(muni_session_find(fs_admin, "principal", logins[i], NULL, &r));
        principals[i] = fs_int(r, "id");
        muni_rec_free(r);
    }
    OK(muni_session_begin(fs_admin));
    (void)fs_create(fs_admin, "desk", "{\"code\":\"d1\",\"name\":\"ヘルプデスク\"}");
    for (int i = 0; i < 70; i++) {
        muni__buf b = MUNI_BUF_INIT(0);
        muni__buf_printf(&b, "{\"type\":\"%s\",\"category\":\"%s\",\"subject\":\"%s\"", pick(2) ? "incident" : "inquiry", categories[pick(4)], subjects[pick(MUNI_COUNT(subjects))]);
        muni__buf_printf(&b, ",\"reported_at\":%lld", (long long)(FS_NOW - (int64_t)pick(20) * 864000));
        if (pick(2))
            muni__buf_printf(&b, ",\"impact\":\"%s\",\"urgency\":\"%s\"", levels[pick(3)], levels[pick(3)]);
        if (pick(2))
            muni__buf_printf(&b, ",\"reporter\":%lld", (long long)people[pick(3)]);
        if (pick(2))
            muni__buf_printf(&b, ",\"assignee\":%lld", (long long)principals[pick(3)]);
        if (pick(3))
            muni__buf_printf(&b, ",\"unit\":%lld", (long long)units[pick(6)]);
        if (pick(3) == 0)
            muni__buf_puts(&b, ",\"body\":\"用紙を補充した PC-002\"");
        if (pick(3) == 0)
            muni__buf_puts(&b, ",\"resolution\":\"交換\"");
        if (pick(8) == 0)
            muni__buf_puts(&b, ",\"confidential\":true");
        if (pick(4) == 0)
            muni__buf_printf(&b, ",\"source_no\":\"Ｓ-%d\"", i);
        muni__buf_putc(&b, '}');
        tickets[i] = fs_create(fs_admin, "ticket", b.p);
        muni__buf_free(&b);
        uint32_t about = pick((uint32_t)i + 1);
        if (!trashed[about] && pick(4) == 0)
            OK(muni_session_comment(fs_admin, "ticket", tickets[about], pick(2) ? "その後、連絡なし abc" : "印刷を確認", NULL));
        trashed[i] = pick(9) == 0;
        if (trashed[i])
            OK(muni_session_trash(fs_admin, "ticket", tickets[i], 0, NULL));
    }
    OK(muni_session_commit(fs_admin));
    muni_rec *r = NULL;
    OK(muni_session_run_due(fs_admin, &r)); /* the first are in the index, the rest queued */
    muni_rec_free(r);
    for (int i = 0; i < 20; i++)
        if (!trashed[40 + i])
            OK(muni_session_comment(fs_admin, "ticket", tickets[40 + i], i % 2 ? "ＰＣ 交換 補充" : "監査異動", NULL));
}

/* ---- the truth */

typedef struct said {
    muni__tx *tx;
    const muni__kind *kind;
    const muni_query *q;
    int64_t rec;
    uint64_t found; /* a bit for each word */
} said;

static bool each_doc(void *user, const muni__doc *doc) {
    said *s = user;
    if (doc->part) { /* a comment: itself seen? */
        muni__row *row = NULL;
        muni__vis v;
        const muni__kind *k = muni__kind_numbered(doc->part);
        OK(muni__row_find(s->tx, &s->tx->mem, k, doc->doc, &row));
        OK(muni__vis_make(s->tx, &s->tx->mem, k, MUNI__V_READ, &v));
        if (!row || !muni__vis_sees(&v, row) || row->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL)
            return true;
    }
    const char *p = doc->keys, *end = p + doc->n;
    const muni__kind *k = doc->part ? muni__kind_numbered(doc->part) : s->kind;
    for (int32_t f = 0; f < k->nfields && p <= end; f++) {
        if (!(k->fields[f].flags & MUNI__F_SEARCHED))
            continue;
        const char *stop = memchr(p, MUNI__KEY_SEP, (size_t)(end - p));
        size_t n = stop ? (size_t)(stop - p) : (size_t)(end - p);
        for (size_t w = 0; w < s->q->terms.count; w++)
            if (muni__field_visible(s->tx, k, f) && muni__key_contains(p, n, s->q->terms.items[w].key, s->q->terms.items[w].key_len))
                s->found |= UINT64_C(1) << w;
        p += n + 1;
    }
    return true;
}

static bool belongs(muni__tx *tx, const muni_query *q, const muni__vis *v, const muni__row *row) {
    bool trashed = row->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL, holds = true;
    if (!muni__vis_sees(v, row) || (q->trash == MUNI__TRASH_WITHOUT && trashed) || (q->trash == MUNI__TRASH_ONLY && !trashed))
        return false;
    if (q->where)
        OK(muni__cond_eval(tx, q->where, row, NULL, &holds));
    if (holds && q->words) {
        said s = { tx, q->kind, q, muni__row_id(row), 0 };
        OK(muni__docs_of(tx->conn, q->kind->number, muni__row_id(row), each_doc, &s));
        holds = s.found == (UINT64_C(1) << q->terms.count) - 1;
    }
    return holds;
}

static int compare(const muni_query *q, const muni__row *a, const muni__row *b) {
    for (size_t i = 0; i < q->norder; i++) {
        const muni__field *f = &q->kind->fields[q->order[i].field];
        const muni__val *x = &a->v[q->order[i].field], *y = &b->v[q->order[i].field];
        bool xn = x->t == MUNI_TYPE_NULL, yn = y->t == MUNI_TYPE_NULL;
        int c;
        if (xn || yn) {
            if (xn != yn)
                return xn ? 1 : -1; /* absent ones stand last in either direction */
            continue;
        }
        if (f->type == MUNI__KEY) {
            char *k = NULL, *m = NULL;
            size_t kn, mn;
            OK(muni__idkey(x->p, x->n, &k, &kn));
            OK(muni__idkey(y->p, y->n, &m, &mn));
            c = strcmp(k, m);
            muni__free(k);
            muni__free(m);
        } else if (x->p) {
            c = strcmp(x->p, y->p);
        } else {
            c = (x->i > y->i) - (x->i < y->i);
        }
        if (c)
            return q->order[i].desc ? -c : c;
    }
    return 0;
}

#define ROWS 400
static size_t truth(muni__tx *tx, const muni_query *q, muni__row **out) {
    char sql[100];
    muni__stmt *s = NULL;
    muni__vis v;
    muni_status st;
    int64_t ids[ROWS];
    size_t n = 0, count = 0;
    OK(muni__vis_make(tx, &tx->mem, q->kind, MUNI__V_READ, &v));
    (void)snprintf(sql, sizeof sql, "SELECT id FROM \"k_%s\"", q->kind->name);
    OK(muni__sql(tx->conn, sql, &s));
    while ((st = muni__step(s)) == MUNI_ROW) {
        HOLDS(n < ROWS, "the truth has no room");
        ids[n++] = muni__col_int(s, 0);
    }
    OK(st);
    muni__done(s);
    for (size_t i = 0; i < n; i++) {
        muni__row *row = NULL;
        OK(muni__row_find(tx, &tx->mem, q->kind, ids[i], &row));
        if (!belongs(tx, q, &v, row))
            continue;
        size_t at = count++;
        for (; at && compare(q, row, out[at - 1]) < 0; at--)
            out[at] = out[at - 1];
        out[at] = row;
    }
    return count;
}

/* ---- */

static void ask(muni_session *session, const muni_query *q, const char *json, uint8_t how) {
    static muni__row *want[ROWS];
    muni__tx *tx = NULL;
    muni_cursor *cursor = NULL;
    int64_t n = -1, few = -1;
    muni_status listed = TRY(muni_session_list(session, q, &cursor));
    muni_cursor_unref(cursor);
    OK(muni__tx_enter(session, false, true, &tx));
    muni_status allowed = TRY(muni__query_allowed(tx, q, true));
    HOLDS((allowed >= 0) == (listed >= 0), "%s: may be asked (%d), is answered (%d)", json, allowed, listed);
    if (allowed >= 0) {
        size_t count = truth(tx, q, want), begin = 0, need = 1 + how % 60;
        OK(muni__count(tx, q, -1, &n));
        HOLDS(n == (int64_t)count, "%s: %lld counted, %zu there", json, (long long)n, count);
        OK(muni__count(tx, q, 3, &few));
        HOLDS(few == (n < 3 ? n : 3), "%s: %lld of at most 3 counted", json, (long long)few);
        if (q->after) /* from there on */
            while (begin < count) {
                muni__row place = { q->kind, NULL, NULL };
                muni__val v[MUNI__FIELDS_MAX] = { 0 };
                place.v = v;
                for (size_t i = 0; i < q->norder; i++)
                    v[q->order[i].field] = q->after[i];
                if (compare(q, want[begin], &place) > 0)
                    break;
                begin++;
            }
        for (int way = MUNI__PLAN_BEST; way <= (q->words ? MUNI__PLAN_BEST : MUNI__PLAN_BRANCHES); way++) {
            muni__arena mem = MUNI_ARENA_INIT;
            const muni__val *after = q->after;
            size_t at = begin;
            for (;;) {
                muni__hit *hits = NULL;
                size_t got = 0;
                OK(muni__page(tx, &mem, q, after, need, (muni__plan_way)way, &hits, &got));
                HOLDS(got == (count - at < need ? count - at : need), "%s by %d: %zu records of %zu, %zu left", json, way, got, need, count - at);
                for (size_t i = 0; i < got; i++)
                    HOLDS(muni__row_id(hits[i].row) == muni__row_id(want[at + i]), "%s by %d: at %zu %lld instead of %lld", json, way, at + i, (long long)muni__row_id(hits[i].row),
                          (long long)muni__row_id(want[at + i]));
                at += got;
                if (got < need)
                    break;
                after = hits[got - 1].keys;
            }
            muni__arena_free(&mem);
        }
    }
    OK(muni__tx_leave(tx, MUNI_OK));
}

/* The cursor gives records of the fields that were named, and tokens that lead on. */
static void walk(muni_session *session, const muni_query *q, const char *json) {
    muni_cursor *cursor = NULL;
    muni_rec *rec = NULL;
    char *token = NULL, *text = NULL;
    muni_status st = TRY(muni_session_list(session, q, &cursor));
    int64_t n = 0, last = 0;
    if (st < 0)
        return;
    while ((st = TRY(muni_cursor_next(cursor, &rec))) == MUNI_ROW) {
        n++;
        OK(muni_rec_json(rec, &text));
        muni_free(text);
        last = muni_rec_find(rec, "id") >= 0 ? fs_int(rec, "id") : 0;
        muni_rec_free(rec);
        if (n % 7 == 1) {
            muni_query *on = NULL;
            OK(muni_cursor_token(cursor, &token));
            muni__buf b = MUNI_BUF_INIT(0);
            muni__buf_printf(&b, "{\"kind\":\"%s\",\"order\":[", q->kind->name);
            for (size_t i = 0; i < q->norder; i++)
                muni__buf_printf(&b, "%s\"%s%s\"", i ? "," : "", q->order[i].desc ? "-" : "", q->kind->fields[q->order[i].field].name);
            muni__buf_printf(&b, "],\"after\":\"%s\"}", token);
            OK(muni_query_parse(b.p, b.n, &on));
            muni_query_free(on);
            muni__buf_free(&b);
            muni_free(token);
        }
    }
    HOLDS(st == MUNI_OK, "%s: after %lld", json, (long long)last);
    HOLDS(q->limit < 0 || n <= q->limit, "%s: %lld records", json, (long long)n);
    muni_cursor_unref(cursor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_in in = { data, size };
    uint8_t how = fuzz_byte(&in);
    char *p = fuzz_copy(in), *json = NULL, *again = NULL;
    muni_query *q = NULL, *same = NULL;
    if (fs_open())
        make();
    if (TRY(muni_query_parse(p, in.n, &q)) >= 0) {
        OK(muni_query_json(q, &json));
        OK(muni_query_parse(json, MUNI_ZERO_TERMINATED, &same));
        OK(muni_query_json(same, &again));
        HOLDS(!strcmp(json, again), "%s, %s", json, again);
        int s = 1 + (how >> 2) % (SESSIONS - 1);
        ask(fs_admin, q, json, how);
        ask(sessions[s], q, json, how);
        walk(fs_admin, same, json);
        walk(sessions[s], same, json);
    }
    muni_query_free(q);
    muni_query_free(same);
    muni_free(json);
    muni_free(again);
    free(p);
    return 0;
}
