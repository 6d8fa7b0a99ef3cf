#!/bin/sh
# What comes out of the tables can be used, and a table with a fault does not build.
set -eu
src=$(cd "${srcdir:-.}" && pwd)/libmunicipal
gen=$PWD/libmunicipal/core/tablegen
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
st=0 n=0

fault() { # what it is, file, sed script
    rm -rf "$tmp/t" && mkdir "$tmp/t"
    (cd "$src" && find . -name '*.def' -o -name tablegen.c -o -name classes.h) | while read -r f; do
        mkdir -p "$tmp/t/${f%/*}" && cat "$src/$f" > "$tmp/t/$f"
    done
    sed "$3" "$tmp/t/$2" > "$tmp/t/changed"
    if cmp -s "$tmp/t/changed" "$tmp/t/$2"; then
        echo "tables: $1: the test no longer changes $2"
        st=1
    fi
    cat "$tmp/t/changed" > "$tmp/t/$2"
    if ${CC:-cc} -std=c11 -I"$tmp/t" "$tmp/t/core/tablegen.c" -o "$tmp/gen" 2> "$tmp/err" && "$tmp/gen" names.h > "$tmp/out" 2> "$tmp/err"; then
        echo "tables: $1 went unseen"
        st=1
    fi
    if [ ! -s "$tmp/err" ]; then
        echo "tables: $1 was refused without a word"
        st=1
    fi
    n=$((n + 1))
}
fault "a field twice" service/desk.def 's/DESK, NAME, name/DESK, CODE, code/'
fault "a field named like one of every kind" service/desk.def 's/DESK, NAME, name/DESK, STATE, state/'
fault "a reference to no kind" service/desk.def 's/"unit"/"unti"/'
fault "a code without its list" service/ticket.def 's/CODE, NONE, "high|middle|low"/CODE, NONE, ""/'
fault "a title that is no field" service/desk.def 's/"name", "窓口"/"nmae", "窓口"/'
fault "an index over no field" service/ticket.def 's/"reported_at,id"/"reportd_at,id"/'
fault "the number of another kind" service/desk.def 's/DESK, 40/DESK, 41/'
fault "the number of another error" core/errors.def 's/EFIELD, -2/EFIELD, -1/'
fault "an error without a class" core/errors.def 's/EFIELD/EFIELDS/'
fault "a parent that is none" core/errors.def 's/-2, Input/-2, Inptu/'

"$gen" tables.md | grep -q '^| `MUNI_EINVAL` | -1 |' || { echo "tables: tables.md lacks MUNI_EINVAL"; st=1; }
if "$gen" > /dev/null 2>&1 || "$gen" nothing.h > /dev/null 2>&1; then
    echo "tables: tablegen answers what nobody asked"
    st=1
fi
if [ -n "${PYTHON3:-}" ]; then
    "$gen" errors.py > "$tmp/errors.py" && "$gen" fields.py > "$tmp/fields.py"
    (cd "$tmp" && PYTHONDONTWRITEBYTECODE=1 "$PYTHON3" -W error - "$(grep -c '^MUNI_ERROR(' "$src/core/errors.def")" << 'PY'
import pickle
import sys

import errors
import fields

count = int(sys.argv[1])
assert count >= 38 and len(errors.BY_CODE) == count and len({c.name for c in errors.BY_CODE.values()}) == count, len(errors.BY_CODE)
for code, cls in errors.BY_CODE.items():
    made = cls("no such unit", "所属がありません", "ticket", "unit", 3, 4)
    for e in (made, pickle.loads(pickle.dumps(made))):
        assert type(e) is cls and isinstance(e, errors.Error)
        assert (str(e), e.message_ja, e.kind, e.field, e.line, e.record, e.code) == (
            "no such unit", "所属がありません", "ticket", "unit", 3, 4, code), (cls, vars(e))
    assert str(cls()) == "" and str(cls("x", "y")) == "x"
assert issubclass(errors.BY_CODE[-11], LookupError) and issubclass(errors.BY_CODE[-29], OSError)
assert fields.TICKET.SUBJECT == "subject" and fields.TICKET.ID == "id" and fields.KINDS["ticket"] is fields.TICKET
PY
    ) || { echo "tables: the Python modules are not right"; st=1; }
fi
echo "tables: $n faults tried"
exit $st
