/* The composition root: what each room registers with the model. The only file that includes every room. */
#include "access/access.h"
#include "calendar/calendar.h"
#include "governance/governance.h"
#include "model/model.h"
#include "model/plan.h"
#include "report/report.h"
#include "service/service.h"
#include "staff/staff.h"

static const struct {
    const char *kind;
    const muni__hooks *hooks;
} hooks[] = {
    { MUNI_KIND_COMMENT, &muni__comment_hooks },
    { MUNI_KIND_DEFINITION, &muni__definition_hooks },
    { MUNI_KIND_PRINCIPAL, &muni__principal_hooks },
    { MUNI_KIND_GROUP, &muni__group_hooks },
    { MUNI_KIND_MEMBER, &muni__member_hooks },
    { MUNI_KIND_GRANT, &muni__grant_hooks },
    { MUNI_KIND_REQUIREMENT, &muni__requirement_hooks },
    { MUNI_KIND_TICKET, &muni__ticket_hooks },
    { MUNI_KIND_PLAN, &muni__plan_hooks },
    { MUNI_KIND_UNIT, &muni__unit_hooks },
    { MUNI_KIND_PERSON, &muni__person_hooks },
    { MUNI_KIND_POST, &muni__post_hooks },
    { MUNI_KIND_ACCOUNT, &muni__account_hooks },
};

const muni__hooks *muni__hooks_of(const muni__kind *kind) {
    for (size_t i = 0; i < MUNI_COUNT(hooks); i++)
        if (!strcmp(hooks[i].kind, kind->name))
            return hooks[i].hooks;
    return NULL;
}

static muni_status birth(muni__tx *tx, const muni_create_options *options) {
    return muni__access_birth(tx, options->admin, options->admin_name);
}

static muni_status check(muni__tx *tx, const char *family, const char *name, const json_t *body) {
    if (!strcmp(family, "report"))
        return muni__report_check(tx, body);
    if (!strcmp(family, "calendar")) {
        muni_calendar *calendar = NULL;
        muni_status st = muni__calendar_from_json((json_t *)(uintptr_t)body, &calendar);
        muni__calendar_unref(calendar);
        return st;
    }
    if (!strcmp(family, "profile"))
        return muni__profile_check(body);
    if (!strcmp(family, "matrix"))
        return muni__ticket_matrix_check(name, body);
    return muni__fail(MUNI_EDEFINITION, "family", "this library has no use for definitions of the family %s", "%s定義はこの版では使えません", family);
}

const muni__rooms muni__rooms_table = {
    .rights = muni__access_rights,
    .scope = muni__staff_scope,
    .check = check,
    .birth = birth,
};
