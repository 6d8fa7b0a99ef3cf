/** @file
 * What every other header of libmunicipal needs: the status type, its codes, text ownership. */
#ifndef MUNICIPAL_BASE_H
#define MUNICIPAL_BASE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define MUNI_API __attribute__((visibility("default")))
#else
#define MUNI_API
#endif

#ifdef __cplusplus
#define MUNI_BEGIN_DECLS extern "C" {
#define MUNI_END_DECLS }
#else
#define MUNI_BEGIN_DECLS
#define MUNI_END_DECLS
#endif

#include <municipal/names.h> /* generated: error codes, kinds and their fields */

MUNI_BEGIN_DECLS

/** What a call answers: 0 (@ref MUNI_OK), 1 (@ref MUNI_ROW, from cursors only) or a negative code of `errors.def`. */
typedef int32_t muni_status;

/** The call did what it says. From a cursor: there are no more rows. */
#define MUNI_OK 0
/** A cursor has given a row. */
#define MUNI_ROW 1

/** Length of a text that ends with a NUL, where a call takes a length in bytes. */
#define MUNI_ZERO_TERMINATED ((size_t)-1)

/** The open end of a period of days. */
#define MUNI_OPEN_END "9999-12-31"

/** An open store. */
typedef struct muni_db muni_db;
/** Somebody acting on a store. */
typedef struct muni_session muni_session;
/** A record. */
typedef struct muni_rec muni_rec;
/** What to list. */
typedef struct muni_query muni_query;
/** Rows being read. */
typedef struct muni_cursor muni_cursor;
/** A report that has been run. */
typedef struct muni_report muni_report;
/** A calendar of open days and hours. */
typedef struct muni_calendar muni_calendar;

/**
 * How far a long call has come.
 *
 * Called on the thread of the call that it belongs to. The session may not be used from inside (@ref MUNI_EBUSY).
 *
 * @param done  how much is done, in units of the stage
 * @param total how much there is, or 0 where it is not known
 * @param stage name of the stage, such as `read`, `plan`, `apply`; borrowed during the call
 * @param user  what was given with the function
 * @return 0 to go on; anything else cancels: the call rolls back and answers @ref MUNI_ECANCELLED
 */
typedef int32_t (*muni_progress_fn)(int64_t done, int64_t total, const char *stage, void *user);

/**
 * The version of the library that is running, such as `0.1.0`.
 *
 * @return text that lives as long as the program
 * @thread any
 * @since 0.1
 */
MUNI_API const char *muni_version(void);

/**
 * The version of the library that is running as a number: major × 1,000,000 + minor × 1,000 + patch.
 *
 * @return the number
 * @thread any
 * @since 0.1
 */
MUNI_API int32_t muni_version_number(void);

/**
 * Free a text or block of bytes that a call gave away.
 *
 * @param memory [owned] what the call gave, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_free(void *memory);

MUNI_END_DECLS

#endif
