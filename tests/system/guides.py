"""Every page of docs/guides/connect is tried: its shell lines set the environment, its programs run against a fake provider, and what they did
is found in Pawl: each model call once, its tokens, its cost, whose it was.

A page's own address and key stand for those of a real server. The packages are pinned with their hashes in tests/guides: NAME.txt for the page
NAME, base.txt for the other pages in Python, package-lock.json for TypeScript (tests/lock.py and npm write them). Where they cannot be had
(PAWL_NO_NETWORK=1) a page's settings are tried by a plain exporter, and the skip is told.
    guides.py [PAGE ...]
"""
import base64
import concurrent.futures
import contextlib
import decimal
import glob
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.parse

from fake_provider import Provider
from packages import node_with, python_with
from pawl import BINARY, JSON, PATIENCE, ROOT, Checks, Server, call, command

PAGES = os.path.join(ROOT, "docs/guides/connect")
NEEDED = os.path.join(ROOT, "tests/guides")
# Told elsewhere: an index; pages whose lines other programs run (tests/system/own_sdks.py, auth_push.py, collector.py).
OTHERS = {"README.md", "python.md", "typescript.md", "google-cloud.md", "collector.md"}
ADDRESS, KEY = "https://pawl.example.com", re.compile(r"pawl_sk_…")
INSTALLS = re.compile(r"^\s*(?:python -m )?(?:pip|npm|pnpm) install (.*)$")
# USD a million tokens: uncached, cached, output.
PRICES = {"gpt-4.1": ("2", "0.5", "8"), "gemini-2.5-flash": ("0.3", "0.03", "2.5")}
# What an SDK does not tell, so that Pawl cannot know it: of which page's programs, in which language.
NO_CACHED = {("agentops.md", "python"), ("openllmetry.md", "ts")}
NO_MODEL = {"openai-agents.md"}  # nor content


def runner_for(lock):
    """What runs the programs that need this file of tests/guides: a Python, or a folder of node modules; None where it cannot be had."""
    if lock == "package-lock.json":
        return node_with("guides/node", NEEDED)
    return python_with("guides/" + lock.removesuffix(".txt"), os.path.join(NEEDED, lock))


class Page:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
        self.shell = "\n".join(body for language, body in fences if language == "sh" or (not language and re.match(r"[A-Z_]+=", body)))
        self.python = "\n".join(body for language, body in fences if language == "python")
        self.typescript = [body for language, body in fences if language == "ts"]
        self.links = re.findall(r"\]\((?!https?:)([^)#]+)", text)
        self.programs = "\n".join([self.python, *self.typescript])
        own = self.name.replace(".md", ".txt")
        lock = own if os.path.exists(os.path.join(NEEDED, own)) else "base.txt"
        self.runs = [(lock, "python", self.python)] * bool(self.python) + [("package-lock.json", "ts", body) for body in self.typescript]


def filled(text, server):
    return KEY.sub(server.sdk_key, text).replace("pk_…", server.sdk_id).replace(ADDRESS, server.url)


def environment(page, server, home, provider):
    """What the page's shell lines leave behind; its `pawl` is the built one. Installing is left out. (settings, what was said, exit code)"""
    lines = []
    for line in filled(page.shell, server).splitlines():
        if INSTALLS.match(line):
            continue
        lines.append(re.sub(r"^([A-Z_]+=)", r"export \1", line))
    os.makedirs(os.path.join(home, "bin"), exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.symlink(os.path.abspath(BINARY), os.path.join(home, "bin/pawl"))
    plain = {"PATH": os.path.join(home, "bin") + ":" + os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "OPENAI_API_KEY": "sk-test",
             "OPENAI_BASE_URL": provider.url + "/v1",
             "GOOGLE_API_KEY": "test", "GOOGLE_GEMINI_BASE_URL": provider.url, "OPENAI_AGENTS_DISABLE_TRACING": "0", "TRACELOOP_TELEMETRY": "false"}
    ran = subprocess.run(["bash", "-euc", "\n".join(lines) + "\nprintf '\\n=== env\\n'; env -0"], capture_output=True, text=True, env=plain, cwd=home,
                         timeout=60 * PATIENCE, check=False)
    said, _, after = ran.stdout.partition("\n=== env\n")
    settings = dict(one.split("=", 1) for one in after.split("\0") if "=" in one)
    return settings or plain, said + ran.stderr, ran.returncode


def traces_of(server):
    return server.get("/api/v1/traces?limit=50&from=1970-01-01T00:00:00Z", key=server.sdk_key)["traces"]


def plain_span(settings, program):
    """One span by a plain exporter, as these settings (or the program) tell it to: the status, or None where nothing says where to."""
    headers = dict(JSON)
    for name in ("OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "TRACELOOP_HEADERS"):
        for pair in filter(None, settings.get(name, "").split(",")):
            key, _, value = pair.partition("=")
            headers[key.strip().lower()] = urllib.parse.unquote(value.strip())
    for name in ("MASTRA_OTLP_KEY", "AGENTOPS_API_KEY"):
        if name in settings:
            headers["authorization"] = "Bearer " + settings[name]
    base = settings.get("OTEL_EXPORTER_OTLP_ENDPOINT") or settings.get("TRACELOOP_BASE_URL")
    place = settings.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or settings.get("MASTRA_OTLP_ENDPOINT") or settings.get("AGENTOPS_EXPORTER_ENDPOINT") or (
        base and base.rstrip("/") + "/v1/traces")
    now = time.time_ns()
    if "LANGFUSE_BASE_URL" in settings:
        place = settings["LANGFUSE_BASE_URL"] + "/api/public/otel/v1/traces"
        pair = f"{settings['LANGFUSE_PUBLIC_KEY']}:{settings['LANGFUSE_SECRET_KEY']}"
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    if endpoint := re.search(r'endpoint="([^"]+/v1/traces/ingest)"', program):
        place, headers["authorization"] = endpoint.group(1), "Bearer " + settings["PAWL_KEY"]
        body = {"data": [{"object": "trace", "id": "trace_" + secrets.token_hex(16), "workflow_name": "a plain trace"}]}
    elif place:
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": secrets.token_hex(16), "spanId": secrets.token_hex(8), "name": "a plain span",
                                                              "startTimeUnixNano": str(now - 1000), "endTimeUnixNano": str(now)}]}]}]}
    elif "LANGSMITH_ENDPOINT" in settings:
        place, headers["x-api-key"] = settings["LANGSMITH_ENDPOINT"] + "/runs", settings["LANGSMITH_API_KEY"]
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        hexes = secrets.token_hex(16)
        run = f"{hexes[:8]}-{hexes[8:12]}-4{hexes[13:16]}-8{hexes[17:20]}-{hexes[20:]}"
        body = {"id": run, "trace_id": run, "name": "a plain span", "run_type": "chain", "start_time": stamp, "end_time": stamp, "inputs": {}, "outputs": {}}
    else:
        return None
    return call(place, "POST", json.dumps(body).encode(), headers).status


def cost_of(calls):
    cost = decimal.Decimal(0)
    for model, total, cached, out in calls:
        uncached, cheap, output = (decimal.Decimal(price) for price in PRICES[model])
        cost += (total - cached) * uncached + cached * cheap + out * output
    return cost / 1_000_000


def told(page, server, provider):
    """What is in Pawl against what the program did: [(name, holds, got)]."""
    found, calls, modelled = traces_of(server), provider.calls, page.name not in NO_MODEL
    steps = server.get("/api/v1/spans?limit=200&from=1970-01-01T00:00:00Z", key=server.sdk_key)["spans"]
    if not calls:
        return [("a run arrives", bool(found), found)]
    models = [(one["model"] or {}).get("served") or (one["model"] or {}).get("requested") or "" for one in steps if one["kind"] == "llm"]
    wanted, cost = ({model for model, *_ in calls}, cost_of(calls)) if modelled else (set(), 0)
    checks = [("a run arrives", bool(found), found),
              ("each model call is there once", sum(one["llm_calls"] for one in found) == len(calls), f"{len(calls)} calls: {found}"),
              ("its tokens", sum(one["tokens"] or 0 for one in found) == sum(total + out for _, total, _, out in calls), f"{calls}: {found}"),
              ("its cost", sum(decimal.Decimal(one["cost_usd"] or 0) for one in found) == cost, f"{cost}: {found}"),
              ("its models", {one.split("/")[-1] for one in models} - {""} == wanted, models)]
    if "def get_weather" in page.python or "get_weather:" in page.programs:
        asked = len(calls) // 2  # a call that asks for the tool, and one that answers
        tools = [one for one in steps if one["kind"] == "tool" and not one["noise"]]
        checks.append(("its tool, once", len(tools) == asked and all(one["tool"] and one["tool"]["name"] == "get_weather" for one in tools)
                       and sum(one["tool_calls"] for one in found) == asked, [(one["kind"], one["name"]) for one in steps]))
    runs = [one for one in found if one["llm_calls"]]
    for name, value, key in (("session", "s-1", "session_id"), ("user", "u-1", "user_id"), ("agent", "clerk", "agent")):
        if re.search(rf"['\"]{value}['\"]", page.programs):
            checks.append((f"its {name}", bool(runs) and all(one[key] == value for one in runs), found))
    if modelled:
        said = [json.dumps(server.get(f"/api/v1/traces/{one['trace_id']}", key=server.sdk_key)) for one in runs]
        question = "weather in Rome" if "weather in Rome" in page.programs else "Say hello"
        checks.append(("what was asked and answered", bool(said) and all(question in one and "It is sunny" in one for one in said), said))
    return checks


def run(runner, text, settings, home, number):
    """One program of a page, as a user would start it."""
    path, words = os.path.join(home, f"program{number}.py"), [runner]
    if not runner.endswith("/python"):  # TypeScript: it lies where its packages are, in the folder that a first line `// FOLDER` names
        inner = re.match(r"// ([\w-]+)\n", text)
        path = os.path.join(runner, inner[1] if inner else "", f"program-{os.path.basename(home)}-{number}.mts")
        words = ["node", os.path.join(runner, "run.mjs")]
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    ran = subprocess.run([*words, path], capture_output=True, text=True, env=settings, cwd=home, timeout=120 * PATIENCE, check=False)
    os.remove(path)
    return ran


def try_page(page, runners):
    """(checks, skips) of one page on a server of its own. `runners`: lock → what runs its programs, None where it cannot be had."""
    checks, skips = [], []
    with Server("--auth", "required") as server, Provider() as provider, tempfile.TemporaryDirectory(prefix="pawl-guide-") as home:
        keys = [json.loads(command("key", "create", "--project", "default", "--scopes", scopes, "--data", server.data, "--json").stdout)
                for scopes in ("ingest,read,write", "read,operate")]
        server.sdk_key, server.sdk_id, server.key = keys[0]["key"], keys[0]["id"], keys[1]["key"]
        server.wait_for(lambda: server.call("GET", "/metrics").status == 200, 30, "the keys")
        settings, said, code = environment(page, server, home, provider)
        checks.append(("its shell lines run", code == 0, said[-600:]))
        for number, (lock, language, text) in enumerate(page.runs):
            if not runners[lock]:
                skips.append(f"{page.name}: program {number + 1}: its packages cannot be had without a network")
                continue
            before = len(provider.calls)
            ran = run(runners[lock], filled(text, server), settings, home, number)
            if (page.name, language) in NO_CACHED:
                provider.calls[before:] = [(model, total, 0, out) for model, total, _, out in provider.calls[before:]]
            checks.append((f"its program {number + 1} runs", ran.returncode == 0, ran.stdout[-400:] + ran.stderr[-900:]))
        if len(skips) == len(page.runs):  # its settings alone
            status = plain_span(settings, filled(page.python, server))
            checks.append(("its settings lead here", status in (200, 202, 204) or (status is None and "arrived after" in said), f"{status} {said[-300:]}"))
        end = time.monotonic() + 30 * PATIENCE
        while not all(holds for _, holds, _ in told(page, server, provider)) and time.monotonic() < end:
            time.sleep(0.2)
        server.stored()  # nothing comes later that counts again
        checks += told(page, server, provider)
    return checks, skips


def main():
    checks = Checks()
    pages = [Page(path) for path in sorted(glob.glob(os.path.join(PAGES, "*.md")))]
    for page in pages:
        for link in page.links:
            checks.check(f"{page.name} leads to {link}", os.path.exists(os.path.join(PAGES, link)))
    index = {link for page in pages if page.name == "README.md" for link in page.links}
    checks.equal("the index names every page", sorted({page.name for page in pages} - OTHERS - index), [])
    tried = [page for page in pages if page.name not in OTHERS and (not sys.argv[1:] or page.name.removesuffix(".md") in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(2) as several:
        needed = sorted({lock for page in tried for lock, *_ in page.runs})
        runners = dict(zip(needed, several.map(runner_for, needed)))
        for page, (results, skips) in zip(tried, several.map(lambda one: try_page(one, runners), tried)):
            for skip in skips:
                print(f"  skipped: {skip}")
            for name, good, got in results:
                checks.check(f"{page.name}: {name}", good, got)
    checks.finish()


main()
