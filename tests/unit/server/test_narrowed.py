"""A principal that sees one video: for it, there are no others."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from kinodex.library import Library
from kinodex.schemas.api.conversations import NewThread
from kinodex.server.app import create_app
from kinodex.server.asking import view_of
from kinodex.views import search as searching
from kinodex.views import videos as listing
from kinodex.views.conversations import threads, turns
from kinodex.views.library_view import LibraryView
from stores.access.records import NO_VIDEOS, VideoSet
from stores.core.errors import UsageError
from stores.core.principal import SCOPES, Principal
from stores.threads.records import DraftClaim, Progress, TurnAnswer, Usage
from tests.unit.server.serving import Served, served

API = "/api/v1"
ADA = Principal("", "Ada", frozenset(SCOPES))


class OneVideo(LibraryView):
    """Sees the boats, or what it is told."""

    seen: tuple[str, ...] = ()

    def _set(self) -> VideoSet:
        seen = self.seen or (self.library.resolve("boats.mp4"),)
        return VideoSet(seen, frozenset(seen))


@pytest.fixture
def view(library: Library) -> OneVideo:
    return OneVideo(library, ADA)


@pytest.fixture(scope="module")
def narrowed(library: Library) -> Iterator[Served]:
    app = create_app(library)
    app.dependency_overrides[view_of] = lambda: OneVideo(library, ADA)
    with served(app) as running:
        yield running


def test_nothing_that_is_answered_names_a_hidden_video(narrowed: Served, library: Library):
    boats = library.resolve("boats.mp4")
    hidden = [library.resolve("pizza.mp4"), library.resolve("taxi.mp4"), library.resolve("broken one.mp4")]
    paths = [
        f"{API}/status",
        f"{API}/videos",
        f"{API}/videos/{boats}",
        f"{API}/videos/{boats}/similar?start=0&end=8&k=50",
        f"{API}/search?q=food&k=50",
        f"{API}/search?q=food&k=50&mode=exact",
        f"{API}/search?q=food&k=50&duplicates=true",
        f"{API}/evidence?id=utt_pizza_0&id=utt_boats_0",
    ]
    for path in paths:
        answer = narrowed.client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert not [one for one in (*hidden, "pizza", "taxi", "broken") if one in answer.text], (path, answer.text)


def test_counts_are_of_what_it_sees(narrowed: Served):
    found = narrowed.client.get(f"{API}/status").json()
    assert (found["videos"], found["by_status"], found["media_seconds"]) == (1, {"done": 1}, 8.0)
    assert found["index"] == {"state": "complete", "videos_indexed": 1, "videos_known": 1}
    assert narrowed.client.get(f"{API}/videos").json()["total"] == 1
    assert narrowed.client.get(f"{API}/search?q=boats").json()["index"]["videos_known"] == 1
    (row,) = narrowed.client.post(f"{API}/query", json={"sql": "select count(*) from videos"}).json()["rows"]
    assert row == [1]


def test_a_hidden_video_and_none_are_the_same(narrowed: Served, library: Library):
    hidden = library.resolve("pizza.mp4")
    for rest in ("", "/timeline", "/lines", "/tracklets", "/similar?start=0"):
        there = narrowed.client.get(f"{API}/videos/{hidden}{rest}")
        gone = narrowed.client.get(f"{API}/videos/vid_0{rest}")
        assert (there.status_code, gone.status_code) == (404, 404)
        said = [one.text.replace(hidden, "ID").replace("vid_0", "ID") for one in (there, gone)]
        assert said[0] == said[1]
    for video_id in (hidden, "vid_0"):
        answer = narrowed.client.post(f"{API}/threads", json={"video_ids": [video_id]})
        assert answer.json()["code"] == "UNKNOWN_VIDEO"
        assert narrowed.client.get(f"{API}/search?q=x&video_id={video_id}").json()["code"] == "UNKNOWN_VIDEO"


def test_many_videos_cost_as_many_queries_as_one(library: Library, view: OneVideo):
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    ids = tuple(library.resolve(f"{name}.mp4") for name in ("boats", "pizza", "taxi"))
    view.seen = ids
    event.listen(library.store.engine, "before_cursor_execute", counted)
    try:
        assert view.videos(ids[:1]) == [ids[0]]
        one, count = count, 0
        assert view.videos((*ids, *ids)) == list(ids)
        assert count == one
        # One that is hidden is looked for no longer than one that is not there.
        view.seen, count = ids[:1], 0
        for hidden in (ids[1], "vid_0"):
            with pytest.raises(UsageError):
                view.videos([hidden])
        assert count == 0
    finally:
        event.remove(library.store.engine, "before_cursor_execute", counted)


def test_etags_of_principals_differ(narrowed: Served, server: Served, library: Library):
    path = f"{API}/videos/{library.resolve('boats.mp4')}/timeline"
    tag = server.client.get(path).headers["etag"]
    assert narrowed.client.get(path, headers={"if-none-match": tag}).status_code == 200


def test_what_sees_nothing_finds_nothing(library: Library):
    class Blind(LibraryView):
        def _set(self) -> VideoSet:
            return NO_VIDEOS

    view = Blind(library, ADA)
    assert listing.videos(view, listing.Filters(), 10).total == 0
    assert listing.status(view).videos == 0
    found = searching.search(view, "pizza", copies=False)
    assert (found.verdict, found.results, found.index.state) == ("no_match", [], "empty")
    assert searching.search(view, "pizza", mode="exact", copies=False).results == []
    assert searching.evidence(view, ["utt_pizza_0"]).evidence == []
    assert searching.query(view, "select video_id from videos", 10).rows == []


def test_an_answer_about_what_is_hidden_now_is_gone(library: Library, view: OneVideo):
    thread = threads.begin(LibraryView(library, ADA), NewThread())
    lease = library.store.turns.begin(thread.thread_id, "How hot must it be?")
    claims = (DraftClaim("250 degrees.", ("utt_pizza_1",)),)
    library.store.turns.finish(lease, TurnAnswer("250 degrees.", False, "extractive", claims), Usage())
    assert turns.turn(LibraryView(library, ADA), lease.turn_id).answer == "250 degrees."
    seen = turns.turn(view, lease.turn_id)
    assert (seen.removed, seen.claims, seen.citations) == (True, [], [])
    for text in (
        json.dumps(threads.thread(view, thread.thread_id).model_dump()),
        threads.as_markdown(view, thread.thread_id),
    ):
        assert "250 degrees" not in text
        assert "pizza" not in text


def test_a_scope_is_asked_for_each_time(library: Library, view: OneVideo):
    pizza = library.resolve("pizza.mp4")
    view.seen = (pizza,)
    assert listing.video(view, pizza).name == "pizza again.mp4"
    view.seen = (library.resolve("taxi.mp4"),)
    with pytest.raises(UsageError):
        listing.video(view, pizza)


def test_an_abstention_that_names_what_was_read_is_gone_with_it(library: Library, view: OneVideo):
    thread = threads.begin(LibraryView(library, ADA), NewThread())
    lease = library.store.turns.begin(thread.thread_id, "Who is the cook?")
    library.store.turns.append(lease, (), Progress(evidence_ids=("utt_pizza_0",)))
    said = "The library holds no answer to this. Looked closest at: pizza.mp4."
    library.store.turns.finish(lease, TurnAnswer(said, True, "extractive"), Usage())
    assert turns.turn(LibraryView(library, ADA), lease.turn_id).answer == said
    assert "pizza" not in turns.turn(view, lease.turn_id).model_dump_json()


def test_what_a_narrowed_principal_looks_for_is_noted_nowhere(narrowed: Served, library: Library):
    boats = library.resolve("boats.mp4")
    assert narrowed.client.get(f"{API}/search?q=a secret boat&k=5").json()["results"]
    assert narrowed.client.get(f"{API}/videos/{boats}").status_code == 200
    noted = library.store.clicks.of_videos([boats]).get(boats, [])
    assert not [one for one in noted if "secret" in one.query]
