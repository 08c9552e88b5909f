"""What every source is given, and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

from agents.tagging.recall.seen import Seen
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from stores.library_store import LibraryStore

_Made = TypeVar("_Made")

CERTAIN = 0.97
"""Highest probability of a single source."""

MENTIONED = 0.05
"""Probability from which a source names the evidence it has. What it gives below is a candidate for the ranker only:
too weak to be shown to anybody as a reason."""

TOP = 60
"""Tags that a source gives at most, weak ones, too. Source: of 237 tags the best 40 / 80 of all sources together held
78 / 90 % of the true ones, of which a threshold of `MENTIONED` found 69 %; a ranker that learns needs the rest."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """A tag recalled by one source: its probability, and the ids of the evidence (best first); ``why``: in plain words,
    where the source says it."""

    tag_id: str
    source: str
    probability: float
    evidence_ids: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One video to be tagged, and all that the sources need.

    Attributes:
        seen: what it shows and says; read when it is first needed, unless it was read before together with that of
            other videos (`agents.tagging.recall.seen.seen_of`).
        top: how many tags a source gives at most.
    """

    video_id: str
    store: LibraryStore
    encoders: Encoders
    tags: TagVectors
    seen: Seen = field(default=cast(Seen, None))
    top: int = TOP

    def once(self, name: str, make: Callable[[], _Made]) -> _Made:
        """What several sources need, made by the first of them."""
        kept = self.seen.kept
        if name not in kept:  # two threads may both make it: it is the same
            kept[name] = make()
        return cast(_Made, kept[name])

    def __post_init__(self) -> None:
        if cast("Seen | None", self.seen) is None:
            object.__setattr__(self, "seen", Seen(self.video_id, self.store, self.encoders))


SAME_WITNESSES: Mapping[str, frozenset[str]] = {
    "activities": frozenset({"objects", "context", "sound", "framing", "people", "places"}),
    "styles": frozenset({"objects", "context"}),
}
"""Of a source, those that go by the same: things, sounds, and people, as activities do; what the classifier sees, whose
features styles are told by."""


def counted_once(recalled: Iterable[Recalled], pictures_by_names: bool) -> list[Recalled]:
    """What sources say, but of a tag that activities or styles and others tell by the same, only the surer of both: one
    witness counts once.

    Args:
        pictures_by_names: whether pictures are placed by the names of what is recognised in them
            (`agents.tagging.recall.pictures`), so that they are no witness of their own.
    """
    left = list(recalled)
    for source, same in SAME_WITNESSES.items():
        left = _once(left, source, same | {"picture"} if pictures_by_names else same)
    return left


def _once(recalled: Sequence[Recalled], source: str, same: frozenset[str]) -> list[Recalled]:
    given = {word.tag_id: word.probability for word in recalled if word.source == source}
    doubt = dict.fromkeys(given, 1.0)
    for word in recalled:
        if word.source in same and word.tag_id in given:
            doubt[word.tag_id] *= 1.0 - word.probability
    surer = {tag_id for tag_id, probability in given.items() if 1.0 - probability < doubt[tag_id]}
    both = same | {source}
    return [word for word in recalled if word.source not in both or (word.source == source) == (word.tag_id in surer)]


def strongest(recalled: Iterable[Recalled], most: int) -> list[Recalled]:
    """The ``most`` likely ones, without the evidence of those that are too weak to have any (`MENTIONED`)."""
    best = sorted(recalled, key=lambda word: (-word.probability, word.tag_id))[:most]
    return [
        word if word.probability >= MENTIONED else Recalled(word.tag_id, word.source, word.probability, ())
        for word in best
    ]
