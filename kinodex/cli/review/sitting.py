"""Review in a terminal: one question after the other, a key each."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from kinodex.cli.render.cells import data
from kinodex.cli.review import render
from kinodex.schemas.api.tags import ReviewCard, VerdictRequest
from kinodex.views.tags import reviewing
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.views.library_view import LibraryView

KEYS: dict[str, Literal["accepted", "rejected", "unsure"]] = {"y": "accepted", "n": "rejected", "u": "unsure"}
"""Keys and what they decide."""

HELP = "y yes · n no · u unsure · s later · z undo · q quit"

_LOOKED_AT = 20
"""Of so many the one that teaches most is asked. Source: our choice: they are ordered again after each decision."""


def sit(view: LibraryView, filters: reviewing.ReviewFilter, console: Console, key: Callable[[], str]) -> Counter[str]:
    """Asks until nothing waits or the person stops; every decision is saved at once.

    Args:
        key: the next key that is pressed; "" at the end.

    Returns:
        how often what was decided.
    """
    later: set[tuple[str, str]] = set()
    steps: list[tuple[str, str]] = []
    while (found := _next(view, filters, later)) is not None:
        one, left = found
        render.item(console, one, left)
        console.print(data(HELP, "dim"), end=" ", soft_wrap=True)
        pressed = _known(key)
        console.print(data(pressed))
        if pressed in ("q", ""):
            break
        if pressed == "s":
            later.add((one.video_id, one.tag_id))
        elif pressed == "z":
            _undo(view, steps, console)
        else:
            asked = VerdictRequest(video_id=one.video_id, tag_id=one.tag_id, verdict=KEYS[pressed])
            steps.append((reviewing.decide(view, [asked]).undo, KEYS[pressed]))
    else:
        console.print("Nothing else waits for you.")
    return Counter(verdict for _, verdict in steps)


@contextmanager
def keys() -> Iterator[Callable[[], str]]:
    """The keys of the terminal, each as it is pressed; also those that are pressed before they are waited for."""
    import termios
    import tty

    stream = sys.stdin.fileno()
    before = termios.tcgetattr(stream)
    try:
        tty.setcbreak(stream, termios.TCSADRAIN)
        yield lambda: os.read(stream, 1).decode("latin-1")
    finally:
        termios.tcsetattr(stream, termios.TCSADRAIN, before)


def _next(
    view: LibraryView, filters: reviewing.ReviewFilter, later: set[tuple[str, str]]
) -> tuple[ReviewCard, int] | None:
    after: str | None = None
    while True:
        page = reviewing.queue(view, _LOOKED_AT, filters, after)
        for one in page.items:
            if (one.video_id, one.tag_id) not in later:
                return one, page.left
        if page.next is None:
            return None
        after = page.next


def _known(key: Callable[[], str]) -> str:
    """The next key that means something; Ctrl-D and the end of what is typed mean that there is no other."""
    while True:
        pressed = key().lower()
        if pressed in ("", "\x04"):
            return ""
        if pressed in (*KEYS, "s", "z", "q"):
            return pressed


def _undo(view: LibraryView, steps: list[tuple[str, str]], console: Console) -> None:
    if not steps:
        console.print("Nothing was decided yet; to take back more: kinodex review undo")
        return
    token, _ = steps.pop()
    try:
        reviewing.undo(view, token)
    except UsageError as error:
        console.print(data(f"not taken back: {error}"), soft_wrap=True)
