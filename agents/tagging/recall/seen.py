"""What one video shows and says, as recall reads it: each part once, or that of many videos together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.types import Vectors
from stores.core.records import Channel, Evidence
from stores.library_store import LibraryStore
from stores.people.seen import SeenFaces, faces_of
from stores.tags.recall.clicks import Clicks
from stores.tags.recall.products import Product
from stores.tags.recall.seen import Boxes, SeenThings, SeenTurn, boxes_of, clips_of, lines_of, things_of, turns_of
from stores.vectors.rows import VectorHit, by_video

LINES: tuple[Channel, ...] = ("speech", "screen", "caption", "format", "sound")
"""Channels whose lines are compared with names of tags."""

_Found = tuple[list[VectorHit], Vectors]


class Seen:
    """One video. Parts are read when they are first needed, in whatever thread.

    Attributes:
        kept: what sources made of it for one tag library (`agents.tagging.recall.case.Case.once`).
    """

    def __init__(self, video_id: str, store: LibraryStore, encoders: Encoders) -> None:
        self.video_id = video_id
        self._store = store
        self._encoders = encoders
        self.kept: dict[str, Any] = {}

    @cached_property
    def clips(self) -> int:
        """How many clips it has; 0 if it is not indexed."""
        return self._cut[0]

    @cached_property
    def length(self) -> int:
        """The end of its last clip, in ticks; 0 if it is not indexed."""
        return self._cut[1]

    @cached_property
    def _cut(self) -> tuple[int, int]:
        return clips_of(self._store.engine, [self.video_id]).get(self.video_id, (0, 0))

    @cached_property
    def things(self) -> SeenThings:
        """What was recognised in it."""
        return things_of(self._store.engine, [self.video_id])[self.video_id]

    @cached_property
    def faces(self) -> SeenFaces:
        """Whose faces are seen in it."""
        return faces_of(self._store.engine, [self.video_id])[self.video_id]

    @cached_property
    def turns(self) -> tuple[SeenTurn, ...]:
        """Whose voice speaks when, in order of time."""
        return turns_of(self._store.engine, [self.video_id])[self.video_id]

    @cached_property
    def lines(self) -> dict[Channel, list[Evidence]]:
        """Its lines by channel (`LINES`), in order of time."""
        return by_channel(lines_of(self._store.engine, [self.video_id], LINES)[self.video_id])

    @cached_property
    def pictures(self) -> _Found:
        """The vectors of its clips in the space of pictures and the texts that go with them."""
        return self._fetched(collections(self._encoders).picture)

    @cached_property
    def texts(self) -> _Found:
        """The vectors of what is said and written, in the space of texts."""
        return self._fetched(collections(self._encoders).text)

    @cached_property
    def products(self) -> list[Product]:
        """The products it has."""
        return self._store.products.of_videos([self.video_id]).get(self.video_id, [])

    @cached_property
    def clicks(self) -> list[Clicks]:
        """The searches that led to it."""
        return self._store.clicks.of_videos([self.video_id]).get(self.video_id, [])

    def boxes(self, concepts: Iterable[str]) -> Mapping[str, Boxes]:
        """Where things of some concepts are in the picture, by the evidence of their tracks."""
        return boxes_of(self._store.engine, self.video_id, concepts)

    def _fetched(self, collection: str) -> _Found:
        return self._store.vectors.fetch(collection, video_ids=[self.video_id])


def by_channel(lines: Iterable[Evidence]) -> dict[Channel, list[Evidence]]:
    """Lines by their channel; a channel of `LINES` without any is there, too."""
    found: dict[Channel, list[Evidence]] = {channel: [] for channel in LINES}
    for line in lines:
        found.setdefault(line.channel, []).append(line)
    return found


def seen_of(video_ids: Sequence[str], store: LibraryStore, encoders: Encoders) -> dict[str, Seen]:
    """Many videos, read in a few requests instead of some for each."""
    seen = {one: Seen(one, store, encoders) for one in video_ids}
    clips = clips_of(store.engine, video_ids)
    things, lines = things_of(store.engine, video_ids), lines_of(store.engine, video_ids, LINES)
    faces, turns = faces_of(store.engine, video_ids), turns_of(store.engine, video_ids)
    products, clicks = store.products.of_videos(video_ids), store.clicks.of_videos(video_ids)
    names = collections(encoders)
    vectors = [by_video(*store.vectors.fetch(name, video_ids=video_ids)) for name in (names.picture, names.text)]
    for one, case in seen.items():
        parts = {
            "_cut": clips.get(one, (0, 0)),
            "things": things[one],
            "faces": faces[one],
            "turns": turns[one],
            "lines": by_channel(lines[one]),
            "products": products.get(one, []),
            "clicks": clicks.get(one, []),
            "pictures": vectors[0].get(one, _NOTHING),
            "texts": vectors[1].get(one, _NOTHING),
        }
        case.__dict__.update(parts)  # where `cached_property` keeps them
    return seen


_NOTHING: _Found = ([], np.zeros((0, 0), np.float32))
