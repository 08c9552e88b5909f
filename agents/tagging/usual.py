"""What the lines of a library are usually like, which is what a line has to stand out from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from agents.search.noise import USUAL_DEVIATION, USUAL_LINES, USUAL_MEAN
from encoders.types import Vectors

SAMPLED = 256
"""Lines of the library that are read: enough for a deviation to be known within 5 %."""

Scales = tuple[NDArray[np.float32], NDArray[np.float32]]


class Usual:
    """How near the library's own lines usually lie to each tag, shrunk towards all libraries; made once for a tagger:
    what an ingest adds meanwhile changes little.

    Args:
        sample: vectors of some lines of the library (n, d); n may be 0.
        vectors: of the tags (t, d), and their ``scales``, both (t,).

    Attributes:
        means: (t,) mean z of the lines for each tag.
    """

    def __init__(self, sample: Vectors, vectors: Vectors, scales: Scales) -> None:
        self._sample, self._vectors, self._scales = sample, vectors, scales
        count = len(sample)
        self.means: NDArray[np.float64] = np.full(len(vectors), USUAL_MEAN)
        if count:
            middle = np.asarray(sample.mean(axis=0), np.float32)
            own = ((vectors @ middle).astype(np.float64) - scales[0]) / scales[1]
            self.means = np.asarray((count * own + USUAL_LINES * USUAL_MEAN) / (count + USUAL_LINES))
        # Of the tags that were asked for; two threads may both make one: it is the same.
        self._deviations = np.full(len(vectors), np.nan if count else USUAL_DEVIATION)

    def deviations(self, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Standard deviation of the lines' z for some tags."""
        missing = rows[np.isnan(self._deviations[rows])]
        if len(missing):
            count = len(self._sample)
            cosines = (self._sample @ self._vectors[missing].T).astype(np.float64)
            z = (cosines - self._scales[0][missing]) / self._scales[1][missing]
            square = (count * z.var(axis=0) + USUAL_LINES * USUAL_DEVIATION**2) / (count + USUAL_LINES)
            self._deviations[missing] = np.sqrt(square)
        return self._deviations[rows]
