"""The vectors of one stage of one video as a blob, so that the vector index can be rebuilt without a model.

An .npz archive of plain arrays: what each vector stands for as JSON, and one float32 matrix (n, d) for each
collection, its rows in the order in which the collection's vectors are listed. The same vectors give the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from stores.core.record_columns import clean
from stores.core.records import Span, VectorItem

VECTORS_BLOB = "vectors.npz"
"""Name of the blob; no stage may leave one of that name itself."""

_FORMAT = 1
# RuntimeError: a generator turns StopIteration, too few rows, into one.
_BROKEN = (OSError, KeyError, IndexError, TypeError, EOFError, RuntimeError, zipfile.BadZipFile)


def pack_vectors(items: Sequence[VectorItem]) -> bytes:
    """``items`` as bytes, in their order; vectors of one collection have one length.

    Raises:
        ValueError: if vectors of one collection differ in length.
    """
    collections = list(dict.fromkeys(item.collection for item in items))
    head = {"format": _FORMAT, "collections": collections, "items": [_head(item, collections) for item in items]}
    arrays = {
        f"matrix_{number}": np.stack([np.asarray(item.vector, np.float32) for item in items if item.collection == name])
        for number, name in enumerate(collections)
    }
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_vectors(data: bytes) -> tuple[VectorItem, ...]:
    """What `pack_vectors` was given.

    Raises:
        ValueError: if ``data`` is not a whole archive of vectors.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            head = json.loads(arrays["head"].tobytes())
            if head["format"] != _FORMAT:
                raise ValueError(f"format {head['format']}")
            matrices = [iter(arrays[f"matrix_{number}"]) for number in range(len(head["collections"]))]
        return tuple(_item(values, head["collections"], matrices) for values in head["items"])
    except _BROKEN as error:
        raise ValueError(str(error)) from error


def _head(item: VectorItem, collections: list[str]) -> list[Any]:
    base = item.span.time_base
    place = [item.span.start, item.span.end, base.numerator, base.denominator]
    names = [item.channel, clean(item.clip_id), clean(item.evidence_id)]
    return [collections.index(item.collection), item.vector_id, place, *names]


def _item(values: list[Any], collections: list[str], matrices: list[Any]) -> VectorItem:
    number, vector_id, (start, end, numerator, denominator), channel, clip_id, evidence_id = values
    span = Span(start, end, Fraction(numerator, denominator))
    return VectorItem(collections[number], vector_id, next(matrices[number]), span, channel, clip_id, evidence_id)
