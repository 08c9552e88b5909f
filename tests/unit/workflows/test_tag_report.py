"""The report about tagging: counts by hand, sources that decide, intervals, and its cost with very many tags."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.core.records import Decision
from stores.library_store import LibraryStore
from tests.unit.stores.builders import add_video
from workflows.evaluation.intervals import wilson_interval
from workflows.evaluation.tag_report import JudgedCounts, tag_report


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def with_tags(store: LibraryStore, tmp_path: Path, count: int) -> None:
    with (tmp_path / "tags.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "name", "facet"))
        rows.writerows((f"t{n}", f"tag {n}", "even" if n % 2 == 0 else "odd") for n in range(count))
    store.tags.import_csv(tmp_path / "tags.csv")


def made(video: str, tag: str, decision: str, *scores: tuple[str, float]) -> Decision:
    rest = 1.0
    for _, score in scores:
        rest *= 1 - score
    return Decision(video, tag, decision, round(1 - rest, 4), tuple(s for s, _ in scores), (), scores)  # type: ignore[arg-type]


def judge(video: str, tag: str, verdict: str) -> Decision:
    return Decision(video, tag, verdict, 0.5, ("person",), ())  # type: ignore[arg-type]


def test_counts_sources_and_confidences(store: LibraryStore, tmp_path: Path) -> None:
    with_tags(store, tmp_path, 8)
    one, two = (add_video(store, f"{name}.mp4") for name in "ab")
    store.tags.save_decisions(
        one,
        [
            made(one, "t0", "accepted", ("speech", 0.5), ("picture", 0.5)),  # either is needed
            made(one, "t1", "accepted", ("speech", 0.9), ("picture", 0.5)),  # speech is needed
            made(one, "t2", "abstained", ("picture", 0.45)),
        ],
    )
    store.tags.save_decisions(two, [made(two, "t0", "accepted", ("speech", 0.65)), made(two, "t3", "abstained")])
    verdicts = [judge(one, "t0", "accepted"), judge(one, "t1", "rejected"), judge(one, "t2", "accepted")]
    store.tags.save_decisions(one, [*verdicts, judge(one, "t4", "accepted")], "person")
    store.tags.save_decisions(two, [judge(two, "t0", "unsure"), judge(two, "t3", "rejected")], "person")
    report = tag_report(store)
    assert report.overall == JudgedCounts(right=1, wrong=1, missed=2, refused=1, unsure=1)
    assert report.by_facet == {
        "even": JudgedCounts(right=1, missed=2, unsure=1),
        "odd": JudgedCounts(wrong=1, refused=1),
    }
    assert [one.tag.tag_id for one in report.tags][:3] == ["t1", "t2", "t4"]
    worth = {one.source: (one.said, one.true, one.earned, one.cost) for one in report.sources}
    assert worth == {"speech": (2, 1, 1, 1), "picture": (3, 2, 1, 0)}
    assert [one.source for one in report.sources] == ["picture", "speech"]
    assert [(bin_.low, bin_.cases, bin_.true) for bin_ in report.bins] == [
        (0.0, 1, 0),
        (0.4, 1, 1),
        (0.7, 1, 1),
        (0.9, 1, 0),
    ]
    assert report.ece == pytest.approx((0 + 0.55 + 0.25 + 0.95) / 4)
    assert report.brier == pytest.approx((0 + 0.55**2 + 0.25**2 + 0.95**2) / 4)
    assert (report.never.count, [tag.tag_id for tag in report.never.first]) == (3, ["t5", "t6", "t7"])
    assert [tag.tag_id for tag in report.dead.first] == ["t1", "t3"]
    assert report.precision_interval is not None


def test_nothing_judged_is_no_number(store: LibraryStore, tmp_path: Path) -> None:
    with_tags(store, tmp_path, 3)
    report = tag_report(store)
    assert (report.overall, report.videos, report.ece, report.precision_interval) == (JudgedCounts(), 0, None, None)
    assert report.never.count == 3


def test_wilson_ends_are_those_of_the_textbook() -> None:
    assert wilson_interval(0, 0) is None
    # Agresti & Coull 1998: 0 of 10 and 8 of 10.
    assert wilson_interval(0, 10) == pytest.approx((0, 0.2775), abs=1e-4)
    assert wilson_interval(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)


@pytest.mark.slow
def test_its_cost_is_bounded_with_a_hundred_thousand_tags(store: LibraryStore, tmp_path: Path) -> None:
    with_tags(store, tmp_path, 100_000)
    video = add_video(store)
    store.tags.save_decisions(video, [made(video, f"t{n}", "accepted", ("speech", 0.7)) for n in range(2_000)])
    store.tags.save_decisions(video, [judge(video, f"t{n}", "accepted") for n in range(1_000)], "person")
    began = time.process_time()
    report = tag_report(store)
    taken = time.process_time() - began
    assert (report.tags_judged, len(report.tags), report.never.count) == (1_000, 20, 98_000)
    assert taken < 30, "seconds, where ten times as many statements would take minutes"
