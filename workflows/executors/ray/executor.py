"""Many units on Ray: the driver's side.

What goes to an actor is where a video lies and which stages are left; what comes back is a small receipt for each
stage and the name of a parcel. Pixels, sound and vectors never cross. The driver is the one writer. On several
machines the videos, and the library's folder unless servers take its place, must lie at the same path on each.

A machine that is gone from the cluster was not the video's fault: the attempt it held is given back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from stores.core.errors import KinodexError, StoreError
from stores.core.patience import patiently
from stores.core.records import StageKey
from stores.ledger import Attempt
from workflows.executors.ray.actor import ActorConfig, Row
from workflows.executors.ray.cluster import cluster, machines
from workflows.executors.ray.pool import Pool
from workflows.executors.ray.shape import at_hand, shape_of
from workflows.executors.threads import record_outcome
from workflows.telemetry.progress import StageFinished
from workflows.units import WorkUnit
from workflows.work import Outcome
from workflows.workers import default_workers

if TYPE_CHECKING:
    from stores.library_store import LibraryStore
    from workflows.job import Job


@contextmanager
def on_ray(job: Job) -> Iterator[Callable[[Sequence[WorkUnit]], None]]:
    """A cluster for the block, and what works through units on it.

    Whatever ends the block, what actors still had in hand is given back: it is no strike against a video.
    """
    driver = _Driver(job)
    try:
        with cluster(job.address, job.workers or default_workers()) as environment:
            driver.environment = environment
            try:
                yield driver.run
            finally:
                driver.dismiss()
    finally:
        driver.give_back()


class _Driver:
    """Gives units out, and writes down what comes of them."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._begun: list[WorkUnit] = []
        self._pool: Pool | None = None
        self.environment: Mapping[str, str] = {}  # that workers are asked for with

    def run(self, units: Sequence[WorkUnit]) -> None:
        """Work through ``units`` in their order; commit what actors leave as it comes.

        Raises:
            StoreError: if the library cannot be written any more; what was committed stays.
            KinodexError: WORKER_LOST if actors die before they can begin.
        """
        job, meter = self._job, self._job.meter
        begun = [unit for unit in units if meter is None or meter.may_begin(unit)]
        if not begun:
            return
        self._begun += begun
        for rows in self._rows(begun):
            for row in rows:
                unit = begun[row.unit]
                if row.stage:
                    _take(job, unit, row)
                elif row.status == "aborted":
                    raise StoreError(row.error_code, row.error_message, "Run the same command again to go on.")
                else:
                    if meter is not None:
                        meter.ended(unit)
                    job.unit_ended(unit)
            if meter is not None and meter.over():
                self.dismiss()
                break
        # Nobody is at work any more. Of units that ran twice a parcel may be left, and of dead actors half of one.
        for file in patiently(job.store.staging_area.files):
            job.store.staging_area.remove(file.name)

    def dismiss(self) -> None:
        """End all actors, whatever they do."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def give_back(self) -> None:
        """Release the attempts that actors had in hand when the job was stopped."""
        ledger, units = self._job.store.ledger, self._begun
        wanted = {StageKey(unit.video_id, *item) for unit in units for item in unit.stages.items()}
        with suppress(StoreError):
            for receipt in ledger.receipts_of(sorted({unit.video_id for unit in units})):
                if receipt.status == "running" and receipt.key in wanted and receipt.worker.startswith("ray-"):
                    with suppress(StoreError):  # of one that ended after all; the others are given back
                        ledger.release(Attempt(receipt.key, receipt.attempt, receipt.worker, 0.0))

    def _rows(self, units: Sequence[WorkUnit]) -> Iterator[Sequence[Row]]:
        pool = self._pool_for(units)
        texts = [json.dumps(asdict(unit)) for unit in units]
        ahead = at_hand([unit.seconds for unit in units], pool.shape.slots * pool.shape.actors)
        return pool.work(texts, ahead, self._job.progress)

    def _pool_for(self, units: Sequence[WorkUnit]) -> Pool:
        """The pool there is, its models loaded, unless a larger one is worth while."""
        job, encoders = self._job, self._job.encoders
        shape = shape_of(
            machines(),
            len(units),
            job.workers,
            pulled=encoders.pulled,
            on_gpu=encoders.device != "cpu" and (encoders.pulled or encoders.device == "cuda"),
            alone=job.store.ledger.max_attempts == 1,
        )
        there = self._pool
        if there is None or shape.slots * shape.actors > there.shape.slots * there.shape.actors:
            self.dismiss()
            self._pool = there = Pool(_crew(job, units), shape, self.environment)
        return there


def _crew(job: Job, units: Sequence[WorkUnit]) -> ActorConfig:
    store, encoders = job.store, job.encoders
    return ActorConfig(
        root=str(store.root),
        places=store.places,
        max_attempts=store.ledger.max_attempts,
        profile=encoders.profile,
        threads=encoders.threads,
        device=encoders.device,
        pins=encoders.registry.pins(encoders.profile),
        added=encoders.registry.added,
        config=job.config,
        stages=tuple(sorted({stage for unit in units for stage in unit.stages})),
    )


def _take(job: Job, unit: WorkUnit, row: Row) -> None:
    """Write down one ending that an actor reported."""
    key = StageKey(row.video_id, row.stage, row.fingerprint)
    if not row.attempt:
        job.progress(StageFinished(unit.video_id, unit.uri, row.stage, row.status, row.error_code))
        return
    receipt = record_outcome(job.store, Attempt(key, row.attempt, row.worker, row.started), _outcome(job.store, row))
    if row.staged:
        patiently(lambda: job.store.staging_area.delete(row.staged))
    if receipt is not None:
        job.stage_ended(unit, receipt)


def _outcome(store: LibraryStore, row: Row) -> Outcome:
    if not row.staged:
        return KinodexError(row.error_code, row.error_message)
    try:
        return patiently(lambda: store.staging_area.read(row.staged))[1]
    except StoreError as error:
        return error
