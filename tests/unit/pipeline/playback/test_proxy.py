"""A proxy shows every frame and plays every sound when the video does, and every browser plays it."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pipeline.playback.playable import playable
from pipeline.playback.player import PROXY_SIDE, Cancelled, Player
from stores.core.errors import MediaError
from stores.core.records import Video
from tests.browser.films import Film, irregular, write
from tests.unit.pipeline.media import BLUE, flat, make_video, tone, video_of
from tests.unit.pipeline.playback.test_frame_times import drawn

_MILLISECOND = Fraction(1, 1000)
_B_FRAMES = (("bf", "3"), ("g", "12"), ("preset", "veryfast"))
_QUIET = (("x265-params", "log-level=none"),)
_FILMS = (
    Film("hevc.mp4", "libx265", frames=60, encoder=_QUIET),
    Film("hevc-late-sound.mkv", "libx265", frames=60, encoder=_QUIET, sound_delay=0.8),
    Film("variable.mkv", frames=60, stamps=irregular(60), base=_MILLISECOND, encoder=_B_FRAMES, sound_delay=0.5),
    Film("variable.avi", "mpeg4", frames=60, rate=Fraction(25), sound="libmp3lame"),
    Film("ten-bits.mp4", frames=40, pixels="yuv420p10le"),
    Film("fourfold.mkv", frames=40, pixels="yuv444p"),
    Film("later.mp4", "mpeg4", frames=40, stamps=[900 + at for at in irregular(40)], base=_MILLISECOND),
    Film("turned.mov", "mpeg4", frames=30, rotation=90),
    Film("turned.mkv", frames=30, rotation=270),
    Film("pcm.mov", frames=30, sound="pcm_s16le"),
    Film("opus.mkv", frames=30, sound="libopus"),
    Film("silent.flv", "flv", frames=30, sound_delay=None),
    Film("moving.gif", "gif", frames=20, rate=Fraction(10), pixels="rgb8", sound_delay=None),
    Film("raw.h264", frames=40, rate=Fraction(25), sound_delay=None),
)


def onset(player: Player, path: Path, video: Video) -> float:
    """The second at which something is heard."""
    for sound in player.sound(path, video):
        loud = np.flatnonzero(np.abs(sound.samples) > 0.1)
        if len(loud):
            return sound.start + float(loud[0]) / 16_000
    return -1.0


@pytest.mark.parametrize("film", _FILMS, ids=lambda film: film.name)
def test_everything_keeps_its_time(player: Player, tmp_path: Path, film: Film) -> None:
    path, out = write(tmp_path, film), tmp_path / "proxy.mp4"
    video = video_of(path, player)
    assert playable(player.facts(path)).how != "file"
    seen: list[float] = []
    player.make_proxy(path, video, out, seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    made = video_of(out, player)
    assert playable(player.facts(out)).how == "file"
    assert (made.width, made.height) == (video.width, video.height)
    there, here = player.frame_times(path, video, 0, 1e6), player.frame_times(out, made, 0, 1e6)
    assert here.starts == there.starts
    for number in range(0, len(here.starts), 9):
        if not video.rotation:
            assert drawn(player.frame(out, made, here.middles[number], 288)[1]) == number
    if film.sound_delay is not None:
        assert onset(player, out, made) == pytest.approx(onset(player, path, video), abs=0.03)
        assert onset(player, out, made) == pytest.approx(film.sound_delay, abs=0.08)


def test_only_the_container_is_changed_where_that_is_enough(player: Player, tmp_path: Path) -> None:
    path, out = write(tmp_path, Film("film.mkv", frames=60, encoder=_B_FRAMES)), tmp_path / "proxy.mp4"
    assert playable(player.facts(path)).how == "remux"
    player.make_proxy(path, video_of(path, player), out)
    assert _payload(out) == _payload(path)


def _payload(path: Path) -> list[int]:
    with av.open(path) as container:
        return sorted(packet.size for packet in container.demux(video=0) if packet.size)


def test_the_index_comes_first_and_pictures_are_small(player: Player, tmp_path: Path) -> None:
    path = make_video(tmp_path / "large.mp4", [flat(BLUE, 1920, 1080)] * 5, codec="mpeg4")
    player.make_proxy(path, video_of(path, player), tmp_path / "proxy.mp4")
    data = (tmp_path / "proxy.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    made = video_of(tmp_path / "proxy.mp4", player)
    assert (made.width, made.height) == (PROXY_SIDE, 720)


def test_wide_pixels_become_square(player: Player, tmp_path: Path) -> None:
    path = make_video(tmp_path / "dv.mp4", [flat(BLUE, 160, 96)] * 5, codec="mpeg4", pixel_aspect=Fraction(3, 2))
    player.make_proxy(path, video_of(path, player), tmp_path / "proxy.mp4")
    made = video_of(tmp_path / "proxy.mp4", player)
    assert (made.width, made.height) == (240, 96)


def test_half_pictures_become_whole_ones(player: Player, tmp_path: Path) -> None:
    """A bar that moves on between the even and the odd lines, as tape recorded it."""
    pictures = []
    for number in range(40):
        picture = np.full((96, 288, 3), 40, np.uint8)
        for half in (0, 1):
            at = number * 6 + half * 3
            picture[half::2, at : at + 40] = 220
        pictures.append(picture)
    combed = {"x264-params": "tff=1", "g": "12"}
    path = make_video(tmp_path / "tape.mp4", pictures, encoder=combed)
    video = video_of(path, player)
    player.make_proxy(path, video, tmp_path / "proxy.mp4")
    made = video_of(tmp_path / "proxy.mp4", player)
    starts = player.frame_times(path, video, 0, 1e6).starts
    assert player.frame_times(tmp_path / "proxy.mp4", made, 0, 1e6).starts == starts

    def combing(of: Path, about: Video) -> float:
        found = player.frame(of, about, 0.82, 288)[1].astype(np.int16)[..., 0]
        return float(np.abs(found[2:-2:2] - found[3:-1:2]).mean())

    assert combing(tmp_path / "proxy.mp4", made) < combing(path, video) / 3


def test_gaps_in_the_sound_stay_silent(player: Player, tmp_path: Path) -> None:
    """Sound, a second of nothing at all, sound."""
    path = tmp_path / "gap.mkv"
    with av.open(path, "w") as out:
        pictures = out.add_stream("mpeg4", rate=25)
        pictures.width, pictures.height, pictures.pix_fmt = 160, 96, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=16_000, layout="mono")
        for number in range(75):
            frame = av.VideoFrame.from_ndarray(flat(BLUE), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(pictures.encode(frame))
        out.mux(pictures.encode(None))
        wave = (tone(1.0) * 32_000).astype(np.int16)
        for begin in (0, 32_000):
            for start in range(0, 16_000, 1000):
                piece = av.AudioFrame.from_ndarray(wave[None, start : start + 1000], format="s16", layout="mono")
                piece.sample_rate, piece.time_base, piece.pts = 16_000, Fraction(1, 16_000), begin + start
                out.mux(sound.encode(piece))
        out.mux(sound.encode(None))
    player.make_proxy(path, video_of(path, player), tmp_path / "proxy.mp4")
    made = video_of(tmp_path / "proxy.mp4", player)
    samples = np.concatenate([unit.samples for unit in player.sound(tmp_path / "proxy.mp4", made)])
    loud = [float(np.abs(samples[at : at + 8000]).max()) > 0.1 for at in (4000, 20_000, 36_000)]
    assert loud == [True, False, True]


def test_somebody_who_no_longer_wants_it_does_not_wait(player: Player, tmp_path: Path) -> None:
    path = make_video(tmp_path / "long.mp4", [flat(BLUE, 640, 360)] * 1500, codec="mpeg4")
    video = video_of(path, player)
    seen: list[float] = []
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        player.make_proxy(path, video, tmp_path / "proxy.mp4", seen.append, lambda: len(seen) >= 1)
    stopped = time.monotonic() - begun
    player.make_proxy(path, video, tmp_path / "proxy.mp4")
    assert stopped < time.monotonic() - begun - stopped


def test_without_h264_it_is_vp9(player: Player, tmp_path: Path) -> None:
    from dataclasses import asdict

    from pipeline.playback.proxy import ProxyJob

    path, out = write(tmp_path, Film("film.avi", "mpeg4", frames=30, sound_delay=None)), tmp_path / "proxy.mp4"
    video = video_of(path, player)
    job = ProxyJob(str(out), False, False, 288, 96, 0, video.duration, video.seconds, "libvpx-vp9")
    list(player._messages("proxy", path, video.seconds, asdict(job)))
    assert player.facts(out).video_codec == "vp9"
    starts = player.frame_times(path, video, 0, 1e6).starts
    assert player.frame_times(out, video_of(out, player), 0, 1e6).starts == starts


def test_a_full_disk_is_told(player: Player, tmp_path: Path) -> None:
    path = write(tmp_path, Film("film.avi", "mpeg4", frames=30))
    with pytest.raises(MediaError) as caught:
        player.make_proxy(path, video_of(path, player), Path("/dev/full"))
    assert caught.value.code.name == "DISK_FULL"
