"""`kinodex ingest`: add videos to the library."""

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
from kinodex.exits import EXIT_SOME_FAILED

if TYPE_CHECKING:
    from kinodex.library import Library


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and directories, searched recursively.")],
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="local|ray", help="Run in this process or on Ray.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="ADDRESS", help="Ray cluster to join, e.g. auto (default: start one)."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, metavar="N", help="Videos processed at the same time (default: one per processor)."
        ),
    ] = None,
    part_minutes: Annotated[
        float | None,
        typer.Option(
            "--part-minutes", metavar="MINUTES", help="Process long videos in parts of this length (default 12)."
        ),
    ] = None,
    audio_track: Annotated[
        str | None,
        typer.Option(
            "--audio-track",
            metavar="NUMBER|LANGUAGE",
            help="Audio track to use in files with several (default: the file's).",
        ),
    ] = None,
    attempts: Annotated[
        int | None,
        typer.Option(
            "--attempts", min=1, metavar="N", help="Failed attempts before a stage is quarantined (default 3)."
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="BUDGET", help="Stop before exceeding it: 90m, 5GB, 2.50USD, or 2h,5GB."),
    ] = None,
    metrics_port: Annotated[
        int | None,
        typer.Option(
            "--metrics-port", min=1, max=65535, metavar="PORT", help="Serve Prometheus metrics while it runs."
        ),
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Also retry what failed for good or is quarantined.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be done and what it would cost, but do nothing.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name the files that are skipped because they are not videos.")
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Watch and listen to every video under PATH that is not in the library yet.

    Run it again when files were added, or after an interruption: finished work is never repeated, even if a
    file was renamed or copied. Files that cannot be read are reported with a reason; the rest go on.

    \b
    Example: kinodex ingest ~/Videos talk.mp4
             kinodex ingest ~/Videos --dry-run
             kinodex ingest ~/Videos --budget 2h,5GB
    Exit:    0 all done, 3 some failed, 4 the counts do not add up,
             5 stopped by the budget, 130 or 143 interrupted:
             nothing is lost, run the same command to go on
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
            code = plan(context, paths, budget)
            if code:
                raise typer.Exit(code)
            return
        with _library(context, paths) as (opened, kept):
            report = ingesting(opened, paths, retry, budget)
            payload = schema.ingest(report, opened.report_path if kept else None, opened.stopped).payload()
        context.show(payload, lambda console: render.ingest(console, payload, verbose))
        code = exit_code(report.totals)
    if code:
        raise typer.Exit(code)


def _check(paths: Sequence[Path], budget: str | None) -> None:
    """Check the arguments before a library is made: a mistake must leave nothing behind.

    Raises:
        UsageError: USAGE if ``budget`` is not a budget, or a path is a web address.
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


def plan(context: CommandContext, paths: Sequence[Path], budget: str | None) -> int:
    """Show what an ingest would do, and whether that fits the budget.

    Returns:
        The exit status: that of an ingest in which some failed if a path does not exist, else 0.

    Raises:
        UsageError: USAGE if ``budget`` is not a budget.
    """
    from kinodex.cli.progress_bars import counting
    from kinodex.cli.render import results as render
    from kinodex.schemas import ingest as schema
    from workflows.planning.budget import Budget, Estimate

    limits = Budget.parse(budget) if budget is not None else Budget()
    with _planning_library(context) as opened, counting("scanning") as on_progress:
        planned = opened.plan(*paths, on_progress=on_progress)
    cost = Estimate(planned.wall_seconds, planned.cost.bytes, planned.cost.tokens, planned.cost.money)
    payload = schema.plan(planned, limits.allows(Estimate(), cost)).payload()
    context.show(payload, lambda console: render.plan(console, payload))
    return EXIT_SOME_FAILED if any(one.error_code == "FILE_MISSING" for one in planned.inputs) else 0


@contextmanager
def _library(context: CommandContext, paths: Sequence[Path]) -> Iterator[tuple[Library, bool]]:
    """The library to ingest into, and whether it is kept: none is made where there is nothing to ingest."""
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
    """The library, to be read only; an empty one if there is none yet."""
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
    """A temporary empty library, with nothing on any server."""
    from kinodex.library import Library

    no_servers = {"database": "", "vectors": "", "blobs": "", "blob_options": {}}
    with tempfile.TemporaryDirectory() as folder:
        settings = context.settings.model_copy(update={"library": Path(folder), **no_servers})
        with Library(settings, create=True) as opened:
            yield opened
