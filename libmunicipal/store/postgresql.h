/* The driver for PostgreSQL, as far as its own files share it. */
#ifndef MUNI_STORE_POSTGRESQL_H
#define MUNI_STORE_POSTGRESQL_H

#include "store/driver.h"

extern const muni__driver muni__postgresql;
extern const muni__fulltext muni__postgresql_search;

#endif
