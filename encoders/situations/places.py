"""Where things are met: of each thing that the picture models can name, the places, and whether these are indoors.

The concept tables say in which situations a thing is seen; ``data/places.tsv`` says which of these words are places.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from encoders.concepts import Concept, ConceptSpace

INDOORS, OUTDOORS = "indoors", "outdoors"

SETTINGS = {
    INDOORS: ("indoors", "indoor", "inside", "interior", "室内", "屋内"),
    OUTDOORS: ("outdoors", "outdoor", "outside", "open air", "户外", "室外", "野外"),
}
"""What tags call the two settings."""

_TABLE = "data/places.tsv"


@dataclass(frozen=True, slots=True)
class Place:
    """A place: what it is called in both languages, its setting, and all words that mean it in the concept tables."""

    names: tuple[str, ...]
    setting: str
    words: frozenset[str]

    @property
    def general(self) -> bool:
        """Whether it is no place but a setting."""
        return self.setting in self.names


@cache
def places() -> tuple[Place, ...]:
    """All of them."""
    text = resources.files("encoders").joinpath(_TABLE).read_text(encoding="utf-8")
    found = []
    for line in text.splitlines():
        if line and not line.startswith("#"):
            english, chinese, setting, further = line.split("\t")
            names = (*english.split(";"), *chinese.split(";"))
            found.append(Place(names, setting, frozenset((*names, *further.split(";")))))
    return tuple(found)


class PlacesOfThings:
    """The places of every concept, by its id; those of things that are met anywhere are none."""

    def __init__(self, space: ConceptSpace) -> None:
        self._of = {concept.concept_id: _places_of(concept) for concept in space.concepts}

    def of(self, concept_id: str) -> tuple[int, ...]:
        """Numbers in `places`."""
        return self._of.get(concept_id, ())

    def outdoors(self, concept_id: str) -> float:
        """From -1, met indoors only, to 1, outdoors only; 0 for what is met in both, or anywhere."""
        settings = [places()[number].setting for number in self.of(concept_id)]
        out = settings.count(OUTDOORS)
        return (2 * out - len(settings)) / (len(settings) + 1) if settings else 0.0


@lru_cache(maxsize=4)
def places_of_things(space: ConceptSpace) -> PlacesOfThings:
    """Made once for each space."""
    return PlacesOfThings(space)


def things_met_in(space: ConceptSpace, names: Iterable[str]) -> list[str]:
    """Ids of the concepts that are met in a setting or a place of one of these names."""
    said, known = {name.casefold().strip() for name in names}, places_of_things(space)
    wanted = {number for number, place in enumerate(places()) if said & {name.casefold() for name in place.names}}
    wanted |= {
        number
        for number, place in enumerate(places())
        if any(name.casefold() in said for name in SETTINGS[place.setting])
    }
    if not wanted:
        return []
    return [one.concept_id for one in space.concepts if wanted & set(known.of(one.concept_id))]


_NOWHERE = frozenset({"screen", "monitor", "text on screen", "title card", "clothing", "accessory"})
"""Words of things that tell no place: the picture itself may be a recorded screen or a card with text, and what is worn
is worn anywhere."""


def _places_of(concept: Concept) -> tuple[int, ...]:
    if _NOWHERE & {*concept.broader, *concept.context}:
        return ()
    said = {concept.name, *concept.broader, *concept.context, *concept.zh_context}
    return tuple(number for number, place in enumerate(places()) if said & place.words)
