"""Reading what was asked: made to stand alone, understood, and judged whether there is anything to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from agents.answering.wording import file_name
from agents.questions.conversation.rewriter import Rewriter
from agents.questions.conversation.turns import Shown, Turn
from agents.questions.described import described_videos
from agents.questions.follow_ups import standing_alone
from agents.questions.question import Question
from agents.questions.understanding import understand
from agents.questions.video_names import VideoNames
from agents.search.finder import SEARCHED_STAGES
from agents.search.keystrokes import names_nothing
from agents.search.video_topics import VideoTopics
from agents.words import nothing_to_look_for, read_part
from encoders.bundle import Encoders
from stores.core.errors import UsageError
from stores.library_store import LibraryStore


class Reader:
    """Reads the questions of conversations over one library."""

    def __init__(self, store: LibraryStore, encoders: Encoders, rewriter: Rewriter | None = None) -> None:
        self._rewriter = rewriter
        self._store = store
        self._encoders = encoders
        self._names = VideoNames(store)
        self._topics = VideoTopics(store, encoders)
        self.question = lru_cache(maxsize=64)(self._understood)

    def alone(self, asked: str, history: Mapping[str, Any], scope: Sequence[str] | None) -> dict[str, Any]:
        """A question as it stands alone, as changes of a turn's state.

        Raises:
            UsageError: USAGE if it is empty; UNKNOWN_VIDEO if a video is not indexed.
        """
        if not asked.strip():
            raise UsageError("USAGE", "There is no question: the text is empty.", "Ask about what is in the videos.")
        named = self._names.taken_out(read_part(asked))
        turns = self._turns(history)
        alone = standing_alone(named.text, turns, named.video_ids)
        if self._rewriter is not None:
            alone = self._rewriter.completed(named.text, alone, turns)
        videos, text, why = list(alone.video_ids or ()), alone.text, alone.why if alone.changed else ""
        unknown = named.unknown
        if not videos:
            videos, text, why = self._described(text, scope, why)
        if scope is not None:
            outside = [one for one in videos if one not in scope]
            unknown = unknown or (file_name(self._store.catalog.display_uri(outside[0])) if outside else "")
        if not unknown:
            self._check_indexed(videos or (scope or ()))
        shown = [one["evidence_id"] for turn in history.get("turns", []) for one in turn["cited"]] if alone.more else []
        return {
            "stand_alone": text,
            "named": videos,
            "unknown": unknown,
            "why": why,
            "language": alone.language,
            "shown": shown,
        }

    def _described(self, text: str, scope: Sequence[str] | None, why: str) -> tuple[list[str], str, str]:
        """The video that a question describes ("the news video"), if one can be meant, and the question without that."""
        described = described_videos(text)
        if described and self.question(text, "").intent == "compare":
            return [], text, why  # both sides are needed
        for one in described:
            topic = self._topics.meant(one.what, None, scope)
            if topic is not None:
                name = file_name(self._store.catalog.display_uri(topic.video_id))
                return [topic.video_id], one.rest, "; ".join(filter(None, (why, f"“{one.what}” is {name}")))
        return [], text, why

    def _turns(self, history: Mapping[str, Any]) -> list[Turn]:
        return [self._turn(one) for one in history.get("turns", []) if one["status"] == "done"]

    def _turn(self, told: Mapping[str, Any]) -> Turn:
        """A turn of the history in the form that follow-ups are resolved by."""
        lines = self._store.catalog.evidence([one["evidence_id"] for one in told["cited"]])
        shown = tuple(
            Shown(line.video_id, file_name(self._store.catalog.display_uri(line.video_id)), line.span, line.text)
            for one in told["cited"]
            if (line := lines.get(one["evidence_id"])) is not None
        )
        question = self.question(told["stand_alone"], "")
        return Turn(told["question"], told["stand_alone"], told["answer"], shown, question.things)

    def idle(self, question: Question, text: str, videos: Sequence[str] | None) -> str:
        """Why there is nothing to answer; "" if there may be something."""
        if question.idle:
            return question.idle
        if question.overview:
            return ""
        idle = nothing_to_look_for(text) or names_nothing(text, self._store, self._encoders, videos)
        return "empty" if idle else ""

    def _understood(self, text: str, language: str) -> Question:
        question = understand(text, self._encoders.concepts.vocabulary, self._encoders)
        return replace(question, chinese=language == "zh") if language else question

    def _check_indexed(self, video_ids: Sequence[str]) -> None:
        active = self._store.catalog.active_of(video_ids, SEARCHED_STAGES)
        for video_id in video_ids:
            if (video_id, SEARCHED_STAGES[0]) not in active:
                raise UsageError(
                    "UNKNOWN_VIDEO",
                    f"{self._store.catalog.display_uri(video_id)} is not indexed, so nothing is known of it.",
                    "Run `kinodex ingest` on it, or see `kinodex errors`.",
                )
