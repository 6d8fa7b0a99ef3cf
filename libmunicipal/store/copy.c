/* Digests of whole stores, and their copies. Tables are read and written by what the schema says of them, so whatever table comes is copied, too; what is
 * done otherwise stands in `special`.
 *
 * A copy is made under its own name, with a mark that keeps everybody from opening it: tables first, whose rows come in the order of their keys, many to a
 * transaction; then indexes; then the search index, where the rows did not bring it; then what the store says of itself. Stopped anywhere, another run
 * finds by the last key of each table how far it came. At the end both stores are read, compared table by table, and the mark is taken away. */
#include "store/copy.h"

#include "store/driver.h"

#include <stdio.h>

#define PIECE_ROWS 20000
#define PIECE_BYTES ((size_t)16 << 20)
#define TELL 4096 /* rows between two calls of the progress function */
#define KEYS_MAX 4

enum { LOADED = 1, LATE = 2, COMPARED = 4, SUMMED = 8 };

static const struct {
    const char *name;
    int flags;
    const char *where; /* rows that are the same wherever the store lies */
} special[] = {
    { "m_doc", LOADED | COMPARED, NULL },
    { "m_import", LOADED | COMPARED, NULL },
    { "m_doc_queue", 0, NULL }, /* of the search index, which is made anew */
    { "m_meta", LATE | COMPARED, "\"key\" NOT IN ('copy', 'gaps', 'reindex', 'settled')" },
    { "m_seq", LATE | COMPARED, "\"name\" NOT IN ('history', 'id')" },
    { "m_journal", LATE, NULL },
};

/* ---- what a table consists of */

typedef struct column {
    const char *name;
    char type; /* of its cells */
} column;

typedef struct table {
    const char *name, *where;
    int flags;
    column *columns;
    size_t n;
    size_t keys[KEYS_MAX], nkeys;
    bool kind; /* its rows are records */
} table;

static muni_status unknown(const char *name) {
    return muni__fail(MUNI_EINTERNAL, NULL, "the table \"%s\" is made with words that a copy does not understand", "表「%s」の定義を解釈できません", name);
}

static size_t column_at(const table *t, const char *p, size_t n) {
    size_t i = 0;
    while (i < t->n && (strncmp(t->columns[i].name, p, n) != 0 || t->columns[i].name[n]))
        i++;
    return i;
}

/* "a" INTEGER PRIMARY KEY, "b" TEXT, PRIMARY KEY("a", "b")) … : our own words, so only their forms are known. */
static muni_status parse(muni__arena *mem, const muni__ddl *d, table *t) {
    const char *p = strchr(d->sql, '(');
    size_t most = 1;
    for (const char *q = p; q && *q; q++)
        most += *q == ',';
    t->name = d->name;
    t->columns = muni__arena_alloc(mem, most * sizeof *t->columns);
    if (!t->columns)
        return MUNI_ENOMEM;
    for (p = p ? p + 1 : ""; *p && *p != ')';) {
        static const char primary[] = "PRIMARY KEY(";
        bool is_key = !strncmp(p, primary, sizeof primary - 1);
        if (is_key)
            p += sizeof primary - 1;
        do {
            const char *end = *p == '"' ? strchr(p + 1, '"') : NULL;
            if (!end)
                return unknown(d->name);
            size_t n = (size_t)(end - p) - 1, at = column_at(t, p + 1, n);
            if (is_key ? at == t->n || t->nkeys == KEYS_MAX : at < t->n)
                return unknown(d->name);
            if (is_key) {
                t->keys[t->nkeys++] = at;
            } else {
                if (!(t->columns[at].name = muni__arena_strndup(mem, p + 1, n)))
                    return MUNI_ENOMEM;
                const char *type = end + 2;
                t->columns[at].type = !strncmp(type, "INTEGER", 7) ? 'i' : !strncmp(type, "TEXT", 4) ? 't' : !strncmp(type, "BLOB", 4) ? 'b' : 0;
                if (!t->columns[at].type)
                    return unknown(d->name);
                t->n++;
            }
            p = end + 1;
            if (is_key)
                p += strspn(p, ", ");
        } while (is_key && *p == '"');
        if (is_key) {
            p++; /* its parenthesis */
        } else {
            size_t rest = strcspn(p, ",)");
            if (rest >= 12 && !memcmp(p + rest - 11, "PRIMARY KEY", 11))
                t->keys[t->nkeys++] = t->n - 1;
            p += rest;
        }
        p += strspn(p, ", ");
    }
    return t->n && t->nkeys ? MUNI_OK : unknown(d->name);
}

static muni_status tables_of(muni__arena *mem, const muni__ddl *ddl, table **out, size_t *count) {
    size_t n = 0;
    muni_status st = MUNI_OK;
    for (const muni__ddl *d = ddl; d; d = d->next)
        n += d->type == 't';
    table *t = muni__arena_alloc(mem, n * sizeof *t);
    if (!t)
        return MUNI_ENOMEM;
    *out = t;
    *count = n;
    for (const muni__ddl *d = ddl; d && st >= 0; d = d->next) {
        if (d->type != 't')
            continue;
        t->flags = LOADED | COMPARED | SUMMED;
        t->kind = !strncmp(d->name, "k_", 2);
        for (size_t i = 0; i < MUNI_COUNT(special); i++)
            if (!strcmp(special[i].name, d->name)) {
                t->flags = special[i].flags;
                t->where = special[i].where;
            }
        st = parse(mem, d, t++);
    }
    return st;
}

static void put_columns(muni__buf *b, const table *t) {
    for (size_t i = 0; i < t->n; i++)
        muni__buf_printf(b, "%s\"%s\"", i ? ", " : "", t->columns[i].name);
}

static void put_keys(muni__buf *b, const table *t, const char *suffix) {
    for (size_t i = 0; i < t->nkeys; i++)
        muni__buf_printf(b, "%s\"%s\"%s", i ? ", " : "", t->columns[t->keys[i]].name, suffix);
}

/* ---- reading rows */

static void cell_of(muni__stmt *s, int i, char type, muni__cell *out) {
    *out = (muni__cell){ .type = type };
    switch (type) {
    case 'i':
        if (!muni__col_number(s, i, &out->i))
            out->type = 0;
        return;
    case 't': out->p = muni__col_text(s, i, &out->n); break;
    default: out->p = muni__col_blob(s, i, &out->n); break;
    }
    if (muni__col_null(s, i))
        out->type = 0;
}

static void bind_cell(muni__stmt *s, int i, const muni__cell *v) {
    switch (v->type) {
    case 'i': muni__bind_int(s, i, v->i); break;
    case 't': muni__bind_text(s, i, v->p ? v->p : "", v->n); break;
    case 'b': muni__bind_blob(s, i, v->p ? v->p : "", v->n); break;
    default: muni__bind_null(s, i); break;
    }
}

static muni_status cells_new(const table *t, size_t more, muni__cell **out) {
    *out = muni__alloc_n(t->n + more, sizeof **out);
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

/* The rows behind `after` (cells of its keys; NULL: all of them), in the order of the keys. */
static muni_status rows_open(muni__conn *c, const table *t, const muni__cell *after, muni__stmt **out) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni_status st;
    *out = NULL;
    muni__buf_puts(&b, "SELECT ");
    put_columns(&b, t);
    muni__buf_printf(&b, " FROM \"%s\"", t->name);
    if (t->where)
        muni__buf_printf(&b, " WHERE %s", t->where);
    if (after) {
        muni__buf_puts(&b, t->where ? " AND (" : " WHERE (");
        put_keys(&b, t, "");
        muni__buf_puts(&b, ") > (");
        for (size_t i = 0; i < t->nkeys; i++)
            muni__buf_printf(&b, "%s?%d", i ? ", " : "", (int)i + 1);
        muni__buf_putc(&b, ')');
    }
    muni__buf_puts(&b, " ORDER BY ");
    put_keys(&b, t, "");
    MUNI_TRY(b.st);
    MUNI_TRY(muni__sql(c, b.p, out));
    for (size_t i = 0; after && i < t->nkeys; i++)
        bind_cell(*out, (int)i + 1, &after[i]);
    muni__many(*out);
out:
    muni__buf_free(&b);
    return st;
}

static muni_status row_next(muni__stmt *s, const table *t, muni__cell *cells) {
    muni_status st = muni__step(s);
    for (size_t i = 0; st == MUNI_ROW && i < t->n; i++)
        cell_of(s, (int)i, t->columns[i].type, &cells[i]);
    return st;
}

static size_t bytes_of(const table *t, const muni__cell *cells) {
    size_t n = 8 * t->n;
    for (size_t i = 0; i < t->n; i++)
        n += cells[i].n;
    return n;
}

/* ---- digests */

typedef struct teller {
    muni_progress_fn progress;
    void *user;
    const char *stage;
    int64_t done, total;
} teller;

static muni_status tell(teller *l, int64_t more) {
    int64_t before = l->done / TELL;
    l->done += more;
    if (more && l->done / TELL == before)
        return MUNI_OK;
    const muni__work w = { .name = l->stage, .total = l->total };
    return muni__work_tell(l->progress, l->user, &w, l->done);
}

static void big_endian(uint64_t v, unsigned char out[8]) {
    for (int i = 7; i >= 0; i--, v >>= 8)
        out[i] = (unsigned char)v;
}

/* A type, and 8 bytes: of a number itself, of a text or bytes how many follow. */
static void sum_cell(muni__sha *h, const muni__cell *v) {
    unsigned char head[9] = { (unsigned char)v->type };
    if (v->type) {
        big_endian(v->type == 'i' ? (uint64_t)v->i : v->n, head + 1);
        muni__sha_add(h, head, sizeof head);
    } else {
        muni__sha_add(h, head, 1);
    }
    if (v->n)
        muni__sha_add(h, v->p, v->n);
}

static muni_status sum_table(muni__conn *c, const table *t, teller *l, muni__table_digest *out) {
    muni__stmt *s = NULL;
    muni__cell *cells = NULL;
    muni__sha h;
    muni_status st;
    *out = (muni__table_digest){ .rows = 0 };
    (void)snprintf(out->name, sizeof out->name, "%s", t->name);
    muni__sha_init(&h);
    for (size_t i = 0; i < t->n; i++)
        muni__sha_add(&h, t->columns[i].name, strlen(t->columns[i].name) + 1);
    MUNI_TRY(cells_new(t, 0, &cells));
    MUNI_TRY(rows_open(c, t, NULL, &s));
    while ((st = row_next(s, t, cells)) == MUNI_ROW) {
        for (size_t i = 0; i < t->n; i++)
            sum_cell(&h, &cells[i]);
        out->rows++;
        MUNI_TRY(tell(l, 1));
    }
    muni__sha_end(&h, out->hash);
out:
    muni__done(s);
    muni__free(cells);
    return st < 0 ? st : MUNI_OK;
}

/* The last hash of a table of the history, zeros where it is empty. */
static muni_status last_hash(muni__conn *c, const char *sql, unsigned char out[MUNI__HASH]) {
    muni__stmt *s;
    memset(out, 0, MUNI__HASH);
    muni_status st = muni__sql(c, sql, &s);
    if (st < 0)
        return st;
    if ((st = muni__step(s)) == MUNI_ROW) {
        size_t n;
        const void *p = muni__col_blob(s, 0, &n);
        if (p && n == MUNI__HASH)
            memcpy(out, p, n);
    }
    muni__done(s);
    return st < 0 ? st : MUNI_OK;
}

static muni_status sum_store(muni__conn *c, const table *tables, size_t n, teller *l, muni__store_sum *out) {
    muni__sha h;
    unsigned char rows[8];
    char *id = NULL;
    muni_status st;
    *out = (muni__store_sum){ .tables = muni__alloc_n(n, sizeof *out->tables) };
    if (!out->tables)
        return MUNI_ENOMEM;
    MUNI_TRY(muni__conn_meta_get(c, "id", &id));
    muni__sha_init(&h);
    muni__sha_add(&h, "municipal store 1", 18);
    if (id)
        muni__sha_add(&h, id, strlen(id) + 1);
    for (size_t i = 0; i < n; i++) {
        const table *t = &tables[i];
        muni__table_digest *d = &out->tables[out->ntables];
        if (!(t->flags & COMPARED))
            continue;
        MUNI_TRY(sum_table(c, t, l, d));
        out->ntables++;
        if (!(t->flags & SUMMED))
            continue;
        out->rows += d->rows;
        out->records += t->kind ? d->rows : 0;
        out->history_rows += strcmp(t->name, "m_history") ? 0 : d->rows;
        big_endian((uint64_t)d->rows, rows);
        muni__sha_add(&h, t->name, strlen(t->name) + 1);
        muni__sha_add(&h, rows, sizeof rows);
        muni__sha_add(&h, d->hash, sizeof d->hash);
    }
    muni__sha_end(&h, out->hash);
    st = last_hash(c, "SELECT hash FROM m_block ORDER BY no DESC LIMIT 1", out->head);
out:
    muni__free(id);
    if (st < 0)
        muni__store_sum_free(out);
    return st;
}

void muni__store_sum_free(muni__store_sum *sum) {
    muni__free(sum->tables);
    *sum = (muni__store_sum){ .tables = NULL };
}

static muni_status count_rows(muni__conn *c, const table *tables, size_t n, int flags, int64_t *out) {
    char sql[200];
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        muni__stmt *s;
        if (!(tables[i].flags & flags))
            continue;
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", tables[i].name);
        muni_status st = muni__sql(c, sql, &s);
        if (st < 0)
            return st;
        if ((st = muni__step(s)) == MUNI_ROW)
            *out += muni__col_int(s, 0);
        muni__done(s);
        if (st < 0)
            return st;
    }
    return MUNI_OK;
}

/* A store that was opened has at least our tables; one that has others as well was made with another library's. It may have come since we opened it. */
static muni_status check_ours(muni__conn *c) {
    char ours[65], *is = NULL;
    muni_status st = muni__schema_ours(ours);
    if (st >= 0)
        st = muni__conn_meta_get(c, "schema", &is);
    if (st >= 0 && (!is || strcmp(ours, is) != 0))
        st = muni__fail(MUNI_ENOTSUP, NULL, "the store has tables of another version of the library; use that version", "保存先に、別の版のライブラリの表があります。その版を使ってください");
    muni__free(is);
    return st;
}

static muni_status schema_tables(muni__arena *mem, const muni__ddl **ddl, table **tables, size_t *n) {
    muni__ddl *d;
    muni_status st = muni__schema_ddl(mem, muni__kinds, muni__nkinds, &d);
    *ddl = d;
    return st < 0 ? st : tables_of(mem, d, tables, n);
}

muni_status muni__store_sum_of(muni__conn *c, muni_progress_fn progress, void *user, muni__store_sum *out) {
    muni__arena mem = MUNI_ARENA_INIT;
    teller l = { progress, user, "digest", 0, 0 };
    const muni__ddl *ddl;
    table *tables;
    size_t n;
    muni_status st;
    *out = (muni__store_sum){ .tables = NULL };
    MUNI_TRY(check_ours(c));
    MUNI_TRY(schema_tables(&mem, &ddl, &tables, &n));
    if (progress)
        MUNI_TRY(count_rows(c, tables, n, COMPARED, &l.total));
    st = sum_store(c, tables, n, &l, out);
out:
    muni__arena_free(&mem);
    return st;
}

/* ---- copying */

typedef struct copier {
    muni__conn *from, *to;
    const table *tables;
    size_t n;
    const muni__ddl *ddl;
    const muni__store_options *o;
    teller l;
    int64_t id, history; /* the last ones of the source */
    char mark[120];      /* "store fingerprint"; in the target " indexed" stands behind it where that is done */
    bool indexed;
    bool resumed;
    bool whole;          /* the copy was there already, as it should be: only to be compared */
} copier;

/* What changes whenever the source does. (Not the counters: on a server they go on where nothing was written.) */
static muni_status fingerprint(copier *k) {
    unsigned char hash[MUNI__HASH];
    char *id = NULL, text[65];
    teller quiet = { NULL, NULL, "", 0, 0 };
    muni__sha h;
    muni_status st;
    MUNI_TRY(muni__conn_meta_get(k->from, "id", &id));
    MUNI_TRY(muni__conn_last(k->from, "id", &k->id));
    MUNI_TRY(muni__conn_last(k->from, "history", &k->history));
    muni__sha_init(&h);
    MUNI_TRY(last_hash(k->from, "SELECT hash FROM m_history ORDER BY id DESC LIMIT 1", hash));
    muni__sha_add(&h, hash, sizeof hash);
    for (size_t i = 0; i < k->n; i++) {
        muni__table_digest d;
        if (strcmp(k->tables[i].name, "m_import") != 0 && strcmp(k->tables[i].name, "m_seq") != 0)
            continue;
        MUNI_TRY(sum_table(k->from, &k->tables[i], &quiet, &d));
        muni__sha_add(&h, d.hash, sizeof d.hash);
    }
    muni__sha_end(&h, hash);
    muni__hex(hash, sizeof hash, text);
    (void)snprintf(k->mark, sizeof k->mark, "%.32s %s", id ? id : "", text);
out:
    muni__free(id);
    return st;
}

static muni_status others(void) {
    return muni__fail(MUNI_EBUSY, "url", "another process copies to the same place", "別のプロセスが同じ場所へ複製しています");
}

/* A piece is to be written: nobody else writes one now, and nobody has finished it meanwhile. */
static muni_status piece_begin(copier *k) {
    char *mark = NULL;
    muni_status st;
    MUNI_TRY(muni__conn_begin(k->to, true));
    MUNI_TRY(muni__conn_rule(k->to, "copy"));
    MUNI_TRY(muni__conn_meta_get(k->to, "copy", &mark));
    if (!mark || strncmp(mark, k->mark, strlen(k->mark)) != 0)
        st = others();
    else
        k->indexed = mark[strlen(k->mark)] != '\0';
out:
    muni__free(mark);
    return st;
}

static muni_status keep_cell(muni__arena *mem, const muni__cell *v, muni__cell *out) {
    *out = *v;
    return !v->p || (out->p = muni__arena_strndup(mem, v->p, v->n)) ? MUNI_OK : MUNI_ENOMEM;
}

/* The keys of the last row there is in the target; `*there` false: it is empty. Texts go into `mem`. */
static muni_status last_keys(copier *k, const table *t, muni__arena *mem, muni__cell *keys, bool *there) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni__stmt *s = NULL;
    muni_status st;
    muni__buf_puts(&b, "SELECT ");
    put_keys(&b, t, "");
    muni__buf_printf(&b, " FROM \"%s\" ORDER BY ", t->name);
    put_keys(&b, t, " DESC");
    muni__buf_puts(&b, " LIMIT 1");
    MUNI_TRY(b.st);
    MUNI_TRY(muni__sql(k->to, b.p, &s));
    MUNI_TRY(muni__step(s));
    *there = st == MUNI_ROW;
    for (size_t i = 0; *there && i < t->nkeys; i++) {
        cell_of(s, (int)i, t->columns[t->keys[i]].type, &keys[i]);
        MUNI_TRY(keep_cell(mem, &keys[i], &keys[i]));
    }
    st = MUNI_OK;
out:
    muni__done(s);
    muni__buf_free(&b);
    return st;
}

static bool same_keys(const table *t, const muni__cell *a, const muni__cell *b) {
    for (size_t i = 0; i < t->nkeys; i++)
        if (a[i].type != b[i].type || a[i].i != b[i].i || a[i].n != b[i].n || (a[i].n && memcmp(a[i].p, b[i].p, a[i].n) != 0))
            return false;
    return true;
}

/* Writing rows into a table of the target: as the driver likes it best, or one by one. */
typedef struct writer {
    muni__conn *c;
    muni__stmt *s;
    const table *t;
    bool many, tokens;
    muni__buf text;
} writer;

static muni_status writer_open(writer *w, muni__conn *c, const table *t) {
    muni__buf b = MUNI_BUF_INIT(0);
    muni_status st;
    *w = (writer){ .c = c, .t = t, .many = c->drv->load_open != NULL, .tokens = c->drv->search->load_column && !strcmp(t->name, "m_doc"), .text = MUNI_BUF_INIT(0) };
    muni__buf_printf(&b, "\"%s\"(", t->name);
    put_columns(&b, t);
    if (w->tokens)
        muni__buf_printf(&b, ", \"%s\"", c->drv->search->load_column);
    muni__buf_putc(&b, ')');
    if (w->many) {
        st = b.st < 0 ? b.st : c->drv->load_open(c, b.p);
    } else {
        muni__buf sql = MUNI_BUF_INIT(0);
        muni__buf_puts(&sql, "INSERT INTO ");
        muni__buf_put(&sql, b.p ? b.p : "", b.n);
        for (size_t i = 0; i < t->n; i++)
            muni__buf_printf(&sql, i ? ", ?%d" : " VALUES(?%d", (int)i + 1);
        muni__buf_putc(&sql, ')');
        st = b.st < 0 ? b.st : sql.st < 0 ? sql.st : muni__sql(c, sql.p, &w->s);
        muni__buf_free(&sql);
    }
    muni__buf_free(&b);
    return st;
}

/* `cells` has room for one more. */
static muni_status writer_row(writer *w, muni__cell *cells) {
    const table *t = w->t;
    muni_status st;
    if (w->tokens) {
        const muni__cell *keys = &cells[column_at(t, "keys", 4)];
        st = w->c->drv->search->load_value(&w->text, keys->p ? keys->p : "", keys->n);
        if (st < 0)
            return st;
        cells[t->n] = (muni__cell){ .type = 't', .p = w->text.p, .n = w->text.n };
    }
    if (w->many)
        return w->c->drv->load_row(w->c, cells, t->n + w->tokens);
    for (size_t i = 0; i < t->n; i++)
        bind_cell(w->s, (int)i + 1, &cells[i]);
    st = muni__step(w->s);
    w->c->drv->reset(w->s->native);
    w->s->ended = false;
    return st;
}

static muni_status writer_close(writer *w, muni_status st) {
    if (w->many) {
        muni_status end = w->c->drv->load_close(w->c, st >= 0);
        st = st < 0 ? st : end;
    }
    muni__done(w->s);
    muni__buf_free(&w->text);
    return st;
}

/* One transaction's worth of a table's rows. `keys` are those of the last row there, in `mem`. */
static muni_status load_piece(copier *k, const table *t, muni__stmt *s, muni__cell *cells, muni__arena *mem, muni__cell *keys, bool *there, bool *more) {
    muni__cell found[KEYS_MAX];
    muni__arena now = MUNI_ARENA_INIT;
    writer w = { .s = NULL };
    bool any = false, open = false;
    size_t bytes = 0;
    int64_t rows = 0;
    muni_status st;
    MUNI_TRY(piece_begin(k));
    MUNI_TRY(last_keys(k, t, &now, found, &any));
    if (any != *there || (any && !same_keys(t, found, keys)))
        MUNI_TRY(others());
    MUNI_TRY(writer_open(&w, k->to, t));
    open = true;
    while (*more && rows < PIECE_ROWS && bytes < PIECE_BYTES) {
        MUNI_TRY(row_next(s, t, cells));
        *more = st == MUNI_ROW;
        if (!*more)
            break;
        bytes += bytes_of(t, cells);
        MUNI_TRY(writer_row(&w, cells));
        rows++;
    }
    open = false;
    MUNI_TRY(writer_close(&w, MUNI_OK));
    if (*more) { /* the next piece begins behind this row, whose cells are still there */
        muni__arena_reset(mem);
        *there = true;
        for (size_t i = 0; i < t->nkeys; i++)
            MUNI_TRY(keep_cell(mem, &cells[t->keys[i]], &keys[i]));
    }
    MUNI_TRY(muni__conn_commit(k->to));
    st = tell(&k->l, rows);
out:
    if (open)
        st = writer_close(&w, st);
    muni__conn_rollback(k->to); /* where it is still open */
    muni__arena_free(&now);
    return st < 0 ? st : MUNI_OK;
}

static muni_status load_table(copier *k, const table *t) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni__cell keys[KEYS_MAX], *cells = NULL;
    muni__stmt *s = NULL;
    bool there = false, more = true;
    muni_status st;
    MUNI_TRY(cells_new(t, 1, &cells));
    MUNI_TRY(muni__conn_begin(k->to, false));
    st = last_keys(k, t, &mem, keys, &there);
    muni__conn_rollback(k->to);
    MUNI_TRY(st);
    k->resumed |= there;
    MUNI_TRY(rows_open(k->from, t, there ? keys : NULL, &s));
    while (more)
        MUNI_TRY(load_piece(k, t, s, cells, &mem, keys, &there, &more));
out:
    muni__done(s);
    muni__free(cells);
    muni__arena_free(&mem);
    return st;
}

static muni_status make_indexes(copier *k) {
    int32_t missing;
    muni_status st = MUNI_OK;
    k->l.stage = "indexes";
    for (const muni__ddl *d = k->ddl; d; d = d->next) {
        muni__ddl one = *d;
        one.next = NULL;
        if (d->type == 't')
            continue;
        MUNI_TRY(piece_begin(k));
        MUNI_TRY(muni__schema_add(k->to, &one, 1, &missing));
        MUNI_TRY(muni__conn_commit(k->to));
        MUNI_TRY(tell(&k->l, 0));
    }
out:
    muni__conn_rollback(k->to);
    return st;
}

/* Where the rows did not bring it. */
static muni_status make_search(copier *k) {
    muni__work w = { .name = "reindex" };
    bool again = true;
    muni_status st = MUNI_OK;
    k->l.stage = "search";
    while (again) {
        MUNI_TRY(piece_begin(k));
        again = !k->indexed && !k->to->drv->search->load_column;
        if (again)
            MUNI_TRY(muni__reindex_piece(k->to, &w, &again));
        if (!again) {
            char done[sizeof k->mark + 10];
            (void)snprintf(done, sizeof done, "%s indexed", k->mark);
            MUNI_TRY(muni__conn_meta_set(k->to, "copy", done));
        }
        MUNI_TRY(muni__conn_commit(k->to));
        MUNI_TRY(tell(&k->l, 0));
    }
out:
    muni__conn_rollback(k->to);
    return st;
}

/* What is small, and says how the rest is to be read: in one transaction, over what an earlier run may have written. */
static muni_status late_table(copier *k, const table *t) {
    char sql[300];
    muni__cell *cells = NULL;
    muni__stmt *s = NULL;
    writer w;
    muni_status st;
    (void)snprintf(sql, sizeof sql, "DELETE FROM \"%s\"%s%s", t->name, t->where ? " WHERE " : "", t->where ? t->where : "");
    MUNI_TRY(muni__run(k->to, sql));
    MUNI_TRY(cells_new(t, 1, &cells));
    MUNI_TRY(rows_open(k->from, t, NULL, &s));
    MUNI_TRY(writer_open(&w, k->to, t));
    while ((st = row_next(s, t, cells)) == MUNI_ROW && (st = writer_row(&w, cells)) >= 0) {
    }
    st = writer_close(&w, st);
out:
    muni__done(s);
    muni__free(cells);
    return st;
}

static muni_status finish(copier *k) {
    muni__work w;
    int64_t gaps;
    muni_status st;
    MUNI_TRY(muni__conn_gaps(k->from, &gaps));
    MUNI_TRY(piece_begin(k));
    for (size_t i = 0; i < k->n; i++)
        if (k->tables[i].flags & LATE)
            MUNI_TRY(late_table(k, &k->tables[i]));
    /* a reindexing that was going on in the source is done here */
    MUNI_TRY(muni__run(k->to, "UPDATE \"m_journal\" SET \"done_at\" = \"begun_at\" WHERE \"work\" = 'reindex' AND \"done_at\" IS NULL"));
    MUNI_TRY(muni__conn_reach(k->to, "id", k->id));
    MUNI_TRY(muni__conn_reach(k->to, "history", k->history));
    if (gaps)
        MUNI_TRY(muni__meta_int_set(k->to, "gaps", gaps < k->history ? gaps : k->history));
    MUNI_TRY(muni__work_begin(k->to, "copy", k->o->now, k->l.done, &w));
    w.changed = k->l.done;
    MUNI_TRY(muni__work_save(k->to, &w, k->o->now));
    MUNI_TRY(muni__conn_commit(k->to));
    if (k->to->drv->load_done)
        st = k->to->drv->load_done(k->to);
out:
    muni__conn_rollback(k->to);
    return st;
}

static muni_status exists(void) {
    return muni__fail(MUNI_EUNIQUE, "url", "there is a store already, which is not the same; a store is never overwritten", "すでに別の内容の保存先があります。上書きはしません");
}

/* Both are read once more: what the source holds, and what the copy does. */
static muni_status compare(copier *k, muni__store_sum *sum, const char **wrong) {
    muni__store_sum source = { .tables = NULL };
    int64_t id = 0, history = 0;
    muni_status st;
    *wrong = NULL;
    k->l = (teller){ k->o->progress, k->o->user, "verify", 0, 0 };
    if (k->o->progress)
        MUNI_TRY(count_rows(k->from, k->tables, k->n, COMPARED, &k->l.total));
    k->l.total *= 2;
    MUNI_TRY(sum_store(k->from, k->tables, k->n, &k->l, &source));
    MUNI_TRY(muni__conn_begin(k->to, false));
    MUNI_TRY(sum_store(k->to, k->tables, k->n, &k->l, sum));
    MUNI_TRY(muni__conn_last(k->to, "id", &id));
    MUNI_TRY(muni__conn_last(k->to, "history", &history));
    if (!k->whole && (id < k->id || history < k->history))
        *wrong = "m_seq";
    for (size_t i = 0; i < source.ntables && !*wrong; i++)
        for (size_t t = 0; t < k->n; t++)
            if (!strcmp(k->tables[t].name, source.tables[i].name) && (source.tables[i].rows != sum->tables[i].rows || memcmp(source.tables[i].hash, sum->tables[i].hash, MUNI__HASH) != 0))
                *wrong = k->tables[t].name;
    if (!*wrong && (memcmp(source.hash, sum->hash, MUNI__HASH) != 0 || memcmp(source.head, sum->head, MUNI__HASH) != 0))
        *wrong = "m_meta";
out:
    muni__conn_rollback(k->to);
    muni__store_sum_free(&source);
    return st;
}

/* It is not what it should be: nobody can open it, and the next run begins anew. Unless another process has finished it meanwhile: then it is left alone. */
static muni_status discard(copier *k, const char *wrong) {
    char mark[sizeof k->mark + 20];
    muni_status st;
    (void)snprintf(mark, sizeof mark, "%.32s discarded", k->mark);
    MUNI_TRY(piece_begin(k));
    MUNI_TRY(muni__conn_meta_set(k->to, "copy", mark));
    MUNI_TRY(muni__conn_commit(k->to));
    st = muni__fail(MUNI_EIO, NULL, "the copy is not what the source is (table %s), and nobody can open it; do it again, and look after the disk if it happens again",
                    "複製が元と一致しません（表%s）。この複製は開けません。もう一度行い、繰り返す場合はディスクを確認してください", wrong);
out:
    muni__conn_rollback(k->to);
    return st;
}

static muni_status publish(copier *k) {
    muni_status st;
    MUNI_TRY(piece_begin(k));
    MUNI_TRY(muni__conn_meta_set(k->to, "copy", NULL));
    MUNI_TRY(muni__conn_commit(k->to));
out:
    muni__conn_rollback(k->to);
    return st;
}

/* What stands in the target, of this source as it was before, is taken out, in one transaction: its place and its mark stay, so that who may still be
 * writing it finds another mark and stops. */
static muni_status clear(copier *k, const char *mark) {
    char sql[300], *is = NULL;
    muni_status st;
    MUNI_TRY(muni__conn_begin(k->to, true));
    MUNI_TRY(muni__conn_rule(k->to, "copy"));
    MUNI_TRY(muni__conn_meta_get(k->to, "copy", &is));
    if (!is || strcmp(is, mark) != 0)
        MUNI_TRY(others());
    for (size_t i = 0; i < k->n; i++) {
        (void)snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", k->tables[i].name);
        MUNI_TRY(muni__run(k->to, sql));
    }
    MUNI_TRY(muni__conn_meta_set(k->to, "copy", k->mark));
    MUNI_TRY(muni__conn_commit(k->to));
out:
    muni__conn_rollback(k->to);
    muni__free(is);
    return st;
}

/* Is it what an earlier copy of this source left, or made? `*mark` (owned): NULL where it is whole. */
static muni_status look_at(copier *k, char **mark) {
    char *id = NULL;
    bool same = false;
    muni_status st;
    MUNI_TRY(muni__conn_begin(k->to, false));
    MUNI_TRY(muni__conn_meta_get(k->to, "copy", mark));
    if (*mark && strncmp(*mark, k->mark, 33) != 0)
        MUNI_TRY(muni__fail(MUNI_EUNIQUE, "url", "there is an unfinished copy of another store; finish that, or take it away", "別の保存先の、完了していない複製があります。完了させるか取り除いてください"));
    if (*mark)
        goto out;
    MUNI_TRY(muni__conn_meta_get(k->to, "id", &id));
    k->whole = id && !strncmp(id, k->mark, 32);
    if (!k->whole)
        MUNI_TRY(exists());
    MUNI_TRY(muni__conn_same(k->from, k->to, &same));
    if (same)
        st = muni__fail(MUNI_EINVAL, "url", "the copy would be the store itself; name another place", "複製元と複製先が同じです。別の場所を指定してください");
out:
    muni__conn_rollback(k->to);
    muni__free(id);
    return st;
}

/* The target, open, and a connection to it. */
static muni_status open_target(copier *k, const char *url, muni__store **out) {
    muni__store_options o = *k->o;
    muni__store_birth b = { .copy = k->mark };
    muni__error why;
    char *mark = NULL;
    o.copying = true;
    muni_status st = muni__store_create(url, &o, &b, out);
    if (st >= 0)
        return muni__store_borrow(*out, &k->to);
    if (st != MUNI_EUNIQUE)
        return st;
    muni__error_save(&why);
    if (muni__store_open(url, &o, out) < 0) {
        muni__error_restore(&why);
        return st;
    }
    MUNI_TRY(muni__store_borrow(*out, &k->to));
    MUNI_TRY(look_at(k, &mark));
    if (mark && strncmp(mark, k->mark, strlen(k->mark)) != 0)
        MUNI_TRY(clear(k, mark));
    if (!mark) { /* a whole one is opened as any other */
        muni__store_return(*out, k->to);
        muni__store_close(*out);
        *out = NULL;
        k->to = NULL;
        o.copying = false;
        MUNI_TRY(muni__store_open(url, &o, out));
        st = muni__store_borrow(*out, &k->to);
    }
out:
    muni__free(mark);
    return st;
}

/* Everything but the mark. */
static muni_status fill(copier *k) {
    muni_status st = MUNI_OK;
    if (k->o->progress)
        MUNI_TRY(count_rows(k->from, k->tables, k->n, LOADED, &k->l.total));
    for (size_t i = 0; i < k->n; i++)
        if (k->tables[i].flags & LOADED)
            MUNI_TRY(load_table(k, &k->tables[i]));
    MUNI_TRY(make_indexes(k));
    MUNI_TRY(make_search(k));
    st = finish(k);
out:
    return st;
}

muni_status muni__store_copy(muni__conn *from, const char *url, const muni__store_options *o, muni__store_sum *sum, bool *resumed) {
    muni__arena mem = MUNI_ARENA_INIT;
    copier k = { .from = from, .o = o, .l = { o->progress, o->user, "copy", 0, 0 } };
    muni__store *target = NULL;
    const char *wrong;
    table *tables;
    muni_status st;
    *sum = (muni__store_sum){ .tables = NULL };
    *resumed = false;
    MUNI_TRY(check_ours(from));
    MUNI_TRY(schema_tables(&mem, &k.ddl, &tables, &k.n));
    k.tables = tables;
    MUNI_TRY(fingerprint(&k));
    MUNI_TRY(open_target(&k, url, &target));
    if (!k.whole)
        MUNI_TRY(fill(&k));
    MUNI_TRY(compare(&k, sum, &wrong));
    if (wrong)
        MUNI_TRY(k.whole ? exists() : discard(&k, wrong));
    if (!k.whole)
        MUNI_TRY(publish(&k));
    *resumed = k.resumed || k.whole;
out:
    if (target) {
        muni__error why;
        muni__error_save(&why);
        muni__store_return(target, k.to);
        muni__store_close(target);
        muni__error_restore(&why);
    }
    muni__arena_free(&mem);
    if (st < 0)
        muni__store_sum_free(sum);
    return st;
}
