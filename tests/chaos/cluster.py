"""A Ray cluster of several machines, each a process tree of its own on this one."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.chaos.harness import BEGUN, INJECTED, ONE_THREAD, ROOT, Begun, kill, processes_with, wait_until
from tests.servers.running import free_port

JOINING = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
"""What a driver needs in its environment: `ray start --head` admits only those that know its token."""

_START_SECONDS = 60.0


class Node:
    """One machine: the processes under `ray start --block`. Its attempts are recorded like those of a run."""

    def __init__(self, arguments: list[str], folder: Path, library: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        plan = folder / "plan.json"
        plan.write_text(json.dumps([asdict(BEGUN)]))
        self._variable = f"KINODEX_CHAOS_PLAN={plan}"
        ray = Path(sys.executable).with_name("ray")
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (INJECTED, ROOT))), "RAY_USAGE_STATS_ENABLED": "0"}
        env |= ONE_THREAD | JOINING | {"KINODEX_CHAOS_PLAN": str(plan), "KINODEX_CHAOS_LIBRARY": str(library)}
        with (folder / "log").open("wb") as log:
            command = [str(ray), "start", "--block", "--disable-usage-stats", *arguments]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=env)

    def family(self) -> list[int]:
        """Process ids."""
        return processes_with(self._variable)

    def begun(self) -> list[Begun]:
        """Attempts begun on this machine."""
        path = self.folder / BEGUN.name
        return [Begun(*json.loads(line)) for line in path.read_text().splitlines()] if path.is_file() else []

    def log(self) -> str:
        """Its output."""
        return (self.folder / "log").read_text(errors="replace")

    def kill(self) -> None:
        """Cut the power: SIGKILL to every process, until there is none."""
        while family := self.family():
            for pid in family:
                kill(pid)
        self._process.wait()


class Cluster:
    """A context manager that ends all machines. The head runs no units; other machines have one processor."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._folder = folder
        self._library = library
        self._nodes: list[Node] = []
        self.address = f"127.0.0.1:{free_port()}"

    def start_head(self) -> Node:
        """The head of the cluster."""
        port = self.address.rpartition(":")[2]
        options = [
            "--head",
            f"--port={port}",
            "--num-cpus=0",
            "--include-dashboard=false",
            "--node-ip-address=127.0.0.1",
        ]
        return self._start("head", [*options, "--object-store-memory=100000000"])

    def start_node(self) -> Node:
        """Another machine."""
        options = [f"--address={self.address}", "--num-cpus=1", "--memory=3000000000"]
        return self._start(f"node-{len(self._nodes)}", [*options, "--object-store-memory=100000000"])

    def begun(self) -> list[Begun]:
        """Attempts begun on all machines, in order."""
        return sorted((one for node in self._nodes for one in node.begun()), key=lambda one: one.at)

    def _start(self, name: str, arguments: list[str]) -> Node:
        node = Node(arguments, self._folder / name, self._library)
        self._nodes.append(node)
        try:
            wait_until(lambda: "Ray runtime started." in node.log(), name, _START_SECONDS)
        except TimeoutError as error:
            raise RuntimeError(f"{name} did not start: {node.log()[-2000:]}") from error
        return node

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in reversed(self._nodes):
            node.kill()
