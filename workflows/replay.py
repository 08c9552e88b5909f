"""Replay: run one stage of one video again, without writing anything, to reproduce a failure.

Storing what the stage finds is not part of it; a failure of that is told, but not reproduced."""

from __future__ import annotations

import math
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.decode.decoder import Decoder
from pipeline.perceive import PerceptionConfig, Stage, fingerprints, stages
from pipeline.segments.parts import PART_SECONDS, part_fingerprint, parts_of
from stores.core.errors import KinodexError, UsageError
from stores.core.ids import base_stage
from stores.core.records import StageKey, StageOutput, VectorItem, Video
from stores.core.uris import uri_of
from stores.sql.faults import in_one_line
from stores.vectors.snapshot import VECTORS_BLOB, unpack_vectors
from workflows.units import WorkUnit
from workflows.work import WorkerContext, outcomes

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from pipeline.stage import Memory
    from stores.library_store import LibraryStore

_ROUNDING = 1e-4  # models on other threads add up in another order


@dataclass(frozen=True, slots=True)
class Replay:
    """How a replayed stage ended.

    Attributes:
        seconds: how long it took, including the loading of models and the start of the decoder.
        error_code, error_message: "" if it succeeded.
        trace: the traceback of a bug.
        records: (kind, how many); blobs: (name, bytes); vectors: how many.
        same: whether records and vectors equal the stored ones; None if none are stored with the present settings.
        recorded: how the run with the present settings failed when it was last tried (code and message); "" if it did
            not fail.
    """

    video_id: str
    stage: str
    uri: str
    seconds: float
    error_code: str = ""
    error_message: str = ""
    trace: str = ""
    records: tuple[tuple[str, int], ...] = ()
    blobs: tuple[tuple[str, int], ...] = ()
    vectors: int = 0
    same: bool | None = None
    recorded: str = ""


def replay(
    store: LibraryStore,
    encoders: Encoders,
    video_id: str,
    stage: str,
    config: PerceptionConfig | None = None,
    part_seconds: float = PART_SECONDS,
) -> Replay:
    """Run ``stage`` of the video on the stored results of the stages before it. Nothing is written.

    Args:
        stage: a stage, or a part of one as the ledger names it (``pictures.003``).

    Raises:
        UsageError: USAGE if there is no such stage or part, or its inputs do not exist yet; FILE_MISSING if the video
            file is gone.
    """
    base = base_stage(stage)
    order = {one.name: one for one in stages(encoders, config or PerceptionConfig())}
    if base not in order:
        raise UsageError("USAGE", f"There is no stage {stage!r}.", f"Stages: {', '.join(order)}.")
    memory = store.memory(video_id)
    missing = [name for name in order[base].inputs if not memory.has(name)]
    if missing:
        message = f"Stage {stage} reads {', '.join(missing)}, which {video_id} does not have yet."
        raise UsageError("USAGE", message, f"Replay {missing[0]} first: that is where it stopped.")
    path = store.catalog.path(video_id)
    if path is None:
        raise UsageError("FILE_MISSING", f"The file of {video_id} is no longer where it was.", "Put it back.")
    uri = uri_of(path)
    number = stage.removeprefix(base).removeprefix(".")
    video = store.catalog.video(video_id)
    there = len(parts_of(video, part_seconds)) if video is not None else 0
    if stage != base and not (number.isdigit() and int(number) < there):
        raise UsageError("USAGE", f"{video_id} has no part {stage!r}.", f"It has {there} parts of that length.")
    # A whole stage is replayed in one go, even if the video is long.
    part, length = (None, math.inf) if stage == base else (int(number), part_seconds)
    key = StageKey(video_id, stage, _fingerprint(order, base, video, part, length))
    receipt = store.ledger.state(key)
    recorded = f"{receipt.error_code}: {receipt.error_message}" if receipt is not None and receipt.error_code else ""
    unit = WorkUnit(video_id, uri, store.catalog.sha256(video_id), 0.0, {stage: key.fingerprint}, part, length)
    begun = time.perf_counter()
    try:
        with Decoder() as decoder:
            context = WorkerContext("replay", store.ledger, encoders, decoder, config or PerceptionConfig())
            ended = list(outcomes(unit, memory, context, lambda names: names, lambda _stage, _share: None))
    except Exception as error:  # noqa: BLE001 - reproducing bugs is the purpose
        return Replay(
            video_id=video_id,
            stage=stage,
            uri=uri,
            seconds=time.perf_counter() - begun,
            error_code="INTERNAL",
            error_message=in_one_line(error),
            trace=traceback.format_exc(),
            recorded=recorded,
        )
    seconds = time.perf_counter() - begun
    if not ended:
        raise UsageError(
            "USAGE", f"Stage {stage} of {video_id} cannot be run by itself.", "Run `kinodex ingest` on it."
        )
    outcome = ended[-1][1]
    if isinstance(outcome, KinodexError):
        return Replay(video_id, stage, uri, seconds, outcome.code.name, outcome.message, recorded=recorded)
    stored = part is None and receipt is not None and receipt.status == "done"
    counts = Counter(type(record).__name__ for record in outcome.records)
    return Replay(
        video_id=video_id,
        stage=stage,
        uri=uri,
        seconds=seconds,
        records=tuple(sorted(counts.items())),
        blobs=tuple((blob.name, len(blob.data)) for blob in outcome.blobs),
        vectors=len(outcome.vectors),
        same=_same(outcome, memory, stage) if stored else None,
        recorded=recorded,
    )


def _fingerprint(order: Mapping[str, Stage], base: str, video: Video | None, part: int | None, length: float) -> str:
    """The fingerprint of a stage, or of a part of it, with the present settings."""
    whole = fingerprints(tuple(order.values()))[base]
    return whole if part is None or video is None else part_fingerprint(whole, parts_of(video, length)[part])


def _same(outcome: StageOutput, memory: Memory, stage: str) -> bool:
    """Whether records and vectors are those that are stored."""
    if outcome.records != memory.records(stage):
        return False
    # Libraries of older versions keep no vectors beside the index.
    if VECTORS_BLOB not in memory.blob_names(stage):
        return True
    stored = {_place(item): item.vector for item in unpack_vectors(memory.blob(stage, VECTORS_BLOB))}
    found = {_place(item): item.vector for item in outcome.vectors}
    return stored.keys() == found.keys() and all(
        np.allclose(found[place], vector, rtol=0.0, atol=_ROUNDING) for place, vector in stored.items()
    )


def _place(item: VectorItem) -> tuple[object, ...]:
    # Not by the whole id: it was made in another way once.
    return item.collection, item.clip_id, item.evidence_id, item.span, item.vector_id.rpartition(":")[2]
