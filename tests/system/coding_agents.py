"""The real coding agents: `pawl connect` writes their settings, each runs a prompt with a command of the shell against a fake provider, and
what it did is found in Pawl: one session, every model call and tool once, its tokens and its cost, though it is told up to three times.

With PAWL_NO_NETWORK=1, or where a package cannot be had, it says what was skipped.
    coding_agents.py [claude|codex|gemini|gemini-events ...]
"""
import concurrent.futures
import decimal
import json
import os
import subprocess
import sys
import tempfile
import time

from fake_provider import Provider
from packages import node_with
from pawl import BINARY, PATIENCE, ROOT, Checks, Server, command

PROMPT = "Tell me the weather in Rome"


def claude(modules, provider):
    return ["node", os.path.join(modules, "@anthropic-ai/claude-code/cli-wrapper.cjs"), "-p", PROMPT, "--model", "claude-haiku-4-5", "--allowedTools", "Bash"], {
        "ANTHROPIC_BASE_URL": provider.url, "ANTHROPIC_API_KEY": "k", "DISABLE_AUTOUPDATER": "1", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"}


def codex(modules, provider):
    own = f'model_providers.fake={{name="fake",base_url="{provider.url}/v1",wire_api="responses",env_key="OPENAI_API_KEY"}}'
    return [os.path.join(modules, ".bin/codex"), "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-m", "gpt-4.1",
            "-c", 'model_provider="fake"', "-c", own, PROMPT], {"OPENAI_API_KEY": "k"}


def gemini(modules, provider):
    return [os.path.join(modules, ".bin/gemini"), "-p", PROMPT, "-m", "gemini-2.5-flash", "--yolo"], {
        "GEMINI_API_KEY": "k", "GOOGLE_GEMINI_BASE_URL": provider.url, "GEMINI_CLI_TRUST_WORKSPACE": "true"}


# How it is started; its tool for the shell and how it is called; USD a million tokens: uncached, cached, output.
AGENTS = {
    "gemini-events": (gemini, ("run_shell_command", {"command": "echo sunny", "description": "Says it."}), ("0.3", "0.03", "2.5")),  # first: what only events tell is settled after 30 s
    "claude": (claude, ("Bash", {"command": "echo sunny", "description": "Says it."}), ("1", "0.1", "5")),
    "codex": (codex, ("exec_command", {"cmd": "echo sunny"}), ("2", "0.5", "8")),
    # Its spans do not tell that a token was cached; the events that do, name no span, and are believed where there are no spans.
    "gemini": (gemini, ("run_shell_command", {"command": "echo sunny", "description": "Says it."}), ("0.3", "0.3", "2.5")),
}


def cost_of(calls, prices):
    uncached, cheap, output = map(decimal.Decimal, prices)
    return sum((total - cached) * uncached + cached * cheap + out * output for _, total, cached, out in calls) / 1_000_000


def told(server, provider, tool, prices):
    """What is in Pawl against what the agent did: [(name, holds, got)]."""
    listed = server.get("/api/v1/sessions?limit=50&from=1970-01-01T00:00:00Z", key=server.sdk_key)["sessions"]
    sessions = [one for one in listed if one["session_id"]]  # the test span of `pawl connect` has none
    one, calls = (sessions or [{}])[0], provider.calls
    steps = server.get("/api/v1/spans?filter=kind%3Dtool&limit=200&from=1970-01-01T00:00:00Z", key=server.sdk_key)["spans"]
    tools = [step["tool"] and step["tool"]["name"] for step in steps if not step["noise"]]
    return [("one session", len(sessions) == 1, [each["session_id"] for each in listed]),
            ("two model calls were made", len(calls) == 2, calls),
            ("each model call is there once", one.get("llm_calls") == len(calls), one),
            ("its tool, once", (one.get("tool_calls"), tools) == (1, [tool]), (tools, one)),
            ("its tokens", one.get("tokens") == sum(total + out for _, total, _, out in calls), (calls, one)),
            ("its cost", decimal.Decimal(one.get("cost_usd") or 0) == cost_of(calls, prices), (cost_of(calls, prices), one)),
            ("nothing failed", one.get("error_count") == 0 and one.get("cost_unknown_calls") == 0, one)]


def try_agent(name, modules):
    start, tool, prices = AGENTS[name]
    checks = []
    with Server("--auth", "required") as server, Provider(tool) as provider, tempfile.TemporaryDirectory(prefix="pawl-agent-") as home:
        keys = [json.loads(command("key", "create", "--project", "default", "--scopes", scopes, "--data", server.data, "--json").stdout)["key"]
                for scopes in ("ingest,read,write", "read,operate")]
        server.sdk_key, server.key = keys
        server.wait_for(lambda: server.call("GET", "/metrics").status == 200, 30, "the keys")
        words, more = start(modules, provider)
        env = {"PATH": os.environ["PATH"], "HOME": home, "LANG": "C.UTF-8", "PAWL_KEY": server.sdk_key, **more}
        client, settings = name.partition("-")[0], os.path.join(home, ".gemini/settings.json")
        if client == "gemini":  # what a user has chosen before; and its key, which it takes from nowhere else
            env["OTEL_EXPORTER_OTLP_HEADERS"] = f"Authorization=Bearer%20{server.sdk_key}"
            os.makedirs(os.path.dirname(settings))
            with open(settings, "w", encoding="utf-8") as file:
                json.dump({"security": {"auth": {"selectedType": "gemini-api-key"}}}, file)
        wrote = subprocess.run([os.path.abspath(BINARY), "connect", client, "--server", server.url, "--write"], capture_output=True, text=True, env=env, cwd=home, check=False)
        checks.append(("pawl connect --write", wrote.returncode == 0 and "arrived after" in wrote.stdout, wrote.stdout[-400:] + wrote.stderr[-400:]))
        if name == "gemini-events":
            with open(settings, encoding="utf-8") as file:
                written = json.load(file)
            written["telemetry"]["traces"] = False
            with open(settings, "w", encoding="utf-8") as file:
                json.dump(written, file)
        ran = subprocess.run(words, capture_output=True, text=True, env=env, cwd=home, stdin=subprocess.DEVNULL, timeout=120 * PATIENCE, check=False)
        checks.append(("it answers", ran.returncode == 0 and "It is sunny" in ran.stdout, ran.stdout[-500:] + ran.stderr[-900:]))
        end = time.monotonic() + 45 * PATIENCE  # events wait up to 30 s for the span that they name
        while not all(holds for _, holds, _ in told(server, provider, tool[0], prices)) and time.monotonic() < end:
            time.sleep(0.2)
        server.stored()
        checks += told(server, provider, tool[0], prices)
    return checks


def main():
    checks = Checks()
    place = node_with("coding_agents", os.path.join(ROOT, "tests/coding_agents"))
    if place is None:
        print("  skipped: coding agents: their packages cannot be had without a network")
        checks.finish()
    tried = [name for name in AGENTS if not sys.argv[1:] or name in sys.argv[1:]]
    with concurrent.futures.ThreadPoolExecutor(2) as several:
        for name, results in zip(tried, several.map(lambda one: try_agent(one, os.path.join(place, "node_modules")), tried)):
            for what, holds, got in results:
                checks.check(f"{name}: {what}", holds, got)
    checks.finish()


main()
