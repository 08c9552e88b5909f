"""`kinodex replay`: rerun one stage of one video."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, DeviceOption, JsonOption, LibraryOption, ProfileOption, command_context
from kinodex.exits import EXIT_FAILED


def replay(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="An id, a path or a name.")],
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage", metavar="STAGE", help="The stage, e.g. speech or pictures.003 (default: the one that failed)."
        ),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Rerun one stage of VIDEO on the stored results of earlier stages, and show the outcome.

    Nothing is written: neither the library nor the count of attempts changes, and a failure to store what the
    stage found is shown as it was recorded. For a bug the traceback is
    shown; please include it in your report.

    \b
    Example: kinodex replay talk.mp4 --stage speech
    Exit:    0 it succeeded, 1 it failed (again)
    """
    from kinodex.cli.render import failures as render_failures
    from kinodex.schemas.failures import replayed

    with command_context(library, profile, as_json, config, device=device) as context:
        with context.library() as opened:
            payload = replayed(opened.replay(video, stage)).payload()
        context.show(payload, lambda console: render_failures.replay(console, payload))
    if payload["failed"]:
        raise typer.Exit(EXIT_FAILED)
