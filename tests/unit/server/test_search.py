"""Moments by meaning, by words and by likeness; evidence; SQL."""

from __future__ import annotations

from typing import Any

import pytest

from kinodex.library import Library
from tests.unit.server.serving import Served

API = "/api/v1"


def search(server: Served, **params: Any) -> dict[str, Any]:
    answer = server.client.get(f"{API}/search", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_search_finds_what_plays(server: Served, library: Library):
    found = search(server, q="how hot is the oven", k=3)
    assert found["verdict"] == "match"
    assert found["index"]["state"] == "partial"
    best = found["results"][0]
    video_id = library.resolve("pizza.mp4")
    assert (best["video_id"], best["name"], best["rank"]) == (video_id, "pizza again.mp4", 1)
    assert best["moment"] == f"{video_id}@0.000-8.000"
    assert best["link"] == f"/videos/{video_id}?t=0"
    assert best["kind"] in best["channels"]
    assert "250 degrees" in best["text"]


def test_no_match_is_said(server: Served):
    assert search(server, q="xqzvw ptrkl")["verdict"] == "no_match"


def test_exact_words_are_found_and_nothing_that_only_means_the_same(server: Served):
    found = search(server, q="OVEN degrees", mode="exact")
    (only,) = found["results"]
    assert (found["verdict"], only["text"], only["start"], only["kind"]) == (
        "match",
        "The oven must be at 250 degrees.",
        2.0,
        "speech",
    )
    assert search(server, q="oven boats", mode="exact")["results"] == []
    assert search(server, q="stove", mode="exact")["verdict"] == "no_match"
    # What was recognised are no words of anybody.
    assert search(server, q="pizza", mode="exact", k=50)["results"][0]["kind"] in ("speech", "screen")


def test_exact_words_as_they_stand_come_first(server: Served):
    texts = [one["text"] for one in search(server, q="a pizza", mode="exact")["results"]]
    assert texts[0] == "Today we bake a pizza at home."


@pytest.mark.parametrize("query", ["the", "!!!"])
def test_an_exact_search_for_no_word_says_so(server: Served, query: str):
    answer = server.client.get(f"{API}/search", params={"q": query, "mode": "exact"})
    assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")


def test_a_search_is_narrowed_to_videos(server: Served, library: Library):
    boats, taxi = library.resolve("boats.mp4"), library.resolve("taxi.mp4")
    for mode in ("meaning", "exact"):
        found = search(server, q="pizza oven", mode=mode, video_id=[boats, taxi], k=50)
        assert {one["video_id"] for one in found["results"]} <= {boats, taxi}
        assert found["index"]["videos_known"] == 2
    answer = server.client.get(f"{API}/search", params={"q": "oven", "video_id": "vid_none"})
    assert (answer.status_code, answer.json()["code"]) == (404, "UNKNOWN_VIDEO")


def test_moments_that_look_alike(server: Served, library: Library):
    pizza, taxi = library.resolve("pizza.mp4"), library.resolve("taxi.mp4")
    found = server.client.get(f"{API}/videos/{taxi}/similar", params={"start": 1, "end": 2, "k": 5}).json()
    assert found["query"] == ""
    assert found["results"][0]["video_id"] == pizza
    assert taxi not in {one["video_id"] for one in found["results"]}
    scores = [one["score"] for one in found["results"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    answer = server.client.get(f"{API}/videos/{taxi}/similar", params={"start": 2, "end": 1})
    assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")


def test_evidence_by_id(server: Served, library: Library):
    answer = server.client.get(f"{API}/evidence", params={"id": ["utt_pizza_1", "gone", "scr_boats"]})
    pizza, boats = answer.json()["evidence"]
    video_id = library.resolve("pizza.mp4")
    assert (pizza["evidence_id"], pizza["kind"], pizza["name"]) == ("utt_pizza_1", "speech", "pizza again.mp4")
    assert pizza["frame"] == f"{API}/videos/{video_id}/frame?t=2.950&width=640"
    assert pizza["link"] == f"/videos/{video_id}?t=2"
    assert boats["kind"] == "screen"
    assert server.client.get(f"{API}/evidence", params={"id": ["x"] * 51}).status_code == 400
    assert server.client.get(f"{API}/evidence").status_code == 400


def test_a_query_reads_and_nothing_else(server: Served):
    asked = {"sql": "select name, seconds from videos where searchable = 1 order by name"}
    found = server.client.post(f"{API}/query", json=asked).json()
    assert found["columns"] == ["name", "seconds"]
    assert [row[0] for row in found["rows"]] == ["boats.mp4", "pizza again.mp4", "taxi.mp4"]
    assert not found["truncated"]
    found = server.client.post(f"{API}/query", json=asked | {"max_rows": 1}).json()
    assert (len(found["rows"]), found["truncated"]) == (1, True)
    for hostile in (
        "delete from videos",
        "select * from sqlite_master",
        "select uri from locations",
        "select name from videos; select name from videos",
    ):
        answer = server.client.post(f"{API}/query", json={"sql": hostile})
        assert (answer.status_code, answer.json()["code"]) == (400, "QUERY_REFUSED"), hostile


def test_the_schema_names_what_can_be_asked(server: Served):
    tables = server.client.get(f"{API}/query/schema").json()["tables"]
    assert "transcript" in {table["name"] for table in tables}
    for table in tables:
        asked = {"sql": f"select {', '.join(column['name'] for column in table['columns'])} from {table['name']}"}
        assert server.client.post(f"{API}/query", json=asked).status_code == 200


def test_what_was_opened_after_a_search_is_counted_and_can_be_switched_off(server: Served, library: Library):
    store, pizza = library.store, library.resolve("pizza.mp4")
    before = sum(one.clicks for one in store.clicks.of_videos([pizza]).get(pizza, ()))
    search(server, q="how hot is the oven", k=3)
    for _ in range(2):
        assert server.client.get(f"{API}/videos/{pizza}").status_code == 200
    counted = {one.query: one.clicks for one in store.clicks.of_videos([pizza])[pizza]}
    assert counted["how hot is the oven"] == 1
    assert sum(counted.values()) == before + 1
    usual = library.settings
    off = usual.tagging.model_copy(update={"log_searches": False})
    try:
        library.settings = usual.model_copy(update={"tagging": off})
        search(server, q="an oven that nobody hears of", k=3)
        server.client.get(f"{API}/videos/{pizza}")
    finally:
        library.settings = usual
    assert {one.query for one in store.clicks.of_videos([pizza])[pizza]} == set(counted)
