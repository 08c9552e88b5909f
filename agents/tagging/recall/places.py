"""Tags that name where a video is: indoors or outdoors, and which place, told by all that is seen in it together.

No single thing tells a place, nor do things of one kind; things of several kinds that are met in the same one do. Each
speaks for the places that the concept tables name with it (`encoders.situations.places`), by how surely and how long it
is seen; places then compete.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from agents.tagging.recall.faces import large_faces
from agents.tagging.recall.objects import ASSOCIATED
from agents.tagging.vocabulary import kind_of
from encoders.situations.places import INDOORS, OUTDOORS, SETTINGS, PlacesOfThings, places, places_of_things

DOUBT = 0.2
"""Evidence of neither setting that is added to that of both, so that one thing seen faintly says little. Source: so
that settings that are as likely as not are at .5 in a development set of 23 clips, which is no part of the project."""

INSIDE = 0.5
"""How far a face that is shown large all the time speaks for indoors: who talks into a camera mostly sits in a room."""

SHARPNESS = 5.0
"""By how much a thing that is surely seen all the time raises the log odds of a place where it is met: e^5 = 150."""


@dataclass(frozen=True, slots=True)
class _Thing:
    """Something recognised: how surely and for how much of the video, and the evidence of it."""

    concept: str
    worth: float
    evidence_id: str


def place_source(case: Case) -> list[Recalled]:
    """Tags that name a setting or a place."""
    known = places_of_things(case.encoders.concepts)
    things = _things(case)
    best: dict[int, tuple[float, tuple[str, ...]]] = {}

    def say(names: tuple[str, ...], probability: float, ids: tuple[str, ...]) -> None:
        for name in names:
            for tag in case.tags.by_fact.get(name.casefold()):
                best[tag] = max(best.get(tag, (0.0, ())), (min(CERTAIN, probability), ids))

    settings = _settings(case, things, known)
    total = sum(worth for worth, _ in settings.values()) + DOUBT
    for setting, (worth, ids) in settings.items():
        if worth > 0.0:
            say(SETTINGS[setting], worth / total, ids)
    found = {number: (len(kinds), _together([*kinds.values()])) for number, kinds in places_seen(case).items()}
    odds = {number: math.exp(SHARPNESS * worth) for number, (_, (worth, _)) in found.items()}
    everywhere = sum(odds.values()) + sum(not place.general for place in places()) - len(odds)
    for number, (kinds, (_, ids)) in found.items():
        likely = odds[number] / everywhere
        say(places()[number].names, likely if kinds > 1 else min(likely, ASSOCIATED), ids)
    words = (Recalled(case.tags.tags[tag].tag_id, "places", *one) for tag, one in best.items())
    return strongest(words, case.top)


def _things(case: Case) -> list[_Thing]:
    """Each concept once for the classifier, by its mean over the clips, and once for the detector, by its time."""
    return case.once("things", lambda: _make_things(case))


def _make_things(case: Case) -> list[_Thing]:
    seen, clips = case.seen.things, max(1, case.seen.clips)
    shares: defaultdict[tuple[str, bool], float] = defaultdict(float)
    best: dict[tuple[str, bool], tuple[float, str]] = {}
    for label in seen.labels:
        key = label.concept, False
        shares[key] += label.score / clips
        best[key] = max(best.get(key, (0.0, "")), (label.score, label.evidence_id))
    length = max(1, max((one.end for one in seen.tracklets), default=1))
    for one in seen.tracklets:
        key = one.concept, True
        shares[key] += one.confidence * (one.end - one.start) / length
        best[key] = max(best.get(key, (0.0, "")), (one.confidence, one.evidence_id))
    return [_Thing(key[0], min(1.0, share), best[key][1]) for key, share in shares.items()]


_Worth = tuple[float, tuple[str, ...]]


def _settings(case: Case, things: list[_Thing], known: PlacesOfThings) -> dict[str, _Worth]:
    """What speaks for each setting, and the best evidence."""
    inside = [(INSIDE * share, one) for share, one in large_faces(case)]
    found: dict[str, _Worth] = {}
    for setting, sign, others in ((INDOORS, -1.0, inside), (OUTDOORS, 1.0, [])):
        worths = [(one.worth * sign * known.outdoors(one.concept), one.evidence_id) for one in things]
        found[setting] = _together([*(pair for pair in worths if pair[0] > 0.0), *others])
    return found


def places_seen(case: Case) -> dict[int, dict[str, tuple[float, str]]]:
    """Of each place that something speaks for: the kinds of these things, with what the surest of each is worth and its
    evidence."""
    return case.once("places", lambda: _places_seen(case))


def _places_seen(case: Case) -> dict[int, dict[str, tuple[float, str]]]:
    known = places_of_things(case.encoders.concepts)
    of_places: defaultdict[int, dict[str, tuple[float, str]]] = defaultdict(dict)
    for one in _things(case):
        for number in known.of(one.concept):
            if not places()[number].general:
                kinds, kind = of_places[number], kind_of(case.encoders.concepts, one.concept)
                kinds[kind] = max(kinds.get(kind, (0.0, "")), (one.worth, one.evidence_id))
    return dict(of_places)


def _together(worths: list[tuple[float, str]]) -> tuple[float, tuple[str, ...]]:
    return sum(worth for worth, _ in worths), tuple(one for _, one in sorted(worths, reverse=True)[:3])
