"""The pass over sound: 16 kHz, in bounded units, at the right times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder, DecoderLimits
from stores.core.errors import MediaError
from tests.unit.pipeline.media import RED, flat, make_video, tone, video_of


def test_sound_keeps_its_delay_after_the_picture(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", [flat(RED)] * 75, sound=tone(2.0), sound_delay=1.0, audio_codec="pcm_s16le")
    (sound,) = decoder.sound(path, video_of(path, decoder))
    assert sound.samples.dtype == np.float32
    assert sound.start == pytest.approx(1.0, abs=0.01)
    assert len(sound.samples) / 16_000 == pytest.approx(2.0, abs=0.01)
    assert np.abs(sound.samples).max() == pytest.approx(0.5, abs=0.02)
    crossings = np.count_nonzero(np.diff(np.signbit(sound.samples)))
    assert crossings / 2 / 2.0 == pytest.approx(440, rel=0.01)


def test_a_late_picture_start_is_taken_off_the_sound_too(decoder: Decoder, tmp_path: Path) -> None:
    stamps = range(25, 75)
    path = make_video(tmp_path / "a.ts", [flat(RED)] * 50, stamps=stamps, sound=tone(2.0), sound_delay=1.0)
    video = video_of(path, decoder)
    assert video.start_pts > 0
    (sound,) = decoder.sound(path, video)
    assert abs(sound.start) < 0.1


def test_long_sound_comes_in_units_cut_where_it_is_quiet(tmp_path: Path) -> None:
    samples = tone(70.0)
    samples[round(36.0 * 16_000) : round(36.3 * 16_000)] = 0
    path = make_video(tmp_path / "a.mkv", [flat(RED)] * 5, rate=1, sound=samples, audio_codec="pcm_s16le")
    with Decoder(DecoderLimits(unit_seconds=40)) as decoder:
        units = list(decoder.sound(path, video_of(path, decoder)))
    assert [round(unit.start, 1) for unit in units] == [0.0, pytest.approx(36.15, abs=0.15)]
    assert np.array_equal(np.concatenate([unit.samples for unit in units]).shape, samples.shape)
    assert units[1].start == len(units[0].samples) / 16_000


def test_holes_in_the_sound_are_silence(decoder: Decoder, tmp_path: Path) -> None:
    import av

    from tests.unit.pipeline.media import write_sound

    path = tmp_path / "a.mkv"
    make_video(path, [flat(RED)] * 75)
    with av.open(tmp_path / "b.mkv", "w") as out, av.open(path) as source:
        stream = out.add_stream_from_template(source.streams.video[0])
        audio = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
        write_sound(out, audio, tone(1.024))
        audio2 = audio
        for packet in _packets(tone(1.024), 2.0):
            packet.stream = audio2
            out.mux(packet)
    video = video_of(tmp_path / "b.mkv", decoder)
    (sound,) = decoder.sound(tmp_path / "b.mkv", video)
    assert len(sound.samples) / 16_000 == pytest.approx(3.02, abs=0.03)
    assert np.abs(sound.samples[round(1.2 * 16_000) : round(1.8 * 16_000)]).max() == 0
    assert np.abs(sound.samples[round(2.2 * 16_000) : round(2.8 * 16_000)]).max() > 0.4


def _packets(samples: np.ndarray, at: float) -> list:
    from fractions import Fraction

    import av

    made = []
    for start in range(0, len(samples), 1024):
        packet = av.Packet((samples[start : start + 1024] * 32767).astype("<i2").tobytes())
        packet.time_base = Fraction(1, 16_000)
        packet.pts = packet.dts = start + round(at * 16_000)
        made.append(packet)
    return made


def test_no_sound_track_and_broken_sound_are_named(decoder: Decoder, tmp_path: Path) -> None:
    silent = make_video(tmp_path / "a.mp4", [flat(RED)] * 5)
    with pytest.raises(MediaError) as caught:
        list(decoder.sound(silent, video_of(silent, decoder)))
    assert caught.value.code.name == "AUDIO_DECODE_FAILED"
    path = make_video(tmp_path / "b.mkv", [flat(RED)] * 25, sound=tone(1.0), audio_codec="flac")
    data = path.read_bytes()
    # Every FLAC frame starts with this sync code; without it nothing can be decoded.
    path.write_bytes(data.replace(b"\xff\xf8", b"\x00\x00"))
    video = video_of(path, decoder)
    with pytest.raises(MediaError) as caught:
        list(decoder.sound(path, video))
    assert caught.value.code.name == "AUDIO_DECODE_FAILED"


def stereo(path: Path, left: np.ndarray, right: np.ndarray, codec: str) -> Path:
    """A video with the two channels at 16 kHz."""
    with av.open(path, "w") as out:
        stream: Any = out.add_stream("libx264", rate=5)
        stream.height, stream.width, stream.pix_fmt = 96, 160, "yuv420p"
        audio: Any = out.add_stream(codec, rate=16_000, layout="stereo")
        for _ in range(10):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(flat(RED), "rgb24")))
        out.mux(stream.encode(None))
        for start in range(0, len(left), 1024):
            both = np.stack([left[start : start + 1024], right[start : start + 1024]]).astype(np.float32)
            frame: Any = av.AudioFrame.from_ndarray(np.ascontiguousarray(both), format="fltp", layout="stereo")
            frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), start
            out.mux(audio.encode(frame))
        out.mux(audio.encode(None))
    return path


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le", "pcm_f32le", "mp2"])
def test_channels_of_opposite_phase_do_not_cancel_each_other(decoder: Decoder, tmp_path: Path, codec: str) -> None:
    wave = tone(2.0)
    path = stereo(tmp_path / "a.mkv", wave, -wave, codec)
    (sound,) = decoder.sound(path, video_of(path, decoder))
    assert np.sqrt(np.square(sound.samples[1600:-1600]).mean()) > 0.2
    crossings = np.count_nonzero(np.diff(np.signbit(sound.samples[1600:-1600])))
    assert crossings / 2 / (len(sound.samples) / 16_000 - 0.2) == pytest.approx(440, rel=0.02)


def test_wide_stereo_is_mixed_as_ever(decoder: Decoder, tmp_path: Path) -> None:
    left, right = tone(2.0, 440), tone(2.0, 660)
    wide = stereo(tmp_path / "a.mkv", left, right, "pcm_f32le")
    (sound,) = decoder.sound(wide, video_of(wide, decoder))
    mixed = left + right
    assert np.corrcoef(sound.samples, mixed)[0, 1] > 0.9999
