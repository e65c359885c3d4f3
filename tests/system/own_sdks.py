"""Our own SDKs, packaged and installed, over real frameworks and a fake provider, against the built server.

With PAWL_NO_NETWORK=1, or where a package cannot be had, it says what was skipped.
    own_sdks.py [python|typescript|run ...]     only these parts
"""
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

from fake_provider import Provider
from packages import node_with, python_with
from pawl import BINARY, PATIENCE, ROOT, Checks, Server, command

HERE = os.path.join(ROOT, "tests/own_sdks")
PLACE = os.path.join(ROOT, "build/own_sdks")


def quiet(*words, cwd=None, env=None, seconds=600):
    return subprocess.run(words, capture_output=True, text=True, cwd=cwd, env=env, timeout=seconds, check=False)


def python_with_everything():
    return python_with("own_sdks/python", os.path.join(HERE, "requirements.txt"))


def environment(server, home, **more):
    """What a user's shell has: the address, the key, a home of its own."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PAWL_", "OTEL_", "PYTHON", "NODE_"))}
    return {**plain, "PAWL_URL": server if isinstance(server, str) else server.url, "PAWL_API_KEY": "" if isinstance(server, str) else server.sdk_key,
            "PAWL_BUFFER_DIR": os.path.join(home, "buffer"), **more}


def keyed(server):
    """A key for the SDK, and one to look with."""
    made = [json.loads(command("key", "create", "--project", "default", "--scopes", scopes, "--data", server.data, "--json").stdout)["key"]
            for scopes in ("ingest,read,write", "read,write,operate")]
    server.sdk_key, server.key = made
    server.wait_for(lambda: server.call("GET", "/metrics").status == 200, 5, "the key")


def count_unittest(checks, name, ran):
    """`Ran N tests` of unittest, each one check."""
    found = re.search(r"Ran (\d+) tests?", ran.stderr)
    bad = sum(int(one) for one in re.findall(r"(?:failures|errors)=(\d+)", ran.stderr))
    checks.passed += (int(found[1]) if found else 0) - bad
    checks.failed += bad
    if not checks.check(f"{name} ran", ran.returncode == 0 and found, ""):
        print(ran.stderr[-3000:])


def wheel(checks, python):
    """Builds the package as a user would get it, looks inside, installs it."""
    out = os.path.join(PLACE, "dist")
    shutil.rmtree(out, ignore_errors=True)
    built = quiet(python, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", out, os.path.join(ROOT, "sdk/python"))
    files = os.listdir(out) if os.path.isdir(out) else []
    if not checks.check("a wheel is built", len(files) == 1 and files[0].endswith("-py3-none-any.whl"), built.stderr[-800:]):
        return False
    path = os.path.join(out, files[0])
    held = quiet(python, "-m", "zipfile", "-l", path).stdout
    checks.check("it is typed and tells its licence", "pawl/py.typed" in held and "METADATA" in held and "tests/" not in held, held)
    installed = quiet(python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--force-reinstall", path)
    return checks.check("it can be installed", installed.returncode == 0, installed.stderr[-800:])


def sessions_of(server):
    listed = {}
    for one in server.get("/api/v1/sessions?limit=100")["sessions"]:
        listed[one["session_id"]] = one
    return listed


# What the fake provider counted in each session, as (llm calls, tool calls, tokens, cost): gpt-4.1 at 2, 0.5 and 8 USD a
# million, gpt-4.1-mini at 0.4 and 1.6, claude-haiku-4-5 at 1, 0.1 and 5. First call 100 in and 20 out, second 300 (50 cached) and 20.
FRAMEWORKS = {
    "chat-openai": (3, 1, 560, "0.001405"),  # and a streamed call of 100 and 20
    "chat-anthropic": (2, 1, 440, "0.000555"),
    "chat-langchain": (3, 1, 560, "0.001117"),  # and the tool's own call of gpt-4.1-mini
    "chat-agents": (2, 1, 440, "0.001045"),
}


def words_of(run, server, home):
    ran = quiet(*run, env=environment(server, home), seconds=60 * PATIENCE)
    return ran, json.loads(ran.stdout.splitlines()[-1]) if ran.returncode == 0 else None


def frameworks(checks, python, home):
    with Server("--auth", "required") as server, Provider() as provider:
        keyed(server)
        ran = quiet(python, os.path.join(HERE, "frameworks.py"), provider.url, env=environment(server, home), seconds=120 * PATIENCE)
        if not checks.check("four frameworks run", ran.returncode == 0, ran.stdout[-500:] + ran.stderr[-1500:]):
            return
        checks.check("an error of the client is the program's as ever", "raised as ever: BadRequestError" in ran.stdout, ran.stdout)
        checks.check("everything is delivered", "flushed True" in ran.stdout and "refused=0" in ran.stdout, ran.stdout)
        for name in ("OpenAI", "Anthropic", "LangChain", "OpenAI Agents"):
            checks.check(f"{name} is switched on", f"framework {name} on " in ran.stdout, ran.stdout)
        server.stored()
        listed = sessions_of(server)
        for session, wanted in FRAMEWORKS.items():
            got = listed.get(session, {})
            checks.equal(f"{session}: calls, tools, tokens and cost", tuple(got.get(name) for name in ("llm_calls", "tool_calls", "tokens", "cost_usd")), wanted)
            checks.equal(f"{session}: whose", [got.get(name) for name in ("user_id", "task", "team", "environment", "tags", "trace_count")],
                         ["u-1", "forecast", "support", "test", ["real"], 1])
        checks.equal("the provider counted the same", sum(one["tokens"] or 0 for one in listed.values()), sum(total + out for _, total, _, out in provider.calls))
        scores = server.get("/api/v1/sessions/chat-openai")["scores"]
        checks.equal("its score and outcome", ([(one["name"], one["value"], one["comment"]) for one in scores], listed["chat-openai"]["outcome"]), ([("helpful", 0.75, "fine")], "done"))
        lost = [one for one in listed.values() if one["status"] == "error"]
        checks.equal("the failed call is an error, once", [(one["llm_calls"], one["error_count"]) for one in lost], [(1, 1)])
        said = server.get("/api/v1/sessions/chat-langchain")["conversation"]
        checks.check("the conversation can be read", any("Rome" in json.dumps(one) for one in said) and any("sunny" in json.dumps(one) for one in said), said)


def words(checks, run, home, name):
    with Server("--auth", "required") as server:
        keyed(server)
        server.post("/api/public/v2/prompts", {"name": "refund", "prompt": "Be {{tone}}.", "labels": ["production"]})
        ran, said = words_of(run, server, home)
        if not checks.check(f"{name}: prompts, datasets and experiments run", said, ran.stderr[-1500:]):
            return
        checks.equal("prompts", (said["missing"], said["prompt"]), (["Hello you", "default"], [1, "Be kind.", "server"]))
        checks.equal("cases and means", (said["cases"], said["means"]), (["case-France", "case-Italy", "case-Spain"], {"exact": 0.5}))
        checks.check("a case that failed is told", any("KeyError" in one for one in said["errors"]) and said["errors"].count("") == 2, said["errors"])
        checks.check("everything is delivered", said["flushed"], ran.stderr)
        server.stored()
        run = server.get("/api/public/datasets/capitals/runs/run-1")
        checks.equal("the run has its traces", {one["datasetItemId"]: one["traceId"] for one in run["datasetRunItems"]}, said["traces"])
        one = server.get("/api/v1/traces/" + said["traces"]["case-France"])
        checks.equal("a trace of it has its score", [(score["name"], score["value"]) for score in one["scores"]], [("exact", True)])
        call_ = next(span for span in one["spans"] if span["kind"] == "llm")
        checks.equal("its call is priced and names its prompt", (call_["cost_usd"], call_["prompt"]), ("0.0028", {"name": "refund", "version": "1"}))
        shop = server.get("/api/v1/traces/" + said["trace"])
        checks.equal("a guardrail that blocked is no error of the run that went on", (shop["trace"]["status"], shop["trace"]["error_count"]), ("ok", 0))
        checks.equal("it is shown as blocked", [(span["kind"], span["status"], span["error"]["message"]) for span in shop["spans"] if span["kind"] == "guardrail"],
                     [("guardrail", "blocked", "a card number")])
        stopped = server.get("/api/v1/traces/" + said["stopped"])["trace"]
        checks.equal("a run that it ended is blocked, and no error", (stopped["status"], stopped["error_count"]), ("blocked", 0))
        checks.equal("whose it is", [shop["trace"][name] for name in ("session_id", "user_id", "task", "customer", "team", "outcome", "agent")],
                     ["shop-1", "u-9", "claim", "acme", "support", "not done", "shop agent"])
        checks.equal("its score", [(score["name"], score["value"]) for score in shop["scores"]], [("polite", True)])


def outage(checks, run, home, name):
    """The server is killed in the middle and comes back later; a program that ends meanwhile leaves its part to the next one."""
    with Server("--auth", "required") as server:
        keyed(server)
        at, env = f"127.0.0.1:{server.port}", environment(server, home)
        first = subprocess.Popen([*run, "long", "100", "0.06", "stay"], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(2.5)
        server.kill()
        second = quiet(*run, "short", "20", "0.01", env=env, seconds=60 * PATIENCE)
        checks.check(f"{name}: a program ends though the server is away, and says where its telemetry is", second.returncode == 0 and "telemetry waits in" in second.stderr, second.stderr[-600:])
        time.sleep(1)
        again = Server("--auth", "required", data=server.home, key=server.key, listen=at)
        try:
            out, wrong = first.communicate(timeout=90 * PATIENCE)
            checks.check(f"{name}: a program that goes on delivers all", first.returncode == 0 and "refused=0" in out and "overflowed=0" in out, out + wrong[-600:])
            third = quiet(*run, "third", "1", "0.01", "stay", env=env, seconds=60 * PATIENCE)
            checks.check(f"{name}: the next one ends well", third.returncode == 0, third.stderr[-600:])
            again.stored()
            for session, wanted in (("long", 100), ("short", 20), ("third", 1)):
                spans = again.get(f"/api/v1/spans?filter=session%3D{session}&limit=1000")["spans"]
                checks.equal(f"{name}: {session}: every step stands once", (len(spans), len({one["name"] for one in spans})), (wanted, wanted))
            scores = again.get("/api/public/v2/scores?name=number&limit=100")["meta"]["totalItems"]
            checks.equal(f"{name}: every score stands once", scores, 121)
        finally:
            again.stop()


class Wrong:
    """Servers that no client deserves: `absent`, `slow` (answers after 30 s), `garbage`, `500`, `closes`."""

    def __init__(self, how):
        import socket
        self.how, self.socket = how, socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        if how == "absent":
            self.socket.close()
        else:
            threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(peer,), daemon=True).start()

    def answer(self, peer):
        try:
            peer.recv(65536)
            if self.how == "slow":
                time.sleep(30)
            elif self.how == "garbage":
                peer.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{\"a\":\xff\xfe]}")
            elif self.how == "500":
                peer.sendall(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            peer.close()
        except OSError:
            pass

    def close(self):
        if self.how != "absent":
            self.socket.close()


def wrong_servers(checks, run, home, name):
    for how in ("absent", "slow", "garbage", "500", "closes"):
        server = Wrong(how)
        ran = quiet(*run, env=environment(server.url, os.path.join(home, how)), seconds=60 * PATIENCE)
        took = re.search(r"the end after ([\d.]+) s", ran.stdout)
        checks.check(f"{name}: nothing raises when the server is: {how}", ran.returncode == 0 and took, ran.stdout[-300:] + ran.stderr[-1200:])
        checks.check(f"{name}: and nothing waits for long: {how}", took and float(took[1]) < 45 * PATIENCE, ran.stdout)
        server.close()


def python_part(checks, home):
    python = python_with_everything()
    if python is None:
        print("  skipped: sdk/python: its dependencies cannot be had without a network")
        return
    if not wheel(checks, python):
        return
    typed = quiet(python, "-m", "mypy", cwd=os.path.join(ROOT, "sdk/python"))
    checks.check("mypy finds nothing", typed.returncode == 0, typed.stdout[-800:])
    count_unittest(checks, "unit tests of sdk/python", quiet(python, "-m", "unittest", "discover", "-s", "tests", cwd=os.path.join(ROOT, "sdk/python"), seconds=120 * PATIENCE))
    frameworks(checks, python, os.path.join(home, "frameworks"))
    words(checks, [python, os.path.join(HERE, "words.py")], os.path.join(home, "words"), "python")
    outage(checks, [python, os.path.join(HERE, "steady.py")], os.path.join(home, "outage"), "python")
    wrong_servers(checks, [python, os.path.join(HERE, "anyway.py")], os.path.join(home, "wrong"), "python")


def node_with_everything():
    return node_with("own_sdks/node", HERE)


def tarball(checks, place):
    """Builds the package as a user would get it, looks inside, unpacks it where npm would; the folder it was built in."""
    built = os.path.join(PLACE, "typescript")
    shutil.rmtree(built, ignore_errors=True)
    shutil.copytree(os.path.join(ROOT, "sdk/typescript"), built, ignore=shutil.ignore_patterns("node_modules", "dist"))
    os.symlink(os.path.join(place, "node_modules"), os.path.join(built, "node_modules"))
    compiled = quiet(os.path.join(place, "node_modules/.bin/tsc"), "-p", "tsconfig.json", cwd=built)
    if not checks.check("it compiles", compiled.returncode == 0, compiled.stdout[-1500:]):
        return None
    packed = quiet("npm", "pack", "--ignore-scripts", "--silent", cwd=built)
    name = packed.stdout.strip().splitlines()[-1] if packed.returncode == 0 and packed.stdout.strip() else ""
    if not checks.check("a tarball is made", name.endswith(".tgz"), packed.stderr[-800:]):
        return None
    target = os.path.join(place, "node_modules/pawl-sdk")
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target)
    quiet("tar", "xzf", os.path.join(built, name), "-C", target, "--strip-components=1")
    held = {os.path.relpath(os.path.join(at, file), target) for at, _, files in os.walk(target) for file in files}
    checks.check("it has its types and its README, and no tests", {"dist/index.js", "dist/index.d.ts", "dist/register.mjs", "README.md"} <= held and not any("test" in one for one in held), held)
    return built


# As above; Vercel AI calls twice as well, and a streamed call is not made: its instrumentation reports no tokens.
JS_FRAMEWORKS = {
    "js-openai": (2, 1, 440, "0.001045"),
    "js-anthropic": (2, 1, 440, "0.000555"),
    "js-langchain": (3, 1, 560, "0.001117"),
    "js-agents": (2, 1, 440, "0.001045"),
    "js-vercel": (2, 1, 440, "0.001045"),
}


def js_frameworks(checks, place, home):
    with Server("--auth", "required") as server, Provider() as provider:
        keyed(server)
        ran = quiet("node", os.path.join(place, "frameworks.mjs"), provider.url, env=environment(server, home), seconds=120 * PATIENCE)
        if not checks.check("five frameworks run", ran.returncode == 0, ran.stdout[-500:] + ran.stderr[-1500:]):
            return
        checks.check("an error of the client is the program's as ever", "raised as ever: BadRequestError" in ran.stdout, ran.stdout)
        checks.check("everything is delivered", "flushed true" in ran.stdout and '"refused":0' in ran.stdout, ran.stdout)
        server.stored()
        listed = sessions_of(server)
        for session, wanted in JS_FRAMEWORKS.items():
            got = listed.get(session, {})
            checks.equal(f"{session}: calls, tools, tokens and cost", tuple(got.get(name) for name in ("llm_calls", "tool_calls", "tokens", "cost_usd")), wanted)
            checks.equal(f"{session}: whose", [got.get(name) for name in ("user_id", "task", "team", "environment", "tags", "trace_count")],
                         ["u-1", "forecast", "support", "test", ["real"], 1])
        checks.equal("the provider counted the same", sum(one["tokens"] or 0 for one in listed.values()), sum(total + out for _, total, _, out in provider.calls))
        lost = [one for one in listed.values() if one["status"] == "error"]
        checks.equal("the failed call is an error, once", [(one["llm_calls"], one["error_count"]) for one in lost], [(1, 1)])


def registered(checks, place, home):
    """`pawl-sdk/register` before a program without a word of Pawl in it, both kinds of modules, each way of asking for it."""
    for name in ("plain.mjs", "plain.cjs"):
        shutil.copy(os.path.join(HERE, name), place)
    for flag, program in (("--import", "plain.mjs"), ("--import", "plain.cjs"), ("--require", "plain.cjs")):
        with Server("--auth", "required") as server, Provider() as provider:
            keyed(server)
            env = environment(server, os.path.join(home, flag.strip("-") + program), OPENAI_API_KEY="k", OPENAI_BASE_URL=provider.url + "/v1")
            ran = quiet("node", flag, "pawl-sdk/register", os.path.join(place, program), "a b", cwd=place, env=env, seconds=60 * PATIENCE)
            name = f"node {flag} pawl-sdk/register {program}"
            checks.check(f"{name}: what it prints and its exit code are its own", ran.returncode == 7 and "a b" in ran.stdout, (ran.returncode, ran.stdout, ran.stderr[-800:]))
            server.stored()
            calls = server.get("/api/v1/spans?filter=kind%3Dllm&limit=100")["spans"]
            checks.equal(f"{name}: the call is there, once", [(one["cost_usd"], one["status"]) for one in calls], [("0.00036", "ok")])


def typescript_part(checks, home):
    place = node_with_everything()
    if place is None:
        print("  skipped: sdk/typescript: its dependencies cannot be had without a network")
        return
    built = tarball(checks, place)
    if built is None:
        return
    tests = sorted(os.path.join("tests", name) for name in os.listdir(os.path.join(built, "tests")) if name.endswith(".test.mjs"))
    ran = quiet("node", "--test", "--test-reporter=tap", "--test-timeout=90000", *tests, cwd=built, seconds=200 * PATIENCE)
    counted = {word: int(number) for word, number in re.findall(r"^# (pass|fail|cancelled) (\d+)$", ran.stdout, re.M)}
    checks.passed += counted.get("pass", 0)
    checks.failed += counted.get("fail", 0) + counted.get("cancelled", 0)
    checks.check("unit tests of sdk/typescript ran", ran.returncode == 0 and counted.get("pass", 0) > 25, "\n".join(re.findall(r"^not ok.*|^ +error:.*", ran.stdout, re.M)))
    for name in ("frameworks.mjs", "words.mjs", "steady.mjs", "anyway.mjs"):
        shutil.copy(os.path.join(HERE, name), place)
    registered(checks, place, os.path.join(home, "js-register"))
    js_frameworks(checks, place, os.path.join(home, "js-frameworks"))
    words(checks, ["node", os.path.join(place, "words.mjs")], os.path.join(home, "js-words"), "typescript")
    outage(checks, ["node", os.path.join(place, "steady.mjs")], os.path.join(home, "js-outage"), "typescript")
    wrong_servers(checks, ["node", os.path.join(place, "anyway.mjs")], os.path.join(home, "js-wrong"), "typescript")


def run_part(checks, home):
    """`pawl run`: programs without a word of Pawl in them. After the other parts, which install the SDKs."""
    python, place = python_with_everything(), node_with_everything()
    if python is None or place is None:
        print("  skipped: pawl run: the SDKs' dependencies cannot be had without a network")
        return
    shutil.copy(os.path.join(HERE, "plain.mjs"), place)
    with Server("--auth", "required") as server, Provider() as provider:
        keyed(server)
        env = environment(server, home, XDG_CACHE_HOME=os.path.join(home, "a cache"), OPENAI_API_KEY="k", OPENAI_BASE_URL=provider.url + "/v1")
        for name, words_ in (("Python", [python, os.path.join(HERE, "plain.py")]), ("Node", ["node", os.path.join(place, "plain.mjs")])):
            ran = quiet(BINARY, "run", "--", *words_, "--flag", "a b", env=env, seconds=60 * PATIENCE)
            checks.check(f"{name}: what it prints and its exit code are its own", ran.returncode == 7 and "--flag" in ran.stdout and "a b" in ran.stdout, (ran.returncode, ran.stdout, ran.stderr[-600:]))
            checks.check(f"{name}: it says where to", f"pawl run: tracing to {server.url}" in ran.stderr, ran.stderr[-600:])
        server.stored()
        calls = server.get("/api/v1/spans?filter=kind%3Dllm&limit=100")["spans"]
        checks.equal("each model call is there, once", [one["cost_usd"] for one in calls], ["0.00036", "0.00036"])
        ran = quiet(BINARY, "run", "--", sys.executable, "-c", "print(1)", env=env)
        checks.check("a Python without the SDK runs, and is told what to install", ran.returncode == 0 and ran.stdout == "1\n" and "no pawl-sdk" in ran.stderr, (ran.returncode, ran.stdout, ran.stderr))
        ran = quiet(BINARY, "run", "--", "node", "-e", "console.log(1)", env=env, cwd=home)
        checks.check("a Node without it too", ran.returncode == 0 and ran.stdout == "1\n" and "no pawl-sdk" in ran.stderr, (ran.returncode, ran.stdout, ran.stderr))
        for name, words_, code, says in (("nothing", [], 64, "Say what to run"), ("a program that is not there", ["--", "no-such-program"], 3, "no-such-program cannot be run"),
                                         ("a wrong address", ["--server", "ftp://x", "--", "true"], 64, "--server")):
            ran = quiet(BINARY, "run", *words_, env=env)
            checks.check(f"{name}: a clear word", ran.returncode == code and says in ran.stderr, (ran.returncode, ran.stderr))
        going = subprocess.Popen([BINARY, "run", "--", "sleep", "30"], env=env)
        time.sleep(0.5)
        going.terminate()
        checks.equal("a signal reaches the program", going.wait(10), -15)


PARTS = {"python": python_part, "typescript": typescript_part, "run": run_part}


def main():
    checks = Checks()
    home = os.path.join(PLACE, "home")
    shutil.rmtree(home, ignore_errors=True)
    os.makedirs(home)
    for name, part in PARTS.items():
        if not sys.argv[1:] or name in sys.argv[1:]:
            part(checks, home)
    checks.finish()


main()
