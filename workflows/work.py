"""Running one unit in one worker: each stage is recorded as begun before it runs, and its outcome is reported."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from pipeline.perceive import PerceptionConfig, PerceptionContext, VideoFile, perceive
from pipeline.segments.parts import parts_of
from pipeline.segments.perceive_part import perceive_part
from stores.core.errors import KinodexError, StoreError
from stores.core.ids import base_stage
from stores.core.patience import patiently
from stores.core.records import Receipt, Record, StageKey, StageOutput, Video
from stores.core.uris import path_of
from stores.ledger import Attempt, Ledger
from stores.sql.faults import in_one_line
from workflows.units import WorkUnit

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from pipeline.decode.decoder import Decoder
    from pipeline.similarity.reuse import KnownFrameHashes
    from pipeline.stage import Memory

_log = logging.getLogger(__name__)

Outcome = StageOutput | KinodexError


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What one worker needs to run units.

    Attributes:
        name: of the worker, in the ledger.
        known: frame hashes of other videos, whose model outputs may be reused; None to reuse none.
    """

    name: str
    ledger: Ledger
    encoders: Encoders
    decoder: Decoder
    config: PerceptionConfig = field(default_factory=PerceptionConfig)
    known: KnownFrameHashes | None = None


@dataclass(frozen=True, slots=True)
class WorkerCallbacks:
    """Callbacks through which a worker reports progress and outcomes.

    Attributes:
        ended: called when a stage ended; returns once the outcome is stored. Raises `StoreError` if it cannot be.
        resolved: called when a stage is not begun because it is already done, or was attempted too often.
        begun: called when a stage was begun.
        advanced: called with a stage's progress, a share in [0, 1].
        stopped: returns whether to stop as soon as possible.
    """

    ended: Callable[[Attempt, Outcome], None]
    resolved: Callable[[Receipt], None]
    begun: Callable[[str], None] = lambda _: None
    advanced: Callable[[str, float], None] = lambda _stage, _share: None
    stopped: Callable[[], bool] = lambda: False


def work(unit: WorkUnit, memory: Memory, context: WorkerContext, callbacks: WorkerCallbacks) -> None:
    """Run the stages of one unit. Bad media become errors of their stage; so do bugs, whose traceback is logged.

    If the job is told to stop, running attempts are released and do not count against the video.

    Raises:
        StoreError: if the library cannot be written any more (disk full, locked, damaged); the job must end.
    """
    attempts: dict[str, Attempt] = {}
    ledger = context.ledger

    def begin(stages: Sequence[str]) -> list[str]:
        if callbacks.stopped():
            return []
        keys = [StageKey(unit.video_id, stage, unit.stages[stage]) for stage in stages]
        asked = time.time()
        for begun in patiently(lambda: ledger.begin_all(keys, context.name, asked)):
            if isinstance(begun, Receipt):
                callbacks.resolved(begun)
            else:
                attempts[begun.key.stage] = begun
                callbacks.begun(begun.key.stage)
        return [stage for stage in stages if stage in attempts]

    def advanced(stage: str, share: float) -> None:
        if callbacks.stopped():
            raise interrupted(stage)
        callbacks.advanced(stage, share)

    try:
        for stage, outcome in outcomes(unit, memory, context, begin, advanced):
            if callbacks.stopped() and isinstance(outcome, KinodexError):
                patiently(partial(ledger.release, attempts[stage]))
            else:
                callbacks.ended(attempts[stage], outcome)
            del attempts[stage]
    except StoreError:
        # The library failed, not the video.
        for attempt in attempts.values():
            with suppress(StoreError):
                ledger.release(attempt)
        raise
    except Exception as error:  # noqa: BLE001
        # A bug that one video reveals must neither stop the other videos nor lose its traceback.
        _log.exception("%s of %s", ", ".join(attempts) or "nothing", unit.video_id)
        for attempt in attempts.values():
            callbacks.ended(attempt, KinodexError("INTERNAL", in_one_line(error), "The log has more."))


def outcomes(
    unit: WorkUnit,
    memory: Memory,
    context: WorkerContext,
    begin: Callable[[Sequence[str]], Sequence[str]],
    advanced: Callable[[str, float], None],
) -> Iterator[tuple[str, Outcome]]:
    """Run the stages of a unit and yield each with its outcome; attempts are the caller's business."""
    path = path_of(unit.uri)
    memory = _PatientMemory(memory, unit.undecodable_audio)
    video = memory.video
    parts = parts_of(video, unit.part_seconds) if video is not None else ()
    perception = PerceptionContext(context.encoders, context.decoder, begin, context.config, advanced, context.known)
    if unit.part is None:
        file = VideoFile(path, unit.video_id, unit.sha256)
        yield from perceive(file, tuple(unit.stages), memory, perception, parts)
    elif video is not None:
        todo = tuple(base_stage(stage) for stage in unit.stages)
        yield from perceive_part(path, video, parts[unit.part], todo, perception)


class _PatientMemory:
    """A memory that waits while a server is unreachable, and treats the stages ``empty`` as done without results."""

    def __init__(self, memory: Memory, empty: Collection[str]) -> None:
        self._memory = memory
        self._empty = empty

    @property
    def video(self) -> Video | None:
        return patiently(lambda: self._memory.video)

    def has(self, stage: str) -> bool:
        return stage in self._empty or patiently(lambda: self._memory.has(stage))

    def records(self, stage: str) -> Sequence[Record]:
        return patiently(lambda: self._memory.records(stage))

    def blob(self, stage: str, name: str) -> bytes:
        return patiently(lambda: self._memory.blob(stage, name))

    def blob_names(self, stage: str) -> Sequence[str]:
        return patiently(lambda: self._memory.blob_names(stage))


def interrupted(stage: str) -> KinodexError:
    """The outcome of a stage whose job was told to stop."""
    return KinodexError("WORKER_LOST", f"The job was interrupted during {stage}.", "Run the same command again.")
