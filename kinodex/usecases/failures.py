"""What failed in a library, and how to run it again."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kinodex.schemas import failures as schema
from kinodex.usecases.config import part_seconds, perception_config
from kinodex.usecases.places import places_of
from stores.core.errors import CODES, UsageError
from stores.core.former_names import current_stage
from stores.core.ids import base_stage
from stores.core.uris import has_file, path_of, uri_of
from stores.ledger import BAD
from stores.listing import failures as bad

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.core.records import Receipt, Status
    from stores.entries import InputError
    from stores.library_store import LibraryStore
    from workflows.replay import Replay

Place = tuple[str | float, ...]
"""Where a page of failures ended: the place of a `stores.listing.failures.BadInput`, or start, video and stage of a
run; () is the beginning, or the end."""

PLACES = ((float, int), (float, str, str))
"""What a `Place` in the list looks like, but for its beginning."""

_LOOKED_AT = 1_000
"""Failures that one page looks at: those of files that were removed are not shown. Source: our choice: moments."""

_TOGETHER = 200
"""Failures that are read together where some are gone. Source: our choice: few queries for `_LOOKED_AT`."""


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """Which failures are meant; None means all.

    Attributes:
        video_ids, stages, codes: only of these videos, stages (and their parts), error codes.
        inputs: only these inputs that are no videos, as uris.
        statuses: only runs of these statuses.
    """

    video_ids: frozenset[str] | None = None
    inputs: frozenset[str] | None = None
    stages: frozenset[str] | None = None
    codes: frozenset[str] | None = None
    statuses: tuple[Status, ...] = BAD

    @classmethod
    def of(
        cls,
        store: LibraryStore,
        videos: Sequence[str] | None = None,
        stages: Sequence[str] | None = None,
        codes: Sequence[str] | None = None,
        statuses: tuple[Status, ...] = BAD,
    ) -> FailureFilter:
        """The filter for what was typed.

        Raises:
            UsageError: UNKNOWN_VIDEO; USAGE if there is no such error code or stage.
        """
        unread = {error.uri for error in store.catalog.input_errors()} if videos else set()
        inputs = {video: uri_of(Path(video)) for video in videos or () if uri_of(Path(video)) in unread}
        ids = {store.catalog.resolve(video) for video in videos or () if video not in inputs}
        return cls(
            frozenset(ids) if videos else None,
            frozenset(inputs.values()) if videos else None,
            frozenset(map(known_stage, stages)) if stages else None,
            frozenset(map(_code, codes)) if codes else None,
            statuses,
        )

    def matches(self, receipt: Receipt) -> bool:
        """Whether a run matches."""
        key = receipt.key
        return (
            receipt.status in self.statuses
            and _among(key.video_id, self.video_ids)
            and (_among(key.stage, self.stages) or _among(base_stage(key.stage), self.stages))
            and _among(receipt.error_code, self.codes)
        )

    def matches_input(self, error: InputError) -> bool:
        """Whether an input that could not be read matches."""
        return (
            "failed" in self.statuses
            and not self.stages
            and _among(error.uri, self.inputs)
            and _among(error.error_code, self.codes)
        )


def failed_stages(store: LibraryStore, wanted: FailureFilter) -> list[Receipt]:
    """The runs that match, in the order in which they were begun; of each stage only the newest run counts."""
    return [receipt for receipt in store.ledger.newest_with(wanted.statuses) if wanted.matches(receipt)]


def failures(store: LibraryStore, settings: Settings, wanted: FailureFilter) -> schema.ErrorsDocument:
    """Every input that could not be read and every stage that failed.

    Failures of files that were removed since cannot be reproduced, and are only counted.
    """
    stages = failed_stages(store, wanted)
    known = store.catalog.places_of(run.key.video_id for run in stages)
    there = {video_id: place for video_id, uris in known.items() if (place := _place(uris)) is not None}
    inputs = [error for error in store.catalog.input_errors() if wanted.matches_input(error)]
    listed = [shown for one in inputs if (shown := _input_failure(settings, one)) is not None]
    listed += [stage_failure(settings, one, there[one.key.video_id]) for one in stages if one.key.video_id in there]
    return schema.ErrorsDocument(errors=listed, gone=len(inputs) + len(stages) - len(listed))


def failures_page(
    store: LibraryStore,
    settings: Settings,
    limit: int,
    after: Place = (),
    video_ids: Collection[str] | None = None,
    with_inputs: bool = True,
) -> tuple[list[schema.FailureDocument], Place]:
    """A page of `failures`, and where it ends: what is read grows with the page. It may be short, and yet not the last.

    Args:
        video_ids: only of these videos; None for all.
        with_inputs: also files that are no videos.
    """
    shown: list[schema.FailureDocument] = []
    last = after
    found = _runs_after(store, settings, limit + 1, after if len(after) == 3 else (), video_ids)
    if with_inputs and len(after) != 3:
        found = chain(_inputs_after(store, settings, limit + 1, after), found)
    for number, (place, one) in enumerate(found):
        if number == _LOOKED_AT or (one is not None and len(shown) == limit):
            return shown, last
        shown += [] if one is None else [one]
        last = place
    return shown, ()


_Found = Iterator[tuple[Place, schema.FailureDocument | None]]
"""Failures with their places; None for what is gone."""


def _inputs_after(store: LibraryStore, settings: Settings, together: int, after: Place) -> _Found:
    last: bad.BadInput | tuple[float, int] = (float(after[0]), int(after[1])) if after else (0.0, 0)
    while files := bad.inputs(store, together, last):
        for file in files:
            yield file.place, _input_failure(settings, file.error)
        last, together = files[-1], max(together, _TOGETHER)


def _runs_after(
    store: LibraryStore, settings: Settings, together: int, after: Place, video_ids: Collection[str] | None
) -> _Found:
    begun = (float(after[0]), str(after[1]), str(after[2])) if after else None
    while runs := bad.runs(store, together, begun, video_ids):
        known = store.catalog.places_of(run.receipt.key.video_id for run in runs)
        for run in runs:
            key = run.receipt.key
            begun = run.started_at, key.video_id, key.stage
            place = _place(known.get(key.video_id, ()))
            yield begun, None if place is None else stage_failure(settings, run.receipt, place)
        together = max(together, _TOGETHER)


def _input_failure(settings: Settings, one: InputError) -> schema.FailureDocument | None:
    # An input that never existed is worth reporting; one that was removed since is not.
    if one.error_code != "FILE_MISSING" and not os.path.lexists(path_of(one.uri)):
        return None
    return schema.input_failure(one, settings.command("ingest", "--dry-run", str(path_of(one.uri))))


def quarantined(store: LibraryStore, settings: Settings, codes: Sequence[str] | None) -> schema.QuarantinedDocument:
    """The stages that used up their attempts.

    Raises:
        UsageError: USAGE if there is no such error code.
    """
    runs = failed_stages(store, FailureFilter.of(store, codes=codes, statuses=("quarantined",)))
    uris = places_of(store, (run.key.video_id for run in runs))
    return schema.QuarantinedDocument(
        quarantined=[stage_failure(settings, run, uris.get(run.key.video_id, run.key.video_id)) for run in runs]
    )


def requeue(
    store: LibraryStore, settings: Settings, wanted: FailureFilter, dry_run: bool = False
) -> schema.RequeuedDocument:
    """Make the matching runs pending again, so that the next ingest does them, and say which.

    Raises:
        StoreError: LIBRARY_LOCKED if another process writes.
    """
    runs = failed_stages(store, wanted)
    video_ids = list(dict.fromkeys(run.key.video_id for run in runs))
    known = places_of(store, video_ids)
    uris = {video_id: known.get(video_id, video_id) for video_id in video_ids}
    gone = [video_id for video_id, uri in uris.items() if not has_file(uri)]
    if not dry_run:
        with store.writer():
            store.ledger.reset(
                video_ids=wanted.video_ids, stages=wanted.stages, codes=wanted.codes, statuses=wanted.statuses
            )
    stages = [stage_failure(settings, run, uris[run.key.video_id]) for run in runs]
    return schema.RequeuedDocument(dry_run=dry_run, stages=stages, videos=len(uris), gone=gone)


def requeued_paths(store: LibraryStore, again: schema.RequeuedDocument) -> list[Path]:
    """The paths of the videos that `requeue` chose, to be ingested right away."""
    video_ids = dict.fromkeys(stage.video_id for stage in again.stages)
    return [path for video_id in video_ids if (path := store.catalog.path(video_id)) is not None]


def replay(
    store: LibraryStore, encoders: Encoders, settings: Settings, video_id: str, stage: str | None = None
) -> Replay:
    """Rerun one stage of one video; nothing is written.

    Args:
        stage: or a part of one, as the ledger names it (``pictures.003``); None for the first that failed.

    Raises:
        UsageError: FILE_MISSING, or USAGE if that stage cannot be run, or none failed.
    """
    from workflows.replay import replay as run_again

    chosen = known_stage(stage) if stage else _failed_stage(store, video_id)
    config = perception_config(encoders, settings)
    return run_again(store, encoders, video_id, chosen, config, part_seconds(settings))


def known_stage(name: str) -> str:
    """``name``, of a stage or of a part of one.

    Raises:
        UsageError: USAGE if there is no such stage; what was once called so is named.
    """
    from pipeline.perception import AUDIO_STAGES, DERIVED, VIDEO_STAGES
    from workflows.planning.describe_plan import DESCRIBING

    stages = ("probe", *AUDIO_STAGES, *VIDEO_STAGES, *DERIVED, *DESCRIBING)
    if base_stage(name) in stages:
        return name
    if base_stage(now := current_stage(name)) in stages:
        raise UsageError("USAGE", f"Stage {name} is now {now}.", f"Use --stage {now}.")
    raise UsageError("USAGE", f"There is no stage {name!r}.", f"Stages: {', '.join(stages)}.")


def _failed_stage(store: LibraryStore, video_id: str) -> str:
    failed = failed_stages(store, FailureFilter(video_ids=frozenset({video_id})))
    if not failed:
        stages = ", ".join(store.ledger.done_fingerprints(video_id)) or "none"
        raise UsageError(
            "USAGE", f"No stage of {video_id} failed.", f"Choose one with --stage; finished stages: {stages}."
        )
    return failed[0].key.stage


def _place(uris: Sequence[str]) -> str | None:
    """The first place of a video where a file still exists."""
    return next((uri for uri in uris if has_file(uri)), None)


def stage_failure(settings: Settings, run: Receipt, uri: str) -> schema.FailureDocument:
    """One failed run, and the command that runs its stage again.

    Describing has no replay; it is run again instead.
    """
    from workflows.planning.describe_plan import DESCRIBING

    video_id, stage = run.key.video_id, run.key.stage
    if stage in DESCRIBING:
        return schema.stage_failure(run, uri, settings.command("describe", video_id, "--retry"))
    return schema.stage_failure(run, uri, settings.command("replay", video_id, "--stage", stage))


def _among(value: str, wanted: Collection[str] | None) -> bool:
    return wanted is None or value in wanted


def _code(name: str) -> str:
    if name.upper() not in CODES:
        near = get_close_matches(name.upper(), CODES, n=3) or sorted(CODES)
        raise UsageError("USAGE", f"There is no error code {name!r}.", f"Choose among: {', '.join(near)}.")
    return name.upper()
