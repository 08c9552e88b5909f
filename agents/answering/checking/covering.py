"""Which words of a statement that carry meaning have no support in cited lines."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.answering.checking.ground import Ground, shared_words
from agents.answering.checking.likeness import NEAR_NOUN, NEAR_SENTENCE, NEAR_VERB, Likeness
from agents.answering.checking.passages import Passage
from agents.answering.checking.quantities import quantities
from agents.answering.checking.wording import Token, base, chinese_left, clauses, has_chinese, same_word, tokens
from agents.words import content_terms
from stores.core.text_keys import HAN, search_key

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


def uncovered(text: str, passage: Passage, ground: Ground, likeness: Likeness) -> list[Token]:
    """The words of a text that carry meaning and have no support."""
    known = passage.all_text
    words = [token.key for token in tokens(known)] + [
        base(word) for word in re.findall(r"[^\W\d_]{2,}", known) if word.isascii()
    ]
    english = [word for word in dict.fromkeys(words) if len(word) > 1]
    cross = has_chinese(text) and not has_chinese(known)
    missing = [token for token in tokens(text) if not _covered(token, text, english, passage, ground, likeness)]
    if has_chinese(text):
        missing += (
            _chinese_uncovered(text, passage, ground, likeness) if not cross else _untranslated(text, known, likeness)
        )
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
    if (passage.seen and token.key in _MOTION) or token.key in _said_by_numbers(text, known):
        return True
    if token.name:
        return _named_around(token, passage, ground)
    placed = passage.seen and _PLACE_BEFORE.search(text[: token.start])
    if placed and any(likeness.belongs(token.key, line.text) for line in passage.lines):
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
    if any(shared_words([token.key], clause) for clause in ground.cited):
        return False  # another cited line has it, which does not belong to this one
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
    if any(shared_words([token.key], clause) for clause in ground.cited):
        return False  # of another cited line
    return key in search_key(ground.asked.text) and key in search_key(ground.context(passage))


def _chinese_uncovered(text: str, passage: Passage, ground: Ground, likeness: Likeness) -> list[Token]:
    known = passage.all_text
    missing = []
    for part in chinese_left(text, known):
        candidates = _chinese_words(known)
        if part in _said_by_numbers(text, known) or likeness.means(part, candidates, NEAR_NOUN + 0.06):
            continue
        from_question = ground.asked.lends and part in search_key(ground.asked.text)
        elsewhere = any(part in search_key(clause) for clause in ground.cited)
        if from_question and not elsewhere and part in search_key(ground.context(passage)):
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
