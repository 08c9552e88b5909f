"""Cursors are whole, of this list of this library, or refused."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kinodex.library import Library
from kinodex.views.cursors import _tag, cursor, place_of
from kinodex.views.tags.reviewing import ReviewFilter
from kinodex.views.videos import Filters
from stores.core.errors import UsageError
from stores.listing.videos import SORTS
from tests.unit.server.serving import Served, id_of


def test_a_cursor_gives_back_its_place():
    made = cursor("lib", "videos", "vid_1", "厨房 ☕.mp4", 1.25, True)
    assert place_of("lib", "videos", made, (str, str, float, bool)) == ("vid_1", "厨房 ☕.mp4", 1.25, True)
    assert made.isascii()
    assert "=" not in made


@pytest.mark.parametrize("library_id", ["lib", "other"])
@pytest.mark.parametrize("of", ["videos", "threads"])
def test_a_cursor_of_another_list_is_refused(library_id: str, of: str):
    made = cursor("lib", "videos", "vid_1")
    if (library_id, of) == ("lib", "videos"):
        return
    with pytest.raises(UsageError) as caught:
        place_of(library_id, of, made, (str,))
    assert caught.value.code.name == "USAGE"


def test_a_cursor_of_a_list_that_is_narrowed_otherwise_is_refused(server: Served):
    page = server.client.get("/api/v1/videos", params={"limit": 1, "sort": "name"}).json()
    for other in ({"sort": "seconds"}, {"sort": "-name"}, {"sort": "name", "name": "a"}):
        answer = server.client.get("/api/v1/videos", params={"limit": 1, "cursor": page["next"], **other})
        assert (answer.status_code, answer.json()["code"]) == (400, "USAGE"), other
    assert server.client.get("/api/v1/videos", params={"limit": 1, "cursor": page["next"]}).status_code == 200


def test_no_change_of_a_cursor_goes_unnoticed():
    made = cursor("lib", "videos", "vid_1", "a.mp4")
    for at in range(len(made)):
        for other in "A-z":
            if made[at] != other:
                changed = made[:at] + other + made[at + 1 :]
                # Its last letter has bits that stand for nothing.
                with suppress(UsageError):
                    assert place_of("lib", "videos", changed, (str, str)) == ("vid_1", "a.mp4")


@pytest.mark.parametrize("text", ["", "x", "%%%", "a" * 2000, "é", "kFs-eTMufhOm"])
@pytest.mark.parametrize("path", ["videos", "threads"])
def test_a_server_refuses_what_is_no_cursor(server: Served, path: str, text: str):
    answer = server.client.get(f"/api/v1/{path}", params={"cursor": text})
    assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")


PAGED: dict[str, tuple[str, list[tuple[Any, ...]]]] = {
    "videos": (f"videos {Filters()}", [("vid_1", "a.mp4", True), ("vid_1", "", False)]),
    "videos?sort=seconds": (f"videos {Filters(sort='seconds')}", [("vid_1", 1.5, True), ("vid_1", 0.0, False)]),
    "videos/{video_id}/lines": ("lines {video_id} None", [(1000, "utt_1")]),
    "threads": ("threads", [("thr_1", 1000.5)]),
    "failures": ("failures", [(1000.5, 2), (1000.5, "vid_1", "probe")]),
    "jobs": ("jobs None", []),
    "tags": ("tags ", [(0,)]),
    "tags/t1/videos": ("videos of t1", [(0.9, "vid_1")]),
    "review": (f"review {ReviewFilter()}", [(0.5, "vid_1", "t1")]),
}
"""Of routes with pages: which list that is, and places in it."""

ODD: dict[type, tuple[object, ...]] = {
    str: (None, [], {}, True, 1, 1.5, "a\0b", "\ud800"),
    float: (None, [], {}, True, "1", 10**30, -(10**30), 1e300, float("inf"), float("nan")),
    int: (None, [], {}, True, "1", 1.5, -1, 10**30, float("nan")),
    bool: (None, [], 0, 1, "true"),
}
"""What is no text, no number, no whole number from 0, not yes or no, or none that a database takes."""


def handmade(library_id: str, of: str, body: bytes) -> str:
    """A cursor as anybody can make it who knows how."""
    return base64.urlsafe_b64encode(_tag(library_id, of, body) + body).decode().rstrip("=")


def odd_places(good: list[tuple[Any, ...]]) -> list[object]:
    """Places of other lengths and kinds than those of a list."""
    odd: list[object] = [5, "x", None, {"a": 1}, [], [10**30], [1.0, 10**30], [[]], [True], ["a", "b", "c", "d"]]
    for place in good:
        odd += [[*place, 1], [*place, *place]]
        odd += [[*place[:at], one, *place[at + 1 :]] for at, right in enumerate(place) for one in ODD[type(right)]]
    return odd


@pytest.mark.parametrize("route", PAGED)
def test_a_place_that_is_none_in_that_list_is_refused(server: Served, library: Library, route: str):
    video_id, library_id = id_of(library.store, "pizza"), library.store.library_id
    of, good = PAGED[route]
    of, path = of.replace("{video_id}", video_id), f"/api/v1/{route.replace('{video_id}', video_id)}"

    def answer(place: object) -> tuple[int, str]:
        made = handmade(library_id, of, json.dumps(place).encode())
        name = "after" if route == "review" else "cursor"
        given = server.client.get(f"{path}{'&' if '?' in path else '?'}{name}={made}")
        return given.status_code, given.json().get("code", "")

    for place in good:
        assert answer(place) == (200, ""), place
    for odd in odd_places(good):
        assert answer(odd) == (400, "USAGE"), odd


@pytest.mark.parametrize("body", [b"", b"[", b"\xff", b"[1e999]", b"[" * 100_000, b"[" + b"9" * 5000 + b"]"])
def test_a_place_that_cannot_be_read_is_refused(body: bytes):
    with pytest.raises(UsageError) as caught:
        place_of("lib", "videos", handmade("lib", "videos", body), (float,))
    assert caught.value.code.name == "USAGE"


def test_a_page_of_videos_that_lie_nowhere_goes_on(server: Served, library: Library):
    for n in range(3):
        # A file whose content changed belongs to another video; the former one lies nowhere.
        library.store.catalog.register(Path("/changing.mp4"), f"{n}e" * 32, 1, 1)
    for sort in SORTS:
        found: list[str] = []
        page = server.client.get("/api/v1/videos", params={"limit": 1, "sort": sort}).json()
        while True:
            found += [one["video_id"] for one in page["videos"]]
            if page["next"] is None:
                break
            asked = {"limit": 1, "sort": sort, "cursor": page["next"]}
            page = server.client.get("/api/v1/videos", params=asked).json()
        assert len(found) == len(set(found)) == page["total"]
