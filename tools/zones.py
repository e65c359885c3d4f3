#!/usr/bin/env python3
"""Writes src/base/zone_rules.cc: what each time zone does today, as its POSIX rule.   tools/zones.py > src/base/zone_rules.cc
The rules are the footers of the compiled tz database in /usr/share/zoneinfo (RFC 8536), one line for all zones that share one."""
import os

ROOT = "/usr/share/zoneinfo"
rules = {}
for folder, _, files in os.walk(ROOT):
    for name in files:
        path = os.path.join(folder, name)
        zone = os.path.relpath(path, ROOT)
        if zone.startswith(("posix/", "right/")) or zone in ("posixrules", "localtime", "Factory"):
            continue
        with open(path, "rb") as file:
            data = file.read()
        if data[:4] == b"TZif" and data[4:5] >= b"2":
            rules.setdefault(data.rstrip(b"\n").rsplit(b"\n", 1)[1].decode(), []).append(zone)
version = next((line.split()[2] for line in open(os.path.join(ROOT, "tzdata.zi")) if line.startswith("# version")), "?")
print(f"// Made by tools/zones.py from tzdata {version}: rules that hold today, each with the zones that share it.")
print('#include "base/zone.h"\n\nnamespace pawl::detail {\n\n// clang-format off')
print("const ZoneRule zone_rules[] = {")
for rule in sorted(rules):
    lines, line = [], ""
    for zone in sorted(rules[rule]):
        if len(line) + len(zone) > 104:
            lines.append(line)
            line = ""
        line += zone + " "
    lines.append(line)
    print(f'  {{"{rule}",\n' + "\n".join(f'   "{one}"' for one in lines) + "},")
print("};\n// clang-format on")
print("const std::size_t zone_rule_count = sizeof(zone_rules) / sizeof(zone_rules[0]);\n\n}  // namespace pawl::detail")
