"""Files with several streams: which one is watched and heard, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Sampling
from stores.core.records import Video
from tests.unit.pipeline.media import BLUE, RED, flat, tone, video_of, write_sound


def written(path: Path, films: Sequence[tuple[str, np.ndarray, int, str]], tracks: Sequence[Any] = ()) -> Path:
    """A file of several streams.

    Args:
        films: (codec, picture, how many of it, disposition) of each stream of pictures, 25 a second.
        tracks: (samples, disposition, language) of each audio track.
    """
    with av.open(path, "w") as out:
        pictures = []
        for codec, picture, _, disposition in films:
            stream: Any = out.add_stream(codec, rate=25)
            stream.height, stream.width = picture.shape[:2]
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.disposition = av.stream.Disposition[disposition] if disposition else av.stream.Disposition(0)
            pictures.append(stream)
        sounds = []
        for _, disposition, language in tracks:
            audio: Any = out.add_stream("aac", rate=16_000, layout="mono")
            audio.disposition = av.stream.Disposition[disposition] if disposition else av.stream.Disposition(0)
            audio.metadata["language"] = language
            sounds.append(audio)
        for stream, (_, picture, count, _) in zip(pictures, films, strict=True):
            for i in range(count):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=stream.pix_fmt)
                frame.pts, frame.time_base = i, Fraction(1, 25)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        for audio, (samples, _, _) in zip(sounds, tracks, strict=True):
            write_sound(out, audio, samples)
    return path


def colour_of(decoder: Decoder, path: Path, video: Video) -> str:
    """The colour of the middle of the first frame that is watched."""
    batch = next(iter(decoder.frames(path, video, [Sampling("a", 1.0, 64, batch=1)])))
    red, _, blue = batch.pixels[0].mean(axis=(0, 1))
    return "red" if red > blue else "blue"


def loudness(decoder: Decoder, path: Path, track: str = "") -> float:
    samples = np.concatenate([unit.samples for unit in decoder.sound(path, video_of(path, decoder), track=track)])
    return float(np.abs(samples).max())


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_a_single_picture_before_the_film_is_not_watched(decoder: Decoder, tmp_path: Path, kind: str) -> None:
    films = [("mjpeg", flat(RED), 1, "default"), ("libx264", flat(BLUE, 320, 192), 100, "default")]
    path = written(tmp_path / f"a.{kind}", films)
    video = video_of(path, decoder)
    assert (video.width, video.video_codec) == (320, "h264")
    assert video.seconds == pytest.approx(4, abs=0.1)
    assert colour_of(decoder, path, video) == "blue"
    (warning,) = video.warnings
    assert warning.startswith("VIDEO_STREAMS: stream 1 (h264 320x192) is used")
    assert "mjpeg 160x96" in warning


def test_the_default_film_is_watched_though_another_is_longer(decoder: Decoder, tmp_path: Path) -> None:
    films = [("libx264", flat(RED), 100, ""), ("libx264", flat(BLUE), 50, "default")]
    path = written(tmp_path / "a.mkv", films)
    assert colour_of(decoder, path, video_of(path, decoder)) == "blue"


def test_of_two_films_neither_of_which_is_the_default_the_longer_one_is_watched(
    decoder: Decoder, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.mkv", [("libx264", flat(RED), 30, ""), ("libx264", flat(BLUE), 100, "")])
    assert colour_of(decoder, path, video_of(path, decoder)) == "blue"


def test_one_film_is_no_matter_for_a_warning(decoder: Decoder, tmp_path: Path) -> None:
    path = written(tmp_path / "a.mkv", [("libx264", flat(RED), 30, "")], [(tone(1.0), "", "eng")])
    assert video_of(path, decoder).warnings == ()


def test_the_default_track_is_heard_and_all_are_listed(decoder: Decoder, tmp_path: Path) -> None:
    silent, loud = np.zeros(16_000, np.float32), tone(1.0)
    tracks = [(silent, "comment", "eng"), (loud, "default", "deu")]
    path = written(tmp_path / "a.mkv", [("libx264", flat(RED), 30, "default")], tracks)
    assert loudness(decoder, path) > 0.3
    (listed,) = video_of(path, decoder).warnings
    assert listed == "AUDIO_TRACKS: 1 (eng, aac), 2 (deu, aac, default, used unless another is wanted)"


def test_a_commentary_is_not_heard_though_nothing_is_the_default(decoder: Decoder, tmp_path: Path) -> None:
    tracks = [(np.zeros(16_000, np.float32), "comment", "eng"), (tone(1.0), "", "eng")]
    path = written(tmp_path / "a.mkv", [("libx264", flat(RED), 30, "default")], tracks)
    assert loudness(decoder, path) > 0.3


@pytest.mark.parametrize(("wanted", "loud"), [("", True), ("1", False), ("eng", False), ("2", True), ("fra", True)])
def test_a_track_may_be_wanted_by_number_or_language(decoder: Decoder, tmp_path: Path, wanted: str, loud: bool) -> None:
    tracks = [(np.zeros(16_000, np.float32), "", "eng"), (tone(1.0), "default", "deu")]
    path = written(tmp_path / "a.mkv", [("libx264", flat(RED), 30, "default")], tracks)
    assert (loudness(decoder, path, wanted) > 0.3) == loud
