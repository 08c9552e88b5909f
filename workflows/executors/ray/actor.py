"""The Ray actor: it runs several units at a time on one copy of the models.

Actors commit nothing. They begin attempts in the ledger, so that a crash leaves a trace, and write outputs to the
library's staging area (`stores.files.staging_area`). What they return is a small row for each stage with the name of
its staged output.
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
from workflows.executors.exclusive import SharedExclusiveLock, is_last_attempt, lost_attempts
from workflows.executors.ray.cluster import alive, polled, this_machine
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
"""Staged outputs by which a worker may be ahead of the writer. Source: our choice: the stages of about four videos."""

EXCUSED = 10
"""Attempts at one stage that are excused when their machine is lost; further ones count. Source: our choice."""

_WRITER_PATIENCE = 600.0  # seconds that a worker waits for the writer to catch up


@dataclass(frozen=True, slots=True)
class Row:
    """How one stage of one unit ended, as an actor reports it to the driver: plain text and numbers only.

    Attributes:
        unit: index of the unit among those that the driver submitted.
        stage: "" on the row that closes a unit; its status is then ``finished`` or, if nothing can be stored
            any more, ``aborted``.
        attempt: 0 where nothing was begun because the ledger had the outcome already.
        staged: name of the staged output where ``status`` is done, "" otherwise.
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
    """What every actor is configured with; small, and without live objects.

    Attributes:
        pins: commits of models for which the registry names none, as the driver resolved them (`Registry.pins`).
        perception: configuration of the stages.
        stages: the stages of all units.
        added: models and profiles from the settings.
    """

    root: str
    places: Places
    max_attempts: int
    profile: str
    threads: int
    device: str
    pins: Mapping[str, str]
    perception: PerceptionConfig
    stages: tuple[str, ...]
    added: RegistryRows | None = None


ProgressEvent = StageStarted | StageAdvanced


class ProgressBuffer:
    """Progress events until the driver polls for them; the latest of each kind and stage. Thread-safe."""

    def __init__(self) -> None:
        self._events: dict[tuple[int, type, str], ProgressEvent] = {}
        self._lock = threading.Lock()

    def add(self, unit: int, event: ProgressEvent) -> None:
        """Replace the previous event of the same kind about the same stage."""
        with self._lock:
            self._events[unit, type(event), event.stage] = event

    def discard(self, unit: int) -> None:
        """Drop the events of a unit that has ended: its rows say everything."""
        with self._lock:
            self._events = {key: event for key, event in self._events.items() if key[0] != unit}

    def drain(self) -> list[tuple[int, ProgressEvent]]:
        """Remove all events and return them with the indices of their units, the oldest first."""
        with self._lock:
            events, self._events = self._events, {}
        return [(unit, event) for (unit, _, _), event in events.items()]


@dataclass(slots=True)
class _Slot:
    """A place for one unit at a time.

    Attributes:
        context: of the slot's worker.
        uncommitted: names of staged outputs that the writer may not have committed yet.
    """

    context: WorkerContext
    uncommitted: list[str] = field(default_factory=list)


class Perceiver:
    """An actor: it keeps its models and its connection to the library over many units, and a decoder for each slot.

    Args:
        slots: units at the same time; Ray calls `work` from as many threads.
    """

    def __init__(self, config: ActorConfig, slots: int) -> None:
        self._config = config
        self._lock = SharedExclusiveLock()
        self._slots: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        self._count = slots
        self._progress = ProgressBuffer()
        self._log = ExitStack()

    def open(self) -> Row:
        """Open the library and start loading models.

        Returns:
            a row; its status is ``aborted``, with the error, if the library cannot be opened on this machine.
        """
        # Imported here, not at the top: the driver loads no models.
        from encoders.bundle import Encoders
        from pipeline.decode.decoder import Decoder

        config = self._config
        try:
            store = patiently(
                lambda: LibraryStore.open(Path(config.root), places=config.places, max_attempts=config.max_attempts)
            )
            self._log.enter_context(job_log(store.root))
        except KinodexError as error:
            where = f"On {socket.gethostname()}: {error.message}"
            return Row(-1, status="aborted", error_code=error.code.name, error_message=where)
        encoders = Encoders.open(config.profile, config.threads, config.device, config.pins, config.added)
        Loading().start().models(encoders, config.stages)
        known = KnownFrameHashes(store)
        for slot in range(self._count):
            name = f"ray-{this_machine()}-{slot}-{os.getpid()}"
            self._slots.put(_Slot(WorkerContext(name, store.ledger, encoders, Decoder(), config.perception, known)))
        self._store = store
        return Row(-1)

    @polled
    def progress(self) -> list[tuple[int, ProgressEvent]]:
        """Progress since the last call. An actor that answers is alive."""
        return self._progress.drain()

    def work(self, number: int, text: str) -> list[Row]:
        """Run the unit in ``text``, as JSON; a row for each stage, then one without a stage to close the unit."""
        unit = WorkUnit(**json.loads(text))
        closing = Row(number, unit.video_id)
        rows: list[Row] = []
        store = self._store
        slot = self._slots.get()
        try:
            self._wait_for_writer(slot)
            found = patiently(lambda: recovered_outputs(store, unit))
            rows += [_recovered_row(number, one) for one in found.values()]
            rest = replace(unit, stages={name: unit.stages[name] for name in unit.stages if name not in found})
            patiently(lambda: excuse_lost_machines(store.ledger, rest))
            last_attempt = patiently(lambda: is_last_attempt(store.ledger, rest))
            with self._lock.exclusive() if last_attempt else self._lock.shared():
                work(
                    rest,
                    WithRecovered(store.memory(unit.video_id), found),
                    slot.context,
                    self._callbacks(number, unit, slot, rows),
                )
        except StoreError as error:
            # A row, not an exception: Ray would wrap that in a long report of its own.
            closing = replace(closing, status="aborted", error_code=error.code.name, error_message=error.message)
        finally:
            self._progress.discard(number)
            self._slots.put(slot)
        return [*rows, closing]

    def _callbacks(self, number: int, unit: WorkUnit, slot: _Slot, rows: list[Row]) -> WorkerCallbacks:
        add = partial(self._progress.add, number)
        return WorkerCallbacks(
            begun=lambda stage: add(StageStarted(unit.video_id, unit.uri, stage)),
            advanced=lambda stage, share: add(StageAdvanced(unit.video_id, stage, share)),
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
            # Measured now: it may take a while until the writer commits this.
            outcome = replace(outcome, seconds=max(0.0, time.time() - attempt.started))
        output = outcome
        staged = patiently(lambda: self._store.staging_area.write(key, output, attempt.number))
        slot.uncommitted.append(staged)
        return replace(row, staged=staged)

    def _wait_for_writer(self, slot: _Slot) -> None:
        """Back-pressure: rows are tiny, so Ray would let actors run ahead until staged outputs fill the disk."""
        until = time.monotonic() + _WRITER_PATIENCE
        while len(slot.uncommitted) > UNCOMMITTED and time.monotonic() < until:
            staged = set(patiently(self._store.staging_area.names))
            slot.uncommitted = [name for name in slot.uncommitted if name in staged]
            if len(slot.uncommitted) > UNCOMMITTED:
                time.sleep(0.5)


def _recovered_row(number: int, one: RecoveredOutput) -> Row:
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


def excuse_lost_machines(ledger: Ledger, unit: WorkUnit) -> None:
    """Release attempts at stages of ``unit`` that were held by machines no longer in the cluster."""
    running = lost_attempts(ledger, unit)
    nodes = alive() if running else set()
    for receipt in running:
        if receipt.worker.startswith("ray-") and receipt.attempt <= EXCUSED:
            node = receipt.worker.split("-")[1]
            if node not in nodes:
                ledger.release(Attempt(receipt.key, receipt.attempt, receipt.worker, 0.0))
