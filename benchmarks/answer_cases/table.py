"""The figures as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.answer_cases.asking import Outcome
from benchmarks.answer_cases.measuring import Measured

_COLUMNS = {
    "asked": "asked",
    "right": "right",
    "abstained": "wrongly declined",
    "unanswerable": "unanswerable",
    "declined": "rightly declined",
    "citation_precision": "citations right",
    "citation_validity": "valid",
    "evidence_recall": "evidence",
    "calls": "calls",
    "tokens": "tokens",
    "seconds": "s each",
}


def table(measured: Measured) -> str:
    """By intent and language, conversations, and where there is nothing to answer, as Markdown."""
    rows = {**measured.by_intent(), **(measured.by_language() if measured.outcomes else {})}
    if measured.turns:
        rows["turns of conversations"] = measured.conversations()
    lines = [
        "| | " + " | ".join(_COLUMNS.values()) + " |",
        "|---" * (len(_COLUMNS) + 1) + "|",
        *(f"| {name} | " + " | ".join(_cell(row, key) for key in _COLUMNS) + " |" for name, row in rows.items()),
    ]
    if measured.matches:
        shares = ", ".join(f"{name} {share:.2f}" for name, share in measured.verdicts().items())
        lines += ["", f"Said to match: {shares}"]
    if curve := measured.curve():
        lines += ["", "| score from | absent | present |", "|---|---|---|"]
        lines += [f"| {row['threshold']:.2f} | {row['absent']:.2f} | {row['present']:.2f} |" for row in curve]
    if measured.idle:
        lines += ["", f"Answered, though no question to a library: {len(measured.idle_answered)} of {measured.idle}"]
    return "\n".join(lines)


def failures(measured: Measured) -> str:
    """Every question and turn that went wrong: what was answered, and the lines that hold the answer."""
    wrong = [outcome for outcome in (*measured.outcomes, *measured.turns) if not outcome.judged.right]
    idle = [f"\nIDLE {text}\n    answered: {answer}" for text, answer in measured.idle_answered]
    return "\n".join([*map(_failure, wrong), *idle])


def _failure(outcome: Outcome) -> str:
    case = outcome.case
    wanted = case.answers or case.parts or case.time or case.seconds or case.videos
    lines = [
        f"\n{case.intent}: {case.text}  [{outcome.judged.why_not}]",
        f"    wanted: {wanted if case.answerable else 'to be declined: ' + case.why}",
        f"    answered: {outcome.text}",
        *(f"    cited: {quote}" for quote in outcome.quotes),
        *(
            f"    holds it: {line.span.seconds[0]:.1f}-{line.span.seconds[1]:.1f} {line.channel}: {line.text}"
            for line in outcome.oracle
        ),
    ]
    return "\n".join(lines)


def _cell(row: Mapping[str, Any], key: str) -> str:
    value = row[key]
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
