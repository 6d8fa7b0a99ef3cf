#include "glue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text */

void muni_bind_add(muni_bind_text *t, const char *p, size_t n) {
    if (t->failed)
        return;
    if (n > MUNI_BIND_BYTES || t->n + n > MUNI_BIND_BYTES) {
        t->failed = t->full = true;
        return;
    }
    if (t->n + n + 1 > t->room) {
        size_t room = (t->n + n + 1) * 2 + 64;
        char *bigger = realloc(t->p, room);
        if (!bigger) {
            t->failed = true;
            return;
        }
        t->p = bigger;
        t->room = room;
    }
    if (n)
        memcpy(t->p + t->n, p, n);
    t->n += n;
    t->p[t->n] = '\0';
}

void muni_bind_puts(muni_bind_text *t, const char *s) {
    muni_bind_add(t, s, strlen(s));
}

void muni_bind_int(muni_bind_text *t, long long v) {
    char s[32];
    muni_bind_add(t, s, (size_t)snprintf(s, sizeof s, "%lld", v));
}

void muni_bind_string(muni_bind_text *t, const char *p, size_t n) {
    muni_bind_add(t, "\"", 1);
    for (size_t i = 0, from = 0; i <= n; i++) {
        unsigned char c = i < n ? (unsigned char)p[i] : 0;
        if (i < n && c >= 0x20 && c != '"' && c != '\\')
            continue;
        muni_bind_add(t, p + from, i - from);
        from = i + 1;
        if (i == n)
            break;
        char s[8];
        if (c >= 0x20)
            snprintf(s, sizeof s, "\\%c", c);
        else
            snprintf(s, sizeof s, "\\u%04x", c);
        muni_bind_puts(t, s);
    }
    muni_bind_add(t, "\"", 1);
}

char *muni_bind_take(muni_bind_text *t) {
    char *p = t->failed ? NULL : t->p;
    if (!p)
        free(t->p);
    t->p = NULL;
    return p;
}

void muni_bind_drop(muni_bind_text *t) {
    free(t->p);
    t->p = NULL;
}

bool muni_bind_utf8(const char *text, size_t n) {
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; i < n;) {
        unsigned c = p[i];
        size_t more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 4;
        if (more == 4 || more > n - i - 1)
            return false;
        unsigned v = more == 0 ? c : c & (0x3fu >> more);
        for (size_t k = 1; k <= more; k++) {
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
            v = v << 6 | (p[i + k] & 0x3fu);
        }
        if ((more == 2 && v < 0x800) || (more == 3 && (v < 0x10000 || v > 0x10ffff)) || (v >= 0xd800 && v < 0xe000))
            return false;
        i += more + 1;
    }
    return true;
}

/* ---- time */

int64_t muni_bind_days(int year, int month, int day) { /* Howard Hinnant's days_from_civil */
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void muni_bind_split(int64_t at, int32_t zone, muni_bind_civil *out) {
    int64_t local = at + zone, days = local / 86400, secs = local % 86400;
    if (secs < 0) {
        secs += 86400;
        days--;
    }
    int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365, doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    out->year = (int)(yoe + era * 400 + (out->month <= 2));
    out->hour = (int)(secs / 3600);
    out->minute = (int)(secs / 60 % 60);
    out->second = (int)(secs % 60);
}

void muni_bind_moment(int64_t at, char out[MUNI_BIND_MOMENT]) {
    muni_bind_civil c;
    muni_bind_split(at, MUNI_BIND_ZONE, &c);
    snprintf(out, MUNI_BIND_MOMENT, "%04u-%02u-%02uT%02u:%02u:%02u+09:00", (unsigned)c.year % 10000u, (unsigned)c.month % 100u,
             (unsigned)c.day % 100u, (unsigned)c.hour % 100u, (unsigned)c.minute % 100u, (unsigned)c.second % 100u);
}

static int digits(const char *p, int n) {
    int v = 0;
    for (int i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return -1;
        v = v * 10 + (p[i] - '0');
    }
    return v;
}

bool muni_bind_ymd(const char *text, int *year, int *month, int *day) {
    if (strlen(text) != 10 || text[4] != '-' || text[7] != '-')
        return false;
    *year = digits(text, 4);
    *month = digits(text + 5, 2);
    *day = digits(text + 8, 2);
    return *year >= 1 && *month >= 1 && *month <= 12 && *day >= 1 && *day <= 31;
}

/* ---- the tables */

#define DATE_OF_INT 0
#define DATE_OF_BOOL 0
#define DATE_OF_TEXT 0
#define DATE_OF_NOTE 0
#define DATE_OF_KEY 0
#define DATE_OF_CODE 0
#define DATE_OF_DATE 1
#define DATE_OF_TIME 0
#define DATE_OF_SECS 0
#define DATE_OF_YEN 0
#define DATE_OF_BYTES 0
#define DATE_OF_REF 0
#define DATE_OF_ANY 0
#define DATE_OF_JSON 0

static const struct {
    const char *kind, *field;
    int date;
} fields[] = {
#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc) { #kname, NULL, 0 },
#define MUNI_FIELD(K, F, fname, ftype, fflags, ftarget, fmax, fja, fen, fdoc) { NULL, #fname, DATE_OF_##ftype },
#include "kinds.def"
};

bool muni_bind_is_date(const char *kind, const char *field, size_t n) {
    bool here = false;
    for (size_t i = 0; kind && i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].kind)
            here = !strcmp(fields[i].kind, kind);
        else if (here && fields[i].date && strlen(fields[i].field) == n && !memcmp(fields[i].field, field, n))
            return true;
    return false;
}

/* ---- objects */

char *muni_bind_object(const muni_bind_member *members, size_t count) {
    muni_bind_text t = { 0 };
    muni_bind_puts(&t, "{");
    for (size_t i = 0; i < count; i++) {
        if (!members[i].json)
            continue;
        if (t.n > 1)
            muni_bind_puts(&t, ",");
        muni_bind_string(&t, members[i].name, strlen(members[i].name));
        muni_bind_puts(&t, ":");
        muni_bind_puts(&t, members[i].json);
    }
    muni_bind_puts(&t, "}");
    return muni_bind_take(&t);
}

/* ---- calls of another form */

muni_status muni_bind_parse_date(const char *text, int32_t column, const char *era, char **out) {
    static const struct {
        const char *name;
        int32_t flag;
    } eras[] = { { "meiji", MUNI_DATE_ERA_MEIJI }, { "taisho", MUNI_DATE_ERA_TAISHO }, { "showa", MUNI_DATE_ERA_SHOWA },
                 { "heisei", MUNI_DATE_ERA_HEISEI }, { "reiwa", MUNI_DATE_ERA_REIWA } };
    int32_t flags = column ? MUNI_DATE_COLUMN : 0;
    if (era) {
        size_t i = 0;
        while (i < sizeof eras / sizeof eras[0] && strcmp(eras[i].name, era) != 0)
            i++;
        flags |= i < sizeof eras / sizeof eras[0] ? eras[i].flag : 0x70; /* no era: the library says so */
    }
    return muni_date_parse(text, MUNI_ZERO_TERMINATED, flags, out);
}

/* A whole query that comes with other parts is made into something the library refuses by name: a member `kind` that is an object. */
static muni_status parse(const muni_bind_query *q, muni_query **out) {
    bool whole = q->kind && q->kind[0] == '{' && !q->where && !q->words && !q->order && !q->fields && !q->limit && !q->after && !q->trash;
    const muni_bind_member members[] = { { "kind", q->kind },     { "where", q->where },   { "words", q->words }, { "order", q->order },
                                         { "fields", q->fields }, { "limit", q->limit },   { "after", q->after }, { "trash", q->trash } };
    char *made = whole ? NULL : muni_bind_object(members, sizeof members / sizeof members[0]);
    *out = NULL;
    if (!whole && !made)
        return MUNI_ENOMEM; /* the library has no record of this one; whoever raises looks at the status */
    muni_status st = muni_query_parse(whole ? q->kind : made, MUNI_ZERO_TERMINATED, out);
    free(made);
    return st;
}

muni_status muni_bind_list(muni_session *session, const muni_bind_query *q, muni_cursor **out) {
    muni_query *query;
    *out = NULL;
    muni_status st = parse(q, &query);
    if (st == MUNI_OK)
        st = muni_session_list(session, query, out);
    muni_query_free(query);
    return st;
}

muni_status muni_bind_count(muni_session *session, const muni_bind_query *q, int64_t most, int64_t *out) {
    muni_query *query;
    muni_status st = parse(q, &query);
    if (st == MUNI_OK)
        st = muni_session_count(session, query, most, out);
    muni_query_free(query);
    return st;
}

muni_status muni_bind_export(muni_session *session, const muni_bind_query *q, const char *path, const char *options, muni_progress_fn progress,
                             void *user, muni_rec **out) {
    muni_query *query;
    *out = NULL;
    muni_status st = parse(q, &query);
    if (st == MUNI_OK)
        st = muni_session_export(session, query, path, options, progress, user, out);
    muni_query_free(query);
    return st;
}
