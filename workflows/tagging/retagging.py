"""Deciding about new or changed tags: each finds its videos through the indexes, and is decided only there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agents.tagging.recall.seen import seen_of
from agents.tagging.reverse import videos_for
from stores.tags.recall.saving import replace_decisions

if TYPE_CHECKING:
    from agents.tagging.graph import Tagger
    from stores.core.records import Decision
    from stores.library_store import LibraryStore

_TOGETHER = 100  # videos that are read in one request

OnVideo = Callable[[int, int], None]
"""Called with the number of videos that were looked at, and of all that are."""


@dataclass(frozen=True, slots=True)
class Retagged:
    """What was decided about some tags.

    Attributes:
        looked_at: videos that the indexes brought.
        decisions: by video, of those with any.
        unknown: ids that are no active tags of the tagger.
    """

    looked_at: int
    decisions: dict[str, tuple[Decision, ...]]
    unknown: tuple[str, ...] = ()

    @property
    def accepted(self) -> int:
        """Pairs of a video and a tag that were accepted."""
        return sum(one.decision == "accepted" for some in self.decisions.values() for one in some)


def decide_tags(
    store: LibraryStore,
    tagger: Tagger,
    tag_ids: Collection[str],
    on_video: OnVideo | None = None,
    former_vocabulary: str = "",
) -> Retagged:
    """Decide about some tags, new or changed, for the videos that they may fit; all or none is saved.

    All automatic decisions about these tags are replaced, those about other tags stay as they are, and so does what
    persons decided.

    Args:
        tagger: made after the tags were changed.
        on_video: called as videos are looked at.
        former_vocabulary: what `Tagger.vocabulary` was before; then a batch counts videos that were decided with it as
            decided with the present one.

    Raises:
        EndpointError: if a language model is set and fails.
        StoreError: as `stores.sql.database.writing`.
    """
    wanted = [tag_id for tag_id in dict.fromkeys(tag_ids) if tag_id in tagger.tags.ids]
    videos: defaultdict[str, list[str]] = defaultdict(list)
    for tag_id in wanted:
        for video_id in videos_for(store, tagger.encoders, tagger.tags, tag_id):
            videos[video_id].append(tag_id)
    chosen, made = list(videos), {}
    for first in range(0, len(chosen), _TOGETHER):
        some = chosen[first : first + _TOGETHER]
        seen = seen_of(some, store, tagger.encoders)
        made.update(tagger.about([tagger.case(one, seen[one]) for one in some], videos))
        if on_video is not None:
            on_video(first + len(some), len(chosen))
    if wanted:
        with store.writer():
            replace_decisions(store.engine, wanted, made)
            if former_vocabulary:
                store.tag_runs.carry_vocabulary(former_vocabulary, tagger.vocabulary)
    unknown = tuple(tag_id for tag_id in dict.fromkeys(tag_ids) if tag_id not in tagger.tags.ids)
    return Retagged(len(chosen), made, unknown)
