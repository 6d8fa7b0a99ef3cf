#!/bin/sh
# Each public header compiles alone, twice over, as strict C99 and (where there is a compiler) as C++; municipal.h holds them all.
set -eu
here=${srcdir:-.}/libmunicipal/include
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
st=0 n=0
for path in "$here"/municipal.h "$here"/municipal/*.h libmunicipal/include/municipal/names.h; do
    name=${path##*/include/}
    printf '#include <%s>\n#include <%s>\nint nothing;\n' "$name" "$name" > "$tmp/t.c"
    cp "$tmp/t.c" "$tmp/t.cc"
    ${CC:-cc} -std=c99 -pedantic -Wall -Wextra -Werror -I"$here" -Ilibmunicipal/include -c "$tmp/t.c" -o "$tmp/t.o" || { echo "headers: $name is not C99 by itself"; st=1; }
    if [ -n "${CXX:-}" ]; then
        $CXX -std=c++11 -pedantic -Wall -Wextra -Werror -I"$here" -Ilibmunicipal/include -c "$tmp/t.cc" -o "$tmp/t.o" || { echo "headers: $name is not C++ by itself"; st=1; }
    fi
    case $name in
    municipal.h | municipal/names.h) ;;
    *) grep -q "^#include <$name>" "$here/municipal.h" || { echo "headers: municipal.h does not include <$name>"; st=1; } ;;
    esac
    n=$((n + 1))
done
echo "headers: $n compiled as C99${CXX:+ and C++}"
exit $st
