/* A mutator of JSON documents, for the targets that take one: it changes the tree, so that most of what is tried is JSON, and draws on the names that the
 * library knows. Only for libFuzzer; fuzz.sh links it. The document stands behind the last line end, or behind the first byte. */
#include "fuzz.h"

#include "core/kind.h"

#include <jansson.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);

static uint64_t state;
static uint32_t pick(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % below);
}

static const char *const words[] = {
    "kind", "where", "words", "order", "fields", "limit", "after", "trash", "all", "any", "not", "field", "op", "value", "now", "me", "old", "param", "person", "principal", "unit",
    "eq", "ne", "lt", "le", "gt", "ge", "in", "has", "begins", "contains", "absent", "below", "matches", "with", "only", "without", "-3d", "5h", "initial", "states", "transitions", "name", "ja",
    "en", "final", "from", "to", "needs", "sets", "guard", "pattern", "reset", "never", "fiscal_year", "year", "month", "values", "code", "cells", "high", "middle", "low", "weekend",
    "holidays", "jp", "none", "year_end", "closed", "open", "hours", "hours_by_weekday", "end_inclusive", "published_through", "utc_offset", "on", "note", "sat", "sun", "mon", "08:30",
    "17:15", "24:00", "12-29", "01-03", "title", "params", "rows", "columns", "measure", "totals", "type", "int", "text", "date", "required", "default", "over", "by", "quarter", "half",
    "titles", "count", "sum", "units", "people", "widths", "dates", "eras", "footers", "full", "concurrent", "main", "account", "system", "limits", "min_rows", "incident", "inquiry", "new",
    "support", "2023-11-01", "9999-12-31", "2023-11-01T09:00:00+09:00", "", "*", "印刷", "ﾌﾟﾘﾝﾀ", "ticket:60", "person:36", "assignee.name", "reporter.unit.parent.name", "created_by.person.name",
    "%", "_", "\"", "\xf4\x8f\xbf\xbf", "{SEQ}", "{SEQ:5}", "{FY}", "{MM}", "X-{YYYY}{MM}-{SEQ}",
};

static const char *word(void) {
    const muni__kind *k = &muni__kinds[pick((uint32_t)muni__nkinds)];
    switch (pick(5)) {
    case 0: return k->name;
    case 1: return k->fields[pick((uint32_t)k->nfields)].name;
    case 2: return muni__kind_find("ticket")->fields[pick((uint32_t)muni__kind_find("ticket")->nfields)].name;
    default: return words[pick(MUNI_COUNT(words))];
    }
}

/* Every place of the document: whose member or element it is. */
typedef struct place {
    json_t *up;
    const char *key; /* NULL: element `at` */
    size_t at;
} place;
static place places[2000];
static size_t nplaces;

static void gather(json_t *j) {
    const char *key;
    size_t i;
    json_t *v;
    if (json_is_object(j)) {
        json_object_foreach (j, key, v) {
            if (nplaces < MUNI_COUNT(places))
                places[nplaces++] = (place){ j, key, 0 };
            gather(v);
        }
    } else if (json_is_array(j)) {
        json_array_foreach (j, i, v) {
            if (nplaces < MUNI_COUNT(places))
                places[nplaces++] = (place){ j, NULL, i };
            gather(v);
        }
    }
}

static json_t *get(const place *p) {
    return p->key ? json_object_get(p->up, p->key) : json_array_get(p->up, p->at);
}
static void set(const place *p, json_t *v) {
    if (p->key)
        (void)json_object_set_new(p->up, p->key, v);
    else
        (void)json_array_set_new(p->up, p->at, v);
}

static json_t *any(void) {
    static const json_int_t numbers[] = { 0, 1, -1, 2, 5, 60, 1700000000, INT64_MAX, INT64_MIN, 2023, 202311 };
    switch (pick(nplaces ? 9 : 6)) {
    case 0: return json_integer(numbers[pick(MUNI_COUNT(numbers))]);
    case 1: return json_integer((json_int_t)pick(100));
    case 2: return pick(3) ? json_boolean(pick(2)) : json_null();
    case 3: return pick(2) ? json_array() : json_object();
    case 4:
    case 5: return json_string(word());
    default: return json_deep_copy(get(&places[pick((uint32_t)nplaces)])); /* from elsewhere */
    }
}

static json_t *text_of(json_t *old) {
    uint8_t text[300] = { 0 };
    size_t n = json_string_length(old);
    n = n > 200 ? 200 : n;
    if (n)
        memcpy(text, json_string_value(old), n);
    n = LLVMFuzzerMutate(text, n, sizeof text - 1);
    return muni__utf8_valid((const char *)text, n, NULL) ? json_stringn((const char *)text, n) : json_string(word());
}

static void change(json_t **root) {
    nplaces = 0;
    gather(*root);
    if (!nplaces) {
        json_decref(*root);
        *root = json_object();
        (void)json_object_set_new(*root, word(), any());
        return;
    }
    const place *p = &places[pick((uint32_t)nplaces)];
    json_t *old = get(p), *fresh;
    switch (pick(10)) {
    case 0: set(p, any()); break;
    case 1: /* gone */
        if (p->key)
            (void)json_object_del(p->up, p->key);
        else
            (void)json_array_remove(p->up, p->at);
        break;
    case 2: /* one more beside it */
        fresh = any();
        if (p->key)
            (void)json_object_set_new(p->up, word(), fresh);
        else
            (void)json_array_insert_new(p->up, p->at, fresh);
        break;
    case 3: /* another name */
        if (p->key) {
            fresh = json_incref(old);
            (void)json_object_del(p->up, p->key);
            (void)json_object_set_new(p->up, word(), fresh);
        }
        break;
    case 4: /* within something */
        fresh = pick(3) ? json_array() : json_object();
        if (json_is_array(fresh)) {
            (void)json_array_append(fresh, old);
            if (pick(2))
                (void)json_array_append_new(fresh, any());
        } else {
            (void)json_object_set(fresh, word(), old);
        }
        if (pick(2)) {
            json_t *outer = json_object();
            (void)json_object_set_new(outer, pick(2) ? "all" : "any", fresh);
            fresh = outer;
        }
        set(p, fresh);
        break;
    case 5: /* a condition of its own */
        fresh = json_pack("{s:s,s:s,s:o}", "field", word(), "op", words[21 + pick(12)], "value", any());
        if (fresh && pick(3) == 0)
            fresh = json_pack("{s:o}", "not", fresh);
        if (!fresh)
            break;
        if (json_is_array(old))
            (void)json_array_append_new(old, fresh);
        else
            set(p, fresh);
        break;
    case 6: /* its number, its text */
        if (json_is_integer(old))
            set(p, json_integer(pick(2) ? (json_int_t)((uint64_t)json_integer_value(old) + pick(5) - 2) : -(json_integer_value(old) / 2)));
        else if (json_is_string(old))
            set(p, text_of(old));
        else if (json_is_boolean(old))
            set(p, json_boolean(!json_is_true(old)));
        break;
    case 7:
        if (json_is_string(old))
            set(p, json_string(word()));
        break;
    default:
        set(p, json_is_string(old) ? json_string(word()) : any());
        break;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    size_t begin = size ? 1 : 0;
    state = seed * 2654435761u + 88172645463325252u;
    for (size_t i = begin; i < size; i++)
        if (data[i] == '\n')
            begin = i + 1;
    json_t *j = pick(6) && begin < size ? json_loadb((const char *)data + begin, size - begin, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
    if (!j)
        return LLVMFuzzerMutate(data, size, max_size);
    for (uint32_t n = 1 + pick(4); n; n--)
        change(&j);
    char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(j);
    size_t n = text ? strlen(text) : 0;
    if (!n || begin + n > max_size) {
        free(text);
        return LLVMFuzzerMutate(data, size, max_size);
    }
    memcpy(data + begin, text, n);
    free(text);
    if (pick(8) == 0)
        data[0] = (uint8_t)pick(256); /* how it is run */
    return begin + n;
}
