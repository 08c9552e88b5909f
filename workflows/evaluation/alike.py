"""Which of the annotated clips show the same: they are drawn together where clips are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from agents.search.near_duplicates import NearDuplicates

if TYPE_CHECKING:
    from stores.library_store import LibraryStore

MOST = 300
"""Clips that are compared with each other; of more, each is for itself. Source: our choice: 45,000 comparisons of some
tenths of a millisecond."""


def groups_of(store: LibraryStore, matched: Mapping[str, str]) -> dict[str, int]:
    """The number of the group of each clip that is in the library, by annotation id.

    Args:
        matched: video id by annotation id.
    """
    group = {clip: number for number, clip in enumerate(matched)}
    if len(matched) > MOST:
        return group
    places = {
        clip: (video_id, video.whole)
        for clip, video_id in matched.items()
        if (video := store.catalog.video(video_id)) is not None
    }
    same = NearDuplicates(store).among(matched.values())
    for one, other in combinations(places, 2):
        if group[one] != group[other] and same.same(places[one], places[other]):
            former, now = group[other], group[one]
            group = {clip: now if number == former else number for clip, number in group.items()}
    return group
