#!/bin/sh
# After `make install`: a program that knows nothing but pkg-config compiles, links and runs, in C and in C++; so does the main example; the installed
# command reads what it wrote. Called by `make installcheck` with the directories of pkg-config, of the library and of the command, and DESTDIR.
set -eu
src=$(cd "${srcdir:-.}" && pwd)
pkg_config=${PKG_CONFIG:-pkg-config}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
PKG_CONFIG_PATH=$1${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$2${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH
if [ -n "$4" ]; then
    PKG_CONFIG_SYSROOT_DIR=$4
    export PKG_CONFIG_SYSROOT_DIR
fi
version=$($pkg_config --modversion libmunicipal)
flags=$($pkg_config --cflags --libs libmunicipal)

small() { # language, compiler…
    language=$1
    shift
    # shellcheck disable=SC2086
    "$@" -pedantic -Wall -Wextra -Werror "$src/tests/installed.c" -o "$tmp/t" $flags
    rm -f "$tmp"/s.db*
    said=$("$tmp/t" "$tmp/s.db")
    echo "installed: in $language: $said"
    [ "${said%% *}" = "$version" ]
}
# shellcheck disable=SC2086
small C ${CC:-cc} -std=c99
if [ -n "${CXX:-}" ]; then
    # shellcheck disable=SC2086
    small C++ ${CXX} ${SAN_FLAGS:-} -std=c++11 -x c++
else
    echo "installed: no compiler of C++"
    [ "${CI:-}" != true ]
fi

mkdir "$tmp/inputs" "$tmp/out"
cp "$src/tests/data/staff/org_before_cp932.csv" "$src/tests/data/staff/staff_before_cp932.csv" "$tmp/inputs"
tests/tools/gen_incidents "$src/tests/data/figures/kat_helpdesk_incidents_r5.csv" "$src/tests/data/staff/staff_before_cp932.csv" "$tmp/inputs/incidents.csv"
# shellcheck disable=SC2086
${CC:-cc} -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror "$src/examples/c/municipal_month.c" -o "$tmp/month" $flags
"$tmp/month" "$tmp/inputs" "$tmp/out" > "$tmp/month.txt"
store=$(find "$tmp/out" -name '*.db')
"$3/municipal" --db "$store" --as admin audit verify
echo "installed: the month printed $(wc -l < "$tmp/month.txt") lines, and the installed command verifies its store"
