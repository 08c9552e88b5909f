"""Reading what was asked: made to stand alone, understood, and judged whether there is anything to answer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from agents.answering.text.asked import asked_of
from agents.answering.text.matching import said_share
from agents.answering.wording import file_name
from agents.questions.conversation.turns import Shown, Turn
from agents.questions.described import described_videos
from agents.questions.follow_ups import standing_alone
from agents.questions.question import Question
from agents.questions.understanding import understand
from agents.questions.video_names import VideoNames
from agents.search.finder import SEARCHED_STAGES
from agents.search.keystrokes import names_nothing
from agents.tools.moments import Search
from agents.tools.video_topics import VideoTopics
from agents.words import coverage, nothing_to_look_for, read_part
from encoders.bundle import Encoders
from stores.core.errors import UsageError
from stores.core.records import Evidence
from stores.library_store import LibraryStore

MOST_SAID = 12
"""Lines that are looked at for the words of a question that may be none to the library. Ours."""

WELL_SAID = 0.8
"""Share of a Chinese phrase that such a line must say. Ours."""

CLEARLY = 0.8
"""Share of the best score below which the second best video is not meant, either. Ours."""


class Reader:
    """Reads the questions of conversations over one library."""

    def __init__(self, store: LibraryStore, encoders: Encoders, search: Search) -> None:
        self._store = store
        self._encoders = encoders
        self._search = search
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
        alone = standing_alone(named.text, self._turns(history), named.video_ids)
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
            video_id = topic.video_id if topic is not None else self._likest(one.what, scope)
            if video_id:
                name = file_name(self._store.catalog.display_uri(video_id))
                return [video_id], one.rest, "; ".join(filter(None, (why, f"“{one.what}” is {name}")))
        return [], text, why

    def _likest(self, what: str, scope: Sequence[str] | None) -> str:
        """The video with the best match for a description, if that is clearly better than any other's; else ""."""
        found = self._search(what, 8, scope)
        if found.verdict == "no_match":
            return ""
        first = found.moments[0]
        second = next((one.score for one in found.moments if one.video_id != first.video_id), 0.0)
        return first.video_id if second < CLEARLY * first.score else ""

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
        if question.idle in ("world_knowledge", "gibberish") and self._said(question):
            question = replace(question, intent=question.otherwise, idle="")
        return replace(question, chinese=language == "zh") if language else question

    def _said(self, question: Question) -> bool:
        """Whether some line says all words of a question: then it may be one to the library after all."""
        if not question.terms:
            return False
        words = " ".join(term.text for term in question.terms)
        hits = self._store.fulltext.search(words, MOST_SAID, channels=("speech", "screen"))
        lines = self._store.catalog.evidence([hit.evidence_id for hit in hits])
        asked = asked_of(question)
        if asked.phrases:
            return any(
                all(any(said_share(phrase, text) >= WELL_SAID for text in texts) for phrase in asked.phrases)
                for texts in _by_video(lines.values())
            )
        # "What does a rocket need besides fuel?": words like "need" are often said in another way.
        heavy = [term for term in asked.focus if term.text not in asked.light]
        wanted = heavy if len(heavy) > 1 else question.terms
        return any(coverage(wanted, line.text) >= 1.0 for line in lines.values())

    def _check_indexed(self, video_ids: Sequence[str]) -> None:
        active = self._store.catalog.active_of(video_ids, SEARCHED_STAGES)
        for video_id in video_ids:
            if (video_id, SEARCHED_STAGES[0]) not in active:
                raise UsageError(
                    "UNKNOWN_VIDEO",
                    f"{self._store.catalog.display_uri(video_id)} is not indexed, so nothing is known of it.",
                    "Run `kinodex ingest` on it, or see `kinodex errors`.",
                )


def _by_video(lines: Iterable[Evidence]) -> list[list[str]]:
    """What lines say, by video."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        found[line.video_id].append(line.text)
    return list(found.values())
