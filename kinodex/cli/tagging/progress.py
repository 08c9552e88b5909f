"""Progress of tagging on stderr: a bar with the time that is left on terminals, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINE_SECONDS = 10.0
"""Between two lines of progress where there is no terminal, e.g. in the log of a service."""


@contextmanager
def tagging_progress() -> Iterator[Callable[[int, int, str], None]]:
    """What to call with (done, total, what is counted)."""
    from kinodex.cli.progress_bars import counting

    with counting("reading tags", remaining=True) as bar:
        last = -LINE_SECONDS
        unfinished = counted = ""
        began, first = 0.0, 0

        def on_progress(done: int, of: int, what: str) -> None:
            nonlocal last, unfinished, counted, began, first
            bar(done, of, what)
            if sys.stderr.isatty():
                return
            now = time.monotonic()
            if what != counted:
                counted, began, first = what, now, done
            # What was begun on a line is also ended on one.
            ended = done == of and what == unfinished
            begun = done < of and (what != "videos" or done) and now - last >= LINE_SECONDS
            if ended or begun:
                last, unfinished = now, "" if ended else what
                left = f", {_clock((of - done) * (now - began) / (done - first))} left" if first < done < of else ""
                print(f"{what}: {done} of {of}{left}", file=sys.stderr, flush=True)

        yield on_progress


def _clock(seconds: float) -> str:
    minutes, whole = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{whole:02d}" if hours else f"{minutes}:{whole:02d}"
