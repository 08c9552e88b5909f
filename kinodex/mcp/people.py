"""Tools about people: who is seen and heard."""

from __future__ import annotations

from typing import Annotated

from mcp.server.mcpserver import MCPServer
from pydantic import Field

from kinodex.mcp import documents as made
from kinodex.mcp.finding import READING
from kinodex.mcp.reach import Asked, Reach
from kinodex.views import people


def register(server: MCPServer[object], reach: Reach) -> None:
    """Adds these tools to a server."""

    @server.tool(annotations=READING)
    def list_people(
        ctx: Asked,
        name: Annotated[str, Field(max_length=200, description="Part of a name; empty for all.")] = "",
        limit: Annotated[int, Field(ge=1, le=100)] = 50,
    ) -> made.People:
        """List the people whose faces are known: in how many videos each is seen and heard, and for how long."""
        with reach.opened(ctx) as view:
            there = people.people(view).people
        part = name.casefold().strip()
        found = [one for one in there if any(part in each.casefold() for each in (one.shown, *one.also))]
        shown = [
            made.Person(
                person_id=one.person_id,
                name=one.shown,
                also=one.also,
                videos=one.videos,
                seconds=one.seconds,
                seconds_spoken=one.seconds_spoken,
            )
            for one in found[:limit]
        ]
        return made.People(people=shown, total=len(found))
