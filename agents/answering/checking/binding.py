"""What cited lines say of what: a colour of a thing, a complement of a subject, a place of an action."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from agents.answering.checking.ground import shared_words
from agents.answering.checking.likeness import NEAR_NOUN, Likeness
from agents.answering.checking.passages import THIRD, Passage
from agents.answering.checking.quantities import Quantity, quantities
from agents.answering.checking.traits import Trait, traits
from agents.answering.checking.wording import Token, base, clauses, has_chinese, same_word, tokens
from agents.words import FUNCTION_WORDS, content_terms
from stores.core.text_keys import search_key

_COPULA = re.compile(r"^(.*?)\b(?:is|are|was|were)\b(?!\s+(?:not\b|\w+ed\b|\w+ing\b))(.*)$", re.I)
_MAIN = re.compile(r"[.!?;。！？；](?=\s|$)|\b(?:and|but|while|whereas|although|though|because)\b", re.I)


def looks_of_another(text: str, passage: Passage, likeness: Likeness) -> str:
    """A sentence about a colour or direction that the thing it is said of does not have; "" if there is none."""
    things = [(token, _things(token.key, passage, likeness)) for token in tokens(text)]
    things += [(term, _things(term.text, passage, likeness)) for term in _chinese_things(text)]
    named = [(token, lines) for token, lines in things if lines]
    for one in traits(text):
        if one.kind not in ("colour", "direction"):
            continue
        following = [item for item in named if item[0].start >= one.end]
        close = [
            item for item in following if item[0].start - one.end <= 12 and not _breaks(text, one.end, item[0].start)
        ]
        before = [item for item in named if item[0].start < one.start]
        chosen = close[:1] or before[-1:] or following[:1]
        lines = chosen[0][1] if chosen else [line.search_text for line in passage.lines]
        if not any((other.kind, other.value) == (one.kind, one.value) for line in lines for other in traits(line)):
            return f"{one.value!r} is not said of this thing in the cited lines."
    return ""


def _breaks(text: str, start: int, end: int) -> bool:
    return bool(re.search(r"[,;.，；。、]|\b(?:and|is|are)\b|和", text[start:end]))


def _things(key: str, passage: Passage, likeness: Likeness) -> list[str]:
    """The lines of recognised things that a word names."""
    found = []
    for line in passage.lines:
        names = [base(name.strip()) if name.isascii() else name.strip() for name in line.search_text.split(";")]
        names += [base(word) for name in names for word in name.split() if name.isascii()]
        if any(key == name or same_word(key, name) for name in names) or likeness.means(
            key, [base(line.text)], NEAR_NOUN
        ):
            found.append(line.search_text)
    return found


def _chinese_things(text: str) -> list[Token]:
    return [Token(term.text, term.text, False, False, text.find(term.text)) for term in content_terms(text) if term.cjk]


def bound_otherwise(text: str, passage: Passage, likeness: Likeness) -> str:
    """What the passage says of other things than the claim does: "history is my favourite, I hate maths" does not
    support "maths is his favourite"; "" if there is nothing."""
    known = clauses(passage.text)
    for stated in clauses(text):
        if fault := _complement(stated, _MAIN.split(passage.text), likeness):
            return fault
        if len(known) < 2:
            continue
        if has_chinese(stated):
            if _another_subject(stated, known):
                return "The cited lines say this of another one."
            continue
        if placed := _placed_otherwise(stated, known):
            return placed
        if any(_joined_from_two(part, known) for part in _MAIN.split(stated) if part.strip()):
            return "Its words stand in separate clauses of the cited lines, which say them of different things."
    return ""


_THIRD_ALONE = re.compile(
    r"\b(?:it|it['’]s|he|she|they|which|who|him|them|ones?|(?:this|that|these|those)(?!\s+[a-z]))\b", re.I
)
_POINTING = re.compile(r"\b(?:this|that|these|those)\s+([a-z]+)", re.I)
_OWN_SUBJECT = re.compile(
    r"^(?:(?:and|but|so|now|then|although|while|uh|well)\s+)*(?:i|we|you)\b|^(?:i|we|you)['’]", re.I
)
_FINITE = re.compile(
    r"\w+\s+(?:is|are|was|were|has|have|had|do|does|did|will|would|can|could|must|may|might|should|got|went|came|gave|"
    r"fell|rose|grew|broke|chose|ate|drank|spoke|stood|sat|held|kept|led|met|paid|sent|spent|taught|threw|wore|"
    r"[a-z]{2,}ed|costs?|needs?|takes?|took|made|said|told|knew|saw|won|lost|left|bought|sold|built|wrote|ran|began|brought|thought)\b",
    re.I,
)


def _joined_from_two(stated: str, known: Sequence[str]) -> bool:
    """Whether a claim puts together what two main clauses say, each with a subject of its own and no pronoun that
    refers to the other: "my wife handles the money and I look after the animals"."""
    items: list[Callable[[str], object]] = [partial(shared_words, [token.key]) for token in tokens(stated)]
    items += [partial(_has_quantity, one) for one in quantities(stated)]
    items += [partial(_has_trait, one) for one in traits(stated)]
    contains = [[bool(item(clause)) for item in items] for clause in known]
    best = max(range(len(known)), key=lambda i: sum(contains[i]))
    foreign = [n for n in range(len(items)) if not contains[best][n] and any(row[n] for row in contains)]
    if not foreign or not sum(contains[best]):
        return False
    counted = [one for one in quantities(known[best]) if any(one.same(other) for other in quantities(stated))]
    if len(foreign) == 1 and any(not one.noun and not one.dimension for one in counted):
        return False  # "thirty sheep … now we have two hundred": what is counted is not said again
    others = [i for i in range(len(known)) if any(contains[i][n] for n in foreign)]
    return _stands_alone(known[best]) and all(_stands_alone(known[i]) for i in others)


def _stands_alone(clause: str) -> bool:
    subject = _OWN_SUBJECT.search(clause) or _FINITE.search(clause) or _THIRD_PERSON.search(clause)
    points = any(hit[1].lower() in FUNCTION_WORDS for hit in _POINTING.finditer(clause))  # "that is", not "these shoes"
    return bool(subject) and not points and not _THIRD_ALONE.search(clause)


_THIRD_PERSON = re.compile(
    r"^(?:(?:my|the|our|his|her|a|an)\s+)?[a-z]+\s+[a-z]+s\s+(?:the|a|an|my|his|her|their|most|it|to)\b", re.I
)


def _has_quantity(one: Quantity, clause: str) -> bool:
    return any(one.same(other) for other in quantities(clause))


def _has_trait(one: Trait, clause: str) -> bool:
    return any((one.kind, one.value) == (other.kind, other.value) for other in traits(clause))


def _another_subject(stated: str, known: Sequence[str]) -> bool:
    """Whether a clause ends as a Chinese claim does, but begins with something else, which the claim has not; what the
    claim begins with stands in another clause."""
    ours = re.sub("[了的呢啊吧]+$", "", search_key(stated))
    for clause in known:
        theirs = re.sub("[了的呢啊吧]+$", "", search_key(clause))
        size = 0
        while size < min(len(ours), len(theirs)) and ours[-1 - size] == theirs[-1 - size]:
            size += 1
        mine, other = ours[: len(ours) - size], theirs[: len(theirs) - size]
        elsewhere = any(mine in search_key(one) for one in known if one != clause)
        if size >= 3 and mine and other and elsewhere and other not in ours and mine not in theirs:
            return True
    return False


_PREPOSITION = re.compile(
    r"\b(on|under|in|into|from|to|behind|at|with|for|through)\s+(?:(?:the|a|an|his|her|their|my|your|this|"
    r"that)\s+)?([a-z]+)",
    re.I,
)


def _placed_otherwise(stated: str, known: Sequence[str]) -> str:
    """A clause that has another word behind a preposition than the claim, whose own word stands in another clause."""
    keys = _keys(stated)
    best = max(known, key=lambda clause: shared_words(keys, clause))
    if shared_words(keys, best) < 2:
        return ""
    theirs = {hit[1].lower(): base(hit[2]) for hit in _PREPOSITION.finditer(best)}
    for hit in _PREPOSITION.finditer(stated):
        noun, other = base(hit[2]), theirs.get(hit[1].lower())
        if other is None or same_word(noun, other) or any(same_word(other, key) for key in keys):
            continue
        if noun in keys and not shared_words([noun], best) and any(shared_words([noun], clause) for clause in known):
            return f"The cited lines say {best!r}."
    return ""


def _complement(stated: str, known: Sequence[str], likeness: Likeness) -> str:
    ours = _COPULA.match(stated)
    if not ours:
        return ""
    subject, complement = _keys(ours[1]), _keys(ours[2])
    if not subject or not complement:
        return ""
    denied = ""
    for clause in known:
        others = [other for other in known if other != clause]
        if _said_of_another(subject, complement, clause, others):
            denied = denied or f"The cited lines say {clause.strip()!r}."
        theirs = _COPULA.match(clause)
        if not theirs:
            continue
        about, said = _keys(theirs[1]), _keys(theirs[2])
        if not said or not all(any(same_word(one, other) for other in about) for one in subject):
            continue
        if any(same_word(one, other) for one in complement for other in [*said, *about]) or any(
            likeness.means(one, said, NEAR_NOUN) for one in complement
        ):
            return ""
        denied = f"The cited lines say {clause!r}."
    return denied


def _said_of_another(subject: list[str], complement: list[str], clause: str, others: Sequence[str]) -> bool:
    """Whether a clause says all of a claim's complement of another subject, and the claim's subject is in another."""
    theirs = _COPULA.match(clause)
    if not theirs or THIRD.search(theirs[1]):
        return False
    # "silver" may be a metal, too
    about, said = _keys(theirs[1]) or [one.value for one in traits(theirs[1])], _keys(theirs[2])
    if not about or not said or not all(any(same_word(one, other) for other in said) for one in complement):
        return False
    if any(same_word(one, other) for one in subject for other in [*about, *said]):
        return False
    return all(any(shared_words([one], other) for other in others) for one in subject)


def _keys(text: str) -> list[str]:
    return [token.key for token in tokens(text)]
