"""Numbers with their units, in digits and in words, English and Chinese: "forty minutes", "40 min" and "四十分钟" are
the same; "$49" and "49 %" are not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from encoders.plurals import singular

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS: dict[str, float] = {
    **{word: number for number, word in enumerate(_ONES)},
    **{word: 10 * number for number, word in enumerate(_TENS, 2)},
    "dozen": 12,
}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "k": 1000}
_ORDINALS = (
    "second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth"
).split()


class _Unit(NamedTuple):
    dimension: str
    factor: float


_UNITS: dict[str, _Unit] = {}
for _dimension, _factor, _names in (
    ("time", 1, "second sec s 秒 秒钟"),
    ("time", 60, "minute min 分钟 分"),
    ("time", 3600, "hour hr h 小时 个小时 钟头 个钟头"),
    ("time", 86400, "day 天 日"),
    ("time", 604800, "week 周 星期 个星期 礼拜 个礼拜"),
    ("month", 1, "month 个月"),
    ("month", 12, "year yr 年"),
    ("age", 1, "岁 years-old year-old"),
    ("length", 1, "metre meter m 米"),
    ("length", 0.01, "centimetre centimeter cm 厘米 公分"),
    ("length", 0.001, "millimetre millimeter mm 毫米"),
    ("length", 1000, "kilometre kilometer km 公里 千米"),
    ("length", 500, "里"),
    ("length", 0.3048, "foot feet ft 英尺"),
    ("length", 0.0254, "inch 英寸"),
    ("length", 1609.344, "mile 英里"),
    ("weight", 1, "gram gramme g 克"),
    ("weight", 1000, "kilogram kilo kg 公斤 千克"),
    ("weight", 500, "斤"),
    ("weight", 10**6, "ton tonne 吨"),
    ("weight", 453.592, "pound lb 磅"),
    ("weight", 28.3495, "ounce oz 盎司"),
    ("volume", 1, "litre liter l 升"),
    ("volume", 0.001, "millilitre milliliter ml 毫升"),
    ("degrees", 1, "degree ° °c °f 度"),
    ("percent", 1, "percent % 个百分点"),
    ("usd", 1, "dollar usd buck $ 美元 美金"),
    ("usd", 0.01, "cent 美分"),
    ("eur", 1, "euro eur € 欧元"),
    ("gbp", 1, "gbp £ 英镑"),
    ("cny", 1, "yuan rmb ¥ 元 块钱 块 人民币"),
    ("cny", 0.1, "毛 角 毛钱"),
    ("times", 1, "time 次 遍 回"),
    ("people", 1, "person people 人 个人 名 位"),
    ("page", 1, "页"),
    ("floor", 1, "层 楼"),
):
    for _name in _names.split():
        _UNITS[_name] = _Unit(_dimension, _factor)

_CJK_UNITS = sorted((name for name in _UNITS if not name.isascii() and name not in "°€£¥"), key=len, reverse=True)
_CLASSIFIERS = "个只条匹头辆架艘张把座台件份本杯勺碗瓶双对场盘种颗粒棵支枝部家间道题届期级点号倍排"
_DIGITS = {**dict(zip("零〇一二三四五六七八九", (0, *range(10)), strict=True)), "两": 2}
_NUMERAL = "[零〇一二两三四五六七八九十百千万亿]+"
_CURRENCY = "[$€£¥]"
_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_IN_WORDS = (
    rf"(?:(?:{'|'.join((*_ONES, *_TENS, *_SCALES, 'dozen'))})\b(?:[\s-]+(?:and\s+)?(?=(?:"
    rf"{'|'.join((*_ONES, *_TENS, *_SCALES, 'dozen'))})\b))?)+"
)
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:])(?:\s*([ap])\.?m\b\.?)?", re.I)
_PAST = re.compile(
    rf"\b(half|quarter|{'|'.join((*_ONES, *_TENS))}|\d+)\s+(?:minutes\s+)?(past|to)\s+({'|'.join(_ONES[1:13])}|"
    rf"\d{{1,2}})\b"
)
_OCLOCK = re.compile(rf"\b({'|'.join(_ONES[1:13])}|\d{{1,2}})\s*(?:o['’]?\s?clock|([ap])\.?m\b\.?)", re.I)
_CJK_CLOCK = re.compile(rf"({_NUMERAL}|\d{{1,2}})点(?:(半)|({_NUMERAL}|\d{{1,2}})分?|钟|整)?(?!{_NUMERAL})")
_OF_HUNDRED = re.compile(rf"百分之({_NUMERAL}|{_NUMBER})")
_HALF = re.compile(r"\bhalf an? ([a-z]+)|\b(twice|thrice)\b|半(个?小时|个?钟头|天|年|个月|公斤|斤|升)")
_PLAIN = re.compile(
    rf"(?P<sign>{_CURRENCY})?\s?(?P<digits>(?<![\w.])(?:{_NUMBER})|"
    rf"(?<=[\u4e00-\u9fff])(?:{_NUMBER}))(?P<scale>\s?(?:hundred|thousand|million|billion|k)\b)?"
    rf"(?:(?P<ordinal>st|nd|rd|th)\b)?|\b(?P<words>{_IN_WORDS})(?P<half>\s+and a half)?|"
    rf"(?P<ordinal_word>\b(?:{'|'.join(_ORDINALS)})\b)|"
    rf"(?P<cjk>{_NUMERAL})(?P<tail>半)?",
    re.I,
)
_FOLLOWING = re.compile(r"[\s-]*(%|°\s?[cf]?\b|°|[a-z]+)?", re.I)
_CJK_FOLLOWING = re.compile(rf"\s*(?:多|几)?({'|'.join(_CJK_UNITS)}|[{_CLASSIFIERS}])?")
_PRONOUN_ONE = re.compile(
    r"(?:\b(?:this|that|the|which|another|each|every|no|any|some|first|last|next|new|old|other|only)\s+)$", re.I
)
_NOT_COUNTED = frozenset(
    "a an the of in on at to for and or but is are was were that this than more less per with by from as if".split()
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a text.

    Attributes:
        value: in the base unit of its dimension.
        dimension: "time", "usd", "clock", "ordinal" …; "" for a bare number.
        noun: the word that follows a bare number, singular: what is counted; "" for none.
        start, end: where it stands.
    """

    value: float
    dimension: str
    noun: str
    start: int
    end: int

    def same(self, other: Quantity) -> bool:
        """Whether both are the same number of the same thing, as far as the texts say of what."""
        if abs(self.value - other.value) > 1e-3 * max(abs(self.value), abs(other.value), 1e-9):
            return False
        if self.dimension and other.dimension:
            return self.dimension == other.dimension
        return not ((self.dimension and other.noun) or (self.noun and other.dimension))


@lru_cache(maxsize=4096)
def quantities(text: str) -> tuple[Quantity, ...]:
    """The numbers of a text in their order. "one" for a thing already named, and Chinese 一 as an article, are none."""
    taken = [False] * len(text)
    found: list[Quantity] = []

    def add(value: float, dimension: str, noun: str, start: int, end: int) -> None:
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(Quantity(value, dimension, noun, start, end))

    low = text.lower()
    for hit in _CLOCK.finditer(low):
        hours, minutes, seconds = int(hit[1]), int(hit[2]), int(hit[3] or 0)
        add(
            60 * (hours + (12 if hit[4] == "p" and hours < 12 else 0)) + minutes + seconds / 60,
            "clock",
            "",
            *hit.span(),
        )
    for hit in _PAST.finditer(low):
        part = {"half": 30.0, "quarter": 15.0}.get(hit[1]) or _number(hit[1])
        add(60 * _number(hit[3]) + (part if hit[2] == "past" else -part), "clock", "", *hit.span())
    for hit in _OCLOCK.finditer(low):
        add(60 * (_number(hit[1]) + (12 if hit[2] == "p" and _number(hit[1]) < 12 else 0)), "clock", "", *hit.span())
    for hit in _CJK_CLOCK.finditer(low):
        if hit.group() == "一点":
            continue  # "a bit"
        minutes = 30 if hit[2] else int(_number(hit[3])) if hit[3] else 0
        add(60 * _number(hit[1]) + minutes, "clock", "", *hit.span())
    for hit in _OF_HUNDRED.finditer(low):
        add(_number(hit[1]), "percent", "", *hit.span())
    for hit in _HALF.finditer(low):
        if hit[2]:
            add({"twice": 2, "thrice": 3}[hit[2]], "times", "", *hit.span())
            continue
        unit = _UNITS.get(singular(hit[1])) if hit[1] else _UNITS.get(hit[3])
        add(0.5 * (unit.factor if unit else 1), unit.dimension if unit else "", hit[1] or "", *hit.span())
    for hit in _PLAIN.finditer(low):
        if not any(taken[hit.start() : hit.end()]):
            _add_plain(low, hit, add)
    return tuple(sorted(found, key=lambda one: one.start))


def without_quantities(text: str) -> str:
    """A text with a blank in place of each number and its unit."""
    letters = list(text)
    for one in quantities(text):
        letters[one.start : one.end] = " " * (one.end - one.start)
    return "".join(letters)


def _add_plain(low: str, hit: re.Match[str], put: Callable[[float, str, str, int, int], None]) -> None:
    if hit["cjk"]:
        after = _CJK_FOLLOWING.match(low, hit.end())
        unit = after[1] if after else None
        value = _number(hit["cjk"]) + (0.5 if hit["tail"] else 0)
        if after and (
            (unit == "年" and value >= 1000) or (unit == "日" and low[max(0, hit.start() - 1) : hit.start()] == "月")
        ):
            put(value, "", "", hit.start(), after.end())  # a date
        elif low[max(0, hit.start() - 1) : hit.start()] == "第":
            put(value, "ordinal", "", hit.start() - 1, after.end() if after and unit else hit.end())
        elif unit and after and not (unit in _CLASSIFIERS and value == 1) and hit["cjk"] not in ("千万", "万一"):
            known = _UNITS.get(unit)
            if known and not (value == 1 and unit in ("名", "位", "人", "个人", "次", "点", "块", "回")):
                put(value * known.factor, known.dimension, "", hit.start(), after.end())
            elif not known:
                put(value, "", "", hit.start(), after.end())
        elif len(hit["cjk"]) > 1 and not set(hit["cjk"]) & set("万千百十亿") and "一一" not in hit["cjk"]:
            put(value, "", "", *hit.span())  # a year, said digit by digit
        return
    if hit["ordinal_word"]:
        put(_ORDINALS.index(hit["ordinal_word"].lower()) + 2, "ordinal", "", *hit.span())
        return
    if hit["digits"]:
        value = float(hit["digits"].replace(",", "")) * _SCALES.get((hit["scale"] or "").strip(), 1)
    else:
        if hit["words"].strip() == "one" and _PRONOUN_ONE.search(low[: hit.start()]):
            return
        if hit["words"].strip().split()[0] in _SCALES and not re.search(r"\ba\s+$", low[: hit.start()]):
            return  # "hundreds", "a million" apart
        value = _number(hit["words"]) + (0.5 if hit["half"] else 0)
    start, end = hit.span()
    while end > start and low[end - 1] in " -\t":
        end -= 1
    if hit["sign"]:
        unit_of_sign = _UNITS[hit["sign"]]
        put(value * unit_of_sign.factor, unit_of_sign.dimension, "", start, end)
        return
    if hit["ordinal"]:
        put(value, "", "", start, end)  # "September 14th" is "September 14"
        return
    cjk = _CJK_FOLLOWING.match(low, end)
    if cjk and cjk[1]:
        known = _UNITS.get(cjk[1])
        if (cjk[1] == "年" and value >= 1000) or (cjk[1] == "日" and low[max(0, start - 1) : start] == "月"):
            known = None  # a date
        put(value * (known.factor if known else 1), known.dimension if known else "", "", start, cjk.end())
        return
    following = _FOLLOWING.match(low, end)
    word = (following[1] or "").replace(" ", "") if following else ""
    unit_found = _UNITS.get(singular(word)) or _UNITS.get(word)
    if following and unit_found and not (hit["words"] and len(word) < 3):
        put(value * unit_found.factor, unit_found.dimension, "", start, following.end(1))
        return
    noun = _counted(low, end)
    put(value, "", noun, start, end)


def _counted(low: str, end: int) -> str:
    """The last of the words right behind a number that can be what is counted, at most three."""
    words = re.match(r"((?:[\s-]+[a-z]+){0,3})", low[end:])
    chosen = ""
    for word in words[1].replace("-", " ").split() if words else ():
        if word in _NOT_COUNTED:
            break
        chosen = singular(word)
        if word.endswith("s"):
            break
    return chosen


def _number(text: str) -> float:
    """A number in digits, English words or Chinese numerals."""
    plain = text.replace(",", "").strip()
    if re.fullmatch(r"\d+(\.\d+)?", plain):
        return float(plain)
    if plain and plain[0] in "零〇一二两三四五六七八九十百千万亿":
        return _chinese_number(plain)
    total, part = 0.0, 0.0
    for word in re.split(r"[\s-]+", plain.lower()):
        if word in _SCALES:
            part = max(part, 1) * _SCALES[word]
            if _SCALES[word] >= 1000:
                total, part = total + part, 0.0
        elif word == "dozen":
            part = max(part, 1) * 12
        else:
            part += _WORDS.get(word, 0)
    return total + part


def _chinese_number(text: str) -> float:
    if not set(text) & set("十百千万亿"):
        return float("".join(str(_DIGITS[letter]) for letter in text))
    total, section, digit = 0, 0, 0
    for letter in text:
        if letter in _DIGITS:
            digit = _DIGITS[letter]
        elif letter in "十百千":
            section += max(digit, 1) * {"十": 10, "百": 100, "千": 1000}[letter]
            digit = 0
        else:
            total = (total + section + digit) * {"万": 10**4, "亿": 10**8}[letter]
            section = digit = 0
    return float(total + section + digit)
