"""`kinodex quarantine`: stages that failed too often to be retried automatically."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import (
    CodeOption,
    ConfigOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    VideosArgument,
    command_context,
)
from kinodex.cli.parsing import Commands

app = Commands(help="List and release stages that failed too often.")


@app.command("list", short_help="List the quarantined stages.")
def list_quarantined(
    code: CodeOption = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the stages that used up their attempts (see `attempts` in kinodex.toml), and how to run each of them again.

    \b
    Example: kinodex quarantine list
    """
    from kinodex.cli.render import failures as render_failures
    from kinodex.usecases.failures import quarantined

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = quarantined(opened.store, opened.settings, code).payload()
        context.show(payload, lambda console: render_failures.quarantined(console, payload))


@app.command("release", short_help="Let quarantined stages be retried.")
def release(
    videos: VideosArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="All quarantined stages.")] = False,
    code: CodeOption = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let the next `kinodex ingest` retry quarantined stages, with their count of attempts reset.

    \b
    Example: kinodex quarantine release talk.mp4
             kinodex quarantine release --code DECODE_MEMORY
    """
    from kinodex.cli.render import failures as render_failures
    from kinodex.usecases.failures import FailureFilter, requeue
    from stores.core.errors import UsageError

    with command_context(library, profile, as_json, config) as context:
        if bool(videos) == everything and not (code and not everything):
            raise UsageError("USAGE", "Nothing to release was given.", "Name videos or codes, or use --all (not both).")
        with context.library() as opened:
            meant = FailureFilter.of(opened.store, videos, None, code, ("quarantined",))
            payload = requeue(opened.store, opened.settings, meant).payload()
        context.show(payload, lambda console: render_failures.again(console, payload))
