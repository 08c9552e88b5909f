"""Who may use a library: accounts, keys, collections. No document holds a password or the secret of a key, but
`NewKeyDocument`, once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Number
from stores.core.principal import SCOPES, Principal, Scope

if TYPE_CHECKING:
    from stores.access.records import ApiKey, Collection, Member, User


class MeDocument(Document):
    """Who asks.

    Attributes:
        access: whether access control is on.
        everything: whether all videos are seen.
    """

    name: str
    scopes: list[Scope]
    access: bool
    everything: bool


class UserDocument(Document):
    """An account; ``everything``: whether it sees all videos. Times: seconds since 1970."""

    user_id: str
    name: str
    scopes: list[Scope]
    everything: bool
    created_at: Number


class UsersDocument(Document):
    """All accounts, by name."""

    users: list[UserDocument]


class KeyDocument(Document):
    """An API key without its secret.

    Attributes:
        user: the name of whose key it is.
        collections: the only collections that it sees, by id; null: what its user sees.
        expires_at: null: never. ``used_at``: null: never used.
    """

    key_id: str
    user_id: str
    user: str
    name: str
    scopes: list[Scope]
    collections: list[str] | None
    created_at: Number
    expires_at: Number | None
    used_at: Number | None


class NewKeyDocument(Document):
    """A key that was just made; ``secret`` cannot be read again."""

    key: KeyDocument
    secret: str


class KeysDocument(Document):
    """API keys, the oldest first."""

    keys: list[KeyDocument]


class CollectionDocument(Document):
    """Some videos that some users see; ``videos``, ``members``: how many.

    Attributes:
        role: that of the one that asks: ``reader``, ``editor``, or ``all`` for one who sees everything.
    """

    collection_id: str
    name: str
    description: str
    videos: int
    members: int
    role: str
    created_at: Number


class CollectionsDocument(Document):
    """Collections, by name."""

    collections: list[CollectionDocument]


class MemberDocument(Document):
    """A user in a collection."""

    user_id: str
    name: str
    role: str


class MembersDocument(Document):
    """Who sees a collection; those who see everything are not listed."""

    members: list[MemberDocument]


class CollectionVideo(Document):
    """A video of a collection."""

    video_id: str
    name: str


class CollectionVideosDocument(Document):
    """A page of the videos of a collection; ``next``: the cursor of the next page, null if this is the last one."""

    videos: list[CollectionVideo]
    total: int
    next: str | None


class ChangedDocument(Document):
    """How many of what was named were changed; the others were so already."""

    changed: int


class SignedDocument(Document):
    """A url that works for a while without cookie or key; ``expires_at``: seconds since 1970."""

    url: str
    expires_at: Number


def listed(scopes: Iterable[Scope]) -> list[Scope]:
    """Scopes in their usual order."""
    chosen = set(scopes)
    return [one for one in SCOPES if one in chosen]


def me(principal: Principal, access: bool) -> MeDocument:
    """The document of who asks."""
    return MeDocument(
        name=principal.name, scopes=listed(principal.scopes), access=access, everything=principal.everything
    )


def user(one: User) -> UserDocument:
    """The document of an account."""
    return UserDocument(
        user_id=one.user_id,
        name=one.name,
        scopes=listed(one.scopes),
        everything=one.everything,
        created_at=one.created_at,
    )


def key(one: ApiKey, owner: str) -> KeyDocument:
    """The document of a key; ``owner``: the name of its user."""
    return KeyDocument(
        key_id=one.key_id,
        user_id=one.user_id,
        user=owner,
        name=one.name,
        scopes=listed(one.scopes),
        collections=None if one.collection_ids is None else list(one.collection_ids),
        created_at=one.created_at,
        expires_at=one.expires_at,
        used_at=one.used_at,
    )


def collection(one: Collection, role: str) -> CollectionDocument:
    """The document of a collection, for one with this role."""
    return CollectionDocument(
        collection_id=one.collection_id,
        name=one.name,
        description=one.description,
        videos=one.videos,
        members=one.members,
        role=role,
        created_at=one.created_at,
    )


def members(some: Sequence[Member]) -> MembersDocument:
    """The document of who sees a collection."""
    return MembersDocument(members=[MemberDocument(user_id=one.user_id, name=one.name, role=one.role) for one in some])
