# fish completion for reloadrun(1).

# Prints COMMAND and its arguments, up to the word at the cursor. Fails where an option may stand.
function __reloadrun_command
    set -l valued -w --watch --files-from -e --ext -f --filter -i --ignore --explain --watcher \
        --interval --settle --env-file --soft --build --on-exit --stop-signal --stop-timeout \
        --listen --config --color
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --
                set -e words[1]
                string join -- \n $words (commandline -ct)
                return 0
            case '-*'
                contains -- $words[1] $valued; and set -e words[1]
                set -e words[1]
            case '*'
                string join -- \n $words (commandline -ct)
                return 0
        end
    end
    return 1
end

function __reloadrun_complete_command
    set -l words (__reloadrun_command; or string match -v -- '-*' (commandline -ct))
    and not string match -q -- '-*' $words[1]
    and __fish_complete_subcommand --commandline $words
end

# GLOB=SIGNAL, once the '=' is there.
function __reloadrun_soft
    set -l glob (commandline -ct | string unescape | string replace -r '^--soft=' '' |
        string match -r '.*=')
    and printf '%s\n' $glob{HUP,INT,QUIT,ABRT,ALRM,TERM,USR1,USR2,WINCH}
end

complete -c reloadrun -x -a '(__reloadrun_complete_command)'

function __reloadrun_option
    complete -c reloadrun -n 'not __reloadrun_command >/dev/null' $argv
end
__reloadrun_option -s w -l watch -rF -d 'Watch this file or directory instead of the current directory'
__reloadrun_option -l files-from -rF -d 'Watch the paths that this file lists, one a line'
__reloadrun_option -s e -l ext -x -d 'Only files with these extensions, as in py,html'
__reloadrun_option -s f -l filter -rF -d 'Only files that match this gitignore pattern'
__reloadrun_option -s i -l ignore -rF -d 'Leave out what matches this gitignore pattern'
__reloadrun_option -l no-gitignore -d "Do not read .gitignore, .ignore and git's excludes"
__reloadrun_option -l no-default-ignores -d "Do not leave out .git, editors' files and the like"
__reloadrun_option -l list -d 'Print the watched files and exit'
__reloadrun_option -s 0 -l null -d 'With --list: end each path with a NUL'
__reloadrun_option -l explain -rF -d 'Say whether this path is watched, and why, and exit'
__reloadrun_option -l watcher -xa 'auto inotify stat' -d 'How changes are seen'
__reloadrun_option -l interval -x -d 'Time between two looks at the files, as in 500ms'
__reloadrun_option -l settle -x -d 'Changes closer than this are one, as in 10ms'
__reloadrun_option -l content -d 'A file with the same bytes as before has not changed'
__reloadrun_option -l env-file -rF -d 'Give COMMAND the KEY=VALUE lines of this file'
__reloadrun_option -l soft -xa '(__reloadrun_soft)' -d 'Signal COMMAND in place of a restart'
__reloadrun_option -l build -xa '(__fish_complete_command)' -d 'Run this by sh before each start'
__reloadrun_option -l on-exit -xa 'wait exit restart' -d 'What to do when COMMAND ends by itself'
__reloadrun_option -l stop-signal -xa 'KILL HUP INT QUIT ABRT ALRM TERM USR1 USR2 WINCH' \
    -d "Signal that asks COMMAND's processes to end"
__reloadrun_option -l stop-timeout -x -d 'What has not ended after this is killed, as in 5s'
__reloadrun_option -l postpone -d 'Do not start COMMAND before a change or USR1'
__reloadrun_option -l clear -d 'Clear the terminal before each start'
__reloadrun_option -l listen -x -d 'Listen here, and give COMMAND the socket, as in 8080'
__reloadrun_option -l keep-ports -d 'Keep what COMMAND listens on open while it is started again'
__reloadrun_option -l follow -d 'Also watch the files elsewhere that COMMAND opens to read'
__reloadrun_option -l config -rF -d 'Read defaults for the options from this file'
__reloadrun_option -l no-config -d 'Read no reloadrun.toml'
__reloadrun_option -s q -l quiet -d 'Say nothing but errors'
__reloadrun_option -s v -l verbose -d 'Also say why and what'
__reloadrun_option -l color -xa 'auto always never' -d "Color reloadrun's lines"
__reloadrun_option -s h -l help -d 'Print help and exit'
__reloadrun_option -l version -d 'Print the version and exit'
functions -e __reloadrun_option
