# Runs the program given as arguments until the test process ends.
#
# The test process holds the other end of standard input. The line "stop" ends the program gently and keeps its folder;
# end of input, which also comes when the test process is killed, ends the program and whatever else was started with
# LIFELINE_DIR on its command line, and removes that folder.
trap '' TERM INT HUP
(trap - TERM INT HUP; exec "$@") </dev/null >>"$LIFELINE_LOG" 2>&1 &
program=$!
echo "$program"
exec >/dev/null 2>&1

asked=
read -r asked
if [ "$asked" = stop ]; then
    kill -TERM "$program"
    wait "$program"
    exit 0
fi

kill -KILL "$program"
# A browser's children take a moment to die, and may have had a child of their own just now: look until none is left.
rounds=0
while [ "$rounds" -lt 200 ]; do
    found=
    for file in $(grep -lsF -- "$LIFELINE_DIR" /proc/[0-9]*/cmdline); do
        pid=${file#/proc/}
        pid=${pid%/cmdline}
        # grep finds itself too, but is gone by now.
        [ "$pid" = "$$" ] || { kill -KILL "$pid" && found=yes; }
    done
    [ "$found" ] || break
    rounds=$((rounds + 1))
    sleep 0.02
done
wait
rm -rf -- "$LIFELINE_DIR"
