"""Slides that change are cuts, however alike they are; what moves a little is not."""

from __future__ import annotations

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder
from pipeline.observers.scenes import SceneObserver, join_scenes
from pipeline.passes.watch import watch
from stores.core.records import Span
from tests.unit.pipeline.media import make_video, video_of


def slide(text: str, shade: int = 40) -> np.ndarray:
    """White letters on a dark background."""
    picture = np.full((180, 320, 3), shade, np.uint8)
    cv2.putText(picture, text, (10, 110), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (235, 235, 235), 5)
    return picture


def starts(decoder: Decoder, path: Path) -> list[float]:
    found = watch(path, video_of(path, decoder), [SceneObserver()], decoder)["scenes"].records
    return [round(scene.span.seconds[0], 2) for scene in found]


def test_slides_on_similar_backgrounds_are_scenes_of_their_own(decoder: Decoder, tmp_path: Path) -> None:
    pictures = [slide(text, 40 + 3 * n) for n, text in enumerate(("LIBRARY", "TURTLES", "HISTORY")) for _ in range(40)]
    path = make_video(tmp_path / "a.mp4", pictures, rate=10)
    assert starts(decoder, path) == [0, 4, 8]


def test_a_fade_from_slide_to_slide_is_one_cut(decoder: Decoder, tmp_path: Path) -> None:
    one, two = slide("LIBRARY").astype(float), slide("TURTLES", 60).astype(float)
    fade = [(one + (two - one) * step / 8).round().astype(np.uint8) for step in range(1, 8)]
    pictures = [one.astype(np.uint8)] * 40 + fade + [two.astype(np.uint8)] * 40
    found = starts(decoder, make_video(tmp_path / "a.mp4", pictures, rate=10))
    assert found == [0, pytest.approx(4.4, abs=0.5)]


def test_a_slide_that_stays_and_a_cursor_that_wanders_are_no_cuts(decoder: Decoder, tmp_path: Path) -> None:
    pictures = []
    for n in range(120):
        picture = slide("LIBRARY")
        picture[20:26, 2 * n : 2 * n + 6] = 255
        pictures.append(picture)
    assert starts(decoder, make_video(tmp_path / "a.mp4", pictures, rate=10)) == [0]


def test_a_page_that_scrolls_all_the_time_has_no_slides(decoder: Decoder, tmp_path: Path) -> None:
    page = np.concatenate([slide(text) for text in ("LIBRARY", "TURTLES", "HISTORY", "MUSEUM")])
    pictures = [np.ascontiguousarray(page[n * 4 : n * 4 + 180]) for n in range(130)]
    assert starts(decoder, make_video(tmp_path / "a.mp4", pictures, rate=10)) == [0]


def test_slides_recorded_a_frame_each_change_are_found(decoder: Decoder, tmp_path: Path) -> None:
    pictures = [slide("LIBRARY"), slide("TURTLES", 44), slide("HISTORY", 48), slide("HISTORY", 48)]
    path = make_video(tmp_path / "a.mkv", pictures, rate=10, stamps=[0, 40, 80, 119])
    assert starts(decoder, path) == [0, 4, 8]


def test_parts_have_the_same_cuts(decoder: Decoder, tmp_path: Path) -> None:
    words = ("LIBRARY", "TURTLES", "HISTORY", "MUSEUM", "STATION")
    path = make_video(tmp_path / "a.mp4", [slide(text) for text in words for _ in range(40)], rate=10)
    video = video_of(path, decoder)
    edges = [0, *(Span.from_seconds(0, at, video.time_base).end for at in (7.0, 12.0)), video.duration]
    observer = SceneObserver()
    notes = [
        watch(path, video, [observer], decoder, span=Span(a, b, video.time_base))["scenes"]
        for a, b in itertools.pairwise(edges)
    ]
    whole = watch(path, video, [SceneObserver()], decoder)["scenes"]
    assert join_scenes(notes, video, observer.config).records == whole.records
    assert len(whole.records) == len(words)
