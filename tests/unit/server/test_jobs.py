"""Jobs through HTTP: ordered, followed, ended, repeated; and what a principal may not order or see."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from kinodex.jobs.supervisor import WorkerProcess
from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.server.asking import principal_of
from kinodex.settings import ServerSettings
from kinodex.views.library_view import LibraryView
from stores.access.records import VideoSet
from stores.core.principal import OWNER, Principal
from stores.jobs.records import JobEvent, NewJobEvent
from tests.amount import full_only
from tests.unit.jobs.films import make_films
from tests.unit.jobs.test_worker import ended, until
from tests.unit.server.test_running import serving

ANNA = Principal("usr_anna", "anna", frozenset(("read", "jobs")))
OTTO = Principal("usr_otto", "otto", frozenset(("read", "jobs")))
SEEING = Principal("", "mia", frozenset(("read", "jobs")), everything=True)
READER = Principal("usr_eve", "eve", frozenset(("read",)))


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library", workers=2) as opened:
        yield opened


class Server:
    """One app, asked by different people."""

    def __init__(self, library: Library) -> None:
        self.app = create_app(library)
        self.client = TestClient(self.app, base_url="http://127.0.0.1:8730", raise_server_exceptions=False)

    def by(self, who: Principal) -> Server:
        self.app.dependency_overrides[principal_of] = lambda: who
        return self

    def get(self, place: str, status: int = 200, **params: Any) -> Any:
        answer = self.client.get(f"/api/v1{place}", params=params)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, place: str, body: object = None, status: int = 200, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.client.post(f"/api/v1{place}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
def server(library: Library) -> Server:
    return Server(library).by(OWNER)


def stream(server: Server, job_id: str, after: int | None = None) -> list[tuple[int, str, Any]]:
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    with server.client.stream("GET", f"/api/v1/jobs/{job_id}/events", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = "".join(answer.iter_text())
    events = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":"))
        if "event" in fields and "id" in fields:
            data = json.loads(fields["data"])
            assert data.pop("at") > 0
            events.append((int(fields["id"]), fields["event"], data))
    return events


def test_a_folder_is_chosen_planned_ingested_and_followed(server: Server, library: Library, tmp_path: Path) -> None:
    films = make_films(tmp_path / "films", 2)
    (films / "notes.txt").write_text("no video")
    (films / "broken.mp4").write_bytes(b"nothing that plays" * 100)
    (films / ".hidden").mkdir()
    listing = server.get("/folders", path=str(films))
    assert [one["name"] for one in listing["files"]] == ["broken.mp4", "film00.mp4", "film01.mp4"]
    assert (listing["folders"], listing["parent"]) == ([], str(tmp_path))
    order = {"kind": "ingest", "paths": [str(films)]}
    plan = server.post("/jobs/plan", order)
    assert (plan["inputs"], plan["videos"], plan["problems"][0]["name"]) == (3, 2, "broken.mp4")
    made = server.post("/jobs", order, 202, key="a")
    job_id = made["job_id"]
    assert (made["new"], made["state"], made["files"]) == (True, "queued", ["films"])
    assert server.post("/jobs", order, 202, key="a")["job_id"] == job_id
    server.post("/jobs", {"kind": "verify"}, 409, key="a")
    before = server.get("/search", q="a square")["index"]["videos_indexed"]
    with WorkerProcess(library.settings):
        events = stream(server, job_id)
        assert events[0][1] == "begun"
        assert events[-1][1:] == ("ended", {"state": "done"})
        middle = events[len(events) // 2][0]
        assert [one for one in stream(server, job_id, middle) if one[0] <= middle] == []
        detail = server.get(f"/jobs/{job_id}")
        # What another process wrote is found by the server that has searched before.
        assert server.get("/search", q="a square")["index"]["videos_indexed"] == before + 2
        assert (detail["state"], detail["totals"]["failed"], detail["items"][0]["name"]) == ("done", 1, "broken.mp4")
        assert detail["items"][0]["fault"]["code"] == "NOT_MEDIA"
        assert str(tmp_path) not in json.dumps(detail)
        failure = server.get("/failures")["failures"][0]
        assert (failure["name"], failure["code"], failure["retried"]) == ("broken.mp4", "NOT_MEDIA", False)
        assert failure["hint"]
        assert str(tmp_path) not in json.dumps(failure)
        again = server.post("/failures/retry", {"ids": [failure["failure_id"]]}, 202)["jobs"]
        assert [one["files"] for one in again] == [["broken.mp4"]]
        assert ended(library, again[0]["job_id"]).state == "done"
        server.post("/failures/retry", {"ids": ["inp_none"]}, 404)
        assert len(server.get("/jobs", limit=1)["jobs"]) == 1
        first = server.get("/jobs", limit=1)
        rest = server.get("/jobs", limit=5, cursor=first["next"])
        assert [one["job_id"] for one in first["jobs"] + rest["jobs"]][-1] == job_id
        assert rest["next"] is None


def test_a_job_is_cancelled_and_retried(server: Server) -> None:
    job_id = server.post("/jobs", {"kind": "verify"}, 202)["job_id"]
    server.post(f"/jobs/{job_id}/retry", None, 409)
    assert server.post(f"/jobs/{job_id}/cancel")["state"] == "cancelled"
    assert stream(server, job_id)[-1][1:] == ("ended", {"state": "cancelled"})
    assert server.post(f"/jobs/{job_id}/retry")["state"] == "queued"
    assert [one["job_id"] for one in server.get("/jobs", state="queued")["jobs"]] == [job_id]
    server.get("/jobs/job_none", 404)
    server.get("/jobs/job_none/events", 404)


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "ingest", "paths": []},
        {"kind": "ingest"},
        {"kind": "dance"},
        {"kind": "tag", "paths": ["/x"]},
        {"kind": "reembed", "channels": ["smell"]},
        [],
    ],
)
def test_orders_that_make_no_sense_are_refused(server: Server, order: object) -> None:
    answer = server.client.post("/api/v1/jobs", json=order)
    assert answer.status_code in (400, 422)


def test_orders_that_cannot_be_done_are_refused_with_a_code(server: Server) -> None:
    assert server.post("/jobs", {"kind": "tag", "video_ids": ["vid_none"]}, 404)["code"] == "UNKNOWN_VIDEO"
    assert server.post("/jobs", {"kind": "ingest", "paths": ["films"]}, 400)["code"] == "USAGE"
    assert server.post("/jobs", {"kind": "ingest", "paths": ["/x"], "budget": "much"}, 400)["code"] == "USAGE"
    assert server.post("/jobs/plan", {"kind": "verify"}, 400)["code"] == "USAGE"
    assert server.post("/jobs/plan", {"kind": "tag"}, 409)["code"] == "NO_TAGS"


def test_only_folders_that_are_allowed_can_be_looked_into_and_ingested(library: Library, tmp_path: Path) -> None:
    open_folder, secret = tmp_path / "open", tmp_path / "secret"
    (open_folder / "in").mkdir(parents=True)
    secret.mkdir()
    (secret / "film.mp4").write_bytes(b"x")
    (open_folder / "way").symlink_to(secret)
    library.settings = library.settings.model_copy(update={"server": ServerSettings(ingest_roots=(open_folder,))})
    server = Server(library).by(ANNA)
    server.post("/jobs", {"kind": "ingest", "paths": [str(open_folder / "in")]}, 400)  # into which collection?
    server.by(SEEING)
    begin = server.get("/folders")
    assert [one["path"] for one in begin["folders"]] == [str(open_folder)]
    assert server.get("/folders", path=str(open_folder))["parent"] == ""
    server.post("/jobs", {"kind": "ingest", "paths": [str(open_folder / "in")]}, 202)
    (open_folder / "film.mp4").symlink_to(secret / "film.mp4")
    plan = server.post("/jobs/plan", {"kind": "ingest", "paths": [str(open_folder)]})
    assert (plan["videos"], sorted(one["name"] for one in plan["problems"])) == (0, ["film.mp4", "way"])
    for path in (secret, open_folder / "way", open_folder / ".." / "secret", secret / "nothing", "/etc/passwd"):
        assert server.get("/folders", 403, path=str(path))["code"] == "FORBIDDEN"
        assert server.post("/jobs", {"kind": "ingest", "paths": [str(path)]}, 403)["code"] == "FORBIDDEN"
        assert server.post("/jobs/plan", {"kind": "ingest", "paths": [str(path)]}, 403)["code"] == "FORBIDDEN"


def test_without_named_folders_only_the_owner_at_this_machine_may_ingest(library: Library, tmp_path: Path) -> None:
    order = {"kind": "ingest", "paths": [str(tmp_path)]}
    Server(library).by(OWNER).post("/jobs", order, 202)
    Server(library).by(ANNA).post("/jobs", order, 403)
    library.settings = library.settings.model_copy(update={"server": ServerSettings(host="0.0.0.0")})
    Server(library).by(OWNER).post("/jobs", order, 403)


def test_nobody_sees_or_touches_the_jobs_of_others(library: Library) -> None:
    server = Server(library)
    job_id = server.by(ANNA).post("/jobs", {"kind": "tag"}, 202, key="k")["job_id"]
    assert [one["job_id"] for one in server.get("/jobs")["jobs"]] == [job_id]
    server.by(OTTO)
    assert server.get("/jobs")["jobs"] == []
    for path in (f"/jobs/{job_id}", f"/jobs/{job_id}/events"):
        hidden, none = server.get(path, 404), server.get(path.replace(job_id, "job_none"), 404)
        assert hidden["title"].replace(job_id, "job_none") == none["title"]
    server.post(f"/jobs/{job_id}/cancel", None, 404)
    server.post(f"/jobs/{job_id}/retry", None, 404)
    server.get("/jobs", 400, cursor=job_id)
    assert server.post("/jobs", {"kind": "tag"}, 202, key="k")["job_id"] != job_id
    server.post("/jobs", {"kind": "verify"}, 403)
    server.post("/jobs", {"kind": "reembed"}, 403)
    assert len(server.by(OWNER).get("/jobs")["jobs"]) == 2
    server.by(READER)
    for path in ("/jobs", f"/jobs/{job_id}", "/folders"):
        assert server.get(path, 403)["code"] == "FORBIDDEN"
    server.post("/jobs", {"kind": "tag"}, 403)
    server.post("/failures/retry", {}, 403)


def test_a_job_says_which_key_it_was_ordered_with(library: Library) -> None:
    server = Server(library)
    by_hand = server.by(ANNA).post("/jobs", {"kind": "tag"}, 202)
    by_key = server.by(replace(ANNA, key_id="key_1")).post("/jobs", {"kind": "tag"}, 202)
    assert (by_hand["key_id"], by_key["key_id"]) == ("", "key_1")
    # Both are Anna's, whatever she comes with.
    found = {one["job_id"]: one["key_id"] for one in server.by(ANNA).get("/jobs")["jobs"]}
    assert found == {by_hand["job_id"]: "", by_key["job_id"]: "key_1"}
    assert library.store.jobs.get(by_key["job_id"]).owner == ANNA.user_id


def test_videos_that_are_hidden_are_not_named_in_events_and_items(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kinodex.views.work import jobs

    view = LibraryView(library, ANNA)
    seen = VideoSet(("vid_seen",), frozenset(("vid_seen",)))
    monkeypatch.setattr(LibraryView, "_set", lambda _self: seen)
    events = [
        JobEvent("job", 1, "video", {"video_id": one, "name": "a.mp4"}, 0.0) for one in ("vid_seen", "vid_hidden")
    ]
    assert [one.payload["video_id"] for one in jobs._seen(view, events)] == ["vid_seen", ""]
    report = {"videos": [{"video_id": "vid_hidden", "uri": "/x/a.mp4", "status": "done", "error": None}]}
    assert [(one.video_id, one.name) for one in jobs._items(view, report)] == [("", "a.mp4")]


def test_events_of_a_long_job_are_sent_in_pieces(
    server: Server, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kinodex.views.work import jobs

    monkeypatch.setattr(jobs, "EVENTS", 2)
    job_id = server.post("/jobs", {"kind": "verify"}, 202)["job_id"]
    taken = library.store.job_ledger.take()
    assert taken is not None
    library.store.job_ledger.append(taken[1], [NewJobEvent("waiting", {"why": str(n)}) for n in range(4)])
    library.store.job_ledger.finish(taken[1], {}, {})
    assert [kind for _, kind, _ in stream(server, job_id)] == ["begun", *["waiting"] * 4, "ended"]


@full_only
def test_a_job_outlives_the_server_that_it_was_ordered_at(library: Library, tmp_path: Path) -> None:
    films = make_films(tmp_path / "films", 5)
    root = library.settings.library
    with serving(root) as (process, url), httpx2.Client(base_url=f"{url}/api/v1", timeout=60) as client:
        order = {"kind": "ingest", "paths": [str(films)]}
        job_id = client.post("/jobs", json=order, headers={"Idempotency-Key": "once"}).json()["job_id"]
        until(lambda: client.get(f"/jobs/{job_id}").json()["share"] > 0)
        process.kill()
    with serving(root) as (_, url), httpx2.Client(base_url=f"{url}/api/v1", timeout=240) as client:
        assert client.post("/jobs", json=order, headers={"Idempotency-Key": "once"}).json()["new"] is False
        followed = "".join(client.get(f"/jobs/{job_id}/events").iter_text())
        assert followed.index("event: begun") < followed.index("event: resumed") < followed.index("event: ended")
        done = client.get(f"/jobs/{job_id}").json()
    assert (done["state"], done["totals"]["done"]) == ("done", 5)
    ended_at = [one.payload["video_id"] for one in library.store.jobs.events_after(job_id) if one.kind == "video"]
    assert len(set(ended_at)) == 5
