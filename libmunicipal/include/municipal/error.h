/** @file
 * Why the last call on this thread failed. */
#ifndef MUNICIPAL_ERROR_H
#define MUNICIPAL_ERROR_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/* Each thread has one error record. A call that can fail clears it when it begins and sets it exactly when it
 * fails. Readers, destructors and closers neither clear nor set it. */

/**
 * The code of the last failure on this thread.
 *
 * @return a negative code, or 0 if the last call succeeded
 * @thread any; each thread has its own
 * @since 0.1
 */
MUNI_API int32_t muni_error_code(void);

/**
 * The name of a code, such as `EFIELD`.
 *
 * @param code a code
 * @return text that lives as long as the program; `OK`, `ROW`, or `UNKNOWN` for a number that is no code
 * @thread any
 * @since 0.1
 */
MUNI_API const char *muni_error_name(int32_t code);

/**
 * What was wrong and what would be right, in one line, for people.
 *
 * @param lang [borrowed during the call] `ja` for Japanese; anything else, or NULL, for English
 * @return text that lives until the next call on this thread; empty if there was no failure
 * @thread any; each thread has its own
 * @since 0.1
 */
MUNI_API const char *muni_error_text(const char *lang);

/**
 * The kind of record that the failure concerns.
 *
 * @return text that lives until the next call on this thread; empty where none is known
 * @thread any; each thread has its own
 * @since 0.1
 */
MUNI_API const char *muni_error_kind(void);

/**
 * The field, column or argument that the failure concerns.
 *
 * @return text that lives until the next call on this thread; empty where none is known
 * @thread any; each thread has its own
 * @since 0.1
 */
MUNI_API const char *muni_error_field(void);

/**
 * The line of the input file that the failure concerns; the header is line 1.
 *
 * @return the line, or 0 where none is known
 * @thread any; each thread has its own
 * @since 0.1
 */
MUNI_API int64_t muni_error_line(void);

/**
 * The id of the record that the failure concerns.
 *
 * @return the id, or 0 where none is known
 * @thread any; each thread has its own
 * @since 0.1
 */
MUNI_API int64_t muni_error_record(void);

MUNI_END_DECLS

#endif
