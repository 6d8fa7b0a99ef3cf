#!/bin/sh
# The reference manual can be made without a warning, and lacks nothing that check-tags.py asks for.
set -eu
if [ -z "${DOXYGEN:-}" ] || [ -z "${PYTHON3:-}" ]; then
    echo "docs: needs doxygen and python3"
    exit 77
fi
rm -rf docs/html docs/xml
"$DOXYGEN" docs/Doxyfile
exec "$PYTHON3" "${srcdir:-.}/docs/check-tags.py" docs/xml "${srcdir:-.}/libmunicipal/libmunicipal.map"
