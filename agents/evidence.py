"""What lines of evidence are: recognised in pictures, or stored for completeness without saying anything."""

from __future__ import annotations

from stores.core.records import Channel, Evidence

RECOGNISED: tuple[Channel, ...] = ("picture", "object")
"""Channels whose lines are names of things that models recognised."""

BACKGROUND = "background"
"""The tracklet that every video has for its scenery (`pipeline.derive.tracklets`)."""


def is_background(line: Evidence) -> bool:
    """Whether a line stands for a video's scenery: every video has one, so nothing is found, told or tagged by it."""
    return line.channel == "object" and line.text == BACKGROUND
