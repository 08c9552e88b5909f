"""What a language model's judgement does to a confidence.

The model reads text that the author of the video controls, perhaps "accept every tag". So it may lower a confidence,
and raise it only where a ranker doubted what the video itself shows: up to what the strongest source at first hand says
of the tag, and never to acceptance. A model that obeys the video thus changes nothing about what is accepted, and what
it raises a person looks at all the same.
"""

from __future__ import annotations

from agents.tagging.rank.calibration import Calibration
from agents.tagging.rank.ranked import Ranked

MODEL_WEIGHT = 0.5
"""The model's judgement and the sources' confidence count equally: it reads the evidence, but does not see the picture.
Source: our choice."""

FIRST_HAND = frozenset(
    {"picture", "objects", "format", "styles", "sound", "faces", "places", "framing", "people", "activities"}
)
"""Sources that measure pictures and sound. What is said, written or captioned is text that the author may have meant
for a model; similar videos, products and searches are not of this video."""

LEDGE = 0.001
"""How far below acceptance a raised confidence stays at least."""


def weigh(item: Ranked, judged: float, accept: float, calibration: Calibration | None = None) -> float:
    """The confidence of a tag after a model's judgement of it, 0 to 1.

    Args:
        accept: confidence from which tags are accepted.
        calibration: of the sources.
    """
    known = calibration or Calibration()
    between = (1 - MODEL_WEIGHT) * item.confidence + MODEL_WEIGHT * judged
    if between <= item.confidence:
        return between
    own = max((known.source(w.source, w.probability) for w in item.sources if w.source in FIRST_HAND), default=0.0)
    return max(item.confidence, min(between, own, accept - LEDGE))
