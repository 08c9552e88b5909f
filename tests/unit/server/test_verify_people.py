"""`kinodex verify` finds what is wrong with jobs, access, corrections and reviews, and nothing where all is well."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from kinodex.library import Library
from kinodex.views.corrections import correct
from kinodex.views.library_view import LibraryView
from kinodex.views.moments import lines
from stores.core.principal import OWNER, SCOPES
from stores.core.records import Decision
from stores.maintenance.verify import verify
from stores.sql.database import writing
from stores.tags.review import Judgement

PASSWORD = "correct horse battery"

Codes = Callable[..., set[str]]


@pytest.fixture
def codes(made: Path, tmp_path: Path) -> Codes:
    """What verify finds in a library in which people did everything once, after some statements."""
    folder = Path(shutil.copytree(made, tmp_path / "library"))
    with Library.open(folder, create=False) as library:
        store, video_id = library.store, library.resolve("pizza.mp4")
        ada = store.access.users.add("Ada", PASSWORD, SCOPES, everything=True)
        bob = store.access.users.add("Bob", PASSWORD)
        trips = store.access.collections.add("Trips")
        store.access.collections.put_videos(trips.collection_id, [video_id])
        store.access.collections.grant(trips.collection_id, bob.user_id, "editor")
        store.access.keys.add(bob.user_id, "narrow", ["read"], None, [trips.collection_id])
        store.jobs.order("tag", {"video_ids": []}, ada.user_id)
        taken = store.job_ledger.take()
        assert taken is not None
        store.job_ledger.finish(taken[1], {}, {})
        store.jobs.order("tag", {"video_ids": []}, bob.user_id)
        _decide_and_correct(library, video_id, ada.user_id)

    def found(*statements: str) -> set[str]:
        copy = Path(shutil.copytree(folder, tmp_path / f"copy{len(list(tmp_path.iterdir()))}"))
        with Library.open(copy, create=False) as opened:
            with writing(opened.store.engine) as connection:
                for statement in statements:
                    assert connection.execute(text(statement)).rowcount > 0, statement
            return {problem.code for problem in verify(opened.store, deep=False).problems}

    return found


def test_all_is_well(codes: Codes):
    assert codes() == set()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE jobs SET state = 'lost'", "JOB_STATE"),
        ("UPDATE jobs SET finished_at = NULL WHERE state = 'done'", "JOB_STATE"),
        ("UPDATE jobs SET finished_at = 1 WHERE state = 'queued'", "JOB_STATE"),
        ("UPDATE jobs SET state = 'failed' WHERE state = 'done'", "JOB_STATE"),
        ("UPDATE jobs SET events = events + 1 WHERE state = 'done'", "EVENTS_LOST"),
        ("DELETE FROM job_events", "EVENTS_LOST"),
        ("UPDATE users SET folded = 'eve' WHERE name = 'Ada'", "NAME_DIFFERS"),
        ("UPDATE collections SET folded = 'x'", "NAME_DIFFERS"),
        ("UPDATE users SET scopes = '[\"read\"]'", "NO_ADMINISTRATOR"),
        ("UPDATE users SET scopes = '[\"read\", \"fly\"]' WHERE name = 'Bob'", "SCOPE_UNKNOWN"),
        ("UPDATE api_keys SET scopes = '[\"fly\"]'", "SCOPE_UNKNOWN"),
        ("UPDATE collection_members SET role = 'king'", "ROLE_UNKNOWN"),
        ("UPDATE collection_videos SET video_id = 'vid_none'", "COLLECTION_VIDEO"),
        ("UPDATE corrections SET text = 'another'", "CORRECTION_NOT_SHOWN"),
        ("UPDATE corrections SET evidence_id = 'utt_none'", "CORRECTION_STRAY"),
        ("UPDATE corrections SET ended_at = 1", "CORRECTION_STATE"),
        ("UPDATE corrections SET state = 'odd'", "CORRECTION_STATE"),
        ("DELETE FROM decisions WHERE origin = 'person'", "REVIEW_LOST"),
        ("UPDATE decisions SET decision = 'rejected' WHERE origin = 'person'", "REVIEW_LOST"),
        ("DELETE FROM review_events", "REVIEW_STRAY"),
        ("UPDATE review_queue SET waits = false", "QUEUE_LOST"),
        ("INSERT INTO review_queue VALUES ('vid_none', 't1', 0.1, 0.1, 0.1, 0, 0.5, 1, true)", "QUEUE_STRAY"),
        ("UPDATE review_queue SET waits = true", "QUEUE_DECIDED"),
    ],
)
def test_what_is_wrong_is_found(codes: Codes, statement: str, code: str):
    assert code in codes(statement)


def _decide_and_correct(library: Library, video_id: str, by: str) -> None:
    view = LibraryView(library, OWNER)
    (line, *_) = lines(view, video_id, "speech", 10).lines
    correct(view, video_id, line.evidence_id, "The first correction.")
    correct(view, video_id, line.evidence_id, "The second correction.")
    store = library.store
    store.tags.save_decisions(video_id, [Decision(video_id, "t2", "accepted", 0.7, ("test",), ())])
    token = store.reviews.decide([Judgement(video_id, "t1", "rejected")], by, "Ada")
    store.reviews.undo(token, by)
    store.reviews.decide([Judgement(video_id, "t1", "accepted")], by, "Ada")
