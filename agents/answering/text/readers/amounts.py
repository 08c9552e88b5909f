"""Prices, percentages, durations, ages, measures and counts in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.answering.text.readers.numbers import CHINESE, DIGITS, NUMBER
from agents.answering.text.readers.reading import Reading, readings
from encoders.plurals import singular
from stores.core.text_keys import HAN, search_key

_CURRENCY = (
    r"(?:(?:us|u\.s\.|canadian|australian|hong kong) )?(?:dollars?|bucks?|cents?|euros?|"
    r"pounds?(?! of)|pence|quid|yen|yuan|rmb|renminbi|"
    r"rupees?|francs?|kronor|kroner|crowns?|pesos?|zloty|roubles?|rubles?|usd|eur|gbp|cny|jpy|chf|inr)\b|"
    r"美元|欧元|英镑|日元|港币|港元|人民币|元|块钱|块(?![头状])|角钱|毛钱"
)
_RANGE = r"(?:\s?(?:-|–|—|to|or|至|到)\s?)"
_EACH = (
    r"(?:\s?(?:per|a|an|each|/)\s?(?:person|head|month|night|day|week|year|hour|kilo|kg|pound|"
    r"piece|ticket|child|adult|人|月|晚|天|年|斤|个)\b)?"
)

_PRICES = (
    re.compile(
        rf"(?:\b(?:US|CA|AU|A|HK|NT|R|C))?[$€£¥￥₹₩₽฿₺₱]\s?(?:{DIGITS})(?:\s?(?:million|billion|thousand|[km]\b|万))?"
        rf"(?:{_RANGE}[$€£¥￥]?\s?(?:{DIGITS}))?{_EACH}",
        re.I,
    ),
    re.compile(
        rf"(?:{NUMBER}{_RANGE})?{NUMBER}\s?(?:{_CURRENCY})(?:\s?(?:and )?{NUMBER}(?: cents?\b|"
        rf"[角毛分])?(?!\s?[%\w]))?{_EACH}",
        re.I,
    ),
    re.compile(f"(?:{NUMBER})(?:块|元)[零一二三四五六七八九]?毛?(?:(?:一|每)?(?:斤|个|张|杯|公斤|份|人))?"),
    re.compile(rf"\b(?:USD|EUR|GBP|CNY|RMB|CHF|JPY|INR)\s?(?:{DIGITS})"),
    re.compile(rf"(?:{DIGITS})\s?(?:€|£|,-)"),
)
_FREE = re.compile(
    r"\b(?:for free|free of charge|is free|are free|free (?:entry|admission|entrance|of cost)|"
    r"entry free|admission free|no charge)\b|免费|不要钱",
    re.I,
)
_BARE_PRICE = re.compile(
    rf"(?:\b(?:costs?|priced? (?:at|is|of)?|pay|paid|charges?|for only|for just|only|just|worth|"
    rf"fee (?:is|of)|fare (?:is|of)|price|now|sells? for|sold for|"
    rf"fee|ticket|total)\b|价格?|售价|只要|仅需|卖|现价|特价|收)\W{{0,3}}(?:is |are |was |of |at |about |only |"
    rf"just |是|为)*(?P<a>{NUMBER})(?!\s?(?:%|percent|years?|minutes?|hours?|days?|折|个|分钟|小时))",
    re.I,
)
_DECIMAL = re.compile(r"(?<![\d.:])\d{1,5}\.\d{2}(?![\d.:%])")

_PERCENTS = (
    re.compile(rf"(?:{NUMBER})(?:\s?[%％]|\s(?:percent|per cent)\b)(?:\s?off)?", re.I),
    re.compile(f"百分之(?:{CHINESE}|\\d+)|(?:\\d+(?:\\.\\d+)?|[一二三四五六七八九]+)折|半价"),
    re.compile(r"\bhalf (?:price|off)\b", re.I),
)
_TIME_UNIT = (
    r"(?:seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|months?|years?|decades?|centuries|century)\b"
)
_CHINESE_TIME = "(?:秒钟?|分钟|个?半?小时|个?钟头|天|周|个?星期|个月|年(?!级|代)|世纪)"
_DURATIONS = (
    re.compile(
        rf"\b(?:about |around |nearly |almost |at least |up to |over |"
        rf"more than )?(?:{NUMBER}{_RANGE})?{NUMBER}(?: and a half)?(?: more| full|"
        rf" whole)?[ -]?{_TIME_UNIT}"
        rf"(?! ?old)(?: and (?:a half|{NUMBER} {_TIME_UNIT}))?",
        re.I,
    ),
    re.compile(
        r"\b(?:an?|half an?|a whole|a full|all|the whole) (?:hour|minute|second|day|week|month|year|"
        r"night|decade)(?: and a half)?\b|\bovernight\b",
        re.I,
    ),
    re.compile(f"(?:{NUMBER})(?:{_RANGE}(?:{NUMBER}))?\\s?{_CHINESE_TIME}(?:{NUMBER}\\s?(?:分钟?|秒钟?))?"),
)
_AGES = (
    re.compile(rf"{NUMBER}[ -]years?[ -]old\b|\b(?:aged?|age of|turn(?:s|ed)?|turning)\s?:?\s?(?P<a>{NUMBER})", re.I),
    re.compile(f"(?:{NUMBER})\\s?周?岁"),
)
_SCALE = (
    r"(?:(?:square|cubic) )?(?:kilomet(?:er|re)s?|met(?:er|re)s?|centimet(?:er|re)s?|"
    r"millimet(?:er|re)s?|miles?|feet|foot|inch(?:es)?|yards?|"
    r"kilograms?|kilos?|grams?|milligrams?|pounds?|ounces?|tonn?e?s?|lit(?:er|re)s?|millilit(?:er|"
    r"re)s?|gallons?|pints?|cups?|"
    r"(?:tea|table)spoons?|degrees?(?: celsius| fahrenheit)?|celsius|fahrenheit|"
    r"kilometers? per hour|km/h|mph|knots|watts?|kilowatts?|volts?|"
    r"amps?|hertz|calories|kcal|gigabytes?|megabytes?|terabytes?|acres?|hectares?|stor(?:y|ies|eys?)|decibels?|"
    r"km|cm|mm|kg|mg|ml|lbs?|oz|ft|gb|mb|tb|kw|mw|hz|db|m|g|l)\b(?: per (?:hour|second|minute|day)|/h\b|/s\b)?"
)
_CHINESE_SCALE = (
    "(?:平方|立方)?(?:公里|千米|厘米|毫米|米|英里|英尺|英寸|公斤|千克|毫克|克|斤|吨|毫升|升|"
    "摄氏度|华氏度|度|分贝|毫安时?|瓦|伏|卡路里|大卡|亩|公顷|层|勺|杯)"
)
_MEASURES = (
    re.compile(
        rf"(?:{NUMBER}{_RANGE})?{NUMBER}\s?-?(?:°\s?[CF]?|{_SCALE})(?:\s?(?:per (?:hour|second)|"
        rf"{NUMBER} (?:inch(?:es)?|in)\b))?",
        re.I,
    ),
    re.compile(
        r"\b(?:half an?|a quarter of an?|a) (?:kilo(?:gram)?|lit(?:er|re)|pound|cup|pint|gallon|ton(?:ne)?|"
        r"(?:tea|table)?spoon(?:ful)?|pinch|met(?:er|re)|mile|kilomet(?:er|re))\b",
        re.I,
    ),
    re.compile(f"(?:每小时|零下|摄氏)?(?:{NUMBER})(?:{_RANGE}(?:{NUMBER}))?\\s?(?:{_CHINESE_SCALE}|°C?|℃|km|kg|cm)"),
)
_NUMBERS = re.compile(rf"{NUMBER}", re.I)
_SCORES = re.compile(rf"(?:{NUMBER})(?:\s?[-–:：]\s?|\s(?:to|nil)\s?|\s?比\s?)(?:{NUMBER})?", re.I)


_OFTEN = (
    re.compile(
        rf"\b(?:(?:every|each)(?: other| single)?(?: {NUMBER})? (?:{_TIME_UNIT}|morning|evening|"
        rf"afternoon|night|monday|tuesday|wednesday|thursday|friday|"
        rf"saturday|sunday|spring|summer|autumn|winter)s?|(?:once|twice|three times|four times|"
        rf"{NUMBER} times?) (?:a|an|per|each|every) \w+|hourly|daily|weekly|monthly|yearly|annually)\b",
        re.I,
    ),
    re.compile(
        f"每隔?(?:{NUMBER})?(?:个)?(?:{_CHINESE_TIME}|[天周月年日]|星期[一二三四五六日天]?)(?:(?:{NUMBER})?[次班趟回])?|[一两三]天(?:{NUMBER})次"
    ),
)
_CODES = (
    re.compile(r"\b(?:code|password|passcode|pin)\b\W{0,3}(?:is |: ?|= ?)?[\"'“‘]?(?P<a>[A-Za-z0-9][\w-]{1,19})", re.I),
    re.compile(r"\b(?=[A-Z0-9-]*[A-Z])(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{3,19}\b"),
    re.compile(r"(?:密码|验证码|口令|优惠码|暗号)(?:是|为|[:：])?\s*(?P<a>[A-Za-z0-9\u4e00-\u9fff]{2,12})"),
)


def frequencies(text: str) -> Iterator[Reading]:
    """How often something happens."""
    for pattern in _OFTEN:
        yield from readings(pattern, text)


def codes(text: str) -> Iterator[Reading]:
    """Codes and passwords."""
    for pattern in _CODES:
        yield from readings(pattern, text)


_RESULT = re.compile(rf"[^\s:：]+ (?:{NUMBER})\s?[-–:：]\s?(?:{NUMBER}) [^\s:：]+", re.I)


def prices(text: str) -> Iterator[Reading]:
    """Sums of money, surely those with a currency."""
    for pattern in _PRICES:
        yield from readings(pattern, text)
    yield from readings(_FREE, text, 0.8)
    yield from readings(_BARE_PRICE, text, 0.7)
    yield from readings(_DECIMAL, text, 0.5)


def percents(text: str) -> Iterator[Reading]:
    """Percentages and reductions."""
    for pattern in _PERCENTS:
        yield from readings(pattern, text)


def durations(text: str) -> Iterator[Reading]:
    """How long something takes or lasts."""
    for pattern in _DURATIONS:
        yield from readings(pattern, text)


def ages(text: str) -> Iterator[Reading]:
    """How old somebody or something is."""
    for pattern in _AGES:
        yield from readings(pattern, text)
    for found in durations(text):
        if re.match(r"\s*old\b", text[found.end :], re.I):
            yield found


_AMOUNT = (
    r"gram|kilo(?!m)|\b(?:kg|g|mg|ml|l|oz|lbs?)\b|pound|ounce|tonn?e?s?\b|lit(?:er|re)|gallon|pint|cup|spoon|pinch|"
    r"克|斤|吨|升|勺|杯"
)
_DIMENSIONS = (
    (r"\bloud\b|\bnoise\b|噪音|噪声|多响|音量", r"decibel|\bdb\b|分贝"),
    (
        r"\barea\b|面积|多大的(?:房|地|屋|面积)|how (?:big|large) .*(?:room|garden|field|house|flat)",
        r"square|acre|hectare|平方|亩|公顷|㎡",
    ),
    (
        r"\bhow much (?!is\b|are\b|was\b|were\b|do\b|does\b|did\b|can\b|could\b|will\b|would\b|weight\b|time\b|power\b|"
        r"energy\b|memory\b|storage\b)\w+",
        _AMOUNT,
    ),
    (r"\bfast\b|\bspeed\b|velocity|多快|速度|时速", r"per hour|/h\b|km/h|mph|knots|/s\b|per second|每小时|每秒"),
    (
        r"\bhot\b|\bcold\b|\bwarm\b|temperature|degrees|温度|多热|多冷|多少度|几度",
        r"°|degrees?|celsius|fahrenheit|度|℃",
    ),
    (
        r"\bheavy\b|weight|weigh|\bmass\b|多重|重量|体重",
        r"gram|kilo(?!m)|\bkgs?\b|\bg\b|\bmg\b|pound|ounce|\blbs?\b|\boz\b|tonn?e?s?\b|克|斤|吨|\bt\b",
    ),
    (
        r"\btall\b|\bhigh\b|\bdeep\b|\bwide\b|\blong\b|\bfar\b|\bthick\b|height|depth|width|length|"
        r"distance|altitude|多[高深宽长远厚]|高度|深度|宽度|长度|距离|海拔|多少[米公里]",
        r"met(?:er|re)|kilomet|centimet|millimet|\bmiles?\b|feet|foot|inch|yards?|\b(?:km|cm|mm|m|"
        r"ft)\b|stor(?:y|ies|ey)|米|公里|里|尺|寸|层",
    ),
)


def measures(text: str, question: str = "") -> Iterator[Reading]:
    """Lengths, weights, temperatures, speeds and the like; only those that a question's "how fast" can mean."""
    wanted = [units for asked, units in _DIMENSIONS if re.search(asked, question, re.I)]
    for pattern in _MEASURES:
        for found in readings(pattern, text):
            if wanted and not any(re.search(units, found.text, re.I) for units in wanted):
                continue
            if not _of_other_extent(question, text[max(0, found.start - 12) : found.start], text[found.end :]):
                yield found


_EXTENTS = tuple(
    re.compile(extent, re.I)
    for extent in (
        r"\bdeep|\bdepth|深",
        r"\bwid(?:e|th)|\bbroad|宽",
        r"\b(?:tall|high|height)|高",
        r"\b(?:long|length)|长",
        r"\bthick|厚",
        r"\b(?:heavy|weight|weighs?)|重",
    )
)


def _of_other_extent(question: str, before: str, behind: str) -> bool:
    """Whether a measure is said to be a depth, where a width is asked for."""
    asked = [extent for extent in _EXTENTS if extent.search(question)]
    beside = re.match(r"\W{0,2}(?:in )?([^\W\d_]+)", behind)
    label = re.search(r"([^\W\d_]+)(?: of| is|:|：|是|为|约)?\s*$", before)
    named = " ".join(found[1] for found in (beside, label) if found)
    said = [extent for extent in _EXTENTS if extent.search(named)]
    return bool(asked and said) and not any(one in asked for one in said)


def scores(text: str) -> Iterator[Reading]:
    """Results of a game: "3 - 1", "two to one"."""
    for pattern in (_SCORES, _RESULT):
        # "555-0142" is no result.
        yield from (found for found in readings(pattern, text) if not re.search(r"\d{4}|[-–:]0\d", found.text))


def counts(text: str, unit: tuple[str, ...], chinese_unit: str = "") -> Iterator[Reading]:
    """Numbers of something.

    Args:
        unit: English words for what is counted; without any, every number counts.
        chinese_unit: the measure word, and the noun where there is one.
    """
    if not unit and not chinese_unit:
        yield from readings(_NUMBERS, text, 0.7)
        return
    for found in readings(_NUMBERS, text):
        behind = text[found.end : found.end + 40]
        before = text[max(0, found.start - 40) : found.start]
        if unit and _counted(unit, behind, before):
            yield found
        elif chinese_unit and _counted_in_chinese(chinese_unit, behind):
            shown = re.match(f"\\s?[{HAN}]{{1,3}}", behind)
            end = found.end + (shown.end() if shown else 0)
            yield Reading(text[found.start : end], found.start, end)


def _counted(unit: tuple[str, ...], behind: str, before: str) -> bool:
    wanted = unit[-1]
    words = [singular(word) for word in re.findall(r"[^\W\d_]+", search_key(behind.split(". ")[0]))[:4]]
    if wanted in words:
        return True
    if "people" in words and wanted[-2:] in ("or", "er") and len(wanted) > 6 and wanted[:-2] in search_key(behind):
        return True  # "six thousand people visited" are visitors
    # "Chapters: 12", "Total of guests 40"
    label = re.search(
        r"([^\W\d_]+)\s*(?:[:：=]|\bis\b|\bare\b|\bwas\b|\bwere\b)\s*(?:only |about |now )?$", search_key(before)
    )
    return bool(label) and singular(label[1]) == wanted if label else False


def _counted_in_chinese(unit: str, behind: str) -> bool:
    plain = behind.strip()
    measure, noun = unit[:1], unit[1:]
    if plain.startswith(unit):
        return True
    if noun and noun[:2] in plain[:6]:
        return True
    return not noun and plain.startswith(measure)
