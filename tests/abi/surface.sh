#!/bin/sh
# What programs and stores rely on is as it was recorded (surface.py); and what would break them is noticed.
set -eu
if [ -z "${PYTHON3:-}" ]; then
    echo "surface: needs python3"
    exit 77
fi
src=$(cd "${srcdir:-.}" && pwd)
export PYTHONDONTWRITEBYTECODE=1
"$PYTHON3" "$src/tests/abi/surface.py" check "$src"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir -p "$tmp/base/libmunicipal/model" "$tmp/base/tests"
(cd "$src" && tar -cf - $(find libmunicipal -name '*.def' -o -name '*.map' -o -path '*/include/*.h' -o -name model.h) tests/abi) | tar -xf - -C "$tmp/base"
chmod -R u+w "$tmp/base"
st=0 n=0
changed() { # what it is, what must be said ("": nothing), table, file, sed script
    rm -rf "$tmp/t" && cp -R "$tmp/base" "$tmp/t"
    sed "$5" "$tmp/t/$4" > "$tmp/new"
    if cmp -s "$tmp/new" "$tmp/t/$4"; then
        echo "surface: $1: the test no longer changes $4"
        st=1
    fi
    cat "$tmp/new" > "$tmp/t/$4"
    if "$PYTHON3" "$tmp/t/tests/abi/surface.py" check "$tmp/t" "$3" > "$tmp/said" 2>&1; then
        [ -z "$2" ] || { echo "surface: $1 went unseen"; st=1; }
    elif [ -z "$2" ]; then
        echo "surface: $1 breaks nobody, and was refused:" && cat "$tmp/said"
        st=1
    elif ! grep -q "$2" "$tmp/said"; then
        echo "surface: $1 was refused for another reason:" && cat "$tmp/said"
        st=1
    fi
    n=$((n + 1))
}
include=libmunicipal/include/municipal
changed "another name of a parameter" "" functions.txt $include/session.h 's/const char \*fields, muni_rec/const char *columns, muni_rec/'
changed "another type of a parameter" "is MUNICIPAL.*muni_session_get(" functions.txt $include/session.h 's/\(muni_session_get(.*\)int64_t id/\1int32_t id/'
changed "another answer of a function" "was MUNICIPAL.*muni_fiscal_year(" functions.txt $include/calendar.h 's/^MUNI_API .*\(muni_fiscal_year(\)/MUNI_API int64_t \1/'
changed "another callback" "was typedef.*muni_progress_fn" functions.txt $include/base.h 's/(\*muni_progress_fn)(int64_t/(*muni_progress_fn)(int32_t/'
changed "a function that is gone" "gone: MUNICIPAL.*muni_wareki_format(" functions.txt libmunicipal/libmunicipal.map '/muni_wareki_format/d'
changed "a function under another version" "muni_describe is exported as MUNICIPAL_0.1" functions.txt libmunicipal/libmunicipal.map 's/^MUNICIPAL_0.1/MUNICIPAL_0.2/'
changed "another value of a constant" "was MUNI_ROW 1" constants.txt $include/base.h 's/^#define MUNI_ROW 1/#define MUNI_ROW 2/'
changed "a constant that is gone" "gone: MUNI_TYPE_JSON" constants.txt $include/rec.h '/^#define MUNI_TYPE_JSON/d'
changed "a new constant" "new: MUNI_TYPE_BLOB 7" constants.txt $include/rec.h 's/^\(#define MUNI_TYPE_JSON\).*/&\
#define MUNI_TYPE_BLOB 7/'
changed "a member in the middle" "was MEMBER(muni_open_options, upgrade" structs.def $include/db.h 's/ int32_t upgrade;/ int32_t before; int32_t upgrade;/'
changed "another type of a member" "was MEMBER(muni_open_options, network" structs.def $include/db.h 's/int32_t network;/uint32_t network;/'
changed "a member at the end" "new: MEMBER(muni_open_options, last" structs.def $include/db.h 's/ int32_t network;/& int64_t last;/'
changed "another number of an error" "was error EFIELD -2" numbers.txt libmunicipal/core/errors.def 's/EFIELD, -2/EFIELD, -99/'
changed "the number of an error that is gone" "error -36 is ENOTSUP's" numbers.txt libmunicipal/core/errors.def 's/ENOTSUP, -36/EOTHER, -36/'
changed "another number of a kind" "was kind desk 40" numbers.txt libmunicipal/service/desk.def 's/DESK, 40/DESK, 77/'
changed "another order of the actions" "was action MUNI__A_UPDATE 2" numbers.txt libmunicipal/model/model.h 's/MUNI__A_UPDATE, MUNI__A_TRANSITION/MUNI__A_TRANSITION, MUNI__A_UPDATE/'
changed "a finding that is gone" "gone: finding FOOTER_ROW" numbers.txt libmunicipal/staff/findings.def '/(FOOTER_ROW/d'
echo "surface: $n changes tried"
exit $st
