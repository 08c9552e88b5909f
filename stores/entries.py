"""What a listing says of each video, worked out of the ledger; and how much of a library is indexed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stores.core.ids import base_stage
from stores.core.records import Receipt, Video

_BAD = {"failed", "quarantined"}
_LAST = "vectors"
"""The stage that rests on all others; what has it can be searched."""
_WORST_FIRST = ("quarantined", "failed", "running")

EntryStatus = Literal["pending", "unfinished", "done", "partial", "failed", "quarantined"]


@dataclass(frozen=True, slots=True)
class VideoEntry:
    """One video of the library, also one that cannot be watched.

    Attributes:
        video: None until it has been probed.
        uris: where its content lies, those still there first (`stores.core.uris.path_of` gives the path).
        status: ``pending`` nothing tried, ``unfinished`` a stage runs or was killed, ``done`` it is indexed and all
            that was tried is done, ``partial`` it was probed and some other stage failed or was never begun,
            ``failed`` / ``quarantined`` the probe itself did.
        error_code, error_message: of the first stage that failed, "" if none did.
        stages: stage to the status of the run begun last. A stage whose parts are being made stands as the worst
            of them, and is pending when they are all done and it is not.
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
    """A file that could not even be read; it has no video id."""

    uri: str
    error_code: str
    error_message: str


@dataclass(frozen=True, slots=True)
class IndexHealth:
    """How much of the library can be searched.

    A video that is nowhere to be found any more and was never indexed is not counted.

    Attributes:
        state: ``complete`` all known videos, ``partial`` some, ``empty`` none.
        videos_failed: of those not indexed, how many had a stage that failed.
        videos_former: of those indexed, how many are searched by vectors of a former model, until they are made anew.
        videos_unserved: how many have vectors that cannot be asked, being of a model that is not known here; they are
            found on other channels, or not at all, and then not counted as indexed.
    """

    state: Literal["complete", "partial", "empty"]
    videos_indexed: int
    videos_known: int
    videos_failed: int = 0
    videos_former: int = 0
    videos_unserved: int = 0


def entry_of(video_id: str, video: Video | None, uris: tuple[str, ...], receipts: list[Receipt]) -> VideoEntry:
    """The entry of a video from the receipts of all its runs, in the order in which they were begun last."""
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
    """Whole stages to how they stand. Parts exist only until the whole is there, so they tell more than it does."""
    found: dict[str, str] = {}
    for base in {base_stage(stage) for stage in newest}:
        whole = newest.get(base)
        parts = [receipt for stage, receipt in newest.items() if base_stage(stage) == base and stage != base]
        told = {receipt.status for receipt in parts}
        if whole is not None and all(receipts.index(part) < receipts.index(whole) for part in parts):
            found[base] = whole.status
        else:
            found[base] = next((status for status in _WORST_FIRST if status in told), "pending")
    return found


def status_of(probed: bool, stages: Mapping[str, str]) -> EntryStatus:
    """How a video stands whose whole stages stand so."""
    statuses = set(stages.values())
    if not statuses:
        return "pending"
    if "running" in statuses or "pending" in statuses:
        return "unfinished"
    if not statuses & _BAD:
        # An interruption, or a budget's end, may have come before the stages that make it found.
        return "done" if _LAST in stages else "partial"
    if probed:
        return "partial"
    return "quarantined" if "quarantined" in statuses else "failed"
