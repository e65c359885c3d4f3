#!/bin/sh
# The gate of a pull request, for any CI: compares results/candidate.jsonl with what the target branch keeps.
#   PAWL              the program [pawl]
#   PAWL_RESULTS      results of this commit, JSON lines (docs/guides/gate.md) [results/candidate.jsonl]
#   PAWL_BASELINES    folder with the kept results of branches; a cache of the CI [.pawl/baselines]
#   PAWL_TARGET       the branch that the change goes to [main]
#   PAWL_BRANCH       the branch of this commit; where it is PAWL_TARGET, results that pass are kept [main]
#   PAWL_GATE         more words for `pawl gate`, such as "--quality solved --safety no_leak --margin 0.03"
#   PAWL_CASES        the dataset's JSON lines, so that findings point at its lines
#   PAWL_URL          the address of the Pawl that has the traces
# Writes pawl-report/: gate.junit.xml, gate.sarif, gl-code-quality-report.json, comment.md. Ends as `pawl gate` does:
# 0 better or no worse, 1 worse, 2 cannot tell, 3 no comparison, 64 wrong usage.
set -eu
pawl=${PAWL:-pawl}
results=${PAWL_RESULTS:-results/candidate.jsonl}
target=${PAWL_TARGET:-main}
branch=${PAWL_BRANCH:-$target}
mkdir -p pawl-report
set -- --candidate "$results" --baselines "${PAWL_BASELINES:-.pawl/baselines}" --baseline-branch "$target" \
  --junit pawl-report/gate.junit.xml --sarif pawl-report/gate.sarif \
  --gitlab pawl-report/gl-code-quality-report.json --markdown pawl-report/comment.md
[ "$branch" != "$target" ] || set -- "$@" --keep-as "$target"
[ -z "${PAWL_CASES:-}" ] || set -- "$@" --cases "$PAWL_CASES"
[ -z "${PAWL_URL:-}" ] || set -- "$@" --url "$PAWL_URL"
[ "${GITHUB_ACTIONS:-}" != true ] || set -- "$@" --github
# shellcheck disable=SC2086  # words of the gate are words
exec "$pawl" gate "$@" ${PAWL_GATE:-}
