"""SIGKILL of one of Ray's actors, and of a whole machine of its cluster: the driver recovers by itself."""

from __future__ import annotations

import signal
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from stores.ledger import MAX_ATTEMPTS
from tests.amount import FULL, full_only
from tests.chaos.cluster import JOINING, Cluster
from tests.chaos.films import make_films
from tests.chaos.harness import NO_MEMORY, Running, Runs, Strike, wait_until
from tests.chaos.scenario import assert_as_undisturbed, assert_whole
from tests.chaos.snapshot import Snapshot, snapshot
from tests.chaos.steps import STEPS, at

# Steps of an actor; the rest of a commit is the driver's.
STAGING = {
    "staging-before": Strike(
        "staging-before", "stores.files.staging_area:StagingArea.write", when="before", stage="vectors"
    ),
    "staging-after": Strike(
        "staging-after", "stores.files.staging_area:StagingArea.write", when="after", stage="vectors"
    ),
}
ALL = tuple((step, stage) for stage in ("pictures", "vectors") for step in STEPS)


def strike_of(step: str, stage: str) -> Strike:
    if step in STAGING:
        return STAGING[step]
    # In the last four steps the driver commits; the actor dies at that moment.
    return at(step, stage, "kill" if step in ("begun", "working") else "kill-worker")


@pytest.mark.parametrize(
    ("step", "stage"), (*ALL, *((step, "vectors") for step in STAGING)) if FULL else [("working", "pictures")]
)
def test_killed_actor(step: str, stage: str, films: Path, undisturbed: Snapshot, runs: Runs, tmp_path: Path):
    library = tmp_path / "lib"
    strike = strike_of(step, stage)
    running = runs.start(
        *("ingest", films, "--library", library, "--executor", "ray", "--workers", 2), strikes=[strike]
    )
    ran = running.wait()
    assert running.struck(strike.name), f"{strike} did not happen: {ran.err}"
    assert ran.code == 0, ran.err
    assert not ran.survivors
    assert_finished_once(running, strike.name)
    assert_as_undisturbed(undisturbed, library)


@full_only
def test_killed_machine(runs: Runs, tmp_path: Path):
    make_films(tmp_path / "films", 6, first=300)
    plain = runs.run("ingest", tmp_path / "films", "--library", tmp_path / "undisturbed", "--workers", 2)
    assert plain.code == 0, plain.err
    library = tmp_path / "lib"
    with Cluster(tmp_path / "cluster", library) as cluster:
        cluster.start_head()
        nodes = [cluster.start_node() for _ in range(2)]
        running = runs.start(
            *("ingest", tmp_path / "films", "--library", library, "--executor", "ray", "--address", cluster.address),
            **JOINING,
        )
        wait_until(lambda: any(one.stage == "pictures" for one in cluster.begun()), "a unit on a machine", 120)
        victim = cluster.begun()[-1].process
        (node,) = [node for node in nodes if victim in node.family()]
        node.kill()
        assert not node.family()
        ran = running.wait()
        assert ran.code == 0, ran.err
        begun = [*running.begun(), *cluster.begun()]
    most = max(Counter(one.key for one in begun).values())
    assert most == 2, "the units of the lost machine ran again, and nothing ran more often"
    with closing(sqlite3.connect(library / "kinodex.sqlite3")) as database:
        (strikes,) = database.execute("select max(strikes) from stage_runs").fetchone()
    assert strikes == 1, "a machine that is lost is not the video's fault"
    assert_as_undisturbed(snapshot(tmp_path / "undisturbed"), library)


@pytest.mark.parametrize("executor", ["ray", "local"] if FULL else ["ray"])
def test_a_film_that_kills_its_worker_costs_no_other_film(executor: str, films: Path, runs: Runs, tmp_path: Path):
    """Decoders are separate processes, models are not: a crash in a model costs the other units of its process, too."""
    library, victim = tmp_path / "lib", sorted(films.iterdir())[0].name
    ingest = ("ingest", films, "--library", library, "--executor", executor, "--workers", 2)
    strike = Strike("crash", "pipeline.passes.stages:watch", do="kill", file=victim, repeated=True)
    ran = runs.run(*ingest, strikes=[strike])
    for _ in range(MAX_ATTEMPTS if executor == "local" else 0):
        # With threads the program itself dies; running it again must not cost other films.
        assert ran.code == -signal.SIGKILL
        ran = runs.run(*ingest, strikes=[strike])
    assert ran.code == 3, ran.err
    healthy = {film.name: ("done", "") for film in films.iterdir()}
    assert ran.outcomes == healthy | {victim: ("quarantined", "WORKER_LOST")}
    assert_whole(library)


@full_only
def test_a_cluster_short_of_memory_ends_the_job_with_an_error(films: Path, runs: Runs, tmp_path: Path):
    """Ray's memory monitor kills each actor before it has done anything; the job must not wait for dead actors."""
    library = tmp_path / "lib"
    ran = runs.run("ingest", films, "--library", library, "--executor", "ray", "--workers", 2, **NO_MEMORY)
    assert ran.code == 1
    assert "WORKER_LOST" in ran.err
    assert "low on memory" in ran.err
    assert_whole(library)


def assert_finished_once(running: Running, strike: str) -> None:
    """Nothing that was done when the actor died was begun again; nothing was begun more than twice."""
    done = running.done_when_struck(strike)
    counts = Counter(one.key for one in running.begun())
    assert max(counts.values()) <= 2
    again = {key for key, count in counts.items() if count > 1} & done.keys()
    assert not again, f"done before, and begun again: {again}"
