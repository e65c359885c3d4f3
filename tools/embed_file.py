#!/usr/bin/env python3
"""embed_file.py IN SYMBOL OUT_DIR: deflate a file and emit OUT_DIR/SYMBOL.S, which holds its bytes between the symbols
SYMBOL and SYMBOL_end and its size before (8 bytes, little-endian) at SYMBOL_size."""
import os, sys, zlib

source, symbol, out = sys.argv[1:4]
os.makedirs(out, exist_ok=True)
data = open(source, "rb").read()
packed = os.path.join(out, symbol + ".z")
with open(packed, "wb") as f:
    f.write(zlib.compress(data, 9))
with open(os.path.join(out, symbol + ".S"), "w") as f:
    f.write(f""".section .rodata,"a",@progbits
.global {symbol}
.global {symbol}_end
.global {symbol}_size
.balign 16
{symbol}:
.incbin "{os.path.abspath(packed)}"
{symbol}_end:
.balign 8
{symbol}_size:
.quad {len(data)}
.section .note.GNU-stack,"",@progbits
""")
