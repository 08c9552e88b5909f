"""`kinodex watch`: ingest videos as they arrive in a folder."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
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
    console,
    renamed,
)
from kinodex.exits import EXIT_FAILED
from kinodex.text import clean, to_json

if TYPE_CHECKING:
    from kinodex.library import Library
    from workflows.report import IngestReport
    from workflows.watch_folder import Round


def watch(
    folders: Annotated[list[Path], typer.Argument(metavar="DIR", help="Folders, watched recursively.")],
    stable: Annotated[
        float, typer.Option("--stable", min=0.1, metavar="SECONDS", help="How long a file must not have changed.")
    ] = 5.0,
    _settle: Annotated[
        str | None, typer.Option("--settle", hidden=True, is_eager=True, callback=renamed("--settle", "--stable"))
    ] = None,
    every: Annotated[
        float,
        typer.Option("--every", min=1.0, metavar="SECONDS", help="How often to scan the folders again."),
    ] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="Ingest what is there now, and exit.")] = False,
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="local|ray", help="Run in this process or on Ray.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=1, metavar="N", help="Videos processed at the same time (default: one per processor)."
        ),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Ingest the videos in DIR and every one that arrives later, until Ctrl-C or SIGTERM.

    A file is ingested once it has stopped growing. If another process is writing to the library, or a server
    cannot be reached, Kinodex says so and tries again. With --json each round of work is one line of JSON.

    \b
    Example: kinodex watch ~/Videos/incoming
             kinodex watch /mnt/share --every 300 --json | tee rounds.jsonl
    Exit:    0 stopped by a signal; with --once as kinodex ingest
    """
    from stores.core.errors import UsageError
    from workflows.watch_folder import WatchOptions, watch_folder

    code = 0
    with (
        command_context(
            library, profile, as_json, config, device=device, executor=executor, workers=workers
        ) as context,
        ExitStack() as stack,
    ):
        if not any(folder.is_dir() for folder in folders):
            raise UsageError("USAGE", f"There is no folder {folders[0]}.", "Name a folder that exists.")
        context.settings.check()  # not only when the first file arrives
        last: list[Round] = []

        def on_round(made: Round) -> None:
            last[:] = [made]
            _print_round(context, made, every, once)

        try:
            if not once:
                print(f"watching {', '.join(clean(str(folder)) for folder in folders)}", file=sys.stderr, flush=True)
            watch_folder(
                folders,
                _Ingest(context, stack),
                WatchOptions(every, stable, context.settings.library, once),
                stop=threading.Event(),
                on_round=on_round,
            )
        except KeyboardInterrupt:
            if once:
                raise
            print("stopped watching; the library is consistent", file=sys.stderr)
        code = _exit_code(last[0]) if once and last else 0
    if code:
        raise typer.Exit(code)


class _Ingest:
    """Opens the library when there is something to ingest, and keeps it and its models for the next round."""

    def __init__(self, context: CommandContext, stack: ExitStack) -> None:
        self._context = context
        self._stack = stack
        self._library: Library | None = None

    def __call__(self, files: Sequence[Path]) -> IngestReport:
        from kinodex.cli.progress_bars import show_progress

        if self._library is None:
            self._library = self._stack.enter_context(self._context.library(create=True))
        with show_progress() as progress:
            return self._library.ingest(*files, progress=progress)


def _print_round(context: CommandContext, made: Round, every: float, once: bool) -> None:
    """Print one round: a line of JSON, or what `kinodex ingest` would have printed."""
    from kinodex.cli.render import results as render
    from kinodex.schemas.ingest import ingest as ingested
    from kinodex.schemas.ingest import watch_round

    if context.as_json:
        line = watch_round(made).payload()
        print(to_json(line, ascii_only=True, one_line=True), file=context.out, flush=True)
    elif made.report is not None:
        render.ingest(console(context.out), ingested(made.report).payload())
        context.out.flush()
    error = made.error
    if error is not None:
        again = "" if once else f" Trying again in {every:.0f} s."
        print(f"{error.code}: {clean(error.message)}{again}", file=sys.stderr, flush=True)


def _exit_code(made: Round) -> int:
    from kinodex.exits import exit_code

    return EXIT_FAILED if made.report is None else exit_code(made.report.totals)
