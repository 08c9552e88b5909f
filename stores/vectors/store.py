"""Vectors: one Chroma collection per embedding model, cosine distance.

Chroma can be rebuilt at any time, so it is never believed alone: a vector counts only if the tables
say that the stage run it came from is the one readers see. Importing chromadb takes about a second;
it happens when the first vector is needed.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stores.core.errors import StoreError
from stores.core.places import masked
from stores.core.records import Channel, StageKey, VectorItem
from stores.vectors import generations
from stores.vectors.chroma import chroma_faults
from stores.vectors.items import check_vectors, metadata_of
from stores.vectors.nearest import (
    ASKED_FOR,
    ASKED_FOR_OF_MANY,
    Neighbours,
    ask_index,
    ask_index_for_all,
    check_length,
    rank_for_all,
)
from stores.vectors.opened import OpenedIndex, reads, writes
from stores.vectors.rows import KeptCollection, VectorHit, VectorNote, VectorRows, VideoVersion, hit_of, place_of

__all__ = ["VectorHit", "VectorStore"]

RANKED_EXACTLY = 5_000
"""Collections up to this size are ranked in memory, exactly: about 3 ms against 13 ms a query on a small library;
fetching 9,000 once took 1.0 s, so that half a second is what a single command pays at most. Source: measured."""

CACHED_COLLECTIONS = 16
"""Small collections that are kept in memory: at most 8 MB each at 384 dimensions. Source: our choice."""

FEW_VIDEOS = 100
"""Up to so many videos are read by themselves, also where their whole small collection could be. Source: our choice."""
SCANNED_VIDEOS = 1_000
"""Up to so many videos of a large collection are read and ranked exactly. Source: our choice: about a second."""
LISTED_VIDEOS = 1_000
"""Ids in one request to Chroma. Source: our choice, below SQLite's limit on variables."""

_Vectors = NDArray[np.float32]


class VectorStore:
    """The vectors of one library.

    Args:
        path: folder of Chroma's persistent client, or ``http(s)://host:port`` of a server (`stores.vectors.chroma`).
        rows: what the tables know: which vectors readers may see, and what they stand for.
        revision: changes whenever what readers may see changes.
        database: name of the library's own Chroma database, if ``path`` is a server.
        filling: a collection that should be there and is not is made, instead of being an error: a rebuild does so.
    """

    def __init__(
        self,
        path: Path | str,
        rows: VectorRows,
        revision: Callable[[], int],
        database: str = "kinodex",
        filling: bool = False,
    ) -> None:
        self._path = path
        self._database = database
        self._filling = filling
        self.rows = rows
        self.revision = revision
        self.opened = OpenedIndex(path, database, self._forget)
        self._lock = threading.Lock()
        self._cache: OrderedDict[str, KeptCollection] = OrderedDict()
        self._large: set[str] = set()
        self._asked: dict[str, int] = {}
        self._handles: dict[str, tuple[Any, Any]] = {}

    @property
    def place(self) -> Path | str:
        """The folder of the index that counts, or the URL of a server."""
        return self.opened.place

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
            self.put_raw(name, rows)

    @writes
    def put_raw(self, collection: str, rows: Mapping[str, tuple[_Vectors, Mapping[str, Any]]]) -> None:
        """Writes what `get_raw` returned: vector and metadata by id.

        Raises:
            StoreError: as `upsert`.
        """
        try:
            if rows:
                self._put(collection, rows)
        except StoreError:
            # A server that came back without its data knows neither our database nor our collections.
            if not isinstance(self._path, Path):
                self.opened.retire()
            raise

    def _put(self, collection: str, rows: Mapping[str, tuple[_Vectors, Mapping[str, Any]]]) -> None:
        ids = list(rows)
        with chroma_faults(self._path):
            client = self.opened.client(create=True)
            if not self._filling:
                # A new collection must not pass for one that was lost with all that is in it.
                self.readable(collection)
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

    @reads
    def query(
        self,
        collection: str,
        vector: _Vectors,
        k: int,
        video_ids: Sequence[str] | None = None,
        channels: Sequence[Channel] | None = None,
    ) -> list[VectorHit]:
        """The ``k`` vectors nearest to ``vector`` (d,), best first; empty if there is no such collection.

        Exact for collections of up to `RANKED_EXACTLY` and in up to `SCANNED_VIDEOS` videos, whose vectors are read;
        else nearest as Chroma's HNSW graph finds them.

        Raises:
            StoreError: VECTOR_STORE_FAILED, e.g. if the dimensions differ.
        """
        if k < 1 or _nothing(video_ids) or _nothing(channels):
            return []
        if not self.is_scanned(video_ids) or self.is_small(collection):
            return self._rank(collection, vector, k, video_ids, channels)
        if (stored := self.readable(collection)) is None:
            return []
        where = {"channel": {"$in": list(channels)}} if channels is not None else None
        wanted = None if video_ids is None else frozenset(video_ids)
        known = partial(self._hits, collection, stored, wanted=wanted)
        return ask_index(partial(self.neighbours, stored, where), known, vector, k, self._asked_for(collection))

    @reads
    def query_all(self, collection: str, vectors: _Vectors, k: int, least: float) -> list[list[VectorHit]]:
        """For each of ``vectors`` (n, d), those of its ``k`` nearest with at least the cosine ``least``, best first.

        All are asked together and for no more than needed: very near ones are found without `query`'s wide request.

        Raises:
            StoreError: VECTOR_STORE_FAILED, e.g. if the dimensions differ.
        """
        nothing: list[list[VectorHit]] = [[] for _ in vectors]
        if k < 1 or not len(vectors):
            return nothing
        if self.is_small(collection):
            hits, rows = self._all(collection, None)
            if not hits:
                return nothing
            check_length(collection, rows, vectors.shape[1])
            return rank_for_all(hits, rows, vectors, k, least)
        if (stored := self.readable(collection)) is None:
            return nothing
        known = partial(self._hits, collection, stored)
        return ask_index_for_all(partial(self.neighbours, stored, None), known, vectors, k, least)

    def neighbours(self, stored: Any, where: Any, vectors: _Vectors, count: int) -> Neighbours:
        """What the graph of a collection (`readable`) finds nearest to each of some vectors."""
        # Only ids and distances: what is beside a vector costs Chroma more than the search itself.
        with chroma_faults(self._path):
            found = stored.query(query_embeddings=vectors, n_results=count, where=where, include=["distances"])
        return found["ids"], found["distances"]

    def _hits(
        self, collection: str, stored: Any, vector_ids: Sequence[str], wanted: frozenset[str] | None = None
    ) -> dict[str, VectorHit]:
        """What those of ``vector_ids`` stand for that readers may see; only those of the ``wanted`` videos."""
        notes = self.rows.by_id(collection, vector_ids)
        found = self._complete(stored, list(notes.values()))
        return found if wanted is None else {one: hit for one, hit in found.items() if hit.video_id in wanted}

    def _complete(self, stored: Any, notes: Sequence[VectorNote]) -> dict[str, VectorHit]:
        """What vectors stand for: from the tables; the index is asked only where these do not say it."""
        found = {note.vector_id: note.hit for note in notes if note.hit is not None}
        unsaid = [note.vector_id for note in notes if note.hit is None]
        for first in range(0, len(unsaid), LISTED_VIDEOS):
            with chroma_faults(self._path):
                page = stored.get(ids=unsaid[first : first + LISTED_VIDEOS], include=["metadatas"])
            found.update((one, hit_of(one, about)) for one, about in zip(page["ids"], page["metadatas"], strict=True))
        return found

    @reads
    def fetch(
        self, collection: str, channel: Channel | None = None, video_ids: Sequence[str] | None = None
    ) -> tuple[list[VectorHit], _Vectors]:
        """All vectors (of a channel, of some videos) with what they stand for, ordered by video and time.

        Returns:
            n hits and their vectors, float32 (n, d); (0, 0) if there are none.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        hits, vectors = self._all(collection, video_ids)
        wanted = None if video_ids is None else set(video_ids)
        kept = [
            row
            for row, hit in enumerate(hits)
            if (channel is None or hit.channel == channel) and (wanted is None or hit.video_id in wanted)
        ]
        return ([hits[row] for row in kept], vectors[kept]) if kept else ([], np.zeros((0, 0), np.float32))

    @reads
    def values(self, collection: str, vector_ids: Sequence[str]) -> dict[str, _Vectors]:
        """Those of ``vector_ids`` that are stored, visible to readers or not: vectors (d,) by id.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        kept = self._cache.get(collection)
        if kept and kept.revision == self.revision():
            rows = {hit.vector_id: row for row, hit in enumerate(kept.hits)}
            return {one: kept.vectors[rows[one]] for one in vector_ids if one in rows}
        stored = self._collection(collection)
        return {} if stored is None else self._values(stored, vector_ids)

    @reads
    def sample(self, collection: str, most: int) -> _Vectors:
        """Some vectors of a collection, float32 (n, d) with n <= ``most``; the same until something is committed.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        stored = self._collection(collection)
        values = {} if stored is None else self._values(stored, self.rows.some(collection, most))
        return np.stack([values[one] for one in sorted(values)]) if values else np.zeros((0, 0), np.float32)

    def _values(self, stored: Any, vector_ids: Sequence[str]) -> dict[str, _Vectors]:
        found: dict[str, _Vectors] = {}
        for first in range(0, len(vector_ids), LISTED_VIDEOS):
            with chroma_faults(self._path):
                page = stored.get(ids=list(vector_ids[first : first + LISTED_VIDEOS]), include=["embeddings"])
            found.update(zip(page["ids"], np.asarray(page["embeddings"], np.float32), strict=True))
        return found

    def count(self, collection: str) -> int:
        """How many vectors of a collection readers may see."""
        return self.rows.count(collection)

    def stored(self) -> Iterator[tuple[str, list[str]]]:
        """Every collection with the ids of all its vectors, also those that no reader may see."""
        with self.opened.reading():
            client = self.opened.client()
        if client is None:
            return
        with chroma_faults(self._path):
            for listed in client.list_collections():
                yield listed.name, list(listed.get(include=[])["ids"])

    @reads
    def get_raw(self, collection: str, vector_ids: Sequence[str]) -> dict[str, tuple[_Vectors, Mapping[str, Any]]]:
        """Those of ``vector_ids`` that are stored, visible to readers or not: vector (d,) and metadata by id.

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

    @writes
    def drop_empty(self) -> None:
        """Removes collections without a single vector.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        if (client := self.opened.client()) is None:
            return
        with chroma_faults(self._path):
            for listed in client.list_collections():
                if not listed.count():
                    client.delete_collection(listed.name)
                    self._handles.pop(listed.name, None)

    @writes
    def delete(self, collection: str, vector_ids: Sequence[str]) -> None:
        """Removes vectors; ids that are not there are no error.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        if (stored := self._collection(collection)) is None:
            return
        for first in range(0, len(vector_ids), LISTED_VIDEOS):
            with chroma_faults(self._path):
                stored.delete(ids=list(vector_ids[first : first + LISTED_VIDEOS]))

    @property
    def embedded(self) -> bool:
        """Whether the index lies in the library's folder."""
        return isinstance(self._path, Path)

    def fresh(self) -> VectorStore:
        """What a rebuild fills: an empty index beside this embedded one, for `replace_with`; or the server's own, where
        what was lost may be made again."""
        place = generations.fresh_folder(self._path) if isinstance(self._path, Path) else self._path
        return VectorStore(place, self.rows, self.revision, self._database, filling=True)

    def replace_with(self, other: VectorStore) -> None:
        """Replaces this index by ``other``, made by `fresh`, in this process and in all others.

        Raises:
            StoreError: DISK_FULL or LIBRARY_READ_ONLY.
        """
        assert isinstance(other._path, Path)
        other.close()
        generations.switch_to(other._path)
        self.close()

    def stale_bytes(self) -> int:
        """Bytes that replaced and half made indexes take beside the one that counts."""
        return generations.stale_bytes(self._path) if isinstance(self._path, Path) else 0

    def remove_stale(self) -> None:
        """Removes those. Raises StoreError LIBRARY_READ_ONLY."""
        if isinstance(self._path, Path):
            generations.remove_stale(self._path)

    def close(self) -> None:
        """Releases Chroma's files. The store opens them again when it is used again."""
        self.opened.close()

    def _forget(self) -> None:
        for known in (self._cache, self._large, self._asked, self._handles):
            known.clear()

    def _collection(self, name: str) -> Any:
        client = self.opened.client()
        if client is None:
            return None
        opened_by, stored = self._handles.get(name, (None, None))
        if opened_by is client:
            return stored
        from chromadb.errors import NotFoundError

        with chroma_faults(self._path):
            try:
                stored = client.get_collection(name, embedding_function=None)
            except NotFoundError:
                return None
        if self.embedded:  # where what is not there any more is asked of another client
            self._handles[name] = client, stored
        return stored

    def readable(self, name: str) -> Any:
        """A collection; None if it may be missing because nothing was ever stored in it."""
        stored = self._collection(name)
        if stored is None and self.rows.has_any(name):
            message = f"The vector index {masked(str(self._path))} has lost the collection {name!r}."
            raise StoreError("VECTOR_STORE_FAILED", message, "Make it again: `kinodex index rebuild`.")
        return stored

    def _asked_for(self, collection: str) -> int:
        """How many neighbours the graph is asked for. Counted once: counting costs as much as asking for more."""
        if collection not in self._asked:
            many, more = ASKED_FOR_OF_MANY
            self._asked[collection] = more if self.rows.exceeds(collection, many) else ASKED_FOR
        return self._asked[collection]

    def is_scanned(self, video_ids: Sequence[str] | None) -> bool:
        """Whether so many videos (None: all) are searched by the index, if their collection is large."""
        return video_ids is None or len(video_ids) > SCANNED_VIDEOS

    def is_small(self, collection: str) -> bool:
        """Whether a collection is ranked in memory (`RANKED_EXACTLY`)."""
        if collection in self._large:
            return False
        kept = self._cache.get(collection)
        if kept and kept.revision == self.revision():
            return len(kept.hits) <= RANKED_EXACTLY
        if self.rows.exceeds(collection, RANKED_EXACTLY):
            # One that has grown hardly ever shrinks, and Chroma ranks few as well as many.
            self._large.add(collection)
            with self._lock:
                self._cache.pop(collection, None)
            return False
        return True

    def _rank(
        self,
        collection: str,
        vector: _Vectors,
        k: int,
        video_ids: Sequence[str] | None,
        channels: Sequence[Channel] | None,
    ) -> list[VectorHit]:
        """An exact ranking in memory."""
        hits, vectors = self._all(collection, video_ids)
        if not hits:
            return []
        check_length(collection, vectors, len(vector))
        wanted = None if video_ids is None else set(video_ids)
        norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
        similarities = vectors @ vector / norms
        ranked = (
            hits[row].at(float(similarities[row]))
            for row in np.argsort(-similarities, kind="stable")
            if (wanted is None or hits[row].video_id in wanted) and (channels is None or hits[row].channel in channels)
        )
        return [hit for hit, _ in zip(ranked, range(k), strict=False)]

    def _all(self, collection: str, video_ids: Sequence[str] | None) -> tuple[list[VectorHit], _Vectors]:
        """At least the vectors of ``video_ids``: the whole collection where it is kept in memory."""
        revision = self.revision()
        kept = self._cache.get(collection)
        if kept and kept.revision == revision:
            return kept.hits, kept.vectors
        stored = self.readable(collection)
        if stored is None or _nothing(video_ids):
            return [], np.zeros((0, 0), np.float32)
        if video_ids is not None and (len(video_ids) <= FEW_VIDEOS or not self.is_small(collection)):
            return self._read(stored, self.rows.of_videos(collection, video_ids))
        versions = self.rows.versions(collection)
        if kept is None:
            hits, vectors = self._read(stored, self.rows.of_collection(collection))
        else:
            hits, vectors = self._renewed(stored, collection, kept, versions)
        if len(hits) <= RANKED_EXACTLY:
            found = Counter(hit.video_id for hit in hits)
            # What the index lacked is looked for again.
            whole = {one: each for one, each in versions.items() if found[one] == sum(part[-1] for part in each)}
            with self._lock:
                self._cache[collection] = KeptCollection(revision, whole, hits, vectors)
                self._cache.move_to_end(collection)
                while len(self._cache) > CACHED_COLLECTIONS:
                    self._cache.popitem(last=False)
        return hits, vectors

    def _renewed(
        self, stored: Any, collection: str, kept: KeptCollection, versions: Mapping[str, VideoVersion]
    ) -> tuple[list[VectorHit], _Vectors]:
        """What was kept, with the vectors of those videos read again that have other ``versions`` now."""
        changed = {one for one in versions.keys() | kept.versions.keys() if versions.get(one) != kept.versions.get(one)}
        if not changed:
            return kept.hits, kept.vectors
        fresh, values = self._read(stored, self.rows.of_videos(collection, changed & versions.keys()))
        stay = [row for row, hit in enumerate(kept.hits) if hit.video_id not in changed]
        hits = [*(kept.hits[row] for row in stay), *fresh]
        if not fresh or not stay:
            return hits, kept.vectors[stay] if stay else values
        order = sorted(range(len(hits)), key=lambda row: place_of(hits[row]))
        return [hits[row] for row in order], np.concatenate([kept.vectors[stay], values])[order]

    def _read(self, stored: Any, notes: Sequence[VectorNote]) -> tuple[list[VectorHit], _Vectors]:
        """Vectors by video and time."""
        values = self._values(stored, [note.vector_id for note in notes])
        stands = self._complete(stored, notes)
        hits = [stands[note.vector_id] for note in notes if note.vector_id in values and note.vector_id in stands]
        if not hits:
            return [], np.zeros((0, 0), np.float32)
        hits.sort(key=place_of)
        return hits, np.stack([values[hit.vector_id] for hit in hits])


def _nothing(choice: Sequence[str] | None) -> bool:
    return choice is not None and not choice
