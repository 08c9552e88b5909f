"""What a search found: moments, or whole videos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from kinodex.schemas.base import Document, Number
from kinodex.schemas.explain import ExplanationDocument, explanation

if TYPE_CHECKING:
    from agents.search.finder import Found
    from agents.search.videos import FoundVideos
    from stores.core.records import Span
    from stores.entries import IndexHealth

Verdict = Literal["match", "no_match"]


class Index(Document):
    """How much of the library can be searched: ``state`` is ``complete``, ``partial`` or ``empty``."""

    state: str
    videos_indexed: int
    videos_known: int


class MomentIndex(Index):
    """As `Index`; `kinodex reembed` makes new vectors for those that the last two count.

    Attributes:
        videos_former: searched by vectors of a former model.
        videos_unserved: with vectors of a model that is not available here.
    """

    videos_former: int
    videos_unserved: int


class Place(Document):
    """A span of a video, in seconds."""

    video_id: str
    uri: str
    start: Number
    end: Number


class MomentFound(Document):
    """A moment: a span of a video, and why.

    Attributes:
        score: calibrated confidence in [0, 1]; 0.5 and more counts as a match.
        channels: what each channel contributed.
        text: the line that explains the hit best.
        thumbnail: path of the picture; "" if there is none.
        also: near-duplicates that were left out of the results.
    """

    rank: int
    video_id: str
    uri: str
    start: Number
    end: Number
    score: Number
    channels: dict[str, Number]
    text: str
    thumbnail: str
    also: list[Place]


class SearchDocument(Document):
    """What `kinodex search` found.

    Attributes:
        verdict: whether the best moment is a match. "No match" is about what is indexed; see ``index``.
        explain: why, if that was asked for.
    """

    left_out: ClassVar[frozenset[str]] = frozenset({"explain"})

    query: str
    verdict: Verdict
    index: MomentIndex
    results: list[MomentFound]
    explain: ExplanationDocument | None = None


class VideoFound(Document):
    """A video that is about the query as a whole; ``score`` as in `MomentFound`, ``likeness`` is what ranks."""

    rank: int
    video_id: str
    score: Number
    ratio: Number
    likeness: Number
    uri: str


class SearchVideosDocument(Document):
    """What `kinodex search --videos` found; ``index`` counts videos that have vectors of ``head``."""

    query: str
    verdict: Verdict
    head: str
    index: Index
    videos: list[VideoFound]


def search(found: Found, uris: Mapping[str, str]) -> SearchDocument:
    """The document of a search.

    Args:
        uris: of each video, by id.
    """
    index = found.index
    return SearchDocument(
        query=found.query,
        verdict=found.verdict,
        index=MomentIndex(
            state=index.state,
            videos_indexed=index.videos_indexed,
            videos_known=index.videos_known,
            videos_former=index.videos_former,
            videos_unserved=index.videos_unserved,
        ),
        results=[
            MomentFound(
                rank=moment.rank,
                video_id=moment.video_id,
                uri=uris.get(moment.video_id, ""),
                start=moment.span.seconds[0],
                end=moment.span.seconds[1],
                score=moment.score,
                channels=dict(moment.channels),
                text=moment.text,
                thumbnail=moment.thumbnail,
                also=[_place(other.video_id, other.span, uris) for other in moment.also],
            )
            for moment in found.moments
        ],
        explain=explanation(found.explanation, uris) if found.explanation is not None else None,
    )


def search_videos(found: FoundVideos, uris: Mapping[str, str]) -> SearchVideosDocument:
    """The document of a search for whole videos."""
    return SearchVideosDocument(
        query=found.query,
        verdict=found.verdict,
        head=found.head,
        index=_index(found.index),
        videos=[
            VideoFound(
                rank=one.rank,
                video_id=one.video_id,
                score=one.score,
                ratio=one.ratio,
                likeness=one.likeness,
                uri=uris.get(one.video_id, ""),
            )
            for one in found.videos
        ],
    )


def _index(health: IndexHealth) -> Index:
    return Index(state=health.state, videos_indexed=health.videos_indexed, videos_known=health.videos_known)


def _place(video_id: str, span: Span, uris: Mapping[str, str]) -> Place:
    start, end = span.seconds
    return Place(video_id=video_id, uri=uris.get(video_id, ""), start=start, end=end)
