"""Tags that just changed are decided at once, where that takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.schemas.tagging.explained import RetaggedDocument

MOST = 20
"""Tags that are decided at once. Source: our choice: about a second each in a library of 10,000 videos."""

MOST_ENCODED = 200
"""Names without vectors up to which they are. Source: our choice: some seconds."""

OnProgress = Callable[[int, int, str], None]


def decide_at_once(
    library: Library, tag_ids: Sequence[str], on_progress: OnProgress = lambda _done, _of, _what: None
) -> RetaggedDocument | None:
    """Decides about tags that just changed; None if that is left to `kinodex tags decide` or a job.

    It is where there are many of them, where most of the vocabulary was never used, and where a language model judges
    every video. Where no video is indexed there is nothing to decide.

    Raises:
        EndpointError, StoreError: as `workflows.tagging.retagging.decide_tags`; the change stays made.
    """
    from kinodex.usecases.tagging.retagging import retag

    if not 0 < len(tag_ids) <= MOST or not _is_quick(library, tag_ids):
        return None
    tagger = library.tagger(lambda done, of: on_progress(done, of, "encoding new tags"))
    return retag(library.store, tagger, tag_ids, lambda seen, of: on_progress(seen, of, "videos"))


def _is_quick(library: Library, tag_ids: Sequence[str]) -> bool:
    from kinodex.usecases.tagging.retagging import names_to_encode

    endpoint, store = library.settings.endpoint, library.store
    if endpoint.configured and not endpoint.local:
        return False
    tags = [tag for tag in store.tags.tags() if tag.status == "active"]
    if not {tag.tag_id for tag in tags} & set(tag_ids) or not store.catalog.index_health(["vectors"]).videos_indexed:
        return False
    return names_to_encode(store, library.encoders, tags) <= MOST_ENCODED
