"""The tables of access control. No secret is stored that would let its reader in: passwords are hashed by argon2, and
of the random tokens of sessions and keys only the SHA-256 is there."""

from __future__ import annotations

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from stores.sql.tables import Base, JsonList


class UserRow(Base):
    """`records.User`; ``folded``: the name as it is compared; ``password``: its argon2 hash with parameters."""

    __tablename__ = "users"
    user_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    password: Mapped[str]
    scopes: Mapped[JsonList]
    everything: Mapped[bool]
    created_at: Mapped[float]


class LoginTryRow(Base):
    """Logins under a name that did not succeed, one after the other, whether or not there is such a user."""

    __tablename__ = "login_tries"
    folded: Mapped[str] = mapped_column(primary_key=True)
    failed: Mapped[int]
    closed_until: Mapped[float]
    tried_at: Mapped[float] = mapped_column(index=True)


class SessionRow(Base):
    """A login in a browser."""

    __tablename__ = "sessions"
    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id"), index=True)
    created_at: Mapped[float]
    expires_at: Mapped[float]


class KeyRow(Base):
    """`records.ApiKey`; ``narrowed``: it sees only the collections in `KeyCollectionRow`, none if there are none."""

    __tablename__ = "api_keys"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id"), index=True)
    name: Mapped[str]
    scopes: Mapped[JsonList]
    narrowed: Mapped[bool]
    created_at: Mapped[float]
    expires_at: Mapped[float | None]
    used_at: Mapped[float | None]


class CollectionRow(Base):
    """`records.Collection`."""

    __tablename__ = "collections"
    collection_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str]
    created_at: Mapped[float]


class CollectionVideoRow(Base):
    """A video of a collection; it may be in several."""

    __tablename__ = "collection_videos"
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.collection_id"), primary_key=True)
    video_id: Mapped[str] = mapped_column(primary_key=True, index=True)


class CollectionMemberRow(Base):
    """A user who sees a collection; ``role``: ``reader`` or ``editor``."""

    __tablename__ = "collection_members"
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.collection_id"), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.user_id"), primary_key=True, index=True)
    role: Mapped[str]


class KeyCollectionRow(Base):
    """A collection that a narrowed key may see, if its user does."""

    __tablename__ = "key_collections"
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.key_id"), primary_key=True)
    collection_id: Mapped[str] = mapped_column(ForeignKey("collections.collection_id"), primary_key=True)
