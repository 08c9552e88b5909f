"""Who asks: found out once, at a door, and given to everything below it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["read", "chat", "review", "edit", "jobs", "admin"]
"""What a principal may do.

``read`` look, search and export; ``chat`` ask; ``review`` decide about tags; ``edit`` correct transcripts, change tags
and collections; ``jobs`` ingest, tag, describe, and export in any size; ``admin`` users, keys, settings, forgetting
videos.
"""

SCOPES: tuple[Scope, ...] = get_args(Scope)

Role = Literal["reader", "editor"]
"""What a member may do with a collection's videos: see them; or also decide about their tags, correct their lines, and
show them in other collections."""

ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, and what that one may do. Which videos it sees is asked of `stores.access` each time it asks.

    Attributes:
        user_id: whose threads, jobs and keys it sees; "" for the owner of a library without users.
        name: as people read it.
        scopes: what it may do with the videos that it sees.
        everything: whether it sees all videos, those of no collection, too.
        key_id: of the API key that it came with; "" for a person.
        narrowed: whether its key sees less than its user.
        only_video: of a signed url, the one video that it sees; "" for any.
    """

    user_id: str
    name: str
    scopes: frozenset[Scope]
    everything: bool = False
    key_id: str = ""
    narrowed: bool = False
    only_video: str = ""

    @property
    def orders_as(self) -> str:
        """Whose jobs it orders and sees: those of its user, but for a key that sees less only its own."""
        return self.key_id if self.narrowed else self.user_id

    @property
    def threads_of(self) -> str | None:
        """The key whose threads it sees: only its own, if it sees less than its user; None for all of the user's."""
        return self.key_id if self.narrowed else None

    def may(self, scope: Scope) -> bool:
        """Whether it may do this."""
        return scope in self.scopes


OWNER = Principal("", "owner", frozenset(SCOPES), everything=True)
"""Who uses the command line, and everybody while access control is off."""
