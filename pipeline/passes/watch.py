"""Watch: one pass over the pictures, shared by many observers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.decode.decoder import Decoder
from pipeline.observers.observer import Observer, PartObserver
from stores.core.records import Span, StageOutput, Video

_REPORT_SECONDS = 0.1


def watch(
    path: Path,
    video: Video,
    observers: Sequence[Observer],
    decoder: Decoder,
    on_progress: Callable[[float], None] | None = None,
    span: Span | None = None,
) -> dict[str, StageOutput]:
    """Decode ``path`` once for all observers.

    Args:
        on_progress: called a few times a second with the share of the video, or of ``span``, that was decoded, in
            [0, 1].
        span: the part of the video to decode; then the outputs are for `pipeline.segments.join`.

    Returns:
        The output of each observer by its name, with the seconds that this observer alone took.

    Raises:
        MediaError: if the file cannot be decoded; then there are no outputs at all.
    """
    by_name = {observer.name: observer for observer in observers}
    spent = dict.fromkeys(by_name, 0.0)
    share, reported = 0.0, -math.inf
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
            # A batch of one sampling may lie behind what another one has reached.
            share = max(share, min(1.0, (int(frames.ticks[-1]) - first) / (end - first)))
        # Some batches are a single tiny frame: a report for each would take longer than the work on it.
        if on_progress and share and now - reported >= _REPORT_SECONDS:
            reported = now
            on_progress(share)
    if on_progress and share:
        on_progress(share)
    return {name: replace(_output(observer, span), seconds=spent[name]) for name, observer in by_name.items()}


def _output(observer: Observer, span: Span | None) -> StageOutput:
    if span is not None and isinstance(observer, PartObserver):
        return observer.finish_part(span)
    return observer.finish()
