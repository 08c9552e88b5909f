"""Reading what was asked: made to stand alone, understood, and judged whether there is anything to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from agents.questions.question import Question
from agents.questions.understanding import understand
from agents.questions.video_names import VideoNames
from agents.search.finder import SEARCHED_STAGES
from agents.search.keystrokes import names_nothing
from agents.words import nothing_to_look_for, read_part
from encoders.bundle import Encoders
from stores.core.errors import UsageError
from stores.library_store import LibraryStore


class Reader:
    """Reads the questions of conversations over one library."""

    def __init__(self, store: LibraryStore, encoders: Encoders) -> None:
        self._store = store
        self._encoders = encoders
        self._names = VideoNames(store)
        self.question = lru_cache(maxsize=64)(self._understood)

    def alone(self, asked: str, history: Mapping[str, Any], scope: Sequence[str] | None) -> dict[str, Any]:
        """A question as it stands alone: ``stand_alone``, ``named`` videos, an ``unknown`` one, and ``why`` it was changed.

        Raises:
            UsageError: USAGE if it is empty; UNKNOWN_VIDEO if a video is not indexed.
        """
        if not asked.strip():
            raise UsageError("USAGE", "There is no question: the text is empty.", "Ask about what is in the videos.")
        named = self._names.taken_out(read_part(asked))
        unknown = named.unknown
        if scope is not None:
            outside = [one for one in named.video_ids if one not in scope]
            unknown = unknown or (self._store.catalog.display_uri(outside[0]) if outside else "")
        if not unknown:
            self._check_indexed(named.video_ids or (scope or ()))
        return {"stand_alone": named.text, "named": list(named.video_ids), "unknown": unknown, "why": ""}

    def idle(self, question: Question, text: str, videos: Sequence[str] | None) -> str:
        """Why there is nothing to answer; "" if there may be something."""
        if question.idle:
            return question.idle
        if question.overview:
            return ""
        idle = nothing_to_look_for(text) or names_nothing(text, self._store, self._encoders, videos)
        return "empty" if idle else ""

    def _understood(self, text: str) -> Question:
        return understand(text, self._encoders.concepts.vocabulary)

    def _check_indexed(self, video_ids: Sequence[str]) -> None:
        active = self._store.catalog.active_of(video_ids, SEARCHED_STAGES)
        for video_id in video_ids:
            if (video_id, SEARCHED_STAGES[0]) not in active:
                raise UsageError(
                    "UNKNOWN_VIDEO",
                    f"{self._store.catalog.display_uri(video_id)} is not indexed, so nothing is known of it.",
                    "Run `kinodex ingest` on it, or see `kinodex errors`.",
                )
