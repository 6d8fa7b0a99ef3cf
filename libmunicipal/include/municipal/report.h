/** @file
 * Reports that have been run. */
#ifndef MUNICIPAL_REPORT_H
#define MUNICIPAL_REPORT_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/**
 * How many rows it has, the totals among them.
 *
 * @param report the report, or NULL
 * @return the number; 0 for NULL
 * @thread any
 * @since 0.1
 */
MUNI_API int32_t muni_report_rows(const muni_report *report);

/**
 * How many columns of figures it has, the totals among them.
 *
 * @param report the report, or NULL
 * @return the number; 0 for NULL
 * @thread any
 * @since 0.1
 */
MUNI_API int32_t muni_report_columns(const muni_report *report);

/**
 * The figure of a cell.
 *
 * @param report the report
 * @param row    0 to muni_report_rows() − 1
 * @param column 0 to muni_report_columns() − 1
 * @param out    the figure
 * @retval MUNI_OK told
 * @retval MUNI_EINVAL there is no such cell, or `out` is NULL
 * @retval MUNI_ECLOSED the report is NULL
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_report_value(const muni_report *report, int32_t row, int32_t column, int64_t *out);

/**
 * The query that lists what stands behind a cell, as JSON for muni_query_parse().
 *
 * @param report the report
 * @param row    0 to muni_report_rows() − 1
 * @param column 0 to muni_report_columns() − 1
 * @param out    [owned] the text; free it with muni_free()
 * @retval MUNI_OK written
 * @retval MUNI_EINVAL there is no such cell, or `out` is NULL
 * @retval MUNI_ECLOSED the report is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_report_query(const muni_report *report, int32_t row, int32_t column, char **out);

/**
 * Render a report: `csv` (UTF-8 with BOM, CRLF), `json` or `html` (a whole accessible page).
 *
 * @param report the report
 * @param format [borrowed during the call] name of the format
 * @param lang   [borrowed during the call] `ja`, also where NULL, or `en`
 * @param out    [owned] the text; free it with muni_free()
 * @retval MUNI_OK rendered
 * @retval MUNI_EINVAL there is no such format or language, or a pointer is NULL
 * @retval MUNI_ECLOSED the report is NULL
 * @retval MUNI_ELIMIT longer than 64 MiB
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_report_render(const muni_report *report, const char *format, const char *lang, char **out);

/**
 * Take one more reference.
 *
 * @param report the report, or NULL
 * @return the report
 * @thread any
 * @since 0.1
 */
MUNI_API muni_report *muni_report_ref(muni_report *report);

/**
 * Drop a reference; the last one frees the report.
 *
 * @param report [owned] the report, or NULL
 * @thread any
 * @since 0.1
 */
MUNI_API void muni_report_unref(muni_report *report);

MUNI_END_DECLS

#endif
