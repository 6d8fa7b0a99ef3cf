#!/bin/sh
# The code blocks of the guides: each one is run, and says what the block of text behind it shows. Counts them.
#
#   MUNI_TOP, MUNI_BUILD   source and build directory
#   MUNI_PYTHON, MUNI_PHP  interpreters, where those bindings are built; their blocks are left out where they are not
set -u
LC_ALL=C.UTF-8
export LC_ALL
unset LC_MESSAGES LANG
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
left=0
LD_LIBRARY_PATH=$MUNI_BUILD/libmunicipal/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PYTHONPATH=$MUNI_BUILD/bindings/python
PYTHONDONTWRITEBYTECODE=1
PATH=$MUNI_BUILD/examples/cli:$PATH
export LD_LIBRARY_PATH PYTHONPATH PYTHONDONTWRITEBYTECODE PATH

run_block() { # file: its last part names the language
    case $1 in
    *.sh) sh -eu "$1" ;;
    *.c)
        # shellcheck disable=SC2086
        ${CC:-cc} -std=c11 -Wall -Wextra -Werror ${CFLAGS:-} -I"$MUNI_TOP/libmunicipal/include" -I"$MUNI_BUILD/libmunicipal/include" "$1" -o "$1.run" \
            -L"$MUNI_BUILD/libmunicipal/.libs" -lmunicipal && "$1.run"
        ;;
    *.python) "$MUNI_PYTHON" "$1" ;;
    *.php) "$MUNI_PHP" -n -d "extension=$MUNI_BUILD/bindings/php/.libs/municipal.so" "$1" ;;
    esac
}

for guide in "$MUNI_TOP"/docs/guide/*.md; do
    name=$(basename "$guide" .md)
    mkdir "$tmp/$name" "$tmp/$name/work"
    # NN.<language> for each block, NN.text for the output shown behind it
    awk -v to="$tmp/$name/" '
        /^```/ && !language { language = substr($0, 4); if (language == "text") file = to sprintf("%02d.text", n); else if (language) file = to sprintf("%02d.%s", ++n, language); next }
        /^```/ { language = ""; close(file); file = ""; next }
        language { print > file }' "$guide"
    for block in "$tmp/$name"/[0-9][0-9].*; do
        case $block in
        *.text) continue ;;
        *.python) [ -n "${MUNI_PYTHON:-}" ] || { left=$((left + 1)) && continue; } ;;
        *.php) [ -n "${MUNI_PHP:-}" ] || { left=$((left + 1)) && continue; } ;;
        *.sh | *.c) ;;
        *) continue ;;
        esac
        case $block in *.c | *.python | *.php) rm -rf "$tmp/$name/work" && mkdir "$tmp/$name/work" ;; esac
        (cd "$tmp/$name/work" && run_block "$block") >"$tmp/out" 2>&1 </dev/null
        code=$?
        shown=${block%.*}.text
        if [ $code = 0 ] && { [ ! -f "$shown" ] || diff "$shown" "$tmp/out" >"$tmp/diff"; }; then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
            echo "guide: $name, block $(basename "$block"): exit $code"
            cat "$tmp/out"
            [ ! -f "$shown" ] || { echo "differs from what is shown:" && cat "$tmp/diff"; }
        fi
    done
done
[ $left = 0 ] || echo "guide: $left blocks left out: their binding is not built"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
