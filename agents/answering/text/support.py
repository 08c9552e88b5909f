"""Whether the surroundings of a possible answer are about what was asked."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agents.answering.text.asked import Asked
from agents.answering.text.bilingual import Concepts, chinese_for, english_in
from agents.answering.text.matching import Rarity, says, says_pair, says_phrase, words_of
from agents.answering.text.readers.reading import Reading
from agents.answering.text.units import RankedLine, Unit, unit_text
from agents.words import Term, content_terms
from stores.core.text_keys import HAN, search_key

NEAR, BESIDE, PAGE, TOGETHER, SEEN_THERE = 0.95, 0.85, 0.8, 0.72, 0.72
"""How much a word counts that is said not with the answer itself but in its sentence, in the sentence before, elsewhere
on the same screen, at the same time on the other channel, or that is seen there. Ours."""

ELSEWHERE = 0.35
"""How much a word counts that is said anywhere in the same video. Ours."""

OF_ANOTHER = 0.4
"""How much a word counts that stands nearer to another possible answer: the price of another thing. Ours."""

MAIN = 0.78
"""How much a word counts that the whole video is about, with an answer that has no subject of its own: "Price: $49".
Ours."""

FIRST_SECONDS = 8.0
"""What is on screen in the first seconds is what the video is about. Ours."""

LEAST_BESIDE = 0.55
"""Share of the other words that must be said where the answer itself says what is counted. Ours."""

LEAST_OF_PHRASE = 0.34
"""Share of a Chinese phrase that must be said. Ours."""

LIGHT = 0.35
"""Weight of a word that an answer often says in another way. Ours."""

_CLAUSE = re.compile(r"[,，;；、/\n|]|[.!?。！？](?:\s|$)|\b(?:and|but|while|whereas|or)\b|而|但|和")
_POINTS_BACK = re.compile(
    r"\b(?:it|its|it's|this|that|they|they're|these|those|he|she|him|her|his|their|here|there)\b|"
    r"[它这那他她]|^\W*(?:只要|仅|现在|一共|总共|只|都是|是)",
    re.I,
)


@dataclass(frozen=True, slots=True)
class SoughtWord:
    """A word (or, in Chinese, a character of a phrase) that an answer must be about.

    Attributes:
        term: None for Chinese.
        phrase: what it belongs to; a phrase of which nothing is said is not answered.
        strict: whether an answer must say it: names and numbers.
        also: words of the same meaning.
        light: whether an answer may leave it out, as long as there are others.
        foreign: what it is called in the other language.
    """

    text: str
    term: Term | None
    weight: float
    phrase: str = ""
    place: int = 0
    strict: bool = False
    also: frozenset[str] = frozenset()
    light: bool = False
    foreign: frozenset[str] = frozenset()

    def said_in(self, text: str) -> float:
        """How surely a text says it."""
        own = self._said_in(text)
        return own or float(any(self._named_in(text, name) for name in self.foreign))

    def _said_in(self, text: str) -> float:
        if self.term is not None:
            said = says(self.term, text)
            return said or (0.8 if self.also and not self.also.isdisjoint(words_of(text)) else 0.0)
        key = search_key(text)
        if len(self.phrase) == 1:
            return float(self.phrase in key)
        if says_phrase(self.phrase, key):
            return 1.0
        before, after = self.phrase[max(0, self.place - 1) : self.place + 1], self.phrase[self.place : self.place + 2]
        return float(any(len(pair) == 2 and says_pair(pair, key) for pair in (before, after)))

    def _named_in(self, text: str, name: str) -> bool:
        if self.term is not None:
            return name in search_key(text)
        return all(says(Term(word, False), text) >= 1.0 for word in name.split())


MOST_SOUGHT = 64
"""Words, or characters of phrases, that are looked for: each is in every line. Ours: no question has as many."""


def wanted_of(
    asked: Asked,
    rarity: Rarity,
    meanings: Mapping[str, frozenset[str]] | None = None,
    concepts: Concepts | None = None,
) -> tuple[SoughtWord, ...]:
    """The words that an answer must be about.

    Args:
        meanings: words of the same meaning, by word (`agents.answering.text.meanings`).
        concepts: names in both languages.
    """
    if asked.phrases:
        found = []
        for phrase in asked.phrases:
            if phrase.isascii():
                term = Term(phrase, False)
                found.append(SoughtWord(phrase, term, 1.0, strict=phrase in asked.numbers))
                continue
            each = 1.0 if len(phrase) < 3 else 0.8
            parts = english_in(phrase, concepts)
            names = {n: words for start, end, words in parts for n in range(start, end)}
            found += [
                SoughtWord(
                    character,
                    None,
                    each * 0.5,
                    phrase,
                    place,
                    light=_is_light(phrase, place),
                    foreign=names.get(place, frozenset()),
                )
                for place, character in enumerate(phrase)
            ]
        return tuple(found[:MOST_SOUGHT])
    return tuple(
        SoughtWord(
            term.text,
            term,
            LIGHT if term.text in asked.light else 0.6 + 0.4 * rarity.weight(term),
            strict=term.text in asked.proper or term.text in asked.numbers,
            also=(meanings or {}).get(term.text, frozenset()),
            light=term.text in asked.light,
            foreign=chinese_for(term.text, concepts),
        )
        for term in asked.focus[:MOST_SOUGHT]
    )


def _is_light(phrase: str, place: int) -> bool:
    """Whether a character is left of a verb before or behind the words of a phrase: 看到 of 看到大雁."""
    if phrase[place] not in _LIGHT_CHARACTERS or len(phrase) == 2:
        return False
    return _LIGHT_CHARACTERS.issuperset(phrase[: place + 1]) or _LIGHT_CHARACTERS.issuperset(phrase[place:])


_LIGHT_CHARACTERS = frozenset("能用卖去要做住姓看写说讲到没得过给会想个款部位次年月天时上下中里来出开")
"""Characters that are left of verbs and particles of a question. Ours."""


class Surroundings:
    """Everything that was gathered, by video: what is said and seen beside a line."""

    def __init__(self, ranked: Sequence[RankedLine]) -> None:
        self._by_video: dict[str, list[Unit]] = defaultdict(list)
        for line in ranked:
            self._by_video[line.unit.video_id].append(line.unit)
        self._texts = {
            video_id: "\n".join(unit_text(unit) for unit in units) for video_id, units in self._by_video.items()
        }
        self._main: dict[tuple[str, str, str], bool] = {}
        self.rarity = Rarity([unit_text(line.unit) for line in ranked])

    def text_of(self, video_id: str) -> str:
        """All that was gathered of a video."""
        return self._texts.get(video_id, "")

    def at_the_time_of(self, unit: Unit, channels: Sequence[str]) -> list[Unit]:
        """Other units on some channels at one of a unit's times."""
        return [
            other
            for other in self._by_video[unit.video_id]
            if other is not unit
            and other.channel in channels
            and any(one.overlap(two) for one in unit.spans for two in other.spans)
        ]

    def main(self, unit: Unit, one: SoughtWord) -> bool:
        """Whether a word is what the video is about around a unit: it is said, written or seen more than once, or
        stands on the first screens."""
        known = self._main.get((unit.video_id, one.phrase, one.text))
        if known is None:
            units = [other for other in self._by_video[unit.video_id] if one.said_in(unit_text(other))]
            first = any(other.channel == "screen" and other.span.seconds[0] < FIRST_SECONDS for other in units)
            times = _apart(units)
            known = self._main[unit.video_id, one.phrase, one.text] = first or times >= 2
        return known

    def video_says(self, video_id: str, terms: Iterable[Term]) -> float:
        """The share of words that anything in a video says, or that are seen there."""
        terms = tuple(terms)
        text = self.text_of(video_id)
        found = [says(term, text) for term in terms]
        return sum(found) / len(found) if found else 1.0


def _apart(units: Sequence[Unit]) -> int:
    """At how many times a word comes: what is said while it is written comes once."""
    count, until = 0, -1.0
    for start, end in sorted(span.seconds for unit in units for span in unit.spans):
        if start >= until:
            count += 1
        until = max(until, end)
    return count


_Scope = tuple[float, str, Unit | None]
"""How much a word counts that a text says, and the unit to be cited for it, if one of the same time."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a possible answer stands. ``others``: what else of the same kind stands in the line."""

    line: RankedLine
    reading: Reading | None = None
    others: Sequence[Reading] = ()


@dataclass(frozen=True, slots=True)
class Support:
    """How well a possible answer is supported.

    Attributes:
        share: of the wanted words, by weight and by how near they are said, in [0, 1].
        said: of the strict ones (names, numbers), whether all are said.
        context: units at the answer's own time, on the other channel or the same screen, that say what its own does
            not. What is said before or after tells what it is about, too, but a claim that does not quote it does not
            rest on it.
    """

    share: float
    said: bool
    context: tuple[Unit, ...] = ()


def support_of(
    place: Place, wanted: Sequence[SoughtWord], around: Surroundings, credit: float = 0.0, anywhere: float = ELSEWHERE
) -> Support:
    """The support of one reading in a line, or of the line as a whole.

    Args:
        credit: weight of what is asked for that the reading itself says ("two eggs").
        anywhere: how much a word counts that is said anywhere in the video.
    """
    line, reading, others = place.line, place.reading, place.others
    unit = line.unit
    if not wanted:
        return Support(1.0, True)
    scopes: list[_Scope] = []
    rivals = [other for other in others if other != reading and other.text != (reading.text if reading else "")]
    if reading is not None and rivals:
        scopes.append((1.0, segment(unit.text, reading, others), None))
        scopes.append((OF_ANOTHER, unit.text, None))
    else:
        scopes.append((1.0, unit.text, None))
    before = BESIDE if _points_back(unit, reading, wanted) else OF_ANOTHER
    for distance, other in enumerate(line.before[:3] if unit.channel == "speech" else ()):
        asks = other.text.rstrip().endswith(("?", "？"))
        scopes.append((NEAR if asks and not distance else before * 0.92**distance, other.text, None))
    scopes += [(OF_ANOTHER, other.text, None) for other in line.after[:1] if unit.channel == "speech"]
    single = not rivals
    factor = (PAGE if unit.channel == "screen" else TOGETHER) if single else OF_ANOTHER
    scopes += [(factor, other.text, other) for other in around.at_the_time_of(unit, ("screen",))]
    if unit.channel == "screen":
        factor = TOGETHER if single else OF_ANOTHER
        scopes += [(factor, other.text, other) for other in around.at_the_time_of(unit, ("speech",))]
    seen = around.at_the_time_of(unit, ("picture", "object", "caption"))
    scopes += [(SEEN_THERE, unit_text(other), None) for other in seen]
    elsewhere = around.text_of(unit.video_id)
    free = _points_back(unit, reading, wanted)
    heavy = bool(credit) or any(not one.light for one in wanted)
    total, got = float(credit), float(credit)
    said = True
    by_phrase: dict[str, list[float]] = defaultdict(list)
    context: dict[int, Unit] = {}
    for one in wanted:
        best, where = _nearest(one, scopes)
        far = max(anywhere, MAIN) if free and around.main(unit, one) else anywhere
        if best < far and one.said_in(elsewhere):
            best, where = far, None
        if one.light and heavy:
            continue
        total += one.weight
        got += one.weight * best
        said = said and (not one.strict or best >= OF_ANOTHER * 0.8)
        if one.phrase and len(one.phrase) > 1:
            by_phrase[one.phrase].append(best)
        if where is not None and best >= 0.5:
            context[id(where)] = where
    whole = all(sum(found) >= LEAST_OF_PHRASE * len(found) for found in by_phrase.values())
    if credit and total > credit:
        # "One hundred eggs" say what is counted, not whose they are.
        said = said and (got - credit) / (total - credit) >= LEAST_BESIDE
    return Support(got / total, said and whole, tuple(context.values()))


def _nearest(one: SoughtWord, scopes: Sequence[_Scope]) -> tuple[float, Unit | None]:
    """Where a word counts most, and how much."""
    best: float = 0.0
    where: Unit | None = None
    for factor, text, unit in scopes:
        worth = factor * one.said_in(text) if factor > best else 0.0
        if worth > best + 1e-9:
            best, where = worth, unit
    return best, where


def goes_back(unit: Unit) -> bool:
    """Whether a sentence goes on about what was said before: "It is …"."""
    return bool(_POINTS_BACK.search(unit.text[:24]))


def _points_back(unit: Unit, reading: Reading | None, wanted: Sequence[SoughtWord]) -> bool:
    """Whether a text has no subject of its own, so that it goes on about what was said before."""
    text, start = unit.text, 0
    if reading is not None and unit.channel == "screen":
        # Of several rows only the answer's.
        start = text.rfind(" / ", 0, reading.start) + 3 if " / " in text[: reading.start] else 0
        stop = text.find(" / ", reading.end)
        text = text[start : stop if stop >= 0 else len(text)]
    if _POINTS_BACK.search(text):
        return True
    if (
        reading is not None
        and unit.channel == "screen"
        and text[: reading.start - start].rstrip().endswith((":", "："))
    ):
        return True  # a value beside its label
    if reading is not None and unit.channel == "screen" and _is_short_row(text):
        return True
    rest = text if reading is None else f"{text[: reading.start - start]} {text[reading.end - start :]}"
    own = [
        term
        for term in content_terms(rest)
        if term.text not in _NO_SUBJECT and not any(one.said_in(term.text) for one in wanted)
    ]
    return len(own) <= 1 or text.lower().startswith(("because", "so ", "for ", "only", "just", "now"))


def _is_short_row(text: str) -> bool:
    """Whether a row of Chinese on screen is too short to have another subject than what the video is about."""
    row = text.strip()
    return len(row) <= LONGEST_ROW and bool(_HAN.match(row)) and not _OF_ONE.match(row)


_HAN = re.compile(f"[{HAN}]")
_OF_ONE = re.compile(r"第[一二三四五六七八九十\d]+|[这那每]")

LONGEST_ROW = 9
"""Characters of such a row. Ours."""

_NO_SUBJECT = frozenset("after before until till since during only just now already still from every today".split())


def segment(text: str, reading: Reading, others: Sequence[Reading]) -> str:
    """The part of a text that belongs to one of several readings: up to the boundaries between it and the next ones."""
    start, end = 0, len(text)
    for other in others:
        if other.end <= reading.start:
            cuts = [found.end() for found in _CLAUSE.finditer(text, other.end, reading.start)]
            start = max(start, cuts[0] if cuts else other.end)
        elif other.start >= reading.end:
            cuts = [found.start() for found in _CLAUSE.finditer(text, reading.end, other.start)]
            end = min(end, cuts[0] if cuts else other.start)
    return text[start:end]
