"""The disk buffer: what could not be delivered waits here, over restarts too, and never beyond its size.

A folder for each pair of address and key, readable by this user alone. A file is one request: `TIME-PID-N.KIND`, its body
gzipped, made under another name and then renamed, so that what stands here is whole. Who sends a file first renames it to
`NAME@PID`; what a dead process had claimed is free again. The server knows a span by its id: twice sent is once counted.
"""
from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import tempfile
import threading
import time
from typing import Container

from ._settings import Settings

CLAIM_S = 300.0  # older claims are free even where a process of that number lives


def home_of(settings: Settings) -> str:
    """Where this user's programs keep state; the account's own part of the temporary folder where there is no home."""
    if settings.buffer_dir:
        return settings.buffer_dir
    state = os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else "")
    if not state:
        home = os.path.expanduser("~")
        state = os.path.join(home, ".local", "state") if os.path.isabs(home) and os.access(home, os.W_OK) else ""
    if not state:
        user = getattr(os, "getuid", lambda: "user")()
        return os.path.join(tempfile.gettempdir(), f"pawl-{user}")
    return os.path.join(state, "pawl")


def folder_of(settings: Settings) -> str:
    whose = hashlib.sha256(f"{settings.url}\0{settings.key}".encode()).hexdigest()[:24]
    return os.path.join(home_of(settings), whose)


def _alive(pid: int) -> bool:
    if os.name == "nt" or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Spool:
    def __init__(self, folder: str, most_bytes: int) -> None:
        self.folder = os.path.join(folder, "buffer")
        self._most = most_bytes
        self._number = itertools.count()
        self.unlock()
        self.lost = 0  # files that had to make room
        self.usable = False
        if most_bytes > 0:
            with contextlib.suppress(OSError):
                os.makedirs(self.folder, mode=0o700, exist_ok=True)
                # A folder that another account could have laid here in advance is none of ours.
                mine = getattr(os, "getuid", lambda: None)()
                self.usable = mine is None or os.stat(self.folder).st_uid == mine

    def unlock(self) -> None:
        """After a fork: whoever held the lock is not in this process."""
        self._lock = threading.Lock()

    def _files(self) -> list[tuple[str, int]]:
        """Names and sizes, the oldest first."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    found.append((entry.name, entry.stat().st_size))
        return sorted(found)

    def put(self, kind: str, body: bytes) -> bool:
        """Keeps a request; the oldest make room. False: it could not be kept."""
        if not self.usable or len(body) > self._most:
            return False
        name = f"{time.time_ns():020d}-{os.getpid()}-{next(self._number)}.{kind}"
        path = os.path.join(self.folder, name)
        with self._lock:
            try:
                self._make_room(len(body))
                with open(os.open(path + "~", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(body)
                os.rename(path + "~", path)
            except OSError:
                with contextlib.suppress(OSError):
                    os.unlink(path + "~")
                return False
        return True

    def _make_room(self, size: int) -> None:
        files = self._files()
        used = sum(each for _, each in files)
        for name, each in files:
            if used + size <= self._most:
                return
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(self.folder, name))
                used -= each
                self.lost += 1

    def take(self, kinds: Container[str]) -> tuple[str, str, bytes] | None:
        """The oldest one of these kinds that nobody else has: its claimed path, its kind, its body. Others are for a newer version."""
        for name, _ in self._files():
            plain, _, claim = name.partition("@")
            if name.endswith("~") or (claim and not self._abandoned(name, claim)):
                self._sweep(name)
                continue
            if plain.rpartition(".")[2] not in kinds:
                continue
            path = os.path.join(self.folder, f"{plain}@{os.getpid()}")
            try:
                os.rename(os.path.join(self.folder, name), path)
                os.utime(path)  # the claim is as old as this
                with open(path, "rb") as file:
                    return path, plain.rpartition(".")[2], file.read()
            except OSError:  # another process was faster
                continue
        return None

    def _abandoned(self, name: str, claim: str) -> bool:
        if not claim.isdigit():
            return False
        try:
            age = time.time() - os.stat(os.path.join(self.folder, name)).st_mtime
        except OSError:
            return False
        return age > CLAIM_S or (int(claim) != os.getpid() and not _alive(int(claim)))

    def _sweep(self, name: str) -> None:
        """A file whose writer ended in the middle of it."""
        path = os.path.join(self.folder, name)
        with contextlib.suppress(OSError):
            if name.endswith("~") and time.time() - os.stat(path).st_mtime > 3600:
                os.unlink(path)

    @staticmethod
    def done(path: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(path)

    @staticmethod
    def give_back(path: str) -> None:
        with contextlib.suppress(OSError):
            os.rename(path, path.rpartition("@")[0])

    def waiting(self) -> int:
        return sum(1 for name, _ in self._files() if not name.endswith("~")) if self.usable else 0
