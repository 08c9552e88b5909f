"""Vectors: one Chroma collection per embedding model, cosine distance.

Chroma can be rebuilt at any time, so it is never believed alone: a vector counts only if the tables
say that the stage run it came from is the one readers see. Importing chromadb takes about a second;
it happens when the first vector is needed.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stores.core.errors import StoreError
from stores.core.places import masked
from stores.core.records import Channel, StageKey, VectorItem
from stores.vectors.chroma import chroma_faults, close_client, open_client
from stores.vectors.generations import current_folder, fresh_folder, leftovers, remove_leftovers, switch_to

CACHED_VECTORS = 100_000
"""Collections up to this size are kept in memory by `fetch` (154 MB at 384 dimensions). Source: our choice."""

RANKED_EXACTLY = 5_000
"""Collections up to this size are ranked in memory, exactly: about 3 ms against 13 ms a query on a small library;
fetching 9,000 once took 1.0 s, so that half a second is what a single command pays at most. Source: measured."""

LISTED_VIDEOS = 1_000
"""Beyond so many videos a query ranks fetched vectors itself. Source: our choice, below SQLite's limit on variables."""

_PAGE = 5_000
_ROUNDING = 1e-6  # a few units in the last place of float32 below 1
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]")
_Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VectorHit:
    """One stored vector. ``start``, ``end`` in ticks; ``similarity``: cosine with the query, NaN without one."""

    vector_id: str
    video_id: str
    channel: Channel
    start: int
    end: int
    clip_id: str
    evidence_id: str
    similarity: float = math.nan


class VectorStore:
    """The vectors of one library.

    Args:
        path: folder of Chroma's persistent client, or ``http(s)://host:port`` of a server (`stores.vectors.chroma`).
        shown: (collection, vector ids or None for all) to those that readers may see.
        revision: changes whenever what readers may see changes.
        database: name of the library's own Chroma database, if ``path`` is a server.
        filling: a collection that should be there and is not is made, instead of being an error: a rebuild does so.
    """

    def __init__(
        self,
        path: Path | str,
        shown: Callable[[str, Sequence[str] | None], Collection[str]],
        revision: Callable[[], int],
        database: str = "kinodex",
        filling: bool = False,
    ) -> None:
        self._path = path
        self._database = database
        self._filling = filling
        self._shown = shown
        self._revision = revision
        self._opened: Any = None
        self._folder: Path | str = path
        self._lock = threading.Lock()
        self._cache: dict[str, tuple[int, list[VectorHit], _Vectors]] = {}

    def upsert(self, items: Sequence[VectorItem], key: StageKey) -> None:
        """Writes vectors; an id that is there already gets the new vector.

        Raises:
            ValueError: if a collection's name or a vector cannot be stored.
            StoreError: VECTOR_STORE_FAILED, VECTOR_STORE_UNREACHABLE, DISK_FULL or LIBRARY_READ_ONLY.
        """
        check_vectors(items)
        by_collection: dict[str, dict[str, tuple[_Vectors, Mapping[str, Any]]]] = {}
        for item in items:
            group = by_collection.setdefault(item.collection, {})
            group[item.vector_id] = item.vector, metadata_of(item, key)
        for name, rows in by_collection.items():
            self.put_held(name, rows)

    def put_held(self, collection: str, rows: Mapping[str, tuple[_Vectors, Mapping[str, Any]]]) -> None:
        """Writes what `held` gave: vector and what is beside it, by id.

        Raises:
            StoreError: as `upsert`.
        """
        if not rows:
            return
        try:
            self._put(collection, rows)
        except StoreError:
            # A server that came back without its data knows neither our database nor our collections.
            if not isinstance(self._path, Path):
                self.close()
            raise

    def _put(self, collection: str, rows: Mapping[str, tuple[_Vectors, Mapping[str, Any]]]) -> None:
        ids = list(rows)
        with chroma_faults(self._path):
            client = self._client(create=True)
            if not self._filling:
                # A new collection must not pass for one that was lost with all that is in it.
                self._readable(collection)
            stored = client.get_or_create_collection(
                collection, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
            )
            size = client.get_max_batch_size()
            for first in range(0, len(ids), size):
                batch = ids[first : first + size]
                stored.upsert(
                    ids=batch,
                    embeddings=np.stack([rows[vector_id][0] for vector_id in batch]),
                    metadatas=[dict(rows[vector_id][1]) for vector_id in batch],
                )

    def query(
        self,
        collection: str,
        vector: _Vectors,
        k: int,
        video_ids: Sequence[str] | None = None,
        channels: Sequence[Channel] | None = None,
    ) -> list[VectorHit]:
        """The ``k`` vectors nearest to ``vector`` (d,), best first; empty if there is no such collection.

        Exact for collections of up to `RANKED_EXACTLY`; nearest as Chroma's HNSW graph finds them for larger ones.

        Raises:
            StoreError: VECTOR_STORE_FAILED, e.g. if the dimensions differ.
        """
        if k < 1 or _nothing(video_ids) or _nothing(channels):
            return []
        many = video_ids is not None and len(video_ids) > LISTED_VIDEOS
        if many or self._is_small(collection):
            return self._rank(collection, vector, k, None if video_ids is None else set(video_ids), channels)
        stored = self._readable(collection)
        if stored is None:
            return []
        where = _where(video_ids, channels)
        asked = k + k // 4 + 16
        while True:
            with chroma_faults(self._path):
                found = stored.query(
                    query_embeddings=vector[None, :], n_results=asked, where=where, include=["metadatas", "distances"]
                )
            ids = found["ids"][0]
            shown = self._shown(collection, ids)
            hits = [
                _hit(vector_id, metadata, 1.0 - float(distance))
                for vector_id, metadata, distance in zip(ids, found["metadatas"][0], found["distances"][0], strict=True)
                if vector_id in shown
            ]
            if len(hits) >= k or len(ids) < asked:
                return hits[:k]
            asked *= 4

    def fetch(
        self, collection: str, channel: Channel | None = None, video_ids: Sequence[str] | None = None
    ) -> tuple[list[VectorHit], _Vectors]:
        """All vectors (of a channel, of some videos) with what they stand for, ordered by video and time.

        Returns:
            n hits and their vectors, float32 (n, d); (0, 0) if there are none.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        hits, vectors = self._all(collection, None if video_ids is None else set(video_ids))
        wanted = None if video_ids is None else set(video_ids)
        kept = [
            row
            for row, hit in enumerate(hits)
            if (channel is None or hit.channel == channel) and (wanted is None or hit.video_id in wanted)
        ]
        return ([hits[row] for row in kept], vectors[kept]) if kept else ([], np.zeros((0, 0), np.float32))

    def count(self, collection: str) -> int:
        """How many vectors of a collection readers may see."""
        return len(self._shown(collection, None))

    def stored(self) -> Iterator[tuple[str, list[str]]]:
        """Every collection with the ids of all its vectors, also those that no reader may see."""
        client = self._client()
        if client is None:
            return
        with chroma_faults(self._path):
            for listed in client.list_collections():
                yield listed.name, list(listed.get(include=[])["ids"])

    def held(self, collection: str, vector_ids: Sequence[str]) -> dict[str, tuple[_Vectors, Mapping[str, Any]]]:
        """Those of ``vector_ids`` that are stored, whoever may see them: vector (d,) and what is beside it, by id.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        stored = self._collection(collection)
        found: dict[str, tuple[_Vectors, Mapping[str, Any]]] = {}
        for first in range(0, len(vector_ids) if stored is not None else 0, LISTED_VIDEOS):
            some = list(vector_ids[first : first + LISTED_VIDEOS])
            with chroma_faults(self._path):
                page = stored.get(ids=some, include=["embeddings", "metadatas"])
            vectors = np.asarray(page["embeddings"], np.float32)
            found.update(zip(page["ids"], zip(vectors, page["metadatas"], strict=True), strict=True))
        return found

    def drop_empty(self) -> None:
        """Removes collections without a single vector.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        client = self._client()
        if client is None:
            return
        with chroma_faults(self._path):
            for listed in client.list_collections():
                if not listed.count():
                    client.delete_collection(listed.name)

    def delete(self, collection: str, vector_ids: Sequence[str]) -> None:
        """Removes vectors; ids that are not there are no error.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        stored = self._collection(collection)
        if stored is None:
            return
        for first in range(0, len(vector_ids), LISTED_VIDEOS):
            with chroma_faults(self._path):
                stored.delete(ids=list(vector_ids[first : first + LISTED_VIDEOS]))

    @property
    def embedded(self) -> bool:
        """Whether the index lies in the library's folder."""
        return isinstance(self._path, Path)

    def fresh(self) -> VectorStore:
        """What a rebuild fills: an empty index beside this embedded one, to take its place (`take`); or the server's
        own, where what was lost may be made again."""
        place = fresh_folder(self._path) if isinstance(self._path, Path) else self._path
        return VectorStore(place, self._shown, self._revision, self._database, filling=True)

    def take(self, other: VectorStore) -> None:
        """Puts ``other``, made by `fresh`, in the place of this index; in this process and in all others.

        Raises:
            StoreError: DISK_FULL or LIBRARY_READ_ONLY.
        """
        assert isinstance(other._path, Path)
        other.close()
        switch_to(other._path)
        self.close()

    def leftover_bytes(self) -> int:
        """Bytes that replaced and half made indexes take beside the one that counts."""
        entries = leftovers(self._path) if isinstance(self._path, Path) else []
        files = (file for entry in entries for file in (entry, *entry.rglob("*")))
        return sum(file.stat().st_size for file in files if file.is_file())

    def remove_leftovers(self) -> None:
        """Removes those.

        Raises:
            StoreError: LIBRARY_READ_ONLY.
        """
        if isinstance(self._path, Path):
            remove_leftovers(self._path)

    def close(self) -> None:
        """Releases Chroma's files. The store opens them again when it is used again."""
        with self._lock:
            opened, self._opened = self._opened, None
            self._cache.clear()
            if opened is not None:
                close_client(opened)

    def _client(self, create: bool = False) -> Any:
        with self._lock:
            place = current_folder(self._path) if isinstance(self._path, Path) else self._path
            if self._opened is not None and place != self._folder:
                # Somebody, perhaps another process, has put a rebuilt index in place.
                close_client(self._opened)
                self._opened = None
            if self._opened is None:
                self._opened = open_client(place, self._database, create)
                self._folder = place
            return self._opened

    def _collection(self, name: str) -> Any:
        client = self._client()
        if client is None:
            return None
        from chromadb.errors import NotFoundError

        with chroma_faults(self._path):
            try:
                return client.get_collection(name, embedding_function=None)
            except NotFoundError:
                return None

    def _readable(self, name: str) -> Any:
        """A collection; None if it may be missing because nothing was ever stored in it."""
        stored = self._collection(name)
        if stored is None and self._shown(name, None):
            message = f"The vector index {masked(str(self._path))} has lost the collection {name!r}."
            raise StoreError("VECTOR_STORE_FAILED", message, "Make it again: `kinodex index rebuild`.")
        return stored

    def _is_small(self, collection: str) -> bool:
        kept = self._cache.get(collection)
        if kept and kept[0] == self._revision():
            return len(kept[1]) <= RANKED_EXACTLY
        stored = self._collection(collection)
        with chroma_faults(self._path):
            return stored is not None and int(stored.count()) <= RANKED_EXACTLY

    def _rank(
        self,
        collection: str,
        vector: _Vectors,
        k: int,
        video_ids: set[str] | None,
        channels: Sequence[Channel] | None,
    ) -> list[VectorHit]:
        """An exact ranking in memory."""
        hits, vectors = self._all(collection, video_ids)
        if not hits:
            return []
        if vectors.shape[1] != len(vector):
            raise StoreError(
                "VECTOR_STORE_FAILED",
                f"Collection {collection!r} holds vectors of {vectors.shape[1]} dimensions, asked with {len(vector)}.",
                "Vectors of different models cannot be compared.",
            )
        norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
        similarities = vectors @ vector / norms
        ranked = (
            replace(hits[row], similarity=float(similarities[row]))
            for row in np.argsort(-similarities, kind="stable")
            if (video_ids is None or hits[row].video_id in video_ids)
            and (channels is None or hits[row].channel in channels)
        )
        return [hit for hit, _ in zip(ranked, range(k), strict=False)]

    def _all(self, collection: str, video_ids: set[str] | None) -> tuple[list[VectorHit], _Vectors]:
        """At least the vectors of ``video_ids``: the whole collection where it may be kept in memory."""
        revision = self._revision()
        kept = self._cache.get(collection)
        if kept and kept[0] == revision:
            return kept[1], kept[2]
        stored = self._readable(collection)
        if stored is None:
            return [], np.zeros((0, 0), np.float32)
        few = video_ids is not None and len(video_ids) <= LISTED_VIDEOS
        small = stored.count() <= CACHED_VECTORS
        if few and not video_ids:
            return [], np.zeros((0, 0), np.float32)
        where = _where(sorted(video_ids), None) if few and not small and video_ids else None
        hits, vectors = self._read(collection, stored, where)
        if small:
            self._cache[collection] = (revision, hits, vectors)
        return hits, vectors

    def _read(self, name: str, stored: Any, where: Any) -> tuple[list[VectorHit], _Vectors]:
        hits: list[VectorHit] = []
        pages: list[_Vectors] = []
        shown = self._shown(name, None)
        offset = 0
        while True:
            with chroma_faults(self._path):
                page = stored.get(where=where, limit=_PAGE, offset=offset, include=["embeddings", "metadatas"])
            rows = [row for row, vector_id in enumerate(page["ids"]) if vector_id in shown]
            hits += [_hit(page["ids"][row], page["metadatas"][row], math.nan) for row in rows]
            if rows:
                pages.append(np.asarray(page["embeddings"], np.float32)[rows])
            if len(page["ids"]) < _PAGE:
                break
            offset += _PAGE
        order = sorted(range(len(hits)), key=lambda row: (hits[row].video_id, hits[row].start, hits[row].vector_id))
        vectors = np.concatenate(pages)[order] if pages else np.zeros((0, 0), np.float32)
        return [hits[row] for row in order], vectors


def check_vectors(items: Sequence[VectorItem]) -> None:
    """Refuses what would poison the index.

    Raises:
        ValueError: a name Chroma does not take, an id twice, a vector that is not (d,), finite and other than zero.
    """
    seen: set[tuple[str, str]] = set()
    for item in items:
        if not _NAME.fullmatch(item.collection):
            raise ValueError(f"not a collection's name (3 to 512 of a-z A-Z 0-9 . _ -): {item.collection!r}")
        if (item.collection, item.vector_id) in seen:
            raise ValueError(f"two vectors share the id {item.vector_id!r}")
        seen.add((item.collection, item.vector_id))
        if item.vector.ndim != 1 or not np.isfinite(item.vector).all() or not item.vector.any():
            raise ValueError(f"vector {item.vector_id!r} is not a direction: shape {item.vector.shape}")


def agrees(held: tuple[_Vectors, Mapping[str, Any]] | None, item: VectorItem, key: StageKey) -> bool:
    """Whether what is `VectorStore.held` for an id is what ``item`` says."""
    if held is None or dict(held[1]) != metadata_of(item, key) or held[0].shape != item.vector.shape:
        return False
    # Chroma's index may bring a vector to unit length by its own arithmetic.
    lengths = float(np.linalg.norm(held[0])), float(np.linalg.norm(item.vector))
    return bool(np.allclose(held[0] / lengths[0], item.vector / lengths[1], rtol=0.0, atol=_ROUNDING))


def metadata_of(item: VectorItem, key: StageKey) -> dict[str, str | int]:
    """What is stored beside a vector."""
    return {
        "video_id": key.video_id,
        "stage": key.stage,
        "fingerprint": key.fingerprint,
        "channel": item.channel,
        "start": item.span.start,
        "end": item.span.end,
        "clip_id": item.clip_id,
        "evidence_id": item.evidence_id,
    }


def _hit(vector_id: str, metadata: Any, similarity: float) -> VectorHit:
    names = ("video_id", "channel", "start", "end", "clip_id", "evidence_id")
    return VectorHit(vector_id=vector_id, similarity=similarity, **{name: metadata[name] for name in names})


def _nothing(choice: Sequence[str] | None) -> bool:
    return choice is not None and not choice


def _where(video_ids: Sequence[str] | None, channels: Sequence[str] | None) -> dict[str, Any] | None:
    conditions = [
        {name: {"$in": list(values)}}
        for name, values in (("video_id", video_ids), ("channel", channels))
        if values is not None
    ]
    return {"$and": conditions} if len(conditions) > 1 else next(iter(conditions), None)
