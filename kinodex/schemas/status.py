"""The library as a whole."""

from __future__ import annotations

from typing import Any

from kinodex.schemas.base import Document, Number
from kinodex.schemas.search import Index


class DescriptionCounts(Document):
    """How many videos have captions, and how many captions and scripts there are.

    Attributes:
        nothing_found: videos of which nothing could be said.
        failed: among those not described.
    """

    described: int
    nothing_found: int
    not_described: int
    failed: int
    captions: int
    scripts: int


class LibraryCounts(Document):
    """How much there is; ``by_status`` counts videos, ``media_seconds`` is their length."""

    videos: int
    by_status: dict[str, int]
    media_seconds: Number
    tags: int


class StageParts(Document):
    """A stage of a long video that is worked on part by part; ``parts`` counts them by status."""

    video_id: str
    stage: str
    parts: dict[str, int]


class LastRun(Document):
    """The newest job; ``ended`` is null while it runs, or if it was killed, ``report`` if there is none."""

    run: int
    command: str
    started: Number
    ended: Number | None
    totals: dict[str, Any]
    report: str | None


class StatusDocument(Document):
    """What `kinodex status` says.

    Attributes:
        places: the servers that it uses, by setting, without passwords.
        stages: how many videos have which outcome, by stage.
        parts: long videos that are worked on part by part.
        quarantined: how many runs are.
        disk: bytes by top-level entry of the library's directory, and in ``total``.
    """

    library: str
    profile: str
    places: dict[str, str]
    index: Index
    descriptions: DescriptionCounts
    counts: LibraryCounts
    stages: dict[str, dict[str, int]]
    parts: list[StageParts]
    quarantined: int
    last_run: LastRun | None
    disk: dict[str, int]
