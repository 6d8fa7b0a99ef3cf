/* The full-text index (decisions 19): documents, their queue, and the candidates for a word. */
#ifndef MUNI_STORE_SEARCH_H
#define MUNI_STORE_SEARCH_H

#include "core/token.h"
#include "store/store.h"

/* A document is a record or something said about one; the answer to a search is the record `kind`/`rec`. `doc` is the id of what carries
 * the text (the record itself, or the comment), unique in the store. `keys` are the folded texts (muni__textkey) of its searched fields,
 * in the order of the kind's table, separated by MUNI__KEY_SEP. Put replaces. An empty text removes. Inside a write transaction. */
#define MUNI__KEY_SEP '\x1f'
muni_status muni__doc_put(muni__conn *c, int64_t doc, int32_t part, int32_t kind, int64_t rec, const char *keys, size_t n);
muni_status muni__doc_remove(muni__conn *c, int64_t doc);
/* Is there nothing in these keys that a search could find? Such a document is none. */
bool muni__doc_blank(const char *keys, size_t n);
/* `part` is 0 for the record's own text, else the number of the kind that carries it (comment). */

/* Write queued documents to the index; all of them if `force`, else only where at least 256 are queued. Inside a write transaction. */
muni_status muni__doc_flush(muni__conn *c, bool force, int64_t *indexed);
muni_status muni__doc_queued(muni__conn *c, int64_t *out);

/* Make the index anew from the documents; the old one serves until the new one is whole, and takes its place. A piece at a time, in a write
 * transaction each; `*again` until it is done. */
muni_status muni__reindex_piece(muni__conn *c, muni__work *w, bool *again);
/* Is the index what the documents say? Calls back with documents (at most 65,536) of which it is not, in no order; a negative answer ends it. Reads in the
 * transaction that is open. */
muni_status muni__index_check(muni__conn *c, muni_status (*wrong)(void *user, int64_t doc), void *user);

/* The candidates for a search: ids `doc` of the index and of the queue that may match, newest first; the caller joins m_doc(doc, part, kind, rec,
 * keys) and rechecks with muni__key_contains. Reads in the transaction that is open. `term` NULL: every document there is. */
typedef struct muni__docs muni__docs;
muni_status muni__docs_open(muni__conn *c, const muni__term *term, muni__docs **out);
/* MUNI_ROW with the document, MUNI_OK at the end. `keys` until the next call. */
typedef struct muni__doc {
    int64_t doc, rec;
    int32_t part, kind;
    const char *keys;
    size_t n;
} muni__doc;
muni_status muni__docs_next(muni__docs *d, muni__doc *out);
void muni__docs_close(muni__docs *d);
/* All documents that answer for a record (its own and what was said about it): calls back with each, until the answer is false. */
muni_status muni__docs_of(muni__conn *c, int32_t kind, int64_t rec, bool (*each)(void *user, const muni__doc *doc), void *user);

#endif
