"""Whether there is anything to search for: keystrokes find what has the same letters, else nothing."""

from __future__ import annotations

from collections.abc import Sequence

from agents.questions.keystrokes import only_keystrokes
from agents.words import nothing_to_look_for
from encoders.bundle import Encoders
from stores.library_store import LibraryStore


def names_nothing(query: str, store: LibraryStore, encoders: Encoders, video_ids: Sequence[str] | None = None) -> bool:
    """Whether a query names nothing: it has nothing to look for, or only keystrokes, and no line has its words."""
    if not (nothing_to_look_for(query) or only_keystrokes(query, encoders)):
        return False
    return not store.fulltext.search(query, 1, video_ids=video_ids)
