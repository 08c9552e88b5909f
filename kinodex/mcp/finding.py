"""Tools that find: moments, videos, evidence, rows."""

from __future__ import annotations

from typing import Annotated, Literal

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from kinodex.mcp import documents as made
from kinodex.mcp.reach import Asked, Reach
from kinodex.views import search as views

READING = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)

Query = Annotated[str, Field(min_length=1, max_length=500, description="What to look for, in any language.")]
VideoId = Annotated[str, Field(min_length=1, max_length=100)]
VideoIds = Annotated[list[VideoId] | None, Field(max_length=50, description="Look only in these; null for all.")]
Collection = Annotated[str, Field(max_length=200, description="Look only in this collection; empty for all.")]


def register(server: MCPServer[object], reach: Reach) -> None:
    """Adds these tools to a server."""

    @server.tool(annotations=READING)
    def search_moments(
        ctx: Asked,
        query: Query,
        k: Annotated[int, Field(ge=1, le=50)] = 10,
        mode: Annotated[
            Literal["meaning", "exact"], Field(description="exact: lines with all the words of the query.")
        ] = "meaning",
        video_ids: VideoIds = None,
        collection: Collection = "",
    ) -> made.Moments:
        """Find the moments of videos that show, say or display something. Cite each with its link."""
        with reach.opened(ctx) as view:
            scope = views.Scope(video_ids, collection)
            found = views.search(view, query, k, mode, scope, copies=False)
        moments = [
            made.Moment(
                **one.model_dump(include={"rank", "moment", "video_id", "name", "start", "end", "score", "text"}),
                channels={name: float(share) for name, share in one.channels.items()},
                link=reach.link(ctx, one.link),
            )
            for one in found.results
        ]
        return made.Moments(verdict=found.verdict, index=found.index, moments=moments)

    @server.tool(annotations=READING)
    def search_videos(
        ctx: Asked, query: Query, k: Annotated[int, Field(ge=1, le=20)] = 10, collection: Collection = ""
    ) -> made.VideoMatches:
        """Find the videos with the best moments for a query, each with that moment."""
        with reach.opened(ctx) as view:
            scope = views.Scope(None, collection)
            found = views.search(view, query, views.MOST_MOMENTS, "meaning", scope, copies=False)
        best: dict[str, made.VideoMatch] = {}
        for one in found.results:
            values = one.model_dump(include={"video_id", "name", "score", "start", "end", "text"})
            best.setdefault(one.video_id, made.VideoMatch(**values, link=reach.link(ctx, one.link)))
        return made.VideoMatches(verdict=found.verdict, index=found.index, videos=list(best.values())[:k])

    @server.tool(annotations=READING)
    def get_evidence(
        ctx: Asked, evidence_ids: Annotated[list[VideoId], Field(min_length=1, max_length=50)]
    ) -> made.EvidenceItems:
        """The stored facts with these ids: what was said, read or seen, where and when."""
        with reach.opened(ctx) as view:
            found = views.evidence(view, evidence_ids)
        return made.EvidenceItems(
            evidence=[
                made.EvidenceItem(**one.model_dump(exclude={"frame", "link"}), link=reach.link(ctx, one.link))
                for one in found.evidence
            ]
        )

    @server.tool(annotations=READING)
    def query_tables(
        ctx: Asked,
        sql: Annotated[str, Field(min_length=1, max_length=20_000, description="One SELECT in the SQL of SQLite.")],
        max_rows: Annotated[int, Field(ge=1, le=200)] = 100,
    ) -> made.Rows:
        """Count, group and list with one SELECT over the tables that the resource kinodex://schema describes."""
        with reach.opened(ctx) as view:
            return made.Rows(**views.query(view, sql, max_rows).model_dump())

    @server.resource(
        "kinodex://schema",
        name="schema",
        title="Tables of the library",
        description="The tables and columns that query_tables may ask.",
        mime_type="application/json",
    )
    def schema() -> str:
        return reach.schema()
