"""Tags that are said, written, or named by captions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from stores.core.records import Evidence

SPOKEN = 0.5
"""One mention in speech: people also speak of what is not there. Each further mention halves the doubt."""

WRITTEN = 0.5
"""The same for text on screen."""

CAPTIONED = 0.7
"""The same for a caption, which describes what is there, times its confidence. Source: our choice, not measured."""


def speech_source(case: Case) -> list[Recalled]:
    """Tags that are said aloud."""
    return _mentioned("speech", SPOKEN, case.seen.lines["speech"], case)


def screen_source(case: Case) -> list[Recalled]:
    """Tags that are written on screen."""
    return _mentioned("screen", WRITTEN, case.seen.lines["screen"], case)


def caption_source(case: Case) -> list[Recalled]:
    """Tags that captions name."""
    return _mentioned("caption", CAPTIONED, case.seen.lines["caption"], case)


def _mentioned(source: str, once: float, lines: Iterable[Evidence], case: Case) -> list[Recalled]:
    said: defaultdict[int, list[Evidence]] = defaultdict(list)
    for line in lines:
        for tag in case.tags.phrases.said_in(line.text):
            said[tag].append(line)
    recalled = []
    for tag in sorted(said):
        doubt = math.prod(1.0 - once * line.confidence for line in said[tag])
        evidence = tuple(line.evidence_id for line in said[tag][:3])
        recalled.append(Recalled(case.tags.tags[tag].tag_id, source, min(CERTAIN, 1.0 - doubt), evidence))
    return strongest(recalled, case.top)
