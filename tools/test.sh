#!/usr/bin/env bash
# `make test`: every test, two steps at a time. Each step prints its own `N passed, N failed`; the last line adds them up.
#   tools/test.sh [STEP...]     only these steps, in this order (tools/test.sh -l lists them)
#   PAWL_JOBS                   compilers at once (default: cores); PAWL_ROUNDS, PAWL_KILL_SEED: of the kill rounds
#   PAWL_LANES                  steps at once (default: 2; 1 shows each as it goes)
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/third_party/node/bin:$PATH"
export PAWL_PATIENCE="${PAWL_PATIENCE:-3}"  # waits and bounds in seconds are this much longer: a shared machine stalls
jobs=${PAWL_JOBS:-$(nproc)}
out=build/test
passed=0 failed=0
skipped=()

# The first three alone, in this order; then the longest first, so that no lane ends late.
steps=(lint page release browser browser2 guides kill engine sanitized imports fuzz clients browser_real captures threads ownsdks sql
  cases unit auth alerts connect remote collector hostile sdks costs isolation looking prometheus upgrade gate doctor
  datasets edge scores reference grpc demo quarantine dev start dashboards)
[ "${1:-}" = -l ] && { printf '%s\n' "${steps[@]}"; exit 0; }
[ $# -gt 0 ] && steps=("$@")
mkdir -p "$out"

# Programs that open the engine: one process each, and not at the same time as others.
engines="pawl_store_warehouse_test pawl_query_test pawl_records_traces_test pawl_features_ingest_test pawl_features_explore_test"
# Modules that read foreign bytes or keep promises about a disk: again under the address and undefined-behaviour sanitizers.
sanitized="pawl_base_test pawl_wire_test pawl_llm_test pawl_guard_test pawl_net_test pawl_store_journal_test pawl_store_blobs_test pawl_store_ledger_test"

skip() { printf '  skipped: %s: %s\n' "$1" "$2"; }

# Waits until no other step builds this preset; until the (sub)shell ends.
turn() { mkdir -p "build/$1"; exec 8>"build/$1/.turn"; flock 8; }

# Builds targets of a preset, one build of a preset at a time; a build that fails is one failed test.
build() (
  preset=$1; shift
  turn "$preset"
  [ -f "build/$preset/build.ninja" ] || cmake --preset "$preset" >"$out/cmake-$preset.log" 2>&1 ||
    { tail -20 "$out/cmake-$preset.log"; echo '0 passed, 1 failed'; exit 1; }
  ln -sfn ../../third_party/chdb/libchdb.so "build/$preset/libchdb.so"
  log="$out/build-$preset.log"
  ninja -C "build/$preset" -j "$jobs" --quiet "$@" >"$log" 2>&1 ||
    { grep -q 'please rebuild precompiled header' "$log" && rm -f "build/$preset"/CMakeFiles/pawl_pch*/*.pch &&  # a system header is new
      CCACHE_RECACHE=1 ninja -C "build/$preset" --quiet pawl_pch pawl_pch_net >"$log" 2>&1 && ninja -C "build/$preset" -j "$jobs" --quiet "$@" >"$log" 2>&1; } ||
    { grep -E -A8 'error|FAILED' "$log" | head -60; echo '0 passed, 1 failed'; exit 1; }
  echo '1 passed, 0 failed'
)

# Targets of a preset whose names end so: gtest programs, fuzzers.
targets() (
  turn "$1"
  [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >"$out/cmake-$1.log" 2>&1 || { tail -20 "$out/cmake-$1.log" >&2; exit 1; }
  ninja -C "build/$1" --quiet build.ninja >"$out/cmake-$1.log" 2>&1 || { tail -20 "$out/cmake-$1.log" >&2; exit 1; }  # new modules
  ninja -C "build/$1" -t targets all | sed -n "s/^\([a-z0-9_]*$2\): CXX_EXECUTABLE.*/\1/p" | sort -u
)

# Runs one gtest program from the root; its failures are shown, its counts printed in our words.
gtest() {
  local name log ok bad code=0
  name=$(basename "$1"); log="$out/$name.$2.log"
  timeout "${3:-300}" "$1" --gtest_brief=0 >"$log" 2>&1 || code=$?
  ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -1)
  bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" | tail -1)
  ok=${ok:-0} bad=${bad:-0}
  [ "$code" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1   # crashed, timed out, or a sanitizer spoke
  sed -n 's/^\[  SKIPPED \] \(.*\) (.*/  skipped inside: \1/p' "$log" | sort -u
  if [ "$bad" -gt 0 ]; then
    grep -E -B12 '^\[  FAILED  \]' "$log" | head -60
    [ "$code" -gt 1 ] && { echo "  $name ended with $code:"; tail -25 "$log"; }
  fi
  echo "  $name: $ok passed, $bad failed"
  ok_here=$((ok_here + ok)) bad_here=$((bad_here + bad))
}

gtests() {  # PRESET SECONDS NAME...
  local preset=$1 seconds=$2 ok_here=0 bad_here=0; shift 2
  for one in "$@"; do
    if [ -x "build/$preset/$one" ]; then gtest "build/$preset/$one" "$preset" "$seconds"; continue; fi
    echo "  $one is not there: a module that this step names has lost its tests"; bad_here=$((bad_here + 1))
  done
  echo "$ok_here passed, $bad_here failed"
}

step_lint() { tools/lint.sh; }
step_page() {
  if (cd ui && npm run --silent check >"../$out/page.log" 2>&1); then echo '1 passed, 0 failed'; else tail -30 "$out/page.log"; echo '0 passed, 1 failed'; fi
}
step_release() { build release pawl chdb_http $(targets release _test); }
step_unit() {
  local mine=()
  for one in $(targets release _test); do [[ " $engines " == *" $one "* ]] || mine+=("$one"); done
  gtests release 300 "${mine[@]}"
}
step_engine() { gtests release 400 $engines; }
step_cases() { python3 tests/cases/run.py; }
step_reference() { python3 tests/system/reference.py; }
step_costs() { python3 tests/system/costs.py; }
step_captures() { python3 tests/system/captures.py; }
step_hostile() { python3 tests/system/hostile.py; python3 tests/system/hostile_secrets.py; }
step_isolation() { python3 tests/system/isolation.py; python3 tests/system/privacy.py; }
step_looking() { python3 tests/system/looking.py; }
step_sql() { python3 tests/system/sql.py; }
step_prometheus() { python3 tests/system/prometheus.py; }
step_dashboards() { python3 tests/system/dashboards.py; }
step_datasets() { python3 tests/system/datasets.py; python3 tests/system/experiments.py; }
step_scores() { python3 tests/system/scores.py; }
step_sdks() { python3 tests/system/sdks.py; }
step_imports() { python3 tests/system/imports.py; }
step_clients() { python3 tests/system/clients.py; python3 tests/system/coding_agents.py; }
step_ownsdks() { python3 tests/system/own_sdks.py; }
step_connect() { python3 tests/system/connect.py; }
step_guides() { python3 tests/system/guides.py; }
step_collector() { python3 tests/system/collector.py; }
step_auth() { python3 tests/system/auth.py; python3 tests/system/auth_people.py; python3 tests/system/auth_oidc.py; python3 tests/system/auth_push.py; }
step_start() { python3 tests/system/start.py; }
step_remote() { python3 tests/system/remote.py; }
step_edge() { python3 tests/system/edge.py; }
step_upgrade() { python3 tests/system/upgrade.py; }
step_doctor() { python3 tests/system/doctor.py; }
step_dev() { python3 tests/system/dev.py; }
step_gate() { python3 tests/system/gate.py; python3 tests/system/evals.py; }
step_grpc() { python3 tests/system/grpc.py; }
step_kill() { python3 tests/system/kill_rounds.py "${PAWL_ROUNDS:-6}" ${PAWL_KILL_SEED:-}; }
step_quarantine() { python3 tests/system/quarantine.py; }
step_alerts() { python3 tests/system/alerts.py; }
step_demo() { python3 tests/system/demo.py; }
step_browser() { PAWL_BROWSER=mock PAWL_SHARD=1/2 python3 tests/browser/run.py; }
step_browser2() { PAWL_BROWSER=mock PAWL_SHARD=2/2 python3 tests/browser/run.py; }
step_browser_real() { PAWL_BROWSER=server python3 tests/browser/run.py; python3 tests/system/hostile_text.py; }
step_sanitized() {
  local mine=() there
  there=$(targets fuzz _test) || { echo '0 passed, 1 failed'; return; }
  for one in $sanitized; do grep -qx "$one" <<<"$there" && mine+=("$one"); done
  build fuzz "${mine[@]}" || return
  PAWL_SEEDS=60 ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 gtests fuzz 600 "${mine[@]}"
}
# The thread sanitizer: sockets and journal by their own tests, then the whole server against the engine in another process.
step_threads() {
  build release chdb_http || return
  build tsan pawl pawl_net_test pawl_store_journal_test || return
  PAWL_SEEDS=20 TSAN_OPTIONS="suppressions=$PWD/tests/system/threads.supp" gtests tsan 600 pawl_net_test pawl_store_journal_test
  python3 tests/system/threads.py
}
step_fuzz() {
  local all ok=0 bad=0
  all=$(targets fuzz _fuzz) || { echo '0 passed, 1 failed'; return; }
  build fuzz $all || return
  tests/fuzz/corpus.sh "$out/corpus" >/dev/null
  export out
  xargs -n 1 -P "$jobs" bash -c 'mkdir -p "$out/corpus/$0" "$out/fuzz-$0"; cd "$out/fuzz-$0" || exit
    timeout 120 "../../fuzz/$0" -max_total_time="${PAWL_FUZZ_SECONDS:-5}" -timeout=10 -rss_limit_mb=3000 -print_final_stats=1 \
      "../corpus/$0" >"../fuzz-$0.log" 2>&1; echo $? >ended' <<<"$all"
  for one in $all; do
    if [ "$(cat "$out/fuzz-$one/ended")" = 0 ]; then
      ok=$((ok + 1)); echo "  $one: $(sed -n 's/^stat::number_of_executed_units: *//p' "$out/fuzz-$one.log") inputs"
    else
      bad=$((bad + 1)); echo "  $one found something (inputs in $out/fuzz-$one):"; grep -v '^#' "$out/fuzz-$one.log" | tail -30
    fi
  done
  echo "$ok passed, $bad failed"
}

# Where a machine that stalls for a second can be the reason, a step that failed is run once more, alone: what failed the
# first time is shown and named at the end, to be mended. What a compiler, a sanitizer or a fuzzer said stands.
final=" lint page release sanitized threads fuzz "
unsteady=()

# Runs one step; its log ends with the line `-- STEP: ...`. A step may have parts, each with its line `N passed, N failed`.
run_step() {
  local log="$out/step-$1.log" since=$SECONDS code p f
  if [ "$(type -t "step_$1")" = function ]; then "step_$1" >"$log" 2>&1; code=$?; else
    echo "there is no step $1 (tools/test.sh -l lists them)" >"$log"; code=1; fi
  read -r p f < <(awk '/^[0-9]+ passed, [0-9]+ failed$/ {p += $1; f += $3; n++} END {print p + 0, n ? f + 0 : 1}' "$log")
  [ "$f" -eq 0 ] && [ "$code" -ne 0 ] && f=1
  printf -- '-- %s: %s, %d passed, %d failed, %d s\n' "$1" "$([ "$f" -eq 0 ] && echo ok || echo FAILED)" "$p" "$f" $((SECONDS - since)) >>"$log"
  { flock 9; printf '== %s\n' "$1"; cat "$log"; } 9>"$out/said"
}

failed_of() { sed -n '$s/^-- .* passed, \([0-9]*\) failed, .*/\1/p' "$out/step-$1.log"; }
passed_of() { sed -n '$s/^-- .*, \([0-9]*\) passed, .*/\1/p' "$out/step-$1.log"; }

began=$SECONDS
lanes=${PAWL_LANES:-2} running=0
for step in "${steps[@]}"; do
  rm -f "$out/step-$step.log"
  case $step in lint | page | release) run_step "$step"; continue ;; esac   # what the others need
  [ "$running" -ge "$lanes" ] && { wait -n; running=$((running - 1)); }
  run_step "$step" & running=$((running + 1))
done
wait
for step in "${steps[@]}"; do
  f=$(failed_of "$step")
  if [ "${f:-1}" -gt 0 ] && [[ $final != *" $step "* ]]; then
    unsteady+=("$step: $f failed the first time"); cp "$out/step-$step.log" "$out/step-$step.first.log"
    echo "-- $step: $f failed; once more, alone"
    run_step "$step"; f=$(failed_of "$step")
  fi
  p=$(passed_of "$step")
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-1}))
  while read -r line; do skipped+=("$step: $line"); done < <(sed -n 's/^ *skipped: //p' "$out/step-$step.log")
done
for why in "${skipped[@]}"; do echo "skipped: $why"; done
for what in "${unsteady[@]}"; do echo "unsteady: $what (build/test/step-${what%%:*}.first.log)"; done
echo "$((SECONDS - began)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
