"""Datasets of cases, and experiments: a function over every case, its traces and scores linked to it."""
from __future__ import annotations

import asyncio
import concurrent.futures
import datetime
import inspect
import json
import statistics
import threading
import time
import urllib.parse
from dataclasses import dataclass, field
from typing import Any, Callable, Iterator, Mapping, Sequence

from opentelemetry import context as otel_context

from ._http import Answer
from ._safe import log, went_wrong
from ._scores import _checked, score as give_score
from ._spans import plain, span
from ._start import Running, flush, running

PAGE = 100


class PawlError(Exception):
    """What check() raises, and nothing else of this package does."""


@dataclass(frozen=True)
class Case:
    id: str
    input: Any = None
    expected: Any = None
    metadata: Any = None


@dataclass
class Dataset:
    """The cases of a dataset. Where they could not be had, `error` says why; check() raises it."""
    name: str
    cases: list[Case] = field(default_factory=list)
    id: str = ""
    error: str = ""

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)

    def check(self) -> Dataset:
        if self.error:
            raise PawlError(self.error)
        return self

    def add(self, input: Any, expected: Any = None, *, metadata: Any = None, id: str | None = None, from_trace: str | None = None,
            from_span: str | None = None) -> Case | None:
        """A new case, or a new version of the one with this id; None where it could not be made (`error` says why)."""
        body = {"datasetName": self.name, "id": id, "input": plain(input), "expectedOutput": plain(expected), "metadata": plain(metadata),
                "sourceTraceId": from_trace, "sourceObservationId": from_span}
        said = self._ask("POST", "/api/public/dataset-items", {name: value for name, value in body.items() if value is not None})
        if said is None:
            return None
        made = _case_of(said)
        self.cases = [one for one in self.cases if one.id != made.id] + [made]
        return made

    def _ask(self, method: str, path: str, value: Any = None) -> Any:
        now = running()
        answer = now.http.ask_json(method, path, value) if now is not None else Answer(why="pawl.init() was not called")
        try:
            if answer.good:
                return answer.json()
            self.error = f"dataset {self.name}: {answer.message()}"
        except ValueError as wrong:
            self.error = f"dataset {self.name}: the server's answer cannot be read: {wrong}"
        log.warning("%s", self.error)
        return None


def _case_of(said: Mapping[str, Any]) -> Case:
    return Case(str(said["id"]), said.get("input"), said.get("expectedOutput"), said.get("metadata"))


def dataset(name: str, *, create: bool = False, description: str | None = None) -> Dataset:
    """The dataset of this name with its cases; `create=True` makes it where it is missing. Never raises (see check())."""
    found = Dataset(name)
    try:
        _read(found, create, description)
    except Exception as wrong:
        found.error = f"dataset {name}: {type(wrong).__name__}: {wrong}"
        went_wrong("dataset", wrong)
    return found


def _read(found: Dataset, create: bool, description: str | None) -> None:
    if create:
        said = found._ask("POST", "/api/public/v2/datasets", {"name": found.name, **({"description": description} if description else {})})
    else:
        said = found._ask("GET", "/api/public/v2/datasets/" + urllib.parse.quote(found.name, safe=""))
    if said is None:
        return
    found.id = str(said["id"])
    page = 1
    while True:
        said = found._ask("GET", f"/api/public/dataset-items?datasetName={urllib.parse.quote(found.name, safe='')}&limit={PAGE}&page={page}")
        if said is None:
            found.cases = []  # half a dataset is none
            return
        found.cases += [_case_of(one) for one in said["data"]]
        if page >= int(said["meta"]["totalPages"]) or not said["data"]:
            return
        page += 1


@dataclass
class Tried:
    """One case of an experiment: what came out, how it was judged, in which trace."""
    case: Case
    output: Any = None
    error: str = ""
    scores: dict[str, float | bool | str] = field(default_factory=dict)
    trace_id: str = ""
    duration_s: float = 0.0


@dataclass
class Experiment:
    """What became of an experiment. `ok`: every case ran and everything is at the server; check() raises what is not so."""
    name: str
    dataset: str
    tried: list[Tried] = field(default_factory=list)
    error: str = ""
    url: str = ""

    @property
    def ok(self) -> bool:
        return not self.error and all(not one.error for one in self.tried)

    @property
    def means(self) -> dict[str, float]:
        """Of each score that is a number or True and False, over the cases that have it."""
        found: dict[str, list[float]] = {}
        for one in self.tried:
            for name, value in one.scores.items():
                if not isinstance(value, str):
                    found.setdefault(name, []).append(float(value))
        return {name: statistics.fmean(values) for name, values in found.items()}

    def check(self) -> Experiment:
        failed = [f"case {one.case.id}: {one.error}" for one in self.tried if one.error]
        if self.error or failed:
            raise PawlError("; ".join([self.error] * bool(self.error) + failed[:5] + ([f"and {len(failed) - 5} more"] if len(failed) > 5 else [])))
        return self

    def __str__(self) -> str:
        means = ", ".join(f"{name} {value:.4g}" for name, value in sorted(self.means.items()))
        failed = sum(1 for one in self.tried if one.error)
        return f"{self.name} on {self.dataset}: {len(self.tried)} cases, {failed} failed{'; ' + means if means else ''}{'; ' + self.error if self.error else ''}"


Scorer = Callable[..., Any]


def experiment(
    name: str,
    dataset: str | Dataset | Sequence[Any],
    run: Callable[..., Any],
    scorers: Sequence[Scorer] = (),
    *,
    run_name: str | None = None,
    description: str | None = None,
    metadata: Mapping[str, object] | None = None,
    concurrency: int = 4,
) -> Experiment:
    """Runs a function over every case of a dataset, each in a trace of its own, and judges what came out.

    `run(input)`, or with any of the words case, input, expected, metadata; plain or async. A scorer takes any of the words
    output, expected, input, case, metadata and returns a number, True or False, a word, or {name: one of these}; its name is
    the function's. A case that fails is told in `error` of its `tried`, and stops no other. Never raises (see check()).
    """
    moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    result = Experiment(run_name or f"{name} {moment}", dataset if isinstance(dataset, str) else getattr(dataset, "name", "local cases"))
    try:
        _experiment(result, name, dataset, run, scorers, description, metadata, concurrency)
    except Exception as wrong:
        result.error = result.error or f"{type(wrong).__name__}: {wrong}"
        went_wrong("experiment", wrong)
    return result


def _cases(result: Experiment, given: str | Dataset | Sequence[Any]) -> tuple[list[Case], bool]:
    """The cases, and whether the server knows them."""
    if isinstance(given, str):
        given = globals()["dataset"](given)
    if isinstance(given, Dataset):
        result.error = given.error
        return list(given.cases), True
    cases = []
    for number, one in enumerate(given):
        if isinstance(one, Case):
            cases.append(one)
        elif isinstance(one, Mapping) and "input" in one:
            cases.append(Case(str(one.get("id", number)), one["input"], one.get("expected"), one.get("metadata")))
        else:
            cases.append(Case(str(number), one))
    return cases, False


def _experiment(result: Experiment, name: str, given: str | Dataset | Sequence[Any], run: Callable[..., Any], scorers: Sequence[Scorer],
                description: str | None, metadata: Mapping[str, object] | None, concurrency: int) -> None:
    now = running()
    cases, linked = _cases(result, given)
    if not cases and not result.error:
        result.error = f"the dataset {result.dataset} has no cases"
    result.tried = [Tried(case) for case in cases]
    say = threading.Lock()

    def one(tried: Tried) -> None:
        token = otel_context.attach(otel_context.Context())  # a trace of its own, whatever is running around
        try:
            _try(tried, name, run, scorers)
            if now is not None and linked and tried.trace_id:
                _link(now, result.name, tried, description, metadata)
        except Exception as wrong:  # of ours, never of the function: that is told in tried.error
            with say:
                went_wrong("experiment", wrong)
        finally:
            otel_context.detach(token)

    with concurrent.futures.ThreadPoolExecutor(max(1, min(concurrency, 64)), thread_name_prefix="pawl case") as pool:
        list(pool.map(one, result.tried))
    if now is None:
        result.error = result.error or "pawl.init() was not called: nothing was recorded"
    elif not flush(30.0) and not result.error:
        result.error = f"not everything is at the server: {now.delivery.status().last_error}"


def _link(now: Running, run_name: str, tried: Tried, description: str | None, metadata: Mapping[str, object] | None) -> None:
    body = {"runName": run_name, "datasetItemId": tried.case.id, "traceId": tried.trace_id}
    if description:
        body["runDescription"] = description
    if metadata:
        body["metadata"] = plain(metadata)
    now.delivery.put("run-items", body, len(json.dumps(body)))


def _try(tried: Tried, name: str, run: Callable[..., Any], scorers: Sequence[Scorer]) -> None:
    case = tried.case
    began = time.monotonic()
    words = {"case": case, "input": case.input, "expected": case.expected, "metadata": case.metadata}
    try:
        with span(name, "workflow") as made:
            tried.trace_id = made.trace_id
            made.set("pawl.experiment.case", case.id).input(case.input)
            tried.output = _called(run, words, case.input)
            made.output(tried.output)
    except Exception as wrong:
        tried.error = f"{type(wrong).__name__}: {wrong}"
    tried.duration_s = time.monotonic() - began
    if tried.error:
        return
    for scorer in scorers:
        _judge(tried, scorer, {**words, "output": tried.output})


def _judge(tried: Tried, scorer: Scorer, words: Mapping[str, Any]) -> None:
    title = getattr(scorer, "__name__", type(scorer).__name__)
    try:
        said = _called(scorer, words, words["output"])
        for one, value in (said.items() if isinstance(said, Mapping) else [(title, said)]):
            if value is None:
                continue
            _checked(str(one), value)
            tried.scores[str(one)] = value
            give_score(str(one), value, trace_id=tried.trace_id or None)
    except Exception as wrong:
        tried.error = f"scorer {title}: {type(wrong).__name__}: {wrong}"


def _called(work: Callable[..., Any], words: Mapping[str, Any], only: Any) -> Any:
    """Calls it with the words that it names, else with the one value; an async one is waited for."""
    try:
        parameters = inspect.signature(work).parameters
    except (TypeError, ValueError):
        parameters = {}  # type: ignore[assignment]
    named = {name: words[name] for name, one in parameters.items() if name in words and one.kind is not inspect.Parameter.POSITIONAL_ONLY}
    wide = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    if wide:
        named = dict(words)
    given = work(**named) if named else work(only)
    return asyncio.run(_waited(given)) if inspect.isawaitable(given) else given


async def _waited(given: Any) -> Any:
    return await given
