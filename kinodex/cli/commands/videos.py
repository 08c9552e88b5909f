"""`kinodex videos`, `show`, `status`: what the library knows, without any model."""

from __future__ import annotations

from typing import Annotated

import typer

from kinodex.cli.context import ConfigOption, JsonOption, LibraryOption, ProfileOption, command_context


def videos(
    limit: Annotated[
        int | None, typer.Option("--limit", metavar="N", min=1, help="List at most N videos, by id (default: all).")
    ] = None,
    after: Annotated[
        str | None, typer.Option("--after", metavar="VIDEO_ID", help="List only the videos after this one, by id.")
    ] = None,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """List the videos of the library.

    \b
    Example: kinodex videos --json | jq -r '.videos[].uri'
             kinodex videos --limit 100 --after vid_3f2a
    """
    from kinodex.cli.render import results as render
    from kinodex.schemas import videos as schema
    from kinodex.usecases.overview import page_of

    with command_context(library, profile, as_json, config) as here, here.library() as opened:
        if limit is None and after is None:
            every = (schema.video(entry).payload() for entry in opened.store.catalog.each())
            here.show_each("videos", every, render.videos)
            return
        entries, follows = page_of(opened.store, limit, after)
        more = here.settings.command("videos", "--limit", str(limit), "--after", follows) if follows else ""
        start = after or ""
        here.show_each(
            "videos",
            (schema.video(entry).payload() for entry in entries),
            lambda console, payloads: render.videos(console, payloads, start, more),
        )


def show(
    video: Annotated[str, typer.Argument(metavar="VIDEO", help="An id, a path or a name.")],
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show everything seen, heard and read in one video, with times, and its tags.

    \b
    Example: kinodex show talk.mp4
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.overview import one_video

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            payload = one_video(opened.store, video).payload()
        context.show(payload, lambda console: render.show(console, payload))


def status(
    library: LibraryOption = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show how much is indexed, the outcomes of every stage, unfinished work, the last run, and the disk space used.

    \b
    Example: kinodex status
    """
    from kinodex.cli.render import results as render
    from kinodex.usecases.overview import outcome_of, whole_library

    with command_context(library, profile, as_json, config) as context:
        with context.library() as opened:
            found = whole_library(opened.store, opened.settings)
        payload, ended = found.payload(), outcome_of(found.last_run) if found.last_run else ""
        context.show(payload, lambda console: render.status(console, payload, ended))
