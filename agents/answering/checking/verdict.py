"""The outcome of checking claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from agents.answering.claims import Claim
from stores.core.records import Evidence

Reason = Literal[
    "CITATION",
    "QUOTE",
    "VALUE",
    "NUMBER",
    "DATE",
    "NAME",
    "POLARITY",
    "COMPARISON",
    "QUANTIFIER",
    "MODALITY",
    "ROLES",
    "COLOUR",
    "WORDS",
    "STITCHED",
    "TOPIC",
    "ENTAILMENT",
]
"""Why a claim is rejected.

``CITATION``: nothing stored, or nothing that may be cited, is pointed at; ``QUOTE``: what stands between quotation
marks was not said or written; ``VALUE``: what was computed does not come out again; ``NUMBER``, ``DATE``, ``NAME``,
``COLOUR``, ``COMPARISON``, ``QUANTIFIER``, ``MODALITY``, ``POLARITY``: the lines say another one, or none; ``ROLES``:
who does something and who it is done to are swapped; ``WORDS``: a word that carries meaning has no support;
``STITCHED``: the parts stand in lines that do not belong together; ``TOPIC``: about something other than asked;
``ENTAILMENT``: a model that was asked whether the lines say so does not think it.
"""

Recompute = Callable[[str, Sequence[str] | None], Sequence[Sequence[Any]]]
"""Runs the statement of a claim again over some videos (None: all) and gives its rows."""

Again = Callable[[str], Sequence[Sequence[Any]]]
"""The same for the videos that may be cited."""

Entail = Callable[[str, Sequence[Evidence]], float | None]
"""How probable it is that lines say what a claim says, in [0, 1]; None if that cannot be told."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a claim: a code, and a sentence that a model can act on."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One claim, judged. ``claim`` has only citations that resolve if it was kept; ``reason`` and ``message`` are ""
    then."""

    claim: Claim
    kept: bool
    reason: Reason | Literal[""] = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """All claims of one answer, judged."""

    verdicts: tuple[Verdict, ...]

    @property
    def kept(self) -> tuple[Claim, ...]:
        """The claims that are supported, in their order."""
        return tuple(verdict.claim for verdict in self.verdicts if verdict.kept)

    @property
    def rejected(self) -> tuple[Verdict, ...]:
        """The others, with why."""
        return tuple(verdict for verdict in self.verdicts if not verdict.kept)
