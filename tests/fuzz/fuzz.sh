#!/bin/sh
# Fuzz a target with libFuzzer (clang) under the address and undefined behaviour sanitizers.
#
#   tests/fuzz/fuzz.sh TARGET SECONDS [libFuzzer option…]    build it from the sources and run it
#   tests/fuzz/fuzz.sh TARGET build                          build it only
#   tests/fuzz/fuzz.sh TARGET replay                         run it once over its corpus and all that was collected
#   tests/fuzz/fuzz.sh TARGET minimise                       write a smallest corpus of the same coverage to build-fuzz/minimised/TARGET
#
# Everything lies in build-fuzz/: what was found in found/, the growing corpus in corpus/TARGET beside the committed one of tests/fuzz/corpus/TARGET, a
# line of statistics for each run in statistics.txt. FUZZ_SANITIZERS (address,undefined) may be empty, with FUZZ_BUILD another directory for the objects:
# many times as fast, and properties are asserted all the same. Then replay with the sanitizers what was collected.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${1:?which target? one of tests/fuzz/*.c}
seconds=${2:?for how many seconds? or build, or minimise}
shift 2
[ -f "$here/$target.c" ] || { echo "there is no target $target" >&2; exit 2; }
dir=${FUZZ_BUILD:-$root/build-fuzz}
kept=$root/build-fuzz
clang=${FUZZ_CC:-clang}
sanitizers=${FUZZ_SANITIZERS-address,undefined}
mkdir -p "$dir" "$kept/found" "$kept/corpus/$target"

build() {
    if [ ! -f "$dir/config.status" ]; then
        [ -x "$root/configure" ] || (cd "$root" && mkdir -p m4 && autoreconf -fi)
        (cd "$dir" && "$root/configure" CC="$clang" \
            CFLAGS="-g $([ -n "$sanitizers" ] && echo -O1 || echo -O2) -fno-omit-frame-pointer -fsanitize=fuzzer-no-link${sanitizers:+,$sanitizers -fno-sanitize-recover=all}" \
            --disable-python --disable-php >configure.log 2>&1) || { tail -n 20 "$dir/configure.log" >&2; exit 1; }
    fi
    objects=tests/fuzz/$target.o
    case $target in definition | query | record) objects="$objects tests/fuzz/mutate.o" ;; esac # JSON
    exec 9>"$dir/.lock"
    flock 9
    # shellcheck disable=SC2086
    make -C "$dir" libmunicipal/include/municipal/names.h >"$dir/make.log" 2>&1 && make -C "$dir" libmunicipal/libmunicipal-core.la $objects >>"$dir/make.log" 2>&1 ||
        { tail -n 30 "$dir/make.log" >&2; exit 1; }
    # shellcheck disable=SC2046
    (cd "$dir" && ./libtool --quiet --tag=CC --mode=link $clang -g "-fsanitize=fuzzer${sanitizers:+,$sanitizers}" \
        $objects libmunicipal/libmunicipal-core.la $(pkg-config --libs sqlite3 jansson libutf8proc nettle libpcre2-8) -lpthread -o "$dir/fuzz-$target")
    exec 9>&-
}
[ -n "${FUZZ_BUILT:-}" ] || build # else as it was built before
[ "$seconds" != build ] || exit 0

export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:allocator_may_return_null=1}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-print_stacktrace=1}"
seeds=$here/corpus/$target
[ -d "$seeds" ] || seeds=
if [ "$seconds" = replay ]; then
    # shellcheck disable=SC2086
    exec "$dir/fuzz-$target" -runs=0 -timeout=20 -rss_limit_mb=2048 -artifact_prefix="$kept/found/$target-" "$@" $seeds "$kept/corpus/$target"
fi
if [ "$seconds" = minimise ]; then
    rm -rf "$kept/minimised/$target"
    mkdir -p "$kept/minimised/$target"
    # shellcheck disable=SC2086
    exec "$dir/fuzz-$target" -set_cover_merge=1 -timeout=20 -rss_limit_mb=2048 "$kept/minimised/$target" $seeds "$kept/corpus/$target"
fi
dict=
[ ! -f "$here/$target.dict" ] || dict=-dict=$here/$target.dict
case $target in # what takes a piece for every place in it stays short
charset) longest=600 ;;
csv | wareki) longest=1000 ;;
*) longest=4096 ;;
esac
log=$dir/$target-$(date +%Y%m%d-%H%M%S).log
status=0
# shellcheck disable=SC2086
"$dir/fuzz-$target" -max_total_time="$seconds" -max_len=$longest -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$kept/found/$target-" $dict "$@" \
    "$kept/corpus/$target" $seeds >"$log" 2>&1 || status=$?
# A run that found something ends at once and has a line, too.
line=$(grep -a ' cov: ' "$log" | tail -n 1 | sed 's/^#\([0-9]*\)[[:space:]]*[A-Z]*[[:space:]]*cov: \([0-9]*\) ft: \([0-9]*\) corp: \([0-9]*\).*/runs \1 cov \2 ft \3 corpus \4/')
units=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
secs=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log")
peak=$(sed -n 's/^stat::peak_rss_mb: *//p' "$log")
printf '%s %s%s: executed %s in %s s, peak %s MB; %s; status %s\n' "$(date '+%F %T')" "$target" "${sanitizers:+ ($sanitizers)}" "${units:-?}" "${secs:-?}" "${peak:-?}" "$line" "$status" |
    tee -a "$kept/statistics.txt"
[ $status = 0 ] || { grep -a 'does not hold\|ERROR: \|SUMMARY: \|runtime error: \|Test unit written' "$log" >&2; exit 1; }
