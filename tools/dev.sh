#!/usr/bin/env bash
# `make dev`: the debug server, and the page with hot reload in front of it. A saved source file is built, and a server
# that was built anew is started anew; until then, and where the build fails, the old one serves on.
#   PAWL_DEV_BUILD   a configured build directory (build/dev)
#   PAWL_DEV_DATA    data directory of this server (build/dev-data)
#   PAWL_DEV_LISTEN  its address (127.0.0.1:7295)
#   PAWL_DEV_PAGE    port of the page (5199)
#   tools/dev.sh [FLAG...]   more flags of `pawl serve`
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/third_party/node/bin:$PATH"
build=${PAWL_DEV_BUILD:-build/dev}
data=${PAWL_DEV_DATA:-build/dev-data}
listen=${PAWL_DEV_LISTEN:-127.0.0.1:7295}
page=${PAWL_DEV_PAGE:-5199}
jobs=${JOBS:-$(nproc)}
program="$build/pawl"
stamp=$(mktemp)
server='' vite=''

say() { printf '  dev: %s\n' "$*"; }

end() {
  trap - EXIT INT TERM
  for one in $vite $server; do kill "$one" 2>/dev/null; done
  wait
  rm -f "$stamp"
}
trap end EXIT
trap 'exit 0' INT TERM

built() { stat -c %y.%i "$program" 2>/dev/null; }  # another after each link

start() {
  running=$(built)
  "$program" serve --data "$data" --listen "$listen" "$@" &
  server=$!
}

stop() {
  [ -n "$server" ] || return 0
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  server=''
}

# What was saved since the last look: sources, their folders (for files that went away), what is built in.
changed() {
  find CMakeLists.txt CMakePresets.json cmake src data/prices data/demo -newer "$stamp" ! -name '.*' ! -name '*~' ! -name '*_test.cc' \
    ! -name '*_fuzz.cc' -print -quit 2>/dev/null
}

[ -x "$program" ] || { echo "dev: $program is not there; run \`make dev\`" >&2; exit 1; }
start "$@"
PAWL_URL="http://$listen" node ui/node_modules/vite/bin/vite.js ui --config ui/vite.config.ts --port "$page" --strictPort --clearScreen false &
vite=$!
say "page with hot reload: http://localhost:$page   server: http://$listen   data: $data"

while kill -0 "$vite" 2>/dev/null; do
  sleep 0.5
  what=$(changed)
  if [ -n "$what" ]; then
    touch "$stamp"
    say "building, for $what"
    ninja -C "$build" -j "$jobs" --quiet pawl || say 'the build failed; the old server serves on'
  fi
  if [ -n "$(built)" ] && [ "$(built)" != "$running" ]; then
    say 'a new server'
    stop
    start "$@"
  elif [ -n "$server" ] && ! kill -0 "$server" 2>/dev/null; then
    wait "$server"
    say "the server ended with $?; the next build starts it again"
    server=''
  fi
done
say 'the page ended'
exit 1
