"""Where to send and what to say of this program: arguments, then PAWL_…, then OTEL_…, then the local default."""
from __future__ import annotations

import os
import urllib.parse
from dataclasses import dataclass, field
from typing import Mapping

LOCAL = "http://127.0.0.1:7295"
MB = 1 << 20


@dataclass(frozen=True)
class Settings:
    url: str = LOCAL
    key: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # further ones, as OTEL_EXPORTER_OTLP_HEADERS gives them
    service: str = ""
    environment: str = ""
    agent: str = ""
    agent_version: str = ""
    team: str = ""
    customer: str = ""
    task: str = ""
    content: bool = True  # False: no prompts, answers, arguments or results leave the program
    propagate: bool = False  # True: session, user, task … travel in W3C baggage to whatever this program calls
    enabled: bool = True
    frameworks: tuple[str, ...] | None = None  # None: all that are found
    without: tuple[str, ...] = ()
    queue_bytes: int = 32 * MB  # what may wait in memory
    queue_records: int = 20_000
    buffer_bytes: int = 64 * MB  # what may wait on disk while the server is away; 0: nothing does
    buffer_dir: str = ""
    timeout_s: float = 10.0
    exit_timeout_s: float = 5.0
    value_bytes: int = 1 * MB  # one input or output that a helper of this package writes down


def _truth(text: str | None) -> bool | None:
    if text is None or not text.strip():
        return None
    return text.strip().lower() in ("1", "true", "yes", "on")


def _otel_headers(env: Mapping[str, str]) -> dict[str, str]:
    text = env.get("OTEL_EXPORTER_OTLP_TRACES_HEADERS") or env.get("OTEL_EXPORTER_OTLP_HEADERS") or ""
    found = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if equals and name.strip():
            found[name.strip().lower()] = urllib.parse.unquote(value.strip())
    return found


def _otel_url(env: Mapping[str, str]) -> str:
    url = env.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") or ""
    if url:
        return url.removesuffix("/").removesuffix("/v1/traces")
    url = env.get("OTEL_EXPORTER_OTLP_ENDPOINT") or ""
    # 4317 is gRPC's port and this package speaks HTTP, which Pawl takes on 4318 beside it.
    return url.removesuffix("/").replace(":4317", ":4318")


def checked_url(text: str) -> str:
    """The address without its slash at the end; a ValueError says what is wrong with it."""
    text = text.strip()
    if "://" not in text:
        text = ("http://" if text.startswith(("localhost", "127.", "[::1]")) else "https://") + text
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text!r} is no address: it must look like https://pawl.example.com")
    _ = parts.port  # a ValueError where it is none
    return text.rstrip("/")


def _first(*values: str | None) -> str:
    return next((value for value in values if value), "")


def _number(text: str | None, otherwise: int) -> int:
    try:
        return int(float(text)) if text else otherwise
    except ValueError:
        return otherwise


def settings_of(env: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Settings of what init() was given and of the environment; a ValueError names what cannot be."""
    env = os.environ if env is None else env
    known = {k: v for k, v in given.items() if v is not None}
    headers = {} if known.get("url") or env.get("PAWL_URL") else _otel_headers(env)
    word = headers.pop("authorization", "")
    key = headers.pop("x-api-key", "") or (word[7:].strip() if word.lower().startswith("bearer ") else "")
    if word and not key:
        headers["authorization"] = word
    known["url"] = checked_url(_first(str(known.get("url", "")), env.get("PAWL_URL"), _otel_url(env), LOCAL))
    known["key"] = _first(str(known.get("key", "")), env.get("PAWL_API_KEY"), env.get("PAWL_KEY"), key).strip()
    known["headers"] = headers
    for name in ("service", "environment", "agent", "agent_version", "team", "customer", "task", "buffer_dir"):
        known[name] = _first(str(known.get(name, "")), env.get("PAWL_" + name.upper()))
    if "content" not in known:
        known["content"] = _truth(env.get("PAWL_CONTENT")) is not False
    if "enabled" not in known:
        known["enabled"] = not (_truth(env.get("PAWL_DISABLED")) or _truth(env.get("OTEL_SDK_DISABLED")))
    if "buffer_bytes" not in known:
        known["buffer_bytes"] = _number(env.get("PAWL_BUFFER_MB"), 64) * MB
    for name in ("frameworks", "without"):
        words = known.get(name, env.get("PAWL_" + name.upper()))
        if isinstance(words, str):
            words = [word.strip() for word in words.split(",") if word.strip()]
        if words is not None:
            known[name] = tuple(str(word) for word in words)  # type: ignore[attr-defined]
    return Settings(**known)  # type: ignore[arg-type]
