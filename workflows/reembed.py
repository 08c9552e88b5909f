"""Reembed: vectors of the present models in the place of former ones, while the former ones serve.

Nothing here is done in another way than by an ingest: a changed model changes fingerprints, the ledger knows what is
left to do, and the commit of a video's ``vectors`` is the moment at which readers see the new instead of the old.
Until then the old are searched by their own model (`agents.search.spaces`). What is special is the choice: only videos
that are indexed, and only the stages that vectors rest on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.describe.captions import CAPTION_VECTORS, CAPTIONS, caption_vectors, fingerprint_of, vector_stage
from pipeline.perceive import PerceptionConfig, Stage, stages
from pipeline.perception import DERIVED
from pipeline.segments.parts import PART_SECONDS
from stores.core.errors import UsageError
from stores.core.records import StageKey
from stores.holdings import active_runs
from stores.ledger import Attempt
from stores.maintenance.sweeping import Swept, sweep
from workflows.units import Planner

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from stores.library_store import LibraryStore
    from workflows.report import IngestReport

CHANNELS: Mapping[str, tuple[str, ...]] = {
    "picture": ("pictures",),
    "object": ("objects",),
    "speech": ("speech_activity", "speech"),
    "screen": ("screentext",),
}
"""The stages that read each channel out of a video; what is derived from them costs little and is always done."""

_TOGETHER = 500  # videos whose runs are read at a time


@dataclass(frozen=True, slots=True)
class ReembedPlan:
    """What has to be embedded again.

    Attributes:
        stages: that are chosen, in order.
        indexed: how many videos have vectors that readers see.
        paths: where the videos lie of whose stages something is left to do.
        gone: ids of such videos that lie nowhere any more; their former vectors go on serving.
        captions: ids of videos whose captions, if not the captions' vectors, are of the present models.
    """

    stages: tuple[str, ...]
    indexed: int
    paths: tuple[Path, ...]
    gone: tuple[str, ...]
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reembedded:
    """What was embedded again.

    Attributes:
        report: how each video ended; None where no stage of any was left to do.
        captions: videos whose captions got new vectors.
        swept: what was removed afterwards.
    """

    plan: ReembedPlan
    report: IngestReport | None
    captions: int
    swept: Swept


def plan_reembed(
    store: LibraryStore,
    encoders: Encoders,
    channels: Sequence[str] = (),
    config: PerceptionConfig | None = None,
    part_seconds: float = PART_SECONDS,
) -> ReembedPlan:
    """What is left to do until all vectors are those of the present models. Nothing is written, no model is loaded.

    Args:
        channels: do it only if that takes no other channel's stages (`CHANNELS`); none for whatever it takes.

    Raises:
        UsageError: USAGE if there is no such channel, or if vectors also wait for stages of other channels.
    """
    if unknown := sorted(set(channels) - CHANNELS.keys()):
        raise UsageError("USAGE", f"there is no channel {unknown[0]!r}.", f"Channels: {', '.join(CHANNELS)}.")
    order = stages(encoders, config)
    all_of_them = _needed(order)
    chosen = {stage for channel in channels for stage in CHANNELS[channel]} | set(DERIVED)
    only = tuple(stage for stage in all_of_them if not channels or stage in chosen)
    indexed, planner = store.catalog.indexed(), Planner(store, order, part_seconds, all_of_them)
    left: dict[str, dict[str, str]] = {}
    for first in range(0, len(indexed), _TOGETHER):
        some = planner.left_by_video(indexed[first : first + _TOGETHER])
        left.update((video_id, stages_left) for video_id, stages_left in some.items() if stages_left)
    waiting = {stage for stages_left in left.values() for stage in stages_left if stage not in only}
    if waiting:
        names = ", ".join(stage for stage in all_of_them if stage in waiting)
        message = f"the vectors also rest on {names}, whose models or settings changed, too."
        raise UsageError("USAGE", message, "Name more channels, or leave --channel out.")
    places = {video_id: store.catalog.path(video_id) for video_id in left}
    return ReembedPlan(
        stages=only,
        indexed=len(indexed),
        paths=tuple(path for path in places.values() if path is not None),
        gone=tuple(video_id for video_id, path in places.items() if path is None),
        captions=tuple(_stale_captions(encoders, active_runs(store, (CAPTIONS, CAPTION_VECTORS)))),
    )


def embed_captions(
    store: LibraryStore,
    encoders: Encoders,
    video_ids: Iterable[str],
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> int:
    """Embed captions again; the captions themselves stay. Returns how many videos were done.

    Raises:
        StoreError: LIBRARY_LOCKED if there is another job.
    """
    ids, done = list(video_ids), 0
    with store.job():
        for number, video_id in enumerate(ids, 1):
            known = {stage: run for (_, stage), run in store.catalog.active_of([video_id]).items()}
            fingerprint = fingerprint_of(vector_stage(encoders), known)
            attempt = store.ledger.begin(StageKey(video_id, CAPTION_VECTORS, fingerprint), f"reembed-{os.getpid()}")
            if isinstance(attempt, Attempt):
                try:
                    output = caption_vectors(store.memory(video_id), encoders, fingerprint)
                except BaseException:
                    store.ledger.release(attempt)
                    raise
                store.commit(attempt, output)
                done += 1
            on_progress(number, len(ids))
    return done


def clean(store: LibraryStore) -> Swept:
    """Remove what no reader sees any more: former vectors and blobs that a crash left, and empty collections.

    Raises:
        StoreError: LIBRARY_LOCKED if there is another job.
    """
    with store.job():
        swept = sweep(store)
        with store.writer():
            store.vectors.drop_empty()
    return swept


def _needed(order: Sequence[Stage]) -> tuple[str, ...]:
    """The derived stages and all that they rest on, in order."""
    inputs = {stage.name: stage.inputs for stage in order}
    found: set[str] = set()
    todo = [name for name in DERIVED if name in inputs]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += inputs[name]
    return tuple(stage.name for stage in order if stage.name in found)


def _stale_captions(encoders: Encoders, active: Mapping[tuple[str, str], str]) -> Iterable[str]:
    stage = vector_stage(encoders)
    for video_id in sorted({video_id for video_id, name in active if name == CAPTIONS}):
        known = {CAPTIONS: active[video_id, CAPTIONS]}
        if active.get((video_id, CAPTION_VECTORS)) not in (None, fingerprint_of(stage, known)):
            yield video_id
