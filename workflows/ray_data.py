"""Many videos on Ray: the only file that knows Ray.

One row is one block is one video. What goes in is where the video lies and which stages are left; what comes
out is a small receipt for each stage and the path of a parcel. Pixels, sound and vectors never cross. The
actors commit nothing: they begin attempts in the ledger, so that a crash leaves its mark, and leave parcels in
the library's staging folder; the driver is the one writer. On several machines the library's folder and the
videos must lie at the same path on each.

Ray retries a task whose actor died for ever; the ledger's count of attempts ends that.
"""

from __future__ import annotations

import json
import logging
import os
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores.errors import KinodexError, StoreError
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from stores.parcel import read_parcel, write_parcel
from stores.records import StageKey
from workflows.job_log import job_log
from workflows.local import default_workers, finished, settle, stage_finished
from workflows.progress import Progress, StageFinished
from workflows.work import Ending, Hands, Reports, WorkUnit, work

if TYPE_CHECKING:
    import numpy as np

    from encoders.bundle import Encoders

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

_OBJECT_STORE = 256 << 20  # rows are a few hundred bytes


@dataclass(frozen=True, slots=True)
class Row:
    """How one stage of one video ended, as it crosses from an actor to the driver: plain text and numbers only.

    Attributes:
        stage: "" on the row that closes a video; its status is then ``finished`` or, if nothing can be stored
            any more, ``aborted``.
        attempt: 0 where nothing was begun because the ledger knew the ending.
        parcel: path of the output where ``status`` is done, "" otherwise.
    """

    video_id: str
    stage: str = ""
    fingerprint: str = ""
    status: str = "finished"
    attempt: int = 0
    worker: str = ""
    started: float = 0.0
    parcel: str = ""
    error_code: str = ""
    error_message: str = ""


class Perceiver:
    """One actor: its own models, decoder and door to the library, kept over many videos."""

    def __init__(self, root: str, profile: str, threads: int) -> None:
        # Imported here, not at the top: the driver loads no models.
        from encoders.bundle import Encoders
        from pipeline.decoder import Decoder

        self._store = LibraryStore.open(Path(root))
        name = f"ray-{os.uname().nodename}-{os.getpid()}"
        self._hands = Hands(name, self._store.ledger, Encoders.open(profile, threads), Decoder())

    def __call__(self, batch: dict[str, np.ndarray[Any, Any]]) -> dict[str, list[Any]]:
        """The endings of one video's stages, one row each, and one row without a stage to close it."""
        (text,) = batch["unit"]
        unit = WorkUnit(**json.loads(str(text)))
        rows: list[Row] = []
        reports = Reports(
            ended=lambda attempt, ending: rows.append(self._ended(attempt, ending)),
            settled=lambda receipt: rows.append(
                Row(**asdict(receipt.key), status=receipt.status, error_code=receipt.error_code)
            ),
        )
        closing = Row(unit.video_id)
        with job_log(self._store.root):
            try:
                work(unit, self._store.memory(unit.video_id), self._hands, reports)
            except StoreError as error:
                # A row, not an exception: Ray would wrap it in a page of its own.
                closing = Row(unit.video_id, status="aborted", error_code=error.code.name, error_message=error.message)
        rows.append(closing)
        return {field.name: [getattr(row, field.name) for row in rows] for field in fields(Row)}

    def _ended(self, attempt: Attempt, ending: Ending) -> Row:
        key = attempt.key
        row = Row(**asdict(key), status="done", attempt=attempt.number, worker=attempt.worker, started=attempt.started)
        if isinstance(ending, KinodexError):
            return replace(row, status="failed", error_code=ending.code.name, error_message=ending.message)
        parcel = self._store.staging / f"{key.video_id}-{key.stage}-{uuid.uuid4().hex}.npz"
        write_parcel(parcel, key, ending)
        return replace(row, parcel=str(parcel))


def run_on_ray(
    store: LibraryStore,
    encoders: Encoders,
    units: Sequence[WorkUnit],
    workers: int | None,
    progress: Progress,
    address: str | None = None,
) -> None:
    """Work through ``units``, the largest first, on a pool of actors; commit what they leave as it comes.

    Args:
        workers: actors; None for one for each processor there is.
        address: of a cluster to join; None starts one on this machine and ends it afterwards.

    Raises:
        StoreError: if the library cannot be written any more; what was committed stays.
    """
    by_id = {unit.video_id: unit for unit in units}
    with _cluster(address, min(workers or default_workers(), len(units))):
        for values in receipts(store.root, encoders.profile, encoders.threads, units, workers).iter_rows():
            row = Row(**values)
            unit = by_id[row.video_id]
            if row.stage:
                _take(store, unit, row, progress)
            elif row.status == "aborted":
                raise StoreError(row.error_code, row.error_message, "Run the same command again to go on.")
            else:
                progress(finished(store, unit))


def receipts(
    root: Path, profile: str, threads: int, units: Sequence[WorkUnit], workers: int | None
) -> ray.data.Dataset:
    """The lazy dataset of `Row`: one block for each unit, worked on by a pool of `Perceiver`."""
    there: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    memory = int(min(WORKER_MEMORY, there.get("memory", WORKER_MEMORY)))
    fitting = min(int(there.get("CPU", 1)), int(there.get("memory", memory) // memory))
    size = max(1, min(workers or fitting, fitting, len(units)))
    # The largest first, so that no long video is begun last and keeps everybody waiting.
    items = [{"unit": json.dumps(asdict(unit))} for unit in sorted(units, key=lambda unit: -unit.size)]
    return ray.data.from_items(items, override_num_blocks=len(items)).map_batches(
        Perceiver,
        fn_constructor_args=(str(root), profile, threads),
        batch_size=1,
        batch_format="numpy",
        compute=ActorPoolStrategy(size=size),
        num_cpus=1,
        memory=memory,
    )


def _take(store: LibraryStore, unit: WorkUnit, row: Row, progress: Progress) -> None:
    """Write down one ending that an actor reported."""
    key = StageKey(row.video_id, row.stage, row.fingerprint)
    if not row.attempt:
        progress(StageFinished(unit.video_id, unit.uri, row.stage, row.status, row.error_code))
        return
    receipt = settle(store, Attempt(key, row.attempt, row.worker, row.started), _ending(row))
    if row.parcel:
        Path(row.parcel).unlink(missing_ok=True)
    if receipt is not None:
        progress(stage_finished(unit, receipt))


def _ending(row: Row) -> Ending:
    if not row.parcel:
        return KinodexError(row.error_code, row.error_message)
    try:
        return read_parcel(Path(row.parcel))[1]
    except StoreError as error:
        return error


@contextmanager
def _cluster(address: str | None, workers: int) -> Iterator[None]:
    """Ray for the block: the one that runs already, the one at ``address``, or one of our own."""
    ours = not ray.is_initialized()
    if ours and address is not None:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
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
    # Losing one machine while models load must not end the job.
    context.max_consecutive_actor_init_deaths = 3
    # One long video may be all that still runs; a decoder that hangs is stopped by its own limits.
    context.execution_no_progress_timeout_s = 24 * 3600
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    try:
        with DataContext.current(context):
            yield
    finally:
        if ours:
            ray.shutdown()
