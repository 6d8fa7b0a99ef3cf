#include "core/kind.h"

#include "core/common.def"
#include "core/flags.h"

#include <pthread.h>
#include <stdlib.h>

/* First pass: the fields of each kind, the common ones before its own; and its indexes. */
#define COMMON_FIELD(C, cname, ctype, cflags, ctarget, cmax, cja, cen, cdoc)                                                     \
    { #cname, cja, cen, cdoc, MUNI__##ctype, (cflags), ctarget, cmax },
#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc)                                         \
    static const muni__field fields_##K[] = { MUNI_COMMON_FIELDS(COMMON_FIELD)
#define MUNI_FIELD(K, F, fname, ftype, fflags, ftarget, fmax, fja, fen, fdoc)                                                    \
    { #fname, fja, fen, fdoc, MUNI__##ftype, (fflags), ftarget, fmax },
#define MUNI_KIND_END(K)                                                                                                         \
    }                                                                                                                            \
    ;
#include "kinds.def"

#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc)                                         \
    static const muni__index indexes_##K[] = {
#define MUNI_INDEX(K, iname, icolumns, iunique) { #iname, icolumns, iunique },
#define MUNI_KIND_END(K)                                                                                                         \
    { NULL, NULL, false }                                                                                                        \
    }                                                                                                                            \
    ;
#include "kinds.def"

/* Second pass: the kinds. */
#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc)                                         \
    { #kname, kja, ken, kdoc, knumber, (kflags), fields_##K, (int32_t)MUNI_COUNT(fields_##K), indexes_##K,                       \
      (int32_t)MUNI_COUNT(indexes_##K) - 1, ktypes, klifecycle, ktitle },
const muni__kind muni__kinds[] = {
#include "kinds.def"
};
const int32_t muni__nkinds = (int32_t)MUNI_COUNT(muni__kinds);

/* The fields of each kind in the order of their names by bytes: for canonical documents and for finding a field. Made once. */
static uint8_t by_name[MUNI_COUNT(muni__kinds)][MUNI__FIELDS_MAX];
#define MUNI_KIND_END(K) _Static_assert(MUNI_COUNT(fields_##K) <= MUNI__FIELDS_MAX, "a kind has too many fields");
#include "kinds.def"
static pthread_once_t sorted = PTHREAD_ONCE_INIT;

static void sort_fields(void) {
    for (size_t k = 0; k < MUNI_COUNT(muni__kinds); k++)
        for (int32_t i = 0; i < muni__kinds[k].nfields && i < MUNI__FIELDS_MAX; i++) {
            int32_t at = i;
            for (; at > 0 && strcmp(muni__kinds[k].fields[by_name[k][at - 1]].name, muni__kinds[k].fields[i].name) > 0; at--)
                by_name[k][at] = by_name[k][at - 1];
            by_name[k][at] = (uint8_t)i;
        }
}

const uint8_t *muni__fields_by_name(const muni__kind *kind) {
    (void)pthread_once(&sorted, sort_fields);
    return by_name[kind - muni__kinds];
}

const muni__kind *muni__kind_find(const char *name) {
    for (int32_t i = 0; name && i < muni__nkinds; i++)
        if (!strcmp(muni__kinds[i].name, name))
            return &muni__kinds[i];
    return NULL;
}

const muni__kind *muni__kind_numbered(int32_t number) {
    for (int32_t i = 0; i < muni__nkinds; i++)
        if (muni__kinds[i].number == number)
            return &muni__kinds[i];
    return NULL;
}

muni_status muni__kind_get(const char *name, const muni__kind **out) {
    *out = NULL;
    if (!name)
        return muni__fail(MUNI_EINVAL, "kind", "the name of a kind is missing", "種類の名前がありません");
    size_t n = strlen(name), bad = 0;
    muni__quoted q;
    if (!muni__utf8_valid(name, n, &bad))
        return muni__fail(MUNI_EUTF8, "kind", "the name of the kind is not valid UTF-8 (byte %zu)", "種類の名前がUTF-8ではありません（%zuバイト目）", bad);
    *out = muni__kind_find(name);
    if (*out)
        return MUNI_OK;
    const char *near = muni__nearest(name, muni__kinds, (size_t)muni__nkinds, sizeof *muni__kinds);
    if (near)
        return muni__fail(MUNI_ENOTFOUND, "kind", "there is no kind \"%s\"; did you mean \"%s\"?",
                          "種類「%s」はありません。「%s」ではありませんか", muni__quote(&q, name, n), near);
    return muni__fail(MUNI_ENOTFOUND, "kind", "there is no kind \"%s\"; muni_describe() lists them",
                      "種類「%s」はありません。muni_describe()で一覧できます", muni__quote(&q, name, n));
}

int32_t muni__field_find(const muni__kind *kind, const char *name) {
    if (kind < muni__kinds || kind >= muni__kinds + muni__nkinds) { /* a kind that stands in no table: of a test */
        for (int32_t i = 0; name && i < kind->nfields; i++)
            if (!strcmp(kind->fields[i].name, name))
                return i;
        return -1;
    }
    const uint8_t *order = muni__fields_by_name(kind);
    int32_t low = 0, high = kind->nfields - 1;
    while (name && low <= high) {
        int32_t mid = (low + high) / 2;
        int c = strcmp(name, kind->fields[order[mid]].name);
        if (!c)
            return order[mid];
        if (c < 0)
            high = mid - 1;
        else
            low = mid + 1;
    }
    return -1;
}

muni_status muni__field_get(const muni__kind *kind, const char *name, int32_t *out) {
    *out = muni__field_find(kind, name);
    if (*out >= 0)
        return MUNI_OK;
    muni__quoted q;
    const char *near = name ? muni__nearest(name, kind->fields, (size_t)kind->nfields, sizeof *kind->fields) : NULL;
    const char *shown = muni__quote(&q, name ? name : "", name ? strlen(name) : 0);
    if (near)
        (void)muni__fail(MUNI_EFIELD, shown, "%1$s has no field \"%3$s\"; did you mean \"%4$s\"?%2$.0s",
                         "%1$.0s%2$sに項目「%3$s」はありません。「%4$s」ではありませんか", kind->name, kind->ja, shown, near);
    else
        (void)muni__fail(MUNI_EFIELD, shown, "%1$s has no field \"%3$s\"%2$.0s", "%1$.0s%2$sに項目「%3$s」はありません", kind->name, kind->ja, shown);
    muni__fail_place(kind->name, 0, 0);
    return MUNI_EFIELD;
}

const char *muni__type_name(muni__type type) {
    static const char *const names[] = { "",     "TEXT", "NOTE", "KEY", "CODE",  "INT", "BOOL", "DATE",
                                         "TIME", "SECS", "YEN",  "BYTES", "REF", "ANY", "JSON" };
    return (size_t)type < MUNI_COUNT(names) ? names[type] : "";
}
