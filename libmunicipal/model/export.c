/* Export: the records of a query written to a file, whole or not at all, as they are at one moment.
 *
 * One read transaction, rows by pages, into a file beside the one that is wanted; when all of it is on the disk it takes the other's name. What is no
 * file (a pipe, a terminal) is written directly. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "model/internal.h"
#include "model/list.h"
#include "model/transfer.h"

#include "core/date.h"
#include "core/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where it goes */

typedef struct target {
    int fd;      /* -1: closed */
    char *path;  /* what is wanted, links followed */
    char *temporary; /* NULL: written directly */
    int64_t bytes;
} target;

static muni_status failed(int number) {
    if (number == ENOSPC || number == EDQUOT)
        return muni__fail(MUNI_EFULL, "path", "no room is left for the file", "ファイルを書く空きがありません");
    if (number == ENOMEM)
        return muni__nomem();
    return muni__fail(MUNI_EIO, "path", "the file cannot be written (system error %d); check its folder and permissions",
                      "ファイルに書き出せません（システムのエラー%d）。フォルダーと権限を確かめてください", number);
}

static muni_status target_write(void *user, const char *p, size_t n) {
    target *t = user;
    while (n) {
        ssize_t done = write(t->fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return failed(errno);
        p += done;
        n -= (size_t)done;
        t->bytes += done;
    }
    return MUNI_OK;
}

static muni_status target_open(target *t, const char *path) {
    struct stat there;
    unsigned char random[8];
    char tail[2 * sizeof random + 1];
    muni__buf name = MUNI_BUF_INIT(PATH_MAX + 64);
    muni_status st = MUNI_OK;
    bool exists = stat(path, &there) == 0;
    if (!exists && errno != ENOENT)
        return failed(errno);
    if (exists && S_ISDIR(there.st_mode))
        return failed(EISDIR);
    if (exists && !S_ISREG(there.st_mode)) {
        t->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return t->fd < 0 ? failed(errno) : MUNI_OK;
    }
    if (exists) { /* a link keeps leading to it */
        char *real = realpath(path, NULL);
        if (!real)
            return failed(errno);
        t->path = muni__strdup(real);
        free(real);
    } else {
        t->path = muni__strdup(path);
    }
    if (!t->path)
        return MUNI_ENOMEM;
    MUNI_TRY(muni__random(random, sizeof random));
    muni__hex(random, sizeof random, tail);
    muni__buf_printf(&name, "%s.%s.tmp", t->path, tail);
    MUNI_TRY(muni__buf_take(&name, &t->temporary, NULL));
    t->fd = open(t->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (t->fd < 0) {
        st = failed(errno);
        muni__free(t->temporary);
        t->temporary = NULL;
    } else if (exists && fchmod(t->fd, there.st_mode & 07777) != 0) {
        st = failed(errno);
    }
out:
    return st;
}

/* The folder too, so that the new name outlives a power failure. A file system that cannot do this is not at fault. */
static void sync_folder(char *path) {
    char *slash = strrchr(path, '/');
    if (slash)
        slash[slash == path] = 0;
    int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static muni_status target_commit(target *t) {
    if (t->temporary && fsync(t->fd) != 0)
        return failed(errno);
    int fd = t->fd;
    t->fd = -1;
    if (close(fd) != 0 && errno != EINTR)
        return failed(errno);
    if (!t->temporary)
        return MUNI_OK;
    if (rename(t->temporary, t->path) != 0)
        return failed(errno);
    muni__free(t->temporary);
    t->temporary = NULL;
    sync_folder(t->path);
    return MUNI_OK;
}

/* Whatever was not committed is taken away. */
static void target_end(target *t) {
    if (t->fd >= 0)
        (void)close(t->fd);
    if (t->temporary)
        (void)unlink(t->temporary);
    muni__free(t->temporary);
    muni__free(t->path);
}

/* ---- an export */

typedef struct export {
    const muni_query *q;
    const muni__fields *fields;
    muni__charset charset;
    bool json, names, formulas;
    target to;
    muni__csv_writer *csv;
    muni__map refs;           /* id → index in texts */
    char **texts;
    size_t ntexts, texts_cap;
    muni__arena mem;
    muni__buf losses, line;
    int64_t records, lost;
    muni__pace pace;
} export;

static const char *header_of(const export *x, const muni__fielditem *item, muni__buf *b) {
    if (x->names)
        return item->name;
    muni__buf_clear(b);
    for (int32_t h = 0; h <= item->path.hops; h++) {
        muni__buf_puts(b, h ? "・" : "");
        muni__buf_puts(b, item->path.kind[h]->fields[item->path.field[h]].ja);
    }
    return b->p ? b->p : "";
}

static muni_status on_loss(void *user, const muni__loss *loss) {
    export *x = user;
    muni__buf *b = &x->losses;
    if (x->lost++ >= MUNI__FINDINGS_MAX || loss->column < 1 || (size_t)loss->column > x->fields->count)
        return MUNI_OK;
    muni__buf_puts(b, b->n ? ",{\"character\":" : "[{\"character\":");
    muni__buf_json(b, loss->from, strlen(loss->from));
    muni__buf name = MUNI_BUF_INIT(4096);
    const char *header = header_of(x, &x->fields->items[loss->column - 1], &name);
    muni__buf_puts(b, ",\"column\":");
    muni__buf_json(b, header, strlen(header));
    muni__buf_puts(b, ",\"record\":");
    muni__buf_int(b, loss->row);
    muni__buf_puts(b, ",\"written\":");
    muni__buf_json(b, loss->to, strlen(loss->to));
    muni__buf_putc(b, '}');
    muni_status st = name.st < 0 ? name.st : b->st;
    muni__buf_free(&name);
    return st;
}

/* ---- cells */

/* What a reference is called in a file: the identifier of its target, else # and the id. */
static muni_status reference(export *x, muni__tx *tx, const muni__field *f, int64_t id, const char **out) {
    const muni__kind *kind = muni__kind_find(f->target);
    muni__arena scratch = MUNI_ARENA_INIT;
    muni__row *row = NULL;
    char text[32];
    muni_status st = MUNI_OK;
    int32_t name = kind ? muni__transfer_identifier(kind) : -1;
    const int64_t *known = muni__map_get(&x->refs, kind ? kind->number : 0, (const char *)&id, sizeof id);
    if (known) {
        *out = x->texts[*known];
        return MUNI_OK;
    }
    const char *p = text;
    (void)snprintf(text, sizeof text, "#%lld", (long long)id);
    if (name >= 0)
        st = muni__row_find(tx, &scratch, kind, id, &row);
    if (row && row->v[name].t == MUNI_TYPE_TEXT && !(kind->fields[name].flags & MUNI__F_PERSONAL) && muni__may(tx, row, MUNI__V_READ))
        p = row->v[name].p;
    char *copy = st >= 0 ? muni__arena_strndup(&x->mem, p, strlen(p)) : NULL;
    if (st >= 0 && !copy)
        st = MUNI_ENOMEM;
    if (st >= 0)
        st = muni__grow(&x->texts, &x->texts_cap, x->ntexts + 1, sizeof *x->texts);
    if (st >= 0)
        st = muni__map_put(&x->refs, kind ? kind->number : 0, (const char *)&id, sizeof id, (int64_t)x->ntexts);
    if (st >= 0)
        *out = x->texts[x->ntexts++] = copy;
    muni__arena_free(&scratch);
    return st;
}

static muni_status put_value(export *x, muni__tx *tx, const muni__field *f, const muni__val *v) {
    char text[64];
    const char *p = text;
    switch (v->t) {
    case MUNI_TYPE_NULL: return muni__csv_put(x->csv, "", 0, MUNI__CSV_TEXT);
    case MUNI_TYPE_TEXT:
    case MUNI_TYPE_JSON: return muni__csv_put(x->csv, v->p, v->n, MUNI__CSV_TEXT);
    case MUNI_TYPE_DATE: return muni__csv_put(x->csv, v->p, v->n, MUNI__CSV_NUMBER);
    case MUNI_TYPE_BOOL: p = v->i ? "true" : "false"; break;
    case MUNI_TYPE_TIME: {
        muni_status st = muni__time_format(v->i, tx->utc_offset, text);
        if (st < 0)
            return st;
        break;
    }
    case MUNI__TYPE_ANY: {
        const muni__kind *kind = muni__kind_numbered((int32_t)v->n);
        (void)snprintf(text, sizeof text, "%.32s:%lld", kind ? kind->name : "", (long long)v->i);
        break;
    }
    default:
        if (f->type == MUNI__REF) {
            muni_status st = reference(x, tx, f, v->i, &p);
            return st < 0 ? st : muni__csv_put(x->csv, p, strlen(p), MUNI__CSV_TEXT);
        }
        (void)snprintf(text, sizeof text, "%lld", (long long)v->i);
        break;
    }
    return muni__csv_put(x->csv, p, strlen(p), MUNI__CSV_NUMBER);
}

/* What the session may not see is absent from the record: an empty cell. */
static muni_status put_rec(export *x, muni__tx *tx, const muni_rec *rec) {
    int32_t at = 0, count = muni__rec_count(rec);
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < x->fields->count && st >= 0; i++) {
        const muni__fielditem *item = &x->fields->items[i];
        muni__val v = MUNI_NULL_VAL;
        if (at < count && !strcmp(muni__rec_at(rec, at, &v), item->name))
            at++;
        else
            v = MUNI_NULL_VAL;
        st = put_value(x, tx, muni__path_field(&item->path), &v);
    }
    return st < 0 ? st : muni__csv_end_row(x->csv);
}

static muni_status put_json(export *x, const muni_rec *rec) {
    char *text = NULL;
    muni_status st = muni__rec_json(rec, &text);
    if (st < 0)
        return st;
    muni__buf_puts(&x->line, text);
    muni__buf_putc(&x->line, '\n');
    muni__free(text);
    if (x->line.st >= 0 && x->line.n < 65536)
        return MUNI_OK;
    st = x->line.st < 0 ? x->line.st : target_write(&x->to, x->line.p, x->line.n);
    muni__buf_clear(&x->line);
    return st;
}

static muni_status put_header(export *x) {
    muni__buf name = MUNI_BUF_INIT(4096);
    muni_status st = MUNI_OK;
    for (size_t i = 0; i < x->fields->count && st >= 0; i++) {
        const char *header = header_of(x, &x->fields->items[i], &name);
        st = name.st < 0 ? name.st : muni__csv_put(x->csv, header, strlen(header), MUNI__CSV_TEXT);
    }
    muni__buf_free(&name);
    return st < 0 ? st : muni__csv_end_row(x->csv);
}

/* ---- pages */

static muni_status put_page(export *x, muni__tx *tx, const muni__hit *hits, size_t count) {
    muni__row *rows[MUNI__PAGE];
    muni_rec *recs[MUNI__PAGE];
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (muni__may(tx, hits[i].row, MUNI__V_EXPORT)) /* the right to export may reach less far than that to read */
            rows[n++] = hits[i].row;
    muni_status st = muni__rows_to_recs(tx, NULL, x->q->kind, rows, n, x->fields, recs);
    if (st < 0)
        return st;
    for (size_t i = 0; i < n; i++) {
        if (st >= 0)
            st = x->json ? put_json(x, recs[i]) : put_rec(x, tx, recs[i]);
        muni_rec_free(recs[i]);
    }
    if (st >= 0)
        x->records += (int64_t)n;
    return st;
}

static muni_status write_rows(export *x, muni__tx *tx) {
    muni__arena page = MUNI_ARENA_INIT;
    const muni__val *after = x->q->after;
    int64_t left = x->q->limit;
    muni_status st = MUNI_OK;
    bool more = left != 0;
    while (more && st >= 0) {
        muni__arena next = MUNI_ARENA_INIT;
        muni__hit *hits = NULL;
        size_t count = 0, need = left >= 0 && left < MUNI__PAGE ? (size_t)left : MUNI__PAGE;
        st = muni__page(tx, &next, x->q, after, need, MUNI__PLAN_BEST, &hits, &count);
        if (st >= 0)
            st = put_page(x, tx, hits, count);
        if (st >= 0 && count) {
            after = hits[count - 1].keys;
            left -= left >= 0 ? (int64_t)count : 0;
            st = muni__pace_tell(&x->pace, x->records, 0);
        }
        more = count == need && left != 0;
        muni__arena_free(&page);
        page = next; /* the place to go on from stands in it */
    }
    muni__arena_free(&page);
    return st;
}

static muni_status may_export(const muni__tx *tx, const muni_query *q) {
    if (!muni__scopes_any(tx, q->kind, MUNI__V_EXPORT))
        return muni__fail(MUNI_EDENIED, NULL, "the session may not export records of %s%.0s; it needs the verb export", "%2$sを書き出す権限がありません（操作exportが必要です）%1$.0s", q->kind->name,
                          q->kind->ja);
    return muni__query_allowed(tx, q, true);
}

static muni_status write_file(export *x, muni__tx *tx, const char *path) {
    muni__fields *all = NULL;
    muni_status st;
    MUNI_TRY(may_export(tx, x->q));
    x->fields = x->q->fields;
    if (!x->fields) {
        MUNI_TRY(muni__fields_parse(&x->mem, x->q->kind, NULL, 0, &all));
        x->fields = all;
    }
    MUNI_TRY(target_open(&x->to, path));
    if (!x->json) {
        const muni__csv_writer_options o = { .charset = x->charset, .formulas = x->formulas, .loss = on_loss, .loss_user = x };
        MUNI_TRY(muni__csv_writer_open(target_write, &x->to, &o, &x->csv));
        MUNI_TRY(put_header(x));
    }
    MUNI_TRY(write_rows(x, tx));
    if (x->csv)
        MUNI_TRY(muni__csv_finish(x->csv, NULL));
    else if (x->line.n)
        MUNI_TRY(target_write(&x->to, x->line.p, x->line.n));
out:
    return st;
}

/* ---- the whole */

static muni_status read_options(export *x, const json_t *options) {
    const char *format, *charset, *header, *formulas, *name;
    json_t *value;
    muni_status st;
    json_object_foreach ((json_t *)(uintptr_t)options, name, value)
        if (strcmp(name, "format") != 0 && strcmp(name, "charset") != 0 && strcmp(name, "header") != 0 && strcmp(name, "formulas") != 0)
            return muni__transfer_refuse("options", "the members are format, charset, header and formulas", "指定できるのはformat、charset、header、formulasです");
    MUNI_TRY(muni__transfer_text(options, "format", &format));
    MUNI_TRY(muni__transfer_text(options, "charset", &charset));
    MUNI_TRY(muni__transfer_text(options, "header", &header));
    MUNI_TRY(muni__transfer_text(options, "formulas", &formulas));
    x->json = format && !strcmp(format, "json");
    x->names = header && !strcmp(header, "name");
    x->formulas = formulas && !strcmp(formulas, "keep");
    if (format && !x->json && strcmp(format, "csv") != 0)
        return muni__transfer_refuse("format", "format is csv or json", "formatはcsvかjsonです");
    if (header && !x->names && strcmp(header, "title") != 0)
        return muni__transfer_refuse("header", "header is title or name", "headerはtitleかnameです");
    if (formulas && !x->formulas && strcmp(formulas, "quote") != 0)
        return muni__transfer_refuse("formulas", "formulas is quote or keep", "formulasはquoteかkeepです");
    st = muni__charset_parse(charset ? charset : "UTF-8-BOM", &x->charset);
    if (st < 0 || x->charset == MUNI__CHARSET_UTF16LE || x->charset == MUNI__CHARSET_UNKNOWN)
        return muni__transfer_refuse("charset", "charset is utf-8-bom, utf-8 or cp932", "charsetはutf-8-bom、utf-8、cp932のどれかです");
    if (x->json && charset && x->charset != MUNI__CHARSET_UTF8)
        return muni__transfer_refuse("charset", "JSON is always utf-8", "JSONの文字コードはutf-8だけです");
out:
    return st;
}

static muni_status report(export *x, muni_rec **out) {
    muni_rec *rec = NULL;
    muni_status st;
    muni__buf_puts(&x->losses, x->losses.n ? "]" : "[]");
    MUNI_TRY(x->losses.st);
    MUNI_TRY(muni__rec_open(NULL, NULL, 0, 4, &rec));
    MUNI_TRY(muni__rec_add_int(rec, "records", x->records));
    MUNI_TRY(muni__rec_add_int(rec, "bytes", x->to.bytes));
    MUNI_TRY(muni__rec_add_int(rec, "lost", x->lost));
    const muni__val losses = { MUNI_TYPE_JSON, 0, x->losses.p, x->losses.n };
    MUNI_TRY(muni__rec_add(rec, "losses", &losses));
    MUNI_TRY(muni__rec_seal(rec));
    *out = rec;
    return MUNI_OK;
out:
    muni_rec_free(rec);
    return st;
}

muni_status muni_session_export(muni_session *session, const muni_query *query, const char *path, const char *options, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    export x = { .q = query, .to = { .fd = -1 }, .pace = { progress, user, "export" }, .losses = MUNI_BUF_INIT((size_t)16 << 20), .line = MUNI_BUF_INIT((size_t)80 << 20) };
    json_t *opts = NULL;
    muni__tx *tx = NULL;
    if (out)
        *out = NULL;
    if (!out || !path || !query)
        return MUNI_LEAVE(muni__fail(MUNI_EINVAL, !out ? "out" : !path ? "path" : "query", "a pointer is NULL", "ポインタがNULLです"));
    muni_status st = muni__transfer_options(options, &opts);
    if (st >= 0)
        st = read_options(&x, opts);
    if (st >= 0)
        st = muni__tx_enter(session, false, true, &tx);
    if (st >= 0)
        st = muni__tx_leave(tx, write_file(&x, tx, path));
    if (st >= 0)
        st = report(&x, out); /* before the file takes its place: what fails from here on leaves the old one */
    if (st >= 0 && (st = target_commit(&x.to)) < 0) {
        muni_rec_free(*out);
        *out = NULL;
    }
    muni__error why;
    muni__error_save(&why);
    json_decref(opts);
    target_end(&x.to);
    muni__csv_writer_free(x.csv);
    muni__map_free(&x.refs);
    muni__free(x.texts);
    muni__buf_free(&x.losses);
    muni__buf_free(&x.line);
    muni__arena_free(&x.mem);
    muni__error_restore(&why);
    return MUNI_LEAVE(st);
}
