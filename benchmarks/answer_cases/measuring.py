"""Everything asked of one library, and the figures that come of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.answer_cases.asking import Asker, Outcome, answer_to, best_score
from benchmarks.answer_cases.cases import Case

ABSENT, PRESENT, GIBBERISH, IDLE = "absent", "present", "gibberish", "idle"
"""Names of lists: queries for what is not there and for what is, texts without content, talk that is no question."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whether a query is said to match, and the best moment's score."""

    query: str
    match: bool
    score: float


@dataclass(frozen=True, slots=True)
class Measured:
    """Outcomes of single questions and of turns, how queries of lists matched, and what idle talk was answered with."""

    outcomes: tuple[Outcome, ...] = ()
    turns: tuple[Outcome, ...] = ()
    matches: Mapping[str, tuple[Match, ...]] = field(default_factory=dict)
    idle_answered: tuple[tuple[str, str], ...] = ()
    idle: int = 0

    def by_intent(self) -> dict[str, dict[str, Any]]:
        """The figures of single questions by intent, and of all."""
        intents = sorted({outcome.case.intent for outcome in self.outcomes})
        rows = {name: figures([each for each in self.outcomes if each.case.intent == name]) for name in intents}
        return {**rows, "all": figures(self.outcomes)} if self.outcomes else rows

    def by_language(self) -> dict[str, dict[str, Any]]:
        """The figures of single questions in English and Chinese."""
        return {
            name: figures([each for each in self.outcomes if each.case.chinese == chinese])
            for name, chinese in (("English", False), ("Chinese", True))
        }

    def conversations(self) -> dict[str, Any]:
        """The figures of turns."""
        return figures(self.turns) if self.turns else {}

    def curve(self) -> list[dict[str, float]]:
        """Which shares of absent and of present things match, as the score that counts as a match moves."""
        absent, present = self.matches.get(ABSENT, ()), self.matches.get(PRESENT, ())
        if not absent or not present:
            return []
        return [
            {
                "threshold": threshold / 20,
                "absent": sum(each.score >= threshold / 20 for each in absent) / len(absent),
                "present": sum(each.score >= threshold / 20 for each in present) / len(present),
            }
            for threshold in range(2, 20)
        ]

    def verdicts(self) -> dict[str, float]:
        """The share of each list that is said to match."""
        return {name: sum(each.match for each in found) / len(found) for name, found in self.matches.items() if found}

    def as_json(self) -> dict[str, Any]:
        """All figures, and each question with its answer."""
        return {
            "by_intent": self.by_intent(),
            "by_language": self.by_language(),
            "conversations": self.conversations(),
            "verdicts": self.verdicts(),
            "curve": self.curve(),
            "idle": self.idle,
            "idle_answered": [list(each) for each in self.idle_answered],
            "questions": [_document(outcome) for outcome in self.outcomes],
            "turns": [_document(outcome) for outcome in self.turns],
        }


def measure(
    asker: Asker,
    cases: Sequence[Case],
    conversations: Sequence[Sequence[Case]],
    lists: Mapping[str, Sequence[str]],
    progress: bool = False,
) -> Measured:
    """Ask everything of one library.

    Args:
        lists: by name, see `ABSENT`; others are ignored.
        progress: say on standard error how far it is.
    """
    outcomes = []
    for number, case in enumerate(cases, 1):
        outcomes.append(asker.ask(case))
        if progress:
            print(f"\r{number}/{len(cases)}", end="", file=sys.stderr)
    turns = [outcome for conversation in conversations for outcome in asker.converse(conversation)]
    matches = {
        name: tuple(Match(query, *best_score(asker.library, query)) for query in lists[name])
        for name in (ABSENT, PRESENT, GIBBERISH)
        if lists.get(name)
    }
    idle = [(text, answer_to(asker.library, text)) for text in (*lists.get(IDLE, ()), *lists.get(GIBBERISH, ()))]
    answered = tuple((text, answer) for text, answer in idle if answer)
    return Measured(tuple(outcomes), tuple(turns), matches, answered, len(idle))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts and shares of some outcomes; None where there is nothing to share."""
    yes = [each for each in outcomes if each.case.answerable]
    no = [each for each in outcomes if not each.case.answerable]
    known = [each for each in yes if each.oracle]
    cited = sum(each.judged.citations for each in yes)
    return {
        "asked": len(outcomes),
        "answerable": len(yes),
        "right": _share(sum(each.judged.right for each in yes), len(yes)),
        "abstained": _share(sum(each.judged.abstained for each in yes), len(yes)),
        "unanswerable": len(no),
        "declined": _share(sum(each.judged.right for each in no), len(no)),
        "citation_precision": _share(sum(each.judged.overlapping for each in yes), cited),
        "citation_validity": _share(
            sum(each.valid for each in outcomes), sum(each.judged.citations for each in outcomes)
        ),
        "evidence_recall": _share(sum(each.cited > 0 for each in known), len(known)),
        "calls": sum(each.calls for each in outcomes),
        "tokens": sum(each.tokens for each in outcomes),
        "seconds": _share(sum(each.seconds for each in outcomes), len(outcomes)),
    }


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _document(outcome: Outcome) -> dict[str, Any]:
    return {
        "question": outcome.case.text,
        "intent": outcome.case.intent,
        "answerable": outcome.case.answerable,
        "right": outcome.judged.right,
        "abstained": outcome.judged.abstained,
        "fault": outcome.judged.why_not,
        "answer": outcome.text,
        "citations": list(outcome.quotes),
        "oracle": [line.text for line in outcome.oracle],
    }
