import urllib.request
from pathlib import Path

import pytest

from stores.core.errors import UsageError
from workflows.telemetry.metrics import Metrics
from workflows.telemetry.progress import Planned, StageFinished, StageStarted, VideoFinished, to_all
from workflows.telemetry.tally import Tally

URI = "/films/a secret name.mp4"


def ended(stage: str, status: str = "done", code: str = "", seconds: float = 2.0, **more) -> StageFinished:
    return StageFinished("vid_1", URI, stage, status, code, seconds, 1, **more)


def test_seconds_of_video_are_counted_when_the_video_is_known():
    tally = Tally()
    tally(ended("probe", seconds=0.1))
    tally(ended("speech", seconds=5.0))
    assert tally.counts().stages["speech"].media_seconds == 0
    tally(VideoFinished("vid_1", URI, "done", "", 50.0))
    speech = tally.counts().stages["speech"]
    assert (speech.media_seconds, speech.seconds, speech.speed) == (50.0, 5.0, 10.0)


def test_parts_count_under_their_stage_and_joining_does_not_count_them_again():
    tally = Tally()
    for number in range(3):
        tally(ended(f"pictures.{number:03d}", seconds=10.0, media_seconds=700.0))
    tally(ended("pictures", seconds=30.0))
    tally(VideoFinished("vid_1", URI, "done", "", 2100.0))
    counts = tally.counts()
    assert list(counts.stages) == ["pictures"]
    pictures = counts.stages["pictures"]
    assert (pictures.seconds, pictures.media_seconds, pictures.attempts) == (30.0, 2100.0, 4)
    assert counts.video_seconds == {"vid_1": 30.0}


def test_a_stage_that_was_not_begun_is_no_attempt():
    tally = Tally()
    tally(StageFinished("vid_1", URI, "speech", "quarantined", "WORKER_LOST"))
    counts = tally.counts()
    assert counts.stages["speech"].attempts == 0
    assert counts.errors == {"WORKER_LOST": 1}


def test_waiting_and_running_videos_are_counted_apart():
    tally = Tally()
    tally(Planned(4, 3, ()))
    tally(StageStarted("vid_1", URI, "speech"))
    tally(StageStarted("vid_1", URI, "speech_activity"))
    tally(ended("speech_activity"))
    assert (tally.counts().waiting, tally.counts().running) == (2, 1)
    tally(ended("speech", "failed", "MODEL_FAILED"))
    tally(VideoFinished("vid_1", URI, "failed", "MODEL_FAILED", 5.0))
    assert (tally.counts().waiting, tally.counts().running) == (2, 0)
    assert tally.counts().videos == {"failed": 1}


@pytest.fixture
def metrics():
    metrics = Metrics()
    progress = to_all(metrics)
    progress(Planned(2, 2, (("speech", 2),)))
    progress(ended("speech", seconds=4.0, media_seconds=40.0))
    progress(ended("speech.001", "failed", "DECODE_TIMEOUT", 1.0))
    progress(VideoFinished("vid_1", URI, "failed", "DECODE_TIMEOUT", 40.0))
    return metrics


EXPECTED = (
    'kinodex_stage_runs_total{code="",stage="speech",status="done"} 1.0',
    'kinodex_stage_runs_total{code="DECODE_TIMEOUT",stage="speech",status="failed"} 1.0',
    'kinodex_stage_seconds_total{stage="speech"} 5.0',
    'kinodex_media_seconds_total{stage="speech"} 40.0',
    'kinodex_media_seconds_per_second{stage="speech"} 8.0',
    'kinodex_attempts_total{stage="speech"} 2.0',
    'kinodex_errors_total{blame="input",code="DECODE_TIMEOUT"} 1.0',
    'kinodex_queue{state="waiting"} 1.0',
    'kinodex_queue{state="running"} 0.0',
    'kinodex_videos{status="failed"} 1.0',
    "kinodex_run_seconds ",
)


def test_prometheus_can_parse_the_file(metrics, tmp_path: Path):
    from prometheus_client.parser import text_string_to_metric_families

    path = tmp_path / "new" / "kinodex.prom"
    metrics.write(path)
    metrics.write(path)
    text = path.read_text()
    for line in EXPECTED:
        assert line in text
    assert "secret" not in text
    assert "vid_1" not in text
    names = {family.name for family in text_string_to_metric_families(text)}
    assert all(name.startswith("kinodex_") for name in names)
    assert [each.name for each in path.parent.iterdir()] == ["kinodex.prom"]


def test_metrics_are_served_until_the_job_is_over(metrics):
    with metrics.serve(0) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        assert EXPECTED[0] in text
        with pytest.raises(UsageError, match="USAGE"), metrics.serve(port):
            pass
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2)
