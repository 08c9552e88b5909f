"""Into which parts a video is split."""

from __future__ import annotations

import dataclasses
import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.segments.parts import LONGEST_WHOLE, PART_SECONDS, Part, part_fingerprint, parts_of
from stores.core.records import Span, Video

VIDEO = Video("vid_1", "0" * 64, 1, 0, Fraction(1, 1000), 0, 64, 48, 0, Fraction(25), False, "h264", "", "matroska")


def lasting(seconds: float, base: Fraction = Fraction(1, 1000)) -> Video:
    return dataclasses.replace(VIDEO, duration=round(seconds / base), time_base=base)


def test_only_long_videos_are_split() -> None:
    assert parts_of(lasting(0)) == ()
    assert parts_of(lasting(LONGEST_WHOLE)) == ()
    assert [part.span.seconds for part in parts_of(lasting(LONGEST_WHOLE + 1))] == [(0, 450.5), (450.5, 901)]
    hour = parts_of(lasting(3600))
    assert [part.number for part in hour] == [0, 1, 2, 3, 4]
    assert {part.of for part in hour} == {5}
    assert {part.span.duration for part in hour} == {PART_SECONDS}


@given(st.integers(1, 10**9), st.sampled_from([1, 24, 1000, 12800, 90000]), st.floats(0.5, 5000))
def test_parts_cover_the_whole_video_evenly(duration: int, rate: int, seconds: float) -> None:
    video = dataclasses.replace(VIDEO, duration=duration, time_base=Fraction(1, rate))
    if video.seconds / seconds > 10_000:
        return
    parts = parts_of(video, seconds)
    if not parts:
        assert video.seconds <= 1.25 * seconds
        return
    assert parts[0].span.start == 0
    assert parts[-1].span.end == duration
    assert all(one.span.end == two.span.start for one, two in itertools.pairwise(parts))
    lengths = [part.span.end - part.span.start for part in parts]
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) >= 1
    assert [part.number for part in parts] == list(range(parts[0].of))


def test_a_raw_stream_is_not_split() -> None:
    assert parts_of(dataclasses.replace(lasting(7200), container="h264")) == ()


def test_joined_recordings_are_not_split() -> None:
    warnings = ("SPLICED: 7200.0 s in all, where its clock says 3600.0 s: joined recordings",)
    assert parts_of(dataclasses.replace(lasting(7200), container="mpegts", warnings=warnings)) == ()


def test_a_part_without_length_is_refused() -> None:
    with pytest.raises(ValueError):
        parts_of(lasting(100), 0)


def test_a_part_s_fingerprint_depends_on_its_stage_and_its_place() -> None:
    part = Part(1, 3, Span(100, 200, Fraction(1, 25)))
    others = (
        dataclasses.replace(part, number=2),
        dataclasses.replace(part, of=4),
        dataclasses.replace(part, span=Span(100, 201, Fraction(1, 25))),
        dataclasses.replace(part, span=Span(100, 200, Fraction(1, 24))),
    )
    stage_fingerprints = {part_fingerprint("abc", one) for one in (part, *others)} | {part_fingerprint("abd", part)}
    assert len(stage_fingerprints) == 6
    assert part_fingerprint("abc", part) == part_fingerprint("abc", dataclasses.replace(part))
