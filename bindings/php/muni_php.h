/* PHP values and what the library takes and gives. SUCCESS or FAILURE, the latter with an exception thrown. Text given away is free()d. */
#ifndef MUNI_PHP_H
#define MUNI_PHP_H

#include "php.h"

#include "glue.h"

int muni_php_minit(int type, int module_number);
/* SWIG's registration of classes, made ours: namespace Municipal, final, not serialisable. */
void muni_php_class(zend_class_entry *ce, const char *name, const zend_function_entry *functions);
zend_class_entry *muni_php_register(zend_class_entry *ce);

/* The exception for the library's last failure; keeps one that a callback left. */
void muni_php_throw(muni_status st);
void muni_php_throw_closed(const char *class_name);

#define MUNI_PHP_OPTIONAL 1
#define MUNI_PHP_OBJECT 2 /* an empty array is an empty object */
int muni_php_json(zval *in, int argno, int how, const char *kind, char **out);
void muni_php_from_json(const char *json, zval *out);
void muni_php_from_dated(const char *json, zval *out);
void muni_php_from_text(const char *text, zval *out);
void muni_php_from_date(const char *text, zval *out);
void muni_php_from_time(int64_t at, zval *out);

int muni_php_text(zval *in, int argno, int optional, char **out);
int muni_php_path(zval *in, int argno, int optional, char **out);
int muni_php_fields(zval *in, int argno, char **out);
int muni_php_int(zval *in, int argno, int64_t lo, int64_t hi, int64_t *out);
int muni_php_bool(zval *in, int argno, int32_t *out);
int muni_php_date(zval *in, int argno, char out[MUNI_BIND_MOMENT]);
int muni_php_time(zval *in, int argno, int optional, int64_t *out);

typedef struct muni_php_callback {
    zend_fcall_info fci;
    zend_fcall_info_cache fcc;
    bool set, bailout;
} muni_php_callback;
int muni_php_callable(zval *in, int argno, int optional, muni_php_callback *cb);
int32_t muni_php_progress(int64_t done, int64_t total, const char *stage, void *user);
/* After the library has returned: ends the request if a callback has hit a fatal error. */
void muni_php_after(muni_php_callback *cb);

int muni_php_rec(zval *in, int argno, int optional, const char *kind, muni_rec **out);
void muni_php_from_rec(const muni_rec *rec, zval *out);

/* Rows with the one that was read last: what PHP's Iterator needs. */
typedef struct muni_rows {
    muni_cursor *cursor;
    muni_rec *row;
    int64_t index; /* of the row; −1 before the first */
    bool over;
} muni_rows;
muni_rows *muni_php_rows(muni_cursor *cursor); /* takes the cursor over, also when it throws and gives NULL */
void muni_php_rows_free(muni_rows *rows);
muni_status muni_php_rows_step(muni_rows *rows);
muni_status muni_php_rows_rewind(muni_rows *rows);

void muni_php_transact(muni_session *session, zval *object, muni_php_callback *fn, int32_t attempts, zval *out);

#endif
