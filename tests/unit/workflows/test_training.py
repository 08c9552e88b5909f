from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.training.config import CrossModalConfig
from encoders.training.steps import Epoch, Training, train
from tests.unit.encoders.planted_pairs import planted_facets, planted_pairs
from workflows.training.recipe import Where, fit

DATA = planted_pairs(videos=30, tags=8)
CONFIG = CrossModalConfig(visual=16, text=12, hidden=16, width=8, heads=2, epochs=3, batch=64)
FACETS, READING = planted_facets(videos=30), replace(CONFIG, facets=5, sources=2)


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return one.keys() == other.keys() and all(np.allclose(one[name], other[name], atol=1e-5) for name in one)


def test_a_run_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fit(DATA, CONFIG, Where(tmp_path))
    assert same(first, train(DATA, CONFIG))
    epochs: list[int] = []
    monkeypatch.setattr(Training, "epoch", lambda _, number: epochs.append(number))
    assert same(fit(DATA, CONFIG, Where(tmp_path)), first)
    assert epochs == [], "it was finished"


def test_what_was_recalled_comes_through_the_files_of_a_run(tmp_path: Path) -> None:
    assert same(fit(FACETS, READING, Where(tmp_path)), train(FACETS, READING))


def test_an_interrupted_run_goes_on_after_its_last_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    epoch = Training.epoch

    def breaks(training: Training, number: int) -> Epoch:
        if number == 2 and len(done) == 2:
            raise KeyboardInterrupt
        done.append(number)
        return epoch(training, number)

    monkeypatch.setattr(Training, "epoch", breaks)
    with pytest.raises(KeyboardInterrupt):
        fit(DATA, CONFIG, Where(tmp_path))
    done.append(-1)
    again = fit(DATA, CONFIG, Where(tmp_path))
    assert done == [0, 1, -1, 2]
    assert same(again, train(DATA, CONFIG))


def test_a_damaged_result_is_made_again(tmp_path: Path) -> None:
    first = fit(DATA, CONFIG, Where(tmp_path))
    (weights,) = tmp_path.glob("*/weights.npz")
    weights.write_bytes(weights.read_bytes()[:99])
    assert same(fit(DATA, CONFIG, Where(tmp_path)), first)


@pytest.mark.slow
def test_ray_train_gives_the_same_weights(tmp_path: Path) -> None:
    for data, config in ((DATA, CONFIG), (FACETS, READING)):
        assert same(fit(data, config, Where(tmp_path, ray=True, workers=0)), train(data, config))
