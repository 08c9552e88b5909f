"""Messages between a `Decoder` and its child: a JSON head and raw bytes, over a socket pair.

JSON and not pickle, because the child reads untrusted files: should one of them take it over, the parent must not
execute what it sends.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Sends a message from a job in the child: a tag, values that JSON can represent, a payload.
Emit = Callable[[str, Mapping[str, Any], NDArray[Any] | None], None]

_LENGTHS = struct.Struct("<IQ")
# A head contains names, sizes and messages; a payload at most one batch of frames or ten minutes of sound.
_LONGEST_HEAD = 1 << 20
_LONGEST_PAYLOAD = 1 << 31


@dataclass(frozen=True, slots=True)
class Message:
    """A tag, values that JSON can represent, and a payload (n,) uint8."""

    tag: str
    values: Mapping[str, Any]
    payload: NDArray[np.uint8]


class Wire:
    """One end of the connection. Sending blocks until the other side reads."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def close(self) -> None:
        """Close this end; the other side reads the end of file."""
        self._socket.close()

    def send(self, tag: str, values: Mapping[str, Any], payload: NDArray[Any] | None = None) -> None:
        """Send one message; ``payload`` is any C-contiguous array.

        Raises:
            OSError: if the connection is closed.
        """
        head = json.dumps({"tag": tag, **values}).encode()
        body = memoryview(b"") if payload is None else payload.reshape(-1).view(np.uint8).data
        self._socket.settimeout(None)
        self._socket.sendall(_LENGTHS.pack(len(head), len(body)) + head)
        if len(body):
            self._socket.sendall(body)

    def receive(self, timeout: float | None = None) -> Message:
        """The next message.

        Args:
            timeout: seconds within which the whole message must arrive; None waits forever.

        Raises:
            TimeoutError: if it does not arrive in time.
            EOFError: if the connection is closed.
            ValueError: if the bytes are not a message.
        """
        until = None if timeout is None else time.monotonic() + timeout
        head_length, body_length = _LENGTHS.unpack(self._exactly(_LENGTHS.size, until).tobytes())
        if head_length > _LONGEST_HEAD or body_length > _LONGEST_PAYLOAD:
            raise ValueError(f"a message of {head_length} + {body_length} bytes")
        values = json.loads(self._exactly(head_length, until).tobytes())
        return Message(values.pop("tag"), values, self._exactly(body_length, until))

    def _exactly(self, length: int, until: float | None) -> NDArray[np.uint8]:
        data = np.empty(length, np.uint8)
        view, got = data.data, 0
        while got < length:
            if until is not None:
                self._socket.settimeout(max(1e-3, until - time.monotonic()))
            try:
                count = self._socket.recv_into(view[got:])
            except ConnectionResetError as error:
                raise EOFError("the connection is closed") from error
            if not count:
                raise EOFError("the connection is closed")
            got += count
        return data
