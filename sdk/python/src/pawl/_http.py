"""One request to the server. No redirects (they would carry the key elsewhere); proxies as the environment says."""
from __future__ import annotations

import email.utils
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import Any, Mapping

from ._settings import Settings
from ._version import __version__ as VERSION

MOST_ANSWER = 64 << 20
# "Come again": everything that a repeat can mend. The rest of 4xx is final.
PASSING = frozenset({408, 425, 429})


@dataclass
class Answer:
    status: int = 0  # 0: nobody answered
    body: bytes = b""
    why: str = ""  # where nobody answered
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def passing(self) -> bool:
        return self.status == 0 or self.status in PASSING or self.status >= 500

    def json(self) -> Any:
        return json.loads(self.body)

    def retry_after_s(self) -> float | None:
        """As seconds or as a date; never beyond five minutes."""
        text = (self.headers.get("retry-after") or "").strip()
        if not text:
            return None
        try:
            seconds = float(text)
        except ValueError:
            try:
                seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
            except (TypeError, ValueError):
                return None
        return min(max(seconds, 0.0), 300.0) if seconds == seconds else None

    def message(self) -> str:
        """What the server said was wrong, in its own words."""
        if self.status == 0:
            return self.why
        text = self.body[:2000].decode("utf-8", "replace").strip()
        try:
            said = json.loads(self.body)
            error = said.get("error") if isinstance(said, dict) else None
            if isinstance(error, dict):
                text = str(error.get("message") or text)
            elif isinstance(said, dict) and isinstance(said.get("message"), str):
                text = said["message"]
        except ValueError:
            text = "".join(char for char in text if char.isprintable())
        return f"{self.status} {text}".strip()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Http:
    """Safe from several threads; raises nothing."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.url
        self._timeout_s = settings.timeout_s
        self._headers = {"user-agent": f"pawl-python/{VERSION}", **settings.headers}
        if settings.key:
            self._headers["authorization"] = "Bearer " + settings.key
        self._opener = urllib.request.build_opener(_NoRedirect())

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None,
            timeout_s: float | None = None) -> Answer:
        try:
            request = urllib.request.Request(self._url + path, data=body, method=method, headers={**self._headers, **(headers or {})})
            try:
                with self._opener.open(request, timeout=timeout_s or self._timeout_s) as answer:
                    return Answer(answer.status, answer.read(MOST_ANSWER), headers={k.lower(): v for k, v in answer.headers.items()})
            except urllib.error.HTTPError as refused:
                with refused:
                    return Answer(refused.code, refused.read(1 << 20), headers={k.lower(): v for k, v in refused.headers.items()})
        except Exception as wrong:  # no route, no name, time-out, a broken answer: nobody answered
            return Answer(why=f"{self._url} does not answer: {getattr(wrong, 'reason', None) or wrong or type(wrong).__name__}")

    def ask_json(self, method: str, path: str, value: Any = None, timeout_s: float | None = None) -> Answer:
        body = None if value is None else json.dumps(value).encode()
        return self.ask(method, path, body, {"content-type": "application/json"} if body else None, timeout_s)
