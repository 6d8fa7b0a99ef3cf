/* The driver for PostgreSQL, as far as its own files share it. */
#ifndef MUNI_STORE_POSTGRESQL_H
#define MUNI_STORE_POSTGRESQL_H

#include "store/driver.h"

extern const muni__driver muni__postgresql;
extern const muni__fulltext muni__postgresql_search;

/* The statement's rows are too many to be held at once: they are fetched piece by piece, in the transaction that is open. Before the first step. */
void muni__postgresql_many(muni__stmt *s);

#endif
