"""Tools about tags: the vocabulary, and deciding with it."""

from __future__ import annotations

from typing import Annotated, Literal

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from kinodex.mcp import documents as made
from kinodex.mcp.finding import READING, VideoId
from kinodex.mcp.reach import Asked, Reach
from kinodex.schemas.api.tags import TagsAsked, VerdictRequest
from kinodex.views.tags import reviewing, tagging

DECIDING = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def register(server: MCPServer[object], reach: Reach) -> None:
    """Adds these tools to a server."""

    @server.tool(annotations=READING)
    def list_tags(
        ctx: Asked,
        words: Annotated[str, Field(max_length=200, description="Part of a name or alias; empty for all.")] = "",
        cursor: Annotated[str | None, Field(max_length=500, description="`next` of the page before.")] = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 50,
    ) -> made.Tags:
        """List the tags that videos can have, and how many videos have each."""
        with reach.opened(ctx) as view:
            page = tagging.page(view, TagsAsked(q=words, limit=limit, cursor=cursor))
        tags = [
            made.Tag(tag_id=one.tag_id, name=one.name, aliases=one.aliases, facet=one.facet, videos=one.videos)
            for one in page.tags
        ]
        return made.Tags(tags=tags, total=page.total, next=page.next)

    @server.tool(annotations=DECIDING)
    def decide_tag(
        ctx: Asked,
        video_id: VideoId,
        tag_id: Annotated[str, Field(min_length=1, max_length=200)],
        verdict: Literal["accepted", "rejected", "unsure"],
    ) -> made.Decided:
        """Decide whether a tag fits a video, only when the person asks for it: it counts as that person's decision."""
        with reach.opened(ctx) as view:
            asked = VerdictRequest(video_id=video_id, tag_id=tag_id, verdict=verdict)
            done = reviewing.decide(view, [asked])
        return made.Decided(video_id=video_id, tag_id=tag_id, verdict=verdict, undo=done.undo)
