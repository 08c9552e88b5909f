"""Damaged and hostile files end everything that a player needs with a code, and nothing with a crash."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from pipeline.decode.audio_pass import SAMPLE_RATE
from pipeline.playback.peaks import PER_SECOND, bucketed, peaks
from pipeline.playback.player import Player
from stores.core.errors import MediaError
from stores.core.records import Video
from tests.unit.pipeline.media import RED, flat, make_video, tone, video_of

_CASES = Path(__file__).parents[4].parent / "shared" / "cases"
_CLAIMED = Video(
    "vid_x", "0" * 64, 1, 25_600, Fraction(1, 12_800), 0, 160, 96, 0, Fraction(25), False, "h264", "aac", "mp4"
)
_EVERYTHING: dict[str, Callable[[Player, Path, Path, Video], object]] = {
    "facts": lambda player, path, _, __: player.facts(path),
    "times": lambda player, path, _, video: player.frame_times(path, video, 0.0, 5.0),
    "frame": lambda player, path, _, video: player.frame_jpeg(path, video, 0.5, 320),
    "proxy": lambda player, path, out, video: player.make_proxy(path, video, out),
    "peaks": lambda player, path, _, video: peaks(player.sound(path, video), video.seconds),
}


def faulty(folder: Path) -> dict[str, Path]:
    good = make_video(folder / "good.mp4", [flat(RED)] * 25, sound=tone(1.0)).read_bytes()
    start, end = good.index(b"mdat") + 4, good.index(b"moov") - 4
    noise = np.random.default_rng(0).integers(0, 255, end - start, np.uint8).tobytes()
    contents = {
        "empty.mp4": b"",
        "letter.mp4": b"This is a letter.\n" * 99,
        "playlist.mp4": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\ngood.mp4\n#EXT-X-ENDLIST\n",
        "cut.mp4": good[: good.index(b"moov") + 200],
        "noise.mp4": good[:start] + noise + good[end:],
        "encrypted.mp4": good.replace(b"avc1", b"encv"),
        "unknown.mp4": good.replace(b"avc1", b"zzzz"),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    (folder / "folder.mp4").mkdir()
    return {name: folder / name for name in (*contents, "folder.mp4", "missing.mp4")}


@pytest.mark.parametrize("what", _EVERYTHING)
def test_faulty_files_are_coded_errors(player: Player, tmp_path: Path, what: str) -> None:
    codes = {}
    for name, path in faulty(tmp_path).items():
        try:
            _EVERYTHING[what](player, path, tmp_path / "out.mp4", _CLAIMED)
        except MediaError as error:
            codes[name] = error.code.name
    expected = {
        "empty.mp4": "FILE_EMPTY",
        "letter.mp4": "NOT_MEDIA",
        "playlist.mp4": "NOT_MEDIA",
        "cut.mp4": "TRUNCATED",
        "encrypted.mp4": "ENCRYPTED",
        "unknown.mp4": "UNSUPPORTED_CODEC",
        "folder.mp4": "FILE_UNREADABLE",
        "missing.mp4": "FILE_MISSING",
    }
    if what == "peaks":  # what is wrong with the pictures does not keep the sound from being heard
        expected["cut.mp4"] = "AUDIO_DECODE_FAILED"
        expected = {name: code for name, code in expected.items() if name not in ("encrypted.mp4", "unknown.mp4")}
    noise = codes.pop("noise.mp4", "")
    assert codes == expected
    assert noise in ("", "DECODE_FAILED", "NO_FRAMES", "AUDIO_DECODE_FAILED")
    if what in ("frame", "proxy"):
        assert noise


@pytest.mark.parametrize("what", _EVERYTHING)
def test_cases_of_the_corpus(player: Player, tmp_path: Path, what: str) -> None:
    found = [path for path in sorted(_CASES.glob("*")) if path.suffix != ".md"] if _CASES.is_dir() else []
    if not found:
        pytest.skip("there is no folder of cases")
    for path in found:
        try:
            video = video_of(path, player)
            if what != "peaks" or video.audio_codec:
                _EVERYTHING[what](player, path, tmp_path / "out.mp4", video)
        except MediaError as error:
            assert error.hint  # noqa: PT017 - a coded error is as good as a result


def test_peaks_lie_where_the_sound_is(player: Player, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 75, sound=tone(1.0), sound_delay=1.0)
    video = video_of(path, player)
    found = peaks(player.sound(path, video), video.seconds)
    assert len(found) == round(video.seconds * PER_SECOND)
    loud = np.flatnonzero(found[:, 1] > 40)
    assert loud[0] / PER_SECOND == pytest.approx(1.0, abs=0.05)
    assert loud[-1] / PER_SECOND == pytest.approx(2.0, abs=0.1)
    assert found[:, 1].max() / 127 == pytest.approx(0.5, abs=0.05)
    few = bucketed(found, 6)
    assert few.shape == (6, 2)
    assert [bool(high > 0.3) for _, high in few] == [False, False, True, True, False, False]
    assert len(bucketed(found, 10_000)) == len(found)
    assert SAMPLE_RATE % PER_SECOND == 0
