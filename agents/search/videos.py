"""Finding whole videos: which of them are about something, by what each is as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from agents.search.finder import RECALL, SEARCHED_STAGES
from agents.search.keystrokes import names_nothing
from agents.search.pictures import PictureCollection, near_pictures
from agents.search.scoring import MATCH_RATIO, confidence
from encoders.bundle import Encoders
from encoders.heads.specs import HeadSpec, VideoHead
from encoders.heads.video import open_head
from encoders.spaces import video_collections
from stores.core.errors import UsageError
from stores.entries import IndexHealth
from stores.holdings import count_videos
from stores.library_store import LibraryStore

_SETTING = 'Set video = "mean" under [perception.vectors] and run `kinodex ingest` again: no video is decoded again.'


@dataclass(frozen=True, slots=True)
class FoundVideo:
    """A video, and how well it matches as a whole.

    Attributes:
        score: calibrated confidence in [0, 1]; 0.5 and more counts as a match.
        ratio: the score before calibration (see `agents.search.scoring`).
        likeness: the ranking score: cosine with the nearest of the video's vectors, or the head's mean over its spaces.
    """

    rank: int
    video_id: str
    score: float
    ratio: float
    likeness: float


@dataclass(frozen=True, slots=True)
class FoundVideos:
    """The result of a search for videos. ``index`` counts those with vectors of the present head as indexed."""

    query: str
    verdict: Literal["match", "no_match"]
    head: str
    index: IndexHealth
    videos: tuple[FoundVideo, ...]


class VideoFinder:
    """Searches the vectors of whole videos of one library.

    Args:
        head: the model of these vectors; None if the settings have none.
    """

    def __init__(self, store: LibraryStore, encoders: Encoders, head: HeadSpec | None) -> None:
        self._store = store
        self._encoders = encoders
        self._head = head
        self._opened: VideoHead | None = None
        self._counted = -1, 0

    def search(self, query: str, k: int = 10, video_ids: Sequence[str] | None = None) -> FoundVideos:
        """The ``k`` best videos for a query in any language.

        Args:
            video_ids: search these only; None for all.

        Raises:
            UsageError: USAGE if the query is empty, ``k`` < 1, or the settings keep no vectors of whole videos.
            WeightsError: as `encoders.heads.video.open_head`.
        """
        if not query.strip():
            raise UsageError(
                "USAGE", "There is nothing to look for: the text is empty.", "Say what you look for, in any language."
            )
        if k < 1:
            raise UsageError("USAGE", f"Cannot show {k} results.", "Ask for 1 or more with -k.")
        if self._head is None:
            raise UsageError("USAGE", "The settings keep no vectors of whole videos.", _SETTING)
        names = video_collections(self._encoders, self._head.collections)
        health = self._health(names[0], video_ids)
        if not health.videos_indexed or names_nothing(query, self._store, self._encoders, video_ids):
            return FoundVideos(query, "no_match", self._head.name, health, ())
        if self._opened is None:
            self._opened = open_head(self._head, self._encoders)
        query_vectors, shares = self._opened.queries([query]), self._opened.shares
        nearest: dict[str, tuple[float, float]] = {}
        pictures = PictureCollection(self._store, self._encoders, names[0])
        for hit, ratio in near_pictures(query, pictures, RECALL, video_ids, query_vectors[0]):
            # The nearest first, so that a video's best vector stands for it.
            nearest.setdefault(hit.video_id, (hit.similarity, ratio))
        likeness = {video_id: shares[0] * similarity for video_id, (similarity, _) in nearest.items()}
        for name, share, vectors in zip(names[1:], shares[1:], query_vectors[1:], strict=True):
            for hit in self._store.vectors.query(name, vectors[0], len(nearest), video_ids=list(nearest)):
                likeness[hit.video_id] += share * hit.similarity
        order = sorted(nearest, key=lambda video_id: (-likeness[video_id], video_id))[:k]
        videos = tuple(
            FoundVideo(rank, video_id, confidence(nearest[video_id][1]), nearest[video_id][1], likeness[video_id])
            for rank, video_id in enumerate(order, start=1)
        )
        verdict: Literal["match", "no_match"] = (
            "match" if any(one.ratio >= MATCH_RATIO for one in videos) else "no_match"
        )
        return FoundVideos(query, verdict, self._head.name, health, videos)

    def _health(self, collection: str, video_ids: Sequence[str] | None) -> IndexHealth:
        health = self._store.catalog.index_health(SEARCHED_STAGES, video_ids)
        if video_ids is not None:
            return _health_by(health, count_videos(self._store, collection, video_ids=video_ids))
        revision = self._store.catalog.revision()
        kept, there = self._counted
        if kept != revision:
            # Between two commits they are counted once.
            there = count_videos(self._store, collection)
            self._counted = revision, there
        return _health_by(health, there)


def _health_by(health: IndexHealth, there: int) -> IndexHealth:
    """``health`` with the number of videos that have vectors as that of those indexed."""
    state: Literal["complete", "partial", "empty"] = "partial"
    if not there or there >= health.videos_known:
        state = "complete" if there else "empty"
    return replace(health, state=state, videos_indexed=there)
