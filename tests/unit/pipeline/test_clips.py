"""Clips cover the video, in sensible lengths."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.derive.clips import derive_clips
from stores.core.records import Blob, Clip, Record, Scene, Span, StageOutput, Utterance, Video
from tests.unit.pipeline.test_perceive import Remembered

BASE = Fraction(1, 1000)


def video(seconds: float) -> Video:
    size = round(seconds * 1000)
    return Video("vid", "", 1, size, BASE, 0, 160, 96, 0, Fraction(25), False, "h264", "aac", "mp4")


def clips(lengths: Sequence[float], spoken: Sequence[tuple[float, float]] = ()) -> list[tuple[float, float]]:
    edges = [0.0]
    for length in lengths:
        edges.append(edges[-1] + length)
    memory = Remembered()
    scenes: list[Record] = [Scene(f"s{a}", Span.from_seconds(a, b, BASE)) for a, b in pairwise(edges)]
    memory.outputs["scenes"] = StageOutput(tuple(scenes))
    memory.outputs["speech"] = StageOutput(
        tuple(Utterance(f"u{a}", Span.from_seconds(a, b, BASE), "words", "en", 0.9) for a, b in spoken)
    )
    memory.outputs["thumbnails"] = StageOutput(
        blobs=tuple(Blob(f"{t:012d}.jpg", b"") for t in range(0, round(edges[-1] * 1000), 2000))
    )
    found = derive_clips(video(edges[-1]), memory).records
    assert all(isinstance(clip, Clip) and clip.span.contains(clip.keyframe) and clip.thumbnail for clip in found)
    return [clip.span.seconds for clip in found]


def test_scenes_of_sensible_length_stay() -> None:
    assert clips([5, 8, 4]) == [(0, 5), (5, 13), (13, 17)]


def test_short_scenes_join_a_neighbour_and_long_ones_are_split() -> None:
    assert clips([1, 5, 8]) == [(0, 6), (6, 14)]
    assert clips([5, 8, 1]) == [(0, 5), (5, 14)]
    assert clips([60]) == [(0, 20), (20, 40), (40, 60)]
    assert clips([0.5]) == [(0, 0.5)]


def test_a_split_keeps_out_of_the_middle_of_a_sentence() -> None:
    (first, _) = clips([30], [(3, 12), (13.5, 17), (18, 25)])
    assert first[1] in (13.5, 17.0)


@given(
    st.lists(st.floats(0.1, 70), min_size=1, max_size=12),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0.2, 8)), max_size=10),
)
def test_clips_cover_the_video_without_holes(lengths: list[float], spoken: list[tuple[float, float]]) -> None:
    lengths = [round(length, 3) for length in lengths]
    found = clips(lengths, [(start, start + length) for start, length in spoken])
    assert found[0][0] == 0
    assert abs(found[-1][1] - sum(lengths)) < 0.01
    assert all(a[1] == b[0] for a, b in pairwise(found))
    if sum(lengths) >= 2:
        assert all(end - start >= 1.9 for start, end in found)
    assert all(end - start <= 26.1 for start, end in found)
