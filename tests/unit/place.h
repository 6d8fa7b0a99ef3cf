/* Where tests make their stores: files, or schemas of the server that MUNI_TEST_SERVER names ("postgresql:///postgres?host=…"). */
#ifndef PLACE_H
#define PLACE_H

#include <stdbool.h>
#include <stddef.h>

#define PLACE_SIZE 320

bool place_server(void);
/* The address of a store that is not there yet: `file`, or a new schema of the server. */
void place_new(char out[PLACE_SIZE], const char *file);
/* Take a store of the server away; nothing where it is a file. */
void place_drop(const char *address);
/* Past the library, with nobody connected: statements that both databases understand. Answers how many rows were changed; a failure ends the test. */
long place_sql(const char *address, const char *sql);
/* On the server itself, in the database of MUNI_TEST_SERVER; answers the first value of what comes back, until the next call. */
const char *place_ask(const char *sql);

#endif
