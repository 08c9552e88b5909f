"""Pages of videos by SQL agree with what listings say of each video."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import insert

from stores.core.records import Span, StageOutput, Utterance, Video
from stores.library_store import LibraryStore
from stores.listing.lines import lines_page
from stores.listing.videos import SORTS, Choice, Mark, page, statuses, total
from stores.sql.database import writing
from stores.sql.tables import StageRunRow
from tests.unit.agents.small_library import MS, commit

STAGES = ("probe", "speech", "vectors", "pictures", "pictures.000", "pictures.001")
STATUSES = ("done", "running", "failed", "quarantined", "pending")


@pytest.fixture
def store(tmp_path: Path):
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def add(store: LibraryStore, folder: Path, name: str, probed: bool = True, seconds: int = 1) -> str:
    path = folder / name
    path.write_text(name)
    sha = f"{len(name):02d}{name.encode().hex()}".ljust(64, "0")[:64]
    video_id = store.catalog.register(path, sha, 1, path.stat().st_mtime_ns)
    if probed:
        video = Video(video_id, sha, 1, seconds * 1000, MS, 0, 4, 3, 0, MS, False, "h264", "", "mp4")
        commit(store, video_id, "probe", StageOutput(video=video))
    return video_id


def run(store: LibraryStore, video_id: str, stage: str, status: str, at: float, fingerprint: str = "fp") -> None:
    values = dict.fromkeys(("error_code", "error_message", "worker"), "") | dict.fromkeys(("attempts", "strikes"), 1)
    values |= {"video_id": video_id, "stage": stage, "fingerprint": fingerprint, "status": status, "active": False}
    with writing(store.engine) as connection:
        connection.execute(insert(StageRunRow).values(**values, started_at=at, finished_at=at, seconds=0.0))


def test_statuses_are_those_of_the_entries(store: LibraryStore, tmp_path: Path):
    chance = random.Random(1)
    for number in range(150):
        video_id = add(store, tmp_path, f"{number:03d}.mp4", probed=chance.random() < 0.6)
        at = 2e9
        for stage in chance.sample(STAGES[1:], chance.randint(0, 5)):
            for again in range(chance.randint(1, 2)):
                at += 1.0
                run(store, video_id, stage, chance.choice(STATUSES[: chance.randint(1, 5)]), at, f"fp{again}")
    entries = {entry.video_id: entry for entry in store.catalog.videos()}
    assert len({entry.status for entry in entries.values()}) >= 4
    for status in {entry.status for entry in entries.values()}:
        found = {one.video_id for one in page(store, Choice(status=status), 1000)}
        expected = {one for one, entry in entries.items() if entry.status == status}
        differing = {one: dict(entries[one].stages) for one in found ^ expected}
        assert not differing, (status, differing)
        assert total(store, Choice(status=status)) == len(expected)
    counted, _ = statuses(store, list(entries))
    assert sum(counted.values()) == 150


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_pages_go_through_all_once(store: LibraryStore, tmp_path: Path, sort: str, limit: int):
    names = [f"{n % 3}-{n}.mp4" for n in range(9)] + ["Ä ☕.mp4"]
    for number, name in enumerate(names):
        add(store, tmp_path, name, seconds=1 + number % 3)
    # A file whose content changed belongs to another video; the former one lies nowhere.
    moved = tmp_path / names[0]
    moved.write_text("changed")
    store.catalog.register(moved, "e" * 64, 1, 1)
    choice, found, after = Choice(sort=sort), [], None  # type: ignore[arg-type]
    while some := page(store, choice, limit, after):
        found += some
        after = some[-1]
    assert len(found) == len({one.video_id for one in found}) == total(store, choice) == 11
    assert [one.placed for one in found] == [True] * 10 + [False]
    keys = [one.key for one in found if one.placed]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


def test_a_page_goes_on_though_its_last_video_is_gone(store: LibraryStore, tmp_path: Path):
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        add(store, tmp_path, name)
    after = Mark("vid_gone", "b.mp4")
    assert [one.key for one in page(store, Choice(), 9, after)] in (["c.mp4"], ["b.mp4", "c.mp4"])


@pytest.mark.parametrize("count", [0, 1, 40_000])
def test_however_many_ids_narrow_a_list(store: LibraryStore, tmp_path: Path, count: int):
    video_id = add(store, tmp_path, "a.mp4")
    ids = (*(f"vid_{n}" for n in range(count - 1)), video_id)[: count or 0]
    found = page(store, Choice(video_ids=ids), 9)
    assert [one.video_id for one in found] == ([video_id] if count else [])
    assert total(store, Choice(video_ids=ids)) == len(found)


def test_lines_of_the_same_time_are_not_lost_between_pages(store: LibraryStore, tmp_path: Path):
    video_id = add(store, tmp_path, "a.mp4", seconds=9)
    said = tuple(Utterance(f"utt_{n:02d}", Span(n // 4 * 100, 5000, MS), f"line {n}", "en", 0.9) for n in range(10))
    commit(store, video_id, "speech", StageOutput(records=said))
    for limit in (1, 3, 100):
        found, after = [], None
        while some := lines_page(store, video_id, ("speech",), limit, after):
            found += [one.evidence.evidence_id for one in some]
            after = some[-1].evidence.span.start, some[-1].evidence.evidence_id
        assert found == [one.evidence_id for one in said]
