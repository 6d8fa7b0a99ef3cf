#!/bin/sh
# Exported = called by each binding, or in ignored.txt with a reason. What a module calls is what nm says it wants.
set -eu
LC_ALL=C
export LC_ALL
src=${srcdir:-.}
map=$src/../libmunicipal/libmunicipal.map
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
st=0
grep -o '^ *muni_[a-z0-9_]*;' "$map" | tr -d ' ;' | sort > "$tmp/exported"
sed -n 's/^\(muni_[a-z0-9_]*\).*/\1/p' "$src/tools/ignored.txt" | sort > "$tmp/ignored"
sed -n 's/^MUNI_API.*[ *]\(muni_[a-z0-9_]*\)(.*/\1/p' "$src"/../libmunicipal/include/municipal/*.h | sort > "$tmp/declared"
comm -23 "$tmp/ignored" "$tmp/declared" > "$tmp/d"
[ ! -s "$tmp/d" ] || { echo "wrapped: in ignored.txt, declared nowhere:"; sed 's/^/    /' "$tmp/d"; st=1; }
seen=0
for module in python/.libs/_native.so php/.libs/municipal.so; do
    [ -f "$module" ] || continue
    seen=1
    ${NM:-nm} -D --undefined-only "$module" | awk '{ sub(/@.*/, "", $2); if ($2 ~ /^muni_/) print $2 }' | sort > "$tmp/called"
    [ -s "$tmp/called" ] || { echo "wrapped: $module calls nothing of the library"; st=1; }
    [ -f "$tmp/all" ] && comm -12 "$tmp/all" "$tmp/called" > "$tmp/d" && mv "$tmp/d" "$tmp/all" || cp "$tmp/called" "$tmp/all"
    sort "$tmp/called" "$tmp/ignored" > "$tmp/known"
    comm -23 "$tmp/exported" "$tmp/known" > "$tmp/d"
    if [ -s "$tmp/d" ]; then
        echo "wrapped: exported, neither called by $module nor in ignored.txt:"
        sed 's/^/    /' "$tmp/d"
        st=1
    fi
    comm -13 "$tmp/exported" "$tmp/called" > "$tmp/d"
    [ ! -s "$tmp/d" ] || { echo "wrapped: called by $module, not exported:"; sed 's/^/    /' "$tmp/d"; st=1; }
    echo "wrapped: $module calls $(wc -l < "$tmp/called") of $(wc -l < "$tmp/exported") exported functions"
done
[ ! -f "$tmp/all" ] || comm -12 "$tmp/ignored" "$tmp/all" > "$tmp/d"
[ ! -s "$tmp/d" ] || { echo "wrapped: in ignored.txt, called by every module:"; sed 's/^/    /' "$tmp/d"; st=1; }
[ $seen = 1 ] || { echo "wrapped: no module to look at"; st=1; }
exit $st
