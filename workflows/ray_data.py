"""Many units on Ray: the only file that knows Ray.

One row is one block is one unit of work. What goes in is where the video lies and which stages are left; what
comes out is a small receipt for each stage and the name of a parcel. Pixels, sound and vectors never cross. The
actors commit nothing: they begin attempts in the ledger, so that a crash leaves its mark, and leave parcels where
the library keeps them (`stores.parcels`); the driver is the one writer. On several machines the videos, and the
library's folder unless servers take its place, must lie at the same path on each.

Ray retries a task whose actor died for ever; the ledger's count of attempts ends that. A machine that is gone
from the cluster was not the video's fault: the attempt it held is given back.
"""

from __future__ import annotations

import json
import logging
import math
import os
import socket
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores.errors import KinodexError, StoreError, UsageError
from stores.known_prints import KnownPrints
from stores.ledger import Attempt, Ledger
from stores.library_store import LibraryStore
from stores.patience import patiently
from stores.places import Places
from stores.records import StageKey
from workflows.job_log import job_log
from workflows.leftovers import Leftover, WithLeftovers, leftovers
from workflows.loading import Loading
from workflows.local import default_workers, settle
from workflows.progress import StageFinished
from workflows.units import WorkUnit
from workflows.work import Ending, Hands, Reports, work

if TYPE_CHECKING:
    import numpy as np

    from encoders.bundle import Encoders
    from pipeline.perceive import PerceptionConfig
    from workflows.job import Job

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ray
    import ray.data
    from ray.data import ActorPoolStrategy, DataContext

WORKER_MEMORY = 2 << 30
"""Bytes reserved for one actor. Source: measured, 1160 MiB for all models of the embedded profile and 134 MiB for
the decoder on short clips; the rest is for large pictures and ten minutes of sound.
"""

PULLED_WORKER_MEMORY = 5 << 30
"""The same where models come from the hub. Source: not measured; in float32 the weights of the standard profile are
about 3 GB, of which those that only describe or re-rank are not loaded by an ingest.
"""

UNCOMMITTED = 48
"""Parcels an actor may be ahead of the writer. Source: our choice: the stages of about four videos."""

FORGIVEN = 10
"""Attempts at one stage that may be lost to machines that are gone, before they count after all. Source: our choice."""

_OVER_LONGEST = 4  # an actor's work as a multiple of the longest unit, from which two of these in a row are no harm
_OBJECT_STORE = 256 << 20  # rows are a few hundred bytes
_ANSWER_SECONDS = 10.0
_WRITER_PATIENCE = 600.0  # seconds that an actor waits for the writer to catch up


@dataclass(frozen=True, slots=True)
class Row:
    """How one stage of one unit ended, as it crosses from an actor to the driver: plain text and numbers only.

    Attributes:
        unit: place of the unit in the job.
        stage: "" on the row that closes a unit; its status is then ``finished`` or, if nothing can be stored
            any more, ``aborted``.
        attempt: 0 where nothing was begun because the ledger knew the ending.
        parcel: name of the output where ``status`` is done, "" otherwise.
    """

    unit: int
    video_id: str = ""
    stage: str = ""
    fingerprint: str = ""
    status: str = "finished"
    attempt: int = 0
    worker: str = ""
    started: float = 0.0
    parcel: str = ""
    error_code: str = ""
    error_message: str = ""


@dataclass(frozen=True, slots=True)
class Crew:
    """What every actor is made with; small, and without live objects.

    Attributes:
        pins: commits of models whose commit the registry leaves open, as the driver has them (`Registry.pins`).
        stages: those of all units.
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


class Perceiver:
    """One actor: its own models, decoder and door to the library, kept over many units."""

    def __init__(self, crew: Crew) -> None:
        # Imported here, not at the top: the driver loads no models.
        from encoders.bundle import Encoders
        from pipeline.decoder import Decoder

        self._store = LibraryStore.open(Path(crew.root), places=crew.places, max_attempts=crew.max_attempts)
        name = f"ray-{ray.get_runtime_context().get_node_id()}-{os.getpid()}"
        encoders = Encoders.open(crew.profile, crew.threads, crew.device, crew.pins)
        Loading().start().models(encoders, crew.stages)
        known = KnownPrints(self._store.catalog, self._store.blobs)
        self._hands = Hands(name, self._store.ledger, encoders, Decoder(), crew.config, known)
        self._ahead: list[str] = []

    def __call__(self, batch: dict[str, np.ndarray[Any, Any]]) -> dict[str, list[Any]]:
        """The endings of one unit's stages, one row each, and one row without a stage to close it."""
        (number,), (text,) = batch["number"], batch["unit"]
        unit = WorkUnit(**json.loads(str(text)))
        rows: list[Row] = []
        reports = Reports(
            ended=lambda attempt, ending: rows.append(self._ended(int(number), attempt, ending)),
            settled=lambda receipt: rows.append(
                Row(int(number), **asdict(receipt.key), status=receipt.status, error_code=receipt.error_code)
            ),
        )
        closing = Row(int(number), unit.video_id)
        store = self._store
        with job_log(store.root):
            try:
                self._wait_for_writer()
                found = patiently(lambda: leftovers(store, unit))
                rows += [self._taken_over(int(number), one) for one in found.values()]
                rest = replace(unit, stages={name: mark for name, mark in unit.stages.items() if name not in found})
                patiently(lambda: forgive_lost_machines(store.ledger, rest))
                work(rest, WithLeftovers(store.memory(unit.video_id), found), self._hands, reports)
            except StoreError as error:
                # A row, not an exception: Ray would wrap it in a page of its own.
                closing = replace(closing, status="aborted", error_code=error.code.name, error_message=error.message)
        rows.append(closing)
        return {field.name: [getattr(row, field.name) for row in rows] for field in fields(Row)}

    def _ended(self, number: int, attempt: Attempt, ending: Ending) -> Row:
        key = attempt.key
        row = Row(
            number,
            **asdict(key),
            status="done",
            attempt=attempt.number,
            worker=attempt.worker,
            started=attempt.started,
        )
        if isinstance(ending, KinodexError):
            return replace(row, status="failed", error_code=ending.code.name, error_message=ending.message)
        parcel = patiently(lambda: self._store.parcels.write(key, ending, attempt.number))
        self._ahead.append(parcel)
        return replace(row, parcel=parcel)

    def _taken_over(self, number: int, one: Leftover) -> Row:
        receipt = one.receipt
        return Row(
            number,
            **asdict(receipt.key),
            status="done",
            attempt=receipt.attempt,
            worker=receipt.worker,
            started=time.time(),
            parcel=one.parcel,
        )

    def _wait_for_writer(self) -> None:
        """Back-pressure: rows are tiny, so Ray would let actors run ahead until the disk is full of parcels."""
        until = time.monotonic() + _WRITER_PATIENCE
        while len(self._ahead) > UNCOMMITTED and time.monotonic() < until:
            there = set(patiently(self._store.parcels.names))
            self._ahead = [name for name in self._ahead if name in there]
            if len(self._ahead) > UNCOMMITTED:
                time.sleep(0.5)


def forgive_lost_machines(ledger: Ledger, unit: WorkUnit) -> None:
    """Give back the attempts at stages of ``unit`` that a machine held which is no longer in the cluster."""
    running = [
        receipt
        for receipt in ledger.receipts(unit.video_id)
        if receipt.status == "running" and unit.stages.get(receipt.key.stage) == receipt.key.fingerprint
    ]
    if not running:
        return
    alive = {node["NodeID"] for node in ray.nodes() if node["Alive"]}  # type: ignore[no-untyped-call]
    for receipt in running:
        if receipt.worker.startswith("ray-") and receipt.attempt <= FORGIVEN:
            node = receipt.worker.split("-")[1]
            if node not in alive:
                ledger.release(Attempt(receipt.key, receipt.attempt, receipt.worker, 0.0))


@contextmanager
def on_ray(job: Job) -> Iterator[Callable[[Sequence[WorkUnit]], None]]:
    """A cluster for the block, and what works through units on it.

    Whatever ends the block, what actors still had in hand is given back: it is no strike against a video.
    """
    begun: list[WorkUnit] = []
    try:
        with _cluster(job.address, job.workers or default_workers()):
            yield partial(_run, job, begun)
    finally:
        _give_back(job.store, begun)


def _run(job: Job, all_begun: list[WorkUnit], units: Sequence[WorkUnit]) -> None:
    """Work through ``units`` in their order on a pool of actors; commit what they leave as it comes.

    Raises:
        StoreError: if the library cannot be written any more; what was committed stays.
    """
    store, meter = job.store, job.meter
    begun = [unit for unit in units if meter is None or meter.may_begin(unit)]
    if not begun:
        return
    all_begun += begun
    for values in receipts(job, begun).iter_rows():
        row = Row(**values)
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
            break
    for name in patiently(store.parcels.names):
        store.parcels.delete(name)  # of units that ran twice because a machine was lost


def _give_back(store: LibraryStore, units: Sequence[WorkUnit]) -> None:
    """Release the attempts that actors had in hand when the job was stopped."""
    wanted = {StageKey(unit.video_id, *item) for unit in units for item in unit.stages.items()}
    with suppress(StoreError):
        for receipt in store.ledger.receipts_of(sorted({unit.video_id for unit in units})):
            if receipt.status == "running" and receipt.key in wanted and receipt.worker.startswith("ray-"):
                store.ledger.release(Attempt(receipt.key, receipt.attempt, receipt.worker, 0.0))


def receipts(job: Job, units: Sequence[WorkUnit]) -> ray.data.Dataset:
    """The lazy dataset of `Row`: one block for each unit, worked on by a pool of `Perceiver`."""
    store, encoders = job.store, job.encoders
    there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    memory = PULLED_WORKER_MEMORY if encoders.pulled else WORKER_MEMORY
    memory = int(min(memory, there.get("memory", memory)))
    fitting = min(int(there.get("CPU", 1)), int(there.get("memory", memory) // memory))
    most = max(1, min(job.workers or fitting, len(units)))
    items = [{"number": number, "unit": json.dumps(asdict(unit))} for number, unit in enumerate(units)]
    crew = Crew(
        root=str(store.root),
        places=store.places,
        max_attempts=store.ledger.max_attempts,
        profile=encoders.profile,
        threads=encoders.threads,
        device=encoders.device,
        pins=encoders.registry.pins(encoders.profile),
        config=job.config,
        stages=tuple(sorted({stage for unit in units for stage in unit.stages})),
    )
    return ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        Perceiver,
        fn_constructor_args=(crew,),
        batch_size=1,
        batch_format="numpy",
        # Asking for more workers than fit now makes a cluster that can grow do so.
        compute=ActorPoolStrategy(
            min_size=max(1, min(most, fitting)), max_size=most, max_tasks_in_flight_per_actor=at_hand(units, most)
        ),
        num_cpus=1,
        num_gpus=_gpu_share(encoders, there.get("GPU", 0.0), most) or None,
        memory=memory,
    )


def at_hand(units: Sequence[WorkUnit], workers: int) -> int:
    """Units that an actor is given at a time: the one it works on and, if all are short, the next.

    Ray looks only ten times a second for what has ended, so that an actor with nothing at hand idles for about 0.15 s
    after each unit. A unit at hand waits behind the one before it, though others may be free by then: where two of the
    longest in a row are no small share of an actor's work, it had better go to whoever is free next.
    """
    total, longest = sum(unit.seconds for unit in units), max(unit.seconds for unit in units)
    return 2 if 0 < _OVER_LONGEST * longest * workers <= total else 1


def _gpu_share(encoders: Encoders, gpus: float, workers: int) -> float:
    """GPUs of one actor, 0 if it needs none: Ray hides them from whoever does not ask, and they share what there is."""
    if not gpus or encoders.device == "cpu" or not (encoders.pulled or encoders.device == "cuda"):
        return 0.0
    return max(0.01, math.floor(100 * min(1.0, gpus / workers)) / 100)


def _take(job: Job, unit: WorkUnit, row: Row) -> None:
    """Write down one ending that an actor reported."""
    key = StageKey(row.video_id, row.stage, row.fingerprint)
    if not row.attempt:
        job.progress(StageFinished(unit.video_id, unit.uri, row.stage, row.status, row.error_code))
        return
    receipt = settle(job.store, Attempt(key, row.attempt, row.worker, row.started), _ending(job.store, row))
    if row.parcel:
        patiently(lambda: job.store.parcels.delete(row.parcel))
    if receipt is not None:
        job.stage_ended(unit, receipt)


def _ending(store: LibraryStore, row: Row) -> Ending:
    if not row.parcel:
        return KinodexError(row.error_code, row.error_message)
    try:
        return patiently(lambda: store.parcels.read(row.parcel))[1]
    except StoreError as error:
        return error


def _check_answers(address: str) -> None:
    """Ray itself waits for minutes without a word where nothing listens.

    Raises:
        UsageError: USAGE if nothing does.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return  # ``auto`` and the like: Ray finds the cluster, or says that there is none
    try:
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
    except OSError as error:
        raise _no_cluster(address, (error.strerror or str(error)).lower()) from error


def _no_cluster(address: str, why: str) -> UsageError:
    hint = "Start one with `ray start --head`, give the address of its head, or leave --address out."
    return UsageError("USAGE", f"No Ray cluster answers at {address}: {why}.", hint)


@contextmanager
def _cluster(address: str | None, workers: int) -> Iterator[None]:
    """Ray for the block: the one that runs already, the one at ``address``, or one of our own."""
    ours = not ray.is_initialized()
    if ours and address is not None:
        _check_answers(address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, RuntimeError, ray.exceptions.RayError) as error:
            raise _no_cluster(address, str(error).splitlines()[0]) from error
    elif ours:
        ray.init(
            address="local",
            num_cpus=workers,
            object_store_memory=_OBJECT_STORE,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    with warnings.catch_warnings():
        # Ray warns about its own defaults when it builds its context.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"ray\\..*")
        context = DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # An exception out of an actor is a bug of ours and ends the job; a bad video is a row.
    context.max_errored_blocks = 0
    # An actor that cannot be made (its library is away, say) is made again a few times; models load later, in a stage.
    context.max_consecutive_actor_init_deaths = 3
    # With one unit for each actor, a pool in which all are at work is one that may grow.
    context.autoscaling_config.actor_pool_util_upscaling_threshold = 1.0
    # One long video may be all that still runs; a decoder that hangs is stopped by its own limits.
    context.execution_no_progress_timeout_s = 24 * 3600
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        with DataContext.current(context):
            yield
    finally:
        if ours:
            ray.shutdown()
