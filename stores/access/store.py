"""Access control of one library: who somebody is, and which videos that one sees now."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from stores.access.collections import Collections
from stores.access.keys import Keys, keys_of
from stores.access.records import NO_VIDEOS, OF_EDITORS, ApiKey, User, VideoSet
from stores.access.revision import access_revision
from stores.access.tables import CollectionMemberRow, CollectionVideoRow, KeyRow, SessionRow, UserRow
from stores.access.tokens import KEY_PREFIX, same, sha256, signature
from stores.access.users import Users, user_of
from stores.core.errors import StoreError
from stores.core.principal import OWNER, Principal
from stores.sql.database import reading, writing
from stores.sql.tables import AboutRow

SIGNED_SECONDS = 300.0
"""How long a signed url is valid. Source: our choice: a player asks for the first bytes at once and for the rest
within minutes; long enough for that, short enough for one that was passed on."""

USED_SECONDS = 60.0
"""How precisely it is noted when a key was used: not every request is to write. Ours."""

EVERYTHING = "*"
"""The sight of one who sees all videos, as it is noted with a turn."""

_KEPT = 16  # sets of visible videos in memory, each at most some 10 MB with 100,000 videos
_SECRET = "media_secret"


@dataclass(frozen=True, slots=True)
class _Sight:
    """What somebody sees: all, or the videos of these collections; of those in ``edited`` it is an editor."""

    everything: bool
    collections: frozenset[str]
    edited: frozenset[str]
    revision: int


_BLIND = _Sight(False, frozenset(), frozenset(), 0)


class AccessStore:
    """Users, sessions, keys and collections of one library. Safe to use from several threads.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock
        self.users = Users(engine, clock)
        self.keys = Keys(engine, clock)
        self.collections = Collections(engine, clock)
        self._lock = threading.Lock()
        self._sets: OrderedDict[frozenset[str], tuple[int, VideoSet]] = OrderedDict()
        self._secret = ""

    def is_on(self) -> bool:
        """Whether there is a user; without one, everybody is the owner."""
        return self.users.any()

    def by_session(self, token: str) -> Principal | None:
        """Who has the session with this token; None if it is over or never was."""
        chosen = select(UserRow.__table__).join(SessionRow, SessionRow.user_id == UserRow.user_id)
        valid = (SessionRow.token_sha256 == sha256(token)) & (SessionRow.expires_at > self._clock())
        with reading(self._engine) as connection:
            row = connection.execute(chosen.where(valid)).first()
            return None if row is None else self._principal(connection, user_of(row), None)

    def by_key(self, token: str) -> Principal | None:
        """Who comes with this API key; None if it is expired, was taken back or never was."""
        if not token.startswith(KEY_PREFIX):
            return None
        now = self._clock()
        with reading(self._engine) as connection:
            rows = connection.execute(select(KeyRow.__table__).where(KeyRow.token_sha256 == sha256(token))).all()
            principal = self._of_key(connection, rows)
        if principal is not None and (rows[0].used_at is None or rows[0].used_at < now - USED_SECONDS):
            # A reader must not fail because nothing can be written.
            with suppress(StoreError), writing(self._engine) as connection:
                change = update(KeyRow).where(KeyRow.key_id == principal.key_id)
                connection.execute(change.values(used_at=now))
        return principal

    def by_id(self, principal_id: str) -> Principal | None:
        """Who is a user, or comes with a key, with this id; None if there is none (any more)."""
        with reading(self._engine) as connection:
            rows = connection.execute(select(KeyRow.__table__).where(KeyRow.key_id == principal_id)).all()
            if rows:
                return self._of_key(connection, rows)
            row = connection.execute(select(UserRow.__table__).where(UserRow.user_id == principal_id)).first()
            return None if row is None else self._principal(connection, user_of(row), None)

    def visible(self, user_id: str, key_id: str = "") -> VideoSet | None:
        """The videos that a user, or a key of it, sees at this moment; None for all there are, and for the owner.

        Nobody who no longer exists sees any. Kept in memory until somebody's access changes.
        """
        if not user_id:
            return None
        sight = self._sight(user_id, key_id)
        return None if sight.everything else self._videos_of(sight.collections, sight.revision)

    def editable(self, user_id: str, key_id: str = "") -> VideoSet | None:
        """As `visible`, those whose lines and tags it may change."""
        if not user_id:
            return None
        sight = self._sight(user_id, key_id)
        return None if sight.everything else self._videos_of(sight.edited, sight.revision)

    def collections_of(self, user_id: str, key_id: str = "", edited: bool = False) -> frozenset[str] | None:
        """Ids of the collections that a user, or a key of it, sees (or edits); None for all."""
        if not user_id:
            return None
        sight = self._sight(user_id, key_id)
        return None if sight.everything else sight.edited if edited else sight.collections

    def seen_as(self, user_id: str, key_id: str = "") -> str:
        """What is noted with a turn of a conversation: the collections it was answered from."""
        collections = self.collections_of(user_id, key_id)
        return EVERYTHING if collections is None else ",".join(sorted(collections))

    def still_seen(self, seen_as: str, user_id: str, key_id: str = "") -> bool:
        """Whether somebody now sees every collection that was noted by `seen_as`."""
        collections = self.collections_of(user_id, key_id)
        if collections is None:
            return True
        return seen_as != EVERYTHING and set(filter(None, seen_as.split(","))) <= collections

    def signed(self, principal: Principal, video_id: str) -> dict[str, str]:
        """The query of a url by which a program without cookie or key gets media of one video for `SIGNED_SECONDS`."""
        by, expires = principal.key_id or principal.user_id, str(int(self._clock() + SIGNED_SECONDS))
        return {"by": by, "expires": expires, "signature": signature(self._signing(), by, video_id, expires)}

    def by_signature(self, video_id: str, by: str, expires: str, signed: str) -> Principal | None:
        """The principal that a url was signed for, if it is valid for this video."""
        if not same(signed, signature(self._signing(), by, video_id, expires)):
            return None
        if not expires.isdecimal() or int(expires) < self._clock():
            return None
        return OWNER if not by and not self.is_on() else self.by_id(by)

    def _signing(self) -> str:
        """The library's secret. One that reads the database can sign, and has everything that could be signed."""
        if not self._secret:
            chosen = select(AboutRow.value).where(AboutRow.name == _SECRET)
            with reading(self._engine) as connection:
                found = connection.execute(chosen).scalar()
            if found is None:
                with writing(self._engine) as connection:
                    found = connection.execute(chosen).scalar()
                    if found is None:
                        found = secrets.token_hex(32)
                        connection.execute(insert(AboutRow).values(name=_SECRET, value=found))
            self._secret = found
        return self._secret

    def _of_key(self, connection: Connection, rows: Any) -> Principal | None:
        if not rows or not _is_valid(rows[0], self._clock()):
            return None
        key = keys_of(connection, rows)[0]
        row = connection.execute(select(UserRow.__table__).where(UserRow.user_id == key.user_id)).first()
        return None if row is None else self._principal(connection, user_of(row), key)

    def _principal(self, connection: Connection, user: User, key: ApiKey | None) -> Principal:
        sight = _sight_of(connection, user, key)
        scopes = user.scopes if key is None else user.scopes & key.scopes
        if not sight.everything:
            # Who sees a part cannot be allowed what concerns the whole.
            scopes -= {"admin"} if sight.edited else {"admin", *OF_EDITORS}
        name = user.name if key is None else f"{user.name} ({key.name})"
        if key is None:
            return Principal(user.user_id, name, scopes, sight.everything)
        narrowed = key.collection_ids is not None
        return Principal(user.user_id, name, scopes, sight.everything, key.key_id, narrowed)

    def _sight(self, user_id: str, key_id: str) -> _Sight:
        with reading(self._engine) as connection:
            row = connection.execute(select(UserRow.__table__).where(UserRow.user_id == user_id)).first()
            if row is None:
                return _BLIND
            if not key_id:
                return _sight_of(connection, user_of(row), None)
            of_it = (KeyRow.key_id == key_id) & (KeyRow.user_id == user_id)
            rows = connection.execute(select(KeyRow.__table__).where(of_it)).all()
            if not rows or not _is_valid(rows[0], self._clock()):
                return _BLIND
            return _sight_of(connection, user_of(row), keys_of(connection, rows)[0])

    def _videos_of(self, collections: frozenset[str], revision: int) -> VideoSet:
        if not collections:
            return NO_VIDEOS
        with self._lock:
            kept = self._sets.get(collections)
            if kept is not None and kept[0] == revision:
                self._sets.move_to_end(collections)
                return kept[1]
        chosen = select(CollectionVideoRow.video_id).distinct().order_by(CollectionVideoRow.video_id)
        found: set[str] = set()
        with reading(self._engine) as connection:
            revision = access_revision(connection)
            listed = sorted(collections)
            for first in range(0, len(listed), 500):
                some = CollectionVideoRow.collection_id.in_(listed[first : first + 500])
                found.update(connection.execute(chosen.where(some)).scalars())
        made = VideoSet(tuple(sorted(found)), frozenset(found))
        with self._lock:
            self._sets[collections] = revision, made
            self._sets.move_to_end(collections)
            while len(self._sets) > _KEPT:
                self._sets.popitem(last=False)
        return made


def _is_valid(row: Any, now: float) -> bool:
    return row.expires_at is None or bool(row.expires_at > now)


def _sight_of(connection: Connection, user: User, key: ApiKey | None) -> _Sight:
    revision = access_revision(connection)
    only = None if key is None or key.collection_ids is None else frozenset(key.collection_ids)
    if user.everything:
        return _Sight(only is None, only or frozenset(), only or frozenset(), revision)
    chosen = select(CollectionMemberRow.collection_id, CollectionMemberRow.role)
    rows = connection.execute(chosen.where(CollectionMemberRow.user_id == user.user_id))
    roles = {collection_id: role for collection_id, role in rows}  # noqa: C416
    seen = frozenset(roles) if only is None else only & frozenset(roles)
    return _Sight(False, seen, frozenset(one for one in seen if roles[one] == "editor"), revision)
