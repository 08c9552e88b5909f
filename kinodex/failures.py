"""What failed in a library, and how each failure can be seen again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores.core.errors import CODES, UsageError
from stores.core.ids import base_stage
from stores.core.uris import path_of, uri_of

if TYPE_CHECKING:
    from kinodex.library import Library
    from stores.catalog import VideoEntry
    from stores.core.records import Receipt, Status
    from stores.entries import InputError

Payload = dict[str, Any]

BAD: tuple[Status, ...] = ("failed", "quarantined")
"""The statuses of stages that ended badly."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which failures are meant; None means all.

    Attributes:
        video_ids, stages, codes: only of these videos, stages (and their parts), error codes.
        inputs: only these inputs that are no videos, as uris.
        statuses: only runs that stand so.
    """

    video_ids: frozenset[str] | None = None
    inputs: frozenset[str] | None = None
    stages: frozenset[str] | None = None
    codes: frozenset[str] | None = None
    statuses: tuple[Status, ...] = BAD

    @classmethod
    def of(
        cls,
        library: Library,
        videos: Sequence[str] | None = None,
        stages: Sequence[str] | None = None,
        codes: Sequence[str] | None = None,
        statuses: tuple[Status, ...] = BAD,
    ) -> Wanted:
        """What somebody typed.

        Raises:
            UsageError: UNKNOWN_VIDEO; USAGE if there is no such error code.
        """
        unread = {error.uri for error in library.store.catalog.input_errors()} if videos else set()
        inputs = {video: uri_of(Path(video)) for video in videos or () if uri_of(Path(video)) in unread}
        ids = {library.resolve(video) for video in videos or () if video not in inputs}
        return cls(
            frozenset(ids) if videos else None,
            frozenset(inputs.values()) if videos else None,
            frozenset(stages) if stages else None,
            frozenset(map(_code, codes)) if codes else None,
            statuses,
        )

    def takes(self, receipt: Receipt) -> bool:
        """Whether a run is among them."""
        key = receipt.key
        return (
            receipt.status in self.statuses
            and _among(key.video_id, self.video_ids)
            and (_among(key.stage, self.stages) or _among(base_stage(key.stage), self.stages))
            and _among(receipt.error_code, self.codes)
        )

    def takes_input(self, error: InputError) -> bool:
        """Whether an input that could not be read is among them."""
        return (
            "failed" in self.statuses
            and not self.stages
            and _among(error.uri, self.inputs)
            and _among(error.error_code, self.codes)
        )


def failed_stages(library: Library, wanted: Wanted) -> list[Receipt]:
    """The runs that are meant, in the order in which they were begun; of each stage only the newest run counts."""
    newest = {(one.key.video_id, one.key.stage): one for one in library.store.ledger.receipts()}
    return [receipt for receipt in newest.values() if wanted.takes(receipt)]


def failures(library: Library, wanted: Wanted) -> Payload:
    """``{"errors": [...], "gone": n}``: every input that could not be read and every stage that failed.

    What cannot be repeated, because the file has been removed since, is counted in ``gone`` only.
    """
    entries = {entry.video_id: entry for entry in library.videos()}
    there = {video_id: place for video_id, entry in entries.items() if (place := _place(entry)) is not None}
    stages = failed_stages(library, wanted)
    inputs = [error for error in library.store.catalog.input_errors() if wanted.takes_input(error)]
    # An input that never was there is still worth a word; one that was, and was removed, is not.
    shown = [one for one in inputs if one.error_code == "FILE_MISSING" or path_of(one.uri).exists()]
    listed = [_input(library, one) for one in shown]
    listed += [stage_failure(library, one, there[one.key.video_id]) for one in stages if one.key.video_id in there]
    return {"errors": listed, "gone": len(inputs) + len(stages) - len(listed)}


def _place(entry: VideoEntry) -> str | None:
    """The first place of a video where there still is something."""
    return next((uri for uri in entry.uris if path_of(uri).exists()), None)


def stage_failure(library: Library, run: Receipt, uri: str) -> Payload:
    """One failed run, and the command that makes it happen again."""
    return {
        "video_id": run.key.video_id,
        "uri": uri,
        "stage": run.key.stage,
        "status": run.status,
        "code": run.error_code,
        "message": run.error_message,
        "blame": CODES[run.error_code].blame,
        "retryable": CODES[run.error_code].retryable,
        "attempts": run.attempt,
        "strikes": run.strikes,
        "seconds": run.seconds,
        "replay": _again(library, run),
    }


def _again(library: Library, run: Receipt) -> str:
    """The command that makes a run happen again; describing has no replay, and costs nothing where it fails."""
    from workflows.planning.describe_plan import DESCRIBING

    if run.key.stage in DESCRIBING:
        return library.settings.command("describe", run.key.video_id, "--retry")
    return library.settings.command("replay", run.key.video_id, "--stage", run.key.stage)


def _input(library: Library, error: InputError) -> Payload:
    return {
        "video_id": "",
        "uri": error.uri,
        "stage": "",
        "status": "failed",
        "code": error.error_code,
        "message": error.error_message,
        "blame": CODES[error.error_code].blame,
        "retryable": CODES[error.error_code].retryable,
        "attempts": 0,
        "strikes": 0,
        "seconds": 0.0,
        "replay": library.settings.command("ingest", "--dry-run", str(path_of(error.uri))),
    }


def _among(value: str, wanted: Collection[str] | None) -> bool:
    return wanted is None or value in wanted


def _code(name: str) -> str:
    if name.upper() not in CODES:
        near = get_close_matches(name.upper(), CODES, n=3) or sorted(CODES)
        raise UsageError("USAGE", f"there is no error code {name!r}.", f"Choose among: {', '.join(near)}.")
    return name.upper()
