"""Words that carry meaning in a question, a query or a tag, in English and Chinese.

All words are keys (`stores.core.text_keys`). English: tokens without function words, plurals folded. Chinese, Japanese
and Korean: words of the concept table are segmented first (longest match), the rest becomes overlapping pairs of
characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from encoders.plurals import singular
from stores.core.text_keys import CJK, STOP_WORDS, search_key, search_keys
from stores.sql.fulltext_terms import LONGEST_QUERY

_CJK = re.compile(f"[{CJK}]+")
_LETTER = f"(?:(?![{CJK}])[^\\W_])"
_LATIN = re.compile(f"{_LETTER}+(?:['’-]{_LETTER}+)*")
_ASCII_WORDS = re.compile("[a-zA-Z0-9]+(?:['-][a-zA-Z0-9]+)*")  # the same in a text of ASCII, much faster
_RUNS = re.compile(f"{_LATIN.pattern}|{_CJK.pattern}")
_VOWELS = frozenset("aeiouy")
_KEYBOARD = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

MOST_TERMS = 64
"""Content words of a text beyond which the rest is ignored. Source: our choice; the full-text index takes as many."""

FUNCTION_WORDS = STOP_WORDS | frozenset(
    "a an the of in on at to for from by with without into onto over under and or but nor so if then than as is are "
    "was were be been being am do does did doing done have has had having can could will would shall should may might "
    "must it its he him his she her they them their we us our you your i me my this that these those there here who "
    "whom whose which what when where why how not no yes some any each every both all most more much many few one two "
    "about up down out off again once only very just also too s t re ve ll d m don isn doesn didn aren wasn won".split()
)
"""English words that carry grammar rather than meaning."""

SCAFFOLD_WORDS = frozenset(
    "video videos clip clips footage film movie scene moment show shows shown showing see seen look looks kind type "
    "sort name called according say says said tell tells someone somebody anyone anybody everyone everybody people "
    "person thing things".split()
)
"""Words around the topic of a question to a library of videos."""

FUNCTION_CHARACTERS = frozenset("的了着是在和与有个这那哪些什么吗呢里中上下被把从对就都也很将为么谁")
"""Chinese characters that carry no meaning on their own."""

GREETINGS = frozenset("hello hi hey hallo thanks thank please bye goodbye ok okay".split())
"""What is said to a person rather than asked of a library."""

_GREETINGS_IN_CHINESE = re.compile("你好|您好|谢谢|再见|哈喽|嗨|喂|请问|请|你们|你|您|吧|啊|呀|嗯|哦|好的|是的")

PARTICLES = "的了着是在和与这那哪什么吗呢谁"
"""Characters that always end a word; others of the above also begin words (中国, 上海, 首都)."""

SCAFFOLD_TERMS = tuple(
    "视频 片段 镜头 画面 他们说 她们说 他说 她说 哪里 什么 哪个 哪些 怎么 为什么 多少 名字 叫做 里面 谁 有没有 是不是 "
    "有人 提到 提及 谈到 谈论 讲到 说到".split()
)

_FINAL_PARTICLE = re.compile("(?<![酒网贴书氧])[吧么嘛啊呀]+$")  # 酒吧 is a bar
_COUNTED = re.compile("[一两二三四五六七八九十几]+[只条匹头辆架艘个位张把座台件]")


@dataclass(frozen=True, slots=True)
class Term:
    """One content word. ``text``: its key, singular; ``cjk``: whether it is Chinese, Japanese or Korean."""

    text: str
    cjk: bool


def content_terms(text: str, vocabulary: Iterable[str] = ()) -> tuple[Term, ...]:
    """The content words of ``text``, in order, without repetitions.

    Args:
        text: a question, a search query or a tag's name. Only its first `LONGEST_QUERY` characters count, and of these
            only the first `MOST_TERMS` words.
        vocabulary: Chinese words that are segmented as a whole.
    """
    known = _keys(frozenset(vocabulary))
    key = search_key(read_part(text))
    found: dict[Term, None] = {}
    for run in _RUNS.finditer(key):
        if len(found) >= MOST_TERMS:
            break
        piece = run.group()
        if _CJK.fullmatch(piece):
            for word in _cut_chinese(piece, known):
                found.setdefault(Term(word, True))
        else:
            word = re.split("['’]", piece)[0]
            if word not in FUNCTION_WORDS and word not in SCAFFOLD_WORDS:
                found.setdefault(Term(singular(word), False))
    if not found:
        # "people", "a movie scene": here the usual scaffolding is the topic.
        words = (piece for piece in _LATIN.findall(key) if piece not in FUNCTION_WORDS)
        found = dict.fromkeys(Term(singular(word), False) for word in words)
    return tuple(found)[:MOST_TERMS]


def read_part(query: str) -> str:
    """The part of a query or question that counts: its first `LONGEST_QUERY` characters, so that a page costs no more
    than a sentence."""
    return query if len(query) <= LONGEST_QUERY else query.strip()[:LONGEST_QUERY]


def nothing_to_look_for(text: str) -> bool:
    """Whether a query or question names nothing: it has no letters or digits, or only function words, greetings or
    random keystrokes. All that can be found then is the same text, said or written.
    """
    key = search_key(read_part(text))
    if any(unicodedata.category(character) == "So" for character in key):
        return False  # an emoji names what it shows
    words = [re.split("['’]", piece)[0] for piece in _LATIN.findall(key)]
    if any(word not in GREETINGS and not _is_keyboard_mash(word) for word in words if word not in FUNCTION_WORDS):
        return False
    rest = _GREETINGS_IN_CHINESE.sub("", "".join(_CJK.findall(key)))
    return FUNCTION_CHARACTERS.issuperset(rest)


def coverage(terms: Iterable[Term], text: str) -> float:
    """Share of ``terms`` that occur in ``text`` (as English words or Chinese substrings), in [0, 1]."""
    wanted = tuple(terms)
    if not wanted:
        return 0.0
    key = _key(text)
    words = _singulars(text)
    hits = sum(term.text in key if term.cjk else _occurs(term.text, words) for term in wanted)
    return hits / len(wanted)


def contains_phrase(phrase: str, text: str) -> bool:
    """Whether ``text`` says ``phrase``: consecutive whole words in English (plurals folded), a substring in Chinese."""
    if is_chinese(phrase):
        return folded_characters(phrase) in folded_characters(text)
    wanted = folded_words(phrase)
    return bool(wanted.strip()) and wanted in folded_words(text)


def is_chinese(phrase: str) -> bool:
    """Whether a phrase has a Chinese character; then it is compared by characters, else by words."""
    return bool(_CJK.search(phrase))


def folded_phrases(phrases: Sequence[str]) -> Iterator[tuple[bool, str]]:
    """Very many phrases, as lines are looked through for them: whether each is Chinese, and its `folded_characters` or
    `folded_words` (without the spaces around them)."""
    singulars = _Singulars()
    for phrase, key in zip(phrases, search_keys(phrases), strict=True):
        if is_chinese(phrase):
            yield True, key
        else:
            yield False, " ".join([singulars[word] for word in _latin_words(key)])


def without_words(text: str, words: Collection[str]) -> str:
    """A text without the words that have certain keys (`Term.text`)."""
    kept = _LATIN.sub(lambda found: "" if _plain_key(found.group()) in words else found.group(), text)
    for word in sorted((word for word in words if is_chinese(word)), key=len, reverse=True):
        kept = kept.replace(word, "")
    return " ".join(kept.split())


def _plain_key(word: str) -> str:
    return singular(re.split("['’]", search_key(word))[0])


class _Singulars(dict[str, str]):
    """Made once for each word: phrases share most of them."""

    def __missing__(self, word: str) -> str:
        self[word] = singular(word)
        return self[word]


def folded_characters(text: str) -> str:
    """A text in the form in which Chinese phrases are looked for."""
    return _key(text)


def _latin_words(key: str) -> list[str]:
    return (_ASCII_WORDS if key.isascii() else _LATIN).findall(key)


@lru_cache(maxsize=8192)
def folded_words(text: str) -> str:
    """The words of a text, plurals folded, with a space around each: tags are looked for in the same lines again."""
    return f" {' '.join(singular(word) for word in _latin_words(search_key(text)))} "


@lru_cache(maxsize=8192)
def _key(text: str) -> str:
    return search_key(text)


@lru_cache(maxsize=8192)
def _singulars(text: str) -> frozenset[str]:
    return frozenset(singular(word) for word in _latin_words(_key(text)))


@lru_cache(maxsize=8)
def _keys(vocabulary: frozenset[str]) -> frozenset[str]:
    return frozenset(map(search_key, vocabulary))


def _is_keyboard_mash(word: str) -> bool:
    """Whether a word is a run of neighbouring keys, one letter repeated, two letters again and again ("hahaha"), or six
    or more letters without a vowel."""
    if len(word) < 5 or not word.isascii() or not word.isalpha():
        return False
    rows = (row for keys in _KEYBOARD for row in (keys, keys[::-1]))
    if len(word) > 5 and word in word[:2] * len(word):
        return True
    return len(set(word)) == 1 or any(word in row for row in rows) or (len(word) > 5 and not set(word) & _VOWELS)


def _occurs(word: str, words: frozenset[str]) -> bool:
    """Exact, or the same stem for words of five letters and more (``rotate`` / ``rotating``)."""
    if word in words:
        return True
    stem = word[: max(5, len(word) - 3)]
    return len(word) >= 5 and any(other.startswith(stem) and len(other) <= len(word) + 3 for other in words)


def _cut_chinese(run: str, known: frozenset[str]) -> list[str]:
    run = _FINAL_PARTICLE.sub("", run)
    for scaffold in SCAFFOLD_TERMS:
        run = run.replace(scaffold, "的")
    run = _COUNTED.sub("的", run)
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
        words += _pairs(rest, known)
        rest = ""
        words.append(word)
        position += len(word)
    return words + _pairs(rest, known)


def _pairs(rest: str, known: frozenset[str]) -> list[str]:
    """Overlapping pairs of characters between particles, without pairs of function characters. A known word of one
    character is a word where it stands last after 有, "there is": 有狗 is no pair."""
    pairs: list[str] = []
    for piece in re.split(f"[{PARTICLES}]", rest):
        if piece[-2:-1] == "有" and piece[-1] in known:
            pairs += [*_pairs(piece[:-2], known), piece[-1]]
            continue
        if len(piece) == 1 and piece not in FUNCTION_CHARACTERS:
            pairs.append(piece)
        for i in range(len(piece) - 1):
            pair = piece[i : i + 2]
            if not FUNCTION_CHARACTERS.issuperset(pair):
                pairs.append(pair)
    return pairs
