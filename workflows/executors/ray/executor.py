"""The Ray executor: the driver's side.

An actor is sent the location of a video and the stages that are left; it returns a small row for each stage, with the
name of its staged output. Pixels, sound and vectors never pass through Ray. The driver is the only writer. On several
machines the videos, and the library's folder unless servers take its place, must be at the same path on each.

Losing a machine is not a video's fault: the attempts that it held are released.
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
from workflows.executors.ray.shape import shape_of, units_per_slot
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
    """Connect to a cluster for the block, and yield a function that runs units on it.

    However the block ends, attempts still held by actors are released and do not count against their videos.
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
        driver.release_attempts()


class _Driver:
    """Submits units to actors and records their outcomes."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._begun: list[WorkUnit] = []
        self._pool: Pool | None = None
        self.environment: Mapping[str, str] = {}  # of the actors' processes

    def run(self, units: Sequence[WorkUnit]) -> None:
        """Run ``units`` in the given order, and commit staged outputs as they arrive.

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
                    _record(job, unit, row)
                elif row.status == "aborted":
                    raise StoreError(row.error_code, row.error_message, "Run the same command again to go on.")
                else:
                    if meter is not None:
                        meter.ended(unit)
                    job.unit_ended(unit)
            if meter is not None and meter.over():
                self.dismiss()
                break
        # No actor is at work now. Units that ran twice, or actors that died, may have left staged outputs.
        for file in patiently(job.store.staging_area.files):
            job.store.staging_area.remove(file.name)

    def dismiss(self) -> None:
        """End all actors, even while they work."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def release_attempts(self) -> None:
        """Release the attempts that actors held when the job was stopped."""
        ledger, units = self._job.store.ledger, self._begun
        wanted = {StageKey(unit.video_id, *item) for unit in units for item in unit.stages.items()}
        with suppress(StoreError):
            for receipt in ledger.receipts_of(sorted({unit.video_id for unit in units})):
                if receipt.status == "running" and receipt.key in wanted and receipt.worker.startswith("ray-"):
                    with suppress(StoreError):  # an attempt that ended after all; go on with the others
                        ledger.release(Attempt(receipt.key, receipt.attempt, receipt.worker, 0.0))

    def _rows(self, units: Sequence[WorkUnit]) -> Iterator[Sequence[Row]]:
        pool = self._pool_for(units)
        texts = [json.dumps(asdict(unit)) for unit in units]
        ahead = units_per_slot([unit.seconds for unit in units], pool.shape.slots * pool.shape.actors)
        return pool.work(texts, ahead, self._job.progress)

    def _pool_for(self, units: Sequence[WorkUnit]) -> Pool:
        """The existing pool, whose models are loaded, unless a larger one is worthwhile."""
        job, encoders = self._job, self._job.encoders
        shape = shape_of(
            machines(),
            len(units),
            job.workers,
            pulled=encoders.pulled,
            on_gpu=encoders.device != "cpu" and (encoders.pulled or encoders.device == "cuda"),
            one_slot=job.store.ledger.max_attempts == 1,
        )
        pool = self._pool
        if pool is None or shape.slots * shape.actors > pool.shape.slots * pool.shape.actors:
            self.dismiss()
            self._pool = pool = Pool(_actor_config(job, units), shape, self.environment)
        return pool


def _actor_config(job: Job, units: Sequence[WorkUnit]) -> ActorConfig:
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
        perception=job.config,
        stages=tuple(sorted({stage for unit in units for stage in unit.stages})),
    )


def _record(job: Job, unit: WorkUnit, row: Row) -> None:
    """Record the outcome that an actor reported for one stage."""
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
