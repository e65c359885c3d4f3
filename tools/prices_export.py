#!/usr/bin/env python3
"""prices_export.py WHEEL OUT: turn the price table of the PyPI package genai-prices into the JSON that Pawl embeds.

The package keeps its data as Python literals. They are read as syntax, never run, so neither the package nor what it
depends on is installed; prices stay decimal strings, so no float touches money. What changed against OUT is printed.
Format: docs/reference/prices.md.
"""
import ast, json, os, re, sys, zipfile

# What the package's calculator does in code and not in data: Groq bills at least ten seconds of audio a call.
MINIMUM_AUDIO_SECONDS = {("groq", "whisper-large-v3"): 10, ("groq", "whisper-large-v3-turbo"): 10}
CLAUSES = {"ClauseStartsWith": "starts_with", "ClauseEndsWith": "ends_with", "ClauseContains": "contains",
           "ClauseRegex": "regex", "ClauseEquals": "equals", "ClauseOr": "or", "ClauseAnd": "and"}


class Made(dict):
    """A constructor call: its keyword arguments, with its name."""
    def __init__(self, name, fields):
        super().__init__(fields)
        self.name = name


def literal(node):
    if isinstance(node, (ast.List, ast.Tuple)):
        return [literal(x) for x in node.elts]
    if isinstance(node, ast.Dict):
        return {literal(k): literal(v) for k, v in zip(node.keys, node.values)}
    if not isinstance(node, ast.Call):
        return ast.literal_eval(node)
    name = ast.unparse(node.func)
    if name == "Decimal":
        return decimal(node.args[0].value)
    if name == "datetime.date":
        return "%04d-%02d-%02d" % tuple(literal(a) for a in node.args)
    if name == "datetime.time":
        if [ast.unparse(k.value) for k in node.keywords if k.arg == "tzinfo"] not in ([], ["datetime.timezone.utc"], ["datetime.UTC"]):
            raise ValueError("a time of day that is not UTC: " + ast.unparse(node))
        return "%02d:%02d:%02d+00:00" % (tuple(literal(a) for a in node.args) + (0, 0, 0))[:3]
    if node.args:
        raise ValueError("not known: " + ast.unparse(node)[:200])
    return Made(name, {k.arg: literal(k.value) for k in node.keywords})


def decimal(value):
    text = str(value)
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise ValueError("not a plain decimal: " + text)
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def match(m):
    if m is None:
        return None
    key, value = CLAUSES[m.name], next(iter(m.values()))
    return {key: [match(x) for x in value] if key in ("or", "and") else value}


def prices(p):
    def one(v):
        if not isinstance(v, Made):
            return v
        tiers = sorted(v["tiers"], key=lambda t: t["start"])
        return {"base": v["base"], "tiers": [{"over_input_tokens": t["start"], "price": t["price"]} for t in tiers]}
    return {k: one(v) for k, v in p.items() if v is not None}


def drop(d):
    return {k: v for k, v in d.items() if v not in (None, [], {})}


def model(provider, m):
    rows = m["prices"] if isinstance(m["prices"], list) else [Made("ConditionalPrice", {"prices": m["prices"]})]
    when = lambda r: drop({"constraint": dict(r["constraint"]) if r.get("constraint") else None})
    return drop({"id": m["id"], "name": m.get("name"), "match": match(m["match"]),
                 "context_window": m.get("context_window"), "deprecated": m.get("deprecated"),
                 "minimum_audio_seconds": MINIMUM_AUDIO_SECONDS.get((provider, m["id"])),
                 "prices": [{**when(r), "prices": prices(r["prices"])} for r in rows],
                 "variants": [{**when(v), "when": v["when"], "prices": prices(v["prices"])}
                              for v in m.get("price_variants") or []]})


def assigned(source, name):
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if getattr(target, "id", None) == name:
                return literal(node.value)
    raise ValueError("no " + name + " in the package: its layout changed, mend tools/prices_export.py")


def export(wheel):
    with zipfile.ZipFile(wheel) as z:
        read = lambda p: z.read("genai_prices/" + p).decode()
        version = re.search(r"^Version: (\S+)$", z.read(next(n for n in z.namelist() if n.endswith(".dist-info/METADATA"))).decode(), re.M)[1]
        out = []
        for p in assigned(read("data.py"), "providers"):
            out.append(drop({"id": p["id"], "name": p["name"], "api_pattern": p["api_pattern"],
                             "model_match": match(p.get("model_match")), "provider_match": match(p.get("provider_match")),
                             "fallback_model_providers": p.get("fallback_model_providers"),
                             "pricing_urls": p.get("pricing_urls"),
                             "models": [model(p["id"], m) for m in p["models"]]}))
        units = assigned(read("data_units.py"), "unit_data")
    return {"source": "genai-prices " + version + " (PyPI), MIT, (c) Pydantic Services", "units": units, "providers": out}


def write(table, path):
    """Compact, but a line a unit and a model, so that a refresh can be reviewed."""
    one = lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=False)
    lines = ['{"source":' + one(table["source"]) + ',"units":{']
    lines.append(",\n".join(one(k) + ":" + one(v) for k, v in table["units"].items()))
    lines.append('},"providers":[')
    blocks = []
    for p in table["providers"]:
        head = one({k: v for k, v in p.items() if k != "models"})[:-1]
        blocks.append(head + ',"models":[\n' + ",\n".join(one(m) for m in p["models"]) + "]}")
    lines.append(",\n".join(blocks))
    lines.append("]}\n")
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


def changes(old, new):
    key = lambda t: {(p["id"], i, m["id"]): m for p in t["providers"] for i, m in named(p["models"])}
    named = lambda models: [(sum(x["id"] == m["id"] for x in models[:n]), m) for n, m in enumerate(models)]
    a, b = key(old), key(new)
    name = lambda k: k[0] + "/" + k[2]
    for k in sorted(b.keys() - a.keys()):
        yield "+ " + name(k)
    for k in sorted(a.keys() - b.keys()):
        yield "- " + name(k)
    for k in sorted(a.keys() & b.keys()):
        for part in ("match", "minimum_audio_seconds", "prices", "variants"):
            was, now = a[k].get(part), b[k].get(part)
            if was != now:
                grown = part in ("prices", "variants") and (now or [])[:len(was or [])] == (was or [])
                yield f"{'~' if grown else '!'} {name(k)} {part}: {json.dumps(was)} -> {json.dumps(now)}"
    for k in sorted(old["units"].keys() ^ new["units"].keys()):
        yield "~ unit " + k
    heads = lambda t: {p["id"]: {k: v for k, v in p.items() if k != "models"} for p in t["providers"]}
    a, b = heads(old), heads(new)
    for k in sorted(a.keys() | b.keys()):
        if a.get(k) != b.get(k):
            yield f"~ provider {k}"


def main():
    wheel, path = sys.argv[1:3]
    table = export(wheel)
    models = sum(len(p["models"]) for p in table["providers"])
    variants = sum(len(m.get("variants", [])) for p in table["providers"] for m in p["models"])
    print(f"{table['source']}: {len(table['providers'])} providers, {models} models, {variants} variants")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            lines = list(changes(json.load(f), table))
        print("\n".join(lines) if lines else "nothing changed")
        if any(line.startswith("!") for line in lines):
            print("! = changed in place, not superseded by a dated row: costs already stored keep their old price row")
    write(table, path)


main()
