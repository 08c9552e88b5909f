"""One video in one worker: begin each stage before it is risked, and hand every ending to whoever writes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.perceive import perceive
from stores.errors import KinodexError, StoreError
from stores.ledger import MAX_ATTEMPTS, Attempt, Ledger
from stores.records import Receipt, StageKey, StageOutput
from stores.uris import path_of

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from pipeline.decoder import Decoder
    from pipeline.stage import Memory

_log = logging.getLogger(__name__)

Ending = StageOutput | KinodexError


@dataclass(frozen=True, slots=True)
class WorkUnit:
    """One video with something left to do.

    Attributes:
        uri: where it lies (`stores.uris`); the first of its copies.
        size: bytes; the largest are begun first.
        stages: fingerprint by stage, for the stages to run.
        limit: attempts at one stage after which the video is quarantined.
        retry: try again, up to that limit, what failed for good or is quarantined.
    """

    video_id: str
    uri: str
    sha256: str
    size: int
    stages: Mapping[str, str]
    limit: int = MAX_ATTEMPTS
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Hands:
    """What one worker works with. ``name`` says in the ledger who it was."""

    name: str
    ledger: Ledger
    encoders: Encoders
    decoder: Decoder


@dataclass(frozen=True, slots=True)
class Reports:
    """Whom a worker tells.

    Attributes:
        ended: a stage ended; returns when its ending is safe. Raises `StoreError` if nothing can be stored any more.
        settled: a stage need not or may not be begun: it is done, or was tried too often.
        begun: a stage was begun.
        advanced: a stage has come so far, as a share in [0, 1].
        stopped: whether to begin nothing more.
    """

    ended: Callable[[Attempt, Ending], None]
    settled: Callable[[Receipt], None]
    begun: Callable[[str], None] = lambda _: None
    advanced: Callable[[str, float], None] | None = None
    stopped: Callable[[], bool] = lambda: False


def work(unit: WorkUnit, memory: Memory, hands: Hands, reports: Reports) -> None:
    """Run the stages of one video. Bad media end as errors of their stage; so does a bug, with its traceback logged.

    Raises:
        StoreError: if the library cannot be written any more (disk full, locked, damaged); the job must end.
    """
    attempts: dict[str, Attempt] = {}

    def begin(stage: str) -> bool:
        if reports.stopped():
            return False
        key = StageKey(unit.video_id, stage, unit.stages[stage])
        # Forced below the limit only: a stage that kills its worker would be begun for ever.
        before = hands.ledger.state(key) if unit.retry else None
        force = before is not None and before.attempt < unit.limit
        begun = hands.ledger.begin(key, hands.name, max_attempts=unit.limit, force=force)
        if isinstance(begun, Receipt):
            reports.settled(begun)
            return False
        attempts[stage] = begun
        reports.begun(stage)
        return True

    try:
        for stage, ending in perceive(
            path_of(unit.uri),
            unit.video_id,
            unit.sha256,
            tuple(unit.stages),
            memory,
            hands.encoders,
            hands.decoder,
            begin,
            progress=reports.advanced,
        ):
            reports.ended(attempts[stage], interrupted(stage) if reports.stopped() else ending)
            del attempts[stage]
    except StoreError:
        raise
    except Exception as error:  # noqa: BLE001
        # A bug that one video brings to light must cost neither the other videos nor its own trace.
        _log.exception("%s of %s", ", ".join(attempts) or "nothing", unit.video_id)
        for attempt in attempts.values():
            reports.ended(attempt, KinodexError("INTERNAL", f"{type(error).__name__}: {error}", "See logs/ingest.log."))


def interrupted(stage: str) -> KinodexError:
    """The ending of a stage whose job was told to stop."""
    return KinodexError("WORKER_LOST", f"The job was interrupted during {stage}.", "Run the same command again.")
