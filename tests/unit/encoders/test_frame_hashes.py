"""Comparing frame hashes: how stretches are aligned, and which hashes do not count."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.frame_hashes import FrameHashes, aligned, hamming, variety


def frame_hashes(hashes: np.ndarray, start: float = 0.0, weight: float = 5.0) -> FrameHashes:
    seconds = start + np.arange(len(hashes)) * 0.25
    return FrameHashes(seconds, hashes, np.full(len(hashes), weight, np.float32))


def pictures(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**64, count, dtype=np.uint64, endpoint=False)


def noisy(hashes: np.ndarray, bits: int = 4) -> np.ndarray:
    rng = np.random.default_rng(7)
    flipped = [np.bitwise_or.reduce(np.uint64(1) << rng.integers(0, 64, bits, dtype=np.uint64)) for _ in hashes]
    return hashes ^ np.array(flipped, np.uint64)


def test_bits_that_differ_are_counted() -> None:
    one = np.array([0, 0b1011, 2**64 - 1], np.uint64)
    assert hamming(one, np.zeros(3, np.uint64)).tolist() == [0, 3, 64]


@pytest.mark.parametrize("phase", [0.0, 0.1, 0.125])
def test_a_cut_down_copy_lies_at_its_offset(phase: float) -> None:
    film = pictures(1, 80)
    copy = frame_hashes(noisy(film[20:48]), start=phase)
    found = aligned(copy, frame_hashes(film))
    assert found is not None
    assert found.offset == pytest.approx(5.0 - phase, abs=0.13)
    assert (found.share, found.agreed, found.variety) == (1.0, 28, 28)


def test_the_share_says_how_much_of_the_stretch_is_there() -> None:
    film, other = pictures(1, 80), pictures(2, 10)
    found = aligned(frame_hashes(np.concatenate([film[:10], other])), frame_hashes(film))
    assert found is not None
    assert found.share == 0.5


def test_other_pictures_do_not_align() -> None:
    assert aligned(frame_hashes(pictures(1, 40)), frame_hashes(pictures(2, 400))) is None


def test_flat_pictures_never_count() -> None:
    black = np.zeros(40, np.uint64)
    assert aligned(frame_hashes(black, weight=0.1), frame_hashes(black, weight=0.1)) is None
    film = pictures(1, 8)
    half = FrameHashes(
        np.arange(16) * 0.25, np.concatenate([film, black[:8]]), np.repeat([5, 0.1], 8).astype(np.float32)
    )
    found = aligned(half, frame_hashes(film))
    assert found is not None
    assert found.share == 1.0


def test_too_few_hashes_are_not_a_stretch() -> None:
    film = pictures(1, 3)
    assert aligned(frame_hashes(film), frame_hashes(film)) is None


def test_a_still_picture_has_a_variety_of_one() -> None:
    still = noisy(np.repeat(pictures(1, 1), 20), bits=2)
    found = aligned(frame_hashes(still), frame_hashes(still))
    assert found is not None
    assert (found.offset, found.variety) == (0.0, 1)
    assert variety(pictures(3, 5)) == 5
