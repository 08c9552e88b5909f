"""Telephone numbers, e-mail addresses and links in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.answering.text.readers.reading import Reading, readings

_PHONE = re.compile(r"(?<![\w.,$€£¥+])\+?\(?\d[\d\s().\-–—/]{4,20}\d(?![\w%])")
_NOT_PHONE = re.compile(
    r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}$|^\d{1,2}[./]\d{1,2}[./]\d{2,4}$|^(?:1[89]|"
    r"20)\d\d\s?[-–—]\s?(?:1[89]|20)\d\d$|^\d+\.\d+$"
)
_DIGIT = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|double)"
_SPOKEN = (re.compile(rf"\b{_DIGIT}(?:[\s,-]+{_DIGIT}){{5,}}\b", re.I), re.compile("[零〇幺一二三四五六七八九]{7,}"))
_SHORT = re.compile(
    r"\b(?:call|dial|ring|phone|tel|hotline|emergency(?: number)?)\b\W{0,3}(?:us (?:at|on) |on |"
    r"at |is )?(?P<a>\d{3,6})\b|(?:拨打|热线|电话)(?:是|为)?\W?(?P<b>\d{3,6})",
    re.I,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_SPOKEN_EMAIL = re.compile(r"\b[\w.]+ at [\w-]+(?: dot |\.)(?:com|org|net|edu|gov|io|co|info|de|uk|cn)\b", re.I)
_TLD = (
    r"(?:com|org|net|edu|gov|io|co|info|biz|app|dev|shop|store|online|site|tv|me|ai|eu|uk|de|fr|"
    r"nl|es|it|ch|at|se|no|dk|fi|pl|ru|jp|cn|in|us|ca|au|br|kr|tw|hk|sg|example|test)"
)
_LINK = re.compile(
    rf"(?:https?://[^\s，。]+|\bwww\.[\w-]+(?:\.[\w-]+)+(?:/[^\s，。,]*)?|"
    rf"\b[a-z0-9-]{{4,}}\.[a-z]{{2}}\b(?!\.)|"
    rf"(?<![@\w.-])(?:www\.)?(?:[a-z0-9][a-z0-9-]*\.)+{_TLD}\b(?:/[^\s，。,]*)?)(?!@)",
    re.I,
)
_SPOKEN_LINK = re.compile(
    r"\b(?:(?:www|w w w) dot )?[\w-]+(?: [\w-]+)?? dot (?:com|org|net|edu|gov|io|info|tv|co|shop|de|uk|cn)\b", re.I
)


def phones(text: str) -> Iterator[Reading]:
    """Telephone numbers, also as they are dictated."""
    for found in readings(_PHONE, text):
        digits = sum(character.isdigit() for character in found.text)
        # Six digits without a gap are rather an amount.
        if (digits >= 7 or (digits == 6 and not found.text.isdigit())) and not _NOT_PHONE.match(found.text):
            yield found
    for pattern in _SPOKEN:
        yield from readings(pattern, text)
    for short in _SHORT.finditer(text):
        group = "a" if short["a"] else "b"
        yield Reading(short[group], short.start(group), short.end(group), 0.8)


def emails(text: str) -> Iterator[Reading]:
    """E-mail addresses."""
    yield from readings(_EMAIL, text)
    yield from readings(_SPOKEN_EMAIL, text, 0.7)


def links(text: str) -> Iterator[Reading]:
    """Addresses of web sites."""
    yield from readings(_LINK, text)
    yield from readings(_SPOKEN_LINK, text, 0.8)
