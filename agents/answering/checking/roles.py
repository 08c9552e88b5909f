"""Who does something and who it is done to: "A gives B" is not "B gives A"; "B is given by A" is."""

from __future__ import annotations

import re

from agents.answering.checking.wording import base, clauses, has_chinese, same_word
from agents.words import FUNCTION_WORDS
from stores.core.text_keys import search_key

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|been|being|be|gets?|got)\s+(?:\w+ly\s+)?(?:\w+(?:ed|en|wn|ght|lt|pt|nt|ft)|built|"
    r"made|sold|told|"
    r"held|led|won|found|put|cut|hit|set|read|fed|paid|met|lost|left)\b.*\bby\b",
    re.I,
)
_BE = re.compile(
    r"\b(?:is|are|was|were|been|being|be)\s+(\w+(?:ed|en|wn|ght|lt|pt|nt|ft|ilt|ade|old|eld|"
    r"und))\b",
    re.I,
)
_PIVOTS = frozenset("into to from for than before after over of against behind under above with as near like".split())
_ADVERBS = frozenset(
    "first last then now finally always often sometimes also please today tomorrow yesterday here there".split()
)
_SUBJECT_PRONOUNS = frozenset("i he she it we they you".split())
_OBJECT_PRONOUNS = frozenset("me him her it us them you".split())
_CJK_COMPARED = re.compile(r"([\u4e00-\u9fff]+)比([\u4e00-\u9fff]+)")
_CJK_PASSIVE = re.compile("被|由")


def roles_agree(claim: str, evidence: str) -> bool:
    """Whether no two words of a claim stand the other way round in its evidence, around a word that both have.

    Only sentences and clauses are compared that share a word between two others.
    """
    known = _sentences(evidence)
    for stated in _sentences(claim):
        if has_chinese(stated):
            if any(_chinese_swapped(stated, one) for one in known):
                return False
        elif _swapped(stated, known):
            return False
    return True


def _sentences(text: str) -> list[str]:
    whole = [part for part in re.split(r"[.!?;\n。！？；]+(?!\d)", text) if part.strip()]
    return [*whole, *(part for one in whole for part in clauses(one) if part.strip() != one.strip())]


def _swapped(claim: str, known: list[str]) -> bool:
    ours = _words(claim)
    passive = _PASSIVE.search(claim)
    active = [one for one in known if not _PASSIVE.search(one)]
    if passive:
        if any(_agent_is_another(claim, passive, _words(one)) for one in active):
            return True
        alike = [one for one in known if _PASSIVE.search(one)]
    else:
        for one in known:
            their_passive = _PASSIVE.search(one)
            if their_passive and not _BE.search(claim) and _agent_is_another(one, their_passive, ours):
                return True
        alike = active
    if any(_pronoun_turned(ours, _words(one)) for one in alike):
        return True
    done = {word for one in (claim, *known) for word in _participles(one)}
    return any(_turned(ours, i, [_words(one) for one in alike]) for i in range(1, len(ours) - 1) if ours[i] not in done)


def _participles(text: str) -> set[str]:
    """Verbs in the passive without "by", before which stands what they are done to."""
    return {base(hit[1]) for hit in _BE.finditer(text)} if not _PASSIVE.search(text) else set()


def _turned(ours: list[str], i: int, known: list[list[str]]) -> bool:
    """Whether the word before the ``i``-th and one behind it stand the other way round, and nowhere in this order."""
    turned = False
    before_it = _ordered(ours[:i])
    if not before_it or (ours[i] in FUNCTION_WORDS and ours[i] not in _PIVOTS):
        return False
    behind = _content(ours[i + 1 :])
    for theirs in known:
        for k, word in enumerate(theirs):
            if not _pivots(ours[i], word):
                continue
            left, right = _content(theirs[:k]), _content(theirs[k + 1 :])
            only_left, only_right = left - right, right - left
            if _has(before_it[-1], only_left) and any(_has(one, only_right) for one in behind):
                return False
            if _has(before_it[-1], only_right) and any(_has(one, only_left) for one in behind):
                turned = True
    return turned


def _pronoun_turned(ours: list[str], theirs: list[str]) -> bool:
    """Whether a pronoun does to a thing what that thing does to a pronoun: "she taught her grandpa", "grandpa taught
    me"."""
    for i in range(1, len(ours) - 1):
        rest = [word for word in ours[i + 1 :] if word not in _DETERMINERS]
        if ours[i - 1] not in _SUBJECT_PRONOUNS or not rest or ours[i] in FUNCTION_WORDS:
            continue
        for k in range(1, len(theirs) - 1):
            if (
                same_word(ours[i], theirs[k])
                and theirs[k + 1] in _OBJECT_PRONOUNS
                and same_word(rest[0], theirs[k - 1])
            ):
                return True
    return False


_DETERMINERS = frozenset("the a an my your his her its our their this that these those".split())


def _agent_is_another(passive_text: str, passive: re.Match[str], active: list[str]) -> bool:
    """Whether the agent after the "by" of the passive is not the one who does it in the active."""
    verb = base(_WORD.findall(passive.group())[1])
    agents = _ordered(_words(passive_text[passive.end() :]))[:3]
    patients = _content(_words(passive_text[: passive.start()]))
    for k, word in enumerate(active):
        if not same_word(verb, word):
            continue
        left, right = _content(active[:k]), _content(active[k + 1 :])
        behind = any(_has(one, right - left) for one in agents) and not any(_has(one, left) for one in agents)
        if behind or (any(_has(one, left - right) for one in patients) and not any(_has(one, left) for one in agents)):
            return True
    return False


def _pivots(pivot: str, word: str) -> bool:
    if pivot in _PIVOTS or word in _PIVOTS:
        return pivot == word
    return pivot not in FUNCTION_WORDS and same_word(pivot, word)


def _words(text: str) -> list[str]:
    return [word.lower() if word.lower() in FUNCTION_WORDS | _PIVOTS else base(word) for word in _WORD.findall(text)]


def _ordered(words: list[str]) -> list[str]:
    return [word for word in words if word not in FUNCTION_WORDS and word not in _PIVOTS and word not in _ADVERBS]


def _content(words: list[str]) -> set[str]:
    return set(_ordered(words))


def _has(word: str, words: set[str]) -> bool:
    return any(same_word(word, other) for other in words)


def _chinese_swapped(claim: str, evidence: str) -> bool:
    ours, theirs = search_key(claim), search_key(evidence)
    around = bool(_CJK_PASSIVE.search(ours)) != bool(_CJK_PASSIVE.search(theirs))
    if around:
        passive, active = (ours, theirs) if "被" in ours else (theirs, ours)
        return _done_by_another(passive, active)
    for mine in _CJK_COMPARED.finditer(ours):
        for other in _CJK_COMPARED.finditer(theirs):
            if other[2].startswith(mine[1]) and mine[2].startswith(other[1][-4:]):
                return True
    for size in (2, 1):
        for i in range(1, len(ours) - size):
            pivot = ours[i : i + size]
            if not re.fullmatch("[\u4e00-\u9fff]+", pivot) or theirs.count(pivot) != 1:
                continue
            at = theirs.index(pivot)
            before, after = theirs[:at], theirs[at + size :]
            left, right = ours[:i], ours[i + size :]
            crossed = _share(left[-4:], after, before) and _share(right[:4], before, after)
            if crossed:
                return True
    return False


def _done_by_another(passive: str, active: str) -> bool:
    """Whether the one behind 被 suffers in the other text what it does in this one."""
    patient, _, rest = passive.partition("被")
    for i in range(1, len(rest) - 1):
        verb, agent = rest[i : i + 2], rest[:i]
        if active.count(verb) == 1 and re.fullmatch("[\u4e00-\u9fff]{2}", verb):
            before, after = active.split(verb)
            return _share(patient[-4:], before, after) and _share(agent[-4:], after, before)
    return False


def _share(part: str, there: str, not_there: str) -> bool:
    """Whether two characters side by side of ``part`` stand in one text and not in the other."""
    pairs = [part[i : i + 2] for i in range(len(part) - 1)]
    return any(re.fullmatch("[\u4e00-\u9fff]{2}", pair) and pair in there and pair not in not_there for pair in pairs)
