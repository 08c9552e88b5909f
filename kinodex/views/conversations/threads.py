"""Threads: listed, begun, renamed, shown, written out, removed."""

from __future__ import annotations

from kinodex.schemas.api.conversations import NewThread, ThreadShown, ThreadsPage
from kinodex.schemas.conversations import chat as schema
from kinodex.schemas.conversations.chat import ThreadDocument
from kinodex.usecases.conversations.markdown import markdown
from kinodex.views.conversations.turns import seen_by, seen_turns, shown_turns, thread_of
from kinodex.views.cursors import cursor, place_of
from kinodex.views.library_view import LibraryView
from kinodex.views.search import names_of
from stores.threads.records import Thread


def threads(view: LibraryView, limit: int, after: str | None = None) -> ThreadsPage:
    """A page of the principal's threads, the last changed first; a key that sees less than its user sees its own.

    Args:
        after: the cursor of the page before.

    Raises:
        UsageError: USAGE for a cursor of another list.
    """
    last = None
    if after is not None:
        thread_id, changed_at = place_of(view.store.library_id, "threads", after, (str, float))
        last = Thread(thread_id, "", None, 0, 0.0, changed_at)
    who = view.principal
    found = view.store.threads.page(limit + 1, last, who.user_id, who.threads_of)
    shown, following = found[:limit], None
    if len(found) > limit:
        following = cursor(view.store.library_id, "threads", shown[-1].thread_id, shown[-1].changed_at)
    return ThreadsPage(threads=[_document(view, one) for one in shown], next=following)


def begin(view: LibraryView, new: NewThread) -> ThreadDocument:
    """A new thread.

    Raises:
        UsageError: UNKNOWN_VIDEO; FORBIDDEN.
    """
    view.require("chat")
    only = None if new.video_ids is None else view.videos(new.video_ids)
    who = view.principal
    return _document(view, view.store.threads.create(new.title, only, who.user_id, who.key_id))


def rename(view: LibraryView, thread_id: str, title: str) -> ThreadDocument:
    """A thread with another title.

    Raises:
        UsageError: UNKNOWN_THREAD; FORBIDDEN.
    """
    view.require("chat")
    thread_of(view, thread_id)
    return _document(view, view.store.threads.rename(thread_id, title))


def delete(view: LibraryView, thread_id: str) -> None:
    """Remove a thread with all that was said in it.

    Raises:
        UsageError: UNKNOWN_THREAD; FORBIDDEN.
    """
    view.require("chat")
    thread_of(view, thread_id)
    view.store.threads.delete(thread_id)


def thread(view: LibraryView, thread_id: str) -> ThreadShown:
    """A thread with all that was said in it.

    Raises:
        UsageError: UNKNOWN_THREAD.
    """
    found = thread_of(view, thread_id)
    document = _document(view, found)
    videos = names_of(view, document.video_ids or [])
    turns = shown_turns(view, seen_turns(view, found.thread_id))
    return ThreadShown(thread=document, videos=videos, turns=turns)


def as_markdown(view: LibraryView, thread_id: str) -> str:
    """A thread as a page of Markdown, with names of files and no paths.

    Raises:
        UsageError: UNKNOWN_THREAD.
    """
    found = thread_of(view, thread_id)
    turns = seen_turns(view, found.thread_id)
    names = names_of(view, schema.cited_videos(turns))
    about = _document(view, found)
    document = schema.conversation(found, turns, names).model_copy(update={"thread": about})
    return markdown(document, list(names_of(view, about.video_ids or []).values()))


def _document(view: LibraryView, one: Thread) -> ThreadDocument:
    return schema.thread(seen_by(view).thread(one))
