"""The MCP server of one library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server.mcpserver import MCPServer

from kinodex import __version__
from kinodex.mcp import asking, finding, people, reading, tagging
from kinodex.mcp.documents import DATA
from kinodex.mcp.reach import Asked, Reach
from kinodex.views.access import owner_of
from kinodex.views.library_view import LibraryView
from kinodex.views.search import schema
from stores.core.principal import OWNER

if TYPE_CHECKING:
    from kinodex.library import Library

INSTRUCTIONS = (
    "Kinodex has watched and listened to a library of videos. Search moments, read what was said and shown, look at "
    "frames, count with SQL, or ask a question; cite moments by their links, which play them. " + DATA
)


def make_server(reach: Reach) -> MCPServer[object]:
    """A server with all tools."""
    server: MCPServer[object] = MCPServer(
        "kinodex", title="Kinodex", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING"
    )
    for module in (finding, reading, tagging, people, asking):
        module.register(server, reach)
    return server


def owners_reach(library: Library) -> Reach:
    """For who starts this process: the owner of the library. Links lead to where `kinodex serve` is."""
    settings = library.settings.server

    def view(_: Asked) -> LibraryView:
        # The one who may read the files of a library needs no key for them, as on the command line.
        return LibraryView(library, owner_of(library) or OWNER)

    return Reach(view, lambda _: f"http://{settings.host}:{settings.port}", lambda: schema_of(library))


def schema_of(library: Library) -> str:
    """The tables that may be asked, as JSON."""
    return schema(LibraryView(library, OWNER)).model_dump_json(indent=1)


def run_stdio(library: Library) -> None:
    """Serves a library on standard input and output until the input ends."""
    make_server(owners_reach(library)).run("stdio")
