"""Numbers of citations: behind each claim of an answer, and in the list below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kinodex.schemas.answer import CitationDocument, ClaimDocument

_SEPARATE = 3
"""Consecutive numbers that are written one by one; more are written as a range. Source: our choice."""

_JOINTS = " ;；\n"
"""What stands between claims. Source: `agents.chat.wording.joined`."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """The citations of one answer, each once.

    Attributes:
        citations: in the order in which they are first cited; the first is number 1.
        numbers: of each claim, those of its citations.
    """

    citations: tuple[CitationDocument, ...]
    numbers: tuple[tuple[int, ...], ...]


def numbered(claims: Sequence[ClaimDocument]) -> Numbered:
    """Number the citations of an answer's claims; what several claims cite has one number."""
    known: dict[str, int] = {}
    citations: list[CitationDocument] = []
    numbers: list[tuple[int, ...]] = []
    for claim in claims:
        for one in claim.citations:
            if one.evidence_id not in known:
                citations.append(one)
                known[one.evidence_id] = len(citations)
        numbers.append(tuple(dict.fromkeys(known[one.evidence_id] for one in claim.citations)))
    return Numbered(tuple(citations), tuple(numbers))


def cited_lines(answer: str, claims: Sequence[ClaimDocument]) -> list[str]:
    """The text of an answer with the numbers of its citations behind each claim: ``A dog barks [1][2]``.

    One line a claim where the answer is nothing but its claims, else the lines of the answer.
    """
    written = [f" {''.join(_written(one))}" if one else "" for one in numbered(claims).numbers]
    said, between, at, rest = "", "", 0, []
    for claim, numbers in zip(claims, written, strict=True):
        found = answer.find(claim.text, at) if claim.text else -1
        if found < 0:
            rest.append(f"{claim.text}{numbers}")
            continue
        between += answer[at:found]
        behind = found + len(claim.text)
        said, at = f"{said}{answer[at:behind]}{numbers}", behind
    if claims and not rest and not (between + answer[at:]).strip(_JOINTS):
        return [f"{claim.text}{numbers}" for claim, numbers in zip(claims, written, strict=True)]
    return [*(said + answer[at:]).splitlines(), *rest]


def _written(numbers: Sequence[int]) -> Iterator[str]:
    """``[1][2]``, and ``[1–9]`` for many in a row."""
    run: list[int] = []
    for number in (*sorted(numbers), None):
        if run and number != run[-1] + 1:
            yield from [f"[{run[0]}–{run[-1]}]"] if len(run) > _SEPARATE else [f"[{one}]" for one in run]
            run = []
        if number is not None:
            run.append(number)
