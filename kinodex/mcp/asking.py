"""Tools that ask a question of the library, and that start and follow jobs."""

from __future__ import annotations

import time
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from pydantic import Field

from kinodex.mcp import documents as made
from kinodex.mcp.finding import READING, VideoId, VideoIds
from kinodex.mcp.reach import Asked, Reach
from kinodex.schemas.api.conversations import NewThread, TurnShown
from kinodex.schemas.jobs.orders import IngestOrder
from kinodex.views.conversations import answering, threads, turns
from kinodex.views.work import jobs

MOST_SECONDS = 120.0
"""How long `ask` waits for an answer. Source: our choice: clients give up after some minutes."""

_LOOK_SECONDS = 0.1

ASKING = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False)
STARTING = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


def register(server: MCPServer[object], reach: Reach) -> None:
    """Adds these tools to a server."""

    @server.tool(annotations=ASKING)
    def ask(
        ctx: Asked,
        question: Annotated[str, Field(min_length=1, max_length=4_000)],
        session_id: Annotated[str, Field(max_length=100, description="Of the question before; empty to begin.")] = "",
        video_ids: VideoIds = None,
    ) -> made.Reply:
        """Ask a question that is answered out of the videos, with checked citations, or not at all."""
        with reach.opened(ctx) as view:
            thread = session_id or threads.begin(view, NewThread(title=question[:100], video_ids=video_ids)).thread_id
            begun = answering.begin(view, thread, question)
            until = time.monotonic() + MOST_SECONDS
            shown = turns.turn(view, begun.turn_id)
            while shown.status == "running" and time.monotonic() < until:
                time.sleep(_LOOK_SECONDS)
                shown = turns.turn(view, begun.turn_id)
        return _reply(reach, ctx, shown)

    @server.tool(annotations=READING)
    def get_answer(ctx: Asked, turn_id: VideoId) -> made.Reply:
        """The answer to a question whose status was still `running`."""
        with reach.opened(ctx) as view:
            return _reply(reach, ctx, turns.turn(view, turn_id))

    @server.tool(annotations=STARTING)
    def start_ingest(
        ctx: Asked,
        paths: Annotated[
            list[Annotated[str, Field(min_length=1, max_length=4_096)]], Field(min_length=1, max_length=100)
        ],
        collection: Annotated[
            str, Field(max_length=200, description="Name or id; new videos are put into it. Empty for none.")
        ] = "",
    ) -> made.Job:
        """Have files or folders watched and listened to; only such as the server's settings allow."""
        with reach.opened(ctx) as view:
            order = IngestOrder(kind="ingest", paths=paths, collection=collection)
            return _job(jobs.order(view, order).job)

    @server.tool(annotations=READING)
    def get_job(ctx: Asked, job_id: VideoId) -> made.Job:
        """How far a job is, and how it ended."""
        with reach.opened(ctx) as view:
            return _job(jobs.job(view, job_id))


def _reply(reach: Reach, ctx: Asked, one: TurnShown) -> made.Reply:
    return made.Reply(
        session_id=one.thread_id,
        turn_id=one.turn_id,
        status=one.status,
        answer="\n".join(one.lines) or one.answer,
        abstained=one.abstained,
        claims=[made.Claim(text=claim.text, citations=claim.citations) for claim in one.claims],
        citations=[
            made.Citation(
                **cited.model_dump(exclude={"frame", "link", "channel"}),
                kind=cited.channel,
                link=reach.link(ctx, cited.link),
            )
            for cited in one.citations
        ],
    )


def _job(one: Any) -> made.Job:
    return made.Job(
        job_id=one.job_id,
        kind=one.kind,
        state=one.state,
        share=one.share,
        note=one.note,
        totals={name: count for name, count in one.totals.items() if isinstance(count, int | float)},
        problem=f"{one.error.code}: {one.error.message}" if one.error else "",
    )
