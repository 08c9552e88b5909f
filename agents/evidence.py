"""Lines of evidence that are stored for completeness and say nothing by themselves."""

from __future__ import annotations

from stores.core.records import Evidence

BACKGROUND = "background"
"""The tracklet that every video has for its scenery (`pipeline.derive.tracklets`)."""


def is_background(line: Evidence) -> bool:
    """Whether a line stands for a video's scenery: every video has one, so nothing is found, told or tagged by it."""
    return line.channel == "object" and line.text == BACKGROUND
