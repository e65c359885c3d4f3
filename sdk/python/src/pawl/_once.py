"""One model call, one span: a client's span is left out where the framework that called it makes one.

Told at the moment a client's span would start. Either the span around it already is a model call, or the call came from a
framework that tells its calls: the first module on the stack that is neither the client nor plumbing decides. So a call
that the user's own tool makes below a framework's agent is told, and the framework's own is not told twice.
"""
from __future__ import annotations

import contextlib
import sys
from typing import Any, Iterator

from opentelemetry import trace as otel_trace
from opentelemetry.sdk.trace import Span

from ._table import BETWEEN, FRAMEWORKS, Framework

MOST_FRAMES = 60
CALL_OPERATIONS = ("chat", "generate_content", "text_completion", "embeddings")


class Owners:
    """Which frameworks tell their calls in this process; filled as they are switched on."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.running: list[tuple[str, str]] = []

    def add(self, framework: Framework) -> None:
        self.modules.update(framework.calls_from)
        if framework.running_span:
            module, _, name = framework.running_span.partition(":")
            self.running.append((module, name))

    def around(self, context: Any = None) -> Any:
        """The context with the innermost running span, also where a framework does not make its own current."""
        here = otel_trace.get_current_span(context)
        for module, name in self.running:
            ask = getattr(sys.modules.get(module), name, None)
            there = ask() if ask is not None else None
            if isinstance(there, Span) and there.is_recording() and _is_inside(there, here):
                return otel_trace.set_span_in_context(there, context)
        return context


def _is_inside(there: Span, here: otel_trace.Span) -> bool:
    if not isinstance(here, Span) or not here.is_recording():
        return not here.get_span_context().is_valid
    same = there.context is not None and there.context.trace_id == here.get_span_context().trace_id
    return same and (there.start_time or 0) >= (here.start_time or 0)


owners = Owners()  # of this process


def _is_below(module: str, names: Any) -> bool:
    while module:
        if module in names:
            return True
        module = module.rpartition(".")[0]
    return False


def client_of(scope: str) -> Framework | None:
    """The client whose calls spans of this scope tell."""
    for framework in FRAMEWORKS:
        for prefix in framework.client_scopes:
            if scope == prefix or scope.startswith(prefix + "."):
                return framework
    return None


def is_call(span: otel_trace.Span) -> bool:
    if not isinstance(span, Span) or not span.is_recording() or span.attributes is None:
        return False
    said = span.attributes
    kind = said.get("openinference.span.kind") or said.get("pawl.kind")
    return kind in ("LLM", "EMBEDDING", "llm", "embedding") or said.get("gen_ai.operation.name") in CALL_OPERATIONS or "llm.request.type" in said


def called_by(owners: set[str], client: Framework) -> bool:
    """Whether the module that called this client is one of the owners'."""
    frame = sys._getframe(2)
    between = {*BETWEEN, *client.client_modules}
    for _ in range(MOST_FRAMES):
        if frame is None:
            return False
        module = frame.f_globals.get("__name__") or ""
        if not _is_below(module, between):
            return _is_below(module, owners)
        frame = frame.f_back  # type: ignore[assignment]
    return False


class OnceTracer(otel_trace.Tracer):
    """A client's tracer; what was told already gets a span that records nothing and hands its parent on."""

    def __init__(self, tracer: otel_trace.Tracer, client: Framework, owners: Owners) -> None:
        self._tracer, self._client, self._owners = tracer, client, owners

    def _told(self, context: Any) -> otel_trace.Span | None:
        around = otel_trace.get_current_span(context)
        owners = self._owners.modules.difference(self._client.calls_from)
        if is_call(around) or (owners and called_by(owners, self._client)):
            return otel_trace.NonRecordingSpan(around.get_span_context())
        return None

    def start_span(self, name: str, context: Any = None, *args: Any, **kwargs: Any) -> otel_trace.Span:
        context = self._owners.around(context)
        return self._told(context) or self._tracer.start_span(name, context, *args, **kwargs)

    @contextlib.contextmanager
    def start_as_current_span(self, name: str, context: Any = None, *args: Any, **kwargs: Any) -> Iterator[otel_trace.Span]:  # type: ignore[override]
        context = self._owners.around(context)
        told = self._told(context)
        if told is not None:
            with otel_trace.use_span(told):
                yield told
            return
        with self._tracer.start_as_current_span(name, context, *args, **kwargs) as span:
            yield span

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracer, name)


def tell_once(provider: Any, owners: Owners) -> None:
    """From now on this provider's tracers for clients tell no call twice."""
    if getattr(provider, "_pawl_once", False):
        return
    plain = provider.get_tracer

    def get_tracer(instrumenting_module_name: str = "", *args: Any, **kwargs: Any) -> Any:
        tracer = plain(instrumenting_module_name, *args, **kwargs)
        client = client_of(str(instrumenting_module_name))
        return tracer if client is None else OnceTracer(tracer, client, owners)

    provider.get_tracer = get_tracer
    provider._pawl_once = True
