"""Whether a sentence is about something else than was asked: "The foil cost ninety euros" tells no price of a pump."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from agents.answering.text.asked import Asked
from agents.answering.text.kinds import GENERAL, KIND_WORDS
from agents.answering.text.readers.reading import Reading
from agents.words import FUNCTION_WORDS
from encoders.plurals import singular
from stores.core.text_keys import HAN, search_key

_REFERS = re.compile(
    r"\b(?:it|its|they|them|their|these|those|he|him|his|she|her|here|there)\b(?!\s+(?:is|are)\s+(?:a|an|no)\b)|"
    r"\b(?:this|that) (?=is\b|was\b|one\b|costs?\b|takes?\b|will\b|can\b|has\b)|\b(?:this|that)[.,]?$",
    re.I,
)
_SAYING = re.compile(
    r"\b(?:says?|said|told us|thinks?|announced|explains?|explained|claims?|knows?)\b(?: that)?\s+", re.I
)
_SUBJECT = re.compile(
    r"^\W*(?:(?:and|but|so|then|now|also|well|first|next|finally|lastly|today|yesterday|because|while|later|here)\b\W*)*"
    r"(?:the|an?|this|that|these|those|my|our|your|his|her|their|each|every)\s+(?P<noun>.+)$",
    re.I | re.S,
)
_STOPS = frozenset(
    "cost costs costing take takes took last lasts lasted weigh weighs weighed measure measures need needs needed "
    "begin begins began start starts started end ends ended open opens opened close closes closed leave leaves left "
    "arrive arrives arrived stand stands stood live lives lived make makes made come comes came go goes went get gets "
    "burn burns burned hold holds held sleep sleeps slept work works worked say says said sell sells sold stay stays "
    "run runs ran win wins won sit sits sat eat eats ate like likes love loves".split()
)
"""Verbs that end the subject before them, as far as grammar's words do not."""

_DEEDS = _STOPS | frozenset(
    "built build building make made finish finished complete completed found founded open opened close closed start "
    "started plan planned repair repaired old new planted invented discovered".split()
)

_CLASSES = frozenset(
    "thing item product model device machine one version set piece price whole total result answer reason only place "
    "day time rest name offer film video clip guy man woman boy girl person people lady animal".split()
)
"""Nouns that take up what was named before: "this model", "the man"."""

_CHINESE_SUBJECT = re.compile(
    f"[这那本该](?:[一两三几]?[座个只条台辆款部间家位栋幢张件种次场副双把棵头匹艘架杯盘道项本])(?P<noun>[{HAN}]{{1,6}})"
)
_CHINESE_CLASSES = re.compile("^(?:东西|产品|型号|机器|设备|地方|时候|人|价格|视频|问题|动物|课程|活动)")


class _Said(Protocol):
    @property
    def light(self) -> bool: ...

    @property
    def text(self) -> str: ...

    @property
    def phrase(self) -> str: ...

    def said_in(self, text: str) -> float: ...


def of_another(asked: Asked, wanted: Sequence[_Said], text: str, reading: Reading | None = None) -> bool:
    """Whether a sentence names a subject of its own and nothing that was asked about.

    Args:
        reading: the possible answer in it.
    """
    heavy = [one for one in wanted if not one.light]
    heavy = [one for one in heavy if not _is_deed(one)] or heavy
    if not heavy or any(one.said_in(text) for one in heavy):
        return False
    if re.search(f"[{HAN}]", text):
        noun = _CHINESE_SUBJECT.search(text)
        if noun is None or _CHINESE_CLASSES.search(noun["noun"]):
            return False
        key = search_key(asked.text)
        return not any(noun["noun"][at : at + 2] in key for at in range(max(1, len(noun["noun"]) - 1)))
    if _REFERS.search(text):
        return False
    if reading is not None and (label := _LABEL.search(text[: reading.start])):
        return bool(_own_words(label["label"], asked))
    before = text if reading is None else text[: reading.start]
    clause = _SAYING.split(before)[-1]
    subject = subject_of(clause, asked)
    return bool(subject) and not any(one.said_in(" ".join(subject)) for one in wanted)


_LABEL = re.compile(r"(?:^|/ |[,;] )(?P<label>[^/:：,;]{3,40})[:：]\s*$")
_OF_KIND = re.compile(
    r"ticket|entr(?:y|ance)|admission|total|full|regular|special|sale|adult|our|new|opening|business|available|order|"
    r"hotline|service|start|launch|release|delivery",
    re.I,
)
"""Words of labels that say nothing of what the value belongs to."""


def _own_words(label: str, asked: Asked) -> list[str]:
    """The words of a label that name what its value belongs to: "Course" in "Course fee"."""
    words = [singular(word) for word in re.findall(r"[^\W\d_]+", search_key(label))]
    kind = KIND_WORDS[asked.kind].split()
    kept = [word for word in words if word not in kind and word not in FUNCTION_WORDS and word not in GENERAL]
    return (
        [word for word in kept if word not in _CLASSES and not _OF_KIND.fullmatch(word)]
        if len(kept) < len(words)
        else []
    )


def _is_deed(one: _Said) -> bool:
    """Whether a word says what is done to many things: "built", 建."""
    return one.text in _DEEDS or len(one.phrase) == 1


def subject_of(clause: str, asked: Asked) -> tuple[str, ...]:
    """The content words of the noun that an English clause begins with, without those for the kind of thing asked."""
    found = _SUBJECT.match(clause)
    if found is None:
        return ()
    kind = KIND_WORDS[asked.kind].split()
    words = []
    for word in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", search_key(found["noun"]))[:4]:
        plain = re.split("['’]", word)[0]
        if plain in FUNCTION_WORDS or plain in _STOPS:
            break
        words.append(singular(plain))
    return tuple(word for word in words if word not in _CLASSES and word not in GENERAL and word not in kind)
