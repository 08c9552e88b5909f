"""A folder with eight kinds of bad files: each ends with its own code, and no other file is affected."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.amount import FULL
from tests.chaos.films import make_films
from tests.chaos.harness import Ran, Runs
from tests.chaos.poison import MISBEHAVING, add_poison
from tests.chaos.scenario import assert_same, assert_whole
from tests.chaos.snapshot import Snapshot, snapshot

HEALTHY, EACH = (40, 3) if FULL else (4, 1)


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Snapshot, dict[str, str]]:
    """Healthy films; a snapshot of a library with only these; file name to video id."""
    folder = tmp_path_factory.mktemp("healthy")
    make_films(folder / "films", HEALTHY, first=500)
    runs = Runs(folder / "runs")
    ran = runs.run("ingest", folder / "films", "--library", folder / "lib", "--workers", 2, seconds=900)
    assert ran.code == 0, ran.err
    ids = {Path(one["uri"]).name: one["video_id"] for one in ran.json["videos"]}
    return folder / "films", snapshot(folder / "lib"), ids


@pytest.mark.parametrize("executor", ["local", "ray"] if FULL else ["local"])
def test_bad_files_affect_no_others(
    executor: str, healthy: tuple[Path, Snapshot, dict[str, str]], runs: Runs, tmp_path: Path
):
    films, without, ids = healthy
    # The same paths as in the library without bad files: paths are compared, too.
    poisoned = tmp_path / "poison"
    poisoned.mkdir()
    outcomes = add_poison(poisoned, EACH)
    library = tmp_path / "lib"
    ingest = ("ingest", films, poisoned, "--library", library, "--executor", executor, "--workers", 2)
    ran = runs.run(*ingest, strikes=MISBEHAVING, seconds=900)
    assert ran.code == 3, ran.err
    assert not ran.survivors
    assert_each_ended(ran, ids, outcomes)
    assert_same(without, snapshot(library).of(ids.values()))
    strikes = {name: [one for one in ran.begun if one.video_id == video] for name, video in video_ids(ran).items()}
    for name in ids:
        assert all(one.number == 1 for one in strikes[name]), f"{name} was begun more than once"
    for name, (status, _) in outcomes.items():
        most = max((one.number for one in strikes.get(name, ())), default=0)
        assert most <= (3 if status == "quarantined" else 1), f"{name} was begun {most} times"
    assert_whole(library)
    for command in ("gc", "verify"):
        ended = runs.run(command, "--library", library)
        assert ended.code == 0, ended.out + ended.err
    again = runs.run(*ingest, strikes=MISBEHAVING, seconds=900)
    assert again.code == 3
    assert not again.begun, "what is done, failed permanently or quarantined is not begun again"
    assert_each_ended(again, ids, outcomes)


def assert_each_ended(ran: Ran, healthy: dict[str, str], outcomes: dict[str, tuple[str, str]]) -> None:
    assert ran.outcomes == dict.fromkeys(healthy, ("done", "")) | outcomes
    totals = ran.json["totals"]
    assert totals["inputs"] == len(healthy) + len(outcomes)
    for status in ("failed", "quarantined"):
        assert totals[status] == sum(outcome[0] == status for outcome in outcomes.values())
    assert totals["done"] == len(healthy)


def video_ids(ran: Ran) -> dict[str, str]:
    return {Path(one["uri"]).name: one["video_id"] for one in ran.json["videos"] if one["video_id"]}
