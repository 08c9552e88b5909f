"""One ingest: its plan, its budget, its metrics, and the report that it leaves in the library."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.types import WeightsError
from kinodex.usecases.config import part_seconds, perception_config, prices_of
from kinodex.usecases.exchange.correcting import renew
from kinodex.usecases.models import fetch_optional
from kinodex.usecases.people.recognising import recognise
from stores.core.errors import KinodexError, StoreError
from stores.core.uris import path_of
from workflows.report import IngestReport, Totals
from workflows.telemetry.progress import Progress, silent, to_all

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore
    from workflows.job_options import JobOptions
    from workflows.planning.budget import Meter
    from workflows.planning.plan import Plan
    from workflows.telemetry.run_report import RunFacts
    from workflows.telemetry.tally import Tally

_NOTHING = IngestReport((), Totals(0, 0, 0, 0, 0, 0.0, 0.0))


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How an ingest runs.

    Attributes:
        retry: also retry what failed for good or is quarantined.
        meter: of a budget (`budget_meter`); what would exceed it is left for another run.
        command: the command line, for the report.
        only: stages to do, if not all.
        confined: do not follow links that lead out of the folders that are named.
    """

    retry: bool = False
    meter: Meter | None = None
    command: str = ""
    only: Collection[str] | None = None
    confined: bool = False


@dataclass(frozen=True, slots=True)
class Ingested:
    """How an ingest ended.

    Attributes:
        report: every input, and the totals.
        path: the path of the report; None if it could not be written.
        stopped: why its budget stopped it; "" if it did not.
    """

    report: IngestReport
    path: Path | None
    stopped: str


def ingest(
    store: LibraryStore,
    encoders: Encoders,
    settings: Settings,
    paths: Sequence[str | Path],
    options: IngestOptions = IngestOptions(),
    progress: Progress = silent,
) -> Ingested:
    """Ingest, and leave a report; one also where an error ends the run early.

    Bad videos are reported, not raised; a second call has nothing to do.

    Raises:
        KinodexError: as `workflows.ingest.ingest`; USAGE if the port for metrics is taken.
    """
    from workflows.ingest import ingest as run_job
    from workflows.telemetry.tally import Tally

    tally, began = Tally(), time.time()
    meter = options.meter or budget_meter(store, settings, "")
    meter.start()
    report, outcome = _NOTHING, "INTERNAL"
    path = None
    fetch_optional(encoders, settings.perception_config())
    try:
        with _served(settings, tally):
            with store.job():
                # Files that were removed since, or never existed, are no longer worth a message.
                store.catalog.prune_input_errors(lambda uri: os.path.lexists(path_of(uri)))
            report = run_job(
                store,
                encoders,
                paths,
                _job_options(encoders, settings, options),
                meter=meter,
                progress=to_all(tally, progress),
            )
        # Vectors were made from what was recognised; what persons wrote counts.
        renew(store, lambda: encoders)
        recognise(store)
        if meter.disk_full and report.totals.postponed:
            hint = "Free some space and run the same command again: what is done stays done."
            raise StoreError("DISK_FULL", f"{report.totals.postponed} videos were not begun: {meter.stopped}.", hint)
        outcome = ""
    except KinodexError as error:
        outcome = error.code.name
        raise
    except (KeyboardInterrupt, SystemExit):
        outcome = "INTERRUPTED"
        raise
    finally:
        facts = _facts(store, encoders, settings, options.command, began, outcome)
        if facts is not None:
            path = _written(store, facts, report, tally, meter)
    return Ingested(report, path, meter.stopped if report.totals.postponed else "")


def plan(
    store: LibraryStore,
    encoders: Encoders,
    settings: Settings,
    paths: Sequence[str | Path],
    options: IngestOptions = IngestOptions(),
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Plan:
    """What `ingest` would do and what it would cost, without doing it.

    Args:
        on_progress: called with (done, total) new files that were examined.
    """
    from workflows.planning import plan as planning

    return planning.plan(
        store,
        encoders,
        paths,
        _job_options(encoders, settings, options),
        prices=prices_of(settings.endpoint),
        on_progress=on_progress,
    )


def _job_options(encoders: Encoders, settings: Settings, options: IngestOptions) -> JobOptions:
    from workflows.job_options import JobOptions

    return JobOptions(
        executor=settings.executor,
        workers=settings.workers,
        address=settings.ray_address or None,
        config=perception_config(encoders, settings),
        part_seconds=part_seconds(settings),
        only=options.only,
        retry=options.retry,
        confined=options.confined,
    )


def budget_meter(store: LibraryStore, settings: Settings, budget: str) -> Meter:
    """The meter that says of each piece of work whether it fits a budget ("" for none), and the library's disk.

    Raises:
        UsageError: USAGE if ``budget`` is not a budget.
    """
    from workflows.planning.budget import Budget, Meter
    from workflows.planning.rates import Rates
    from workflows.workers import default_workers

    limits = Budget.parse(budget) if budget else Budget()
    prices = prices_of(settings.endpoint)
    # Read when the first unit begins: a run that has nothing to do does not wait for it.
    rates = cache(lambda: Rates.of(store))
    return Meter(
        store.root,
        lambda unit: rates().estimate(unit.stages, unit.seconds, prices),
        settings.workers or default_workers(),
        limits,
    )


@contextmanager
def _served(settings: Settings, tally: Tally) -> Iterator[None]:
    """Metrics on the port of the settings, if there is one, for as long as the block runs."""
    port = settings.metrics_port
    if port is None:
        yield
        return
    from workflows.telemetry.metrics import Metrics

    with Metrics(tally).serve(port, settings.metrics_host):
        yield


def _facts(
    store: LibraryStore, encoders: Encoders, settings: Settings, command: str, began: float, outcome: str
) -> RunFacts | None:
    """The facts about the run of this process; None if it never began, e.g. because another process writes."""
    from pipeline.perceive import fingerprints, stages
    from workflows.telemetry.run_report import RunFacts

    worker = f"{settings.executor}-{os.getpid()}"
    with suppress(KinodexError, WeightsError):
        tasks = encoders.registry.profile(settings.profile)
        run = store.runs.newest()
        if run is not None and run.worker == worker and run.started_at >= began:
            return RunFacts(
                run=run.run_id,
                command=command or run.command,
                profile=settings.profile,
                models={task: encoders.revision(task) for task in tasks},
                fingerprints=fingerprints(stages(encoders, perception_config(encoders, settings))),
                settings=settings.model_dump(mode="json"),
                started=began,
                ended=time.time(),
                outcome=outcome,
            )
    return None


def _written(
    store: LibraryStore, facts: RunFacts, report: IngestReport, tally: Tally, meter: Meter | None
) -> Path | None:
    from workflows.telemetry.metrics import Metrics
    from workflows.telemetry.run_report import write_report

    # A disk that is full must not hide how the run ended.
    with suppress(StoreError, OSError):
        Metrics(tally).write(store.root / "metrics" / "kinodex.prom")
        return write_report(store.root, facts, report, tally.counts(), meter)
    return None
