# shellcheck shell=sh
# Steps of a test that uses the command, each counted: sourced behind cluster.sh, whose $place it writes to.
m=examples/cli/municipal
now="--now 2027-03-31T09:00:00+09:00"
passed=0
failed=0
good() {
    passed=$((passed + 1))
}
bad() {
    failed=$((failed + 1))
    echo "$(basename "$0" .sh): $1"
    cat "$place/out" "$place/err" 2>/dev/null || true
}
run() { # what has to succeed
    # shellcheck disable=SC2086
    if "$m" $now "$@" >"$place/out" 2>"$place/err" </dev/null; then good; else bad "municipal $*: exit $?"; fi
}
refused() { # WORDS COMMAND…: what has to fail, saying these words
    words=$1
    shift
    # shellcheck disable=SC2086
    if "$m" $now "$@" >"$place/out" 2>"$place/err" </dev/null; then bad "municipal $*: succeeded"; elif grep -q "$words" "$place/err"; then good; else bad "municipal $*: does not say $words"; fi
}
said() { # WHAT WANTED: the last output
    if [ "$(cat "$place/out")" = "$2" ]; then good; else bad "$1"; fi
}
digest_of() {
    # shellcheck disable=SC2086
    "$m" $now --db "$1" --as admin --format json db digest | sed 's/^{"digest":"\([0-9a-f]*\)".*/\1/'
}
# A store at $1 with an operator, an approver and an approved plan of the staff, whose number is in $plan.
city() {
    staff=${srcdir:-.}/tests/data/staff
    run init "$1" --test --admin admin
    for who in operator approver; do
        run --db "$1" --as admin create principal "login=$who" "name=$who"
        run --db "$1" --as admin create member "group=$who" "principal=$who"
    done
    run --db "$1" --as operator --format json staff plan --profile hr-export --on 2027-03-31 --units "$staff/org_before_cp932.csv" --people "$staff/staff_before_cp932.csv"
    plan=$(sed -n 's/^{"plan":\([0-9]*\),.*/\1/p' "$place/out")
    run --db "$1" --as approver staff approve "$plan"
}
finish() {
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}
