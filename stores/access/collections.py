"""Collections: which videos belong together, and who sees them."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Collection as AnyOf
from typing import Any, cast

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from stores.access.names import proper_name
from stores.access.records import Collection, Member
from stores.access.revision import bump_access
from stores.access.tables import CollectionMemberRow, CollectionRow, CollectionVideoRow, KeyCollectionRow, UserRow
from stores.core.errors import UsageError
from stores.core.principal import ROLES, Role
from stores.core.record_columns import clean
from stores.core.text_keys import name_key
from stores.sql.database import reading, writing
from stores.sql.tables import StageRunRow, VideoRow

LONGEST_DESCRIPTION = 1_000

_LISTED = 500  # ids in one statement


class Collections:
    """Owner of the tables ``collections``, ``collection_videos`` and ``collection_members``.

    Args:
        clock: seconds since the epoch.
    """

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._clock = clock

    def all(self, collection_ids: AnyOf[str] | None = None) -> list[Collection]:
        """The collections (those of some ids) by name."""
        with reading(self._engine) as connection:
            return _collections(connection, None if collection_ids is None else sorted(collection_ids))

    def named(self, name: str) -> Collection:
        """The collection with a name, or an id.

        Raises:
            UsageError: NOT_FOUND.
        """
        either = (CollectionRow.folded == name_key(name)) | (CollectionRow.collection_id == name)
        with reading(self._engine) as connection:
            found = connection.execute(select(CollectionRow.collection_id).where(either)).scalar()
            if found is None:
                raise unknown_collection(name)
            return _collections(connection, [found])[0]

    def add(self, name: str, description: str = "") -> Collection:
        """A new collection, empty.

        Raises:
            UsageError: CONFLICT if the name is taken; USAGE.
        """
        name, described = proper_name(name, "a collection"), _description(description)
        made = Collection(f"col_{secrets.token_hex(10)}", name, described, 0, 0, self._clock())
        with writing(self._engine) as connection:
            _free_name(connection, name, "")
            values = {"collection_id": made.collection_id, "name": name, "folded": name_key(name)}
            connection.execute(
                insert(CollectionRow).values(**values, description=described, created_at=made.created_at)
            )
            bump_access(connection)
        return made

    def change(self, collection_id: str, name: str | None = None, description: str | None = None) -> Collection:
        """Renames or describes a collection; None leaves it.

        Raises:
            UsageError: NOT_FOUND; CONFLICT if the name is taken; USAGE.
        """
        changes: dict[str, str] = {}
        if name is not None:
            proper = proper_name(name, "a collection")
            changes |= {"name": proper, "folded": name_key(proper)}
        if description is not None:
            changes["description"] = _description(description)
        with writing(self._engine) as connection:
            _known(connection, collection_id)
            if "name" in changes:
                _free_name(connection, changes["name"], collection_id)
            if changes:
                of_it = CollectionRow.collection_id == collection_id
                connection.execute(update(CollectionRow).where(of_it).values(**changes))
        return self.named(collection_id)

    def remove(self, collection_id: str) -> None:
        """Removes a collection; its videos stay, and its members no longer see them through it.

        Raises:
            UsageError: NOT_FOUND.
        """
        with writing(self._engine) as connection:
            _known(connection, collection_id)
            tables: tuple[Any, ...] = (CollectionVideoRow, CollectionMemberRow, KeyCollectionRow, CollectionRow)
            for table in tables:
                connection.execute(delete(table).where(table.collection_id == collection_id))
            bump_access(connection)

    def put_videos(self, collection_id: str, video_ids: Iterable[str]) -> int:
        """Adds videos; how many were not in it.

        Raises:
            UsageError: NOT_FOUND; UNKNOWN_VIDEO if one is not in the library; then none is added.
        """
        wanted = list(dict.fromkeys(video_ids))
        added = 0
        with writing(self._engine) as connection:
            _known(connection, collection_id)
            for some in _batches(wanted):
                known = select(VideoRow.video_id).where(VideoRow.video_id.in_(some))
                there = set(connection.execute(known).scalars())
                for one in some:
                    if one not in there:
                        raise UsageError("UNKNOWN_VIDEO", f"No video of this library is {one!r}.")
                of_it = CollectionVideoRow.collection_id == collection_id
                inside = select(CollectionVideoRow.video_id).where(of_it, CollectionVideoRow.video_id.in_(some))
                already = set(connection.execute(inside).scalars())
                rows = [{"collection_id": collection_id, "video_id": one} for one in some if one not in already]
                if rows:
                    connection.execute(insert(CollectionVideoRow), rows)
                added += len(rows)
            if added:
                bump_access(connection)
        return added

    def put_new(self, collection_id: str, video_id: str, since: float) -> bool:
        """Adds a video if it is in no collection and no work was begun on it before ``since``; whether that was so.

        Raises:
            UsageError: NOT_FOUND; UNKNOWN_VIDEO.
        """
        older = select(StageRunRow.video_id).where(StageRunRow.video_id == video_id, StageRunRow.started_at < since)
        inside = select(CollectionVideoRow.video_id).where(CollectionVideoRow.video_id == video_id)
        with reading(self._engine) as connection:
            if any(connection.execute(one.limit(1)).first() is not None for one in (older, inside)):
                return False
        return self.put_videos(collection_id, [video_id]) > 0

    def take_videos(self, collection_id: str, video_ids: Iterable[str]) -> int:
        """Takes videos out; how many were in it.

        Raises:
            UsageError: NOT_FOUND.
        """
        taken = 0
        with writing(self._engine) as connection:
            _known(connection, collection_id)
            of_it = CollectionVideoRow.collection_id == collection_id
            for some in _batches(list(dict.fromkeys(video_ids))):
                gone = delete(CollectionVideoRow).where(of_it, CollectionVideoRow.video_id.in_(some))
                taken += connection.execute(gone).rowcount
            if taken:
                bump_access(connection)
        return taken

    def videos(self, collection_id: str, limit: int | None = None, after: str = "") -> list[str]:
        """Ids of its videos in order: at most ``limit`` of those after ``after``."""
        chosen = select(CollectionVideoRow.video_id).where(CollectionVideoRow.collection_id == collection_id)
        chosen = chosen.where(CollectionVideoRow.video_id > after).order_by(CollectionVideoRow.video_id)
        with reading(self._engine) as connection:
            return list(connection.execute(chosen.limit(limit)).scalars())

    def of_videos(self, video_ids: Iterable[str]) -> dict[str, list[str]]:
        """Ids of the collections that some videos are in, by video, sorted; videos of none are absent."""
        found: dict[str, list[str]] = defaultdict(list)
        with reading(self._engine) as connection:
            for some in _batches(list(dict.fromkeys(video_ids))):
                chosen = select(CollectionVideoRow.video_id, CollectionVideoRow.collection_id)
                chosen = chosen.where(CollectionVideoRow.video_id.in_(some)).order_by(CollectionVideoRow.collection_id)
                for video_id, collection_id in connection.execute(chosen):
                    found[video_id].append(collection_id)
        return dict(found)

    def members(self, collection_id: str) -> list[Member]:
        """Who sees a collection, by name; those who see everything are not listed."""
        chosen = select(UserRow.user_id, UserRow.name, CollectionMemberRow.role)
        chosen = chosen.join(CollectionMemberRow, CollectionMemberRow.user_id == UserRow.user_id)
        chosen = chosen.where(CollectionMemberRow.collection_id == collection_id).order_by(UserRow.folded)
        with reading(self._engine) as connection:
            return [Member(row.user_id, row.name, cast(Role, row.role)) for row in connection.execute(chosen)]

    def grant(self, collection_id: str, user_id: str, role: Role) -> None:
        """Makes a user a member, or gives a member another role.

        Raises:
            UsageError: NOT_FOUND; USAGE if there is no such role.
        """
        if role not in ROLES:
            raise UsageError("USAGE", f"{role!r} is no role.", f"There are: {', '.join(ROLES)}.")
        with writing(self._engine) as connection:
            _known(connection, collection_id)
            if connection.execute(select(UserRow.user_id).where(UserRow.user_id == user_id)).first() is None:
                raise UsageError("NOT_FOUND", f"There is no user {user_id!r}.", "They may have been removed.")
            _drop_member(connection, collection_id, user_id)
            row = {"collection_id": collection_id, "user_id": user_id, "role": role}
            connection.execute(insert(CollectionMemberRow).values(**row))
            bump_access(connection)

    def revoke(self, collection_id: str, user_id: str) -> None:
        """Ends a membership: at the next request of that user nothing of the collection is there for it.

        Raises:
            UsageError: NOT_FOUND if it is no member.
        """
        with writing(self._engine) as connection:
            if not _drop_member(connection, collection_id, user_id):
                message = "That user is no member of the collection."
                raise UsageError("NOT_FOUND", message, "`kinodex collections show NAME` lists its members.")
            bump_access(connection)


def unknown_collection(name: str) -> UsageError:
    """What is said of a collection that is not there, or not for who asks."""
    return UsageError("NOT_FOUND", f"There is no collection {name!r}.", "`kinodex collections list` shows all.")


def _collections(connection: Connection, only: Sequence[str] | None) -> list[Collection]:
    chosen = select(CollectionRow.__table__).order_by(CollectionRow.folded)
    rows: list[Any] = []
    if only is None:
        rows = list(connection.execute(chosen).all())
    else:
        for some in _batches(only):
            rows += connection.execute(chosen.where(CollectionRow.collection_id.in_(some))).all()
    videos = _counts(connection, CollectionVideoRow)
    members = _counts(connection, CollectionMemberRow)
    found = [
        Collection(
            row.collection_id,
            row.name,
            row.description,
            videos.get(row.collection_id, 0),
            members.get(row.collection_id, 0),
            row.created_at,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: name_key(one.name))


def _counts(connection: Connection, table: Any) -> dict[str, int]:
    chosen = select(table.collection_id, func.count()).group_by(table.collection_id)
    return {collection_id: int(count) for collection_id, count in connection.execute(chosen)}


def _known(connection: Connection, collection_id: str) -> None:
    known = select(CollectionRow.collection_id).where(CollectionRow.collection_id == collection_id)
    if connection.execute(known).first() is None:
        raise unknown_collection(collection_id)


def _free_name(connection: Connection, name: str, besides: str) -> None:
    taken = select(CollectionRow.collection_id).where(CollectionRow.folded == name_key(name))
    if connection.execute(taken.where(CollectionRow.collection_id != besides)).first() is not None:
        raise UsageError("CONFLICT", f"There is a collection {name!r} already.", "Choose another name.")


def _drop_member(connection: Connection, collection_id: str, user_id: str) -> bool:
    member = (CollectionMemberRow.collection_id == collection_id) & (CollectionMemberRow.user_id == user_id)
    return connection.execute(delete(CollectionMemberRow).where(member)).rowcount > 0


def _description(text: str) -> str:
    described = " ".join(clean(text).split())
    if len(described) > LONGEST_DESCRIPTION:
        message = f"A description has at most {LONGEST_DESCRIPTION:,} characters."
        raise UsageError("USAGE", message, "Say it shorter.")
    return described


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(ids), _LISTED):
        yield ids[first : first + _LISTED]
