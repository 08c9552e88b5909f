"""Tag many videos and store the decisions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from agents.llm.failures import of_one_answer
from stores.core.errors import EndpointError, UsageError

if TYPE_CHECKING:
    from agents.tagging.graph import Tagger
    from stores.core.records import Decision
    from stores.library_store import LibraryStore

_log = logging.getLogger(__name__)


def tag_videos(
    store: LibraryStore,
    tagger: Tagger,
    video_ids: Iterable[str],
    finished: Callable[[str], None] | None = None,
    failed: Callable[[str, EndpointError], None] | None = None,
) -> dict[str, tuple[Decision, ...]]:
    """Decide about every tag of the library for each video, one after the other.

    Each video's decisions are saved before the next one is begun, so an interruption loses one video at most. Videos
    that are forgotten and tags that are removed meanwhile are left out, and so are videos about which a language model
    gives no answer of any use: their former decisions stay.

    Args:
        finished: called with each video id once its decisions are saved.
        failed: called with each video that is left out because of the model's answer, and the error.

    Returns:
        decisions by video id, strongest first.

    Raises:
        UsageError: UNKNOWN_VIDEO for a video that has not been indexed.
        EndpointError: if a language model is set and cannot be reached or refuses; or if its answers about all videos
            were of no use, the first of those errors.
    """
    decided: dict[str, tuple[Decision, ...]] = {}
    errors: list[EndpointError] = []
    for video_id in video_ids:
        try:
            made = tagger.tag(video_id)
            # Locked only now: other writers need not wait for a model.
            with store.writer():
                there = store.tags.known([decision.tag_id for decision in made])
                made = tuple(decision for decision in made if decision.tag_id in there)
                store.tags.save_decisions(video_id, made)
                # What an interrupted batch decided about it is out of date now.
                store.tag_runs.forget_staged([video_id])
        except UsageError as error:
            if error.code.name != "UNKNOWN_VIDEO" or store.catalog.entries([video_id]):
                raise
            continue  # forgotten
        except EndpointError as error:
            if not of_one_answer(error):
                raise
            _log.warning("%s is not tagged: %s", video_id, error.code)
            errors.append(error)
            if failed is not None:
                failed(video_id, error)
            continue
        decided[video_id] = made
        if finished is not None:
            finished(video_id)
    if errors and not decided:
        raise errors[0]
    return decided
