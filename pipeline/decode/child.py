"""The child process in which foreign files are decoded: ``python -m pipeline.decoding_child FD PARENT BYTES``.

It reads jobs from the socket ``FD`` and answers each with any number of messages and one ``done`` or ``error``.
A crash, a loop or a memory bomb in a codec ends this process and not Kinodex. It ends with its parent, too.
"""

from __future__ import annotations

import ctypes
import os
import queue
import resource
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.decode.protocol import Emit, Wire
from stores.core.errors import KinodexError

# Exit status where there was too little memory to go on.
MEMORY_EXIT = 77
# Batches that wait to be taken: the child decodes ahead while the parent computes, in bounded memory.
_AHEAD = 4
# How often the parent hears that decoding goes on, in seconds; and how often the parent's life is checked.
_ALIVE_SECONDS = 1.0
_PARENT_SECONDS = 0.5


class _Sender:
    """Sends messages in the background."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._waiting: queue.Queue[tuple[str, Mapping[str, Any], NDArray[Any] | None]] = queue.Queue(_AHEAD)
        self._told = 0.0
        threading.Thread(target=self._send, daemon=True).start()

    def emit(self, tag: str, values: Mapping[str, Any], payload: NDArray[Any] | None = None) -> None:
        if tag == "alive":
            now = time.monotonic()
            if now - self._told < _ALIVE_SECONDS:
                return
            self._told = now
        self._waiting.put((tag, values, payload))

    def _send(self) -> None:
        while True:
            message = self._waiting.get()
            try:
                self._wire.send(*message)
            except OSError:
                os._exit(0)  # the parent has gone, or wants no more


def main() -> None:
    """Serve until the parent closes the socket."""
    descriptor, parent, address_space = map(int, sys.argv[1:4])
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wire = Wire(socket.socket(fileno=descriptor))
    from pipeline.decode.audio_pass import listen_to
    from pipeline.decode.probe_header import describe
    from pipeline.decode.video_pass import watch_video

    def probe(path: str, emit: Emit) -> None:
        emit("header", describe(path, emit).to_json(), None)

    # After the imports, so that a limit below what libraries need shows up at the first job, as such.
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    sender = _Sender(wire)
    sender.emit("ready", {})
    jobs: dict[str, Callable[..., None]] = {
        "probe": probe,
        "frames": watch_video,
        "sound": listen_to,
        "misbehave": _misbehave,
    }
    while True:
        try:
            job = wire.receive()
        except EOFError:
            return
        try:
            jobs[job.tag](**job.values, emit=sender.emit)
        except KinodexError as error:
            sender.emit("error", {"code": error.code.name, "message": error.message, "hint": error.hint})
        except MemoryError:
            os._exit(MEMORY_EXIT)
        except Exception:  # noqa: BLE001 - told to the parent, which raises it as the bug it is
            sender.emit("bug", {"trace": traceback.format_exc()})
        else:
            sender.emit("done", {})


def _end_with(parent: int) -> None:
    """End this process when the parent has ended, also while a codec hangs."""
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    os._exit(0)


def _misbehave(how: str, emit: Emit) -> None:
    """What a hostile file might make a codec do; for tests of the parent."""
    emit("alive", {}, None)
    if how == "crash":
        ctypes.string_at(0)
    elif how == "loop":
        while True:
            time.sleep(0.01)
    elif how == "memory":
        hoard = []
        while True:
            hoard.append(np.empty(1 << 26, np.uint8))


if __name__ == "__main__":
    main()
