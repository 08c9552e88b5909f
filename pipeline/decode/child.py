"""The child process in which foreign files are decoded: ``python -m pipeline.decode.child FD PARENT BYTES``.

It reads jobs from the socket ``FD`` and answers each with any number of messages and one ``done`` or ``error``.
A crash, a loop or a memory bomb in a codec ends this process and not Kinodex. It also ends when its parent does.
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

# Exit status after running out of memory.
MEMORY_EXIT = 77
# Messages that may wait to be sent: the child decodes ahead while the parent computes, in bounded memory.
_AHEAD = 4
# Seconds between two signs of life while decoding; and between two checks that the parent is alive.
_ALIVE_SECONDS = 1.0
_PARENT_SECONDS = 0.5


class _Sender:
    """Sends messages in the background."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._waiting: queue.Queue[tuple[str, Mapping[str, Any], NDArray[Any] | None]] = queue.Queue(_AHEAD)
        self._last_alive = 0.0
        threading.Thread(target=self._send, daemon=True).start()

    def emit(self, tag: str, values: Mapping[str, Any], payload: NDArray[Any] | None = None) -> None:
        if tag == "alive":
            now = time.monotonic()
            if now - self._last_alive < _ALIVE_SECONDS:
                return
            self._last_alive = now
        self._waiting.put((tag, values, payload))

    def _send(self) -> None:
        while True:
            message = self._waiting.get()
            try:
                self._wire.send(*message)
            except OSError:
                os._exit(0)  # the parent has gone, or has closed the connection


Jobs = Mapping[str, Callable[..., None]]
"""By tag: called with the values of a message and with ``emit``."""


def decoding_jobs() -> Jobs:
    """What a `pipeline.decode.decoder.Decoder` asks for."""
    from pipeline.decode.audio_pass import AudioJob, decode_audio
    from pipeline.decode.probe_header import read_header, read_tags
    from pipeline.decode.video_pass import VideoJob, decode_video

    def probe(path: str, emit: Emit) -> None:
        emit("header", read_header(path, emit).to_json(), None)

    def tags(path: str, emit: Emit) -> None:
        emit("tags", read_tags(path), None)

    def frames(path: str, emit: Emit, **values: Any) -> None:
        decode_video(path, VideoJob.from_json(values), emit)

    def sound(path: str, emit: Emit, **values: Any) -> None:
        decode_audio(path, AudioJob(**values), emit)

    return {"probe": probe, "tags": tags, "frames": frames, "sound": sound, "misbehave": _misbehave}


def serve(load: Callable[[], Jobs]) -> None:
    """Do jobs until the parent closes the socket.

    Args:
        load: imports what the jobs need, and returns them.
    """
    descriptor, parent, address_space = map(int, sys.argv[1:4])
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    wire = Wire(socket.socket(fileno=descriptor))
    jobs = load()
    # After the imports, so that a limit too low for the libraries fails the first job with the right error.
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))
    sender = _Sender(wire)
    sender.emit("ready", {})
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
        except Exception:  # noqa: BLE001 - sent to the parent, which raises it as the bug it is
            sender.emit("bug", {"trace": traceback.format_exc()})
        else:
            sender.emit("done", {})


def _end_with(parent: int) -> None:
    """End this process when the parent has ended, even while a codec hangs."""
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
    serve(decoding_jobs)
