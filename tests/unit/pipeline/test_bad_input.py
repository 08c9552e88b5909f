"""What is wrong with a file is said by a code and one sentence."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Sampling
from stores.core.errors import MediaError
from tests.unit.pipeline.media import GREEN, RED, flat, make_video, tone, video_of, write_sound

EVERY = Sampling("every", None, 64)


def code_of(decoder: Decoder, path: Path) -> str:
    with pytest.raises(MediaError) as caught:
        decoder.probe(path)
    assert path.name in caught.value.message
    assert caught.value.hint
    return caught.value.code.name


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    return make_video(tmp_path / "good.mp4", [flat(RED)] * 25).read_bytes()


def test_files_that_are_not_there_empty_or_no_files(decoder: Decoder, tmp_path: Path) -> None:
    assert code_of(decoder, tmp_path / "missing.mp4") == "FILE_MISSING"
    (tmp_path / "empty.mp4").touch()
    assert code_of(decoder, tmp_path / "empty.mp4") == "FILE_EMPTY"
    (tmp_path / "folder.mp4").mkdir()
    assert code_of(decoder, tmp_path / "folder.mp4") == "FILE_UNREADABLE"
    os.mkfifo(tmp_path / "pipe.mp4")
    assert code_of(decoder, tmp_path / "pipe.mp4") == "FILE_UNREADABLE"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(decoder: Decoder, tmp_path: Path, good: bytes) -> None:
    (tmp_path / "mine.mp4").write_bytes(good)
    (tmp_path / "mine.mp4").chmod(0)
    assert code_of(decoder, tmp_path / "mine.mp4") == "FILE_UNREADABLE"


@pytest.mark.parametrize(
    "content",
    [
        b"This is a letter, not a video.\n" * 50,
        b"\x00" * 5000,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 500,
        b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.mp4\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile other.mp4\n",
    ],
    ids=["text", "zeros", "png", "playlist", "concat"],
)
def test_what_is_no_video(decoder: Decoder, tmp_path: Path, good: bytes, content: bytes) -> None:
    (tmp_path / "other.mp4").write_bytes(good)
    path = tmp_path / "disguised.mp4"
    path.write_bytes(content)
    assert code_of(decoder, path) == "NOT_MEDIA"


def test_an_mp4_without_its_index_is_truncated(decoder: Decoder, tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "cut.mp4"
    for length in (good.index(b"moov") - 4, good.index(b"moov") + 200):
        path.write_bytes(good[:length])
        assert code_of(decoder, path) == "TRUNCATED"


def test_sound_only(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(path, "w", format="mp4") as out:
        write_sound(out, out.add_stream("aac", rate=16_000, layout="mono"), tone(1.0))
    assert code_of(decoder, path) == "NO_VIDEO_STREAM"


def test_cover_art_is_no_video(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(path, "w") as out:
        audio = out.add_stream("aac", rate=16_000, layout="mono")
        cover = out.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 160, 96, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        out.mux(cover.encode(av.VideoFrame.from_ndarray(flat(RED), "rgb24")))
        out.mux(cover.encode(None))
        write_sound(out, audio, tone(1.0))
    assert code_of(decoder, path) == "NO_VIDEO_STREAM"


def test_encrypted_and_unknown_codecs(decoder: Decoder, tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(good.replace(b"avc1", b"encv"))
    assert code_of(decoder, path) == "ENCRYPTED"
    path.write_bytes(good.replace(b"avc1", b"zzzz"))
    assert code_of(decoder, path) == "UNSUPPORTED_CODEC"


@pytest.mark.parametrize("size", [(20_000, 4_000), (16_386, 96), (9_000, 9_000), (60_000, 60_000)])
def test_absurd_dimensions_are_refused_before_decoding(decoder: Decoder, tmp_path: Path, size: tuple[int, int]) -> None:
    path = make_video(tmp_path / "a.avi", [flat(RED)] * 3, codec="rawvideo")
    data = path.read_bytes()
    at = data.index(struct.pack("<iii", 40, 160, 96))
    path.write_bytes(data[: at + 4] + struct.pack("<ii", *size) + data[at + 12 :])
    assert code_of(decoder, path) == "ABSURD_DIMENSIONS"


def test_nothing_decodable(decoder: Decoder, tmp_path: Path, good: bytes) -> None:
    path = tmp_path / "noise.mp4"
    start, end = good.index(b"mdat") + 4, good.index(b"moov") - 4
    noise = np.random.default_rng(0).integers(0, 255, end - start, np.uint8).tobytes()
    path.write_bytes(good[:start] + noise + good[end:])
    assert code_of(decoder, path) == "DECODE_FAILED"


def test_no_frames_at_all(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "none.mkv"
    with av.open(path, "w") as out:
        video = out.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        audio = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        video.codec_context.open()
        write_sound(out, audio, tone(1.0))
    assert code_of(decoder, path) == "NO_FRAMES"


def test_a_video_cut_off_keeps_what_is_there_and_says_so(decoder: Decoder, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    pictures = [random.integers(0, 255, (96, 160, 3), np.uint8) for _ in range(100)]
    whole = make_video(tmp_path / "a.mp4", pictures, options={"movflags": "+faststart"}).read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    video = video_of(path, decoder)
    assert video.seconds == pytest.approx(4.0)
    (warning,) = video.warnings
    assert warning.startswith("TRUNCATED: ")
    assert warning.endswith("of 4.0 s can be decoded")
    batches = list(decoder.frames(path, video, [EVERY]))
    assert 40 <= sum(len(batch.ticks) for batch in batches) <= 60
    assert batches[-1].warning.startswith("TRUNCATED: ")
    assert not any(batch.warning for batch in batches[:-1])


def test_damage_in_the_middle_is_passed_over(decoder: Decoder, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    pictures = [random.integers(0, 255, (96, 160, 3), np.uint8) for _ in range(100)]
    path = make_video(tmp_path / "a.mp4", pictures)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = bytes(3000)
    path.write_bytes(data)
    batches = list(decoder.frames(path, video_of(path, decoder), [EVERY]))
    assert sum(len(batch.ticks) for batch in batches) >= 90
    assert not batches[-1].warning


def test_the_decoder_goes_on_after_bad_files(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"bad")
    good = make_video(tmp_path / "good.mp4", [flat(GREEN)] * 3)
    for _ in range(3):
        assert code_of(decoder, tmp_path / "bad.mp4") == "NOT_MEDIA"
        assert decoder.probe(good).width == 160
