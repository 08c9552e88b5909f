"""Describe: captions of clips, their vectors and, with a language model, a script for each video.

Optional: `ingest` neither waits for it nor discards its results. Each stage goes through the ledger, so an interruption
loses one stage of one video at most, and old captions stay in use until they are replaced.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.decode.decoder import Decoder
from pipeline.describe.about import about_beside, about_in
from pipeline.describe.captions import CAPTION_VECTORS, CAPTIONS, caption_vectors, describe_clips
from pipeline.passes.outcomes import try_stage
from stores.core.errors import KinodexError, MediaError, StoreError
from stores.core.patience import patiently
from stores.core.records import Receipt, StageKey, StageOutput
from stores.ledger import Attempt
from stores.sql.faults import in_one_line
from workflows.executors.threads import record_outcome
from workflows.planning.budget import NOTHING, Spent
from workflows.planning.describe_plan import DESCRIBING, DescribeSetup, PlannedDescription, plan_descriptions
from workflows.report import Totals, VideoReport, outcome_of, total
from workflows.telemetry.job_log import job_log, log_events
from workflows.telemetry.progress import (
    Planned,
    Progress,
    StageAdvanced,
    StageFinished,
    StageStarted,
    VideoFinished,
    silent,
)
from workflows.work import Outcome, interrupted

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore
    from workflows.planning.budget import Meter

GIVE_UP = 3
"""Consecutive videos that may fail because of the endpoint before the job gives up: the rest would fail, too."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DescribedVideo:
    """How one video ended, and what it has now: the number of its captions, and its script ("" if none).

    ``failed_clips``: clips that this job left without a caption because the model failed at them alone.
    """

    report: VideoReport
    captions: int
    script: str
    failed_clips: int = 0


@dataclass(frozen=True, slots=True)
class DescribeReport:
    """Every video with how it ended, in the given order, and the totals.

    Attributes:
        spent: tokens used at the endpoint, and their cost if prices are known.
        calls: to the endpoint.
        stopped: why videos were left for another run; "" if none were.
    """

    videos: tuple[DescribedVideo, ...]
    totals: Totals
    spent: Spent
    calls: int
    stopped: str


def describe_videos(
    store: LibraryStore,
    encoders: Encoders,
    video_ids: Iterable[str],
    setup: DescribeSetup,
    *,
    meter: Meter | None = None,
    progress: Progress = silent,
) -> DescribeReport:
    """Describe indexed videos, one after the other, and store the results.

    Videos that cannot be described are part of the report, not exceptions. Videos that were described with the same
    setup and from the same clips are not described again.

    Args:
        meter: of a budget; what would exceed it is left for another run.
        progress: called with each event.

    Raises:
        UsageError: UNKNOWN_VIDEO for a video that has not been indexed.
        ModelError: MODEL_MISSING or MODEL_CORRUPT if a model does not load, since every video would fail.
        StoreError: LIBRARY_LOCKED while another job runs; or if the library cannot be written any more.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        stack.enter_context(store.job())
        planned = plan_descriptions(store, encoders, video_ids, setup)
        run = store.runs.begin("describe", f"describe-{os.getpid()}")
        stack.enter_context(job_log(store.root, run))
        if setup.retry:
            store.ledger.reset(video_ids=[one.video_id for one in planned], stages=DESCRIBING)
        job = _Job(store, encoders, setup, meter, log_events(progress), stack.enter_context(Decoder()))
        job.work(planned)
        videos = tuple(job.reported(one) for one in planned)
        totals = total(
            [one.report for one in videos],
            inputs=len(planned),
            media_seconds=sum(one.seconds for one in planned if one.video_id in job.worked_on),
            wall_seconds=time.monotonic() - began,
        )
        store.runs.end(run, asdict(totals))
    return DescribeReport(videos, totals, job.spent, job.calls, job.stopped if totals.postponed else "")


class _Job:
    """One run over many videos."""

    def __init__(
        self,
        store: LibraryStore,
        encoders: Encoders,
        setup: DescribeSetup,
        meter: Meter | None,
        progress: Progress,
        decoder: Decoder,
    ) -> None:
        self._store = store
        self._encoders = encoders
        self._setup = setup
        self._meter = meter
        self._progress = progress
        self._decoder = decoder
        self._worker = f"describe-{os.getpid()}"
        self._failed_clips: Counter[str] = Counter()
        self.worked_on: set[str] = set()
        self.stopped = ""
        self.spent = NOTHING
        self.calls = 0

    def work(self, planned: Sequence[PlannedDescription]) -> None:
        """Describe what is left, until the budget is used up or the endpoint keeps failing."""
        todo = [one for one in planned if one.left]
        counts = Counter(stage for one in todo for stage in one.left)
        stages = tuple((name, counts[name]) for name in DESCRIBING if counts[name])
        self._progress(Planned(len(planned), len(todo), stages))
        in_a_row = 0
        for one in todo:
            if self._meter is not None and not self._meter.may_begin(one):
                self.stopped = self._meter.stopped
                continue
            error = self._describe(one)
            # An answer that cannot be used says nothing of the answers about other videos.
            unreachable = error is not None and error.code.name in ("ENDPOINT_UNREACHABLE", "ENDPOINT_REFUSED")
            in_a_row = in_a_row + 1 if unreachable else 0
            if error is not None and in_a_row >= GIVE_UP:
                self.stopped = f"{in_a_row} videos in a row failed: {error.message}"
                break

    def reported(self, one: PlannedDescription) -> DescribedVideo:
        """How a video ended."""
        receipts = patiently(lambda: self._store.ledger.receipts(one.video_id))
        outcome = outcome_of(receipts, one.stage_fingerprints, bool(self.stopped))
        captions = self._store.catalog.evidence_of(one.video_id, "caption")
        scripts = self._store.catalog.evidence_of(one.video_id, "script")
        report = VideoReport(
            video_id=one.video_id,
            uri=one.uri,
            status=outcome.status,
            error_code=outcome.error_code,
            error_message=outcome.error_message,
            stages=outcome.stages,
            reused=outcome.status == "done" and one.video_id not in self.worked_on,
        )
        script = next((line.text for line in scripts), "")
        return DescribedVideo(report, len(captions), script, self._failed_clips[one.video_id])

    def _describe(self, one: PlannedDescription) -> KinodexError | None:
        """Run the stages that are left for one video; the error that stopped it, if any."""
        self.worked_on.add(one.video_id)
        before = self._used()
        error = None
        try:
            for stage in one.left:
                error = self._stage(one, stage)
                if error is not None:
                    break
        finally:
            read, written, calls = (now - then for now, then in zip(self._used(), before, strict=True))
            prices = self._setup.prices
            money = (read * prices[0] + written * prices[1]) / 1e6 if prices else 0.0
            spent = Spent(tokens=read + written, money=money)
            self.spent += spent
            self.calls += calls
            if self._meter is not None:
                self._meter.ended(one, spent)
        receipts = patiently(lambda: self._store.ledger.receipts(one.video_id))
        outcome = outcome_of(receipts, one.stage_fingerprints, self._over())
        self._progress(VideoFinished(one.video_id, one.uri, outcome.status, outcome.error_code, one.seconds))
        return error

    def _stage(self, one: PlannedDescription, stage: str) -> KinodexError | None:
        key = StageKey(one.video_id, stage, one.stage_fingerprints[stage])
        asked = time.time()
        begun = patiently(lambda: self._store.ledger.begin(key, self._worker, asked))
        if isinstance(begun, Receipt):
            self._progress(StageFinished(one.video_id, one.uri, stage, begun.status, begun.error_code))
            return None if begun.status == "done" else KinodexError(begun.error_code, begun.error_message)
        self._progress(StageStarted(one.video_id, one.uri, stage))
        try:
            outcome = self._tried(one, stage)
        except BaseException:
            # Interrupted, or the library or a model failed: not the video's fault.
            with suppress(StoreError):
                self._store.ledger.release(begun)
            raise
        return self._recorded(one, begun, outcome)

    def _tried(self, one: PlannedDescription, stage: str) -> Outcome:
        try:
            outcome = try_stage(partial(self._run, one, stage))
        except Exception as error:  # noqa: BLE001
            # A bug that one video reveals must neither stop the other videos nor lose its traceback.
            _log.exception("%s of %s", stage, one.video_id)
            return KinodexError("INTERNAL", in_one_line(error), "The log has more.")
        if isinstance(outcome, KinodexError) and outcome.code.name in ("MODEL_MISSING", "MODEL_CORRUPT"):
            raise outcome
        if isinstance(outcome, StoreError):
            raise outcome
        return outcome

    def _recorded(self, one: PlannedDescription, attempt: Attempt, outcome: Outcome) -> KinodexError | None:
        error = outcome if isinstance(outcome, KinodexError) else None
        if error is not None and self._over():
            patiently(partial(self._store.ledger.release, attempt))
            return error
        receipt = record_outcome(self._store, attempt, outcome)
        if receipt is None:
            return KinodexError("STALE_ATTEMPT", "Another worker took the stage over.")
        if error is None and receipt.status != "done":
            error = KinodexError(receipt.error_code, receipt.error_message, "The log has more.")
        self._progress(
            StageFinished(
                video_id=one.video_id,
                uri=one.uri,
                stage=attempt.key.stage,
                status=receipt.status,
                error_code=receipt.error_code,
                seconds=receipt.seconds,
                attempt=receipt.attempt,
                media_seconds=one.seconds,
            )
        )
        return error

    def _run(self, one: PlannedDescription, stage: str) -> StageOutput:
        memory = self._store.memory(one.video_id)
        if stage == CAPTION_VECTORS:
            return caption_vectors(memory, self._encoders, one.stage_fingerprints[stage])

        def on_progress(share: float) -> None:
            if self._over():
                raise interrupted(stage)
            self._progress(StageAdvanced(one.video_id, stage, share))

        setup = self._setup
        path = self._store.catalog.path(one.video_id)
        if stage != CAPTIONS:
            assert setup.writer is not None
            return setup.writer.write(one.video_id, self._about(path), on_progress)
        if path is None:
            raise MediaError(
                "FILE_MISSING", f"{one.uri} is no longer where it was.", "Put it back, or ingest it again."
            )

        def on_failed(_: KinodexError) -> None:
            self._failed_clips[one.video_id] += 1

        describer = setup.describer_of(self._about(path))
        return describe_clips(path, memory, self._decoder, describer, setup.config, on_progress, on_failed)

    def _about(self, path: Path | None) -> str:
        """What is known about a video from outside, with the tags of its container."""
        setup = self._setup
        if path is None or not setup.metadata or not (setup.asks or setup.writer is not None):
            return ""
        outside = about_beside(path)
        try:
            return outside.or_else(about_in(self._decoder.tags(path))).text
        except MediaError as error:
            # Decoding the frames will say what is wrong with the file.
            _log.warning("%s: its tags cannot be read: %s", path.name, error.code)
            return outside.text

    def _over(self) -> bool:
        if self._meter is None or not (why := self._meter.over()):
            return False
        self.stopped = why
        return True

    def _used(self) -> tuple[int, int, int]:
        usage = self._setup.usage
        return (usage.prompt_tokens, usage.completion_tokens, usage.calls) if usage is not None else (0, 0, 0)
