# Runs one server for a process that may die at any moment. Arguments: FOLDER SIGNAL COMMAND...
# Standard input: orders (`start`, `stop`, `kill`), each answered by a line; its end, which the owner's death brings about, stops the
# server and removes FOLDER. SIGNAL asks the server for an orderly end.
folder=$1 signal=$2
shift 2
# An answer to an owner that has just died must not end this script before it has cleaned up. A handler, for an ignored
# signal would stay ignored in the server.
trap : PIPE
child=

start() {
    # Should this script be killed, the kernel kills the server.
    setpriv --pdeathsig KILL -- "$@" </dev/null >>"$folder/log" 2>&1 &
    child=$!
}

patience() { # kills the server when it takes more than ten seconds to stop
    trap 'kill "$sleeper"; exit' TERM
    sleep 10 &
    sleeper=$!
    wait "$sleeper"
    kill -s KILL "$child"
}

stop() { # SIGNAL
    [ -n "$child" ] || return 0
    kill -s "$1" "$child"
    patience >/dev/null &
    timer=$!
    wait "$child"
    kill "$timer"
    wait "$timer"
    child=
}

start "$@"
echo "$child"
while read -r order; do
    case $order in
    start) start "$@"; echo "$child" ;;
    stop) stop "$signal"; echo stopped ;;
    kill) stop KILL; echo stopped ;;
    esac
done
stop "$signal"
rm -rf "$folder"
