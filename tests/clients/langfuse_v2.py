"""langfuse 2: everything by ingestion, names of prompts with bare slashes, run items by hand."""
from telling import KEY, PUBLIC, URL, holds, until

from langfuse import Langfuse  # noqa: E402

client = Langfuse(host=URL, public_key=PUBLIC, secret_key=KEY)
holds("auth_check", client.auth_check())
trace = client.trace(name="support", user_id="user-7", session_id="sess-42", tags=["prod"], input={"q": "hi"})
generation = trace.generation(name="answer", model="acme-large", input=[{"role": "user", "content": "hi"}])
generation.end(output="hello", usage={"input": 10, "output": 5})
trace.update(output="done", tags=["late"])
trace.score(id="resolved", name="resolved", value=1)
trace.score(id="resolved", name="resolved", value=0)
client.create_prompt(name="folder/answer", prompt="Answer {{question}}", labels=["production"])
holds("a prompt with a bare slash", client.get_prompt("folder/answer").compile(question="x"), "Answer x")
client.create_dataset(name="qa")
client.create_dataset_item(dataset_name="qa", id="item-1", input="q", expected_output="a")
client.flush()
dataset = client.get_dataset("qa")
dataset.items[0].link(trace, "run-a", run_description="first")
client.flush()
holds("the run", [item.trace_id for item in client.get_dataset_run("qa", "run-a").dataset_run_items], [trace.id])
found = until("the trace", lambda: client.fetch_trace(trace.id).data)
holds("as it was told", (found.name, found.user_id, found.session_id, sorted(found.tags)), ("support", "user-7", "sess-42", ["late", "prod"]))
until("a score that was said twice is the last", lambda: [(one.name, one.value) for one in client.fetch_trace(trace.id).data.scores], [("resolved", 0.0)])
until("observations", lambda: [(one.name, one.type) for one in client.fetch_observations(trace_id=trace.id).data], [("answer", "GENERATION")])
holds("traces", [one.id for one in client.fetch_traces(session_id="sess-42").data], [trace.id])
holds("the end", True)
