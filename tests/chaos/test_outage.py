"""Postgres and Chroma are killed in the middle of a run and restarted: the run waits, and loses nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.amount import FULL
from tests.chaos.harness import Runs, Strike
from tests.chaos.scenario import assert_as_undisturbed, assert_nothing_done_twice
from tests.chaos.served import Served
from tests.chaos.snapshot import snapshot
from tests.servers.running import Server

SECONDS = 20.0 if FULL else 5.0
CASES = [("postgres", "local"), ("chroma", "local"), ("both", "local")]
CASES += [(which, "ray") for which, _ in CASES] if FULL else []


@pytest.mark.parametrize(("which", "executor"), CASES if FULL else [("both", "local")])
def test_servers_are_away_for_a_while(
    which: str, executor: str, films: Path, served: Served, runs: Runs, tmp_path: Path
):
    options = ("--executor", executor, "--workers", 2)
    plain = served.library(f"plain_{which}_{executor}", tmp_path / "plain")
    ran = runs.run("ingest", films, *served.options(plain), *options)
    assert ran.code == 0, ran.err
    place = served.library(f"struck_{which}_{executor}", tmp_path / "struck")
    # From here on, everything needs the servers.
    pause = Strike("paused", "stores.ledger:Ledger.begin_all", do="pause", when="after", stage="vectors", seconds=60)
    running = runs.start("ingest", films, *served.options(place), *options, strikes=[pause])
    running.wait_struck("paused")
    servers: list[Server] = {
        "postgres": [served.postgres],
        "chroma": [served.chroma],
        "both": [served.postgres, served.chroma],
    }[which]
    for server in servers:
        server.kill()
    running.resume("paused")
    time.sleep(SECONDS)
    for server in servers:
        server.start()
    ran = running.wait()
    if ran.code:
        error = ran.json.get("error", {})
        assert error.get("code", "").endswith("_UNREACHABLE"), ran.err
    again = runs.run("ingest", films, *served.options(place), *options)
    assert again.code == 0, again.err
    if ran.code == 0:
        assert not again.begun
    assert_nothing_done_twice({}, again)
    assert_as_undisturbed(snapshot(plain), place)
