"""What runs inside one of Ray's actors: several units at a time, on one copy of the models.

Actors commit nothing: they begin attempts in the ledger, so that a crash leaves its mark, and leave parcels where the
library keeps them (`stores.files.staging_area`). What they give back is a small row for each stage, and the name of a
parcel.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from stores.core.errors import KinodexError, StoreError
from stores.core.patience import patiently
from stores.core.places import Places
from stores.known_frame_hashes import KnownFrameHashes
from stores.ledger import Attempt, Ledger
from stores.library_store import LibraryStore
from workflows.executors.exclusive import SharedExclusiveLock, has_one_chance_left, lost
from workflows.executors.ray.cluster import alive, aside, this_machine
from workflows.executors.recovered_outputs import RecoveredOutput, WithRecovered, recovered_outputs
from workflows.loading import Loading
from workflows.telemetry.job_log import job_log
from workflows.telemetry.progress import StageAdvanced, StageStarted
from workflows.units import WorkUnit
from workflows.work import Outcome, WorkerCallbacks, WorkerContext, work

if TYPE_CHECKING:
    from encoders.registry.rows import RegistryRows
    from pipeline.perceive import PerceptionConfig

UNCOMMITTED = 48
"""StagingArea that a worker may be ahead of the writer. Source: our choice: the stages of about four videos."""

EXCUSED = 10
"""Attempts at one stage that may be lost to machines that are gone, before they count after all. Source: our choice."""

_WRITER_PATIENCE = 600.0  # seconds that a worker waits for the writer to catch up


@dataclass(frozen=True, slots=True)
class Row:
    """How one stage of one unit ended, as it crosses from an actor to the driver: plain text and numbers only.

    Attributes:
        unit: place of the unit in what the driver gave out.
        stage: "" on the row that closes a unit; its status is then ``finished`` or, if nothing can be stored
            any more, ``aborted``.
        attempt: 0 where nothing was begun because the ledger knew the ending.
        staged: name of the output where ``status`` is done, "" otherwise.
    """

    unit: int
    video_id: str = ""
    stage: str = ""
    fingerprint: str = ""
    status: str = "finished"
    attempt: int = 0
    worker: str = ""
    started: float = 0.0
    staged: str = ""
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class ActorConfig:
    """What every actor is made with; small, and without live objects.

    Attributes:
        pins: commits of models whose commit the registry leaves open, as the driver has them (`Registry.pins`).
        stages: those of all units.
        added: models and profiles of the settings.
    """

    root: str
    places: Places
    max_attempts: int
    profile: str
    threads: int
    device: str
    pins: Mapping[str, str]
    config: PerceptionConfig
    stages: tuple[str, ...]
    added: RegistryRows | None = None


ProgressEvent = StageStarted | StageAdvanced


class ProgressBuffer:
    """How far units have come, until somebody asks: of each stage only the last word. To be used by several threads."""

    def __init__(self) -> None:
        self._words: dict[tuple[int, type, str], ProgressEvent] = {}
        self._lock = threading.Lock()

    def tell(self, unit: int, word: ProgressEvent) -> None:
        """Keep it in place of what was said before of the same stage."""
        with self._lock:
            self._words[unit, type(word), word.stage] = word

    def forget(self, unit: int) -> None:
        """This unit has ended: its rows say all."""
        with self._lock:
            self._words = {key: word for key, word in self._words.items() if key[0] != unit}

    def taken(self) -> list[tuple[int, ProgressEvent]]:
        """What was said since the last time, with the unit's place, in the order in which it began."""
        with self._lock:
            words, self._words = self._words, {}
        return [(unit, word) for (unit, _, _), word in words.items()]


@dataclass(slots=True)
class _Slot:
    """Where one unit at a time is worked on: its worker's hands, and its parcels that the writer may not have read."""

    context: WorkerContext
    ahead: list[str] = field(default_factory=list)


class Perceiver:
    """One actor: its models and its door to the library, kept over many units, and a decoder for each slot.

    Args:
        slots: units at the same time; Ray calls `work` from threads.
    """

    def __init__(self, crew: ActorConfig, slots: int) -> None:
        self._crew = crew
        self._company = SharedExclusiveLock()
        self._slots: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        self._count = slots
        self._progress = ProgressBuffer()
        self._log = ExitStack()

    def open(self) -> Row:
        """Open the library and begin to load models.

        Returns:
            A row whose status is ``aborted``, and why, if the library cannot be opened here.
        """
        # Imported here, not at the top: the driver loads no models.
        from encoders.bundle import Encoders
        from pipeline.decode.decoder import Decoder

        crew = self._crew
        try:
            store = patiently(
                lambda: LibraryStore.open(Path(crew.root), places=crew.places, max_attempts=crew.max_attempts)
            )
            self._log.enter_context(job_log(store.root))
        except KinodexError as error:
            where = f"On {socket.gethostname()}: {error.message}"
            return Row(-1, status="aborted", error_code=error.code.name, error_message=where)
        encoders = Encoders.open(crew.profile, crew.threads, crew.device, crew.pins, crew.added)
        Loading().start().models(encoders, crew.stages)
        known = KnownFrameHashes(store)
        for slot in range(self._count):
            name = f"ray-{this_machine()}-{slot}-{os.getpid()}"
            self._slots.put(_Slot(WorkerContext(name, store.ledger, encoders, Decoder(), crew.config, known)))
        self._store = store
        return Row(-1)

    @aside
    def progress(self) -> list[tuple[int, ProgressEvent]]:
        """What has begun and how far it is, since the last question. An actor that answers lives."""
        return self._progress.taken()

    def work(self, number: int, text: str) -> list[Row]:
        """The endings of the stages of the unit that ``text`` holds as JSON, and a row without a stage to close it."""
        unit = WorkUnit(**json.loads(text))
        closing = Row(number, unit.video_id)
        rows: list[Row] = []
        store = self._store
        slot = self._slots.get()
        try:
            self._wait_for_writer(slot)
            found = patiently(lambda: recovered_outputs(store, unit))
            rows += [_taken_over(number, one) for one in found.values()]
            rest = replace(unit, stages={name: mark for name, mark in unit.stages.items() if name not in found})
            patiently(lambda: forgive_lost_machines(store.ledger, rest))
            careful = patiently(lambda: has_one_chance_left(store.ledger, rest))
            with self._company.exclusive() if careful else self._company.shared():
                work(
                    rest,
                    WithRecovered(store.memory(unit.video_id), found),
                    slot.context,
                    self._callbacks(number, unit, slot, rows),
                )
        except StoreError as error:
            # A row, not an exception: Ray would wrap it in a page of its own.
            closing = replace(closing, status="aborted", error_code=error.code.name, error_message=error.message)
        finally:
            self._progress.forget(number)
            self._slots.put(slot)
        return [*rows, closing]

    def _callbacks(self, number: int, unit: WorkUnit, slot: _Slot, rows: list[Row]) -> WorkerCallbacks:
        tell = partial(self._progress.tell, number)
        return WorkerCallbacks(
            begun=lambda stage: tell(StageStarted(unit.video_id, unit.uri, stage)),
            advanced=lambda stage, share: tell(StageAdvanced(unit.video_id, stage, share)),
            ended=lambda attempt, outcome: rows.append(self._ended(number, slot, attempt, outcome)),
            resolved=lambda receipt: rows.append(
                Row(number, **asdict(receipt.key), status=receipt.status, error_code=receipt.error_code)
            ),
        )

    def _ended(self, number: int, slot: _Slot, attempt: Attempt, outcome: Outcome) -> Row:
        key = attempt.key
        row = Row(
            number,
            **asdict(key),
            status="done",
            attempt=attempt.number,
            worker=attempt.worker,
            started=attempt.started,
        )
        if isinstance(outcome, KinodexError):
            return replace(row, status="failed", error_code=outcome.code.name, error_message=outcome.message)
        if outcome.seconds is None:
            # Until the writer comes to it, time goes by in which nobody works on this.
            outcome = replace(outcome, seconds=max(0.0, time.time() - attempt.started))
        output = outcome
        staged = patiently(lambda: self._store.staging_area.write(key, output, attempt.number))
        slot.ahead.append(staged)
        return replace(row, staged=staged)

    def _wait_for_writer(self, slot: _Slot) -> None:
        """Back-pressure: rows are tiny, so Ray would let actors run ahead until the disk is full of parcels."""
        until = time.monotonic() + _WRITER_PATIENCE
        while len(slot.ahead) > UNCOMMITTED and time.monotonic() < until:
            there = set(patiently(self._store.staging_area.names))
            slot.ahead = [name for name in slot.ahead if name in there]
            if len(slot.ahead) > UNCOMMITTED:
                time.sleep(0.5)


def _taken_over(number: int, one: RecoveredOutput) -> Row:
    receipt = one.receipt
    return Row(
        number,
        **asdict(receipt.key),
        status="done",
        attempt=receipt.attempt,
        worker=receipt.worker,
        started=time.time(),
        staged=one.staged,
    )


def forgive_lost_machines(ledger: Ledger, unit: WorkUnit) -> None:
    """Give back the attempts at stages of ``unit`` that a machine held which is no longer in the cluster."""
    running = lost(ledger, unit)
    there = alive() if running else set()
    for receipt in running:
        if receipt.worker.startswith("ray-") and receipt.attempt <= EXCUSED:
            node = receipt.worker.split("-")[1]
            if node not in there:
                ledger.release(Attempt(receipt.key, receipt.attempt, receipt.worker, 0.0))
