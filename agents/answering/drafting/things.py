"""Things that a question names, and the lines that show them.

"Red cars" is a head, "car", with a colour. A line shows it if it is recognised as a car, by name, as a broader noun or
in Chinese, and, where its colour was measured, if that is red. People are recognised as people only: neither age nor
sex nor profession is known from pictures.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.evidence import is_background
from agents.words import Term, content_terms, coverage
from encoders.concepts import BROADER, ConceptSpace
from stores.core.records import Channel, Evidence
from stores.core.text_keys import search_key

LEAST_OBJECT = 0.3
"""Confidence of a tracked object to be counted or timed; the tracker keeps nothing below it. Ours."""

LEAST_LABEL = 0.15
"""Confidence of a label or a caption to be named."""

MOST_ALIASES = 6
"""Names of a thing that are words for it in another language; one with more is a broad noun ("animal")."""

PICTURED: tuple[Channel, ...] = ("object", "picture", "caption")

COLOURS = {
    "red": "红",
    "orange": "橙",
    "yellow": "黄",
    "green": "绿",
    "blue": "蓝",
    "purple": "紫",
    "pink": "粉",
    "brown": "棕",
    "black": "黑",
    "white": "白",
    "grey": "灰",
}
"""Names of colours as the tracker writes them (`pipeline.derive.tracklets`), and the character each has in Chinese."""

_COLOUR_WORDS = {name: name for name in COLOURS} | {"gray": "grey", "violet": "purple"}
_CHINESE_COLOURS = {character: name for name, character in COLOURS.items()} | {"褐": "brown", "咖啡": "brown"}
_CHINESE_COLOUR = re.compile(f"({'|'.join(_CHINESE_COLOURS)})色?的?")

_NUMBERS = {
    word: value
    for words in ("one two three four five six seven eight nine ten", "一 二 三 四 五 六 七 八 九 十")
    for value, word in enumerate(words.split(), 1)
} | {"两": 2, "both": 2}
_COUNTED = re.compile(
    r"^(?:the |those |these )?(?:(?P<nth>first|second|third|last|next)\b\s*|"
    rf"(?P<ordinal>第)?(?P<number>{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})(?:\b\s*|(?=[^a-z]))|"
    r"(?P<digits>\d+)\s*)"
    "(?:[个只条匹头辆架艘位张把座台件名群])?"
)

_PEOPLE = re.compile(
    r"\b(?:person|people|persons|man|men|woman|women|boy|boys|girl|girls|guy|guys|lady|ladies|child|children|kid|kids|"
    r"baby|babies|toddler|someone|somebody|anyone|anybody|presenter|speaker|host|player|players|worker|workers|chef|"
    r"cook|driver|dancer|singer|actor|actress|customer|customers|teacher|student|students|pedestrian|pedestrians|he|she|"
    r"they|him|her)\b|人|男|女|孩|宝宝|婴儿|他|她|谁|主持|司机|厨师|老师|学生|演员|歌手",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What is looked for in pictures.

    Attributes:
        text: as in the question.
        terms: the content words of its head.
        colours: as the tracker names them.
        person: whether it is a person, of whatever description.
        names: English names of the concepts it names, the models' own words.
        count: how many of it there are said to be; 0 if that is not said.
        translations: what it is called in Chinese, where the question is not; its heads, too ("手表" of "数字手表").
    """

    text: str
    terms: tuple[Term, ...]
    colours: tuple[str, ...] = ()
    person: bool = False
    names: frozenset[str] = frozenset()
    count: int = 0
    translations: frozenset[str] = frozenset()

    @property
    def recognisable(self) -> bool:
        """Whether the models know it at all."""
        return self.person or bool(self.names)

    def said_by(self, text: str) -> bool:
        """Whether a text has its words, in either language."""
        if self.terms and coverage(self.terms, text) >= 1.0:
            return True
        if self.person or len(self.names) > MOST_ALIASES:
            return False
        if self.translations:
            return any(name in text for name in self.translations)
        chinese = any(term.cjk for term in self.terms)
        return chinese and any(coverage(content_terms(name), text) >= 1.0 for name in self.names)

    def shown_by(self, line: Evidence) -> bool:
        """Whether a line of the pictures is about this thing and, as far as was measured, of its colour."""
        if is_background(line) or line.channel not in PICTURED:
            return False
        if self.person and line.channel == "object":
            alike = line.text == "person"
        else:
            alike = line.text.casefold() in self.names or coverage(self.terms, line.search_text) >= 1.0
        if not alike or not self.colours or line.channel == "picture":
            return alike and not (self.colours and line.channel == "picture")
        return bool(set(self.colours) & set(colours_of(line)))


EVERYDAY = {
    "fridge": "refrigerator",
    "phone": "cell phone",
    "smartphone": "cell phone",
    "plane": "airplane",
    "aeroplane": "airplane",
    "tv": "television",
    "telly": "television",
    "bike": "bicycle",
    "motorbike": "motorcycle",
    "cab": "taxi",
    "puppy": "dog",
    "doggy": "dog",
    "kitten": "cat",
    "kitty": "cat",
    "lorry": "truck",
    "sofa": "couch",
    "specs": "glasses",
    "pc": "computer",
    "notebook computer": "laptop",
}
"""What people call things, and what the models call them, where the concept table knows only the latter."""

_EVERYDAY = re.compile(rf"\b({'|'.join(sorted(EVERYDAY, key=len, reverse=True))})s?\b")


def thing_of(text: str, concepts: ConceptSpace) -> Thing:
    """A noun phrase of a question ("the red cars", "红色的车"), for looking in pictures."""
    key = _EVERYDAY.sub(lambda found: EVERYDAY[found[1]], search_key(text))
    colours = [_COLOUR_WORDS[word] for word in re.findall("[a-z]+", key) if word in _COLOUR_WORDS]
    colours += [_CHINESE_COLOURS[found[1]] for found in _CHINESE_COLOUR.finditer(key)]
    plain, count = _uncounted(_CHINESE_COLOUR.sub("", key))
    plain = " ".join(word for word in plain.split() if word not in _COLOUR_WORDS) or key
    named, form = _named(plain, concepts)
    terms = content_terms(form, concepts.vocabulary)
    alike = _translations(form, concepts) if form.isascii() and len(named) <= MOST_ALIASES else frozenset()
    return Thing(text, terms, tuple(dict.fromkeys(colours)), bool(_PEOPLE.search(key)), named, count, alike)


def _translations(form: str, concepts: ConceptSpace) -> frozenset[str]:
    names = {
        name
        for one, strength in concepts.matching(form).items()
        if strength >= BROADER
        for name in concepts.get(one).zh
        if len(name) >= 2
    }
    return frozenset(names | {name[-2:] for name in names if len(name) >= 4})


def _uncounted(text: str) -> tuple[str, int]:
    """A phrase without the number before it, and that number, 0 for none: "three cars"; "第一辆车" has none."""
    found = _COUNTED.match(text)
    if not found:
        return text, 0
    number = found["number"] or found["digits"] or ""
    ordinal = found["ordinal"] or found["nth"]
    return text[found.end() :], 0 if ordinal else _NUMBERS.get(number, int(number) if number.isdigit() else 0)


MOST_WORDS = 8
"""Words of a name that is looked for in a longer phrase: a thousand words have half a million parts. Ours."""


def _named(plain: str, concepts: ConceptSpace) -> tuple[frozenset[str], str]:
    """The concepts that a phrase names, and the part of it that does: all of it, else its longest part of words that
    does, the last one first ("large appliance"); the phrase itself if none does."""
    words = plain.split()
    ends = [
        (start, stop)
        for start in range(len(words))
        for stop in range(start + 1, min(start + MOST_WORDS, len(words)) + 1)
    ]
    for start, stop in sorted(ends, key=lambda one: (one[0] - one[1], -one[1])):
        form = " ".join(words[start:stop])
        found = concepts.matching(form)
        if surely := {concepts.get(one).name.casefold() for one, strength in found.items() if strength >= BROADER}:
            return frozenset(surely), form
    for term in content_terms(plain, concepts.vocabulary):
        found = concepts.matching(term.text)
        if surely := {concepts.get(one).name.casefold() for one, strength in found.items() if strength >= BROADER}:
            return frozenset(surely), term.text
    return frozenset(), plain


def colours_of(line: Evidence) -> tuple[str, ...]:
    """The colours that were measured of a tracked object, the largest first."""
    if line.channel != "object":
        words = re.findall("[a-z]+", line.text.lower())
        return tuple(dict.fromkeys(_COLOUR_WORDS[word] for word in words if word in _COLOUR_WORDS))
    parts = [part.strip() for part in line.search_text.split(";")]
    for part in reversed(parts[1:]):
        named = [name.strip() for name in part.split(",")]
        if named and all(name in COLOURS for name in named):
            return tuple(named)
    return ()


def named(line: Evidence, chinese: bool, asked: str = "") -> str:
    """What a line calls its thing, in the question's language where that is known.

    Args:
        asked: the question; of several names in Chinese, one that it has is taken.
    """
    if not chinese:
        return line.text
    names = [part.strip() for part in line.search_text.split(";") if not part.strip().isascii()]
    return max((name for name in names if name in asked), key=len, default=names[0] if names else line.text)


def counted_by(line: Evidence) -> str:
    """The Chinese measure word for what a line shows."""
    words = set(re.findall("[a-z]+", line.search_text.lower()))
    if {"animal", "bird", "cat", "dog"} & words:
        return "只"
    return "辆" if "vehicle" in words and not {"aircraft", "ship", "boat", "airplane", "train"} & words else "个"


def at_once(lines: Sequence[Evidence]) -> list[Evidence]:
    """Those of some tracked objects that are seen at one time, of the time with most of them; the earliest of these."""
    best: list[Evidence] = []
    for line in sorted(lines, key=lambda one: one.span.start):
        there = [one for one in lines if one.span.start <= line.span.start < one.span.end]
        if len(there) > len(best):
            best = there
    return best


def so_many(lines: Sequence[Evidence], count: int) -> list[Evidence]:
    """The first lines of which exactly so many are seen at one time; none if that never happens."""
    for line in sorted(lines, key=lambda one: one.span.start):
        there = [one for one in lines if one.span.start <= line.span.start < one.span.end]
        if len(there) == count:
            return there
    return []


def confident(lines: Iterable[Evidence]) -> list[Evidence]:
    """The lines that are certain enough to be named."""
    return [line for line in lines if line.confidence >= (LEAST_OBJECT if line.channel == "object" else LEAST_LABEL)]
