"""Whether cited lines hold one statement: its numbers, days, colours, names, order of words and every word that carries
meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from agents.answering.checking.likeness import NEAR_NOUN, NEAR_SENTENCE, NEAR_VERB, Likeness
from agents.answering.checking.passages import Passage, hold_together
from agents.answering.checking.quantities import Quantity, quantities
from agents.answering.checking.roles import roles_agree
from agents.answering.checking.traits import Trait, modality_agrees, traits
from agents.answering.checking.verdict import Fault
from agents.answering.checking.wording import Token, base, chinese_left, clauses, has_chinese, same_word, tokens
from agents.answering.polarity import polarity_agrees
from agents.words import content_terms, coverage
from stores.core.text_keys import HAN, search_key

_COPULA = re.compile(r"^(.*?)\b(?:is|are|was|were)\b(?!\s+(?:not\b|\w+ed\b|\w+ing\b))(.*)$", re.I)
_MAIN = re.compile(r"[.!?;。！？；](?=\s|$)|\b(?:and|but|while|whereas)\b", re.I)
_PLACE_BEFORE = re.compile(r"\b(?:on|in|at|along|by|near|through)\s+(?:the|a|an|this|that|his|her|their)?\s*$", re.I)
_PERSON = re.compile(r"\b(?:person|people|someone|somebody|human)\b|有人|人", re.I)
_MEASURED = {
    "money": frozenset("cost price pay charge worth fee buy sell spend 价格 价钱 花 卖 花费 售价 要价 费用".split()),
    "time": frozenset("last take long duration length spend 持续 花 长 需时".split()),
    "weight": frozenset("weigh weight heavy 重 重量".split()),
    "degrees": frozenset("temperature heat hot warm 温度".split()),
    "age": frozenset("old age aged 年龄 年纪".split()),
    "clock": frozenset("time start begin clock 时间".split()),
    "percent": frozenset("percentage share rate 比例".split()),
}
"""Words that a number with such a unit says by itself: what was bought "for 18 euros" cost 18 euros."""

_MONEY = frozenset("usd eur gbp cny".split())
_MOTION = frozenset("move stand stay go come lie still".split())
_ANSWERING = re.compile(r"^\s*(?:yes|no|correct|right)\b[,.:]\s*|^\s*(?:是的|不是|没有|对|不)[，,。]\s*", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a claim may take from its question.

    Attributes:
        text: of the question.
        lends: whether words of the question may be repeated: not where it asks whether something is so.
        keys: base forms of its words; ``verbs``: of those that look like verbs.
        topical: whether it names something that its answer must be about.
    """

    text: str
    lends: bool
    keys: frozenset[str]
    verbs: frozenset[str]
    topical: bool


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
    missing = _uncovered(text, passage, ground, likeness)
    distance = len(missing) + 1
    if not polarity_agrees(text, _parts(passage)) or _is_denied_in_chinese(text, passage.text):
        return distance, Fault("POLARITY", "The cited lines deny what this affirms, or affirm what it denies.")
    if fault := _number_fault(text, passage, ground, likeness) or _trait_fault(text, passage, ground):
        return distance, fault
    best = _best_clause(text, passage)
    if not passage.seen and not any(modality_agrees(text, one) for one in (best, passage.text)):
        return distance, Fault("MODALITY", f"What must, should or may be: the cited lines say {best!r}.")
    if not passage.fragment and not roles_agree(text, passage.text):
        return distance, Fault("ROLES", "Who does what to whom is the other way round in the cited lines.")
    if missing:
        names = [token for token in missing if token.name]
        if names:
            return distance, Fault("NAME", f"The cited lines do not name {names[0].text!r}.")
        return distance, Fault("WORDS", f"{missing[0].text!r} has no support in the cited lines.")
    if passage.seen and (colour := _colour_of_another(text, passage, likeness)):
        return distance, Fault("COLOUR", colour)
    if not passage.fragment and (bound := _bound_otherwise(text, passage, likeness)):
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


# --- numbers and words of which one excludes the other -------------------------------------------------------------


def _number_fault(text: str, passage: Passage, ground: Ground, likeness: Likeness) -> Fault | None:
    theirs = quantities(passage.all_text)
    asked = quantities(ground.asked.text) if ground.asked.lends else ()
    for one in quantities(text):
        same = [other for other in theirs if one.same(other)]
        if not same:
            if any(one.same(other) for other in asked):
                continue
            return Fault("NUMBER", f"The number {text[one.start : one.end].strip()!r} does not stand in the cited lines.")
        if _of_another(one, text, same, passage.all_text) or _counts_another(one, same, passage.all_text, likeness):
            return Fault("NUMBER", f"{text[one.start : one.end].strip()!r} counts something else in the cited lines.")
        if one.dimension or one.noun:
            here = lambda clause, one=one: any(one.same(other) for other in quantities(clause))  # noqa: E731
            rival = lambda clause, one=one: any(_rivals(one, other) for other in quantities(clause))  # noqa: E731
            if _elsewhere(text, ground.cited, here, rival):
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


def _rivals(one: Quantity, other: Quantity) -> bool:
    return not one.same(other) and one.dimension == other.dimension and bool(one.dimension)


def _trait_fault(text: str, passage: Passage, ground: Ground) -> Fault | None:
    theirs = traits(passage.all_text)
    if passage.seen:
        theirs += tuple(one for line in passage.lines for one in traits(line.search_text))
    asked = {(one.kind, one.value) for one in traits(ground.asked.text)} if ground.asked.lends else set()
    for one in traits(text):
        if one.kind in ground.exempt or one.value == "none" or (one.kind == "colour" and passage.seen):
            continue
        word = text[one.start : one.end] or one.value
        if not any(_same_trait(one, other) for other in theirs):
            if (one.kind, one.value) in asked and one.kind != "quantifier":
                continue
            if one.kind == "quantifier" and one.value == "all" and _denies_all(passage.text):
                continue
            if one.kind == "direction" and not any(other.kind == "direction" for other in theirs) and passage.seen is False:
                continue  # an ordinary word; as such it is looked for below
            return Fault(one.reason, f"The cited lines do not say {word!r}.")
        here = lambda clause, one=one: any(_same_trait(one, other) for other in traits(clause))  # noqa: E731
        rival = lambda clause, one=one: any(  # noqa: E731
            other.kind == one.kind and other.value != one.value for other in traits(clause)
        )
        if not passage.seen and _elsewhere(text, ground.cited, here, rival):
            return Fault(one.reason, f"The cited lines say {word!r} of something else.")
        if one.kind == "before or after" and not _after_the_same(text, one, passage):
            return Fault(one.reason, f"The cited lines say {word!r} of something else.")
        if one.kind == "colour" and _coloured_otherwise(text, one, passage):
            return Fault("COLOUR", f"The cited lines say {word!r} of something else.")
    return None


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


def _elsewhere(
    text: str, known: Sequence[str], here: Callable[[str], bool], rival: Callable[[str], bool]
) -> bool:
    """Whether the clause that has most of a claim's words has a rival in place of a word, which stands in one that has
    fewer: "before sunrise" and "after lunch" in two halves of one sentence."""
    if len(known) < 2:
        return False
    keys = _meaning(text)
    with_it = [_shared(keys, clause) for clause in known if here(clause)]
    with_rival = [_shared(keys, clause) for clause in known if rival(clause) and not here(clause)]
    return bool(with_rival) and max(with_rival) > max(with_it, default=0)


def _meaning(text: str) -> list[str]:
    keys = [token.key for token in tokens(text)]
    if has_chinese(text):
        keys += [term.text for term in content_terms(text) if term.cjk]
    return keys


def _shared(keys: Sequence[str], clause: str) -> int:
    words = [token.key for token in tokens(clause)]
    key = search_key(clause)
    return sum(one in key if has_chinese(one) else any(same_word(one, word) for word in words) for one in keys)


def _best_clause(text: str, passage: Passage) -> str:
    keys = _meaning(text)
    return max(clauses(passage.text) or (passage.text,), key=lambda clause: _shared(keys, clause))


# --- words ---------------------------------------------------------------------------------------------------------


def _uncovered(text: str, passage: Passage, ground: Ground, likeness: Likeness) -> list[Token]:
    """The words of a text that carry meaning and have no support."""
    known = passage.all_text
    words = [token.key for token in tokens(known)] + [
        base(word) for word in re.findall(r"[^\W\d_]{2,}", known) if word.isascii()
    ]
    english = [word for word in dict.fromkeys(words) if len(word) > 1]
    cross = has_chinese(text) and not has_chinese(known)
    missing = [
        token
        for token in tokens(text)
        if not _covered(token, text, english, passage, ground, likeness)
    ]
    if has_chinese(text):
        missing += _chinese_uncovered(text, passage, ground, likeness) if not cross else _untranslated(text, known, likeness)
    if passage.seen and (person := _PERSON.search(text)) and not _PERSON.search(f"{known}\n{ground.asked.text}"):
        missing.append(Token("person", person.group(), False, False, person.start()))
    return missing


def _covered(
    token: Token,
    text: str,
    words: Sequence[str],
    passage: Passage,
    ground: Ground,
    likeness: Likeness,
) -> bool:
    known = passage.all_text
    if any(same_word(token.key, word) for word in words):
        return True
    if len(token.key) == 1 and re.search(rf"\b{re.escape(token.text)}\b", known):
        return True
    letters = re.sub(r"[\W_]+", "", search_key(known))
    written = re.sub(r"[\W_]+", "", search_key(token.text))
    joined = token.name or (passage.fragment and not passage.seen)
    if joined and len(written) > 3 and written in letters:
        return True  # text that was read without its spaces, or with spaces inside a word
    if passage.seen and token.key in _MOTION or token.key in _said_by_numbers(text, known):
        return True
    if token.name:
        return _named_around(token, passage, ground)
    if passage.seen and _PLACE_BEFORE.search(text[: token.start]):
        if any(likeness.belongs(token.key, line.text) for line in passage.lines):
            return True
    if passage.seen and not has_chinese(token.key):
        names = [base(line.text) for line in passage.lines] + words_of_things(passage)
        if likeness.means(token.key, names, NEAR_NOUN):
            return True
    elif likeness.means(token.key, words, NEAR_VERB if token.verb else NEAR_NOUN):
        return True
    if not ground.asked.lends or not any(same_word(token.key, key) for key in ground.asked.keys):
        return False
    as_verb = token.verb or any(same_word(token.key, key) for key in ground.asked.verbs)
    if as_verb or not passage.refers:
        return as_verb
    around = ground.context(passage)
    there = [base(word) for word in re.findall(r"[^\W\d_]{2,}", around)]
    return any(same_word(token.key, word) for word in there)


def _said_by_numbers(text: str, known: str) -> set[str]:
    """Words for what a number measures that both a claim and its lines have."""
    said: set[str] = set()
    theirs = quantities(known)
    for one in quantities(text):
        if any(one.same(other) for other in theirs):
            said |= _MEASURED.get("money" if one.dimension in _MONEY else one.dimension, frozenset())
    return said


def words_of_things(passage: Passage) -> list[str]:
    """The single names of recognised things: label, broader nouns, names in Chinese."""
    return [part.strip() for line in passage.lines for part in line.search_text.split(";") if part.strip()]


def _named_around(token: Token, passage: Passage, ground: Ground) -> bool:
    """A name that the question has, too, may stand around the cited lines."""
    key = search_key(token.text)
    return key in search_key(ground.asked.text) and key in search_key(ground.context(passage))


def _chinese_uncovered(text: str, passage: Passage, ground: Ground, likeness: Likeness) -> list[Token]:
    known = passage.all_text
    missing = []
    for part in chinese_left(text, known):
        candidates = _chinese_words(known)
        if part in _said_by_numbers(text, known) or likeness.means(part, candidates, NEAR_NOUN + 0.06):
            continue
        if ground.asked.lends and part in search_key(ground.asked.text):
            if part in search_key(ground.context(passage)):
                continue
        missing.append(Token(part, part, False, False, text.find(part)))
    return missing


def _chinese_words(text: str) -> list[str]:
    """What may be words of a Chinese text: its pieces between other characters, and all parts of two of a long one."""
    words: dict[str, None] = {}
    for term in content_terms(text):
        if term.cjk:
            words[term.text] = None
    for run in re.findall(f"[{HAN}]+", text):
        if len(run) <= 4:
            words[run] = None
    return list(words)[:40]


def _untranslated(text: str, known: str, likeness: Likeness) -> list[Token]:
    """A Chinese claim about lines in another language: only the meaning of the whole can be compared."""
    if not chinese_left(text, "") or likeness.close(text, [known, *clauses(known)], NEAR_SENTENCE):
        return []
    return [Token(text, text, False, False, 0)]


# --- what belongs to what ------------------------------------------------------------------------------------------


def _colour_of_another(text: str, passage: Passage, likeness: Likeness) -> str:
    """A sentence about a colour that the thing it is said of does not have; "" if there is none."""
    things = [(token, _things(token.key, passage, likeness)) for token in tokens(text)]
    things += [(term, _things(term.text, passage, likeness)) for term in _chinese_things(text)]
    named = [(token, lines) for token, lines in things if lines]
    for one in traits(text):
        if one.kind != "colour":
            continue
        following = [item for item in named if item[0].start >= one.end]
        close = [item for item in following if item[0].start - one.end <= 12 and not _breaks(text, one.end, item[0].start)]
        before = [item for item in named if item[0].start < one.start]
        chosen = close[:1] or before[-1:] or following[:1]
        lines = chosen[0][1] if chosen else [line.search_text for line in passage.lines]
        if not any(other.kind == "colour" and other.value == one.value for line in lines for other in traits(line)):
            return f"{one.value!r} is not the colour of what it is said of."
    return ""


def _breaks(text: str, start: int, end: int) -> bool:
    return bool(re.search(r"[,;.，；。、]|\b(?:and|is|are)\b|和", text[start:end]))


def _things(key: str, passage: Passage, likeness: Likeness) -> list[str]:
    """The lines of recognised things that a word names."""
    found = []
    for line in passage.lines:
        names = [base(name.strip()) if name.isascii() else name.strip() for name in line.search_text.split(";")]
        names += [base(word) for name in names for word in name.split() if name.isascii()]
        if any(key == name or same_word(key, name) for name in names) or likeness.means(key, [base(line.text)], NEAR_NOUN):
            found.append(line.search_text)
    return found


def _chinese_things(text: str) -> list[Token]:
    return [
        Token(term.text, term.text, False, False, text.find(term.text)) for term in content_terms(text) if term.cjk
    ]


def _bound_otherwise(text: str, passage: Passage, likeness: Likeness) -> str:
    """What the passage says of other things than the claim does: "history is my favourite, I hate maths" does not
    support "maths is his favourite"; "" if there is nothing."""
    known = clauses(passage.text)
    for stated in clauses(text):
        if fault := _complement(stated, _MAIN.split(passage.text), likeness):
            return fault
        if has_chinese(stated) or len(known) < 2:
            continue
        if placed := _placed_otherwise(stated, known):
            return placed
        keys = [token.key for token in tokens(stated)]
        shared = [_shared(keys, clause) for clause in known]
        pronoun = re.search(r"\b(?:it|its|he|she|they|this|that|these|those|which|who|him|her|them)\b", passage.text, re.I)
        if len(keys) >= 2 and max(shared) == 1 and sum(shared) >= len(keys) and not pronoun:
            return "Its words stand in separate clauses of the cited lines."
    return ""


_PREPOSITION = re.compile(r"\b(on|under|in|into|from|to|behind|at|with|for|through)\s+(?:(?:the|a|an|his|her|their|my|your|this|that)\s+)?([a-z]+)", re.I)


def _placed_otherwise(stated: str, known: Sequence[str]) -> str:
    """A clause that has another word behind a preposition than the claim, whose own word stands in another clause."""
    keys = _keys(stated)
    best = max(known, key=lambda clause: _shared(keys, clause))
    if _shared(keys, best) < 2:
        return ""
    theirs = {hit[1].lower(): base(hit[2]) for hit in _PREPOSITION.finditer(best)}
    for hit in _PREPOSITION.finditer(stated):
        noun, other = base(hit[2]), theirs.get(hit[1].lower())
        if other is None or same_word(noun, other) or any(same_word(other, key) for key in keys):
            continue
        if noun in keys and not _shared([noun], best) and any(_shared([noun], clause) for clause in known):
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


def _keys(text: str) -> list[str]:
    return [token.key for token in tokens(text)]


def _rests_on(text: str, passage: Passage, ground: Ground) -> bool:
    """Whether the cited lines themselves hold something of a claim, rather than its question alone."""
    if quantities(text) and any(one.same(other) for one in quantities(text) for other in quantities(passage.all_text)):
        return True
    words = [base(word) for word in re.findall(r"[^\W\d_]{2,}", passage.all_text)]
    ours = [token for token in tokens(text) if not any(same_word(token.key, key) for key in ground.asked.keys)]
    if ours:
        return True  # each is covered, and not by the question
    if any(same_word(token.key, word) for token in tokens(text) for word in words):
        return True
    if has_chinese(text) or traits(text):
        return True
    return coverage(content_terms(text), passage.all_text) >= 0.5
