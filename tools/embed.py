#!/usr/bin/env python3
"""embed.py DIST OUT: brotli every file of a vite build and emit .incbin assembly + a constexpr table."""
import hashlib, mimetypes, os, re, subprocess, sys
dist, out = sys.argv[1], sys.argv[2]
os.makedirs(out, exist_ok=True)
types = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
         ".svg": "image/svg+xml", ".woff2": "font/woff2", ".json": "application/json", ".wasm": "application/wasm"}
asm, rows, decl = ['.section .rodata,"a",@progbits'], [], []
files = sorted(os.path.join(d, f) for d, _, fs in os.walk(dist) for f in fs)
for i, p in enumerate(files):
    rel = "/" + os.path.relpath(p, dist).replace(os.sep, "/")
    data = open(p, "rb").read()
    br = subprocess.run(["brotli", "-c", "-q", "11", p], check=True, capture_output=True).stdout
    keep = len(br) < len(data) * 0.95
    names = [(f"pawl_ui_{i}", p)]
    if keep:
        bp = os.path.join(out, f"{i}.br")
        open(bp, "wb").write(br)
        names.append((f"pawl_ui_{i}_br", bp))
    for n, f in names:
        asm += [f".global {n}", ".balign 16", f"{n}:", f'.incbin "{os.path.abspath(f)}"', ".byte 0"]
        decl.append(f'extern "C" const char {n}[];')
    ext = os.path.splitext(p)[1]
    etag = hashlib.sha256(data).hexdigest()[:16]
    imm = "true" if re.search(r"-[A-Za-z0-9_-]{8}\.\w+$", p) else "false"
    brv = f"{{pawl_ui_{i}_br, {len(br)}}}" if keep else "{}"
    rows.append(f'  {{"{rel}", "{types.get(ext) or mimetypes.guess_type(p)[0] or "application/octet-stream"}", "\\"{etag}\\"", {{pawl_ui_{i}, {len(data)}}}, {brv}, {imm}}},')
asm.append('.section .note.GNU-stack,"",@progbits')
open(os.path.join(out, "ui_assets.S"), "w").write("\n".join(asm) + "\n")
open(os.path.join(out, "ui_assets.cc"), "w").write('#include "assets/assets.h"\n' + "\n".join(decl) +
    "\nnamespace pawl {\nstatic const Asset table[] = {\n" + "\n".join(rows) + "\n};\nstd::span<const Asset> ui_assets() { return table; }\n}\n")
