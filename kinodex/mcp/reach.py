"""Who asks through MCP, and what is said of errors and links."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError

from kinodex.faults import explained
from kinodex.views.library_view import LibraryView
from kinodex.views.names import without_paths
from stores.core.errors import KinodexError

_LOG = logging.getLogger(__name__)

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
        """The view for one call of a tool; an error becomes an answer that the assistant can read.

        Raises:
            ToolError: with code, message and hint, without the paths of files.
        """
        try:
            yield self.view(asked)
        except ToolError:
            raise
        except Exception as error:
            raise ToolError(_said(error)) from error

    def link(self, asked: Asked, path: str) -> str:
        """A link to a page of the web app."""
        return f"{self.base(asked)}{path}"


def _said(error: Exception) -> str:
    said = error if isinstance(error, KinodexError) else explained(error)
    if said.code.name == "INTERNAL":
        # Nobody learns more than that it is a bug.
        _LOG.error("A tool failed", exc_info=error)
        said = KinodexError("INTERNAL", "Something went wrong inside Kinodex.", "Its log says what.")
    return without_paths(f"{said.code.name}: {said.message} {said.hint}".strip())
