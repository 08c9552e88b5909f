"""SIGKILL of the program at each step of a commit: a plain re-run gives the library of an undisturbed run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.harness import FULL, Runs, Strike
from tests.chaos.picture import Picture
from tests.chaos.scenario import assert_as_undisturbed, assert_nothing_done_twice
from tests.chaos.steps import STEPS, at

REDUCED = (("working", "pictures"), ("blobs", "vectors"), ("transaction", "vectors"))
ALL = tuple((step, stage) for stage in ("pictures", "vectors") for step in STEPS)


@pytest.mark.parametrize(("step", "stage"), ALL if FULL else REDUCED)
def test_killed_in_one_process(step: str, stage: str, films: Path, undisturbed: Picture, runs: Runs, tmp_path: Path):
    killed_and_run_again("local", at(step, stage, "kill"), films, undisturbed, runs, tmp_path / "lib")


@pytest.mark.skipif(not FULL, reason="KINODEX_CHAOS=full")
@pytest.mark.parametrize(("step", "stage"), ALL)
def test_killed_driver_of_ray(step: str, stage: str, films: Path, undisturbed: Picture, runs: Runs, tmp_path: Path):
    # The first two steps happen in an actor, the others in the driver.
    how = "kill-driver" if step in ("begun", "working") else "kill"
    killed_and_run_again("ray", at(step, stage, how), films, undisturbed, runs, tmp_path / "lib")


def killed_and_run_again(executor: str, strike: Strike, films: Path, undisturbed: Picture, runs: Runs, library: Path):
    ingest = ("ingest", films, "--library", library, "--executor", executor, "--workers", 2)
    running = runs.start(*ingest, strikes=[strike])
    ran = running.wait()
    assert running.struck(strike.name), f"{strike} did not happen: {ran.err}"
    assert ran.code == -9
    assert not ran.survivors
    again = runs.run(*ingest)
    assert again.code == 0, again.err
    assert_nothing_done_twice(running.done_when_struck(strike.name), again)
    assert_as_undisturbed(undisturbed, library)
