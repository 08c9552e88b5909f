"""Cursors are whole, of this list of this library, or refused."""

from __future__ import annotations

from contextlib import suppress

import pytest

from kinodex.views.cursors import cursor, place_of
from stores.core.errors import UsageError
from tests.unit.server.serving import Served


def test_a_cursor_gives_back_its_place():
    made = cursor("lib", "videos", "vid_1", "厨房 ☕.mp4", 1.25, True)
    assert place_of("lib", "videos", made) == ("vid_1", "厨房 ☕.mp4", 1.25, True)
    assert made.isascii()
    assert "=" not in made


@pytest.mark.parametrize("library_id", ["lib", "other"])
@pytest.mark.parametrize("of", ["videos", "threads"])
def test_a_cursor_of_another_list_is_refused(library_id: str, of: str):
    made = cursor("lib", "videos", "vid_1")
    if (library_id, of) == ("lib", "videos"):
        return
    with pytest.raises(UsageError) as caught:
        place_of(library_id, of, made)
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
                    assert place_of("lib", "videos", changed) == ("vid_1", "a.mp4")


@pytest.mark.parametrize("text", ["", "x", "%%%", "a" * 2000, "é", "kFs-eTMufhOm"])
@pytest.mark.parametrize("path", ["videos", "threads"])
def test_a_server_refuses_what_is_no_cursor(server: Served, path: str, text: str):
    answer = server.client.get(f"/api/v1/{path}", params={"cursor": text})
    assert (answer.status_code, answer.json()["code"]) == (400, "USAGE")
