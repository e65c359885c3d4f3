"""Whose work a span is: session, user, task … of the context, written on every span that starts in it."""
from __future__ import annotations

import contextlib
import weakref
from typing import Iterator, Mapping, Sequence

from opentelemetry import baggage, context as otel_context, trace as otel_trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.util.types import AttributeValue

from ._safe import went_wrong

KEY = otel_context.create_key("pawl")
# The words of the helpers and the attributes that the server reads.
WORDS = {
    "session": "pawl.session",
    "user": "pawl.user",
    "task": "pawl.task",
    "customer": "pawl.customer",
    "team": "pawl.team",
    "outcome": "pawl.outcome",
    "tags": "tags",
}
# A child of another context has these from its parent span: some frameworks hand on the span and nothing else.
INHERITED = ("pawl.session", "pawl.user", "pawl.task", "pawl.customer", "pawl.team", "tags")
BAGGAGE = ("pawl.session", "pawl.user", "pawl.task", "pawl.customer", "pawl.team")

_roots: weakref.WeakValueDictionary[int, Span] = weakref.WeakValueDictionary()
Attributes = Mapping[str, AttributeValue]
propagates = False  # set by init(propagate=True)


def attributes_of(words: Mapping[str, object]) -> dict[str, AttributeValue]:
    """{"session": 7} → {"pawl.session": "7"}; what is None is left out."""
    found: dict[str, AttributeValue] = {}
    for word, value in words.items():
        if value is None or value == "":
            continue
        name = WORDS.get(word, word)
        found[name] = [str(one) for one in value] if name == "tags" and not isinstance(value, str) else str(value)  # type: ignore[attr-defined]
    return found


def current(context: Context | None = None) -> Attributes:
    found = otel_context.get_value(KEY, context)
    return found if isinstance(found, Mapping) else {}


def _with(attributes: Attributes, context: Context | None = None) -> Context:
    context = otel_context.set_value(KEY, {**current(context), **attributes}, context)
    if propagates:
        for name in BAGGAGE:
            if name in attributes:
                context = baggage.set_baggage(name, str(attributes[name]), context)
    return context


@contextlib.contextmanager
def applied(attributes: Attributes) -> Iterator[None]:
    """For what happens inside, in this thread or task and in what is started from it."""
    token = None
    try:
        token = otel_context.attach(_with(attributes))
        on_current(attributes)
    except Exception as wrong:
        went_wrong("session", wrong)
    try:
        yield
    finally:
        if token is not None:
            with contextlib.suppress(Exception):
                otel_context.detach(token)


def from_now_on(attributes: Attributes) -> None:
    otel_context.attach(_with(attributes))
    on_current(attributes)


def on_current(attributes: Attributes) -> None:
    """Also on the span that is running, where one is: it began before this was known."""
    span = otel_trace.get_current_span()
    if span.is_recording():
        span.set_attributes(dict(attributes))


def root_of(span: otel_trace.Span) -> otel_trace.Span:
    """The outermost span of this process in the trace of this one, else itself."""
    return _roots.get(span.get_span_context().trace_id) or span


def on_start(span: Span, parent_context: Context | None, constant: Attributes) -> None:
    parent = otel_trace.get_current_span(parent_context)
    if not parent.is_recording():
        _roots[span.get_span_context().trace_id] = span
    found: dict[str, AttributeValue] = {} if parent.is_recording() else dict(constant)
    if isinstance(parent, ReadableSpan) and parent.attributes:
        found.update({name: value for name in INHERITED if (value := parent.attributes.get(name)) is not None})
    for name in BAGGAGE:
        carried = baggage.get_baggage(name, parent_context)
        if isinstance(carried, str) and carried:
            found.setdefault(name, carried)
    found.update(current(parent_context))
    if parent_context is not None and not current(parent_context):
        found.update(current())  # a context made from a span alone: what holds here holds there
    mine = span.attributes or {}
    for name, value in found.items():
        if name not in mine:
            span.set_attribute(name, value)


def on_end(span: ReadableSpan) -> None:
    context = span.context
    if context is not None and (root := _roots.get(context.trace_id)) is not None and root.get_span_context().span_id == context.span_id:
        _roots.pop(context.trace_id, None)


def size_of(span: ReadableSpan) -> int:
    """Bytes of a span in memory, roughly: its texts."""
    size = 500 + _texts(span.attributes)
    for event in span.events:
        size += 100 + _texts(event.attributes)
    return size


def _texts(attributes: Mapping[str, object] | None) -> int:
    size = 0
    for name, value in (attributes or {}).items():
        size += 50 + len(name)
        if isinstance(value, (str, bytes)):
            size += len(value)
        elif isinstance(value, Sequence):
            size += sum(len(one) if isinstance(one, str) else 8 for one in value)
    return size
