"""SIGKILL of the program at each step of a commit: running it again gives the library of an undisturbed run."""

from __future__ import annotations

from pathlib import Path

import pytest

from stores.library_store import LibraryStore
from tests.amount import FULL, full_only
from tests.chaos.harness import Runs, Strike
from tests.chaos.scenario import assert_as_undisturbed, assert_nothing_done_twice
from tests.chaos.served import Served
from tests.chaos.snapshot import Place, Snapshot, snapshot
from tests.chaos.steps import STEPS, at

REDUCED = (("working", "pictures"), ("transaction", "vectors"))
ALL = tuple((step, stage) for stage in ("pictures", "vectors") for step in STEPS)


@pytest.mark.parametrize(("step", "stage"), ALL if FULL else REDUCED)
def test_killed_in_one_process(step: str, stage: str, films: Path, undisturbed: Snapshot, runs: Runs, tmp_path: Path):
    killed_and_run_again("local", at(step, stage, "kill"), films, undisturbed, runs, tmp_path / "lib")


@full_only
@pytest.mark.parametrize(("step", "stage"), ALL)
def test_killed_driver_of_ray(step: str, stage: str, films: Path, undisturbed: Snapshot, runs: Runs, tmp_path: Path):
    # The first two steps happen in an actor, the others in the driver.
    how = "kill-driver" if step in ("begun", "working") else "kill"
    killed_and_run_again("ray", at(step, stage, how), films, undisturbed, runs, tmp_path / "lib")


@full_only
@pytest.mark.parametrize("step", STEPS)
def test_killed_with_servers(step: str, films: Path, served: Served, runs: Runs, tmp_path: Path):
    plain = served.library(f"plain_{step}", tmp_path / "plain")
    ran = runs.run("ingest", films, *served.options(plain), "--workers", 2)
    assert ran.code == 0, ran.err
    place = served.library(f"killed_{step}", tmp_path / "killed")
    ingest = ("ingest", films, *served.options(place), "--workers", 2)
    ran = runs.run(*ingest, strikes=[at(step, "vectors", "kill")])
    assert ran.code == -9
    done = done_in(place, {one.video_id for one in ran.begun})
    assert done
    again = runs.run(*ingest)
    assert again.code == 0, again.err
    assert_nothing_done_twice(done, again)
    assert_as_undisturbed(snapshot(plain), place)


def done_in(place: Place, video_ids: set[str]) -> dict[tuple[str, str], int]:
    """Attempts by (video, stage) of what the ledger says is done."""
    with LibraryStore.open(place.root, places=place.places) as store:
        receipts = list(store.ledger.receipts_of(sorted(video_ids)))
    return {(one.key.video_id, one.key.stage): one.attempt for one in receipts if one.status == "done"}


def killed_and_run_again(executor: str, strike: Strike, films: Path, undisturbed: Snapshot, runs: Runs, library: Path):
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
