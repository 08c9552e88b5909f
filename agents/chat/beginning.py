"""Begins a turn of a conversation, which needs neither models nor graphs: who asks is told its id at once."""

from __future__ import annotations

from stores.library_store import LibraryStore
from stores.threads.records import Lease


def begin(store: LibraryStore, thread_id: str, question: str, wait_seconds: float = 0.0, key_id: str = "") -> Lease:
    """A new turn, to be given to `agents.chat.turns.TurnRunner.run` at once.

    Args:
        key_id: the API key that it is asked with, which may see less than the owner of the thread.

    Raises:
        As `stores.threads.turn_ledger.TurnLedger.begin`: UNKNOWN_THREAD, THREAD_BUSY.
    """
    seen_as = store.access.seen_as(store.threads.get(thread_id).owner, key_id)
    return store.turns.begin(thread_id, question, wait_seconds, key_id, seen_as)
