/* Plans: rows and findings kept, shown, approved by somebody else, applied in one transaction. Independent of what is planned. */
#include "model/plan.h"

#include <municipal/staff.h>

#include "core/hash.h"
#include "core/json.h"
#include "model/internal.h"

#define PAGE 200
#define TELL_EVERY 100
#define NOTE_MAX 400

static const muni__kind *plan_kind(void) {
    return muni__kind_find(MUNI_KIND_PLAN);
}

static const muni__val *value(const muni__row *row, const char *field) {
    return &row->v[muni__row_field(row->kind, field)];
}

static bool in_state(const muni__row *plan, const char *state) {
    return plan->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT && !strcmp(plan->v[MUNI__C_STATE].p, state);
}

/* ---- making one */

static muni_status put_json(muni__tx *tx, muni__row *patch, const char *field, const json_t *j) {
    muni__buf b = MUNI_BUF_INIT(MUNI__JSON_MAX);
    int32_t at = muni__row_field(patch->kind, field);
    muni__json_write(&b, j);
    muni_status st = b.st;
    if (st >= 0)
        st = muni__row_put_text(&tx->mem, patch, at, b.p, b.n);
    if (st >= 0)
        patch->v[at].t = MUNI_TYPE_JSON;
    muni__buf_free(&b);
    return st;
}

static muni_status put_text(muni__tx *tx, muni__row *patch, const char *field, const char *text) {
    return muni__row_put_text(&tx->mem, patch, muni__row_field(patch->kind, field), text, strlen(text));
}

muni_status muni__plan_begin(muni__tx *tx, const char *sort, const char *title, const char *on, const json_t *params, muni__plan_making *out) {
    const muni__kind *kind = plan_kind();
    muni__row *patch = NULL, *stored = NULL;
    muni_status st;
    *out = (muni__plan_making){ .tx = tx };
    if (!tx->system && !(muni__scopes_any(tx, kind, MUNI__V_PLAN) & MUNI__S_ALL))
        return muni__fail(MUNI_EDENIED, NULL, "the session may not plan; it needs the verb plan on plans", "計画を作る権限がありません（計画に対する操作planが必要です）");
    MUNI_TRY(muni__row_new(&tx->mem, kind, &patch));
    MUNI_TRY(put_text(tx, patch, MUNI_PLAN_SORT, sort));
    MUNI_TRY(put_text(tx, patch, MUNI_PLAN_TITLE, title));
    MUNI_TRY(put_text(tx, patch, MUNI_PLAN_ON, on));
    MUNI_TRY(put_json(tx, patch, MUNI_PLAN_PARAMS, params));
    if (tx->session)
        muni__row_put(patch, muni__row_field(kind, MUNI_PLAN_PLANNED_BY), muni__val_int(tx->session->principal));
    tx->depth++; /* planning is the right that was asked, not creating */
    st = muni__create(tx, kind, patch, &stored);
    tx->depth--;
    if (st >= 0)
        out->id = muni__row_id(stored);
out:
    return st;
}

static void chain(unsigned char digest[32], const char *p, size_t n) {
    muni__sha h;
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)((uint64_t)n >> (8 * i));
    muni__sha_init(&h);
    muni__sha_add(&h, digest, 32);
    muni__sha_add(&h, length, sizeof length);
    muni__sha_add(&h, p ? p : "", n);
    muni__sha_end(&h, digest);
}

/* What a row is, as one text: its digest follows from the one before, so order counts. */
static muni_status seal(unsigned char digest[32], int64_t pos, const char *action, int64_t kind, const char *key, int64_t rec, int64_t rev, const char *refs, const char *vals) {
    muni__buf b = MUNI_BUF_INIT((size_t)32 << 20);
    const char *texts[] = { action, key, refs, vals };
    const int64_t numbers[] = { pos, kind, rec, rev };
    for (size_t i = 0; i < MUNI_COUNT(numbers); i++) {
        muni__buf_int(&b, numbers[i]);
        muni__buf_putc(&b, ' ');
    }
    for (size_t i = 0; i < MUNI_COUNT(texts); i++) {
        size_t n = texts[i] ? strlen(texts[i]) : 0;
        muni__buf_printf(&b, "%zu:", n);
        muni__buf_put(&b, texts[i] ? texts[i] : "", n);
    }
    if (b.st >= 0)
        chain(digest, b.p, b.n);
    muni_status st = b.st;
    muni__buf_free(&b);
    return st;
}

static muni_status insert_row(muni__plan_making *m, const char *action, const muni__kind *kind, const char *key, int64_t rec, int64_t rev, const char *refs, const char *vals,
                              const char *shown) {
    muni__stmt *s = NULL;
    muni_status st = muni__sql(m->tx->conn, "INSERT INTO m_plan_row(plan,pos,action,kind,key,rec,base_rev,refs,vals,shown) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", &s);
    if (st < 0)
        return st;
    m->pos++;
    muni__bind_int(s, 1, m->id);
    muni__bind_int(s, 2, m->pos);
    muni__bind_text(s, 3, action, strlen(action));
    muni__bind_int(s, 4, kind->number);
    muni__bind_text(s, 5, key, strlen(key));
    muni__bind_int(s, 6, rec);
    muni__bind_int(s, 7, rev);
    muni__bind_text(s, 8, refs, refs ? strlen(refs) : 0);
    muni__bind_text(s, 9, vals, vals ? strlen(vals) : 0);
    muni__bind_text(s, 10, shown, shown ? strlen(shown) : 0);
    st = muni__step(s);
    muni__done(s);
    m->tx->wrote = true;
    return st < 0 ? st : seal(m->digest, m->pos, action, kind->number, key, rec, rev, refs, vals);
}

static void show_change(muni__buf *b, const muni__field *f, const muni__val *before, const muni__val *after, int32_t offset) {
    muni__buf_puts(b, b->n > 1 ? ",{\"field\":" : "{\"field\":");
    muni__buf_json(b, f->name, strlen(f->name));
    muni__buf_puts(b, ",\"before\":");
    muni__val_json(b, before, offset);
    muni__buf_puts(b, ",\"after\":");
    muni__val_json(b, after, offset);
    muni__buf_putc(b, '}');
}

muni_status muni__plan_row(muni__plan_making *m, const char *action, const muni__kind *kind, const char *key, const muni__row *old, const muni__row *patch,
                           const muni__plan_ref *refs, size_t nrefs, int64_t *pos) {
    muni__buf r = MUNI_BUF_INIT(4096), v = MUNI_BUF_INIT((size_t)1 << 20), shown = MUNI_BUF_INIT((size_t)2 << 20);
    int32_t offset = m->tx->utc_offset;
    bool first = true;
    muni_status st;
    muni__buf_putc(&v, '{');
    muni__buf_putc(&shown, '[');
    for (int32_t i = 0; patch && i < kind->nfields; i++) {
        const muni__field *f = &kind->fields[i];
        if (!patch->set[i])
            continue;
        if (!first)
            muni__buf_putc(&v, ',');
        first = false;
        muni__buf_json(&v, f->name, strlen(f->name));
        muni__buf_putc(&v, ':');
        muni__val_json(&v, &patch->v[i], offset);
        if (!(f->flags & (MUNI__F_PERSONAL | MUNI__F_SYSTEM | MUNI__F_SECRET)) && (old || patch->v[i].t != MUNI_TYPE_NULL))
            show_change(&shown, f, old ? &old->v[i] : &MUNI_NULL_VAL, &patch->v[i], offset);
    }
    muni__buf_putc(&v, '}');
    if (!strcmp(action, MUNI__PLAN_TRASH))
        muni__buf_puts(&shown, "{\"field\":\"trashed_at\",\"before\":null,\"after\":true}");
    for (size_t i = 0; i < nrefs; i++) {
        muni__buf_puts(&r, r.n ? "," : "{");
        muni__buf_json(&r, refs[i].field, strlen(refs[i].field));
        muni__buf_printf(&r, ":%lld", (long long)refs[i].to);
        int32_t at = muni__row_field(kind, refs[i].field);
        if (kind->fields[at].flags & MUNI__F_SYSTEM)
            continue;
        muni__val to = refs[i].to ? muni__val_int(refs[i].to) : MUNI_NULL_VAL;
        muni__buf row = MUNI_BUF_INIT(64);
        if (refs[i].to < 0) { /* a record that this plan creates */
            muni__buf_printf(&row, "{\"row\":%lld}", (long long)-refs[i].to);
            to = (muni__val){ MUNI_TYPE_JSON, 0, row.p ? row.p : "null", row.p ? row.n : 4 };
        }
        show_change(&shown, &kind->fields[at], old ? &old->v[at] : &MUNI_NULL_VAL, &to, offset);
        if (row.st < 0 && shown.st >= 0)
            shown.st = row.st;
        muni__buf_free(&row);
    }
    if (r.n)
        muni__buf_putc(&r, '}');
    muni__buf_putc(&shown, ']');
    MUNI_TRY(r.st);
    MUNI_TRY(v.st);
    MUNI_TRY(shown.st);
    MUNI_TRY(insert_row(m, action, kind, key, old ? muni__row_id(old) : 0, old ? old->v[MUNI__C_REV].i : 0, r.p, first ? NULL : v.p, shown.p));
    if (pos)
        *pos = m->pos;
out:
    muni__buf_free(&r);
    muni__buf_free(&v);
    muni__buf_free(&shown);
    return st;
}

muni_status muni__plan_propose(muni__plan_making *m, const muni__row *old, const char *key, const char *field, const char *after) {
    muni__buf shown = MUNI_BUF_INIT(8192);
    int32_t at = muni__row_field(old->kind, field);
    muni__val v = muni__val_text(after, strlen(after));
    muni_status st;
    muni__buf_putc(&shown, '[');
    show_change(&shown, &old->kind->fields[at], &old->v[at], &v, m->tx->utc_offset);
    muni__buf_putc(&shown, ']');
    st = shown.st;
    if (st >= 0)
        st = insert_row(m, MUNI__PLAN_PROPOSE, old->kind, key, muni__row_id(old), old->v[MUNI__C_REV].i, NULL, NULL, shown.p);
    muni__buf_free(&shown);
    return st;
}

muni_status muni__plan_finding(muni__plan_making *m, const char *file, int64_t record, int64_t line, const char *column, const char *code, const char *severity,
                               const char *message, const char *message_ja) {
    const char *texts[] = { file, NULL, NULL, column, code, severity, message, message_ja };
    muni__stmt *s = NULL;
    muni_status st = muni__sql(m->tx->conn, "INSERT INTO m_plan_finding(plan,pos,file,record,line,col,code,severity,message,message_ja) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, m->id);
    muni__bind_int(s, 2, ++m->findings);
    muni__bind_int(s, 4, record);
    muni__bind_int(s, 5, line);
    for (int i = 0; i < (int)MUNI_COUNT(texts); i++)
        if (i != 1 && i != 2)
            muni__bind_text(s, i + 3, texts[i], texts[i] ? strlen(texts[i]) : 0);
    st = muni__step(s);
    muni__done(s);
    return st;
}

muni_status muni__plan_end(muni__plan_making *m, const json_t *counts, const json_t *limits, bool stopped, muni__row **stored) {
    const muni__kind *kind = plan_kind();
    muni__tx *tx = m->tx;
    muni__row *patch = NULL;
    char hex[65];
    muni_status st;
    MUNI_TRY(muni__row_new(&tx->mem, kind, &patch));
    muni__hex(m->digest, sizeof m->digest, hex);
    MUNI_TRY(put_json(tx, patch, MUNI_PLAN_COUNTS, counts));
    MUNI_TRY(put_json(tx, patch, MUNI_PLAN_LIMITS, limits));
    MUNI_TRY(put_text(tx, patch, MUNI_PLAN_DIGEST, hex));
    tx->depth++;
    if (stopped)
        st = muni__transition(tx, kind, m->id, 0, "stop", patch, stored);
    else
        st = muni__update(tx, kind, m->id, 0, patch, stored);
    tx->depth--;
out:
    return st;
}

/* ---- rules: a plan is made, approved and applied by the functions that check what must be checked, not by the general verbs */

static muni_status plan_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    if (tx->system || tx->depth > 0)
        return MUNI_OK;
    if (!old)
        return muni__fail(MUNI_EDENIED, NULL, "plans are made by what plans, such as muni_staff_plan(), not created by hand", "計画は直接登録できません。muni_staff_plan()などで作ってください");
    if (!muni__val_equal(&old->v[MUNI__C_STATE], &row->v[MUNI__C_STATE]) && !in_state(row, "withdrawn"))
        return muni__fail(MUNI_EDENIED, "state", "a plan is approved by muni_plan_approve() and applied by muni_plan_apply()", "計画の承認はmuni_plan_approve()、適用はmuni_plan_apply()で行ってください");
    return MUNI_OK;
}

const muni__hooks muni__plan_hooks = { NULL, plan_validate, NULL };

/* ---- showing rows and findings: pages, so that nothing is open between calls */

typedef struct listing {
    int64_t plan, after;
    bool rows; /* else findings */
    bool over;
    size_t n, at;
    muni_rec *page[PAGE];
} listing;

static muni_status add_col(muni_rec *rec, const char *name, muni__stmt *s, int i) {
    size_t n = 0;
    const char *p = muni__col_null(s, i) ? NULL : muni__col_text(s, i, &n);
    muni__val v = p && n ? muni__val_text(p, n) : MUNI_NULL_VAL;
    return muni__rec_add(rec, name, &v);
}

static muni_status add_int(muni_rec *rec, const char *name, muni__stmt *s, int i) {
    return muni__rec_add_int(rec, name, muni__col_int(s, i));
}

static muni_status finding_rec(muni__tx *tx, muni__stmt *s, muni_rec **out) {
    muni_rec *rec = NULL;
    muni_status st;
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 8, &rec));
    MUNI_TRY(add_col(rec, "file", s, 1));
    MUNI_TRY(add_int(rec, "record", s, 2));
    MUNI_TRY(add_int(rec, "line", s, 3));
    MUNI_TRY(add_col(rec, "column", s, 4));
    MUNI_TRY(add_col(rec, "code", s, 5));
    MUNI_TRY(add_col(rec, "severity", s, 6));
    MUNI_TRY(add_col(rec, "message", s, 7));
    MUNI_TRY(add_col(rec, "message_ja", s, 8));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

static muni_status row_rec(muni__tx *tx, muni__stmt *s, muni_rec **out) {
    muni_rec *rec = NULL;
    size_t n = 0;
    const char *action = muni__col_text(s, 1, NULL);
    const muni__kind *kind = muni__kind_numbered((int32_t)muni__col_int(s, 2));
    muni_status st;
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 6, &rec));
    MUNI_TRY(muni__rec_add_text(rec, "action", action && !strcmp(action, MUNI__PLAN_TRASH) ? MUNI__PLAN_CHANGE : action));
    MUNI_TRY(muni__rec_add_text(rec, "kind", kind ? kind->name : ""));
    MUNI_TRY(add_col(rec, "key", s, 3));
    MUNI_TRY(add_int(rec, "record", s, 4));
    const char *p = muni__col_text(s, 5, &n);
    muni__val v = { MUNI_TYPE_JSON, 0, p ? p : "[]", p ? n : 2 };
    MUNI_TRY(muni__rec_add(rec, "changes", &v));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

static muni_status turn_page(muni__tx *tx, listing *l) {
    static const char rows[] = "SELECT pos,action,kind,key,rec,shown FROM m_plan_row WHERE plan=?1 AND pos>?2 AND action<>'keep' ORDER BY pos LIMIT ?3";
    static const char findings[] = "SELECT pos,file,record,line,col,code,severity,message,message_ja FROM m_plan_finding WHERE plan=?1 AND pos>?2 ORDER BY pos LIMIT ?3";
    muni__stmt *s = NULL;
    muni_status st;
    l->n = l->at = 0;
    MUNI_TRY(muni__sql(tx->conn, l->rows ? rows : findings, &s));
    muni__bind_int(s, 1, l->plan);
    muni__bind_int(s, 2, l->after);
    muni__bind_int(s, 3, PAGE);
    while (l->n < PAGE) {
        MUNI_TRY(muni__step(s));
        if (st != MUNI_ROW)
            break;
        MUNI_TRY(l->rows ? row_rec(tx, s, &l->page[l->n]) : finding_rec(tx, s, &l->page[l->n]));
        l->n++;
        l->after = muni__col_int(s, 0);
    }
    l->over = l->n < PAGE;
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status listing_next(muni__tx *tx, void *state, muni_rec **out) {
    listing *l = state;
    if (l->at == l->n && !l->over) {
        muni_status st = turn_page(tx, l);
        if (st < 0)
            return st;
    }
    if (l->at == l->n)
        return MUNI_OK;
    *out = l->page[l->at++];
    return MUNI_ROW;
}

static void listing_free(void *state) {
    listing *l = state;
    for (size_t i = l->at; i < l->n; i++)
        muni_rec_free(l->page[i]);
    muni__free(l);
}

static const muni__cursor_ops listing_ops = { listing_next, NULL, listing_free };

static muni_status open_listing(muni_session *session, int64_t plan, bool rows, muni_cursor **out) {
    muni__tx *tx = NULL;
    muni__row *row = NULL;
    listing *l = NULL;
    if (!out)
        return muni__no_output();
    *out = NULL;
    muni_status st = muni__tx_enter(session, false, true, &tx);
    if (st < 0)
        return st;
    st = muni__row_seen(tx, plan_kind(), plan, &row);
    if (st >= 0 && !(l = muni__alloc(sizeof *l)))
        st = MUNI_ENOMEM;
    st = muni__tx_leave(tx, st);
    if (st < 0) {
        muni__free(l);
        return st;
    }
    l->plan = plan;
    l->rows = rows;
    return muni__cursor_new(session, &listing_ops, l, out);
}

/* ---- approving */

/* Was it made by this session, or by another login of the same person? */
static muni_status own_plan(muni__tx *tx, const muni__row *plan, bool *own) {
    const muni__kind *principals = muni__kind_find(MUNI_KIND_PRINCIPAL);
    const muni__val *by = value(plan, MUNI_PLAN_PLANNED_BY);
    muni__row *maker = NULL;
    *own = by->t != MUNI_TYPE_INT || by->i == tx->session->principal;
    if (*own || !tx->rights->scope.person)
        return MUNI_OK;
    muni_status st = muni__row_load(tx, principals, by->i, &maker);
    if (st >= 0)
        *own = value(maker, MUNI_PRINCIPAL_PERSON)->i == tx->rights->scope.person;
    return st;
}

static muni_status not_waiting(const muni__row *plan) {
    if (in_state(plan, "stopped"))
        return muni__fail(MUNI_EGUARD, "limits", "a limit stops the plan: see its limits, and plan again with what is right", "制限により停止した計画です。計画の「制限の結果」を確かめ、正しいデータで作り直してください");
    return muni__fail(MUNI_ESTATE, "state", "the plan is not waiting for approval, it is %s", "承認待ちの計画ではありません（状態: %s）", plan->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT ? plan->v[MUNI__C_STATE].p : "");
}

static muni_status approve(muni__tx *tx, int64_t id, const char *note, muni__row **stored) {
    const muni__kind *kind = plan_kind();
    muni__row *plan = NULL, *patch = NULL;
    bool own = true;
    char *reason = tx->session->reason, *copy = NULL;
    muni_status st;
    MUNI_TRY(muni__row_seen(tx, kind, id, &plan));
    if (!muni__may(tx, plan, MUNI__V_APPROVE))
        return muni__fail(MUNI_EDENIED, NULL, "the session may not approve plans; it needs the verb approve on plans", "計画を承認する権限がありません（計画に対する操作approveが必要です）");
    if (!in_state(plan, "planned"))
        return not_waiting(plan);
    MUNI_TRY(own_plan(tx, plan, &own));
    if (own)
        return muni__fail(MUNI_EAPPROVAL, "approved_by", "a plan is approved by somebody else than who made it", "計画は作成した人以外が承認してください");
    MUNI_TRY(muni__row_new(&tx->mem, kind, &patch));
    muni__row_put(patch, muni__row_field(kind, MUNI_PLAN_APPROVED_BY), muni__val_int(tx->session->principal));
    muni__row_put(patch, muni__row_field(kind, MUNI_PLAN_APPROVED_AT), muni__val_time(tx->now));
    if (note && *note) {
        copy = muni__strdup(note);
        if (!copy)
            return MUNI_ENOMEM;
        tx->session->reason = copy; /* the history of the approval says it; the session is ours while the call runs */
    }
    tx->depth++; /* approving is the right that was asked */
    st = muni__transition(tx, kind, id, 0, "approve", patch, stored);
    tx->depth--;
    tx->session->reason = reason;
    muni__free(copy);
out:
    return st;
}

static muni_status check_note(const char *note) {
    size_t bad = 0, n = note ? strlen(note) : 0;
    if (note && !muni__utf8_valid(note, n, &bad))
        return muni__fail(MUNI_EUTF8, "note", "the note is not valid UTF-8 (byte %zu)", "理由がUTF-8ではありません（%zuバイト目）", bad);
    if (n > NOTE_MAX)
        return muni__fail(MUNI_ELIMIT, "note", "the note has %zu bytes; at most %d are allowed", "理由が%zuバイトあります。上限は%dバイトです", n, NOTE_MAX);
    return MUNI_OK;
}

/* ---- applying */

typedef struct applying {
    muni__tx *tx;
    int64_t plan, count;
    int64_t *made; /* by position: the record that the row created */
    muni_progress_fn progress;
    void *user;
} applying;

typedef struct planned {
    int64_t pos, rec, rev;
    const char *action, *key, *refs, *vals;
    int32_t kind;
} planned;

static muni_status moved(const muni__kind *kind, const char *key, int64_t rec) {
    muni__quoted q;
    muni_status st = muni__fail(MUNI_EMOVED, NULL, "the %s %s has changed since the plan was made: plan again", "計画の後に%2$s%1$sが変わっています。計画を作り直してください",
                                kind ? kind->name : "record", muni__quote(&q, key, strlen(key)));
    muni__fail_place(kind ? kind->name : NULL, 0, rec);
    return st;
}

static char *column_copy(muni__arena *mem, muni__stmt *s, int i) {
    size_t n = 0;
    const char *p = muni__col_null(s, i) ? NULL : muni__col_text(s, i, &n);
    return p ? muni__arena_strndup(mem, p, n) : NULL;
}

/* A page of rows, in memory: nothing is open while they are carried out. */
static muni_status read_page(applying *a, muni__arena *mem, int64_t after, bool keep, planned rows[PAGE], size_t *count) {
    static const char all[] = "SELECT pos,action,kind,key,rec,base_rev,refs,vals FROM m_plan_row WHERE plan=?1 AND pos>?2 ORDER BY pos LIMIT ?3";
    static const char work[] = "SELECT pos,action,kind,key,rec,base_rev,refs,vals FROM m_plan_row WHERE plan=?1 AND pos>?2 AND action<>'keep' ORDER BY pos LIMIT ?3";
    muni__stmt *s = NULL;
    muni_status st;
    *count = 0;
    MUNI_TRY(muni__sql(a->tx->conn, keep ? all : work, &s));
    muni__bind_int(s, 1, a->plan);
    muni__bind_int(s, 2, after);
    muni__bind_int(s, 3, PAGE);
    while (*count < PAGE && (st = muni__step(s)) == MUNI_ROW) {
        planned *p = &rows[*count];
        *p = (planned){ .pos = muni__col_int(s, 0), .kind = (int32_t)muni__col_int(s, 2), .rec = muni__col_int(s, 4), .rev = muni__col_int(s, 5) };
        p->action = column_copy(mem, s, 1);
        p->key = column_copy(mem, s, 3);
        p->refs = column_copy(mem, s, 6);
        p->vals = column_copy(mem, s, 7);
        if (!p->action || !p->key || (!p->refs && !muni__col_null(s, 6)) || (!p->vals && !muni__col_null(s, 7))) {
            st = MUNI_ENOMEM;
            goto out;
        }
        ++*count;
    }
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

/* Are the rows those that were approved? Counts them, too. */
static muni_status check_digest(applying *a, const muni__row *plan) {
    planned rows[PAGE];
    unsigned char digest[32] = { 0 };
    char hex[65];
    int64_t after = 0;
    size_t n = PAGE;
    muni_status st = MUNI_OK;
    while (st >= 0 && n == PAGE) {
        muni__arena mem = MUNI_ARENA_INIT;
        st = read_page(a, &mem, after, true, rows, &n);
        for (size_t i = 0; st >= 0 && i < n; i++) {
            st = seal(digest, rows[i].pos, rows[i].action, rows[i].kind, rows[i].key, rows[i].rec, rows[i].rev, rows[i].refs, rows[i].vals);
            after = rows[i].pos;
        }
        muni__arena_free(&mem);
    }
    if (st < 0)
        return st;
    a->count = after;
    muni__hex(digest, sizeof digest, hex);
    const muni__val *stored = value(plan, MUNI_PLAN_DIGEST);
    if (stored->t != MUNI_TYPE_TEXT || strcmp(stored->p, hex) != 0)
        return muni__fail(MUNI_ECORRUPT, "digest", "the rows of the plan are not those that were approved", "計画の内容が承認されたものと違います");
    return MUNI_OK;
}

/* Where writers work beside each other: nobody changes the records of the plan from now on. */
static muni_status lock_base(applying *a) {
    const char *lock = muni__store_lock(a->tx->db->store);
    muni_status st = MUNI_OK;
    for (int32_t i = 0; st >= 0 && *lock && i < muni__nkinds; i++) {
        muni__buf sql = MUNI_BUF_INIT(1024);
        muni__stmt *s = NULL;
        muni__buf_puts(&sql, "SELECT k.id FROM m_plan_row r JOIN ");
        muni__schema_table(&sql, &muni__kinds[i]);
        muni__buf_puts(&sql, " k ON k.id=r.rec WHERE r.plan=?1 AND r.kind=?2 AND r.rec>0 ORDER BY k.id");
        muni__buf_puts(&sql, lock);
        st = sql.st;
        if (st >= 0)
            st = muni__sql(a->tx->conn, sql.p, &s);
        if (st >= 0) {
            muni__bind_int(s, 1, a->plan);
            muni__bind_int(s, 2, muni__kinds[i].number);
            while ((st = muni__step(s)) == MUNI_ROW) {
            }
        }
        muni__done(s);
        muni__buf_free(&sql);
    }
    return st;
}

/* Is every record that the plan identified as it was? One statement per kind. */
static muni_status check_base(applying *a) {
    muni_status st = MUNI_OK;
    for (int32_t i = 0; st >= 0 && i < muni__nkinds; i++) {
        const muni__kind *kind = &muni__kinds[i];
        muni__buf sql = MUNI_BUF_INIT(1024);
        muni__stmt *s = NULL;
        muni__buf_puts(&sql, "SELECT r.key,r.rec FROM m_plan_row r LEFT JOIN ");
        muni__schema_table(&sql, kind);
        muni__buf_puts(&sql, " k ON k.id=r.rec WHERE r.plan=?1 AND r.kind=?2 AND r.rec>0 AND (k.id IS NULL OR k.rev<>r.base_rev OR k.trashed_at IS NOT NULL) ORDER BY r.pos LIMIT 1");
        st = sql.st;
        if (st >= 0)
            st = muni__sql(a->tx->conn, sql.p, &s);
        if (st >= 0) {
            muni__bind_int(s, 1, a->plan);
            muni__bind_int(s, 2, kind->number);
            st = muni__step(s);
            if (st == MUNI_ROW) {
                const char *key = muni__col_text(s, 0, NULL);
                st = moved(kind, key ? key : "", muni__col_int(s, 1));
            }
        }
        muni__done(s);
        muni__buf_free(&sql);
    }
    return st;
}

static muni_status damaged(const planned *p) {
    return muni__fail(MUNI_ECORRUPT, NULL, "row %lld of the plan cannot be read", "計画の%lld行目が読めません", (long long)p->pos);
}

static muni_status take_values(applying *a, muni__arena *mem, const planned *p, muni__row *patch) {
    const muni__kind *kind = patch->kind;
    json_t *j = NULL;
    const char *name;
    json_t *v;
    muni_status st = MUNI_OK;
    if (p->vals) {
        MUNI_TRY(muni__json_load(p->vals, strlen(p->vals), MUNI__JSON_MAX, "vals", &j));
        json_object_foreach (j, name, v) {
            int32_t at = muni__row_field(kind, name);
            if (at < 0) {
                st = damaged(p);
                goto out;
            }
            if (json_is_string(v)) {
                MUNI_TRY(muni__row_put_text(mem, patch, at, json_string_value(v), json_string_length(v)));
            } else {
                muni__row_put(patch, at, json_is_integer(v)   ? muni__val_int(json_integer_value(v))
                                         : json_is_boolean(v) ? muni__val_bool(json_is_true(v))
                                                              : MUNI_NULL_VAL);
            }
        }
        json_decref(j);
        j = NULL;
    }
    if (p->refs) {
        MUNI_TRY(muni__json_load(p->refs, strlen(p->refs), MUNI__JSON_MAX, "refs", &j));
        json_object_foreach (j, name, v) {
            int32_t at = muni__row_field(kind, name);
            int64_t to = json_integer_value(v);
            if (at < 0 || to < -a->count || (to < 0 && !a->made[-to])) {
                st = damaged(p);
                goto out;
            }
            muni__row_put(patch, at, to ? muni__val_int(to < 0 ? a->made[-to] : to) : MUNI_NULL_VAL);
        }
    }
out:
    json_decref(j);
    return st;
}

static muni_status carry_out(applying *a, const planned *p) {
    const muni__kind *kind = muni__kind_numbered(p->kind);
    muni__tx *tx = a->tx;
    muni__row *patch = NULL, *stored = NULL;
    muni_status st;
    if (!strcmp(p->action, MUNI__PLAN_PROPOSE))
        return MUNI_OK;
    if (!kind)
        return damaged(p);
    MUNI_TRY(muni__row_new(&tx->mem, kind, &patch));
    MUNI_TRY(take_values(a, &tx->mem, p, patch));
    if (!strcmp(p->action, MUNI__PLAN_CREATE)) {
        st = muni__create(tx, kind, patch, &stored);
        if (st == MUNI_EUNIQUE) /* somebody created it meanwhile */
            return moved(kind, p->key, 0);
        if (st >= 0)
            a->made[p->pos] = muni__row_id(stored);
    } else if (!strcmp(p->action, MUNI__PLAN_TRASH)) {
        st = muni__trash(tx, kind, p->rec, 0, false, NULL);
    } else {
        st = muni__update(tx, kind, p->rec, 0, patch, NULL);
        if (st == MUNI_EUNIQUE)
            return moved(kind, p->key, p->rec);
    }
out:
    return st;
}

static muni_status carry_out_all(applying *a) {
    planned rows[PAGE];
    int64_t after = 0, done = 0;
    size_t n = PAGE;
    muni_status st = MUNI_OK;
    while (st >= 0 && n == PAGE) {
        muni__arena mem = MUNI_ARENA_INIT;
        st = read_page(a, &mem, after, false, rows, &n);
        for (size_t i = 0; st >= 0 && i < n; i++) {
            if (a->progress && done++ % TELL_EVERY == 0 && a->progress(rows[i].pos - 1, a->count, "apply", a->user))
                st = muni__fail(MUNI_ECANCELLED, NULL, "cancelled while applying; nothing was applied", "適用中に取り消されました。何も適用していません");
            else
                st = carry_out(a, &rows[i]);
            after = rows[i].pos;
        }
        muni__arena_free(&mem);
    }
    return st;
}

static muni_status not_approved(const muni__row *plan) {
    if (in_state(plan, "planned"))
        return muni__fail(MUNI_EAPPROVAL, "state", "the plan is not approved; somebody else than who made it must approve it", "承認されていない計画です。作成した人以外が承認してください");
    if (in_state(plan, "stopped"))
        return muni__fail(MUNI_EAPPROVAL, "state", "a limit stops the plan, so it was not approved: see its limits", "制限により停止した計画で、承認されていません。計画の「制限の結果」を確かめてください");
    if (in_state(plan, "applied"))
        return muni__fail(MUNI_ESTATE, "state", "the plan was applied already", "この計画はすでに適用済みです");
    return muni__fail(MUNI_ESTATE, "state", "the plan is %s and cannot be applied", "状態が%sの計画は適用できません", plan->v[MUNI__C_STATE].t == MUNI_TYPE_TEXT ? plan->v[MUNI__C_STATE].p : "");
}

static muni_status apply(muni__tx *tx, int64_t id, muni_progress_fn progress, void *user, muni__row **stored) {
    const muni__kind *kind = plan_kind();
    applying a = { .tx = tx, .plan = id, .progress = progress, .user = user };
    muni__row *plan = NULL, *patch = NULL;
    muni_status st;
    MUNI_TRY(muni__row_seen(tx, kind, id, &plan));
    if (!muni__may(tx, plan, MUNI__V_APPLY))
        return muni__fail(MUNI_EDENIED, NULL, "the session may not apply plans; it needs the verb apply on plans", "計画を適用する権限がありません（計画に対する操作applyが必要です）");
    if (!in_state(plan, "approved"))
        return not_approved(plan);
    MUNI_TRY(check_digest(&a, plan));
    MUNI_TRY(lock_base(&a));
    MUNI_TRY(check_base(&a));
    a.made = muni__alloc_n((size_t)a.count + 1, sizeof *a.made);
    if (!a.made)
        return MUNI_ENOMEM;
    tx->depth++; /* applying is the right that was asked: what was approved is done as a whole */
    st = carry_out_all(&a);
    if (st >= 0)
        st = muni__row_new(&tx->mem, kind, &patch);
    if (st >= 0) {
        muni__row_put(patch, muni__row_field(kind, MUNI_PLAN_APPLIED_AT), muni__val_time(tx->now));
        st = muni__transition(tx, kind, id, 0, "apply", patch, stored);
    }
    tx->depth--;
    muni__free(a.made);
out:
    return st;
}

/* ---- exported */

muni_status muni_plan_findings(muni_session *session, int64_t plan, muni_cursor **out) {
    MUNI_ENTER();
    return MUNI_LEAVE(open_listing(session, plan, false, out));
}

muni_status muni_plan_rows(muni_session *session, int64_t plan, muni_cursor **out) {
    MUNI_ENTER();
    return MUNI_LEAVE(open_listing(session, plan, true, out));
}

/* A verb on a plan. */
typedef struct verb {
    int64_t plan;
    const char *note;
    muni_progress_fn progress;
    void *user;
} verb;

static muni_status answer(muni__tx *tx, muni_status st, const muni__row *stored, muni_rec **out) {
    return st < 0 || !out ? st : muni__row_to_rec(tx, stored, NULL, out);
}

static muni_status do_approve(muni__tx *tx, void *user, muni_rec **out) {
    const verb *v = user;
    muni__row *stored = NULL;
    muni_status st = muni__conn_rule(tx->conn, "plan");
    if (st >= 0)
        st = approve(tx, v->plan, v->note, &stored);
    return answer(tx, st, stored, out);
}

static muni_status do_apply(muni__tx *tx, void *user, muni_rec **out) {
    const verb *v = user;
    muni__row *stored = NULL;
    muni_status st = muni__conn_rule(tx->conn, "plan");
    if (st >= 0)
        st = apply(tx, v->plan, v->progress, v->user, &stored);
    return answer(tx, st, stored, out);
}

muni_status muni_plan_approve(muni_session *session, int64_t plan, const char *note, muni_rec **out) {
    MUNI_ENTER();
    verb v = { .plan = plan, .note = note };
    if (out)
        *out = NULL;
    muni_status st = check_note(note);
    return MUNI_LEAVE(st < 0 ? st : muni__tx_write(session, true, do_approve, &v, out));
}

muni_status muni_plan_apply(muni_session *session, int64_t plan, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    verb v = { .plan = plan, .progress = progress, .user = user };
    return MUNI_LEAVE(muni__tx_write(session, false, do_apply, &v, out));
}
