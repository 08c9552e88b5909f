"""What is asked first teaches most, pages meet, and neither asking nor deciding costs more in a large library."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from stores.core.errors import UsageError
from stores.core.records import Decision
from stores.library_store import LibraryStore
from stores.maintenance.verify import verify
from stores.sql.database import writing
from stores.tags.queueing import disagreement, place_of
from stores.tags.review import Judgement, Reviewer, ReviewItem, Waiting, spread
from stores.tags.vocabulary.merging import merge
from stores.tags.vocabulary.undoing import undo
from tests.unit.stores.builders import add_video
from tests.unit.stores.review.events import automatic, counting, made, pairs_of, state


@pytest.fixture
def library(tmp_path: Path) -> Iterator[LibraryStore]:
    with made(tmp_path / "made") as store:
        yield store


def item(number: int, place: float, tag: str, video: str = "", judged: int = 0) -> ReviewItem:
    video = video or f"v{number}"
    return ReviewItem(video, tag, tag, place, 0.5, 0.1, 0.0, 1, judged, "abstained", (), ())


def test_near_the_threshold_apart_and_of_many_videos_comes_first() -> None:
    pair = "v", "t"
    assert place_of(pair, 0.01, 0.0, 1) < place_of(pair, 0.2, 0.0, 1)
    assert place_of(pair, 0.1, 0.8, 1) < place_of(pair, 0.1, 0.1, 1)
    many = [place_of((f"v{n}", "t"), 0.1, 0.0, 500) for n in range(500)]
    alone = place_of(("v", "t"), 0.1, 0.0, 1)
    assert min(many) < alone < sorted(many)[100]  # some of them are asked before, not all
    assert all(0.0 <= one <= 1.0 for one in many)
    assert disagreement([("a", 0.9), ("b", 0.1)]) == pytest.approx(0.8)
    assert disagreement([("a", 0.9)]) == disagreement([]) == 0.0


def test_within_a_page_alike_ones_are_spread_and_known_tags_wait() -> None:
    page = [item(n, 0.10 + n / 1000, "dog") for n in range(10)] + [item(n, 0.30, f"t{n}") for n in range(10, 20)]
    asked = [one.tag_id for one in spread(page)]
    assert asked[0] == "dog"
    assert all(asked[n : n + 3].count("dog") < 3 for n in range(14))
    assert sorted(asked) == sorted(one.tag_id for one in page)
    known = [item(1, 0.10, "dog", judged=30), item(2, 0.30, "cat")]
    assert [one.tag_id for one in spread(known)] == ["cat", "dog"]
    of_one = [item(n, 0.1, f"t{n}", "v") for n in range(5)] + [item(9, 0.2, "t9", "w")]
    assert [one.video_id for one in spread(of_one)][1] == "w"


def test_ten_near_duplicates_do_not_follow_each_other(tmp_path: Path) -> None:
    with made(tmp_path / "made", videos=1, tags=30) as store:
        for n in range(200):  # the same film, two hundred times, and its tag just at the threshold
            video_id = add_video(store, f"copy {n}")
            decisions = [Decision(video_id, "t0", "accepted", 0.6, ("picture",), (), (("picture", 0.6),))]
            store.tags.save_decisions(video_id, decisions)
        for n in range(30):
            video_id = add_video(store, f"other {n}")
            decisions = [Decision(video_id, f"t{n}", "abstained", 0.5, ("picture",), (), (("picture", 0.5),))]
            store.tags.save_decisions(video_id, decisions)
        first = [one.tag_id for one in spread(store.reviews.queue(20))]
    assert len(set(first[:4])) > 1
    assert 0 < first.count("t0") < 20


def test_pages_meet_even_while_people_decide(library: LibraryStore) -> None:
    whole = [(one.video_id, one.tag_id) for one in library.reviews.queue(500)]
    found: list[tuple[str, str]] = []
    after = None
    while page := library.reviews.queue(7, after):
        found += [(one.video_id, one.tag_id) for one in page]
        after = page[-1].place, page[-1].video_id, page[-1].tag_id
        library.reviews.decide([Judgement(page[0].video_id, page[0].tag_id, "unsure")], "u", "Una")
    assert found == whole
    again = [(one.video_id, one.tag_id) for one in library.reviews.queue(500)]
    assert again == [one for n, one in enumerate(whole) if n % 7]


def test_all_that_waits_is_decided_at_once_or_nothing(library: LibraryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(library)
    high = Waiting(least=0.6)
    count = library.reviews.left(high)
    step, pairs = library.reviews.decide_waiting(high, "accepted", Reviewer("u", "Una"))
    assert (len(pairs), library.reviews.left(high)) == (count, 0)
    assert set(pairs) == counting(library).keys()
    library.reviews.undo(step, "u")
    after = state(library)
    assert [after[name] for name in ("decisions", "review_queue")] == [[], before["review_queue"]]
    monkeypatch.setattr("stores.tags.review.store.MOST", 3)
    with pytest.raises(UsageError, match="more than 3"):
        library.reviews.decide_waiting(Waiting(), "rejected", Reviewer("u", "Una"))
    assert state(library) == after


def test_what_a_person_rejected_or_left_open_stays_so_when_tagged_again(library: LibraryStore) -> None:
    video, tag = pairs_of(library)[1]
    other = pairs_of(library)[2][1]
    judgements = [Judgement(video, tag, "rejected"), Judgement(video, other, "unsure")]
    library.reviews.decide(judgements, "u", "Una")
    again = [
        Decision(video, one, "accepted", 0.99, ("picture",), ("e1",), (("picture", 0.99),)) for one in (tag, other)
    ]
    library.tags.save_decisions(video, again)
    assert {one.tag_id: one.decision for one in library.tags.decisions(video)} == {tag: "rejected", other: "unsure"}
    assert video not in {one.video_id for one in library.reviews.queue(500)}


def test_who_sees_some_videos_learns_nothing_of_others_by_order_or_numbers(tmp_path: Path) -> None:
    found = []
    for others in (0, 40):
        with made(tmp_path / f"made{others}", videos=4) as store:
            mine = [video for video, _ in pairs_of(store)]
            for n in range(others):
                video_id = add_video(store, f"hidden {n}")
                hidden = [automatic(video_id, f"t{n % 3}", 6)]
                store.tags.save_decisions(video_id, hidden)
                store.reviews.decide([Judgement(video_id, f"t{n % 2}", "accepted")], "u", "Una")
            # Tagged again once the others are there: what is counted then is counted anew.
            for video_id in dict.fromkeys(mine):
                again = [one for one in store.tags.decisions(video_id) if one.recalled_by != ("child",)]
                store.tags.save_decisions(video_id, again)
            found.append(spread(store.reviews.queue(500, waiting=Waiting().within(mine))))
    assert found[0] == found[1]
    assert found[0]


def test_a_clock_that_was_ahead_hides_no_later_decision(library: LibraryStore) -> None:
    video, tag = pairs_of(library)[1]
    library.reviews._clock = lambda: time.time() + 7200
    library.reviews.decide([Judgement(video, tag, "accepted")], "u", "Una")
    library.reviews._clock = time.time
    step = library.reviews.decide([Judgement(video, tag, "rejected")], "v", "Vic")
    assert counting(library)[video, tag][0] == "rejected"
    library.reviews.undo(step, "v")
    assert counting(library)[video, tag][0] == "accepted"


def test_reviews_of_a_tag_that_is_merged_go_along_and_come_back(library: LibraryStore) -> None:
    (first, second), video = ("t1", "t2"), pairs_of(library)[0][0]
    library.reviews.decide([Judgement(video, first, "rejected")], "u", "Una")
    library.reviews.decide([Judgement(video, second, "accepted")], "u", "Una")
    events, before = list(library.reviews.events()), counting(library)
    done = merge(library.engine, second, [first])
    assert counting(library) == {(video, second): before[video, second]}
    assert len(library.reviews.history(video, second)) == 2
    assert library.reviews.merge(events).known == 2  # another copy, in which they are two, changes nothing
    assert _wrong(library) == []
    undo(library.engine, done.undo)
    assert counting(library) == before
    assert _wrong(library) == []


def test_one_more_review_costs_the_same_at_a_hundred_thousand_decisions(library: LibraryStore) -> None:
    """Nothing that is asked for a page or a verdict reads a table from one end to the other."""
    rows = 100_000
    with writing(library.engine) as connection:
        numbers = f"WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {rows})"
        connection.execute(text("PRAGMA foreign_keys = OFF"))
        video = connection.execute(text("SELECT min(video_id) FROM videos")).scalar()
        connection.execute(
            text(
                "INSERT INTO tags (tag_id, position, name, folded, facet, parent, language, status) "
                f"{numbers} SELECT 'x' || n, n + 1000, 'x' || n, 'x' || n, '', '', '', 'active' FROM n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO decisions (video_id, tag_id, origin, ordinal, decision, confidence, recalled_by, scores, "
                f"decided_at) {numbers} SELECT '{video}', 'x' || n, 'automatic', n + 1000, 'abstained', 0.5, '[]', "
                "'[]', 1.0 FROM n"
            )
        )
        connection.execute(
            text(
                "INSERT INTO review_queue (video_id, tag_id, place, alone, uncertainty, disagreement, score, shared, "
                f"waits) {numbers} SELECT '{video}', 'x' || n, (n % 1000) / 1000.0, 0.5, 0.1, 0.0, 0.5, 1, 1 FROM n"
            )
        )
    asked: list[tuple[str, Any]] = []
    event.listen(library.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    first = library.reviews.queue(20)[0]
    library.reviews.queue(20, (0.5, "", ""))
    library.reviews.queue(20, waiting=Waiting(tag_id="x5"))
    library.reviews.queue(20, waiting=Waiting().within([first.video_id]))
    step = library.reviews.decide([Judgement(first.video_id, first.tag_id, "accepted")], "u", "Una")
    library.reviews.newest_step("u")
    library.reviews.history(first.video_id, first.tag_id)
    library.reviews.undo(step, "u")
    library.reviews.version()
    statements = [one for one in asked if one[0].startswith(("SELECT", "DELETE", "UPDATE"))]
    assert len(statements) > 20
    with library.engine.connect() as connection:
        for statement, given in statements:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given).all()
            ends = "ORDER BY review_events.number DESC" in statement and "LIMIT" in statement  # read from its end
            scans = [row[3] for row in plan if row[3].startswith("SCAN") and _is_table(row[3]) and not ends]
            assert not scans, (scans, statement)


def _is_table(step: str) -> bool:
    """Whether a step of a plan reads a whole table; one along an index ends at the limit."""
    names = ("decisions", "review_queue", "review_events", "tags", "videos", "decision_evidence")
    return step.split()[1] in names and "USING" not in step


def _wrong(library: LibraryStore) -> list[str]:
    return [one.code for one in verify(library, deep=False).problems if one.kind == "review"]
