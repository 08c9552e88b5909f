"""A language model may doubt; it may not accept."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.tagging.judging import FIRST_HAND, weigh
from agents.tagging.rank import ACCEPT, Ranked
from agents.tagging.recall import SOURCES, Recalled

PROBABLE = st.floats(0.0, 1.0)
WORDS = st.lists(st.tuples(st.sampled_from(sorted({*SOURCES, *FIRST_HAND})), PROBABLE), min_size=1, max_size=4)


def item(confidence: float, *words: tuple[str, float]) -> Ranked:
    return Ranked("t", confidence, tuple(Recalled("t", source, worth, ("e",)) for source, worth in words))


@given(PROBABLE, PROBABLE, WORDS, st.floats(0.3, 0.95))
def test_whatever_a_model_says_nothing_more_is_accepted(
    confidence: float, judged: float, words: list[tuple[str, float]], accept: float
) -> None:
    weighed = weigh(item(confidence, *words), judged, accept)
    assert 0.0 <= weighed <= 1.0
    assert weighed < accept or confidence >= accept
    assert weighed <= confidence or weighed <= max(worth for _, worth in words)


@given(PROBABLE, st.lists(st.tuples(st.sampled_from(["speech", "screen", "caption", "similar"]), PROBABLE)))
def test_what_others_write_lets_a_model_raise_nothing(confidence: float, words: list[tuple[str, float]]) -> None:
    assert weigh(item(confidence, *words), 1.0, ACCEPT) == confidence


def test_a_model_may_take_back_what_a_ranker_doubted_of_what_is_seen() -> None:
    """Look-alike videos moved a tag from .5 to .3: a model that is sure brings it back half way, but not beyond .5."""
    assert weigh(item(0.3, ("picture", 0.5)), 0.6, ACCEPT) == pytest.approx(0.45)
    assert weigh(item(0.3, ("places", 0.5)), 0.6, ACCEPT) == pytest.approx(0.45), "places are told by what is seen"
    assert weigh(item(0.3, ("picture", 0.5)), 1.0, ACCEPT) == pytest.approx(0.5)
    assert weigh(item(0.5, ("picture", 0.95)), 1.0, ACCEPT) < ACCEPT


def test_a_model_that_is_less_sure_lowers() -> None:
    assert weigh(item(0.9, ("picture", 0.9)), 0.1, ACCEPT) == pytest.approx(0.5)
