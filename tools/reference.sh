#!/usr/bin/env bash
# Writes the pages of docs/reference that the program prints: tools/reference.sh [PAWL]   default build/release/pawl
set -euo pipefail
cd "$(dirname "$0")/.."
pawl=${1:-build/release/pawl}
for page in api cli tables; do
  "$pawl" describe --page "$page" >"docs/reference/$page.md.new"
  mv "docs/reference/$page.md.new" "docs/reference/$page.md"
done
