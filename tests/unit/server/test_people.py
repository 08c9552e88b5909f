"""People over HTTP: as one sees their videos; changed by who may edit all, forgotten by administrators."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

from kinodex.library import Library
from kinodex.views.media import playback_of
from pipeline.decode.decoder import Decoder
from stores.core.principal import Principal
from stores.maintenance.people.assigning import assign_people
from tests.browser.films import Film, write
from tests.browser.served import add
from tests.unit.jobs.test_worker import until
from tests.unit.server.test_jobs import Server
from tests.unit.server.test_tags import PASSWORD, Videos, library, server, videos
from tests.unit.stores.people.faces import put_faces
from tests.unit.stores.people.voices import interview

__all__ = ["library", "server", "videos"]

ANNA, BELA, CARO = 1, 2, 3


def peopled(library: Library, videos: Videos) -> None:
    """Anna and Bela talk in one video; Anna and Caro are seen in another."""
    interview(library.store, videos.one, ANNA, BELA)
    put_faces(library.store, videos.two, [(ANNA, 0, 3, 0.1), (CARO, 4, 8, 0.6)])
    assign_people(library.store)


def test_people_are_named_merged_split_and_forgotten(server: Server, library: Library, videos: Videos) -> None:
    peopled(library, videos)
    anna, *others = server.get("/people")["people"]
    assert (anna["videos"], anna["faces"], anna["voices"], anna["seconds_spoken"]) == (2, 5, 1, 4.4)
    path = f"/people/{anna['person_id']}"
    named = server.client.patch(f"/api/v1{path}", json={"name": "Anna", "also": ["安娜"]}).json()
    assert (named["name"], named["also"], named["decisions"][0]["action"]) == ("Anna", ["安娜"], "named")
    assert named["speaking"][0]["speaker"] == 1
    told = server.get(f"/videos/{videos.one}/timeline")
    assert {one["name"] for one in told["speakers"]} == {"Anna", ""}
    assert [one["speaker"] for one in told["speakers"]] == [1, 2] * 4
    taken = server.client.patch(f"/api/v1/people/{others[0]['person_id']}", json={"name": "安娜"})
    assert (taken.status_code, taken.json()["code"]) == (409, "CONFLICT")
    merged = server.post(f"{path}/merge", {"others": [others[0]["person_id"]]})
    assert merged["faces"] > anna["faces"]
    new = server.post(f"{path}/split", {"video_ids": [videos.two]})
    assert new["name"] == ""
    assert {one["video_id"] for one in new["seen"]} == {videos.two}
    server.post(f"{path}/split", {"faces": []}, 400)
    server.post(f"{path}/merge", {"others": ["per_nobody"]}, 404)
    gone = server.client.delete(f"/api/v1{path}").json()
    assert gone["people"] == 1
    assert server.get(path, 404)["code"] == "NOT_FOUND"
    assert server.get("/people/Anna", 404)["code"] == "NOT_FOUND"


def test_who_sees_some_videos_sees_the_people_in_these(library: Library, videos: Videos) -> None:
    peopled(library, videos)
    access = library.store.access
    access.users.add("Ada", PASSWORD)
    user = access.users.add("Rea", PASSWORD, scopes=("read", "edit"))
    shown = access.collections.add("Shown")
    access.collections.put_videos(shown.collection_id, [videos.two])
    access.collections.grant(shown.collection_id, user.user_id, "editor")
    narrowed = Server(library)
    narrowed.client.post("/api/v1/login", json={"name": "Rea", "password": PASSWORD})
    found = narrowed.get("/people")
    assert found["off"] == []
    assert [(one["videos"], one["faces"], one["voices"]) for one in found["people"]] == [(1, 1, 0), (1, 1, 0)]
    hidden = {one.person_id for one in library.store.people.all()} - {one["person_id"] for one in found["people"]}
    assert len(hidden) == 1
    assert narrowed.get(f"/people/{hidden.pop()}", 404)["code"] == "NOT_FOUND"
    one = narrowed.get(f"/people/{found['people'][0]['person_id']}")
    assert {each["video_id"] for each in one["seen"]} == {videos.two}
    assert one["decisions"] == []
    refused = narrowed.client.patch(f"/api/v1/people/{one['person_id']}", json={"name": "X"})
    assert (refused.status_code, refused.json()["code"]) == (403, "FORBIDDEN")


def test_forgetting_takes_an_administrator(library: Library, videos: Videos) -> None:
    peopled(library, videos)
    path = f"/api/v1/people/{library.store.people.all()[0].person_id}"
    editor = Server(library).by(Principal("", "Edi", frozenset(("read", "edit")), everything=True))
    assert editor.client.patch(path, json={"name": "Anna"}).status_code == 200
    assert editor.client.delete(path).status_code == 403
    reader = Server(library).by(Principal("", "Rea", frozenset(("read",)), everything=True))
    assert reader.client.patch(path, json={"name": "Ann"}).status_code == 403


def test_who_looks_alike_is_told_to_who_may_merge_them(library: Library, videos: Videos) -> None:
    peopled(library, videos)
    server = Server(library)
    anna = server.get("/people")["people"][0]
    made = server.post(f"/people/{anna['person_id']}/split", {"video_ids": [videos.two]})
    (found,) = server.get(f"/people/{anna['person_id']}/alike")["people"]
    # Bela and Caro are seen beside her at some time or look like nobody: only she herself is told.
    assert found["person_id"] == made["person_id"]
    assert found["likeness"] > 0.7
    assert server.get("/people/per_nobody/alike", 404)["code"] == "NOT_FOUND"
    reader = server.by(Principal("", "Rea", frozenset(("read",)), everything=True))
    assert reader.client.get(f"/api/v1/people/{anna['person_id']}/alike").status_code == 403


def test_a_face_that_is_not_theirs_has_no_picture(library: Library, videos: Videos) -> None:
    peopled(library, videos)
    server = Server(library)
    anna, other = server.get("/people")["people"][:2]
    track = server.get(f"/people/{other['person_id']}")["seen"][0]["faces"][0]["evidence_id"]
    assert server.get(f"/people/{anna['person_id']}/faces/{track}.jpg", 404)["code"] == "NOT_FOUND"
    assert server.get("/people/per_nobody/face", 404)["code"] == "NOT_FOUND"


def test_pictures_of_who_is_forgotten_are_kept_no_longer(tmp_path: Path) -> None:
    write(tmp_path, Film("film.mp4", frames=60, rate=Fraction(25)))
    with Library.open(tmp_path / "library") as library:
        with Decoder() as decoder:
            video_id = add(library.store, tmp_path / "film.mp4", decoder)
        put_faces(library.store, video_id, [(ANNA, 0, 1, 0.1), (BELA, 0, 1, 0.4), (CARO, 0, 1, 0.7)])
        assign_people(library.store)
        server, kept = Server(library), playback_of(library).faces
        anna, bela, caro = (one["person_id"] for one in server.get("/people")["people"])
        for one in (anna, bela, caro):
            assert server.client.get(f"/api/v1/people/{one}/face").status_code == 200
        assert len(kept) == 3
        server.client.delete(f"/api/v1/people/{anna}").raise_for_status()
        assert len(kept) == 2
        # Of others the picture stays, whoever is said to be the same person.
        server.post(f"/people/{bela}/merge", {"others": [caro]})
        place = ("--library", str(tmp_path / "library"))
        subprocess.run([sys.executable, "-m", "kinodex", "people", "forget", bela, "--yes", *place], check=True)
        until(lambda: len(kept) == 0, 30)


def test_whether_faces_are_looked_at_is_told(tmp_path: Path) -> None:
    for on in (True, False):
        with Library.open(tmp_path / "library", perception={"faces": {"enabled": on}}) as library:
            assert Server(library).get("/people") == {"people": [], "off": [], "enabled": on}
