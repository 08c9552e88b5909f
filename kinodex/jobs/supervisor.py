"""Keeps a worker process alive for as long as the server runs."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from stores.core.owners import process_named

if TYPE_CHECKING:
    from kinodex.settings import Settings

STOP_SECONDS = 20.0
"""How long a worker may take to put its job back. Source: our choice: stages stop within a few frames."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0  # seconds before a worker that died is started again
_HEALTHY_SECONDS = 10.0  # a worker that lived so long did not die of its start
_FAILING = 4  # deaths in a row, after about ten seconds

_log = logging.getLogger(__name__)


class WorkerProcess:
    """A worker process, started again whenever it dies. Use as a context manager, or call `start` and `stop`.

    Args:
        settings: of the library whose jobs it does.
        on_death: told the name (`stores.core.owners.process_named`) of each worker that has ended, however it did.
    """

    def __init__(self, settings: Settings, on_death: Callable[[str], None] | None = None) -> None:
        self._on_death = on_death
        self._line = settings_line(settings)
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="worker process", daemon=True)

    def __enter__(self) -> WorkerProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id of the worker; None while there is none."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    @property
    def alive(self) -> bool:
        """Whether there is a worker now."""
        return self.pid is not None

    @property
    def failing(self) -> bool:
        """Whether it died soon after its start again and again."""
        return self._deaths >= _FAILING

    def start(self) -> None:
        """Start it, and watch over it."""
        self._thread.start()

    def stop(self) -> None:
        """End it; its job goes back into the queue. It is killed if that takes longer than `STOP_SECONDS`."""
        self._stopping.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
        self._thread.join()

    def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            self._process = process = self._begun()
            name = process_named(process.pid)
            if self._stopping.is_set():
                process.terminate()
            status = self._waited(process)
            self._tell(name)
            if self._stopping.is_set():
                return
            if time.monotonic() - began > _HEALTHY_SECONDS:
                self._deaths, pause = 0, _FIRST_PAUSE
            self._deaths += 1
            pause = min(2 * pause, _LONGEST_PAUSE)
            _log.warning("The worker ended with status %s; it is started again in %.1f s.", status, pause)
            self._stopping.wait(pause)

    def _tell(self, name: str) -> None:
        if self._on_death is None:
            return
        try:
            self._on_death(name)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next worker must be started
            # Its lease ends by itself.
            _log.warning("The job of the worker that ended waits for its lease: %s", error)

    def _begun(self) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C in the server's terminal is for the server, which ends its worker in order.
        process = subprocess.Popen(
            [sys.executable, "-m", "kinodex.jobs.worker"], stdin=subprocess.PIPE, start_new_session=True
        )
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it died at once, which `_keep` sees
            process.stdin.write(self._line)
            process.stdin.flush()
        return process

    def _waited(self, process: subprocess.Popen[bytes]) -> int:
        while not self._stopping.wait(0.1):
            if (status := process.poll()) is not None:
                break
        else:
            try:
                status = process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                status = process.wait()
        if process.stdin is not None:
            with suppress(BrokenPipeError):
                process.stdin.close()
        return status


def settings_line(settings: Settings) -> bytes:
    """All settings as one line of JSON, with the key of the endpoint: for the standard input of a process of ours."""
    values = settings.model_dump(mode="json")
    values["endpoint"]["api_key"] = settings.endpoint.api_key.get_secret_value()
    values["library"] = os.path.abspath(settings.library)  # noqa: PTH100
    return json.dumps(values).encode() + b"\n"
