#!/bin/sh
# The code blocks of the guides, docs/guide/*.md: each one is run, and says what the block of text behind it shows. Counts them.
#
#   ```sh ```c ```python ```php   run. Blocks of a guide share a directory where it has a block of sh; else each has one of its own
#   ```json FILE                  (or whatever stands there) a file in that directory
#   ```def PATH, ```diff          a table, a change to the library's source: from there on the guide's blocks are run with a library that has it
#   ```text                       what the block before it prints, stdout and stderr
#
#   MUNI_TOP, MUNI_BUILD       source and build directory
#   MUNI_PYTHON, MUNI_PHP      interpreters, where those bindings are built; their blocks are left out where they are not
#   MUNI_CPPFLAGS, MUNI_LIBS   what the library is compiled and linked with
#   GUIDES                     which guides; all of them where it is empty
set -u
LC_ALL=C.UTF-8
export LC_ALL
unset LC_MESSAGES LANG
tmp=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT
passed=0
failed=0
left=0
PYTHONPATH=$MUNI_BUILD/bindings/python
PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH PYTHONDONTWRITEBYTECODE
outer_path=$PATH
outer_libraries=${LD_LIBRARY_PATH:-}
jobs=$(nproc 2>/dev/null || echo 2)

# Which library the blocks are run with: where it lies, where its generated header is, where the command is.
use() { # directory of the library, of the header, of the command
    lib=$1
    include=$2
    LD_LIBRARY_PATH=$1${outer_libraries:+:$outer_libraries}
    PATH=$3:$outer_path
    export LD_LIBRARY_PATH PATH
}

# The library and the command once more, from the tree that a guide has changed.
build_tree() (
    cd "$tree" && mkdir -p bin obj include/municipal && cc="${CC:-cc} ${CFLAGS:-}" || exit 1
    find libmunicipal examples -name '*.c' ! -name tablegen.c ! -name embed.c ! -name 'postgresql*.c' ! -name libpq.c >sources && echo "$MUNI_BUILD/libmunicipal/defaults/shipped.c" >>sources
    # shellcheck disable=SC2016
    flags="-D_POSIX_C_SOURCE=200809L -Iinclude -Ilibmunicipal/include -Ilibmunicipal -I$MUNI_BUILD ${MUNI_CPPFLAGS:-}"
    $cc -std=c11 -Ilibmunicipal libmunicipal/core/tablegen.c -o bin/tablegen &&
        bin/tablegen names.h >include/municipal/names.h &&
        xargs -P "$jobs" -I '{}' sh -c "$cc -std=c11 -Wall -Wextra -Werror -fPIC -fvisibility=hidden $flags -c '{}' -o obj/\$(echo '{}' | tr / _).o" <sources &&
        $cc -shared obj/libmunicipal_*.o obj/*shipped.c.o -o bin/libmunicipal.so.0 -Wl,-soname,libmunicipal.so.0 \
            -Wl,--version-script=libmunicipal/libmunicipal.map ${MUNI_LIBS:-} -lpthread &&
        ln -sf libmunicipal.so.0 bin/libmunicipal.so && $cc obj/examples_*.o -o bin/municipal -Lbin -lmunicipal ${MUNI_LIBS:-}
)

run_block() { # file: its last part names the language
    case $1 in
    *.def)
        mkdir -p "$tree/$(dirname "$(cat "$1.name")")" && cp "$1" "$tree/$(cat "$1.name")"
        ;;
    *.diff) patch -s -p1 -d "$tree" <"$1" ;;
    *.sh) sh -eu "$1" ;;
    *.c)
        # shellcheck disable=SC2086
        ${CC:-cc} -std=gnu11 -Wall -Wextra -Werror ${CFLAGS:-} -I"$MUNI_TOP/libmunicipal/include" -I"$include" "$1" -o "$1.run" \
            -L"$lib" -lmunicipal -lpthread && "$1.run"
        ;;
    *.python) "$MUNI_PYTHON" "$1" ;;
    *.php) "$MUNI_PHP" -n -d "extension=$MUNI_BUILD/bindings/php/.libs/municipal.so" "$1" ;;
    esac
}

wrong() { # block or link, what
    failed=$((failed + 1))
    echo "guide: $name, $(basename "$1"): $2"
}

# What a heading is called in a link.
anchors() { # guide
    sed -n '/^```/,/^```/d; s/^##* //p' "$1" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9-]//g'
}

for guide in "$MUNI_TOP"/docs/guide/*.md; do
    name=$(basename "$guide" .md)
    case " ${GUIDES:-$name} " in *" $name "*) ;; *) continue ;; esac
    blocks=$tmp/$name
    work=$tmp/$name/work
    tree=$tmp/$name/tree
    changed=
    mkdir "$blocks" "$work"
    use "$MUNI_BUILD/libmunicipal/.libs" "$MUNI_BUILD/libmunicipal/include" "$MUNI_BUILD/examples/cli"
    # NN.<language> for each block, NN.<language>.name for what stands behind the language, NN.text for the output shown behind it
    awk -v to="$blocks/" '
        /^```/ && !open {
            open = 1
            language = substr($1, 4)
            file = ""
            if (language == "text")
                file = to sprintf("%02d.text", n)
            else if (language) {
                file = to sprintf("%02d.%s", ++n, language)
                if ($2) { print $2 > (file ".name"); close(file ".name") }
            }
            if (file) printf "" > file # a block of text without a line: nothing is printed
            next
        }
        /^```/ { open = 0; if (file) close(file); file = ""; next }
        file { print > file }' "$guide"
    for link in $(grep -o '](\([a-z-]*[.]md\)\{0,1\}\(#[a-z-]*\)\{0,1\})' "$guide" | tr -d '()]'); do
        file=$MUNI_TOP/docs/guide/${link%%#*}
        [ -n "${link%%#*}" ] || file=$guide
        if [ ! -f "$file" ]; then
            wrong "$link" "leads nowhere"
        elif [ "${link#*#}" != "$link" ] && ! anchors "$file" | grep -qxF -e "${link#*#}"; then
            wrong "$link" "there is no such heading"
        fi
    done
    shared=$(find "$blocks" -name '[0-9][0-9].sh')
    for block in "$blocks"/[0-9][0-9].*; do
        case $block in
        *.text | *.name) continue ;;
        *.python) [ -n "${MUNI_PYTHON:-}" ] || { left=$((left + 1)) && continue; } ;;
        *.php) [ -n "${MUNI_PHP:-}" ] || { left=$((left + 1)) && continue; } ;;
        *.sh | *.c) ;;
        *.def | *.diff)
            if [ -z "$changed" ]; then
                mkdir -p "$tree/examples" && cp -R "$MUNI_TOP/libmunicipal" "$tree" && cp -R "$MUNI_TOP/examples/cli" "$tree/examples" && chmod -R u+w "$tree"
            fi
            changed=1
            ;;
        *)
            [ ! -f "$block.name" ] || cp "$block" "$work/$(cat "$block.name")"
            continue
            ;;
        esac
        case $block in
        *.sh | *.c | *.python | *.php)
            [ -n "$shared" ] || { rm -rf "$work" && mkdir "$work"; }
            if [ "$changed" = 1 ]; then
                changed=built
                build_tree >"$tmp/out" 2>&1 || { wrong "$block" "the changed library does not build" && tail -n 20 "$tmp/out" && break; }
                use "$tree/bin" "$tree/include" "$tree/bin"
            fi
            ;;
        esac
        (cd "$work" && run_block "$block") >"$tmp/out" 2>&1 </dev/null
        code=$?
        shown=${block%.*}.text
        if [ $code = 0 ] && { [ ! -f "$shown" ] || diff "$shown" "$tmp/out" >"$tmp/diff"; }; then
            passed=$((passed + 1))
        else
            wrong "$block" "exit $code"
            cat "$tmp/out"
            [ ! -f "$shown" ] || { echo "differs from what is shown:" && diff "$shown" "$tmp/out"; }
        fi
    done
done
[ $left = 0 ] || echo "guide: $left blocks left out: their binding is not built"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
