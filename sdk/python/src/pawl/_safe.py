"""What keeps Pawl out of the way: one logger, warnings that are said once, and a net under every public call."""
from __future__ import annotations

import functools
import logging
import threading
from typing import Callable, TypeVar

log = logging.getLogger("pawl")

T = TypeVar("T")
_said: set[str] = set()
_lock = threading.Lock()
MOST_SAID = 1000


def say_once(level: int, text: str, *, about: str = "") -> bool:
    """Logs it unless the same thing (`about`, else the text itself) was logged before; whether it was logged now."""
    with _lock:
        if (about or text) in _said or len(_said) >= MOST_SAID:
            return False
        _said.add(about or text)
    log.log(level, "%s", text)
    return True


def forget_said() -> None:
    with _lock:
        _said.clear()


def guarded(otherwise: Callable[[], T]) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """A function that never raises: what goes wrong inside is logged once a place, and the answer is `otherwise()`."""

    def around(work: Callable[..., T]) -> Callable[..., T]:
        @functools.wraps(work)
        def safely(*args: object, **kwargs: object) -> T:
            try:
                return work(*args, **kwargs)
            except Exception as wrong:  # the user's program goes on, whatever happens here
                went_wrong(work.__qualname__, wrong)
                return otherwise()

        return safely

    return around


def went_wrong(where: str, wrong: BaseException) -> None:
    say_once(logging.WARNING, f"{where}: {type(wrong).__name__}: {wrong}", about=f"{where} {type(wrong).__name__}")
    log.debug("%s", where, exc_info=wrong)
