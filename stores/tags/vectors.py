"""Vectors of texts of tags, kept in the library: by the text's hash, in the space of one revision of a model.

Some hundred texts lie in one row, with a checksum: a hundred thousand are read in a fraction of a second, and a crash
loses at most the row that was being written. They can be made again at any time; what is damaged counts as missing.
What no tag and no present model has any more goes when vectors are renewed.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Engine, delete, insert, select

from stores.core.errors import StoreError
from stores.sql.database import reading, writing
from stores.sql.tables import TagVectorRow

_KEY = 16  # bytes of a text's hash
_READ = 200  # rows read at a time: some 80 MB of 384-dimensional vectors
_REWRITTEN = 50  # rows of which some texts stay that are replaced in one transaction

_LOG = logging.getLogger(__name__)


def text_key(text: str) -> bytes:
    """The name of a text in this store."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()


class KeptTagVectors:
    """Owner of the table of tag vectors. Several processes may read and write it at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self, space: str, places: Mapping[bytes, int], numbers: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Fills the rows of ``numbers`` whose texts are known in this space.

        Args:
            space: names the models that made the numbers, with their revisions.
            places: row in ``numbers`` by text (`text_key`).
            numbers: (n, d).

        Returns:
            (n,) which rows were filled.
        """
        filled = np.zeros(len(numbers), np.bool_)
        damaged: list[str] = []
        columns = (TagVectorRow.chunk_id, TagVectorRow.keys, TagVectorRow.numbers, TagVectorRow.checksum)
        with reading(self._engine) as connection:
            wanted = [
                chunk_id
                for chunk_id, joined in connection.execute(select(*columns[:2]).where(TagVectorRow.space == space))
                if not places.keys().isdisjoint(_split(joined))
            ]
            for first in range(0, len(wanted), _READ):
                some = TagVectorRow.chunk_id.in_(wanted[first : first + _READ])
                for chunk_id, joined, raw, checksum in connection.execute(select(*columns).where(some)):
                    names = _split(joined)
                    if _checksum(joined, raw) != checksum or len(raw) != 4 * len(names) * numbers.shape[1]:
                        damaged.append(chunk_id)
                        continue
                    targets = np.array([places.get(name, -1) for name in names])
                    here = targets >= 0
                    numbers[targets[here]] = np.frombuffer(raw, "<f4").reshape(len(names), -1)[here]
                    filled[targets[here]] = True
        if damaged:
            _LOG.warning("%d rows of kept tag vectors are damaged; they are made again", len(damaged))
            self._replace(damaged, [])
        return filled

    def missing(self, space: str, texts: Iterable[str]) -> int:
        """How many of some texts have no vector in this space."""
        wanted = {text_key(text) for text in texts}
        with reading(self._engine) as connection:
            for joined in connection.execute(select(TagVectorRow.keys).where(TagVectorRow.space == space)).scalars():
                wanted.difference_update(_split(joined))
        return len(wanted)

    def save(self, space: str, keys: Sequence[bytes], numbers: NDArray[np.float32]) -> None:
        """Keeps one row of numbers for each key, all or none.

        That it cannot be done (no room on the disk, say) costs only time at the next start, so it is no error.
        """
        if not keys:
            return
        row = _row(space, keys, numbers)
        try:
            with writing(self._engine) as connection:
                # Another process may have made the same ones meanwhile.
                connection.execute(delete(TagVectorRow).where(TagVectorRow.chunk_id == row["chunk_id"]))
                connection.execute(insert(TagVectorRow), [row])
        except StoreError as error:
            _LOG.warning("vectors of tags are not kept: %s", error)

    def prune(self, space: str, keys: Collection[bytes]) -> None:
        """Removes all texts of a space that are not among ``keys``, and what former revisions of its models made.

        What other models made is left alone: libraries are used with one profile and another.
        """
        known = frozenset(keys)
        former: list[str] = []
        partly: list[str] = []
        with reading(self._engine) as connection:
            columns = (TagVectorRow.chunk_id, TagVectorRow.space, TagVectorRow.keys)
            for chunk_id, other, joined in connection.execute(select(*columns)):
                names = _split(joined)
                if _models(other) == _models(space) and (other != space or known.isdisjoint(names)):
                    former.append(chunk_id)
                elif other == space and not known.issuperset(names):
                    partly.append(chunk_id)
        self._replace(former, [])
        for first in range(0, len(partly), _REWRITTEN):
            self._cut(space, known, partly[first : first + _REWRITTEN])

    def _cut(self, space: str, known: frozenset[bytes], chunk_ids: Sequence[str]) -> None:
        """Takes texts that are not ``known`` out of rows."""
        columns = (TagVectorRow.chunk_id, TagVectorRow.keys, TagVectorRow.numbers, TagVectorRow.checksum)
        rows: list[dict[str, Any]] = []
        with reading(self._engine) as connection:
            chosen = select(*columns).where(TagVectorRow.chunk_id.in_(chunk_ids))
            for _, joined, raw, checksum in connection.execute(chosen):
                names = _split(joined)
                if _checksum(joined, raw) == checksum and len(raw) % (4 * len(names)) == 0:  # else it is made again
                    stay = [at for at, name in enumerate(names) if name in known]
                    numbers = np.frombuffer(raw, "<f4").reshape(len(names), -1)
                    rows.append(_row(space, [names[at] for at in stay], numbers[stay]))
        self._replace(chunk_ids, rows)

    def _replace(self, chunk_ids: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        gone = [*chunk_ids, *(row["chunk_id"] for row in rows)]
        if not gone:
            return
        try:
            with writing(self._engine) as connection:
                for first in range(0, len(gone), _READ):
                    some = TagVectorRow.chunk_id.in_(gone[first : first + _READ])
                    connection.execute(delete(TagVectorRow).where(some))
                if rows:
                    connection.execute(insert(TagVectorRow), list({row["chunk_id"]: row for row in rows}.values()))
        except StoreError as error:
            _LOG.warning("rows of kept tag vectors could not be removed: %s", error)


def _row(space: str, keys: Sequence[bytes], numbers: NDArray[np.float32]) -> dict[str, Any]:
    joined, raw = b"".join(keys), np.ascontiguousarray(numbers, "<f4").tobytes()
    chunk_id = hashlib.blake2b(space.encode() + b"\0" + joined, digest_size=_KEY).hexdigest()
    return {"chunk_id": chunk_id, "space": space, "keys": joined, "numbers": raw, "checksum": _checksum(joined, raw)}


def _models(space: str) -> tuple[str, ...]:
    """The names of a space's models, without their revisions."""
    return tuple(part.partition("@")[0] for part in space.split("+"))


def _split(joined: bytes) -> list[bytes]:
    return [joined[start : start + _KEY] for start in range(0, len(joined), _KEY)]


def _checksum(joined: object, raw: object) -> int:
    if not (isinstance(joined, bytes) and isinstance(raw, bytes)):
        return -1  # SQLite gives back what is there, of whatever type: damaged
    return zlib.crc32(raw, zlib.crc32(joined))
