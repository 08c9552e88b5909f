"""What an ingest will need soon, loaded in the background while it waits for what it needs first."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING

from encoders.types import WeightsError
from pipeline.derive.tracker import load_tracker
from stores.core.ids import base_stage
from stores.vectors.chroma import load_chroma

if TYPE_CHECKING:
    from encoders.bundle import Encoders

_MODELS = (
    ("speech_activity", "voice"),
    ("speech", "speech"),
    ("pictures", "image"),
    ("objects", "detector"),
    ("screentext", "reader"),
    ("vectors", "text"),
)
"""Models by the stage that needs them, in the order of need."""


class Loading:
    """Things that are loaded in the background, two at a time, until the block ends.

    Two, because Python imports one thing at a time, while weights can be read beside that. What is being loaded at the
    block's end is waited for: a library that is imported while the process ends may take it down.
    """

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._stopped = False
        self._threads = [threading.Thread(target=self._run, name="kinodex-loading", daemon=True) for _ in range(2)]

    def start(self) -> Loading:
        """Begin, for as long as the process lasts."""
        for thread in self._threads:
            thread.start()
        return self

    def __enter__(self) -> Loading:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = True
        for _ in self._threads:
            self._wanted.put(None)
        for thread in self._threads:
            thread.join()

    def models(self, encoders: Encoders, stages: Collection[str], index: bool = False) -> None:
        """What the named stages need: models, and when all of them are there what videos end with.

        The latter would only keep the models waiting, since Python imports one thing at a time.

        Args:
            index: whether this process also writes the vectors.
        """
        named = {base_stage(stage) for stage in stages}
        models: list[Callable[[], object]] = [
            partial(getattr, encoders, task) for stage, task in _MODELS if stage in named
        ]
        late: list[Callable[[], object]] = [
            *([load_tracker] if "tracklets" in named else []),
            *([load_chroma] if index else []),
        ]
        for load in models:
            self._wanted.put(load)

        def rest() -> None:
            # A model that the other thread is loading is waited for.
            for load in [*models, *late]:
                if not self._stopped:
                    _tried(load)

        if late:
            self._wanted.put(rest)

    def ray(self) -> None:
        """Ray's libraries, and what writes vectors: with Ray this process does no more itself."""
        self._wanted.put(partial(import_module, "workflows.executors.ray.executor"))
        self._wanted.put(load_chroma)

    def _run(self) -> None:
        while (load := self._wanted.get()) is not None and not self._stopped:
            _tried(load)


def _tried(load: Callable[[], object]) -> None:
    # Told by the stage that needs it.
    with suppress(WeightsError, ImportError):
        load()
