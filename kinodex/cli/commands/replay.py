"""`kinodex replay`: one stage of one video, once more and alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from kinodex.cli.context import EXIT_FAILED, ConfigOption, DeviceOption, JsonOption, LibraryOption, ProfileOption, door

if TYPE_CHECKING:
    from kinodex.library import Library


def replay(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="An id, a path or a name.")],
    stage: Annotated[
        str | None,
        typer.Option("--stage", metavar="STAGE", help="Which, e.g. speech or pictures.003 (default: what failed)."),
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Run one stage of VIDEO again on what is stored of the stages before it, and show how it ends.

    Nothing is written: neither the library nor the count of attempts changes. Of a bug the traceback is
    shown; it belongs into a report.

    \b
    Example: kinodex replay talk.mp4 --stage speech
    Exit:    0 it went well, 1 it failed (again)
    """
    from kinodex.cli.render import failures as render_failures

    with door(library, profile, as_json, config, device=device) as here:
        with here.library() as opened:
            video_id = opened.resolve(video)
            replayed = opened.replay(video_id, stage or _failed_stage(opened, video_id))
        payload = {
            **asdict(replayed),
            "records": dict(replayed.records),
            "blobs": dict(replayed.blobs),
            "failed": bool(replayed.error_code),
        }
        here.show(payload, lambda console: render_failures.replay(console, payload))
    if replayed.error_code:
        raise typer.Exit(EXIT_FAILED)


def _failed_stage(library: Library, video_id: str) -> str:
    from kinodex.failures import Wanted, failed_stages
    from stores.core.errors import UsageError

    failed = failed_stages(library, Wanted(video_ids=frozenset({video_id})))
    if not failed:
        stages = ", ".join(library.store.ledger.done_fingerprints(video_id)) or "none"
        raise UsageError("USAGE", f"no stage of {video_id} failed.", f"Choose one with --stage; done are: {stages}.")
    return failed[0].key.stage
