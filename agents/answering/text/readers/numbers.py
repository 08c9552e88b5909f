"""Numbers as they are written or said: "1,200", "twenty five", "两百五十"."""

from __future__ import annotations

import re

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen".split()
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = {word: n for n, word in enumerate(_UNITS)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_CHINESE = {character: n for n, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "幺": 1}
_CHINESE_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}

_WORD = "|".join((*_UNITS, *_TENS, *_POWERS))
DIGITS = r"(?<![\d.,])\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?(?!\d)|(?<![\d.,])\d+(?:\.\d+)?(?!\d)"
SAID = (
    rf"\b(?:a (?=hundred|thousand|million|dozen|half)|half a )?(?:{_WORD}|dozen)(?:(?:[ -]| and )(?:{_WORD})){{0,12}}\b"
)
"""At most as many words as a number up to billions has: longer runs cost more than a second in some patterns."""
CHINESE = "[零〇一二两三四五六七八九十百千万亿]{1,20}半?|半(?=[个小天年公])"
NUMBER = rf"(?:{DIGITS}|{SAID}|{CHINESE})"
"""A number in any of these forms, for a pattern."""


def value(text: str) -> float | None:
    """The value of a number in any form; None if it is none."""
    plain = text.strip().lower().replace(",", "").replace("，", "")
    try:
        return float(plain)
    except ValueError:
        pass
    words = [word for word in re.split(r"[\s-]+", plain) if word and word not in ("a", "and")]
    if words and all(word in _VALUES or word in _POWERS or word in ("dozen", "half") for word in words):
        return _said(words)
    if plain and all(c in _CHINESE or c in _CHINESE_POWERS or c == "半" for c in plain):
        return _in_chinese(plain)
    return None


def _said(words: list[str]) -> float:
    total, section = 0.0, 0.0
    for word in words:
        if word == "dozen":
            section = (section or 1) * 12
        elif word == "half":
            section = 0.5
        elif word == "hundred":
            section = (section or 1) * 100
        elif word in _POWERS:
            total, section = total + (section or 1) * _POWERS[word], 0.0
        elif section and section >= 10 and _VALUES[word] >= 10 and section % 100:
            section = section * 100 + _VALUES[word]  # "nineteen eighty", "twenty twenty six"
        else:
            section += _VALUES[word]
    return total + section


def _in_chinese(text: str) -> float:
    half = 0.5 if text.endswith("半") else 0.0
    text = text.removesuffix("半")
    if text and not any(character in _CHINESE_POWERS for character in text):
        return float("".join(str(_CHINESE[character]) for character in text)) + half
    whole = section = digit = 0
    for character in text:
        power = _CHINESE_POWERS.get(character)
        if power is None:
            digit = _CHINESE[character]
        elif power >= 10_000:
            whole, section, digit = whole + (section + digit or 1) * power, 0, 0
        else:
            section, digit = section + (digit or 1) * power, 0
    return whole + section + digit + half


_ANY = re.compile(NUMBER, re.I)


def values_in(text: str) -> frozenset[float]:
    """The values of all numbers in a text."""
    return frozenset(v for found in _ANY.findall(text) if (v := value(found)) is not None)
