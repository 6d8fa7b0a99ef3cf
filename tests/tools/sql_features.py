#!/usr/bin/env python3
"""What of SQL a database has to know to keep a store: docs/sql-features.md, from the statements that the plans test collects and from what the driver for
PostgreSQL says besides.

    sql_features.py PLANS SOURCE_DIRECTORY > docs/sql-features.md        (make sql-features)

A statement or a literal that begins with a word no feature names ends it: then the list is not complete."""

import re
import sys

# What the house's own statements ask for: name, expression over the statement, what it is for.
HOUSE = [
    ("joins, also of a table with itself", r"\bJOIN\b", "titles of references, documents of words"),
    ("left joins", r"LEFT JOIN", "references that may be empty"),
    ("subqueries in FROM", r"FROM \(SELECT", "pages over branches of scopes, reports"),
    ("UNION and UNION ALL", r"\bUNION\b", "records seen by several scopes, once"),
    ("recursive common table expressions", r"WITH RECURSIVE", "units beneath a unit"),
    ("EXISTS, correlated", r"EXISTS ?\(", "conditions along references"),
    ("IN with a list or a subquery", r" IN \((?!SELECT \"value\" FROM json_each)", "codes, branches"),
    ("sets of ids as one parameter", r"json_each\(", "translated: = ANY(bigint[])"),
    ("row values compared", r"\([^()]*\) [<>] \(", "pages of composite keys"),
    ("GROUP BY with count, sum and count(DISTINCT)", r"GROUP BY", "reports"),
    ("ORDER BY with ASC, DESC, NULLS FIRST or LAST", r"NULLS (FIRST|LAST)", "orders of lists"),
    ("LIMIT", r"\bLIMIT\b", "pages"),
    ("CASE", r"\bCASE\b", "orders and reports"),
    ("coalesce, min, max", r"\b(coalesce|min|max)\(", "counters, ends of tables"),
    ("position of a text in another", r"\binstr\(", "translated: strpos"),
    ("substr, lower bounds of texts by bytes", r"\bsubstr\(|\bBETWEEN\b", "beginnings of texts, months"),
    ("INSERT … ON CONFLICT DO NOTHING", r"ON CONFLICT.*DO NOTHING", "numbers that are taken"),
    ("INSERT … ON CONFLICT DO UPDATE", r"ON CONFLICT.*DO UPDATE", "small texts, counters, progress of imports"),
]
# Of SQLite alone: not asked of a server.
FILE_ONLY = r"sqlite_master|pragma_|dbstat|m_doc_index|m_doc_queue|m_vocabulary|^VACUUM|^PRAGMA|^BEGIN|^COMMIT|^ROLLBACK"

# What store/postgresql*.c says in the server's own words: name, expression over its literals, what it is for.
SERVER = [
    ("READ COMMITTED and REPEATABLE READ transactions, READ ONLY", r"ISOLATION LEVEL REPEATABLE READ READ ONLY", "reading from one moment"),
    ("row locks", r"FOR UPDATE", "a record that is changed"),
    ("advisory locks to the end of a transaction, shared and exclusive, tried and waited for", r"advisory_xact_lock", "rules over several records, writers together, sealing"),
    ("sequences that do not go back", r"nextval|setval", "ids of records and history; gaps are allowed"),
    ("numbers of transactions, and the oldest that is going on", r"pg_current_xact_id|pg_snapshot_xmin", "blocks hold settled rows only"),
    ("how a transaction ended", r"pg_xact_status|pg_is_in_recovery", "a commit in doubt; without it the row of history tells, and its end has to be waited for"),
    ("prepared statements, also by PREPARE and EXECUTE", r"PREPARE |EXECUTE |DEALLOCATE ", "every statement; a pooler must keep them with the connection"),
    ("cursors", r"DECLARE |FETCH |CLOSE ", "answers without a bound"),
    ("COPY … FROM STDIN", r"COPY ", "copies of whole stores; without it INSERT would do"),
    ("schemas that are renamed and dropped", r"SCHEMA", "a store is made under another name first"),
    ("lock_timeout, synchronous_commit", r"lock_timeout|synchronous_commit", "waiting is bounded; a copy on a standby"),
    ("partial and unique indexes, texts that sort by bytes (COLLATE \"C\")", r"COLLATE", "identifiers that the trash gives back; keyset pages"),
    ("tsvector, lexemes by their beginning, a GIN index", r"tsvector|tsquery|USING gin", "the search"),
    ("the catalogue: names, comments, columns, sizes", r"pg_class|pg_attribute|to_reg|obj_description|COMMENT ON", "upgrades, statistics"),
    ("REINDEX, VACUUM (ANALYZE)", r"REINDEX|VACUUM", "upkeep; not needed where the server does it by itself"),
]
BEGINNINGS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "REPLACE")


def statements(path):
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith((" ", "--")):
                yield line.strip()


def literals(directory):
    for name in ("postgresql.c", "postgresql_search.c"):
        with open(f"{directory}/libmunicipal/store/{name}", encoding="utf-8") as f:
            text = re.sub(r'"\s*\n\s*"', "", f.read())
        text = re.sub(r'" CONFIG "', "", text)
        yield from re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)


def main():
    plans, source = sys.argv[1:3]
    house = [s for s in statements(plans) if not re.search(FILE_ONLY, s)]
    odd = [s for s in house if not s.startswith(BEGINNINGS)]
    if odd or len(house) < 1000:
        sys.exit(f"sql_features: {len(house)} statements; not understood: {odd[:5]}")
    said = list(literals(source))
    print("# What of SQL a store on a server needs\n")
    print("Written by `make sql-features` (`tests/tools/sql_features.py`) from the statements that the library makes, as `make plans` collects them, and from what the driver")
    print("for PostgreSQL says besides: what an engine that speaks PostgreSQL's protocol would have to support. Conflicts between writers show as row locks and unique")
    print("indexes; where an engine ends transactions instead (`40001`), single calls are done again, and groups are `MUNI_EDOOMED`.\n")
    print("## The statements of the library\n\n| feature | for |\n|---|---|")
    for name, expression, why in HOUSE:
        if any(re.search(expression, s) for s in house):
            print(f"| {name} | {why} |")
    print("\n## What the driver says\n\n| feature | for |\n|---|---|")
    for name, expression, why in SERVER:
        if not any(re.search(expression, s) for s in said):
            sys.exit(f"sql_features: the driver says nothing of: {name}")
        print(f"| {name} | {why} |")


main()
