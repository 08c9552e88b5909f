"""Which video somebody means by what it is about: "the news video", "介绍手表的那个视频".

A video is about what its name, its titles, its speech and its labels say together, however far apart they stand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agents.evidence import is_background
from agents.search.finder import Found
from agents.words import Term, content_terms, coverage
from encoders.bundle import Encoders
from stores.core.errors import UsageError
from stores.core.records import Channel, Evidence, Span
from stores.library_store import LibraryStore

MOST_VIDEOS = 16
"""Videos that are compared: of found moments and of lines with the words."""

MOST_HITS = 60
MOST_LINES = 2000
"""Lines of one video that are looked at, the first ones: what a video is about is said early."""

LEAST_LABEL = 0.2
NAME, TITLE, LINE = 3.0, 2.0, 1.0
"""What a word counts in the file's name, in text that stands on screen, in what is said or recognised. Ours."""

AHEAD = 1.25
"""How much more than the second the best must have to be meant. Ours."""

_TEXT: tuple[Channel, ...] = ("speech", "screen", "caption", "script")
_READ: tuple[Channel, ...] = (*_TEXT, "picture", "object")


@dataclass(frozen=True, slots=True)
class Topic:
    """How far a video is about some words.

    Attributes:
        share: of the words that it has anywhere, in [0, 1].
        worth: by where and how often.
        terms: the words that it has.
    """

    video_id: str
    share: float
    worth: float
    terms: frozenset[str]


class VideoTopics:
    """Compares words with what the videos of one library are about."""

    def __init__(self, store: LibraryStore, encoders: Encoders) -> None:
        self._store = store
        self._encoders = encoders

    def terms(self, phrase: str) -> tuple[Term, ...]:
        """The content words of a phrase."""
        return content_terms(phrase, self._encoders.concepts.vocabulary)

    def ranked(
        self, terms: Sequence[Term], found: Found | None = None, video_ids: Sequence[str] | None = None
    ) -> list[Topic]:
        """The videos that have any of some words, those that are most about them first.

        Args:
            found: moments of a search for the same.
            video_ids: the only videos to be compared; None for all.
        """
        if not terms:
            return []
        words = " ".join(term.text for term in terms)
        hits = Counter(
            hit.video_id for hit in self._store.fulltext.search(words, MOST_HITS, video_ids=video_ids, channels=_TEXT)
        )
        moments = {moment.video_id: moment.score for moment in reversed(found.moments if found else ())}
        seen = self._store.fulltext.search(words, MOST_HITS, video_ids=video_ids, channels=("object", "picture"))
        named = self._named(words, video_ids)
        most = [one for one, _ in hits.most_common(MOST_VIDEOS // 2)]
        chosen = list(dict.fromkeys([*named, *most, *reversed(moments), *(hit.video_id for hit in seen)]))
        topics = [self._topic(one, terms, moments.get(one, 0.0)) for one in chosen[:MOST_VIDEOS]]
        return sorted(
            (topic for topic in topics if topic.terms), key=lambda one: (-one.share, -one.worth, one.video_id)
        )

    def meant(self, phrase: str, found: Found | None = None, video_ids: Sequence[str] | None = None) -> Topic | None:
        """The one video that a phrase describes: it has all of the words and clearly more of them than any other; None
        if no video or several can be meant."""
        terms = self.terms(phrase)
        ranked = self.ranked(terms, found, video_ids)
        if not ranked or ranked[0].share < 1.0:
            return None
        if len(ranked) > 1 and ranked[1].share >= 1.0 and ranked[0].worth < AHEAD * ranked[1].worth:
            return None
        return ranked[0]

    def _named(self, words: str, video_ids: Sequence[str] | None) -> list[str]:
        """The video whose file has these words as its name."""
        for joined in dict.fromkeys((words, words.replace(" ", "-"), words.replace(" ", "_"))):
            try:
                return [self._store.catalog.resolve(joined, video_ids)]
            except UsageError:
                continue
        return []

    def _topic(self, video_id: str, terms: Sequence[Term], moment: float) -> Topic:
        lines = self._lines(video_id)
        stem = PurePosixPath(self._store.catalog.display_uri(video_id)).stem
        name = re.sub(r"[\W_]+", " ", stem)
        worth: dict[str, float] = {}
        for term in terms:
            gained = NAME if coverage([term], name) else 0.0
            screen = any(line.channel == "screen" and coverage([term], line.text) for line in lines)
            others = [line for line in lines if line.channel != "screen" and coverage([term], line.search_text)]
            gained += TITLE * screen + (LINE + 0.1 * min(10, len(others))) * bool(others)
            if gained:
                worth[term.text] = gained
        share = len(worth) / len(terms)
        return Topic(video_id, share, sum(worth.values()) + moment, frozenset(worth))

    def _lines(self, video_id: str) -> list[Evidence]:
        video = self._store.catalog.video(video_id)
        if video is None:
            return []
        whole = Span(0, max(1, video.duration), video.time_base)
        lines = self._store.catalog.evidence_during(video_id, whole, _READ, MOST_LINES)
        return [
            line
            for line in lines
            if not is_background(line) and (line.channel != "picture" or line.confidence >= LEAST_LABEL)
        ]
