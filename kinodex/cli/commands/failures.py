"""`kinodex errors` and `kinodex retry`: what failed, and retrying it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.schemas.failures import RequeuedDocument
    from kinodex.schemas.ingest import IngestDocument


def errors(
    code: CodeOption = None,
    video: Annotated[
        list[str] | None,
        typer.Option("--video", metavar="VIDEO", help="Only this video (id, path or name; repeatable)."),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List every input and stage that failed: the error code, what is to blame, and whether a retry may help.

    Below each failure is the command that runs its stage again without changing the library; only a failure
    to store what the stage found does not happen again so. To blame is either the
    `input` (the file), the `infra` (disk, memory, network or settings), or a `bug` in Kinodex.

    \b
    Example: kinodex errors --code DECODE_TIMEOUT
             kinodex errors --json | jq -r '.errors[].replay'
    """
    from kinodex.cli.render import failures as render_failures
    from kinodex.usecases.failures import FailureFilter, failures

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = failures(
                opened.store, opened.settings, FailureFilter.of(opened.store, video, None, code)
            ).payload()
        context.show(payload, lambda console: render_failures.errors(console, payload))


def retry(
    videos: VideosArgument = None,
    code: CodeOption = None,
    stage: Annotated[
        list[str] | None, typer.Option("--stage", metavar="STAGE", help="Only this stage, e.g. speech (repeatable).")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be retried, but do nothing.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Also ingest these videos right away.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Mark failed and quarantined stages to be retried by the next `kinodex ingest`.

    Without arguments that is all of them, even those that will fail again unless the cause was removed. Their
    counts of failed attempts are reset. Finished stages stay as they are.

    \b
    Example: kinodex retry --code DECODE_TIMEOUT --now
             kinodex retry talk.mp4 --stage speech
    Exit:    0; with --now as kinodex ingest
    """
    from kinodex.cli.render import failures as render_failures
    from kinodex.schemas.failures import RetryDocument
    from kinodex.usecases.failures import FailureFilter, requeue

    ended = 0
    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            meant = FailureFilter.of(opened.store, videos, stage, code)
            again = requeue(opened.store, opened.settings, meant, dry_run)
            ingested = None
            if now and again.stages and not dry_run:
                ingested, ended = _ingest_now(opened, again)
            payload = RetryDocument(**dict(again), ingest=ingested).payload()
        context.show(payload, lambda console: render_failures.again(console, payload))
    if ended:
        raise typer.Exit(ended)


def _ingest_now(library: Library, again: RequeuedDocument) -> tuple[IngestDocument, int]:
    from kinodex.cli.progress_bars import ingesting
    from kinodex.exits import exit_code
    from kinodex.schemas.ingest import ingest
    from kinodex.usecases.failures import requeued_paths

    report = ingesting(library, requeued_paths(library.store, again))
    return ingest(report, library.report_path), exit_code(report.totals)
