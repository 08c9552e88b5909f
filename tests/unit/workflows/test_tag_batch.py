"""A batch of tagging decides the same in whatever order, by however many workers, and wherever it is interrupted."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from stores.core.errors import EndpointError, StoreError
from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from tests.unit.stores.builders import add_video, put, utterance
from workflows.tag import tag_videos
from workflows.tagging.batch import TaggingOptions, TagReceipt, plan, put_in_place, tag_batch

VIDEOS = 12


class Neighbourly:
    """Decides from what is in place about other videos: the worst case for any order."""

    vocabulary, revision = "v1", "r1"

    def __init__(self, store: LibraryStore, videos: list[str], fails: dict[str, Exception] | None = None) -> None:
        self._store, self._videos, self._fails = store, videos, fails or {}
        self.asked: list[str] = []
        self._lock = threading.Lock()

    def tag(self, video_id: str) -> tuple[Decision, ...]:
        with self._lock:
            self.asked.append(video_id)
        if video_id in self._fails:
            raise self._fails[video_id]
        others = [one for video in self._videos for one in self._store.tags.decisions(video)]
        sure = round(0.5 + 0.001 * sum(one.confidence for one in others), 6)
        return (Decision(video_id, "t1", "accepted", sure, ("similar",), (), (("similar", sure),)),)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    (tmp_path / "tags.csv").write_text("id,name\nt1,one\n")
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        opened.tags.import_csv(tmp_path / "tags.csv")
        yield opened


@pytest.fixture
def videos(store: LibraryStore) -> list[str]:
    made = [add_video(store, f"{n}.mp4") for n in range(VIDEOS)]
    store.tags.save_decisions(made[0], [Decision(made[0], "t1", "accepted", 0.9, ("speech",), ())])
    return made


def in_place(store: LibraryStore, videos: list[str]) -> dict[str, list[Decision]]:
    return {one: store.tags.decisions(one) for one in videos}


def test_order_workers_and_interruptions_change_nothing(store: LibraryStore, videos: list[str]) -> None:
    before = in_place(store, videos)
    whole = tag_batch(store, Neighbourly(store, videos), videos, TaggingOptions(workers=1))
    assert (whole.totals.inputs, whole.totals.done, whole.totals.reconciled) == (VIDEOS, VIDEOS, True)
    expected = in_place(store, videos)
    assert len({decisions[0].confidence for decisions in expected.values()}) == 1

    def again() -> None:
        for video_id, decisions in before.items():
            store.tags.save_decisions(video_id, decisions)

    again()
    shuffled = random.Random(3).sample(videos, VIDEOS)
    tag_batch(store, Neighbourly(store, videos), shuffled, TaggingOptions(workers=3))
    assert in_place(store, videos) == expected
    again()
    away = {videos[7]: EndpointError("ENDPOINT_UNREACHABLE", "It is away.")}
    with pytest.raises(EndpointError):
        tag_batch(store, Neighbourly(store, videos, away), videos, TaggingOptions(workers=1))
    assert in_place(store, videos) == before, "what waits is not in place yet"
    resumed = Neighbourly(store, videos)
    planned = plan(store, resumed, videos, "")
    assert set(planned.waiting) >= set(videos[:7])
    report = tag_batch(store, resumed, videos, TaggingOptions(workers=2))
    assert in_place(store, videos) == expected
    assert set(resumed.asked) == set(planned.left)
    assert report.totals.reused == len(planned.waiting)


def test_what_was_put_in_place_before_an_interruption_changes_nothing(
    store: LibraryStore, videos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = in_place(store, videos)
    tag_batch(store, Neighbourly(store, videos), videos, TaggingOptions(workers=2))
    expected = in_place(store, videos)
    for video_id, decisions in before.items():
        store.tags.save_decisions(video_id, decisions)
    monkeypatch.setattr("workflows.tagging.batch._IN_PLACE", 5)
    place, calls = store.tag_runs.put_in_place, iter(range(2))

    def killed(limit: int) -> int:
        if next(calls, None) is None:
            raise KeyboardInterrupt
        return place(limit)

    monkeypatch.setattr(store.tag_runs, "put_in_place", killed)
    with pytest.raises(KeyboardInterrupt):
        tag_batch(store, Neighbourly(store, videos), videos, TaggingOptions(workers=2))
    monkeypatch.setattr(store.tag_runs, "put_in_place", place)
    assert in_place(store, videos) not in (before, expected), "some are in place, some are not"
    resumed = Neighbourly(store, videos)
    report = tag_batch(store, resumed, videos, TaggingOptions(workers=1))
    assert (resumed.asked, report.totals.reused) == ([], VIDEOS)
    assert in_place(store, videos) == expected
    assert {run.status for run in store.tag_runs.known(videos).values()} == {"done"}


class Together(Neighbourly):
    """Reads some videos together."""

    together = 4

    def __init__(self, store: LibraryStore, videos: list[str], fails: dict[str, Exception] | None = None) -> None:
        super().__init__(store, videos, fails)
        self.ahead: list[list[str]] = []
        self.expected = 0

    def expect(self, videos: int) -> None:
        self.expected = videos

    def read_ahead(self, video_ids: Sequence[str]) -> None:
        self.ahead.append(list(video_ids))
        if "odd" in self._fails:
            raise ZeroDivisionError("a bug")


def test_videos_are_read_together_and_fail_alone(store: LibraryStore, videos: list[str]) -> None:
    before = in_place(store, videos)
    tag_batch(store, Neighbourly(store, videos), videos, TaggingOptions(workers=1))
    expected = in_place(store, videos)
    for video_id, decisions in before.items():
        store.tags.save_decisions(video_id, decisions)
    whole = Together(store, videos, {"odd": ZeroDivisionError()})
    tag_batch(store, whole, videos, TaggingOptions(workers=1))
    assert in_place(store, videos) == expected
    assert whole.expected == VIDEOS
    assert [len(some) for some in whole.ahead] == [3] * 4
    for video_id, decisions in before.items():
        store.tags.save_decisions(video_id, decisions)
    away = Together(store, videos, {videos[7]: EndpointError("ENDPOINT_UNREACHABLE", "It is away.")})
    with pytest.raises(EndpointError):
        tag_batch(store, away, videos, TaggingOptions(workers=1))
    resumed = Together(store, videos)
    assert set(plan(store, resumed, videos, "").waiting) >= set(videos[:7]), "what was decided before it is kept"
    tag_batch(store, resumed, videos, TaggingOptions(workers=1))
    assert in_place(store, videos) == expected
    assert resumed.expected == VIDEOS, "also of a batch that is gone on with"


def test_only_what_changed_is_decided_again(store: LibraryStore, videos: list[str]) -> None:
    last = TaggingOptions(since="last")
    tagger = Neighbourly(store, videos)
    assert tag_batch(store, tagger, videos, last).totals.reused == 0
    assert len(tagger.asked) == VIDEOS
    tagger.asked.clear()
    assert tag_batch(store, tagger, videos, last).totals.reused == VIDEOS
    assert tagger.asked == []
    put(store, videos[3], "speech", utterance(videos[3], 0, "news"))
    new = add_video(store, "new.mp4")
    assert plan(store, tagger, [*videos, new], "last").left == (videos[3], new)
    tag_batch(store, tagger, [*videos, new], last)
    assert sorted(tagger.asked) == sorted([videos[3], new])
    tagger.asked.clear()
    tagger.revision = "r2"
    tag_batch(store, tagger, videos[:2], last)
    assert sorted(tagger.asked) == sorted(videos[:2])
    tagger.vocabulary = "v2"
    assert plan(store, tagger, videos, "last").left == tuple(videos)
    tagger.asked.clear()
    tag_batch(store, tagger, videos)
    assert len(tagger.asked) == VIDEOS, "without `since` all are decided about"


def test_a_video_that_fails_stops_nobody_and_is_tried_again(store: LibraryStore, videos: list[str]) -> None:
    bad, odd, gone = videos[0], videos[1], "vid_gone"
    fails = {bad: EndpointError("ENDPOINT_BAD_OUTPUT", "It sings."), odd: ZeroDivisionError("a bug")}
    seen: list[tuple[str, int, int]] = []

    def on_video(receipt: TagReceipt, done: int, of: int) -> None:
        seen.append((receipt.video_id, done, of))

    report = tag_batch(store, Neighbourly(store, videos, dict(fails)), videos, TaggingOptions(), on_video)
    assert (report.totals.done, report.totals.failed, report.totals.reconciled) == (VIDEOS - 2, 2, True)
    codes = {one.video_id: one.error_code for one in report.receipts if one.status == "failed"}
    assert codes == {bad: "ENDPOINT_BAD_OUTPUT", odd: "INTERNAL"}
    assert all(one.seconds > 0 for one in report.receipts)
    assert [done for _, done, _ in seen] == list(range(1, VIDEOS + 1))
    assert [made.confidence for made in store.tags.decisions(bad)] == [0.9], "what was decided before stays"
    kept = store.tag_runs.known([bad, odd])
    assert {run.error_message for run in kept.values()} == {"It sings.", "ZeroDivisionError: a bug"}
    again = Neighbourly(store, videos)
    tag_batch(store, again, videos, TaggingOptions(since="last"))
    assert sorted(again.asked) == sorted([bad, odd])

    class Forgetting(Neighbourly):
        """A video is forgotten in its time."""

        def tag(self, video_id: str) -> tuple[Decision, ...]:
            from stores.core.errors import UsageError

            raise UsageError("UNKNOWN_VIDEO", f"{video_id} is not there.")

    left = tag_batch(store, Forgetting(store, videos), [gone, videos[2]])
    assert [(one.video_id, one.error_code) for one in left.receipts] == [(videos[2], "UNKNOWN_VIDEO")]
    assert left.totals.inputs == 1


def test_one_job_at_a_time_and_others_write_meanwhile(store: LibraryStore, videos: list[str]) -> None:
    with LibraryStore.open(store.root) as other:

        class Beside(Neighbourly):
            def tag(self, video_id: str) -> tuple[Decision, ...]:
                with other.writer(0):
                    other.tags.save_decisions(video_id, [Decision(video_id, "t1", "rejected", 0, (), ())], "person")
                return super().tag(video_id)

        tag_batch(store, Beside(store, []), videos[:2], TaggingOptions(workers=1))
        assert [made.decision for made in store.tags.decisions(videos[1])] == ["rejected"]
        with other.job(), pytest.raises(StoreError, match="LIBRARY_LOCKED"):
            tag_batch(store, Neighbourly(store, []), videos)


def test_what_was_decided_since_by_itself_is_not_undone_by_what_waits(store: LibraryStore, videos: list[str]) -> None:
    away = {videos[1]: EndpointError("ENDPOINT_UNREACHABLE", "It is away.")}
    with pytest.raises(EndpointError):
        tag_batch(store, Neighbourly(store, [], away), videos[:2], TaggingOptions(workers=1))
    assert store.tag_runs.staged() == 1

    class Other(Neighbourly):
        def tag(self, video_id: str) -> tuple[Decision, ...]:
            return (Decision(video_id, "t1", "abstained", 0.31, ("speech",), ()),)

    tag_videos(store, Other(store, []), [videos[0]])  # type: ignore[arg-type]
    put_in_place(store)
    assert [made.confidence for made in store.tags.decisions(videos[0])] == [0.31]
    forget(store, [videos[0]])
    assert store.tag_runs.known(videos[:1]) == {}
