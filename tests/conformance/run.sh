#!/bin/sh
# The scenarios through the C driver, in the zone of this machine and in another: the process's TZ never matters. And: every scenario in the
# directory, and every file that they read, is in the tarball's list.
set -eu
src=${srcdir:-.}
st=0
for f in "$src"/tests/conformance/*.json "$src"/tests/conformance/data/*; do
    name=${f#"$src"/tests/}
    grep -q "/$name\b" "$src/tests/Makefile.mk" || { echo "conformance: $name is not in tests/Makefile.mk"; st=1; }
done
tests/conformance/driver "$src/tests/conformance" || st=1
echo "the same with TZ=America/New_York:"
TZ=America/New_York tests/conformance/driver "$src/tests/conformance" || st=1
exit $st
