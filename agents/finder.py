"""Finding moments: recall from several channels, fuse, explain, and tell "no match" from "not indexed"."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agents.scoring import (
    LABEL_WEIGHT,
    OBJECT_WEIGHT,
    TEXT_FLOOR,
    TEXT_WEIGHT,
    QueryScale,
    confidence,
    lexical,
    query_scales,
)
from agents.twins import Twins
from agents.words import content_terms, coverage
from encoders.bundle import Encoders
from encoders.spaces import collections
from encoders.types import Vectors
from stores.entries import IndexHealth
from stores.errors import UsageError
from stores.library_store import LibraryStore
from stores.records import Clip, Evidence, Span, StageKey

SEARCHED_STAGES = ("vectors",)
"""A video is indexed when its clip vectors are done; they rest on all other stages."""

RECALL = 300
"""Vectors taken from each channel before fusion."""

PER_VIDEO = 3
"""Moments shown of one video, so that a long one does not push out the others."""


@dataclass(frozen=True, slots=True)
class Also:
    """Where else the same is shown: a near-duplicate that was left out of the results."""

    video_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Moment:
    """A search result: a video, a span, why.

    Attributes:
        score: calibrated confidence in [0, 1]; 0.5 and more counts as a match.
        ratio: the fused score before calibration (see `agents.scoring`); the order of results.
        channels: what each channel gave to ``ratio``; they add up to it.
        text: the line that explains the hit best.
        thumbnail: where the picture lies, "" if there is none.
        also: moments that show the same (`agents.twins`) and would have come after it.
    """

    rank: int
    video_id: str
    clip_id: str
    span: Span
    score: float
    ratio: float
    channels: dict[str, float]
    text: str
    thumbnail: str
    also: tuple[Also, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """All that a search tells. ``verdict`` is about the library's content, ``index`` about what is searched of it."""

    query: str
    verdict: Literal["match", "no_match"]
    index: IndexHealth
    moments: tuple[Moment, ...]


@dataclass(slots=True)
class _Candidate:
    video_id: str
    clip: Clip
    channels: dict[str, float] = field(default_factory=dict)
    line: str = ""
    line_worth: float = 0.0

    def offer(self, channel: str, worth: float, line: str = "") -> None:
        if worth > self.channels.get(channel, 0.0):
            self.channels[channel] = worth
        if line and worth > self.line_worth:
            self.line, self.line_worth = line, worth


class Finder:
    """Searches one library. Holds no lock; several may be open at once."""

    def __init__(self, store: LibraryStore, encoders: Encoders) -> None:
        self._store = store
        self._encoders = encoders
        self._collections = collections(encoders)
        self._active: Mapping[tuple[str, str], str] = {}
        self._clips: dict[str, list[Clip]] = {}
        self._labels: dict[str, list[Evidence]] = {}
        self._twins = Twins(store)

    def search(
        self, query: str, k: int = 10, video_ids: Sequence[str] | None = None, *, duplicates: bool = False
    ) -> Found:
        """The ``k`` best moments for a query in any language.

        Args:
            video_ids: look only in these.
            duplicates: also show moments that show the same as a better one; else they are told in its ``also``.

        Raises:
            UsageError: USAGE if the query is empty or ``k`` < 1.
        """
        if not query.strip():
            raise UsageError(
                "USAGE", "There is nothing to look for: the text is empty.", "Say what you look for, in any language."
            )
        if k < 1:
            raise UsageError("USAGE", f"Cannot show {k} results.", "Ask for 1 or more with -k.")
        health = self._store.catalog.index_health(SEARCHED_STAGES)
        if not health.videos_indexed:
            return Found(query, "no_match", health, ())
        vector = self._encoders.text.encode_queries([query])
        (scale,) = query_scales(vector, self._encoders.concepts)
        candidates = self._recall(query, vector, scale, video_ids)
        per_video = PER_VIDEO if video_ids is None or len(video_ids) > 1 else k
        moments = self._rank(candidates, k, per_video, duplicates)
        verdict: Literal["match", "no_match"] = "match" if moments and moments[0].score >= 0.5 else "no_match"
        return Found(query, verdict, health, moments)

    def _recall(
        self, query: str, vectors: Vectors, scale: QueryScale, video_ids: Sequence[str] | None
    ) -> list[_Candidate]:
        pool: dict[str, _Candidate] = {}
        clips = self._all_clips()
        for channel, collection, weight in (
            ("picture", self._collections.picture, 1.0),
            ("object", self._collections.object, OBJECT_WEIGHT),
        ):
            for hit in self._store.vectors.query(collection, vectors[0], RECALL, video_ids=video_ids):
                candidate = self._candidate(pool, clips, hit.video_id, hit.start, hit.end, hit.clip_id)
                if candidate and (z := scale.z(hit.similarity)) > 0:
                    candidate.offer(channel, weight * scale.ratio(z))
        for hit in self._store.vectors.query(self._collections.text, vectors[0], RECALL, video_ids=video_ids):
            z = scale.z(hit.similarity) - TEXT_FLOOR
            candidate = self._candidate(pool, clips, hit.video_id, hit.start, hit.end) if z > 0 else None
            if candidate:
                candidate.offer(hit.channel, TEXT_WEIGHT * scale.ratio(z))
        self._recall_words(query, pool, clips, video_ids)
        return list(pool.values())

    def _recall_words(
        self, query: str, pool: dict[str, _Candidate], clips: dict[str, list[Clip]], video_ids: Sequence[str] | None
    ) -> None:
        terms = content_terms(query, self._encoders.concepts.vocabulary)
        hits = self._store.fulltext.search(query, RECALL, video_ids=video_ids) if terms else []
        lines = self._store.catalog.evidence([hit.evidence_id for hit in hits])
        best: dict[tuple[str, str], float] = defaultdict(float)
        for line in lines.values():
            share = coverage(terms, line.search_text)
            if not share or line.channel == "format":
                continue
            spoken = line.channel in ("speech", "screen")
            worth = lexical(share) if spoken else LABEL_WEIGHT * lexical(share) * min(1.0, 2.0 * line.confidence)
            for candidate in self._touched(pool, clips, line):
                key = (candidate.clip.clip_id, line.channel)
                gain = max(0.0, worth - best[key])
                best[key] += gain
                candidate.channels[line.channel] = candidate.channels.get(line.channel, 0.0) + gain
                if worth > candidate.line_worth:
                    candidate.line, candidate.line_worth = line.text, worth

    def _touched(self, pool: dict[str, _Candidate], clips: dict[str, list[Clip]], line: Evidence) -> list[_Candidate]:
        """Candidates whose clip holds the middle of a spoken or written line, or overlaps an object or a label."""
        touched = []
        for clip in clips.get(line.video_id, ()):
            middle = (line.span.start + line.span.end) // 2
            if clip.span.contains(middle) or (line.channel in ("object", "picture") and clip.span.overlap(line.span)):
                touched.append(pool.setdefault(clip.clip_id, _Candidate(line.video_id, clip)))
        return touched

    def _candidate(
        self,
        pool: dict[str, _Candidate],
        clips: dict[str, list[Clip]],
        video_id: str,
        start: int,
        end: int,
        clip_id: str = "",
    ) -> _Candidate | None:
        if clip_id in pool:
            return pool[clip_id]
        middle = (start + end) // 2
        for clip in clips.get(video_id, ()):
            if clip.clip_id == clip_id or (not clip_id and clip.span.contains(middle)):
                return pool.setdefault(clip.clip_id, _Candidate(video_id, clip))
        return None

    def _rank(self, candidates: list[_Candidate], k: int, per_video: int, duplicates: bool) -> tuple[Moment, ...]:
        """The best ``k``; a twin of a better one goes into that one's ``also`` and makes room for the next."""
        ordered = sorted(candidates, key=lambda c: (-sum(c.channels.values()), c.video_id, c.clip.span.start))
        self._twins.refresh()
        shown: dict[str, int] = defaultdict(int)
        best: list[tuple[_Candidate, list[Also]]] = []
        for candidate in ordered:
            if len(best) == k:
                break
            if shown[candidate.video_id] == per_video:
                continue
            twin = None if duplicates else self._twin(candidate, best)
            if twin is not None:
                twin.append(Also(candidate.video_id, candidate.clip.span))
                continue
            shown[candidate.video_id] += 1
            best.append((candidate, []))
        return tuple(self._moment(rank, *one) for rank, one in enumerate(best, start=1))

    def _twin(self, candidate: _Candidate, best: list[tuple[_Candidate, list[Also]]]) -> list[Also] | None:
        place = (candidate.video_id, candidate.clip.span)
        return next((also for one, also in best if self._twins.same((one.video_id, one.clip.span), place)), None)

    def _moment(self, rank: int, candidate: _Candidate, also: list[Also]) -> Moment:
        ratio = sum(candidate.channels.values())
        return Moment(
            rank=rank,
            video_id=candidate.video_id,
            clip_id=candidate.clip.clip_id,
            span=candidate.clip.span,
            score=confidence(ratio),
            ratio=ratio,
            channels={name: worth for name, worth in sorted(candidate.channels.items()) if worth > 0},
            text=candidate.line or self._describe(candidate),
            thumbnail=self._thumbnail(candidate),
            also=tuple(also),
        )

    def _describe(self, candidate: _Candidate) -> str:
        """The strongest labels of the clip, where no line of text made the hit."""
        if candidate.video_id not in self._labels:
            self._labels[candidate.video_id] = self._store.catalog.evidence_of(candidate.video_id, "picture")
        there = [label for label in self._labels[candidate.video_id] if label.span == candidate.clip.span]
        strongest = sorted(there, key=lambda label: -label.confidence)[:3]
        return ", ".join(label.text for label in strongest)

    def _thumbnail(self, candidate: _Candidate) -> str:
        fingerprint = self._active.get((candidate.video_id, "thumbnails"))
        if not fingerprint or not candidate.clip.thumbnail:
            return ""
        return self._store.blobs.uri(StageKey(candidate.video_id, "thumbnails", fingerprint), candidate.clip.thumbnail)

    def _all_clips(self) -> dict[str, list[Clip]]:
        """Clips by video; read again only when something was committed since."""
        active = self._store.catalog.active()
        if active is not self._active:
            self._active, self._clips, self._labels = active, self._store.catalog.clips_by_video(), {}
        return self._clips
