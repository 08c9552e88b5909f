"""The report of an ingest: every input once, with a status, and totals that must add up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from stores.core.ids import base_stage
from stores.core.records import Receipt

VideoStatus = Literal["done", "failed", "quarantined", "postponed"]


@dataclass(frozen=True, slots=True)
class VideoReport:
    """How one input ended.

    Attributes:
        video_id: "" where the input could not be read far enough to be identified.
        uri: the input's path, printable.
        error_code, error_message: "" unless failed or quarantined.
        stages: (stage, status) in the order of work; status as in `stores.core.records.Receipt`.
        reused: whether all results existed already, so that this run had nothing to do.
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
    """Counts of inputs, seconds of video processed, and seconds it took; ``speed`` is their ratio.

    ``postponed`` counts inputs that a budget left for another run.
    """

    inputs: int
    done: int
    failed: int
    quarantined: int
    reused: int
    media_seconds: float
    wall_seconds: float
    postponed: int = 0

    @property
    def speed(self) -> float:
        """Seconds of video per second of wall clock; 0 if nothing was processed."""
        return self.media_seconds / self.wall_seconds if self.wall_seconds > 0 else 0.0

    @property
    def reconciled(self) -> bool:
        """Whether every input ended in exactly one way."""
        return self.inputs == self.done + self.failed + self.quarantined + self.postponed


@dataclass(frozen=True, slots=True)
class IngestReport:
    """Every input with how it ended, in the order they were found, and the totals.

    Attributes:
        skipped: printable paths of files in the given directories whose names are not those of videos.
    """

    videos: tuple[VideoReport, ...]
    totals: Totals
    skipped: tuple[str, ...] = ()


def total(videos: Iterable[VideoReport], inputs: int, media_seconds: float, wall_seconds: float) -> Totals:
    """Count how the inputs ended. Their number ``inputs`` comes from discovery, independently of ``videos``."""
    counts: dict[str, int] = {"done": 0, "failed": 0, "quarantined": 0, "postponed": 0}
    reused = 0
    for video in videos:
        counts[video.status] += 1
        reused += video.reused
    return Totals(inputs=inputs, reused=reused, media_seconds=media_seconds, wall_seconds=wall_seconds, **counts)


@dataclass(frozen=True, slots=True)
class VideoOutcome:
    """How a video ended, over all its stages; ``error_code`` and ``error_message`` of the first that failed."""

    status: VideoStatus
    error_code: str
    error_message: str
    stages: tuple[tuple[str, str], ...]


def outcome_of(
    receipts: Iterable[Receipt],
    wanted: Mapping[str, str],
    postponed: bool = False,
    parts_wanted: Mapping[str, str] | None = None,
) -> VideoOutcome:
    """How a video ended, judged by its requested stages.

    One quarantined stage makes it quarantined; otherwise one that failed, or never ended, makes it failed. A stage that
    runs in parts is as bad as its worst part.

    Args:
        receipts: all receipts of the video, in the order in which the stages were begun.
        wanted: fingerprint by requested stage; receipts of other fingerprints do not count.
        postponed: whether stages that were not begun were deliberately left for another run.
        parts_wanted: the same as ``wanted``, for the parts of a long video.
    """
    known = list(receipts)
    counted = [receipt for receipt in known if wanted.get(receipt.key.stage) == receipt.key.fingerprint]
    by_stage = {receipt.key.stage: receipt for receipt in counted}
    parts = [one for one in known if (parts_wanted or {}).get(one.key.stage) == one.key.fingerprint]
    of_parts = {base_stage(one.key.stage): one for one in sorted(parts, key=_badness)}
    bad_parts = [one for stage, one in of_parts.items() if stage not in by_stage]
    by_stage |= {base_stage(one.key.stage): one for one in bad_parts if one.status in ("failed", "quarantined")}
    counted += bad_parts
    stages = tuple((stage, by_stage[stage].status if stage in by_stage else "pending") for stage in wanted)
    outcomes = {status for _, status in stages}
    worst = next((one for one in counted if one.status == "quarantined"), None)
    worst = worst or next((one for one in counted if one.status == "failed"), None)
    code, message = (worst.error_code, worst.error_message) if worst else ("", "")
    status: VideoStatus = "done"
    if "quarantined" in outcomes:
        status = "quarantined"
    elif not outcomes or outcomes - {"done"}:
        status = "failed" if worst or not postponed else "postponed"
        if status == "failed" and not worst:
            code, message = "WORKER_LOST", "The job ended before all stages of this video did."
    return VideoOutcome(status, code, message, stages)


def _badness(receipt: Receipt) -> int:
    """A sort key that puts the worst last."""
    return {"quarantined": 2, "failed": 1}.get(receipt.status, 0)
