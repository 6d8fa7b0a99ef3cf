#include "muni_php.h"

#include "ext/date/php_date.h"
#include "ext/json/php_json.h"
#include "ext/spl/spl_exceptions.h"
#include "zend_exceptions.h"
#include "zend_interfaces.h"

#include <stdlib.h>

/* ---- exceptions: the tree of errors.def */

#include "core/classes.h"

static zend_class_entry *error_base;
#define MUNI_PARENT(pname, ppython, pdoc) static zend_class_entry *parent_##pname;
#include "core/classes.h"
#undef MUNI_PARENT
static struct {
    int32_t code;
    const char *name;
    zend_class_entry **parent, *ce;
} errors[] = {
#define MUNI_ERROR(ename, enumber, eparent, eja, een) { enumber, MUNI_CLASS_##ename "Exception", &parent_##eparent, NULL },
#include "core/errors.def"
#undef MUNI_ERROR
};
#define ERROR_COUNT (sizeof errors / sizeof errors[0])

static zend_class_entry *class_of(int32_t code) {
    for (size_t i = 0; i < ERROR_COUNT; i++)
        if (errors[i].code == code)
            return errors[i].ce;
    return error_base;
}

static const struct {
    const char *method, *property;
    bool number;
} details[] = { { "getErrorName", "errorName", false }, { "getMessageJa", "messageJa", false }, { "getKind", "kind", false },
                { "getField", "field", false },         { "getInputLine", "inputLine", true },  { "getRecord", "record", true } };
#define DETAIL_COUNT (sizeof details / sizeof details[0])

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_string, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()
ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_long, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()

/* One body for the six readers: each reads the property that its own name stands for. */
static ZEND_METHOD(Exception, read) {
    ZEND_PARSE_PARAMETERS_NONE();
    for (size_t i = 0; i < DETAIL_COUNT; i++)
        if (zend_string_equals_cstr(EX(func)->common.function_name, details[i].method, strlen(details[i].method))) {
            zval rv, *v = zend_read_property(error_base, Z_OBJ_P(ZEND_THIS), details[i].property, strlen(details[i].property), 1, &rv);
            RETURN_COPY_DEREF(v);
        }
}
static const zend_function_entry exception_methods[] = {
    ZEND_RAW_FENTRY("getErrorName", ZEND_MN(Exception_read), arginfo_string, ZEND_ACC_PUBLIC | ZEND_ACC_FINAL)
    ZEND_RAW_FENTRY("getMessageJa", ZEND_MN(Exception_read), arginfo_string, ZEND_ACC_PUBLIC | ZEND_ACC_FINAL)
    ZEND_RAW_FENTRY("getKind", ZEND_MN(Exception_read), arginfo_string, ZEND_ACC_PUBLIC | ZEND_ACC_FINAL)
    ZEND_RAW_FENTRY("getField", ZEND_MN(Exception_read), arginfo_string, ZEND_ACC_PUBLIC | ZEND_ACC_FINAL)
    ZEND_RAW_FENTRY("getInputLine", ZEND_MN(Exception_read), arginfo_long, ZEND_ACC_PUBLIC | ZEND_ACC_FINAL)
    ZEND_RAW_FENTRY("getRecord", ZEND_MN(Exception_read), arginfo_long, ZEND_ACC_PUBLIC | ZEND_ACC_FINAL)
    ZEND_FE_END
};

static zend_class_entry *exception_class(const char *name, zend_class_entry *parent, const zend_function_entry *methods) {
    zend_class_entry ce;
    muni_php_class(&ce, name, methods);
    return zend_register_internal_class_ex(&ce, parent);
}

static void declare_details(void) {
    for (size_t i = 0; i < DETAIL_COUNT; i++) {
        zval value;
        zend_string *name = zend_string_init_interned(details[i].property, strlen(details[i].property), 1);
        if (details[i].number)
            ZVAL_LONG(&value, 0);
        else
            ZVAL_EMPTY_STRING(&value);
        zend_declare_typed_property(error_base, name, &value, ZEND_ACC_PROTECTED, NULL,
                                    (zend_type) ZEND_TYPE_INIT_MASK(details[i].number ? MAY_BE_LONG : MAY_BE_STRING));
        zend_string_release(name);
    }
}

/* ---- classes of names: Municipal\Kind\Ticket::SUBJECT */

/* ticket → Municipal\Kind\Ticket, blog_post → Municipal\Kind\BlogPost */
static zend_class_entry *kind_class(const char *kind) {
    char name[128] = "Municipal\\Kind\\";
    size_t n = strlen(name);
    bool up = true;
    for (const char *p = kind; *p && n < sizeof name - 1; p++) {
        if (*p == '_') {
            up = true;
            continue;
        }
        name[n++] = up && *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p;
        up = false;
    }
    name[n] = '\0';
    zend_class_entry ce;
    muni_php_class(&ce, name, NULL);
    zend_class_entry *made = zend_register_internal_class(&ce);
    made->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_EXPLICIT_ABSTRACT_CLASS; /* names only; nothing is made of it */
    zend_declare_class_constant_string(made, ZEND_STRL("KIND"), kind);
    return made;
}

static void constant(zend_class_entry *ce, const char *name, const char *value) {
    zend_declare_class_constant_string(ce, name, strlen(name), value);
}

static void common_names(zend_class_entry *ce) {
#define MUNI_COMMON(F, fname, ftype, fflags, ftarget, fmax, fja, fen, fdoc) constant(ce, #F, #fname);
#include "core/common.def"
#undef MUNI_COMMON
}

static void declare_kinds(void) {
    zend_class_entry *ce = NULL;
#define MUNI_KIND(K, knumber, kname, kflags, ktypes, klifecycle, ktitle, kja, ken, kdoc) ce = kind_class(#kname), common_names(ce);
#define MUNI_FIELD(K, F, fname, ftype, fflags, ftarget, fmax, fja, fen, fdoc) constant(ce, #F, #fname);
#include "kinds.def"
}

/* ---- the module */

int muni_php_minit(int type, int module_number) {
    (void)type;
    (void)module_number;
    error_base = exception_class("Exception", spl_ce_RuntimeException, exception_methods);
    declare_details();
#define MUNI_PARENT(pname, ppython, pdoc) parent_##pname = exception_class(#pname "Exception", error_base, NULL);
#include "core/classes.h"
#undef MUNI_PARENT
    for (size_t i = 0; i < ERROR_COUNT; i++)
        errors[i].ce = exception_class(errors[i].name, *errors[i].parent, NULL);
    declare_kinds();
    return SUCCESS;
}

void muni_php_class(zend_class_entry *ce, const char *name, const zend_function_entry *functions) {
    char full[160];
    int n = snprintf(full, sizeof full, strncmp(name, "Municipal\\", 10) != 0 ? "Municipal\\%s" : "%s", name);
    INIT_CLASS_ENTRY_EX((*ce), full, (size_t)n, functions);
}

zend_class_entry *muni_php_register(zend_class_entry *given) {
    zend_class_entry *ce = zend_register_internal_class(given);
    if (ce && zend_string_starts_with_literal(ce->name, "Municipal\\"))
        ce->ce_flags |= ZEND_ACC_FINAL | ZEND_ACC_NOT_SERIALIZABLE;
    return ce;
}

/* ---- throwing */

typedef struct failure {
    int32_t code;
    int64_t line, record;
    char kind[64], field[256], en[1024], ja[1536];
} failure;

static void set_text(zend_object *e, const char *property, const char *value) {
    zend_update_property_string(error_base, e, property, strlen(property), value);
}

static void throw_failure(const failure *f) {
    zend_object *e = zend_throw_exception(class_of(f->code), f->en, f->code);
    if (!e)
        return;
    set_text(e, "errorName", muni_error_name(f->code));
    set_text(e, "messageJa", f->ja);
    set_text(e, "kind", f->kind);
    set_text(e, "field", f->field);
    zend_update_property_long(error_base, e, ZEND_STRL("inputLine"), (zend_long)f->line);
    zend_update_property_long(error_base, e, ZEND_STRL("record"), (zend_long)f->record);
}

static bool bailing; /* a callback hit a fatal error: the request ends as soon as the library has returned */

void muni_php_throw(muni_status st) {
    if (EG(exception) || bailing)
        return;
    failure f = { .code = st };
    if (muni_error_code() == st) {
        f.line = muni_error_line();
        f.record = muni_error_record();
        snprintf(f.kind, sizeof f.kind, "%s", muni_error_kind());
        snprintf(f.field, sizeof f.field, "%s", muni_error_field());
        snprintf(f.en, sizeof f.en, "%s", muni_error_text("en"));
        snprintf(f.ja, sizeof f.ja, "%s", muni_error_text("ja"));
    } else { /* our own, made between two calls */
        snprintf(f.en, sizeof f.en, "%s", muni_error_name(st));
        snprintf(f.ja, sizeof f.ja, "%s", muni_error_name(st));
    }
    throw_failure(&f);
}

void muni_php_throw_closed(const char *class_name) {
    failure f = { .code = MUNI_ECLOSED };
    snprintf(f.en, sizeof f.en, "this %s was never opened", class_name);
    snprintf(f.ja, sizeof f.ja, "この %s は開かれていません", class_name);
    throw_failure(&f);
}

/* ---- PHP to the library: where in the argument, and what is refused there */

typedef struct frame {
    const struct frame *up;
    const void *container;
    const zend_string *key; /* NULL: an index */
    zend_ulong index;
} frame;

typedef struct budget {
    size_t values;
    int depth;
    char kind[64]; /* what the conditions are about, so that their dates are written as dates */
    muni_bind_text text;
} budget;

static size_t path_of(const frame *f, char *out, size_t room) {
    if (!f)
        return 0;
    size_t n = path_of(f->up, out, room);
    int wrote = f->key ? snprintf(out + n, room - n, "%s%.64s", n ? "." : "", ZSTR_VAL(f->key)) : snprintf(out + n, room - n, "[" ZEND_LONG_FMT "]", (zend_long)f->index);
    n += wrote > 0 ? (size_t)wrote : 0;
    return n < room ? n : room - 1;
}

static int refuse(int32_t code, const frame *f, const char *en, const char *ja) {
    failure e = { .code = code };
    if (EG(exception))
        return FAILURE;
    path_of(f, e.field, sizeof e.field);
    snprintf(e.en, sizeof e.en, "%s%s%s", e.field, *e.field ? ": " : "", en);
    snprintf(e.ja, sizeof e.ja, "%s%s%s", e.field, *e.field ? ": " : "", ja);
    throw_failure(&e);
    return FAILURE;
}

static int refuse_type(const frame *f, zval *v) {
    char en[400], ja[400];
    if (Z_TYPE_P(v) == IS_DOUBLE) {
        snprintf(en, sizeof en, "numbers are whole; a float is not taken (amounts are whole yen, durations whole seconds)");
        snprintf(ja, sizeof ja, "数は整数で渡してください。floatは使えません(金額は円、時間は秒の整数)");
    } else {
        const char *type = Z_TYPE_P(v) == IS_OBJECT ? ZSTR_VAL(Z_OBJCE_P(v)->name) : zend_zval_type_name(v);
        snprintf(en, sizeof en, "a %.100s is not taken; give null, bool, int, string, DateTimeImmutable, an array or stdClass", type);
        snprintf(ja, sizeof ja, "%.100s は使えません。null・bool・int・string・DateTimeImmutable・配列・stdClassのどれかで渡してください", type);
    }
    return refuse(MUNI_ETYPE, f, en, ja);
}

static int refuse_utf8(const frame *f) {
    return refuse(MUNI_EUTF8, f, "the text is not valid UTF-8", "UTF-8として正しくない文字列です");
}

static int spend(budget *b, const frame *f) {
    if (++b->values > MUNI_BIND_VALUES)
        return refuse(MUNI_ELIMIT, f, "more than 1,000,000 values", "値が100万個を超えています");
    return SUCCESS;
}

static int full(budget *b, const frame *f) {
    if (!b->text.failed)
        return SUCCESS;
    if (b->text.full)
        return refuse(MUNI_ELIMIT, f, "longer than 4 MiB as JSON", "JSONにすると4MiBを超えます");
    muni_php_throw(MUNI_ENOMEM);
    return FAILURE;
}

static bool is_time(zval *v) {
    return Z_TYPE_P(v) == IS_OBJECT && instanceof_function(Z_OBJCE_P(v), php_date_get_interface_ce());
}

/* Both go through the object's methods: they know what an unset or a changed object is. */
static int moment_of(zval *v, int64_t *out) {
    zval r;
    ZVAL_UNDEF(&r);
    zend_call_method_with_0_params(Z_OBJ_P(v), Z_OBJCE_P(v), NULL, "gettimestamp", &r);
    bool ok = !EG(exception) && Z_TYPE(r) == IS_LONG;
    *out = ok ? Z_LVAL(r) : 0;
    zval_ptr_dtor(&r);
    return ok ? SUCCESS : FAILURE;
}

static int day_of(zval *v, char out[MUNI_BIND_MOMENT]) { /* the day that the object shows, in its own time zone */
    zval r, format;
    ZVAL_UNDEF(&r);
    ZVAL_STRING(&format, "Y-m-d");
    zend_call_method_with_1_params(Z_OBJ_P(v), Z_OBJCE_P(v), NULL, "format", &r, &format);
    zval_ptr_dtor(&format);
    bool ok = !EG(exception) && Z_TYPE(r) == IS_STRING;
    snprintf(out, MUNI_BIND_MOMENT, "%.*s", MUNI_BIND_MOMENT - 1, ok ? Z_STRVAL(r) : "");
    zval_ptr_dtor(&r);
    return ok ? SUCCESS : FAILURE;
}

/* The elements of an array, a stdClass or an ArrayObject's kin; NULL where it is none of them. */
static HashTable *elements_of(zval *v, HashTable **release) {
    *release = NULL;
    if (Z_TYPE_P(v) == IS_ARRAY)
        return Z_ARRVAL_P(v);
    if (Z_TYPE_P(v) != IS_OBJECT || Z_OBJCE_P(v) != zend_standard_class_def)
        return NULL;
    *release = zend_get_properties_for(v, ZEND_PROP_PURPOSE_JSON);
    return *release;
}

static int key_ok(const zend_string *k, const frame *up) {
    if (memchr(ZSTR_VAL(k), 0, ZSTR_LEN(k)))
        return refuse(MUNI_EINVAL, up, "a key contains a NUL", "キーにNUL文字が含まれています");
    if (!muni_bind_utf8(ZSTR_VAL(k), ZSTR_LEN(k)))
        return refuse(MUNI_EUTF8, up, "a key is not valid UTF-8", "キーがUTF-8として正しくありません");
    return SUCCESS;
}

/* Is this a condition on a field that is a date? */
static bool is_date_condition(const budget *b, HashTable *ht) {
    zval *field = *b->kind ? zend_hash_str_find_deref(ht, ZEND_STRL("field")) : NULL;
    return field && Z_TYPE_P(field) == IS_STRING && muni_bind_is_date(b->kind, Z_STRVAL_P(field), Z_STRLEN_P(field));
}

/* Write a value as JSON text. `date`: a DateTimeInterface stands for its day. */
static int write_json(zval *v, const frame *up, budget *b, bool object, bool date) {
    ZVAL_DEREF(v);
    if (spend(b, up) == FAILURE)
        return FAILURE;
    switch (Z_TYPE_P(v)) {
    case IS_UNDEF:
    case IS_NULL:
        muni_bind_puts(&b->text, "null");
        return full(b, up);
    case IS_FALSE:
    case IS_TRUE:
        muni_bind_puts(&b->text, Z_TYPE_P(v) == IS_TRUE ? "true" : "false");
        return full(b, up);
    case IS_LONG:
        muni_bind_int(&b->text, Z_LVAL_P(v));
        return full(b, up);
    case IS_STRING:
        if (!muni_bind_utf8(Z_STRVAL_P(v), Z_STRLEN_P(v)))
            return refuse_utf8(up);
        muni_bind_string(&b->text, Z_STRVAL_P(v), Z_STRLEN_P(v));
        return full(b, up);
    default:
        break;
    }
    if (is_time(v)) {
        char s[MUNI_BIND_MOMENT];
        int64_t at;
        if (date) {
            if (day_of(v, s) == FAILURE)
                return FAILURE;
        } else {
            if (moment_of(v, &at) == FAILURE)
                return FAILURE;
            muni_bind_moment(at, s);
        }
        muni_bind_string(&b->text, s, strlen(s));
        return full(b, up);
    }
    if (Z_TYPE_P(v) != IS_ARRAY && (Z_TYPE_P(v) != IS_OBJECT || Z_OBJCE_P(v) != zend_standard_class_def))
        return refuse_type(up, v);
    const void *id = Z_TYPE_P(v) == IS_ARRAY ? (const void *)Z_ARRVAL_P(v) : (const void *)Z_OBJ_P(v);
    for (const frame *f = up; f; f = f->up)
        if (f->container == id)
            return refuse(MUNI_EINVAL, up, "the value contains itself", "値が自分自身を含んでいます");
    if (b->depth >= MUNI_BIND_DEPTH)
        return refuse(MUNI_ELIMIT, up, "nested deeper than 64 levels", "入れ子が64段を超えています");
    HashTable *release, *ht = elements_of(v, &release);
    bool list = Z_TYPE_P(v) == IS_ARRAY && !object && zend_array_is_list(ht); /* an empty array is a list unless an object is wanted */
    bool condition = ht && !list && is_date_condition(b, ht);
    frame f = { up, id, NULL, 0 };
    zend_ulong n;
    zend_string *k;
    zval *e, held;
    int st = SUCCESS;
    bool first = true;
    b->depth++;
    muni_bind_puts(&b->text, list ? "[" : "{");
    if (Z_TYPE_P(v) == IS_ARRAY && !(GC_FLAGS(ht) & GC_IMMUTABLE))
        GC_ADDREF(ht); /* an object's method that is called on the way may change the array under us: then it separates */
    if (ht)
        ZEND_HASH_FOREACH_KEY_VAL_IND(ht, n, k, e) {
            if (k && release && ZSTR_LEN(k) && ZSTR_VAL(k)[0] == 0)
                continue; /* not public */
            f.key = k;
            f.index = n;
            if (!first)
                muni_bind_puts(&b->text, ",");
            first = false;
            if (!list && k) {
                if (key_ok(k, up) == FAILURE) {
                    st = FAILURE;
                    break;
                }
                muni_bind_string(&b->text, ZSTR_VAL(k), ZSTR_LEN(k));
                muni_bind_puts(&b->text, ":");
            } else if (!list) {
                muni_bind_puts(&b->text, "\"");
                muni_bind_int(&b->text, (long long)(zend_long)n);
                muni_bind_puts(&b->text, "\":");
            }
            ZVAL_COPY(&held, e);
            st = write_json(&held, &f, b, false, list ? date : condition && k && zend_string_equals_literal(k, "value"));
            zval_ptr_dtor(&held);
            if (st == FAILURE)
                break;
        }
        ZEND_HASH_FOREACH_END();
    if (Z_TYPE_P(v) == IS_ARRAY && !(GC_FLAGS(ht) & GC_IMMUTABLE))
        zend_array_release(ht);
    if (release)
        zend_release_properties(release);
    muni_bind_puts(&b->text, list ? "]" : "}");
    b->depth--;
    return st == SUCCESS ? full(b, up) : FAILURE;
}

/* The name in a `"…"` of JSON, or of a whole query; names of kinds need no escapes. */
static void note_kind(budget *b, const char *p, size_t n) {
    if (n < sizeof b->kind && !memchr(p, '\\', n)) {
        memcpy(b->kind, p, n);
        b->kind[n] = '\0';
    }
}

int muni_php_json(zval *in, int argno, int how, const char *kind, char **out) {
    budget b = { 0 };
    (void)argno;
    *out = NULL;
    ZVAL_DEREF(in);
    if ((how & MUNI_PHP_OPTIONAL) && Z_TYPE_P(in) == IS_NULL)
        return SUCCESS;
    if (kind && kind[0] == '"')
        note_kind(&b, kind + 1, strlen(kind) - 2);
    if (Z_TYPE_P(in) == IS_ARRAY) {
        zval *named = zend_hash_str_find_deref(Z_ARRVAL_P(in), ZEND_STRL("kind"));
        if (named && Z_TYPE_P(named) == IS_STRING)
            note_kind(&b, Z_STRVAL_P(named), Z_STRLEN_P(named));
    }
    if (write_json(in, NULL, &b, how & MUNI_PHP_OBJECT, false) == FAILURE) {
        muni_bind_drop(&b.text);
        return FAILURE;
    }
    *out = muni_bind_take(&b.text);
    if (!*out)
        muni_php_throw(MUNI_ENOMEM);
    return *out ? SUCCESS : FAILURE;
}

static int set_value(muni_rec *rec, const char *kind, const char *name, size_t length, zval *v, const frame *f, budget *b) {
    muni_status st;
    ZVAL_DEREF(v);
    if (spend(b, f) == FAILURE)
        return FAILURE;
    switch (Z_TYPE_P(v)) {
    case IS_UNDEF:
    case IS_NULL:
        st = muni_rec_set_null(rec, name);
        break;
    case IS_FALSE:
    case IS_TRUE:
        st = muni_rec_set_bool(rec, name, Z_TYPE_P(v) == IS_TRUE);
        break;
    case IS_LONG:
        st = muni_rec_set_int(rec, name, Z_LVAL_P(v));
        break;
    case IS_STRING:
        if (!muni_bind_utf8(Z_STRVAL_P(v), Z_STRLEN_P(v)))
            return refuse_utf8(f);
        st = muni_rec_set_text(rec, name, Z_STRVAL_P(v), Z_STRLEN_P(v));
        break;
    default:
        if (is_time(v) && muni_bind_is_date(kind, name, length)) {
            char s[MUNI_BIND_MOMENT];
            if (day_of(v, s) == FAILURE)
                return FAILURE;
            st = muni_rec_set_date(rec, name, s);
        } else if (is_time(v)) {
            int64_t at;
            if (moment_of(v, &at) == FAILURE)
                return FAILURE;
            st = muni_rec_set_time(rec, name, at);
        } else {
            b->text = (muni_bind_text) { 0 };
            b->values--;
            if (write_json(v, f, b, false, false) == FAILURE) {
                muni_bind_drop(&b->text);
                return FAILURE;
            }
            st = muni_rec_set_json(rec, name, b->text.p, b->text.n);
            muni_bind_drop(&b->text);
        }
    }
    if (st != MUNI_OK)
        muni_php_throw(st);
    return st == MUNI_OK ? SUCCESS : FAILURE;
}

int muni_php_rec(zval *in, int argno, int optional, const char *kind, muni_rec **out) {
    *out = NULL;
    ZVAL_DEREF(in);
    if (optional && Z_TYPE_P(in) == IS_NULL)
        return SUCCESS;
    HashTable *release, *ht = elements_of(in, &release);
    if (!ht) {
        if (Z_TYPE_P(in) != IS_ARRAY)
            zend_argument_type_error((uint32_t)argno, "must be of type array or stdClass, %s given", zend_zval_type_name(in));
        return FAILURE;
    }
    muni_status made = muni_rec_new(out);
    if (made != MUNI_OK) {
        if (release)
            zend_release_properties(release);
        muni_php_throw(made);
        return FAILURE;
    }
    budget b = { .depth = 1 };
    frame f = { NULL, ht, NULL, 0 };
    zend_ulong n;
    zend_string *k;
    zval *e, held;
    int st = SUCCESS;
    bool counted = !release && !(GC_FLAGS(ht) & GC_IMMUTABLE);
    if (counted)
        GC_ADDREF(ht);
    ZEND_HASH_FOREACH_KEY_VAL_IND(ht, n, k, e) {
        if (k && release && ZSTR_LEN(k) && ZSTR_VAL(k)[0] == 0)
            continue;
        char number[32];
        f.key = k;
        f.index = n;
        if (k && key_ok(k, NULL) == FAILURE) {
            st = FAILURE;
            break;
        }
        snprintf(number, sizeof number, ZEND_LONG_FMT, (zend_long)n);
        ZVAL_COPY(&held, e);
        st = set_value(*out, kind, k ? ZSTR_VAL(k) : number, k ? ZSTR_LEN(k) : strlen(number), &held, &f, &b);
        zval_ptr_dtor(&held);
        if (st == FAILURE)
            break;
    }
    ZEND_HASH_FOREACH_END();
    if (counted)
        zend_array_release(ht);
    if (release)
        zend_release_properties(release);
    if (st == FAILURE) {
        muni_rec_free(*out);
        *out = NULL;
    }
    return st;
}

/* ---- the library to PHP */

void muni_php_from_json(const char *json, zval *out) {
    ZVAL_NULL(out);
    if (!json || php_json_decode_ex(out, json, strlen(json), PHP_JSON_OBJECT_AS_ARRAY | PHP_JSON_THROW_ON_ERROR, 512) == FAILURE) {
        if (!EG(exception))
            zend_throw_error(NULL, "the library gave no value");
        ZVAL_NULL(out);
    }
}

void muni_php_from_text(const char *text, zval *out) {
    ZVAL_STRING(out, text ? text : "");
}

static void date_object(const char *text, zval *out) {
    php_date_instantiate(php_date_get_immutable_ce(), out);
    if (!php_date_initialize(Z_PHPDATE_P(out), text, strlen(text), NULL, NULL, PHP_DATE_INIT_CTOR)) {
        zval_ptr_dtor(out);
        ZVAL_NULL(out);
    }
}

void muni_php_from_time(int64_t at, zval *out) {
    char s[MUNI_BIND_MOMENT];
    muni_bind_moment(at, s);
    date_object(s, out);
}

void muni_php_from_date(const char *text, zval *out) {
    int y, m, d;
    char s[MUNI_BIND_MOMENT];
    ZVAL_NULL(out);
    if (!text || !muni_bind_ymd(text, &y, &m, &d)) {
        zend_throw_error(NULL, "the library gave no date");
        return;
    }
    snprintf(s, sizeof s, "%.10sT00:00:00+09:00", text);
    date_object(s, out);
}

static void set_dates(zval *o) {
    static const char *const names[] = { "date", "first", "last" };
    zval *e;
    if (Z_TYPE_P(o) != IS_ARRAY || Z_ARRVAL_P(o) == &zend_empty_array)
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        zval *v = zend_hash_str_find(Z_ARRVAL_P(o), names[i], strlen(names[i])), made;
        if (!v || Z_TYPE_P(v) != IS_STRING)
            continue;
        muni_php_from_date(Z_STRVAL_P(v), &made);
        zval_ptr_dtor(v);
        ZVAL_COPY_VALUE(v, &made);
    }
    if (zend_array_is_list(Z_ARRVAL_P(o)))
        ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(o), e) {
            set_dates(e);
        }
        ZEND_HASH_FOREACH_END();
}

void muni_php_from_dated(const char *json, zval *out) {
    muni_php_from_json(json, out);
    set_dates(out);
}

static void value_of(const muni_rec *rec, int32_t i, zval *out) {
    size_t n = 0;
    const char *s;
    switch (muni_rec_type(rec, i)) {
    case MUNI_TYPE_INT:
        ZVAL_LONG(out, (zend_long)muni_rec_int(rec, i));
        break;
    case MUNI_TYPE_BOOL:
        ZVAL_BOOL(out, muni_rec_int(rec, i) != 0);
        break;
    case MUNI_TYPE_TIME:
        muni_php_from_time(muni_rec_int(rec, i), out);
        break;
    case MUNI_TYPE_TEXT:
        s = muni_rec_text(rec, i, &n);
        ZVAL_STRINGL_FAST(out, s ? s : "", n);
        break;
    case MUNI_TYPE_DATE:
        muni_php_from_date(muni_rec_text(rec, i, NULL), out);
        break;
    case MUNI_TYPE_JSON:
        muni_php_from_json(muni_rec_text(rec, i, NULL), out);
        break;
    default:
        ZVAL_NULL(out);
    }
}

void muni_php_from_rec(const muni_rec *rec, zval *out) {
    int32_t n = muni_rec_count(rec);
    array_init_size(out, (uint32_t)n);
    for (int32_t i = 0; i < n; i++) {
        const char *name = muni_rec_name(rec, i);
        zval v;
        value_of(rec, i, &v);
        zend_symtable_str_update(Z_ARRVAL_P(out), name, strlen(name), &v);
    }
}

/* ---- single arguments */

int muni_php_text(zval *in, int argno, int optional, char **out) {
    ZVAL_DEREF(in);
    *out = NULL;
    if (optional && Z_TYPE_P(in) == IS_NULL)
        return SUCCESS;
    if (Z_TYPE_P(in) != IS_STRING) {
        zend_argument_type_error((uint32_t)argno, "must be of type %sstring, %s given", optional ? "?" : "", zend_zval_type_name(in));
        return FAILURE;
    }
    if (memchr(Z_STRVAL_P(in), 0, Z_STRLEN_P(in)))
        return refuse(MUNI_EINVAL, NULL, "the text contains a NUL", "NUL文字が含まれています");
    if (!muni_bind_utf8(Z_STRVAL_P(in), Z_STRLEN_P(in)))
        return refuse_utf8(NULL);
    *out = Z_STRVAL_P(in);
    return SUCCESS;
}

int muni_php_path(zval *in, int argno, int optional, char **out) {
    if (muni_php_text(in, argno, optional, out) == FAILURE)
        return FAILURE;
    if (*out && strcmp(*out, ":memory:") != 0 && php_check_open_basedir(*out))
        return refuse(MUNI_EDENIED, NULL, "the path is outside open_basedir", "open_basedirの外のパスです");
    return SUCCESS;
}

/* A list of names becomes one text with commas between, malloc'd; a text is copied, so that both are freed alike. */
int muni_php_fields(zval *in, int argno, char **out) {
    muni_bind_text t = { 0 };
    zval *e;
    *out = NULL;
    ZVAL_DEREF(in);
    if (Z_TYPE_P(in) == IS_NULL)
        return SUCCESS;
    if (Z_TYPE_P(in) == IS_STRING) {
        char *s;
        if (muni_php_text(in, argno, 0, &s) == FAILURE)
            return FAILURE;
        muni_bind_puts(&t, s);
    } else if (Z_TYPE_P(in) == IS_ARRAY) {
        muni_bind_puts(&t, "");
        ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(in), e) {
            char *s;
            if (muni_php_text(e, argno, 0, &s) == FAILURE) {
                muni_bind_drop(&t);
                return FAILURE;
            }
            if (t.n)
                muni_bind_puts(&t, ",");
            muni_bind_puts(&t, s);
        }
        ZEND_HASH_FOREACH_END();
    } else {
        zend_argument_type_error((uint32_t)argno, "must be of type array|string|null, %s given", zend_zval_type_name(in));
        return FAILURE;
    }
    *out = muni_bind_take(&t);
    if (!*out)
        muni_php_throw(t.full ? MUNI_ELIMIT : MUNI_ENOMEM);
    return *out ? SUCCESS : FAILURE;
}

int muni_php_int(zval *in, int argno, int64_t lo, int64_t hi, int64_t *out) {
    ZVAL_DEREF(in);
    if (Z_TYPE_P(in) != IS_LONG) {
        zend_argument_type_error((uint32_t)argno, "must be of type int, %s given", zend_zval_type_name(in));
        return FAILURE;
    }
    if (Z_LVAL_P(in) < lo || Z_LVAL_P(in) > hi) {
        zend_argument_value_error((uint32_t)argno, "is out of range");
        return FAILURE;
    }
    *out = Z_LVAL_P(in);
    return SUCCESS;
}

int muni_php_bool(zval *in, int argno, int32_t *out) {
    ZVAL_DEREF(in);
    if (Z_TYPE_P(in) != IS_TRUE && Z_TYPE_P(in) != IS_FALSE) {
        zend_argument_type_error((uint32_t)argno, "must be of type bool, %s given", zend_zval_type_name(in));
        return FAILURE;
    }
    *out = Z_TYPE_P(in) == IS_TRUE;
    return SUCCESS;
}

int muni_php_date(zval *in, int argno, char out[MUNI_BIND_MOMENT]) {
    char *s;
    ZVAL_DEREF(in);
    if (is_time(in))
        return day_of(in, out);
    if (Z_TYPE_P(in) != IS_STRING) {
        zend_argument_type_error((uint32_t)argno, "must be of type DateTimeInterface|string, %s given", zend_zval_type_name(in));
        return FAILURE;
    }
    if (muni_php_text(in, argno, 0, &s) == FAILURE)
        return FAILURE;
    snprintf(out, MUNI_BIND_MOMENT, "%.*s", MUNI_BIND_MOMENT - 1, s); /* a longer text is no date either */
    if (!muni_bind_utf8(out, strlen(out)))
        snprintf(out, MUNI_BIND_MOMENT, "?");
    return SUCCESS;
}

int muni_php_time(zval *in, int argno, int optional, int64_t *out) {
    ZVAL_DEREF(in);
    *out = 0;
    if (optional && Z_TYPE_P(in) == IS_NULL)
        return SUCCESS;
    if (!is_time(in)) {
        zend_argument_type_error((uint32_t)argno, "must be of type %sDateTimeInterface, %s given", optional ? "?" : "", zend_zval_type_name(in));
        return FAILURE;
    }
    return moment_of(in, out);
}

/* ---- callbacks */

int muni_php_callable(zval *in, int argno, int optional, muni_php_callback *cb) {
    char *error = NULL;
    memset(cb, 0, sizeof *cb);
    ZVAL_DEREF(in);
    if (optional && Z_TYPE_P(in) == IS_NULL)
        return SUCCESS;
    if (zend_fcall_info_init(in, 0, &cb->fci, &cb->fcc, NULL, &error) == FAILURE) {
        zend_argument_type_error((uint32_t)argno, "must be a valid callback%s, %s", optional ? " or null" : "", error ? error : "not callable");
        if (error)
            efree(error);
        return FAILURE;
    }
    if (error)
        efree(error);
    cb->set = true;
    return SUCCESS;
}

int32_t muni_php_progress(int64_t done, int64_t total, const char *stage, void *user) {
    muni_php_callback *cb = user;
    zval args[3], r;
    if (EG(exception) || cb->bailout)
        return 1;
    if (zend_atomic_bool_load_ex(&EG(timed_out)))
        return 1; /* the engine will end the request when we are back */
    if (!cb->set)
        return 0;
    ZVAL_LONG(&args[0], (zend_long)done);
    ZVAL_LONG(&args[1], (zend_long)total);
    ZVAL_STRING(&args[2], stage);
    ZVAL_UNDEF(&r);
    cb->fci.params = args;
    cb->fci.param_count = 3;
    cb->fci.retval = &r;
    zend_try {
        zend_call_function(&cb->fci, &cb->fcc);
    }
    zend_catch {
        bailing = cb->bailout = true; /* no longjmp over the library's frames */
    }
    zend_end_try();
    if (cb->bailout)
        return 1;
    bool stop = EG(exception) || Z_TYPE(r) == IS_FALSE;
    zval_ptr_dtor(&r);
    zval_ptr_dtor(&args[2]);
    return stop;
}

void muni_php_after(muni_php_callback *cb) {
    if (cb->bailout) {
        bailing = false;
        zend_bailout();
    }
}

/* ---- rows */

muni_rows *muni_php_rows(muni_cursor *cursor) {
    muni_rows *rows = calloc(1, sizeof *rows);
    if (!rows) {
        muni_cursor_unref(cursor);
        muni_php_throw(MUNI_ENOMEM);
        return NULL;
    }
    rows->cursor = cursor;
    rows->index = -1;
    return rows;
}

void muni_php_rows_free(muni_rows *rows) {
    if (!rows)
        return;
    muni_rec_free(rows->row);
    muni_cursor_unref(rows->cursor);
    free(rows);
}

muni_status muni_php_rows_step(muni_rows *rows) {
    if (rows->over)
        return MUNI_OK;
    muni_rec_free(rows->row);
    rows->row = NULL;
    muni_status st = muni_cursor_next(rows->cursor, &rows->row);
    rows->index += st == MUNI_ROW;
    rows->over = st == MUNI_OK;
    return st == MUNI_ROW ? MUNI_OK : st;
}

/* foreach rewinds first: good before the first row and on it. */
muni_status muni_php_rows_rewind(muni_rows *rows) {
    if (rows->index > 0 || (rows->over && rows->index == 0)) {
        failure f = { .code = MUNI_ESTATE };
        snprintf(f.en, sizeof f.en, "rows are read once; list them again");
        snprintf(f.ja, sizeof f.ja, "行は一度しか読めません。もう一度一覧を取ってください");
        throw_failure(&f);
        return MUNI_ESTATE;
    }
    return rows->index < 0 ? muni_php_rows_step(rows) : MUNI_OK;
}

/* ---- transactions */

void muni_php_transact(muni_session *session, zval *object, muni_php_callback *fn, int32_t attempts, zval *out) {
    for (int32_t i = 1;; i++) {
        muni_status st = muni_session_begin(session);
        if (st != MUNI_OK) {
            muni_php_throw(st);
            return;
        }
        fn->fci.params = object;
        fn->fci.param_count = 1;
        fn->fci.retval = out;
        ZVAL_UNDEF(out);
        zend_call_function(&fn->fci, &fn->fcc); /* a fatal error jumps from here: the session rolls back when it is freed */
        if (!EG(exception)) {
            st = muni_session_commit(session);
            if (st == MUNI_OK)
                return;
            muni_php_throw(st);
        }
        zend_object *thrown = EG(exception);
        bool doomed = instanceof_function(thrown->ce, class_of(MUNI_EDOOMED)) || instanceof_function(thrown->ce, class_of(MUNI_EBUSY));
        muni_session_rollback(session);
        zval_ptr_dtor(out);
        ZVAL_NULL(out);
        if (!doomed || i >= attempts)
            return;
        zend_clear_exception();
    }
}
