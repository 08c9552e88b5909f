"""Tag many videos and store the decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from stores.core.errors import UsageError

if TYPE_CHECKING:
    from agents.tagging.graph import Tagger
    from stores.core.records import Decision
    from stores.library_store import LibraryStore


def tag_videos(
    store: LibraryStore,
    tagger: Tagger,
    video_ids: Iterable[str],
    finished: Callable[[str], None] | None = None,
) -> dict[str, tuple[Decision, ...]]:
    """Decide about every tag of the library for each video, one after the other.

    Each video's decisions are saved before the next one is begun, so an interruption loses one video at most. Videos
    that are forgotten and tags that are removed meanwhile are left out.

    Args:
        finished: called with each video id once its decisions are saved.

    Returns:
        decisions by video id, strongest first.

    Raises:
        UsageError: UNKNOWN_VIDEO for a video that has not been indexed.
        EndpointError: if a language model is set and fails.
    """
    decided: dict[str, tuple[Decision, ...]] = {}
    for video_id in video_ids:
        try:
            made = tagger.tag(video_id)
            # Locked only now: other writers need not wait for a model.
            with store.writer():
                there = store.tags.known([decision.tag_id for decision in made])
                made = tuple(decision for decision in made if decision.tag_id in there)
                store.tags.save_decisions(video_id, made)
        except UsageError as error:
            if error.code.name != "UNKNOWN_VIDEO" or store.catalog.entries([video_id]):
                raise
            continue  # forgotten
        decided[video_id] = made
        if finished is not None:
            finished(video_id)
    return decided
