"""Possible answers in text."""

from __future__ import annotations

from dataclasses import dataclass

from agents.answering.text.readers.reading import Reading
from agents.answering.text.support import Support
from agents.answering.text.units import RankedLine
from stores.core.records import Evidence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible answer.

    Attributes:
        reading: the answer itself; None if the whole line is one.
        worth: the order among candidates.
        opening: words before it ("Yes").
    """

    line: RankedLine
    reading: Reading | None
    support: Support
    worth: float
    opening: str = ""

    @property
    def text(self) -> str:
        """The answer itself."""
        return self.reading.text if self.reading else self.line.unit.text

    @property
    def lines(self) -> tuple[Evidence, ...]:
        """The lines that it stands in, and those that say what it is about."""
        context = [line for unit in self.support.context for line in unit.lines[:1]]
        return tuple({line.evidence_id: line for line in (*self.line.unit.lines, *context)}.values())
