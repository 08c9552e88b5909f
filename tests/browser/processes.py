"""`kinodex serve` as a process of its own, which can be killed and come back at the same address."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.error import URLError


class ServeProcess:
    """A served library.

    Args:
        library: its folder.
        log: where the process writes.
        environment: settings beside the usual ones.
    """

    def __init__(self, library: Path, log: Path, environment: Mapping[str, str] | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self._port}"
        self._library, self._log = library, log
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "kinodex", "serve", "--library", str(self._library), "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, env=self._environment, start_new_session=True
            )
        end = time.monotonic() + 90
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/api/v1/health", timeout=5):
                    return
            except (URLError, OSError):
                assert self._process.poll() is None, self._log.read_text()
                assert time.monotonic() < end, self._log.read_text()
                time.sleep(0.1)

    def kill(self) -> None:
        """End it and its worker as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(20)
        self._process = None


def get(address: str, path: str) -> Any:
    """What a server answers under `/api/v1`."""
    with urllib.request.urlopen(f"{address}/api/v1{path}", timeout=20) as answer:
        return json.load(answer)
