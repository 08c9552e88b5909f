from __future__ import annotations

import pytest

from agents.tagging.rank import ACCEPT, decide, rank
from agents.tagging.recall import Recalled


def test_sources_that_agree_raise_confidence() -> None:
    (one,) = rank([Recalled("t1", "picture", 0.5, ("e1",))])
    (both,) = rank([Recalled("t1", "picture", 0.5, ("e1",)), Recalled("t1", "speech", 0.5, ("e2",))])
    assert one.confidence == pytest.approx(0.5)
    assert both.confidence == pytest.approx(0.75)


def test_decisions_keep_their_evidence_and_sources_best_first() -> None:
    ranked = rank([Recalled("t1", "speech", 0.3, ("e2",)), Recalled("t1", "picture", 0.9, ("e1", "e2"))])
    (decision,) = decide("vid", ranked)
    assert decision.decision == "accepted"
    assert decision.recalled_by == ("picture", "speech")
    assert decision.evidence_ids == ("e1", "e2")


def test_weak_tags_are_left_to_a_person_and_faint_ones_not_mentioned() -> None:
    words = [Recalled("weak", "picture", 0.45, ("e",)), Recalled("faint", "picture", 0.1, ("e",))]
    (decision,) = decide("vid", rank(words))
    assert (decision.tag_id, decision.decision) == ("weak", "abstained")


def test_no_tag_without_evidence() -> None:
    (decision,) = decide("vid", rank([Recalled("t", "similar", ACCEPT + 0.3, ())]))
    assert decision.decision == "abstained"
