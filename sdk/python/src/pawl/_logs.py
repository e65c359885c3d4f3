"""Log records that hold the content of spans: Google ADK and OpenTelemetry's own instrumentations send messages so."""
from __future__ import annotations

import importlib
from typing import Any, Callable

from ._delivery import Delivery
from ._safe import log, went_wrong

# Of a program's own logger provider only these are sent; its other logs are its own.
SCOPES = ("gcp.vertex.agent", "opentelemetry.instrumentation.openai", "opentelemetry.instrumentation.google_genai", "opentelemetry.instrumentation.vertexai",
          "opentelemetry.instrumentation.anthropic", "opentelemetry.instrumentation.botocore", "opentelemetry.util.genai", "agent_framework", "pydantic-ai",
          "autogen", "semantic_kernel", "strands")


def start(delivery: Delivery, resource: Any, runs: Callable[[], bool]) -> None:
    """Hands on what is emitted from now on. OpenTelemetry calls its logs unfinished: where they are not as known, spans go without."""
    try:
        api, sdk = importlib.import_module("opentelemetry._logs"), importlib.import_module("opentelemetry.sdk._logs")
        provider = api.get_logger_provider()
        mine = not hasattr(provider, "add_log_record_processor")
        if mine:
            api.set_logger_provider(sdk.LoggerProvider(resource=resource, shutdown_on_exit=False))
            provider = api.get_logger_provider()
        provider.add_log_record_processor(_processor(sdk, delivery, mine, runs))
    except Exception as wrong:
        log.debug("log records are not sent: %s", wrong)


def _told(record: Any, mine: bool) -> bool:
    scope = getattr(getattr(record, "instrumentation_scope", None), "name", "") or ""
    attributes = getattr(record.log_record, "attributes", None) or {}
    event = getattr(record.log_record, "event_name", None) or attributes.get("event.name") or ""
    return mine or str(event).startswith("gen_ai.") or scope.startswith(SCOPES)


def _processor(sdk: Any, delivery: Delivery, mine: bool, runs: Callable[[], bool]) -> Any:
    readable = getattr(sdk, "ReadableLogRecord", None)

    def take(record: Any) -> None:
        try:
            if not runs() or not _told(record, mine):
                return
            if readable is not None and not isinstance(record, readable):
                record = readable(log_record=record.log_record, resource=record.resource, instrumentation_scope=record.instrumentation_scope, limits=record.limits)
            delivery.put("logs", record, 500 + len(str(record.log_record.body)) + len(str(record.log_record.attributes)))
        except Exception as wrong:
            went_wrong("a log record", wrong)

    class Processor(sdk.LogRecordProcessor):  # type: ignore[misc]
        def on_emit(self, log_record: Any) -> None:
            take(log_record)

        def emit(self, log_data: Any) -> None:  # its name before 1.33
            take(log_data)

        def shutdown(self) -> None:
            pass

        def force_flush(self, timeout_millis: int = 30000) -> bool:
            return delivery.flush(timeout_millis / 1000)

    return Processor()
