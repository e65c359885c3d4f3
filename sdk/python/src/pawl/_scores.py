"""Scores: judgements of a trace, a step or a session; sent in the background, kept on disk while the server is away."""
from __future__ import annotations

import datetime
import json
import math
import uuid
from typing import Any, Mapping

from . import _context
from ._safe import guarded, say_once
from ._spans import current_span_id, current_trace_id, plain
from ._start import running


def _checked(name: str, value: object) -> tuple[float | int | str, str]:
    """The value as the server takes it, and its type."""
    if not name:
        raise ValueError("a score needs a name")
    if isinstance(value, bool):
        return int(value), "BOOLEAN"
    if isinstance(value, (int, float)):
        if not math.isfinite(value):
            raise ValueError(f"the score {name} is {value}: it must be a finite number")
        return value, "NUMERIC"
    if isinstance(value, str) and value:
        return value, "CATEGORICAL"
    raise TypeError(f"the score {name} must be a number, True or False, or a word, and not {value!r}")


@guarded(lambda: "")
def score(
    name: str,
    value: float | bool | str,
    *,
    comment: str | None = None,
    trace_id: str | None = None,
    span_id: str | None = None,
    session_id: str | None = None,
    this_span: bool = False,
    id: str | None = None,
    metadata: Mapping[str, object] | None = None,
) -> str:
    """Judges the trace that is running, or what is named; its id, "" where it could not be done. Never raises.

    A number, True or False, or a word. `this_span=True`: the step that is running and not its whole trace. The same `id`
    later replaces it.
    """
    now = running()
    if now is None:
        return ""
    given, kind = _checked(name, value)
    if not trace_id and not span_id and not session_id:
        trace_id = current_trace_id()
        span_id = current_span_id() if this_span else None
        if not trace_id:
            session_id = str(_context.current().get("pawl.session") or "")
        if not trace_id and not session_id:
            say_once(30, f"the score {name} was given outside of any trace or session: name one by trace_id or session_id")
            return ""
    body: dict[str, Any] = {
        "id": id or str(uuid.uuid4()), "name": name, "value": given, "dataType": kind, "traceId": trace_id, "observationId": span_id,
        "sessionId": session_id, "comment": comment, "metadata": plain(metadata) if metadata else None,
        "timestamp": datetime.datetime.now(datetime.timezone.utc).isoformat(),
        "environment": now.settings.environment or None,
    }
    body = {field: one for field, one in body.items() if one is not None}
    now.delivery.put("scores", body, len(json.dumps(body)))
    return str(body["id"])
