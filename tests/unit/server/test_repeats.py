"""What is asked again: ETags and idempotency keys."""

from __future__ import annotations

import threading
import time

import pytest

from kinodex.library import Library
from kinodex.server import idempotency
from kinodex.server.idempotency import Idempotency
from stores.core.errors import UsageError
from stores.core.records import Decision, Scene, Span, StageKey, StageOutput
from stores.ledger import Attempt
from tests.unit.agents.small_library import MS
from tests.unit.server.serving import Served

API = "/api/v1"


@pytest.mark.parametrize(
    "path", ["status", "videos", "videos/ID", "videos/ID/timeline", "videos/ID/lines", "videos/ID/tracklets", "threads"]
)
def test_what_a_client_has_is_not_sent_again(server: Served, library: Library, path: str):
    url = f"{API}/{path.replace('ID', library.resolve('boats.mp4'))}"
    first = server.client.get(url)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Cookie" in first.headers["vary"]
    for given in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = server.client.get(url, headers={"if-none-match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert server.client.get(url, headers={"if-none-match": 'W/"other"'}).status_code == 200


def test_what_has_changed_is_sent(server: Served, library: Library):
    taxi = library.resolve("taxi.mp4")
    tags = {path: server.client.get(f"{API}/{path}").headers["etag"] for path in (f"videos/{taxi}/timeline", "videos")}
    commit_again(library, taxi)
    (timeline, before), _ = tags.items()
    again = server.client.get(f"{API}/{timeline}", headers={"if-none-match": before})
    assert (again.status_code, len(again.json()["scenes"])) == (200, 2)
    # The cards say nothing of scenes: the list is what it was.
    assert server.client.get(f"{API}/videos", headers={"if-none-match": tags["videos"]}).status_code == 304
    library.store.tags.save_decisions(taxi, [Decision(taxi, "t1", "accepted", 0.9, (), ())], "person")
    assert server.client.get(f"{API}/videos", headers={"if-none-match": tags["videos"]}).status_code == 200


def commit_again(library: Library, video_id: str) -> None:
    halves = (Scene("scn_a", Span(0, 4000, MS)), Scene("scn_b", Span(4000, 8000, MS)))
    attempt = library.store.ledger.begin(StageKey(video_id, "scenes", "fp-other"), "test")
    assert isinstance(attempt, Attempt)
    library.store.commit(attempt, StageOutput(records=halves))


def test_a_key_is_known_until_its_time_is_over():
    now = 0.0
    memory = Idempotency(lambda: now)
    made = iter(range(10))

    def make() -> int:
        return next(made)

    assert [memory.once(("ada", "k"), "body", make) for _ in range(3)] == [0, 0, 0]
    assert memory.once(("bob", "k"), "body", make) == 1
    with pytest.raises(UsageError) as caught:
        memory.once(("ada", "k"), "other", make)
    assert caught.value.code.name == "CONFLICT"
    now = idempotency.SECONDS + 1
    assert memory.once(("ada", "k"), "other", make) == 2


def test_what_failed_is_tried_again():
    memory = Idempotency()

    def fail() -> int:
        raise UsageError("THREAD_BUSY", "Busy.")

    with pytest.raises(UsageError):
        memory.once(("k",), "", fail)
    assert memory.once(("k",), "", lambda: 7) == 7


def test_of_two_at_once_one_is_done():
    memory = Idempotency()
    done: list[int] = []

    def slow() -> int:
        time.sleep(0.3)
        done.append(1)
        return len(done)

    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(memory.once(("k",), "", slow))) for _ in range(5)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (results, done) == ([1] * 5, [1])


def test_keys_do_not_pile_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(idempotency, "MOST", 5)
    memory = Idempotency()
    for n in range(50):
        memory.once((str(n),), "", lambda: 1)
    assert len(memory._entries) <= 6
