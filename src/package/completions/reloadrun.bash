# bash completion for reloadrun(1). It needs nothing but bash; where bash-completion is loaded, what
# stands after COMMAND is completed as COMMAND's own, and as file names where it is not.
#
# Every function answers as bash asks a completion to: in COMPREPLY, or by `compopt -o default`,
# which lets bash complete a file name itself, with its quotes.

# Completes the value of the option `$1`: of what is typed of it, `$3`, bash replaces the end, `$2`.
_reloadrun_value()
{
    local typed=$2 before='' choices=''
    local signals='HUP INT QUIT ABRT ALRM TERM USR1 USR2 WINCH'
    case $1 in
        -w | --watch | -f | --filter | -i | --ignore | --files-from | --explain | --env-file | --config)
            compopt -o default ;;
        --build) mapfile -t COMPREPLY < <(compgen -c -- "$typed") ;;
        --watcher) choices='auto inotify stat' ;;
        --on-exit) choices='wait exit restart' ;;
        --color) choices='auto always never' ;;
        --stop-signal) choices="$signals KILL" ;;
        --soft)
            # Of an unquoted GLOB=SIGNAL bash asks for SIGNAL alone.
            [[ $3 == *=* ]] || return 0
            typed=${2##*=}
            before=${2%"$typed"}
            choices=$signals ;;
    esac
    if [[ $choices ]]; then
        mapfile -t COMPREPLY < <(compgen -P "$before" -W "$choices" -- "$typed")
    fi
}

# Completes COMMAND, which begins with word `$1` of COMP_WORDS, or its arguments, as far as `$2`.
_reloadrun_command()
{
    if declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    elif (($1 == COMP_CWORD)); then
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -c -d -- "$2")
    else
        compopt -o default
    fi
}

_reloadrun()
{
    local flags=(
        --no-gitignore --no-default-ignores --list -0 --null --content --postpone --clear --keep-ports
        --follow --no-config -q --quiet -v --verbose -h --help --version)
    local valued=(
        -w --watch --files-from -e --ext -f --filter -i --ignore --explain --watcher --interval
        --settle --env-file --soft --build --on-exit --stop-signal --stop-timeout --listen --config
        --color)
    local IFS=$' \t\n'
    COMPREPLY=()

    # bash splits words at '=' and ':' too: put together again, each with its place in COMP_WORDS.
    local words=() places=() word i joins=''
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $joins ]] || [[ ${#words[@]} -gt 0 && $word == +([=:]) ]]; then
            words[-1]+=$word
        else
            words+=("$word")
            places+=("$i")
        fi
        if [[ $word == +([=:]) ]]; then joins=yes; else joins=''; fi
    done

    local option=''
    for ((i = 0; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [[ $option ]]; then
            option=''
        elif [[ $word == -- ]]; then
            _reloadrun_command "${places[i + 1]}" "$2"
            return
        elif [[ $word != -?* ]]; then
            _reloadrun_command "${places[i]}" "$2"
            return
        elif [[ " ${valued[*]} " == *" $word "* ]]; then
            option=$word
        fi
    done

    word=${words[-1]}
    if [[ $option ]]; then
        _reloadrun_value "$option" "$2" "$word"
    elif [[ $word == --*=* ]]; then
        _reloadrun_value "${word%%=*}" "$2" "${word#*=}"
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${flags[*]} ${valued[*]}" -- "$word")
    else
        _reloadrun_command "${places[-1]}" "$2"
    fi
} && complete -F _reloadrun reloadrun
