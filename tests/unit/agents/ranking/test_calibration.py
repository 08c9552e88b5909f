from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.tagging.rank import CaseFacts, rank
from agents.tagging.rank.calibration import Calibration, calibrated
from agents.tagging.rank.prior import Prior, calibrated_prior
from agents.tagging.recall import Recalled
from tests.unit.agents.ranking.planted import loud_source

WORDS = [
    Recalled("t1", "honest", 0.5, ("e1",)),
    Recalled("t1", "loud", 0.9, ("e2",)),
    Recalled("t2", "loud", 0.9, ("e3",)),
]


def test_without_judgements_the_prior_is_the_noisy_or_of_the_sources() -> None:
    assert Prior().rank(CaseFacts("v"), WORDS) == rank(WORDS)
    assert [item.confidence for item in rank(WORDS)] == pytest.approx([0.95, 0.9])


def test_a_source_that_promises_too_much_is_believed_less_and_an_honest_one_is_left_alone() -> None:
    learned = calibrated(loud_source())
    assert learned.source("loud", 0.9) == pytest.approx(0.2, abs=0.08)
    for probability in (0.2, 0.5, 0.8):
        assert learned.source("honest", probability) == pytest.approx(probability, abs=0.1)
    assert learned.source("never heard of", 0.7) == 0.7


def test_few_judgements_change_little() -> None:
    """Three noes of ten are no proof against a source that says .9: chance alone does that in one case of fourteen."""
    few = loud_source(pairs=20)
    assert calibrated(few).source("honest", 0.5) == pytest.approx(0.5, abs=0.2)
    assert calibrated(few.some(np.zeros(20, np.bool_))) == Calibration()


def test_a_tag_that_is_always_wrong_loses_and_chance_is_not_learned() -> None:
    many = loud_source(pairs=2000)
    assert all(abs(offset) < 0.6 for offset in calibrated(many).tags.values()), "no tag is other than the others"
    wrong = replace(many, accepted=np.where(many.tag % 5 == 3, False, many.accepted))
    offsets = calibrated(wrong).tags
    assert max(offsets[tag] for at, tag in enumerate(wrong.tags) if at % 5 == 3) < -0.5
    assert min(offsets.get(tag, 0.0) for at, tag in enumerate(wrong.tags) if at % 5 != 3) > -0.3


def test_calibrated_pairs_are_those_that_are_ranked() -> None:
    """What is compared on judgements held out is what videos get."""
    lessons = loud_source()
    prior = calibrated_prior(lessons, dict.fromkeys(lessons.tags, "what"))
    said = prior.probabilities(lessons)
    for row in (0, 1, 7):
        words = [
            Recalled(lessons.tags[lessons.tag[row]], source, float(score), ("e",))
            for source, score in zip(lessons.sources, lessons.scores[row], strict=True)
            if score
        ]
        found = {item.tag_id: item.confidence for item in prior.rank(CaseFacts(""), words)}
        assert found[lessons.tags[lessons.tag[row]]] == pytest.approx(float(said[row]), abs=1e-9)
