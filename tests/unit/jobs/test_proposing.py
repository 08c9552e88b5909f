"""A search for proposals as a job: it counts videos, goes on beside other jobs, is cancelled, and asks who may now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from encoders.bundle import Encoders
from kinodex.jobs.lease_keeper import BEAT_SECONDS
from kinodex.jobs.worker import Worker
from kinodex.library import Library
from stores.jobs.job_ledger import JobLedger
from stores.library_store import LibraryStore
from stores.tags.vocabulary.proposals import FoundProposal
from tests.unit.agents.small_library import add_video
from tests.unit.jobs.patience import until
from tests.unit.kinodex.chat_library import copied

SAID = (
    "Welcome to fly fishing with me.",
    "Today it is about fly fishing in Norway!",
    "I love fly fishing, it is calm.",
    "Twelve euros to the station, please.",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    with Encoders.open("embedded") as encoders, LibraryStore.open(root / "library", create=True) as store:
        for number, line in enumerate(SAID):
            add_video(store, encoders, root / f"{number}.mp4", "imagenet:914", (line,))
    return root / "library"


@pytest.fixture
def library(made: Path, tmp_path: Path) -> Iterator[Library]:
    with Library.open(copied(made, tmp_path)) as opened:
        ids = sorted(opened.indexed())[:3]
        lines = tuple((one, f"utt_{one}", "a line") for one in ids)
        opened.store.proposals.put([FoundProposal("of before", "speech", "en", 1.0, lines)])
        yield opened


def waiting(library: Library) -> list[str]:
    return [one.name for one in library.store.proposals.listed("open")]


def test_what_is_found_replaces_the_open_ones_while_another_job_goes_on(library: Library) -> None:
    library.store.jobs.order("ingest", {"paths": ["/films"]})
    other = JobLedger(library.store.engine, time.time, "another worker")
    assert other.take() is not None
    job, _ = library.store.jobs.order("propose", {})
    assert Worker(library).run(once=True) == 1
    done = library.store.jobs.get(job.job_id)
    assert (done.state, done.error, done.share) == ("done", None, 1.0)
    assert done.totals == {"videos": 4, "of": 4, "open": len(waiting(library))}
    assert "fly fishing" in waiting(library)
    assert "of before" not in waiting(library)


def test_a_cancelled_search_says_how_far_it_was_and_leaves_what_was_open(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, _ = library.store.jobs.order("propose", {})
    catalog = library.store.catalog
    read = catalog.evidence_of
    seen: list[str] = []

    def slowly(video_id: str) -> object:
        seen.append(video_id)
        if len(seen) == 3:
            until(lambda: library.store.jobs.get(job.job_id).note == "reading videos: 2 of 4")
            assert library.store.jobs.get(job.job_id).share == 0.5
            library.store.job_ledger.cancel(job.job_id)
            time.sleep(6 * BEAT_SECONDS)  # longer than until it is noticed
        return read(video_id)

    monkeypatch.setattr(catalog, "evidence_of", slowly)
    assert Worker(library).run(once=True) == 1
    assert library.store.jobs.get(job.job_id).state == "cancelled"
    assert len(seen) == 3
    assert waiting(library) == ["of before"]


def test_who_may_change_the_vocabulary_no_more_has_nothing_looked_for(library: Library) -> None:
    access = library.store.access
    access.users.add("Root", "long enough a password")
    ada, eve, ida = (
        access.users.add(name, "long enough a password", ["read", "edit", "jobs"], True)
        for name in ("Ada", "Eve", "Ida")
    )
    jobs = [library.store.jobs.order("propose", {}, who.user_id)[0] for who in (ada, eve, ida)]
    access.users.change(ada.user_id, everything=False)
    access.users.change(eve.user_id, scopes=["read", "jobs"])
    access.users.remove(ida.user_id)
    assert Worker(library).run(once=True) == 3
    for job in jobs:
        done = library.store.jobs.get(job.job_id)
        assert done.error is not None
        assert (done.state, done.error.code) == ("failed", "FORBIDDEN")
    assert waiting(library) == ["of before"]
