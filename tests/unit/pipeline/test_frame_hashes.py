"""Prints survive what copying does to a video, and do not take one video for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.frame_hashes import FrameHashes, aligned, unpacked
from pipeline.decode.decoder import Decoder
from pipeline.observers.frame_hashes import FrameHashObserver
from pipeline.passes.watch import watch
from pipeline.similarity.frame_hashes import frame_hash
from tests.unit.pipeline.media import flat, make_video, video_of
from tests.unit.pipeline.textures import encoded, textures


def frame_hashes_of(path: Path, decoder: Decoder) -> FrameHashes:
    video = video_of(path, decoder)
    output = watch(path, video, [FrameHashObserver()], decoder)["frame_hashes"]
    (blob,) = output.blobs
    assert blob.name == "frame_hashes.npz"
    return unpacked(blob.data, video.time_base)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, decoder: Decoder) -> FrameHashes:
    return frame_hashes_of(encoded(tmp_path_factory.mktemp("film") / "a.mp4", textures(1, 10)), decoder)


def test_four_hashes_a_second_the_same_each_time(decoder: Decoder, tmp_path: Path) -> None:
    path = encoded(tmp_path / "a.mp4", textures(1, 2))
    once, again = frame_hashes_of(path, decoder), frame_hashes_of(path, decoder)
    assert once.seconds.tolist() == pytest.approx([i * 0.25 for i in range(8)], abs=0.04)
    assert once.hashes.tolist() == again.hashes.tolist()
    assert len(once.solid) == 8


@pytest.mark.parametrize(
    ("made", "least"),
    [
        ({"crf": 38}, 0.9),
        ({"scale": 0.4, "crf": 28}, 0.9),
        ({"scale": 1.5, "crf": 30}, 0.9),
        ({"gain": 0.75, "crf": 28}, 0.8),
        ({"scale": 0.8, "bars": 16, "crf": 26}, 0.6),
        ({"grey": True}, 0.8),
    ],
    ids=lambda value: str(value),
)
def test_a_trimmed_copy_is_found_at_its_place(
    decoder: Decoder, tmp_path: Path, film: FrameHashes, made: dict[str, Any], least: float
) -> None:
    copy = frame_hashes_of(encoded(tmp_path / "b.mp4", textures(1, 10)[57:190], **made), decoder)
    found = aligned(copy, film)
    assert found is not None
    assert found.share >= least
    assert found.offset == pytest.approx(57 / 25, abs=0.25)


def test_another_video_is_not_found(decoder: Decoder, tmp_path: Path, film: FrameHashes) -> None:
    found = aligned(frame_hashes_of(encoded(tmp_path / "b.mp4", textures(2, 6)), decoder), film)
    assert found is None or found.share < 0.3


@pytest.mark.parametrize("level", [0, 120, 255])
def test_pictures_of_one_shade_do_not_count(decoder: Decoder, tmp_path: Path, level: int) -> None:
    rng = np.random.default_rng(level)
    grain = [np.clip(level + rng.normal(0, 3, (96, 160, 3)), 0, 255).astype(np.uint8) for _ in range(50)]
    assert not len(frame_hashes_of(make_video(tmp_path / "a.mp4", grain), decoder).solid)


def test_bars_are_no_part_of_the_picture() -> None:
    picture = textures(3, 1)[0]
    plain, weight = frame_hash(picture)
    barred, _ = frame_hash(np.pad(picture, ((20, 20), (0, 0), (0, 0))))
    assert (plain, weight > 1) == (barred, True)
    assert frame_hash(flat((0, 0, 0)))[1] == 0
