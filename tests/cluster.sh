# shellcheck shell=sh
# Private clusters of PostgreSQL for tests: sourced. Sets $place, a directory of its own that is taken away at the end, $bin, and $as, which runs a command as
# the account of the server: it does not run as root; there it gets an account without rights. Ends the test where there is no server (77).
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

initdb_options=
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
    for data in "$place"/*/postmaster.pid; do
        [ ! -e "$data" ] || $as "$bin/pg_ctl" -D "$(dirname "$data")" -m immediate -w stop >/dev/null 2>&1 || true
    done
    if [ $status != 0 ] && [ $status != 77 ]; then
        tail -n 20 "$place"/*.log 2>/dev/null || true
    fi
    rm -rf "$place"
    exit $status
}
trap stop EXIT
trap 'exit 1' INT TERM HUP

# cluster NAME SETTINGS…: make and start one in $place/NAME, with its socket in $place/at-NAME. Nothing here outlives the test: no
# waiting for the disk.
cluster() {
    name=$1
    shift
    # shellcheck disable=SC2086
    if ! (cd "$place" && $as "$bin/initdb" -D "$place/$name" -A trust -U municipal --encoding=UTF8 --locale=C --no-sync $initdb_options) >"$place/initdb.log" 2>&1; then
        cat "$place/initdb.log"
        exit 1
    fi
    cat >>"$place/$name/postgresql.conf" <<EOF
listen_addresses = ''
max_connections = 200
fsync = off
full_page_writes = off
autovacuum_naptime = 5s
EOF
    for setting in "$@"; do
        echo "$setting" >>"$place/$name/postgresql.conf"
    done
    start "$name"
}

# The server dies, with all its processes, in the middle of whatever it does.
lose() {
    pid=$(head -n 1 "$place/$1/postmaster.pid")
    # shellcheck disable=SC2046
    kill -KILL "$pid" $(pgrep -P "$pid") 2>/dev/null || true # one of them may have ended by itself
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    rm -f "$place/$1/postmaster.pid"
}

start() {
    $as mkdir -p "$place/at-$1"
    (cd "$place" && $as "$bin/pg_ctl" -D "$place/$1" -l "$place/$1.log" -o "-k '$place/at-$1'" -w start) >/dev/null
}
