"""One witness counts once: what tells an activity or a style may also be what another source tells its tag by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from agents.tagging.recall.case import Recalled

SAME_WITNESSES: Mapping[str, frozenset[str]] = {
    "activities": frozenset({"objects", "context", "sound", "framing", "people", "places"}),
    "styles": frozenset({"objects", "context"}),
}
"""Of a source, those that go by the same: things, sounds, and people, as activities do; what the classifier sees, whose
features styles are told by."""


def counted_once(recalled: Iterable[Recalled], pictures_by_names: bool) -> list[Recalled]:
    """What sources say, but of a tag that activities or styles and others tell by the same, only the surer of both.

    Args:
        pictures_by_names: whether pictures are placed by the names of what is recognised in them
            (`agents.tagging.recall.pictures`), so that they are no witness of their own.
    """
    left = list(recalled)
    for source, same in SAME_WITNESSES.items():
        left = _once(left, source, same | {"picture"} if pictures_by_names else same)
    return left


def _once(recalled: Sequence[Recalled], source: str, same: Collection[str]) -> list[Recalled]:
    given = {word.tag_id: word.probability for word in recalled if word.source == source}
    doubt: defaultdict[str, float] = defaultdict(lambda: 1.0)
    for word in recalled:
        if word.source in same and word.tag_id in given:
            doubt[word.tag_id] *= 1.0 - word.probability
    surer = {tag_id for tag_id, probability in given.items() if 1.0 - probability < doubt[tag_id]}
    return [
        word
        for word in recalled
        if not (word.tag_id not in surer if word.source == source else word.source in same and word.tag_id in surer)
    ]
