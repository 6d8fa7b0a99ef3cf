/* The floor of opening: SQLite, the same schema, one record, and away. opening FILE prints the peak memory in KiB. */
#include <sqlite3.h>
#include <stdio.h>

int main(int argc, char **argv) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    char text[256];
    long kib = 0;
    if (argc != 2 || sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) ||
        sqlite3_prepare_v2(db, "SELECT * FROM k_ticket WHERE trashed_at IS NULL ORDER BY id DESC LIMIT 1", -1, &s, NULL) || sqlite3_step(s) != SQLITE_ROW)
        return 1;
    long long id = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    if (!id || sqlite3_close(db))
        return 1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(text, sizeof text, file))
        if (sscanf(text, "VmHWM: %ld", &kib) == 1)
            break;
    if (file)
        (void)fclose(file);
    (void)printf("%ld\n", kib);
    return 0;
}
