/** @file
 * Records: what goes into the verbs of a session and what comes out of them. */
#ifndef MUNICIPAL_REC_H
#define MUNICIPAL_REC_H

#include <municipal/base.h>

MUNI_BEGIN_DECLS

/* An input record has no kind: named values, checked by the verb that takes it. In it an absent field means "leave
 * alone", a null means "clear". An output record is sealed: it cannot be changed. */

/** @name Types of a value
 * @{ */
#define MUNI_TYPE_NULL 0 /**< no value: in an input record "clear" */
#define MUNI_TYPE_INT 1  /**< integer of 64 bits */
#define MUNI_TYPE_BOOL 2 /**< 0 or 1 */
#define MUNI_TYPE_TEXT 3 /**< UTF-8 */
#define MUNI_TYPE_DATE 4 /**< text `YYYY-MM-DD` */
#define MUNI_TYPE_TIME 5 /**< seconds UTC */
#define MUNI_TYPE_JSON 6 /**< JSON text: nested values and lists */
/** @} */

/**
 * Make an empty input record.
 *
 * @param out [owned] the record; free it with muni_rec_free()
 * @retval MUNI_OK made
 * @retval MUNI_EINVAL `out` is NULL
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_rec_new(muni_rec **out);

/**
 * Free a record.
 *
 * @param rec [owned] the record, or NULL
 * @thread any; a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API void muni_rec_free(muni_rec *rec);

/**
 * Make an input record from a JSON object.
 *
 * Numbers must be integers; nested values are kept as JSON.
 *
 * @param json   [borrowed during the call] a JSON object, at most 4 MiB and 64 levels deep
 * @param length its length in bytes, or MUNI_ZERO_TERMINATED
 * @param out    [owned] the record
 * @retval MUNI_OK made
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_EFORMAT it is not a JSON object, or a key stands twice
 * @retval MUNI_EUTF8 the text is not valid UTF-8
 * @retval MUNI_ETYPE a number is not an integer of 64 bits
 * @retval MUNI_ELIMIT too large or too deep
 * @retval MUNI_ENOMEM out of memory
 * @thread any
 * @since 0.1
 */
MUNI_API muni_status muni_rec_parse(const char *json, size_t length, muni_rec **out);

/**
 * Set a value to null: the field is to be cleared.
 *
 * The setters remember their first failure; the verb that takes the record reports it too.
 *
 * @param rec  the record
 * @param name [borrowed during the call] name of the field
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL a pointer is NULL, or the record is sealed
 * @retval MUNI_EUTF8 a text is not valid UTF-8
 * @retval MUNI_ELIMIT more than 1,000 values, or a name of more than 64 bytes
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_set_null(muni_rec *rec, const char *name);

/**
 * Set a text; also accepted where the field is a date (`YYYY-MM-DD`), a time (`YYYY-MM-DDThh:mm:ss+09:00`) or a code.
 *
 * @param rec    the record
 * @param name   [borrowed during the call] name of the field
 * @param text   [borrowed during the call] UTF-8
 * @param length its length in bytes, or MUNI_ZERO_TERMINATED
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL a pointer is NULL, or the record is sealed
 * @retval MUNI_EUTF8 a text is not valid UTF-8
 * @retval MUNI_ELIMIT more than 1,000 values, a name of more than 64 bytes or a text of more than 16 MiB
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_set_text(muni_rec *rec, const char *name, const char *text, size_t length);

/**
 * Set an integer.
 *
 * @param rec   the record
 * @param name  [borrowed during the call] name of the field
 * @param value the number
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL a pointer is NULL, or the record is sealed
 * @retval MUNI_EUTF8 the name is not valid UTF-8
 * @retval MUNI_ELIMIT more than 1,000 values, or a name of more than 64 bytes
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_set_int(muni_rec *rec, const char *name, int64_t value);

/**
 * Set a truth value.
 *
 * @param rec   the record
 * @param name  [borrowed during the call] name of the field
 * @param value 0 for false, anything else for true
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL a pointer is NULL, or the record is sealed
 * @retval MUNI_EUTF8 the name is not valid UTF-8
 * @retval MUNI_ELIMIT more than 1,000 values, or a name of more than 64 bytes
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_set_bool(muni_rec *rec, const char *name, int32_t value);

/**
 * Set a day.
 *
 * @param rec  the record
 * @param name [borrowed during the call] name of the field
 * @param date [borrowed during the call] `YYYY-MM-DD`
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL a pointer is NULL, or the record is sealed
 * @retval MUNI_EFORMAT it is no date
 * @retval MUNI_EUTF8 the name is not valid UTF-8
 * @retval MUNI_ELIMIT more than 1,000 values, or a name of more than 64 bytes
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_set_date(muni_rec *rec, const char *name, const char *date);

/**
 * Set a moment.
 *
 * @param rec  the record
 * @param name [borrowed during the call] name of the field
 * @param at   seconds since 1970-01-01T00:00:00Z
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL a pointer is NULL, or the record is sealed
 * @retval MUNI_EUTF8 the name is not valid UTF-8
 * @retval MUNI_ELIMIT more than 1,000 values, a name of more than 64 bytes, or a moment outside the years 1 to 9999
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_set_time(muni_rec *rec, const char *name, int64_t at);

/**
 * Set a nested value or a list.
 *
 * @param rec    the record
 * @param name   [borrowed during the call] name of the field
 * @param json   [borrowed during the call] any JSON value
 * @param length its length in bytes, or MUNI_ZERO_TERMINATED
 * @retval MUNI_OK set
 * @retval MUNI_EINVAL a pointer is NULL, or the record is sealed
 * @retval MUNI_EFORMAT it is not JSON
 * @retval MUNI_EUTF8 the text is not valid UTF-8
 * @retval MUNI_ELIMIT too large or too deep
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_set_json(muni_rec *rec, const char *name, const char *json, size_t length);

/**
 * The kind of an output record.
 *
 * @param rec the record
 * @return text that lives as long as the record; empty where it has no kind
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API const char *muni_rec_kind(const muni_rec *rec);

/**
 * How many values it has.
 *
 * @param rec the record, or NULL
 * @return the number; 0 for NULL
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API int32_t muni_rec_count(const muni_rec *rec);

/**
 * Where a value stands.
 *
 * @param rec  the record
 * @param name [borrowed during the call] name of the field
 * @return its index, or −1 where the record has no such value
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API int32_t muni_rec_find(const muni_rec *rec, const char *name);

/**
 * The name of a value.
 *
 * @param rec   the record
 * @param index 0 to muni_rec_count() − 1
 * @return text that lives as long as the record; NULL where there is no such value
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API const char *muni_rec_name(const muni_rec *rec, int32_t index);

/**
 * The type of a value.
 *
 * @param rec   the record
 * @param index 0 to muni_rec_count() − 1
 * @return one of MUNI_TYPE_…; MUNI_TYPE_NULL also where there is no such value
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API int32_t muni_rec_type(const muni_rec *rec, int32_t index);

/**
 * The value of a number, a truth value or a moment.
 *
 * @param rec   the record
 * @param index 0 to muni_rec_count() − 1
 * @return the value; 0 where it is of another type or there is none
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API int64_t muni_rec_int(const muni_rec *rec, int32_t index);

/**
 * The value of a text, a date or a JSON value.
 *
 * @param rec        the record
 * @param index      0 to muni_rec_count() − 1
 * @param out_length its length in bytes, or NULL; a text may contain NULs
 * @return text that lives as long as the record and ends with a NUL; NULL where it is of another type or there is none
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API const char *muni_rec_text(const muni_rec *rec, int32_t index, size_t *out_length);

/**
 * The record as canonical JSON: keys sorted by bytes, no spaces, times as `2027-04-01T00:00:00+09:00` in the store's zone.
 *
 * @param rec the record
 * @param out [owned] the text; free it with muni_free()
 * @retval MUNI_OK written
 * @retval MUNI_EINVAL a pointer is NULL
 * @retval MUNI_ELIMIT longer than 64 MiB
 * @retval MUNI_ENOMEM out of memory
 * @thread a record belongs to one thread at a time
 * @since 0.1
 */
MUNI_API muni_status muni_rec_json(const muni_rec *rec, char **out);

MUNI_END_DECLS

#endif
