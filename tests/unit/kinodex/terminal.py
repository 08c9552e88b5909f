"""A program at a terminal of its own, as a person has it: keys go in, what is shown comes out."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[3]
CTRL_C, CTRL_D = "\x03", "\x04"

_CONTROLS = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\r")


class Terminal:
    """`kinodex` with some arguments at a terminal.

    Args:
        before: Python that is run in that process first.
    """

    def __init__(self, arguments: list[str], cwd: Path, env: Mapping[str, str], before: str = "") -> None:
        code = (
            f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n{before}\n"
            "from kinodex.cli.app import main\nmain()"
        )
        self._keys, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment = {**inherited, "PYTHONPATH": str(ROOT), "TERM": "xterm", **env}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env=environment,
            start_new_session=True,
        )
        os.close(theirs)
        self.raw = ""
        self._read = 0

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._keys)

    def type(self, line: str, end: str = "\n") -> None:
        """Type a line, or without ``end`` a key."""
        os.write(self._keys, f"{line}{end}".encode())

    def pressed(self, key: str, text: str, times: int = 30) -> str:
        """Press a key, again after each 3 s, until ``text`` is shown; what is shown up to it.

        Python forgets a Ctrl-C that comes between two keys of a line, until the next key.
        """
        for left in reversed(range(times)):
            self.type(key, "")
            with suppress(AssertionError) if left else nullcontext():
                return self.until(text, 3.0)
        raise AssertionError("unreachable")

    def until(self, text: str, seconds: float = 90.0) -> str:
        """What is shown from the last call on, up to ``text``; without colours."""
        by = time.monotonic() + seconds
        while text not in (shown := self._shown()[self._read :]):
            there = time.monotonic() < by and self._more(by)
            assert there, f"waited for {text!r}; shown was:\n{shown}"
        end = self._read + shown.index(text) + len(text)
        said, self._read = self._shown()[self._read : end], end
        return said

    def ended(self, seconds: float = 60.0) -> int:
        """How the program ended, once it did."""
        by = time.monotonic() + seconds
        while self._more(by):
            assert time.monotonic() < by
        return self.process.wait(seconds)

    def rest(self) -> str:
        """What is shown from the last call of `until` on."""
        said, self._read = self._shown()[self._read :], len(self._shown())
        return said

    def _shown(self) -> str:
        return _CONTROLS.sub("", self.raw)

    def _more(self, by: float) -> bool:
        """Read on; False once the program has gone."""
        if not select.select([self._keys], [], [], max(0.0, min(1.0, by - time.monotonic())))[0]:
            return True
        try:
            self.raw += os.read(self._keys, 65536).decode(errors="replace")
        except OSError:  # Linux says so once nobody has the other side open
            return False
        return True
