#!/bin/sh
# A server is lost while 20 processes write, and its standby takes over: with synchronous replication nothing that was acknowledged is lost, nothing is there
# twice, and the writers go on by themselves. The standby is held for a moment before the primary is killed, so that there is something to lose: the control
# run, where a commit does not wait for it, has to lose some.
set -eu
# shellcheck source=tests/cluster.sh
. "$(dirname "$0")/cluster.sh"

# one NAME SYNCHRONOUS_COMMIT: a primary and a standby, and the load on them; its output in $place/NAME.txt
one() {
    cluster "$1-primary" "synchronous_commit = $2" "synchronous_standby_names = '*'"
    (cd "$place" && $as "$bin/pg_basebackup" -D "$place/$1-standby" -h "$place/at-$1-primary" -U municipal -R -c fast --no-sync)
    echo "synchronous_standby_names = ''" >>"$place/$1-standby/postgresql.auto.conf"
    start "$1-standby"
    cat >"$place/$1-kill.sh" <<EOF
set -eu
receiver=\$($bin/psql -h "$place/at-$1-standby" -U municipal -d postgres -Atc 'SELECT pid FROM pg_stat_wal_receiver')
primary=\$(head -n 1 "$place/$1-primary/postmaster.pid")
kill -STOP \$receiver
sleep 0.7
# shellcheck disable=SC2046
kill -KILL \$primary \$(pgrep -P \$primary) 2>/dev/null || true
rm -f "$place/$1-primary/postmaster.pid"
kill -CONT \$receiver
cd "$place"
$as "$bin/pg_ctl" -D "$place/$1-standby" -w promote >/dev/null
EOF
    st=0
    MUNI_TEST_SERVER="postgresql:///postgres?host=$place/at-$1-primary,$place/at-$1-standby&user=municipal&target_session_attrs=read-write" \
        LOAD_COMMAND="sh '$place/$1-kill.sh'" tests/load/load failover n=20 tickets=100 >"$place/$1.txt" 2>&1 || st=$?
    cat "$place/$1.txt"
    $as "$bin/pg_ctl" -D "$place/$1-standby" -m immediate -w stop >/dev/null
    return $st
}

passed=0
echo "synchronous:"
if one sync on; then
    passed=$((passed + 1))
fi
echo "control, where commits do not wait for the standby:"
if one control local; then
    echo "failover: the control run lost nothing: the test could not fail"
elif grep -q "FAILED: what was acknowledged is there" "$place/control.txt"; then
    passed=$((passed + 1))
fi
echo "$passed passed, $((2 - passed)) failed"
[ $passed = 2 ]
