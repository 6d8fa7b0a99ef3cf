#!/bin/sh
# What the headers declare = what the version script names = what the library exports. A name in the script behind a '#' is declared and not yet
# written: the library must not export it, so that whoever writes it takes the '#' away.
set -eu
LC_ALL=C
export LC_ALL
here=${srcdir:-.}/libmunicipal
so=${abi_library:-libmunicipal/.libs/libmunicipal.so}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
st=0

sed -n 's/^MUNI_API.*[ *]\(muni_[a-z0-9_]*\)(.*/\1/p' "$here"/include/municipal.h "$here"/include/municipal/*.h | sort > "$tmp/headers"
grep -h '^MUNI_API' "$here"/include/municipal.h "$here"/include/municipal/*.h | grep -vc '[ *]muni_[a-z0-9_]*(' > "$tmp/odd" || :
grep -o '^ *muni_[a-z0-9_]*;' "$here/libmunicipal.map" | tr -d ' ;' | sort > "$tmp/map"
grep -o '^ *# *muni_[a-z0-9_]*;' "$here/libmunicipal.map" | tr -d ' ;#' | sort > "$tmp/unwritten" || :
sort "$tmp/map" "$tmp/unwritten" > "$tmp/named"
${NM:-nm} -D --defined-only "$so" | awk '{ sub(/@.*/, "", $3); if ($3 != "MUNICIPAL_0.1") print $3 }' | sort > "$tmp/exports"

say() { # file, message
    if [ -s "$1" ]; then
        echo "abi: $2:"
        sed 's/^/    /' "$1"
        st=1
    fi
}
[ -s "$tmp/headers" ] && [ -s "$tmp/map" ] && [ -s "$tmp/exports" ] || { echo "abi: nothing to compare"; st=1; }
[ "$(cat "$tmp/odd")" = 0 ] || { echo "abi: a MUNI_API line is not a whole prototype's beginning; name and '(' belong on its line"; st=1; }
uniq -d "$tmp/headers" > "$tmp/d" && say "$tmp/d" "declared twice"
uniq -d "$tmp/named" > "$tmp/d" && say "$tmp/d" "named twice in the version script"
comm -23 "$tmp/headers" "$tmp/named" > "$tmp/d" && say "$tmp/d" "declared in a header, missing from libmunicipal.map"
comm -13 "$tmp/headers" "$tmp/named" > "$tmp/d" && say "$tmp/d" "named in libmunicipal.map, declared in no header"
comm -23 "$tmp/map" "$tmp/exports" > "$tmp/d" && say "$tmp/d" "named in libmunicipal.map, not in the library (declare it unwritten with '#', or write it)"
comm -13 "$tmp/map" "$tmp/exports" > "$tmp/d" && say "$tmp/d" "exported by the library, not named in libmunicipal.map"
# an unwritten name that the core has by now was forgotten behind its '#'
if [ -f libmunicipal/.libs/libmunicipal-core.a ]; then
    ${NM:-nm} -g --defined-only libmunicipal/.libs/libmunicipal-core.a 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u > "$tmp/core"
    comm -12 "$tmp/unwritten" "$tmp/core" > "$tmp/d" && say "$tmp/d" "written by now: take its '#' away in libmunicipal.map"
fi
# a client library of a server comes when a server is asked for, not into every process
if command -v "${READELF:-readelf}" >/dev/null && "${READELF:-readelf}" -d "$so" | grep 'NEEDED.*libpq' > "$tmp/d"; then
    say "$tmp/d" "loaded with the library, before a server is asked for"
fi
echo "abi: $(wc -l < "$tmp/exports") exported, $(wc -l < "$tmp/unwritten") declared and not yet written"
exit $st
