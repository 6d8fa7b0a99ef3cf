#!/bin/sh
# The suites that stand above the store, once more on a server of PostgreSQL: a private cluster, reached through its socket only, started here and taken
# away at the end.
#
#   postgresql.sh                run the suites
#   postgresql.sh COMMAND …      run a command instead, with MUNI_TEST_SERVER
set -eu
suites="${MUNI_SERVER_SUITES:-cond copy query visible list cursor write audit check rec definition report transfer rows staff plan month server}"
# shellcheck source=tests/cluster.sh
. "$(dirname "$0")/cluster.sh"
cluster data "synchronous_commit = off"
MUNI_TEST_SERVER="postgresql:///postgres?host=$place/at-data&user=municipal"
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
