"""Media over HTTP: ranges, proxies, exact frames, pictures; what is missing or has changed is told."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import httpx2
import numpy as np
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.server.events import Streams
from kinodex.server.routes.media import sent
from kinodex.usecases.playback import files
from kinodex.usecases.playback.playback import Served
from kinodex.views.media import playback_of
from pipeline.decode.decoder import Decoder
from pipeline.playback.player import Player
from stores.core.ids import sha256_of
from stores.core.records import Blob, Span, Utterance, Video
from tests.browser.films import Film, write
from tests.browser.served import add
from tests.unit.server.serving import served as served_app
from tests.unit.stores.builders import begun, put

_FILMS = (
    Film("plays.mp4", frames=90),
    Film("hevc.mkv", "libx265", frames=90, encoder=(("x265-params", "log-level=none"),)),
    Film("long.avi", "mpeg4", frames=4000, rate=Fraction(25), sound_delay=None),
    Film("silent.mp4", frames=30, sound_delay=None),
)


class Server:
    def __init__(self, library: Library, folder: Path) -> None:
        self.library, self.folder = library, folder
        self.client = TestClient(create_app(library), base_url="http://127.0.0.1:8730")
        with Decoder() as decoder:
            self.ids = {film.name: add(library.store, folder / film.name, decoder) for film in _FILMS}

    def url(self, name: str, what: str) -> str:
        return f"/api/v1/videos/{self.ids[name]}/{what}"

    def get(self, name: str, what: str, **headers: str) -> Any:
        return self.client.get(self.url(name, what), headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, name: str, what: str) -> Any:
        return self.client.post(self.url(name, what))

    def proxied(self, name: str) -> dict[str, Any]:
        until = time.monotonic() + 60
        while (now := self.get(name, "proxy").json())["state"] in ("waiting", "running"):
            assert time.monotonic() < until
            time.sleep(0.02)
        return dict(now)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for film in _FILMS:
        write(folder, film)
    return folder


@pytest.fixture
def server(written: Path, tmp_path: Path) -> Iterator[Server]:
    films = Path(shutil.copytree(written, tmp_path / "films"))
    with Library.open(tmp_path / "library", create=True) as library:
        yield Server(library, films)


def test_a_file_is_sent_whole_and_by_range(server: Server) -> None:
    whole = (server.folder / "plays.mp4").read_bytes()
    answer = server.get("plays.mp4", "media")
    assert (answer.status_code, answer.content) == (200, whole)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"].startswith("private")
    tag = answer.headers["etag"]
    for asked, some in (("bytes=10-19", whole[10:20]), ("bytes=-7", whole[-7:]), ("bytes=100-", whole[100:])):
        answer = server.get("plays.mp4", "media", range=asked)
        assert (answer.status_code, answer.content) == (206, some)
        assert answer.headers["etag"] == tag
    head = server.client.head(server.url("plays.mp4", "media"))
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(whole)))
    assert server.get("plays.mp4", "media", if_none_match=tag).status_code == 304
    assert server.get("plays.mp4", "media", range="bytes=0-9", if_range=tag).status_code == 206
    assert server.get("plays.mp4", "media", range="bytes=0-9", if_range='"other"').status_code == 200
    beyond = server.get("plays.mp4", "media", range=f"bytes={len(whole)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    both = server.get("plays.mp4", "media", range="bytes=0-3,8-11")
    assert both.status_code == 206
    assert both.headers["content-type"].startswith("multipart/byteranges")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=a-b", "lines=1-2", "bytes=", "bytes=-", "bytes=1-2," * 200])
def test_a_range_that_makes_no_sense_is_told(server: Server, asked: str) -> None:
    answer = server.get("plays.mp4", "media", range=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")


def test_a_file_that_is_gone_or_another_one(server: Server) -> None:
    path = server.folder / "plays.mp4"
    kept = path.read_bytes()
    os.utime(path)  # only touched: the same content
    assert server.get("plays.mp4", "media", range="bytes=0-1").status_code == 206
    path.write_bytes(kept[:-1])
    for what in ("media", "frames", "frame?t=0.5", "peaks"):
        answer = server.get("plays.mp4", what)
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT"), what
    playback = server.client.get(f"/api/v1/videos/{server.ids['plays.mp4']}").json()["playback"]
    assert (playback["how"], playback["fault"]["code"]) == ("none", "CONFLICT")
    path.write_bytes(kept[:-1] + b"!")
    assert server.get("plays.mp4", "media").json()["code"] == "CONFLICT"
    path.unlink()
    for what in ("media", "frames", "frame?t=0.5", "peaks"):
        answer = server.get("plays.mp4", what)
        assert (answer.status_code, answer.json()["code"]) == (404, "FILE_MISSING"), what
        assert str(server.folder) not in answer.text
    assert server.post("plays.mp4", "proxy").json()["code"] == "FILE_MISSING"
    copy = server.folder / "copy.mp4"
    copy.write_bytes(kept)
    with Decoder() as decoder:
        assert add(server.library.store, copy, decoder) == server.ids["plays.mp4"]
    assert server.get("plays.mp4", "media").content == kept


@pytest.mark.parametrize("becomes", ["shorter", "gone"])
def test_a_file_that_changes_while_it_is_sent(tmp_path: Path, caplog: pytest.LogCaptureFixture, becomes: str) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(bytes(30_000_000))
    app = FastAPI()
    app.state.streams = Streams()

    @app.get("/film")
    def film(request: Request) -> Response:
        served = Served(path, "video/mp4", "tag", path.stat())
        if becomes == "gone":
            path.unlink()
        return sent(request, served)

    with served_app(app) as running, running.client.stream("GET", "/film") as answer:
        assert answer.headers["content-length"] == "30000000"
        if becomes == "shorter":
            os.truncate(path, 1000)
        with pytest.raises(httpx2.RemoteProtocolError):
            answer.read()
    assert "'film.mp4' changed while it was sent" in caplog.text
    assert not any(record.exc_info for record in caplog.records)


def test_who_waits_for_a_large_file_to_be_compared_is_told_to_come_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, over = threading.Event(), threading.Event()

    def slow(path: Path) -> str:
        begun.set()
        assert over.wait(30)
        return sha256_of(path)

    monkeypatch.setattr(files, "sha256_of", slow)
    monkeypatch.setattr(files, "_PATIENCE", 0.05)
    os.utime(server.folder / "plays.mp4", ns=(1, 12345))
    first: list[Any] = []
    asking = threading.Thread(target=lambda: first.append(server.get("plays.mp4", "media")))
    asking.start()
    assert begun.wait(30)
    answer = server.get("plays.mp4", "media")
    assert (answer.status_code, answer.json()["code"]) == (429, "TOO_MANY_REQUESTS")
    assert server.get("silent.mp4", "media").status_code == 200
    over.set()
    asking.join(30)
    assert (first[0].status_code, first[0].headers["content-type"]) == (200, "video/mp4")
    assert server.get("plays.mp4", "media").status_code == 200


def test_a_type_is_never_wrong_because_players_are_busy(server: Server) -> None:
    players = playback_of(server.library).players
    with ExitStack() as stack:
        while players._inside.acquire(blocking=False):
            stack.callback(players._inside.release)
        assert server.get("plays.mp4", "media").status_code == 429
    assert server.get("plays.mp4", "media").headers["content-type"] == "video/mp4"


def test_what_does_not_exist(server: Server) -> None:
    server.ids["nobody"] = "vid_nobody"
    store = server.library.store
    for what in ("media", "proxy", "proxy/media", "frames", "frame", "sprites", "sprites/0.jpg", "peaks"):
        answer = server.get("nobody", what)
        assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_VIDEO"), what
    assert server.get("nobody", "captions.vtt").status_code == 404
    assert server.get("nobody", "thumbnails/000000000000.jpg").status_code == 404
    for what in ("thumbnails/000000000000.jpg", "sprites/9.jpg", "sprites/-1.jpg", "proxy/media"):
        assert server.get("plays.mp4", what).json()["code"] == "NOT_FOUND", what
    assert store.derived.size() == 0


_MEDIA = (
    *("media", "proxy", "proxy/media", "frames", "frame", "thumbnails/000000000000.jpg"),
    *("sprites", "sprites/0.jpg", "peaks", "captions.vtt"),
)


def test_nothing_of_a_video_that_is_not_theirs(server: Server) -> None:
    put(
        server.library.store,
        server.ids["plays.mp4"],
        "thumbnails",
        blobs=[Blob("000000000000.jpg", b"\xff\xd8 a picture")],
    )
    server.post("hevc.mkv", "proxy")
    server.proxied("hevc.mkv")
    tags = {what: server.get("plays.mp4", what).headers.get("etag", "*") for what in _MEDIA}
    server.library.store.access.users.add("Ada", "correct horse battery", everything=True)
    for what in _MEDIA:
        assert server.get("plays.mp4", what).status_code == 401, what
    server.library.store.access.users.add("Eve", "correct horse battery")
    login = {"name": "Eve", "password": "correct horse battery"}
    assert server.client.post("/api/v1/login", json=login).status_code == 200
    for what in _MEDIA:
        for name in ("plays.mp4", "hevc.mkv"):
            answer = server.get(name, what, if_none_match=tags[what], range="bytes=0-1")
            assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_VIDEO"), what
            assert name not in answer.text
    for what in ("proxy", "proxy/cancel"):
        assert server.post("hevc.mkv", what).json()["code"] == "UNKNOWN_VIDEO"


def test_how_a_video_is_played(server: Server) -> None:
    def how(name: str) -> Any:
        return server.client.get(f"/api/v1/videos/{server.ids[name]}").json()["playback"]

    found = how("plays.mp4")
    assert (found["how"], found["mime"], found["reason"]) == ("file", "video/mp4", "")
    assert server.client.get(found["url"]).status_code == 200
    assert server.get("hevc.mkv", "media").headers["content-type"] == "application/octet-stream"
    found = how("hevc.mkv")
    assert (found["how"], found["url"]) == ("proxy", None)
    assert "matroska" in found["reason"]
    server.post("hevc.mkv", "proxy")
    assert server.proxied("hevc.mkv")["state"] == "done"
    found = how("hevc.mkv")
    assert (found["how"], found["mime"]) == ("proxy", "video/mp4")
    assert server.client.get(found["url"], headers={"Range": "bytes=4-7"}).content == b"ftyp"
    (server.folder / "silent.mp4").unlink()
    found = how("silent.mp4")
    assert (found["how"], found["url"]) == ("none", None)
    assert "silent.mp4" in found["reason"]


def test_a_proxy_is_made_once_and_outlives_its_file(server: Server) -> None:
    assert server.get("hevc.mkv", "proxy").json() == {"state": "none", "progress": 0.0, "url": None, "fault": None}
    assert server.post("hevc.mkv", "proxy").status_code == 202
    assert server.post("hevc.mkv", "proxy").json()["state"] in ("waiting", "running")
    done = server.proxied("hevc.mkv")
    assert (done["state"], done["progress"]) == ("done", 1.0)
    first = server.client.head(done["url"]).headers
    assert server.post("hevc.mkv", "proxy").json() == done
    (server.folder / "hevc.mkv").unlink()
    again = server.client.get(done["url"], headers={"Range": "bytes=0-", "If-Range": first["etag"]})
    assert (again.status_code, again.headers["etag"]) == (206, first["etag"])


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversion of the long film waits at its first report until it is cancelled: a fast machine may be done."""
    real = Player.make_proxy

    def make_proxy(self: Player, path: Path, video: Video, out: Path, told: Any, cancelled: Callable[[], bool]) -> None:
        def progressed(done: float) -> None:
            told(max(done, 0.01))
            until = time.monotonic() + 30
            while path.name == "long.avi" and not cancelled() and time.monotonic() < until:
                time.sleep(0.01)

        real(self, path, video, out, progressed, cancelled)

    monkeypatch.setattr(Player, "make_proxy", make_proxy)


@pytest.mark.usefixtures("held")
def test_one_at_a_time_and_cancelled_at_once(server: Server) -> None:
    server.post("long.avi", "proxy")
    server.post("hevc.mkv", "proxy")
    assert server.get("hevc.mkv", "proxy").json()["state"] == "waiting"
    until = time.monotonic() + 30
    while not (now := server.get("long.avi", "proxy").json())["progress"]:
        assert now["state"] in ("waiting", "running")
        assert time.monotonic() < until
        time.sleep(0.01)
    assert server.post("long.avi", "proxy/cancel").json()["state"] == "cancelled"
    assert server.proxied("hevc.mkv")["state"] == "done"
    assert server.get("long.avi", "proxy").json()["state"] == "cancelled"
    left = server.library.store.derived.root / server.ids["long.avi"]
    assert [path.name for path in left.iterdir() if not path.name.startswith(".lock-")] == []
    assert server.post("long.avi", "proxy").json()["state"] in ("waiting", "running")
    server.post("long.avi", "proxy/cancel")


def test_a_proxy_that_had_to_make_room_can_be_made_again(server: Server) -> None:
    server.post("hevc.mkv", "proxy")
    server.proxied("hevc.mkv")
    server.library.store.derived.trim(0)
    assert server.get("hevc.mkv", "proxy").json()["state"] == "none"
    assert server.get("hevc.mkv", "proxy/media").status_code == 404
    server.post("hevc.mkv", "proxy")
    assert server.proxied("hevc.mkv")["state"] == "done"


@pytest.mark.usefixtures("held")
def test_a_closed_library_stops_what_is_being_made(written: Path, tmp_path: Path) -> None:
    films = Path(shutil.copytree(written, tmp_path / "films"))
    with Library.open(tmp_path / "library", create=True) as library:
        server = Server(library, films)
        server.post("long.avi", "proxy")
        while not server.get("long.avi", "proxy").json()["progress"]:
            time.sleep(0.01)
        begun = time.monotonic()
    assert time.monotonic() - begun < 20
    assert not [path for path in tmp_path.glob("library/playback/*/*") if not path.name.startswith(".lock-")]


def test_frames(server: Server) -> None:
    listed = server.get("plays.mp4", "frames?start=1&end=1.5").json()
    assert listed["exact"]
    assert listed["starts"][0] <= 1 < listed["starts"][1]
    assert all(a < middle for a, middle in zip(listed["starts"], listed["times"], strict=True))
    picture = server.get("plays.mp4", f"frame?t={listed['times'][0]}&width=96")
    assert picture.headers["content-type"] == "image/jpeg"
    assert cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR).shape == (32, 96, 3)
    tag = picture.headers["etag"]
    assert server.get("plays.mp4", f"frame?t={listed['times'][0]}&width=96", if_none_match=tag).status_code == 304
    assert server.get("plays.mp4", f"frame?t={listed['times'][1]}&width=96").headers["etag"] != tag
    assert server.get("plays.mp4", "frames?start=0&end=9999").json()["code"] == "TOO_LARGE"
    # There is nothing behind the end.
    assert server.get("plays.mp4", "frames?start=1000").json()["times"] == []
    assert server.get("plays.mp4", "frames?start=1e9&end=1e9").json()["times"] == []
    bad = ("start=nan", "start=-1", "start=5&end=1", "start=1e22", "start=0&end=inf", f"start={'9' * 300}")
    for what in (*(f"frames?{one}" for one in bad), "frame?t=inf", "frame?t=1e22", "frame?width=0"):
        assert server.get("plays.mp4", what).status_code == 400, what


def test_pictures_for_hovering_from_thumbnails_and_without(server: Server) -> None:
    looked_up = server.get("plays.mp4", "sprites").json()
    assert looked_up["tiles"] == len(looked_up["times"]) == 2
    sheet = cv2.imdecode(np.frombuffer(server.client.get(looked_up["urls"][0]).content, np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (looked_up["height"], 2 * looked_up["width"], 3)
    video_id = server.ids["silent.mp4"]
    time_base = server.library.store.catalog.video(video_id).time_base
    blobs = []
    for number in range(1300):
        grey = np.full((96, 288, 3), number % 250, np.uint8)
        blobs.append(Blob(f"{round(number * 2 / time_base):012d}.jpg", cv2.imencode(".jpg", grey)[1].tobytes()))
    put(server.library.store, video_id, "thumbnails", blobs=blobs)
    found = server.get("silent.mp4", "sprites").json()
    assert (found["tiles"], found["columns"], found["per_sheet"], len(found["urls"])) == (434, 10, 100, 5)
    assert found["times"][:3] == [0.0, 6.0, 12.0]
    assert found["step"] == 6.0
    last = server.client.get(found["urls"][4])
    sheet = cv2.imdecode(np.frombuffer(last.content, np.uint8), cv2.IMREAD_COLOR)
    assert sheet.shape == (4 * found["height"], 10 * found["width"], 3)
    middle = sheet[found["height"] // 2, found["width"] // 2]
    assert abs(int(middle[0]) - 1200 % 250) < 6
    assert server.client.get(found["urls"][4], headers={"If-None-Match": last.headers["etag"]}).status_code == 304
    (server.folder / "silent.mp4").unlink()
    assert server.client.get(found["urls"][0]).status_code == 200  # stored pictures need no file
    name = blobs[3].name
    assert server.get("silent.mp4", f"thumbnails/{name}").content == blobs[3].data


def test_the_shape_of_the_sound(server: Server) -> None:
    found = server.get("plays.mp4", "peaks?buckets=30").json()
    assert len(found["peaks"]) == 30
    assert found["step"] * 30 == pytest.approx(found["seconds"])
    assert all(-1 <= low <= 0 <= high <= 1 for low, high in found["peaks"])
    assert max(high for _, high in found["peaks"]) > 0.4
    assert server.get("silent.mp4", "peaks").json()["peaks"] == []


def test_captions_are_text_and_never_markup(server: Server) -> None:
    video_id = server.ids["plays.mp4"]
    base = server.library.store.catalog.video(video_id).time_base
    lines = [
        Utterance("utt_2", Span(round(2 / base), round(3 / base), base), "Later <b>on</b> & --> here", "en", 0.9),
        Utterance("utt_1", Span(0, round(1.5 / base), base), "早上好\n\nall", "zh", 0.9),
    ]
    put(server.library.store, video_id, "speech", *lines)
    answer = server.get("plays.mp4", "captions.vtt")
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8"
    assert answer.text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n早上好 all\n\n"
        "00:00:02.000 --> 00:00:03.000\nLater &lt;b&gt;on&lt;/b&gt; &amp; --&gt; here\n"
    )


def test_a_video_that_was_never_understood_says_why(server: Server) -> None:
    store = server.library.store
    path = server.folder / "letter.mp4"
    path.write_bytes(b"not a video " * 100)
    video_id = store.catalog.register(path, "5" * 64, path.stat().st_size, path.stat().st_mtime_ns)
    server.ids["letter.mp4"] = video_id
    for what in ("frames", "frame", "sprites", "peaks"):
        assert server.get("letter.mp4", what).json()["code"] == "CONFLICT"
    store.ledger.fail(begun(store, video_id, "probe"), "NOT_MEDIA", "'letter.mp4' is no video.")
    for what in ("frames", "frame", "sprites", "peaks"):
        answer = server.get("letter.mp4", what)
        assert (answer.status_code, answer.json()["code"]) == (415, "NOT_MEDIA"), what
    assert server.post("letter.mp4", "proxy").status_code == 415
    assert server.get("letter.mp4", "media").content == path.read_bytes()
