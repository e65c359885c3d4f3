"""Pawl: every step of an agent, its cost and its quality, in one line.

    import pawl
    pawl.init()

Nothing here raises into the program, and nothing blocks it: what the server does not take now waits in bounded memory and
on disk. The guide is docs/guides/connect/python.md.
"""
from ._datasets import Case, Dataset, Experiment, PawlError, Tried, dataset, experiment
from ._delivery import Status
from ._frameworks import Found
from ._prompts import Prompt, prompt
from ._scores import score
from ._spans import Guard, Told, current_span_id, current_trace_id, guardrail, identify, outcome, session, span, task, trace, user
from ._start import flush, frameworks, init, shutdown, status
from ._version import __version__

__all__ = [
    "Case", "Dataset", "Experiment", "Found", "Guard", "PawlError", "Prompt", "Status", "Told", "Tried", "__version__", "current_span_id",
    "current_trace_id", "dataset", "experiment", "flush", "frameworks", "guardrail", "identify", "init", "outcome", "prompt", "score", "session",
    "shutdown", "span", "status", "task", "trace", "user",
]
