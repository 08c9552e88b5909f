"""The network reads what was recalled, of all facets together, beside the clips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from encoders.training.batches import TOGETHER, by_video
from encoders.training.config import CrossModalConfig
from encoders.training.pairs import PairData
from encoders.training.scoring import Reading, load, project, project_names, score, score_pairs
from encoders.training.steps import Training, train
from tests.unit.encoders.planted_pairs import planted_facets, planted_pairs, some

pytestmark = pytest.mark.usefixtures("one_thread")

CLIPS = CrossModalConfig(visual=16, text=12, hidden=32, width=32, epochs=12, batch=64)
BOTH = replace(CLIPS, facets=5, sources=2)
DATA = planted_facets()


def right(data: PairData, taught: int, config: CrossModalConfig) -> float:
    """Share of pairs of videos that were not judged that are told right."""
    network = load(train(some(data, data.video < taught), config), config)
    asked = some(data, data.video >= taught)
    return float(((score_pairs(network, asked) + asked.base > 0) == (asked.accepted > 0.5)).mean())


def test_a_relation_of_two_facets_is_found_and_clips_alone_say_nothing_of_it() -> None:
    assert right(DATA, 225, BOTH) > 0.95
    assert abs(right(DATA, 225, CLIPS) - 0.5) < 0.1


def test_what_clips_show_is_still_found() -> None:
    """Where clips decide, what was recalled at random does not disturb."""
    seen, said = planted_pairs(videos=160), planted_facets(videos=160)
    recalled = np.where(said.evidence_tag >= 0, said.evidence_tag % len(seen.tags), -1)
    data = replace(
        seen,
        facet=1 + np.arange(len(seen.tags)) % 4,
        evidence_tag=recalled,
        evidence_scores=said.evidence_scores,
    )
    assert right(data, 120, BOTH) > 0.95


def test_padding_changes_nothing_and_one_video_is_scored_as_many_are() -> None:
    network = load(train(DATA, replace(BOTH, epochs=2)), BOTH)
    more = [(0, 0), (0, 3)]
    padded = replace(
        DATA,
        evidence_tag=np.pad(DATA.evidence_tag, more, constant_values=-1),
        evidence_scores=np.pad(DATA.evidence_scores, [*more, (0, 0)], constant_values=0.9),
    )
    assert score_pairs(network, padded) == pytest.approx(score_pairs(network, DATA), abs=1e-5)
    names, its = project_names(network, DATA.tags), DATA.tag[DATA.video == 5]
    known = DATA.evidence_tag[5] >= 0
    recalled = DATA.evidence_tag[5][known]
    reading = Reading(
        names[its], DATA.facet[its], names[recalled], DATA.facet[recalled], DATA.evidence_scores[5][known]
    )
    one = score(network, DATA.clips[5], project(network, DATA.tags)[its], reading)
    assert one == pytest.approx(score_pairs(network, some(DATA, DATA.video == 5)), abs=1e-5)


def test_at_first_nothing_is_added_and_a_video_without_anything_recalled_is_read() -> None:
    none = replace(DATA, evidence_tag=np.full_like(DATA.evidence_tag, -1))
    assert not score_pairs(Training(DATA, BOTH).model.eval(), DATA).any()
    assert np.isfinite(score_pairs(load(train(none, replace(BOTH, epochs=1)), BOTH), none)).all()


def test_pairs_of_a_video_come_together_and_none_is_lost() -> None:
    video = np.repeat(np.arange(30), 20)
    order = np.random.default_rng(0).permutation(600)
    made = by_video(order, video)
    assert sorted(made) == sorted(order)
    runs = np.flatnonzero(np.r_[True, np.diff(video[made]) != 0, True])
    assert set(np.diff(runs)) <= {4, TOGETHER, TOGETHER + 4, 2 * TOGETHER}
    assert len(np.unique(video[made][:256])) > 20, "and a batch has many videos"


def test_training_goes_on_from_a_state() -> None:
    config = replace(BOTH, epochs=2)
    first = Training(DATA, config)
    first.epoch(0)
    again = Training(DATA, config)
    again.resume(first.state())
    again.epoch(1)
    whole = train(DATA, config)
    assert all(values == pytest.approx(whole[name], abs=1e-6) for name, values in again.weights().items())
