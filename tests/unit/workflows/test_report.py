import pytest

from stores.core.records import Receipt, StageKey
from workflows.report import VideoReport, outcome_of, total


def test_totals_reconcile_only_when_every_input_ended():
    ended = VideoReport("vid_1", "/a", "done", "", "", (), reused=True)
    assert total([ended], inputs=1, media_seconds=4.0, wall_seconds=2.0).speed == 2.0
    assert total([ended], inputs=1, media_seconds=0, wall_seconds=0).reconciled
    assert not total([ended], inputs=2, media_seconds=0, wall_seconds=0).reconciled


@pytest.mark.parametrize(
    ("outcomes", "status", "code"),
    [
        ({"probe": "done", "speech": "done"}, "done", ""),
        ({"probe": "done", "speech": "failed"}, "failed", "E-speech"),
        ({"probe": "done", "speech": "running"}, "failed", "WORKER_LOST"),
        ({"probe": "done"}, "failed", "WORKER_LOST"),
        ({"probe": "failed", "speech": "quarantined"}, "quarantined", "E-speech"),
        ({}, "failed", "WORKER_LOST"),
    ],
)
def test_how_a_video_ended(outcomes, status, code):
    receipts = [
        Receipt(
            StageKey("vid_1", stage, "f1"), end, 1, error_code=f"E-{stage}" if end in ("failed", "quarantined") else ""
        )
        for stage, end in outcomes.items()
    ]
    outcome = outcome_of(receipts, {"probe": "f1", "speech": "f1"})
    assert (outcome.status, outcome.error_code) == (status, code)
    assert dict(outcome.stages).keys() == {"probe", "speech"}


def test_runs_with_other_models_do_not_count():
    old = Receipt(StageKey("vid_1", "probe", "f0"), "failed", 1, error_code="NOT_MEDIA")
    new = Receipt(StageKey("vid_1", "probe", "f1"), "done", 1)
    assert outcome_of([old, new], {"probe": "f1"}).status == "done"
