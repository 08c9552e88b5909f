"""Watch: one decode pass, many observers."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from pipeline.decoder import Decoder
from pipeline.frames import Frames, Sampling
from stores.records import StageOutput, Video


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


def watch(
    path: Path,
    video: Video,
    observers: Sequence[Observer],
    decoder: Decoder,
    progress: Callable[[float], None] | None = None,
) -> dict[str, StageOutput]:
    """Decode ``path`` once for all observers.

    Args:
        progress: told the share of the video that has been seen, in [0, 1].

    Returns:
        What each observer noted, by its name, with the seconds it took by itself.

    Raises:
        MediaError: if the file cannot be decoded; nothing is returned then.
    """
    by_name = {observer.name: observer for observer in observers}
    spent = dict.fromkeys(by_name, 0.0)
    share = 0.0
    samplings = [observer.wants(video) for observer in observers]
    for observer in observers:
        observer.start(video)
    for frames in decoder.frames(path, video, samplings):
        begun = time.perf_counter()
        by_name[frames.name].see(frames)
        spent[frames.name] += time.perf_counter() - begun
        if progress and len(frames.ticks) and video.duration:
            # Batches of other samplings may lie behind what was already seen.
            share = max(share, min(1.0, int(frames.ticks[-1]) / video.duration))
            progress(share)
    return {name: replace(observer.finish(), seconds=spent[name]) for name, observer in by_name.items()}
