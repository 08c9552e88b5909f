"""Names of people in a description that nothing vouches for: a model may name only those that it was shown, or that are
named in the clip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import partial

from agents.answering.text.readers.names import people
from agents.words import FUNCTION_WORDS
from stores.core.text_keys import HAN, search_key

SURE = 0.6
"""How sure `people` must be that something is a name; it takes every word in capitals for one at .6."""

SURE_IN_CHINESE = 0.8
"""The same in Chinese, where a common surname alone is no sign of a name."""

MISHEARD = 0.75
"""Likeness of a word that was heard to a word of a name from outside, above which they are the same name. Source: our
choice: one letter in four may differ, as speech recognition spells what it has never seen written."""

LONGEST_IN_CHINESE = 6
"""Characters of a name in Chinese: a foreign one spelled out may have six."""

_SOMEBODY = frozenset(
    "man men woman women boy boys girl girls child children person people lady gentleman guy baby player speaker "
    "worker presenter narrator reporter unknown none nobody somebody someone he she they".split()
)
_SOMEBODY_IN_CHINESE = re.compile("[人男女孩]|一个|一位|先生$|女士$|未知|没有")
_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^a-z])|(?<=[。！？])\s*")
# Things and places have an article or stand after "in"; people do not. What is written on something is no person.
_NOBODY_AFTER = re.compile(
    r"\b(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Ii]ts|[Tt]heir|[Tt]his|[Tt]hat|[Ss]ome|[Ii]n|[Aa]t|of|says|reads|labell?ed|"
    r"marked|wearing|speaks|speaking)\s+(?:[A-Z]\w*\s+)?$"
)
_NOBODY = frozenset(
    "mount mountain lake river street road avenue square bridge tower park city town hall house church station airport "
    "bay beach island ocean sea university school museum hotel restaurant cup league games day eve festival award "
    "christmas easter halloween ramadan diwali lego internet bluetooth wifi".split()
)
_AFTER_A_NAME = FUNCTION_WORDS | frozenset(
    "near beside behind next opposite alone together inside outside again towards toward".split()
)
_VERB_LIKE = re.compile(r"(?:ing|ed|s)$")


@dataclass(frozen=True, slots=True)
class Known:
    """Who may be named.

    Attributes:
        portraits: names of the portraits that were shown.
        words: what was heard and read in the clip.
        about: what is known about the video from outside; it only corrects how a name that was heard is spelled.
    """

    portraits: Sequence[str] = ()
    words: Sequence[str] = ()
    about: str = ""

    def allows(self, name: str) -> bool:
        """Whether a name may be used."""
        key = search_key(name)
        if _HAN.search(name):
            return any(key in search_key(one) for one in (*self.portraits, *self.words))
        parts = _parts(name)
        if any(set(parts) <= set(_parts(one)) for one in self.portraits):
            return True
        # A name may go on in the next line on screen, but a first name and another's surname make no name.
        spoken = [part for line in self.words for part in _parts(line)]
        from_outside = set(_parts(self.about))
        orders = (parts, parts[::-1]) if len(parts) == 2 else (parts,)
        return any(
            all(map(partial(_same, from_outside), order, spoken[start : start + len(order)]))
            for order in orders
            for start in range(len(spoken) - len(order) + 1)
        )


def unknown_names(text: str, known: Known, claimed: Iterable[str] = ()) -> tuple[str, ...]:
    """The names of people in a text that are not known, in their order.

    Args:
        claimed: further words of it that its author says are names of people.
    """
    found = [one.text for one in people(text) if _is_name(text, one.text, one.start, one.end, one.strength)]
    found += [" ".join(name.split()) for name in claimed if _may_be_name(name) and _occurs(name, text)]
    return tuple(name for name in dict.fromkeys(found) if not known.allows(name))


def without_names(text: str, names: Sequence[str]) -> str:
    """A text without the sentences that hold one of some names."""
    sentences = [one for one in _SENTENCE.split(text) if one.strip()]
    kept = [one for one in sentences if not any(_occurs(name, one) for name in names)]
    return ("" if _HAN.search(text) else " ").join(one.strip() for one in kept)


def _is_name(text: str, name: str, start: int, end: int, strength: float) -> bool:
    if _HAN.search(name):
        return strength >= SURE_IN_CHINESE
    if strength < SURE or not name[0].isupper():
        return False
    if not _NOBODY.isdisjoint(_parts(name)) or (strength < 1 and _NOBODY_AFTER.search(text[:start])):
        return False
    if " " in name:
        return True
    if name.isupper():
        return False  # "TV", "BMW"
    after = re.match(r"\s+([a-z][\w-]*)", text[end:])
    # "Christmas tree", "German flag": an adjective.
    return after is None or after[1] in _AFTER_A_NAME or bool(_VERB_LIKE.search(after[1]))


def _may_be_name(claimed: str) -> bool:
    """Whether what a model lists as a name can be one: models list "the man" and 一个女孩, too."""
    if _HAN.search(claimed):
        return len(claimed.strip()) <= LONGEST_IN_CHINESE and not _SOMEBODY_IN_CHINESE.search(claimed)
    words = [word for word in _WORD.findall(claimed) if search_key(word) not in FUNCTION_WORDS | _SOMEBODY]
    return any(word[0].isupper() for word in words)


def _occurs(name: str, text: str) -> bool:
    if not name.strip():
        return False
    if _HAN.search(name):
        return search_key(name) in search_key(text)
    return bool(re.search(rf"(?<!\w){re.escape(' '.join(name.split()))}(?!\w)", " ".join(text.split())))


def _parts(text: str) -> list[str]:
    """The words of a name or a line, without titles and possessives."""
    plain = re.sub(r"['’]s\b", "", text)
    return [key for word in _WORD.findall(plain) if (key := search_key(word)) not in _TITLES]


_TITLES = frozenset("mr mrs ms dr prof professor sir doctor captain chef coach".split())


def _same(from_outside: Set[str], part: str, other: str) -> bool:
    """Whether a part of a name is what was transcribed, or how somebody outside spells what was transcribed."""
    return part == other or (part in from_outside and SequenceMatcher(None, part, other).ratio() >= MISHEARD)
