"""The server as a process: its address, when it is ready, how it ends."""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import uvicorn

from kinodex.jobs.supervisor import WorkerProcess
from kinodex.server.app import create_app
from kinodex.server.events import streams_of
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from kinodex.library import Library

GRACE_SECONDS = 10
"""How long requests in flight are waited for when the server stops. Source: our choice; streams end at once."""

SWITCH_SECONDS = 0.0005
"""How long a thread keeps the interpreter while others wait for it. Python's 5 ms are paid again for each row that a
busy server reads from SQLite. Source: measured, benchmarks/reports/server.md."""

_LOG = logging.getLogger(__name__)

_IN_USE = (errno.EADDRINUSE,)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM)


def access_is_on(library: Library) -> bool:
    """Whether people have to log in to a library: only then it may be served to other machines."""
    return library.store.access.is_on()


def serve(library: Library, on_ready: Callable[[str], None]) -> None:
    """Serve a library until SIGTERM or Ctrl-C, then end streams, finish requests and return.

    Args:
        on_ready: called with the address once it answers.

    Raises:
        UsageError: USAGE if the address is not one of this machine and access control is off, or cannot be
            used; CONFLICT if the port is in use.
    """
    server = library.settings.server
    if not server.local and not access_is_on(library):
        message = f"Everybody who reaches {server.host} could see and change this library."
        hint = "Add a user first (kinodex users add NAME), or serve at 127.0.0.1."
        raise UsageError("USAGE", message, hint)
    with _bound(server.host, server.port) as listener, ExitStack() as stack:
        app = create_app(library)
        # Should the last user be removed meanwhile, nobody is the owner here.
        app.state.access_required = not server.local
        if server.worker:
            app.state.worker = stack.enter_context(
                WorkerProcess(library.settings, library.store.job_ledger.worker_died)
            )
        proxies = server.trusted_proxies
        running = _Server(app, proxies, lambda: on_ready(url_of(server.host, listener.getsockname()[1])))
        sys.setswitchinterval(SWITCH_SECONDS)
        threading.Thread(target=_warm, args=(library,), name="warming up", daemon=True).start()
        running.run(sockets=[listener])


def url_of(host: str, port: int) -> str:
    """Where a browser finds a server there."""
    name = host.strip("[]")
    if name in ("0.0.0.0", "::"):
        name = "localhost"
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


class _Server(uvicorn.Server):
    """A server that says when it answers, ends its streams when it stops, and is then done: no signal is left over."""

    def __init__(self, app: FastAPI, proxies: Sequence[str], on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_level="warning",
                access_log=False,
                server_header=False,
                # Else uvicorn believes everybody on this machine, and what a variable of the environment names.
                proxy_headers=bool(proxies),
                forwarded_allow_ips=list(proxies),
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._streams = streams_of(app)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._streams.close()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            self._captured_signals.clear()


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    name = host.strip("[]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise UsageError("USAGE", f"{host} is no address of this machine: {error.strerror}.") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(address)
        except OSError as error:
            raise _not_bound(error, host, port) from None
        yield listener
    finally:
        listener.close()


def _not_bound(error: OSError, host: str, port: int) -> UsageError:
    if error.errno in _IN_USE:
        hint = "Choose another with --port, or stop what uses it."
        return UsageError("CONFLICT", f"Port {port} of {host} is in use.", hint)
    if error.errno in _NOT_ALLOWED:
        return UsageError("USAGE", f"This user may not use port {port}.", "Choose one above 1023 with --port.")
    return UsageError("USAGE", f"Nothing can be served at {host}:{port}: {error.strerror}.", "Check --host.")


def _warm(library: Library) -> None:
    """Search once, for something that every model has to look at, and open what answers questions, before the first
    person waits for it."""
    try:
        library.search("somebody is talking about the weather", k=1)
        _ = library.runner
    except Exception as error:  # noqa: BLE001 - what fails here will say so when somebody asks
        _LOG.warning("The models could not be loaded ahead of the first question: %s", error)
