#!/bin/sh
# Completion offers every verb and option that the command explains, and what belongs behind them; bash and zsh take it so. The manual page names
# every verb and option too. Counts its own checks.
set -u
LC_ALL=C.UTF-8
export LC_ALL
unset LC_MESSAGES LANG
top=$(pwd)
src=$(cd "${srcdir:-.}" && pwd)
script=$src/examples/cli/completion.bash
page=$src/docs/municipal.1
PATH=$top/examples/cli:$PATH
if [ -x "$top/examples/cli/.libs/municipal" ]; then # without libtool's wrapper, which takes its time
    PATH=$top/examples/cli/.libs:$PATH
    LD_LIBRARY_PATH=$top/libmunicipal/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    export LD_LIBRARY_PATH
fi
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
good() {
    passed=$((passed + 1))
}
bad() { # what
    failed=$((failed + 1))
    echo "completion: $1"
}

# ---- what the command explains: a verb a line, a verb and --option a line
municipal --help >"$tmp/help" || exit 1
sed -n '/^Options/q; s/^  \([a-z].\{23\}\)  .*/\1/p' "$tmp/help" | sed 's/ *$//' >"$tmp/verbs"
while read -r verb; do
    # shellcheck disable=SC2086
    municipal $verb --help | sed -n "s/^  \\(--[a-z-]*\\) .*/$verb \\1/p"
done <"$tmp/verbs" >"$tmp/options"
if [ "$(wc -l <"$tmp/verbs")" -ge 30 ] && [ "$(wc -l <"$tmp/options")" -ge 300 ]; then
    good
else
    bad "the command explains only $(wc -l <"$tmp/verbs") verbs, $(wc -l <"$tmp/options") options"
fi

# ---- the manual page
plain() { # from, to: what stands in bold there, as plain text
    sed -n "/^\.SH $1/,/^\.SH $2/p" "$page" | sed -n 's/^\.B[IR]* *"\{0,1\}//p' | sed 's/\\-/-/g; s/\\f[A-Z]//g; s/"//g'
}
plain VERBS OPTIONS >"$tmp/page-verbs"
plain OPTIONS COMPLETION >"$tmp/page-options"
while read -r verb; do
    if grep -q "^$verb\( \|$\)" "$tmp/page-verbs"; then good; else bad "the manual page does not explain: $verb"; fi
done <"$tmp/verbs"
sed 's/.* //' "$tmp/options" | sort -u >"$tmp/names"
sed 's/[ ,].*//' "$tmp/page-options" | grep -e '^--' | sort -u >"$tmp/page-names"
comm -23 "$tmp/names" "$tmp/page-names" >"$tmp/unexplained"
comm -13 "$tmp/names" "$tmp/page-names" >"$tmp/invented"
if [ ! -s "$tmp/unexplained" ]; then good; else bad "the manual page does not explain: $(tr '\n' ' ' <"$tmp/unexplained")"; fi
if [ ! -s "$tmp/invented" ]; then good; else bad "the manual page explains what is no option: $(tr '\n' ' ' <"$tmp/invented")"; fi
if command -v groff >/dev/null; then
    if groff -man -Tutf8 -ww -z "$page" >"$tmp/out" 2>&1 && [ ! -s "$tmp/out" ]; then good; else bad "the manual page: $(cat "$tmp/out")"; fi
fi

# ---- what is offered
if ! command -v bash >/dev/null; then
    echo "completion: no bash"
    [ "$failed" = 0 ] && exit 77
    exit 1
fi
cat >"$tmp/offer" <<'END'
# What is offered for each line that it reads: the line, a tab, the candidates between [ and ]. The words are parted as readline does.
. "$1"
while IFS= read -r line; do
    spread=$(printf '%s' "$line" | sed 's/[=:][=:]*/ & /g')
    read -r -a COMP_WORDS <<<"$spread"
    [[ $line == *' ' ]] && COMP_WORDS+=('')
    COMP_LINE=$line COMP_POINT=${#line} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    _municipal
    printf '%s\t' "$line"
    printf '[%s]' "${COMPREPLY[@]}"
    echo
done
END
{
    echo "municipal "
    sed -n 's/\([a-z]*\) .*/municipal \1 /p' "$tmp/verbs" | sort -u
    sed 's/.*/municipal & --/' "$tmp/verbs"
} | bash "$tmp/offer" "$script" >"$tmp/offered" 2>"$tmp/err"
if [ ! -s "$tmp/err" ]; then good; else bad "completing complains: $(cat "$tmp/err")"; fi
{
    sed 's/\([a-z-]*\).*/municipal \t\1 /' "$tmp/verbs"
    sed -n 's/\([a-z-]*\) \(.*\)/municipal \1 \t\2 /p' "$tmp/verbs"
    sed 's/\(.*\) \(--.*\)/municipal \1 --\t\2 /' "$tmp/options"
} | sort -u >"$tmp/wanted"
tr ']' '\n' <"$tmp/offered" | awk -F '\t' 'NF == 2 { line = $1; $0 = $2 } NF { print line "\t" substr($0, 2) }' | sort -u >"$tmp/given"
comm -23 "$tmp/wanted" "$tmp/given" >"$tmp/missing"
passed=$((passed + $(comm -12 "$tmp/wanted" "$tmp/given" | wc -l)))
while IFS= read -r line; do
    bad "not offered: $line"
done <"$tmp/missing"

# line, then everything that is offered for it
mkdir "$tmp/files" "$tmp/files/sub" && : >"$tmp/files/a b.csv"
sed "s|FILES|$tmp/files|g" >"$tmp/want" <<'END'
municipal aud	[audit ]
municipal --db	[--db ]
municipal --lang 	[ja ][en ]
municipal --lang=e	[en ]
municipal list tic	[ticket ]
municipal --db x --as y list tic	[ticket ]
municipal list --fields id,sub	[]
municipal list ticket --fields id,sub	[id,subject]
municipal list ticket --order=-rep	[-reporter][-reported_at]
municipal list ticket --order -id,-sub	[-id,-subject]
municipal list ticket --trash 	[without ][only ][with ]
municipal list ticket --limit 	[]
municipal list ticket 	[]
municipal report run x --format h	[html ]
municipal create ticket ur	[urgency=]
municipal create ticket prio	[]
municipal create ticket urgency=	[high ][middle ][low ]
municipal create ticket type=incident impact=hi	[high ]
municipal create ticket subject= ty	[type=]
municipal create ticket type=	[inquiry ][incident ]
municipal create grant scope=	[own ][unit ][below ][all ]
municipal create ticket subject=	[]
municipal create nothing x	[]
municipal update ticket 5 --rev 3 assi	[assignee=]
municipal do ticket 5 ass	[]
municipal do ticket 5 assign assi	[assignee=]
municipal --now 2027-04-01T09:00:00+09:00 show per	[person ]
municipal define num	[numbering ]
municipal calendar wareki 2027-04-01 	[long ][short ][table ][era_year ]
municipal staff pl	[plan ]
municipal staff plan --units FILES/a	[FILES/a\ b.csv ]
municipal --db=FILES/s	[FILES/sub/]
municipal import ticket FILES/a	[FILES/a\ b.csv ]
municipal import FILES/a	[]
municipal frobnicate 	[]
END
sed 's/	.*//' "$tmp/want" | bash "$tmp/offer" "$script" >"$tmp/got" 2>&1
while IFS= read -r line; do
    if grep -qxF -e "$line" "$tmp/got"; then
        good
    else
        bad "not what belongs there: $(grep -F -e "${line%%	*}	" "$tmp/got")"
    fi
done <"$tmp/want"

# ---- in a shell at a terminal: what is typed (> is the tab key), and the words that it becomes
sed "s|FILES|$tmp/files|g" >"$tmp/typed" <<'END'
municipal descr>ti>	municipal|describe|ticket|
municipal create tick>urg>hi>sub>x	municipal|create|ticket|urgency=high|subject=x|
municipal --format=cs>list ticket --fie>id,subj>	municipal|--format=csv|list|ticket|--fields|id,subject|
municipal --db FILES/su>	municipal|--db|FILES/sub/|
municipal import ticket FILES/a>	municipal|import|ticket|FILES/a b.csv|
END
cat >"$tmp/type.py" <<'END'
import os, pty, select, subprocess, sys, time

start, typed, shell = sys.argv[1], sys.argv[2], sys.argv[3:]


def seen_until(mark):
    seen, end = b"", time.monotonic() + 60
    while mark not in seen and select.select([ours], [], [], max(0, end - time.monotonic()))[0]:
        seen += os.read(ours, 65536)
    return seen


ours, theirs = pty.openpty()
environment = {**os.environ, "TERM": "dumb", "INPUTRC": "/dev/null"}
child = subprocess.Popen(shell, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True)
os.write(ours, start.encode() + b"; echo rea''dy\n")
seen_until(b"ready")
bad = 0
for line in open(typed):
    keys, want = line.rstrip("\n").split("\t")
    os.write(ours, keys.replace(">", "\t").encode() + b"\x01printf '%s|' \x05; echo 'th''ere'\n")
    seen = seen_until(b"there")
    if want.encode() not in seen:
        print("typed", keys, "- not", want, "but", seen)
        bad = 1
child.kill()
child.wait()
sys.exit(bad)
END
type_in() { # what to call it, first command, shell…
    type_name=$1
    type_start=$2
    shift 2
    if "$PYTHON3" "$tmp/type.py" "$type_start" "$tmp/typed" "$@" >"$tmp/out" 2>&1; then
        good
    else
        bad "at a terminal, $type_name: $(cat "$tmp/out")"
    fi
}
if [ -n "${PYTHON3:-}" ]; then
    type_in bash ". '$script'" bash --norc --noprofile -i
    if command -v zsh >/dev/null; then
        type_in zsh "bindkey -e; autoload -U compinit bashcompinit && compinit -u -D && bashcompinit && . '$script'" zsh -f -i
    elif [ "${CI:-}" = true ]; then
        bad "no zsh to complete in"
    else
        echo "completion: no zsh: not tried there"
    fi
fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
