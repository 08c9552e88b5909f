"""Other videos, as the sources that give their tags ask for them: what is read for it is kept from video to video."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial

from encoders.types import Vectors
from stores.library_store import LibraryStore
from stores.tags.recall.accepted import AcceptedTag, accepted_tags
from stores.tags.recall.tagged import TaggedVideos
from stores.vectors.near_videos import NearVideos
from stores.vectors.prepared import PreparedVectors
from stores.vectors.rows import by_video

FEW = 200
"""Videos with tags that are read even if one video is asked about. Source: our choice: about a third of a second."""

WORTH = 10
"""Videos with tags that are read for each one that will be asked about. Source: measured: reading one takes 1.5 ms, and
asking the index instead of what was read 15 ms more."""


MANY = 500
"""Videos from which on it pays to read what vectors stand for at once. Source: measured: 3 µs each, 25 one by one."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """When clips look alike.

    Attributes:
        collection: of what they look like.
        least: cosine of two clips from which they are alike.
        more: how many of the nearest clips are looked at for each clip, beyond as many as its video has.
    """

    collection: str
    least: float
    more: int


class Others:
    """The other videos of a library, for one tagger. Thread-safe.

    Args:
        expected: how many videos will be asked about.
    """

    def __init__(self, store: LibraryStore, expected: int = 1) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._tagged = TaggedVideos(store.engine)
        self._prepared: dict[str, PreparedVectors] = {}
        self.expected = expected
        self._near = NearVideos(store.vectors)

    def tagged(self) -> frozenset[str]:
        """Those that have tags."""
        return self._tagged.now()

    def near(self, collection: str, vectors: Vectors, k: int) -> list[list[str]]:
        """For each of ``vectors`` (n, d), the videos of its ``k`` nearest ones, with or without tags, nearest first.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        if self.expected >= MANY:
            self._near.remember(collection)
        return self._near.near(collection, vectors, k)

    def accepted(self, video_ids: Collection[str]) -> dict[str, list[AcceptedTag]]:
        """The accepted tags of each of some videos; a video without any is absent."""
        return accepted_tags(self._store.engine, video_ids) if video_ids else {}

    def alike(self, video_ids: Sequence[str], likeness: Likeness, tagged: frozenset[str]) -> dict[str, list[set[str]]]:
        """For each clip of each of some videos, other videos with tags of which a clip looks like it; a video of which
        it is not known what it looks like is absent.

        Where very many have tags, and few will be asked about, the index is asked, which also counts clips of videos
        without tags, and finds nearly all.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        with self._lock:
            prepared = self._prepared.get(likeness.collection)
            if prepared is None:
                prepared = self._prepared[likeness.collection] = PreparedVectors(
                    self._store.vectors, likeness.collection
                )
        few = len(tagged) <= max(FEW, WORTH * self.expected)
        those = prepared.hold(tagged) if few else None
        known = those.of(video_ids) if those is not None else {}
        missing = [one for one in video_ids if one not in known]
        if missing:
            read = by_video(*self._store.vectors.fetch(likeness.collection, video_ids=missing))
            known |= {one: vectors for one, (_, vectors) in read.items()}
        if those is not None:
            return those.alike(known, likeness.more, likeness.least)
        ask = partial(self._store.vectors.query_all, likeness.collection, least=likeness.least)
        return {
            one: [
                {hit.video_id for hit in near} & tagged - {one} for near in ask(vectors, k=len(vectors) + likeness.more)
            ]
            for one, vectors in known.items()
        }
