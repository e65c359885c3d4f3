"""langfuse 5: traces, media, scores, prompts, a dataset, an experiment, reads, a deletion."""
import datetime
import os

from telling import KEY, PUBLIC, URL, holds, until

os.environ.update(LANGFUSE_BASE_URL=URL, LANGFUSE_PUBLIC_KEY=PUBLIC, LANGFUSE_SECRET_KEY=KEY)
from langfuse import Evaluation, get_client  # noqa: E402
from langfuse.media import LangfuseMedia  # noqa: E402

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082")
client = get_client()
holds("auth_check", client.auth_check())
holds("health", client.api.health.health().status, "OK")

with client.start_as_current_observation(name="agent", as_type="agent", input={"q": "hi"}) as agent:
    with client.start_as_current_observation(name="gen", as_type="generation", model="acme-large", input=[{"role": "user", "content": "hi"}]) as generation:
        generation.update(output="hello", usage_details={"input": 10, "output": 5})
        generation.score(name="tone", value="friendly", data_type="CATEGORICAL")
    agent.update(output={"a": 1}, input={"image": LangfuseMedia(content_bytes=PNG, content_type="image/png"), "q": "hi"})
    trace = client.get_current_trace_id()
    client.score_current_trace(name="helpful", value=0.9, comment="good", metadata={"by": "me"})

client.create_prompt(name="folder/answer", prompt="Answer {{question}}", labels=["production"], config={"m": 1}, tags=["t"])
client.create_prompt(name="chat", type="chat", prompt=[{"role": "system", "content": "Be {{tone}}"}, {"type": "placeholder", "name": "history"}], labels=["production"])
prompt = client.get_prompt("folder/answer")
holds("a prompt by its default label", (prompt.version, prompt.config, prompt.compile(question="x")), (1, {"m": 1}, "Answer x"))
said = client.get_prompt("chat", type="chat").compile(tone="kind", history=[{"role": "user", "content": "u"}])
holds("a chat prompt with a placeholder", [one["content"] for one in said], ["Be kind", "u"])
try:
    client.get_prompt("missing")
    holds("a missing prompt is an error", False)
except Exception as error:
    holds("a missing prompt is 404", type(error).__name__, "NotFoundError")
holds("a label moves", client.update_prompt(name="folder/answer", version=1, new_labels=["staging"]).labels, ["production", "staging", "latest"])

client.create_dataset(name="qa", description="d", metadata={"k": 1})
for number, (question, answer) in enumerate([("France", "Paris"), ("Italy", "Rome")]):
    client.create_dataset_item(dataset_name="qa", id=f"item-{number}", input={"q": question}, expected_output=answer)
dataset = client.get_dataset("qa")
holds("items in the order of their making", [item.expected_output for item in dataset.items], ["Paris", "Rome"])


def task(*, item, **_):
    return "Paris"


def exact(*, output, expected_output, **_):
    return Evaluation(name="exact", value=1.0 if output == expected_output else 0.0, comment="eq")


def mean(*, item_results, **_):
    return Evaluation(name="mean-exact", value=sum(one.evaluations[0].value for one in item_results) / len(item_results))


ran = dataset.run_experiment(name="exp", run_name="run-a", task=task, evaluators=[exact], run_evaluators=[mean])
client.flush()
since = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
until("the experiment has its id, items and score", lambda: [(one.id, one.item_count, [(score.name, score.value) for score in one.scores])
                                                            for one in client.api.experiments.list(from_start_time=since, fields="scores").data],
      [(ran.experiment_id, 2, [("mean-exact", 0.5)])])
until("its items have theirs", lambda: sorted((one.experiment_item_id, one.expected_output, [score.value for score in one.scores])
                                              for one in client.api.experiments.list_items(from_start_time=since, experiment_id=ran.experiment_id, fields="io,scores").data),
      [("item-0", "Paris", [1.0]), ("item-1", "Rome", [0.0])])
until("observations", lambda: sorted((one.type, one.name, one.output) for one in client.api.observations.get_many(trace_id=trace, fields="core,basic,io,usage").data),
      [("AGENT", "agent", {"a": 1}), ("GENERATION", "gen", "hello")])
holds("their input", [one.input for one in client.api.observations.get_many(trace_id=trace, type="GENERATION").data], [[{"role": "user", "content": "hi"}]])
until("scores", lambda: sorted((one.name, one.value) for one in client.api.scores.get_many(trace_id=trace).data), [("helpful", 0.9), ("tone", "friendly")])
kept = client.api.media.get(LangfuseMedia(content_bytes=PNG, content_type="image/png")._media_id)
holds("media", (kept.content_type, kept.content_length), ("image/png", len(PNG)))
seen, cursor = [], None
while True:
    page = client.api.observations.get_many(limit=3, cursor=cursor, fields="core")
    seen += [one.id for one in page.data]
    cursor = page.meta.cursor
    if not cursor:
        break
holds("pages end and repeat nothing", len(seen), len(set(seen)))
holds("a deletion is taken", "deleted" in client.api.trace.delete(trace).message)
holds("the end", True)
