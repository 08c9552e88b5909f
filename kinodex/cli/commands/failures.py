"""`kinodex errors` and `kinodex retry`: what failed, and trying it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, door

if TYPE_CHECKING:
    from kinodex.failures import Wanted
    from kinodex.library import Library

CodeOption = Annotated[
    list[str] | None,
    typer.Option("--code", metavar="CODE", help="Only this error code, e.g. DECODE_TIMEOUT; repeatable."),
]
VideosArgument = Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names.")]


def errors(
    code: CodeOption = None,
    video: Annotated[
        list[str] | None, typer.Option("--video", metavar="VIDEO", help="Only this one (id, path or name); repeatable.")
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List every input and stage that failed: the code, whose fault it is, and whether trying again may help.

    Under each stands the command that makes it happen again, alone and without changing the library. Whose
    it is: `input` the file, `infra` disk, memory, network or settings, `bug` Kinodex itself.

    \b
    Example: kinodex errors --code DECODE_TIMEOUT
             kinodex errors --json | jq -r '.errors[].replay'
    """
    from kinodex.cli.render import failures as render_failures
    from kinodex.failures import Wanted, failures

    with door(library, profile, as_json, config) as here:
        with here.library() as opened:
            payload = failures(opened, Wanted.of(opened, video, None, code))
        here.show(payload, lambda console: render_failures.errors(console, payload))


def retry(
    videos: VideosArgument = None,
    code: CodeOption = None,
    stage: Annotated[
        list[str] | None, typer.Option("--stage", metavar="STAGE", help="Only this stage, e.g. speech; repeatable.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be tried again, and do nothing.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Ingest these videos right away.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Let stages that failed or are quarantined be tried again: the next `kinodex ingest` does the work.

    Without arguments all of them, also those that no retry can help unless the cause was removed. How often
    they failed is forgotten. What is done stays done.

    \b
    Example: kinodex retry --code DECODE_TIMEOUT --now
             kinodex retry talk.mp4 --stage speech
    Exit:    0; with --now as kinodex ingest
    """
    from kinodex.cli.render import failures as render_failures
    from kinodex.failures import Wanted

    ended = 0
    with door(library, profile, as_json, config) as here:
        with here.library() as opened:
            payload = let_again(opened, Wanted.of(opened, videos, stage, code), dry_run)
            payload["ingest"] = None
            if now and payload["stages"] and not dry_run:
                payload["ingest"], ended = _ingest_now(opened, payload["stages"])
        here.show(payload, lambda console: render_failures.again(console, payload))
    if ended:
        raise typer.Exit(ended)


def let_again(library: Library, wanted: Wanted, dry_run: bool) -> dict[str, Any]:
    """Make the runs that are meant pending again, and say which: ``{dry_run, stages: [...], videos, gone}``.

    Raises:
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    from kinodex.failures import failed_stages, stage_failure

    runs = failed_stages(library, wanted)
    uris = {run.key.video_id: library.store.catalog.display_uri(run.key.video_id) for run in runs}
    gone = [video_id for video_id in uris if library.store.catalog.path(video_id) is None]
    if not dry_run:
        with library.store.writer():
            library.store.ledger.reset(
                video_ids=wanted.video_ids, stages=wanted.stages, codes=wanted.codes, statuses=wanted.statuses
            )
    stages = [stage_failure(library, run, uris[run.key.video_id]) for run in runs]
    return {"dry_run": dry_run, "stages": stages, "videos": len(uris), "gone": gone}


def _ingest_now(library: Library, stages: list[dict[str, Any]]) -> tuple[dict[str, Any], int]:
    from kinodex import payloads
    from kinodex.cli.commands.ingest import exit_code, run

    video_ids = dict.fromkeys(stage["video_id"] for stage in stages)
    paths = [path for video_id in video_ids if (path := library.store.catalog.path(video_id)) is not None]
    report = run(library, paths)
    return payloads.ingest(report, library.report_path), exit_code(report)
