"""Conversations that are kept: found, listed, written out, removed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.schemas.conversations import chat as schema
from kinodex.text import printable, to_json
from kinodex.usecases.conversations.markdown import markdown
from kinodex.usecases.places import places_of
from stores.core.errors import StoreError, UsageError

if TYPE_CHECKING:
    from stores.library_store import LibraryStore
    from stores.threads.records import Thread, Turn

LAST = "last"
"""What a person may say instead of the id of the thread that was changed last."""

SUFFIXES = (".md", ".json")
"""Kinds of files that a conversation is written to."""


def find_thread(store: LibraryStore, thread: str) -> Thread:
    """The thread that a person means by an id or ``last``.

    Raises:
        UsageError: UNKNOWN_THREAD.
    """
    if thread != LAST:
        try:
            return store.threads.get(printable(thread))
        except UsageError as error:
            raise UsageError(error.code.name, error.message, "See: kinodex threads list") from None
    newest = store.threads.page(1)
    if not newest:
        raise UsageError("UNKNOWN_THREAD", "There is no conversation yet.", "Begin one: kinodex chat")
    return newest[0]


def page_of(store: LibraryStore, limit: int, after: str | None = None) -> tuple[list[Thread], bool]:
    """Threads, the last changed first, and whether more follow.

    Args:
        after: the id of the last thread of the page before.

    Raises:
        UsageError: UNKNOWN_THREAD.
    """
    before = find_thread(store, after) if after is not None else None
    found = store.threads.page(limit + 1, before)
    return found[:limit], len(found) > limit


def turn_document(store: LibraryStore, turn: Turn) -> schema.TurnDocument:
    """The document of a turn, with where the files of the cited videos are."""
    return schema.turn(turn, places_of(store, schema.cited_videos([turn])))


def conversation_document(store: LibraryStore, thread: str) -> schema.ConversationDocument:
    """The document of a whole thread.

    Raises:
        UsageError: UNKNOWN_THREAD.
    """
    found = find_thread(store, thread)
    turns = store.threads.turns(found.thread_id)
    return schema.conversation(found, turns, places_of(store, schema.cited_videos(turns)))


def delete_threads(store: LibraryStore, threads: Sequence[str]) -> schema.DeletedThreadsDocument:
    """Delete threads with everything in them.

    Raises:
        UsageError: UNKNOWN_THREAD if there is no thread of one of these ids; then none is deleted.
    """
    found = {one.thread_id: one for one in (find_thread(store, thread) for thread in threads)}
    for thread_id in found:
        store.threads.delete(thread_id)
    return schema.DeletedThreadsDocument(deleted=list(found), turns=sum(one.turns for one in found.values()))


def check_export_name(file: Path) -> None:
    """Refuse a file whose name does not tell how to write a conversation.

    Raises:
        UsageError: USAGE.
    """
    if file.suffix.lower() not in SUFFIXES:
        message = f"{file.name} ends neither in .md nor in .json."
        raise UsageError("USAGE", message, "Name a file such as talk.md or talk.json.")


def export_thread(store: LibraryStore, document: schema.ConversationDocument, file: Path) -> None:
    """Write a conversation as Markdown or as JSON, by the name of the file; a file that is there is replaced.

    Raises:
        UsageError: USAGE as `check_export_name`.
        StoreError: FILE_UNREADABLE if it cannot be written.
    """
    check_export_name(file)
    if file.suffix.lower() == ".json":
        text = to_json(document.payload()) + "\n"
    else:
        text = markdown(document, names_of(store, document.thread.video_ids))
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror or error}."
        raise StoreError("FILE_UNREADABLE", message, "Choose another file.") from None


def names_of(store: LibraryStore, video_ids: Sequence[str] | None) -> list[str]:
    """File names of the videos that a thread is about; none for all videos."""
    return [store.catalog.display_uri(one).rsplit("/", 1)[-1] for one in video_ids or ()]
