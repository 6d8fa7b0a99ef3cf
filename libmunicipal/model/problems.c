#include "model/problems.h"

#include "core/kind.h"

static const struct {
    const char *code, *en, *ja;
    bool derived;
} table[] = {
#define MUNI_PROBLEM(code, derived, en, ja) { #code, en, ja, derived },
#include "model/problems.def"
#undef MUNI_PROBLEM
};

static void text(muni__buf *b, const char *name, const char *s) {
    muni__buf_printf(b, ",\"%s\":", name);
    muni__buf_json(b, s, strlen(s));
}

muni_status muni__problem_add(muni__problems *f, muni__problem code, const muni__problem_at *at) {
    const muni__kind *k = muni__kind_numbered(at->kind);
    muni__buf *b = &f->json;
    f->count++;
    f->repaired += at->repaired;
    if (f->count > MUNI__PROBLEMS_MAX)
        return MUNI_OK;
    muni__buf_puts(b, b->n ? "," : "[");
    muni__buf_printf(b, "{\"code\":\"%s\",\"history\":%lld,\"kind\":\"%s\",\"record\":%lld,\"rev\":%lld", table[code].code, (long long)at->history, k ? k->name : "",
                     (long long)at->record, (long long)at->rev);
    text(b, "field", at->field ? at->field : "");
    text(b, "repair", at->repaired ? "done" : table[code].derived ? "possible" : "none");
    text(b, "message", table[code].en);
    text(b, "message_ja", table[code].ja);
    muni__buf_putc(b, '}');
    return b->st;
}

muni_status muni__problems_end(muni__problems *f, const char **json, size_t *n) {
    muni__buf_puts(&f->json, f->json.n ? "]" : "[]");
    *json = f->json.p;
    *n = f->json.n;
    return f->json.st;
}

void muni__problems_free(muni__problems *f) {
    muni__buf_free(&f->json);
}
