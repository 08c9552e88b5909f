"""Loading models and libraries in the background, in the order in which an ingest needs them."""

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
    ("sound", "sounds"),
    ("speakers", "speaker"),
    ("pictures", "image"),
    ("objects", "detector"),
    ("faces", "faces"),
    ("faces", "face"),
    ("screentext", "reader"),
    ("vectors", "text"),
)
"""Models by the stage that needs them, in the order of need."""


class Loading:
    """Loads in the background, two items at a time, until the block ends.

    Two, because Python imports one module at a time, but weights can be read meanwhile. At its end, the block waits for
    what is still loading: a library imported while the process exits may crash it.
    """

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[Callable[[], object] | None] = queue.SimpleQueue()
        self._stopped = False
        self._threads = [threading.Thread(target=self._run, name="kinodex-loading", daemon=True) for _ in range(2)]

    def start(self) -> Loading:
        """Begin loading, without an end before that of the process."""
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
        """Load the models that ``stages`` need, then what is needed only at the end of a video.

        The latter comes last because it would delay the models: Python imports one module at a time.

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
            # Waits for models that the other thread is still loading.
            for load in [*models, *late]:
                if not self._stopped:
                    _tried(load)

        if late:
            self._wanted.put(rest)

    def ray(self) -> None:
        """Load Ray and the vector store: with Ray this process runs no models."""
        self._wanted.put(partial(import_module, "workflows.executors.ray.executor"))
        self._wanted.put(load_chroma)

    def _run(self) -> None:
        while (load := self._wanted.get()) is not None and not self._stopped:
            _tried(load)


def _tried(load: Callable[[], object]) -> None:
    # The stage that needs it reports the error.
    with suppress(WeightsError, ImportError):
        load()
