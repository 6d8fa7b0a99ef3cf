#!/bin/sh
# Every row of docs/requirements/ that a test or scenario claims exists. Whether the tests pass is seen by make rows.
set -eu
if [ -z "${PYTHON3:-}" ]; then
    echo "rows: needs python3"
    exit 77
fi
exec "$PYTHON3" "${srcdir:-.}/tests/rows.py" --static "${srcdir:-.}"
