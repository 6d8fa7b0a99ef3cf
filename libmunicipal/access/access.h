/* Who may do what. */
#ifndef MUNI_ACCESS_ACCESS_H
#define MUNI_ACCESS_ACCESS_H

#include "model/model.h"

/* The rights of a principal now: fills list and groups of `out`. */
muni_status muni__access_rights(muni__tx *tx, int64_t principal, muni__rights *out);
/* Groups, grants and the first administrator of a new store. */
muni_status muni__access_birth(muni__tx *tx, const char *login, const char *name);
extern const muni__hooks muni__principal_hooks, muni__group_hooks, muni__member_hooks, muni__grant_hooks;

#endif
