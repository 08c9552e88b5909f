"""Recordings that were put end to end, as with ``cat``: all of them are watched and heard."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Sampling
from pipeline.observers.scenes import SceneObserver
from pipeline.passes.watch import watch
from pipeline.segments.parts import parts_of
from stores.core.records import Span
from tests.unit.pipeline.media import BLUE, GREEN, RED, WHITE, Colour, flat, make_video, tone, video_of


def recording(path: Path, first: Colour, second: Colour, hertz: float) -> bytes:
    """Twelve seconds of two colours with a tone, as a transport or program stream."""
    codecs = {".ts": ("libx264", "aac"), ".mpg": ("mpeg2video", "mp2")}
    video, audio = codecs[path.suffix]
    pictures = [flat(first)] * 150 + [flat(second)] * 150
    # Two steps: sound and pictures must lie side by side in these.
    encoder = {} if video == "libx264" else {"g": "12"}
    source = make_video(
        path.with_suffix(".mkv"), pictures, codec=video, encoder=encoder, audio_codec=audio, sound=tone(12.0, hertz)
    )
    with av.open(source) as given, av.open(path, "w") as out:
        streams = {stream.index: out.add_stream_from_template(stream) for stream in given.streams}
        for packet in given.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    return path.read_bytes()


@pytest.fixture(params=[".ts", ".mpg"])
def joined(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    kind = request.param
    one = recording(tmp_path / f"one{kind}", RED, GREEN, 440)
    two = recording(tmp_path / f"two{kind}", BLUE, WHITE, 880)
    path = tmp_path / f"joined{kind}"
    path.write_bytes(one + two)
    return path


def hertz(samples: np.ndarray) -> float:
    return float(np.count_nonzero(np.diff(np.signbit(samples))) / 2 / (len(samples) / 16_000))


def test_both_halves_are_watched_and_heard(decoder: Decoder, joined: Path) -> None:
    video = video_of(joined, decoder)
    assert video.seconds == pytest.approx(24, abs=0.3)
    assert any(warning.startswith("SPLICED: ") for warning in video.warnings)
    scenes = watch(joined, video, [SceneObserver()], decoder)["scenes"].records
    starts = [scene.span.seconds[0] for scene in scenes]
    assert starts == pytest.approx([0, 6, 12, 18], abs=0.3)
    sound = np.concatenate([unit.samples for unit in decoder.sound(joined, video)])
    assert len(sound) / 16_000 == pytest.approx(24, abs=0.3)
    assert hertz(sound[2 * 16_000 : 10 * 16_000]) == pytest.approx(440, rel=0.02)
    assert hertz(sound[14 * 16_000 : 22 * 16_000]) == pytest.approx(880, rel=0.02)


def test_the_same_frames_come_from_a_part(decoder: Decoder, joined: Path) -> None:
    video = video_of(joined, decoder)
    every = Sampling("a", 0.5, 64)

    def frames(span: Span | None) -> dict[int, np.ndarray]:
        batches = decoder.frames(joined, video, [every], span)
        return dict(itertools.chain.from_iterable(zip(b.ticks.tolist(), b.pixels, strict=True) for b in batches))

    whole = frames(None)
    second = Span.from_seconds(13.0, 22.0, video.time_base)
    part = frames(second)
    assert list(part) == [tick for tick in whole if second.contains(tick)]
    assert all(np.array_equal(part[tick], whole[tick]) for tick in part)
    heard = np.concatenate([unit.samples for unit in decoder.sound(joined, video, second)])
    assert hertz(heard) == pytest.approx(880, rel=0.02)


def test_no_place_in_them_can_be_sought_so_that_they_are_not_split(decoder: Decoder, joined: Path) -> None:
    video = video_of(joined, decoder)
    assert parts_of(video, 5.0) == ()


def test_one_recording_by_itself_is_as_long_as_its_clock_tells(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "one.ts"
    recording(path, RED, GREEN, 440)
    video = video_of(path, decoder)
    assert video.seconds == pytest.approx(12, abs=0.2)
    assert video.warnings == ()
