"""Two ingests of one library at once: one works, the other names it and ends; nothing is lost or done twice."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.amount import FULL, full_only
from tests.chaos.harness import Ran, Runs, Strike
from tests.chaos.scenario import assert_as_undisturbed
from tests.chaos.served import Served
from tests.chaos.snapshot import Place, Snapshot, snapshot


def holding(stage: str) -> Strike:
    """The first ingest pauses in the middle of its work."""
    return Strike("holding", "stores.ledger:Ledger.begin_all", do="pause", when="after", stage=stage, seconds=90)


@pytest.mark.parametrize("executor", ["local", "ray"] if FULL else ["local"])
def test_the_second_ingest_is_refused_and_names_the_first(
    executor: str, films: Path, undisturbed: Snapshot, runs: Runs, tmp_path: Path
):
    library = tmp_path / "lib"
    ingest = ("ingest", films, "--library", library, "--executor", executor, "--workers", 2)
    first = runs.start(*ingest, strikes=[holding("pictures")])
    first.wait_struck("holding")
    second = runs.run(*ingest)
    first.resume("holding")
    ran = first.wait()
    assert_locked(second, f"process {first.process.pid}")
    assert_everything_begun_once(ran)
    assert_as_undisturbed(undisturbed, library)


@full_only
def test_two_machines_with_one_database(films: Path, served: Served, runs: Runs, tmp_path: Path):
    plain = served.library("plain", tmp_path / "plain")
    assert runs.run("ingest", films, *served.options(plain)).code == 0
    there = served.library("shared", tmp_path / "one")
    elsewhere = Place(tmp_path / "two", there.database, there.vectors, there.blobs, there.blob_options)
    first = runs.start("ingest", films, *served.options(there), "--workers", 2, strikes=[holding("pictures")])
    first.wait_struck("holding")
    second = runs.run("ingest", films, *served.options(elsewhere), "--workers", 2)
    first.resume("holding")
    ran = first.wait()
    assert_locked(second, "")
    assert_everything_begun_once(ran)
    assert_as_undisturbed(snapshot(plain), there)


def assert_locked(ran: Ran, who: str) -> None:
    assert ran.code == 1, ran.err
    error = ran.json["error"]
    assert error["code"] == "LIBRARY_LOCKED"
    assert who in error["message"]
    assert "Wait for it to end" in error["hint"]
    assert not ran.begun


def assert_everything_begun_once(ran: Ran) -> None:
    assert ran.code == 0, ran.err
    assert set(Counter(one.key for one in ran.begun).values()) == {1}
