"""Tags that something said or written is about, though it does not name them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.tagging.nearest import Near
from agents.tagging.recall.case import Case, Recalled, strongest
from agents.tagging.recall.lines import named_in
from agents.tagging.recall.near_tags import NEAR_TEXTS
from agents.tagging.vocabulary import TagVectors

ABOUT = 0.2
"""Most that being about a tag without naming it may be worth. Source: of twelve tags in a development set of 23 clips,
which is no part of the project, that a line was as near to as can be, one was right."""

STEEPNESS = 1.5
"""As that of pictures (`agents.tagging.recall.pictures`)."""


def text_source(case: Case) -> list[Recalled]:
    """Tags to which a line, or some seconds of speech, lie nearer than the library's own lines usually do.

    The chance level is where the best of as many lines of the library, asked for as many tags, would lie: from there on
    the worth rises, so that a large vocabulary or a long video does not make everything likely. A tag that a line names
    is left to `agents.tagging.recall.lines`: that the line is near to it says nothing more.
    """
    found = standing_out(case, case.tags)
    if found is None:
        return []
    named = {*named_in("speech", case), *named_in("screen", case)}
    places = [
        place for place in found.order[: case.top].tolist() if int(found.near.rows[found.few[place]]) not in named
    ]
    return strongest([_word(case, case.tags, found, place) for place in places], case.top)


def text_alone(case: Case, whole: TagVectors, number: int) -> list[Recalled]:
    """What `text_source` says of one tag, ``number`` of the ``whole`` library; ``case``: of that tag alone."""
    found = standing_out(case, whole)
    if found is None:
        return []
    best = found.order[: case.top]
    if named_in("speech", case) or named_in("screen", case):
        return []
    there = best[found.near.rows[found.few[best]] == number]
    return strongest([_word(case, whole, found, int(place)) for place in there], case.top)


@dataclass(frozen=True, slots=True)
class StandingOut:
    """The tags near to what a video says: of ``few`` places of ``near``, how far they stand out (``z``), and their
    ``order``, the farthest first; ``centre``: the chance level."""

    near: Near
    few: NDArray[np.int64]
    z: NDArray[np.float64]
    order: NDArray[np.int64]
    centre: float


def standing_out(case: Case, tags: TagVectors) -> StandingOut | None:
    """Which tags a video's lines stand out for, at least `Case.top` of them; None without lines."""
    hits, matrix = case.seen.texts
    if not hits:
        return None
    usual = tags.usual_of(case.store, case.encoders)
    near = tags.nearest_texts.near(matrix, rows=case.seen.kept.get(NEAR_TEXTS))
    # First by the mean of the library's lines, which costs nothing; then the best of them by their deviation, too.
    above = near.z - usual.means[near.rows]
    most = 4 * case.top
    few = np.argpartition(-above, most)[:most] if most < len(above) else np.arange(len(above))
    few = few[np.argsort(-above[few], kind="stable")]
    z = above[few] / usual.deviations(near.rows[few])
    return StandingOut(near, few, z, np.argsort(-z, kind="stable"), chance_level(len(hits) * len(tags.tags)))


def _word(case: Case, tags: TagVectors, found: StandingOut, place: int) -> Recalled:
    at = int(found.few[place])
    probability = ABOUT / (1.0 + math.exp(-STEEPNESS * (float(found.z[place]) - found.centre)))
    line = case.seen.texts[0][int(found.near.best[at])].evidence_id
    return Recalled(tags.tags[int(found.near.rows[at])].tag_id, "text", probability, (line,) if line else ())


def chance_level(tries: int) -> float:
    """How many standard deviations the highest of so many normal draws lies above their mean.

    Source: Cramér 1946, Mathematical Methods of Statistics, 28.6, first order.
    """
    return math.sqrt(2.0 * math.log(max(tries, 2)))
