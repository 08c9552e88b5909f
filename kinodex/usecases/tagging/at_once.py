"""Whether tags that just changed are decided at once: where that takes seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore

MOST = 20
"""Tags that are decided at once. Source: our choice: about a second each in a library of 10,000 videos."""

MOST_ENCODED = 200
"""Names without vectors up to which they are. Source: our choice: some seconds."""


def is_quick(store: LibraryStore, encoders: Encoders, settings: Settings, tag_ids: Sequence[str]) -> bool:
    """Whether tags that changed can be decided at once.

    Not where there are many of them, where most of the vocabulary was never used, and where a language model judges
    every video; nor where no video is indexed: there is nothing to decide.
    """
    from kinodex.usecases.tagging.retagging import names_to_encode

    endpoint = settings.endpoint
    if not 0 < len(tag_ids) <= MOST or (endpoint.configured and not endpoint.local):
        return False
    tags = [tag for tag in store.tags.tags() if tag.status == "active"]
    if not {tag.tag_id for tag in tags} & set(tag_ids) or not store.catalog.index_health(["vectors"]).videos_indexed:
        return False
    return names_to_encode(store, encoders, tags) <= MOST_ENCODED
