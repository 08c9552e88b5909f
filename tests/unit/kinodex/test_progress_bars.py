"""Bars are read back from the rich progress they draw; a terminal is not needed for that."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from kinodex.cli.progress_bars import _Bars
from workflows.telemetry.progress import Planned, StageAdvanced, StageFinished, StageStarted, VideoFinished, Waiting


@pytest.fixture
def bars():
    return _Bars(Console(file=io.StringIO(), force_terminal=True, width=120))


def state(bars: _Bars, stage: str) -> tuple[float, float | None, str]:
    (task,) = [task for task in bars._progress.tasks if task.description.strip() == stage]
    return task.completed, task.total, task.fields.get("note", "")


def test_a_stage_whose_runs_are_known_moves_to_its_end(bars):
    bars(Planned(2, 2, (("speech", 2),)))
    assert state(bars, "speech") == (0, 2, "")
    bars(StageStarted("v1", "/a/one.mp4", "speech"))
    bars(StageAdvanced("v1", "speech", 0.5))
    assert state(bars, "speech") == (0.5, 2, "one.mp4")
    bars(StageFinished("v1", "/a/one.mp4", "speech", "done"))
    bars(StageFinished("v2", "/a/two.mp4", "speech", "failed", "MODEL_FAILED"))
    assert state(bars, "speech") == (2, 2, "1 failed")


def test_what_fails_and_is_tried_again_counts_once(bars):
    bars(Planned(1, 1, (("speech", 1),)))
    for status in ("failed", "done"):
        bars(StageStarted("v1", "/a/one.mp4", "speech"))
        bars(StageFinished("v1", "/a/one.mp4", "speech", status))
    assert state(bars, "speech") == (1, 1, "")


def test_parts_beyond_the_plan_pulse_until_a_new_plan_tells_how_many(bars):
    bars(Planned(1, 1, (("pictures", 1),)))
    for number in (0, 1):
        bars(StageStarted("v1", "/a/long.mp4", f"pictures.{number:03d}"))
    assert state(bars, "pictures") == (0, None, "part 2 of long.mp4")
    bars(StageFinished("v1", "/a/long.mp4", "pictures.000", "done"))
    assert state(bars, "pictures")[:2] == (1, None)
    bars(Planned(1, 1, (("pictures", 16),)))
    assert state(bars, "pictures")[:2] == (1, 16)


def test_parts_of_one_film_move_the_bar_together_and_never_back(bars):
    bars(Planned(1, 1, (("pictures", 4),)))
    for stage in ("pictures.000", "pictures.001"):
        bars(StageStarted("v1", "/a/long.mp4", stage))
        bars(StageAdvanced("v1", stage, 0.5))
    assert state(bars, "pictures")[0] == 1
    bars(StageFinished("v1", "/a/long.mp4", "pictures.000", "done"))
    assert state(bars, "pictures")[0] == 1.5


def test_a_stage_that_was_not_planned_gets_a_line(bars):
    bars(Planned(1, 1, (("probe", 1),)))
    bars(StageStarted("v1", "/a/one.mp4", "frame_hashes"))
    assert state(bars, "frame_hashes") == (0, None, "one.mp4")


def test_videos_are_counted_through_a_second_plan(bars):
    bars(Planned(2, 2, ()))
    bars(VideoFinished("v1", "/a/one.mp4", "done", "", 4.0))
    bars(Planned(2, 2, ()))
    assert state(bars, "videos")[:2] == (1, 2)


def test_what_a_job_waits_for_is_printed_above_the_bars(bars):
    with bars:
        bars(Waiting("nothing has begun on the Ray cluster"))
    assert "waiting: nothing has begun on the Ray cluster" in bars._progress.console.file.getvalue()
