"""Users, API keys and collections: frozen records. Times in seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass

from stores.core.principal import Role, Scope

OF_EDITORS: frozenset[Scope] = frozenset({"review", "edit"})
"""Scopes that a user without sight of everything has only as the editor of a collection, for its videos."""

USUAL_SCOPES: tuple[Scope, ...] = ("read", "chat", "review", "edit")
"""Of a new user. Source: our choice: everything that is about videos, nothing that costs or removes."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody with an account.

    Attributes:
        scopes: the most that it may do; `OF_EDITORS` further need the role in a collection.
        everything: whether it sees all videos, those of no collection, too.
    """

    user_id: str
    name: str
    scopes: frozenset[Scope]
    everything: bool
    created_at: float

    @property
    def administers(self) -> bool:
        """Whether it may manage users, keys and collections."""
        return "admin" in self.scopes


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of a user, without its secret, which nobody but that user's program has.

    Attributes:
        scopes: what it may do of that which its user may do.
        collection_ids: it sees only these of the collections of its user; None: what its user sees.
        expires_at: None: never.
        used_at: when it was used last, to the minute; None: never.
    """

    key_id: str
    user_id: str
    name: str
    scopes: frozenset[Scope]
    collection_ids: tuple[str, ...] | None
    created_at: float
    expires_at: float | None
    used_at: float | None


@dataclass(frozen=True, slots=True)
class Collection:
    """Some videos that some users see; ``videos``, ``members``: how many."""

    collection_id: str
    name: str
    description: str
    videos: int
    members: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Member:
    """A user in a collection."""

    user_id: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class VideoSet:
    """The videos that somebody sees: ``ids`` sorted, ``known`` the same to look one up."""

    ids: tuple[str, ...]
    known: frozenset[str]


NO_VIDEOS = VideoSet((), frozenset())
