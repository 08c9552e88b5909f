"""Tags that something said or written is about, though it does not name them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from agents.search.noise import USUAL_DEVIATION, USUAL_LINES, USUAL_MEAN
from agents.tagging.recall.case import Case, Recalled, strongest
from agents.tagging.usual import UsualLines
from encoders.spaces import collections
from encoders.types import Vectors

ABOUT = 0.4
"""Most that being about a tag without naming it may be worth: less than one mention. Source: our choice; it never
accepts a tag alone, nor does it with nothing but a picture that is as likely wrong as right."""

STEEPNESS = 1.5
"""As that of pictures (`agents.tagging.recall.pictures`)."""


def text_source(case: Case) -> list[Recalled]:
    """Tags to which a line, or some seconds of speech, lie nearer than the library's own lines usually do.

    The chance level is where the best of as many lines of the library, asked for as many tags, would lie: from there on
    the worth rises, so that a large vocabulary or a long video does not make everything likely.
    """
    hits, matrix = case.seen.texts
    if not hits:
        return []
    tags = case.tags
    usual = tags.usual.lines(case.store, collections(case.encoders).text)
    near = tags.nearest_texts.near(matrix)
    scales = tags.text_scales[0][near.rows], tags.text_scales[1][near.rows]
    # First by the mean of the library's lines, which costs nothing; then the best of them by their deviation, too.
    above = near.z - _mean(usual, tags.texts[near.rows], scales)
    few = np.argsort(-above, kind="stable")[: 4 * case.top]
    deviation = _deviation(usual, tags.texts[near.rows[few]], (scales[0][few], scales[1][few]))
    z = above[few] / deviation
    centre = chance_level(len(hits) * len(tags.tags))
    words = []
    for place in np.argsort(-z, kind="stable")[: case.top].tolist():
        at = int(few[place])
        probability = ABOUT / (1.0 + math.exp(-STEEPNESS * (float(z[place]) - centre)))
        line = hits[int(near.best[at])].evidence_id
        words.append(Recalled(tags.tags[int(near.rows[at])].tag_id, "text", probability, (line,) if line else ()))
    return strongest(words, case.top)


def chance_level(tries: int) -> float:
    """How many standard deviations the highest of so many normal draws lies above their mean.

    Source: Cramér 1946, Mathematical Methods of Statistics, 28.6, first order.
    """
    return math.sqrt(2.0 * math.log(max(tries, 2)))


_Scales = tuple[NDArray[np.float32], NDArray[np.float32]]


def _mean(usual: UsualLines, vectors: Vectors, scales: _Scales) -> NDArray[np.float64]:
    """Mean z of the library's lines for each of some tags, shrunk towards that of all libraries."""
    count = len(usual.sample)
    if not count:
        return np.full(len(vectors), USUAL_MEAN)
    own = ((vectors @ usual.mean).astype(np.float64) - scales[0]) / scales[1]
    return np.asarray((count * own + USUAL_LINES * USUAL_MEAN) / (count + USUAL_LINES))


def _deviation(usual: UsualLines, vectors: Vectors, scales: _Scales) -> NDArray[np.float64]:
    """The same of its standard deviation."""
    count = len(usual.sample)
    if not count:
        return np.full(len(vectors), USUAL_DEVIATION)
    z = ((usual.sample @ vectors.T).astype(np.float64) - scales[0]) / scales[1]
    square = (count * z.var(axis=0) + USUAL_LINES * USUAL_DEVIATION**2) / (count + USUAL_LINES)
    return np.asarray(np.sqrt(square))
