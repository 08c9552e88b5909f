"""The head of visual styles: the shipped numbers, and how it is trained."""

from __future__ import annotations

import hashlib
from pathlib import Path
from random import Random

import numpy as np
import pytest
from PIL import Image

from encoders.bundle import Encoders
from encoders.styles.head import COMMON, ENCODER, HEAD, REVISION, STYLES, VisualStyles, shipped_styles
from encoders.styles.names import style_names
from encoders.training.styles.build import Examples, left_out, loss_of, temperature, trained
from encoders.training.styles.cards import card
from encoders.training.styles.footage import frame
from encoders.types import WeightsError
from pipeline.derive import styles as said
from tests.planted.photos import FONT, path_of


def examples(noise: float, sources: int = 4) -> Examples:
    """Four clouds, seen by some sources, each of which is shifted a little."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((len(STYLES), 24))
    styles = np.repeat(np.arange(len(STYLES)), 30 * sources)
    source = np.tile(np.repeat(np.arange(sources), 30), len(STYLES))
    shifts = rng.standard_normal((len(STYLES), sources, 24))
    rows = centres[styles] + noise * (shifts[styles, source] + rng.standard_normal((len(styles), 24)))
    names = np.array([f"{style}-{one}" for style, one in zip(styles, source, strict=True)])
    return Examples((rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), styles, names)


def test_the_shipped_head_gives_the_numbers_that_it_gave() -> None:
    rows = np.random.default_rng(18).gamma(0.2, size=(3, 1280)).astype(np.float32)
    found = np.stack([shipped_styles().probabilities(some) for some in (rows[:1], rows[1:2], rows)])
    np.testing.assert_allclose(found.sum(1), 1.0, atol=1e-6)
    np.testing.assert_allclose(found, GOLDEN, atol=1e-3)


GOLDEN = [[0.9944, 0.0005, 0.0051, 0.0], [0.9992, 0.0002, 0.0006, 0.0], [0.9972, 0.0003, 0.0025, 0.0]]


def test_only_the_encoder_that_it_was_trained_with_has_a_head() -> None:
    with Encoders.open("embedded") as encoders:
        assert encoders.has_styles
        assert encoders.styles is shipped_styles()
    with Encoders.open("standard") as encoders:
        assert not encoders.has_styles


def test_what_is_written_down_of_the_shipped_head_is_true() -> None:
    assert shipped_styles().encoder == ENCODER
    assert hashlib.sha256(HEAD.read_bytes()).hexdigest()[:8] == REVISION


def test_a_head_that_is_missing_or_damaged_says_so(tmp_path: Path) -> None:
    file, whole = tmp_path / "head.npz", HEAD.read_bytes()
    with pytest.raises(WeightsError, match="is not there"):
        VisualStyles.load(file)
    turned = whole[:5000] + bytes([whole[5000] ^ 255]) + whole[5001:]
    for damaged in (b"", b"garbage", whole[: len(whole) // 2], turned):
        file.write_bytes(damaged)
        with pytest.raises(WeightsError) as caught:
            VisualStyles.load(file)
        assert caught.value.kind == "corrupt"
    np.savez(file, weights=np.zeros((8, 3)), bias=np.zeros(4), encoder=np.array("any"))
    with pytest.raises(WeightsError, match="weights"):
        VisualStyles.load(file)


def test_all_that_is_said_of_a_stretch_has_names_that_tags_may_use() -> None:
    assert set(style_names()) == {said.DRAWN, said.FLAT, said.SOLID, said.SCREEN}
    for names in style_names().values():
        assert max(names.values()) == 1.0
        assert min(names.values()) > 0.0
        assert all(name == name.casefold().strip() for name in names)


def test_training_learns_what_holds_for_sources_that_it_did_not_see() -> None:
    seen = examples(noise=0.4)
    scores = left_out(seen)
    assert (scores.argmax(1) == seen.styles).mean() > 0.9
    weights, bias = trained(seen)
    assert ((seen.features @ weights + bias).argmax(1) == seen.styles).mean() > 0.95


def test_scores_that_are_too_sure_are_cooled() -> None:
    seen = examples(noise=1.5)
    scores = 5 * left_out(seen)
    heat = temperature(scores, seen)
    assert heat > 1.5
    assert loss_of(scores / heat, seen) < loss_of(scores, seen)


def test_styles_are_as_common_in_videos_as_all_of_them_together() -> None:
    assert sum(COMMON) == pytest.approx(1.0)
    assert COMMON[0] == max(COMMON)


def test_pictures_become_frames_as_the_pipeline_sees_them() -> None:
    random, fonts = Random(1), [path_of(FONT)]
    thing = Image.new("RGBA", (90, 140), (200, 30, 30, 0))
    thing.paste((200, 30, 30, 255), (20, 20, 70, 120))
    for picture in (thing, Image.new("RGB", (300, 500), "green"), card(random, fonts)):
        for _ in range(4):
            one = frame(picture, random, fonts)
            assert one.dtype == np.uint8
            assert max(one.shape[:2]) == 384
            assert one.shape[2] == 3
