"""Who asks through MCP, and what is said of errors and links."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from kinodex.views.library_view import LibraryView
from kinodex.views.names import without_paths
from stores.core.errors import KinodexError

Asked: TypeAlias = Context[Any, Any]
"""One request."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How tools reach the library.

    Attributes:
        view: the library as the one sees it who sent a request.
        base: where the pages are that links lead to, without a slash at its end.
        schema: the tables that may be asked, as JSON; the same for everybody.
    """

    view: Callable[[Asked], LibraryView]
    base: Callable[[Asked], str]
    schema: Callable[[], str]

    @contextmanager
    def opened(self, asked: Asked) -> Iterator[LibraryView]:
        """The view for one call of a tool; a coded error becomes an answer that the assistant can read.

        Raises:
            ToolError: with code, message and hint, without the paths of files.
        """
        try:
            yield self.view(asked)
        except KinodexError as error:
            message = without_paths(f"{error.code.name}: {error.message} {error.hint}".strip())
            raise ToolError(message) from error

    def link(self, asked: Asked, path: str) -> str:
        """A link to a page of the web app."""
        return f"{self.base(asked)}{path}"
