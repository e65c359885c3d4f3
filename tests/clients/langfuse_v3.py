"""langfuse 3: traces by OTLP, scores by ingestion, experiments by run items, reads by page."""
import os

from telling import KEY, PUBLIC, URL, holds, until

os.environ.update(LANGFUSE_HOST=URL, LANGFUSE_PUBLIC_KEY=PUBLIC, LANGFUSE_SECRET_KEY=KEY)
from langfuse import Evaluation, get_client  # noqa: E402

client = get_client()
holds("auth_check", client.auth_check())
with client.start_as_current_span(name="agent", input={"q": "hi"}) as agent:
    client.update_current_trace(name="support", user_id="user-7", session_id="sess-42", tags=["prod"], metadata={"tenant": "acme"})
    with client.start_as_current_generation(name="gen", model="acme-large", input="hi") as generation:
        generation.update(output="hello", usage_details={"input": 10, "output": 5})
        generation.score(name="tone", value="friendly", data_type="CATEGORICAL")
    agent.update(output="done")
    trace = client.get_current_trace_id()
    client.score_current_trace(name="helpful", value=0.9)
client.create_prompt(name="folder/answer", prompt="Answer {{question}}", labels=["production"])
holds("a prompt", client.get_prompt("folder/answer").compile(question="x"), "Answer x")
client.create_dataset(name="qa")
for number, answer in enumerate(["Paris", "Rome"]):
    client.create_dataset_item(dataset_name="qa", id=f"item-{number}", input=number, expected_output=answer)
ran = client.get_dataset("qa").run_experiment(
    name="exp", run_name="run-a", task=lambda *, item, **_: "Paris",
    evaluators=[lambda *, output, expected_output, **_: Evaluation(name="exact", value=float(output == expected_output))],
    run_evaluators=[lambda *, item_results, **_: Evaluation(name="mean", value=0.5)])
client.flush()
run = until("the run", lambda: client.api.datasets.get_run("qa", "run-a"))
holds("with its items", sorted(item.dataset_item_id for item in run.dataset_run_items), ["item-0", "item-1"])
until("its score", lambda: [(score.name, score.value) for score in client.api.score_v_2.get(dataset_run_id=run.id).data], [("mean", 0.5)])
found = until("the trace", lambda: client.api.trace.get(trace))
holds("as it was told", (found.name, found.user_id, found.session_id, found.tags), ("support", "user-7", "sess-42", ["prod"]))
holds("with its observations", sorted(one.name for one in found.observations), ["agent", "gen"])
until("and scores", lambda: sorted(one.name for one in client.api.trace.get(trace).scores), ["helpful", "tone"])
listed = client.api.trace.list(limit=2, page=1, session_id="sess-42")
holds("listed by session", ([one.id for one in listed.data], listed.meta.total_items), ([trace], 1))
holds("observations by page", client.api.observations.get_many(trace_id=trace, limit=1, page=2).meta.total_pages, 2)
holds("sessions", [one.id for one in client.api.sessions.list().data], ["sess-42"])
holds("a session", [one.id for one in client.api.sessions.get("sess-42").traces], [trace])
holds("the end", True)
