"""What the observers of the video pass have in common."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from pipeline.decode.frames import Frames, Sampling
from stores.core.records import Span, StageOutput, Video


class Observer(Protocol):
    """Sees the frames it asked for, once and in order, and returns what it found in them."""

    @property
    def name(self) -> str:
        """The name of its stage."""
        ...

    def wants(self, video: Video) -> Sampling:
        """Which frames it needs, and how large."""
        ...

    def start(self, video: Video) -> None:
        """A new video begins."""
        ...

    def see(self, frames: Frames) -> None:
        """The next frames."""
        ...

    def finish(self) -> StageOutput:
        """Called after the last frame; the output of the stage."""
        ...


@runtime_checkable
class PartObserver(Protocol):
    """An observer whose output for a part of a video differs in form from that for a whole one.

    The others simply `finish` each part.
    """

    def finish_part(self, span: Span) -> StageOutput:
        """Called after the last frame of a part; what `pipeline.segments.join` needs to know about ``span``."""
        ...
