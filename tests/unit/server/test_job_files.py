"""Exports as jobs through HTTP: ordered, followed, downloaded by their owner; and what is refused."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kinodex.jobs.worker import Worker
from kinodex.library import Library
from kinodex.usecases.exchange import export_writing
from kinodex.views import exports as on_the_spot
from kinodex.views.library_view import LibraryView
from kinodex.views.work import job_files
from stores.core.principal import OWNER, Principal
from stores.files.export_files import ExportFiles
from stores.jobs.records import Job
from tests.unit.kinodex.chat_library import copied, make
from tests.unit.server.test_jobs import OTTO, READER, Server, stream

MIA = Principal("usr_mia", "mia", frozenset(("read", "jobs")), everything=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("made"))


@pytest.fixture
def library(made: Path, tmp_path: Path) -> Iterator[Library]:
    with Library.open(copied(made, tmp_path)) as opened:
        yield opened


@pytest.fixture
def server(library: Library) -> Server:
    return Server(library).by(OWNER)


def exported(server: Server, library: Library, **order: Any) -> Any:
    job_id = server.post("/jobs", {"kind": "export", **order}, 202)["job_id"]
    assert Worker(library).run(once=True) == 1
    return server.get(f"/jobs/{job_id}")


def test_an_export_is_ordered_followed_and_downloaded(server: Server, library: Library) -> None:
    order = {"kind": "export", "format": "srt"}
    made = server.post("/jobs", order, 202, key="a")
    job_id = made["job_id"]
    assert (made["kind"], made["videos"], made["file"]) == ("export", None, None)
    assert server.post("/jobs", order, 202, key="a")["new"] is False
    assert server.get(f"/jobs/{job_id}/file", 404)["code"] == "NOT_FOUND"
    Worker(library).run(once=True)
    assert [kind for _, kind, _ in stream(server, job_id)] == ["begun", "progress", "ended"]
    (card,) = server.get("/jobs")["jobs"]
    assert (card["file"]["name"], card["file"]["url"]) == ("kinodex.srt.zip", f"/api/v1/jobs/{job_id}/file")
    answer = server.client.get(card["file"]["url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip")
    assert len(answer.content) == card["file"]["bytes"] == int(answer.headers["content-length"])
    assert answer.content == server.client.post("/api/v1/exports", json={"format": "srt"}).content
    assert answer.headers["content-disposition"].startswith('attachment; filename="kinodex.srt.zip"; filename*=UTF-8')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-cache"
    begin = server.client.get(card["file"]["url"], headers={"Range": "bytes=0-1"})
    assert (begin.status_code, begin.content) == (206, b"PK")
    assert server.post(f"/jobs/{job_id}/retry", None, 409)["code"] == "CONFLICT"


def test_a_file_is_called_as_its_video_is(server: Server, library: Library, tmp_path: Path) -> None:
    film = tmp_path / "访谈.mp4"
    film.write_bytes(b"a film")
    pizza = library.resolve("pizza.mp4")
    about = film.stat()
    library.store.catalog.register(film, library.store.catalog.sha256(pizza), about.st_size, about.st_mtime_ns)
    (tmp_path / "pizza.mp4").unlink(missing_ok=True)
    detail = exported(server, library, format="vtt", video_ids=[pizza])
    name = detail["file"]["name"]
    sent = server.client.get(detail["file"]["url"]).headers["content-disposition"]
    one = server.client.get(f"/api/v1/videos/{pizza}/export/vtt").headers["content-disposition"]
    assert sent == one
    assert name.endswith(".vtt")


def test_only_the_owner_and_administrators_have_the_file(server: Server, library: Library) -> None:
    server.by(MIA)
    job_id = exported(server, library, format="videos.csv")["job_id"]
    # Mia is no user of this library: nobody may read for her when it is made.
    assert server.get(f"/jobs/{job_id}")["error"]["code"] == "FORBIDDEN"
    who = library.store.access.users
    root, mia = who.add("Root", "long enough a password"), who.add("Mia", "long enough a password", ["jobs"], True)
    seeing = Principal(mia.user_id, "mia", frozenset(("read", "jobs")), everything=True)
    job_id = exported(server.by(seeing), library, format="videos.csv")["job_id"]
    path = f"/api/v1/jobs/{job_id}/file"
    admin = Principal(root.user_id, "root", frozenset(("read", "jobs", "admin")), everything=True)
    assert [server.by(one).client.get(path).status_code for one in (seeing, admin, OTTO, READER)] == [
        200,
        200,
        404,
        403,
    ]
    hidden, none = server.by(OTTO).get(f"/jobs/{job_id}/file", 404), server.get("/jobs/job_none/file", 404)
    assert hidden["title"].replace(job_id, "job_none") == none["title"]
    server.by(READER).post("/jobs", {"kind": "export", "format": "srt"}, 403)


def test_what_is_no_longer_kept_or_was_removed_is_not_given(server: Server, library: Library) -> None:
    old, mine = (exported(server, library, format="lines.jsonl") for _ in range(2))
    week_ago = time.time() - 8 * 86_400
    os.utime(library.store.root / "exports" / f"{old['job_id']}.1", (week_ago, week_ago))
    problem = server.get(f"/jobs/{old['job_id']}/file", 404)
    assert ("no longer kept" in problem["title"], problem["hint"]) == (True, "Export again.")
    assert [one["file"] is None for one in server.get("/jobs")["jobs"]] == [False, True]
    library.forget(library.resolve("pizza.mp4"))
    assert server.get(f"/jobs/{mine['job_id']}/file", 404)["hint"] == "Export again."
    assert server.get(f"/jobs/{mine['job_id']}")["file"] is None
    tag = server.post("/jobs", {"kind": "tag"}, 202)["job_id"]
    assert "has no file" in server.get(f"/jobs/{tag}/file", 404)["title"]


@pytest.mark.parametrize("ranges", ["", "bytes=2-", "bytes=0-0,4-5"])
def test_a_file_that_is_removed_while_it_is_sent_comes_as_a_whole(
    server: Server, library: Library, monkeypatch: pytest.MonkeyPatch, ranges: str
) -> None:
    made = exported(server, library, format="lines.csv")
    headers = {"Range": ranges} if ranges else {}
    whole = server.client.get(made["file"]["url"], headers=headers)
    before, opened = job_files.download, list[job_files.JobDownload]()

    def removed_then(view: LibraryView, job: Job) -> job_files.JobDownload:
        opened.append(before(view, job))
        library.store.exports.forget_job(job.job_id, job.attempt)
        return opened[-1]

    monkeypatch.setattr(job_files, "download", removed_then)
    answer = server.client.get(made["file"]["url"], headers=headers)
    boundary = whole.headers["content-type"].partition("boundary=")[2].encode()
    mine = answer.headers["content-type"].partition("boundary=")[2].encode()
    assert (answer.status_code, len(answer.content)) == (206 if ranges else 200, int(whole.headers["content-length"]))
    assert answer.content.replace(mine, boundary) == whole.content
    assert opened[0].file.closed
    problem = server.get(f"/jobs/{made['job_id']}/file", 404)
    assert (problem["code"], problem["hint"]) == ("NOT_FOUND", "Export again.")


def test_a_file_that_goes_just_before_it_is_sent_is_not_found(
    server: Server, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exported(server, library, format="lines.csv")

    def going(_view: LibraryView, about: frozenset[str]) -> tuple[str, ...]:
        library.store.exports.forget_job(made["job_id"], 1)
        return tuple(about)

    monkeypatch.setattr(LibraryView, "only", going)
    problem = server.get(f"/jobs/{made['job_id']}/file", 404)
    assert (problem["code"], problem["hint"]) == ("NOT_FOUND", "Export again.")


def test_what_is_too_large_on_the_spot_is_made_as_a_job(
    server: Server, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_the_spot, "MOST_VIDEOS", 2)
    refused = server.post("/exports", {"format": "lines.csv"}, 413)
    assert (refused["code"], "a job of the kind `export`" in refused["hint"]) == ("TOO_LARGE", True)
    assert exported(server, library, format="lines.csv")["state"] == "done"
    monkeypatch.setattr(export_writing, "MOST_AT_ONCE", 2)
    assert server.post("/jobs", {"kind": "export", "format": "otio"}, 413)["code"] == "TOO_LARGE"


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"format": "docx"}, 400),
        ({"format": "moments.csv"}, 400),
        ({"format": "lines.csv", "tags": ["no such tag"]}, 400),
        ({"format": "lines.csv", "video_ids": ["vid_none"]}, 404),
        ({"format": "srt", "lines": "music"}, 422),
        ({"format": "srt", "k": 0}, 422),
        ({}, 422),
    ],
)
def test_exports_that_cannot_be_made_are_not_ordered(server: Server, order: dict[str, Any], status: int) -> None:
    answer = server.client.post("/api/v1/jobs", json={"kind": "export", **order})
    assert answer.status_code in (status, 400 if status == 422 else status), answer.text
    assert server.get("/jobs")["jobs"] == []
    assert server.post("/jobs/plan", {"kind": "export", "format": "srt"}, 400)["code"] == "USAGE"


def test_pages_and_downloads_do_not_list_all_exports(
    server: Server, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = exported(server, library, format="lines.csv")
    monkeypatch.setattr(ExportFiles, "_all", lambda _self: pytest.fail("listed"))
    assert [one["file"] for one in server.get("/jobs")["jobs"]] == [made["file"]]
    assert server.client.get(made["file"]["url"]).status_code == 200
