"""Spans by hand: `span`, `@trace`, `guardrail`; and whose they are: `session`, `user`, `task`, `outcome`."""
from __future__ import annotations

import contextlib
import functools
import inspect
import json
import logging
from typing import Any, AsyncGenerator, Callable, Generator, Iterable, Iterator, Literal, TypeVar, get_args, overload

from opentelemetry import trace as otel_trace
from opentelemetry.trace import Status, StatusCode

from . import _context
from ._safe import guarded, say_once, went_wrong
from ._start import running
from ._version import __version__ as VERSION

Kind = Literal["agent", "llm", "tool", "retriever", "embedding", "reranker", "guardrail", "evaluator", "handoff", "workflow", "other"]
KINDS = get_args(Kind)
F = TypeVar("F", bound=Callable[..., Any])


def plain(value: object, depth: int = 0) -> Any:
    """Something that JSON can say; objects by their fields, what is neither by its name. Never raises, never endless."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if depth > 12:
        return str(type(value).__name__)
    try:
        if isinstance(value, bytes):
            return f"<{len(value)} bytes>"
        if isinstance(value, dict):
            return {str(k): plain(v, depth + 1) for k, v in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [plain(one, depth + 1) for one in value]
        for method in ("model_dump", "to_dict", "dict", "_asdict"):
            dump = getattr(value, method, None)
            if callable(dump) and not isinstance(value, type):
                return plain(dump(), depth + 1)
        if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
            return {name: plain(getattr(value, name), depth + 1) for name in value.__dataclass_fields__}
        return str(value)
    except Exception:
        return f"<{type(value).__name__}>"


def text_of(value: object, most: int) -> str:
    """A text as it is, else JSON; cut where it is too long."""
    text = value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False, default=str)
    return text if len(text) <= most else text[:most] + f"… ({len(text) - most} more characters were cut)"


BLOCKING = "_pawl_blocking"  # on an exception that left a guardrail that blocked


class Told:
    """A span that is running: what went in, what came out, which model, what it cost. Every method returns the span."""

    def __init__(self, span: otel_trace.Span, name: str, kind: str) -> None:
        self._span, self._name, self._kind = span, name, kind
        context = span.get_span_context()
        self.trace_id = f"{context.trace_id:032x}" if context.is_valid else ""
        self.span_id = f"{context.span_id:016x}" if context.is_valid else ""

    def _write(self, name: str, value: object) -> None:
        now = running()
        if now is not None and self._span.is_recording():
            self._span.set_attribute(name, text_of(value, now.settings.value_bytes))

    def _content(self, tool_name: str, name: str, value: object) -> None:
        now = running()
        if now is not None and now.settings.content:
            self._write(tool_name if self._kind == "tool" else name, value)

    @guarded(lambda: None)
    def _in(self, value: object) -> None:
        messages = isinstance(value, list) and value and isinstance(value[0], dict) and "role" in value[0]
        self._content("gen_ai.tool.call.arguments", "gen_ai.input.messages" if messages else "gen_ai.input", value)

    @guarded(lambda: None)
    def _out(self, value: object) -> None:
        messages = isinstance(value, list) and value and isinstance(value[0], dict) and "role" in value[0]
        self._content("gen_ai.tool.call.result", "gen_ai.output.messages" if messages else "gen_ai.output", value)

    def input(self, value: object) -> Told:
        self._in(value)
        return self

    def output(self, value: object) -> Told:
        self._out(value)
        return self

    def set(self, name: str, value: object) -> Told:
        """An attribute: to be filtered by as attr.NAME."""
        try:
            self._span.set_attribute(name, value if isinstance(value, (str, bool, int, float)) else text_of(value, 100_000))
        except Exception as wrong:
            went_wrong("set", wrong)
        return self

    def model(self, name: str, *, provider: str | None = None, served: str | None = None) -> Told:
        for attribute, value in (("gen_ai.request.model", name), ("gen_ai.provider.name", provider), ("gen_ai.response.model", served)):
            if value:
                self.set(attribute, value)
        return self

    def usage(self, *, input: int | None = None, output: int | None = None, cache_read: int | None = None, cache_write: int | None = None,
              reasoning: int | None = None, cost_usd: float | None = None) -> Told:
        """Tokens of a model call. `input` holds the cached ones too, `output` the reasoning, as providers count them."""
        for attribute, value in (("gen_ai.usage.input_tokens", input), ("gen_ai.usage.output_tokens", output),
                                 ("gen_ai.usage.cache_read.input_tokens", cache_read), ("gen_ai.usage.cache_creation.input_tokens", cache_write),
                                 ("gen_ai.usage.reasoning.output_tokens", reasoning), ("gen_ai.usage.cost", cost_usd)):
            if value is not None:
                self.set(attribute, value)
        return self

    def score(self, name: str, value: float | bool | str, *, comment: str | None = None) -> Told:
        from ._scores import score
        score(name, value, comment=comment, trace_id=self.trace_id, span_id=self.span_id)
        return self

    def fail(self, message: str, type: str = "Error") -> Told:
        """The step failed though nothing was raised."""
        self.set("error.type", type)
        self._span.set_status(Status(StatusCode.ERROR, message))
        return self


class Guard(Told):
    """A guardrail that is being asked."""
    blocked = False

    def block(self, reason: str = "") -> Guard:
        """It does not let this pass: this step is blocked, which is no error; and the run too where you raise inside."""
        self.blocked = True
        self.set("guardrail.triggered", True)
        if reason:
            self._span.set_attribute("gen_ai.output", reason)
            self.set("error.message", reason)
        return self


def _begin(name: str, kind: str, attributes: dict[str, object]) -> Any:
    now = running()
    if now is None:
        return None
    if kind not in KINDS:
        say_once(logging.WARNING, f"there is no kind {kind!r} (of {name}): it must be one of {', '.join(KINDS)}; taken as workflow")
        kind = "workflow"
    found: dict[str, Any] = {"pawl.kind": kind, **_context.attributes_of(attributes)}
    if kind == "agent":
        found["pawl.agent"] = name
    if kind == "tool":
        found["gen_ai.tool.name"] = name
    return now.provider.get_tracer("pawl", VERSION).start_span(name, now.owners.around(), attributes=found)


def _started(name: str, kind: str, attributes: dict[str, object]) -> otel_trace.Span:
    try:
        return _begin(name, kind, attributes) or otel_trace.INVALID_SPAN
    except Exception as wrong:
        went_wrong("span", wrong)
        return otel_trace.INVALID_SPAN


def _ended(span: otel_trace.Span, wrong: BaseException | None) -> None:
    try:
        if wrong is not None and getattr(wrong, BLOCKING, False):
            span.set_attribute("guardrail.triggered", True)  # on its way out of a run that a guardrail ended: blocked, no error
        elif isinstance(wrong, Exception):
            span.record_exception(wrong)
            span.set_attribute("error.type", type(wrong).__qualname__)
            span.set_status(Status(StatusCode.ERROR, f"{type(wrong).__name__}: {wrong}"))
        span.end()
    except Exception as ours:
        went_wrong("the end of a span", ours)


@contextlib.contextmanager
def span(name: str, kind: Kind = "workflow", **attributes: object) -> Iterator[Told]:
    """A step, as a `with`: agent, llm, tool, retriever, embedding, reranker, guardrail, evaluator, handoff, workflow or other.

    An exception that leaves it is written down and goes on its way.
    """
    made = _started(name, kind, attributes)
    told = (Guard if kind == "guardrail" else Told)(made, name, kind)
    with _current(made):
        try:
            yield told
        except BaseException as wrong:
            if isinstance(told, Guard) and told.blocked:
                with contextlib.suppress(Exception):
                    setattr(wrong, BLOCKING, True)
            _ended(made, wrong)
            raise
        _ended(made, None)


@contextlib.contextmanager
def _current(made: otel_trace.Span) -> Iterator[None]:
    if made is otel_trace.INVALID_SPAN:  # off: what is current stays so
        yield
        return
    with otel_trace.use_span(made, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        yield


@contextlib.contextmanager
def guardrail(name: str, **attributes: object) -> Iterator[Guard]:
    """A check that may say no: `with pawl.guardrail("pii") as guard: … guard.block("a card number")`."""
    with span(name, "guardrail", **attributes) as made:
        yield made  # type: ignore[misc]


# -- the decorator ------------------------------------------------------------------------------------------------------


def _arguments(work: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    try:
        bound = inspect.signature(work).bind(*args, **kwargs)
        return {name: value for name, value in bound.arguments.items() if name not in ("self", "cls")}
    except (TypeError, ValueError):
        return {"args": list(args), **kwargs}


@overload
def trace(work: F) -> F: ...
@overload
def trace(work: str | None = None, *, kind: Kind = "workflow", content: bool = True, **attributes: object) -> Callable[[F], F]: ...


def trace(work: Any = None, *, kind: Kind = "workflow", content: bool = True, **attributes: object) -> Any:
    """A function as a step: `@trace`, `@trace("look up", kind="tool")`. Plain, async, and generators of both kinds.

    Its arguments and what it returns are written down (content=False: they are not).
    """
    if callable(work):
        return _traced(work, work.__qualname__.rpartition("<locals>.")[2], kind, content, attributes)
    return lambda function: _traced(function, work or function.__qualname__.rpartition("<locals>.")[2], kind, content, attributes)


def _traced(work: Callable[..., Any], name: str, kind: Kind, content: bool, attributes: dict[str, object]) -> Callable[..., Any]:
    def begun(made: Told, args: Any, kwargs: Any) -> None:
        if content:
            made.input(_arguments(work, args, kwargs))

    if inspect.isasyncgenfunction(work):
        @functools.wraps(work)
        async def many_async(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            pieces = _Pieces(name, kind, content, attributes)
            begun(pieces.made, args, kwargs)
            steps = work(*args, **kwargs)
            step, value = steps.asend, None
            try:
                while True:
                    with _current(pieces.span):  # while it runs, and not between: the caller's own steps are not below it
                        try:
                            piece = await step(value)
                        except StopAsyncIteration:
                            break
                    pieces.add(piece)
                    try:
                        step, value = steps.asend, (yield piece)
                    except GeneratorExit:
                        await steps.aclose()
                        raise
                    except BaseException as thrown:
                        step, value = steps.athrow, thrown
            except BaseException as wrong:
                pieces.end(wrong)
                raise
            pieces.end(None)
        return many_async

    if inspect.isgeneratorfunction(work):
        @functools.wraps(work)
        def many(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            pieces = _Pieces(name, kind, content, attributes)
            begun(pieces.made, args, kwargs)
            steps = work(*args, **kwargs)
            step, value, result = steps.send, None, None
            try:
                while True:
                    with _current(pieces.span):
                        try:
                            piece = step(value)
                        except StopIteration as end:
                            result = end.value
                            break
                    pieces.add(piece)
                    try:
                        step, value = steps.send, (yield piece)
                    except GeneratorExit:
                        steps.close()
                        raise
                    except BaseException as thrown:
                        step, value = steps.throw, thrown
            except BaseException as wrong:
                pieces.end(wrong)
                raise
            pieces.end(None)
            return result
        return many

    if inspect.iscoroutinefunction(work):
        @functools.wraps(work)
        async def later(*args: Any, **kwargs: Any) -> Any:
            with span(name, kind, **attributes) as made:
                begun(made, args, kwargs)
                result = await work(*args, **kwargs)
                if content:
                    made.output(result)
                return result
        return later

    @functools.wraps(work)
    def now(*args: Any, **kwargs: Any) -> Any:
        with span(name, kind, **attributes) as made:
            begun(made, args, kwargs)
            result = work(*args, **kwargs)
            if content:
                made.output(result)
            return result
    return now


class _Pieces:
    """What a generator gave, put together at its end: texts joined, else a list; the first thousand."""

    def __init__(self, name: str, kind: str, content: bool, attributes: dict[str, object]) -> None:
        self.span = _started(name, kind, attributes)
        self.made, self._content = Told(self.span, name, kind), content
        self._pieces: list[Any] = []

    def add(self, piece: object) -> None:
        if self._content and len(self._pieces) < 1000:
            self._pieces.append(piece)

    def end(self, wrong: BaseException | None) -> None:
        if self._pieces:
            texts = all(isinstance(one, str) for one in self._pieces)
            self.made.output("".join(self._pieces) if texts else self._pieces)
        _ended(self.span, wrong)


# -- whose it is --------------------------------------------------------------------------------------------------------


def session(id: str, *, user: str | None = None, task: str | None = None, customer: str | None = None, team: str | None = None,
            tags: Iterable[str] | None = None) -> contextlib.AbstractContextManager[None]:
    """Everything inside belongs to this session: `with pawl.session("chat-17", user="u-5"): …`. Also a decorator."""
    return _context.applied(_context.attributes_of({"session": id, "user": user, "task": task, "customer": customer, "team": team, "tags": tags}))


def user(id: str) -> contextlib.AbstractContextManager[None]:
    """Everything inside is done for this user."""
    return _context.applied(_context.attributes_of({"user": id}))


def task(name: str) -> contextlib.AbstractContextManager[None]:
    """Everything inside serves this task: what a task costs is told by it."""
    return _context.applied(_context.attributes_of({"task": name}))


@guarded(lambda: None)
def identify(*, session: str | None = None, user: str | None = None, task: str | None = None, customer: str | None = None,
             team: str | None = None, tags: Iterable[str] | None = None) -> None:
    """The same from now on in this thread or task, where a `with` does not fit."""
    _context.from_now_on(_context.attributes_of({"session": session, "user": user, "task": task, "customer": customer, "team": team, "tags": tags}))


@guarded(lambda: None)
def outcome(value: str | bool) -> None:
    """Whether the task was done ("done", "not done", or your own word), of the trace that is running."""
    word = value if isinstance(value, str) else "done" if value else "not done"
    here = otel_trace.get_current_span()
    if here.is_recording():
        _context.root_of(here).set_attribute("pawl.outcome", word)
        return
    with span("outcome", "other") as made:
        made.set("pawl.outcome", word)


def current_trace_id() -> str:
    """Of the trace that is running, as 32 hexadecimal digits; "" where none is."""
    context = otel_trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""


def current_span_id() -> str:
    """Of the step that is running, as 16 hexadecimal digits; "" where none is."""
    context = otel_trace.get_current_span().get_span_context()
    return f"{context.span_id:016x}" if context.is_valid else ""
