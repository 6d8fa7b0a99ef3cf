/** @file
 * Queries: what to list, search, count and export; and cursors, which read the answer. */
#ifndef MUNICIPAL_QUERY_H
#define MUNICIPAL_QUERY_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/**
 * Make a query from a JSON object.
 *
 * Members, all but `kind` optional: `kind` (name), `where` (a condition), `words` (text to search for), `order` (array of field
 * names, `-` before one for descending; default the newest first), `fields` (array of field names, also through references such
 * as `assignee.name`; default every field that is not personal), `limit` (how many records in all; default no limit), `after` (a
 * token of muni_cursor_token()), `trash` (`"without"`, the default, `"only"` or `"with"`).
 *
 * A condition is one of `{"all":[…]}`, `{"any":[…]}`, `{"not":…}` or `{"field":name,"op":op,"value":value}` with the operators
 * `eq ne lt le gt ge in has begins contains absent below words`. A value may be `{"now":"-3d"}` (units s m h d), `{"me":"person"}`,
 * `{"me":"principal"}` or `{"me":"unit"}`. Conditions are two-valued: `ne` matches an absent value.
 *
 * @param json   [borrowed during the call] the query, at most 1 MiB and 32 levels deep
 * @param length its length in bytes, or MUNI_ZERO_TERMINATED
 * @param out    [owned] the query; free it with muni_query_free()
 * @retval MUNI_OK made
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_EFORMAT it is not JSON, or a member is not of the form above; the field of the error is its path
 * @retval MUNI_EUTF8 it is not valid UTF-8
 * @retval MUNI_ENOTFOUND there is no such kind
 * @retval MUNI_EFIELD the kind has no such field
 * @retval MUNI_ETYPE a value does not fit its field or operator
 * @retval MUNI_ELIMIT too large, too deep or more than 1,000 conditions
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_query_parse(const char *json, size_t length, muni_query **out);

/**
 * Free a query.
 *
 * @param query [owned] the query, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_query_free(muni_query *query);

/**
 * The query as canonical JSON, as muni_query_parse() takes it.
 *
 * @param query the query
 * @param out   [owned] the text; free it with muni_free()
 * @retval MUNI_OK written
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_query_json(const muni_query *query, char **out);

/**
 * Give the next record.
 *
 * A cursor reads pages of 200; each page is its own snapshot. Rights are checked afresh for each page. The records of a page share its
 * memory, which is freed with the last of them: to keep a few records of a long list, copy their values.
 *
 * @param cursor the cursor
 * @param out    [owned] the record, or NULL where there are no more; free it with muni_rec_free()
 * @retval MUNI_ROW a record was given
 * @retval MUNI_OK there are no more
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_EDENIED the right to read ended meanwhile
 * @storeerrors
 * @thread any; calls on one cursor wait for each other
 * @since 0.1
 */
MUNI_API muni_status muni_cursor_next(muni_cursor *cursor, muni_rec **out);

/**
 * A token from which a later query goes on after the record that was given last (its member `after`).
 *
 * @param cursor the cursor
 * @param out    [owned] the token, plain ASCII, empty before the first record; free it with muni_free()
 * @retval MUNI_OK written
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_ECLOSED the cursor is NULL or closed
 * @retval MUNI_ENOTSUP these rows are not those of a query
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_cursor_token(muni_cursor *cursor, char **out);

/**
 * Close a cursor; its memory lives on until muni_cursor_unref(). Closing twice is harmless.
 *
 * @param cursor the cursor, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_cursor_close(muni_cursor *cursor);

/**
 * Take one more reference.
 *
 * @param cursor the cursor, or NULL
 * @return the cursor
 * @thread any
 * @since 0.1
 */
MUNI_API muni_cursor *muni_cursor_ref(muni_cursor *cursor);

/**
 * Drop a reference; the last one frees the cursor.
 *
 * @param cursor [owned] the cursor, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_cursor_unref(muni_cursor *cursor);

MUNI_END_DECLS

#endif
