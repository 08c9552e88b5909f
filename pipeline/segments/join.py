"""Joining the parts of a long video: the outputs are those that one pass over the whole video would have given."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.audio.sound import join_sounds
from pipeline.audio.speakers import speaker_turns
from pipeline.audio.transcribe import join_speech_activity
from pipeline.observers.cuts import CUTS, join_cuts
from pipeline.observers.faces import join_faces
from pipeline.observers.scenes import join_scenes
from pipeline.observers.screentext import join_screentext
from pipeline.observers.visual_stats import join_visual_stats
from pipeline.passes.outcomes import Outcome
from pipeline.perception import PerceptionConfig
from pipeline.segments.parts import Part, part_fingerprint
from pipeline.stage import Memory
from stores.core.errors import MediaError, StoreError
from stores.core.ids import part_stage
from stores.core.records import Blob, Record, SoundEvent, SpeechActivity, StageKey, StageOutput, Video
from stores.core.staged_output import pack, unpack

PART_BLOB = "part.npz"
_UNDECODABLE = "undecodable_audio.json"


def pack_outcome(key: StageKey, outcome: Outcome) -> Outcome:
    """The outcome of a stage for one part, as it is stored until the parts are joined: one blob, `PART_BLOB`.

    Undecodable audio is stored as an output, too: whether the stage fails depends on the other parts.
    """
    if not isinstance(outcome, StageOutput):
        if outcome.code.name != "AUDIO_DECODE_FAILED":
            return outcome
        error = json.dumps([outcome.message, outcome.hint]).encode()
        outcome = StageOutput(blobs=(Blob(_UNDECODABLE, error),))
    return StageOutput(blobs=(Blob(PART_BLOB, pack(key, outcome)),), seconds=outcome.seconds)


def has_all_parts(memory: Memory, stage: str, parts: Sequence[Part]) -> bool:
    """Whether every part of a stage is stored."""
    return all(memory.has(part_stage(stage, part.number)) for part in parts)


def join_parts(
    memory: Memory, stage: str, wanted: str, parts: Sequence[Part], video: Video, config: PerceptionConfig
) -> StageOutput:
    """Join the outputs of `perceive_part` that ``memory`` holds, reading one part at a time.

    The ``seconds`` of the result are the sum over the parts.

    Args:
        wanted: fingerprint of the stage of the whole video.

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

    if stage == "faces":
        joined = join_faces(list(outputs()), video, wanted, config.faces)
    elif stage == "speakers":
        return speaker_turns(outputs(), video, wanted, config.speakers)
    else:
        joined = join(stage, outputs(), video, config)
    return replace(joined, seconds=spent)


def join(stage: str, outputs: Iterable[StageOutput], video: Video, config: PerceptionConfig) -> StageOutput:
    """The output of an audio or video stage from the outputs of its parts, in order.

    Raises:
        ValueError: if the stage is not processed in parts.
        MediaError: AUDIO_DECODE_FAILED if no part of the sound could be decoded.
    """
    if stage == "scenes":
        # The parts say which method made them: what ``auto`` means depends on the machine.
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
        return StageOutput(
            records=tuple(join_speech_activity(v for v in _records(outputs) if isinstance(v, SpeechActivity)))
        )
    if stage == "sound":
        events = (event for event in _records(outputs) if isinstance(event, SoundEvent))
        return StageOutput(records=tuple(join_sounds(events, video, config.sound)))
    if stage == "speech":
        return StageOutput(records=tuple(_records(outputs)))
    raise ValueError(f"{stage} is not processed in parts")


def _part_output(memory: Memory, stage: str, wanted: str, part: Part) -> StageOutput:
    name = part_stage(stage, part.number)
    try:
        key, output = unpack(memory.blob(name, PART_BLOB))
    except ValueError as error:
        message = f"The stored output of {name} cannot be read: {error}."
        raise StoreError("LIBRARY_DAMAGED", message, "Run `kinodex verify`.") from error
    if key.fingerprint != part_fingerprint(wanted, part):
        message = f"{name} was made with settings other than the current ones."
        raise StoreError("STALE_ATTEMPT", message, "Run the same ingest command again.")
    return output


def _joined_arrays(outputs: Iterable[StageOutput]) -> StageOutput:
    """The arrays that each output has in its one blob, concatenated along their rows."""
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
                    known[0] = rows  # the arrays of a part without rows may lack their other dimensions
                elif len(rows):
                    known.append(rows)
    joined = io.BytesIO()
    np.savez(joined, allow_pickle=False, **{column: np.concatenate(rows) for column, rows in columns.items()})
    return StageOutput(blobs=(Blob(name, joined.getvalue()),))


def _records(outputs: Iterable[StageOutput]) -> list[Record]:
    """The records of all parts whose audio was decodable; MediaError if there is no such part."""
    records: list[Record] = []
    decoded, error = False, ("No part of the sound was decoded.", "")
    for output in outputs:
        if output.blobs:
            error = tuple(json.loads(output.blobs[0].data))
        else:
            decoded = True
            records += output.records
    if not decoded:
        raise MediaError("AUDIO_DECODE_FAILED", *error)
    return records
