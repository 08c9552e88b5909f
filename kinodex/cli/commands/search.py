"""`kinodex search`: find moments."""

from __future__ import annotations

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
from kinodex.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from agents.search.finder import Found


def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for, in any language.")],
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many results.")] = 10,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="Also show near-duplicates: moments that look the same.")
    ] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Explain the results: models, parts of each score, what was searched or left out."
        ),
    ] = False,
    video: Annotated[
        list[str] | None,
        typer.Option("--video", metavar="VIDEO", help="Search only this video (id, path or name; repeatable)."),
    ] = None,
    videos: Annotated[bool, typer.Option("--videos", help="Find whole videos instead of moments.")] = False,
    library: LibraryOption = None,
    profile: ProfileOption = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Find the moments that show, say or display QUERY.

    "No match" means that nothing in the indexed videos is like it; videos that are not indexed yet are counted
    separately. A moment that occurs in several videos (a copy, re-encoded or trimmed) is one result that names
    the others.

    \b
    Example: kinodex search "打鼓的人" -k 5
             kinodex search "a man playing drums" --explain
             kinodex search "cooking" --videos
    """
    from kinodex.cli.render import explain as render_explain
    from kinodex.cli.render import results as render
    from kinodex.schemas import search as schema
    from kinodex.usecases.places import places_of

    query = printable(query)
    with command_context(library, profile, as_json, config, device=device) as context:
        if videos:
            _videos(context, query, k, plain=not (explain or duplicates or video))
            return
        with context.library() as opened:
            found = opened.search(query, k=k, duplicates=duplicates, explain=explain, videos=video)
            payload = schema.search(found, places_of(opened.store, _named(found))).payload()
            only = {opened.resolve(one) for one in video} if video else None

        def show(console: Console) -> None:
            render.search(console, payload, found.index.videos_failed, narrowed=bool(video))
            if "explain" in payload:
                render_explain.explanation(console, payload["explain"], only)

        context.show(payload, show)


def _named(found: Found) -> set[str]:
    """Ids of all videos that the result names."""
    named = {moment.video_id for moment in found.moments}
    named.update(duplicate.video_id for moment in found.moments for duplicate in moment.also)
    if found.explanation is not None:
        named.update(outcome.video_id for outcome in found.explanation.moments)
        named.update(gap.video_id for gap in found.explanation.gaps)
    return named


def _videos(context: CommandContext, query: str, k: int, plain: bool) -> None:
    from kinodex.cli.render import found_videos
    from kinodex.schemas.search import search_videos
    from kinodex.usecases.places import places_of
    from stores.core.errors import UsageError

    if not plain:
        message = "--videos ranks whole videos and cannot be combined with --explain, --duplicates or --video."
        raise UsageError("USAGE", message, "Leave them out.")
    with context.library() as opened:
        found = opened.search_videos(query, k=k)
        places = places_of(opened.store, [one.video_id for one in found.videos])
        payload = search_videos(found, places).payload()
    context.show(payload, lambda console: found_videos.show(console, payload))
