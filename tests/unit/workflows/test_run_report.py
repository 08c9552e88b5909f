import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from stores.core.errors import StoreError
from workflows.planning.budget import Budget, Estimate, Meter
from workflows.report import IngestReport, VideoReport, total
from workflows.telemetry import run_report
from workflows.telemetry.progress import StageFinished, VideoFinished
from workflows.telemetry.run_report import RunFacts, reports, without_secrets, write_report
from workflows.telemetry.tally import Tally

VIDEOS = (
    VideoReport("vid_1", "/films/a.mp4", "done", "", "", (("probe", "done"), ("speech", "done")), reused=False),
    VideoReport("", "/films/b.mp4", "failed", "FILE_MISSING", "/films/b.mp4: gone", (), reused=False),
)


def facts(run: int) -> RunFacts:
    settings = {"library": "lib", "endpoint": {"api_key": "sk-123", "base_url": "http://me:pw@host/v1"}}
    return RunFacts(run, "ingest films", "embedded", {"speech": "whisper@1"}, {"probe": "f1"}, settings, 1000.0, 1020.0)


def report() -> IngestReport:
    return IngestReport(VIDEOS, total(VIDEOS, inputs=2, media_seconds=60.0, wall_seconds=20.0))


def counts():
    tally = Tally()
    tally(StageFinished("vid_1", "/films/a.mp4", "speech", "failed", "MODEL_FAILED", 1.0, 1))
    tally(StageFinished("vid_1", "/films/a.mp4", "speech", "done", "", 6.0, 2))
    tally(VideoFinished("vid_1", "/films/a.mp4", "done", "", 60.0))
    return tally.counts()


def test_a_report_lists_all_outcomes_and_no_secrets(tmp_path):
    path = write_report(tmp_path, facts(12), report(), counts())
    assert path == tmp_path / "reports" / "run-000012.json"
    assert (tmp_path / "reports" / "latest.json").read_bytes() == path.read_bytes()
    text = path.read_text()
    assert "sk-123" not in text
    assert ":pw@" not in text
    found = json.loads(text)
    assert (found["schema"], found["run"], found["command"], found["ended"]) == (2, 12, "ingest films", 1020.0)
    assert found["versions"]["python"].startswith("3.")
    assert found["versions"]["numpy"]
    assert (found["totals"]["inputs"], found["totals"]["reconciled"]) == (2, True)
    speech = found["stages"]["speech"]
    assert (speech["runs"], speech["errors"], speech["attempts"]) == ({"failed": 1, "done": 1}, {"MODEL_FAILED": 1}, 2)
    assert speech["media_seconds_per_second"] == pytest.approx(60 / 7)
    assert [(video["video_id"], video["status"], video["code"]) for video in found["videos"]] == [
        ("vid_1", "done", ""),
        ("", "failed", "FILE_MISSING"),
    ]
    assert found["videos"][0]["stages"] == {"probe": "done", "speech": "done"}
    assert found["videos"][0]["seconds"] == 7.0
    assert found["budget"]["limits"] == {}


def test_a_report_has_the_budget_and_what_was_left(tmp_path):
    meter = Meter(tmp_path, lambda _: Estimate(1, 600), 1, Budget(bytes=1000), free=lambda _: 10**12)
    units = [SimpleNamespace(name=(f"v{number}", None, ""), stages={}, seconds=1.0) for number in range(2)]
    assert [meter.may_begin(unit) for unit in units] == [True, False]
    meter.ended(units[0])
    found = json.loads(write_report(tmp_path, facts(1), report(), counts(), meter).read_text())
    assert found["budget"]["limits"] == {"bytes": 1000}
    assert found["budget"]["left"] == {"bytes": 400}
    assert found["budget"]["left_out"] == 1
    assert "1.0 kB" in found["budget"]["stopped"]


def test_reports_come_newest_first_and_old_ones_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(run_report, "KEPT", 3)
    for run in (1, 2, 9, 10, 1_000_000):
        write_report(tmp_path, facts(run), report(), counts())
    assert [found["run"] for found in reports(tmp_path)] == [1_000_000, 10, 9]
    (tmp_path / "reports" / "run-000010.json").write_text("{")
    assert [found["run"] for found in reports(tmp_path)] == [1_000_000, 9]
    assert list(reports(tmp_path / "none")) == []


def test_a_report_that_cannot_be_written_has_a_code(tmp_path: Path):
    (tmp_path / "reports").touch()
    with pytest.raises((StoreError, OSError)):
        write_report(tmp_path, facts(1), report(), counts())


def test_secrets_are_removed_at_every_level():
    value = {
        "database": "postgresql+psycopg://me:pw@host/db?password=pw",
        "blob_options": {"key": "AK", "secret": "SK", "client_kwargs": {"endpoint_url": "http://127.0.0.1:1"}},
        "endpoint": {"api_key_env": "MY_KEY", "max_output_tokens": 5, "token": "", "access_token": "t"},
        "list": ["s3://a:b@c/d", 1, None, True, Path("x")],
    }
    assert without_secrets(value) == {
        "database": "postgresql+psycopg://me:***@host/db?***",
        "blob_options": {
            "key": "(not shown)",
            "secret": "(not shown)",
            "client_kwargs": {"endpoint_url": "http://127.0.0.1:1"},
        },
        "endpoint": {"api_key_env": "MY_KEY", "max_output_tokens": 5, "token": "", "access_token": "(not shown)"},
        "list": ["s3://a:***@c/d", 1, None, True, "x"],
    }
