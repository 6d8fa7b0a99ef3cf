#include "muni_py.h"

#include <datetime.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static PyObject *errors_by_code; /* municipal.errors.BY_CODE */
static PyObject *errors_base;    /* municipal.errors.Error */
static PyObject *json_loads;
static PyObject *zone; /* +09:00 */

int muni_py_init(void) {
    PyDateTime_IMPORT;
    if (!PyDateTimeAPI)
        return -1;
    PyObject *errors = PyImport_ImportModule("municipal.errors"), *json = PyImport_ImportModule("json");
    PyObject *offset = PyDelta_FromDSU(0, MUNI_BIND_ZONE, 0);
    if (errors && json && offset) {
        errors_by_code = PyObject_GetAttrString(errors, "BY_CODE");
        errors_base = PyObject_GetAttrString(errors, "Error");
        json_loads = PyObject_GetAttrString(json, "loads");
        zone = PyTimeZone_FromOffset(offset);
    }
    Py_XDECREF(errors);
    Py_XDECREF(json);
    Py_XDECREF(offset);
    return errors_by_code && errors_base && json_loads && zone ? 0 : -1;
}

/* ---- errors */

typedef struct failure {
    int32_t code;
    int64_t line, record;
    char kind[64], field[256], en[1024], ja[1536];
} failure;

static PyObject *lenient(const char *s) {
    return PyUnicode_DecodeUTF8(s, (Py_ssize_t)strlen(s), "replace");
}

static void raise_failure(const failure *f) {
    PyObject *code = PyLong_FromLong(f->code), *class = code ? PyDict_GetItemWithError(errors_by_code, code) : NULL;
    if (!class && !PyErr_Occurred())
        class = errors_base;
    PyObject *en = lenient(f->en), *ja = lenient(f->ja), *kind = lenient(f->kind), *field = lenient(f->field), *e = NULL;
    if (class && en && ja && kind && field)
        e = PyObject_CallFunction(class, "OOOOLL", en, ja, kind, field, (long long)f->line, (long long)f->record);
    if (e)
        PyErr_SetObject(class, e);
    Py_XDECREF(e);
    Py_XDECREF(en);
    Py_XDECREF(ja);
    Py_XDECREF(kind);
    Py_XDECREF(field);
    Py_XDECREF(code);
}

void muni_py_raise(muni_status st) {
    if (PyErr_Occurred())
        return;
    failure f; /* all of it before the first object is made: a collection may run the library */
    f.code = muni_error_code();
    if (f.code != st) { /* our own, made between two calls */
        f = (failure) { .code = st };
        snprintf(f.en, sizeof f.en, "%s", muni_error_name(st));
        snprintf(f.ja, sizeof f.ja, "%s", muni_error_name(st));
        raise_failure(&f);
        return;
    }
    f.line = muni_error_line();
    f.record = muni_error_record();
    snprintf(f.kind, sizeof f.kind, "%s", muni_error_kind());
    snprintf(f.field, sizeof f.field, "%s", muni_error_field());
    snprintf(f.en, sizeof f.en, "%s", muni_error_text("en"));
    snprintf(f.ja, sizeof f.ja, "%s", muni_error_text("ja"));
    raise_failure(&f);
}

void muni_py_raise_closed(const char *class_name) {
    failure f = { .code = MUNI_ECLOSED };
    snprintf(f.en, sizeof f.en, "this %s was never opened", class_name);
    snprintf(f.ja, sizeof f.ja, "この %s は開かれていません", class_name);
    raise_failure(&f);
}

/* ---- Python to the library: where in the argument, and what is refused there */

typedef struct frame {
    const struct frame *up;
    PyObject *container, *key; /* key NULL: an index */
    Py_ssize_t index;
} frame;

static size_t path_of(const frame *f, char *out, size_t room) {
    if (!f)
        return 0;
    size_t n = path_of(f->up, out, room);
    int wrote = 0;
    if (f->key) {
        PyObject *bytes = PyUnicode_AsEncodedString(f->key, "utf-8", "replace");
        wrote = bytes ? snprintf(out + n, room - n, "%s%.64s", n ? "." : "", PyBytes_AsString(bytes)) : 0;
        Py_XDECREF(bytes);
        PyErr_Clear();
    } else {
        wrote = snprintf(out + n, room - n, "[%zd]", f->index);
    }
    n += wrote > 0 ? (size_t)wrote : 0;
    return n < room ? n : room - 1;
}

static int refuse(int32_t code, const frame *f, const char *en, const char *ja) {
    failure e = { .code = code };
    PyErr_Clear();
    path_of(f, e.field, sizeof e.field);
    snprintf(e.en, sizeof e.en, "%s%s%s", e.field, *e.field ? ": " : "", en);
    snprintf(e.ja, sizeof e.ja, "%s%s%s", e.field, *e.field ? ": " : "", ja);
    raise_failure(&e);
    return -1;
}

static int refuse_type(const frame *f, PyObject *o) {
    char en[400], ja[400];
    const char *type = Py_TYPE(o)->tp_name;
    if (PyFloat_Check(o)) {
        snprintf(en, sizeof en, "numbers are whole; a float is not taken (amounts are whole yen, durations whole seconds)");
        snprintf(ja, sizeof ja, "数は整数で渡してください。floatは使えません(金額は円、時間は秒の整数)");
    } else {
        snprintf(en, sizeof en, "a %.100s is not taken; give None, bool, int, str, date, an aware datetime, a list or a dict", type);
        snprintf(ja, sizeof ja, "%.100s は使えません。None・bool・int・str・date・時差つきdatetime・list・dictのどれかで渡してください", type);
    }
    return refuse(MUNI_ETYPE, f, en, ja);
}

static const char *utf8_of(PyObject *s, Py_ssize_t *n, const frame *f) {
    const char *p = PyUnicode_AsUTF8AndSize(s, n);
    if (!p && PyErr_ExceptionMatches(PyExc_UnicodeError))
        refuse(MUNI_EUTF8, f, "the text holds half of a surrogate pair, which is no character", "文字にならないサロゲートの片割れが含まれています");
    return p;
}

static int whole_of(PyObject *o, const frame *f, long long *out) {
    int over;
    *out = PyLong_AsLongLongAndOverflow(o, &over);
    if (over)
        return refuse(MUNI_ETYPE, f, "the number does not fit 64 bits", "数が64ビットに収まりません");
    return *out == -1 && PyErr_Occurred() ? -1 : 0;
}

/* Seconds of an aware datetime; what is below a second is dropped. */
static int moment_of(PyObject *o, const frame *f, int64_t *out) {
    PyObject *offset = PyObject_CallMethod(o, "utcoffset", NULL);
    if (!offset)
        return -1;
    if (!PyDelta_Check(offset)) {
        Py_DECREF(offset);
        return refuse(MUNI_ETYPE, f, "the datetime is naive; give it a tzinfo, such as timezone(timedelta(hours=9))",
                      "時差のないdatetimeです。tzinfo(たとえば timezone(timedelta(hours=9)))を付けてください");
    }
    int64_t east = (int64_t)PyDateTime_DELTA_GET_DAYS(offset) * 86400 + PyDateTime_DELTA_GET_SECONDS(offset);
    Py_DECREF(offset);
    *out = muni_bind_days(PyDateTime_GET_YEAR(o), PyDateTime_GET_MONTH(o), PyDateTime_GET_DAY(o)) * 86400 +
           PyDateTime_DATE_GET_HOUR(o) * 3600 + PyDateTime_DATE_GET_MINUTE(o) * 60 + PyDateTime_DATE_GET_SECOND(o) - east;
    return 0;
}

static void day_of(PyObject *o, char out[MUNI_BIND_MOMENT]) {
    snprintf(out, MUNI_BIND_MOMENT, "%04u-%02u-%02u", (unsigned)PyDateTime_GET_YEAR(o) % 10000u, (unsigned)PyDateTime_GET_MONTH(o) % 100u,
             (unsigned)PyDateTime_GET_DAY(o) % 100u);
}

typedef struct budget {
    size_t values;
    int depth;
    muni_bind_text text;
} budget;

static int spend(budget *b, const frame *f) {
    if (++b->values > MUNI_BIND_VALUES)
        return refuse(MUNI_ELIMIT, f, "more than 1,000,000 values", "値が100万個を超えています");
    return 0;
}

static int full(budget *b, const frame *f) {
    if (!b->text.failed)
        return 0;
    if (b->text.full)
        return refuse(MUNI_ELIMIT, f, "longer than 4 MiB as JSON", "JSONにすると4MiBを超えます");
    PyErr_NoMemory();
    return -1;
}

static const char *key_of(PyObject *k, Py_ssize_t *n, const frame *f) {
    if (!PyUnicode_Check(k)) {
        refuse(MUNI_ETYPE, f->up, "a key is not a str", "キーがstrではありません");
        return NULL;
    }
    const char *p = utf8_of(k, n, f->up);
    if (p && memchr(p, 0, (size_t)*n)) {
        refuse(MUNI_EINVAL, f->up, "a key contains a NUL", "キーにNUL文字が含まれています");
        return NULL;
    }
    return p;
}

/* Write a value as JSON text. */
static int write_json(PyObject *o, const frame *up, budget *b) {
    if (spend(b, up))
        return -1;
    if (o == Py_None || o == Py_True || o == Py_False) {
        muni_bind_puts(&b->text, o == Py_None ? "null" : o == Py_True ? "true" : "false");
        return full(b, up);
    }
    if (PyUnicode_Check(o)) {
        Py_ssize_t n;
        const char *p = utf8_of(o, &n, up);
        if (!p)
            return -1;
        muni_bind_string(&b->text, p, (size_t)n);
        return full(b, up);
    }
    if (PyLong_Check(o)) {
        long long v;
        if (whole_of(o, up, &v))
            return -1;
        muni_bind_int(&b->text, v);
        return full(b, up);
    }
    if (PyDate_Check(o)) {
        char s[MUNI_BIND_MOMENT];
        if (PyDateTime_Check(o)) {
            int64_t at;
            if (moment_of(o, up, &at))
                return -1;
            muni_bind_moment(at, s);
        } else {
            day_of(o, s);
        }
        muni_bind_string(&b->text, s, strlen(s));
        return full(b, up);
    }
    int dict = PyDict_Check(o), list = PyList_Check(o);
    if (!dict && !list && !PyTuple_Check(o))
        return refuse_type(up, o);
    for (const frame *f = up; f; f = f->up)
        if (f->container == o)
            return refuse(MUNI_EINVAL, up, "the value contains itself", "値が自分自身を含んでいます");
    if (b->depth >= MUNI_BIND_DEPTH)
        return refuse(MUNI_ELIMIT, up, "nested deeper than 64 levels", "入れ子が64段を超えています");
    b->depth++;
    frame f = { up, o, NULL, 0 };
    int st = 0;
    muni_bind_puts(&b->text, dict ? "{" : "[");
    if (dict) {
        PyObject *k, *v;
        Py_ssize_t pos = 0, n;
        for (int first = 1; !st && PyDict_Next(o, &pos, &k, &v); first = 0) {
            Py_INCREF(k); /* utcoffset() of a tzinfo may change the dict under us */
            Py_INCREF(v);
            const char *p = key_of(k, &n, &f);
            f.key = k;
            st = p ? 0 : -1;
            if (p) {
                if (!first)
                    muni_bind_puts(&b->text, ",");
                muni_bind_string(&b->text, p, (size_t)n);
                muni_bind_puts(&b->text, ":");
                st = write_json(v, &f, b);
            }
            f.key = NULL;
            Py_DECREF(k);
            Py_DECREF(v);
        }
    } else {
        for (; !st && f.index < (list ? PyList_Size(o) : PyTuple_Size(o)); f.index++) {
            PyObject *v = list ? PyList_GetItem(o, f.index) : PyTuple_GetItem(o, f.index);
            Py_INCREF(v);
            if (f.index)
                muni_bind_puts(&b->text, ",");
            st = write_json(v, &f, b);
            Py_DECREF(v);
        }
    }
    muni_bind_puts(&b->text, dict ? "}" : "]");
    b->depth--;
    return st ? st : full(b, up);
}

int muni_py_json(PyObject *o, int optional, char **out) {
    *out = NULL;
    if (optional && o == Py_None)
        return 0;
    budget b = { 0 };
    if (write_json(o, NULL, &b)) {
        muni_bind_drop(&b.text);
        return -1;
    }
    *out = muni_bind_take(&b.text);
    if (!*out)
        PyErr_NoMemory();
    return *out ? 0 : -1;
}

static int set_value(muni_rec *rec, const char *name, PyObject *o, const frame *f, budget *b) {
    muni_status st;
    if (spend(b, f))
        return -1;
    if (o == Py_None) {
        st = muni_rec_set_null(rec, name);
    } else if (PyBool_Check(o)) {
        st = muni_rec_set_bool(rec, name, o == Py_True);
    } else if (PyUnicode_Check(o)) {
        Py_ssize_t n;
        const char *p = utf8_of(o, &n, f);
        if (!p)
            return -1;
        st = muni_rec_set_text(rec, name, p, (size_t)n);
    } else if (PyLong_Check(o)) {
        long long v;
        if (whole_of(o, f, &v))
            return -1;
        st = muni_rec_set_int(rec, name, v);
    } else if (PyDateTime_Check(o)) {
        int64_t at;
        if (moment_of(o, f, &at))
            return -1;
        st = muni_rec_set_time(rec, name, at);
    } else if (PyDate_Check(o)) {
        char s[MUNI_BIND_MOMENT];
        day_of(o, s);
        st = muni_rec_set_date(rec, name, s);
    } else {
        b->text = (muni_bind_text) { 0 };
        b->values--;
        if (write_json(o, f, b)) {
            muni_bind_drop(&b->text);
            return -1;
        }
        st = muni_rec_set_json(rec, name, b->text.p, b->text.n);
        muni_bind_drop(&b->text);
    }
    if (st != MUNI_OK) {
        muni_py_raise(st);
        return -1;
    }
    return 0;
}

int muni_py_rec(PyObject *o, const char *name, int optional, muni_rec **out) {
    *out = NULL;
    if (optional && o == Py_None)
        return 0;
    if (!PyDict_Check(o)) {
        PyErr_Format(PyExc_TypeError, "%s must be a mapping, not %.200s", name, Py_TYPE(o)->tp_name);
        return -1;
    }
    muni_status made = muni_rec_new(out);
    if (made != MUNI_OK) {
        muni_py_raise(made);
        return -1;
    }
    budget b = { .depth = 1 };
    frame f = { NULL, o, NULL, 0 };
    PyObject *k, *v;
    Py_ssize_t pos = 0, n;
    int st = 0;
    while (!st && PyDict_Next(o, &pos, &k, &v)) {
        Py_INCREF(k);
        Py_INCREF(v);
        const char *p = key_of(k, &n, &f);
        f.key = k;
        st = p ? set_value(*out, p, v, &f, &b) : -1;
        Py_DECREF(k);
        Py_DECREF(v);
    }
    if (st) {
        muni_rec_free(*out);
        *out = NULL;
    }
    return st;
}

/* ---- the library to Python */

PyObject *muni_py_from_json(const char *json) {
    if (!json) {
        PyErr_SetString(PyExc_SystemError, "the library gave no value");
        return NULL;
    }
    return PyObject_CallFunction(json_loads, "s", json);
}

PyObject *muni_py_from_time(int64_t at) {
    muni_bind_civil c;
    muni_bind_split(at, MUNI_BIND_ZONE, &c);
    if (c.year < 1 || c.year > 9999) /* the last hours of 9999 UTC are no year of ours in +09:00 */
        return PyLong_FromLongLong((long long)at);
    return PyDateTimeAPI->DateTime_FromDateAndTime(c.year, c.month, c.day, c.hour, c.minute, c.second, 0, zone, PyDateTimeAPI->DateTimeType);
}

PyObject *muni_py_from_date(const char *text) {
    int y, m, d;
    if (!text || !muni_bind_ymd(text, &y, &m, &d)) {
        PyErr_SetString(PyExc_SystemError, "the library gave no date");
        return NULL;
    }
    return PyDate_FromDate(y, m, d);
}

static int set_dates(PyObject *o) {
    static const char *const names[] = { "date", "first", "last" };
    for (size_t i = 0; PyDict_Check(o) && i < sizeof names / sizeof names[0]; i++) {
        PyObject *s = PyDict_GetItemString(o, names[i]), *d;
        if (!s || !PyUnicode_Check(s))
            continue;
        d = muni_py_from_date(PyUnicode_AsUTF8(s));
        if (!d || PyDict_SetItemString(o, names[i], d)) {
            Py_XDECREF(d);
            return -1;
        }
        Py_DECREF(d);
    }
    for (Py_ssize_t i = 0; PyList_Check(o) && i < PyList_Size(o); i++)
        if (set_dates(PyList_GetItem(o, i)))
            return -1;
    return 0;
}

PyObject *muni_py_from_dated(const char *json) {
    PyObject *o = muni_py_from_json(json);
    if (o && set_dates(o))
        Py_CLEAR(o);
    return o;
}

static PyObject *value_of(const muni_rec *rec, int32_t i) {
    size_t n = 0;
    const char *s;
    switch (muni_rec_type(rec, i)) {
    case MUNI_TYPE_INT:
        return PyLong_FromLongLong((long long)muni_rec_int(rec, i));
    case MUNI_TYPE_BOOL:
        return PyBool_FromLong(muni_rec_int(rec, i) != 0);
    case MUNI_TYPE_TIME:
        return muni_py_from_time(muni_rec_int(rec, i));
    case MUNI_TYPE_TEXT:
        s = muni_rec_text(rec, i, &n);
        return PyUnicode_DecodeUTF8(s ? s : "", (Py_ssize_t)n, NULL);
    case MUNI_TYPE_DATE:
        return muni_py_from_date(muni_rec_text(rec, i, NULL));
    case MUNI_TYPE_JSON:
        return muni_py_from_json(muni_rec_text(rec, i, NULL));
    default:
        Py_RETURN_NONE;
    }
}

PyObject *muni_py_from_rec(const muni_rec *rec) {
    PyObject *d = PyDict_New();
    for (int32_t i = 0, n = muni_rec_count(rec); d && i < n; i++) {
        PyObject *k = PyUnicode_InternFromString(muni_rec_name(rec, i)), *v = k ? value_of(rec, i) : NULL;
        if (!v || PyDict_SetItem(d, k, v))
            Py_CLEAR(d);
        Py_XDECREF(k);
        Py_XDECREF(v);
    }
    return d;
}

/* ---- single arguments */

static int wrong_type(PyObject *o, const char *name, const char *wanted) {
    PyErr_Format(PyExc_TypeError, "%s must be %s, not %.200s", name, wanted, Py_TYPE(o)->tp_name);
    return -1;
}

int muni_py_text(PyObject *o, const char *name, int optional, const char **out) {
    *out = NULL;
    if (o == Py_None && optional)
        return 0;
    if (!PyUnicode_Check(o))
        return wrong_type(o, name, optional ? "str or None" : "str");
    PyObject *key = PyUnicode_FromString(name);
    frame f = { NULL, NULL, key, 0 };
    Py_ssize_t n = 0;
    const char *p = key ? utf8_of(o, &n, &f) : NULL;
    if (p && strlen(p) != (size_t)n) {
        refuse(MUNI_EINVAL, &f, "the text contains a NUL", "NUL文字が含まれています");
        p = NULL;
    }
    Py_XDECREF(key);
    *out = p;
    return p ? 0 : -1;
}

int muni_py_int(PyObject *o, const char *name, int64_t lo, int64_t hi, int64_t *out) {
    if (!PyLong_Check(o) || PyBool_Check(o))
        return wrong_type(o, name, "int");
    int over;
    long long v = PyLong_AsLongLongAndOverflow(o, &over);
    if (over || v < lo || v > hi) {
        PyErr_Format(PyExc_OverflowError, "%s is out of range", name);
        return -1;
    }
    *out = v;
    return v == -1 && PyErr_Occurred() ? -1 : 0;
}

int muni_py_bool(PyObject *o, const char *name, int32_t *out) {
    if (!PyBool_Check(o))
        return wrong_type(o, name, "bool");
    *out = o == Py_True;
    return 0;
}

int muni_py_date(PyObject *o, const char *name, char out[MUNI_BIND_MOMENT]) {
    if (PyDate_Check(o) && !PyDateTime_Check(o)) {
        day_of(o, out);
        return 0;
    }
    if (!PyUnicode_Check(o))
        return wrong_type(o, name, "datetime.date or str");
    const char *p;
    if (muni_py_text(o, name, 0, &p))
        return -1;
    snprintf(out, MUNI_BIND_MOMENT, "%.*s", MUNI_BIND_MOMENT - 1, p); /* a longer text is no date either */
    if (!muni_bind_utf8(out, strlen(out)))
        snprintf(out, MUNI_BIND_MOMENT, "?");
    return 0;
}

int muni_py_time(PyObject *o, const char *name, int64_t *out) {
    if (!PyDateTime_Check(o))
        return wrong_type(o, name, "an aware datetime");
    PyObject *key = PyUnicode_FromString(name);
    frame f = { NULL, NULL, key, 0 };
    int st = key ? moment_of(o, &f, out) : -1;
    Py_XDECREF(key);
    return st;
}

/* ---- progress */

int muni_py_callable(PyObject *o, muni_py_callback *out) {
    out->fn = NULL;
    out->looked = 0;
    if (o == Py_None)
        return 0;
    if (!PyCallable_Check(o))
        return wrong_type(o, "progress", "callable or None");
    out->fn = o;
    return 0;
}

int32_t muni_py_progress(int64_t done, int64_t total, const char *stage, void *user) {
    muni_py_callback *cb = user;
    if (!cb->fn) { /* no callable: look for Ctrl-C ten times a second */
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        int64_t now = (int64_t)ts.tv_sec * 10 + ts.tv_nsec / 100000000;
        if (now == cb->looked)
            return 0;
        cb->looked = now;
    }
    PyGILState_STATE gil = PyGILState_Ensure();
    int32_t stop = PyErr_Occurred() || PyErr_CheckSignals();
    if (!stop && cb->fn) {
        PyObject *r = PyObject_CallFunction(cb->fn, "LLs", (long long)done, (long long)total, stage);
        stop = !r || r == Py_False; /* an exception, or False, cancels */
        Py_XDECREF(r);
    }
    PyGILState_Release(gil);
    return stop;
}
