"""Numbers, and words of which one excludes the other: whether cited lines say the same ones, of the same things."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from agents.answering.checking.ground import Ground, said_elsewhere
from agents.answering.checking.likeness import NEAR_NOUN, Likeness
from agents.answering.checking.passages import Passage
from agents.answering.checking.quantities import Quantity, quantities
from agents.answering.checking.traits import Trait, traits
from agents.answering.checking.verdict import Fault
from agents.answering.checking.wording import base, same_word, tokens
from stores.core.text_keys import HAN


def number_fault(text: str, passage: Passage, ground: Ground, likeness: Likeness) -> Fault | None:
    """A number of a text that a passage does not hold, or holds of something else."""
    theirs = quantities(passage.all_text)
    asked = quantities(ground.asked.text) if ground.asked.lends else ()
    for one in quantities(text):
        same = [other for other in theirs if one.same(other)]
        if not same:
            if any(one.same(other) for other in asked):
                continue
            return Fault("NUMBER", f"{text[one.start : one.end].strip()!r} does not stand in the cited lines.")
        if _of_another(one, text, same, passage.all_text) or _counts_another(one, same, passage.all_text, likeness):
            return Fault("NUMBER", f"{text[one.start : one.end].strip()!r} counts something else in the cited lines.")
        of_something = one.dimension or one.noun
        here, rival = partial(_has_number, one), partial(_has_rival_number, one)
        if of_something and (
            said_elsewhere(text, ground.cited, here, rival) or _before_another_verb(one, text, ground.cited)
        ):
            return Fault("NUMBER", f"{text[one.start : one.end].strip()!r} is said of something else.")
    return None


def _counts_another(one: Quantity, same: Sequence[Quantity], known: str, likeness: Likeness) -> bool:
    """Whether the number of a claim stands before other nouns in the lines."""
    if not one.noun or any(not other.noun for other in same):
        return False
    behind = [base(word) for other in same for word in re.findall(r"[^\W\d_]+", known[other.end :])[:5]]
    return not any(same_word(base(one.noun), word) for word in behind) and not likeness.means(
        base(one.noun), [base(other.noun) for other in same], NEAR_NOUN
    )


def _of_another(one: Quantity, text: str, same: Sequence[Quantity], known: str) -> bool:
    """Whether what a number is "of" in a claim is not what it is of in the lines: four parts of water, of paint."""
    hit = re.match(r"\s*[a-z]*\s*of\s+(?:the\s+)?([a-z]+)", text[one.end :], re.I)
    if not hit:
        return False
    theirs = [re.match(r"\s*[a-z]*\s*of\s+(?:the\s+)?([a-z]+)", known[other.end :], re.I) for other in same]
    said = [base(match[1]) for match in theirs if match]
    return bool(said) and len(said) == len(same) and not any(same_word(base(hit[1]), word) for word in said)


def _before_another_verb(one: Quantity, text: str, known: Sequence[str]) -> bool:
    """Whether Chinese characters right behind a number stand behind another number of its kind in the lines."""
    behind = re.match(f"[{HAN}]{{2}}", text[one.end :])
    if not behind:
        return False
    there = [clause for clause in known if behind.group() in clause]
    return (
        bool(there)
        and not any(_has_number(one, clause) for clause in there)
        and any(_has_rival_number(one, clause) for clause in there)
    )


def _rivals(one: Quantity, other: Quantity) -> bool:
    return not one.same(other) and one.dimension == other.dimension and bool(one.dimension)


def trait_fault(text: str, passage: Passage, ground: Ground) -> Fault | None:
    """A word of which one excludes the other that a passage does not hold, or holds of something else."""
    theirs = traits(passage.all_text)
    if passage.seen:
        theirs += tuple(one for line in passage.lines for one in traits(line.search_text))
    asked = {(one.kind, one.value) for one in traits(ground.asked.text)} if ground.asked.lends else set()
    for one in traits(text):
        if one.kind in ground.exempt or one.value == "none" or (passage.seen and one.kind in ("colour", "direction")):
            continue
        word = text[one.start : one.end] or one.value
        if not any(_same_trait(one, other) for other in theirs):
            if (one.kind, one.value) in asked and one.kind != "quantifier":
                continue
            if one.kind == "quantifier" and one.value == "all" and _denies_all(passage.text):
                continue
            if (
                one.kind == "direction"
                and not any(other.kind == "direction" for other in theirs)
                and passage.seen is False
            ):
                continue  # an ordinary word; as such it is looked for below
            return Fault(one.reason, f"The cited lines do not say {word!r}.")
        if not passage.seen and said_elsewhere(text, ground.cited, partial(_has_trait, one), partial(_has_rival, one)):
            return Fault(one.reason, f"The cited lines say {word!r} of something else.")
        if one.kind == "before or after" and not _after_the_same(text, one, passage):
            return Fault(one.reason, f"The cited lines say {word!r} of something else.")
        if one.kind == "colour" and _coloured_otherwise(text, one, passage):
            return Fault("COLOUR", f"The cited lines say {word!r} of something else.")
    return None


def _has_number(one: Quantity, clause: str) -> bool:
    return any(one.same(other) for other in quantities(clause))


def _has_rival_number(one: Quantity, clause: str) -> bool:
    return any(_rivals(one, other) for other in quantities(clause))


def _has_trait(one: Trait, clause: str) -> bool:
    return any(_same_trait(one, other) for other in traits(clause))


def _has_rival(one: Trait, clause: str) -> bool:
    return any(other.kind == one.kind and other.value != one.value for other in traits(clause))


def _same_trait(one: Trait, other: Trait) -> bool:
    return (one.kind, one.value) == (other.kind, other.value)


def _denies_all(text: str) -> bool:
    return bool(re.search(r"\b(?:nobody|no one|none|no)\b|没有人|没人", text, re.I))


def _after_the_same(text: str, one: Trait, passage: Passage) -> bool:
    """Whether "before" and "after" stand before the same word in claim and passage."""
    following = next((token for token in tokens(text) if token.start >= one.end), None)
    if following is None:
        return True
    known = passage.all_text
    found = False
    for other in traits(known):
        if not _same_trait(one, other):
            continue
        words = [token for token in tokens(known) if token.start >= other.end][:3]
        found = found or not words or any(same_word(following.key, word.key) for word in words)
    return found or not any(same_word(following.key, token.key) for token in tokens(known))


def _coloured_otherwise(text: str, one: Trait, passage: Passage) -> bool:
    """Whether the word behind a colour stands behind another one in the passage."""
    noun = next((token for token in tokens(text) if one.end <= token.start <= one.end + 2), None)
    if noun is None:
        return False
    known = passage.text
    before = []
    for token in tokens(known):
        if same_word(token.key, noun.key):
            before += [t.value for t in traits(known) if t.kind == "colour" and t.end <= token.start <= t.end + 2]
    return bool(before) and one.value not in before
