/* What stands in an installed tree is enough: compiled in C99 and in C++ with what pkg-config says, and run: installed STORE. */
#include <municipal.h>

#include <stdio.h>
#include <string.h>

static int must(muni_status st, const char *what) {
    if (st < 0)
        printf("%s: %s: %s\n", what, muni_error_name(st), muni_error_text("en"));
    return st >= 0;
}

int main(int argc, char **argv) {
    muni_create_options options = MUNI_CREATE_OPTIONS_INIT;
    muni_open_options again = MUNI_OPEN_OPTIONS_INIT;
    muni_staff_plan_options load = MUNI_STAFF_PLAN_OPTIONS_INIT;
    muni_db *db = NULL;
    muni_session *session = NULL;
    muni_rec *rec = NULL, *ticket = NULL, *plan = NULL;
    muni_query *query = NULL;
    int64_t count = 0;
    if (argc != 2 || strcmp(muni_error_name(MUNI_EFIELD), "EFIELD") != 0)
        return 2;
    options.test = 1;
    again.connections = 2;
    if (!must(muni_create(argv[1], &options, &db), "create"))
        return 1;
    muni_db_close(db);
    muni_db_unref(db);
    if (!must(muni_open(argv[1], &again, &db), "open") || !must(muni_db_session(db, "admin", "installed", NULL, &session), "session") ||
        !must(muni_rec_new(&rec), "record") || !must(muni_rec_set_text(rec, MUNI_TICKET_SUBJECT, "印刷できない", MUNI_ZERO_TERMINATED), "subject") ||
        !must(muni_rec_set_text(rec, MUNI_TICKET_TYPE, "incident", MUNI_ZERO_TERMINATED), "type") ||
        !must(muni_rec_set_text(rec, MUNI_TICKET_CATEGORY, "support", MUNI_ZERO_TERMINATED), "category") ||
        !must(muni_session_create(session, MUNI_KIND_TICKET, rec, &ticket), "ticket") ||
        !must(muni_query_parse("{\"kind\":\"ticket\",\"words\":\"印刷\"}", MUNI_ZERO_TERMINATED, &query), "query") ||
        !must(muni_session_count(session, query, 0, &count), "count"))
        return 1;
    if (muni_staff_plan(session, &load, NULL, NULL, &plan) != MUNI_EINVAL) /* no file is named */
        return 1;
    printf("%s %d %s %d\n", muni_version(), (int)muni_version_number(), muni_rec_text(ticket, muni_rec_find(ticket, MUNI_TICKET_NUMBER), NULL), (int)count);
    muni_query_free(query);
    muni_rec_free(ticket);
    muni_rec_free(rec);
    muni_session_unref(session);
    muni_db_unref(db);
    return count != 1;
}
