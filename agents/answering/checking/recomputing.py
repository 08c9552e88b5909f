"""Values that were worked out rather than quoted: they must come out again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from agents.answering.checking.quantities import Quantity, quantities
from agents.answering.checking.traits import traits
from agents.answering.checking.verdict import Again, Fault
from agents.answering.claims import Claim
from agents.answering.wording import clock, length
from stores.core.errors import KinodexError
from stores.core.records import Evidence
from stores.core.text_keys import search_key

_ROUNDING = 0.051
"""A value may be rounded to one decimal."""


def value_fault(claim: Claim, lines: Sequence[Evidence], again: Again | None) -> Fault | None:
    """What is wrong with a claim's value: it is not in its text, its query does not give it again, or without a query
    the cited lines do not."""
    if not claim.value:
        return None
    if claim.value not in claim.text and not _same_number(claim.value, claim.text):
        return Fault("VALUE", f"The text does not give the value {claim.value!r}.")
    if claim.sql and again is not None:
        try:
            rows = again(claim.sql)
        except KinodexError as error:
            return Fault("VALUE", f"The query cannot be run again: {error}")
        if _in_rows(claim.value, rows):
            return None
        return Fault("VALUE", f"The query does not give {claim.value!r} when it is run again.")
    if any(_alike(claim.value, other) for other in derivable(lines)):
        return None
    return Fault("VALUE", f"{claim.value!r} does not follow from the cited lines.")


def without_value(text: str, value: str) -> str:
    """The text of a claim without what was computed, which comes last: "bird" in "birds.mp4: bird".

    Names of files are taken out before: the 4 of "4 videos: take_4.mp4" is not that of the name.
    """
    if not value:
        return text
    apart = list(re.finditer(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", text))
    if not apart:
        return " ".join(text.rsplit(value, 1))
    return f"{text[: apart[-1].start()]} {text[apart[-1].end() :]}"


def derivable(lines: Sequence[Evidence]) -> set[str]:
    """What can be worked out from lines: how many they are, in how many videos and moments, how many different ones;
    when they begin and end; how long they last; which colours, numbers and days they have."""
    found = {str(count) for count in (len(lines), len({line.video_id for line in lines}), _moments(lines))}
    found.add(str(len({line.text.casefold() for line in lines})))
    for line in lines:
        start, end = line.span.seconds
        found |= {clock(start), clock(end), f"{clock(start)}–{clock(end)}", f"{clock(start)}-{clock(end)}"}
        found |= {one.value for one in traits(line.search_text)}
        found |= {line.search_text[one.start : one.end].strip() for one in quantities(line.search_text)}
        found.add(line.text)
    exactly = [line.span.duration for line in lines]
    found |= {length(seconds, chinese) for seconds in (*exactly, sum(exactly)) for chinese in (False, True)}
    found |= {f"{seconds:g} s" for seconds in _lengths(lines)}
    return found | {clock(seconds) for seconds in _lengths(lines)}


def _moments(lines: Sequence[Evidence]) -> int:
    """How many stretches of time the lines make, those that meet counted as one."""
    count, last_video, last_end = 0, "", -1.0
    for line in sorted(lines, key=lambda line: (line.video_id, line.span.seconds)):
        start, end = line.span.seconds
        if line.video_id != last_video or start > last_end:
            count, last_end = count + 1, end
        last_video, last_end = line.video_id, max(last_end, end)
    return count


def _lengths(lines: Sequence[Evidence]) -> set[float]:
    """How long lines last: each, all together, and from the first to the last; and what lies between two."""
    spans = sorted(line.span.seconds for line in lines)
    lengths = [end - start for start, end in spans]
    found = {*lengths, sum(lengths)}
    if spans:
        found.add(max(end for _, end in spans) - spans[0][0])
        found |= {later[0] - earlier[0] for earlier, later in pairwise(spans)}
    return {round(one, 1) for one in found} | {float(round(one)) for one in found}


def _in_rows(value: str, rows: Sequence[Sequence[Any]]) -> bool:
    cells = [cell for row in rows for cell in row]
    shown = [str(cell) for cell in cells if cell is not None] + [str(len(rows))]
    for cell in cells:
        if isinstance(cell, (int, float)) and cell >= 0:
            shown += [clock(float(cell)), length(float(cell), False), length(float(cell), True)]
    return any(_alike(value, one) for one in shown)


def _alike(value: str, other: str) -> bool:
    if search_key(value).strip() == search_key(other).strip():
        return True
    ours, theirs = _plain_number(value), _plain_number(other)
    if ours is not None and theirs is not None:
        return abs(ours - theirs) < (_ROUNDING if "." in value or "." in other else 1e-6) or ours == round(theirs)
    here, there = quantities(value), quantities(other)
    if here and there:
        return len(here) == len(there) and all(_equal(a, b) for a, b in zip(here, there, strict=True))
    mine = {(one.kind, one.value) for one in traits(value)}
    return bool(mine) and mine == {(one.kind, one.value) for one in traits(other)} | {
        ("colour", other) for _ in (0,) if ("colour", other) in mine
    }


def _equal(one: Quantity, other: Quantity) -> bool:
    return one.same(other) and one.dimension == other.dimension


def _plain_number(text: str) -> float | None:
    match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*", text)
    if match:
        return float(match[1])
    numbers = quantities(text)
    if len(numbers) == 1 and not numbers[0].dimension and numbers[0].end - numbers[0].start >= len(text.strip()):
        return numbers[0].value
    return None


def _same_number(value: str, text: str) -> bool:
    return any(one.same(other) for one in quantities(value) for other in quantities(text))
