/* Python values and what the library takes and gives. New references; NULL or -1 with an exception set. Text that is given away is free()d. */
#ifndef MUNI_PY_H
#define MUNI_PY_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "glue.h"

int muni_py_init(void);

/* The exception for the library's last failure on this thread; keeps one that a callback left. */
void muni_py_raise(muni_status st);
/* ClosedError for a handle that was never opened. */
void muni_py_raise_closed(const char *class_name);

int muni_py_rec(PyObject *o, const char *name, int optional, muni_rec **out);
PyObject *muni_py_from_rec(const muni_rec *rec);
int muni_py_json(PyObject *o, int optional, char **out);
PyObject *muni_py_from_json(const char *json);
/* The same; members date, first and last, of the object or of the objects in the list, become dates. */
PyObject *muni_py_from_dated(const char *json);

/* Borrowed UTF-8; refuses bytes, NUL and lone surrogates, and None unless it is optional. */
int muni_py_text(PyObject *o, const char *name, int optional, const char **out);
int muni_py_int(PyObject *o, const char *name, int64_t lo, int64_t hi, int64_t *out);
int muni_py_bool(PyObject *o, const char *name, int32_t *out);
int muni_py_date(PyObject *o, const char *name, char out[MUNI_BIND_MOMENT]);
int muni_py_time(PyObject *o, const char *name, int64_t *out);
PyObject *muni_py_from_date(const char *text);
PyObject *muni_py_from_time(int64_t at);

typedef struct muni_py_callback {
    PyObject *fn; /* borrowed, or NULL: only look for Ctrl-C */
    int64_t looked;
} muni_py_callback;
int muni_py_callable(PyObject *o, muni_py_callback *out);
int32_t muni_py_progress(int64_t done, int64_t total, const char *stage, void *user);

#endif
