"""A correction, and a wish for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from stores.core.records import Span

State = Literal["active", "superseded", "revoked"]

LONGEST_TEXT = 4_000
"""Characters of a corrected line. Source: our choice: a minute of fast speech has 1,200."""


@dataclass(frozen=True, slots=True)
class Correction:
    """One version of what a person wrote for one line.

    Attributes:
        evidence_id: the line that has the text now; "" if the present recogniser found none there.
        original: what the recogniser found.
        version: counts from 1 for each line.
        made_at, ended_at: seconds since the epoch.
    """

    correction_id: str
    video_id: str
    stage: str
    span: Span
    evidence_id: str
    original: str
    text: str
    version: int
    state: State
    author: str
    made_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class NewText:
    """What a line should say; None to take back what a person wrote."""

    video_id: str
    evidence_id: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a change did: lines that say something else now, and lines that said it already."""

    changed: int
    unchanged: int
    video_ids: tuple[str, ...] = ()
