/* The words that the .def tables use for flags, as bits; include it right before kinds.def. */
#ifndef MUNI_CORE_FLAGS_H
#define MUNI_CORE_FLAGS_H

#include "core/kind.h"

enum {
    NONE = 0,
    REQUIRED = MUNI__F_REQUIRED,
    UNIQUE = MUNI__F_UNIQUE,
    INDEXED = MUNI__F_INDEXED,
    SEARCHED = MUNI__F_SEARCHED,
    PERSONAL = MUNI__F_PERSONAL,
    CREATE_ONLY = MUNI__F_CREATE_ONLY,
    SYSTEM = MUNI__F_SYSTEM,
    OWN = MUNI__F_OWN,
    UNIT = MUNI__F_UNIT,
    LIST = MUNI__F_LIST,
    BOOKKEEPING = MUNI__F_BOOKKEEPING,
    SECRET = MUNI__F_SECRET,
    NUMBERED = MUNI__K_NUMBERED,
    INTERNAL = MUNI__K_INTERNAL,
    APPEND = MUNI__K_APPEND
};

#endif
