"""What decides whether a browser plays a file as it is. Reading runs in the child."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.decode.open import audio_stream, has_timestamps, opened, video_stream

# An EBML header is a few dozen bytes, and names the document type in clear (RFC 8794, 11.2).
_EBML_BYTES = 256
# Containers that store the order of frames and not when each is shown.
_UNTIMED = frozenset({"avi"})


def says_when(container: Any) -> bool:
    """Whether a file says when each frame is shown, and not only in which order they are decoded."""
    return has_timestamps(container) and container.format.name not in _UNTIMED


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """The header of a file as a browser meets it.

    Attributes:
        container: ``mp4`` (also QuickTime), ``webm``, ``matroska``, or the first name that FFmpeg has for it.
        video_codec, audio_codec: of the streams that Kinodex uses, as FFmpeg names them; "" = none.
        pixel_format: as FFmpeg names it, such as ``yuv420p``.
        profile: of the video codec.
        start: seconds at which the file's own clock starts; players differ in what they make of one that is not 0.
        first: whether the streams that Kinodex uses are those that a browser takes: the first of their kind.
        timed: whether every frame's time is written in the file.
    """

    container: str
    video_codec: str
    audio_codec: str
    pixel_format: str
    profile: str
    start: float
    first: bool
    timed: bool

    def to_json(self) -> dict[str, Any]:
        """The fields as values that JSON can represent."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> MediaFacts:
        """The facts from the output of `to_json`."""
        return cls(**values)


def read_facts(path: str) -> MediaFacts:
    """The facts of a file; nothing is decoded.

    Raises:
        MediaError: as `pipeline.decode.open.opened` and `video_stream`.
    """
    with opened(path) as container:
        stream = video_stream(container, path)
        audio = audio_stream(container)
        sounds = list(container.streams.audio)
        context = stream.codec_context
        names = container.format.name.split(",")
        return MediaFacts(
            container="mp4" if "mp4" in names else _doctype(path) if "matroska" in names else names[0],
            # By the names of the codecs: one codec has several decoders.
            video_codec=context.codec.canonical_name,
            # A track that nothing here decodes may still confuse a browser.
            audio_codec=audio.codec_context.codec.canonical_name if audio is not None else "unknown" if sounds else "",
            pixel_format=context.pix_fmt or "",
            profile=str(context.profile or ""),
            start=(container.start_time or 0) / 1_000_000,
            first=stream.index == container.streams.video[0].index and (not sounds or audio == sounds[0]),
            timed=says_when(container),
        )


def _doctype(path: str) -> str:
    """``webm`` or ``matroska``, which FFmpeg does not tell apart."""
    with open(path, "rb") as file:  # noqa: PTH123 - may contain any bytes
        return "webm" if b"webm" in file.read(_EBML_BYTES) else "matroska"
