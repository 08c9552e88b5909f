"""The entry of each video in a listing, derived from the ledger; and how much of a library is indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stores.core.ids import base_stage
from stores.core.records import Receipt, Video

_BAD = {"failed", "quarantined"}
_LAST = "vectors"
"""The stage that depends on all others; videos that have it can be searched."""
_WORST_FIRST = ("quarantined", "failed", "running")

EntryStatus = Literal["pending", "unfinished", "done", "partial", "failed", "quarantined"]


@dataclass(frozen=True, slots=True)
class VideoEntry:
    """One video of the library, including those that cannot be decoded.

    Attributes:
        video: None until it has been probed.
        uris: where its content is, existing files first (`stores.core.uris.path_of` gives the path).
        status: ``pending`` nothing was tried, ``unfinished`` a stage is running or was killed, ``done`` it is indexed
            and every stage that was tried is done, ``partial`` it was probed and another stage failed or was never
            begun, ``failed`` / ``quarantined`` the probe itself failed or is quarantined.
        error_code, error_message: of the first stage that failed, "" if none did.
        stages: stage to the status of its last run, whatever its settings were: an ingest that finds a stage done with
            the present settings forgets its runs with others that failed or never ended. A stage done in parts has the
            status of the worst of them, and is pending when all parts are done and the stage is not.
    """

    video: Video | None
    video_id: str
    uris: tuple[str, ...]
    status: EntryStatus
    error_code: str
    error_message: str
    stages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InputError:
    """A file that could not be read; it has no video id."""

    uri: str
    error_code: str
    error_message: str


@dataclass(frozen=True, slots=True)
class IndexHealth:
    """How much of the library can be searched.

    A video whose files are all missing and that was never indexed is not counted.

    Attributes:
        state: ``complete`` all known videos are indexed, ``partial`` some, ``empty`` none.
        videos_failed: of those not indexed, how many had a stage that failed.
        videos_former: of those indexed, how many are searched by vectors of a former model until they are re-embedded.
        videos_unserved: how many have vectors that cannot be searched, because their model is not known here; they are
            found on other channels, or not at all and then not counted as indexed.
    """

    state: Literal["complete", "partial", "empty"]
    videos_indexed: int
    videos_known: int
    videos_failed: int = 0
    videos_former: int = 0
    videos_unserved: int = 0


def entry_of(video_id: str, video: Video | None, uris: tuple[str, ...], receipts: list[Receipt]) -> VideoEntry:
    """The entry of a video from the receipts of all its runs, in the order in which they were last begun."""
    newest = {receipt.key.stage: receipt for receipt in receipts}
    stages = _stages(newest, receipts)
    bad = [receipt for receipt in newest.values() if receipt.status in _BAD]
    first = min(bad, key=receipts.index, default=None)
    return VideoEntry(
        video=video,
        video_id=video_id,
        uris=uris,
        status=status_of(video is not None, stages),
        error_code=first.error_code if first else "",
        error_message=first.error_message if first else "",
        stages=dict(sorted(stages.items())),
    )


def _stages(newest: Mapping[str, Receipt], receipts: list[Receipt]) -> dict[str, str]:
    """Stages to their status. Parts exist only until the whole stage is done, so they are the more recent ones."""
    found: dict[str, str] = {}
    for base in {base_stage(stage) for stage in newest}:
        whole = newest.get(base)
        parts = [receipt for stage, receipt in newest.items() if base_stage(stage) == base and stage != base]
        statuses = {receipt.status for receipt in parts}
        if whole is not None and all(receipts.index(part) < receipts.index(whole) for part in parts):
            found[base] = whole.status
        else:
            found[base] = next((status for status in _WORST_FIRST if status in statuses), "pending")
    return found


def status_of(probed: bool, stages: Mapping[str, str]) -> EntryStatus:
    """How a video stands whose whole stages stand so."""
    statuses = set(stages.values())
    if not statuses:
        return "pending"
    if "running" in statuses or "pending" in statuses:
        return "unfinished"
    if not statuses & _BAD:
        # An interruption, or an exhausted budget, may have come before the stages that make it searchable.
        return "done" if _LAST in stages else "partial"
    if probed:
        return "partial"
    return "quarantined" if "quarantined" in statuses else "failed"
