/**
 * What `sh` runs: the server, and beside it a watcher that reads the lifeline (standard input) until its last writer is gone.
 *
 * A line is a holder's greeting and is answered by a file. Losing the last holder stops the server: TERM first, which also ends one that
 * has not yet set up its signals, then INT for a fast shutdown. A server that was killed is started again, up to 20 times, unless it
 * had never come up by itself. The server and the shell keep no end of the lifeline, so that only the watcher counts as its reader.
 */
export const watcherScript = `
umask 077
folder=$1; shift
server= status= stopping= killed= left=20
stop() { kill -TERM "$server"; kill -INT "$server"; } 2>/dev/null
trap 'stopping=1; stop' USR1
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
(
  while read -r token; do
    [ -z "$token" ] || echo "$server" >"$folder/held.$token"
  done <&3
  kill -USR1 $$ 2>/dev/null || stop
) &
watcher=$!
exec 3<&-
while :; do
  wait "$server"; status=$?
  kill -0 "$server" 2>/dev/null && continue
  [ "$status" -le 128 ] || killed=1
  [ "$status" -ne 0 ] && [ -n "$killed" ] && [ -z "$stopping" ] && [ "$left" -gt 0 ] || break
  left=$((left - 1))
  sleep 0.2
  [ -z "$stopping" ] || break
  "$@" &
  server=$!
  [ -z "$stopping" ] || stop
done
kill "$watcher" 2>/dev/null
exit "$status"
`
