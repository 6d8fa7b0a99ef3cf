/* Desks and tickets: the rules of their own. */
#ifndef MUNI_SERVICE_SERVICE_H
#define MUNI_SERVICE_SERVICE_H

#include "model/model.h"

extern const muni__hooks muni__ticket_hooks;

#endif
