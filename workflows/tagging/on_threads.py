"""Deciding by threads of this process, which share one prepared tag library."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from workflows.tagging.deciding import Decided, Deciding, decide

_AHEAD = 4
"""Videos that are handed out for each thread: the one that commits keeps nobody waiting. Source: our choice."""


@contextmanager
def on_threads(tagger: Deciding, video_ids: Sequence[str], workers: int) -> Iterator[Iterator[list[Decided]]]:
    """Yield what comes of the videos, some at a time, in whatever order; at the end of the block nothing is begun more.

    What it raises, `workflows.tagging.deciding.decide` says.
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
    left = iter(video_ids)
    running: set[Future[Decided]] = set()

    def fill() -> None:
        while len(running) < _AHEAD * workers and (one := next(left, None)) is not None:
            running.add(pool.submit(decide, tagger, one, worker))

    fill()
    while running:
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        running.difference_update(done)
        failed = [future for future in done if future.exception() is not None]
        if not failed:
            fill()
        # What ended beside a failure is not lost.
        yield [future.result() for future in done if future not in failed]
        for future in failed:
            future.result()
