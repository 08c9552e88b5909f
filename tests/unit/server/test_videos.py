"""Pages of videos, and one in detail."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kinodex.library import Library
from tests.unit.server.serving import FOLDER, Served

API = "/api/v1"


def listed(server: Served, **params: Any) -> list[str]:
    """Names of all pages."""
    names: list[str] = []
    cursor, total = None, -1
    while True:
        answer = server.client.get(f"{API}/videos", params=params | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found = answer.json()
        assert total in (-1, found["total"])
        total, cursor = found["total"], found["next"]
        names += [one["name"] for one in found["videos"]]
        if cursor is None:
            assert len(names) == total
            return names


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 200])
@pytest.mark.parametrize("sort", ["name", "-name", "added", "-added", "seconds", "-seconds"])
def test_all_pages_together_list_each_video_once(server: Served, sort: str, limit: int):
    names = listed(server, sort=sort, limit=limit)
    assert sorted(names) == ["boats.mp4", "broken one.mp4", "pizza again.mp4", "taxi.mp4"]
    if sort.endswith("name"):
        assert names == sorted(names, reverse=sort == "-name")
    if sort.endswith("seconds"):
        assert names[0 if sort == "seconds" else -1] == "broken one.mp4"


@pytest.mark.parametrize(
    ("narrowed", "names"),
    [
        ({"status": "done"}, ["boats.mp4", "pizza again.mp4", "taxi.mp4"]),
        ({"status": "failed"}, ["broken one.mp4"]),
        ({"status": "pending"}, []),
        ({"tag": "t1"}, ["pizza again.mp4"]),
        ({"tag": "t2"}, ["boats.mp4"]),
        ({"tag": "t9"}, []),
        ({"language": "en"}, ["boats.mp4", "pizza again.mp4", "taxi.mp4"]),
        ({"language": "zh"}, []),
        ({"name": "PIZZA"}, ["pizza again.mp4"]),
        ({"name": "%"}, []),
        ({"name": "taxi", "tag": "t1"}, []),
    ],
)
def test_videos_are_narrowed(server: Served, narrowed: dict[str, str], names: list[str]):
    assert listed(server, **narrowed) == names
    assert listed(server, limit=1, **narrowed) == names


def test_a_cursor_belongs_to_its_filters(server: Served):
    cursor = server.client.get(f"{API}/videos", params={"limit": 1}).json()["next"]
    answer = server.client.get(f"{API}/videos", params={"limit": 1, "cursor": cursor, "tag": "t1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")


def test_a_collection_that_is_not_there_is_not_found(server: Served):
    answer = server.client.get(f"{API}/videos", params={"collection": "col_none"})
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_a_card_says_what_a_grid_shows(server: Served, library: Library):
    (card,) = server.client.get(f"{API}/videos", params={"name": "pizza"}).json()["videos"]
    video_id = library.resolve("pizza.mp4")
    assert card["video_id"] == video_id
    assert card["status"] == "done"
    assert card["fault"] is None
    assert (card["seconds"], card["width"], card["height"]) == (8.0, 640, 360)
    assert card["tags"] == [{"tag_id": "t1", "name": "cooking", "shown": "cooking"}]
    assert card["languages"] == ["en"]
    assert card["duplicates"] == 1
    assert card["sprites"] == f"{API}/videos/{video_id}/sprites"
    assert card["added_at"] > 0


def test_a_broken_file_says_why_on_its_card(server: Served):
    (card,) = server.client.get(f"{API}/videos", params={"status": "failed"}).json()["videos"]
    assert card["fault"] == {"code": "NOT_MEDIA", "message": "broken one.mp4 is no media file."}
    assert (card["seconds"], card["poster"], card["sprites"]) == (None, None, None)


def test_one_video_in_detail(server: Served, library: Library):
    video_id = library.resolve("pizza.mp4")
    found = server.client.get(f"{API}/videos/{video_id}").json()
    assert found["places"] == ["pizza again.mp4", "pizza.mp4"]
    assert found["media"]["video_codec"] == "h264"
    assert {one["stage"]: one["status"] for one in found["stages"]}["speech"] == "done"
    broken = server.client.get(f"{API}/videos", params={"status": "failed"}).json()["videos"][0]["video_id"]
    found = server.client.get(f"{API}/videos/{broken}").json()
    assert found["media"] is None
    assert found["stages"] == [
        {
            "stage": "probe",
            "status": "failed",
            "fault": {"code": "NOT_MEDIA", "message": "broken one.mp4 is no media file."},
        }
    ]


def test_a_video_goes_by_its_id_alone(server: Served):
    for guess in ("pizza.mp4", "vid_", "%2e%2e", "a b"):
        answer = server.client.get(f"{API}/videos/{guess}")
        assert (answer.status_code, answer.json()["code"], answer.json()["hint"]) == (404, "UNKNOWN_VIDEO", "")


def test_status_counts_what_there_is(server: Served):
    found = server.client.get(f"{API}/status").json()
    assert found["index"] == {"state": "partial", "videos_indexed": 3, "videos_known": 4}
    assert (found["videos"], found["by_status"]) == (4, {"failed": 1, "done": 3})
    assert (found["tags"], found["media_seconds"]) == (2, 24.0)


def test_no_answer_says_where_files_lie(server: Served, library: Library):
    ids = [one["video_id"] for one in server.client.get(f"{API}/videos").json()["videos"]]
    paths = [f"{API}/status", f"{API}/videos", f"{API}/search?q=pizza", f"{API}/search?q=oven&mode=exact"]
    paths += [f"{API}/videos/{one}{rest}" for one in ids for rest in ("", "/timeline", "/lines", "/tracklets")]
    paths += [f"{API}/videos/{one}/similar?start=0&end=9" for one in ids]
    paths += [f"{API}/evidence?id=utt_pizza_0", f"{API}/query/schema", f"{API}/threads"]
    for path in paths:
        answer = server.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert FOLDER not in answer.text, path
        assert str(library.store.root) not in answer.text, path
        assert not re.search(r'"/(?!api/v1/|videos/)[^"]*"', answer.text), path
