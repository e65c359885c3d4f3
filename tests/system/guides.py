"""Every page of docs/guides/connect is tried: its shell lines set the environment, its Python runs against a fake provider, and a run arrives.

A page's own address and key stand for those of a real server. Where a page's packages are not among tests/guides/requirements.txt, or cannot be
had (PAWL_NO_NETWORK=1), its settings are tried by a plain exporter, and the skip is told.
    guides.py [PAGE ...]
"""
import base64
import concurrent.futures
import contextlib
import glob
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.parse
import venv

from fake_provider import Provider
from pawl import BINARY, JSON, PATIENCE, ROOT, Checks, Server, call, command

PAGES = os.path.join(ROOT, "docs/guides/connect")
NEEDED = os.path.join(ROOT, "tests/guides/requirements.txt")
# Told elsewhere: an index; pages whose lines other programs run (tests/system/own_sdks.py, auth_push.py, collector.py).
OTHERS = {"README.md", "python.md", "typescript.md", "google-cloud.md", "collector.md"}
ADDRESS, KEY = "https://pawl.example.com", re.compile(r"pawl_sk_…")
INSTALLS = re.compile(r"^\s*(?:python -m )?(?:pip|npm|pnpm) install (.*)$")


def python_with_packages():
    """A Python that has what the pages name, kept under build/; None where it cannot be had."""
    with open(NEEDED, "rb") as file:
        place = os.path.join(ROOT, "build/guides", hashlib.sha256(file.read()).hexdigest()[:12])
    python = os.path.join(place, "bin/python")
    if not os.path.exists(os.path.join(place, "ready")):
        if os.environ.get("PAWL_NO_NETWORK") == "1":
            return None
        venv.create(place, with_pip=True, clear=True)
        if subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", "-r", NEEDED], capture_output=True, check=False, timeout=900).returncode != 0:
            return None
        open(os.path.join(place, "ready"), "w", encoding="utf-8").close()
    return python


def installed(python):
    """Names of what that Python has."""
    if python is None:
        return set()
    said = subprocess.run([python, "-c", "import importlib.metadata as m, json; print(json.dumps([d.name for d in m.distributions()]))"],
                          capture_output=True, text=True, check=True).stdout
    return {name.lower().replace("_", "-") for name in json.loads(said)}


class Page:
    def __init__(self, path):
        self.name = os.path.basename(path)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.M | re.S)
        self.shell = "\n".join(body for language, body in fences if language == "sh" or (not language and re.match(r"[A-Z_]+=", body)))
        self.python = "\n".join(body for language, body in fences if language == "python")
        self.packages = [word.strip('"') for line in self.shell.splitlines() if (found := INSTALLS.match(line)) for word in found.group(1).split()]
        self.links = re.findall(r"\]\((?!https?:)([^)#]+)", text)

    def missing(self, there):
        return [one for one in self.packages if re.split(r"[<>=\[]", one)[0].lower() not in there]


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
             "OPENAI_BASE_URL": provider.url + "/v1", "OPENAI_AGENTS_DISABLE_TRACING": "0", "TRACELOOP_TELEMETRY": "false"}
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


def try_page(page, python, there):
    """(checks, skips) of one page on a server of its own."""
    checks, skips = [], []
    with Server("--auth", "required") as server, Provider() as provider, tempfile.TemporaryDirectory(prefix="pawl-guide-") as home:
        made = json.loads(command("key", "create", "--project", "default", "--scopes", "ingest,read,write", "--data", server.data, "--json").stdout)
        server.sdk_key, server.sdk_id = made["key"], made["id"]
        server.wait_for(lambda: server.call("GET", "/api/public/projects", key=made["key"]).status == 200, 5, "the key")
        settings, said, code = environment(page, server, home, provider)
        checks.append(("its shell lines run", code == 0, said[-600:]))
        missing = page.missing(there)
        runs = bool(page.python) and not missing
        if runs:
            program = os.path.join(home, "program.py")
            with open(program, "w", encoding="utf-8") as file:
                file.write(filled(page.python, server))
            ran = subprocess.run([python, program], capture_output=True, text=True, env=settings, cwd=home, timeout=90 * PATIENCE, check=False)
            checks.append(("its program runs", ran.returncode == 0, ran.stdout[-400:] + ran.stderr[-900:]))
        else:
            if page.python or missing:
                skips.append(f"{page.name}: its program ({', '.join(missing)} not installed); its settings were tried")
            status = plain_span(settings, filled(page.python, server))
            checks.append(("its settings lead here", status in (200, 202, 204) or (status is None and "arrived after" in said), f"{status} {said[-300:]}"))
        calls, found = sum(1 for _ in provider.calls), []
        end = time.monotonic() + 10 * PATIENCE
        while time.monotonic() < end:
            found = traces_of(server)
            if found and (not runs or sum(one["llm_calls"] for one in found) >= max(1, calls)):
                break
            time.sleep(0.2)
        checks.append(("a run arrives", bool(found), found))
        if runs:
            told = sum(one["llm_calls"] for one in found)
            checks.append(("each model call is there once", told == max(1, calls), f"{told} of {calls}: {found}"))
            if '"s-1"' in page.python:
                checks.append(("in its session", any(one["session_id"] == "s-1" for one in found), found))
            checks.append(("with its tokens", sum(one["tokens"] or 0 for one in found) > 0, found))
    return checks, skips


def main():
    checks = Checks()
    python = python_with_packages()
    there = installed(python)
    if python is None:
        print("  skipped: the pages' programs: their packages cannot be had without a network")
    pages = [Page(path) for path in sorted(glob.glob(os.path.join(PAGES, "*.md")))]
    for page in pages:
        for link in page.links:
            checks.check(f"{page.name} leads to {link}", os.path.exists(os.path.join(PAGES, link)))
    index = {link for page in pages if page.name == "README.md" for link in page.links}
    checks.equal("the index names every page", sorted({page.name for page in pages} - OTHERS - index), [])
    tried = [page for page in pages if page.name not in OTHERS and (not sys.argv[1:] or page.name.removesuffix(".md") in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(2) as several:
        for page, (results, skips) in zip(tried, several.map(lambda one: try_page(one, python, there), tried)):
            for skip in skips:
                print(f"  skipped: {skip}")
            for name, good, got in results:
                checks.check(f"{page.name}: {name}", good, got)
    checks.finish()


main()
