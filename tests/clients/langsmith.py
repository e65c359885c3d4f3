"""langsmith: runs, feedback, tokens, datasets, evaluate() end to end, queries; at each base path."""
import os
import sys
import uuid

sys.path.append(sys.path.pop(0))  # the package `langsmith` before this file
from telling import KEY, URL, holds, until  # noqa: E402

os.environ.update(LANGSMITH_ENDPOINT=URL + "/langsmith", LANGSMITH_API_KEY=KEY, LANGSMITH_PROJECT="fixture-project", LANGSMITH_TRACING="true")
from langsmith import Client, evaluate, traceable  # noqa: E402


@traceable(run_type="llm", name="ChatX", metadata={"ls_provider": "acme", "ls_model_name": "acme-large"})
def model(_):
    return {"messages": [{"role": "assistant", "content": "hello"}], "usage_metadata": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}}


@traceable(run_type="chain", name="agent", tags=["prod"], metadata={"session_id": "sess-1"})
def agent(q):
    return model(q)


def everything(client, base):
    project = f"project-{uuid.uuid4().hex[:6]}"
    run_id = uuid.uuid4()
    agent("hi", langsmith_extra={"run_id": run_id, "client": client, "project_name": project})
    client.flush()
    run = until(f"{base}: the run", lambda: client.read_run(run_id))
    holds(f"{base}: as it was told", (run.name, run.inputs, run.status, run.tags, run.extra["metadata"].get("session_id")), ("agent", {"q": "hi"}, "success", ["prod"], "sess-1"))
    until(f"{base}: the project", lambda: client.read_project(project_name=project).name, project)
    until(f"{base}: runs of a project", lambda: sorted(one.name for one in client.list_runs(project_name=project)), ["ChatX", "agent"])
    holds(f"{base}: by a filter", [one.name for one in client.list_runs(project_name=project, filter='and(eq(run_type, "llm"), eq(name, "ChatX"))')], ["ChatX"])
    holds(f"{base}: roots", [one.name for one in client.list_runs(project_name=project, is_root=True)], ["agent"])
    client.create_feedback(run_id, "tone", value="friendly", comment="warm")
    client.create_feedback(run_id, "helpful", score=0.9)
    client.flush()
    token = client.create_presigned_feedback_token(run_id, "thumb")
    client.create_feedback_from_token(token.id, score=1)
    until(f"{base}: feedback", lambda: sorted((one.key, one.score, one.value) for one in client.list_feedback(run_ids=[run_id])),
          [("helpful", 0.9, None), ("thumb", 1, None), ("tone", None, "friendly")])
    evaluating(client, base)


def evaluating(client, base):
    name = f"qa-{uuid.uuid4().hex[:6]}"
    dataset = client.create_dataset(name, description="d")
    client.create_examples(dataset_id=dataset.id, examples=[{"inputs": {"q": "France"}, "outputs": {"a": "Paris"}, "metadata": {"w": 1}},
                                                            {"inputs": {"q": "Italy"}, "outputs": {"a": "Rome"}}])
    holds(f"{base}: examples", [one.outputs["a"] for one in client.list_examples(dataset_name=name)], ["Paris", "Rome"])
    ran = evaluate(lambda inputs: {"a": "Paris"}, data=name, experiment_prefix="exp", client=client,
                   evaluators=[lambda run, example: {"key": "exact", "score": run.outputs["a"] == example.outputs["a"]}],
                   summary_evaluators=[lambda runs, examples: {"key": "mean-exact", "score": 0.5}])
    holds(f"{base}: evaluate()", sorted(row["evaluation_results"]["results"][0].score for row in ran), [False, True])
    client.flush()
    until(f"{base}: its runs and examples", lambda: len({one.reference_example_id for one in client.list_runs(project_name=ran.experiment_name, is_root=True)}), 2)
    until(f"{base}: their feedback", lambda: sorted(one.score for run in client.list_runs(project_name=ran.experiment_name, is_root=True)
                                                    for one in client.list_feedback(run_ids=[run.id])), [0, 1])
    holds(f"{base}: the experiment refers to its dataset", client.read_project(project_name=ran.experiment_name).reference_dataset_id, dataset.id)


for prefix in ("/langsmith", "/langsmith/api/v1", ""):
    everything(Client(api_url=URL + prefix, api_key=KEY), prefix or "/")
holds("the end", True)
