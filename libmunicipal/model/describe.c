/* The kinds and their fields as JSON, for screens that draw themselves. */
#include "model/model.h"

static void list(muni__buf *b, const char *values) {
    muni__buf_putc(b, '[');
    for (const char *p = values; *p;) {
        const char *e = strchr(p, '|');
        size_t n = e ? (size_t)(e - p) : strlen(p);
        if (p != values)
            muni__buf_putc(b, ',');
        muni__buf_json(b, p, n);
        p += n + (e != NULL);
    }
    muni__buf_putc(b, ']');
}

static void member(muni__buf *b, const char *name, const char *value) {
    muni__buf_printf(b, ",\"%s\":", name);
    muni__buf_json(b, value, strlen(value));
}

static void describe_field(muni__buf *b, const muni__field *f) {
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = { { MUNI__F_REQUIRED, "required" }, { MUNI__F_UNIQUE, "unique" },           { MUNI__F_SEARCHED, "searched" },
                  { MUNI__F_PERSONAL, "personal" }, { MUNI__F_CREATE_ONLY, "create_only" }, { MUNI__F_SYSTEM, "system" } };
    bool first = true;
    muni__buf_puts(b, "{\"name\":");
    muni__buf_json(b, f->name, strlen(f->name));
    member(b, "type", muni__type_name(f->type));
    member(b, "ja", f->ja);
    member(b, "en", f->en);
    member(b, "doc", f->doc);
    muni__buf_puts(b, ",\"flags\":[");
    for (size_t i = 0; i < MUNI_COUNT(flags); i++)
        if (f->flags & flags[i].flag) {
            muni__buf_printf(b, "%s\"%s\"", first ? "" : ",", flags[i].name);
            first = false;
        }
    muni__buf_putc(b, ']');
    if (f->type == MUNI__REF)
        member(b, "target", f->target);
    if (f->type == MUNI__CODE && *f->target == '@')
        member(b, "codes", f->target + 1);
    else if (f->type == MUNI__CODE && *f->target) {
        muni__buf_puts(b, ",\"values\":");
        list(b, f->target);
    }
    if (f->max)
        muni__buf_printf(b, ",\"max\":%d", (int)f->max);
    muni__buf_putc(b, '}');
}

static void describe_kind(muni__buf *b, const muni__kind *k) {
    muni__buf_puts(b, "{\"name\":");
    muni__buf_json(b, k->name, strlen(k->name));
    member(b, "ja", k->ja);
    member(b, "en", k->en);
    member(b, "doc", k->doc);
    muni__buf_printf(b, ",\"number\":%d,\"types\":", (int)k->number);
    list(b, k->types);
    member(b, "title", k->title);
    muni__buf_puts(b, ",\"fields\":[");
    for (int32_t i = 0; i < k->nfields; i++) {
        if (i)
            muni__buf_putc(b, ',');
        describe_field(b, &k->fields[i]);
    }
    muni__buf_puts(b, "]}");
}

muni_status muni_describe(const char *kind, char **out) {
    MUNI_ENTER();
    const muni__kind *one = NULL;
    muni__buf b = MUNI_BUF_INIT((size_t)4 << 20);
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    if (kind) {
        muni_status st = muni__kind_get(kind, &one);
        if (st < 0)
            return MUNI_LEAVE(st);
        describe_kind(&b, one);
    } else {
        muni__buf_putc(&b, '[');
        for (int32_t i = 0; i < muni__nkinds; i++) {
            if (i)
                muni__buf_putc(&b, ',');
            describe_kind(&b, &muni__kinds[i]);
        }
        muni__buf_putc(&b, ']');
    }
    return MUNI_LEAVE(muni__buf_take(&b, out, NULL));
}
