"""Text out of videos made safe for files that other programs read: it is data there, never markup or a formula."""

from __future__ import annotations

import re

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_SPACES = re.compile(r"\s+")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell must not begin with, full-width forms included.

Source: OWASP, CSV Injection, https://owasp.org/www-community/attacks/CSV_Injection.
"""
_QUOTED_FORMULA = re.compile(f"'+[{''.join(map(re.escape, _FORMULA))}]")
_TAG = re.compile(r"<(?=[a-zA-Z/!?])|\{(?=\\)|--(?=>)|:\d{1,2}(?=[.,]\d)")
"""Where markup, or the times of a cue, would begin in SubRip."""

JOINER = "\u2060"
"""WORD JOINER: invisible, and what stands before and after it is no tag any more."""

_CJK = "\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
_BROKEN_CJK = re.compile(f"(?<=[{_CJK}])\n(?=[{_CJK}])")


def one_line(text: str) -> str:
    """Text in one line, without control characters, lone surrogates and marks that change the direction of reading."""
    return _SPACES.sub(" ", _CONTROLS.sub(" ", text)).strip()


def unwrapped(text: str) -> str:
    """Text that was broken into lines, in one: lines of Chinese and Japanese are joined without a space."""
    return one_line(_BROKEN_CJK.sub("", text.strip().replace("\r\n", "\n")))


def xml_safe(text: str) -> str:
    """Text that XML 1.0 can carry, with its line breaks. Escaping is the work of who writes the XML."""
    return "\n".join(_CONTROLS.sub("", line.replace("\t", " ")).rstrip() for line in text.splitlines()).strip()


def cell(text: str) -> str:
    """Text for a cell of a CSV file: a spreadsheet never takes it for a formula.

    What would be one gets an apostrophe before it, as OWASP advises; `uncell` takes it off again.
    """
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) or _QUOTED_FORMULA.match(line) else line


def uncell(text: str) -> str:
    """What `cell` was given."""
    return text[1:] if _QUOTED_FORMULA.match(text) else text


def untagged(text: str) -> str:
    """Text for SubRip, which has no escapes: players take nothing in it for markup or for the times of a cue."""
    return _TAG.sub(lambda match: match[0] + JOINER, one_line(text))


def retagged(text: str) -> str:
    """What `untagged` was given."""
    return unwrapped(text.replace(JOINER, ""))


def escaped(text: str) -> str:
    """Text for the body of a WebVTT cue. Source: WebVTT, https://www.w3.org/TR/webvtt1/#cue-text."""
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
