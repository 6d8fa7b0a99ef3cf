/* Lifecycles: states and transitions as a definition.
 *
 * {"initial":"new",
 *  "states":[{"name":"new","ja":"新規","en":"New"},…,{"name":"closed","ja":"完了","en":"Closed","final":true}],
 *  "transitions":[{"name":"close","ja":"完了","en":"Close","from":["resolved"],"to":"closed",
 *                  "needs":["resolution"],"sets":{"closed_at":{"now":true}},"guard":CONDITION}]} */
#include "model/internal.h"

#include "core/textkey.h"

#include <stdio.h>

#define STATES_MAX 100

/* muni__fail wants literal formats: the two halves of a message, as texts. */
static muni_status refuse(const char *path, const char *what, const char *en, const char *ja) {
    muni__quoted q;
    const char *shown = muni__quote(&q, what ? what : "", what ? strlen(what) : 0);
    return muni__fail(MUNI_EDEFINITION, path, "lifecycle: %1$s%2$.0s (\"%3$s\")", "ライフサイクル: %1$.0s%2$s（「%3$s」）", en, ja, shown);
}

static const char *text(const json_t *j, const char *key) {
    return json_string_value(json_object_get(j, key));
}

static bool name_ok(const char *s) {
    if (!s || !*s || strlen(s) > 40)
        return false;
    for (; *s; s++)
        if (!((*s >= 'a' && *s <= 'z') || (*s >= '0' && *s <= '9') || *s == '_' || *s == '-'))
            return false;
    return true;
}

static muni_status members(const json_t *j, const char *path, const char *const *known, size_t count) {
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)j, key, value) {
        bool ok = false;
        for (size_t i = 0; i < count; i++)
            ok = ok || !strcmp(key, known[i]);
        if (!ok)
            return refuse(path, key, "there is no such member", "その項目はありません");
    }
    return MUNI_OK;
}

static int state_index(const json_t *states, const char *name) {
    for (size_t i = 0; name && i < json_array_size(states); i++)
        if (!strcmp(text(json_array_get(states, i), "name"), name))
            return (int)i;
    return -1;
}

static muni_status check_states(const json_t *states) {
    static const char *const known[] = { "name", "ja", "en", "final" };
    char path[48];
    if (!json_is_array(states) || !json_array_size(states) || json_array_size(states) > STATES_MAX)
        return refuse("states", "", "states is an array of 1 to 100 states", "statesは1から100個の状態の配列です");
    for (size_t i = 0; i < json_array_size(states); i++) {
        const json_t *s = json_array_get(states, i);
        (void)snprintf(path, sizeof path, "states[%zu]", i);
        if (!json_is_object(s) || !name_ok(text(s, "name")))
            return refuse(path, text(s, "name"), "a state needs a name of small letters, digits, - and _", "状態には英小文字・数字・-・_の名前が必要です");
        muni_status st = members(s, path, known, MUNI_COUNT(known));
        if (st < 0)
            return st;
        if (!text(s, "ja") || !text(s, "en"))
            return refuse(path, text(s, "name"), "a state needs titles ja and en", "状態には表題jaとenが必要です");
        if (json_object_get(s, "final") && !json_is_boolean(json_object_get(s, "final")))
            return refuse(path, text(s, "name"), "final is true or false", "finalは真偽値です");
        for (size_t k = 0; k < i; k++)
            if (!strcmp(text(s, "name"), text(json_array_get(states, k), "name")))
                return refuse(path, text(s, "name"), "two states have the same name", "同じ名前の状態が2つあります");
    }
    return MUNI_OK;
}

static muni_status check_transitions(const json_t *transitions, const json_t *states, bool edge[STATES_MAX][STATES_MAX], bool leaves[STATES_MAX]) {
    static const char *const known[] = { "name", "ja", "en", "from", "to", "needs", "sets", "guard" };
    char path[48];
    if (!json_is_array(transitions) || json_array_size(transitions) > 1000)
        return refuse("transitions", "", "transitions is an array of at most 1,000 transitions", "transitionsは1000個以内の遷移の配列です");
    for (size_t i = 0; i < json_array_size(transitions); i++) {
        const json_t *t = json_array_get(transitions, i);
        (void)snprintf(path, sizeof path, "transitions[%zu]", i);
        if (!json_is_object(t) || !name_ok(text(t, "name")))
            return refuse(path, text(t, "name"), "a transition needs a name of small letters, digits, - and _", "遷移には英小文字・数字・-・_の名前が必要です");
        muni_status st = members(t, path, known, MUNI_COUNT(known));
        if (st < 0)
            return st;
        if (!text(t, "ja") || !text(t, "en"))
            return refuse(path, text(t, "name"), "a transition needs titles ja and en", "遷移には表題jaとenが必要です");
        for (size_t k = 0; k < i; k++)
            if (!strcmp(text(t, "name"), text(json_array_get(transitions, k), "name")))
                return refuse(path, text(t, "name"), "two transitions have the same name; give one several states in from", "同じ名前の遷移が2つあります。fromに状態を並べてください");
        const char *to = text(t, "to");
        bool same = to && !strcmp(to, "*");
        int target = same ? -1 : state_index(states, to);
        if (!same && target < 0)
            return refuse(path, to, "to is the name of a state, or * for the same one", "toは状態の名前か、同じ状態を表す*です");
        const json_t *from = json_object_get(t, "from");
        if (!json_is_array(from) || !json_array_size(from))
            return refuse(path, text(t, "name"), "from is an array of the states it leaves", "fromは元の状態の配列です");
        for (size_t k = 0; k < json_array_size(from); k++) {
            int s = state_index(states, json_string_value(json_array_get(from, k)));
            if (s < 0)
                return refuse(path, json_string_value(json_array_get(from, k)), "from names a state that there is not", "fromにない状態が書かれています");
            if (!same) {
                edge[s][target] = true;
                leaves[s] = leaves[s] || s != target;
            }
        }
        const json_t *needs = json_object_get(t, "needs");
        if (needs && !json_is_array(needs))
            return refuse(path, text(t, "name"), "needs is an array of field names", "needsは項目名の配列です");
        for (size_t k = 0; k < json_array_size(needs); k++)
            if (!json_is_string(json_array_get(needs, k)))
                return refuse(path, text(t, "name"), "needs is an array of field names", "needsは項目名の配列です");
        const json_t *sets = json_object_get(t, "sets");
        const char *field;
        json_t *value;
        if (sets && !json_is_object(sets))
            return refuse(path, text(t, "name"), "sets is an object of fields", "setsは項目のオブジェクトです");
        json_object_foreach ((json_t *)(uintptr_t)sets, field, value)
            if (!json_is_null(value) && (json_object_size(value) != 1 || (!json_is_true(json_object_get(value, "now")) && (!text(value, "me") || strcmp(text(value, "me"), "principal") != 0))))
                return refuse(path, field, "a field is set to null, {\"now\":true} or {\"me\":\"principal\"}", "設定できる値はnull、{\"now\":true}、{\"me\":\"principal\"}です");
    }
    return MUNI_OK;
}

/* ---- the fields, of the kind that lives by it */

/* The kind whose lifecycle bears this name, as muni__lifecycle_name makes it; NULL: none of this version. */
static const muni__kind *kind_of(const char *name, size_t n) {
    for (int32_t i = 0; i < muni__nkinds; i++) {
        const muni__kind *kind = &muni__kinds[i];
        size_t k = strlen(kind->name);
        if (!*kind->lifecycle)
            continue;
        if (!*kind->types && strlen(kind->lifecycle) == n && !memcmp(kind->lifecycle, name, n))
            return kind;
        if (*kind->types && n > k + 1 && !memcmp(kind->name, name, k) && name[k] == '-' && muni__list_has(kind->types, name + k + 1, n - k - 1))
            return kind;
    }
    return NULL;
}

static muni_status check_sets(const muni__kind *kind, const char *path, const char *field, const json_t *value) {
    int32_t i = muni__row_field(kind, field);
    if (i < 0)
        return refuse(path, field, "sets names a field that its kind does not have", "setsにない項目が書かれています");
    const muni__field *f = &kind->fields[i];
    if ((i < MUNI__C_COUNT && (f->flags & MUNI__F_SYSTEM)) || i == MUNI__C_TYPE || (f->flags & (MUNI__F_CREATE_ONLY | MUNI__F_LIST | MUNI__F_SECRET)))
        return refuse(path, field, "a transition may not set this field", "遷移では設定できない項目です");
    if (json_is_null(value) && (f->flags & MUNI__F_REQUIRED))
        return refuse(path, field, "the field must be filled; it cannot be set to null", "必須の項目はnullにできません");
    if (json_object_get(value, "now") && f->type != MUNI__TIME)
        return refuse(path, field, "only a moment can be set to now", "nowを設定できるのは日時の項目だけです");
    if (json_object_get(value, "me") && (f->type != MUNI__REF || strcmp(f->target, MUNI_KIND_PRINCIPAL) != 0))
        return refuse(path, field, "only a field that leads to a principal can be set to me", "meを設定できるのは利用者を参照する項目だけです");
    return MUNI_OK;
}

static muni_status check_guard(muni__arena *mem, const muni__kind *kind, const char *path, const json_t *guard) {
    muni__cond *cond = NULL;
    muni__error why;
    muni_status st = guard ? muni__cond_parse(mem, kind, guard, "guard", &cond) : MUNI_OK;
    if (st >= 0 || st == MUNI_ENOMEM)
        return st;
    muni__error_save(&why);
    return muni__fail(MUNI_EDEFINITION, path, "lifecycle: %1$s: %2$s%3$.0s", "ライフサイクル: %1$s%2$.0s: %3$s", why.field, why.en, why.ja);
}

static muni_status check_fields(const muni__kind *kind, const json_t *transitions) {
    muni__arena mem = MUNI_ARENA_INIT;
    muni_status st = MUNI_OK;
    char path[48];
    for (size_t i = 0; i < json_array_size(transitions); i++) {
        const json_t *t = json_array_get(transitions, i), *needs = json_object_get(t, "needs");
        const char *field;
        json_t *value;
        (void)snprintf(path, sizeof path, "transitions[%zu]", i);
        for (size_t k = 0; k < json_array_size(needs); k++)
            if (muni__row_field(kind, json_string_value(json_array_get(needs, k))) < 0)
                MUNI_TRY(refuse(path, json_string_value(json_array_get(needs, k)), "needs names a field that its kind does not have", "needsにない項目が書かれています"));
        json_object_foreach (json_object_get(t, "sets"), field, value)
            MUNI_TRY(check_sets(kind, path, field, value));
        MUNI_TRY(check_guard(&mem, kind, path, json_object_get(t, "guard")));
    }
out:
    muni__arena_free(&mem);
    return st;
}

muni_status muni__lifecycle_check(const char *name, const json_t *body) {
    static const char *const known[] = { "initial", "states", "transitions" };
    bool(*edge)[STATES_MAX] = muni__alloc_n(STATES_MAX, sizeof *edge);
    char *key = NULL;
    size_t key_n = 0;
    bool leaves[STATES_MAX] = { false }, reached[STATES_MAX] = { false };
    const json_t *states = json_object_get(body, "states");
    muni_status st;
    if (!edge)
        return MUNI_ENOMEM;
    MUNI_TRY(members(body, NULL, known, MUNI_COUNT(known)));
    MUNI_TRY(check_states(states));
    MUNI_TRY(check_transitions(json_object_get(body, "transitions"), states, edge, leaves));
    size_t n = json_array_size(states);
    int first = state_index(states, text(body, "initial"));
    if (first < 0) {
        st = refuse("initial", text(body, "initial"), "initial is the name of the first state", "initialは最初の状態の名前です");
        goto out;
    }
    reached[first] = true;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; reached[i] && k < n; k++)
                if (edge[i][k] && !reached[k])
                    more = reached[k] = true;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *s = json_array_get(states, i);
        bool final = json_is_true(json_object_get(s, "final"));
        if (!reached[i])
            MUNI_TRY(refuse("states", text(s, "name"), "the state cannot be reached from the first one", "最初の状態からたどり着けない状態です"));
        if (!final && !leaves[i])
            MUNI_TRY(refuse("states", text(s, "name"), "no transition leaves the state; mark it final or add one", "この状態から出る遷移がありません。finalにするか遷移を加えてください"));
    }
    MUNI_TRY(muni__idkey(name, strlen(name), &key, &key_n)); /* definitions are found by the folded form of their names */
    const muni__kind *kind = kind_of(key, key_n);
    if (kind)
        MUNI_TRY(check_fields(kind, json_object_get(body, "transitions")));
out:
    muni__free(key);
    muni__free(edge);
    return st;
}

const char *muni__lifecycle_name(const muni__kind *kind, const char *type, char buffer[96]) {
    if (!*kind->lifecycle)
        return "";
    if (!*kind->types)
        return kind->lifecycle;
    (void)snprintf(buffer, 96, "%s-%s", kind->name, type); /* a kind with types has one lifecycle per type */
    return buffer;
}

const char *muni__lifecycle_initial(const json_t *body) {
    return text(body, "initial");
}

const json_t *muni__lifecycle_state(const json_t *body, const char *state) {
    const json_t *states = json_object_get(body, "states");
    int i = state_index(states, state);
    return i < 0 ? NULL : json_array_get(states, (size_t)i);
}

const json_t *muni__lifecycle_transition(const json_t *body, const char *name) {
    const json_t *list = json_object_get(body, "transitions");
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(text(json_array_get(list, i), "name"), name))
            return json_array_get(list, i);
    return NULL;
}

bool muni__lifecycle_from(const json_t *transition, const char *state) {
    const json_t *from = json_object_get(transition, "from");
    for (size_t i = 0; i < json_array_size(from); i++)
        if (!strcmp(json_string_value(json_array_get(from, i)), state))
            return true;
    return false;
}
