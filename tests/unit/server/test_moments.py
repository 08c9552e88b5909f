"""What was found in one video, over its time."""

from __future__ import annotations

import pytest

from kinodex.library import Library
from tests.unit.server.serving import Served

API = "/api/v1"


@pytest.fixture
def at(server: Served, library: Library) -> str:
    return f"{API}/videos/{library.resolve('pizza.mp4')}"


def test_a_timeline_says_what_happens_when(server: Served, at: str):
    found = server.client.get(f"{at}/timeline").json()
    assert found["seconds"] == 8.0
    assert found["scenes"] == [{"start": 0.0, "end": 8.0}]
    assert found["clips"] == [{"start": 0.0, "end": 8.0, "clip_id": "clp_pizza", "thumbnail": None}]
    assert found["speech"] == [{"start": 0.0, "end": 1.9}]
    assert found["screen"] == [{"start": 1.0, "end": 3.0}]
    assert found["tracklets"] == [{"start": 0.5, "end": 4.5, "evidence_id": "trk_pizza", "name": "person"}]
    assert found["sounds"] == found["people"] == found["speakers"] == []


def test_a_timeline_has_the_sounds_that_are_no_speech(server: Served, library: Library):
    found = server.client.get(f"{API}/videos/{library.resolve('boats.mp4')}/timeline").json()
    assert found["sounds"] == [
        {"start": 0.0, "end": 5.0, "evidence_id": "snd_boats_0", "name": "music"},
        {"start": 6.0, "end": 8.0, "evidence_id": "snd_boats_6000", "name": "silence"},
    ]


def test_a_video_that_was_not_probed_has_an_empty_timeline(server: Served):
    broken = server.client.get(f"{API}/videos", params={"status": "failed"}).json()["videos"][0]["video_id"]
    found = server.client.get(f"{API}/videos/{broken}/timeline").json()
    assert found.pop("seconds") == 0.0
    assert set(found) == {"scenes", "clips", "speech", "screen", "tracklets", "sounds", "people", "speakers"}
    assert not any(found.values())
    assert server.client.get(f"{API}/videos/{broken}/lines").json() == {"lines": [], "next": None}
    assert server.client.get(f"{API}/videos/{broken}/similar").json()["results"] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_lines_come_page_by_page_in_order_of_time(server: Served, at: str, limit: int):
    found, cursor = [], None
    while True:
        params = {"kind": "speech", "limit": limit} | ({"cursor": cursor} if cursor else {})
        answer = server.client.get(f"{at}/lines", params=params).json()
        found += answer["lines"]
        cursor = answer["next"]
        if cursor is None:
            break
    assert [one["evidence_id"] for one in found] == ["utt_pizza_0", "utt_pizza_1", "utt_pizza_2"]
    assert [one["start"] for one in found] == [0.0, 2.0, 4.0]
    assert {one["language"] for one in found} == {"en"}
    # What would like to be markup or an instruction is text, with all that it says.
    assert "[bold]water[/bold]" in found[2]["text"]
    assert "<b>now</b>" in found[2]["text"]
    assert not any(one["corrected"] for one in found)


def test_lines_of_all_kinds_and_of_one(server: Served, at: str):
    kinds = {one["kind"] for one in server.client.get(f"{at}/lines").json()["lines"]}
    assert kinds == {"speech", "screen", "label"}
    (line,) = server.client.get(f"{at}/lines", params={"kind": "screen"}).json()["lines"]
    # Markup out of a video is text.
    assert (line["text"], line["language"]) == ("Open <b>pizza</b>", None)
    assert server.client.get(f"{at}/lines", params={"kind": "caption"}).json() == {"lines": [], "next": None}
    assert server.client.get(f"{at}/lines", params={"kind": "smell"}).status_code == 400


def test_tracklets_say_where_objects_are(server: Served, at: str):
    (found,) = server.client.get(f"{at}/tracklets").json()["tracklets"]
    assert found["boxes"] == [[0.5, 0.1, 0.2, 0.2, 0.4], [1.5, 0.2, 0.2, 0.2, 0.4]]
    assert server.client.get(f"{at}/tracklets", params={"start": 4.4, "end": 5}).json()["tracklets"]
    assert not server.client.get(f"{at}/tracklets", params={"start": 4.5}).json()["tracklets"]
    assert not server.client.get(f"{at}/tracklets", params={"end": 0.5}).json()["tracklets"]


@pytest.mark.parametrize("rest", ["timeline", "lines", "tracklets", "similar"])
def test_of_an_unknown_video_nothing_is_said(server: Served, rest: str):
    answer = server.client.get(f"{API}/videos/vid_00/{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_VIDEO")


@pytest.mark.parametrize("bad", ["nan", "inf", "-1", "1e99", "x"])
def test_times_that_are_none_are_refused(server: Served, at: str, bad: str):
    assert server.client.get(f"{at}/tracklets", params={"start": bad}).status_code == 400
    assert server.client.get(f"{at}/similar", params={"start": bad}).status_code == 400
