#!/bin/sh
# The month in every language that is built: the same words and the same files; the first table is the print, cell by cell; the second differs from
# it where it was changed and nowhere else; what is found is what the file holds; no other program is started. Counts its own checks.
#
#   MUNI_TOP, MUNI_BUILD   source and build directory
#   MUNI_PYTHON, MUNI_PHP  interpreters, where those bindings are built
set -u
LC_ALL=C.UTF-8
export LC_ALL
data=$MUNI_TOP/tests/data
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
LD_LIBRARY_PATH=$MUNI_BUILD/libmunicipal/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
PYTHONPATH=$MUNI_BUILD/bindings/python
PYTHONDONTWRITEBYTECODE=1
export LD_LIBRARY_PATH PYTHONPATH PYTHONDONTWRITEBYTECODE

ok() { # what, command…
    ok_what=$1
    shift
    if "$@"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "month: $ok_what"
    fi
}

mkdir "$tmp/inputs"
cp "$data/staff/org_before_cp932.csv" "$data/staff/staff_before_cp932.csv" "$tmp/inputs" || exit 1
"$MUNI_BUILD/tests/tools/gen_incidents" "$data/figures/kat_helpdesk_incidents_r5.csv" "$data/staff/staff_before_cp932.csv" "$tmp/inputs/incidents.csv" || exit 1

traced=no
if command -v strace >/dev/null && strace -f -o "$tmp/trace" true 2>/dev/null; then
    traced=yes
elif [ "${CI:-}" = true ]; then
    ok "strace is missing, or may not trace" false
else
    echo "month: strace is missing, or may not trace: not checked that no other program is started"
fi

month() { # language, program…
    language=$1
    shift
    mkdir "$tmp/$language"
    if [ $traced = yes ]; then
        # the leak checker does not work on a traced program; the guides and the unit tests run with it
        ok "$language fails" strace -f -E ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" -e trace=execve,execveat -o "$tmp/trace" \
            "$@" "$tmp/inputs" "$tmp/$language" >"$tmp/$language.out"
        ok "$language starts another program" [ "$(grep -c 'execve' "$tmp/trace")" = 1 ]
    else
        ok "$language fails" "$@" "$tmp/inputs" "$tmp/$language" >"$tmp/$language.out"
    fi
    if [ "$language" != c ]; then
        ok "C and $language print differently" diff "$tmp/c.out" "$tmp/$language.out"
        for file in html csv json; do
            ok "C and $language write a different helpdesk-monthly.$file" cmp -s "$tmp/c/helpdesk-monthly.$file" "$tmp/$language/helpdesk-monthly.$file"
        done
    fi
}
program=$MUNI_BUILD/examples/c/.libs/municipal_month
[ -x "$program" ] || program=$MUNI_BUILD/examples/c/municipal_month
month c "$program"
[ -z "${MUNI_PYTHON:-}" ] || month python "$MUNI_PYTHON" "$MUNI_TOP/examples/python/municipal_month.py"
[ -z "${MUNI_PHP:-}" ] || month php "$MUNI_PHP" -n -d "extension=$MUNI_BUILD/bindings/php/.libs/municipal.so" "$MUNI_TOP/examples/php/municipal_month.php"

# ---- the tables: label, twelve months, total
table() { # number of its heading
    awk -v heading="$1. " 'index($0, heading) == 1 { on = 1; next }
        on && NF == 14 && $1 ~ /^[0-9]+$/ { row = $14; for (i = 1; i <= 13; i++) row = row "," $i; print row; if ($14 == "合計") exit }' "$tmp/c.out"
}
table 6 >"$tmp/first"
table 7 >"$tmp/second"
sed -n '2,9s/\r$//; 2,9p' "$data/figures/kat_helpdesk_incidents_r5.csv" | cut -d , -f 1-14 >"$tmp/print"
ok "the print has 8 rows" [ "$(wc -l <"$tmp/print")" = 8 ]
ok "the table is not the print" diff "$tmp/print" "$tmp/first"
# 4月 2, 5月 3, 10月 8, 合計 14
awk -F , 'BEGIN { OFS = "," }
    $1 == "印刷室関連" { $8--; $14-- }
    $1 == "消耗品" { $8++; $14++ }
    $1 == "サポート" { $2--; $14-- }
    $1 == "作業依頼" { $2++; $3-- }
    $1 == "合計" { $3--; $14-- }
    { print }' "$tmp/first" >"$tmp/expected"
ok "other cells changed than should" diff "$tmp/expected" "$tmp/second"
ok "the cell has other tickets than it counts" [ "$(grep -c '^   印刷室関連、11月: INC-2023-' "$tmp/c.out")" = "$(awk -F , '$1 == "印刷室関連" { print $9 }' "$tmp/second")" ]

# ---- the rest
ok "the history is not verified" [ "$(tail -n 1 "$tmp/c.out")" = "8. verified" ]
ok "no transition was refused" grep -q 'INC-2023-01278 resolve: .*できません' "$tmp/c.out"
ok "the ticket is not closed" grep -q 'INC-2023-01278 close: closed' "$tmp/c.out"
ok "10,460 tickets" grep -q '^3\. .* 10460件、誤り0件' "$tmp/c.out"
ok "findings name no line" grep -q '^   staff_before_cp932.csv:[0-9]* [^ ]* [A-Z_]* ' "$tmp/c.out"
ok "1,988 people" [ "$("$MUNI_BUILD/examples/cli/municipal" --db "$tmp/c/municipal.db" --as admin list person --count)" = 1988 ]
ok "the page is not accessible" grep -q '<th scope="row"' "$tmp/c/helpdesk-monthly.html"
ok "the CSV has no BOM" [ "$(head -c 3 "$tmp/c/helpdesk-monthly.csv" | od -An -tx1 | tr -d ' ')" = efbbbf ]
if [ -n "${PYTHON3:-}" ]; then
    cat >"$tmp/brute.py" <<'PY'
import csv, sys, unicodedata
fold = lambda s: unicodedata.normalize("NFKC", s).lower()
rows = [fold(r["件名"] + "\n" + r["内容"]) for r in csv.DictReader(open(sys.argv[1], encoding="utf-8-sig"))]
for words in ("印刷", "ﾊﾟｽﾜｰﾄﾞ", "異動"):
    print(f"5. 検索 {words}: {sum(fold(words) in row for row in rows)}件")
PY
    "$PYTHON3" "$tmp/brute.py" "$tmp/inputs/incidents.csv" >"$tmp/brute"
    grep '^5\. ' "$tmp/c.out" >"$tmp/found"
    ok "searches find other counts than the file holds" diff "$tmp/brute" "$tmp/found"
    ok "the JSON is none" "$PYTHON3" -c 'import json, sys; json.load(open(sys.argv[1]))' "$tmp/c/helpdesk-monthly.json"
fi

echo "month: C${MUNI_PYTHON:+, Python}${MUNI_PHP:+, PHP}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
