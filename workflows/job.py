"""What all units of one ingest share, whatever executor runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.perceive import PerceptionConfig
from stores.core.errors import CODES
from stores.core.patience import patiently
from workflows.report import outcome_of
from workflows.telemetry.progress import Progress, StageFinished, VideoFinished, silent
from workflows.units import Planner, WorkUnit

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.core.records import Receipt
    from stores.library_store import LibraryStore
    from workflows.planning.budget import Meter


@dataclass(frozen=True, slots=True)
class Job:
    """One ingest.

    Attributes:
        workers: units at the same time; None for one for each processor.
        address: of a Ray cluster to join; None starts one on this machine for the job.
        meter: says whether a unit may still be begun within the budget.
        reported: videos whose end was reported.
    """

    store: LibraryStore
    encoders: Encoders
    planner: Planner
    config: PerceptionConfig = field(default_factory=PerceptionConfig)
    workers: int | None = None
    address: str | None = None
    meter: Meter | None = None
    progress: Progress = silent
    reported: set[str] = field(default_factory=set)

    @property
    def postponing(self) -> bool:
        """Whether something was left for another run because of the budget."""
        return self.meter is not None and bool(self.meter.stopped or self.meter.over())

    def stage_ended(self, unit: WorkUnit, receipt: Receipt) -> None:
        """Report that a stage of a unit ended."""
        key = receipt.key
        if receipt.status == "failed" and not CODES[receipt.error_code].retryable:
            self.planner.give_up(key)
        self.progress(
            StageFinished(
                video_id=unit.video_id,
                uri=unit.uri,
                stage=key.stage,
                status=receipt.status,
                error_code=receipt.error_code,
                seconds=receipt.seconds,
                attempt=receipt.attempt,
                media_seconds=unit.seconds,
            )
        )

    def stage_known(self, unit: WorkUnit, receipt: Receipt) -> None:
        """Report a stage that was not begun because it is already done, or was attempted too often."""
        key = receipt.key
        self.progress(StageFinished(unit.video_id, unit.uri, key.stage, receipt.status, receipt.error_code))

    def unit_ended(self, unit: WorkUnit) -> None:
        """Report that the video ended, if this was its last unit."""
        if unit.part is None and not patiently(lambda: self.planner.units_of(unit.video_id, unit.uri)):
            self.video_ended(unit.video_id, unit.uri)

    def video_ended(self, video_id: str, uri: str) -> None:
        """Report that a video ended, once."""
        if video_id in self.reported:
            return
        self.reported.add(video_id)
        receipts = patiently(lambda: self.store.ledger.receipts(video_id))
        video = patiently(lambda: self.store.catalog.video(video_id))
        outcome = outcome_of(receipts, self.planner.wanted, self.postponing, self.planner.part_fingerprints(video))
        seconds = video.seconds if video is not None else 0.0
        self.progress(VideoFinished(video_id, uri, outcome.status, outcome.error_code, seconds))
