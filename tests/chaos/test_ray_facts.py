"""Behaviour of Ray 2.60 on which our design depends (docs/ray-facts.md).

If one of these tests fails after an upgrade, reconsider the design.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.amount import full_only
from tests.chaos.harness import INJECTED, NO_MEMORY, ROOT, Runs, Strike

# Each in a process of its own: Ray's state is global, and its warnings must not fail our tests.
START = """
import os, sys, logging, warnings
from pathlib import Path
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import ray, ray.data
from ray.data import ActorPoolStrategy, DataContext
ray.init(address="local", num_cpus=2, object_store_memory=100_000_000, include_dashboard=False, log_to_driver=False,
         logging_level=logging.ERROR)
context = DataContext.get_current()
context.enable_progress_bars = False
folder = Path(sys.argv[1])
def died_before(name):
    with (folder / name).open("a") as file:
        file.write("x")
    return (folder / name).stat().st_size
"""

DEATHS = """
class Dies:
    def __call__(self, batch):
        # More often than any finite default would allow.
        if died_before("deaths") <= 6:
            os._exit(11)
        return batch
rows = ray.data.from_items([{"n": 1}]).map_batches(Dies, compute=ActorPoolStrategy(size=1), batch_size=1).take_all()
print("RESULT", len(rows), died_before("deaths") - 1)
"""

TASK_DEATHS = """
def dies(batch):
    if died_before("deaths") <= 6:
        os._exit(11)
    return batch
rows = ray.data.from_items([{"n": 1}]).map_batches(dies, batch_size=1).take_all()
print("RESULT", len(rows), died_before("deaths") - 1)
"""

USER_EXCEPTION = """
def fails(row):
    died_before("calls")
    raise ValueError("bad video")
try:
    ray.data.from_items([{"n": 1}]).map(fails).take_all()
    print("RESULT no error")
except Exception as error:
    print("RESULT", "bad video" in str(error), died_before("calls") - 1)
"""

ERRORED_BLOCK = """
context.max_errored_blocks = 1
def fails(row):
    if row["n"] == 3:
        raise ValueError("bad video")
    return row
one_block = ray.data.from_items([{"n": n} for n in range(6)], override_num_blocks=1).map(fails)
each_its_own = ray.data.from_items([{"n": n} for n in range(6)], override_num_blocks=6).map(fails)
print("RESULT", len(one_block.take_all()), len(each_its_own.take_all()))
"""

FROM_ITEMS = """
few = ray.data.from_items([{"n": n} for n in range(6)]).materialize().num_blocks()
own = ray.data.from_items([{"n": n} for n in range(6)], override_num_blocks=6).materialize().num_blocks()
print("RESULT", few, own)
"""

ACTOR_DEATH = """
import time
@ray.remote
class Dies:
    def work(self, die):
        died_before("calls")
        time.sleep(3 if die else 60)
        if die:
            os._exit(11)
dies = Dies.options(max_restarts=0, max_task_retries=0, max_concurrency=2).remote()
seen = []
refs = [dies.work.remote(False), dies.work.remote(True)]
# Ray may begin concurrent calls in another order than they were made: the third is made when two have begun.
while not (folder / "calls").exists() or (folder / "calls").stat().st_size < 2:
    time.sleep(0.05)
for ref in [*refs, dies.work.remote(False)]:
    try:
        ray.get(ref, timeout=50)
        seen.append("answer")
    except ray.exceptions.RayActorError as error:
        seen.append(type(error).__name__)
print("RESULT", *seen, died_before("calls") - 1)
"""

SHORT_OF_MEMORY = """
import time
@ray.remote
class Waits:
    def work(self):
        time.sleep(60)
try:
    ray.get(Waits.options(max_restarts=0, max_task_retries=0).remote().work.remote(), timeout=50)
    seen = "answer"
except ray.exceptions.RayError as error:
    seen = type(error).__name__
print("RESULT", seen, isinstance(ray.exceptions.OutOfMemoryError("why"), ray.exceptions.RayActorError))
"""

INIT_ERROR = """
class NeverStarts:
    def __init__(self):
        died_before("starts")
        raise ValueError("no weights")
    def __call__(self, batch):
        return batch
try:
    ray.data.from_items([{"n": 1}]).map_batches(NeverStarts, compute=ActorPoolStrategy(size=1), batch_size=1).take_all()
    print("RESULT went well")
except Exception as error:
    print("RESULT", "no weights" in str(error), died_before("starts") - 1)
"""

INIT_DEATH = """
class StartsLate:
    def __init__(self):
        if died_before("starts") <= 4:
            os._exit(11)
    def __call__(self, batch):
        return batch
rows = ray.data.from_items([{"n": 1}]).map_batches(StartsLate, compute=ActorPoolStrategy(size=1), batch_size=1)
print("RESULT", context.max_consecutive_actor_init_deaths, len(rows.take_all()), died_before("starts") - 1)
"""

CHECKPOINT = """
from ray.data.checkpoint import CheckpointConfig
context.checkpoint_config = CheckpointConfig(
    id_column="n", checkpoint_path=str(folder / "checkpoint"), delete_checkpoint_on_success=False
)
def noted(row):
    died_before("rows")
    return row
def run(name, source):
    source.map(noted).write_parquet(str(folder / name))
items = lambda: ray.data.from_items([{"n": n} for n in range(4)])
run("a", items())
first = died_before("rows") - 1
run("b", items())
second = died_before("rows") - 2 - first
ids = [path for path in (folder / "checkpoint").rglob("*") if path.is_file()]
print("RESULT", first, second, bool(ids))
"""


def output_of(body: str, tmp_path: Path, **more: str) -> str:
    env = {**os.environ, "PYTHONWARNINGS": "ignore", "RAY_BACKEND_LOG_LEVEL": "fatal", **more}
    ran = subprocess.run(
        [sys.executable, "-c", START + body, str(tmp_path)], capture_output=True, text=True, timeout=200, env=env
    )
    lines = [line for line in ran.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, ran.stdout + ran.stderr[-3000:]
    return lines[-1].removeprefix("RESULT ")


@full_only
def test_a_user_exception_is_not_retried(tmp_path: Path):
    assert output_of(USER_EXCEPTION, tmp_path) == "True 1"


@full_only
def test_an_actor_that_dies_is_restarted_and_its_task_retried(tmp_path: Path):
    assert output_of(DEATHS, tmp_path) == "1 7"


@full_only
def test_calls_to_an_actor_without_restarts_raise_when_it_dies(tmp_path: Path):
    # Two calls run concurrently when the second kills the actor; the third, which waits, never begins. Nothing is
    # retried.
    assert output_of(ACTOR_DEATH, tmp_path) == "ActorDiedError ActorDiedError ActorDiedError 2"


@full_only
def test_the_memory_monitor_raises_another_error_for_a_dead_actor(tmp_path: Path):
    assert output_of(SHORT_OF_MEMORY, tmp_path, **NO_MEMORY) == "OutOfMemoryError False"


@full_only
def test_a_task_that_dies_is_retried(tmp_path: Path):
    assert output_of(TASK_DEATHS, tmp_path) == "1 7"


@full_only
def test_an_errored_block_loses_all_its_rows(tmp_path: Path):
    assert output_of(ERRORED_BLOCK, tmp_path) == "0 5"


@full_only
def test_from_items_shares_blocks_unless_overridden(tmp_path: Path):
    few, own = map(int, output_of(FROM_ITEMS, tmp_path).split())
    assert own == 6
    assert few <= own


@full_only
def test_an_actor_whose_constructor_raises_ends_the_job(tmp_path: Path):
    assert output_of(INIT_ERROR, tmp_path) == "True 1"


@full_only
def test_an_actor_that_dies_in_its_constructor_is_restarted_for_ever(tmp_path: Path):
    # `max_consecutive_actor_init_deaths` is 0 and does not count deaths of the process.
    assert output_of(INIT_DEATH, tmp_path) == "0 1 5"


@full_only
def test_a_checkpoint_filters_nothing_after_from_items(tmp_path: Path):
    # All four rows again, although the checkpoint lists them as done.
    assert output_of(CHECKPOINT, tmp_path) == "4 4 True"


# Records the types of values that actors return, the longest value, and the bytes of all that passes through Ray.
SPY = """
from dataclasses import astuple
import ray.cloudpickle
from workflows.executors.ray.pool import Pool
real = Pool.work
def spied(self, units, per_slot, progress):
    kinds, largest, size = set(), 0, sum(map(len, units))
    def crossed(things):
        nonlocal largest, size
        for value in [each for thing in things for each in astuple(thing)]:
            kinds.add(type(value).__name__)
            largest = max(largest, len(str(value)))
        size += len(ray.cloudpickle.dumps(things))
    def passed_on(event):
        crossed([event])
        progress(event)
    for rows in real(self, units, per_slot, passed_on):
        crossed(rows)
        yield rows
    print("CROSSED", sorted(kinds), largest, size, file=sys.stderr)
Pool.work = spied
"""


@full_only
def test_no_pixels_pass_between_our_processes(films: Path, tmp_path: Path):
    body = f"import sys\n{SPY}\nfrom kinodex.cli.app import main\nmain()"
    ran = subprocess.run(
        [sys.executable, "-c", body, "ingest", films, "--library", tmp_path / "lib", "--executor", "ray", "--json"],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert ran.returncode == 0, ran.stderr
    (crossed,) = [line for line in ran.stderr.splitlines() if line.startswith("CROSSED")]
    kinds, largest, size = crossed.removeprefix("CROSSED ").rsplit(" ", 2)
    assert kinds == "['float', 'int', 'str']", "plain text and numbers: no arrays, no binary"
    assert int(largest) < 1000
    assert int(size) < 1 << 20


@full_only
def test_a_driver_that_is_killed_takes_its_cluster_along(films: Path, runs: Runs, tmp_path: Path):
    pause = Strike("paused", "stores.ledger:Ledger.begin_all", do="pause", when="after", stage="pictures", seconds=60)
    running = runs.start("ingest", films, "--library", tmp_path / "lib", "--executor", "ray", strikes=[pause])
    running.wait_struck("paused")
    assert len(running.family()) > 3
    os.kill(running.process.pid, signal.SIGKILL)
    ran = running.wait()
    assert not ran.survivors
    assert INJECTED.is_dir()
