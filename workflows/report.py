"""How an ingest ended: every input once, with a status, and totals that must add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from stores.records import Receipt

VideoStatus = Literal["done", "failed", "filtered", "quarantined"]


@dataclass(frozen=True, slots=True)
class VideoReport:
    """How one input ended.

    Attributes:
        video_id: "" where the input could not be read far enough to be identified.
        uri: the input's path, printable.
        error_code, error_message: "" unless failed or quarantined.
        stages: (stage, status) in the order of work; status as in `stores.records.Receipt`.
        reused: whether everything was known already, so that this run had nothing to do.
    """

    video_id: str
    uri: str
    status: VideoStatus
    error_code: str
    error_message: str
    stages: tuple[tuple[str, str], ...]
    reused: bool


@dataclass(frozen=True, slots=True)
class Totals:
    """Counts of inputs, seconds of video worked on, seconds it took; ``speed`` is their ratio."""

    inputs: int
    done: int
    failed: int
    filtered: int
    quarantined: int
    reused: int
    media_seconds: float
    wall_seconds: float

    @property
    def speed(self) -> float:
        """Seconds of video per second of wall clock; 0 where nothing was worked on."""
        return self.media_seconds / self.wall_seconds if self.wall_seconds > 0 else 0.0

    @property
    def reconciled(self) -> bool:
        """Whether every input ended in exactly one way."""
        return self.inputs == self.done + self.failed + self.filtered + self.quarantined


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Every input with how it ended, in the order they were found, and the totals."""

    videos: tuple[VideoReport, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class PlannedVideo:
    """What an ingest would do with one input: run the stages ``pending``, or report ``error_code``.

    ``video_id`` is "" where the content is not known yet.
    """

    video_id: str
    uri: str
    pending: tuple[str, ...]
    error_code: str = ""


def total(videos: Iterable[VideoReport], inputs: int, media_seconds: float, wall_seconds: float) -> Totals:
    """Count how ``inputs`` inputs ended. ``inputs`` is counted by discovery, not taken from ``videos``."""
    counts: dict[str, int] = {"done": 0, "failed": 0, "filtered": 0, "quarantined": 0}
    reused = 0
    for video in videos:
        counts[video.status] += 1
        reused += video.reused
    return Totals(inputs=inputs, reused=reused, media_seconds=media_seconds, wall_seconds=wall_seconds, **counts)


@dataclass(frozen=True, slots=True)
class VideoEnding:
    """How a video ended, all its stages together; ``error_code`` and ``error_message`` of the first that failed."""

    status: VideoStatus
    error_code: str
    error_message: str
    stages: tuple[tuple[str, str], ...]


def ending_of(receipts: Iterable[Receipt], wanted: Mapping[str, str]) -> VideoEnding:
    """How a video ended, judged by the stages that were wanted of it.

    One quarantined stage makes it quarantined; else one that failed, or never ended, makes it failed;
    it is filtered if all its stages are.

    Args:
        receipts: all of the video, in the order in which they were begun.
        wanted: fingerprint by stage; receipts of other fingerprints do not count.
    """
    counted = [receipt for receipt in receipts if wanted.get(receipt.key.stage) == receipt.key.fingerprint]
    by_stage = {receipt.key.stage: receipt for receipt in counted}
    stages = tuple((stage, by_stage[stage].status if stage in by_stage else "pending") for stage in wanted)
    endings = {status for _, status in stages}
    worst = next((one for one in counted if one.status == "quarantined"), None)
    worst = worst or next((one for one in counted if one.status == "failed"), None)
    code, message = (worst.error_code, worst.error_message) if worst else ("", "")
    status: VideoStatus = "done"
    if "quarantined" in endings:
        status = "quarantined"
    elif not endings or endings - {"done", "filtered"}:
        status = "failed"
        if not worst:
            code, message = "WORKER_LOST", "The job ended before all stages of this video did."
    elif endings == {"filtered"}:
        status = "filtered"
    return VideoEnding(status, code, message, stages)
