"""What the stages of one video work with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from encoders.bundle import Encoders
from pipeline.decode.decoder import Decoder
from pipeline.perception import PerceptionConfig
from pipeline.similarity.reuse import KnownFrameHashes, Reuse
from stores.core.records import Span, Video

Begin = Callable[[Sequence[str]], Sequence[str]]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class VideoFile:
    """A file that is known by its content.

    Attributes:
        sha256: of the whole file, 64 hexadecimal digits.
    """

    path: Path
    video_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class PerceptionContext:
    """What one worker brings to every video.

    Attributes:
        begin: called with the names of stages that run together, right before they are run; returns those that may.
        on_progress: called with the name of a stage and the share of it that is done, in [0, 1].
        known_frame_hashes: of other videos, whose model results are reused where they show the same pictures
            (`pipeline.similarity.reuse`); None reuses none.
    """

    encoders: Encoders
    decoder: Decoder
    begin: Begin
    config: PerceptionConfig = field(default_factory=PerceptionConfig)
    on_progress: Progress | None = None
    known_frame_hashes: KnownFrameHashes | None = None


@dataclass(frozen=True, slots=True)
class PassContext:
    """One pass over one video.

    Attributes:
        on_progress: called with the name of a stage and its share of the pass, in [0, 1].
        span: the part of the video to decode; None for all of it.
        reuse: finds pictures that other videos have shown before; for the video pass only.
    """

    path: Path
    video: Video
    encoders: Encoders
    decoder: Decoder
    config: PerceptionConfig
    on_progress: Progress | None = None
    span: Span | None = None
    reuse: Reuse | None = None
