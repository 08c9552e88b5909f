"""Lines of evidence for a question: which are looked at, and in what order.

The order is by likeness to the question (the text model), by the words that they share with it (rare ones count more),
by whether the question is about speech, text on screen or pictures, and by the moment that they lie in.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from agents.answering.orders import is_order, may_be_quoted
from agents.answering.text.asked import Asked, asked_of
from agents.answering.text.bilingual import chinese_for, english_in
from agents.answering.text.matching import Rarity, lexical_share, said_share
from agents.answering.text.readers import holds
from agents.answering.text.units import TEXT_CHANNELS, Box, RankedLine, Unit, unit_text, units_of
from agents.evidence import RECOGNISED, is_background
from agents.questions.question import Question
from agents.search.finder import Found, Moment
from agents.search.scoring import query_scales
from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.types import Vectors
from stores.core.records import Evidence, Span
from stores.library_store import LibraryStore
from stores.lines_at_hand import boxes_of, lines_around

MOST_HITS = 60
"""Lines taken by their words, and as many by their likeness. Ours."""

MOST_PLACES = 16
"""Places (a found moment or a line) around which lines are read. Ours."""

MOST_AROUND = 60
"""Lines read around one place on each channel group. Ours."""

AROUND_SECONDS = 12.0
"""How far before and behind a place lines are read: an answer stands in the sentence before or after. Ours."""

MOST_RANKED = 240
"""Units that are compared with the question: 15 ms each for a new text on one core. Ours."""

_One = TypeVar("_One")


_PRIOR: dict[str, dict[str, float]] = {
    "speech": {"speech": 1.0, "screen": 0.4, "script": 0.3, "caption": 0.1},
    "screen": {"screen": 1.0, "speech": 0.3, "script": 0.2, "caption": 0.2},
    "words": {"speech": 1.0, "screen": 1.0, "script": 0.4, "caption": 0.3},
    "picture": {"picture": 0.8, "object": 0.8, "caption": 1.0, "screen": 0.4, "speech": 0.4, "script": 0.4},
    "sound": {"speech": 0.4, "screen": 0.4, "caption": 0.8, "picture": 0.4, "object": 0.4, "script": 0.4},
}

LIKE, WORDS, PRIOR, MOMENT, KIND = 1.0, 1.0, 0.25, 0.25, 0.35
"""Weights of the five signs. Likeness and words are equals; a line that has the kind of thing asked for ("$49" for a
price) comes before one that repeats the question; the others break ties. Ours."""

CARRIED = 0.8
"""How much the words of the sentence before count for one with the kind of thing asked for. Ours."""

ASKS = 0.6
"""What a line that is a question itself loses: it resembles the question most, and answers nothing. Ours."""

LEAST_Z, FULL_Z = 2.0, 8.0
"""z of the likeness at which it begins to count, and at which it counts in full (`agents.search.scoring`)."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Lines to be ranked. ``boxes``: where text stands on screen, by evidence id."""

    lines: tuple[Evidence, ...]
    boxes: Mapping[str, Box]


def gather(
    question: Question,
    store: LibraryStore,
    encoders: Encoders,
    found: Found | None = None,
    video_ids: Sequence[str] | None = None,
) -> Gathered:
    """The lines that a question may be answered from: those with its words, those like it, and those around both and
    around the found moments. Their number is bounded, however long a video is.

    Raises:
        StoreError: as `stores.sql.database.reading`.
    """
    asked = asked_of(question)
    words = " ".join((question.text, *asked.phrases, *_translated(asked, encoders)))
    hits = [
        hit.evidence_id for hit in store.fulltext.search(words, MOST_HITS, video_ids=video_ids, channels=TEXT_CHANNELS)
    ]
    vector = encoders.text.encode_queries([question.text])[0]
    near = store.vectors.query(collections(encoders).text, vector, MOST_HITS, video_ids=video_ids)
    lines = store.catalog.evidence([*hits, *(hit.evidence_id for hit in near if hit.evidence_id)])
    places: dict[tuple[str, Span], None] = {}
    by_rank = [lines[one] for pair in _paired(hits, [hit.evidence_id for hit in near]) for one in pair if one in lines]
    moments = [(moment.video_id, moment.span) for moment in (found.moments if found else ())]
    for pair in _paired([(line.video_id, line.span) for line in by_rank], moments):
        for place in pair:
            if place is not None:
                places.setdefault(place)
    for video_id, span in list(places)[:MOST_PLACES]:
        wide = _widened(span)
        for channels in (("speech",), ("screen", "caption"), RECOGNISED):
            # One crowded channel must not push out another.
            for line in lines_around(store, video_id, wide, channels, MOST_AROUND):
                lines[line.evidence_id] = line
    quoted = may_be_quoted(question)
    kept = tuple(one for one in lines.values() if not is_background(one) and (quoted or not is_order(one)))
    read = [line.evidence_id for line in kept if line.channel == "screen"]
    return Gathered(kept, boxes_of(store, read))


def _translated(asked: Asked, encoders: Encoders) -> list[str]:
    """The question's words in the other language."""
    concepts = encoders.concepts
    english = [name for phrase in asked.phrases for *_, names in english_in(phrase, concepts) for name in sorted(names)]
    return english or [name for term in asked.focus for name in sorted(chinese_for(term.text, concepts))]


def _paired(ones: Sequence[_One], others: Sequence[_One]) -> list[tuple[_One | None, _One | None]]:
    longest = max(len(ones), len(others))
    return [(ones[n] if n < len(ones) else None, others[n] if n < len(others) else None) for n in range(longest)]


def _widened(span: Span) -> Span:
    more = round(AROUND_SECONDS / span.time_base)
    return Span(max(0, span.start - more), span.end + more, span.time_base)


def rank_lines(
    question: Question, gathered: Gathered, encoders: Encoders, moments: Sequence[Moment] = ()
) -> list[RankedLine]:
    """Everything that was gathered as units, best first, each with its neighbours in time."""
    asked = asked_of(question)
    units = units_of(gathered.lines, gathered.boxes)
    if not units:
        return []
    rarity = Rarity([unit.text for unit in units])
    shares = [share_of(question, asked, unit_text(unit), rarity) for unit in units]
    kinds = [holds(asked, unit) for unit in units]
    moment_scores = [_moment_score(unit, moments) for unit in units]
    rough = [shares[n] + KIND * kinds[n] + MOMENT * moment_scores[n] for n in range(len(units))]
    chosen = sorted(range(len(units)), key=lambda n: -rough[n])[:MOST_RANKED]
    likeness = _likeness(question, [units[n] for n in chosen], encoders)
    beside = _neighbours(units)
    prior = _PRIOR[question.source]
    ranked = []
    for n, z in zip(chosen, likeness, strict=True):
        unit = units[n]
        before, after = beside[n]
        if kinds[n] and before:
            # "This tent. Now only $49": what it is of is said just before.
            shares[n] = max(shares[n], CARRIED * share_of(question, asked, before[0].text, rarity))
        score = (
            LIKE * min(1.0, max(0.0, (z - LEAST_Z) / (FULL_Z - LEAST_Z)))
            + WORDS * shares[n]
            + PRIOR * prior.get(unit.channel, 0.0)
            + MOMENT * moment_scores[n]
            + KIND * kinds[n]
            - ASKS * unit.text.rstrip().endswith(("?", "？"))
        )
        ranked.append(RankedLine(unit, score, z, shares[n], before, after))
    return sorted(ranked, key=lambda line: (-line.score, line.unit.video_id, line.unit.span.start))


def share_of(question: Question, asked: Asked, text: str, rarity: Rarity) -> float:
    """The share of the question's words that a text says."""
    if asked.phrases:
        weights = [len(phrase) for phrase in asked.phrases]
        said = [said_share(phrase, text) for phrase in asked.phrases]
        return sum(w * s for w, s in zip(weights, said, strict=True)) / sum(weights)
    terms = asked.focus or question.terms
    return lexical_share(terms, text, rarity)


def _moment_score(unit: Unit, moments: Sequence[Moment]) -> float:
    return max(
        (m.score for m in moments if m.video_id == unit.video_id and any(s.overlap(m.span) for s in unit.spans)),
        default=0.0,
    )


def _neighbours(units: Sequence[Unit]) -> list[tuple[tuple[Unit, ...], tuple[Unit, ...]]]:
    """For each unit, up to three units of its channel before it and three behind it, within `AROUND_SECONDS`."""
    by_place: dict[tuple[str, str], list[int]] = defaultdict(list)
    for n, unit in enumerate(units):
        if unit.channel in ("speech", "screen"):
            by_place[unit.video_id, unit.channel].append(n)
    found: list[tuple[tuple[Unit, ...], tuple[Unit, ...]]] = [((), ())] * len(units)
    for places in by_place.values():
        places.sort(key=lambda n: (units[n].span.start, units[n].span.end))
        for at, n in enumerate(places):
            start, end = units[n].span.seconds
            before = [units[m] for m in reversed(places[max(0, at - 3) : at])]
            after = [units[m] for m in places[at + 1 : at + 4]]
            found[n] = (
                tuple(unit for unit in before if start - unit.span.seconds[1] <= AROUND_SECONDS),
                tuple(unit for unit in after if unit.span.seconds[0] - end <= AROUND_SECONDS),
            )
    return found


def _likeness(question: Question, units: Sequence[Unit], encoders: Encoders) -> list[float]:
    asked = encoders.text.encode_queries([question.text])
    (scale,) = query_scales(asked, encoders.concepts)
    vectors = _KEPT.passages(encoders, [unit.text for unit in units])
    return [scale.z(float(similarity)) for similarity in vectors @ asked[0]]


class _KeptVectors:
    """Vectors of lines that were asked before: a conversation comes back to the same ones."""

    MOST = 4096

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Encoders, OrderedDict[str, Vectors]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def passages(self, encoders: Encoders, texts: Sequence[str]) -> Vectors:
        with self._lock:
            kept = self._kept.setdefault(encoders, OrderedDict())
            known = {text: kept[text] for text in texts if text in kept}
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        if missing:
            made = dict(zip(missing, encoders.text.encode_passages(missing), strict=True))
            known |= made
            with self._lock:
                kept.update(made)
                while len(kept) > self.MOST:
                    kept.popitem(last=False)
        return np.stack([known[text] for text in texts])


_KEPT = _KeptVectors()
