/* The tables: one for each kind, from its description, and those of the library itself.
 *
 * Rules of the indexes of a kind (the rowid, which is the id, is the last column of every index of SQLite, so "reporter" is also
 * "reporter, id"):
 *   UNIQUE        u_<kind>_<field>, partial: what is not trashed and has a value. Of the number, which is never reused, over all rows: it orders lists, too.
 *   INDEX(…)      i_<kind>_<name>, or u_<kind>_<name> where unique: what is not trashed.
 *   INDEXED, OWN, UNIT    i_<kind>_<field>
 * Of the common fields only those of numbered kinds (the number, who created it) have indexes: the others have few records. */
#include "store/driver.h"

#include "core/hash.h"
#include "core/textkey.h"

#include <municipal/base.h>

#include <stdio.h>
#include <stdlib.h>

/* ---- names */

static const char *sql_type(muni__type t) {
    switch (t) {
    case MUNI__TEXT:
    case MUNI__NOTE:
    case MUNI__KEY:
    case MUNI__CODE:
    case MUNI__DATE:
    case MUNI__JSON: return "TEXT";
    default: return "INTEGER";
    }
}

void muni__schema_table(muni__buf *b, const muni__kind *k) {
    muni__buf_puts(b, "\"k_");
    muni__buf_puts(b, k->name);
    muni__buf_putc(b, '"');
}

static void put_column(muni__buf *b, bool first, const char *prefix, const char *name, const char *suffix) {
    if (!first)
        muni__buf_puts(b, ", ");
    muni__buf_puts(b, prefix);
    muni__buf_putc(b, '"');
    muni__buf_puts(b, name);
    muni__buf_puts(b, suffix);
    muni__buf_putc(b, '"');
}

void muni__schema_columns(muni__buf *b, const muni__kind *k, const char *prefix) {
    bool first = true;
    for (int32_t i = 0; i < k->nfields; i++) {
        const muni__field *f = &k->fields[i];
        if (f->flags & MUNI__F_LIST)
            continue;
        put_column(b, first, prefix, f->name, "");
        if (f->type == MUNI__ANY)
            put_column(b, false, prefix, f->name, "_kind");
        first = false;
    }
}

/* The column by which a field is found: for identifiers their folded form. */
static const char *key_suffix(const muni__field *f) {
    return f->type == MUNI__KEY ? "_key" : "";
}

/* ---- what a store consists of */

typedef struct maker {
    muni__arena *mem;
    muni__ddl *first, **last;
    muni__buf sql;
    muni_status st;
} maker;

static const char *keep(maker *m, const char *p, size_t n) {
    char *copy = muni__arena_strndup(m->mem, p, n);
    if (!copy)
        m->st = MUNI_ENOMEM;
    return copy;
}

static const char *name2(maker *m, const char *a, const char *b, const char *c, const char *d) {
    char text[256];
    int n = snprintf(text, sizeof text, "%s%s%s%s", a, b, c, d);
    return keep(m, text, n < 0 || (size_t)n >= sizeof text ? 0 : (size_t)n);
}

/* What stands in m->sql becomes an object. */
static muni__ddl *emit(maker *m, char type, const char *name, const char *table) {
    if (m->st >= 0 && m->sql.st < 0)
        m->st = m->sql.st;
    if (m->st < 0)
        return NULL;
    muni__ddl *d = muni__arena_alloc(m->mem, sizeof *d);
    if (!d) {
        m->st = MUNI_ENOMEM;
        return NULL;
    }
    d->type = type;
    d->name = keep(m, name, strlen(name));
    d->table = keep(m, table, strlen(table));
    d->sql = keep(m, m->sql.p, m->sql.n);
    muni__buf_clear(&m->sql);
    if (m->st < 0)
        return NULL;
    *m->last = d;
    m->last = &d->next;
    return d;
}

static void fixed(maker *m, char type, const char *name, const char *table, const char *sql) {
    muni__buf_puts(&m->sql, sql);
    (void)emit(m, type, name, table);
}

/* CREATE [UNIQUE] INDEX name ON table(columns) [WHERE …] */
static void make_index(maker *m, bool unique, const char *name, const char *table, const char *columns, const char *where) {
    muni__buf_printf(&m->sql, "CREATE %sINDEX \"%s\" ON \"%s\"(%s)", unique ? "UNIQUE " : "", name, table, columns);
    if (where)
        muni__buf_printf(&m->sql, " WHERE %s", where);
    (void)emit(m, 'i', name, table);
}

/* "desk,state,reported_at" as quoted columns, without an id at the end: it is there anyway. */
static void quote_columns(muni__buf *b, const char *columns) {
    bool first = true;
    while (*columns) {
        size_t n = strcspn(columns, ",");
        const char *next = columns[n] ? columns + n + 1 : columns + n;
        if (*next || n != 2 || memcmp(columns, "id", 2) != 0 || first)
            muni__buf_printf(b, "%s\"%.*s\"", first ? "" : ", ", (int)n, columns);
        first = false;
        columns = next;
    }
}

static void kind_table(maker *m, const muni__kind *k, const char *table) {
    size_t n = 0, at = 0;
    for (int32_t i = 0; i < k->nfields; i++)
        n += k->fields[i].flags & MUNI__F_LIST ? 0 : k->fields[i].type == MUNI__KEY || k->fields[i].type == MUNI__ANY ? 2 : 1;
    muni__ddl_column *columns = muni__arena_alloc(m->mem, n * sizeof *columns);
    if (!columns) {
        m->st = MUNI_ENOMEM;
        return;
    }
    for (int32_t i = 0; i < k->nfields && m->st >= 0; i++) {
        const muni__field *f = &k->fields[i];
        if (f->flags & MUNI__F_LIST)
            continue;
        columns[at++] = (muni__ddl_column){ f->name, i == MUNI__C_ID ? "INTEGER PRIMARY KEY" : sql_type(f->type) };
        if (f->type == MUNI__KEY)
            columns[at++] = (muni__ddl_column){ name2(m, f->name, "_key", "", ""), "TEXT" };
        else if (f->type == MUNI__ANY)
            columns[at++] = (muni__ddl_column){ name2(m, f->name, "_kind", "", ""), "INTEGER" };
    }
    if (m->st < 0)
        return;
    muni__buf_printf(&m->sql, "CREATE TABLE \"%s\"(", table);
    for (size_t i = 0; i < at; i++)
        muni__buf_printf(&m->sql, "%s\"%s\" %s", i ? ", " : "", columns[i].name, columns[i].decl);
    muni__buf_puts(&m->sql, ") STRICT");
    muni__ddl *d = emit(m, 't', table, table);
    if (d) {
        d->columns = columns;
        d->ncolumns = at;
    }
}

static void kind_list(maker *m, const muni__kind *k, const muni__field *f) {
    const char *table = name2(m, "l_", k->name, "_", f->name);
    if (m->st < 0)
        return;
    const char *type = sql_type(f->type);
    muni__buf_printf(&m->sql, "CREATE TABLE \"%s\"(\"id\" INTEGER, \"pos\" INTEGER, \"value\" %s%s, PRIMARY KEY(\"id\", \"pos\")) STRICT, WITHOUT ROWID", table, type,
                     f->type == MUNI__KEY ? ", \"value_key\" TEXT" : f->type == MUNI__ANY ? ", \"value_kind\" INTEGER" : "");
    (void)emit(m, 't', table, table);
    const char *index = name2(m, "i_", table, "", "");
    if (m->st >= 0)
        make_index(m, false, index, table, f->type == MUNI__KEY ? "\"value_key\", \"id\"" : "\"value\", \"id\"", NULL);
}

static void kind_indexes(maker *m, const muni__kind *k, const char *table) {
    for (int32_t i = 0; i < k->nfields && m->st >= 0; i++) {
        const muni__field *f = &k->fields[i];
        char column[160], where[240];
        bool common = i < MUNI__C_COUNT, numbered = k->flags & MUNI__K_NUMBERED;
        if (f->flags & MUNI__F_LIST) {
            kind_list(m, k, f);
            continue;
        }
        if (common && !numbered)
            continue;
        (void)snprintf(column, sizeof column, "\"%s%s\"", f->name, key_suffix(f));
        if (f->flags & MUNI__F_UNIQUE) {
            const char *name = name2(m, "u_", k->name, "_", f->name);
            (void)snprintf(where, sizeof where, "\"trashed_at\" IS NULL AND %s IS NOT NULL", column);
            if (f->type == MUNI__ANY) {
                char both[320];
                (void)snprintf(both, sizeof both, "%s, \"%s_kind\"", column, f->name);
                if (m->st >= 0)
                    make_index(m, true, name, table, both, where);
            } else if (m->st >= 0) {
                make_index(m, true, name, table, column, i == MUNI__C_NUMBER ? NULL : where);
            }
        }
        if (f->flags & (MUNI__F_INDEXED | MUNI__F_OWN | MUNI__F_UNIT)) {
            const char *name = name2(m, "i_", k->name, "_", f->name);
            if (m->st >= 0)
                make_index(m, false, name, table, column, NULL);
        }
    }
    for (int32_t i = 0; i < k->nindexes && m->st >= 0; i++) {
        const muni__index *x = &k->indexes[i];
        muni__buf columns = MUNI_BUF_INIT(0);
        quote_columns(&columns, x->columns);
        const char *name = name2(m, x->unique ? "u_" : "i_", k->name, "_", x->name);
        if (m->st >= 0)
            m->st = columns.st;
        if (m->st >= 0)
            make_index(m, x->unique, name, table, columns.p, x->unique ? "\"trashed_at\" IS NULL" : NULL);
        muni__buf_free(&columns);
    }
}

#define T(name, body) { 't', #name, #name, "CREATE TABLE \"" #name "\"(" body }
/* FTS5 merges its segments eight at a time */
#define INDEX(name) "CREATE VIRTUAL TABLE \"" name "\" USING fts5(\"keys\", content='', columnsize=0, tokenize='ascii');" \
                    "INSERT INTO \"" name "\"(\"" name "\", \"rank\") VALUES('automerge', 8);"
#define I(name, table, columns) { 'i', #name, #table, "CREATE INDEX \"" #name "\" ON \"" #table "\"(" columns ")" }
static const struct {
    char type;
    const char *name, *table, *sql;
} own[] = {
    T(m_meta, "\"key\" TEXT PRIMARY KEY, \"value\" TEXT) STRICT, WITHOUT ROWID"),
    T(m_seq, "\"name\" TEXT PRIMARY KEY, \"value\" INTEGER) STRICT, WITHOUT ROWID"),
    T(m_doc, "\"doc\" INTEGER PRIMARY KEY, \"part\" INTEGER, \"kind\" INTEGER, \"rec\" INTEGER, \"keys\" TEXT) STRICT"),
    /* a record's own document has its id: only what was said about it has to be looked up */
    { 'i', "m_doc_rec", "m_doc", "CREATE INDEX \"m_doc_rec\" ON \"m_doc\"(\"rec\") WHERE \"part\" <> 0" },
    T(m_doc_queue, "\"doc\" INTEGER PRIMARY KEY, \"old\" TEXT) STRICT"),
    { 'v', "m_doc_index", "m_doc_index", INDEX("m_doc_index") },
    T(m_history, "\"id\" INTEGER PRIMARY KEY, \"kind\" INTEGER, \"rec\" INTEGER, \"rev\" INTEGER, \"action\" INTEGER, \"actor\" INTEGER, \"app\" TEXT, "
                 "\"reason\" TEXT, \"at\" INTEGER, \"flags\" INTEGER, \"prev\" BLOB, \"ord_digest\" BLOB, \"per_digest\" BLOB, \"hash\" BLOB, \"ord\" TEXT, "
                 "\"ord_salt\" BLOB, \"per\" TEXT, \"per_salt\" BLOB) STRICT"),
    I(m_history_rec, m_history, "\"rec\""),
    T(m_block, "\"no\" INTEGER PRIMARY KEY, \"first\" INTEGER, \"last\" INTEGER, \"count\" INTEGER, \"root\" BLOB, \"prev\" BLOB, \"hash\" BLOB, "
               "\"sealed_at\" INTEGER) STRICT"),
    T(m_plan_row, "\"plan\" INTEGER, \"pos\" INTEGER, \"action\" TEXT, \"kind\" INTEGER, \"key\" TEXT, \"rec\" INTEGER, \"base_rev\" INTEGER, \"refs\" TEXT, "
                  "\"vals\" TEXT, \"shown\" TEXT, PRIMARY KEY(\"plan\", \"pos\")) STRICT, WITHOUT ROWID"),
    T(m_plan_finding, "\"plan\" INTEGER, \"pos\" INTEGER, \"file\" TEXT, \"record\" INTEGER, \"line\" INTEGER, \"col\" TEXT, \"code\" TEXT, \"severity\" TEXT, "
                      "\"message\" TEXT, \"message_ja\" TEXT, PRIMARY KEY(\"plan\", \"pos\")) STRICT, WITHOUT ROWID"),
    /* long work on the store itself: what was begun, how far it is, when it was done */
    T(m_journal, "\"no\" INTEGER PRIMARY KEY, \"work\" TEXT, \"part\" TEXT, \"at\" INTEGER, \"total\" INTEGER, \"changed\" INTEGER, \"begun_at\" INTEGER, "
                 "\"done_at\" INTEGER, \"version\" TEXT) STRICT"),
    { 'i', "m_journal_open", "m_journal", "CREATE INDEX \"m_journal_open\" ON \"m_journal\"(\"work\") WHERE \"done_at\" IS NULL" },
    T(m_import, "\"digest\" TEXT, \"kind\" INTEGER, \"profile\" TEXT, \"last_line\" INTEGER, \"created\" INTEGER, \"updated\" INTEGER, \"unchanged\" INTEGER, "
                "\"rejected\" INTEGER, \"done\" INTEGER, \"begun_at\" INTEGER, \"changed_at\" INTEGER, PRIMARY KEY(\"digest\", \"kind\", \"profile\")) STRICT, WITHOUT ROWID"),
};
#undef T
#undef I

muni_status muni__schema_ddl(muni__arena *mem, const muni__kind *kinds, int32_t nkinds, muni__ddl **out) {
    maker m = { .mem = mem, .first = NULL, .sql = MUNI_BUF_INIT(0), .st = MUNI_OK };
    m.last = &m.first;
    for (size_t i = 0; i < MUNI_COUNT(own); i++)
        fixed(&m, own[i].type, own[i].name, own[i].table, own[i].sql);
    for (int32_t i = 0; i < nkinds && m.st >= 0; i++) {
        const char *table = name2(&m, "k_", kinds[i].name, "", "");
        if (m.st >= 0)
            kind_table(&m, &kinds[i], table);
        if (m.st >= 0)
            kind_indexes(&m, &kinds[i], table);
    }
    muni__buf_free(&m.sql);
    *out = m.st < 0 ? NULL : m.first;
    return m.st;
}

muni_status muni__schema_digest(const muni__ddl *ddl, char out[65]) {
    muni__sha h;
    unsigned char digest[MUNI__HASH];
    muni__sha_init(&h);
    for (; ddl; ddl = ddl->next) {
        muni__sha_add(&h, ddl->sql, strlen(ddl->sql));
        muni__sha_add(&h, ";\n", 2);
    }
    muni__sha_end(&h, digest);
    muni__hex(digest, sizeof digest, out);
    return MUNI_OK;
}

muni_status muni__schema_ours(char out[65]) {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static char known[65];
    muni_status st = MUNI_OK;
    pthread_mutex_lock(&mutex);
    if (!known[0]) {
        muni__arena mem = MUNI_ARENA_INIT;
        muni__ddl *ddl;
        st = muni__schema_ddl(&mem, muni__kinds, muni__nkinds, &ddl);
        if (st >= 0)
            st = muni__schema_digest(ddl, known);
        muni__arena_free(&mem);
    }
    memcpy(out, known, sizeof known);
    pthread_mutex_unlock(&mutex);
    return st;
}

/* ---- making */

muni_status muni__schema_index_new(muni__conn *c) {
    return c->drv->run(c, INDEX("m_doc_index_new"));
}

muni_status muni__schema_make(muni__conn *c, const muni__store_birth *b) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__ddl *ddl;
    char text[65];
    unsigned char id[16];
    muni_status st;
    MUNI_TRY(muni__schema_ddl(&mem, muni__kinds, muni__nkinds, &ddl));
    for (const muni__ddl *d = ddl; d; d = d->next)
        if (!b->copy || d->type == 't')
            MUNI_TRY(c->drv->make(c, d));
    if (b->copy) {
        st = muni__conn_meta_set(c, "copy", b->copy);
        goto out;
    }
    MUNI_TRY(muni__random(id, sizeof id));
    muni__hex(id, sizeof id, text);
    MUNI_TRY(muni__conn_meta_set(c, "id", text));
    MUNI_TRY(muni__meta_int_set(c, "test", b->test));
    MUNI_TRY(muni__meta_int_set(c, "utc_offset", b->utc_offset));
    MUNI_TRY(muni__meta_int_set(c, "created_at", b->created_at));
    MUNI_TRY(muni__meta_keys_set(c));
    MUNI_TRY(muni__schema_digest(ddl, text));
    MUNI_TRY(muni__meta_schema_set(c, text, MUNI__TABLES));
out:
    muni__arena_free(&mem);
    return st;
}

/* ---- what refused */

/* Does "k_ticket.number_key, k_ticket.x" name the columns "number_key,x"? */
static bool same_columns(const char *said, const char *table, const char *columns) {
    size_t t = strlen(table);
    for (;;) {
        size_t n = strcspn(columns, ",");
        if (strncmp(said, table, t) != 0 || said[t] != '.' || strncmp(said + t + 1, columns, n) != 0)
            return false;
        said += t + 1 + n;
        columns += n;
        if (!*columns)
            return !*said;
        if (strncmp(said, ", ", 2) != 0)
            return false;
        said += 2;
        columns++;
    }
}

void muni__schema_conflict(const char *columns, char *name, size_t name_size, char *field, size_t field_size) {
    (void)snprintf(name, name_size, "%s", columns);
    field[0] = '\0';
    for (int32_t i = 0; i < muni__nkinds; i++) {
        const muni__kind *k = &muni__kinds[i];
        char table[72], column[160];
        (void)snprintf(table, sizeof table, "k_%s", k->name);
        size_t n = strlen(table);
        if (strncmp(columns, table, n) != 0 || columns[n] != '.')
            continue;
        for (int32_t j = 0; j < k->nfields; j++) {
            const muni__field *f = &k->fields[j];
            if (f->type == MUNI__ANY)
                (void)snprintf(column, sizeof column, "%s,%s_kind", f->name, f->name);
            else
                (void)snprintf(column, sizeof column, "%s%s", f->name, key_suffix(f));
            if ((f->flags & MUNI__F_UNIQUE) && same_columns(columns, table, column)) {
                (void)snprintf(name, name_size, "u_%s_%s", k->name, f->name);
                (void)snprintf(field, field_size, "%s", f->name);
                return;
            }
        }
        for (int32_t j = 0; j < k->nindexes; j++)
            if (k->indexes[j].unique && same_columns(columns, table, k->indexes[j].columns)) {
                (void)snprintf(name, name_size, "u_%s_%s", k->name, k->indexes[j].name);
                return;
            }
    }
}

void muni__schema_conflict_index(const char *name, char *field, size_t field_size) {
    char index[160];
    field[0] = '\0';
    for (int32_t i = 0; i < muni__nkinds; i++)
        for (int32_t j = 0; j < muni__kinds[i].nfields; j++) {
            (void)snprintf(index, sizeof index, "u_%s_%s", muni__kinds[i].name, muni__kinds[i].fields[j].name);
            if ((muni__kinds[i].fields[j].flags & MUNI__F_UNIQUE) && !strcmp(index, name)) {
                (void)snprintf(field, field_size, "%s", muni__kinds[i].fields[j].name);
                return;
            }
        }
}
