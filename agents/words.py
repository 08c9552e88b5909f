"""Words that carry meaning in a question, a query or a tag, in English and Chinese.

English: tokens without function words, plurals folded. Chinese has no spaces: words known to the
concept table are cut out first (longest match), what is left is taken as overlapping pairs of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LATIN = re.compile(r"[a-z0-9][a-z0-9'’-]*", re.IGNORECASE)
_CJK = re.compile(r"[㐀-䶿一-鿿豈-﫿]+")

FUNCTION_WORDS = frozenset(
    "a an the of in on at to for from by with without into onto over under and or but nor so if then than as is are "
    "was were be been being am do does did doing done have has had having can could will would shall should may might "
    "must it its he him his she her they them their we us our you your i me my this that these those there here who "
    "whom whose which what when where why how not no yes some any each every both all most more much many few one two "
    "about up down out off again once only very just also too s t re ve ll d m".split()
)
"""English words that say how a sentence hangs together rather than what it is about."""

SCAFFOLD_WORDS = frozenset(
    "video videos clip clips footage film movie scene moment show shows shown showing see seen look looks kind type "
    "sort name called according say says said tell tells someone somebody people person thing things".split()
)
"""Words that people put around what they ask for in a library of videos."""

FUNCTION_CHARACTERS = frozenset("的了着是在和与有个这那哪些什么吗呢里中上下被把从对就都也很将为么谁")
"""Chinese characters that on their own carry no topic."""

SCAFFOLD_TERMS = (
    "视频",
    "片段",
    "镜头",
    "画面",
    "什么",
    "哪个",
    "哪些",
    "怎么",
    "为什么",
    "多少",
    "名字",
    "叫做",
    "里面",
    "谁",
)


@dataclass(frozen=True, slots=True)
class Term:
    """One content word. ``text`` lower case and singular; ``cjk`` whether it is Chinese."""

    text: str
    cjk: bool


def singular(word: str) -> str:
    """Fold the common English plurals: ``boxes`` → ``box``, ``berries`` → ``berry``, ``cars`` → ``car``."""
    word = word.removesuffix("'s").removesuffix("’s")
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def content_terms(text: str, vocabulary: Iterable[str] = ()) -> tuple[Term, ...]:
    """The words of ``text`` that carry its topic, in order, without repeats.

    Args:
        text: a question, a search query or a tag's name.
        vocabulary: Chinese words that may be cut out whole.
    """
    known = vocabulary if isinstance(vocabulary, (set, frozenset)) else frozenset(vocabulary)
    found: dict[Term, None] = {}
    for run in re.finditer(f"{_LATIN.pattern}|{_CJK.pattern}", text.lower()):
        piece = run.group()
        if _CJK.fullmatch(piece):
            for word in _cut_chinese(piece, known):
                found.setdefault(Term(word, True))
        elif piece not in FUNCTION_WORDS and piece not in SCAFFOLD_WORDS:
            found.setdefault(Term(singular(piece), False))
    return tuple(found)


def coverage(terms: Iterable[Term], text: str) -> float:
    """Share of ``terms`` that occur in ``text`` (whole English words, Chinese substrings), in [0, 1]."""
    wanted = tuple(terms)
    if not wanted:
        return 0.0
    lowered = text.lower()
    words = {singular(word) for word in _LATIN.findall(lowered)}
    hits = sum(term.text in lowered if term.cjk else _occurs(term.text, words) for term in wanted)
    return hits / len(wanted)


def contains_phrase(phrase: str, text: str) -> bool:
    """Whether ``text`` says ``phrase``: consecutive whole words in English (plurals folded), a substring in Chinese."""
    if _CJK.search(phrase):
        return phrase.lower() in text.lower()
    wanted = [singular(word) for word in _LATIN.findall(phrase.lower())]
    words = [singular(word) for word in _LATIN.findall(text.lower())]
    return bool(wanted) and any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def _occurs(word: str, words: set[str]) -> bool:
    """Exact, or the same stem for words of five letters and more (``rotate`` / ``rotating``)."""
    if word in words:
        return True
    stem = word[: max(5, len(word) - 3)]
    return len(word) >= 5 and any(other.startswith(stem) and len(other) <= len(word) + 3 for other in words)


def _cut_chinese(run: str, known: set[str] | frozenset[str]) -> list[str]:
    for scaffold in SCAFFOLD_TERMS:
        run = run.replace(scaffold, "的")
    words: list[str] = []
    rest = ""
    position = 0
    while position < len(run):
        word = next(
            (run[position : position + n] for n in (6, 5, 4, 3, 2) if run[position : position + n] in known), ""
        )
        if not word:
            rest += run[position]
            position += 1
            continue
        words += _pairs(rest)
        rest = ""
        words.append(word)
        position += len(word)
    return words + _pairs(rest)


def _pairs(rest: str) -> list[str]:
    pieces = re.split(f"[{''.join(sorted(FUNCTION_CHARACTERS))}]", rest)
    pairs: list[str] = []
    for piece in pieces:
        if len(piece) == 1:
            pairs.append(piece)
        pairs += [piece[i : i + 2] for i in range(len(piece) - 1)]
    return pairs
