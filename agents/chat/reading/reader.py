"""Reading what was asked: made to stand alone, understood, and judged whether there is anything to answer."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from agents.answering.drafting.counting import asks_for_videos
from agents.answering.drafting.recognised.people import asks_who
from agents.answering.drafting.recognised.speaking import names_a_speaker, of_unknown_voice
from agents.answering.text.asked import asked_of
from agents.answering.text.matching import said_share
from agents.answering.wording import file_name
from agents.chat.reading.memory import Memory
from agents.chat.reading.readings import all_different, reading
from agents.questions.conversation.rewriter import Rewriter
from agents.questions.conversation.turns import Standalone, Turn
from agents.questions.described import described_videos
from agents.questions.follow_ups import standing_alone
from agents.questions.question import Question
from agents.questions.understanding import understand
from agents.questions.video_names import Named, VideoNames
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

_OF_THE_LIBRARY = ("which_videos", "compare", "summarise", "tags", "find", "nothing")
"""Intents that are about all videos where none is named."""

_LITTLE = re.compile(
    r"^(?:long|old|fast|big|tall|high|far|heavy|deep|wide|expensive|much|many|soon|often|late|early|exactly|until|"
    r"since|then|"
    r"people|person|thing|get|happen|written|write|said|say|seen|see|visible|shown|time|there|kind|colour|color|"
    r"come|go|do|"
    r"人|秒|时候|多[长大久高重快远]|颜色|什么颜色|哪里|怎么样|然后)$",
    re.I,
)
"""Words that alone do not say what a question is about."""

_CORRECTED = re.compile(
    r"[,.;，。\s]+(?:(?:no|sorry|wait|oh)[,\s]+)*(?:i mean(?:t)?|rather|actually|sorry|no|我是说|不对|不是|"
    r"应该是)[,，\s]*(?:the video)?\W*$",
    re.I,
)
"""A slip of the tongue put right: what was named last is meant. It stands where names were taken out."""


_AMONG_VIDEOS = re.compile(
    r"\b(?:videos?|clips?|films?|recordings?)\b.*\b(?:longest|shortest)\b|"
    r"\b(?:longest|shortest)\s+(?:videos?|clips?|films?|recordings?|one)\b|"
    r"(?:视频|片子|影片|短片).*最[长短]|最[长短]的?(?:视频|片子|影片|短片|(?:那|一)个)",
    re.I,
)
"""Which video is the longest: one alone is not compared with itself."""


def first_told(readings: list[dict[str, Any]], why: str) -> list[dict[str, Any]]:
    """Different readings, each with what was taken from the conversation for it."""
    different = all_different(readings)
    return [{**one, "why": why or (_SAME_VIDEO if one["named"] and len(different) > 1 else "")} for one in different]


_SAME_VIDEO = "the video last spoken of"


def as_follow_up(question: Question) -> Question:
    """A question that takes something from a conversation about videos: so it is not one about the world."""
    if question.idle in ("world_knowledge", "gibberish"):
        return replace(question, intent=question.otherwise, idle="")
    return question


class Reader:
    """Reads the questions of conversations over one library.

    Args:
        rewriter: completes follow-ups that the rules leave open.
        late: whether it is asked only where these have no answer as they are: rules answer more surely than a small
            model completes.
    """

    def __init__(
        self,
        store: LibraryStore,
        encoders: Encoders,
        search: Search,
        rewriter: Rewriter | None = None,
        late: bool = False,
    ) -> None:
        self._rewriter = rewriter
        self._late = late
        self._store = store
        self._encoders = encoders
        self._search = search
        self._names = VideoNames(store)
        self._topics = VideoTopics(store, encoders)
        self._memory = Memory(store)
        self._understood = lru_cache(maxsize=64)(self._understand)

    def alone(self, asked: str, history: Mapping[str, Any], scope: Sequence[str] | None) -> dict[str, Any]:
        """A question as it stands alone, as changes of a turn's state.

        Raises:
            UsageError: USAGE if it is empty; UNKNOWN_VIDEO if a video it names, or each of the scope, is not
                indexed.
        """
        if not asked.strip():
            raise UsageError("USAGE", "There is no question: the text is empty.", "Ask about what is in the videos.")
        named, turns, alone = self._standing_alone(asked, history, scope)
        if self._rewriter is not None and not self._late:
            alone = self._rewriter.completed(named.text, alone, turns)
        unknown = named.unknown
        readings = self._readings(alone, named.video_ids, turns, scope)
        videos = readings[0]["named"]
        if scope is not None:
            outside = [one for one in videos if one not in scope]
            unknown = unknown or (file_name(self._store.catalog.display_uri(outside[0])) if outside else "")
        if not unknown:
            self._check_indexed(videos, scope or ())
        shown = [one["evidence_id"] for turn in history.get("turns", []) for one in turn["cited"]] if alone.more else []
        return {
            **{key: readings[0][key] for key in ("stand_alone", "named", "moment")},
            "readings": [] if unknown else readings[1:],
            "kept": alone.text if alone.plain else "",
            "unknown": unknown,
            "why": readings[0]["why"],
            "language": alone.language,
            "shown": shown,
        }

    def rewritten(self, asked: str, history: Mapping[str, Any], scope: Sequence[str] | None) -> list[dict[str, Any]]:
        """What a language model makes of a follow-up that had no answer as it was read, as further readings; none if it
        is asked early, or makes nothing of it."""
        if self._rewriter is None or not self._late:
            return []
        named, turns, alone = self._standing_alone(asked, history, scope)
        completed = self._rewriter.completed(named.text, alone, turns)
        if named.unknown or completed is alone:
            return []
        readings = self._readings(completed, named.video_ids, turns, scope)
        inside = [one for one in readings if scope is None or set(one["named"]) <= set(scope)]
        return [{**one, "why": one["why"] or completed.why} for one in inside]

    def _standing_alone(
        self, asked: str, history: Mapping[str, Any], scope: Sequence[str] | None
    ) -> tuple[Named, list[Turn], Standalone]:
        """The question without the names of videos, the turns before it, and what the rules make of it."""
        named = self._names.taken_out(read_part(asked), scope)
        slip = _CORRECTED.search(named.text) if len(named.video_ids) > 1 else None
        if slip:  # "how long is a.mp4, I mean b.mp4?"
            named = replace(named, text=f"{named.text[: slip.start()]}?", video_ids=named.video_ids[-1:])
        turns = self._memory.turns(history)
        alone = standing_alone(self._memory.with_others_named(named.text, turns), turns, named.video_ids)
        return named, turns, alone

    def _readings(
        self, alone: Standalone, named: Sequence[str], turns: Sequence[Turn], scope: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """What the question may mean, the likeliest first."""
        why = alone.why if alone.changed else ""
        if alone.video_ids:
            place = alone.moment if alone.exact or (alone.moment and self._of_the_moment(alone.text, scope)) else None
            texts = [alone.text, *([alone.plain] if alone.plain else [])]
            # At the very place nothing but the question word is needed: "until when?".
            tried = [reading(text, alone.video_ids, place) for text in reversed(texts)] if place else []
            tried += [reading(text, alone.video_ids) for text in texts]
            return first_told(tried, why)
        videos, text, described = self._described(alone.text, scope, why)
        if videos:
            return first_told([reading(text, videos), reading(alone.text, [])], described)
        focus = () if named else self._memory.focus(turns)
        if (
            not focus
            or (scope is not None and focus[0] not in scope)
            or not self._may_be_narrowed(alone.text, alone.changed, scope)
        ):
            return first_told([reading(alone.text, [])], why)
        return first_told(self._narrowed(alone, focus, turns, scope), why)

    def _narrowed(
        self, alone: Standalone, focus: Sequence[str], turns: Sequence[Turn], scope: Sequence[str] | None
    ) -> list[dict[str, Any]]:
        """A question without a video: one that says little is about what was just shown, one that says more may be
        about the same video, or about any."""
        here = reading(alone.text, focus)
        terms = [term for term in self.question(alone.text, scope).terms if not _LITTLE.match(term.text)]
        if not terms:
            moment = self._memory.moment(turns)
            return [*([reading(alone.text, focus, moment)] if moment else []), here]
        topics = {one.video_id: one.share for one in self._topics.ranked(terms, None, scope)}
        elsewhere = max((share for video_id, share in topics.items() if video_id not in focus), default=0.0)
        anywhere = reading(alone.text, [])
        return [anywhere, here] if elsewhere > topics.get(focus[0], 0.0) else [here, anywhere]

    def _may_be_narrowed(self, text: str, follows: bool, scope: Sequence[str] | None) -> bool:
        """Whether a question can be about one video: not which videos, what is there at all, or nothing."""
        if _AMONG_VIDEOS.search(text):
            return False
        question = self.question(text, scope)
        question = as_follow_up(question) if follows else question
        return question.intent not in _OF_THE_LIBRARY and not (question.idle or asks_for_videos(text))

    def _of_the_moment(self, text: str, scope: Sequence[str] | None) -> bool:
        """Whether a question is about how something looks at the moment that was shown."""
        question = self.question(text, scope)
        return question.intent in ("shown", "fact") and question.wants in ("colour", "action")

    def _described(self, text: str, scope: Sequence[str] | None, why: str) -> tuple[list[str], str, str]:
        """The video that a question describes ("the news video"), if any can be meant, and the question without it."""
        described = described_videos(text)
        if described and self.question(text, scope).intent == "compare":
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

    def of(self, state: Mapping[str, Any]) -> Question:
        """The question of a turn, understood."""
        named = bool(state["named"])
        question = self.question(state["stand_alone"], state.get("video_ids"), state.get("language", ""), named)
        return as_follow_up(question) if state.get("why") and state.get("history", {}).get("turns") else question

    def idle(self, question: Question, state: Mapping[str, Any]) -> str:
        """Why there is nothing to answer; "" if there may be something."""
        if question.idle:
            return question.idle
        if question.overview or (state.get("named") and state.get("history", {}).get("turns")):
            return ""  # what was said before says what it is about
        videos, text = list(state["named"]) or state.get("video_ids"), state["stand_alone"]
        if state.get("named") and asks_who(text):
            return ""  # "Who is in it?" has no word to look for
        if names_a_speaker(text, self._store, videos):
            return ""  # nor has 安娜说了什么
        idle = nothing_to_look_for(text) or names_nothing(text, self._store, self._encoders, videos)
        return "empty" if idle else ""

    def of_unknown_voice(self, state: Mapping[str, Any]) -> str:
        """Who is asked about who is seen, but whose voice is not known; else ""."""
        return of_unknown_voice(state["stand_alone"], self._store, list(state["named"]) or state.get("video_ids"))

    def question(
        self, text: str, scope: Sequence[str] | None = None, language: str = "", named: bool = False
    ) -> Question:
        """A question, understood. The last ones are remembered until the library changes: whether some line says their
        words decides what they are.

        Args:
            scope: the videos of the conversation; None for all.
            language: in which to answer; "" for the question's own.
            named: whether it names a video: then it is one to the library, unless it is a command.
        """
        videos = None if scope is None else tuple(scope)
        return self._understood(text, videos, language, named, self._store.catalog.revision())

    def _understand(
        self, text: str, scope: Sequence[str] | None, language: str, named: bool, _revision: int
    ) -> Question:
        question = understand(text, self._encoders.concepts.vocabulary, self._encoders)
        if named and question.idle not in ("", "command"):
            question = replace(question, intent=question.otherwise, idle="")
        if question.idle in ("world_knowledge", "gibberish") and self._said(question, scope):
            question = replace(question, intent=question.otherwise, idle="")
        return replace(question, chinese=language == "zh") if language else question

    def _said(self, question: Question, scope: Sequence[str] | None) -> bool:
        """Whether some line says all words of a question: then it may be one to the library after all."""
        if not question.terms:
            return False
        words = " ".join(term.text for term in question.terms)
        hits = self._store.fulltext.search(words, MOST_SAID, video_ids=scope, channels=("speech", "screen"))
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

    def _check_indexed(self, named: Sequence[str], scope: Sequence[str]) -> None:
        """Refuses a question about a video that is not indexed, and any question if none of the scope is."""
        asked = named or scope
        indexed = {video_id for video_id, _ in self._store.catalog.active_of(asked, SEARCHED_STAGES[:1])}
        missing = [one for one in asked if one not in indexed]
        if missing and (named or not indexed):
            raise UsageError(
                "UNKNOWN_VIDEO",
                f"{self._store.catalog.display_uri(missing[0])} is not indexed, so nothing is known of it.",
                "Run `kinodex ingest` on it, or see `kinodex errors`.",
            )


def _by_video(lines: Iterable[Evidence]) -> list[list[str]]:
    """What lines say, by video."""
    found: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        found[line.video_id].append(line.text)
    return list(found.values())
