"""What is read as one: a sentence, even if recognition cut it; the text of one slide or caption; one label."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from stores.core.records import Channel, Evidence, Span
from stores.core.text_keys import CJK, search_key

Box = tuple[float, float, float, float]

TEXT_CHANNELS: tuple[Channel, ...] = ("speech", "screen", "caption", "script")
"""Channels whose lines are sentences."""

PAUSE = 1.2
"""Seconds of silence after which a sentence without an end is over: people pause less inside one. Ours."""

LONGEST = 240
"""Characters of a sentence that is joined from several lines: speech without any full stop is cut here. Ours."""

SAME_COLUMN = 1.6
"""Text this many line heights below other text still belongs to it: a role below a name, the next row. Ours."""

SAME_ROW = 3.0
"""Text this many line heights beside other text still belongs to it: a price beside a product. Ours."""

_ENDS = re.compile(r"(?<=[!?。！？…])\s*|(?<=[a-z0-9)\]\"'”’%€$£¥]\.)\s+(?=[\"'“‘(\[]?[A-Z0-9\u3400-\u9fff])")
_ABBREVIATION = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|no|vs|e\.g|i\.e|inc|ltd|jr|sr|approx|tel|ext)\.$", re.I)
_ENDED = re.compile(r"[.!?。！？…][\"'”’)\]」』]*\s*$")
_CHINESE = re.compile(f"[{CJK}]")
_UNFINISHED = re.compile(r"(?:[,，、:：;；\-—]|是|的|在|叫|为|和|与|因为|所以|如果|要|把|给|从|到|用)\s*$")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text as it stands in one line. ``box``: where it stands on screen, None if that is not known."""

    text: str
    line: Evidence
    box: Box | None = None

    @property
    def height(self) -> float:
        """Of the letters, as a fraction of the picture: the smaller side, as titles may stand upright."""
        return min(self.box[3] - self.box[1], self.box[2] - self.box[0]) if self.box else 0.0


@dataclass(frozen=True, slots=True)
class Unit:
    """Text that is read as one.

    Attributes:
        text: as it is quoted.
        parts: what it is made of, in reading order; of speech, the lines that the sentence stands in.
        spans: every time at which the same text comes again; the first is that of ``parts``.
    """

    video_id: str
    channel: Channel
    text: str
    parts: tuple[Part, ...]
    spans: tuple[Span, ...]

    @property
    def span(self) -> Span:
        """From the first line's beginning to the last one's end, when it comes first."""
        return self.spans[0]

    @property
    def lines(self) -> tuple[Evidence, ...]:
        """The lines that the text stands in."""
        return tuple({part.line.evidence_id: part.line for part in self.parts}.values())

    @property
    def times(self) -> int:
        """How often it comes."""
        return len(self.spans)


@dataclass(frozen=True, slots=True)
class RankedLine:
    """A unit of evidence with what speaks for it.

    Attributes:
        unit: what is read as one.
        score: the order; higher first, comparable within one question.
        likeness: z of the text model's likeness to the question.
        share: of the question's words that it says, by rarity, in [0, 1].
        before, after: the units of the same channel beside it in time, nearest first.
    """

    unit: Unit
    score: float
    likeness: float
    share: float
    before: tuple[Unit, ...] = ()
    after: tuple[Unit, ...] = ()


def unit_text(unit: Unit) -> str:
    """The text of a unit in which words are looked for: of labels with their other names."""
    return (
        unit.text
        if unit.channel in TEXT_CHANNELS
        else " ".join((unit.text, *(line.search_text for line in unit.lines)))
    )


def units_of(lines: Iterable[Evidence], boxes: Mapping[str, Box] | None = None) -> list[Unit]:
    """Lines as they are read, by video, channel and time, the same text folded.

    Args:
        boxes: where lines stand on screen; without, what is on screen at the same time is read as one.
    """
    by_place: dict[tuple[str, Channel], dict[str, Evidence]] = defaultdict(dict)
    for line in lines:
        if any(character.isalnum() for character in line.text):
            by_place[line.video_id, line.channel][line.evidence_id] = line
    units: list[Unit] = []
    for (_, channel), found in sorted(by_place.items()):
        ordered = sorted(found.values(), key=lambda line: (line.span.start, line.span.end, line.evidence_id))
        if channel == "speech":
            units += _folded(_sentences(ordered))
        elif channel == "screen":
            units += _folded(
                _blocks([Part(line.text.strip(), line, (boxes or {}).get(line.evidence_id)) for line in ordered])
            )
        else:
            units += _folded(_unit((Part(line.text.strip(), line),), line.text.strip()) for line in ordered)
    return units


def _unit(parts: Sequence[Part], text: str) -> Unit:
    first = parts[0].line
    start, end = min(part.line.span.start for part in parts), max(part.line.span.end for part in parts)
    return Unit(first.video_id, first.channel, text, tuple(parts), (Span(start, end, first.span.time_base),))


def sentences_in(text: str) -> list[str]:
    """The sentences of a text."""
    found: list[str] = []
    for piece in _ENDS.split(text):
        if not piece.strip():
            continue
        if found and _ABBREVIATION.search(found[-1]):
            found[-1] += f" {piece.strip()}"
        else:
            found.append(piece.strip())
    return found


def _sentences(lines: Sequence[Evidence]) -> list[Unit]:
    """Speech by sentences: what one line breaks off, the next one ends."""
    units: list[Unit] = []
    open_parts: list[Part] = []
    for line in lines:
        pieces = sentences_in(line.text)
        if open_parts and not _goes_on(open_parts, line, pieces):
            units.append(_joined(open_parts))
            open_parts = []
        for number, piece in enumerate(pieces):
            open_parts.append(Part(piece, line))
            if number + 1 < len(pieces) or _ENDED.search(piece):
                units.append(_joined(open_parts))
                open_parts = []
    if open_parts:
        units.append(_joined(open_parts))
    return units


def _goes_on(parts: Sequence[Part], line: Evidence, pieces: Sequence[str]) -> bool:
    last = parts[-1]
    gap = line.span.seconds[0] - last.line.span.seconds[1]
    length = sum(len(part.text) for part in parts)
    if not pieces or gap > PAUSE or length + len(pieces[0]) > LONGEST:
        return False
    if _CHINESE.search(last.text):
        # Recognised Chinese often has no full stops at all; its lines are clauses.
        return bool(_UNFINISHED.search(last.text)) or (length < 6 and gap <= PAUSE / 4)
    return True


def _joined(parts: Sequence[Part]) -> Unit:
    text = parts[0].text
    for part in parts[1:]:
        apart = "" if _CHINESE.match(part.text) and _CHINESE.search(text[-1:]) else " "
        text += apart + part.text
    return _unit(parts, text)


def _blocks(parts: Sequence[Part]) -> list[Unit]:
    """Text on screen: pieces that lie together in time and place are one."""
    groups: list[list[Part]] = []
    for part in parts:
        near = [group for group in groups if any(_together(part, other) for other in group[-24:])]
        merged = [part]
        for group in near:
            merged = group + merged
            groups.remove(group)
        groups.append(merged)
    blocks = []
    for group in groups:
        # The same piece may be read at several times while it stands there.
        once = {search_key(part.text): part for part in reversed(group)}
        ordered = _in_reading_order(list(once.values()))
        blocks.append(_unit(ordered, _as_text(ordered)))
    return sorted(blocks, key=lambda unit: (unit.span.start, unit.span.end))


def _together(one: Part, other: Part) -> bool:
    shorter = min(one.line.span.end - one.line.span.start, other.line.span.end - other.line.span.start)
    if 2 * one.line.span.overlap(other.line.span) < max(1, shorter):
        return False
    if one.box is None or other.box is None:
        return True
    tall = max(one.height, other.height)
    if tall > 3.5 * min(one.height, other.height):
        return False
    beside = max(one.box[0], other.box[0]) - min(one.box[2], other.box[2])
    below = max(one.box[1], other.box[1]) - min(one.box[3], other.box[3])
    smaller = min(one.height, other.height)
    if below < -0.5 * smaller:
        return beside <= SAME_ROW * tall
    return beside < 0 and below <= SAME_COLUMN * tall


def _in_reading_order(parts: list[Part]) -> list[Part]:
    """Rows from the top, each from the left; at the same time only what stands there together."""
    if any(part.box is None for part in parts):
        return sorted(parts, key=lambda part: (part.line.span.start, part.line.evidence_id))
    rows: list[list[Part]] = []
    for part in sorted(parts, key=lambda part: part.box[1] if part.box else 0.0):
        row = rows[-1] if rows else None
        if row and _same_row(row[0], part):
            row.append(part)
        else:
            rows.append([part])
    return [part for row in rows for part in sorted(row, key=lambda part: part.box[0] if part.box else 0.0)]


def _same_row(one: Part, other: Part) -> bool:
    if one.box is None or other.box is None:
        return False
    shared = min(one.box[3], other.box[3]) - max(one.box[1], other.box[1])
    return shared > 0.5 * min(one.height, other.height)


def _as_text(parts: Sequence[Part]) -> str:
    text = parts[0].text
    for before, part in pairwise(parts):
        text += (" " if _same_row(before, part) else " / ") + part.text
    return text


def folding_key(text: str) -> str:
    """What two readings of the same text have in common: no case, no punctuation, no spaces."""
    return "".join(character for character in search_key(text) if character.isalnum())


def _folded(units: Iterable[Unit]) -> list[Unit]:
    """The same text once, when it comes first, with all its times."""
    first: dict[str, Unit] = {}
    for unit in units:
        key = folding_key(unit.text) or unit.text
        known = first.get(key)
        first[key] = (
            Unit(known.video_id, known.channel, known.text, known.parts, (*known.spans, unit.span)) if known else unit
        )
    return list(first.values())
