"""Every frame that is asked for is the one that Chromium shows."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest

from kinodex.library import Library
from pipeline.decode.decoder import Decoder
from tests.browser import films
from tests.browser.films import Film, irregular
from tests.browser.player import BarePlayer
from tests.browser.served import add, serving

pytestmark = pytest.mark.browser

_ASKED = 49
_WITH_B_FRAMES = (("bf", "3"), ("g", "48"), ("preset", "veryfast"))
_QUIET = (("x265-params", "log-level=none:keyint=48"),)
_MILLISECOND = Fraction(1, 1000)

AS_THEY_ARE = (
    Film("constant.mp4", encoder=_WITH_B_FRAMES),
    Film("variable.mp4", stamps=irregular(240), base=_MILLISECOND, encoder=_WITH_B_FRAMES, sound_delay=0.7),
    Film("late.mp4", stamps=[900 + at for at in irregular(120, 3)], base=_MILLISECOND, frames=120),
    Film("film.mov", frames=120, sound_delay=None, encoder=_WITH_B_FRAMES),
    Film("vp9.webm", "libvpx-vp9", frames=120, rate=Fraction(25), sound="libopus", encoder=(("deadline", "realtime"),)),
)
CONVERTED = (
    Film("hevc.mp4", "libx265", frames=150, encoder=_QUIET),
    Film("ten-bits.mp4", "libx264", frames=150, pixels="yuv420p10le", encoder=_WITH_B_FRAMES),
    Film("ten-bits-hevc.mkv", "libx265", frames=150, pixels="yuv420p10le", encoder=_QUIET, sound_delay=0.4),
    Film("part2.avi", "mpeg4", frames=150, rate=Fraction(25), sound="libmp3lame"),
    Film("part2.mp4", "mpeg4", frames=150, rate=Fraction(25), encoder=(("bf", "2"),)),
    Film("variable.mkv", frames=150, stamps=irregular(150, 5), base=_MILLISECOND, encoder=_WITH_B_FRAMES),
    Film("mpeg2.ts", "mpeg2video", frames=150, rate=Fraction(25), sound="mp2", encoder=(("bf", "2"), ("b", "3000000"))),
    Film("prores.mov", "prores", frames=60, rate=Fraction(24), pixels="yuv422p10le", sound="pcm_s16le"),
    Film("h264.ts", frames=120, rate=Fraction(25), encoder=_WITH_B_FRAMES),
    Film("offset.mp4", frames=120, stamps=[2000 + at for at in irregular(120, 9)], base=_MILLISECOND, sound_delay=2.4),
    Film("wmv.wmv", "wmv2", frames=120, rate=Fraction(25), sound="wmav2", encoder=(("b", "2000000"),)),
)


EDITED = Film("edited.mp4", frames=150, sound_delay=None, encoder=_WITH_B_FRAMES)
TURNED = (
    Film("turned.mp4", frames=30, rotation=90),
    Film("turned.mkv", "libx265", frames=30, rotation=90, encoder=_QUIET),
)


class Cinema:
    """A served library of films."""

    def __init__(self, address: str, ids: dict[str, str], page: Any) -> None:
        self.ids = ids
        self.http = httpx.Client(base_url=address, timeout=60)
        self.player = BarePlayer(page, address)

    def url(self, name: str, what: str = "") -> str:
        return f"/api/v1/videos/{self.ids[name]}{what}"

    def get(self, name: str, what: str) -> Any:
        answer = self.http.get(self.url(name, what))
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Cinema]:
    folder = tmp_path_factory.mktemp("cinema")
    with Library.open(folder / "library", create=True) as library:
        with Decoder() as decoder:
            written = [films.write(folder, film) for film in (*AS_THEY_ARE, *CONVERTED, EDITED, *TURNED)]
            films.cut_at_start(folder / EDITED.name, 30 * 1001, 1001)
            ids = {path.name: add(library.store, path, decoder) for path in written}
        with serving(library) as address:
            page = browser.new_page()
            made = Cinema(address, ids, page)
            yield made
            made.http.close()
            page.close()


def converted(cinema: Cinema, name: str) -> str:
    """The url of a film's proxy, once it is made."""
    assert cinema.http.post(cinema.url(name, "/proxy")).status_code == 202
    until = time.monotonic() + 60
    while (now := cinema.get(name, "/proxy"))["state"] in ("waiting", "running"):
        assert time.monotonic() < until, now
        time.sleep(0.05)
    assert now["state"] == "done", now
    return str(now["url"])


def check(cinema: Cinema, film: Film, url: str) -> None:
    listed = cinema.get(film.name, "/frames?end=600")
    numbers = list(range(len(listed["times"])))
    assert len(numbers) >= film.frames - 3  # an encoder may leave out the last ones
    loaded = cinema.player.load(url)
    assert loaded["seconds"] >= listed["starts"][-1]
    asked = random.Random(1).sample(numbers, min(_ASKED, len(numbers)))
    wrong = []
    for number in asked:
        shown, drawn = cinema.player.at(listed["times"][number])
        # The browser's own time of the frame; it tells none if that is the one that it has shown since it loaded.
        late = abs(shown - listed["starts"][number]) if shown is not None else float(number > 0)
        if drawn != number or late > 0.002:
            wrong.append((number, drawn, listed["starts"][number], shown))
    assert not wrong, f"{len(wrong)} of {len(asked)}"


@pytest.mark.parametrize("film", AS_THEY_ARE, ids=lambda film: film.name)
def test_every_frame_asked_is_the_frame_shown(cinema: Cinema, film: Film) -> None:
    check(cinema, film, cinema.url(film.name, "/media"))


@pytest.mark.parametrize("film", CONVERTED, ids=lambda film: film.name)
def test_what_browsers_do_not_play_plays_after_conversion_frame_by_frame(cinema: Cinema, film: Film) -> None:
    url = converted(cinema, film.name)
    check(cinema, film, url)
    cinema.player.at(0.5)
    played = cinema.player.play(0.6)
    assert played["played"] >= 0.5
    assert played["frames"] > 5
    assert played["sound"] > 0


def test_frames_that_an_edit_list_leaves_out_are_neither_listed_nor_shown(cinema: Cinema) -> None:
    listed = cinema.get(EDITED.name, "/frames?end=600")
    assert len(listed["times"]) == 120
    cinema.player.load(cinema.url(EDITED.name, "/media"))
    for number in range(0, 120, 7):
        assert cinema.player.at(listed["times"][number])[1] == number + 30


@pytest.mark.parametrize("film", TURNED, ids=lambda film: film.name)
def test_a_turned_video_is_shown_upright(cinema: Cinema, film: Film) -> None:
    url = cinema.url(film.name, "/media") if film.name == "turned.mp4" else converted(cinema, film.name)
    loaded = cinema.player.load(url)
    assert (loaded["width"], loaded["height"]) == films.SIZE[::-1]


@pytest.mark.parametrize("name", ["constant.mp4", "variable.mp4"])
def test_a_citation_starts_within_one_frame(cinema: Cinema, name: str) -> None:
    listed = cinema.get(name, "/frames?end=600")
    ends = [*listed["starts"][1:], listed["end"]]
    cinema.player.load(cinema.url(name, "/media"))
    for number in range(5, 200, 13):
        start = listed["starts"][number]
        _, drawn = cinema.player.at(start)
        assert abs(drawn - number) <= 1, (start, ends[number])


def test_the_picture_of_a_frame_is_the_frame_shown(cinema: Cinema, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    listed = cinema.get("variable.mp4", "/frames?end=600")
    for number in range(0, 240, 17):
        url = cinema.url("variable.mp4", f"/frame?t={listed['times'][number]}&width={films.SIZE[0]}")
        jpeg = cinema.http.get(url).content
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
        middles = [picture[films.BLOCK, bit * films.BLOCK + films.BLOCK // 2] for bit in range(films.BITS)]
        assert sum(1 << bit for bit, light in enumerate(middles) if light > 128) == number
