"""What is no question to a library: greetings, small talk, orders to the system, knowledge of the world, keystrokes.

Forms of words (``data/idle.toml``) decide what they can decide. The likeness to examples (`examples`) decides the rest,
and only of sentences: a few words are a search. What speaks of a definite thing is hardly idle.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from agents.questions.grammar import DATA, joined
from agents.questions.question import Idle
from agents.questions.wording import is_in_chinese
from agents.words import nothing_to_look_for

STOPPED = 0.5
"""Strength from which there is nothing to answer. Ours: the middle."""

_FORM = 0.75
"""Strength of a form of words that a library's question hardly has."""

LIKENESS = 0.4
"""How far likeness moves the strength of a form: by half of it up or down. Ours."""

CERTAIN = 0.86
"""Likeness to idle examples from which it stops a sentence without any form. Ours: above all questions to a library of
two lists of ours, but for those with a definite thing ("the filter"), which need `DEFINITE`."""

DEFINITE = 0.95
"""The same for a sentence that speaks of a definite thing, as one does of what is to be seen."""


@dataclass(frozen=True, slots=True)
class Idleness:
    """Why there is nothing to answer, and how likely that is, in [0, 1]. ``reason`` is "" below `STOPPED`."""

    reason: Idle
    strength: float


KEYSTROKES = Idleness("gibberish", 0.8)
"""Of random keystrokes (`keystrokes`): not certain, for a name that looks like it is found where the library has it."""


_ASKS = re.compile("之前|之后|以前|以后|的人|的时候|什么(?!都)|谁|哪|多少|几[^点]")
_CLOSING_MARKS = re.compile("[\\s？?。.！!]+$")


@cache
def _forms() -> dict[str, re.Pattern[str]]:
    table = tomllib.loads((DATA / "idle.toml").read_text(encoding="utf-8"))
    return {name: re.compile(joined(form), re.I) for name, form in table.items()}


def _form(name: str) -> re.Pattern[str]:
    return _forms()[name]


def idleness(asked: str, given: str = "", kinds: Mapping[str, float] | None = None) -> Idleness:
    """How likely it is that there is nothing to answer.

    Args:
        asked: the text without politeness (`wording`), contractions spelled out; Chinese in Simplified characters.
        given: the same with politeness, in which small talk can be recognised: "tell me something funny".
        kinds: the probability of each intent and idle reason (`examples.kinds_of`); None without an encoder.
    """
    if not any(character.isalnum() for character in asked):
        return Idleness("empty", 1.0) if nothing_to_look_for(asked) else Idleness("", 0.0)
    reason, strength = _by_form(asked)
    if not strength and given and given != asked:
        reason, strength = _by_form(given)
        strength = strength if reason in ("greeting", "command") else 0.0
    if not strength and nothing_to_look_for(asked) and not _form("points").search(asked):
        return Idleness("gibberish", 0.9)
    addressed = bool(_form("to_the_library").search(asked))
    if kinds and not addressed:
        reason, strength = _with_likeness(asked, reason, strength, kinds)
    if reason in ("world_knowledge", "greeting") and (
        _form("names_videos").search(asked) or (addressed and strength < 0.9)
    ):
        strength *= 0.5
    strength = min(0.95 if reason == "world_knowledge" else 1.0, max(0.0, strength))
    return Idleness(reason if strength >= STOPPED else "", strength)


def _by_form(asked: str) -> tuple[Idle, float]:
    chinese = is_in_chinese(asked)
    plain = _CLOSING_MARKS.sub("", asked) if chinese else asked
    if (_form("small_talk_in_chinese") if chinese else _form("small_talk")).search(plain):
        return "greeting", 0.9
    orders = (_form("orders_in_chinese"),) if chinese else (_form("orders"), _form("changes_videos"), _form("writes"))
    if any(form.search(plain) for form in orders) and not (chinese and _ASKS.search(plain)):
        return "command", 0.9
    if _form("maths").search(plain):
        return "world_knowledge", 0.9
    if (_form("own_day_in_chinese") if chinese else _form("own_day")).search(plain):
        return "world_knowledge", 0.9
    if (_form("encyclopaedic_in_chinese") if chinese else _form("encyclopaedic")).search(plain):
        return "world_knowledge", _FORM
    return "", 0.0


def _with_likeness(asked: str, reason: Idle, strength: float, kinds: Mapping[str, float]) -> tuple[Idle, float]:
    """Likeness moves what forms found a little; what they did not find it stops only where it is all but certain, and
    only a sentence: a few words are a search."""
    likely = {name: kinds.get(name, 0.0) for name in _AS_REASON}
    total = sum(likely.values())
    if strength:
        moved = strength + LIKENESS * (total - 0.5) if reason == "world_knowledge" else strength
        return reason, moved
    closest = max(likely, key=likely.__getitem__)
    whole = bool((_form("sentence_in_chinese") if is_in_chinese(asked) else _form("sentence")).search(asked))
    if not whole:
        return _AS_REASON[closest], 0.3 * total
    least = DEFINITE if _form("definite").search(asked) else CERTAIN
    return _AS_REASON[closest], 0.6 * total if total > least else 0.45 * total


_AS_REASON: dict[str, Idle] = {"greeting": "greeting", "world_knowledge": "world_knowledge", "command": "command"}
