/* Requirements of specifications. */
#ifndef MUNI_GOVERNANCE_GOVERNANCE_H
#define MUNI_GOVERNANCE_GOVERNANCE_H

#include "model/model.h"

extern const muni__hooks muni__requirement_hooks;

#endif
