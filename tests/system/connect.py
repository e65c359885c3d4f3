"""`pawl connect`: the settings of each client, written beside what is there; a test span that arrives; and what it says where something is wrong."""
import http.server
import json
import os
import re
import tempfile
import threading
import tomllib

from pawl import Checks, Server, command

CLIENTS = ["claude", "codex", "gemini", "otel", "langfuse", "langsmith", "openai-agents", "openinference", "openllmetry", "logfire", "adk", "agentops", "mlflow",
           "vercel-ai", "mastra"]


def connect(client, home, *flags, **env):
    clean = {name: "" for name in ("PAWL_KEY", "PAWL_LISTEN", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy")}
    return command("connect", *([client] if client else []), *flags, env={**clean, "HOME": home, **env})


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def every_client(checks, server, home):
    listed = connect("", home).stdout
    checks.equal("every client is listed", [line.split()[0] for line in listed.splitlines()[1:]], CLIENTS)
    for client in CLIENTS:
        said = connect(client, home, "--server", server.url)
        found = re.search(r"arrived after .*: (\S+)/traces/(\S+)", said.stdout)
        checks.check(f"{client}: the test span arrives", said.returncode == 0 and found, said.stdout + said.stderr)
        trace = server.call("GET", "/api/v1/traces/" + found.group(2)) if found else None
        checks.check(f"{client}: where it says, it is", trace and trace.status == 200 and len(trace.json()["spans"]) >= 1, trace and trace.body)
        checks.check(f"{client}: the settings name the server", server.url in said.stdout.split("\n\n", 1)[1], said.stdout)


def files(checks, server, home):
    claude = os.path.join(home, ".claude/settings.json")
    before = '{\n  // no comment here\n  "theme": "dark"\n}\n'.replace("  // no comment here\n", "") + "\n"
    write(claude, before)
    os.chmod(claude, 0o600)
    said = connect("claude", home, "--write", "--server", server.url)
    settings = json.loads(read(claude))
    checks.check("Claude Code's settings are kept and joined", said.returncode == 0 and settings["theme"] == "dark" and
                 settings["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == server.url, settings)
    checks.check("the difference is shown", "\n+    \"OTEL_LOGS_EXPORTER\": \"otlp\"," in said.stdout and "\n-  \"theme\"" in said.stdout, said.stdout)
    checks.equal("the file as it was stands beside it", read(claude + ".before-pawl"), before)
    checks.equal("its rights are kept", oct(os.stat(claude).st_mode & 0o777), "0o600")
    after = read(claude)
    again = connect("claude", home, "--write", "--server", server.url)
    checks.check("a second time changes nothing", read(claude) == after and "says so already" in again.stdout and
                 not os.path.exists(claude + ".before-pawl.2"), again.stdout)
    other = connect("claude", home, "--write", "--no-test", "--server", "http://127.0.0.1:9")
    checks.check("another address replaces one line", json.loads(read(claude))["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://127.0.0.1:9" and
                 os.path.exists(claude + ".before-pawl.2"), other.stdout + other.stderr)
    write(claude, '{"env": {"A": "1"}, // mine\n "x": 1}')
    broken = connect("claude", home, "--write", "--server", server.url)
    checks.check("a file with a comment is left alone", broken.returncode != 0 and "line 1" in broken.stderr and "Nothing was written" in broken.stderr and
                 read(claude).endswith('// mine\n "x": 1}'), broken.stderr)
    write(claude, '{"env": 7}')
    broken = connect("claude", home, "--write", "--server", server.url)
    checks.check("so is one of another shape", broken.returncode != 0 and read(claude) == '{"env": 7}', broken.stderr)

    codex = os.path.join(home, ".codex/config.toml")
    write(codex, 'model = "gpt-5-codex"\n\n[otel]\nenvironment = "dev"\nexporter = "none"\n\n[tools]\nweb_search = true\n')
    said = connect("codex", home, "--write", "--server", server.url)
    settings = tomllib.loads(read(codex))
    checks.check("Codex's settings are kept and joined", said.returncode == 0 and settings["model"] == "gpt-5-codex" and settings["tools"]["web_search"] and
                 settings["otel"]["environment"] == "dev" and settings["otel"]["exporter"]["otlp-http"]["endpoint"] == server.url + "/v1/logs" and
                 settings["otel"]["trace_exporter"]["otlp-http"]["endpoint"] == server.url + "/v1/traces", settings)
    after = read(codex)
    checks.check("a second time changes nothing there", "says so already" in connect("codex", home, "--write", "--server", server.url).stdout and read(codex) == after)
    for text, why in (("[otel\n", "line 1"), ('[otel.exporter."otlp-http"]\nendpoint = "x"\n', "[otel.exporter")):
        write(codex, text)
        broken = connect("codex", home, "--write", "--server", server.url)
        checks.check(f"Codex's file {text!r} is left alone", broken.returncode != 0 and why in broken.stderr and read(codex) == text, broken.stderr)

    made = connect("gemini", home, "--write", "--server", server.url)
    settings = json.loads(read(os.path.join(home, ".gemini/settings.json")))
    checks.check("Gemini CLI's settings are made", made.returncode == 0 and settings["telemetry"]["otlpEndpoint"] == server.url, settings)
    variables = os.path.join(home, "project/.env")
    write(variables, "# mine\nOPENAI_API_KEY=x\nexport LANGFUSE_HOST=\"https://old\"\n")
    connect("langfuse", home, "--write", "--file", variables, "--server", server.url)
    checks.equal("variables are kept and joined", read(variables),
                 f"# mine\nOPENAI_API_KEY=x\nexport LANGFUSE_HOST={server.url}\nLANGFUSE_BASE_URL={server.url}\nLANGFUSE_BASEURL={server.url}\n"
                 "LANGFUSE_PUBLIC_KEY=local\nLANGFUSE_SECRET_KEY=local\n")
    said = connect("openai-agents", home, "--write", "--server", server.url)
    checks.check("what is lines of a program is written nowhere", said.returncode == 64 and "lines of your program" in said.stderr, said.stderr)


class Stranger(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(502)
        self.end_headers()
        self.wfile.write(b"Bad Gateway")

    def log_message(self, *_):
        pass


def mistakes(checks, home):
    away = connect("otel", home, "--server", "http://127.0.0.1:1")
    checks.check("a server that is away", away.returncode == 3 and "does not answer" in away.stderr and "pawl serve" in away.stderr, away.stderr)
    wrong = connect("otel", home, "--server", "pawl.example.com")
    checks.check("an address that is none", wrong.returncode == 64 and "--server" in wrong.stderr, wrong.stderr)
    unknown = connect("cluade", home)
    checks.check("a client that is none", unknown.returncode == 64 and "Did you mean claude?" in unknown.stderr, unknown.stderr)
    stranger = http.server.HTTPServer(("127.0.0.1", 0), Stranger)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    proxy = connect("otel", home, "--server", f"http://127.0.0.1:{stranger.server_port}")
    checks.check("something else that answers", proxy.returncode == 3 and "not Pawl" in proxy.stderr and "proxy" in proxy.stderr, proxy.stderr)
    stranger.shutdown()
    alone = connect("otel", home, "--no-test", "--server", "http://127.0.0.1:1", HTTP_PROXY="http://proxy:3128")
    checks.check("a proxy in the client's way", alone.returncode == 0 and "Beware: HTTP_PROXY" in alone.stdout and "NO_PROXY" in alone.stdout, alone.stdout)
    meant = connect("otel", home, "--no-test", "--server", "http://127.0.0.1:1", HTTP_PROXY="http://proxy:3128", NO_PROXY="127.0.0.1")
    checks.check("… unless it is told not to", "Beware" not in meant.stdout, meant.stdout)


def keys(checks, home):
    with Server("--auth", "required") as server:
        def key(*words):
            return json.loads(command("key", "create", "--data", server.data, "--json", *words).stdout)["key"]

        all_of_it, sends, reads = key("--scopes", "ingest,read"), key("--scopes", "ingest"), key("--scopes", "read")
        server.wait_for(lambda: server.call("GET", "/api/public/projects", key=reads).status == 200, 5, "the key that was made last")
        none = connect("otel", home, "--server", server.url)
        checks.check("no key", none.returncode == 3 and "asks for a key" in none.stderr and "pawl key create" in none.stderr, none.stderr)
        wrong = connect("otel", home, "--server", server.url, "--key", "pawl_sk_" + "x" * 32)
        checks.check("a wrong key", wrong.returncode == 3 and "does not know this key" in wrong.stderr, wrong.stderr)
        other = connect("otel", home, "--server", server.url, "--project", "support", PAWL_KEY=all_of_it)
        checks.check("a key of another project", other.returncode == 3 and "belongs to the project default" in other.stderr, other.stderr)
        deaf = connect("otel", home, "--server", server.url, PAWL_KEY=reads)
        checks.check("a key that may not send", deaf.returncode == 3 and "scope ingest" in deaf.stderr, deaf.stderr)
        for client in ("claude", "codex", "otel", "langfuse", "langsmith", "openai-agents"):
            said = connect(client, home, "--server", server.url, "--project", "default", PAWL_KEY=all_of_it)
            checks.check(f"{client} with a key", said.returncode == 0 and "arrived after" in said.stdout and all_of_it in said.stdout, said.stdout + said.stderr)
            said = connect(client, home, "--server", server.url, PAWL_KEY=sends)
            checks.check(f"{client} with a key that may only send", said.returncode == 0 and "look for yourself" in said.stdout, said.stdout + said.stderr)


def main():
    checks = Checks()
    with tempfile.TemporaryDirectory(prefix="pawl-home-") as home:
        with Server() as server:
            every_client(checks, server, home)
            files(checks, server, home)
        mistakes(checks, home)
        keys(checks, home)
    checks.finish()


main()
