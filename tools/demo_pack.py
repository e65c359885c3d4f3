#!/usr/bin/env python3
"""demo_pack.py CORPUS: makes data/demo/ from a corpus folder, so that the repository stands alone.

CORPUS holds plan.jsonl and truth.json in demo/, trajectories in DOMAIN.jsonl, tool definitions in tools/DOMAIN.json and
LICENSES.md. Written are:

  data/demo/fleet.jsonl.zst   one JSON object a line: {"licences"}, then {"trajectory"}s that the plan uses, then its rows
                              {"session"} in order of time; src/app/demo/fleet.cc reads it, cmake/demo.cmake embeds it
  data/demo/truth.json        what the API must answer about it (tools/demo_check.py compares)
  data/demo/incidents.json    the sessions of each planted incident
  data/demo/LICENSES.md       of the sources

What is changed on the way, and nothing else: tasks' ground truths, labels and outcomes stay behind (answers of GAIA and
AssistantBench are not to be published); an observation that SWE-agent recorded as a user's message after a tool call is
a tool's message; a crew's run that opens without its question gets it as the user's message at the front; a
tool's result that was an error is marked as failed; a run that ends without a word ends with "Done.", as others do;
retail's instructions to a simulated user ("You are … You want …") are put into that user's mouth ("I am … I want …"). Needs the `zstd` program.
"""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "data", "demo")
DOMAINS = ("airline", "retail", "sql", "research", "coding", "injection")


FIRST_PERSON = ((r"\b[Yy]ou name is\b", "My name is"), (r"\b[Yy]ou are\b", "I am"), (r"\b[Yy]ou were\b", "I was"),
                (r"\b[Yy]ou(['’])re\b", r"I\1m"), (r"\b[Yy]ourself\b", "myself"), (r"\b[Yy]ours\b", "mine"),
                (r"\bYour\b", "My"), (r"\byour\b", "my"),
                (r"\b(to|for|with|of|from|by|about|give|gives|tell|tells|help|helps|let|lets|send|sends|ask|asks|makes) you\b",
                 r"\1 me"), (r"\b[Yy]ou\b", "I"))


def lines(path):
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def message_of(message, before):
    """One message; `before` is the one before it, as packed."""
    out = {"role": message["role"], "text": message.get("content") or ""}
    calls = message.get("tool_calls") or []
    assert len(calls) <= 1, "the demo knows one tool call a message"
    if calls:
        arguments = calls[0]["arguments"]
        out |= {"call": calls[0]["id"], "tool": calls[0]["name"], "arguments": arguments}
    asked = before is not None and before["role"] == "assistant" and "call" in before
    if out["role"] == "tool" or (out["role"] == "user" and asked):
        assert asked, "a tool's message follows the call"
        failed = "error" in message or out["text"].startswith("Error")
        out |= {"role": "tool", "call": before["call"], "tool": before["tool"]} | ({"failed": True} if failed else {})
    if message.get("agent"):
        out["speaker"] = message["agent"]
    return out


def trajectory_of(trajectory, tools):
    messages = []
    for message in trajectory["messages"]:
        messages.append(message_of(message, messages[-1] if messages else None))
    if messages[0]["role"] == "assistant":
        messages.insert(0, {"role": "user", "text": trajectory["task"]["instruction"]})
    if trajectory["domain"] == "retail":
        asked = next(message for message in messages if message["role"] == "user")
        for pattern, words in FIRST_PERSON:
            asked["text"] = re.sub(pattern, words, asked["text"])
    last = messages[-1]
    if last["role"] == "assistant" and not last["text"] and "call" not in last:
        last["text"] = "Done."
    definitions = []
    for reference in trajectory.get("tools") or []:
        file, name = reference.split("#")
        tool = tools.get(file, {}).get(name)
        if tool:
            definitions.append({"type": "function", "name": name, "description": tool.get("description", ""),
                                "parameters": tool.get("parameters", {})})
    return {"trajectory": trajectory["id"], "domain": trajectory["domain"], "tools": definitions, "messages": messages}


def check_prices(rows, truth):
    prices = truth["prices_usd_per_1M"]
    for row in rows:
        price = prices[row["model"]]
        fresh = row["input_tokens"] - row["cached_tokens"]
        cost = (fresh * price["input"] + row["cached_tokens"] * price["cached"] + row["output_tokens"] * price["output"]) / 1e6
        assert abs(cost - row["cost_usd"]) < 1e-6, f"{row['session']} costs {cost}, the plan says {row['cost_usd']}"


def main(corpus):
    rows = lines(os.path.join(corpus, "demo", "plan.jsonl"))
    with open(os.path.join(corpus, "demo", "truth.json"), encoding="utf-8") as f:
        truth = json.load(f)
    with open(os.path.join(corpus, "LICENSES.md"), encoding="utf-8") as f:
        licences = f.read()
    check_prices(rows, truth)
    tools = {}
    for name in sorted(os.listdir(os.path.join(corpus, "tools"))):
        with open(os.path.join(corpus, "tools", name), encoding="utf-8") as f:
            tools["tools/" + name] = json.load(f)
    used = {row["trajectory"] for row in rows}
    packed = [{"licences": licences}]
    for domain in DOMAINS:
        for trajectory in lines(os.path.join(corpus, domain + ".jsonl")):
            if trajectory["id"] in used:
                packed.append(trajectory_of(trajectory, tools))
    missing = used - {line.get("trajectory") for line in packed}
    assert not missing, f"the plan names unknown trajectories: {sorted(missing)[:5]}"
    packed += sorted(rows, key=lambda row: row["t"])
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in packed).encode()
    os.makedirs(OUT, exist_ok=True)
    path = os.path.join(OUT, "fleet.jsonl.zst")
    with open(path, "wb") as f:
        subprocess.run(["zstd", "--ultra", "-22", "--long=23", "-q", "-c"], input=text, stdout=f, check=True)
    with open(os.path.join(OUT, "truth.json"), "w", encoding="utf-8") as f:
        json.dump(truth, f, indent=1)
        f.write("\n")
    with open(os.path.join(OUT, "incidents.json"), "w", encoding="utf-8") as f:
        json.dump({incident["id"]: [row["session"] for row in rows if incident["id"] in row["incident"]]
                   for incident in truth["incidents"]}, f, indent=0)
        f.write("\n")
    with open(os.path.join(OUT, "LICENSES.md"), "w", encoding="utf-8") as f:
        f.write(licences)
    print(f"{len(used)} trajectories, {len(rows)} sessions: {len(text)} bytes, packed {os.path.getsize(path)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
