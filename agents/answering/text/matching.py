"""Whether lines say a word: exactly, as another form, or as recognition spells it; and how much it says of them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from agents.words import Term
from encoders.plurals import singular
from stores.core.text_keys import CJK, search_key

_LATIN = re.compile(f"(?:(?![{CJK}])[^\\W_])+(?:[.'’-](?:(?![{CJK}])[^\\W_])+)*")

_FORMS = (
    "buy bought, sell sold, pay paid, cost cost costs, make made, build built, write wrote "
    "written, speak spoke spoken, "
    "teach taught, win won, lose lost, find found, begin began begun, break broke broken, choose chose chosen, "
    "come came, do did done, draw drew drawn, drink drank drunk, drive drove driven, eat ate eaten, fall fell fallen, "
    "feel felt, fly flew flown, forget forgot forgotten, get got gotten, give gave given, go "
    "went gone, grow grew grown, "
    "hear heard, hide hid hidden, hold held, keep kept, know knew known, lead led, leave left, lend lent, meet met, "
    "ride rode ridden, ring rang rung, rise rose risen, run ran, see saw seen, send sent, shake shook shaken, "
    "shoot shot, show shown, sing sang sung, sink sank sunk, sit sat, sleep slept, spend spent, stand stood, "
    "steal stole stolen, swim swam swum, take took taken, tell told, think thought, throw threw thrown, "
    "wear wore worn, bring brought, catch caught, fight fought, bake baked, born birth birthday, die died death dead, "
    "freeze froze frozen, man men, woman women, child children, foot feet, tooth teeth, mouse mice, person people, "
    "knife knives, life lives, leaf leaves, wife wives, half halves, shelf shelves, wolf wolves"
)
_SYNONYMS = (
    "begin start open commence launch, end finish close stop, shut close, buy purchase get "
    "order, cost price fee charge, "
    "job role position title work occupation profession, photo picture image photograph, movie film, "
    "bike bicycle, car automobile, telephone phone, mobile cellphone, doctor physician, teacher instructor, "
    "big large, small little, quick fast, mom mother, dad father, kid child children, sofa couch, tv television, "
    "repair fix, need require must, build make construct create manufacture produce, invent create develop, "
    "leave depart departure departs, arrive arrival arrives, found establish set, located situated, live reside, "
    "allow permit let, forbid prohibit ban, travel trip journey, dish plate, wash clean, assist help, "
    "discount off sale reduction, entrance entry admission, ticket admission, schedule timetable, "
    "weigh weight heavy, tall height high, long length, wide width, deep depth, fast speed, hot temperature, old age, "
    "own belong owner, author write writer, direct director, present presenter host, lead leader head chief, "
    "scared afraid frightened fear, machine maker device appliance, noisy loud, okay ok allowed permitted, stay sleep, "
    "machine engine, wage salary income, attorney lawyer, buy available, watch attend attendance, brew make, "
    "manage manager, found founder, coach trainer, cook chef, bake baker, sing singer, win winner victory, "
    "win beat defeat"
)


def _table(groups: str) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for group in groups.split(","):
        words = {singular(word) for word in group.split()} | set(group.split())
        for word in words:
            found.setdefault(word, set()).update(words)
    return {word: frozenset(others) for word, others in found.items()}


_FORM_OF = _table(_FORMS)
_MEANS = _table(_SYNONYMS)
_MEANS["weather"] = frozenset(  # not the other way round: snow is no rain
    "rain rained rainy raining snow snowed snowy snowing wind windy sun sunny cloud cloudy storm stormy fog foggy "
    "hot cold warm freezing sunshine thunder thunderstorm".split()
)
_NUMERALS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty".split()
    )
}
_NUMERALS |= {digits: word for word, digits in _NUMERALS.items()}
_CHINESE_SYNONYMS = tuple(
    tuple(group.split())
    for group in (
        "价格 价钱 售价 票价 多少钱",
        "开始 开幕",
        "开门 开放 营业 开业 上班时间",
        "关门 关闭 闭园 闭馆 休息 休馆 停业 打烊 不开门 不开放 不营业",
        "关门 开放时间 营业时间",
        "续航 电池 能用",
        "教 老师 教师",
        "优点 好处",
        "缺点 不足 坏处",
        "地址 位于 地点",
        "员工 职工 职员",
        "学生 同学",
        "天气 下雨 下雪 刮风 多云 晴天 阴天 大风",
        "一天 每天",
        "结束 关门 闭幕",
        "工程师 工程人员",
        "老师 教师",
        "医生 大夫",
        "电影 影片",
        "自行车 单车",
        "汽车 轿车",
        "买 购买",
        "丢 丢失 遗失",
        "修 修理 维修",
        "住 居住",
        "帮助 帮忙 协助",
        "门票 票价 入场券",
        "禁止 不准 不许 不得 请勿",
    )
)


def forms_of(word: str) -> frozenset[str]:
    """The usual forms of an English word."""
    stem = word.removesuffix("e")
    regular = {
        word,
        f"{word}s",
        f"{word}es",
        f"{stem}ed",
        f"{stem}ing",
        f"{word}ed",
        f"{word}{word[-1]}ed",
        f"{word}{word[-1]}ing",
    }
    return frozenset(regular | _FORM_OF.get(word, frozenset()) | {singular(one) for one in regular})


@lru_cache(maxsize=8192)
def words_of(text: str) -> frozenset[str]:
    """The English words of a text, each with its singular and its parts around an apostrophe or a full stop."""
    found: set[str] = set()
    for word in _LATIN.findall(search_key(text)):
        for piece in {word, *re.split("['’.-]", word)}:
            found.update((piece, singular(piece)))
    return frozenset(found)


def says(term: Term, text: str) -> float:
    """How surely a text says a word, in [0, 1]: 1 exactly or in another form, less for a synonym or a slip."""
    if term.cjk:
        return _says_in_chinese(term.text, search_key(text))
    words = words_of(text)
    if term.text in words or not words.isdisjoint(_FORM_OF.get(term.text, ())):
        return 1.0
    numeral = _NUMERALS.get(term.text, "")
    if numeral in words and (numeral.isalpha() or re.search(rf"(?<![\d:.,]){numeral}(?![:.,]?\d)", text)):
        return 1.0
    if any(_same_stem(term.text, word) for word in words):
        return 1.0
    if not words.isdisjoint(_MEANS.get(term.text, ())):
        return 0.8
    return 0.8 if any(nearly_same(term.text, word) for word in words) else 0.0


def _says_in_chinese(word: str, key: str) -> float:
    if word in key:
        return 1.0
    for group in _CHINESE_SYNONYMS:
        if word in group and any(other in key for other in group):
            return 0.8
    return 0.0


def says_phrase(phrase: str, key: str) -> bool:
    """Whether the key of a text has a Chinese phrase or one that means the same."""
    return bool(_says_in_chinese(phrase, key))


def said_share(phrase: str, text: str) -> float:
    """The share of a Chinese phrase's characters that a text says in runs of two and more."""
    wanted, key = search_key(phrase), search_key(text)
    if len(wanted) < 2:
        return float(wanted in key)
    if _says_in_chinese(wanted, key):
        return 1.0
    covered = [False] * len(wanted)
    for start in range(len(wanted) - 1):
        if says_pair(wanted[start : start + 2], key):
            covered[start] = covered[start + 1] = True
    return sum(covered) / len(wanted)


def says_pair(pair: str, key: str) -> bool:
    """Whether the key of a text says two characters, a verb and its object also apart: 煮饭, 煮好饭."""
    if pair in key:
        return True
    at = key.find(pair[0])
    return (
        at >= 0
        and len(pair) == 2
        and bool(re.search(f"{re.escape(pair[0])}[好了完过个点些]{{1,2}}{re.escape(pair[1])}", key))
    )


def _same_stem(one: str, other: str) -> bool:
    """``rotate`` and ``rotating``, ``engine`` and ``engineer`` not."""
    shorter, longer = sorted((one, other), key=len)
    if len(shorter) < 3 or not longer[0].isalpha():
        return False
    return not _stems(shorter).isdisjoint(_stems(longer))


@lru_cache(maxsize=8192)
def _stems(word: str) -> frozenset[str]:
    found = {word}
    for suffix in ("ing", "ed", "s", "es", "d", "ment", "ation", "ion"):
        if word.endswith(suffix) and len(word) - len(suffix) >= (4 if suffix in ("s", "es", "d") else 3):
            stem = word[: -len(suffix)]
            found.update((stem, f"{stem}e"))
            if stem[-1] == stem[-2]:
                found.add(stem[:-1])
            if stem.endswith("i"):
                found.add(f"{stem[:-1]}y")
    return frozenset(found)


def nearly_same(one: str, other: str) -> bool:
    """Whether two words of five letters and more differ by one letter only, as recognition errs. Numbers never do."""
    if one == other:
        return True
    if min(len(one), len(other)) < 5 or abs(len(one) - len(other)) > 1 or one[0].isdigit() or other[0].isdigit():
        return False
    if one.isdigit() or other.isdigit():
        return False
    shorter, longer = sorted((one, other), key=len)
    at = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    rest = shorter[at + 1 :] if len(shorter) == len(longer) else shorter[at:]
    return rest == longer[at + 1 :]


class Rarity:
    """How much a word says, by how few of some texts have it (inverse document frequency)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = len(texts)
        counts: dict[str, int] = {}
        for text in texts:
            for word in words_of(text):
                counts[word] = counts.get(word, 0) + 1
        self._counts: Mapping[str, int] = counts
        self._keys = [search_key(text) for text in texts]

    def weight(self, term: Term) -> float:
        """In (0, 1]: 1 for a word that no text or one has."""
        if term.cjk:
            count = sum(term.text in key for key in self._keys)
        else:
            count = self._counts.get(term.text, 0)
        return math.log((self._texts + 1) / (max(1, count) + 0.5)) / math.log((self._texts + 1) / 1.5)


def lexical_share(terms: Iterable[Term], text: str, rarity: Rarity) -> float:
    """The share of words that a text says, rare ones counting more."""
    weighted = [(rarity.weight(term), says(term, text)) for term in terms]
    total = sum(weight for weight, _ in weighted)
    return sum(weight * said for weight, said in weighted) / total if total else 0.0
