"""A long video that runs in parts: a kill costs only the part that was running."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.amount import FULL
from tests.chaos.harness import Runs, Strike
from tests.chaos.scenario import assert_as_undisturbed, assert_nothing_done_twice
from tests.chaos.snapshot import snapshot
from tests.e2e.media import write_video

PART_MINUTES = 0.05


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of four parts."""
    return write_video(tmp_path_factory.mktemp("long") / "long.mp4", seconds=12, rate=8, sound=True, seed=77)


CASES = {
    "part-done": Strike("part-done", "stores.commit:replace_rows", when="after", stage="pictures.002"),
    "part-begun": Strike("part-begun", "stores.ledger:Ledger.begin_all", when="after", stage="pictures.001"),
    "joining": Strike("joining", "stores.commit:replace_rows", when="before", stage="pictures"),
    "joined": Strike("joined", "stores.commit:replace_rows", when="after", stage="pictures"),
}


@pytest.mark.parametrize("case", CASES if FULL else ["part-done"])
@pytest.mark.parametrize("executor", ["local", "ray"] if FULL else ["local"])
def test_only_unfinished_parts_are_done_again(case: str, executor: str, film: Path, runs: Runs, tmp_path: Path):
    options = ("--part-minutes", PART_MINUTES, "--workers", 1)
    whole = runs.run("ingest", film, "--library", tmp_path / "undisturbed", *options)
    assert whole.code == 0, whole.err
    parts = {one.stage for one in whole.begun if one.stage.startswith("pictures.")}
    assert parts == {"pictures.000", "pictures.001", "pictures.002", "pictures.003"}
    ingest = ("ingest", film, "--library", tmp_path / "lib", "--executor", executor, *options)
    # Parts are begun by a Ray actor; everything else happens in the program itself.
    do = "kill-driver" if (executor, case) == ("ray", "part-begun") else "kill"
    running = runs.start(*ingest, strikes=[replace(CASES[case], do=do)])
    ran = running.wait()
    assert ran.code == -9, ran.err
    again = runs.run(*ingest)
    assert again.code == 0, again.err
    done = running.done_when_struck(case)
    assert_nothing_done_twice(done, again)
    joined = {stage for _, stage in done if "." not in stage}
    redone = {one.stage for one in again.begun if one.stage.partition(".")[0] in joined}
    assert not redone, "parts of a stage that was joined already"
    assert_as_undisturbed(snapshot(tmp_path / "undisturbed"), tmp_path / "lib")
