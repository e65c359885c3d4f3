"""Switches on what tells of the installed frameworks, once each, when they are imported."""
from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import logging
import os
import sys
import threading
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from typing import Any, Callable

from ._once import Owners
from ._safe import log, say_once, went_wrong
from ._settings import Settings
from ._table import CONTENT_ENV, FRAMEWORKS, NO_CONTENT_ENV, Framework, Instrumentation


@dataclass
class Found:
    """What became of a framework: `state` is on, waiting (for its import), missing, other (somebody else's) or failed."""
    name: str
    state: str
    by: str  # what tells of it, or what to install
    why: str = ""


def installed(module: str) -> bool:
    """Whether it could be imported, found without running any of it but its parent packages' names."""
    top, *rest = module.split(".")
    try:
        spec = sys.modules[top].__spec__ if top in sys.modules else importlib.util.find_spec(top)
        if spec is None:
            return top in sys.modules
        places = list(spec.submodule_search_locations or ())
        for part in rest:
            inside = [os.path.join(place, part) for place in places]
            places = [place for place in inside if os.path.isdir(place)]
            if not places and not any(os.path.exists(place + end) for place in inside for end in (".py", ".pyc", *EXTENSION_SUFFIXES)):
                return False
        return True
    except (ImportError, ValueError, AttributeError, OSError):
        return False


def has_distribution(name: str) -> bool:
    """A folder of the same name ("agents") is not the framework."""
    try:
        importlib.metadata.distribution(name)
        return True
    except Exception:
        return False


def _named(path: str) -> Any:
    module, _, name = path.partition(":")
    value: Any = importlib.import_module(module)
    for part in name.split("."):
        value = getattr(value, part)
    return value


def _by_others(framework: Framework) -> Instrumentation | None:
    """One of its instrumentations that somebody has switched on already."""
    for one in framework.by:
        module, _, name = one.instrumentor.partition(":")
        instrumentor = getattr(sys.modules.get(module), name, None)
        if instrumentor is not None and getattr(instrumentor, "_instance", None) is not None:
            if getattr(instrumentor._instance, "_is_instrumented_by_opentelemetry", False):
                return one
    return None


class Frameworks:
    def __init__(self, settings: Settings, provider: Any, owners: Owners) -> None:
        self._settings, self._provider, self._owners = settings, provider, owners
        self._lock = threading.RLock()
        self.found: dict[str, Found] = {}

    def switch_on(self) -> None:
        self._set_environment()
        for framework in FRAMEWORKS:
            if self._wanted(framework) and installed(framework.module) and has_distribution(framework.distribution):
                self._arrange(framework)

    def _wanted(self, framework: Framework) -> bool:
        names = {framework.name.lower(), framework.distribution.lower(), framework.module.lower()}
        if names & {word.lower() for word in self._settings.without}:
            return False
        wanted = self._settings.frameworks
        return wanted is None or bool(names & {word.lower() for word in wanted})

    def _set_environment(self) -> None:
        if self._settings.content:
            for name, value in CONTENT_ENV.items():
                os.environ.setdefault(name, value)
        else:
            os.environ.update(NO_CONTENT_ENV)

    def _arrange(self, framework: Framework) -> None:
        if self._settings.content:
            for name, value in framework.env.items():
                os.environ.setdefault(name, value)
        if framework.tells_itself is not None and (not framework.tells_itself or installed(framework.tells_itself)):
            self._note(framework, "waiting", framework.distribution)
            when_imported(framework.module, lambda: self._tells_itself(framework))
            return
        one = next((one for one in framework.by if installed(one.instrumentor.partition(":")[0])), None)
        if one is None:
            wanted = framework.by[0].package
            self._note(framework, "missing", wanted)
            when_imported(framework.module, lambda: self._missing(framework, wanted))
            return
        self._note(framework, "waiting", one.package)
        when_imported(framework.module, lambda: self._instrument(framework, one))

    def _note(self, framework: Framework, state: str, by: str, why: str = "") -> None:
        self.found[framework.name] = Found(framework.name, state, by, why)

    def _missing(self, framework: Framework, package: str) -> None:
        say_once(logging.WARNING, f"{framework.name} is used and its calls are not traced: pip install {package}", about=f"missing {package}")

    def _tells_itself(self, framework: Framework) -> None:
        try:
            if framework.switch:
                _named(framework.switch)()
            self._owners.add(framework)
            self._note(framework, "on", framework.distribution)
        except Exception as wrong:
            self._failed(framework, framework.switch, wrong)

    def _instrument(self, framework: Framework, one: Instrumentation) -> None:
        with self._lock:
            if self.found[framework.name].state == "on":
                return
            try:
                other = _by_others(framework)
                if other is not None:
                    self._owners.add(framework)
                    self._note(framework, "other", other.package)
                    return
                instrumentor = _named(one.instrumentor)()
                instrumentor.instrument(tracer_provider=self._provider)
                if not getattr(instrumentor, "_is_instrumented_by_opentelemetry", True):
                    self._failed(framework, one.package, RuntimeError("it does not fit the installed version"))
                    return
                self._owners.add(framework)
                self._note(framework, "on", one.package)
                log.debug("%s is traced by %s", framework.name, one.package)
            except Exception as wrong:
                self._failed(framework, one.package, wrong)

    def _failed(self, framework: Framework, package: str, wrong: Exception) -> None:
        self._note(framework, "failed", package, f"{type(wrong).__name__}: {wrong}")
        went_wrong(f"tracing {framework.name} by {package}", wrong)


# -- when a module is imported ------------------------------------------------------------------------------------------

_waiting: dict[str, list[Callable[[], None]]] = {}
_waiting_lock = threading.Lock()


def when_imported(module: str, work: Callable[[], None]) -> None:
    """Now where it is imported, else right after it has run."""
    loaded = sys.modules.get(module)
    if loaded is not None and not getattr(getattr(loaded, "__spec__", None), "_initializing", False):
        _do(work)
        return
    with _waiting_lock:
        _waiting.setdefault(module, []).append(work)
        if not any(isinstance(one, _Watch) for one in sys.meta_path):
            sys.meta_path.insert(0, _Watch())


def _do(work: Callable[[], None]) -> None:
    try:
        work()
    except Exception as wrong:
        went_wrong("switching tracing on", wrong)


class _Watch:
    """A finder that finds nothing itself: it lets the others, and runs what waits once the module has run."""

    def __init__(self) -> None:
        self._here = threading.local()

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in _waiting or getattr(self._here, "name", "") == name:
            return None
        self._here.name = name
        try:
            spec = importlib.util.find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        finally:
            self._here.name = ""
        if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
            return None
        spec.loader = _Then(spec.loader, name)  # type: ignore[assignment]
        return spec

    def invalidate_caches(self) -> None:
        pass


class _Then:
    """A loader that loads by another one and then does what waited; to everybody else it is that other one."""

    def __init__(self, loader: Any, name: str) -> None:
        self._loader, self._name = loader, name

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        spec = module.__spec__
        spec.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        # Its own import is over but for the name in its parent; instrumentors import it again, and must get it whole.
        spec._initializing = False
        parent, _, child = self._name.rpartition(".")
        if parent in sys.modules and not hasattr(sys.modules[parent], child):
            setattr(sys.modules[parent], child, module)
        with _waiting_lock:
            works = _waiting.pop(self._name, [])
        for work in works:
            _do(work)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)
