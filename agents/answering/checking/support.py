"""Whether cited lines hold one statement: its numbers, days, colours, names, order of words and every word that carries
meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agents.answering.checking.binding import bound_otherwise, looks_of_another
from agents.answering.checking.covering import uncovered
from agents.answering.checking.figures import number_fault, trait_fault
from agents.answering.checking.ground import Ground, best_clause
from agents.answering.checking.likeness import Likeness
from agents.answering.checking.passages import Passage, hold_together
from agents.answering.checking.quantities import quantities
from agents.answering.checking.roles import roles_agree
from agents.answering.checking.traits import modality_agrees, traits
from agents.answering.checking.verdict import Fault
from agents.answering.checking.wording import base, clauses, has_chinese, same_word, tokens
from agents.answering.polarity import polarity_agrees
from agents.words import content_terms, coverage
from stores.core.text_keys import HAN, search_key

_ANSWERING = re.compile(r"^\s*(?:yes|no|correct|right)\b[,.:]\s*|^\s*(?:是的|不是|没有|对|不)[，,。]\s*", re.I)


def statement_fault(text: str, known: Sequence[Passage], ground: Ground, likeness: Likeness) -> Fault | None:
    """What a claim has that no passage holds; None if one holds all of it, or each of its parts one that belongs to the
    others."""
    plain = _ANSWERING.sub("", text) or text
    cited = tuple(clause for passage in known if not passage.seen for clause in clauses(passage.text))
    ground = replace(ground, cited=cited)
    faults = [_fault(plain, passage, ground, likeness) for passage in known]
    if None in faults:
        return None
    first = min((fault for fault in faults if fault), key=lambda one: one[0], default=(0, Fault("CITATION", "")))[1]
    parts = [part for part in clauses(plain) if _says_something(part)]
    if len(known) < 2 or len(parts) < 2:
        if len(known) > 1 and _held_by_all(plain, known):
            return Fault("STITCHED", "No line, and no lines that belong together, say all of this.")
        return first
    used: list[Passage] = []
    for part in parts:
        holding = [passage for passage in known if _fault(part, passage, ground, likeness) is None]
        if not holding:
            return first
        used.append(next((passage for passage in holding if passage in used), holding[0]))
    if not hold_together(used):
        return Fault("STITCHED", "Its parts stand in different videos, or far apart in one.")
    return None


def _says_something(part: str) -> bool:
    return bool(tokens(part) or quantities(part) or traits(part) or has_chinese(part))


def _held_by_all(text: str, known: Sequence[Passage]) -> bool:
    everything = "\n".join(passage.text for passage in known)
    keys = [base(word) for word in re.findall(r"[^\W\d_]+", everything)]
    return all(any(same_word(token.key, key) for key in keys) for token in tokens(text))


def _fault(text: str, passage: Passage, ground: Ground, likeness: Likeness) -> tuple[int, Fault] | None:
    """What one passage does not hold of a text, and how much that is (1 for the least)."""
    missing = uncovered(text, passage, ground, likeness)
    distance = len(missing) + 1
    if not polarity_agrees(text, _parts(passage)) or _is_denied_in_chinese(text, passage.text):
        return distance, Fault("POLARITY", "The cited lines deny what this affirms, or affirm what it denies.")
    if fault := number_fault(text, passage, ground, likeness) or trait_fault(text, passage, ground):
        return distance, fault
    best = best_clause(text, passage)
    if not passage.seen and not any(modality_agrees(text, one) for one in (best, passage.text)):
        return distance, Fault("MODALITY", f"What must, should or may be: the cited lines say {best!r}.")
    if not passage.fragment and not roles_agree(text, passage.text):
        return distance, Fault("ROLES", "Who does what to whom is the other way round in the cited lines.")
    if missing:
        names = [token for token in missing if token.name]
        if names:
            return distance, Fault("NAME", f"The cited lines do not name {names[0].text!r}.")
        return distance, Fault("WORDS", f"{missing[0].text!r} has no support in the cited lines.")
    if passage.seen and (looks := looks_of_another(text, passage, likeness)):
        return distance, Fault("COLOUR", looks)
    if not passage.fragment and (bound := bound_otherwise(text, passage, likeness)):
        return distance, Fault("STITCHED", bound)
    if not _rests_on(text, passage, ground):
        return distance, Fault("WORDS", "Nothing of this stands in the cited lines themselves.")
    return None


def _is_denied_in_chinese(text: str, known: str) -> bool:
    """Whether a claim says 是 of what its lines say 不是 of."""
    ours, theirs = search_key(text), search_key(known)
    for hit in re.finditer(f"(?<![不就只也都还但])是([{HAN}]+)", ours):
        denied = re.search(f"(?:不是|并非){hit[1]}(?![{HAN}])", theirs)
        if denied and not re.search(f"(?<!不)是{hit[1]}(?![{HAN}])", theirs):
            return True
    return False


def _parts(passage: Passage) -> set[str]:
    return {part for line in passage.lines for part in (line.text, line.search_text)} | {passage.text}


def _rests_on(text: str, passage: Passage, ground: Ground) -> bool:
    """Whether the cited lines themselves hold something of a claim, rather than its question alone."""
    if quantities(text) and any(one.same(other) for one in quantities(text) for other in quantities(passage.all_text)):
        return True
    words = [base(word) for word in re.findall(r"[^\W\d_]{2,}", passage.all_text)]
    words += [token.key for token in tokens(passage.all_text)]
    ours = [token for token in tokens(text) if not any(same_word(token.key, key) for key in ground.asked.keys)]
    if ours:
        return True  # each is covered, and not by the question
    if any(same_word(token.key, word) for token in tokens(text) for word in words):
        return True
    if has_chinese(text) or traits(text):
        return True
    return coverage(content_terms(text), passage.all_text) >= 0.5
