/* What besides the library's own allocations fails here: those of SQLite, those of jansson while it parses, and the system calls by which the
 * library itself reads and writes files. */
#ifndef FAULTS_WRAP_H
#define FAULTS_WRAP_H

/* Once, before anything else. */
void wrap_install(void);
/* The nth such system call from now answers `number`, once; 0: none. Every one from there on, if `full`. */
void wrap_fail(long n, int number, int full);
/* System calls since wrap_fail, or those of them that write. */
long wrap_count(int writes);
/* Only writes fail, and only they count for that. */
extern int wrap_writes;

#endif
