"""What a statement may rest on, and which clause of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agents.answering.checking.passages import Passage
from agents.answering.checking.wording import clauses, has_chinese, same_word, tokens
from agents.words import content_terms
from stores.core.text_keys import search_key


@dataclass(frozen=True, slots=True)
class Asked:
    """What a claim may take from its question.

    Attributes:
        text: of the question.
        lends: whether words of the question may be repeated: not where it asks whether something is so.
        keys: base forms of its words; ``verbs``: of those that look like verbs.
        topical: whether it names something that its answer must be about.
        things: what is counted or compared, in its words.
    """

    text: str
    lends: bool
    keys: frozenset[str]
    verbs: frozenset[str]
    topical: bool
    things: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ground:
    """What one statement may rest on.

    Attributes:
        context: what else is said, shown and read around the cited lines, and the name of the file.
        cited: clauses of all cited lines that are sentences or written texts.
        exempt: kinds of words (`traits.Trait.kind`) that are computed rather than quoted.
    """

    asked: Asked
    context: Callable[[Passage], str]
    exempt: frozenset[str] = frozenset()
    cited: tuple[str, ...] = ()


def said_elsewhere(text: str, known: Sequence[str], here: Callable[[str], bool], rival: Callable[[str], bool]) -> bool:
    """Whether the clause that has most of a claim's words has a rival in place of a word, which stands in one that has
    fewer: "before sunrise" and "after lunch" in two halves of one sentence."""
    if len(known) < 2:
        return False
    keys = meaning(text)
    with_it = [shared_words(keys, clause) for clause in known if here(clause)]
    with_rival = [shared_words(keys, clause) for clause in known if rival(clause) and not here(clause)]
    return bool(with_rival) and max(with_rival) > max(with_it, default=0)


_CONDITION = re.compile(r"(?:if|when|whenever|unless|in case|once)\b|如果|要是|当", re.I)


def meaning(text: str) -> list[str]:
    """The words of a text by which clauses are compared: base forms, and parts of Chinese."""
    keys = [token.key for token in tokens(text)]
    if has_chinese(text):
        keys += [term.text for term in content_terms(text) if term.cjk]
    return keys


def shared_words(keys: Sequence[str], clause: str) -> int:
    """How many of some words a clause has."""
    words = [token.key for token in tokens(clause)]
    key = search_key(clause)
    return sum(one in key if has_chinese(one) else any(same_word(one, word) for word in words) for one in keys)


def best_clause(text: str, passage: Passage) -> str:
    """The clause of a passage, conditions apart, that has most words of a text."""
    keys = meaning(text)
    known = clauses(passage.text) or (passage.text,)
    main = [clause for clause in known if not _CONDITION.match(clause)] or known
    return max(main, key=lambda clause: shared_words(keys, clause))
