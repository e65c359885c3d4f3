#!/usr/bin/env bash
# `make bench`: figures of this machine, with the machine's own limits beside them; kept in bench/results/.
set -euo pipefail
cd "$(dirname "$0")/.."
ninja -C build/release --quiet pawl_bench
mkdir -p bench/results
out="bench/results/$(date -u +%Y-%m-%d).md"
{
  echo "# $(date -u +%Y-%m-%dT%H:%MZ), $(git rev-parse --short HEAD)"
  echo
  echo "$(nproc) cores ($(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2 | xargs)), load before: $(cut -d' ' -f1 /proc/loadavg)"
  sync_ms=$(python3 - <<'PY'
import os, tempfile, time
f = tempfile.NamedTemporaryFile(dir=".")
t = time.monotonic()
for _ in range(50):
    os.write(f.fileno(), b"x" * 4096)
    os.fdatasync(f.fileno())
print(f"{(time.monotonic() - t) * 20:.2f}")
PY
)
  echo "fdatasync of 4 KB here: $sync_ms ms"
  echo
  build/release/pawl_bench build/release/pawl all
} | tee "$out"
