"""How similarities become confidences, with the reason for every constant.

A raw cosine says little, because some queries are near everything. So a similarity is first turned into a z-score
against the cosines of the same query with the prototypes of all concepts that the picture encoder knows ("how unusual
is it for a picture to be this near?"), and then divided by the z-score of the nearest prototype ("how near would a
picture of exactly this be?"). The quotient, the *ratio*, is near 1 for what is really there, and comparable between
queries of any length and language.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from agents.words import content_terms
from encoders.concepts import ConceptSpace
from encoders.types import Vectors

OBJECT_WEIGHT = 0.2
"""Detections add to the picture score. The detector knows only 80 categories, so they count for less."""

TEXT_FLOOR = 3.0
"""z below which the similarity of a spoken or written line is noise: any line in the query's language reaches up to
about 3."""

TEXT_WEIGHT = 0.5
"""Weight of the similarity of lines above the floor. Words that really occur count separately (`lexical`)."""

LABEL_WEIGHT = 0.7
"""If all words of a query name a recognised label or object, it is a match (`MATCH_RATIO`) from a confidence of one
half on; if only a share of them does, that counts squared, as in `lexical`."""

LEAST_BEST = 3.0
"""Least divisor, for queries that are near no prototype: below 3 standard deviations nothing is near."""

UNKNOWN_BEST = 5.7
"""The best z is taken to be at least this for a query with no word in the concept table. Its nearest prototype is of
something else, often no nearer than an arbitrary one, and does not tell how near a picture of just this would come.
Names of concepts do: with every name in the table as a query, the median of the best z is 5.7, in English as in
Chinese."""

STRANGE_BEST = 7.1
"""The same for a query of words that may be none (`agents.questions.keystrokes.only_strange_words`): in the median, the
prototype of a concept is that far above its own mean."""

WEAK_LINES = 0.5
"""Share of a line's similarity that counts though it does not stand out from other lines (`agents.search.noise`), if
the query has words that the models know: it may still tell two pictures apart. Else nothing does. Ours."""

MATCH_RATIO = 0.65
"""Ratio at which a moment is as likely right as wrong (a picture at 65 % of the best possible similarity)."""

STEEPNESS = 8.0
"""Slope of the logistic at `MATCH_RATIO`: a ratio of 1.0 gives 0.94, one of 0.3 gives 0.06."""


@dataclass(frozen=True, slots=True)
class QueryScale:
    """The scale of one query: mean and standard deviation of its cosines to all prototypes, and the best z."""

    mean: float
    deviation: float
    best: float

    def z(self, similarity: float) -> float:
        """Standard deviations above the mean over all concepts."""
        return (similarity - self.mean) / self.deviation

    def ratio(self, z: float) -> float:
        """``z`` as a share of the best that any concept reaches."""
        return z / self.best


def query_scales(vectors: Vectors, concepts: ConceptSpace) -> list[QueryScale]:
    """One scale per row of ``vectors`` (n, d)."""
    cosines = vectors @ concepts.prototypes.T
    means, deviations = cosines.mean(axis=1), np.maximum(cosines.std(axis=1), 1e-6)
    best = (cosines.max(axis=1) - means) / deviations
    return [
        QueryScale(float(m), float(s), max(float(b), LEAST_BEST))
        for m, s, b in zip(means, deviations, best, strict=True)
    ]


def picture_scale(query: str, scale: QueryScale, concepts: ConceptSpace, strange: bool = False) -> QueryScale:
    """The scale on which pictures and objects are compared with a query.

    The models recognise what the concept table names. A query with none of its words has to come as near as a
    name does (`UNKNOWN_BEST`), so that what merely happens to be nearest is no match; a synonym ("cab") still is.

    Args:
        scale: of the query's vector (`query_scales`).
        strange: whether words that the table does not have may be none.
    """
    terms = [query, *(term.text for term in content_terms(query, concepts.vocabulary))]
    known = any(concepts.matching(term) for term in terms)
    return scale if known else replace(scale, best=max(scale.best, STRANGE_BEST if strange else UNKNOWN_BEST))


def confidence(ratio: float) -> float:
    """Logistic of the ratio, in (0, 1); 0.5 at `MATCH_RATIO`."""
    return 1.0 / (1.0 + math.exp(-STEEPNESS * (ratio - MATCH_RATIO)))


def lexical(share: float) -> float:
    """Contribution of a line that contains this share of the query's content words: 1 for all, little for a few."""
    return share * share
