/* Numbering rules: {"pattern":"INC-{FY}-{SEQ:5}","reset":"fiscal_year"} */
#include "model/internal.h"

#include "core/date.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct token {
    char name[8]; /* FY YYYY YY MM SEQ */
    int width;    /* of SEQ */
} token;

/* Read a {TOKEN} at `p`; answers what follows it, or NULL. */
static const char *read_token(const char *p, token *t) {
    size_t n = 0;
    *t = (token){ "", 0 };
    for (p++; *p >= 'A' && *p <= 'Z' && n < sizeof t->name - 1; p++)
        t->name[n++] = *p;
    t->name[n] = 0;
    bool seq = !strcmp(t->name, "SEQ");
    if (seq && *p == ':') {
        char *e = NULL;
        long w = strtol(p + 1, &e, 10);
        if (w < 1 || w > 15 || e == p + 1)
            return NULL;
        t->width = (int)w;
        p = e;
    }
    if (*p != '}' || (!seq && strcmp(t->name, "FY") != 0 && strcmp(t->name, "YYYY") != 0 && strcmp(t->name, "YY") != 0 && strcmp(t->name, "MM") != 0))
        return NULL;
    return p + 1;
}


static const char *const resets[] = { "never", "fiscal_year", "year", "month" };

muni_status muni__numbering_check(const json_t *body) {
    const char *pattern = json_string_value(json_object_get(body, "pattern"));
    const char *reset = json_string_value(json_object_get(body, "reset"));
    bool known = !json_object_get(body, "reset");
    int seqs = 0;
    bool fy = false, year = false, month = false;
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)body, key, value)
        if (strcmp(key, "pattern") != 0 && strcmp(key, "reset") != 0) {
            muni__quoted q;
            return muni__fail(MUNI_EDEFINITION, muni__quote(&q, key, strlen(key)), "a numbering rule has the members pattern and reset", "採番規則の項目はpatternとresetです");
        }
    if (!pattern || !*pattern || strlen(pattern) > 40)
        return muni__fail(MUNI_EDEFINITION, "pattern", "a numbering rule needs a pattern of 1 to 40 bytes, such as INC-{FY}-{SEQ:5}",
                          "採番規則にはINC-{FY}-{SEQ:5}のような40バイト以内のpatternが必要です");
    for (const char *p = pattern; *p;) {
        token t;
        if (*p == '}')
            return muni__fail(MUNI_EDEFINITION, "pattern", "the pattern has a } without its {", "patternの}に対応する{がありません");
        if (*p != '{') {
            if ((unsigned char)*p <= ' ' || *p == 0x7f)
                return muni__fail(MUNI_EDEFINITION, "pattern", "the pattern contains a blank or a control character", "patternに空白や制御文字は使えません");
            p++;
            continue;
        }
        p = read_token(p, &t);
        if (!p)
            return muni__fail(MUNI_EDEFINITION, "pattern", "the pattern has a part that is none of {FY} {YYYY} {YY} {MM} {SEQ} {SEQ:n}, n from 1 to 15",
                              "patternに使えるのは{FY} {YYYY} {YY} {MM} {SEQ} {SEQ:n}（nは1から15）です");
        seqs += !strcmp(t.name, "SEQ");
        fy = fy || !strcmp(t.name, "FY");
        year = year || t.name[0] == 'Y';
        month = month || !strcmp(t.name, "MM");
    }
    for (size_t i = 0; reset && i < MUNI_COUNT(resets); i++)
        known = known || !strcmp(reset, resets[i]);
    if (!known)
        return muni__fail(MUNI_EDEFINITION, "reset", "reset is one of never, fiscal_year, year, month", "resetはnever, fiscal_year, year, monthのどれかです");
    if (seqs != 1)
        return muni__fail(MUNI_EDEFINITION, "pattern", "the pattern needs {SEQ} exactly once", "patternには{SEQ}がちょうど1つ必要です");
    /* two periods must never give the same number */
    bool clear = !reset || !strcmp(reset, "never") || (!strcmp(reset, "fiscal_year") && fy) || (!strcmp(reset, "year") && year) || (!strcmp(reset, "month") && year && month);
    if (!clear)
        return muni__fail(MUNI_EDEFINITION, "reset", "numbers would repeat: with reset %s the pattern must contain the %s", "番号が重複します。reset %sではpatternに%sが必要です", reset,
                          !strcmp(reset, "fiscal_year") ? "{FY}" : !strcmp(reset, "year") ? "{YYYY}" : "{YYYY}{MM}");
    return MUNI_OK;
}

/* The name of a record's rule, and the day by which its number is given. */
static muni_status rule_of(muni__tx *tx, const muni__row *row, char name[96], const muni__definition **d, int32_t *day) {
    const muni__val *type = &row->v[MUNI__C_TYPE];
    int32_t reported = muni__row_field(row->kind, "reported_at");
    int64_t at = reported >= 0 && row->v[reported].t == MUNI_TYPE_TIME ? row->v[reported].i : row->v[MUNI__C_CREATED_AT].t == MUNI_TYPE_TIME ? row->v[MUNI__C_CREATED_AT].i : tx->now;
    (void)snprintf(name, 96, type->t == MUNI_TYPE_TEXT ? "%s-%s" : "%s", row->kind->name, type->t == MUNI_TYPE_TEXT ? type->p : "");
    muni_status st = muni__definition_active(tx, "numbering", name, d);
    return st < 0 ? st : muni__day_of_time(at, tx->utc_offset, day, NULL);
}

/* Each period of a rule has a counter of its own. */
static void counter_of(char out[160], const char *rule, const json_t *body, int32_t fy, int32_t year, int32_t month) {
    const char *reset = json_string_value(json_object_get(body, "reset"));
    char period[16] = "";
    if (reset && !strcmp(reset, "fiscal_year"))
        (void)snprintf(period, sizeof period, "FY%d", (int)fy);
    else if (reset && !strcmp(reset, "year"))
        (void)snprintf(period, sizeof period, "%d", (int)year);
    else if (reset && !strcmp(reset, "month"))
        (void)snprintf(period, sizeof period, "%d-%02d", (int)year, (int)month);
    (void)snprintf(out, 160, "number/%s/%s", rule, period);
}

muni_status muni__number_next(muni__tx *tx, const muni__row *row, const char **out) {
    char name[96], sequence[160], number[96];
    const muni__definition *d = NULL;
    int32_t day = 0, year = 0, month = 0;
    int64_t value = 0;
    *out = "";
    muni_status st = rule_of(tx, row, name, &d, &day);
    if (st < 0)
        return st;
    muni__day_to_civil(day, &year, &month, NULL);
    int32_t fy = muni__fiscal_year(day);
    const char *pattern = json_string_value(json_object_get(d->body, "pattern"));
    counter_of(sequence, name, d->body, fy, year, month);
    st = muni__conn_take(tx->conn, sequence, 1, &value);
    if (st < 0)
        return st;
    size_t n = 0;
    for (const char *p = pattern; *p && n < sizeof number - 24;) {
        token t;
        if (*p != '{') {
            number[n++] = *p++;
            continue;
        }
        p = read_token(p, &t);
        if (!p)
            return muni__fail(MUNI_EDEFINITION, "pattern", "the numbering rule %s is damaged", "採番規則%sが壊れています", name);
        int w = 0;
        if (!strcmp(t.name, "SEQ"))
            w = snprintf(number + n, sizeof number - n, "%0*lld", t.width, (long long)value);
        else if (!strcmp(t.name, "MM"))
            w = snprintf(number + n, sizeof number - n, "%02d", (int)month);
        else if (!strcmp(t.name, "YY"))
            w = snprintf(number + n, sizeof number - n, "%02d", (int)(year % 100));
        else
            w = snprintf(number + n, sizeof number - n, "%04d", (int)(!strcmp(t.name, "FY") ? fy : year));
        n += (size_t)w;
    }
    *out = muni__arena_strndup(&tx->mem, number, n);
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

/* `width` digits, or as many as there are where it is 0. */
static const char *digits(const char *p, int width, int64_t *out) {
    int n = 0;
    for (*out = 0; *p >= '0' && *p <= '9' && (!width || n < width) && n < 18; n++)
        *out = *out * 10 + (*p++ - '0');
    return n && (!width || n == width) ? p : NULL;
}

/* The number itself says of which period it is: the record's moment may have been corrected since. */
muni_status muni__number_read(muni__tx *tx, const muni__row *row, char counter[160], int64_t *value) {
    char name[96];
    const muni__definition *d = NULL;
    const muni__val *number = &row->v[MUNI__C_NUMBER];
    int32_t day = 0, year = 0, month = 0;
    int64_t fy = 0, y = 0, m = 0, v;
    *value = 0;
    counter[0] = '\0';
    if (number->t != MUNI_TYPE_TEXT)
        return MUNI_OK;
    muni_status st = rule_of(tx, row, name, &d, &day);
    if (st < 0)
        return st == MUNI_EDEFINITION || st == MUNI_ELIMIT ? MUNI_OK : st;
    muni__day_to_civil(day, &year, &month, NULL);
    fy = muni__fiscal_year(day);
    y = year;
    m = month;
    const char *at = number->p; /* NUL behind it */
    for (const char *p = json_string_value(json_object_get(d->body, "pattern")); *p && at;) {
        token t;
        if (*p != '{') {
            at = *at == *p++ ? at + 1 : NULL;
            continue;
        }
        p = read_token(p, &t);
        if (!p)
            return MUNI_OK;
        if (!strcmp(t.name, "SEQ")) {
            at = digits(at, *p >= '0' && *p <= '9' ? t.width : *p == '{' ? t.width : 0, value);
        } else if (!strcmp(t.name, "FY")) {
            at = digits(at, 4, &fy);
        } else if (!strcmp(t.name, "YYYY")) {
            at = digits(at, 4, &y);
        } else {
            at = digits(at, 2, &v);
            if (!strcmp(t.name, "MM"))
                m = v;
            else
                y += v - y % 100;
        }
    }
    if (at && !*at)
        counter_of(counter, name, d->body, (int32_t)fy, (int32_t)y, (int32_t)m);
    return MUNI_OK;
}
