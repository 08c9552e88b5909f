"""Years, dates and times of day in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agents.answering.text.readers.numbers import SAID
from agents.answering.text.readers.reading import Reading, readings

_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?"
)
_DAY_NAME = r"(?:Mondays?|Tuesdays?|Wednesdays?|Thursdays?|Fridays?|Saturdays?|Sundays?)"
_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|"
    r"seventeenth|eighteenth|nineteenth|twentieth|thirtieth|twenty[ -](?:first|second|third|"
    r"fourth|fifth|sixth|seventh|eighth|ninth)|thirty[ -]first)"
)
_DAY = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|{_ORDINAL})"
_YEAR = r"(?:1[0-9]\d\d|20\d\d)"
_CHINESE_NUMBER = "[零〇一二三四五六七八九十]"
_DATES = (
    re.compile(
        rf"(?:{_DAY_NAME},? (?:the )?)?(?:{_DAY} (?:of )?{_MONTH}|"
        rf"{_MONTH} (?:the )?{_DAY}(?![\d:]))(?:,? {_YEAR})?(?:\s?(?:-|–|"
        rf"to)\s?(?:{_DAY} (?:of )?{_MONTH}|{_MONTH} {_DAY}|{_DAY}))?",
        re.I,
    ),
    re.compile(rf"\b{_YEAR}[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b|\b\d{{1,2}}[./]\d{{1,2}}[./](?:\d{{4}}|\d{{2}})\b"),
    re.compile(
        f"(?:(?:\\d{{2,4}}|{_CHINESE_NUMBER}{{2,4}})年)?(?:\\d{{1,2}}|{_CHINESE_NUMBER}{{1,3}})月(?:份|"
        f"(?:\\d{{1,2}}|{_CHINESE_NUMBER}{{1,3}})[日号])?"
    ),
)
_WEEKDAYS = (
    re.compile(
        rf"(?:\b(?:next|this|every|last|on) )?\b{_DAY_NAME}\b(?:(?: (?:and|to|through) |"
        rf"\s?[-–]\s?){_DAY_NAME})?(?: (?:morning|afternoon|evening|night))?"
    ),
    re.compile(
        "(?:下|这|本|上|每)?(?:个)?(?:星期|周|礼拜)[一二三四五六日天末](?:[到至](?:星期|周|礼拜)?[一二三四五六日天])?"
    ),
)
_MONTHS = re.compile(
    rf"\b(?:in|since|until|by|early|late|mid|end of|next|last)\b (?P<a>(?!May (?:be|I|we|"
    rf"you)){_MONTH}(?:,? {_YEAR})?)|\b{_MONTH} {_YEAR}"
)
_RELATIVE = re.compile(
    r"\b(?:tomorrow|tonight|yesterday|today|next (?:week|month|year|spring|summer|autumn|fall|"
    r"winter)|last (?:week|month|year|night|summer|winter)|"
    r"(?:in|this|every) (?:the )?(?:spring|summer|autumn|fall|winter)|(?:two|three|four|five|"
    r"\d+) (?:days|weeks|months|years) ago)\b|"
    r"明天|后天|昨天|今天|今晚|下个?[周月]|明年|去年|今年|春天|夏天|秋天|冬天|[上下]个月",
    re.I,
)
_PART_OF_DAY = re.compile(
    r"\b(?:(?:early|late) )?(?:in the (?:morning|afternoon|evening)|"
    r"at (?:night|dawn|dusk|noon|sunset|sunrise|midnight|lunchtime))\b|"
    r"早上|清晨|傍晚|晚上|中午|半夜|日出|日落",
    re.I,
)
_TEEN = r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty)"
_YEARS = (
    re.compile(
        rf"(?<![\d.,$€£¥:-]){_YEAR}(?![\d,:%]|\.\d|\s?(?:元|块|米|人|个|km|kg|m\b|people|dollars|euros|"
        rf"meters|metres|feet|years|watts|grams))(?:s\b)?"
    ),
    re.compile(r"(?:[12]\d{3}|[一二][零〇一二三四五六七八九]{3})年"),
    re.compile(
        rf"\b{_TEEN}[ -](?:hundred|oh[ -]\w+|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|"
        rf"ninety)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine))?|{_TEEN})\b(?! (?:dollars|"
        rf"euros|percent|people|minutes|meters))",
        re.I,
    ),
    re.compile(
        rf"\btwo thousand(?: and)?(?: (?:one|two|three|four|five|six|seven|eight|nine|"
        rf"{_TEEN})(?:[ -]\w+)?)?\b(?! (?:dollars|euros|people|meters|metres|years))",
        re.I,
    ),
)
_SMALL = r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_PART = r"(?:\s?(?:[ap]\.m\.|[ap]m\b)| in the (?:morning|afternoon|evening)| at night)"
_CLOCK = (
    rf"(?:\d{{1,2}}[:：]\d{{2}}(?![\d:]){_PART}?|\d{{1,2}}\.\d{{2}}{_PART}|\d{{1,2}}{_PART}|"
    rf"(?:\d{{1,2}}|{_SMALL}) ?o['’]?clock\b{_PART}?|"
    rf"(?:half|quarter|ten|twenty|five) (?:past|to) (?:\d{{1,2}}|{_SMALL})\b{_PART}?|"
    rf"{_SMALL} (?:thirty|fifteen|forty[ -]five|twenty|ten|fifty){_PART}?\b|{_SMALL}{_PART}|"
    rf"\b(?:noon|midnight|midday)\b)"
)
_CHINESE_CLOCK = (
    f"(?:上午|下午|早上|早晨|晚上|中午|凌晨|傍晚)?(?:\\d{{1,2}}|{_CHINESE_NUMBER}{{1,3}}|两)(?:点钟?|时(?!间|候))(?:半|整|"
    f"一刻|三刻|(?:\\d{{1,2}}|{_CHINESE_NUMBER}{{1,3}})分?)?|"
    f"(?:上午|下午|早上|晚上|中午)\\d{{1,2}}[:：]\\d{{2}}"
)
_CLOCKS = (
    re.compile(rf"(?:{_CLOCK})(?:\s?(?:-|–|—|to|until|till|and)\s?(?:{_CLOCK}))?", re.I),
    re.compile(f"(?:{_CHINESE_CLOCK})(?:\\s?(?:-|–|—|~|至|到)\\s?(?:{_CHINESE_CLOCK}))?"),
)
_AT = re.compile(
    rf"\b(?:at|by|from|until|till|before|after) (?P<a>{_SMALL}|\d{{1,2}})\b(?!\s?(?:%|percent|"
    rf"[a-z]*years|minutes?|hours?|days?|euros?|dollars?|degrees|[:.]\d))",
    re.I,
)
_SAID = re.compile(SAID, re.I)


def years(text: str) -> Iterator[Reading]:
    """Years."""
    for pattern in _YEARS:
        yield from readings(pattern, text)


def clocks(text: str) -> Iterator[Reading]:
    """Times of day."""
    for pattern in _CLOCKS:
        yield from readings(pattern, text)
    yield from readings(_AT, text, 0.6)


def dates(text: str) -> Iterator[Reading]:
    """What answers "when": days first, then weekdays, months, times of day and years."""
    for pattern in _DATES:
        yield from readings(pattern, text)
    for pattern in _WEEKDAYS:
        yield from readings(pattern, text, 0.9)
    yield from readings(_MONTHS, text, 0.8)
    for strength, found in ((0.75, clocks(text)), (0.7, years(text))):
        for reading in found:
            yield Reading(reading.text, reading.start, reading.end, min(strength, reading.strength))
    yield from readings(_PART_OF_DAY, text, 0.65)
    yield from readings(_RELATIVE, text, 0.6)


_UNTIL = re.compile(r"(?:\b(?:until|till|up to|through)|直到|到)\s*", re.I)


def ends(text: str) -> Iterator[Reading]:
    """Until when something lasts."""
    for found in dates(text):
        for before in _UNTIL.finditer(text, 0, found.start):
            if before.end() == found.start:
                yield Reading(text[before.start() : found.end].strip(), before.start(), found.end, 0.8)
