/* Sessions: somebody acting on a store; the generic verbs. */
#include "model/internal.h"

#include "core/date.h"
#include "core/textkey.h"
#include "store/search.h"

/* ---- life */

static void session_free(muni_session *s) {
    if (s->rights) {
        muni__arena_free(&s->rights->mem);
        muni__free(s->rights);
    }
    muni__arena_free(&s->spare);
    muni__free(s->login);
    muni__free(s->application);
    muni__free(s->reason);
    if (!s->db || s->db->process == muni__process()) /* in a fork others may seem to wait for it for ever */
        muni__lock_free(&s->lock);
    muni__free(s);
}

/* Is the principal's time now? */
static muni_status in_time(muni__tx *tx, const muni__row *row) {
    char today[MUNI__DATE_SIZE];
    const muni__val *from = &row->v[muni__row_field(row->kind, MUNI_PRINCIPAL_FROM_ON)];
    const muni__val *to = &row->v[muni__row_field(row->kind, MUNI_PRINCIPAL_TO_ON)];
    muni__date_format_iso(muni__tx_today(tx), today);
    if (row->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL)
        return muni__fail(MUNI_EAUTH, "login", "there is no such principal; an administrator can create one", "その利用者はいません。管理者が登録してください");
    if (from->t != MUNI_TYPE_NULL && strcmp(from->p, today) > 0)
        return muni__fail(MUNI_EEXPIRED, "login", "the principal may act from %s on", "この利用者が使えるのは%sからです", from->p);
    if (to->t != MUNI_TYPE_NULL && strcmp(to->p, today) < 0)
        return muni__fail(MUNI_EEXPIRED, "login", "the principal could act until %s", "この利用者が使えたのは%sまでです", to->p);
    return MUNI_OK;
}

static muni_status argument(const char *p, const char *field, size_t max, char **out) {
    size_t at = 0, n = p ? strlen(p) : 0;
    if (!muni__utf8_valid(p ? p : "", n, &at))
        return muni__fail(MUNI_EUTF8, field, "%s is not valid UTF-8 (byte %zu)", "%sがUTF-8ではありません（%zuバイト目）", field, at);
    if (n > max)
        return muni__fail(MUNI_ELIMIT, field, "%s has %zu bytes; at most %zu are allowed", "%sが%zuバイトあります。上限は%zuバイトです", field, n, max);
    *out = muni__strndup(p ? p : "", n);
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status session_new(muni_db *db, const char *login, const char *application, const char *reason, muni_session **out) {
    muni_session *s = NULL;
    muni__tx *tx = NULL;
    muni__row *who = NULL;
    muni_status st = muni__db_usable(db);
    if (st < 0)
        return st;
    if (!login || !*login)
        return muni__fail(MUNI_EINVAL, "login", "the login is missing", "ログイン名がありません");
    s = muni__alloc(sizeof *s);
    if (!s)
        return MUNI_ENOMEM;
    s->refs = 1;
    st = muni__lock_init(&s->lock);
    if (st < 0) {
        muni__free(s);
        return st;
    }
    MUNI_TRY(argument(login, "login", 512, &s->login));
    MUNI_TRY(argument(application, "application", 64, &s->application));
    MUNI_TRY(argument(reason, "reason", 400, &s->reason));
    MUNI_TRY(muni__tx_system(db, false, &tx));
    st = muni__row_by(tx, muni__kind_find(MUNI_KIND_PRINCIPAL), MUNI_PRINCIPAL_LOGIN, s->login, strlen(s->login), &who);
    if (st >= 0 && !who)
        st = muni__fail(MUNI_EAUTH, "login", "there is no such principal; an administrator can create one", "その利用者はいません。管理者が登録してください");
    if (st >= 0)
        st = in_time(tx, who);
    if (st >= 0)
        s->principal = muni__row_id(who);
    MUNI_TRY(muni__tx_leave(tx, st));
    s->db = muni_db_ref(db);
    muni__db_track(s, true);
    *out = s;
    return MUNI_OK;
out:
    session_free(s);
    return st;
}

muni_status muni_db_session(muni_db *db, const char *login, const char *application, const char *reason, muni_session **out) {
    MUNI_ENTER();
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    return MUNI_LEAVE(session_new(db, login, application, reason, out));
}

void muni_session_close(muni_session *session) {
    if (!session)
        return;
    muni__error why;
    muni__error_save(&why);
    bool ours = session->db->process == muni__process();
    if (!ours || muni__lock_take(&session->lock) < 0) {
        session->closed = true; /* in a fork, or from a callback of its own call */
    } else {
        session->closed = true;
        if (session->group && muni__db_enter(session->db) >= 0) {
            muni__group_abandon(session);
            muni__db_leave(session->db);
        }
        muni__lock_drop(&session->lock);
    }
    muni__error_restore(&why);
}

muni_session *muni_session_ref(muni_session *session) {
    if (session)
        (void)__atomic_add_fetch(&session->refs, 1, __ATOMIC_RELAXED);
    return session;
}

void muni_session_unref(muni_session *session) {
    if (!session || __atomic_sub_fetch(&session->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    muni_session_close(session);
    muni_db *db = session->db;
    if (session->group && muni__db_hold(db)) { /* a store that is being closed still waits for this */
        muni__group_abandon(session);
        muni__db_leave(db);
    }
    muni__db_track(session, false);
    muni__group_abandon(session); /* in a fork: its memory */
    session_free(session);
    muni_db_unref(db);
}

/* ---- rights */

muni_status muni__rights_refresh(muni__tx *tx) {
    muni_session *s = tx->session;
    int64_t config = 0;
    muni_status st = muni__conn_config(tx->conn, &config);
    if (st < 0)
        return st;
    if (s->rights && s->rights->config == config && tx->now >= s->rights->since && tx->now < s->rights->until) {
        tx->rights = s->rights;
        return MUNI_OK;
    }
    muni__rights *fresh = muni__alloc(sizeof *fresh);
    muni__row *who = NULL;
    if (!fresh)
        return MUNI_ENOMEM;
    fresh->config = config;
    fresh->until = INT64_MAX;
    MUNI_TRY(muni__row_load(tx, muni__kind_find(MUNI_KIND_PRINCIPAL), s->principal, &who));
    MUNI_TRY(in_time(tx, who));
    fresh->scope.principal = s->principal;
    fresh->scope.person = who->v[muni__row_field(who->kind, MUNI_PRINCIPAL_PERSON)].i;
    fresh->scope.until = INT64_MAX;
    MUNI_TRY(muni__rooms_table.rights(tx, s->principal, fresh));
    if (fresh->scope.person && muni__rooms_table.scope)
        MUNI_TRY(muni__rooms_table.scope(tx, &fresh->mem, fresh->scope.person, &fresh->scope));
    if (fresh->scope.until < fresh->until)
        fresh->until = fresh->scope.until;
    /* a principal's own time ends, and a post begins, at midnight: look again then at the latest */
    int64_t midnight = muni__time_of_day(muni__tx_today(tx) + 1, tx->utc_offset);
    fresh->since = muni__time_of_day(muni__tx_today(tx), tx->utc_offset);
    if (midnight < fresh->until)
        fresh->until = midnight;
    if (s->rights) {
        muni__arena_free(&s->rights->mem);
        muni__free(s->rights);
    }
    s->rights = fresh;
    tx->rights = fresh;
    return MUNI_OK;
out:
    muni__arena_free(&fresh->mem);
    muni__free(fresh);
    return st;
}

static muni_status whoami(muni__tx *tx, muni_rec **out) {
    muni_session *s = tx->session;
    muni__row *who = NULL;
    muni_rec *rec = NULL;
    muni__buf groups = MUNI_BUF_INIT((size_t)1 << 20);
    char *text = NULL;
    size_t n = 0;
    muni_status st;
    MUNI_TRY(muni__row_load(tx, muni__kind_find(MUNI_KIND_PRINCIPAL), s->principal, &who));
    muni__buf_putc(&groups, '[');
    for (size_t i = 0; i < tx->rights->ngroups; i++) {
        if (i)
            muni__buf_putc(&groups, ',');
        muni__buf_json(&groups, tx->rights->groups[i], strlen(tx->rights->groups[i]));
    }
    muni__buf_putc(&groups, ']');
    MUNI_TRY(muni__buf_take(&groups, &text, &n));
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 7, &rec));
    MUNI_TRY(muni__rec_add_int(rec, "principal", s->principal));
    MUNI_TRY(muni__rec_add(rec, "login", &who->v[muni__row_field(who->kind, MUNI_PRINCIPAL_LOGIN)]));
    MUNI_TRY(muni__rec_add(rec, "name", &who->v[muni__row_field(who->kind, MUNI_PRINCIPAL_NAME)]));
    MUNI_TRY(muni__rec_add(rec, "person", &who->v[muni__row_field(who->kind, MUNI_PRINCIPAL_PERSON)]));
    muni__val v = { MUNI_TYPE_JSON, 0, text, n };
    MUNI_TRY(muni__rec_add(rec, "groups", &v));
    MUNI_TRY(muni__rec_add_text(rec, "application", s->application));
    MUNI_TRY(muni__rec_add_text(rec, "reason", s->reason));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    rec = NULL;
out:
    muni__free(text);
    muni__buf_free(&groups);
    muni_rec_free(rec);
    return st;
}

muni_status muni_session_whoami(muni_session *session, muni_rec **out) {
    MUNI_ENTER();
    muni__tx *tx = NULL;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = muni__tx_enter(session, false, true, &tx);
    if (st >= 0)
        st = muni__tx_leave(tx, whoami(tx, out));
    return MUNI_LEAVE(st);
}

/* ---- the verbs. Each: arguments → transaction → the inner verb → the record as the session sees it. */

typedef struct call {
    const muni__kind *kind;
    muni__tx *tx;
} call;

static muni_status begin(muni_session *session, const char *kind, bool write, muni_rec **out, call *c) {
    if (out)
        *out = NULL;
    muni_status st = muni__kind_get(kind, &c->kind);
    if (st >= 0 && (c->kind->flags & MUNI__K_INTERNAL))
        st = muni__fail(MUNI_ENOTFOUND, "kind", "there is no such kind for sessions", "その種類は直接扱えません");
    return st < 0 ? st : muni__tx_enter(session, write, true, &c->tx);
}

static muni_status end(call *c, muni_status st, const muni__row *stored, muni_rec **out) {
    if (st >= 0 && out && stored)
        st = muni__row_to_rec(c->tx, stored, NULL, out);
    bool had = st >= 0;
    st = muni__tx_leave(c->tx, st);
    if (st < 0 && had && out) {
        muni__error why;
        muni__error_save(&why);
        muni_rec_free(*out);
        *out = NULL;
        muni__error_restore(&why);
    }
    if (st < 0)
        muni__fail_place(c->kind->name, 0, 0);
    return st;
}

static muni_status no_rec(void) {
    return muni__fail(MUNI_EINVAL, "rec", "the record is NULL", "レコードがNULLです");
}

/* A verb that writes: what it is given, and how it is carried out. A call that the database ends because of another's is done again. */
typedef struct verb {
    int64_t id, rev;
    const muni_rec *rec;
    const char *text; /* the transition, the comment's body */
    bool restore;
    muni_status (*carry_out)(call *c, const struct verb *v, muni_rec **made, muni__row **stored); /* `*made`: of what `*stored` borrows its texts */
} verb;

static muni_status write_verb(muni_session *session, const char *kind, const verb *v, muni_rec **out) {
    muni_status st;
    int tries = 0;
    do {
        call c;
        muni_rec *made = NULL;
        muni__row *stored = NULL;
        st = begin(session, kind, true, out, &c);
        if (st < 0)
            return st;
        st = v->carry_out(&c, v, &made, &stored);
        st = end(&c, st, stored, out);
        muni_rec_free(made);
    } while (muni__tx_again(st, &tries));
    return st;
}

static muni_status carry_create(call *c, const verb *v, muni_rec **made, muni__row **stored) {
    muni__row *patch = NULL;
    (void)made;
    muni_status st = muni__row_from_rec(c->tx, c->kind, v->rec, &patch);
    return st < 0 ? st : muni__create(c->tx, c->kind, patch, stored);
}

muni_status muni_session_create(muni_session *session, const char *kind, const muni_rec *rec, muni_rec **out) {
    MUNI_ENTER();
    const verb v = { .rec = rec, .carry_out = carry_create };
    return MUNI_LEAVE(rec ? write_verb(session, kind, &v, out) : no_rec());
}

static muni_status carry_update(call *c, const verb *v, muni_rec **made, muni__row **stored) {
    muni__row *patch = NULL;
    (void)made;
    muni_status st = muni__row_from_rec(c->tx, c->kind, v->rec, &patch);
    return st < 0 ? st : muni__update(c->tx, c->kind, v->id, v->rev, patch, stored);
}

muni_status muni_session_update(muni_session *session, const char *kind, int64_t id, int64_t rev, const muni_rec *rec, muni_rec **out) {
    MUNI_ENTER();
    const verb v = { .id = id, .rev = rev, .rec = rec, .carry_out = carry_update };
    return MUNI_LEAVE(rec ? write_verb(session, kind, &v, out) : no_rec());
}

static muni_status carry_transition(call *c, const verb *v, muni_rec **made, muni__row **stored) {
    muni__row *patch = NULL;
    (void)made;
    muni_status st = v->rec ? muni__row_from_rec(c->tx, c->kind, v->rec, &patch) : muni__row_new(&c->tx->mem, c->kind, &patch);
    return st < 0 ? st : muni__transition(c->tx, c->kind, v->id, v->rev, v->text, patch, stored);
}

muni_status muni_session_transition(muni_session *session, const char *kind, int64_t id, int64_t rev, const char *transition, const muni_rec *rec, muni_rec **out) {
    MUNI_ENTER();
    const verb v = { .id = id, .rev = rev, .rec = rec, .text = transition, .carry_out = carry_transition };
    if (!transition || !*transition)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "transition", "the name of the transition is missing", "遷移の名前がありません"));
    return MUNI_LEAVE(write_verb(session, kind, &v, out));
}

static muni_status carry_trash(call *c, const verb *v, muni_rec **made, muni__row **stored) {
    (void)made;
    return muni__trash(c->tx, c->kind, v->id, v->rev, v->restore, stored);
}

static muni_status trash(muni_session *session, const char *kind, int64_t id, int64_t rev, bool restore, muni_rec **out) {
    const verb v = { .id = id, .rev = rev, .restore = restore, .carry_out = carry_trash };
    return write_verb(session, kind, &v, out);
}

muni_status muni_session_trash(muni_session *session, const char *kind, int64_t id, int64_t rev, muni_rec **out) {
    MUNI_ENTER();
    return MUNI_LEAVE(trash(session, kind, id, rev, false, out));
}

muni_status muni_session_restore(muni_session *session, const char *kind, int64_t id, int64_t rev, muni_rec **out) {
    MUNI_ENTER();
    return MUNI_LEAVE(trash(session, kind, id, rev, true, out));
}

static muni_status unseen(const muni__kind *kind, int64_t id) {
    muni_status st = muni__fail(MUNI_ENOTFOUND, "id", "there is no %1$s %3$lld%2$.0s", "%1$.0s%2$s %3$lldはありません", kind->name, kind->ja, (long long)id);
    muni__fail_place(kind->name, 0, id);
    return st;
}

int32_t muni__kind_about(const muni__kind *kind) {
    int32_t about = kind->flags & MUNI__K_APPEND ? muni__row_field(kind, MUNI_COMMENT_ABOUT) : -1;
    return about >= 0 && kind->fields[about].type == MUNI__ANY ? about : -1;
}

/* May the session see the record that this one is about? */
static muni_status about_seen(muni__tx *tx, const muni__row *row, muni__row **out) {
    int32_t about = muni__kind_about(row->kind);
    const muni__kind *kind = about >= 0 ? muni__kind_numbered((int32_t)row->v[about].n) : NULL;
    *out = NULL;
    return kind ? muni__row_seen(tx, kind, row->v[about].i, out) : MUNI_OK;
}

muni_status muni__row_seen(muni__tx *tx, const muni__kind *kind, int64_t id, muni__row **out) {
    muni__row *subject = NULL;
    muni_status st = muni__row_load(tx, kind, id, out);
    if (st < 0)
        return st;
    bool seen = muni__may(tx, *out, MUNI__V_READ);
    if (seen && !tx->system) {
        st = about_seen(tx, *out, &subject);
        seen = st >= 0;
    }
    if (seen)
        return MUNI_OK;
    *out = NULL;
    return st < 0 && st != MUNI_ENOTFOUND ? st : unseen(kind, id);
}

/* Who comments needs the right to comment on the record, by whichever verb. */
static muni_status comment_validate(muni__tx *tx, const muni__row *old, const muni__row *row) {
    muni__row *subject = NULL;
    (void)old;
    if (tx->system || tx->depth > 0)
        return MUNI_OK;
    muni_status st = about_seen(tx, row, &subject);
    if (st == MUNI_ENOTFOUND)
        return muni__fail(MUNI_EREF, MUNI_COMMENT_ABOUT, "about leads to no record that the session may see", "aboutの参照先がありません");
    if (st >= 0 && subject && !muni__may(tx, subject, MUNI__V_COMMENT))
        return muni__fail(MUNI_EDENIED, MUNI_COMMENT_ABOUT, "the session may not comment on this record", "このレコードにコメントする権限がありません");
    return st;
}

const muni__hooks muni__comment_hooks = { NULL, comment_validate, NULL };

/* "a, b,c" → names, in the transaction's memory */
static muni_status split(muni__tx *tx, const char *fields, const char ***names, size_t *count) {
    size_t n = 1, bad = 0;
    *names = NULL;
    *count = 0;
    if (!fields)
        return MUNI_OK;
    if (!muni__utf8_valid(fields, strlen(fields), &bad))
        return muni__fail(MUNI_EUTF8, "fields", "the list of fields is not valid UTF-8 (byte %zu)", "項目の一覧がUTF-8ではありません（%zuバイト目）", bad);
    for (const char *p = fields; *p; p++)
        n += *p == ',';
    if (n > 500)
        return muni__fail(MUNI_ELIMIT, "fields", "at most 500 fields can be asked for", "指定できる項目は500個までです");
    *names = muni__arena_alloc(&tx->mem, n * sizeof **names);
    if (!*names)
        return MUNI_ENOMEM;
    for (const char *p = fields;;) {
        const char *e = strchr(p, ',');
        size_t len = e ? (size_t)(e - p) : strlen(p);
        while (len && *p == ' ')
            p++, len--;
        while (len && p[len - 1] == ' ')
            len--;
        if (!((*names)[(*count)++] = muni__arena_strndup(&tx->mem, p, len)))
            return MUNI_ENOMEM;
        if (!e)
            return MUNI_OK;
        p = e + 1;
    }
}

static muni_status wanted(call *c, const char *fields, muni__fields **out) {
    const char **names = NULL;
    size_t count = 0;
    muni_status st = split(c->tx, fields, &names, &count);
    return st < 0 ? st : muni__fields_parse(&c->tx->mem, c->kind, names, count, out);
}

static muni_status read_one(call *c, int64_t id, const char *fields, muni_rec **out) {
    muni__row *row = NULL;
    muni__fields *list = NULL;
    muni_status st;
    MUNI_TRY(wanted(c, fields, &list));
    MUNI_TRY(muni__row_seen(c->tx, c->kind, id, &row));
    MUNI_TRY(muni__row_to_rec(c->tx, row, list, out));
out:
    return st;
}

muni_status muni_session_get(muni_session *session, const char *kind, int64_t id, const char *fields, muni_rec **out) {
    MUNI_ENTER();
    call c;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    muni_status st = begin(session, kind, false, out, &c);
    if (st < 0)
        return MUNI_LEAVE(st);
    return MUNI_LEAVE(end(&c, read_one(&c, id, fields, out), NULL, out));
}

/* The identifier a kind is found by: its number, else its own unique KEY. */
const char *muni__kind_identifier(const muni__kind *kind) {
    for (int32_t i = MUNI__C_COUNT; i < kind->nfields; i++)
        if (kind->fields[i].type == MUNI__KEY && (kind->fields[i].flags & MUNI__F_UNIQUE) && (kind->fields[i].flags & MUNI__F_REQUIRED))
            return kind->fields[i].name;
    return kind->flags & MUNI__K_NUMBERED ? "number" : NULL;
}

static muni_status find_one(call *c, const char *key, const char *fields, muni_rec **out) {
    muni__row *row = NULL;
    const char *field = muni__kind_identifier(c->kind);
    size_t n = strlen(key), bad = 0;
    if (!field)
        return muni__fail(MUNI_EINVAL, "kind", "records of %1$s have no identifier to be found by; list them%2$.0s", "%1$.0s%2$sには検索できる識別子がありません。一覧を使ってください", c->kind->name, c->kind->ja);
    if (!muni__utf8_valid(key, n, &bad))
        return muni__fail(MUNI_EUTF8, "key", "the key is not valid UTF-8 (byte %zu)", "キーがUTF-8ではありません（%zuバイト目）", bad);
    muni__fields *list = NULL;
    muni_status st = wanted(c, fields, &list);
    if (st >= 0)
        st = muni__row_by(c->tx, c->kind, field, key, n, &row);
    if (st < 0)
        return st;
    if (!row || !muni__may(c->tx, row, MUNI__V_READ)) { /* the same words for both */
        muni__quoted q;
        return muni__fail(MUNI_ENOTFOUND, "key", "there is no %1$s \"%3$s\"%2$.0s", "%1$.0s%2$s「%3$s」はありません", c->kind->name, c->kind->ja, muni__quote(&q, key, n));
    }
    return muni__row_to_rec(c->tx, row, list, out);
}

muni_status muni_session_find(muni_session *session, const char *kind, const char *key, const char *fields, muni_rec **out) {
    MUNI_ENTER();
    call c;
    if (!out || !key)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, out ? "key" : "out", "a pointer is NULL", "ポインタがNULLです"));
    muni_status st = begin(session, kind, false, out, &c);
    if (st < 0)
        return MUNI_LEAVE(st);
    return MUNI_LEAVE(end(&c, find_one(&c, key, fields, out), NULL, out));
}

static muni_status carry_comment(call *c, const verb *v, muni_rec **rec, muni__row **stored) {
    const muni__kind *kind = muni__kind_find(MUNI_KIND_COMMENT);
    muni__row *about = NULL, *patch = NULL;
    size_t bad = 0;
    muni_status st;
    MUNI_TRY(muni__row_seen(c->tx, c->kind, v->id, &about));
    if (!muni__may(c->tx, about, MUNI__V_COMMENT))
        MUNI_TRY(muni__fail(MUNI_EDENIED, NULL, "the session may not comment on this %1$s%2$.0s", "%1$.0sこの%2$sにコメントする権限がありません", c->kind->name, c->kind->ja));
    if (about->v[MUNI__C_TRASHED_AT].t != MUNI_TYPE_NULL)
        MUNI_TRY(muni__fail(MUNI_ESTATE, NULL, "the %1$s is in the trash; restore it first%2$.0s", "%1$.0s%2$sはごみ箱にあります。先に元に戻してください", c->kind->name, c->kind->ja));
    MUNI_TRY(muni__rec_open(NULL, NULL, c->tx->utc_offset, 2, rec));
    muni__val to = { MUNI__TYPE_ANY, v->id, NULL, (size_t)c->kind->number };
    MUNI_TRY(muni__rec_add(*rec, MUNI_COMMENT_ABOUT, &to));
    if (!muni__utf8_valid(v->text, strlen(v->text), &bad))
        MUNI_TRY(muni__fail(MUNI_EUTF8, "body", "the text is not valid UTF-8 (byte %zu)", "本文がUTF-8ではありません（%zuバイト目）", bad));
    MUNI_TRY(muni__rec_add_text(*rec, MUNI_COMMENT_BODY, v->text));
    MUNI_TRY(muni__row_from_rec(c->tx, kind, *rec, &patch));
    c->tx->depth++; /* commenting is the right that was asked, not creating comments */
    st = muni__create(c->tx, kind, patch, stored);
    c->tx->depth--;
out:
    return st;
}

muni_status muni_session_comment(muni_session *session, const char *kind, int64_t id, const char *body, muni_rec **out) {
    MUNI_ENTER();
    const verb v = { .id = id, .text = body, .carry_out = carry_comment };
    if (!body)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, "body", "the text is NULL", "本文がNULLです"));
    return MUNI_LEAVE(write_verb(session, kind, &v, out));
}

static muni_status run_due(muni__tx *tx, void *user, muni_rec **out) {
    int64_t indexed = 0, sealed = 0;
    muni_rec *rec = NULL;
    muni_status st;
    (void)user;
    MUNI_TRY(muni__may_keep(tx));
    MUNI_TRY(muni__doc_flush(tx->conn, true, &indexed));
    MUNI_TRY(muni__history_seal(tx, true, &sealed));
    MUNI_TRY(muni__rec_open(NULL, NULL, tx->utc_offset, 2, &rec));
    MUNI_TRY(muni__rec_add_int(rec, "indexed", indexed));
    MUNI_TRY(muni__rec_add_int(rec, "sealed", sealed));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

muni_status muni_session_run_due(muni_session *session, muni_rec **out) {
    MUNI_ENTER();
    return MUNI_LEAVE(out ? muni__tx_write(session, false, run_due, NULL, out) : muni__no_output());
}

/* ---- a commit that was in doubt */

muni_status muni_session_doubt(muni_session *session, int32_t *out) {
    MUNI_ENTER();
    bool written = false;
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = 0;
    muni_status st = muni__session_take(session);
    if (st < 0)
        return MUNI_LEAVE(st);
    if (!*session->doubt.transaction)
        st = muni__fail(MUNI_ENOTFOUND, NULL, "no transaction of this session is in doubt", "このセッションに、結果の分からないトランザクションはありません");
    else if (!muni__store_ask(session->db->store, &session->doubt, &written))
        st = muni__fail(MUNI_EINDOUBT, NULL, "the server does not answer yet, or is still catching up; ask again", "サーバーがまだ応答しないか、追い付いていません。後でもう一度確認してください");
    else
        session->doubt = (muni__doubt){ .history = 0 };
    *out = written;
    muni__session_let_go(session);
    return MUNI_LEAVE(st);
}
