"""Tools that read: lists of videos, one video, its lines, its frames."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from kinodex.mcp import documents as made
from kinodex.mcp.finding import READING, Collection, VideoId
from kinodex.mcp.reach import Asked, Reach
from kinodex.views import media, moments, search, urls
from kinodex.views import videos as views

MOST_FRAMES = 8
"""Pictures of one call. Source: our choice: about half a megabyte."""

_WIDTH = 640
_PAGE = 1_000
_PAGES = 50
"""Pages of lines that are read to find those of a time. Source: our choice: 50,000 lines, a day of speech."""

Cursor = Annotated[str | None, Field(max_length=500, description="`next` of the page before; null for the first.")]
Seconds = Annotated[float | None, Field(ge=0, le=1e9)]


def register(server: MCPServer[object], reach: Reach) -> None:
    """Adds these tools to a server."""

    @server.tool(annotations=READING)
    def list_videos(
        ctx: Asked,
        name: Annotated[str, Field(max_length=200, description="Part of a file's name; empty for all.")] = "",
        tag_id: Annotated[str, Field(max_length=200)] = "",
        language: Annotated[str, Field(max_length=20, description="Spoken, ISO 639-1.")] = "",
        collection: Collection = "",
        cursor: Cursor = None,
        limit: Annotated[int, Field(ge=1, le=50)] = 20,
    ) -> made.Videos:
        """List the videos of the library, page by page."""
        with reach.opened(ctx) as view:
            filters = views.Filters(tag=tag_id, collection=collection, language=language, name=name)
            page = views.videos(view, filters, limit, cursor)
        videos = [made.Video(**_video(reach, ctx, one)) for one in page.videos]
        return made.Videos(videos=videos, total=page.total, next=page.next)

    @server.tool(annotations=READING)
    def get_video(ctx: Asked, video_id: VideoId) -> made.VideoAbout:
        """All about one video, but for what is said and seen in it."""
        with reach.opened(ctx) as view:
            one = views.video(view, video_id)
            how = media.how_played(view, video_id)
        return made.VideoAbout(
            **_video(reach, ctx, one),
            collections=[collection.name for collection in one.collections],
            stages={stage.stage: stage.status for stage in one.stages},
            playable=how.how != "none",
        )

    @server.tool(annotations=READING)
    def read_text(
        ctx: Asked,
        video_id: VideoId,
        kind: Annotated[
            Literal["speech", "screen", "caption", "label"],
            Field(description="speech: said; screen: shown as text; caption: described; label: recognised."),
        ] = "speech",
        start: Seconds = None,
        end: Seconds = None,
        cursor: Cursor = None,
        limit: Annotated[int, Field(ge=1, le=500)] = 100,
    ) -> made.Lines:
        """Read what was said, shown, described or recognised in a video, or in a part of it, in order of time."""
        with reach.opened(ctx) as view:
            found, following = _lines(view, video_id, kind, (start, end), cursor, limit)
            name = search.names_of(view, [video_id])[video_id]
        lines = [
            made.Line(**one.model_dump(), link=reach.link(ctx, urls.page(video_id, float(one.start)))) for one in found
        ]
        return made.Lines(video_id=video_id, name=name, lines=lines, next=following)

    @server.tool(annotations=READING, structured_output=False)
    def look_at_frames(
        ctx: Asked,
        video_id: Annotated[str, Field(max_length=100)] = "",
        times: Annotated[list[Annotated[float, Field(ge=0, le=1e9)]] | None, Field(max_length=MOST_FRAMES)] = None,
        evidence_ids: Annotated[list[VideoId] | None, Field(max_length=MOST_FRAMES)] = None,
    ) -> list[Any]:
        """Look at up to 8 frames: at times in seconds of one video, or in the middle of some evidence."""
        if bool(times) != bool(video_id) or bool(times) == bool(evidence_ids):
            raise ToolError("USAGE: Give video_id with times, or evidence_ids.")
        shown: list[Any] = [made.DATA]
        with reach.opened(ctx) as view:
            places = [(video_id, time) for time in times or ()]
            if evidence_ids:
                found = search.evidence(view, evidence_ids).evidence
                places = [(one.video_id, (float(one.start) + float(one.end)) / 2) for one in found]
            for one, time in places:
                picture = media.frame(view, one, time, _WIDTH)
                shown.append(f"{one} at {time:.3f} s: {reach.link(ctx, urls.page(one, time))}")
                shown.append(Image(data=picture, format="jpeg"))
        return shown


def _lines(
    view: Any, video_id: str, kind: Any, span: tuple[float | None, float | None], cursor: str | None, limit: int
) -> tuple[list[Any], str | None]:
    """A page of lines that overlap a span (seconds; None for no bound), and the cursor of the next one."""
    start, end = span
    if start is None and end is None:
        page = moments.lines(view, video_id, kind, limit, cursor)
        return list(page.lines), page.next
    found: list[Any] = []
    for _ in range(_PAGES):
        page = moments.lines(view, video_id, kind, limit if start is None else _PAGE, cursor)
        for line in page.lines:
            if end is not None and line.start >= end:
                return found[:limit], None
            if start is None or line.end > start:
                found.append(line)
        cursor = page.next
        if cursor is None or len(found) >= limit:
            break
    return found[:limit], cursor if len(found) <= limit else None


def _video(reach: Reach, ctx: Asked, one: Any) -> dict[str, Any]:
    shown = {"video_id", "name", "status", "seconds", "width", "height", "languages"}
    values: dict[str, Any] = one.model_dump(include=shown)
    values["tags"] = [tag.name for tag in one.tags]
    values["problem"] = f"{one.fault.code}: {one.fault.message}" if one.fault else ""
    return values | {"link": reach.link(ctx, urls.page(one.video_id))}
