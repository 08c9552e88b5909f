"""One ingest from the door: its budget, its metrics, and the report it leaves in the library."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.types import WeightsError
from stores.core.errors import KinodexError, StoreError
from stores.core.uris import path_of
from workflows.report import IngestReport, Totals
from workflows.telemetry.progress import Progress, to_all

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.settings import Endpoint
    from workflows.planning.budget import Meter
    from workflows.telemetry.run_report import RunFacts
    from workflows.telemetry.tally import Tally

_NOTHING = IngestReport((), Totals(0, 0, 0, 0, 0, 0.0, 0.0))


def run_ingest(
    library: Library,
    paths: Sequence[str | Path],
    retry: bool,
    meter: Meter | None,
    command: str,
    progress: Progress,
    only: Collection[str] | None = None,
) -> tuple[IngestReport, Path | None]:
    """Ingest, and leave a report; one also where an error ends the run early.

    Args:
        command: as it was given, for the report.
        only: stages to do, if not all.

    Returns:
        how every input ended, and where the report of the run lies; None if it could not be written.

    Raises:
        KinodexError: as `workflows.ingest.ingest`; USAGE if the port for metrics cannot be had.
    """
    from workflows.ingest import ingest
    from workflows.telemetry.tally import Tally

    settings, tally, began = library.settings, Tally(), time.time()
    meter = meter or budget_meter(library, "")
    report, outcome = _NOTHING, "INTERNAL"
    path = None
    try:
        with _served(library, tally):
            with library.store.writer():
                # What was removed since, or was a typing error, is no news any more.
                library.store.catalog.prune_input_errors(lambda uri: os.path.lexists(path_of(uri)))
            report = ingest(
                library.store,
                library.encoders,
                paths,
                executor=settings.executor,
                workers=settings.workers,
                address=settings.ray_address or None,
                retry=retry,
                config=library.perception_config(),
                part_seconds=60.0 * settings.part_minutes,
                only=only,
                meter=meter,
                progress=to_all(tally, progress),
            )
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
        facts = _facts(library, command, began)
        if facts is not None:
            path = _written(library, facts, report, tally, meter, outcome)
    return report, path


def budget_meter(library: Library, budget: str) -> Meter:
    """Says of each piece of work whether it fits the budget that somebody typed ("" for none), and the library's disk.

    Raises:
        UsageError: USAGE if it is not a budget.
    """
    from workflows.executors.threads import default_workers
    from workflows.planning.budget import Budget, Meter
    from workflows.planning.rates import Rates

    limits = Budget.parse(budget) if budget else Budget()
    prices = prices_of(library.settings.endpoint)
    # Looked up when the first unit is begun: a run that has nothing to do does not wait for it.
    rates = cache(lambda: Rates.of(library.store))
    return Meter(
        library.store.root,
        lambda unit: rates().estimate(unit.stages, unit.seconds, prices),
        library.settings.workers or default_workers(),
        limits,
    )


def prices_of(endpoint: Endpoint) -> tuple[float, float] | None:
    """Of a million tokens (read, written); None where none are set."""
    prices = endpoint.price_per_million_input, endpoint.price_per_million_output
    return prices if any(prices) else None


@contextmanager
def _served(library: Library, tally: Tally) -> Iterator[None]:
    """Metrics on the port of the settings, if there is one, for as long as the block runs."""
    port = library.settings.metrics_port
    if port is None:
        yield
        return
    from workflows.telemetry.metrics import Metrics

    with Metrics(tally).serve(port, library.settings.metrics_host):
        yield


def _facts(library: Library, command: str, began: float) -> RunFacts | None:
    """What the run of this process was; None if it never began, because another process writes, say."""
    from pipeline.perceive import fingerprints, stages
    from workflows.telemetry.run_report import RunFacts

    settings = library.settings
    worker = f"{settings.executor}-{os.getpid()}"
    with suppress(KinodexError, WeightsError):
        tasks = library.encoders.registry.profile(settings.profile)
        for run in library.store.runs.runs()[:1]:
            if run.worker == worker and run.started_at >= began:
                return RunFacts(
                    run=run.run_id,
                    command=command or run.command,
                    profile=settings.profile,
                    models={task: library.encoders.revision(task) for task in tasks},
                    fingerprints=fingerprints(stages(library.encoders, library.perception_config())),
                    settings=settings.model_dump(mode="json"),
                    started=began,
                )
    return None


def _written(
    library: Library, facts: RunFacts, report: IngestReport, tally: Tally, meter: Meter | None, outcome: str
) -> Path | None:
    from workflows.telemetry.metrics import Metrics
    from workflows.telemetry.run_report import write_report

    # A disk that is full must not hide how the run ended.
    with suppress(StoreError, OSError):
        Metrics(tally).write(library.store.root / "metrics" / "kinodex.prom")
        return write_report(library.store.root, facts, report, tally.counts(), meter, outcome=outcome)
    return None
