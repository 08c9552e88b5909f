"""Ranked lines as a language model reads them: short numbers instead of ids, by video, within a budget of tokens."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.answering.text.units import RankedLine, Unit
from agents.evidence import RECOGNISED
from stores.core.text_keys import CJK

MOST_LINES = 36
"""Lines shown at most; a small model loses its way in more. Source: tried with a 1.5B model."""

LONGEST_LINE = 200
"""Characters of one line, of Chinese half as many. Ours."""

MOST_LABELS = 10
"""Labels and objects shown at most: short, alike and seldom the answer. Ours."""

_CHINESE = re.compile(f"[{CJK}]")
_SECTIONS = (
    ("heard", ("speech",)),
    ("on screen", ("screen",)),
    ("seen", ("picture", "object", "caption")),
    ("sounds, faces and voices", ("sound", "face", "speaker")),
    ("about", ("script", "format")),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Lines for a prompt.

    Attributes:
        text: the lines, quoted, by video; the question is not in it.
        by_number: the ids of the evidence behind each number.
        tokens: estimated.
    """

    text: str
    by_number: dict[int, tuple[str, ...]]
    tokens: int


def estimated_tokens(text: str) -> int:
    """About how many tokens a text has: one for each Chinese character, one for four others."""
    chinese = len(_CHINESE.findall(text))
    return chinese + -(-(len(text) - chinese) // 4)


def show_lines(ranked: Sequence[RankedLine], budget_tokens: int = 600, names: Mapping[str, str] | None = None) -> Shown:
    """The best lines that fit, grouped by video: what was heard in order of time, all else by its rank.

    Speech brings the sentence before and after it along, as long as there is room.

    Args:
        names: of videos, by id.
    """
    chosen: list[Unit] = []
    videos: set[str] = set()
    spent = labels = 0
    for unit in _with_neighbours(ranked):
        label = unit.channel in RECOGNISED
        if len(chosen) >= MOST_LINES or (label and labels >= MOST_LABELS):
            continue
        header = 0 if unit.video_id in videos else estimated_tokens(_header(len(videos) + 1, unit.video_id, names)) + 6
        cost = header + estimated_tokens(_line(99, unit))
        if spent + cost > budget_tokens:
            continue
        chosen.append(unit)
        videos.add(unit.video_id)
        spent += cost
        labels += label
    text, by_number = _written(chosen, names)
    return Shown(text, by_number, estimated_tokens(text))


def _with_neighbours(ranked: Sequence[RankedLine]) -> list[Unit]:
    """The best lines, behind each of the first ones what was said around it."""
    units: dict[tuple[str, str, str, int], Unit] = {}
    for place, line in enumerate(ranked):
        around = (*line.after[:1], *line.before[:1]) if place < 6 and line.unit.channel == "speech" else ()
        for unit in (line.unit, *around):
            units.setdefault((unit.video_id, unit.channel, unit.text, unit.span.start), unit)
    return list(units.values())


def _written(chosen: Sequence[Unit], names: Mapping[str, str] | None) -> tuple[str, dict[int, tuple[str, ...]]]:
    by_video: dict[str, list[Unit]] = defaultdict(list)
    for unit in chosen:
        by_video[unit.video_id].append(unit)
    rows: list[str] = []
    by_number: dict[int, tuple[str, ...]] = {}
    for place, (video_id, units) in enumerate(by_video.items(), 1):
        rows.append(_header(place, video_id, names))
        for section, channels in _SECTIONS:
            some = [unit for unit in units if unit.channel in channels]
            if section == "heard":
                some.sort(key=lambda unit: (unit.span.start, unit.span.end))
            if some:
                rows.append(f"{section}:")
            for unit in some:
                number = len(by_number) + 1
                by_number[number] = tuple(line.evidence_id for line in unit.lines)
                rows.append(_line(number, unit))
    return "\n".join(rows), by_number


def _header(place: int, video_id: str, names: Mapping[str, str] | None) -> str:
    name = re.sub(r"\s+", " ", (names or {}).get(video_id, ""))[:60]
    return f'Video {place} ("{_plain(name)}")' if name else f"Video {place}"


def _line(number: int, unit: Unit) -> str:
    most = LONGEST_LINE // 2 if _CHINESE.search(unit.text) else LONGEST_LINE
    text = _plain(unit.text)
    text = text if len(text) <= most else f"{text[:most].rstrip()}…"
    again = f" (×{unit.times})" if unit.times > 1 and unit.channel == "screen" else ""
    return f'[{number}] "{text}"{again}'


def _plain(text: str) -> str:
    """A text in one row and without quotation marks of its own, so that it cannot end its quotation."""
    return re.sub(r"\s+", " ", text).replace('"', "'").replace("“", "'").replace("”", "'").strip()
