"""Tags that are said, written, or named by captions."""

from __future__ import annotations

import math
from collections import defaultdict

from agents.tagging.recall.case import CERTAIN, Case, Recalled, strongest
from stores.core.records import Channel, Evidence

SPOKEN = 0.5
"""One mention in speech: people also speak of what is not there. Each further mention halves the doubt."""

WRITTEN = 0.5
"""The same for text on screen."""

CAPTIONED = 0.7
"""The same for a caption, which describes what is there, times its confidence. Source: our choice, not measured."""


def speech_source(case: Case) -> list[Recalled]:
    """Tags that are said aloud."""
    return _mentioned("speech", SPOKEN, case)


def screen_source(case: Case) -> list[Recalled]:
    """Tags that are written on screen."""
    return _mentioned("screen", WRITTEN, case)


def caption_source(case: Case) -> list[Recalled]:
    """Tags that captions name."""
    return _mentioned("caption", CAPTIONED, case)


def named_in(channel: Channel, case: Case) -> dict[int, list[Evidence]]:
    """Numbers of the tags that lines of a channel name, each with those lines, in order of time."""
    return case.once(f"named in {channel}", lambda: _named(channel, case))


def _named(channel: Channel, case: Case) -> dict[int, list[Evidence]]:
    named: defaultdict[int, list[Evidence]] = defaultdict(list)
    for line in case.seen.lines[channel]:
        for tag in case.tags.phrases.said_in(line.text):
            named[tag].append(line)
    return named


def _mentioned(source: Channel, once: float, case: Case) -> list[Recalled]:
    recalled = []
    said = named_in(source, case)
    for tag in sorted(said):
        doubt = math.prod(1.0 - once * line.confidence for line in said[tag])
        evidence = tuple(line.evidence_id for line in said[tag][:3])
        recalled.append(Recalled(case.tags.tags[tag].tag_id, source, min(CERTAIN, 1.0 - doubt), evidence))
    return strongest(recalled, case.top)
