"""Runs of the real program with injected failures, and what a test needs to check the result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INJECTED = Path(__file__).with_name("injected")
# Numerical libraries sum in another order with another number of threads. Ray gives its workers one; so do we, so that
# the last bits are the same everywhere.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
# Ray's memory monitor kills every worker at once: this share of the machine is always in use.
NO_MEMORY = {"RAY_memory_usage_threshold": "0.01", "RAY_memory_monitor_refresh_ms": "300"}
# A process that lost its parent may need this long to notice it.
_GRACE_SECONDS = 15.0
# Two helpers of Ray sometimes outlive a cluster whose driver was killed; they hold no file of a library.
_HELPERS = frozenset({"ray::DashboardAgent", "ray::RuntimeEnvAgent"})


@dataclass(frozen=True, slots=True)
class Strike:
    """One injected failure.

    Attributes:
        name: of the file that it leaves in the run's folder; it strikes once in a run, unless ``repeated``.
        where: ``module:function`` or ``module:Class.method``; callers must look the function up there.
        do: ``kill`` (SIGKILL to the process itself), ``kill-driver``, ``kill-worker`` (the actor that holds the attempt
            which is the function's argument), ``crash`` (segmentation fault), ``loop``, ``hoard`` (memory),
            ``pause`` (until `Running.resume`), ``record`` (an attempt that was begun) or ``limits`` (other
            defaults of a dataclass).
        when: ``before`` or ``after`` the call, or at an ``item`` of a generator.
        nth: the call or item at which it strikes, from 1, counted in each process among those that match.
        stage, file: only calls about this stage, or about a file with this text in its name.
        values: of ``limits``.
        seconds: the longest ``pause``.
    """

    name: str
    where: str
    do: str = "kill"
    when: str = "before"
    nth: int = 1
    stage: str = ""
    file: str = ""
    repeated: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 60.0


BEGUN = Strike("attempts", "stores.ledger:Ledger.begin_all", do="record", when="after", repeated=True)
"""Part of every run: records each attempt."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An attempt that was begun; ``at`` in seconds since the epoch."""

    video_id: str
    stage: str
    number: int
    at: float
    process: int

    @property
    def key(self) -> tuple[str, str]:
        """Video and stage."""
        return self.video_id, self.stage


@dataclass(frozen=True, slots=True)
class Ran:
    """How a run ended.

    Attributes:
        begun: every attempt that was begun, in order.
        survivors: processes that outlived the run and had to be killed, except for Ray's own helpers.
    """

    code: int
    out: str
    err: str
    seconds: float
    begun: tuple[Begun, ...]
    survivors: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def outcomes(self) -> dict[str, tuple[str, str]]:
        """File name to (status, error code)."""
        return {
            Path(one["uri"]).name: (one["status"], (one["error"] or {}).get("code", "")) for one in self.json["videos"]
        }


class Running:
    """A run in progress. ``folder`` holds its plan, the files of its strikes, and its output."""

    def __init__(self, arguments: Sequence[object], folder: Path, strikes: Sequence[Strike], env: Mapping[str, str]):
        folder.mkdir(parents=True)
        self.folder = folder
        plan = folder / "plan.json"
        plan.write_text(json.dumps([asdict(strike) for strike in (BEGUN, *strikes)]))
        self._begun = time.monotonic()
        path = os.pathsep.join(map(str, (INJECTED, ROOT)))
        with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
            # Files, not pipes: whatever outlives the program would keep a pipe open.
            self.process = subprocess.Popen(
                [sys.executable, "-c", "from kinodex.cli.app import main; main()", *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": path, "KINODEX_CHAOS_PLAN": str(plan), **env},
            )
        (folder / "driver.pid").write_text(str(self.process.pid))

    def struck(self, name: str) -> bool:
        """Whether a strike has happened."""
        return (self.folder / name).is_file()

    def wait_struck(self, name: str, seconds: float = 120.0) -> None:
        """Wait for a strike."""
        wait_until(lambda: self.struck(name) or self.process.poll() is not None, f"strike {name}", seconds)
        assert self.struck(name), f"the run ended before {name}: {self._output('err')[-2000:]}"

    def begun(self) -> tuple[Begun, ...]:
        """Every attempt so far, in order."""
        path = self.folder / BEGUN.name
        lines = path.read_text().splitlines() if path.is_file() else []
        return tuple(Begun(*json.loads(line)) for line in lines)

    def done_when_struck(self, name: str) -> dict[tuple[str, str], int]:
        """Attempts by (video, stage) of what was done at the strike; only for libraries with an SQLite database."""
        found = json.loads((self.folder / name).read_text())["done"]
        return {(video, stage): attempts for video, stage, attempts in found}

    def resume(self, name: str) -> None:
        """Resume a run after ``pause``."""
        (self.folder / f"{name}.resume").touch()

    def kill(self) -> None:
        """SIGKILL the program itself."""
        self.process.send_signal(signal.SIGKILL)

    def wait(self, seconds: float = 280.0) -> Ran:
        """Wait until it ends, with all processes that it started."""
        try:
            code = self.process.wait(seconds)
        finally:
            self.process.kill()
            self.process.wait()
            survivors = self._end_survivors()
        return Ran(
            code, self._output("out"), self._output("err"), time.monotonic() - self._begun, self.begun(), survivors
        )

    def family(self) -> list[int]:
        """All processes that it started, directly or not: they have its plan in their environment."""
        return processes_with(f"KINODEX_CHAOS_PLAN={self.folder / 'plan.json'}")

    def _end_survivors(self) -> tuple[str, ...]:
        until = time.monotonic() + _GRACE_SECONDS
        while (left := self.family()) and time.monotonic() < until:
            time.sleep(0.1)
        names = []
        for pid in left:
            names.append(command_of(pid))
            kill(pid)
        return tuple(name for name in names if name not in _HELPERS)

    def _output(self, name: str) -> str:
        return (self.folder / name).read_text(errors="replace")


class Runs:
    """Starts runs, each in a folder of its own below ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def start(self, *arguments: object, strikes: Sequence[Strike] = (), **env: str) -> Running:
        """Start ``kinodex ARGUMENTS --json`` in a process of its own."""
        self._count += 1
        listed = list(map(str, arguments))
        if "--library" in listed:
            env.setdefault("KINODEX_CHAOS_LIBRARY", listed[listed.index("--library") + 1])
        return Running([*listed, "--json"], self._folder / f"{self._count:03d}-{listed[0]}", strikes, env)

    def run(self, *arguments: object, strikes: Sequence[Strike] = (), seconds: float = 280.0, **env: str) -> Ran:
        """Run ``kinodex ARGUMENTS --json`` to its end."""
        return self.start(*arguments, strikes=strikes, **env).wait(seconds)


def wait_until(true: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Poll until ``true()``.

    Raises:
        TimeoutError: naming ``what`` it waited for.
    """
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


def processes_with(variable: str) -> list[int]:
    """Ids of the processes with ``NAME=value`` in their environment, which children inherit."""
    wanted = variable.encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            state = (path / "stat").read_text().rpartition(")")[2].split()[0]
            if state not in "ZX" and wanted in (path / "environ").read_bytes().split(b"\0"):
                found.append(int(path.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


def command_of(pid: int) -> str:
    """The command line of a process; "" if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def kill(pid: int) -> None:
    """SIGKILL a process that this suite started; no error if it has ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
