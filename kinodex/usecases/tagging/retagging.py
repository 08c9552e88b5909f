"""Deciding about new and changed tags, without tagging the library again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kinodex.schemas.tagging.explained import DecidedTag, RetaggedDocument

if TYPE_CHECKING:
    from agents.tagging.graph import Tagger
    from encoders.bundle import Encoders
    from stores.core.records import Tag
    from stores.library_store import LibraryStore


def retag(
    store: LibraryStore, tagger: Tagger, tag_ids: Sequence[str], on_video: Callable[[int, int], None] | None = None
) -> RetaggedDocument:
    """Decide about some tags for the videos that they may fit; see `workflows.tagging.retagging.decide_tags`.

    Args:
        tagger: made after the tags were changed.
        on_video: called with how many videos were looked at, of how many.
    """
    from workflows.tagging.retagging import decide_tags

    done = decide_tags(store, tagger, tag_ids, on_video)
    names = {tag.tag_id: tag.name for tag in tagger.tags.tags}
    counts = {tag_id: {"accepted": 0, "abstained": 0} for tag_id in dict.fromkeys(tag_ids) if tag_id in names}
    for decisions in done.decisions.values():
        for one in decisions:
            counts[one.tag_id][one.decision] += 1
    return RetaggedDocument(
        looked_at=done.looked_at,
        tags=[DecidedTag(tag_id=tag_id, name=names[tag_id], **some) for tag_id, some in counts.items()],
        unknown=list(done.unknown),
    )


def undecided(store: LibraryStore, limit: int) -> list[str]:
    """The active tags without any decision, the latest first; at most ``limit``."""
    from stores.tags.recall.saving import undecided_tags

    return undecided_tags(store.engine, limit)


def names_to_encode(store: LibraryStore, encoders: Encoders, tags: Sequence[Tag]) -> int:
    """How many of some tags a tagger would have to encode first."""
    from agents.tagging.vocabulary import space_of, texts_of

    space = space_of(encoders, "text" if encoders.zero_shot else "image_text")
    return store.tag_vectors.missing(space, texts_of(tags))
