"""What members of a collection ingest comes into it; what was there before and is hidden from them does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from kinodex.jobs.worker import Worker
from kinodex.library import Library
from kinodex.server.app import create_app
from stores.core.principal import SCOPES
from tests.unit.jobs.films import make_films

PASSWORD = "correct horse battery"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    roots = {"ingest_roots": [str(tmp_path)]}
    with Library.open(tmp_path / "library", workers=2, server=roots) as opened:
        yield opened


class People:
    """Ada sees everything; Edi edits Trips and reads Family; each asks with a key."""

    def __init__(self, library: Library) -> None:
        access = library.store.access
        self.library, self.collections = library, access.collections
        self.ada = access.users.add("Ada", PASSWORD, SCOPES, everything=True)
        self.edi = access.users.add("Edi", PASSWORD, [one for one in SCOPES if one != "admin"])
        self.trips = access.collections.add("Trips").collection_id
        self.family = access.collections.add("Family").collection_id
        access.collections.grant(self.trips, self.edi.user_id, "editor")
        access.collections.grant(self.family, self.edi.user_id, "reader")
        self.keys = {
            one.name: access.keys.add(one.user_id, "test", SCOPES if one is self.ada else one.scopes)[1]
            for one in (self.ada, self.edi)
        }
        self.client = TestClient(create_app(library), base_url="http://127.0.0.1:8730")

    def post(self, who: str, place: str, body: Any, status: int) -> Any:
        headers = {"Authorization": f"Bearer {self.keys[who]}"}
        answer = self.client.post(f"/api/v1{place}", json=body, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, who: str, place: str) -> Any:
        answer = self.client.get(f"/api/v1{place}", headers={"Authorization": f"Bearer {self.keys[who]}"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def names(self, who: str) -> list[str]:
        return [one["name"] for one in self.get(who, "/videos")["videos"]]

    def work(self) -> None:
        Worker(self.library).run(once=True)


def test_new_videos_come_into_the_collection(library: Library, tmp_path: Path) -> None:
    people, films = People(library), make_films(tmp_path / "films", 2)
    order = {"kind": "ingest", "paths": [str(films)], "collection": "trips"}
    job_id = people.post("Edi", "/jobs", order, 202)["job_id"]
    assert people.names("Edi") == []
    people.work()
    job = people.get("Edi", f"/jobs/{job_id}")
    assert (job["state"], job["totals"]["done"]) == ("done", 2)
    assert all(item["video_id"] for item in job["items"])
    assert people.names("Edi") == ["film00.mp4", "film01.mp4"]
    assert len(people.collections.videos(people.trips)) == 2
    # A later job with another film adds that one.
    make_films(tmp_path / "films", 3)
    people.post("Edi", "/jobs", order, 202)
    people.work()
    assert people.names("Edi") == ["film00.mp4", "film01.mp4", "film02.mp4"]


def test_what_is_hidden_stays_hidden(library: Library, tmp_path: Path) -> None:
    people, films = People(library), make_films(tmp_path / "films", 1)
    people.post("Ada", "/jobs", {"kind": "ingest", "paths": [str(films)]}, 202)
    people.work()
    make_films(films, 2)
    people.post("Edi", "/jobs", {"kind": "ingest", "paths": [str(films)], "collection": people.trips}, 202)
    people.work()
    assert people.names("Edi") == ["film01.mp4"]
    # Who sees everything may show it to others.
    people.post("Ada", "/jobs", {"kind": "ingest", "paths": [str(films)], "collection": people.family}, 202)
    people.work()
    assert people.names("Edi") == ["film00.mp4", "film01.mp4"]
    assert len(people.collections.videos(people.family)) == 2


def test_without_a_collection_only_those_ingest_who_see_everything(library: Library, tmp_path: Path) -> None:
    people, films = People(library), make_films(tmp_path / "films", 1)
    order = {"kind": "ingest", "paths": [str(films)]}
    for place in ("/jobs", "/jobs/plan"):
        problem = people.post("Edi", place, order, 400)
        assert (problem["code"], "no collection" in problem["title"]) == ("USAGE", True)
        assert "`collection`" in problem["hint"]
        assert people.post("Edi", place, {**order, "collection": "Family"}, 403)["code"] == "FORBIDDEN"
        assert people.post("Edi", place, {**order, "collection": "col_none"}, 404)["code"] == "NOT_FOUND"
    library.store.access.collections.add("Secret")
    hidden = people.post("Edi", "/jobs", {**order, "collection": "Secret"}, 404)
    absent = people.post("Edi", "/jobs", {**order, "collection": "Sacred"}, 404)
    assert hidden["title"].replace("Secret", "") == absent["title"].replace("Sacred", "")
    people.post("Ada", "/jobs", order, 202)


def test_a_role_that_was_taken_away_ends_the_job(library: Library, tmp_path: Path) -> None:
    people, films = People(library), make_films(tmp_path / "films", 1)
    order = {"kind": "ingest", "paths": [str(films)], "collection": "Trips"}
    job_id = people.post("Edi", "/jobs", order, 202)["job_id"]
    people.collections.grant(people.trips, people.edi.user_id, "reader")
    people.work()
    job = people.get("Edi", f"/jobs/{job_id}")
    assert (job["state"], job["error"]["code"]) == ("failed", "FORBIDDEN")
    assert library.videos() == []
    people.collections.grant(people.trips, people.edi.user_id, "editor")
    people.post("Edi", f"/jobs/{job_id}/retry", None, 200)
    people.work()
    assert people.names("Edi") == ["film00.mp4"]


def test_a_collection_that_is_removed_is_said(library: Library, tmp_path: Path) -> None:
    people, films = People(library), make_films(tmp_path / "films", 1)
    order = {"kind": "ingest", "paths": [str(films)], "collection": "Trips"}
    job_id = people.post("Ada", "/jobs", order, 202)["job_id"]
    people.collections.remove(people.trips)
    people.work()
    job = people.get("Ada", f"/jobs/{job_id}")
    assert (job["state"], job["error"]["code"]) == ("failed", "NOT_FOUND")


def test_who_may_order_nothing_any_more_has_nothing_done_that_was_waiting(library: Library, tmp_path: Path) -> None:
    people, films = People(library), make_films(tmp_path / "films", 1)
    job_id = people.post("Edi", "/jobs", {"kind": "ingest", "paths": [str(films)], "collection": "Trips"}, 202)[
        "job_id"
    ]
    library.store.access.users.change(people.edi.user_id, scopes=["read", "edit"])
    people.work()
    job = people.get("Ada", f"/jobs/{job_id}")
    assert (job["state"], job["error"]["code"]) == ("failed", "FORBIDDEN")
    assert library.videos() == []


def test_a_folder_that_may_not_be_ingested_any_more_is_not_and_what_is_there_can_be_tried_again(
    library: Library, tmp_path: Path
) -> None:
    people, films = People(library), make_films(tmp_path / "films", 1)
    (films / "none.mp4").write_text("no video")
    order = {"kind": "ingest", "paths": [str(films)]}
    people.post("Ada", "/jobs", order, 202)
    people.work()
    assert people.names("Ada") == ["film00.mp4", "none.mp4"]
    job_id = people.post("Ada", "/jobs", order, 202)["job_id"]
    elsewhere = library.settings.server.model_copy(update={"ingest_roots": (tmp_path / "elsewhere",)})
    library.settings = library.settings.model_copy(update={"server": elsewhere})
    people.work()
    job = people.get("Ada", f"/jobs/{job_id}")
    assert (job["state"], job["error"]["code"]) == ("failed", "FORBIDDEN")
    (again,) = people.post("Ada", "/failures/retry", {}, 202)["jobs"]
    people.work()
    assert people.get("Ada", f"/jobs/{again['job_id']}")["state"] == "done"
    # Only what was given before: not whatever is named in an order of this kind.
    make_films(films, 2)
    stolen, _ = library.store.jobs.order("ingest", {"paths": [str(films / "film01.mp4")], "retry": True})
    people.work()
    assert people.get("Ada", f"/jobs/{stolen.job_id}")["error"]["code"] == "FORBIDDEN"
