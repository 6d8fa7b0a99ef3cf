/* Desks and tickets: the rules of their own. */
#ifndef MUNI_SERVICE_SERVICE_H
#define MUNI_SERVICE_SERVICE_H

#include "model/model.h"

extern const muni__hooks muni__ticket_hooks;
/* Does a matrix of this name, if it is the one that gives tickets their priority, have a cell for whatever a ticket may hold? MUNI_EDEFINITION. */
muni_status muni__ticket_matrix_check(const char *name, const json_t *body);

#endif
