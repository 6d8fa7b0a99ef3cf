#!/bin/sh
# The command: every verb once, what it says in both languages and three formats, what it refuses, how it ends. Counts its own checks.
set -u
LC_ALL=C.UTF-8
export LC_ALL
unset LC_MESSAGES LANG
top=$(pwd)
src=$(cd "${srcdir:-.}" && pwd)
command=$top/examples/cli/municipal
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
passed=0
failed=0

good() {
    passed=$((passed + 1))
}
bad() { # what
    failed=$((failed + 1))
    echo "cli: $1"
    sed 's/^/    out: /' out | head -n 20
    sed 's/^/    err: /' err | head -n 20
}
# run EXIT arguments…: output in out, complaints in err.
run() {
    want=$1
    shift
    "$command" "$@" >out 2>err </dev/null
    code=$?
    if [ $code = "$want" ]; then good; else bad "municipal $*: exit $code, not $want"; fi
    if [ "$want" != 0 ] && [ ! -s err ] ; then bad "municipal $*: exit $code without a word"; fi
}
says() { # a fixed text that stands in out
    if grep -qF -- "$1" out; then good; else bad "$run_of does not say: $1"; fi
}
complains() { # a fixed text that stands in err
    if grep -qF -- "$1" err; then good; else bad "does not complain: $1"; fi
}
lines() { # how many lines out has
    if [ "$(wc -l <out)" -eq "$1" ]; then good; else bad "has $(wc -l <out) lines, not $1"; fi
}
run_of=municipal

# ---- usage
run 2
complains "which verb?"
run 2 frobnicate
complains '"frobnicate"'
run 2 --frobnicate
run 2 list
complains "municipal list KIND"
run 2 staff
run 2 audit frobnicate
run 2 calendar holidays 2027
run 2 calendar holidays 2027 2027 2027
run 2 --db
run 2 list ticket --db
run 2 list ticket --all=1 --db x
run 2 --format yaml list ticket
run 2 --lang fr list ticket
run 2 --db a --db b list ticket
run 2 list ticket
complains "--db"
run 2 whoami --where '{}' --db a
complains "whoami knows no --where"
run 2 list "$(printf 'tick\377et')" --db s.db
complains "UTF-8"
run 2 --as "$(printf '\355\240\200')" --db s.db whoami
run 2 -x
run 2 --lang ja
complains "動詞を指定してください"
for word in init check "db info" "db upgrade" "db copy" "db digest" "db reindex" "db statistics" "db vacuum" info whoami describe list search show create update do transitions comment trash restore history define import export "staff plan" "staff show" "staff approve" "staff apply" "report list" "report run" "audit verify" \
    "calendar holidays" "calendar add-open-days" "calendar wareki" "calendar parse"; do
    # shellcheck disable=SC2086
    run 0 $word --help
    says "Usage: municipal $word"
    # shellcheck disable=SC2086
    run 0 --lang ja $word --help
    says "使い方: municipal $word"
done
run 0 --help
says "add-open-days"
run 0 --lang=ja -h
says "保存先を新しく作る"
run 0 --version
says "municipal "
LANG=ja_JP.UTF-8 LC_ALL='' "$command" --help >out 2>err
says "使い方"
LANG=ja_JP.UTF-8 LC_ALL=C "$command" --help >out 2>err
says "Usage"

# ---- stores
run 4 --db none.db whoami
complains "ENOTFOUND"
complains "remedy:"
: >empty.db
run 4 --db empty.db whoami
head -c 5000 /dev/zero | tr '\0' x >junk.db
run 4 --db junk.db whoami --lang ja
complains "ENOTSTORE"
run 2 init
run 2 init s.db --now yesterday
run 1 init s.db --now 2023-04-03T09:00:00+09:00
complains "test store"
[ ! -e s.db ] && good || bad "a refused init leaves a file"
run 0 init s.db --test --now 2023-04-03T09:00:00+09:00 --lang ja
says "試験用"
run 1 init s.db --test
complains "EUNIQUE"
run 0 --db other.db init --admin boss --admin-name 課長 --format json
says '"test":false'
run 2 --db a.db init b.db
run 1 --db s.db --as nobody whoami
complains "EAUTH"
complains "--as"
run 0 --db s.db whoami
says "$(id -un)"
run 0 whoami --format=csv --db=s.db
lines 2
run 0 --db other.db --as boss whoami --format json
says '"name":"課長"'
run 1 --db other.db --as boss --now 2023-04-03T09:00:00+09:00 whoami
complains "ESTATE"
run 0 info --db s.db --format csv
says "history_rows"
run 0 describe
says "ticket"
run 0 describe ticket --lang ja
says "件名"
run 0 describe ticket --format json
says '"name":"subject"'
run 1 describe tickett
complains "ENOTFOUND"

# ---- records
cat >m <<END
#!/bin/sh
exec "$command" --db s.db --now 2023-04-03T09:00:00+09:00 "\$@"
END
chmod +x m
command=$tmp/m
run 0 create ticket type=incident subject=プリンターで印刷できない category=print_room impact=high urgency=low
says "INC-2023-00001"
run 0 --format json create ticket --json '{"type":"inquiry","subject":"VPN-01の\"接続\"","category":"network","body":"1行目\n2行目, 続き"}'
says '"number":"INQ-2023-00001"'
printf '%s' '{"type":"incident","subject":"=1+1","category":"other"}' >record.json
"$command" create ticket --json - <record.json >out 2>err && good || bad "create --json -"
says "INC-2023-00002"
run 2 create ticket type=incident --json '{}'
run 2 create ticket subject
run 2 create ticket =x
run 1 create ticket --json '{"a":1,"a":2}'
complains "EFORMAT"
run 1 create ticket --json -
complains "EFORMAT"
run 1 create ticket type=incident category=other
complains "EREQUIRED"
complains "field subject"
run 1 create ticket type=incident category=other subjec=x --lang ja
complains "EFIELD"
complains "項目 subjec"
complains "対処:"
run 1 create ticket type=incident category=nothing subject=x
run 1 create nonsense a=b
run 0 list ticket
lines 5
run 0 list ticket --lang ja
says "件名"
# full-width characters take two columns: the last column begins at the same place in each line
python_width='import sys, unicodedata
w = lambda s: sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in s)
at = [w(l[: l.rindex("2023-04-03")]) for l in sys.stdin if "2023-04-03" in l]
sys.exit(len(set(at)) != 1 or len(at) != 3)'
if [ -n "${PYTHON3:-}" ]; then
    if "$PYTHON3" -c "$python_width" <out; then good; else bad "a table with Japanese is not aligned"; fi
fi
run 0 list ticket --format csv --fields number,subject,body --order number
lines 5
says 'INQ-2023-00001,"VPN-01の""接続""","1行目'
[ "$(head -n 1 out)" = "$(printf 'number,subject,body\r')" ] && good || bad "the header of a CSV"
run 0 list ticket --format json --limit 2
lines 2
if [ -n "${PYTHON3:-}" ]; then
    if "$PYTHON3" -c 'import json, sys; sys.exit(len(json.load(sys.stdin)) != 2)' <out; then good; else bad "a list is not JSON"; fi
fi
run 0 list ticket --where '{"field":"type","op":"eq","value":"incident"}' --count
says 2
run 2 list ticket --where '{"field":'
run 1 list ticket --where '{"field":"subjec","op":"eq","value":"x"}'
complains "EFIELD"
run 2 list ticket --limit none
run 2 list ticket --limit 0
run 2 list ticket --limit 2 --all
run 1 list tickets
run 1 list ticket --order nothing
run 0 search ticket ﾌﾟﾘﾝﾀｰ --format csv
says "INC-2023-00001"
run 0 search ticket 印刷 --count
says 1
run 0 search ticket VPN-01 --count --format json
says '{"count":1}'
run 2 search ticket '' ''
complains "which words?"
run 1 search ticket '*'
complains "EFORMAT"
run 0 show ticket INC-2023-00001
says "プリンター"
run 0 show ticket inc-2023-00001 --fields number,subject --format json
[ "$(cat out)" = '{"number":"INC-2023-00001","subject":"プリンターで印刷できない"}' ] && good || bad "show --fields as JSON"
run 1 show ticket INC-2023-99999
complains "ENOTFOUND"
run 1 show ticket 999999
run 1 show ticket -
run 1 show ticket 99999999999999999999999999
run 0 update ticket INC-2023-00001 urgency=high
says "priority"
run 1 update ticket INC-2023-00001 urgency=low --rev 1
complains "ESTALE"
run 2 update ticket INC-2023-00001
run 2 update ticket INC-2023-00001 urgency=low --rev x
run 0 update ticket INC-2023-00001 urgency=
run 0 transitions ticket INC-2023-00001
says "assign"
run 1 do ticket INC-2023-00001 resolve --lang ja
complains "ESTATE"
run 3 do ticket INC-2023-00001 assign
complains "EGUARD"
run 0 do ticket INC-2023-00001 assign "assignee=$(id -un)"
says "assigned"
run 0 comment ticket INC-2023-00001 トナーを確認しました
run 0 search ticket トナー --count
says 1
printf '2行の\nコメント' | "$command" comment ticket INC-2023-00001 - >out 2>err && good || bad "comment -"
run 0 history ticket INC-2023-00001 --lang ja
says "割当済み"
run 0 history ticket INC-2023-00001 --format json
says '"action":"create"'
run 0 trash ticket INC-2023-00002
run 0 list ticket --count
says 2
run 0 list ticket --trash only --format csv --fields id
id=$(sed -n 's/\r$//; 2p' out)
run 0 restore ticket "$id"
run 0 list ticket --count
says 3
run 0 create principal login=reader name=閲覧者
run 1 --as reader list ticket
complains "EDENIED"

# ---- hostile texts: nothing of them moves the terminal
run 0 create ticket type=inquiry category=other "subject=$(printf 'a\342\200\256b')"
run 0 list ticket
if grep -q "$(printf '\342\200\256')" out; then bad "a table prints a control character"; else good; fi
run 0 list ticket --format csv
huge=$(head -c 120000 /dev/zero | tr '\0' x)
run 1 create ticket type=inquiry category=other "subject=$huge"
complains "ELIMIT"
[ "$(wc -c <err)" -lt 2000 ] && good || bad "a huge value is echoed"
run 2 "$huge"
[ "$(wc -c <err)" -lt 2000 ] && good || bad "a huge verb is echoed"
run 2 create ticket "$huge=x"
run 2 "--$huge"
run 1 show ticket "$huge"
run 1 list ticket --words "$huge"
run 0 search ticket '"' VPN-01 --count
run 0 search ticket "$(printf '\001\033[31m')"

# ---- reports
run 0 report list --lang ja
says "ヘルプデスク月別件数"
run 0 report run helpdesk-monthly fiscal_year=2023 --lang ja
says "印刷室関連"
says "合計"
[ "$(sed -n '/^印刷室関連/s/  */ /gp' out)" = "印刷室関連 1 0 0 0 0 0 0 0 0 0 0 0 1" ] && good || bad "a row of a report"
run 0 report run helpdesk-monthly fiscal_year=2023 --format csv --lang ja
says "印刷室関連,1,0"
run 0 report run helpdesk-monthly fiscal_year=2023 --format json
says '"name":"helpdesk-monthly"'
run 0 report run helpdesk-monthly fiscal_year=2023 --format html --output report.html
grep -q '<table' report.html && good || bad "no table in the page"
run 0 report run helpdesk-monthly fiscal_year=2023 --row 5 --column 1
says "INC-2023-00001"
run 2 report run helpdesk-monthly fiscal_year=2023 --row 99 --column 1
run 2 report run helpdesk-monthly fiscal_year=2023 --row 1
run 2 report run helpdesk-monthly fiscal_year=2023 --output x.html
run 2 report run helpdesk-monthly 2023
run 1 report run helpdesk-monthly
complains "EREQUIRED"
run 1 report run helpdesk-monthly fiscal_year=soon
complains "ETYPE"
run 1 report run nothing
complains "ENOTFOUND"
run 1 report run helpdesk-monthly fiscal_year=2023 --format csv --output no/such/directory/x.csv

# ---- files
printf '\357\273\277元番号,種別,分類,件名,受付日時\r\nA-1,incident,サポート,"2行の\r\n件名",2023-05-01T00:00:00+09:00\r\nA-2,incident,なし,件名,2023-05-01T00:00:00+09:00\r\n' >bad.csv
printf '\357\273\277元番号,種別,分類,件名,受付日時\r\nA-1,incident,サポート,=1+1,2023-05-01T00:00:00+09:00\r\nA-2,incident,NW関連,遅い,2023-05-31T23:59:59+09:00\r\n' >good.csv
run 1 import ticket bad.csv --lang ja
says "分類"
run 1 import ticket bad.csv --format json
says '"created":0'
run 1 import ticket bad.csv --format csv
says "line,column,code"
run 0 import ticket good.csv
says "2 created"
run 0 import ticket good.csv
says "0 created"
complains "imported before"
run 0 list ticket --count --where '{"field":"source_no","op":"begins","value":"A-"}'
says 2
run 1 import ticket nothing.csv
run 1 import ticket junk.db
run 2 import ticket good.csv --columns '{'
run 1 import ticket good.csv --charset ebcdic
run 0 export ticket out.csv --where '{"field":"source_no","op":"begins","value":"A-"}' --fields number,subject --order number
grep -q "'=1+1" out.csv && good || bad "an exported formula is not disarmed"
[ "$(head -c 3 out.csv | od -An -tx1 | tr -d ' ')" = efbbbf ] && good || bad "an exported CSV has no BOM"
run 0 export ticket out.json --format json --limit 2
[ "$(wc -l <out.json)" = 2 ] && good || bad "an exported JSON has not a record a line"
run 0 export ticket plain.csv --charset utf-8 --header name --formulas keep --words 遅い --fields subject
[ "$(tr -d '\r' <plain.csv)" = "$(printf 'subject\n遅い')" ] && good || bad "export with options"
run 1 export ticket no/such/directory/out.csv
run 1 --as reader import ticket good.csv

# ---- staff
if [ -f "$src/tests/data/staff/staff_before_cp932.csv" ]; then good; else bad "the personnel files are missing"; fi
units=$src/tests/data/staff/org_before_cp932.csv
people=$src/tests/data/staff/staff_before_cp932.csv
for who in operator approver; do
    run 0 create principal "login=$who" "name=$who"
    run 0 create member "group=$who" "principal=$who"
done
run 2 --as operator staff plan
run 2 --as operator staff plan --on 2027-03-31
run 1 --as operator staff plan --on soon --people "$people"
run 1 --as operator staff plan --on 2027-03-31 --people nothing.csv
run 1 --as operator staff plan --on 2027-03-31 --people "$people" --profile nothing
run 0 --as operator --format json staff plan --profile hr-export --on 2027-03-31 --units "$units" --people "$people"
says '"findings":['
lines 1
plan=$(sed -n 's/^{"plan":\([0-9]*\),.*/\1/p' out)
if [ -n "${PYTHON3:-}" ]; then
    if "$PYTHON3" -c 'import json, sys
plan = json.load(sys.stdin)
want = ["read", "create", "change", "unchanged", "leave", "return", "propose", "mended", "warned", "rejected"]
keys = ["file", "record", "line", "column", "code", "severity", "message"]
sys.exit(not (sorted(plan["counts"]) == sorted(want) and plan["findings"] and all(sorted(f) == sorted(keys) for f in plan["findings"])))' <out; then
        good
    else
        bad "the JSON of a plan"
    fi
fi
run 0 --as operator --lang ja staff show "$plan"
says "読取り"
says "補正"
run 0 --as operator --format csv staff show "$plan"
says "file,record,line,column,code,severity,message"
run 0 --as operator --format csv staff show "$plan" --rows
says "create,person,"
run 3 --as operator staff apply "$plan"
complains "EAPPROVAL"
run 1 --as operator staff approve "$plan"
complains "EDENIED"
run 2 --as approver staff approve plan
run 1 --as approver staff approve 999999
run 0 --as approver staff approve "$plan" --note 確認した
run 0 --as operator staff apply "$plan"
run 1 --as operator staff apply "$plan"
complains "ESTATE"
run 0 --as operator list person --count
says 1988
run 0 --as operator --format json staff plan --on 2027-03-31 --units "$units" --people "$people"
says '"create":0'
# a file shrunk to a tenth makes a plan, which a limit stops
head -n 200 "$people" >tenth.csv
run 0 --as operator --format json staff plan --on 2027-03-31 --people tenth.csv
says '"stops":true'
plan=$(sed -n 's/^{"plan":\([0-9]*\),.*/\1/p' out)
run 3 --as approver staff approve "$plan" --lang ja
complains "EGUARD"

# ---- definitions, evidence
printf '%s' '{"pattern":"I-{FY}-{SEQ:3}","reset":"fiscal_year"}' >numbering.json
run 0 define numbering ticket-incident numbering.json --title 番号 --activate --format json
says '"state":"active"'
run 1 define numbering ticket-incident nothing.json
printf '{' >broken.json
run 1 define numbering ticket-incident broken.json
run 0 check
says "whole         yes"
run 0 check --format json
says '"whole":true'
run 0 check --format csv
lines 1
run 1 check --as operator
complains "EDENIED"

# ---- upkeep: what is planted is named, repaired, and gone; a store of the first tables is brought up to date
run 0 db info --lang ja
says "history_sealed"
run 0 db statistics --format json
says '"queued":'
run 0 db reindex
says "documents"
run 0 db digest --format json
digest=$(sed 's/^{"digest":"\([0-9a-f]*\)".*/\1/;q' out)
run 2 db copy s.db
run 2 db copy other.db copied.db
complains "db copy"
run 0 db copy s.db copied.db --format json
says "\"digest\":\"$digest\""
says '"resumed":false'
run 0 db copy s.db copied.db --format json
says '"resumed":true'
run 1 db copy s.db good.csv
complains "EUNIQUE"
run 1 db copy s.db copy2.db --as operator
complains "EDENIED"
[ ! -e copy2.db ] && good || bad "a refused copy leaves a file"
main=$command
command=$top/examples/cli/municipal
run 0 db digest --db copied.db --format json
says "\"digest\":\"$digest\""
run 0 check --db copied.db
command=$main
run 0 db vacuum
says "bytes_before"
run 0 db info --format json
says '"work":"reindex"'
cat "$src/tests/data/stores/v1.db" >old.db # not its permissions: a tarball is read-only
main=$command
command=$top/examples/cli/municipal
run 4 --db old.db --as admin list ticket
complains "EUPGRADE"
complains "db upgrade"
run 0 --db old.db db upgrade
says "upgrade"
run 0 --db old.db --as admin check
says "whole         yes"
run 0 --db old.db --as admin list ticket --count
says 37
command=$main
run 0 audit verify
says "verified ("
run 0 audit verify --lang ja
says "検証しました"
run 0 audit verify --format json
says '"verified":true'

# ---- what somebody with a database shell does to the history is named
sql() { # file, statements
    if command -v sqlite3 >/dev/null; then
        sqlite3 "$1" "$2"
    else
        "$PYTHON3" -c 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit()' "$1" "$2"
    fi
}
tamper() { # what is found, statements
    cp s.db t.db
    if sql t.db "$2"; then good; else bad "cannot: $2"; fi
    "$top/examples/cli/municipal" --db t.db audit verify >out 2>err
    code=$?
    if [ $code = 1 ] && grep -q '^NOT verified' out && grep -q "^$1 " out; then good; else bad "exit $code, not noticed: $2"; fi
}
repaired() { # what is found and repaired, statements
    cp s.db t.db
    if sql t.db "$2"; then good; else bad "cannot: $2"; fi
    for option in "" --repair; do
        # shellcheck disable=SC2086
        "$top/examples/cli/municipal" --db t.db check --format csv $option >out 2>err
        code=$?
        if [ "$option" ]; then want=0 how=done; else want=1 how=possible; fi
        if [ $code = $want ] && grep -q "^$1,.*,$how," out; then good; else bad "exit $code, not $how: $2"; fi
    done
    if "$top/examples/cli/municipal" --db t.db check >out 2>err; then good; else bad "not whole after repair: $2"; fi
}
if command -v sqlite3 >/dev/null || { [ -n "${PYTHON3:-}" ] && "$PYTHON3" -c 'import sqlite3' 2>/dev/null; }; then
    last="(select max(id) from m_history)"
    repaired DOCUMENT_MISSING "delete from m_doc where doc = (select max(id) from k_ticket)"
    repaired NUMBER_BEHIND "update m_seq set value = 1 where name = 'id'"
    repaired KEY_ALTERED "update k_person set staff_no_key = null where id = (select max(id) from k_person)"
    tamper RECORD_ALTERED "update k_ticket set subject = 'x' where number = 'INC-2023-00001'"
    tamper VALUES_ALTERED "update m_history set ord = '{}' where id = $last / 2"
    tamper ROW_ALTERED "update m_history set actor = actor + 1 where id = $last / 2"
    tamper ROW_ALTERED "update m_history set at = at + 1 where id = $last / 2"
    tamper BLOCK_BROKEN "delete from m_history where id = $last / 2"
    tamper BLOCK_BROKEN "delete from m_history where id = $last"
    tamper BLOCK_BROKEN "delete from m_history where id > $last - 10"
    tamper BLOCK_BROKEN "update m_history set id = -1 where id = 100; update m_history set id = 100 where id = 101; update m_history set id = 101 where id = -1"
    tamper ROW_ALTERED "insert into m_history select id + 1, kind, rec, rev + 1, action, actor, app, reason, at, flags, prev, ord_digest, per_digest, hash,
        ord, ord_salt, per, per_salt from m_history where id = $last"
elif [ "${CI:-}" = true ]; then
    bad "no sqlite3 to alter the history with"
else
    echo "cli: no sqlite3: not checked that an altered history is noticed"
fi

# ---- a bar where stderr is a terminal, and only there
if [ -n "${PYTHON3:-}" ]; then
    cat >terminal.py <<'PY'
import os, subprocess, sys
ours, theirs = os.openpty()
code = subprocess.run(sys.argv[1:], stderr=theirs, stdout=subprocess.DEVNULL).returncode
os.close(theirs)
seen = b""
try:
    while more := os.read(ours, 65536):
        seen += more
except OSError:  # the end of a terminal
    pass
print(seen)
sys.exit(code or not (seen.startswith(b"\r\x1b[K") and seen.endswith(b"\r\x1b[K")))
PY
    if "$PYTHON3" terminal.py "$command" --as operator export person people.csv >out 2>err; then good; else bad "no bar on a terminal"; fi
fi
run 0 --as operator export person people.csv
[ ! -s err ] && good || bad "a bar though stderr is no terminal"

# ---- calendar: needs no store
command=$top/examples/cli/municipal
run 0 calendar holidays 2027 2027 --format csv
lines 18
[ "$(head -n 2 out | tr '\r\n' ' ;')" = "date,name ;2027-01-01,元日 ;" ] && good || bad "the first lines of the holidays"
run 0 calendar holidays 2027-01-01 2027-01-31
[ "$(cat out)" = "$(printf 'date,name\n2027-01-01,元日\n2027-01-11,成人の日')" ] && good || bad "holidays by line"
run 0 calendar holidays 2027 2027 --format table --lang ja
says 名称
run 0 calendar holidays 1955 2027
sed 1d out | cut -d , -f 1 | sort >ours
sed 1d "$src/tests/data/calendar/syukujitsu_cao_1955_2027_cp932.csv" | tr -d '\r' | cut -d , -f 1 |
    awk -F/ 'NF == 3 { printf "%04d-%02d-%02d\n", $1, $2, $3 }' | sort >theirs
[ -s theirs ] && cmp -s ours theirs && good || bad "holidays 1955 to 2027 are not those of the Cabinet Office"
run 1 calendar holidays 2051 2052
complains "EINVAL"
run 0 calendar add-open-days 2027-01-04 -3
says 2026-12-24
run 0 calendar add-open-days 2027-01-04 0
says 2027-01-04
run 1 calendar add-open-days 2027-01-01 0
run 2 calendar add-open-days 2027-01-01 many
run 2 calendar add-open-days 2027-01-01 99999999999
run 0 calendar wareki 2019-05-01
says 令和元年5月1日
run 0 calendar wareki 2019-05-01 short --format json
says '{"wareki":"R1.5.1"}'
run 0 calendar parse R9.3.31
says 2027-03-31
run 0 calendar parse 平成31年5月1日 --lang ja
complains "注意"
run 1 calendar parse 13月
if "$command" calendar holidays 1955 2027 >/dev/full 2>err; then bad "a full disk is not noticed"; else good; fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
