from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.tagging.rank import ABSTAIN, CaseFacts, decide
from agents.tagging.rank.heldout import compare, held_out
from agents.tagging.rank.lessons import PROPOSER, folds, lessons
from agents.tagging.rank.likeness import neighbour_ranker
from agents.tagging.rank.logistic import logistic_ranker
from agents.tagging.rank.measures import accepting, listing
from agents.tagging.rank.prior import calibrated_prior
from agents.tagging.rank.whitening import whitening
from agents.tagging.recall import Recalled
from stores.tags.judgements import Judged
from tests.unit.agents.ranking.planted import look_alikes

PLANTED = look_alikes()
FACETS = dict(zip(PLANTED.tags, PLANTED.facets, strict=True))


@pytest.mark.parametrize("learn", [neighbour_ranker, logistic_ranker])
def test_looks_that_tell_tags_apart_are_used(learn: Any) -> None:
    before = held_out(PLANTED, lambda some: calibrated_prior(some, FACETS))
    after = held_out(PLANTED, lambda some: learn(some, FACETS))
    comparison = compare(PLANTED, before, after, accepting())
    assert comparison.wins
    assert comparison.after > 0.9 > 0.5 > comparison.before


@pytest.mark.parametrize("learn", [neighbour_ranker, logistic_ranker])
def test_looks_that_mean_nothing_are_not(learn: Any) -> None:
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(PLANTED.vectors.shape).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    lessons_ = replace(PLANTED, vectors=noise)
    before = held_out(lessons_, lambda some: calibrated_prior(some, FACETS))
    after = held_out(lessons_, lambda some: learn(some, FACETS))
    assert not compare(lessons_, before, after, accepting()).wins


@pytest.mark.parametrize("learn", [neighbour_ranker, logistic_ranker])
def test_pairs_that_are_compared_are_those_that_are_ranked(learn: Any) -> None:
    """A video that was not judged gets what the comparison on judgements held out says."""
    out = PLANTED.groups[PLANTED.video] == 9
    ranker = learn(PLANTED.some(~out), FACETS)
    asked = PLANTED.some(out)
    said = ranker.probabilities(asked)
    row = int(asked.video[0])
    words = [
        Recalled(PLANTED.tags[tag], source, float(score), ("e",))
        for tag, scores in zip(asked.tag[asked.video == row], asked.scores[asked.video == row], strict=True)
        for source, score in zip(PLANTED.sources, scores, strict=True)
        if score
    ]
    found = {item.tag_id: item.confidence for item in ranker.rank(CaseFacts("new", PLANTED.vectors[row]), words)}
    for tag, probability in zip(asked.tag[asked.video == row], said[asked.video == row], strict=True):
        if PLANTED.tags[tag] in found:
            assert found[PLANTED.tags[tag]] == pytest.approx(float(probability), abs=1e-6)


def test_what_no_source_recalls_is_proposed_to_a_person_and_never_accepted() -> None:
    ranker = neighbour_ranker(PLANTED, FACETS)
    ranked = ranker.rank(CaseFacts("new", PLANTED.vectors[0]), [])
    assert {item.tag_id for item in ranked if item.confidence >= ABSTAIN} == {"t0", "t3"}
    assert {word.source for item in ranked for word in item.sources} == {PROPOSER}
    assert {one.decision for one in decide("new", ranked)} == {"abstained"}


def test_a_video_without_clips_and_one_that_looks_like_nothing_known_get_the_prior() -> None:
    ranker = neighbour_ranker(PLANTED, FACETS)
    words = [Recalled("t0", "picture", 0.5, ("e",)), Recalled("new tag", "picture", 0.5, ("e",))]
    prior = {item.tag_id: item.confidence for item in ranker.prior.rank(CaseFacts("new"), words)}
    for facts in (CaseFacts("new"), CaseFacts("new", np.zeros(3, np.float32))):
        found = {item.tag_id: item.confidence for item in ranker.rank(facts, words)}
        assert found["new tag"] == pytest.approx(prior["new tag"])
        assert found["t0"] == pytest.approx(prior["t0"], abs=0.05)


def test_what_all_videos_share_does_not_hide_what_tells_them_apart() -> None:
    """Vectors of one model point the same way, and one number varies most by nature: cosines of all are near 1."""
    noise = np.random.default_rng(0).standard_normal(60)
    noise[5::5] = noise[4:-1:5]
    shared = PLANTED.vectors + np.float32(2.0)
    shared[:, 0] += 2.0 * noise.astype(np.float32)
    shared /= np.linalg.norm(shared, axis=1, keepdims=True)
    lessons_ = replace(PLANTED, vectors=shared)
    before = held_out(lessons_, lambda some: calibrated_prior(some, FACETS))
    after = held_out(lessons_, lambda some: neighbour_ranker(some, FACETS))
    assert compare(lessons_, before, after, accepting()).after > 0.95


def test_few_vectors_and_none_are_looked_at_without_harm() -> None:
    for rows in (np.zeros((3, 4), np.float32), np.eye(1, 4, dtype=np.float32), np.ones((5, 4), np.float32)):
        seen_by = whitening(rows, np.arange(len(rows)))
        assert np.isfinite(seen_by.of(rows)).all()
    nothing = whitening(PLANTED.vectors, PLANTED.groups).of(np.zeros((2, 16), np.float32))
    assert not nothing.any(), "a row of zeros still stands for no vector"


def test_near_duplicates_are_never_on_both_sides() -> None:
    fold = folds(PLANTED)
    for group in np.unique(PLANTED.groups):
        assert len(np.unique(fold[PLANTED.groups[PLANTED.video] == group])) == 1
    sizes = np.bincount(fold)
    assert sizes.max() - sizes.min() <= 12


def test_a_list_is_measured_by_its_order_alone() -> None:
    measure = listing(2)
    rng = np.random.default_rng(0)
    said = rng.random(len(PLANTED))
    assert measure.f1(PLANTED, said) == measure.f1(PLANTED, said / 10)
    order = rng.permutation(len(PLANTED))
    shuffled = replace(
        PLANTED, **{name: getattr(PLANTED, name)[order] for name in ("video", "tag", "accepted", "scores")}
    )
    assert measure.f1(shuffled, said[order]) == pytest.approx(measure.f1(PLANTED, said))
    assert measure.f1(PLANTED, PLANTED.accepted.astype(np.float64)) == 1.0


def test_unsure_and_proposals_teach_nothing() -> None:
    judged = [
        Judged("v1", "t1", "accepted", (("picture", 0.4), (PROPOSER, 0.9)), 1.0),
        Judged("v1", "t2", "unsure", (("picture", 0.4),), 2.0),
        Judged("v2", "t1", "rejected", (), 3.0),
        Judged("v2", "gone", "accepted", (("speech", 0.5),), 4.0),
    ]
    learned = lessons(judged, {"t1": "what", "t2": "what"}, {"v1": np.array([3.0, 4.0], np.float32)}, {})
    assert (learned.videos, learned.tags, learned.sources) == (("v1", "v2"), ("t1",), ("picture",))
    assert learned.accepted.tolist() == [True, False]
    assert learned.vectors.tolist() == [pytest.approx([0.6, 0.8]), [0.0, 0.0]]
    assert len(set(learned.groups.tolist())) == 2
