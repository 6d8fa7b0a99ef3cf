/* Where tests make their stores. */
#include "place.h"

#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef MUNI_POSTGRESQL
#include <libpq-fe.h>
#endif

static const char *server(void) {
#ifdef MUNI_POSTGRESQL
    const char *s = getenv("MUNI_TEST_SERVER");
    return s && *s ? s : NULL;
#else
    return NULL;
#endif
}

bool place_server(void) {
    return server() != NULL;
}

void place_new(char out[PLACE_SIZE], const char *file) {
    static int count;
    struct timespec now = { 0, 0 };
    (void)clock_gettime(CLOCK_REALTIME, &now); /* numbers of processes come again */
    int n = server() ? snprintf(out, PLACE_SIZE, "%s%cschema=test_%ld_%d_%lx", server(), strchr(server(), '?') ? '&' : '?', (long)getpid(), ++count, (unsigned long)now.tv_nsec)
                     : snprintf(out, PLACE_SIZE, "%s", file);
    ck_assert_int_lt(n, PLACE_SIZE);
}

#ifdef MUNI_POSTGRESQL
/* A connection to the server of a store, in its schema. */
static PGconn *at_server(const char *address, char schema[64]) {
    char plain[PLACE_SIZE], sql[128];
    (void)snprintf(plain, sizeof plain, "%s", address);
    char *p = strstr(plain, "schema=");
    ck_assert_ptr_nonnull(p);
    (void)snprintf(schema, 64, "%s", p + 7);
    p[-1] = '\0'; /* it stands at the end */
    PGconn *pg = PQconnectdb(plain);
    ck_assert_msg(PQstatus(pg) == CONNECTION_OK, "%s", PQerrorMessage(pg));
    (void)snprintf(sql, sizeof sql, "SET client_min_messages TO error; SET search_path TO \"%s\"", schema);
    PQclear(PQexec(pg, sql));
    return pg;
}
#endif

const char *place_ask(const char *sql) {
    static char answer[200];
    *answer = '\0';
#ifdef MUNI_POSTGRESQL
    PGconn *pg = PQconnectdb(server());
    ck_assert_msg(PQstatus(pg) == CONNECTION_OK, "%s", PQerrorMessage(pg));
    PQclear(PQexec(pg, "SET client_min_messages TO error"));
    PGresult *r = PQexec(pg, sql);
    ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(pg));
    if (PQntuples(r))
        (void)snprintf(answer, sizeof answer, "%s", PQgetvalue(r, 0, 0));
    PQclear(r);
    PQfinish(pg);
#else
    (void)sql;
#endif
    return answer;
}

void place_drop(const char *address) {
#ifdef MUNI_POSTGRESQL
    char schema[64], sql[128];
    if (!server() || !strstr(address, "://"))
        return;
    PGconn *pg = at_server(address, schema);
    (void)snprintf(sql, sizeof sql, "DROP SCHEMA IF EXISTS \"%s\" CASCADE", schema);
    PGresult *r = PQexec(pg, sql);
    ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK, "%s", PQerrorMessage(pg));
    PQclear(r);
    PQfinish(pg);
#else
    (void)address;
#endif
}

long place_sql(const char *address, const char *sql) {
    long changed = 0;
#ifdef MUNI_POSTGRESQL
    if (server() && strstr(address, "://")) {
        char schema[64];
        PGconn *pg = at_server(address, schema);
        ck_assert_int_eq(PQsendQuery(pg, sql), 1);
        for (PGresult *r; (r = PQgetResult(pg)); PQclear(r)) {
            ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(pg));
            changed += atol(PQcmdTuples(r));
        }
        PQfinish(pg);
        return changed;
    }
#endif
    sqlite3 *db = NULL;
    char *why = NULL;
    ck_assert_int_eq(sqlite3_open(address, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK, "%s: %s", sql, why);
    changed = sqlite3_total_changes(db);
    sqlite3_close(db);
    return changed;
}
