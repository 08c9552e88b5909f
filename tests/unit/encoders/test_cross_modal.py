"""The network that ranks tags finds what is planted, and its adversary closes the gap between pictures and texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from encoders.training.config import CrossModalConfig
from encoders.training.cross_modal import pooled
from encoders.training.pairs import PairData
from encoders.training.steps import Training, load, project, score, score_pairs, train
from tests.unit.encoders.planted_pairs import planted_pairs, some

SMALL = CrossModalConfig(visual=16, text=12, hidden=32, width=16, epochs=12, batch=128)
DATA = planted_pairs()


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def told_apart(training: Training) -> float:
    """How often a linear classifier tells pictures from texts in the common space; one half is by chance."""
    with torch.no_grad():
        clips = training.model.clips(torch.from_numpy(DATA.clips))
        pictures = pooled(clips, torch.ones(clips.shape[:2], dtype=torch.bool)).numpy()
        texts = training.model.tags(torch.from_numpy(DATA.tags)).numpy()
    rows = np.column_stack([np.concatenate([pictures, texts]), np.ones(len(pictures) + len(texts))])
    kind = np.repeat([1.0, -1.0], [len(pictures), len(texts)])
    weight = np.repeat([0.5 / len(pictures), 0.5 / len(texts)], [len(pictures), len(texts)])

    def loss(at: np.ndarray) -> float:
        return float((weight * np.logaddexp(0.0, -kind * (rows @ at))).sum() + 0.005 * (at**2).sum())

    found = minimize(loss, np.zeros(rows.shape[1])).x
    return float(weight @ ((rows @ found > 0) == (kind > 0)))


def test_what_is_planted_is_found_in_videos_that_were_not_judged() -> None:
    taught = DATA.video < 80
    network = load(train(some(DATA, taught), SMALL), SMALL)
    asked = some(DATA, ~taught)
    right = ((score_pairs(network, asked) + asked.base > 0) == (asked.accepted > 0.5)).mean()
    assert right > 0.95 > 0.7 > 1 - asked.accepted.mean()


def test_where_there_is_no_relation_none_is_found() -> None:
    """What is learned of judgements by chance does not hold for others."""
    rng = np.random.default_rng(0)
    chance = replace(DATA, accepted=rng.permutation(DATA.accepted), base=DATA.base)
    taught = DATA.video < 80
    network = load(train(some(chance, taught), SMALL), SMALL)
    asked = some(chance, ~taught)
    said = (score_pairs(network, asked) + asked.base > 0) == (asked.accepted > 0.5)
    assert said.mean() < max(chance.accepted.mean(), 1 - chance.accepted.mean()) + 0.08


def test_the_adversary_closes_the_gap_between_kinds() -> None:
    """Triplets pull videos to the texts of their tags; of the others only the adversary makes no kind of its own."""
    ends = []
    for weight in (0.0, 1.0):
        training = Training(DATA, replace(SMALL, epochs=20, adversary=weight))
        epochs = [training.epoch(number) for number in range(20)]
        ends.append((told_apart(training), epochs[-1].gap, epochs[-1].pairs))
    (apart, wide, _), (mixed, narrow, fits) = ends
    assert narrow < 0.65 * wide
    assert mixed < apart, "a linear classifier tells them apart less often"
    assert fits < 0.05, "and pairs are still told apart"


def test_at_first_nothing_is_added_to_the_ranker_before() -> None:
    assert not score_pairs(Training(DATA, SMALL).model.eval(), DATA).any()


def test_padding_changes_nothing() -> None:
    network = load(train(DATA, replace(SMALL, epochs=2)), SMALL)
    wide = np.concatenate([DATA.clips, np.full((len(DATA.clips), 3, 16), 9.0, np.float32)], axis=1)
    padded = replace(DATA, clips=wide)
    assert score_pairs(network, padded) == pytest.approx(score_pairs(network, DATA), abs=1e-5)
    one = score(network, DATA.clips[5], project(network, DATA.tags))
    assert one == pytest.approx(score_pairs(network, some(DATA, DATA.video == 5)), abs=1e-5)


def test_an_interrupted_training_goes_on_as_if_nothing_had_been() -> None:
    config = replace(SMALL, epochs=3)
    whole = train(DATA, config)
    first = Training(DATA, config)
    first.epoch(0)
    again = Training(DATA, config)
    again.resume(first.state())
    again.epoch(1)
    again.epoch(2)
    for name, values in again.weights().items():
        assert values == pytest.approx(whole[name], abs=1e-6)


def test_pairs_are_read_back_from_their_files(tmp_path: Path) -> None:
    DATA.save(tmp_path)
    read = PairData.open(tmp_path)
    assert isinstance(read.clips, np.memmap)
    assert read.fingerprint({}) == DATA.fingerprint({}) != DATA.fingerprint({"epochs": 1})
    np.save(tmp_path / "tag.npy", DATA.tag[:-1])
    with pytest.raises(ValueError, match="do not fit together"):
        PairData.open(tmp_path)


def test_weights_of_another_model_are_refused() -> None:
    weights = Training(DATA, SMALL).weights()
    with pytest.raises(ValueError, match="do not fit"):
        load(weights, replace(SMALL, width=32))
