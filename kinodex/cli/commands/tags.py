"""`kinodex tag`: the use of the vocabulary (`kinodex.cli.commands.vocabulary` changes it)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from kinodex.cli.context import (
    ConfigOption,
    DeviceOption,
    JsonOption,
    LibraryOption,
    ProfileOption,
    command_context,
)
from kinodex.cli.tagging.progress import tagging_progress
from kinodex.exits import EXIT_SOME_FAILED
from kinodex.text import clean


def tag(
    videos: Annotated[list[str] | None, typer.Argument(metavar="VIDEO", help="Ids, paths or names of videos.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All indexed videos, as one batch.")] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="last",
            help="With --all: only videos that changed since they were tagged, or whose vocabulary or ranker did.",
        ),
    ] = None,
    executor: Annotated[
        str | None, typer.Option("--executor", metavar="local|ray", help="With --all: in this process or on Ray.")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option("--address", metavar="ADDRESS", help="Ray cluster to join, e.g. auto (default: start one)."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, metavar="N", help="Videos at the same time (default: one per processor)."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="With --all: also write the decisions to FILE.parquet, FILE.jsonl or FILE.csv.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite that file.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --all: show how many videos it would be, but do nothing.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Of one VIDEO: show which source brought what, and what it was worth; no change."
        ),
    ] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Decide which tags of the tag library fit each VIDEO, and store the decisions with their evidence.

    With --all the decisions are made first, and put in place together at the end; after an interruption the same
    command goes on. A video that fails keeps its former decisions and stops no other one.

    \b
    Example: kinodex tag holiday.mp4
             kinodex tag --all
             kinodex tag --all --since last --output tags.parquet
             kinodex tag --explain holiday.mp4
    Exit:    0 all tagged, 3 some failed, 130 or 143 interrupted:
             nothing is lost, run the same command to go on
    """
    from kinodex.cli.render import results as render
    from kinodex.cli.tagging.batch import BatchWishes, tag_everything
    from kinodex.cli.tagging.explaining import explain_one
    from kinodex.usecases.places import places_of
    from kinodex.usecases.tags import decisions
    from stores.core.errors import EndpointError, UsageError

    options: dict[str, object] = {"executor": executor, "workers": workers, "ray_address": address}
    with command_context(library, profile, as_json, config, device=device, **options) as context:
        if bool(videos) == everything:
            raise UsageError("USAGE", "No videos to tag were given.", "Name the videos, or use --all (not both).")
        wishes = BatchWishes(since, output, force, dry_run)
        if explain and (everything or len(videos or ()) != 1):
            raise UsageError("USAGE", "One video at a time is explained.", "Name one: kinodex tag --explain VIDEO")
        if everything:
            tag_everything(context, wishes)
            return
        if wishes != BatchWishes() or any(options.values()):
            raise UsageError("USAGE", "Those options are of --all only.", "Name no videos, and add --all.")
        if explain:
            explain_one(context, (videos or [""])[0])
            return
        with context.library() as opened, tagging_progress() as on_progress:
            failed: dict[str, EndpointError] = {}
            decided = opened.tag(*videos or (), on_progress=on_progress, on_failed=failed.__setitem__)
            payload = decisions(opened.store, decided, places_of(opened.store, decided)).payload()
            names = places_of(opened.store, failed)
        context.show(payload, lambda console: render.decisions(console, payload))
        for video_id, error in failed.items():
            print(clean(f"{names.get(video_id, video_id)}: not tagged: {error}"), file=sys.stderr)
        if failed:
            raise typer.Exit(EXIT_SOME_FAILED)
