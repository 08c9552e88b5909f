"""The ways in which a library can be asked: by rules, with the local model, with a scripted one."""

from __future__ import annotations

from pathlib import Path

from kinodex.library import Library

PLANNERS = ("rules", "local", "scripted")


def open_library(path: Path, planner: str) -> Library:
    """The library, to be closed by the caller.

    Raises:
        UsageError: SETTINGS_INVALID where this edition has no such planner.
    """
    endpoint = {} if planner == "rules" else {"endpoint": {"model": planner}}
    return Library.open(path, create=False, **endpoint)
