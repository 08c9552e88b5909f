"""Many phrases looked for in a line at once, at a cost that does not grow with their number."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from agents.words import folded_characters, folded_phrases, folded_words

_PREFIX = 2  # characters; a shorter phrase is no phrase


class Names:
    """Which numbers each of very many names has; made of plain dictionaries, for nearly every name has one number."""

    def __init__(self) -> None:
        self._first: dict[str, int] = {}
        self._others: dict[str, list[int]] = {}

    def add(self, name: str, number: int) -> None:
        """One more number of a name."""
        if self._first.setdefault(name, number) != number:
            self._others.setdefault(name, []).append(number)

    def get(self, name: str) -> tuple[int, ...]:
        """The numbers of a name; none if there is no such name."""
        first = self._first.get(name)
        return () if first is None else (first, *self._others.get(name, ()))


class Phrases:
    """Which of many phrases a line says, each exactly where `agents.words.contains_phrase` says so.

    English phrases are found by their words, Chinese ones by their characters: from each place of the line only those
    lengths are tried that some phrase which begins like this has.

    Args:
        phrases: each with the number of what it stands for; phrases of one character are left out.
    """

    def __init__(self, phrases: Iterable[tuple[int, str]]) -> None:
        self._by_words, self._by_characters = Names(), Names()
        # First word, or characters, of phrases to their lengths, bit by bit.
        words_from: dict[str, int] = {}
        characters_from: dict[str, int] = {}
        kept = [(number, phrase) for number, phrase in phrases if len(phrase) >= _PREFIX]
        for (number, _), (chinese, key) in zip(kept, folded_phrases([phrase for _, phrase in kept]), strict=True):
            if chinese:
                self._by_characters.add(key, number)
                begin = key[:_PREFIX]
                characters_from[begin] = characters_from.get(begin, 0) | 1 << len(key)
            elif key:
                self._by_words.add(key, number)
                begin = key.partition(" ")[0]
                words_from[begin] = words_from.get(begin, 0) | 1 << key.count(" ") + 1
        self._words_from = {begin: _lengths(bits) for begin, bits in words_from.items()}
        self._characters_from = {begin: _lengths(bits) for begin, bits in characters_from.items()}

    def said_in(self, line: str) -> set[int]:
        """The numbers of the phrases that a line says."""
        found: set[int] = set()
        words = folded_words(line).split()
        for start, begin in enumerate(words):
            for count in self._words_from.get(begin, ()):
                if start + count <= len(words):
                    found.update(self._by_words.get(" ".join(words[start : start + count])))
        if self._characters_from:
            characters = folded_characters(line)
            for start in range(len(characters) - 1):
                for count in self._characters_from.get(characters[start : start + _PREFIX], ()):
                    found.update(self._by_characters.get(characters[start : start + count]))
        return found


@lru_cache(maxsize=4096)
def _lengths(bits: int) -> tuple[int, ...]:
    return tuple(length for length in range(bits.bit_length()) if bits >> length & 1)
