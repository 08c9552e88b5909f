"""Lines that a person types: edited, and remembered from one conversation to the next where readline is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from pathlib import Path
from typing import TextIO

import platformdirs

LONGEST_HISTORY = 1000
"""Lines that are remembered. Source: our choice."""


def history_file() -> Path:
    """Where typed lines are remembered: with what belongs to the user, not in the library, which may be shared."""
    return platformdirs.user_state_path("kinodex", appauthor=False) / "chat-history"


class LineEditor:
    """Reads lines at the terminal.

    Args:
        out: the terminal; `sys.stdout` may be something else meanwhile.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def read(self, prompt: str) -> str:
        """One line.

        Raises:
            EOFError: at the end of the input, or Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """
        # Only if standard output is the terminal does Python let readline edit the line.
        with redirect_stdout(self._out):
            return input(prompt)


@contextmanager
def remembered_lines() -> Iterator[None]:
    """Begin with the lines of earlier conversations, and keep those of this one. Without readline, nothing is kept."""
    try:
        import readline
    except ImportError:
        yield
        return
    file = history_file()
    with suppress(OSError):
        readline.read_history_file(file)
    before = readline.get_current_history_length()
    readline.set_history_length(LONGEST_HISTORY)
    try:
        yield
    finally:
        with suppress(OSError, AttributeError):  # some builds of readline cannot append
            file.parent.mkdir(parents=True, exist_ok=True)
            # What is asked may be private.
            os.close(os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
            readline.append_history_file(readline.get_current_history_length() - before, file)
