"""Likely doubles of tags, and proposals for new ones: found for people, who decide."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agents.tagging.neighbours import NearNames
    from agents.tagging.proposals.finding import Search
    from encoders.bundle import Encoders
    from stores.core.records import Tag
    from stores.library_store import LibraryStore

OnProgress = Callable[[int, int, str], None]


def near_tags(
    store: LibraryStore, encoders: Encoders, on_progress: OnProgress | None = None
) -> list[tuple[Tag, Tag, float]]:
    """Pairs of active tags whose names mean nearly the same, the nearest first, each with its cosine.

    Args:
        on_progress: called with (done, total, what) while names that are new are encoded.
    """
    from agents.tagging.neighbours import name_vectors, near_pairs

    tags = [tag for tag in store.tags.tags() if tag.status == "active"]

    def on_encoded(done: int, of: int) -> None:
        if on_progress is not None:
            on_progress(done, of, "encoding new tags")

    vectors = name_vectors([tag.name for tag in tags], encoders, store.tag_vectors, on_encoded)
    found: list[NearNames] = near_pairs(vectors)
    return [(tags[one.first], tags[one.second], one.likeness) for one in found]


def encode_names(store: LibraryStore, encoders: Encoders, most: int) -> int:
    """Encodes some names of active tags for `near_tags`, at most ``most``; how many are left."""
    from agents.tagging.neighbours import encode_some

    names = [tag.name for tag in store.tags.tags() if tag.status == "active"]
    return encode_some(names, encoders, store.tag_vectors, most)


def refresh_proposals(store: LibraryStore, encoders: Encoders, on_progress: OnProgress | None = None) -> Search:
    """Look through a sample of the library for what no tag covers, and keep it instead of the open proposals.

    Each time another sample, where the library has more videos than are looked through at once.
    """
    from agents.tagging.proposals.finding import MOST_VIDEOS, find_proposals

    begin = f"vid_{secrets.token_hex(4)}" if store.catalog.count() > MOST_VIDEOS else ""
    found = find_proposals(store, encoders, store.tags.tags(), begin, on_progress)
    store.proposals.put(found.found)
    return found
