# Completion of municipal for bash, and for zsh with bashcompinit. Everything it offers comes from the command itself: verbs and options from
# --help, kinds, fields and their values from describe. No store is opened.

# Offer what begins like the word at the cursor; a finished word ends with a blank.
_municipal_offer() { # what stands behind each, candidates…
    local tail=$1 one
    shift
    for one in "$@"; do
        [[ $one == "$cur"* ]] && COMPREPLY+=("$one$tail")
    done
}

# Names of files that begin like the word at the cursor, behind `$1`.
_municipal_files() {
    local one begun=${cur#"$1"} home=
    [[ $begun == "~/"* ]] && home=$HOME/ && begun=${begun#"~/"}
    for one in "$home$begun"*; do
        [[ -e $one ]] || continue
        local tail=' '
        [[ -d $one ]] && tail=/
        one=$(printf '%q' "${one#"$home"}")
        COMPREPLY+=("$1${home:+~/}$one$tail")
    done
}

_municipal_run() {
    "$command" --lang en "$@" 2>/dev/null
}

# Names of the options in an explanation, or of those that take a value; what may stand behind one of them.
_municipal_options() { # explanation
    printf '%s\n' "$1" | sed -n 's/^  --\([a-z-]*\) .*/--\1/p'
}
_municipal_value() { # explanation, option
    printf '%s\n' "$1" | sed -n "s/^  $2 \\([^ ]*\\)  .*/\\1/p"
}

_municipal_kinds() {
    _municipal_run describe --format csv | sed '1d; s/,.*//'
}
_municipal_fields() { # kind, all or settable
    if [[ $2 == all ]]; then
        _municipal_run describe "$1" --format csv | sed '1d; s/,.*//'
    else
        _municipal_run describe "$1" --format csv | sed '1d; /""system""/d; s/,.*//'
    fi
}
# The values of a field that has them in its table, one a line.
_municipal_values() { # kind, field
    local json
    json=$(_municipal_run describe "$1" --format json)
    if [[ $2 == type ]]; then
        json=${json#*'"types":['}
    else
        [[ $json == *'{"name":"'"$2"'","type":"CODE"'* ]] || return 0
        json=${json#*'{"name":"'"$2"'","type":"CODE"'}
        json=${json%%'},{"name":'*}
        [[ $json == *'"values":['* ]] || return 0
        json=${json#*'"values":['}
    fi
    printf '%s\n' "${json%%]*}" | tr ',' '\n' | tr -d '"'
}

# a,b,c: the last of them is being written.
_municipal_list() { # what stands before it, names…
    local before=$1 cur_whole=$cur one
    shift
    [[ $cur == *,* ]] && before=${cur%,*},
    cur=${cur#"$before"}
    local sign=
    [[ $cur == -* ]] && sign=- && cur=${cur#-}
    for one in "$@"; do
        [[ $one == "$cur"* ]] && COMPREPLY+=("$before$sign$one")
    done
    cur=$cur_whole
}

_municipal() {
    local IFS=$' \t\n' command=${COMP_WORDS[0]} line=$COMP_LINE cur= i n=0 word joined
    local -a given
    COMPREPLY=()
    command=${command/#\~/$HOME}
    command -v "$command" >/dev/null 2>&1 || command=municipal

    # bash parts words at = and :, zsh does not: join what stands together on the line
    line=${line#"${line%%[! ]*}"}
    line=${line#"${COMP_WORDS[0]}"}
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        joined=1
        [[ $line == ' '* || n -eq 0 ]] && joined=
        line=${line#"${line%%[! ]*}"}
        line=${line#"$word"}
        if [[ $joined ]]; then
            given[n - 1]+=$word
        else
            given[n]=$word
            n=$((n + 1))
        fi
    done
    ((n > 0)) || return 0
    cur=${given[n - 1]}

    # which verb, which arguments, and is this the value of an option?
    local general all verb= sub= explained option= value= kind= before=
    local -a args
    local count=0
    general=$(_municipal_run --help)
    all=$(printf '%s\n' "$general" | sed -n '/^Options/q; s/^  \([a-z][a-z-]*\( [a-z][a-z-]*\)\{0,1\}\)  .*/\1/p')
    explained=$general
    for ((i = 0; i < n; i++)); do
        word=${given[i]}
        if [[ $option ]]; then
            ((i == n - 1)) && break
            option=
        elif [[ $word == --*=* ]]; then
            ((i == n - 1)) && option=${word%%=*} && before=$option=
        elif [[ $word == --?* ]]; then
            ((i < n - 1)) && value=$(_municipal_value "$explained" "$word") && [[ $value ]] && option=$word
        elif ((i == n - 1)); then
            break
        elif [[ -z $verb ]]; then
            verb=$word
            [[ $'\n'$all$'\n' == *$'\n'"$verb"$'\n'* ]] && explained=$(_municipal_run "$verb" --help)
        elif [[ -z $sub && $'\n'$all == *$'\n'"$verb "* ]]; then
            sub=$word
            explained=$(_municipal_run "$verb" "$sub" --help)
        else
            args[count]=$word
            count=$((count + 1))
        fi
    done

    # how the verb is used: its first line is "Usage: municipal VERB KIND ID|NUMBER …"
    local usage=${explained%%$'\n'*} token=
    usage=${usage#"Usage: municipal $verb${sub:+ $sub}"}
    [[ $usage == " KIND"* || $usage == " [KIND]"* ]] && kind=${args[0]:-}
    usage=${usage//[\[\]]/}
    [[ $usage == *" | --json "* ]] && usage=${usage%% | --json *}

    if [[ $option ]]; then
        value=$(_municipal_value "$explained" "$option")
        [[ $verb == report && $option == --format ]] && value+="|html"
        case $value in
        FILE | URL) _municipal_files "$before" ;;
        a,b | a,-b) [[ -z $kind ]] || _municipal_list "$before" $(_municipal_fields "$kind" all) ;;
        *[A-Z]*) ;;
        *'|'*) for word in $(printf '%s' "$value" | tr '|' ' '); do _municipal_offer ' ' "$before$word"; done ;;
        esac
    elif [[ $cur == -* ]]; then
        _municipal_offer ' ' $(_municipal_options "$explained")
    elif [[ -z $verb ]]; then
        _municipal_offer ' ' $(printf '%s\n' "$all" | sed 's/ .*//' | sort -u)
    elif [[ -z $sub && $'\n'$all == *$'\n'"$verb "* ]]; then
        _municipal_offer ' ' $(printf '%s\n' "$all" | sed -n "s/^$verb //p")
    else
        # the token of the usage in whose place the word at the cursor stands; the last one with … stands for all that follow
        i=0
        for word in $usage; do
            [[ $word == -* ]] && break
            ((i > count)) && break
            [[ $word == *… || $i -eq $count ]] && token=$word
            i=$((i + 1))
        done
        case $token in
        KIND) _municipal_offer ' ' $(_municipal_kinds) ;;
        FAMILY) _municipal_offer ' ' $(_municipal_values definition family) ;;
        FILE*) _municipal_files '' ;;
        field=value*)
            if [[ $cur == *=* ]]; then
                for word in $(_municipal_values "$kind" "${cur%%=*}"); do _municipal_offer ' ' "${cur%%=*}=$word"; done
            else
                _municipal_offer '=' $(_municipal_fields "$kind" settable)
            fi
            ;;
        *[A-Z]*) ;;
        *'|'*) _municipal_offer ' ' $(printf '%s' "$token" | tr '|' ' ') ;;
        esac
    fi

    # readline replaces what stands behind the last = or : only
    if [[ -n ${BASH_VERSION:-} && $cur == *[=:]* && ${COMP_WORDBREAKS:-} == *=* ]]; then
        word=${cur%"${cur##*[=:]}"}
        COMPREPLY=("${COMPREPLY[@]#"$word"}")
    fi
}

complete -o nospace -F _municipal municipal
