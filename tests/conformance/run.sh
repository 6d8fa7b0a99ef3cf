#!/bin/sh
# The scenarios through the C driver, and: every scenario in the directory is in the tarball's list.
set -eu
src=${srcdir:-.}
st=0
for f in "$src"/tests/conformance/*.json; do
    grep -q "/conformance/$(basename "$f")\b" "$src/tests/Makefile.mk" || { echo "conformance: $(basename "$f") is not in tests/Makefile.mk"; st=1; }
done
tests/conformance/driver "$src/tests/conformance" || st=1
exit $st
