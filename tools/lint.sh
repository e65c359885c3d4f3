#!/usr/bin/env bash
# `make lint`: formatting, lengths, and what must not stand in a committed file.
set -uo pipefail
cd "$(dirname "$0")/.."
exec python3 tools/lint.py "$@"
