#!/usr/bin/env bash
# prices_refresh.sh [VERSION]: fetch the pinned genai-prices wheel (or VERSION, which becomes the pin) with pip, check
# its hash, write data/prices/genai-prices.json from it and print what changed. Nothing of the package is run.
set -euo pipefail
cd "$(dirname "$0")/.."
pin=data/prices/requirements.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ $# -gt 0 ]; then
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" "genai-prices==$1"
else
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes --dest "$work" -r "$pin"
fi
wheel=$(echo "$work"/genai_prices-*.whl)
python3 tools/prices_export.py "$wheel" data/prices/genai-prices.json
if [ $# -gt 0 ]; then
  printf 'genai-prices==%s --hash=sha256:%s\n' "$1" "$(sha256sum "$wheel" | cut -d' ' -f1)" > "$pin"
  cat "$pin"
fi
