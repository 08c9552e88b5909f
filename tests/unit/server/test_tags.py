"""Tags, decisions and review through HTTP: by uncertainty, undone exactly, narrowed to what is seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.tagging.rank import ACCEPT
from kinodex.library import Library
from stores.core.principal import OWNER, Principal, Scope
from stores.core.records import Decision
from stores.tags.queueing import THRESHOLD
from tests.unit.server.test_jobs import Server
from tests.unit.stores.builders import add_video, put, utterance

TAGS = """id,name,facet,aliases,parent
animal,Animal,what,,
dog,Dog,what,狗;hound,animal
cat,Cat,what,猫,animal
car,Car_100%,what,,
"""
PASSWORD = "correct horse battery"


def decision(video_id: str, tag_id: str, confidence: float, *evidence: str) -> Decision:
    accepted = confidence >= THRESHOLD
    scores = (("words", confidence),)
    return Decision(video_id, tag_id, "accepted" if accepted else "abstained", confidence, ("words",), evidence, scores)


class Videos:
    """Three videos with automatic decisions."""

    def __init__(self, library: Library) -> None:
        store = library.store
        self.one, self.two, self.three = (add_video(store, name) for name in ("one", "two", "three"))
        line = utterance(self.one, 0, "a dog barks")
        put(store, self.one, "speech", line)
        self.line = line.evidence_id
        store.tags.save_decisions(
            self.one, [decision(self.one, "dog", 0.81, self.line), decision(self.one, "cat", 0.49)]
        )
        store.tags.save_decisions(self.two, [decision(self.two, "dog", 0.52), decision(self.two, "car", 0.26)])
        store.tags.save_decisions(self.three, [decision(self.three, "dog", 0.61)])


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as opened:
        (tmp_path / "tags.csv").write_text(TAGS)
        opened.import_tags(tmp_path / "tags.csv")
        yield opened


@pytest.fixture
def videos(library: Library) -> Videos:
    return Videos(library)


@pytest.fixture
def server(library: Library) -> Server:
    return Server(library).by(OWNER)


def waiting(server: Server, **params: Any) -> list[tuple[str, str]]:
    return [(one["video_id"], one["tag_id"]) for one in server.get("/review", **params)["items"]]


def decide(server: Server, *made: tuple[str, str, str], status: int = 200) -> Any:
    body = [{"video_id": video_id, "tag_id": tag_id, "verdict": verdict} for video_id, tag_id, verdict in made]
    return server.post("/decisions", {"decisions": body}, status)


def table(library: Library) -> list[Any]:
    from sqlalchemy import text

    with library.store.engine.connect() as connection:
        return [
            connection.execute(text(f"SELECT * FROM {name} ORDER BY 1, 2, 3, 4")).all()
            for name in ("decisions", "decision_evidence", "review_queue")
        ]


def test_the_threshold_is_that_of_the_tagger() -> None:
    assert THRESHOLD == ACCEPT


def test_tags_are_listed_searched_and_counted(server: Server, videos: Videos) -> None:
    page = server.get("/tags", limit=3)
    assert [(one["tag_id"], one["videos"]) for one in page["tags"]] == [("animal", 3), ("dog", 3), ("cat", 0)]
    assert (page["total"], page["tags"][1]["parents"]) == (4, [{"tag_id": "animal", "name": "Animal"}])
    assert [one["tag_id"] for one in server.get("/tags", limit=3, cursor=page["next"])["tags"]] == ["car"]
    assert server.get("/tags", 400, cursor="abc")["code"] == "USAGE"
    server.get("/tags", 400, cursor=page["next"], q="dog")
    for words, found in (
        ("DO", ["dog"]),
        ("狗", ["dog"]),
        ("houn", ["dog"]),
        ("_100%", ["car"]),
        ("%", ["car"]),
        ("cat", ["cat"]),
    ):
        assert [one["tag_id"] for one in server.get("/tags", q=words)["tags"]] == found, words
    one = server.get("/tags/dog")
    assert (one["aliases"], one["parents"], one["videos"]) == (
        ["狗", "hound"],
        [{"tag_id": "animal", "name": "Animal"}],
        3,
    )
    server.get("/tags/none", 404)
    first = server.get("/tags/dog/videos", limit=2)
    assert [(one["video_id"], one["score"], one["by"]) for one in first["videos"]] == [
        (videos.one, 0.81, "automatic"),
        (videos.three, 0.61, "automatic"),
    ]
    assert [one["video_id"] for one in server.get("/tags/dog/videos", cursor=first["next"])["videos"]] == [videos.two]
    decide(server, (videos.one, "dog", "rejected"), (videos.two, "cat", "accepted"))
    assert [(one["tag_id"], one["videos"]) for one in server.get("/tags")["tags"]][1:3] == [("dog", 2), ("cat", 1)]


def test_tags_are_imported_and_exported_and_mistakes_name_their_line(server: Server, library: Library) -> None:
    exported = server.client.get("/api/v1/tags/export")
    assert exported.headers["content-type"].startswith("text/csv")
    again = server.client.post("/api/v1/tags/import", content=exported.content)
    done = again.json()
    assert (done["added"], done["updated"], done["unchanged"], done["total"]) == (0, 0, 4, 4)
    assert done["remarks"] == ["read as UTF-8", "separated by commas"]
    wrong = server.client.post("/api/v1/tags/import", content=b"id,name\n1,\n").json()
    assert (wrong["code"], wrong["status"]) == ("TAG_FILE_INVALID", 422)
    assert "line 2" in wrong["title"]
    assert "/" not in wrong["title"]
    large = server.client.post("/api/v1/tags/import", content=b"x" * 21_000_000)
    assert large.json()["code"] == "TOO_LARGE"
    server.by(Principal("", "reader", frozenset[Scope](("read",)), everything=True))
    assert server.client.post("/api/v1/tags/import", content=exported.content).status_code == 403


def test_what_is_least_certain_comes_first_with_evidence(server: Server, videos: Videos) -> None:
    page = server.get("/review", limit=2)
    assert [(one["video_id"], one["tag_id"], one["state"]) for one in page["items"]] == [
        (videos.two, "dog", "accepted"),
        (videos.one, "cat", "abstained"),
    ]
    assert page["left"] == 5
    rest = server.get("/review", after=page["next"])
    assert [one["uncertainty"] for one in rest["items"]] == [0.1, 0.25, 0.3]
    assert rest["next"] is None
    last = rest["items"][-1]
    assert (last["evidence"][0]["text"], last["evidence"][0]["evidence_id"]) == ("a dog barks", videos.line)
    assert waiting(server, tag="car") == [(videos.two, "car")]


def test_a_decision_leaves_the_queue_survives_tagging_again_and_is_undone_exactly(
    server: Server, library: Library, videos: Videos
) -> None:
    before = table(library)
    token = decide(server, (videos.one, "dog", "rejected"), (videos.one, "cat", "unsure"))["undo"]
    assert waiting(server) == [(videos.two, "dog"), (videos.three, "dog"), (videos.two, "car")]
    shown = server.get(f"/videos/{videos.one}/tags")["decisions"]
    assert [(one["tag_id"], one["state"], one["by"], one["automatic"]) for one in shown] == [
        ("cat", "unsure", "person", "abstained"),
        ("dog", "rejected", "person", "accepted"),
    ]
    assert shown[1]["evidence"][0]["text"] == "a dog barks"
    assert {one.decision for one in library.store.tags.decisions(videos.one)} == {"unsure", "rejected"}
    library.store.tags.save_decisions(videos.one, [decision(videos.one, "dog", 0.95, videos.line)])
    assert (videos.one, "dog") not in waiting(server)
    assert server.get(f"/videos/{videos.one}/tags")["decisions"][1]["state"] == "rejected"
    library.store.tags.save_decisions(
        videos.one, [decision(videos.one, "dog", 0.81, videos.line), decision(videos.one, "cat", 0.49)]
    )
    undone = server.post("/decisions/undo", {"undo": token})["decisions"]
    assert [(one["video_id"], one["tag_id"]) for one in undone] == [(videos.one, "dog"), (videos.one, "cat")]
    assert _without_times(table(library)) == _without_times(before)
    assert server.post("/decisions/undo", {"undo": token}, 404)["code"] == "NOT_FOUND"
    history = server.get(f"/videos/{videos.one}/reviews")["reviews"]
    assert {(one["tag_id"], one["verdict"], one["by"], one["automatic"]) for one in history} == {
        ("dog", "rejected", "owner", "accepted"),
        ("cat", "unsure", "owner", "abstained"),
    }
    assert all(one["undone_at"] for one in history)


def test_a_decision_over_a_decision_is_undone_to_the_first(server: Server, library: Library, videos: Videos) -> None:
    first = decide(server, (videos.two, "dog", "accepted"))["undo"]
    before = table(library)
    second = decide(server, (videos.two, "dog", "rejected"))["undo"]
    assert server.post("/decisions/undo", {"undo": first}, 409)["code"] == "CONFLICT"
    server.post("/decisions/undo", {"undo": second})
    assert table(library) == before
    server.post("/decisions/undo", {"undo": first})
    assert (videos.two, "dog") in waiting(server)


def test_decisions_are_saved_all_or_none(server: Server, library: Library, videos: Videos) -> None:
    before = table(library)
    assert (
        decide(server, (videos.one, "dog", "accepted"), (videos.two, "none", "accepted"), status=404)["code"]
        == "NOT_FOUND"
    )
    assert (
        decide(server, (videos.one, "dog", "accepted"), ("vid_x", "dog", "accepted"), status=404)["code"]
        == "UNKNOWN_VIDEO"
    )
    decide(server, (videos.one, "dog", "accepted"), (videos.one, "dog", "rejected"), status=400)
    decide(server, (videos.one, "dog", "perhaps"), status=400)
    server.post("/decisions", {"decisions": []}, 400)
    assert table(library) == before


def test_removed_tags_and_forgotten_videos_leave_nothing_behind(
    server: Server, library: Library, videos: Videos
) -> None:
    token = decide(server, (videos.one, "dog", "rejected"), (videos.three, "dog", "accepted"))["undo"]
    library.forget(videos.one)
    assert server.get("/review")["left"] == 2
    server.post("/decisions/undo", {"undo": token})
    assert waiting(server) == [(videos.two, "dog"), (videos.three, "dog"), (videos.two, "car")]
    library.remove_tags("dog")
    assert waiting(server) == [(videos.two, "car")]


def test_nobody_learns_of_or_decides_about_videos_that_are_hidden(library: Library, videos: Videos) -> None:
    access = library.store.access
    access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD, scopes=("read", "review")).user_id
    room = access.collections.add("room").collection_id
    access.collections.put_videos(room, [videos.two])
    access.collections.grant(room, bob, "editor")
    server = Server(library)
    answer = server.client.post("/api/v1/login", json={"name": "Bob", "password": PASSWORD})
    assert answer.status_code == 200
    assert waiting(server) == [(videos.two, "dog"), (videos.two, "car")]
    assert server.get("/review")["left"] == 2
    assert {one["tag_id"]: one["videos"] for one in server.get("/tags")["tags"]} == {
        "animal": 1,
        "dog": 1,
        "cat": 0,
        "car": 0,
    }
    assert server.get("/tags/dog")["videos"] == 1
    assert [one["video_id"] for one in server.get("/tags/dog/videos")["videos"]] == [videos.two]
    for path in (f"/videos/{videos.one}/tags", f"/videos/{videos.one}/reviews"):
        hidden, none = server.get(path, 404), server.get(path.replace(videos.one, "vid_none"), 404)
        assert hidden["title"].replace(videos.one, "vid_none") == none["title"]
    assert decide(server, (videos.one, "dog", "accepted"), status=404)["code"] == "UNKNOWN_VIDEO"
    decide(server, (videos.two, "dog", "accepted"))
    others = library.store.reviews.queue(10)
    assert {one.video_id for one in others} == {videos.one, videos.two, videos.three}
    foreign = library.store.reviews.decide([], "usr_other", "other")
    server.post("/decisions/undo", {"undo": foreign}, 404)


def test_the_queue_uses_its_index(library: Library) -> None:
    from sqlalchemy import text

    statement = (
        "EXPLAIN QUERY PLAN SELECT r.video_id FROM review_queue AS r JOIN tags AS t ON t.tag_id = r.tag_id "
        "WHERE r.waits = 1 AND t.status = 'active' AND (r.place, r.video_id, r.tag_id) > (0.1, 'v', 't') "
        "ORDER BY r.place, r.video_id, r.tag_id LIMIT 20"
    )
    with library.store.engine.connect() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(statement)))
    assert "review_by_place" in plan
    assert "TEMP B-TREE" not in plan


def _without_times(tables: list[Any]) -> list[Any]:
    decisions, evidence, queue = tables
    # When something was decided; and its place, which depends on how many videos had the tag by then.
    return [[tuple(row)[:-1] for row in decisions], evidence, [(*row[:2], *row[3:7]) for row in queue]]
