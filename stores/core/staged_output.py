"""A staged output: the output of one stage as one file, passed from a worker process to the one writer.

It is an .npz archive of plain arrays: the records as JSON, all vectors end to end as float32, each blob
as bytes. Reading it cannot execute code.
"""

from __future__ import annotations

import io
import json
from fractions import Fraction
from typing import Any

import numpy as np

from stores.core.archives import UNREADABLE
from stores.core.former_names import current_blob, current_stage
from stores.core.record_columns import clean, columns_of, record_of, video_columns, video_of
from stores.core.records import Blob, Span, StageKey, StageOutput, VectorItem

_FORMAT = 1


def pack(key: StageKey, output: StageOutput) -> bytes:
    """The output of one stage as bytes."""
    head = {
        "format": _FORMAT,
        "key": [key.video_id, key.stage, key.fingerprint],
        "video": None if output.video is None else video_columns(output.video),
        "records": [[type(record).__name__, _base(record.span), columns_of(record)] for record in output.records],
        "vectors": [_vector_head(item) for item in output.vectors],
        "blobs": [blob.name for blob in output.blobs],
        "seconds": output.seconds,
    }
    vectors = [np.asarray(item.vector, np.float32) for item in output.vectors]
    arrays = {f"blob_{n}": np.frombuffer(blob.data, np.uint8) for n, blob in enumerate(output.blobs)}
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    arrays["vectors"] = np.concatenate(vectors) if vectors else np.zeros(0, np.float32)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[StageKey, StageOutput]:
    """The arguments of `pack`. An output that an earlier version packed gets the current names.

    Raises:
        ValueError: if ``data`` is not a complete staged output.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            if head["format"] != _FORMAT:
                raise ValueError(f"format {head['format']}")
            video_id, stage, fingerprint = head["key"]
            return StageKey(video_id, current_stage(stage), fingerprint), _output(head, arrays)
    except (*UNREADABLE, TypeError) as error:
        raise ValueError(str(error)) from error


def _output(head: dict[str, Any], arrays: Any) -> StageOutput:
    flat = arrays["vectors"]
    items = []
    first = 0
    for entry in head["vectors"]:
        size = entry.pop("size")
        span = Span(entry.pop("start_tick"), entry.pop("end_tick"), Fraction(*entry.pop("time_base")))
        items.append(VectorItem(vector=flat[first : first + size], span=span, **entry))
        first += size
    if first != len(flat):
        raise ValueError(f"{len(flat)} vector components where {first} are announced")
    return StageOutput(
        records=tuple(record_of(kind, columns, Fraction(*base)) for kind, base, columns in head["records"]),
        vectors=tuple(items),
        blobs=tuple(Blob(current_blob(name), arrays[f"blob_{n}"].tobytes()) for n, name in enumerate(head["blobs"])),
        video=None if head["video"] is None else video_of(head["video"]),
        seconds=head["seconds"],
    )


def _vector_head(item: VectorItem) -> dict[str, object]:
    return {
        "collection": item.collection,
        "vector_id": item.vector_id,
        "size": len(item.vector),
        "start_tick": item.span.start,
        "end_tick": item.span.end,
        "time_base": _base(item.span),
        "channel": item.channel,
        "clip_id": clean(item.clip_id),
        "evidence_id": clean(item.evidence_id),
    }


def _base(span: Span) -> list[int]:
    return [span.time_base.numerator, span.time_base.denominator]
