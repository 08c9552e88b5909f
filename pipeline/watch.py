"""Watch: one decode pass, many observers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Frames, Sampling
from stores.core.records import Span, StageOutput, Video

_TOLD_SECONDS = 0.1


class Observer(Protocol):
    """Sees the frames it asked for, once, in order, and tells what it noted."""

    @property
    def name(self) -> str:
        """The stage it is."""
        ...

    def wants(self, video: Video) -> Sampling:
        """Which frames, and how large."""
        ...

    def start(self, video: Video) -> None:
        """A new video begins."""
        ...

    def see(self, frames: Frames) -> None:
        """The next frames."""
        ...

    def finish(self) -> StageOutput:
        """No more frames."""
        ...


@runtime_checkable
class Merging(Protocol):
    """An observer of which parts of a video cannot be told like a whole one. Others `finish` a part, too."""

    def part(self, span: Span) -> StageOutput:
        """No more frames of this part; what the joining (`pipeline.segments.join`) needs to know of it."""
        ...


def watch(
    path: Path,
    video: Video,
    observers: Sequence[Observer],
    decoder: Decoder,
    progress: Callable[[float], None] | None = None,
    span: Span | None = None,
) -> dict[str, StageOutput]:
    """Decode ``path`` once for all observers.

    Args:
        progress: told the share of the video, or of ``span``, that has been seen, in [0, 1], some times a second.
        span: a part of the video, if only that is to be seen; then the outputs are for `pipeline.segments.join`.

    Returns:
        What each observer noted, by its name, with the seconds it took by itself.

    Raises:
        MediaError: if the file cannot be decoded; nothing is returned then.
    """
    by_name = {observer.name: observer for observer in observers}
    spent = dict.fromkeys(by_name, 0.0)
    share, told = 0.0, -math.inf
    first, end = (span.start, span.end) if span else (0, video.duration)
    samplings = [observer.wants(video) for observer in observers]
    for observer in observers:
        observer.start(video)
    for frames in decoder.frames(path, video, samplings, span):
        begun = time.perf_counter()
        by_name[frames.name].see(frames)
        now = time.perf_counter()
        spent[frames.name] += now - begun
        if len(frames.ticks) and end > first:
            # Batches of other samplings may lie behind what was already seen.
            share = max(share, min(1.0, (int(frames.ticks[-1]) - first) / (end - first)))
        # Some batches are of one tiny frame: telling of each of them would take longer than looking at it.
        if progress and share and now - told >= _TOLD_SECONDS:
            told = now
            progress(share)
    if progress and share:
        progress(share)
    return {name: replace(_output(observer, span), seconds=spent[name]) for name, observer in by_name.items()}


def _output(observer: Observer, span: Span | None) -> StageOutput:
    if span is not None and isinstance(observer, Merging):
        return observer.part(span)
    return observer.finish()
