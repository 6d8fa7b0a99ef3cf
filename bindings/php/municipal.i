%module municipal
%feature("php:type", "0"); /* types, names and defaults of parameters come from municipal_arginfo.h */
%pragma(php) phpinfo = "
  php_info_print_table_start();
  php_info_print_table_row(2, \"municipal support\", \"enabled\");
  php_info_print_table_row(2, \"libmunicipal\", muni_version());
  php_info_print_table_end();
"

%{
#include "ext/standard/info.h"
#include "muni_php.h"
#include <stdlib.h>

/* What SWIG 4.1 cannot be told, it is told through its macros:
 *  - classes and functions live in the namespace Municipal;
 *  - each method has its own arginfo (municipal_arginfo.h, made from municipal.stub.php), so named arguments and defaults work; a method that
 *    the stub lacks does not compile; `c_list` is called list. */
#undef INIT_CLASS_ENTRY
#define INIT_CLASS_ENTRY(ce, name, functions) muni_php_class(&(ce), name, functions)
/* ... without the __get, __set and __isset that SWIG writes for the C members a class might have: they swallow `$session->typo = 1` and let a
 * script say (->thisown) who frees the handle. */
#define MUNI_2ND(a, b, ...) b
#define MUNI_PICK(...) MUNI_2ND(__VA_ARGS__)
#define MUNI_NO_ENTRY(...)
#define MUNI_DROP___get ~, MUNI_NO_ENTRY
#define MUNI_DROP___set ~, MUNI_NO_ENTRY
#define MUNI_DROP___isset ~, MUNI_NO_ENTRY
#undef PHP_ME
#define PHP_ME(cls, name, arginfo, flags) MUNI_PICK(MUNI_DROP_##name, ZEND_RAW_FENTRY, )(#name, zim_##cls##_##name, muni_arginfo_##cls##_##name, flags)
#undef PHP_FE
#define PHP_FE(name, arginfo) ZEND_RAW_FENTRY("Municipal\\" #name, zif_##name, muni_arginfo_##name, 0)
/* ... final, and no class can be serialised. */
#define zend_register_internal_class(ce) muni_php_register(ce)
/* ... and a handle that was never opened (`new Session`) is closed: SWIG has no typemap for $this. This is a method's first statement. */
#undef SWIG_Z_FETCH_OBJ_P
#define SWIG_Z_FETCH_OBJ_P(zv) \
    ({ swig_object_wrapper *muni_this = swig_php_fetch_object(Z_OBJ_P(zv)); \
       if (!muni_this->ptr) { muni_php_throw_closed(ZSTR_VAL(Z_OBJCE_P(zv)->name)); return; } \
       muni_this; })
#include "municipal_arginfo.h"
%}
%minit %{ if (muni_php_minit(type, module_number) == FAILURE) return FAILURE; %}

/* (int)(&$input - args) + 1 is the position among the arguments given, which $argnum is not in a method. */

/* ---- what goes in: SWIG's own typemaps are too lax, and its char * frees what it does not own */
%typemap(in) const char * { if (muni_php_text(&$input, (int)(&$input - args) + 1, 0, &$1) == FAILURE) SWIG_fail; }
%typemap(in) const char *STR_OPT { if (muni_php_text(&$input, (int)(&$input - args) + 1, 1, &$1) == FAILURE) SWIG_fail; }
%typemap(freearg) const char *, const char *STR_OPT ""
%typemap(in) const char *path { if (muni_php_path(&$input, (int)(&$input - args) + 1, 0, &$1) == FAILURE) SWIG_fail; }
%typemap(in) const char *PATH_OPT { if (muni_php_path(&$input, (int)(&$input - args) + 1, 1, &$1) == FAILURE) SWIG_fail; }
%typemap(freearg) const char *path, const char *PATH_OPT ""
%typemap(in) const char *date (char day[MUNI_BIND_MOMENT]) { if (muni_php_date(&$input, (int)(&$input - args) + 1, day) == FAILURE) SWIG_fail; $1 = day; }
%typemap(freearg) const char *date ""
%typemap(in) const char *JSON (char *json = NULL) { if (muni_php_json(&$input, (int)(&$input - args) + 1, 0, NULL, &json) == FAILURE) SWIG_fail; $1 = json; }
%typemap(in) const char *JSON_OPT (char *json = NULL) { if (muni_php_json(&$input, (int)(&$input - args) + 1, MUNI_PHP_OPTIONAL, NULL, &json) == FAILURE) SWIG_fail; $1 = json; }
%typemap(in) const char *OBJECT_OPT (char *json = NULL) { if (muni_php_json(&$input, (int)(&$input - args) + 1, MUNI_PHP_OPTIONAL | MUNI_PHP_OBJECT, NULL, &json) == FAILURE) SWIG_fail; $1 = json; }
%typemap(in) const char *WHERE_OPT (char *json = NULL) { if (muni_php_json(&$input, (int)(&$input - args) + 1, MUNI_PHP_OPTIONAL | MUNI_PHP_OBJECT, arg2, &json) == FAILURE) SWIG_fail; $1 = json; } /* arg2: the kind, as JSON */
%typemap(freearg) const char *JSON, const char *JSON_OPT, const char *OBJECT_OPT, const char *WHERE_OPT { free(json$argnum); }
%typemap(in) const char *FIELDS (char *joined = NULL) { if (muni_php_fields(&$input, (int)(&$input - args) + 1, &joined) == FAILURE) SWIG_fail; $1 = joined; }
%typemap(freearg) const char *FIELDS { free(joined$argnum); }
%typemap(in) const muni_rec * { muni_rec *rec; if (muni_php_rec(&$input, (int)(&$input - args) + 1, 0, arg2, &rec) == FAILURE) SWIG_fail; $1 = rec; } /* arg2: the kind */
%typemap(in) const muni_rec *REC_OPT { muni_rec *rec; if (muni_php_rec(&$input, (int)(&$input - args) + 1, 1, arg2, &rec) == FAILURE) SWIG_fail; $1 = rec; }
%typemap(freearg) const muni_rec *, const muni_rec *REC_OPT { muni_rec_free((muni_rec *)$1); }
%typemap(in) int32_t { int64_t n; if (muni_php_int(&$input, (int)(&$input - args) + 1, INT32_MIN, INT32_MAX, &n) == FAILURE) SWIG_fail; $1 = (int32_t)n; }
%typemap(in) int64_t { int64_t n; if (muni_php_int(&$input, (int)(&$input - args) + 1, INT64_MIN, INT64_MAX, &n) == FAILURE) SWIG_fail; $1 = n; }
%typemap(in) int32_t FLAG { int32_t flag; if (muni_php_bool(&$input, (int)(&$input - args) + 1, &flag) == FAILURE) SWIG_fail; $1 = flag; }
%typemap(in) int32_t ZONE { int64_t n = -1; if (Z_TYPE($input) != IS_NULL && muni_php_int(&$input, (int)(&$input - args) + 1, INT32_MIN, INT32_MAX, &n) == FAILURE) SWIG_fail; $1 = (int32_t)n; }
%typemap(in) int64_t TIME { int64_t at; if (muni_php_time(&$input, (int)(&$input - args) + 1, 0, &at) == FAILURE) SWIG_fail; $1 = at; }
%typemap(in) int64_t TIME_OPT { int64_t at; if (muni_php_time(&$input, (int)(&$input - args) + 1, 1, &at) == FAILURE) SWIG_fail; $1 = at; }
%typemap(in) (muni_progress_fn progress, void *user) (muni_php_callback cb) {
    if (muni_php_callable(&$input, (int)(&$input - args) + 1, 1, &cb) == FAILURE) SWIG_fail;
    $1 = muni_php_progress;
    $2 = &cb;
}
%typemap(freearg) (muni_progress_fn progress, void *user) { if ($2) muni_php_after($2); }

/* ---- what comes out */
%typemap(in, numinputs=0) muni_rec **out (muni_rec *value = NULL) { $1 = &value; }
%typemap(argout) muni_rec **out { muni_php_from_rec(value$argnum, $result); }
%typemap(freearg) muni_rec **out { muni_rec_free(value$argnum); }
%typemap(in, numinputs=0) char **json_out (char *text = NULL), char **dated_out (char *text = NULL), char **text_out (char *text = NULL), char **date_out (char *text = NULL) { $1 = &text; }
%typemap(argout) char **json_out { muni_php_from_json(text$argnum, $result); }
%typemap(argout) char **dated_out { muni_php_from_dated(text$argnum, $result); }
%typemap(argout) char **text_out { muni_php_from_text(text$argnum, $result); }
%typemap(argout) char **date_out { muni_php_from_date(text$argnum, $result); }
%typemap(freearg) char **json_out, char **dated_out, char **text_out, char **date_out { muni_free(text$argnum); }
%typemap(in, numinputs=0) int32_t *flag_out (int32_t number = 0), int32_t *number_out (int32_t number = 0) { $1 = &number; }
%typemap(argout) int32_t *flag_out { RETVAL_BOOL(number$argnum != 0); }
%typemap(argout) int32_t *number_out { RETVAL_LONG(number$argnum); }
%typemap(in, numinputs=0) int64_t *out (int64_t number = 0), int64_t *time_out (int64_t number = 0) { $1 = &number; }
%typemap(argout) int64_t *out { RETVAL_LONG((zend_long)number$argnum); }
%typemap(argout) int64_t *time_out { muni_php_from_time(number$argnum, $result); }
%typemap(in, numinputs=0) SWIGTYPE **out ($*1_ltype handle = NULL) { $1 = &handle; }
%typemap(argout) SWIGTYPE **out { SWIG_SetPointerZval($result, (void *)handle$argnum, $*1_descriptor, 1); }
%typemap(out) const char * { muni_php_from_text($1, $result); }
%typemap(out) int32_t, int64_t { RETVAL_LONG($1); }

/* ---- status */
%typemap(out) muni_status { if ($1 != MUNI_OK) { muni_php_throw($1); SWIG_fail; } }
%exception muni_calendar::muni_calendar {
    if (swig_php_fetch_object(Z_OBJ_P(ZEND_THIS))->ptr) { zend_throw_error(NULL, "The object is constructed already"); SWIG_fail; }
    $action
    if (!result) { muni_php_throw(muni_error_code()); SWIG_fail; }
}

/* ---- rows: an Iterator around a cursor */
%typemap("phpinterfaces") muni_rows "Iterator"
%nodefaultctor;
%nodefaultdtor;
%rename(Cursor) muni_rows;
%typemap(argout) muni_cursor **out {
    muni_rows *rows = muni_php_rows(handle$argnum);
    if (rows) SWIG_SetPointerZval($result, rows, $descriptor(muni_rows *), 1);
}
%typemap(out) muni_rec *row { if ($1) muni_php_from_rec($1, $result); else RETVAL_NULL(); }
%typemap(in, numinputs=0) (zval *object, zval *out) { $1 = ZEND_THIS; $2 = return_value; }
%typemap(in) muni_php_callback *fn (muni_php_callback cb) { if (muni_php_callable(&$input, (int)(&$input - args) + 1, 0, &cb) == FAILURE) SWIG_fail; $1 = &cb; }
%typemap(out) void transact ""

/* A body makes SWIG define muni_session_<method> itself, so these are not called in C what a script calls them. */
%rename(update) muni_session::update_record;
%rename(transition) muni_session::move;
%rename(list) muni_session::list_query;
%rename(count) muni_session::count_query;
%rename(export) muni_session::export_file;
%rename(wareki) muni_wareki_format;
%rename(parseDate) muni_bind_parse_date;
%rename(fiscalYear) muni_fiscal_year;
%rename(version) muni_version;
%rename(versionNumber) muni_version_number;
%rename(describe) muni_describe;
%rename("%(lowercamelcase)s", %$isfunction, %$not %$isconstructor, %$not %$isdestructor) "";
%include "municipal_api.i"

%typemap(out) muni_rec *current { if ($1) muni_php_from_rec($1, $result); else RETVAL_NULL(); }
typedef struct muni_rows {} muni_rows;
%extend muni_rows {
    ~muni_rows() { muni_php_rows_free($self); }
    muni_rec *current() { return $self->row; }
    int64_t key() { return $self->index; }
    muni_status next() { return muni_php_rows_step($self); }
    muni_status rewind() { return muni_php_rows_rewind($self); }
    bool valid() { return $self->row != NULL; }
    void close() { muni_cursor_close($self->cursor); }
    muni_status token(char **text_out) { return muni_cursor_token($self->cursor, text_out); }
}
%extend muni_session {
    void transact(muni_php_callback *fn, zval *object, zval *out, int32_t attempts = 3) { muni_php_transact($self, object, fn, attempts, out); }
}
