#!/bin/sh
# No room is left where the server keeps its tables: what was begun is refused as a whole, what is there can be read, and with room again the same succeeds.
# The room is a limit on the length of its files, which the server takes for a full disk.
set -eu
# shellcheck source=tests/cluster.sh
. "$(dirname "$0")/cluster.sh"
# shellcheck source=tests/steps.sh
. "$(dirname "$0")/steps.sh"
if ! command -v prlimit >/dev/null; then
    echo "there is no prlimit: install util-linux"
    exit 77
fi
url="postgresql:///postgres?host=$place/at-city&user=municipal"

# room BYTES: in every file of what serves clients, those that are connected and those that come
room() {
    server=$(head -n 1 "$place/city/postmaster.pid")
    for process in $server $(pgrep -P "$server" -f 'municipal postgres' || true); do
        $as prlimit --pid "$process" --fsize="$1:" || true # it may have gone
    done
}
# a page less a half behind the pieces of the log, which are made of one megabyte: tables stop there, the log does not
little=$((1048576 + 4096))

initdb_options="--wal-segsize=1"
cluster city "synchronous_commit = on"
city "$url"
room $little
refused "no room is left on the server's disk" --db "$url" --as operator staff apply "$plan"
run --db "$url" --as admin list person --count
said "apply: refused, and some are there" 0
run --db "$url" --as admin audit verify
run --db "$url" --as admin check
run --db "$url" --as admin create desk code=a name=窓口 # a small thing still fits
room unlimited
run --db "$url" --as operator staff apply "$plan"
run --db "$url" --as admin list person --count
said "apply: not all are there" 1988
run --db "$url" --as admin check

# a copy that does not fit: nobody can open it, and it is gone on with
run --as admin db copy "$url" "$place/city.db"
want=$(digest_of "$place/city.db")
room $little
refused "no room is left on the server's disk" --as admin db copy "$place/city.db" "$url&schema=second"
refused "" --db "$url&schema=second" --as admin check
room unlimited
run --as admin db copy "$place/city.db" "$url&schema=second"
if [ "$want" = "$(digest_of "$url&schema=second")" ]; then good; else bad "copy: the server has another digest"; fi
run --db "$url&schema=second" --as admin check
finish
