"""Whether an answer agrees with the annotated one: strictly, so that chance agreement does not count."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from agents.words import FUNCTION_WORDS
from encoders.plurals import singular

_HAN = "㐀-䶿一-鿿豈-﫿"
_RUN = re.compile(f"[{_HAN}]+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_ASIDE = re.compile(r"\([^()]*\)")
_NUMERAL = re.compile("[零〇一二两三四五六七八九十百千万]+")
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
} | {word: str(10 * tens) for tens, word in enumerate("thirty forty fifty sixty seventy eighty ninety".split(), 3)}
_NUMERALS = {"零": 0, "〇": 0, "两": 2} | {numeral: value for value, numeral in enumerate("一二三四五六七八九", 1)}
_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}


def says_strictly(answer: str, gold: str, accepted: Sequence[str] = ()) -> bool:
    """Whether an answer contains all of the gold answer, or all of one of its accepted variants.

    That is: every English content word (plurals folded), every number as a number, and of the Chinese characters
    a run of at least half of them. Text in brackets is optional.
    """
    return any(_says_all(answer, wanted) for variant in (gold, *accepted) for wanted in _readings(variant))


def _says_all(answer: str, wanted: str) -> bool:
    answer, wanted = _plain(answer), _plain(wanted)
    words, numbers, characters = _words(wanted), _numbers(wanted), _characters(wanted)
    if not (words or numbers or characters):
        return False
    said = _words(answer)
    # `singular` leaves what ends in -is or -us: taxis.
    forms = said | {f"{word}s" for word in said} | {word.removesuffix("s") for word in said}
    if not (words <= forms and numbers <= _numbers(answer)):
        return False
    return 2 * _longest_common_run(characters, _characters(answer)) >= len(characters)


def _readings(gold: str) -> tuple[str, ...]:
    gold = _plain(gold)
    short = _ASIDE.sub(" ", gold)
    return (gold, short) if short.strip() else (gold,)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _words(text: str) -> set[str]:
    found = {singular(word) for word in _WORD.findall(_RUN.sub(" ", text))}
    return found - FUNCTION_WORDS - _NUMBER_WORDS.keys()


def _numbers(text: str) -> set[str]:
    """Every number in digits, without the commas of thousands."""
    found = {number.replace(",", "") for number in _DIGITS.findall(text)}
    found |= {_NUMBER_WORDS[word] for word in _WORD.findall(_RUN.sub(" ", text)) if word in _NUMBER_WORDS}
    # A single 一 is as often part of a word (一起) as a number; so is 万.
    return found | {str(_value(numeral)) for numeral in _NUMERAL.findall(text) if numeral not in ("一", "千", "万")}


def _value(numeral: str) -> int:
    if not any(character in _POWERS for character in numeral):
        return int("".join(str(_NUMERALS[character]) for character in numeral))
    whole = section = digit = 0
    for character in numeral:
        power = _POWERS.get(character)
        if power is None:
            digit = _NUMERALS[character]
        elif power == 10_000:
            whole, section, digit = whole + (section + digit or 1) * power, 0, 0
        else:
            section, digit = section + (digit or 1) * power, 0
    return whole + section + digit


def _characters(text: str) -> str:
    return "".join(_RUN.findall(text))


def _longest_common_run(one: str, other: str) -> int:
    longest, above = 0, [0] * (len(other) + 1)
    for character in one:
        row = [0] + [
            before + 1 if character == there else 0 for (before, _), there in zip(pairwise(above), other, strict=True)
        ]
        longest, above = max(longest, *row), row
    return longest
