"""`kinodex ingest`: watch and hear videos."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.door import (
    EXIT_NOT_RECONCILED,
    EXIT_SOME_FAILED,
    ConfigOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    door,
)

if TYPE_CHECKING:
    from workflows.report import IngestReport


def ingest(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH", help="Files and directories.")],
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="local|ray", help="Work in this process, or on Ray.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Videos at the same time (default: one per processor).")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what failed for good or is quarantined.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Watch and hear every video under PATH that the library does not know yet.

    Run it again whenever files were added: known content costs nothing, under whatever name. Files that
    cannot be read are named with a reason; the others go on.

    \b
    Example: kinodex ingest ~/Videos talk.mp4
    Exit:    0 all done, 3 some failed, 4 the counts do not add up
    """
    from kinodex import payloads, render
    from kinodex.library import Library
    from kinodex.progress_bars import watching

    with door(library, profile, as_json, config, executor=executor, workers=workers) as here:
        if dry_run:
            with tempfile.TemporaryDirectory() as empty:
                # Not even an empty library is made: one that is not there yet knows as much as one in a scratch folder.
                settings = here.settings
                if not settings.library.exists():
                    settings = settings.model_copy(update={"library": Path(empty)})
                with Library(settings, create=True) as opened:
                    planned = payloads.plan(opened.plan(*paths))
            here.show(planned, lambda console: render.plan(console, planned))
            return
        with here.library(create=True) as opened, watching() as progress:
            report = opened.ingest(*paths, retry=retry, progress=progress)
        payload = payloads.ingest(report)
        here.show(payload, lambda console: render.ingest(console, payload))
        code = _exit_code(report)
    if code:
        raise typer.Exit(code)


def _exit_code(report: IngestReport) -> int:
    if not report.totals.reconciled:
        return EXIT_NOT_RECONCILED
    return EXIT_SOME_FAILED if report.totals.failed or report.totals.quarantined else 0
