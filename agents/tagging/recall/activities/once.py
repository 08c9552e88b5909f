"""One witness counts once: a thing that tells an activity may also be what another source tells its tag by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from agents.tagging.recall.case import Recalled

SAME_WITNESSES = frozenset({"objects", "context", "sound", "framing", "people", "places"})
"""Sources that tell tags by things, sounds, and people, as activities do."""


def counted_once(recalled: Iterable[Recalled], pictures_by_names: bool) -> list[Recalled]:
    """What sources say, but of a tag that activities and others tell by the same things only the surer of both.

    Args:
        pictures_by_names: whether pictures are placed by the names of what is recognised in them
            (`agents.tagging.recall.pictures`), so that they are no witness of their own.
    """
    same = SAME_WITNESSES | {"picture"} if pictures_by_names else SAME_WITNESSES
    recalled = list(recalled)
    done = {word.tag_id: word.probability for word in recalled if word.source == "activities"}
    doubt: defaultdict[str, float] = defaultdict(lambda: 1.0)
    for word in recalled:
        if word.source in same and word.tag_id in done:
            doubt[word.tag_id] *= 1.0 - word.probability
    surer = {tag_id for tag_id, probability in done.items() if 1.0 - probability < doubt[tag_id]}
    return [word for word in recalled if not _told_better(word, surer, same)]


def _told_better(word: Recalled, surer: Collection[str], same: Collection[str]) -> bool:
    """Whether others say the same more surely."""
    if word.source == "activities":
        return word.tag_id not in surer
    return word.source in same and word.tag_id in surer
