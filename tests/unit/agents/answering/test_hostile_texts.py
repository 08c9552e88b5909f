"""Texts made to keep a pattern busy: what is read and asked is written by anybody."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from agents.answering.drafting.things import thing_of
from agents.answering.text.asked import asked_of
from agents.answering.text.readers import amounts, clauses
from agents.answering.text.readers.clauses import _WEAK_REASONS
from agents.answering.text.support import MOST_SOUGHT, Rarity, wanted_of
from agents.llm.tool_calls import calls_in_text
from agents.questions.understanding import understand
from encoders.bundle import Encoders

LONGEST = 1.0


def _prices(text: str) -> None:
    for patterns in (amounts._PRICES, amounts._DURATIONS, amounts._MEASURES):
        for pattern in patterns:
            list(pattern.finditer(text))


def _reasons(text: str) -> None:
    for pattern in _WEAK_REASONS:
        list(clauses.readings(pattern, text))


def _fence(text: str) -> None:
    calls_in_text(text, [])


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (_prices, "-five" * 400),
        (_prices, "九" * 2000),
        (_prices, "one and " * 250),
        (_reasons, " " * 2000),
        (_reasons, "a" + " " * 2000),
        (_reasons, "a, " * 660),
        (_fence, "```" + " " * 50_000 + "x"),
    ],
)
def test_no_text_keeps_a_pattern_busy(read: Callable[[str], None], text: str) -> None:
    begun = time.process_time()
    read(text)
    assert time.process_time() - begun < LONGEST


def test_a_reason_is_read_as_before() -> None:
    found = [one.text for one in clauses.readings(_WEAK_REASONS[2], "It rained , so we left. It was late, hence dark.")]
    assert found == ["It rained", "we left. It was late"]


@pytest.mark.parametrize("text", ["A " * 990, "Aa Bb " * 330])
def test_a_thing_of_a_thousand_words_is_looked_up_in_parts(encoders: Encoders, text: str) -> None:
    begun = time.process_time()
    thing_of(text, encoders.concepts)
    assert time.process_time() - begun < LONGEST


def test_as_many_words_are_sought_as_a_question_has() -> None:
    asked = asked_of(understand("第" * 2000 + "是什么？"))
    assert len(wanted_of(asked, Rarity([]))) <= MOST_SOUGHT
