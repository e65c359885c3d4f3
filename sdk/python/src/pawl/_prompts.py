"""Prompts by name: from the server, from memory for a minute, else the last that is known, else what was given."""
from __future__ import annotations

import contextlib
import json
import os
import re
import threading
import time
import urllib.parse
from dataclasses import dataclass, field, replace
from typing import Any, Iterator, Mapping, Sequence

from . import _context
from ._safe import log, say_once, went_wrong
from ._start import Running, running

FRESH_S = 60.0
RETRY_S = 5.0
MOST_KEPT = 1000
Messages = Sequence[Mapping[str, Any]]
_HOLE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")


@dataclass(frozen=True)
class Prompt:
    """One version of a prompt. `source`: server, memory, disk (known from an earlier run), default, or none."""
    name: str
    version: int | None = None
    text: str = ""
    messages: tuple[Mapping[str, Any], ...] = ()
    config: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    source: str = "none"

    def format(self, **values: object) -> str:
        """The text with its {{holes}} filled; a hole without a value stays as it is."""
        return _filled(self.text, values)

    def format_messages(self, **values: object) -> list[dict[str, Any]]:
        """The messages with their {{holes}} filled; a placeholder becomes the messages of that name."""
        found: list[dict[str, Any]] = []
        for one in self.messages or ({"role": "user", "content": self.text},):
            if one.get("type") == "placeholder":
                inserted = values.get(str(one.get("name")))
                found.extend(dict(each) for each in inserted if isinstance(each, Mapping)) if isinstance(inserted, (list, tuple)) else None
                continue
            content = one.get("content")
            message = {key: value for key, value in one.items() if key != "type"}
            found.append({**message, "content": _filled(content, values) if isinstance(content, str) else content})
        return found

    @contextlib.contextmanager
    def used(self) -> Iterator[Prompt]:
        """Steps inside say that they used this version: cost and scores can be split by it."""
        with _context.applied({"gen_ai.prompt.name": self.name, **({"gen_ai.prompt.version": str(self.version)} if self.version is not None else {})}):
            yield self


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _HOLE.sub(lambda hole: str(values[hole[1]]) if hole[1] in values else hole[0], text)


_known: dict[tuple[str, str], tuple[float, Prompt]] = {}
_asking: set[tuple[str, str]] = set()
_lock = threading.Lock()


def forget_prompts() -> None:
    with _lock:
        _known.clear()
        _asking.clear()


def prompt(name: str, *, label: str | None = None, version: int | None = None, default: str | Messages | None = None,
           fresh_s: float = FRESH_S, timeout_s: float = 2.0) -> Prompt:
    """The prompt of this name: with this label (`production`), or this version. Never raises, seldom waits.

    Asked of the server once, then read from memory; after `fresh_s` it is asked again in the background while the known one
    goes on. Where the server does not answer within `timeout_s`: the last that any run of this account knew, else `default`.
    """
    try:
        return _prompt(name, str(version) if version is not None else (label or "production"), version is not None, default, fresh_s, timeout_s)
    except Exception as wrong:
        went_wrong("prompt", wrong)
        return _of_default(name, default)


def _prompt(name: str, which: str, by_number: bool, default: str | Messages | None, fresh_s: float, timeout_s: float) -> Prompt:
    now = running()
    if now is None:
        return _of_default(name, default)
    key = (name, ("version=" if by_number else "label=") + which)
    with _lock:
        at, known = _known.get(key, (0.0, None))
        first = key not in _asking
        if known is not None and time.monotonic() - at < fresh_s:
            return replace(known, source="memory") if known.source == "server" else known
        if known is not None and first:
            _asking.add(key)
    if known is not None:
        if first:
            threading.Thread(target=_again, args=(now, key, known), name="pawl prompt", daemon=True).start()
        return replace(known, source="memory") if known.source == "server" else known
    found, final = _ask(now, key, timeout_s)
    if found is None and not final:
        found = _from_disk(now, key)
    if found is None:
        found = _of_default(name, default)
        if default is None:
            say_once(40, f"there is no prompt {name} ({key[1]}) to be had, and no default was given: it is empty", about=f"prompt {key}")
        if not final:  # asked again soon, and not by every call meanwhile
            _remember(key, replace(found), RETRY_S - fresh_s)
        return found
    _remember(key, found, 0.0 if found.source == "server" else RETRY_S - fresh_s)
    return found


def _remember(key: tuple[str, str], found: Prompt, older_s: float) -> None:
    with _lock:
        if len(_known) >= MOST_KEPT:
            _known.pop(next(iter(_known)))
        _known[key] = (time.monotonic() + older_s, found)


def _again(now: Running, key: tuple[str, str], known: Prompt) -> None:
    try:
        found, _ = _ask(now, key, now.settings.timeout_s)
        _remember(key, found or known, 0.0 if found else RETRY_S - FRESH_S)
    except Exception as wrong:
        went_wrong("prompt", wrong)
    finally:
        with _lock:
            _asking.discard(key)


def _ask(now: Running, key: tuple[str, str], timeout_s: float) -> tuple[Prompt | None, bool]:
    """What the server has; and whether its answer is final, so that nothing older may stand in for it."""
    name, which = key
    answer = now.http.ask("GET", f"/api/public/v2/prompts/{urllib.parse.quote(name, safe='')}?{urllib.parse.quote(which, safe='=')}", timeout_s=timeout_s)
    if not answer.good:
        say_once(30, f"prompt {name}: {answer.message()}", about=f"prompt {key} {answer.status}")
        return None, answer.status == 404
    found = _of_json(answer.json())
    _to_disk(now, key, answer.body)
    return found, True


def _of_json(said: Any) -> Prompt:
    body = said["prompt"]
    return Prompt(name=str(said["name"]), version=int(said["version"]), text=body if isinstance(body, str) else "",
                  messages=tuple(body) if isinstance(body, list) else (), config=said.get("config") or {},
                  labels=tuple(said.get("labels") or ()), source="server")


def _of_default(name: str, default: str | Messages | None) -> Prompt:
    if default is None:
        return Prompt(name)
    if isinstance(default, str):
        return Prompt(name, text=default, source="default")
    return Prompt(name, messages=tuple(default), source="default")


def _place(now: Running, key: tuple[str, str]) -> str:
    return os.path.join(now.folder, "prompts", urllib.parse.quote(f"{key[0]} {key[1]}", safe="")[:200] + ".json")


def _to_disk(now: Running, key: tuple[str, str], body: bytes) -> None:
    if not now.delivery.spool.usable:
        return
    path = _place(now, key)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(os.open(f"{path}.{os.getpid()}~", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(body)
        os.replace(f"{path}.{os.getpid()}~", path)
    except OSError as wrong:
        log.debug("a prompt is not kept on disk: %s", wrong)


def _from_disk(now: Running, key: tuple[str, str]) -> Prompt | None:
    if not now.delivery.spool.usable:
        return None
    try:
        with open(_place(now, key), encoding="utf-8") as file:
            found = _of_json(json.load(file))
        return replace(found, source="disk") if found.name == key[0] else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
