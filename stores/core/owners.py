"""Which process runs something, and whether it is certainly dead: then nobody has to wait for its lease to end."""

from __future__ import annotations

import hashlib
import os
import socket
from functools import cache
from pathlib import Path

_STARTED = 19  # of the fields after the name in /proc/PID/stat; proc(5): field 22 is starttime
_DEAD = ("Z", "X", "x")


def this_process() -> str:
    """A name for this process that no other process ever has, where the system tells (Linux)."""
    return process_named(os.getpid())


def process_named(pid: int) -> str:
    """What `this_process` is in another process of this machine, while that one lives."""
    return f"{socket.gethostname()[:40]} {_place()} {pid} {_started(pid)}"


def certainly_dead(owner: str) -> bool:
    """Whether ``owner`` ran on this machine, in sight of this process, and no longer does. If in doubt, False."""
    parts = owner.rsplit(" ", 3)
    if len(parts) != 4 or not _place() or parts[1] != _place() or not parts[2].isdigit():
        return False
    return _started(int(parts[2])) != parts[3]


@cache
def _place() -> str:
    """This boot of this machine and the process ids that are visible here; "" where that cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        visible = os.readlink("/proc/self/ns/pid")  # noqa: PTH115
    except OSError:
        return ""
    return hashlib.sha256(f"{boot} {visible}".encode()).hexdigest()[:16]


def _started(pid: int) -> str:
    """When the process started; "" if it does not live."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in _DEAD else fields[_STARTED]
