"""A library of a few videos, and a server of it as `kinodex serve` runs it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from kinodex.library import Library
from kinodex.server.app import create_app
from pipeline.decode.decoder import Decoder
from pipeline.probe import probe
from stores.core.ids import sha256_of
from stores.core.records import StageKey
from stores.ledger import Attempt
from stores.library_store import LibraryStore


def add(store: LibraryStore, path: Path, decoder: Decoder) -> str:
    """A video as it is after its probe; what is heard and seen in it is not asked here."""
    about, sha256 = path.stat(), sha256_of(path)
    video_id = store.catalog.register(path, sha256, about.st_size, about.st_mtime_ns)
    attempt = store.ledger.begin(StageKey(video_id, "probe", "f1"), "tester")
    if isinstance(attempt, Attempt):  # else it is a copy of a known one
        store.commit(attempt, probe(path, video_id, sha256, decoder))
    return video_id


@contextmanager
def serving(library: Library) -> Iterator[str]:
    """The address at which the library is served."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(library), log_level="warning", lifespan="on")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        sock.close()
