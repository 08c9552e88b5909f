"""Finding moments and whole videos, and answering questions from them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from kinodex.usecases.config import open_eyes, perception_config

if TYPE_CHECKING:
    from agents.answering.claims import Answer
    from agents.chat.answerer import Answerer
    from agents.llm import LLM
    from agents.search.finder import Finder, Found
    from agents.search.videos import FoundVideos, VideoFinder
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore


def open_finder(store: LibraryStore, encoders: Encoders, settings: Settings) -> Finder:
    """Finds moments, with the steps after recall that the settings ask for."""
    from agents.search.finder import Finder
    from kinodex.usecases.provenance import provenance

    return Finder(
        store, encoders, settings.search.config(), lambda: provenance(encoders, perception_config(encoders, settings))
    )


def open_video_finder(store: LibraryStore, encoders: Encoders, settings: Settings) -> VideoFinder:
    """Finds whole videos, by vectors that [perception.vectors] video makes."""
    from agents.search.videos import VideoFinder

    return VideoFinder(store, encoders, perception_config(encoders, settings).vectors.head)


def search(
    finder: Finder,
    query: str,
    k: int = 10,
    duplicates: bool = False,
    explain: bool = False,
    video_ids: Sequence[str] | None = None,
) -> Found:
    """The ``k`` best moments for a query in any language.

    Args:
        duplicates: also show moments that look the same as a better one; else they are listed in its ``also``.
        explain: say why, too.
        video_ids: look only in these; None for all.
    """
    return finder.search(query, k, video_ids, duplicates=duplicates, explained=explain)


def search_videos(finder: VideoFinder, query: str, k: int = 10) -> FoundVideos:
    """The ``k`` videos that are most about a query as a whole.

    Raises:
        UsageError: USAGE if the settings keep no such vectors.
    """
    return finder.search(query, k)


def open_answerer(
    store: LibraryStore, encoders: Encoders, finder: Finder, llm: LLM | None, settings: Settings
) -> Answerer:
    """Answers single questions, each within the limits of a turn of a conversation; with a model that can see, what was
    recognised is looked at before it is claimed."""
    from agents.chat.answerer import Answerer

    limits = settings.chat.limits(settings.endpoint)
    return Answerer(store, encoders, llm, finder, limits, open_eyes(store, llm, settings.endpoint))


def ask(store: LibraryStore, answerer: Answerer, question: str, videos: Sequence[str] | None = None) -> Answer:
    """Answer from what was seen and heard, with citations, or abstain.

    Args:
        videos: look only in these; video ids, paths or names.

    Raises:
        UsageError: UNKNOWN_VIDEO.
    """
    only = [store.catalog.resolve(video) for video in videos] if videos else None
    return answerer.ask(question, video_ids=only)


def exact_words(store: LibraryStore, query: str, k: int, video_ids: Sequence[str] | None = None) -> Found:
    """The moments with a line that holds all the words of a query.

    Raises:
        UsageError: USAGE if it holds no word.
    """
    from agents.search.ways.exact import exact

    return exact(store, query, k, video_ids)


def similar_moments(
    store: LibraryStore,
    encoders: Encoders,
    video_id: str,
    seconds: tuple[float, float],
    k: int,
    video_ids: Sequence[str] | None = None,
) -> Found:
    """The moments that look most like one of a video; none if that is not probed or not indexed."""
    from agents.search.ways.similar import similar
    from stores.core.records import Span

    known = store.catalog.video(video_id)
    base = known.time_base if known is not None else Fraction(1, 1000)
    return similar(store, encoders, video_id, Span.from_seconds(*seconds, base), k, video_ids)
