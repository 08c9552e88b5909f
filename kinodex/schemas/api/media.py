"""What players are told of a video."""

from __future__ import annotations

from typing import Literal

from kinodex.schemas.base import Document, Fault, Number


class PlaybackDocument(Document):
    """How a video is played.

    Attributes:
        how: ``file`` the file itself, ``proxy`` a copy that is made on demand, ``none`` not at all.
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


class ProxyDocument(Document):
    """How far a proxy is.

    Attributes:
        state: ``waiting`` others are made first; ``done`` it is at ``url``.
        progress: in [0, 1].
        fault: why it failed; null unless it did.
    """

    state: Literal["none", "waiting", "running", "done", "failed", "cancelled"]
    progress: Number
    url: str | None
    fault: Fault | None


class SpritesDocument(Document):
    """Small pictures on sheets, row by row, to be shown while the pointer moves over a video.

    Attributes:
        tiles: how many there are; ``columns`` in a row, ``per_sheet`` on a sheet (fewer on the last one).
        width, height: pixels of a tile.
        step: seconds from one tile to the next, about.
        times: seconds of each tile; the one to show is the last that is not after the pointer.
        urls: of the sheets.
    """

    tiles: int
    columns: int
    per_sheet: int
    width: int
    height: int
    step: Number
    times: list[Number]
    urls: list[str]


class PeaksDocument(Document):
    """The shape of the sound.

    Attributes:
        peaks: lowest and highest value, in [-1, 1], of each of equally long stretches; empty without sound.
        step: seconds of a stretch.
    """

    seconds: Number
    step: Number
    peaks: list[tuple[Number, Number]]


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
