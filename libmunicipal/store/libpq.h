/* PostgreSQL's client library, loaded when a server is first asked for: who keeps the store in a file carries neither it nor the TLS, LDAP and
 * Kerberos that come with it. The only file that includes its header. */
#ifndef MUNI_STORE_LIBPQ_H
#define MUNI_STORE_LIBPQ_H

#include "core/base.h"

#include <libpq-fe.h>

/* What of it is used: PQ… each. */
#define MUNI__LIBPQ_FUNCTIONS(X)                                                                                                                                                   \
    X(clear)                                                                                                                                                                       \
    X(cmdStatus)                                                                                                                                                                   \
    X(cmdTuples)                                                                                                                                                                   \
    X(connectPoll)                                                                                                                                                                 \
    X(connectStartParams)                                                                                                                                                          \
    X(connectdbParams)                                                                                                                                                             \
    X(errorMessage)                                                                                                                                                                \
    X(escapeIdentifier)                                                                                                                                                            \
    X(escapeLiteral)                                                                                                                                                               \
    X(exec)                                                                                                                                                                        \
    X(execParams)                                                                                                                                                                  \
    X(execPrepared)                                                                                                                                                                \
    X(finish)                                                                                                                                                                      \
    X(freemem)                                                                                                                                                                     \
    X(ftype)                                                                                                                                                                       \
    X(getResult)                                                                                                                                                                   \
    X(getisnull)                                                                                                                                                                   \
    X(getlength)                                                                                                                                                                   \
    X(getvalue)                                                                                                                                                                    \
    X(libVersion)                                                                                                                                                                  \
    X(ntuples)                                                                                                                                                                     \
    X(parameterStatus)                                                                                                                                                             \
    X(prepare)                                                                                                                                                                     \
    X(putCopyData)                                                                                                                                                                 \
    X(putCopyEnd)                                                                                                                                                                  \
    X(resultErrorField)                                                                                                                                                            \
    X(resultStatus)                                                                                                                                                                \
    X(sendQuery)                                                                                                                                                                   \
    X(sendQueryParams)                                                                                                                                                             \
    X(sendQueryPrepared)                                                                                                                                                           \
    X(serverVersion)                                                                                                                                                               \
    X(setErrorVerbosity)                                                                                                                                                           \
    X(setNoticeProcessor)                                                                                                                                                          \
    X(socket)                                                                                                                                                                      \
    X(status)                                                                                                                                                                      \
    X(transactionStatus)

/* Of libpq 14 and newer, NULL in an older one: statements behind each other whose answers are waited for together. */
#define MUNI__LIBPQ_PIPELINE(X)                                                                                                                                                    \
    X(enterPipelineMode)                                                                                                                                                           \
    X(exitPipelineMode)                                                                                                                                                            \
    X(pipelineSync)
#define MUNI__LIBPQ_ABORTED 11 /* PGRES_PIPELINE_ABORTED, which an older header lacks: one before it had failed */

typedef struct muni__libpq {
#define MUNI__LIBPQ_FIELD(name) __typeof__(PQ##name) *name;
    MUNI__LIBPQ_FUNCTIONS(MUNI__LIBPQ_FIELD)
#undef MUNI__LIBPQ_FIELD
#define MUNI__LIBPQ_FIELD(name) int (*name)(PGconn *);
    MUNI__LIBPQ_PIPELINE(MUNI__LIBPQ_FIELD)
#undef MUNI__LIBPQ_FIELD
} muni__libpq;

extern const muni__libpq *const muni__pq;

/* Fill the table behind muni__pq; at once where that was done before. MUNI_ENOTSUP: the library is not there, which is tried again the next time. */
muni_status muni__libpq_load(void);
/* The same of any file into any table: for the tests. */
muni_status muni__libpq_read(const char *file, muni__libpq *out);

#endif
