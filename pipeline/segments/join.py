"""What was noted of the parts of a long video, made one: the same as if it had been watched and heard as a whole."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.transcribe import joined_speech
from pipeline.observers.cuts import CUTS, join_cuts
from pipeline.observers.scenes import join_scenes
from pipeline.observers.screentext import join_screentext
from pipeline.observers.visual_stats import join_visual_stats
from pipeline.passes import Outcome
from pipeline.perception import PerceptionConfig
from pipeline.segments.parts import Part, part_fingerprint
from pipeline.stage import Memory
from stores.core.errors import MediaError, StoreError
from stores.core.ids import part_stage
from stores.core.records import Blob, Record, SpeechActivity, StageKey, StageOutput, Video
from stores.core.staged_output import pack, unpack

PART_BLOB = "part.npz"
_UNDECODABLE = "undecodable_audio.json"


def as_note(key: StageKey, outcome: Outcome) -> Outcome:
    """How a stage ended for one part of a video, as the ending of the part's stage.

    Sound that cannot be decoded is kept as a finding: whether that is the end of a stage depends on the other parts.
    """
    if not isinstance(outcome, StageOutput):
        if outcome.code.name != "AUDIO_DECODE_FAILED":
            return outcome
        on_progress = json.dumps([outcome.message, outcome.hint]).encode()
        outcome = StageOutput(blobs=(Blob(_UNDECODABLE, on_progress),))
    return StageOutput(blobs=(Blob(PART_BLOB, pack(key, outcome)),), seconds=outcome.seconds)


def parts_done(memory: Memory, stage: str, parts: Sequence[Part]) -> bool:
    """Whether all parts of a stage are there."""
    return all(memory.has(part_stage(stage, part.number)) for part in parts)


def join_parts(
    memory: Memory, stage: str, wanted: str, parts: Sequence[Part], video: Video, config: PerceptionConfig
) -> StageOutput:
    """Join what `perceive_part` left in ``memory``; one part is read at a time. ``seconds`` is the sum of the parts'.

    Args:
        wanted: fingerprint of the whole stage.

    Raises:
        StoreError: LIBRARY_DAMAGED if a part cannot be read; STALE_ATTEMPT if it was made with other settings.
        MediaError: AUDIO_DECODE_FAILED if no part of the sound could be decoded.
    """
    spent = 0.0

    def outputs() -> Iterator[StageOutput]:
        nonlocal spent
        for part in parts:
            output = _part_output(memory, stage, wanted, part)
            spent += output.seconds or 0.0
            yield output

    joined = join(stage, outputs(), video, config)
    return replace(joined, seconds=spent)


def join(stage: str, outputs: Iterable[StageOutput], video: Video, config: PerceptionConfig) -> StageOutput:
    """One output of a watching or listening stage from those of its parts, in order.

    Raises:
        ValueError: if the stage is not one that is done in parts.
        MediaError: AUDIO_DECODE_FAILED if no part of the sound could be decoded.
    """
    if stage == "scenes":
        # Which method made them is told by the parts: ``auto`` depends on the machine.
        first, *rest = outputs
        joined = join_cuts if first.blobs[0].name == CUTS else join_scenes
        return joined((first, *rest), video, config.scenes)
    if stage == "screentext":
        return join_screentext(outputs, video, config.screentext)
    if stage == "visual_stats":
        return join_visual_stats(outputs, video, config.visual_stats)
    if stage == "thumbnails":
        return StageOutput(blobs=tuple(blob for output in outputs for blob in output.blobs))
    if stage in ("pictures", "objects", "frame_hashes"):
        return _joined_arrays(outputs)
    if stage == "speech_activity":
        return StageOutput(records=tuple(joined_speech(v for v in _heard(outputs) if isinstance(v, SpeechActivity))))
    if stage == "speech":
        return StageOutput(records=tuple(_heard(outputs)))
    raise ValueError(f"{stage} is not done in parts")


def _part_output(memory: Memory, stage: str, wanted: str, part: Part) -> StageOutput:
    name = part_stage(stage, part.number)
    try:
        key, output = unpack(memory.blob(name, PART_BLOB))
    except ValueError as error:
        message = f"What was kept of {name} cannot be read: {error}."
        raise StoreError("LIBRARY_DAMAGED", message, "Run `kinodex verify`.") from error
    if key.fingerprint != part_fingerprint(wanted, part):
        message = f"{name} was made with other settings than are asked for now."
        raise StoreError("STALE_ATTEMPT", message, "Run the same ingest command again.")
    return output


def _joined_arrays(outputs: Iterable[StageOutput]) -> StageOutput:
    """The one blob of arrays of each output, with their rows one below the other."""
    name = ""
    columns: dict[str, list[NDArray[Any]]] = {}
    for output in outputs:
        (blob,) = output.blobs
        name = blob.name
        with np.load(io.BytesIO(blob.data), allow_pickle=False) as file:
            for column in file.files:
                rows = file[column]
                known = columns.setdefault(column, [rows])
                if known[0] is rows:
                    continue
                if not len(known[0]):
                    known[0] = rows  # a part without rows does not know how wide they are
                elif len(rows):
                    known.append(rows)
    file_of_all = io.BytesIO()
    np.savez(file_of_all, allow_pickle=False, **{column: np.concatenate(rows) for column, rows in columns.items()})
    return StageOutput(blobs=(Blob(name, file_of_all.getvalue()),))


def _heard(outputs: Iterable[StageOutput]) -> list[Record]:
    """The records of all parts; the sound of some, but not of all, may be broken."""
    records: list[Record] = []
    heard, broken = False, ("No part of the sound was decoded.", "")
    for output in outputs:
        if output.blobs:
            broken = tuple(json.loads(output.blobs[0].data))
        else:
            heard = True
            records += output.records
    if not heard:
        raise MediaError("AUDIO_DECODE_FAILED", *broken)
    return records
