#!/bin/sh
# The server dies while a plan is applied and while a store is copied: each is wholly there or not at all, and doing it again completes it.
set -eu
# shellcheck source=tests/cluster.sh
. "$(dirname "$0")/cluster.sh"
# shellcheck source=tests/steps.sh
. "$(dirname "$0")/steps.sh"
url="postgresql:///postgres?host=$place/at-city&user=municipal"
killed=0
# die_during SECONDS COMMAND…: the server is lost so long after the command began; answers whether the command had failed then.
die_during() {
    seconds=$1
    shift
    # shellcheck disable=SC2086
    "$m" $now "$@" >"$place/out" 2>"$place/err" </dev/null &
    client=$!
    sleep "$seconds"
    lose city
    start city # who was caught in a commit asks it how that ended
    died=0
    wait $client || died=$?
    [ $died = 0 ] || killed=$((killed + 1))
}
cluster city "synchronous_commit = on"
city "$url"
for seconds in 0.2 0.7 1.5; do
    die_during "$seconds" --db "$url" --as operator staff apply "$plan"
    run --db "$url" --as admin audit verify
    run --db "$url" --as admin list person --count
    count=$(cat "$place/out")
    if [ "$died" != 0 ] && [ "$count" != 0 ]; then bad "apply: failed, and $count persons are there"; else good; fi
    [ "$died" != 0 ] || break
done
[ "$died" = 0 ] || run --db "$url" --as operator staff apply "$plan"
run --db "$url" --as admin list person --count
said "apply: not all are there" 1988
run --db "$url" --as admin check

# to a file, and from there to another schema of a server that dies three times
run --as admin db copy "$url" "$place/city.db"
want=$(digest_of "$place/city.db")
if [ "$want" = "$(digest_of "$url")" ]; then good; else bad "copy: the file has another digest"; fi
for seconds in 0.3 0.6 0.9; do
    die_during "$seconds" --as admin db copy "$place/city.db" "$url&schema=second"
done
run --as admin db copy "$place/city.db" "$url&schema=second"
if [ "$want" = "$(digest_of "$url&schema=second")" ]; then good; else bad "copy: the server has another digest"; fi
run --db "$url&schema=second" --as admin check
if [ $killed -ge 3 ]; then good; else bad "only $killed of the commands were caught"; fi
echo "crash: $killed commands lost their server"
finish
