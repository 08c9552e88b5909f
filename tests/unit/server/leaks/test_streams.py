"""Streams, media and kept copies end with the access to them."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
import uvicorn

from kinodex.library import Library
from kinodex.server.app import create_app
from stores.jobs.records import NewJobEvent
from stores.threads.records import NewEvent
from tests.unit.server.leaks.canaries import PASSWORD, WORD, Canaries, make

API = "/api/v1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Canaries:
    return make(tmp_path_factory.mktemp("streams"))


@pytest.fixture
def opened(made: Canaries, tmp_path: Path) -> Iterator[tuple[Library, Canaries]]:
    copy = replace(made, root=Path(shutil.copytree(made.root, tmp_path / "library")))
    with Library.open(copy.root, create=False) as library:
        yield library, copy


@contextmanager
def served(library: Library) -> Iterator[str]:
    """A real server; its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        config = uvicorn.Config(create_app(library), log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def lines_of(library: Library, made: Canaries, who: str, place: str) -> Iterator[Iterator[str]]:
    """The lines of a stream, as they come."""
    with (
        served(library) as address,
        httpx2.Client(base_url=address, headers=bearer(made, who), timeout=30) as client,
        client.stream("GET", f"{API}/{place}") as stream,
    ):
        yield stream.iter_lines()


def bearer(made: Canaries, who: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {made.keys[who]}"}


@pytest.mark.parametrize("taken", ["key", "user"])
def test_a_stream_ends_when_its_key_or_user_is_gone(opened: tuple[Library, Canaries], taken: str) -> None:
    library, made = opened
    store, user_id = library.store, made.ids["id_of_reader"]
    thread = store.threads.create("Openings", owner=user_id)
    lease = store.turns.begin(thread.thread_id, "What opens?", seen_as=store.access.seen_as(user_id))
    events: list[str] = []
    with lines_of(library, made, "reader", f"turns/{lease.turn_id}/events") as lines:
        for line in lines:
            if not line.startswith("event: "):
                continue
            events.append(line.removeprefix("event: "))
            if events == ["begun"]:
                store.turns.append(lease, [NewEvent("looking", {"tool": "search_moments"})])
            elif events[-1] == "looking":
                if taken == "key":
                    store.access.keys.remove(store.access.keys.all(user_id)[0].key_id)
                else:
                    store.access.users.remove(user_id)
                store.turns.append(lease, [NewEvent("looked", {"note": f"the {WORD}"})])
    assert events == ["begun", "looking", "error"]


def test_a_stream_tells_no_more_of_a_collection_that_is_taken_away(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    store, user_id = library.store, made.ids["id_of_reader"]
    thread = store.threads.create("Openings", owner=user_id)
    lease = store.turns.begin(thread.thread_id, "What opens?", seen_as=store.access.seen_as(user_id))
    told: list[str] = []
    with lines_of(library, made, "reader", f"turns/{lease.turn_id}/events") as lines:
        for line in lines:
            told.append(line)
            if line == "event: begun":
                store.access.collections.revoke(made.ids["collection"], user_id)
                store.turns.append(lease, [NewEvent("looked", {"note": "the harbour"})])
                store.turns.ask_to_cancel(lease.turn_id)
                store.turns.cancelled(lease, store.threads.turn(lease.turn_id).usage)
    assert "event: turn" in told
    assert "harbour" not in "\n".join(told)
    assert json.loads(told[told.index("event: turn") + 1].removeprefix("data: "))["status"] == "cancelled"


def test_a_stream_of_a_job_ends_when_its_key_is_gone(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    store, user_id = library.store, made.ids["id_of_editor"]
    for waiting in ("hidden_job", "job_of_narrow"):
        store.job_ledger.cancel(made.ids[waiting])
    store.jobs.order("tag", {"video_ids": []}, user_id)
    taken = store.job_ledger.take()
    assert taken is not None
    job, lease = taken
    store.job_ledger.append(lease, [NewJobEvent("video", {"name": "seen"})])
    told: list[str] = []
    with lines_of(library, made, "editor", f"jobs/{job.job_id}/events") as lines:
        for line in lines:
            told.append(line)
            if line == "event: video":
                store.access.keys.remove(store.access.keys.all(user_id)[0].key_id)
                store.job_ledger.append(lease, [NewJobEvent("video", {"name": "harbour"})])
    assert "event: error" in told
    assert "harbour" not in "\n".join(told)


def test_media_urls_play_one_video_for_a_while_and_nothing_else(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    video, hidden = made.ids["video"], made.ids["hidden_video"]
    with served(library) as address, httpx2.Client(base_url=address) as plain:
        made_url = plain.post(f"{API}/videos/{video}/signed", json={"path": "media"}, headers=bearer(made, "reader"))
        assert made_url.status_code == 200
        url = made_url.json()["url"]
        query = url.partition("?")[2]
        assert made.keys["reader"] not in url
        played = plain.get(url, headers={"Range": "bytes=0-3"})
        assert (played.status_code, played.content) == (206, b"00-s")
        for refused in (
            f"{API}/videos/{hidden}/media?{query}",
            f"{API}/videos/{hidden}/thumbnails/000000004000.jpg?{query}",
            f"{API}/videos/{video}?{query}",
            f"{API}/videos/{video}/timeline?{query}",
            f"{API}/videos?{query}",
            f"{API}/me?{query}",
            f"{API}/search?q=harbour&{query}",
            url.replace("signature=", "signature=0"),
            url.replace("expires=1", "expires=2"),
        ):
            assert plain.get(refused).status_code == 401, refused
        assert plain.post(f"{API}/videos/{video}/proxy?{query}").status_code == 401
        library.store.access.collections.revoke(made.ids["collection"], made.ids["id_of_reader"])
        assert plain.get(url).status_code == 404
        library.store.access.users.remove(made.ids["id_of_reader"])
        assert plain.get(url).status_code == 401


def test_a_kept_copy_is_no_longer_confirmed(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    video = made.ids["video"]
    places = (f"videos/{video}", f"videos/{video}/timeline", f"videos/{video}/lines", "videos", "status")
    places += (f"videos/{video}/media", f"videos/{video}/thumbnails/000000004000.jpg", "evidence?id=utt_00-seen_0")
    with served(library) as address, httpx2.Client(base_url=address, headers=bearer(made, "reader")) as client:
        tags = {}
        for place in places:
            first = client.get(f"{API}/{place}")
            assert first.status_code == 200, place
            assert "private" in first.headers["cache-control"], place
            tags[place] = first.headers["etag"]
            again = client.get(f"{API}/{place}", headers={"If-None-Match": tags[place]})
            assert again.status_code == 304, place
        library.store.access.collections.revoke(made.ids["collection"], made.ids["id_of_reader"])
        for place in places:
            after = client.get(f"{API}/{place}", headers={"If-None-Match": tags[place]})
            assert after.status_code in (200, 404), place
            assert "harbour" not in after.text


def test_what_happens_to_hidden_videos_changes_no_etag(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    video = made.ids["video"]
    places = (f"videos/{video}/timeline", "evidence?id=utt_00-seen_0", "videos", "status")
    with served(library) as address, httpx2.Client(base_url=address, headers=bearer(made, "reader")) as client:
        before = [client.get(f"{API}/{place}").headers["etag"] for place in places]
        library.forget(made.ids["hidden_video"])
        assert [client.get(f"{API}/{place}").headers["etag"] for place in places] == before


def test_a_session_is_as_good_as_a_key_and_as_narrow(opened: tuple[Library, Canaries]) -> None:
    library, made = opened
    with served(library) as address, httpx2.Client(base_url=address) as client:
        assert client.post(f"{API}/login", json={"name": "Rea", "password": PASSWORD}).status_code == 200
        assert client.get(f"{API}/videos/{made.ids['video']}/media").status_code == 200
        assert client.get(f"{API}/videos/{made.ids['hidden_video']}/media").status_code == 404
