/* Opening a store: is it ours, is it of these tables, and what brings an older one up to date. Long work on a store (this, and what model/care.c
 * does) goes in pieces, each a transaction of its own, and is written down in m_journal: what was stopped in the middle goes on where it was. */
#include "store/driver.h"

#include "core/textkey.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- the journal */

muni_status muni__work_open(muni__conn *c, const char *name, muni__work *out) {
    muni__stmt *s;
    *out = (muni__work){ .name = name };
    muni_status st = muni__sql(c, "SELECT \"no\", \"part\", \"at\", \"total\", \"changed\" FROM \"m_journal\" WHERE \"work\" = ?1 AND \"done_at\" IS NULL ORDER BY \"no\" LIMIT 1", &s);
    if (st < 0)
        return st;
    muni__bind_text(s, 1, name, strlen(name));
    st = muni__step(s);
    if (st == MUNI_ROW) {
        const char *part = muni__col_text(s, 1, NULL);
        out->no = muni__col_int(s, 0);
        (void)snprintf(out->part, sizeof out->part, "%s", part ? part : "");
        out->at = muni__col_int(s, 2);
        out->total = muni__col_int(s, 3);
        out->changed = muni__col_int(s, 4);
    }
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__work_begin(muni__conn *c, const char *name, int64_t now, int64_t total, muni__work *out) {
    muni__stmt *s = NULL;
    muni_status st = muni__conn_rule(c, "work");
    if (st >= 0)
        st = muni__work_open(c, name, out);
    if (st < 0 || out->no)
        return st;
    MUNI_TRY(muni__sql(c, "SELECT coalesce(max(\"no\"), 0) FROM \"m_journal\"", &s));
    MUNI_TRY(muni__step(s));
    out->no = muni__col_int(s, 0) + 1;
    out->total = total;
    muni__done(s);
    MUNI_TRY(muni__sql(c, "INSERT INTO \"m_journal\"(\"no\", \"work\", \"part\", \"at\", \"total\", \"changed\", \"begun_at\", \"version\") VALUES(?1, ?2, '', 0, ?3, 0, ?4, ?5)", &s));
    muni__bind_int(s, 1, out->no);
    muni__bind_text(s, 2, name, strlen(name));
    muni__bind_int(s, 3, total);
    muni__bind_int(s, 4, now);
    muni__bind_text(s, 5, muni_version(), strlen(muni_version()));
    MUNI_TRY(muni__step(s));
out:
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

muni_status muni__work_save(muni__conn *c, const muni__work *w, int64_t done_at) {
    muni__stmt *s;
    muni_status st = muni__sql(c, "UPDATE \"m_journal\" SET \"part\" = ?2, \"at\" = ?3, \"changed\" = ?4, \"done_at\" = ?5 WHERE \"no\" = ?1", &s);
    if (st < 0)
        return st;
    muni__bind_int(s, 1, w->no);
    muni__bind_text(s, 2, w->part, strlen(w->part));
    muni__bind_int(s, 3, w->at);
    muni__bind_int(s, 4, w->changed);
    if (done_at)
        muni__bind_int(s, 5, done_at);
    else
        muni__bind_null(s, 5);
    st = muni__step(s);
    muni__done(s);
    return st;
}

muni_status muni__work_tell(muni_progress_fn progress, void *user, const muni__work *w, int64_t done) {
    if (progress && progress(done, w->total, w->name, user))
        return muni__fail(MUNI_ECANCELLED, NULL, "cancelled; what is done stays, and doing it again goes on from there", "取り消されました。済んだところまでは残り、もう一度行うと続きから始まります");
    return MUNI_OK;
}

/* ---- what the store says of itself */

static muni_status damaged(const char *key) {
    return muni__fail(MUNI_ECORRUPT, NULL, "the store's entry \"%s\" is missing or makes no sense; restore a backup",
                      "保存先の項目「%s」がないか、正しくありません。バックアップから復元してください", key);
}

static muni_status get_int(muni__conn *c, const char *key, int64_t least, int64_t most, int64_t *out) {
    char *text, *end;
    *out = 0;
    muni_status st = muni__conn_meta_get(c, key, &text);
    if (st < 0)
        return st;
    long long v = text ? strtoll(text, &end, 10) : 0;
    if (!text || !*text || *end || v < least || v > most)
        st = damaged(key);
    muni__free(text);
    *out = (int64_t)v;
    return st;
}

static muni_status get_hex(muni__conn *c, const char *key, size_t n, char *out) {
    char *text;
    muni_status st = muni__conn_meta_get(c, key, &text);
    if (st < 0)
        return st;
    if (!text || strlen(text) != n || strspn(text, "0123456789abcdef") != n)
        st = damaged(key);
    else
        memcpy(out, text, n + 1);
    muni__free(text);
    return st;
}


muni_status muni__meta_int_set(muni__conn *c, const char *key, int64_t v) {
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)v);
    return muni__conn_meta_set(c, key, text);
}

muni_status muni__meta_keys_set(muni__conn *c) {
    muni_status st = muni__meta_int_set(c, "textkey", MUNI__TEXTKEY_VERSION);
    return st < 0 ? st : muni__conn_meta_set(c, "unicode", muni__unicode_version());
}

muni_status muni__meta_schema_set(muni__conn *c, const char *digest, int32_t tables) {
    muni_status st;
    MUNI_TRY(muni__conn_meta_set(c, "schema", digest));
    MUNI_TRY(muni__meta_int_set(c, "tables", tables));
    MUNI_TRY(muni__meta_int_set(c, "compat", MUNI__COMPAT));
    MUNI_TRY(muni__conn_meta_set(c, "version", muni_version()));
out:
    return st;
}

/* Stores of the first tables do not say their number. */
static muni_status get_tables(muni__conn *c, int32_t *out) {
    int64_t v = 1;
    char *text;
    muni_status st = muni__conn_meta_get(c, "tables", &text);
    bool there = text != NULL;
    muni__free(text);
    if (st >= 0 && there)
        st = get_int(c, "tables", 2, INT32_MAX, &v);
    *out = (int32_t)v;
    return st;
}

/* ---- adding */

/* The words with which the object `name` was made; NULL where there is none. Owned. */
static muni_status made_with(muni__conn *c, const char *name, char **out) {
    muni__stmt *s;
    *out = NULL;
    muni_status st = muni__sql(c, c->drv->made_with, &s);
    if (st < 0)
        return st;
    muni__bind_text(s, 1, name, strlen(name));
    st = muni__step(s);
    if (st == MUNI_ROW) {
        size_t n;
        const char *p = muni__col_text(s, 0, &n);
        st = (*out = muni__strndup(p ? p : "", n)) ? MUNI_OK : MUNI_ENOMEM;
    }
    muni__done(s);
    return st;
}

static muni_status has_column(muni__conn *c, const char *table, const char *column, bool *out) {
    muni__stmt *s;
    *out = false;
    muni_status st = muni__sql(c, c->drv->has_column, &s);
    if (st < 0)
        return st;
    muni__bind_text(s, 1, table, strlen(table));
    muni__bind_text(s, 2, column, strlen(column));
    st = muni__step(s);
    *out = st == MUNI_ROW;
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

/* What stands in the way of a thing, or is only a part of one. */
static muni_status change(muni__conn *c, const muni__buf *sql) {
    return sql->st < 0 ? sql->st : c->drv->run(c, sql->p);
}

/* Add what is missing, but at most `most` things; in a write transaction where `most` is not 0. `*missing` counts what was missing, up to `most`
 * if that is not 0. Tables and their columns come before the indexes over them: the list has them in that order. */
muni_status muni__schema_add(muni__conn *c, const muni__ddl *ddl, int32_t most, int32_t *missing) {
    muni__buf sql = MUNI_BUF_INIT(0);
    char *stored = NULL;
    muni_status st = MUNI_OK;
    *missing = 0;
    for (const muni__ddl *d = ddl; d; d = d->next) {
        MUNI_TRY(made_with(c, d->name, &stored));
        bool other = stored && d->type == 'i' && strcmp(stored, d->sql) != 0;
        if (!stored || other)
            ++*missing;
        if (most && other) { /* an index holds nothing of its own: another may take its place */
            muni__buf_clear(&sql);
            muni__buf_printf(&sql, "DROP INDEX \"%s\"", d->name);
            MUNI_TRY(change(c, &sql));
        }
        if (most && (!stored || other))
            MUNI_TRY(c->drv->make(c, d));
        for (size_t i = 0; stored && i < d->ncolumns && !(most && *missing >= most); i++) {
            bool there;
            MUNI_TRY(has_column(c, d->table, d->columns[i].name, &there));
            if (there)
                continue;
            ++*missing;
            if (!most)
                continue;
            muni__buf_clear(&sql);
            muni__buf_printf(&sql, "ALTER TABLE \"%s\" ADD COLUMN \"%s\" %s", d->table, d->columns[i].name, d->columns[i].decl);
            MUNI_TRY(change(c, &sql));
        }
        muni__free(stored);
        stored = NULL;
        if (most && *missing >= most)
            break;
    }
out:
    muni__free(stored);
    muni__buf_free(&sql);
    return st;
}

/* ---- upgrading */

/* What adding cannot express, in the order of the tables' numbers. Today's library has none: what the second tables have more is added. */
const muni__upgrade_step muni__upgrade_steps[] = { { 0, NULL, NULL } };

/* Has another process been before us, or a newer library? */
static muni_status still_older(muni__conn *c, const muni__upgrade *u, bool *out) {
    char digest[65];
    int32_t tables;
    int64_t compat;
    muni_status st;
    *out = false;
    MUNI_TRY(get_int(c, "compat", 1, INT32_MAX, &compat));
    if (compat > MUNI__COMPAT)
        MUNI_TRY(muni__fail(MUNI_EVERSION, NULL, "the store was made or upgraded by a newer version (%lld, this one knows %d); use that version",
                            "保存先は新しい版で作成または更新されています（%lld。この版は%dまで）。その版を使ってください", (long long)compat, MUNI__COMPAT));
    MUNI_TRY(get_tables(c, &tables));
    MUNI_TRY(get_hex(c, "schema", 64, digest));
    *out = tables <= u->tables && (tables < u->tables || strcmp(digest, u->digest) != 0 || compat < MUNI__COMPAT);
out:
    return st;
}

/* One piece, in a transaction of its own: the journal first, so that the rest can be written down; then one thing that is missing; then the steps; then
 * the store is of these tables. */
static muni_status piece(muni__conn *c, const muni__upgrade *u, muni__work *w, bool *more) {
    int32_t missing, tables;
    int32_t added = 0;
    muni_status st;
    MUNI_TRY(muni__conn_rule(c, "work")); /* two upgrade one after the other */
    MUNI_TRY(still_older(c, u, more));
    if (!*more)
        goto out;
    for (const muni__ddl *d = u->ddl; d; d = d->next)
        if (!strcmp(d->table, "m_journal")) {
            muni__ddl one = *d;
            one.next = NULL;
            MUNI_TRY(muni__schema_add(c, &one, 1, &missing));
            added += missing;
        }
    bool fresh = !w->no;
    MUNI_TRY(muni__work_begin(c, "upgrade", c->store->o.now, 0, w));
    if (fresh) /* from now on a library that could do harm to what is to come stays outside */
        MUNI_TRY(muni__meta_int_set(c, "compat", MUNI__COMPAT));
    w->changed += added;
    MUNI_TRY(muni__schema_add(c, u->ddl, 1, &missing));
    if (missing) {
        w->changed++;
        MUNI_TRY(muni__work_save(c, w, 0));
        goto out;
    }
    MUNI_TRY(get_tables(c, &tables));
    const muni__upgrade_step *step = u->steps;
    while (step->tables && step->tables <= tables)
        step++;
    if (step->tables && step->tables <= u->tables) {
        bool again = false;
        if (strcmp(w->part, step->name) != 0) {
            (void)snprintf(w->part, sizeof w->part, "%s", step->name);
            w->at = 0;
        }
        MUNI_TRY(step->piece(c, w, &again));
        if (!again)
            MUNI_TRY(muni__meta_int_set(c, "tables", step->tables));
        MUNI_TRY(muni__work_save(c, w, 0));
        goto out;
    }
    MUNI_TRY(muni__meta_schema_set(c, u->digest, u->tables));
    MUNI_TRY(muni__work_save(c, w, c->store->o.now));
    *more = false;
out:
    return st;
}

muni_status muni__upgrade_run(muni__conn *c, const muni__upgrade *u) {
    const muni__store_options *o = &c->store->o;
    muni__work w = { .name = "upgrade" };
    bool more = true;
    muni_status st = MUNI_OK;
    while (more) {
        MUNI_TRY(muni__conn_begin(c, true));
        MUNI_TRY(piece(c, u, &w, &more));
        MUNI_TRY(muni__conn_commit(c));
        MUNI_TRY(muni__work_tell(o->progress, o->user, &w, w.changed));
    }
out:
    muni__conn_rollback(c); /* where it is still open */
    return st;
}

/* The tables of a store that was written with other ones than ours. */
static muni_status compare(muni__conn *c, bool upgrade, const char *ours) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__upgrade u = { .tables = MUNI__TABLES, .digest = ours, .steps = muni__upgrade_steps };
    muni__ddl *ddl;
    int32_t missing = 0;
    bool older;
    muni_status st;
    MUNI_TRY(muni__schema_ddl(&mem, muni__kinds, muni__nkinds, &ddl));
    u.ddl = ddl;
    MUNI_TRY(muni__conn_begin(c, false));
    MUNI_TRY(still_older(c, &u, &older));
    if (older) {
        int32_t tables;
        MUNI_TRY(get_tables(c, &tables));
        MUNI_TRY(muni__schema_add(c, ddl, 0, &missing));
        older = missing || tables < MUNI__TABLES; /* of these tables and more, such as another's kinds: as good as ours */
    }
    muni__conn_rollback(c);
    if (older && !upgrade)
        MUNI_TRY(muni__fail(MUNI_EUPGRADE, NULL, "the store is of an older version, or its upgrade was not finished (%d tables, columns or indexes are missing); open it with upgrade",
                            "保存先は古い版か、更新の途中です（表・列・索引の不足%d件）。更新を指定して開いてください", (int)missing));
    if (older)
        MUNI_TRY(muni__upgrade_run(c, &u));
out:
    muni__conn_rollback(c); /* where it is still open */
    muni__arena_free(&mem);
    return st;
}

/* The folding that the keys of the store were made with. Keys of another Unicode differ only in characters that came later: they are made anew with the
 * next upgrade, and meanwhile serve. */
static muni_status check_keys(muni__conn *c, bool upgrade, muni__store_info *info) {
    int64_t v;
    char *unicode = NULL;
    muni_status st;
    MUNI_TRY(get_int(c, "textkey", 0, INT32_MAX, &v));
    MUNI_TRY(muni__conn_meta_get(c, "unicode", &unicode));
    if (v > MUNI__TEXTKEY_VERSION)
        MUNI_TRY(muni__fail(MUNI_EVERSION, NULL, "the store's search keys were made by a newer version (%lld, this one knows %d); use that version",
                            "保存先の検索キーは新しい版で作られています（%lld。この版は%dまで）。その版を使ってください", (long long)v, MUNI__TEXTKEY_VERSION));
    if (v < MUNI__TEXTKEY_VERSION && !upgrade)
        MUNI_TRY(muni__fail(MUNI_EUPGRADE, NULL, "the store's search keys were made by an older version, or their renewal was not finished; open it with upgrade",
                            "保存先の検索キーは古い版で作られたか、作り直しの途中です。更新を指定して開いてください"));
    info->keys_old = v < MUNI__TEXTKEY_VERSION || !unicode || strcmp(unicode, muni__unicode_version()) != 0;
out:
    muni__free(unicode);
    return st;
}

muni_status muni__schema_check(muni__conn *c, bool upgrade, muni__store_info *info) {
    char id[33], ours[65];
    int64_t v;
    muni_status st;
    char *there;
    MUNI_TRY(made_with(c, "m_meta", &there)); /* a file of ours without it is damaged, not unreadable */
    bool found = there != NULL;
    muni__free(there);
    if (!found)
        return damaged("m_meta");
    MUNI_TRY(muni__conn_meta_get(c, "copy", &there));
    found = there != NULL;
    muni__free(there);
    if (found && !c->store->o.copying)
        return muni__fail(MUNI_ESTATE, "url", "the store is a copy that was not finished; copy to it again, or take it away", "複製が完了していない保存先です。もう一度複製するか、取り除いてください");
    if (c->store->o.copying) /* copy.c looks at it */
        return MUNI_OK;
    MUNI_TRY(get_int(c, "compat", 1, INT32_MAX, &v));
    info->compat = (int32_t)v;
    MUNI_TRY(get_hex(c, "schema", 64, info->schema));
    MUNI_TRY(muni__schema_ours(ours));
    if (strcmp(info->schema, ours) != 0 || info->compat != MUNI__COMPAT) {
        MUNI_TRY(compare(c, upgrade, ours));
        MUNI_TRY(get_int(c, "compat", 1, INT32_MAX, &v));
        info->compat = (int32_t)v;
        MUNI_TRY(get_hex(c, "schema", 64, info->schema));
    }
    MUNI_TRY(get_tables(c, &info->tables));
    MUNI_TRY(check_keys(c, upgrade, info));
    MUNI_TRY(get_hex(c, "id", 32, id));
    for (size_t i = 0; i < sizeof info->id; i++) {
        char two[3] = { id[2 * i], id[2 * i + 1], '\0' };
        info->id[i] = (unsigned char)strtoul(two, NULL, 16);
    }
    MUNI_TRY(get_int(c, "test", 0, 1, &v));
    info->test = v != 0;
    MUNI_TRY(get_int(c, "utc_offset", -50400, 50400, &v));
    info->utc_offset = (int32_t)v;
    MUNI_TRY(get_int(c, "created_at", INT64_MIN, INT64_MAX, &info->created_at));
out:
    return st;
}
