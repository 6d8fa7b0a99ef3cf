/* ROWS("KAT-125", "KAT-KB-08") right before START_TEST: the test performs the acceptance check of these rows of docs/requirements/.
 * It expands to nothing; tests/rows.py reads it (make rows). */
#ifndef ROWS_H
#define ROWS_H

#define ROWS(...)

#endif
