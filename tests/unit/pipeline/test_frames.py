"""One decode pass: the right frames, at the right ticks, as displayed."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Frames, Sampling
from stores.core.records import Video
from tests.unit.pipeline.media import BLUE, GREEN, RED, WHITE, flat, make_video, tone, video_of

EVERY = Sampling("every", None, 64, batch=7)


def collect(decoder: Decoder, path: Path, *samplings: Sampling) -> tuple[Video, dict[str, list[Frames]]]:
    video = video_of(path, decoder)
    found: dict[str, list[Frames]] = {sampling.name: [] for sampling in samplings}
    for frames in decoder.frames(path, video, samplings):
        found[frames.name].append(frames)
    return video, found


def ticks(batches: list[Frames]) -> list[int]:
    return [tick for batch in batches for tick in batch.ticks.tolist()]


def test_all_samplings_are_served_by_one_pass(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 50 + [flat(BLUE)] * 50)
    video, found = collect(decoder, path, EVERY, Sampling("second", 1.0, 160), Sampling("pairs", 2.0, 32, batch=1))
    frame = Fraction(1, 25) / video.time_base
    assert ticks(found["every"]) == [round(i * frame) for i in range(100)]
    assert ticks(found["second"]) == [round(i * 25 * frame) for i in range(4)]
    assert ticks(found["pairs"]) == [0, round(50 * frame)]
    assert [batch.pixels.shape for batch in found["pairs"]] == [(1, 20, 32, 3)] * 2
    assert found["second"][0].pixels.shape == (4, 96, 160, 3), "never enlarged"
    assert found["every"][0].pixels.dtype == np.uint8
    seconds = found["second"][0].pixels
    assert np.abs(seconds[1].astype(int) - RED).max() < 12
    assert np.abs(seconds[2].astype(int) - BLUE).max() < 12, "the frame of tick 2 s is from after the cut at 2 s"


def test_the_same_file_gives_the_same_pixels(decoder: Decoder, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    path = make_video(tmp_path / "a.mp4", [random.integers(0, 255, (96, 160, 3), np.uint8) for _ in range(20)])
    one, two = (collect(decoder, path, EVERY)[1]["every"] for _ in range(2))
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(one, two, strict=True))


def test_short_videos_give_the_minimum_and_no_more_than_they_have(decoder: Decoder, tmp_path: Path) -> None:
    wanted = Sampling("eight", 1.0, 64, minimum=8)
    _, found = collect(decoder, make_video(tmp_path / "a.mp4", [flat(RED)] * 40), wanted)
    assert len(ticks(found["eight"])) == 8
    _, found = collect(decoder, make_video(tmp_path / "b.mp4", [flat(RED)] * 2), wanted)
    assert len(ticks(found["eight"])) == 2


def test_variable_frame_rate_keeps_the_file_s_own_times(decoder: Decoder, tmp_path: Path) -> None:
    stamps = [0, 40, 80, 500, 510, 1400, 1500, 3000]
    path = make_video(tmp_path / "a.mkv", [flat(GREEN)] * 8, stamps=stamps, time_base=Fraction(1, 1000))
    video, found = collect(decoder, path, EVERY)
    assert video.variable_frame_rate
    assert ticks(found["every"]) == stamps


def test_constant_frame_rate_is_told_from_variable(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", [flat(GREEN)] * 60, rate=30)
    assert not video_of(path, decoder).variable_frame_rate, "33 and 34 ms are rounding"


def test_a_late_start_is_taken_off(decoder: Decoder, tmp_path: Path) -> None:
    stamps = [1000 + 40 * i for i in range(25)]
    path = make_video(tmp_path / "a.ts", [flat(GREEN)] * 25, stamps=stamps, time_base=Fraction(1, 1000))
    video, found = collect(decoder, path, EVERY)
    assert video.start_pts > 0
    assert ticks(found["every"])[:2] == [0, round(Fraction(40, 1000) / video.time_base)]
    assert video.seconds == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pixels_are_as_displayed(decoder: Decoder, tmp_path: Path, turned: int) -> None:
    picture = flat(BLUE)
    picture[:48, :80] = RED  # the corner at the top left
    path = make_video(tmp_path / "a.mp4", [picture] * 5, rotation=-turned)
    video, found = collect(decoder, path, EVERY)
    assert video.rotation == turned
    assert (video.width, video.height) == ((96, 160) if turned in (90, 270) else (160, 96))
    shown = found["every"][0].pixels[0]
    assert (shown.shape[0] > shown.shape[1]) == (turned in (90, 270))
    expected = np.rot90(picture, -turned // 90)
    for row in (4, -4):
        for column in (4, -4):
            assert np.abs(shown[row, column].astype(int) - expected[row, column]).max() < 12


def test_non_square_pixels_are_made_square(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 5, pixel_aspect=Fraction(2))
    video, found = collect(decoder, path, Sampling("a", None, 320))
    assert (video.width, video.height) == (320, 96)
    assert found["a"][0].pixels.shape[1:] == (96, 320, 3)


@pytest.mark.parametrize(
    "name", ["with space 'and' \"quotes\".mp4", "-leading.mp4", "名字 🎬.mp4", "http:x.mp4", "%d.mp4"]
)
def test_odd_names_open(decoder: Decoder, tmp_path: Path, name: str) -> None:
    _, found = collect(decoder, make_video(tmp_path / "a.mp4", [flat(RED)] * 3).rename(tmp_path / name), EVERY)
    assert len(ticks(found["every"])) == 3


def test_a_name_that_is_no_utf8_opens_and_relative_paths_do(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xe4.mp4"))
    make_video(tmp_path / "a.mp4", [flat(RED)] * 3).rename(path)
    monkeypatch.chdir(tmp_path)
    assert decoder.probe(Path(path.name)).width == 160


def test_probe_tells_codecs_and_sound(decoder: Decoder, tmp_path: Path) -> None:
    silent = video_of(make_video(tmp_path / "a.mp4", [flat(WHITE)] * 25), decoder)
    assert (silent.video_codec, silent.audio_codec, silent.has_audio) == ("h264", "", False)
    assert silent.seconds == pytest.approx(1.0)
    assert silent.frame_rate == 25
    loud = make_video(tmp_path / "b.avi", [flat(WHITE)] * 25, codec="mpeg4", sound=tone(1), audio_codec="pcm_s16le")
    assert video_of(loud, decoder).audio_codec == "pcm_s16le"


def test_length_is_found_where_the_container_does_not_tell(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.h264", [flat(WHITE)] * 50, container="h264")
    video, found = collect(decoder, path, EVERY)
    assert video.seconds == pytest.approx(2.0, abs=0.1)
    assert len(ticks(found["every"])) == 50


@pytest.mark.parametrize("kind", ["mp4", "mkv", "avi"])
def test_sound_that_goes_on_makes_the_video_longer(decoder: Decoder, tmp_path: Path, kind: str) -> None:
    path = make_video(tmp_path / f"a.{kind}", [flat(WHITE)] * 25, sound=tone(5))
    video, found = collect(decoder, path, EVERY)
    assert video.seconds == pytest.approx(5.0, abs=0.2)
    assert not video.warnings
    assert len(ticks(found["every"])) == 25
    assert not found["every"][-1].warning


def test_stopping_early_is_allowed(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 100)
    video = video_of(path, decoder)
    assert len(next(iter(decoder.frames(path, video, [Sampling("a", None, 64, batch=1)]))).ticks) == 1
    assert decoder.probe(path).width == 160


def test_a_pass_left_open_does_not_mix_with_the_next(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 100)
    video = video_of(path, decoder)
    left_open = decoder.frames(path, video, [Sampling("a", None, 64, batch=1)])
    next(left_open)
    whole = list(decoder.frames(path, video, [Sampling("b", 1.0, 64)]))
    assert [frames.name for frames in whole] == ["b"]
    with pytest.raises(RuntimeError, match="another file"):
        list(left_open)
    assert decoder.probe(path).width == 160


@pytest.mark.parametrize(("rate", "codec"), [(10, "h264"), (30, "h264"), (50, "hevc")])
def test_a_raw_stream_is_as_long_as_its_frames_and_its_rate_tell(
    decoder: Decoder, tmp_path: Path, rate: int, codec: str
) -> None:
    encoder = {"preset": "ultrafast", "bf": "2"} | ({"x265-params": "log-level=none"} if codec == "hevc" else {})
    library = {"h264": "libx264", "hevc": "libx265"}[codec]
    pictures = [flat(RED)] * (2 * rate) + [flat(BLUE)] * (2 * rate)
    path = make_video(tmp_path / f"a.{codec}", pictures, rate=rate, codec=library, container=codec, encoder=encoder)
    video, found = collect(decoder, path, Sampling("all", None, 64))
    assert video.frame_rate == rate
    assert video.seconds == pytest.approx(4.0, abs=0.01)
    times = [float(tick * video.time_base) for tick in ticks(found["all"])]
    assert times == pytest.approx([n / rate for n in range(4 * rate)])


def test_dv_tells_frames_not_ticks_of_its_clock(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "a.dv"
    with av.open(path, "w", format="dv") as out:
        stream: Any = out.add_stream("dvvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 720, 576, "yuv420p"
        for i in range(30):
            frame = av.VideoFrame.from_ndarray(flat(RED, 720, 576), "rgb24")
            frame.pts, frame.time_base = i, Fraction(1, 25)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    video = video_of(path, decoder)
    assert video.frame_rate == 25
    assert video.seconds == pytest.approx(1.2)
