%define DOCSTRING
"The compiled half of the package; import from `municipal`, not from here."
%enddef
%module(package="municipal", docstring=DOCSTRING, threads="1") native
/* threads="1": every call lets go of the GIL. It must: a call may wait for a session that another thread holds, and that one may need the GIL for
 * its callback. Not in calls that cannot wait: */
%nothreadblock; /* and no PyGILState_Ensure() around whole wrappers, which hold it anyway */
%nothread muni_version;
%nothread muni_version_number;
%nothread muni_wareki_format;
%nothread muni_bind_parse_date;
%nothread muni_fiscal_year;
%nothread muni_calendar;
%nothread muni_report::rows;
%nothread muni_report::columns;
%nothread muni_report::value;

%{
#include "muni_py.h"
#include <stdlib.h>
%}
%init %{
    if (muni_py_init() < 0)
        return NULL;
%}

/* ---- what goes in */
%typemap(in) const char * { if (muni_py_text($input, "$1_name", 0, (const char **)&$1) < 0) SWIG_fail; }
%typemap(in) const char *STR_OPT { if (muni_py_text($input, "$1_name", 1, (const char **)&$1) < 0) SWIG_fail; }
%typemap(freearg) const char *, const char *STR_OPT ""
%typemap(in) const char *path (PyObject *fs = NULL) { if (!PyUnicode_FSConverter($input, &fs)) SWIG_fail; $1 = PyBytes_AsString(fs); }
%typemap(freearg) const char *path { Py_XDECREF(fs$argnum); }
%typemap(in) const char *PATH_OPT (PyObject *fs = NULL) {
    if ($input != Py_None) {
        if (!PyUnicode_FSConverter($input, &fs)) SWIG_fail;
        $1 = PyBytes_AsString(fs);
    } else {
        $1 = NULL;
    }
}
%typemap(freearg) const char *PATH_OPT { Py_XDECREF(fs$argnum); }
%typemap(in) const char *date (char day[MUNI_BIND_MOMENT]) { if (muni_py_date($input, "$1_name", day) < 0) SWIG_fail; $1 = day; }
%typemap(freearg) const char *date ""
%typemap(in) const char *JSON (char *json = NULL) { if (muni_py_json($input, 0, &json) < 0) SWIG_fail; $1 = json; }
%typemap(in) const char *JSON_OPT (char *json = NULL) { if (muni_py_json($input, 1, &json) < 0) SWIG_fail; $1 = json; }
%apply const char *JSON_OPT { const char *OBJECT_OPT, const char *WHERE_OPT };
%typemap(freearg) const char *JSON, const char *JSON_OPT, const char *OBJECT_OPT, const char *WHERE_OPT { free(json$argnum); }
%typemap(in) const char *FIELDS { if (muni_py_text($input, "$1_name", 1, (const char **)&$1) < 0) SWIG_fail; } /* the package joins a list */
%typemap(freearg) const char *FIELDS ""
%typemap(in) const muni_rec * { muni_rec *rec; if (muni_py_rec($input, "record", 0, &rec) < 0) SWIG_fail; $1 = rec; }
%typemap(in) const muni_rec *REC_OPT { muni_rec *rec; if (muni_py_rec($input, "record", 1, &rec) < 0) SWIG_fail; $1 = rec; }
%typemap(freearg) const muni_rec *, const muni_rec *REC_OPT { muni_rec_free((muni_rec *)$1); }
%typemap(in) int32_t { int64_t n; if (muni_py_int($input, "$1_name", INT32_MIN, INT32_MAX, &n) < 0) SWIG_fail; $1 = (int32_t)n; }
%typemap(in) int64_t { int64_t n; if (muni_py_int($input, "$1_name", INT64_MIN, INT64_MAX, &n) < 0) SWIG_fail; $1 = n; }
%typemap(in) int32_t FLAG { int32_t flag; if (muni_py_bool($input, "$1_name", &flag) < 0) SWIG_fail; $1 = flag; }
%typemap(in) int32_t ZONE { int64_t n = -1; if ($input != Py_None && muni_py_int($input, "$1_name", INT32_MIN, INT32_MAX, &n) < 0) SWIG_fail; $1 = (int32_t)n; }
%typemap(in) int64_t TIME { int64_t at; if (muni_py_time($input, "at", &at) < 0) SWIG_fail; $1 = at; }
%typemap(in) int64_t TIME_OPT { int64_t at = 0; if ($input != Py_None && muni_py_time($input, "$1_name", &at) < 0) SWIG_fail; $1 = at; }
%typemap(in) (muni_progress_fn progress, void *user) (muni_py_callback cb = { 0 }) {
    if (muni_py_callable($input, &cb) < 0) SWIG_fail;
    $1 = muni_py_progress;
    $2 = &cb;
}
/* nobody gave a callable: Ctrl-C still stops the call */
%typemap(default) (muni_progress_fn progress, void *user) (muni_py_callback none = { 0 }) { $1 = muni_py_progress; $2 = &none; }

/* ---- what comes out */
%typemap(in, numinputs=0) muni_rec **out (muni_rec *value = NULL) { $1 = &value; }
%typemap(argout) muni_rec **out { Py_XDECREF($result); $result = muni_py_from_rec(value$argnum); if (!$result) SWIG_fail; }
%typemap(freearg) muni_rec **out { muni_rec_free(value$argnum); }
%typemap(in, numinputs=0) char **json_out (char *text = NULL), char **dated_out (char *text = NULL), char **text_out (char *text = NULL), char **date_out (char *text = NULL) { $1 = &text; }
%typemap(argout) char **json_out { Py_XDECREF($result); $result = muni_py_from_json(text$argnum); if (!$result) SWIG_fail; }
%typemap(argout) char **dated_out { Py_XDECREF($result); $result = muni_py_from_dated(text$argnum); if (!$result) SWIG_fail; }
%typemap(argout) char **text_out { Py_XDECREF($result); $result = PyUnicode_FromString(text$argnum ? text$argnum : ""); if (!$result) SWIG_fail; }
%typemap(argout) char **date_out { Py_XDECREF($result); $result = muni_py_from_date(text$argnum); if (!$result) SWIG_fail; }
%typemap(freearg) char **json_out, char **dated_out, char **text_out, char **date_out { muni_free(text$argnum); }
%typemap(in, numinputs=0) int32_t *flag_out (int32_t number = 0), int32_t *number_out (int32_t number = 0) { $1 = &number; }
%typemap(argout) int32_t *flag_out { Py_XDECREF($result); $result = PyBool_FromLong(number$argnum != 0); }
%typemap(argout) int32_t *number_out { Py_XDECREF($result); $result = PyLong_FromLong(number$argnum); if (!$result) SWIG_fail; }
%typemap(in, numinputs=0) int64_t *out (int64_t number = 0), int64_t *time_out (int64_t number = 0) { $1 = &number; }
%typemap(argout) int64_t *out { Py_XDECREF($result); $result = PyLong_FromLongLong((long long)number$argnum); if (!$result) SWIG_fail; }
%typemap(argout) int64_t *time_out { Py_XDECREF($result); $result = muni_py_from_time(number$argnum); if (!$result) SWIG_fail; }
%typemap(in, numinputs=0) SWIGTYPE **out ($*1_ltype handle = NULL) { $1 = &handle; }
%typemap(argout) SWIGTYPE **out { Py_XDECREF($result); $result = SWIG_NewPointerObj(SWIG_as_voidptr(handle$argnum), $*1_descriptor, SWIG_POINTER_OWN); }

/* ---- handles: one that was never opened (made by __new__ alone) is closed */
%typemap(check) SWIGTYPE *self { if (!$1) { muni_py_raise_closed("$1_basetype"); SWIG_fail; } }

/* ---- status */
%typemap(out) muni_status { if ($1 != MUNI_OK) { muni_py_raise($1); SWIG_fail; } $result = SWIG_Py_Void(); }
%exception muni_calendar::muni_calendar { $action if (!result) { muni_py_raise(muni_error_code()); SWIG_fail; } }

%{
typedef muni_status muni_rc_next;
%}
typedef int muni_rc_next;
%typemap(out) muni_rc_next {
    if ($1 == MUNI_OK) { PyErr_SetNone(PyExc_StopIteration); SWIG_fail; }
    if ($1 != MUNI_ROW) { muni_py_raise($1); SWIG_fail; }
    $result = SWIG_Py_Void();
}
%rename(wareki) muni_wareki_format;
%rename(parse_date) muni_bind_parse_date;
%rename(fiscal_year) muni_fiscal_year;
%rename(version) muni_version;
%rename(version_number) muni_version_number;
%rename(describe) muni_describe;
%rename(open_store) muni_db::open; /* open is a built-in name */
%include "municipal_api.i"

%rename(Cursor) muni_cursor;
typedef struct muni_cursor {} muni_cursor;
%extend muni_cursor {
    ~muni_cursor() { muni_cursor_unref($self); }
    void close();
    muni_rc_next row(muni_rec **out) { return muni_cursor_next($self, out); }
    muni_status token(char **text_out);
}
