"""Videos and the lines that are stored of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document, Fault, Number, fault

if TYPE_CHECKING:
    from stores.catalog import VideoEntry
    from stores.core.records import Decision, Evidence, Video


class Media(Document):
    """What a probe found out about a file, as `stores.core.records.Video`; ``size`` in bytes, ``rotation`` in
    degrees."""

    seconds: Number
    width: int
    height: int
    rotation: int
    frame_rate: Number
    variable_frame_rate: bool
    video_codec: str
    audio_codec: str
    container: str
    size: int
    sha256: str
    warnings: list[str]


class VideoDocument(Document):
    """One video of the library.

    Attributes:
        uri: the first of ``uris``, "" if there is none.
        status: as `stores.entries.VideoEntry`.
        error: of the first stage that failed; null if none did.
        stages: stage to status.
        media: null until it was probed.
    """

    video_id: str
    uri: str
    uris: list[str]
    status: str
    error: Fault | None
    stages: dict[str, str]
    media: Media | None


class VideosDocument(Document):
    """What `kinodex videos` lists."""

    videos: list[VideoDocument]


class EvidenceLine(Document):
    """One stored fact; ``start`` and ``end`` in seconds, ``confidence`` in [0, 1].

    Attributes:
        speaker: who says it, several if it changes hands; "" if that is not known, or nothing is said.
    """

    evidence_id: str
    start: Number
    end: Number
    channel: str
    text: str
    confidence: Number
    speaker: str = ""


class TagGiven(Document):
    """A tag that was accepted for a video; ``confidence`` in [0, 1]."""

    tag_id: str
    name: str
    confidence: Number


class ShowDocument(VideoDocument):
    """What `kinodex show` says of one video; stages that have never begun are ``pending``."""

    tags: list[TagGiven]
    evidence: list[EvidenceLine]


def video(entry: VideoEntry) -> VideoDocument:
    """One video as `videos` and `show` print it."""
    return VideoDocument(
        video_id=entry.video_id,
        uri=entry.uris[0] if entry.uris else "",
        uris=list(entry.uris),
        status=entry.status,
        error=fault(entry.error_code, entry.error_message),
        stages=dict(entry.stages),
        media=media_of(entry.video) if entry.video is not None else None,
    )


def videos(entries: Iterable[VideoEntry]) -> VideosDocument:
    """The document of a listing."""
    return VideosDocument(videos=[video(entry) for entry in entries])


def shown(
    entry: VideoEntry,
    accepted: Iterable[Decision],
    tag_names: Mapping[str, str],
    lines: Iterable[Evidence],
    expected_stages: Iterable[str] = (),
    speakers: Mapping[str, str] | None = None,
) -> ShowDocument:
    """The document of one video.

    Args:
        accepted: the decisions by which it has its tags.
        tag_names: by id; a tag that is no longer in the library goes by its id.
        expected_stages: those that an ingest runs; what has not begun of them is pending.
        speakers: who says a line, by its evidence id.
    """
    found = video(entry)
    stages = {**dict.fromkeys(expected_stages, "pending"), **found.stages}
    return ShowDocument(
        **{**dict(found), "stages": dict(sorted(stages.items()))},
        tags=[
            TagGiven(tag_id=made.tag_id, name=tag_names.get(made.tag_id, made.tag_id), confidence=made.confidence)
            for made in accepted
        ],
        evidence=evidence(lines, speakers or {}),
    )


def evidence(lines: Iterable[Evidence], speakers: Mapping[str, str]) -> list[EvidenceLine]:
    """Stored lines, in the given order, with those of ``speakers`` (by evidence id) who say them."""
    return [
        EvidenceLine(
            evidence_id=line.evidence_id,
            start=line.span.seconds[0],
            end=line.span.seconds[1],
            channel=line.channel,
            text=line.text,
            confidence=line.confidence,
            speaker=speakers.get(line.evidence_id, ""),
        )
        for line in lines
    ]


def media_of(found: Video) -> Media:
    """What a probe found out about a file."""
    return Media(
        seconds=found.seconds,
        width=found.width,
        height=found.height,
        rotation=found.rotation,
        frame_rate=float(found.frame_rate),
        variable_frame_rate=found.variable_frame_rate,
        video_codec=found.video_codec,
        audio_codec=found.audio_codec,
        container=found.container,
        size=found.size,
        sha256=found.sha256,
        warnings=list(found.warnings),
    )
