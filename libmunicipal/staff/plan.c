/* Planning the load of staff and organisation: what the files say compared with what is stored, as a plan. People are told apart by their restored
 * staff number and by nothing else; who has a new number is proposed, never assumed. */
#include "staff/staff.h"

#include <municipal/staff.h>

#include "core/hash.h"
#include "core/textkey.h"
#include "model/plan.h"

#include <stdlib.h>

#define TELL_EVERY 256

typedef struct sperson sperson;
typedef struct spost { /* a post as stored, and as it will be */
    struct spost *next;
    const muni__row *row;
    int32_t from, to; /* as they will be; MUNI__DAY_MAX: open */
    int64_t unit;
    bool concurrent, dropped, used;
} spost;
typedef struct saccount {
    struct saccount *next;
    const muni__row *row;
    int32_t from, to;
} saccount;
struct sperson {
    const muni__row *row;
    const char *key;
    spost *posts;
    saccount *accounts;
    bool seen; /* in the file, in whatever shape */
    bool left; /* before the day of which the file speaks */
    const muni__staff_group *group;
};
typedef struct sunit {
    const muni__row *row;
    const char *key;
    int32_t from, to; /* as they will be */
    muni__srow *now;  /* the row of the file */
    bool ends;
} sunit;

typedef struct planning {
    muni__tx *tx;
    muni__arena mem;
    const muni__profile *profile;
    muni__reading *r;
    muni__plan_making m;
    int32_t on;
    char on_text[MUNI__DATE_SIZE];
    const muni__kind *units_kind, *people_kind, *posts_kind, *accounts_kind;
    sunit *units;
    size_t nunits, units_cap;
    sperson *people;
    size_t npeople, people_cap;
    muni__textmap by_number; /* folded staff number → index of people */
    muni__textmap by_id;     /* id as text → index of people */
    muni__textmap by_account;/* folded account name → id of its person, or minus the row of a new one */
    muni__textmap by_reading;/* kana and birth → index + 1 of the first person, others by `alike` */
    int64_t *alike;      /* by person: index + 1 of the next with the same kana and birth */
    int64_t *unit_pos;   /* by row of the units' file: minus the plan row that creates it */
    struct {
        int64_t create, change, unchanged, leave, comeback, propose;
    } counts;
    int64_t serving, missing, present, units_live, units_end;
    muni_progress_fn progress;
    void *user;
} planning;

/* ---- small helpers */

static const muni__val *value(const muni__row *row, const char *field) {
    return &row->v[muni__row_field(row->kind, field)];
}

static const char *text(const muni__row *row, const char *field) {
    const muni__val *v = value(row, field);
    return v->t == MUNI_TYPE_TEXT || v->t == MUNI_TYPE_DATE ? v->p : NULL;
}

static int32_t date_of(const muni__row *row, const char *field, int32_t absent) {
    const muni__val *v = value(row, field);
    int32_t day = absent;
    if (v->t == MUNI_TYPE_NULL || !muni__date_read(v->p, v->n, &day))
        return absent;
    return day;
}

static muni_status clone(muni__arena *mem, const muni__row *row, const muni__row **out) {
    muni__row *copy = NULL;
    muni_status st = muni__row_new(mem, row->kind, &copy);
    for (int32_t i = 0; st >= 0 && i < row->kind->nfields; i++) {
        copy->v[i] = row->v[i];
        if (row->v[i].p && !(copy->v[i].p = muni__arena_strndup(mem, row->v[i].p, row->v[i].n)))
            st = MUNI_ENOMEM;
    }
    *out = copy;
    return st;
}

static muni_status folded(planning *c, const char *p, const char **out) {
    char *key = NULL;
    size_t n = 0;
    muni_status st = muni__idkey(p, strlen(p), &key, &n);
    if (st >= 0 && !(*out = muni__arena_strndup(&c->mem, key, n)))
        st = MUNI_ENOMEM;
    muni__free(key);
    return st;
}

static muni_status id_text(planning *c, int64_t id, const char **out) {
    muni__buf b = MUNI_BUF_INIT(32);
    muni__buf_int(&b, id);
    *out = b.st >= 0 ? muni__arena_strndup(&c->mem, b.p, b.n) : NULL;
    muni__buf_free(&b);
    return *out ? MUNI_OK : MUNI_ENOMEM;
}

static muni_status put_text(planning *c, muni__row *patch, const char *field, const char *p) {
    int32_t at = muni__row_field(patch->kind, field);
    if (!p) {
        muni__row_put(patch, at, MUNI_NULL_VAL);
        return MUNI_OK;
    }
    return muni__row_put_text(&c->mem, patch, at, p, strlen(p));
}

static muni_status put_day(planning *c, muni__row *patch, const char *field, int32_t day) {
    char iso[MUNI__DATE_SIZE];
    if (day == MUNI__DAY_MAX)
        return put_text(c, patch, field, NULL);
    muni__date_format_iso(day, iso);
    return put_text(c, patch, field, iso);
}

static muni_status tell_progress(planning *c, int64_t done, int64_t total) {
    if (c->progress && done % TELL_EVERY == 0 && c->progress(done, total, "plan", c->user))
        return muni__fail(MUNI_ECANCELLED, NULL, "cancelled while planning; there is no plan", "計画の作成中に取り消されました。計画はありません");
    return MUNI_OK;
}

/* ---- what is stored */

static muni_status load_unit(void *user, const muni__row *row) {
    planning *c = user;
    sunit u = { .from = date_of(row, MUNI_UNIT_FROM_ON, MUNI__DAY_MIN), .to = date_of(row, MUNI_UNIT_TO_ON, MUNI__DAY_MAX) };
    muni_status st;
    MUNI_TRY(clone(&c->mem, row, &u.row));
    MUNI_TRY(folded(c, text(row, MUNI_UNIT_CODE), &u.key));
    MUNI_TRY(muni__grow(&c->units, &c->units_cap, c->nunits + 1, sizeof *c->units));
    c->units[c->nunits++] = u;
out:
    return st;
}

static muni_status load_person(void *user, const muni__row *row) {
    planning *c = user;
    sperson p = { .row = NULL };
    const char *id = NULL;
    muni_status st;
    MUNI_TRY(clone(&c->mem, row, &p.row));
    MUNI_TRY(folded(c, text(row, MUNI_PERSON_STAFF_NO), &p.key));
    p.left = date_of(row, MUNI_PERSON_RETIRED_ON, MUNI__DAY_MAX) < c->on;
    MUNI_TRY(muni__grow(&c->people, &c->people_cap, c->npeople + 1, sizeof *c->people));
    MUNI_TRY(id_text(c, muni__row_id(row), &id));
    MUNI_TRY(muni__textmap_put(&c->by_number, p.key, (int64_t)c->npeople));
    MUNI_TRY(muni__textmap_put(&c->by_id, id, (int64_t)c->npeople));
    c->people[c->npeople++] = p;
    if (!p.left)
        c->serving++;
out:
    return st;
}

static muni_status person_of(planning *c, const muni__row *row, const char *field, sperson **out) {
    char id[24];
    muni__buf b = MUNI_BUF_INIT(sizeof id);
    muni__buf_int(&b, value(row, field)->i);
    const int64_t *at = b.st >= 0 ? muni__textmap_get(&c->by_id, b.p) : NULL;
    *out = at ? &c->people[*at] : NULL;
    muni_status st = b.st;
    muni__buf_free(&b);
    return st;
}

static muni_status load_post(void *user, const muni__row *row) {
    planning *c = user;
    sperson *p = NULL;
    muni_status st = person_of(c, row, MUNI_POST_PERSON, &p);
    if (st < 0 || !p)
        return st;
    spost *post = muni__arena_alloc(&c->mem, sizeof *post);
    if (!post)
        return MUNI_ENOMEM;
    const char *concurrent = text(row, MUNI_POST_CONCURRENT);
    post->from = date_of(row, MUNI_POST_FROM_ON, MUNI__DAY_MIN);
    post->to = date_of(row, MUNI_POST_TO_ON, MUNI__DAY_MAX);
    post->unit = value(row, MUNI_POST_UNIT)->i;
    post->concurrent = concurrent && !strcmp(concurrent, "concurrent");
    post->next = p->posts;
    p->posts = post;
    return clone(&c->mem, row, &post->row);
}

static muni_status load_account(void *user, const muni__row *row) {
    planning *c = user;
    sperson *p = NULL;
    const char *system = NULL, *ours = NULL, *name = NULL;
    muni_status st;
    MUNI_TRY(folded(c, text(row, MUNI_ACCOUNT_SYSTEM), &system));
    MUNI_TRY(folded(c, c->profile->account_system, &ours));
    if (strcmp(system, ours) != 0)
        return MUNI_OK;
    MUNI_TRY(folded(c, text(row, MUNI_ACCOUNT_NAME), &name));
    MUNI_TRY(muni__textmap_put(&c->by_account, name, value(row, MUNI_ACCOUNT_PERSON)->i));
    MUNI_TRY(person_of(c, row, MUNI_ACCOUNT_PERSON, &p));
    if (!p)
        return MUNI_OK;
    saccount *a = muni__arena_alloc(&c->mem, sizeof *a);
    if (!a)
        return MUNI_ENOMEM;
    a->from = date_of(row, MUNI_ACCOUNT_FROM_ON, MUNI__DAY_MIN);
    a->to = date_of(row, MUNI_ACCOUNT_TO_ON, MUNI__DAY_MAX);
    a->next = p->accounts;
    p->accounts = a;
    MUNI_TRY(clone(&c->mem, row, &a->row));
out:
    return st;
}

/* ---- units */

static bool taken(const muni__srow *row) {
    return !row->rejected && !row->held && !row->skipped;
}

/* Which stored unit each row means (code and first day), which are new, which end. `views` gets all of them as they will be. */
static muni_status match_units(planning *c, muni__unit_view **views, size_t *count) {
    muni__reading *r = c->r;
    size_t n = 0, rows = r->nrows[MUNI__UNITS];
    muni__textmap at = { .mem = &c->mem };
    muni_status st = MUNI_OK;
    muni__unit_view *list = muni__arena_alloc(&c->mem, (c->nunits + rows + 1) * sizeof *list);
    c->unit_pos = muni__arena_alloc(&c->mem, (rows + 1) * sizeof *c->unit_pos);
    bool *fresh = muni__arena_alloc(&c->mem, rows + 1);
    if (!list || !c->unit_pos || !fresh)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < c->nunits; i++) { /* chains of one code: the map holds the last, found again by scanning back */
        muni__buf b = MUNI_BUF_INIT(200);
        muni__buf_printf(&b, "%s %d", c->units[i].key, (int)c->units[i].from);
        const char *key = b.st >= 0 ? muni__arena_strndup(&c->mem, b.p, b.n) : NULL;
        muni__buf_free(&b);
        if (!key)
            return MUNI_ENOMEM;
        MUNI_TRY(muni__textmap_put(&at, key, (int64_t)i));
        if (c->units[i].from <= c->on && c->units[i].to >= c->on)
            c->units_live++;
    }
    for (size_t i = 0; i < rows; i++) {
        muni__srow *row = r->rows[MUNI__UNITS][i];
        muni__buf b = MUNI_BUF_INIT(200);
        if (!row->key || !row->v[MUNI__SU_FROM_ON])
            continue;
        muni__buf_printf(&b, "%s %d", row->key, (int)row->day[MUNI__SU_FROM_ON]);
        st = b.st;
        const int64_t *known = st >= 0 ? muni__textmap_get(&at, b.p) : NULL;
        muni__buf_free(&b);
        MUNI_TRY(st);
        if (known)
            c->units[*known].now = row; /* also of a held row: it is present */
        else
            fresh[i] = taken(row);
    }
    if (rows && c->profile->units_full) /* what the file does not list has ended, unless a row could not be read */
        for (size_t i = 0; i < c->nunits; i++) {
            sunit *u = &c->units[i];
            bool unsure = false;
            for (size_t k = 0; k < rows && !u->now && u->from < c->on && u->to >= c->on && !unsure; k++) {
                const muni__srow *row = r->rows[MUNI__UNITS][k];
                unsure = !taken(row) && !row->skipped && (!row->key || !strcmp(row->key, u->key));
            }
            if (!u->now && u->from < c->on && u->to >= c->on && !unsure) {
                u->to = c->on - 1;
                u->ends = true;
                c->units_end++;
            }
        }
    for (size_t i = 0; i < c->nunits; i++) {
        sunit *u = &c->units[i];
        if (u->now && taken(u->now))
            u->to = u->now->v[MUNI__SU_TO_ON] ? u->now->day[MUNI__SU_TO_ON] : MUNI__DAY_MAX;
    }
    for (size_t i = 0; i < rows; i++) { /* a code used again: the unit before ends the day before */
        const muni__srow *row = r->rows[MUNI__UNITS][i];
        for (size_t k = 0; fresh[i] && k < c->nunits; k++) {
            sunit *u = &c->units[k];
            if (!strcmp(u->key, row->key) && u->from < row->day[MUNI__SU_FROM_ON] && u->to >= row->day[MUNI__SU_FROM_ON]) {
                u->to = row->day[MUNI__SU_FROM_ON] - 1;
                u->ends = true;
            }
        }
    }
    for (size_t i = 0; i < c->nunits; i++) {
        const sunit *u = &c->units[i];
        const muni__srow *now = u->now && taken(u->now) ? u->now : NULL;
        list[n++] = (muni__unit_view){ u->key, now ? now->v[MUNI__SU_NAME] : text(u->row, MUNI_UNIT_NAME), now ? now->v[MUNI__SU_FULL_NAME] : text(u->row, MUNI_UNIT_FULL_NAME),
                                       u->from, u->to, muni__row_id(u->row) };
    }
    for (size_t i = 0; i < rows; i++) {
        const muni__srow *row = r->rows[MUNI__UNITS][i];
        if (fresh[i])
            list[n++] = (muni__unit_view){ row->key, row->v[MUNI__SU_NAME], row->v[MUNI__SU_FULL_NAME], row->day[MUNI__SU_FROM_ON],
                                           row->v[MUNI__SU_TO_ON] ? row->day[MUNI__SU_TO_ON] : MUNI__DAY_MAX, -(int64_t)(i + 1) };
    }
    *views = list;
    *count = n;
out:
    return st;
}

/* A reference to a unit as the plan writes it: new ones are named by the plan row that creates them. */
static int64_t unit_ref(const planning *c, int64_t ref) {
    return ref < 0 ? c->unit_pos[-ref - 1] : ref;
}

/* The fields of one kind that the file has columns for. */
static muni_status take_fields(planning *c, int which, const muni__srow *row, const muni__kind *kind, muni__row *patch) {
    const muni__sheet *sheet = &c->profile->sheets[which];
    muni_status st = MUNI_OK;
    for (int32_t i = 0; i < sheet->nfields && st >= 0; i++) {
        const muni__sheet_field *f = &sheet->fields[i];
        if (!sheet->has[i] || !f->kind || strcmp(f->kind, kind->name) != 0)
            continue;
        if (f->form == MUNI__AS_INT) {
            int64_t v = 0;
            for (const char *p = row->v[i]; p && *p; p++)
                v = v * 10 + (*p - '0');
            muni__row_put(patch, muni__row_field(kind, f->name), row->v[i] ? muni__val_int(v) : MUNI_NULL_VAL);
        } else {
            st = put_text(c, patch, f->name, row->v[i]);
        }
    }
    return st;
}

/* Of a patch only what differs stays; answers whether anything does. */
static bool differing(const muni__row *old, muni__row *patch) {
    bool any = false;
    for (int32_t i = 0; i < patch->kind->nfields; i++) {
        if (patch->set[i] && muni__val_equal(&old->v[i], &patch->v[i]))
            patch->set[i] = 0;
        any = any || patch->set[i];
    }
    return any;
}

/* `shorten`: only that it ends sooner than stored, which makes room for others; else all the rest. */
static muni_status plan_unit(planning *c, sunit *u, bool shorten) {
    bool sooner_ended = u->to < date_of(u->row, MUNI_UNIT_TO_ON, MUNI__DAY_MAX), alone = !c->r->names[MUNI__PEOPLE];
    muni__row *patch = NULL;
    muni__plan_ref ref = { MUNI_UNIT_PARENT, 0 };
    size_t nrefs = 0;
    muni_status st;
    if (shorten && !sooner_ended)
        return MUNI_OK;
    MUNI_TRY(muni__row_new(&c->mem, c->units_kind, &patch));
    if (!shorten && u->now && taken(u->now)) {
        MUNI_TRY(take_fields(c, MUNI__UNITS, u->now, c->units_kind, patch));
        patch->set[muni__row_field(c->units_kind, MUNI_UNIT_TO_ON)] = 0;
        if (c->profile->sheets[MUNI__UNITS].has[MUNI__SU_PARENT]) {
            ref.to = unit_ref(c, u->now->unit);
            nrefs = value(u->row, MUNI_UNIT_PARENT)->i != ref.to;
        }
    }
    if (shorten || !sooner_ended)
        MUNI_TRY(put_day(c, patch, MUNI_UNIT_TO_ON, u->to));
    bool any = differing(u->row, patch) || nrefs;
    if (any || (!shorten && !sooner_ended))
        MUNI_TRY(muni__plan_row(&c->m, any ? MUNI__PLAN_CHANGE : MUNI__PLAN_KEEP, c->units_kind, text(u->row, MUNI_UNIT_CODE), u->row, any ? patch : NULL, &ref, nrefs, NULL));
    if (alone && shorten && u->ends) {
        c->counts.leave++;
    } else if (alone && !shorten && !u->ends && u->now && taken(u->now)) {
        c->counts.change += any || sooner_ended;
        c->counts.unchanged += !any && !sooner_ended;
    }
    st = MUNI_OK;
out:
    return st;
}

/* Units that end sooner make room first; then new ones, parents before children; then changes, which may lead to new parents. */
static muni_status plan_units(planning *c) {
    muni__reading *r = c->r;
    size_t rows = r->nrows[MUNI__UNITS], left = 0;
    bool *todo = muni__arena_alloc(&c->mem, rows + 1);
    muni_status st = MUNI_OK;
    if (!todo)
        return MUNI_ENOMEM;
    for (size_t i = 0; i < rows; i++) {
        todo[i] = taken(r->rows[MUNI__UNITS][i]);
        for (size_t k = 0; k < c->nunits && todo[i]; k++)
            todo[i] = c->units[k].now != r->rows[MUNI__UNITS][i];
        left += todo[i];
    }
    for (size_t i = 0; i < c->nunits; i++)
        MUNI_TRY(plan_unit(c, &c->units[i], true));
    for (bool more = true; left && more;) {
        more = false;
        for (size_t i = 0; i < rows; i++) {
            const muni__srow *row = r->rows[MUNI__UNITS][i];
            int64_t pos = 0;
            muni__row *patch = NULL;
            if (!todo[i] || (row->unit < 0 && !c->unit_pos[-row->unit - 1]))
                continue;
            MUNI_TRY(muni__row_new(&c->mem, c->units_kind, &patch));
            MUNI_TRY(take_fields(c, MUNI__UNITS, row, c->units_kind, patch));
            muni__plan_ref ref = { MUNI_UNIT_PARENT, unit_ref(c, row->unit) };
            MUNI_TRY(muni__plan_row(&c->m, MUNI__PLAN_CREATE, c->units_kind, row->v[MUNI__SU_CODE], NULL, patch, &ref, ref.to != 0, &pos));
            c->unit_pos[i] = -pos;
            todo[i] = false;
            left--;
            more = true;
            if (!r->names[MUNI__PEOPLE])
                c->counts.create++;
        }
    }
    for (size_t i = 0; i < c->nunits; i++)
        MUNI_TRY(plan_unit(c, &c->units[i], false));
out:
    return st;
}

/* ---- posts */

static int32_t end_of(const muni__srow *row) {
    return row->v[MUNI__SP_RETIRED_ON] ? row->day[MUNI__SP_RETIRED_ON] : MUNI__DAY_MAX;
}

static int32_t later(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static int32_t sooner(int32_t a, int32_t b) {
    return a < b ? a : b;
}

typedef struct who { /* whose posts they are */
    sperson *stored;  /* NULL: a new person */
    int64_t pos;      /* the row that creates a new one */
    const char *key;
    bool changed;
} who;

static muni_status create_post(planning *c, who *w, const muni__srow *row, int32_t from, int32_t to) {
    muni__row *patch = NULL;
    muni_status st;
    if (to < from)
        return MUNI_OK;
    MUNI_TRY(muni__row_new(&c->mem, c->posts_kind, &patch));
    MUNI_TRY(take_fields(c, MUNI__PEOPLE, row, c->posts_kind, patch));
    MUNI_TRY(put_text(c, patch, MUNI_POST_CONCURRENT, row->concurrent ? "concurrent" : "main"));
    MUNI_TRY(put_day(c, patch, MUNI_POST_FROM_ON, from));
    MUNI_TRY(put_day(c, patch, MUNI_POST_TO_ON, to));
    muni__plan_ref refs[] = { { MUNI_POST_PERSON, w->stored ? muni__row_id(w->stored->row) : -w->pos }, { MUNI_POST_UNIT, unit_ref(c, row->unit) } };
    w->changed = true;
    MUNI_TRY(muni__plan_row(&c->m, MUNI__PLAN_CREATE, c->posts_kind, w->key, NULL, patch, refs, 2, NULL));
out:
    return st;
}

/* Write a stored post as it will be: its dates, and what the row says of it. */
static muni_status settle_post(planning *c, who *w, spost *p, const muni__srow *row) {
    muni__row *patch = NULL;
    muni_status st;
    if (p->used)
        return MUNI_OK;
    p->used = true;
    if (p->dropped) {
        w->changed = true;
        return muni__plan_row(&c->m, MUNI__PLAN_TRASH, c->posts_kind, w->key, p->row, NULL, NULL, 0, NULL);
    }
    MUNI_TRY(muni__row_new(&c->mem, c->posts_kind, &patch));
    if (row)
        MUNI_TRY(take_fields(c, MUNI__PEOPLE, row, c->posts_kind, patch));
    MUNI_TRY(put_day(c, patch, MUNI_POST_FROM_ON, p->from));
    MUNI_TRY(put_day(c, patch, MUNI_POST_TO_ON, p->to));
    bool any = differing(p->row, patch);
    w->changed = w->changed || any;
    MUNI_TRY(muni__plan_row(&c->m, any ? MUNI__PLAN_CHANGE : MUNI__PLAN_KEEP, c->posts_kind, w->key, p->row, any ? patch : NULL, NULL, 0, NULL));
out:
    return st;
}

/* The main post that counts on a day: held then, or else beginning on the day of the order. */
static spost *main_on(const sperson *p, int32_t day, int32_t order) {
    for (spost *s = p->posts; s; s = s->next)
        if (!s->concurrent && s->from <= day && day <= s->to)
            return s;
    for (spost *s = p->posts; s; s = s->next)
        if (!s->concurrent && s->from == order)
            return s;
    return NULL;
}

/* The last day of the main post before a day; MUNI__DAY_MIN - 1: none. */
static int32_t last_before(const sperson *p, const spost *but, int32_t day) {
    int32_t last = MUNI__DAY_MIN - 1;
    for (const spost *s = p->posts; s; s = s->next)
        if (!s->concurrent && s != but && !s->dropped && s->from < day)
            last = later(last, s->to);
    return last;
}

static int32_t first_after(const sperson *p, const spost *but, int32_t day) {
    int32_t first = MUNI__DAY_MAX;
    for (const spost *s = p->posts; s; s = s->next)
        if (!s->concurrent && s != but && !s->dropped && s->from > day)
            first = sooner(first, s->from);
    return first;
}

static int32_t until_next(const sperson *p, const spost *but, int32_t from) {
    int32_t next = first_after(p, but, from);
    return next == MUNI__DAY_MAX ? MUNI__DAY_MAX : next - 1;
}

/* What becomes of the main post of somebody who is stored. A later order is a new post, and the one before ends the day before; the same order is the
 * same post; an earlier order in the same unit moves its beginning back; an order of the same or an earlier day in another unit corrects a wrong post,
 * unless that unit began later: then the organisation changed without an order. Posts that begin after the day of the file stay. */
static muni_status plan_main(planning *c, who *w, const muni__srow *row) {
    sperson *p = w->stored;
    int32_t order = row->day[MUNI__SP_FROM_ON], end = end_of(row);
    bool gone = end < c->on;
    int32_t day = gone ? end : later(order, c->on);
    int64_t unit = unit_ref(c, row->unit);
    spost *now = main_on(p, day, order);
    muni_status st = MUNI_OK;
    bool create = false;
    const muni__srow *says = row;
    int32_t from = order;
    if (gone) { /* the row tells of the leaving, not of a new post */
        for (spost *s = p->posts; s; s = s->next) {
            if (s->from <= end)
                s->to = sooner(s->to, end);
            else
                s->dropped = true; /* it never began */
        }
        says = NULL;
    } else if (!now) {
        create = true;
        from = later(order, last_before(p, NULL, later(order, c->on) + 1) + 1);
    } else if (now->unit == unit) {
        if (order > now->from) {
            create = true;
        } else if (order < now->from && now->from != row->unit_from) {
            now->from = sooner(now->from, later(order, last_before(p, now, now->from) + 1));
        }
    } else {
        from = order < row->unit_from && row->unit_from > now->from ? row->unit_from : order;
        create = true;
        if (from <= now->from) {
            now->dropped = true;
            from = later(from, last_before(p, now, now->from) + 1);
        }
    }
    if (now && create && !now->dropped)
        now->to = from - 1;
    if (now && !create && !gone)
        now->to = sooner(end, until_next(p, now, now->from));
    for (spost *s = p->posts; s && st >= 0; s = s->next)
        if (!s->concurrent)
            st = settle_post(c, w, s, s == now && !create ? says : NULL);
    if (st >= 0 && create)
        st = create_post(c, w, row, from, sooner(end, until_next(p, now, from)));
    return st;
}

/* May a concurrent post that the file does not list be one of a row that could not be read? */
static bool may_be_blank(const planning *c, const muni__srow *main) {
    for (size_t i = 0; i < c->r->nrows[MUNI__PEOPLE]; i++) {
        const muni__srow *row = c->r->rows[MUNI__PEOPLE][i];
        if (row->key || (!row->concurrent && !row->misshapen))
            continue;
        const char *a = row->v[MUNI__SP_KANA], *b = main->v[MUNI__SP_KANA];
        if (!a || !b || !strcmp(a, b))
            return true;
    }
    return false;
}

static spost *same_concurrent(const sperson *p, int64_t unit, const muni__srow *row, int32_t day, bool titled) {
    for (spost *s = p->posts; s; s = s->next) {
        const char *a = text(s->row, MUNI_POST_TITLE), *b = row->v[MUNI__SP_TITLE];
        if (s->concurrent && !s->used && s->unit == unit && ((s->from <= day && day <= s->to) || s->from == row->day[MUNI__SP_FROM_ON]) &&
            (!titled || (a && b ? !strcmp(a, b) : !a && !b)))
            return s;
    }
    return NULL;
}

static muni_status plan_concurrents(planning *c, who *w, const muni__staff_group *g) {
    sperson *p = w->stored;
    int32_t end = end_of(g->main);
    bool gone = end < c->on;
    muni_status st = MUNI_OK;
    for (size_t i = 0; !gone && i < g->nconcurrents; i++) {
        const muni__srow *row = g->concurrents[i];
        int32_t order = row->day[MUNI__SP_FROM_ON];
        int64_t unit = unit_ref(c, row->unit);
        spost *s = p ? same_concurrent(p, unit, row, later(order, c->on), true) : NULL;
        if (p && !s)
            s = same_concurrent(p, unit, row, later(order, c->on), false);
        if (s && order > s->from) { /* ordered anew */
            s->to = order - 1;
            MUNI_TRY(settle_post(c, w, s, NULL));
            s = NULL;
        }
        if (s) {
            s->from = order < s->from && s->from != row->unit_from ? order : s->from;
            s->to = sooner(end, end_of(row));
            MUNI_TRY(settle_post(c, w, s, row));
        } else {
            bool reorganised = p && order < row->unit_from && row->unit_from <= c->on;
            MUNI_TRY(create_post(c, w, row, reorganised ? row->unit_from : order, sooner(end, end_of(row))));
        }
    }
    for (spost *s = p ? p->posts : NULL; s; s = s->next) {
        if (!s->concurrent || s->used)
            continue;
        if (!gone && !g->partial && s->from <= c->on && s->to >= c->on && !may_be_blank(c, g->main)) { /* relieved of it */
            s->to = c->on - 1;
            s->dropped = s->to < s->from;
        }
        MUNI_TRY(settle_post(c, w, s, NULL));
    }
out:
    return st;
}

/* ---- accounts */

static muni_status account_name(planning *c, const muni__srow *row, const char *const **names) {
    const char **list = muni__arena_alloc(&c->mem, 3 * sizeof *list);
    const char *mail = row->v[MUNI__SP_MAIL];
    const char *at = mail ? strchr(mail, '@') : NULL;
    size_t n = 0;
    muni__buf b = MUNI_BUF_INIT(200);
    if (!list)
        return MUNI_ENOMEM;
    if (c->profile->account_mail && at && at > mail && at - mail <= 128 && !strchr(at + 1, '@'))
        if (!(list[n++] = muni__arena_strndup(&c->mem, mail, (size_t)(at - mail))))
            return MUNI_ENOMEM;
    muni__buf_puts(&b, c->profile->account_before);
    muni__buf_puts(&b, row->v[MUNI__SP_STAFF_NO]);
    muni__buf_puts(&b, c->profile->account_after);
    muni_status st = b.st;
    if (st >= 0 && !(list[n] = muni__arena_strndup(&c->mem, b.p, b.n)))
        st = MUNI_ENOMEM;
    muni__buf_free(&b);
    *names = list;
    return st;
}

static muni_status create_account(planning *c, who *w, const muni__srow *row, int32_t from, int32_t to) {
    const char *const *names = NULL;
    muni__row *patch = NULL;
    int64_t owner = w->stored ? muni__row_id(w->stored->row) : -w->pos;
    muni_status st;
    MUNI_TRY(account_name(c, row, &names));
    for (; *names; names++) {
        const char *key = NULL;
        MUNI_TRY(folded(c, *names, &key));
        const int64_t *there = muni__textmap_get(&c->by_account, key);
        if (there && *there != owner)
            continue; /* somebody else's */
        MUNI_TRY(muni__textmap_put(&c->by_account, key, owner));
        MUNI_TRY(muni__row_new(&c->mem, c->accounts_kind, &patch));
        MUNI_TRY(put_text(c, patch, MUNI_ACCOUNT_SYSTEM, c->profile->account_system));
        MUNI_TRY(put_text(c, patch, MUNI_ACCOUNT_NAME, *names));
        MUNI_TRY(put_day(c, patch, MUNI_ACCOUNT_FROM_ON, from));
        MUNI_TRY(put_day(c, patch, MUNI_ACCOUNT_TO_ON, to));
        muni__plan_ref ref = { MUNI_ACCOUNT_PERSON, owner };
        w->changed = true;
        MUNI_TRY(muni__plan_row(&c->m, MUNI__PLAN_CREATE, c->accounts_kind, *names, NULL, patch, &ref, 1, NULL));
        return MUNI_OK;
    }
    st = MUNI_OK;
out:
    return st;
}

static muni_status settle_account(planning *c, who *w, saccount *a) {
    muni__row *patch = NULL;
    muni_status st;
    MUNI_TRY(muni__row_new(&c->mem, c->accounts_kind, &patch));
    MUNI_TRY(put_day(c, patch, MUNI_ACCOUNT_TO_ON, a->to));
    bool any = differing(a->row, patch);
    w->changed = w->changed || any;
    MUNI_TRY(muni__plan_row(&c->m, any ? MUNI__PLAN_CHANGE : MUNI__PLAN_KEEP, c->accounts_kind, text(a->row, MUNI_ACCOUNT_NAME), a->row, any ? patch : NULL, NULL, 0, NULL));
out:
    return st;
}

/* A person who serves has an account from the first day of employment; it ends with the last. An end that somebody else gave it stays, unless the date
 * of leaving changes. */
static muni_status plan_accounts(planning *c, who *w, const muni__srow *row) {
    int32_t end = end_of(row), last = MUNI__DAY_MIN;
    bool open = false;
    muni_status st = MUNI_OK;
    int32_t first = row->v[MUNI__SP_HIRED_ON] ? row->day[MUNI__SP_HIRED_ON] : row->day[MUNI__SP_FROM_ON];
    if (!c->profile->account_system)
        return MUNI_OK;
    int32_t before = w->stored ? date_of(w->stored->row, MUNI_PERSON_RETIRED_ON, MUNI__DAY_MAX) : MUNI__DAY_MAX;
    for (saccount *a = w->stored ? w->stored->accounts : NULL; a; a = a->next) {
        if (a->to >= c->on || a->to == before) {
            bool live = a->to >= c->on;
            if (end != before && end >= a->from && (end < a->to || (live && a->to == before)))
                a->to = end;
            open = open || live;
        }
        last = later(last, a->to);
        MUNI_TRY(settle_account(c, w, a));
    }
    if (!open && end >= c->on) {
        if (w->stored && w->stored->accounts)
            first = later(later(row->day[MUNI__SP_FROM_ON], first), last + 1);
        if (first <= end)
            MUNI_TRY(create_account(c, w, row, first, end));
    }
out:
    return st;
}

/* ---- people */

static bool variation(uint32_t cp) {
    return (cp >= 0xfe00 && cp <= 0xfe0f) || (cp >= 0xe0100 && cp <= 0xe01ef);
}

static bool next_char(const char **p, uint32_t *cp) {
    do {
        if (!**p)
            return false;
        *p += muni__utf8_next(*p, strlen(*p), cp);
    } while (variation(*cp));
    return true;
}

/* Is the name of the file the stored one with characters lost on the way (〓, ?, variation selectors)? Then the stored one is the better. */
static bool poorer(const char *stored, const char *now) {
    uint32_t a = 0, b = 0;
    if (!stored || !now)
        return false;
    for (;;) {
        bool x = next_char(&stored, &a), y = next_char(&now, &b);
        if (x != y)
            return false;
        if (!x)
            return true;
        if (a != b && b != 0x3013 && b != '?' && b != 0xff1f && b != 0xfffd)
            return false;
    }
}

static muni_status reading_key(planning *c, const char *kana, const char *born, const char **out) {
    muni__buf b = MUNI_BUF_INIT(4096);
    *out = NULL;
    if (!kana || !born)
        return MUNI_OK;
    muni_status st = muni__textkey_put(&b, kana, strlen(kana));
    muni__buf_putc(&b, '\t');
    muni__buf_puts(&b, born);
    if (st >= 0)
        st = b.st;
    if (st >= 0 && !(*out = muni__arena_strndup(&c->mem, b.p, b.n)))
        st = MUNI_ENOMEM;
    muni__buf_free(&b);
    return st;
}

static muni_status index_readings(planning *c) {
    muni_status st = MUNI_OK;
    c->alike = muni__arena_alloc(&c->mem, (c->npeople + 1) * sizeof *c->alike);
    if (!c->alike)
        return MUNI_ENOMEM;
    for (size_t i = 0; st >= 0 && i < c->npeople; i++) {
        const char *key = NULL;
        st = reading_key(c, text(c->people[i].row, MUNI_PERSON_KANA), text(c->people[i].row, MUNI_PERSON_BORN_ON), &key);
        if (st < 0 || !key)
            continue;
        const int64_t *first = muni__textmap_get(&c->by_reading, key);
        c->alike[i] = first ? *first : 0;
        st = muni__textmap_put(&c->by_reading, key, (int64_t)i + 1);
    }
    return st;
}

/* Who is new may be somebody known under another number: told, never assumed. Not who is in the file under that number as well, and serves. */
static muni_status propose(planning *c, const muni__srow *row) {
    const char *key = NULL;
    muni_status st = reading_key(c, row->v[MUNI__SP_KANA], row->v[MUNI__SP_BORN_ON], &key);
    const int64_t *first = st >= 0 && key ? muni__textmap_get(&c->by_reading, key) : NULL;
    for (int64_t i = first ? *first : 0; st >= 0 && i; i = c->alike[i - 1]) {
        const sperson *p = &c->people[i - 1];
        if (p->seen && p->group && (!p->group->main || end_of(p->group->main) >= c->on))
            continue;
        c->counts.propose++;
        st = muni__plan_propose(&c->m, p->row, row->v[MUNI__SP_STAFF_NO], MUNI_PERSON_STAFF_NO, row->v[MUNI__SP_STAFF_NO]);
    }
    return st;
}

static muni_status plan_new(planning *c, const muni__staff_group *g) {
    const muni__srow *row = g->main;
    int32_t end = end_of(row), from = row->day[MUNI__SP_FROM_ON];
    who w = { NULL, 0, row->v[MUNI__SP_STAFF_NO], true };
    muni__row *patch = NULL;
    muni_status st;
    MUNI_TRY(muni__row_new(&c->mem, c->people_kind, &patch));
    MUNI_TRY(take_fields(c, MUNI__PEOPLE, row, c->people_kind, patch));
    bool holds = from <= c->on && c->on <= end; /* so that the person need not be touched again when the post is written */
    muni__plan_ref ref = { MUNI_PERSON_UNIT, unit_ref(c, row->unit) };
    MUNI_TRY(muni__plan_row(&c->m, MUNI__PLAN_CREATE, c->people_kind, w.key, NULL, patch, &ref, holds, &w.pos));
    MUNI_TRY(create_post(c, &w, row, sooner(from, end), end));
    MUNI_TRY(plan_concurrents(c, &w, g));
    MUNI_TRY(plan_accounts(c, &w, row));
    MUNI_TRY(propose(c, row));
    c->counts.create++;
out:
    return st;
}

static muni_status plan_known(planning *c, const muni__staff_group *g, sperson *p) {
    const muni__srow *row = g->main;
    who w = { p, 0, row->v[MUNI__SP_STAFF_NO], false };
    int32_t before = date_of(p->row, MUNI_PERSON_RETIRED_ON, MUNI__DAY_MAX), end = end_of(row);
    muni__row *patch = NULL;
    muni_status st;
    MUNI_TRY(muni__row_new(&c->mem, c->people_kind, &patch));
    MUNI_TRY(take_fields(c, MUNI__PEOPLE, row, c->people_kind, patch));
    if (poorer(text(p->row, MUNI_PERSON_NAME), row->v[MUNI__SP_NAME]))
        patch->set[muni__row_field(c->people_kind, MUNI_PERSON_NAME)] = 0;
    bool any = differing(p->row, patch);
    bool leaves = before == MUNI__DAY_MAX && end != MUNI__DAY_MAX, returns = before < c->on && end == MUNI__DAY_MAX;
    MUNI_TRY(muni__plan_row(&c->m, leaves ? MUNI__PLAN_LEAVE : returns ? MUNI__PLAN_RETURN : any ? MUNI__PLAN_CHANGE : MUNI__PLAN_KEEP, c->people_kind, w.key, p->row,
                            any ? patch : NULL, NULL, 0, NULL));
    w.changed = any;
    MUNI_TRY(plan_main(c, &w, row));
    MUNI_TRY(plan_concurrents(c, &w, g));
    MUNI_TRY(plan_accounts(c, &w, row));
    if (leaves)
        c->counts.leave++;
    else if (returns)
        c->counts.comeback++;
    else if (w.changed)
        c->counts.change++;
    else
        c->counts.unchanged++;
out:
    return st;
}

static muni_status plan_people(planning *c) {
    muni__reading *r = c->r;
    muni_status st = MUNI_OK;
    MUNI_TRY(index_readings(c));
    c->present = (int64_t)r->ngroups;
    for (size_t i = 0; i < r->ngroups; i++) {
        const int64_t *at = muni__textmap_get(&c->by_number, r->groups[i].key);
        if (at) {
            c->people[*at].seen = true;
            c->people[*at].group = &r->groups[i];
        }
    }
    for (size_t i = 0; i < c->npeople; i++)
        c->missing += !c->people[i].left && !c->people[i].seen;
    /* who is held stays as stored, and the plan does not depend on them */
    for (size_t i = 0; i < r->ngroups; i++) {
        const muni__staff_group *g = &r->groups[i];
        const int64_t *at = muni__textmap_get(&c->by_number, g->key);
        MUNI_TRY(tell_progress(c, (int64_t)i, (int64_t)r->ngroups));
        if (!g->held)
            MUNI_TRY(at ? plan_known(c, g, &c->people[*at]) : plan_new(c, g));
    }
out:
    return st;
}

/* ---- limits, on the whole plan; a city without people yet has nothing to lose */

typedef struct limit {
    const char *name;
    int64_t limit, value, of;
    bool percent, stops;
} limit;

static muni_status limits(planning *c, json_t **out, bool *stopped) {
    const muni__profile *p = c->profile;
    bool people = c->r->names[MUNI__PEOPLE] != NULL, units = c->r->names[MUNI__UNITS] != NULL;
    int64_t rows = people ? c->r->records[MUNI__PEOPLE] : c->r->records[MUNI__UNITS];
    int64_t held = 0, lost = c->serving > c->present ? c->serving - c->present : 0;
    for (size_t i = 0; i < c->r->nrows[MUNI__PEOPLE]; i++)
        held += c->r->rows[MUNI__PEOPLE][i]->rejected;
    for (size_t i = 0; !people && i < c->r->nrows[MUNI__UNITS]; i++)
        held += c->r->rows[MUNI__UNITS][i]->rejected;
    limit list[] = {
        { "min_rows", p->min_rows, rows, 0, false, rows < p->min_rows },
        { "rejected_percent", p->rejected_percent, held, rows, true, false },
        { "leave_percent", p->leave_percent, people ? c->counts.leave : 0, c->serving, true, false },
        { "missing_percent", p->missing_percent, people ? c->missing : 0, c->serving, true, false },
        { "shrink_percent", p->shrink_percent, people ? lost : 0, c->serving, true, false },
        { "unit_end_percent", p->unit_end_percent, units ? c->units_end : 0, c->units_live, true, false },
    };
    json_t *array = json_array();
    *stopped = false;
    for (size_t i = 0; i < MUNI_COUNT(list); i++) {
        limit *l = &list[i];
        if (l->percent)
            l->stops = l->of > 0 && l->value * 100 > l->limit * l->of;
        *stopped = *stopped || l->stops;
        if (json_array_append_new(array, json_pack("{s:s,s:I,s:I,s:I,s:b}", "name", l->name, "limit", (json_int_t)l->limit, "value", (json_int_t)l->value, "of", (json_int_t)l->of, "stops",
                                                   (int)l->stops)) < 0) {
            json_decref(array);
            return muni__nomem();
        }
    }
    *out = array;
    return MUNI_OK;
}

/* ---- the whole */

static muni_status write_findings(planning *c) {
    const muni__findings *f = &c->r->findings;
    muni_status st = MUNI_OK;
    for (size_t i = 0; st >= 0 && i < f->n; i++) {
        const muni__finding *x = &f->list[i];
        const muni__finding_def *d = &muni__finding_defs[x->code];
        st = muni__plan_finding(&c->m, c->r->names[x->file], x->record, x->line, x->header, d->code, muni__severity_name(d->severity), x->en, x->ja);
    }
    return st;
}

static muni_status make(planning *c, const json_t *params, muni__row **stored) {
    muni__unit_view *views = NULL;
    size_t nviews = 0;
    json_t *counts = NULL, *lims = NULL;
    bool stopped = false;
    const int64_t *by = c->r->findings.counts;
    muni__buf title = MUNI_BUF_INIT(400);
    muni_status st;
    MUNI_TRY(muni__each(c->tx, c->units_kind, NULL, load_unit, c));
    MUNI_TRY(muni__each(c->tx, c->people_kind, NULL, load_person, c));
    MUNI_TRY(muni__each(c->tx, c->posts_kind, NULL, load_post, c));
    if (c->profile->account_system)
        MUNI_TRY(muni__each(c->tx, c->accounts_kind, NULL, load_account, c));
    MUNI_TRY(muni__reading_judge_units(c->r));
    MUNI_TRY(match_units(c, &views, &nviews));
    MUNI_TRY(muni__reading_judge(c->r, views, nviews, c->on));
    muni__buf_printf(&title, "人事データの取込み %s", c->on_text);
    MUNI_TRY(title.st);
    MUNI_TRY(muni__plan_begin(c->tx, "staff", title.p, c->on_text, params, &c->m));
    MUNI_TRY(plan_units(c));
    MUNI_TRY(plan_people(c));
    MUNI_TRY(write_findings(c));
    MUNI_TRY(limits(c, &lims, &stopped));
    counts = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "read", (json_int_t)(c->r->names[MUNI__PEOPLE] ? c->r->records[MUNI__PEOPLE] : c->r->records[MUNI__UNITS]), "create",
                       (json_int_t)c->counts.create, "change", (json_int_t)c->counts.change, "unchanged", (json_int_t)c->counts.unchanged, "leave", (json_int_t)c->counts.leave, "return",
                       (json_int_t)c->counts.comeback, "propose", (json_int_t)c->counts.propose, "mended", (json_int_t)by[MUNI__MENDED], "warned", (json_int_t)by[MUNI__WARNED], "rejected",
                       (json_int_t)by[MUNI__REJECTED]);
    if (!counts) {
        st = muni__nomem();
        goto out;
    }
    MUNI_TRY(muni__plan_end(&c->m, counts, lims, stopped, stored));
out:
    muni__buf_free(&title);
    json_decref(counts);
    json_decref(lims);
    return st;
}

/* ---- reading what is asked for */

static muni_status digest_of(const muni__source *s, char hex[65], int64_t *bytes) {
    char piece[16384];
    unsigned char digest[MUNI__HASH];
    size_t got = 1;
    muni__sha h;
    muni_status st = MUNI_OK;
    muni__sha_init(&h);
    while (st >= 0 && got) {
        st = s->read(s->user, piece, sizeof piece, &got);
        if (st >= 0)
            muni__sha_add(&h, piece, got);
        *bytes += (int64_t)got;
    }
    muni__sha_end(&h, digest);
    muni__hex(digest, sizeof digest, hex);
    return st < 0 ? st : s->rewind(s->user);
}

static muni_status read_file(muni__reading *r, int which, const char *path, muni__charset charset, json_t *files) {
    muni__source s = { NULL, NULL, NULL, NULL };
    char hex[65];
    int64_t bytes = 0;
    muni_status st;
    if (!path)
        return MUNI_OK;
    MUNI_TRY(muni__source_file(&s, path));
    MUNI_TRY(digest_of(&s, hex, &bytes));
    MUNI_TRY(muni__reading_file(r, which, path, charset, &s));
    json_t *j = json_pack("{s:s,s:s,s:s,s:I,s:s,s:I}", "role", which == MUNI__PEOPLE ? "people" : "units", "file", r->names[which], "sha256", hex, "bytes", (json_int_t)bytes, "charset",
                          muni__charset_name(r->charset[which]), "records", (json_int_t)r->records[which]);
    if (json_array_append_new(files, j) < 0)
        st = muni__nomem();
out:
    muni__source_close(&s);
    return st;
}

typedef struct asked {
    muni_staff_plan_options o;
    const char *profile_name;
    muni__charset charset;
    int32_t on;
    muni_progress_fn progress;
    void *user;
    muni__arena mem; /* of the profile */
    muni__profile *profile;
    int32_t version;
    muni__reading r;
    json_t *params;
} asked;

static muni_status check_options(asked *a, const muni_staff_plan_options *options) {
    muni_staff_plan_options *o = &a->o;
    size_t bad = 0;
    if (!options)
        return muni__fail(MUNI_EINVAL, "options", "the options are NULL", "指定がNULLです");
    *o = (muni_staff_plan_options)MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_status st = muni__options_read(o, sizeof *o, options, "MUNI_STAFF_PLAN_OPTIONS_INIT");
    if (st < 0)
        return st;
    if (!o->units && !o->people)
        return muni__fail(MUNI_EINVAL, "people", "no file is named; name one of units, of people, or both", "ファイルの指定がありません。組織か職員のファイルを指定してください");
    if (!o->on)
        return muni__fail(MUNI_EINVAL, "on", "the day of which the files speak is missing; give it as YYYY-MM-DD", "基準日がありません。YYYY-MM-DDで指定してください");
    if (!muni__date_read(o->on, strlen(o->on), &a->on) || a->on <= MUNI__DAY_MIN || a->on >= MUNI__DAY_MAX)
        return muni__fail(MUNI_EFORMAT, "on", "on is no date; write a day that exists as YYYY-MM-DD", "基準日が日付ではありません。実在する日をYYYY-MM-DDで指定してください");
    a->profile_name = o->profile && *o->profile ? o->profile : "hr-export";
    if (!muni__utf8_valid(a->profile_name, strlen(a->profile_name), &bad))
        return muni__fail(MUNI_ENOTFOUND, "profile", "the name of the profile is not valid UTF-8", "取込み定義の名前がUTF-8ではありません");
    return o->charset && *o->charset ? muni__charset_parse(o->charset, &a->charset) : MUNI_OK;
}

/* In a transaction that only reads: may the session plan, and how is the file read? */
static muni_status prepare(muni__tx *tx, asked *a) {
    const muni__definition *d = NULL;
    muni__quoted q;
    if (!(muni__scopes_any(tx, muni__kind_find(MUNI_KIND_PLAN), MUNI__V_PLAN) & MUNI__S_ALL))
        return muni__fail(MUNI_EDENIED, NULL, "the session may not plan; it needs the verb plan on plans", "計画を作る権限がありません（計画に対する操作planが必要です）");
    muni_status st = muni__definition_active(tx, "profile", a->profile_name, &d);
    if (st == MUNI_EDEFINITION)
        return muni__fail(MUNI_ENOTFOUND, "profile", "there is no active profile \"%s\"", "有効な取込み定義「%s」がありません", muni__quote(&q, a->profile_name, strlen(a->profile_name)));
    if (st >= 0) {
        a->version = d->version;
        st = muni__profile_parse(&a->mem, d->body, &a->profile);
    }
    return st;
}

static muni_status read_all(asked *a) {
    json_t *files = json_array();
    muni_status st;
    MUNI_TRY(files ? MUNI_OK : muni__nomem());
    muni__reading_init(&a->r, a->profile, a->progress, a->user);
    MUNI_TRY(read_file(&a->r, MUNI__UNITS, a->o.units, a->charset, files));
    MUNI_TRY(read_file(&a->r, MUNI__PEOPLE, a->o.people, a->charset, files));
    a->params = json_pack("{s:s,s:i,s:s,s:O}", "profile", a->profile_name, "version", (int)a->version, "on", a->o.on, "files", files);
    if (!a->params)
        st = muni__nomem();
out:
    json_decref(files);
    return st;
}

static muni_status write_plan(muni__tx *tx, asked *a, muni_rec **out) {
    planning c = { .tx = tx, .profile = a->profile, .r = &a->r, .on = a->on, .progress = a->progress, .user = a->user };
    muni__row *stored = NULL;
    c.by_number.mem = c.by_id.mem = c.by_account.mem = c.by_reading.mem = &c.mem;
    c.units_kind = muni__kind_find(MUNI_KIND_UNIT);
    c.people_kind = muni__kind_find(MUNI_KIND_PERSON);
    c.posts_kind = muni__kind_find(MUNI_KIND_POST);
    c.accounts_kind = muni__kind_find(MUNI_KIND_ACCOUNT);
    muni__date_format_iso(a->on, c.on_text);
    muni_status st = make(&c, a->params, &stored);
    if (st >= 0)
        st = muni__row_to_rec(tx, stored, NULL, out);
    muni__free(c.units);
    muni__free(c.people);
    muni__arena_free(&c.mem);
    return st;
}

static muni_status staff_plan(muni_session *session, const muni_staff_plan_options *options, asked *a, muni_rec **out) {
    muni__tx *tx = NULL;
    muni_status st = check_options(a, options);
    if (st < 0)
        return st;
    /* the files are read while no write waits: the session is kept, so that no call from inside of the progress function gets in */
    st = muni__tx_enter(session, false, false, &tx);
    if (st < 0)
        return st;
    st = prepare(tx, a);
    if (st >= 0)
        st = read_all(a);
    st = muni__tx_leave(tx, st);
    if (st < 0)
        return st;
    st = muni__tx_enter(session, true, false, &tx);
    if (st < 0)
        return st;
    st = muni__tx_leave(tx, write_plan(tx, a, out));
    if (st < 0) {
        muni__error why;
        muni__error_save(&why);
        muni_rec_free(*out);
        *out = NULL;
        muni__error_restore(&why);
    }
    return st;
}

muni_status muni_staff_plan(muni_session *session, const muni_staff_plan_options *options, muni_progress_fn progress, void *user, muni_rec **out) {
    MUNI_ENTER();
    asked a = { .progress = progress, .user = user };
    if (!out)
        return MUNI_LEAVE(muni__no_output());
    *out = NULL;
    muni_status st = staff_plan(session, options, &a, out);
    muni__error why;
    muni__error_save(&why);
    json_decref(a.params);
    muni__reading_free(&a.r);
    muni__arena_free(&a.mem);
    muni__error_restore(&why);
    return MUNI_LEAVE(st);
}
