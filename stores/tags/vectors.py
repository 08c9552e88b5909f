"""Vectors of texts of tags, kept in the library: by the text's hash, in the space of one revision of a model.

Some hundred texts lie in one row, with a checksum: a hundred thousand are read in a fraction of a second, and a crash
loses at most the row that was being written. They can be made again at any time; what is damaged counts as missing.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, delete, insert, select

from stores.core.errors import StoreError
from stores.sql.database import reading, writing
from stores.sql.tables import TagVectorRow

_KEY = 16  # bytes of a text's hash
_READ = 200  # rows read at a time: some 80 MB of 384-dimensional vectors

_LOG = logging.getLogger(__name__)


def text_key(text: str) -> bytes:
    """The name of a text in this store."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()


class KeptTagVectors:
    """Owner of the table of tag vectors. Several processes may read and write it at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self, space: str, keys: Sequence[bytes], numbers: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Fills the rows of ``numbers`` whose texts are known in this space.

        Args:
            space: names the models that made the numbers, with their revisions.
            keys: of the texts (`text_key`), all different.
            numbers: (n, d), one row for each key.

        Returns:
            (n,) which rows were filled.
        """
        places = {key: place for place, key in enumerate(keys)}
        filled = np.zeros(len(keys), np.bool_)
        damaged: list[str] = []
        columns = (TagVectorRow.chunk_id, TagVectorRow.keys, TagVectorRow.numbers, TagVectorRow.checksum)
        with reading(self._engine) as connection:
            wanted = [
                chunk_id
                for chunk_id, held in connection.execute(select(*columns[:2]).where(TagVectorRow.space == space))
                if any(key in places for key in _split(held))
            ]
            for first in range(0, len(wanted), _READ):
                some = TagVectorRow.chunk_id.in_(wanted[first : first + _READ])
                for chunk_id, held, raw, checksum in connection.execute(select(*columns).where(some)):
                    names = _split(held)
                    if _checksum(held, raw) != checksum or len(raw) != 4 * len(names) * numbers.shape[1]:
                        damaged.append(chunk_id)
                        continue
                    pairs = [(row, places[key]) for row, key in enumerate(names) if key in places]
                    rows, targets = (list(side) for side in zip(*pairs, strict=True))
                    numbers[targets] = np.frombuffer(raw, "<f4").reshape(len(names), -1)[rows]
                    filled[targets] = True
        if damaged:
            _LOG.warning("%d rows of kept tag vectors are damaged; they are made again", len(damaged))
            self._remove(damaged)
        return filled

    def save(self, space: str, keys: Sequence[bytes], numbers: NDArray[np.float32]) -> None:
        """Keeps one row of numbers for each key, all or none.

        That it cannot be done (no room on the disk, say) costs only time at the next start, so it is no error.
        """
        if not keys:
            return
        held, raw = b"".join(keys), np.ascontiguousarray(numbers, "<f4").tobytes()
        chunk_id = hashlib.blake2b(space.encode() + b"\0" + held, digest_size=_KEY).hexdigest()
        row = {"chunk_id": chunk_id, "space": space, "keys": held, "numbers": raw, "checksum": _checksum(held, raw)}
        try:
            with writing(self._engine) as connection:
                # Another process may have made the same ones meanwhile.
                connection.execute(delete(TagVectorRow).where(TagVectorRow.chunk_id == chunk_id))
                connection.execute(insert(TagVectorRow), [row])
        except StoreError as error:
            _LOG.warning("vectors of tags are not kept: %s", error)

    def prune(self, space: str, keys: Collection[bytes]) -> int:
        """Removes the rows of a space in which no text is any of ``keys``; returns how many."""
        known = frozenset(keys)
        chosen = select(TagVectorRow.chunk_id, TagVectorRow.keys).where(TagVectorRow.space == space)
        with reading(self._engine) as connection:
            idle = [chunk for chunk, held in connection.execute(chosen) if known.isdisjoint(_split(held))]
        self._remove(idle)
        return len(idle)

    def _remove(self, chunk_ids: Sequence[str]) -> None:
        if not chunk_ids:
            return
        try:
            with writing(self._engine) as connection:
                for first in range(0, len(chunk_ids), _READ):
                    some = TagVectorRow.chunk_id.in_(chunk_ids[first : first + _READ])
                    connection.execute(delete(TagVectorRow).where(some))
        except StoreError as error:
            _LOG.warning("rows of kept tag vectors could not be removed: %s", error)


def _split(held: bytes) -> list[bytes]:
    return [held[start : start + _KEY] for start in range(0, len(held), _KEY)]


def _checksum(held: bytes, raw: bytes) -> int:
    return zlib.crc32(raw, zlib.crc32(held))
