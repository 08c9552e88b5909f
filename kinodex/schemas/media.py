"""What players are told of a video."""

from __future__ import annotations

from typing import Literal

from kinodex.schemas.base import Document, Fault, Number


class PlaybackDocument(Document):
    """How a video is played.

    Attributes:
        url: of what is played; null while there is nothing: then a proxy can be made (``how`` is ``proxy``), or nothing
            can be played (``none``).
        reason: why not the file as it is, in one sentence; "" if it is.
        mime: of what is played, "" if nothing is.
        fault: why nothing can be played; null unless ``how`` is ``none``.
    """

    url: str | None
    how: Literal["file", "proxy", "none"]
    reason: str
    mime: str
    fault: Fault | None = None


class FramesDocument(Document):
    """Exact times of frames, in seconds from the start of the video.

    Attributes:
        times: the middle of each frame: to seek there shows this frame.
        starts: when each begins; ``end``: when the last one ends.
        exact: they are read from the file and not counted by its frame rate.
    """

    times: list[Number]
    starts: list[Number]
    end: Number
    exact: bool
