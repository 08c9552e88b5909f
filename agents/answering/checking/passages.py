"""Cited lines, put together as far as they belong together: half a sentence and its other half, a name and the words
said below it, all that is seen at a moment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from agents.evidence import RECOGNISED
from stores.core.records import Evidence

"""Channels of recognised things, whose lines are names."""

CONTINUED_SECONDS = 3.0
"""A line continues the one before if that had no full stop and ended this long before at most."""

REFERRING_SECONDS = 8.0
"""A pronoun refers to the line before if that ended this long before at most."""

HOLDS_SECONDS = 30.0
"""Parts of one claim may rest on lines of one video that are this far apart: about the length of a scene."""

SAME_MOMENT_SECONDS = 2.0

_ENDED = re.compile(r"[.!?。！？…][\"'”’)]*$")
PRONOUN = re.compile(
    r"\b(?:it|its|it's|he|she|his|her|him|they|their|them|this|that|these|those|here|there|one|ones|which|who|such|"
    r"i|i'm|i've|my|we|our|you|your)\b|[它他她这那我你您咱其]",
    re.I,
)
THIRD = re.compile(
    r"\b(?:it|its|it's|he|she|his|her|him|they|their|them|this|that|these|those|which|who)\b|[它他她这那其]", re.I
)


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines that may be read as one.

    Attributes:
        text: what they say, joined; of recognised things their names, colours and motion, one thing a line.
        companions: what other cited lines say or show at the same time.
        seen: whether they are recognised things.
        fragment: whether it is no sentence: text on screen, things.
    """

    lines: tuple[Evidence, ...]
    text: str
    companions: str
    seen: bool
    fragment: bool

    @property
    def all_text(self) -> str:
        """Its text and that of its companions."""
        return f"{self.text}\n{self.companions}" if self.companions else self.text

    @property
    def refers(self) -> bool:
        """Whether it has a pronoun, or so little grammar that it can be about what was mentioned before."""
        return self.fragment or bool(PRONOUN.search(self.text)) or bool(re.search("[\u4e00-\u9fff]", self.text))


def passages(lines: Sequence[Evidence]) -> list[Passage]:
    """The cited lines of one claim as passages, and each line of its own."""
    ordered = sorted(lines, key=lambda line: (line.video_id, line.span.seconds[0], line.span.seconds[1]))
    groups: list[list[Evidence]] = []
    open_groups: dict[tuple[str, str], list[Evidence]] = {}
    for line in ordered:
        kind = "seen" if line.channel in RECOGNISED else line.channel
        group = open_groups.get((line.video_id, kind))
        if group is not None and _continues(group, line):
            group.append(line)
        else:
            group = [line]
            groups.append(group)
            open_groups[line.video_id, kind] = group
    made = [_passage(group) for group in groups]
    if len(made) < 2:
        return made
    return [replace(one, companions=_companions(one, made)) for one in made]


def hold_together(some: Sequence[Passage]) -> bool:
    """Whether passages are of one video and one part of it; recognised things need not be."""
    said = [one for one in some if not one.seen]
    if len({one.lines[0].video_id for one in said}) > 1:
        return False
    spans = sorted(line.span.seconds for one in said for line in one.lines)
    return all(later[0] - earlier[1] <= HOLDS_SECONDS for earlier, later in pairwise(spans))


def _continues(group: Sequence[Evidence], line: Evidence) -> bool:
    last = group[-1]
    gap = line.span.seconds[0] - max(one.span.seconds[1] for one in group)
    if line.channel in RECOGNISED or line.channel in ("screen", "format"):
        return gap <= 0 and (line.channel != "screen" or line.span.seconds[0] < last.span.seconds[1])
    if line.channel == "caption":
        return gap <= 0
    if not _ENDED.search(last.text.strip()):
        return gap <= CONTINUED_SECONDS
    return gap <= REFERRING_SECONDS and bool(THIRD.search(line.text))


def _passage(group: Sequence[Evidence]) -> Passage:
    seen = group[0].channel in RECOGNISED
    text = "\n".join(line.search_text for line in group) if seen else " ".join(line.text.strip() for line in group)
    fragment = seen or group[0].channel in ("screen", "format")
    return Passage(tuple(group), text, "", seen, fragment)


def _companions(passage: Passage, others: Sequence[Passage]) -> str:
    """What is written while a passage is said or seen, or said while it is shown: a name belongs to the words below."""
    there: list[str] = []
    for other in others:
        kind = other.lines[0].channel
        if other is passage or kind == passage.lines[0].channel or kind not in ("screen", "speech"):
            continue
        there += [line.search_text for line in other.lines if any(_meet(line, one) for one in passage.lines)]
    return "\n".join(there)


def _meet(one: Evidence, other: Evidence) -> bool:
    if one.video_id != other.video_id:
        return False
    (start, end), (others_start, others_end) = one.span.seconds, other.span.seconds
    return start <= others_end + SAME_MOMENT_SECONDS and others_start <= end + SAME_MOMENT_SECONDS
