"""Parts of a video give just the frames and the sound that a pass over the whole gives."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder, DecoderLimits
from pipeline.decode.frames import Sampling
from pipeline.segments.parts import Part, parts_of
from stores.core.errors import MediaError
from stores.core.records import Span, Video
from tests.unit.pipeline.media import RED, flat, make_video, tone, video_of

FRAMES = 500
SAMPLINGS = [
    Sampling("every", None, 64, batch=32),
    Sampling("second", 1.0, 96),
    Sampling("odd", 0.7, 48),
    Sampling("eight", 8.0, 32, minimum=3),
]
LONG = {"preset": "veryfast", "g": "250", "bf": "3", "keyint_min": "250", "sc_threshold": "0"}
OPEN = {"preset": "veryfast", "x264-params": "open-gop=1:keyint=50:bframes=3:scenecut=0"}


def pictures() -> list[np.ndarray]:
    """A square that moves before scenery that changes each 42 frames."""
    random = np.random.default_rng(3)
    scenery = [cv2.resize(random.integers(0, 255, (6, 10, 3), np.uint8), (160, 96)) for _ in range(12)]
    made = []
    for i in range(FRAMES):
        picture = scenery[i // 42].copy()
        picture[30:60, i * 3 % 120 : i * 3 % 120 + 30] = (255, i % 256, 0)
        made.append(picture)
    return made


STAMPS = np.cumsum(np.random.default_rng(7).integers(10, 90, FRAMES)).tolist()
KINDS: dict[str, Callable[[Path], Path]] = {
    "long groups with B frames": lambda at: make_video(at / "a.mp4", pictures(), encoder=LONG),
    "open groups": lambda at: make_video(at / "a.mp4", pictures(), encoder=OPEN),
    "fragments": lambda at: make_video(
        at / "a.mp4", pictures(), encoder=LONG, options={"movflags": "frag_keyframe+empty_moov"}
    ),
    "variable rate": lambda at: make_video(
        at / "a.mkv", pictures(), encoder=LONG, stamps=STAMPS, time_base=Fraction(1, 1000)
    ),
    "late start": lambda at: make_video(
        at / "a.ts", pictures(), encoder={**LONG, "g": "50"}, stamps=[1000 + i for i in range(FRAMES)]
    ),
    "program stream": lambda at: make_video(
        at / "a.mpg", pictures(), codec="mpeg2video", encoder={"g": "30", "bf": "2"}
    ),
    "no index": lambda at: make_video(at / "a.mkv", pictures(), encoder=LONG, options={"live": "1"}),
    "turned": lambda at: make_video(at / "a.mp4", pictures(), encoder=LONG, rotation=-90),
    "times in the wrong order": lambda at: make_video(
        at / "a.avi", pictures(), encoder={"preset": "veryfast", "bf": "2", "g": "100"}
    ),
    "raw stream": lambda at: make_video(at / "a.h264", pictures(), encoder=LONG, container="h264"),
}


def parts(video: Video, seconds: float) -> tuple[Part, ...]:
    """Parts also of what is usually not split."""
    return parts_of(dataclasses.replace(video, container="any"), seconds)


def taken(decoder: Decoder, path: Path, video: Video, span: Span | None = None) -> dict[str, list[tuple[int, bytes]]]:
    found: dict[str, list[tuple[int, bytes]]] = {sampling.name: [] for sampling in SAMPLINGS}
    for frames in decoder.frames(path, video, SAMPLINGS, span):
        for tick, pixels in zip(frames.ticks.tolist(), frames.pixels, strict=True):
            found[frames.name].append((tick, pixels.tobytes()))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_parts_give_the_frames_of_the_whole(decoder: Decoder, tmp_path: Path, kind: str) -> None:
    path = KINDS[kind](tmp_path)
    video = video_of(path, decoder)
    whole = taken(decoder, path, video)
    assert len(whole["every"]) > 0.6 * FRAMES, "some containers understate their length, or have wrong times"
    for seconds in (6.1, 2.9):
        of_parts = [taken(decoder, path, video, part.span) for part in parts(video, seconds)]
        assert len(of_parts) >= 3
        for name, frames in whole.items():
            assert [frame for part in of_parts for frame in part[name]] == frames, (name, seconds)


def test_margins_overlap_on_both_sides(decoder: Decoder, tmp_path: Path) -> None:
    path = KINDS["long groups with B frames"](tmp_path)
    video = video_of(path, decoder)
    ticks = [tick for tick, _ in taken(decoder, path, video)["every"]]
    span = Span.from_seconds(8, 12, video.time_base)
    wide = Sampling("wide", None, 32, margin_seconds=1.5)
    got = [tick for frames in decoder.frames(path, video, [wide], span) for tick in frames.ticks.tolist()]
    assert got == [tick for tick in ticks if 6.5 <= float(tick * video.time_base) < 13.5]


def test_a_part_ends_the_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 25 * 60)
    with Decoder() as decoder:
        video = video_of(path, decoder)
        seen: list[str] = []
        receive = type(decoder._running().wire).receive

        def counted(self: Any, timeout: float | None = None) -> Any:
            message = receive(self, timeout)
            seen.append(message.tag)
            return message

        monkeypatch.setattr(type(decoder._running().wire), "receive", counted)
        span = Span.from_seconds(30, 31, video.time_base)
        found = list(decoder.frames(path, video, [Sampling("every", None, 32, batch=1)], span))
        assert len(found) == 25
        assert seen.count("seeking") == 1
        assert "detour" not in seen


def test_a_stream_without_an_index_may_take_longer_for_what_lies_before(tmp_path: Path) -> None:
    path = KINDS["raw stream"](tmp_path)
    limits = DecoderLimits(minimum_seconds=0.01, seconds_per_media_second=1.0)
    with Decoder(dataclasses.replace(limits, minimum_seconds=30)) as decoder:
        video = video_of(path, decoder)
    with Decoder(limits) as decoder:
        span = Span.from_seconds(19.7, 19.9, video.time_base)
        assert [len(frames.ticks) for frames in decoder.frames(path, video, [SAMPLINGS[0]], span)] == [5]


def test_parts_behind_the_last_picture_are_empty(decoder: Decoder, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mkv"):
        path = make_video(tmp_path / name, [flat(RED)] * 50, sound=tone(40.0))
        video = video_of(path, decoder)
        assert video.seconds > 39
        found = [list(decoder.frames(path, video, [SAMPLINGS[0]], part.span)) for part in parts(video, 10.0)]
        assert [sum(len(frames.ticks) for frames in part) for part in found[:4]] == [50, 0, 0, 0]


def test_what_is_cut_off_is_told_and_the_rest_is_there(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", pictures(), options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video = video_of(path, decoder)
    whole = list(decoder.frames(path, video, [SAMPLINGS[0]]))
    of_parts = [list(decoder.frames(path, video, [SAMPLINGS[0]], part.span)) for part in parts(video, 4.0)]
    assert len(of_parts) == 5
    ticks = [[tick for frames in part for tick in frames.ticks.tolist()] for part in of_parts]
    assert [tick for part in ticks for tick in part] == [tick for frames in whole for tick in frames.ticks.tolist()]
    assert not ticks[-1]
    warnings = [next((frames.warning for frames in part if frames.warning), "") for part in of_parts]
    assert warnings[0] == ""
    assert warnings[-1] == whole[-1].warning != ""


def test_no_picture_at_all_is_an_error_in_any_part(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", [flat(RED)] * 50, encoder=LONG)
    video = video_of(path, decoder)
    data = bytearray(path.read_bytes())
    start = data.index(b"\x1f\x43\xb6\x75")  # the first cluster
    data[start + 40 :] = bytes(len(data) - start - 40)
    path.write_bytes(data)
    with pytest.raises(MediaError):
        list(decoder.frames(path, video, [SAMPLINGS[0]], Span.from_seconds(1, 2, video.time_base)))


SOUNDS = {
    "a.mp4": "aac",
    "b.mkv": "libopus",
    "c.mkv": "pcm_s16le",
    "d.ts": "aac",
    "e.avi": "pcm_s16le",
    "f.mkv": "flac",
}


@pytest.mark.parametrize("name", SOUNDS)
def test_sound_of_parts_follows_on(decoder: Decoder, tmp_path: Path, name: str) -> None:
    samples = tone(40.0)
    for pause in (5.0, 8.2, 17.0, 25.5, 33.0):
        samples[round(pause * 16_000) : round((pause + 0.4) * 16_000)] = 0
    stamps = [50 + i for i in range(200)] if name.endswith(".ts") else None
    delay = 10.0 if stamps else 0.0
    path = make_video(
        tmp_path / name,
        [flat(RED)] * 200,
        rate=5,
        stamps=stamps,
        sound=samples,
        sound_delay=delay,
        audio_codec=SOUNDS[name],
    )
    video = video_of(path, decoder)
    (whole,) = decoder.sound(path, video)
    units = [list(decoder.sound(path, video, part.span)) for part in parts(video, 14.0)]
    assert [len(part) for part in units] == [1, 1, 1]
    found = [part[0] for part in units]
    assert found[0].start == whole.start
    for one, two in itertools.pairwise(found):
        assert two.start == pytest.approx(one.start + len(one.samples) / 16_000, abs=2e-3)
    assert [unit.start for unit in found[1:]] == [pytest.approx(8.4, abs=0.16), pytest.approx(25.7, abs=0.16)]
    assert sum(len(unit.samples) for unit in found) == pytest.approx(len(whole.samples), abs=64)
    for unit in found:
        first = round((unit.start - whole.start) * 16_000)
        shift = min(range(-40, 41), key=lambda n: _apart(unit.samples[8000:12000], whole.samples, first + 8000 + n))
        assert _apart(unit.samples[8000:12000], whole.samples, first + 8000 + shift) < 0.02


def _apart(piece: np.ndarray, whole: np.ndarray, at: int) -> float:
    return float(np.abs(piece - whole[at : at + len(piece)]).max())


def test_parts_without_sound_are_empty(decoder: Decoder, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mkv"):
        path = make_video(tmp_path / name, [flat(RED)] * 200, rate=5, sound=tone(12.0))
        video = video_of(path, decoder)
        units = [list(decoder.sound(path, video, part.span)) for part in parts(video, 10.0)]
        assert [bool(part) for part in units] == [True, True, False, False]
        assert sum(len(unit.samples) for part in units for unit in part) == pytest.approx(12 * 16_000, abs=3000)


def test_long_parts_of_sound_come_in_units(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", [flat(RED)] * 100, rate=1, sound=tone(100.0), audio_codec="pcm_s16le")
    with Decoder(DecoderLimits(unit_seconds=20)) as decoder:
        video = video_of(path, decoder)
        units = list(decoder.sound(path, video, Span.from_seconds(30, 100, video.time_base)))
    assert len(units) >= 4
    assert all(len(unit.samples) <= 20 * 16_000 for unit in units)
    assert units[0].start == pytest.approx(25, abs=5.1)
    assert units[-1].start + len(units[-1].samples) / 16_000 == pytest.approx(100, abs=0.1)
