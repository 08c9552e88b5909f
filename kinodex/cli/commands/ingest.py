"""`kinodex ingest`: watch and hear videos."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.cli.context import (
    CommandContext,
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
)

if TYPE_CHECKING:
    from kinodex.library import Library


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and directories.")],
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="local|ray", help="Work in this process, or on Ray.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="ADDRESS", help="Ray cluster to join, e.g. auto (default: one of its own)."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Videos at the same time (default: one per processor).")
    ] = None,
    part_minutes: Annotated[
        float | None,
        typer.Option("--part-minutes", metavar="MINUTES", help="Work on long videos in parts of this length (12)."),
    ] = None,
    audio_track: Annotated[
        str | None,
        typer.Option("--audio-track", metavar="NUMBER|LANGUAGE", help="Track to hear in files with several (default)."),
    ] = None,
    attempts: Annotated[
        int | None, typer.Option("--attempts", min=1, help="Attempts after which a stage is quarantined (3).")
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="BUDGET", help="Stop before it is exceeded: 90m, 5GB, 2.50USD, 2h,5GB."),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option("--metrics-port", min=1, max=65535, metavar="PORT", help="Serve Prometheus metrics meanwhile."),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed for good or is quarantined.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done and what it would cost, and do nothing.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name the files in PATH that are skipped because they are no videos.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Watch and hear every video under PATH that the library does not know yet.

    Run it again whenever files were added, or after an interruption: what is done is never done again, under
    whatever name. Files that cannot be read are named with a reason; the others go on.

    \b
    Example: kinodex ingest ~/Videos talk.mp4
             kinodex ingest ~/Videos --dry-run
             kinodex ingest ~/Videos --budget 2h,5GB
    Exit:    0 all done, 3 some failed, 4 the counts do not add up, 5 the budget stopped it,
             130 or 143 interrupted: nothing is lost, the same command goes on
    """
    from kinodex.cli.progress_bars import ingesting
    from kinodex.cli.render import results as render
    from kinodex.exits import exit_code
    from kinodex.schemas import ingest as schema

    options: dict[str, object] = {"executor": executor, "workers": workers, "ray_address": address}
    options |= {"part_minutes": part_minutes, "attempts": attempts, "metrics_port": metrics_port}
    options |= {"audio_track": audio_track}
    with command_context(library, profile, as_json, config, device=device, **options) as context:
        _check(paths, budget)
        if dry_run:
            plan(context, paths, budget)
            return
        with _library(context, paths) as (opened, kept):
            report = ingesting(opened, paths, retry, budget)
            payload = schema.ingest(report, opened.report_path if kept else None, opened.stopped).payload()
        context.show(payload, lambda console: render.ingest(console, payload, verbose))
        code = exit_code(report.totals)
    if code:
        raise typer.Exit(code)


def _check(paths: Sequence[Path], budget: str | None) -> None:
    """Before a library is made: a mistake must leave nothing behind.

    Raises:
        UsageError: USAGE if ``budget`` is none, or a path is an address on the web.
    """
    from stores.core.errors import UsageError
    from workflows.planning.budget import Budget

    if budget is not None:
        Budget.parse(budget)
    for path in paths:
        # `Path` folds the two slashes of an address.
        if (found := re.match(r"[a-z][a-z0-9+.-]+:/", str(path), re.IGNORECASE)) and not path.exists():
            message = f"Addresses such as {found[0]}/… are not supported."
            raise UsageError("USAGE", message, "Download the video first, and give the path of the file.")


def plan(context: CommandContext, paths: Sequence[Path], budget: str | None) -> None:
    """Say what an ingest would do, and whether that fits the budget.

    Raises:
        UsageError: USAGE if ``budget`` is none.
    """
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import results as render
    from kinodex.schemas import ingest as schema
    from workflows.planning.budget import Budget, Estimate

    limits = Budget.parse(budget) if budget is not None else Budget()
    with _planning_library(context) as opened, counting("looking") as on_progress:
        planned = opened.plan(*paths, on_progress=on_progress)
    cost = Estimate(planned.wall_seconds, planned.cost.bytes, planned.cost.tokens, planned.cost.money)
    payload = schema.plan(planned, limits.allows(Estimate(), cost)).payload()
    context.show(payload, lambda console: render.plan(console, payload))


@contextmanager
def _library(context: CommandContext, paths: Sequence[Path]) -> Iterator[tuple[Library, bool]]:
    """The library to ingest into, and whether it stays: where there is nothing to ingest, none is made for it."""
    from kinodex.library import Library
    from workflows.discover import discover

    settings = context.settings
    if not settings.database and not (settings.library / "library.json").exists():
        found = discover(paths, library=settings.library)
        if found.problems and not any(os.access(file.path, os.R_OK) for file in found.files):
            with _scratch(context) as opened:
                yield opened, False
            return
    with Library(settings, create=True) as opened:
        yield opened, True


@contextmanager
def _planning_library(context: CommandContext) -> Iterator[Library]:
    """The library, to read in only; one that is not there yet knows as much as an empty one."""
    from stores.core.errors import StoreError

    try:
        opened = context.library()
    except StoreError as error:
        if error.code.name != "LIBRARY_MISSING":
            raise
        with _scratch(context) as empty:
            yield empty
    else:
        with opened:
            yield opened


@contextmanager
def _scratch(context: CommandContext) -> Iterator[Library]:
    """An empty library that is gone afterwards, with nothing on any server."""
    from kinodex.library import Library

    nowhere = {"database": "", "vectors": "", "blobs": "", "blob_options": {}}
    with tempfile.TemporaryDirectory() as folder:
        settings = context.settings.model_copy(update={"library": Path(folder), **nowhere})
        with Library(settings, create=True) as opened:
            yield opened
