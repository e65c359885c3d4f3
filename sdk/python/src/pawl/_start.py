"""init(): one tracer provider, one delivery, every framework; and their end."""
from __future__ import annotations

import atexit
import logging
import threading
from dataclasses import dataclass
from typing import Any, Sequence

from opentelemetry import trace as otel_trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from . import _context, _logs
from ._delivery import Delivery, Status
from ._frameworks import Found, Frameworks
from ._http import Http
from ._once import Owners, owners, tell_once
from ._safe import guarded, log, say_once, went_wrong
from ._settings import Settings, settings_of
from ._spool import Spool, folder_of
from ._version import __version__ as VERSION


class Processor(SpanProcessor):
    """Writes on each span whose work it is, and hands what has ended to the delivery."""

    def __init__(self, delivery: Delivery, constant: _context.Attributes) -> None:
        self._delivery, self._constant = delivery, constant

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        try:
            if self.runs():
                _context.on_start(span, parent_context, self._constant)
        except Exception as wrong:
            went_wrong("on_start", wrong)

    def on_end(self, span: ReadableSpan) -> None:
        try:
            _context.on_end(span)
            if self.runs() and span.context is not None and span.context.trace_flags.sampled:
                self._delivery.put("traces", span, _context.size_of(span))
        except Exception as wrong:
            went_wrong("on_end", wrong)

    def runs(self) -> bool:
        """A provider keeps its processors for ever; one whose delivery has ended does nothing more."""
        return _running is not None and _running.delivery is self._delivery

    def shutdown(self) -> None:
        if self.runs():
            shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._delivery.flush(timeout_millis / 1000)


@dataclass
class Running:
    settings: Settings
    http: Http
    delivery: Delivery
    provider: Any
    owners: Owners
    frameworks: Frameworks
    folder: str


_running: Running | None = None
_lock = threading.RLock()


def running() -> Running | None:
    """None before init(), after shutdown() and where it is off; said once."""
    if _running is None:
        say_once(logging.INFO, "pawl.init() was not called (or tracing is off): helpers do nothing")
    return _running


def _resource_words(settings: Settings) -> dict[str, str]:
    words = {
        "service.name": settings.service,
        "deployment.environment.name": settings.environment,
        "pawl.agent.version": settings.agent_version,
        "pawl.team": settings.team,
        "pawl.customer": settings.customer,
        "pawl.task": settings.task,
    }
    return {name: value for name, value in words.items() if value}


def _provider_for(settings: Settings) -> tuple[Any, dict[str, str]]:
    """The program's own provider where it has one, else a new one; and what must stand on outermost spans for want of a resource."""
    there = otel_trace.get_tracer_provider()
    words = _resource_words(settings)
    if hasattr(there, "add_span_processor"):
        words.pop("service.name", None)
        return there, words
    resource = Resource.create({"telemetry.distro.name": "pawl", "telemetry.distro.version": VERSION, **words})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    otel_trace.set_tracer_provider(provider)
    return otel_trace.get_tracer_provider(), {}


@guarded(lambda: False)
def init(
    url: str | None = None,
    key: str | None = None,
    *,
    service: str | None = None,
    environment: str | None = None,
    agent: str | None = None,
    agent_version: str | None = None,
    team: str | None = None,
    customer: str | None = None,
    task: str | None = None,
    content: bool | None = None,
    frameworks: Sequence[str] | None = None,
    without: Sequence[str] | None = None,
    propagate: bool | None = None,
    enabled: bool | None = None,
    buffer_bytes: int | None = None,
    buffer_dir: str | None = None,
    queue_bytes: int | None = None,
    timeout_s: float | None = None,
    exit_timeout_s: float | None = None,
) -> bool:
    """Traces this program from now on: every framework that is installed, and what the helpers of this package say.

    Address and key: the arguments, PAWL_URL and PAWL_API_KEY, OTEL_EXPORTER_OTLP_ENDPOINT and _HEADERS, the server on this
    machine. A second call changes nothing. False where it is off or could not be done (the log says why); it never raises.
    """
    given = {name: value for name, value in locals().items() if value is not None}
    global _running
    with _lock:
        if _running is not None:
            return True
        settings = settings_of(**given)
        if not settings.enabled:
            say_once(logging.INFO, "tracing is off (enabled=False, PAWL_DISABLED or OTEL_SDK_DISABLED)")
            return False
        folder = folder_of(settings)
        http = Http(settings)
        delivery = Delivery(settings, http, Spool(folder, settings.buffer_bytes))
        provider, constant = _provider_for(settings)
        if settings.agent:  # of the outermost span: agents below it have names of their own
            constant["pawl.agent"] = settings.agent
        _context.propagates = settings.propagate
        tell_once(provider, owners)
        processor = Processor(delivery, constant)
        provider.add_span_processor(processor)
        _logs.start(delivery, getattr(provider, "resource", None), processor.runs)
        _running = Running(settings, http, delivery, provider, owners, Frameworks(settings, provider, owners), folder)
        atexit.register(shutdown)
        if delivery.spool.waiting():
            delivery.wake()
        _running.frameworks.switch_on()
    log.debug("pawl %s sends to %s", VERSION, settings.url)
    return True


@guarded(lambda: False)
def flush(timeout_s: float = 10.0) -> bool:
    """Sends what waits in memory. True: everything so far is at the server; False: some waits on disk, or was lost (status())."""
    return _running is None or _running.delivery.flush(timeout_s)


@guarded(lambda: None)
def shutdown() -> None:
    """The last flush; what the server does not take now goes to the disk buffer. Runs by itself when the program ends."""
    global _running
    with _lock:
        was, _running = _running, None
    if was is not None:
        was.delivery.stop(was.settings.exit_timeout_s)


@guarded(Status)
def status() -> Status:
    """What became of all telemetry of this process."""
    return _running.delivery.status() if _running is not None else Status()


@guarded(lambda: list[Found]())
def frameworks() -> list[Found]:
    """Which frameworks were found, and what tells of them."""
    return list(_running.frameworks.found.values()) if _running is not None else []
