"""The grammar of questions: which form of words asks for what. The forms lie in ``data/grammar-*.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from agents.questions.question import Intent, Relation, Wants
from agents.questions.things import things_in_chinese, things_in_english

SURE = 0.9
"""Certainty of a rule that names the intent by words used for nothing else ("how many"). Ours."""

LIKELY = 0.6
"""Certainty of a rule whose words also stand in other questions. Ours."""

GUESS = 0.3
"""Certainty of what is left if no rule applies. Ours."""

SHORT_IN_CHINESE = 12
"""Characters of a Chinese text that is a search if no rule applies. Ours."""

DATA = Path(__file__).parent / "data"

_CLOSING_MARKS = re.compile("[\\s，,。！!？?；;：:.…~]+$")
_TELLS_IF = frozenset(("object", "action", "price", "name", "number", "duration", "time", "date"))
"""Kinds of answers that a question for yes or no does not want, though it has their words."""

_IN_TIME = frozenset(("before", "after", "between"))
_ORDERED = frozenset(("order", "when", "find", "quote"))
_EXTREME = frozenset(("most", "least"))
_RANKED = frozenset(("compare", "which_videos", "metadata", "count", "who", "when", "shown"))


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as its grammar reads.

    Attributes:
        certainty: of the intent, in [0, 1].
        anchor: the words of what the answer comes before or after.
        things: names of what is counted, compared, timed or looked for.
        yes_or_no: whether it asks if something is so.
    """

    intent: Intent
    certainty: float
    wants: Wants
    relation: Relation = ""
    anchor: str = ""
    things: tuple[str, ...] = ()
    yes_or_no: bool = False


@dataclass(frozen=True, slots=True)
class Grammar:
    """The forms of one language; of each table the first that occurs counts."""

    rules: tuple[tuple[Intent, float, re.Pattern[str]], ...]
    kinds: tuple[tuple[Wants, re.Pattern[str]], ...]
    relations: tuple[tuple[Relation, re.Pattern[str]], ...]
    yes_or_no: re.Pattern[str]
    either: re.Pattern[str] | None

    @classmethod
    def kept(cls, language: str) -> Grammar:
        """That of a file: ``en`` or ``zh``."""
        table = tomllib.loads((DATA / f"grammar-{language}.toml").read_text(encoding="utf-8"))
        parts = {name: joined(form) for name, form in table["parts"].items()}

        def form(entry: Mapping[str, Any]) -> re.Pattern[str]:
            return _compiled(joined(entry["form"]), parts)

        return cls(
            tuple((one["intent"], one.get("certainty", SURE), form(one)) for one in table["rules"]),
            tuple((one["wants"], form(one)) for one in table["kinds"]),
            tuple((one["relation"], form(one)) for one in table["relations"]),
            _compiled(joined(table["yes_or_no"]), parts),
            _compiled(joined(table["or"]), parts) if "or" in table else None,
        )

    def read(self, asked: str) -> Reading:
        """What the words of a question say about it, but for its things."""
        found = ((intent, certainty) for intent, certainty, form in self.rules if form.search(asked))
        intent, certainty = next(found, ("find", 0.0))
        relation, anchor = self._relation(asked, intent)
        either = bool(self.either and intent == "compare" and self.either.search(asked))
        yes_or_no = bool(self.yes_or_no.search(asked)) and not either
        wants: Wants = next((wants for wants, form in self.kinds if form.search(asked)), "anything")
        if yes_or_no and wants in _TELLS_IF:
            wants = "anything"
        if intent == "when" and wants == "date":
            intent = "fact"
        if relation in _IN_TIME and intent not in _ORDERED:
            relation, anchor = "", ""
        if relation in _EXTREME and intent not in _RANKED:
            relation = ""
        return Reading(intent, certainty, wants, relation, anchor, (), yes_or_no)

    def _relation(self, asked: str, intent: Intent) -> tuple[Relation, str]:
        for relation, form in self.relations:
            found = form.search(asked) if intent != "compare" or relation in _EXTREME else None
            if found:
                anchors = [words for words in found.groupdict().values() if words]
                return relation, (anchors[0].strip(" ?.!,，") if anchors else "")
        return "", ""


def read(plain: str, chinese: bool) -> Reading:
    """What the words of a question say about it.

    Args:
        plain: without politeness; English without contractions, Chinese in Simplified characters (`wording`).
    """
    asked = _CLOSING_MARKS.sub("", plain) if chinese else plain
    reading = grammar_of("zh" if chinese else "en").read(asked)
    things = (things_in_chinese if chinese else things_in_english)(asked, reading.intent)
    certainty = reading.certainty
    if not certainty:
        search = len(asked) < SHORT_IN_CHINESE if chinese else not asked.endswith("?")
        certainty = LIKELY if search else GUESS
    return Reading(
        reading.intent, certainty, reading.wants, reading.relation, reading.anchor, things, reading.yes_or_no
    )


@cache
def grammar_of(language: str) -> Grammar:
    """The grammar of a language, read once."""
    return Grammar.kept(language)


def joined(form: str | Sequence[str]) -> str:
    """A form that may be written on several lines."""
    return form if isinstance(form, str) else "".join(form)


def _compiled(form: str, parts: Mapping[str, str]) -> re.Pattern[str]:
    for name, part in parts.items():
        form = form.replace(f"<{name}>", part)
    return re.compile(form, re.I)
