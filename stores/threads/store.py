"""Threads and what has been said in them; `stores.threads.turn_ledger` runs their turns."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

from sqlalchemy import Engine, delete, insert, select, update

from stores.core.errors import UsageError
from stores.core.record_columns import clean
from stores.sql.database import reading, writing
from stores.threads.checkpoint_files import CheckpointFiles
from stores.threads.reading import events_of, in_batches, threads_of, turn_of, turns_of
from stores.threads.records import RunEvent, Thread, Turn
from stores.threads.tables import OF_TURN, ThreadRow, ThreadVideoRow, TurnRow

LONGEST_TITLE = 200
"""Characters of a title; longer ones are cut. Source: our choice: a list shows one line."""


class ThreadStore:
    """Owner of the tables ``threads`` and ``thread_videos``, and reader of the turns in them.

    Nothing here waits for `stores.library_store.LibraryStore.writer` or for a job: the database's own transactions,
    of milliseconds, suffice.

    Args:
        checkpoints: those of deleted turns are removed; None: left to the next sweep.
        clock: seconds since the epoch.
    """

    def __init__(
        self, engine: Engine, checkpoints: CheckpointFiles | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._checkpoints = checkpoints
        self._clock = clock

    def create(
        self, title: str = "", video_ids: Sequence[str] | None = None, owner: str = "", key_id: str = ""
    ) -> Thread:
        """A new thread.

        Args:
            owner: the user that it belongs to; "" for the owner of the library.
            key_id: the API key that it is begun with.
            video_ids: the videos it is about; None: the whole library. Whether they exist is for the door to check.

        Raises:
            StoreError: as `stores.sql.database.writing`; so do all others.
        """
        now = self._clock()
        scope = None if video_ids is None else tuple(dict.fromkeys(video_ids))
        thread = Thread(f"thr_{secrets.token_hex(10)}", _title(title), scope, 0, now, now, owner, key_id)
        row = {"thread_id": thread.thread_id, "title": thread.title, "scoped": scope is not None, "turns": 0}
        videos = [
            {"thread_id": thread.thread_id, "video_id": one, "ordinal": number}
            for number, one in enumerate(scope or ())
        ]
        with writing(self._engine) as connection:
            begun = insert(ThreadRow).values(**row, created_at=now, changed_at=now, owner=owner, key_id=key_id)
            connection.execute(begun)
            if videos:
                connection.execute(insert(ThreadVideoRow), videos)
        return thread

    def get(self, thread_id: str) -> Thread:
        """One thread.

        Raises:
            UsageError: UNKNOWN_THREAD.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(select(ThreadRow.__table__).where(ThreadRow.thread_id == thread_id)).all()
            if not rows:
                raise unknown_thread(thread_id)
            return threads_of(connection, rows)[0]

    def page(
        self, limit: int | None = 50, after: Thread | None = None, owner: str = "", key_id: str | None = None
    ) -> list[Thread]:
        """Threads of one owner, the one that was changed last first.

        Args:
            after: the last one of the page before.
            key_id: only those that were begun with this API key; None for all.
        """
        chosen = select(ThreadRow.__table__).where(ThreadRow.owner == owner)
        if key_id is not None:
            chosen = chosen.where(ThreadRow.key_id == key_id)
        chosen = chosen.order_by(ThreadRow.changed_at.desc(), ThreadRow.thread_id).limit(limit)
        if after is not None:
            older = ThreadRow.changed_at < after.changed_at
            same = (ThreadRow.changed_at == after.changed_at) & (ThreadRow.thread_id > after.thread_id)
            chosen = chosen.where(older | same)
        with reading(self._engine) as connection:
            return threads_of(connection, connection.execute(chosen).all())

    def rename(self, thread_id: str, title: str) -> Thread:
        """Gives a thread another title.

        Raises:
            UsageError: UNKNOWN_THREAD.
        """
        change = update(ThreadRow).where(ThreadRow.thread_id == thread_id)
        with writing(self._engine) as connection:
            if connection.execute(change.values(title=_title(title), changed_at=self._clock())).rowcount != 1:
                raise unknown_thread(thread_id)
        return self.get(thread_id)

    def delete(self, thread_id: str) -> None:
        """Removes a thread with everything in it. A turn that runs in it comes to nothing.

        Raises:
            UsageError: UNKNOWN_THREAD.
        """
        with writing(self._engine) as connection:
            turns = connection.execute(select(TurnRow.turn_id).where(TurnRow.thread_id == thread_id)).scalars().all()
            for some in in_batches(turns):
                for table in OF_TURN:
                    connection.execute(delete(table).where(table.turn_id.in_(some)))
            connection.execute(delete(TurnRow).where(TurnRow.thread_id == thread_id))
            connection.execute(delete(ThreadVideoRow).where(ThreadVideoRow.thread_id == thread_id))
            if connection.execute(delete(ThreadRow).where(ThreadRow.thread_id == thread_id)).rowcount != 1:
                raise unknown_thread(thread_id)
        if self._checkpoints is not None and turns:
            self._checkpoints.remove(*turns)

    def turn(self, turn_id: str) -> Turn:
        """One turn.

        Raises:
            UsageError: UNKNOWN_THREAD if there is no such turn.
        """
        with reading(self._engine) as connection:
            found = turn_of(connection, turn_id)
        if found is None:
            raise unknown_turn(turn_id)
        return found

    def turns(self, thread_id: str, last: int | None = None) -> list[Turn]:
        """The turns of a thread in order; only the ``last`` ones if that is given. Empty if there is no such thread."""
        chosen = select(TurnRow.__table__).where(TurnRow.thread_id == thread_id).order_by(TurnRow.ordinal.desc())
        with reading(self._engine) as connection:
            return turns_of(connection, connection.execute(chosen.limit(last)).all()[::-1])

    def events_after(self, turn_id: str, number: int = 0, limit: int | None = None) -> list[RunEvent]:
        """What happened in a turn after event ``number``, in order: a reconnected client goes on from there."""
        with reading(self._engine) as connection:
            return events_of(connection, turn_id, number, limit)


def unknown_thread(thread_id: str) -> UsageError:
    """The error for a thread that does not exist, or no longer."""
    return UsageError("UNKNOWN_THREAD", f"There is no thread {thread_id}.", "Begin a new one.")


def unknown_turn(turn_id: str) -> UsageError:
    """The error for a turn that does not exist, or no longer."""
    return UsageError("UNKNOWN_THREAD", f"There is no turn {turn_id}.", "Its thread may have been deleted.")


def _title(text: str) -> str:
    line = " ".join(clean(text).split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"
