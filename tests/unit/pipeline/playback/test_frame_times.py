"""The times of frames are those at which a decoder presents them, whatever the container says about its rate."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from pipeline.decode.frames import Sampling
from pipeline.playback.player import Player
from tests.browser.films import Film, cut_at_start, irregular, write
from tests.unit.pipeline.media import video_of

_MILLISECOND = Fraction(1, 1000)
_B_FRAMES = (("bf", "3"), ("g", "12"), ("preset", "veryfast"))
_FILMS = (
    Film("constant.mp4", frames=100, encoder=_B_FRAMES),
    Film("variable.mp4", frames=100, stamps=irregular(100), base=_MILLISECOND, encoder=_B_FRAMES),
    Film("late.mp4", frames=60, stamps=[900 + at for at in irregular(60)], base=_MILLISECOND),
    Film("open-groups.mkv", "libx265", frames=90, encoder=(("x265-params", "log-level=none:keyint=20:open-gop=1"),)),
    Film("part2.avi", "mpeg4", frames=60, rate=Fraction(25), sound="libmp3lame"),
    Film("packed.avi", "mpeg4", frames=60, rate=Fraction(25), sound_delay=None, encoder=(("bf", "2"),)),
    Film("reordered.avi", frames=60, rate=Fraction(25), sound_delay=None, encoder=_B_FRAMES),
    Film("stream.ts", frames=60, rate=Fraction(25), encoder=_B_FRAMES),
    Film("raw.h264", frames=60, rate=Fraction(25), sound_delay=None),
    Film("film.webm", "libvpx-vp9", frames=50, rate=Fraction(25), sound="libopus", encoder=(("deadline", "realtime"),)),
    Film("moving.gif", "gif", frames=20, rate=Fraction(10), pixels="rgb8", sound_delay=None),
)


def decoded(player: Player, path: Path) -> list[Fraction]:
    """Seconds of every frame, as the pass over a video counts them."""
    video = video_of(path, player)
    batches = player.frames(path, video, [Sampling("every", None, 64)])
    return [tick * video.time_base for batch in batches for tick in batch.ticks.tolist()]


@pytest.mark.parametrize("film", _FILMS, ids=lambda film: film.name)
def test_all_frames_as_a_decoder_presents_them(player: Player, tmp_path: Path, film: Film) -> None:
    path = write(tmp_path, film)
    video = video_of(path, player)
    found = player.frame_times(path, video, 0.0, 1e6)
    assert list(found.starts) == decoded(player, path)
    ends = [*found.starts[1:], found.end]
    assert all(a < middle < b for a, middle, b in zip(found.starts, found.middles, ends, strict=True))


@pytest.mark.parametrize("film", _FILMS, ids=lambda film: film.name)
def test_a_part_lists_just_what_is_shown_in_it(player: Player, tmp_path: Path, film: Film) -> None:
    path = write(tmp_path, film)
    video = video_of(path, player)
    whole = decoded(player, path)
    ends = [*whole[1:], player.frame_times(path, video, 0.0, 1e6).end]
    for start, end in ((0.0, 0.5), (0.61, 0.94), (1.21, 1.21), (video.seconds - 0.3, video.seconds)):
        wanted = [a for a, b in zip(whole, ends, strict=True) if b > start + 1e-6 and (a < end - 1e-6 or a <= start)]
        assert list(player.frame_times(path, video, start, end).starts) == wanted, (start, end)


def test_frames_that_an_edit_list_leaves_out_are_not_there(player: Player, tmp_path: Path) -> None:
    film = Film("edited.mp4", frames=90, sound_delay=None, encoder=(("bf", "3"), ("g", "48")))
    path = cut_at_start(write(tmp_path, film), 30 * 1001, 1001)
    found = player.frame_times(path, video_of(path, player), 0.0, 1e6)
    assert list(found.starts) == decoded(player, path)
    assert len(found.starts) == 60
    assert found.starts[0] == 0


@pytest.mark.parametrize("film", _FILMS[:-1], ids=lambda film: film.name)
def test_the_frame_of_a_time_is_the_one_that_is_shown_then(player: Player, tmp_path: Path, film: Film) -> None:
    path = write(tmp_path, film)
    video = video_of(path, player)
    found = player.frame_times(path, video, 0.0, 1e6)
    for number in range(0, len(found.starts), 7):
        for t in (found.middles[number], float(found.starts[number])):
            start, picture = player.frame(path, video, t, 288)
            assert start == float(found.starts[number])
            # An AVI does not say when reordered frames are shown: the pass over a video leaves some of them out.
            assert drawn(picture) == number or film.name == "reordered.avi"


def test_times_outside_of_the_video(player: Player, tmp_path: Path) -> None:
    path = write(tmp_path, _FILMS[2])
    video = video_of(path, player)
    assert drawn(player.frame(path, video, 0.0, 288)[1]) == 0  # nothing is shown yet: the first frame
    assert drawn(player.frame(path, video, 1e5, 288)[1]) >= 57
    assert player.frame_times(path, video, 1e5, 2e5).starts == ()


def test_pictures_are_turned_and_never_enlarged(player: Player, tmp_path: Path) -> None:
    path = write(tmp_path, Film("turned.mp4", frames=10, rotation=90))
    video = video_of(path, player)
    assert player.frame(path, video, 0.1, 4000)[1].shape == (288, 96, 3)
    assert player.frame(path, video, 0.1, 48)[1].shape == (144, 48, 3)
    assert player.frame_jpeg(path, video, 0.1, 48).startswith(b"\xff\xd8")


def drawn(picture: object) -> int:
    """The number that a frame shows."""
    row = picture[24, 12::24, 0]  # type: ignore[index]
    return sum(1 << bit for bit, light in enumerate(row) if light > 128)
