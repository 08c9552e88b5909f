"""Which of very many tags may be near to what videos show and say, found for many videos together."""

from __future__ import annotations

from collections.abc import Sequence

from agents.tagging.recall.seen import Seen
from agents.tagging.vocabulary import TagVectors

NEAR_PICTURES, NEAR_TEXTS = "near pictures", "near texts"
"""Under which names a video keeps what `agents.tagging.nearest.NearestTags.short_lists` gave for it."""


def keep_near_tags(seen: Sequence[Seen], tags: TagVectors) -> None:
    """Keeps the short lists of tags with each of some videos: all tags are read once for all of them."""
    pictures = [(one, one.pictures[1]) for one in seen if one.pictures[0]]
    texts = [(one, one.texts[1]) for one in seen if one.texts[0]]
    for name, nearest, some in (
        (NEAR_PICTURES, tags.nearest_pictures, pictures),
        (NEAR_TEXTS, tags.nearest_texts, texts),
    ):
        if nearest is not None:
            for (one, _), rows in zip(some, nearest.short_lists([vectors for _, vectors in some]), strict=True):
                one.kept[name] = rows
