"""The wording of a question made plain: politeness, quotation marks around it and contractions go, the topic stays."""

from __future__ import annotations

import re

from stores.core.text_keys import HAN, search_key

_HAN = re.compile(f"[{HAN}]")
_LETTER = re.compile(r"[^\W\d_]")

_QUOTED_WHOLE = re.compile(r"""^\s*(?:"([^"]+)"|“([^”]+)”|「([^」]+)」|『([^』]+)』|'([^']{3,})')\s*[.?!。？！]*\s*$""")

_BEFORE = re.compile(
    r"^\s*(?:"
    r"(?:hi|hello|hey|ok|okay|well|so|um+|uh+|now|alright|excuse me|sorry|dear \w+)(?: there| again)?\s*[,.!:-]+\s*"
    r"|(?:please|kindly)[\s,]+"
    r"|(?:(?:can|could|would|will) (?:you|someone|anybody|anyone)|(?:can|could|may) i(?: just)? ask(?: you)?)"
    r"(?: please| kindly| maybe)?,?\s+"
    r"(?=tell|show|find|list|give|describe|explain|check|look|say|search|summari|count|help|let|get|name|play|what|who|"
    r"when|where|why|how|which|whether|if|is|are|do|does)"
    r"|(?:please )?(?:tell me|let me know|help me(?: to)? (?:find out|know|see|understand)|explain to me)"
    r"(?: please)?[\s,:]+"
    r"|(?:tell) (?=what|who|when|where|why|how|which|whether|if)"
    r"|(?:i(?: would|'d)?(?: really)? (?:like|love|want|need) to (?:know|see|find out|hear)|i (?:wonder|am wondering)|"
    r"i'm (?:wondering|curious)|just curious|quick question|do you (?:happen to )?know|any idea|i was wondering|"
    r"(?:my )?question)[\s,:]+(?:about )?"
    r")",
    re.I,
)
_AFTER = re.compile(
    r"[\s,.;!?]*(?:"
    r"(?<![\w'])(?:please|thanks(?: (?:a lot|so much|in advance|again))?|thank you(?: (?:so|very) much| in advance)?|"
    r"thx|cheers|pls|plz|if you (?:can|could|don't mind|know)|by the way|do you know|can you tell me)"
    r")\s*[.!?]*\s*$",
    re.I,
)
_BEFORE_IN_CHINESE = re.compile(
    r"^[\s，,。！!：:]*(?:你好呀?|您好|嗨|哈喽|那个啥|嗯+|麻烦(?:你|您)?(?:帮(?:我|忙))?|劳驾|打扰一下|不好意思|"
    r"(?:请|麻烦|劳驾)?(?:你|您)?(?:能不能|能否|可不可以|可以|能)?(?:请)?(?:帮我|帮忙|"
    r"给我)?(?:告诉|跟|和)(?:一下)?我(?:说|讲)?(?:说|讲|一下)*|"
    r"请问(?:一下|您|你)?|请教一下|我?想(?:要)?(?:知道|问|请问|了解)(?:一下|的是)?|我很好奇|你知道|"
    r"您知道|知不知道|(?:你|您)?(?:能不能|能否|可不可以)?(?:帮我|帮忙)(?:看看|看一下|查查|查一下|"
    r"看下|查下|确认一下)|"
    r"请(?=(?:你|您)?(?:总结|概括|描述|列出|找|说|告|给|显|展|播|搜|介绍|数|比较|对比|回答)))[\s，,。！!：:]*"
)
_AFTER_IN_CHINESE = re.compile(
    r"[\s，,。！!？?；;]*(?:谢谢(?:你|您|啦|了)?|多谢(?:了)?|感谢|拜托了?|好吗|行吗|麻烦(?:你|"
    r"您)?了|辛苦了|可以吗|可以告诉我吗|你知道吗|"
    r"(?<=[，,])\s*请)[\s，,。！!？?]*$"
)

_CONTRACTIONS = (
    (re.compile(r"\b(what|who|where|when|why|how)'?s\b", re.I), r"\1 is"),
    (re.compile(r"\b(that|there|it|he|she|here|which)'s\b", re.I), r"\1 is"),
    (re.compile(r"\b(what|who|where|when|why|how|they|we|you|there)'re\b", re.I), r"\1 are"),
    (re.compile(r"\b(what|who|where|when|why|how|he|she|it|they|we|you|i)'d\b", re.I), r"\1 did"),
    (re.compile(r"\b(what|who|where|when|why|how|he|she|it|they|we|you|i)'ll\b", re.I), r"\1 will"),
    (re.compile(r"\bcan't\b", re.I), "can not"),
    (re.compile(r"\bwon't\b", re.I), "will not"),
    (re.compile(r"\b(is|are|was|were|do|does|did|has|have|had|would|could|should)n'?t\b", re.I), r"\1 not"),
)
_SPACES = re.compile(r"\s+")

MOST_POLITE = 4
"""Polite phrases that are taken off at either end: more are no politeness. Ours."""


def is_in_chinese(text: str) -> bool:
    """Whether to answer in Chinese: any Chinese character says so, for names in Latin letters stand in both."""
    return bool(_HAN.search(text))


def has_letters(text: str) -> bool:
    """Whether there is a letter of any script."""
    return bool(_LETTER.search(text))


def without_politeness(text: str) -> str:
    """What is asked, without what is said to be polite or to begin, and without quotation marks around all of it.

    A text of nothing else stays as it is. A Chinese one comes back in Simplified characters.
    """
    asked = in_simplified(text) if is_in_chinese(text) else text.strip()
    whole = _QUOTED_WHOLE.match(asked)
    if whole:
        asked = next(part for part in whole.groups() if part).strip()
    for pattern, at_end in ((_BEFORE, False), (_BEFORE_IN_CHINESE, False), (_AFTER, True), (_AFTER_IN_CHINESE, True)):
        for _ in range(MOST_POLITE):
            found = pattern.search(asked) if at_end else pattern.match(asked)
            if not found or not found.group().strip():
                break
            rest = (asked[: found.start()] if at_end else asked[found.end() :]).strip()
            if not has_letters(rest) and not any(character.isdigit() for character in rest):
                break
            asked = rest
    return asked


def spelled_out(text: str) -> str:
    """An English text without contractions ("what's" is "what is"), with single spaces."""
    kept = _SPACES.sub(" ", text.replace("’", "'")).strip()
    for pattern, whole in _CONTRACTIONS:
        kept = pattern.sub(whole, kept)
    return kept


def in_simplified(text: str) -> str:
    """A Chinese text with Simplified characters, in small letters and without spaces between Chinese characters."""
    return re.sub(f"(?<=[{HAN}])\\s+(?=[{HAN}])", "", search_key(text)).strip()
