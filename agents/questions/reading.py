"""What the grammar of a question says about it. `english` and `chinese` read; `understanding` puts together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from agents.questions.question import Intent, Relation, Wants

SURE = 0.9
"""Certainty of a rule that names the intent by words used for nothing else ("how many"). Ours."""

LIKELY = 0.6
"""Certainty of a rule whose words also stand in other questions. Ours."""

GUESS = 0.3
"""Certainty of what is left if no rule applies. Ours."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A form of words and the intent that it stands for."""

    intent: Intent
    form: re.Pattern[str]
    certainty: float = SURE


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as its grammar reads.

    Attributes:
        certainty: of the intent, in [0, 1].
        anchor: the words of what the answer comes before or after.
        things: names of what is counted, compared, timed or looked for.
        inventory: whether it asks what there is without naming a topic; `Question.overview`.
    """

    intent: Intent
    certainty: float
    wants: Wants
    relation: Relation = ""
    anchor: str = ""
    things: tuple[str, ...] = ()
    yes_or_no: bool = False


def first_rule(rules: Sequence[Rule], text: str) -> Rule | None:
    """The first rule whose form occurs in a text."""
    return next((rule for rule in rules if rule.form.search(text)), None)


def kind_of(kinds: Sequence[tuple[Wants, re.Pattern[str]]], text: str) -> Wants:
    """The first kind of answer whose form occurs in a text."""
    return next((wants for wants, form in kinds if form.search(text)), "anything")
