"""Other videos, as the sources that give their tags ask for them: what is read for it is kept from video to video."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from encoders.types import Vectors
from stores.library_store import LibraryStore
from stores.tags.recall.tagged import TaggedVideos
from stores.vectors.near_videos import NearVideos
from stores.vectors.prepared import PreparedVectors

FEW = 200
"""Videos with tags that are read even if one video is asked about. Source: our choice: about a third of a second."""

WORTH = 10
"""Videos with tags that are read for each one that will be asked about. Source: measured: reading one takes 1.5 ms, and
asking the index instead of what was read 15 ms more."""


MANY = 500
"""Videos from which on it pays to read what vectors stand for at once. Source: measured: 3 µs each, 25 one by one."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a video looks like, and what looks like it.

    Attributes:
        vectors: reads those of its clips (n, d).
        least: cosine of two clips from which they are alike.
        more: how many of the nearest clips are looked at for each of its clips, beyond as many as it has.
    """

    video_id: str
    collection: str
    vectors: Callable[[], Vectors]
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

    def alike(self, look: Look, tagged: frozenset[str]) -> list[set[str]]:
        """For each clip of this video, those with tags of which a clip looks like it.

        Where very many have tags, and few will be asked about, the index is asked, which also counts clips of videos
        without tags, and finds nearly all.

        Raises:
            StoreError: VECTOR_STORE_FAILED.
        """
        with self._lock:
            prepared = self._prepared.get(look.collection)
            if prepared is None:
                prepared = self._prepared[look.collection] = PreparedVectors(self._store.vectors, look.collection)
        few = len(tagged) <= max(FEW, WORTH * self.expected)
        those = prepared.hold(tagged) if few else None
        if those is not None:
            own = those.of(look.video_id)
            vectors = look.vectors() if own is None else own
            return those.alike(vectors, len(vectors) + look.more, look.least, look.video_id)
        vectors = look.vectors()
        near = self._store.vectors.query_all(look.collection, vectors, len(vectors) + look.more, look.least)
        return [{hit.video_id for hit in some} & tagged - {look.video_id} for some in near]
