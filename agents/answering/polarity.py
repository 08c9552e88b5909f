"""Whether two texts deny the same things: "must not be at 250 degrees" does not support "must be at 250 degrees".

A negation covers the words that follow it in its clause; the first of them counts most. Two negations of the same word
cancel each other. Implied negations ("off" for "not on") are not understood, so such claims are not supported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.words import content_terms
from stores.core.text_keys import CJK, search_key

_CLAUSE = re.compile(r"[.,;:!?\n\"“”()，。；：！？、]+(?!\d)|\b(?:but|because|although)\b|但是|因为|而是")
_NEGATION = re.compile(
    r"\b(?:not|never|no|none|nobody|nothing|neither|nor|without|cannot|\w+n['’]t|(?:is|are|was|were|do|does|did|has|have|"
    r"had|must|should|could|would)nt|hardly|barely|scarcely|forbidden|prohibited|banned)\b|禁止|[不没別别未无莫勿]",
)
_NO_DENIAL = re.compile(
    r"\b(?:not only|no doubt|no matter|no problem)\b|(\w)不\1|有没有|不仅|不但|不只|不过|不同|不断|不错|不论|不管|不少|"
    r"不久|对不起|没错|没关系|没问题|[特分性级差区告个识辨鉴类派]别|别[人墅致名称的处]|无论|无线|无人机|无数|无花果|未来|未必不",
)
_AUXILIARIES = re.compile("^(?:要|会|有|能|可以|可|是|必须|必|得|应该|应|该|再|到|在|把|被|让|去|想|用|太|很|那么)+")
_BELIEF = frozenset("think believe know say sure guess 觉得 认为 知道".split())


@dataclass(frozen=True, slots=True)
class Denial:
    """The content words under one negation, in order."""

    words: tuple[str, ...]


def polarity_agrees(claim: str, evidence: Iterable[str]) -> bool:
    """Whether a claim denies only what its evidence denies, and affirms nothing that its evidence denies."""
    stated, lines = _clauses([claim]), _clauses(evidence)
    said = {word for affirmed, _ in stated for word in affirmed}
    known = {word for affirmed, _ in lines for word in affirmed}
    refused = {word for _, denials in lines for denial in denials for word in denial.words}
    ours = [denial for _, denials in stated for denial in denials]
    theirs = [denial for _, denials in lines for denial in denials]
    if ours and not refused:
        return False
    if any(_contradicted(one, known - refused) and not _denied_briefly(one, theirs) for one in ours):
        return False
    denied = {word for denial in ours for word in denial.words}
    # Denials that share a word deny the same, whichever word comes first: "you can't see the star", "it can't be seen".
    others = [one for one in theirs if denied.isdisjoint(one.words)]
    return not any(_contradicted(denial, said - denied - known) for denial in others)


def _contradicted(denial: Denial, affirmed: set[str]) -> bool:
    """Whether what is denied is affirmed elsewhere: its first word, or more than half of its words."""
    there = [word for word in denial.words if word in affirmed]
    return bool(there) and (denial.words[0] in affirmed or 2 * len(there) > len(denial.words))


def _denied_briefly(denial: Denial, theirs: Iterable[Denial]) -> bool:
    """Whether the end of what is denied is all that a clause of the evidence denies: "water them, but not at noon"."""
    return any(len(one.words) <= 2 and denial.words[-len(one.words) :] == one.words for one in theirs)


def _clauses(texts: Iterable[str]) -> list[tuple[set[str], list[Denial]]]:
    """For each clause, the words that it affirms, and what it denies."""
    clauses = []
    for text in texts:
        for clause in _CLAUSE.split(_NO_DENIAL.sub(" ", search_key(text))):
            pieces, at, negations = [], 0, 0
            affirmed: set[str] = set()
            denials: list[Denial] = []
            for found in [*_NEGATION.finditer(clause), None]:
                pieces.append((clause[at : found.start() if found else len(clause)], negations))
                if found:
                    at, negations = found.end(), negations + 1
            for piece, before in pieces:
                words = tuple(word for word in _words(piece, bool(before)) if word not in _BELIEF)
                if before % 2 and words:
                    denials.append(Denial(words))
                elif before % 2 and affirmed:
                    # "The light is not on": no content word follows.
                    denials.append(Denial(tuple(affirmed)))
                    affirmed = set()
                else:
                    affirmed.update(words)
            clauses.append((affirmed, denials))
    return clauses


def _words(piece: str, after_negation: bool) -> list[str]:
    """Content words; of Chinese single characters, because pairs depend on the character before."""
    plain = _AUXILIARIES.sub("", piece.strip()) if after_negation else piece
    words: list[str] = []
    for term in content_terms(plain):
        words += list(term.text) if re.fullmatch(f"[{CJK}]+", term.text) else [term.text]
    return list(dict.fromkeys(words))
