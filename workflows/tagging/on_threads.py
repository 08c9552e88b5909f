"""Deciding by threads of this process, which share one prepared tag library."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from stores.core.errors import KinodexError
from workflows.tagging.deciding import Decided, Deciding, Reading, decide_some

_AHEAD = 4
"""Units that are handed out for each thread: the one that commits keeps nobody waiting. Source: our choice."""

_Ended = tuple[list[Decided], KinodexError | None]
"""What came of some videos that were read together, and why there is no more."""


@contextmanager
def on_threads(tagger: Deciding, video_ids: Sequence[str], workers: int) -> Iterator[Iterator[list[Decided]]]:
    """Yield what comes of the videos, some at a time, in whatever order; at the end of the block nothing is begun more.

    What it raises, `workflows.tagging.deciding.decide_some` says.
    """
    pool = ThreadPoolExecutor(workers, "kinodex-tagging")
    try:
        yield _decided(pool, tagger, video_ids, workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _decided(
    pool: ThreadPoolExecutor, tagger: Deciding, video_ids: Sequence[str], workers: int
) -> Iterator[list[Decided]]:
    worker = f"local-{os.getpid()}"
    left = iter(_units(tagger, video_ids, workers))
    running: set[Future[_Ended]] = set()

    def fill() -> None:
        while len(running) < _AHEAD * workers and (some := next(left, None)) is not None:
            running.add(pool.submit(_decided_some, tagger, some, worker))

    fill()
    while running:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        running.difference_update(done)
        ended = [future.result() for future in done]
        errors = [error for _, error in ended if error is not None]
        if not errors:
            fill()
        # What ended beside a failure is not lost.
        yield [one for made, _ in ended for one in made]
        if errors:
            raise errors[0]


def _units(tagger: Deciding, video_ids: Sequence[str], workers: int) -> list[Sequence[str]]:
    most = tagger.together if isinstance(tagger, Reading) else 1
    size = max(1, min(most, len(video_ids) // (_AHEAD * workers)))
    return [video_ids[first : first + size] for first in range(0, len(video_ids), size)]


def _decided_some(tagger: Deciding, video_ids: Sequence[str], worker: str) -> _Ended:
    made: list[Decided] = []
    try:
        made += decide_some(tagger, video_ids, worker)
    except KinodexError as error:
        return made, error
    return made, None
