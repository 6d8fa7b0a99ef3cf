#!/bin/sh
# The suites that stand above the store, once more on a server of PostgreSQL: a private cluster in a directory of its own, reached through its socket
# only, started here and taken away at the end. The server does not run as root; there it gets an account without rights.
#
#   postgresql.sh                run the suites
#   postgresql.sh COMMAND …      run a command instead, with MUNI_TEST_SERVER
set -eu
suites="${MUNI_SERVER_SUITES:-cond query visible list cursor write audit check rec definition report transfer rows staff plan month server}"
if [ "${MUNI_WITH_POSTGRESQL:-no}" != yes ]; then
    echo "this build has no driver for PostgreSQL"
    exit 77
fi
bin=
for dir in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin /usr/local/pgsql/bin; do
    if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
        bin=$dir
    fi
done
if [ -z "$bin" ]; then
    echo "there is no server: install postgresql"
    exit 77
fi

place=$(mktemp -d "${TMPDIR:-/tmp}/muni-pg-XXXXXX")
as=
account=$(id -un)
if [ "$(id -u)" = 0 ]; then
    for account in municipal-test postgres nobody; do
        if id "$account" >/dev/null 2>&1; then
            break
        fi
    done
    chown "$account" "$place"
    as="setpriv --reuid=$account --regid=$(id -gn "$account") --clear-groups"
fi
chmod 711 "$place"

stop() {
    status=$?
    $as "$bin/pg_ctl" -D "$place/data" -m immediate -w stop >/dev/null 2>&1 || true
    if [ $status != 0 ] && [ $status != 77 ]; then
        tail -n 20 "$place/log" 2>/dev/null || true
    fi
    rm -rf "$place"
    exit $status
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

# Nothing here outlives the test: no waiting for the disk.
if ! (cd "$place" && $as "$bin/initdb" -D "$place/data" -A trust -U municipal --encoding=UTF8 --locale=C --no-sync) >"$place/initdb.log" 2>&1; then
    cat "$place/initdb.log"
    exit 1
fi
cat >>"$place/data/postgresql.conf" <<EOF
unix_socket_directories = '$place'
listen_addresses = ''
max_connections = 200
fsync = off
full_page_writes = off
synchronous_commit = off
autovacuum_naptime = 5s
EOF
(cd "$place" && $as "$bin/pg_ctl" -D "$place/data" -l "$place/log" -w start) >/dev/null
MUNI_TEST_SERVER="postgresql:///postgres?host=$place&user=municipal"
export MUNI_TEST_SERVER
if [ $# -gt 0 ]; then
    "$@"
else
    st=0
    tests/conformance/driver "${srcdir:-.}/tests/conformance" || st=1
    tests/load/load || st=1
    # shellcheck disable=SC2086
    tests/unit/run $suites || st=1 # the last: its count is what is counted
    exit $st
fi
