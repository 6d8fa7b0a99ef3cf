/* Shared by every language. Only declarations: C names decide which functions are called (a method `create` extended onto muni_session without a
 * body calls muni_session_create()), and typemaps of the language file that includes this one do the conversions, by type and parameter name:
 *
 *   const char *            text;  STR_OPT  text or nothing
 *   const char *path        file name;  PATH_OPT  or nothing
 *   const char *date        a day, or text that is one
 *   const char *JSON        any value, as JSON text;  JSON_OPT  or nothing
 *   const char *OBJECT_OPT  the same, which is an object;  WHERE_OPT  a condition on the kind in the argument before
 *   const char *FIELDS      list of names, or nothing
 *   const muni_rec *rec     mapping;  REC_OPT  or nothing
 *   int32_t, int64_t        whole numbers;  int32_t FLAG  truth value;  int32_t ZONE  seconds east or nothing
 *   int64_t TIME_OPT        a moment or nothing
 *   (muni_progress_fn progress, void *user)  a callable or nothing
 *
 * and what is given back, one a call, last, and with the default NULL where it follows an optional one:
 *
 *   muni_rec **out  char **json_out  char **dated_out  char **text_out  char **date_out  int32_t *flag_out  int32_t *number_out  int64_t *out
 *   int64_t *time_out, and handles (muni_session **out …)
 *
 * The library's options in structures are taken apart here, so that both languages have the same parameters. */
%{
#include "glue.h"
%}
typedef int muni_status;
typedef int int32_t;
typedef long long int64_t;

/* SWIG must know that this is a pointer, or the default of `progress` becomes 0 rather than None */
typedef int32_t (*muni_progress_fn)(int64_t done, int64_t total, const char *stage, void *user);

%nodefaultctor;
%nodefaultdtor;

/* Typemaps of names; all of them before the first class, which is wrapped where it is declared. */
%apply const char *OBJECT_OPT { const char *definition, const char *params, const char *columns_o };
%apply const char *date { const char *from, const char *to };
%apply int32_t FLAG { int32_t column };
%apply const char *STR_OPT { const char *era };
%apply const char *STR_OPT { const char *kind_opt };
%apply const char *STR_OPT { const char *admin_name };
%apply int32_t FLAG { int32_t test, int32_t upgrade, int32_t network, int32_t relaxed, int32_t repair };
%apply int32_t ZONE { int32_t utc_offset };
%apply int64_t TIME_OPT { int64_t now };
%apply const char *FIELDS { const char *fields };
%apply const muni_rec *REC_OPT { const muni_rec *rec_opt };
%apply const char *JSON { const char *kind_or_query };
%apply const char *WHERE_OPT { const char *where_q };
%apply const char *JSON_OPT { const char *words_q, const char *order_q, const char *fields_q, const char *limit_q, const char *after_q, const char *trash_q };
%apply const char *JSON_OPT { const char *charset_o, const char *on_error_o, const char *format_o, const char *header_o, const char *formulas_o };
%apply const char *STR_OPT { const char *lang };
%apply const char *STR_OPT { const char *profile, const char *charset, const char *note };
%apply const char *date { const char *on };
%apply const char *PATH_OPT { const char *units, const char *people };

/* ---- calendars */

%rename(Calendar) muni_calendar;
typedef struct muni_calendar {} muni_calendar;
%extend muni_calendar {
    muni_calendar(const char *definition = NULL) {
        muni_calendar *made;
        return muni_calendar_new(definition, &made) == MUNI_OK ? made : NULL;
    }
    ~muni_calendar() { muni_calendar_unref($self); }
    muni_status is_open_day(const char *date, int32_t *flag_out);
    muni_status is_open_at(int64_t TIME, int32_t *flag_out);
    muni_status add_open_days(const char *date, int32_t days, char **date_out);
    muni_status count_open_days(const char *from, const char *to, int32_t *number_out);
    muni_status explain(const char *date, char **dated_out);
    muni_status holidays(const char *from, const char *to, char **dated_out);
}
muni_status muni_wareki_format(const char *date, const char *style = "long", char **text_out = NULL);
muni_status muni_bind_parse_date(const char *text, int32_t column = 0, const char *era = NULL, char **dated_out = NULL);
muni_status muni_fiscal_year(const char *date, char **dated_out);

const char *muni_version(void);
int32_t muni_version_number(void);

muni_status muni_describe(const char *kind_opt = NULL, char **json_out = NULL);

/* ---- stores */

%rename(Store) muni_db;
%rename(Session) muni_session;
typedef struct muni_session {} muni_session;
typedef struct muni_db {} muni_db;
%extend muni_db {
    static muni_status create(const char *path, const char *admin = "admin", const char *admin_name = NULL, int32_t test = 0, int32_t utc_offset = -1,
                              int64_t now = 0, muni_db **out = NULL) {
        muni_create_options options = MUNI_CREATE_OPTIONS_INIT;
        options.admin = admin;
        options.admin_name = admin_name;
        options.test = test;
        options.utc_offset = utc_offset;
        options.now = now;
        return muni_create(path, &options, out);
    }
    static muni_status open(const char *path, int32_t upgrade = 0, int32_t connections = 0, int32_t relaxed = 0, int32_t wait_secs = 0, int32_t network = 0,
                            muni_progress_fn progress = NULL, void *user = NULL, muni_db **out = NULL) {
        muni_open_options options = MUNI_OPEN_OPTIONS_INIT;
        options.upgrade = upgrade;
        options.connections = connections;
        options.synchronous = relaxed;
        options.wait_secs = wait_secs;
        options.network = network;
        options.progress = progress;
        options.user = user;
        return muni_open(path, &options, out);
    }
    ~muni_db() { muni_db_unref($self); }
    void close();
    muni_status info(muni_rec **out);
    muni_status now(int64_t *time_out);
    muni_status set_now(int64_t now = 0);
    muni_status session(const char *login, const char *application = "", const char *reason = "", muni_session **out = NULL);
}

/* ---- sessions */

%define MUNI_QUERY
const char *kind_or_query, const char *where_q = NULL, const char *words_q = NULL, const char *order_q = NULL, const char *fields_q = NULL, const char *limit_q = NULL, const char *after_q = NULL, const char *trash_q = NULL
%enddef
%extend muni_session {
    ~muni_session() { muni_session_unref($self); }
    void close();
    muni_status whoami(muni_rec **out);
    muni_status begin();
    muni_status commit();
    muni_status rollback();
    muni_status create(const char *kind, const muni_rec *rec, muni_rec **out);
    muni_status get(const char *kind, int64_t id, const char *fields = NULL, muni_rec **out = NULL);
    muni_status find(const char *kind, const char *key, const char *fields = NULL, muni_rec **out = NULL);
    muni_status update_record(const char *kind, int64_t id, const muni_rec *rec, int64_t rev = 0, muni_rec **out = NULL) {
        return muni_session_update($self, kind, id, rev, rec, out);
    }
    muni_status move(const char *kind, int64_t id, const char *transition, const muni_rec *rec_opt = NULL, int64_t rev = 0, muni_rec **out = NULL) {
        return muni_session_transition($self, kind, id, rev, transition, rec_opt, out);
    }
    muni_status transitions(const char *kind, int64_t id, char **json_out);
    muni_status trash(const char *kind, int64_t id, int64_t rev = 0, muni_rec **out = NULL);
    muni_status restore(const char *kind, int64_t id, int64_t rev = 0, muni_rec **out = NULL);
    muni_status comment(const char *kind, int64_t id, const char *body, muni_rec **out);
    muni_status list_query(MUNI_QUERY, muni_cursor **out = NULL) {
        const muni_bind_query query = { kind_or_query, where_q, words_q, order_q, fields_q, limit_q, after_q, trash_q };
        return muni_bind_list($self, &query, out);
    }
    /* `most` is one of the parts, because a count has no page; the pages' members are accepted in a whole query, as the library does */
    muni_status count_query(const char *kind_or_query, const char *where_q = NULL, const char *words_q = NULL, const char *trash_q = NULL, int64_t most = 0, int64_t *out = NULL) {
        const muni_bind_query query = { kind_or_query, where_q, words_q, NULL, NULL, NULL, NULL, trash_q };
        return muni_bind_count($self, &query, most, out);
    }
    muni_status history(const char *kind, int64_t id, muni_cursor **out);
    muni_status run_due(muni_rec **out);
    muni_status doubt(int32_t *flag_out);
}

%extend muni_session {
    muni_status import_csv(const char *kind, const char *path, const char *charset_o = NULL, const char *columns_o = NULL, const char *on_error_o = NULL,
                           muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) {
        const muni_bind_member members[] = { { "charset", charset_o }, { "columns", columns_o }, { "on_error", on_error_o } };
        char *options = muni_bind_object(members, 3);
        muni_status st = options ? muni_session_import($self, kind, path, options, progress, user, out) : MUNI_ENOMEM;
        free(options);
        return st;
    }
    muni_status export_file(const char *kind_or_query, const char *path, const char *where_q = NULL, const char *words_q = NULL, const char *order_q = NULL,
                            const char *fields_q = NULL, const char *limit_q = NULL, const char *after_q = NULL, const char *trash_q = NULL,
                            const char *format_o = NULL, const char *charset_o = NULL, const char *header_o = NULL, const char *formulas_o = NULL,
                            muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) {
        const muni_bind_query query = { kind_or_query, where_q, words_q, order_q, fields_q, limit_q, after_q, trash_q };
        const muni_bind_member members[] = { { "format", format_o }, { "charset", charset_o }, { "header", header_o }, { "formulas", formulas_o } };
        char *options = muni_bind_object(members, 4);
        muni_status st = options ? muni_bind_export($self, &query, path, options, progress, user, out) : MUNI_ENOMEM;
        free(options);
        return st;
    }
}

%rename(Report) muni_report;
typedef struct muni_report {} muni_report;
%extend muni_session {
    muni_status report(const char *name, const char *params = NULL, muni_report **out = NULL);
}
%extend muni_report {
    ~muni_report() { muni_report_unref($self); }
    int32_t rows();
    int32_t columns();
    muni_status value(int32_t row, int32_t column_no, int64_t *out);
    muni_status query(int32_t row, int32_t column_no, char **json_out);
    muni_status render(const char *format, const char *lang = "ja", char **text_out = NULL);
}

%extend muni_session {
    muni_status staff_plan(const char *on, const char *units = NULL, const char *people = NULL, const char *profile = NULL, const char *charset = NULL,
                           muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) {
        muni_staff_plan_options options = MUNI_STAFF_PLAN_OPTIONS_INIT;
        options.profile = profile;
        options.on = on;
        options.units = units;
        options.people = people;
        options.charset = charset;
        return muni_staff_plan($self, &options, progress, user, out);
    }
    muni_status plan_findings(int64_t id, muni_cursor **out) { return muni_plan_findings($self, id, out); }
    muni_status plan_rows(int64_t id, muni_cursor **out) { return muni_plan_rows($self, id, out); }
    muni_status plan_approve(int64_t id, const char *note = NULL, muni_rec **out = NULL) { return muni_plan_approve($self, id, note, out); }
    muni_status plan_apply(int64_t id, muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) {
        return muni_plan_apply($self, id, progress, user, out);
    }
}

%extend muni_session {
    muni_status store_check(int32_t repair = 0, muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) {
        return muni_store_check($self, repair, progress, user, out);
    }
    muni_status store_copy(const char *url, muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) { return muni_store_copy($self, url, progress, user, out); }
    muni_status store_digest(muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) { return muni_store_digest($self, progress, user, out); }
    muni_status store_reindex(muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) { return muni_store_reindex($self, progress, user, out); }
    muni_status store_statistics(muni_rec **out) { return muni_store_statistics($self, out); }
    muni_status store_vacuum(muni_rec **out) { return muni_store_vacuum($self, out); }
    muni_status audit_verify(muni_progress_fn progress = NULL, void *user = NULL, muni_rec **out = NULL) { return muni_audit_verify($self, progress, user, out); }
}
