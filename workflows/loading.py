"""What an ingest will need soon, loaded in the background while it waits for what it needs first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING

from encoders.types import WeightsError
from pipeline.derive.tracker import load_tracker
from stores.chroma import load_chroma
from stores.ids import base_stage

if TYPE_CHECKING:
    from encoders.bundle import Encoders

_MODELS = (
    ("pictures", "image"),
    ("objects", "detector"),
    ("screentext", "reader"),
    ("voice", "voice"),
    ("speech", "speech"),
    ("vectors", "text"),
)
"""Models by the stage that needs them, in the order of need."""


def load_ahead(encoders: Encoders, stages: Collection[str]) -> None:
    """Begin to load what the named stages need, and return; a stage tells by itself what of its own is missing."""
    named = {base_stage(stage) for stage in stages}
    wanted: list[Callable[[], object]] = [
        lambda task=task: getattr(encoders, task)  # type: ignore[misc]
        for stage, task in _MODELS
        if stage in named
    ]
    if "tracklets" in named:
        wanted.append(load_tracker)
    if wanted:
        _in_background(wanted)


def load_index_ahead() -> None:
    """Begin to load what writes vectors, and return."""
    _in_background([load_chroma])


def load_ray_ahead() -> None:
    """Begin to import Ray, and return."""
    _in_background([lambda: import_module("workflows.ray_data")])


def _in_background(wanted: list[Callable[[], object]]) -> None:
    def run() -> None:
        for load in wanted:
            with suppress(WeightsError, ImportError):
                load()

    # No daemon: a library that is being imported while the process ends may take it down.
    threading.Thread(target=run, name="kinodex-loading").start()
