"""Whether a claim is about what was asked: the person, the video or the thing that the question names."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.checking.likeness import Likeness
from agents.answering.checking.verdict import Fault
from agents.answering.checking.wording import Token, base, chinese_left, has_chinese, same_word, tokens
from stores.core.records import Evidence
from stores.core.text_keys import search_key

_ATTRIBUTES = frozenset(
    "price cost name date number colour color title age size height length weight place time year day month "
    "reason speed "
    "temperature distance duration word first last best different main kind job role subject topic thing happen "
    "long much "
    "many often old tall big far high deep heavy vehicle animal food object item".split()
)
"""Words for what is asked of a thing: an answer gives them ("$49") rather than names them."""

_ASKED_COLOUR = re.compile(r"\bwhat colou?r|\bwhich colou?r|什么颜色|哪种颜色", re.I)
_CARD = re.compile(r"\b[A-Z][\w'’-]+(?:\s+[A-Z][\w'’.-]*)+")

NEAR_TOPIC = 0.3
"""Cosine of question and line below which, with no word in common, a line is about something else. Source: unrelated
pairs of words and sentences lie around 0.3 in the centred space (`likeness.NEAR_NOUN`)."""


def topic_fault(
    text: str,
    lines: Sequence[Evidence],
    question: str,
    near: str,
    video: str,
    likeness: Likeness,
) -> Fault | None:
    """What shows that a claim is about something else than asked; None if nothing does.

    Args:
        near: what is said, shown and read around the lines.
        video: all names that the videos of the lines are known to have: files, and text shown there.
    """
    known = f"{text}\n" + "\n".join(f"{line.text}\n{line.search_text}" for line in lines)
    asked = tokens(question)
    for name in (token for token in asked if token.name):
        if _names(name, known):
            continue
        others = [line for line in _cards(near) if not _names(name, line)]
        if others and not _names(name, near):
            return Fault("TOPIC", f"This is about {others[0]!r}, not about {name.text!r}.")
        if not _names(name, near) and not _names(name, video):
            return Fault("TOPIC", f"Nothing connects this with {name.text!r}.")
    if fault := _other_thing(text, lines, question, asked, likeness):
        return fault
    return _nothing_in_common(known, lines, question, asked, f"{near}\n{video}", likeness)


def _names(name: Token, text: str) -> bool:
    key = re.sub(r"[\W_]+", "", search_key(name.text.split("'")[0].split("’")[0]))
    return key in re.sub(r"[\W_]+", "", search_key(text))


def _cards(text: str) -> list[str]:
    return [hit.group() for line in text.split("\n") for hit in _CARD.finditer(line)]


def _other_thing(
    text: str, lines: Sequence[Evidence], question: str, asked: Sequence[Token], likeness: Likeness
) -> Fault | None:
    """A colour was asked of one thing and is given of another."""
    if not _ASKED_COLOUR.search(question):
        return None
    things = [token for token in asked if likeness.names(token.key)]
    known = f"{text}\n" + "\n".join(line.search_text for line in lines)
    words = [base(word) for word in re.findall(r"[^\W\d_]+", known)]
    claimed = [token for token in tokens(text) if likeness.names(token.key)]
    for thing in things:
        named = any(same_word(thing.key, word) for word in words)
        if claimed and not named and not any(likeness.names_alike(thing.key, token.key) for token in claimed):
            return Fault("TOPIC", f"This is about {claimed[0].text!r}, not about {thing.text!r}.")
    return None


def _nothing_in_common(
    known: str, lines: Sequence[Evidence], question: str, asked: Sequence[Token], around: str, likeness: Likeness
) -> Fault | None:
    everything = f"{known}\n{around}"
    if has_chinese(question) != has_chinese("".join(line.search_text for line in lines)):
        return None  # words of two languages cannot be compared
    if has_chinese(question):
        parts = chinese_left(question, everything)
        whole = "".join(chinese_left(question, ""))
        if len(whole) < 4 or len("".join(parts)) < len(whole):
            return None
        if any(likeness.means(part, [base(line.text)], 0.6) for part in parts for line in lines):
            return None
    else:
        topics = [token for token in asked if token.key not in _ATTRIBUTES]
        if not topics:
            return None
        words = [base(word) for word in re.findall(r"[^\W\d_]+", everything)]
        missing = [token for token in topics if not any(same_word(token.key, word) for word in words)]
        things = [token for token in missing if likeness.names(token.key) and not token.verb]
        things = [one for one in things if not any(likeness.belongs(one.key, line.text) for line in lines)]
        unknown = [token for token in things if not likeness.means(token.key, list(dict.fromkeys(words))[:60], 0.6)]
        if unknown and len(unknown) * 2 > len(topics):
            return Fault("TOPIC", f"Nothing connects this with {unknown[0].text!r}.")
        if len(missing) < len(topics) or not (unknown or len(topics) > 1):
            return None
    if likeness.close(question, [line.text for line in lines], NEAR_TOPIC):
        return None
    return Fault("TOPIC", "This has nothing to do with what was asked.")
